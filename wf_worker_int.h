/*-------------------------------------------------------------------------
 *
 * wf_worker_int.h
 *	  The worker's inside: its state, and what its files offer each other.
 *	  Included by wf_worker*.c only.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_WORKER_INT_H
#define WF_WORKER_INT_H

#include <signal.h>

#include "storage/latch.h"
#include "utils/hsearch.h"

#include "wf_batch.h"
#include "wf_clock.h"
#include "wf_gate.h"
#include "wf_link.h"
#include "wf_queue.h"
#include "wf_store.h"
#include "wf_worker.h"

#define GROUP_SIZE			64		/* results stored in one transaction at most */
#define CLAIM_SIZE			256		/* items claimed in one transaction at most */
#define GROUP_DELAY_MS		4		/* how long a result waits for company */
#define UNSHARED_POLL_MS	1000	/* poll interval where commits cannot wake us */
#define BLOCKED_POLL_MS		5000	/* look again whether a blocked stage can run */
#define STORE_RETRY_MS		500
#define TROUBLE_RETRY_MS	1000	/* the server has run out of something */
#define TROUBLE_LOG_MS		60000
#define CLAIM_RETRY_MS		200
#define LOCKED_RETRY_MS		1000	/* others hold the rows that are due */
#define SITE_RETRY_MS		2000	/* an order waits for sites if not longer at once */
#define FRUITLESS_CLAIMS	3		/* in a row, before an order is finished */
#define CAREFUL_CLAIMS		256		/* of one item each, after a row refused */
#define MAX_SKIPPED			64		/* rows that refuse to be claimed, remembered */
#define SKIP_MS				60000
#define REFUSALS			MAX_SKIPPED	/* in a row: it is not the rows */
#define LOGGED_REFUSALS		8		/* … of which the log tells so many */
#define SWEEP_INTERVAL_MS	60000
#define HANG_CHECK_MS		1000
#define CHECK_INTERVAL_MS	1000	/* between looks for cancelled pages */
#define UNREADY_ENDS		3		/* of crawlers in a row: the program is broken */
#define MAX_RESENDS			10		/* of one item to new crawlers */
#define MAX_ASKED			64		/* more are asked again */
#define PUT_OFF_MS			5000	/* of a page that the gateway has no room for */
#define LEASE_MARGIN_MS		60000	/* beyond request_timeout */

typedef struct WfInFlight
{
	uint64		token;			/* hash key */
	WfItem	   *item;
} WfInFlight;

/* A stage as a worker goes about it. */
typedef struct WfWorkerStage
{
	Oid			owner;			/* when last seen */
	bool		look;			/* there may be something to claim */
	bool		exhausted;		/* the last look found less than wanted */
	bool		held;			/* domains have more than may be in flight at once */
	TimestampTz next_claim;		/* not before; 0: at once */
	TimestampTz next_due;		/* earliest retry known; 0: none */
	uint64		changes;		/* wf_stage_changes at the last look nobody asked for */
	int			fruitless;		/* claims in a row that found locked rows only */
	TimestampTz passed_since;	/* of an order: nothing but sites of others; 0 no */
	int			careful;		/* claims of one item each that remain */
	int			refusals;		/* rows in a row that refused to be claimed */
	bool		is_short;		/* claims fail, as the server has run out of something */
	WfWishes	wishes;			/* what operators want to have first */
	int			nskipped;
	pg_uuid_t	skipped[MAX_SKIPPED];
	TimestampTz skip_until;
	char		blocked[256];	/* why nothing is processed; empty: it is */
} WfWorkerStage;

typedef struct WfWorker
{
	WfWorkerArgs args;
	WfBatch    *batch;			/* NULL: standing */
	int			budget;			/* items an on-demand worker may still claim */
	WfWorkerStage stage[WF_STAGE_COUNT];
	WfStageId	turn;			/* whose turn it is to claim first */
	bool		draining;		/* a suspect of that stage waits until nothing is in flight */
	WfLink	   *link;
	WfPicker   *picker;
	WfGate	   *gate;
	WfAskMessage asked[MAX_ASKED];	/* questions of the crawler, to be answered */
	char		asked_site[MAX_ASKED][WF_MAX_SITE + 1];
	int			nasked;
	HTAB	   *in_flight;
	MemoryContext item_context;
	MemoryContext group_context;
	MemoryContext turn_context;	/* current outside transactions, reset each turn */
	WfResult  **pending;		/* results not yet stored */
	int			npending;
	int			pending_room;
	int			nfetching;		/* in flight and without a result */
	TimestampTz pending_since;
	TimestampTz next_store;		/* not before; 0: at once */
	TimestampTz next_poll;
	TimestampTz next_sweep;
	TimestampTz next_renew;
	TimestampTz next_report;	/* of statistics that are due; 0: there are none */
	TimestampTz next_hang_check;
	TimestampTz next_check;
	TimestampTz next_start;		/* of the crawler, after failures */
	int			start_failures;
	int			unready_ends;	/* of crawlers in a row before they were ready */
	uint64		pages;
	bool		settings_known;
	uint32		settings;		/* wf_db_settings at the start */
	bool		renew;			/* they changed: end, to be started with the new ones */
	char		trouble[128];	/* what the server ran out of; empty: nothing */
	bool		trouble_storing;	/* … at storing, not at claiming */
	TimestampTz trouble_logged;
	char		blocked[256];	/* why no stage can be processed; empty: they can */
	WaitEventSet *events;
	int			events_socket;	/* the socket in events, -1 none */
	int			socket_position;
} WfWorker;

