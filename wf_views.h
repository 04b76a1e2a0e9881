/*-------------------------------------------------------------------------
 *
 * wf_views.h
 *	  The functions behind the views wf_pipeline, wf_workers and wf_progress,
 *	  and what wf_health() shares with them: looking at user tables as their
 *	  owner, and at the workers of the server.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_VIEWS_H
#define WF_VIEWS_H

#include "wf_part.h"
#include "wf_shmem.h"

/* A running worker, whether it has a slot in shared memory or not. */
typedef struct WfWorkerRow
{
	int			pid;
	Oid			database;
	bool		on_demand;
	TimestampTz started;
	bool		has_slot;		/* else slot is empty */
	WfWorkerInfo slot;
} WfWorkerRow;

/*
 * Execute a query without side effects through SPI, which must be connected;
 * result in SPI_tuptable and SPI_processed.  It sees the active snapshot.  With
 * a role it has that role's rights: every query on a user table must run as
 * the table's owner and qualify what it names, since functions of the owner
 * (policies, for example) may run in it.
 */
extern void wf_views_select(Oid role, const char *sql, int nargs, Oid *types, Datum *values);

/* A column of a row of the last wf_views_select. */
extern Datum wf_views_column(uint64 row, int column, bool *isnull);

/* The same as int64; 0 for NULL. */
extern int64 wf_views_int64(uint64 row, int column);

/* The same as text in the current memory context; NULL for NULL. */
extern char *wf_views_text(uint64 row, int column);

/*
 * A binding of the table to the part that does for counting: the whole one
 * or, if the table has problems, that of its status columns; NULL if not even
 * those serve.  The caller holds a lock on the table.  *problems, if not NULL,
 * gets those that the whole one met.
 */
extern WfBinding *wf_views_bind(const WfPart *part, Oid relid, List **problems);

/* "alias.column = 'label'", qualified; "false" if the table has no such label. */
extern char *wf_views_is(const WfBinding *b, const char *alias, int column, int label);

/* "alias.curation is a label that queues", qualified. */
extern char *wf_views_queues(const WfBinding *b, const char *alias);

/* "alias.column", quoted. */
extern char *wf_views_ref(const WfBinding *b, const char *alias, int column);

/*
 * A timestamp column as timestamptz, for comparison with the time: without a zone it
 * is UTC by convention, whatever zone the session has.
 */
extern char *wf_views_time(const WfBinding *b, const char *alias, int column);

/*
 * The workers of all databases, in the current memory context; returns how
 * many.  Uses SPI, which must be connected.
 */
extern int	wf_views_workers(WfWorkerRow **workers);

#endif							/* WF_VIEWS_H */
