/*-------------------------------------------------------------------------
 *
 * wf_queue.c
 *	  Claims: taking ready items, keeping them, giving them back.
 *
 * The status column is the queue; wf_claim only says who has an item in
 * flight, and when a failed one may be tried again.  How the two fit:
 *
 *	Queued, error NULL			ready; a claim row left over is void
 *	Queued, error not NULL		waits; the claim row has not_before
 *	Processing					in flight; the claim row has worker and token
 *
 * A token belongs to one claim in flight: it ends (0) when the claim waits, so
 * that nobody who read it earlier can take the waiting claim for the old one.
 *
 * A fresh request clears the error, so the trigger resets attempts and drops
 * running results without ever writing here: whoever claims next takes a new
 * token, and the old result fails the fence.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/pg_prng.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "wf_clock.h"
#include "wf_encoding.h"
#include "wf_queue.h"
#include "wf_shmem.h"

#define CLAIM_ROUNDS	32		/* of candidates, while others have theirs locked */
#define BUSY_RETRY_MS	1000	/* of due items whose site others have … */
#define FULL_RETRY_MS	5000	/* … or that has enough of ours */
#define SUSPECT_PATIENCE "60 seconds"	/* then other work stops for a suspect */

/* Statements on our own tables, of one stage each. */
typedef enum ClaimStatement
{
	CLAIM_DUE,
	CLAIM_NOT_DUE,
	CLAIM_RECORD,
	CLAIM_FENCE,
	CLAIM_FORGET,
	CLAIM_HELD,
	CLAIM_DROP_STALE,
	CLAIM_RELEASE,
	CLAIM_RENEW,
	CLAIM_WAIT,
	CLAIM_POSTPONE,
	CLAIM_NEXT_DUE,
	CLAIM_PAUSED,
	CLAIM_COUNT
} ClaimStatement;

static WfStatement own[WF_STAGE_COUNT][CLAIM_COUNT];	/* made once per process */

/* format: its first argument is the table's name, the second the stage's literal */
static void
make(WfStageId stage, ClaimStatement which, const char *table, const char *format, int nargs, ...)
{
	WfStatement *stmt = &own[stage][which];
	va_list		args;
	char	   *sql = psprintf(format, wf_stage_own_table(table),
							   quote_literal_cstr(wf_stage_name(stage)));

	stmt->sql = MemoryContextStrdup(TopMemoryContext, sql);
	stmt->nargs = nargs;
	va_start(args, nargs);
	for (int i = 0; i < nargs; i++)
		stmt->argtypes[i] = va_arg(args, Oid);
	va_end(args);
}

/*
 * Claims of items $1 with tokens $2.  A token belongs to one item, so two lists
 * say the same as pairs.  And unlike a join they leave the planner one way only,
 * by the key: planned while the table is empty, a join may start with a walk
 * through all claims, and under an old snapshot through all dead ones.
 */
#define OF_ITEMS "c.stage = %2$s AND c.item = ANY ($1) AND c.token = ANY ($2)"

