/*-------------------------------------------------------------------------
 *
 * wf_text.c
 *	  UTF-8 and ASCII helpers.
 *
 *-------------------------------------------------------------------------
 */
#include "wf_text.h"

#include <string.h>

#include "wf_scan.h"

/* Input handled between two looks at the stop flag. */
#define STOP_INTERVAL	(64 * 1024)

size_t
wf_text_ascii_prefix(WfSlice text)
{
	const char *p = text.data;
	const char *end = p + text.len;

	if (text.len == 0)
		return 0;
	while (end - p >= WF_WIDE_BYTES)
	{
		WfWide		wide = wf_wide_load(p);

		if (!wf_wide_is_clean_ascii(&wide))
			break;
		p += WF_WIDE_BYTES;
	}
	while (end - p >= WF_BLOCK_BYTES)
	{
		WfBits		bad = ~wf_block_between(wf_block_load(p), 1, 0x7F) &
			wf_bits_before(WF_BLOCK_BYTES);

		if (bad != 0)
			return p + wf_bits_first(bad) - text.data;
		p += WF_BLOCK_BYTES;
	}
	while (p < end && (signed char) *p > 0)
		p++;
	return p - text.data;
}

/*
 * Length of the well-formed multibyte character at s, or minus the length of
 * the maximal subpart of an ill-formed one.  *s is not ASCII.
 */
static int
multibyte_length(const unsigned char *s, const unsigned char *end)
{
	unsigned char lead = s[0];
	unsigned char lower = 0x80;
	unsigned char upper = 0xBF;
	int			len;
	int			i;

	if (lead < 0xC2 || lead > 0xF4)
		return -1;
	if (lead < 0xE0)
		len = 2;
	else if (lead < 0xF0)
		len = 3;
	else
		len = 4;

	if (lead == 0xE0)
		lower = 0xA0;
	else if (lead == 0xED)
		upper = 0x9F;
	else if (lead == 0xF0)
		lower = 0x90;
	else if (lead == 0xF4)
		upper = 0x8F;

	for (i = 1; i < len; i++)
	{
		if (end - s <= i || s[i] < lower || s[i] > upper)
			return -i;
		lower = 0x80;
		upper = 0xBF;
	}
	return len;
}

size_t
wf_text_clean_prefix(WfSlice text)
{
	size_t		pos = 0;

	while (pos < text.len)
	{
		int			len;

		if ((signed char) text.data[pos] >= 0)
		{
			WfSlice		rest = {text.data + pos, text.len - pos};
			size_t		ascii = wf_text_ascii_prefix(rest);

			if (ascii == 0)
				break;			/* NUL */
			pos += ascii;
			continue;
		}
		len = multibyte_length((const unsigned char *) text.data + pos,
							   (const unsigned char *) text.data + text.len);
		if (len < 0)
			break;
		pos += len;
	}
	return pos;
}

size_t
wf_text_long_clean_prefix(WfSlice text, WfStop stop)
{
	size_t		pos = 0;

	while (pos < text.len && !(stop != NULL && *stop))
	{
		WfSlice		piece = {text.data + pos, text.len - pos};
		size_t		clean;

		if (piece.len > STOP_INTERVAL)
			piece.len = STOP_INTERVAL;
		clean = wf_text_clean_prefix(piece);
		pos += clean;
		/* the piece's end may have cut a character; the next begins with it */
		if (clean == 0 || piece.len - clean >= 4)
			break;
	}
	return pos;
}

int
wf_text_decode(const char *s, const char *end, uint32_t *cp)
{
	const unsigned char *u = (const unsigned char *) s;
	int			len;

	if (u[0] < 0x80)
	{
		*cp = u[0];
		return 1;
	}
	len = multibyte_length(u, (const unsigned char *) end);
	if (len < 0)
	{
		*cp = WF_REPLACEMENT_CHAR;
		return -len;
	}
	if (len == 2)
		*cp = (u[0] & 0x1Fu) << 6 | (u[1] & 0x3Fu);
	else if (len == 3)
		*cp = (u[0] & 0x0Fu) << 12 | (u[1] & 0x3Fu) << 6 | (u[2] & 0x3Fu);
	else
		*cp = (u[0] & 0x07u) << 18 | (u[1] & 0x3Fu) << 12 |
			(u[2] & 0x3Fu) << 6 | (u[3] & 0x3Fu);
	return len;
}

