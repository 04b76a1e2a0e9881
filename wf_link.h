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
 * What the worker does with messages.  They and all they point to live only
 * during the call.  Without "ask" every site is granted; "site" and "robots"
 * may be NULL; without "entries" those are malformed messages.  "entries" may
 * take its time, in a transaction too: meanwhile the crawler waits.
 */
typedef struct WfLinkHandlers
{
	void		(*result) (const WfResultMessage *result, void *arg);
	void		(*entries) (const WfEntriesMessage *entries, void *arg);
	void		(*ask) (const WfAskMessage *ask, void *arg);
	void		(*site) (const WfSiteState *state, void *arg);
	void		(*robots) (const WfRobotsFile *file, void *arg);
	void	   *arg;
} WfLinkHandlers;

/* One per worker; no process yet.  Copies the handlers. */
extern WfLink *wf_link_create(const WfLinkHandlers *handlers);

/* Is the program there?  If not, *problem (static) says so. */
extern bool wf_link_can_start(const char **problem);

/*
 * Start the crawler if there is none, and send it the settings.  False when
 * that failed; *problem (static) says why, and the caller tries again later.
 */
extern bool wf_link_start(WfLink *link, const char **problem);

/* Send the settings again, after a reload. */
extern void wf_link_configure(WfLink *link);

/*
 * The same, if the gateway's key file says something else than it did then.
 * Returns why there is no key to be had from it (static), or NULL.
 */
extern const char *wf_link_renew_key(WfLink *link);

extern bool wf_link_running(const WfLink *link);

/* Has it started up, all its libraries found, and said so? */
extern bool wf_link_ready(const WfLink *link);
extern int	wf_link_pid(const WfLink *link);
extern int	wf_link_socket(const WfLink *link);

/* Queue a message; wf_link_write sends it.  False when out of memory. */
extern bool wf_link_fetch(WfLink *link, const WfFetchMessage *fetch);
extern bool wf_link_cancel(WfLink *link, uint64 seq);
extern bool wf_link_grant(WfLink *link, uint64 id, bool granted);

/* The same for whole frames that somebody else wrote. */
extern bool wf_link_append(WfLink *link, const WfBuffer *frames);

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
