/*-------------------------------------------------------------------------
 *
 * wf_charset.c
 *	  Bytes of a page to UTF-8.
 *
 * UTF-8, UTF-16 and windows-1252 are decoded here.  For the other encodings
 * of one byte a table of 128 characters is asked from iconv(3), so that the
 * loop over the page is ours; the East Asian ones go through iconv as a whole.
 * Where iconv does not know an encoding, windows-1252 stands in: addresses and
 * numbers are ASCII.
 *
 *-------------------------------------------------------------------------
 */
#include "wf_charset.h"

#include <errno.h>
#include <iconv.h>
#include <string.h>

#include "wf_charset_labels.h"
#include "wf_html.h"
#include "wf_text.h"

/* How far <meta> is looked for; the standard has 1024. */
#define PRESCAN_BYTES	4096

/* Input handled between two looks at the stop flag. */
#define CHUNK			(16 * 1024)

#define REPLACEMENT_UTF8 "\xEF\xBF\xBD"

/* UTF-8 form of one byte >= 0x80 in an encoding of one byte. */
typedef struct HighChar
{
	char		utf8[4];
	int			len;
} HighChar;

/*-------------------------------------------------------------------------
 * Which encoding
 *-------------------------------------------------------------------------
 */

/* Encoding of a label; NULL when unknown. */
static const Encoding *
find_encoding(WfSlice label)
{
	size_t		low = 0;
	size_t		high = sizeof(labels) / sizeof(labels[0]);
	char		key[LABEL_MAX + 1];

	label = wf_text_trim(label);
	if (label.len == 0 || label.len > LABEL_MAX)
		return NULL;
	memcpy(key, label.data, label.len);
	key[label.len] = '\0';
	wf_text_lower(key, label.len);
	while (low < high)
	{
		size_t		mid = (low + high) / 2;
		int			order = strcmp(key, labels[mid].name);

		if (order == 0)
			return &encodings[labels[mid].encoding];
		if (order < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}

const char *
wf_charset_name(WfSlice label)
{
	const Encoding *encoding = find_encoding(label);

	return encoding != NULL ? encoding->name : NULL;
}

/* Remove "len" bytes and then whitespace from the front. */
static void
skip_front(WfSlice *text, size_t len)
{
	wf_advance(text, len);
	while (text->len > 0 && wf_is_space(*text->data))
		wf_advance(text, 1);
}

/*
 * The value behind "charset=" in a Content-Type ("extracting a character
 * encoding from a meta element"); empty when there is none.
 */
static WfSlice
charset_parameter(WfSlice text, WfSlice key)
{
	WfSlice		none = WF_SLICE_EMPTY;
	size_t		i;

	for (; text.len > key.len; wf_advance(&text, 1))
	{
		WfSlice		rest = text;
		char		quote;

		if (!wf_text_starts_nocase(rest, key))
			continue;
		skip_front(&rest, key.len);
		if (rest.len == 0 || *rest.data != '=')
			continue;
		skip_front(&rest, 1);
		if (rest.len == 0)
			return none;
		quote = *rest.data;
		if (quote == '"' || quote == '\'')
		{
			const char *close = memchr(rest.data + 1, quote, rest.len - 1);

			if (close == NULL)
				return none;
			rest.data++;
			rest.len = close - rest.data;
			return rest;
		}
		for (i = 0; i < rest.len; i++)
		{
			if (wf_is_space(rest.data[i]) || rest.data[i] == ';' || rest.data[i] == '?')
				break;
		}
		rest.len = i;
		return rest;
	}
	return none;
}

/* What a declaration inside the page may say: UTF-16 cannot be true there. */
static const Encoding *
declared_encoding(WfSlice label)
{
	const Encoding *encoding = find_encoding(label);

	if (encoding != NULL &&
		(encoding->kind == KIND_UTF16BE || encoding->kind == KIND_UTF16LE))
		return &encodings[ENCODING_UTF_8];
	return encoding;
}

/* Encoding by one <meta>; NULL when it says nothing. */
static const Encoding *
meta_encoding(const WfHtmlToken *meta)
{
	char		decoded[256];
	WfSlice		value;
	WfSlice		content;

	if (wf_html_find_attribute(meta, WF_SLICE("charset"), &value))
	{
		const Encoding *encoding = declared_encoding(value);

		if (encoding != NULL)
			return encoding;
	}
	if (!wf_html_find_attribute(meta, WF_SLICE("http-equiv"), &value) ||
		!wf_text_equal_nocase(wf_text_trim(value), WF_SLICE("content-type")) ||
		!wf_html_find_attribute(meta, WF_SLICE("content"), &content))
		return NULL;
	if (content.len > sizeof(decoded))
		content.len = sizeof(decoded);
	content.len = wf_html_decode(content, true, decoded);
	content.data = decoded;
	return declared_encoding(charset_parameter(content, WF_SLICE("charset")));
}

/* Encoding by what the head of the page declares; NULL when nothing. */
static const Encoding *
prescan(WfSlice body)
{
	WfHtml		html;
	WfHtmlToken token;

	if (body.len > PRESCAN_BYTES)
		body.len = PRESCAN_BYTES;
	if (wf_text_starts_nocase(body, WF_SLICE("<?xml")))
	{
		const char *gt = memchr(body.data, '>', body.len);
		WfSlice		xml = {body.data, gt != NULL ? (size_t) (gt - body.data) : 0};
		const Encoding *encoding;

		encoding = declared_encoding(charset_parameter(xml, WF_SLICE("encoding")));
		if (encoding != NULL)
			return encoding;
	}
	wf_html_init(&html, body);
	while (wf_html_next(&html, &token))
	{
		if (token.type == WF_HTML_START_TAG && token.element == WF_ELEMENT_META)
		{
			const Encoding *encoding = meta_encoding(&token);

			if (encoding != NULL)
				return encoding;
		}
	}
	return NULL;
}

/* Byte order mark, or the zeros of UTF-16 markup without one. */
static const Encoding *
mark_encoding(WfSlice body, size_t *mark_len)
{
	const unsigned char *b = (const unsigned char *) body.data;

	*mark_len = 0;
	if (body.len >= 3 && b[0] == 0xEF && b[1] == 0xBB && b[2] == 0xBF)
	{
		*mark_len = 3;
		return &encodings[ENCODING_UTF_8];
	}
	if (body.len >= 2 && ((b[0] == 0xFE && b[1] == 0xFF) || (b[0] == 0xFF && b[1] == 0xFE)))
	{
		*mark_len = 2;
		return &encodings[b[0] == 0xFE ? ENCODING_UTF_16BE : ENCODING_UTF_16LE];
	}
	if (body.len >= 4 && b[0] == '<' && b[1] == 0 && b[2] != 0 && b[3] == 0)
		return &encodings[ENCODING_UTF_16LE];
	if (body.len >= 4 && b[0] == 0 && b[1] == '<' && b[2] == 0 && b[3] != 0)
		return &encodings[ENCODING_UTF_16BE];
	return NULL;
}

/* NULL when only the bytes themselves can tell. */
static const Encoding *
stated_encoding(WfSlice body, WfSlice content_type, size_t *mark_len)
{
	const Encoding *encoding = mark_encoding(body, mark_len);

	if (encoding == NULL)
		encoding = find_encoding(charset_parameter(content_type, WF_SLICE("charset")));
	if (encoding == NULL)
		encoding = prescan(body);
	return encoding;
}

/* UTF-8 when the bytes are valid as such, but for NULs; or when stopped. */
static const Encoding *
guessed_encoding(WfSlice body, WfStop stop)
{
	while (body.len > 0 && !(stop != NULL && *stop))
	{
		size_t		clean = wf_text_long_clean_prefix(body, stop);

		if (clean < body.len && body.data[clean] != '\0' && !(stop != NULL && *stop))
			return &encodings[ENCODING_WINDOWS_1252];
		if (clean < body.len)
			clean++;
		wf_advance(&body, clean);
	}
	return &encodings[ENCODING_UTF_8];
}

const char *
wf_charset_detect(WfSlice body, WfSlice content_type)
{
	size_t		mark_len;
	const Encoding *encoding = stated_encoding(body, content_type, &mark_len);

	if (encoding == NULL)
		encoding = guessed_encoding(body, NULL);
	return encoding->name;
}

/*-------------------------------------------------------------------------
 * Decoding
 *-------------------------------------------------------------------------
 */

static void
windows_1252_table(HighChar high[128])
{
	/* bytes 0x80..0x9F; the standard maps the five free ones to controls */
	static const unsigned short controls[32] = {
		0x20AC, 0x0081, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
		0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0x008D, 0x017D, 0x008F,
		0x0090, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
		0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0x009D, 0x017E, 0x0178
	};
	int			i;

	for (i = 0; i < 128; i++)
		high[i].len = wf_text_encode(i < 32 ? controls[i] : 0x80 + i, high[i].utf8);
}

/* Ask iconv for the characters of all bytes >= 0x80. */
static bool
single_byte_table(const char *iconv_name, HighChar high[128])
{
	iconv_t		cd = iconv_open("UTF-8", iconv_name);
	int			i;

	if (cd == (iconv_t) -1)
		return false;
	for (i = 0; i < 128; i++)
	{
		char		byte = (char) (0x80 + i);
		char	   *in = &byte;
		char	   *out = high[i].utf8;
		size_t		in_left = 1;
		size_t		out_left = sizeof(high[i].utf8);

		/* the second call releases a character held back for combining */
		if (iconv(cd, &in, &in_left, &out, &out_left) == (size_t) -1 ||
			iconv(cd, NULL, NULL, &out, &out_left) == (size_t) -1 ||
			out == high[i].utf8)
		{
			memcpy(high[i].utf8, REPLACEMENT_UTF8, 3);
			out = high[i].utf8 + 3;
			iconv(cd, NULL, NULL, NULL, NULL);
		}
		high[i].len = (int) (out - high[i].utf8);
	}
	iconv_close(cd);
	return true;
}

/*
 * UTF-8 form of one piece by table, written to out or measured when out is
 * NULL; returns its length.
 */
static size_t
single_byte_piece(WfSlice piece, const HighChar *high, char *out)
{
	size_t		len = 0;

	while (piece.len > 0)
	{
		size_t		ascii = wf_text_ascii_prefix(piece);
		size_t		i = ascii;

		if (out != NULL)
			memcpy(out + len, piece.data, ascii);
		len += ascii;
		for (; i < piece.len && (signed char) piece.data[i] <= 0; i++)
		{
			const HighChar *c;

			if (piece.data[i] == '\0')
				continue;
			c = &high[(unsigned char) piece.data[i] - 0x80];
			if (out != NULL)
				memcpy(out + len, c->utf8, c->len);
			len += c->len;
		}
		wf_advance(&piece, i);
	}
	return len;
}

/* All of body; false when stopped. */
static bool
single_byte_pass(WfSlice body, const HighChar *high, WfStop stop, char *out, size_t *out_len)
{
	size_t		len = 0;

	while (body.len > 0)
	{
		WfSlice		piece = {body.data, body.len < CHUNK ? body.len : CHUNK};

		if (stop != NULL && *stop)
			return false;
		len += single_byte_piece(piece, high, out != NULL ? out + len : NULL);
		wf_advance(&body, piece.len);
	}
	*out_len = len;
	return true;
}

static WfStatus
decode_single_byte(WfArena *arena, WfSlice body, const HighChar *high, WfStop stop, WfSlice *utf8)
{
	char	   *out;
	size_t		len;

	if (!single_byte_pass(body, high, stop, NULL, &len))
		return WF_ERR_STOPPED;
	out = wf_arena_alloc(arena, len);
	if (out == NULL)
		return WF_ERR_NOMEM;
	if (!single_byte_pass(body, high, stop, out, &len))
		return WF_ERR_STOPPED;
	utf8->data = out;
	utf8->len = len;
	return WF_OK;
}

/* Append decoded text without its NULs. */
static WfStatus
append_without_nul(WfBuffer *buf, const char *data, size_t len)
{
	while (len > 0)
	{
		const char *nul = memchr(data, '\0', len);
		size_t		plain = nul != NULL ? (size_t) (nul - data) : len;
		WfStatus	status = wf_buffer_append(buf, data, plain);

		if (status != WF_OK)
			return status;
		if (nul != NULL)
			plain++;
		data += plain;
		len -= plain;
	}
	return WF_OK;
}

/*
 * Convert through iconv.  A byte it cannot begin a character with becomes
 * U+FFFD and is passed over alone, so that an ASCII byte behind a stray lead
 * byte survives (as the standard wants it for '<' and quotes).
 */
static WfStatus
iconv_loop(iconv_t cd, WfSlice body, WfStop stop, WfBuffer *buf)
{
	char	   *in = (char *) body.data;
	size_t		in_left = body.len;
	WfStatus	status = WF_OK;

	while (in_left > 0 && status == WF_OK)
	{
		char		chunk[CHUNK];
		char	   *out = chunk;
		size_t		out_left = sizeof(chunk) - 3;
		size_t		rc;

		if (stop != NULL && *stop)
			return WF_ERR_STOPPED;
		rc = iconv(cd, &in, &in_left, &out, &out_left);
		if (rc == (size_t) -1 && errno != E2BIG)
		{
			memcpy(out, REPLACEMENT_UTF8, 3);
			out += 3;
			in++;
			in_left--;
		}
		status = append_without_nul(buf, chunk, out - chunk);
	}
	return status;
}

static WfStatus
decode_iconv(WfArena *arena, WfSlice body, const char *iconv_name, WfStop stop, WfSlice *utf8)
{
	WfBuffer	buf = {arena};
	iconv_t		cd = iconv_open("UTF-8", iconv_name);
	WfStatus	status;

	if (cd == (iconv_t) -1)
		return WF_ERR_LIBRARY;
	status = wf_buffer_reserve(&buf, body.len + body.len / 2);
	if (status == WF_OK)
		status = iconv_loop(cd, body, stop, &buf);
	iconv_close(cd);
	utf8->data = buf.data;
	utf8->len = buf.len;
	return status;
}

/* UTF-16 in the byte order of kind; unpaired surrogates become U+FFFD. */
static WfStatus
decode_utf16(WfArena *arena, WfSlice body, EncodingKind kind, WfStop stop, WfSlice *utf8)
{
	const unsigned char *b = (const unsigned char *) body.data;
	int			high_byte = kind == KIND_UTF16BE ? 0 : 1;
	uint32_t	lead = 0;		/* high surrogate that waits for its low one */
	size_t		len = 0;
	size_t		i;
	char	   *out;

	/* a unit has at most 3 bytes of UTF-8, a pair 4 */
	out = wf_arena_alloc(arena, body.len / 2 * 3 + 8);
	if (out == NULL)
		return WF_ERR_NOMEM;
	for (i = 0; i + 1 < body.len; i += 2)
	{
		uint32_t	unit = (uint32_t) b[i + high_byte] << 8 | b[i + 1 - high_byte];

		if (i % CHUNK == 0 && stop != NULL && *stop)
			return WF_ERR_STOPPED;
		if (lead != 0 && unit >= 0xDC00 && unit <= 0xDFFF)
		{
			len += wf_text_encode(0x10000 + ((lead - 0xD800) << 10) + (unit - 0xDC00), out + len);
			lead = 0;
			continue;
		}
		if (lead != 0)
			len += wf_text_encode(WF_REPLACEMENT_CHAR, out + len);
		lead = unit >= 0xD800 && unit <= 0xDBFF ? unit : 0;
		if (lead == 0 && unit != 0)
			len += wf_text_encode(unit, out + len);
	}
	if (lead != 0 || i < body.len)
		len += wf_text_encode(WF_REPLACEMENT_CHAR, out + len);
	utf8->data = out;
	utf8->len = len;
	return WF_OK;
}

/* False, too, when stopped: the decoders see to that. */
static bool
is_ascii(WfSlice body, WfStop stop)
{
	while (body.len > 0)
	{
		WfSlice		piece = {body.data, body.len < CHUNK ? body.len : CHUNK};

		if ((stop != NULL && *stop) || wf_text_ascii_prefix(piece) < piece.len)
			return false;
		wf_advance(&body, piece.len);
	}
	return true;
}

/* Decode body, which has no byte order mark. */
static WfStatus
decode_as(WfArena *arena, WfSlice body, const Encoding *encoding, WfStop stop, WfSlice *utf8)
{
	HighChar	high[128];
	bool		have_table = false;

	if (encoding->kind == KIND_UTF16BE || encoding->kind == KIND_UTF16LE)
		return decode_utf16(arena, body, encoding->kind, stop, utf8);
	if (encoding->kind == KIND_UTF8)
		return wf_text_sanitize(arena, body, stop, utf8);
	if (encoding->kind != KIND_STATEFUL && is_ascii(body, stop))
	{
		*utf8 = body;
		return WF_OK;
	}
	if (encoding->kind == KIND_MULTI || encoding->kind == KIND_STATEFUL)
	{
		WfStatus	status = decode_iconv(arena, body, encoding->iconv_name, stop, utf8);

		if (status != WF_ERR_LIBRARY)
			return status;
	}
	if (encoding->kind == KIND_SINGLE)
		have_table = single_byte_table(encoding->iconv_name, high);
	if (!have_table)
		windows_1252_table(high);
	return decode_single_byte(arena, body, high, stop, utf8);
}

WfStatus
wf_charset_decode(WfArena *arena, WfSlice body, WfSlice content_type,
				  WfStop stop, WfSlice *utf8)
{
	size_t		mark_len;
	const Encoding *encoding;

	*utf8 = body;
	if (body.len == 0)
		return WF_OK;
	encoding = stated_encoding(body, content_type, &mark_len);
	wf_advance(&body, mark_len);
	if (encoding == NULL)
		encoding = guessed_encoding(body, stop);
	return decode_as(arena, body, encoding, stop, utf8);
}
