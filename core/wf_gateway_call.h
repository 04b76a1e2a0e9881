/*-------------------------------------------------------------------------
 *
 * wf_gateway_call.h
 *	  What is asked of a gateway (ScraperAPI and the like): the URL of a call,
 *	  its options, what it may cost, and the file with the key.
 *
 * A gateway fetches a page for us and is paid for it in credits.  Its URL is
 * a setting: with "{url}" in it, it is a template; without, ScraperAPI's way
 * is meant, and "api_key", "url", the options and "max_cost" are appended.
 * The key is never part of a setting.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_GATEWAY_CALL_H
#define WF_GATEWAY_CALL_H

#include "wf_core.h"

#define WF_MAX_GATEWAY_URL		2048
#define WF_MAX_GATEWAY_OPTIONS	1024
#define WF_MAX_GATEWAY_KEY		512
#define WF_MAX_CREDITS			1000000 /* that one call may cost */
#define WF_GATEWAY_TIMEOUT_MS	70000	/* a vendor tries for so long */
#define WF_GATEWAY_SEARCH_CALLS 8	/* that one search of a domain may make */
#define WF_CREDITS_UNKNOWN		(-1)	/* as much as was set aside */

/*
 * NULL when the URL may be used, else a sentence for people (static).  An
 * empty one may: there is no gateway then.
 */
extern const char *wf_gateway_url_problem(const char *url);

/* The same for options: "name=value, …". */
extern const char *wf_gateway_options_problem(const char *options);

/*
 * The most credits a call with these options may cost: max_cost among them,
 * else ScraperAPI's price for render, premium and the like
 * (https://docs.scraperapi.com/credits-and-requests).
 */
extern int	wf_gateway_cost(const char *options);

/*
 * The URL of the call that fetches "target", malloc'ed; NULL when out of
 * memory.  It has the key in it: show it to nobody, and clear it before free.
 */
extern char *wf_gateway_call_url(const char *url, const char *options, const char *key,
								 WfSlice target);

/*
 * Read the key from its file into key[WF_MAX_GATEWAY_KEY + 1].  NULL when that
 * went well, else why not, as a text for people that does not name the file
 * (static, valid until the next call).  The file must be a regular one of
 * this user or root that nobody else may read or write, with one line of
 * printable ASCII.
 */
extern const char *wf_gateway_read_key(const char *path, char *key);

#endif							/* WF_GATEWAY_CALL_H */
