/*-------------------------------------------------------------------------
 *
 * wf_category.c
 *	  What kind of page a URL leads to, told from its words by rules.
 *
 * All rules are in one hash table.  The key is a byte for the form of the
 * pattern and its folded words without what is between them, so that
 * "contact-us", "Contact_Us" and "contactus" are one key.
 *
 *-------------------------------------------------------------------------
 */
#include "wf_category.h"

#include <stdlib.h>
#include <string.h>

#include "wf_text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define MAX_SEGMENTS	16		/* of a path; deeper ones are not looked at */
#define MAX_WORDS		12		/* of a segment that a pattern can match */
#define MAX_FOLDED		96		/* bytes of such a segment */
#define MAX_NAME		64		/* of a category */
#define MAX_PARAMETERS	16

#define RULES_MEMORY	(16 * 1024 * 1024)
#define FIRST_SLOTS		1024	/* a power of two */

/* Forms of patterns: the first byte of a key. */
typedef enum Form
{
	FORM_WHOLE = '=',
	FORM_BEGINNING = '<',
	FORM_END = '>',
	FORM_BELOW = '/',
	FORM_TREE = '*',
	FORM_PAIR = '+',
	FORM_ENDING = '.',
	FORM_PARAMETER = '?'
} Form;

typedef struct Rule
{
	WfSlice		key;			/* data NULL: the slot is free */
	uint32_t	hash;
	bool		own;
	WfCategory	category;
} Rule;

struct WfCategories
{
	WfArena    *arena;
	Rule	   *slots;
	size_t		nslots;			/* a power of two */
	size_t		used;
};

/* A segment, folded. */
typedef struct Segment
{
	char		text[MAX_FOLDED + 1];	/* words without anything between them */
	size_t		len;			/* 0: nothing that a pattern could match */
	int			nwords;
	size_t		start[MAX_WORDS + 1];	/* of words in text; behind the last, len */
} Segment;

/* A URL as the rules see it. */
typedef struct Parts
{
	WfSlice		segments[MAX_SEGMENTS];
	int			count;
	WfSlice		query;
} Parts;

/*-------------------------------------------------------------------------
 * Folding
 *-------------------------------------------------------------------------
 */

/* Base letters of U+00C0 to U+017F; '.' stands for those that are dealt with apart. */
static const char latin_base[] =
	"aaaaaa.ceeeeiiiidnooooo.ouuuuy..aaaaaa.ceeeeiiii"
	"dnooooo.ouuuuy.yaaaaaaccccccccddddeeeeeeeeeegggg"
	"gggghhhhiiiiiiiiii..jjkkkllllllllllnnnnnn...oooo"
	"oo..rrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";

/* Vietnamese letters from U+1EA0: the first of those with the next base letter. */
static const struct
{
	uint32_t	first;
	char		base;
}			vietnamese[] = {
	{0x1EA0, 'a'}, {0x1EB8, 'e'}, {0x1EC8, 'i'}, {0x1ECC, 'o'}, {0x1EE4, 'u'}, {0x1EF2, 'y'}
};

/* Greek letters with accents, and what they are without. */
static const struct
{
	uint32_t	accented;
	uint32_t	base;
}			greek[] = {
	{0x386, 0x3B1}, {0x388, 0x3B5}, {0x389, 0x3B7}, {0x38A, 0x3B9}, {0x38C, 0x3BF},
	{0x38E, 0x3C5}, {0x38F, 0x3C9}, {0x390, 0x3B9}, {0x3AA, 0x3B9}, {0x3AB, 0x3C5},
	{0x3AC, 0x3B1}, {0x3AD, 0x3B5}, {0x3AE, 0x3B7}, {0x3AF, 0x3B9}, {0x3B0, 0x3C5},
	{0x3C2, 0x3C3}, {0x3CA, 0x3B9}, {0x3CB, 0x3C5}, {0x3CC, 0x3BF}, {0x3CD, 0x3C5},
	{0x3CE, 0x3C9}
};

/* Letters that fold to two, or to another letter than their base. */
static const char *
special_letter(uint32_t cp)
{
	switch (cp)
	{
		case 0xC6:
		case 0xE6:
			return "ae";
		case 0xDE:
		case 0xFE:
			return "th";
		case 0xDF:
			return "ss";
		case 0x132:
		case 0x133:
			return "ij";
		case 0x152:
		case 0x153:
			return "oe";
		case 0x149:
		case 0x14A:
		case 0x14B:
			return "n";
		case 0x1A0:
		case 0x1A1:
			return "o";
		case 0x1AF:
		case 0x1B0:
			return "u";
	}
	return NULL;
}

