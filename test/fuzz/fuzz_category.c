/*-------------------------------------------------------------------------
 *
 * fuzz_category.c
 *	  libFuzzer: rules and a URL, one to a line, the URL being the last, which
 *	  also is read as a site: a normal form is its own normal form.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "core/wf_category.h"
#include "core/wf_website.h"

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A site's normal form is in normal form. */
static void
check_site(WfSlice text)
{
	WfArena    *arena = wf_arena_create(1024 * 1024);
	WfWebsite		site;
	WfWebsite		again;

	if (wf_website_parse(arena, text, &site) == WF_OK &&
		(site.kind == WF_WEBSITE_NAME || site.kind == WF_WEBSITE_SHARED))
	{
		if (wf_website_parse(arena, site.host, &again) != WF_OK || again.kind != site.kind ||
			again.host.len != site.host.len ||
			memcmp(again.host.data, site.host.data, site.host.len) != 0)
			abort();
	}
	wf_arena_free(arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	WfCategories *rules = wf_categories_create();
	WfSlice		rest = {(const char *) data, size};

	for (;;)
	{
		const char *end = rest.len > 0 ? memchr(rest.data, '\n', rest.len) : NULL;
		WfSlice		line = {rest.data, end ? (size_t) (end - rest.data) : rest.len};

		if (end == NULL)
			break;
		(void) wf_categories_add(rules, line, WF_SLICE("x"), WF_CATEGORY_KEEP, line.len % 2 == 0);
		rest.data = end + 1;
		rest.len -= line.len + 1;
	}
	(void) wf_categories_match(rules, rest);
	check_site(rest);
	wf_categories_free(rules);
	return 0;
}
