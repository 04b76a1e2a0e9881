/*-------------------------------------------------------------------------
 *
 * wf_phone.c
 *	  Phone numbers in text and in tel: links.
 *
 * Text is matched against the one shape of the old service, that of the North
 * American numbering plan, with bounded repetitions.  No digit may touch it,
 * nor a digit behind a separator: those are parts of longer numbers.
 *
 *-------------------------------------------------------------------------
 */
#include "wf_phone.h"

#include <stdlib.h>
#include <string.h>

#include "wf_pattern.h"
#include "wf_text.h"

/* Whitespace of the text is already collapsed, so ' ' is all there is. */
static const char phone_pattern[] =
"(?<![0-9])(?<![0-9][-.,/])"
"(?:\\+?1[-. ]?)?\\(?[0-9]{3}\\)?[-. ]?[0-9]{3}[-. ]?[0-9]{4}"
"(?![-.,/]?[0-9])";

#define NANP_DIGITS 10

struct WfPhoneMatcher
{
	Pattern		pattern;
};

struct WfPhoneScan
{
	const WfPhoneMatcher *matcher;
	pcre2_match_data *match_data;
	bool		nanp_region;	/* numbers without country code are +1 */
};

WfPhoneMatcher *
wf_phone_matcher_create(void)
{
	WfPhoneMatcher *matcher = calloc(1, sizeof(WfPhoneMatcher));

	if (matcher != NULL && !pattern_compile(&matcher->pattern, phone_pattern, 0))
	{
		wf_phone_matcher_free(matcher);
		return NULL;
	}
	return matcher;
}

void
wf_phone_matcher_free(WfPhoneMatcher *matcher)
{
	if (matcher == NULL)
		return;
	pattern_free(&matcher->pattern);
	free(matcher);
}

/* Is region one whose numbers begin with +1? */
static bool
is_nanp_region(const char *region)
{
	static const char regions[] =
	"AG AI AS BB BM BS CA DM DO GD GU JM KN KY LC MP MS PR SX TC TT US VC VG VI";
	size_t		i;

	if (region == NULL || strlen(region) != 2)
		return false;
	for (i = 0; i + 1 < sizeof(regions); i += 3)
	{
		if (wf_lower_char(region[0]) == wf_lower_char(regions[i]) &&
			wf_lower_char(region[1]) == wf_lower_char(regions[i + 1]))
			return true;
	}
	return false;
}

WfPhoneScan *
wf_phone_scan_create(const WfPhoneMatcher *matcher, WfArena *arena, const char *region)
{
	WfPhoneScan *scan = wf_arena_alloc(arena, sizeof(WfPhoneScan));

	if (scan == NULL)
		return NULL;
	scan->matcher = matcher;
	scan->nanp_region = is_nanp_region(region);
	scan->match_data = pattern_match_data(arena);
	return scan->match_data != NULL ? scan : NULL;
}

/* Area code and exchange of the North American plan begin with 2..9. */
static bool
is_nanp_number(const char *digits)
{
	return digits[0] >= '2' && digits[3] >= '2';
}

/*
 * Set the value from digits, which were written with a '+' or not.  False when
 * they are no number of the country they name.
 */
static bool
set_value(const WfPhoneScan *scan, bool plus, const char *digits, size_t len, WfPhone *phone)
{
	bool		with_one = digits[0] == '1' && len == NANP_DIGITS + 1;

	if (with_one && !is_nanp_number(digits + 1))
		return false;
	if (!plus && !with_one &&
		len == NANP_DIGITS && scan->nanp_region && is_nanp_number(digits))
	{
		memcpy(phone->value, "+1", 2);
		memcpy(phone->value + 2, digits, len);
		phone->len = len + 2;
		return true;
	}
	phone->len = 0;
	if (plus || with_one)
		phone->value[phone->len++] = '+';
	memcpy(phone->value + phone->len, digits, len);
	phone->len += len;
	return true;
}

bool
wf_phone_next(WfPhoneScan *scan, WfSlice text, size_t *pos, WfPhone *phone)
{
	while (*pos < text.len &&
		   pattern_match(&scan->matcher->pattern, scan->match_data, text.data, text.len,
						 *pos, &phone->start, &phone->end))
	{
		char		digits[WF_MAX_PHONE];
		size_t		len = 0;
		size_t		i;

		for (i = phone->start; i < phone->end; i++)
		{
			if (wf_is_digit(text.data[i]))
				digits[len++] = text.data[i];
		}
		*pos = phone->end;
		if (set_value(scan, text.data[phone->start] == '+', digits, len, phone))
			return true;
	}
	*pos = text.len;
	return false;
}

/* Strip the scheme of a link to a number; false when it is none. */
static bool
skip_scheme(WfSlice *href)
{
	static const WfSlice schemes[] = {
		{"tel:", 4}, {"telephone:", 10}, {"phone:", 6}, {"callto:", 7}
	};
	size_t		i;

	while (href->len > 0 && (unsigned char) href->data[0] <= ' ')
		wf_advance(href, 1);
	for (i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
	{
		if (wf_text_starts_nocase(*href, schemes[i]))
		{
			wf_advance(href, schemes[i].len);
			return true;
		}
	}
	return false;
}

bool
wf_phone_tel(const WfPhoneScan *scan, WfSlice href, WfPhone *phone)
{
	const char *base = href.data;
	char		decoded[128];
	char		digits[WF_MAX_PHONE];
	bool		plus = false;
	size_t		decoded_len;
	size_t		len = 0;
	size_t		i;

	if (!skip_scheme(&href))
		return false;
	phone->start = href.data - base;
	phone->end = phone->start + href.len;
	if (href.len > sizeof(decoded))
		href.len = sizeof(decoded);
	decoded_len = wf_text_percent_decode(href, decoded);
	for (i = 0; i < decoded_len; i++)
	{
		char		c = decoded[i];

		if (wf_is_digit(c))
		{
			if (len == WF_MAX_PHONE - 1)
				return false;
			digits[len++] = c;
		}
		else if (c == '+' && len == 0)
			plus = true;
		else if (c == ';' || c == ',' || c == '?' || (len > 0 && wf_is_alpha(c)))
			break;				/* parameters, pauses, an extension */
	}
	if (len < WF_MIN_PHONE)
		return false;
	return set_value(scan, plus, digits, len, phone);
}
