/*-------------------------------------------------------------------------
 *
 * wf_person_title.c
 *	  The job title of a person, or the role, beside the name.
 *
 *-------------------------------------------------------------------------
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE				/* memmem, memrchr */
#endif

#include "wf_person.h"

#include <string.h>

#include "wf_person_int.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define MAX_TITLE		80		/* bytes of a job title */
#define MAX_ABOVE		40		/* of one in the line above the name */
#define MIN_ROLE		4		/* letters of a local part that names one */

bool
wf_person_ends_in_title(WfSlice word)
{
	static const WfSlice endings[] = {
		{"leiter", 6}, {"leiterin", 8}, {"beauftragte", 11}, {"beauftragter", 12}, {"berater", 7},
		{"beraterin", 9}, {"manager", 7}, {"managerin", 9}, {"referent", 8}, {"referentin", 10},
		{"redakteur", 9}, {"redakteurin", 11}, {"ingenieur", 9}, {"ingenieurin", 11},
		{"assistent", 9}, {"assistentin", 11}, {"direktor", 8}, {"direktorin", 10},
		{"direkt\xC3\xB8r", 9}, {"direkt\xC3\xB6r", 9},
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

		if (!wf_person_is_letter(line.data[i]) || wf_person_is_mark(line, i, line.len))
		{
			i += wf_person_is_mark(line, i, line.len) ? 3 : 1;
			continue;
		}
		end = wf_person_word_end(line, i, line.len);
		if (line.data[end - 1] == '.')
			end--;
		word = (WfSlice) {line.data + i, end - i};
		if (wf_person_is_in(word, WF_WORDS_TITLES) || wf_person_ends_in_title(word))
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
							 wf_person_is_mark(title, 0, title.len)))
		wf_advance(&title, wf_person_is_mark(title, 0, title.len) ? 3 : 1);
	while (title.len > 0 && (strchr(" ,:;|-/\t\n(", title.data[title.len - 1]) != NULL ||
							 (title.len > 3 && wf_person_is_mark(title, title.len - 3, title.len))))
		title.len -= title.len > 3 && wf_person_is_mark(title, title.len - 3, title.len) ? 3 : 1;
	/* the ')' of "Name (Title)" */
	if (title.len > 0 && title.data[title.len - 1] == ')' &&
		memchr(title.data, '(', title.len) == NULL)
		title.len--;
	return title;
}

/* What of the text in front of a name is the title: not "represented by the", not "Dr.". */
static WfSlice
title_in_front(WfSlice text)
{
	static const WfSlice articles[] = {
		{" durch den ", 11}, {" durch die ", 11}, {" durch ", 7}, {" by the ", 8}, {" par le ", 8},
		{" par la ", 8}, {" door de ", 9}
	};
	const char *colon;
	size_t		i;

	text = trim_title(text);
	for (i = 0; text.len > 0 && i < COUNT(articles); i++)
	{
		const char *found = memmem(text.data, text.len, articles[i].data, articles[i].len);

		if (found != NULL)
			wf_advance(&text, found + articles[i].len - text.data);
	}
	for (;;)
	{
		const char *space = memrchr(text.data, ' ', text.len);
		size_t		begin = space != NULL ? (size_t) (space + 1 - text.data) : 0;
		WfSlice		word = {text.data + begin, text.len - begin};

		if (word.len == 0 || !(wf_person_is_in(word, WF_WORDS_HONORIFICS) ||
							   wf_text_equal_nocase(word, WF_SLICE("med.")) ||
							   wf_text_equal_nocase(word, WF_SLICE("jur."))))
			break;
		text = trim_title((WfSlice) {text.data, begin});
	}
	/* "Questions: City Clerk" */
	colon = memrchr(text.data, ':', text.len);
	if (colon != NULL)
		wf_advance(&text, colon + 1 - text.data);
	return trim_title(text);
}

