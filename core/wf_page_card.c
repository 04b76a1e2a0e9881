/*-------------------------------------------------------------------------
 *
 * wf_page_card.c
 *	  Structured data in the markup: microdata and RDFa of schema.org, hCard,
 *	  h-card, adr and h-adr.
 *
 * There is no tree: of the elements that are open, those that begin an item (a
 * "card") or hold a property of one are on a stack of bounded depth, each with
 * the number of elements of its name that are open inside it.  A property's
 * value is the text that came into the window since.  When a card ends, what it
 * says is tied together: a name, a job title and a number to its addresses.
 *
 *-------------------------------------------------------------------------
 */
#include "wf_page_card_int.h"

#include <string.h>

#include "wf_person.h"
#include "wf_text.h"

#define FRAMES			24		/* cards and properties inside each other */
#define NAME_CLASSES	128		/* of elements, by first letter and length */
#define CARD_BYTES		(256 * 1024)	/* of all values of a page: memory they may take */
#define LOST			SIZE_MAX	/* the window has been emptied since */

typedef struct Frame
{
	WfSlice		element;
	int			nested;			/* open elements of that name inside */
	size_t		offset;			/* in the page */
	size_t		text_at;		/* in the window, or LOST */
	WfPageMarks marks;
	WfSlice		value;			/* of a part that alone counts */
	bool		is_linked;		/* the value is that of a link */
	WfPageCard	card;
} Frame;

struct WfPageCards
{
	int			count;			/* frames that are open */
	size_t		bytes;			/* of the values so far */
	int			open[NAME_CLASSES]; /* elements inside the outermost, by their names */
	Frame		frames[FRAMES];
};

/*-------------------------------------------------------------------------
 * Cards
 *-------------------------------------------------------------------------
 */

/* The innermost card that the property may be of, at or below "frame"; an adr has no number. */
static WfPageCard *
find_card(WfPageCards *cards, int frame, WfFindingSource source, WfProperty property)
{
	for (; frame >= 0; frame--)
	{
		WfPageCard *card = &cards->frames[frame].card;

		if (cards->frames[frame].marks.is_card && card->source == source &&
			!(card->is_address && wf_page_is_contact_property(property)))
			return card;
	}
	return NULL;
}

static void
set_once(WfSlice *field, WfSlice value)
{
	if (field->len == 0)
		*field = value;
}

static bool
says_fax(WfSlice text)
{
	for (; text.len >= 3; wf_advance(&text, 1))
	{
		if (wf_text_starts_nocase(text, WF_SLICE("fax")))
			return true;
	}
	return false;
}

static int
count_digits(WfSlice text)
{
	int			digits = 0;
	size_t		i;

	for (i = 0; i < text.len; i++)
		digits += wf_is_digit(text.data[i]);
	return digits;
}

static WfStatus
take_card_number(Extraction *x, WfPageCard *card, WfProperty property, WfSlice value,
				 size_t position)
{
	WfPhone		phone;
	bool		is_fax;
	WfStatus	status;

	if (!wf_phone_value(x->phones, value, &phone))
		return WF_OK;
	is_fax = phone.is_fax || property == WF_PROPERTY_FAX;
	status = wf_page_add_hidden(x, is_fax ? WF_KIND_FAX : WF_KIND_PHONE, card->source,
								(WfSlice) {phone.value, phone.len}, value, position);
	if (status != WF_OK || is_fax)
		return status;
	card->phone_count++;
	return card->phone.len > 0 ? WF_OK :
		wf_page_copy_field(x, (WfSlice) {phone.value, phone.len}, &card->phone);
}

static WfStatus
take_card_email(Extraction *x, WfPageCard *card, WfSlice value, size_t position)
{
	WfStatus	status;

	x->touched = -1;
	status = wf_page_add_addresses(x, card->source, value, WF_TRUST_LINK, position);
	if (x->touched >= 0 && card->email_count < WF_CARD_EMAILS)
		card->emails[card->email_count++] = x->touched;
	return status;
}

WfStatus
wf_page_take_property(Extraction *x, WfPageCard *card, WfProperty property, WfSlice value,
					  WfSlice all, size_t position)
{
	if (value.len == 0 || value.len > WF_MAX_VALUE)
		return WF_OK;
	switch (property)
	{
		case WF_PROPERTY_NAME:
			set_once(&card->name, value);
			break;
		case WF_PROPERTY_GIVEN_NAME:
			set_once(&card->given_name, value);
			break;
		case WF_PROPERTY_FAMILY_NAME:
			set_once(&card->family_name, value);
			break;
		case WF_PROPERTY_JOB_TITLE:
			set_once(&card->job_title, value);
			break;
		case WF_PROPERTY_ORGANISATION:
			set_once(&card->organisation, value);
			break;
		case WF_PROPERTY_EMAIL:
			return take_card_email(x, card, value, position);
		case WF_PROPERTY_TELEPHONE:
		case WF_PROPERTY_FAX:
			return take_card_number(x, card, says_fax(all) ? WF_PROPERTY_FAX : property, value,
									position);
		default:
			wf_postal_address_set(&card->postal, property, value);
			break;
	}
	return WF_OK;
}

