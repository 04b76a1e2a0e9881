/*-------------------------------------------------------------------------
 *
 * wf_fetch_robots.c
 *	  What an authority's robots.txt said, and what follows for its pages.
 *
 * The file is a transfer like others, made by the fetcher itself; pages of
 * the host wait for it.  RFC 9309 section 2.3.1: a file that is not there
 * (4xx), redirects without end or cannot be read allows everything; a server
 * that fails or does not answer forbids everything for now, so pages end as
 * the file did, with an outcome that is tried again, unless an older copy is
 * known: that one counts meanwhile.
 *
 *-------------------------------------------------------------------------
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wf_fetch_int.h"

#define PARSE_LIMIT		(16 * 1024 * 1024)	/* bytes while reading one file */
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

/* Read the file; false when there is no memory for that. */
static bool
take_rules(WfFetcher *fetcher, WfAuthority *authority, WfSlice file)
{
	const char *agent = fetcher->config.user_agent;
	WfSlice		token = wf_robots_token((WfSlice) {agent, strlen(agent)});
	WfArena    *arena = wf_arena_create(PARSE_LIMIT);
	WfRobots	robots;
	bool		good = arena && wf_robots_parse(arena, file, token, &robots) == WF_OK;

	if (good)
	{
		authority->crawl_delay_ms = robots.crawl_delay_ms;
		if (robots.count > 0)
			authority->robots = pack(&robots, &authority->robots_size);
		good = robots.count == 0 || authority->robots != NULL;
	}
	if (!good)
		authority->robots_outcome = WF_OUTCOME_INTERNAL;
	wf_arena_free(arena);
	return good;
}

/*
 * Does it say how pages of the authority end, too, that its file could not be
 * had?  Sets *same when they would end the same way without asking for it.
 */
static bool
forbids_pages(const WfTransfer *transfer, const WfFetchResult *result, bool *same)
{
	*same = false;
	switch (result->outcome)
	{
		case WF_OUTCOME_DNS:
		case WF_OUTCOME_DNS_TEMPORARY:
		case WF_OUTCOME_CONNECT:
		case WF_OUTCOME_TLS:
		case WF_OUTCOME_TLS_CERTIFICATE:
		case WF_OUTCOME_POLICY:
			*same = transfer->hops == 0 && result->http_status == 0;
			break;
		default:
			break;
	}
	return *same || wf_outcome_is_retryable(result->outcome);
}

/* Tell the worker, so that nobody need fetch the file again. */
static void
report(WfFetcher *fetcher, const WfAuthority *authority, WfSlice body)
{
	WfRobotsFile file = {
		.site = {authority->host->name, strlen(authority->host->name)},
		.origin = {authority->origin, strlen(authority->origin)},
		.valid_ms = WF_ROBOTS_VALID_MS,
		.body = body,
	};

	if (body.len > WF_ROBOTS_MAX_BYTES)
		file.body.len = WF_ROBOTS_MAX_BYTES;
	if (fetcher->callbacks.robots)
		fetcher->callbacks.robots(fetcher->callbacks.arg, &file);
}

/* The answer came later than the delay of its own request began. */
static void
restart_delay(WfFetcher *fetcher, WfHost *host)
{
	if (host->delay_ms > 0 && host->next_start_ms < fetcher->now_ms + host->delay_ms)
		host->next_start_ms = fetcher->now_ms + host->delay_ms;
}

void
wf_fetch_robots_store(WfFetcher *fetcher, const WfTransfer *transfer, const WfFetchResult *result)
{
	WfAuthority *authority = transfer->robots_for;
	bool		known = authority->robots_state == WF_ROBOTS_REFRESHED;
	bool		present = result->http_status >= 200 && result->http_status < 300 &&
		(result->outcome == WF_OUTCOME_OK || result->outcome == WF_OUTCOME_CONTENT_TYPE);
	WfSlice		body = present ? result->body : WF_SLICE_EMPTY;
	bool		same;

	authority->host->asked--;
	authority->robots_state = WF_ROBOTS_KNOWN;
	if (result->outcome == WF_OUTCOME_DEFERRED)
	{
		/* asked for again when the host may be asked */
		if (!known)
			authority->robots_state = WF_ROBOTS_UNKNOWN;
		return;
	}
	authority->robots_until_ms = fetcher->now_ms + FAILED_MS;
	if (!present && forbids_pages(transfer, result, &same))
	{
		if (known)
			return;				/* the old copy counts */
		wf_hosts_drop_robots(&fetcher->hosts, authority);
		authority->robots_outcome = result->outcome;
		snprintf(authority->robots_error, sizeof(authority->robots_error), "%s%.200s",
				 same ? "" : "robots.txt could not be fetched: ", result->error);
	}
	else
	{
		wf_hosts_drop_robots(&fetcher->hosts, authority);
		if (take_rules(fetcher, authority, body))
		{
			authority->robots_until_ms = fetcher->now_ms + WF_ROBOTS_VALID_MS;
			report(fetcher, authority, body);
		}
	}
	wf_hosts_keep_robots(&fetcher->hosts, authority, fetcher->now_ms);
	restart_delay(fetcher, authority->host);
}

void
wf_fetch_know_robots(WfFetcher *fetcher, const WfRobotsFile *file)
{
	WfHost	   *host = wf_hosts_get(&fetcher->hosts, file->site.data, file->site.len);
	WfAuthority *authority = host ? wf_hosts_authority(host, file->origin) : NULL;

	if (authority == NULL || authority->robots_state != WF_ROBOTS_UNKNOWN)
		return;					/* what we have is as good */
	if (take_rules(fetcher, authority, file->body))
	{
		authority->robots_state = WF_ROBOTS_KNOWN;
		authority->robots_until_ms = fetcher->now_ms +
			(file->valid_ms < WF_ROBOTS_VALID_MS ? file->valid_ms : WF_ROBOTS_VALID_MS);
	}
	else
		wf_hosts_drop_robots(&fetcher->hosts, authority);
	wf_hosts_keep_robots(&fetcher->hosts, authority, fetcher->now_ms);
}

WfOutcome
wf_fetch_robots_judge(const WfTransfer *transfer, char *error)
{
	const WfAuthority *authority = transfer->authority;
	const char *target = transfer->url + transfer->origin_len;

	if (authority->robots_outcome != WF_OUTCOME_OK)
	{
		snprintf(error, WF_MAX_ERROR, "%s", authority->robots_error);
		return authority->robots_outcome;
	}
	if (authority->robots == NULL ||
		wf_robots_allows(authority->robots, (WfSlice) {target, strlen(target)}))
		return WF_OUTCOME_OK;
	snprintf(error, WF_MAX_ERROR, "disallowed by robots.txt");
	return WF_OUTCOME_ROBOTS;
}
