/*-------------------------------------------------------------------------
 *
 * wf_identity.c
 *	  Whose rights a worker uses on user tables.
 *
 * Anyone with the TRIGGER privilege on a table can have code of his run by
 * whoever writes to it.  A worker that wrote as superuser would hand out
 * superuser rights; so it writes as the owner, and as a superuser only where
 * no such code can exist.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_proc.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "wf_guc.h"
#include "wf_identity.h"

static Oid
function_owner(Oid function)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Oid			owner = InvalidOid;

	if (HeapTupleIsValid(tuple))
	{
		owner = ((Form_pg_proc) GETSTRUCT(tuple))->proowner;
		ReleaseSysCache(tuple);
	}
	return owner;
}

/*
 * First enabled trigger of the table whose function a non-superuser owns;
 * its name in the current memory context, or NULL.
 */
static char *
foreign_trigger(Oid relid)
{
	Relation	rel = table_open(relid, AccessShareLock);
	TriggerDesc *desc = rel->trigdesc;
	Oid			ours = wf_part_trigger_function();
	char	   *found = NULL;

	for (int i = 0; desc && i < desc->numtriggers && !found; i++)
	{
		Trigger    *trigger = &desc->triggers[i];

		if (trigger->tgisinternal || trigger->tgenabled == TRIGGER_DISABLED ||
			trigger->tgfoid == ours || superuser_arg(function_owner(trigger->tgfoid)))
			continue;
		found = pstrdup(trigger->tgname);
	}
	table_close(rel, AccessShareLock);
	return found;
}

static Oid
check_superuser(Oid role, const WfBinding *binding, char **problem)
{
	char	   *trigger = foreign_trigger(binding->relid);

	if (trigger == NULL)
		return role;
	*problem = psprintf("trigger \"%s\" on %s belongs to a role that is no superuser, "
						"and the worker would run it as superuser \"%s\"; give the table "
						"an ordinary owner or set wf_curation.role",
						trigger, binding->relation, GetUserNameFromId(role, true));
	return InvalidOid;
}

Oid
wf_identity_resolve(const WfBinding *items, const WfBinding *targets, char **problem)
{
	Oid			role = items->owner;

	if (wf_curation_role && *wf_curation_role)
	{
		role = get_role_oid(wf_curation_role, true);
		if (!OidIsValid(role))
		{
			*problem = psprintf("role \"%s\" of wf_curation.role does not exist",
								wf_curation_role);
			return InvalidOid;
		}
	}
	if (!superuser_arg(role))
		return role;
	role = check_superuser(role, items, problem);
	if (OidIsValid(role) && targets)
		role = check_superuser(role, targets, problem);
	return role;
}
