/*-------------------------------------------------------------------------
 *
 * wf_page.c
 *	  Bytes of one web page in, findings out.
 *
 * The page is decoded to UTF-8 and tokenised in one pass.  Visible text goes
 * into a window of fixed size: references decoded, whitespace collapsed, a line
 * end at every border of a block, so that texts that do not touch on the screen
 * do not touch here.  Whenever the window is full the recognisers search it and
 * it is emptied, at a border if there is one.  Links are examined as they come.
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

#include "wf_page.h"

#include <stdlib.h>
#include <string.h>

#include "wf_charset.h"
#include "wf_contact.h"
#include "wf_html.h"
#include "wf_phone.h"
#include "wf_text.h"

/* Bytes of visible text searched at once; smaller in a fuzzer. */
#ifndef WF_PAGE_WINDOW
#define WF_PAGE_WINDOW		(64 * 1024)
#endif
#define WINDOW_BYTES		WF_PAGE_WINDOW
#define WINDOW_SEGMENTS		(WINDOW_BYTES / 16)
#define WINDOW_SLACK		8	/* more than one character or border takes */

/* A border is preferred to a full window when that much is used. */
#define WINDOW_SOFT_BYTES		(WINDOW_BYTES / 4 * 3)
#define WINDOW_SOFT_SEGMENTS	(WINDOW_SEGMENTS / 4 * 3)

/* How far back a full window without border looks for a place to be cut. */
#define CUT_BYTES			(WINDOW_BYTES / 16)

/* Slots of the table of known values; more than twice WF_MAX_FINDINGS. */
#define TABLE_SLOTS			8192

/* Characters of context in front of a finding, of WF_MAX_CONTEXT. */
#define CONTEXT_BEFORE		40

typedef struct Segment
{
	uint32_t	text_at;
	uint32_t	page_at;
	bool		has_references;
	bool		preformatted;
} Segment;

typedef struct Window
{
	size_t		len;
	int			segment_count;
	bool		after_link;		/* the last token was </a> */
	int			traced;			/* segment that trace is in; -1 none */
	WfHtmlText	trace;			/* where page_position was last */
	Segment		segments[WINDOW_SEGMENTS];
	char		data[WINDOW_BYTES];
} Window;

typedef struct Item
{
	WfFinding	finding;
	uint32_t	hash;
	int			number;			/* order of finding, for equal positions */
	bool		is_in_text;		/* found in the text (too) */
	size_t		text_at;		/* in the window, while context is awaited */
} Item;

typedef struct Extraction
{
	const WfExtractor *extractor;
	WfArena    *arena;
	const WfPageInput *in;
	WfSlice		page;			/* UTF-8 */
	WfContactScan *contacts;
	WfPhoneScan *phones;
	Item	   *items;
	int			count;
	int			room;
	int			pending;		/* first item that may be without context */
	bool		truncated;
	bool		have_title;
	WfSlice		title;
	uint16_t	table[TABLE_SLOTS]; /* 1 + index into items; 0 free */
	Window		window;
	char		link[2][WF_MAX_URL + 1];	/* a link being examined */
} Extraction;

struct WfExtractor
{
	WfContactMatcher *contacts;
	WfPhoneMatcher *phones;
};

WfExtractor *
wf_extractor_create(void)
{
	WfExtractor *extractor = calloc(1, sizeof(WfExtractor));

	if (extractor == NULL)
		return NULL;
	extractor->contacts = wf_contact_matcher_create();
	extractor->phones = wf_phone_matcher_create();
	if (extractor->contacts == NULL || extractor->phones == NULL)
	{
		wf_extractor_free(extractor);
		return NULL;
	}
	return extractor;
}

void
wf_extractor_free(WfExtractor *extractor)
{
	if (extractor == NULL)
		return;
	wf_contact_matcher_free(extractor->contacts);
	wf_phone_matcher_free(extractor->phones);
	free(extractor);
}

static bool
is_stopped(const Extraction *x)
{
	return x->in->stop != NULL && *x->in->stop;
}