/* "Given Family" where there is no name. */
static WfStatus
join_name(Extraction *x, WfPageCard *card)
{
	char		joined[2 * WF_MAX_VALUE + 1];
	size_t		len = card->given_name.len;

	if (card->name.len > 0 || len == 0 || card->family_name.len == 0)
		return WF_OK;
	memcpy(joined, card->given_name.data, len);
	joined[len++] = ' ';
	memcpy(joined + len, card->family_name.data, card->family_name.len);
	return wf_page_copy_field(x, (WfSlice) {joined, len + card->family_name.len}, &card->name);
}

/* What the card says of its addresses. */
static WfStatus
tie_card(Extraction *x, WfPageCard *card)
{
	WfStatus	status = join_name(x, card);
	bool		has_name = card->is_person && !wf_text_equal(card->name, card->organisation) &&
		wf_person_is_name(card->name);
	bool		has_phone = card->is_person || card->phone_count == 1 || card->email_count == 1;
	int			i;

	if (status == WF_OK && has_name && card->email_count == 0)
		status = wf_page_add_person(x, card->name, card->job_title);
	for (i = 0; status == WF_OK && i < card->email_count; i++)
	{
		Item	   *item = &x->items[card->emails[i]];

		if (has_phone && item->finding.phone.len == 0 && card->phone.len > 0)
		{
			item->finding.phone = card->phone;
			item->finding.told |= WF_TOLD_PHONE;
		}
		if (!has_name || item->has_owner)
			continue;
		item->finding.name = card->name;
		item->finding.job_title = card->job_title;
		item->finding.told |= WF_TOLD_NAME;
		item->has_owner = true;
	}
	return status;
}

/* What a card inside says is the address of the one around it is that one's. */
static void
hand_on(WfPageCards *cards, int at)
{
	const WfPageCard *card = &cards->frames[at].card;
	WfPageCard *around;
	int			i;

	if (cards->frames[at].marks.property != WF_PROPERTY_ADDRESS ||
		(around = find_card(cards, at - 1, card->source, WF_PROPERTY_ADDRESS)) == NULL)
		return;
	set_once(&around->phone, card->phone);
	around->phone_count += card->phone_count;
	for (i = 0; i < card->email_count && around->email_count < WF_CARD_EMAILS; i++)
		around->emails[around->email_count++] = card->emails[i];
}

/* The card that is open at "at", with all its text, ends. */
static WfStatus
end_card(Extraction *x, int at, WfSlice text)
{
	const Frame *frame = &x->cards->frames[at];
	WfPageCard *card = &x->cards->frames[at].card;
	WfStatus	status = wf_page_take_references(x, card);

	if (status == WF_OK)
		status = tie_card(x, card);
	hand_on(x->cards, at);
	if (card->is_address)
		wf_postal_address_set(&card->postal, WF_PROPERTY_ADDRESS, text);
	if (card->postal.country.len > 0)
		wf_phone_hint(x->phones, WF_HINT_COUNTRY, card->postal.country);
	return status != WF_OK ? status :
		wf_page_add_postal(x, card->source, &card->postal, frame->offset);
}

/*-------------------------------------------------------------------------
 * Elements
 *-------------------------------------------------------------------------
 */

/*
 * The part of the property below it on the stack that counts: of a number that is told
 * in several parts, all.
 */
static WfStatus
end_value(Extraction *x, int at, WfSlice text)
{
	Frame	   *frame = &x->cards->frames[at];
	Frame	   *whole = frame - 1;
	char		joined[2 * WF_MAX_VALUE];
	WfSlice		part = frame->value.len > 0 ? frame->value : text;

	if (at == 0 || whole->marks.property == WF_PROPERTY_OTHER || part.len == 0)
		return WF_OK;
	if (whole->value.len == 0 || whole->is_linked)
	{
		whole->value = part;
		whole->is_linked = false;
		return WF_OK;
	}
	if (whole->marks.property != WF_PROPERTY_TELEPHONE || part.len > WF_MAX_VALUE ||
		whole->value.len > WF_MAX_VALUE ||
		(count_digits(whole->value) >= WF_MIN_PHONE && count_digits(part) >= WF_MIN_PHONE))
		return WF_OK;
	memcpy(joined, whole->value.data, whole->value.len);
	memcpy(joined + whole->value.len, part.data, part.len);
	return wf_page_copy_field(x, (WfSlice) {joined, whole->value.len + part.len}, &whole->value);
}

