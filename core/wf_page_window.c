/*-------------------------------------------------------------------------
 *
 * wf_page_window.c
 *	  The visible text of a page, in a window of fixed size.
 *
 * Invariants of the window:
 *
 * 1. data[0] is a line end that belongs to no text, and len >= 1.
 * 2. Each segment says that the text from its text_at on was made from the
 *    page from its page_at on; making it again from there, into the same
 *    place, gives the same bytes.  That is how a place in the text is traced
 *    back to the page (page_position).
 *
 *-------------------------------------------------------------------------
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE				/* memmem */
#endif

#include "wf_page_int.h"

#include <string.h>

#include "wf_disguise.h"
#include "wf_text.h"

#define QUOTE_BYTES			500	/* in front of a name, in which the markup of a quote is */
#define MARKUP_BYTES		400	/* in front of a number, in which a picture is looked for */

/*-------------------------------------------------------------------------
 * Text window
 *-------------------------------------------------------------------------
 */

/* The segment that the text at "at" is in. */
static int
segment_of(const Window *w, size_t at)
{
	int			low = 0;
	int			high = w->segment_count;

	while (high - low > 1)
	{
		int			mid = (low + high) / 2;

		if (w->segments[mid].text_at <= at)
			low = mid;
		else
			high = mid;
	}
	return low;
}

/*
 * Place in the page of the text at "at" (invariant 2), which must not be a
 * border or a gap.  Asked for ascending places it goes on from the last one,
 * so that all the places of a window cost one more pass over it.
 */
static size_t
page_position(Extraction *x, size_t at)
{
	Window	   *w = &x->window;
	WfHtmlText *trace = &w->trace;
	int			low = segment_of(w, at);

	if (w->traced != low || trace->out > w->data + at)
	{
		const Segment *segment = &w->segments[low];

		w->traced = low;
		trace->in = x->page.data + segment->page_at;
		trace->in_end = x->page.data + x->page.len;
		trace->in_pause = trace->in_end;
		trace->in_limit = trace->in_end;
		trace->out = w->data + segment->text_at;
		trace->has_references = segment->has_references;
		trace->preformatted = segment->preformatted;
	}
	trace->out_end = w->data + at;
	wf_html_make_text(trace);

	/* what makes no text, such as a second space, does not count */
	trace->out_end++;
	while (trace->in < trace->in_end)
	{
		WfHtmlText	step = *trace;

		step.in_pause = step.in + 1;
		wf_html_make_text(&step);
		if (step.out > trace->out)
			break;
		trace->in = step.in;
	}
	return trace->in - x->page.data;
}

