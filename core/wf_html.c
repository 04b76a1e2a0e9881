/*-------------------------------------------------------------------------
 *
 * wf_html.c
 *	  HTML tokenizer.  Comments name the states as the standard does.
 *
 *-------------------------------------------------------------------------
 */
#include "wf_html.h"

#include <string.h>

#include "wf_html_elements.h"
#include "wf_scan.h"
#include "wf_text.h"

/*
 * What is known to have no end behind the current position, see wf_html.h.
 * NO_END_TAG(e) is for the elements with a raw or text body.
 */
#define UNCLOSED_GT			0x01u	/* there is no '>' */
#define UNCLOSED_COMMENT	0x02u	/* there is no "-->" */
#define UNCLOSED_TAG		0x04u	/* a tag ran into the end: ignore quotes */
#define UNCLOSED_ESCAPE		0x08u	/* "<!--" in scripts means nothing */
#define NO_END_TAG(e)		(0x10u << (e))

/* Kept out of the loop's way. */
#define SELDOM __attribute__((noinline))

/* Bytes searched between two looks at the stop flag. */
#define STOP_BYTES (256 * 1024)

/* What a text has; see scan_text. */
#define TEXT_INK			0x01u	/* more than whitespace */
#define TEXT_REFERENCES		0x02u	/* an '&' */

/* What a byte is inside a tag. */
#define BYTE_SPACE	1
#define BYTE_ENDS	2			/* ends the name of a tag or attribute */
#define BYTE_EQUALS 4

static const unsigned char byte_class[256] = {
	['\t'] = BYTE_SPACE | BYTE_ENDS, ['\n'] = BYTE_SPACE | BYTE_ENDS,
	['\f'] = BYTE_SPACE | BYTE_ENDS, ['\r'] = BYTE_SPACE | BYTE_ENDS,
	[' '] = BYTE_SPACE | BYTE_ENDS,
	['/'] = BYTE_ENDS, ['>'] = BYTE_ENDS, ['='] = BYTE_EQUALS
};

static inline bool
is_byte(char c, unsigned char class)
{
	return (byte_class[(unsigned char) c] & class) != 0;
}

static inline bool
ends_name(char c)
{
	return is_byte(c, BYTE_ENDS);
}

void
wf_html_init(WfHtml *html, WfSlice input)
{
	memset(html, 0, sizeof(*html));
	html->start = input.len > 0 ? input.data : "";
	html->pos = html->start;
	html->end = html->start + input.len;
}

/* Eight bytes as a number, the first the lowest. */
static inline uint64_t
read_number(const char *p)
{
	uint64_t	number = 0;
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	memcpy(&number, p, 8);
#else
	int			i;

	for (i = 0; i < 8; i++)
		number |= (uint64_t) (unsigned char) p[i] << (8 * i);
#endif
	return number;
}

/*
 * The first eight bytes of a name, which is in front of end, as a number: the
 * first the lowest, letters in lower case, zeros for what the name has not.
 */
static inline uint64_t
name_key(WfSlice name, const char *end)
{
	uint64_t	key = 0;
	size_t		len = name.len < 8 ? name.len : 8;
	size_t		i;

	if (end - name.data >= 8)
		key = read_number(name.data) & ~UINT64_C(0) >> (64 - 8 * len);
	else
	{
		for (i = 0; i < len; i++)
			key |= (uint64_t) (unsigned char) name.data[i] << (8 * i);
	}
	/* all of the columns that letters are in; nothing else there is in a name */
	return key | (key & UINT64_C(0x4040404040404040)) >> 1;
}

/* Properties of an element; NULL when it is none of HTML's.  name is in front of end. */
static inline const ElementInfo *
find_element(WfSlice name, const char *end)
{
	const ElementInfo *info;
	uint64_t	key;
	unsigned	index;
	size_t		i;

	if (name.len == 0 || name.len > ELEMENT_MAX_NAME)
		return NULL;
	key = name_key(name, end);
	index = element_slots[element_hash(key)];
	if (index == 0)
		return NULL;
	info = &elements[index - 1];
	if (info->len != name.len || read_number(info->name) != key)
		return NULL;
	for (i = 8; i < name.len; i++)
	{
		if (wf_lower_char(name.data[i]) != info->name[i])
			return NULL;
	}
	return info;
}

