/*-------------------------------------------------------------------------
 *
 * wf_attach.c
 *	  wf_attach(), wf_detach() and wf_check(): the trigger on a user table is
 *	  its attachment, and there is no other record of it.
 *
 * Attaching adds the trigger and, for a stage, the partial index of ready
 * items; both depend on the extension, so that plain DROP EXTENSION removes
 * them and dumps carry them.  No column, row or unique index is touched.
 *
 * Everything runs with the rights of the caller, who must own the table.
 * Locks: SHARE ROW EXCLUSIVE on the table, waited for 2 s at most.  Above
 * WF_INLINE_INDEX_ROWS rows the index is not built, because that would block
 * writers; the statement to run is printed instead.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "wf_compat.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "catalog/dependency.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type_d.h"
#include "commands/defrem.h"
#include "commands/extension.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "optimizer/plancat.h"
#include "storage/proc.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "wf_attach.h"
#include "wf_business.h"
#include "wf_curation.h"
#include "wf_part.h"
#include "wf_shmem.h"

PG_FUNCTION_INFO_V1(wf_attach);
PG_FUNCTION_INFO_V1(wf_detach);
PG_FUNCTION_INFO_V1(wf_check);

#define WF_INLINE_INDEX_ROWS	100000
#define WF_READY_LABEL			"wf_ready_idx"

#define PART_RULE				"A part is one table, and a table takes one part."
#define PART_REMEDY				"Take it off first with wf_detach()."

/* What is to be done about the index of ready items. */
typedef struct IndexPlan
{
	bool		exists;
	bool		ours;			/* has the name we would give it */
	char	   *name;
	char	   *qualified;		/* quoted, schema-qualified */
	double		rows;
	char	   *statements;		/* what the user must run, if we must not; else NULL */
} IndexPlan;

/* What is to be done about the trigger. */
typedef struct TriggerPlan
{
	const char *strategy;		/* second argument, or NULL */
	char	   *drop;			/* name of one to be dropped first, or NULL */
	bool		create;
	bool		enable;
} TriggerPlan;

/* See wf_attach.h. */
int
wf_attach_begin_settings(void)
{
	int			level = NewGUCNestLevel();

	(void) set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET,
							 PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	if (LockTimeout == 0 || LockTimeout > 2000)
		(void) set_config_option("lock_timeout", "2s", PGC_USERSET,
								 PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	return level;
}

/* See wf_attach.h. */
void
wf_attach_run(const char *sql)
{
	int			rc = SPI_execute(sql, false, 0);

	if (rc < 0)
		elog(ERROR, "could not execute \"%s\": %s", sql, SPI_result_code_string(rc));
}

/* Quoted, schema-qualified name of a relation. */
static char *
qualified_name(Oid relid)
{
	return quote_qualified_identifier(get_namespace_name(get_rel_namespace(relid)),
									  get_rel_name(relid));
}

/* Append an action to a list. */
static List *
note(List *actions, const WfPart *part, const char *relation, const char *action, char *detail)
{
	WfAttachAction *a = palloc(sizeof(WfAttachAction));

	a->part = part->name;
	a->relation = relation ? pstrdup(relation) : NULL;
	a->action = action;
	a->detail = detail;
	return lappend(actions, a);
}

/*
 * Lock and open a table that the caller must own.  The owner is looked at
 * before the lock is asked for, and again after.
 */
static Relation
open_owned(Oid relid)
{
	Relation	rel;
	HeapTuple	tuple;
	Oid			owner;

	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	if (!HeapTupleIsValid(tuple))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", relid),
				 errhint("Give the name of a table.")));
	owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	if (has_privs_of_role(GetUserId(), owner))
	{
		rel = relation_open(relid, ShareRowExclusiveLock);
		owner = rel->rd_rel->relowner;
		if (has_privs_of_role(GetUserId(), owner))
			return rel;
	}
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("must be owner of table %s", get_rel_name(relid)),
			 errdetail("It belongs to role \"%s\".", GetUserNameFromId(owner, false)),
			 errhint("Attach or detach it as that role or as a superuser.")));
}

