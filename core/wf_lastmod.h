/*-------------------------------------------------------------------------
 *
 * wf_lastmod.h
 *	  Dates of sitemaps and feeds to a moment in time.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_LASTMOD_H
#define WF_LASTMOD_H

#include "wf_core.h"

/* Years believed: before there was no web, and nobody changed a page later. */
#define WF_LASTMOD_FIRST_YEAR	1970
#define WF_LASTMOD_LAST_YEAR	2199

/*
 * Read a W3C date (https://www.w3.org/TR/NOTE-datetime: YYYY, YYYY-MM,
 * YYYY-MM-DD, with hh:mm, seconds, any fraction, a zone; a blank or "t" for
 * "T", "z", "+0200", "UTC" and a missing zone, which is UTC, are forgiven) or
 * that of a feed (RFC 822 as changed by RFC 1123, obsolete zones included).
 * Whitespace around it does not count.
 *
 * Returns false for anything else, a date that does not exist and a year out
 * of range.  *us is in microseconds since 1970-01-01 00:00 UTC; what the text
 * does not say is the first moment of it.
 */
extern bool wf_lastmod_parse(WfSlice text, int64_t *us);

#endif							/* WF_LASTMOD_H */
