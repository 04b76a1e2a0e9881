/*-------------------------------------------------------------------------
 *
 * wf_stage.c
 *	  The stages as they stand in this database.
 *
 * Labels are literals in the generated SQL: only so does the planner match
 * the partial index on ready items.  unnest() of several arrays is a form of
 * its own that the grammar knows by the bare name only; search_path is pinned
 * to pg_catalog in every transaction of a worker (wf_db.c).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_subscription_rel.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "wf_curation.h"
#include "wf_guc.h"
#include "wf_identity.h"
#include "wf_stage_int.h"

const WfStageSpec wf_stage_specs[WF_STAGE_COUNT] = {
	[WF_STAGE_PAGE] = {WF_PART_PAGES, WF_PART_CONTACTS, false, false,
	wf_stage_make_contact_statements},
	[WF_STAGE_SITEMAP_FILE] = {WF_PART_SITEMAP_FILES, WF_PART_PAGES, true, true,
	wf_stage_make_page_statements},
	[WF_STAGE_DOMAIN] = {WF_PART_DOMAINS, WF_PART_SITEMAP_FILES, true, true,
	wf_stage_make_sitemap_statements},
};

/* A stage as last seen; not yet: seen == false. */
typedef struct KnownStage
{
	bool		seen;			/* false: the catalogs may have changed */
	WfStage    *stage;			/* or NULL */
	bool		changed;		/* some catalog has: there may be jobs now */
	const char *problem;		/* why there is none, or NULL */
	char		text[512];		/* what problem points to, where it was made */
} KnownStage;

static KnownStage known[WF_STAGE_COUNT];

/* Literal of a processing or result label as the table spells it. */
static char *
label(const WfStage *stage, WfItemColumn c, int which)
{
	const char *spelling = stage->items->column[c].label[which];

	return spelling ? quote_literal_cstr(spelling) : "NULL";
}

/* "alias.processing = 'Queued' [AND alias.error IS NULL]" */
static char *
ready_condition(const WfStage *stage, const char *alias)
{
	StringInfoData s;

	initStringInfo(&s);
	appendStringInfo(&s, "%s = %s", wf_part_status_sql(stage->items, WF_ITEM_PROCESSING, alias),
					 label(stage, WF_ITEM_PROCESSING, WF_PROCESSING_QUEUED));
	if (stage->has_error_column)
		appendStringInfo(&s, " AND %s.%s IS NULL", alias, item_column(stage, WF_ITEM_ERROR));
	return s.data;
}

/* "alias.processing = <label>" */
static char *
is_processing(const WfStage *stage, const char *alias, WfProcessingLabel which)
{
	return psprintf("%s = %s", wf_part_status_sql(stage->items, WF_ITEM_PROCESSING, alias),
					label(stage, WF_ITEM_PROCESSING, which));
}

/* ", updated_at = now()" where there is such a column */
static const char *
touch_item(const WfStage *stage)
{
	const WfBoundColumn *column = &stage->items->column[WF_ITEM_UPDATED_AT];

	if (column->attnum == 0)
		return "";
	return psprintf(", %s = %s", item_column(stage, WF_ITEM_UPDATED_AT), now_for(column));
}