/* Of a name that is a link to the address only the text counts. */
static WfSlice
value_of(const Frame *frame, WfProperty property, WfSlice text)
{
	return frame->value.len == 0 ||
		(frame->is_linked && !wf_page_is_contact_property(property)) ? text : frame->value;
}

/* The frame's property, of the cards that are below it on the stack. */
static WfStatus
end_property(Extraction *x, int at, WfSlice text)
{
	WfPageCards *cards = x->cards;
	Frame	   *frame = &cards->frames[at];
	WfProperty	properties[2] = {frame->marks.property, frame->marks.other_property};
	WfStatus	status = WF_OK;
	int			i;

	if (frame->marks.property == WF_PROPERTY_VALUE)
		return end_value(x, at, text);
	for (i = 0; status == WF_OK && i < 2 && properties[i] != WF_PROPERTY_OTHER; i++)
	{
		WfPageCard *card = find_card(cards, at - 1, frame->marks.source, properties[i]);

		if (card != NULL)
			status = wf_page_take_property(x, card, properties[i],
										   value_of(frame, properties[i], text), text,
										   frame->offset);
	}
	return status;
}

/* The text since the frame began. */
static WfStatus
frame_text(const Extraction *x, const Frame *frame, WfSlice *text)
{
	const Window *w = &x->window;

	*text = WF_SLICE_EMPTY;
	if (frame->text_at == LOST || frame->text_at >= w->len ||
		w->len - frame->text_at > 2 * WF_MAX_VALUE || x->cards->bytes > CARD_BYTES)
		return WF_OK;
	x->cards->bytes += w->len - frame->text_at;
	*text = wf_text_collapse(x->arena, (WfSlice) {w->data + frame->text_at,
							 w->len - frame->text_at}, WF_MAX_VALUE);
	return text->data != NULL ? WF_OK : WF_ERR_NOMEM;
}

/* The elements from the frame "at" on end. */
static WfStatus
end_frames(Extraction *x, int at)
{
	WfPageCards *cards = x->cards;
	WfStatus	status = WF_OK;

	while (status == WF_OK && cards->count > at)
	{
		int			top = cards->count - 1;
		Frame	   *frame = &cards->frames[top];
		WfSlice		text = WF_SLICE_EMPTY;

		if (!frame->marks.is_card || frame->card.is_address)
			status = frame_text(x, frame, &text);
		if (status == WF_OK && frame->marks.is_card)
			status = end_card(x, top, text);
		else if (status == WF_OK)
			status = end_property(x, top, text);
		cards->count--;
	}
	x->in_card = cards->count > 0;
	return status;
}

WfStatus
wf_page_decode_value(Extraction *x, WfSlice raw, WfSlice *value)
{
	WfSlice		text = {x->link[0], 0};

	text.len = wf_html_decode(wf_text_truncate(raw, WF_MAX_URL), true, x->link[0]);
	if (wf_contact_mailto(text, x->link[1], &text.len))
		text.data = x->link[1];
	else if (wf_text_starts_nocase(text, WF_SLICE("tel:")))
		wf_advance(&text, 4);
	*value = wf_text_collapse(x->arena, text, WF_MAX_VALUE);
	return value->data != NULL ? WF_OK : WF_ERR_NOMEM;
}

/* An element without end. */
static bool
is_void(const WfHtmlToken *token)
{
	return token->element == WF_ELEMENT_META || token->element == WF_ELEMENT_LINK ||
		token->element == WF_ELEMENT_IMG;
}

static bool
may_be_linked(WfProperty property)
{
	return wf_page_is_contact_property(property) || property == WF_PROPERTY_VALUE;
}

/* A start tag with marks. */
static WfStatus
begin_frame(Extraction *x, const WfHtmlToken *token, const WfPageMarks *marks)
{
	WfPageCards *cards = x->cards;
	Frame	   *frame = &cards->frames[cards->count];
	WfSlice		raw = marks->content;
	WfStatus	status = WF_OK;

	if (cards->count == FRAMES)
		return WF_OK;
	memset(frame, 0, sizeof(*frame));
	frame->element = token->name;
	frame->offset = token->offset;
	frame->text_at = x->window.len;
	frame->marks = *marks;
	frame->card.source = marks->source;
	frame->card.is_person = marks->is_person;
	frame->card.is_address = marks->is_address;
	if (marks->references.len > 0)
		frame->card.references[frame->card.reference_count++] = marks->references;
	if (raw.len == 0 && (may_be_linked(marks->property) || may_be_linked(marks->other_property)) &&
		wf_page_is_contact_href(token->href))
	{
		raw = token->href;
		frame->is_linked = true;
	}
	if (raw.len > 0 && !marks->is_card)
		status = wf_page_decode_value(x, raw, &frame->value);
	cards->count++;
	if (status == WF_OK && is_void(token))
		status = end_property(x, --cards->count, frame->value);
	x->in_card = cards->count > 0;
	return status;
}

