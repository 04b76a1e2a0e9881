/*-------------------------------------------------------------------------
 *
 * wf_suppress.c
 *	  The suppression list: whose addresses are never stored.
 *
 * Looked up by workers before they store, and by the trigger of contacts in the
 * session of whoever writes them, who needs no right on the list: the look-up
 * reads its index directly, runs no query, and costs nothing while the list is
 * empty.
 *
 * Locks.  Whoever looks keeps ROW SHARE on the list until the end of his
 * transaction; whoever adds takes EXCLUSIVE first.  So wf_erase() waits for
 * transactions that have stored what it is about to forbid, and deletes it.
 * pg_dump and readers are not held up.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "wf_compat.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/dependency.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type_d.h"
#include "commands/extension.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "parser/parse_coerce.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "wf_curation.h"
#include "wf_encoding.h"
#include "wf_part.h"
#include "wf_suppress.h"

PG_FUNCTION_INFO_V1(wf_suppression_trigger);
PG_FUNCTION_INFO_V1(wf_suppress);
PG_FUNCTION_INFO_V1(wf_unsuppress);

#define LIST_TABLE	"wf_suppression"
#define LIST_INDEX	"wf_suppression_pkey"
#define ENTRY_COLUMN 1

struct WfSuppressionList
{
	Relation	rel;
	Oid			index;
	Snapshot	snapshot;
};

/* ------------------------------------------------------------------------
 * Looking up
 * ------------------------------------------------------------------------
 */

/* OID of the list in a schema; raises an error where it is not the extension's. */
static Oid
find_list(Oid schema)
{
	static Oid	verified = InvalidOid;
	Oid			relid = get_relname_relid(LIST_TABLE, schema);

	if (OidIsValid(relid) && relid == verified)
		return relid;
	if (!OidIsValid(relid) || getExtensionOfObject(RelationRelationId, relid) !=
		get_extension_oid(WF_EXTENSION_NAME, true))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("table \"%s\" of extension \"%s\" does not exist", LIST_TABLE,
						WF_EXTENSION_NAME),
				 errhint("Run CREATE EXTENSION %s.", WF_EXTENSION_NAME)));
	verified = relid;
	return relid;
}

/* See wf_suppress.h. */
WfSuppressionList *
wf_suppress_open(Oid schema)
{
	WfSuppressionList *list = palloc(sizeof(WfSuppressionList));

	list->rel = table_open(find_list(schema), RowShareLock);
	list->index = get_relname_relid(LIST_INDEX, schema);
	list->snapshot = RegisterSnapshot(GetLatestSnapshot());
	return list;
}

/* See wf_suppress.h. */
void
wf_suppress_close(WfSuppressionList *list)
{
	UnregisterSnapshot(list->snapshot);
	table_close(list->rel, NoLock);
	pfree(list);
}

/* See wf_suppress.h. */
bool
wf_suppress_is_empty(const WfSuppressionList *list)
{
	return RelationGetNumberOfBlocks(list->rel) == 0;
}

static bool
has_entry(WfSuppressionList *list, const char *text, size_t len)
{
	char	   *entry = wf_encoding_from_utf8((WfSlice) {text, len});
	ScanKeyData key;
	SysScanDesc scan;
	bool		found;

	/* the column's collation is "C", which is what ScanKeyInit assumes */
	ScanKeyInit(&key, ENTRY_COLUMN, BTEqualStrategyNumber, F_TEXTEQ,
				CStringGetTextDatum(entry));
	scan = systable_beginscan(list->rel, list->index, true, list->snapshot, 1, &key);
	found = HeapTupleIsValid(systable_getnext(scan));
	systable_endscan(scan);
	return found;
}

/* See wf_suppress.h. */
char *
wf_suppress_hash(const WfListing *address)
{
	Datum		bytes = PointerGetDatum(cstring_to_text_with_len(address->value, address->len));
	Datum		hash = DirectFunctionCall1(sha256_bytea, bytes);
	char	   *hex = palloc(WF_HASH_DIGITS + 1);

	hex_encode(VARDATA_ANY(DatumGetByteaPP(hash)), WF_HASH_DIGITS / 2, hex);
	hex[WF_HASH_DIGITS] = '\0';
	return hex;
}

