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
#include "catalog/pg_inherits.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
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

/* The type that a domain is over, with the domain's owner; else InvalidOid. */
static Oid
domain_base(Oid type, Oid *owner)
{
	HeapTuple	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
	Oid			base = InvalidOid;

	if (HeapTupleIsValid(tuple))
	{
		Form_pg_type form = (Form_pg_type) GETSTRUCT(tuple);

		*owner = form->typowner;
		if (form->typtype == TYPTYPE_DOMAIN)
			base = form->typbasetype;
		ReleaseSysCache(tuple);
	}
	return base;
}

/* A domain among the column types whose owner is no superuser, or NULL. */
static char *
foreign_domain(Relation rel, const char *name)
{
	TupleDesc	desc = RelationGetDescr(rel);

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);
		Oid			type = att->attisdropped ? InvalidOid : att->atttypid;
		Oid			owner;
		Oid			base;

		for (; OidIsValid(type) && OidIsValid(base = domain_base(type, &owner)); type = base)
			if (!superuser_arg(owner))
				return psprintf("domain %s of column \"%s\" of %s belongs",
								format_type_be(type), NameStr(att->attname), name);
	}
	return NULL;
}

/*
 * What on this one table lets a role that is no superuser have code run by
 * whoever writes to it, as the beginning of a sentence in the current memory
 * context, or NULL: its owner, a domain, an enabled trigger.
 */
static char *
foreign_code(Oid relid)
{
	Relation	rel = table_open(relid, AccessShareLock);
	char	   *name = quote_qualified_identifier(get_namespace_name(RelationGetNamespace(rel)),
												  RelationGetRelationName(rel));
	TriggerDesc *desc = rel->trigdesc;
	Oid			ours = wf_part_trigger_function();
	char	   *found = superuser_arg(rel->rd_rel->relowner) ? foreign_domain(rel, name)
		: psprintf("table %s belongs", name);

	for (int i = 0; desc && i < desc->numtriggers && !found; i++)
	{
		Trigger    *trigger = &desc->triggers[i];

		if (trigger->tgisinternal || trigger->tgenabled == TRIGGER_DISABLED ||
			trigger->tgfoid == ours || superuser_arg(function_owner(trigger->tgfoid)))
			continue;
		found = psprintf("trigger \"%s\" on %s belongs", trigger->tgname, name);
	}
	table_close(rel, AccessShareLock);
	return found;
}

/* The same for a table with its partitions and children. */
static Oid
check_superuser(Oid role, const WfBinding *binding, char **problem)
{
	ListCell   *lc;

	foreach(lc, find_all_inheritors(binding->relid, AccessShareLock, NULL))
	{
		char	   *found = foreign_code(lfirst_oid(lc));

		if (found == NULL)
			continue;
		*problem = psprintf("%s to a role that is no superuser, "
							"and the worker would run %s as superuser \"%s\"; give the table "
							"an ordinary owner or set wf_curation.role",
							found, strncmp(found, "trigger", 7) == 0 ? "it" : "its code",
							GetUserNameFromId(role, true));
		return InvalidOid;
	}
	return role;
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

Oid
wf_identity_check(Oid role, const WfBinding *binding, char **problem)
{
	return superuser_arg(role) ? check_superuser(role, binding, problem) : role;
}
