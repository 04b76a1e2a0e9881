/*-------------------------------------------------------------------------
 *
 * wf_gate_store.c
 *	  What the next worker must know of a site: wf_host and wf_robots.
 *
 * A site has a row in wf_host only while it is not clean, in wf_robots while
 * a robots.txt of it may be used.  Only the worker that has a site writes its
 * rows, so no two ever wait for each other; but for the one row of a shared
 * site, which all write.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "wf_clock.h"
#include "wf_gate_int.h"
#include "wf_stage.h"

/*
 * Until when a site is to be left alone: as long as it was when that was written, if
 * the clock went back since.
 */
#define PAUSE_OF_HOST "h.not_before - greatest(h.updated_at - now(), interval '0')"

static WfStatement read_hosts;
static WfStatement read_robots;
static WfStatement write_hosts;
static WfStatement forget_hosts;
static WfStatement write_robots;
static WfStatement prune_hosts;
static WfStatement prune_robots;

static void
make_statements(void)
{
	char	   *hosts;
	char	   *robots;

	if (read_hosts.sql)
		return;
	hosts = wf_stage_own_table("wf_host");
	robots = wf_stage_own_table("wf_robots");
	wf_db_make(&read_hosts,
			   psprintf("SELECT h.key, h.site, " PAUSE_OF_HOST ", h.delay_ms, h.slow_ms,"
						" h.failures, h.openings FROM %s h WHERE h.key = ANY ($1)", hosts),
			   1, INT8ARRAYOID);
	wf_db_make(&read_robots,
			   psprintf("SELECT r.key, r.site, r.origin, r.valid_until, r.body"
						" FROM %s r WHERE r.key = ANY ($1) AND r.valid_until > now()", robots),
			   1, INT8ARRAYOID);
	wf_db_make(&write_hosts,
			   psprintf("INSERT INTO %s AS h (key, site, not_before, delay_ms, slow_ms, failures,"
						" openings) SELECT u.* FROM unnest($1, $2, $3, $4, $5, $6, $7) u"
						" ON CONFLICT (key) DO UPDATE SET not_before = EXCLUDED.not_before,"
						" delay_ms = EXCLUDED.delay_ms, slow_ms = EXCLUDED.slow_ms,"
						" failures = EXCLUDED.failures, openings = EXCLUDED.openings,"
						" updated_at = now()", hosts),
			   7, INT8ARRAYOID, TEXTARRAYOID, TIMESTAMPTZARRAYOID, INT4ARRAYOID, INT4ARRAYOID,
			   INT4ARRAYOID, INT4ARRAYOID);
	wf_db_make(&forget_hosts,
			   psprintf("DELETE FROM %s h WHERE h.key = ANY ($1)", hosts),
			   1, INT8ARRAYOID);
	wf_db_make(&write_robots,
			   psprintf("INSERT INTO %s AS r (key, origin, site, valid_until, body)"
						" SELECT u.* FROM unnest($1, $2, $3, $4, $5) u"
						" ON CONFLICT (key, origin) DO UPDATE SET valid_until = EXCLUDED.valid_until,"
						" body = EXCLUDED.body", robots),
			   5, INT8ARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TIMESTAMPTZARRAYOID, BYTEAARRAYOID);
	wf_db_make(&prune_hosts,
			   psprintf("WITH h AS (SELECT h.key FROM %1$s h WHERE h.updated_at < now() - interval '1 day'"
						" AND h.not_before < now() LIMIT $1) DELETE FROM %1$s d USING h WHERE d.key = h.key", hosts),
			   1, INT4OID);
	wf_db_make(&prune_robots,
			   psprintf("WITH r AS (SELECT r.key, r.origin FROM %1$s r WHERE r.valid_until < now()"
						" ORDER BY r.valid_until LIMIT $1)"
						" DELETE FROM %1$s d USING r WHERE d.key = r.key AND d.origin = r.origin", robots),
			   1, INT4OID);
}

void
wf_gate_reset(void)
{
	WfStatement *all[] = {&read_hosts, &read_robots, &write_hosts, &forget_hosts, &write_robots,
		&prune_hosts, &prune_robots};

	for (int i = 0; i < (int) lengthof(all); i++)
		wf_db_unmake(all[i]);
}

static void
execute(WfStatement *stmt, Datum *values)
{
	make_statements();
	wf_db_execute(stmt, WF_AS_SELF, values, NULL);
}

static Datum
column(uint64 row, int col)
{
	bool		isnull;

	/* none of our columns is ever NULL */
	return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, col, &isnull);
}

static WfSlice
text_slice(Datum value)
{
	text	   *packed = DatumGetTextPP(value);

	return (WfSlice) {VARDATA_ANY(packed), VARSIZE_ANY_EXHDR(packed)};
}