/* Is this expression lower() of that column? */
static bool
is_lower_of(Node *expr, AttrNumber attnum)
{
	FuncExpr   *func = (FuncExpr *) expr;
	Node	   *arg;

	if (!IsA(expr, FuncExpr) || func->funcid != F_LOWER_TEXT)
		return false;
	arg = linitial(func->args);
	while (IsA(arg, RelabelType))
		arg = (Node *) ((RelabelType *) arg)->arg;
	return IsA(arg, Var) && ((Var *) arg)->varattno == attnum;
}

/* See wf_attach.h. */
bool
wf_attach_has_email_key(Relation contacts, const WfBinding *binding)
{
	List	   *indexes = RelationGetIndexList(contacts);
	bool		result = false;
	ListCell   *lc;

	foreach(lc, indexes)
	{
		Relation	index = index_open(lfirst_oid(lc), AccessShareLock);
		Form_pg_index form = index->rd_index;
		List	   *expressions = RelationGetIndexExpressions(index);

		result = form->indisunique && form->indimmediate && form->indisvalid &&
			form->indisready && form->indnkeyatts == 2 &&
			form->indkey.values[0] == binding->column[WF_CONTACT_DOMAIN_ID].attnum &&
			form->indkey.values[1] == 0 && RelationGetIndexPredicate(index) == NIL &&
			list_length(expressions) == 1 &&
			is_lower_of(linitial(expressions), binding->column[WF_CONTACT_EMAIL].attnum);
		index_close(index, AccessShareLock);
		if (result)
			break;
	}
	return result;
}

/* About how many rows a table has, its partitions included. */
static double
estimate_rows(Relation rel)
{
	List	   *members = rel->rd_rel->relkind == RELKIND_PARTITIONED_TABLE
		? find_all_inheritors(RelationGetRelid(rel), AccessShareLock, NULL)
		: list_make1_oid(RelationGetRelid(rel));
	double		rows = 0;
	ListCell   *lc;

	foreach(lc, members)
	{
		Relation	member = relation_open(lfirst_oid(lc), AccessShareLock);

		if (member->rd_rel->relkind == RELKIND_RELATION)
		{
			BlockNumber pages;
			double		tuples;
			double		allvisible;

			estimate_rel_size(member, NULL, &pages, &tuples, &allvisible);
			rows += tuples;
		}
		relation_close(member, AccessShareLock);
	}
	return rows;
}

/* "(domain_id, id) WHERE …" of the index of ready items. */
static char *
ready_index_body(const WfBinding *binding)
{
	return psprintf("USING btree (%s) WHERE %s", wf_part_ready_key(binding),
					wf_part_ready_condition(binding));
}

/*
 * The statements that build the index without blocking writers.  CONCURRENTLY
 * does not exist for a partitioned table: its partitions come first, then the
 * index on the parent finds and adopts theirs.
 */
static char *
concurrent_statements(Relation rel, const WfBinding *binding, const char *name)
{
	char	   *body = ready_index_body(binding);
	StringInfoData buf;
	ListCell   *lc;

	if (!binding->partitioned)
		return psprintf("CREATE INDEX CONCURRENTLY %s ON %s %s;",
						quote_identifier(name), binding->relation, body);
	initStringInfo(&buf);
	foreach(lc, find_all_inheritors(RelationGetRelid(rel), AccessShareLock, NULL))
	{
		Oid			member = lfirst_oid(lc);

		if (get_rel_relkind(member) == RELKIND_RELATION)
			appendStringInfo(&buf, "CREATE INDEX CONCURRENTLY ON %s %s; ",
							 qualified_name(member), body);
	}
	appendStringInfo(&buf, "CREATE INDEX %s ON %s %s;", quote_identifier(name),
					 binding->relation, body);
	return buf.data;
}

/* Make an index ours: it goes with the extension. */
static void
adopt_index(const char *qualified)
{
	wf_attach_run(psprintf("ALTER INDEX %s DEPENDS ON EXTENSION " WF_EXTENSION_NAME, qualified));
	wf_attach_run(psprintf("COMMENT ON INDEX %s IS 'ready items, for the workers of wf_curation'",
						   qualified));
}

