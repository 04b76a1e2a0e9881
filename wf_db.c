/*-------------------------------------------------------------------------
 *
 * wf_db.c
 *	  Transactions and statements of a worker.
 *
 * Security.  The worker is connected as the bootstrap superuser.  Statements
 * on user tables run after SetUserIdAndSecContext(owner,
 * SECURITY_LOCAL_USERID_CHANGE): triggers, defaults, index and policy
 * functions of those tables then have the owner's rights, and SET ROLE,
 * RESET ROLE and SET SESSION AUTHORIZATION are refused.  The switch is made
 * again for the commit, where deferred triggers run.
 *
 * Such code may still SET ordinary settings, search_path among them.  So
 * every WF_AS_OWNER statement has a GUC nest level of its own that is rolled
 * back after it, and every transaction begins by setting what our statements
 * rely on, which also covers what deferred triggers left behind.
 *
 * WF_AS_SELF statements name our own tables, but the owner of their schema
 * may rename it and put tables of his under the old name.  So after each
 * parse analysis, also that of a kept plan, every table found is checked to
 * belong to the extension (or to the catalogs) before anything is planned.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "wf_compat.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/pg_class.h"
#include "catalog/pg_db_role_setting.h"
#include "catalog/pg_extension.h"
#include "commands/extension.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "parser/analyze.h"
#include "pgstat.h"
#include "storage/lmgr.h"
#include "utils/array.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "wf_curation.h"
#include "wf_db.h"
#include "wf_trigger.h"

/* What our statements rely on; set at the start of every transaction. */
static const struct
{
	const char *name;
	const char *value;
}			settings[] =
{
	{"search_path", "pg_catalog, pg_temp"},
	{"lock_timeout", "1s"},
	{"statement_timeout", "0"},
	{"session_replication_role", "origin"},
	{"row_security", "on"},
	{"default_transaction_isolation", "read committed"},
	{"default_transaction_read_only", "off"},
	{"transaction_isolation", "read committed"},
	{"transaction_read_only", "off"},
	{"check_function_bodies", "on"},
	/* plans: every statement of ours is a walk along an index */
	{"enable_seqscan", "off"},
	{"enable_bitmapscan", "off"},
	{"enable_hashjoin", "off"},
	{"enable_mergejoin", "off"},
	{"enable_material", "off"},
	{"jit", "off"},
	{"max_parallel_workers_per_gather", "0"},
	{"plan_cache_mode", "force_generic_plan"},
};

static Oid	transaction_owner = InvalidOid;
static bool only_own_tables = false;
static post_parse_analyze_hook_type prev_post_parse_analyze_hook = NULL;

/* Walker: raise for a table that is neither the extension's nor a catalog. */
static bool
check_tables(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, check_tables, context, QTW_EXAMINE_RTES_BEFORE);
	if (IsA(node, RangeTblEntry))
	{
		Oid			relid = ((RangeTblEntry *) node)->relid;

		if (((RangeTblEntry *) node)->rtekind == RTE_RELATION && relid >= FirstNormalObjectId &&
			getExtensionOfObject(RelationRelationId, relid) !=
			get_extension_oid(WF_EXTENSION_NAME, true))
			ereport(ERROR,
					(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					 errmsg("table \"%s\" is not one of extension \"%s\"",
							get_rel_name(relid), WF_EXTENSION_NAME)));
		return false;
	}
	return expression_tree_walker(node, check_tables, context);
}

static void
check_query(ParseState *pstate, Query *query, JumbleState *jstate)
{
	if (prev_post_parse_analyze_hook)
		prev_post_parse_analyze_hook(pstate, query, jstate);
	if (only_own_tables)
		(void) check_tables((Node *) query, NULL);
}

void
wf_db_init(void)
{
	prev_post_parse_analyze_hook = post_parse_analyze_hook;
	post_parse_analyze_hook = check_query;
	SetConfigOption("application_name", WF_APPLICATION_NAME, PGC_USERSET, PGC_S_SESSION);
	SetConfigOption("idle_in_transaction_session_timeout", "0", PGC_USERSET, PGC_S_SESSION);
	SetConfigOption("idle_session_timeout", "0", PGC_USERSET, PGC_S_SESSION);
	/* since 17; a database may have it */
	if (GetConfigOption("transaction_timeout", true, false))
		SetConfigOption("transaction_timeout", "0", PGC_USERSET, PGC_S_SESSION);
}

static void
apply_settings(void)
{
	for (int i = 0; i < (int) lengthof(settings); i++)
		(void) set_config_option(settings[i].name, settings[i].value,
								 PGC_SUSET, PGC_S_SESSION, GUC_ACTION_LOCAL,
								 true, 0, false);
}

/*
 * The first lock of every transaction of a worker is the one that DROP EXTENSION
 * takes first, too: else it locks our tables in an order of its own while we go
 * through them in ours, and one of both would be the victim of the deadlock.
 */
