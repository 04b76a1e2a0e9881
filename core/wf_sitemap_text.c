/*-------------------------------------------------------------------------
 *
 * wf_sitemap_text.c
 *	  Pieces of a sitemap to text that expat understands.
 *
 * Sitemaps must be UTF-8.  Those that are not mostly say so wrongly or not at
 * all, so bytes that are valid UTF-8 are taken as such whatever the header
 * or the declaration says (but for encodings of several bytes, where chance
 * makes UTF-8 too), and single bytes that are not are windows-1252.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "wf_charset.h"
#include "wf_sitemap_int.h"
#include "wf_text.h"

/* Encodings in which a byte below 0x80 may be half a character. */
static bool
is_multi_byte(const char *encoding)
{
	static const char *const names[] = {
		"Big5", "EUC-JP", "EUC-KR", "GBK", "ISO-2022-JP", "Shift_JIS", "gb18030"
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
	{
		if (strcmp(encoding, names[i]) == 0)
			return true;
	}
	return false;
}

static WfStatus
decode_as(WfSitemap *sitemap, const char *encoding, WfSlice piece, WfSlice *text)
{
	char		type[64] = "text/xml; charset=";

	strncat(type, encoding, sizeof(type) - strlen(type) - 1);
	return wf_charset_decode(sitemap->arena, piece, (WfSlice) {type, strlen(type)}, NULL, text);
}

/* What the bytes 0x80..0xFF are in windows-1252. */
static void
fill_high(WfSitemap *sitemap)
{
	for (int i = 0; i < 128; i++)
	{
		char		byte = (char) (0x80 + i);
		WfSlice		text = WF_SLICE_EMPTY;

		wf_arena_reset(sitemap->arena);
		if (decode_as(sitemap, "windows-1252", (WfSlice) {&byte, 1}, &text) != WF_OK ||
			text.len == 0 || text.len > sizeof(sitemap->high[i]))
			text = WF_SLICE("?");
		memcpy(sitemap->high[i], text.data, text.len);
		sitemap->high_len[i] = (unsigned char) text.len;
	}
}

void
wf_sitemap_choose_encoding(WfSitemap *sitemap, WfSlice bytes)
{
	const char *encoding = wf_charset_detect(bytes, sitemap->options.content_type);

	sitemap->encoding = encoding;
	sitemap->unit = strncmp(encoding, "UTF-16", 6) == 0 ? 2 : 1;
	sitemap->big_endian = strcmp(encoding, "UTF-16BE") == 0;
	sitemap->valid_wins = sitemap->unit == 1 && !is_multi_byte(encoding);
	fill_high(sitemap);
}

static bool
ends_piece(const WfSitemap *sitemap, const char *unit)
{
	char		c = unit[0];

	if (sitemap->unit == 2)
	{
		c = unit[sitemap->big_endian ? 1 : 0];
		if (unit[sitemap->big_endian ? 0 : 1] != 0)
			return false;
	}
	return sitemap->is_text ? c == '\n' || c == '\r' : c == '>';
}

size_t
wf_sitemap_piece(const WfSitemap *sitemap, WfSlice bytes)
{
	size_t		unit = sitemap->unit;

	for (size_t end = bytes.len - bytes.len % unit; end > 0; end -= unit)
	{
		if (ends_piece(sitemap, bytes.data + end - unit))
			return end;
	}
	return 0;
}

/* Valid sequences stay, NUL goes, every other byte is windows-1252. */
static WfStatus
repair_bytes(WfSitemap *sitemap, WfSlice piece, WfSlice *text)
{
	WfBuffer	out = {.arena = sitemap->arena};
	WfStatus	status = wf_buffer_reserve(&out, piece.len + piece.len / 2);

	while (piece.len > 0 && status == WF_OK)
	{
		size_t		clean = wf_text_clean_prefix(piece);
		unsigned char c;

		status = wf_buffer_append(&out, piece.data, clean);
		wf_advance(&piece, clean);
		if (piece.len == 0 || status != WF_OK)
			break;
		c = (unsigned char) *piece.data;
		if (c >= 0x80)
			status = wf_buffer_append(&out, sitemap->high[c - 0x80], sitemap->high_len[c - 0x80]);
		wf_advance(&piece, 1);
	}
	*text = (WfSlice) {out.data, out.len};
	return status;
}

WfStatus
wf_sitemap_decode(WfSitemap *sitemap, WfSlice piece, WfSlice *text)
{
	*text = piece;
	if (!sitemap->valid_wins)
		return decode_as(sitemap, sitemap->encoding, piece, text);
	if (wf_text_clean_prefix(piece) == piece.len)
		return WF_OK;
	if (strcmp(sitemap->encoding, "UTF-8") != 0)
		return decode_as(sitemap, sitemap->encoding, piece, text);
	return repair_bytes(sitemap, piece, text);
}

/* ---------- repair of XML ---------- */

/* Length of the reference at the front that XML knows, 0 when it is none. */
static size_t
reference_length(WfSlice text)
{
	static const WfSlice names[] = {
		WF_SLICE("amp;"), WF_SLICE("lt;"), WF_SLICE("gt;"), WF_SLICE("quot;"), WF_SLICE("apos;")
	};
	uint32_t	value = 0;
	bool		hex;
	size_t		i;

	wf_advance(&text, 1);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
	{
		if (text.len >= names[i].len && memcmp(text.data, names[i].data, names[i].len) == 0)
			return 1 + names[i].len;
	}
	if (text.len < 3 || text.data[0] != '#')
		return 0;
	hex = text.data[1] == 'x';
	for (i = hex ? 2 : 1; i < text.len && text.data[i] != ';'; i++)
	{
		int			digit = wf_text_hex_value(text.data[i]);

		if (digit < 0 || (!hex && digit > 9) || value > 0x10FFFF)
			return 0;
		value = value * (hex ? 16 : 10) + digit;
	}
	if (i == text.len || i == (hex ? 2u : 1u))
		return 0;
	/* XML 1.0 section 2.2: Char */
	if (!(value == 9 || value == 10 || value == 13 || (value >= 0x20 && value <= 0xD7FF) ||
		  (value >= 0xE000 && value <= 0xFFFD) || (value >= 0x10000 && value <= 0x10FFFF)))
		return 0;
	return 1 + i + 1;
}

/* Bytes that need a look; all others are copied as they are. */
static bool
is_plain(char c)
{
	return c != '&' && c != '<' && c != ']' && c != '\xEF' &&
		((unsigned char) c >= 0x20 || c == '\n' || c == '\r' || c == '\t');
}

/* One byte that is not plain; returns how many bytes of text were taken. */
static size_t
repair_one(WfSitemapXml *xml, WfSlice text, WfBuffer *out, WfStatus *status)
{
	static const WfSlice open = WF_SLICE("<![CDATA[");
	size_t		len = 1;

	switch (*text.data)
	{
		case '&':
			if (!xml->in_cdata && (len = reference_length(text)) == 0)
			{
				*status = wf_buffer_append(out, "&amp;", 5);
				return 1;
			}
			break;
		case '<':
			if (text.len >= open.len && memcmp(text.data, open.data, open.len) == 0)
			{
				xml->in_cdata = true;
				len = open.len;
			}
			break;
		case ']':
			if (text.len >= 3 && memcmp(text.data, "]]>", 3) == 0)
			{
				xml->in_cdata = false;
				len = 3;
			}
			break;
		case '\xEF':
			if (text.len >= 3 && text.data[1] == '\xBF' && (unsigned char) text.data[2] >= 0xBE)
			{
				*status = wf_buffer_append(out, "\xEF\xBF\xBD", 3);
				return 3;
			}
			break;
		default:
			*status = wf_buffer_append(out, " ", 1);
			return 1;
	}
	*status = wf_buffer_append(out, text.data, len);
	return len;
}

WfStatus
wf_sitemap_repair(WfSitemap *sitemap, WfSlice text, WfSlice *repaired)
{
	WfBuffer	out = {.arena = sitemap->arena};
	WfStatus	status = wf_buffer_reserve(&out, text.len + text.len / 8);

	while (text.len > 0 && status == WF_OK)
	{
		size_t		run = 0;

		while (run < text.len && is_plain(text.data[run]))
			run++;
		status = wf_buffer_append(&out, text.data, run);
		wf_advance(&text, run);
		if (text.len > 0 && status == WF_OK)
			wf_advance(&text, repair_one(&sitemap->xml, text, &out, &status));
	}
	*repaired = (WfSlice) {out.data, out.len};
	return status;
}