/* Find the index of ready items, or else name and measure what is to be built. */
static IndexPlan
plan_index(Relation rel, const WfBinding *binding)
{
	IndexPlan	plan = {0};
	const char *wanted = makeObjectName(RelationGetRelationName(rel), NULL, WF_READY_LABEL);
	Oid			existing = wf_part_ready_index(rel, binding);

	if (OidIsValid(existing))
	{
		plan.exists = true;
		plan.name = get_rel_name(existing);
		plan.ours = strcmp(plan.name, wanted) == 0;
	}
	else
	{
		plan.name = ChooseRelationName(RelationGetRelationName(rel), NULL, WF_READY_LABEL,
									   RelationGetNamespace(rel), false);
		plan.rows = estimate_rows(rel);
		if (plan.rows > WF_INLINE_INDEX_ROWS)
			plan.statements = concurrent_statements(rel, binding, plan.name);
	}
	plan.qualified = quote_qualified_identifier(get_namespace_name(RelationGetNamespace(rel)),
												plan.name);
	return plan;
}

/* Build, accept or ask for the index of ready items. */
static List *
attach_index(const WfBinding *binding, List *actions)
{
	Relation	rel = relation_open(binding->relid, NoLock);
	IndexPlan	plan = plan_index(rel, binding);

	relation_close(rel, NoLock);	/* DDL refuses relations that are open */
	if (plan.exists)
	{
		if (plan.ours)
			adopt_index(plan.qualified);
		return note(actions, binding->part, binding->relation, "index kept", plan.qualified);
	}
	if (plan.statements)
	{
		ereport(WARNING,
				(errmsg("index of ready items on table %s was not built", binding->relation),
				 errdetail("The table has about %.0f rows; building the index here would block its writers.",
						   plan.rows),
				 errhint("Run: %s Then run wf_attach() again.", plan.statements)));
		return note(actions, binding->part, binding->relation, "index wanted", plan.statements);
	}
	wf_attach_run(psprintf("CREATE INDEX %s ON %s %s", quote_identifier(plan.name),
						   binding->relation, ready_index_body(binding)));
	adopt_index(plan.qualified);
	return note(actions, binding->part, binding->relation, "index created", plan.qualified);
}

/* Is the trigger as we would create it, but for being disabled? */
static bool
trigger_is_right(const Trigger *trigger, const WfPart *part, const char *strategy)
{
	int			nargs = strategy ? 2 : 1;

	return strcmp(trigger->tgname, WF_TRIGGER_NAME) == 0 &&
		trigger->tgtype == (TRIGGER_TYPE_ROW | TRIGGER_TYPE_BEFORE |
							TRIGGER_TYPE_INSERT | TRIGGER_TYPE_UPDATE) &&
		trigger->tgnattr == 0 && trigger->tgqual == NULL &&
		trigger->tgnargs == nargs && strcmp(trigger->tgargs[0], part->name) == 0 &&
		(strategy == NULL || strcmp(trigger->tgargs[1], strategy) == 0);
}

/* Our trigger on a table, or NULL; a stranger of its name raises an error. */
static const Trigger *
find_trigger(Relation rel, Oid function)
{
	const Trigger *found = NULL;
	int			i;

	for (i = 0; rel->trigdesc && i < rel->trigdesc->numtriggers; i++)
	{
		const Trigger *trigger = &rel->trigdesc->triggers[i];

		if (trigger->tgfoid == function)
			found = trigger;
		else if (strcmp(trigger->tgname, WF_TRIGGER_NAME) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_DUPLICATE_OBJECT),
					 errmsg("table \"%s\" has another trigger named \"%s\"",
							RelationGetRelationName(rel), WF_TRIGGER_NAME),
					 errdetail("It does not call the function of this extension."),
					 errhint("Rename or drop that trigger, then run wf_attach() again."),
					 errtable(rel)));
	}
	return found;
}

/* Look at the trigger of an open table. */
static TriggerPlan
plan_trigger(Relation rel, const WfBinding *binding)
{
	TriggerPlan plan = {0};
	const Trigger *old = find_trigger(rel, wf_part_trigger_function());

	if (binding->part->id == WF_PART_CONTACTS)
		plan.strategy = wf_attach_has_email_key(rel, binding) ? WF_CONTACTS_BY_KEY
			: WF_CONTACTS_BY_LOCK;
	plan.create = old == NULL || !trigger_is_right(old, binding->part, plan.strategy);
	if (old && plan.create)
		plan.drop = pstrdup(old->tgname);
	plan.enable = !plan.create && old->tgenabled == TRIGGER_DISABLED;
	return plan;
}

