/*-------------------------------------------------------------------------
 *
 * wf_entry.h
 *	  What the stages before pages bring home: URLs, of pages or of sitemaps.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_ENTRY_H
#define WF_ENTRY_H

#include "wf_core.h"

#define WF_MAX_ENTRIES		1000	/* of one message */
#define WF_SITEMAP_MAX_URLS	50000	/* of one file, by the protocol; more are not read */

typedef enum WfSitemapType		/* numbers travel in messages */
{
	WF_SITEMAP_UNKNOWN = 0,
	WF_SITEMAP_URLSET,
	WF_SITEMAP_INDEX,
	WF_SITEMAP_TEXT,
	WF_SITEMAP_RSS,
	WF_SITEMAP_ATOM,
	WF_SITEMAP_TYPE_COUNT
} WfSitemapType;

typedef enum WfFoundBy			/* where the URL of a sitemap was; likewise */
{
	WF_FOUND_NOWHERE = 0,
	WF_FOUND_ROBOTS,			/* "Sitemap:" in robots.txt */
	WF_FOUND_HTML,				/* a link on the home page */
	WF_FOUND_PATH,				/* a place where sitemaps usually are */
	WF_FOUND_INDEX,				/* another sitemap */
	WF_FOUND_COUNT
} WfFoundBy;

typedef struct WfEntry
{
	WfSlice		url;			/* absolute, normalised by wf_url */
	bool		is_sitemap;
	bool		has_lastmod;
	int64_t		lastmod_us;		/* since 1970-01-01 UTC; 0 without has_lastmod */

	/* of a sitemap that was looked at */
	WfSitemapType type;
	WfFoundBy	found_by;
	int32_t		url_count;		/* URLs in it; -1 unknown */
} WfEntry;

/* What became of the URLs of one item that are not among its entries. */
typedef struct WfEntryCounts
{
	WfSitemapType type;			/* of a sitemap */
	uint32_t	entries;		/* sent */
	uint32_t	refused;		/* on other sites */
	uint32_t	doubles;
	uint32_t	invalid;		/* no http or https URL, or too long */
} WfEntryCounts;

/* As they are stored: "standard", "robots_txt"; NULL for 0 and out of range. */
extern const char *wf_sitemap_type_name(int type);
extern const char *wf_found_by_name(int found_by);

#endif							/* WF_ENTRY_H */
