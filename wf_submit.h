/*-------------------------------------------------------------------------
 *
 * wf_submit.h
 *	  Domains, pages and sitemap files that people hand in.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_SUBMIT_H
#define WF_SUBMIT_H

#include "utils/uuid.h"

#include "wf_part.h"

/* One thing that is handed in. */
typedef struct WfSubmitInput
{
	const char *text;			/* a name or URL, in the database's encoding; or NULL */
	bool		select_now;		/* what it names is to be selected, too */
} WfSubmitInput;

typedef enum WfSubmitKind
{
	WF_SUBMIT_CREATED = 0,
	WF_SUBMIT_EXISTS,
	WF_SUBMIT_INVALID
} WfSubmitKind;

/* What became of it. */
typedef struct WfSubmitOutcome
{
	const char *input;			/* or NULL */
	const pg_uuid_t *id;		/* of its row; NULL: invalid */
	WfSubmitKind kind;
	const char *detail;			/* its normal form, or what is wrong with it; or NULL */
} WfSubmitOutcome;

typedef void (*WfSubmitReceiver) (const WfSubmitOutcome *outcome, void *arg);

/*
 * Find or create the rows that the inputs name, in the table attached as that
 * part (domains, pages or sitemap files), and call put for each input, in their
 * order.  Runs with the invoker's rights.  Raises an error if there is no such
 * table, and for what lies in no single row (wf_domain_attempt).
 */
extern void wf_submit(WfPartId part, const WfSubmitInput *inputs, int n,
					  WfSubmitReceiver put, void *arg);

#endif							/* WF_SUBMIT_H */
