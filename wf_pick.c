/*-------------------------------------------------------------------------
 *
 * wf_pick.c
 *	  Choosing which ready items to claim next.
 *
 * For each stage a ring of domain groups, each with a few candidate ids.
 * Groups are served in turn, one item at a time, so that a domain with a million
 * ready pages gets the same share as one with ten.  New groups come from a loose index
 * scan that jumps from domain to domain along the partial index on ready
 * items, continuing where the last one ended; more candidates of a group from
 * a range scan that continues behind the last id seen.  Both positions matter
 * under a long-running transaction elsewhere, which keeps the index entries
 * of finished items alive: starting over each time would walk them again and
 * again.  A position that has reached the end starts over.
 *
 * Items whose site the gate does not let in are passed over: another of the
 * domain is taken, further behind if need be, or the domain leaves the ring
 * until the scan comes by again.  A domain known to be at one such site is
 * not even read then, and a scan that found nothing new rests for a moment,
 * so many sites in back-off cost little however much is queued for them.
 *
 * Everything here is a hint in private memory.  Cost depends on how many
 * items are wanted, not on how many wait.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "wf_clock.h"
#include "wf_encoding.h"
#include "wf_pick.h"

#define CANDIDATES		32		/* read ahead per domain */
#define DOMAINS_AT_ONCE	64		/* groups added by one loose scan */
#define MAX_GROUPS		4096	/* in the ring */
#define SCANS_AT_ONCE	16		/* loose scans of one call */
#define PASSES_AT_ONCE	4		/* over candidates of closed sites, likewise */
#define REST_MS			100		/* after looking at everything in vain … */
#define REST_MAX_MS		1600	/* … again and again */
#define QUICK_SCAN_MS	20		/* a scan for domains that takes longer … */
#define SCAN_SHARE		30		/* … waits so many times as long before the next */
#define MAX_SCAN_WAIT_MS 30000
#define MAX_CURSORS		100000	/* remembered positions inside domains */

/* How many items of a domain are in flight, of whatever stage. */
typedef struct FlightEntry
{
	WfDomainKey	key;			/* hash key; must be first */
	int			in_flight;
} FlightEntry;

/* What is known of a domain in a stage, in the ring or not. */
typedef struct DomainEntry
{
	WfDomainKey	key;			/* hash key; must be first */
	bool		in_ring;
	pg_uuid_t	from;			/* next id to look at */
	uint64		closed;			/* the one site that keeps it out of the ring; 0 none */
	TimestampTz rest_until;		/* all that is ready was passed over; 0 no */
	int			rest_ms;		/* how long that rest is */
	uint32		rest_look;		/* it ends when ring->look changes */
	bool		wished;			/* its last item was wished for */
	bool		owed;			/* and then its turn found it full: next is one of the ring */
} DomainEntry;

typedef struct Candidate
{
	pg_uuid_t	id;
	uint64		site;
} Candidate;

typedef struct DomainGroup
{
	WfDomainKey	key;
	int			next;			/* index of the next candidate */
	int			count;
	bool		last;			/* the candidates reach the end of the domain */
	Candidate	candidate[CANDIDATES];
} DomainGroup;

/* The groups of one stage. */
typedef struct Ring
{
	MemoryContext context;		/* the picker's */
	HTAB	   *domains;
	DomainGroup	  **group;		/* MAX_GROUPS pointers */
	int			ngroups;
	int			position;		/* whose turn it is */
	pg_uuid_t	next_domain;	/* where the loose scan continues */
	TimestampTz rest_until;		/* no scan before */
	bool		added;			/* this round of scans found a domain for the ring */
	uint32		look;			/* counts wf_pick_look_again */
	bool		passed;			/* a group passed over what it had, there is more */
	TimestampTz next_scan;		/* not before; 0: at once */
	bool		rationed;		/* looks in vain rest longer and longer, slow scans wait */
} Ring;

struct WfPicker
{
	MemoryContext context;
	HTAB	   *in_flight;
	Ring		ring[WF_STAGE_COUNT];
};

