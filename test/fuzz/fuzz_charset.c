/*-------------------------------------------------------------------------
 *
 * fuzz_charset.c
 *	  libFuzzer: any bytes under any label decode to clean UTF-8.
 *
 * The input is a Content-Type, a line end and the body.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "core/wf_charset.h"
#include "core/wf_text.h"

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	WfArena    *arena = wf_arena_create(16 * 1024 * 1024);
	const char *text = (const char *) data;
	const char *line_end = size > 0 ? memchr(text, '\n', size) : NULL;
	size_t		first = line_end != NULL ? (size_t) (line_end - text) : 0;
	WfSlice		type = {text, first};
	WfSlice		body = {text + first, size - first};
	WfSlice		utf8;

	if (wf_charset_detect(body, type) == NULL)
		abort();
	if (wf_charset_decode(arena, body, type, NULL, &utf8) != WF_OK)
		abort();
	if (wf_text_clean_prefix(utf8) != utf8.len)
		abort();
	wf_arena_free(arena);
	return 0;
}
