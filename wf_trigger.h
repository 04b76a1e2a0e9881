/*-------------------------------------------------------------------------
 *
 * wf_trigger.h
 *	  The row trigger that keeps the dual-status rule.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_TRIGGER_H
#define WF_TRIGGER_H

/*
 * Tell the trigger that the statements this process runs from now on are the
 * engine's own (worker or sweep), so that rows of a stage pass unchanged.  Only
 * statements at trigger depth 0 count: what a user's trigger writes in reaction
 * is a user's write.  A plain flag of this process, not reset by an abort:
 * whoever sets it clears it, also on error.
 */
extern void wf_trigger_set_engine(bool on);

#endif							/* WF_TRIGGER_H */
