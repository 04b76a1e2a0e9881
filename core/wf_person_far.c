/*-------------------------------------------------------------------------
 *
 * wf_person_far.c
 *	  The name of an address that stands far from it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE				/* memmem */
#endif

#include "wf_person.h"

#include <string.h>

#include "wf_person_int.h"

/* The place of "Anna Example" in a text, as whole words; NULL: none. */
static const char *
find_words(WfSlice text, WfSlice words)
{
	const char *end = text.data + text.len;
	const char *p = text.data;

	while ((p = memmem(p, end - p, words.data, words.len)) != NULL)
	{
		const char *behind = p + words.len;

		if ((p == text.data || !wf_person_is_letter(p[-1])) &&
			(behind == end || !wf_person_is_letter(*behind)) &&
			!(end - behind > 1 && *behind == ' ' &&
			  wf_person_is_institution(text, behind + 1 - text.data)))
			return p;
		p = behind;
	}
	return NULL;
}

/*
 * "Anna Example" of "anna.example" in name, which has room for it, or "Anna" of "anna".  Returns
 * the length of the given name; 0: it is none.
 */
static size_t
spell_name(WfSlice local, char *name)
{
	size_t		split = 0;
	size_t		i;

	if (local.len >= WF_PERSON_FOLDED)
		return 0;
	for (i = 0; i < local.len; i++)
	{
		name[i] = local.data[i];
		if (strchr("._", name[i]) != NULL && split == 0)
			name[split = i] = ' ';
		else if (name[i] < 'a' || name[i] > 'z')
			return 0;
	}
	if (split == 0)
		split = local.len;
	else if (local.len - split < 4)
		return 0;
	else
		name[split + 1] -= 'a' - 'A';
	if (split < 3)
		return 0;
	name[0] -= 'a' - 'A';
	return wf_person_is_given_name((WfSlice) {name, split}) ? split : 0;
}

/* Does "By", in one of some languages, begin the line of the name at "at"? */
static bool
is_behind_by(WfSlice text, size_t at)
{
	static const WfSlice marks[] = {
		{"\nBy ", 4}, {"\nby ", 4}, {"\nVon ", 5}, {"\nPar ", 5}, {"\nPor ", 5}, {"\nDi ", 4},
		{"\nDoor ", 6}, {"\nAf ", 4}, {"\nAv ", 4}
	};
	size_t		i;

	for (i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
	{
		if (at >= marks[i].len &&
			memcmp(text.data + at - marks[i].len, marks[i].data, marks[i].len) == 0)
			return true;
	}
	return false;
}

/* The names of the line that begins "By Anna", without "By". */
static WfSlice
find_byline(WfSlice text, WfSlice given)
{
	WfSlice		rest = text;
	const char *found;

	while ((found = find_words(rest, given)) != NULL)
	{
		WfSlice		name = {found, 0};

		wf_advance(&rest, found + given.len - rest.data);
		if (!is_behind_by(text, found - text.data))
			continue;
		while (found + name.len < text.data + text.len &&
			   strchr("\n,|", found[name.len]) == NULL)
			name.len++;
		name = wf_text_trim(name);
		return wf_person_is_name(name) ? name : WF_SLICE_EMPTY;
	}
	return WF_SLICE_EMPTY;
}

bool
wf_person_find_far(WfSlice text, WfSlice local, WfPerson *person)
{
	char		spelt[WF_PERSON_FOLDED];
	size_t		given = spell_name(local, spelt);
	WfSlice		name = {spelt, local.len};

	if (given == 0 || (given < name.len && !wf_person_is_name(name)))
		return false;
	if (given == name.len)
		name = find_byline(text, name);
	else
		name.data = find_words(text, name);
	if (name.data == NULL || name.len == 0)
		return false;
	person->name = name;
	person->is_guess = false;
	person->given = WF_SLICE_EMPTY;
	person->job_title = wf_person_find_title(text, name.data - text.data,
											 name.data - text.data + name.len, text.len);
	return true;
}
