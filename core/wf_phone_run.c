/*-------------------------------------------------------------------------
 *
 * wf_phone_run.c
 *	  Runs of digits in text, with the punctuation of phone numbers.
 *
 * What may be part of a number, and what rules it out, follows the matcher of
 * libphonenumber; the digits and dashes of other scripts count as ASCII.
 *
 *-------------------------------------------------------------------------
 */
#include "wf_phone_int.h"

#include <string.h>

#include "wf_scan.h"
#include "wf_text.h"

#define MAX_PUNCTUATION 4		/* between two digits of a number */
#define MAX_LEAD		6		/* characters in front of its first digit */
#define EXTENSION_LINES	3		/* below one, in which there is no other */
#define IGNORED			'\1'	/* soft hyphens, marks of direction */

/* First digits of the scripts whose digits are read. */
static const uint32_t digit_zeros[] = {
	0x0660, 0x06F0, 0x0966, 0x09E6, 0x0E50, 0xFF10
};

/* Likeness of a character above ASCII; 0 when it is no part of a number. */
static char
likeness(uint32_t cp)
{
	size_t		i;

	for (i = 0; i < sizeof(digit_zeros) / sizeof(digit_zeros[0]); i++)
	{
		if (cp >= digit_zeros[i] && cp < digit_zeros[i] + 10)
			return (char) ('0' + cp - digit_zeros[i]);
	}
	if ((cp >= 0x2000 && cp <= 0x200A) || cp == 0x00A0 || cp == 0x202F || cp == 0x3000)
		return ' ';
	if ((cp >= 0x200B && cp <= 0x200F) || (cp >= 0x202A && cp <= 0x202E) ||
		(cp >= 0x2060 && cp <= 0x206F) || cp == 0x00AD || cp == 0xFEFF)
		return IGNORED;
	switch (cp)
	{
		case 0x2010: case 0x2011: case 0x2212: case 0x30FC:
			return '-';
		case 0x2012: case 0x2013: case 0x2014: case 0x2015: case 0xFF0D:
			return '_';
		case 0xFF0B:
			return '+';
		case 0xFF08:
			return '(';
		case 0xFF09:
			return ')';
		case 0xFF3B:
			return '[';
		case 0xFF3D:
			return ']';
		case 0xFF0E: case 0x00B7: case 0x2022: case 0x2219: case 0x22C5:
		case 0xFF65:
			return '.';
		case 0xFF0F: case 0x2044:
			return '/';
		case 0xFF5E: case 0x2053: case 0x223C:
			return '~';
	}
	return 0;
}

/* The character at "at" as a part of a number, and its length. */
static char
read_char(WfSlice text, size_t at, int *len)
{
	unsigned char byte = (unsigned char) text.data[at];
	uint32_t	cp;

	*len = 1;
	if (byte < 0x80)
		return memchr("0123456789+-.()/ []~", byte, 20) != NULL ? (char) byte : 0;
	*len = wf_text_decode(text.data + at, text.data + text.len, &cp);
	return likeness(cp);
}

/* The start of the character in front of "at". */
static size_t
step_back(WfSlice text, size_t at)
{
	do
		at--;
	while (at > 0 && ((unsigned char) text.data[at] & 0xC0) == 0x80);
	return at;
}

/* A byte that a digit may begin with: ASCII, or the lead byte of the others. */
static inline bool
may_be_digit(unsigned char byte)
{
	return wf_is_digit((char) byte) ||
		byte == 0xD9 || byte == 0xDB || byte == 0xE0 || byte == 0xEF;
}

