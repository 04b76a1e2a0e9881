/*-------------------------------------------------------------------------
 *
 * wf_health_server.c
 *	  Checks of wf_health() about who processes, and with which settings.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "wf_compat.h"

#include "catalog/pg_type_d.h"
#include "commands/dbcommands.h"
#include "commands/extension.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/varlena.h"

#include "wf_clock.h"
#include "wf_curation.h"
#include "wf_guc.h"
#include "wf_health.h"
#include "wf_link.h"
#include "wf_worker.h"

#define BLOCKED_CHECK_MS 1000	/* a worker has looked again by then */
#define CRASHES			3		/* so many are no accident */


/* Processes that occupy no slot of max_worker_processes for long. */
#define OTHER_PROCESSES \
	"'client backend', 'parallel worker', 'autovacuum launcher', 'autovacuum worker'," \
	" 'archiver', 'background writer', 'checkpointer', 'dead-end client backend'," \
	" 'io worker', 'logger', 'slotsync worker', 'standalone backend', 'startup'," \
	" 'walreceiver', 'walsender', 'walsummarizer', 'walwriter'"

/* ------------------------------------------------------------------------
 * The library and its settings
 * ------------------------------------------------------------------------
 */

/* Workers of this database that run another library than this session. */
static void
check_worker_versions(WfHealth *h)
{
	Oid			types[] = {OIDOID, TEXTOID};
	Datum		values[2];

	values[0] = ObjectIdGetDatum(MyDatabaseId);
	values[1] = CStringGetTextDatum(WF_APPLICATION_NAME);
	wf_views_select(InvalidOid,
					"SELECT a.pid, a.application_name FROM pg_catalog.pg_stat_get_activity(NULL) a"
					" WHERE a.backend_type IN ('" WF_WORKER_TYPE "', '" WF_BATCH_WORKER_TYPE "')"
					" AND a.datid = $1 AND a.application_name LIKE '" WF_EXTENSION_NAME " %'"
					" AND a.application_name <> $2 ORDER BY a.pid",
					2, types, values);
	for (uint64 row = 0; row < SPI_processed; row++)
		wf_health_report(h, WF_HEALTH_FAIL,
						 psprintf("SELECT pg_terminate_backend(%s);", wf_views_text(row, 1)),
						 "Worker %s runs the library of %s, this session has that of %s: it was started before the installation.",
						 wf_views_text(row, 1), wf_views_text(row, 2), WF_APPLICATION_NAME);
}

/*
 * See wf_health.h.  Three versions: of the SQL objects, of the library, which a
 * server keeps in memory, and of what is installed on disk.
 */
void
wf_health_version(WfHealth *h)
{
	static const char restart[] = "ALTER EXTENSION " WF_EXTENSION_NAME " UPDATE; -- once the server was restarted";
	char	   *version;
	char	   *installed;

	wf_views_select(InvalidOid, "SELECT e.extversion, a.default_version FROM pg_catalog.pg_extension e"
					" LEFT JOIN pg_catalog.pg_available_extensions() a ON a.name = e.extname"
					" WHERE e.extname = '" WF_EXTENSION_NAME "'", 0, NULL, NULL);
	version = SPI_processed > 0 ? wf_views_text(0, 1) : "none";
	installed = SPI_processed > 0 ? wf_views_text(0, 2) : NULL;
	if (installed == NULL || strcmp(installed, WF_VERSION) == 0)
	{
		if (strcmp(version, WF_VERSION) != 0)
			wf_health_report(h, WF_HEALTH_FAIL, "ALTER EXTENSION " WF_EXTENSION_NAME " UPDATE;",
							 "The SQL objects have version %s, the loaded library has %s.",
							 version, WF_VERSION);
	}
	else
		wf_health_report(h, strcmp(version, WF_VERSION) == 0 ? WF_HEALTH_WARN : WF_HEALTH_FAIL,
						 restart,
						 "Version %s is installed, but the loaded library has %s, and the SQL objects have %s.",
						 installed, WF_VERSION, version);
	check_worker_versions(h);
}

/* See wf_health.h. */
void
wf_health_enabled(WfHealth *h)
{
	if (!wf_curation_enabled)
		wf_health_report(h, WF_HEALTH_WARN, wf_health_set("wf_curation.enabled", "on"),
						 "\"%s\" is off: selected pages are queued and none is fetched.",
						 "wf_curation.enabled");
}

