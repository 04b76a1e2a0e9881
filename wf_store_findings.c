/*-------------------------------------------------------------------------
 *
 * wf_store_findings.c
 *	  Evidence: what was found where, brought up to date with each good fetch of
 *	  a page.
 *
 * In the transaction that stores the page's contacts.  What the suppression
 * list names never reaches a table: neither the finding, nor what the same page
 * says of the same person, nor texts that mention either.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "core/wf_text.h"

#include "wf_encoding.h"
#include "wf_store_int.h"
#include "wf_suppress.h"

static const Oid row_types[] = {UUIDOID, INT4OID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID,
TEXTOID, TEXTOID, INT8OID, TEXTOID, TIMESTAMPTZOID, INT4OID};

static WfStatement known_stmt;
static WfStatement delete_stmt;
static WfStatement add_stmt;
static WfStatement insert_stmt;

/* ------------------------------------------------------------------------
 * The suppression list
 * ------------------------------------------------------------------------
 */

/* Is a text part of another, ASCII letters in any case? */
static bool
mentions(WfSlice text, WfSlice part)
{
	if (part.len == 0)
		return false;
	for (size_t i = 0; i + part.len <= text.len; i++)
		if (wf_text_equal_nocase((WfSlice) {text.data + i, part.len}, part))
			return true;
	return false;
}

/* Does a finding tell of the person that a suppressed one is about? */
static bool
is_same_person(const WfFinding *finding, const WfFinding *suppressed)
{
	return suppressed->name.len > 0 && wf_text_equal(finding->name, suppressed->name);
}

/* Returns whether something was taken off. */
static bool
suppress_in(WfFindings *findings, WfSuppressionList *list)
{
	bool	   *listed = palloc0(Max(findings->count, 1) * sizeof(bool));
	bool	   *gone = palloc0(Max(findings->count, 1) * sizeof(bool));
	int			kept = 0;
	bool		any = false;

	for (int i = 0; i < findings->count; i++)
	{
		listed[i] = findings->items[i].kind == WF_KIND_EMAIL &&
			wf_suppress_has(list, findings->items[i].value);
		any |= listed[i];
	}
	for (int i = 0; i < findings->count; i++)
	{
		WfFinding  *f = &findings->items[i];

		gone[i] = listed[i];
		for (int s = 0; s < findings->count && !gone[i]; s++)
		{
			const WfFinding *suppressed = &findings->items[s];

			if (!listed[s])
				continue;
			gone[i] = f->kind != WF_KIND_EMAIL && is_same_person(f, suppressed);
			if (mentions(f->context, suppressed->value) || mentions(f->context, suppressed->raw) ||
				mentions(f->context, suppressed->name))
				f->context = WF_SLICE_EMPTY;
		}
	}
	for (int i = 0; i < findings->count; i++)
		if (!gone[i])
			findings->items[kept++] = findings->items[i];
	findings->count = kept;
	return any;
}

void
wf_store_suppress(WfResult **results, int n)
{
	WfSuppressionList *list = wf_suppress_open(wf_part_extension_schema());

	if (!wf_suppress_is_empty(list))
		for (int i = 0; i < n; i++)
			results[i]->new_evidence |= suppress_in(&results[i]->findings, list);
	wf_suppress_close(list);
}

/* ------------------------------------------------------------------------
 * Evidence
 * ------------------------------------------------------------------------
 */

#define ROWS "unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)" \
	" r (page_id, n, kind, value, raw, name, job_title, phone, source, position, context," \
	" found_at, told)"

/*
 * A page read for the first time has its rows inserted.  For another, two statements
 * take the rows that are to be there, and a row n = 0 for each page.  Rows that
 * are there already stay, so that a page that has not changed costs no writing.
 * NOT IN rather than NOT EXISTS: hashed whatever the planner thinks of unnest().
 */
static void
make_statements(void)
{
	static const Oid page_types[] = {UUIDOID};
	char	   *table;
	char	   *insert;

	if (insert_stmt.sql)
		return;
	table = wf_stage_own_table("wf_finding");
	insert = psprintf("INSERT INTO %s (page_id, n, kind, value, raw, name, job_title, phone,"
					  " source, position, context, found_at, told) SELECT * FROM " ROWS, table);
	wf_store_make(&known_stmt,
				  psprintf("SELECT u.id FROM unnest($1) u(id) WHERE EXISTS"
						   " (SELECT 1 FROM %s f WHERE f.page_id = u.id)", table), page_types, 1);
	wf_store_make(&delete_stmt,
				  psprintf("DELETE FROM %s f WHERE f.page_id = ANY ($1) AND (f.page_id, f.n, f.kind,"
						   " f.value, f.source, f.position, coalesce(f.raw, ''),"
						   " coalesce(f.name, ''), coalesce(f.job_title, ''),"
						   " coalesce(f.phone, ''), coalesce(f.context, ''), f.told) NOT IN"
						   " (SELECT r.page_id, r.n, r.kind, r.value, r.source, r.position,"
						   " coalesce(r.raw, ''), coalesce(r.name, ''), coalesce(r.job_title, ''),"
						   " coalesce(r.phone, ''), coalesce(r.context, ''), r.told"
						   " FROM " ROWS " WHERE r.n > 0)", table), row_types, lengthof(row_types));
	wf_store_make(&add_stmt, psprintf("%s WHERE r.n > 0 ON CONFLICT DO NOTHING", insert),
				  row_types, lengthof(row_types));
	wf_store_make(&insert_stmt, insert, row_types, lengthof(row_types));
}

