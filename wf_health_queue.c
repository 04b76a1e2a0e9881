/*-------------------------------------------------------------------------
 *
 * wf_health_queue.c
 *	  Checks of wf_health() about items, claims and the history of attempts.
 *
 * Pages are read as their owner and claims with our own rights, so never in
 * one statement; both see the snapshot of the check, and so agree.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "wf_compat.h"

#include "catalog/pg_type_d.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "wf_clock.h"
#include "wf_encoding.h"
#include "wf_gate.h"
#include "wf_guc.h"
#include "wf_health.h"
#include "wf_suppress.h"

#define MATCHED			10000	/* items or claims matched with each other at most */
#define FEW				20		/* pages without contacts are not strange yet */
#define NAMED			100		/* contacts in a remedy */
#define REPEATED		10		/* requests for one item within an hour … */
#define PAUSES			3		/* … that go on until so many pauses and a minute have passed */
#define LONG_PAUSE		"15 minutes"	/* for which a site is left alone */
#define RATE_MINIMUM	10		/* attempts that an error rate is calculated from */
#define FAILED			"NOT IN ('ok', 'not_modified')" /* as wf_outcome_is_success() has it */
#define IDLE_CHECK_MS	2000	/* a worker takes a ready item sooner */
#define HISTORY_LIMIT	((int64) 10 * 1024 * 1024 * 1024)	/* bytes */


static const WfBinding *
pages(const WfHealth *h)
{
	return h->table[WF_PART_PAGES].binding;
}

/*
 * The stage of a part, as far as a check needs it: the status columns or, if it is
 * to be whole, a table without problems.  NULL where that is not there, which
 * other checks report.
 */
static const WfBinding *
stage_of(const WfHealth *h, int part, bool whole)
{
	const WfHealthTable *t = &h->table[part];

	if (!wf_parts[part].is_stage || (whole && t->problems))
		return NULL;
	return t->binding;
}

static bool
has_error_column(const WfBinding *b)
{
	return b->column[WF_ITEM_ERROR].attnum != 0;
}

/* See wf_health.h. */
int64
wf_health_count(const WfBinding *b, const char *condition, int limit)
{
	wf_views_select(b->owner,
					psprintf("SELECT pg_catalog.count(*) FROM (SELECT FROM %s p WHERE %s LIMIT %d) x",
							 b->relation, condition, limit),
					0, NULL, NULL);
	return wf_views_int64(0, 1);
}

/* The ids of items that meet a condition, at most MATCHED, as a uuid[]; false if none. */
static bool
item_ids(const WfBinding *b, const char *condition, Datum *ids)
{
	bool		isnull;

	wf_views_select(b->owner,
					psprintf("SELECT pg_catalog.array_agg(x.id) FROM (SELECT %s::pg_catalog.uuid AS id"
							 " FROM %s p WHERE %s LIMIT " LITERAL(MATCHED) ") x",
							 wf_views_ref(b, "p", WF_ITEM_ID), b->relation, condition),
					0, NULL, NULL);
	*ids = wf_views_column(0, 1, &isnull);
	return !isnull;
}

/* How many of these items have no claim. */
static int64
count_unclaimed(const WfHealth *h, const WfBinding *b, Datum ids)
{
	Oid			types[] = {UUIDARRAYOID, TEXTOID};
	Datum		values[2];

	values[0] = ids;
	values[1] = CStringGetTextDatum(b->part->stage);
	wf_views_select(InvalidOid,
					psprintf("SELECT pg_catalog.count(*) FROM pg_catalog.unnest($1) u(item) WHERE NOT EXISTS"
							 " (SELECT 1 FROM %s c WHERE c.stage = $2 AND c.item = u.item)",
							 wf_health_own(h, "wf_claim")), 2, types, values);
	return wf_views_int64(0, 1);
}

/* See wf_health.h. */
char *
wf_health_items_are(WfPartId part, int64 n, int64 limit)
{
	static const char *const names[WF_PART_COUNT][2] = {
		[WF_PART_PAGES] = {"page", "pages"},
		[WF_PART_DOMAINS] = {"domain", "domains"},
		[WF_PART_SITEMAP_FILES] = {"sitemap file", "sitemap files"},
		[WF_PART_LOCAL_BUSINESSES] = {"business", "businesses"},
	};

	return n == 1 ? psprintf("1 %s is", names[part][0]) :
		psprintf("%s %s are", wf_health_number(n, limit), names[part][1]);
}

