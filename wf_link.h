/*-------------------------------------------------------------------------
 *
 * wf_link.h
 *	  A worker's crawler process: start, talk, watch, blame, end.
 *
 * Knows no SQL and no transactions.  Nothing the crawler sends is trusted.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_LINK_H
#define WF_LINK_H

#include "datatype/timestamp.h"

#include "core/wf_message.h"

typedef struct WfLink WfLink;

/*
 * What the worker does with a result.  The message and all it points to live
 * only during the call.
 */
typedef void (*WfResultHandler) (const WfResultMessage *result, void *arg);

/* One per worker; no process yet. */
extern WfLink *wf_link_create(WfResultHandler handler, void *arg);

/* Is the program there?  If not, *problem (static) says so. */
extern bool wf_link_can_start(const char **problem);

/*
 * Start the crawler if there is none, and send it the settings.  False when
 * that failed; *problem (static) says why, and the caller tries again later.
 */
extern bool wf_link_start(WfLink *link, const char **problem);

/* Send the settings again, after a reload. */
extern void wf_link_configure(WfLink *link);

extern bool wf_link_running(const WfLink *link);

/* Has it started up, all its libraries found, and said so? */
extern bool wf_link_ready(const WfLink *link);
extern int	wf_link_pid(const WfLink *link);
extern int	wf_link_socket(const WfLink *link);

/* Queue a message; wf_link_write sends it.  False when out of memory. */
extern bool wf_link_fetch(WfLink *link, const WfFetchMessage *fetch);
extern bool wf_link_cancel(WfLink *link, uint64 seq);

/* Send what is queued and the socket takes.  False: the crawler is gone. */
extern bool wf_link_write(WfLink *link);
extern bool wf_link_wants_write(const WfLink *link);

/*
 * Read what has arrived and call the handler for each result.  False: the
 * crawler is gone or spoke nonsense.
 */
extern bool wf_link_read(WfLink *link);

/*
 * Is the crawler stuck on one item (or stopped) since longer than a page may
 * take?  Call about once a second while items are in flight.
 */
extern bool wf_link_is_hung(WfLink *link, TimestampTz now);

/*
 * End the crawler (SIGKILL, reaped) and forget what was queued.  Returns the
 * number of the item whose bytes it was handling, or 0: the one to blame.
 */
extern uint64 wf_link_stop(WfLink *link);

/* How the last crawler ended, for the log: "signal 11", "exit code 1". */
extern const char *wf_link_last_end(const WfLink *link);

#endif							/* WF_LINK_H */
