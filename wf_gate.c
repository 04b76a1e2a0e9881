/*-------------------------------------------------------------------------
 *
 * wf_gate.c
 *	  The gate to the sites: which are ours, and which must be left alone.
 *
 * Ownership is a session-level lock of the lock manager, taken without
 * waiting: it costs no SQL, works without preloading, and ends with the worker
 * whatever ends that.  Its tag is an advisory one of a class that SQL cannot
 * name (pg_advisory_lock has classes 1 and 2).  A site's lock is kept while
 * items of ours are in flight there, or at a page that a redirect led there,
 * so a site with much to do does not change hands with every page.
 *
 * A worker takes at most a share of the lock table: with more sites than that
 * at once, some wait.  Code of a table's owner could give our locks up
 * (pg_advisory_unlock_all in a trigger); then two workers might be at one site
 * for a while, each within the limits.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "wf_compat.h"

#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "core/wf_robots.h"

#include "wf_clock.h"
#include "wf_gate_int.h"
#include "wf_guc.h"

#define LOCK_CLASS		0x5746	/* field 4 of the tag */
#define BUSY_RETRY_MS	100		/* before asking again for a site of others */
#define MAX_SITES		16384	/* remembered, before those that do not matter go */
#define MAX_ROBOTS_BYTES (8 * 1024 * 1024)	/* waiting to be written */
#define MAX_ROBOTS_FILES 1024
#define OUT_LIMIT		(3 * (size_t) WF_MAX_MESSAGE)

