/*-------------------------------------------------------------------------
 *
 * wf_control.c
 *	  SQL functions with which people steer the queue: set the status of pages,
 *	  retry, cancel, pause and resume, and what to take first.
 *
 * The first three look the attached table up when called and write it as the
 * invoker, with one statement each; the rows are locked in the order of their
 * ids, so that two calls never deadlock.  The statements qualify everything and
 * leave search_path alone: the triggers of the user's table run in them.
 * Queueing itself is the row trigger's work; nothing is done twice here.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "wf_compat.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type_d.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/uuid.h"

#include "core/wf_outcome.h"
#include "wf_control.h"
#include "wf_curation.h"
#include "wf_db.h"
#include "wf_guc.h"
#include "wf_part.h"
#include "wf_shmem.h"
#include "wf_views.h"

PG_FUNCTION_INFO_V1(wf_set_page_status);
PG_FUNCTION_INFO_V1(wf_retry);
PG_FUNCTION_INFO_V1(wf_cancel);
PG_FUNCTION_INFO_V1(wf_retry_errors);
PG_FUNCTION_INFO_V1(wf_retry_stage);
PG_FUNCTION_INFO_V1(wf_cancel_stage);
PG_FUNCTION_INFO_V1(wf_pause);
PG_FUNCTION_INFO_V1(wf_resume);
PG_FUNCTION_INFO_V1(wf_prioritize);

#define RETRY_AT_ONCE	10000	/* items whose class of error is looked up together */
#define MAX_PRIORITY	100

/* Argument n, of that name, as a uuid[]; raises an error for NULL. */
static Datum
ids_argument(FunctionCallInfo fcinfo, int n, const char *name)
{
	if (PG_ARGISNULL(n))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not be null", name),
				 errhint("Give an array of ids.")));
	return PG_GETARG_DATUM(n);
}

/* "alias.column = 'label'" for a label of a status column; alias may be NULL. */
static char *
is_label(const WfBinding *b, const char *alias, WfItemColumn column, int label)
{
	return psprintf("%s OPERATOR(pg_catalog.=) %s", wf_part_status_sql(b, column, alias),
					quote_literal_cstr(b->column[column].label[label]));
}

/* Append "column = value" to a SET list. */
static void
add_set(StringInfo set, const WfBinding *b, WfItemColumn column, const char *value)
{
	appendStringInfo(set, "%s%s = %s", set->len ? ", " : "",
					 quote_identifier(b->part->columns[column].name), value);
}

/* Append a new processing status, with no error, to a SET list. */
static void
add_set_processing(StringInfo set, const WfBinding *b, const char *value)
{
	add_set(set, b, WF_ITEM_PROCESSING, value);
	if (b->column[WF_ITEM_ERROR].attnum)
		add_set(set, b, WF_ITEM_ERROR, "NULL");
}

/*
 * The UPDATE of the rows that meet a condition, locking them in the order of
 * their ids.  The table's alias is wf_t.
 */
static char *
update_statement(const WfBinding *b, const char *condition, StringInfo set)
{
	const char *id = quote_identifier(b->part->columns[WF_ITEM_ID].name);
	const WfBoundColumn *updated_at = &b->column[WF_ITEM_UPDATED_AT];

	if (updated_at->attnum)
		add_set(set, b, WF_ITEM_UPDATED_AT,
				updated_at->base_type == TIMESTAMPTZOID ? "pg_catalog.now()"
				: "pg_catalog.timezone('UTC', pg_catalog.now())");
	return psprintf("WITH due AS (SELECT %s AS wf_id FROM %s WHERE %s ORDER BY %s "
					"FOR NO KEY UPDATE) UPDATE %s AS wf_t SET %s FROM due "
					"WHERE wf_t.%s OPERATOR(pg_catalog.=) due.wf_id",
					id, b->relation, condition, id, b->relation, set->data, id);
}

/* A label of the processing column as SQL literal. */
static char *
processing_literal(const WfBinding *b, WfProcessingLabel label)
{
	return quote_literal_cstr(b->column[WF_ITEM_PROCESSING].label[label]);
}

/* "id = ANY ($1)" */
static char *
id_condition(const WfBinding *b)
{
	return psprintf("%s OPERATOR(pg_catalog.=) ANY ($1)",
					quote_identifier(b->part->columns[WF_ITEM_ID].name));
}

