/*-------------------------------------------------------------------------
 *
 * wf_contact.h
 *	  E-mail addresses in text and in mailto: links.
 *
 * The recogniser works on plain text (decoded, visible) and is used as a pull
 * iterator; it takes bounded time for each '@', so its time is linear in the
 * text whatever the text is.  Addresses that are written so that machines do
 * not see them ("info (at) firm (dot) com") are those of wf_disguise.h.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_CONTACT_H
#define WF_CONTACT_H

#include "wf_arena.h"

#define WF_MAX_LOCAL_PART	64		/* RFC 5321 section 4.5.3.1.1 */
#define WF_MAX_ADDRESS		(WF_MAX_LOCAL_PART + 1 + WF_MAX_HOST)

/* The tables that addresses are judged by; immutable after creation. */
typedef struct WfContactMatcher WfContactMatcher;

/* NULL when a library could not be set up or memory is short. */
extern WfContactMatcher *wf_contact_matcher_create(void);
extern void wf_contact_matcher_free(WfContactMatcher *matcher);

/* What one page needs to use a matcher; lives in its arena. */
typedef struct WfContactScan WfContactScan;

extern WfContactScan *wf_contact_scan_create(const WfContactMatcher *matcher, WfArena *arena);

/* Where addresses come from: links are believed more than running text. */
typedef enum WfContactTrust
{
	WF_TRUST_TEXT,
	WF_TRUST_LINK
} WfContactTrust;

typedef struct WfAddress
{
	size_t		start;			/* of the address as written, in the text */
	size_t		end;
	bool		is_reversed;	/* written from its end to its start; stands for an
								 * address only where the page turns the text */
	size_t		len;			/* of value */
	char		value[WF_MAX_ADDRESS];	/* lower case, UTF-8 */
} WfAddress;

/*
 * Find the next acceptable address at or behind *pos; false when there is none.
 * *pos starts as 0 and is left behind what was examined.  Addresses nobody can
 * be reached at (noreply, example.com, image names …) are passed over.
 */
extern bool wf_contact_next(WfContactScan *scan, WfSlice text, WfContactTrust trust,
							size_t *pos, WfAddress *address);

/*
 * Judge "local@domain" as a whole, without anything around it: true, and value
 * and len of *address filled, when it is acceptable to its end.
 */
extern bool wf_contact_judge(const WfContactScan *scan, WfSlice candidate,
							 WfContactTrust trust, WfAddress *address);

/*
 * If href (references decoded) is a mailto: link, write the text that holds its
 * addresses (those of "to", "cc" and "bcc", percent-decoded, separated by line
 * ends) to out, which has room for href.len + 1 bytes, set *len and return
 * true.
 */
extern bool wf_contact_mailto(WfSlice href, char *out, size_t *len);

#endif							/* WF_CONTACT_H */
