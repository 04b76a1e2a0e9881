/*-------------------------------------------------------------------------
 *
 * wf_html.c
 *	  HTML tokenizer.  Comments name the states as the standard does.
 *
 *-------------------------------------------------------------------------
 */
#include "wf_html.h"

#include <string.h>

#include "wf_text.h"
#include "wf_html_elements.h"
#include "wf_html_entities.h"

/*
 * What is known to have no end behind the current position, see wf_html.h.
 * NO_END_TAG(e) is for the elements with a raw or text body.
 */
#define UNCLOSED_GT			0x01u	/* there is no '>' */
#define UNCLOSED_COMMENT	0x02u	/* there is no "-->" */
#define UNCLOSED_TAG		0x04u	/* a tag ran into the end: ignore quotes */
#define UNCLOSED_ESCAPE		0x08u	/* "<!--" in scripts means nothing */
#define NO_END_TAG(e)		(0x10u << (e))

#define LOWER_BIT 0x20

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

/* Properties of an element; NULL when it is none of HTML's. */
static const ElementInfo *
find_element(WfSlice name)
{
	const ElementInfo *info;
	unsigned	slot;
	size_t		i;

	if (name.len == 0 || name.len > ELEMENT_MAX_NAME)
		return NULL;
	slot = element_hash((unsigned char) (name.data[0] | LOWER_BIT),
						(unsigned char) (name.data[name.len / 2] | LOWER_BIT),
						(unsigned char) (name.data[name.len - 1] | LOWER_BIT),
						(unsigned) name.len);
	if (element_slots[slot] == 0)
		return NULL;
	info = &elements[element_slots[slot] - 1];
	if (info->len != name.len)
		return NULL;
	for (i = 0; i < name.len; i++)
	{
		if (wf_lower_char(name.data[i]) != info->name[i])
			return NULL;
	}
	return info;
}

