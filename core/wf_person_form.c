/*-------------------------------------------------------------------------
 *
 * wf_person_form.c
 *	  Have words the form of a name?
 *
 *-------------------------------------------------------------------------
 */
#include "wf_person.h"

#include <string.h>

#include "wf_person_int.h"

bool
wf_person_has_given_name(const WfPersonWord *words, int count)
{
	int			i;

	for (i = 0; i < count; i++)
	{
		if (words[i].is_given)
			return true;
	}
	return false;
}

bool
wf_person_has_label(const WfPersonWord *words, int count)
{
	int			i;

	for (i = 0; i < count; i++)
	{
		if (words[i].is_label)
			return true;
	}
	return false;
}

bool
wf_person_has_loud(const WfPersonWord *words, int count)
{
	int			i;

	for (i = 0; i < count; i++)
	{
		if (words[i].is_loud)
			return true;
	}
	return false;
}

bool
wf_person_has_form(const WfPersonWord *words, int count)
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
	}
	return true;
}

bool
wf_person_is_name_label(WfSlice word)
{
	static const WfSlice labels[] = {
		{"name", 4}, {"namn", 4}, {"navn", 4}, {"naam", 4}, {"nom", 3}, {"nome", 4}, {"nombre", 6},
		{"nimi", 4}, {"n\xC3\xA9v", 4}, {"nazwisko", 8}, {"nachname", 8}
	};

	return word.len >= 3 && word.len <= 8 && wf_lower_char(word.data[0]) == 'n' &&
		wf_text_is_one_of(word, labels, sizeof(labels) / sizeof(labels[0]));
}

bool
wf_person_qualifies_name(WfSlice word)
{
	static const WfSlice words[] = {
		{"full", 4}, {"contact", 7}, {"und", 3}, {"i", 1}, {"e", 1}, {"y", 1}, {"et", 2}, {"dan", 3}
	};

	return wf_text_is_one_of(word, words, sizeof(words) / sizeof(words[0]));
}

bool
wf_person_is_institution(WfSlice text, size_t start)
{
	WfPersonWord word;

	return wf_person_read(text, start, text.len, 0, &word, 1) == 1 && word.start == start &&
		word.is_capital && wf_person_is_in(wf_person_slice(text, &word), WF_WORDS_INSTITUTIONS);
}

bool
wf_person_is_named_after(WfSlice text, const WfPersonWord *words, int count)
{
	static const WfSlice saints[] = {
		{"saint", 5}, {"sankt", 5}, {"san", 3}, {"santa", 5}, {"santo", 5}, {"st", 2}, {"st.", 3},
		{"s\xC3\xA3o", 4}, {"sv.", 3}, {"szent", 5},
		{"\xC5\x9Bw.", 4}
	};
	size_t		end = words[0].start;
	size_t		from;
	size_t		i;

	/* "Anna Example Hall" */
	if (count > 2 && wf_person_is_institution(text, words[count - 1].start))
		return true;
	if (end < 2 || text.data[end - 1] != ' ')
		return false;
	for (from = --end; from > 0 && strchr(" \n", text.data[from - 1]) == NULL; from--)
		;
	for (i = 0; i < sizeof(saints) / sizeof(saints[0]); i++)
	{
		if (wf_text_equal_nocase((WfSlice) {text.data + from, end - from}, saints[i]))
			return true;
	}
	return false;
}

bool
wf_person_agrees(WfSlice name, WfSlice local)
{
	WfPersonWord words[WF_PERSON_NAME_WORDS];
	WfPersonLocal letters;
	int			count = wf_person_read(name, 0, name.len, 0, words, WF_PERSON_NAME_WORDS);
	bool		is_given;

	if (count < 2)
		return false;
	wf_person_set_local(&letters, local);
	wf_person_classify(name, words, count);
	is_given = words[0].is_given;
	switch (wf_person_compare(name, &letters, words, count))
	{
		case WF_AGREES:
		case WF_AGREES_JOINED:
			return true;
		case WF_AGREES_IN_PART:
			return is_given && letters.letters.len > WF_PERSON_INITIALS;
		default:
			return false;
	}
}

/* Degrees behind a name: "Anna Example, PhD, MBA" */
static bool
are_credentials(WfSlice text)
{
	WfPersonWord words[WF_PERSON_NAME_WORDS];
	int			count = wf_person_read(text, 0, text.len, 0, words, WF_PERSON_NAME_WORDS);
	int			i;

	for (i = 0; i < count; i++)
	{
		if (!wf_person_is_in(wf_person_slice(text, &words[i]), WF_WORDS_CREDENTIALS))
			return false;
	}
	return true;
}

bool
wf_person_read_name(WfSlice text, WfSlice *name, bool *is_known)
{
	WfPersonWord words[WF_PERSON_NAME_WORDS + 3];
	const WfPersonWord *first = words;
	const char *comma;
	WfSlice		rest = text;
	int			count;

	if (text.len == 0 || text.len >= 2 * WF_PERSON_FOLDED)
		return false;
	comma = memchr(text.data, ',', text.len);
	if (comma != NULL)
	{
		wf_advance(&rest, comma - text.data);
		if (!are_credentials(rest))
			return false;
		text.len = comma - text.data;
	}
	count = wf_person_read(text, 0, text.len, 0, words, WF_PERSON_NAME_WORDS + 3);
	while (count > 2 && wf_person_is_honorific(wf_person_slice(text, first)))
	{
		first++;
		count--;
	}
	if (count < 2 || count > WF_PERSON_NAME_WORDS || words[0].start != 0 ||
		first[count - 1].end != text.len)
		return false;
	wf_person_classify(text, words + (first - words), count);
	wf_person_find_labels(text, words + (first - words), count);
	*name = (WfSlice) {text.data + first->start, text.len - first->start};
	*is_known = first->is_given;
	return wf_person_has_form(first, count) &&
		(!wf_person_has_loud(first, count) || wf_person_has_given_name(first, count));
}

bool
wf_person_is_name(WfSlice text)
{
	WfSlice		name;
	bool		is_known;

	return wf_person_read_name(text, &name, &is_known);
}
