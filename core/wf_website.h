/*-------------------------------------------------------------------------
 *
 * wf_website.h
 *	  The web site that a text names: what people write into a field for one,
 *	  as the host name that identifies it.
 *
 * Normal form: lower case, Punycode (UTS #46), no scheme, user, port, path or
 * final dot, and no "www." in front of a name that is registrable without it.
 * "https://https://WWW.Example.ORG.:8080/x" and "example.org" are one site;
 * "shop.example.co.uk" and "example.co.uk" are two, "awww.example.org" is none
 * but itself.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_WEBSITE_H
#define WF_WEBSITE_H

#include "wf_arena.h"

typedef enum WfWebsiteKind
{
	WF_WEBSITE_NAME,			/* a name below a public suffix */
	WF_WEBSITE_SHARED,			/* the same, but of a social network: the path says whose */
	WF_WEBSITE_ADDRESS,		/* an IP address; host without brackets */
	/* no site; host is empty: */
	WF_WEBSITE_EMPTY,			/* nothing, or nothing but a scheme */
	WF_WEBSITE_MAIL,			/* an e-mail address */
	WF_WEBSITE_OTHER_SCHEME,		/* ftp:, mailto:, … */
	WF_WEBSITE_MALFORMED,			/* no host can be read from it */
	WF_WEBSITE_SUFFIX				/* a host that nobody can register: "localhost", "co.uk" */
} WfWebsiteKind;

typedef struct WfWebsite
{
	WfWebsiteKind	kind;
	WfSlice		host;			/* normal form; NUL-terminated, in the arena */
	int			port;			/* of an address, if it is not that of http; else 0 */
} WfWebsite;

/*
 * Read text (UTF-8) as a web site.  WF_OK whatever the text is, see kind;
 * WF_ERR_NOMEM.  Which suffixes are public says the public suffix list with its
 * private section, and its rule "*" for names it does not know (PSL algorithm,
 * step 2): names of a private network have two labels at least.
 */
extern WfStatus wf_website_parse(WfArena *arena, WfSlice text, WfWebsite *out);

/*
 * The same for a host as in a WfUrl: lower case, Punycode.  The host is not
 * copied unless something is taken off.
 */
extern WfStatus wf_website_of_host(WfArena *arena, WfSlice host, WfWebsite *out);

/* What is wrong with a text of that kind, as the end of "it …"; NULL for WF_WEBSITE_NAME. */
extern const char *wf_website_fault(WfWebsiteKind kind);

#endif							/* WF_WEBSITE_H */
