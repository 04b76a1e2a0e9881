/*-------------------------------------------------------------------------
 *
 * wf_fetch.c
 *	  The fetcher: requests in, transfers run, ends out.
 *
 * A handle is given to libcurl only when the transfer may start
 * (wf_fetch_hosts.c decides), so nothing ever waits in queues of libcurl.
 *
 * Held transfers have a host but are in no queue: they wait for an answer, of
 * a second look-up of a name or of the worker about a site.
 *
 * The process installs no signal handlers, so libcurl's resolver threads have
 * none to run.
 *
 *-------------------------------------------------------------------------
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#include "wf_fetch_int.h"

#define MAX_RESTARTS		3
#define SLOW_LOOKUP_MS		4000
#define ROBOTS_TIMEOUT		20000	/* ms */
#define ASK_AGAIN_MS		500		/* a site that others use */
#define ASK_LIMIT_MS		20000	/* … is waited for so long */
#define HOPS_HOLD_MS		60000	/* longer than a Crawl-delay that counts */
#define SITE_BUSY_MS		30000	/* then the page is, without its slot */

int64_t
wf_fetch_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void
wf_fetch_announce(WfFetcher *fetcher, uint64_t seq)
{
	fetcher->callbacks.working(fetcher->callbacks.arg, seq);
}

const WfFetchStats *
wf_fetch_stats(const WfFetcher *fetcher)
{
	return &fetcher->stats;
}

const char *
wf_fetch_library(void)
{
	return curl_version();
}

int
wf_fetch_pending(const WfFetcher *fetcher)
{
	return fetcher->pending;
}

/* ---------- transfers ---------- */

static WfTransfer **
seq_bucket(WfFetcher *fetcher, uint64_t seq)
{
	return &fetcher->by_seq[seq % WF_FETCH_BUCKETS];
}

static void
transfer_free(WfTransfer *transfer)
{
	free(transfer->requested);
	free(transfer->url);
	free(transfer->domain);
	free(transfer->version_url);
	free(transfer->etag);
	free(transfer->last_modified);
	free(transfer);
}

/* NUL-terminated copy; NULL when out of memory. */
static char *
copy_text(WfSlice text)
{
	return strndup(text.len ? text.data : "", text.len);
}

/* What may be sent of a version known; false when out of memory. */
static bool
take_version(WfTransfer *transfer, const WfFetchRequest *request)
{
	WfSlice		none = WF_SLICE_EMPTY;

	if (request->version_url.len == 0)
		return true;
	transfer->version_url = copy_text(request->version_url);
	transfer->etag = copy_text(wf_site_is_validator(request->etag) ? request->etag : none);
	transfer->last_modified = copy_text(
		wf_site_is_validator(request->last_modified) ? request->last_modified : none);
	return transfer->version_url && transfer->etag && transfer->last_modified;
}

static WfTransfer *
transfer_create(const WfFetchRequest *request)
{
	WfTransfer *transfer = calloc(1, sizeof(*transfer));

	if (transfer == NULL)
		return NULL;
	transfer->seq = request->seq;
	transfer->blame = request->blame ? request->blame : request->seq;
	transfer->keep_body = request->keep_body;
	transfer->stream = request->stream;
	transfer->patient = request->patient;
	transfer->gateway = request->gateway;
	transfer->requested = copy_text(request->url);
	transfer->domain = copy_text(request->domain);
	if (transfer->requested == NULL || transfer->domain == NULL ||
		!take_version(transfer, request))
	{
		transfer_free(transfer);
		return NULL;
	}
	return transfer;
}

/* Take the transfer out of the table: from here on nobody can find it. */
static void
transfer_forget(WfFetcher *fetcher, WfTransfer *transfer)
{
	WfTransfer **link = seq_bucket(fetcher, transfer->seq);

	while (*link != transfer)
		link = &(*link)->seq_next;
	*link = transfer->seq_next;
	fetcher->pending--;
}

