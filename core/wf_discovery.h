/*-------------------------------------------------------------------------
 *
 * wf_discovery.h
 *	  Finding the sitemaps of a domain: which URL next, and what its answer
 *	  means.  Knows no network; whoever has one asks wf_discovery_next, fetches
 *	  and tells the answer, one request at a time.
 *
 * https first and then http (or as the domain's text says); the "Sitemap:"
 * lines of robots.txt; if those give none, three places where sitemaps mostly
 * are; then links on the home page; then the other places.  Each of these
 * steps ends the search when it gave a sitemap, so most domains cost two
 * requests and none more than WF_DISCOVERY_MAX_REQUESTS.  A candidate counts
 * when the parser says that it is a sitemap.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_DISCOVERY_H
#define WF_DISCOVERY_H

#include "wf_outcome.h"
#include "wf_sitemap.h"

#define WF_DISCOVERY_MAX_CANDIDATES	100	/* named by robots.txt or the home page */
#define WF_DISCOVERY_MAX_REQUESTS	150

typedef struct WfDiscovery WfDiscovery;

typedef enum WfDiscoveryStep
{
	WF_DISCOVERY_ROBOTS,		/* robots.txt: its body is wanted */
	WF_DISCOVERY_HOME,			/* home page: likewise */
	WF_DISCOVERY_SITEMAP		/* to be parsed */
} WfDiscoveryStep;

typedef struct WfDiscoveryRequest
{
	WfDiscoveryStep step;
	WfSlice		url;			/* valid until the answer is told */
} WfDiscoveryRequest;

typedef struct WfDiscoveryAnswer
{
	WfOutcome	outcome;
	int			http_status;
	uint32_t	retry_after_ms;
	const char *error;			/* of an outcome that is not OK */
	WfSlice		url;			/* where redirects led */
	WfSlice		body;			/* of ROBOTS and HOME */
	WfSlice		last_modified;	/* header of a sitemap, or empty */
	const WfSitemapReport *report;	/* of SITEMAP, when outcome is OK */
} WfDiscoveryAnswer;

typedef struct WfDiscoveryResult
{
	WfOutcome	outcome;		/* OK: sitemaps; NONE_FOUND: there are none */
	int			http_status;	/* of what the outcome is about; 0 none */
	uint32_t	retry_after_ms;
	char		error[WF_MAX_ERROR];
	const WfEntry *items;		/* the discovery's memory */
	int			count;
	int			requests;
} WfDiscoveryResult;

/*
 * Begin with a domain as it stands in the table ("example.org", "www.x.org",
 * "http://x.org:8080/").  require_robots: without an answer about robots.txt
 * nothing else is asked (RFC 9309 section 2.3.1.4).  by_gateway: all else is asked by
 * somebody who may get an answer where we get none at all.  NULL when out of memory.
 */
extern WfDiscovery *wf_discovery_create(WfSlice domain, bool require_robots, bool by_gateway);
extern void wf_discovery_free(WfDiscovery *discovery);

/* The next request; false when the search is over. */
extern bool wf_discovery_next(WfDiscovery *discovery, WfDiscoveryRequest *request);

/* What came of the last request. */
extern void wf_discovery_answer(WfDiscovery *discovery, const WfDiscoveryAnswer *answer);

/* It takes too long: no more requests. */
extern void wf_discovery_give_up(WfDiscovery *discovery);

/* No more requests may be made; what was found counts. */
extern void wf_discovery_stop(WfDiscovery *discovery);

/* How it ended, once wf_discovery_next was false. */
extern void wf_discovery_result(const WfDiscovery *discovery, WfDiscoveryResult *result);

#endif							/* WF_DISCOVERY_H */
