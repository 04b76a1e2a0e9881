/*-------------------------------------------------------------------------
 *
 * wf_phone_place.c
 *	  The country that the addresses of a text are in.
 *
 *-------------------------------------------------------------------------
 */
#include "wf_phone_int.h"

#include <string.h>

#include "wf_phone_places.h"
#include "wf_text.h"

#define MIN_COUNTRY		4		/* bytes of a name: "Oman" */
#define MAX_COUNTRY		40		/* the longest of a city, in Thai */

/* A digit, a space or a mark, of what stands around the name of a place: post codes. */
static bool
is_of_code(char c)
{
	return wf_is_digit(c) || memchr(" -.,()", c, 6) != NULL;
}

/* What stands behind the last comma of a line, or all of it, without a post code. */
static WfSlice
last_part(WfSlice line)
{
	size_t		start;

	while (line.len > 0)
	{
		if (is_of_code(line.data[line.len - 1]))
			line.len--;
		else if (line.len >= 3 && memcmp(line.data + line.len - 3, "\xE2\x80\x93", 3) == 0)
			line.len -= 3;
		else
			break;
	}
	for (start = line.len; start > 0 && line.len - start <= MAX_COUNTRY + 8 &&
		 line.data[start - 1] != ','; start--)
		;
	wf_advance(&line, start);
	while (line.len > 0 && is_of_code(line.data[0]))
		wf_advance(&line, 1);
	return line;
}

/* Nothing but a post code, "560068."? */
static bool
is_code(WfSlice line)
{
	size_t		i;

	for (i = 0; i < line.len && is_of_code(line.data[i]); i++)
		;
	return i > 0 && i == line.len;
}

/* The plan of the country of a place; NULL when the name is none. */
static const WfPhonePlan *
plan_of_place(WfSlice name)
{
	size_t		low = 0;
	size_t		high = sizeof(places) / sizeof(places[0]);

	while (low < high)
	{
		size_t		mid = (low + high) / 2;
		size_t		len = strlen(places[mid].name);
		int			order = memcmp(places[mid].name, name.data, len < name.len ? len : name.len);

		if (order == 0 && len == name.len)
			return wf_phone_plan(places[mid].region);
		if (order < 0 || (order == 0 && len < name.len))
			low = mid + 1;
		else
			high = mid;
	}
	return wf_label_country(name);
}

/* The line that "at" is in, or the border at its end. */
static WfSlice
line_at(WfSlice text, size_t at)
{
	const char *newline = memchr(text.data + at, '\n', text.len - at);
	size_t		end = newline != NULL ? (size_t) (newline - text.data) : text.len;

	while (at > 0 && text.data[at - 1] != '\n')
		at--;
	return (WfSlice) {text.data + at, end - at};
}

/* Does the line end in a place of another country than found so far?  Sets *found. */
static bool
is_other_place(WfSlice line, const WfPhonePlan **found)
{
	WfSlice		part = last_part(line);
	const WfPhonePlan *plan = NULL;

	if (part.len >= MIN_COUNTRY && part.len <= MAX_COUNTRY &&
		((unsigned char) part.data[0] >= 0x80 || (part.data[0] >= 'A' && part.data[0] <= 'Z')))
		plan = plan_of_place(part);
	if (plan == NULL || plan == *found)
		return false;
	if (*found != NULL)
		return true;
	*found = plan;
	return false;
}

const WfPhonePlan *
wf_phone_place(WfSlice text)
{
	const WfPhonePlan *found = NULL;
	size_t		at = 0;

	while ((at = wf_run_find(text, at)) < text.len)
	{
		WfSlice		line = line_at(text, at);
		size_t		start = line.data - text.data;
		size_t		end = start + line.len;

		if (is_other_place(line, &found) ||
			(end < text.len && is_other_place(line_at(text, end + 1), &found)) ||
			(start > 0 && is_code(line) && is_other_place(line_at(text, start - 1), &found)))
			return NULL;
		at = end;
	}
	return found;
}