/*-------------------------------------------------------------------------
 * Text window
 *-------------------------------------------------------------------------
 */

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
	if (w->traced != low || trace->out > w->data + at)
	{
		const Segment *segment = &w->segments[low];

		w->traced = low;
		trace->in = x->page.data + segment->page_at;
		trace->in_end = x->page.data + x->page.len;
		trace->in_pause = trace->in_end;
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

/* A border: whatever follows does not touch what is there. */
static void
window_border(Window *w)
{
	char	   *last = &w->data[w->len - 1];

	if (*last == ' ' && w->len > 1)
		*last = '\n';
	else if (*last != '\n')
		w->data[w->len++] = '\n';
}

/* A gap: a space in the line. */
static void
window_gap(Window *w)
{
	char		last = w->data[w->len - 1];

	if (last != ' ' && last != '\n')
		w->data[w->len++] = ' ';
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
	w->len -= cut - 1;
	w->data[0] = '\n';
}

/*-------------------------------------------------------------------------
 * Findings
 *-------------------------------------------------------------------------
 */

/*
 * Hash of a value.  The salt makes it hard to write a page whose values all
 * collide; it differs between processes, and nothing depends on it.
 */
static uint32_t
hash_value(const Extraction *x, WfFindingKind kind, WfSlice value)
{
	uint64_t	h = (uint64_t) (uintptr_t) x->extractor ^ kind;
	size_t		i;

	for (i = 0; i < value.len; i++)
	{
		h = (h ^ (unsigned char) value.data[i]) * UINT64_C(0x9E3779B97F4A7C15);
		h ^= h >> 32;
	}
	return (uint32_t) h;
}

/* The slot of a value: where it is, or a free one where it belongs. */
static uint16_t *
find_slot(Extraction *x, WfFindingKind kind, WfSlice value, uint32_t hash)
{
	uint32_t	slot = hash % TABLE_SLOTS;

	while (x->table[slot] != 0)
	{
		const Item *item = &x->items[x->table[slot] - 1];

		if (item->hash == hash && item->finding.kind == kind &&
			wf_text_equal(item->finding.value, value))
			break;
		slot = (slot + 1) % TABLE_SLOTS;
	}
	return &x->table[slot];
}

static WfStatus
grow_items(Extraction *x)
{
	int			room = x->room > 0 ? x->room * 2 : 32;
	Item	   *items = wf_arena_alloc(x->arena, room * sizeof(Item));

	if (items == NULL)
		return WF_ERR_NOMEM;
	if (x->count > 0)
		memcpy(items, x->items, x->count * sizeof(Item));
	x->items = items;
	x->room = room;
	return WF_OK;
}

/* Copy of any bytes as a field of a finding. */
static WfStatus
copy_field(Extraction *x, WfSlice bytes, WfSlice *out)
{
	WfSlice		clean;
	WfStatus	status;

	if (bytes.len > WF_MAX_VALUE)
		bytes.len = WF_MAX_VALUE;
	status = wf_text_sanitize(x->arena, bytes, NULL, &clean);
	if (status != WF_OK)
		return status;
	*out = wf_arena_copy(x->arena, wf_text_truncate(clean, WF_MAX_VALUE));
	return out->data != NULL ? WF_OK : WF_ERR_NOMEM;
}

/*
 * Add a finding unless its value is known.  Sets *item to the finding of that
 * value and *is_new; to NULL when there is no room for another.
 */
static WfStatus
add_item(Extraction *x, WfFindingKind kind, WfFindingSource source, WfSlice value,
		 Item **item, bool *is_new)
{
	uint32_t	hash = hash_value(x, kind, value);
	uint16_t   *slot = find_slot(x, kind, value, hash);
	WfStatus	status;

	*item = NULL;
	*is_new = *slot == 0;
	if (*slot != 0)
	{
		*item = &x->items[*slot - 1];
		return WF_OK;
	}
	if (x->count == WF_MAX_FINDINGS)
	{
		x->truncated = true;
		return WF_OK;
	}
	if (x->count == x->room && (status = grow_items(x)) != WF_OK)
		return status;
	*item = &x->items[x->count];
	memset(*item, 0, sizeof(Item));
	(*item)->finding.kind = kind;
	(*item)->finding.source = source;
	(*item)->hash = hash;
	(*item)->number = x->count;
	status = copy_field(x, value, &(*item)->finding.value);
	if (status == WF_OK)
		*slot = (uint16_t) ++x->count;
	return status;
}

/* The text around "at": whole words in front of it, WF_MAX_CONTEXT in all. */
static WfStatus
make_context(Extraction *x, WfSlice text, size_t at, WfSlice *context)
{
	size_t		start = wf_text_step_back(text, at, CONTEXT_BEFORE);
	size_t		end = wf_text_step_forth(text, start, WF_MAX_CONTEXT);

	while (start > 0 && start < at && !wf_is_space(text.data[start - 1]))
		start++;
	text.data += start;
	text.len = end - start;
	*context = wf_text_collapse(x->arena, text, text.len);
	return context->data != NULL ? WF_OK : WF_ERR_NOMEM;
}

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
	WfStatus	status = add_item(x, kind, WF_SOURCE_TEXT, value, &item, &is_new);

	if (status != WF_OK || item == NULL || item->is_in_text)
		return status;
	item->is_in_text = true;
	finding = &item->finding;
	position = page_position(x, start);
	if (!is_new && finding->position <= position)
		return WF_OK;
	finding->position = (uint32_t) position;
	status = copy_field(x, raw, &finding->raw);
	if (status == WF_OK)
		status = make_context(x, text, start, &finding->context);
	return status;
}