/* Create the trigger, replace one that is not right, or enable a disabled one. */
static List *
attach_trigger(const WfBinding *binding, List *actions)
{
	const WfPart *part = binding->part;
	Relation	rel = relation_open(binding->relid, NoLock);
	TriggerPlan plan = plan_trigger(rel, binding);
	char	   *schema = get_namespace_name(wf_part_extension_schema());
	char	   *function = quote_qualified_identifier(schema, "wf_curation_trigger");

	relation_close(rel, NoLock);	/* DDL refuses relations that are open */
	if (plan.drop)
		wf_attach_run(psprintf("DROP TRIGGER %s ON %s", quote_identifier(plan.drop),
							   binding->relation));
	if (plan.create)
		wf_attach_run(psprintf("CREATE TRIGGER " WF_TRIGGER_NAME " BEFORE INSERT OR UPDATE ON %s "
							   "FOR EACH ROW EXECUTE FUNCTION %s(%s%s%s)",
							   binding->relation, function, quote_literal_cstr(part->name),
							   plan.strategy ? ", " : "",
							   plan.strategy ? quote_literal_cstr(plan.strategy) : ""));
	if (plan.enable)
		wf_attach_run(psprintf("ALTER TABLE %s ENABLE TRIGGER " WF_TRIGGER_NAME,
							   binding->relation));
	wf_attach_run(psprintf("ALTER TRIGGER " WF_TRIGGER_NAME " ON %s DEPENDS ON EXTENSION "
						   WF_EXTENSION_NAME, binding->relation));
	wf_attach_run(psprintf("COMMENT ON TRIGGER " WF_TRIGGER_NAME " ON %s IS "
						   "'attaches the table to wf_curation; taken off by wf_detach()'",
						   binding->relation));
	return note(actions, part, binding->relation,
				plan.drop ? "trigger replaced" : plan.create ? "trigger created" :
				plan.enable ? "trigger enabled" : "trigger kept",
				plan.strategy ? psprintf("existing contacts are found by %s", plan.strategy)
				: pstrdup(WF_TRIGGER_NAME));
}

/* OID of the function of the second trigger of businesses. */
static Oid
business_function(void)
{
	return wf_part_function("wf_business_trigger");
}

/* Does a table have a trigger of that function?  Sets *name to a copy of its name. */
static bool
has_trigger(Relation rel, Oid function, char **name)
{
	for (int i = 0; rel->trigdesc && i < rel->trigdesc->numtriggers; i++)
	{
		if (rel->trigdesc->triggers[i].tgfoid != function)
			continue;
		*name = pstrdup(rel->trigdesc->triggers[i].tgname);
		return true;
	}
	return false;
}

/* Businesses have a second trigger, which finds their domains. */
static List *
attach_business_trigger(const WfBinding *binding, List *actions)
{
	Relation	rel = relation_open(binding->relid, NoLock);
	char	   *name = WF_BUSINESS_TRIGGER;
	bool		exists = has_trigger(rel, business_function(), &name);
	char	   *schema = get_namespace_name(wf_part_extension_schema());

	relation_close(rel, NoLock);	/* DDL refuses relations that are open */
	if (!exists)
		wf_attach_run(psprintf("CREATE TRIGGER %s AFTER INSERT OR UPDATE ON %s "
							   "FOR EACH ROW EXECUTE FUNCTION %s()", name, binding->relation,
							   quote_qualified_identifier(schema, "wf_business_trigger")));
	wf_attach_run(psprintf("ALTER TABLE %s ENABLE TRIGGER %s", binding->relation,
						   quote_identifier(name)));
	wf_attach_run(psprintf("ALTER TRIGGER %s ON %s DEPENDS ON EXTENSION " WF_EXTENSION_NAME,
						   quote_identifier(name), binding->relation));
	wf_attach_run(psprintf("COMMENT ON TRIGGER %s ON %s IS "
						   "'finds or creates the domains of selected businesses'",
						   quote_identifier(name), binding->relation));
	return note(actions, binding->part, binding->relation,
				exists ? "trigger kept" : "trigger created", name);
}

/*
 * Is the part another table's already, or has this table another part?  Then
 * what is attached, as a message; else NULL.
 */
static char *
what_is_taken(const WfPart *part, Oid relid)
{
	int			i;

	for (i = 0; i < WF_PART_COUNT; i++)
	{
		Oid			holder = wf_part_table(i, NULL);

		if (OidIsValid(holder) && (i == (int) part->id) != (holder == relid))
			return psprintf("table %s is already attached as \"%s\"", qualified_name(holder),
							wf_parts[i].name);
	}
	return NULL;
}

