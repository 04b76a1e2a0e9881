/*-------------------------------------------------------------------------
 *
 * wf_store_children.c
 *	  How far a request for an index of sitemaps reaches.
 *
 * A site's indexes may form rings and endless chains, and a second request must
 * read everything again.  So each request has a number (the token of the claim of
 * the index somebody asked for), and wf_sitemap_request says of each sitemap file by
 * which request it was queued last, and how deep below.  A request queues a file at
 * most once, whatever lists it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/uuid.h"

#include "wf_store_children.h"
#include "wf_store_int.h"

/* After a day a request is over, whatever became of it. */
#define REQUEST_AGE "interval '1 day'"

enum
{
	BEGIN,						/* item uuid, token bigint → depth, request */
	FORGET,						/* → */
	UNASKED,					/* ids uuid[], request bigint → id of those not queued by it */
	NOTE,						/* ids uuid[], depth int, request bigint */
	END,						/* ids uuid[] */
	STATEMENTS
};

static WfStatement statements[STATEMENTS];

static void
make_statements(void)
{
	const char *table;

	if (statements[BEGIN].sql)
		return;
	table = wf_stage_own_table("wf_sitemap_request");
	wf_db_make(&statements[BEGIN],
			   psprintf("INSERT INTO %s AS r (item, depth, request) VALUES ($1, 0, $2)"
						" ON CONFLICT (item) DO UPDATE SET ended = false, noted_at = now(),"
						" depth = CASE WHEN r.ended OR r.noted_at < now() - " REQUEST_AGE
						" THEN 0 ELSE r.depth END,"
						" request = CASE WHEN r.ended OR r.noted_at < now() - " REQUEST_AGE
						" THEN $2 ELSE r.request END RETURNING depth, request", table),
			   2, UUIDOID, INT8OID);
	wf_db_make(&statements[FORGET],
			   psprintf("DELETE FROM %s WHERE noted_at < now() - " REQUEST_AGE, table), 0);
	wf_db_make(&statements[UNASKED],
			   psprintf("SELECT u.id FROM unnest($1) u(id) WHERE NOT EXISTS"
						" (SELECT 1 FROM %s r WHERE r.item = u.id AND r.request = $2)", table),
			   2, UUIDARRAYOID, INT8OID);
	wf_db_make(&statements[NOTE],
			   psprintf("INSERT INTO %s AS r (item, depth, request) SELECT u.id, $2, $3"
						" FROM unnest($1) u(id) ON CONFLICT (item) DO UPDATE SET depth = $2,"
						" request = $3, ended = false, noted_at = now()", table),
			   3, UUIDARRAYOID, INT4OID, INT8OID);
	wf_db_make(&statements[END],
			   psprintf("UPDATE %s SET ended = true WHERE item = ANY ($1) AND NOT ended", table),
			   1, UUIDARRAYOID);
}

/* See wf_store_children.h. */
void
wf_children_reset(void)
{
	for (int i = 0; i < STATEMENTS; i++)
		wf_db_unmake(&statements[i]);
}

/* The ids of the last result as a uuid[] in the current memory context; 0: none. */
static Datum
take_ids(void)
{
	int			n = (int) SPI_processed;
	Datum	   *ids = palloc(Max(n, 1) * sizeof(Datum));
	Datum		array;
	bool		isnull;

	for (int i = 0; i < n; i++)
		ids[i] = SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &isnull);
	array = n > 0 ? wf_db_array(ids, NULL, n, UUIDOID) : (Datum) 0;
	SPI_freetuptable(SPI_tuptable);
	return array;
}

/* See wf_store_children.h. */
void
wf_children_begin(const WfItem *item, WfDescent *descent)
{
	Datum		values[2];
	bool		isnull;

	make_statements();
	values[0] = UUIDPGetDatum(&item->id);
	values[1] = Int64GetDatum((int64) item->token);
	wf_db_execute(&statements[BEGIN], WF_AS_SELF, values, NULL);
	descent->depth = DatumGetInt32(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1,
												 &isnull));
	descent->request = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2,
												   &isnull));
	SPI_freetuptable(SPI_tuptable);
	if (item->nentries == 0)
		wf_db_execute(&statements[FORGET], WF_AS_SELF, NULL, NULL);
}

/* These files are part of the request now, one level below its index. */
static void
note(const WfDescent *descent, Datum ids)
{
	Datum		values[3];

	if (ids == 0)
		return;
	values[0] = ids;
	values[1] = Int32GetDatum(descent->depth + 1);
	values[2] = Int64GetDatum(descent->request);
	wf_db_execute(&statements[NOTE], WF_AS_SELF, values, NULL);
}

/*
 * Of the sitemaps that are there (how many: *there): the ids of those that may be
 * queued again and were not by this request, as a uuid[], 0 if none; *n: how many.
 */
static Datum
find_unasked(WfStage *stage, const WfDescent *descent, Datum *values, int *there, int *n)
{
	Datum		arguments[2];
	Datum	   *ids;
	bool		isnull;

	wf_db_execute(&stage->stmt[WF_STMT_CHILDREN_FIND], WF_AS_OWNER, values, NULL);
	*there = (int) SPI_processed;
	*n = 0;
	ids = palloc(Max(*there, 1) * sizeof(Datum));
	for (int i = 0; i < *there; i++)
		if (DatumGetBool(SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 2, &isnull)))
			ids[(*n)++] = SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &isnull);
	arguments[0] = wf_db_array(ids, NULL, *n, UUIDOID);
	arguments[1] = Int64GetDatum(descent->request);
	SPI_freetuptable(SPI_tuptable);
	if (*n == 0)
		return (Datum) 0;
	wf_db_execute(&statements[UNASKED], WF_AS_SELF, arguments, NULL);
	*n = (int) SPI_processed;
	return take_ids();
}

/* See wf_store_children.h. */
int
wf_children_left_out(WfStage *stage, const WfDescent *descent, Datum *values, int listed)
{
	int			there;
	int			unasked;

	(void) find_unasked(stage, descent, values, &there, &unasked);
	return listed - there + unasked;
}

/* See wf_store_children.h. */
void
wf_children_queue(WfStage *stage, const WfDescent *descent, Datum *values)
{
	int			there;
	int			n;
	Datum		known = find_unasked(stage, descent, values, &there, &n);

	wf_db_execute(&stage->stmt[WF_STMT_CHILDREN_INSERT], WF_AS_OWNER, values, NULL);
	note(descent, take_ids());
	if (known == 0)
		return;
	wf_db_execute(&stage->stmt[WF_STMT_CHILDREN_AGAIN], WF_AS_OWNER, &known, NULL);
	note(descent, take_ids());
}

/* See wf_store_children.h. */
void
wf_children_end(WfResult **results, int n)
{
	Datum	   *ids = palloc(Max(n, 1) * sizeof(Datum));
	Datum		value;
	int			count = 0;

	for (int i = 0; i < n; i++)
		if (results[i]->ends)
			ids[count++] = UUIDPGetDatum(&results[i]->item->id);
	if (count == 0)
		return;
	make_statements();
	value = wf_db_array(ids, NULL, count, UUIDOID);
	wf_db_execute(&statements[END], WF_AS_SELF, &value, NULL);
}