/* See wf_health.h. */
void
wf_health_paused(WfHealth *h)
{
	wf_views_select(InvalidOid,
					psprintf("SELECT p.stage, p.paused_by, " WF_HEALTH_TIME("p.since")
							 " FROM %s p ORDER BY p.stage", wf_health_own(h, "wf_paused")),
					0, NULL, NULL);
	for (uint64 row = 0; row < SPI_processed; row++)
	{
		char	   *stage = wf_views_text(row, 1);

		wf_health_report(h, WF_HEALTH_WARN,
						 wf_health_call(h, "wf_resume", quote_literal_cstr(stage)),
						 "Stage \"%s\" was paused by role \"%s\" at %s.",
						 stage, wf_views_text(row, 2), wf_views_text(row, 3));
	}
}

/* shared_preload_libraries with ours added, as ALTER SYSTEM takes it. */
static char *
preload_libraries(void)
{
	List	   *names = NIL;
	StringInfoData buf;
	ListCell   *lc;

	initStringInfo(&buf);
	if (shared_preload_libraries_string &&
		SplitDirectoriesString(pstrdup(shared_preload_libraries_string), ',', &names))
	{
		foreach(lc, names)
			appendStringInfo(&buf, "%s, ", quote_literal_cstr(lfirst(lc)));
	}
	appendStringInfoString(&buf, "'" WF_EXTENSION_NAME "'");
	return buf.data;
}

/* See wf_health.h. */
void
wf_health_preload(WfHealth *h)
{
	if (wf_shmem_available())
		return;
	if (h->standing > 0)
		wf_health_report(h, WF_HEALTH_WARN,
						 psprintf("ALTER SYSTEM SET shared_preload_libraries = %s; -- then restart the server",
								  preload_libraries()),
						 "The library is not preloaded: the standing workers look for work once a second"
						 " and are gone when the server restarts.");
	else
		wf_health_ok(h, "The library is not preloaded; batches on demand and schedules do not need that.");
}

/* ------------------------------------------------------------------------
 * Workers
 * ------------------------------------------------------------------------
 */

/* The elements of wf_curation.databases. */
static List *
listed_databases(void)
{
	List	   *names = NIL;

	if (wf_curation_databases)
		(void) SplitGUCList(pstrdup(wf_curation_databases), ',', &names);
	return names;
}

/*
 * wf_curation.databases without those that do not exist, and with this database,
 * as ALTER SYSTEM takes it.  One that was renamed is thus replaced.
 */
static char *
databases_with_this(const WfHealth *h)
{
	StringInfoData buf;
	ListCell   *lc;

	initStringInfo(&buf);
	foreach(lc, listed_databases())
		if (OidIsValid(get_database_oid(lfirst(lc), true)))
			appendStringInfo(&buf, "%s%s", buf.len > 0 ? ", " : "", quote_identifier(lfirst(lc)));
	if (!h->listed)
		appendStringInfo(&buf, "%s%s", buf.len > 0 ? ", " : "", quote_identifier(h->database));
	return quote_literal_cstr(buf.data);
}

/* See wf_health.h. */
void
wf_health_load_workers(WfHealth *h)
{
	WfWorkerRow *workers;
	ListCell   *lc;

	h->nworkers = wf_views_workers(&workers);
	h->workers = MemoryContextAlloc(h->context, Max(h->nworkers, 1) * sizeof(WfWorkerRow));
	memcpy(h->workers, workers, h->nworkers * sizeof(WfWorkerRow));
	for (int i = 0; i < h->nworkers; i++)
		if (workers[i].database == MyDatabaseId && !workers[i].on_demand)
			h->standing++;
	foreach(lc, listed_databases())
		h->listed |= strcmp(lfirst(lc), h->database) == 0;
}

static void
report_unknown_databases(WfHealth *h)
{
	ListCell   *lc;

	foreach(lc, listed_databases())
		if (!OidIsValid(get_database_oid(lfirst(lc), true)))
			wf_health_report(h, WF_HEALTH_WARN,
							 wf_health_set("wf_curation.databases", databases_with_this(h)),
							 "\"%s\" names database \"%s\", which does not exist: it was renamed or dropped, or is still to be created.",
							 "wf_curation.databases", (char *) lfirst(lc));
}

/*
 * A worker of this database that cannot process, because the server is short of
 * something (troubled) or for whatever reason; NULL: there is none.
 */
static WfWorkerInfo *
find_blocked(bool troubled)
{
	WfWorkerInfo *slots = palloc(WF_MAX_WORKERS * sizeof(WfWorkerInfo));
	int			n = wf_shmem_workers(slots);

	for (int i = 0; i < n; i++)
		if (slots[i].database == MyDatabaseId &&
			(troubled ? slots[i].trouble[0] != '\0' : slots[i].state == WF_WORKER_BLOCKED))
			return &slots[i];
	return NULL;
}

