/*-------------------------------------------------------------------------
 *
 * wf_disguise.h
 *	  Addresses written for people only: "info (at) firm (dot) com".
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_DISGUISE_H
#define WF_DISGUISE_H

#include "wf_contact.h"

/* Where a search is. */
typedef struct WfDisguise
{
	WfSlice		text;
	WfContactTrust trust;
	size_t		pos;
	bool		has_words;		/* the text has an "at" between spaces or dashes */
	bool		has_marks;		/* and one between other marks */
} WfDisguise;

extern WfDisguise wf_disguise_begin(WfSlice text, WfContactTrust trust);

/*
 * Like wf_contact_next, of addresses whose '@' or dots are spelt, put in
 * brackets, percent-encoded, full-width or set off by spaces.  The more a
 * spelling looks like prose, the more of its surroundings has to fit.
 */
extern bool wf_disguise_next(WfContactScan *scan, WfDisguise *search, WfAddress *address);

#endif							/* WF_DISGUISE_H */
