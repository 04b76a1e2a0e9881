/*-------------------------------------------------------------------------
 *
 * wf_worker_flight.c
 *	  What a worker has in flight, and the crawler that fetches it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "wf_compat.h"

#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "wf_gateway.h"
#include "wf_guc.h"
#include "wf_shmem.h"
#include "wf_worker_int.h"

void
wf_worker_add_item(WfItem *item)
{
	WfInFlight   *entry = hash_search(wf_worker.in_flight, &item->token, HASH_ENTER, NULL);

	entry->item = item;
	wf_worker.nfetching++;
}

/* The item is no longer ours to care for. */
void
wf_worker_drop_item(WfItem *item)
{
	hash_search(wf_worker.in_flight, &item->token, HASH_REMOVE, NULL);
	wf_pick_release(wf_worker.picker, item->domain);
	wf_gate_leave(wf_worker.gate, item->site);
	wf_gateway_leave(item);
	for (int i = 0; i < item->nholds; i++)
		wf_gate_unhold(wf_worker.gate, item->holds[i]);
	if (!item->ended)
		wf_worker.nfetching--;
	wf_queue_free(item);
}

/* A text or NULL; an empty slice for none. */
static WfSlice
slice_of(const char *text)
{
	return text ? (WfSlice) {text, strlen(text)} : WF_SLICE_EMPTY;
}

/* False when the crawler cannot take it. */
static bool
send_item(WfItem *item)
{
	WfFetchMessage fetch = {0};

	/* what another crawler sent of it comes again */
	if (item->entries)
		pfree(item->entries);
	item->entries = NULL;
	item->nentries = 0;
	item->too_deep = 0;
	fetch.seq = item->token;
	fetch.stage = (uint8) item->stage;
	fetch.url = slice_of(item->url);
	fetch.domain = slice_of(item->domain_name);
	fetch.version_url = slice_of(item->version_url);
	fetch.etag = slice_of(item->etag);
	fetch.last_modified = slice_of(item->last_modified);
	if (item->gateway)
		fetch.flags |= WF_FETCH_GATEWAY;
	if (!wf_link_fetch(wf_worker.link, &fetch))
		return false;
	item->sent = true;
	return true;
}

static void
add_pending(WfResult *result)
{
	if (wf_worker.npending == wf_worker.pending_room)
	{
		wf_worker.pending_room = Max(wf_worker.pending_room * 2, 256);
		if (wf_worker.pending)
			wf_worker.pending =
				repalloc(wf_worker.pending, wf_worker.pending_room * sizeof(WfResult *));
		else
			wf_worker.pending = MemoryContextAlloc(TopMemoryContext,
												wf_worker.pending_room * sizeof(WfResult *));
	}
	if (wf_worker.npending == 0)
		wf_worker.pending_since = wf_clock();
	wf_worker.pending[wf_worker.npending++] = result;
	result->item->ended = true;
	wf_worker.nfetching--;
}

static void
handle_result(const WfResultMessage *message, void *arg)
{
	WfInFlight   *entry = hash_search(wf_worker.in_flight, &message->seq, HASH_FIND, NULL);
	MemoryContext old;

	if (entry == NULL || entry->item->ended)
		return;					/* cancelled, or an answer nobody asked for */
	entry->item->credits_used = message->credits;
	old = MemoryContextSwitchTo(wf_worker.group_context);
	add_pending(wf_store_result(entry->item, message));
	MemoryContextSwitchTo(old);
}

/* Answered by wf_worker_answer: here is no transaction, and none to begin. */
static void
handle_ask(const WfAskMessage *ask, void *arg)
{
	int			n = wf_worker.nasked;

	if (n == MAX_ASKED)
		return;					/* it will ask again */
	memcpy(wf_worker.asked_site[n], ask->site.data, ask->site.len);
	wf_worker.asked[n] = *ask;
	wf_worker.asked[n].site.data = wf_worker.asked_site[n];
	wf_worker.nasked++;
}

static void
handle_site(const WfSiteState *state, void *arg)
{
	wf_gate_note_site(wf_worker.gate, state);
}

static void
handle_robots(const WfRobotsFile *file, void *arg)
{
	wf_gate_note_robots(wf_worker.gate, file);
}

WfLink *
wf_worker_create_link(void)
{
	WfLinkHandlers handlers = {
		.result = handle_result,
		.entries = wf_worker_handle_entries,
		.ask = handle_ask,
		.site = handle_site,
		.robots = handle_robots,
	};

	return wf_link_create(&handlers);
}