static HTAB *
create_hash(WfPicker *picker, const char *name, Size entrysize)
{
	HASHCTL		ctl = {0};

	ctl.keysize = sizeof(WfDomainKey);
	ctl.entrysize = entrysize;
	ctl.hcxt = picker->context;
	return hash_create(name, 256, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

WfPicker *
wf_pick_create(bool rationed)
{
	MemoryContext context = AllocSetContextCreate(TopMemoryContext, "WfPickContext",
												  ALLOCSET_DEFAULT_SIZES);
	WfPicker   *picker = MemoryContextAllocZero(context, sizeof(WfPicker));

	picker->context = context;
	picker->in_flight = create_hash(picker, "wf_curation domains in flight", sizeof(FlightEntry));
	for (int id = 0; id < WF_STAGE_COUNT; id++)
	{
		Ring	   *ring = &picker->ring[id];

		ring->context = context;
		ring->rationed = rationed;
		ring->group = MemoryContextAllocZero(context, MAX_GROUPS * sizeof(DomainGroup *));
		ring->domains = create_hash(picker, "wf_curation domains", sizeof(DomainEntry));
	}
	return picker;
}

WfDomainKey
wf_pick_key(const pg_uuid_t *domain)
{
	WfDomainKey	key;

	memset(&key, 0, sizeof(key));
	if (domain)
		key.id = *domain;
	else
		key.is_null = true;
	return key;
}

static DomainEntry *
enter_domain(Ring *ring, WfDomainKey key)
{
	bool		found;
	DomainEntry *entry = hash_search(ring->domains, &key, HASH_ENTER, &found);

	if (!found)
	{
		memset(entry, 0, sizeof(*entry));
		entry->key = key;
	}
	return entry;
}

/* A domain that is not in the ring may be forgotten. */
static void
trim_domains(Ring *ring)
{
	HASH_SEQ_STATUS seq;
	DomainEntry *entry;

	if (hash_get_num_entries(ring->domains) < MAX_CURSORS)
		return;
	hash_seq_init(&seq, ring->domains);
	while ((entry = hash_seq_search(&seq)) != NULL)
		if (!entry->in_ring)
			hash_search(ring->domains, &entry->key, HASH_REMOVE, NULL);
}

static void
drop_group(Ring *ring, int at)
{
	DomainEntry *entry = enter_domain(ring, ring->group[at]->key);

	entry->in_ring = false;
	entry->wished = entry->owed = false;	/* nobody else is waiting */
	pfree(ring->group[at]);
	ring->group[at] = ring->group[--ring->ngroups];
	if (ring->position >= ring->ngroups)
		ring->position = 0;
}

void
wf_pick_reset(WfPicker *picker, WfStageId stage)
{
	HASH_SEQ_STATUS seq;
	FlightEntry *entry;
	Ring	   *ring = &picker->ring[stage];

	while (ring->ngroups > 0)
		drop_group(ring, ring->ngroups - 1);
	hash_seq_init(&seq, picker->in_flight);
	while ((entry = hash_seq_search(&seq)) != NULL)
		hash_search(picker->in_flight, &entry->key, HASH_REMOVE, NULL);
}

static int
count_in_flight(WfPicker *picker, WfDomainKey domain)
{
	FlightEntry *entry = hash_search(picker->in_flight, &domain, HASH_FIND, NULL);

	return entry ? entry->in_flight : 0;
}

void
wf_pick_reserve(WfPicker *picker, WfDomainKey domain)
{
	bool		found;
	FlightEntry *entry = hash_search(picker->in_flight, &domain, HASH_ENTER, &found);

	entry->in_flight = found ? entry->in_flight + 1 : 1;
}

void
wf_pick_release(WfPicker *picker, WfDomainKey domain)
{
	FlightEntry *entry = hash_search(picker->in_flight, &domain, HASH_FIND, NULL);

	Assert(entry != NULL);
	if (entry && --entry->in_flight == 0)
		hash_search(picker->in_flight, &domain, HASH_REMOVE, NULL);
}

/* The uuid behind this one; wraps to all zeros. */
static pg_uuid_t
successor(pg_uuid_t id)
{
	for (int i = UUID_LEN - 1; i >= 0 && ++id.data[i] == 0; i--)
		;
	return id;
}

/* Key of the site of the URL in this column. */
static uint64
site_column(uint64 row, int col)
{
	bool		isnull;
	Datum		value = SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, col, &isnull);
	uint64		site;
	char	   *url;

	if (isnull)
		return 0;
	url = wf_encoding_to_utf8(TextDatumGetCString(value));
	site = wf_gate_key(url);
	pfree(url);
	return site;
}

/* Run WF_STMT_READY for a group from "from" on; fills the group. */
static void
read_candidates(WfStage *stage, DomainGroup *group, const pg_uuid_t *from)
{
	Datum		values[3];

	if (group->key.is_null)
	{
		values[0] = UUIDPGetDatum(from);
		values[1] = Int32GetDatum(CANDIDATES);
		wf_db_execute(&stage->stmt[WF_STMT_READY_NULL], WF_AS_OWNER, values, NULL);
	}
	else
	{
		values[0] = UUIDPGetDatum(&group->key.id);
		values[1] = UUIDPGetDatum(from);
		values[2] = Int32GetDatum(CANDIDATES);
		wf_db_execute(&stage->stmt[WF_STMT_READY], WF_AS_OWNER, values, NULL);
	}
	group->next = 0;
	group->count = 0;
	for (uint64 i = 0; i < SPI_processed && group->count < CANDIDATES; i++)
	{
		bool		isnull;
		Datum		id = SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &isnull);
		Candidate  *candidate = &group->candidate[group->count];

		if (isnull)
			continue;
		candidate->id = *DatumGetUUIDP(id);
		candidate->site = site_column(i, 2);
		group->count++;
	}
	SPI_freetuptable(SPI_tuptable);
}

