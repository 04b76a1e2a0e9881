/*-------------------------------------------------------------------------
 *
 * wf_disguise.c
 *	  Addresses written for people only.
 *
 * Each place that may be a spelt '@' is looked at once: the local part is
 * walked back from it and the domain forth, both within fixed bounds, and the
 * address so composed is judged like any other.
 *
 *-------------------------------------------------------------------------
 */
#include "wf_disguise.h"

#include <string.h>

#include "wf_scan.h"
#include "wf_text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Longest text of a local part or a domain with its spelt dots. */
#define MAX_SPELT 128

/* Spaces allowed inside and around brackets. */
#define MAX_SPACES 3

/* How an '@' is spelt, the safest first. */
typedef enum Spelling
{
	SPELT_BRACKETS,				/* (at) [at] {at} */
	SPELT_LETTER,				/* (a) */
	SPELT_MARKS,				/* =at= #at# "at" */
	SPELT_SIGN,					/* %40, full-width @ */
	SPELT_SPACES,				/* " @ " */
	SPELT_NOT,					/* @, but dots are spelt */
	SPELT_WORD					/* " at " */
} Spelling;

/* An '@': text[start, end). */
typedef struct At
{
	size_t		start;
	size_t		end;
	Spelling	spelling;
} At;

/* The address being composed. */
typedef struct Composed
{
	size_t		start;			/* in the text */
	size_t		len;
	size_t		at;				/* place of the '@' in data */
	int			dot_words;		/* dots spelt in the domain */
	int			dot_signs;		/* dots as such in the domain */
	char		mark;			/* around a spelt '@', and then around dots; or '\0' */
	char		data[2 * MAX_SPELT + 1];
	uint32_t	source[2 * MAX_SPELT + 1];	/* end in the text of each byte behind at */
} Composed;

static size_t
skip_spaces(WfSlice text, size_t i)
{
	size_t		limit = i + MAX_SPACES;

	while (i < text.len && i < limit && text.data[i] == ' ')
		i++;
	return i;
}

static size_t
skip_spaces_back(WfSlice text, size_t floor, size_t i)
{
	size_t		limit = i > MAX_SPACES ? i - MAX_SPACES : 0;

	while (i > floor && i > limit && text.data[i - 1] == ' ')
		i--;
	return i;
}

/* Length of the word of the list that the text has at i; 0 when none. */
static size_t
word_at(WfSlice text, size_t i, const WfSlice *words, size_t count)
{
	WfSlice		rest = {text.data + i, text.len - i};
	size_t		k;

	for (k = 0; k < count; k++)
	{
		if (wf_text_starts_nocase(rest, words[k]))
			return words[k].len;
	}
	return 0;
}

/* The same for the word that ends at i. */
static size_t
word_before(WfSlice text, size_t floor, size_t i, const WfSlice *words, size_t count)
{
	size_t		k;

	for (k = 0; k < count; k++)
	{
		if (i - floor >= words[k].len &&
			wf_text_equal_nocase((WfSlice) {text.data + i - words[k].len, words[k].len}, words[k]))
			return words[k].len;
	}
	return 0;
}

/* Length of a full-width bracket, round or square, that "rest" begins with; 0 for none. */
static size_t
wide_bracket(WfSlice rest, bool closing)
{
	WfSlice		round = closing ? WF_SLICE("\xEF\xBC\x89") : WF_SLICE("\xEF\xBC\x88");
	WfSlice		square = closing ? WF_SLICE("\xEF\xBC\xBD") : WF_SLICE("\xEF\xBC\xBB");

	return wf_text_starts_nocase(rest, round) || wf_text_starts_nocase(rest, square) ? 3 : 0;
}

static bool
opens(char c)
{
	return c == '(' || c == '[' || c == '{' || c == '<' || c == '*' || c == '|';
}

static bool
closes(char c)
{
	return c == ')' || c == ']' || c == '}' || c == '>' || c == '*' || c == '|';
}

