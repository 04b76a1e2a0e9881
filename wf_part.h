/*-------------------------------------------------------------------------
 *
 * wf_part.h
 *	  The parts that user tables play (pages, contacts, …), and how a given
 *	  table's columns and labels fill a part.
 *
 * A WfPart is constant: the columns a part knows, and for status columns the
 * labels with their accepted spellings.  A WfBinding is a part found in one
 * table: attribute numbers, types and the labels as this table spells them.
 * Trigger, attach, check and queue all work from bindings; nobody else knows
 * what a column or a label is called.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_PART_H
#define WF_PART_H

#include "access/attnum.h"
#include "lib/stringinfo.h"
#include "nodes/pg_list.h"
#include "utils/relcache.h"

typedef enum WfPartId
{
	WF_PART_PAGES = 0,
	WF_PART_CONTACTS,
	WF_PART_DOMAINS,
	WF_PART_SITEMAP_FILES,
	WF_PART_LOCAL_BUSINESSES,
	WF_PART_JOBS,				/* what became of searches, for those who look there */
	WF_PART_COUNT
} WfPartId;

/*
 * Columns of a dual-status part; the same slots serve every stage.  A slot whose
 * column has no name (NULL) is one that the part does not have: a domain has no
 * domain_id, so each is a group of its own.
 */
typedef enum WfItemColumn
{
	WF_ITEM_ID = 0,
	WF_ITEM_DOMAIN_ID,
	WF_ITEM_URL,				/* of a domain its name, of a business its website_url */
	WF_ITEM_CURATION,
	WF_ITEM_PROCESSING,
	WF_ITEM_ERROR,				/* optional */
	WF_ITEM_RESULT,				/* optional: contact_scrape_status */
	WF_ITEM_UPDATED_AT,			/* optional */
	WF_ITEM_COLUMNS
} WfItemColumn;

/* Further columns of the stages, all optional. */
typedef enum WfPageColumn
{
	WF_PAGE_TITLE = WF_ITEM_COLUMNS,
	WF_PAGE_TYPE,
	WF_PAGE_PRIORITY,
	WF_PAGE_LAST_MODIFIED,
	WF_PAGE_SITEMAP_FILE_ID,
	WF_PAGE_COLUMNS
} WfPageColumn;

typedef enum WfSitemapColumn
{
	WF_SITEMAP_TYPE = WF_ITEM_COLUMNS,
	WF_SITEMAP_DISCOVERY_METHOD,
	WF_SITEMAP_LASTMOD,
	WF_SITEMAP_URL_COUNT,
	WF_SITEMAP_COLUMNS
} WfSitemapColumn;

typedef enum WfDomainColumn
{
	WF_DOMAIN_STATUS = WF_ITEM_COLUMNS,
	WF_DOMAIN_LOCAL_BUSINESS_ID,
	WF_DOMAIN_COLUMNS
} WfDomainColumn;

/* Columns of contacts. */
typedef enum WfContactColumn
{
	WF_CONTACT_ID = 0,
	WF_CONTACT_DOMAIN_ID,
	WF_CONTACT_PAGE_ID,
	WF_CONTACT_EMAIL,
	WF_CONTACT_NAME,			/* this and the rest: optional */
	WF_CONTACT_PHONE_NUMBER,
	WF_CONTACT_JOB_TITLE,
	WF_CONTACT_SOURCE_URL,
	WF_CONTACT_CONTEXT,
	WF_CONTACT_UPDATED_AT,
	WF_CONTACT_COLUMNS
} WfContactColumn;

/* Columns of jobs. */
typedef enum WfJobColumn
{
	WF_JOB_ID = 0,
	WF_JOB_TYPE,
	WF_JOB_STATUS,
	WF_JOB_DOMAIN_ID,
	WF_JOB_PROGRESS,			/* this and the rest: optional */
	WF_JOB_RESULT_DATA,
	WF_JOB_ERROR,
	WF_JOB_CREATED_AT,
	WF_JOB_UPDATED_AT,
	WF_JOB_COLUMNS
} WfJobColumn;

#define WF_MAX_COLUMNS	16		/* of a part; wf_part_spec.c checks it */

/* Labels of the curation column. */
typedef enum WfCurationLabel
{
	WF_CURATION_SELECTED = 0,
	WF_CURATION_QUEUED,			/* V2 spelling of Selected; optional */
	WF_CURATION_NEW,			/* optional */
	WF_CURATION_ARCHIVED		/* optional */
} WfCurationLabel;

