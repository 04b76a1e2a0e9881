/*-------------------------------------------------------------------------
 *
 * wf_sweep_int.h
 *	  What the files of the sweep share: wf_sweep*.c only.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_SWEEP_INT_H
#define WF_SWEEP_INT_H

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

/*
 * Find rows of a stage by one statement (at most limit), and repair them by another,
 * which takes their ids.  Rows that refuse are left, and keep nobody else from it.
 * Returns how many were repaired.
 */
extern int64 wf_sweep_rows(WfStageId stage, Oid owner, WfStageStatement find,
						   WfStageStatement repair, int limit);

#endif							/* WF_SWEEP_INT_H */
