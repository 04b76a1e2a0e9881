/*-------------------------------------------------------------------------
 *
 * phone_lines.c
 *	  Phone numbers of texts on stdin, for check_phones.py.
 *
 *	  phone_lines [text | value | tel]
 *
 * A line is a region ("ZZ": none), a tab and a text; the answer is a line of
 * the values found, each with a tab behind it.  Backslashes escape: "\n",
 * "\t", "\\".
 *
 *-------------------------------------------------------------------------
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../core/wf_phone.h"

#define LINE_BYTES	65536

static size_t
unescape(char *text)
{
	char	   *out = text;
	char	   *p;

	for (p = text; *p != '\0'; p++)
	{
		if (*p == '\\' && p[1] != '\0')
		{
			p++;
			*out++ = *p == 'n' ? '\n' : *p == 't' ? '\t' : *p;
		}
		else
			*out++ = *p;
	}
	return out - text;
}

int
main(int argc, char **argv)
{
	static char line[LINE_BYTES];
	WfPhoneMatcher *matcher = wf_phone_matcher_create();
	WfArena    *arena = wf_arena_create(1024 * 1024);
	const char *mode = argc > 1 ? argv[1] : "text";

	while (matcher != NULL && arena != NULL && fgets(line, sizeof(line), stdin) != NULL)
	{
		char	   *tab = strchr(line, '\t');
		WfPhoneScan *scan;
		WfSlice		text;
		WfPhone		phone;
		size_t		pos = 0;

		if (tab == NULL)
			return 2;
		*tab = '\0';
		line[strcspn(line, "\n")] = '\0';
		tab[1 + strcspn(tab + 1, "\n")] = '\0';
		text = (WfSlice) {tab + 1, unescape(tab + 1)};
		wf_arena_reset(arena);
		scan = wf_phone_scan_create(matcher, arena, line);
		if (scan == NULL)
			return 1;
		if (strcmp(mode, "text") == 0)
			while (wf_phone_next(scan, text, &pos, &phone))
				printf("%.*s\t", (int) phone.len, phone.value);
		else if (strcmp(mode, "value") == 0 ? wf_phone_value(scan, text, &phone)
				 : wf_phone_tel(scan, text, &phone))
			printf("%.*s\t", (int) phone.len, phone.value);
		putchar('\n');
	}
	wf_arena_free(arena);
	wf_phone_matcher_free(matcher);
	return 0;
}