static void
make_statements(WfStageId stage)
{
	if (own[stage][CLAIM_PAUSED].sql)
		return;
	make(stage, CLAIM_DUE, "wf_claim",
		 "SELECT c.item, c.deaths >= 2 OR c.deaths_alone >= 1, c.site FROM %1$s c"
		 " WHERE c.stage = %2$s AND c.worker_pid IS NULL AND c.not_before <= now()"
		 " AND c.item <> ALL ($2) AND ($3 OR (c.deaths < 2 AND c.deaths_alone < 1)"
		 " OR ($4 AND c.not_before < now() - interval '" SUSPECT_PATIENCE "'))"
		 " ORDER BY c.not_before LIMIT $1", 4, INT4OID, UUIDARRAYOID, BOOLOID, BOOLOID);
	make(stage, CLAIM_NOT_DUE, "wf_claim",
		 "SELECT c.item FROM %1$s c WHERE c.stage = %2$s AND c.item = ANY ($1)"
		 " AND c.worker_pid IS NULL AND c.not_before > now()", 1, UUIDARRAYOID);
	make(stage, CLAIM_RECORD, "wf_claim",
		 "INSERT INTO %1$s AS c (stage, item, attempt, token, worker_pid, worker_started,"
		 " claimed_at, lease_until, site) "
		 "SELECT %2$s, u.item,"
		 " CASE WHEN u.fresh THEN 1 ELSE 1 + coalesce((SELECT o.attempt FROM %1$s o"
		 " WHERE o.stage = %2$s AND o.item = u.item), 0) END,"
		 " u.token, $4, $5, now(), now() + $6 * interval '1 ms', u.site"
		 " FROM unnest($1, $2, $3, $7) u(item, token, fresh, site) "
		 "ON CONFLICT (stage, item) DO UPDATE SET attempt = EXCLUDED.attempt,"
		 " token = EXCLUDED.token, worker_pid = EXCLUDED.worker_pid,"
		 " worker_started = EXCLUDED.worker_started, claimed_at = EXCLUDED.claimed_at,"
		 " lease_until = EXCLUDED.lease_until, not_before = NULL, site = EXCLUDED.site,"
		 " deaths = CASE WHEN EXCLUDED.attempt = 1 THEN 0 ELSE c.deaths END,"
		 " deaths_alone = CASE WHEN EXCLUDED.attempt = 1 THEN 0 ELSE c.deaths_alone END,"
		 " fallback = c.fallback AND EXCLUDED.attempt > 1 "
		 "RETURNING c.item, c.attempt, c.fallback",
		 7, UUIDARRAYOID, INT8ARRAYOID, BOOLARRAYOID, INT4OID, TIMESTAMPTZOID, INT4OID,
		 INT8ARRAYOID);
	make(stage, CLAIM_FENCE, "wf_claim",
		 "SELECT c.item, c.token FROM %1$s c WHERE " OF_ITEMS, 2, UUIDARRAYOID, INT8ARRAYOID);
	make(stage, CLAIM_FORGET, "wf_claim",
		 "DELETE FROM %1$s c WHERE " OF_ITEMS " RETURNING c.item, c.token",
		 2, UUIDARRAYOID, INT8ARRAYOID);
	/* with those that the sweep made in another service's name: it only guesses */
	make(stage, CLAIM_HELD, "wf_claim",
		 "SELECT c.item FROM %1$s c WHERE c.stage = %2$s AND c.item = ANY ($1)"
		 " AND c.worker_pid IS DISTINCT FROM 0", 1, UUIDARRAYOID);
	make(stage, CLAIM_DROP_STALE, "wf_claim",
		 "DELETE FROM %1$s c WHERE c.stage = %2$s AND c.item = ANY ($1)"
		 " AND c.worker_pid IS NULL AND c.not_before <= now()", 1, UUIDARRAYOID);
	make(stage, CLAIM_RELEASE, "wf_claim",
		 "UPDATE %1$s c SET token = 0, worker_pid = NULL, worker_started = NULL,"
		 " lease_until = NULL,"
		 " attempt = c.attempt - 1, not_before = now() WHERE " OF_ITEMS,
		 2, UUIDARRAYOID, INT8ARRAYOID);
	make(stage, CLAIM_RENEW, "wf_claim",
		 "UPDATE %1$s c SET lease_until = now() + $3 * interval '1 ms'"
		 " WHERE " OF_ITEMS, 3, UUIDARRAYOID, INT8ARRAYOID, INT4OID);
	make(stage, CLAIM_WAIT, "wf_claim",
		 "UPDATE %1$s c SET token = 0, worker_pid = NULL, worker_started = NULL,"
		 " lease_until = NULL,"
		 " not_before = ($3)[array_position($2, c.token)],"
		 " attempt = c.attempt - CASE WHEN c.token = ANY ($4) THEN 1 ELSE 0 END,"
		 " fallback = c.fallback OR c.token = ANY ($5)"
		 " WHERE " OF_ITEMS,
		 5, UUIDARRAYOID, INT8ARRAYOID, TIMESTAMPTZARRAYOID, INT8ARRAYOID, INT8ARRAYOID);
	make(stage, CLAIM_POSTPONE, "wf_claim",
		 "UPDATE %1$s c SET not_before = ($2)[array_position($1, c.item)]"
		 " WHERE c.stage = %2$s AND c.item = ANY ($1) AND c.worker_pid IS NULL",
		 2, UUIDARRAYOID, TIMESTAMPTZARRAYOID);
	make(stage, CLAIM_NEXT_DUE, "wf_claim",
		 "SELECT c.not_before FROM %1$s c WHERE c.stage = %2$s"
		 " AND c.worker_pid IS NULL ORDER BY c.not_before LIMIT 1", 0);
	make(stage, CLAIM_PAUSED, "wf_paused",
		 "SELECT 1 FROM %1$s p WHERE p.stage = %2$s", 0);
}

/*
 * The extension may have been dropped and created anew, elsewhere: make the
 * statements again.  Called when the stage was rebuilt.
 */
void
wf_queue_reset(void)
{
	for (int stage = 0; stage < WF_STAGE_COUNT; stage++)
		for (int which = 0; which < CLAIM_COUNT; which++)
		{
			WfStatement *stmt = &own[stage][which];

			wf_db_forget(stmt);
			if (stmt->sql)
				pfree((char *) stmt->sql);
			stmt->sql = NULL;
		}
}

static void
execute_own(WfStageId stage, ClaimStatement which, Datum *values)
{
	make_statements(stage);
	wf_db_execute(&own[stage][which], WF_AS_SELF, values, NULL);
}

static Datum
column(uint64 row, int col, bool *isnull)
{
	return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, col, isnull);
}

static pg_uuid_t
uuid_column(uint64 row, int col)
{
	bool		isnull;

	return *DatumGetUUIDP(column(row, col, &isnull));
}

static Datum
uuid_array(const pg_uuid_t *ids, int n)
{
	Datum	   *elems = palloc(Max(n, 1) * sizeof(Datum));

	for (int i = 0; i < n; i++)
		elems[i] = UUIDPGetDatum(&ids[i]);
	return wf_db_array(elems, NULL, n, UUIDOID);
}