static uint32_t
fold_greek(uint32_t cp)
{
	for (size_t i = 0; i < COUNT(greek); i++)
	{
		if (greek[i].accented == cp)
			return greek[i].base;
	}
	return cp >= 0x391 && cp <= 0x3A9 ? cp + 0x20 : cp;
}

/* A letter beyond ASCII without case and accents, to out; returns its length. */
static size_t
fold_letter(uint32_t cp, char out[4])
{
	const char *special = special_letter(cp);

	if (special)
	{
		memcpy(out, special, strlen(special));
		return strlen(special);
	}
	if (cp >= 0x300 && cp <= 0x36F)
		return 0;				/* combining marks */
	if (cp >= 0xC0 && cp <= 0x17F && latin_base[cp - 0xC0] != '.')
	{
		out[0] = latin_base[cp - 0xC0];
		return 1;
	}
	if (cp >= 0x1EA0 && cp <= 0x1EF9)
	{
		for (size_t i = 0; i < COUNT(vietnamese) && vietnamese[i].first <= cp; i++)
			out[0] = vietnamese[i].base;
		return 1;
	}
	if (cp >= 0x386 && cp <= 0x3CE)
		cp = fold_greek(cp);
	else if (cp >= 0x400 && cp <= 0x40F)
		cp += 0x50;
	else if (cp >= 0x410 && cp <= 0x42F)
		cp += 0x20;
	if (cp == 0x451)
		cp = 0x435;				/* Cyrillic io, commonly written as ie */
	if (cp >= 0xFF01 && cp <= 0xFF5E)
	{
		out[0] = wf_lower_char((char) (cp - 0xFF01 + '!'));
		return 1;
	}
	return (size_t) wf_text_encode(cp, out);
}

static bool
is_word_char(unsigned char c)
{
	return c >= 0x80 || wf_is_alpha((char) c) || wf_is_digit((char) c);
}

static bool
is_number(const Segment *s, int word)
{
	for (size_t i = s->start[word]; i < s->start[word + 1]; i++)
	{
		if (!wf_is_digit(s->text[i]))
			return false;
	}
	return true;
}

/* Fold a segment, still percent-encoded; len is 0 if it is too long for any rule. */
static void
fold_segment(WfSlice raw, Segment *s)
{
	char		decoded[6 * MAX_FOLDED];	/* percent-encoded, two bytes a letter */
	const char *p = decoded;
	const char *end;
	bool		in_word = false;

	s->len = 0;
	s->nwords = 0;
	if (raw.len > sizeof(decoded))
		return;
	end = decoded + wf_text_percent_decode(raw, decoded);
	while (p < end)
	{
		uint32_t	cp;
		char		letters[4];
		size_t		n = 1;

		if (!is_word_char((unsigned char) *p))
		{
			in_word = false;
			p++;
			continue;
		}
		if ((unsigned char) *p < 0x80)
			letters[0] = wf_lower_char(*p++);
		else
		{
			p += wf_text_decode(p, end, &cp);
			n = fold_letter(cp, letters);
		}
		if (!in_word && s->nwords == MAX_WORDS)
		{
			s->len = 0;
			return;
		}
		if (!in_word)
			s->start[s->nwords++] = s->len;
		in_word = true;
		if (s->len + n > MAX_FOLDED)
		{
			s->len = 0;
			return;
		}
		memcpy(s->text + s->len, letters, n);
		s->len += n;
	}
	s->start[s->nwords] = s->len;
}

/* Take numbers off the end, unless nothing would be left: "kontakt-2". */
static void
drop_numbers(Segment *s)
{
	while (s->nwords > 1 && is_number(s, s->nwords - 1))
		s->len = s->start[--s->nwords];
}

/*-------------------------------------------------------------------------
 * The table
 *-------------------------------------------------------------------------
 */

/* FNV-1a */
static uint32_t
hash_key(Form form, WfSlice text)
{
	uint32_t	hash = (2166136261u ^ (unsigned char) form) * 16777619u;

	for (size_t i = 0; i < text.len; i++)
		hash = (hash ^ (unsigned char) text.data[i]) * 16777619u;
	return hash;
}

/* The slot of a key, or the free one where it would be. */
static Rule *
find_slot(const WfCategories *rules, Form form, WfSlice text, uint32_t hash)
{
	size_t		i = hash & (rules->nslots - 1);

	for (;; i = (i + 1) & (rules->nslots - 1))
	{
		Rule	   *rule = &rules->slots[i];

		if (rule->key.data == NULL)
			return rule;
		if (rule->hash == hash && rule->key.len == text.len + 1 &&
			rule->key.data[0] == (char) form &&
			memcmp(rule->key.data + 1, text.data, text.len) == 0)
			return rule;
	}
}