/* Does a worker run and find the server short of something? */
static bool
report_trouble(WfHealth *h)
{
	const WfWorkerInfo *worker = find_blocked(true);

	if (worker == NULL)
		return false;
	wf_health_report(h, WF_HEALTH_FAIL,
					 "SELECT spcname, pg_catalog.pg_tablespace_location(oid), pg_catalog.pg_size_pretty(pg_catalog.pg_tablespace_size(oid)) FROM pg_catalog.pg_tablespace;",
					 "Worker %d can store or claim nothing, and tries again: %s.",
					 worker->pid, worker->trouble);
	return true;
}

/*
 * A worker that runs and cannot process.  It looks again every few seconds; so
 * that a reason which has gone is no finding, have it look now.
 */
static void
report_blocked(WfHealth *h)
{
	const WfWorkerInfo *worker;

	if (find_blocked(false))
		wf_shmem_wake();
	for (int waited = 0; find_blocked(false) && waited < BLOCKED_CHECK_MS; waited += 20)
	{
		CHECK_FOR_INTERRUPTS();
		pg_usleep(20000);
	}
	if (report_trouble(h))
		return;
	worker = find_blocked(false);
	if (worker)
		wf_health_report(h, WF_HEALTH_FAIL,
						 psprintf("SELECT * FROM %s.wf_health() WHERE status = 'fail';",
								  h->schema),
						 "Worker %d processes nothing; another check, or the server log, says why.",
						 worker->pid);
}

/* What makes somebody process. */
static char *
start_remedy(const WfHealth *h)
{
	if (wf_shmem_available() && h->listed && wf_curation_workers == 0)
		return wf_health_set("wf_curation.workers", "1");
	if (wf_shmem_available() && !h->listed)
		return wf_health_set("wf_curation.databases", databases_with_this(h));
	if (!wf_shmem_available() && OidIsValid(get_extension_oid("pg_cron", true)))
		return wf_health_call(h, "wf_schedule", "");
	return wf_health_call(h, "wf_workers_start", "");
}

/* Is an item of any stage queued? */
static bool
anything_waits(const WfHealth *h)
{
	for (int part = 0; part < WF_PART_COUNT; part++)
	{
		const WfBinding *b = wf_parts[part].is_stage ? wf_health_whole(h, part) : NULL;

		if (b && wf_health_count(b, wf_views_is(b, "p", WF_ITEM_PROCESSING,
												WF_PROCESSING_QUEUED), 1) > 0)
			return true;
	}
	return false;
}

/* See wf_health.h. */
void
wf_health_workers(WfHealth *h)
{
	bool		stopped = wf_shmem_is_stopped(MyDatabaseId);
	int			wanted = wf_shmem_available() && h->listed ? wf_curation_workers : 0;

	report_unknown_databases(h);
	report_blocked(h);
	if (h->in_recovery)
		wf_health_ok(h, "The server is in recovery; workers start when it is promoted.");
	else if (stopped && h->standing == 0)
		wf_health_report(h, h->scheduled ? WF_HEALTH_WARN : WF_HEALTH_FAIL,
						 wf_health_call(h, "wf_workers_start", ""),
						 "The workers of this database were stopped by wf_workers_stop().");
	else if (!wf_health_is_served(h) && !h->listed && !anything_waits(h))
		wf_health_ok(h, "There is neither a standing worker nor a schedule, and nothing is queued;"
					 " batches on demand process.");
	else if (!wf_health_is_served(h))
		wf_health_report(h, WF_HEALTH_FAIL, start_remedy(h),
						 "Nobody processes: there is no standing worker%s and no schedule.",
						 wanted > 0 ? ", though the settings want one," : "");
	else if (h->standing < wanted)
		wf_health_report(h, WF_HEALTH_WARN,
						 wf_health_call(h, "wf_workers_start",
										psprintf("%d", wanted - h->standing)),
						 "%d of %d standing workers are alive; the server log says why.",
						 h->standing, wanted);
	else if (h->standing > 0 && wanted == 0 && wf_shmem_available())
		wf_health_report(h, WF_HEALTH_WARN,
						 wf_health_set("wf_curation.databases", databases_with_this(h)),
						 "The standing workers were started by hand and are gone when the server restarts.");
	else if (h->standing == 0 && h->reported == 0)
		wf_health_ok(h, "There is no standing worker; the schedule processes.");
}

