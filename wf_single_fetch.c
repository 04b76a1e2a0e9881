/*-------------------------------------------------------------------------
 *
 * wf_single_fetch.c
 *	  wf_fetch(url): one fetch under the full policy, for diagnosis.
 *
 * The caller puts the URL behind the WfBatch in shared memory and waits; the
 * on-demand worker has its crawler fetch it and puts the answer, body included,
 * into the same place.  No user table is touched.
 *
 * The worker goes through the gate like any other (wf_gate.h), and leaves what
 * it learnt of sites in wf_host and wf_robots.  A site that may not be used
 * within WF_GATE_PATIENCE_MS ends the fetch: outcome "deferred", no request.
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

#include "wf_clock.h"
#include "wf_encoding.h"
#include "wf_gate.h"
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

/* A fetch as its worker goes about it. */
typedef struct SingleFetch
{
	WfBatch    *batch;
	WfRunOwn	run;
	WfFetchOrder *order;		/* outcome -1: not ended */
	WfLink	   *link;
	WfGate	   *gate;
	uint64		site;			/* of the URL */
	TimestampTz patient_until;	/* with sites that may not be used now */
	TimestampTz again_at;		/* the crawler handed it back until then; 0 no */
} SingleFetch;

static void
take_result(WfFetchOrder *order, const WfResultMessage *message)
{
	order->http_status = message->http_status;
	order->outcome = message->outcome;
	order->effective_url_len = put(order->effective_url, WF_MAX_URL, message->effective_url);
	order->content_type_len = put(order->content_type, WF_MAX_VALUE, message->content_type);
	order->error_len = put(order->error, WF_MAX_ERROR, message->error);
	order->body_len = put(order->body, MAX_BODY, message->body);
}

static void
fail(SingleFetch *work, WfOutcome outcome, const char *error)
{
	WfResultMessage message = {0};

	if (work->order->outcome >= 0)
		return;
	message.outcome = outcome;
	message.error = (WfSlice) {error, strlen(error)};
	take_result(work->order, &message);
}

/* The site may not be used for longer than anybody waits here. */
static void
fail_deferred(SingleFetch *work, const char *why, TimestampTz until)
{
	long		ms = TimestampDifferenceMilliseconds(wf_clock(), until);

	if (ms > 0)
		why = psprintf("%s (for %ld s)", why, (ms + 999) / 1000);
	fail(work, WF_OUTCOME_DEFERRED, why);
}

/* Has the caller gone, or its time? */
static bool
is_over(const SingleFetch *work)
{
	return pg_atomic_read_u32(&work->batch->stop) != 0 ||
		wf_clock() >= work->batch->deadline;
}

/* Wait for the crawler, the caller's stop, or time; true: go on. */
static bool
wait_for_events(SingleFetch *work, long ms)
{
	bool		running = wf_link_running(work->link);
	int			rc;
	static uint32 wait_event_cache = 0;

	CHECK_FOR_INTERRUPTS();
	if (is_over(work))
		return false;
	rc = WaitLatchOrSocket(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH |
						   (running ? WL_SOCKET_READABLE : 0) |
						   (running && wf_link_wants_write(work->link) ? WL_SOCKET_WRITEABLE : 0),
						   running ? wf_link_socket(work->link) : PGINVALID_SOCKET,
						   Max(Min(ms, 1000), 1),
						   wf_wait_event(&wait_event_cache, "WfFetchWait"));
	if (rc & WL_LATCH_SET)
		ResetLatch(MyLatch);
	return true;
}

/* Sleep until then; false when it is all over, or the patience. */
static bool
wait_until(SingleFetch *work, TimestampTz then)
{
	TimestampTz now;

	if (then > work->patient_until)
		return false;
	while ((now = wf_clock()) < then)
		if (!wait_for_events(work, TimestampDifferenceMilliseconds(now, then)))
			return false;
	return true;
}

/* ---------- sites ---------- */

static void
do_read(void *arg)
{
	wf_gate_read(((SingleFetch *) arg)->gate);
}

static void
do_write(void *arg)
{
	wf_gate_write(((SingleFetch *) arg)->gate);
}

/* Read what is known of the sites just taken; false: nothing can be sent. */
static bool
read_sites(SingleFetch *work)
{
	WfDbError	error;

	if (!wf_gate_must_read(work->gate) ||
		work->run("wf_curation: looking at sites", do_read, work, &error))
		return true;
	fail(work, WF_OUTCOME_INTERNAL, error.message);
	return false;
}

/* Leave what was learnt to whoever fetches next. */
static void
write_sites(SingleFetch *work)
{
	WfDbError	error;

	if (work->run("wf_curation: noting sites", do_write, work, &error))
		wf_gate_written(work->gate);
	else
		ereport(LOG,
				(errmsg("could not store what wf_fetch() has learnt of sites: %s",
						error.message)));
}