/*
 * More candidates for a group, behind its position; from the start of the
 * domain when that finds none.  False when the domain has nothing ready.
 */
static bool
refill_group(Ring *ring, WfStage *stage, DomainGroup *group)
{
	DomainEntry *entry = enter_domain(ring, group->key);
	static const pg_uuid_t zero;
	bool		from_start = memcmp(&entry->from, &zero, sizeof(zero)) == 0;

	read_candidates(stage, group, &entry->from);
	if (group->count == 0 && !from_start)
		read_candidates(stage, group, &zero);
	if (group->count == CANDIDATES)
		entry->from = successor(group->candidate[group->count - 1].id);
	else
		entry->from = zero;
	group->last = group->count < CANDIDATES;
	return group->count > 0;
}

/*
 * The group of that key, added to the ring; NULL when it is there, the ring is
 * full, or it is known that nothing of it would be let in.
 */
static DomainGroup *
add_group(Ring *ring, WfGate *gate, WfDomainKey key)
{
	DomainEntry *entry = enter_domain(ring, key);
	DomainGroup	   *group;

	if (entry->in_ring || ring->ngroups >= MAX_GROUPS)
		return NULL;
	if (entry->closed != 0 && wf_gate_is_closed(gate, entry->closed))
		return NULL;
	if (entry->rest_until != 0 && entry->rest_look == ring->look &&
		entry->rest_until > wf_clock())
	{
		wf_gate_wake_at(gate, entry->rest_until);
		return NULL;
	}
	entry->closed = 0;
	entry->rest_until = 0;
	ring->added = true;
	group = MemoryContextAllocZero(ring->context, sizeof(DomainGroup));
	group->key = key;
	entry->in_ring = true;
	ring->group[ring->ngroups++] = group;
	return group;
}

/*
 * Under an old snapshot the index entries of items that have ended stay, and a
 * scan for domains walks those before a domain's first ready item, while there
 * may be nothing to find.  So a slow one may take a thirtieth of the time only.
 */
static void
plan_next_scan(Ring *ring, TimestampTz start)
{
	TimestampTz now = wf_clock();
	long		elapsed = TimestampDifferenceMilliseconds(start, now);

	ring->next_scan = !ring->rationed || elapsed < QUICK_SCAN_MS ? 0 :
		TimestampTzPlusMilliseconds(now, Min(elapsed * SCAN_SHARE, MAX_SCAN_WAIT_MS));
}

/*
 * Add the next domains with ready items to the ring.  True when the scan
 * reached the end of the index; the next one then starts at the beginning.
 */
static bool
scan_domains(Ring *ring, WfStage *stage, WfGate *gate)
{
	bool		alone = stage->items->column[WF_ITEM_DOMAIN_ID].attnum == 0;
	TimestampTz start = wf_clock();
	Datum		values[2];
	uint64		n;

	values[0] = UUIDPGetDatum(&ring->next_domain);
	values[1] = Int32GetDatum(DOMAINS_AT_ONCE);
	wf_db_execute(&stage->stmt[WF_STMT_DOMAINS], WF_AS_OWNER, values, NULL);
	n = SPI_processed;
	for (uint64 i = 0; i < n; i++)
	{
		bool		isnull;
		Datum		id = SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &isnull);
		WfDomainKey key = wf_pick_key(DatumGetUUIDP(id));
		DomainGroup *group = add_group(ring, gate, key);

		if (group && alone)
		{
			/* an item without domain_id is its own group, and all of it */
			group->candidate[group->count].id = key.id;
			group->candidate[group->count++].site = site_column(i, 2);
			group->last = true;
		}
		ring->next_domain = successor(key.id);
	}
	SPI_freetuptable(SPI_tuptable);
	plan_next_scan(ring, start);
	if (n == DOMAINS_AT_ONCE)
		return false;
	memset(&ring->next_domain, 0, sizeof(ring->next_domain));
	if (!alone && !stage->items->column[WF_ITEM_DOMAIN_ID].not_null)
		add_group(ring, gate, wf_pick_key(NULL));	/* dropped at once if empty */
	return true;
}