/* The state of this process, and what its signal handlers saw. */
extern WfWorker wf_worker;
extern volatile sig_atomic_t wf_worker_got_sigterm;
extern volatile sig_atomic_t wf_worker_got_stop;
extern volatile sig_atomic_t wf_worker_in_transaction;

/* Around transactions: what signals do differs. */
extern void wf_worker_enter_transactions(void);
extern void wf_worker_leave_transactions(void);

/* in wf_worker_stage.c: transactions on the stage */

/*
 * Run work on a stage in a transaction with the rights it needs.  False if that
 * failed (*error), or if the stage cannot run: error->sqlstate is 0 then, and
 * the message empty if there is no such stage.
 */
extern bool wf_worker_run(WfStageId id, const char *activity,
						  void (*work) (WfStage *stage, void *arg), void *arg,
						  WfDbError *error);

/* Run work in a transaction on our own tables; otherwise as wf_db_run. */
extern bool wf_worker_run_own(const char *activity, void (*work) (void *arg), void *arg,
							  WfDbError *error);

/* Note, and log once, why no stage is processed; "" when they are. */
extern void wf_worker_set_blocked(const char *why);

/* The same of one stage. */
extern void wf_worker_set_stage_blocked(WfStageId id, const char *why);

/*
 * The server has run out of something (disk, memory, locks …) while items were
 * stored or claimed: it is tried again, slowly, and the log says so once a minute.
 */
extern void wf_worker_note_trouble(bool storing, const WfDbError *error);

/* It could be done, or need not be any more: what had run out is missed no longer. */
extern void wf_worker_end_trouble(bool storing);

/* The first reason why something is not processed, or NULL. */
extern const char *wf_worker_blocked(void);

/* There may be something to claim, in every stage. */
extern void wf_worker_look(bool look);

/*
 * There may be something where nobody announced it: where rows were written since
 * the last such look, and where a stage is blocked.  No statement is executed.
 */
extern void wf_worker_look_for_changes(void);

/* Might there be in any? */
extern bool wf_worker_looks(void);

/* Pick anew in a stage; only what is in flight counts against its domain. */
extern void wf_worker_reset_picker(WfStageId id);

/* Publish what this worker is doing. */
extern void wf_worker_report_state(void);

/* in wf_worker_flight.c: items in flight and their crawler */

/* A claimed item; it is this worker's until wf_worker_drop_item. */
extern void wf_worker_add_item(WfItem *item);

/* The item is no longer ours to care for; frees it. */
extern void wf_worker_drop_item(WfItem *item);

/* The link to this worker's crawler, whose messages are handled here. */
extern WfLink *wf_worker_create_link(void);

/* Answer the crawler's questions about sites. */
extern void wf_worker_answer(void);

/* The item ends with that, by the worker's own word. */
extern void wf_worker_fail_item(WfItem *item, WfOutcome outcome, const char *error);

/* It was not attempted, and is claimed again after a while. */
extern void wf_worker_put_off(WfItem *item, const char *why, uint32 wait_ms);

/*
 * Items of a stage in flight, those with a result or not, in the current memory
 * context.
 */
extern WfItem **wf_worker_items(WfStageId id, bool ended, int *n);

/* Those of every stage without a result. */
extern WfItem **wf_worker_fetching_items(int *n);

/* Send items to the crawler; what it cannot take ends at once. */
extern void wf_worker_send_items(WfItem **items, int n);

/* End the crawler; the item it was handling has had its attempt. */
extern void wf_worker_end_crawler(const char *why);

/* Make wf_worker.events fit the crawler's socket. */
extern void wf_worker_update_wait_events(void);

/* Start the crawler if it is needed and not there.  False: there is none now. */
extern bool wf_worker_ensure_crawler(void);

/* End a crawler that is stuck. */
extern void wf_worker_watch_crawler(TimestampTz now);

/* Read what the crawler sent, send what waits for it. */
extern void wf_worker_talk_to_crawler(bool readable);

/* in wf_worker_entries.c */

/* Of the link: what comes before the result of an item. */
extern void wf_worker_handle_entries(const WfEntriesMessage *message, void *arg);

/* in wf_worker_claim.c */

/* Is there something, and enough room that a claim is worth a transaction? */
extern bool wf_worker_claim_is_due(void);

/* Claim items into the free slots and send them. */
extern void wf_worker_claim_more(void);

/* Give back whatever is in flight. */
extern void wf_worker_release_all(void);

/* Free the slots of pages that nobody wants any more. */
extern void wf_worker_cancel_unwanted(TimestampTz now);

/* Extend the leases of all that is in flight. */
extern void wf_worker_renew_leases(void);

/* in wf_worker_store.c */

/* Store pending results, as many as one group takes. */
extern void wf_worker_store_pending(void);

/* Have results waited long enough, or are there enough of them? */
extern bool wf_worker_store_is_due(TimestampTz now);

/* Results that could not be stored in time. */
extern void wf_worker_forget_pending(void);

#endif							/* WF_WORKER_INT_H */
