/*-------------------------------------------------------------------------
 *
 * wf_outcome.h
 *	  How one fetch ended: the classes, their names, and which are retried.
 *
 * The one place that decides "retry or not"; the crawler reports a class, the
 * worker looks the rest up here.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_OUTCOME_H
#define WF_OUTCOME_H

#include "wf_core.h"

typedef enum WfOutcome			/* numbers travel in messages and in wf_attempt */
{
	WF_OUTCOME_OK = 0,			/* fetched and examined */
	WF_OUTCOME_BAD_URL,			/* not an absolute http(s) URL */
	WF_OUTCOME_POLICY,			/* address, host or port refused */
	WF_OUTCOME_ROBOTS,			/* disallowed by robots.txt */
	WF_OUTCOME_DNS,				/* name does not exist */
	WF_OUTCOME_DNS_TEMPORARY,	/* name could not be resolved now */
	WF_OUTCOME_CONNECT,			/* refused, unreachable */
	WF_OUTCOME_TIMEOUT,			/* connect, stall or total time */
	WF_OUTCOME_RESET,			/* connection ended early, truncated body */
	WF_OUTCOME_TLS,				/* handshake failed */
	WF_OUTCOME_TLS_CERTIFICATE,	/* certificate not acceptable */
	WF_OUTCOME_REDIRECT,		/* too many, loop, or a bad Location */
	WF_OUTCOME_TOO_LARGE,		/* body or headers over the limit */
	WF_OUTCOME_PROTOCOL,		/* malformed HTTP or content encoding */
	WF_OUTCOME_HTTP_CLIENT,		/* 4xx that will not change: 401, 403, 404, 410 … */
	WF_OUTCOME_HTTP_THROTTLED,	/* 408, 425, 429 */
	WF_OUTCOME_HTTP_SERVER,		/* 5xx */
	WF_OUTCOME_HTTP_EMPTY,		/* 204, or 2xx with an empty body */
	WF_OUTCOME_CONTENT_TYPE,	/* not text: PDF, image … */
	WF_OUTCOME_EXTRACT,			/* page could not be examined (memory, limit) */
	WF_OUTCOME_CRASH,			/* crawler died or hung on this page (worker's word) */
	WF_OUTCOME_WORKER,			/* worker died with this page (rescue's word) */
	WF_OUTCOME_STORE,			/* results could not be stored (worker's word) */
	WF_OUTCOME_INTERNAL,		/* a fault of ours */
	WF_OUTCOME_NOT_MODIFIED,	/* 304: as it was when fetched before */
	WF_OUTCOME_DEFERRED,		/* not attempted: its host wants to be left alone for now */
	WF_OUTCOME_NOT_SITEMAP,		/* an answer, but none that lists URLs */
	WF_OUTCOME_PARTIAL,			/* a sitemap read up to a fault or limit; that part counts */
	WF_OUTCOME_NONE_FOUND,		/* a site without a sitemap */
	WF_OUTCOME_COUNT
} WfOutcome;

/* Short stable name for views ("http_server"); "unknown" out of range. */
extern const char *wf_outcome_name(int outcome);

/* True when the page is Complete with it. */
extern bool wf_outcome_is_success(int outcome);

/* True when another attempt later may end differently. */
extern bool wf_outcome_is_retryable(int outcome);

#endif							/* WF_OUTCOME_H */