/* May this item's request go on to a site that is not the item's own? */
static bool
may_go_on(const WfAskMessage *ask)
{
	WfInFlight *entry = hash_search(wf_worker.in_flight, &ask->seq, HASH_FIND, NULL);
	uint64		key = wf_site_hash(ask->site);
	WfItem	   *item;

	if (entry == NULL || entry->item->ended)
		return false;
	item = entry->item;
	for (int i = 0; i < item->nholds; i++)
		if (item->holds[i] == key)
			return true;
	if (!wf_gate_hold(wf_worker.gate, key))
		return false;
	if (item->nholds == WF_ITEM_HOLDS)
	{
		/* it is at one site at a time, so it has left the first of them */
		wf_gate_unhold(wf_worker.gate, item->holds[0]);
		item->nholds--;
		memmove(&item->holds[0], &item->holds[1], item->nholds * sizeof(uint64));
	}
	item->holds[item->nholds++] = key;
	return true;
}

static void
do_read_sites(void *arg)
{
	wf_gate_read(wf_worker.gate);
}

void
wf_worker_answer(void)
{
	bool		granted[MAX_ASKED];
	WfDbError	error;
	bool		known = true;

	if (wf_worker.nasked == 0)
		return;
	for (int i = 0; i < wf_worker.nasked; i++)
		granted[i] = may_go_on(&wf_worker.asked[i]);
	if (wf_gate_must_read(wf_worker.gate))
		known = wf_worker_run_own("wf_curation: looking at sites", do_read_sites, NULL, &error);
	if (known)
		wf_gate_send(wf_worker.gate, wf_worker.link);
	for (int i = 0; i < wf_worker.nasked && wf_link_running(wf_worker.link); i++)
		(void) wf_link_grant(wf_worker.link, wf_worker.asked[i].id, known && granted[i]);
	wf_worker.nasked = 0;
}

void
wf_worker_fail_item(WfItem *item, WfOutcome outcome, const char *error)
{
	MemoryContext old = MemoryContextSwitchTo(wf_worker.group_context);

	add_pending(wf_store_failure(item, outcome, error));
	MemoryContextSwitchTo(old);
}

void
wf_worker_put_off(WfItem *item, const char *why, uint32 wait_ms)
{
	MemoryContext old = MemoryContextSwitchTo(wf_worker.group_context);
	WfResult   *result = wf_store_failure(item, WF_OUTCOME_DEFERRED, why);

	result->retry_after_ms = wait_ms;
	add_pending(result);
	MemoryContextSwitchTo(old);
}

static WfItem **
select_items(bool every_stage, WfStageId id, bool ended, int *n)
{
	WfItem	  **items = palloc((hash_get_num_entries(wf_worker.in_flight) + 1) * sizeof(WfItem *));
	HASH_SEQ_STATUS seq;
	WfInFlight   *entry;

	*n = 0;
	hash_seq_init(&seq, wf_worker.in_flight);
	while ((entry = hash_seq_search(&seq)) != NULL)
		if ((every_stage || entry->item->stage == id) && (ended || !entry->item->ended))
			items[(*n)++] = entry->item;
	return items;
}

WfItem **
wf_worker_items(WfStageId id, bool ended, int *n)
{
	return select_items(false, id, ended, n);
}

WfItem **
wf_worker_fetching_items(int *n)
{
	return select_items(true, WF_STAGE_PAGE, false, n);
}

/*
 * Send items that wait for the crawler.  What it cannot take ends here: it
 * would be in flight for ever.
 */
void
wf_worker_send_items(WfItem **items, int n)
{
	char		error[200];

	wf_gate_send(wf_worker.gate, wf_worker.link);
	for (int i = 0; i < n; i++)
	{
		if (items[i]->ended || send_item(items[i]))
			continue;
		if (strlen(items[i]->url) > WF_MAX_URL)
		{
			snprintf(error, sizeof(error), "invalid URL: longer than %d bytes", WF_MAX_URL);
			wf_worker_fail_item(items[i], WF_OUTCOME_BAD_URL, error);
		}
		else
			wf_worker_fail_item(items[i], WF_OUTCOME_CRASH, "the crawler could not take the request");
	}
}

/* ------------------------------------------------------------------------
 * The crawler
 * ------------------------------------------------------------------------
 */

/*
 * The socket was closed: the set knows it by number only, and the next
 * crawler's may have the same.
 */
static void
forget_wait_events(void)
{
	if (wf_worker.events)
		FreeWaitEventSet(wf_worker.events);
	wf_worker.events = NULL;
}

/*
 * The crawler ends again and again before it is ready (a library is missing,
 * say): no page is to blame.  They go back; one crawler that is ready, tried
 * every now and then, ends this.
 */
static void
crawler_is_broken(void)
{
	char		why[200];

	snprintf(why, sizeof(why), "the crawler program does not start (%s); see the server log",
			 wf_link_last_end(wf_worker.link));
	wf_worker.next_start = TimestampTzPlusMilliseconds(wf_clock(), BLOCKED_POLL_MS);
	wf_worker_set_blocked(why);
	wf_worker_look(false);
	wf_worker_release_all();
}

