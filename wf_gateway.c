/*-------------------------------------------------------------------------
 *
 * wf_gateway.c
 *	  What a gateway fetches: mode, slots, credits.
 *
 * Slots are session-level locks of the lock manager, like the sites of
 * wf_gate.c: gateway_max_concurrency of them, gone with the worker whatever
 * ends it.
 *
 * Credits are counted in wf_gateway_credits, one row for each calendar month
 * (UTC).  "spent" includes what is set aside for calls that are under way, so
 * that no reader and no crash can take a call for free.  The row is the last
 * one that a transaction locks.
 *
 * The gateway is left alone as a site is (429, failures): its state is in
 * wf_host, but shared, since all workers use it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "wf_compat.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "storage/lock.h"
#include "utils/date.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "wf_clock.h"
#include "wf_gateway.h"
#include "wf_guc.h"
#include "wf_stage.h"

#define LOCK_CLASS			0x5747	/* field 4 of the tag; no class of SQL's */
#define FULL_RETRY_MS		1000	/* all slots are in use, perhaps by others */
#define MONTH	"(date_trunc('month', now() AT TIME ZONE 'UTC'))::date"

typedef enum CreditStatement
{
	CREDIT_READ,
	CREDIT_LOCK,
	CREDIT_BEGIN,
	CREDIT_SPEND,
	CREDIT_SETTLE,
	CREDIT_COUNT
} CreditStatement;

static WfStatement statements[CREDIT_COUNT];
static bool taken[WF_MAX_GATEWAY_CONCURRENCY];	/* slots that are ours */
static int	spare[WF_MAX_GATEWAY_CONCURRENCY];	/* of those, the ones no item has; from 1 */
static int	nspare = 0;
static bool usable[WF_STAGE_COUNT];	/* as the last plan of the stage found it */

/* ------------------------------------------------------------------------
 * The gateway of the settings
 * ------------------------------------------------------------------------
 */

WfGatewayMode
wf_gateway_mode(void)
{
	if (wf_curation_gateway_url == NULL || *wf_curation_gateway_url == '\0')
		return WF_GATEWAY_DIRECT;
	return (WfGatewayMode) wf_curation_gateway_mode;
}

uint64
wf_gateway_site(void)
{
	char		origin[WF_MAX_GATEWAY_URL + 1];

	if (wf_curation_gateway_url == NULL || *wf_curation_gateway_url == '\0')
		return 0;
	strlcpy(origin, wf_curation_gateway_url, sizeof(origin));
	origin[strcspn(origin, "{")] = '\0';
	return wf_gate_key(origin);
}

const char *
wf_gateway_key_problem(void)
{
	char		key[WF_MAX_GATEWAY_KEY + 1];
	const char *problem = wf_gateway_read_key(wf_curation_gateway_key_file ?
											  wf_curation_gateway_key_file : "", key);

	explicit_bzero(key, sizeof(key));
	return problem;
}

/* ------------------------------------------------------------------------
 * Slots
 * ------------------------------------------------------------------------
 */

static LOCKTAG
slot_tag(int slot)
{
	LOCKTAG		tag;

	SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, 0, (uint32) slot, LOCK_CLASS);
	return tag;
}

/* A free slot of the database's, or 0. */
static int
take_slot(void)
{
	for (int slot = 1; slot <= wf_curation_gateway_max_concurrency; slot++)
	{
		LOCKTAG		tag = slot_tag(slot);

		if (taken[slot - 1] || !wf_try_session_lock(&tag, ExclusiveLock))
			continue;
		taken[slot - 1] = true;
		return slot;
	}
	return 0;
}

static void
give_slot_up(int slot)
{
	LOCKTAG		tag = slot_tag(slot);

	if (slot == 0 || !taken[slot - 1])
		return;
	/* code of a table's owner may have given up all locks */
	if (wf_lock_held(&tag, ExclusiveLock))
		LockRelease(&tag, ExclusiveLock, true);
	taken[slot - 1] = false;
}

static int
next_slot(void)
{
	return nspare > 0 ? spare[--nspare] : take_slot();
}

void
wf_gateway_forget_plan(void)
{
	while (nspare > 0)
		give_slot_up(spare[--nspare]);
}

void
wf_gateway_leave(WfItem *item)
{
	give_slot_up(item->gateway_slot);
	item->gateway_slot = 0;
}

/* ------------------------------------------------------------------------
 * Credits
 * ------------------------------------------------------------------------
 */

const char *
wf_gateway_month_sql(void)
{
	return MONTH;
}

