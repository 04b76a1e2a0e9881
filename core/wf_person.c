/*-------------------------------------------------------------------------
 *
 * wf_person.c
 *	  Whose address is it?
 *
 *-------------------------------------------------------------------------
 */
#include "wf_person.h"

#include <string.h>

#include "wf_person_words.h"
#include "wf_text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* How far from the address a name may stand: bytes and lines. */
#define BYTES_BEFORE	600
#define BYTES_BEHIND	250
#define LINES_BEFORE	10
#define LINES_BEHIND	4
#define NEAR_LINES		3		/* for a name that agrees only in part */

#define MAX_WORDS		192		/* looked at around one address */
#define MAX_NAME_WORDS	5
#define MAX_FOLDED		48
#define MAX_PARTICLE	5		/* bytes of the longest of them */
#define MAX_HONORIFIC	10
#define MAX_TITLE		80		/* bytes of a job title */
#define MIN_ROLE		4		/* letters of a local part that names one */
#define MAX_INITIALS	3		/* letters of a local part of initials */
#define PLACE_LINES		2		/* for a name that agrees in nothing */
#define MAX_PLACE_TITLE	40		/* bytes of the title of such a one */

/* A word of the text around the address. */
typedef struct Word
{
	size_t		start;
	size_t		end;
	bool		is_capital;		/* begins with a capital letter */
	bool		is_initial;		/* one letter, with or without a dot */
	bool		is_particle;	/* von, de, … */
	bool		is_honorific;	/* Dr., Frau, … */
	bool		is_label;		/* in no name */
	bool		is_given;		/* a frequent given name */
	bool		is_loud;		/* in capital letters */
	bool		is_joined;		/* only a space stands in front of it */
	int			line;			/* from the address, negative in front of it */
} Word;

typedef enum Agreement
{
	AGREES_NOT,
	AGREES_BY_PLACE,			/* stands where the one who is meant stands */
	AGREES_IN_FORM,				/* is a name, whoever's */
	AGREES_IN_PART,				/* one name is the local part */
	AGREES_JOINED,				/* both are, in full */
	AGREES
} Agreement;

/*-------------------------------------------------------------------------
 * Letters
 *-------------------------------------------------------------------------
 */

/*
 * Lower-case base letters of a word, all others left out; "german": an umlaut
 * is two letters.
 */
static WfSlice
fold(WfSlice word, bool german, char *out)
{
	const char *p = word.data;
	const char *end = p + word.len;
	WfSlice		folded = {out, 0};

	while (p < end && folded.len + 2 <= MAX_FOLDED)
	{
		uint32_t	cp;
		char		letter;

		p += wf_text_decode(p, end, &cp);
		letter = wf_lower_char(wf_text_base_letter(cp));
		if (!wf_is_alpha(letter))
			continue;
		out[folded.len++] = letter;
		if (cp == 0xDF)
			out[folded.len++] = 's';
		else if (german && (cp == 0xE4 || cp == 0xF6 || cp == 0xFC || cp == 0xC4 || cp == 0xD6 ||
							cp == 0xDC))
			out[folded.len++] = 'e';
	}
	return folded;
}

static bool
is_capital(WfSlice word)
{
	uint32_t	cp;
	char		letter;

	wf_text_decode(word.data, word.data + word.len, &cp);
	letter = wf_text_base_letter(cp);
	return letter >= 'A' && letter <= 'Z';
}

