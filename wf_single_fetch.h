/*-------------------------------------------------------------------------
 *
 * wf_single_fetch.h
 *	  wf_fetch(): one fetch for diagnosis, and the worker's part of it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_SINGLE_FETCH_H
#define WF_SINGLE_FETCH_H

#include "wf_batch.h"
#include "wf_db.h"

/* The worker's way to run a transaction on our own tables; otherwise as wf_db_run. */
typedef bool (*WfRunOwn) (const char *activity, void (*work) (void *arg), void *arg,
						  WfDbError *error);

/*
 * In an on-demand worker: carry out an order of kind WF_BATCH_FETCH and fill in
 * the answer.  The caller must not be in a transaction.
 */
extern void wf_single_fetch_run(WfBatch *batch, WfRunOwn run);

#endif							/* WF_SINGLE_FETCH_H */