/* Finding ready items: a loose index scan over domains, then one domain. */
static void
make_pick_statements(WfStage *stage)
{
	const char *rel = stage->items->relation;
	const char *id = item_column(stage, WF_ITEM_ID);
	const char *domain = item_domain(stage);
	const char *url = item_column(stage, WF_ITEM_URL);
	char	   *ready = ready_condition(stage, "p");
	const char *alone_url = "";

	/* an item without domain_id is a group of its own, of which this is all */
	if (stage->items->column[WF_ITEM_DOMAIN_ID].attnum == 0)
		alone_url = psprintf(", (SELECT p.%s::pg_catalog.text FROM %s p WHERE p.%s = d.domain_id)",
							 url, rel, id);
	set_statement(stage, WF_STMT_DOMAINS,
				  psprintf("WITH RECURSIVE d(domain_id) AS ("
						   "(SELECT p.%s FROM %s p WHERE %s AND p.%s >= $1 ORDER BY p.%s LIMIT 1)"
						   " UNION ALL "
						   "SELECT (SELECT p.%s FROM %s p WHERE %s AND p.%s > d.domain_id"
						   " ORDER BY p.%s LIMIT 1) FROM d WHERE d.domain_id IS NOT NULL) "
						   "SELECT d.domain_id%s FROM d WHERE d.domain_id IS NOT NULL LIMIT $2",
						   domain, rel, ready, domain, domain,
						   domain, rel, ready, domain, domain, alone_url),
				  2, UUIDOID, INT4OID);
	set_statement(stage, WF_STMT_READY,
				  psprintf("SELECT p.%s, p.%s::pg_catalog.text FROM %s p WHERE %s AND p.%s = $1 AND p.%s >= $2"
						   " ORDER BY p.%s, p.%s LIMIT $3",
						   id, url, rel, ready, domain, id, domain, id),
				  3, UUIDOID, UUIDOID, INT4OID);
	set_statement(stage, WF_STMT_READY_NULL,
				  psprintf("SELECT p.%s, p.%s::pg_catalog.text FROM %s p WHERE %s AND p.%s IS NULL AND p.%s >= $1"
						   " ORDER BY p.%s LIMIT $2",
						   id, url, rel, ready, domain, id, id),
				  2, UUIDOID, INT4OID);
	set_statement(stage, WF_STMT_READY_OF,
				  psprintf("SELECT p.%s, p.%s::pg_catalog.text, p.%s FROM %s p WHERE p.%s = ANY ($1) AND %s"
						   " ORDER BY pg_catalog.array_position($1, p.%s::pg_catalog.uuid)",
						   id, url, domain, rel, id, ready, id),
				  1, UUIDARRAYOID);
}

/* The column "domain" of the table that domain_id refers to, or NULL. */
static char *
referenced_domain(const WfStage *stage)
{
	Relation	rel = table_open(stage->items->relid, AccessShareLock);
	char	   *expression = NULL;
	ListCell   *lc;

	foreach(lc, RelationGetFKeyList(rel))
	{
		ForeignKeyCacheInfo *fk = lfirst(lc);
		AttrNumber	name = get_attnum(fk->confrelid, "domain");

		if (fk->nkeys != 1 || name == InvalidAttrNumber ||
			fk->conkey[0] != stage->items->column[WF_ITEM_DOMAIN_ID].attnum)
			continue;
		expression = psprintf(
			"(SELECT d.domain::pg_catalog.text FROM %s d WHERE d.%s = p.%s)",
			quote_qualified_identifier(get_namespace_name(get_rel_namespace(fk->confrelid)),
									   get_rel_name(fk->confrelid)),
			quote_identifier(get_attname(fk->confrelid, fk->confkey[0], false)),
			item_column(stage, WF_ITEM_DOMAIN_ID));
	}
	table_close(rel, AccessShareLock);
	return expression;
}

/*
 * The name of an item's domain: a domain's own, else what domain_id refers to.
 * NULL, the SQL for "unknown", when nobody asks; C's NULL when the setting
 * wf_curation.require_domain_match asks and it cannot be known.
 */
static char *
domain_expression(const WfStage *stage)
{
	char	   *expression = NULL;

	if (stage->items->part->columns[WF_ITEM_DOMAIN_ID].name == NULL)
		return psprintf("p.%s::pg_catalog.text", item_column(stage, WF_ITEM_URL));
	if (wf_curation_require_domain_match || wf_stage_specs[stage->id].wants_domain)
		expression = referenced_domain(stage);
	if (expression == NULL && !wf_curation_require_domain_match)
		return "NULL::pg_catalog.text";
	return expression;
}