static WfSite *
site_of_row(WfGate *gate, uint64 row)
{
	uint64		key = (uint64) DatumGetInt64(column(row, 1));

	return hash_search(gate->sites, &key, HASH_FIND, NULL);
}

/* ------------------------------------------------------------------------
 * Reading
 * ------------------------------------------------------------------------
 */

/* As a message has it; 0 when it is over. */
static uint32
ms_until(TimestampTz when)
{
	return (uint32) Min(TimestampDifferenceMilliseconds(GetCurrentTimestamp(), when),
						(long) INT_MAX);
}

static void
read_state(WfGate *gate, uint64 row)
{
	WfSite	   *site = site_of_row(gate, row);
	WfSiteState state = {0};

	if (site == NULL || site->dirty)
		return;
	wf_gate_set_name(gate, site, text_slice(column(row, 2)));
	state.site = (WfSlice) {site->name, strlen(site->name)};
	state.wait_ms = ms_until(DatumGetTimestampTz(column(row, 3)));
	site->until = TimestampTzPlusMilliseconds(wf_clock(), (int64) state.wait_ms);
	state.delay_ms = (uint32) DatumGetInt32(column(row, 4));
	state.slow_ms = (uint32) DatumGetInt32(column(row, 5));
	state.failures = (uint32) DatumGetInt32(column(row, 6));
	state.openings = (uint32) DatumGetInt32(column(row, 7));
	site->state = state;
	site->state.site = WF_SLICE_EMPTY;
	(void) wf_message_write_site(&gate->out, &state);
}

static void
read_robots_file(WfGate *gate, uint64 row)
{
	WfSite	   *site = site_of_row(gate, row);
	TimestampTz valid_until;
	WfRobotsFile file;

	if (site == NULL)
		return;
	file.site = text_slice(column(row, 2));
	file.origin = text_slice(column(row, 3));
	file.valid_ms = Min(ms_until(DatumGetTimestampTz(column(row, 4))), WF_ROBOTS_VALID_MS);
	file.body = text_slice(column(row, 5));
	(void) wf_message_write_robots(&gate->out, &file);
	valid_until = TimestampTzPlusMilliseconds(wf_clock(), (int64) file.valid_ms);
	if (site->robots_until == 0 || valid_until < site->robots_until)
		site->robots_until = valid_until;
}

/* Keys of the sites not read yet: all, or those whose robots.txt the crawler lacks. */
static Datum
unread_keys(WfGate *gate, bool robots, int *n)
{
	Datum	   *keys = palloc(Max(list_length(gate->unread), 1) * sizeof(Datum));
	TimestampTz now = wf_clock();
	ListCell   *lc;

	*n = 0;
	foreach(lc, gate->unread)
	{
		const WfSite *site = lfirst(lc);

		if ((site->owned && (!robots || site->robots_until <= now)) || (site->shared && !robots))
			keys[(*n)++] = Int64GetDatum((int64) site->key);
	}
	return wf_db_array(keys, NULL, *n, INT8OID);
}

bool
wf_gate_must_read(const WfGate *gate)
{
	return gate->unread != NIL;
}

void
wf_gate_read(WfGate *gate)
{
	Datum		values[1];
	ListCell   *lc;
	int			n;

	if (gate->unread == NIL)
		return;
	foreach(lc, gate->unread)
	{
		WfSite	   *site = lfirst(lc);

		/* what we remember of it is older than what others may have written */
		if (site->dirty)
			continue;
		site->until = 0;
		memset(&site->state, 0, sizeof(site->state));
	}
	values[0] = unread_keys(gate, false, &n);
	execute(&read_hosts, values);
	for (uint64 i = 0; i < SPI_processed; i++)
		read_state(gate, i);
	SPI_freetuptable(SPI_tuptable);
	values[0] = unread_keys(gate, true, &n);
	if (n > 0)
	{
		execute(&read_robots, values);
		for (uint64 i = 0; i < SPI_processed; i++)
			read_robots_file(gate, i);
		SPI_freetuptable(SPI_tuptable);
	}
	foreach(lc, gate->unread)
		((WfSite *) lfirst(lc))->unread = false;
	list_free(gate->unread);
	gate->unread = NIL;
}

/* ------------------------------------------------------------------------
 * Writing
 * ------------------------------------------------------------------------
 */

#define HOST_ARGS 7

