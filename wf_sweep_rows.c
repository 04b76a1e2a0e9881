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

typedef struct Rows
{
	WfStageId	stage;
	WfStageStatement find;
	WfStageStatement repair;
	int			limit;
	MemoryContext context;		/* of ids */
	pg_uuid_t  *ids;
	int			n;
	int			from;			/* those of one transaction */
	int			count;
	int64		repaired;		/* … by it */
} Rows;

static void
find_rows(void *arg)
{
	Rows	   *rows = arg;
	const char *problem;
	WfStage    *stage = wf_stage_get(rows->stage, &problem);
	Datum		values[1] = {Int32GetDatum(rows->limit)};
	bool		isnull;

	rows->n = 0;
	if (stage == NULL)
		return;
	wf_db_execute(&stage->stmt[rows->find], WF_AS_OWNER, values, NULL);
	rows->ids = MemoryContextAlloc(rows->context, Max(SPI_processed, 1) * sizeof(pg_uuid_t));
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		Datum		id = SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &isnull);

		if (!isnull)
			rows->ids[rows->n++] = *DatumGetUUIDP(id);
	}
}

static void
repair_rows(void *arg)
{
	Rows	   *rows = arg;
	const char *problem;
	WfStage    *stage = wf_stage_get(rows->stage, &problem);
	Datum	   *elems = palloc(rows->count * sizeof(Datum));
	Datum		values[1];

	rows->repaired = 0;
	if (stage == NULL)
		return;
	for (int i = 0; i < rows->count; i++)
		elems[i] = UUIDPGetDatum(&rows->ids[rows->from + i]);
	values[0] = wf_db_array(elems, NULL, rows->count, UUIDOID);
	wf_db_execute(&stage->stmt[rows->repair], WF_AS_OWNER, values, NULL);
	rows->repaired = (int64) SPI_processed;
	if (SPI_processed > 0)
		wf_shmem_wake_at_commit();
}

/* See wf_sweep_int.h. */
int64
wf_sweep_rows(WfStageId stage, Oid owner, WfStageStatement find, WfStageStatement repair,
			  int limit)
{
	Rows		rows = {stage, find, repair, limit, CurrentMemoryContext};
	WfDbError	error = {0};
	int			refused = 0;
	int64		total = 0;
	bool		ok = wf_sweep_try("wf_curation: looking for rows to be repaired", stage, owner,
								  find_rows, &rows, &error);

	rows.count = rows.n;
	while (ok && rows.from < rows.n && refused < REFUSALS)
	{
		rows.count = Min(rows.count, rows.n - rows.from);
		if (wf_sweep_try("wf_curation: repairing rows", stage, owner, repair_rows, &rows, &error))
		{
			total += rows.repaired;
			rows.from += rows.count;
			rows.count *= 2;
			continue;
		}
		ok = wf_db_is_of_a_row(error.sqlstate);
		if (rows.count > 1)
		{
			rows.count /= 2;
			continue;
		}
		rows.from++;
		refused++;
	}
	if (!ok || refused > 0)
		ereport(LOG,
				(errcode(error.sqlstate),
				 ok ? errmsg("%d rows of stage \"%s\" refuse to be repaired: %s", refused,
							 wf_stage_name(stage), error.message)
				 : errmsg("sweep failed: %s", error.message)));
	if (rows.ids)
		pfree(rows.ids);
	return total;
}
