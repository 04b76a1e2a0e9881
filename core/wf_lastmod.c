/*-------------------------------------------------------------------------
 *
 * wf_lastmod.c
 *	  Dates of sitemaps and feeds to a moment in time.
 *
 *-------------------------------------------------------------------------
 */
#include "wf_lastmod.h"

#include <string.h>

#include "wf_text.h"

#define US_PER_SECOND	INT64_C(1000000)
#define SECONDS_PER_DAY INT64_C(86400)

typedef struct Moment
{
	int			year;
	int			month;			/* 1..12 */
	int			day;
	int			hour;
	int			minute;
	int			second;			/* 60 in a leap second */
	int			microsecond;
	int			zone_minutes;	/* east of UTC */
} Moment;

/* ---------- taking things off the front ---------- */

static void
skip_blanks(WfSlice *text)
{
	while (text->len > 0 && wf_is_space(*text->data))
		wf_advance(text, 1);
}

static bool
take_char(WfSlice *text, char c)
{
	if (text->len == 0 || *text->data != c)
		return false;
	wf_advance(text, 1);
	return true;
}

/* A number of min to max digits, no more of them behind it. */
static bool
take_number(WfSlice *text, int min, int max, int *value)
{
	int			digits = 0;

	*value = 0;
	for (; text->len > 0 && wf_is_digit(*text->data); wf_advance(text, 1))
	{
		if (++digits > max)
			return false;
		*value = *value * 10 + (*text->data - '0');
	}
	return digits >= min;
}

/* Digits behind a decimal point; what is finer than a microsecond is cut. */
static bool
take_fraction(WfSlice *text, int *microsecond)
{
	int			unit = (int) US_PER_SECOND;
	bool		any = false;

	*microsecond = 0;
	for (; text->len > 0 && wf_is_digit(*text->data); wf_advance(text, 1))
	{
		any = true;
		unit /= 10;
		*microsecond += (*text->data - '0') * unit;
	}
	return any;
}

/* Letters in any case; the index of the name they are, or -1. */
static int
take_name(WfSlice *text, const char *const *names, int count)
{
	size_t		len = 0;

	while (len < text->len && wf_is_alpha(text->data[len]))
		len++;
	for (int i = 0; i < count; i++)
	{
		const char *name = names[i];
		size_t		k = 0;

		while (k < len && name[k] != '\0' && wf_lower_char(text->data[k]) == name[k])
			k++;
		if (k == len && name[k] == '\0')
		{
			wf_advance(text, len);
			return i;
		}
	}
	return -1;
}

/* ---------- parts ---------- */

/* "z", "utc", "+02:00", "+0200", "+02", the zones of RFC 822; nothing is UTC. */
static bool
take_zone(WfSlice *text, Moment *moment)
{
	static const char *const names[] = {
		"z", "utc", "gmt", "ut", "est", "edt", "cst", "cdt", "mst", "mdt", "pst", "pdt"
	};
	static const signed char hours[] = {0, 0, 0, 0, -5, -4, -6, -5, -7, -6, -8, -7};
	int			hour;
	int			minute = 0;
	bool		west;

	skip_blanks(text);
	if (text->len == 0)
		return true;
	if (wf_is_alpha(*text->data))
	{
		int			i = take_name(text, names, sizeof(names) / sizeof(names[0]));

		moment->zone_minutes = i < 0 ? 0 : hours[i] * 60;
		return i >= 0;
	}
	west = *text->data == '-';
	if (!take_char(text, west ? '-' : '+') || !take_number(text, 1, 4, &hour))
		return false;
	if (hour > 99)
	{
		minute = hour % 100;
		hour /= 100;
	}
	else if (take_char(text, ':') && !take_number(text, 2, 2, &minute))
		return false;
	if (hour > 15 || minute > 59)
		return false;
	moment->zone_minutes = (west ? -1 : 1) * (hour * 60 + minute);
	return true;
}

