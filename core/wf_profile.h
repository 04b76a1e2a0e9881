/*-------------------------------------------------------------------------
 *
 * wf_profile.h
 *	  Profiles in social networks, told from the links that share a page.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_PROFILE_H
#define WF_PROFILE_H

#include "wf_finding.h"

#define WF_MAX_PROFILE 160		/* bytes of a normalised URL */

/*
 * If href (references decoded) leads to a profile, set *kind, write its
 * normalised URL ("https://host/name", without parameters) to out, which has
 * room for WF_MAX_PROFILE bytes, set *len and return true.
 */
extern bool wf_profile_parse(WfSlice href, WfFindingKind *kind, char *out, size_t *len);

/* Is the host (lower case) that of a network or below it ("m.facebook.com")? */
extern bool wf_profile_is_network(WfSlice host);

/*
 * Is href an absolute link to one of the networks?  *site_len becomes the length
 * of its scheme and host; 0 when it has none.
 */
extern bool wf_profile_links_to_network(WfSlice href, size_t *site_len);

#endif							/* WF_PROFILE_H */
