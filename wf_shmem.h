/*-------------------------------------------------------------------------
 *
 * wf_shmem.h
 *	  Shared state of a preloaded library: worker slots, the latches to set
 *	  when a commit makes work, and the sweep clock.
 *
 * Without shared_preload_libraries there is none: wf_shmem_available() is
 * false, wake-ups do nothing, and workers poll.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_SHMEM_H
#define WF_SHMEM_H

#include "datatype/timestamp.h"

#define WF_MAX_WORKERS		64		/* worker slots of a cluster */

/* Install the shmem hooks; called by _PG_init during preload only. */
extern void wf_shmem_init(void);

extern bool wf_shmem_available(void);

/*
 * Remember that this transaction made work for the workers of this database;
 * they are woken right after its commit becomes visible.  Cheap; may be
 * called once per row.  Nothing happens if the transaction aborts.
 */
extern void wf_shmem_wake_at_commit(void);

/* Wake the workers of this database now, whatever this transaction does. */
extern void wf_shmem_wake(void);

/*
 * Ask the launcher to look again, after commit, whether this database wants
 * workers: the extension was just created or tables attached.
 */
extern void wf_shmem_wake_launcher_at_commit(void);

#endif							/* WF_SHMEM_H */
