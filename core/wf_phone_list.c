/*-------------------------------------------------------------------------
 *
 * wf_phone_list.c
 *	  Numbers behind another one, of which only the end is said.
 *
 * "07131 6212-34, -35", "02 9374 4000/1", "(011) 4374-4000 / 4374-4001" and
 * "030 231250-0, Fax -12".  What is not said is that of the number in front,
 * which was found as a whole.
 *
 *-------------------------------------------------------------------------
 */
#include "wf_phone_int.h"

#include <stdlib.h>
#include <string.h>

#include "wf_text.h"

#define MAX_END			4		/* digits in which numbers differ that end in others */
#define MAX_STEP		20		/* between such ends, where no dash is in front of them */
#define MIN_LOCAL		5		/* digits of a number without the code of its area */
#define MIN_ANY_LOCAL	7		/* ... that need have none in common with the other */
#define LABEL_BYTES		24		/* of what stands between a number and "-12" */

/* What may follow a joiner. */
#define DASHED			1		/* "-12" */
#define BARE			2		/* "12" */
#define LOCAL			4		/* a number without the code of its area */

typedef struct Joiner
{
	WfSlice		text;
	int			forms;
} Joiner;

#define JOINER(text, forms) {{text, sizeof(text) - 1}, forms}
#define WORD(text) JOINER(text, DASHED | LOCAL)

static const Joiner joiners[] = {
	JOINER(",", DASHED | LOCAL), JOINER("/", DASHED | BARE | LOCAL),
	JOINER("&", DASHED | BARE | LOCAL), JOINER("+", DASHED), JOINER(";", DASHED | LOCAL),
	JOINER("- ", LOCAL), JOINER("\xE2\x80\x93 ", LOCAL), JOINER("\xE2\x80\x94 ", LOCAL),
	JOINER("\xE3\x80\x81", LOCAL), JOINER("\xEF\xBC\x8C", LOCAL),
	JOINER("\xEF\xBC\x8F", DASHED | BARE | LOCAL),
	WORD("and "), WORD("or "), WORD("und "), WORD("oder "), WORD("od. "), WORD("bzw. "),
	JOINER("bis ", DASHED | BARE), JOINER("to ", DASHED | BARE), WORD("et "), WORD("ou "),
	WORD("y "), WORD("o "), WORD("e "), WORD("en "), WORD("of "), WORD("og "), WORD("och "),
	WORD("eller "), WORD("ja "), WORD("tai "), WORD("i "), WORD("lub "), WORD("a "),
	WORD("nebo "), WORD("si "), WORD("sau "), WORD("\xC8\x99i "), WORD("\xC3\xA9s "),
	WORD("vagy "), WORD("ve "), WORD("veya "), WORD("ili "), WORD("ali "), WORD("ir "),
	WORD("un "), WORD("vai "), WORD("v\xC3\xA0 "), WORD("dan "), WORD("atau "),
	WORD("\xCE\xBA\xCE\xB1\xCE\xB9 "), WORD("\xCE\xAE "), WORD("\xD0\xB8 "),
	WORD("\xD0\xB8\xD0\xBB\xD0\xB8 "), WORD("\xD1\x82\xD0\xB0 "),
	WORD("\xD0\xB0\xD0\xB1\xD0\xBE ")
};

/* The number in front of a list, as it is written. */
typedef struct Base
{
	int			groups[WF_MAX_GROUPS];
	int			count;
	bool		has_dash;		/* in front of its last group */
	int			national;		/* digits without the code of its country */
} Base;

static size_t
skip_spaces(WfSlice text, size_t at)
{
	while (at < text.len && text.data[at] == ' ')
		at++;
	return at;
}

/* The dash at "at": where the digits behind it begin; 0 when there is none. */
static size_t
skip_dash(WfSlice text, size_t at)
{
	WfSlice		rest = {text.data + at, text.len - at};

	if (at < text.len && text.data[at] == '-')
		return at + 1;
	return wf_text_starts_nocase(rest, WF_SLICE("\xE2\x80\x93")) ? at + 3 : 0;
}

/* What follows the joiner at or behind "at", and its forms; 0 when there is none. */
static size_t
skip_joiner(WfSlice text, size_t at, int *forms)
{
	size_t		i;

	at = skip_spaces(text, at);
	for (i = 0; i < sizeof(joiners) / sizeof(joiners[0]); i++)
	{
		WfSlice		rest = {text.data + at, text.len - at};

		if (!wf_text_starts_nocase(rest, joiners[i].text))
			continue;
		*forms = joiners[i].forms;
		return skip_spaces(text, at + joiners[i].text.len);
	}
	return 0;
}

bool
wf_list_is_joined(WfSlice text, size_t from, size_t to)
{
	int			forms;
	size_t		at = skip_joiner((WfSlice) {text.data, to}, from, &forms);

	while (at > 0 && at < to && memchr("+(", text.data[at], 2) != NULL)
		at++;
	return at > 0 && at >= to;
}