/* The longer of two that begin alike stands first. */
static const WfSlice at_words[] = {
	{"at", 2}, {"arrobas", 7}, {"arroba", 6}, {"apenstaartje", 12}, {"\xC3\xA4t", 3}, {"aet", 3},
	{"klammeraffe", 11}, {"chiocciola", 10}, {"snabel-a", 8}, {"snabela", 7}, {"kukac", 5},
	{"zavinac", 7}, {"zavin\xC3\xA1\xC4\x8D", 9}, {"malpa", 5}, {"ma\xC5\x82pa", 6}, {"chez", 4},
	{"arobase", 7}, {"bei", 3}, {"krullalfa", 9}, {"apestaart", 9}, {"alfakr\xC3\xB8ll", 10},
	{"kr\xC3\xB8llalfa", 10}, {"\xEA\xB3\xA8\xEB\xB1\x85\xEC\x9D\xB4", 9},
	{"\xE3\x82\xA2\xE3\x83\x83\xE3\x83\x88\xE3\x83\x9E\xE3\x83\xBC\xE3\x82\xAF", 18},
	{"\xC3\xA0", 2}, {"\xC3\xA4", 2}, {"\xD1\x81\xD0\xBE\xD0\xB1\xD0\xB0\xD0\xBA\xD0\xB0", 12},
	{"@", 1}, {"a", 1}
};
static const WfSlice dot_words[] = {
	{"dot", 3}, {"punktum", 7}, {"punkt", 5}, {"punto", 5}, {"point", 5}, {"ponto", 5}, {"punt", 4},
	{"piste", 5}, {"\xD1\x82\xD0\xBE\xD1\x87\xD0\xBA\xD0\xB0", 10},
	{"prick", 5}, {"kropka", 6}, {"tecka", 5}, {"te\xC4\x8Dka", 6}, {"pont", 4}, {".", 1}
};
static const WfSlice plain_dot_words[] = {
	{"dot", 3}, {"punkt", 5}, {"punto", 5}, {"point", 5}, {"ponto", 5}, {"punt", 4}
};

/* "(at)" at i, which is a bracket of "width" bytes. */
static bool
bracketed_at(WfSlice text, size_t i, size_t width, At *at)
{
	size_t		k = skip_spaces(text, i + width);
	size_t		len;

	/* "(.at.)" and "(-at-)" too */
	if (k < text.len && (text.data[k] == '.' || text.data[k] == '-' || text.data[k] == '_'))
		k++;
	len = word_at(text, k, at_words, COUNT(at_words));
	if (len == 0)
		return false;
	k += len;
	if (k < text.len && (text.data[k] == '.' || text.data[k] == '-' || text.data[k] == '_'))
		k++;
	at->spelling = len == 1 && text.data[k - 1] != '@' ? SPELT_LETTER : SPELT_BRACKETS;
	k = skip_spaces(text, k);
	if (width > 1)
		width = wide_bracket((WfSlice) {text.data + k, text.len - k}, true);
	else
		width = k < text.len && closes(text.data[k]);
	at->start = i;
	at->end = k + width;
	return width > 0;
}

/* A full-width '@' (U+FF20) or a small one (U+FE6B). */
static bool
is_wide_at(WfSlice rest)
{
	return wf_text_starts_nocase(rest, WF_SLICE("\xEF\xBC\xA0")) ||
		wf_text_starts_nocase(rest, WF_SLICE("\xEF\xB9\xAB"));
}

/* Marks that somebody puts on both sides of "at". */
static bool
is_mark(char c)
{
	return c == '=' || c == '#' || c == '~' || c == '_' || c == '"' || c == '\'' || c == '!' ||
		c == '^' || c == '$';
}

/* "=at=" at i */
static bool
marked_at(WfSlice text, size_t i, At *at)
{
	at->spelling = SPELT_MARKS;
	at->start = i;
	at->end = i + 4;
	return text.len - i > 4 && is_mark(text.data[i]) && text.data[i + 3] == text.data[i] &&
		wf_lower_char(text.data[i + 1]) == 'a' && wf_lower_char(text.data[i + 2]) == 't';
}

/* Is there a spelt '@' at i, of the spellings that the text has? */
static bool
is_at(const WfDisguise *search, size_t i, At *at)
{
	WfSlice		text = search->text;
	WfSlice		rest = {text.data + i, text.len - i};

	if (search->has_marks && marked_at(text, i, at))
		return true;
	switch (text.data[i])
	{
		case '(':
		case '[':
		case '{':
		case '<':
		case '*':
		case '|':
			return bracketed_at(text, i, 1, at);
		case '%':
			at->spelling = SPELT_SIGN;
			at->start = i;
			at->end = i + 3;
			return wf_text_starts_nocase(rest, WF_SLICE("%40"));
		case '\xEF':
			if (wide_bracket(rest, false) > 0)
				return bracketed_at(text, i, 3, at);
			at->spelling = SPELT_SIGN;
			at->start = i;
			at->end = i + 3;
			return is_wide_at(rest);
		case ' ':
			at->spelling = SPELT_WORD;
			at->start = i;
			at->end = i + 4;
			if (wf_text_starts_nocase(rest, WF_SLICE(" -at- ")))
			{
				at->spelling = SPELT_BRACKETS;
				at->end = i + 6;
				return true;
			}
			return search->has_words && wf_text_starts_nocase(rest, WF_SLICE(" at "));
		case '@':
			at->start = i;
			at->end = skip_spaces(text, i + 1);
			at->spelling = (i > 0 && text.data[i - 1] == ' ') || at->end > i + 1 ?
				SPELT_SPACES : SPELT_NOT;
			return i > 0;
	}
	return false;
}