/* The same of items of any stage; claims do not say more. */
static char *
items_are(int64 n, int64 limit)
{
	return n == 1 ? pstrdup("1 item is") : psprintf("%s items are", wf_health_number(n, limit));
}

/* ------------------------------------------------------------------------
 * Items whose state is wrong
 * ------------------------------------------------------------------------
 */

/* See wf_health.h. */
void
wf_health_orphans(WfHealth *h)
{
	for (int part = 0; part < WF_PART_COUNT; part++)
	{
		const WfBinding *b = stage_of(h, part, false);
		int64		n;

		if (b == NULL)
			continue;
		n = wf_health_count(b, psprintf("%s AND %s IS NULL", wf_views_queues(b, "p"),
										wf_views_ref(b, "p", WF_ITEM_PROCESSING)), COUNTED);
		if (n > 0)
			wf_health_report(h, WF_HEALTH_FAIL, wf_health_call(h, "wf_heal", ""),
							 "%s selected and not queued: the trigger was bypassed or overruled.",
							 wf_health_items_are(part, n, COUNTED));
	}
}

/*
 * Claims whose worker is gone or whose lease is over.  Somebody else's (pid 0)
 * end with the next sweep after their lease.
 */
static void
count_lost(const WfHealth *h, int64 *dead, int64 *overdue)
{
	wf_views_select(InvalidOid,
					psprintf("WITH live AS MATERIALIZED (SELECT a.pid, a.backend_start"
							 " FROM pg_catalog.pg_stat_get_activity(NULL) a) "
							 "SELECT pg_catalog.count(*) FILTER (WHERE x.dead),"
							 " pg_catalog.count(*) FILTER (WHERE x.overdue AND NOT x.dead)"
							 " FROM (SELECT c.worker_pid <> 0 AND NOT EXISTS (SELECT 1 FROM live l"
							 "  WHERE l.pid = c.worker_pid AND l.backend_start = c.worker_started) AS dead,"
							 "  c.lease_until < pg_catalog.clock_timestamp() - CASE WHEN c.worker_pid = 0"
							 "   THEN interval '2 minutes' ELSE interval '5 seconds' END AS overdue"
							 "  FROM %s c WHERE c.worker_pid IS NOT NULL LIMIT " LITERAL(MATCHED) ") x",
							 wf_health_own(h, "wf_claim")), 0, NULL, NULL);
	*dead = wf_views_int64(0, 1);
	*overdue = wf_views_int64(0, 2);
}

static void
check_claims(WfHealth *h)
{
	int64		dead;
	int64		overdue;

	/* on a standby they are as old as the last word of its primary */
	if (h->in_recovery)
		return;
	count_lost(h, &dead, &overdue);
	if (dead > 0)
	{
		/* a worker may have ended in good order since the snapshot was taken */
		PushActiveSnapshot(GetTransactionSnapshot());
		count_lost(h, &dead, &overdue);
		PopActiveSnapshot();
	}
	if (dead > 0)
		wf_health_report(h, WF_HEALTH_FAIL, wf_health_call(h, "wf_heal", ""),
						 "%s claimed by a worker that is gone.", items_are(dead, MATCHED));
	if (overdue > 0)
		wf_health_report(h, WF_HEALTH_FAIL, wf_health_call(h, "wf_heal", ""),
						 "%s claimed and the lease is over.", items_are(overdue, MATCHED));
}

