/*-------------------------------------------------------------------------
 *
 * wf_person.c
 *	  Whose address is it?
 *
 *-------------------------------------------------------------------------
 */
#include "wf_person.h"

#include <string.h>

#include "wf_person_int.h"

/* How far from the address a name may stand: lines. */
#define LINES_BEFORE	10
#define LINES_BEHIND	4
#define LINE_DIGITS		1		/* of a line that does not count */
#define NEAR_LINES		3		/* for a name that agrees only in part */

#define MAX_WORDS		192		/* looked at around one address */
#define MAX_NAME_WORDS	5
#define MAX_PARTICLE	5		/* bytes of the longest of them */
#define MAX_HONORIFIC	10
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

static bool
is_capital(WfSlice word)
{
	uint32_t	cp;
	char		letter;

	wf_text_decode(word.data, word.data + word.len, &cp);
	letter = wf_text_base_letter(cp);
	return letter >= 'A' && letter <= 'Z';
}

/*-------------------------------------------------------------------------
 * Words
 *-------------------------------------------------------------------------
 */

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
	char		letters[WF_PERSON_FOLDED];
	WfSlice		half = first_half(word);

	return wf_person_is_in(wf_person_fold(word, false, letters), WF_WORDS_GIVEN_NAMES) ||
		(half.len < word.len &&
		 wf_person_is_in(wf_person_fold(half, false, letters), WF_WORDS_GIVEN_NAMES));
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
	w->is_label = wf_person_is_in(word, WF_WORDS_LABELS) || wf_person_is_in(word, WF_WORDS_TITLES);
	w->is_loud = word.len > 2;	/* in ASCII capitals */
	for (i = 0; i < word.len; i++)
	{
		if (word.data[i] >= 'a' && word.data[i] <= 'z')
			w->is_loud = false;
	}
}

/*
 * Is the line at "from" one of a phone number or a post code, which moves an address
 * no further away from the name above?  The line of the address itself, at "to", is not.
 */
