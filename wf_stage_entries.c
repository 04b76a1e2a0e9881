/*-------------------------------------------------------------------------
 *
 * wf_stage_entries.c
 *	  SQL on the tables that sitemaps fill: pages and sitemap_files.
 *
 * One item at a time and arrays of its entries.  Rows are matched by
 * (domain_id, url): first those that are there gain what is newer, then those
 * that are not come to be.  ON CONFLICT DO NOTHING settles races where there
 * is a unique key; elsewhere the caller has the domain's advisory lock.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/relcache.h"

#include "core/wf_entry.h"

#include "wf_guc.h"
#include "wf_stage_int.h"

#define ENTRY_SOURCE "unnest($2, $3, $4, $5, $6) u(url, lastmod, type, method, url_count)"

/* Quoted name of a target's column, NULL when the table has none. */
static const char *
column_of(const WfBinding *targets, int c)
{
	if (targets->column[c].attnum == 0)
		return NULL;
	return quote_identifier(targets->part->columns[c].name);
}

/* The entry's date as the column has it: timestamps without zone are UTC. */
static const char *
lastmod_for(const WfBoundColumn *column)
{
	return column->base_type == TIMESTAMPOID ?
		"pg_catalog.timezone('UTC', u.lastmod)" : "u.lastmod";
}

static void
add_value(const WfBinding *targets, int c, const char *value, StringInfo names, StringInfo values)
{
	const char *name = column_of(targets, c);

	if (name == NULL || value == NULL)
		return;
	appendStringInfo(names, ", %s", name);
	appendStringInfo(values, ", CAST(%s AS %s)", wf_part_value_or_default(targets, c, value),
					 column_type(&targets->column[c]));
}

/*
 * The status columns of a new row: as if nobody had asked, whatever the default
 * says, or selected and queued.  The trigger leaves statements of a worker alone.
 */
static void
add_statuses(const WfBinding *targets, bool selected, StringInfo names, StringInfo values)
{
	const WfBoundColumn *processing = &targets->column[WF_ITEM_PROCESSING];
	const char *label = targets->column[WF_ITEM_CURATION].label[selected ?
																 WF_CURATION_SELECTED :
																 WF_CURATION_NEW];

	if (label)
		add_value(targets, WF_ITEM_CURATION, quote_literal_cstr(label), names, values);
	if (selected)
		add_value(targets, WF_ITEM_PROCESSING,
				  quote_literal_cstr(processing->label[WF_PROCESSING_QUEUED]), names, values);
	else if (!processing->not_null)
		add_value(targets, WF_ITEM_PROCESSING, "NULL", names, values);
}

/* A URL that the column would cut is none. */
static char *
url_fits(const WfBinding *targets)
{
	return psprintf("CAST(u.url AS %s)::pg_catalog.text = u.url",
					column_type(&targets->column[WF_ITEM_URL]));
}

/* "c.domain_id = p.domain_id AND c.url = u.url" */
static char *
same_row(const WfStage *stage, const WfBinding *targets)
{
	return psprintf("c.%s = p.%s AND c.%s::pg_catalog.text = u.url",
					column_of(targets, WF_ITEM_DOMAIN_ID), item_domain(stage),
					column_of(targets, WF_ITEM_URL));
}

static void
set_entry_statement(WfStage *stage, WfStageStatement which, char *sql)
{
	set_statement(stage, which, sql, WF_ENTRY_ARGS, UUIDOID, TEXTARRAYOID, TIMESTAMPTZARRAYOID,
				  TEXTARRAYOID, TEXTARRAYOID, INT4ARRAYOID);
	/* a plan for an empty table would be kept while a million rows come */
	stage->stmt[which].custom_plan = true;
}

/*
 * Behind a subquery: where a key serves, each entry looks its row up by it.
 * OFFSET 0 keeps the planner from joining instead, that is from walking the
 * whole table for each message.
 */
static const char *
look_up(const WfStage *stage)
{
	return stage->targets_by_key ? " OFFSET 0" : "";
}