/* End the wait for an answer, if it is one that is waited for. */
static void
release_hold(WfFetcher *fetcher, WfTransfer *transfer)
{
	if (!transfer->looking && transfer->ask_ms == 0)
		return;
	if (transfer->ask_ms > 0)
		fetcher->asking--;
	transfer->looking = false;
	transfer->ask_ms = 0;
	wf_hosts_hold(&fetcher->hosts, transfer->host, -1, fetcher->now_ms);
}

/* Have the worker know what state the host is in, unless it is as clean as ever. */
static void
report_host(WfFetcher *fetcher, WfHost *host)
{
	WfSiteState state;
	bool		troubled = host->failures > 0 || host->slow_ms > 0;

	if (fetcher->callbacks.site == NULL)
		return;
	wf_hosts_state(&fetcher->hosts, host, fetcher->now_ms, &state);
	if (!troubled && state.wait_ms == 0 && !host->reported)
		return;
	host->reported = troubled;
	fetcher->callbacks.site(fetcher->callbacks.arg, &state);
}

static WfSlice
slice_of(const char *text)
{
	return (WfSlice) {text, text ? strlen(text) : 0};
}

/* Report the end of a transfer without a slot or with the one it holds. */
static void
end_transfer(WfFetcher *fetcher, WfTransfer *transfer, WfOutcome outcome, const char *error)
{
	WfSlot	   *slot = transfer->slot;
	WfFetchResult result = {
		.seq = transfer->seq,
		.keep_body = transfer->keep_body,
		.outcome = outcome,
		.started_ms = transfer->started_ms,
		.url = slice_of(transfer->requested),
		.effective_url = slice_of(transfer->url),
		.error = wf_outcome_is_success(outcome) ? "" : error,
	};

	if (slot)
	{
		result.http_status = slot->status;
		result.retry_after_ms = slot->retry_after_ms;
		result.body_bytes = slot->received;
		result.content_type = slice_of(slot->content_type);
		result.etag = slice_of(slot->etag);
		result.last_modified = slice_of(slot->last_modified);
		if (outcome == WF_OUTCOME_OK || transfer->keep_body)
			result.body = (WfSlice) {slot->body.data, slot->body.len};
	}
	if (outcome == WF_OUTCOME_DEFERRED)
		result.retry_after_ms = transfer->wait_ms;
	result.by_gateway = transfer->by_gateway;
	result.credits = transfer->credits;
	release_hold(fetcher, transfer);
	wf_fetch_announce(fetcher, transfer->blame);
	if (transfer->robots_for)
		wf_fetch_robots_store(fetcher, transfer, &result);
	else
		fetcher->callbacks.done(fetcher->callbacks.arg, &result);
	wf_fetch_announce(fetcher, 0);
	if (slot)
	{
		wf_slot_sent(slot);
		transfer->slot = NULL;
		wf_slot_release(slot);
		wf_hosts_ended(&fetcher->hosts, transfer->host, fetcher->now_ms);
	}
	if (transfer->robots_for)
		wf_hosts_refresh(&fetcher->hosts, transfer->robots_for->host, fetcher->now_ms);
	transfer_forget(fetcher, transfer);
	transfer_free(transfer);
}

/* ---------- admission of a hop ---------- */

static WfOutcome
check_policy(WfFetcher *fetcher, const WfTransfer *transfer, const WfUrl *url, char *error)
{
	WfNetguardVerdict verdict;

	error[0] = '\0';
	if (fetcher->config.require_domain_match && transfer->domain[0] &&
		!wf_netguard_host_in_domain(url->host, slice_of(transfer->domain)))
	{
		snprintf(error, WF_MAX_ERROR,
				 "host is not in the page's domain (wf_curation.require_domain_match)");
		return WF_OUTCOME_POLICY;
	}
	verdict = transfer->gateway ?
		wf_netguard_check_target(fetcher->guard, url->host, url->port) :
		wf_netguard_check_host(fetcher->guard, url->host, url->port);
	switch (verdict)
	{
		case WF_NETGUARD_ALLOWED:
			return WF_OUTCOME_OK;
		case WF_NETGUARD_HOST:
			snprintf(error, WF_MAX_ERROR, "host is not allowed by policy (%s)",
					 "wf_curation.allowed_hosts, wf_curation.denied_hosts");
			return WF_OUTCOME_POLICY;
		case WF_NETGUARD_PORT:
			snprintf(error, WF_MAX_ERROR, "port %d is not allowed by policy (%s)",
					 url->port, "wf_curation.allowed_ports");
			return WF_OUTCOME_POLICY;
		case WF_NETGUARD_ADDRESS:
			break;
	}
	snprintf(error, WF_MAX_ERROR, "%s", WF_ADDRESS_REFUSED);
	return WF_OUTCOME_POLICY;
}