/*
 * Take the first candidate of a group whose site is open; false when there is
 * none.  *full: some could be taken when one in flight ends.  *closed is the
 * one site of all that could not; 0 when there are several.
 */
static bool
take_open(WfGate *gate, DomainGroup *group, WfPick *pick, bool *full, uint64 *closed)
{
	uint64		refused = 0;
	bool		one = true;

	for (int i = group->next; i < group->count; i++)
	{
		Candidate	candidate = group->candidate[i];
		WfGateVerdict verdict;

		if (candidate.site == refused && refused != 0)
			continue;
		verdict = wf_gate_enter(gate, candidate.site);
		if (verdict == WF_GATE_OPEN)
		{
			pick->id = candidate.id;
			pick->domain = group->key;
			pick->site = candidate.site;
			/* those passed over stay behind it */
			memmove(&group->candidate[group->next + 1], &group->candidate[group->next],
					(i - group->next) * sizeof(Candidate));
			group->candidate[group->next++] = candidate;
			return true;
		}
		*full |= verdict == WF_GATE_FULL;
		one &= refused == 0;
		refused = candidate.site;
	}
	*closed = one ? refused : 0;
	return false;
}

/*
 * All that is loaded of a group is of sites that are not open.  What only waits
 * for the end of one of ours keeps its place, unless there may be items of other
 * sites behind it.  False when the group was dropped, to be looked at again in
 * a while.
 */
static bool
pass_over(Ring *ring, WfGate *gate, int at, bool full)
{
	DomainGroup *group = ring->group[at];
	DomainEntry *entry = enter_domain(ring, group->key);
	bool		one_site = entry->closed != 0 && !group->key.is_null;

	if (full && (one_site || group->last))
		return true;
	group->next = group->count;
	if (!one_site && !group->last)
	{
		ring->passed = true;
		return true;
	}
	entry->rest_ms = ring->rationed ? Min(Max(entry->rest_ms * 2, REST_MS), REST_MAX_MS) : REST_MS;
	entry->rest_until = TimestampTzPlusMilliseconds(wf_clock(), entry->rest_ms);
	entry->rest_look = ring->look;
	wf_gate_wake_at(gate, entry->rest_until);
	drop_group(ring, at);
	return false;
}

/*
 * Serve the group whose turn it is.  False when it cannot give an item now;
 * it is dropped if it has nothing ready, or nothing but for closed sites.
 */
static bool
serve_group(WfPicker *picker, Ring *ring, WfStage *stage, WfGate *gate, int per_domain,
			WfPick *pick)
{
	int			at = ring->position;
	DomainGroup *group = ring->group[at];
	DomainEntry *entry = enter_domain(ring, group->key);
	bool		full = false;
	bool		taken = false;

	/* items without a domain may be of any number of sites */
	if (count_in_flight(picker, group->key) < per_domain || group->key.is_null)
	{
		/* after its last candidates a domain waits for the next scan */
		if (group->next >= group->count &&
			(group->last || !refill_group(ring, stage, group)))
		{
			drop_group(ring, at);
			return false;
		}
		taken = take_open(gate, group, pick, &full, &entry->closed);
		if (taken)
		{
			wf_pick_reserve(picker, group->key);
			entry->rest_ms = 0;
			entry->wished = entry->owed = false;
		}
		else if (!pass_over(ring, gate, at, full))
			return false;
	}
	else
		full = true;
	if (!taken && full)
		entry->owed = entry->wished;
	ring->position = (at + 1) % ring->ngroups;
	return taken;
}

/* One turn around the ring: at most one item of each group. */
static int
serve_ring(WfPicker *picker, Ring *ring, WfStage *stage, WfGate *gate, int n, int per_domain,
		   WfPick *picks)
{
	int			got = 0;

	for (int visits = ring->ngroups; visits > 0 && got < n && ring->ngroups > 0; visits--)
		if (serve_group(picker, ring, stage, gate, per_domain, &picks[got]))
			got++;
	return got;
}

