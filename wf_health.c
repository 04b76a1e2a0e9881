/*-------------------------------------------------------------------------
 *
 * wf_health.c
 *	  wf_health(): one check for every way in which processing has been known
 *	  to stop, each with a statement that repairs it.
 *
 * This file has the table of checks and runs them.  Each runs in a
 * subtransaction: one that fails, because a table is locked or a right is
 * missing, becomes a row that says so, and the others go on.  No lock on a
 * user's table is waited for longer than the lock_timeout of the SQL function;
 * a table that is locked exclusively is noticed once, at the start.
 *
 * Nothing is written, so that it works on a standby, too.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "wf_compat.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "commands/dbcommands.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

#include "wf_curation.h"
#include "wf_health.h"

PG_FUNCTION_INFO_V1(wf_health);

#define LOCK_TRIES		5		/* to lock a table for reading … */
#define LOCK_WAIT_US	50000	/* … and the wait between two */

/* What a check needs to find; else it is not run, and a row says why. */
typedef enum Needs
{
	NEEDS_NOTHING = 0,
	NEEDS_PAGES,				/* a binding of at least the status columns */
	NEEDS_WHOLE_PAGES,			/* pages without problems */
	NEEDS_ALL					/* pages and contacts without problems */
} Needs;

typedef struct Check
{
	const char *name;
	Needs		needs;
	void		(*function) (WfHealth *h);
	const char *ok;				/* what is reported if nothing else was */
} Check;

static const Check checks[] = {
	{"version", NEEDS_NOTHING, wf_health_version,
	"The loaded library and the SQL objects have the same version."},
	{"attached", NEEDS_NOTHING, wf_health_attached,
	"A table is attached for each part."},
	{"columns_and_labels", NEEDS_NOTHING, wf_health_columns,
	"The attached tables have the columns, types and labels that are needed."},
	{"new_rows", NEEDS_NOTHING, wf_health_new_rows,
	"Nothing keeps new rows out of the attached tables."},
	{"defaults", NEEDS_NOTHING, wf_health_defaults,
	"No column default selects or queues each new row."},
	{"row_level_security", NEEDS_NOTHING, wf_health_row_security,
	"Row level security hides no row from the workers."},
	{"triggers", NEEDS_NOTHING, wf_health_triggers,
	"The triggers are there, enabled, and no later one can overrule them."},
	{"index", NEEDS_ALL, wf_health_index,
	"The indexes that the queue needs are there and valid."},
	{"identity", NEEDS_ALL, wf_health_identity,
	"There is a safe role for the workers, and it has the rights it needs."},
	{"public_rights", NEEDS_NOTHING, wf_health_public,
	"Nobody has rights by accident."},
	{"replicated", NEEDS_NOTHING, wf_health_replicated,
	"No attached table is fed by a subscription."},
	{"locks", NEEDS_NOTHING, wf_health_locks,
	"No idle session holds locks on the attached tables."},
	{"long_transactions", NEEDS_NOTHING, wf_health_long_transactions,
	"No transaction has been open for long."},
	{"enabled", NEEDS_NOTHING, wf_health_enabled,
	"Fetching is enabled."},
	{"paused", NEEDS_NOTHING, wf_health_paused,
	"No stage is paused."},
	{"preload", NEEDS_NOTHING, wf_health_preload,
	"The library is preloaded."},
	{"workers", NEEDS_NOTHING, wf_health_workers,
	"The standing workers that are wanted are alive."},
	{"schedule", NEEDS_NOTHING, wf_health_schedule,
	"The pg_cron job is active and its last run succeeded."},
	{"crawler", NEEDS_NOTHING, wf_health_crawler,
	"The crawler program is there and can be executed."},
	{"crashes", NEEDS_NOTHING, wf_health_crashes,
	"No crawler or worker has died again and again."},
	{"gateway", NEEDS_NOTHING, wf_health_gateway,
	"The gateway can be called."},
	{"gateway_credits", NEEDS_NOTHING, wf_health_gateway_credits,
	"Credits for the gateway are left."},
	{"worker_slots", NEEDS_NOTHING, wf_health_worker_slots,
	"Background worker slots are free."},
	{"orphans", NEEDS_PAGES, wf_health_orphans,
	"Everything selected is queued or was processed."},
	{"stuck", NEEDS_WHOLE_PAGES, wf_health_stuck,
	"Everything in processing has a worker."},
	{"waiting", NEEDS_WHOLE_PAGES, wf_health_waiting,
	"Everything that waits for a retry has a time for it."},
	{"errors_without_reason", NEEDS_PAGES, wf_health_no_reason,
	"Everything that failed says why."},
	{"businesses", NEEDS_NOTHING, wf_health_businesses,
	"Every selected business has been dealt with."},
	{"submitted_without_sitemaps", NEEDS_NOTHING, wf_health_submitted,
	"Every submitted domain has sitemap files."},
	{"complete_without_pages", NEEDS_NOTHING, wf_health_imported,
	"Every imported sitemap file gave pages."},
	{"sitemap_depth", NEEDS_NOTHING, wf_health_sitemap_depth,
	"No sitemap lies deeper than indexes are followed."},
	{"oldest_ready", NEEDS_WHOLE_PAGES, wf_health_oldest_ready,
	"Nothing that is ready waits in vain."},
	{"error_rate", NEEDS_NOTHING, wf_health_error_rate,
	"At most one attempt in ten failed within the last hour."},
	{"nothing_produced", NEEDS_ALL, wf_health_nothing_produced,
	"Processed pages yield contacts."},
	{"suppressed", NEEDS_ALL, wf_health_suppressed,
	"No contact is stored whose address is on the suppression list."},
	{"repeated", NEEDS_NOTHING, wf_health_repeated,
	"Nothing is requested again and again."},
	{"sites", NEEDS_NOTHING, wf_health_sites,
	"No site is left alone for long."},
	{"sweep", NEEDS_NOTHING, wf_health_sweep,
	"The sweep runs as it should."},
	{"history", NEEDS_NOTHING, wf_health_history,
	"The history of attempts is kept within its limits."},
};