/* The rule of a form for that text; NULL if there is none. */
static const Rule *
look_up(const WfCategories *rules, Form form, const char *data, size_t len)
{
	WfSlice		text = {data, len};
	const Rule *rule = find_slot(rules, form, text, hash_key(form, text));

	return rule->key.data ? rule : NULL;
}

static WfStatus
grow(WfCategories *rules)
{
	Rule	   *old = rules->slots;
	size_t		nold = rules->nslots;
	size_t		n = nold ? 2 * nold : FIRST_SLOTS;
	Rule	   *slots = wf_arena_zalloc(rules->arena, n * sizeof(Rule));

	if (slots == NULL)
		return WF_ERR_NOMEM;
	rules->slots = slots;
	rules->nslots = n;
	for (size_t i = 0; i < nold; i++)
	{
		WfSlice		text = old[i].key;

		if (text.data == NULL)
			continue;
		wf_advance(&text, 1);
		*find_slot(rules, (Form) old[i].key.data[0], text, old[i].hash) = old[i];
	}
	return WF_OK;
}

/* See wf_category.h. */
WfCategories *
wf_categories_create(void)
{
	WfArena    *arena = wf_arena_create(RULES_MEMORY);
	WfCategories *rules = arena ? wf_arena_zalloc(arena, sizeof(WfCategories)) : NULL;

	if (rules)
		rules->arena = arena;
	if (rules == NULL || grow(rules) != WF_OK)
	{
		wf_arena_free(arena);
		return NULL;
	}
	return rules;
}

/* See wf_category.h. */
void
wf_categories_free(WfCategories *rules)
{
	if (rules)
		wf_arena_free(rules->arena);
}

/*-------------------------------------------------------------------------
 * Patterns
 *-------------------------------------------------------------------------
 */

static bool
ends_with(WfSlice text, const char *end)
{
	size_t		len = strlen(end);

	return text.len >= len && memcmp(text.data + text.len - len, end, len) == 0;
}

/* Take "len" bytes off the end, and blanks in front of them. */
static WfSlice
without_end(WfSlice text, size_t len)
{
	text.len -= len;
	return wf_text_trim(text);
}

/* "<a>/<b>": the text "a/b"; empty if it is no such pattern. */
static WfSlice
pair_of(WfSlice pattern, char out[2 * MAX_NAME + 1])
{
	WfSlice		pair = {out, 0};
	int			part = 0;		/* odd: within '<' and '>' */

	if (pattern.len > 2 * MAX_NAME)
		return WF_SLICE_EMPTY;
	for (size_t i = 0; i < pattern.len; i++)
	{
		char		c = pattern.data[i];

		if (c == '<' && part % 2 == 0)
			part++;
		else if (c == '>' && part % 2 == 1 && pattern.data[i - 1] != '<')
			part++;
		else if (c == '/' ? part == 2 : part % 2 == 1)
			out[pair.len++] = c;
		else
			return WF_SLICE_EMPTY;
	}
	return part == 4 ? pair : WF_SLICE_EMPTY;
}

/* The form of a pattern; what stands for words is left in *words. */
static Form
form_of(WfSlice pattern, WfSlice *words)
{
	*words = pattern;
	if (pattern.data[0] == '.' || pattern.data[0] == '?' || pattern.data[0] == '<')
	{
		if (pattern.data[0] != '<')
			wf_advance(words, 1);
		return pattern.data[0] == '.' ? FORM_ENDING
			: pattern.data[0] == '?' ? FORM_PARAMETER : FORM_PAIR;
	}
	if (ends_with(pattern, "/**"))
	{
		*words = without_end(pattern, 3);
		return FORM_TREE;
	}
	if (ends_with(pattern, "/*"))
	{
		*words = without_end(pattern, 2);
		return FORM_BELOW;
	}
	if (ends_with(pattern, "*"))
	{
		*words = without_end(pattern, 1);
		return FORM_BEGINNING;
	}
	if (pattern.data[0] == '*')
	{
		wf_advance(words, 1);
		return FORM_END;
	}
	return FORM_WHOLE;
}

/* The words of a pattern as a key; false if there are none or it is malformed. */
static bool
fold_words(WfSlice words, Segment *out)
{
	if (memchr(words.data, '*', words.len) || memchr(words.data, '/', words.len) ||
		memchr(words.data, '<', words.len))
		return false;
	fold_segment(words, out);
	return out->len > 0;
}

