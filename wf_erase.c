/*-------------------------------------------------------------------------
 *
 * wf_erase.c
 *	  wf_erase(): one person is erased everywhere, and never stored again.
 *
 * Listing comes first: it waits for transactions that have stored the address
 * and holds up those that would (wf_suppress.c), so that every statement behind
 * it sees all there is.  User tables are written with the rights that workers
 * have, our own with those of the extension's owner; never both in a statement.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "wf_compat.h"

#include "access/table.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type_d.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/rel.h"

#include "wf_db.h"
#include "wf_encoding.h"
#include "wf_identity.h"
#include "wf_stage.h"
#include "wf_suppress.h"

PG_FUNCTION_INFO_V1(wf_erase);

#define COUNTS 4				/* contacts, findings, provenance, history */

typedef struct Erasure
{
	Datum		forms;			/* text[]: the address as it may be stored */
	WfBinding  *pages;			/* NULL: none attached */
	WfBinding  *contacts;
	Oid			role;			/* whose rights on them */
	int64		count[COUNTS];
} Erasure;

/* The attached table of a part, locked against new triggers; NULL: none. */
static WfBinding *
bind_part(WfPartId part)
{
	Oid			relid = wf_part_table(part, NULL);
	Relation	rel;
	WfBinding  *binding;

	if (!OidIsValid(relid))
		return NULL;
	(void) find_all_inheritors(relid, RowExclusiveLock, NULL);
	rel = table_open(relid, RowExclusiveLock);
	binding = wf_part_bind(rel, &wf_parts[part], NULL);
	table_close(rel, NoLock);
	return binding;
}

static void
find_tables(Erasure *e)
{
	char	   *problem = NULL;

	e->pages = bind_part(WF_PART_PAGES);
	e->contacts = bind_part(WF_PART_CONTACTS);
	if (e->pages == NULL || e->contacts == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("no table is attached as \"%s\"", e->pages ? "contacts" : "pages"),
				 errhint("Attach one with wf_attach().")));
	e->role = wf_identity_resolve(e->pages, e->contacts, &problem);
	if (!OidIsValid(e->role))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("contacts cannot be erased: %s", problem)));
}

/* The address as stored: its domain in ASCII, and as people read it. */
static Datum
forms_of(const WfListing *entry)
{
	Datum		elems[2];

	elems[0] = CStringGetTextDatum(wf_encoding_from_utf8((WfSlice) {entry->value, entry->len}));
	elems[1] =
		CStringGetTextDatum(wf_encoding_from_utf8((WfSlice) {entry->shown, entry->shown_len}));
	return wf_db_array(elems, NULL, 2, TEXTOID);
}

/* Only the hash stays on the list: it names nobody. */
static void
list_hash(const WfListing *entry, const char *reason)
{
	(void) wf_suppress_remove((WfSlice) {entry->value, entry->len});
	(void) wf_suppress_add((WfSlice) {wf_suppress_hash(entry), WF_HASH_DIGITS}, reason);
}

/* First column of the last result as a uuid[]. */
static Datum
result_ids(void)
{
	Datum	   *elems = palloc(Max(SPI_processed, 1) * sizeof(Datum));
	bool		isnull;

	for (uint64 i = 0; i < SPI_processed; i++)
		elems[i] = SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &isnull);
	return wf_db_array(elems, NULL, (int) SPI_processed, UUIDOID);
}

/* Execute a statement on one of our own tables, %s in it; returns its rows. */
static int64
change_own(const char *template, const char *table, Oid type, Datum value)
{
	char	   *sql = psprintf(template, wf_stage_own_table(table));

	if (SPI_execute_with_args(sql, 1, &type, &value, NULL, false, 0) < 0)
		elog(ERROR, "could not execute \"%s\"", sql);
	return (int64) SPI_processed;
}

