/*-------------------------------------------------------------------------
 *
 * wf_page.h
 *	  Bytes of one web page in, findings out.  The one entry to extraction,
 *	  for the crawler and for the SQL functions.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_PAGE_H
#define WF_PAGE_H

#include "wf_arena.h"
#include "wf_finding.h"

/* Compiled patterns and tables; immutable after creation, one per process. */
typedef struct WfExtractor WfExtractor;

/* NULL when a library could not be set up or memory is short. */
extern WfExtractor *wf_extractor_create(void);
extern void wf_extractor_free(WfExtractor *extractor);

typedef struct WfPageInput
{
	WfSlice		body;			/* bytes as received, content-decoded */
	WfSlice		content_type;	/* header value; empty when unknown */
	WfSlice		url;			/* effective URL; empty when unknown */
	bool		body_is_utf8;	/* skip charset detection: already valid UTF-8 */
	const char *default_region; /* ISO 3166 alpha-2, e.g. "US" */
	WfStop		stop;
} WfPageInput;

/*
 * What the extraction of a page may take of an arena at most: its text in UTF-8
 * (up to three bytes for each of the body, while a buffer grows one more), and
 * tables, windows and findings, which do not depend on it.
 */
static inline size_t
wf_page_memory(size_t body_len)
{
	return 4 * body_len + (size_t) 32 * 1024 * 1024;
}

/*
 * Extract the contacts of a page.  On WF_OK, *out is filled with findings in
 * page order, without doubles (kind, value), all valid UTF-8 without NUL; its
 * memory is the arena's.  Malformed input is no error: it has fewer findings.
 * Time is linear in the body, memory at most wf_page_memory().
 */
extern WfStatus wf_page_extract(const WfExtractor *extractor, WfArena *arena,
								const WfPageInput *in, WfFindings *out);

#endif							/* WF_PAGE_H */
