/*-------------------------------------------------------------------------
 *
 * wf_fetch_robots.c
 *	  What a host's robots.txt said, and what follows for its pages.
 *
 * The file is a transfer like others, made by the fetcher itself; pages of
 * the host wait for it.  RFC 9309 section 2.3.1: a file that is not there
 * (4xx), redirects without end or cannot be read allows everything; a server
 * that fails or does not answer forbids everything for now, so pages end as
 * the file did, with an outcome that is tried again.
 *
 *-------------------------------------------------------------------------
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wf_fetch_int.h"

#define PARSE_LIMIT		(16 * 1024 * 1024)	/* bytes while reading one file */
#define KNOWN_MS		(24 * 3600 * 1000)	/* RFC 9309 section 2.4 */
#define FAILED_MS		20000

/* One block of memory with everything in it; NULL when out of memory. */
static WfRobots *
pack(const WfRobots *robots, size_t *size)
{
	WfRobots   *packed;
	char	   *p;

	*size = sizeof(*packed) + robots->count * sizeof(WfRobotsRule);
	for (int i = 0; i < robots->count; i++)
		*size += robots->rules[i].pattern.len;
	packed = malloc(*size);
	if (packed == NULL)
		return NULL;
	*packed = *robots;
	packed->rules = (WfRobotsRule *) (packed + 1);
	p = (char *) (packed->rules + robots->count);
	for (int i = 0; i < robots->count; i++)
	{
		WfSlice		pattern = robots->rules[i].pattern;

		packed->rules[i] = (WfRobotsRule) {{p, pattern.len}, robots->rules[i].allow};
		memcpy(p, pattern.data, pattern.len);
		p += pattern.len;
	}
	return packed;
}

static void
take_rules(WfFetcher *fetcher, WfHost *host, WfSlice file)
{
	const char *agent = fetcher->config.user_agent;
	WfSlice		token = wf_robots_token((WfSlice) {agent, strlen(agent)});
	WfArena    *arena = wf_arena_create(PARSE_LIMIT);
	WfRobots	robots;

	if (arena && wf_robots_parse(arena, file, token, &robots) == WF_OK)
	{
		host->delay_ms = robots.crawl_delay_ms;
		if (robots.count > 0)
			host->robots = pack(&robots, &host->robots_size);
	}
	else
		host->robots_outcome = WF_OUTCOME_INTERNAL;
	wf_arena_free(arena);
}

/* How pages of the host end while its file cannot be had. */
static void
take_failure(WfHost *host, const WfTransfer *transfer, const WfFetchResult *result)
{
	WfOutcome	outcome = result->outcome;
	bool		same_for_pages = false;

	switch (outcome)
	{
		case WF_OUTCOME_DNS:
		case WF_OUTCOME_DNS_TEMPORARY:
		case WF_OUTCOME_CONNECT:
		case WF_OUTCOME_TLS:
		case WF_OUTCOME_TLS_CERTIFICATE:
		case WF_OUTCOME_POLICY:
			same_for_pages = transfer->hops == 0 && result->http_status == 0;
			break;
		default:
			break;
	}
	if (!same_for_pages && !wf_outcome_is_retryable(outcome))
		return;					/* as if there were no file */
	host->robots_outcome = outcome;
	snprintf(host->robots_error, sizeof(host->robots_error), "%s%.200s",
			 same_for_pages ? "" : "robots.txt could not be fetched: ", result->error);
}

void
wf_fetch_robots_store(WfFetcher *fetcher, const WfTransfer *transfer, const WfFetchResult *result)
{
	WfHost	   *host = transfer->robots_for;

	wf_hosts_drop_robots(&fetcher->hosts, host);
	host->robots_state = WF_ROBOTS_KNOWN;
	if (result->http_status >= 200 && result->http_status < 300 &&
		(result->outcome == WF_OUTCOME_OK || result->outcome == WF_OUTCOME_CONTENT_TYPE))
		take_rules(fetcher, host, result->body);
	else if (result->outcome != WF_OUTCOME_HTTP_EMPTY)
		take_failure(host, transfer, result);
	host->robots_until_ms = fetcher->now_ms +
		(host->robots_outcome == WF_OUTCOME_OK ? KNOWN_MS : FAILED_MS);
	wf_hosts_keep_robots(&fetcher->hosts, host, fetcher->now_ms);
}

WfOutcome
wf_fetch_robots_judge(const WfTransfer *transfer, char *error)
{
	const WfHost *host = transfer->host;
	const char *target = transfer->url + transfer->origin_len;

	if (host->robots_outcome != WF_OUTCOME_OK)
	{
		snprintf(error, WF_MAX_ERROR, "%s", host->robots_error);
		return host->robots_outcome;
	}
	if (host->robots == NULL ||
		wf_robots_allows(host->robots, (WfSlice) {target, strlen(target)}))
		return WF_OUTCOME_OK;
	snprintf(error, WF_MAX_ERROR, "disallowed by robots.txt");
	return WF_OUTCOME_ROBOTS;
}