static void
make_insert(WfStage *stage, WfStageStatement which, const WfBinding *targets,
			const char *names, const char *values, const char *condition)
{
	StringInfoData all_names;
	StringInfoData all_values;

	initStringInfo(&all_names);
	initStringInfo(&all_values);
	appendStringInfo(&all_names, "%s, %s%s", column_of(targets, WF_ITEM_DOMAIN_ID),
					 column_of(targets, WF_ITEM_URL), names);
	appendStringInfo(&all_values, "p.%s, u.url%s", item_domain(stage), values);
	wf_part_add_needed(targets, stage->items->relid, &all_names, &all_values);
	set_entry_statement(stage, which,
						psprintf("INSERT INTO %s AS c (%s) SELECT %s FROM %s p, " ENTRY_SOURCE
								 " WHERE p.%s = $1 AND %s AND %s AND NOT EXISTS"
								 " (SELECT 1 FROM %s c WHERE %s%s) ORDER BY u.url%s",
								 targets->relation, all_names.data, all_values.data,
								 stage->items->relation, item_column(stage, WF_ITEM_ID),
								 url_fits(targets), condition, targets->relation,
								 same_row(stage, targets), look_up(stage),
								 wf_part_on_conflict(targets, "")));
}

/* ", updated_at = now()" where there is such a column */
static const char *
touch(const WfBinding *targets)
{
	const char *name = column_of(targets, WF_ITEM_UPDATED_AT);

	return name == NULL ? "" :
		psprintf(", %s = %s", name, now_for(&targets->column[WF_ITEM_UPDATED_AT]));
}

static void
make_update(WfStage *stage, WfStageStatement which, const WfBinding *targets,
			const char *assignments, const char *condition)
{
	const char *id = column_of(targets, WF_ITEM_ID);
	char	   *from = psprintf("%s p, " ENTRY_SOURCE, stage->items->relation);
	char	   *where = psprintf("p.%s = $1 AND (%s)", item_column(stage, WF_ITEM_ID), condition);

	if (stage->targets_by_key)
		set_entry_statement(stage, which,
							psprintf("UPDATE %s c SET %s%s FROM (SELECT c.%s AS id, u.* FROM %s,"
									 " LATERAL (SELECT c.* FROM %s c WHERE %s%s) c"
									 " WHERE %s) u WHERE c.%s = u.id",
									 targets->relation, assignments, touch(targets), id, from,
									 targets->relation, same_row(stage, targets), look_up(stage),
									 where, id));
	else
		set_entry_statement(stage, which,
							psprintf("UPDATE %s c SET %s%s FROM %s WHERE %s AND %s",
									 targets->relation, assignments, touch(targets), from, where,
									 same_row(stage, targets)));
}

/* "c.lastmod is older than the entry's" */
static char *
is_newer(const WfBinding *targets, int c)
{
	return psprintf("u.lastmod IS NOT NULL AND (c.%s IS NULL OR c.%s < %s)",
					column_of(targets, c), column_of(targets, c),
					lastmod_for(&targets->column[c]));
}

/* ------------------------------------------------------------------------
 * sitemap_files
 * ------------------------------------------------------------------------
 */

/*
 * A sitemap's type (an expression of wf_sitemap_type_name's) as the table spells
 * it.  Lists of pages that an enum has no label for are standard to it.
 */
static char *
type_value(const WfBinding *files, const char *type)
{
	const WfBoundColumn *column = &files->column[WF_SITEMAP_TYPE];
	const WfLabelSpec *labels = files->part->columns[WF_SITEMAP_TYPE].labels;
	StringInfoData value;

	if (!column->is_enum)
		return pstrdup(type);
	initStringInfo(&value);
	appendStringInfo(&value, "(CASE %s", type);
	for (int i = WF_SITEMAP_URLSET; i < WF_SITEMAP_TYPE_COUNT; i++)
		appendStringInfo(&value, " WHEN %s THEN %s", quote_literal_cstr(labels[i].spelling[0]),
						 quote_literal_cstr(column->label[column->label[i] ? i :
														  WF_SITEMAP_URLSET]));
	appendStringInfoString(&value, " END)");
	return value.data;
}

