/*-------------------------------------------------------------------------
 *
 * wf_html.h
 *	  HTML tokenizer: a pull iterator over tags, text and raw text.
 *
 * After the tokenizer states of the WHATWG HTML standard (section 13.2.5),
 * without a tree: no element is closed, moved or invented.  Comments, bogus
 * comments, processing instructions and doctypes are passed over in silence.
 * noscript and template are ordinary elements.
 *
 * Where the standard lets broken markup swallow the rest of the page, this
 * tokenizer goes on instead, at the price of a guess:
 *
 * - a comment that is never closed ends at the first '>';
 * - script, style and the like that are never closed end before the first tag
 *   of a known element; title and textarea then hold ordinary markup;
 * - a tag that is never closed because of its quotes ends at its first '>',
 *   and from there on quotes no longer protect a '>';
 * - a '<' with no '>' behind it is text.
 *
 * Each guess is made once: that something has no end further on is remembered,
 * which keeps the time linear in the input.  Nothing is allocated; all slices
 * point into the input, which must be UTF-8 or at least a superset of ASCII.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_HTML_H
#define WF_HTML_H

#include "wf_core.h"

typedef enum WfHtmlTokenType
{
	WF_HTML_EOF,
	WF_HTML_TEXT,				/* character references not yet decoded */
	WF_HTML_START_TAG,
	WF_HTML_END_TAG,
	WF_HTML_RAW					/* body of script, style …; no references in it */
} WfHtmlTokenType;

/* Elements that somebody asks for by name; all others are OTHER. */
typedef enum WfHtmlElement
{
	WF_ELEMENT_OTHER,
	WF_ELEMENT_A,
	WF_ELEMENT_AREA,
	WF_ELEMENT_BASE,
	WF_ELEMENT_BODY,
	WF_ELEMENT_HTML,
	WF_ELEMENT_IFRAME,
	WF_ELEMENT_IMG,
	WF_ELEMENT_LINK,
	WF_ELEMENT_META,
	WF_ELEMENT_NOEMBED,
	WF_ELEMENT_NOFRAMES,
	WF_ELEMENT_PRE,
	WF_ELEMENT_SCRIPT,
	WF_ELEMENT_STYLE,
	WF_ELEMENT_TEXTAREA,
	WF_ELEMENT_TITLE,
	WF_ELEMENT_XMP
} WfHtmlElement;

/* What is known of an element. */
#define WF_HTML_KNOWN		0x01	/* an element of HTML, past or present */
#define WF_HTML_BLOCK		0x02	/* text before and after it never touches */
#define WF_HTML_GAP			0x04	/* a space stands for it in the text */
#define WF_HTML_RAW_BODY	0x08	/* its body is a RAW token */
#define WF_HTML_TEXT_BODY	0x10	/* its body is text without tags (RCDATA) */
#define WF_HTML_LINKS		0x20	/* has href */

typedef struct WfHtmlToken
{
	WfHtmlTokenType type;
	WfHtmlElement element;		/* of a tag; of RAW, the element around it */
	unsigned	flags;			/* WF_HTML_* of the element */
	bool		has_references; /* TEXT: an '&' is in it */
	bool		is_blank;		/* TEXT: nothing but spaces, tabs and line ends */
	size_t		offset;			/* of the token's first byte in the input */
	WfSlice		text;			/* TEXT, RAW */
	WfSlice		name;			/* tags: as written, any case */
	WfSlice		attributes;		/* tags: for wf_html_next_attribute */
	WfSlice		href;			/* tags: value of the first href that is not empty,
								 * references not yet decoded */
} WfHtmlToken;

/* The iterator; its fields but one are private to wf_html.c. */
typedef struct WfHtml
{
	const char *start;
	const char *pos;
	const char *end;
	WfHtmlElement body_element; /* whose raw or text body comes next */
	unsigned	body_flags;
	WfSlice		body_name;
	unsigned	unclosed;		/* UNCLOSED_*: what has no end behind pos */
	WfStop		stop;			/* the caller's, NULL after init: once set, tokens are
								 * worth nothing, but come soon */
} WfHtml;

extern void wf_html_init(WfHtml *html, WfSlice input);

/* Next token; false (and type WF_HTML_EOF) at the end. */
extern bool wf_html_next(WfHtml *html, WfHtmlToken *token);

typedef struct WfHtmlAttribute
{
	WfSlice		name;			/* as written, any case */
	WfSlice		value;			/* references not yet decoded; may be empty */
} WfHtmlAttribute;

/*
 * Take the next attribute off *rest, which starts as token.attributes; false
 * when there is none.
 */
extern bool wf_html_next_attribute(WfSlice *rest, WfHtmlAttribute *attribute);

/*
 * Value of the first attribute of that name (lower case); false when absent.
 */
extern bool wf_html_find_attribute(const WfHtmlToken *token, WfSlice name, WfSlice *value);

/*
 * Decode the character reference at p (*p is '&').  Returns the bytes it takes
 * and writes its UTF-8 form, which is never longer, to out; 0 when there is no
 * reference and the '&' stands for itself.
 */
extern size_t wf_html_reference(const char *p, const char *end, bool in_attribute,
								char out[4], int *out_len);

/*
 * Decode all references of raw into out, which has room for raw.len bytes
 * and may be where raw is; returns the length.
 */
extern size_t wf_html_decode(WfSlice raw, bool in_attribute, char *out);

/*
 * Maker of visible text: copies, decoding references, turning each run of
 * whitespace (Unicode's too) into one space and leaving out marks that nobody
 * sees.  It looks at out[-1], which must exist, so that a run may go on from
 * one call to the next; nothing else is remembered, so making the same text
 * into the same place again gives the same bytes.
 */
typedef struct WfHtmlText
{
	const char *in;
	const char *in_pause;		/* stop when reached; a reference may end behind */
	const char *in_end;
	const char *in_limit;		/* what is there to be read, if not to be used */
	char	   *out;
	const char *out_end;		/* stop when reached; may be passed by 3 bytes */
	bool		has_references;
	bool		preformatted;	/* line ends stay */
} WfHtmlText;

extern void wf_html_make_text(WfHtmlText *maker);

#endif							/* WF_HTML_H */
