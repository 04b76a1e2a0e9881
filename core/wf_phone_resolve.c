/*-------------------------------------------------------------------------
 *
 * wf_phone_resolve.c
 *	  Which country is a number of, and is it likely to be meant as one?
 *
 *-------------------------------------------------------------------------
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE				/* memmem */
#endif

#include "wf_phone_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wf_text.h"

#define MAX_PLANS		(WF_HINT_COUNT + 3)
#define MIN_PLAIN		10		/* digits in a row that are a number, behind a 0 */
#define NEAR_BYTES		20		/* between a number of no country and its label */

/*-------------------------------------------------------------------------
 * Country of the page
 *-------------------------------------------------------------------------
 */

static WfSlice
host_of(WfSlice url)
{
	const char *mark = memmem(url.data, url.len, "://", 3);
	size_t		i;

	if (mark != NULL)
		wf_advance(&url, mark + 3 - url.data);
	for (i = 0; i < url.len; i++)
	{
		if (url.data[i] == '@')
		{
			wf_advance(&url, i + 1);
			i = 0;
		}
		if (i < url.len && memchr("/:?#\\", url.data[i], 5) != NULL)
			break;
	}
	url.len = i < url.len ? i : url.len;
	return url;
}

void
wf_phone_hint(WfPhoneScan *scan, WfPhoneHint kind, WfSlice value)
{
	const WfPhonePlan *plan = NULL;

	if (scan->hints[kind] != NULL || value.len == 0)
		return;
	switch (kind)
	{
		case WF_HINT_URL:
		case WF_HINT_EMAIL:
			plan = wf_label_host(host_of(value));
			break;
		case WF_HINT_COUNTRY:
			plan = wf_label_country(value);
			break;
		case WF_HINT_LANG:
		case WF_HINT_LOCALE:
			plan = wf_label_language(value);
			if (kind == WF_HINT_LANG && value.len >= 2)
			{
				memcpy(scan->language, value.data, 2);
				wf_text_lower(scan->language, 2);
			}
			break;
		case WF_HINT_NUMBER:
		case WF_HINT_POSTAL:
			break;
	}
	scan->hints[kind] = plan;
}

/* A number with the code of its country was found. */
void
wf_phone_vote(WfPhoneScan *scan, const WfPhonePlan *plan)
{
	int			best = 0;
	int			i;

	if (!wf_is_alpha(plan->region[0]))
		return;
	for (i = 0; i < WF_MAX_VOTES && scan->votes[i].plan != NULL && scan->votes[i].plan != plan; i++)
		;
	if (i == WF_MAX_VOTES)
		return;
	scan->votes[i].plan = plan;
	scan->votes[i].count++;
	for (i = 1; i < WF_MAX_VOTES; i++)
	{
		if (scan->votes[i].count > scan->votes[best].count)
			best = i;
	}
	scan->hints[WF_HINT_NUMBER] = scan->votes[best].plan;
}

/* The countries a number without code may be of, the likeliest first. */
static int
list_plans(const WfPhoneScan *scan, const WfPhonePlan *line, const WfPhonePlan *plans[MAX_PLANS])
{
	const WfPhonePlan *known[MAX_PLANS];
	int			known_count = 0;
	int			count = 0;
	int			i;

	known[known_count++] = line;
	for (i = 0; i < WF_HINT_COUNT; i++)
		known[known_count++] = scan->hints[i];
	known[known_count++] = scan->last_resort;
	for (i = 0; i < known_count; i++)
	{
		int			j;

		for (j = 0; j < count && plans[j] != known[i]; j++)
			;
		if (known[i] != NULL && j == count)
			plans[count++] = known[i];
	}
	return count;
}

const WfPhonePlan *
wf_phone_home(const WfPhoneScan *scan)
{
	const WfPhonePlan *plans[MAX_PLANS];

	return list_plans(scan, NULL, plans) > 0 ? plans[0] : NULL;
}

