/*-------------------------------------------------------------------------
 *
 * wf_health_stages.c
 *	  Checks of wf_health() about what the stages before pages hand on: a status
 *	  that promises rows which are not there is how the old service stood still
 *	  for months unseen.
 *
 * Two tables may have two owners: each is read as its own, never in one statement.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "wf_compat.h"

#include "catalog/pg_type_d.h"
#include "executor/spi.h"
#include "utils/builtins.h"

#include "core/wf_entry.h"

#include "wf_guc.h"
#include "wf_health.h"
#include "wf_stage.h"

#define MATCHED			10000	/* items matched with rows of another table at most */


/* "p.processing = label" */
static char *
has_status(const WfBinding *b, WfProcessingLabel label)
{
	return wf_views_is(b, "p", WF_ITEM_PROCESSING, label);
}

/* "UPDATE … SET processing = Queued WHERE condition;" */
static char *
requeue(const WfBinding *b, const char *condition)
{
	return psprintf("UPDATE %s AS p SET %s = %s WHERE %s;", b->relation,
					quote_identifier(b->part->columns[WF_ITEM_PROCESSING].name),
					quote_literal_cstr(b->column[WF_ITEM_PROCESSING].label[WF_PROCESSING_QUEUED]),
					condition);
}

/*
 * Of the values that a column has in rows which meet a condition: how many no row
 * of another table has in its domain_id.
 */
static int64
count_without(const WfBinding *b, int column, const char *condition, const WfBinding *others)
{
	Oid			types[] = {UUIDARRAYOID};
	Datum		values[1];
	bool		isnull;

	wf_views_select(b->owner,
					psprintf("SELECT pg_catalog.array_agg(x.id) FROM (SELECT %s::pg_catalog.uuid AS id"
							 " FROM %s p WHERE %s LIMIT " LITERAL(MATCHED) ") x WHERE x.id IS NOT NULL",
							 wf_views_ref(b, "p", column), b->relation, condition), 0, NULL, NULL);
	values[0] = wf_views_column(0, 1, &isnull);
	if (isnull)
		return 0;
	wf_views_select(others->owner,
					psprintf("SELECT pg_catalog.count(*) FROM pg_catalog.unnest($1) u(id) WHERE NOT EXISTS"
							 " (SELECT FROM %s o WHERE %s OPERATOR(pg_catalog.=) u.id)",
							 others->relation, wf_views_ref(others, "o", WF_ITEM_DOMAIN_ID)),
					1, types, values);
	return wf_views_int64(0, 1);
}

/* "p.column NOT IN (SELECT o.domain_id FROM others …)" */
static char *
not_among(const WfBinding *b, int column, const WfBinding *others)
{
	char	   *domain = wf_views_ref(others, "o", WF_ITEM_DOMAIN_ID);

	return psprintf("%s NOT IN (SELECT %s FROM %s o WHERE %s IS NOT NULL)",
					wf_views_ref(b, "p", column), domain, others->relation, domain);
}

/*
 * See wf_health.h.  The trigger deals with a business in the statement that selects
 * it; what it could not do the sweep does within a minute.
 */
void
wf_health_businesses(WfHealth *h)
{
	const WfBinding *b = wf_health_whole(h, WF_PART_LOCAL_BUSINESSES);
	int64		n;

	if (b == NULL || b->column[WF_ITEM_UPDATED_AT].attnum == 0)
		return;
	n = wf_health_count(b, psprintf("%s AND %s < pg_catalog.clock_timestamp() - interval '2 minutes'",
									has_status(b, WF_PROCESSING_QUEUED),
									wf_views_time(b, "p", WF_ITEM_UPDATED_AT)), COUNTED);
	if (n > 0)
		wf_health_report(h, WF_HEALTH_FAIL, wf_health_call(h, "wf_heal", ""),
						 "%s queued for more than two minutes: who selected them may not write"
						 " domains, and no sweep came.",
						 wf_health_items_are(WF_PART_LOCAL_BUSINESSES, n, COUNTED));
}

/*
 * Warn of items that ended well and led to no row of another table; "fault" is what
 * the detail says behind their number.
 */
static void
report_fruitless(WfHealth *h, const WfBinding *b, int column, const char *condition,
				 const WfBinding *others, const char *fault)
{
	int64		n = count_without(b, column, condition, others);

	if (n > 0)
		wf_health_report(h, WF_HEALTH_WARN,
						 requeue(b, psprintf("%s AND %s", condition, not_among(b, column, others))),
						 "%s %s", wf_health_items_are(b->part->id, n, MATCHED), fault);
}

/* See wf_health.h. */
void
wf_health_submitted(WfHealth *h)
{
	const WfBinding *b = wf_health_whole(h, WF_PART_DOMAINS);
	const WfBinding *files = wf_health_whole(h, WF_PART_SITEMAP_FILES);

	if (b != NULL && files != NULL)
		report_fruitless(h, b, WF_ITEM_ID, has_status(b, WF_PROCESSING_COMPLETE), files,
						 "submitted and has no sitemap file: something else wrote the status,"
						 " or the files were deleted.");
}

/* See wf_health.h.  An index has sitemaps, not pages. */
void
wf_health_imported(WfHealth *h)
{
	const WfBinding *b = wf_health_whole(h, WF_PART_SITEMAP_FILES);
	const WfBinding *pages = wf_health_whole(h, WF_PART_PAGES);
	char	   *complete;

	if (b == NULL || pages == NULL)
		return;
	complete = has_status(b, WF_PROCESSING_COMPLETE);
	if (b->column[WF_SITEMAP_TYPE].attnum)
		complete = psprintf("%s AND (%s) IS NOT TRUE", complete,
							wf_views_is(b, "p", WF_SITEMAP_TYPE, WF_SITEMAP_INDEX));
	report_fruitless(h, b, WF_ITEM_DOMAIN_ID, complete, pages,
					 "complete, and the domain has no page: something else wrote the status,"
					 " or the pages were deleted.");
}

/* See wf_health.h. */
void
wf_health_sitemap_depth(WfHealth *h)
{
	const WfBinding *b = wf_health_whole(h, WF_PART_SITEMAP_FILES);
	char	   *condition;
	int64		n;

	if (b == NULL || b->column[WF_ITEM_ERROR].attnum == 0)
		return;
	condition = psprintf("%s AND %s::pg_catalog.text OPERATOR(pg_catalog.~~) '%%" WF_TOO_DEEP "%%'",
						 has_status(b, WF_PROCESSING_ERROR), wf_views_ref(b, "p", WF_ITEM_ERROR));
	n = wf_health_count(b, condition, COUNTED);
	if (n > 0)
		wf_health_report(h, WF_HEALTH_WARN, requeue(b, condition),
						 "%s cut off, because indexes of sitemaps are followed "
						 LITERAL(WF_MAX_INDEX_DEPTH) " levels deep; asked for by itself, each leads as deep again.",
						 wf_health_items_are(WF_PART_SITEMAP_FILES, n, COUNTED));
}
