/*-------------------------------------------------------------------------
 *
 * fuzz_sitemap.c
 *	  Any bytes as a sitemap, in pieces whose size the first byte gives; the
 *	  entries must be URLs, in the domain, not twice, within the limits.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "core/wf_sitemap.h"
#include "core/wf_text.h"
#include "core/wf_url.h"

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t delivered;

static bool
check_entry(void *arg, const WfEntry *entry)
{
	WfArena    *arena = arg;
	WfUrl		url;

	delivered++;
	wf_arena_reset(arena);
	if (wf_url_parse(arena, entry->url, NULL, &url) != WF_OK || url.has_credentials ||
		!wf_text_equal(url.href, entry->url) ||
		!wf_url_host_in_domain(url.host, WF_SLICE("a.test")))
		abort();
	if (!entry->has_lastmod && entry->lastmod_us != 0)
		abort();
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static WfArena *arena;
	WfSitemapOptions options = {
		.url = WF_SLICE("http://a.test/d/s.xml"), .domain = WF_SLICE("www.a.test"),
		.content_type = WF_SLICE("text/xml"), .entry = check_entry,
	};
	WfSitemapReport report;
	WfSitemap  *sitemap;
	size_t		piece;

	if (arena == NULL)
		arena = wf_arena_create(256 * 1024);
	options.arg = arena;
	if (size == 0)
		return 0;
	piece = data[0] ? data[0] : 4096;
	delivered = 0;
	sitemap = wf_sitemap_create(&options);
	for (size_t at = 1; at < size; at += piece)
		(void) wf_sitemap_feed(sitemap, (WfSlice) {(const char *) data + at,
							   size - at < piece ? size - at : piece});
	wf_sitemap_finish(sitemap, true, &report);
	wf_sitemap_free(sitemap);
	if (report.counts.entries != delivered || report.bytes > WF_SITEMAP_MAX_BYTES ||
		(report.counts.type == WF_SITEMAP_UNKNOWN && (report.fault == WF_SITEMAP_SOUND || delivered > 0)) ||
		(report.fault != WF_SITEMAP_SOUND) != (report.reason[0] != '\0') ||
		wf_text_ascii_prefix((WfSlice) {report.reason, strlen(report.reason)}) !=
		strlen(report.reason))
		abort();
	return 0;
}