bool
wf_phone_knows_country(const WfPhoneScan *scan)
{
	return scan->hints[WF_HINT_URL] != NULL || scan->hints[WF_HINT_COUNTRY] != NULL ||
		scan->hints[WF_HINT_NUMBER] != NULL || scan->hints[WF_HINT_POSTAL] != NULL;
}

const WfPhonePlan *
wf_phone_note_place(WfPhoneScan *scan, WfSlice text)
{
	if (scan->place_known)
		return scan->place;
	scan->place = wf_phone_place(text);
	scan->place_known = true;
	if (scan->place != NULL && scan->page_place != NULL && scan->place != scan->page_place)
		scan->places_differ = true;
	if (scan->place != NULL)
		scan->page_place = scan->place;
	return scan->place;
}

/*
 * May a page in its language be of the country of a place?  Pages in English are of
 * any, but a German one that names Milan is of Germany.
 */
static bool
is_spoken_in(const WfPhoneScan *scan, const WfPhonePlan *place)
{
	static const char *const families[] = {
		"de DE AT CH LI LU", "fr FR BE CH LU MA TN DZ SN CI CM", "nl NL BE SR", "it IT CH SM",
		"es ES MX AR CO CL PE VE EC UY PY BO CR PA GT HN SV NI DO CU PR", "pt PT BR AO MZ",
		"ru RU UA BY KZ KG UZ", "ro RO MD", "sv SE FI", "zh CN TW HK SG MY", "el GR CY"
	};
	const WfPhonePlan *told = scan->hints[WF_HINT_LANG];
	char		region[4] = {' ', place->region[0], place->region[1], '\0'};
	size_t		i;

	if (told == NULL || told == place || strcmp(scan->language, "en") == 0)
		return true;
	for (i = 0; i < sizeof(families) / sizeof(families[0]); i++)
	{
		if (memcmp(families[i], scan->language, 2) == 0)
			return strstr(families[i], region) != NULL;
	}
	return false;
}

/* Is the page's language one that is spoken, above all, outside of North America? */
static bool
speaks_abroad(const WfPhoneScan *scan)
{
	return scan->hints[WF_HINT_LANG] != NULL && scan->hints[WF_HINT_LANG]->code != 1 &&
		strcmp(scan->language, "en") != 0;
}

/* Does anything but the setting tell of a country? */
static bool
knows_country(const WfPhoneScan *scan, const WfPhonePlan *line)
{
	int			i;

	for (i = 0; i < WF_HINT_COUNT && scan->hints[i] == NULL; i++)
		;
	return line != NULL || i < WF_HINT_COUNT;
}

/*-------------------------------------------------------------------------
 * One number
 *-------------------------------------------------------------------------
 */

/* Grouped as in North America: 3-3-4, perhaps behind a 1. */
static bool
is_nanp_style(const WfAttempt *a)
{
	const int  *g = a->groups;
	int			n = a->group_count;

	if (n == 4 && g[0] == 1 && a->digits.data[0] == '1')
	{
		g++;
		n--;
	}
	return n == 3 && (g[0] == 3 || (g[0] == 4 && a->digits.data[0] == '1')) &&
		g[1] == 3 && g[2] == 4;
}

static bool
is_nanp_compact(const WfAttempt *a)
{
	return a->group_count == 1 ||
		(a->group_count == 3 && a->groups[0] == 1 && a->groups[1] == 3) ||
		(a->group_count == 2 && (a->groups[0] == 3 || a->groups[0] == 1 || a->groups[0] == 6));
}

/* "(202)5550143" */
static bool
is_area_in_brackets(const WfAttempt *a)
{
	return a->count > 4 && a->c[0] == '(' && a->c[4] == ')';
}

/* "(88) 412-633": a code of an area in brackets, and a dash behind it */
static bool
has_bracketed_area(const WfAttempt *a)
{
	return a->group_count == 3 && !is_nanp_style(a) && a->c[0] == '(' && a->groups[0] <= 4 &&
		a->c[a->groups[0] + 1] == ')' && a->groups[1] >= 3 && a->groups[2] >= 3 &&
		memchr(a->c, '-', a->count) != NULL;
}

