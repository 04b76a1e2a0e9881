/*-------------------------------------------------------------------------
 *
 * wf_health.h
 *	  The checks of wf_health(): what they are given, and how they report.
 *
 * A check is a function that reports what is wrong, each time with a statement
 * that can be pasted; if it reports nothing, all is well.  It runs in a
 * subtransaction and a memory context of its own, with SPI connected, a fresh
 * snapshot and the rights of the extension's owner.  It must not write, and
 * must bound its cost: count at most so many rows.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_HEALTH_H
#define WF_HEALTH_H

#include "utils/palloc.h"

#include "wf_part.h"
#include "wf_views.h"

typedef enum WfHealthStatus
{
	WF_HEALTH_OK = 0,
	WF_HEALTH_WARN,
	WF_HEALTH_FAIL
} WfHealthStatus;

/* A part's table, as far as it could be looked at. */
typedef struct WfHealthTable
{
	Oid			relid;			/* InvalidOid: none is attached */
	char	   *relation;		/* quoted, schema-qualified */
	char	   *strategy;		/* second trigger argument */
	bool		locked_out;		/* someone holds an exclusive lock; nothing else is known */
	WfBinding  *binding;		/* perhaps of the status columns only; NULL: not usable */
	List	   *problems;		/* of WfProblem: why the binding is not whole */
} WfHealthTable;

typedef struct WfHealth
{
	MemoryContext context;		/* of what outlives a check */
	const char *schema;			/* of the extension, quoted */
	const char *database;		/* name of this database */
	WfHealthTable table[WF_PART_COUNT];
	bool		in_recovery;
	bool		listed;			/* this database is in wf_curation.databases */
	WfWorkerRow *workers;		/* of all databases */
	int			nworkers;
	int			standing;		/* standing workers of this database among them */
	bool		scheduled;		/* an active pg_cron job processes this database */
	int			reported;		/* rows of the running check */
	void	   *output;			/* private to wf_health.c */
} WfHealth;

/*
 * Report one finding of the running check.  The detail is a full sentence; the
 * remedy a statement, or NULL where there is none.
 */
extern void wf_health_report(WfHealth *h, WfHealthStatus status, const char *remedy,
							 const char *detail,...) pg_attribute_printf(4, 5);

/* The same about that all is well, where the usual sentence does not fit. */
extern void wf_health_ok(WfHealth *h, const char *detail,...) pg_attribute_printf(2, 3);

/* "SELECT * FROM schema.function(arguments);" */
extern char *wf_health_call(const WfHealth *h, const char *function, const char *arguments);

/* "ALTER SYSTEM SET name = value; SELECT pg_reload_conf();" */
extern char *wf_health_set(const char *name, const char *value);

/* One of our own tables, quoted and qualified. */
extern char *wf_health_own(const WfHealth *h, const char *table);

/* A point in time as SQL text, whatever DateStyle is. */
#define WF_HEALTH_TIME(value) "pg_catalog.to_char(" value ", 'YYYY-MM-DD HH24:MI:SSOF')"

/* "n", or "n or more" if it reached the limit it was counted up to. */
extern char *wf_health_number(int64 n, int64 limit);

/* How many rows (alias p) of a table meet a condition, counted up to a limit. */
extern int64 wf_health_count(const WfBinding *b, const char *condition, int limit);

/* Rows are counted up to here, and said to be "1000 or more". */
#define COUNTED			1000

/* A number of a macro as a part of SQL. */
#define LITERAL_(x)		#x
#define LITERAL(x)		LITERAL_(x)

/* "n domains are" or "1 domain is", by what a part's items are called. */
extern char *wf_health_items_are(WfPartId part, int64 n, int64 limit);

/* The attached table of a part; NULL if there is none without problems. */
extern const WfBinding *wf_health_whole(const WfHealth *h, WfPartId part);

/* The attached tables as an oid[], those that are locked out, too. */
extern Datum wf_health_table_oids(const WfHealth *h);

/* Will somebody process this database: a standing worker or a schedule? */
extern bool wf_health_is_served(const WfHealth *h);

/* in wf_health_tables.c: the attached tables */
extern void wf_health_attached(WfHealth *h);
extern void wf_health_columns(WfHealth *h);
extern void wf_health_row_security(WfHealth *h);
extern void wf_health_triggers(WfHealth *h);
extern void wf_health_index(WfHealth *h);
extern void wf_health_replicated(WfHealth *h);

/* in wf_health_rows.c: what becomes of new rows */
extern void wf_health_defaults(WfHealth *h);
extern void wf_health_new_rows(WfHealth *h);

/* in wf_health_rights.c */
extern void wf_health_identity(WfHealth *h);
extern void wf_health_public(WfHealth *h);

/* in wf_health_locks.c: what other sessions hold */
extern void wf_health_locks(WfHealth *h);
extern void wf_health_long_transactions(WfHealth *h);

/* in wf_health_server.c: who processes, and with which settings */
extern void wf_health_load_workers(WfHealth *h);
extern void wf_health_load_schedule(WfHealth *h);
extern void wf_health_version(WfHealth *h);
extern void wf_health_enabled(WfHealth *h);
extern void wf_health_paused(WfHealth *h);
extern void wf_health_preload(WfHealth *h);
extern void wf_health_workers(WfHealth *h);
extern void wf_health_schedule(WfHealth *h);
extern void wf_health_crawler(WfHealth *h);
extern void wf_health_crashes(WfHealth *h);
extern void wf_health_worker_slots(WfHealth *h);

/* in wf_health_gateway.c */
extern void wf_health_gateway(WfHealth *h);
extern void wf_health_gateway_credits(WfHealth *h);

/* in wf_health_stages.c: what the stages before pages hand on */
extern void wf_health_businesses(WfHealth *h);
extern void wf_health_submitted(WfHealth *h);
extern void wf_health_imported(WfHealth *h);
extern void wf_health_sitemap_depth(WfHealth *h);

/* in wf_health_queue.c: items, claims and history */
extern void wf_health_orphans(WfHealth *h);
extern void wf_health_stuck(WfHealth *h);
extern void wf_health_waiting(WfHealth *h);
extern void wf_health_no_reason(WfHealth *h);
extern void wf_health_oldest_ready(WfHealth *h);
extern void wf_health_error_rate(WfHealth *h);
extern void wf_health_nothing_produced(WfHealth *h);
extern void wf_health_suppressed(WfHealth *h);
extern void wf_health_repeated(WfHealth *h);
extern void wf_health_sites(WfHealth *h);
extern void wf_health_sweep(WfHealth *h);
extern void wf_health_history(WfHealth *h);

#endif							/* WF_HEALTH_H */