/* hh:mm, hh:mm:ss or hh:mm:ss.fraction, and the zone. */
static bool
take_time(WfSlice *text, Moment *moment)
{
	if (!take_number(text, 1, 2, &moment->hour) || !take_char(text, ':') ||
		!take_number(text, 2, 2, &moment->minute))
		return false;
	if (take_char(text, ':'))
	{
		if (!take_number(text, 2, 2, &moment->second))
			return false;
		if ((take_char(text, '.') || take_char(text, ',')) &&
			!take_fraction(text, &moment->microsecond))
			return false;
	}
	return take_zone(text, moment);
}

static bool
take_w3c(WfSlice text, Moment *moment)
{
	if (!take_number(&text, 4, 4, &moment->year))
		return false;
	if (text.len == 0)
		return true;
	if (!take_char(&text, '-') || !take_number(&text, 1, 2, &moment->month))
		return false;
	if (text.len == 0)
		return true;
	if (!take_char(&text, '-') || !take_number(&text, 1, 2, &moment->day))
		return false;
	if (text.len == 0)
		return true;
	if (!take_char(&text, 'T') && !take_char(&text, 't') && !wf_is_space(*text.data))
		return false;
	skip_blanks(&text);
	return take_time(&text, moment) && text.len == 0;
}

/* "Wed, 02 Oct 2002 13:00:00 GMT" */
static bool
take_rfc822(WfSlice text, Moment *moment)
{
	static const char *const months[] = {
		"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"
	};
	const char *comma = memchr(text.data, ',', text.len);

	if (comma)
		wf_advance(&text, comma + 1 - text.data);
	skip_blanks(&text);
	if (!take_number(&text, 1, 2, &moment->day))
		return false;
	skip_blanks(&text);
	moment->month = take_name(&text, months, 12) + 1;
	skip_blanks(&text);
	if (moment->month == 0 || !take_number(&text, 2, 4, &moment->year))
		return false;
	if (moment->year < 100)		/* RFC 2822 section 4.3 */
		moment->year += moment->year < 50 ? 2000 : 1900;
	skip_blanks(&text);
	if (text.len == 0)
		return true;
	return take_time(&text, moment) && text.len == 0;
}

/* ---------- the moment ---------- */

static int
days_in_month(int year, int month)
{
	static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool		leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

static bool
exists(const Moment *m)
{
	return m->year >= WF_LASTMOD_FIRST_YEAR && m->year <= WF_LASTMOD_LAST_YEAR &&
		m->month >= 1 && m->month <= 12 &&
		m->day >= 1 && m->day <= days_in_month(m->year, m->month) &&
		m->hour <= 23 && m->minute <= 59 && m->second <= 60;
}

/* Days since 1970-01-01 in the Gregorian calendar. */
static int64_t
days_since_epoch(const Moment *m)
{
	int64_t		years = m->year - 1970;
	int			before = m->year - 1;	/* leap days of all years before */
	int64_t		days = years * 365 + (before / 4 - before / 100 + before / 400) - 477;

	for (int month = 1; month < m->month; month++)
		days += days_in_month(m->year, month);
	return days + m->day - 1;
}

bool
wf_lastmod_parse(WfSlice text, int64_t *us)
{
	Moment		moment = {.month = 1, .day = 1};
	int64_t		seconds;

	text = wf_text_trim(text);
	if (text.len == 0)
		return false;
	if (!take_w3c(text, &moment) || !exists(&moment))
	{
		moment = (Moment) {.month = 1, .day = 1};
		if (!take_rfc822(text, &moment) || !exists(&moment))
			return false;
	}
	seconds = days_since_epoch(&moment) * SECONDS_PER_DAY +
		moment.hour * 3600 + moment.minute * 60 + moment.second - moment.zone_minutes * 60;
	*us = seconds * US_PER_SECOND + moment.microsecond;
	return true;
}