static bool
is_number_line(WfSlice text, size_t from, size_t to)
{
	int			digits = 0;

	for (; from < to && text.data[from] != '\n'; from++)
		digits += wf_is_digit(text.data[from]);
	return from < to && digits >= LINE_DIGITS;
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

		if (text.data[i] == '\n' && !(line < 0 && is_number_line(text, i + 1, to)))
			line++;
		if (!wf_person_is_letter(text.data[i]) || wf_person_is_mark(text, i, to))
		{
			i += wf_person_is_mark(text, i, to) ? 3 : 1;
			continue;
		}
		w->start = i;
		w->end = i = wf_person_word_end(text, i, to);
		word = (WfSlice) {text.data + w->start, w->end - w->start};
		letters = word.data[word.len - 1] == '.' ? word.len - 1 : word.len;
		w->is_capital = is_capital(word);
		w->is_initial = w->is_capital && letters == 1;
		w->is_given = w->is_label = w->is_loud = false;
		w->is_particle = word.len <= MAX_PARTICLE && wf_person_is_in(word, WF_WORDS_PARTICLES);
		w->is_honorific = word.len <= MAX_HONORIFIC && wf_person_is_in(word, WF_WORDS_HONORIFICS);
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

/* How first and last agree with the letters of the local part. */
static Agreement
compare_names(WfSlice letters, WfSlice first, WfSlice last, size_t between)
{
	if (first.len == 0 || last.len == 0)
		return AGREES_NOT;
	if (first.len >= 2 && last.len >= 2 && wf_person_contains(letters, first) &&
		wf_person_contains(letters, last) &&
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
		if (wf_person_begins(letters, last) && rest.data[0] == first.data[0])
			return AGREES;
	}
	if (first.len >= 3 && letters.len == first.len + 1 && wf_person_begins(letters, first) &&
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
		char		first[WF_PERSON_FOLDED];

		if (wf_person_fold(slice_of(text, &words[i]), false, first).len == 0 ||
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
	char		buffer[WF_PERSON_FOLDED];
	WfSlice		last = slice_of(text, &words[count - 1]);
	const char *dash = memchr(last.data, '-', last.len);
	Agreement	best = compare_names(letters, first, wf_person_fold(last, german, buffer), between);
	Agreement	a;
	int			from = count - 1;

	while (from > 1 && words[from - 1].is_particle)
		from--;
	if (from < count - 1)
	{
		WfSlice		whole = {text.data + words[from].start,
							 words[count - 1].end - words[from].start};

		a = compare_names(letters, first, wf_person_fold(whole, german, buffer), between);
		best = a > best ? a : best;
	}
	if (dash != NULL)
	{
		WfSlice		half = {last.data, dash - last.data};

		a = compare_names(letters, first, wf_person_fold(half, german, buffer), between);
		best = a > best ? a : best;
		wf_advance(&last, half.len + 1);
		a = compare_names(letters, first, wf_person_fold(last, german, buffer), between);
		best = a > best ? a : best;
	}
	return best;
}

/* The same for both ways to write umlauts. */
static Agreement
agreement(WfSlice text, WfSlice letters, const Word *words, int count)
{
	char		first_letters[WF_PERSON_FOLDED];
	Agreement	best = are_initials(text, letters, words, count) ? AGREES_IN_PART : AGREES_NOT;
	size_t		between = 0;
	int			german;
	int			i;

	for (i = 1; i + 1 < count; i++)
		between += words[i].end - words[i].start;
	for (german = 0; german < 2; german++)
	{
		WfSlice		first = wf_person_fold(slice_of(text, &words[0]), german, first_letters);
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

	/* but not the "Richard J. Daley Center" */
	for (i = at + 1; i + 1 < at + count && !words[at + count - 1].is_label; i++)
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
	int			rivals[PLACE_LINES + 2];	/* names in place, by lines in front */
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
		wf_person_find_title(s->text, s->words[at].start, s->words[at + count - 1].end,
							 s->start).len > 0;
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
		return between.len <= 2 && wf_person_is_in(word, WF_WORDS_INTRODUCTIONS);
	if (s->words[at].line != s->words[at + 1].line)
		return false;
	if (is_joined)
		return wf_person_is_in(word, WF_WORDS_TITLES);
	return memchr(between.data, ':', between.len) != NULL &&
		wf_person_is_in(word, WF_WORDS_INTRODUCTIONS);
}

/* Does another address follow in the line? */
static bool
is_shared(const Search *s)
{
	const char *p = s->text.data + s->end;
	const char *end = s->text.data + s->text.len;

	if (end - p > WF_PERSON_BEHIND)
		end = p + WF_PERSON_BEHIND;
	while (p < end && *p != '\n' && *p != '@')
		p++;
	return p < end && *p == '@';
}

/* Does the text end in "\xE2\x80" and one of these bytes, a dash or quote beyond ASCII? */
static bool
ends_in_mark(WfSlice text, const char *bytes)
{
	return text.len >= 3 && memcmp(text.data + text.len - 3, "\xE2\x80", 2) == 0 &&
		strchr(bytes, text.data[text.len - 1]) != NULL;
}

static WfSlice
without_blanks(WfSlice text)
{
	while (text.len > 0 && text.data[text.len - 1] == ' ')
		text.len--;
	return text;
}

/* Is it who said something: a dash in front that begins the line or follows a quote? */
static bool
signs_quote(const Search *s, size_t at)
{
	WfSlice		text = without_blanks((WfSlice) {s->text.data, at});

	if (ends_in_mark(text, "\x93\x94\x95"))
		text.len -= 3;
	else if (text.len > 0 && strchr("-~", text.data[text.len - 1]) != NULL)
		text.len--;
	else
		return false;
	text = without_blanks(text);
	return text.len == 0 || strchr("\n\"'", text.data[text.len - 1]) != NULL ||
		ends_in_mark(text, "\x99\x9C\x9D");
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
	/* one that stands a line too far away is a rival all the same */
	if (words[0].start >= s->start || words[0].line < -PLACE_LINES - 1 ||
		(words[0].line < 0 && !s->is_role) || is_separated(s, &words[0]) || is_shared(s) ||
		signs_quote(s, words[0].start))
		return false;
	s->rivals[-words[0].line]++;
	if (words[0].line < -PLACE_LINES)
		return false;
	if (follows_title || (at > 0 && introduces_name(s, at - 1, false)))
		return true;
	title = wf_person_find_title(s->text, words[0].start, end, s->start);
	return title.len > 0 && title.len <= MAX_PLACE_TITLE;
}

/* "Duncan Temple Lang" beside duncan@: is it all of a name of which the best is a part? */
static bool
completes(const Search *s, Agreement a, int at, int count)
{
	return a == AGREES_IN_PART && a == s->agreement && at == s->at && count == s->count + 1 &&
		count == 3 && !s->words[at + count - 1].is_label &&
		stands_alone(s->words, at, count, s->total);
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
		wf_person_find_role(s->text, words[at].start, words[at + count - 1].end, s->start,
				  s->letters).len > 0)
		a = AGREES_IN_PART;
	if (a == AGREES_NOT && is_in_place(s, at, count))
		a = AGREES_BY_PLACE;
	if (a == AGREES_NOT || a < s->agreement)
		return;
	if (a < AGREES && (lines > NEAR_LINES || is_separated(s, &words[at])))
		return;
	/* the nearest of the best; of those that begin at one place the shorter, mostly */
	if (a > s->agreement || lines < s->lines || completes(s, a, at, count))
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
	size_t		limit = start > WF_PERSON_BEFORE ? start - WF_PERSON_BEFORE : 0;
	int			lines = 0;
	int			behind = 0;

	*from = start;
	while (*from > limit)
	{
		if (text.data[*from - 1] == '\n' && !is_number_line(text, *from, start) &&
			++lines > LINES_BEFORE)
		{
			lines--;
			break;
		}
		--*from;
	}
	/* not in the middle of a word */
	while (*from > 0 && *from < start && wf_person_is_letter(text.data[*from - 1]))
		++*from;
	limit = text.len - end > WF_PERSON_BEHIND ? end + WF_PERSON_BEHIND : text.len;
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
	char		letters[WF_PERSON_FOLDED];
	int			i;

	for (i = 0; i < s->total; i++)
	{
		const Word *w = &s->words[i];
		WfSlice		folded;

		if ((w->is_initial || w->is_honorific) && w->line >= -1 && w->line <= 1)
			return true;
		if (!w->is_capital)
			continue;
		folded = wf_person_fold(slice_of(s->text, w), false, letters);
		if (folded.len >= 2 && wf_person_contains(s->letters, folded))
			return true;
		folded = wf_person_fold(first_half(slice_of(s->text, w)), true, letters);
		if (folded.len >= 2 && wf_person_contains(s->letters, folded))
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
	int			first = s->is_role || s->letters.len <= MAX_INITIALS ? -PLACE_LINES - 1 : 0;
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

	for (i = 1; i <= PLACE_LINES + 1 && s->lines > 0; i++)
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
	char		letters[WF_PERSON_FOLDED];
	size_t		name_start;
	size_t		name_end;
	Search		s;

	s.text = text;
	s.start = start;
	s.end = end;
	s.letters = wf_person_fold(local, false, letters);
	s.is_dotted = memchr(local.data, '.', local.len) != NULL ||
		memchr(local.data, '_', local.len) != NULL;
	s.is_role = wf_person_is_in(local, WF_WORDS_OFFICES) || wf_person_is_in(local, WF_WORDS_TITLES);
	s.is_link = is_link;
	s.agreement = AGREES_NOT;
	s.at = s.count = s.lines = 0;
	memset(s.rivals, 0, sizeof(s.rivals));
	search(&s);
	if (s.agreement == AGREES_NOT || has_rivals(&s))
		return false;
	name_start = s.words[s.at].start;
	name_end = s.words[s.at + s.count - 1].end;
	person->name = (WfSlice) {text.data + name_start, name_end - name_start};
	person->job_title = wf_person_find_title(text, name_start, name_end, start);
	if (person->job_title.len == 0)
		person->job_title = wf_person_find_role(text, name_start, name_end, start, s.letters);
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
	return count >= 2 && count <= MAX_NAME_WORDS && text.len < 2 * WF_PERSON_FOLDED &&
		words[0].start == 0 && words[count - 1].end == text.len &&
		has_form_of_name(words, count);
}
