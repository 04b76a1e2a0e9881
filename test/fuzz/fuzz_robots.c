/*-------------------------------------------------------------------------
 *
 * fuzz_robots.c
 *	  libFuzzer: any bytes are a robots.txt, and any target gets an answer.
 *	  The first line of the input is the target, the rest the file.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "core/wf_robots.h"

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *) data;
	const char *end = size > 0 ? memchr(text, '\n', size) : NULL;
	WfSlice		target = {text, end ? (size_t) (end - text) : size};
	WfSlice		file = {end ? end + 1 : NULL, end ? size - target.len - 1 : 0};
	WfArena    *arena = wf_arena_create(16 * 1024 * 1024);
	WfRobots	robots;

	if (arena && wf_robots_parse(arena, file, WF_SLICE("wf_curation"), &robots) == WF_OK)
	{
		if (robots.count > WF_ROBOTS_MAX_RULES || robots.crawl_delay_ms < 0 ||
			robots.crawl_delay_ms > WF_ROBOTS_MAX_DELAY)
			abort();
		(void) wf_robots_allows(&robots, target);
		if (!wf_robots_allows(&robots, WF_SLICE("/robots.txt")))
			abort();
	}
	wf_arena_free(arena);
	return 0;
}
