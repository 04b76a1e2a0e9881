/*-------------------------------------------------------------------------
 *
 * wf_fetch.h
 *	  Fetch web pages: many at once, a few per host, within a policy.
 *
 * A WfFetcher drives libcurl's multi interface from its caller's epoll loop.
 * It follows redirects itself, checks every address it connects to, bounds
 * size and time of what it receives and reports each end as a WfOutcome with
 * a text for people.  Nothing of libcurl shows here.
 *
 * The loop calls wf_fetch_event for each event whose data.fd is not its own,
 * then wf_fetch_turn once, and sleeps at most as long as that says.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_FETCH_H
#define WF_FETCH_H

#include "wf_config.h"
#include "wf_core.h"
#include "wf_netguard.h"
#include "wf_outcome.h"
#include "wf_site.h"

typedef struct WfFetcher WfFetcher;

typedef struct WfFetchRequest
{
	uint64_t	seq;			/* caller's number, not 0, unique among the pending */
	bool		keep_body;		/* hand the body over whatever status and type */
	bool		stream;			/* body of a 2xx of any type and size goes to "piece" */
	bool		patient;		/* waits for its host rather than be handed back */
	bool		gateway;		/* by the gateway of the settings */
	uint64_t	blame;			/* announced while it is handled; 0: seq */
	WfSlice		url;
	WfSlice		domain;			/* for require_domain_match; may be empty */
	WfSlice		home;			/* whose site we may use for it; empty: that of url */
	WfSlice		version_url;	/* a version known from before came from here … */
	WfSlice		etag;			/* … and is called so; each may be empty */
	WfSlice		last_modified;
} WfFetchRequest;

/* The next decoded bytes of a streamed body; valid during the callback. */
typedef struct WfFetchPiece
{
	uint64_t	seq;
	bool		first;
	WfSlice		content_type;
	WfSlice		url;			/* of the present hop */
	WfSlice		bytes;
} WfFetchPiece;

/* How a request ended.  All memory is valid during the callback only. */
typedef struct WfFetchResult
{
	uint64_t	seq;
	bool		keep_body;
	WfOutcome	outcome;		/* OK: body is text to be examined */
	int			http_status;	/* of the last response; 0 when none */
	uint32_t	retry_after_ms;
	bool		by_gateway;		/* it was the gateway that decided how it ended */
	int			credits;		/* that its call cost; WF_CREDITS_UNKNOWN: perhaps all */
	int64_t		started_ms;		/* CLOCK_MONOTONIC; 0 when it never started */
	uint64_t	body_bytes;		/* decoded bytes received */
	WfSlice		body;
	WfSlice		content_type;	/* printable ASCII */
	WfSlice		etag;			/* what the version may be asked for by; ASCII */
	WfSlice		last_modified;
	WfSlice		url;			/* as requested, normalised when it is a URL */
	WfSlice		effective_url;	/* of the last hop; empty when it is no URL */
	const char *error;			/* "" when outcome is OK; printable ASCII */
} WfFetchResult;

typedef struct WfFetchCallbacks
{
	/* A request ended.  Must not call wf_fetch_* functions. */
	void		(*done) (void *arg, const WfFetchResult *result);
	/*
	 * A piece of a streamed body; false: no more is wanted, the request then
	 * ends as if that were all.  May be NULL when nothing is streamed.  May
	 * block, as nothing else is fetched meanwhile; calls no wf_fetch_*.
	 */
	bool		(*piece) (void *arg, const WfFetchPiece *piece);
	/* Bytes of this request are being handled from now on; 0: of none. */
	void		(*working) (void *arg, uint64_t seq);

	/*
	 * For a fetcher that is one of several (all three NULL otherwise): it may
	 * use the sites of what was added ("home"); for any other, to which a
	 * redirect leads, it asks, and waits for wf_fetch_grant with the same id.  It
	 * reports what others must know of a site or need not fetch again.
	 */
	void		(*ask) (void *arg, uint64_t id, uint64_t seq, WfSlice site);
	void		(*site) (void *arg, const WfSiteState *state);
	void		(*robots) (void *arg, const WfRobotsFile *file);
	void	   *arg;
} WfFetchCallbacks;

/* Counters since creation. */
typedef struct WfFetchStats
{
	uint64_t	requests;		/* HTTP requests started, redirects included */
	uint64_t	connections;	/* sockets opened */
	uint64_t	redirects;
	uint64_t	downgrades;		/* redirects from https to http */
	uint64_t	refused;		/* addresses refused by policy */
	size_t		peak_bytes;		/* most body bytes held at once */
} WfFetchStats;

/*
 * Create a fetcher whose sockets are added to epoll_fd with their number in
 * data.fd.  "own" may be NULL; it and what callbacks points to must outlive
 * the fetcher.  One fetcher per process.  NULL when a library failed.
 */
extern WfFetcher *wf_fetch_create(int epoll_fd, const WfOwnAddresses *own,
								  const WfFetchCallbacks *callbacks);
extern void wf_fetch_free(WfFetcher *fetcher);

/*
 * Take over settings, now and whenever they change; running transfers end
 * under the old ones but for the address policy.  Copies what it needs.
 */
extern WfStatus wf_fetch_configure(WfFetcher *fetcher, const WfConfig *config);

/* Queue a request.  Its end, even an immediate one, comes by callback. */
extern WfStatus wf_fetch_add(WfFetcher *fetcher, const WfFetchRequest *request);

/* Forget a request: no callback follows.  Unknown numbers are ignored. */
extern void wf_fetch_cancel(WfFetcher *fetcher, uint64_t seq);

/* Answer a question of the "ask" callback.  Unknown ids are ignored. */
extern void wf_fetch_grant(WfFetcher *fetcher, uint64_t id, bool granted);

/* What is known of a site or its robots.txt from elsewhere. */
extern void wf_fetch_know_site(WfFetcher *fetcher, const WfSiteState *state);
extern void wf_fetch_know_robots(WfFetcher *fetcher, const WfRobotsFile *file);

/* Handle one event of epoll. */
extern void wf_fetch_event(WfFetcher *fetcher, int fd, uint32_t events);

/*
 * Timers, ends, new starts.  Returns the milliseconds after which it must be
 * called again, -1 when only an event or a request can bring work.
 */
extern int	wf_fetch_turn(WfFetcher *fetcher);

/* Requests that have not ended, queued ones included. */
extern int	wf_fetch_pending(const WfFetcher *fetcher);

extern const WfFetchStats *wf_fetch_stats(const WfFetcher *fetcher);

/* Name and version of the HTTP library, for --version. */
extern const char *wf_fetch_library(void);

#endif							/* WF_FETCH_H */