static bool
is_word_char(char c)
{
	return wf_is_alpha(c) || wf_is_digit(c) || c == '-' || c == '_' || c == '+';
}

/*
 * A dot before i in a local part: '.', "(dot)" or, where plain words count,
 * " dot ".  Returns where it begins, i when there is none.
 */
static size_t
dot_before(WfSlice text, size_t floor, size_t i, bool plain)
{
	size_t		k = skip_spaces_back(text, floor, i);
	size_t		len;

	if (k > floor && closes(text.data[k - 1]))
	{
		k = skip_spaces_back(text, floor, k - 1);
		len = word_before(text, floor, k, dot_words, COUNT(dot_words));
		k = skip_spaces_back(text, floor, k - len);
		if (len > 0 && k > floor && opens(text.data[k - 1]))
			return skip_spaces_back(text, floor, k - 1);
		return i;
	}
	if (i > floor && text.data[i - 1] == '.')
		return i - 1;
	if (plain && k < i)
	{
		len = word_before(text, floor, k, plain_dot_words, COUNT(plain_dot_words));
		if (len > 0 && k - len > floor && text.data[k - len - 1] == ' ')
			return skip_spaces_back(text, floor, k - len);
	}
	return i;
}

/* Do words without brackets count as dots? */
static bool
has_plain_dots(const At *at)
{
	return at->spelling == SPELT_WORD || at->spelling == SPELT_BRACKETS ||
		at->spelling == SPELT_MARKS;
}

/* Walk the local part back from the '@' and compose it. */
static bool
compose_local(WfSlice text, size_t floor, const At *at, Composed *c)
{
	char		turned[MAX_SPELT];
	size_t		limit = at->start > MAX_SPELT ? at->start - MAX_SPELT : 0;
	bool		plain = has_plain_dots(at);
	size_t		len = 0;
	size_t		i;
	size_t		k;

	if (floor < limit)
		floor = limit;
	i = skip_spaces_back(text, floor, at->start);
	for (;;)
	{
		size_t		word = i;

		while (i > floor && is_word_char(text.data[i - 1]) && len < WF_MAX_LOCAL_PART)
			turned[len++] = text.data[--i];
		if (i == word || len >= WF_MAX_LOCAL_PART)
			return false;
		c->start = i;
		k = dot_before(text, floor, i, plain);
		if (k == i || k == floor || !is_word_char(text.data[k - 1]))
			break;
		i = k;
		turned[len++] = '.';
	}
	for (k = 0; k < len; k++)
		c->data[k] = turned[len - 1 - k];
	while (len > 0 && (c->data[0] == '-' || c->data[0] == '+'))
	{
		memmove(c->data, c->data + 1, --len);
		c->start++;
	}
	c->at = len;
	c->data[len++] = '@';
	c->len = len;
	return len > 1;
}

/* A dot at i in a domain: where it ends, i when there is none. */
static size_t
dot_after(WfSlice text, size_t i, bool plain, Composed *c)
{
	size_t		k = skip_spaces(text, i);
	size_t		len;

	if (i < text.len && text.data[i] == '.')
	{
		c->dot_signs++;
		return i + 1;
	}
	if (k < text.len && (opens(text.data[k]) || text.data[k] == c->mark))
	{
		k = skip_spaces(text, k + 1);
		len = word_at(text, k, dot_words, COUNT(dot_words));
		k = skip_spaces(text, k + len);
		if (len == 0 || k >= text.len || !(closes(text.data[k]) || text.data[k] == c->mark))
			return i;
		c->dot_words++;
		return skip_spaces(text, k + 1);
	}
	if (plain && k > i)
	{
		len = word_at(text, k, plain_dot_words, COUNT(plain_dot_words));
		if (len > 0 && k + len < text.len && text.data[k + len] == ' ')
		{
			c->dot_words++;
			return skip_spaces(text, k + len);
		}
	}
	return i;
}

