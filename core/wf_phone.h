/*-------------------------------------------------------------------------
 *
 * wf_phone.h
 *	  Phone numbers in text, in links and in structured data.
 *
 * Like wf_contact.h: a pull iterator over plain text, linear in its length.
 * A number without the code of its country is one of the country that the line
 * names, else of the page's, which the caller's hints tell.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_PHONE_H
#define WF_PHONE_H

#include <string.h>

#include "wf_arena.h"

#define WF_MAX_PHONE	32		/* '+' and 15 digits (E.164), ";ext=" and 7 */
#define WF_MIN_PHONE	7		/* digits of a number */

/* Immutable after creation. */
typedef struct WfPhoneMatcher WfPhoneMatcher;

/* NULL when a library could not be set up or memory is short. */
extern WfPhoneMatcher *wf_phone_matcher_create(void);
extern void wf_phone_matcher_free(WfPhoneMatcher *matcher);

/* What one page needs to use a matcher; lives in its arena. */
typedef struct WfPhoneScan WfPhoneScan;

/* region is ISO 3166 alpha-2, of last resort, or NULL. */
extern WfPhoneScan *wf_phone_scan_create(const WfPhoneMatcher *matcher, WfArena *arena,
										 const char *region);

/* What tells the country of a page, best evidence first. */
typedef enum WfPhoneHint
{
	WF_HINT_URL,				/* its own URL */
	WF_HINT_COUNTRY,			/* addressCountry: a code or an English name */
	WF_HINT_NUMBER,				/* the wf_phone functions' own: +cc on the page */
	WF_HINT_POSTAL,				/* likewise: post codes that tell it */
	WF_HINT_LANG,				/* lang of <html> */
	WF_HINT_EMAIL,				/* an address (or its domain) on it */
	WF_HINT_LOCALE				/* og:locale, which site systems set by themselves */
} WfPhoneHint;

#define WF_HINT_COUNT (WF_HINT_LOCALE + 1)

/* Unknown values say nothing.  The first of each kind counts. */
extern void wf_phone_hint(WfPhoneScan *scan, WfPhoneHint kind, WfSlice value);

typedef struct WfPhone
{
	size_t		start;			/* of the number as written, in the text */
	size_t		end;
	bool		is_fax;			/* as its label says */
	size_t		len;			/* of value */
	char		value[WF_MAX_PHONE];	/* "+" and digits, or digits alone where
										 * the country is not known; ";ext=" */
} WfPhone;

/* The markup in front of the text at "at", up to where that text begins. */
typedef WfSlice (*WfPhoneMarkup) (void *arg, size_t at);

/* Bare digits count behind a picture of a phone in that markup. */
extern void wf_phone_set_markup(WfPhoneScan *scan, WfPhoneMarkup markup, void *arg);

/*
 * Find the next number at or behind *pos; false when there is none.  *pos
 * starts as 0 and is left behind what was examined.
 */
extern bool wf_phone_next(WfPhoneScan *scan, WfSlice text, size_t *pos, WfPhone *phone);

/*
 * True when href (references decoded) is a tel: link or one of its relatives
 * (also wa.me) with a number; start and end then enclose what is written
 * behind the scheme.
 */
extern bool wf_phone_tel(WfPhoneScan *scan, WfSlice href, WfPhone *phone);

/* Can href, as written, be a link to a number by "//wa.me/" and the like? */
static inline bool
wf_phone_may_be_link(WfSlice href)
{
	size_t		at;

	/* wa.me, api.whatsapp.com, web.whatsapp.com */
	for (at = 2; at <= 8; at += at == 2 ? 5 : 1)
	{
		const char *host = href.data + at;

		if (href.len >= at + 6 && host[-1] == '/' && (host[0] == 'w' || host[0] == 'a') &&
			(memcmp(host, "wa.me/", 6) == 0 || memcmp(host, "api.wh", 6) == 0 ||
			 memcmp(host, "web.wh", 6) == 0))
			return true;
	}
	return false;
}

/*
 * True when value, which is said to be a phone number (JSON-LD, microdata,
 * h-card), holds one.
 */
extern bool wf_phone_value(WfPhoneScan *scan, WfSlice value, WfPhone *phone);

/*
 * True when what the page has told of its country by now makes a number of raw, a
 * value or what is behind the scheme of a link.
 */
extern bool wf_phone_again(WfPhoneScan *scan, WfSlice raw, WfPhone *phone);

#endif							/* WF_PHONE_H */
