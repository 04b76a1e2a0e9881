/*-------------------------------------------------------------------------
 *
 * wf_gate.h
 *	  The gate to the sites: who of the database's workers may fetch where.
 *
 * A site (core/wf_site.h) is used by one worker at a time, so that limits kept
 * by its crawler hold across all workers, on-demand ones too.  What the next
 * one must know of a site is in wf_host and wf_robots.
 *
 * One gate per worker process.  It is told when items enter and leave; it
 * knows no items.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_GATE_H
#define WF_GATE_H

#include "datatype/timestamp.h"

#include "wf_link.h"

typedef struct WfGate WfGate;

#define WF_GATE_PATIENCE_MS 5000	/* of an order, with sites that it may not use now */

typedef enum WfGateVerdict
{
	WF_GATE_OPEN,				/* entered: wf_gate_leave is owed */
	WF_GATE_FULL,				/* we have as many in flight there as may be */
	WF_GATE_BUSY,				/* another worker has it */
	WF_GATE_WAITS				/* nobody may for now: delay, back-off */
} WfGateVerdict;

extern WfGate *wf_gate_create(void);

/* Key of the site of a URL or host name (UTF-8); 0 when it has none. */
extern uint64 wf_gate_key(const char *url);

/*
 * May one more item of this site be claimed?  Takes the site, without
 * waiting, if it is not ours.  Key 0 is always open.  Sites taken are to be
 * read (wf_gate_read) before anything is fetched from them.
 */
extern WfGateVerdict wf_gate_enter(WfGate *gate, uint64 key);

/* One that entered has ended, or was not claimed after all. */
extern void wf_gate_leave(WfGate *gate, uint64 key);

/* The same for what redirects lead to: not counted, but the site is kept. */
extern bool wf_gate_hold(WfGate *gate, uint64 key);
extern void wf_gate_unhold(WfGate *gate, uint64 key);

/*
 * After a claim that failed, or when it is unknown what was entered: forget all
 * places, have those counted that are still taken, give up the rest.
 */
extern void wf_gate_forget_places(WfGate *gate);
extern void wf_gate_count_place(WfGate *gate, uint64 key);
extern void wf_gate_count_hold(WfGate *gate, uint64 key);
extern void wf_gate_give_up_idle(WfGate *gate);

/*
 * Read what is known of the sites taken since the last call; the crawler gets
 * it from wf_gate_send.  Must be called inside wf_db_run.
 */
extern void wf_gate_read(WfGate *gate);
extern bool wf_gate_must_read(const WfGate *gate);

/* Must the site be left alone for now?  *until (may be NULL) says how long. */
extern bool wf_gate_waits(WfGate *gate, uint64 key, TimestampTz *until);

/*
 * Would no worker, or another one, be let in now?  Says when to look again as
 * wf_gate_enter does.
 */
extern bool wf_gate_is_closed(WfGate *gate, uint64 key);

/*
 * A site that all workers use at once, each writing what it finds (the gateway
 * of wf_gateway.c): the next wf_gate_read reads it again.
 */
extern void wf_gate_share(WfGate *gate, uint64 key);

/* Queue for the crawler what was read.  Before the requests that follow. */
extern void wf_gate_send(WfGate *gate, WfLink *link);

/* The crawler ended: what is known of our sites is for the next one. */
extern void wf_gate_crawler_ended(WfGate *gate);

/* What the crawler reports; only of sites that are ours. */
extern void wf_gate_note_site(WfGate *gate, const WfSiteState *state);
extern void wf_gate_note_robots(WfGate *gate, const WfRobotsFile *file);

/*
 * Write what was reported.  Must be called inside wf_db_run, before the sites
 * are left; wf_gate_written when that was committed.
 */
extern void wf_gate_write(WfGate *gate);
extern void wf_gate_written(WfGate *gate);

/*
 * When to look again for items that were passed over since wf_gate_reset_wake;
 * 0 when none was.
 */
extern TimestampTz wf_gate_wake(const WfGate *gate);
extern void wf_gate_wake_at(WfGate *gate, TimestampTz when);
extern void wf_gate_reset_wake(WfGate *gate);

/* Delete up to n rows that nobody needs any more.  Inside wf_db_run. */
extern uint64 wf_gate_prune(int n);

/* The extension was perhaps created anew: make our statements again. */
extern void wf_gate_reset(void);

#endif							/* WF_GATE_H */
