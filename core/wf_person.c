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
#define NEAR_LINES		3		/* for a name that agrees only in part */

#define MAX_WORDS		192		/* looked at around one address */
#define MAX_NAME_WORDS	5
#define PLACE_LINES		2		/* for a name that agrees in nothing */
#define MAX_PLACE_TITLE	40		/* bytes of the title of such a one */

/*-------------------------------------------------------------------------
 * Names
 *-------------------------------------------------------------------------
 */

/* Could these words, which stand together, be a name? */
static bool
has_form_of_name(const WfPersonWord *words, int count)
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
is_unmistakable(WfSlice text, const WfPersonWord *words, int at, int count)
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
stands_alone(const WfPersonWord *words, int at, int count, int total)
{
	return at + count == total || !words[at + count].is_joined;
}

/* What is searched, and the best so far. */
typedef struct Search
{
	WfSlice		text;
	size_t		start;			/* of the address */
	size_t		end;
	WfPersonLocal local;
	bool		is_dotted;		/* its words are separated */
	bool		is_role;		/* it is the address of an office or a team */
	bool		is_link;		/* what stands there is the text of a link to it */
	int			rivals[PLACE_LINES + 2];	/* names in place, by lines in front */
	int			total;
	WfPersonWord words[MAX_WORDS];
	WfAgreement	agreement;		/* of the best */
	int			at;
	int			count;
	int			lines;			/* from the address */
} Search;

/* Is there another address between the word and this one? */
static bool
is_separated(const Search *s, const WfPersonWord *w)
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
	WfSlice		word = wf_person_slice(s->text, &s->words[at]);
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
	const WfPersonWord *words = s->words + at;
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
completes(const Search *s, WfAgreement a, int at, int count)
{
	return a == WF_AGREES_IN_PART && a == s->agreement && at == s->at && count == s->count + 1 &&
		count == 3 && !s->words[at + count - 1].is_label &&
		stands_alone(s->words, at, count, s->total);
}

