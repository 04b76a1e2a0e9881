/*-------------------------------------------------------------------------
 *
 * wf_wish.h
 *	  Which ready items an operator wants to have first (wf_prioritize).
 *
 * A row of wf_priority is a wish, nothing else: what is ready says the status
 * column alone.  It is deleted by the claim that grants it, or by whoever finds
 * that its item is not ready.  Every function here must be called inside
 * wf_db_run with the stage's owner.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_WISH_H
#define WF_WISH_H

#include "wf_pick.h"

#define WF_WISHES_AT_ONCE 128

/* What a worker knows of the wishes of a stage; zero-initialised. */
typedef struct WfWishes
{
	bool		look;			/* there may be some; false: not even asked for */
	bool		others_turn;	/* an odd slot is not for a wish this time */
	int			offset;			/* those before could not be granted just now */
	TimestampTz next_look;		/* not before; 0: at once */
} WfWishes;

/*
 * The next wishes, first those of the highest priority, then the oldest: up to
 * WF_WISHES_AT_ONCE items that are ready, into "ready", which the caller provides;
 * returns how many.  Those looked at are behind the next call's offset, until it
 * starts anew.  Wishes whose items are not ready are deleted.  Where there is none at
 * all, look is off.
 */
extern int	wf_wish_read(WfStage *stage, WfWishes *wishes, WfPick *ready);

/* Delete the wishes for these items, but for those that others have locked. */
extern void wf_wish_delete(const WfStage *stage, const pg_uuid_t *ids, int n);

/* Delete some wishes whose items are not ready, going on where the last call ended. */
extern void wf_wish_prune(WfStage *stage);

/* The extension was perhaps created anew: make our statements again. */
extern void wf_wish_reset(void);

#endif							/* WF_WISH_H */
