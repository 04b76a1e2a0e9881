/*-------------------------------------------------------------------------
 *
 * wf_store_entries.c
 *	  What the stages before pages bring home, into the database.
 *
 * The sitemaps of a domain are few and stored in the transaction that writes
 * the status which promises them.  The pages of a sitemap file are many and
 * come before its result (wf_worker_entries.c): each message in a transaction
 * of its own, fenced like a result, and doing it again changes nothing; the
 * status comes with the last.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "core/wf_text.h"

#include "wf_clock.h"
#include "wf_encoding.h"
#include "wf_guc.h"
#include "wf_rules.h"
#include "wf_shmem.h"
#include "wf_store_children.h"
#include "wf_store_entries.h"
#include "wf_store_int.h"

#define UNIX_EPOCH_US	(INT64CONST(10957) * USECS_PER_DAY)	/* 2000-01-01 since 1970 */

/* Parallel arrays of an entry statement, behind the item. */
typedef struct EntryArrays
{
	int			n;
	Datum	   *elems[WF_ENTRY_ARGS];
	bool	   *nulls[WF_ENTRY_ARGS];
} EntryArrays;

static void
set_name(EntryArrays *arrays, int which, const char *name)
{
	arrays->nulls[which][arrays->n] = name == NULL;
	if (name)
		arrays->elems[which][arrays->n] =
			CStringGetTextDatum(wf_encoding_from_utf8((WfSlice) {name, strlen(name)}));
}

/* Of a page: what kind it is by its URL, and what to do with it for that. */
static void
set_category(EntryArrays *arrays, WfSlice url)
{
	WfCategory	category = wf_rules_match(url);

	set_name(arrays, 3, category.name);
	set_name(arrays, 4, category.action == WF_CATEGORY_FILTER ? WF_IMPORT_FILTER :
			 category.action == WF_CATEGORY_SELECT && wf_curation_auto_select ?
			 WF_IMPORT_SELECT : NULL);
}

/*
 * Entries of one kind; URLs are ASCII (wf_message_read_entries).  method is that of
 * sitemaps; NULL: as each was found.
 */
static void
collect(const WfEntry *entries, int n, bool sitemaps, const char *method, EntryArrays *arrays)
{
	for (int a = 1; a < WF_ENTRY_ARGS; a++)
	{
		arrays->elems[a] = palloc0(n * sizeof(Datum));
		arrays->nulls[a] = palloc0(n * sizeof(bool));
	}
	arrays->n = 0;
	for (int i = 0; i < n; i++)
	{
		const WfEntry *entry = &entries[i];
		int			at = arrays->n;

		if (entry->is_sitemap != sitemaps)
			continue;
		arrays->elems[1][at] =
			PointerGetDatum(cstring_to_text_with_len(entry->url.data, (int) entry->url.len));
		arrays->nulls[2][at] = !entry->has_lastmod;
		arrays->elems[2][at] = TimestampTzGetDatum(entry->lastmod_us - UNIX_EPOCH_US);
		if (sitemaps)
		{
			set_name(arrays, 3, wf_sitemap_type_name(entry->type));
			set_name(arrays, 4, method ? method : wf_found_by_name(entry->found_by));
		}
		else
			set_category(arrays, entry->url);
		arrays->nulls[5][at] = entry->url_count < 0;
		arrays->elems[5][at] = Int32GetDatum(entry->url_count);
		arrays->n++;
	}
}

/* The arguments of an entry statement, in the current memory context. */
static void
make_arguments(const WfItem *item, const EntryArrays *arrays, Datum *values)
{
	static const Oid types[WF_ENTRY_ARGS] = {
		UUIDOID, TEXTOID, TIMESTAMPTZOID, TEXTOID, TEXTOID, INT4OID
	};

	values[0] = UUIDPGetDatum(&item->id);
	for (int a = 1; a < WF_ENTRY_ARGS; a++)
		values[a] = wf_db_array(arrays->elems[a], arrays->nulls[a], arrays->n, types[a]);
}

