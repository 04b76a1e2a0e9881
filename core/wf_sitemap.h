/*-------------------------------------------------------------------------
 *
 * wf_sitemap.h
 *	  Sitemaps (https://www.sitemaps.org/protocol.html): bytes in, pieces of
 *	  any size, entries out.
 *
 * Understands urlset and sitemapindex, plain lists of URLs, RSS and Atom,
 * gzip by content.  Memory does not grow with the file but for 16 bytes for
 * each URL, to know doubles.  What a site does is no error of ours: the report
 * names the fault, and entries delivered before it stay delivered.
 *
 * doc/sitemaps.md says what is accepted and why.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_SITEMAP_H
#define WF_SITEMAP_H

#include "wf_entry.h"

/* The protocol's limit for one file; what is beyond is not read. */
#define WF_SITEMAP_MAX_BYTES	(50 * 1024 * 1024)	/* decompressed */

typedef enum WfSitemapFault
{
	WF_SITEMAP_SOUND = 0,
	WF_SITEMAP_EMPTY,			/* no bytes, or nothing but whitespace */
	WF_SITEMAP_HTML,			/* a web page */
	WF_SITEMAP_OTHER,			/* neither XML of a known kind nor a list of URLs */
	WF_SITEMAP_MALFORMED,		/* XML breaks off or is not well-formed */
	WF_SITEMAP_GZIP,			/* damaged, or ends early */
	WF_SITEMAP_DTD,				/* declares entities: refused */
	WF_SITEMAP_TOO_LARGE,		/* a limit above, or one that guards memory */
	WF_SITEMAP_NO_MEMORY
} WfSitemapFault;

typedef struct WfSitemapOptions
{
	WfSlice		url;			/* where the file is; relative URLs start there */
	WfSlice		content_type;	/* header value; empty when unknown */
	WfSlice		domain;			/* URLs elsewhere are refused; empty: none are */

	/*
	 * One entry, no URL twice; its memory is valid during the call.  False:
	 * read no more.  NULL: entries are only counted.
	 */
	bool		(*entry) (void *arg, const WfEntry *entry);
	void	   *arg;
} WfSitemapOptions;

typedef struct WfSitemapReport
{
	WfEntryCounts counts;		/* type UNKNOWN: it is no sitemap */
	WfSitemapFault fault;
	uint64_t	bytes;			/* decompressed */
	char		reason[160];	/* of the fault, for people; printable ASCII */
} WfSitemapReport;

typedef struct WfSitemap WfSitemap;

/* Copies the texts of options.  NULL when out of memory. */
extern WfSitemap *wf_sitemap_create(const WfSitemapOptions *options);
extern void wf_sitemap_free(WfSitemap *sitemap);

/*
 * Take the next bytes.  False: the rest of the file is of no use (a fault, or
 * the entry function said so); feeding on is harmless.
 */
extern bool wf_sitemap_feed(WfSitemap *sitemap, WfSlice bytes);

/* What is known so far: *type is UNKNOWN until enough was fed. */
extern WfSitemapType wf_sitemap_type(const WfSitemap *sitemap);

/* The end of the file, once; complete: all its bytes were fed. */
extern void wf_sitemap_finish(WfSitemap *sitemap, bool complete, WfSitemapReport *report);

#endif							/* WF_SITEMAP_H */