/*
 * Make "target", relative to the present hop if there is one, the transfer's
 * next hop and queue it.  Any outcome but OK means it was not queued.
 */
static WfOutcome
admit(WfFetcher *fetcher, WfTransfer *transfer, WfSlice target, char *error)
{
	WfUrl		base;
	WfUrl		url;
	WfStatus	status = WF_OK;
	WfOutcome	outcome;
	char	   *copy;
	char		site[WF_MAX_SITE + 1];
	WfHost	   *host;
	WfAuthority *authority = NULL;

	wf_arena_reset(fetcher->scratch);
	if (transfer->url)
		status = wf_url_parse(fetcher->scratch, slice_of(transfer->url), NULL, &base);
	if (status == WF_OK)
		status = wf_url_parse(fetcher->scratch, target, transfer->url ? &base : NULL, &url);
	if (status != WF_OK || url.has_credentials)
	{
		if (transfer->url)
			snprintf(error, WF_MAX_ERROR, "redirect to an unacceptable URL");
		else
			snprintf(error, WF_MAX_ERROR, status == WF_ERR_LIMIT ? "URL is too long" :
					 status == WF_OK ? "URL contains a user name or password" :
					 "not a valid http or https URL");
		return transfer->url ? WF_OUTCOME_REDIRECT : WF_OUTCOME_BAD_URL;
	}
	copy = strndup(url.href.data, url.href.len);
	host = wf_hosts_get(&fetcher->hosts, site, wf_site_name(&url, site));
	if (host)
		authority = wf_hosts_authority(
			host, (WfSlice) {url.href.data, url.path.data - url.href.data});
	if (copy == NULL || authority == NULL)
	{
		free(copy);
		snprintf(error, WF_MAX_ERROR, "crawler is short of memory");
		return WF_OUTCOME_INTERNAL;
	}
	if (transfer->url && strncmp(transfer->url, "https:", 6) == 0 && !url.is_https)
		fetcher->stats.downgrades++;
	free(transfer->url);
	transfer->url = copy;
	transfer->origin_len = url.path.data - url.href.data;
	transfer->host_name = (WfSlice) {copy + (url.host.data - url.href.data), url.host.len};
	transfer->looked_up = false;
	outcome = check_policy(fetcher, transfer, &url, error);
	if (outcome != WF_OUTCOME_OK)
		return outcome;
	transfer->host = host;
	transfer->authority = authority;
	return WF_OUTCOME_OK;
}

static void
ask_for_site(WfFetcher *fetcher, WfTransfer *transfer)
{
	transfer->ask_ms = fetcher->now_ms + ASK_AGAIN_MS;
	fetcher->callbacks.ask(fetcher->callbacks.arg, transfer->seq, transfer->blame,
						   slice_of(transfer->host->name));
}

/* A hop joins the queue of its host, if that may be used. */
static void
enter_host(WfFetcher *fetcher, WfTransfer *transfer, bool front)
{
	if (fetcher->callbacks.ask == NULL || transfer->host->hash == transfer->home)
	{
		wf_hosts_enqueue(&fetcher->hosts, transfer, front, fetcher->now_ms);
		return;
	}
	fetcher->now_ms = wf_fetch_clock();
	wf_hosts_hold(&fetcher->hosts, transfer->host, 1, fetcher->now_ms);
	fetcher->asking++;
	transfer->ask_until_ms = fetcher->now_ms + ASK_LIMIT_MS;
	ask_for_site(fetcher, transfer);
}

