/*-------------------------------------------------------------------------
 *
 * wf_fetch_hosts.c
 *	  Who may start next: a queue per host, hosts in turn.
 *
 * A host may start a transfer when it has one queued, fewer than the limit
 * running and its delay is over, which begins when a request is sent; while one
 * is on its way to that, a host with a delay starts no other.  Until a host was
 * reached once, its limit is one: its name is looked up once and a dead host
 * holds one slot.  While a robots.txt is on its way nothing else starts.  Idle
 * hosts are kept for their state, the least recently used forgotten first.
 *
 *-------------------------------------------------------------------------
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "wf_fetch_int.h"

#define MAX_IDLE_HOSTS		4096
#define MAX_ROBOTS_BYTES	(8 * 1024 * 1024)	/* rules of all hosts */

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
wf_hosts_drop_robots(WfHosts *hosts, WfAuthority *authority)
{
	hosts->robots_bytes -= authority->robots_size;
	free(authority->robots);
	authority->robots = NULL;
	authority->robots_size = 0;
	authority->robots_outcome = WF_OUTCOME_OK;
	authority->crawl_delay_ms = 0;
}

static void
forget(WfHosts *hosts, WfHost *host)
{
	WfHost	  **link = &hosts->buckets[host->hash % WF_FETCH_BUCKETS];

	list_remove(hosts, host);
	while (host->authorities)
	{
		WfAuthority *authority = host->authorities;

		host->authorities = authority->next;
		wf_hosts_drop_robots(hosts, authority);
		free(authority->origin);
		free(authority);
	}
	while (*link != host)
		link = &(*link)->bucket_next;
	*link = host->bucket_next;
	free(host->name);
	free(host);
}

/* No request to the host before this. */
static int64_t
earliest(const WfHost *host)
{
	return host->until_ms > host->next_start_ms ? host->until_ms : host->next_start_ms;
}

/* Where the host belongs now (invariant 3). */
static WfHostList
right_list(const WfHosts *hosts, const WfHost *host, int64_t now)
{
	if (host->head == NULL)
		return host->running > 0 || host->asked > 0 || host->held > 0 ?
			WF_HOST_BUSY : WF_HOST_IDLE;
	if (host->asked > 0 && host->head->robots_for == NULL)
		return WF_HOST_BUSY;
	if (host->running >= wf_hosts_limit(hosts, host))
		return WF_HOST_BUSY;
	/* one that still connects may be sent later than the next */
	if (host->unsent > 0 && wf_hosts_delay(hosts, host) > 0)
		return WF_HOST_BUSY;
	return earliest(host) > now ? WF_HOST_DELAYED : WF_HOST_READY;
}

static void
place(WfHosts *hosts, WfHost *host, int64_t now)
{
	WfHostList	list = right_list(hosts, host, now);

	if (list == host->list)
		return;
	list_remove(hosts, host);
	list_append(hosts, host, list);
	while (list == WF_HOST_IDLE && hosts->lists[WF_HOST_IDLE].count > MAX_IDLE_HOSTS)
		forget(hosts, hosts->lists[WF_HOST_IDLE].head);
}

WfHost *
wf_hosts_get(WfHosts *hosts, const char *site, size_t len)
{
	uint32_t	hash = (uint32_t) wf_site_hash((WfSlice) {site, len});
	WfHost	  **bucket = &hosts->buckets[hash % WF_FETCH_BUCKETS];
	WfHost	   *host;

	for (host = *bucket; host; host = host->bucket_next)
	{
		if (host->hash == hash && strncmp(host->name, site, len) == 0 &&
			host->name[len] == '\0')
			return host;
	}
	host = calloc(1, sizeof(*host));
	if (host == NULL || (host->name = strndup(site, len)) == NULL)
	{
		free(host);
		return NULL;
	}
	host->hash = hash;
	host->bucket_next = *bucket;
	*bucket = host;
	/* new ones have no transfer yet */
	list_append(hosts, host, WF_HOST_IDLE);
	return host;
}

WfAuthority *
wf_hosts_authority(WfHost *host, WfSlice origin)
{
	WfAuthority *authority;

	for (authority = host->authorities; authority; authority = authority->next)
	{
		if (strncmp(authority->origin, origin.data, origin.len) == 0 &&
			authority->origin[origin.len] == '\0')
			return authority;
	}
	authority = calloc(1, sizeof(*authority));
	if (authority == NULL || (authority->origin = strndup(origin.data, origin.len)) == NULL)
	{
		free(authority);
		return NULL;
	}
	authority->host = host;
	authority->next = host->authorities;
	host->authorities = authority;
	return authority;
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

void
wf_hosts_started(WfHosts *hosts, WfHost *host, int64_t now)
{
	host->unsent++;
	place(hosts, host, now);
}

void
wf_hosts_sent(WfHosts *hosts, WfHost *host, int64_t now)
{
	int			delay = wf_hosts_delay(hosts, host);

	host->unsent--;
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
wf_hosts_hold(WfHosts *hosts, WfHost *host, int change, int64_t now)
{
	host->held += change;
	place(hosts, host, now);
}

WfTransfer *
wf_hosts_overdue(WfHosts *hosts, int limit_ms, int hops_ms, int64_t now)
{
	for (WfHost *host = hosts->lists[WF_HOST_DELAYED].head; host; host = host->next)
	{
		int64_t		wait = earliest(host) - now;

		if (wait <= limit_ms)
			continue;
		for (WfTransfer *transfer = host->tail; transfer; transfer = transfer->prev)
		{
			if ((transfer->hops > 0 || transfer->patient) && wait <= hops_ms)
				continue;
			unlink_transfer(host, transfer);
			place(hosts, host, now);
			return transfer;
		}
	}
	return NULL;
}

void
wf_hosts_expire_robots(WfHosts *hosts)
{
	for (int i = 0; i < WF_FETCH_BUCKETS; i++)
	{
		for (WfHost *host = hosts->buckets[i]; host; host = host->bucket_next)
		{
			for (WfAuthority *a = host->authorities; a; a = a->next)
				a->robots_until_ms = 0;
		}
	}
}

void
wf_hosts_keep_robots(WfHosts *hosts, WfAuthority *authority, int64_t now)
{
	WfHost	   *host = authority->host;

	hosts->robots_bytes += authority->robots_size;
	host->delay_ms = 0;
	for (WfAuthority *a = host->authorities; a; a = a->next)
	{
		if (a->crawl_delay_ms > host->delay_ms)
			host->delay_ms = a->crawl_delay_ms;
	}
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
		if (earliest(host) < least)
			least = earliest(host);
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
			if (host->next_start_ms > now + wf_hosts_delay(hosts, host))
				host->next_start_ms = now + wf_hosts_delay(hosts, host);
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
