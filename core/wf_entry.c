/*-------------------------------------------------------------------------
 *
 * wf_entry.c
 *	  Names of kinds of sitemaps, and of where they were found.
 *
 *-------------------------------------------------------------------------
 */
#include "wf_entry.h"

static const char *const type_names[WF_SITEMAP_TYPE_COUNT] = {
	[WF_SITEMAP_URLSET] = "standard",
	[WF_SITEMAP_INDEX] = "index",
	[WF_SITEMAP_TEXT] = "text",
	[WF_SITEMAP_RSS] = "rss",
	[WF_SITEMAP_ATOM] = "atom",
};

static const char *const found_names[WF_FOUND_COUNT] = {
	[WF_FOUND_ROBOTS] = "robots_txt",
	[WF_FOUND_HTML] = "html_link",
	[WF_FOUND_PATH] = "common_path",
	[WF_FOUND_INDEX] = "sitemap_index",
};

const char *
wf_sitemap_type_name(int type)
{
	return type > 0 && type < WF_SITEMAP_TYPE_COUNT ? type_names[type] : NULL;
}

const char *
wf_found_by_name(int found_by)
{
	return found_by > 0 && found_by < WF_FOUND_COUNT ? found_names[found_by] : NULL;
}