/* Items in processing that nobody has claimed. */
static void
check_unclaimed(WfHealth *h, const WfBinding *b)
{
	const char *processing = wf_views_is(b, "p", WF_ITEM_PROCESSING, WF_PROCESSING_PROCESSING);
	const char *queued = b->column[WF_ITEM_PROCESSING].label[WF_PROCESSING_QUEUED];
	Datum		ids;
	int64		n = item_ids(b, processing, &ids) ? count_unclaimed(h, b, ids) : 0;

	if (n > 0)
		wf_health_report(h, WF_HEALTH_WARN,
						 psprintf("UPDATE %s AS p SET %s = %s WHERE %s AND %s NOT IN (SELECT item FROM %s);",
								  b->relation,
								  quote_identifier(b->part->columns[WF_ITEM_PROCESSING].name),
								  quote_literal_cstr(queued), processing,
								  wf_views_ref(b, "p", WF_ITEM_ID),
								  wf_health_own(h, "wf_claim")),
						 "%s in processing without a claim: nobody works there, unless another service does.",
						 wf_health_items_are(b->part->id, n, MATCHED));
}

/* See wf_health.h. */
void
wf_health_stuck(WfHealth *h)
{
	for (int part = 0; part < WF_PART_COUNT; part++)
	{
		const WfBinding *b = stage_of(h, part, true);

		if (b)
			check_unclaimed(h, b);
	}
	check_claims(h);
}

/* See wf_health.h. */
void
wf_health_waiting(WfHealth *h)
{
	for (int part = 0; part < WF_PART_COUNT; part++)
	{
		const WfBinding *b = stage_of(h, part, true);
		Datum		ids;
		int64		n;

		if (b == NULL || !b->part->has_queue || !has_error_column(b) ||
			!item_ids(b, psprintf("%s AND %s IS NOT NULL",
								  wf_views_is(b, "p", WF_ITEM_PROCESSING, WF_PROCESSING_QUEUED),
								  wf_views_ref(b, "p", WF_ITEM_ERROR)), &ids))
			continue;
		n = count_unclaimed(h, b, ids);
		if (n > 0)
			wf_health_report(h, WF_HEALTH_WARN, wf_health_call(h, "wf_heal", ""),
							 "%s waiting for a retry that nobody has noted.",
							 wf_health_items_are(part, n, MATCHED));
	}
}

/* See wf_health.h. */
void
wf_health_no_reason(WfHealth *h)
{
	for (int part = 0; part < WF_PART_COUNT; part++)
	{
		const WfBinding *b = stage_of(h, part, false);
		int64		n = 0;

		if (b && b->part->has_queue && has_error_column(b))
			n = wf_health_count(b, psprintf("%s AND %s IS NULL",
											wf_views_is(b, "p", WF_ITEM_PROCESSING,
														WF_PROCESSING_ERROR),
											wf_views_ref(b, "p", WF_ITEM_ERROR)), COUNTED);
		if (n > 0)
			wf_health_report(h, WF_HEALTH_WARN, wf_health_call(h, "wf_heal", ""),
							 "%s in error without a reason: something else wrote the status.",
							 wf_health_items_are(part, n, COUNTED));
	}
}

/* ------------------------------------------------------------------------
 * Items that wait too long
 * ------------------------------------------------------------------------
 */

/* Is an item still queued? */
static bool
is_queued(const WfBinding *b, const pg_uuid_t *item)
{
	Oid			types[] = {UUIDOID};
	Datum		values[1];

	values[0] = UUIDPGetDatum(item);
	wf_views_select(b->owner,
					psprintf("SELECT FROM %s p WHERE %s OPERATOR(pg_catalog.=) $1 AND %s",
							 b->relation, wf_views_ref(b, "p", WF_ITEM_ID),
							 wf_views_is(b, "p", WF_ITEM_PROCESSING, WF_PROCESSING_QUEUED)),
					1, types, values);
	return SPI_processed > 0;
}

/* One of the rows of a part that a worker passes over, because they refuse; NULL: none. */
static const WfRefusal *
find_refusal(const WfBinding *b, const WfWorkerInfo *slots, int n)
{
	for (int i = 0; i < n; i++)
	{
		const WfRefusal *refusal = &slots[i].refusal[b->part->id];

		if (slots[i].database == MyDatabaseId && refusal->n > 0 && wf_clock() < refusal->until &&
			is_queued(b, &refusal->item))
			return refusal;
	}
	return NULL;
}

