/*-------------------------------------------------------------------------
 *
 * wf_person_words.c
 *	  Words around an address, and what is known of them.
 *
 *-------------------------------------------------------------------------
 */
#include "wf_person_int.h"

#include "wf_person_words.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

WfSlice
wf_person_fold(WfSlice word, bool german, char *out)
{
	const char *p = word.data;
	const char *end = p + word.len;
	WfSlice		folded = {out, 0};

	while (p < end && folded.len + 2 <= WF_PERSON_FOLDED)
	{
		uint32_t	cp;
		char		letter;

		if ((signed char) *p >= 0)
		{
			letter = wf_lower_char(*p++);
			if (wf_is_alpha(letter))
				out[folded.len++] = letter;
			continue;
		}
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

/* Is the word, in any case, in the table, which is in order? */
static bool
is_in_table(WfSlice word, const WfSlice *table, size_t count)
{
	char		lower[WF_PERSON_FOLDED];
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

size_t
wf_person_word_end(WfSlice text, size_t i, size_t limit)
{
	while (i < limit)
	{
		char		c = text.data[i];

		if (wf_is_alpha(c))
			i++;
		else if (wf_person_is_mark(text, i, limit))
			break;
		else if (wf_person_is_letter(c))
			i++;
		else if ((c == '-' || c == '\'' || c == '.') && i + 1 < limit &&
				 wf_person_is_letter(text.data[i + 1]))
			i++;
		else
			break;
	}
	/* the dot of an initial or an abbreviation */
	return i < limit && text.data[i] == '.' ? i + 1 : i;
}

bool
wf_person_contains(WfSlice text, WfSlice part)
{
	size_t		i;

	for (i = 0; i + part.len <= text.len; i++)
	{
		if (memcmp(text.data + i, part.data, part.len) == 0)
			return true;
	}
	return false;
}

bool
wf_person_is_in(WfSlice word, WfPersonWords table)
{
	static const struct
	{
		const WfSlice *words;
		size_t		count;
	}			tables[] = {
		[WF_WORDS_PARTICLES] = {particles, COUNT(particles)},
		[WF_WORDS_HONORIFICS] = {honorifics, COUNT(honorifics)},
		[WF_WORDS_LABELS] = {labels, COUNT(labels)},
		[WF_WORDS_TITLES] = {title_words, COUNT(title_words)},
		[WF_WORDS_GIVEN_NAMES] = {given_names, COUNT(given_names)},
		[WF_WORDS_OFFICES] = {offices, COUNT(offices)},
		[WF_WORDS_INTRODUCTIONS] = {introductions, COUNT(introductions)}
	};

	return is_in_table(word, tables[table].words, tables[table].count);
}