int
wf_text_encode(uint32_t cp, char out[4])
{
	if (cp > 0x10FFFF || (cp >= 0xD800 && cp <= 0xDFFF))
		cp = WF_REPLACEMENT_CHAR;
	if (cp < 0x80)
	{
		out[0] = (char) cp;
		return 1;
	}
	if (cp < 0x800)
	{
		out[0] = (char) (0xC0 | cp >> 6);
		out[1] = (char) (0x80 | (cp & 0x3F));
		return 2;
	}
	if (cp < 0x10000)
	{
		out[0] = (char) (0xE0 | cp >> 12);
		out[1] = (char) (0x80 | (cp >> 6 & 0x3F));
		out[2] = (char) (0x80 | (cp & 0x3F));
		return 3;
	}
	out[0] = (char) (0xF0 | cp >> 18);
	out[1] = (char) (0x80 | (cp >> 12 & 0x3F));
	out[2] = (char) (0x80 | (cp >> 6 & 0x3F));
	out[3] = (char) (0x80 | (cp & 0x3F));
	return 4;
}

/*
 * The clean form of text, written to out, or only measured when out is NULL.
 * Returns false when stopped.
 */
static bool
sanitize_pass(WfSlice text, WfStop stop, char *out, size_t *out_len)
{
	const char *p = text.data;
	const char *end = p + text.len;
	size_t		len = 0;

	while (p < end)
	{
		WfSlice		piece = {p, end - p};
		size_t		clean;

		if (stop != NULL && *stop)
			return false;
		if (piece.len > STOP_INTERVAL)
			piece.len = STOP_INTERVAL;
		clean = wf_text_clean_prefix(piece);
		if (out != NULL)
			memcpy(out + len, p, clean);
		len += clean;
		p += clean;
		if (clean == piece.len)
			continue;
		if (*p == '\0')
			p++;
		else
		{
			/* a whole character may only have been cut by the piece's end */
			int			mb = multibyte_length((const unsigned char *) p,
											  (const unsigned char *) end);

			if (out != NULL)
				memcpy(out + len, mb > 0 ? p : "\xEF\xBF\xBD", mb > 0 ? mb : 3);
			len += mb > 0 ? mb : 3;
			p += mb > 0 ? mb : -mb;
		}
	}
	*out_len = len;
	return true;
}

WfStatus
wf_text_sanitize(WfArena *arena, WfSlice text, WfStop stop, WfSlice *out)
{
	size_t		len;
	char	   *copy;

	*out = text;
	if (wf_text_long_clean_prefix(text, stop) == text.len)
		return WF_OK;
	if (!sanitize_pass(text, stop, NULL, &len))
		return WF_ERR_STOPPED;
	copy = wf_arena_alloc(arena, len);
	if (copy == NULL)
		return WF_ERR_NOMEM;
	if (!sanitize_pass(text, stop, copy, &len))
		return WF_ERR_STOPPED;
	out->data = copy;
	out->len = len;
	return WF_OK;
}

WfSlice
wf_text_trim(WfSlice text)
{
	while (text.len > 0 && wf_is_space(text.data[0]))
		wf_advance(&text, 1);
	while (text.len > 0 && wf_is_space(text.data[text.len - 1]))
		text.len--;
	return text;
}

WfSlice
wf_text_collapse(WfArena *arena, WfSlice text, size_t max)
{
	WfSlice		result = WF_SLICE_EMPTY;
	size_t		room;
	size_t		len = 0;
	size_t		i;
	char	   *out;

	text = wf_text_trim(text);
	room = text.len < max ? text.len : max;
	out = wf_arena_alloc(arena, room + 1);
	if (out == NULL)
		return result;
	for (i = 0; i < text.len && len < room; i++)
	{
		if (!wf_is_space(text.data[i]))
			out[len++] = text.data[i];
		else if (len > 0 && out[len - 1] != ' ')
			out[len++] = ' ';
	}
	result.data = out;
	result.len = len;
	if (i < text.len)
	{
		/* the cut may have split a character: go by the bytes that follow */
		while (result.len > 0 && ((unsigned char) text.data[i] & 0xC0) == 0x80)
		{
			i--;
			result.len--;
		}
	}
	result = wf_text_trim(result);
	out[result.len] = '\0';
	return result;
}

