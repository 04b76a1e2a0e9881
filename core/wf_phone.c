/*-------------------------------------------------------------------------
 *
 * wf_phone.c
 *	  Phone numbers in text, in links and in structured data.
 *
 * Text is examined only around runs of digits (wf_phone_run.c).  A run is
 * tried as one number, then in parts, as libphonenumber's matcher does it; a
 * number must be valid in the plan of its country (wf_phone_number.c).  What
 * could be a number as well as an id needs a label (wf_phone_resolve.c).
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

#define MAX_TRIES		24		/* parts of one run that are tried */
#define LIST_BYTES		8		/* between numbers that share a label */
#define MIN_MARKED		8		/* digits that an icon may label */
#define MAX_MARKED		13

struct WfPhoneMatcher
{
	char		unused;
};

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

void
wf_phone_set_markup(WfPhoneScan *scan, WfPhoneMarkup markup, void *arg)
{
	scan->markup = markup;
	scan->markup_arg = arg;
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

/*
 * Label of the number at "at": its own, or that of the list it is in.  Behind a word
 * that says nothing known, it is no fax number; behind one of another script, it
 * may be anything.
 */
static WfLabel
find_label(const WfPhoneScan *scan, WfSlice text, size_t at)
{
	WfLabel		label = wf_label_before(text, scan->last_end, at);
	size_t		i;

	if (label != WF_LABEL_NONE || scan->last_end == 0 || at - scan->last_end > LIST_BYTES ||
		memchr(text.data + scan->last_end, '\n', at - scan->last_end) != NULL)
		return label;
	if (wf_list_is_joined(text, scan->last_end, at))
		return wf_list_label(scan, text, scan->last_end, at);
	for (i = scan->last_end; i < at; i++)
	{
		if (wf_is_alpha(text.data[i]))
			return scan->last_label == WF_LABEL_FAX ? WF_LABEL_PHONE : scan->last_label;
		if ((unsigned char) text.data[i] >= 0xC3 && (unsigned char) text.data[i] < 0xE2)
			return WF_LABEL_NONE;
	}
	return scan->last_label;
}

/*
 * "(212) 555-0123" or "1-800-555-0123": written so, it is a number that somebody
 * is to call, also behind "Membership:" or "Orders:".
 */
static bool
is_plainly_american(const WfAttempt *a)
{
	int			first = a->group_count - 3;

	if (a->group_count < 3 || a->group_count > 4 || a->groups[first] != 3 ||
		a->groups[first + 1] != 3 || a->groups[first + 2] != 4)
		return false;
	if (a->group_count == 3)
		return a->c[0] == '(' && a->c[4] == ')';
	return a->groups[0] == 1 && a->digits.data[0] == '1' &&
		(a->digits.data[1] == '8' || memchr(a->c, '(', a->count) != NULL);
}

/* What a picture in front of the number at "at" says.  Places are asked for in their order. */
static WfLabel
marked_label(WfPhoneScan *scan, size_t at)
{
	if (scan->markup == NULL || at < scan->marked_at)
		return WF_LABEL_NONE;
	scan->marked_at = at;
	return wf_markup_label(scan->markup(scan->markup_arg, at));
}

/* The number of an attempt, which a picture in front of several groups may label, too. */
static bool
resolve_part(WfPhoneScan *scan, WfAttempt *a, WfPhoneNumber *number)
{
	if (wf_attempt_resolve(scan, a, number) || wf_phone_local(scan, a, number))
		return true;
	if (a->label != WF_LABEL_NONE || a->plus || a->group_count == 1 ||
		a->digits.len < MIN_MARKED || a->digits.len > MAX_MARKED)
		return false;
	a->label = marked_label(scan, a->start);
	return a->label != WF_LABEL_NONE && wf_attempt_resolve(scan, a, number);
}

/* Try the characters from..to of a run as a number. */
static bool
try_part(WfPhoneScan *scan, WfSlice text, const WfRun *run, int from, int to,
		 const Tail *tail, WfPhone *phone)
{
	WfAttempt		a;
	WfPhoneNumber number;
	bool		at_end;

	while (from < to && !wf_is_digit(run->c[from]) &&
		   memchr("+([", run->c[from], 3) == NULL)
		from++;
	while (to > from && !wf_is_digit(run->c[to - 1]))
		to--;
	a.c = run->c + from;
	a.count = to - from;
	if (a.count < WF_MIN_SHORT || !wf_attempt_set(&a) ||
		!wf_run_has_matching_brackets(a.c, a.count) || wf_run_is_pages(a.c, a.count))
		return false;
	at_end = to == run->count;
	phone->start = run->at[from];
	phone->end = at_end ? run->at[to] : run->at[to - 1] + 1;
	if (!wf_run_may_follow(text, phone->start, !wf_is_digit(a.c[0])))
		return false;
	a.is_value = false;
	a.label = find_label(scan, text, phone->start);
	/* bare digits: perhaps a picture of a phone stands in front */
	if (a.label == WF_LABEL_NONE && a.group_count == 1 &&
		a.digits.len >= MIN_MARKED && a.digits.len <= MAX_MARKED)
		a.label = marked_label(scan, phone->start);
	if (a.label == WF_LABEL_OTHER && is_plainly_american(&a))
		a.label = WF_LABEL_NONE;
	if (!(at_end && tail->end > 0) && !wf_run_may_precede(text, phone->end) &&
		!((a.label == WF_LABEL_PHONE || a.label == WF_LABEL_FAX) &&
		  wf_run_is_glued(text, phone->end)))
		return false;
	if (!a.plus &&
		(a.label == WF_LABEL_OTHER ||
		 (a.label == WF_LABEL_NONE && (wf_run_is_numeric(a.c, a.count) ||
									   wf_run_is_postal(text, phone->start, a.groups,
														a.group_count) ||
									   wf_run_is_in_name(text, phone->start) ||
									   wf_run_is_counted(text, phone->start, phone->end)))))
		return false;
	/* short ones: as a whole, and with a label */
	if (a.digits.len < WF_MIN_PHONE &&
		(a.digits.len < (size_t) run->digits || a.plus ||
		 (a.label != WF_LABEL_PHONE && a.label != WF_LABEL_FAX)))
		return false;
	a.text = text;
	a.start = phone->start;
	if (!resolve_part(scan, &a, &number) ||
		wf_phone_is_placeholder((WfSlice) {number.digits, number.len}))
		return false;
	wf_phone_set_value(&number, at_end ? tail->extension : (WfSlice) {NULL, 0}, phone);
	if (at_end && tail->end > 0)
		phone->end = tail->end;
	if (a.label == WF_LABEL_NONE)
		a.label = marked_label(scan, phone->start);
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
	WfAttempt		a;
	WfPhoneNumber number;

	wf_run_read(text, 0, at, &run);
	a.c = run.c;
	a.count = run.count;
	a.text = (WfSlice) {NULL, 0};
	a.start = 0;
	a.is_value = false;
	a.label = WF_LABEL_NONE;
	if (!run.too_long && wf_attempt_set(&a) && a.plus && wf_attempt_resolve(scan, &a, &number))
		wf_phone_vote(scan, number.plan);
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

/* "303.333.HAUS", "(303) 333-HAUS": three, three, and four letters up to end */
static bool
ends_in_four(WfSlice text, const WfRun *run, size_t end, int letters)
{
	int			groups[3];
	int			count = wf_run_groups(run->c, run->count, groups, 3);

	return letters == 4 && count == 2 && groups[0] == 3 && groups[1] == 3 &&
		end - run->at[run->count] == 5 && memchr("-.", text.data[end - 5], 2) != NULL;
}

/*
 * A number of North America that ends in capitals, "1-800-FLOWERS".  Digits
 * are those in front of it; the area code must be toll-free, or only the last
 * four be letters, or the same number follow in digits.
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
	if (!ends_in_four(text, run, pos, letters) &&
		!(digits[1] == '8' && (digits[2] == digits[3] || memcmp(digits + 1, "800", 3) == 0)))
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
	wf_phone_set_value(&parsed, (WfSlice) {NULL, 0}, phone);
	phone->is_fax = find_label(scan, text, phone->start) == WF_LABEL_FAX;
	scan->last_end = pos;
	return true;
}

/* "02 9374 4000/1/2", "4000-1": where the ends of other numbers begin; 0 if nowhere. */
static int
other_ends(const WfRun *run)
{
	int			end = run->count;
	int			i;

	for (;;)
	{
		for (i = end - 1; i > 0 && wf_is_digit(run->c[i]); i--)
			;
		if (i < WF_MIN_PHONE || !wf_is_digit(run->c[i - 1]) ||
			!((run->c[i] == '/' && end - i <= 3) || (run->c[i] == '-' && end - i == 2)))
			return end < run->count ? end : 0;
		end = i;
	}
}

/*
 * "0821 344561 / 344562": where a second number begins that is as long as the first is
 * without its area's code; 0 when there is none.
 */
static int
second_number(const WfRun *run)
{
	const char *slash = memchr(run->c, '/', run->count);
	int			groups[WF_MAX_GROUPS];
	int			digits = 0;
	int			count;
	int			at;
	int			i;

	if (slash == NULL)
		return 0;
	at = (int) (slash - run->c);
	count = wf_run_groups(run->c, at, groups, WF_MAX_GROUPS);
	for (i = 0; i < count; i++)
		digits += groups[i];
	if (count < 2 || digits < WF_MIN_PHONE + 1 || groups[count - 1] < WF_MIN_SHORT)
		return 0;
	i = groups[count - 1];
	return wf_run_groups(slash + 1, run->count - at - 1, groups, 2) == 1 && groups[0] == i ?
		at : 0;
}

/* All of the run is one number; if of no country, rather what is without another end. */
static bool
try_whole(WfPhoneScan *scan, WfSlice text, const WfRun *run, const Tail *tail, WfPhone *phone)
{
	size_t		last_end = scan->last_end;
	bool		found = try_part(scan, text, run, 0, run->count, tail, phone);
	int			cut = second_number(run);
	WfPhone		first;

	if (cut == 0 && !(found && phone->value[0] == '+'))
		cut = other_ends(run);
	if (cut == 0)
		return found;
	scan->last_end = last_end;
	/* a dash needs a label: "202-555-0123-4" is an id */
	if (try_part(scan, text, run, 0, cut, tail, &first) && first.value[0] == '+' &&
		(run->c[cut] == '/' || scan->last_label == WF_LABEL_PHONE ||
		 scan->last_label == WF_LABEL_FAX))
		*phone = first;
	else if (!found)
		return false;
	scan->last_end = phone->end;
	return true;
}

static bool
try_run(WfPhoneScan *scan, WfSlice text, const WfRun *run, WfPhone *phone)
{
	Tail		tail = {{NULL, 0}, 0};

	if (run->too_long)
		return false;
	if (run->digits < WF_MIN_PHONE && run->digits >= 3 && try_vanity(scan, text, run, phone))
		return true;
	if (run->digits < WF_MIN_SHORT || wf_run_is_date(text, run) || wf_run_is_account(text, run))
		return false;
	tail.end = wf_run_extension(text, run->at[run->count], &tail.extension);
	return try_whole(scan, text, run, &tail, phone) ||
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
		scan->place_known = false;
		scan->area_known = false;
		scan->marked_at = 0;
		count_votes(scan, text);
		if (scan->has_guess && !wf_phone_knows_country(scan))
			wf_phone_note_place(scan, text);
	}
	else if (*pos == scan->last_end && wf_list_next(scan, text, *pos, phone))
	{
		*pos = phone->end;
		return true;
	}
	while ((*pos = wf_run_find(text, *pos)) < text.len)
	{
		wf_run_read(text, scan->last_end, *pos, &run);
		if (try_run(scan, text, &run, phone))
		{
			wf_list_keep(scan, phone);
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
	WfAttempt		a;
	WfPhoneNumber number;
	bool		found;

	a.c = c;
	a.count = count;
	if (count == 0 || !wf_attempt_set(&a) || wf_phone_is_placeholder(a.digits))
		return false;
	plus = plus && !a.plus;
	a.plus = a.plus || plus;
	a.is_value = true;
	a.label = WF_LABEL_NONE;
	a.start = 0;
	a.text = (WfSlice) {NULL, 0};
	scan->has_guess = scan->has_guess || !a.plus;
	found = wf_attempt_resolve(scan, &a, &number);
	if (!found && plus)
	{
		/* written as at home where the code belongs: "wa.me/02079460123" */
		a.plus = false;
		scan->has_guess = true;
		found = wf_attempt_resolve(scan, &a, &number);
		a.plus = !found && a.digits.data[0] != '0';
	}
	if (!found)
	{
		/* the '+' may be missing, or a number too new for the table */
		bool		known = wf_phone_parse(a.digits, true, NULL, &number);

		number.uncertain = false;
		if (!known || !(number.valid && a.digits.len > 10))
		{
			if (a.digits.len > 15 || a.digits.len < WF_MIN_PHONE || (a.plus && !known))
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
		wf_phone_vote(scan, number.plan);
	wf_phone_set_value(&number, extension, phone);
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
	if (run.digits < WF_MIN_PHONE && try_vanity(scan, value, &run, phone))
		return true;
	wf_run_extension(value, phone->end, &extension);
	return !run.too_long && take_value(scan, run.c, run.count, false, extension, phone);
}

bool
wf_phone_again(WfPhoneScan *scan, WfSlice raw, WfPhone *phone)
{
	char		decoded[128];
	WfSlice		value = {decoded, 0};

	if (raw.len > sizeof(decoded))
		return false;
	value.len = wf_text_percent_decode(raw, decoded);
	return (wf_phone_knows_country(scan) || (scan->page_place != NULL && !scan->places_differ)) &&
		wf_phone_value(scan, value, phone) && phone->value[0] == '+';
}

typedef struct Scheme
{
	WfSlice		text;
	bool		plus;			/* numbers behind it have their country's code */
} Scheme;

/* "https://api.whatsapp.com/send?text=…&phone=…": its parameter may come late. */
static bool
skip_parameters(WfSlice *href)
{
	static const WfSlice hosts[] = {
		{"https://api.whatsapp.com/send", 29}, {"https://web.whatsapp.com/send", 29},
		{"whatsapp://send", 15}
	};
	size_t		i;

	for (i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
	{
		const char *p;

		if (!wf_text_starts_nocase(*href, hosts[i]))
			continue;
		p = memmem(href->data, href->len, "phone=", 6);
		if (p == NULL || (p[-1] != '?' && p[-1] != '&' && p[-1] != ';'))
			return false;
		wf_advance(href, p + 6 - href->data);
		return true;
	}
	return false;
}

/* Strip what is in front of the number in a link; false when it is none. */
static bool
skip_scheme(WfSlice *href, bool *plus)
{
	static const Scheme schemes[] = {
		{{"tel:", 4}, false}, {{"telephone:", 10}, false}, {{"phone:", 6}, false},
		{{"callto:", 7}, false}, {{"sms:", 4}, false}, {{"smsto:", 6}, false},
		{{"fax:", 4}, false}, {{"skype:", 6}, false}, {{"https://wa.me/", 14}, true},
		{{"http://wa.me/", 13}, true}, {{"//wa.me/", 8}, true},
		{{"viber://chat?number=", 20}, true}, {{"viber://add?number=", 19}, true}
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
	*plus = true;
	return skip_parameters(href);
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
