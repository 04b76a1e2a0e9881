/*-------------------------------------------------------------------------
 *
 * wf_fetch_int.h
 *	  Shared by the files of the fetcher only (wf_fetch*.c).
 *
 * A request is a WfTransfer from wf_fetch_add to its callback.  It waits in
 * the queue of its WfHost, holds a WfSlot (an easy handle and the state of
 * one response) while a hop of it runs, and goes back to a queue, perhaps of
 * another host, for each redirect.
 *
 * Invariants:
 * *	2. host->running counts the transfers of the host that have a slot.
 *	3. A host is in the ready list iff it may start a transfer now, in the
 *	   delayed list iff only time keeps it from that, in the idle list iff no
 *	   transfer is queued, runs or is held and no robots.txt is on its way
 *	   (only idle hosts are ever forgotten).
 *	4. fetcher->body_bytes is the sum of body.len over all slots.
 *	5. pool->running counts the slots whose handle is in the pool's multi.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_FETCH_INT_H
#define WF_FETCH_INT_H

#include <curl/curl.h>

#include "wf_arena.h"
#include "wf_fetch.h"
#include "wf_gateway_call.h"
#include "wf_robots.h"
#include "wf_url.h"

#define WF_OWN_SEQ				((uint64_t) 1 << 63)	/* up to those of surveys */
#define WF_FETCH_BUCKETS		4096	/* of both hash tables */
#define WF_FETCH_SHARES			64		/* of TLS sessions; libcurl keeps 8 in each */
#define WF_FETCH_POOLS			4		/* at most, those that drain included */
#define WF_BODY_BUDGET			(16 * 1024 * 1024)	/* bodies of all transfers */
#define WF_BODY_HARD_LIMIT		(24 * 1024 * 1024)

/* One text for every address: it must not tell what is behind it. */
#define WF_ADDRESS_REFUSED "address is not allowed by policy"

typedef struct WfAuthority WfAuthority;
typedef struct WfHost WfHost;
typedef struct WfPool WfPool;
typedef struct WfLookup WfLookup;
typedef struct WfSlot WfSlot;
typedef struct WfTransfer WfTransfer;

struct WfTransfer
{
	uint64_t	seq;			/* WF_OWN_SEQ and above: of the fetcher itself */
	uint64_t	blame;			/* request to announce while it is handled */
	WfAuthority *robots_for;	/* it is the robots.txt of this authority */
	bool		keep_body;
	bool		stream;
	bool		patient;
	bool		gateway;		/* a gateway fetches it for us */
	bool		by_gateway;		/* … and has decided how it ends */
	int			credits;		/* that this cost, as WfFetchResult has it */
	char	   *requested;		/* malloc'ed, NUL-terminated */
	char	   *url;			/* of the present hop, normalised */
	char	   *domain;			/* "" when any host will do */
	char	   *version_url;	/* where the next two came from; NULL: nowhere */
	char	   *etag;			/* "" when there was none */
	char	   *last_modified;
	int			hops;			/* redirects followed */
	int			restarts;		/* hops begun again */
	bool		looked_up;		/* its name was asked for a second time */
	size_t		origin_len;		/* of url: scheme, host and port */
	WfSlice		host_name;		/* in url */
	int64_t		started_ms;		/* of the first hop; 0 before */
	int64_t		spent_ms;		/* in hops that have ended */
	uint32_t	home;			/* hash of the host that we may use for it */
	WfHost	   *host;			/* of the queue or the slot */
	WfAuthority *authority;		/* of url */
	bool		looking;		/* held: its name is looked up again */
	int64_t		ask_ms;			/* held: when to ask for its site again; 0 not held */
	int64_t		ask_until_ms;	/* … and when to give up */
	uint32_t	wait_ms;		/* when deferred: for so long */
	WfSlot	   *slot;
	WfTransfer *seq_next;		/* in the table by seq */
	WfTransfer *prev;			/* in the queue of the host */
	WfTransfer *next;
};

typedef enum WfHostList
{
	WF_HOST_BUSY = 0,			/* in no list: at its limit */
	WF_HOST_READY,
	WF_HOST_DELAYED,
	WF_HOST_IDLE,
	WF_HOST_LIST_COUNT
} WfHostList;

