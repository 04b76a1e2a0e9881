/*-------------------------------------------------------------------------
 *
 * wf_scan.h
 *	  Sixteen bytes at a time: what the loops over all bytes of a page use.
 *
 * A WfBlock is compared byte by byte into a WfBits, whose bit i says what holds
 * of byte i.  With SSE2, which every x86-64 has, that is one instruction each;
 * elsewhere, and with WF_SCAN_PORTABLE, a loop does the same.
 * Blocks are read whole: the caller sees to it that 16 bytes are there.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_SCAN_H
#define WF_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "wf_core.h"

#define WF_BLOCK_BYTES 16

typedef unsigned WfBits;

#if defined(__SSE2__) && !defined(WF_SCAN_PORTABLE)

#include <emmintrin.h>

#define WF_SCAN_SSE2

typedef __m128i WfBlock;

static inline WfBlock
wf_block_load(const char *p)
{
	return _mm_loadu_si128((const __m128i *) p);
}

static inline void
wf_block_store(char *p, WfBlock block)
{
	_mm_storeu_si128((__m128i *) p, block);
}

/* The bytes that are c. */
static inline WfBits
wf_block_equal(WfBlock block, char c)
{
	return (WfBits) _mm_movemask_epi8(_mm_cmpeq_epi8(block, _mm_set1_epi8(c)));
}

/* The bytes from low to high, as unsigned numbers. */
static inline WfBits
wf_block_between(WfBlock block, unsigned char low, unsigned char high)
{
	__m128i		from_low = _mm_sub_epi8(block, _mm_set1_epi8((char) low));

	return (WfBits) _mm_movemask_epi8(
		_mm_cmpeq_epi8(_mm_min_epu8(from_low, _mm_set1_epi8((char) (high - low))), from_low));
}

/* The bytes that are not ASCII. */
static inline WfBits
wf_block_high(WfBlock block)
{
	return (WfBits) _mm_movemask_epi8(block);
}

/*
 * 0xFF in the bytes where a has one character and b the other, 0 elsewhere: for
 * places where two of them are at once, of which many are asked for together
 * (wf_block_or, then wf_block_high).
 */
static inline WfBlock
wf_block_pair(WfBlock a, char in_a, WfBlock b, char in_b)
{
	return _mm_and_si128(_mm_cmpeq_epi8(a, _mm_set1_epi8(in_a)),
						 _mm_cmpeq_epi8(b, _mm_set1_epi8(in_b)));
}

static inline WfBlock
wf_block_or(WfBlock a, WfBlock b)
{
	return _mm_or_si128(a, b);
}

#else

typedef struct WfBlock
{
	unsigned char byte[WF_BLOCK_BYTES];
} WfBlock;

static inline WfBlock
wf_block_load(const char *p)
{
	WfBlock		block;

	memcpy(&block, p, WF_BLOCK_BYTES);
	return block;
}

static inline void
wf_block_store(char *p, WfBlock block)
{
	memcpy(p, &block, WF_BLOCK_BYTES);
}

static inline WfBits
wf_block_between(WfBlock block, unsigned char low, unsigned char high)
{
	WfBits		bits = 0;
	int			i;

	for (i = 0; i < WF_BLOCK_BYTES; i++)
		bits |= (WfBits) ((unsigned char) (block.byte[i] - low) <= high - low) << i;
	return bits;
}

static inline WfBits
wf_block_equal(WfBlock block, char c)
{
	return wf_block_between(block, (unsigned char) c, (unsigned char) c);
}

static inline WfBits
wf_block_high(WfBlock block)
{
	return wf_block_between(block, 0x80, 0xFF);
}

static inline WfBlock
wf_block_pair(WfBlock a, char in_a, WfBlock b, char in_b)
{
	int			i;

	for (i = 0; i < WF_BLOCK_BYTES; i++)
		a.byte[i] = a.byte[i] == (unsigned char) in_a &&
			b.byte[i] == (unsigned char) in_b ? 0xFF : 0;
	return a;
}

static inline WfBlock
wf_block_or(WfBlock a, WfBlock b)
{
	int			i;

	for (i = 0; i < WF_BLOCK_BYTES; i++)
		a.byte[i] |= b.byte[i];
	return a;
}

#endif							/* __SSE2__ */

/* The place of the first bit; bits is not 0. */
static inline unsigned
wf_bits_first(WfBits bits)
{
	return (unsigned) __builtin_ctz(bits);
}

/* The bits in front of place n (0 to 16). */
static inline WfBits
wf_bits_before(unsigned n)
{
	return (1u << n) - 1;
}

/*-------------------------------------------------------------------------
 * Sixty-four bytes, for loops that look for several things at once
 *-------------------------------------------------------------------------
 */

#define WF_WIDE_BYTES 64

typedef struct WfWide
{
	WfBlock		part[4];
} WfWide;

static inline WfWide
wf_wide_load(const char *p)
{
	WfWide		wide;

	wide.part[0] = wf_block_load(p);
	wide.part[1] = wf_block_load(p + 16);
	wide.part[2] = wf_block_load(p + 32);
	wide.part[3] = wf_block_load(p + 48);
	return wide;
}

