/*-------------------------------------------------------------------------
 *
 * wf_fetch_setup.c
 *	  The fetcher's life: its settings, its beginning and its end.
 *
 *-------------------------------------------------------------------------
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "wf_fetch_int.h"

#define SCRATCH_LIMIT		(256 * 1024)

WfStatus
wf_fetch_configure(WfFetcher *fetcher, const WfConfig *config)
{
	WfNetguardLists lists = {
		config->allowed_networks, config->allowed_ports,
		config->allowed_hosts, config->denied_hosts
	};
	WfNetguard *guard = wf_netguard_create(&lists);
	char	   *user_agent = strdup(config->user_agent);

	if (guard == NULL || user_agent == NULL)
	{
		wf_netguard_free(guard);
		free(user_agent);
		return WF_ERR_NOMEM;
	}
	if (!wf_gateway_configure(fetcher, config))
	{
		wf_netguard_free(guard);
		free(user_agent);
		return WF_ERR_NOMEM;
	}
	wf_netguard_refuse_own(guard, fetcher->own);
	wf_netguard_free(fetcher->guard);
	fetcher->guard = guard;

	if (fetcher->config.user_agent && strcmp(fetcher->config.user_agent, user_agent) != 0)
		wf_hosts_expire_robots(&fetcher->hosts);
	/* of the texts only this one is looked at again */
	free(fetcher->config.user_agent);
	fetcher->config = *config;
	fetcher->config.user_agent = user_agent;
	fetcher->config.allowed_networks = fetcher->config.allowed_ports = NULL;
	fetcher->config.allowed_hosts = fetcher->config.denied_hosts = NULL;
	fetcher->config.default_region = NULL;
	fetcher->config.gateway_url = fetcher->config.gateway_options = NULL;
	fetcher->config.gateway_key = NULL;
	fetcher->generation++;
	if (fetcher->config.max_concurrency > wf_pool_connections(INT_MAX / 8))
		fetcher->config.max_concurrency = (int) wf_pool_connections(INT_MAX / 8);

	fetcher->now_ms = wf_fetch_clock();
	fetcher->hosts.retry_ms = config->retry_delay;
	wf_hosts_configure(&fetcher->hosts, config->max_concurrency_per_host,
					   config->host_delay, fetcher->now_ms);
	if (fetcher->pools)
		wf_pool_configure(fetcher);
	return WF_OK;
}

static bool
create_handles(WfFetcher *fetcher)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return false;
	fetcher->scratch = wf_arena_create(SCRATCH_LIMIT);
	fetcher->headers = curl_slist_append(NULL, "Accept: text/html,application/xhtml+xml,"
										 "application/xml;q=0.9,text/*;q=0.8,*/*;q=0.1");
	if (!fetcher->scratch || !fetcher->headers)
		return false;
	for (int i = 0; i < WF_FETCH_SHARES; i++)
	{
		fetcher->shares[i] = curl_share_init();
		if (!fetcher->shares[i] ||
			curl_share_setopt(fetcher->shares[i], CURLSHOPT_SHARE,
							  CURL_LOCK_DATA_SSL_SESSION) != CURLSHE_OK)
			return false;
	}
	return true;
}

WfFetcher *
wf_fetch_create(int epoll_fd, const WfOwnAddresses *own, const WfFetchCallbacks *callbacks)
{
	WfFetcher  *fetcher = calloc(1, sizeof(*fetcher));
	WfConfig	defaults;
	WfStatus	status;

	if (fetcher == NULL)
		return NULL;
	fetcher->epoll_fd = epoll_fd;
	fetcher->own = own;
	fetcher->callbacks = *callbacks;
	fetcher->hosts.random = (uint64_t) wf_fetch_clock() * UINT64_C(0x9e3779b97f4a7c15) + 1;
	if (!create_handles(fetcher))
	{
		wf_fetch_free(fetcher);
		return NULL;
	}
	wf_config_init(&defaults);
	status = wf_fetch_configure(fetcher, &defaults);
	wf_config_free(&defaults);
	if (status != WF_OK || !wf_pool_create(fetcher))
	{
		wf_fetch_free(fetcher);
		return NULL;
	}
	return fetcher;
}

void
wf_fetch_free(WfFetcher *fetcher)
{
	WfSlot	   *next;

	wf_fetch_cancel_all(fetcher);
	for (WfSlot *slot = fetcher->free_slots; slot; slot = next)
	{
		next = slot->next;
		wf_slot_free(slot);
	}
	wf_lookup_free(fetcher->lookup);
	while (fetcher->spare_count > 0)
		free(fetcher->spare[--fetcher->spare_count].data);
	wf_pool_free_all(fetcher);
	for (int i = 0; i < WF_FETCH_SHARES; i++)
	{
		if (fetcher->shares[i])
			curl_share_cleanup(fetcher->shares[i]);
	}
	curl_slist_free_all(fetcher->headers);
	wf_gateway_free(fetcher);
	wf_hosts_free(&fetcher->hosts);
	wf_netguard_free(fetcher->guard);
	wf_arena_free(fetcher->scratch);
	free(fetcher->sockets);
	free(fetcher->config.user_agent);
	free(fetcher);
	curl_global_cleanup();
}