static Datum
item_ids(WfItem **items, int n)
{
	pg_uuid_t  *ids = palloc(Max(n, 1) * sizeof(pg_uuid_t));

	for (int i = 0; i < n; i++)
		ids[i] = items[i]->id;
	return uuid_array(ids, n);
}

static Datum
item_tokens(WfItem **items, int n)
{
	Datum	   *elems = palloc(Max(n, 1) * sizeof(Datum));

	for (int i = 0; i < n; i++)
		elems[i] = Int64GetDatum((int64) items[i]->token);
	return wf_db_array(elems, NULL, n, INT8OID);
}

static bool
contains(const pg_uuid_t *ids, int n, const pg_uuid_t *id)
{
	for (int i = 0; i < n; i++)
		if (memcmp(&ids[i], id, sizeof(pg_uuid_t)) == 0)
			return true;
	return false;
}

/* An item's id and its place in a list. */
typedef struct WfIndexed
{
	pg_uuid_t	id;				/* first: what compare_ids looks at */
	int			at;
} WfIndexed;

static int
compare_ids(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(pg_uuid_t));
}

/* Ids of items with their places, sorted for bsearch. */
static WfIndexed *
sort_by_id(WfItem **items, int n)
{
	WfIndexed  *sorted = palloc(Max(n, 1) * sizeof(WfIndexed));

	for (int i = 0; i < n; i++)
		sorted[i] = (WfIndexed) {items[i]->id, i};
	qsort(sorted, n, sizeof(WfIndexed), compare_ids);
	return sorted;
}

static WfItem *
find_item(WfItem **items, int n, const pg_uuid_t *id)
{
	for (int i = 0; i < n; i++)
		if (memcmp(&items[i]->id, id, sizeof(pg_uuid_t)) == 0)
			return items[i];
	return NULL;
}

/* A token nobody else has: 63 random bits, never 0. */
static uint64
new_token(void)
{
	uint64		token;

	if (!pg_strong_random(&token, sizeof(token)))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not generate random values")));
	return (token & PG_INT64_MAX) | 1;
}

/* A pick that was not claimed; in_ring when it came from the picker. */
static void
let_go(WfClaimRequest *request, const WfPick *pick, bool in_ring)
{
	if (in_ring)
		wf_pick_release(request->picker, pick->domain);
	wf_gate_leave(request->gate, pick->site);
}

/* Due items that their sites do not let in: not to be walked until then. */
typedef struct Postponed
{
	int			n;
	Datum	   *ids;
	Datum	   *times;
} Postponed;

static void
postpone(Postponed *postponed, const pg_uuid_t *id, WfGate *gate, uint64 site,
		 WfGateVerdict verdict)
{
	pg_uuid_t  *copy = palloc(sizeof(pg_uuid_t));
	TimestampTz when;
	/* apart, so that they do not all come back at once */
	int			apart = (int) (pg_prng_uint32(&pg_global_prng_state) % 1000);

	if (verdict != WF_GATE_WAITS || !wf_gate_waits(gate, site, &when))
		when = TimestampTzPlusMilliseconds(wf_clock(),
										   verdict == WF_GATE_FULL ? FULL_RETRY_MS : BUSY_RETRY_MS);
	*copy = *id;
	postponed->ids[postponed->n] = UUIDPGetDatum(copy);
	postponed->times[postponed->n++] =
		TimestampTzGetDatum(wf_clock_to_time(TimestampTzPlusMilliseconds(when, apart)));
}

static void
write_postponed(WfStageId stage, const Postponed *postponed)
{
	Datum		values[2];

	if (postponed->n == 0)
		return;
	values[0] = wf_db_array(postponed->ids, NULL, postponed->n, UUIDOID);
	values[1] = wf_db_array(postponed->times, NULL, postponed->n, TIMESTAMPTZOID);
	execute_own(stage, CLAIM_POSTPONE, values);
}

/*
 * Read what is known of the sites just taken, and let go of picks whose site
 * turns out to want to be left alone.  "postponed" (or NULL) takes those.
 */
static int
keep_admitted(WfClaimRequest *request, WfPick *picks, int n, Postponed *postponed)
{
	int			kept = 0;

	if (!wf_gate_must_read(request->gate))
		return n;
	wf_gate_read(request->gate);
	for (int i = 0; i < n; i++)
	{
		TimestampTz until;

		if (!wf_gate_waits(request->gate, picks[i].site, &until))
		{
			picks[kept++] = picks[i];
			continue;
		}
		/* nothing else may bring us back to it */
		wf_gate_wake_at(request->gate, until);
		if (postponed)
			postpone(postponed, &picks[i].id, request->gate, picks[i].site, WF_GATE_WAITS);
		let_go(request, &picks[i], postponed == NULL);
	}
	return kept;
}

/*
 * Items whose retry is due and whose sites let them in.  A suspect (see deaths
 * in wf_claim) is returned only as the first and only one; one that has waited
 * long makes the others wait.
 */