/* Raise if the part, or the table, is taken. */
static void
check_free(const WfPart *part, Oid relid)
{
	char	   *taken = what_is_taken(part, relid);

	if (taken)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("%s", taken),
				 errdetail(PART_RULE),
				 errhint(PART_REMEDY)));
}

/* See wf_attach.h. */
List *
wf_attach_table(const WfPart *part, Oid relid)
{
	int			level = wf_attach_begin_settings();
	List	   *actions = NIL;
	WfBinding  *binding;
	Relation	rel;

	check_free(part, relid);
	rel = open_owned(relid);
	binding = wf_part_bind(rel, part, NULL);
	relation_close(rel, NoLock);
	actions = attach_trigger(binding, actions);
	if (part->id == WF_PART_LOCAL_BUSINESSES)
		actions = attach_business_trigger(binding, actions);
	if (part->has_queue)
		actions = attach_index(binding, actions);
	AtEOXact_GUC(false, level);
	wf_shmem_wake_launcher_at_commit();
	return actions;
}

/* See wf_attach.h. */
List *
wf_attach_candidates(const char *name, const WfPart *part, List **others)
{
	static const char query[] =
		"SELECT c.oid, c.relkind IN ('r', 'p') AND ARRAY(SELECT a.attname::text FROM pg_attribute a "
		" WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) @> $2 "
		"FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
		"WHERE c.relname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f') "
		" AND NOT c.relispartition AND c.relpersistence <> 't' "
		" AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' "
		" AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass "
		"  AND d.objid = c.oid AND d.deptype = 'e') "
		"ORDER BY n.nspname";
	int			level = wf_attach_begin_settings();
	Oid			argtypes[] = {NAMEOID, TEXTARRAYOID};
	Datum		required[WF_MAX_COLUMNS];
	Datum		args[2];
	List	   *result = NIL;
	uint64		row;
	int			n = 0;

	for (int i = 0; part && i < part->ncolumns; i++)
	{
		if (part->columns[i].required)
			required[n++] = CStringGetTextDatum(part->columns[i].name);
	}
	args[0] = DirectFunctionCall1(namein, CStringGetDatum(name));
	args[1] = PointerGetDatum(construct_array_builtin(required, n, TEXTOID));
	if (SPI_execute_with_args(query, 2, argtypes, args, NULL, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not look for tables named \"%s\"", name);
	for (row = 0; row < SPI_processed; row++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[row];
		TupleDesc	desc = SPI_tuptable->tupdesc;
		WfCandidate *c = palloc(sizeof(WfCandidate));
		bool		isnull;

		c->relid = DatumGetObjectId(SPI_getbinval(tuple, desc, 1, &isnull));
		c->relation = qualified_name(c->relid);
		if (DatumGetBool(SPI_getbinval(tuple, desc, 2, &isnull)))
			result = lappend(result, c);
		else
			*others = lappend(*others, c);
	}
	SPI_freetuptable(SPI_tuptable);
	AtEOXact_GUC(false, level);
	return result;
}

/* See wf_attach.h. */
char *
wf_attach_names(List *candidates)
{
	StringInfoData buf;
	ListCell   *lc;

	initStringInfo(&buf);
	foreach(lc, candidates)
		appendStringInfo(&buf, "%s%s", buf.len ? ", " : "",
						 ((WfCandidate *) lfirst(lc))->relation);
	return buf.data;
}

/* Attach the table that a part already has, or the only one that fits its name. */
static List *
attach_by_name(const WfPart *part)
{
	Oid			relid = wf_part_table(part->id, NULL);
	List	   *others = NIL;
	List	   *fitting = wf_attach_candidates(part->name, part, &others);

	if (OidIsValid(relid))
		return wf_attach_table(part, relid);
	if (fitting == NIL && part->id == WF_PART_JOBS)
		return NIL;				/* nobody needs one */
	if (fitting == NIL)
		return note(NIL, part, NULL, "nothing found",
					psprintf("no table named \"%s\" has the required columns", part->name));
	if (list_length(fitting) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("more than one table could be attached as \"%s\"", part->name),
				 errdetail("These have the required columns: %s.", wf_attach_names(fitting)),
				 errhint("Name one, as in: SELECT * FROM wf_attach(%s => %s);", part->name,
						 quote_literal_cstr(((WfCandidate *) linitial(fitting))->relation))));
	return wf_attach_table(part, ((WfCandidate *) linitial(fitting))->relid);
}