static void
make_claim_statement(WfStage *stage)
{
	const char *rel = stage->items->relation;
	const char *id = item_column(stage, WF_ITEM_ID);
	const char *error = item_column(stage, WF_ITEM_ERROR);

	set_statement(stage, WF_STMT_CLAIM,
				  psprintf("UPDATE %s p SET %s = %s%s%s%s%s FROM "
						   "(SELECT q.%s AS id, %s%s AS old_error FROM %s q"
						   " WHERE q.%s = ANY ($1) AND %s"
						   " ORDER BY q.%s FOR NO KEY UPDATE SKIP LOCKED) q "
						   "WHERE p.%s = q.id "
						   "RETURNING p.%s, p.%s, p.%s::pg_catalog.text, q.old_error, %s",
						   rel, item_column(stage, WF_ITEM_PROCESSING),
						   label(stage, WF_ITEM_PROCESSING, WF_PROCESSING_PROCESSING),
						   error ? ", " : "", error ? error : "", error ? " = NULL" : "",
						   touch_item(stage),
						   id, error ? "q." : "NULL", error ? psprintf("%s::pg_catalog.text", error) : "::pg_catalog.text",
						   rel, id, is_processing(stage, "q", WF_PROCESSING_QUEUED), id,
						   id, id, item_domain(stage),
						   item_column(stage, WF_ITEM_URL), domain_expression(stage)),
				  1, UUIDARRAYOID);
}

/* "CAST(CASE u.result WHEN 0 THEN 'ContactFound' … ELSE p.result END AS type)" */
static char *
result_assignment(const WfStage *stage)
{
	const WfBoundColumn *column = &stage->items->column[WF_ITEM_RESULT];
	const char *name = item_column(stage, WF_ITEM_RESULT);
	StringInfoData s;

	if (name == NULL)
		return "";
	initStringInfo(&s);
	appendStringInfo(&s, ", %s = CASE u.result", name);
	for (int i = 0; i < WF_MAX_LABELS; i++)
		if (column->label[i])
			appendStringInfo(&s, " WHEN %d THEN CAST(%s AS %s)", i,
							 quote_literal_cstr(column->label[i]), column_type(column));
	appendStringInfo(&s, " ELSE p.%s END", name);
	return s.data;
}

/* A page without a title gets the one that it was found to have. */
static char *
title_assignment(const WfStage *stage)
{
	const WfBoundColumn *column = &stage->items->column[WF_PAGE_TITLE];
	const char *name;

	if (stage->items->part != &wf_parts[WF_PART_PAGES] || column->attnum == 0)
		return "";
	name = quote_identifier(stage->items->part->columns[WF_PAGE_TITLE].name);
	return psprintf(", %s = CASE WHEN p.%s IS NULL OR p.%s::pg_catalog.text OPERATOR(pg_catalog.=) ''"
					" THEN COALESCE(CAST(u.title AS %s), p.%s) ELSE p.%s END",
					name, name, name, column_type(column), name, name);
}

static void
make_finish_statements(WfStage *stage)
{
	const char *rel = stage->items->relation;
	const char *id = item_column(stage, WF_ITEM_ID);
	const char *proc = item_column(stage, WF_ITEM_PROCESSING);
	const char *error = item_column(stage, WF_ITEM_ERROR);
	char	   *type = column_type(&stage->items->column[WF_ITEM_PROCESSING]);
	char	   *running = is_processing(stage, "p", WF_PROCESSING_PROCESSING);
	char	   *set_error = error ? psprintf(", %s = CAST(u.error AS %s)", error,
											 column_type(&stage->items->column[WF_ITEM_ERROR])) : "";

	set_statement(stage, WF_STMT_LOCK,
				  psprintf("SELECT p.%s FROM %s p WHERE p.%s = ANY ($1) AND %s"
						   " ORDER BY p.%s FOR NO KEY UPDATE",
						   id, rel, id, running, id),
				  1, UUIDARRAYOID);
	set_statement(stage, WF_STMT_RUNNING,
				  psprintf("SELECT p.%s FROM %s p WHERE p.%s = ANY ($1) AND %s",
						   id, rel, id, running),
				  1, UUIDARRAYOID);
	set_statement(stage, WF_STMT_FINISH,
				  psprintf("UPDATE %s p SET %s = CASE u.action WHEN 0 THEN CAST(%s AS %s)"
						   " WHEN 1 THEN CAST(%s AS %s) ELSE CAST(%s AS %s) END%s%s%s%s "
						   "FROM unnest($1, $2, $3, $4, $5) u(id, action, error, result, title) "
						   "WHERE p.%s = u.id AND %s RETURNING p.%s",
						   rel, proc,
						   label(stage, WF_ITEM_PROCESSING, WF_PROCESSING_COMPLETE), type,
						   label(stage, WF_ITEM_PROCESSING, WF_PROCESSING_ERROR), type,
						   label(stage, WF_ITEM_PROCESSING, WF_PROCESSING_QUEUED), type,
						   set_error, result_assignment(stage), title_assignment(stage),
						   touch_item(stage), id, running, id),
				  5, UUIDARRAYOID, INT4ARRAYOID, TEXTARRAYOID, INT4ARRAYOID, TEXTARRAYOID);
	set_statement(stage, WF_STMT_REQUEUE,
				  psprintf("UPDATE %s p SET %s = %s%s "
						   "FROM unnest($1, $2) u(id, error) "
						   "WHERE p.%s = u.id AND %s RETURNING p.%s",
						   rel, proc, label(stage, WF_ITEM_PROCESSING, WF_PROCESSING_QUEUED),
						   set_error, id, running, id),
				  2, UUIDARRAYOID, TEXTARRAYOID);
}