static void
put_byte(Composed *c, char b, size_t source)
{
	c->data[c->len] = b;
	c->source[c->len] = (uint32_t) source;
	c->len++;
}

/* Walk the domain forth from the '@' and compose it. */
static bool
compose_domain(WfSlice text, const At *at, Composed *c)
{
	bool		plain = has_plain_dots(at) || at->spelling == SPELT_NOT;
	size_t		limit = c->at + 1 + MAX_SPELT;
	size_t		i = skip_spaces(text, at->end);

	/* "x (a) y" on both sides or on none */
	if (at->spelling == SPELT_LETTER && (i != at->end) != (text.data[at->start - 1] == ' '))
		return false;
	while (c->len + 1 < limit)
	{
		size_t		word = i;
		size_t		k;

		while (i < text.len && c->len + 1 < limit &&
			   (wf_is_alpha(text.data[i]) || wf_is_digit(text.data[i]) || text.data[i] == '-'))
		{
			put_byte(c, text.data[i], i + 1);
			i++;
		}
		if (i == word)
			break;
		k = dot_after(text, i, plain, c);
		if (k == i)
			break;
		put_byte(c, '.', k);
		i = k;
	}
	while (c->len > c->at + 1 && c->data[c->len - 1] == '.')
		c->len--;
	return c->len > c->at + 1;
}

/* "yahoodotcom": dots as words without any border. */
static void
spell_glued_dots(Composed *c)
{
	char		out[sizeof(c->data)];
	uint32_t	source[sizeof(c->data)];
	size_t		len = 0;
	size_t		at = c->at;
	size_t		i;

	if (memchr(c->data + c->at, '.', c->len - c->at) != NULL)
		return;
	for (i = 0; i < c->len; i++)
	{
		if (i == c->at)
			at = len;
		if (i > 0 && i + 3 < c->len && i + 3 != c->at && c->data[i - 1] != '@' &&
			memcmp(c->data + i, "dot", 3) == 0)
		{
			i += 2;
			out[len] = '.';
		}
		else
			out[len] = c->data[i];
		source[len++] = i > c->at ? c->source[i] : 0;
	}
	memcpy(c->data, out, len);
	memcpy(c->source, source, len * sizeof(source[0]));
	c->len = len;
	c->at = at;
}

/* Words that stand before " at " in a sentence, not in an address. */
static bool
is_prose(WfSlice local)
{
	static const char *const words[] = {
		"look", "us", "me", "him", "her", "them", "it", "this", "that", "available", "reached",
		"live", "here", "there", "online", "found", "out", "up", "more", "shop", "working",
		"works", "worked", "visit", "see", "now", "and", "or", "is", "are", "am", "was", "be",
		"not", "sold", "based", "arrive", "arrived", "blog", "site", "website", "page", "store",
		"posted", "published", "read", "listen", "watch", "join", "meet", "located", "directly",
		"follow", "on", "with", "by", "via", "from", "tweet", "thanks", "cc", "folge", "suivez",
		"segui", "sigue", "siga", "volg", "twitter", "instagram", "buy", "order", "book", "call",
		"click", "go", "save", "learn", "find", "get", "stay", "eat", "check", "play", "start",
		"only", "also", "just", "sale", "register", "apply", "donate", "stop", "option",
		"add", "append", "use", "using", "ending", "ends", "domain", "suffix", "username"
	};
	size_t		i;

	for (i = 0; i < COUNT(words); i++)
	{
		if (wf_text_equal_nocase(local, (WfSlice) {words[i], strlen(words[i])}))
			return true;
	}
	return false;
}

/* What stands in front of the address introduces one. */
static bool
is_introduced(WfSlice text, size_t start)
{
	static const WfSlice words[] = {
		{"mail", 4}, {"email", 5}, {"contact", 7}, {"at", 2}, {"to", 2}, {"address", 7},
		{"adresse", 7}, {"write", 5}, {"kontakt", 7}, {"an", 2}, {"courriel", 8}, {"correo", 6}
	};
	size_t		i = skip_spaces_back(text, 0, start);

	if (i == 0 || strchr("\n:|(,;<>-[/", text.data[i - 1]) != NULL)
		return true;
	return word_before(text, 0, i, words, COUNT(words)) > 0;
}

