/*-------------------------------------------------------------------------
 *
 * url_lines.c
 *	  Parse the URLs on stdin, one a line as "HEX(input) HEX(base)" with "-"
 *	  for no base; print the normalised form, or "!" and the status.
 *
 * For test/unit/check_urls.py.
 *
 *-------------------------------------------------------------------------
 */
#include <stdio.h>
#include <string.h>

#include "../../core/wf_text.h"
#include "../../core/wf_url.h"

#define MAX_LINE (8 * WF_MAX_URL)

static WfSlice
unhex(WfArena *arena, const char *hex)
{
	size_t		len = strlen(hex) / 2;
	char	   *out = wf_arena_alloc(arena, len + 1);
	size_t		i;

	for (i = 0; i < len; i++)
		out[i] = (char) (wf_text_hex_value(hex[2 * i]) << 4 | wf_text_hex_value(hex[2 * i + 1]));
	return (WfSlice) {out, len};
}

int
main(void)
{
	static char line[MAX_LINE];
	WfArena    *arena = wf_arena_create(1024 * 1024);

	while (fgets(line, sizeof(line), stdin) != NULL)
	{
		char	   *space = strchr(line, ' ');
		char	   *end = strchr(line, '\n');
		WfUrl		base;
		WfUrl		url;
		bool		has_base;
		WfStatus	status = WF_OK;

		if (space == NULL || end == NULL)
			return 2;
		*space = *end = '\0';
		wf_arena_reset(arena);
		has_base = strcmp(space + 1, "-") != 0;
		if (has_base)
			status = wf_url_parse(arena, unhex(arena, space + 1), NULL, &base);
		if (status == WF_OK)
			status = wf_url_parse(arena, unhex(arena, line), has_base ? &base : NULL, &url);
		if (status == WF_OK)
			printf("%s\n", url.href.data);
		else
			printf("!%d\n", status);
	}
	wf_arena_free(arena);
	return 0;
}