/* "p.curation IN ('Selected', 'Queued')" for the labels that queue. */
static char *
queues_condition(const WfStage *stage)
{
	const WfBoundColumn *column = &stage->items->column[WF_ITEM_CURATION];
	unsigned int labels = wf_guc_queue_on_labels();
	const char *separator = "";
	StringInfoData s;

	initStringInfo(&s);
	appendStringInfo(&s, "%s IN (", wf_part_status_sql(stage->items, WF_ITEM_CURATION, "p"));
	for (int i = 0; i < WF_MAX_LABELS; i++)
	{
		if (!(labels & (1U << i)) || column->label[i] == NULL)
			continue;
		appendStringInfo(&s, "%s%s", separator, quote_literal_cstr(column->label[i]));
		separator = ", ";
	}
	if (*separator == '\0')
		appendStringInfoString(&s, "NULL");
	appendStringInfoChar(&s, ')');
	return s.data;
}

/* "p.processing IS NULL", or whatever else says that nobody asked. */
static char *
idle_condition(const WfStage *stage)
{
	const char *proc = item_column(stage, WF_ITEM_PROCESSING);

	if (stage->items->column[WF_ITEM_PROCESSING].label[WF_PROCESSING_PENDING] == NULL)
		return psprintf("p.%s IS NULL", proc);
	return psprintf("(p.%s IS NULL OR %s)", proc,
					is_processing(stage, "p", WF_PROCESSING_PENDING));
}

/* Write those of the rows $1 that still are what is to be repaired, and nobody has locked. */
static char *
repair_rows(const WfStage *stage, const char *condition, const char *assignments)
{
	const char *rel = stage->items->relation;
	const char *id = item_column(stage, WF_ITEM_ID);

	return psprintf("UPDATE %s p SET %s FROM (SELECT p.%s AS id FROM %s p WHERE p.%s = ANY ($1)"
					" AND %s ORDER BY p.%s FOR NO KEY UPDATE SKIP LOCKED) q"
					" WHERE p.%s = q.id RETURNING p.%s",
					rel, assignments, id, rel, id, condition, id, id, id);
}

