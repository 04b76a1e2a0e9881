/*-------------------------------------------------------------------------
 *
 * wf_sweep.c
 *	  Finding and repairing what went wrong behind the queue's back.
 *
 * Each repair is a transaction of its own and a bounded number of rows; what
 * is left waits for the next minute.  Lock order as everywhere: item rows,
 * then wf_claim.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "wf_clock.h"
#include "wf_curation.h"
#include "wf_gate.h"
#include "wf_guc.h"
#include "wf_queue.h"
#include "wf_shmem.h"
#include "wf_store.h"
#include "wf_sweep_int.h"

#define SWEEP_ROWS		10000	/* of one repair at most */
#define SWEEP_INTERVAL	"55 seconds"	/* a little under the minute promised */
#define CLOCK_STEP		"interval '5 seconds'"	/* further in the future: the clock went back */
#define SWEPT_LATELY	"now() - interval '5 minutes' AND now() + " CLOCK_STEP
#define PRUNE_BATCHES	20
#define RESCUE_ROWS		1000	/* in one transaction */
#define RESCUE_FAILURES	64		/* rows passed over that cannot be rescued now */
#define QUARANTINE		3		/* deaths with nothing else in flight */

typedef enum OwnStatement
{
	OWN_LOST,					/* claims whose worker is gone or lease is over */
	OWN_BACK,					/* rescued claims wait, due now */
	OWN_UNCLAIMED,				/* ids without a claim */
	OWN_ADOPT,					/* a waiting claim, due now, for ids without one */
	OWN_WAITING,				/* how many claims wait for a retry */
	OWN_FOREIGN,				/* a claim of "someone else" for ids without one */
	OWN_FOREIGN_OVER,			/* such claims of others than those ids go */
	OWN_GATE,					/* is a sweep due?  if so, note the time */
	OWN_REPORT,					/* note the result */
	OWN_PRUNE,					/* history */
	OWN_CLOCK,					/* claims from before the clock went back */
	OWN_CLOCK_HOSTS,			/* sites, likewise */
	OWN_COUNT
} OwnStatement;

static WfStatement own[OWN_COUNT];	/* those on claims have the stage as first argument */

/*
 * May a worker that lives lose its claims when their lease is over?  Not when the
 * clock may have been set forward since the last sweep: it had no time to renew them.
 */
typedef enum LeaseTrust
{
	LEASE_DISTRUST,
	LEASE_TRUST,
	LEASE_AS_SWEPT				/* if the last sweep was a moment ago */
} LeaseTrust;

/* What a look at the whole table found. */
typedef struct Survey
{
	bool		orphans;
	bool		no_reason;
	int64		waiting;		/* Queued with an error */
	Datum		processing;		/* ids of those Processing, uuid[] */
	bool		any_processing;
} Survey;

/* Of each stage: when its tables were last found in order. */
static WfCleanMark clean[WF_STAGE_COUNT];

typedef struct SweepContext
{
	WfSweepCounts *counts;
	WfStageId	stage;
	bool		force;
	bool		due;
	bool		claims;			/* some are in flight, somewhere */
	bool		prune;			/* history is older than it may be */
	bool		more;			/* … to do, perhaps */
	bool		orphans;		/* there are some … */
	bool		no_reason;		/* … and of these */
	bool		went_back;		/* the last sweep is in the future */
	LeaseTrust	trust;
	int			limit;			/* claims that one rescue transaction takes */
	int			offset;			/* and passes over */
} SweepContext;

