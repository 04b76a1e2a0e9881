/*-------------------------------------------------------------------------
 *
 * wf_page_reference.c
 *	  What a card says by reference: the elements that itemref of microdata and
 *	  the include pattern of hCard name, wherever in the page they are.
 *
 * Such an element is read once more, on its own, up to a bound: its properties
 * become those of the card, but for those of other items inside it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE				/* memmem, memrchr */
#endif

#include "wf_page_card_int.h"

#include <string.h>

#include "wf_text.h"

#define PAGE_REFERENCES	16		/* elements looked for in one page: each is a pass over it */
#define MAX_PLACES		8		/* where an id stands, looked at */
#define MAX_ID			64
#define MAX_TAG			512		/* bytes of a tag in front of its id */
#define ELEMENT_BYTES	8192	/* of an element, read */
#define OPEN			6		/* properties inside each other */
#define TEXT_BYTES		2048

typedef struct Open
{
	WfSlice		element;
	int			nested;			/* open elements of that name inside */
	size_t		text_at;
	size_t		position;
	WfPageMarks marks;
} Open;

typedef struct Reader
{
	Extraction *x;
	WfPageCard *card;
	size_t		start;			/* of the element in the page */
	int			count;			/* properties that are open, the first being the element */
	Open		open[OPEN];
	WfSlice		other;			/* the element of another item that is passed over */
	int			other_nested;
	size_t		len;
	char		text[TEXT_BYTES];
} Reader;

static WfStatus
take(Reader *r, const WfPageMarks *marks, WfSlice value, WfSlice text, size_t position)
{
	WfProperty	properties[2] = {marks->property, marks->other_property};
	WfStatus	status = WF_OK;
	int			i;

	if (marks->source != r->card->source)
		return WF_OK;
	for (i = 0; status == WF_OK && i < 2; i++)
	{
		if (properties[i] != WF_PROPERTY_OTHER && properties[i] != WF_PROPERTY_VALUE)
			status = wf_page_take_property(r->x, r->card, properties[i], value, text, position);
	}
	return status;
}

/* The innermost property that is open ends. */
static WfStatus
close_one(Reader *r)
{
	const Open *open = &r->open[--r->count];
	WfSlice		text = wf_text_collapse(r->x->arena, (WfSlice) {r->text + open->text_at,
										r->len - open->text_at}, WF_MAX_VALUE);

	if (text.data == NULL)
		return WF_ERR_NOMEM;
	return open->marks.is_card ? WF_OK : take(r, &open->marks, text, text, open->position);
}

static WfStatus
begin_element(Reader *r, const WfHtmlToken *token)
{
	bool		is_void = token->element == WF_ELEMENT_META || token->element == WF_ELEMENT_LINK ||
		token->element == WF_ELEMENT_IMG;
	size_t		position = r->start + token->offset;
	WfPageMarks marks;
	WfSlice		raw;
	WfSlice		value;
	WfStatus	status;
	int			i;

	for (i = 0; i < r->count; i++)
		r->open[i].nested += wf_text_equal_nocase(r->open[i].element, token->name);
	wf_page_read_marks(token, &marks);
	if (marks.is_card && !marks.is_address && marks.property != WF_PROPERTY_ADDRESS)
	{
		r->other = token->name;
		r->other_nested = 0;
		return WF_OK;
	}
	raw = marks.content;
	if (raw.len == 0 && wf_page_is_contact_property(marks.property) &&
		wf_page_is_contact_href(token->href))
		raw = token->href;
	if (raw.len > 0 && !marks.is_card)
	{
		status = wf_page_decode_value(r->x, raw, &value);
		return status == WF_OK ? take(r, &marks, value, value, position) : status;
	}
	/* the element itself is always there, to tell where it ends */
	if (r->count < OPEN && !is_void && (r->count == 0 || marks.property != WF_PROPERTY_OTHER))
		r->open[r->count++] = (Open) {token->name, 0, r->len, position, marks};
	return WF_OK;
}

static WfStatus
end_element(Reader *r, const WfHtmlToken *token)
{
	int			at = r->count - 1;
	WfStatus	status = WF_OK;

	while (at >= 0 && !wf_text_equal_nocase(r->open[at].element, token->name))
		at--;
	if (at < 0)
		return WF_OK;
	if (r->open[at].nested > 0)
	{
		int			i;

		for (i = 0; i <= at; i++)
			r->open[i].nested -= wf_text_equal_nocase(r->open[i].element, token->name);
		return WF_OK;
	}
	while (status == WF_OK && r->count > at)
		status = close_one(r);
	for (at--; at >= 0; at--)
		r->open[at].nested -= wf_text_equal_nocase(r->open[at].element, token->name);
	return status;
}