static void
make_sweep_statements(WfStage *stage)
{
	const char *rel = stage->items->relation;
	const char *id = item_column(stage, WF_ITEM_ID);
	const char *proc = item_column(stage, WF_ITEM_PROCESSING);
	const char *error = item_column(stage, WF_ITEM_ERROR);
	char	   *queued = is_processing(stage, "p", WF_PROCESSING_QUEUED);
	char	   *has_error = error ? psprintf("p.%s IS NOT NULL", error) : "true";
	char	   *reasonless = "false";
	char	   *orphan = psprintf("%s AND %s", queues_condition(stage), idle_condition(stage));

	set_statement(stage, WF_STMT_ORPHANS, psprintf("SELECT p.%s FROM %s p WHERE %s LIMIT $1",
												   id, rel, orphan), 1, INT4OID);
	set_statement(stage, WF_STMT_QUEUE_ORPHANS,
				  repair_rows(stage, orphan,
							  psprintf("%s = %s%s%s%s", proc,
									   label(stage, WF_ITEM_PROCESSING, WF_PROCESSING_QUEUED),
									   error ? ", " : "", error ? error : "",
									   error ? " = NULL" : "")),
				  1, UUIDARRAYOID);
	set_statement(stage, WF_STMT_WAITING,
				  psprintf("SELECT p.%s FROM %s p WHERE p.%s = ANY ($1) AND %s AND %s",
						   id, rel, id, queued, has_error),
				  1, UUIDARRAYOID);
	set_statement(stage, WF_STMT_UNEXPLAINED,
				  psprintf("SELECT p.%s FROM %s p WHERE %s AND %s LIMIT $1",
						   id, rel, queued, error ? has_error : "false"),
				  1, INT4OID);
	set_statement(stage, WF_STMT_SURVEY,
				  psprintf("SELECT count(*) FILTER (WHERE %s AND %s) > 0,"
						   " count(*) FILTER (WHERE %s AND %s) > 0,"
						   " count(*) FILTER (WHERE %s AND %s),"
						   " array_agg(p.%s) FILTER (WHERE %s) FROM %s p",
						   queues_condition(stage), idle_condition(stage),
						   is_processing(stage, "p", WF_PROCESSING_ERROR),
						   error ? psprintf("p.%s IS NULL", error) : "false",
						   queued, error ? has_error : "false",
						   id, is_processing(stage, "p", WF_PROCESSING_PROCESSING), rel),
				  0);
	if (error)
		reasonless = psprintf("%s AND p.%s IS NULL",
							  is_processing(stage, "p", WF_PROCESSING_ERROR), error);
	set_statement(stage, WF_STMT_NO_REASON, psprintf("SELECT p.%s FROM %s p WHERE %s LIMIT $1",
													 id, rel, reasonless), 1, INT4OID);
	set_statement(stage, WF_STMT_GIVE_REASONS,
				  error ? repair_rows(stage, reasonless,
									  psprintf("%s = CAST('no reason was recorded' AS %s)", error,
											   column_type(&stage->items->column[WF_ITEM_ERROR])))
				  : psprintf("SELECT NULL::pg_catalog.uuid WHERE $1 IS NULL"), 1, UUIDARRAYOID);
	for (int which = WF_STMT_ORPHANS; which <= WF_STMT_NO_REASON; which++)
		stage->stmt[which].walks = which != WF_STMT_WAITING;
}

static WfBinding *
bind_table(WfPartId id, Oid relid, const char **problem)
{
	List	   *problems = NIL;
	Relation	rel = table_open(relid, AccessShareLock);
	WfBinding  *binding = wf_part_bind(rel, &wf_parts[id], &problems);

	table_close(rel, AccessShareLock);
	if (binding == NULL)
		*problem = ((WfProblem *) linitial(problems))->message;
	return binding;
}

/* Does a logical subscription write to the table or one of its partitions? */
static bool
is_replicated(Oid relid)
{
	Relation	rel = table_open(SubscriptionRelRelationId, AccessShareLock);
	bool		found = false;
	ListCell   *lc;

	foreach(lc, find_all_inheritors(relid, AccessShareLock, NULL))
	{
		ScanKeyData key;
		SysScanDesc scan;

		ScanKeyInit(&key, Anum_pg_subscription_rel_srrelid, BTEqualStrategyNumber, F_OIDEQ,
					ObjectIdGetDatum(lfirst_oid(lc)));
		scan = systable_beginscan(rel, SubscriptionRelSrrelidSrsubidIndexId, true, NULL, 1, &key);
		found |= HeapTupleIsValid(systable_getnext(scan));
		systable_endscan(scan);
	}
	table_close(rel, AccessShareLock);
	return found;
}

