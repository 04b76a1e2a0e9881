/*-------------------------------------------------------------------------
 *
 * wf_queue.c
 *	  Claims: taking items.
 *
 * wf_queue_sql.c has the statements on claims, wf_queue_held.c what becomes of them.
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
#include "utils/timestamp.h"

#include "wf_clock.h"
#include "wf_encoding.h"
#include "wf_queue_int.h"

#define CLAIM_ROUNDS	32		/* of candidates, while others have theirs locked */
#define BUSY_RETRY_MS	1000	/* of due items whose site others have … */
#define FULL_RETRY_MS	5000	/* … or that has enough of ours */

static bool
contains(const pg_uuid_t *ids, int n, const pg_uuid_t *id)
{
	for (int i = 0; i < n; i++)
		if (memcmp(&ids[i], id, sizeof(pg_uuid_t)) == 0)
			return true;
	return false;
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
	wf_claim_execute(stage, CLAIM_POSTPONE, values);
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
	values[1] = wf_claim_uuids(request->skip, request->nskip);
	values[2] = BoolGetDatum(request->may_be_alone);
	values[3] = BoolGetDatum(request->may_drain);
	wf_claim_execute(request->stage->id, CLAIM_DUE, values);
	rows = SPI_processed;
	postponed.ids = palloc(Max(rows, 1) * sizeof(Datum));
	postponed.times = palloc(Max(rows, 1) * sizeof(Datum));
	for (uint64 i = 0; i < rows && !*alone; i++)
	{
		bool		isnull;
		bool		suspect = DatumGetBool(wf_claim_column(i, 2, &isnull));
		WfPick		pick = {0};
		WfGateVerdict verdict;

		request->drain |= suspect && !request->may_be_alone;
		if (suspect && (!request->may_be_alone || n > 0))
			continue;
		pick.id = wf_claim_uuid_column(i, 1);
		pick.site = (uint64) DatumGetInt64(wf_claim_column(i, 3, &isnull));
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
	values[0] = wf_claim_uuids(ids, n);
	wf_claim_execute(request->stage->id, CLAIM_NOT_DUE, values);
	nwaiting = (int) SPI_processed;
	waiting = palloc(Max(nwaiting, 1) * sizeof(pg_uuid_t));
	for (int i = 0; i < nwaiting; i++)
		waiting[i] = wf_claim_uuid_column(i, 1);
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
	Datum		domain = wf_claim_column(row, 2, &isnull);
	char	   *url = utf8_column(row, 3);

	item->stage = stage;
	item->id = wf_claim_uuid_column(row, 1);
	item->domain = wf_pick_key(isnull ? NULL : DatumGetUUIDP(domain));
	item->token = new_token();
	item->alone = alone;
	item->url = url ? url : pstrdup("");
	item->site = wf_gate_key(item->url);
	item->old_error = SPI_getvalue(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, 4);
	item->domain_name = utf8_column(row, 5);
	item->claimed_at = wf_clock();
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
	values[0] = wf_claim_uuids(ids, n);
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
		WfItem	   *item = wf_claim_find(request->items + first, request->count - first,
										 &picks[i].id);
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
	WfClaimPlace *sorted;

	for (int i = 0; i < n; i++)
	{
		fresh[i] = BoolGetDatum(request->stage->has_error_column &&
								request->items[i]->old_error == NULL);
		sites[i] = Int64GetDatum((int64) request->items[i]->site);
	}
	values[0] = wf_claim_ids(request->items, n);
	values[1] = wf_claim_tokens(request->items, n);
	values[2] = wf_db_array(fresh, NULL, n, BOOLOID);
	values[3] = Int32GetDatum(MyProcPid);
	values[4] = TimestampTzGetDatum(MyStartTimestamp);
	values[5] = Int32GetDatum(request->lease_ms);
	values[6] = wf_db_array(sites, NULL, n, INT8OID);
	wf_claim_execute(request->stage->id, CLAIM_RECORD, values);
	sorted = wf_claim_sort(request->items, n);
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		WfClaimPlace key = {wf_claim_uuid_column(i, 1)};
		WfClaimPlace *found = bsearch(&key, sorted, n, sizeof(WfClaimPlace), wf_claim_compare);
		bool		isnull;

		if (!found)
			continue;
		request->items[found->at]->attempt = DatumGetInt32(wf_claim_column(i, 2, &isnull));
		request->items[found->at]->fallback = DatumGetBool(wf_claim_column(i, 3, &isnull));
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
		if (!wf_claim_find(request->items, request->count, &due[i].id))
			left[nleft++] = due[i].id;
	if (nleft == 0)
		return;
	values[0] = wf_claim_uuids(left, nleft);
	wf_db_execute(&request->stage->stmt[WF_STMT_WAITING], WF_AS_OWNER, values, NULL);
	nwaiting = (int) SPI_processed;
	waiting = palloc(Max(nwaiting, 1) * sizeof(pg_uuid_t));
	for (int i = 0; i < nwaiting; i++)
		waiting[i] = wf_claim_uuid_column(i, 1);
	SPI_freetuptable(SPI_tuptable);
	for (int i = 0; i < nleft; i++)
		if (!contains(waiting, nwaiting, &left[i]))
			stale[nstale++] = left[i];
	values[0] = wf_claim_uuids(stale, nstale);
	wf_claim_execute(request->stage->id, CLAIM_DROP_STALE, values);
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
		int			known = ntried;
		int			nids = 0;

		n = keep_admitted(request, candidates, n, NULL);
		for (int i = 0; i < n; i++)
		{
			if (contains(tried, ntried, &candidates[i].id))
				continue;
			tried[ntried++] = candidates[i].id;
			if (!contains(request->skip, request->nskip, &candidates[i].id))
				ids[nids++] = candidates[i].id;
		}
		if (nids > 0)
			mark_processing(request, ids, remove_waiting(request, ids, nids), false);
		settle_places(request, candidates, n, true, before);
		request->unfinished = more;
		/* all there was, or nothing but what we had already; what is to be skipped hides more */
		if (request->count - before == n || ntried == known)
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
	wf_claim_execute(stage->id, CLAIM_PAUSED, NULL);
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

TimestampTz
wf_queue_next_due(const WfStage *stage)
{
	bool		isnull;
	TimestampTz due = 0;

	wf_claim_execute(stage->id, CLAIM_NEXT_DUE, NULL);
	if (SPI_processed > 0)
	{
		Datum		value = wf_claim_column(0, 1, &isnull);

		if (!isnull)
			due = DatumGetTimestampTz(value);
	}
	SPI_freetuptable(SPI_tuptable);
	return due;
}
