/*-------------------------------------------------------------------------
 *
 * wf_fetch_hosts.c
 *	  Who may start next: a queue per host, hosts in turn.
 *
 * A host may start a transfer when it has one queued, fewer than the limit
 * running and its delay is over.  Until a host was reached once, its limit is
 * one: its name is looked up once and a dead host holds one slot.  Idle hosts
 * are kept for their state, the least recently used forgotten first.
 *
 *-------------------------------------------------------------------------
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "wf_fetch_int.h"

#define MAX_IDLE_HOSTS		4096
#define MAX_ROBOTS_BYTES	(8 * 1024 * 1024)	/* rules of all hosts */

static uint32_t
hash_bytes(const char *data, size_t len)
{
	uint32_t	hash = 2166136261u;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char) data[i]) * 16777619u;
	return hash ^ hash >> 15;
}

static void
list_remove(WfHosts *hosts, WfHost *host)
{
	WfHostQueue *list = &hosts->lists[host->list];

	if (host->list == WF_HOST_BUSY)
		return;
	if (host->prev)
		host->prev->next = host->next;
	else
		list->head = host->next;
	if (host->next)
		host->next->prev = host->prev;
	else
		list->tail = host->prev;
	host->prev = host->next = NULL;
	list->count--;
	host->list = WF_HOST_BUSY;
}

static void
list_append(WfHosts *hosts, WfHost *host, WfHostList which)
{
	WfHostQueue *list = &hosts->lists[which];

	host->list = which;
	if (which == WF_HOST_BUSY)
		return;
	host->next = NULL;
	host->prev = list->tail;
	if (list->tail)
		list->tail->next = host;
	else
		list->head = host;
	list->tail = host;
	list->count++;
}

void
wf_hosts_drop_robots(WfHosts *hosts, WfHost *host)
{
	hosts->robots_bytes -= host->robots_size;
	free(host->robots);
	host->robots = NULL;
	host->robots_size = 0;
	host->robots_outcome = WF_OUTCOME_OK;
	host->delay_ms = 0;
}

static void
forget(WfHosts *hosts, WfHost *host)
{
	WfHost	  **link = &hosts->buckets[host->hash % WF_FETCH_BUCKETS];

	list_remove(hosts, host);
	wf_hosts_drop_robots(hosts, host);
	while (*link != host)
		link = &(*link)->bucket_next;
	*link = host->bucket_next;
	free(host->origin);
	free(host);
}

/* Where the host belongs now (invariant 3). */
static WfHostList
right_list(const WfHosts *hosts, const WfHost *host, int64_t now)
{
	bool		asked = host->robots_state == WF_ROBOTS_ASKED;

	if (host->head == NULL)
		return host->running > 0 || asked ? WF_HOST_BUSY : WF_HOST_IDLE;
	if (asked && host->head->robots_for == NULL)
		return WF_HOST_BUSY;
	if (host->running >= (host->reached ? hosts->per_host : 1))
		return WF_HOST_BUSY;
	return host->next_start_ms > now ? WF_HOST_DELAYED : WF_HOST_READY;
}

static void
place(WfHosts *hosts, WfHost *host, int64_t now)
{
	WfHostList	list = right_list(hosts, host, now);

	if (list == host->list)
		return;
	list_remove(hosts, host);
	list_append(hosts, host, list);
	if (list == WF_HOST_IDLE && hosts->lists[WF_HOST_IDLE].count > MAX_IDLE_HOSTS)
		forget(hosts, hosts->lists[WF_HOST_IDLE].head);
}

WfHost *
wf_hosts_get(WfHosts *hosts, const char *origin, size_t len)
{
	uint32_t	hash = hash_bytes(origin, len);
	WfHost	  **bucket = &hosts->buckets[hash % WF_FETCH_BUCKETS];
	WfHost	   *host;

	for (host = *bucket; host; host = host->bucket_next)
	{
		if (host->hash == hash && strncmp(host->origin, origin, len) == 0 &&
			host->origin[len] == '\0')
			return host;
	}
	host = calloc(1, sizeof(*host));
	if (host == NULL || (host->origin = strndup(origin, len)) == NULL)
	{
		free(host);
		return NULL;
	}
	host->hash = hash;
	host->bucket_next = *bucket;
	*bucket = host;
	return host;
}

void
wf_hosts_enqueue(WfHosts *hosts, WfTransfer *transfer, bool front, int64_t now)
{
	WfHost	   *host = transfer->host;

	transfer->next = front ? host->head : NULL;
	while (transfer->next && transfer->next->robots_for && !transfer->robots_for)
		transfer->next = transfer->next->next;
	transfer->prev = transfer->next ? transfer->next->prev : host->tail;
	if (transfer->prev)
		transfer->prev->next = transfer;
	else
		host->head = transfer;
	if (transfer->next)
		transfer->next->prev = transfer;
	else
		host->tail = transfer;
	place(hosts, host, now);
}