static const char *const status_names[] = {
	[WF_HEALTH_OK] = "ok",
	[WF_HEALTH_WARN] = "warn",
	[WF_HEALTH_FAIL] = "fail",
};

typedef struct Output
{
	ReturnSetInfo *rsinfo;
	const Check *check;			/* the running one */
} Output;

/* ------------------------------------------------------------------------
 * Reporting
 * ------------------------------------------------------------------------
 */

static void
put(WfHealth *h, WfHealthStatus status, const char *remedy, const char *detail)
{
	Output	   *output = h->output;
	Datum		values[4] = {0};
	bool		nulls[4] = {0};

	values[0] = CStringGetTextDatum(output->check->name);
	values[1] = CStringGetTextDatum(status_names[status]);
	values[2] = CStringGetTextDatum(detail);
	nulls[3] = remedy == NULL;
	if (remedy)
		values[3] = CStringGetTextDatum(remedy);
	tuplestore_putvalues(output->rsinfo->setResult, output->rsinfo->setDesc, values, nulls);
	h->reported++;
}

/* Format as psprintf does, from a va_list. */
static char *format_detail(const char *format, va_list args) pg_attribute_printf(1, 0);

static char *
format_detail(const char *format, va_list args)
{
	size_t		size = 256;

	for (;;)
	{
		char	   *text = palloc(size);
		va_list		copy;
		size_t		needed;

		va_copy(copy, args);
		needed = pvsnprintf(text, size, format, copy);
		va_end(copy);
		if (needed < size)
			return text;
		pfree(text);
		size = needed;
	}
}

/* See wf_health.h. */
void
wf_health_report(WfHealth *h, WfHealthStatus status, const char *remedy, const char *detail,...)
{
	va_list		args;

	va_start(args, detail);
	put(h, status, remedy, format_detail(detail, args));
	va_end(args);
}

/* See wf_health.h. */
void
wf_health_ok(WfHealth *h, const char *detail,...)
{
	va_list		args;

	va_start(args, detail);
	put(h, WF_HEALTH_OK, NULL, format_detail(detail, args));
	va_end(args);
}

/* See wf_health.h. */
char *
wf_health_call(const WfHealth *h, const char *function, const char *arguments)
{
	return psprintf("SELECT * FROM %s.%s(%s);", h->schema, function, arguments);
}

/* See wf_health.h. */
char *
wf_health_set(const char *name, const char *value)
{
	return psprintf("ALTER SYSTEM SET %s = %s; SELECT pg_reload_conf();", name, value);
}

/* See wf_health.h. */
char *
wf_health_own(const WfHealth *h, const char *table)
{
	return psprintf("%s.%s", h->schema, table);
}

/* See wf_health.h. */
char *
wf_health_number(int64 n, int64 limit)
{
	return psprintf(n < limit ? INT64_FORMAT : INT64_FORMAT " or more", n);
}

/* See wf_health.h. */
const WfBinding *
wf_health_whole(const WfHealth *h, WfPartId part)
{
	return h->table[part].problems ? NULL : h->table[part].binding;
}

/* See wf_health.h. */
bool
wf_health_is_served(const WfHealth *h)
{
	return h->standing > 0 || h->scheduled;
}

/* ------------------------------------------------------------------------
 * Running the checks
 * ------------------------------------------------------------------------
 */

/*
 * Lock a table for reading until the end of the transaction, without waiting
 * for long.
 */
static bool
try_lock(Oid relid)
{
	for (int i = 0; i < LOCK_TRIES; i++)
	{
		if (ConditionalLockRelationOid(relid, AccessShareLock))
			return true;
		CHECK_FOR_INTERRUPTS();
		pg_usleep(LOCK_WAIT_US);
	}
	return false;
}

