/*-------------------------------------------------------------------------
 *
 * wf_robots.h
 *	  robots.txt (RFC 9309): which URLs of an authority we may fetch.
 *
 * Where the RFC leaves room, as Google's parser does: common misspellings of
 * keys count, a missing colon too, percent-encoded and plain bytes compare as
 * written but for the case of hexadecimal digits.  The file is UTF-8, or UTF-16
 * with a byte order mark; a rule that is neither is read as windows-1252, too.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_ROBOTS_H
#define WF_ROBOTS_H

#include "wf_arena.h"

#define WF_ROBOTS_MAX_BYTES		(500 * 1024)	/* RFC 9309 section 2.5 */
#define WF_ROBOTS_MAX_RULES		20000
#define WF_ROBOTS_MAX_DELAY		30000	/* ms that a Crawl-delay counts at most */

typedef struct WfRobotsRule
{
	WfSlice		pattern;		/* with '*' and final '$' */
	bool		allow;
} WfRobotsRule;

/* The rules for one product token; all memory is the arena's. */
typedef struct WfRobots
{
	WfRobotsRule *rules;
	int			count;
	int			crawl_delay_ms;	/* 0 when none */
} WfRobots;

/*
 * The file as it is read: at most WF_ROBOTS_MAX_BYTES, without a byte order mark,
 * UTF-16 as UTF-8 in the arena.  WF_ERR_NOMEM is the only failure.
 */
extern WfStatus wf_robots_text(WfArena *arena, WfSlice file, WfSlice *text);

/*
 * Read the file for the crawler with this product token ("wf_curation").  Any
 * bytes are a robots.txt; WF_ERR_NOMEM is the only failure.
 */
extern WfStatus wf_robots_parse(WfArena *arena, WfSlice file, WfSlice token, WfRobots *out);

/*
 * The URL of the next "Sitemap:" line, as it stands there; takes it and what
 * is before it off *text, which starts as that of wf_robots_text.  False at the end.
 */
extern bool wf_robots_next_sitemap(WfSlice *text, WfSlice *url);

/* True when path and query (as sent in a request) may be fetched. */
extern bool wf_robots_allows(const WfRobots *robots, WfSlice target);

/* The product token of a User-Agent header; empty when there is none. */
extern WfSlice wf_robots_token(WfSlice user_agent);

#endif							/* WF_ROBOTS_H */