/* Labels of the processing column. */
typedef enum WfProcessingLabel
{
	WF_PROCESSING_QUEUED = 0,
	WF_PROCESSING_PROCESSING,
	WF_PROCESSING_COMPLETE,
	WF_PROCESSING_ERROR,
	WF_PROCESSING_FILTERED,		/* optional */
	WF_PROCESSING_PENDING		/* optional: as good as NULL, nobody asked yet */
} WfProcessingLabel;

/* Labels of the result column (contact_scrape_status). */
typedef enum WfResultLabel
{
	WF_RESULT_FOUND = 0,
	WF_RESULT_NOT_FOUND,
	WF_RESULT_NEW,				/* optional */
	WF_RESULT_ERROR				/* optional */
} WfResultLabel;

/* Labels of jobs' status.  Others there may be are nothing to us: we write ends. */
typedef enum WfJobLabel
{
	WF_JOB_COMPLETE = 0,
	WF_JOB_FAILED
} WfJobLabel;

#define WF_MAX_LABELS	8

/* A label: up to four accepted spellings, the first being ours. */
typedef struct WfLabelSpec
{
	const char *spelling[4];
	bool		required;
} WfLabelSpec;

typedef enum WfColumnKind
{
	WF_COLUMN_UUID,
	WF_COLUMN_TEXT,				/* text, varchar, char, citext or a domain over them */
	WF_COLUMN_STATUS,			/* enum, text or a domain over them */
	WF_COLUMN_LABEL,			/* the same and any other type of texts: a name from a list */
	WF_COLUMN_TIMESTAMP,		/* timestamptz or timestamp */
	WF_COLUMN_INTEGER,			/* integer, bigint or smallint */
	WF_COLUMN_NUMBER,			/* these, real, double precision or numeric */
	WF_COLUMN_JSON				/* json or jsonb */
} WfColumnKind;

typedef struct WfColumnSpec
{
	const char *name;			/* NULL: the part has no such column */
	WfColumnKind kind;
	bool		required;
	const WfLabelSpec *labels;	/* of a status or label column, indexed by its enum */
	int			nlabels;
} WfColumnSpec;

typedef struct WfPart
{
	WfPartId	id;
	const char *name;			/* "pages": first argument of the trigger, default table name */
	bool		is_stage;		/* has curation and processing columns */
	bool		has_queue;		/* items wait for workers: there is an index of ready ones */
	const char *stage;			/* "page": name of the stage in views and claims, or NULL */
	const WfColumnSpec *columns;
	int			ncolumns;
} WfPart;

/* A part's column as a table has it. */
typedef struct WfBoundColumn
{
	AttrNumber	attnum;			/* 0 when the table has no such optional column, or it does
								 * not serve: generated, or of another type */
	Oid			type;			/* declared type */
	int32		typmod;
	Oid			base_type;		/* domains resolved */
	bool		is_enum;
	bool		by_value;		/* of base_type */
	bool		not_null;
	const char *label[WF_MAX_LABELS];	/* this table's spelling, NULL when it has none */
	Oid			label_oid[WF_MAX_LABELS];	/* pg_enum OID of an enum's label */
} WfBoundColumn;

typedef struct WfBinding
{
	const WfPart *part;
	Oid			relid;
	Oid			owner;
	bool		partitioned;
	char	   *relation;		/* quoted, schema-qualified */
	WfBoundColumn column[WF_MAX_COLUMNS];
} WfBinding;

/*
 * What keeps a table from filling a part.  SQLSTATEs: 42809 not a (permanent)
 * table, 42703 missing column, 42804 wrong type, 22P02 the type lacks a label,
 * 428C9 a status column is generated, 23502 it does not allow NULL, 42501 row
 * level security would hide rows from the workers.
 */
typedef struct WfProblem
{
	int			sqlstate;
	const char *column;			/* or NULL */
	char	   *message;		/* primary message, lower case */
	char	   *detail;			/* or NULL */
	char	   *hint;			/* remedy */
} WfProblem;

extern const WfPart wf_parts[WF_PART_COUNT];

/* The part of that name, or NULL. */
extern const WfPart *wf_part_by_name(const char *name);

/*
 * Bind a part to an open relation.  Allocates in the current memory context.
 * With problems != NULL all problems are collected there (List of WfProblem)
 * and NULL is returned if there are any; with problems == NULL the first one
 * is raised as an ERROR with its SQLSTATE, table, column and hint.
 * Takes no lock beyond the caller's; needs a transaction.
 */
extern WfBinding *wf_part_bind(Relation rel, const WfPart *part, List **problems);