typedef enum WfRobotsState
{
	WF_ROBOTS_UNKNOWN = 0,
	WF_ROBOTS_ASKED,			/* being fetched: pages wait */
	WF_ROBOTS_REFRESHED,		/* likewise, but an old copy is known */
	WF_ROBOTS_KNOWN				/* until robots_until_ms */
} WfRobotsState;

/* Scheme, host and port: what a robots.txt speaks for. */
struct WfAuthority
{
	WfAuthority *next;			/* of the same host */
	WfHost	   *host;
	char	   *origin;			/* "http://example.org" */
	WfRobotsState robots_state;
	int64_t		robots_until_ms;
	WfRobots   *robots;			/* one block; NULL: no rules for us */
	size_t		robots_size;
	int			crawl_delay_ms;
	WfOutcome	robots_outcome; /* not OK: how pages end meanwhile … */
	char		robots_error[256];	/* … and why */
};

/* One site (wf_site.h): what politeness is kept towards. */
struct WfHost
{
	char	   *name;
	uint32_t	hash;
	WfHost	   *bucket_next;
	WfHostList	list;
	WfHost	   *prev;
	WfHost	   *next;
	WfTransfer *head;			/* queue, first in first out */
	WfTransfer *tail;
	int			running;
	int			unsent;			/* running ones that have yet to send their request */
	int			held;			/* transfers that wait for an answer about it */
	int			asked;			/* robots.txt files on their way */
	WfAuthority *authorities;
	uint32_t	pool;			/* number of the last one it was used in */
	bool		reached;		/* a connection was made: its name resolves */
	bool		reported;		/* the worker was told of a state that is not clean */
	int64_t		next_start_ms;	/* not before; 0 at once */
	int			delay_ms;		/* the longest Crawl-delay */

	/* back-off: wf_fetch_backoff.c */
	int64_t		until_ms;		/* no request before; 0 none */
	int			slow_ms;		/* delay after 429 and 503 */
	int			failures;		/* weight since the last good answer */
	int			openings;		/* of the circuit breaker since then */
};

typedef struct WfHostQueue
{
	WfHost	   *head;
	WfHost	   *tail;
	int			count;
} WfHostQueue;

typedef struct WfHosts
{
	WfHost	   *buckets[WF_FETCH_BUCKETS];
	WfHostQueue lists[WF_HOST_LIST_COUNT];
	int			per_host;		/* limits, from the settings */
	int			delay_ms;
	int			retry_ms;		/* first pause of the circuit breaker */
	size_t		robots_bytes;	/* of all hosts */
	uint64_t	random;			/* state of the generator of jitter */
} WfHosts;

/* Why a callback of ours ended a transfer. */
typedef enum WfAbort
{
	WF_ABORT_NONE = 0,
	WF_ABORT_BODY_SIZE,
	WF_ABORT_HEADER_SIZE,
	WF_ABORT_INFORMATIONAL,		/* endless 1xx responses */
	WF_ABORT_UNWANTED,			/* long body that nobody will read */
	WF_ABORT_ADDRESS,			/* policy */
	WF_ABORT_MEMORY,			/* malloc failed */
	WF_ABORT_BUDGET				/* begin again when others have ended */
} WfAbort;

typedef struct WfBody
{
	char	   *data;
	size_t		len;
	size_t		room;
} WfBody;

/*
 * A multi handle with its connections and DNS cache.  libcurl keeps a record
 * of each host it was ever connected to and walks them, so after many hosts
 * new transfers get a new pool, and the old one ends with its last transfer.
 */
struct WfPool
{
	WfPool	   *next;
	WfFetcher  *fetcher;
	CURLM	   *multi;
	uint32_t	number;			/* 1 for the first */
	int			running;
	int			hosts;			/* used in it */
	int64_t		timer_ms;		/* when libcurl wants a turn; -1 never */
};

struct WfSlot
{
	CURL	   *easy;
	WfFetcher  *fetcher;
	WfPool	   *pool;			/* NULL while the handle is in none */
	CURLSH	   *share;			/* attached */
	WfTransfer *transfer;		/* NULL while the slot is free */
	uint32_t	generation;		/* of the settings in the handle */
	char		error[CURL_ERROR_SIZE];
	int64_t		start_ms;		/* of this hop */
	long		timeout_ms;		/* of this hop */
	WfSlot	   *prev;			/* in the list of running slots */
	WfSlot	   *next;			/* there, or in the list of free ones */
	bool		unsent;			/* it counts among the host's */