/* Enter a new transfer into the table and its first queue, or end it. */
static void
submit(WfFetcher *fetcher, WfTransfer *transfer)
{
	WfTransfer **bucket = seq_bucket(fetcher, transfer->seq);
	char		error[WF_MAX_ERROR];
	WfOutcome	outcome;

	transfer->seq_next = *bucket;
	*bucket = transfer;
	fetcher->pending++;
	wf_fetch_announce(fetcher, transfer->blame);
	outcome = admit(fetcher, transfer, slice_of(transfer->requested), error);
	wf_fetch_announce(fetcher, 0);
	if (outcome != WF_OUTCOME_OK)
	{
		end_transfer(fetcher, transfer, outcome, error);
		return;
	}
	if (transfer->home == 0)
		transfer->home = transfer->host->hash;
	enter_host(fetcher, transfer, transfer->robots_for != NULL);
}

WfStatus
wf_fetch_add(WfFetcher *fetcher, const WfFetchRequest *request)
{
	WfTransfer *transfer = transfer_create(request);
	char		site[WF_MAX_SITE + 1];

	if (transfer == NULL)
		return WF_ERR_NOMEM;
	if (request->home.len > 0)
		transfer->home = (uint32_t) wf_site_hash(
			(WfSlice) {site, wf_site_of_text(fetcher->scratch, request->home, site)});
	submit(fetcher, transfer);
	return WF_OK;
}

/* The hop is over: give the slot back, keep the transfer. */
static void
leave_slot(WfFetcher *fetcher, WfTransfer *transfer)
{
	WfSlot	   *slot = transfer->slot;

	transfer->spent_ms += fetcher->now_ms - slot->start_ms;
	wf_slot_sent(slot);
	transfer->slot = NULL;
	wf_slot_release(slot);
	wf_hosts_ended(&fetcher->hosts, transfer->host, fetcher->now_ms);
}

static WfTransfer *
find_transfer(WfFetcher *fetcher, uint64_t seq)
{
	WfTransfer *transfer = *seq_bucket(fetcher, seq);

	while (transfer && transfer->seq != seq)
		transfer = transfer->seq_next;
	return transfer;
}

static void
cancel_transfer(WfFetcher *fetcher, WfTransfer *transfer)
{
	if (transfer->slot)
	{
		wf_pool_remove(transfer->slot);
		leave_slot(fetcher, transfer);
	}
	else if (transfer->looking || transfer->ask_ms > 0)
		release_hold(fetcher, transfer);
	else if (transfer->host)
		wf_hosts_remove(&fetcher->hosts, transfer, fetcher->now_ms);
	transfer_forget(fetcher, transfer);
	transfer_free(transfer);
}

void
wf_fetch_cancel(WfFetcher *fetcher, uint64_t seq)
{
	WfTransfer *transfer = find_transfer(fetcher, seq);

	if (transfer && !transfer->robots_for)
		cancel_transfer(fetcher, transfer);
}

void
wf_fetch_cancel_all(WfFetcher *fetcher)
{
	for (int i = 0; i < WF_FETCH_BUCKETS; i++)
	{
		while (fetcher->by_seq[i])
			cancel_transfer(fetcher, fetcher->by_seq[i]);
	}
}

/* ---------- starts ---------- */

static void
start_hop(WfFetcher *fetcher, WfTransfer *transfer)
{
	int64_t		left = fetcher->config.request_timeout - transfer->spent_ms;
	WfSlot	   *slot = wf_slot_acquire(fetcher);

	if (transfer->robots_for && left > ROBOTS_TIMEOUT - transfer->spent_ms)
		left = ROBOTS_TIMEOUT - transfer->spent_ms;
	if (transfer->gateway)
		left = fetcher->config.gateway_timeout;

	if (slot == NULL)
	{
		/* end_transfer wants to see what holds: not running any more */
		wf_hosts_ended(&fetcher->hosts, transfer->host, fetcher->now_ms);
		end_transfer(fetcher, transfer, WF_OUTCOME_INTERNAL, "crawler is short of memory");
		return;
	}
	transfer->slot = slot;
	slot->transfer = transfer;
	slot->start_ms = fetcher->now_ms;
	slot->timeout_ms = left > 1 ? left : 1;
	if (transfer->started_ms == 0)
		transfer->started_ms = fetcher->now_ms;
	fetcher->stats.requests++;
	slot->unsent = true;
	wf_hosts_started(&fetcher->hosts, transfer->host, fetcher->now_ms);
	if (wf_slot_prepare(slot) != CURLE_OK || !wf_pool_add(slot))
		end_transfer(fetcher, transfer, WF_OUTCOME_INTERNAL, "transfer could not be started");
}

