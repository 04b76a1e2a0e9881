/*-------------------------------------------------------------------------
 *
 * wf_page_int.h
 *	  What the files of the extraction of one page share.
 *
 * wf_page.c drives; wf_page_window.c has the visible text, wf_page_find.c the
 * table of findings, wf_page_tag.c what attributes and scripts hold,
 * wf_page_card.c structured data in the markup (see wf_page_card_int.h),
 * wf_page_row.c rows of tables, wf_page_column.c columns of them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_PAGE_INT_H
#define WF_PAGE_INT_H

#include <string.h>

#include "wf_page.h"

#include "wf_cipher.h"
#include "wf_contact.h"
#include "wf_html.h"
#include "wf_jsonld.h"
#include "wf_phone.h"

/* Of the page, between two looks at the stop flag. */
#define PIECE_BYTES			(64 * 1024)

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
	size_t		link_end;		/* there: of the text of the link to it; 0 none */
	bool		has_owner;		/* its name is known for sure */
} Item;

/* A person of whom structured data tell, without an address. */
typedef struct Owner
{
	WfSlice		name;
	WfSlice		job_title;
} Owner;

#define MAX_PEOPLE			16

/* Start and end tags of rows that are remembered. */
#define MAX_ROW_BORDERS		4096

typedef struct RowBorder
{
	uint32_t	offset;
	bool		begins;			/* a row */
} RowBorder;

/* The structured data that are open in the markup. */
typedef struct WfPageCards WfPageCards;

typedef struct Extraction
{
	const WfExtractor *extractor;
	WfArena    *arena;
	const WfPageInput *in;
	WfSlice		page;			/* UTF-8 */
	WfContactScan *contacts;
	WfPhoneScan *phones;
	WfJsonld   *jsonld;			/* NULL until needed */
	WfPageCards *cards;			/* NULL: the markup had none so far */
	WfCipher   *cipher;			/* NULL until needed */
	size_t		cipher_bytes;	/* of the scripts looked into */
	Item	   *items;
	int			count;
	int			room;
	int			touched;		/* the item of the last hidden value; -1 none */
	int			pending;		/* first item that may be without context */
	bool		truncated;
	bool		have_title;
	WfSlice		title;
	WfHtmlToken opened;			/* the last start tag */
	size_t		next_at;		/* of the first '@' not before the last tag */
	bool		in_card;		/* one is open, or a property of one */
	int			person_count;
	Owner		people[MAX_PEOPLE];
	int			far_searches;	/* for names far from their addresses so far */
	int			references;		/* elements that cards referred to so far */
	int			turned;			/* has the page reversed text? -1 not known yet */
	WfSlice		plain_site;		/* scheme and host of a link to no network */
	bool		in_mailto;		/* inside <a href=mailto:…> */
	int			mailto_item;	/* its address; -1 none */
	size_t		hidden_at;		/* where the text of a hidden element that touches the
								 * text before it begins in the window; 0 none */
	WfSlice		hidden_name;	/* of that element */
	uint16_t	table[TABLE_SLOTS]; /* 1 + index into items; 0 free */
	int			row_count;
	Window		window;
	RowBorder	rows[MAX_ROW_BORDERS];
	char		link[2][WF_MAX_URL + 1];	/* a link being examined */
} Extraction;

struct WfExtractor
{
	WfContactMatcher *contacts;
	WfPhoneMatcher *phones;
};

static inline bool
wf_page_is_stopped(const Extraction *x)
{
	return x->in->stop != NULL && *x->in->stop;
}

/* What stands in front of the '@' of an address. */
static inline WfSlice
wf_page_local_part(WfSlice address)
{
	const char *at = memchr(address.data, '@', address.len);

	return (WfSlice) {address.data, at != NULL ? (size_t) (at - address.data) : 0};
}

/* in wf_page.c */

/* Does the page have one of the words, each of 2 to 16 bytes?  Not when stopped. */
extern bool wf_page_has_any(const Extraction *x, const WfSlice *words, size_t count);

/* in wf_page_window.c */

/* Has the window to be searched before more goes into it than a border? */
static inline bool
wf_page_is_full(const Window *w)
{
	return w->len >= WINDOW_BYTES - WINDOW_SLACK || w->segment_count == WINDOW_SEGMENTS;
}

/* A border: whatever follows does not touch what is there. */
extern void wf_page_border(Window *w);

/* A gap: a space in the line. */
extern void wf_page_gap(Window *w);

/* Nobody sees the text from x->hidden_at on: if it is a word without '@', it goes. */
extern void wf_page_take_back(Extraction *x);

