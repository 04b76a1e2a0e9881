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
#define MARK_LINES		2		/* in which a form of address is looked for */

#define MAX_WORDS		192		/* looked at around one address */
#define PLACE_LINES		2		/* for a name that agrees in nothing */
#define LABEL_BYTES		20		/* in front of an address, in which its label is looked for */
#define MIN_OFFICE		4		/* letters of a word that names an office */
#define MAX_GAP			6		/* bytes between a name and an address: " at " */
#define MAX_PLACE_TITLE	40		/* bytes of the title of such a one */

/*-------------------------------------------------------------------------
 * Names
 *-------------------------------------------------------------------------
 */

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
	size_t		link_end;		/* and ends there */
	int			rivals[PLACE_LINES + 2];	/* names in place, by lines in front */
	size_t		last_form;		/* end of the last of "forms" */
	int			forms;			/* names with a form of address that agree in nothing */
	int			total;
	WfPersonWord words[MAX_WORDS];
	WfAgreement	agreement;		/* of the best */
	int			at;
	int			count;
	int			family;			/* words of "Surname," in front of the given name; 0: none */
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

/* Is the name between the position that the local part names and the address? */
static bool
has_role_line(const Search *s, int at, int count)
{
	return !s->words[at].is_joined && stands_alone(s->words, at, count, s->total) &&
		!wf_person_has_label(s->words + at, count) &&
		wf_person_is_role_line(s->text, s->words[at].start, s->words[at + count - 1].end,
							   s->local.letters);
}

/* A known given name or initials and what follows, with nothing that belongs to it around. */
static bool
is_plain_name(const Search *s, int at, int count)
{
	return (s->words[at].is_given || s->words[at].is_initials) && !s->words[at].is_joined &&
		stands_alone(s->words, at, count, s->total) && !wf_person_has_label(s->words + at, count);
}

/* "Vertreten durch:" */
static bool
is_represented(const Search *s, int at)
{
	static const WfSlice pairs[][2] = {
		{{"vertreten", 9}, {"durch", 5}}, {{"represented", 11}, {"by", 2}},
		{{"den", 3}, {"inhalt", 6}}, {{"repr\xC3\xA9sent\xC3\xA9" "e", 13}, {"par", 3}}, {{"vertegenwoordigd", 16}, {"door", 4}}
	};
	WfSlice		word = wf_person_slice(s->text, &s->words[at]);
	size_t		i;

	for (i = 0; at > 0 && i < sizeof(pairs) / sizeof(pairs[0]); i++)
	{
		if (wf_text_equal_nocase(word, pairs[i][1]) &&
			wf_text_equal_nocase(wf_person_slice(s->text, &s->words[at - 1]), pairs[i][0]))
			return true;
	}
	return false;
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
		return between.len <= 2 &&
			(wf_person_is_in(word, WF_WORDS_INTRODUCTIONS) || is_represented(s, at));
	if (s->words[at].line != s->words[at + 1].line)
		return false;
	/* "Responsabile commerciale Mario Esempio" */
	if (is_joined && !wf_person_is_in(word, WF_WORDS_TITLES) && at > 0 &&
		s->words[at].is_joined && !s->words[at].is_capital)
		word = wf_person_slice(s->text, &s->words[at - 1]);
	if (is_joined)
		return wf_person_is_in(word, WF_WORDS_TITLES);
	return memchr(between.data, ':', between.len) != NULL &&
		(wf_person_is_in(word, WF_WORDS_INTRODUCTIONS) || is_represented(s, at));
}

/* "Foto: Anna Example": whose the picture is, not the address. */
static bool
is_credit(const Search *s, int at)
{
	static const WfSlice words[] = {
		{"foto", 4}, {"fotos", 5}, {"photo", 5}, {"photos", 6}, {"bild", 4}, {"bilder", 6},
		{"image", 5}, {"images", 6}, {"text", 4}, {"webdesign", 9}, {"design", 6}, {"copyright", 9},
		{"illustration", 12}, {"credit", 6}, {"credits", 7}, {"cr\xC3\xA9" "dit", 7},
		{"artist", 6}, {"auteur", 6}, {"author", 6}, {"autor", 5}, {"autore", 6}, {"autorin", 7},
		{"guest", 5}, {"soloist", 7}, {"speaker", 7}, {"speakers", 8}
	};
	size_t		i;

	for (i = 0; at > 0 && i < sizeof(words) / sizeof(words[0]); i++)
	{
		if (s->words[at - 1].line == s->words[at].line &&
			wf_text_equal_nocase(wf_person_slice(s->text, &s->words[at - 1]), words[i]))
			return true;
	}
	return false;
}

