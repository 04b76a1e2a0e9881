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
 *-------------------------------------------------------------------------
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE				/* memmem */
#endif

#include "wf_page_int.h"

#include <stdlib.h>
#include <string.h>

#include "wf_charset.h"
#include "wf_scan.h"
#include "wf_text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/*
 * What is in every attribute that tells of an address, and in every one that
 * begins a card: a class "vcard", "h-card", "adr" or "h-adr", a type or vocabulary of
 * schema.org.
 */
#define MARK_OF_MAIL	{"ail", 3}
#define MARKS_OF_CARDS	{"adr", 3}, {"card", 4}, {"hema.org", 8}

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

/* An "@" as a picture: its text, such as "@" or "(at)", is what everybody reads. */
static WfStatus
take_picture(Extraction *x, const WfHtmlToken *token)
{
	static const WfSlice signs[] = {{"@", 1}, {"at", 2}, {"(at)", 4}, {"[at]", 4}, {"(@)", 3}};
	Window	   *w = &x->window;
	WfSlice		alt;

	if (!wf_html_find_attribute(token, WF_SLICE("alt"), &alt))
		return WF_OK;
	if (!wf_text_is_one_of(wf_text_trim(alt), signs, COUNT(signs)))
		return WF_OK;
	if (wf_page_is_full(w))
	{
		WfStatus	status = wf_page_flush(x, true);

		if (status != WF_OK)
			return status;
	}
	if (w->data[w->len - 1] == ' ' && w->len > 1)
		w->len--;
	w->data[w->len++] = '@';
	return WF_OK;
}

/* Is an '@' in the tag?  x->next_at is the first not before the last tag. */
static bool
has_at(Extraction *x, const WfHtmlToken *token)
{
	if (x->next_at < token->offset)
	{
		const char *at = memchr(x->page.data + token->offset, '@', x->page.len - token->offset);

		x->next_at = at != NULL ? (size_t) (at - x->page.data) : x->page.len;
	}
	return x->page.data + x->next_at < token->attributes.data + token->attributes.len;
}

/* The first of some marks in the attributes of a tag, from a place on, or NULL. */
static inline __attribute__((always_inline)) const char *
find_mark(const Extraction *x, const WfHtmlToken *token, const char *from, const WfSlice *marks,
		  int count)
{
	const char *end = token->attributes.data + token->attributes.len;

	while (from < end && !wf_page_is_stopped(x))
	{
		/* the next piece looks again at where one may have begun and not ended */
		const char *until = end - from > PIECE_BYTES ? from + PIECE_BYTES : end;
		const char *mark = wf_scan_any_within(from, until, x->page.data + x->page.len, marks,
											  count);

		if (mark != NULL)
			return mark;
		from = until < end ? until - WF_BLOCK_BYTES : end;
	}
	return NULL;
}

/* The first mark of any kind: most tags have none and need no closer look. */
static inline const char *
first_mark(const Extraction *x, const WfHtmlToken *token)
{
	static const WfSlice marks[] = {MARK_OF_MAIL, MARKS_OF_CARDS};

	return find_mark(x, token, token->attributes.data, marks, COUNT(marks));
}

/* Is a mark of structured data in the attributes from there on? */
static bool
has_card_mark(const Extraction *x, const WfHtmlToken *token, const char *from)
{
	static const WfSlice marks[] = {MARKS_OF_CARDS};

	return find_mark(x, token, from, marks, COUNT(marks)) != NULL;
}

/* Is "ail", of "mail" in any spelling, in the attributes from there on? */
static bool
has_mail(const Extraction *x, const WfHtmlToken *token, const char *from)
{
	static const WfSlice marks[] = {MARK_OF_MAIL};

	return find_mark(x, token, from, marks, COUNT(marks)) != NULL;
}