/* Is the text at "at" in the window right behind the markup of a quote or a review? */
extern bool wf_page_is_quoted(const Extraction *x, size_t at);

/* Append page text to the window, searching it whenever it is full. */
extern WfStatus wf_page_take_text(Extraction *x, WfSlice raw, bool has_references,
								  bool preformatted);

/* Search the window and empty it, up to its end or (full) to a good place. */
extern WfStatus wf_page_flush(Extraction *x, bool full);

/* in wf_page_find.c */

/*
 * Add a finding unless its value is known.  Sets *item to the finding of that
 * value and *is_new; to NULL when there is no room for another.
 */
extern WfStatus wf_page_add_item(Extraction *x, WfFindingKind kind, WfFindingSource source,
								 WfSlice value, Item **item, bool *is_new);

/* Copy of any bytes as a field of a finding. */
extern WfStatus wf_page_copy_field(Extraction *x, WfSlice bytes, WfSlice *out);

/*
 * A value that is not in the visible text but at "position" of the page.  One
 * known from the text counts as from the link, too.
 */
extern WfStatus wf_page_add_hidden(Extraction *x, WfFindingKind kind, WfFindingSource source,
								   WfSlice value, WfSlice raw, size_t position);

/* All addresses of a text that is not the visible one. */
extern WfStatus wf_page_add_addresses(Extraction *x, WfFindingSource source, WfSlice text,
									  WfContactTrust trust, size_t position);

/* A postal address, if its parts make one, at "position" of the page. */
extern WfStatus wf_page_add_postal(Extraction *x, WfFindingSource source,
								   const WfPostalAddress *address, size_t position);

/* A person in structured data who may have one of the addresses. */
extern WfStatus wf_page_add_person(Extraction *x, WfSlice name, WfSlice job_title);

/* Give the findings from links the text around them. */
extern WfStatus wf_page_settle(Extraction *x);

/* The text around "at": whole words in front of it, WF_MAX_CONTEXT in all. */
extern WfStatus wf_page_context(Extraction *x, WfSlice text, size_t at, WfSlice *context);

/* Who the address is of, by the text around its place. */
extern WfStatus wf_page_find_owner(Extraction *x, Item *item, WfSlice text, size_t start,
								   size_t end);

/* The findings in page order. */
extern WfStatus wf_page_finish(Extraction *x, WfFindings *out);

/* in wf_page_late.c */

/* Look again at numbers that came before what tells their country. */
extern WfStatus wf_page_look_again(Extraction *x);

/* in wf_page_tag.c */

/* Findings in the attributes of a start tag; has_at: an '@' is among them. */
extern WfStatus wf_page_take_attributes(Extraction *x, const WfHtmlToken *token, bool has_at);

/* Findings in what the code of a link or a handler of clicks composes. */
extern WfStatus wf_page_take_code(Extraction *x, WfSlice code, size_t position);

/* The cipher tools of the page, made when first needed; NULL: no memory. */
extern WfCipher *wf_page_cipher(Extraction *x);

/* Findings in the body of a script that began with x->opened. */
extern WfStatus wf_page_take_script(Extraction *x, const WfHtmlToken *token);

/* An address that Cloudflare took out of the text behind x->opened. */
extern WfStatus wf_page_take_protected(Extraction *x);

/* in wf_page_spread.c */

/* Addresses that a tag's attributes hold in parts or disguised, for a script. */
extern WfStatus wf_page_take_spread(Extraction *x, const WfHtmlToken *token);

/* in wf_page_row.c */

/* A tag: remembered if it is one of a row of a table or an item of a list. */
extern void wf_page_note_row(Extraction *x, const WfHtmlToken *token);

/*
 * Give the address of each row with one address and one number, in page order,
 * that number, unless it has one already; in rows with several addresses to look for
 * what the columns tell of them.
 */
extern void wf_page_tie_rows(Extraction *x, WfFindings *findings);

/* in wf_page_column.c */

/*
 * If a column is a person in the table of x->rows[index], give the addresses of that row
 * the names, job titles and numbers of the rows around.
 */
extern void wf_page_tie_columns(Extraction *x, WfFindings *findings, int index);

/* in wf_page_card.c */

/*
 * A start or end tag, whose border is in the window already: to be called with
 * each while a card is open, and with those that may begin one.
 */
extern WfStatus wf_page_take_card_tag(Extraction *x, const WfHtmlToken *token);

/* The window is being emptied: values that began in it are not complete. */
extern void wf_page_lose_card_text(Extraction *x);

/* The page ends, and with it all that was never closed. */
extern WfStatus wf_page_end_cards(Extraction *x);

#endif							/* WF_PAGE_INT_H */