/* See wf_health.h. */
void
wf_health_worker_slots(WfHealth *h)
{
	int64		used;
	char	   *remedy = psprintf("ALTER SYSTEM SET max_worker_processes = %d; -- then restart the server",
								  max_worker_processes + 8);

	wf_views_select(InvalidOid,
					"SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_get_activity(NULL) a"
					" WHERE a.backend_type NOT IN (" OTHER_PROCESSES ")", 0, NULL, NULL);
	used = wf_views_int64(0, 1);
	if (used >= max_worker_processes)
		wf_health_report(h, WF_HEALTH_FAIL, remedy,
						 "All %d background worker slots are in use: no further worker can start, and a batch only in place of a standing worker.",
						 max_worker_processes);
	else if (used + 1 >= max_worker_processes)
		wf_health_report(h, WF_HEALTH_WARN, remedy,
						 "Only one of %d background worker slots is free.", max_worker_processes);
}

/* ------------------------------------------------------------------------
 * The schedule
 * ------------------------------------------------------------------------
 */

#define OUR_JOBS \
	" FROM cron.job j WHERE j.database = pg_catalog.current_database() AND j.command ~ '\\mwf_process'"

/* See wf_health.h. */
void
wf_health_load_schedule(WfHealth *h)
{
	if (!OidIsValid(get_extension_oid("pg_cron", true)))
		return;
	wf_views_select(InvalidOid, "SELECT pg_catalog.count(*)" OUR_JOBS " AND j.active",
					0, NULL, NULL);
	h->scheduled = wf_views_int64(0, 1) > 0;
}

/* The last run of a job that ended. */
static void
check_last_run(WfHealth *h, int64 job, const char *command)
{
	Oid			types[] = {INT8OID};
	Datum		values[1];

	values[0] = Int64GetDatum(job);
	wf_views_select(InvalidOid,
					"SELECT d.return_message, " WF_HEALTH_TIME("d.start_time")
					" FROM (SELECT r.* FROM (SELECT a.* FROM cron.job_run_details a"
					" ORDER BY a.runid DESC LIMIT 1000) r WHERE r.jobid = $1"
					" AND r.status IN ('succeeded', 'failed') ORDER BY r.runid DESC LIMIT 1) d"
					" WHERE d.status = 'failed'", 1, types, values);
	if (SPI_processed > 0)
	{
		char	   *message = wf_views_text(0, 1);
		char	   *when = wf_views_text(0, 2);

		wf_health_report(h, h->standing > 0 ? WF_HEALTH_WARN : WF_HEALTH_FAIL,
						 psprintf("%s;", command),
						 "The last run of pg_cron job " INT64_FORMAT ", at %s, failed: %s", job,
						 when ? when : "an unknown time", message ? message : "no reason given");
	}
}

static void
check_cron_runs(WfHealth *h)
{
	wf_views_select(InvalidOid,
					"SELECT 1 FROM pg_catalog.pg_stat_get_activity(NULL) a"
					" WHERE a.backend_type = 'pg_cron launcher'", 0, NULL, NULL);
	if (SPI_processed == 0)
		wf_health_report(h, h->standing > 0 ? WF_HEALTH_WARN : WF_HEALTH_FAIL,
						 psprintf("ALTER SYSTEM SET shared_preload_libraries = %s; -- then restart the server",
								  psprintf("%s, 'pg_cron'", preload_libraries())),
						 "There is a pg_cron job, but pg_cron itself does not run on this server.");
}

/* See wf_health.h. */
void
wf_health_schedule(WfHealth *h)
{
	uint64		n;
	SPITupleTable *jobs;

	if (!OidIsValid(get_extension_oid("pg_cron", true)))
	{
		wf_health_ok(h, "There is no schedule: pg_cron is not installed in this database.");
		return;
	}
	wf_views_select(InvalidOid, "SELECT j.jobid, j.active, j.command" OUR_JOBS " ORDER BY j.jobid",
					0, NULL, NULL);
	n = SPI_processed;
	jobs = SPI_tuptable;
	if (n == 0)
		wf_health_ok(h, "There is no schedule in pg_cron for this database.");
	else if (!h->in_recovery)
		check_cron_runs(h);
	for (uint64 row = 0; row < n; row++)
	{
		HeapTuple	tuple = jobs->vals[row];
		bool		isnull;
		int64		job = DatumGetInt64(SPI_getbinval(tuple, jobs->tupdesc, 1, &isnull));

		if (DatumGetBool(SPI_getbinval(tuple, jobs->tupdesc, 2, &isnull)))
			check_last_run(h, job, SPI_getvalue(tuple, jobs->tupdesc, 3));
		else
			wf_health_report(h, h->standing > 0 ? WF_HEALTH_WARN : WF_HEALTH_FAIL,
							 psprintf("SELECT cron.alter_job(" INT64_FORMAT ", active := true);", job),
							 "pg_cron job " INT64_FORMAT ", which processes this database, is not active.",
							 job);
	}
}