static void
make_statements(void)
{
	char	   *claim;
	char	   *state;
	char	   *attempt;

	if (own[OWN_CLOCK_HOSTS].sql)
		return;
	claim = wf_stage_own_table("wf_claim");
	state = wf_stage_own_table("wf_sweep_state");
	attempt = wf_stage_own_table("wf_attempt");
	wf_db_make(&own[OWN_LOST],
			   psprintf("WITH w AS (SELECT c.worker_pid AS pid, c.worker_started AS started, count(*) AS n"
						" FROM %s c WHERE c.worker_pid IS NOT NULL GROUP BY 1, 2),"
						" dead AS (SELECT w.pid, w.started, w.n FROM w WHERE w.pid <> 0 AND NOT EXISTS"
						" (SELECT 1 FROM pg_stat_get_activity(w.pid) a WHERE a.backend_start = w.started))"
						" SELECT c.item, c.token, dead.n = 1 AS alone, c.deaths_alone, dead.pid IS NOT NULL AS died,"
						" c.worker_pid = 0 AS foreign_service"
						" FROM %s c LEFT JOIN dead ON dead.pid = c.worker_pid AND dead.started = c.worker_started"
						" WHERE c.worker_pid IS NOT NULL AND c.stage = $1"
						" AND (dead.pid IS NOT NULL OR (c.lease_until < now() AND (c.worker_pid = 0 OR $4 = %d"
						"  OR ($4 = %d AND EXISTS (SELECT 1 FROM %s s WHERE s.last_sweep BETWEEN " SWEPT_LATELY ")))))"
						" ORDER BY c.item LIMIT $2 OFFSET $3",
						claim, claim, LEASE_TRUST, LEASE_AS_SWEPT, state),
			   4, TEXTOID, INT4OID, INT4OID, INT4OID);
	wf_db_make(&own[OWN_BACK],
			   psprintf("UPDATE %s c SET token = 0, worker_pid = NULL, worker_started = NULL, lease_until = NULL,"
						" not_before = now(), claimed_at = now(), deaths = c.deaths + (u.deaths & 1),"
						" deaths_alone = c.deaths_alone + (u.deaths >> 1) FROM unnest($2, $3) u(item, deaths)"
						" WHERE c.stage = $1 AND c.item = u.item", claim),
			   3, TEXTOID, UUIDARRAYOID, INT4ARRAYOID);
	wf_db_make(&own[OWN_UNCLAIMED],
			   psprintf("SELECT u.item FROM unnest($2) u(item) WHERE u.item <> ALL (ARRAY"
						"(SELECT c.item FROM %s c WHERE c.stage = $1 AND c.item = ANY ($2)))", claim),
			   2, TEXTOID, UUIDARRAYOID);
	wf_db_make(&own[OWN_ADOPT],
			   psprintf("INSERT INTO %s (stage, item, attempt, token, claimed_at, not_before)"
						" SELECT $1, u.item, 0, 0, now(), now() FROM unnest($2) u(item)"
						" ON CONFLICT DO NOTHING", claim),
			   2, TEXTOID, UUIDARRAYOID);
	wf_db_make(&own[OWN_WAITING],
			   psprintf("SELECT count(*) FROM %s c WHERE c.stage = $1 AND c.worker_pid IS NULL", claim),
			   1, TEXTOID);
	wf_db_make(&own[OWN_FOREIGN],
			   psprintf("INSERT INTO %s (stage, item, attempt, token, worker_pid, worker_started,"
						" claimed_at, lease_until)"
						" SELECT $1, u.item, 0, 0, 0, '-infinity', now(),"
						" now() + $3 * interval '1 ms' FROM unnest($2) u(item)"
						" ON CONFLICT DO NOTHING", claim),
			   3, TEXTOID, UUIDARRAYOID, INT4OID);
	wf_db_make(&own[OWN_FOREIGN_OVER],
			   psprintf("DELETE FROM %s c WHERE c.stage = $1 AND c.worker_pid = 0"
						" AND c.item <> ALL ($2)", claim),
			   2, TEXTOID, UUIDARRAYOID);
	wf_db_make(&own[OWN_GATE],
			   psprintf("WITH o AS (SELECT o.last_sweep FROM %s o)"
						" INSERT INTO %s AS s (last_sweep, repaired, repaired_total) VALUES (now(), 0, 0)"
						" ON CONFLICT (only_row) DO UPDATE SET last_sweep = now(), repaired = 0"
						" WHERE $1 OR s.last_sweep < now() - interval '" SWEEP_INTERVAL "' OR s.last_sweep > now()"
						" RETURNING EXISTS (SELECT 1 FROM %s c WHERE c.worker_pid IS NOT NULL),"
						" EXISTS (SELECT 1 FROM %s a WHERE a.finished_at < now() - $2 * interval '1 minute'),"
						" EXISTS (SELECT 1 FROM o WHERE o.last_sweep > now() + " CLOCK_STEP "),"
						" EXISTS (SELECT 1 FROM o WHERE o.last_sweep NOT BETWEEN " SWEPT_LATELY ")",
						state, state, claim, attempt),
			   2, BOOLOID, INT4OID);
	wf_db_make(&own[OWN_REPORT],
			   psprintf("UPDATE %s s SET repaired = $1, repaired_total = s.repaired_total + $1", state),
			   1, INT8OID);
	wf_db_make(&own[OWN_PRUNE],
			   psprintf("DELETE FROM %s a WHERE a.id IN (SELECT o.id FROM %s o"
						" WHERE o.finished_at < now() - $1 * interval '1 minute' ORDER BY o.finished_at LIMIT $2)",
						attempt, attempt),
			   2, INT4OID, INT4OID);
	wf_db_make(&own[OWN_CLOCK],
			   psprintf("UPDATE %s c SET claimed_at = now(),"
						" not_before = least(c.not_before, now() + greatest(c.not_before - c.claimed_at, interval '0')),"
						" lease_until = least(c.lease_until, now() + greatest(c.lease_until - c.claimed_at, interval '0'))"
						" WHERE c.claimed_at > now() + " CLOCK_STEP, claim), 0);
	wf_db_make(&own[OWN_CLOCK_HOSTS],
			   psprintf("UPDATE %s h SET updated_at = now(), not_before = now() + (h.not_before - h.updated_at)"
						" WHERE h.updated_at > now() + " CLOCK_STEP, wf_stage_own_table("wf_host")), 0);
	own[OWN_LOST].walks = own[OWN_GATE].walks = own[OWN_WAITING].walks = true;
}