static int
pick_due(WfClaimRequest *request, WfPick *due, bool *alone)
{
	Datum		values[4];
	int			n = 0;
	uint64		rows;
	Postponed	postponed = {0};

	*alone = false;
	values[0] = Int32GetDatum(request->n);
	values[1] = uuid_array(request->skip, request->nskip);
	values[2] = BoolGetDatum(request->may_be_alone);
	values[3] = BoolGetDatum(request->may_drain);
	execute_own(request->stage->id, CLAIM_DUE, values);
	rows = SPI_processed;
	postponed.ids = palloc(Max(rows, 1) * sizeof(Datum));
	postponed.times = palloc(Max(rows, 1) * sizeof(Datum));
	for (uint64 i = 0; i < rows && !*alone; i++)
	{
		bool		isnull;
		bool		suspect = DatumGetBool(column(i, 2, &isnull));
		WfPick		pick = {0};
		WfGateVerdict verdict;

		request->drain |= suspect && !request->may_be_alone;
		if (suspect && (!request->may_be_alone || n > 0))
			continue;
		pick.id = uuid_column(i, 1);
		pick.site = (uint64) DatumGetInt64(column(i, 3, &isnull));
		verdict = wf_gate_enter(request->gate, pick.site);
		if (verdict != WF_GATE_OPEN)
		{
			postpone(&postponed, &pick.id, request->gate, pick.site, verdict);
			continue;
		}
		due[n++] = pick;
		*alone = suspect;
	}
	SPI_freetuptable(SPI_tuptable);
	n = keep_admitted(request, due, n, &postponed);
	*alone &= n > 0;
	write_postponed(request->stage->id, &postponed);
	return n;
}

/*
 * Without an error column the ready condition cannot see who waits: take out
 * candidates whose retry is not due.  Returns the new count.
 */
static int
remove_waiting(WfClaimRequest *request, pg_uuid_t *ids, int n)
{
	Datum		values[1];
	pg_uuid_t  *waiting;
	int			nwaiting;
	int			kept = 0;

	if (request->stage->has_error_column || n == 0)
		return n;
	values[0] = uuid_array(ids, n);
	execute_own(request->stage->id, CLAIM_NOT_DUE, values);
	nwaiting = (int) SPI_processed;
	waiting = palloc(Max(nwaiting, 1) * sizeof(pg_uuid_t));
	for (int i = 0; i < nwaiting; i++)
		waiting[i] = uuid_column(i, 1);
	SPI_freetuptable(SPI_tuptable);
	for (int i = 0; i < n; i++)
		if (!contains(waiting, nwaiting, &ids[i]))
			ids[kept++] = ids[i];
	return kept;
}

/* Column as UTF-8 text in the current context; NULL for a null. */
static char *
utf8_column(uint64 row, int col)
{
	char	   *text = SPI_getvalue(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, col);
	char	   *utf8 = text ? wf_encoding_to_utf8(text) : NULL;

	if (text)
		pfree(text);
	return utf8;
}

static WfItem *
make_item(WfStageId stage, uint64 row, bool alone)
{
	WfItem	   *item = palloc0(sizeof(WfItem));
	bool		isnull;
	Datum		domain = column(row, 2, &isnull);
	char	   *url = utf8_column(row, 3);

	item->stage = stage;
	item->id = uuid_column(row, 1);
	item->domain = wf_pick_key(isnull ? NULL : DatumGetUUIDP(domain));
	item->token = new_token();
	item->alone = alone;
	item->url = url ? url : pstrdup("");
	item->site = wf_gate_key(item->url);
	item->old_error = SPI_getvalue(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, 4);
	item->domain_name = utf8_column(row, 5);
	item->claimed_at = GetCurrentTransactionStartTimestamp();
	return item;
}

void
wf_queue_free(WfItem *item)
{
	pfree(item->url);
	if (item->domain_name)
		pfree(item->domain_name);
	if (item->old_error)
		pfree(item->old_error);
	if (item->version_url)
		pfree(item->version_url);
	if (item->etag)
		pfree(item->etag);
	if (item->last_modified)
		pfree(item->last_modified);
	if (item->entries)
		pfree(item->entries);
	pfree(item);
}

/* Queued → Processing for those of ids that still are and are not locked. */
static void
mark_processing(WfClaimRequest *request, const pg_uuid_t *ids, int n, bool alone)
{
	Datum		values[1];
	MemoryContext old;

	if (n == 0)
		return;
	request->last = ids[n - 1];
	request->has_last = true;
	values[0] = uuid_array(ids, n);
	wf_db_execute(&request->stage->stmt[WF_STMT_CLAIM], WF_AS_OWNER, values, NULL);
	if (request->count + SPI_processed > (uint64) request->n)
		ereport(ERROR,
				(errcode(ERRCODE_CARDINALITY_VIOLATION),
				 errmsg("two rows of table %s have the same id", request->stage->items->relation)));
	old = MemoryContextSwitchTo(request->context);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		WfItem	   *item = make_item(request->stage->id, i, alone);

		request->items[request->count++] = item;
		wf_pick_reserve(request->picker, item->domain);
	}
	MemoryContextSwitchTo(old);
	SPI_freetuptable(SPI_tuptable);
}

/*
 * Claimed items keep the place at the gate that their picks had; the places of
 * those that were not claimed are given up.  An item whose URL is of another
 * site than when it was seen needs a place there, without which it goes back.
 */
