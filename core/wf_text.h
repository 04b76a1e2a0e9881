/*-------------------------------------------------------------------------
 *
 * wf_text.h
 *	  UTF-8 and ASCII helpers.
 *
 * "Clean" text is valid UTF-8 (RFC 3629: no surrogates, no overlong forms)
 * without NUL: what every text leaving core/ is.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_TEXT_H
#define WF_TEXT_H

#include "wf_arena.h"

#define WF_REPLACEMENT_CHAR 0xFFFD

/* Length of the longest clean prefix; text.len when all of it is clean. */
extern size_t wf_text_clean_prefix(WfSlice text);

/*
 * The same for texts of any length: looks at *stop now and then, and ends early
 * when it is set.
 */
extern size_t wf_text_long_clean_prefix(WfSlice text, WfStop stop);

/* Length of the longest prefix of ASCII without NUL. */
extern size_t wf_text_ascii_prefix(WfSlice text);

/*
 * Decode the character at s (s < end).  Returns its length; for an ill-formed
 * sequence *cp is U+FFFD and the length that of the maximal subpart to replace
 * (Unicode 15, section 3.9), at least 1.
 */
extern int	wf_text_decode(const char *s, const char *end, uint32_t *cp);

/*
 * Write the character to out, return its length 1..4.  A surrogate or a number
 * above U+10FFFF is written as U+FFFD.
 */
extern int	wf_text_encode(uint32_t cp, char out[4]);

/*
 * Clean form of any bytes: ill-formed sequences become U+FFFD, NUL is removed.
 * Zero-copy when already clean.  WF_ERR_NOMEM, or WF_ERR_STOPPED when *stop.
 */
extern WfStatus wf_text_sanitize(WfArena *arena, WfSlice text, WfStop stop, WfSlice *out);

/* ASCII whitespace of HTML (tab, LF, FF, CR, space) removed at both ends. */
extern WfSlice wf_text_trim(WfSlice text);

/*
 * Copy with each run of ASCII whitespace replaced by one space, and none at
 * the ends, cut at "max" bytes.  data is NULL when the arena is full.
 */
extern WfSlice wf_text_collapse(WfArena *arena, WfSlice text, size_t max);

/* Longest prefix of at most "max" bytes that ends at a character border. */
extern WfSlice wf_text_truncate(WfSlice text, size_t max);

/* Number of characters of clean text. */
extern size_t wf_text_char_count(WfSlice text);

/* The place up to "count" characters before or behind "at", within clean text. */
extern size_t wf_text_step_back(WfSlice text, size_t at, int count);
extern size_t wf_text_step_forth(WfSlice text, size_t at, int count);

/* The Latin letter without its accents, up to U+017F; '?' where there is none. */
extern char wf_text_base_letter(uint32_t cp);

/* ASCII letters to lower case, in place; other bytes stay. */
extern void wf_text_lower(char *data, size_t len);

/* Equal but for the case of ASCII letters. */
extern bool wf_text_equal_nocase(WfSlice a, WfSlice b);

/* Equal, in that sense, to one of the words? */
extern bool wf_text_is_one_of(WfSlice text, const WfSlice *words, size_t count);

/* True when text begins with prefix, ASCII letters in any case. */
extern bool wf_text_starts_nocase(WfSlice text, WfSlice prefix);

extern bool wf_text_equal(WfSlice a, WfSlice b);

/*
 * Percent-decode (RFC 3986) into out, which has room for text.len bytes;
 * returns the length.  A '%' without two hexadecimal digits stays.
 */
extern size_t wf_text_percent_decode(WfSlice text, char *out);

/*
 * Decode base64 (RFC 4648 section 4) up to the first byte that is none into
 * out, which has room for text.len bytes and may be text.data; returns the
 * length.
 */
extern size_t wf_text_base64_decode(WfSlice text, char *out);

/* Marks that nobody sees but that tear numbers and addresses apart. */
extern bool wf_text_is_invisible(uint32_t cp);

/* Value of a hexadecimal digit, -1 for another byte. */
extern int	wf_text_hex_value(char c);

/* Take "len" bytes off the front. */
static inline void
wf_advance(WfSlice *text, size_t len)
{
	text->data += len;
	text->len -= len;
}

static inline bool
wf_is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

static inline bool
wf_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool
wf_is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline char
wf_lower_char(char c)
{
	return (c >= 'A' && c <= 'Z') ? (char) (c + ('a' - 'A')) : c;
}

#endif							/* WF_TEXT_H */