/* ------------------------------------------------------------------------
 * The crawler
 * ------------------------------------------------------------------------
 */

/* See wf_health.h. */
void
wf_health_crawler(WfHealth *h)
{
	bool		is_set = wf_curation_crawler_path && *wf_curation_crawler_path;
	const char *problem;

	if (!wf_link_can_start(&problem))
		wf_health_report(h, WF_HEALTH_FAIL,
						 is_set ? "ALTER SYSTEM RESET wf_curation.crawler_path; SELECT pg_reload_conf();"
						 : wf_health_set("wf_curation.crawler_path", "'/path/to/wf_crawler'"),
						 "Nothing can be fetched: %s.", problem);
}

/* Attempts that ended with the crawler or the worker that made them. */
static void
check_crashed_attempts(WfHealth *h)
{
	char	   *table = wf_health_own(h, "wf_attempt");

	wf_views_select(InvalidOid,
					psprintf("SELECT pg_catalog.count(*), pg_catalog.count(DISTINCT (x.stage, x.item)) FROM"
							 " (SELECT a.stage, a.item FROM %s a WHERE a.outcome IN ('crash', 'worker')"
							 " AND a.finished_at > pg_catalog.clock_timestamp() - interval '1 hour'"
							 " LIMIT " LITERAL(COUNTED) ") x", table), 0, NULL, NULL);
	if (wf_views_int64(0, 1) >= CRASHES)
		wf_health_report(h, WF_HEALTH_WARN,
						 psprintf("SELECT stage, page_id, outcome, error, finished FROM %s WHERE outcome IN ('crash', 'worker')"
								  " AND finished > now() - interval '1 hour' ORDER BY finished DESC;",
								  wf_health_own(h, "wf_attempts")),
						 "%s attempts within the last hour, at " INT64_FORMAT " of the items, ended with the crawler or the worker that made them.",
						 wf_health_number(wf_views_int64(0, 1), COUNTED), wf_views_int64(0, 2));
}

/* Items that are still to be done and have ended workers, and with them all sessions. */
static void
check_suspects(WfHealth *h)
{
	char	   *condition = "c.deaths >= " LITERAL(CRASHES) " OR c.deaths_alone >= 2";
	char	   *table = wf_health_own(h, "wf_claim");

	wf_views_select(InvalidOid,
					psprintf("SELECT pg_catalog.count(*), pg_catalog.max(c.deaths + c.deaths_alone)"
							 " FROM %s c WHERE %s", table, condition), 0, NULL, NULL);
	if (wf_views_int64(0, 1) > 0)
		wf_health_report(h, WF_HEALTH_WARN,
						 psprintf("SELECT stage, %s.wf_cancel_stage(stage, array_agg(item)) FROM %s c WHERE %s GROUP BY stage;",
								  h->schema, table, condition),
						 INT64_FORMAT " %s in flight when a worker died, up to %s times.",
						 wf_views_int64(0, 1), wf_views_int64(0, 1) == 1 ? "item was" : "items were",
						 wf_views_text(0, 2));
}

/* Workers whose crawlers die, whatever they were doing. */
static void
check_crawler_ends(WfHealth *h)
{
	WfWorkerInfo *slots = palloc(WF_MAX_WORKERS * sizeof(WfWorkerInfo));
	int			n = wf_shmem_workers(slots);
	TimestampTz now = wf_clock();

	for (int i = 0; i < n; i++)
	{
		TimestampTz first = slots[i].crawler_ends[WF_CRAWLER_ENDS - 1];

		if (slots[i].database == MyDatabaseId && first != 0 &&
			!TimestampDifferenceExceeds(first, now, 3600 * 1000))
			wf_health_report(h, WF_HEALTH_WARN,
							 psprintf("SELECT pg_terminate_backend(%d);", slots[i].pid),
							 "%d crawlers of worker %d have ended within the last hour; the server log says why.",
							 WF_CRAWLER_ENDS, slots[i].pid);
	}
}

/* See wf_health.h. */
void
wf_health_crashes(WfHealth *h)
{
	check_crashed_attempts(h);
	check_suspects(h);
	check_crawler_ends(h);
}
