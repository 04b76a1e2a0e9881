/*-------------------------------------------------------------------------
 *
 * wf_db.h
 *	  Transactions and statements of a worker: whose rights, which settings.
 *
 * All SQL of a worker runs through here.  A transaction has an owner, the
 * role whose rights apply to user tables; statements on our own tables run
 * with the worker's own rights.  The two are never mixed in one statement.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_DB_H
#define WF_DB_H

#include "executor/spi.h"

#define WF_MAX_ARGS 16

/* A statement with its plan; zero-initialised but for sql and argtypes. */
typedef struct WfStatement
{
	const char *sql;
	int			nargs;
	bool		walks;			/* reads a whole table: in its order, not along an index */
	Oid			argtypes[WF_MAX_ARGS];
	bool		custom_plan;	/* planned for each execution: its tables grow under it */
	SPIPlanPtr	plan;			/* kept; made at first use */
} WfStatement;

/* What went wrong in wf_db_run; texts in the caller's memory context. */
typedef struct WfDbError
{
	int			sqlstate;
	char	   *message;
} WfDbError;

/* With whose rights a statement runs. */
typedef enum WfDbRights
{
	WF_AS_SELF,					/* our own tables and the catalogs */
	WF_AS_OWNER					/* user tables */
} WfDbRights;

/* To be called once after connecting: settings no role or database changes. */
extern void wf_db_init(void);

/*
 * Run work(arg) in a transaction of its own, whose owner is "owner" (up to and
 * including commit, so that deferred triggers are the owner's too; InvalidOid:
 * there will be no WF_AS_OWNER statement).  True when committed.  On an ERROR
 * everything is rolled back, *error is filled and false returned; FATAL passes
 * through.  The caller must not be in a transaction.  "activity" is what
 * pg_stat_activity shows.
 */
extern bool wf_db_run(const char *activity, Oid owner,
					  void (*work) (void *arg), void *arg, WfDbError *error);

/*
 * Execute a statement inside wf_db_run; result in SPI_tuptable/SPI_processed.
 * nulls as in SPI ('n' for NULL) or NULL.  Settings changed meanwhile by code
 * of the table's owner (triggers) are undone.
 */
extern void wf_db_execute(WfStatement *stmt, WfDbRights rights,
						  Datum *values, const char *nulls);

/*
 * Execute a statement on user tables in a session's own transaction, with the
 * rights of a role and the search_path of the session; SPI must be connected.
 * Result in SPI_tuptable/SPI_processed.
 */
extern void wf_db_execute_as(Oid role, const char *sql, int nargs, Oid *types, Datum *values);

/*
 * An array of n elements of a built-in type as a statement's argument, in the
 * current memory context.  nulls may be NULL: none is.
 */
extern Datum wf_db_array(Datum *elems, bool *nulls, int n, Oid type);

/*
 * Fill in a statement that is kept until wf_db_unmake: its text, which is copied, and
 * the types (Oid) of its nargs arguments.
 */
extern void wf_db_make(WfStatement *stmt, const char *sql, int nargs,...);
extern void wf_db_vmake(WfStatement *stmt, const char *sql, int nargs, va_list types);

/* Forget the text and the plan of a statement, if it has any. */
extern void wf_db_unmake(WfStatement *stmt);

/* Drop the kept plan; the next execution plans anew. */
extern void wf_db_forget(WfStatement *stmt);

/* Is this SQLSTATE a conflict that a later try may not meet? */
extern bool wf_db_is_transient(int sqlstate);

/* May a row's own data, or a trigger's word about it, cause this SQLSTATE? */
extern bool wf_db_is_of_a_row(int sqlstate);

/* Has the server run out of something: disk, memory, locks, connections? */
extern bool wf_db_is_shortage(int sqlstate);

/*
 * A number that differs from an earlier one if rows of these tables were written
 * meanwhile, by whomever.  From the cumulative statistics, so a session's writes
 * show up to 10 s after its transaction.  Always another number where statistics
 * are not kept (track_counts).  No statement is executed.
 */
extern uint64 wf_db_changes(const List *relids);

/*
 * A number that changes with what ALTER DATABASE … SET and ALTER ROLE … SET give to
 * sessions like this one.  Inside a transaction.
 */
extern uint32 wf_db_settings(void);

#endif							/* WF_DB_H */