/* Execute a statement with the ids as $1, or without arguments when ids is 0. */
static void
execute(const char *sql, Datum ids, int expected)
{
	Oid			argtypes[] = {UUIDARRAYOID};
	int			rc = SPI_execute_with_args(sql, ids ? 1 : 0, argtypes, &ids, NULL, false, 0);

	if (rc != expected)
		elog(ERROR, "could not execute \"%s\": %s", sql, SPI_result_code_string(rc));
}

/* The table's label for a user's text; raises an error listing the labels. */
static char *
resolve_status(const WfBinding *b, const char *status)
{
	char	   *known;
	char	   *label = wf_part_find_label(&b->column[WF_ITEM_CURATION],
										   &b->part->columns[WF_ITEM_CURATION], status, &known);

	if (label == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown page status \"%s\"", status),
				 errhint("Use one of %s.", known)));
	return label;
}

/* Does setting this curation label queue? */
static bool
label_queues(const WfBinding *b, const char *label)
{
	const WfBoundColumn *column = &b->column[WF_ITEM_CURATION];
	int			i;

	for (i = 0; i < b->part->columns[WF_ITEM_CURATION].nlabels; i++)
	{
		if (column->label[i] && strcmp(column->label[i], label) == 0)
			return (wf_guc_queue_on_labels() & (1U << i)) != 0;
	}
	return false;
}

/*
 * wf_set_page_status(page_ids, status) → (updated_count, queued_count): what
 * the batch endpoint of the old service did.  A status that queues always
 * queues anew, whatever state the page is in.
 */
Datum
wf_set_page_status(PG_FUNCTION_ARGS)
{
	Datum		ids = ids_argument(fcinfo, 0, "page_ids");
	TupleDesc	desc;
	Datum		values[2] = {0};
	bool		nulls[2] = {0};
	WfBinding  *b;
	StringInfoData set;
	char	   *label;
	bool		queues;
	bool		isnull;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	if (PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("status must not be null"),
				 errhint("Use for example \"Selected\".")));
	SPI_connect();
	b = wf_part_bind_required(WF_PART_PAGES);
	label = resolve_status(b, text_to_cstring(PG_GETARG_TEXT_PP(1)));
	queues = label_queues(b, label);

	initStringInfo(&set);
	add_set(&set, b, WF_ITEM_CURATION, quote_literal_cstr(label));
	if (queues)
		add_set_processing(&set, b, processing_literal(b, WF_PROCESSING_QUEUED));
	execute(psprintf("WITH done AS (%s RETURNING wf_t.%s) SELECT pg_catalog.count(*)::pg_catalog.int4, "
					 "(pg_catalog.count(*) FILTER (WHERE %s))::pg_catalog.int4 FROM done",
					 update_statement(b, id_condition(b), &set),
					 quote_identifier(b->part->columns[WF_ITEM_PROCESSING].name),
					 queues ? is_label(b, NULL, WF_ITEM_PROCESSING, WF_PROCESSING_QUEUED) : "false"),
			ids, SPI_OK_SELECT);
	values[0] = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);
	values[1] = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2, &isnull);
	SPI_finish();
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

/* Queue items of a table that are in Error anew; ids 0: all of them.  How many. */
static uint64
retry(const WfBinding *b, Datum ids)
{
	StringInfoData set;
	char	   *condition;

	condition = is_label(b, NULL, WF_ITEM_PROCESSING, WF_PROCESSING_ERROR);
	if (ids)
		condition = psprintf("%s AND %s", condition, id_condition(b));
	initStringInfo(&set);
	add_set_processing(&set, b, processing_literal(b, WF_PROCESSING_QUEUED));
	execute(update_statement(b, condition, &set), ids, SPI_OK_UPDATE);
	return SPI_processed;
}

/* The same, of the table that is attached now. */
static uint64
retry_part(WfPartId part, Datum ids)
{
	uint64		updated;

	SPI_connect();
	updated = retry(wf_part_bind_required(part), ids);
	SPI_finish();
	return updated;
}