void
wf_sweep_reset(void)
{
	for (int i = 0; i < OWN_COUNT; i++)
		wf_db_unmake(&own[i]);
}

static void
execute_own(OwnStatement which, Datum *values)
{
	make_statements();
	wf_db_execute(&own[which], WF_AS_SELF, values, NULL);
}

/* First column of the last result as a uuid[]; *n how many. */
static Datum
result_ids(int *n)
{
	Datum	   *elems = palloc(Max(SPI_processed, 1) * sizeof(Datum));
	bool		isnull;

	*n = 0;
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		Datum		id = SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &isnull);

		if (!isnull)
			elems[(*n)++] = id;
	}
	return wf_db_array(elems, NULL, *n, UUIDOID);
}

/* ------------------------------------------------------------------------
 * Rescue
 * ------------------------------------------------------------------------
 */

typedef struct LostClaim
{
	WfItem		item;
	bool		alone;
	int			deaths_alone;
	bool		died;
	bool		foreign_service;
} LostClaim;

static LostClaim *
read_lost(WfStageId stage, int *n)
{
	LostClaim  *lost = palloc0(Max(SPI_processed, 1) * sizeof(LostClaim));
	bool		isnull;

	*n = (int) SPI_processed;
	for (int i = 0; i < *n; i++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[i];
		TupleDesc	desc = SPI_tuptable->tupdesc;

		lost[i].item.stage = stage;
		lost[i].item.id = *DatumGetUUIDP(SPI_getbinval(tuple, desc, 1, &isnull));
		lost[i].item.token = (uint64) DatumGetInt64(SPI_getbinval(tuple, desc, 2, &isnull));
		lost[i].alone = DatumGetBool(SPI_getbinval(tuple, desc, 3, &isnull)) && !isnull;
		lost[i].deaths_alone = DatumGetInt32(SPI_getbinval(tuple, desc, 4, &isnull));
		lost[i].died = DatumGetBool(SPI_getbinval(tuple, desc, 5, &isnull));
		lost[i].foreign_service = DatumGetBool(SPI_getbinval(tuple, desc, 6, &isnull));
	}
	SPI_freetuptable(SPI_tuptable);
	return lost;
}

/* Page rows of lost claims back to Queued (or Error for a killer). */
static void
requeue_lost(WfStage *stage, LostClaim **lost, int n, bool fresh)
{
	Datum	   *ids = palloc(Max(n, 1) * sizeof(Datum));
	Datum	   *errors = palloc0(Max(n, 1) * sizeof(Datum));
	Datum		values[2];

	if (n == 0)
		return;
	for (int i = 0; i < n; i++)
	{
		ids[i] = UUIDPGetDatum(&lost[i]->item.id);
		if (!fresh)
			errors[i] = CStringGetTextDatum("the worker ended before the page was stored; it will be fetched again");
	}
	values[0] = wf_db_array(ids, NULL, n, UUIDOID);
	values[1] = fresh ? (Datum) 0 : wf_db_array(errors, NULL, n, TEXTOID);
	wf_db_execute(&stage->stmt[WF_STMT_REQUEUE], WF_AS_OWNER, values, fresh ? " n" : NULL);
}

