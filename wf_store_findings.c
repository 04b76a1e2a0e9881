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

static WfStatement delete_stmt;
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

/*
 * Both take the rows that are to be there, and a row n = 0 for each page.  Rows that
 * are there already stay, so that a page that has not changed costs no writing.
 * NOT IN rather than NOT EXISTS: hashed whatever the planner thinks of unnest().
 */
static void
make_statements(void)
{
	char	   *table;

	if (delete_stmt.sql)
		return;
	table = wf_stage_own_table("wf_finding");
	wf_store_make(&delete_stmt,
				  psprintf("DELETE FROM %s f WHERE f.page_id = ANY ($1) AND (f.page_id, f.n, f.kind,"
						   " f.value, f.source, f.position, coalesce(f.raw, ''),"
						   " coalesce(f.name, ''), coalesce(f.job_title, ''),"
						   " coalesce(f.phone, ''), coalesce(f.context, ''), f.told) NOT IN"
						   " (SELECT r.page_id, r.n, r.kind, r.value, r.source, r.position,"
						   " coalesce(r.raw, ''), coalesce(r.name, ''), coalesce(r.job_title, ''),"
						   " coalesce(r.phone, ''), coalesce(r.context, ''), r.told"
						   " FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
						   " r (page_id, n, kind, value, raw, name, job_title, phone, source,"
						   " position, context, found_at, told)"
						   " WHERE r.n > 0)", table), row_types, lengthof(row_types));
	wf_store_make(&insert_stmt,
				  psprintf("INSERT INTO %s (page_id, n, kind, value, raw, name, job_title, phone,"
						   " source, position, context, found_at, told)"
						   " SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12,"
						   " $13)"
						   " r (page_id, n) WHERE r.n > 0 ON CONFLICT DO NOTHING",
						   table), row_types, lengthof(row_types));
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

/* A page that could not be fetched keeps what was found on it before. */
void
wf_store_findings(WfResult **results, int n)
{
	WfArrays	rows;
	int			total = 0;
	int			pages = 0;

	make_statements();
	for (int i = 0; i < n; i++)
		total += results[i]->findings.count;
	wf_store_arrays(&rows, row_types, lengthof(row_types), n + total);
	for (int i = 0; i < n; i++)
	{
		if (!results[i]->new_evidence)
			continue;
		append_page(&rows, results[i]);
		pages++;
		for (int f = 0; f < results[i]->findings.count; f++)
			if (results[i]->findings.items[f].value.len > 0)
				append_finding(&rows, results[i], f);
	}
	if (pages == 0)
		return;
	wf_store_execute(&delete_stmt, WF_AS_SELF, &rows);
	if (rows.n > pages)
		wf_store_execute(&insert_stmt, WF_AS_SELF, &rows);
}

void
wf_store_findings_reset(void)
{
	wf_db_unmake(&delete_stmt);
	wf_db_unmake(&insert_stmt);
}
