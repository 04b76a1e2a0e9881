/*-------------------------------------------------------------------------
 *
 * wf_single_fetch.c
 *	  wf_fetch(url): one fetch under the full policy, for diagnosis.
 *
 * The caller puts the URL behind the WfBatch in shared memory and waits; the
 * on-demand worker has its crawler fetch it and puts the answer, body included,
 * into the same place.  No table is touched.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "wf_compat.h"

#include "access/htup_details.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/latch.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "core/wf_message.h"

#include "wf_encoding.h"
#include "wf_guc.h"
#include "wf_link.h"
#include "wf_single_fetch.h"

#define MAX_BODY	(8 * 1024 * 1024)	/* what the crawler sends back at most */
#define COLUMNS		6

/* Follows the WfBatch of such an order. */
typedef struct WfFetchOrder
{
	/* the question; UTF-8 */
	int			url_len;
	char		url[WF_MAX_URL];

	/* the answer; UTF-8 but for the body */
	int			http_status;
	int			outcome;
	int			effective_url_len;
	int			content_type_len;
	int			error_len;
	int			body_len;
	char		effective_url[WF_MAX_URL];
	char		content_type[WF_MAX_VALUE];
	char		error[WF_MAX_ERROR];
	char		body[MAX_BODY];
} WfFetchOrder;

PG_FUNCTION_INFO_V1(wf_fetch);

static WfFetchOrder *
order_of(const WfBatch *batch)
{
	return (WfFetchOrder *) ((char *) batch + MAXALIGN(sizeof(WfBatch)));
}

/* ------------------------------------------------------------------------
 * The worker's side
 * ------------------------------------------------------------------------
 */

static int
put(char *to, size_t room, WfSlice from)
{
	size_t		len = Min(from.len, room);

	if (len > 0)
		memcpy(to, from.data, len);
	return (int) len;
}

/* WfResultHandler */
static void
take_result(const WfResultMessage *message, void *arg)
{
	WfFetchOrder *order = arg;

	order->http_status = message->http_status;
	order->outcome = message->outcome;
	order->effective_url_len = put(order->effective_url, WF_MAX_URL, message->effective_url);
	order->content_type_len = put(order->content_type, WF_MAX_VALUE, message->content_type);
	order->error_len = put(order->error, WF_MAX_ERROR, message->error);
	order->body_len = put(order->body, MAX_BODY, message->body);
}

static void
fail(WfFetchOrder *order, WfOutcome outcome, const char *error)
{
	WfResultMessage message = {0};

	message.outcome = outcome;
	message.error = (WfSlice) {error, strlen(error)};
	take_result(&message, order);
}

/* Wait for the crawler, the caller's stop, or time; true: read on. */
static bool
wait_for_crawler(WfBatch *batch, WfLink *link)
{
	int			rc;
	static uint32 wait_event_cache = 0;

	CHECK_FOR_INTERRUPTS();
	if (pg_atomic_read_u32(&batch->stop) != 0 || GetCurrentTimestamp() >= batch->deadline)
		return false;
	rc = WaitLatchOrSocket(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH |
						   WL_SOCKET_READABLE |
						   (wf_link_wants_write(link) ? WL_SOCKET_WRITEABLE : 0),
						   wf_link_socket(link), 1000,
						   wf_wait_event(&wait_event_cache, "WfFetchWait"));
	if (rc & WL_LATCH_SET)
		ResetLatch(MyLatch);
	return true;
}

void
wf_single_fetch_run(WfBatch *batch)
{
	WfFetchOrder *order = order_of(batch);
	WfLinkHandlers handlers = {.result = take_result, .arg = order};
	WfLink	   *link = wf_link_create(&handlers);
	WfFetchMessage fetch = {.seq = 1, .flags = WF_FETCH_WANT_BODY};
	const char *problem;

	fetch.url = (WfSlice) {order->url, order->url_len};
	order->outcome = -1;
	if (!wf_link_start(link, &problem))
	{
		batch->sqlstate = ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE;
		strlcpy(batch->message, problem, sizeof(batch->message));
		return;
	}
	if (!wf_link_fetch(link, &fetch))
		fail(order, WF_OUTCOME_INTERNAL, "out of memory");
	while (order->outcome < 0 && wait_for_crawler(batch, link))
	{
		if (wf_link_write(link) && wf_link_read(link) &&
			!wf_link_is_hung(link, GetCurrentTimestamp()))
			continue;
		if (order->outcome < 0)
			fail(order, WF_OUTCOME_CRASH, "the crawler ended while it handled this page");
	}
	if (order->outcome < 0)
		fail(order, WF_OUTCOME_TIMEOUT, "no answer within wf_curation.batch_timeout");
	(void) wf_link_stop(link);
}

/* ------------------------------------------------------------------------
 * The caller's side
 * ------------------------------------------------------------------------
 */

typedef struct FetchCall
{
	WfSlice		url;
	Datum		values[COLUMNS];
	bool		nulls[COLUMNS];
} FetchCall;

static void
prepare(WfBatch *batch, void *arg)
{
	FetchCall  *call = arg;
	WfFetchOrder *order = order_of(batch);

	order->url_len = put(order->url, WF_MAX_URL, call->url);
}

static void
set_text(FetchCall *call, int column, const char *data, int len)
{
	call->nulls[column] = len == 0;
	if (len > 0)
		call->values[column] =
			CStringGetTextDatum(wf_encoding_from_utf8((WfSlice) {data, len}));
}

static void
collect(const WfBatch *batch, void *arg)
{
	FetchCall  *call = arg;
	const WfFetchOrder *order = order_of(batch);

	if (batch->sqlstate != 0)
		return;
	call->nulls[0] = order->http_status == 0;
	call->values[0] = Int32GetDatum(order->http_status);
	set_text(call, 1, order->effective_url, order->effective_url_len);
	set_text(call, 2, order->content_type, order->content_type_len);
	call->nulls[3] = order->body_len == 0;
	if (order->body_len > 0)
		call->values[3] = PointerGetDatum(cstring_to_text_with_len(order->body, order->body_len));
	call->values[4] = CStringGetTextDatum(wf_outcome_name(order->outcome));
	set_text(call, 5, order->error, order->error_len);
}

/* wf_fetch(url text) → (status, effective_url, content_type, body, outcome, error) */
Datum
wf_fetch(PG_FUNCTION_ARGS)
{
	FetchCall	call = {0};
	char	   *url = text_to_cstring(PG_GETARG_TEXT_PP(0));
	TupleDesc	desc;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	url = wf_encoding_to_utf8(url);
	call.url = (WfSlice) {url, strlen(url)};
	if (call.url.len == 0 || call.url.len > WF_MAX_URL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("URL must have between 1 and %d bytes", WF_MAX_URL)));
	wf_batch_check_may_start("wf_fetch()");
	if (!wf_curation_enabled)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("nothing is fetched because \"%s\" is off", "wf_curation.enabled")));
	wf_batch_carry_out(WF_BATCH_FETCH, 0, MAXALIGN(sizeof(WfBatch)) + sizeof(WfFetchOrder),
					   prepare, collect, &call);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc),
													  call.values, call.nulls)));
}