/* Is the word, in any case, in a table of wf_person_words.h? */
static bool
is_in(WfSlice word, const WfSlice *table, size_t count)
{
	char		lower[MAX_FOLDED];
	size_t		low = 0;
	size_t		high = count;

	if (word.len == 0 || word.len > sizeof(lower))
		return false;
	memcpy(lower, word.data, word.len);
	wf_text_lower(lower, word.len);
	while (low < high)
	{
		size_t		mid = (low + high) / 2;
		const WfSlice *entry = &table[mid];
		int			order = (unsigned char) lower[0] - (unsigned char) entry->data[0];

		if (order == 0)
			order = memcmp(lower, entry->data, word.len < entry->len ? word.len : entry->len);

		if (order == 0)
			order = (int) word.len - (int) entry->len;
		if (order == 0)
			return true;
		if (order < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return false;
}

#define IS_IN(word, table) is_in((word), (table), COUNT(table))

/*-------------------------------------------------------------------------
 * Words
 *-------------------------------------------------------------------------
 */

static bool
is_word_byte(char c)
{
	return wf_is_alpha(c) || (unsigned char) c >= 0xC3 ||
		((unsigned char) c >= 0x80 && (unsigned char) c < 0xC0);
}

/* A dash, quote or bullet beyond ASCII, but no apostrophe (U+2018, U+2019). */
static bool
is_mark(WfSlice text, size_t i, size_t limit)
{
	return i + 2 < limit && (unsigned char) text.data[i] == 0xE2 &&
		(unsigned char) text.data[i + 1] == 0x80 &&
		(unsigned char) text.data[i + 2] != 0x98 && (unsigned char) text.data[i + 2] != 0x99;
}

/* The word that begins at i; dots, dashes and apostrophes inside belong to it. */
static size_t
word_end(WfSlice text, size_t i, size_t limit)
{
	while (i < limit)
	{
		char		c = text.data[i];

		if (is_mark(text, i, limit))
			break;
		else if (is_word_byte(c))
			i++;
		else if ((c == '-' || c == '\'' || c == '.') && i + 1 < limit &&
				 is_word_byte(text.data[i + 1]))
			i++;
		else
			break;
	}
	/* the dot of an initial or an abbreviation */
	return i < limit && text.data[i] == '.' ? i + 1 : i;
}

/* "Weber" of "Weber-Lang" */
static WfSlice
first_half(WfSlice word)
{
	const char *dash = memchr(word.data, '-', word.len);

	if (dash != NULL)
		word.len = dash - word.data;
	return word;
}

/* Anne, and Anne-Marie */
static bool
is_given_name(WfSlice word)
{
	char		letters[MAX_FOLDED];
	WfSlice		half = first_half(word);

	return IS_IN(fold(word, false, letters), given_names) ||
		(half.len < word.len && IS_IN(fold(half, false, letters), given_names));
}

/*
 * The tables are looked into only where a name is likely, the one of given names
 * for the first word of what may be one.
 */
static void
set_class(Word *w, WfSlice word, bool is_first)
{
	size_t		i;

	w->is_given = is_first && is_given_name(word);
	w->is_label = IS_IN(word, labels) || IS_IN(word, title_words);
	w->is_loud = word.len > 2;	/* in ASCII capitals */
	for (i = 0; i < word.len; i++)
	{
		if (word.data[i] >= 'a' && word.data[i] <= 'z')
			w->is_loud = false;
	}
}

/* Words of text[from, to); their lines are counted from "line". */
static int
read_words(WfSlice text, size_t from, size_t to, int line, Word *words, int room)
{
	size_t		last = from;
	int			count = 0;
	size_t		i = from;

	while (i < to && count < room)
	{
		Word	   *w = &words[count];
		WfSlice		word;
		size_t		letters;

		if (text.data[i] == '\n')
			line++;
		if (!is_word_byte(text.data[i]) || is_mark(text, i, to))
		{
			i += is_mark(text, i, to) ? 3 : 1;
			continue;
		}
		w->start = i;
		w->end = i = word_end(text, i, to);
		word = (WfSlice) {text.data + w->start, w->end - w->start};
		letters = word.data[word.len - 1] == '.' ? word.len - 1 : word.len;
		w->is_capital = is_capital(word);
		w->is_initial = w->is_capital && letters == 1;
		w->is_given = w->is_label = w->is_loud = false;
		w->is_particle = word.len <= MAX_PARTICLE && IS_IN(word, particles);
		w->is_honorific = word.len <= MAX_HONORIFIC && IS_IN(word, honorifics);
		w->is_joined = w->start == last + 1 && text.data[last] == ' ';
		w->line = line;
		/* "Smith." ends a sentence; "J." does not */
		if (letters < word.len && !w->is_initial && !w->is_honorific)
			w->end--;
		last = w->end;
		count++;
	}
	return count;
}

static WfSlice
slice_of(WfSlice text, const Word *w)
{
	return (WfSlice) {text.data + w->start, w->end - w->start};
}

/*-------------------------------------------------------------------------
 * Names
 *-------------------------------------------------------------------------
 */

static bool
begins(WfSlice text, WfSlice head)
{
	return text.len >= head.len && memcmp(text.data, head.data, head.len) == 0;
}

static bool
contains(WfSlice text, WfSlice part)
{
	size_t		i;

	for (i = 0; i + part.len <= text.len; i++)
	{
		if (memcmp(text.data + i, part.data, part.len) == 0)
			return true;
	}
	return false;
}

/* How first and last agree with the letters of the local part. */
static Agreement
compare_names(WfSlice letters, WfSlice first, WfSlice last, size_t between)
{
	if (first.len == 0 || last.len == 0)
		return AGREES_NOT;
	if (first.len >= 2 && last.len >= 2 && contains(letters, first) && contains(letters, last) &&
		letters.len >= first.len + last.len && letters.len <= first.len + last.len + between + 1)
		return AGREES_JOINED;
	if (last.len >= 3 && letters.len > last.len && letters.len <= last.len + 3)
	{
		WfSlice		rest = letters;

		/* jsmith, jwsmith, smithj */
		if (letters.data[0] == first.data[0] && wf_text_equal((WfSlice)
			{letters.data + letters.len - last.len, last.len}, last))
			return AGREES;
		wf_advance(&rest, last.len);
		if (begins(letters, last) && rest.data[0] == first.data[0])
			return AGREES;
	}
	if (first.len >= 3 && letters.len == first.len + 1 && begins(letters, first) &&
		letters.data[first.len] == last.data[0])
		return AGREES_JOINED;
	if ((last.len >= 4 && wf_text_equal(letters, last)) ||
		(first.len >= 3 && wf_text_equal(letters, first)))
		return AGREES_IN_PART;
	return AGREES_NOT;
}

/* Does the local part consist of the first letters of all words? */
static bool
are_initials(WfSlice text, WfSlice letters, const Word *words, int count)
{
	int			i;

	if (letters.len != (size_t) count || letters.len > MAX_INITIALS)
		return false;
	for (i = 0; i < count; i++)
	{
		char		first[MAX_FOLDED];

		if (fold(slice_of(text, &words[i]), false, first).len == 0 ||
			first[0] != letters.data[i])
			return false;
	}
	return true;
}

/*
 * The best agreement of the last name in its forms: "van der Berg" as one word,
 * and both halves of "Weber-Lang".
 */
static Agreement
compare_forms(WfSlice text, WfSlice letters, WfSlice first, const Word *words, int count,
			  bool german, size_t between)
{
	char		buffer[MAX_FOLDED];
	WfSlice		last = slice_of(text, &words[count - 1]);
	const char *dash = memchr(last.data, '-', last.len);
	Agreement	best = compare_names(letters, first, fold(last, german, buffer), between);
	Agreement	a;
	int			from = count - 1;

	while (from > 1 && words[from - 1].is_particle)
		from--;
	if (from < count - 1)
	{
		WfSlice		whole = {text.data + words[from].start,
							 words[count - 1].end - words[from].start};

		a = compare_names(letters, first, fold(whole, german, buffer), between);
		best = a > best ? a : best;
	}
	if (dash != NULL)
	{
		WfSlice		half = {last.data, dash - last.data};

		a = compare_names(letters, first, fold(half, german, buffer), between);
		best = a > best ? a : best;
		wf_advance(&last, half.len + 1);
		a = compare_names(letters, first, fold(last, german, buffer), between);
		best = a > best ? a : best;
	}
	return best;
}

/* The same for both ways to write umlauts. */
static Agreement
agreement(WfSlice text, WfSlice letters, const Word *words, int count)
{
	char		first_letters[MAX_FOLDED];
	Agreement	best = are_initials(text, letters, words, count) ? AGREES_IN_PART : AGREES_NOT;
	size_t		between = 0;
	int			german;
	int			i;

	for (i = 1; i + 1 < count; i++)
		between += words[i].end - words[i].start;
	for (german = 0; german < 2; german++)
	{
		WfSlice		first = fold(slice_of(text, &words[0]), german, first_letters);
		Agreement	a = compare_forms(text, letters, first, words, count, german, between);

		if (a > best)
			best = a;
	}
	return best;
}

/* Could these words, which stand together, be a name? */
static bool
has_form_of_name(const Word *words, int count)
{
	int			i;

	if (!words[0].is_capital || !words[count - 1].is_capital || words[count - 1].is_initial ||
		words[count - 1].is_particle)
		return false;
	for (i = 0; i < count; i++)
	{
		if (i > 0 && !words[i].is_joined)
			return false;
		if (!words[i].is_capital && !(words[i].is_particle && i > 0))
			return false;
		if (words[i].is_honorific || (words[i].is_label && !words[0].is_given))
			return false;
		if (words[i].is_loud && !words[0].is_given)
			return false;
	}
	return true;
}

/* A middle initial, or a form of address in front: nothing but a name. */
static bool
is_unmistakable(WfSlice text, const Word *words, int at, int count)
{
	int			i;

	for (i = at + 1; i + 1 < at + count; i++)
	{
		if (words[i].is_initial && text.data[words[i].end - 1] == '.' && !words[at].is_initial)
			return true;
	}
	return at > 0 && words[at].is_joined && words[at - 1].is_honorific;
}

/* Does the text behind the name begin anew? */
static bool
stands_alone(const Word *words, int at, int count, int total)
{
	return at + count == total || !words[at + count].is_joined;
}

/*-------------------------------------------------------------------------
 * Job titles
 *-------------------------------------------------------------------------
 */

/* Compounds: "Einkaufsleiterin", "Datenschutzbeauftragter" */
static bool
ends_in_title(WfSlice word)
{
	static const WfSlice endings[] = {
		{"leiter", 6}, {"leiterin", 8}, {"beauftragte", 11}, {"beauftragter", 12}, {"berater", 7},
		{"beraterin", 9}, {"manager", 7}, {"managerin", 9}, {"referent", 8}, {"referentin", 10},
		{"redakteur", 9}, {"redakteurin", 11}, {"ingenieur", 9}, {"ingenieurin", 11},
		{"assistent", 9}, {"assistentin", 11}, {"direktor", 8}, {"direktorin", 10},
		{"koordinator", 11}, {"koordinatorin", 13}, {"techniker", 9}, {"technikerin", 11},
		{"vorsitzende", 11}, {"vorsitzender", 12}, {"verwalter", 9}, {"verwalterin", 11},
		{"therapeut", 9}, {"therapeutin", 11}, {"anwalt", 6}, {"anw\xC3\xA4ltin", 9},
		{"johtaja", 7}, {"p\xC3\xA4\xC3\xA4llikk\xC3\xB6", 12}, {"ledare", 6}, {"ansvarig", 8},
		{"ansvarlig", 9}
	};
	size_t		i;

	for (i = 0; i < COUNT(endings); i++)
	{
		size_t		len = endings[i].len;

		if (word.len > len + 1 &&
			wf_text_equal_nocase((WfSlice) {word.data + word.len - len, len}, endings[i]))
			return true;
	}
	return false;
}

static bool
has_title_word(WfSlice line)
{
	size_t		i = 0;

	while (i < line.len)
	{
		WfSlice		word;
		size_t		end;

		if (!is_word_byte(line.data[i]) || is_mark(line, i, line.len))
		{
			i += is_mark(line, i, line.len) ? 3 : 1;
			continue;
		}
		end = word_end(line, i, line.len);
		if (line.data[end - 1] == '.')
			end--;
		word = (WfSlice) {line.data + i, end - i};
		if (IS_IN(word, title_words) || ends_in_title(word))
			return true;
		i = end > i ? end : i + 1;
	}
	return false;
}

/* Punctuation and spaces off both ends. */
static WfSlice
trim_title(WfSlice title)
{
	while (title.len > 0 && (strchr(" ,:;|-/(\t.\n", title.data[0]) != NULL ||
							 is_mark(title, 0, title.len)))
		wf_advance(&title, is_mark(title, 0, title.len) ? 3 : 1);
	while (title.len > 0 && (strchr(" ,:;|-/\t\n(", title.data[title.len - 1]) != NULL ||
							 (title.len > 3 && is_mark(title, title.len - 3, title.len))))
		title.len -= title.len > 3 && is_mark(title, title.len - 3, title.len) ? 3 : 1;
	/* the ')' of "Name (Title)" */
	if (title.len > 0 && title.data[title.len - 1] == ')' &&
		memchr(title.data, '(', title.len) == NULL)
		title.len--;
	return title;
}

/* Is it said of somebody, and not what stands beside a name? */
static bool
is_sentence(WfSlice text)
{
	static const WfSlice verbs[] = {
		{" is ", 4}, {" was ", 5}, {" are ", 5}, {" has ", 5}, {" ist ", 5}, {" est ", 5},
		{"\xC2\xA9", 2}
	};
	size_t		i;

	for (i = 0; i < COUNT(verbs); i++)
	{
		if (contains(text, verbs[i]))
			return true;
	}
	return begins(text, (WfSlice) {verbs[0].data + 1, 3});
}

static bool
is_title(WfSlice title)
{
	size_t		i;

	if (title.len > 2 && wf_is_digit(title.data[0]) && title.data[1] == '.')
		wf_advance(&title, 2);	/* "1. Vorsitzender" */
	if (title.len < 2 || title.len > MAX_TITLE)
		return false;
	for (i = 0; i < title.len; i++)
	{
		if (title.data[i] == '@' || title.data[i] == ':' || wf_is_digit(title.data[i]))
			return false;
	}
	return !is_sentence(title) && has_title_word(title);
}

/* The line around "at", without its ends. */
static void
find_line(WfSlice text, size_t at, size_t *from, size_t *to)
{
	size_t		limit = at > BYTES_BEFORE ? at - BYTES_BEFORE : 0;

	*from = at;
	while (*from > limit && text.data[*from - 1] != '\n')
		--*from;
	limit = text.len - at > BYTES_BEHIND ? at + BYTES_BEHIND : text.len;
	*to = at;
	while (*to < limit && text.data[*to] != '\n')
		++*to;
}

/* Up to the address, whose place is known. */
static size_t
cut_at(size_t from, size_t to, size_t address)
{
	return address >= from && address < to ? address : to;
}

/* Does the line that ends at "end" begin with a given name? */
static bool
begins_with_name(WfSlice text, size_t end)
{
	char		letters[MAX_FOLDED];
	size_t		from;
	size_t		to;
	WfSlice		word;

	find_line(text, end, &from, &to);
	word = (WfSlice) {text.data + from, word_end(text, from, to) - from};
	return word.len > 0 && IS_IN(fold(word, false, letters), given_names);
}

/* The line in front of the one that begins at "from", if it is the title of what follows. */
static WfSlice
title_above(WfSlice text, size_t from)
{
	size_t		start;
	size_t		end;
	WfSlice		title;

	if (from < 2 || text.data[from - 1] != '\n')
		return WF_SLICE_EMPTY;
	find_line(text, from - 1, &start, &end);
	title = trim_title((WfSlice) {text.data + start, end - start});
	/* not the title of the one above */
	if (!is_title(title) || title.len > MAX_PLACE_TITLE ||
		(start > 0 && begins_with_name(text, start - 1)))
		return WF_SLICE_EMPTY;
	return title;
}

/*
 * Behind the name in its line, in front of it, in the next line, in the one before;
 * all of it but the address, which begins at "address".
 */
static WfSlice
find_title(WfSlice text, size_t name_start, size_t name_end, size_t address)
{
	WfSlice		title;
	size_t		from;
	size_t		to;
	size_t		begin;
	size_t		i;

	find_line(text, name_start, &begin, &to);
	if (to < name_end)
		return WF_SLICE_EMPTY;
	title = (WfSlice) {text.data + name_end, cut_at(name_end, to, address) - name_end};
	/* up to what else the line has */
	for (i = 1; i < title.len; i++)
	{
		if (strchr("|;", title.data[i]) != NULL)
			title.len = i;
	}
	title = trim_title(title);
	if (is_title(title))
		return title;
	title = trim_title((WfSlice) {text.data + begin, name_start - begin});
	if (is_title(title))
		return title;
	if (to + 1 < text.len)
	{
		find_line(text, to + 1, &from, &to);
		title = trim_title((WfSlice) {text.data + from, cut_at(from, to, address) - from});
		if (is_title(title))
			return title;
	}
	return name_start == begin ? title_above(text, begin) : WF_SLICE_EMPTY;
}

/*
 * Does a text beside a name say what the local part says: "City Clerk" beside
 * cityclerk@, "Geschäftsführung" beside geschaeftsfuehrung@?
 */
static bool
is_role(WfSlice title, WfSlice letters)
{
	char		folded[MAX_FOLDED];
	size_t		i;
	int			german;

	if (letters.len < MIN_ROLE || title.len > MAX_TITLE)
		return false;
	for (i = 0; i < title.len; i++)
	{
		if (title.data[i] == '@' || wf_is_digit(title.data[i]))
			return false;
	}
	for (german = 0; german < 2; german++)
	{
		if (contains(fold(title, german, folded), letters))
			return true;
	}
	return false;
}

/* The role of the local part, in front of or behind a name in its line. */
static WfSlice
find_role(WfSlice text, size_t name_start, size_t name_end, size_t address, WfSlice letters)
{
	WfSlice		title;
	size_t		from;
	size_t		to;

	find_line(text, name_start, &from, &to);
	title = trim_title((WfSlice) {text.data + from, name_start - from});
	if (is_role(title, letters))
		return title;
	if (address > name_end && address < to)
		to = address;
	if (to < name_end)
		return WF_SLICE_EMPTY;
	title = trim_title((WfSlice) {text.data + name_end, to - name_end});
	return is_role(title, letters) ? title : WF_SLICE_EMPTY;
}

/* What is searched, and the best so far. */
typedef struct Search
{
	WfSlice		text;
	size_t		start;			/* of the address */
	size_t		end;
	WfSlice		letters;		/* of the local part */
	bool		is_dotted;		/* its words are separated */
	bool		is_role;		/* it is the address of an office or a team */
	bool		is_link;		/* what stands there is the text of a link to it */
	int			rivals[PLACE_LINES + 1];	/* names in place, by lines in front */
	int			total;
	Word		words[MAX_WORDS];
	Agreement	agreement;		/* of the best */
	int			at;
	int			count;
	int			lines;			/* from the address */
} Search;

/* Is there another address between the word and this one? */
static bool
is_separated(const Search *s, const Word *w)
{
	const char *data = s->text.data;
	const char *from = data + (w->start < s->start ? w->end : s->end);
	const char *to = data + (w->start < s->start ? s->start : w->start);

	return to > from && memchr(from, '@', to - from) != NULL;
}

/* Does a job title stand beside the words, and nothing else in front of them? */
static bool
has_title(const Search *s, int at, int count)
{
	return !s->words[at].is_joined && !s->words[at].is_label &&
		find_title(s->text, s->words[at].start, s->words[at + count - 1].end, s->start).len > 0;
}

/* A known given name and what follows, with nothing that belongs to it around. */
static bool
is_plain_name(const Search *s, int at, int count)
{
	int			i;

	if (!s->words[at].is_given || s->words[at].is_joined ||
		!stands_alone(s->words, at, count, s->total))
		return false;
	for (i = at; i < at + count; i++)
	{
		if (s->words[i].is_label)
			return false;
	}
	return true;
}

/* Is the word one that a name follows: "Contact:", "Owner:", "Geschäftsführer"? */
static bool
introduces_name(const Search *s, int at, bool is_joined)
{
	WfSlice		word = slice_of(s->text, &s->words[at]);
	WfSlice		between = {s->text.data + s->words[at].end,
						   s->words[at + 1].start - s->words[at].end};

	/* a heading above the name, or a label in front of it */
	if (s->words[at].line + 1 == s->words[at + 1].line)
		return between.len <= 2 && IS_IN(word, introductions);
	if (s->words[at].line != s->words[at + 1].line)
		return false;
	if (is_joined)
		return IS_IN(word, title_words);
	return memchr(between.data, ':', between.len) != NULL && IS_IN(word, introductions);
}

/* Does another address follow in the line? */
static bool
is_shared(const Search *s)
{
	const char *p = s->text.data + s->end;
	const char *end = s->text.data + s->text.len;

	if (end - p > BYTES_BEHIND)
		end = p + BYTES_BEHIND;
	while (p < end && *p != '\n' && *p != '@')
		p++;
	return p < end && *p == '@';
}

/*
 * Does a name that agrees in nothing stand where the owner of the address
 * stands: in the text of a link to it, or in front of it with what the person is
 * or is there for?
 */
static bool
is_in_place(Search *s, int at, int count)
{
	const Word *words = s->words + at;
	size_t		end = words[count - 1].end;
	bool		follows_title = at > 0 && words[0].is_joined && introduces_name(s, at - 1, true);
	WfSlice		title;
	int			i;

	if (!words[0].is_given || (words[0].is_joined && !follows_title) ||
		!stands_alone(s->words, at, count, s->total))
		return false;
	for (i = 0; i < count; i++)
	{
		if (words[i].is_label)
			return false;
	}
	if (s->is_link && words[0].start == s->end)
		return true;
	if (words[0].start >= s->start || words[0].line < -PLACE_LINES ||
		(words[0].line < 0 && !s->is_role) || is_separated(s, &words[0]) || is_shared(s))
		return false;
	s->rivals[-words[0].line]++;
	if (follows_title || (at > 0 && introduces_name(s, at - 1, false)))
		return true;
	title = find_title(s->text, words[0].start, end, s->start);
	return title.len > 0 && title.len <= MAX_PLACE_TITLE;
}

static void
consider(Search *s, int at, int count)
{
	const Word *words = s->words;
	int			lines = words[at].line < 0 ? -words[at].line : words[at].line;
	Agreement	a;

	if (!has_form_of_name(words + at, count))
		return;
	a = agreement(s->text, s->letters, words + at, count);
	/* without a known name "Fair Housing" agrees with fairhousing@, too */
	if (a == AGREES_JOINED)
		a = words[at].is_given || s->is_dotted ? AGREES : AGREES_NOT;
	if (a == AGREES_IN_PART && !words[at].is_given &&
		!(lines <= 1 && stands_alone(words, at, count, s->total) &&
		  (is_unmistakable(s->text, words, at, count) || has_title(s, at, count))))
		a = AGREES_NOT;
	if (a == AGREES_NOT && lines <= 1 && is_unmistakable(s->text, words, at, count) &&
		stands_alone(words, at, count, s->total))
		a = AGREES_IN_FORM;
	if (a == AGREES_NOT && lines <= NEAR_LINES && is_plain_name(s, at, count) &&
		find_role(s->text, words[at].start, words[at + count - 1].end, s->start,
				  s->letters).len > 0)
		a = AGREES_IN_PART;
	if (a == AGREES_NOT && is_in_place(s, at, count))
		a = AGREES_BY_PLACE;
	if (a == AGREES_NOT || a < s->agreement)
		return;
	if (a < AGREES && (lines > NEAR_LINES || is_separated(s, &words[at])))
		return;
	/* the nearest of the best; of those that begin at one place the shorter */
	if (a > s->agreement || lines < s->lines)
	{
		s->agreement = a;
		s->at = at;
		s->count = count;
		s->lines = lines;
	}
}

/*-------------------------------------------------------------------------
 * Search
 *-------------------------------------------------------------------------
 */

/* The part of the text that is looked at, and the lines in front of "start". */
static int
find_bounds(WfSlice text, size_t start, size_t end, size_t *from, size_t *to)
{
	size_t		limit = start > BYTES_BEFORE ? start - BYTES_BEFORE : 0;
	int			lines = 0;
	int			behind = 0;

	*from = start;
	while (*from > limit)
	{
		if (text.data[*from - 1] == '\n' && ++lines > LINES_BEFORE)
		{
			lines--;
			break;
		}
		--*from;
	}
	/* not in the middle of a word */
	while (*from > 0 && *from < start && is_word_byte(text.data[*from - 1]))
		++*from;
	limit = text.len - end > BYTES_BEHIND ? end + BYTES_BEHIND : text.len;
	for (*to = end; *to < limit; ++*to)
	{
		if (text.data[*to] == '\n' && ++behind > LINES_BEHIND)
			break;
	}
	return lines;
}

/* Is any word a part of the local part, or the mark of a name? */
static bool
has_clues(const Search *s)
{
	char		letters[MAX_FOLDED];
	int			i;

	for (i = 0; i < s->total; i++)
	{
		const Word *w = &s->words[i];
		WfSlice		folded;

		if ((w->is_initial || w->is_honorific) && w->line >= -1 && w->line <= 1)
			return true;
		if (!w->is_capital)
			continue;
		folded = fold(slice_of(s->text, w), false, letters);
		if (folded.len >= 2 && contains(s->letters, folded))
			return true;
		folded = fold(first_half(slice_of(s->text, w)), true, letters);
		if (folded.len >= 2 && contains(s->letters, folded))
			return true;
	}
	return false;
}

/*
 * Without a clue only a name that stands in its place counts: the words of the
 * address's line, and in front of an office's those of the lines before; or one
 * whose initials the local part is.
 */
static void
keep_near_words(Search *s)
{
	int			first = s->is_role || s->letters.len <= MAX_INITIALS ? -PLACE_LINES : 0;
	int			kept = 0;
	int			i;

	for (i = 0; i < s->total; i++)
	{
		if (s->words[i].line >= first && s->words[i].line <= 0)
			s->words[kept++] = s->words[i];
	}
	s->total = kept;
}

/* Is the best name one of several that stand where it stands? */
static bool
has_rivals(const Search *s)
{
	int			rivals = s->rivals[0];
	int			i;

	for (i = 1; i <= PLACE_LINES && s->lines > 0; i++)
		rivals += s->rivals[i];
	return s->agreement == AGREES_BY_PLACE && rivals > 1;
}

/* Of the words that stand beside others which may be of the same name. */
static void
set_classes(Search *s)
{
	int			i;

	for (i = 0; i < s->total; i++)
	{
		Word	   *w = &s->words[i];
		bool		goes_on = i + 1 < s->total && w[1].is_joined &&
			(w[1].is_capital || w[1].is_particle);

		if (w->is_capital && (goes_on || w->is_joined))
			set_class(w, slice_of(s->text, w), goes_on);
	}
}

/* The words around the address, and the best name among them. */
static void
search(Search *s)
{
	size_t		from;
	size_t		to;
	int			lines = find_bounds(s->text, s->start, s->end, &from, &to);
	int			at;
	int			n;

	s->total = read_words(s->text, from, s->start, -lines, s->words, MAX_WORDS * 3 / 4);
	s->total += read_words(s->text, s->end, to, 0, s->words + s->total, MAX_WORDS - s->total);
	if (!has_clues(s))
		keep_near_words(s);
	set_classes(s);
	for (at = 0; at < s->total; at++)
	{
		if (!s->words[at].is_capital)
			continue;
		for (n = 2; n <= MAX_NAME_WORDS && at + n <= s->total &&
			 s->words[at + n - 1].is_joined; n++)
			consider(s, at, n);
	}
}

bool
wf_person_find(WfSlice text, size_t start, size_t end, bool is_link, WfSlice local,
			   WfPerson *person)
{
	char		letters[MAX_FOLDED];
	Search		s;

	s.text = text;
	s.start = start;
	s.end = end;
	s.letters = fold(local, false, letters);
	s.is_dotted = memchr(local.data, '.', local.len) != NULL ||
		memchr(local.data, '_', local.len) != NULL;
	s.is_role = IS_IN(local, offices) || IS_IN(local, title_words);
	s.is_link = is_link;
	s.agreement = AGREES_NOT;
	s.at = s.count = s.lines = 0;
	memset(s.rivals, 0, sizeof(s.rivals));
	search(&s);
	if (s.agreement == AGREES_NOT || has_rivals(&s))
		return false;
	person->name.data = text.data + s.words[s.at].start;
	person->name.len = s.words[s.at + s.count - 1].end - s.words[s.at].start;
	person->job_title = find_title(text, s.words[s.at].start, s.words[s.at + s.count - 1].end,
								   start);
	if (person->job_title.len == 0)
		person->job_title = find_role(text, s.words[s.at].start, s.words[s.at + s.count - 1].end,
									  start, s.letters);
	return true;
}

bool
wf_person_is_name(WfSlice text)
{
	Word		words[MAX_NAME_WORDS + 1];
	int			count = read_words(text, 0, text.len, 0, words, MAX_NAME_WORDS + 1);
	int			i;

	for (i = 0; i < count; i++)
		set_class(&words[i], slice_of(text, &words[i]), i == 0);
	return count >= 2 && count <= MAX_NAME_WORDS && text.len < 2 * MAX_FOLDED &&
		words[0].start == 0 && words[count - 1].end == text.len &&
		has_form_of_name(words, count);
}
