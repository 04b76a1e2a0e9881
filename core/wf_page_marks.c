/*-------------------------------------------------------------------------
 *
 * wf_page_marks.c
 *	  What the attributes of an element make it in structured data.
 *
 *-------------------------------------------------------------------------
 */
#include "wf_page_card_int.h"

#include <string.h>

#include "wf_text.h"

bool
wf_page_next_word(WfSlice *list, WfSlice *word)
{
	while (list->len > 0 && wf_is_space(list->data[0]))
		wf_advance(list, 1);
	word->data = list->data;
	word->len = 0;
	while (word->len < list->len && !wf_is_space(word->data[word->len]))
		word->len++;
	wf_advance(list, word->len);
	return word->len > 0;
}

static void
add_property(WfPageMarks *marks, WfProperty property, WfFindingSource source)
{
	if (property == WF_PROPERTY_OTHER)
		return;
	if (marks->property == WF_PROPERTY_OTHER)
	{
		marks->property = property;
		if (!marks->is_card)
			marks->source = source;
	}
	/* "tel fax" */
	else if (marks->property == WF_PROPERTY_TELEPHONE && property == WF_PROPERTY_FAX)
		marks->property = property;
	else if (marks->property != WF_PROPERTY_FAX || property != WF_PROPERTY_TELEPHONE)
		marks->other_property = property;
}

static void
begin_card(WfPageMarks *marks, WfFindingSource source)
{
	marks->is_card = true;
	marks->source = source;
}

static void
read_classes(WfPageMarks *marks, WfSlice list)
{
	WfSlice		word;

	while (wf_page_next_word(&list, &word))
	{
		if (wf_text_equal(word, WF_SLICE("vcard")) || wf_text_equal(word, WF_SLICE("h-card")))
		{
			begin_card(marks, WF_SOURCE_HCARD);
			marks->is_person = true;	/* unless its name says otherwise */
			marks->is_address = false;
		}
		else if (wf_text_equal(word, WF_SLICE("adr")) || wf_text_equal(word, WF_SLICE("h-adr")))
		{
			begin_card(marks, WF_SOURCE_HCARD);
			marks->is_address = !marks->is_person;
		}
		else if (wf_text_equal(word, WF_SLICE("include")))
			marks->is_include = true;
		else if (wf_text_equal(word, WF_SLICE("value-title")))
		{
			marks->is_in_title = true;
			add_property(marks, WF_PROPERTY_VALUE, WF_SOURCE_HCARD);
		}
		else
			add_property(marks, wf_property_of_class(word), WF_SOURCE_HCARD);
	}
}

static void
read_types(WfPageMarks *marks, WfSlice list)
{
	WfSlice		word;

	while (wf_page_next_word(&list, &word))
	{
		if (wf_text_equal_nocase(wf_vocabulary_local_name(word), WF_SLICE("Person")))
			marks->is_person = true;
	}
}

static void
read_properties(WfPageMarks *marks, WfSlice list)
{
	WfSlice		word;

	while (wf_page_next_word(&list, &word))
		add_property(marks, wf_property_of_schema(word), WF_SOURCE_MICRODATA);
}

static void
read_attribute(WfPageMarks *marks, const WfHtmlAttribute *attribute)
{
	WfSlice		name = attribute->name;

	switch (name.len > 0 ? wf_lower_char(name.data[0]) : '\0')
	{
		case 'c':
			if (wf_text_equal_nocase(name, WF_SLICE("class")))
				read_classes(marks, attribute->value);
			else if (wf_text_equal_nocase(name, WF_SLICE("content")))
				marks->content = attribute->value;
			break;
		case 'd':
			if (wf_text_equal_nocase(name, WF_SLICE("data")))
				marks->data = attribute->value;
			break;
		case 'v':
			/* RDFa: of all inside */
			if (wf_text_equal_nocase(name, WF_SLICE("vocab")))
				begin_card(marks, WF_SOURCE_MICRODATA);
			else if (wf_text_equal_nocase(name, WF_SLICE("value")))
				marks->value = attribute->value;
			break;
		case 'i':
			if (wf_text_equal_nocase(name, WF_SLICE("itemscope")))
				begin_card(marks, WF_SOURCE_MICRODATA);
			else if (wf_text_equal_nocase(name, WF_SLICE("itemtype")))
				read_types(marks, attribute->value);
			else if (wf_text_equal_nocase(name, WF_SLICE("itemprop")))
				read_properties(marks, attribute->value);
			else if (wf_text_equal_nocase(name, WF_SLICE("itemref")))
				marks->references = attribute->value;
			break;
		case 'p':
			if (wf_text_equal_nocase(name, WF_SLICE("property")))
				read_properties(marks, attribute->value);
			break;
		case 't':
			if (wf_text_equal_nocase(name, WF_SLICE("typeof")))
			{
				begin_card(marks, WF_SOURCE_MICRODATA);
				read_types(marks, attribute->value);
			}
			else if (wf_text_equal_nocase(name, WF_SLICE("title")))
				marks->title = attribute->value;
			break;
	}
}

void
wf_page_read_marks(const WfHtmlToken *token, WfPageMarks *marks)
{
	WfSlice		rest = token->attributes;
	WfHtmlAttribute attribute;

	memset(marks, 0, sizeof(*marks));
	while (wf_html_next_attribute(&rest, &attribute))
		read_attribute(marks, &attribute);
	/* what is said in full where the text is short */
	if (marks->content.len == 0 && marks->source == WF_SOURCE_HCARD &&
		(marks->is_in_title || wf_text_equal_nocase(token->name, WF_SLICE("abbr"))))
		marks->content = marks->title;
	else if (marks->content.len == 0 && wf_text_equal_nocase(token->name, WF_SLICE("data")))
		marks->content = marks->value;
}

bool
wf_page_is_contact_property(WfProperty property)
{
	return property == WF_PROPERTY_EMAIL || property == WF_PROPERTY_TELEPHONE ||
		property == WF_PROPERTY_FAX;
}

bool
wf_page_is_contact_href(WfSlice href)
{
	return wf_text_starts_nocase(href, WF_SLICE("mailto:")) ||
		wf_text_starts_nocase(href, WF_SLICE("tel:"));
}