/* Only spaces (or dots) between groups of three, as in an amount. */
static bool
is_amount(const WfAttempt *a)
{
	int			i;

	if (a->groups[0] > 3 || a->digits.data[0] == '0' || a->group_count < 2)
		return false;
	for (i = 1; i < a->group_count; i++)
	{
		if (a->groups[i] != 3)
			return false;
	}
	for (i = 0; i < a->count; i++)
	{
		if (!wf_is_digit(a->c[i]) && a->c[i] != ' ' && a->c[i] != '.')
			return false;
	}
	return true;
}

/* Is what labels the number right in front of it?  For one that nothing else supports. */
static bool
is_label_near(const WfAttempt *a)
{
	size_t		floor = a->start > NEAR_BYTES ? a->start - NEAR_BYTES : 0;

	return wf_label_before(a->text, floor, a->start) == a->label;
}

bool
wf_attempt_is_labelled(const WfAttempt *a)
{
	return (a->label == WF_LABEL_PHONE || a->label == WF_LABEL_FAX) && is_label_near(a);
}

static bool
has_label(const WfAttempt *a)
{
	return a->is_value || a->label == WF_LABEL_PHONE || a->label == WF_LABEL_FAX;
}

/*
 * Is a valid number of plan, written in national form, likely to be meant as
 * one?  At home is the country that numbers without code are most likely of.
 */
static bool
is_likely(const WfAttempt *a, const WfPhonePlan *plan, const WfPhoneNumber *number, bool at_home)
{
	int			singles = 0;
	int			i;

	/* so few digits are a number only where all of them are meant to be one */
	if (a->digits.len < WF_MIN_PHONE)
		return at_home && !number->bare && number->len == (int) a->digits.len &&
			(a->is_value || is_label_near(a));
	if (a->is_value)
		return true;
	if (plan->code == 1 && number->plan->code == 1)
		return is_nanp_style(a) || (is_nanp_compact(a) && (has_label(a) || is_area_in_brackets(a)));
	if (!number->national)
		return has_label(a) || (at_home && a->group_count > 1);
	if (number->bare && !has_label(a))
		return at_home && has_bracketed_area(a);
	if (has_label(a))
		return true;
	if (!at_home || a->group_count == 1)
		return at_home && a->digits.data[0] == '0' && plan->prefix != NULL;
	if (is_amount(a))
		return a->c[a->groups[0]] == ' ' && a->digits.len == 9;
	/* single digits between groups are lists */
	for (i = 1; i + 1 < a->group_count; i++)
		singles += a->groups[i] == 1;
	return singles < 2;
}

/* "49 30 ...": does the code of the country stand alone? */
static bool
begins_with_code(const WfAttempt *a, int code)
{
	int			first = a->groups[0];

	return a->group_count > 1 && first <= 3 && a->digits.data[0] != '0' &&
		atoi((char[4]) {a->digits.data[0], first > 1 ? a->digits.data[1] : 0,
			 first > 2 ? a->digits.data[2] : 0, 0}) == code;
}

/* As a number of plan, in national form or with the code but no '+'. */
static bool
parse_at(const WfAttempt *a, const WfPhonePlan *plan, bool at_home, WfPhoneNumber *number)
{
	WfPhoneNumber other;

	if (wf_phone_parse(a->digits, false, plan, number) && number->valid && !number->bare)
		return is_likely(a, plan, number, at_home);
	if (begins_with_code(a, plan->code) && wf_phone_parse(a->digits, true, NULL, &other) &&
		other.valid)
	{
		other.uncertain = number->uncertain;
		*number = other;
		return true;
	}
	return number->valid && is_likely(a, plan, number, at_home);
}