/* Rescued claims wait, due at once, and remember the death. */
static void
mark_waiting(const WfStage *stage, LostClaim **lost, int n)
{
	Datum	   *ids = palloc(Max(n, 1) * sizeof(Datum));
	Datum	   *deaths = palloc(Max(n, 1) * sizeof(Datum));
	Datum		values[3];

	if (n == 0)
		return;
	for (int i = 0; i < n; i++)
	{
		ids[i] = UUIDPGetDatum(&lost[i]->item.id);
		deaths[i] = Int32GetDatum(!lost[i]->died ? 0 : lost[i]->alone ? 2 : 1);
	}
	values[0] = CStringGetTextDatum(stage->name);
	values[1] = wf_db_array(ids, NULL, n, UUIDOID);
	values[2] = wf_db_array(deaths, NULL, n, INT4OID);
	execute_own(OWN_BACK, values);
}

/* A page that ended its worker again and again, alone: Error for good. */
static void
quarantine(WfStage *stage, LostClaim **lost, int n)
{
	WfResult  **results = palloc(Max(n, 1) * sizeof(WfResult *));
	WfStoreCounts counts;

	if (n == 0)
		return;
	for (int i = 0; i < n; i++)
	{
		lost[i]->item.attempt = wf_curation_max_attempts;	/* no further one */
		lost[i]->item.url = "";
		lost[i]->item.claimed_at = wf_clock();
		results[i] = wf_store_failure(&lost[i]->item, WF_OUTCOME_WORKER,
									  "worker crashed: the page ended its worker again and again");
	}
	wf_store_group(stage, results, n, &counts);
}

static void
rescue(void *arg)
{
	SweepContext *context = arg;
	const char *problem;
	WfStage    *stage = wf_stage_get(context->stage, &problem);
	Datum		values[4];
	LostClaim  *lost;
	WfItem	  **items;
	bool	   *valid;
	LostClaim **group[3];		/* back with an error; fresh; quarantined */
	int			count[3] = {0, 0, 0};
	int			n;

	if (stage == NULL)
		return;
	values[0] = CStringGetTextDatum(stage->name);
	values[1] = Int32GetDatum(context->limit);
	values[2] = Int32GetDatum(context->offset);
	values[3] = Int32GetDatum(context->trust);
	execute_own(OWN_LOST, values);
	if (SPI_processed == 0)
		return;
	lost = read_lost(stage->id, &n);
	items = palloc(n * sizeof(WfItem *));
	valid = palloc(n * sizeof(bool));
	for (int g = 0; g < 3; g++)
		group[g] = palloc(n * sizeof(LostClaim *));
	for (int i = 0; i < n; i++)
		items[i] = &lost[i].item;
	wf_queue_fence(stage, items, n, valid);
	for (int i = 0; i < n; i++)
	{
		int			g = lost[i].foreign_service ? 1 :
			lost[i].died && lost[i].alone && lost[i].deaths_alone + 1 >= QUARANTINE ? 2 : 0;

		if (valid[i])
			group[g][count[g]++] = &lost[i];
	}
	requeue_lost(stage, group[0], count[0], false);
	mark_waiting(stage, group[0], count[0]);
	requeue_lost(stage, group[1], count[1], true);
	for (int i = 0; i < count[1]; i++)
		items[i] = &group[1][i]->item;
	wf_queue_forget(items, count[1]);
	quarantine(stage, group[2], count[2]);
	context->counts->lost_claims += count[0] + count[2];
	context->counts->foreign_processing += count[1];
	context->counts->stale_claims += n - count[0] - count[1] - count[2];
	context->more = n == context->limit;
	if (count[0] + count[1] > 0)
		wf_shmem_wake_at_commit();
}

