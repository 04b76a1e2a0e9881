/*-------------------------------------------------------------------------
 *
 * wf_store_validators.c
 *	  What the version of a page that we know is asked for by (RFC 9110, 13.1).
 *
 * With each good fetch a page's ETag and Last-Modified are kept in wf_validator,
 * in the transaction that stores what the page yielded.  The next fetch sends
 * them, if the page's URL and the extension's version are the same as then and
 * all of its evidence is there.  An answer 304 says that a fetch would find the
 * same: the evidence is read back and goes the way of what was just found, so
 * that contacts which were deleted or changed meanwhile end as they would then.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "wf_curation.h"
#include "wf_encoding.h"
#include "wf_store_int.h"

static const Oid page_types[] = {UUIDOID};
static const Oid write_types[] = {UUIDOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, INT4OID, TEXTOID,
TIMESTAMPTZOID};

static WfStatement delete_stmt;
static WfStatement write_stmt;
static WfStatement read_stmt;
static WfStatement evidence_stmt;

static void
make_statements(void)
{
	char	   *table;
	char	   *findings;

	if (delete_stmt.sql)
		return;
	table = wf_stage_own_table("wf_validator");
	findings = wf_stage_own_table("wf_finding");
	wf_store_make(&read_stmt,
				  psprintf("SELECT v.page_id, v.url, v.version_url, v.etag, v.last_modified"
						   " FROM %s v WHERE v.page_id = ANY ($1) AND v.version = %s"
						   " AND v.findings = (SELECT count(*) FROM %s f"
						   " WHERE f.page_id = v.page_id)", table,
						   quote_literal_cstr(WF_VERSION), findings),
				  page_types, lengthof(page_types));
	wf_store_make(&evidence_stmt,
				  psprintf("SELECT f.page_id, f.kind, f.source, f.position, f.value, f.raw, f.name,"
						   " f.job_title, f.phone, f.context, f.told FROM %s f"
						   " WHERE f.page_id = ANY ($1) ORDER BY f.page_id, f.n", findings),
				  page_types, lengthof(page_types));
	wf_store_make(&write_stmt,
				  psprintf("INSERT INTO %s AS v (page_id, url, version_url, etag, last_modified,"
						   " findings, version, stored_at)"
						   " SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8)"
						   " ON CONFLICT (page_id) DO UPDATE SET url = EXCLUDED.url,"
						   " version_url = EXCLUDED.version_url, etag = EXCLUDED.etag,"
						   " last_modified = EXCLUDED.last_modified, findings = EXCLUDED.findings,"
						   " version = EXCLUDED.version, stored_at = EXCLUDED.stored_at", table),
				  write_types, lengthof(write_types));
	wf_store_make(&delete_stmt, psprintf("DELETE FROM %s v WHERE v.page_id = ANY ($1)", table),
				  page_types, lengthof(page_types));
}

void
wf_store_validators_reset(void)
{
	wf_db_unmake(&read_stmt);
	wf_db_unmake(&evidence_stmt);
	wf_db_unmake(&write_stmt);
	wf_db_unmake(&delete_stmt);
}

/* ------------------------------------------------------------------------
 * Storing
 * ------------------------------------------------------------------------
 */

/* As many rows as wf_store_findings writes of it. */
static int
stored_findings(const WfResult *result)
{
	int			n = 0;

	for (int i = 0; i < result->findings.count; i++)
		n += result->findings.items[i].value.len > 0;
	return n;
}

static void
append_validator(WfArrays *rows, const WfResult *result)
{
	const char *url = result->item->url;

	wf_store_set(rows, 0, UUIDPGetDatum(&result->item->id));
	wf_store_set_text(rows, 1, (WfSlice) {url, strlen(url)});
	wf_store_set_text(rows, 2, result->effective_url);
	wf_store_set_text(rows, 3, result->etag);
	wf_store_set_text(rows, 4, result->last_modified);
	wf_store_set(rows, 5, Int32GetDatum(stored_findings(result)));
	wf_store_set(rows, 6, CStringGetTextDatum(WF_VERSION));
	wf_store_set(rows, 7, TimestampTzGetDatum(result->finished_at));
	rows->n++;
}

void
wf_store_validators(WfResult **results, int n)
{
	WfArrays	rows;
	WfArrays	gone;

	make_statements();
	wf_store_arrays(&rows, write_types, lengthof(write_types), n);
	wf_store_arrays(&gone, page_types, lengthof(page_types), n);
	for (int i = 0; i < n; i++)
	{
		const WfResult *r = results[i];

		if (r->outcome == WF_OUTCOME_OK && r->effective_url.len > 0 &&
			(r->etag.len > 0 || r->last_modified.len > 0))
			append_validator(&rows, r);
		else if (r->new_evidence || wf_store_action(r) == WF_FINISH_ERROR)
		{
			wf_store_set(&gone, 0, UUIDPGetDatum(&r->item->id));
			gone.n++;
		}
	}
	if (rows.n > 0)
		wf_store_execute(&write_stmt, WF_AS_SELF, &rows);
	if (gone.n > 0)
		wf_store_execute(&delete_stmt, WF_AS_SELF, &gone);
}

