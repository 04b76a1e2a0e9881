/*-------------------------------------------------------------------------
 *
 * email_lines.c
 *	  Addresses of texts on stdin, for check_emails.py.
 *
 *	  email_lines [text | link | value]
 *
 * A line is a text in hexadecimal; the answer is a line of the addresses found,
 * each with a tab behind it: those in a running text, those of a mailto: link,
 * or the one that the text is as a whole.
 *
 *-------------------------------------------------------------------------
 */
#include <stdio.h>
#include <string.h>

#include "../../core/wf_contact.h"
#include "../../core/wf_disguise.h"
#include "../../core/wf_text.h"

#define TEXT_BYTES	65536

static WfSlice
read_hex(const char *line, char *out)
{
	WfSlice		text = {out, 0};

	while (text.len < TEXT_BYTES && wf_text_hex_value(line[0]) >= 0 &&
		   wf_text_hex_value(line[1]) >= 0)
	{
		out[text.len++] = (char) (wf_text_hex_value(line[0]) * 16 + wf_text_hex_value(line[1]));
		line += 2;
	}
	return text;
}

static void
print_address(const WfAddress *address)
{
	if (!address->is_reversed)
		printf("%.*s\t", (int) address->len, address->value);
}

static void
print_addresses(WfContactScan *scan, WfSlice text, WfContactTrust trust)
{
	WfDisguise	search = wf_disguise_begin(text, trust);
	WfAddress	address;
	size_t		pos = 0;

	while (wf_contact_next(scan, text, trust, &pos, &address))
		print_address(&address);
	while (wf_disguise_next(scan, &search, &address))
		print_address(&address);
}

int
main(int argc, char **argv)
{
	static char line[2 * TEXT_BYTES + 2];
	static char bytes[TEXT_BYTES];
	static char receivers[TEXT_BYTES + 1];
	WfContactMatcher *matcher = wf_contact_matcher_create();
	WfArena    *arena = wf_arena_create(1024 * 1024);
	const char *mode = argc > 1 ? argv[1] : "text";

	while (matcher != NULL && arena != NULL && fgets(line, sizeof(line), stdin) != NULL)
	{
		WfSlice		text = read_hex(line, bytes);
		WfContactScan *scan;
		WfAddress	address;

		wf_arena_reset(arena);
		scan = wf_contact_scan_create(matcher, arena);
		if (scan == NULL)
			return 1;
		if (strcmp(mode, "link") == 0)
		{
			WfSlice		list = {receivers, 0};

			if (wf_contact_mailto(text, receivers, &list.len))
				print_addresses(scan, list, WF_TRUST_LINK);
		}
		else if (strcmp(mode, "value") == 0)
		{
			if (wf_contact_judge(scan, text, WF_TRUST_LINK, &address))
				print_address(&address);
		}
		else
			print_addresses(scan, text, WF_TRUST_TEXT);
		putchar('\n');
	}
	wf_arena_free(arena);
	wf_contact_matcher_free(matcher);
	return 0;
}