static void
make_statements(void)
{
	char	   *table = wf_stage_own_table("wf_gateway_credits");

	wf_db_make(&statements[CREDIT_READ],
			   psprintf("SELECT c.month, c.spent FROM %s c WHERE c.month = " MONTH, table), 0);
	wf_db_make(&statements[CREDIT_LOCK],
			   psprintf("SELECT c.month, c.spent FROM %s c WHERE c.month = " MONTH
						" FOR NO KEY UPDATE", table), 0);
	wf_db_make(&statements[CREDIT_BEGIN],
			   psprintf("INSERT INTO %s (month, spent, calls) VALUES (" MONTH ", 0, 0)"
						" ON CONFLICT DO NOTHING", table), 0);
	wf_db_make(&statements[CREDIT_SPEND],
			   psprintf("UPDATE %s c SET spent = c.spent + $1, calls = c.calls + $2"
						" WHERE c.month = " MONTH, table), 2, INT8OID, INT8OID);
	wf_db_make(&statements[CREDIT_SETTLE],
			   psprintf("UPDATE %s c SET spent = greatest(0, c.spent - $1) WHERE c.month = $2", table),
			   2, INT8OID, DATEOID);
}

static void
execute(CreditStatement which, Datum *values)
{
	if (statements[CREDIT_READ].sql == NULL)
		make_statements();
	wf_db_execute(&statements[which], WF_AS_SELF, values, NULL);
}

void
wf_gateway_reset(void)
{
	for (int i = 0; i < CREDIT_COUNT; i++)
		wf_db_unmake(&statements[i]);
}

/* The calls that an item may make. */
static int
calls_of_item(WfStageId stage)
{
	return stage == WF_STAGE_DOMAIN ? WF_GATEWAY_SEARCH_CALLS : 1;
}

static int
cost_of_item(WfStageId stage)
{
	return calls_of_item(stage) *
		wf_gateway_cost(wf_curation_gateway_options ? wf_curation_gateway_options : "");
}

/* How many items the budget still allows; with "lock" nobody else can spend it. */
static int64
items_left(WfStageId stage, bool lock, DateADT *month)
{
	int64		spent = 0;
	bool		isnull;

	execute(lock ? CREDIT_LOCK : CREDIT_READ, NULL);
	if (lock && SPI_processed == 0)
	{
		execute(CREDIT_BEGIN, NULL);
		execute(CREDIT_LOCK, NULL);
	}
	if (SPI_processed > 0)
	{
		HeapTuple	row = SPI_tuptable->vals[0];

		*month = DatumGetDateADT(SPI_getbinval(row, SPI_tuptable->tupdesc, 1, &isnull));
		spent = DatumGetInt64(SPI_getbinval(row, SPI_tuptable->tupdesc, 2, &isnull));
	}
	SPI_freetuptable(SPI_tuptable);
	return Max(wf_curation_gateway_credit_limit - spent, 0) / cost_of_item(stage);
}

/* Set credits aside for the first of n items; returns for how many. */
static int
set_aside(WfStageId stage, WfItem **items, int n)
{
	DateADT		month = 0;
	int			granted = (int) Min(items_left(stage, true, &month), (int64) n);
	int			cost = cost_of_item(stage);
	Datum		values[2];

	if (granted == 0)
		return 0;
	values[0] = Int64GetDatum((int64) granted * cost);
	values[1] = Int64GetDatum((int64) granted * calls_of_item(stage));
	execute(CREDIT_SPEND, values);
	for (int i = 0; i < granted; i++)
	{
		items[i]->credits_reserved = cost;
		items[i]->credits_used = WF_CREDITS_UNKNOWN;
		items[i]->credit_month = month;
	}
	return granted;
}

/* What is given back of one item's credits. */
static int64
refund_of(const WfItem *item)
{
	return item->credits_used == WF_CREDITS_UNKNOWN ? 0 :
		(int64) item->credits_reserved - item->credits_used;
}

void
wf_gateway_settle(WfItem **items, int n)
{
	bool	   *done = palloc0(Max(n, 1) * sizeof(bool));

	for (int i = 0; i < n; i++)
	{
		int64		refund = 0;
		Datum		values[2];

		if (done[i] || !items[i]->gateway)
			continue;
		/* all of its month, of which there are two at most */
		for (int k = i; k < n; k++)
		{
			if (!items[k]->gateway || items[k]->credit_month != items[i]->credit_month)
				continue;
			refund += refund_of(items[k]);
			done[k] = true;
		}
		values[0] = Int64GetDatum(refund);
		values[1] = DateADTGetDatum(items[i]->credit_month);
		if (refund != 0)
			execute(CREDIT_SETTLE, values);
	}
	pfree(done);
}

/* ------------------------------------------------------------------------
 * Claims
 * ------------------------------------------------------------------------
 */

/* The gateway is the only way, and cannot be used. */
static void
raise_unusable(const char *key_problem)
{
	if (key_problem)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the gateway's key file (\"%s\") cannot be used: %s",
						"wf_curation.gateway_key_file", key_problem)));
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("the gateway's credits of this month are used up (\"%s\")",
					"wf_curation.gateway_credit_limit")));
}