static void
execute(WfStage *stage, const WfItem *item, EntryArrays *arrays)
{
	Datum		values[WF_ENTRY_ARGS];

	if (arrays->n == 0)
		return;
	make_arguments(item, arrays, values);
	if (stage->stmt[WF_STMT_ENTRIES_UPDATE].sql)
		wf_db_execute(&stage->stmt[WF_STMT_ENTRIES_UPDATE], WF_AS_OWNER, values, NULL);
	wf_db_execute(&stage->stmt[WF_STMT_ENTRIES_INSERT], WF_AS_OWNER, values, NULL);
	/* sitemaps or pages may have been queued */
	if (wf_curation_auto_import || wf_curation_auto_select)
		wf_shmem_wake_at_commit();
}

/* The sitemaps that an index lists; returns how many lie too deep to be taken. */
static int
store_children(WfStage *stage, WfItem *item, const WfEntry *entries, int n)
{
	EntryArrays arrays;
	WfDescent	descent;
	Datum		values[WF_ENTRY_ARGS];
	char		method[32];

	for (int i = 0; !entries[i].is_sitemap; i++)
		if (i == n - 1)
			return 0;
	wf_children_begin(item, &descent);
	strlcpy(method, wf_found_by_name(WF_FOUND_INDEX), sizeof(method));
	if (descent.depth > 0)
		snprintf(method + strlen(method), sizeof(method) - strlen(method), "_%d",
				 descent.depth + 1);
	collect(entries, n, true, method, &arrays);
	make_arguments(item, &arrays, values);
	if (stage->stmt[WF_STMT_CHILDREN_UPDATE].sql)
		wf_db_execute(&stage->stmt[WF_STMT_CHILDREN_UPDATE], WF_AS_OWNER, values, NULL);
	if (descent.depth >= WF_MAX_INDEX_DEPTH)
		return wf_children_left_out(stage, &descent, values, arrays.n);
	wf_children_queue(stage, &descent, values);
	wf_shmem_wake_at_commit();
	return 0;
}

/*
 * Where no unique key of the targets settles races, writers of one domain take
 * turns until the end of the transaction.
 */
static void
lock_domain(const WfStage *stage, const WfItem *item)
{
	static WfStatement stmt = {
		.sql = "SELECT pg_advisory_xact_lock($1)", .nargs = 1, .argtypes = {INT8OID}
	};
	Datum		values[1];

	if (stage->targets_by_key)
		return;
	values[0] = hash_any_extended((const unsigned char *) &item->domain, sizeof(item->domain), 0);
	wf_db_execute(&stmt, WF_AS_SELF, values, NULL);
	SPI_freetuptable(SPI_tuptable);
}

/* See wf_store_entries.h. */
int
wf_store_entries(WfStage *stage, WfItem *item, const WfEntry *entries, int n)
{
	EntryArrays arrays;

	if (n == 0)
		return 0;
	lock_domain(stage, item);
	collect(entries, n, stage->id == WF_STAGE_DOMAIN, NULL, &arrays);
	execute(stage, item, &arrays);
	return stage->id == WF_STAGE_DOMAIN ? 0 : store_children(stage, item, entries, n);
}

/* ------------------------------------------------------------------------
 * A sitemap file's result
 * ------------------------------------------------------------------------
 */

/*
 * What it amounted to; in the history it says which of its URLs are not among
 * the pages.
 */
static void
read_sitemap_file(WfResult *result, const WfResultMessage *message)
{
	const WfEntryCounts *counts = &message->counts;
	WfEntryCounts *kept = palloc(sizeof(WfEntryCounts));

	*kept = *counts;
	result->yield = kept;
	if (counts->refused + counts->doubles + counts->invalid > 0 && result->error.len == 0)
	{
		char	   *note = psprintf("left out: %u URLs of other sites, %u doubles, %u invalid",
									counts->refused, counts->doubles, counts->invalid);

		result->error = (WfSlice) {note, strlen(note)};
	}
	if (result->item->too_deep > 0 && result->outcome == WF_OUTCOME_OK)
	{
		char	   *reason = psprintf("left out more than %d " WF_TOO_DEEP ": %d sitemaps",
									  WF_MAX_INDEX_DEPTH, result->item->too_deep);

		result->outcome = WF_OUTCOME_PARTIAL;
		result->error = (WfSlice) {reason, strlen(reason)};
	}
}