static void
settle_places(WfClaimRequest *request, const WfPick *picks, int n, bool in_ring, int first)
{
	for (int i = 0; i < n; i++)
	{
		WfItem	   *item = find_item(request->items + first, request->count - first, &picks[i].id);
		/* one item may be picked twice, when its domain was read again */
		bool		wants = item && !item->placed;
		bool		same = wants && item->site == picks[i].site;

		if (in_ring)
			wf_pick_release(request->picker, picks[i].domain);
		if (!same)
			wf_gate_leave(request->gate, picks[i].site);
		if (!wants)
			continue;
		item->placed = true;
		if (!same && wf_gate_enter(request->gate, item->site) != WF_GATE_OPEN)
		{
			item->site = 0;
			item->turned_away = true;
		}
	}
}

/* Write the claims; sets each item's attempt. */
static void
record_claims(WfClaimRequest *request)
{
	int			n = request->count;
	Datum	   *fresh = palloc(Max(n, 1) * sizeof(Datum));
	Datum	   *sites = palloc(Max(n, 1) * sizeof(Datum));
	Datum		values[7];
	WfIndexed  *sorted;

	for (int i = 0; i < n; i++)
	{
		fresh[i] = BoolGetDatum(request->stage->has_error_column &&
								request->items[i]->old_error == NULL);
		sites[i] = Int64GetDatum((int64) request->items[i]->site);
	}
	values[0] = item_ids(request->items, n);
	values[1] = item_tokens(request->items, n);
	values[2] = wf_db_array(fresh, NULL, n, BOOLOID);
	values[3] = Int32GetDatum(MyProcPid);
	values[4] = TimestampTzGetDatum(MyStartTimestamp);
	values[5] = Int32GetDatum(request->lease_ms);
	values[6] = wf_db_array(sites, NULL, n, INT8OID);
	execute_own(request->stage->id, CLAIM_RECORD, values);
	sorted = sort_by_id(request->items, n);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		WfIndexed	key = {uuid_column(i, 1)};
		WfIndexed  *found = bsearch(&key, sorted, n, sizeof(WfIndexed), compare_ids);
		bool		isnull;

		if (!found)
			continue;
		request->items[found->at]->attempt = DatumGetInt32(column(i, 2, &isnull));
		request->items[found->at]->fallback = DatumGetBool(column(i, 3, &isnull));
	}
	SPI_freetuptable(SPI_tuptable);
}

/*
 * Claims that were due but whose items were not claimed: someone else has them
 * locked, or they are no longer waiting; the latter are deleted.
 */
static void
drop_stale_claims(WfClaimRequest *request, const WfPick *due, int ndue)
{
	pg_uuid_t  *left = palloc(Max(ndue, 1) * sizeof(pg_uuid_t));
	pg_uuid_t  *stale = palloc(Max(ndue, 1) * sizeof(pg_uuid_t));
	pg_uuid_t  *waiting;
	int			nleft = 0;
	int			nstale = 0;
	int			nwaiting;
	Datum		values[1];

	for (int i = 0; i < ndue; i++)
		if (!find_item(request->items, request->count, &due[i].id))
			left[nleft++] = due[i].id;
	if (nleft == 0)
		return;
	values[0] = uuid_array(left, nleft);
	wf_db_execute(&request->stage->stmt[WF_STMT_WAITING], WF_AS_OWNER, values, NULL);
	nwaiting = (int) SPI_processed;
	waiting = palloc(Max(nwaiting, 1) * sizeof(pg_uuid_t));
	for (int i = 0; i < nwaiting; i++)
		waiting[i] = uuid_column(i, 1);
	SPI_freetuptable(SPI_tuptable);
	for (int i = 0; i < nleft; i++)
		if (!contains(waiting, nwaiting, &left[i]))
			stale[nstale++] = left[i];
	values[0] = uuid_array(stale, nstale);
	execute_own(request->stage->id, CLAIM_DROP_STALE, values);
}

/*
 * Ready items into the slots that are left.  Candidates are hints, and others
 * may have them locked: then the next are tried, until there are no new ones.
 */
static void
claim_ready(WfClaimRequest *request)
{
	int			wanted = request->n - request->count;
	WfPick	   *candidates = palloc(Max(wanted, 1) * sizeof(WfPick));
	pg_uuid_t  *ids = palloc(Max(wanted, 1) * sizeof(pg_uuid_t));
	pg_uuid_t  *tried = palloc(Max(wanted, 1) * CLAIM_ROUNDS * sizeof(pg_uuid_t));
	int			ntried = 0;

	for (int round = 0; request->count < request->n && round < CLAIM_ROUNDS; round++)
	{
		int			before = request->count;
		bool		more = false;
		int			n = wf_pick_candidates(request->picker, request->stage, request->gate,
										   request->n - request->count, request->per_domain,
										   candidates, &more);
		int			nids = 0;

		n = keep_admitted(request, candidates, n, NULL);
		for (int i = 0; i < n; i++)
			if (!contains(tried, ntried, &candidates[i].id) &&
				!contains(request->skip, request->nskip, &candidates[i].id))
				ids[nids++] = candidates[i].id;
		memcpy(tried + ntried, ids, nids * sizeof(pg_uuid_t));
		ntried += nids;
		if (nids > 0)
			mark_processing(request, ids, remove_waiting(request, ids, nids), false);
		settle_places(request, candidates, n, true, before);
		request->unfinished = more;
		/* all there was, or nothing but what we had already */
		if (request->count - before == n || nids == 0)
			return;
		request->more = round == CLAIM_ROUNDS - 1;
	}
}

