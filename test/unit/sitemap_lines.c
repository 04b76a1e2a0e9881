/*-------------------------------------------------------------------------
 *
 * sitemap_lines.c
 *	  sitemap_lines FILE URL [CONTENT-TYPE [DOMAIN]]: print the entries of a
 *	  sitemap ("page URL LASTMOD" or "sitemap URL LASTMOD"), then the report.
 *
 * For test/unit/check_sitemaps.py, and by hand.
 *
 *-------------------------------------------------------------------------
 */
#include <stdio.h>
#include <string.h>

#include "../../core/wf_sitemap.h"

#define PIECE 16384

static bool
print_entry(void *arg, const WfEntry *entry)
{
	printf("%s %.*s", entry->is_sitemap ? "sitemap" : "page", (int) entry->url.len,
		   entry->url.data);
	if (entry->has_lastmod)
		printf(" %lld", (long long) entry->lastmod_us);
	putchar('\n');
	return true;
}

static WfSlice
slice_of(const char *text)
{
	return (WfSlice) {text, strlen(text)};
}

int
main(int argc, char **argv)
{
	WfSitemapOptions options = {.entry = print_entry};
	WfSitemapReport report;
	WfSitemap  *sitemap;
	FILE	   *file;
	char		piece[PIECE];
	size_t		len;
	const char *type;

	if (argc < 3 || (file = fopen(argv[1], "rb")) == NULL)
		return 2;
	options.url = slice_of(argv[2]);
	if (argc > 3)
		options.content_type = slice_of(argv[3]);
	if (argc > 4)
		options.domain = slice_of(argv[4]);
	sitemap = wf_sitemap_create(&options);
	while (sitemap && (len = fread(piece, 1, sizeof(piece), file)) > 0)
		(void) wf_sitemap_feed(sitemap, (WfSlice) {piece, len});
	fclose(file);
	if (sitemap == NULL)
		return 2;
	wf_sitemap_finish(sitemap, true, &report);
	type = wf_sitemap_type_name(report.counts.type);
	printf("report %s fault=%d entries=%u refused=%u doubles=%u invalid=%u bytes=%llu %s\n",
		   type ? type : "none", report.fault, report.counts.entries, report.counts.refused, report.counts.doubles,
		   report.counts.invalid, (unsigned long long) report.bytes, report.reason);
	wf_sitemap_free(sitemap);
	return 0;
}