/* wf_retry(page_ids): queue pages in Error anew; NULL: all of them. */
Datum
wf_retry(PG_FUNCTION_ARGS)
{
	Datum		ids = PG_ARGISNULL(0) ? (Datum) 0 : PG_GETARG_DATUM(0);

	PG_RETURN_INT64((int64) retry_part(WF_PART_PAGES, ids));
}

/*
 * What cancelled items get as curation, so that they do not stay selected: New,
 * else NULL, else Archived.
 */
static const char *
unselected_value(const WfBinding *b)
{
	const WfBoundColumn *column = &b->column[WF_ITEM_CURATION];

	if (column->label[WF_CURATION_NEW])
		return quote_literal_cstr(column->label[WF_CURATION_NEW]);
	if (!column->not_null)
		return "NULL";
	if (column->label[WF_CURATION_ARCHIVED])
		return quote_literal_cstr(column->label[WF_CURATION_ARCHIVED]);
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("cancelled items have no status to go to"),
			 errdetail("The curation column has neither \"New\" nor \"Archived\" and allows no NULL."),
			 errhint("Add the label \"New\" to its type, or set another status yourself.")));
}

/* The curation of a cancelled item: unselected if it queues, else as it is. */
static char *
unselecting_expression(const WfBinding *b)
{
	const char *column = quote_identifier(b->part->columns[WF_ITEM_CURATION].name);
	StringInfoData sql;
	int			i;

	initStringInfo(&sql);
	appendStringInfoString(&sql, "CASE");
	for (i = 0; i < b->part->columns[WF_ITEM_CURATION].nlabels; i++)
	{
		if (b->column[WF_ITEM_CURATION].label[i] && (wf_guc_queue_on_labels() & (1U << i)))
			appendStringInfo(&sql, " WHEN %s THEN %s", is_label(b, "wf_t", WF_ITEM_CURATION, i),
							 unselected_value(b));
	}
	if (sql.len == (int) strlen("CASE"))	/* this table has no label that queues */
		return psprintf("wf_t.%s", column);
	appendStringInfo(&sql, " ELSE wf_t.%s END", column);
	return sql.data;
}

/*
 * Take back what is queued or running of a part.  An item that stayed selected
 * would be queued again at once, so its curation goes back to New.  How many.
 */
static uint64
cancel(WfPartId part, Datum ids)
{
	WfBinding  *b;
	StringInfoData set;
	char	   *condition;
	uint64		updated;

	SPI_connect();
	b = wf_part_bind_required(part);
	condition = psprintf("%s AND (%s OR %s)", id_condition(b),
						 is_label(b, NULL, WF_ITEM_PROCESSING, WF_PROCESSING_QUEUED),
						 is_label(b, NULL, WF_ITEM_PROCESSING, WF_PROCESSING_PROCESSING));
	initStringInfo(&set);
	add_set(&set, b, WF_ITEM_CURATION, unselecting_expression(b));
	add_set_processing(&set, b, "NULL");
	execute(update_statement(b, condition, &set), ids, SPI_OK_UPDATE);
	updated = SPI_processed;
	SPI_finish();
	return updated;
}

/* wf_cancel(page_ids): take back pages that are queued or running. */
Datum
wf_cancel(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64((int64) cancel(WF_PART_PAGES, ids_argument(fcinfo, 0, "page_ids")));
}

/*
 * Argument n as the name of a stage; with_workers: one that workers process.
 * Raises an error listing the stages.
 */
static const WfPart *
stage_argument(FunctionCallInfo fcinfo, int n, bool with_workers)
{
	char	   *stage;
	StringInfoData known;

	if (PG_ARGISNULL(n))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("stage must not be null"),
				 errhint("Use for example \"page\".")));
	stage = text_to_cstring(PG_GETARG_TEXT_PP(n));
	initStringInfo(&known);
	for (int i = 0; i < WF_PART_COUNT; i++)
	{
		if (!wf_parts[i].is_stage || (with_workers && !wf_parts[i].has_queue))
			continue;
		if (strcmp(wf_parts[i].stage, stage) == 0)
			return &wf_parts[i];
		appendStringInfo(&known, "%s\"%s\"", known.len ? ", " : "", wf_parts[i].stage);
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown stage \"%s\"", stage),
			 errhint("Stages: %s.", known.data)));
}