/* Is it said of somebody, and not what stands beside a name? */
static bool
is_sentence(WfSlice text)
{
	static const WfSlice verbs[] = {
		{" is ", 4}, {" was ", 5}, {" are ", 5}, {" has ", 5}, {" ist ", 5}, {" est ", 5},
		{"Click ", 6}, {" your ", 6},
		{"\xC2\xA9", 2}
	};
	size_t		i;

	for (i = 0; i < COUNT(verbs); i++)
	{
		if (wf_person_contains(text, verbs[i]))
			return true;
	}
	return wf_person_begins(text, (WfSlice) {verbs[0].data + 1, 3});
}

/* "1. Vorsitzender", "2nd Vice President", "1er adjoint": what is behind the number. */
static WfSlice
without_ordinal(WfSlice title)
{
	static const WfSlice endings[] = {
		{".", 1}, {"st ", 3}, {"nd ", 3}, {"rd ", 3}, {"th ", 3}, {"er ", 3}, {"e ", 2},
		{"re ", 3}, {"\xC3\xA8re ", 5}, {"\xC3\xA8me ", 5}, {"\xC2\xBA ", 3}, {"\xC2\xAA ", 3},
		{"\xC2\xB0 ", 3}
	};
	WfSlice		rest = title;
	size_t		i;

	if (title.len < 3 || !wf_is_digit(title.data[0]))
		return title;
	wf_advance(&rest, 1);
	for (i = 0; i < COUNT(endings); i++)
	{
		if (wf_person_begins(rest, endings[i]))
		{
			wf_advance(&rest, endings[i].len);
			return rest;
		}
	}
	return title;
}

static bool
is_title(WfSlice title)
{
	size_t		i;

	title = without_ordinal(title);
	if (title.len < 2 || title.len > MAX_TITLE)
		return false;
	for (i = 0; i < title.len; i++)
	{
		if (title.data[i] == '@' || title.data[i] == ':' || wf_is_digit(title.data[i]))
			return false;
	}
	return !is_sentence(title) && has_title_word(title);
}

bool
wf_person_is_job_title(WfSlice text)
{
	return text.len > 0 && text.len <= MAX_ABOVE && is_title(text);
}

/* The line around "at", without its ends. */
static void
find_line(WfSlice text, size_t at, size_t *from, size_t *to)
{
	size_t		limit = at > WF_PERSON_BEFORE ? at - WF_PERSON_BEFORE : 0;

	*from = at;
	while (*from > limit && text.data[*from - 1] != '\n')
		--*from;
	limit = text.len - at > WF_PERSON_BEHIND ? at + WF_PERSON_BEHIND : text.len;
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
	size_t		from;
	size_t		to;
	WfSlice		word;

	find_line(text, end, &from, &to);
	word = (WfSlice) {text.data + from, wf_person_word_end(text, from, to) - from};
	return word.len > 0 && wf_person_is_given_name(word);
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
	if (!is_title(title) || title.len > MAX_ABOVE ||
		(start > 0 && begins_with_name(text, start - 1)))
		return WF_SLICE_EMPTY;
	return title;
}

/* Behind a name: what follows "PhD, MBA". */
static WfSlice
without_credentials(WfSlice text)
{
	for (;;)
	{
		WfSlice		rest = trim_title(text);
		WfSlice		word = rest;

		if (rest.len == 0 || !wf_person_is_letter(rest.data[0]))
			return rest;
		word.len = wf_person_word_end(rest, 0, rest.len);
		if (word.len == 0 || !wf_person_is_in(word, WF_WORDS_CREDENTIALS))
			return rest;
		wf_advance(&rest, word.len);
		text = rest;
	}
}