static void
erase_contacts(Erasure *e)
{
	Datum		ids;

	wf_db_execute_as(e->role, wf_stage_erase_contacts(e->contacts), 1,
					 (Oid[]) {TEXTARRAYOID}, &e->forms);
	e->count[0] = (int64) SPI_processed;
	ids = result_ids();
	e->count[2] = change_own("DELETE FROM %s WHERE contact_id = ANY ($1)", "wf_contact_origin",
							 UUIDARRAYOID, ids);
	wf_db_execute_as(e->role, wf_stage_forget_mentions(e->contacts, WF_CONTACT_CONTEXT), 1,
					 (Oid[]) {TEXTARRAYOID}, &e->forms);
	if (e->pages->column[WF_ITEM_ERROR].attnum != 0)
		wf_db_execute_as(e->role, wf_stage_forget_mentions(e->pages, WF_ITEM_ERROR), 1,
						 (Oid[]) {TEXTARRAYOID}, &e->forms);
}

/*
 * Evidence: the address itself, what the same pages say of the same name (a
 * direct line, say), and texts around other findings that mention it.
 */
static void
erase_findings(Erasure *e)
{
	e->count[1] = change_own("WITH person AS (SELECT f.page_id, f.name FROM %1$s f"
							 " WHERE pg_catalog.lower(f.value) = ANY ($1))"
							 " DELETE FROM %1$s f WHERE pg_catalog.lower(f.value) = ANY ($1) OR EXISTS"
							 " (SELECT 1 FROM person p WHERE p.page_id = f.page_id AND p.name = f.name)",
							 "wf_finding", TEXTARRAYOID, e->forms);
	(void) change_own("UPDATE %s f SET context = NULL WHERE EXISTS (SELECT 1 FROM"
					  " pg_catalog.unnest($1) a(form) WHERE pg_catalog.strpos("
					  "pg_catalog.lower(f.context), a.form) > 0)",
					  "wf_finding", TEXTARRAYOID, e->forms);
}

/* A page whose URL mentions the address is fetched without conditions next time. */
static void
erase_versions(Erasure *e)
{
	(void) change_own("DELETE FROM %s v WHERE EXISTS (SELECT 1 FROM"
					  " pg_catalog.unnest($1) a(form) WHERE pg_catalog.strpos("
					  "pg_catalog.lower(v.url), a.form) > 0"
					  " OR pg_catalog.strpos(pg_catalog.lower(v.version_url), a.form) > 0)",
					  "wf_validator", TEXTARRAYOID, e->forms);
}

static void
erase_history(Erasure *e)
{
	e->count[3] = change_own("UPDATE %s t SET url = NULL, error = CASE WHEN t.error IS NOT NULL"
							 " THEN '" WF_ERASED "' END WHERE EXISTS (SELECT 1 FROM"
							 " pg_catalog.unnest($1) a(form) WHERE pg_catalog.strpos("
							 "pg_catalog.lower(t.error), a.form) > 0"
							 " OR pg_catalog.strpos(pg_catalog.lower(t.url), a.form) > 0)",
							 "wf_attempt", TEXTARRAYOID, e->forms);
}

/* wf_erase(address, reason) → (contacts, findings, provenance, history) */
Datum
wf_erase(PG_FUNCTION_ARGS)
{
	char	   *reason = PG_ARGISNULL(1) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(1));
	Erasure		e = {0};
	WfListing		entry;
	TupleDesc	desc;
	Datum		values[COUNTS];
	bool		nulls[COUNTS] = {0};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("address must not be null")));
	wf_suppress_parse(text_to_cstring(PG_GETARG_TEXT_PP(0)), &entry);
	if (entry.kind != WF_LISTING_ADDRESS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a person is erased by an address"),
				 errhint("To keep out a whole domain, or a hash, use wf_suppress().")));
	SPI_connect();
	list_hash(&entry, reason);
	find_tables(&e);
	e.forms = forms_of(&entry);
	erase_contacts(&e);
	erase_findings(&e);
	erase_versions(&e);
	erase_history(&e);
	SPI_finish();
	for (int i = 0; i < COUNTS; i++)
		values[i] = Int64GetDatum(e.count[i]);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
