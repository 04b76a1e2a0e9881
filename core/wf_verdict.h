/*-------------------------------------------------------------------------
 *
 * wf_verdict.h
 *	  Is what looks like an address one that reaches somebody?
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_VERDICT_H
#define WF_VERDICT_H

#include "wf_core.h"

/* "." and what may stand for it between the words of a local part */
extern bool wf_verdict_separates_words(char c);

/*
 * True for addresses that lead nowhere: noreply, placeholders of forms and
 * manuals in several languages, keys of error trackers.  Both in lower case.
 */
extern bool wf_verdict_is_fake(WfSlice local, WfSlice domain);

/* Endings of files that pages name with an '@' ("logo@2x.png"), lower case. */
extern bool wf_verdict_is_file_ending(WfSlice label, bool in_text);

#endif							/* WF_VERDICT_H */