/* Rows that become Processing only to fail: a trigger raises, a constraint is broken. */
static void
report_refusals(WfHealth *h)
{
	WfWorkerInfo *slots = palloc(WF_MAX_WORKERS * sizeof(WfWorkerInfo));
	int			n = wf_shmem_workers(slots);

	for (int part = 0; part < WF_PART_COUNT; part++)
	{
		const WfBinding *b = stage_of(h, part, false);
		const WfRefusal *refusal = b ? find_refusal(b, slots, n) : NULL;
		char	   *id;

		if (refusal == NULL)
			continue;
		id = DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(&refusal->item)));
		wf_health_report(h, WF_HEALTH_WARN,
						 psprintf("SELECT %s.wf_cancel_stage(%s, ARRAY['%s']::uuid[]);", h->schema,
								  quote_literal_cstr(b->part->stage), id),
						 "%d %s of stage \"%s\" cannot be taken, the last one %s,"
						 " and will be tried again within a minute: %s.",
						 refusal->n, refusal->n == 1 ? "row" : "rows", b->part->stage, id,
						 refusal->why);
	}
}

/* Was nothing processed for five minutes, and is nothing in flight? */
static bool
nothing_happens(const WfHealth *h)
{
	wf_views_select(InvalidOid,
					psprintf("SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM %s a"
							 " WHERE a.finished_at > pg_catalog.clock_timestamp() - interval '5 minutes')"
							 " AND NOT EXISTS (SELECT 1 FROM %s c WHERE c.worker_pid <> 0"
							 " AND c.lease_until > pg_catalog.clock_timestamp())"
							 " AND NOT EXISTS (SELECT 1 FROM %s p)",
							 wf_health_own(h, "wf_attempt"), wf_health_own(h, "wf_claim"),
							 wf_health_own(h, "wf_paused")), 0, NULL, NULL);
	return SPI_processed > 0;
}

/* Condition of an item that has been ready for five minutes. */
static char *
long_ready(const WfBinding *b)
{
	return psprintf("%s AND %s < pg_catalog.clock_timestamp() - interval '5 minutes'",
					wf_part_ready_condition(b), wf_views_time(b, "p", WF_ITEM_UPDATED_AT));
}

