/*-------------------------------------------------------------------------
 *
 * wf_health_rows.c
 *	  Checks of wf_health() about new rows of the attached tables: those that
 *	  cannot be stored, and those that a default selects.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "wf_compat.h"

#include "catalog/pg_type_d.h"
#include "executor/spi.h"
#include "nodes/pg_list.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "wf_guc.h"
#include "wf_health.h"

/* ------------------------------------------------------------------------
 * Rows that cannot be stored
 * ------------------------------------------------------------------------
 */

/*
 * Columns that a new row of table $1 needs, of those not in $2, and their types;
 * none if a trigger of the user's ($3 is ours) may give them a value.
 */
#define NEEDED_COLUMNS \
	"SELECT pg_catalog.quote_ident(a.attname), a.attname, a.atttypid = 'pg_catalog.uuid'::pg_catalog.regtype" \
	" FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid" \
	" WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped AND a.attnotnull" \
	" AND NOT a.atthasdef AND a.attidentity = '' AND t.typdefault IS NULL AND a.attname <> ALL ($2)" \
	" AND NOT EXISTS (SELECT FROM pg_catalog.pg_trigger g WHERE g.tgrelid = $1 AND g.tgfoid <> $3" \
	"  AND NOT g.tgisinternal AND g.tgenabled <> 'D' AND g.tgtype & 7 = 7)" \
	" ORDER BY a.attnum"

/*
 * The columns that we give a value to, as a name[]: those of the part, and those that
 * the table needs and we know a value for.
 */
static Datum
given_columns(const WfBinding *b, Oid parent)
{
	List	   *needed = wf_part_needed_columns(b, parent);
	Datum	   *names = palloc((b->part->ncolumns + list_length(needed)) * sizeof(Datum));
	int			n = 0;
	ListCell   *lc;

	for (int i = 0; i < b->part->ncolumns; i++)
		if (b->part->columns[i].name && strcmp(b->part->columns[i].name, "id") != 0)
			names[n++] = CStringGetTextDatum(b->part->columns[i].name);
	foreach(lc, needed)
		names[n++] = CStringGetTextDatum(((WfNeededColumn *) lfirst(lc))->name);
	return PointerGetDatum(construct_array(names, n, TEXTOID, -1, false, TYPALIGN_INT));
}

/* Can rows of a table be made from rows of another one? */
static void
check_new_rows(WfHealth *h, WfPartId part, WfPartId parent_part)
{
	const WfBinding *b = wf_health_whole(h, part);
	const WfBinding *parent = wf_health_whole(h, parent_part);
	Oid			types[] = {OIDOID, TEXTARRAYOID, OIDOID};
	Datum		values[3];

	if (b == NULL || parent == NULL)
		return;
	values[0] = ObjectIdGetDatum(b->relid);
	values[1] = given_columns(b, parent->relid);
	values[2] = ObjectIdGetDatum(wf_part_trigger_function());
	wf_views_select(InvalidOid, NEEDED_COLUMNS, 3, types, values);
	for (uint64 row = 0; row < SPI_processed; row++)
	{
		char	   *column = wf_views_text(row, 1);
		bool		is_uuid = strcmp(wf_views_text(row, 3), "t") == 0;

		wf_health_report(h, WF_HEALTH_FAIL,
						 psprintf("ALTER TABLE %s ALTER COLUMN %s %s;", b->relation, column,
								  is_uuid ? "SET DEFAULT gen_random_uuid()" : "DROP NOT NULL"),
						 "No new row can be stored in table %s: its column \"%s\" must not be null, and nobody gives it a value.",
						 b->relation, wf_views_text(row, 2));
	}
}

/* See wf_health.h. */
void
wf_health_new_rows(WfHealth *h)
{
	check_new_rows(h, WF_PART_CONTACTS, WF_PART_PAGES);
	check_new_rows(h, WF_PART_PAGES, WF_PART_SITEMAP_FILES);
	check_new_rows(h, WF_PART_SITEMAP_FILES, WF_PART_DOMAINS);
	check_new_rows(h, WF_PART_DOMAINS, WF_PART_LOCAL_BUSINESSES);
}

/* ------------------------------------------------------------------------
 * Rows that a default selects
 * ------------------------------------------------------------------------
 */

/* The default of column $2 of table $1, or of its type, as SQL. */
#define COLUMN_DEFAULT \
	"SELECT coalesce(pg_catalog.pg_get_expr(d.adbin, d.adrelid), t.typdefault)" \
	" FROM pg_catalog.pg_attribute a" \
	" JOIN pg_catalog.pg_type t ON t.oid = a.atttypid" \
	" LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum" \
	" WHERE a.attrelid = $1 AND a.attnum = $2"

/* Is the default of a column this label?  Nothing is evaluated. */
static bool
is_default(const WfBinding *b, int column, const char *label)
{
	Oid			types[] = {OIDOID, INT2OID};
	Datum		values[2];
	char	   *expression;
	char	   *literal;
	size_t		len;

	if (label == NULL)
		return false;
	values[0] = ObjectIdGetDatum(b->relid);
	values[1] = Int16GetDatum(b->column[column].attnum);
	wf_views_select(InvalidOid, COLUMN_DEFAULT, 2, types, values);
	expression = SPI_processed > 0 ? wf_views_text(0, 1) : NULL;
	literal = quote_literal_cstr(label);
	len = strlen(literal);
	/* as it is, or with casts behind it or around */
	while (expression && *expression == '(')
		expression++;
	return expression && strncmp(expression, literal, len) == 0 &&
		(expression[len] == '\0' || expression[len] == ':' || expression[len] == ')');
}

static void
report_default(WfHealth *h, const WfBinding *b, int column, const char *label, const char *better,
			   const char *effect)
{
	const char *name = b->part->columns[column].name;

	wf_health_report(h, WF_HEALTH_WARN,
					 psprintf("ALTER TABLE %s ALTER COLUMN %s SET DEFAULT %s;", b->relation,
							  quote_identifier(name), better ? quote_literal_cstr(better) : "NULL"),
					 "The default of column \"%s\" of table %s is \"%s\": each new row %s.",
					 name, b->relation, label, effect);
}

/* See wf_health.h. */
void
wf_health_defaults(WfHealth *h)
{
	for (int part = 0; part < WF_PART_COUNT; part++)
	{
		const WfBinding *b = h->table[part].binding;
		const WfBoundColumn *curation;
		const char *queued;

		if (b == NULL || !b->part->is_stage)
			continue;
		curation = &b->column[WF_ITEM_CURATION];
		queued = b->column[WF_ITEM_PROCESSING].label[WF_PROCESSING_QUEUED];
		for (int i = 0; i < b->part->columns[WF_ITEM_CURATION].nlabels; i++)
			if ((wf_guc_queue_on_labels() & (1U << i)) &&
				is_default(b, WF_ITEM_CURATION, curation->label[i]))
				report_default(h, b, WF_ITEM_CURATION, curation->label[i],
							   curation->label[WF_CURATION_NEW], "is selected and queued");
		if (is_default(b, WF_ITEM_PROCESSING, queued))
			report_default(h, b, WF_ITEM_PROCESSING, queued, NULL, "is queued");
	}
}
