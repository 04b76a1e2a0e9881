/*-------------------------------------------------------------------------
 *
 * wf_site.h
 *	  Sites: what politeness is kept towards, and what is known of one.
 *
 * A site is a host without a leading "www.", and its port unless that is the
 * default of its scheme: http://x.org, https://x.org and https://www.x.org are
 * one site (and most redirects stay in it), http://127.0.0.1:8080 is another
 * than http://127.0.0.1:8081.  robots.txt goes by authority (scheme, host and
 * port), of which a site may have several.
 *
 * Worker and crawler speak of sites by name and compute names here, both.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_SITE_H
#define WF_SITE_H

#include "wf_url.h"

#define WF_MAX_SITE			(WF_MAX_HOST + 8)	/* with brackets and port */
#define WF_MAX_ORIGIN		(WF_MAX_HOST + 16)
#define WF_ROBOTS_VALID_MS	(24 * 3600 * 1000)	/* RFC 9309 section 2.4 */
#define WF_MAX_VALIDATOR	256		/* an ETag or a Last-Modified */

/*
 * Requests that cannot start within so many milliseconds are handed back to
 * the worker (WF_OUTCOME_DEFERRED), which has other uses for their slots.
 */
#define WF_SITE_HOLD_MS		1000

/*
 * What must be known of a site by whoever fetches from it next.  A clean site,
 * which nearly all are, has zeros everywhere.
 */
typedef struct WfSiteState
{
	WfSlice		site;
	uint32_t	wait_ms;		/* no request before so long from now */
	uint32_t	delay_ms;		/* between the starts of two requests at present */
	uint32_t	slow_ms;		/* the part of that which its 429 and 503 led to */
	uint32_t	failures;		/* weight of those since the last good answer */
	uint32_t	openings;		/* how often its circuit breaker opened since then */
} WfSiteState;

/* A robots.txt as it was fetched. */
typedef struct WfRobotsFile
{
	WfSlice		site;
	WfSlice		origin;			/* "https://example.org" */
	uint32_t	valid_ms;		/* how long from now it may be used */
	WfSlice		body;			/* any bytes; empty: there is none, all is allowed */
} WfRobotsFile;

/* The site of a URL; "out" has room for WF_MAX_SITE + 1.  Returns its length. */
extern size_t wf_site_name(const WfUrl *url, char *out);

/*
 * The site of a URL as people write it, or of a bare host name.  The arena is
 * for parsing and reset before.  Returns 0, and "" in out, when it has none.
 */
extern size_t wf_site_of_text(WfArena *arena, WfSlice text, char *out);

/* A key for tables and locks; never 0 but for the empty name. */
extern uint64_t wf_site_hash(WfSlice site);

/* May this be sent as (part of) a header?  Printable ASCII within the limit. */
extern bool wf_site_is_validator(WfSlice value);

#endif							/* WF_SITE_H */