bool
wf_page_is_quoted(const Extraction *x, size_t at)
{
	static const WfSlice marks[] = {
		{"estimoni", 8}, {"<blockquote", 11}, {"=reviews", 8}, {"\"review", 7}, {"'review", 7},
		{" review", 7}, {"-review", 7}, {"kundenstimme", 12}, {"recenz", 6},
		{"recension", 9}, {"emoignage", 9}, {"opinion", 7}, {"bewertung", 9}, {"kundenmeinung", 13},
		{"depoimento", 10}
	};
	size_t		end = x->window.segments[segment_of(&x->window, at)].page_at;
	size_t		start = end > QUOTE_BYTES ? end - QUOTE_BYTES : 0;
	size_t		i;

	for (i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
	{
		if (memmem(x->page.data + start, end - start, marks[i].data, marks[i].len) != NULL)
			return true;
	}
	return false;
}

void
wf_page_border(Window *w)
{
	char	   *last = &w->data[w->len - 1];

	if (*last == ' ' && w->len > 1)
		*last = '\n';
	else if (*last != '\n')
		w->data[w->len++] = '\n';
}

void
wf_page_gap(Window *w)
{
	char		last = w->data[w->len - 1];

	if (last != ' ' && last != '\n')
		w->data[w->len++] = ' ';
}

void
wf_page_take_back(Extraction *x)
{
	Window	   *w = &x->window;
	size_t		at = x->hidden_at;
	size_t		i;

	x->hidden_at = 0;
	for (i = at; i < w->len; i++)
	{
		if (w->data[i] == '@' || w->data[i] == ' ' || w->data[i] == '\n')
			return;
	}
	while (w->segment_count > 0 && w->segments[w->segment_count - 1].text_at >= at)
		w->segment_count--;
	w->len = at;
	w->traced = -1;
}

/*
 * Where to cut a full window: behind the last border, else behind the last
 * space, else at its end.  What stays is at most CUT_BYTES and half of the
 * segments, so that every flush makes room; only a text of about that length
 * without a space is ever torn.
 */
static size_t
window_cut(const Window *w)
{
	size_t		floor = w->len > CUT_BYTES ? w->len - CUT_BYTES : 1;
	size_t		middle = w->segments[w->segment_count / 2].text_at;
	size_t		space = 0;
	size_t		i;

	if (w->segment_count < 2)
		middle = 1;
	if (floor < middle)
		floor = middle;
	for (i = w->len; i > floor; i--)
	{
		if (w->data[i - 1] == '\n')
			return i;
		if (w->data[i - 1] == ' ' && space == 0)
			space = i;
	}
	return space > 0 ? space : w->len;
}

/* Drop the text before "cut", which is searched. */
static void
window_drop(Extraction *x, size_t cut)
{
	Window	   *w = &x->window;
	int			first = 0;
	int			i;

	if (cut < w->len)
	{
		/* the segment that goes on behind the cut begins there from now on */
		while (first + 1 < w->segment_count && w->segments[first + 1].text_at <= cut)
			first++;
		if (w->segments[first].text_at < cut)
		{
			w->segments[first].page_at = (uint32_t) page_position(x, cut);
			w->segments[first].text_at = (uint32_t) cut;
		}
		w->segment_count -= first;
		memmove(w->segments, w->segments + first, w->segment_count * sizeof(Segment));
		for (i = 0; i < w->segment_count; i++)
			w->segments[i].text_at -= (uint32_t) (cut - 1);
		memmove(w->data + 1, w->data + cut, w->len - cut);
	}
	else
		w->segment_count = 0;
	w->traced = -1;
	x->hidden_at = 0;
	w->len -= cut - 1;
	w->data[0] = '\n';
}

/*-------------------------------------------------------------------------
 * Search
 *-------------------------------------------------------------------------
 */

/*
 * A value in the text of the window.  One known from a link may stand in the
 * text before that: the place is always that of the first.
 */
static WfStatus
add_from_text(Extraction *x, WfFindingKind kind, WfSlice text, WfSlice value,
			  size_t start, size_t end)
{
	WfSlice		raw = {text.data + start, end - start};
	WfFinding  *finding;
	Item	   *item;
	bool		is_new;
	size_t		position;
	WfStatus	status = wf_page_add_item(x, kind, WF_SOURCE_TEXT, value, &item, &is_new);

	if (status != WF_OK || item == NULL || item->is_in_text)
		return status;
	item->is_in_text = true;
	status = wf_page_find_owner(x, item, text, start, end);
	if (status != WF_OK)
		return status;
	finding = &item->finding;
	position = page_position(x, start);
	if (!is_new && finding->position <= position)
		return WF_OK;
	finding->position = (uint32_t) position;
	status = wf_page_copy_field(x, raw, &finding->raw);
	if (status == WF_OK)
		status = wf_page_context(x, text, start, &finding->context);
	return status;
}

/* Does the page show any text from right to left by its style? */
static bool
has_turned_text(Extraction *x)
{
	static const WfSlice styles[] = {
		{"bidi-override", 13}, {"direction:rtl", 13}, {"direction: rtl", 14}, {"<bdo", 4}
	};

	if (x->turned < 0)
		x->turned = wf_page_has_any(x, styles, sizeof(styles) / sizeof(styles[0]));
	return x->turned > 0;
}

/* Addresses in the window, up to cut. */
static WfStatus
search_addresses(Extraction *x, WfSlice text)
{
	WfAddress	address;
	WfDisguise	search;
	size_t		pos = 0;
	WfStatus	status = WF_OK;

	while (status == WF_OK && !x->truncated &&
		   wf_contact_next(x->contacts, text, WF_TRUST_TEXT, &pos, &address))
	{
		wf_phone_hint(x->phones, WF_HINT_EMAIL, (WfSlice) {address.value, address.len});
		if (!address.is_reversed || has_turned_text(x))
			status = add_from_text(x, WF_KIND_EMAIL, text,
								   (WfSlice) {address.value, address.len},
								   address.start, address.end);
	}
	search = wf_disguise_begin(text, WF_TRUST_TEXT);
	while (status == WF_OK && !x->truncated &&
		   wf_disguise_next(x->contacts, &search, &address))
		status = add_from_text(x, WF_KIND_EMAIL, text, (WfSlice) {address.value, address.len},
							   address.start, address.end);
	return status;
}

/* WfPhoneMarkup: the page in front of a place in the window. */
static WfSlice
markup_before(void *arg, size_t at)
{
	Extraction *x = arg;
	size_t		position = page_position(x, at);
	size_t		start = position > MARKUP_BYTES ? position - MARKUP_BYTES : 0;

	return (WfSlice) {x->page.data + start, position - start};
}

/* Let the recognisers search the window up to cut. */
static WfStatus
search_window(Extraction *x, size_t cut)
{
	WfSlice		text = {x->window.data, cut};
	WfPhone		phone;
	size_t		pos = 0;
	WfStatus	status = search_addresses(x, text);

	wf_phone_set_markup(x->phones, markup_before, x);
	while (status == WF_OK && !x->truncated && wf_phone_next(x->phones, text, &pos, &phone))
		status = add_from_text(x, phone.is_fax ? WF_KIND_FAX : WF_KIND_PHONE, text,
							   (WfSlice) {phone.value, phone.len}, phone.start, phone.end);
	return status;
}

WfStatus
wf_page_flush(Extraction *x, bool full)
{
	size_t		cut = full ? window_cut(&x->window) : x->window.len;
	WfStatus	status = wf_page_settle(x);

	if (status == WF_OK)
		status = search_window(x, cut);
	if (status == WF_OK)
	{
		window_drop(x, cut);
		wf_page_lose_card_text(x);
	}
	return wf_page_is_stopped(x) ? WF_ERR_STOPPED : status;
}

WfStatus
wf_page_take_text(Extraction *x, WfSlice raw, bool has_references, bool preformatted)
{
	Window	   *w = &x->window;
	const char *end = raw.data + raw.len;
	WfHtmlText	maker;

	maker.in = raw.data;
	maker.in_end = end;
	maker.in_limit = x->page.data + x->page.len;
	maker.has_references = has_references;
	maker.preformatted = preformatted;
	maker.out_end = w->data + WINDOW_BYTES - WINDOW_SLACK;
	while (maker.in < end)
	{
		Segment    *segment;

		if (wf_page_is_full(w))
		{
			WfStatus	status = wf_page_flush(x, true);

			if (status != WF_OK)
				return status;
		}
		segment = &w->segments[w->segment_count];
		segment->text_at = (uint32_t) w->len;
		segment->page_at = (uint32_t) (maker.in - x->page.data);
		segment->has_references = has_references;
		segment->preformatted = preformatted;
		maker.in_pause = end - maker.in > WINDOW_BYTES ? maker.in + WINDOW_BYTES : end;
		maker.out = w->data + w->len;
		wf_html_make_text(&maker);
		if (maker.out > w->data + w->len)
			w->segment_count++;
		w->len = maker.out - w->data;
		if (wf_page_is_stopped(x))
			return WF_ERR_STOPPED;
	}
	return WF_OK;
}