static void
lock_extension(void)
{
	Oid			extension = get_extension_oid(WF_EXTENSION_NAME, true);

	if (OidIsValid(extension))
		LockDatabaseObject(ExtensionRelationId, extension, 0, AccessShareLock);
}

static void
begin_transaction(const char *activity, Oid owner)
{
	SetCurrentStatementStartTimestamp();
	pgstat_report_activity(STATE_RUNNING, activity);
	StartTransactionCommand();
	apply_settings();
	transaction_owner = owner;
	lock_extension();
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	PushActiveSnapshot(GetTransactionSnapshot());
}

/* Become the owner for a while; *save_* take what to return to. */
static void
become_owner(Oid *save_user, int *save_context)
{
	GetUserIdAndSecContext(save_user, save_context);
	if (!OidIsValid(transaction_owner))
		elog(ERROR, "statement on a user table in a transaction without owner");
	SetUserIdAndSecContext(transaction_owner,
						   *save_context | SECURITY_LOCAL_USERID_CHANGE);
}

/*
 * search_path for code of the table's owner (triggers, defaults): what the
 * database gives every session, behind pg_catalog, so that our own statements
 * find nothing but the system's operators whatever the path says.
 */
static void
use_database_path(GucAction action)
{
	const char *path = GetConfigOptionResetString("search_path");
	char	   *value = path && *path ? psprintf("pg_catalog, %s", path) : pstrdup("pg_catalog");

	(void) set_config_option("search_path", value, PGC_SUSET, PGC_S_SESSION, action,
							 true, 0, false);
	pfree(value);
}

static void
commit_transaction(void)
{
	Oid			save_user;
	int			save_context;

	SPI_finish();
	PopActiveSnapshot();
	if (OidIsValid(transaction_owner))
	{
		become_owner(&save_user, &save_context);
		use_database_path(GUC_ACTION_LOCAL);
		CommitTransactionCommand();
		SetUserIdAndSecContext(save_user, save_context);
	}
	else
		CommitTransactionCommand();
	transaction_owner = InvalidOid;
}

static void
end_of_transaction(void)
{
	transaction_owner = InvalidOid;
	pgstat_report_stat(false);
	pgstat_report_activity(STATE_IDLE, NULL);
}