/* The robots.txt of the page's authority first; the page goes back to its queue. */
static void
ask_robots(WfFetcher *fetcher, WfTransfer *page)
{
	WfHost	   *host = page->host;
	WfAuthority *authority = page->authority;
	char		url[WF_MAX_ORIGIN + 16];
	WfFetchRequest request = {.seq = WF_OWN_SEQ + ++fetcher->own_seq, .keep_body = true};
	WfTransfer *transfer;

	snprintf(url, sizeof(url), "%s/robots.txt", authority->origin);
	request.url = slice_of(url);
	transfer = transfer_create(&request);
	if (transfer == NULL)
	{
		wf_hosts_ended(&fetcher->hosts, host, fetcher->now_ms);
		end_transfer(fetcher, page, WF_OUTCOME_INTERNAL, "crawler is short of memory");
		return;
	}
	transfer->blame = page->seq;
	transfer->robots_for = authority;
	authority->robots_state = authority->robots_state == WF_ROBOTS_KNOWN &&
		authority->robots_outcome == WF_OUTCOME_OK ? WF_ROBOTS_REFRESHED : WF_ROBOTS_ASKED;
	host->asked++;
	wf_hosts_enqueue(&fetcher->hosts, page, true, fetcher->now_ms);
	wf_hosts_ended(&fetcher->hosts, host, fetcher->now_ms);
	submit(fetcher, transfer);
}

/* True when robots.txt lets the page start; otherwise it was dealt with. */
static bool
pass_robots(WfFetcher *fetcher, WfTransfer *page)
{
	WfHost	   *host = page->host;
	WfAuthority *authority = page->authority;
	char		error[WF_MAX_ERROR];
	WfOutcome	outcome;

	/* RFC 9309 section 2.2.2: robots.txt itself is always allowed */
	if (!fetcher->config.respect_robots || page->robots_for ||
		strcmp(page->url + page->origin_len, "/robots.txt") == 0)
		return true;
	if (authority->robots_state != WF_ROBOTS_KNOWN ||
		authority->robots_until_ms <= fetcher->now_ms)
	{
		ask_robots(fetcher, page);
		return false;
	}
	outcome = wf_fetch_robots_judge(page, error);
	if (outcome == WF_OUTCOME_OK)
		return true;
	wf_hosts_ended(&fetcher->hosts, host, fetcher->now_ms);
	end_transfer(fetcher, page, outcome, error);
	return false;
}

/* True when the transfer needs no gateway, or one takes it; otherwise it was ended. */
static bool
pass_gateway(WfFetcher *fetcher, WfTransfer *transfer)
{
	char		why[WF_MAX_ERROR];

	if (!transfer->gateway || wf_gateway_admits(fetcher, &transfer->wait_ms, why))
		return true;
	transfer->by_gateway = true;
	wf_hosts_ended(&fetcher->hosts, transfer->host, fetcher->now_ms);
	end_transfer(fetcher, transfer, WF_OUTCOME_DEFERRED, why);
	return false;
}

/* Returns whether anything was started. */
static bool
start_ready(WfFetcher *fetcher)
{
	bool		any = false;

	wf_hosts_wake(&fetcher->hosts, fetcher->now_ms);
	while (fetcher->running < fetcher->config.max_concurrency &&
		   (fetcher->body_bytes < WF_BODY_BUDGET || fetcher->running == 0))
	{
		WfTransfer *transfer = wf_hosts_next(&fetcher->hosts, fetcher->now_ms);

		if (transfer == NULL)
			break;
		if (!pass_robots(fetcher, transfer) || !pass_gateway(fetcher, transfer))
			continue;
		start_hop(fetcher, transfer);
		any = true;
	}
	return any;
}