static void
store_sitemap_files(WfStage *stage, WfResult **results, int n)
{
	Datum	   *elems[3];
	bool	   *no_type = palloc0(n * sizeof(bool));
	Datum		values[3];
	int			count = 0;

	wf_children_end(results, n);
	for (int a = 0; a < 3; a++)
		elems[a] = palloc0(n * sizeof(Datum));
	for (int i = 0; i < n; i++)
	{
		const WfEntryCounts *counts = results[i]->yield;
		const char *type = counts ? wf_sitemap_type_name(counts->type) : NULL;

		if (counts == NULL)
			continue;
		elems[0][count] = UUIDPGetDatum(&results[i]->item->id);
		elems[1][count] = Int32GetDatum(results[i]->item->nentries);
		no_type[count] = type == NULL;
		if (type)
			elems[2][count] = CStringGetTextDatum(type);
		count++;
	}
	if (count == 0 || stage->stmt[WF_STMT_TOTALS].sql == NULL)
		return;
	values[0] = wf_db_array(elems[0], NULL, count, UUIDOID);
	values[1] = wf_db_array(elems[1], NULL, count, INT4OID);
	values[2] = wf_db_array(elems[2], no_type, count, TEXTOID);
	wf_db_execute(&stage->stmt[WF_STMT_TOTALS], WF_AS_OWNER, values, NULL);
}

const WfStoreHooks wf_store_sitemap_file_hooks = {read_sitemap_file, store_sitemap_files};

/* ------------------------------------------------------------------------
 * A domain's result
 * ------------------------------------------------------------------------
 */

static void
read_domain(WfResult *result, const WfResultMessage *message)
{
	/* its entries have come before, and wait with the item */
}

/* "url\nurl…" of the sitemaps found, or empty. */
static char *
list_urls(const WfItem *item)
{
	StringInfoData list;

	initStringInfo(&list);
	for (int i = 0; i < item->nentries; i++)
	{
		if (i > 0)
			appendStringInfoChar(&list, '\n');
		appendBinaryStringInfo(&list, item->entries[i].url.data, (int) item->entries[i].url.len);
	}
	return list.data;
}

/*
 * Searches that end with these results, as rows of jobs where there is such a
 * table.  Not those whose result could not be stored: it may be the reason.
 */
static void
store_jobs(WfStage *stage, WfResult **results, int n)
{
	static const Oid types[] = {UUIDOID, INT4OID, TEXTOID, TEXTOID, TIMESTAMPTZOID};
	WfArrays	arrays;

	if (stage->stmt[WF_STMT_JOBS].sql == NULL)
		return;
	wf_store_arrays(&arrays, types, lengthof(types), n);
	for (int i = 0; i < n; i++)
	{
		const WfResult *r = results[i];
		bool		complete = wf_store_action(r) == WF_FINISH_COMPLETE;

		if (!r->ends || r->outcome == WF_OUTCOME_STORE)
			continue;
		wf_store_set(&arrays, 0, UUIDPGetDatum(&r->item->id));
		wf_store_set(&arrays, 1, Int32GetDatum(complete ? WF_JOB_COMPLETE : WF_JOB_FAILED));
		if (!complete)
			wf_store_set_text_for(&arrays, 2, &stage->jobs->column[WF_JOB_ERROR],
								  wf_text_truncate(r->error, WF_MAX_ERROR));
		wf_store_set(&arrays, 3, CStringGetTextDatum(complete ? list_urls(r->item) : ""));
		wf_store_set(&arrays, 4, TimestampTzGetDatum(wf_clock_to_time(r->item->claimed_at)));
		arrays.n++;
	}
	if (arrays.n > 0)
		wf_store_execute(&stage->stmt[WF_STMT_JOBS], WF_AS_OWNER, &arrays);
}

static void
store_domains(WfStage *stage, WfResult **results, int n)
{
	for (int i = 0; i < n; i++)
	{
		WfItem	   *item = results[i]->item;

		if (results[i]->outcome == WF_OUTCOME_OK)
			(void) wf_store_entries(stage, item, item->entries, item->nentries);
	}
	store_jobs(stage, results, n);
}

const WfStoreHooks wf_store_domain_hooks = {read_domain, store_domains};