/* wf_retry_stage(stage, ids): the same for any stage; NULL ids: all of them. */
Datum
wf_retry_stage(PG_FUNCTION_ARGS)
{
	const WfPart *part = stage_argument(fcinfo, 0, false);
	Datum		ids = PG_ARGISNULL(1) ? (Datum) 0 : PG_GETARG_DATUM(1);

	PG_RETURN_INT64((int64) retry_part(part->id, ids));
}

/* ------------------------------------------------------------------------
 * Errors of one kind
 * ------------------------------------------------------------------------
 */

/* Is this a class of errors, as wf_attempts shows it? */
static bool
is_error_class(const char *name)
{
	for (int i = 0; i < WF_OUTCOME_COUNT; i++)
		if (!wf_outcome_is_success(i) && strcmp(wf_outcome_name(i), name) == 0)
			return true;
	return false;
}

/* Raises the error that says which classes there are. */
static void
unknown_class(const char *error)
{
	StringInfoData known;

	initStringInfo(&known);
	for (int i = 0; i < WF_OUTCOME_COUNT; i++)
		if (!wf_outcome_is_success(i))
			appendStringInfo(&known, "%s%s", known.len ? ", " : "", wf_outcome_name(i));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unknown class of errors \"%s\"", error),
			 errdetail("Classes are %s.", known.data),
			 errhint("Give one of them, or a pattern of the error text with \"%%\" in it.")));
}

/* Queue items in Error anew whose text is like a pattern, whatever the case.  How many. */
static uint64
retry_like(const WfBinding *b, const char *pattern)
{
	Oid			argtypes[] = {TEXTOID};
	Datum		args[1];
	StringInfoData set;
	char	   *condition;

	if (b->column[WF_ITEM_ERROR].attnum == 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("table %s has no column for errors", b->relation),
				 errhint("Give a class of errors instead of a pattern.")));
	condition = psprintf("%s AND %s::pg_catalog.text OPERATOR(pg_catalog.~~*) $1",
						 is_label(b, NULL, WF_ITEM_PROCESSING, WF_PROCESSING_ERROR),
						 quote_identifier(b->part->columns[WF_ITEM_ERROR].name));
	initStringInfo(&set);
	add_set_processing(&set, b, processing_literal(b, WF_PROCESSING_QUEUED));
	args[0] = CStringGetTextDatum(pattern);
	if (SPI_execute_with_args(update_statement(b, condition, &set), 1, argtypes, args, NULL,
							  false, 0) != SPI_OK_UPDATE)
		elog(ERROR, "could not update table %s", b->relation);
	return SPI_processed;
}

/*
 * The next items in Error behind an id (NULL: the first), as a uuid[]; returns how
 * many, and moves the id on.
 */
static uint64
next_failed(const WfBinding *b, pg_uuid_t *behind, bool first, Datum *ids)
{
	const char *id = quote_identifier(b->part->columns[WF_ITEM_ID].name);
	Oid			argtypes[] = {UUIDOID};
	Datum		args[1];
	Datum	   *elems;
	uint64		n;

	args[0] = UUIDPGetDatum(behind);
	if (SPI_execute_with_args(psprintf("SELECT %s::pg_catalog.uuid FROM %s WHERE %s%s ORDER BY %s LIMIT %d",
									   id, b->relation,
									   is_label(b, NULL, WF_ITEM_PROCESSING, WF_PROCESSING_ERROR),
									   first ? "" : psprintf(" AND %s OPERATOR(pg_catalog.>) $1", id),
									   id, RETRY_AT_ONCE),
							  first ? 0 : 1, argtypes, args, NULL, false, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read table %s", b->relation);
	elems = palloc(Max(SPI_processed, 1) * sizeof(Datum));
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		bool		isnull;

		elems[i] = SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &isnull);
		*behind = *DatumGetUUIDP(elems[i]);
	}
	*ids = PointerGetDatum(construct_array(elems, (int) SPI_processed, UUIDOID, UUID_LEN, false,
										   TYPALIGN_CHAR));
	n = SPI_processed;
	SPI_freetuptable(SPI_tuptable);
	return n;
}

/* The owner of a table of the extension. */
static Oid
own_table_owner(const char *name)
{
	Oid			relid = get_relname_relid(name, wf_part_extension_schema());
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for table \"%s\"", name);
	owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	return owner;
}

