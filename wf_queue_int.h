/*-------------------------------------------------------------------------
 *
 * wf_queue_int.h
 *	  What the files of the queue share: statements on wf_claim, and how items are
 *	  found in what those return.  For wf_queue*.c only.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_QUEUE_INT_H
#define WF_QUEUE_INT_H

#include "executor/spi.h"
#include "utils/uuid.h"

#include "wf_db.h"
#include "wf_queue.h"

/* Statements on our own tables, of one stage each. */
typedef enum ClaimStatement
{
	CLAIM_DUE,
	CLAIM_NOT_DUE,
	CLAIM_RECORD,
	CLAIM_FENCE,
	CLAIM_FORGET,
	CLAIM_HELD,
	CLAIM_DROP_STALE,
	CLAIM_RELEASE,
	CLAIM_RENEW,
	CLAIM_WAIT,
	CLAIM_POSTPONE,
	CLAIM_NEXT_DUE,
	CLAIM_PAUSED,
	CLAIM_COUNT
} ClaimStatement;

/* Execute a statement with the rights of the extension's owner; made when first needed. */
extern void wf_claim_execute(WfStageId stage, ClaimStatement which, Datum *values);

/* A column, from 1, of a row of what the last statement returned. */
static inline Datum
wf_claim_column(uint64 row, int col, bool *isnull)
{
	return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, col, isnull);
}

static inline pg_uuid_t
wf_claim_uuid_column(uint64 row, int col)
{
	bool		isnull;

	return *DatumGetUUIDP(wf_claim_column(row, col, &isnull));
}

/* Arrays as parameters: of ids, and of the ids and the tokens of items. */
extern Datum wf_claim_uuids(const pg_uuid_t *ids, int n);
extern Datum wf_claim_ids(WfItem **items, int n);
extern Datum wf_claim_tokens(WfItem **items, int n);

/* An item's id and its place in a list. */
typedef struct WfClaimPlace
{
	pg_uuid_t	id;				/* first: what wf_claim_compare looks at */
	int			at;
} WfClaimPlace;

/* Ids of items with their places, palloc'd and sorted for bsearch by wf_claim_compare. */
extern WfClaimPlace *wf_claim_sort(WfItem **items, int n);
extern int	wf_claim_compare(const void *a, const void *b);

/* The first item of that id, or NULL. */
extern WfItem *wf_claim_find(WfItem **items, int n, const pg_uuid_t *id);

#endif							/* WF_QUEUE_INT_H */
