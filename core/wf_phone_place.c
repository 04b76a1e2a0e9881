/*-------------------------------------------------------------------------
 *
 * wf_phone_place.c
 *	  The country that the addresses of a text are in.
 *
 *-------------------------------------------------------------------------
 */
#include "wf_phone_int.h"

#include <string.h>

#include "wf_text.h"

#define MIN_COUNTRY		4		/* bytes of a name: "Oman" */
#define MAX_COUNTRY		24		/* "United Arab Emirates" */

static bool
has_digit(WfSlice text)
{
	size_t		i;

	for (i = 0; i < text.len; i++)
	{
		if (wf_is_digit(text.data[i]))
			return true;
	}
	return false;
}

/* What stands behind the last comma of a line, or all of it, without a full stop. */
static WfSlice
last_part(WfSlice line)
{
	size_t		start;

	line = wf_text_trim(line);
	if (line.len > 0 && line.data[line.len - 1] == '.')
		line.len--;
	for (start = line.len; start > 0 && line.data[start - 1] != ','; start--)
		;
	wf_advance(&line, start);
	return wf_text_trim(line);
}

const WfPhonePlan *
wf_phone_place(WfSlice text)
{
	const WfPhonePlan *found = NULL;
	bool		was_digit = false;	/* one is in the line before */

	while (text.len > 0)
	{
		const char *newline = memchr(text.data, '\n', text.len);
		WfSlice		line = {text.data, newline != NULL ? (size_t) (newline - text.data) : text.len};
		WfSlice		part = last_part(line);
		bool		is_digit = has_digit(line);
		const WfPhonePlan *plan = NULL;

		if ((is_digit || was_digit) && part.len >= MIN_COUNTRY && part.len <= MAX_COUNTRY &&
			((unsigned char) part.data[0] >= 0x80 || (part.data[0] >= 'A' && part.data[0] <= 'Z')))
			plan = wf_label_country(part);
		if (plan != NULL && found != NULL && plan != found)
			return NULL;
		if (plan != NULL)
			found = plan;
		was_digit = is_digit;
		wf_advance(&text, line.len + (newline != NULL));
	}
	return found;
}