static void
consider(Search *s, int at, int count)
{
	const WfPersonWord *words = s->words;
	int			lines = words[at].line < 0 ? -words[at].line : words[at].line;
	WfAgreement	a;

	if (!has_form_of_name(words + at, count))
		return;
	a = wf_person_compare(s->text, &s->local, words + at, count);
	/* without a known name "Fair Housing" agrees with fairhousing@, too */
	if (a == WF_AGREES_JOINED)
		a = words[at].is_given || s->is_dotted ? WF_AGREES : WF_AGREES_NOT;
	if (a == WF_AGREES_IN_PART && !words[at].is_given &&
		!(lines <= 1 && stands_alone(words, at, count, s->total) &&
		  (is_unmistakable(s->text, words, at, count) || has_title(s, at, count))))
		a = WF_AGREES_NOT;
	if (a == WF_AGREES_NOT && lines <= 1 && is_unmistakable(s->text, words, at, count) &&
		stands_alone(words, at, count, s->total))
		a = WF_AGREES_IN_FORM;
	if (a == WF_AGREES_NOT && lines <= NEAR_LINES && is_plain_name(s, at, count) &&
		wf_person_find_role(s->text, words[at].start, words[at + count - 1].end, s->start,
				  s->local.letters).len > 0)
		a = WF_AGREES_IN_PART;
	if (a == WF_AGREES_NOT && is_in_place(s, at, count))
		a = WF_AGREES_BY_PLACE;
	if (a == WF_AGREES_NOT || a < s->agreement)
		return;
	if (a < WF_AGREES && (lines > NEAR_LINES || is_separated(s, &words[at])))
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
		if (text.data[*from - 1] == '\n' && !wf_person_is_number_line(text, *from, start) &&
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

/* Is any word a part of the local part, or the mark of a name?  Notes which are a part. */
static bool
find_clues(Search *s)
{
	bool		found = false;
	int			i;

	for (i = 0; i < s->total; i++)
	{
		WfPersonWord *w = &s->words[i];
		WfSlice		word = wf_person_slice(s->text, w);

		w->is_clue = w->is_capital && wf_person_is_clue(&s->local, word);
		found = found || w->is_clue ||
			(w->line >= -1 && w->line <= 1 && (w->is_initial || wf_person_is_honorific(word)));
	}
	return found;
}

/*
 * Without a clue only a name that stands in its place counts: the words of the
 * address's line, and in front of an office's those of the lines before; or one
 * whose initials the local part is.
 */
static void
keep_near_words(Search *s)
{
	bool		is_far = s->is_role || s->local.letters.len <= WF_PERSON_INITIALS;
	int			first = is_far ? -PLACE_LINES - 1 : 0;
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
	return s->agreement == WF_AGREES_BY_PLACE && rivals > 1;
}

/*
 * Can a name be among these words, which are joined?  It agrees with the local part, which
 * is all that counts far away, or begins with a given name or has the mark of a name.
 */
static bool
may_have_name(const Search *s, int from, int to, bool by_class)
{
	int			line = s->words[from].line;
	bool		is_near = line >= -NEAR_LINES && line <= NEAR_LINES;
	int			i;

	if (to - from < 2)
		return false;
	if (s->local.letters.len <= WF_PERSON_INITIALS || (is_near && !by_class))
		return true;
	for (i = from; i < to; i++)
	{
		const WfPersonWord *w = &s->words[i];

		if (w->is_clue || (is_near && (w->is_given || w->is_honorific || w->is_initial)))
			return true;
	}
	return false;
}

/* The best name among words that are joined. */
static void
search_run(Search *s, int from, int to)
{
	int			at;
	int			n;

	if (!may_have_name(s, from, to, false))
		return;
	wf_person_classify(s->text, s->words + from, to - from);
	if (!may_have_name(s, from, to, true))
		return;
	wf_person_find_labels(s->text, s->words + from, to - from);
	for (at = from; at < to; at++)
	{
		for (n = 2; n <= MAX_NAME_WORDS && at + n <= to && s->words[at].is_capital; n++)
			consider(s, at, n);
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
	int			next;

	s->total = wf_person_read(s->text, from, s->start, -lines, s->words, MAX_WORDS * 3 / 4);
	s->total += wf_person_read(s->text, s->end, to, 0, s->words + s->total,
							   MAX_WORDS - s->total);
	if (!find_clues(s))
		keep_near_words(s);
	for (at = 0; at < s->total; at = next)
	{
		for (next = at + 1; next < s->total && s->words[next].is_joined; next++)
			;
		search_run(s, at, next);
	}
}

bool
wf_person_find(WfSlice text, size_t start, size_t end, bool is_link, WfSlice local,
			   WfPerson *person)
{
	size_t		name_start;
	size_t		name_end;
	Search		s;

	s.text = text;
	s.start = start;
	s.end = end;
	wf_person_set_local(&s.local, local);
	s.is_dotted = memchr(local.data, '.', local.len) != NULL ||
		memchr(local.data, '_', local.len) != NULL;
	s.is_role = wf_person_is_in(local, WF_WORDS_OFFICES) || wf_person_is_in(local, WF_WORDS_TITLES);
	s.is_link = is_link;
	s.agreement = WF_AGREES_NOT;
	s.at = s.count = s.lines = 0;
	memset(s.rivals, 0, sizeof(s.rivals));
	search(&s);
	if (s.agreement == WF_AGREES_NOT || has_rivals(&s))
		return false;
	name_start = s.words[s.at].start;
	name_end = s.words[s.at + s.count - 1].end;
	person->name = (WfSlice) {text.data + name_start, name_end - name_start};
	person->job_title = wf_person_find_title(text, name_start, name_end, start);
	if (person->job_title.len == 0)
		person->job_title = wf_person_find_role(text, name_start, name_end, start, s.local.letters);
	return true;
}

bool
wf_person_is_name(WfSlice text)
{
	WfPersonWord words[MAX_NAME_WORDS + 1];
	int			count = wf_person_read(text, 0, text.len, 0, words, MAX_NAME_WORDS + 1);

	wf_person_classify(text, words, count);
	wf_person_find_labels(text, words, count);
	return count >= 2 && count <= MAX_NAME_WORDS && text.len < 2 * WF_PERSON_FOLDED &&
		words[0].start == 0 && words[count - 1].end == text.len &&
		has_form_of_name(words, count);
}