static inline bool
is_stopped(const WfHtml *html)
{
	return html->stop != NULL && *html->stop;
}

/* How far to search from p before the next look at the stop flag. */
static inline const char *
search_limit(const WfHtml *html, const char *p)
{
	return html->end - p > STOP_BYTES ? p + STOP_BYTES : html->end;
}

/* memchr in [p, end of input); NULL, too, when stopped. */
static const char *
find_byte(const WfHtml *html, const char *p, char c)
{
	while (p < html->end && !is_stopped(html))
	{
		const char *limit = search_limit(html, p);
		const char *found = memchr(p, c, limit - p);

		if (found != NULL)
			return found;
		p = limit;
	}
	return NULL;
}

/* memchr for '>' that looks for a missing one only once. */
static const char *
find_gt(WfHtml *html, const char *from)
{
	const char *gt = NULL;

	if (!(html->unclosed & UNCLOSED_GT))
		gt = find_byte(html, from, '>');
	if (gt == NULL)
		html->unclosed |= UNCLOSED_GT;
	return gt;
}

/*-------------------------------------------------------------------------
 * Attributes
 *-------------------------------------------------------------------------
 */

typedef enum AttributeScan
{
	SCAN_ATTRIBUTE,				/* one was read */
	SCAN_END,					/* *pos is '>', or the end */
	SCAN_UNCLOSED				/* one was read whose quote is never closed */
} AttributeScan;

/*
 * End of a name that begins at p: the first byte of spaces, '/', '>' and, in the
 * name of an attribute, '='.
 */
static inline const char *
scan_name(const char *p, const char *end, unsigned char enders)
{
	if (end - p >= WF_BLOCK_BYTES)
	{
		WfBlock		block = wf_block_load(p);
		WfBits		ends = wf_block_between(block, 0, ' ') | wf_block_equal(block, '/') |
			wf_block_equal(block, '>');

		if (enders & BYTE_EQUALS)
			ends |= wf_block_equal(block, '=');
		p += ends != 0 ? wf_bits_first(ends) : WF_BLOCK_BYTES;
	}
	/* behind the block, or at a control character, which is part of a name */
	while (p < end && !is_byte(*p, enders))
		p++;
	return p;
}

/* Attribute value states; *pos is behind the '='. */
static inline AttributeScan
scan_value(const char **pos, const char *end, WfSlice *value)
{
	const char *p = *pos;

	while (p < end && is_byte(*p, BYTE_SPACE))
		p++;
	if (p < end && (*p == '"' || *p == '\''))
	{
		const char *close = wf_scan_near(p + 1, end, *p);

		value->data = p + 1;
		value->len = (close != NULL ? close : end) - (p + 1);
		*pos = close != NULL ? close + 1 : end;
		return close != NULL ? SCAN_ATTRIBUTE : SCAN_UNCLOSED;
	}
	value->data = p;
	while (p < end && *p != '>' && !is_byte(*p, BYTE_SPACE))
		p++;
	value->len = p - value->data;
	*pos = p;
	return SCAN_ATTRIBUTE;
}

/* Before attribute name state, up to the end of one attribute. */
static inline AttributeScan
scan_attribute(const char **pos, const char *end, WfHtmlAttribute *attribute)
{
	const char *p = *pos;
	const char *name;

	while (p < end && (is_byte(*p, BYTE_SPACE) || *p == '/'))
		p++;
	*pos = p;
	if (p == end || *p == '>')
		return SCAN_END;

	name = p++;					/* may be a '=' */
	p = scan_name(p, end, BYTE_ENDS | BYTE_EQUALS);
	attribute->name.data = name;
	attribute->name.len = p - name;
	attribute->value.data = p;
	attribute->value.len = 0;
	*pos = p;

	while (p < end && is_byte(*p, BYTE_SPACE))
		p++;
	if (p == end || *p != '=')
		return SCAN_ATTRIBUTE;
	*pos = p + 1;
	return scan_value(pos, end, &attribute->value);
}

