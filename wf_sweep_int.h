/*-------------------------------------------------------------------------
 *
 * wf_sweep_int.h
 *	  What the files of the sweep share: wf_sweep*.c only.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_SWEEP_INT_H
#define WF_SWEEP_INT_H

#include "utils/uuid.h"

#include "wf_db.h"
#include "wf_stage.h"
#include "wf_sweep.h"

/* in wf_sweep.c */

/*
 * wf_db_run for a part of the sweep: again after a conflict; after any other error
 * whatever was planned for the stage is planned anew.
 */
extern bool wf_sweep_try(const char *activity, WfStageId stage, Oid owner,
						 void (*work) (void *), void *arg, WfDbError *error);

/* in wf_sweep_rows.c */

/* Rows to be repaired; their ids are of context. */
typedef struct WfSweepRows
{
	MemoryContext context;
	pg_uuid_t  *ids;
	int			n;
	int			most;			/* of one transaction */
	int			from;			/* those of this transaction */
	int			count;
	int64		repaired;		/* … by it */
} WfSweepRows;

/* The rows are those that the last statement returned the ids of, in its first column. */
extern void wf_sweep_read_ids(WfSweepRows *rows);

/* uuid[] of the ids of this transaction. */
extern Datum wf_sweep_ids(const WfSweepRows *rows);

/*
 * Have all rows repaired, by transactions that repair runs, each for the rows that are
 * its turn (from, count): it says in repaired how many it did, or fails as a whole.
 * Where that happens because of a row it is found in smaller and smaller ones, told of
 * in the log, and keeps nobody else from it.  Returns how many were repaired.
 */
extern int64 wf_sweep_repair(WfSweepRows *rows, bool (*repair) (void *arg, WfDbError *error),
							 void *arg, const char *of_what);

/*
 * Find rows of a stage by one statement (at most limit), and repair them by another,
 * which takes their ids.  Rows that refuse are left, and keep nobody else from it.
 * Returns how many were repaired.
 */
extern int64 wf_sweep_rows(WfStageId stage, Oid owner, WfStageStatement find,
						   WfStageStatement repair, int limit);

#endif							/* WF_SWEEP_INT_H */