/* A start tag that has attributes, and perhaps a mark in them. */
static WfStatus
take_attributes(Extraction *x, const WfHtmlToken *token, const char *mark)
{
	bool		at = has_at(x, token);
	WfStatus	status = WF_OK;

	/* within a line only */
	if (token->element == WF_ELEMENT_IMG && x->window.data[x->window.len - 1] == ' ')
		status = take_picture(x, token);
	if (status == WF_OK && mark != NULL && has_mail(x, token, mark))
		status = wf_page_take_spread(x, token);
	if (status == WF_OK && (at || (token->flags & WF_HTML_LINKS)))
		status = wf_page_take_attributes(x, token, at);
	return status;
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

/* Can a <meta> have one of two names?  Cheap, for the many that have others. */
static bool
may_tell_place(WfSlice attributes)
{
	size_t		name;

	while (attributes.len > 0 && wf_is_space(attributes.data[0]))
		wf_advance(&attributes, 1);
	if (attributes.len < 20)
		return false;
	name = attributes.data[0] == 'n' ? 5 : attributes.data[0] == 'p' ? 9 : 0;
	if (name == 0)				/* perhaps its content comes first */
		return attributes.data[0] == 'c' && attributes.len < 60;
	name += attributes.data[name] == '"' || attributes.data[name] == '\'';
	return memcmp(attributes.data + name, "geo.", 4) == 0 ||
		memcmp(attributes.data + name, "og:l", 4) == 0;
}

/* <meta> that tells where a site is: geo.region ("DE-BW"), or og:locale. */
static void
take_meta(Extraction *x, const WfHtmlToken *token)
{
	WfSlice		name;
	WfSlice		content;

	if (!may_tell_place(token->attributes))
		return;
	if ((!wf_html_find_attribute(token, WF_SLICE("property"), &name) &&
		 !wf_html_find_attribute(token, WF_SLICE("name"), &name)) ||
		!wf_html_find_attribute(token, WF_SLICE("content"), &content) || content.len < 2)
		return;
	if (wf_text_equal_nocase(name, WF_SLICE("geo.region")) ||
		wf_text_equal_nocase(name, WF_SLICE("geo.country")))
		wf_phone_hint(x->phones, WF_HINT_COUNTRY, (WfSlice) {content.data, 2});
	/* en_US is what site systems say when nobody told them */
	else if (wf_text_equal_nocase(name, WF_SLICE("og:locale")) &&
			 !wf_text_equal_nocase(content, WF_SLICE("en_US")))
		wf_phone_hint(x->phones, WF_HINT_LOCALE, content);
}

/*
 * An element within a word that nobody sees, such as a text put into an address
 * against machines: "info<span style='display:none'>spam</span>@x.org".
 */
static void
note_hidden(Extraction *x, const WfHtmlToken *token)
{
	const Window *w = &x->window;
	char		last = w->data[w->len - 1];
	WfSlice		style;

	if (last == ' ' || last == '\n' || !(token->flags & WF_HTML_KNOWN) ||
		(token->flags & (WF_HTML_BLOCK | WF_HTML_GAP | WF_HTML_LINKS)))
		return;
	if (wf_html_find_attribute(token, WF_SLICE("style"), &style))
	{
		const char *p = memmem(style.data, style.len, "display", 7);
		const char *end = style.data + style.len;

		for (p = p != NULL ? p + 7 : end; p < end && (*p == ':' || wf_is_space(*p)); p++)
			;
		if (!wf_text_starts_nocase((WfSlice) {p, end - p}, WF_SLICE("none")))
			return;
	}
	else if (!wf_html_find_attribute(token, WF_SLICE("hidden"), &style))
		return;
	x->hidden_at = w->len;
	x->hidden_name = token->name;
}

/* Where the text of the link to an address ends. */
static void
note_link_end(Extraction *x)
{
	Item	   *item = x->mailto_item < 0 ? NULL : &x->items[x->mailto_item];

	if (item != NULL && item->finding.context.data == NULL && item->link_end == 0 &&
		x->window.len > item->text_at + 1)
		item->link_end = x->window.len;
}

static WfStatus
take_tag(Extraction *x, const WfHtmlToken *token)
{
	Window	   *w = &x->window;
	bool		is_end = token->type == WF_HTML_END_TAG;
	bool		is_link = token->element == WF_ELEMENT_A;
	const char *mark;

	/* two links side by side are two texts */
	if (token->flags & WF_HTML_BLOCK)
		wf_page_border(w);
	else if ((token->flags & WF_HTML_GAP) || !(token->flags & WF_HTML_KNOWN) ||
			 (w->after_link && is_link && !is_end))
		wf_page_gap(w);
	w->after_link = is_end & is_link;
	if ((token->flags & WF_HTML_BLOCK) &&
		(w->len > WINDOW_SOFT_BYTES || w->segment_count > WINDOW_SOFT_SEGMENTS))
	{
		WfStatus	status = wf_page_flush(x, false);

		if (status != WF_OK)
			return status;
	}
	if (x->hidden_at > 0 && is_end && wf_text_equal_nocase(token->name, x->hidden_name))
		wf_page_take_back(x);
	if (token->flags & WF_HTML_BLOCK)
		wf_page_note_row(x, token);
	mark = is_end ? NULL : first_mark(x, token);
	if (x->in_card || (mark != NULL && has_card_mark(x, token, mark)))
	{
		WfStatus	status = wf_page_take_card_tag(x, token);

		if (status != WF_OK)
			return status;
	}
	if (x->in_mailto && is_link && is_end)
	{
		note_link_end(x);
		wf_page_gap(w);
		x->in_mailto = false;
	}
	if (token->attributes.len > 0 && !is_end)
	{
		x->opened = *token;
		note_hidden(x, token);
		return take_attributes(x, token, mark);
	}
	if (!is_end)
	{
		x->opened.element = token->element;
		x->opened.attributes.len = 0;
	}
	return WF_OK;
}

/* The elements that tell something of all that follows. */
static void
note_state(Extraction *x, const WfHtmlToken *token, int *pre_depth)
{
	if (token->element == WF_ELEMENT_HTML && token->type == WF_HTML_START_TAG)
		take_language(x, token);
	else if (token->element == WF_ELEMENT_META)
		take_meta(x, token);
	else if (token->element == WF_ELEMENT_PRE && token->type == WF_HTML_START_TAG)
		++*pre_depth;
	else if (token->element == WF_ELEMENT_PRE && *pre_depth > 0)
		--*pre_depth;
}

static WfStatus
take_token(Extraction *x, const WfHtmlToken *token, int *pre_depth)
{
	WfStatus	status = WF_OK;

	switch (token->type)
	{
		case WF_HTML_TEXT:
			if (token->is_blank && *pre_depth == 0)
			{
				wf_page_gap(&x->window);
				x->window.after_link = false;
				break;
			}
			if (token->element == WF_ELEMENT_TITLE && !x->have_title)
				status = take_title(x, token->text);
			if (token->text.data[0] == '[' && x->opened.attributes.len > 0)
				status = wf_page_take_protected(x);
			if (status == WF_OK)
				status = wf_page_take_text(x, token->text, token->has_references,
								   *pre_depth > 0 || token->element == WF_ELEMENT_TEXTAREA);
			x->window.after_link = false;
			break;
		case WF_HTML_RAW:
			if (token->element == WF_ELEMENT_XMP)
				status = wf_page_take_text(x, token->text, false, true);
			else if (token->element == WF_ELEMENT_SCRIPT)
				status = wf_page_take_script(x, token);
			break;
		case WF_HTML_START_TAG:
		case WF_HTML_END_TAG:
			if (token->element == WF_ELEMENT_HTML || token->element == WF_ELEMENT_PRE ||
				token->element == WF_ELEMENT_META)
				note_state(x, token, pre_depth);
			status = take_tag(x, token);
			break;
		case WF_HTML_EOF:
			break;
	}
	return status;
}

bool
wf_page_has_any(const Extraction *x, const WfSlice *words, size_t count)
{
	const char *end = x->page.data + x->page.len;
	const char *p = x->page.data;

	while (p < end && !wf_page_is_stopped(x))
	{
		const char *next = end - p > PIECE_BYTES ? p + PIECE_BYTES : end;
		size_t		i;

		for (i = 0; i < count; i++)
		{
			/* a word may begin in one piece and end in the next */
			size_t		more = words[i].len - 1;
			const char *until = (size_t) (end - next) > more ? next + more : end;

			if (wf_scan_find(p, until, words[i].data, words[i].len) != NULL)
				return true;
		}
		p = next;
	}
	return false;
}

/* Are there so many digits, or an '@'?  Found out soon on most pages. */
static bool
has_digits_or_at(const Extraction *x)
{
	const char *end = x->page.data + x->page.len;
	const char *p = x->page.data;
	int			digits = 0;

	while (p < end && digits < WF_MIN_PHONE && !wf_page_is_stopped(x))
	{
		const char *next = end - p > PIECE_BYTES ? p + PIECE_BYTES : end;

		if (memchr(p, '@', next - p) != NULL)
			return true;
		for (; next - p >= WF_BLOCK_BYTES && digits < WF_MIN_PHONE; p += WF_BLOCK_BYTES)
			digits += __builtin_popcount(wf_block_between(wf_block_load(p), '0', '9'));
		for (; p < next && digits < WF_MIN_PHONE; p++)
			digits += wf_is_digit(*p);
	}
	return digits >= WF_MIN_PHONE;
}

/*
 * Can the page hold any contact?  An address needs an '@' in one of its
 * spellings or a script that writes one, a number seven digits.
 */
static bool
has_candidates(const Extraction *x)
{
	/* how an '@' is spelt where there is none, and what writes or links one */
	static const WfSlice at_spellings[] = {
		{"&#", 2}, {"&commat", 7}, {"%40", 3}, {"ail", 3}, {" at ", 4}, {" AT ", 4},
		{"at)", 3}, {"AT)", 3}, {"at]", 3}, {"AT]", 3}, {"at}", 3}, {" arroba ", 8}
	};

	return has_digits_or_at(x) || wf_page_has_any(x, at_spellings, COUNT(at_spellings));
}

/* Tokenise the page; of one without candidates only up to its title. */
static WfStatus
take_page(Extraction *x)
{
	bool		title_only = !has_candidates(x);
	WfHtml		html;
	WfHtmlToken token;
	int			pre_depth = 0;
	WfStatus	status;

	wf_html_init(&html, x->page);
	html.stop = x->in->stop;
	while (wf_html_next(&html, &token))
	{
		if (wf_page_is_stopped(x))
			return WF_ERR_STOPPED;
		if (title_only && (x->have_title || token.element == WF_ELEMENT_BODY))
			return WF_OK;
		status = take_token(x, &token, &pre_depth);
		if (status != WF_OK)
			return status;
	}
	status = wf_page_end_cards(x);
	return status == WF_OK ? wf_page_flush(x, false) : status;
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
	x->turned = -1;
	x->touched = -1;
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
	if (status == WF_OK)
		status = wf_page_look_again(x);
	return status == WF_OK ? wf_page_finish(x, out) : status;
}