/* Let the recognisers search the window up to cut. */
static WfStatus
search_window(Extraction *x, size_t cut)
{
	WfSlice		text = {x->window.data, cut};
	WfAddress	address;
	WfPhone		phone;
	size_t		pos = 0;
	WfStatus	status = WF_OK;

	while (status == WF_OK && !x->truncated &&
		   wf_contact_next(x->contacts, text, WF_TRUST_TEXT, &pos, &address))
	{
		wf_phone_hint(x->phones, WF_HINT_EMAIL, (WfSlice) {address.value, address.len});
		status = add_from_text(x, WF_KIND_EMAIL, text, (WfSlice) {address.value, address.len},
							   address.start, address.end);
	}
	pos = 0;
	while (status == WF_OK && !x->truncated && wf_phone_next(x->phones, text, &pos, &phone))
		status = add_from_text(x, phone.is_fax ? WF_KIND_FAX : WF_KIND_PHONE, text,
							   (WfSlice) {phone.value, phone.len}, phone.start, phone.end);
	return status;
}

/* Give the findings from links the text around them. */
static WfStatus
settle_links(Extraction *x)
{
	WfSlice		text = {x->window.data, x->window.len};
	int			i;

	for (i = x->pending; i < x->count; i++)
	{
		Item	   *item = &x->items[i];
		WfStatus	status;

		if (item->finding.context.data != NULL)
			continue;
		status = make_context(x, text, item->text_at, &item->finding.context);
		if (status != WF_OK)
			return status;
	}
	x->pending = x->count;
	return WF_OK;
}

/* Search the window and empty it, up to its end or (full) to a good place. */
static WfStatus
window_flush(Extraction *x, bool full)
{
	size_t		cut = full ? window_cut(&x->window) : x->window.len;
	WfStatus	status = settle_links(x);

	if (status == WF_OK)
		status = search_window(x, cut);
	if (status == WF_OK)
		window_drop(x, cut);
	return is_stopped(x) ? WF_ERR_STOPPED : status;
}

/*-------------------------------------------------------------------------
 * Tokens
 *-------------------------------------------------------------------------
 */