bool
wf_html_next_attribute(WfSlice *rest, WfHtmlAttribute *attribute)
{
	const char *pos = rest->data;
	const char *end;
	AttributeScan scan;

	if (rest->len == 0)
		return false;
	end = pos + rest->len;
	scan = scan_attribute(&pos, end, attribute);
	rest->data = pos;
	rest->len = end - pos;
	return scan != SCAN_END;
}

bool
wf_html_find_attribute(const WfHtmlToken *token, WfSlice name, WfSlice *value)
{
	WfSlice		rest = token->attributes;
	WfHtmlAttribute attribute;

	while (wf_html_next_attribute(&rest, &attribute))
	{
		if (attribute.name.len == name.len &&
			wf_lower_char(attribute.name.data[0]) == name.data[0] &&
			wf_text_equal_nocase(attribute.name, name))
		{
			*value = attribute.value;
			return true;
		}
	}
	return false;
}

/* Is name, which ends at end and may begin at floor, "href"? */
static inline bool
is_href(const char *floor, const char *end)
{
	return end - floor >= 4 && (end - floor == 4 || is_byte(end[-5], BYTE_ENDS)) &&
		(end[-4] == 'h' || end[-4] == 'H') &&
		wf_text_equal_nocase((WfSlice) {end - 4, 4}, WF_SLICE("href"));
}

/*
 * Pass over attributes that are written as nearly all are: name="value", the
 * quote right behind the '=' and that behind the name.  p is in the before
 * attribute name state; so is what is returned, or it is the '>' of the tag.
 * Sets *href as in a token.
 *
 * Without quotes a '>' ends the tag in every state.  A quote opens a value when
 * it follows the '=' that ends a name, which that '=' does if it is the first
 * since the last value and what stands in front of it belongs to a name.
 */
static inline const char *
skip_plain_attributes(const WfHtml *html, const char *p, WfSlice *href)
{
	const char *limit = search_limit(html, p);

	while (limit - p >= WF_WIDE_BYTES)
	{
		WfWide		wide = wf_wide_load(p);
		uint64_t	gt = wf_wide_equal(&wide, '>');
		uint64_t	equals = wf_wide_equal(&wide, '=');
		uint64_t	quotes[2] = {wf_wide_equal(&wide, '"'), wf_wide_equal(&wide, '\'')};
		uint64_t	rest = ~UINT64_C(0);	/* what is not yet passed over */
		const char *from = p;				/* where that begins */

		for (;;)
		{
			uint64_t	stops = (gt | quotes[0] | quotes[1]) & rest;
			uint64_t	first = stops & -stops;
			uint64_t	close;
			const char *at;
			const char *closing;

			if (stops == 0)
				break;
			at = p + wf_wide_first(first);
			/* an '=' in front of it: a value without quotes, which may be of href */
			if (gt & first)
				return (equals & rest & (first - 1)) != 0 ? from : at;
			if (at - from < 2 || (equals & rest & (first - 1)) != first >> 1 ||
				is_byte(at[-2], BYTE_ENDS))
				return from;
			close = quotes[*at == '\''] & ~(first | (first - 1));
			closing = close != 0 ? p + wf_wide_first(close) :
				wf_scan_near(p + WF_WIDE_BYTES, html->end, *at);
			if (closing == NULL)
				return from;
			if (href->len == 0 && is_href(from, at - 1))
				*href = (WfSlice) {at + 1, closing - at - 1};
			from = closing + 1;
			if (close == 0)
				break;
			rest = ~(close ^ (close - 1));
		}
		if (from == p)
			break;
		p = from;
	}
	return p;
}

/*
 * What find_tag_end does for tags that are not plain to their end; their
 * attributes up to p are passed over.
 */
