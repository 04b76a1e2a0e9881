/*-------------------------------------------------------------------------
 *
 * wf_queue_held.c
 *	  Claims: whether they are still ours, and how they end.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "wf_queue_int.h"
#include "wf_shmem.h"

/*
 * Set mark[i] for those of n items that the last statement returned: by id or,
 * where it returned tokens, too, by both.  One page may be among the items more
 * than once: a worker claims a page again that was queued anew while it has it in
 * flight, and only one of its items has the claim.
 */
static void
mark_returned(WfItem **items, int n, bool tokens, bool *mark)
{
	WfClaimPlace *sorted = wf_claim_sort(items, n);

	for (uint64 r = 0; r < SPI_processed; r++)
	{
		WfClaimPlace key = {wf_claim_uuid_column(r, 1)};
		WfClaimPlace *found = bsearch(&key, sorted, n, sizeof(WfClaimPlace), wf_claim_compare);
		uint64		token = 0;
		bool		isnull;

		if (!found)
			continue;
		if (tokens)
			token = (uint64) DatumGetInt64(wf_claim_column(r, 2, &isnull));
		while (found > sorted && wf_claim_compare(found - 1, &key) == 0)
			found--;
		for (; found < sorted + n && wf_claim_compare(found, &key) == 0; found++)
			if (!tokens || items[found->at]->token == token)
				mark[found->at] = true;
	}
	SPI_freetuptable(SPI_tuptable);
	pfree(sorted);
}

/* running[i]: the statement (WF_STMT_LOCK or _RUNNING) still finds the item. */
static void
find_running(WfStage *stage, WfStageStatement statement, WfItem **items, int n, bool *running)
{
	Datum		values[1];

	for (int i = 0; i < n; i++)
		running[i] = false;
	values[0] = wf_claim_ids(items, n);
	wf_db_execute(&stage->stmt[statement], WF_AS_OWNER, values, NULL);
	mark_returned(items, n, false, running);
}

/* Those of the items whose mark is as wanted; at[] takes where they were. */
static int
select_marked(WfItem **items, int n, const bool *mark, bool wanted, WfItem **selected, int *at)
{
	int			count = 0;

	for (int i = 0; i < n; i++)
	{
		if (mark[i] != wanted)
			continue;
		at[count] = i;
		selected[count++] = items[i];
	}
	return count;
}

/*
 * Items of ours that are Processing although nobody has a claim on them: the
 * claims went from under us (DROP EXTENSION, TRUNCATE).  They are ready again,
 * and what the fetch brought is dropped: without a token nothing tells whether a
 * newer version of the row was meant.
 */
static void
requeue_unclaimed(WfStage *stage, WfItem **items, int n, const bool *running, const bool *valid)
{
	WfItem	  **lost = palloc(Max(n, 1) * sizeof(WfItem *));
	WfItem	  **kept = palloc(Max(n, 1) * sizeof(WfItem *));
	bool	   *mark = palloc(Max(n, 1) * sizeof(bool));
	int		   *at = palloc(Max(n, 1) * sizeof(int));
	int			nlost = 0;
	int			nkept = select_marked(items, n, valid, true, kept, at);
	Datum		values[2];

	/* one page may be here twice, and the end of its other item has the claim */
	for (int i = 0; i < n; i++)
		if (running[i] && !valid[i] && !wf_claim_find(kept, nkept, &items[i]->id))
			lost[nlost++] = items[i];
	if (nlost == 0)
		return;
	/* locked first: claims come and go with the rows */
	find_running(stage, WF_STMT_LOCK, lost, nlost, mark);
	nlost = select_marked(lost, nlost, mark, true, kept, at);
	values[0] = wf_claim_ids(kept, nlost);
	wf_claim_execute(stage->id, CLAIM_HELD, values);
	memset(mark, 0, n * sizeof(bool));
	mark_returned(kept, nlost, false, mark);
	nlost = select_marked(kept, nlost, mark, false, lost, at);
	if (nlost == 0)
		return;
	values[0] = wf_claim_ids(lost, nlost);
	values[1] = (Datum) 0;		/* no errors: ready at once */
	wf_db_execute(&stage->stmt[WF_STMT_REQUEUE], WF_AS_OWNER, values, " n");
	wf_shmem_wake_at_commit();
	ereport(LOG,
			(errmsg("queued %d items of stage \"%s\" again, their claims were gone",
					nlost, stage->name)));
}

/* valid[i]: running, and its claim carries our token.  Claims of others are deleted. */
static void
check_items(WfStage *stage, WfStageStatement statement, WfItem **items, int n, bool *valid)
{
	Datum		values[2];
	bool	   *running = palloc(Max(n, 1) * sizeof(bool));
	WfItem	  **lost = palloc(Max(n, 1) * sizeof(WfItem *));
	int		   *at = palloc(Max(n, 1) * sizeof(int));

	find_running(stage, statement, items, n, running);
	for (int i = 0; i < n; i++)
		valid[i] = false;
	values[0] = wf_claim_ids(items, n);
	values[1] = wf_claim_tokens(items, n);
	wf_claim_execute(stage->id, CLAIM_FENCE, values);
	mark_returned(items, n, true, valid);
	for (int i = 0; i < n; i++)
		valid[i] &= running[i];
	wf_queue_forget(lost, select_marked(items, n, valid, false, lost, at));
	requeue_unclaimed(stage, items, n, running, valid);
}

void
wf_queue_fence(WfStage *stage, WfItem **items, int n, bool *valid)
{
	check_items(stage, WF_STMT_LOCK, items, n, valid);
}

