/*-------------------------------------------------------------------------
 *
 * wf_health_locks.c
 *	  Checks of wf_health() about what other sessions hold: locks on the attached
 *	  tables, and transactions that are open for long.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "wf_compat.h"

#include "catalog/pg_type_d.h"
#include "executor/spi.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "wf_guc.h"
#include "wf_health.h"
#include "wf_worker.h"

/*
 * Sessions that are idle in a transaction and hold locks on an attached table:
 * one that keeps writers out after 5 s, one that wrote rows after a minute, one
 * that only read after five.  Of a table that we cannot even read, whoever
 * holds it.  Prepared transactions have no session; they count from a minute.
 */
#define LOCK_QUERY \
	"WITH t AS (SELECT u.oid FROM pg_catalog.unnest($1) u(oid)" \
	"  UNION SELECT p.relid FROM pg_catalog.unnest($1) u(oid), pg_catalog.pg_partition_tree(u.oid) p)," \
	" l AS (SELECT l.pid, l.virtualtransaction, l.relation, l.mode," \
	"  CASE WHEN l.mode IN ('AccessExclusiveLock', 'ExclusiveLock', 'ShareRowExclusiveLock', 'ShareLock')" \
	"   THEN interval '5 seconds' WHEN l.mode IN ('RowExclusiveLock', 'ShareUpdateExclusiveLock')" \
	"   THEN interval '1 minute' ELSE interval '5 minutes' END AS patience" \
	"  FROM pg_catalog.pg_locks l JOIN t ON t.oid = l.relation WHERE l.locktype = 'relation' AND l.granted" \
	"  AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())" \
	"  AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid())" \
	" SELECT l.pid, l.relation::pg_catalog.regclass::pg_catalog.text, pg_catalog.min(l.mode)," \
	"  a.state, pg_catalog.date_trunc('second', pg_catalog.clock_timestamp() - a.state_change)::pg_catalog.text," \
	"  pg_catalog.quote_literal(x.gid)" \
	" FROM l LEFT JOIN pg_catalog.pg_stat_get_activity(NULL) a ON a.pid = l.pid" \
	" LEFT JOIN pg_catalog.pg_prepared_xacts x ON l.virtualtransaction = '-1/' || x.transaction::pg_catalog.text" \
	" WHERE (a.state LIKE 'idle in transaction%' AND a.state_change < pg_catalog.clock_timestamp() - l.patience)" \
	"  OR (l.pid IS NULL AND l.mode <> 'AccessShareLock'" \
	"      AND x.prepared < pg_catalog.clock_timestamp() - interval '1 minute')" \
	"  OR (l.relation = ANY ($2) AND l.mode = 'AccessExclusiveLock')" \
	" GROUP BY 1, 2, 4, 5, 6 ORDER BY 1, 2 LIMIT 20"

/* The tables that are locked out, as an oid[]. */
static Datum
locked_out_oids(const WfHealth *h)
{
	Datum		oids[WF_PART_COUNT];
	int			n = 0;

	for (int i = 0; i < WF_PART_COUNT; i++)
		if (h->table[i].locked_out)
			oids[n++] = ObjectIdGetDatum(h->table[i].relid);
	return PointerGetDatum(construct_array(oids, n, OIDOID, sizeof(Oid), true, TYPALIGN_INT));
}

/* See wf_health.h. */
void
wf_health_locks(WfHealth *h)
{
	Oid			types[] = {OIDARRAYOID, OIDARRAYOID};
	Datum		values[2];

	values[0] = wf_health_table_oids(h);
	values[1] = locked_out_oids(h);
	wf_views_select(InvalidOid, LOCK_QUERY, 2, types, values);
	for (uint64 row = 0; row < SPI_processed; row++)
	{
		char	   *pid = wf_views_text(row, 1);
		char	   *table = wf_views_text(row, 2);
		char	   *mode = wf_views_text(row, 3);
		char	   *state = wf_views_text(row, 4);
		char	   *gid = wf_views_text(row, 6);

		if (pid && state)
			wf_health_report(h, WF_HEALTH_WARN,
							 psprintf("SELECT pg_terminate_backend(%s);", pid),
							 "Session %s has been %s for %s and holds lock %s on table %s.",
							 pid, state, wf_views_text(row, 5), mode, table);
		else if (gid)
			wf_health_report(h, WF_HEALTH_WARN, psprintf("ROLLBACK PREPARED %s;", gid),
							 "Prepared transaction %s holds lock %s on table %s.",
							 gid, mode, table);
		else
			wf_health_report(h, WF_HEALTH_WARN, NULL,
							 "Process %s holds lock %s on table %s.",
							 pid ? pid : "unknown", mode, table);
	}
}