static const char * SELDOM
find_odd_tag_end(WfHtml *html, const char *from, const char *p, WfSlice *href)
{
	WfHtmlAttribute attribute;
	AttributeScan scan;

	if (!(html->unclosed & UNCLOSED_TAG))
	{
		while ((scan = scan_attribute(&p, html->end, &attribute)) == SCAN_ATTRIBUTE &&
			   !is_stopped(html))
		{
			if (href->len == 0 && wf_text_equal_nocase(attribute.name, WF_SLICE("href")))
				*href = attribute.value;
			p = skip_plain_attributes(html, p, href);
		}
		if (scan == SCAN_END && p < html->end)
			return p;
		html->unclosed |= UNCLOSED_TAG;
	}
	/* without a quote that is closed somewhere it is another tag than it seemed */
	p = find_gt(html, from);
	*href = WF_SLICE_EMPTY;
	if (p != NULL)
		wf_html_find_attribute(&(WfHtmlToken) {.attributes = {from, p - from}},
							   WF_SLICE("href"), href);
	return p;
}

/*
 * The '>' that closes the tag whose name ends at from; NULL when there is none
 * at all.  Sets *href as in a token.
 */
static inline const char *
find_tag_end(WfHtml *html, const char *from, WfSlice *href)
{
	const char *p = from;

	if (!(html->unclosed & UNCLOSED_TAG))
		p = skip_plain_attributes(html, p, href);
	if (p < html->end && *p == '>')
		return p;
	return find_odd_tag_end(html, from, p, href);
}

/*-------------------------------------------------------------------------
 * Tags and comments
 *-------------------------------------------------------------------------
 */

/* Tag name state; pos is at '<'.  False when the '<' is text after all. */
static inline bool
read_tag(WfHtml *html, WfHtmlToken *token)
{
	bool		is_end = html->pos[1] == '/';
	const char *name = html->pos + (is_end ? 2 : 1);
	const char *p;
	const char *gt;
	const ElementInfo *info;

	if (html->unclosed & UNCLOSED_GT)
		return false;
	p = scan_name(name, html->end, BYTE_ENDS);
	token->href = WF_SLICE_EMPTY;
	gt = p < html->end && *p == '>' ? p : find_tag_end(html, p, &token->href);
	if (gt == NULL)
		return false;

	token->type = is_end ? WF_HTML_END_TAG : WF_HTML_START_TAG;
	token->offset = html->pos - html->start;
	token->text = WF_SLICE_EMPTY;
	token->name.data = name;
	token->name.len = p - name;
	token->attributes.data = p;
	token->attributes.len = gt - p;
	html->pos = gt + 1;

	info = find_element(token->name, html->end);
	token->element = info != NULL ? info->element : WF_ELEMENT_OTHER;
	token->flags = info != NULL ? info->flags : 0;
	if ((token->flags & (WF_HTML_RAW_BODY | WF_HTML_TEXT_BODY)) && !is_end)
	{
		html->body_element = token->element;
		html->body_flags = token->flags;
		html->body_name = token->name;
	}
	return true;
}

/*
 * Behind the comment whose "<!--" ends at from: the comment states, reduced to
 * what may stand before the '>' ("--", "--!", and nothing or "-" at once).
 */
static const char *
find_comment_end(WfHtml *html, const char *from)
{
	const char *p = from;

	if (!(html->unclosed & UNCLOSED_COMMENT))
	{
		while ((p = find_byte(html, p, '>')) != NULL)
		{
			size_t		len = p - from;

			if (len == 0 || (len == 1 && p[-1] == '-') ||
				(len >= 2 && p[-1] == '-' && p[-2] == '-') ||
				(len >= 3 && p[-1] == '!' && p[-2] == '-' && p[-3] == '-'))
				return p + 1;
			p++;
		}
		html->unclosed |= UNCLOSED_COMMENT;
	}
	p = find_gt(html, from);
	return p != NULL ? p + 1 : NULL;
}

/*
 * Markup declaration open, bogus comment, and "</" without a letter: all that
 * is passed over.  False when the '<' is text after all.
 */