/* The first such byte at or behind pos. */
static size_t
find_likely_digit(WfSlice text, size_t pos)
{
	for (; text.len - pos >= WF_BLOCK_BYTES; pos += WF_BLOCK_BYTES)
	{
		WfBlock		block = wf_block_load(text.data + pos);
		WfBits		found = wf_block_between(block, '0', '9');

		if (wf_block_high(block) != 0)
			found |= wf_block_equal(block, '\xD9') | wf_block_equal(block, '\xDB') |
				wf_block_equal(block, '\xE0') | wf_block_equal(block, '\xEF');
		if (found != 0)
			return pos + wf_bits_first(found);
	}
	while (pos < text.len && !may_be_digit((unsigned char) text.data[pos]))
		pos++;
	return pos;
}

size_t
wf_run_find(WfSlice text, size_t pos)
{
	int			len;

	while ((pos = find_likely_digit(text, pos)) < text.len)
	{
		if (wf_is_digit(read_char(text, pos, &len)))
			break;
		pos++;
	}
	return pos;
}

/* Where the run begins: at '+' or brackets in front of its first digit. */
static size_t
find_lead(WfSlice text, size_t floor, size_t at)
{
	size_t		start = at;
	int			leads = 0;
	int			i;

	for (i = 0; i < MAX_LEAD && at > floor && leads < 2; i++)
	{
		int			len;
		char		c;

		at = step_back(text, at);
		c = read_char(text, at, &len);
		if (c == '+' || c == '(' || c == '[')
		{
			start = at;
			leads++;
		}
		else if (c == 0 || wf_is_digit(c) || c == '/' || c == '~')
			break;
	}
	return start;
}

void
wf_run_read(WfSlice text, size_t floor, size_t at, WfRun *run)
{
	int			punctuation = 0;
	int			used = 0;
	size_t		pos = find_lead(text, floor, at);
	size_t		end = pos;

	run->count = run->digits = 0;
	run->too_long = false;
	while (pos < text.len && punctuation <= MAX_PUNCTUATION)
	{
		int			len;
		char		c = read_char(text, pos, &len);

		if (c == 0 || (c == '+' && run->digits > 0))
			break;
		if (c != IGNORED && used == WF_RUN_MAX)
		{
			run->too_long = wf_is_digit(c);
			break;
		}
		if (c != IGNORED)
		{
			run->c[used] = c;
			run->at[used++] = pos;
		}
		pos += len;
		if (wf_is_digit(c))
		{
			run->count = used;
			run->digits++;
			punctuation = 0;
			end = pos;
		}
		else if (c != IGNORED && run->digits > 0)
			punctuation++;
	}
	while (run->too_long && end < text.len && wf_is_digit(text.data[end]))
		end++;
	run->at[run->count] = end;
}