typedef struct OwnerOf
{
	WfStageId	stage;
	Oid			owner;
	uint64		changes;
} OwnerOf;

static void
find_owner(void *arg)
{
	OwnerOf    *of = arg;
	const char *problem;
	WfStage    *stage = wf_stage_get(of->stage, &problem);

	of->owner = stage ? stage->owner : InvalidOid;
	/* an extension created anew knows of no claims, though nobody wrote to the items */
	of->changes = wf_stage_changes(of->stage) +
		((uint64) get_extension_oid(WF_EXTENSION_NAME, true) << 32);
}

/*
 * Whose rights the stage uses; InvalidOid when it cannot run.  *changes (if not
 * NULL) differs when its tables or the extension did.
 */
static Oid
current_owner(WfStageId stage, uint64 *changes)
{
	OwnerOf		of = {stage};
	WfDbError	error;

	if (!wf_db_run("wf_curation: looking up tables", InvalidOid, find_owner, &of, &error))
	{
		wf_stage_reset(stage);
		return InvalidOid;
	}
	if (changes)
		*changes = of.changes;
	return of.owner;
}

/* See wf_sweep_int.h. */
bool
wf_sweep_try(const char *activity, WfStageId stage, Oid owner, void (*work) (void *), void *arg,
			 WfDbError *error)
{
	for (int tries = 0; tries < 3; tries++)
	{
		if (wf_db_run(activity, owner, work, arg, error))
			return true;
		if (!wf_db_is_transient(error->sqlstate))
			break;
	}
	wf_stage_reset(stage);
	wf_queue_reset();
	wf_store_reset();
	wf_sweep_reset();
	wf_wish_reset();
	return false;
}

static bool
run_part(const char *activity, Oid owner, void (*work) (void *), SweepContext *context)
{
	WfDbError	error;

	if (wf_sweep_try(activity, context->stage, owner, work, context, &error))
		return true;
	ereport(LOG,
			(errcode(error.sqlstate),
			 errmsg("sweep failed: %s", error.message)));
	return false;
}

static bool
rescue_stage(WfStageId stage, LeaseTrust trust, WfSweepCounts *counts)
{
	SweepContext context = {counts, stage, .trust = trust};
	Oid			owner = current_owner(stage, NULL);
	bool		ok;

	if (!OidIsValid(owner))
		return true;
	context.limit = RESCUE_ROWS;
	do
	{
		context.more = false;
		ok = run_part("wf_curation: rescuing claims", owner, rescue, &context);
	} while (ok && context.more);
	if (ok)
		return true;

	/* a row that is locked or refuses must not keep the others: one at a time */
	context.limit = 1;
	do
	{
		context.more = false;
		if (!run_part("wf_curation: rescuing claims singly", owner, rescue, &context))
		{
			context.more = true;
			context.offset++;
		}
	} while (context.more && context.offset < RESCUE_FAILURES);
	return false;
}

bool
wf_sweep_rescue(WfSweepCounts *counts)
{
	bool		ok = true;

	for (int stage = 0; stage < WF_STAGE_COUNT; stage++)
		ok &= rescue_stage(stage, LEASE_AS_SWEPT, counts);
	return ok;
}

/* ------------------------------------------------------------------------
 * The other repairs
 * ------------------------------------------------------------------------
 */

static void
gate(void *arg)
{
	SweepContext *context = arg;
	Datum		values[2] = {BoolGetDatum(context->force),
	Int32GetDatum(wf_curation_history_retention)};

	execute_own(OWN_GATE, values);
	context->due = SPI_processed > 0;
	if (context->due)
	{
		HeapTuple	tuple = SPI_tuptable->vals[0];
		bool		isnull;
		bool		odd;			/* the last sweep was not a moment ago */

		context->claims = DatumGetBool(SPI_getbinval(tuple, SPI_tuptable->tupdesc, 1, &isnull));
		context->prune = DatumGetBool(SPI_getbinval(tuple, SPI_tuptable->tupdesc, 2, &isnull));
		context->went_back = DatumGetBool(SPI_getbinval(tuple, SPI_tuptable->tupdesc, 3, &isnull));
		odd = DatumGetBool(SPI_getbinval(tuple, SPI_tuptable->tupdesc, 4, &isnull));
		if (odd && !context->force)
			context->trust = LEASE_DISTRUST;
	}
	SPI_freetuptable(SPI_tuptable);
}