/* memchr for '>' that looks for a missing one only once. */
static const char *
find_gt(WfHtml *html, const char *from)
{
	const char *gt = NULL;

	if (!(html->unclosed & UNCLOSED_GT) && from < html->end)
		gt = memchr(from, '>', html->end - from);
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

/* Attribute value states; *pos is behind the '='. */
static inline AttributeScan
scan_value(const char **pos, const char *end, WfSlice *value)
{
	const char *p = *pos;

	while (p < end && is_byte(*p, BYTE_SPACE))
		p++;
	if (p < end && (*p == '"' || *p == '\''))
	{
		const char *close = memchr(p + 1, *p, end - p - 1);

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
	while (p < end && !is_byte(*p, BYTE_ENDS | BYTE_EQUALS))
		p++;
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

/*
 * The '>' that closes the tag whose name ends at from; NULL when there is none
 * at all.
 */
static const char *
find_tag_end(WfHtml *html, const char *from)
{
	const char *p = from;
	WfHtmlAttribute ignored;
	AttributeScan scan;

	if (p < html->end && *p == '>')
		return p;
	if (!(html->unclosed & UNCLOSED_TAG))
	{
		do
			scan = scan_attribute(&p, html->end, &ignored);
		while (scan == SCAN_ATTRIBUTE);
		if (scan == SCAN_END && p < html->end)
			return p;
		html->unclosed |= UNCLOSED_TAG;
	}
	return find_gt(html, from);
}

/*-------------------------------------------------------------------------
 * Tags and comments
 *-------------------------------------------------------------------------
 */

/* Tag name state; pos is at '<'.  False when the '<' is text after all. */
static bool
read_tag(WfHtml *html, WfHtmlToken *token)
{
	bool		is_end = html->pos[1] == '/';
	const char *name = html->pos + (is_end ? 2 : 1);
	const char *p = name;
	const char *gt;
	const ElementInfo *info;

	if (html->unclosed & UNCLOSED_GT)
		return false;
	while (p < html->end && !ends_name(*p))
		p++;
	gt = find_tag_end(html, p);
	if (gt == NULL)
		return false;

	token->type = is_end ? WF_HTML_END_TAG : WF_HTML_START_TAG;
	token->offset = html->pos - html->start;
	token->name.data = name;
	token->name.len = p - name;
	token->attributes.data = p;
	token->attributes.len = gt - p;
	html->pos = gt + 1;

	info = find_element(token->name);
	token->element = info != NULL ? info->element : WF_ELEMENT_OTHER;
	token->flags = info != NULL ? info->flags : 0;
	if (!is_end && (token->flags & (WF_HTML_RAW_BODY | WF_HTML_TEXT_BODY)))
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
		while (p < html->end && (p = memchr(p, '>', html->end - p)) != NULL)
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
static bool
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

/* Tag open state: does the '<' at p begin a tag? */
static bool
is_tag(const WfHtml *html, const char *p)
{
	if (html->end - p < 2)
		return false;
	if (wf_is_alpha(p[1]))
		return true;
	return p[1] == '/' && html->end - p >= 3 && wf_is_alpha(p[2]);
}

static bool
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

static void
set_text(WfHtml *html, WfHtmlToken *token, WfHtmlTokenType type, const char *end)
{
	token->type = type;
	token->element = html->body_element;
	token->flags = html->body_flags;
	token->offset = html->pos - html->start;
	token->text.data = html->pos;
	token->text.len = end - html->pos;
	token->has_references = type == WF_HTML_TEXT &&
		memchr(html->pos, '&', end - html->pos) != NULL;
	html->pos = end;
}

/* Data state; the first byte is text even if it is a '<'. */
static void
read_text(WfHtml *html, WfHtmlToken *token)
{
	const char *p = html->pos + 1;

	while (p < html->end && (p = memchr(p, '<', html->end - p)) != NULL)
	{
		if (is_tag(html, p) || is_declaration(html, p))
			break;
		p++;
	}
	set_text(html, token, WF_HTML_TEXT, p != NULL ? p : html->end);
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

	while (p < html->end && (p = memchr(p, '<', html->end - p)) != NULL)
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
		if (escape == NULL && (p = memchr(p, '<', html->end - p)) == NULL)
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

	while (p < html->end && (p = memchr(p, '<', html->end - p)) != NULL)
	{
		if (is_tag(html, p))
		{
			WfSlice		name;

			name.data = p[1] == '/' ? p + 2 : p + 1;
			name.len = 0;
			while (name.data + name.len < html->end && name.len <= ELEMENT_MAX_NAME &&
				   !ends_name(name.data[name.len]))
				name.len++;
			if (name.data + name.len < html->end && find_element(name) != NULL)
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
static bool
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
		set_text(html, token, is_raw ? WF_HTML_RAW : WF_HTML_TEXT, end);
	html->body_element = WF_ELEMENT_OTHER;
	html->body_flags = 0;
	return found;
}

bool
wf_html_next(WfHtml *html, WfHtmlToken *token)
{
	memset(token, 0, sizeof(*token));
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
	return false;
}

/*-------------------------------------------------------------------------
 * Character references
 *-------------------------------------------------------------------------
 */

static const Entity *
find_entity(const char *name, size_t len)
{
	size_t		low = 0;
	size_t		high = sizeof(entities) / sizeof(entities[0]);

	while (low < high)
	{
		size_t		mid = (low + high) / 2;
		const Entity *entity = &entities[mid];
		int			order = memcmp(name, entity->name, len < entity->len ? len : entity->len);

		if (order == 0)
			order = (int) len - (int) entity->len;
		if (order == 0)
			return entity;
		if (order < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}

/* Numeric character reference end state: the character a number means. */
static uint32_t
numeric_character(uint32_t number)
{
	/* what windows-1252 has at 0x80..0x9F; 0 where it has nothing */
	static const unsigned short controls[32] = {
		0x20AC, 0, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
		0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0, 0x017D, 0,
		0, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
		0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0, 0x017E, 0x0178
	};

	if (number >= 0x80 && number <= 0x9F && controls[number - 0x80] != 0)
		return controls[number - 0x80];
	if (number == 0)
		return WF_REPLACEMENT_CHAR;
	return number;				/* wf_text_encode replaces what is none */
}

static size_t
numeric_reference(const char *p, const char *end, char out[4], int *out_len)
{
	const char *q = p + 2;
	const char *digits;
	bool		hex = q < end && (*q == 'x' || *q == 'X');
	uint32_t	number = 0;

	if (hex)
		q++;
	digits = q;
	while (q < end && (hex ? wf_text_hex_value(*q) >= 0 : wf_is_digit(*q)))
	{
		if (number <= 0x10FFFF)
			number = number * (hex ? 16 : 10) + (uint32_t) wf_text_hex_value(*q);
		q++;
	}
	if (q == digits)
		return 0;
	if (q < end && *q == ';')
		q++;
	*out_len = wf_text_encode(numeric_character(number), out);
	return q - p;
}

static bool
is_alnum(char c)
{
	return wf_is_alpha(c) || wf_is_digit(c);
}

size_t
wf_html_reference(const char *p, const char *end, bool in_attribute,
				  char out[4], int *out_len)
{
	const char *name = p + 1;
	const Entity *entity;
	size_t		run = 0;
	size_t		len;

	if (end - p < 3)
		return 0;
	if (*name == '#')
		return numeric_reference(p, end, out, out_len);
	while (name + run < end && run <= ENTITY_MAX_NAME && is_alnum(name[run]))
		run++;
	if (name + run < end && name[run] == ';')
	{
		entity = find_entity(name, run);
		if (entity != NULL)
		{
			*out_len = wf_text_encode(entity->code, out);
			return run + 2;
		}
	}
	for (len = run < ENTITY_MAX_BARE ? run : ENTITY_MAX_BARE; len >= 2; len--)
	{
		entity = find_entity(name, len);
		if (entity == NULL || !entity->bare)
			continue;
		if (in_attribute && name + len < end && (name[len] == '=' || is_alnum(name[len])))
			return 0;
		*out_len = wf_text_encode(entity->code, out);
		return len + 1;
	}
	return 0;
}

size_t
wf_html_decode(WfSlice raw, bool in_attribute, char *out)
{
	const char *p = raw.data;
	const char *end = p + raw.len;
	size_t		len = 0;

	while (p < end)
	{
		const char *amp = memchr(p, '&', end - p);
		size_t		plain = (amp != NULL ? amp : end) - p;
		size_t		taken;
		char		decoded[4];
		int			decoded_len;

		memcpy(out + len, p, plain);
		len += plain;
		p += plain;
		if (amp == NULL)
			break;
		taken = wf_html_reference(p, end, in_attribute, decoded, &decoded_len);
		if (taken > 0)
		{
			memcpy(out + len, decoded, decoded_len);
			len += decoded_len;
			p += taken;
		}
		else
			out[len++] = *p++;
	}
	return len;
}

/*-------------------------------------------------------------------------
 * Visible text
 *-------------------------------------------------------------------------
 */

/* What the text maker does with a byte. */
enum
{
	MAKE_COPY = 0,
	MAKE_SPACE,					/* ASCII whitespace */
	MAKE_REFERENCE,				/* '&' */
	MAKE_CHECK					/* lead byte of spaces and invisible marks */
};

static const unsigned char make_class[256] = {
	['\t'] = MAKE_SPACE, ['\n'] = MAKE_SPACE, ['\f'] = MAKE_SPACE, ['\r'] = MAKE_SPACE,
	[' '] = MAKE_SPACE,
	['&'] = MAKE_REFERENCE,
	[0xC2] = MAKE_CHECK, [0xE2] = MAKE_CHECK, [0xE3] = MAKE_CHECK, [0xEF] = MAKE_CHECK
};

static bool
is_unicode_space(uint32_t cp)
{
	return cp == 0xA0 || (cp >= 0x2000 && cp <= 0x200A) || cp == 0x2028 ||
		cp == 0x2029 || cp == 0x202F || cp == 0x205F || cp == 0x3000;
}

/* Marks that nobody sees but that tear numbers and addresses apart. */
static bool
is_invisible(uint32_t cp)
{
	return cp == 0xAD || cp == 0x200B || cp == 0x200E || cp == 0x200F ||
		(cp >= 0x202A && cp <= 0x202E) || (cp >= 0x2060 && cp <= 0x2069) || cp == 0xFEFF;
}

static void
make_space(WfHtmlText *maker)
{
	if (maker->out[-1] != ' ' && maker->out[-1] != '\n')
		*maker->out++ = ' ';
}

/* One character that is not ASCII, or came from a reference. */
static void
make_character(WfHtmlText *maker, const char *s, int len)
{
	uint32_t	cp;

	wf_text_decode(s, s + len, &cp);
	if (is_unicode_space(cp) || (cp < 0x80 && wf_is_space((char) cp)))
		make_space(maker);
	else if (!is_invisible(cp))
	{
		memcpy(maker->out, s, len);
		maker->out += len;
	}
}

/* The rest of a run of spaces. */
static inline void
skip_spaces(WfHtmlText *maker)
{
	const char *in = maker->in;

	while (in < maker->in_pause && make_class[(unsigned char) *in] == MAKE_SPACE)
		in++;
	maker->in = in;
}

/* Bytes up to the next that needs a look, at least one. */
static inline void
copy_plain(WfHtmlText *maker)
{
	const char *in = maker->in;
	const char *end = maker->in_pause;
	char	   *out = maker->out;

	if (end - in > maker->out_end - out)
		end = in + (maker->out_end - out);
	do
		*out++ = *in++;
	while (in < end && make_class[(unsigned char) *in] == MAKE_COPY);
	maker->in = in;
	maker->out = out;
}

void
wf_html_make_text(WfHtmlText *maker)
{
	while (maker->in < maker->in_pause && maker->out < maker->out_end)
	{
		const char *p = maker->in;
		char		decoded[4];
		uint32_t	cp;
		int			len;
		size_t		taken;

		switch (make_class[(unsigned char) *p])
		{
			case MAKE_SPACE:
				if (maker->preformatted && *p == '\n' && maker->out[-1] != '\n')
					*maker->out++ = '\n';
				else
					make_space(maker);
				maker->in++;
				if (!maker->preformatted)
					skip_spaces(maker);
				break;
			case MAKE_REFERENCE:
				taken = 0;
				if (maker->has_references)
					taken = wf_html_reference(p, maker->in_end, false, decoded, &len);
				if (taken > 0)
					make_character(maker, decoded, len);
				else
					*maker->out++ = '&';
				maker->in += taken > 0 ? taken : 1;
				break;
			case MAKE_CHECK:
				len = wf_text_decode(p, maker->in_end, &cp);
				make_character(maker, p, len);
				maker->in += len;
				break;
			default:
				copy_plain(maker);
		}
	}
}