WfGate *
wf_gate_create(void)
{
	MemoryContext context = AllocSetContextCreate(TopMemoryContext, "WfGateContext",
												  ALLOCSET_DEFAULT_SIZES);
	WfGate	   *gate = MemoryContextAllocZero(context, sizeof(WfGate));
	HASHCTL		ctl = {0};

	gate->context = context;
	gate->robots_context = AllocSetContextCreate(context, "WfGateRobotsContext",
												 ALLOCSET_DEFAULT_SIZES);
	ctl.keysize = sizeof(uint64);
	ctl.entrysize = sizeof(WfSite);
	ctl.hcxt = context;
	gate->sites = hash_create("wf_curation sites", 256, &ctl,
							  HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	gate->out_arena = wf_arena_create(OUT_LIMIT);
	if (gate->out_arena == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory")));
	gate->out.arena = gate->out_arena;
	return gate;
}

uint64
wf_gate_key(const char *url)
{
	static WfArena *arena = NULL;
	char		site[WF_MAX_SITE + 1];
	size_t		len;

	if (arena == NULL)
		arena = wf_arena_create(256 * 1024);
	if (arena == NULL)
		return 0;
	len = wf_site_of_text(arena, (WfSlice) {url, strlen(url)}, site);
	return wf_site_hash((WfSlice) {site, len});
}

/* ------------------------------------------------------------------------
 * Locks
 * ------------------------------------------------------------------------
 */

static LOCKTAG
lock_tag(uint64 key)
{
	LOCKTAG		tag;

	SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, (uint32) (key >> 32), (uint32) key, LOCK_CLASS);
	return tag;
}

/* Most locks of one worker: an eighth of what the lock table has room for. */
static int
max_owned(void)
{
	return Max(max_locks_per_xact, max_locks_per_xact * MaxBackends / 8);
}

/* Have its state read, as others may have written it. */
static void
mark_unread(WfGate *gate, WfSite *site)
{
	MemoryContext old;

	if (site->unread)
		return;
	old = MemoryContextSwitchTo(gate->context);
	gate->unread = lappend(gate->unread, site);
	MemoryContextSwitchTo(old);
	site->unread = true;
}

static bool
take_site(WfGate *gate, WfSite *site)
{
	LOCKTAG		tag = lock_tag(site->key);

	if (site->owned)
		return true;
	if (gate->owned >= max_owned() || !wf_try_session_lock(&tag, ExclusiveLock))
		return false;
	site->owned = true;
	gate->owned++;
	mark_unread(gate, site);
	return true;
}

/* Give the site up when nothing of ours is there any more. */
static void
give_up_if_idle(WfGate *gate, WfSite *site)
{
	LOCKTAG		tag = lock_tag(site->key);

	if (!site->owned || site->in_flight > 0 || site->holds > 0)
		return;
	if (wf_lock_held(&tag, ExclusiveLock))
		LockRelease(&tag, ExclusiveLock, true);
	site->owned = false;
	gate->owned--;
}

/* ------------------------------------------------------------------------
 * Sites
 * ------------------------------------------------------------------------
 */

bool
wf_gate_is_clean(const WfSite *site)
{
	return site->until == 0 && site->state.delay_ms == 0 && site->state.slow_ms == 0 &&
		site->state.failures == 0;
}

void
wf_gate_set_name(WfGate *gate, WfSite *site, WfSlice name)
{
	if (site->name)
		return;
	site->name = MemoryContextAlloc(gate->context, name.len + 1);
	memcpy(site->name, name.data, name.len);
	site->name[name.len] = '\0';
}

/* Sites that are not ours and have nothing to wait for need not be known. */
static void
trim_sites(WfGate *gate)
{
	TimestampTz now = wf_clock();
	HASH_SEQ_STATUS seq;
	WfSite	   *site;

	if (hash_get_num_entries(gate->sites) < MAX_SITES)
		return;
	hash_seq_init(&seq, gate->sites);
	while ((site = hash_seq_search(&seq)) != NULL)
	{
		if (site->owned || site->shared || site->unread || site->dirty || site->until > now)
			continue;
		if (site->name)
			pfree(site->name);
		hash_search(gate->sites, &site->key, HASH_REMOVE, NULL);
	}
}

static WfSite *
find_site(WfGate *gate, uint64 key)
{
	return hash_search(gate->sites, &key, HASH_FIND, NULL);
}

static WfSite *
enter_site(WfGate *gate, uint64 key)
{
	bool		found;
	WfSite	   *site;

	trim_sites(gate);
	site = hash_search(gate->sites, &key, HASH_ENTER, &found);
	if (!found)
	{
		memset(site, 0, sizeof(*site));
		site->key = key;
	}
	return site;
}

void
wf_gate_wake_at(WfGate *gate, TimestampTz when)
{
	if (gate->wake == 0 || when < gate->wake)
		gate->wake = when;
}

/* Longer than the crawler would hold a request for it? */
static bool
waits(const WfSite *site, TimestampTz now)
{
	return site->until > TimestampTzPlusMilliseconds(now, WF_SITE_HOLD_MS);
}

/* How many items may be in flight: one where each has to wait anyway. */
static int
limit_of(const WfSite *site)
{
	return site->state.delay_ms > WF_SITE_HOLD_MS || site->state.failures > 0 ? 1 :
		wf_curation_max_concurrency_per_host;
}

WfGateVerdict
wf_gate_enter(WfGate *gate, uint64 key)
{
	TimestampTz now;
	WfSite	   *site;

	if (key == 0)
		return WF_GATE_OPEN;
	now = wf_clock();
	site = enter_site(gate, key);
	if (waits(site, now))
	{
		wf_gate_wake_at(gate, site->until);
		return WF_GATE_WAITS;
	}
	if (site->in_flight >= limit_of(site))
		return WF_GATE_FULL;
	if (!site->owned && (site->retry > now || !take_site(gate, site)))
	{
		if (site->retry <= now)
			site->retry = TimestampTzPlusMilliseconds(now, BUSY_RETRY_MS);
		wf_gate_wake_at(gate, site->retry);
		return WF_GATE_BUSY;
	}
	site->in_flight++;
	return WF_GATE_OPEN;
}

bool
wf_gate_is_closed(WfGate *gate, uint64 key)
{
	WfSite	   *site = find_site(gate, key);
	TimestampTz now;

	if (site == NULL)
		return false;
	now = wf_clock();
	if (!waits(site, now) && (site->owned || site->retry <= now))
		return false;
	wf_gate_wake_at(gate, waits(site, now) ? site->until : site->retry);
	return true;
}

void
wf_gate_share(WfGate *gate, uint64 key)
{
	WfSite	   *site = key == 0 ? NULL : enter_site(gate, key);

	if (site == NULL)
		return;
	site->shared = true;
	mark_unread(gate, site);
}

void
wf_gate_leave(WfGate *gate, uint64 key)
{
	WfSite	   *site = key == 0 ? NULL : find_site(gate, key);

	if (site == NULL)
		return;
	Assert(site->in_flight > 0);
	site->in_flight--;
	give_up_if_idle(gate, site);
}

bool
wf_gate_hold(WfGate *gate, uint64 key)
{
	WfSite	   *site = enter_site(gate, key);

	if (!take_site(gate, site))
		return false;
	site->holds++;
	return true;
}

void
wf_gate_unhold(WfGate *gate, uint64 key)
{
	WfSite	   *site = find_site(gate, key);

	if (site == NULL)
		return;
	Assert(site->holds > 0);
	site->holds--;
	give_up_if_idle(gate, site);
}

void
wf_gate_forget_places(WfGate *gate)
{
	HASH_SEQ_STATUS seq;
	WfSite	   *site;

	hash_seq_init(&seq, gate->sites);
	while ((site = hash_seq_search(&seq)) != NULL)
		site->in_flight = site->holds = 0;
}

void
wf_gate_count_place(WfGate *gate, uint64 key)
{
	if (key != 0)
		enter_site(gate, key)->in_flight++;
}

void
wf_gate_count_hold(WfGate *gate, uint64 key)
{
	enter_site(gate, key)->holds++;
}

void
wf_gate_give_up_idle(WfGate *gate)
{
	HASH_SEQ_STATUS seq;
	WfSite	   *site;

	hash_seq_init(&seq, gate->sites);
	while ((site = hash_seq_search(&seq)) != NULL)
		give_up_if_idle(gate, site);
}

bool
wf_gate_waits(WfGate *gate, uint64 key, TimestampTz *until)
{
	WfSite	   *site = key == 0 ? NULL : find_site(gate, key);

	if (until)
		*until = site ? site->until : 0;
	return site != NULL && waits(site, wf_clock());
}

TimestampTz
wf_gate_wake(const WfGate *gate)
{
	return gate->wake;
}

void
wf_gate_reset_wake(WfGate *gate)
{
	gate->wake = 0;
}

/* ------------------------------------------------------------------------
 * The crawler
 * ------------------------------------------------------------------------
 */

static void
forget_output(WfGate *gate)
{
	wf_arena_reset(gate->out_arena);
	memset(&gate->out, 0, sizeof(gate->out));
	gate->out.arena = gate->out_arena;
}

void
wf_gate_send(WfGate *gate, WfLink *link)
{
	if (gate->out.len == 0)
		return;
	/* what does not fit is found out by the crawler itself */
	(void) wf_link_append(link, &gate->out);
	forget_output(gate);
}

void
wf_gate_crawler_ended(WfGate *gate)
{
	TimestampTz now = wf_clock();
	HASH_SEQ_STATUS seq;
	WfSite	   *site;

	forget_output(gate);
	hash_seq_init(&seq, gate->sites);
	while ((site = hash_seq_search(&seq)) != NULL)
	{
		site->robots_until = 0;
		if (!(site->owned || site->shared) || site->name == NULL || wf_gate_is_clean(site))
			continue;
		site->state.site = (WfSlice) {site->name, strlen(site->name)};
		site->state.wait_ms = (uint32) TimestampDifferenceMilliseconds(now, site->until);
		(void) wf_message_write_site(&gate->out, &site->state);
	}
}

void
wf_gate_note_site(WfGate *gate, const WfSiteState *state)
{
	WfSite	   *site = find_site(gate, wf_site_hash(state->site));
	MemoryContext old;

	if (site == NULL || !(site->owned || site->shared))
		return;
	wf_gate_set_name(gate, site, state->site);
	site->state = *state;
	site->state.site = WF_SLICE_EMPTY;
	site->until = state->wait_ms == 0 ? 0 :
		TimestampTzPlusMilliseconds(wf_clock(), (int64) state->wait_ms);
	if (site->dirty)
		return;
	site->dirty = true;
	old = MemoryContextSwitchTo(gate->context);
	gate->dirty = lappend(gate->dirty, site);
	MemoryContextSwitchTo(old);
}

static WfSlice
copy_in(MemoryContext context, WfSlice text)
{
	char	   *copy = MemoryContextAlloc(context, text.len + 1);

	if (text.len > 0)
		memcpy(copy, text.data, text.len);
	return (WfSlice) {copy, text.len};
}

void
wf_gate_note_robots(WfGate *gate, const WfRobotsFile *file)
{
	WfSite	   *site = find_site(gate, wf_site_hash(file->site));
	WfRobotsFile *copy;
	MemoryContext old;

	if (site == NULL || !site->owned || file->body.len > WF_ROBOTS_MAX_BYTES ||
		gate->robots_bytes + file->body.len > MAX_ROBOTS_BYTES ||
		list_length(gate->robots) >= MAX_ROBOTS_FILES)
		return;					/* it is fetched again, then */
	old = MemoryContextSwitchTo(gate->robots_context);
	copy = palloc(sizeof(*copy));
	copy->site = copy_in(gate->robots_context, file->site);
	copy->origin = copy_in(gate->robots_context, file->origin);
	copy->body = copy_in(gate->robots_context, file->body);
	copy->valid_ms = file->valid_ms;
	gate->robots = lappend(gate->robots, copy);
	gate->robots_bytes += file->body.len;
	MemoryContextSwitchTo(old);
}