/* ---------- ends ---------- */

void
wf_fetch_grant(WfFetcher *fetcher, uint64_t id, bool granted)
{
	WfTransfer *transfer = find_transfer(fetcher, id);

	if (transfer == NULL || transfer->ask_ms == 0 || !granted)
		return;					/* it is asked for again */
	fetcher->now_ms = wf_fetch_clock();
	release_hold(fetcher, transfer);
	wf_hosts_enqueue(&fetcher->hosts, transfer, true, fetcher->now_ms);
}

/* Not now: the transfer ends without having been attempted. */
static void
defer(WfFetcher *fetcher, WfTransfer *transfer, int64_t wait_ms, const char *why)
{
	transfer->wait_ms = wait_ms < 0 ? 0 : wait_ms > UINT32_MAX ? UINT32_MAX : (uint32_t) wait_ms;
	end_transfer(fetcher, transfer, WF_OUTCOME_DEFERRED, why);
}

/*
 * Ask again for the sites of held transfers.  Returns in how many ms that is
 * to be done next; -1 when none is held.
 */
static int
ask_again_for_sites(WfFetcher *fetcher)
{
	int64_t		least = INT64_MAX;

	for (int i = 0; i < WF_FETCH_BUCKETS && fetcher->asking > 0; i++)
	{
		WfTransfer *next;

		for (WfTransfer *transfer = fetcher->by_seq[i]; transfer; transfer = next)
		{
			next = transfer->seq_next;
			if (transfer->ask_ms == 0)
				continue;
			if (fetcher->now_ms >= transfer->ask_until_ms)
			{
				defer(fetcher, transfer, SITE_BUSY_MS,
					  "the host it redirects to is being fetched from by others");
				continue;
			}
			if (fetcher->now_ms >= transfer->ask_ms)
				ask_for_site(fetcher, transfer);
			if (transfer->ask_ms < least)
				least = transfer->ask_ms;
		}
	}
	return least == INT64_MAX ? -1 : (int) (least - fetcher->now_ms);
}

/*
 * Hand back what could not start for long: its slot has better uses.  What a
 * redirect has led to waits longer, for it would only be led there again; so
 * does what nobody else could take back.
 */
static void
hand_back(WfFetcher *fetcher)
{
	int			limit = fetcher->callbacks.ask ? WF_SITE_HOLD_MS : HOPS_HOLD_MS;
	WfTransfer *transfer;

	while ((transfer = wf_hosts_overdue(&fetcher->hosts, limit, HOPS_HOLD_MS,
										fetcher->now_ms)) != NULL)
	{
		WfSiteState state;

		wf_hosts_state(&fetcher->hosts, transfer->host, fetcher->now_ms, &state);
		defer(fetcher, transfer, state.wait_ms, state.failures > 0 ?
			  "its host is in back-off after failures" : "its host wants longer pauses");
	}
}

/* A redirect: true when the transfer goes on. */
static bool
follow(WfFetcher *fetcher, WfTransfer *transfer, WfOutcome *outcome, char *error)
{
	WfSlot	   *slot = transfer->slot;
	WfHost	   *left = transfer->host;

	if (transfer->hops >= fetcher->config.max_redirects)
	{
		snprintf(error, WF_MAX_ERROR, "more than %d redirects (wf_curation.max_redirects)",
				 fetcher->config.max_redirects);
		*outcome = WF_OUTCOME_REDIRECT;
		return false;
	}
	*outcome = admit(fetcher, transfer, slice_of(slot->location), error);
	if (*outcome != WF_OUTCOME_OK)
		return false;
	transfer->hops++;
	fetcher->stats.redirects++;
	transfer->spent_ms += fetcher->now_ms - slot->start_ms;
	transfer->slot = NULL;
	wf_slot_release(slot);
	enter_host(fetcher, transfer, true);
	wf_hosts_ended(&fetcher->hosts, left, fetcher->now_ms);
	return true;
}

/*
 * The name did not resolve: find out why.  True when an answer will come; the
 * transfer waits for it without a slot.
 */
