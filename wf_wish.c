/*-------------------------------------------------------------------------
 *
 * wf_wish.c
 *	  Which ready items an operator wants to have first.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "wf_clock.h"
#include "wf_wish.h"

typedef enum WishStatement
{
	WISH_READ,					/* stage, n, offset → items, the most wanted first */
	WISH_DELETE,				/* stage, items */
	WISH_COUNT
} WishStatement;

/*
 * Under an old snapshot the index keeps the wishes that are gone, and a look walks
 * them: one that takes longer than this may take a thirtieth of the time only.
 */
#define QUICK_LOOK_MS	20
#define LOOK_SHARE		30
#define PRUNE_LOOKS		100		/* of one sweep */

static WfStatement own[WISH_COUNT];

static void
make_statements(void)
{
	char	   *table;

	if (own[WISH_DELETE].sql)
		return;
	table = wf_stage_own_table("wf_priority");
	wf_db_make(&own[WISH_READ],
			   psprintf("SELECT w.item FROM %s w WHERE w.stage = $1"
						" ORDER BY w.priority DESC, w.asked_at, w.item LIMIT $2 OFFSET $3", table),
			   3, TEXTOID, INT4OID, INT4OID);
	wf_db_make(&own[WISH_DELETE],
			   psprintf("DELETE FROM %s w WHERE w.stage = $1 AND w.item IN (SELECT x.item FROM %s x"
						" WHERE x.stage = $1 AND x.item = ANY ($2) FOR UPDATE SKIP LOCKED)",
						table, table),
			   2, TEXTOID, UUIDARRAYOID);
}

void
wf_wish_reset(void)
{
	for (int i = 0; i < WISH_COUNT; i++)
		wf_db_unmake(&own[i]);
}

static int
read_ids(const WfStage *stage, int offset, pg_uuid_t *ids)
{
	Datum		values[3] = {CStringGetTextDatum(stage->name), Int32GetDatum(WF_WISHES_AT_ONCE),
	Int32GetDatum(offset)};
	int			n;

	make_statements();
	wf_db_execute(&own[WISH_READ], WF_AS_SELF, values, NULL);
	n = (int) SPI_processed;
	for (int i = 0; i < n; i++)
	{
		bool		isnull;

		ids[i] = *DatumGetUUIDP(SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1,
											  &isnull));
	}
	SPI_freetuptable(SPI_tuptable);
	return n;
}

/* Delete the wishes for items that are not among those ready, which are in the same order. */
static void
delete_void(const WfStage *stage, const pg_uuid_t *ids, int n, const WfPick *ready, int nready)
{
	pg_uuid_t  *stale = palloc(Max(n, 1) * sizeof(pg_uuid_t));
	int			nstale = 0;

	for (int i = 0, r = 0; i < n; i++)
	{
		if (r < nready && memcmp(&ids[i], &ready[r].id, sizeof(pg_uuid_t)) == 0)
			r++;
		else
			stale[nstale++] = ids[i];
	}
	wf_wish_delete(stage, stale, nstale);
}

int
wf_wish_read(WfStage *stage, WfWishes *wishes, WfPick *ready)
{
	pg_uuid_t  *ids = palloc(WF_WISHES_AT_ONCE * sizeof(pg_uuid_t));
	TimestampTz start = wf_clock();
	long		elapsed;
	int			n;
	int			nready;

	if (wishes->next_look > start)
		return 0;
	n = read_ids(stage, wishes->offset, ids);
	if (n == 0 && wishes->offset > 0)
	{
		wishes->offset = 0;
		n = read_ids(stage, 0, ids);
	}
	elapsed = TimestampDifferenceMilliseconds(start, wf_clock());
	wishes->next_look = elapsed < QUICK_LOOK_MS ? 0 :
		TimestampTzPlusMilliseconds(wf_clock(), elapsed * LOOK_SHARE);
	wishes->look = n > 0;
	if (n == 0)
		return 0;
	nready = wf_pick_ready(stage, ids, n, ready);
	delete_void(stage, ids, n, ready, nready);
	wishes->offset += nready;
	return nready;
}

void
wf_wish_delete(const WfStage *stage, const pg_uuid_t *ids, int n)
{
	Datum	   *elems = palloc(Max(n, 1) * sizeof(Datum));
	Datum		values[2];

	if (n == 0)
		return;
	for (int i = 0; i < n; i++)
		elems[i] = UUIDPGetDatum(&ids[i]);
	values[0] = CStringGetTextDatum(stage->name);
	values[1] = wf_db_array(elems, NULL, n, UUIDOID);
	make_statements();
	wf_db_execute(&own[WISH_DELETE], WF_AS_SELF, values, NULL);
}

void
wf_wish_prune(WfStage *stage)
{
	static WfWishes wishes[WF_STAGE_COUNT];
	WfWishes   *w = &wishes[stage->id];
	WfPick	   *ready = palloc(WF_WISHES_AT_ONCE * sizeof(WfPick));
	int			looks = PRUNE_LOOKS;

	/* on while all of them are void: thousands may have been taken back at once */
	while (wf_wish_read(stage, w, ready) == 0 && w->look && w->next_look == 0 && --looks > 0)
		CHECK_FOR_INTERRUPTS();
	pfree(ready);
}