/*
 * Ready items that somebody wants to have first, into half of the slots that are left:
 * nobody starves for them.
 */
static void
claim_wished(WfClaimRequest *request)
{
	WfWishes   *wishes = request->wishes;
	int			left = request->n - request->count;
	int			before = request->count;
	int			wanted = (left + (wishes->others_turn ? 0 : 1)) / 2;
	WfPick	   *picks = palloc(WF_WISHES_AT_ONCE * sizeof(WfPick));
	pg_uuid_t  *ids = palloc(WF_WISHES_AT_ONCE * sizeof(pg_uuid_t));
	int			n;
	int			nids = 0;

	if (left % 2 == 1)
		wishes->others_turn = !wishes->others_turn;
	if (wanted == 0)
		return;
	n = wf_wish_read(request->stage, wishes, picks);
	n = wf_pick_wished(request->picker, request->stage->id, request->gate, request->per_domain,
					   picks, n, wanted);
	n = keep_admitted(request, picks, n, NULL);
	for (int i = 0; i < n; i++)
		if (!contains(request->skip, request->nskip, &picks[i].id))
			ids[nids++] = picks[i].id;
	mark_processing(request, ids, remove_waiting(request, ids, nids), false);
	settle_places(request, picks, n, true, before);
	if (request->count > before)
		wishes->offset = 0;
}

/* What is claimed is no longer wished for. */
static void
grant_wishes(WfClaimRequest *request)
{
	pg_uuid_t  *ids = palloc(Max(request->count, 1) * sizeof(pg_uuid_t));

	for (int i = 0; i < request->count; i++)
		ids[i] = request->items[i]->id;
	wf_wish_delete(request->stage, ids, request->count);
}

/* Items that have no place at the gate of their site go back, uncounted. */
static void
give_back_turned_away(WfClaimRequest *request)
{
	WfItem	  **away = palloc(Max(request->count, 1) * sizeof(WfItem *));
	int			naway = 0;
	int			kept = 0;

	for (int i = 0; i < request->count; i++)
	{
		if (request->items[i]->turned_away)
			away[naway++] = request->items[i];
		else
			request->items[kept++] = request->items[i];
	}
	if (naway == 0)
		return;
	wf_queue_release(request->stage, away, naway);
	request->count = kept;
	for (int i = 0; i < naway; i++)
	{
		wf_pick_release(request->picker, away[i]->domain);
		wf_queue_free(away[i]);
	}
}

static bool
is_paused(const WfStage *stage)
{
	execute_own(stage->id, CLAIM_PAUSED, NULL);
	SPI_freetuptable(SPI_tuptable);
	return SPI_processed > 0;
}

void
wf_queue_claim(WfClaimRequest *request)
{
	WfPick	   *due = palloc(request->n * sizeof(WfPick));
	pg_uuid_t  *ids = palloc(request->n * sizeof(pg_uuid_t));
	bool		alone;
	int			ndue;

	request->items = MemoryContextAlloc(request->context, request->n * sizeof(WfItem *));
	/* also when paused: what was passed over before is no reason to look again */
	wf_gate_reset_wake(request->gate);
	request->paused = is_paused(request->stage);
	if (request->paused)
		return;
	ndue = pick_due(request, due, &alone);
	if (request->drain)
	{
		for (int i = 0; i < ndue; i++)
			wf_gate_leave(request->gate, due[i].site);
		return;
	}
	for (int i = 0; i < ndue; i++)
		ids[i] = due[i].id;
	mark_processing(request, ids, ndue, alone);
	settle_places(request, due, ndue, false, 0);
	if (!alone && request->wishes->look)
		claim_wished(request);
	if (!alone)
		claim_ready(request);
	if (request->count > 0)
		record_claims(request);
	if (ndue > 0)
		drop_stale_claims(request, due, ndue);
	give_back_turned_away(request);
	if (request->wishes->look)
		grant_wishes(request);
	request->more |= alone || request->count >= request->n;
	request->held = wf_pick_holds(request->picker, request->stage->id);
}

/*
 * Set mark[i] for those of n items that the last statement returned: by id or,
 * where it returned tokens, too, by both.  One page may be among the items more
 * than once: a worker claims a page again that was queued anew while it has it in
 * flight, and only one of its items has the claim.
 */
static void
mark_returned(WfItem **items, int n, bool tokens, bool *mark)
{
	WfIndexed  *sorted = sort_by_id(items, n);

	for (uint64 r = 0; r < SPI_processed; r++)
	{
		WfIndexed	key = {uuid_column(r, 1)};
		WfIndexed  *found = bsearch(&key, sorted, n, sizeof(WfIndexed), compare_ids);
		uint64		token = 0;
		bool		isnull;

		if (!found)
			continue;
		if (tokens)
			token = (uint64) DatumGetInt64(column(r, 2, &isnull));
		while (found > sorted && compare_ids(found - 1, &key) == 0)
			found--;
		for (; found < sorted + n && compare_ids(found, &key) == 0; found++)
			if (!tokens || items[found->at]->token == token)
				mark[found->at] = true;
	}
	SPI_freetuptable(SPI_tuptable);
	pfree(sorted);
}