/* Find the attached tables and what they are good for. */
static void
load_tables(WfHealth *h)
{
	for (int i = 0; i < WF_PART_COUNT; i++)
	{
		WfHealthTable *t = &h->table[i];

		t->relid = wf_part_table(i, &t->strategy);
		if (!OidIsValid(t->relid))
			continue;
		t->locked_out = !try_lock(t->relid);
		if (get_rel_name(t->relid) == NULL)
		{
			t->relid = InvalidOid;	/* dropped meanwhile */
			continue;
		}
		t->relation = quote_qualified_identifier(get_namespace_name(get_rel_namespace(t->relid)),
												 get_rel_name(t->relid));
		if (!t->locked_out)
			t->binding = wf_views_bind(&wf_parts[i], t->relid, &t->problems);
	}
}

/* What the tables must be for a check, and what keeps them from it. */
static bool
has_needs(WfHealth *h, Needs needs)
{
	static const int last_part[] = {
		[NEEDS_NOTHING] = -1,
		[NEEDS_PAGES] = WF_PART_PAGES,
		[NEEDS_WHOLE_PAGES] = WF_PART_PAGES,
		[NEEDS_ALL] = WF_PART_CONTACTS,
	};

	for (int i = 0; i <= last_part[needs]; i++)
	{
		const WfHealthTable *t = &h->table[i];

		if (!OidIsValid(t->relid))
			wf_health_report(h, WF_HEALTH_WARN, wf_health_call(h, "wf_attach", ""),
							 "Not checked, because no table is attached as \"%s\".",
							 wf_parts[i].name);
		else if (t->locked_out)
			wf_health_report(h, WF_HEALTH_WARN, NULL,
							 "Not checked, because a session holds an exclusive lock on table %s.",
							 t->relation);
		else if (t->binding == NULL || (t->problems && needs != NEEDS_PAGES))
			wf_health_report(h, WF_HEALTH_WARN,
							 wf_health_call(h, "wf_check", quote_literal_cstr(t->relation)),
							 "Not checked, because table %s cannot be used as \"%s\".",
							 t->relation, wf_parts[i].name);
		else
			continue;
		return false;
	}
	return true;
}

static void
run_function(WfHealth *h, const Check *check)
{
	PushActiveSnapshot(GetTransactionSnapshot());
	SPI_connect();
	check->function(h);
	SPI_finish();
	PopActiveSnapshot();
}

/* A check that raised an error: a row, unless the whole call is to end. */
static void
report_error(WfHealth *h, ErrorData *error)
{
	if (error->sqlerrcode == ERRCODE_QUERY_CANCELED || error->sqlerrcode == ERRCODE_OUT_OF_MEMORY)
		ReThrowError(error);
	wf_health_report(h, WF_HEALTH_FAIL, NULL, "The check could not be made: %s.", error->message);
	FreeErrorData(error);
}

static void
run_check(WfHealth *h, const Check *check)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile error = NULL;

	((Output *) h->output)->check = check;
	h->reported = 0;
	if (!has_needs(h, check->needs))
		return;
	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		run_function(h, check);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	if (error)
		report_error(h, error);
	if (h->reported == 0 && check->ok)
		wf_health_ok(h, "%s", check->ok);
}

static WfHealth *
load(FunctionCallInfo fcinfo)
{
	WfHealth   *h = palloc0(sizeof(WfHealth));
	Output	   *output = palloc0(sizeof(Output));
	Oid			schema = wf_part_extension_schema();

	if (!OidIsValid(schema))
		elog(ERROR, "extension \"%s\" is not installed in this database", WF_EXTENSION_NAME);
	h->context = CurrentMemoryContext;
	output->rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	h->output = output;
	h->schema = quote_identifier(get_namespace_name(schema));
	h->database = get_database_name(MyDatabaseId);
	h->in_recovery = RecoveryInProgress();
	load_tables(h);
	return h;
}

/* wf_health() → (check_name, status, detail, remedy). */
Datum
wf_health(PG_FUNCTION_ARGS)
{
	/* these find out what several checks ask; their errors show in the rows of these */
	static const Check loads[] = {
		{"workers", NEEDS_NOTHING, wf_health_load_workers, NULL},
		{"schedule", NEEDS_NOTHING, wf_health_load_schedule, NULL},
	};
	MemoryContext old = CurrentMemoryContext;
	MemoryContext context = AllocSetContextCreate(old, "wf_health", ALLOCSET_DEFAULT_SIZES);
	MemoryContext per_check = AllocSetContextCreate(context, "wf_health check",
													ALLOCSET_DEFAULT_SIZES);
	WfHealth   *h;

	InitMaterializedSRF(fcinfo, 0);
	MemoryContextSwitchTo(context);
	h = load(fcinfo);
	for (int i = 0; i < (int) lengthof(loads); i++)
		run_check(h, &loads[i]);
	for (int i = 0; i < (int) lengthof(checks); i++)
	{
		MemoryContextSwitchTo(per_check);
		run_check(h, &checks[i]);
		MemoryContextReset(per_check);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(context);
	PG_RETURN_VOID();
}
