/*-------------------------------------------------------------------------
 *
 * wf_suppression.h
 *	  What a suppression list can name, in the one form in which it is compared.
 *
 * The three kinds of entries never look alike: an address has an '@', a domain
 * a dot and no '@', a hash is 64 hexadecimal digits.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_SUPPRESSION_H
#define WF_SUPPRESSION_H

#include "wf_contact.h"

typedef enum WfListingKind
{
	WF_LISTING_NONE = 0,			/* the text is none of these */
	WF_LISTING_ADDRESS,
	WF_LISTING_DOMAIN,
	WF_LISTING_HASH				/* SHA-256 of an address in the form of "value" */
} WfListingKind;

#define WF_HASH_DIGITS	64

/* An entry, or an address to look up. */
typedef struct WfListing
{
	WfListingKind kind;
	size_t		len;			/* of value */
	char		value[WF_MAX_ADDRESS + 1];	/* lower case, the domain in ASCII (RFC 5891) */
	size_t		shown_len;
	char		shown[WF_MAX_ADDRESS + 1];	/* the same, the domain as people read it */
} WfListing;

/*
 * Bring an address, a domain ("x.org", "*.x.org", "@x.org") or a hash, given as
 * UTF-8 with or without blanks around it, into the form in which it is compared.
 * Both texts are NUL-terminated.  Takes bounded time; returns entry->kind.
 */
extern WfListingKind wf_suppression_parse(WfSlice text, WfListing *entry);

/* The domain of an address or of a domain entry. */
extern WfSlice wf_suppression_domain(const WfListing *entry);

/* Go from a domain to the one above it; false when that is a top-level domain. */
extern bool wf_suppression_parent(WfSlice *domain);

#endif							/* WF_SUPPRESSION_H */