static void
unlink_transfer(WfHost *host, WfTransfer *transfer)
{
	if (transfer->prev)
		transfer->prev->next = transfer->next;
	else
		host->head = transfer->next;
	if (transfer->next)
		transfer->next->prev = transfer->prev;
	else
		host->tail = transfer->prev;
	transfer->prev = transfer->next = NULL;
}

void
wf_hosts_remove(WfHosts *hosts, WfTransfer *transfer, int64_t now)
{
	unlink_transfer(transfer->host, transfer);
	place(hosts, transfer->host, now);
}

void
wf_hosts_wake(WfHosts *hosts, int64_t now)
{
	WfHost	   *next;

	for (WfHost *host = hosts->lists[WF_HOST_DELAYED].head; host; host = next)
	{
		next = host->next;
		place(hosts, host, now);
	}
}

WfTransfer *
wf_hosts_next(WfHosts *hosts, int64_t now)
{
	WfHost	   *host = hosts->lists[WF_HOST_READY].head;
	WfTransfer *transfer;

	if (host == NULL)
		return NULL;
	transfer = host->head;
	unlink_transfer(host, transfer);
	host->running++;
	/* to the end of the list, if it stays ready at all */
	list_remove(hosts, host);
	place(hosts, host, now);
	return transfer;
}

static int
delay_of(const WfHosts *hosts, const WfHost *host)
{
	return host->delay_ms > hosts->delay_ms ? host->delay_ms : hosts->delay_ms;
}

void
wf_hosts_started(WfHosts *hosts, WfHost *host, int64_t now)
{
	int			delay = delay_of(hosts, host);

	host->next_start_ms = delay > 0 ? now + delay : 0;
	if (delay > 0)
		place(hosts, host, now);
}

void
wf_hosts_refresh(WfHosts *hosts, WfHost *host, int64_t now)
{
	place(hosts, host, now);
}

void
wf_hosts_expire_robots(WfHosts *hosts)
{
	for (int i = 0; i < WF_FETCH_BUCKETS; i++)
	{
		for (WfHost *host = hosts->buckets[i]; host; host = host->bucket_next)
			host->robots_until_ms = 0;
	}
}

void
wf_hosts_keep_robots(WfHosts *hosts, WfHost *host, int64_t now)
{
	hosts->robots_bytes += host->robots_size;
	/* the answer came later than the delay of its own request began */
	if (host->delay_ms > 0 && host->next_start_ms < now + host->delay_ms)
		host->next_start_ms = now + host->delay_ms;
	while (hosts->robots_bytes > MAX_ROBOTS_BYTES && hosts->lists[WF_HOST_IDLE].head)
		forget(hosts, hosts->lists[WF_HOST_IDLE].head);
}

void
wf_hosts_ended(WfHosts *hosts, WfHost *host, int64_t now)
{
	host->running--;
	place(hosts, host, now);
}

void
wf_hosts_reached(WfHosts *hosts, WfHost *host, int64_t now)
{
	if (host->reached)
		return;
	host->reached = true;
	place(hosts, host, now);
}

int
wf_hosts_wait(const WfHosts *hosts, int64_t now)
{
	int64_t		least = INT64_MAX;

	for (WfHost *host = hosts->lists[WF_HOST_DELAYED].head; host; host = host->next)
	{
		if (host->next_start_ms < least)
			least = host->next_start_ms;
	}
	if (least == INT64_MAX)
		return -1;
	least = least > now ? least - now : 0;
	return least > INT_MAX ? INT_MAX : (int) least;
}

void
wf_hosts_configure(WfHosts *hosts, int per_host, int delay_ms, int64_t now)
{
	hosts->per_host = per_host;
	hosts->delay_ms = delay_ms;
	for (int i = 0; i < WF_FETCH_BUCKETS; i++)
	{
		for (WfHost *host = hosts->buckets[i]; host; host = host->bucket_next)
		{
			if (host->next_start_ms > now + delay_of(hosts, host))
				host->next_start_ms = now + delay_of(hosts, host);
			if (host->list != WF_HOST_IDLE)
				place(hosts, host, now);
		}
	}
}

void
wf_hosts_free(WfHosts *hosts)
{
	for (int i = 0; i < WF_FETCH_BUCKETS; i++)
	{
		while (hosts->buckets[i])
			forget(hosts, hosts->buckets[i]);
	}
}