/* See wf_category.h. */
WfStatus
wf_categories_add(WfCategories *rules, WfSlice pattern, WfSlice name,
				  WfCategoryAction action, bool own)
{
	char		pair[2 * MAX_NAME + 1];
	Segment		folded;
	WfSlice		text;
	Form		form;
	WfBuffer	key = {.arena = rules->arena};
	WfSlice		copy;
	Rule	   *rule;

	pattern = wf_text_trim(pattern);
	if (pattern.len == 0 || name.len == 0 || name.len > MAX_NAME)
		return WF_ERR_SYNTAX;
	form = form_of(pattern, &text);
	if (form == FORM_PAIR)
	{
		text = pair_of(pattern, pair);
		if (text.len == 0)
			return WF_ERR_SYNTAX;
	}
	else if (wf_text_equal(pattern, WF_SLICE("/")))
		text.len = 0;
	else if (fold_words(text, &folded))
		text = (WfSlice) {folded.text, folded.len};
	else
		return WF_ERR_SYNTAX;
	if (2 * (rules->used + 1) > rules->nslots && grow(rules) != WF_OK)
		return WF_ERR_NOMEM;
	rule = find_slot(rules, form, text, hash_key(form, text));
	if (rule->key.data && rule->own && !own)
		return WF_OK;
	copy = wf_arena_copy(rules->arena, name);
	if (copy.data == NULL || wf_buffer_append_char(&key, (char) form) != WF_OK ||
		wf_buffer_append(&key, text.data, text.len) != WF_OK)
		return WF_ERR_NOMEM;
	rules->used += rule->key.data == NULL;
	rule->hash = hash_key(form, text);
	rule->key = (WfSlice) {key.data, key.len};
	rule->own = own;
	rule->category = (WfCategory) {copy.data, action};
	return WF_OK;
}

/*-------------------------------------------------------------------------
 * URLs
 *-------------------------------------------------------------------------
 */

/* Path and query of a URL, or of a path alone. */
static WfSlice
path_of(WfSlice url)
{
	size_t		i;

	for (i = 0; i < url.len && url.data[i] != '#'; i++)
		;
	url.len = i;
	for (i = 0; i + 2 < url.len && url.data[i] != '/' && url.data[i] != '?'; i++)
	{
		if (url.data[i] == ':' && url.data[i + 1] == '/' && url.data[i + 2] == '/')
		{
			wf_advance(&url, i + 3);
			break;
		}
	}
	for (i = 0; i < url.len && url.data[i] != '/' && url.data[i] != '?'; i++)
		;
	wf_advance(&url, i);
	return url;
}

/* Is that the ending of files that are pages? */
static bool
is_page_ending(WfSlice ending)
{
	static const char *const pages[] = {
		"html", "htm", "php", "asp", "aspx", "jsp", "jsf", "shtml", "xhtml", "cfm", "do", "cgi",
		"pl", "phtml", "php3", "php5", "html5", "py", "action"
	};

	for (size_t i = 0; i < COUNT(pages); i++)
	{
		if (ending.len == strlen(pages[i]) &&
			wf_text_equal_nocase(ending, (WfSlice) {pages[i], ending.len}))
			return true;
	}
	return false;
}

/* The ending of a file name without its '.'; empty if it has none. */
static WfSlice
ending_of(WfSlice segment)
{
	size_t		i = segment.len;

	while (i > 0 && segment.data[i - 1] != '.')
		i--;
	if (i <= 1 || i == segment.len)
		return WF_SLICE_EMPTY;
	return (WfSlice) {segment.data + i, segment.len - i};
}

/* Does the segment stand for the one before it? */
static bool
is_index(WfSlice segment)
{
	return wf_text_equal_nocase(segment, WF_SLICE("index")) ||
		wf_text_equal_nocase(segment, WF_SLICE("default"));
}

static void
split(WfSlice path, Parts *parts)
{
	size_t		i = 0;

	parts->count = 0;
	parts->query = WF_SLICE_EMPTY;
	while (i < path.len && path.data[i] != '?')
	{
		size_t		start = i;

		while (i < path.len && path.data[i] != '/' && path.data[i] != '?')
			i++;
		if (i > start)
		{
			/* of a very deep path the last segments matter */
			if (parts->count == MAX_SEGMENTS)
				parts->count--;
			parts->segments[parts->count++] = (WfSlice) {path.data + start, i - start};
		}
		if (i < path.len && path.data[i] == '/')
			i++;
	}
	if (i < path.len)
		parts->query = (WfSlice) {path.data + i + 1, path.len - i - 1};
}