/* Wait until the site of the URL is ours and may be used; false: it ended. */
static bool
enter_site(SingleFetch *work)
{
	TimestampTz until = 0;

	for (;;)
	{
		WfGateVerdict verdict;

		wf_gate_reset_wake(work->gate);
		verdict = wf_gate_enter(work->gate, work->site);
		if (verdict == WF_GATE_OPEN)
		{
			if (!read_sites(work))
				return false;
			if (!wf_gate_waits(work->gate, work->site, &until))
				return true;
			wf_gate_leave(work->gate, work->site);
			verdict = WF_GATE_WAITS;
		}
		else if (verdict == WF_GATE_WAITS)
			(void) wf_gate_waits(work->gate, work->site, &until);
		else
			until = wf_gate_wake(work->gate);
		if (wait_until(work, until))
			continue;
		if (!is_over(work))
			fail_deferred(work, verdict == WF_GATE_WAITS ? "its host must be left alone" :
						  "its host is being fetched from by another worker",
						  verdict == WF_GATE_WAITS ? until : 0);
		return false;
	}
}

/* ---------- the crawler ---------- */

static void
handle_result(const WfResultMessage *message, void *arg)
{
	SingleFetch *work = arg;
	TimestampTz again = TimestampTzPlusMilliseconds(wf_clock(),
													(int64) message->retry_after_ms);

	if (message->outcome != WF_OUTCOME_DEFERRED)
		take_result(work->order, message);
	else if (again <= work->patient_until)
		work->again_at = again;
	else
		fail_deferred(work, pnstrdup(message->error.data, message->error.len), again);
}

/* A redirect leads to another site: not before it is ours, too. */
static void
handle_ask(const WfAskMessage *ask, void *arg)
{
	SingleFetch *work = arg;

	if (!wf_gate_hold(work->gate, wf_site_hash(ask->site)))
		return;					/* it asks again */
	if (!read_sites(work))
		return;
	wf_gate_send(work->gate, work->link);
	(void) wf_link_grant(work->link, ask->id, true);
}

static void
handle_site(const WfSiteState *state, void *arg)
{
	wf_gate_note_site(((SingleFetch *) arg)->gate, state);
}

static void
handle_robots(const WfRobotsFile *file, void *arg)
{
	wf_gate_note_robots(((SingleFetch *) arg)->gate, file);
}

static void
send_request(SingleFetch *work)
{
	WfFetchMessage fetch = {.seq = 1, .flags = WF_FETCH_WANT_BODY};

	work->again_at = 0;
	fetch.url = (WfSlice) {work->order->url, work->order->url_len};
	if (!wf_link_fetch(work->link, &fetch))
		fail(work, WF_OUTCOME_INTERNAL, "out of memory");
}

/* Have the crawler fetch it, once more when it was handed back for a short time. */
static void
fetch_page(SingleFetch *work)
{
	const char *problem;

	if (!wf_link_start(work->link, &problem))
	{
		work->batch->sqlstate = ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE;
		strlcpy(work->batch->message, problem, sizeof(work->batch->message));
		return;
	}
	wf_gate_send(work->gate, work->link);
	send_request(work);
	while (work->order->outcome < 0)
	{
		TimestampTz now = wf_clock();
		long		ms = work->again_at == 0 ? 1000 :
			TimestampDifferenceMilliseconds(now, work->again_at);

		if (!wait_for_events(work, ms))
			break;
		if (work->again_at != 0 && wf_clock() >= work->again_at)
			send_request(work);
		if (!wf_link_write(work->link) || !wf_link_read(work->link) ||
			wf_link_is_hung(work->link, wf_clock()))
			fail(work, WF_OUTCOME_CRASH, "the crawler ended while it handled this page");
	}
	(void) wf_link_stop(work->link);
}

void
wf_single_fetch_run(WfBatch *batch, WfRunOwn run)
{
	SingleFetch work = {.batch = batch, .run = run, .order = order_of(batch)};
	WfLinkHandlers handlers = {
		.result = handle_result,
		.ask = handle_ask,
		.site = handle_site,
		.robots = handle_robots,
		.arg = &work,
	};

	work.order->outcome = -1;
	work.link = wf_link_create(&handlers);
	work.gate = wf_gate_create();
	work.site = wf_gate_key(pnstrdup(work.order->url, work.order->url_len));
	work.patient_until = TimestampTzPlusMilliseconds(wf_clock(), WF_GATE_PATIENCE_MS);
	if (enter_site(&work))
	{
		fetch_page(&work);
		write_sites(&work);
		wf_gate_leave(work.gate, work.site);
	}
	fail(&work, WF_OUTCOME_TIMEOUT, "no answer within wf_curation.batch_timeout");
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
