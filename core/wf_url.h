/*-------------------------------------------------------------------------
 *
 * wf_url.h
 *	  Parse, resolve and normalise http and https URLs.
 *
 * After the WHATWG URL Standard (the basic URL parser and the host parser),
 * for the two schemes a crawler fetches.  Differences, all deliberate: other
 * schemes are WF_ERR_SYNTAX; the fragment is dropped; user name and password
 * are noticed but never kept; a host name is at most WF_MAX_HOST bytes.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_URL_H
#define WF_URL_H

#include "wf_arena.h"

typedef enum WfHostType
{
	WF_HOST_NAME,				/* lower-case ASCII, Punycode where needed */
	WF_HOST_IPV4,				/* dotted quad, whatever the spelling was */
	WF_HOST_IPV6				/* RFC 5952 text, without brackets in "host" */
} WfHostType;

typedef struct WfUrl
{
	WfSlice		href;			/* normalised; NUL-terminated, in the arena */
	WfSlice		scheme;			/* "http" or "https"; this and the next four */
	WfSlice		host;			/* point into href; without brackets */
	WfSlice		path;			/* begins with '/' */
	WfSlice		query;			/* without '?'; see has_query */
	WfSlice		target;			/* path and query as sent in a request */
	WfHostType	host_type;
	unsigned char address[16];	/* IPV4: first 4 bytes, IPV6: all; network order */
	int			port;			/* the default of the scheme when not given */
	bool		is_https;
	bool		has_default_port;
	bool		has_query;		/* "?" is present, possibly with nothing behind */
	bool		has_credentials;	/* input had user or password; dropped */
} WfUrl;

/*
 * Parse input, relative to base unless base is NULL.  WF_ERR_SYNTAX when it is
 * no http(s) URL with a valid host, WF_ERR_LIMIT when input or result exceeds
 * WF_MAX_URL or the host WF_MAX_HOST, WF_ERR_NOMEM.  *out is undefined then.
 */
extern WfStatus wf_url_parse(WfArena *arena, WfSlice input, const WfUrl *base, WfUrl *out);

/* True when scheme, host and port are equal. */
extern bool wf_url_same_origin(const WfUrl *a, const WfUrl *b);

/*
 * True when host is domain or one of its subdomains ("www.x.org" is in
 * "x.org"); any case; a trailing dot is ignored.  An empty domain has none.
 */
extern bool wf_url_host_in_domain(WfSlice host, WfSlice domain);

#endif							/* WF_URL_H */