/* running[i]: the statement (WF_STMT_LOCK or _RUNNING) still finds the item. */
static void
find_running(WfStage *stage, WfStageStatement statement, WfItem **items, int n, bool *running)
{
	Datum		values[1];

	for (int i = 0; i < n; i++)
		running[i] = false;
	values[0] = item_ids(items, n);
	wf_db_execute(&stage->stmt[statement], WF_AS_OWNER, values, NULL);
	mark_returned(items, n, false, running);
}

/* Those of the items whose mark is as wanted; at[] takes where they were. */
static int
select_marked(WfItem **items, int n, const bool *mark, bool wanted, WfItem **selected, int *at)
{
	int			count = 0;

	for (int i = 0; i < n; i++)
	{
		if (mark[i] != wanted)
			continue;
		at[count] = i;
		selected[count++] = items[i];
	}
	return count;
}

/*
 * Items of ours that are Processing although nobody has a claim on them: the
 * claims went from under us (DROP EXTENSION, TRUNCATE).  They are ready again,
 * and what the fetch brought is dropped: without a token nothing tells whether a
 * newer version of the row was meant.
 */
static void
requeue_unclaimed(WfStage *stage, WfItem **items, int n, const bool *running, const bool *valid)
{
	WfItem	  **lost = palloc(Max(n, 1) * sizeof(WfItem *));
	WfItem	  **kept = palloc(Max(n, 1) * sizeof(WfItem *));
	bool	   *mark = palloc(Max(n, 1) * sizeof(bool));
	int		   *at = palloc(Max(n, 1) * sizeof(int));
	int			nlost = 0;
	int			nkept = select_marked(items, n, valid, true, kept, at);
	Datum		values[2];

	/* one page may be here twice, and the end of its other item has the claim */
	for (int i = 0; i < n; i++)
		if (running[i] && !valid[i] && !find_item(kept, nkept, &items[i]->id))
			lost[nlost++] = items[i];
	if (nlost == 0)
		return;
	/* locked first: claims come and go with the rows */
	find_running(stage, WF_STMT_LOCK, lost, nlost, mark);
	nlost = select_marked(lost, nlost, mark, true, kept, at);
	values[0] = item_ids(kept, nlost);
	execute_own(stage->id, CLAIM_HELD, values);
	memset(mark, 0, n * sizeof(bool));
	mark_returned(kept, nlost, false, mark);
	nlost = select_marked(kept, nlost, mark, false, lost, at);
	if (nlost == 0)
		return;
	values[0] = item_ids(lost, nlost);
	values[1] = (Datum) 0;		/* no errors: ready at once */
	wf_db_execute(&stage->stmt[WF_STMT_REQUEUE], WF_AS_OWNER, values, " n");
	wf_shmem_wake_at_commit();
	ereport(LOG,
			(errmsg("queued %d items of stage \"%s\" again, their claims were gone",
					nlost, stage->name)));
}

/* valid[i]: running, and its claim carries our token.  Claims of others are deleted. */
static void
check_items(WfStage *stage, WfStageStatement statement, WfItem **items, int n, bool *valid)
{
	Datum		values[2];
	bool	   *running = palloc(Max(n, 1) * sizeof(bool));
	WfItem	  **lost = palloc(Max(n, 1) * sizeof(WfItem *));
	int		   *at = palloc(Max(n, 1) * sizeof(int));

	find_running(stage, statement, items, n, running);
	for (int i = 0; i < n; i++)
		valid[i] = false;
	values[0] = item_ids(items, n);
	values[1] = item_tokens(items, n);
	execute_own(stage->id, CLAIM_FENCE, values);
	mark_returned(items, n, true, valid);
	for (int i = 0; i < n; i++)
		valid[i] &= running[i];
	wf_queue_forget(lost, select_marked(items, n, valid, false, lost, at));
	requeue_unclaimed(stage, items, n, running, valid);
}

void
wf_queue_fence(WfStage *stage, WfItem **items, int n, bool *valid)
{
	check_items(stage, WF_STMT_LOCK, items, n, valid);
}

/* The tokens of items that were given up before an attempt was made. */
static Datum
uncounted_tokens(WfItem **items, int n)
{
	WfItem	  **uncounted = palloc(Max(n, 1) * sizeof(WfItem *));
	int			count = 0;

	for (int i = 0; i < n; i++)
		if (items[i]->uncounted)
			uncounted[count++] = items[i];
	return item_tokens(uncounted, count);
}

/* The tokens of items that are to be fetched the other way. */
static Datum
switching_tokens(WfItem **items, int n)
{
	WfItem	  **switching = palloc(Max(n, 1) * sizeof(WfItem *));
	int			count = 0;

	for (int i = 0; i < n; i++)
		if (items[i]->switching)
			switching[count++] = items[i];
	return item_tokens(switching, count);
}