/* The tokens of items that were given up before an attempt was made. */
static Datum
uncounted_tokens(WfItem **items, int n)
{
	WfItem	  **uncounted = palloc(Max(n, 1) * sizeof(WfItem *));
	int			count = 0;

	for (int i = 0; i < n; i++)
		if (items[i]->uncounted)
			uncounted[count++] = items[i];
	return wf_claim_tokens(uncounted, count);
}

/* The tokens of items that are to be fetched the other way. */
static Datum
switching_tokens(WfItem **items, int n)
{
	WfItem	  **switching = palloc(Max(n, 1) * sizeof(WfItem *));
	int			count = 0;

	for (int i = 0; i < n; i++)
		if (items[i]->switching)
			switching[count++] = items[i];
	return wf_claim_tokens(switching, count);
}

void
wf_queue_end(WfStage *stage, WfItem **items, const TimestampTz *not_before, int n, bool *valid)
{
	bool	   *running = palloc(Max(n, 1) * sizeof(bool));
	bool	   *waits = palloc(Max(n, 1) * sizeof(bool));
	bool	   *settled = palloc0(Max(n, 1) * sizeof(bool));
	WfItem	  **part = palloc(Max(n, 1) * sizeof(WfItem *));
	int		   *at = palloc(Max(n, 1) * sizeof(int));
	Datum	   *times = palloc(Max(n, 1) * sizeof(Datum));
	Datum		values[5];
	int			count;

	find_running(stage, WF_STMT_LOCK, items, n, running);
	for (int i = 0; i < n; i++)
	{
		waits[i] = running[i] && not_before[i] != 0;
		valid[i] = false;
	}
	for (int pass = 0; pass < 2; pass++)
	{
		count = select_marked(items, n, waits, pass == 1, part, at);
		if (count == 0)
			continue;
		values[0] = wf_claim_ids(part, count);
		values[1] = wf_claim_tokens(part, count);
		for (int i = 0; i < count; i++)
			times[i] = TimestampTzGetDatum(not_before[at[i]]);
		values[2] = wf_db_array(times, NULL, count, TIMESTAMPTZOID);
		values[3] = uncounted_tokens(part, count);
		values[4] = switching_tokens(part, count);
		for (int i = 0; i < count; i++)
			settled[i] = false;
		/* items that wait are running, hence locked: their tokens stay as they are */
		wf_claim_execute(stage->id, pass == 0 ? CLAIM_FORGET : CLAIM_FENCE, values);
		mark_returned(part, count, true, settled);
		if (pass == 1)
			wf_claim_execute(stage->id, CLAIM_WAIT, values);
		for (int i = 0; i < count; i++)
			valid[at[i]] = settled[i] && running[at[i]];
	}
	requeue_unclaimed(stage, items, n, running, valid);
}

void
wf_queue_check(WfStage *stage, WfItem **items, int n, bool *valid)
{
	check_items(stage, WF_STMT_RUNNING, items, n, valid);
}

void
wf_queue_forget(WfItem **items, int n)
{
	Datum		values[2];

	if (n == 0)
		return;
	values[0] = wf_claim_ids(items, n);
	values[1] = wf_claim_tokens(items, n);
	wf_claim_execute(items[0]->stage, CLAIM_FORGET, values);
	SPI_freetuptable(SPI_tuptable);
}

/* Errors as they were before the claim, for WF_STMT_REQUEUE. */
static Datum
old_errors(WfItem **items, int n)
{
	Datum	   *elems = palloc0(Max(n, 1) * sizeof(Datum));
	bool	   *nulls = palloc0(Max(n, 1) * sizeof(bool));

	for (int i = 0; i < n; i++)
	{
		nulls[i] = items[i]->old_error == NULL;
		if (!nulls[i])
			elems[i] = CStringGetTextDatum(items[i]->old_error);
	}
	return wf_db_array(elems, nulls, n, TEXTOID);
}

void
wf_queue_release(WfStage *stage, WfItem **items, int n)
{
	bool	   *valid = palloc(Max(n, 1) * sizeof(bool));
	WfItem	  **ours = palloc(Max(n, 1) * sizeof(WfItem *));
	WfItem	  **first = palloc(Max(n, 1) * sizeof(WfItem *));
	WfItem	  **later = palloc(Max(n, 1) * sizeof(WfItem *));
	int			nours = 0;
	int			nfirst = 0;
	int			nlater = 0;
	Datum		values[2];

	wf_queue_fence(stage, items, n, valid);
	for (int i = 0; i < n; i++)
	{
		if (!valid[i])
			continue;
		ours[nours++] = items[i];
		/* one that waits keeps its claim, even if the sweep made that for it */
		if (items[i]->attempt <= 1 && items[i]->old_error == NULL)
			first[nfirst++] = items[i];
		else
			later[nlater++] = items[i];
	}
	if (nours == 0)
		return;
	values[0] = wf_claim_ids(ours, nours);
	values[1] = old_errors(ours, nours);
	wf_db_execute(&stage->stmt[WF_STMT_REQUEUE], WF_AS_OWNER, values, NULL);
	wf_queue_forget(first, nfirst);
	if (nlater == 0)
		return;
	values[0] = wf_claim_ids(later, nlater);
	values[1] = wf_claim_tokens(later, nlater);
	wf_claim_execute(stage->id, CLAIM_RELEASE, values);
}

void
wf_queue_renew(WfItem **items, int n, int lease_ms)
{
	Datum		values[3];

	if (n == 0)
		return;
	values[0] = wf_claim_ids(items, n);
	values[1] = wf_claim_tokens(items, n);
	values[2] = Int32GetDatum(lease_ms);
	wf_claim_execute(items[0]->stage, CLAIM_RENEW, values);
}