/* The rule for a segment as a whole, else by its beginning, else by its end. */
static const Rule *
match_segment(const WfCategories *rules, const Segment *s)
{
	const Rule *rule;

	if (s->len == 0)
		return NULL;
	rule = look_up(rules, FORM_WHOLE, s->text, s->len);
	for (int n = s->nwords; rule == NULL && n > 0; n--)
		rule = look_up(rules, FORM_BEGINNING, s->text, s->start[n]);
	for (int w = 0; rule == NULL && w < s->nwords; w++)
		rule = look_up(rules, FORM_END, s->text + s->start[w], s->len - s->start[w]);
	return rule;
}

/*
 * Look at each parameter of the query: the rule for its name or, if "values" is
 * set, the one for its value as if that were a segment.
 */
static const Rule *
match_query(const WfCategories *rules, WfSlice query, bool values)
{
	for (int n = 0; query.len > 0 && n < MAX_PARAMETERS; n++)
	{
		const char *end = memchr(query.data, '&', query.len);
		WfSlice		pair = {query.data, end ? (size_t) (end - query.data) : query.len};
		const char *equals = memchr(pair.data, '=', pair.len);
		WfSlice		part = {pair.data, equals ? (size_t) (equals - pair.data) : pair.len};
		const Rule *rule;
		Segment		s;

		wf_advance(&query, pair.len + (end != NULL));
		if (values)
		{
			wf_advance(&pair, part.len + (equals != NULL));
			part = pair;
		}
		fold_segment(part, &s);
		if (values)
			drop_numbers(&s);
		rule = values ? match_segment(rules, &s)
			: s.len > 0 ? look_up(rules, FORM_PARAMETER, s.text, s.len) : NULL;
		if (rule)
			return rule;
	}
	return NULL;
}

/* The rule for a page of category "last" below a segment of another category. */
static const Rule *
match_pair(const WfCategories *rules, const Segment *segments, int count, const Rule *last)
{
	for (int i = 0; i < count; i++)
	{
		const Rule *above = match_segment(rules, &segments[i]);
		char		pair[2 * MAX_NAME + 1];
		size_t		len;
		const Rule *rule;

		if (above == NULL)
			continue;
		len = strlen(above->category.name);
		memcpy(pair, above->category.name, len);
		pair[len++] = '/';
		memcpy(pair + len, last->category.name, strlen(last->category.name));
		len += strlen(last->category.name);
		rule = look_up(rules, FORM_PAIR, pair, len);
		if (rule)
			return rule;
	}
	return NULL;
}

/* The rule that matches the segments of a path, of which there is one at least. */
static const Rule *
match_path(const WfCategories *rules, const Parts *parts)
{
	Segment		segments[MAX_SEGMENTS];
	int			count = parts->count;
	const Segment *last = NULL;
	const Rule *rule;
	const Rule *pair;

	for (int i = 0; i < count; i++)
	{
		last = &segments[i];
		fold_segment(parts->segments[i], &segments[i]);
		drop_numbers(&segments[i]);
		rule = segments[i].len > 0
			? look_up(rules, FORM_TREE, segments[i].text, segments[i].len) : NULL;
		if (rule)
			return rule;
	}
	rule = last ? match_segment(rules, last) : NULL;
	pair = rule ? match_pair(rules, segments, count - 1, rule) : NULL;
	if (pair)
		return pair;
	if (rule == NULL && count > 1 && segments[count - 2].len > 0)
		rule = look_up(rules, FORM_BELOW, segments[count - 2].text, segments[count - 2].len);
	return rule;
}

/* See wf_category.h. */
WfCategory
wf_categories_match(const WfCategories *rules, WfSlice url)
{
	static const WfCategory none = {NULL, WF_CATEGORY_KEEP};
	const Rule *rule = NULL;
	Parts		parts;

	split(path_of(url), &parts);
	if (parts.count > 0)
	{
		WfSlice    *last = &parts.segments[parts.count - 1];
		WfSlice		ending = ending_of(*last);
		Segment		folded;

		if (is_page_ending(ending))
			last->len -= ending.len + 1;
		else if (ending.len > 0)
		{
			fold_segment(ending, &folded);
			rule = look_up(rules, FORM_ENDING, folded.text, folded.len);
		}
		if (is_index(*last))
			parts.count--;
	}
	if (rule == NULL)
		rule = match_query(rules, parts.query, false);
	if (rule == NULL && parts.count == 0)
	{
		rule = match_query(rules, parts.query, true);
		if (rule == NULL && parts.query.len == 0)
			rule = look_up(rules, FORM_WHOLE, "", 0);
	}
	else if (rule == NULL)
		rule = match_path(rules, &parts);
	return rule ? rule->category : none;
}
