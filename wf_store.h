/*-------------------------------------------------------------------------
 *
 * wf_store.h
 *	  Results into the database: contacts, final status, history.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_STORE_H
#define WF_STORE_H

#include "core/wf_message.h"

#include "wf_queue.h"

typedef struct WfContact WfContact;

/* How an item ended; all memory is the group's. */
typedef struct WfResult
{
	WfItem	   *item;
	WfOutcome	outcome;
	int			http_status;
	uint32		retry_after_ms;
	bool		by_gateway;		/* the gateway decided it */
	uint64		body_bytes;
	WfSlice		error;			/* UTF-8; with OK a note for the history, or empty */
	WfSlice		effective_url;
	WfSlice		etag;			/* of the response, each may be empty */
	WfSlice		last_modified;
	WfFindings	findings;		/* of pages; contacts are made of them while storing */
	bool		new_evidence;	/* they replace what is stored of the page */
	WfContact  *contacts;
	int			ncontacts;		/* with the placeholder */
	int			naddresses;		/* without it */
	void	   *yield;			/* of stages that make no contacts: what their read hook made */
	TimestampTz finished_at;
	bool		ends;			/* no retry follows; set when it is stored */
} WfResult;

/*
 * What a stage does with results beyond status, claim and history.
 *
 * read: keep what a message brings that was successful, or PARTIAL, in the
 * current memory context (the group's), as the message does not outlive the
 * call.  Outside of any transaction.
 *
 * store: store it, in the transaction that writes the status which promises it,
 * before that.  The results are of one stage and still ours, their item rows
 * locked; failed ones are among them.  An error raised here fails the group,
 * whose results are then stored one by one; then it ends that item in Error.
 */
typedef struct WfStoreHooks
{
	void		(*read) (WfResult *result, const WfResultMessage *message);
	void		(*store) (WfStage *stage, WfResult **results, int n);
} WfStoreHooks;

/* What a stored group amounted to. */
typedef struct WfStoreCounts
{
	int			completed;
	int			failed;			/* ended in Error */
	int			retried;		/* wait for another attempt */
	int			deferred;		/* were not attempted, and wait for that */
	int			dropped;		/* no longer ours: result not stored */
	int			contacts;		/* addresses stored, new or known */
	TimestampTz next_due;		/* earliest retry among them; 0 none */
} WfStoreCounts;

/* Copy a result message into the current memory context. */
extern WfResult *wf_store_result(WfItem *item, const WfResultMessage *message);

/* A result that is the worker's own word, such as WF_OUTCOME_CRASH. */
extern WfResult *wf_store_failure(WfItem *item, WfOutcome outcome, const char *error);

/*
 * Store a group of one stage in the current transaction: fenced, what the stage
 * yields first, then the status that promises it.  Once in a transaction, which
 * notifies wf_curation.notify_channel of what ended.  Must be called inside wf_db_run.
 */
extern void wf_store_group(WfStage *stage, WfResult **results, int n, WfStoreCounts *counts);

/*
 * For items just claimed, of one stage: set by what another version is asked for
 * than the one whose evidence is stored, where all of that is there.  Texts go to
 * the given context.  Must be called inside wf_db_run, in the claim's transaction.
 */
extern void wf_store_ask_by_validators(WfItem **items, int n, MemoryContext context);

/*
 * Forget the evidence of pages and the origins of contacts that are no more: of
 * up to "limit" pages and contacts each, going on where the last call ended.
 * Returns of how many it was forgotten.  Must be called inside wf_db_run.
 */
extern int	wf_store_prune(WfStage *stage, int limit);

/* The extension was perhaps created anew: make our statements again. */
extern void wf_store_reset(void);

#endif							/* WF_STORE_H */