/* See wf_suppress.h. */
bool
wf_suppress_has(WfSuppressionList *list, WfSlice address)
{
	WfListing		entry;
	WfSlice		domain;

	if (wf_suppress_is_empty(list) ||
		wf_suppression_parse(address, &entry) != WF_LISTING_ADDRESS)
		return false;
	if (has_entry(list, wf_suppress_hash(&entry), WF_HASH_DIGITS) ||
		has_entry(list, entry.value, entry.len))
		return true;
	domain = wf_suppression_domain(&entry);
	do
	{
		if (has_entry(list, domain.data, domain.len))
			return true;
	} while (wf_suppression_parent(&domain));
	return false;
}

/* ------------------------------------------------------------------------
 * The trigger of contacts
 * ------------------------------------------------------------------------
 */

/* The column with the address; 0 if the table has none that is a text. */
static AttrNumber
address_column(Relation rel)
{
	const WfColumnSpec *spec = &wf_parts[WF_PART_CONTACTS].columns[WF_CONTACT_EMAIL];
	AttrNumber	attnum = get_attnum(RelationGetRelid(rel), spec->name);

	if (attnum <= 0 ||
		TypeCategory(getBaseType(TupleDescAttr(RelationGetDescr(rel), attnum - 1)->atttypid)) !=
		TYPCATEGORY_STRING)
		return 0;
	return attnum;
}

/* Is the address that a row would bring listed? */
static bool
row_is_listed(TriggerData *trigdata, HeapTuple tuple, bool is_update)
{
	Relation	rel = trigdata->tg_relation;
	AttrNumber	attnum = address_column(rel);
	WfSuppressionList *list;
	Datum		value;
	bool		isnull;
	bool		listed = false;

	if (attnum == 0)
		return false;
	value = heap_getattr(tuple, attnum, RelationGetDescr(rel), &isnull);
	if (isnull)
		return false;
	if (is_update)
	{
		Datum		old = heap_getattr(trigdata->tg_trigtuple, attnum, RelationGetDescr(rel),
									   &isnull);

		if (!isnull && datum_image_eq(old, value, false, -1))
			return false;
	}
	list = wf_suppress_open(get_func_namespace(trigdata->tg_trigger->tgfoid));
	if (!wf_suppress_is_empty(list))
	{
		char	   *utf8 = wf_encoding_to_utf8(TextDatumGetCString(value));

		listed = wf_suppress_has(list, (WfSlice) {utf8, strlen(utf8)});
	}
	wf_suppress_close(list);
	return listed;
}

/* See wf_suppress.h. */
HeapTuple
wf_suppress_check_row(TriggerData *trigdata)
{
	bool		is_update = TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event);
	HeapTuple	tuple = is_update ? trigdata->tg_newtuple : trigdata->tg_trigtuple;

	if (!row_is_listed(trigdata, tuple, is_update))
		return tuple;
	if (is_update)
		ereport(ERROR,
				(errcode(ERRCODE_CHECK_VIOLATION),
				 errmsg("address is on the suppression list"),
				 errdetail("No contact of table \"%s\" may get it.",
						   RelationGetRelationName(trigdata->tg_relation)),
				 errhint("The owner of the list can take it off with wf_unsuppress()."),
				 errtable(trigdata->tg_relation)));
	ereport(NOTICE,
			(errcode(ERRCODE_WARNING),
			 errmsg("contact not stored: its address is on the suppression list")));
	return NULL;
}

/* ------------------------------------------------------------------------
 * Changing the list
 * ------------------------------------------------------------------------
 */

/* See wf_suppress.h. */
void
wf_suppress_parse(const char *text, WfListing *entry)
{
	char	   *utf8 = wf_encoding_to_utf8(text);

	if (wf_suppression_parse((WfSlice) {utf8, strlen(utf8)}, entry) == WF_LISTING_NONE)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("\"%s\" is no entry of a suppression list", text),
				 errhint("Give an address, a domain, or the SHA-256 of an address in hexadecimal.")));
}