static inline uint64_t
wf_wide_equal(const WfWide *wide, char c)
{
	return (uint64_t) wf_block_equal(wide->part[0], c) |
		(uint64_t) wf_block_equal(wide->part[1], c) << 16 |
		(uint64_t) wf_block_equal(wide->part[2], c) << 32 |
		(uint64_t) wf_block_equal(wide->part[3], c) << 48;
}

/* Is every byte ASCII and none of them NUL? */
static inline bool
wf_wide_is_clean_ascii(const WfWide *wide)
{
#ifdef WF_SCAN_SSE2
	/* one less, a byte that is not is 0x7F or more; of such sums the largest */
	const __m128i one = _mm_set1_epi8(1);
	__m128i		largest = _mm_max_epu8(
		_mm_max_epu8(_mm_sub_epi8(wide->part[0], one), _mm_sub_epi8(wide->part[1], one)),
		_mm_max_epu8(_mm_sub_epi8(wide->part[2], one), _mm_sub_epi8(wide->part[3], one)));

	return _mm_movemask_epi8(_mm_add_epi8(largest, one)) == 0 &&
		_mm_movemask_epi8(largest) == 0;
#else
	int			i;

	for (i = 0; i < 4; i++)
	{
		if (wf_block_between(wide->part[i], 1, 0x7F) != wf_bits_before(WF_BLOCK_BYTES))
			return false;
	}
	return true;
#endif
}

static inline unsigned
wf_wide_first(uint64_t bits)
{
	return (unsigned) __builtin_ctzll(bits);
}

/*
 * memchr for what is likely near: the first c of [p, end), or NULL.
 */
static inline const char *
wf_scan_near(const char *p, const char *end, char c)
{
	int			block;

	for (block = 0; block < 4; block++)
	{
		WfBits		found;

		if (end - p < WF_BLOCK_BYTES)
			break;
		found = wf_block_equal(wf_block_load(p), c);
		if (found != 0)
			return p + wf_bits_first(found);
		p += WF_BLOCK_BYTES;
	}
	return p < end ? (const char *) memchr(p, c, end - p) : NULL;
}

/*
 * The place of the first of some needles that is whole in [p, end), or NULL; up to
 * limit, at or behind end, it may look.  Each needle has 2 to WF_BLOCK_BYTES bytes and
 * is rare.  Looks at the first and last byte of each at many places at once; what passes
 * is compared, so that time is linear, the needles being few and short.  Inline, for the
 * loops over constant needles are to be unrolled.
 */
static inline __attribute__((always_inline)) const char *
wf_scan_any_within(const char *p, const char *end, const char *limit, const WfSlice *needles,
				   int count)
{
	size_t		longest = 2;
	int			i;

#pragma GCC unroll 8
	for (i = 0; i < count; i++)
		longest = needles[i].len > longest ? needles[i].len : longest;
	while (p < end && limit - p >= (ptrdiff_t) (2 * WF_BLOCK_BYTES + longest - 1))
	{
		WfBlock		here[2] = {wf_block_load(p), wf_block_load(p + WF_BLOCK_BYTES)};
		WfBlock		pairs[2];
		WfBits		found;

#pragma GCC unroll 8
		for (i = 0; i < count; i++)
		{
			const char *last = p + needles[i].len - 1;
			char		c = needles[i].data[needles[i].len - 1];
			WfBlock		low = wf_block_pair(here[0], needles[i].data[0], wf_block_load(last), c);
			WfBlock		high = wf_block_pair(here[1], needles[i].data[0],
											 wf_block_load(last + WF_BLOCK_BYTES), c);

			pairs[0] = i == 0 ? low : wf_block_or(pairs[0], low);
			pairs[1] = i == 0 ? high : wf_block_or(pairs[1], high);
		}
		found = wf_block_high(pairs[0]) | wf_block_high(pairs[1]) << WF_BLOCK_BYTES;
		for (; found != 0; found &= found - 1)
		{
			const char *at = p + wf_bits_first(found);

			for (i = 0; i < count; i++)
			{
				if (at[0] == needles[i].data[0] && at[1] == needles[i].data[1] &&
					at + needles[i].len <= end &&
					memcmp(at + 1, needles[i].data + 1, needles[i].len - 1) == 0)
					return at;
			}
		}
		p += 2 * WF_BLOCK_BYTES;
	}
	for (; end - p >= 2; p++)
	{
		for (i = 0; i < count; i++)
		{
			if (p[0] == needles[i].data[0] && p[1] == needles[i].data[1] &&
				(size_t) (end - p) >= needles[i].len &&
				memcmp(p + 1, needles[i].data + 1, needles[i].len - 1) == 0)
				return p;
		}
	}
	return NULL;
}

/* Likewise, of what has nothing behind its end. */
static inline __attribute__((always_inline)) const char *
wf_scan_any(const char *p, const char *end, const WfSlice *needles, int count)
{
	return wf_scan_any_within(p, end, end, needles, count);
}

/*
 * memmem, for a needle of 2 to WF_BLOCK_BYTES bytes that is rare: the place of the
 * first in [p, end), or NULL.
 */
static inline const char *
wf_scan_find(const char *p, const char *end, const char *needle, size_t len)
{
	return wf_scan_any(p, end, &(WfSlice) {needle, len}, 1);
}

#endif							/* WF_SCAN_H */