/* Behind "Tel/Fax" and a slash comes the fax. */
WfLabel
wf_list_label(const WfPhoneScan *scan, WfSlice text, size_t from, size_t to)
{
	if (scan->last_label == WF_LABEL_PHONE && memchr(text.data + from, '/', to - from) != NULL &&
		wf_label_is_pair(text, 0, scan->last_start))
		return WF_LABEL_FAX;
	return scan->last_label;
}

void
wf_list_keep(WfPhoneScan *scan, const WfPhone *phone)
{
	scan->last_len = phone->value[0] == '+' && phone->len < sizeof(scan->last_value) &&
		memchr(phone->value, ';', phone->len) == NULL ? phone->len : 0;
	memcpy(scan->last_value, phone->value, scan->last_len);
	scan->last_start = phone->start;
	scan->last_stop = phone->end;
	scan->last_tail = 0;
}

/* Read how the number found last is written. */
static bool
read_base(WfPhoneScan *scan, WfSlice text, Base *base)
{
	WfSlice		written = {text.data, scan->last_stop};
	WfRun		run;
	WfPhoneNumber number;
	size_t		at = wf_run_find(written, scan->last_start);
	int			i;

	if (at == written.len ||
		!wf_phone_parse((WfSlice) {scan->last_value + 1, scan->last_len - 1}, true, NULL, &number))
		return false;
	base->national = number.len;
	wf_run_read(written, scan->last_start, at, &run);
	base->count = wf_run_groups(run.c, run.count, base->groups, WF_MAX_GROUPS);
	if (base->count < 1 || run.digits < WF_MIN_PHONE)
		return false;
	for (i = run.count - base->groups[base->count - 1]; i > 0 && run.c[i - 1] == ' '; i--)
		;
	base->has_dash = i > 0 && (run.c[i - 1] == '-' || run.c[i - 1] == '_');
	if (scan->last_tail == 0)
		scan->last_tail = base->groups[base->count - 1];
	return true;
}

/* The digits at "at": how many, if they stand alone. */
static int
lone_digits(WfSlice text, size_t at)
{
	size_t		end = at;

	while (end < text.len && end - at <= MAX_END + 1 && wf_is_digit(text.data[end]))
		end++;
	if (end == at || !wf_run_may_precede(text, end) ||
		(end + 1 < text.len && memchr("-. ", text.data[end], 3) != NULL &&
		 wf_is_digit(text.data[end + 1])))
		return 0;
	return (int) (end - at);
}

/* Value of at most MAX_END digits. */
static int
value_of(const char *digits, int len)
{
	int			value = 0;

	while (len-- > 0)
		value = value * 10 + *digits++ - '0';
	return value;
}

/* The number found last with its last "drop" digits exchanged for others. */
static bool
take_end(WfPhoneScan *scan, WfSlice end, int drop, WfLabel label, WfPhone *phone)
{
	char		digits[sizeof(scan->last_value)];
	size_t		kept = scan->last_len - drop;
	WfPhoneNumber number;

	if (drop >= (int) scan->last_len - 1 || kept + end.len > sizeof(digits))
		return false;
	memcpy(digits, scan->last_value, kept);
	memcpy(digits + kept, end.data, end.len);
	if (!wf_phone_parse((WfSlice) {digits + 1, kept + end.len - 1}, true, NULL, &number) ||
		!number.valid)
		return false;
	memcpy(scan->last_value, digits, kept + end.len);
	scan->last_len = kept + end.len;
	scan->last_tail = (int) end.len;
	number.uncertain = false;
	wf_phone_set_value(&number, (WfSlice) {NULL, 0}, phone);
	phone->is_fax = label == WF_LABEL_FAX;
	scan->last_label = label;
	scan->last_end = phone->end;
	return true;
}

/* "-35": the digits at "at", behind a dash, in place of the last group or of as many. */
static bool
try_dashed(WfPhoneScan *scan, WfSlice text, size_t at, const Base *base, WfLabel label,
		   WfPhone *phone)
{
	int			len = lone_digits(text, at);
	int			drop = base->has_dash && scan->last_tail < MAX_END ? scan->last_tail : len;

	if (len < 2 || len > MAX_END + (base->has_dash && len == scan->last_tail) ||
		(at + len + 1 < text.len && text.data[at + len] == '/' &&
		 wf_is_digit(text.data[at + len + 1])))
		return false;
	phone->start = at;
	phone->end = at + len;
	return take_end(scan, (WfSlice) {text.data + at, len}, drop, label, phone);
}

/* "/36", "/7", "to 69": the digits at "at" follow soon on those of the last number. */
static bool
try_bare(WfPhoneScan *scan, WfSlice text, size_t at, bool is_range, WfPhone *phone)
{
	int			len = lone_digits(text, at);
	size_t		next = skip_spaces(text, at + len);
	int			step;

	if (len < 1 || len > MAX_END || len > scan->last_tail)
		return false;
	step = value_of(text.data + at, len) -
		value_of(scan->last_value + scan->last_len - len, len);
	/* "24/7" is no number, nor are hours */
	if (step < 1 || step > MAX_STEP || (len == 2 && memcmp(text.data + at, "24", 2) == 0) ||
		(is_range && next < text.len && memchr("\n,;.)/|", text.data[next], 7) == NULL))
		return false;
	phone->start = at;
	phone->end = at + len;
	return take_end(scan, (WfSlice) {text.data + at, len}, len, scan->last_label, phone);
}

