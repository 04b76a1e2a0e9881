/*-------------------------------------------------------------------------
 *
 * wf_attach.h
 *	  Attaching user tables to parts, and taking the attachment off.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_ATTACH_H
#define WF_ATTACH_H

#include "wf_part.h"

/* Second trigger argument of contacts: how an existing contact is found. */
#define WF_CONTACTS_BY_KEY	"email_key" /* ON CONFLICT (domain_id, lower(email)) */
#define WF_CONTACTS_BY_LOCK	"lock"		/* look-up under an advisory lock */

/* One thing that was done or found; strings in the creating context. */
typedef struct WfAttachAction
{
	const char *part;
	char	   *relation;		/* quoted, schema-qualified; NULL when there is none */
	const char *action;
	char	   *detail;
} WfAttachAction;

/* A relation that by its name could take a part. */
typedef struct WfCandidate
{
	Oid			relid;
	char	   *relation;		/* quoted, schema-qualified */
} WfCandidate;

/*
 * Attach a table to a part: trigger and, for a stage, the partial index.
 * Raises one error if it cannot; what the caller must own is checked here.
 * Returns a List of WfAttachAction.  Idempotent.
 */
extern List *wf_attach_table(const WfPart *part, Oid relid);

/*
 * The tables of that name in user schemas that have the columns a part requires
 * (part NULL: any table), as a List of WfCandidate; other relations of the name
 * are appended to *others.
 */
extern List *wf_attach_candidates(const char *name, const WfPart *part, List **others);

/* "a, b, c" of the relations of a List of WfCandidate. */
extern char *wf_attach_names(List *candidates);

/*
 * Has contacts a unique index on exactly (domain_id, lower(email)) that ON
 * CONFLICT can use?
 */
extern bool wf_attach_has_email_key(Relation contacts, const WfBinding *binding);

/* Execute one utility or other statement through SPI; raises on failure. */
extern void wf_attach_run(const char *sql);

/*
 * Open a level of settings in which locks are waited for 2 s at most and only
 * pg_catalog is searched.  Close it with AtEOXact_GUC(false, level).
 */
extern int	wf_attach_begin_settings(void);

#endif							/* WF_ATTACH_H */