/* Set digits without the "(0)" of "+49 (0) 30"; false when there is none. */
static bool
drop_trunk_zero(const WfAttempt *a, char out[WF_PHONE_DIGITS], WfSlice *digits)
{
	int			open = -1;
	bool		found = false;
	size_t		len = 0;
	int			i;

	for (i = 0; i < a->count && len < WF_PHONE_DIGITS; i++)
	{
		char		c = a->c[i];

		if (wf_is_digit(c))
			out[len++] = c;
		else if (c == '(' || c == '[')
			open = (int) len;
		else if ((c == ')' || c == ']') && open > 0 && !found &&
				 (int) len == open + 1 && out[open] == '0')
		{
			len--;
			found = true;
		}
	}
	*digits = (WfSlice) {out, len};
	return found;
}

/* With the code of its country: "+", or "00" whatever the country. */
static bool
parse_abroad(const WfAttempt *a, WfSlice digits, WfPhoneNumber *number)
{
	bool		zeros = !a->plus && digits.len > 2 && memcmp(digits.data, "00", 2) == 0;

	if (zeros)
		wf_advance(&digits, 2);
	return (a->plus || zeros) && wf_phone_parse(digits, true, NULL, number) && number->valid;
}

/*
 * Of the country that the addresses of the text are in; for a value, of the page.
 * "is_first": before what the language tells.
 */
static bool
parse_by_place(WfPhoneScan *scan, const WfAttempt *a, bool is_first, bool at_home,
			   WfPhoneNumber *number)
{
	const WfPhonePlan *place = NULL;

	if (!(has_label(a) || (a->digits.data[0] == '0' &&
						   (a->group_count > 1 || a->digits.len >= MIN_PLAIN))))
		return false;
	if (a->text.len > 0)
		place = wf_phone_note_place(scan, a->text);
	else if (!scan->places_differ)
		place = scan->page_place;
	return place != NULL && (!is_first || is_spoken_in(scan, place)) &&
		parse_at(a, place, at_home, number);
}

/* A label right in front and a national prefix: a number all the same, as shown. */
static bool
has_national_form(const WfAttempt *a)
{
	if (a->is_value || a->text.len == 0 || a->digits.data[0] != '0' || a->digits.data[1] == '0' ||
		a->digits.len < 9 || a->digits.len > 12 || a->group_count < 2 || a->group_count > 5 ||
		(a->group_count == 2 && a->groups[0] == 5 && a->groups[1] == 4))
		return false;
	return is_label_near(a);
}

/*
 * All its digits behind a label, of a country that nothing tells: a number as shown,
 * unless it looks like one of North America, of which it would be an impossible one.
 */
static bool
is_plainly_labelled(const WfAttempt *a)
{
	return !a->is_value && a->label == WF_LABEL_PHONE && !is_nanp_style(a) &&
		a->digits.len >= 10 && a->digits.len <= 11 && a->group_count <= 5 &&
		is_label_near(a);
}

/* Numbers that are of no country known here; "is_lost": nothing tells of any. */
static bool
parse_last(const WfAttempt *a, bool is_lost, WfPhoneNumber *number)
{
	if (!has_label(a) && (a->c[3] == ' ' || !is_nanp_style(a)))
		return false;
	/* "(852) 2572-1121": the code in brackets, without '+' */
	if (!a->is_value && a->c[0] == '(' && a->groups[0] <= 3 && a->digits.len > 9 &&
		!is_nanp_style(a) && wf_phone_parse(a->digits, true, NULL, number) && number->valid)
	{
		number->national = false;
		return true;
	}
	number->uncertain = !a->is_value;
	if (is_nanp_style(a) && parse_at(a, wf_phone_plan("US"), false, number))
		return true;
	if (!(is_lost && is_plainly_labelled(a)) && !has_national_form(a))
		return false;
	memcpy(number->digits, a->digits.data, a->digits.len);
	number->len = (int) a->digits.len;
	return true;
}

/*
 * With a code that no country has, or as no number of it is: kept as shown
 * where a label right in front says what it is meant to be.
 */
static bool
parse_unknown(const WfAttempt *a, WfPhoneNumber *number)
{
	if (a->is_value || a->text.len == 0 || !has_label(a) || a->digits.data[0] == '0' ||
		a->digits.len < 9 || a->digits.len > 13 || a->group_count < 3 ||
		!is_label_near(a))
		return false;
	number->uncertain = true;
	memcpy(number->digits, a->digits.data, a->digits.len);
	number->len = (int) a->digits.len;
	return true;
}