/* A label in front of the address says that it is one: "E-Mail: ". */
static bool
is_labelled(WfSlice text, size_t start)
{
	static const WfSlice labels[] = {
		{"mail", 4}, {"courriel", 8}, {"correo", 6}, {"adresse", 7}, {"kontakt", 7}, {"contact", 7}
	};
	size_t		i = skip_spaces_back(text, 0, start);

	if (i == 0 || text.data[i - 1] != ':')
		return false;
	i = skip_spaces_back(text, 0, i - 1);
	return word_before(text, 0, i, labels, COUNT(labels)) > 0;
}

/* Does nothing else stand on the line of text[start, end)? */
static bool
is_whole_line(WfSlice text, size_t start, size_t end)
{
	return (start == 0 || text.data[start - 1] == '\n') &&
		(end == text.len || text.data[end] == '\n');
}

static bool
has_capital(WfSlice text)
{
	size_t		i;

	for (i = 0; i < text.len; i++)
	{
		if (text.data[i] >= 'A' && text.data[i] <= 'Z')
			return true;
	}
	return false;
}

/* "(a)" is the number of a paragraph, too: what is around it decides. */
static bool
is_plausible_letter(WfSlice text, const At *at, const Composed *c, size_t end)
{
	WfSlice		local = {c->data, c->at};
	WfSlice		domain = {c->data + c->at + 1, c->len - c->at - 1};

	if (local.len < 2 || !wf_is_alpha(local.data[0]) || is_prose(local))
		return false;
	if (text.data[at->start - 1] != ' ')
		return true;
	return !has_capital(local) && !wf_text_starts_nocase(domain, WF_SLICE("www.")) &&
		(memchr(local.data, '.', local.len) != NULL || is_labelled(text, c->start) ||
		 is_whole_line(text, c->start, end));
}

/*
 * " at " without dots as words: behind a label, or as " AT " behind a name in
 * two words ("Kim.Lund AT firm.com") or in small letters.
 */
static bool
is_plausible_word(WfSlice text, const At *at, const Composed *c)
{
	WfSlice		local = {c->data, c->at};

	return is_labelled(text, c->start) ||
		(text.data[at->start + 1] == 'A' && text.data[at->start + 2] == 'T' &&
		 (memchr(local.data, '.', local.len) != NULL || !has_capital(local)));
}

/* Between marks: glued to both sides, or where an address is due. */
static bool
is_plausible_mark(WfSlice text, const At *at, const Composed *c, size_t end)
{
	if (text.data[at->start - 1] == ' ' || text.data[at->end] == ' ')
		return c->dot_words > 0 || is_labelled(text, c->start) ||
			is_whole_line(text, c->start, end);
	/* the name of a file or a part of a URL */
	return c->start == 0 || strchr("/.=&?%\\", text.data[c->start - 1]) == NULL;
}

/* Does the spelling fit in with what is around it? */
static bool
is_plausible(WfSlice text, const At *at, const Composed *c, WfContactTrust trust, size_t end)
{
	WfSlice		local = {c->data, c->at};

	switch (at->spelling)
	{
		case SPELT_BRACKETS:
			return true;
		case SPELT_LETTER:
			return is_plausible_letter(text, at, c, end);
		case SPELT_MARKS:
			if (!is_plausible_mark(text, at, c, end))
				return false;
			break;
		case SPELT_NOT:
			return true;
		case SPELT_SIGN:
			/* else a part of a URL */
			return trust == WF_TRUST_LINK || c->start == 0 ||
				strchr("=/&?;", text.data[c->start - 1]) == NULL;
		case SPELT_SPACES:
			if (trust == WF_TRUST_LINK)
				return true;
			if (has_capital((WfSlice) {c->data, c->len}))
				return false;
			break;
		case SPELT_WORD:
			if (trust == WF_TRUST_LINK && is_whole_line(text, c->start, end))
				return true;
			if (c->dot_words == 0 && !is_plausible_word(text, at, c))
				return false;
			break;
	}
	return !is_prose(local) && is_introduced(text, c->start) &&
		(end == text.len || strchr(" \n.,;)|<>]/", text.data[end]) != NULL);
}