	/* state of the response */
	WfAbort		abort;
	bool		address_refused;
	bool		connected;		/* TLS included: the request could be sent */
	bool		body_started;
	bool		body_wanted;
	bool		paused;
	bool		conditional;	/* the request named a version we know */
	int			informational;
	int			header_lines;
	size_t		header_bytes;
	int			status;
	uint32_t	retry_after_ms;
	uint64_t	received;		/* decoded bytes, kept or not */
	char	   *location;		/* malloc'ed; NULL when none */
	char		content_type[256];
	char		etag[WF_MAX_VALIDATOR + 1];
	char		last_modified[WF_MAX_VALIDATOR + 1];
	int			credit_cost;	/* what a gateway says it costs; WF_CREDITS_UNKNOWN */
	struct curl_slist *headers; /* of this request only; NULL: those of all */
#ifdef WF_FAULTS
	struct curl_slist *connect_to;
#endif
	WfBody		body;
};

typedef struct WfSocket
{
	uint8_t		wanted;			/* EPOLLIN, EPOLLOUT */
	uint8_t		registered;		/* what epoll knows */
	bool		ours;			/* opened by our callback */
	WfPool	   *pool;			/* who waits for it */
	uint64_t	seq;			/* last request served by it */
} WfSocket;

/* The gateway of the settings; see wf_fetch_gateway.c. */
typedef struct WfGateway
{
	char	   *url;			/* malloc'ed copies; NULL: there is none */
	char	   *options;
	char	   *key;
	WfHost	   *host;			/* it is left alone like a host; held, so never forgotten */
} WfGateway;

struct WfFetcher
{
	WfPool	   *pools;			/* the present one first */
	uint32_t	pool_number;
	CURLSH	   *shares[WF_FETCH_SHARES];
	struct curl_slist *headers;
	int			epoll_fd;
	WfFetchCallbacks callbacks;
	const WfOwnAddresses *own;
	WfConfig	config;			/* own copy */
	uint32_t	generation;
	uint64_t	own_seq;		/* last number given to a transfer of our own */
	WfNetguard *guard;
	WfGateway	gateway;
	WfHosts		hosts;
	WfTransfer *by_seq[WF_FETCH_BUCKETS];
	int			pending;
	int			running;
	WfSlot	   *first_slot;		/* running, oldest start first */
	WfSlot	   *last_slot;
	WfSlot	   *free_slots;
	int			free_count;
	int			paused;
	WfSocket   *sockets;		/* by descriptor */
	int			socket_room;
	int			asking;			/* transfers with ask_ms */
	int64_t		now_ms;
	size_t		body_bytes;
	WfBody		spare[32];		/* buffers to use again, hottest last */
	int			spare_count;
	WfLookup   *lookup;			/* created when first needed */
	WfArena    *scratch;		/* for parsing a URL; reset before each */
	WfFetchStats stats;
};

/* wf_fetch.c */

/* CLOCK_MONOTONIC in milliseconds. */
extern int64_t wf_fetch_clock(void);
extern void wf_fetch_announce(WfFetcher *fetcher, uint64_t seq);

/* Forget all requests. */
extern void wf_fetch_cancel_all(WfFetcher *fetcher);

/* wf_fetch_socket.c */

/* A socket of ours, -1 on failure. */
extern int	wf_fetch_open_socket(WfFetcher *fetcher, int family, int type, int protocol);

/* Callbacks of libcurl. */
extern int	wf_fetch_close_socket(void *fetcher, curl_socket_t fd);
extern int	wf_fetch_on_socket(CURL *easy, curl_socket_t fd, int what, void *pool,
							   void *unused);

/*
 * What epoll said, in libcurl's terms, and whose socket it is; 0 when nobody
 * waits for it any more.
 */
extern int	wf_fetch_socket_event(WfFetcher *fetcher, int fd, uint32_t events, WfPool **pool);