static bool
ask_again(WfFetcher *fetcher, WfTransfer *transfer)
{
	struct epoll_event event = {.events = EPOLLIN};

	/* a resolver that is that slow will not know better now */
	if (transfer->looked_up || fetcher->now_ms - transfer->slot->start_ms > SLOW_LOOKUP_MS)
		return false;
	if (fetcher->lookup == NULL)
	{
		fetcher->lookup = wf_lookup_create();
		if (fetcher->lookup == NULL)
			return false;
		event.data.fd = wf_lookup_fd(fetcher->lookup);
		(void) epoll_ctl(fetcher->epoll_fd, EPOLL_CTL_ADD, event.data.fd, &event);
	}
	if (!wf_lookup_ask(fetcher->lookup, transfer->seq, transfer->host_name))
		return false;
	transfer->looked_up = true;
	transfer->looking = true;
	wf_hosts_hold(&fetcher->hosts, transfer->host, 1, fetcher->now_ms);
	leave_slot(fetcher, transfer);
	return true;
}

static void
take_answers(WfFetcher *fetcher)
{
	WfLookupAnswer answer;

	while (wf_lookup_answer(fetcher->lookup, &answer))
	{
		WfTransfer *transfer = find_transfer(fetcher, answer.seq);

		if (transfer == NULL || !transfer->looking)
			continue;			/* cancelled meanwhile */
		fetcher->now_ms = wf_fetch_clock();
		if (answer.verdict == WF_LOOKUP_NO_NAME)
			end_transfer(fetcher, transfer, WF_OUTCOME_DNS, "host name does not exist");
		else if (answer.verdict == WF_LOOKUP_RESOLVES)
		{
			release_hold(fetcher, transfer);
			wf_hosts_enqueue(&fetcher->hosts, transfer, true, fetcher->now_ms);
		}
		else
			end_transfer(fetcher, transfer, WF_OUTCOME_DNS_TEMPORARY, "could not resolve host");
	}
}

/* The host shows by the end of a hop what it is like now. */
static void
learn(WfFetcher *fetcher, const WfSlot *slot, WfOutcome outcome)
{
	WfHost	   *host = slot->transfer->host;

	wf_hosts_learn(&fetcher->hosts, host, slot, outcome, fetcher->now_ms);
	report_host(fetcher, host);
}

void
wf_fetch_know_site(WfFetcher *fetcher, const WfSiteState *state)
{
	WfHost	   *host = wf_hosts_get(&fetcher->hosts, state->site.data, state->site.len);

	fetcher->now_ms = wf_fetch_clock();
	if (host)
		wf_hosts_restore(&fetcher->hosts, host, state, fetcher->now_ms);
}

static void
end_hop(WfFetcher *fetcher, WfSlot *slot, CURLcode code)
{
	WfTransfer *transfer = slot->transfer;
	char		error[WF_MAX_ERROR];
	WfOutcome	outcome;

	wf_slot_sent(slot);
	if (transfer->gateway)
	{
		outcome = wf_gateway_judge(fetcher, slot, code, error);
		if (fetcher->gateway.host)
			report_host(fetcher, fetcher->gateway.host);
		end_transfer(fetcher, transfer, outcome, error);
		return;
	}
	if (slot->abort == WF_ABORT_BUDGET && transfer->restarts < MAX_RESTARTS)
	{
		transfer->restarts++;
		leave_slot(fetcher, transfer);
		wf_hosts_enqueue(&fetcher->hosts, transfer, true, fetcher->now_ms);
		return;
	}
	if (code == CURLE_COULDNT_RESOLVE_HOST && ask_again(fetcher, transfer))
		return;
	if (wf_fetch_is_redirect(slot, code))
	{
		learn(fetcher, slot, WF_OUTCOME_OK);
		if (follow(fetcher, transfer, &outcome, error))
			return;
	}
	else
	{
		outcome = wf_fetch_judge(slot, code, error);
		learn(fetcher, slot, outcome);
	}
	end_transfer(fetcher, transfer, outcome, error);
}