/*
 * Sessions of this database whose transaction began so long ago, and that hold a
 * snapshot, a transaction id, or a lock on an attached table.  VACUUM and the like
 * are in nobody's way, and those who wait for workers or are workers have a limit
 * of their own.  Then prepared transactions.
 */
#define LONG_QUERY \
	"SELECT a.pid, a.state, pg_catalog.date_trunc('second', pg_catalog.clock_timestamp() - a.xact_start)" \
	"  ::pg_catalog.text AS age, l.held, NULL AS gid, a.xact_start AS began" \
	" FROM pg_catalog.pg_stat_get_activity(NULL) a" \
	" JOIN pg_catalog.pg_database d ON d.oid = a.datid AND d.datname = pg_catalog.current_database()" \
	" LEFT JOIN LATERAL (SELECT pg_catalog.string_agg(DISTINCT r.relation::pg_catalog.regclass::pg_catalog.text, ', ') AS held" \
	"  FROM pg_catalog.pg_locks r WHERE r.pid = a.pid AND r.locktype = 'relation' AND r.granted" \
	"  AND r.database = d.oid AND r.relation = ANY ($1)) l ON true" \
	" WHERE a.pid <> pg_catalog.pg_backend_pid()" \
	" AND a.backend_type NOT IN ('autovacuum worker', '" WF_WORKER_TYPE "', '" WF_BATCH_WORKER_TYPE "')" \
	" AND a.xact_start < pg_catalog.clock_timestamp() - $2 * interval '1 second'" \
	" AND (a.backend_xmin IS NOT NULL OR a.backend_xid IS NOT NULL OR l.held IS NOT NULL)" \
	" AND a.pid NOT IN (SELECT v.pid FROM pg_catalog.pg_stat_get_progress_info('VACUUM') v)" \
	" UNION ALL SELECT NULL, NULL, pg_catalog.date_trunc('second', pg_catalog.clock_timestamp() - x.prepared)" \
	"  ::pg_catalog.text, NULL, pg_catalog.quote_literal(x.gid), x.prepared" \
	" FROM pg_catalog.pg_prepared_xacts x WHERE x.database = pg_catalog.current_database()" \
	" AND x.prepared < pg_catalog.clock_timestamp() - $2 * interval '1 second'" \
	" ORDER BY began LIMIT 20"

/* See wf_health.h. */
void
wf_health_long_transactions(WfHealth *h)
{
	static const char harm[] = "what was finished since then stays in the way of each claim";
	Oid			types[] = {OIDARRAYOID, INT4OID};
	Datum		values[2];

	values[0] = wf_health_table_oids(h);
	values[1] = Int32GetDatum(wf_curation_long_transaction);
	wf_views_select(InvalidOid, LONG_QUERY, 2, types, values);
	for (uint64 row = 0; row < SPI_processed; row++)
	{
		char	   *pid = wf_views_text(row, 1);
		char	   *state = wf_views_text(row, 2);
		char	   *age = wf_views_text(row, 3);
		char	   *held = wf_views_text(row, 4);
		char	   *gid = wf_views_text(row, 5);

		if (gid)
			wf_health_report(h, WF_HEALTH_WARN, psprintf("ROLLBACK PREPARED %s;", gid),
							 "Prepared transaction %s has been open for %s: %s.", gid, age, harm);
		else
			wf_health_report(h, WF_HEALTH_WARN, psprintf("SELECT pg_terminate_backend(%s);", pid),
							 "Session %s (%s) has had a transaction open for %s%s%s: %s.", pid,
							 state ? state : "unknown", age, held ? ", with locks on " : "",
							 held ? held : "", harm);
	}
}
