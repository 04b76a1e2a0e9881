/*-------------------------------------------------------------------------
 *
 * wf_person_words.c
 *	  Words around an address, and what is known of them.
 *
 *-------------------------------------------------------------------------
 */
#include "wf_person_int.h"

#include "wf_person_names_data.h"
#include "wf_person_words.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The most letters that stand for one of another alphabet. */
#define MAX_LETTERS 4

/* Letters from U+03B1 and from U+0430 on, as they are mostly written in addresses. */
static const char *const greek[] = {
	"a", "v", "g", "d", "e", "z", "i", "th", "i", "k", "l", "m", "n", "x", "o", "p", "r", "s",
	"s", "t", "y", "f", "ch", "ps", "o", "i", "y", "o", "y", "o"
};
static const char *const cyrillic[] = {
	"a", "b", "v", "g", "d", "e", "zh", "z", "i", "y", "k", "l", "m", "n", "o", "p", "r", "s",
	"t", "u", "f", "kh", "ts", "ch", "sh", "shch", "", "y", "", "e", "yu", "ya", "e", "e", "dj",
	"g", "e", "z", "i", "yi", "j", "lj", "nj", "c", "k", "i", "u", "dz"
};

/* The same in other spellings. */
static const struct
{
	uint32_t	cp;
	const char *letters;
}			variants[] = {
	{0xE4, "ae"}, {0xF6, "oe"}, {0xFC, "ue"}, {0xE5, "aa"}, {0xE6, "ae"}, {0xF8, "oe"}, {0x3B7, "h"},
	{0x3C5, "u"}, {0x3CD, "u"}, {0x3C7, "h"}, {0x436, "z"}, {0x439, "i"}, {0x445, "h"},
	{0x446, "c"}, {0x44E, "iu"}, {0x44F, "ia"}
};

/* The small letter of a capital one; its UTF-8 form is as long. */
static uint32_t
lower_letter(uint32_t cp)
{
	if ((cp >= 0xC0 && cp <= 0xDE && cp != 0xD7) || (cp >= 0x391 && cp <= 0x3AB) ||
		(cp >= 0x410 && cp <= 0x42F))
		return cp + 0x20;
	if (cp >= 0x400 && cp <= 0x40F)
		return cp + 0x50;
	if ((cp >= 0x139 && cp <= 0x148) || (cp >= 0x179 && cp <= 0x17E))
		return cp + (cp & 1);
	if ((cp >= 0x100 && cp <= 0x177) || (cp >= 0x218 && cp <= 0x21B) || cp == 0x490)
		return cp | 1;
	switch (cp)
	{
		case 0x386:
			return 0x3AC;
		case 0x388:
		case 0x389:
		case 0x38A:
			return cp + 0x25;
		case 0x38C:
			return 0x3CC;
		case 0x38E:
		case 0x38F:
			return cp + 0x3F;
	}
	return cp;
}

bool
wf_person_is_capital(uint32_t cp)
{
	return (cp >= 'A' && cp <= 'Z') || (cp >= 0x80 && lower_letter(cp) != cp);
}

/* The base letters of a small letter; a single one in "one". */
static const char *
base_letters(uint32_t cp, bool other, char one[2])
{
	size_t		i;

	for (i = 0; other && i < COUNT(variants); i++)
	{
		if (variants[i].cp == cp)
			return variants[i].letters;
	}
	if (cp >= 0x430 && cp < 0x430 + COUNT(cyrillic))
		return cyrillic[cp - 0x430];
	if (cp >= 0x3B1 && cp < 0x3B1 + COUNT(greek))
		return greek[cp - 0x3B1];
	switch (cp)
	{
		case 0xDF:
			return "ss";
		case 0x219:
			return "s";
		case 0x21B:
			return "t";
		case 0x3AC:
			return "a";
		case 0x3AD:
			return "e";
		case 0x3AE:
		case 0x3AF:
			return "i";
		case 0x491:
			return "g";
	}
	one[0] = wf_lower_char(wf_text_base_letter(cp));
	one[1] = '\0';
	return wf_is_alpha(one[0]) ? one : "";
}