/* "Coach Email View Bio": without the words of the links behind it in its line. */
static WfSlice
without_links(WfSlice title)
{
	static const WfSlice words[] = {
		{" Bio", 4}, {" Download", 9}, {" E-Mail", 7}, {" E-mail", 7}, {" Email", 6}, {" Phone", 6},
		{" Profile", 8}, {" Read ", 6}, {" Send ", 6}, {" Tel", 4}, {" Telefon", 8}, {" View ", 6}
	};
	size_t		i;

	for (i = 0; i < COUNT(words); i++)
	{
		const char *found = memmem(title.data, title.len, words[i].data, words[i].len);
		WfSlice		head = {title.data, found != NULL ? (size_t) (found - title.data) : 0};
		WfSlice		rest = title;

		wf_advance(&rest, head.len);
		if (head.len > 0 && !has_title_word(rest) &&
			(rest.len == words[i].len || strchr(" :.", rest.data[words[i].len]) != NULL ||
			 words[i].data[words[i].len - 1] == ' ') && is_title(trim_title(head)))
			title = head;
	}
	return title;
}

/* "Position", of a table in which each line has what the next one says. */
static bool
is_title_label(WfSlice line)
{
	static const WfSlice labels[] = {
		{"position", 8}, {"title", 5}, {"job title", 9}, {"role", 4}, {"funktion", 8}, {"titel", 5},
		{"fonction", 8}, {"functie", 7}, {"funzione", 8}, {"ruolo", 5}, {"cargo", 5}, {"puesto", 6},
		{"fun\xC3\xA7\xC3\xA3o", 8}, {"befattning", 10}, {"stilling", 8}, {"teht\xC3\xA4v\xC3\xA4", 9},
		{"stanowisko", 10}, {"funkcja", 7}, {"funkce", 6}, {"beoszt\xC3\xA1s", 9}, {"amt", 3},
		{"g\xC3\xB6rev", 6}, {"designation", 11}
	};

	return wf_text_is_one_of(line, labels, COUNT(labels));
}

/* The line behind the one that ends at "end", if that is such a label. */
static WfSlice
labelled_title(WfSlice text, size_t start, size_t end)
{
	WfSlice		label = trim_title((WfSlice) {text.data + start, end - start});
	WfSlice		title;
	size_t		from;
	size_t		to;

	if (end + 1 >= text.len || !is_title_label(label))
		return WF_SLICE_EMPTY;
	find_line(text, end + 1, &from, &to);
	title = trim_title((WfSlice) {text.data + from, to - from});
	return title.len > 0 && title.len <= MAX_ABOVE && memchr(title.data, '@', title.len) == NULL &&
		(wf_person_is_capital((unsigned char) title.data[0]) || is_title(title)) ?
		title : WF_SLICE_EMPTY;
}

/* "Surgeon - licence 4711": up to what has a number in it. */
static WfSlice
without_number(WfSlice title)
{
	static const WfSlice marks[] = {
		{" - ", 3}, {" \xE2\x80\x93 ", 5}, {" (", 2}, {", ", 2}, {" | ", 3}, {" \xC2\xB7 ", 4}
	};
	size_t		digit;
	size_t		i;

	for (digit = 0; digit < title.len && !wf_is_digit(title.data[digit]); digit++)
		;
	for (i = 0; digit > 1 && digit < title.len && i < COUNT(marks); i++)
	{
		const char *found = memmem(title.data, digit, marks[i].data, marks[i].len);

		if (found != NULL)
			return (WfSlice) {title.data, found - title.data};
	}
	return title;
}

WfSlice
wf_person_find_title(WfSlice text, size_t name_start, size_t name_end, size_t address)
{
	WfSlice		title;
	size_t		from;
	size_t		to;
	size_t		begin;
	bool		is_first;		/* but for "Dr." */
	size_t		i;

	find_line(text, name_start, &begin, &to);
	if (to < name_end)
		return WF_SLICE_EMPTY;
	title = without_credentials((WfSlice) {text.data + name_end,
								cut_at(name_end, to, address) - name_end});
	/* up to what else the line has */
	for (i = 1; i < title.len; i++)
	{
		if (strchr("|;", title.data[i]) != NULL)
			title.len = i;
	}
	title = trim_title(without_links(title));
	if (is_title(title))
		return title;
	title = title_in_front((WfSlice) {text.data + begin, name_start - begin});
	if (is_title(title))
		return title;
	is_first = title.len == 0;
	if (to + 1 < text.len)
	{
		find_line(text, to + 1, &from, &to);
		title = (WfSlice) {text.data + from, cut_at(from, to, address) - from};
		title = trim_title(without_number(without_links(title)));
		if (is_title(title))
			return title;
		title = labelled_title(text, from, to);
		if (title.len > 0)
			return title;
	}
	return is_first ? title_above(text, begin) : WF_SLICE_EMPTY;
}