/*
 * The clock went back: what was written before would be waited for as long as it was
 * set back, and longer.  Each time keeps its distance from the one beside it that says
 * when it was written.
 */
static void
repair_times(void *arg)
{
	SweepContext *context = arg;

	execute_own(OWN_CLOCK, NULL);
	context->counts->stale_claims += SPI_processed;
	if (SPI_processed > 0)
		wf_shmem_wake_at_commit();
	execute_own(OWN_CLOCK_HOSTS, NULL);
}

static void
look_at_table(WfStage *stage, Survey *survey)
{
	HeapTuple	tuple;
	TupleDesc	desc;
	bool		isnull;

	wf_db_execute(&stage->stmt[WF_STMT_SURVEY], WF_AS_OWNER, NULL, NULL);
	tuple = SPI_tuptable->vals[0];
	desc = SPI_tuptable->tupdesc;
	survey->orphans = DatumGetBool(SPI_getbinval(tuple, desc, 1, &isnull));
	survey->no_reason = DatumGetBool(SPI_getbinval(tuple, desc, 2, &isnull));
	survey->waiting = DatumGetInt64(SPI_getbinval(tuple, desc, 3, &isnull));
	survey->processing = SPI_getbinval(tuple, desc, 4, &isnull);
	survey->any_processing = !isnull;
}

/*
 * Items that wait for a retry nobody has a claim for (a restored dump, a
 * crash): due now.  They are looked for when more items wait than claims do.
 */
static void
adopt_waiting(SweepContext *context, WfStage *stage, int64 waiting)
{
	Datum		values[2] = {CStringGetTextDatum(stage->name)};
	bool		isnull;
	int64		claims;
	int			n;

	execute_own(OWN_WAITING, values);
	claims = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1,
										 &isnull));
	SPI_freetuptable(SPI_tuptable);
	if (claims >= waiting)
		return;
	values[0] = Int32GetDatum(SWEEP_ROWS);
	wf_db_execute(&stage->stmt[WF_STMT_UNEXPLAINED], WF_AS_OWNER, values, NULL);
	values[1] = result_ids(&n);
	if (n == 0)
		return;
	values[0] = CStringGetTextDatum(stage->name);
	execute_own(OWN_ADOPT, values);
	context->counts->stale_claims += SPI_processed;
	if (SPI_processed > 0)
		wf_shmem_wake_at_commit();
}

/*
 * Processing without a claim: another service may be at work beside us.  It
 * gets a claim in its name, whose lease is the grace it is given.  The claim goes
 * when it has ended: what it takes another time has the whole grace again.
 */
static void
note_foreign(SweepContext *context, const WfStage *stage, const Survey *survey)
{
	Datum		values[3] = {CStringGetTextDatum(stage->name)};
	int			n;

	values[1] = survey->any_processing ? survey->processing : wf_db_array(NULL, NULL, 0, UUIDOID);
	if (context->claims)
		execute_own(OWN_FOREIGN_OVER, values);
	if (!survey->any_processing)
		return;
	execute_own(OWN_UNCLAIMED, values);
	values[1] = result_ids(&n);
	if (n == 0)
		return;
	values[2] = Int32GetDatum(wf_curation_foreign_processing_grace);
	execute_own(OWN_FOREIGN, values);
}

/* One walk through the table; more only for what it shows. */
static void
repair_table(void *arg)
{
	SweepContext *context = arg;
	const char *problem;
	WfStage    *stage = wf_stage_get(context->stage, &problem);
	Survey		survey;

	if (stage == NULL)
		return;
	look_at_table(stage, &survey);
	/* what others have locked is left */
	context->more = survey.orphans || survey.no_reason;
	context->orphans = survey.orphans;
	context->no_reason = survey.no_reason;
	if (survey.waiting > 0)
		adopt_waiting(context, stage, survey.waiting);
	note_foreign(context, stage, &survey);
	wf_wish_prune(stage);
}

static void
prune_history(void *arg)
{
	SweepContext *context = arg;
	Datum values[2] = {Int32GetDatum(wf_curation_history_retention), Int32GetDatum(SWEEP_ROWS)};

	execute_own(OWN_PRUNE, values);
	context->counts->pruned += SPI_processed;
	context->more = SPI_processed == SWEEP_ROWS;
}

