/*-------------------------------------------------------------------------
 *
 * wf_identity.h
 *	  Whose rights a worker uses on user tables.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_IDENTITY_H
#define WF_IDENTITY_H

#include "wf_part.h"

/*
 * The role for the tables of a stage: wf_curation.role, else the owner of the
 * items table.  A superuser serves only while the two tables, their partitions
 * and the domains of their columns belong to superusers, and every trigger
 * function on them to a superuser or to this extension; whoever relies on that
 * must keep others from creating triggers meanwhile (wf_stage.c).  Returns
 * InvalidOid and a reason in *problem (current memory context) when nobody may
 * serve.  Needs a transaction.
 */
extern Oid	wf_identity_resolve(const WfBinding *items, const WfBinding *targets,
								char **problem);

/*
 * The same for one more table that the stage writes to: the role, or InvalidOid
 * with a reason where it is a superuser's that may not.
 */
extern Oid	wf_identity_check(Oid role, const WfBinding *binding, char **problem);

#endif							/* WF_IDENTITY_H */