/* Slots for up to n items that all want one. */
static int
take_slots(int n)
{
	while (nspare < n)
	{
		int			slot = take_slot();

		if (slot == 0)
			break;
		spare[nspare++] = slot;
	}
	return nspare;
}

bool
wf_gateway_plan(WfClaimRequest *request, TimestampTz *wake)
{
	WfGatewayMode mode = wf_gateway_mode();
	uint64		site = wf_gateway_site();
	DateADT		month;
	int64		items;
	bool		waits;

	usable[request->stage->id] = false;
	if (mode == WF_GATEWAY_DIRECT)
		return true;
	wf_gate_share(request->gate, site);
	wf_gate_read(request->gate);
	items = request->key_problem ? 0 : items_left(request->stage->id, false, &month);
	if (items == 0 && mode == WF_GATEWAY_ONLY)
		raise_unusable(request->key_problem);
	waits = wf_gate_waits(request->gate, site, wake);
	if (waits && mode == WF_GATEWAY_ONLY)
		return false;
	usable[request->stage->id] = items > 0 && !waits;
	if (!usable[request->stage->id] || mode == WF_GATEWAY_DIRECT_FIRST)
		return true;
	request->n = take_slots((int) Min((int64) request->n, items));
	*wake = TimestampTzPlusMilliseconds(wf_clock(), FULL_RETRY_MS);
	return request->n > 0;
}

/* Shall the gateway fetch it, if it can? */
static bool
wants_gateway(const WfItem *item, WfGatewayMode mode)
{
	switch (mode)
	{
		case WF_GATEWAY_ONLY:
			return true;
		case WF_GATEWAY_DIRECT_FIRST:
			return usable[item->stage] && item->fallback;
		case WF_GATEWAY_FIRST:
			return usable[item->stage] && !item->fallback;
		case WF_GATEWAY_DIRECT:
			break;
	}
	return false;
}

/* No credits are left for it. */
static void
go_without(WfItem *item, WfGatewayMode mode)
{
	wf_gateway_leave(item);
	if (mode == WF_GATEWAY_ONLY)
		item->put_off = "the gateway's credits of this month are used up";
}

void
wf_gateway_assign(WfClaimRequest *request)
{
	WfGatewayMode mode = wf_gateway_mode();
	WfItem	  **chosen = palloc(Max(request->count, 1) * sizeof(WfItem *));
	int			n = 0;
	int			granted;

	for (int i = 0; i < request->count; i++)
	{
		WfItem	   *item = request->items[i];

		if (!wants_gateway(item, mode))
			continue;
		item->gateway_slot = next_slot();
		if (item->gateway_slot == 0)
			item->put_off = "the gateway has as many calls as it may have at once";
		else
			chosen[n++] = item;
	}
	granted = n > 0 ? set_aside(request->stage->id, chosen, n) : 0;
	for (int i = 0; i < n; i++)
	{
		if (i < granted)
			chosen[i]->gateway = true;
		else
			go_without(chosen[i], mode);
	}
	wf_gateway_forget_plan();
}

/* ------------------------------------------------------------------------
 * The other way
 * ------------------------------------------------------------------------
 */

/* A site that will not serve us, or not us. */
static bool
is_blocked(WfOutcome outcome, int http_status)
{
	switch (outcome)
	{
		case WF_OUTCOME_CONNECT:
		case WF_OUTCOME_TIMEOUT:
		case WF_OUTCOME_RESET:
		case WF_OUTCOME_TLS:
		case WF_OUTCOME_HTTP_THROTTLED:
		case WF_OUTCOME_HTTP_SERVER:
			return true;
		case WF_OUTCOME_HTTP_CLIENT:
			return http_status == 401 || http_status == 403 || http_status == 406;
		default:
			return false;
	}
}

/* The gateway could not fetch what might be there. */
static bool
is_in_vain(WfOutcome outcome, int http_status)
{
	switch (outcome)
	{
		case WF_OUTCOME_TIMEOUT:
		case WF_OUTCOME_RESET:
		case WF_OUTCOME_PROTOCOL:
		case WF_OUTCOME_REDIRECT:
		case WF_OUTCOME_HTTP_THROTTLED:
		case WF_OUTCOME_HTTP_SERVER:
			return true;
		case WF_OUTCOME_HTTP_CLIENT:
			return http_status != 404 && http_status != 410;
		default:
			return false;
	}
}

bool
wf_gateway_switches(const WfItem *item, WfOutcome outcome, int http_status, bool by_gateway)
{
	if (item->fallback)
		return false;
	switch (wf_gateway_mode())
	{
		case WF_GATEWAY_DIRECT_FIRST:
			return usable[item->stage] && !item->gateway && is_blocked(outcome, http_status);
		case WF_GATEWAY_FIRST:
			return item->gateway && by_gateway && is_in_vain(outcome, http_status);
		default:
			return false;
	}
}
