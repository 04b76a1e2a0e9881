/*-------------------------------------------------------------------------
 *
 * wf_cron.c
 *	  wf_schedule() and wf_unschedule(): the pg_cron job of this database.
 *
 * pg_cron is never required; where it is absent these two say so.  Its
 * functions are called with the rights of the caller, who needs them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "commands/dbcommands.h"
#include "commands/extension.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "wf_part.h"

PG_FUNCTION_INFO_V1(wf_schedule);
PG_FUNCTION_INFO_V1(wf_unschedule);

/* Name of this database's job, in the current memory context. */
static char *
job_name(void)
{
	return psprintf("wf_curation %s", get_database_name(MyDatabaseId));
}

static void
check_cron(void)
{
	if (!OidIsValid(get_extension_oid("pg_cron", true)))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("extension \"pg_cron\" is not installed in this database"),
				 errdetail("A schedule is a pg_cron job."),
				 errhint("Run CREATE EXTENSION pg_cron in the database named by \"cron.database_name\", or let standing workers process pages: set \"wf_curation.databases\".")));
}

static char *
own_schema(void)
{
	return get_namespace_name(get_func_namespace(wf_part_trigger_function()));
}

static int64
run(const char *sql, int nargs, Oid *types, Datum *values)
{
	bool		isnull;
	int64		result = 0;
	int			rc;

	SPI_connect();
	rc = SPI_execute_with_args(sql, nargs, types, values, NULL, false, 0);
	if (rc != SPI_OK_SELECT)
		elog(ERROR, "could not call pg_cron: %s", SPI_result_code_string(rc));
	if (SPI_processed > 0)
		result =
			DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	SPI_finish();
	return result;
}

/* The job runs as the caller: without the right to call the procedure each run would fail. */
static void
check_right(const char *procedure)
{
	Oid			types[1] = {TEXTOID};
	Datum		values[1] = {CStringGetTextDatum(psprintf("%s(int)", procedure))};

	if (run("SELECT pg_catalog.has_function_privilege($1, 'EXECUTE')"
			"::pg_catalog.int4::pg_catalog.int8",
			1, types, values) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for procedure %s", procedure),
				 errdetail("The job would run with the rights of role \"%s\".",
						   GetUserNameFromId(GetUserId(), false)),
				 errhint("Grant EXECUTE on the procedure, too.")));
}

/*
 * wf_schedule(batch_size int, schedule text) → pg_cron's job id.  Replaces an
 * earlier job of this database.
 */
Datum
wf_schedule(PG_FUNCTION_ARGS)
{
	int			batch_size = PG_GETARG_INT32(0);
	Oid			types[3] = {TEXTOID, TEXTOID, TEXTOID};
	Datum		values[3];
	const char *procedure = quote_qualified_identifier(own_schema(), "wf_process");

	if (batch_size < 1 || batch_size > 10000)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("batch size %d is out of range", batch_size),
				 errhint("Use a batch size between 1 and 10000.")));
	check_cron();
	check_right(procedure);
	values[0] = CStringGetTextDatum(job_name());
	values[1] = PG_GETARG_DATUM(1);
	values[2] = CStringGetTextDatum(psprintf("CALL %s(%d)", procedure, batch_size));
	PG_RETURN_INT64(run("SELECT cron.schedule($1, $2, $3)", 3, types, values));
}

/* wf_unschedule() → whether there was a job. */
Datum
wf_unschedule(PG_FUNCTION_ARGS)
{
	Oid			types[1] = {TEXTOID};
	Datum		values[1];

	check_cron();
	values[0] = CStringGetTextDatum(job_name());
	PG_RETURN_BOOL(run("SELECT pg_catalog.count(cron.unschedule(j.jobid)) FROM cron.job j"
					   " WHERE j.jobname OPERATOR(pg_catalog.=) $1", 1, types, values) > 0);
}
