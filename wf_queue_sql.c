/*-------------------------------------------------------------------------
 *
 * wf_queue_sql.c
 *	  The statements on claims.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "wf_queue_int.h"

#define SUSPECT_PATIENCE "60 seconds"	/* then other work stops for a suspect */

static WfStatement own[WF_STAGE_COUNT][CLAIM_COUNT];	/* made once per process */

/* format: its first argument is the table's name, the second the stage's literal */
static void
make(WfStageId stage, ClaimStatement which, const char *table, const char *format, int nargs, ...)
{
	va_list		types;

	va_start(types, nargs);
	wf_db_vmake(&own[stage][which], psprintf(format, wf_stage_own_table(table),
											 quote_literal_cstr(wf_stage_name(stage))),
				nargs, types);
	va_end(types);
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
		 " attempt = c.attempt - 1, not_before = now(), claimed_at = now() WHERE " OF_ITEMS,
		 2, UUIDARRAYOID, INT8ARRAYOID);
	make(stage, CLAIM_RENEW, "wf_claim",
		 "UPDATE %1$s c SET lease_until = now() + $3 * interval '1 ms'"
		 " WHERE " OF_ITEMS, 3, UUIDARRAYOID, INT8ARRAYOID, INT4OID);
	make(stage, CLAIM_WAIT, "wf_claim",
		 "UPDATE %1$s c SET token = 0, worker_pid = NULL, worker_started = NULL,"
		 " lease_until = NULL,"
		 " not_before = ($3)[array_position($2, c.token)], claimed_at = now(),"
		 " attempt = c.attempt - CASE WHEN c.token = ANY ($4) THEN 1 ELSE 0 END,"
		 " fallback = c.fallback OR c.token = ANY ($5)"
		 " WHERE " OF_ITEMS,
		 5, UUIDARRAYOID, INT8ARRAYOID, TIMESTAMPTZARRAYOID, INT8ARRAYOID, INT8ARRAYOID);
	make(stage, CLAIM_POSTPONE, "wf_claim",
		 "UPDATE %1$s c SET not_before = ($2)[array_position($1, c.item)], claimed_at = now()"
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
			wf_db_unmake(&own[stage][which]);
}

void
wf_claim_execute(WfStageId stage, ClaimStatement which, Datum *values)
{
	make_statements(stage);
	wf_db_execute(&own[stage][which], WF_AS_SELF, values, NULL);
}

Datum
wf_claim_uuids(const pg_uuid_t *ids, int n)
{
	Datum	   *elems = palloc(Max(n, 1) * sizeof(Datum));

	for (int i = 0; i < n; i++)
		elems[i] = UUIDPGetDatum(&ids[i]);
	return wf_db_array(elems, NULL, n, UUIDOID);
}

Datum
wf_claim_ids(WfItem **items, int n)
{
	pg_uuid_t  *ids = palloc(Max(n, 1) * sizeof(pg_uuid_t));

	for (int i = 0; i < n; i++)
		ids[i] = items[i]->id;
	return wf_claim_uuids(ids, n);
}

Datum
wf_claim_tokens(WfItem **items, int n)
{
	Datum	   *elems = palloc(Max(n, 1) * sizeof(Datum));

	for (int i = 0; i < n; i++)
		elems[i] = Int64GetDatum((int64) items[i]->token);
	return wf_db_array(elems, NULL, n, INT8OID);
}

int
wf_claim_compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(pg_uuid_t));
}

WfClaimPlace *
wf_claim_sort(WfItem **items, int n)
{
	WfClaimPlace *sorted = palloc(Max(n, 1) * sizeof(WfClaimPlace));

	for (int i = 0; i < n; i++)
		sorted[i] = (WfClaimPlace) {items[i]->id, i};
	qsort(sorted, n, sizeof(WfClaimPlace), wf_claim_compare);
	return sorted;
}

WfItem *
wf_claim_find(WfItem **items, int n, const pg_uuid_t *id)
{
	for (int i = 0; i < n; i++)
		if (memcmp(&items[i]->id, id, sizeof(pg_uuid_t)) == 0)
			return items[i];
	return NULL;
}