void
wf_pick_look_again(WfPicker *picker)
{
	for (int id = 0; id < WF_STAGE_COUNT; id++)
	{
		picker->ring[id].rest_until = 0;
		picker->ring[id].look++;
	}
}

/*
 * A scan has reached the end of the index.  Was the whole round in vain, though
 * there are items, of sites that are closed?
 */
static void
end_round(Ring *ring, const WfGate *gate)
{
	if (!ring->added && wf_gate_wake(gate) != 0)
		ring->rest_until = TimestampTzPlusMilliseconds(wf_clock(), REST_MS);
	ring->added = false;
}

int
wf_pick_candidates(WfPicker *picker, WfStage *stage, WfGate *gate, int n, int per_domain,
				   WfPick *candidates, bool *more)
{
	static const pg_uuid_t zero;
	Ring	   *ring = &picker->ring[stage->id];
	int			got = 0;
	int			scans_to_end;
	int			scans = SCANS_AT_ONCE;
	int			passes = PASSES_AT_ONCE;

	trim_domains(ring);

	/* a scan that begins in the middle must reach the end twice to see all */
	scans_to_end = memcmp(&ring->next_domain, &zero, sizeof(zero)) == 0 ? 1 : 2;
	while (got < n)
	{
		int			given = serve_ring(picker, ring, stage, gate, n - got, per_domain,
									   candidates + got);

		got += given;
		if (given > 0)
			continue;
		if (ring->passed)
		{
			ring->passed = false;
			if (passes-- > 0)
				continue;
			*more = true;		/* but other domains have their turn */
		}
		if (scans_to_end == 0 || ring->ngroups >= MAX_GROUPS ||
			(ring->next_scan != 0 && wf_clock() < ring->next_scan))
			break;
		if (ring->rest_until != 0 && ring->rest_until > wf_clock())
		{
			wf_gate_wake_at(gate, ring->rest_until);
			break;
		}
		if (scans-- == 0)
		{
			*more = true;
			break;
		}
		if (scan_domains(ring, stage, gate))
		{
			scans_to_end--;
			end_round(ring, gate);
		}
	}
	return got;
}

int
wf_pick_ready(WfStage *stage, const pg_uuid_t *ids, int n, WfPick *picks)
{
	Datum	   *elems = palloc(Max(n, 1) * sizeof(Datum));
	Datum		values[1];
	int			got = 0;

	for (int i = 0; i < n; i++)
		elems[i] = UUIDPGetDatum(&ids[i]);
	values[0] = wf_db_array(elems, NULL, n, UUIDOID);
	wf_db_execute(&stage->stmt[WF_STMT_READY_OF], WF_AS_OWNER, values, NULL);
	for (uint64 i = 0; i < SPI_processed && got < n; i++)
	{
		HeapTuple	row = SPI_tuptable->vals[i];
		bool		isnull;
		pg_uuid_t	id = *DatumGetUUIDP(SPI_getbinval(row, SPI_tuptable->tupdesc, 1, &isnull));
		Datum		domain;

		/* as often as an id is there */
		if (got > 0 && memcmp(&picks[got - 1].id, &id, sizeof(id)) == 0)
			continue;
		domain = SPI_getbinval(row, SPI_tuptable->tupdesc, 3, &isnull);
		picks[got].id = id;
		picks[got].domain = wf_pick_key(isnull ? NULL : DatumGetUUIDP(domain));
		picks[got++].site = site_column(i, 2);
	}
	SPI_freetuptable(SPI_tuptable);
	return got;
}

int
wf_pick_wished(WfPicker *picker, WfStageId stage, WfGate *gate, int per_domain,
			   WfPick *picks, int n, int max)
{
	Ring	   *ring = &picker->ring[stage];
	int			got = 0;

	for (int i = 0; i < n && got < max; i++)
	{
		WfPick		pick = picks[i];
		DomainEntry *entry = enter_domain(ring, pick.domain);

		if (entry->owed ||
			(count_in_flight(picker, pick.domain) >= per_domain && !pick.domain.is_null) ||
			wf_gate_enter(gate, pick.site) != WF_GATE_OPEN)
			continue;
		wf_pick_reserve(picker, pick.domain);
		entry->wished = true;
		picks[i] = picks[got];
		picks[got++] = pick;
	}
	return got;
}

bool
wf_pick_holds(const WfPicker *picker, WfStageId stage)
{
	return picker->ring[stage].ngroups > 0;
}

TimestampTz
wf_pick_next_scan(const WfPicker *picker, WfStageId stage)
{
	return picker->ring[stage].next_scan;
}