/*
 * The table of jobs that goes with the stage, if there is one that serves; one
 * that does not keeps nobody from working (wf_health() says so).  False with
 * *problem set if the rights decided on may not be used with it.
 */
static bool
load_jobs(WfStage *stage, const char **problem)
{
	Oid			relid = wf_part_table(WF_PART_JOBS, NULL);
	const char *ignored;
	char	   *why = NULL;

	if (!OidIsValid(relid))
		return true;
	stage->jobs = bind_table(WF_PART_JOBS, relid, &ignored);
	if (stage->jobs == NULL)
		return true;
	stage->owner = wf_identity_check(stage->owner, stage->jobs, &why);
	*problem = why;
	stage->members = list_concat(stage->members,
								 find_all_inheritors(relid, AccessShareLock, NULL));
	return OidIsValid(stage->owner);
}

/*
 * Find tables, bind them, decide whose rights.  False with *problem set, in the
 * stage's memory, or NULL when there is no such stage here.
 */
static bool
load(WfStage *stage, const char **problem)
{
	const WfStageSpec *spec = &wf_stage_specs[stage->id];
	Oid			items = wf_part_table(spec->items, NULL);
	char	   *strategy = NULL;
	Oid			targets = wf_part_table(spec->targets, &strategy);
	char	   *why = NULL;

	if (!OidIsValid(items) || !OidIsValid(targets))
	{
		if (!spec->optional)
			*problem = psprintf("no %s table is attached",
								wf_parts[OidIsValid(items) ? spec->targets : spec->items].name);
		return false;
	}
	stage->items = bind_table(spec->items, items, problem);
	stage->targets = stage->items ? bind_table(spec->targets, targets, problem) : NULL;
	if (stage->targets == NULL)
		return false;
	if (!wf_curation_process_replicated && (is_replicated(items) || is_replicated(targets)))
	{
		*problem = "the tables are fed by a logical subscription, whose publisher processes them,"
			" and wf_curation.process_replicated is off";
		return false;
	}
	stage->has_error_column = stage->items->column[WF_ITEM_ERROR].attnum != 0;
	if (domain_expression(stage) == NULL)
	{
		*problem = psprintf("wf_curation.require_domain_match is on, but domain_id of the %s table"
							" refers to no table with a column \"domain\"",
							stage->items->part->name);
		return false;
	}
	stage->owner = wf_identity_resolve(stage->items, stage->targets, &why);
	if (!OidIsValid(stage->owner))
	{
		*problem = why;
		return false;
	}
	stage->members = list_concat(find_all_inheritors(items, AccessShareLock, NULL),
								 find_all_inheritors(targets, AccessShareLock, NULL));
	if (stage->id == WF_STAGE_DOMAIN && !load_jobs(stage, problem))
		return false;
	if (superuser_arg(stage->owner))
		stage->locked = stage->members;
	return spec->make_targets(stage, strategy, problem);
}

static void
discard(KnownStage *k)
{
	if (k->stage == NULL)
		return;
	for (int i = 0; i < WF_STMT_COUNT; i++)
		wf_db_forget(&k->stage->stmt[i]);
	MemoryContextDelete(k->stage->context);
	k->stage = NULL;
}

static void
build(WfStageId id, KnownStage *k)
{
	/* a child of the transaction's memory until it is whole */
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "WfStageContext",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	WfStage    *stage = palloc0(sizeof(WfStage));
	const char *problem = NULL;

	stage->id = id;
	stage->name = wf_stage_name(id);
	stage->context = context;
	if (!load(stage, &problem))
	{
		if (problem)
			strlcpy(k->text, problem, sizeof(k->text));
		k->problem = problem ? k->text : NULL;
		MemoryContextSwitchTo(old);
		MemoryContextDelete(context);
		return;
	}
	make_pick_statements(stage);
	make_claim_statement(stage);
	make_finish_statements(stage);
	make_sweep_statements(stage);
	MemoryContextSwitchTo(old);
	MemoryContextSetParent(context, TopMemoryContext);
	k->problem = NULL;
	k->stage = stage;
}