static bool SELDOM
skip_declaration(WfHtml *html)
{
	const char *p = html->pos;
	const char *after;

	if (html->end - p >= 4 && memcmp(p, "<!--", 4) == 0)
		after = find_comment_end(html, p + 4);
	else
	{
		after = find_gt(html, p + 2);
		if (after != NULL)
			after++;
	}
	if (after == NULL)
		return false;
	html->pos = after;
	return true;
}

/*
 * Tag open state: does the '<' at p begin a tag?  Start or end is hard to foresee
 * and makes no difference here.
 */
static inline bool
is_tag(const WfHtml *html, const char *p)
{
	if (html->end - p < 3)
		return html->end - p == 2 && wf_is_alpha(p[1]);
	return wf_is_alpha(p[1 + (p[1] == '/')]);
}

static inline bool
is_declaration(const WfHtml *html, const char *p)
{
	if (html->end - p < 3)
		return false;
	return p[1] == '!' || p[1] == '?' || (p[1] == '/' && !wf_is_alpha(p[2]));
}

/*-------------------------------------------------------------------------
 * Text and raw text
 *-------------------------------------------------------------------------
 */

/* Emit [pos, end), which has contents as scan_text says. */
static void
set_text(WfHtml *html, WfHtmlToken *token, WfHtmlTokenType type, const char *end,
		 unsigned contents)
{
	token->type = type;
	token->element = html->body_element;
	token->flags = html->body_flags;
	token->offset = html->pos - html->start;
	token->text.data = html->pos;
	token->text.len = end - html->pos;
	token->name = WF_SLICE_EMPTY;
	token->attributes = WF_SLICE_EMPTY;
	token->href = WF_SLICE_EMPTY;
	token->has_references = (contents & TEXT_REFERENCES) != 0;
	token->is_blank = (contents & TEXT_INK) == 0;
	html->pos = end;
}

/*
 * The first '<' of [p, end), or end; adds to *contents what stands before it.
 */
static inline const char *
scan_text(const char *p, const char *end, unsigned *contents)
{
	while (end - p >= WF_BLOCK_BYTES)
	{
		WfBlock		block = wf_block_load(p);
		WfBits		tags = wf_block_equal(block, '<');
		WfBits		spaces = wf_block_equal(block, ' ') | wf_block_equal(block, '\n') |
			wf_block_equal(block, '\t') | wf_block_equal(block, '\r');
		WfBits		before = tags != 0 ? (tags & -tags) - 1 : wf_bits_before(WF_BLOCK_BYTES);

		if (before & ~spaces)
			*contents |= TEXT_INK;
		if (before & wf_block_equal(block, '&'))
			*contents |= TEXT_REFERENCES;
		if (tags != 0)
			return p + wf_bits_first(tags);
		p += WF_BLOCK_BYTES;
	}
	for (; p < end && *p != '<'; p++)
	{
		if (!is_byte(*p, BYTE_SPACE))
			*contents |= TEXT_INK;
		if (*p == '&')
			*contents |= TEXT_REFERENCES;
	}
	return p;
}

/* Data state; the first byte is text even if it is a '<'. */
static void
read_text(WfHtml *html, WfHtmlToken *token)
{
	unsigned	contents = 0;
	const char *p = html->pos;

	if (*p == '<')
	{
		contents = TEXT_INK;
		p++;
	}
	while (p < html->end)
	{
		const char *limit = search_limit(html, p);

		if (is_stopped(html))
		{
			p = html->end;
			break;
		}
		p = scan_text(p, limit, &contents);
		if (p == limit)
			continue;
		if (is_tag(html, p) || is_declaration(html, p))
			break;
		contents |= TEXT_INK;
		p++;
	}
	set_text(html, token, WF_HTML_TEXT, p, contents);
}

/* True when p is "<name" (or "</name") with that whole name. */
static bool
is_named_tag(const WfHtml *html, const char *p, bool is_end, WfSlice name)
{
	size_t		skip = is_end ? 2 : 1;
	WfSlice		found;

	if ((size_t) (html->end - p) <= skip + name.len)
		return false;
	if (is_end && p[1] != '/')
		return false;
	found.data = p + skip;
	found.len = name.len;
	return ends_name(found.data[found.len]) && wf_text_equal_nocase(found, name);
}