bool
wf_attempt_resolve(WfPhoneScan *scan, const WfAttempt *a, WfPhoneNumber *number)
{
	const WfPhonePlan *plans[MAX_PLANS];
	const WfPhonePlan *line = NULL;
	char		out[WF_PHONE_DIGITS];
	WfSlice		digits;
	bool		is_lost;
	int			count;
	int			bare;
	int			i;

	number->uncertain = false;
	if ((drop_trunk_zero(a, out, &digits) &&
		 (parse_abroad(a, digits, number) ||
		  /* "49 (0)30 ..." */
		  (a->group_count > 2 && digits.data[0] != '0' &&
		   wf_phone_parse(digits, true, NULL, number) && number->valid))) ||
		parse_abroad(a, a->digits, number))
	{
		number->national = false;
		return true;
	}
	if (a->plus)
		return parse_unknown(a, number);
	if (a->text.len > 0)
		line = wf_label_region(a->text, scan->last_end, a->start);
	/* a 1 alone in front is North America's, whatever the country of the page */
	if (line == NULL && a->group_count == 4 && a->groups[0] == 1 && is_nanp_style(a) &&
		parse_at(a, wf_phone_plan("US"), false, number))
		return true;
	/* where the addresses are is better known than what a language is spoken in */
	if (line == NULL && !wf_phone_knows_country(scan) &&
		(!is_nanp_style(a) || speaks_abroad(scan)) && parse_by_place(scan, a, true, true, number))
		return true;
	count = list_plans(scan, line, plans);
	for (bare = 0; bare < 2; bare++)
	{
		for (i = 0; i < count; i++)
		{
			if (parse_at(a, plans[i], i == 0, number) && number->bare == bare)
				return true;
		}
	}
	is_lost = !knows_country(scan, line);
	return parse_by_place(scan, a, false, is_lost, number) || parse_last(a, is_lost, number);
}

void
wf_phone_set_value(const WfPhoneNumber *number, WfSlice extension, WfPhone *phone)
{
	int			len;

	if (number->uncertain)
		len = snprintf(phone->value, sizeof(phone->value), "%.*s", number->len, number->digits);
	else
		len = snprintf(phone->value, sizeof(phone->value), "+%d%.*s",
					   number->plan->code, number->len, number->digits);
	if (extension.len > 0 && len + 5 + extension.len < sizeof(phone->value))
		len += snprintf(phone->value + len, sizeof(phone->value) - len, ";ext=%.*s",
						(int) extension.len, extension.data);
	phone->len = len;
}

/* Numbers people put where they have none. */
bool
wf_phone_is_placeholder(WfSlice digits)
{
	static const char ascending[] = "01234567890123456789";
	size_t		i;

	for (i = 1; i < digits.len && digits.data[i] == digits.data[0]; i++)
		;
	return i == digits.len || memmem(ascending, 20, digits.data, digits.len) != NULL ||
		(digits.len >= 10 && memcmp(digits.data + digits.len - 10, "9876543210", 10) == 0);
}

/* Set the digits of an attempt; false when they cannot be a number. */
bool
wf_attempt_set(WfAttempt *a)
{
	size_t		len = 0;
	int			i;

	for (i = 0; i < a->count; i++)
	{
		if (!wf_is_digit(a->c[i]))
			continue;
		if (len == WF_PHONE_DIGITS)
			return false;
		a->buffer[len++] = a->c[i];
	}
	a->digits = (WfSlice) {a->buffer, len};
	a->group_count = wf_run_groups(a->c, a->count, a->groups, WF_MAX_GROUPS);
	a->plus = a->c[0] == '+' || (a->count > 1 && a->c[1] == '+') ||
		(a->count > 2 && a->c[2] == '+');
	return len >= WF_MIN_SHORT;
}