/* The type of a new row; where there must be one, a file not yet read is standard. */
static char *
new_type_value(const WfBinding *files)
{
	const WfBoundColumn *column = &files->column[WF_SITEMAP_TYPE];
	char	   *value = type_value(files, "u.type");

	if (!column->not_null)
		return value;
	return psprintf("COALESCE(%s, %s)", value,
					quote_literal_cstr(column->label[WF_SITEMAP_URLSET]));
}

/* What a later look found out about a sitemap that is known. */
static void
update_sitemaps(WfStage *stage, WfStageStatement which, const WfBinding *targets)
{
	const char *lastmod = column_of(targets, WF_SITEMAP_LASTMOD);
	StringInfoData set;
	StringInfoData condition;
	const struct
	{
		int			column;
		const char *value;
	}			known[] = {{WF_SITEMAP_URL_COUNT, "u.url_count"}, {WF_SITEMAP_TYPE, type_value(targets, "u.type")}};

	initStringInfo(&set);
	initStringInfo(&condition);
	for (size_t i = 0; i < lengthof(known); i++)
	{
		const char *name = column_of(targets, known[i].column);
		const char *type;

		if (name == NULL)
			continue;
		type = column_type(&targets->column[known[i].column]);
		appendStringInfo(&set, "%s%s = COALESCE(CAST(%s AS %s), c.%s)", set.len ? ", " : "", name,
						 known[i].value, type, name);
		appendStringInfo(&condition, "%sCAST(%s AS %s)::pg_catalog.text <> c.%s::pg_catalog.text OR c.%s IS NULL",
						 condition.len ? " OR " : "", known[i].value, type, name, name);
	}
	if (lastmod)
	{
		appendStringInfo(&set, "%s%s = GREATEST(c.%s, %s)", set.len ? ", " : "", lastmod, lastmod,
						 lastmod_for(&targets->column[WF_SITEMAP_LASTMOD]));
		appendStringInfo(&condition, "%s(%s)", condition.len ? " OR " : "",
						 is_newer(targets, WF_SITEMAP_LASTMOD));
	}
	if (set.len > 0)
		make_update(stage, which, targets, set.data, condition.data);
}

static void
insert_sitemaps(WfStage *stage, WfStageStatement which, const WfBinding *targets,
				const char *method, bool selected, const char *condition)
{
	const WfBoundColumn *lastmod = &targets->column[WF_SITEMAP_LASTMOD];
	StringInfoData names;
	StringInfoData values;

	initStringInfo(&names);
	initStringInfo(&values);
	add_value(targets, WF_SITEMAP_TYPE, new_type_value(targets), &names, &values);
	add_value(targets, WF_SITEMAP_DISCOVERY_METHOD, method, &names, &values);
	add_value(targets, WF_SITEMAP_LASTMOD, lastmod_for(lastmod), &names, &values);
	add_value(targets, WF_SITEMAP_URL_COUNT, "u.url_count", &names, &values);
	add_statuses(targets, selected, &names, &values);
	make_insert(stage, which, targets, names.data, values.data, condition);
}

/* Does a unique key on (domain_id, url) settle races? */
static bool
has_url_key(const WfBinding *targets)
{
	Relation	rel = table_open(targets->relid, AccessShareLock);
	AttrNumber	domain = targets->column[WF_ITEM_DOMAIN_ID].attnum;
	AttrNumber	url = targets->column[WF_ITEM_URL].attnum;
	bool		found = false;
	ListCell   *lc;

	foreach(lc, RelationGetIndexList(rel))
	{
		Relation	index = index_open(lfirst_oid(lc), AccessShareLock);
		Form_pg_index form = index->rd_index;

		found |= form->indisunique && form->indisvalid && form->indimmediate &&
			form->indnkeyatts == 2 && RelationGetIndexPredicate(index) == NIL &&
			((form->indkey.values[0] == domain && form->indkey.values[1] == url) ||
			 (form->indkey.values[0] == url && form->indkey.values[1] == domain));
		index_close(index, AccessShareLock);
	}
	table_close(rel, AccessShareLock);
	return found;
}

