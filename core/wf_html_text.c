/*-------------------------------------------------------------------------
 *
 * wf_html_text.c
 *	  Character references, and the text that a reader sees.
 *
 *-------------------------------------------------------------------------
 */
#include "wf_html.h"

#include <string.h>

#include "wf_html_entities.h"
#include "wf_scan.h"
#include "wf_text.h"

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
		int			order = name[0] - entity->name[0];

		if (order == 0)
			order = memcmp(name, entity->name, len < entity->len ? len : entity->len);
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

		memmove(out + len, p, plain);
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
	else if (cp == 0x2010 || cp == 0x2011)
		*maker->out++ = '-';	/* hyphens; addresses are shown with the second */
	else if (!wf_text_is_invisible(cp))
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

	while (in < maker->in_pause && maker->in_limit - in >= WF_BLOCK_BYTES)
	{
		WfBlock		block = wf_block_load(in);
		WfBits		others = ~(wf_block_equal(block, ' ') | wf_block_equal(block, '\t') |
			wf_block_equal(block, '\n') | wf_block_equal(block, '\r')) &
			wf_bits_before(WF_BLOCK_BYTES);

		if (others != 0)
		{
			in += wf_bits_first(others);
			break;
		}
		in += WF_BLOCK_BYTES;
	}
	while (in < maker->in_pause && make_class[(unsigned char) *in] == MAKE_SPACE)
		in++;
	maker->in = in < maker->in_pause ? in : maker->in_pause;
}

/* The bytes of a block that need a look, the first behind a byte "before". */
static inline WfBits
noteworthy_bytes(WfBlock block, char before)
{
	WfBits		spaces = wf_block_equal(block, ' ');
	WfBits		behind = spaces << 1 | (WfBits) (before == ' ' || before == '\n');
	WfBits		bits = (spaces & behind) | wf_block_between(block, '\t', '\r') |
		wf_block_equal(block, '&');

	if (wf_block_high(block) != 0)
		bits |= wf_block_equal(block, '\xC2') | wf_block_equal(block, '\xE2') |
			wf_block_equal(block, '\xE3') | wf_block_equal(block, '\xEF');
	return bits;
}

/*
 * Bytes up to the next that needs a look, single spaces among them, in whole
 * blocks; what was written too much is written again or lies behind the text.
 */
static inline void
copy_blocks(WfHtmlText *maker)
{
	while (maker->in < maker->in_pause && maker->in_limit - maker->in >= WF_BLOCK_BYTES &&
		   maker->out_end - maker->out >= WF_BLOCK_BYTES)
	{
		WfBlock		block = wf_block_load(maker->in);
		WfBits		bits = noteworthy_bytes(block, maker->out[-1]);
		unsigned	len;

		if (maker->in_pause - maker->in < WF_BLOCK_BYTES)
			bits |= 1u << (maker->in_pause - maker->in);
		len = bits != 0 ? wf_bits_first(bits) : WF_BLOCK_BYTES;
		wf_block_store(maker->out, block);
		maker->in += len;
		maker->out += len;
		if (bits != 0)
			break;
	}
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

/* One byte, or what begins with it, that is not just copied. */
static inline void
make_one(WfHtmlText *maker)
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

void
wf_html_make_text(WfHtmlText *maker)
{
	for (;;)
	{
		copy_blocks(maker);
		if (maker->in >= maker->in_pause || maker->out >= maker->out_end)
			break;
		make_one(maker);
	}
}