/*
 * Those of the items whose last attempt ended with a class of errors, as a uuid[];
 * 0 for none.  The history is personal data, so it is read with the rights of its
 * owner: the statement names nothing that the caller could replace.
 */
static Datum
of_class(const WfBinding *b, Datum ids, const char *class)
{
	Oid			argtypes[] = {UUIDARRAYOID, TEXTOID, TEXTOID};
	Datum		args[3];
	char	   *table = quote_qualified_identifier(get_namespace_name(wf_part_extension_schema()),
												   "wf_attempt");
	bool		isnull;

	args[0] = ids;
	args[1] = CStringGetTextDatum(b->part->stage);
	args[2] = CStringGetTextDatum(class);
	wf_views_select(own_table_owner("wf_attempt"),
					psprintf("SELECT pg_catalog.array_agg(x.item) FROM (SELECT a.item,"
							 " (pg_catalog.array_agg(a.outcome ORDER BY a.id DESC))[1] AS last"
							 " FROM %s a WHERE a.stage OPERATOR(pg_catalog.=) $2"
							 " AND a.item OPERATOR(pg_catalog.=) ANY ($1) GROUP BY a.item) x"
							 " WHERE x.last OPERATOR(pg_catalog.=) $3", table),
					3, argtypes, args);
	ids = wf_views_column(0, 1, &isnull);
	ids = isnull ? (Datum) 0 : datumCopy(ids, false, -1);
	SPI_freetuptable(SPI_tuptable);
	return ids;
}

/* Queue items in Error anew whose last attempt ended with a class of errors.  How many. */
static uint64
retry_class(const WfBinding *b, const char *class)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "wf_retry_errors",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(context);
	pg_uuid_t	behind = {{0}};
	uint64		updated = 0;
	uint64		n = RETRY_AT_ONCE;

	for (bool first = true; n == RETRY_AT_ONCE; first = false)
	{
		Datum		ids;

		CHECK_FOR_INTERRUPTS();
		n = next_failed(b, &behind, first, &ids);
		ids = n > 0 ? of_class(b, ids, class) : (Datum) 0;
		if (ids)
			updated += retry(b, ids);
		MemoryContextReset(context);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	return updated;
}

/*
 * wf_retry_errors(error, stage): queue items in Error anew, by the class of their
 * last attempt or by a pattern of their error text.
 */
Datum
wf_retry_errors(PG_FUNCTION_ARGS)
{
	const WfPart *part = stage_argument(fcinfo, 1, false);
	char	   *error;
	WfBinding  *b;
	uint64		updated = 0;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("error must not be null"),
				 errhint("Give a class such as \"timeout\", or a pattern such as \"HTTP status 5%%\".")));
	error = text_to_cstring(PG_GETARG_TEXT_PP(0));
	SPI_connect();
	b = wf_part_bind_required(part->id);
	if (is_error_class(error))
		updated = retry_class(b, error);
	else if (strchr(error, '%'))
		updated = retry_like(b, error);
	else
		unknown_class(error);
	SPI_finish();
	PG_RETURN_INT64((int64) updated);
}

/* wf_cancel_stage(stage, ids): the same for any stage. */
Datum
wf_cancel_stage(PG_FUNCTION_ARGS)
{
	const WfPart *part = stage_argument(fcinfo, 0, false);

	PG_RETURN_INT64((int64) cancel(part->id, ids_argument(fcinfo, 1, "ids")));
}

/* Execute a statement on wf_paused, %s in it, with stage and role as arguments. */
static bool
change_pause(const char *template, int nargs, const WfPart *part, int expected)
{
	Oid			argtypes[] = {TEXTOID, TEXTOID};
	Datum		args[2];
	char	   *table = quote_qualified_identifier(get_namespace_name(wf_part_extension_schema()),
												   "wf_paused");
	bool		changed;

	args[0] = CStringGetTextDatum(part->stage);
	args[1] = CStringGetTextDatum(GetUserNameFromId(GetOuterUserId(), false));
	SPI_connect();
	if (SPI_execute_with_args(psprintf(template, table), nargs, argtypes, args, NULL,
							  false, 0) != expected)
		elog(ERROR, "could not change table %s", table);
	changed = SPI_processed > 0;
	SPI_finish();
	return changed;
}