bool
wf_db_run(const char *activity, Oid owner, void (*work) (void *arg), void *arg,
		  WfDbError *error)
{
	MemoryContext context = CurrentMemoryContext;
	volatile bool ok = true;

	PG_TRY();
	{
		begin_transaction(activity, owner);
		work(arg);
		commit_transaction();
	}
	PG_CATCH();
	{
		ErrorData  *edata;

		MemoryContextSwitchTo(context);
		edata = CopyErrorData();
		error->sqlstate = edata->sqlerrcode;
		error->message = edata->message ? edata->message : pstrdup("unknown error");
		HOLD_INTERRUPTS();
		wf_trigger_set_engine(false);
		only_own_tables = false;
		AbortCurrentTransaction();
		RESUME_INTERRUPTS();
		FlushErrorState();
		ok = false;
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	end_of_transaction();
	return ok;
}

static void
prepare(WfStatement *stmt)
{
	SPIPlanPtr	plan = SPI_prepare_cursor(stmt->sql, stmt->nargs, stmt->argtypes,
								  stmt->custom_plan ? CURSOR_OPT_CUSTOM_PLAN : 0);

	if (plan == NULL)
		elog(ERROR, "could not prepare \"%s\": %s", stmt->sql,
			 SPI_result_code_string(SPI_result));
	if (SPI_keepplan(plan))
		elog(ERROR, "could not keep plan");
	stmt->plan = plan;
}

static void
execute_plan(WfStatement *stmt, Datum *values, const char *nulls)
{
	int			rc;

	if (stmt->plan == NULL)
		prepare(stmt);
	rc = SPI_execute_plan(stmt->plan, values, nulls, false, 0);
	if (rc < 0)
		elog(ERROR, "could not execute \"%s\": %s", stmt->sql, SPI_result_code_string(rc));
}

/*
 * Plan for a walk through a table.  Along an index it would fetch every row by
 * itself, the dead ones that an old snapshot keeps among them.
 */
static void
allow_walk(void)
{
	(void) set_config_option("enable_seqscan", "on", PGC_SUSET, PGC_S_SESSION, GUC_ACTION_SAVE,
							 true, 0, false);
}

void
wf_db_execute(WfStatement *stmt, WfDbRights rights, Datum *values, const char *nulls)
{
	Oid			save_user;
	int			save_context;
	int			nest_level;

	if (rights == WF_AS_SELF)
	{
		nest_level = stmt->walks ? NewGUCNestLevel() : 0;
		if (stmt->walks)
			allow_walk();
		only_own_tables = true;
		execute_plan(stmt, values, nulls);
		only_own_tables = false;
		if (stmt->walks)
			AtEOXact_GUC(false, nest_level);
		return;
	}
	become_owner(&save_user, &save_context);
	nest_level = NewGUCNestLevel();
	if (stmt->walks)
		allow_walk();
	use_database_path(GUC_ACTION_SAVE);
	wf_trigger_set_engine(true);
	execute_plan(stmt, values, nulls);
	wf_trigger_set_engine(false);
	AtEOXact_GUC(false, nest_level);
	SetUserIdAndSecContext(save_user, save_context);
}

void
wf_db_execute_as(Oid role, const char *sql, int nargs, Oid *types, Datum *values)
{
	Oid			save_user;
	int			save_context;
	int			nest_level = NewGUCNestLevel();

	/* an error ends the subtransaction, which undoes both */
	GetUserIdAndSecContext(&save_user, &save_context);
	SetUserIdAndSecContext(role, save_context | SECURITY_LOCAL_USERID_CHANGE);
	use_database_path(GUC_ACTION_SAVE);
	if (SPI_execute_with_args(sql, nargs, types, values, NULL, false, 0) < 0)
		elog(ERROR, "could not execute \"%s\"", sql);
	AtEOXact_GUC(false, nest_level);
	SetUserIdAndSecContext(save_user, save_context);
}

Datum
wf_db_array(Datum *elems, bool *nulls, int n, Oid type)
{
	int16		typlen;
	bool		typbyval;
	char		typalign;
	int			lower = 1;

	get_typlenbyvalalign(type, &typlen, &typbyval, &typalign);
	return PointerGetDatum(construct_md_array(elems, nulls, 1, &n, &lower,
											  type, typlen, typbyval, typalign));
}

void
wf_db_make(WfStatement *stmt, const char *sql, int nargs,...)
{
	va_list		types;

	va_start(types, nargs);
	wf_db_vmake(stmt, sql, nargs, types);
	va_end(types);
}

void
wf_db_vmake(WfStatement *stmt, const char *sql, int nargs, va_list types)
{
	stmt->sql = MemoryContextStrdup(TopMemoryContext, sql);
	stmt->nargs = nargs;
	for (int i = 0; i < nargs; i++)
		stmt->argtypes[i] = va_arg(types, Oid);
}

void
wf_db_unmake(WfStatement *stmt)
{
	wf_db_forget(stmt);
	if (stmt->sql)
		pfree((char *) stmt->sql);
	stmt->sql = NULL;
}

void
wf_db_forget(WfStatement *stmt)
{
	if (stmt->plan)
		SPI_freeplan(stmt->plan);
	stmt->plan = NULL;
}

/* See wf_db.h. */
bool
wf_db_is_shortage(int sqlstate)
{
	return ERRCODE_TO_CATEGORY(sqlstate) == ERRCODE_INSUFFICIENT_RESOURCES;
}

bool
wf_db_is_transient(int sqlstate)
{
	return sqlstate == ERRCODE_T_R_DEADLOCK_DETECTED ||
		sqlstate == ERRCODE_T_R_SERIALIZATION_FAILURE ||
		sqlstate == ERRCODE_LOCK_NOT_AVAILABLE ||
		sqlstate == ERRCODE_QUERY_CANCELED ||
		wf_db_is_shortage(sqlstate);
}

/* See wf_db.h. */
bool
wf_db_is_of_a_row(int sqlstate)
{
	int			category = ERRCODE_TO_CATEGORY(sqlstate);

	return category == ERRCODE_DATA_EXCEPTION ||
		category == ERRCODE_INTEGRITY_CONSTRAINT_VIOLATION ||
		category == ERRCODE_WITH_CHECK_OPTION_VIOLATION ||
		category == ERRCODE_PLPGSQL_ERROR;
}

/* See wf_db.h. */
uint64
wf_db_changes(const List *relids)
{
	static uint64 unknown = 0;
	uint64		changes = 0;
	ListCell   *lc;

	if (!pgstat_track_counts)
		return PG_UINT64_MAX / 2 - unknown++;
	pgstat_clear_snapshot();
	foreach(lc, relids)
	{
		PgStat_StatTabEntry *entry = pgstat_fetch_stat_tabentry(lfirst_oid(lc));

		if (entry)
			changes += entry->tuples_inserted + entry->tuples_updated + entry->tuples_deleted;
	}
	return changes;
}

/* See wf_db.h.  The rows are few; their order does not matter. */
uint32
wf_db_settings(void)
{
	Relation	rel = table_open(DbRoleSettingRelationId, AccessShareLock);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	HeapTuple	tuple;
	uint32		sum = 0;

	while ((tuple = systable_getnext(scan)) != NULL)
	{
		Form_pg_db_role_setting row = (Form_pg_db_role_setting) GETSTRUCT(tuple);

		if ((OidIsValid(row->setdatabase) && row->setdatabase != MyDatabaseId) ||
			(OidIsValid(row->setrole) && row->setrole != GetSessionUserId()))
			continue;
		sum += hash_bytes((const unsigned char *) row, tuple->t_len - tuple->t_data->t_hoff);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return sum;
}
