/*-------------------------------------------------------------------------
 *
 * wf_phone.c
 *	  Phone numbers in text, in links and in structured data.
 *
 * Text is examined only around runs of digits (wf_phone_run.c).  A run is
 * tried as one number, then in parts, as libphonenumber's matcher does it; a
 * number must be valid in the plan of its country (wf_phone_number.c).  What
 * could be a number as well as an id needs a label (wf_phone_label.c).
 *
 *-------------------------------------------------------------------------
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE				/* memmem */
#endif

#include "wf_phone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wf_phone_int.h"
#include "wf_text.h"

#define MAX_VOTES		8		/* countries told from numbers on the page */
#define MAX_TRIES		24		/* parts of one run that are tried */
#define MAX_GROUPS		8
#define MAX_PLANS		(WF_HINT_COUNT + 3)
#define NEAR_BYTES		20		/* between a number of no country and its label */
#define LIST_BYTES		8		/* between numbers that share a label */

struct WfPhoneMatcher
{
	char		unused;
};

typedef struct Vote
{
	const WfPhonePlan *plan;
	int			count;
} Vote;

struct WfPhoneScan
{
	const WfPhonePlan *hints[WF_HINT_COUNT];
	const WfPhonePlan *last_resort;
	Vote		votes[MAX_VOTES];
	size_t		last_end;		/* of the last number in this text */
	WfLabel		last_label;
};

/* A part of a run as a number. */
typedef struct Attempt
{
	const char *c;				/* the characters, from a digit or lead on */
	int			count;
	bool		plus;
	bool		is_value;		/* said to be a number, by its place */
	WfLabel		label;
	WfSlice		text;			/* around it, whose lines may name a country */
	size_t		start;			/* in text */
	int			groups[MAX_GROUPS];
	int			group_count;
	WfSlice		digits;
	char		buffer[WF_PHONE_DIGITS];
} Attempt;

WfPhoneMatcher *
wf_phone_matcher_create(void)
{
	return calloc(1, sizeof(WfPhoneMatcher));
}

void
wf_phone_matcher_free(WfPhoneMatcher *matcher)
{
	free(matcher);
}

WfPhoneScan *
wf_phone_scan_create(const WfPhoneMatcher *matcher, WfArena *arena, const char *region)
{
	WfPhoneScan *scan = wf_arena_alloc(arena, sizeof(WfPhoneScan));

	(void) matcher;				/* all tables are constant */
	if (scan == NULL)
		return NULL;
	memset(scan, 0, sizeof(*scan));
	scan->last_resort = wf_phone_plan(region);
	return scan;
}

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
			plan = wf_label_language(value);
			break;
		case WF_HINT_NUMBER:
		case WF_HINT_POSTAL:
			break;
	}
	scan->hints[kind] = plan;
}

