/*-------------------------------------------------------------------------
 *
 * wf_sweep.h
 *	  Finding and repairing what went wrong behind the queue's back.
 *
 * These functions run transactions of their own (wf_db_run); the caller must
 * not be in one.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_SWEEP_H
#define WF_SWEEP_H

#include "c.h"

typedef struct WfSweepCounts
{
	int64		orphans;		/* Selected with NULL: queued */
	int64		lost_claims;	/* worker gone: back to Queued */
	int64		stale_claims;	/* claims without work, waiting items without claim */
	int64		foreign_processing; /* Processing by someone else, overdue: queued */
	int64		pruned;			/* history rows */
} WfSweepCounts;

/*
 * Give back what dead workers had in flight.  Cheap when there is nothing.
 * False when a transaction failed (to be tried again).
 */
extern bool wf_sweep_rescue(WfSweepCounts *counts);

/*
 * The whole sweep.  With force false only if the last one, by whatever worker,
 * is a minute ago.
 */
extern void wf_sweep_run(bool force, WfSweepCounts *counts);

/*
 * Have the trigger of businesses deal with those that it missed or could not
 * deal with; returns how many.  Part of the whole sweep; with force false only
 * if the tables were written to since nothing was to be done.
 */
extern int64 wf_sweep_businesses(bool force);

/* wf_db_changes of tables when they were found in order, if they were. */
typedef struct WfCleanMark
{
	bool		known;
	uint64		changes;
} WfCleanMark;

/* Need tables with that many changes not be looked at again? */
extern bool wf_sweep_is_clean(const WfCleanMark *mark, uint64 changes);

/* The extension was perhaps created anew: make our statements again. */
extern void wf_sweep_reset(void);

#endif							/* WF_SWEEP_H */