void
wf_queue_end(WfStage *stage, WfItem **items, const TimestampTz *not_before, int n, bool *valid)
{
	bool	   *running = palloc(Max(n, 1) * sizeof(bool));
	bool	   *waits = palloc(Max(n, 1) * sizeof(bool));
	bool	   *settled = palloc0(Max(n, 1) * sizeof(bool));
	WfItem	  **part = palloc(Max(n, 1) * sizeof(WfItem *));
	int		   *at = palloc(Max(n, 1) * sizeof(int));
	Datum	   *times = palloc(Max(n, 1) * sizeof(Datum));
	Datum		values[5];
	int			count;

	find_running(stage, WF_STMT_LOCK, items, n, running);
	for (int i = 0; i < n; i++)
	{
		waits[i] = running[i] && not_before[i] != 0;
		valid[i] = false;
	}
	for (int pass = 0; pass < 2; pass++)
	{
		count = select_marked(items, n, waits, pass == 1, part, at);
		if (count == 0)
			continue;
		values[0] = item_ids(part, count);
		values[1] = item_tokens(part, count);
		for (int i = 0; i < count; i++)
			times[i] = TimestampTzGetDatum(not_before[at[i]]);
		values[2] = wf_db_array(times, NULL, count, TIMESTAMPTZOID);
		values[3] = uncounted_tokens(part, count);
		values[4] = switching_tokens(part, count);
		for (int i = 0; i < count; i++)
			settled[i] = false;
		/* items that wait are running, hence locked: their tokens stay as they are */
		execute_own(stage->id, pass == 0 ? CLAIM_FORGET : CLAIM_FENCE, values);
		mark_returned(part, count, true, settled);
		if (pass == 1)
			execute_own(stage->id, CLAIM_WAIT, values);
		for (int i = 0; i < count; i++)
			valid[at[i]] = settled[i] && running[at[i]];
	}
	requeue_unclaimed(stage, items, n, running, valid);
}

void
wf_queue_check(WfStage *stage, WfItem **items, int n, bool *valid)
{
	check_items(stage, WF_STMT_RUNNING, items, n, valid);
}

void
wf_queue_forget(WfItem **items, int n)
{
	Datum		values[2];

	if (n == 0)
		return;
	values[0] = item_ids(items, n);
	values[1] = item_tokens(items, n);
	execute_own(items[0]->stage, CLAIM_FORGET, values);
	SPI_freetuptable(SPI_tuptable);
}

/* Errors as they were before the claim, for WF_STMT_REQUEUE. */
static Datum
old_errors(WfItem **items, int n)
{
	Datum	   *elems = palloc0(Max(n, 1) * sizeof(Datum));
	bool	   *nulls = palloc0(Max(n, 1) * sizeof(bool));

	for (int i = 0; i < n; i++)
	{
		nulls[i] = items[i]->old_error == NULL;
		if (!nulls[i])
			elems[i] = CStringGetTextDatum(items[i]->old_error);
	}
	return wf_db_array(elems, nulls, n, TEXTOID);
}

void
wf_queue_release(WfStage *stage, WfItem **items, int n)
{
	bool	   *valid = palloc(Max(n, 1) * sizeof(bool));
	WfItem	  **ours = palloc(Max(n, 1) * sizeof(WfItem *));
	WfItem	  **first = palloc(Max(n, 1) * sizeof(WfItem *));
	WfItem	  **later = palloc(Max(n, 1) * sizeof(WfItem *));
	int			nours = 0;
	int			nfirst = 0;
	int			nlater = 0;
	Datum		values[2];

	wf_queue_fence(stage, items, n, valid);
	for (int i = 0; i < n; i++)
	{
		if (!valid[i])
			continue;
		ours[nours++] = items[i];
		if (items[i]->attempt <= 1)
			first[nfirst++] = items[i];
		else
			later[nlater++] = items[i];
	}
	if (nours == 0)
		return;
	values[0] = item_ids(ours, nours);
	values[1] = old_errors(ours, nours);
	wf_db_execute(&stage->stmt[WF_STMT_REQUEUE], WF_AS_OWNER, values, NULL);
	wf_queue_forget(first, nfirst);
	if (nlater == 0)
		return;
	values[0] = item_ids(later, nlater);
	values[1] = item_tokens(later, nlater);
	execute_own(stage->id, CLAIM_RELEASE, values);
}

void
wf_queue_renew(WfItem **items, int n, int lease_ms)
{
	Datum		values[3];

	if (n == 0)
		return;
	values[0] = item_ids(items, n);
	values[1] = item_tokens(items, n);
	values[2] = Int32GetDatum(lease_ms);
	execute_own(items[0]->stage, CLAIM_RENEW, values);
}

TimestampTz
wf_queue_next_due(const WfStage *stage)
{
	bool		isnull;
	TimestampTz due = 0;

	execute_own(stage->id, CLAIM_NEXT_DUE, NULL);
	if (SPI_processed > 0)
	{
		Datum		value = column(0, 1, &isnull);

		if (!isnull)
			due = DatumGetTimestampTz(value);
	}
	SPI_freetuptable(SPI_tuptable);
	return due;
}