/* Characters of the run that are one number: up to a slash, or a dash between spaces. */
static int
first_of_run(const WfRun *run)
{
	int			i;

	for (i = 0; i < run->count; i++)
	{
		if (run->c[i] == '/' || run->c[i] == '(' ||
			(run->c[i] == ' ' && i + 1 < run->count && !wf_is_digit(run->c[i + 1])))
			break;
	}
	return i;
}

/*
 * "4374-4001" behind "(011) 4374-4000": written as the end of that number is, and
 * of fewer digits than it has.  A few digits, which may be a post code, begin alike.
 */
static bool
try_local(WfPhoneScan *scan, WfSlice text, size_t at, const Base *base, WfPhone *phone)
{
	WfLabel		label = wf_list_label(scan, text, scan->last_end, at);
	WfRun		run;
	int			groups[WF_MAX_GROUPS];
	char		digits[WF_RUN_MAX];
	const char *old;
	int			count;
	int			len = 0;
	int			used;
	int			i;

	if (at >= text.len || !wf_is_digit(text.data[at]) || text.data[at] == '0')
		return false;
	wf_run_read(text, at, at, &run);
	used = first_of_run(&run);
	count = wf_run_groups(run.c, used, groups, WF_MAX_GROUPS);
	if (run.too_long || count >= base->count || wf_run_is_numeric(run.c, used) ||
		!wf_run_may_precede(text, run.at[used]))
		return false;
	for (i = 0; i < count; i++)
	{
		if (groups[i] != base->groups[base->count - count + i])
			return false;
	}
	for (i = 0; i < used; i++)
	{
		if (wf_is_digit(run.c[i]))
			digits[len++] = run.c[i];
	}
	old = scan->last_value + scan->last_len - len;
	if (len < MIN_LOCAL || len >= base->national ||
		(len < MIN_ANY_LOCAL && memcmp(old, digits, len - 2) != 0))
		return false;
	phone->start = at;
	phone->end = used < run.count ? run.at[used - 1] + 1 : run.at[used];
	if (!take_end(scan, (WfSlice) {digits, len}, len, label, phone))
		return false;
	scan->last_tail = groups[count - 1];
	return true;
}

/*
 * "Fax: -12", "Fax DW 12": a label, and a dash or the word for an extension, on the
 * line of a number whose last group has a dash in front.
 */
static bool
try_labelled(WfPhoneScan *scan, WfSlice text, size_t at, WfPhone *phone)
{
	Base		base;
	WfLabel		label;
	size_t		i;

	for (i = at; i < text.len && i - at < LABEL_BYTES && text.data[i] != '\n' &&
		 !wf_is_digit(text.data[i]); i++)
		;
	if (i == text.len || i < at + 4 || !wf_is_digit(text.data[i]))
		return false;
	if (text.data[i - 1] == '-' && memchr(" :.(", text.data[i - 2], 4) != NULL)
		label = wf_label_before(text, at, i - 2);
	else if (wf_text_starts_nocase((WfSlice) {text.data + i - 3, 3}, WF_SLICE("dw ")) &&
			 !wf_is_alpha(text.data[i - 4]))
		label = wf_label_before(text, at, i - 3);
	else
		return false;
	return (label == WF_LABEL_FAX || label == WF_LABEL_PHONE) &&
		read_base(scan, text, &base) && base.has_dash &&
		try_dashed(scan, text, i, &base, label, phone);
}

bool
wf_list_next(WfPhoneScan *scan, WfSlice text, size_t at, WfPhone *phone)
{
	Base		base;
	size_t		next;
	size_t		dash;
	int			forms;

	if (scan->last_len <= MAX_END + 1)
		return false;
	next = skip_joiner(text, at, &forms);
	/* "4000-1": a dash and one digit */
	if (next == 0 && at + 1 < text.len && text.data[at] == '-' && lone_digits(text, at + 1) == 1)
	{
		next = at + 1;
		forms = BARE;
	}
	if (next == 0 || next >= text.len)
		return try_labelled(scan, text, at, phone);
	dash = skip_dash(text, next);
	if (dash == 0 && !wf_is_digit(text.data[next]))
		return try_labelled(scan, text, at, phone);
	if (!read_base(scan, text, &base))
		return false;
	if (dash > 0)
		return (forms & DASHED) && try_dashed(scan, text, dash, &base, scan->last_label, phone);
	return ((forms & BARE) && try_bare(scan, text, next, !(forms & LOCAL), phone)) ||
		((forms & LOCAL) && try_local(scan, text, next, &base, phone));
}