static void
reap(WfFetcher *fetcher, WfPool *pool)
{
	CURLMsg    *message;
	int			left;

	while ((message = curl_multi_info_read(pool->multi, &left)) != NULL)
	{
		CURL	   *easy = message->easy_handle;
		CURLcode	code = message->data.result;
		WfSlot	   *slot = NULL;

		if (message->msg != CURLMSG_DONE)
			continue;
		(void) curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **) &slot);
		wf_pool_remove(slot);
		end_hop(fetcher, slot, code);
	}
}

/*
 * Keep the sum of bodies near its budget: over it, only the oldest transfer
 * reads on; well under it again, all do.
 */
static void
balance_memory(WfFetcher *fetcher)
{
	bool		over = fetcher->body_bytes > WF_BODY_BUDGET;
	bool		low = fetcher->body_bytes < WF_BODY_BUDGET / 4 * 3;

	if (!over && fetcher->paused == 0)
		return;
	for (WfSlot *slot = fetcher->first_slot; slot; slot = slot->next)
	{
		bool		oldest = slot == fetcher->first_slot;

		if (slot->paused ? (oldest || low) : (over && !oldest && slot->body_wanted))
		{
			slot->paused = !slot->paused;
			fetcher->paused += slot->paused ? 1 : -1;
			(void) curl_easy_pause(slot->easy, slot->paused ? CURLPAUSE_RECV : CURLPAUSE_CONT);
		}
	}
}

/* ---------- the loop's side ---------- */

static void
socket_action(WfFetcher *fetcher, WfPool *pool, curl_socket_t fd, int bits)
{
	int			running;

	(void) curl_multi_socket_action(pool->multi, fd, bits, &running);
	wf_fetch_announce(fetcher, 0);
	reap(fetcher, pool);
	balance_memory(fetcher);
}

void
wf_fetch_event(WfFetcher *fetcher, int fd, uint32_t events)
{
	int			bits;
	WfPool	   *pool = NULL;

	if (fetcher->lookup && fd == wf_lookup_fd(fetcher->lookup))
	{
		take_answers(fetcher);
		return;
	}
	bits = wf_fetch_socket_event(fetcher, fd, events, &pool);
	if (bits != 0)
		socket_action(fetcher, pool, fd, bits);
}

/*
 * Have libcurl do what it wanted to do by now.  Returns in how many ms it
 * wants a turn again, -1 when it does not.
 */
static int
run_timers(WfFetcher *fetcher, bool act)
{
	int64_t		least = INT64_MAX;

	for (WfPool *pool = fetcher->pools; pool; pool = pool->next)
	{
		/* libcurl tells changes of its timer only: timer_ms stays until it does */
		if (act && pool->timer_ms >= 0 && pool->timer_ms <= fetcher->now_ms)
			socket_action(fetcher, pool, CURL_SOCKET_TIMEOUT, 0);
		if (pool->timer_ms >= 0 && pool->timer_ms < least)
			least = pool->timer_ms;
	}
	if (least == INT64_MAX)
		return -1;
	return least <= fetcher->now_ms ? 0 : (int) (least - fetcher->now_ms);
}

/* The earlier of two times to wait; -1 is never. */
static int
earlier(int a, int b)
{
	return a < 0 ? b : b < 0 || a < b ? a : b;
}

int
wf_fetch_turn(WfFetcher *fetcher)
{
	int			wait = -1;

	fetcher->now_ms = wf_fetch_clock();
	(void) run_timers(fetcher, true);
	if (fetcher->asking > 0)
		wait = ask_again_for_sites(fetcher);
	/* new handles get their first turn now: libcurl set its timer to 0 */
	if (start_ready(fetcher))
		(void) run_timers(fetcher, true);
	hand_back(fetcher);
	wf_pool_drain(fetcher);
	fetcher->now_ms = wf_fetch_clock();
	if (fetcher->hosts.lists[WF_HOST_READY].head &&
		fetcher->running < fetcher->config.max_concurrency &&
		fetcher->body_bytes < WF_BODY_BUDGET)
		return 0;
	wait = earlier(wait, run_timers(fetcher, false));
	return earlier(wait, wf_hosts_wait(&fetcher->hosts, fetcher->now_ms));
}