/* ------------------------------------------------------------------------
 * jobs
 * ------------------------------------------------------------------------
 */

/* A time as the column has it: timestamps without zone are UTC. */
static char *
time_for(const WfBoundColumn *column, const char *value)
{
	return column->base_type == TIMESTAMPOID ? psprintf("pg_catalog.timezone('UTC', %s)", value)
		: pstrdup(value);
}

/*
 * Searches that ended, as rows of jobs.  There is none before: a row that says
 * "pending" is a promise that somebody else would have to keep.
 */
static void
make_jobs_statement(WfStage *stage)
{
	const WfBinding *jobs = stage->jobs;
	const WfBoundColumn *status = &jobs->column[WF_JOB_STATUS];
	StringInfoData names;
	StringInfoData values;

	initStringInfo(&names);
	initStringInfo(&values);
	appendStringInfo(&names, "%s", column_of(jobs, WF_JOB_ID));
	appendStringInfoString(&values, "pg_catalog.gen_random_uuid()");
	add_value(jobs, WF_JOB_TYPE, quote_literal_cstr(
		jobs->column[WF_JOB_TYPE].is_enum ? jobs->column[WF_JOB_TYPE].label[0] : "sitemap"),
		&names, &values);
	add_value(jobs, WF_JOB_STATUS,
			  psprintf("CASE u.label WHEN %d THEN %s ELSE %s END", WF_JOB_COMPLETE,
					   quote_literal_cstr(status->label[WF_JOB_COMPLETE]),
					   quote_literal_cstr(status->label[WF_JOB_FAILED])), &names, &values);
	add_value(jobs, WF_JOB_DOMAIN_ID, psprintf("p.%s", item_column(stage, WF_ITEM_ID)),
			  &names, &values);
	add_value(jobs, WF_JOB_PROGRESS, psprintf("CASE u.label WHEN %d THEN 1 ELSE 0 END",
											  WF_JOB_COMPLETE), &names, &values);
	add_value(jobs, WF_JOB_RESULT_DATA,
			  psprintf("pg_catalog.jsonb_build_object('domain', p.%s::pg_catalog.text, 'sitemaps',"
					   " pg_catalog.to_jsonb(pg_catalog.string_to_array(u.sitemaps, E'\n')))",
					   item_column(stage, WF_ITEM_URL)), &names, &values);
	add_value(jobs, WF_JOB_ERROR, "u.error", &names, &values);
	add_value(jobs, WF_JOB_CREATED_AT, time_for(&jobs->column[WF_JOB_CREATED_AT], "u.started"),
			  &names, &values);
	add_value(jobs, WF_JOB_UPDATED_AT, now_for(&jobs->column[WF_JOB_UPDATED_AT]), &names, &values);
	wf_part_add_needed(jobs, stage->items->relid, &names, &values);
	set_statement(stage, WF_STMT_JOBS,
				  psprintf("INSERT INTO %s (%s) SELECT %s FROM %s p,"
						   " unnest($1, $2, $3, $4, $5) u(id, label, error, sitemaps, started)"
						   " WHERE p.%s = u.id", jobs->relation, names.data, values.data,
						   stage->items->relation, item_column(stage, WF_ITEM_ID)),
				  5, UUIDARRAYOID, INT4ARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TIMESTAMPTZARRAYOID);
}

/* See wf_stage_int.h. */
bool
wf_stage_make_sitemap_statements(WfStage *stage, const char *strategy, const char **problem)
{
	stage->targets_by_key = has_url_key(stage->targets);
	update_sitemaps(stage, WF_STMT_ENTRIES_UPDATE, stage->targets);
	insert_sitemaps(stage, WF_STMT_ENTRIES_INSERT, stage->targets, "u.method",
					wf_curation_auto_import, "true");
	if (stage->jobs)
		make_jobs_statement(stage);
	return true;
}

