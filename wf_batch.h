/*-------------------------------------------------------------------------
 *
 * wf_batch.h
 *	  An order to an on-demand worker: what the caller shares with it.
 *
 * Lives in a dynamic shared memory segment that the caller creates, so that
 * it works with and without shared_preload_libraries.  When the caller goes
 * away, for whatever reason, its detaching sets "stop".
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_BATCH_H
#define WF_BATCH_H

#include "datatype/timestamp.h"
#include "port/atomics.h"
#include "storage/dsm.h"
#include "storage/latch.h"

#include "wf_sweep.h"

#define WF_BATCH_MAGIC 0x57464231

typedef enum WfBatchKind
{
	WF_BATCH_PROCESS = 1,		/* process up to budget items */
	WF_BATCH_HEAL = 2			/* run the sweep */
} WfBatchKind;

typedef struct WfBatch
{
	uint32		magic;
	WfBatchKind kind;
	int			budget;
	TimestampTz deadline;
	pg_atomic_uint32 stop;		/* set by the caller's side */
	pg_atomic_uint32 done;		/* set last by the worker */
	Latch	   *caller;			/* in the PGPROC array */
	Latch	   *worker;			/* likewise, once attached */

	/* the answer; valid when done */
	int			claimed;
	int			completed;
	int			failed;
	int			returned;
	int			contacts;
	WfSweepCounts sweep;
	int			sqlstate;		/* 0: no error */
	char		message[512];
	char		hint[256];
} WfBatch;

#endif							/* WF_BATCH_H */