/*
 * Any table may become attached, so every invalidation counts, but only while
 * we have no stage; later just those of its tables.  Whether one of jobs has come
 * is looked up by whoever asks for the stage.
 */
static void
relation_changed(Datum arg, Oid relid)
{
	for (int id = 0; id < WF_STAGE_COUNT; id++)
	{
		const WfStage *stage = known[id].stage;

		known[id].changed = true;
		if (stage == NULL || !OidIsValid(relid) ||
			relid == stage->items->relid || relid == stage->targets->relid ||
			(stage->jobs && relid == stage->jobs->relid) || list_member_oid(stage->locked, relid))
			known[id].seen = false;
	}
}

static void
catalog_changed(Datum arg, int cacheid, uint32 hashvalue)
{
	relation_changed(arg, InvalidOid);
}

static void
register_callbacks(void)
{
	static bool done = false;

	if (done)
		return;
	CacheRegisterRelcacheCallback(relation_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(ENUMOID, catalog_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(AUTHOID, catalog_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(PROCOID, catalog_changed, (Datum) 0);
	CacheRegisterSyscacheCallback(SUBSCRIPTIONRELMAP, catalog_changed, (Datum) 0);
	done = true;
}

/*
 * With a superuser's rights nothing may come between the look at the tables'
 * triggers and the statements that would fire them: take the lock that CREATE
 * TRIGGER waits for first.  What was committed before we had it makes the stage
 * stale here.
 */
static void
lock_tables(const WfStage *stage)
{
	ListCell   *lc;

	foreach(lc, stage->locked)
		LockRelationOid(lfirst_oid(lc), RowExclusiveLock);
}

/* Has a table of jobs been attached since the stage was made? */
static void
look_for_jobs(WfStageId id, KnownStage *k)
{
	if (id != WF_STAGE_DOMAIN || !k->changed)
		return;
	k->changed = false;
	if (k->seen && k->stage && k->stage->jobs == NULL &&
		OidIsValid(wf_part_table(WF_PART_JOBS, NULL)))
		k->seen = false;
}

/* See wf_stage.h. */
WfStage *
wf_stage_get(WfStageId id, const char **problem)
{
	KnownStage *k = &known[id];

	*problem = NULL;
	if (wf_stage_specs[id].make_targets == NULL)
		return NULL;
	register_callbacks();
	look_for_jobs(id, k);
	for (int tries = 0;; tries++)
	{
		if (!k->seen)
		{
			k->seen = true;
			discard(k);
			k->problem = "the extension is not installed";
			if (OidIsValid(get_extension_oid(WF_EXTENSION_NAME, true)))
				build(id, k);
			else if (wf_stage_specs[id].optional)
				k->problem = NULL;
		}
		if (k->stage == NULL || k->stage->locked == NIL)
			break;
		lock_tables(k->stage);
		if (k->seen)
			break;
		if (tries == 10)
		{
			*problem = "the tables keep changing";
			return NULL;
		}
	}
	*problem = k->problem;
	return k->stage;
}

/* See wf_stage.h. */
void
wf_stage_reset(WfStageId id)
{
	known[id].seen = false;
}

/* See wf_stage.h. */
uint64
wf_stage_changes(WfStageId id)
{
	static uint64 unknown = 0;
	const WfStage *stage = known[id].stage;

	if (wf_stage_specs[id].make_targets == NULL || (known[id].seen && stage == NULL))
		return 0;
	if (!known[id].seen)
		return PG_UINT64_MAX - unknown++;
	return wf_db_changes(stage->members);
}

/* See wf_stage.h. */
const char *
wf_stage_name(WfStageId id)
{
	return wf_parts[wf_stage_specs[id].items].stage;
}

char *
wf_stage_own_table(const char *name)
{
	Oid			function = wf_part_trigger_function();

	if (!OidIsValid(function))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("extension \"%s\" is not installed in this database", WF_EXTENSION_NAME),
				 errhint("Run CREATE EXTENSION %s.", WF_EXTENSION_NAME)));
	return quote_qualified_identifier(get_namespace_name(get_func_namespace(function)), name);
}
