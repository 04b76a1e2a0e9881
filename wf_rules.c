/*-------------------------------------------------------------------------
 *
 * wf_rules.c
 *	  wf_categorize(): categories of pages by the rules in wf_category_rule.
 *
 * The rules are compiled once per process (core/wf_category.c).  A trigger on
 * the table sends a relation cache invalidation when they change, which
 * reaches every session at commit and one's own with the next command.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "wf_compat.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "commands/trigger.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "wf_curation.h"
#include "wf_encoding.h"
#include "wf_part.h"
#include "wf_rules.h"

PG_FUNCTION_INFO_V1(wf_categorize);
PG_FUNCTION_INFO_V1(wf_is_category_pattern);
PG_FUNCTION_INFO_V1(wf_category_rule_changed);

/* Columns of wf_category_rule. */
enum
{
	RULE_PATTERN = 1,
	RULE_CATEGORY,
	RULE_ACTION,
	RULE_BUILTIN
};

static WfCategories *rules = NULL;
static Oid	rules_table = InvalidOid;
static bool rules_valid = false;

/* Relcache callback: the table, or with InvalidOid any, may have changed. */
static void
invalidate(Datum arg, Oid relid)
{
	if (!OidIsValid(relid) || relid == rules_table)
		rules_valid = false;
}

static pg_noreturn void
out_of_memory(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_OUT_OF_MEMORY),
			 errmsg("out of memory"),
			 errdetail("Failed while reading the rules of page categories.")));
}

static WfSlice
as_utf8(Datum value)
{
	char	   *utf8 = wf_encoding_to_utf8(TextDatumGetCString(value));

	return (WfSlice) {utf8, strlen(utf8)};
}

static void
add_rule(WfCategories *to, HeapTuple tuple, TupleDesc desc)
{
	bool		isnull;
	WfSlice		pattern = as_utf8(heap_getattr(tuple, RULE_PATTERN, desc, &isnull));
	WfSlice		category = as_utf8(heap_getattr(tuple, RULE_CATEGORY, desc, &isnull));
	char	   *action = TextDatumGetCString(heap_getattr(tuple, RULE_ACTION, desc, &isnull));
	bool		builtin = DatumGetBool(heap_getattr(tuple, RULE_BUILTIN, desc, &isnull));

	/* what the table's checks let pass and we do not understand matches nothing */
	if (wf_categories_add(to, pattern, category,
						  *action == 's' ? WF_CATEGORY_SELECT :
						  *action == 'f' ? WF_CATEGORY_FILTER : WF_CATEGORY_KEEP,
						  !builtin) == WF_ERR_NOMEM)
	{
		wf_categories_free(to);
		out_of_memory();
	}
}

/* Read the table; the caller needs no privilege on it. */
static void
load_rules(void)
{
	static bool registered = false;
	WfCategories *fresh = wf_categories_create();
	Relation	rel;
	SysScanDesc scan;
	HeapTuple	tuple;

	if (fresh == NULL)
		out_of_memory();
	if (!registered)
		CacheRegisterRelcacheCallback(invalidate, (Datum) 0);
	registered = true;
	rules_table = get_relname_relid("wf_category_rule", wf_part_extension_schema());
	rules_valid = true;			/* before reading: a change meanwhile shall count */
	rel = table_open(rules_table, AccessShareLock);
	scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		add_rule(fresh, tuple, RelationGetDescr(rel));
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	wf_categories_free(rules);
	rules = fresh;
}

/* See wf_rules.h. */
WfCategory
wf_rules_match(WfSlice url)
{
	if (!rules_valid || rules == NULL)
	{
		rules_valid = false;
		load_rules();
	}
	return wf_categories_match(rules, url);
}

/* wf_categorize(url) → text */
Datum
wf_categorize(PG_FUNCTION_ARGS)
{
	text	   *url = PG_GETARG_TEXT_PP(0);
	WfSlice		slice = {VARDATA_ANY(url), VARSIZE_ANY_EXHDR(url)};
	WfCategory	category;

	if (GetDatabaseEncoding() != PG_UTF8)
		slice = as_utf8(PointerGetDatum(url));
	category = wf_rules_match(slice);
	if (category.name == NULL)
		PG_RETURN_TEXT_P(cstring_to_text(WF_CATEGORY_UNKNOWN));
	slice = (WfSlice) {category.name, strlen(category.name)};
	PG_RETURN_TEXT_P(cstring_to_text(wf_encoding_from_utf8(slice)));
}

/* wf_is_category_pattern(pattern) → boolean: for the table's check */
Datum
wf_is_category_pattern(PG_FUNCTION_ARGS)
{
	WfCategories *scratch = wf_categories_create();
	WfStatus	status;

	if (scratch == NULL)
		out_of_memory();
	status = wf_categories_add(scratch, as_utf8(PG_GETARG_DATUM(0)), WF_SLICE("x"),
							   WF_CATEGORY_KEEP, true);
	wf_categories_free(scratch);
	PG_RETURN_BOOL(status == WF_OK);
}

/* wf_category_rule_changed(): statement trigger on wf_category_rule. */
Datum
wf_category_rule_changed(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("trigger function of \"%s\" must be called as trigger",
						WF_EXTENSION_NAME),
				 errhint("It belongs to table \"wf_category_rule\".")));
	CacheInvalidateRelcache(trigdata->tg_relation);
	return PointerGetDatum(NULL);
}