/* A number with the code of its country was found. */
static void
vote(WfPhoneScan *scan, const WfPhonePlan *plan)
{
	int			best = 0;
	int			i;

	if (!wf_is_alpha(plan->region[0]))
		return;
	for (i = 0; i < MAX_VOTES && scan->votes[i].plan != NULL && scan->votes[i].plan != plan; i++)
		;
	if (i == MAX_VOTES)
		return;
	scan->votes[i].plan = plan;
	scan->votes[i].count++;
	for (i = 1; i < MAX_VOTES; i++)
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

/*-------------------------------------------------------------------------
 * One number
 *-------------------------------------------------------------------------
 */

/* Grouped as in North America: 3-3-4, perhaps behind a 1. */
static bool
is_nanp_style(const Attempt *a)
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
is_nanp_compact(const Attempt *a)
{
	return a->group_count == 1 ||
		(a->group_count == 2 && (a->groups[0] == 3 || a->groups[0] == 1 || a->groups[0] == 6));
}

/* "(202)5550143" */
static bool
is_area_in_brackets(const Attempt *a)
{
	return a->count > 4 && a->c[0] == '(' && a->c[4] == ')';
}

/* Only spaces (or dots) between groups of three, as in an amount. */
static bool
is_amount(const Attempt *a)
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

static bool
has_label(const Attempt *a)
{
	return a->is_value || a->label == WF_LABEL_PHONE || a->label == WF_LABEL_FAX;
}

/*
 * Is a valid number of plan, written in national form, likely to be meant as
 * one?  At home is the country that numbers without code are most likely of.
 */
static bool
is_likely(const Attempt *a, const WfPhonePlan *plan, const WfPhoneNumber *number, bool at_home)
{
	int			singles = 0;
	int			i;

	if (a->is_value)
		return true;
	if (plan->code == 1 && number->plan->code == 1)
		return is_nanp_style(a) || (is_nanp_compact(a) && (has_label(a) || is_area_in_brackets(a)));
	if (!number->national)
		return has_label(a) || (at_home && a->group_count > 1);
	if (number->bare && !has_label(a))
		return false;
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

/* As a number of plan, in national form or with the code but no '+'. */
static bool
parse_at(const Attempt *a, const WfPhonePlan *plan, bool at_home, WfPhoneNumber *number)
{
	WfPhoneNumber other;
	int			first = a->groups[0];

	if (wf_phone_parse(a->digits, false, plan, number) && number->valid &&
		!(number->bare && !has_label(a)))
		return is_likely(a, plan, number, at_home);
	/* "49 30 ...": the code stands alone */
	if (a->group_count > 1 && first <= 3 && a->digits.data[0] != '0' &&
		atoi((char[4]) {a->digits.data[0], first > 1 ? a->digits.data[1] : 0,
			 first > 2 ? a->digits.data[2] : 0, 0}) == plan->code &&
		wf_phone_parse(a->digits, true, NULL, &other) && other.valid)
	{
		*number = other;
		return true;
	}
	return number->valid && is_likely(a, plan, number, at_home);
}

/* Set digits without the "(0)" of "+49 (0) 30"; false when there is none. */
static bool
drop_trunk_zero(const Attempt *a, char out[WF_PHONE_DIGITS], WfSlice *digits)
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
parse_abroad(const Attempt *a, WfSlice digits, WfPhoneNumber *number)
{
	bool		zeros = !a->plus && digits.len > 2 && memcmp(digits.data, "00", 2) == 0;

	if (zeros)
		wf_advance(&digits, 2);
	return (a->plus || zeros) && wf_phone_parse(digits, true, NULL, number) && number->valid;
}

/* Numbers that are of no country known here. */
static bool
parse_last(const Attempt *a, WfPhoneNumber *number)
{
	size_t		near;

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
	/* a label and a national prefix: a number all the same, as shown */
	near = a->start > NEAR_BYTES ? a->start - NEAR_BYTES : 0;
	if (a->is_value || a->text.len == 0 || a->digits.data[0] != '0' ||
		wf_label_before(a->text, near, a->start) == WF_LABEL_NONE ||
		(a->group_count == 2 && a->groups[0] == 5 && a->groups[1] == 4) ||
		a->digits.data[1] == '0' ||
		a->digits.len < 9 || a->digits.len > 12 || a->group_count < 2 ||
		a->group_count > 5)
		return false;
	memcpy(number->digits, a->digits.data, a->digits.len);
	number->len = (int) a->digits.len;
	return true;
}

static bool
resolve(WfPhoneScan *scan, const Attempt *a, WfPhoneNumber *number)
{
	const WfPhonePlan *plans[MAX_PLANS];
	char		out[WF_PHONE_DIGITS];
	WfSlice		digits;
	int			count;
	int			bare;
	int			i;

	number->uncertain = false;
	if ((drop_trunk_zero(a, out, &digits) && parse_abroad(a, digits, number)) ||
		parse_abroad(a, a->digits, number))
	{
		number->national = false;
		return true;
	}
	if (a->plus)
		return false;
	count = list_plans(scan, a->text.len > 0 ?
					   wf_label_region(a->text, scan->last_end, a->start) : NULL, plans);
	for (bare = 0; bare < 2; bare++)
	{
		for (i = 0; i < count; i++)
		{
			if (parse_at(a, plans[i], i == 0, number) && number->bare == bare)
				return true;
		}
	}
	return parse_last(a, number);
}

static void
set_value(const WfPhoneNumber *number, WfSlice extension, WfPhone *phone)
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
static bool
is_placeholder(WfSlice digits)
{
	static const char ascending[] = "01234567890123456789";
	size_t		i;

	for (i = 1; i < digits.len && digits.data[i] == digits.data[0]; i++)
		;
	return i == digits.len || memmem(ascending, 20, digits.data, digits.len) != NULL;
}

/* Set the digits of an attempt; false when they cannot be a number. */
static bool
set_digits(Attempt *a)
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
	a->group_count = wf_run_groups(a->c, a->count, a->groups, MAX_GROUPS);
	a->plus = a->c[0] == '+' || (a->count > 1 && a->c[1] == '+') ||
		(a->count > 2 && a->c[2] == '+');
	return len >= WF_MIN_PHONE;
}

/*-------------------------------------------------------------------------
 * Numbers in a run
 *-------------------------------------------------------------------------
 */

/* What is behind the last part of a run. */
typedef struct Tail
{
	WfSlice		extension;
	size_t		end;			/* of the extension; 0 when there is none */
} Tail;

/* Label of the number at "at": its own, or that of the list it is in. */
static WfLabel
find_label(const WfPhoneScan *scan, WfSlice text, size_t at)
{
	WfLabel		label = wf_label_before(text, scan->last_end, at);

	if (label == WF_LABEL_NONE && scan->last_end > 0 && at - scan->last_end <= LIST_BYTES &&
		memchr(text.data + scan->last_end, '\n', at - scan->last_end) == NULL)
		return scan->last_label;
	return label;
}

/* Try the characters from..to of a run as a number. */
static bool
try_part(WfPhoneScan *scan, WfSlice text, const WfRun *run, int from, int to,
		 const Tail *tail, WfPhone *phone)
{
	Attempt		a;
	WfPhoneNumber number;
	bool		at_end;

	while (from < to && !wf_is_digit(run->c[from]) &&
		   memchr("+([", run->c[from], 3) == NULL)
		from++;
	while (to > from && !wf_is_digit(run->c[to - 1]))
		to--;
	a.c = run->c + from;
	a.count = to - from;
	if (a.count < WF_MIN_PHONE || !set_digits(&a) ||
		!wf_run_has_matching_brackets(a.c, a.count) || wf_run_is_pages(a.c, a.count))
		return false;
	at_end = to == run->count;
	phone->start = run->at[from];
	phone->end = at_end ? run->at[to] : run->at[to - 1] + 1;
	if (!wf_run_may_follow(text, phone->start, !wf_is_digit(a.c[0])) ||
		(!(at_end && tail->end > 0) && !wf_run_may_precede(text, phone->end)))
		return false;
	a.is_value = false;
	a.label = find_label(scan, text, phone->start);
	if (!a.plus &&
		(a.label == WF_LABEL_OTHER ||
		 (a.label == WF_LABEL_NONE && (wf_run_is_numeric(a.c, a.count) ||
									   wf_run_is_counted(text, phone->start, phone->end)))))
		return false;
	a.text = text;
	a.start = phone->start;
	if (!resolve(scan, &a, &number) ||
		is_placeholder((WfSlice) {number.digits, number.len}))
		return false;
	set_value(&number, at_end ? tail->extension : (WfSlice) {NULL, 0}, phone);
	if (at_end && tail->end > 0)
		phone->end = tail->end;
	phone->is_fax = a.label == WF_LABEL_FAX || wf_label_fax_behind(text, phone->end);
	scan->last_label = a.label;
	scan->last_end = phone->end;
	return true;
}

/* Is there a split of the kind at i?  Sets where the part behind it begins. */
static bool
is_split(const WfRun *run, int kind, int i, int *next)
{
	const char *c = run->c;

	*next = i + 1;
	switch (kind)
	{
		case 0:
			return c[i] == '/';
		case 1:
			*next = i;
			return i > 0 && c[i] == '(';
		case 2:
			return c[i] == ' ' && c[i + 1] == '0' && i > 0;
		case 3:
			*next = i + 2;
			return (c[i] == ' ' && c[i + 1] == '-') || (c[i] == '-' && c[i + 1] == ' ');
		case 4:
			return c[i] == '_' || c[i] == '~';
		case 5:
			return c[i] == '.';
		case 6:
			return c[i] == ' ';
	}
	return false;
}

#define SPLIT_KINDS 7

/* Try a run in parts, by ever weaker separators. */
static bool
try_parts(WfPhoneScan *scan, WfSlice text, const WfRun *run, const Tail *tail, WfPhone *phone)
{
	int			tries = MAX_TRIES;
	int			kind;

	for (kind = 0; kind < SPLIT_KINDS; kind++)
	{
		int			from = 0;
		int			next;
		int			i;

		for (i = 0; i + 1 < run->count && tries > 0; i++)
		{
			if (!is_split(run, kind, i, &next))
				continue;
			if (tries-- > 0 && try_part(scan, text, run, from, i, tail, phone))
				return true;
			from = next;
		}
		if (from > 0 && tries-- > 0 &&
			try_part(scan, text, run, from, run->count, tail, phone))
			return true;
	}
	return false;
}

/* A number with '+' in front of the digit at "at": its country has a vote. */
static void
count_vote(WfPhoneScan *scan, WfSlice text, size_t at)
{
	WfRun		run;
	Attempt		a;
	WfPhoneNumber number;

	wf_run_read(text, 0, at, &run);
	a.c = run.c;
	a.count = run.count;
	a.text = (WfSlice) {NULL, 0};
	if (!run.too_long && set_digits(&a) && a.plus && resolve(scan, &a, &number))
		vote(scan, number.plan);
}

/* What a text tells of its country, before its numbers are examined. */
static void
count_votes(WfPhoneScan *scan, WfSlice text)
{
	size_t		at = 0;

	while ((at = wf_run_find(text, at)) < text.len)
	{
		if ((at > 0 && text.data[at - 1] == '+') || (at > 1 && text.data[at - 2] == '+'))
			count_vote(scan, text, at);
		else if (scan->hints[WF_HINT_POSTAL] == NULL)
			scan->hints[WF_HINT_POSTAL] = wf_label_postal(text, at);
		while (at < text.len &&
			   (wf_is_digit(text.data[at]) || (unsigned char) text.data[at] >= 0x80))
			at++;
	}
}

/*-------------------------------------------------------------------------
 * Letters for digits
 *-------------------------------------------------------------------------
 */

static char
keypad_digit(char letter)
{
	static const char keys[] = "22233344455566677778889999";

	return keys[wf_lower_char(letter) - 'a'];
}

/*
 * A number of North America that ends in capitals, "1-800-FLOWERS".  Digits
 * are those in front of it; the area code must be toll-free, or the same
 * number follow in digits.
 */
static bool
try_vanity(WfPhoneScan *scan, WfSlice text, const WfRun *run, WfPhone *phone)
{
	char		digits[16];
	WfSlice		number = {digits, 0};
	WfPhoneNumber parsed;
	size_t		pos = run->at[run->count];
	int			letters = 0;
	int			i;

	for (i = 0; i < run->count && number.len < 11; i++)
	{
		if (wf_is_digit(run->c[i]))
			digits[number.len++] = run->c[i];
	}
	if (digits[0] != '1')
	{
		memmove(digits + 1, digits, number.len);
		digits[0] = '1';
		number.len++;
	}
	while (pos < text.len && pos < run->at[run->count] + 2 &&
		   memchr(")-. ", text.data[pos], 4) != NULL)
		pos++;
	if (number.len < 4 || pos == run->at[run->count])
		return false;
	for (; pos < text.len && number.len < 11; pos++)
	{
		char		c = text.data[pos];

		if (c >= 'A' && c <= 'Z')
		{
			digits[number.len++] = keypad_digit(c);
			letters++;
		}
		else if (wf_is_digit(c))
			digits[number.len++] = c;
		else if ((c != '-' && c != '.') || !(pos + 1 < text.len) ||
				 !(wf_is_digit(text.data[pos + 1]) ||
				   (text.data[pos + 1] >= 'A' && text.data[pos + 1] <= 'Z')))
			return false;
	}
	/* words may be longer than the number */
	for (i = 0; i < 4 && pos < text.len && text.data[pos] >= 'A' && text.data[pos] <= 'Z'; i++)
		pos++;
	if (number.len < 11 || letters < 3 ||
		(pos < text.len && (wf_is_alpha(text.data[pos]) || wf_is_digit(text.data[pos]))) ||
		!wf_phone_parse(number, true, NULL, &parsed) || !parsed.valid)
		return false;
	parsed.uncertain = false;
	if (!(digits[1] == '8' && (digits[2] == digits[3] || memcmp(digits + 1, "800", 3) == 0)))
	{
		WfRun		again;
		size_t		next = wf_run_find(text, pos);

		if (next > pos + 3)
			return false;
		wf_run_read(text, pos, next, &again);
		for (i = again.count; i > 0 && number.len > 4; i--)
		{
			if (wf_is_digit(again.c[i - 1]) && again.c[i - 1] != digits[--number.len])
				return false;
		}
		if (again.digits < 7)
			return false;
	}
	phone->start = run->at[0];
	phone->end = pos;
	set_value(&parsed, (WfSlice) {NULL, 0}, phone);
	phone->is_fax = find_label(scan, text, phone->start) == WF_LABEL_FAX;
	scan->last_end = pos;
	return true;
}

static bool
try_run(WfPhoneScan *scan, WfSlice text, const WfRun *run, WfPhone *phone)
{
	Tail		tail = {{NULL, 0}, 0};

	if (run->too_long)
		return false;
	if (run->digits < WF_MIN_PHONE)
		return run->digits >= 3 && try_vanity(scan, text, run, phone);
	if (wf_run_is_date(text, run))
		return false;
	tail.end = wf_run_extension(text, run->at[run->count], &tail.extension);
	return try_part(scan, text, run, 0, run->count, &tail, phone) ||
		try_parts(scan, text, run, &tail, phone);
}

bool
wf_phone_next(WfPhoneScan *scan, WfSlice text, size_t *pos, WfPhone *phone)
{
	WfRun		run;

	if (*pos == 0)
	{
		scan->last_end = 0;
		scan->last_label = WF_LABEL_NONE;
		count_votes(scan, text);
	}
	while ((*pos = wf_run_find(text, *pos)) < text.len)
	{
		wf_run_read(text, scan->last_end, *pos, &run);
		if (try_run(scan, text, &run, phone))
		{
			*pos = phone->end;
			return true;
		}
		*pos = run.at[run.count];
	}
	return false;
}

/*-------------------------------------------------------------------------
 * Values and links
 *-------------------------------------------------------------------------
 */

/* The characters are a number, whatever they look like. */
static bool
take_value(WfPhoneScan *scan, const char *c, int count, bool plus, WfSlice extension,
		   WfPhone *phone)
{
	Attempt		a;
	WfPhoneNumber number;

	a.c = c;
	a.count = count;
	if (count == 0 || !set_digits(&a) || is_placeholder(a.digits))
		return false;
	a.plus = a.plus || plus;
	a.is_value = true;
	a.label = WF_LABEL_NONE;
	a.text = (WfSlice) {NULL, 0};
	if (!resolve(scan, &a, &number))
	{
		/* the '+' may be missing, or a number too new for the table */
		bool		known = wf_phone_parse(a.digits, true, NULL, &number);

		number.uncertain = false;
		if (!known || !(number.valid && a.digits.len > 10))
		{
			if (a.digits.len > 15 || (a.plus && !known))
				return false;
			phone->len = 0;
			if (a.plus)
				phone->value[phone->len++] = '+';
			memcpy(phone->value + phone->len, a.digits.data, a.digits.len);
			phone->len += a.digits.len;
			return true;
		}
	}
	if (!number.national)
		vote(scan, number.plan);
	set_value(&number, extension, phone);
	return true;
}

bool
wf_phone_value(WfPhoneScan *scan, WfSlice value, WfPhone *phone)
{
	WfSlice		extension = {NULL, 0};
	size_t		at = wf_run_find(value, 0);
	WfRun		run;

	if (at == value.len)
		return false;
	wf_run_read(value, 0, at, &run);
	scan->last_end = 0;
	phone->start = run.at[0];
	phone->end = run.at[run.count];
	phone->is_fax = wf_label_before(value, 0, phone->start) == WF_LABEL_FAX;
	if (run.digits < WF_MIN_PHONE)
		return try_vanity(scan, value, &run, phone);
	wf_run_extension(value, phone->end, &extension);
	return !run.too_long && take_value(scan, run.c, run.count, false, extension, phone);
}

typedef struct Scheme
{
	WfSlice		text;
	bool		plus;			/* numbers behind it have their country's code */
} Scheme;

/* Strip what is in front of the number in a link; false when it is none. */
static bool
skip_scheme(WfSlice *href, bool *plus)
{
	static const Scheme schemes[] = {
		{{"tel:", 4}, false}, {{"telephone:", 10}, false}, {{"phone:", 6}, false},
		{{"callto:", 7}, false}, {{"sms:", 4}, false}, {{"smsto:", 6}, false},
		{{"fax:", 4}, false}, {{"skype:", 6}, false},
		{{"whatsapp://send?phone=", 22}, true}, {{"whatsapp://send/?phone=", 23}, true},
		{{"https://wa.me/", 14}, true}, {{"http://wa.me/", 13}, true},
		{{"//wa.me/", 8}, true},
		{{"https://api.whatsapp.com/send?phone=", 36}, true},
		{{"https://api.whatsapp.com/send/?phone=", 37}, true},
		{{"https://web.whatsapp.com/send?phone=", 36}, true}
	};
	size_t		i;

	while (href->len > 0 && (unsigned char) href->data[0] <= ' ')
		wf_advance(href, 1);
	for (i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
	{
		if (wf_text_starts_nocase(*href, schemes[i].text))
		{
			wf_advance(href, schemes[i].text.len);
			*plus = schemes[i].plus;
			return true;
		}
	}
	return false;
}

/*
 * The number in a decoded link: digits and letters for digits to out, until
 * parameters or an extension begin.  Returns their end.
 */
static size_t
read_link(WfSlice text, char out[64], int *count)
{
	size_t		i;

	*count = 0;
	for (i = 0; i < text.len && *count < 60; i++)
	{
		char		c = text.data[i];

		if (c == '?' || c == '&' || (*count > 0 && memchr(";,#", c, 3) != NULL))
			break;
		if (*count >= WF_MIN_PHONE && wf_is_alpha(c) &&
			(c == 'x' || (i + 1 < text.len && !wf_is_alpha(text.data[i + 1])) ||
			 wf_text_starts_nocase((WfSlice) {text.data + i, text.len - i}, WF_SLICE("ext"))))
			break;				/* an extension, or "p", a pause */
		if (wf_is_digit(c) || memchr("+-.()/ []", c, 9) != NULL)
			out[(*count)++] = c;
		else if (wf_is_alpha(c) && *count >= 3)
			out[(*count)++] = keypad_digit(c);
		else if (wf_is_alpha(c) && *count > 0)
			break;
	}
	return i;
}

bool
wf_phone_tel(WfPhoneScan *scan, WfSlice href, WfPhone *phone)
{
	const char *base = href.data;
	char		decoded[128];
	char		c[64];
	WfSlice		text = {decoded, 0};
	WfSlice		extension = {NULL, 0};
	const char *mark;
	size_t		end;
	bool		plus = false;
	int			count;

	if (!skip_scheme(&href, &plus))
		return false;
	phone->start = href.data - base;
	phone->end = phone->start + href.len;
	phone->is_fax = base[0] == 'f' || base[0] == 'F';
	if (href.len > sizeof(decoded))
		href.len = sizeof(decoded);
	text.len = wf_text_percent_decode(href, decoded);
	end = read_link(text, c, &count);
	mark = memmem(text.data + end, text.len - end, ";ext=", 5);
	if (mark != NULL)
	{
		extension.data = mark + 5;
		while (extension.data + extension.len < text.data + text.len && extension.len < 7 &&
			   wf_is_digit(extension.data[extension.len]))
			extension.len++;
	}
	while (count > 0 && !wf_is_digit(c[count - 1]))
		count--;
	return take_value(scan, c, count, plus, extension, phone);
}