/* Emit a row of texts, NULL for a null pointer, from a set-returning function. */
static void
put_row(FunctionCallInfo fcinfo, const char *const *texts, int n)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	Datum		values[5] = {0};
	bool		nulls[5] = {0};
	int			i;

	for (i = 0; i < n; i++)
	{
		nulls[i] = texts[i] == NULL;
		if (texts[i])
			values[i] = CStringGetTextDatum(texts[i]);
	}
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/* Emit actions as rows of wf_attach() or wf_detach(). */
static void
put_actions(FunctionCallInfo fcinfo, List *actions)
{
	ListCell   *lc;

	foreach(lc, actions)
	{
		const WfAttachAction *a = lfirst(lc);
		const char *const row[] = {a->part, a->relation, a->action, a->detail};

		put_row(fcinfo, row, lengthof(row));
	}
}

/*
 * wf_attach(pages, contacts, domains, sitemap_files, local_businesses, jobs
 * regclass), in the order of WfPartId: attach the given tables; without any,
 * those found by name.
 */
Datum
wf_attach(PG_FUNCTION_ARGS)
{
	bool		any = false;
	int			i;

	InitMaterializedSRF(fcinfo, 0);
	for (i = 0; i < WF_PART_COUNT; i++)
		any |= !PG_ARGISNULL(i);
	SPI_connect();
	for (i = 0; i < WF_PART_COUNT; i++)
	{
		if (any && PG_ARGISNULL(i))
			continue;
		put_actions(fcinfo, any ? wf_attach_table(&wf_parts[i], PG_GETARG_OID(i))
					: attach_by_name(&wf_parts[i]));
	}
	SPI_finish();
	PG_RETURN_VOID();
}

/* Drop the indexes of a table that depend on the extension. */
static List *
detach_indexes(const WfPart *part, Oid relid, const char *relation, List *actions)
{
	Oid			extension = get_extension_oid(WF_EXTENSION_NAME, false);
	Relation	rel = relation_open(relid, NoLock);
	List	   *indexes = RelationGetIndexList(rel);
	ListCell   *lc;

	relation_close(rel, NoLock);
	foreach(lc, indexes)
	{
		Oid			index = lfirst_oid(lc);
		char	   *name = qualified_name(index);

		if (!list_member_oid(getAutoExtensionsOfObject(RelationRelationId, index), extension))
			continue;
		wf_attach_run(psprintf("DROP INDEX %s", name));
		actions = note(actions, part, relation, "index dropped", name);
	}
	return actions;
}

/* Take the attachment off one table. */
static List *
detach_table(const WfPart *part, Oid relid)
{
	Relation	rel = open_owned(relid);
	Oid			function = wf_part_trigger_function();
	char	   *relation = qualified_name(relid);
	List	   *names = NIL;
	List	   *actions = NIL;
	ListCell   *lc;
	int			i;

	for (i = 0; rel->trigdesc && i < rel->trigdesc->numtriggers; i++)
	{
		if (rel->trigdesc->triggers[i].tgfoid == function ||
			rel->trigdesc->triggers[i].tgfoid == business_function())
			names = lappend(names, pstrdup(rel->trigdesc->triggers[i].tgname));
	}
	relation_close(rel, NoLock);
	foreach(lc, names)
	{
		wf_attach_run(psprintf("DROP TRIGGER %s ON %s", quote_identifier(lfirst(lc)), relation));
		actions = note(actions, part, relation, "trigger dropped", lfirst(lc));
	}
	return detach_indexes(part, relid, relation, actions);
}

/* wf_detach(): take all attachments off; rows, columns and claims stay. */
Datum
wf_detach(PG_FUNCTION_ARGS)
{
	int			level;
	int			i;

	InitMaterializedSRF(fcinfo, 0);
	SPI_connect();
	level = wf_attach_begin_settings();
	for (i = 0; i < WF_PART_COUNT; i++)
	{
		Oid			relid;

		while (OidIsValid(relid = wf_part_table(i, NULL)))
		{
			List	   *actions = detach_table(&wf_parts[i], relid);

				put_actions(fcinfo, actions);
		}
	}
	AtEOXact_GUC(false, level);
	SPI_finish();
	wf_shmem_wake_launcher_at_commit();
	PG_RETURN_VOID();
}

