/*-------------------------------------------------------------------------
 *
 * wf_sweep_rows.c
 *	  Repairs of the sweep that write rows of users' tables.
 *
 * Rows of old tables may refuse to be updated: they break a constraint that was
 * added NOT VALID, or a trigger raises.  All are written in one transaction; where
 * that fails, in halves, until the rows that refuse are alone.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/uuid.h"

#include "wf_shmem.h"
#include "wf_sweep_int.h"

#define REFUSALS	100			/* rows passed over, until the next sweep */

/* Of a stage: found by one statement, repaired by another. */
typedef struct StageRows
{
	WfStageId	stage;
	WfStageStatement find;
	WfStageStatement repair;
	int			limit;
	Oid			owner;
	WfSweepRows *rows;
} StageRows;

/* See wf_sweep_int.h. */
void
wf_sweep_read_ids(WfSweepRows *rows)
{
	rows->n = 0;
	rows->ids = MemoryContextAlloc(rows->context, Max(SPI_processed, 1) * sizeof(pg_uuid_t));
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		bool		isnull;
		Datum		id = SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &isnull);

		if (!isnull)
			rows->ids[rows->n++] = *DatumGetUUIDP(id);
	}
}

Datum
wf_sweep_ids(const WfSweepRows *rows)
{
	Datum	   *elems = palloc(rows->count * sizeof(Datum));

	for (int i = 0; i < rows->count; i++)
		elems[i] = UUIDPGetDatum(&rows->ids[rows->from + i]);
	return wf_db_array(elems, NULL, rows->count, UUIDOID);
}

int64
wf_sweep_repair(WfSweepRows *rows, bool (*repair) (void *arg, WfDbError *error), void *arg,
				const char *of_what)
{
	WfDbError	error = {0};
	int			refused = 0;
	int64		total = 0;
	bool		ok = true;

	rows->from = 0;
	rows->count = Min(rows->n, rows->most);
	while (ok && rows->from < rows->n && refused < REFUSALS)
	{
		rows->count = Min(rows->count, rows->n - rows->from);
		rows->repaired = 0;
		if (repair(arg, &error))
		{
			total += rows->repaired;
			rows->from += rows->count;
			rows->count = Min(rows->count * 2, rows->most);
			continue;
		}
		ok = wf_db_is_of_a_row(error.sqlstate);
		if (rows->count > 1)
		{
			rows->count /= 2;
			continue;
		}
		rows->from++;
		refused++;
	}
	if (!ok || refused > 0)
		ereport(LOG,
				(errcode(error.sqlstate),
				 ok ? errmsg("%d rows of %s refuse to be repaired: %s", refused, of_what,
							 error.message)
				 : errmsg("sweep failed: %s", error.message)));
	return total;
}

static void
find_rows(void *arg)
{
	StageRows  *work = arg;
	const char *problem;
	WfStage    *stage = wf_stage_get(work->stage, &problem);
	Datum		values[1] = {Int32GetDatum(work->limit)};

	work->rows->n = 0;
	if (stage == NULL)
		return;
	wf_db_execute(&stage->stmt[work->find], WF_AS_OWNER, values, NULL);
	wf_sweep_read_ids(work->rows);
}

static void
repair_rows(void *arg)
{
	StageRows  *work = arg;
	const char *problem;
	WfStage    *stage = wf_stage_get(work->stage, &problem);
	Datum		values[1];

	if (stage == NULL)
		return;
	values[0] = wf_sweep_ids(work->rows);
	wf_db_execute(&stage->stmt[work->repair], WF_AS_OWNER, values, NULL);
	work->rows->repaired = (int64) SPI_processed;
	if (SPI_processed > 0)
		wf_shmem_wake_at_commit();
}

static bool
try_repair(void *arg, WfDbError *error)
{
	StageRows  *work = arg;

	return wf_sweep_try("wf_curation: repairing rows", work->stage, work->owner, repair_rows, work,
						error);
}

/* See wf_sweep_int.h. */
int64
wf_sweep_rows(WfStageId stage, Oid owner, WfStageStatement find, WfStageStatement repair,
			  int limit)
{
	WfSweepRows rows = {CurrentMemoryContext, .most = limit};
	StageRows	work = {stage, find, repair, limit, owner, &rows};
	WfDbError	error;
	int64		total = 0;

	if (wf_sweep_try("wf_curation: looking for rows to be repaired", stage, owner, find_rows,
					 &work, &error))
		total = wf_sweep_repair(&rows, try_repair, &work,
								psprintf("stage \"%s\"", wf_stage_name(stage)));
	else
		ereport(LOG,
				(errcode(error.sqlstate),
				 errmsg("sweep failed: %s", error.message)));
	if (rows.ids)
		pfree(rows.ids);
	return total;
}