static void
add_text(Reader *r, WfSlice raw)
{
	if (raw.len <= TEXT_BYTES - r->len)
		r->len += wf_html_decode(raw, false, r->text + r->len);
}

/* A tag or text of the element. */
static WfStatus
read_token(Reader *r, const WfHtmlToken *token)
{
	if (token->type == WF_HTML_TEXT)
		add_text(r, token->text);
	if (token->type != WF_HTML_START_TAG && token->type != WF_HTML_END_TAG)
		return WF_OK;
	if (token->flags & (WF_HTML_BLOCK | WF_HTML_GAP))
		add_text(r, WF_SLICE(" "));
	if (r->other.len > 0)
	{
		if (!wf_text_equal_nocase(r->other, token->name))
			return WF_OK;
		if (token->type == WF_HTML_START_TAG)
			r->other_nested++;
		else if (r->other_nested-- == 0)
			r->other.len = 0;
		return WF_OK;
	}
	return token->type == WF_HTML_START_TAG ? begin_element(r, token) : end_element(r, token);
}

/* The element whose tag begins at "start". */
static WfStatus
read_element(Extraction *x, WfPageCard *card, size_t start)
{
	WfSlice		rest = {x->page.data + start, x->page.len - start};
	Reader		r;
	WfHtml		html;
	WfHtmlToken token;
	WfStatus	status = WF_OK;

	memset(&r, 0, offsetof(Reader, text));
	r.x = x;
	r.card = card;
	r.start = start;
	if (rest.len > ELEMENT_BYTES)
		rest.len = ELEMENT_BYTES;
	wf_html_init(&html, rest);
	while (status == WF_OK && wf_html_next(&html, &token))
	{
		status = read_token(&r, &token);
		if (r.count == 0)
			break;
	}
	while (status == WF_OK && r.count > 0)
		status = close_one(&r);
	return status;
}

/* Does a tag with that id begin at "start"? */
static bool
has_id(WfSlice page, size_t start, WfSlice id)
{
	WfSlice		rest = {page.data + start, page.len - start};
	WfHtml		html;
	WfHtmlToken token;
	WfSlice		value;

	if (rest.len > ELEMENT_BYTES)
		rest.len = ELEMENT_BYTES;
	wf_html_init(&html, rest);
	return wf_html_next(&html, &token) && token.type == WF_HTML_START_TAG &&
		wf_html_find_attribute(&token, WF_SLICE("id"), &value) && wf_text_equal(value, id);
}

/* Where the id stands, at p or behind it, found in pieces, between which the run may be stopped. */
static const char *
find_id(const Extraction *x, const char *p, WfSlice id)
{
	const char *end = x->page.data + x->page.len;

	while (p < end && !wf_page_is_stopped(x))
	{
		const char *next = end - p > PIECE_BYTES ? p + PIECE_BYTES : end;
		/* it may begin in one piece and end in the next */
		const char *until = (size_t) (end - next) > id.len - 1 ? next + id.len - 1 : end;
		const char *found = memmem(p, until - p, id.data, id.len);

		if (found != NULL)
			return found;
		p = next;
	}
	return NULL;
}

static WfStatus
take_reference(Extraction *x, WfPageCard *card, WfSlice id)
{
	const char *p = x->page.data;
	int			i;

	if (id.len == 0 || id.len > MAX_ID || x->references++ >= PAGE_REFERENCES)
		return WF_OK;
	for (i = 0; i < MAX_PLACES && (p = find_id(x, p, id)) != NULL; i++)
	{
		size_t		before = p - x->page.data < MAX_TAG ? p - x->page.data : MAX_TAG;
		const char *start = memrchr(p - before, '<', before);

		if (start != NULL && has_id(x->page, start - x->page.data, id))
			return read_element(x, card, start - x->page.data);
		p += id.len;
	}
	return wf_page_is_stopped(x) ? WF_ERR_STOPPED : WF_OK;
}

WfStatus
wf_page_take_references(Extraction *x, WfPageCard *card)
{
	WfStatus	status = WF_OK;
	int			i;

	for (i = 0; i < card->reference_count; i++)
	{
		WfSlice		list = card->references[i];
		WfSlice		id;

		while (status == WF_OK && wf_page_next_word(&list, &id))
		{
			if (id.data[0] == '#')
				wf_advance(&id, 1);
			status = take_reference(x, card, id);
		}
	}
	return status;
}
