/*-------------------------------------------------------------------------
 *
 * wf_person_agree.c
 *	  Does a name agree with the local part of an address?
 *
 *-------------------------------------------------------------------------
 */
#include "wf_person_int.h"

void
wf_person_set_local(WfPersonLocal *local, WfSlice text)
{
	size_t		i;

	size_t		last = text.len;

	while (last > 0 && strchr("._-", text.data[last - 1]) == NULL)
		last--;
	local->split = wf_person_fold((WfSlice) {text.data, last}, false, local->bytes).len;
	local->letters = wf_person_fold(text, false, local->bytes);
	local->mask = 0;
	for (i = 0; i < local->letters.len; i++)
		local->mask |= UINT32_C(1) << (local->bytes[i] - 'a');
}

/* Cheap: are all ASCII letters of the word in the local part? */
static bool
may_be_part(const WfPersonLocal *local, WfSlice word)
{
	size_t		i;

	for (i = 0; i < word.len; i++)
	{
		if (wf_is_alpha(word.data[i]) &&
			(local->mask >> (wf_lower_char(word.data[i]) - 'a') & 1) == 0)
			return false;
	}
	return true;
}

static bool
is_part(const WfPersonLocal *local, WfSlice word)
{
	char		buffer[WF_PERSON_FOLDED];
	int			other;

	if (!may_be_part(local, word))
		return false;
	for (other = 0; other < 2; other++)
	{
		WfSlice		folded = wf_person_fold(word, other, buffer);

		if (folded.len >= 2 && wf_person_contains(local->letters, folded))
			return true;
	}
	return false;
}

bool
wf_person_is_clue(const WfPersonLocal *local, WfSlice word)
{
	const char *dash = memchr(word.data, '-', word.len);
	WfSlice		half = word;

	if (dash == NULL)
		return is_part(local, word);
	half.len = dash - word.data;
	wf_advance(&word, half.len + 1);
	return is_part(local, half) || is_part(local, word);
}

/* How first and last agree with the letters of the local part. */
static WfAgreement
compare_names(WfSlice letters, WfSlice first, WfSlice last, size_t between)
{
	if (first.len == 0 || last.len == 0)
		return WF_AGREES_NOT;
	if (first.len >= 2 && last.len >= 2 && wf_person_contains(letters, first) &&
		wf_person_contains(letters, last) &&
		letters.len >= first.len + last.len && letters.len <= first.len + last.len + between + 1)
		return WF_AGREES_JOINED;
	if (last.len >= 3 && letters.len > last.len && letters.len <= last.len + 3)
	{
		WfSlice		rest = letters;

		/* jsmith, jwsmith, smithj */
		if (letters.data[0] == first.data[0] && wf_text_equal((WfSlice)
			{letters.data + letters.len - last.len, last.len}, last))
			return WF_AGREES;
		wf_advance(&rest, last.len);
		if (wf_person_begins(letters, last) && rest.data[0] == first.data[0])
			return WF_AGREES;
	}
	if (first.len >= 3 && letters.len == first.len + 1 && wf_person_begins(letters, first) &&
		letters.data[first.len] == last.data[0])
		return WF_AGREES_JOINED;
	if ((last.len >= 4 && wf_text_equal(letters, last)) ||
		(first.len >= 3 && wf_text_equal(letters, first)))
		return WF_AGREES_IN_PART;
	return WF_AGREES_NOT;
}

/* Does the local part consist of the first letters of all words? */
static bool
are_initials(WfSlice text, WfSlice letters, const WfPersonWord *words, int count)
{
	int			i;

	if (letters.len != (size_t) count || letters.len > WF_PERSON_INITIALS)
		return false;
	for (i = 0; i < count; i++)
	{
		char		first[WF_PERSON_FOLDED];

		if (wf_person_fold(wf_person_slice(text, &words[i]), false, first).len == 0 ||
			first[0] != letters.data[i])
			return false;
	}
	return true;
}

/*
 * The best agreement of the last name in its forms: "van der Berg" as one word,
 * and both halves of "Weber-Lang".
 */