/* "contact Anna Example at press@example.org" */
static bool
is_asked_for(const Search *s, int at, int count)
{
	size_t		end = s->words[at + count - 1].end;

	return at > 0 && s->words[at].is_joined &&
		(stands_alone(s->words, at, count, s->total) || !s->words[at + count].is_capital) &&
		s->start > end && s->start - end <= MAX_GAP &&
		s->words[at].line == 0 &&
		wf_person_is_in(wf_person_slice(s->text, &s->words[at - 1]), WF_WORDS_INTRODUCTIONS);
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

/* Does the line above, of which the end is that of the text, end in a quote mark? */
static bool
is_below_quote(WfSlice text)
{
	if (text.len < 2 || text.data[text.len - 1] != '\n')
		return false;
	text = without_blanks((WfSlice) {text.data, text.len - 1});
	return ends_in_mark(text, "\x9C\x9D") || (text.len > 0 && text.data[text.len - 1] == '"') ||
		(text.len > 2 && (memcmp(text.data + text.len - 2, "\xC2\xBB", 2) == 0 ||
						  memcmp(text.data + text.len - 2, "\xC2\xAB", 2) == 0));
}

/* Is it who said something: a dash in front that begins the line or follows a quote? */
static bool
signs_quote(const Search *s, size_t at)
{
	WfSlice		text = without_blanks((WfSlice) {s->text.data, at});

	if (is_below_quote(text))
		return true;
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

/* Is a degree or the like all that stands behind the name: "Anna Example e.K."? */
static bool
is_before_credential(const Search *s, int at)
{
	return at < s->total && (at + 1 == s->total || !s->words[at + 1].is_joined) &&
		wf_person_is_in(wf_person_slice(s->text, &s->words[at]), WF_WORDS_CREDENTIALS);
}

/*
 * Does a line between the name, which ends in front of the word "at", and the address say
 * what the local part does: "Secretariat: tel. 1" above secretariat@?
 */
static bool
is_of_office_below(const Search *s, int at)
{
	for (; at < s->total && s->words[at].start < s->start; at++)
	{
		WfSlice		word = wf_person_slice(s->text, &s->words[at]);

		if (s->words[at].is_clue && word.len >= MIN_OFFICE && word.data[-1] == '\n' &&
			word.data[word.len] == ':' && !wf_person_is_in(word, WF_WORDS_INTRODUCTIONS))
			return true;
	}
	return false;
}

/* Is a colon in front of "at" in its line? */
static bool
is_behind_label(WfSlice text, size_t at)
{
	while (at > 0 && text.data[at - 1] != '\n' && text.data[at - 1] != ':')
		at--;
	return at > 0 && text.data[at - 1] == ':';
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
	bool		is_asked = is_asked_for(s, at, count);
	bool		follows_title = is_asked ||
		(at > 0 && words[0].is_joined && introduces_name(s, at - 1, true));
	bool		is_linked = s->is_link && words[0].start == s->end;
	WfSlice		title;

	if (!(words[0].is_given || is_linked) || (words[0].is_joined && !follows_title) ||
		!(is_asked || stands_alone(s->words, at, count, s->total) ||
		  is_before_credential(s, at + count)) ||
		wf_person_has_label(words, count))
		return false;
	if (is_linked)
		return words[0].is_given ||
			wf_person_find_role(s->text, words[0].start, end, s->start,
								s->local.letters).len > 0;
	/* one that stands a line too far away is a rival all the same */
	if (words[0].start >= s->start || words[0].line < -PLACE_LINES - 1 ||
		(words[0].line < 0 && !s->is_role) || is_separated(s, &words[0]) || is_shared(s) ||
		is_credit(s, at) || signs_quote(s, words[0].start))
		return false;
	s->rivals[-words[0].line]++;
	if (words[0].line < -PLACE_LINES || is_of_office_below(s, at + count))
		return false;
	if (follows_title || (at > 0 && introduces_name(s, at - 1, false)))
		return true;
	title = wf_person_find_title(s->text, words[0].start, end, s->start);
	return title.len > 0 && title.len <= MAX_PLACE_TITLE;
}

/* "Anna Example <x17@example.org>" */
static bool
is_display_name(const Search *s, int at, int count)
{
	size_t		end = s->words[at + count - 1].end;

	return s->start > end && s->start - end <= 2 && s->text.data[s->start - 1] == '<' &&
		s->end < s->text.len && s->text.data[s->end] == '>' &&
		(s->words[at].is_given || !s->is_role) && !wf_person_has_label(s->words + at, count);
}

/*
 * "María García López" beside mgarcia@: is it all of a name of which the best is a part?
 * Nothing else is in its line.
 */
static bool
completes(const Search *s, int at, int count)
{
	const WfPersonWord *last = &s->words[at + count - 1];
	WfSlice		word = wf_person_slice(s->text, last);
	size_t		end = last->end;

	return s->agreement >= WF_AGREES_IN_PART && at == s->at && count == 3 && s->count == 2 &&
		s->family == 0 && wf_person_has_given_name(s->words + at, 2) &&
		(!s->words[at].is_joined || (at > 0 && s->words[at - 1].is_honorific)) &&
		!last->is_label && stands_alone(s->words, at, count, s->total) &&
		(end == s->text.len || strchr("\n,", s->text.data[end]) != NULL ||
		 s->agreement == WF_AGREES_IN_PART) &&
		last->is_loud == s->words[at + 1].is_loud &&
		!wf_person_ends_in_title(word) && !wf_person_is_in(word, WF_WORDS_OFFICES) &&
		!wf_person_is_institution(s->text, last->start) &&
		!wf_person_is_in(word, WF_WORDS_INTRODUCTIONS) &&
		!wf_person_is_in(word, WF_WORDS_CREDENTIALS);
}

/*
 * The agreement of words whose first is the surname: "Kovács János", "DUPONT Jean".  What
 * tells is the given name behind it, or that it alone is in capital letters.
 */
static WfAgreement
compare_turned(const Search *s, const WfPersonWord *words, int count)
{
	char		letters[WF_PERSON_FOLDED];
	WfPersonWord turned[WF_PERSON_NAME_WORDS];
	WfAgreement	a;

	if (count > 3 || words[0].is_label || words[1].is_particle ||
		!(words[1].is_given || (words[0].is_loud && !words[1].is_loud)))
		return WF_AGREES_NOT;
	memcpy(turned, words + 1, (count - 1) * sizeof(turned[0]));
	turned[count - 1] = words[0];
	a = wf_person_compare(s->text, &s->local, turned, count);
	if (a == WF_AGREES_IN_PART &&
		!(words[1].is_given &&
		  wf_text_equal(wf_person_fold(wf_person_slice(s->text, &words[0]), false, letters),
						s->local.letters)))
		return WF_AGREES_NOT;
	/* "Fixtures Anna Example" beside fixtures@ */
	if (a == WF_AGREES_IN_PART && !words[0].is_loud &&
		(count > 2 || (words + 2 < s->words + s->total && words[2].is_joined &&
					   words[2].is_capital)))
		return WF_AGREES_NOT;
	if (a == WF_AGREES_JOINED && count > 2)
		return WF_AGREES_NOT;
	return a == WF_AGREES_JOINED && words[1].is_given ? WF_AGREES : a;
}

/* Without a known name "Fair Housing" agrees with fairhousing@, too. */
static bool
is_joined_name(const Search *s, int at, int count)
{
	const WfPersonWord *words = s->words + at;

	return words[0].is_given || s->is_dotted || words[0].is_initials ||
		(count == 3 && words[1].is_initial) ||
		(at > 0 && words[0].is_joined && introduces_name(s, at - 1, true));
}

/* Does another address follow the name, in its line or one of the two below? */
static bool
is_of_next(const Search *s, const WfPersonWord *last)
{
	size_t		i;
	int			lines = 0;

	for (i = last->end; i < s->text.len && i - last->end < WF_PERSON_BEHIND; i++)
	{
		if (s->text.data[i] == '@')
			return true;
		if (s->text.data[i] == '\n' && ++lines > MARK_LINES)
			return false;
	}
	return false;
}

/* Is a name that agrees in nothing one by its form, right beside the address? */
static bool
is_certain_name(Search *s, int at, int count, int lines)
{
	const WfPersonWord *words = s->words + at;
	const WfPersonWord *last = &words[count - 1];

	if (lines > NEAR_LINES || !is_unmistakable(s->text, s->words, at, count) ||
		wf_person_is_named_after(s->text, words, count) ||
		(words[0].start > s->end && (lines > 1 || is_of_next(s, last))) ||
		(words[0].start < s->start && is_behind_label(s->text, words[0].start) &&
		 is_of_office_below(s, at + count)))
		return false;
	/* of two at an office neither is meant */
	if (s->is_role && words[0].start < s->start && !is_separated(s, words) &&
		(s->forms == 0 || words[0].start > s->last_form))
	{
		s->forms++;
		s->last_form = last->end;
	}
	return stands_alone(s->words, at, count, s->total) &&
		(lines <= 1 || wf_person_find_title(s->text, words[0].start, last->end, s->start).len > 0);
}

/* Does "E-mail", in one of some languages, stand in front of the address? */
static bool
is_labelled(const Search *s)
{
	static const WfSlice labels[] = {
		{"mail", 4}, {"e-post", 6}, {"epost", 5}, {"e-posta", 7}, {"correo", 6}, {"courriel", 8},
		{"address", 7}
	};
	size_t		at = s->start > LABEL_BYTES ? s->start - LABEL_BYTES : 0;
	size_t		i;

	for (; at < s->start; at++)
	{
		for (i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
		{
			if (wf_text_starts_nocase((WfSlice) {s->text.data + at, s->start - at}, labels[i]))
				return true;
		}
	}
	return false;
}

/* How a name agrees with the address; by its form and place if not by its letters. */
static WfAgreement
find_agreement(Search *s, int at, int count, int lines)
{
	const WfPersonWord *words = s->words;
	bool		is_alone = stands_alone(words, at, count, s->total);
	bool		is_certain = is_unmistakable(s->text, words, at, count);
	size_t		start = words[at].start;
	size_t		end = words[at + count - 1].end;
	WfAgreement	a = wf_person_compare(s->text, &s->local, words + at, count);
	WfAgreement	turned = a < WF_AGREES ? compare_turned(s, words + at, count) : WF_AGREES_NOT;

	if (a == WF_AGREES_JOINED)
		a = is_joined_name(s, at, count) ? WF_AGREES : WF_AGREES_NOT;
	/* a thing: "Stella Alpina" beside stellaalpina@ */
	if (a == WF_AGREES && words[at + count - 1].is_label && !words[at + count - 1].is_initial &&
		!s->is_dotted && !has_title(s, at, count))
		a = WF_AGREES_NOT;
	if (wf_person_has_loud(words + at, count) && !wf_person_has_given_name(words + at, count) &&
		!(a == WF_AGREES && s->is_dotted))
		return WF_AGREES_NOT;
	/* a place: "Rose Garden" beside rose@ */
	if (a == WF_AGREES_IN_PART && wf_person_has_label(words + at, count) &&
		!has_title(s, at, count))
		a = WF_AGREES_NOT;
	if (a == WF_AGREES_IN_PART && !words[at].is_given &&
		!(is_alone && lines <= NEAR_LINES &&
		  ((lines <= 1 && is_certain) || has_title(s, at, count))))
		a = WF_AGREES_NOT;
	if (turned > a)
		a = turned;
	if (a == WF_AGREES_NOT && is_display_name(s, at, count))
		return WF_AGREES;
	if (a == WF_AGREES_NOT && words[at].is_named && is_labelled(s) && is_plain_name(s, at, count))
		return WF_AGREES_IN_FORM;
	if (a == WF_AGREES_NOT && is_certain_name(s, at, count, lines))
		a = WF_AGREES_IN_FORM;
	if (a == WF_AGREES_NOT && wf_person_is_named_after(s->text, words + at, count))
		return WF_AGREES_NOT;
	if (a == WF_AGREES_NOT && lines <= NEAR_LINES &&
		((is_plain_name(s, at, count) &&
		  wf_person_find_role(s->text, start, end, s->start, s->local.letters).len > 0) ||
		 (s->is_role && has_role_line(s, at, count))))
		a = WF_AGREES_IN_PART;
	if (a == WF_AGREES_NOT && is_in_place(s, at, count))
		a = WF_AGREES_BY_PLACE;
	return a;
}

/* Remember a name if it is better than the best, or as good and nearer. */
static void
take_best(Search *s, WfAgreement a, int at, int count, int family)
{
	int			lines = s->words[at].line < 0 ? -s->words[at].line : s->words[at].line;

	if (a == WF_AGREES_NOT || a < s->agreement ||
		(a < WF_AGREES && ((lines > NEAR_LINES && !s->words[at].is_named) ||
						   is_separated(s, &s->words[at]))))
		return;
	/* of those that begin at one place the shorter */
	if (a > s->agreement || lines < s->lines)
	{
		s->agreement = a;
		s->at = at;
		s->count = count;
		s->family = family;
		s->lines = lines;
	}
}

static void
consider(Search *s, int at, int count)
{
	const WfPersonWord *words = s->words;
	int			lines = words[at].line < 0 ? -words[at].line : words[at].line;

	if (!wf_person_has_form(words + at, count))
		return;
	if (at + count < s->total && words[at + count].is_joined &&
		wf_person_is_institution(s->text, words[at + count].start))
		return;
	if (completes(s, at, count))
		s->count = count;
	else
		take_best(s, find_agreement(s, at, count, lines), at, count, 0);
}

/* "Example, Anna": words [from, middle) are the surname, [middle, to) the given names. */
static void
consider_turned(Search *s, int from, int middle, int to)
{
	WfPersonWord *words = s->words;
	WfPersonWord turned[WF_PERSON_NAME_WORDS];
	int			given = to - middle;
	bool		is_given = wf_person_is_given_name(wf_person_slice(s->text, &words[middle]));
	WfAgreement	a;
	int			i;

	if (to - from > WF_PERSON_NAME_WORDS || given > 3 || words[middle - 1].is_initial ||
		!words[middle - 1].is_capital ||
		wf_person_is_given_name(wf_person_slice(s->text, &words[middle - 1])))
		return;
	wf_person_find_labels(s->text, words + from, to - from);
	if (wf_person_has_label(words + from, to - from))
		return;
	for (i = from; i < middle - 1; i++)
	{
		words[i].is_particle = wf_person_is_in(wf_person_slice(s->text, &words[i]),
											   WF_WORDS_PARTICLES);
		if (!words[i].is_particle && middle - from > 2)
			return;
	}
	for (i = middle; i < to; i++)
	{
		if (!words[i].is_capital)
			return;
	}
	memcpy(turned, words + middle, given * sizeof(turned[0]));
	memcpy(turned + given, words + from, (middle - from) * sizeof(turned[0]));
	a = wf_person_compare(s->text, &s->local, turned, to - from);
	if (a == WF_AGREES_JOINED)
		a = is_given || s->is_dotted ? WF_AGREES : WF_AGREES_NOT;
	if (a == WF_AGREES_IN_PART && !is_given)
		a = WF_AGREES_NOT;
	take_best(s, a, from, to - from, middle - from);
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

/* Is the word at "at" the label of the one behind it: "Name:", or a line with "Name" alone? */
static bool
is_name_label(const Search *s, int at)
{
	const WfPersonWord *w = &s->words[at];
	WfSlice		between;

	if (at + 1 >= s->total || w[1].is_joined || w[1].start >= s->start ||
		!wf_person_is_name_label(wf_person_slice(s->text, w)))
		return false;
	/* "Full Name", but not "Company Name" */
	if (w->is_joined && (at == 0 || !wf_person_qualifies_name(wf_person_slice(s->text, w - 1))))
		return false;
	between = (WfSlice) {s->text.data + w->end, w[1].start - w->end};
	return between.len <= 3 && (w[1].line == w->line + 1 || between.data[0] == ':');
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
		if (i > 0 && wf_lower_char(s->text.data[w[-1].start]) == 'n' && is_name_label(s, i - 1))
			w->is_named = w->is_clue = true;
		found = found || w->is_clue ||
			(w->line >= -MARK_LINES && w->line <= 1 &&
			 (w->is_initial || wf_person_is_honorific(word)));
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
	if (s->agreement == WF_AGREES_IN_FORM)
		return s->forms > 1;
	return s->agreement == WF_AGREES_BY_PLACE && rivals > 1;
}

static bool
has_mark(const WfPersonWord *w)
{
	return w->is_given || w->is_honorific || w->is_initial || w->is_initials;
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
	if (s->local.letters.len <= WF_PERSON_INITIALS || (is_near && !by_class) ||
		(s->is_link && s->words[from].start == s->end) ||
		(s->is_role && is_near && wf_person_is_role_line(s->text, s->words[from].start,
														 s->words[to - 1].end,
														 s->local.letters)))
		return true;
	for (i = from; i < to; i++)
	{
		const WfPersonWord *w = &s->words[i];

		if (w->is_clue || (is_near && has_mark(w)))
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
		for (n = 2; n <= WF_PERSON_NAME_WORDS && at + n <= to && s->words[at].is_capital; n++)
			consider(s, at, n);
	}
}

/* Where the words that are joined to the one at "at" end. */
static int
end_of_run(const Search *s, int at)
{
	for (at++; at < s->total && s->words[at].is_joined; at++)
		;
	return at;
}

/* Does a comma join the words that end in front of "at" and those that begin there? */
static bool
is_behind_comma(const Search *s, int at)
{
	size_t		end = s->words[at - 1].end;

	return s->words[at].start == end + 2 && s->text.data[end] == ',' &&
		s->text.data[end + 1] == ' ' && s->words[at - 1].is_clue;
}

/* What follows a link of two words or more, from the word "at" on, belongs to no name in it. */
static void
end_link(Search *s, int at)
{
	int			first = at;

	while (at < s->total && s->words[at].start < s->link_end)
		at++;
	if (at < s->total && at > first + 1)
		s->words[at].is_joined = false;
}

/* The words around the address, and the best name among them. */
static void
search(Search *s)
{
	size_t		from;
	size_t		to;
	int			lines = find_bounds(s->text, s->start, s->end, &from, &to);
	int			front;
	int			at;
	int			next;

	s->total = wf_person_read(s->text, from, s->start, -lines, s->words, MAX_WORDS * 3 / 4);
	front = s->total;
	s->total += wf_person_read(s->text, s->end, to, 0, s->words + s->total,
							   MAX_WORDS - s->total);
	/* the address stands between */
	if (front < s->total)
		s->words[front].is_joined = false;
	if (s->is_link)
		end_link(s, front);
	if (!find_clues(s))
		keep_near_words(s);
	for (at = 0; at < s->total; at = next)
	{
		next = end_of_run(s, at);
		search_run(s, at, next);
		if (next < s->total && is_behind_comma(s, next))
			consider_turned(s, at, next, end_of_run(s, next));
	}
}

/* "info", "director", "sales-emea", "info2" */
static bool
is_office(WfSlice local)
{
	size_t		i;

	if (wf_person_is_in(local, WF_WORDS_OFFICES) || wf_person_is_in(local, WF_WORDS_TITLES))
		return true;
	for (i = 0; i < local.len && wf_is_alpha(local.data[i]); i++)
		;
	return i < local.len && wf_person_is_in((WfSlice) {local.data, i}, WF_WORDS_OFFICES);
}

bool
wf_person_is_guess(WfSlice name, WfSlice job_title, WfSlice local)
{
	WfPersonLocal letters;

	wf_person_set_local(&letters, local);
	return is_office(local) && !wf_person_agrees(name, local) &&
		!wf_person_is_role(job_title, letters.letters);
}

bool
wf_person_find(WfSlice text, size_t start, size_t end, size_t link_end, WfSlice local,
			   WfPerson *person)
{
	const WfPersonWord *first;
	const WfPersonWord *last;
	Search		s;

	s.text = text;
	s.start = start;
	s.end = end;
	wf_person_set_local(&s.local, local);
	s.is_dotted = memchr(local.data, '.', local.len) != NULL ||
		memchr(local.data, '_', local.len) != NULL;
	s.is_role = is_office(local);
	s.is_link = link_end > 0;
	s.link_end = link_end;
	s.agreement = WF_AGREES_NOT;
	s.at = s.count = s.family = s.lines = s.forms = 0;
	s.last_form = 0;
	memset(s.rivals, 0, sizeof(s.rivals));
	search(&s);
	if (s.agreement == WF_AGREES_NOT || has_rivals(&s))
		return false;
	first = &s.words[s.at];
	last = &s.words[s.at + s.count - 1];
	person->name = (WfSlice) {text.data + first->start, last->end - first->start};
	person->is_guess = s.agreement == WF_AGREES_BY_PLACE || s.agreement == WF_AGREES_IN_FORM;
	person->given = WF_SLICE_EMPTY;
	person->job_title = wf_person_find_title(text, first->start, last->end, start);
	if (person->job_title.len == 0)
		person->job_title = wf_person_find_role(text, first->start, last->end, start,
												s.local.letters);
	if (s.family > 0)
	{
		person->given = (WfSlice) {text.data + first[s.family].start,
								   last->end - first[s.family].start};
		person->name.len = first[s.family - 1].end - first->start;
	}
	return true;
}
