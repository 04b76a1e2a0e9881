/*-------------------------------------------------------------------------
 *
 * wf_phone_local.c
 *	  Numbers of North America without the code of their area.
 *
 * Seven digits are a number only where all others of the page have one area's code.
 *
 *-------------------------------------------------------------------------
 */
#include "wf_phone_int.h"

#include "wf_text.h"

#define NUMBER_BYTES	12		/* of "202-555-0123" */

static bool
are_digits(const char *p, int count)
{
	while (count > 0 && wf_is_digit(*p))
	{
		p++;
		count--;
	}
	return count == 0;
}

/* "202-555-0123", "(202) 555-0123", "202) 555-0123" at "at": where its exchange is; 0: none. */
static size_t
exchange_of(WfSlice text, size_t at)
{
	const char *p = text.data + at;
	size_t		step = 4;

	if (text.len - at < NUMBER_BYTES || !are_digits(p, 3) ||
		(at > 0 && memchr("-./0123456789", text.data[at - 1], 13) != NULL))
		return 0;
	if (p[3] == ')')
		step += p[4] == ' ';
	else if (memchr("-./ ", p[3], 4) == NULL)
		return 0;
	if (at + step + 8 > text.len || !are_digits(p + step, 3) ||
		memchr("-. ", p[step + 3], 3) == NULL || !are_digits(p + step + 4, 4) ||
		(at + step + 8 < text.len && wf_is_digit(p[step + 8])))
		return 0;
	return at + step;
}

/* 800, 888, …: of no area */
static bool
is_toll_free(const char *area)
{
	return area[0] == '8' && (area[1] == area[2] || memcmp(area, "800", 3) == 0);
}

static bool
knows_exchange(const WfPhoneScan *scan, const char *exchange)
{
	int			i;

	for (i = 0; i < scan->exchange_count; i++)
	{
		if (memcmp(scan->exchanges[i], exchange, 3) == 0)
			return true;
	}
	return false;
}

/* The one code of an area in the text, and the exchanges behind it. */
static void
find_area(WfPhoneScan *scan, WfSlice text)
{
	size_t		at = 0;

	scan->area_known = true;
	scan->exchange_count = 0;
	memset(scan->area, 0, sizeof(scan->area));
	while ((at = wf_run_find(text, at)) < text.len)
	{
		size_t		exchange = exchange_of(text, at);
		const char *area = text.data + at;

		if (exchange > 0 && !is_toll_free(area))
		{
			if (scan->area[0] != 0 && memcmp(scan->area, area, 3) != 0)
			{
				scan->area[0] = 0;
				return;
			}
			memcpy(scan->area, area, 3);
			if (scan->exchange_count < WF_MAX_EXCHANGES &&
				!knows_exchange(scan, text.data + exchange))
				memcpy(scan->exchanges[scan->exchange_count++], text.data + exchange, 3);
		}
		while (at < text.len &&
			   (wf_is_digit(text.data[at]) || (unsigned char) text.data[at] >= 0x80))
			at++;
	}
}

/* Is the number all of its line, or what a colon is in front of? */
static bool
stands_alone(WfSlice text, size_t start, size_t end)
{
	if (start > 1 && text.data[start - 1] == ' ')
		return text.data[start - 2] == ':';
	return start > 0 && text.data[start - 1] == '\n' && (end == text.len || text.data[end] == '\n');
}

bool
wf_phone_local(WfPhoneScan *scan, const WfAttempt *a, WfPhoneNumber *number)
{
	const WfPhonePlan *home;
	char		digits[10];

	if (a->plus || a->text.len == 0 || a->count != 8 || a->group_count != 2 ||
		a->groups[0] != 3 || memchr("-.", a->c[3], 2) == NULL || a->label == WF_LABEL_OTHER)
		return false;
	home = wf_phone_home(scan);
	if (home == NULL || home->code != 1)
		return false;
	if (!scan->area_known)
		find_area(scan, a->text);
	if (scan->area[0] == 0 ||
		!(wf_attempt_is_labelled(a) ||
		  (knows_exchange(scan, a->digits.data) &&
		   stands_alone(a->text, a->start, a->start + a->count))))
		return false;
	memcpy(digits, scan->area, 3);
	memcpy(digits + 3, a->digits.data, 7);
	number->uncertain = false;
	return wf_phone_parse((WfSlice) {digits, 10}, false, home, number) && number->valid;
}