/* Emit a row of wf_check(). */
static void
put_check(FunctionCallInfo fcinfo, const WfPart *part, const char *subject, const char *status,
		  const char *detail, const char *remedy)
{
	const char *const row[] = {part->name, subject, status, detail, remedy};

	put_row(fcinfo, row, lengthof(row));
}

/* Report what attaching a table that fits would do. */
static void
check_fitting(FunctionCallInfo fcinfo, Relation rel, const WfBinding *binding)
{
	const WfPart *part = binding->part;
	TriggerPlan trigger = plan_trigger(rel, binding);
	int			i;

	for (i = 0; i < part->ncolumns; i++)
	{
		if (part->columns[i].name && binding->column[i].attnum == 0)
			put_check(fcinfo, part, part->columns[i].name, "unused",
					  "The optional column is absent, generated or of another type.", NULL);
	}
	put_check(fcinfo, part, WF_TRIGGER_NAME, trigger.create || trigger.enable ? "todo" : "ok",
			  psprintf("The trigger %s%s%s.", trigger.drop ? "would be replaced" :
					   trigger.create ? "would be created" :
					   trigger.enable ? "would be enabled" : "is there",
					   trigger.strategy ? "; existing contacts are found by " : "",
					   trigger.strategy ? trigger.strategy : ""), NULL);
	if (part->has_queue)
	{
		IndexPlan	index = plan_index(rel, binding);

		put_check(fcinfo, part, index.qualified, index.exists ? "ok" : "todo",
				  index.exists ? "The index of ready items is there." :
				  index.statements ? "The index is wanted, but the table is too large to build it here."
				  : "The index would be created.", index.statements);
	}
}

/* The part that a table has or, by its columns or its name, would take. */
static const WfPart *
guess_part(Relation rel)
{
	int			i;

	for (i = 0; i < WF_PART_COUNT; i++)
	{
		if (wf_part_table(i, NULL) == RelationGetRelid(rel))
			return &wf_parts[i];
	}
	for (i = 0; i < WF_PART_COUNT; i++)
	{
		List	   *problems = NIL;

		if (wf_part_bind(rel, &wf_parts[i], &problems))
			return &wf_parts[i];
	}
	return strcmp(RelationGetRelationName(rel), wf_parts[WF_PART_CONTACTS].name) == 0
		? &wf_parts[WF_PART_CONTACTS] : &wf_parts[WF_PART_PAGES];
}

/* wf_check(table, part): what wf_attach() would do or refuse; changes nothing. */
Datum
wf_check(PG_FUNCTION_ARGS)
{
	Relation	rel;
	const WfPart *part;
	List	   *problems = NIL;
	WfBinding  *binding;
	ListCell   *lc;
	char	   *taken;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("table must not be null"),
				 errhint("Give the name of a table.")));
	InitMaterializedSRF(fcinfo, 0);
	rel = relation_open(PG_GETARG_OID(0), AccessShareLock);
	part = PG_ARGISNULL(1) ? guess_part(rel)
		: wf_part_by_name(text_to_cstring(PG_GETARG_TEXT_PP(1)));
	if (part == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown part \"%s\"", text_to_cstring(PG_GETARG_TEXT_PP(1))),
				 errhint("Parts are \"pages\", \"contacts\", \"domains\", \"sitemap_files\", \"local_businesses\" and \"jobs\".")));
	taken = what_is_taken(part, RelationGetRelid(rel));
	if (taken)
		put_check(fcinfo, part, RelationGetRelationName(rel), "problem",
				  psprintf("%s. " PART_RULE, taken), PART_REMEDY);
	binding = wf_part_bind(rel, part, &problems);
	foreach(lc, problems)
	{
		WfProblem  *p = lfirst(lc);

		put_check(fcinfo, part, p->column ? p->column : RelationGetRelationName(rel), "problem",
				  psprintf("%s.%s%s", p->message, p->detail ? " " : "", p->detail ? p->detail : ""),
				  p->hint);
	}
	if (binding && !taken)
		check_fitting(fcinfo, rel, binding);
	relation_close(rel, AccessShareLock);
	PG_RETURN_VOID();
}