/* The end tag of the body at pos; NULL when there is none. */
static const char *
find_end_tag(const WfHtml *html, WfSlice name)
{
	const char *p = html->pos;

	while ((p = find_byte(html, p, '<')) != NULL)
	{
		if (is_named_tag(html, p, true, name))
			return p;
		p++;
	}
	return NULL;
}

/*
 * The end tag of a script: script data, script data escaped (inside "<!--")
 * and script data double escaped (behind a "<script" in that) states.
 */
static const char *
find_script_end(const WfHtml *html, WfSlice name)
{
	const char *p = html->pos;
	const char *escape = NULL;	/* the dashes of "<!--" when inside */
	bool		is_double = false;

	while (p < html->end)
	{
		if (escape == NULL && (p = find_byte(html, p, '<')) == NULL)
			return NULL;
		if (*p == '>')
		{
			if (p - escape >= 2 && p[-1] == '-' && p[-2] == '-')
				escape = NULL;
		}
		else if (*p == '<')
		{
			if (is_named_tag(html, p, true, name))
			{
				if (escape == NULL || !is_double)
					return p;
				is_double = false;
			}
			else if (escape != NULL && is_named_tag(html, p, false, name))
				is_double = true;
			else if (escape == NULL && html->end - p >= 4 && memcmp(p, "<!--", 4) == 0)
			{
				escape = p + 2;
				is_double = false;
				p += 3;
			}
		}
		p++;
	}
	return NULL;
}

/* The first tag of a known element, or the end. */
static const char *
find_known_tag(const WfHtml *html)
{
	const char *p = html->pos;

	while ((p = find_byte(html, p, '<')) != NULL)
	{
		if (is_tag(html, p))
		{
			WfSlice		name;

			name.data = p[1] == '/' ? p + 2 : p + 1;
			name.len = 0;
			while (name.data + name.len < html->end && name.len <= ELEMENT_MAX_NAME &&
				   !ends_name(name.data[name.len]))
				name.len++;
			if (name.data + name.len < html->end && find_element(name, html->end) != NULL)
				return p;
		}
		p++;
	}
	return html->end;
}

/*
 * The body announced by the last start tag.  False when there is none, or it
 * has to be read as ordinary markup.
 */
static bool SELDOM
read_body(WfHtml *html, WfHtmlToken *token)
{
	unsigned	no_end = NO_END_TAG(html->body_element);
	bool		is_raw = (html->body_flags & WF_HTML_RAW_BODY) != 0;
	const char *end = NULL;
	bool		found;

	if (!(html->unclosed & no_end))
	{
		if (html->body_element == WF_ELEMENT_SCRIPT && !(html->unclosed & UNCLOSED_ESCAPE))
		{
			end = find_script_end(html, html->body_name);
			if (end == NULL)
				html->unclosed |= UNCLOSED_ESCAPE;
		}
		if (end == NULL)
			end = find_end_tag(html, html->body_name);
		if (end == NULL)
			html->unclosed |= no_end;
	}
	if (end == NULL)
		end = is_raw ? find_known_tag(html) : html->pos;

	found = end > html->pos;
	if (found)
	{
		unsigned	contents = TEXT_INK;

		if (!is_raw && memchr(html->pos, '&', end - html->pos) != NULL)
			contents |= TEXT_REFERENCES;
		set_text(html, token, is_raw ? WF_HTML_RAW : WF_HTML_TEXT, end, contents);
	}
	html->body_element = WF_ELEMENT_OTHER;
	html->body_flags = 0;
	return found;
}

bool
wf_html_next(WfHtml *html, WfHtmlToken *token)
{
	if (html->body_flags != 0 && read_body(html, token))
		return true;
	while (html->pos < html->end)
	{
		if (*html->pos == '<')
		{
			if (is_tag(html, html->pos))
			{
				if (read_tag(html, token))
					return true;
			}
			else if (is_declaration(html, html->pos) && skip_declaration(html))
				continue;
		}
		read_text(html, token);
		return true;
	}
	memset(token, 0, sizeof(*token));
	return false;
}