/* The pool ends: nobody waits for its sockets. */
extern void wf_fetch_forget_sockets(WfFetcher *fetcher, const WfPool *pool);

/* wf_fetch_pool.c */

/* The first pool.  False when out of memory. */
extern bool wf_pool_create(WfFetcher *fetcher);

/* Limits of the present pool, after the settings changed. */
extern void wf_pool_configure(WfFetcher *fetcher);

/* Open connections that so many transfers may need, idle ones included. */
extern long wf_pool_connections(int concurrency);

/* Give the slot's handle to the present pool, or to a new one. */
extern bool wf_pool_add(WfSlot *slot);

/* Take it back. */
extern void wf_pool_remove(WfSlot *slot);

/* End the pools that have nothing left to do. */
extern void wf_pool_drain(WfFetcher *fetcher);

extern void wf_pool_free_all(WfFetcher *fetcher);

/* wf_fetch_backoff.c */

/* What the end of a hop at the host says about the host. */
extern void wf_hosts_learn(WfHosts *hosts, WfHost *host, const WfSlot *slot,
						   WfOutcome outcome, int64_t now);

/* Milliseconds between two starts at present. */
extern int	wf_hosts_delay(const WfHosts *hosts, const WfHost *host);

/* How many transfers the host may have at once at present. */
extern int	wf_hosts_limit(const WfHosts *hosts, const WfHost *host);

/* The state of a host in the worker's terms, and back. */
extern void wf_hosts_state(const WfHosts *hosts, const WfHost *host, int64_t now,
						   WfSiteState *state);
extern void wf_hosts_restore(WfHosts *hosts, WfHost *host, const WfSiteState *state,
							 int64_t now);

/* Leave the host alone for so long; then it is half open. */
extern void wf_hosts_close(WfHost *host, int pause_ms, int64_t now);

/* Is one request at a time let through, to see whether the host is well again? */
extern bool wf_hosts_half_open(const WfHost *host);

/* wf_fetch_gateway.c */

/* Take over the gateway of the settings.  False when out of memory. */
extern bool wf_gateway_configure(WfFetcher *fetcher, const WfConfig *config);
extern void wf_gateway_free(WfFetcher *fetcher);

/* The host that a connection is made to: the gateway's, or the page's own. */
extern WfHost *wf_gateway_peer(const WfFetcher *fetcher, const WfTransfer *transfer);

/*
 * May a call be made now?  If not, sets *wait_ms and why (room for
 * WF_MAX_ERROR).
 */
extern bool wf_gateway_admits(const WfFetcher *fetcher, uint32_t *wait_ms, char *why);

/* Have the handle make the call for the transfer of the slot. */
extern CURLcode wf_gateway_prepare(WfSlot *slot);

/*
 * What the end of a call means, for the page (returned, with its text), for
 * the gateway (learnt) and in credits (into the transfer).
 */
extern WfOutcome wf_gateway_judge(WfFetcher *fetcher, WfSlot *slot, CURLcode code, char *error);

/* wf_fetch_hosts.c */

/* The host of a site, created if need be; NULL when out of memory. */
extern WfHost *wf_hosts_get(WfHosts *hosts, const char *site, size_t len);

/* The authority of an origin at its host, likewise. */
extern WfAuthority *wf_hosts_authority(WfHost *host, WfSlice origin);

/*
 * Put a transfer into the queue of its host, in front for a further hop; a
 * robots.txt is before all pages.
 */
extern void wf_hosts_enqueue(WfHosts *hosts, WfTransfer *transfer, bool front, int64_t now);

/* Take a queued transfer out. */
extern void wf_hosts_remove(WfHosts *hosts, WfTransfer *transfer, int64_t now);

/* Hosts whose delay is over join the end of the ready list. */
extern void wf_hosts_wake(WfHosts *hosts, int64_t now);

/* The next transfer that may start, hosts in turn; counted as running. */
extern WfTransfer *wf_hosts_next(WfHosts *hosts, int64_t now);

/* A transfer that wf_hosts_next gave begins: it connects, if need be. */
extern void wf_hosts_started(WfHosts *hosts, WfHost *host, int64_t now);

/*
 * Its request is sent now: the host's delay begins.  Or it ended without, which
 * is taken for the same.
 */
