/*-------------------------------------------------------------------------
 *
 * wf_suppress.h
 *	  The suppression list: whose addresses are never stored.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_SUPPRESS_H
#define WF_SUPPRESS_H

#include "commands/trigger.h"
#include "storage/lockdefs.h"

#include "core/wf_suppression.h"

/* The list, opened for looking addresses up. */
typedef struct WfSuppressionList WfSuppressionList;

/*
 * Open the list that is in the given schema, the extension's.  Sees what was
 * committed until now.  Until the end of the transaction nobody can change the
 * list by wf_suppress() or wf_erase(), so that what is not listed now may be
 * stored.  Allocates in the current memory context; needs a transaction.
 */
extern WfSuppressionList *wf_suppress_open(Oid schema);
extern void wf_suppress_close(WfSuppressionList *list);

/* Is nothing listed at all? */
extern bool wf_suppress_is_empty(const WfSuppressionList *list);

/* Is an address (UTF-8) listed, by itself, its hash, or a domain it is in? */
extern bool wf_suppress_has(WfSuppressionList *list, WfSlice address);

/*
 * The row trigger of contacts: NULL, with a NOTICE, for an INSERT of a listed
 * address; an ERROR for an UPDATE to one (23514); else the tuple as it is.
 */
extern HeapTuple wf_suppress_check_row(TriggerData *trigdata);

/* Parse an entry given to a SQL function; raises 22P02 when it is none. */
extern void wf_suppress_parse(const char *text, WfListing *entry);

/* The hash under which an address is listed, in hexadecimal; palloc'd. */
extern char *wf_suppress_hash(const WfListing *address);

/*
 * Put an entry (UTF-8) on the list, through SPI, which must be connected; false if it
 * is there.  Waits for those who have the list open, and has them wait, until
 * the end of the transaction.  Needs the rights of the extension's owner.
 */
extern bool wf_suppress_add(WfSlice entry, const char *reason);

/* Take an entry off the list, in the same way; false if it is not there. */
extern bool wf_suppress_remove(WfSlice entry);

#endif							/* WF_SUPPRESS_H */