/* Execute a statement on the list, %s in it; true if it changed a row. */
static bool
change_list(const char *template, WfSlice entry, const char *reason, int nargs)
{
	Oid			schema = wf_part_extension_schema();
	Oid			relid = find_list(schema);
	Oid			argtypes[] = {TEXTOID, TEXTOID, TEXTOID};
	Datum		args[3] = {0};
	char		nulls[4] = "   ";
	char	   *table = quote_qualified_identifier(get_namespace_name(schema), LIST_TABLE);

	LockRelationOid(relid, ExclusiveLock);
	args[0] = CStringGetTextDatum(wf_encoding_from_utf8(entry));
	args[1] = CStringGetTextDatum(GetUserNameFromId(GetOuterUserId(), false));
	if (reason)
		args[2] = CStringGetTextDatum(reason);
	else
		nulls[2] = 'n';
	if (SPI_execute_with_args(psprintf(template, table), nargs, argtypes, args, nulls,
							  false, 0) < 0)
		elog(ERROR, "could not change table %s", table);
	return SPI_processed > 0;
}

/* See wf_suppress.h. */
bool
wf_suppress_add(WfSlice entry, const char *reason)
{
	return change_list("INSERT INTO %s (entry, created_by, reason) VALUES ($1, $2, $3)"
					   " ON CONFLICT DO NOTHING", entry, reason, 3);
}

/* See wf_suppress.h. */
bool
wf_suppress_remove(WfSlice entry)
{
	return change_list("DELETE FROM %s WHERE entry = $1", entry, NULL, 1);
}

/* wf_suppress(entry, reason): list it; false if it was listed already. */
Datum
wf_suppress(PG_FUNCTION_ARGS)
{
	WfListing		entry;
	char	   *reason = PG_ARGISNULL(1) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(1));
	bool		added;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("entry must not be null")));
	wf_suppress_parse(text_to_cstring(PG_GETARG_TEXT_PP(0)), &entry);
	SPI_connect();
	added = wf_suppress_add((WfSlice) {entry.value, entry.len}, reason);
	SPI_finish();
	PG_RETURN_BOOL(added);
}

/* wf_unsuppress(entry): take it off, an address also where its hash is listed. */
Datum
wf_unsuppress(PG_FUNCTION_ARGS)
{
	WfListing		entry;
	bool		removed;

	wf_suppress_parse(text_to_cstring(PG_GETARG_TEXT_PP(0)), &entry);
	SPI_connect();
	removed = wf_suppress_remove((WfSlice) {entry.value, entry.len});
	if (entry.kind == WF_LISTING_ADDRESS)
		removed |= wf_suppress_remove((WfSlice) {wf_suppress_hash(&entry), WF_HASH_DIGITS});
	SPI_finish();
	PG_RETURN_BOOL(removed);
}

/* The row trigger of the list: entries written by hand get their form, too. */
Datum
wf_suppression_trigger(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	int			column = ENTRY_COLUMN;
	HeapTuple	tuple;
	WfListing		entry;
	Datum		value;
	bool		isnull;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_BEFORE(trigdata->tg_event) ||
		!TRIGGER_FIRED_FOR_ROW(trigdata->tg_event) ||
		TRIGGER_FIRED_BY_DELETE(trigdata->tg_event) ||
		RelationGetRelid(trigdata->tg_relation) != find_list(wf_part_extension_schema()))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function must be called as the trigger of table \"%s\"", LIST_TABLE)));
	tuple = TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event) ? trigdata->tg_newtuple
		: trigdata->tg_trigtuple;
	value = heap_getattr(tuple, ENTRY_COLUMN, RelationGetDescr(trigdata->tg_relation), &isnull);
	if (isnull)
		return PointerGetDatum(tuple);	/* the constraint says it */
	wf_suppress_parse(TextDatumGetCString(value), &entry);
	value = CStringGetTextDatum(wf_encoding_from_utf8((WfSlice) {entry.value, entry.len}));
	isnull = false;
	return PointerGetDatum(heap_modify_tuple_by_cols(tuple, RelationGetDescr(trigdata->tg_relation),
													 1, &column, &value, &isnull));
}
