/*-------------------------------------------------------------------------
 *
 * wf_pick.h
 *	  Choosing which ready items to claim next: fairly, at any queue size.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_PICK_H
#define WF_PICK_H

#include "datatype/timestamp.h"
#include "utils/uuid.h"

#include "wf_gate.h"
#include "wf_stage.h"

typedef struct WfPicker WfPicker;

/* A domain as a key; items without domain_id are a group of their own. */
typedef struct WfDomainKey
{
	pg_uuid_t	id;
	bool		is_null;
} WfDomainKey;

typedef struct WfPick
{
	pg_uuid_t	id;
	WfDomainKey domain;
	uint64		site;			/* of its URL when seen; entered at the gate */
} WfPick;

/* Key of a domain_id; NULL for none. */
extern WfDomainKey wf_pick_key(const pg_uuid_t *domain);

/*
 * One per worker, in TopMemoryContext.  rationed: what was looked at in vain may
 * rest longer and longer, and scans for domains that are slow may wait
 * (wf_pick_next_scan); an order must not, it would end late or too early.
 */
extern WfPicker *wf_pick_create(bool rationed);

/*
 * Forget the candidates of a stage and all reservations: its tables changed, or
 * a claim failed and it is unknown what was given out.  The caller reserves
 * anew for what it has in flight, of every stage.
 */
extern void wf_pick_reset(WfPicker *picker, WfStageId stage);

/*
 * Up to n items of the stage that were ready when seen, round robin over domains,
 * so that no domain has more than per_domain in flight, and whose sites the gate
 * lets in.  They are hints: the claim re-checks and locks.  Each counts as in
 * flight from now on, until wf_pick_release (and wf_gate_leave).  *more is set
 * when not all domains could be looked at.  Must be called inside wf_db_run.
 */
extern int	wf_pick_candidates(WfPicker *picker, WfStage *stage, WfGate *gate, int n,
							   int per_domain, WfPick *candidates, bool *more);

/*
 * Those of the items that are ready, in the order of ids, into picks, which has room
 * for n; returns how many.  Nothing is reserved.  Must be called inside wf_db_run.
 */
extern int	wf_pick_ready(WfStage *stage, const pg_uuid_t *ids, int n, WfPick *picks);

/*
 * Of n items that somebody wants to have first, those that may be claimed now, up to
 * max: moved to the front, each counted as in flight and entered at the gate as by
 * wf_pick_candidates.  Where a domain has more ready than may be in flight, its places
 * go to wishes and to the others in turn.
 */
extern int	wf_pick_wished(WfPicker *picker, WfStageId stage, WfGate *gate, int per_domain,
						   WfPick *picks, int n, int max);

/* Something may have become ready: look through all domains again. */
extern void wf_pick_look_again(WfPicker *picker);

/*
 * After wf_pick_candidates gave less than wanted: are there domains that have
 * more but are at their limit?
 */
extern bool wf_pick_holds(const WfPicker *picker, WfStageId stage);

/*
 * When domains are looked for again; 0: with the next call.  Until then those
 * that have become ready since the last look are not seen.
 */
extern TimestampTz wf_pick_next_scan(const WfPicker *picker, WfStageId stage);

/*
 * In-flight accounting, by domain and for all stages together, of items that
 * came another way, and of all that end.
 */
extern void wf_pick_reserve(WfPicker *picker, WfDomainKey domain);
extern void wf_pick_release(WfPicker *picker, WfDomainKey domain);

#endif							/* WF_PICK_H */