extern void wf_hosts_sent(WfHosts *hosts, WfHost *host, int64_t now);

/* Something about the host changed that decides what it may start. */
extern void wf_hosts_refresh(WfHosts *hosts, WfHost *host, int64_t now);

/* A transfer of the host waits outside of its queue (+1), or no longer (-1). */
extern void wf_hosts_hold(WfHosts *hosts, WfHost *host, int change, int64_t now);

/*
 * A transfer queued at a host that may start nothing for longer than limit_ms,
 * hops_ms if it has followed a redirect; taken out of the queue.  NULL when
 * there is none.
 */
extern WfTransfer *wf_hosts_overdue(WfHosts *hosts, int limit_ms, int hops_ms, int64_t now);

/* Forget the robots.txt of one authority, or have all fetched again. */
extern void wf_hosts_drop_robots(WfHosts *hosts, WfAuthority *authority);
extern void wf_hosts_expire_robots(WfHosts *hosts);

/* Count a robots.txt just stored; make room among idle hosts if need be. */
extern void wf_hosts_keep_robots(WfHosts *hosts, WfAuthority *authority, int64_t now);

/* A running transfer of the host gave up its slot. */
extern void wf_hosts_ended(WfHosts *hosts, WfHost *host, int64_t now);

/* The host's name was resolved and a connection made. */
extern void wf_hosts_reached(WfHosts *hosts, WfHost *host, int64_t now);

/* Milliseconds until a delayed host may start, -1 when none waits. */
extern int	wf_hosts_wait(const WfHosts *hosts, int64_t now);

extern void wf_hosts_configure(WfHosts *hosts, int per_host, int delay_ms, int64_t now);
extern void wf_hosts_free(WfHosts *hosts);

/* wf_fetch_lookup.c */
typedef enum WfLookupVerdict
{
	WF_LOOKUP_RESOLVES,			/* now it does */
	WF_LOOKUP_NO_NAME,			/* the name does not exist */
	WF_LOOKUP_NOT_NOW			/* the resolver could not tell */
} WfLookupVerdict;

typedef struct WfLookupAnswer
{
	uint64_t	seq;
	WfLookupVerdict verdict;
} WfLookupAnswer;

extern WfLookup *wf_lookup_create(void);

/* Waits for the look-up that is going on, if any. */
extern void wf_lookup_free(WfLookup *lookup);

/* Readable when an answer is there. */
extern int	wf_lookup_fd(const WfLookup *lookup);

/* False when too many questions wait. */
extern bool wf_lookup_ask(WfLookup *lookup, uint64_t seq, WfSlice host);

/* The next answer; false when there is none yet. */
extern bool wf_lookup_answer(WfLookup *lookup, WfLookupAnswer *answer);

/* wf_fetch_robots.c */

/* The robots.txt that transfer fetched has ended. */
extern void wf_fetch_robots_store(WfFetcher *fetcher, const WfTransfer *transfer,
								  const WfFetchResult *result);

/* May this page be fetched, now that its host's robots.txt is known? */
extern WfOutcome wf_fetch_robots_judge(const WfTransfer *transfer, char *error);

/* wf_fetch_slot.c */
extern WfSlot *wf_slot_acquire(WfFetcher *fetcher);
extern void wf_slot_release(WfSlot *slot);
extern void wf_slot_free(WfSlot *slot);

/* The request of the hop is sent, or never will be. */
extern void wf_slot_sent(WfSlot *slot);

/* Prepare the handle for the present hop of slot->transfer. */
extern CURLcode wf_slot_prepare(WfSlot *slot);

/* wf_fetch_tls.c */

/* Have the handle's TLS sessions outlive their connections, for the next ones. */
extern CURLcode wf_fetch_keep_sessions(CURL *easy);

/* wf_fetch_end.c */

/* What the end of a hop means; "error" has room for WF_MAX_ERROR bytes. */
extern WfOutcome wf_fetch_judge(const WfSlot *slot, CURLcode code, char *error);

/* True for content types that are examined. */
extern bool wf_fetch_is_text(const char *content_type);

/* True when the response is a redirect that names its target. */
extern bool wf_fetch_is_redirect(const WfSlot *slot, CURLcode code);

#endif							/* WF_FETCH_INT_H */
