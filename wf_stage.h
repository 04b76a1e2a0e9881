/*-------------------------------------------------------------------------
 *
 * wf_stage.h
 *	  A stage as it stands in this database: attached tables, whose rights,
 *	  and every statement on them as generated for their columns and labels.
 *
 * Built from the catalogs in a worker, rebuilt when a relation cache
 * invalidation says that a table may have changed.  All SQL text on user
 * tables is made in wf_stage*.c; wf_queue, wf_store and wf_sweep only execute.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_STAGE_H
#define WF_STAGE_H

#include "wf_db.h"
#include "wf_part.h"

/* The stages.  The number is also their byte in a FETCH message. */
typedef enum WfStageId
{
	WF_STAGE_PAGE = 0,			/* page → contacts */
	WF_STAGE_SITEMAP_FILE = 1,	/* sitemap file → pages */
	WF_STAGE_DOMAIN = 2,		/* domain → sitemap files */
	WF_STAGE_COUNT
} WfStageId;

struct WfStage;

/*
 * What is constant about a stage.  What becomes of its results, beyond status,
 * claim and history, is in two places: the statements (make_targets here) and
 * who calls them (WfStoreHooks in wf_store.h).
 */
typedef struct WfStageSpec
{
	WfPartId	items;			/* the table that is the queue */
	WfPartId	targets;		/* the table that results go to */
	bool		optional;		/* without both tables there is no such stage, and nothing wrong */
	bool		wants_domain;	/* the crawler is told the name of the item's domain */

	/*
	 * Make the statements on the targets.  strategy is the second argument of
	 * their trigger.  False with a reason in *problem (the stage's memory) when
	 * the table does not serve.  NULL: the stage is not built in.
	 */
	bool		(*make_targets) (struct WfStage *stage, const char *strategy,
								 const char **problem);
} WfStageSpec;

extern const WfStageSpec wf_stage_specs[WF_STAGE_COUNT];

/* Statements on user tables; arguments and result columns behind each. */
typedef enum WfStageStatement
{
	WF_STMT_DOMAINS = 0,		/* from uuid, n int → domain_id: those with ready items */
	WF_STMT_READY,				/* domain uuid, from uuid, n int → id, url */
	WF_STMT_READY_NULL,			/* from uuid, n int → the same of ready items without domain */
	WF_STMT_READY_OF,			/* ids uuid[] → id, url, domain_id of those ready, in that order */
	WF_STMT_CLAIM,				/* ids uuid[] → id, domain_id, url, old error, domain */
	WF_STMT_LOCK,				/* ids uuid[] → id of those still Processing, locked */
	WF_STMT_RUNNING,			/* ids uuid[] → id of those still Processing, not locked */
	WF_STMT_FINISH,				/* ids uuid[], action int[], error text[], result int[],
								 * title text[] → id */
	WF_STMT_REQUEUE,			/* ids uuid[], error text[] → id: Processing back to Queued */
	WF_STMT_ORPHANS,			/* n int → id of those Selected with NULL */
	WF_STMT_WAITING,			/* ids uuid[] → id of those Queued with an error */
	WF_STMT_UNEXPLAINED,		/* n int → id of those Queued with an error, any */
	WF_STMT_SURVEY,				/* → orphans bool, no reason bool, waiting bigint,
								 * ids uuid[] of those Processing: the whole table, once */
	WF_STMT_NO_REASON,			/* n int → id of those in Error without a reason */
	WF_STMT_QUEUE_ORPHANS,		/* ids uuid[] → id of those that still were such, now Queued */
	WF_STMT_GIVE_REASONS,		/* ids uuid[] → id of those that still were such, now with one */
	WF_STMT_EXISTING,			/* ids uuid[] → id of those that are there */
	WF_STMT_CONTACTS_EXISTING,	/* ids uuid[] → id of those contacts that are there */
	WF_STMT_CONTACTS_FIND,		/* n int[], page uuid[], email text[] → n, id, name, phone,
								 * title of contacts that are there */
	WF_STMT_CONTACTS_UPDATE,	/* n int[], id uuid[], name, phone, title, old name, phone,
								 * title text[] → n, name, phone, title now, of those that
								 * still had the old ones; new NULL: as it is */
	WF_STMT_CONTACTS_INSERT,	/* page uuid[], email, name, phone, title, source_url,
								 * context text[] → id, page, email, name, phone, title */
	WF_STMT_ENTRIES_UPDATE,		/* entry arrays: what is newer about targets that exist */
	WF_STMT_ENTRIES_INSERT,		/* entry arrays: the other ones */
	WF_STMT_CHILDREN_UPDATE,	/* as the last two, of sitemaps that a sitemap lists; */
	WF_STMT_CHILDREN_INSERT,	/* → id of the new ones */
	WF_STMT_CHILDREN_FIND,		/* entry arrays → id of those that are there, may they be
								 * queued again */
	WF_STMT_CHILDREN_AGAIN,		/* ids uuid[] → id of those that are queued now */
	WF_STMT_TOTALS,				/* ids uuid[], url_count int[], type text[] of sitemap files */
	WF_STMT_JOBS,				/* ids uuid[], label int[], error text[], sitemaps text[],
								 * started timestamptz[] of searches that ended */
	WF_STMT_COUNT
} WfStageStatement;

