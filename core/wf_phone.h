/*-------------------------------------------------------------------------
 *
 * wf_phone.h
 *	  Phone numbers in text and in tel: links.
 *
 * Like wf_contact.h: a pull iterator over plain text, linear in its length.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_PHONE_H
#define WF_PHONE_H

#include "wf_arena.h"

#define WF_MAX_PHONE	16		/* '+' and 15 digits (E.164) */
#define WF_MIN_PHONE	7		/* digits of a number taken from a link */

/* Compiled pattern; immutable after creation. */
typedef struct WfPhoneMatcher WfPhoneMatcher;

/* NULL when a library could not be set up or memory is short. */
extern WfPhoneMatcher *wf_phone_matcher_create(void);
extern void wf_phone_matcher_free(WfPhoneMatcher *matcher);

/* What one page needs to use a matcher; lives in its arena. */
typedef struct WfPhoneScan WfPhoneScan;

/* region is ISO 3166 alpha-2 of numbers without country code, or NULL. */
extern WfPhoneScan *wf_phone_scan_create(const WfPhoneMatcher *matcher, WfArena *arena,
										 const char *region);

typedef struct WfPhone
{
	size_t		start;			/* of the number as written, in the text */
	size_t		end;
	size_t		len;			/* of value */
	char		value[WF_MAX_PHONE];	/* "+" and digits, or digits alone where
										 * the country is not known */
} WfPhone;

/*
 * Find the next number at or behind *pos; false when there is none.  *pos
 * starts as 0 and is left behind what was examined.
 */
extern bool wf_phone_next(WfPhoneScan *scan, WfSlice text, size_t *pos, WfPhone *phone);

/*
 * True when href (references decoded) is a tel: link or one of its relatives
 * with a number; start and end then enclose what is written behind the scheme.
 */
extern bool wf_phone_tel(const WfPhoneScan *scan, WfSlice href, WfPhone *phone);

#endif							/* WF_PHONE_H */