/*
 * Does a text beside a name say what the local part says: "City Clerk" beside
 * cityclerk@, "Geschäftsführung" beside geschaeftsfuehrung@?
 */
bool
wf_person_is_role(WfSlice title, WfSlice letters)
{
	char		folded[WF_PERSON_FOLDED];
	size_t		i;
	int			other;
	const char *space;
	WfSlice		last;

	if (letters.len < MIN_ROLE || title.len == 0 || title.len > MAX_TITLE)
		return false;
	space = memrchr(title.data, ' ', title.len);
	/* "for press inquiries contact", "Contact" beside contact@ */
	last = space != NULL ? (WfSlice) {space + 1, title.data + title.len - space - 1} : title;
	if (wf_person_is_in(last, WF_WORDS_INTRODUCTIONS))
		return false;
	for (i = 0; i < title.len; i++)
	{
		if (title.data[i] == '@' || wf_is_digit(title.data[i]))
			return false;
	}
	for (other = 0; other < 2; other++)
	{
		if (wf_person_contains(wf_person_fold(title, other, folded), letters))
			return true;
	}
	return false;
}

/* Is the line all that the local part says: "Treasurer" for treasurer@? */
static bool
says_role(WfSlice line, WfSlice letters)
{
	char		folded[WF_PERSON_FOLDED];

	line = trim_title(line);
	return line.len <= MAX_ABOVE && letters.len >= MIN_ROLE &&
		!wf_person_is_in(line, WF_WORDS_INTRODUCTIONS) &&
		(wf_text_equal(wf_person_fold(line, false, folded), letters) ||
		 wf_text_equal(wf_person_fold(line, true, folded), letters));
}

/* Such a line in front of or behind that of a name which has no more in it. */
static WfSlice
find_role_line(WfSlice text, size_t name_start, size_t name_end, WfSlice letters)
{
	size_t		from;
	size_t		to;
	size_t		start;
	size_t		end;

	find_line(text, name_start, &from, &to);
	if (from != name_start || to != name_end)
		return WF_SLICE_EMPTY;
	if (from >= 2)
	{
		find_line(text, from - 1, &start, &end);
		if (says_role((WfSlice) {text.data + start, end - start}, letters))
			return trim_title((WfSlice) {text.data + start, end - start});
	}
	if (to + 1 < text.len)
	{
		find_line(text, to + 1, &start, &end);
		if (says_role((WfSlice) {text.data + start, end - start}, letters))
			return trim_title((WfSlice) {text.data + start, end - start});
	}
	return WF_SLICE_EMPTY;
}

bool
wf_person_is_role_line(WfSlice text, size_t name_start, size_t name_end, WfSlice letters)
{
	return find_role_line(text, name_start, name_end, letters).len > 0;
}

WfSlice
wf_person_find_role(WfSlice text, size_t name_start, size_t name_end, size_t address,
					WfSlice letters)
{
	WfSlice		title;
	size_t		from;
	size_t		to;

	find_line(text, name_start, &from, &to);
	title = trim_title((WfSlice) {text.data + from, name_start - from});
	if (wf_person_is_role(title, letters))
		return title;
	if (address > name_end && address < to)
		to = address;
	if (to < name_end)
		return WF_SLICE_EMPTY;
	title = trim_title((WfSlice) {text.data + name_end, to - name_end});
	if (wf_person_is_role(title, letters))
		return title;
	return find_role_line(text, name_start, name_end, letters);
}