static void
append_finding(WfArrays *arrays, const WfResult *result, int n)
{
	const WfFinding *f = &result->findings.items[n];
	const char *kind = wf_finding_kind_name(f->kind);
	const char *source = wf_finding_source_name(f->source);

	wf_store_set(arrays, 0, UUIDPGetDatum(&result->item->id));
	wf_store_set(arrays, 1, Int32GetDatum(n + 1));
	wf_store_set(arrays, 2, CStringGetTextDatum(kind ? kind : "unknown"));
	wf_store_set_text(arrays, 3, f->value);
	wf_store_set_text(arrays, 4, wf_text_equal(f->raw, f->value) ? WF_SLICE_EMPTY : f->raw);
	wf_store_set_text(arrays, 5, f->name);
	wf_store_set_text(arrays, 6, f->job_title);
	wf_store_set_text(arrays, 7, f->phone);
	wf_store_set(arrays, 8, CStringGetTextDatum(source ? source : "unknown"));
	wf_store_set(arrays, 9, Int64GetDatum((int64) f->position));
	wf_store_set_text(arrays, 10, f->context);
	wf_store_set(arrays, 11, TimestampTzGetDatum(result->finished_at));
	wf_store_set(arrays, 12, Int32GetDatum(f->told));
	arrays->n++;
}

/* The page was read, whatever was found. */
static void
append_page(WfArrays *rows, const WfResult *result)
{
	wf_store_set(rows, 0, UUIDPGetDatum(&result->item->id));
	wf_store_set(rows, 1, Int32GetDatum(0));
	rows->n++;
}

/*
 * Which pages with new evidence have some already?  Nobody adds any meanwhile: their
 * rows are locked.
 */
static bool *
find_known(WfResult **results, int n)
{
	static const Oid types[] = {UUIDOID};
	bool	   *known = palloc0(n * sizeof(bool));
	WfArrays	pages;

	wf_store_arrays(&pages, types, 1, n);
	for (int i = 0; i < n; i++)
	{
		if (!results[i]->new_evidence)
			continue;
		wf_store_set(&pages, 0, UUIDPGetDatum(&results[i]->item->id));
		pages.n++;
	}
	if (pages.n == 0)
		return known;
	wf_store_execute(&known_stmt, WF_AS_SELF, &pages);
	for (uint64 row = 0; row < SPI_processed; row++)
		for (int i = 0; i < n; i++)
			known[i] |= wf_store_is_row_of(row, results[i]->item);
	SPI_freetuptable(SPI_tuptable);
	return known;
}

/* A page that could not be fetched keeps what was found on it before. */
void
wf_store_findings(WfResult **results, int n)
{
	WfArrays	first;			/* rows of pages without evidence so far */
	WfArrays	again;			/* of others */
	bool	   *known;
	int			total = 0;

	make_statements();
	known = find_known(results, n);
	for (int i = 0; i < n; i++)
		total += results[i]->findings.count;
	wf_store_arrays(&first, row_types, lengthof(row_types), total);
	wf_store_arrays(&again, row_types, lengthof(row_types), n + total);
	for (int i = 0; i < n; i++)
	{
		if (!results[i]->new_evidence)
			continue;
		if (known[i])
			append_page(&again, results[i]);
		for (int f = 0; f < results[i]->findings.count; f++)
			if (results[i]->findings.items[f].value.len > 0)
				append_finding(known[i] ? &again : &first, results[i], f);
	}
	if (again.n > 0)
	{
		wf_store_execute(&delete_stmt, WF_AS_SELF, &again);
		wf_store_execute(&add_stmt, WF_AS_SELF, &again);
	}
	if (first.n > 0)
		wf_store_execute(&insert_stmt, WF_AS_SELF, &first);
}

void
wf_store_findings_reset(void)
{
	wf_db_unmake(&known_stmt);
	wf_db_unmake(&delete_stmt);
	wf_db_unmake(&add_stmt);
	wf_db_unmake(&insert_stmt);
}