static void
write_states(WfGate *gate)
{
	static const Oid types[HOST_ARGS] = {INT8OID, TEXTOID, TIMESTAMPTZOID, INT4OID, INT4OID,
		INT4OID, INT4OID};
	int			room = list_length(gate->dirty);
	Datum	   *elems[HOST_ARGS];
	Datum	   *clean = palloc(room * sizeof(Datum));
	Datum		values[HOST_ARGS];
	int			nclean = 0;
	int			n = 0;
	ListCell   *lc;

	for (int a = 0; a < HOST_ARGS; a++)
		elems[a] = palloc(room * sizeof(Datum));
	foreach(lc, gate->dirty)
	{
		const WfSite *site = lfirst(lc);

		if (wf_gate_is_clean(site))
		{
			clean[nclean++] = Int64GetDatum((int64) site->key);
			continue;
		}
		elems[0][n] = Int64GetDatum((int64) site->key);
		elems[1][n] = CStringGetTextDatum(site->name);
		elems[2][n] = TimestampTzGetDatum(site->until ? wf_clock_to_time(site->until)
											: GetCurrentTimestamp());
		elems[3][n] = Int32GetDatum((int32) Min(site->state.delay_ms, INT_MAX));
		elems[4][n] = Int32GetDatum((int32) Min(site->state.slow_ms, INT_MAX));
		elems[5][n] = Int32GetDatum((int32) Min(site->state.failures, INT_MAX));
		elems[6][n] = Int32GetDatum((int32) Min(site->state.openings, INT_MAX));
		n++;
	}
	if (nclean > 0)
	{
		values[0] = wf_db_array(clean, NULL, nclean, INT8OID);
		execute(&forget_hosts, values);
	}
	for (int a = 0; a < HOST_ARGS; a++)
		values[a] = wf_db_array(elems[a], NULL, n, types[a]);
	if (n > 0)
		execute(&write_hosts, values);
}

static Datum
bytea_datum(WfSlice bytes)
{
	bytea	   *value = palloc(VARHDRSZ + bytes.len);

	SET_VARSIZE(value, VARHDRSZ + bytes.len);
	memcpy(VARDATA(value), bytes.data, bytes.len);
	return PointerGetDatum(value);
}

static Datum
text_datum(WfSlice text)
{
	return PointerGetDatum(cstring_to_text_with_len(text.data, (int) text.len));
}

/* Have two of a kind, which one statement could not write, come only once. */
static bool
is_last_of_origin(const List *files, int at)
{
	const WfRobotsFile *file = list_nth(files, at);

	for (int i = at + 1; i < list_length(files); i++)
	{
		const WfRobotsFile *other = list_nth(files, i);

		if (other->origin.len == file->origin.len &&
			memcmp(other->origin.data, file->origin.data, file->origin.len) == 0)
			return false;
	}
	return true;
}

#define ROBOTS_ARGS 5

static void
write_robots_files(WfGate *gate)
{
	static const Oid types[ROBOTS_ARGS] = {INT8OID, TEXTOID, TEXTOID, TIMESTAMPTZOID, BYTEAOID};
	TimestampTz now = GetCurrentTimestamp();
	Datum	   *elems[ROBOTS_ARGS];
	Datum		values[ROBOTS_ARGS];
	int			n = 0;

	for (int a = 0; a < ROBOTS_ARGS; a++)
		elems[a] = palloc(list_length(gate->robots) * sizeof(Datum));
	for (int i = 0; i < list_length(gate->robots); i++)
	{
		const WfRobotsFile *file = list_nth(gate->robots, i);

		if (!is_last_of_origin(gate->robots, i))
			continue;
		elems[0][n] = Int64GetDatum((int64) wf_site_hash(file->site));
		elems[1][n] = text_datum(file->origin);
		elems[2][n] = text_datum(file->site);
		elems[3][n] = TimestampTzGetDatum(
			TimestampTzPlusMilliseconds(now, (int64) Min(file->valid_ms, WF_ROBOTS_VALID_MS)));
		elems[4][n] = bytea_datum(file->body);
		n++;
	}
	for (int a = 0; a < ROBOTS_ARGS; a++)
		values[a] = wf_db_array(elems[a], NULL, n, types[a]);
	execute(&write_robots, values);
}

void
wf_gate_write(WfGate *gate)
{
	if (gate->dirty != NIL)
		write_states(gate);
	if (gate->robots != NIL)
		write_robots_files(gate);
}

void
wf_gate_written(WfGate *gate)
{
	ListCell   *lc;

	foreach(lc, gate->dirty)
		((WfSite *) lfirst(lc))->dirty = false;
	list_free(gate->dirty);
	gate->dirty = NIL;
	if (gate->robots == NIL)
		return;
	MemoryContextReset(gate->robots_context);
	gate->robots = NIL;
	gate->robots_bytes = 0;
}

uint64
wf_gate_prune(int n)
{
	Datum		values[1] = {Int32GetDatum(n)};
	uint64		pruned;

	execute(&prune_hosts, values);
	pruned = SPI_processed;
	execute(&prune_robots, values);
	return pruned + SPI_processed;
}