WfSlice
wf_person_fold(WfSlice word, bool other, char *out)
{
	const char *p = word.data;
	const char *end = p + word.len;
	WfSlice		folded = {out, 0};

	while (p < end && folded.len + MAX_LETTERS <= WF_PERSON_FOLDED)
	{
		uint32_t	cp;
		const char *letters;
		char		one[2];

		if ((signed char) *p >= 0)
		{
			char		letter = wf_lower_char(*p++);

			if (wf_is_alpha(letter))
				out[folded.len++] = letter;
			continue;
		}
		p += wf_text_decode(p, end, &cp);
		for (letters = base_letters(lower_letter(cp), other, one); *letters != '\0'; letters++)
			out[folded.len++] = *letters;
	}
	return folded;
}

/* The word in small letters, in out, which has room for it. */
static void
lower_word(WfSlice word, char *out)
{
	const char *p = word.data;
	const char *end = p + word.len;

	while (p < end)
	{
		uint32_t	cp;
		int			len = 1;

		if ((signed char) *p >= 0)
			*out = wf_lower_char(*p);
		else
		{
			uint32_t	lower;
			char		bytes[4];

			len = wf_text_decode(p, end, &cp);
			lower = lower_letter(cp);
			/* bytes that are no character stay as they are */
			if (lower != cp && wf_text_encode(lower, bytes) == len)
				memcpy(out, bytes, len);
			else
				memcpy(out, p, len);
		}
		p += len;
		out += len;
	}
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
	lower_word(word, lower);
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

/* The order of a word and the entry of a text of words that begins at "entry". */
static int
compare_entry(WfSlice word, const char *entry)
{
	size_t		i;

	for (i = 0; i < word.len; i++)
	{
		if (word.data[i] != entry[i])
			return entry[i] == ' ' ? 1 : word.data[i] - entry[i];
	}
	return entry[i] == ' ' ? 0 : -1;
}

/* Is the word in a text of words in order, with a space behind each? */
static bool
is_in_text(WfSlice word, WfSlice text)
{
	size_t		low = 0;
	size_t		high = text.len;

	while (low < high)
	{
		size_t		start = (low + high) / 2;
		int			order;

		while (start > low && text.data[start - 1] != ' ')
			start--;
		order = compare_entry(word, text.data + start);
		if (order == 0)
			return true;
		if (order < 0)
			high = start;
		else
		{
			low = start;
			while (text.data[low++] != ' ')
				;
		}
	}
	return false;
}

static bool
is_given(WfSlice word)
{
	char		letters[WF_PERSON_FOLDED];
	WfSlice		folded = wf_person_fold(word, false, letters);

	return folded.len > 1 && is_in_text(folded, given_names[letters[0] - 'a']);
}

bool
wf_person_is_given_name(WfSlice word)
{
	const char *dash = memchr(word.data, '-', word.len);

	if (is_given(word))
		return true;
	if (dash == NULL)
		return false;
	word.len = dash - word.data;
	return is_given(word);
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
		/* the raised letter of an abbreviation, as of "Don" and "Dona" */
		else if ((unsigned char) c == 0xC2 && i + 1 < limit &&
				 ((unsigned char) text.data[i + 1] == 0xAA ||
				  (unsigned char) text.data[i + 1] == 0xBA))
			i += 2;
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
		[WF_WORDS_OFFICES] = {offices, COUNT(offices)},
		[WF_WORDS_INTRODUCTIONS] = {introductions, COUNT(introductions)},
		[WF_WORDS_INSTITUTIONS] = {institutions, COUNT(institutions)},
		[WF_WORDS_CREDENTIALS] = {credentials, COUNT(credentials)}
	};

	return is_in_table(word, tables[table].words, tables[table].count);
}