static bool
is_capital(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool
is_open(char c)
{
	return c == '(' || c == '[';
}

static bool
is_close(char c)
{
	return c == ')' || c == ']';
}

static int
skip_unbracketed(const char *c, int i, int count)
{
	while (i < count && !is_open(c[i]) && !is_close(c[i]))
		i++;
	return i;
}

/* Brackets in pairs, but for one at the start. */
bool
wf_run_has_matching_brackets(const char *c, int count)
{
	int			i = is_open(c[0]) ? 1 : 0;
	int			pairs = 0;
	int			j = skip_unbracketed(c, i, count);

	if (j > i && j < count && is_close(c[j]))
	{
		i = j + 1;
		j = skip_unbracketed(c, i, count);
	}
	if (j == i)
		return false;
	while (j < count && is_open(c[j]) && pairs++ < 3)
	{
		i = j + 1;
		j = skip_unbracketed(c, i, count);
		if (j == i || j == count || !is_close(c[j]))
			return false;
		j = skip_unbracketed(c, j + 1, count);
	}
	return j == count;
}

int
wf_run_groups(const char *c, int count, int lengths[], int max)
{
	int			n = 0;
	int			i = 0;

	while (i < count && n < max)
	{
		int			start;

		while (i < count && !wf_is_digit(c[i]))
			i++;
		start = i;
		while (i < count && wf_is_digit(c[i]))
			i++;
		if (i > start)
			lengths[n++] = i - start;
	}
	return n;
}

static int
number_at(const char *c, int len)
{
	int			value = 0;
	int			i;

	for (i = 0; i < len; i++)
		value = value * 10 + c[i] - '0';
	return value;
}

static bool
is_year(const char *c, int len)
{
	return len == 4 && number_at(c, 4) >= 1900 && number_at(c, 4) < 2100;
}

/* Day, month and year in some order, with sep between them, at c[i]. */
static bool
is_date_at(const char *c, int i, int count)
{
	int			lengths[3];
	int			values[3];
	int			n;
	char		sep = 0;

	for (n = 0; n < 3; n++)
	{
		int			start;

		if (n > 0)
		{
			if (i >= count || memchr("-./_", c[i], 4) == NULL || (n > 1 && c[i] != sep))
				return false;
			sep = c[i++];
			while (i < count && c[i] == ' ')
				i++;
		}
		start = i;
		while (i < count && wf_is_digit(c[i]))
			i++;
		lengths[n] = i - start;
		if (lengths[n] == 0 || lengths[n] > 7)
			return false;
		/* a year may touch what follows */
		if (n == 2 && lengths[n] > 4)
			lengths[n] = 4;
		if (lengths[n] > 4)
			return false;
		values[n] = number_at(c + start, lengths[n]);
	}
	if (lengths[0] == 4)
		return (i == count || c[i] != sep) && values[0] >= 1900 && values[0] < 2100 &&
			lengths[1] <= 2 && lengths[2] <= 2 &&
			values[1] <= 12 && values[2] <= 31;
	return lengths[0] <= 2 && lengths[1] <= 2 && values[0] <= 31 && values[1] <= 31 &&
		(values[0] <= 12 || values[1] <= 12) &&
		((lengths[2] == 2 && sep == '/' && (i == count || c[i] != sep)) ||
		 (lengths[2] == 4 && values[2] >= 1900 && values[2] < 2100));
}

/* Eight digits that are yyyymmdd, or a time of day behind them. */
static bool
is_time_stamp(WfSlice text, const WfRun *run)
{
	int			n = run->count;
	size_t		end = run->at[n];

	return n >= 11 && run->c[n - 3] == ' ' && run->c[n - 2] <= '2' &&
		end + 2 < text.len && text.data[end] == ':' && wf_is_digit(text.data[end + 1]) &&
		wf_is_digit(text.data[end + 2]);
}

/* A time with its minutes at c[i], "8.30"; its length, or 0. */
static int
time_length(const char *c, int i, int count)
{
	int			hours = 0;

	while (i + hours < count && hours < 3 && wf_is_digit(c[i + hours]))
		hours++;
	if (hours == 0 || hours > 2 || number_at(c + i, hours) > 24 || i + hours + 2 >= count ||
		c[i + hours] != '.' || !wf_is_digit(c[i + hours + 1]) ||
		!wf_is_digit(c[i + hours + 2]) || c[i + hours + 1] > '5')
		return 0;
	return hours + 3;
}

/* "8.30 - 12.00" */
static bool
is_time_range(const char *c, int count)
{
	int			i = time_length(c, 0, count);
	bool		dash = false;

	if (i == 0)
		return false;
	for (; i < count && memchr("-_ ", c[i], 3) != NULL; i++)
		dash = dash || c[i] != ' ';
	return dash && time_length(c, i, count) > 0;
}

/* Pages of a journal: "211-227 (2003)". */
bool
wf_run_is_pages(const char *c, int count)
{
	int			i;

	for (i = 1; i < count; i++)
	{
		int			before = i - 1;
		int			digits = 0;

		if (c[i] != '(' || i + 1 == count || !wf_is_digit(c[i + 1]))
			continue;
		while (before >= 0 && c[before] == ' ')
			before--;
		while (before >= 0 && wf_is_digit(c[before]))
		{
			before--;
			digits++;
		}
		if (digits > 0 && digits <= 5 && before > 0 && c[before] == '-' &&
			wf_is_digit(c[before - 1]))
			return true;
	}
	return false;
}

bool
wf_run_is_date(WfSlice text, const WfRun *run)
{
	int			i;

	if (is_time_stamp(text, run) || is_time_range(run->c, run->count))
		return true;
	for (i = 0; i < run->count; i++)
	{
		if (wf_is_digit(run->c[i]) && (i == 0 || !wf_is_digit(run->c[i - 1])) &&
			is_date_at(run->c, i, run->count))
			return true;
	}
	return false;
}

/* Do n capitals end at "at"? */
static bool
has_capitals(WfSlice text, size_t at, size_t n)
{
	for (; n > 0 && at > 0 && is_capital(text.data[at - 1]); n--)
		at--;
	return n == 0;
}

/*
 * "DE02 1203 0000 0000 2020 51", "NL02 RABO 0123 4567 89": the country of an
 * account, and blocks of four.
 */
bool
wf_run_is_account(WfSlice text, const WfRun *run)
{
	int			lengths[WF_MAX_GROUPS];
	int			n = wf_run_groups(run->c, run->count, lengths, WF_MAX_GROUPS);
	size_t		at = run->at[0];
	int			i;

	if (!wf_is_digit(run->c[0]) || at < 1)
		return false;
	if (n >= 2 && lengths[0] == 4 && at > 9 && text.data[at - 1] == ' ' &&
		has_capitals(text, at - 1, 4) && text.data[at - 6] == ' ' &&
		wf_is_digit(text.data[at - 7]) && wf_is_digit(text.data[at - 8]) &&
		has_capitals(text, at - 8, 1))
		return true;
	if (n < 4 || !(is_capital(text.data[at - 1]) ||
				   (lengths[0] == 2 && text.data[at - 1] == ' ' && has_capitals(text, at - 1, 2))))
		return false;
	for (i = 1; i + 1 < n && lengths[i] == 4; i++)
		;
	return i + 1 == n;
}

/* All the separators between groups are c. */
static bool
has_only_separator(const char *c, int count, char separator)
{
	int			i;

	for (i = 0; i < count; i++)
	{
		if (!wf_is_digit(c[i]) && (c[i] != separator || i == 0 || !wf_is_digit(c[i - 1])))
			return false;
	}
	return true;
}

/* "0800" as a time of day */
static bool
is_clock(const char *c, int len)
{
	return len == 4 && number_at(c, 2) <= 24 && number_at(c + 2, 2) % 15 == 0 &&
		number_at(c + 2, 2) < 60;
}

/* Blocks of four digits, as of bank accounts and cards. */
static bool
is_blocks(const char *c, int count, const int lengths[], int n)
{
	int			i;

	for (i = 0; i + 1 < n && lengths[i] == 4; i++)
		;
	return i + 1 == n && lengths[i] <= 4 && c[0] != '0' && has_only_separator(c, count, ' ');
}

/* "21 22 23 24": pages of a list. */
static bool
is_counting(const char *c, int count)
{
	int			last = -1;
	int			groups = 0;
	int			i = 0;

	while (i < count)
	{
		int			start = i;
		int			value;

		while (i < count && wf_is_digit(c[i]))
			i++;
		if (i - start != 2)
			return false;
		value = number_at(c + start, 2);
		if (groups++ > 0 && value != last + 1)
			return false;
		last = value;
		while (i < count && !wf_is_digit(c[i]))
			i++;
	}
	return groups >= 3;
}

/* An amount, a decimal, an IPv4 address, years, pages. */
bool
wf_run_is_numeric(const char *c, int count)
{
	int			lengths[6];
	int			n = wf_run_groups(c, count, lengths, 6);
	int			i;

	if (n == 2 && c[lengths[0]] != '(' && is_year(c, lengths[0]) &&
		is_year(c + count - lengths[1], lengths[1]))
		return true;
	if (n == 2 && is_clock(c, lengths[0]) && is_clock(c + count - lengths[1], lengths[1]))
		return true;
	if (n >= 3 && (is_blocks(c, count, lengths, n) || is_counting(c, count)))
		return true;
	if (!has_only_separator(c, count, '.'))
		return false;
	if (n == 2)
		return lengths[0] <= 3 && !(c[0] == '0' && lengths[0] > 1);
	if (n == 4 && lengths[0] <= 3 && lengths[1] <= 3 && lengths[2] <= 3 && lengths[3] <= 3)
	{
		int			at = 0;

		/* no part of an address begins with a zero */
		for (i = 0; i < n && number_at(c + at, lengths[i]) <= 255 &&
			 !(c[at] == '0' && lengths[i] > 1); i++)
			at += lengths[i] + 1;
		return i == n && !(lengths[0] == 2 && lengths[1] == 2);
	}
	for (i = 1; i < n && lengths[i] == 3; i++)
		;
	return n > 1 && i == n && lengths[0] <= 3 && c[0] != '0';
}

/*-------------------------------------------------------------------------
 * Neighbours
 *-------------------------------------------------------------------------
 */

static bool
is_latin(uint32_t cp)
{
	return (cp < 0x80 && wf_is_alpha((char) cp)) ||
		(cp >= 0xC0 && cp <= 0x24F && cp != 0xD7 && cp != 0xF7) ||
		(cp >= 0x300 && cp <= 0x36F) || (cp >= 0x1E00 && cp <= 0x1EFF);
}

static bool
is_currency(uint32_t cp)
{
	return cp == '$' || cp == '%' || (cp >= 0xA2 && cp <= 0xA5) ||
		(cp >= 0x20A0 && cp <= 0x20CF);
}

/* The word of letters that ends or begins at "at". */
static WfSlice
word_before(WfSlice text, size_t at)
{
	size_t		start = at;

	while (start > 0 && at - start < 24 &&
		   (wf_is_alpha(text.data[start - 1]) || (unsigned char) text.data[start - 1] >= 0x80))
		start--;
	return (WfSlice) {text.data + start, at - start};
}

static WfSlice
word_behind(WfSlice text, size_t at)
{
	size_t		end = at;

	while (end < text.len && end - at < 24 &&
		   (wf_is_alpha(text.data[end]) || (unsigned char) text.data[end] >= 0x80))
		end++;
	return (WfSlice) {text.data + at, end - at};
}

bool
wf_run_may_follow(WfSlice text, size_t at, bool has_lead)
{
	uint32_t	cp;

	if (at == 0 || has_lead)
		return true;
	wf_text_decode(text.data + step_back(text, at), text.data + text.len, &cp);
	if (is_latin(cp))
	{
		WfSlice		word = word_before(text, at);

		/* "(0xx11) 3374-4000": the code of a company in Brazil is left open */
		return wf_label_is_phone_word(word) ||
			(word.len == 2 && at > 2 && text.data[at - 3] == '0' &&
			 wf_text_equal_nocase(word, WF_SLICE("xx")));
	}
	if ((cp == ':' || cp == ',') && at > 1 && wf_is_digit(text.data[at - 2]))
		return false;
	return !is_currency(cp) && (cp > 0x7F || memchr("@=_&\\<", (int) cp, 6) == NULL);
}

bool
wf_run_may_precede(WfSlice text, size_t at)
{
	uint32_t	cp;

	if (at >= text.len)
		return true;
	wf_text_decode(text.data + at, text.data + text.len, &cp);
	if (is_latin(cp))
		return wf_label_is_phone_word(word_behind(text, at));
	if (cp == ':' && at + 1 < text.len && wf_is_digit(text.data[at + 1]))
		return false;
	if (cp == ',' && at + 2 < text.len && wf_is_digit(text.data[at + 1]) &&
		(at + 3 >= text.len || !wf_is_digit(text.data[at + 3])))
		return false;
	return !is_currency(cp) && (cp > 0x7F || memchr("@=_", (int) cp, 3) == NULL);
}

/* "…0123E-Mail:", "…0123Monday", "…0123E:": the next text begins right behind the number. */
bool
wf_run_is_glued(WfSlice text, size_t at)
{
	return at + 2 < text.len && is_capital(text.data[at]) &&
		((text.data[at + 1] >= 'a' && text.data[at + 1] <= 'z' && wf_is_alpha(text.data[at + 2])) ||
		 (text.data[at + 1] == '-' && wf_is_alpha(text.data[at + 2])) ||
		 text.data[at + 1] == ':');
}

/* "MA 02108-1792", "SP 04571-000": two capitals in front, five digits first. */
bool
wf_run_is_postal(WfSlice text, size_t start, const int groups[], int count)
{
	return count == 2 && groups[0] == 5 && (groups[1] == 4 || groups[1] == 3) &&
		start >= 3 && text.data[start - 1] == ' ' &&
		is_capital(text.data[start - 2]) && is_capital(text.data[start - 3]) &&
		(start == 3 || !wf_is_alpha(text.data[start - 4]));
}

/* "doi:10.1016/j.cell.2019.05.031": a letter and a dot right in front. */
bool
wf_run_is_in_name(WfSlice text, size_t start)
{
	return start >= 2 && text.data[start - 1] == '.' && wf_is_alpha(text.data[start - 2]);
}

/* Words of units and money, lower case. */
static const char *const units[] = {
	"eur", "euro", "usd", "gbp", "chf", "sek", "nok", "dkk", "pln", "czk", "huf", "kr",
	"z\xc5\x82", "k\xc4\x8d", "ft", "rub", "inr", "km", "kg", "mb", "kb", "views", "members",
	"users", "items", "results", "votes", "people"
};

/* "301-234-5678(b)", of a law: but (c), (h), (w) and the like are kinds of phones. */
static bool
has_clause(WfSlice text, size_t end)
{
	return end + 2 < text.len && text.data[end] == '(' && text.data[end + 2] == ')' &&
		memchr("abdegijkln0123456789", text.data[end + 1], 20) != NULL;
}

bool
wf_run_is_counted(WfSlice text, size_t start, size_t end)
{
	uint32_t	cp;
	size_t		i;
	WfSlice		word;

	if (start > 1 && text.data[start - 1] == ' ')
	{
		wf_text_decode(text.data + step_back(text, start - 1), text.data + text.len, &cp);
		if ((is_currency(cp) && cp != '%') || cp == 0xA7 ||
			(start > 8 && memcmp(text.data + start - 8, "section ", 8) == 0))
			return true;
	}
	if (has_clause(text, end))
		return true;
	if (end + 1 >= text.len || text.data[end] != ' ')
		return false;
	wf_text_decode(text.data + end + 1, text.data + text.len, &cp);
	if (is_currency(cp))
		return true;
	word = word_behind(text, end + 1);
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
	{
		if (wf_text_equal_nocase(word, (WfSlice) {units[i], strlen(units[i])}))
			return true;
	}
	return false;
}

/*-------------------------------------------------------------------------
 * Extensions
 *-------------------------------------------------------------------------
 */

/* Words in front of an extension, lower case; "x" and "#" are told apart. */
static const char *const extension_words[] = {
	"ext", "extn", "xtn", "extension", "extensi\xc3\xb3n", "int", "interno", "anexo",
	"poste", "dw", "durchwahl", "klappe", "kl", "wewn", "wew", "toestel", "tst",
	"ramal", "anknytning", "linka", "klapka", "\xd0\xb4\xd0\xbe\xd0\xb1", "x", "xx", "#",
	"\xd0\xb4\xd0\xbe\xd0\xb4", "\xd0\xb2\xd0\xbd\xd1\x83\xd1\x82\xd1\x80", "\xd0\xb2\xd0\xbd", "dahili",
	"mell\xc3\xa9k", "lok", "app", "\xce\xb5\xcf\x83\xcf\x89\xcf\x84", "\xe8\xbd\xac", "\xe8\xbd\x89",
	"\xe8\xbd\x89\xe5\x88\x86\xe6\xa9\x9f", "\xe5\x88\x86\xe6\xa9\x9f", "\xe5\x86\x85\xe7\xb7\x9a",
	"\xe5\x86\x85\xe7\xba\xbf", "\xe0\xb8\x95\xe0\xb9\x88\xe0\xb8\xad"
};

static bool
is_extension_word(WfSlice word)
{
	size_t		i;

	for (i = 0; i < sizeof(extension_words) / sizeof(extension_words[0]); i++)
	{
		WfSlice		known = {extension_words[i], strlen(extension_words[i])};

		if (wf_text_equal_nocase(word, known))
			return true;
	}
	return false;
}

static size_t
skip_any(WfSlice text, size_t at, const char *set, int max)
{
	while (at < text.len && max-- > 0)
	{
		if (strchr(set, text.data[at]) != NULL && text.data[at] != '\0')
			at++;
		else if (at + 1 < text.len && memcmp(text.data + at, "\xc2\xa0", 2) == 0)
			at += 2;
		else
			break;
	}
	return at;
}

/* May the word begin an extension in the line or table cell below its number? */
static bool
is_extension_below(WfSlice word)
{
	static const WfSlice words[] = {
		{"ext", 3}, {"extn", 4}, {"extension", 9}, {"extensi\xc3\xb3n", 10}, {"poste", 5},
		{"interno", 7}, {"anexo", 5}, {"wewn", 4}, {"wew", 3}, {"durchwahl", 9}, {"klappe", 6},
		{"toestel", 7}, {"ramal", 5}, {"anknytning", 10}, {"linka", 5}, {"klapka", 6}, {"dahili", 6}
	};

	return wf_text_is_one_of(word, words, sizeof(words) / sizeof(words[0]));
}

/*
 * Is there nothing behind the extension that ends at "end", and no other one below?  A list
 * of people has the extension of each.
 */
static bool
is_only_extension(WfSlice text, size_t end)
{
	size_t		i = end;
	int			lines = 0;
	int			digits = 0;

	if (i < text.len && memchr("\n,)", text.data[i], 3) == NULL)
		return false;
	for (; i + 4 < text.len && i - end < EXTENSION_LINES * 40 && lines < EXTENSION_LINES; i++)
	{
		digits += wf_is_digit(text.data[i]);
		if (digits >= WF_MIN_PHONE)
			return true;		/* another number, which has its own */
		if (text.data[i] != '\n')
			continue;
		lines++;
		if (is_extension_below(word_behind(text, i + 1)))
			return false;
	}
	return true;
}

size_t
wf_run_extension(WfSlice text, size_t at, WfSlice *digits)
{
	size_t		number_end = at;
	WfSlice		word;
	size_t		end;
	bool		is_below;

	at = skip_any(text, at, " ,;-([\n", 4);
	is_below = memchr(text.data + number_end, '\n', at - number_end) != NULL;
	word = word_behind(text, at);
	if (is_below && !is_extension_below(word))
		return 0;
	if (word.len == 0 && at < text.len && text.data[at] == '#')
		word = (WfSlice) {text.data + at, 1};
	if (word.len == 0 || !is_extension_word(word))
		return 0;
	at = skip_any(text, at + word.len, ".:= ,-#", 4);
	for (end = at; end < text.len && wf_is_digit(text.data[end]); end++)
		;
	if (end == at || end - at > 7)
		return 0;
	/* digits that go on are another number */
	if (end + 1 < text.len && memchr("-./ ", text.data[end], 4) != NULL &&
		wf_is_digit(text.data[end + 1]) && end - at > 2 && text.data[end] != '/')
		return 0;
	if (is_below && !is_only_extension(text, end))
		return 0;
	*digits = (WfSlice) {text.data + at, end - at};
	return end;
}