/* ------------------------------------------------------------------------
 * Rows of the last statement
 * ------------------------------------------------------------------------
 */

static char *
text_of(uint64 row, int col)
{
	return SPI_getvalue(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, col);
}

/* Of a column that is never null. */
static char *
utf8_of(uint64 row, int col)
{
	char	   *text = text_of(row, col);
	char	   *utf8 = wf_encoding_to_utf8(text);

	pfree(text);
	return utf8;
}

/* Empty for NULL. */
static WfSlice
slice_of(uint64 row, int col)
{
	char	   *text = text_of(row, col);

	if (text == NULL)
		return WF_SLICE_EMPTY;
	text = wf_encoding_to_utf8(text);
	return (WfSlice) {text, strlen(text)};
}

/* ------------------------------------------------------------------------
 * Asking
 * ------------------------------------------------------------------------
 */

static void
read_for_pages(WfStatement *stmt, WfItem **items, int n)
{
	WfArrays	args;

	make_statements();
	wf_store_arrays(&args, page_types, lengthof(page_types), n);
	for (; args.n < n; args.n++)
		wf_store_set(&args, 0, UUIDPGetDatum(&items[args.n]->id));
	wf_store_execute(stmt, WF_AS_SELF, &args);
}

void
wf_store_ask_by_validators(WfItem **items, int n, MemoryContext context)
{
	MemoryContext old;

	if (n == 0 || items[0]->stage != WF_STAGE_PAGE)
		return;
	read_for_pages(&read_stmt, items, n);
	old = MemoryContextSwitchTo(context);
	for (uint64 row = 0; row < SPI_processed; row++)
	{
		char	   *url = utf8_of(row, 2);

		for (int i = 0; i < n; i++)
		{
			if (!wf_store_is_row_of(row, items[i]) || strcmp(items[i]->url, url) != 0)
				continue;
			items[i]->version_url = utf8_of(row, 3);
			items[i]->etag = text_of(row, 4);
			items[i]->last_modified = text_of(row, 5);
		}
		pfree(url);
	}
	MemoryContextSwitchTo(old);
	SPI_freetuptable(SPI_tuptable);
}

/* ------------------------------------------------------------------------
 * An answer 304
 * ------------------------------------------------------------------------
 */

/* The number of a name, 0 if it has none. */
static int
number_of(const char *name, const char *(*name_of) (int), int last)
{
	for (int i = 1; i <= last; i++)
		if (name_of(i) && strcmp(name_of(i), name) == 0)
			return i;
	return 0;
}

static void
recall_finding(WfFindings *findings, uint64 row)
{
	WfFinding	f = {0};
	bool		isnull;

	f.kind = number_of(text_of(row, 2), wf_finding_kind_name, WF_KIND_LAST);
	f.source = number_of(text_of(row, 3), wf_finding_source_name, WF_SOURCE_LAST);
	f.position = (uint32) DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[row],
													  SPI_tuptable->tupdesc, 4, &isnull));
	f.told = (uint8) DatumGetInt32(SPI_getbinval(SPI_tuptable->vals[row],
												 SPI_tuptable->tupdesc, 11, &isnull));
	f.value = slice_of(row, 5);
	f.raw = slice_of(row, 6);
	if (f.raw.len == 0)
		f.raw = f.value;
	f.name = slice_of(row, 7);
	f.job_title = slice_of(row, 8);
	f.phone = slice_of(row, 9);
	f.context = slice_of(row, 10);
	if (f.kind != 0 && f.source != 0 && findings->count < WF_MAX_FINDINGS)
		findings->items[findings->count++] = f;
}

void
wf_store_recall_evidence(WfResult **results, int n)
{
	WfItem	  **items = palloc(n * sizeof(WfItem *));
	WfResult  **same = palloc(n * sizeof(WfResult *));
	int			nsame = 0;

	for (int i = 0; i < n; i++)
	{
		if (results[i]->outcome != WF_OUTCOME_NOT_MODIFIED)
			continue;
		items[nsame] = results[i]->item;
		same[nsame++] = results[i];
	}
	if (nsame == 0)
		return;
	read_for_pages(&evidence_stmt, items, nsame);
	for (int i = 0; i < nsame; i++)
	{
		WfFindings *findings = &same[i]->findings;

		findings->count = 0;
		findings->items = palloc0(Min(SPI_processed + 1, WF_MAX_FINDINGS) * sizeof(WfFinding));
		for (uint64 row = 0; row < SPI_processed; row++)
			if (wf_store_is_row_of(row, same[i]->item))
				recall_finding(findings, row);
	}
	SPI_freetuptable(SPI_tuptable);
}