static WfAgreement
compare_forms(WfSlice text, WfSlice letters, WfSlice first, const WfPersonWord *words, int count,
			  bool other, size_t between)
{
	char		buffer[WF_PERSON_FOLDED];
	WfSlice		last = wf_person_slice(text, &words[count - 1]);
	const char *dash = memchr(last.data, '-', last.len);
	WfAgreement	best = compare_names(letters, first, wf_person_fold(last, other, buffer), between);
	WfAgreement	a;
	int			from = count - 1;

	while (from > 1 && words[from - 1].is_particle)
		from--;
	if (from < count - 1)
	{
		WfSlice		whole = {text.data + words[from].start,
							 words[count - 1].end - words[from].start};

		a = compare_names(letters, first, wf_person_fold(whole, other, buffer), between);
		best = a > best ? a : best;
	}
	if (dash != NULL)
	{
		WfSlice		half = {last.data, dash - last.data};

		a = compare_names(letters, first, wf_person_fold(half, other, buffer), between);
		best = a > best ? a : best;
		wf_advance(&last, half.len + 1);
		a = compare_names(letters, first, wf_person_fold(last, other, buffer), between);
		best = a > best ? a : best;
	}
	return best;
}

/* Short forms that begin with another letter than the name. */
static bool
is_short_form(WfSlice a, WfSlice b)
{
	static const struct
	{
		const char *form;
		const char *name;
	}			forms[] = {
		{"bob", "robert"}, {"bill", "william"}, {"will", "bill"}, {"dick", "richard"},
		{"ted", "edward"}, {"ned", "edward"}, {"jack", "john"}, {"hank", "henry"},
		{"peggy", "margaret"}, {"liz", "elizabeth"}, {"betty", "elizabeth"}, {"beth", "elizabeth"},
		{"tony", "anthony"}, {"sandy", "alexander"}, {"sasha", "alexander"}, {"drew", "andrew"},
		{"hans", "johannes"}, {"sepp", "josef"}, {"paco", "francisco"}, {"pepe", "jose"},
		{"nacho", "ignacio"}, {"gino", "luigi"}, {"beppe", "giuseppe"}, {"gosia", "malgorzata"}
	};
	size_t		i;

	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
	{
		WfSlice		form = {forms[i].form, strlen(forms[i].form)};
		WfSlice		name = {forms[i].name, strlen(forms[i].name)};

		if ((wf_text_equal(a, form) && wf_text_equal(b, name)) ||
			(wf_text_equal(a, name) && wf_text_equal(b, form)))
			return true;
	}
	return false;
}

/* "Bob Example" or "R. Example" beside robert.example@ */
static bool
agrees_in_parts(const WfPersonLocal *local, WfSlice first, WfSlice last)
{
	WfSlice		head = {local->letters.data, local->split};
	WfSlice		tail = {local->letters.data + local->split, local->letters.len - local->split};

	return head.len >= 2 && last.len >= 3 && first.len > 0 && wf_text_equal(tail, last) &&
		(first.data[0] == head.data[0] || is_short_form(first, head));
}

WfAgreement
wf_person_compare(WfSlice text, const WfPersonLocal *local, const WfPersonWord *words, int count)
{
	WfSlice		letters = local->letters;
	char		first_letters[WF_PERSON_FOLDED];
	char		last_letters[WF_PERSON_FOLDED];
	WfAgreement	best = are_initials(text, letters, words, count) ?
		WF_AGREES_IN_PART : WF_AGREES_NOT;
	size_t		between = 0;
	int			other;
	int			i;

	for (i = 1; i + 1 < count; i++)
		between += words[i].end - words[i].start;
	/* both spellings */
	for (other = 0; other < 2; other++)
	{
		WfSlice		first = wf_person_fold(wf_person_slice(text, &words[0]), other, first_letters);
		WfAgreement	a = compare_forms(text, letters, first, words, count, other, between);

		if (a > best)
			best = a;
		if (best == WF_AGREES_NOT &&
			agrees_in_parts(local, first, wf_person_fold(wf_person_slice(text, &words[count - 1]),
														 other, last_letters)))
			best = WF_AGREES_IN_PART;
	}
	return best;
}
