/*-------------------------------------------------------------------------
 *
 * wf_phone_number.c
 *	  Digits as dialled to a number of a country.
 *
 * See wf_phone_plans.h for the table.  Its few patterns that are not part of
 * the automaton, prefixes with groups, are matched by a small backtracking
 * matcher: subjects have at most WF_PHONE_DIGITS digits, patterns are ours.
 *
 *-------------------------------------------------------------------------
 */
#include "wf_phone_number.h"

#include <stdlib.h>
#include <string.h>

#include "wf_text.h"

#define MAX_GROUPS 4			/* in a pattern, with number 0 unused */

typedef struct Match
{
	WfSlice		subject;
	const char *pattern;
	size_t		end;			/* of the match */
	int			starts[MAX_GROUPS]; /* -1: did not take part */
	int			ends[MAX_GROUPS];
} Match;

/* A group being matched: what follows it. */
typedef struct Frame
{
	const char *after;
	const struct Frame *up;
	int			group;			/* its number; 0 when it is not counted */
	int			start;
} Frame;

static bool match_sequence(Match *match, const char *p, size_t at, const Frame *up);

/* The end of the group that p is in, or of the alternative. */
static const char *
skip_alternative(const char *p, bool whole_group)
{
	int			depth = 0;

	for (; *p != '\0'; p++)
	{
		if (*p == '[')
			p = strchr(p, ']');
		else if (*p == '(')
			depth++;
		else if (*p == ')' && depth-- == 0)
			return p;
		else if (*p == '|' && depth == 0 && !whole_group)
			return p;
	}
	return p;
}

/* Behind one element that is no group: a digit, a class, "\d". */
static const char *
skip_element(const char *p)
{
	if (*p == '[')
		return strchr(p, ']') + 1;
	return p + (*p == '\\' ? 2 : 1);
}

/* Does the element accept the digit? */
static bool
accepts(const char *p, char digit)
{
	if (*p == '\\')
		return true;
	if (*p != '[')
		return *p == digit;
	for (p++; *p != ']'; p++)
	{
		if (*p == '\\')
			return true;
		if (p[1] == '-')
		{
			if (digit >= p[0] && digit <= p[2])
				return true;
			p += 2;
		}
		else if (*p == digit)
			return true;
	}
	return false;
}

/* The repetition at p, if any; returns what is behind it. */
static const char *
read_repetition(const char *p, int *least, int *most)
{
	char	   *end;

	*least = *most = 1;
	if (*p == '?')
	{
		*least = 0;
		return p + 1;
	}
	if (*p != '{')
		return p;
	*least = *most = (int) strtol(p + 1, &end, 10);
	if (*end == ',')
		*most = (int) strtol(end + 1, &end, 10);
	return end + 1;
}

/* The number of the counted group whose '(' is at p. */
static int
group_number(const char *pattern, const char *p)
{
	int			number = 0;

	for (; pattern <= p; pattern++)
		number += pattern[0] == '(' && pattern[1] != '?';
	return number;
}

/* A group at p, repeated as "?" or not at all, and what follows it. */
static bool
match_group(Match *match, const char *p, size_t at, const Frame *up)
{
	bool		counted = p[1] != '?';
	const char *body = counted ? p + 1 : p + 3;
	const char *close = skip_alternative(body, true);
	int			least;
	int			most;
	Frame		frame;

	frame.after = read_repetition(close + 1, &least, &most);
	frame.up = up;
	frame.group = counted ? group_number(match->pattern, p) : 0;
	frame.start = (int) at;
	for (;;)
	{
		const char *bar = skip_alternative(body, false);

		if (match_sequence(match, body, at, &frame))
			return true;
		if (*bar != '|')
			break;
		body = bar + 1;
	}
	return least == 0 && match_sequence(match, frame.after, at, up);
}

/* The end of a sequence: of its group, or of the pattern. */
static bool
match_end(Match *match, size_t at, const Frame *up)
{
	if (up == NULL)
	{
		match->end = at;
		return true;
	}
	if (!match_sequence(match, up->after, at, up->up))
		return false;
	if (up->group > 0 && up->group < MAX_GROUPS)
	{
		match->starts[up->group] = up->start;
		match->ends[up->group] = (int) at;
	}
	return true;
}

