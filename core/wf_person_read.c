/*-------------------------------------------------------------------------
 *
 * wf_person_read.c
 *	  The words of a text, and which of them may be of a name.
 *
 * The tables of words are looked into only where a name is likely: that is most of
 * what the search for a person costs.
 *
 *-------------------------------------------------------------------------
 */
#include "wf_person_int.h"

#define LINE_DIGITS		1		/* of a line that does not count */
#define MAX_PARTICLE	5		/* bytes of the longest of them */
#define MAX_HONORIFIC	10

static bool
is_capital(WfSlice word)
{
	uint32_t	cp = (unsigned char) word.data[0];

	if (cp >= 0x80)
		wf_text_decode(word.data, word.data + word.len, &cp);
	return wf_person_is_capital(cp);
}

/* "J.R." */
static bool
is_initials(WfSlice word)
{
	size_t		i;

	for (i = 0; i + 1 < word.len; i += 2)
	{
		if (word.data[i] < 'A' || word.data[i] > 'Z' || word.data[i + 1] != '.')
			return false;
	}
	return word.len >= 4 && word.len % 2 == 0;
}

bool
wf_person_is_honorific(WfSlice word)
{
	return word.len <= MAX_HONORIFIC && wf_person_is_in(word, WF_WORDS_HONORIFICS);
}

bool
wf_person_is_number_line(WfSlice text, size_t from, size_t to)
{
	int			digits = 0;

	for (; from < to && text.data[from] != '\n'; from++)
		digits += wf_is_digit(text.data[from]);
	return from < to && digits >= LINE_DIGITS;
}

int
wf_person_read(WfSlice text, size_t from, size_t to, int line, WfPersonWord *words, int room)
{
	size_t		last = from;
	int			count = 0;
	size_t		i = from;

	while (i < to && count < room)
	{
		WfPersonWord *w = &words[count];
		WfSlice		word;
		bool		has_dot;

		if (text.data[i] == '\n' && !(line < 0 && wf_person_is_number_line(text, i + 1, to)))
			line++;
		if (!wf_person_is_letter(text.data[i]) || wf_person_is_mark(text, i, to))
		{
			/* U+0080 to U+00BF are no letters */
			i += wf_person_is_mark(text, i, to) ? 3 : (unsigned char) text.data[i] == 0xC2 ? 2 : 1;
			continue;
		}
		memset(w, 0, sizeof(*w));
		w->start = i;
		w->end = i = wf_person_word_end(text, i, to);
		w->line = line;
		word = wf_person_slice(text, w);
		has_dot = word.data[word.len - 1] == '.';
		w->is_capital = is_capital(word);
		w->is_initial = w->is_capital && word.len - has_dot == 1;
		w->is_initials = w->is_capital && is_initials(word);
		w->is_joined = w->start == last + 1 && text.data[last] == ' ';
		/* "Smith." ends a sentence; "J." and "Dr." do not */
		if (has_dot && !w->is_initial && !w->is_initials && !wf_person_is_honorific(word))
			w->end--;
		last = w->end;
		count++;
	}
	return count;
}

/* Is it in capital letters? */
static bool
is_loud(WfSlice word)
{
	const char *p = word.data;
	const char *end = p + word.len;

	while (p < end)
	{
		uint32_t	cp;

		p += wf_text_decode(p, end, &cp);
		if ((cp >= 'a' && cp <= 'z') || (cp >= 0x80 && cp != 0x2019 && !wf_person_is_capital(cp)))
			return false;
	}
	return word.len > 2;
}

void
wf_person_classify(WfSlice text, WfPersonWord *words, int count)
{
	bool		in_name = false;	/* may the word in front be of a name? */
	int			i;

	for (i = 0; i < count; i++)
	{
		WfPersonWord *w = &words[i];
		WfSlice		word = wf_person_slice(text, w);

		in_name = in_name && w->is_joined;
		w->is_particle = (in_name || w->is_capital) && word.len <= MAX_PARTICLE &&
			wf_person_is_in(word, WF_WORDS_PARTICLES);
		in_name = w->is_capital || (in_name && w->is_particle);
	}
	for (i = 0; i < count; i++)
	{
		WfPersonWord *w = &words[i];
		bool		is_followed = i + 1 < count && w[1].is_joined;
		bool		goes_on = is_followed && (w[1].is_capital || w[1].is_particle);
		WfSlice		word = wf_person_slice(text, w);

		/* the "M." of "Anna M. Example" is none */
		if ((w->is_capital ? goes_on || w->is_joined : is_followed && w[1].is_capital) &&
			!(w->is_initial && w->is_joined && i > 0 && w[-1].is_capital))
			w->is_honorific = wf_person_is_honorific(word);
		/* behind one that is known it tells nothing */
		w->is_given = w->is_capital &&
			(goes_on || (w->is_joined && i > 0 && w[-1].is_capital && !w[-1].is_given)) &&
			wf_person_is_given_name(word);
	}
}

void
wf_person_find_labels(WfSlice text, WfPersonWord *words, int count)
{
	int			i;

	for (i = 0; i < count; i++)
	{
		WfPersonWord *w = &words[i];
		WfSlice		word = wf_person_slice(text, w);

		if (!w->is_capital)
			continue;
		w->is_label = wf_person_is_in(word, WF_WORDS_LABELS) ||
			wf_person_is_in(word, WF_WORDS_TITLES);
		w->is_loud = !w->is_initials && is_loud(word);
	}
}