/* What nobody need know of sites any more. */
static void
prune_sites(void *arg)
{
	(void) wf_gate_prune(SWEEP_ROWS);
}

/* Evidence of what is no more; fewer rows, since each is looked for. */
static void
prune_evidence(void *arg)
{
	SweepContext *context = arg;
	const char *problem;
	WfStage    *stage = wf_stage_get(WF_STAGE_PAGE, &problem);

	if (stage != NULL)
		context->counts->pruned += wf_store_prune(stage, SWEEP_ROWS / 10);
}

static int64
repaired(const WfSweepCounts *c)
{
	return c->orphans + c->lost_claims + c->stale_claims + c->foreign_processing;
}

static void
report_sweep(void *arg)
{
	SweepContext *context = arg;
	Datum		report[1] = {Int64GetDatum(repaired(context->counts))};

	execute_own(OWN_REPORT, report);
}

/*
 * The table is walked through when somebody wrote to it since it was last found
 * in order, lost claims are looked for when there are claims.  True if it was.
 */
static bool
sweep_stage(WfStageId stage, const SweepContext *sweep)
{
	SweepContext context = {sweep->counts, stage, .claims = sweep->claims};
	uint64		changes;
	Oid			owner = current_owner(stage, &changes);
	int64		before;

	if (!OidIsValid(owner))
		return false;
	if (sweep->claims)
		(void) rescue_stage(stage, sweep->trust, sweep->counts);
	if (!sweep->force && wf_sweep_is_clean(&clean[stage], changes))
		return false;
	clean[stage].known = false;
	before = repaired(sweep->counts) + sweep->counts->pruned;
	if (!run_part("wf_curation: looking through the table", owner, repair_table, &context))
		return true;
	if (context.orphans)
		sweep->counts->orphans += wf_sweep_rows(stage, owner, WF_STMT_ORPHANS,
												WF_STMT_QUEUE_ORPHANS, SWEEP_ROWS);
	if (context.no_reason)
		sweep->counts->stale_claims += wf_sweep_rows(stage, owner, WF_STMT_NO_REASON,
													 WF_STMT_GIVE_REASONS, SWEEP_ROWS);
	if (stage == WF_STAGE_PAGE &&
		!run_part("wf_curation: pruning evidence", owner, prune_evidence, &context))
		return true;
	if (!context.more && repaired(sweep->counts) + sweep->counts->pruned == before)
		clean[stage] = (WfCleanMark) {true, changes};
	return true;
}

bool
wf_sweep_is_clean(const WfCleanMark *mark, uint64 changes)
{
	return mark->known && mark->changes == changes;
}

/* Can any stage run?  If not, the extension may not even be here. */
static bool
any_stage(void)
{
	for (int stage = 0; stage < WF_STAGE_COUNT; stage++)
		if (OidIsValid(current_owner(stage, NULL)))
			return true;
	return false;
}

void
wf_sweep_run(bool force, WfSweepCounts *counts)
{
	SweepContext context = {counts, WF_STAGE_PAGE, force, .trust = LEASE_TRUST};
	bool		walked = false;

	if (!any_stage() || (!force && !wf_shmem_begin_sweep()) ||
		!run_part("wf_curation: is a sweep due?", InvalidOid, gate, &context) || !context.due)
		return;
	if (force || context.went_back)
		(void) run_part("wf_curation: the clock went back", InvalidOid, repair_times, &context);
	for (int stage = 0; stage < WF_STAGE_COUNT; stage++)
		walked |= sweep_stage(stage, &context);
	counts->orphans += wf_sweep_businesses(force);
	/* 10,000 rows at a time, as often as a minute's history may need */
	context.more = context.prune;
	for (int i = 0; i < PRUNE_BATCHES && context.more; i++)
	{
		context.more = false;
		(void) run_part("wf_curation: pruning history", InvalidOid, prune_history, &context);
	}
	if (walked)
		(void) run_part("wf_curation: pruning sites", InvalidOid, prune_sites, &context);
	if (repaired(counts) > 0)
		(void) run_part("wf_curation: reporting the sweep", InvalidOid, report_sweep, &context);
}