/* wf_pause(stage): workers take no more items of it; false if it was paused. */
Datum
wf_pause(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(change_pause("INSERT INTO %s (stage, since, paused_by) "
								"VALUES ($1, pg_catalog.now(), $2) ON CONFLICT DO NOTHING",
								2, stage_argument(fcinfo, 0, true), SPI_OK_INSERT));
}

/* wf_resume(stage): go on; false if it was not paused. */
Datum
wf_resume(PG_FUNCTION_ARGS)
{
	bool		changed;

	changed = change_pause("DELETE FROM %s WHERE stage OPERATOR(pg_catalog.=) $1",
						   1, stage_argument(fcinfo, 0, true), SPI_OK_DELETE);
	if (changed)
		wf_shmem_wake_at_commit();
	PG_RETURN_BOOL(changed);
}

/* ------------------------------------------------------------------------
 * What to take first
 * ------------------------------------------------------------------------
 */

/* Those of the items that are ready, as a uuid[]; 0 for none.  With the invoker's rights. */
static Datum
ready_of(const WfBinding *b, Datum ids)
{
	const char *id = quote_identifier(b->part->columns[WF_ITEM_ID].name);
	StringInfoData sql;
	bool		isnull;
	Datum		ready;

	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT pg_catalog.array_agg(DISTINCT %s::pg_catalog.uuid) FROM %s"
					 " WHERE %s AND %s", id, b->relation, id_condition(b),
					 is_label(b, NULL, WF_ITEM_PROCESSING, WF_PROCESSING_QUEUED));
	if (b->column[WF_ITEM_ERROR].attnum)
		appendStringInfo(&sql, " AND %s IS NULL",
						 quote_identifier(b->part->columns[WF_ITEM_ERROR].name));
	execute(sql.data, ids, SPI_OK_SELECT);
	ready = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);
	return isnull ? (Datum) 0 : ready;
}

/* Write wishes for items, with the rights of the table's owner.  How many. */
static uint64
write_wishes(const WfPart *part, Datum ids, int priority)
{
	Oid			types[] = {TEXTOID, UUIDARRAYOID, INT4OID};
	Datum		values[3];
	char	   *table = quote_qualified_identifier(get_namespace_name(wf_part_extension_schema()),
												   "wf_priority");
	const char *sql =
		"INSERT INTO %s AS w (stage, item, priority, asked_at)"
		" SELECT $1, u.item, $3, pg_catalog.now() FROM pg_catalog.unnest($2) u(item) ORDER BY u.item"
		" ON CONFLICT (stage, item) DO UPDATE SET priority = EXCLUDED.priority";

	if (priority == 0)
		sql = "DELETE FROM %s w WHERE w.stage OPERATOR(pg_catalog.=) $1"
			" AND w.item OPERATOR(pg_catalog.=) ANY ($2)";
	values[0] = CStringGetTextDatum(part->stage);
	values[1] = ids;
	values[2] = Int32GetDatum(priority);
	wf_db_execute_as(own_table_owner("wf_priority"), psprintf(sql, table), priority == 0 ? 2 : 3,
					 types, values);
	return SPI_processed;
}

/*
 * wf_prioritize(stage, ids, priority): items that are ready are to be taken before
 * others, those of a higher priority first; 0: no longer.  How many.
 */
Datum
wf_prioritize(PG_FUNCTION_ARGS)
{
	const WfPart *part = stage_argument(fcinfo, 0, true);
	Datum		ids = ids_argument(fcinfo, 1, "ids");
	uint64		written = 0;
	int			priority;

	if (PG_ARGISNULL(2))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("priority must not be null"),
				 errhint("Use 0 to take a wish back.")));
	priority = PG_GETARG_INT32(2);
	if (priority < 0 || priority > MAX_PRIORITY)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("priority must be between 0 and %d", MAX_PRIORITY),
				 errhint("The highest is taken first; 0 takes a wish back.")));
	SPI_connect();
	ids = ready_of(wf_part_bind_required(part->id), ids);
	if (ids)
		written = write_wishes(part, ids, priority);
	SPI_finish();
	if (written > 0 && priority > 0)
		wf_shmem_wake_at_commit();
	PG_RETURN_INT64((int64) written);
}
