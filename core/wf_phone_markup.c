/*-------------------------------------------------------------------------
 *
 * wf_phone_markup.c
 *	  Pictures in front of numbers, which are known by names in the markup.
 *
 *-------------------------------------------------------------------------
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE				/* memrchr */
#endif

#include "wf_phone_int.h"

#include "wf_text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define MAX_TAGS		8		/* between a picture and its number */
#define MAX_TAG			300		/* bytes of one that is looked at */

/*
 * What a word of a name says: "fa-phone", "bi-telephone-fill", "tel.svg".  Words that are of
 * a page's design, too ("mobile-menu", "call-to-action"), count only behind that of an icon.
 */
static WfLabel
word_label(WfSlice word, WfSlice previous)
{
	static const WfSlice phones[] = {
		{"phone", 5}, {"tel", 3}, {"telephone", 9}, {"telefon", 7}, {"telefono", 8}, {"fone", 4},
		{"telefone", 8}, {"cellphone", 9}, {"smartphone", 10}, {"whatsapp", 8}, {"handset", 7}
	};
	static const WfSlice others[] = {
		{"mobile", 6}, {"cell", 4}, {"call", 4}, {"calling", 7}
	};
	static const WfSlice icons[] = {
		{"fa", 2}, {"icon", 4}, {"icons", 5}, {"bi", 2}, {"ti", 2}, {"ri", 2}, {"la", 2},
		{"mdi", 3}, {"flaticon", 8}, {"lni", 3}, {"icofont", 7}, {"uil", 3}, {"bx", 2}, {"bxs", 3},
		{"ion", 3}, {"dashicons", 9}, {"lnr", 3}, {"fi", 2}, {"pe", 2}
	};

	if (word.len < 3)
		return WF_LABEL_NONE;
	if (wf_text_equal_nocase(word, WF_SLICE("fax")))
		return WF_LABEL_FAX;
	if (wf_text_is_one_of(word, phones, COUNT(phones)) ||
		(wf_text_is_one_of(word, others, COUNT(others)) &&
		 wf_text_is_one_of(previous, icons, COUNT(icons))))
		return WF_LABEL_PHONE;
	return WF_LABEL_NONE;
}

/* What the words of a tag's attributes say. */
static WfLabel
tag_label(WfSlice tag)
{
	WfLabel		label = WF_LABEL_NONE;
	WfSlice		previous = WF_SLICE_EMPTY;
	size_t		i = 0;

	while (i < tag.len && !wf_is_space(tag.data[i]))
		i++;
	while (i < tag.len && label != WF_LABEL_FAX)
	{
		WfSlice		word;
		size_t		start;
		WfLabel		found;

		while (i < tag.len && !wf_is_alpha(tag.data[i]))
			i++;
		start = i;
		while (i < tag.len && wf_is_alpha(tag.data[i]))
			i++;
		word = (WfSlice) {tag.data + start, i - start};
		found = word_label(word, previous);
		if (found != WF_LABEL_NONE)
			label = found;
		previous = word;
	}
	return label;
}

/* Without spaces at its end. */
static WfSlice
trim_end(WfSlice markup)
{
	for (;;)
	{
		if (markup.len > 0 && wf_is_space(markup.data[markup.len - 1]))
			markup.len--;
		else if (markup.len >= 6 && memcmp(markup.data + markup.len - 6, "&nbsp;", 6) == 0)
			markup.len -= 6;
		else
			return markup;
	}
}

WfLabel
wf_markup_label(WfSlice markup)
{
	int			i;

	for (i = 0; i < MAX_TAGS; i++)
	{
		const char *open;
		WfSlice		tag;
		WfLabel		label;

		markup = trim_end(markup);
		if (markup.len < 3 || markup.data[markup.len - 1] != '>')
			return WF_LABEL_NONE;
		open = memrchr(markup.data, '<', markup.len);
		if (open == NULL || markup.data + markup.len - open > MAX_TAG)
			return WF_LABEL_NONE;
		tag = (WfSlice) {open + 1, markup.data + markup.len - open - 2};
		label = tag.data[0] == '/' || tag.data[0] == '!' ? WF_LABEL_NONE : tag_label(tag);
		if (label != WF_LABEL_NONE)
			return label;
		markup.len = open - markup.data;
	}
	return WF_LABEL_NONE;
}
