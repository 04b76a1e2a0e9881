/*-------------------------------------------------------------------------
 *
 * wf_fetch_pool.c
 *	  Pools: multi handles, each with its connections and DNS cache.
 *
 * libcurl keeps a record of each host it was ever connected to and walks all
 * of them whenever it closes a connection for lack of room; it also walks its
 * DNS cache at the end of each transfer.  So a pool takes up to so many hosts;
 * then a new one is begun, which costs the hosts in use one connection each,
 * and the old one ends with its last transfer.  TLS sessions outlive pools.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "wf_fetch_int.h"

#define MIN_HOSTS		1024	/* of one pool, before it is replaced */

long
wf_pool_connections(int concurrency)
{
	struct rlimit limit = {.rlim_cur = 1024};
	long		most = concurrency * 4L + 16;
	long		room;

	(void) getrlimit(RLIMIT_NOFILE, &limit);
	room = limit.rlim_cur > 65536 ? 32768 : (long) limit.rlim_cur / 2;
	return most < room ? most : room;
}

static int
on_timer(CURLM *multi, long timeout_ms, void *arg)
{
	WfPool	   *pool = arg;

	pool->timer_ms = timeout_ms < 0 ? -1 : wf_fetch_clock() + timeout_ms;
	return 0;
}

bool
wf_pool_create(WfFetcher *fetcher)
{
	WfPool	   *pool = calloc(1, sizeof(*pool));

	if (pool == NULL)
		return false;
	pool->fetcher = fetcher;
	pool->timer_ms = -1;
	pool->multi = curl_multi_init();
#define SET(option, value) (curl_multi_setopt(pool->multi, option, value) == CURLM_OK)
	if (pool->multi == NULL || !SET(CURLMOPT_SOCKETFUNCTION, wf_fetch_on_socket) ||
		!SET(CURLMOPT_SOCKETDATA, pool) || !SET(CURLMOPT_TIMERFUNCTION, on_timer) ||
		!SET(CURLMOPT_TIMERDATA, pool))
#undef SET
	{
		if (pool->multi)
			curl_multi_cleanup(pool->multi);
		free(pool);
		return false;
	}
	pool->number = ++fetcher->pool_number;
	pool->next = fetcher->pools;
	fetcher->pools = pool;
	wf_pool_configure(fetcher);
	return true;
}

void
wf_pool_configure(WfFetcher *fetcher)
{
	long		connections = wf_pool_connections(fetcher->config.max_concurrency);

	(void) curl_multi_setopt(fetcher->pools->multi, CURLMOPT_MAXCONNECTS, connections);
}

static int
count_pools(const WfFetcher *fetcher)
{
	int			count = 0;

	for (WfPool *pool = fetcher->pools; pool; pool = pool->next)
		count++;
	return count;
}

/* The pool for the next transfer. */
static WfPool *
present_pool(WfFetcher *fetcher)
{
	WfPool	   *pool = fetcher->pools;
	long		most = 2 * wf_pool_connections(fetcher->config.max_concurrency);

	if (pool->hosts < (most > MIN_HOSTS ? most : MIN_HOSTS) ||
		count_pools(fetcher) >= WF_FETCH_POOLS || !wf_pool_create(fetcher))
		return pool;
	/* what it has idle is closed as its transfers end */
	(void) curl_multi_setopt(pool->multi, CURLMOPT_MAXCONNECTS, 1L);
	return fetcher->pools;
}

bool
wf_pool_add(WfSlot *slot)
{
	WfPool	   *pool = present_pool(slot->fetcher);
	WfHost	   *host = wf_gateway_peer(slot->fetcher, slot->transfer);

	if (curl_multi_add_handle(pool->multi, slot->easy) != CURLM_OK)
		return false;
	if (host->pool != pool->number)
	{
		host->pool = pool->number;
		pool->hosts++;
	}
	pool->running++;
	slot->pool = pool;
	return true;
}

void
wf_pool_remove(WfSlot *slot)
{
	if (slot->pool == NULL)
		return;
	(void) curl_multi_remove_handle(slot->pool->multi, slot->easy);
	slot->pool->running--;
	slot->pool = NULL;
}

static void
pool_free(WfPool *pool)
{
	wf_fetch_forget_sockets(pool->fetcher, pool);
	curl_multi_cleanup(pool->multi);
	free(pool);
}

void
wf_pool_drain(WfFetcher *fetcher)
{
	WfPool	  **link = &fetcher->pools->next;

	while (*link)
	{
		WfPool	   *pool = *link;

		if (pool->running > 0)
		{
			link = &pool->next;
			continue;
		}
		*link = pool->next;
		pool_free(pool);
	}
}

void
wf_pool_free_all(WfFetcher *fetcher)
{
	while (fetcher->pools)
	{
		WfPool	   *pool = fetcher->pools;

		fetcher->pools = pool->next;
		pool_free(pool);
	}
}