/* Items of a stage that have been ready for five minutes, those of sites left alone aside. */
static int64
count_passed_over(const WfHealth *h, const WfBinding *b)
{
	Oid			types[] = {INT8ARRAYOID};
	Datum		values[1];
	Datum	   *sites;
	int			n;

	wf_views_select(b->owner,
					psprintf("SELECT %s::pg_catalog.text FROM %s p WHERE %s"
							 " LIMIT " LITERAL(MATCHED),
							 wf_views_ref(b, "p", WF_ITEM_URL), b->relation, long_ready(b)),
					0, NULL, NULL);
	n = (int) SPI_processed;
	sites = palloc(Max(n, 1) * sizeof(Datum));
	for (int i = 0; i < n; i++)
	{
		char	   *url = wf_views_text(i, 1);

		sites[i] = Int64GetDatum((int64) (url ? wf_gate_key(url) : 0));
	}
	values[0] = PointerGetDatum(construct_array(sites, n, INT8OID, sizeof(int64),
												FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
	wf_views_select(InvalidOid,
					psprintf("SELECT pg_catalog.count(*) FROM pg_catalog.unnest($1) u(site) WHERE NOT EXISTS"
							 " (SELECT 1 FROM %s h WHERE h.key = u.site AND h.not_before"
							 " > pg_catalog.clock_timestamp() - interval '5 minutes')",
							 wf_health_own(h, "wf_host")), 1, types, values);
	return wf_views_int64(0, 1);
}

/* Retries that have been due for five minutes. */
static int64
count_overdue_retries(const WfHealth *h)
{
	wf_views_select(InvalidOid,
					psprintf("SELECT pg_catalog.count(*) FROM (SELECT FROM %s c WHERE c.worker_pid IS NULL"
							 " AND c.not_before < pg_catalog.clock_timestamp() - interval '5 minutes'"
							 " LIMIT " LITERAL(MATCHED) ") x", wf_health_own(h, "wf_claim")),
					0, NULL, NULL);
	return wf_views_int64(0, 1);
}

/*
 * Items that have been ready for five minutes, with a new snapshot; those of the
 * first stage that has any, *part.
 */
static int64
count_long_ready(const WfHealth *h, WfPartId *part)
{
	int64		n = 0;

	PushActiveSnapshot(GetTransactionSnapshot());
	*part = WF_PART_PAGES;
	if (nothing_happens(h))
		n = count_overdue_retries(h);
	for (int i = 0; n == 0 && i < WF_PART_COUNT; i++)
	{
		const WfBinding *b = stage_of(h, i, true);

		if (b && b->part->has_queue && b->column[WF_ITEM_UPDATED_AT].attnum && nothing_happens(h))
			n = count_passed_over(h, b);
		*part = i;
	}
	PopActiveSnapshot();
	return n;
}

/*
 * See wf_health.h.  That an item has waited long is no fault while others are
 * processed; and updated_at may be older than the request, which an idle
 * worker takes at once: so look again after a moment.
 */
void
wf_health_oldest_ready(WfHealth *h)
{
	WfPartId	part;
	int64		n;

	report_refusals(h);
	if (h->standing == 0 || !wf_curation_enabled || count_long_ready(h, &part) == 0)
		return;
	for (int i = 0; i < IDLE_CHECK_MS / 50; i++)
	{
		CHECK_FOR_INTERRUPTS();
		pg_usleep(50000);
	}
	n = count_long_ready(h, &part);
	if (n > 0)
		wf_health_report(h, WF_HEALTH_WARN, wf_health_call(h, "wf_process_batch", "10"),
						 "%s ready for more than five minutes, and the worker takes none.",
						 wf_health_items_are(part, n, MATCHED));
}

/* ------------------------------------------------------------------------
 * Results
 * ------------------------------------------------------------------------
 */

/* See wf_health.h. */
void
wf_health_error_rate(WfHealth *h)
{
	int64		total;
	int64		failed;

	wf_views_select(InvalidOid,
					psprintf("SELECT pg_catalog.count(*), pg_catalog.count(*) FILTER (WHERE x.outcome " FAILED "),"
							 " pg_catalog.mode() WITHIN GROUP (ORDER BY x.outcome) FILTER (WHERE x.outcome " FAILED ")"
							 " FROM (SELECT a.outcome FROM %s a"
							 "  WHERE a.finished_at > pg_catalog.clock_timestamp() - interval '1 hour'"
							 "  ORDER BY a.finished_at DESC LIMIT " LITERAL(MATCHED) ") x",
							 wf_health_own(h, "wf_attempt")), 0, NULL, NULL);
	total = wf_views_int64(0, 1);
	failed = wf_views_int64(0, 2);
	if (total >= RATE_MINIMUM && failed * 10 > total)
		wf_health_report(h, WF_HEALTH_WARN,
						 psprintf("SELECT outcome, error, count(*) FROM %s WHERE outcome " FAILED
								  " AND finished > now() - interval '1 hour' GROUP BY 1, 2 ORDER BY 3 DESC;",
								  wf_health_own(h, "wf_attempts")),
						 INT64_FORMAT " of the last " INT64_FORMAT " attempts within the last hour failed, most often with \"%s\".",
						 failed, total, wf_views_text(0, 3));
}

/* Of the latest pages that were fetched well: how many, and their contacts. */
static int64
recent_yield(const WfHealth *h, int64 *contacts)
{
	wf_views_select(InvalidOid,
					psprintf("SELECT pg_catalog.count(*), pg_catalog.sum(x.contacts) FROM (SELECT a.contacts"
							 " FROM %s a WHERE a.stage = 'page' AND a.outcome = 'ok'"
							 " AND a.finished_at > pg_catalog.clock_timestamp() - interval '1 day'"
							 " ORDER BY a.finished_at DESC LIMIT " LITERAL(COUNTED) ") x",
							 wf_health_own(h, "wf_attempt")), 0, NULL, NULL);
	*contacts = wf_views_int64(0, 2);
	return wf_views_int64(0, 1);
}

/* See wf_health.h. */
void
wf_health_nothing_produced(WfHealth *h)
{
	const WfBinding *b = pages(h);
	const WfBinding *c = h->table[WF_PART_CONTACTS].binding;
	const char *email = wf_views_ref(c, "p", WF_CONTACT_EMAIL);
	const char *complete = wf_views_is(b, "p", WF_ITEM_PROCESSING, WF_PROCESSING_COMPLETE);
	int64		contacts;
	int64		n = recent_yield(h, &contacts);

	if (n > FEW && contacts == 0)
		wf_health_report(h, WF_HEALTH_WARN,
						 psprintf("SELECT url, http_status, bytes FROM %s WHERE stage = 'page' AND outcome = 'ok'"
								  " ORDER BY finished DESC LIMIT 20;", wf_health_own(h, "wf_attempts")),
						 "None of the last %s pages that were fetched had a contact.",
						 wf_health_number(n, COUNTED));
	if (n > FEW)
		return;
	n = wf_health_count(b, complete, COUNTED);
	if (n > FEW &&
		wf_health_count(c, psprintf("%s IS NULL OR %s::pg_catalog.text OPERATOR(pg_catalog.!~~) 'notfound\\_%%'",
							   email, email), 1) == 0)
		wf_health_report(h, WF_HEALTH_WARN,
						 psprintf("SELECT * FROM %s AS p WHERE %s LIMIT 20;", b->relation,
								  complete),
						 "%s complete, and table %s has no contact.",
						 wf_health_items_are(WF_PART_PAGES, n, COUNTED), c->relation);
}

/*
 * Append the id of a contact (row of the last wf_views_select) to the list if its
 * address is on the suppression list.
 */
static bool
append_if_listed(WfSuppressionList *list, uint64 row, StringInfo ids, int n)
{
	char	   *utf8 = wf_encoding_to_utf8(wf_views_text(row, 2));
	bool		listed = wf_suppress_has(list, (WfSlice) {utf8, strlen(utf8)});

	if (listed && n < NAMED)
		appendStringInfo(ids, "%s%s", n ? ", " : "", quote_literal_cstr(wf_views_text(row, 1)));
	pfree(utf8);
	return listed;
}

/*
 * See wf_health.h.  The trigger and the workers keep the list; this finds what came
 * in behind their back, or was there before the entry.  pg_monitor sees ids, no address.
 */
void
wf_health_suppressed(WfHealth *h)
{
	const WfBinding *c = h->table[WF_PART_CONTACTS].binding;
	const char *id = wf_views_ref(c, "p", WF_CONTACT_ID);
	const char *email = wf_views_ref(c, "p", WF_CONTACT_EMAIL);
	WfSuppressionList *list = wf_suppress_open(wf_part_extension_schema());
	StringInfoData ids;
	uint64		rows = 0;
	int			n = 0;

	initStringInfo(&ids);
	wf_views_select(InvalidOid, psprintf("SELECT 1 FROM %s s LIMIT 1",
										 wf_health_own(h, "wf_suppression")), 0, NULL, NULL);
	if (SPI_processed > 0)
	{
		wf_views_select(c->owner,
						psprintf("SELECT %s::pg_catalog.text, %s::pg_catalog.text FROM %s p"
								 " WHERE %s IS NOT NULL LIMIT " LITERAL(MATCHED),
								 id, email, c->relation, email), 0, NULL, NULL);
		rows = SPI_processed;
	}
	for (uint64 row = 0; row < rows; row++)
	{
		CHECK_FOR_INTERRUPTS();
		n += append_if_listed(list, row, &ids, n);
	}
	wf_suppress_close(list);
	if (n > 0)
		wf_health_report(h, WF_HEALTH_WARN,
						 psprintf("DELETE FROM %s WHERE %s IN (%s);", c->relation,
								  quote_identifier(c->part->columns[WF_CONTACT_ID].name), ids.data),
						 "%d of %s contacts looked at %s on the suppression list: the trigger was bypassed,"
						 " or they were stored before.",
						 n, wf_health_number((int64) rows, MATCHED), n == 1 ? "is" : "are");
}

/*
 * Items of a stage that are requested again and again, the most often requested first,
 * and how often: those that still are, by the pace at which they were.  False: none.
 */
static bool
find_repeated(const WfHealth *h, const WfBinding *b, Datum values[2])
{
	Oid			types[] = {TEXTOID};
	Datum		stage[1];
	bool		isnull;

	stage[0] = CStringGetTextDatum(b->part->stage);
	wf_views_select(InvalidOid,
					psprintf("SELECT pg_catalog.array_agg(y.item ORDER BY y.n DESC, y.item),"
							 " pg_catalog.array_agg(y.n ORDER BY y.n DESC, y.item)"
							 " FROM (SELECT x.item, pg_catalog.count(*) AS n"
							 "  FROM (SELECT a.stage, a.item, a.finished_at FROM %s a WHERE a.attempt = 1"
							 "  AND a.finished_at > pg_catalog.clock_timestamp() - interval '1 hour'"
							 "  ORDER BY a.finished_at DESC LIMIT " LITERAL(MATCHED) ") x WHERE x.stage = $1"
							 "  GROUP BY 1 HAVING pg_catalog.count(*) > " LITERAL(REPEATED)
							 "  AND pg_catalog.clock_timestamp() - pg_catalog.max(x.finished_at) < interval '1 minute'"
							 "   + " LITERAL(PAUSES) " * (pg_catalog.max(x.finished_at) - pg_catalog.min(x.finished_at))"
							 "   / (pg_catalog.count(*) - 1)) y", wf_health_own(h, "wf_attempt")),
					1, types, stage);
	values[0] = wf_views_column(0, 1, &isnull);
	values[1] = isnull ? (Datum) 0 : wf_views_column(0, 2, &isnull);
	return !isnull;
}

/*
 * See wf_health.h.  A request that somebody makes again and again, a trigger or a
 * job, costs a fetch each time.  Items that nobody wants any more are no finding.
 */
void
wf_health_repeated(WfHealth *h)
{
	for (int part = 0; part < WF_PART_COUNT; part++)
	{
		const WfBinding *b = stage_of(h, part, false);
		Oid			types[] = {UUIDARRAYOID, INT8ARRAYOID};
		Datum		values[2];

		if (b == NULL || !b->part->has_queue || !find_repeated(h, b, values))
			continue;
		wf_views_select(b->owner,
						psprintf("SELECT u.item::pg_catalog.text, u.n, pg_catalog.count(*) OVER ()"
								 " FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) u(item, n)"
								 " JOIN %s p ON %s OPERATOR(pg_catalog.=) u.item WHERE %s IS NOT NULL"
								 " ORDER BY u.n DESC, u.item LIMIT 1", b->relation,
								 wf_views_ref(b, "p", WF_ITEM_ID),
								 wf_views_ref(b, "p", WF_ITEM_PROCESSING)), 2, types, values);
		if (SPI_processed > 0)
			wf_health_report(h, WF_HEALTH_WARN,
							 psprintf("SELECT %s.wf_cancel_stage(%s, ARRAY[%s]::uuid[]);", h->schema,
									  quote_literal_cstr(b->part->stage),
									  quote_literal_cstr(wf_views_text(0, 1))),
							 "%s requested again and again, by a trigger or a job: within the last hour %s"
							 INT64_FORMAT " times.",
							 wf_health_items_are(part, wf_views_int64(0, 3), MATCHED),
							 wf_views_int64(0, 3) == 1 ? "" : "one of them ", wf_views_int64(0, 2));
	}
}

/*
 * See wf_health.h.  Pages of such a site are queued and nothing seems to happen:
 * its circuit breaker is open, or it asked for the pause itself (Retry-After).
 */
void
wf_health_sites(WfHealth *h)
{
	char	   *table = wf_health_own(h, "wf_host");
	int64		n;

	wf_views_select(InvalidOid,
					psprintf("SELECT h.site, (extract(epoch FROM h.not_before - pg_catalog.clock_timestamp())"
							 " / 60)::pg_catalog.int8, pg_catalog.count(*) OVER () FROM %s h"
							 " WHERE h.not_before > pg_catalog.clock_timestamp() + interval '" LONG_PAUSE "'"
							 " ORDER BY h.not_before DESC, h.site LIMIT 1", table),
					0, NULL, NULL);
	if (SPI_processed == 0)
		return;
	n = wf_views_int64(0, 3);
	wf_health_report(h, WF_HEALTH_WARN,
					 psprintf("SELECT site, not_before, failures, openings FROM %s"
							  " WHERE not_before > now() ORDER BY not_before DESC;", table),
					 INT64_FORMAT " %s left alone for more than " LONG_PAUSE
					 ", because of failures or at %s own wish; %s for another " INT64_FORMAT " min.",
					 n, n == 1 ? "site is" : "sites are", n == 1 ? "its" : "their",
					 wf_views_text(0, 1), wf_views_int64(0, 2));
}

/* ------------------------------------------------------------------------
 * Sweep and history
 * ------------------------------------------------------------------------
 */

/* Has a standing worker of this database run for so long? */
static bool
worker_has_run(const WfHealth *h, int seconds)
{
	TimestampTz now = GetCurrentTimestamp();

	for (int i = 0; i < h->nworkers; i++)
		if (h->workers[i].database == MyDatabaseId && !h->workers[i].on_demand &&
			TimestampDifferenceExceeds(h->workers[i].started, now, seconds * 1000))
			return true;
	return false;
}

/* See wf_health.h. */
void
wf_health_sweep(WfHealth *h)
{
	bool		swept;

	if (h->in_recovery)
		return;
	wf_views_select(InvalidOid,
					psprintf("SELECT " WF_HEALTH_TIME("s.last_sweep") ", s.last_sweep"
							 " < pg_catalog.clock_timestamp() - interval '5 minutes' FROM %s s",
							 wf_health_own(h, "wf_sweep_state")), 0, NULL, NULL);
	swept = SPI_processed > 0;
	if (!swept && worker_has_run(h, 300))
		wf_health_report(h, WF_HEALTH_WARN, wf_health_call(h, "wf_heal", ""),
						 "A worker runs, but no sweep ever ran.");
	else if (swept && worker_has_run(h, 60) && strcmp(wf_views_text(0, 2), "t") == 0)
		wf_health_report(h, WF_HEALTH_WARN, wf_health_call(h, "wf_heal", ""),
						 "A worker runs, but the last sweep, due each minute, ran at %s.",
						 wf_views_text(0, 1));
}

/*
 * See wf_health.h.  What grew too old since the last sweep is no fault: the next one,
 * of whoever comes to process, deletes it.
 */
void
wf_health_history(WfHealth *h)
{
	Oid			types[] = {INT4OID};
	Datum		values[1];
	char	   *table = wf_health_own(h, "wf_attempt");
	char	   *oldest;
	int64		size;

	values[0] = Int32GetDatum(wf_curation_history_retention);
	wf_views_select(InvalidOid,
					psprintf("SELECT (SELECT " WF_HEALTH_TIME("pg_catalog.min(a.finished_at)")
							 " FROM %s a HAVING pg_catalog.min(a.finished_at) <"
							 " coalesce((SELECT s.last_sweep FROM %s s), pg_catalog.clock_timestamp())"
							 " - $1 * interval '1 minute' - interval '1 hour'),"
							 " pg_catalog.pg_total_relation_size(%s::pg_catalog.regclass)",
							 table, wf_health_own(h, "wf_sweep_state"), quote_literal_cstr(table)),
					1, types, values);
	oldest = wf_views_text(0, 1);
	size = wf_views_int64(0, 2);
	if (oldest)
		wf_health_report(h, WF_HEALTH_WARN,
						 psprintf("DELETE FROM %s WHERE finished_at < now() - interval '%d minutes';",
								  table, wf_curation_history_retention),
						 "The history of attempts reaches back to %s, further than \"%s\" says.",
						 oldest, "wf_curation.history_retention");
	if (size > HISTORY_LIMIT)
		wf_health_report(h, WF_HEALTH_WARN,
						 wf_health_set("wf_curation.history_retention", "'1d'"),
						 "The history of attempts takes " INT64_FORMAT " GB of disk space.",
						 size / (1024 * 1024 * 1024));
}