static bool
match_sequence(Match *match, const char *p, size_t at, const Frame *up)
{
	const char *rest;
	int			least;
	int			most;
	int			count = 0;

	if (*p == '\0' || *p == '|' || *p == ')')
		return match_end(match, at, up);
	if (*p == '$')
		return at == match->subject.len && match_sequence(match, p + 1, at, up);
	if (*p == '(')
		return match_group(match, p, at, up);
	rest = read_repetition(skip_element(p), &least, &most);
	while (count < most && at + count < match->subject.len &&
		   accepts(p, match->subject.data[at + count]))
		count++;
	for (; count >= least; count--)
	{
		if (match_sequence(match, rest, at + count, up))
			return true;
	}
	return false;
}

/* Match the pattern at the start of the subject. */
static bool
match_pattern(Match *match, const char *pattern, WfSlice subject)
{
	int			i;

	match->subject = subject;
	match->pattern = pattern;
	for (i = 0; i < MAX_GROUPS; i++)
		match->starts[i] = -1;
	for (;;)
	{
		const char *bar = skip_alternative(pattern, false);

		if (match_sequence(match, pattern, 0, NULL))
			return true;
		if (*bar != '|')
			return false;
		pattern = bar + 1;
	}
}

static bool
starts_with(const char *pattern, WfSlice digits)
{
	Match		match;

	return pattern != NULL && match_pattern(&match, pattern, digits);
}

static uint8_t
verdict_of(const WfPhonePlan *plan, WfSlice digits)
{
	uint16_t	state = plan->state;
	size_t		i;

	for (i = 0; i < digits.len && state != 0; i++)
		state = wf_phone_states[state][digits.data[i] - '0'];
	return wf_phone_verdicts[state];
}

static bool
is_possible_length(const WfPhonePlan *plan, size_t len)
{
	return len > 17 || (plan->lengths >> len & 1) || plan->lengths >> len == 0;
}

const WfPhonePlan *
wf_phone_plan(const char *region)
{
	int			i;

	if (region == NULL || strlen(region) != 2 || !wf_is_alpha(region[0]))
		return NULL;
	for (i = 0; i < wf_phone_plan_count; i++)
	{
		if (wf_phone_plans[i].region[0] == (region[0] & ~0x20) &&
			wf_phone_plans[i].region[1] == (region[1] & ~0x20))
			return &wf_phone_plans[i];
	}
	return NULL;
}

/* The main plan of a calling code; NULL when nobody has it. */
static const WfPhonePlan *
plan_of_code(int code)
{
	int			low = 0;
	int			high = wf_phone_plan_count;

	while (low < high)
	{
		int			mid = (low + high) / 2;

		if (wf_phone_plans[mid].code < code)
			low = mid + 1;
		else
			high = mid;
	}
	if (low < wf_phone_plan_count && wf_phone_plans[low].code == code)
		return &wf_phone_plans[low];
	return NULL;
}

/* Take a calling code off the front; its plan, or NULL. */
static const WfPhonePlan *
take_code(WfSlice *digits)
{
	int			code = 0;
	size_t		i;

	if (digits->len < 3 || digits->data[0] == '0')
		return NULL;
	for (i = 0; i < 3; i++)
	{
		const WfPhonePlan *plan;

		code = code * 10 + digits->data[i] - '0';
		plan = plan_of_code(code);
		if (plan != NULL)
		{
			wf_advance(digits, i + 1);
			return plan;
		}
	}
	return NULL;
}

/*
 * Take the national prefix off, or transform the number by it, as the plan
 * says; the result is in out.  False when there is no prefix, or the number is
 * one with it only.
 */
