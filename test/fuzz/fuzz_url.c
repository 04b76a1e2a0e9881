/*-------------------------------------------------------------------------
 *
 * fuzz_url.c
 *	  libFuzzer: a URL that is accepted is in normal form: parsing its href
 *	  again gives the same href and host.
 *
 * The input is a URL, or a base, a line end and a reference.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "core/wf_text.h"
#include "core/wf_url.h"

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(bool condition)
{
	if (!condition)
		abort();
}

static void
check_url(WfArena *arena, const WfUrl *url)
{
	WfUrl		again;

	check(url->href.len <= WF_MAX_URL && url->host.len > 0 && url->host.len <= WF_MAX_HOST);
	check(url->path.len > 0 && url->path.data[0] == '/');
	check(wf_text_ascii_prefix(url->href) == url->href.len);
	check(url->href.data[url->href.len] == '\0');
	check(url->port >= 0 && url->port <= 65535);
	check(wf_url_parse(arena, url->href, NULL, &again) == WF_OK);
	check(wf_text_equal(again.href, url->href) && wf_text_equal(again.host, url->host));
	check(again.host_type == url->host_type && again.port == url->port);
	check(memcmp(again.address, url->address, sizeof(url->address)) == 0);
	check(!again.has_credentials);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	WfArena    *arena = wf_arena_create(4 * 1024 * 1024);
	const char *text = (const char *) data;
	const char *line_end = size > 0 ? memchr(text, '\n', size) : NULL;
	size_t		first = line_end != NULL ? (size_t) (line_end - text) : size;
	WfUrl		base;
	WfUrl		url;

	if (wf_url_parse(arena, (WfSlice) {text, first}, NULL, &base) == WF_OK)
	{
		check_url(arena, &base);
		if (line_end != NULL &&
			wf_url_parse(arena, (WfSlice) {line_end + 1, size - first - 1}, &base, &url) == WF_OK)
			check_url(arena, &url);
	}
	wf_arena_free(arena);
	return 0;
}
