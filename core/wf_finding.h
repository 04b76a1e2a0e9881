/*-------------------------------------------------------------------------
 *
 * wf_finding.h
 *	  What the extractor finds on a page: kinds, sources and the record.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_FINDING_H
#define WF_FINDING_H

#include "wf_core.h"

/*
 * Kind of a finding.  The numbers travel in messages and must not change;
 * the names (wf_finding_kind_name) are the SQL face.
 */
typedef enum WfFindingKind
{
	WF_KIND_EMAIL = 1,
	WF_KIND_PHONE = 2,
	WF_KIND_FAX = 3,
	/* profiles in social networks: the value is the URL of the profile */
	WF_KIND_LINKEDIN = 4,
	WF_KIND_FACEBOOK = 5,
	WF_KIND_TWITTER = 6,
	WF_KIND_INSTAGRAM = 7,
	WF_KIND_YOUTUBE = 8,
	WF_KIND_TIKTOK = 9,
	WF_KIND_GITHUB = 10,
	WF_KIND_XING = 11,
	WF_KIND_PINTEREST = 12,
	WF_KIND_TELEGRAM = 13,
	/* postal, from structured data: the value is one line */
	WF_KIND_ADDRESS = 14
} WfFindingKind;

#define WF_KIND_LAST WF_KIND_ADDRESS

/*
 * Where on the page it was found.  What is found in several places keeps the
 * source of the first, but a link is better evidence than all others.  The
 * numbers travel in messages.
 */
typedef enum WfFindingSource
{
	WF_SOURCE_LINK = 1,			/* mailto:, tel: and the like */
	WF_SOURCE_TEXT = 2,			/* visible text */
	WF_SOURCE_JSONLD = 3,		/* <script type="application/ld+json"> */
	WF_SOURCE_MICRODATA = 4,	/* itemprop, or property of RDFa */
	WF_SOURCE_HCARD = 5,		/* class names of hCard and h-card */
	WF_SOURCE_CLOUDFLARE = 6,	/* Cloudflare's e-mail protection */
	WF_SOURCE_CIPHER = 7,		/* written by a script that disguises it */
	WF_SOURCE_ATTRIBUTE = 8		/* a tooltip */
} WfFindingSource;

#define WF_SOURCE_LAST WF_SOURCE_ATTRIBUTE

/* What of a finding structured data say, wherever else it stands: bits. */
#define WF_TOLD_VALUE	1
#define WF_TOLD_NAME	2			/* and the job title */
#define WF_TOLD_PHONE	4
#define WF_TOLD_ALL		7

/* One finding; slices point into the arena of the extraction, valid UTF-8. */
typedef struct WfFinding
{
	WfFindingKind kind;
	WfFindingSource source;
	uint8_t		told;			/* WF_TOLD_… */
	uint32_t	position;		/* byte offset in the UTF-8 form of the page */
	WfSlice		value;			/* normalised: address in lower case, phone as stored */
	WfSlice		raw;			/* as on the page */
	WfSlice		name;			/* person or organisation; may be empty */
	WfSlice		job_title;		/* may be empty */
	WfSlice		phone;			/* of an address: the number the page ties to it */
	WfSlice		context;		/* <= WF_MAX_CONTEXT characters around it */
} WfFinding;

typedef struct WfFindings
{
	WfFinding  *items;			/* in the arena */
	int			count;			/* <= WF_MAX_FINDINGS */
	bool		truncated;		/* the page had more */
	WfSlice		title;			/* of the page; may be empty */
} WfFindings;

/* Name as SQL shows it ("email", "phone", …); NULL for an unknown number. */
extern const char *wf_finding_kind_name(int kind);
extern const char *wf_finding_source_name(int source);

#endif							/* WF_FINDING_H */