/* Compose and judge the address around a spelt '@'. */
static bool
accept_at(WfContactScan *scan, WfSlice text, WfContactTrust trust, size_t floor,
		  const At *at, WfAddress *address)
{
	Composed	c = {0};
	size_t		pos = 0;

	c.mark = at->spelling == SPELT_MARKS ? text.data[at->start] : '\0';
	if (at->start == floor || !compose_local(text, floor, at, &c) ||
		!compose_domain(text, at, &c) || (at->spelling == SPELT_NOT && c.dot_words == 0))
		return false;
	if (at->spelling == SPELT_BRACKETS)
		spell_glued_dots(&c);
	if (!wf_contact_next(scan, (WfSlice) {c.data, c.len}, WF_TRUST_LINK, &pos, address) ||
		address->start != 0 || address->is_reversed)
		return false;
	pos = address->end;
	address->start = c.start;
	address->end = c.source[pos - 1];
	return is_plausible(text, at, &c, trust, address->end);
}

/* The "at" at i, in any case: is it a spelling of '@', and of which kind? */
static void
note_letters(WfDisguise *search, size_t i)
{
	const char *p = search->text.data + i;
	char		before = i > 0 ? p[-1] : '\0';
	char		behind = i + 2 < search->text.len ? p[2] : '\0';

	if (before == ' ' && behind == ' ' && (p[0] == 'a') == (p[1] == 't'))
		search->has_words = true;
	else if (before == '-' && behind == '-' && i > 1 && p[-2] == ' ')
		search->has_words = true;
	else if (before == behind && is_mark(before))
		search->has_marks = true;
}

/* The places of a block at p that have "at" in any case. */
static inline WfBits
at_letters(const char *p)
{
	WfBlock		first = wf_block_load(p);
	WfBlock		second = wf_block_load(p + 1);

	return (wf_block_equal(first, 'a') | wf_block_equal(first, 'A')) &
		(wf_block_equal(second, 't') | wf_block_equal(second, 'T'));
}

WfDisguise
wf_disguise_begin(WfSlice text, WfContactTrust trust)
{
	WfDisguise	search = {text, trust, 0, false, false};
	size_t		i = 0;

	for (; i + WF_BLOCK_BYTES < text.len; i += WF_BLOCK_BYTES)
	{
		WfBits		found = at_letters(text.data + i);

		for (; found != 0; found &= found - 1)
			note_letters(&search, i + wf_bits_first(found));
	}
	for (; i + 1 < text.len; i++)
	{
		if (wf_lower_char(text.data[i]) == 'a' && wf_lower_char(text.data[i + 1]) == 't')
			note_letters(&search, i);
	}
	return search;
}

/* The bytes of a block that a spelt '@' other than a word may begin with. */
static inline WfBits
begin_bytes(WfBlock block)
{
	return wf_block_equal(block, '(') | wf_block_equal(block, '[') |
		wf_block_equal(block, '{') | wf_block_equal(block, '<') | wf_block_equal(block, '%') |
		wf_block_equal(block, '\xEF') | wf_block_equal(block, '@') |
		wf_block_equal(block, '*') | wf_block_equal(block, '|');
}

/* The spaces of a block at p behind which " at " may go on. */
static inline WfBits
begin_words(WfBlock block, const char *p)
{
	WfBlock		next = wf_block_load(p + 1);

	return wf_block_equal(block, ' ') &
		(((wf_block_equal(next, 'a') | wf_block_equal(next, 'A')) &
		  wf_block_equal(wf_block_load(p + 3), ' ')) |
		 (wf_block_equal(next, '-') & wf_block_equal(wf_block_load(p + 2), 'a')));
}

/* The next byte that a spelt '@' may begin with; end when there is none. */
static const char *
find_begin(const WfDisguise *search, const char *p, const char *end)
{
	for (; end - p >= WF_BLOCK_BYTES + 3; p += WF_BLOCK_BYTES)
	{
		WfBlock		block = wf_block_load(p);
		WfBits		found = begin_bytes(block);

		if (search->has_words)
			found |= begin_words(block, p);
		if (search->has_marks)
			found |= at_letters(p + 1);
		if (found != 0)
			return p + wf_bits_first(found);
	}
	while (p < end && strchr("([{<*|%\xEF@ ", *p) == NULL &&
		   !(search->has_marks && is_mark(*p)))
		p++;
	return p;
}

bool
wf_disguise_next(WfContactScan *scan, WfDisguise *search, WfAddress *address)
{
	WfSlice		text = search->text;
	const char *p = text.data + search->pos;
	const char *end = text.data + text.len;
	At			at;

	while ((p = find_begin(search, p, end)) < end)
	{
		if (is_at(search, p - text.data, &at) &&
			accept_at(scan, text, search->trust, search->pos, &at, address))
		{
			search->pos = address->end;
			return true;
		}
		p++;
	}
	search->pos = text.len;
	return false;
}