/* ------------------------------------------------------------------------
 * pages
 * ------------------------------------------------------------------------
 */

/* The literal of a label, or of NULL where the table has none. */
static char *
label_or_null(const WfBoundColumn *column, int label)
{
	return column->label[label] ? quote_literal_cstr(column->label[label]) : pstrdup("NULL");
}

/*
 * The status columns of an imported page, by what its category asks for (in
 * u.method): as add_statuses does, or Filtered, which is no request.
 */
static void
add_page_statuses(const WfBinding *pages, StringInfo names, StringInfo values)
{
	const WfBoundColumn *curation = &pages->column[WF_ITEM_CURATION];
	const WfBoundColumn *processing = &pages->column[WF_ITEM_PROCESSING];

	add_value(pages, WF_ITEM_CURATION,
			  psprintf("CASE u.method WHEN '" WF_IMPORT_SELECT "' THEN %s ELSE %s END",
					   label_or_null(curation, WF_CURATION_SELECTED),
					   label_or_null(curation, WF_CURATION_NEW)), names, values);
	add_value(pages, WF_ITEM_PROCESSING,
			  psprintf("CASE u.method WHEN '" WF_IMPORT_SELECT "' THEN %s"
					   " WHEN '" WF_IMPORT_FILTER "' THEN %s END",
					   label_or_null(processing, WF_PROCESSING_QUEUED),
					   label_or_null(processing, WF_PROCESSING_FILTERED)), names, values);
}

static void
make_page_statements(WfStage *stage)
{
	const WfBinding *pages = stage->targets;
	const char *modified = column_of(pages, WF_PAGE_LAST_MODIFIED);
	char	   *file = psprintf("p.%s", item_column(stage, WF_ITEM_ID));
	StringInfoData names;
	StringInfoData values;

	if (modified)
		make_update(stage, WF_STMT_ENTRIES_UPDATE, pages,
					psprintf("%s = %s", modified,
							 lastmod_for(&pages->column[WF_PAGE_LAST_MODIFIED])),
					is_newer(pages, WF_PAGE_LAST_MODIFIED));
	initStringInfo(&names);
	initStringInfo(&values);
	add_value(pages, WF_PAGE_LAST_MODIFIED, lastmod_for(&pages->column[WF_PAGE_LAST_MODIFIED]),
			  &names, &values);
	add_value(pages, WF_PAGE_SITEMAP_FILE_ID, file, &names, &values);
	add_value(pages, WF_PAGE_TYPE, "u.type", &names, &values);
	add_page_statuses(pages, &names, &values);
	make_insert(stage, WF_STMT_ENTRIES_INSERT, pages, names.data, values.data, "true");
}

/*
 * Condition of a sitemap (alias c) that an index may queue again: wanted, or nobody
 * said anything yet, and not under way.  Rows that people put aside stay there.
 */
static char *
may_be_queued(const WfBinding *files)
{
	const WfBoundColumn *curation = &files->column[WF_ITEM_CURATION];
	const WfBoundColumn *processing = &files->column[WF_ITEM_PROCESSING];
	char	   *wanted = wf_part_status_sql(files, WF_ITEM_CURATION, "c");
	char	   *status = wf_part_status_sql(files, WF_ITEM_PROCESSING, "c");

	return psprintf("((%s = %s AND %s IN (%s, %s)) OR (%s%s = %s AND %s IS NULL))",
					wanted, quote_literal_cstr(curation->label[WF_CURATION_SELECTED]), status,
					quote_literal_cstr(processing->label[WF_PROCESSING_COMPLETE]),
					quote_literal_cstr(processing->label[WF_PROCESSING_ERROR]),
					curation->label[WF_CURATION_NEW] ? "" : "false AND ",
					wanted, label_or_null(curation, WF_CURATION_NEW), status);
}