/* Begins the address of a contact that stands for "none"; the page's id follows. */
#define WF_PLACEHOLDER "notfound_"

/* What WF_STMT_FINISH does to an item. */
typedef enum WfFinishAction
{
	WF_FINISH_COMPLETE = 0,
	WF_FINISH_ERROR = 1,
	WF_FINISH_RETRY = 2			/* Queued, with the error */
} WfFinishAction;

/* Arguments of the entry statements: an item, parallel arrays. */
#define WF_ENTRY_ARGS 6 /* item, url[], lastmod timestamptz[], type[], method[], url_count[] */

/* What an import does with a page besides storing it; in the place of the method. */
#define WF_IMPORT_SELECT	"select"
#define WF_IMPORT_FILTER	"filter"

/* Indexes of indexes are followed so far below the one somebody asked for. */
#define WF_MAX_INDEX_DEPTH 5

/* In the reason of an index whose sitemaps lie deeper; wf_health() looks for it. */
#define WF_TOO_DEEP "levels below the sitemap asked for"

typedef struct WfStage
{
	WfStageId	id;
	const char *name;			/* in wf_claim, wf_attempt and views */
	MemoryContext context;		/* all of it */
	WfBinding  *items;
	WfBinding  *targets;
	WfBinding  *jobs;			/* of domains: where searches are noted, too; or NULL */
	bool		targets_by_key; /* a unique key of the targets settles races */
	bool		has_error_column;	/* the ready condition sees errors */
	Oid			owner;			/* whose rights */
	List	   *members;		/* OIDs of the two tables, those of jobs, and their children */
	List	   *locked;			/* a superuser's: the tables with their children */
	WfStatement stmt[WF_STMT_COUNT];
} WfStage;

/*
 * A stage, or NULL with the reason in *problem (valid until the next call):
 * tables not fit, fed by a subscription, nobody's rights.  *problem is NULL
 * when there is no such stage here, and nothing wrong.  Uses the cached one while nothing changed.
 * Must be called inside wf_db_run.  Where the rights are a superuser's the tables
 * are locked until the end of the transaction against new triggers.
 */
extern WfStage *wf_stage_get(WfStageId id, const char **problem);

/* Look at the catalogs again at the next wf_stage_get, whatever happened. */
extern void wf_stage_reset(WfStageId id);

/*
 * A number that differs from an earlier one if rows of the two tables were
 * written meanwhile, by whomever, or if the catalogs changed.  From the cumulative
 * statistics, so a session's writes show up to 10 s after its transaction.  Always
 * another number where statistics are not kept (track_counts).  No statement is
 * executed; must be called inside wf_db_run.
 */
extern uint64 wf_stage_changes(WfStageId id);

/* Name of a stage in wf_claim, wf_attempt, wf_paused and the views. */
extern const char *wf_stage_name(WfStageId id);

/* Schema-qualified name of one of our own tables, in the caller's context. */
extern char *wf_stage_own_table(const char *name);

/* What stands where a text named somebody who was erased. */
#define WF_ERASED "(erased)"

/*
 * Statements of wf_erase(), in the caller's context; $1 text[]: the forms of an
 * address in lower case.  The first deletes contacts, and returns their ids; the
 * second replaces values of a column that mention it, by NULL (contacts) or
 * WF_ERASED.
 */
extern char *wf_stage_erase_contacts(const WfBinding *contacts);
extern char *wf_stage_forget_mentions(const WfBinding *binding, int column);

#endif							/* WF_STAGE_H */