/* Elements that end where the next of their kind begins. */
static bool
ends_its_like(WfSlice name)
{
	static const char *const names[] = {"p", "li", "dt", "dd", "td", "th", "tr"};
	size_t		i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
	{
		if (wf_text_equal_nocase(name, (WfSlice) {names[i], strlen(names[i])}))
			return true;
	}
	return false;
}

/* Counts the elements of all cards; does the tag end one that is around them? */
static bool
ends_all(WfPageCards *cards, const WfHtmlToken *token)
{
	int		   *open = &cards->open[(unsigned char) wf_lower_char(token->name.data[0]) % 32 * 4 +
							  token->name.len % 4];

	if (token->type != WF_HTML_END_TAG)
		++*open;
	else if (--*open < 0)
		return true;
	return false;
}

/* The lowest frame that the tag ends, after counting it in all; -1: it ends none. */
static int
count_tag(WfPageCards *cards, const WfHtmlToken *token)
{
	bool		is_end = token->type == WF_HTML_END_TAG;
	int			i;

	for (i = 0; i < cards->count; i++)
	{
		Frame	   *frame = &cards->frames[i];

		if (frame->element.len != token->name.len ||
			!wf_text_equal_nocase(frame->element, token->name))
			continue;
		if (is_end && frame->nested-- == 0)
			return i;
		if (!is_end && frame->nested == 0 && !frame->marks.is_card && ends_its_like(token->name))
			return i;
		if (!is_end)
			frame->nested++;
	}
	return ends_all(cards, token) ? 0 : -1;
}

/*
 * A start tag without marks inside a card: the link of the address or number around it, or
 * one that stands for another element.
 */
static WfStatus
take_plain_tag(Extraction *x, const WfHtmlToken *token, const WfPageMarks *marks)
{
	Frame	   *frame = &x->cards->frames[x->cards->count - 1];
	WfPageCard *card = find_card(x->cards, x->cards->count - 1, WF_SOURCE_HCARD,
								 WF_PROPERTY_OTHER);

	if (marks->is_include && card != NULL && card->reference_count < WF_CARD_REFERENCES)
		card->references[card->reference_count++] = marks->data.len > 0 ? marks->data :
			token->href;
	if (frame->value.len > 0 || frame->marks.is_card ||
		!wf_page_is_contact_property(frame->marks.property) ||
		!wf_page_is_contact_href(token->href))
		return WF_OK;
	frame->is_linked = true;
	return wf_page_decode_value(x, token->href, &frame->value);
}

WfStatus
wf_page_take_card_tag(Extraction *x, const WfHtmlToken *token)
{
	bool		is_open = x->in_card;
	int			ended = is_open ? count_tag(x->cards, token) : -1;
	WfPageMarks marks;

	if (ended >= 0)
	{
		WfStatus	status = end_frames(x, ended);

		if (status != WF_OK)
			return status;
		is_open = x->in_card;
	}
	if (token->type == WF_HTML_END_TAG || token->attributes.len == 0)
		return WF_OK;
	wf_page_read_marks(token, &marks);
	if (!marks.is_card && (!is_open || marks.property == WF_PROPERTY_OTHER))
		return is_open ? take_plain_tag(x, token, &marks) : WF_OK;
	if (x->cards == NULL)
	{
		x->cards = wf_arena_alloc(x->arena, sizeof(WfPageCards));
		if (x->cards == NULL)
			return WF_ERR_NOMEM;
		x->cards->count = 0;
		x->cards->bytes = 0;
		x->references = 0;
	}
	if (!is_open)
		memset(x->cards->open, 0, sizeof(x->cards->open));
	return begin_frame(x, token, &marks);
}

void
wf_page_lose_card_text(Extraction *x)
{
	int			i;

	for (i = 0; x->cards != NULL && i < x->cards->count; i++)
		x->cards->frames[i].text_at = LOST;
}

WfStatus
wf_page_end_cards(Extraction *x)
{
	return x->cards != NULL ? end_frames(x, 0) : WF_OK;
}