WfSlice
wf_text_truncate(WfSlice text, size_t max)
{
	if (text.len <= max)
		return text;
	while (max > 0 && ((unsigned char) text.data[max] & 0xC0) == 0x80)
		max--;
	text.len = max;
	return text;
}

size_t
wf_text_char_count(WfSlice text)
{
	size_t		count = 0;
	size_t		i;

	for (i = 0; i < text.len; i++)
		count += ((unsigned char) text.data[i] & 0xC0) != 0x80;
	return count;
}

size_t
wf_text_step_back(WfSlice text, size_t at, int count)
{
	while (count-- > 0 && at > 0)
	{
		at--;
		while (at > 0 && ((unsigned char) text.data[at] & 0xC0) == 0x80)
			at--;
	}
	return at;
}

size_t
wf_text_step_forth(WfSlice text, size_t at, int count)
{
	while (count-- > 0 && at < text.len)
	{
		at++;
		while (at < text.len && ((unsigned char) text.data[at] & 0xC0) == 0x80)
			at++;
	}
	return at;
}

/* Base letters of U+00C0..U+017F; '?' where there is none. */
static const char base_letters[] =
"AAAAAAACEEEEIIIIDNOOOOO?OUUUUYTsaaaaaaaceeeeiiiidnooooo?ouuuuyty"
"AaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGgGgGgHhHhIiIiIiIiIiIiJjKkkLlLlLlL"
"lLlNnNnNnnNnOoOoOoOoRrRrRrSsSsSsSsTtTtTtUuUuUuUuUuUuWwYyYZzZzZzs";

char
wf_text_base_letter(uint32_t cp)
{
	if (cp < 0x80)
		return (char) cp;
	if (cp >= 0xC0 && cp - 0xC0 < sizeof(base_letters) - 1)
		return base_letters[cp - 0xC0];
	return '?';
}

void
wf_text_lower(char *data, size_t len)
{
	size_t		i;

	for (i = 0; i < len; i++)
		data[i] = wf_lower_char(data[i]);
}

bool
wf_text_equal(WfSlice a, WfSlice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool
wf_text_equal_nocase(WfSlice a, WfSlice b)
{
	size_t		i;

	if (a.len != b.len)
		return false;
	for (i = 0; i < a.len; i++)
	{
		if (wf_lower_char(a.data[i]) != wf_lower_char(b.data[i]))
			return false;
	}
	return true;
}

bool
wf_text_is_one_of(WfSlice text, const WfSlice *words, size_t count)
{
	size_t		i;

	for (i = 0; i < count; i++)
	{
		if (wf_text_equal_nocase(text, words[i]))
			return true;
	}
	return false;
}

bool
wf_text_starts_nocase(WfSlice text, WfSlice prefix)
{
	if (text.len < prefix.len)
		return false;
	text.len = prefix.len;
	return wf_text_equal_nocase(text, prefix);
}

bool
wf_text_is_invisible(uint32_t cp)
{
	return cp == 0xAD || cp == 0x200B || cp == 0x200E || cp == 0x200F ||
		(cp >= 0x202A && cp <= 0x202E) || (cp >= 0x2060 && cp <= 0x2069) || cp == 0xFEFF;
}

int
wf_text_hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

size_t
wf_text_percent_decode(WfSlice text, char *out)
{
	size_t		len = 0;
	size_t		i;

	for (i = 0; i < text.len; i++)
	{
		if (text.data[i] == '%' && text.len - i > 2 &&
			wf_text_hex_value(text.data[i + 1]) >= 0 &&
			wf_text_hex_value(text.data[i + 2]) >= 0)
		{
			out[len++] = (char) (wf_text_hex_value(text.data[i + 1]) << 4 |
								 wf_text_hex_value(text.data[i + 2]));
			i += 2;
		}
		else
			out[len++] = text.data[i];
	}
	return len;
}

size_t
wf_text_base64_decode(WfSlice text, char *out)
{
	uint32_t	bits = 0;
	int			count = 0;
	size_t		n = 0;
	size_t		i;

	for (i = 0; i < text.len; i++)
	{
		static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
		const char *digit = text.data[i] != '\0' ? strchr(digits, text.data[i]) : NULL;

		if (digit == NULL)
			break;
		bits = bits << 6 | (uint32_t) (digit - digits);
		count += 6;
		if (count >= 8)
		{
			count -= 8;
			out[n++] = (char) (bits >> count);
		}
	}
	return n;
}
