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

/*
 * In an on-demand worker: carry out an order of kind WF_BATCH_FETCH and fill in
 * the answer.  Needs no transaction.
 */
extern void wf_single_fetch_run(WfBatch *batch);

#endif							/* WF_SINGLE_FETCH_H */