/*
 * As wf_part_bind for a stage, but only what its trigger needs: the two status
 * columns, and the error and url columns where they serve.  What else may be
 * wrong with the table is no reason to fail its writers.  Problems are always
 * collected in *problems, and NULL is returned if there are any.
 */
extern WfBinding *wf_part_bind_status(Relation rel, const WfPart *part, List **problems);

/*
 * A status column as an SQL expression to compare with a label's literal, with
 * a table alias before it or, if alias is NULL, without.  Operators on enums do
 * not see through domains, so such a column is cast to its enum.  Whoever wants
 * the index of ready items to be used must use this expression.
 */
extern char *wf_part_status_sql(const WfBinding *binding, int column, const char *alias);

/* Does a column of this base type serve as the kind? */
extern bool wf_part_type_serves(WfColumnKind kind, Oid base_type);

/* in wf_part_insert.c */

/*
 * An SQL expression as an INSERT gives it to a bound column: where that must not be
 * null, the column's default takes the place of NULL, or what says nothing ('', 0).
 */
extern char *wf_part_value_or_default(const WfBinding *binding, int column, const char *value);

/* Does the table give a value to a bound column that an INSERT leaves out? */
extern bool wf_part_has_default(const WfBinding *binding, int column);

/*
 * How an INSERT passes over rows that are there: " ON CONFLICT <target> DO NOTHING", or
 * nothing where the table cannot take that: it has rules, or (without a target, which may
 * be "") a deferrable key.  Then a conflict is an error, and the next try finds the row.
 */
extern char *wf_part_on_conflict(const WfBinding *binding, const char *target);

/* A column that new rows of a table need (NOT NULL, no default). */
typedef struct WfNeededColumn
{
	char	   *name;
	const char *value;			/* an SQL expression; NULL: the parent row's of that name */
} WfNeededColumn;

/*
 * Those of them (List of WfNeededColumn) that nobody else gives a value to: the id and
 * the times, which some services make themselves, and what the part does not know and
 * the parent's table has under the same name, such as tenant_id, and of the same type,
 * or the table's is text or varchar.  There may be no parent (InvalidOid).
 */
extern List *wf_part_needed_columns(const WfBinding *binding, Oid parent);

/* Add them to the columns and values of an INSERT; the parent's row is p. */
extern void wf_part_add_needed(const WfBinding *binding, Oid parent, StringInfo names,
							   StringInfo values);

/* in wf_part.c */

/* Key columns of the index of ready items, as SQL: "domain_id, id", or "id" alone. */
extern char *wf_part_ready_key(const WfBinding *binding);

/* Condition of a ready item of a table, as SQL without free names. */
extern char *wf_part_ready_condition(const WfBinding *binding);

/*
 * The index through which ready items of an open table are found: valid, on
 * wf_part_ready_key, with a predicate equivalent to that condition, whoever made
 * it and under whatever name.  InvalidOid when there is none.
 */
extern Oid wf_part_ready_index(Relation rel, const WfBinding *binding);

/*
 * The label of a status column that a user's text names: any label of an enum,
 * one of ours for a column of type text; case, blanks, '-' and '_' may differ.
 * NULL if there is none; *known is then set to a list of the labels for
 * messages.  Both in the current memory context.
 */
extern char *wf_part_find_label(const WfBoundColumn *column, const WfColumnSpec *spec,
								const char *text, char **known);

/*
 * OID of the attached table of a part: the one with a trigger that calls our
 * trigger function with that part as first argument; InvalidOid when there is
 * none.  Of several, an enabled trigger and then the older one decides; a
 * disabled trigger still is the attachment, since the sweep serves its table.
 * Reads pg_depend and pg_trigger; needs a transaction.  If trigger_arg is not
 * NULL it is set to the second trigger argument ("" when absent), in the
 * current memory context.
 */
extern Oid wf_part_table(WfPartId part, char **trigger_arg);

/* OID of a function of ours without arguments, InvalidOid when it is not there. */
extern Oid wf_part_function(const char *name);

/*
 * The binding of a part's attached table, in the current memory context; NULL if
 * there is none or it does not fit.  Locks the table in ROW EXCLUSIVE mode until
 * the end of the transaction.
 */
extern WfBinding *wf_part_bind_attached(WfPartId part);

/* Likewise; raises an error when there is none or it does not fit. */
extern WfBinding *wf_part_bind_required(WfPartId part);

/* OID of our trigger function, InvalidOid when the extension is not there. */
extern Oid wf_part_trigger_function(void);

/* OID of the schema of the extension, InvalidOid when it is not there. */
extern Oid wf_part_extension_schema(void);

#endif							/* WF_PART_H */