/*
 * Sitemaps that an index lists are selected and queued as part of the request that
 * the index is: those that are not there become rows beside it.  Which of the others
 * are queued again, and how deep that goes, is wf_store_children.c's to know.
 */
static void
make_children_statements(WfStage *stage)
{
	const WfBinding *files = stage->items;
	const char *id = column_of(files, WF_ITEM_ID);
	const char *error = column_of(files, WF_ITEM_ERROR);
	char	   *condition = may_be_queued(files);

	update_sitemaps(stage, WF_STMT_CHILDREN_UPDATE, files);
	insert_sitemaps(stage, WF_STMT_CHILDREN_INSERT, files, "u.method", true, "true");
	stage->stmt[WF_STMT_CHILDREN_INSERT].sql =
		psprintf("%s RETURNING c.%s", stage->stmt[WF_STMT_CHILDREN_INSERT].sql, id);
	set_entry_statement(stage, WF_STMT_CHILDREN_FIND,
						psprintf("SELECT DISTINCT c.%s, %s IS TRUE FROM %s p, " ENTRY_SOURCE
								 ", LATERAL (SELECT c.* FROM %s c WHERE %s%s) c WHERE p.%s = $1",
								 id, condition, files->relation, files->relation,
								 same_row(stage, files), look_up(stage), id));
	set_statement(stage, WF_STMT_CHILDREN_AGAIN,
				  psprintf("WITH due AS (SELECT c.%s AS wf_id FROM %s c WHERE c.%s = ANY ($1) AND %s"
						   " ORDER BY 1 FOR NO KEY UPDATE) UPDATE %s c SET %s = CAST(%s AS %s),"
						   " %s = CAST(%s AS %s)%s%s FROM due WHERE c.%s = due.wf_id RETURNING c.%s",
						   id, files->relation, id, condition, files->relation,
						   column_of(files, WF_ITEM_CURATION),
						   label_or_null(&files->column[WF_ITEM_CURATION], WF_CURATION_SELECTED),
						   column_type(&files->column[WF_ITEM_CURATION]),
						   column_of(files, WF_ITEM_PROCESSING),
						   label_or_null(&files->column[WF_ITEM_PROCESSING], WF_PROCESSING_QUEUED),
						   column_type(&files->column[WF_ITEM_PROCESSING]),
						   error ? psprintf(", %s = NULL", error) : "", touch(files), id, id),
				  1, UUIDARRAYOID);
}

/* What the file itself turned out to be. */
static void
make_totals_statement(WfStage *stage)
{
	const char *count = column_of(stage->items, WF_SITEMAP_URL_COUNT);
	const char *type = column_of(stage->items, WF_SITEMAP_TYPE);
	char	   *set_count = "";
	char	   *set_type = "";

	if (count)
		set_count = psprintf("%s = CAST(u.url_count AS %s)", count,
							 column_type(&stage->items->column[WF_SITEMAP_URL_COUNT]));
	if (type)
		set_type = psprintf("%s%s = COALESCE(CAST(%s AS %s), p.%s)", count ? ", " : "", type,
							type_value(stage->items, "u.type"),
							column_type(&stage->items->column[WF_SITEMAP_TYPE]), type);
	if (count == NULL && type == NULL)
		return;
	set_statement(stage, WF_STMT_TOTALS,
				  psprintf("UPDATE %s p SET %s%s FROM unnest($1, $2, $3) u(id, url_count, type)"
						   " WHERE p.%s = u.id", stage->items->relation, set_count, set_type,
						   item_column(stage, WF_ITEM_ID)),
				  3, UUIDARRAYOID, INT4ARRAYOID, TEXTARRAYOID);
}

/* See wf_stage_int.h. */
bool
wf_stage_make_page_statements(WfStage *stage, const char *strategy, const char **problem)
{
	stage->targets_by_key = has_url_key(stage->targets) && has_url_key(stage->items);
	make_page_statements(stage);
	make_children_statements(stage);
	make_totals_statement(stage);
	return true;
}
