/*-------------------------------------------------------------------------
 *
 * wf_queue.h
 *	  Claims: taking ready items, keeping them, giving them back.
 *
 * Every function here must be called inside wf_db_run with the stage's owner,
 * and what it is given are items of one stage.
 * Lock order everywhere: item rows (ascending id), then wf_claim.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_QUEUE_H
#define WF_QUEUE_H

#include "datatype/timestamp.h"

#include "wf_pick.h"
#include "wf_stage.h"
#include "wf_wish.h"

#define WF_ITEM_HOLDS 8			/* sites beside its own that one item may use */

/* An item that this worker has claimed. */
typedef struct WfItem
{
	uint64		token;			/* hash key; fences the claim, numbers the request */
	WfStageId	stage;
	pg_uuid_t	id;
	WfDomainKey domain;
	uint64		site;			/* of its URL, entered at the gate; 0 none */
	int			nholds;			/* sites kept because redirects led there */
	uint64		holds[WF_ITEM_HOLDS];
	int			attempt;		/* 1 for the first */
	int			resends;		/* to a new crawler, without counting an attempt */
	bool		alone;			/* suspect: nothing else may be in flight with it */
	bool		uncounted;		/* ended before an attempt was made: it does not count */
	bool		ended;			/* has a result; waits to be stored */
	bool		placed;			/* its place at the gate is settled */
	bool		turned_away;	/* its site did not let it in after all */
	TimestampTz claimed_at;		/* by wf_clock */
	char	   *url;			/* UTF-8, palloc'd in the context given to claim */
	char	   *domain_name;	/* UTF-8, or NULL: nobody asks */
	char	   *version_url;	/* where the known version came from; UTF-8, NULL: none is */
	char	   *etag;			/* what it is asked for by; each may be NULL */
	char	   *last_modified;
	char	   *old_error;		/* of the page before the claim, or NULL */
	bool		fallback;		/* the second way of wf_curation.gateway_mode is its turn */
	bool		gateway;		/* by the gateway, for which credits were set aside */
	bool		sent;			/* a crawler has it, or had */
	bool		switching;		/* what it waits for is the second way */
	int			gateway_slot;	/* 0: none */
	int			credits_reserved;
	int			credits_used;	/* WF_CREDITS_UNKNOWN: perhaps all reserved */
	int32		credit_month;	/* DateADT: when they were reserved */
	const char *put_off;		/* why it is not sent after all (static), or NULL */
	struct WfEntry *entries;	/* of a domain, until its result comes; palloc'd as one, or NULL */
	int			nentries;		/* those; of a sitemap file, the ones stored so far */
	int			too_deep;		/* of an index: sitemaps below the deepest level so far */
} WfItem;

typedef struct WfClaimRequest
{
	WfStage    *stage;
	WfPicker   *picker;
	WfGate	   *gate;
	int			n;				/* items wanted */
	int			per_domain;		/* in flight of one domain at most */
	bool		may_be_alone;	/* nothing is in flight: a suspect may be taken */
	bool		may_drain;		/* a suspect that waits long may stop other claims */
	int			lease_ms;
	MemoryContext context;		/* for items */
	const pg_uuid_t *skip;		/* not to be claimed: their rows refuse it */
	int			nskip;
	WfWishes   *wishes;			/* in and out */
	const char *key_problem;	/* why there is no key for a gateway that is set; NULL */
	/* out, also when the transaction failed */
	WfItem	  **items;			/* in context */
	int			count;
	pg_uuid_t	last;			/* given to the claim statement last */
	bool		has_last;
	/* out */
	bool		more;			/* as many as wanted, or locked by others: there may be more */
	bool		held;			/* domains have more than per_domain allows */
	bool		unfinished;		/* not everything ready could be looked at yet */
	bool		paused;
	bool		drain;			/* nothing was claimed, so that a suspect gets its turn */
} WfClaimRequest;

/*
 * Claim up to n items: those whose retry is due, then ready ones, of which those that
 * somebody wants to have first get half of the places.  In one
 * transaction they become Processing and their attempt is counted.  Rows that
 * others have locked are passed over.
 */
extern void wf_queue_claim(WfClaimRequest *request);

/* Free an item that was never in flight, or is no longer. */
extern void wf_queue_free(WfItem *item);

/*
 * Which of these items are still ours: the row is Processing (and now locked)
 * and the claim carries our token.  valid[] is filled; our claims on the others
 * are deleted.  Rows that are Processing and have no claim at all any more are
 * queued again, here and in the next two.
 */
extern void wf_queue_fence(WfStage *stage, WfItem **items, int n, bool *valid);

/* The same without locking, as a hint that may be outdated at once. */
extern void wf_queue_check(WfStage *stage, WfItem **items, int n, bool *valid);

/* Give items back: Queued again, the attempt not counted. */
extern void wf_queue_release(WfStage *stage, WfItem **items, int n);

/* Extend the lease of the claims of these items, if they still are ours. */
extern void wf_queue_renew(WfItem **items, int n, int lease_ms);

/* Delete the claims of items that have ended. */
extern void wf_queue_forget(WfItem **items, int n);

/*
 * wf_queue_fence for items that have ended: where not_before[i] is 0 the claim
 * is deleted, else it waits until then.  What the status becomes is up to the
 * caller, in the same transaction, where valid[i].
 */
extern void wf_queue_end(WfStage *stage, WfItem **items, const TimestampTz *not_before, int n,
						 bool *valid);

/* When the next waiting item of a stage is due; 0 if none waits. */
extern TimestampTz wf_queue_next_due(const WfStage *stage);

/* The extension was perhaps created anew: make our statements again. */
extern void wf_queue_reset(void);

#endif							/* WF_QUEUE_H */