static bool
take_prefix(const WfPhonePlan *plan, WfSlice digits, char out[WF_PHONE_DIGITS], WfSlice *rest)
{
	Match		match;
	int			groups;
	const char *p;
	size_t		len = 0;

	if (plan->prefix == NULL || digits.len == 0 ||
		!match_pattern(&match, plan->prefix, digits))
		return false;
	groups = group_number(plan->prefix, plan->prefix + strlen(plan->prefix));
	if (plan->transform != NULL && groups < MAX_GROUPS && match.starts[groups] >= 0)
	{
		for (p = plan->transform; *p != '\0' && len < WF_PHONE_DIGITS; p++)
		{
			int			group = p[0] == '$' ? *++p - '0' : 0;
			int			i;

			if (group == 0)
				out[len++] = *p;
			else
				for (i = match.starts[group]; i < match.ends[group] && len < WF_PHONE_DIGITS; i++)
					out[len++] = digits.data[i];
		}
	}
	while (match.end < digits.len && len < WF_PHONE_DIGITS)
		out[len++] = digits.data[match.end++];
	rest->data = out;
	rest->len = len;
	return !(verdict_of(plan, digits) & WF_PLAN_PLAUSIBLE) ||
		(verdict_of(plan, *rest) & WF_PLAN_PLAUSIBLE);
}

/* The number without the prefix of calls abroad from home. */
static bool
take_abroad(const WfPhonePlan *home, WfSlice *digits)
{
	Match		match;

	if (home == NULL || home->abroad == NULL ||
		!match_pattern(&match, home->abroad, *digits) ||
		(match.end < digits->len && digits->data[match.end] == '0'))
		return false;
	wf_advance(digits, match.end);
	return true;
}

/* Does the number, of the code of home, begin with that code, too? */
static bool
repeats_code(const WfPhonePlan *home, WfSlice *digits)
{
	char		code[8];
	char		out[WF_PHONE_DIGITS];
	WfSlice		potential = *digits;
	WfSlice		rest;
	size_t		len;
	int			value = home->code;

	for (len = 0; value > 0; value /= 10)
		code[7 - len++] = (char) ('0' + value % 10);
	if (digits->len <= len || memcmp(digits->data, code + 8 - len, len) != 0)
		return false;
	wf_advance(&potential, len);
	rest = potential;
	if (!take_prefix(home, potential, out, &rest))
		rest = potential;
	if (((verdict_of(home, *digits) & WF_PLAN_PLAUSIBLE) ||
		 !(verdict_of(home, rest) & WF_PLAN_PLAUSIBLE)) &&
		home->lengths >> digits->len != 0)
		return false;
	*digits = potential;
	return true;
}

/* Which region of its code is the number of, and is it valid there? */
static void
find_region(WfPhoneNumber *number, const WfPhonePlan *main_plan)
{
	WfSlice		digits = {number->digits, number->len};
	const WfPhonePlan *plan = main_plan;
	const WfPhonePlan *end = wf_phone_plans + wf_phone_plan_count;
	uint8_t		verdict;

	number->plan = main_plan;
	for (; plan < end && plan->code == main_plan->code; plan++)
	{
		verdict = verdict_of(plan, digits);
		if (plan->leading != NULL ? starts_with(plan->leading, digits)
			: (verdict & WF_PLAN_VALID) != 0)
		{
			number->plan = plan;
			number->valid = (verdict & WF_PLAN_VALID) != 0;
			number->bare = (verdict & WF_PLAN_NEEDS_PREFIX) != 0;
			return;
		}
	}
}

bool
wf_phone_parse(WfSlice digits, bool plus, const WfPhonePlan *home, WfPhoneNumber *number)
{
	const WfPhonePlan *plan = home;
	char		out[WF_PHONE_DIGITS];
	WfSlice		rest;
	bool		had_prefix = false;

	number->valid = number->bare = false;
	number->national = false;
	if (digits.len > WF_PHONE_DIGITS)
		return false;
	if (plus || take_abroad(home, &digits))
		plan = take_code(&digits);
	else if (home != NULL)
		number->national = !repeats_code(home, &digits);
	if (plan == NULL || digits.len < 2)
		return false;
	if (take_prefix(plan, digits, out, &rest) &&
		is_possible_length(plan, rest.len))
	{
		had_prefix = rest.len < digits.len;
		digits = rest;
	}
	if (digits.len < 2 || digits.len > 17)
		return false;
	memcpy(number->digits, digits.data, digits.len);
	number->len = (int) digits.len;
	find_region(number, plan_of_code(plan->code));
	if (!number->national || had_prefix)
		number->bare = false;
	return true;
}