/* Append page text to the window, searching it whenever it is full. */
static WfStatus
take_text(Extraction *x, WfSlice raw, bool has_references, bool preformatted)
{
	Window	   *w = &x->window;
	const char *end = raw.data + raw.len;
	WfHtmlText	maker;

	maker.in = raw.data;
	maker.in_end = end;
	maker.has_references = has_references;
	maker.preformatted = preformatted;
	maker.out_end = w->data + WINDOW_BYTES - WINDOW_SLACK;
	while (maker.in < end)
	{
		Segment    *segment;

		if (w->len >= WINDOW_BYTES - WINDOW_SLACK || w->segment_count == WINDOW_SEGMENTS)
		{
			WfStatus	status = window_flush(x, true);

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
		if (is_stopped(x))
			return WF_ERR_STOPPED;
	}
	return WF_OK;
}

/* A value in a link; one known from the text counts as from the link, too. */
static WfStatus
add_from_link(Extraction *x, WfFindingKind kind, WfSlice value, WfSlice raw, size_t position)
{
	Item	   *item;
	bool		is_new;
	WfStatus	status = add_item(x, kind, WF_SOURCE_LINK, value, &item, &is_new);

	if (status != WF_OK || item == NULL)
		return status;
	item->finding.source = WF_SOURCE_LINK;
	if (!is_new)
		return WF_OK;
	item->finding.position = (uint32_t) position;
	item->text_at = x->window.len;
	return copy_field(x, raw, &item->finding.raw);
}

/*
 * Can href be a mailto: or tel: link?  Cheap, for the many that are not:
 * those begin with one of these letters, noise, or are encoded.
 */
static bool
may_be_contact_link(WfSlice href)
{
	if (href.len == 0)
		return false;
	if (href.data[0] == '/')
		return href.len > 1 && (wf_lower_char(href.data[1]) == 'm' || wf_phone_may_be_link(href));
	return (unsigned char) href.data[0] <= ' ' ||
		memchr("mtpcswf&%", wf_lower_char(href.data[0]), 9) != NULL ||
		wf_phone_may_be_link(href);
}

static WfStatus
take_link(Extraction *x, const WfHtmlToken *token)
{
	WfSlice		value;
	WfSlice		href = {x->link[0], 0};
	WfSlice		text = {x->link[1], 0};
	WfAddress	address;
	WfPhone		phone;
	size_t		pos = 0;
	WfStatus	status = WF_OK;

	if (!wf_html_find_attribute(token, WF_SLICE("href"), &value) ||
		!may_be_contact_link(value))
		return WF_OK;
	if (value.len > WF_MAX_URL)
		value.len = WF_MAX_URL;
	href.len = wf_html_decode(value, true, x->link[0]);
	if (wf_contact_mailto(href, x->link[1], &text.len))
	{
		while (status == WF_OK && !x->truncated &&
			   wf_contact_next(x->contacts, text, WF_TRUST_LINK, &pos, &address))
			status = add_from_link(x, WF_KIND_EMAIL, (WfSlice) {address.value, address.len},
								   (WfSlice) {text.data + address.start, address.end - address.start},
								   token->offset);
	}
	else if (wf_phone_tel(x->phones, href, &phone))
		status = add_from_link(x, phone.is_fax ? WF_KIND_FAX : WF_KIND_PHONE,
							   (WfSlice) {phone.value, phone.len},
							   (WfSlice) {href.data + phone.start, phone.end - phone.start},
							   token->offset);
	return status;
}

static WfStatus
take_title(Extraction *x, WfSlice raw)
{
	char	   *decoded;
	WfSlice		title;

	raw = wf_text_truncate(raw, 8 * WF_MAX_VALUE);
	decoded = wf_arena_alloc(x->arena, raw.len + 1);
	if (decoded == NULL)
		return WF_ERR_NOMEM;
	title.data = decoded;
	title.len = wf_html_decode(raw, false, decoded);
	x->title = wf_text_collapse(x->arena, title, WF_MAX_VALUE);
	x->have_title = true;
	return x->title.data != NULL ? WF_OK : WF_ERR_NOMEM;
}

/* lang of <html>: a hint at the country of its numbers. */
static void
take_language(Extraction *x, const WfHtmlToken *token)
{
	WfSlice		value;

	if (wf_html_find_attribute(token, WF_SLICE("lang"), &value) ||
		wf_html_find_attribute(token, WF_SLICE("xml:lang"), &value))
		wf_phone_hint(x->phones, WF_HINT_LANG, value);
}

static WfStatus
take_tag(Extraction *x, const WfHtmlToken *token)
{
	Window	   *w = &x->window;
	bool		is_end = token->type == WF_HTML_END_TAG;

	/* two links side by side are two texts */
	if (token->flags & WF_HTML_BLOCK)
		window_border(w);
	else if ((token->flags & WF_HTML_GAP) || !(token->flags & WF_HTML_KNOWN) ||
			 (w->after_link && token->element == WF_ELEMENT_A && !is_end))
		window_gap(w);
	w->after_link = is_end && token->element == WF_ELEMENT_A;
	if ((token->flags & WF_HTML_BLOCK) &&
		(w->len > WINDOW_SOFT_BYTES || w->segment_count > WINDOW_SOFT_SEGMENTS))
	{
		WfStatus	status = window_flush(x, false);

		if (status != WF_OK)
			return status;
	}
	if (!is_end && (token->flags & WF_HTML_LINKS))
		return take_link(x, token);
	if (!is_end && token->element == WF_ELEMENT_HTML)
		take_language(x, token);
	return WF_OK;
}

static WfStatus
take_token(Extraction *x, const WfHtmlToken *token, int *pre_depth)
{
	WfStatus	status = WF_OK;

	switch (token->type)
	{
		case WF_HTML_TEXT:
			if (token->element == WF_ELEMENT_TITLE && !x->have_title)
				status = take_title(x, token->text);
			if (status == WF_OK)
				status = take_text(x, token->text, token->has_references,
								   *pre_depth > 0 || token->element == WF_ELEMENT_TEXTAREA);
			x->window.after_link = false;
			break;
		case WF_HTML_RAW:
			if (token->element == WF_ELEMENT_XMP)
				status = take_text(x, token->text, false, true);
			break;
		case WF_HTML_START_TAG:
			if (token->element == WF_ELEMENT_PRE)
				++*pre_depth;
			status = take_tag(x, token);
			break;
		case WF_HTML_END_TAG:
			if (token->element == WF_ELEMENT_PRE && *pre_depth > 0)
				--*pre_depth;
			status = take_tag(x, token);
			break;
		case WF_HTML_EOF:
			break;
	}
	return status;
}

/*
 * Can the page hold any contact?  An address needs an '@' in one of its
 * spellings, a number seven digits.
 */
static bool
has_candidates(WfSlice page)
{
	size_t		i;
	int			digits = 0;

	for (i = 0; i < page.len; i++)
	{
		digits += wf_is_digit(page.data[i]);
		if (digits >= WF_MIN_PHONE || page.data[i] == '@')
			return true;
	}
	return memmem(page.data, page.len, "&#", 2) != NULL ||
		memmem(page.data, page.len, "&commat", 7) != NULL ||
		memmem(page.data, page.len, "%40", 3) != NULL;
}

/* Tokenise the page; of one without candidates only up to its title. */
static WfStatus
take_page(Extraction *x)
{
	bool		title_only = !has_candidates(x->page);
	WfHtml		html;
	WfHtmlToken token;
	int			pre_depth = 0;

	wf_html_init(&html, x->page);
	while (wf_html_next(&html, &token))
	{
		WfStatus	status;

		if (is_stopped(x))
			return WF_ERR_STOPPED;
		if (title_only && (x->have_title || token.element == WF_ELEMENT_BODY))
			return WF_OK;
		status = take_token(x, &token, &pre_depth);
		if (status != WF_OK)
			return status;
	}
	return window_flush(x, false);
}

static int
compare_items(const void *a, const void *b)
{
	const Item *left = a;
	const Item *right = b;

	if (left->finding.position != right->finding.position)
		return left->finding.position < right->finding.position ? -1 : 1;
	return left->number - right->number;
}

static WfStatus
finish(Extraction *x, WfFindings *out)
{
	int			i;

	if (x->count > 0)
	{
		out->items = wf_arena_alloc(x->arena, x->count * sizeof(WfFinding));
		if (out->items == NULL)
			return WF_ERR_NOMEM;
		qsort(x->items, x->count, sizeof(Item), compare_items);
	}
	for (i = 0; i < x->count; i++)
		out->items[i] = x->items[i].finding;
	out->count = x->count;
	out->truncated = x->truncated;
	out->title = x->title;
	return WF_OK;
}

WfStatus
wf_page_extract(const WfExtractor *extractor, WfArena *arena,
				const WfPageInput *in, WfFindings *out)
{
	Extraction *x = wf_arena_alloc(arena, sizeof(Extraction));
	WfStatus	status;

	memset(out, 0, sizeof(*out));
	if (x == NULL)
		return WF_ERR_NOMEM;
	memset(x, 0, offsetof(Extraction, window.segments));
	x->extractor = extractor;
	x->arena = arena;
	x->in = in;
	x->window.len = 1;
	x->window.data[0] = '\n';
	x->window.traced = -1;
	x->contacts = wf_contact_scan_create(extractor->contacts, arena);
	x->phones = wf_phone_scan_create(extractor->phones, arena, in->default_region);
	if (x->contacts == NULL || x->phones == NULL)
		return WF_ERR_NOMEM;

	wf_phone_hint(x->phones, WF_HINT_URL, in->url);

	if (in->body_is_utf8)
		status = wf_text_sanitize(arena, in->body, in->stop, &x->page);
	else
		status = wf_charset_decode(arena, in->body, in->content_type, in->stop, &x->page);
	if (status != WF_OK)
		return status;
	if (x->page.len > UINT32_MAX)
		return WF_ERR_LIMIT;
	status = take_page(x);
	return status == WF_OK ? finish(x, out) : status;
}