/*
 * The crawler is gone or must go.  The item it was handling has had its
 * attempt; the others are sent to the next crawler.
 */
void
wf_worker_end_crawler(const char *why)
{
	bool		was_ready = wf_link_ready(wf_worker.link);
	uint64		blamed = wf_link_stop(wf_worker.link);
	WfItem	  **items;
	int			n;
	char		error[200];

	forget_wait_events();
	wf_gate_crawler_ended(wf_worker.gate);
	wf_shmem_report_crawler_end();
	wf_worker.nasked = 0;
	if (!was_ready && ++wf_worker.unready_ends >= UNREADY_ENDS)
	{
		crawler_is_broken();
		return;
	}
	ereport(LOG, (errmsg("crawler ended (%s): %s", wf_link_last_end(wf_worker.link), why)));
	items = wf_worker_fetching_items(&n);
	for (int i = 0; i < n; i++)
	{
		if (items[i]->token == blamed || ++items[i]->resends > MAX_RESENDS)
		{
			snprintf(error, sizeof(error), "the crawler ended (%s) while it handled this page",
					 wf_link_last_end(wf_worker.link));
			wf_worker_fail_item(items[i], WF_OUTCOME_CRASH, error);
		}
		else if (items[i]->gateway && items[i]->sent)
			/* its credits are spent: another call needs others */
			wf_worker_put_off(items[i], "the crawler ended during a call of the gateway",
							  CLAIM_RETRY_MS);
	}
	pfree(items);
}

void
wf_worker_update_wait_events(void)
{
	int			fd = wf_link_socket(wf_worker.link);

	if (wf_worker.events && wf_worker.events_socket == fd)
	{
		if (fd >= 0)
			ModifyWaitEvent(wf_worker.events, wf_worker.socket_position, WL_SOCKET_READABLE |
							(wf_link_wants_write(wf_worker.link) ? WL_SOCKET_WRITEABLE : 0), NULL);
		return;
	}
	/* there is no removing of events */
	if (wf_worker.events)
		FreeWaitEventSet(wf_worker.events);
	wf_worker.events = wf_create_wait_event_set(3);
	AddWaitEventToSet(wf_worker.events, WL_LATCH_SET, PGINVALID_SOCKET, MyLatch, NULL);
	AddWaitEventToSet(wf_worker.events, WL_EXIT_ON_PM_DEATH, PGINVALID_SOCKET, NULL, NULL);
	if (fd >= 0)
		wf_worker.socket_position =
			AddWaitEventToSet(wf_worker.events, WL_SOCKET_READABLE, fd, NULL, NULL);
	wf_worker.events_socket = fd;
}

/* Start the crawler if it is needed and not there; send what it must fetch. */
bool
wf_worker_ensure_crawler(void)
{
	const char *problem;
	TimestampTz now = wf_clock();
	WfItem	  **items;
	int			n;

	if (wf_link_running(wf_worker.link))
		return true;
	if (now < wf_worker.next_start)
		return false;
	if (!wf_link_start(wf_worker.link, &problem))
	{
		wf_worker.next_start = TimestampTzPlusMilliseconds(now, BLOCKED_POLL_MS);
		wf_worker_set_blocked(problem);
		wf_worker_release_all();
		return false;
	}
	/* one that dies at once is started again, but not in a tight loop */
	wf_worker.start_failures = Min(wf_worker.start_failures + 1, 8);
	wf_worker.next_start = TimestampTzPlusMilliseconds(now, 10 << wf_worker.start_failures);
	items = wf_worker_fetching_items(&n);
	wf_worker_send_items(items, n);
	pfree(items);
	return true;
}

void
wf_worker_watch_crawler(TimestampTz now)
{
	if (!wf_link_running(wf_worker.link) || wf_worker.nfetching == 0 ||
		now < wf_worker.next_hang_check)
		return;
	wf_worker.next_hang_check = TimestampTzPlusMilliseconds(now, HANG_CHECK_MS);
	if (wf_link_is_hung(wf_worker.link, now))
		wf_worker_end_crawler("it was stuck");
}

void
wf_worker_talk_to_crawler(bool readable)
{
	uint64		before = wf_worker.npending;

	if (!wf_link_running(wf_worker.link))
		return;
	if (readable && !wf_link_read(wf_worker.link))
	{
		wf_worker_end_crawler("connection lost");
		return;
	}
	if (wf_worker.unready_ends > 0 && wf_link_ready(wf_worker.link))
	{
		wf_worker.unready_ends = 0;
		wf_worker_look(true);
	}
	if (wf_worker.npending > (int) before)
	{
		wf_worker.start_failures = 0;
		wf_worker.next_start = 0;
	}
	if (!wf_link_write(wf_worker.link))
		wf_worker_end_crawler("connection lost");
}
