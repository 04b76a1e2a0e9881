/*-------------------------------------------------------------------------
 *
 * wf_store_prune.c
 *	  Evidence and versions of pages, and origins of contacts, that are no more.
 *
 * Rows of user tables are deleted without our knowing: nothing of ours hangs on
 * DELETE.  Each sweep looks at some of our rows, in the order of their keys, and
 * goes on where this worker's last one ended.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/uuid.h"

#include "wf_store_int.h"

typedef struct Kept
{
	const char *table;			/* ours */
	const char *key;			/* its column, and where the rows it names are */
	WfStageStatement existing;
	pg_uuid_t	last;			/* looked at; zero: from the start */
	WfStatement read;
	WfStatement delete;
} Kept;

static Kept kept[] = {
	{"wf_finding", "page_id", WF_STMT_EXISTING},
	{"wf_validator", "page_id", WF_STMT_EXISTING},
	{"wf_contact_origin", "contact_id", WF_STMT_CONTACTS_EXISTING},
};

static void
make_statements(Kept *k)
{
	static const Oid delete_types[] = {UUIDOID};
	char	   *table;

	if (k->read.sql)
		return;
	table = wf_stage_own_table(k->table);
	wf_store_make(&k->delete, psprintf("DELETE FROM %s t WHERE t.%s = ANY ($1)", table, k->key),
				  delete_types, lengthof(delete_types));
	wf_db_make(&k->read,
			   psprintf("SELECT DISTINCT t.%s FROM %s t WHERE t.%s > $1 ORDER BY 1 LIMIT $2",
						k->key, table, k->key), 2, UUIDOID, INT4OID);
}

/* First column of the last result. */
static pg_uuid_t *
result_keys(int *n)
{
	pg_uuid_t  *keys = palloc(Max(SPI_processed, 1) * sizeof(pg_uuid_t));
	bool		isnull;

	*n = (int) SPI_processed;
	for (int i = 0; i < *n; i++)
		keys[i] = *DatumGetUUIDP(SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1,
											   &isnull));
	SPI_freetuptable(SPI_tuptable);
	return keys;
}

static int
compare_keys(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(pg_uuid_t));
}

static int
prune(Kept *k, WfStage *stage, int limit)
{
	static const Oid types[] = {UUIDOID};
	Datum		values[2] = {UUIDPGetDatum(&k->last), Int32GetDatum(limit)};
	WfArrays	ids;
	pg_uuid_t  *keys;
	pg_uuid_t  *existing;
	int			n;
	int			nexisting;

	make_statements(k);
	wf_db_execute(&k->read, WF_AS_SELF, values, NULL);
	keys = result_keys(&n);
	if (n < limit)
		memset(&k->last, 0, sizeof(k->last));
	else
		k->last = keys[n - 1];
	if (n == 0)
		return 0;
	wf_store_arrays(&ids, types, 1, n);
	for (; ids.n < n; ids.n++)
		wf_store_set(&ids, 0, UUIDPGetDatum(&keys[ids.n]));
	wf_store_execute(&stage->stmt[k->existing], WF_AS_OWNER, &ids);
	existing = result_keys(&nexisting);
	qsort(existing, nexisting, sizeof(pg_uuid_t), compare_keys);
	wf_store_arrays(&ids, types, 1, n);
	for (int i = 0; i < n; i++)
	{
		if (bsearch(&keys[i], existing, nexisting, sizeof(pg_uuid_t), compare_keys))
			continue;
		wf_store_set(&ids, 0, UUIDPGetDatum(&keys[i]));
		ids.n++;
	}
	if (ids.n > 0)
		wf_store_execute(&k->delete, WF_AS_SELF, &ids);
	return ids.n;
}

int
wf_store_prune(WfStage *stage, int limit)
{
	int			pruned = 0;

	for (int i = 0; i < (int) lengthof(kept); i++)
		pruned += prune(&kept[i], stage, limit);
	return pruned;
}

void
wf_store_prune_reset(void)
{
	for (int i = 0; i < (int) lengthof(kept); i++)
	{
		wf_db_unmake(&kept[i].read);
		wf_db_unmake(&kept[i].delete);
	}
}
