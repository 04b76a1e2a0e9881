/*-------------------------------------------------------------------------
 *
 * wf_fetch.c
 *	  The fetcher: requests in, transfers run, ends out.
 *
 * One multi handle lives as long as the fetcher; its connection cache, DNS
 * cache and TLS sessions serve all transfers.  A handle is given to it only
 * when the transfer may start (wf_fetch_hosts.c decides), so nothing ever
 * waits in queues of libcurl.
 *
 * The process installs no signal handlers, so libcurl's resolver threads have
 * none to run.
 *
 *-------------------------------------------------------------------------
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>

#include "wf_fetch_int.h"

#define MAX_RESTARTS		3
#define SLOW_LOOKUP_MS		4000
#define ROBOTS_TIMEOUT		20000	/* ms */
#define SCRATCH_LIMIT		(256 * 1024)

static int64_t
clock_ms(void)
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
	free(transfer);
}

static WfTransfer *
transfer_create(const WfFetchRequest *request)
{
	WfTransfer *transfer = calloc(1, sizeof(*transfer));

	if (transfer == NULL)
		return NULL;
	transfer->seq = transfer->blame = request->seq;
	transfer->keep_body = request->keep_body;
	transfer->requested = strndup(request->url.len ? request->url.data : "", request->url.len);
	transfer->domain = strndup(request->domain.len ? request->domain.data : "",
							   request->domain.len);
	if (transfer->requested == NULL || transfer->domain == NULL)
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
		.error = outcome == WF_OUTCOME_OK ? "" : error,
	};

	if (slot)
	{
		result.http_status = slot->status;
		result.retry_after_ms = slot->retry_after_ms;
		result.body_bytes = slot->received;
		result.content_type = slice_of(slot->content_type);
		if (outcome == WF_OUTCOME_OK || transfer->keep_body)
			result.body = (WfSlice) {slot->body.data, slot->body.len};
	}
	wf_fetch_announce(fetcher, transfer->blame);
	if (transfer->robots_for)
		wf_fetch_robots_store(fetcher, transfer, &result);
	else
		fetcher->callbacks.done(fetcher->callbacks.arg, &result);
	wf_fetch_announce(fetcher, 0);
	if (slot)
	{
		transfer->slot = NULL;
		wf_slot_release(slot);
		wf_hosts_ended(&fetcher->hosts, transfer->host, fetcher->now_ms);
	}
	if (transfer->robots_for)
		wf_hosts_refresh(&fetcher->hosts, transfer->robots_for, fetcher->now_ms);
	transfer_forget(fetcher, transfer);
	transfer_free(transfer);
}

/* ---------- admission of a hop ---------- */

static WfOutcome
check_policy(WfFetcher *fetcher, const WfTransfer *transfer, const WfUrl *url, char *error)
{
	error[0] = '\0';
	if (fetcher->config.require_domain_match && transfer->domain[0] &&
		!wf_netguard_host_in_domain(url->host, slice_of(transfer->domain)))
	{
		snprintf(error, WF_MAX_ERROR,
				 "host is not in the page's domain (wf_curation.require_domain_match)");
		return WF_OUTCOME_POLICY;
	}
	switch (wf_netguard_check_host(fetcher->guard, url->host, url->port))
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
	WfHost	   *host;

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
	host = wf_hosts_get(&fetcher->hosts, url.href.data, url.path.data - url.href.data);
	if (copy == NULL || host == NULL)
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
	return WF_OUTCOME_OK;
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
		end_transfer(fetcher, transfer, outcome, error);
	else
		wf_hosts_enqueue(&fetcher->hosts, transfer, transfer->robots_for != NULL,
						 fetcher->now_ms);
}

WfStatus
wf_fetch_add(WfFetcher *fetcher, const WfFetchRequest *request)
{
	WfTransfer *transfer = transfer_create(request);

	if (transfer == NULL)
		return WF_ERR_NOMEM;
	submit(fetcher, transfer);
	return WF_OK;
}

/* The hop is over: give the slot back, keep the transfer. */
static void
leave_slot(WfFetcher *fetcher, WfTransfer *transfer)
{
	WfSlot	   *slot = transfer->slot;

	transfer->spent_ms += fetcher->now_ms - slot->start_ms;
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
		(void) curl_multi_remove_handle(fetcher->multi, transfer->slot->easy);
		leave_slot(fetcher, transfer);
	}
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

/* ---------- starts ---------- */

static void
start_hop(WfFetcher *fetcher, WfTransfer *transfer)
{
	int64_t		left = fetcher->config.request_timeout - transfer->spent_ms;
	WfSlot	   *slot = wf_slot_acquire(fetcher);

	if (transfer->robots_for && left > ROBOTS_TIMEOUT - transfer->spent_ms)
		left = ROBOTS_TIMEOUT - transfer->spent_ms;

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
	wf_hosts_started(&fetcher->hosts, transfer->host, fetcher->now_ms);
	if (wf_slot_prepare(slot) != CURLE_OK ||
		curl_multi_add_handle(fetcher->multi, slot->easy) != CURLM_OK)
		end_transfer(fetcher, transfer, WF_OUTCOME_INTERNAL, "transfer could not be started");
}

/* The robots.txt of the page's host first; the page goes back to its queue. */
static void
ask_robots(WfFetcher *fetcher, WfTransfer *page)
{
	WfHost	   *host = page->host;
	char		url[WF_MAX_HOST + 64];
	WfFetchRequest request = {.seq = WF_OWN_SEQ + ++fetcher->own_seq, .keep_body = true};
	WfTransfer *transfer;

	snprintf(url, sizeof(url), "%s/robots.txt", host->origin);
	request.url = slice_of(url);
	transfer = transfer_create(&request);
	if (transfer == NULL)
	{
		wf_hosts_ended(&fetcher->hosts, host, fetcher->now_ms);
		end_transfer(fetcher, page, WF_OUTCOME_INTERNAL, "crawler is short of memory");
		return;
	}
	transfer->blame = page->seq;
	transfer->robots_for = host;
	host->robots_state = WF_ROBOTS_ASKED;
	wf_hosts_enqueue(&fetcher->hosts, page, true, fetcher->now_ms);
	wf_hosts_ended(&fetcher->hosts, host, fetcher->now_ms);
	submit(fetcher, transfer);
}

/* True when robots.txt lets the page start; otherwise it was dealt with. */
static bool
pass_robots(WfFetcher *fetcher, WfTransfer *page)
{
	WfHost	   *host = page->host;
	char		error[WF_MAX_ERROR];
	WfOutcome	outcome;

	if (!fetcher->config.respect_robots || page->robots_for)
		return true;
	if (host->robots_state != WF_ROBOTS_KNOWN || host->robots_until_ms <= fetcher->now_ms)
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
		if (!pass_robots(fetcher, transfer))
			continue;
		start_hop(fetcher, transfer);
		any = true;
	}
	return any;
}

/* ---------- ends ---------- */

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
	wf_hosts_enqueue(&fetcher->hosts, transfer, true, fetcher->now_ms);
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
	leave_slot(fetcher, transfer);
	transfer->host = NULL;
	return true;
}

static void
take_answers(WfFetcher *fetcher)
{
	WfLookupAnswer answer;

	while (wf_lookup_answer(fetcher->lookup, &answer))
	{
		WfTransfer *transfer = find_transfer(fetcher, answer.seq);

		if (transfer == NULL || transfer->host)
			continue;			/* cancelled meanwhile */
		if (answer.verdict == WF_LOOKUP_NO_NAME)
			end_transfer(fetcher, transfer, WF_OUTCOME_DNS, "host name does not exist");
		else if (answer.verdict == WF_LOOKUP_RESOLVES &&
				 (transfer->host = wf_hosts_get(&fetcher->hosts, transfer->url,
												transfer->origin_len)) != NULL)
			wf_hosts_enqueue(&fetcher->hosts, transfer, true, fetcher->now_ms);
		else
			end_transfer(fetcher, transfer, WF_OUTCOME_DNS_TEMPORARY, "could not resolve host");
	}
}

static void
end_hop(WfFetcher *fetcher, WfSlot *slot, CURLcode code)
{
	WfTransfer *transfer = slot->transfer;
	char		error[WF_MAX_ERROR];
	WfOutcome	outcome;

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
		if (follow(fetcher, transfer, &outcome, error))
			return;
	}
	else
		outcome = wf_fetch_judge(slot, code, error);
	end_transfer(fetcher, transfer, outcome, error);
}

static void
reap(WfFetcher *fetcher)
{
	CURLMsg    *message;
	int			left;

	while ((message = curl_multi_info_read(fetcher->multi, &left)) != NULL)
	{
		CURL	   *easy = message->easy_handle;
		CURLcode	code = message->data.result;
		WfSlot	   *slot = NULL;

		if (message->msg != CURLMSG_DONE)
			continue;
		(void) curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **) &slot);
		(void) curl_multi_remove_handle(fetcher->multi, easy);
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
socket_action(WfFetcher *fetcher, curl_socket_t fd, int bits)
{
	int			running;

	(void) curl_multi_socket_action(fetcher->multi, fd, bits, &running);
	wf_fetch_announce(fetcher, 0);
	reap(fetcher);
	balance_memory(fetcher);
}

void
wf_fetch_event(WfFetcher *fetcher, int fd, uint32_t events)
{
	int			bits;

	if (fetcher->lookup && fd == wf_lookup_fd(fetcher->lookup))
	{
		take_answers(fetcher);
		return;
	}
	bits = wf_fetch_socket_event(fetcher, fd, events);
	if (bits != 0)
		socket_action(fetcher, fd, bits);
}

int
wf_fetch_turn(WfFetcher *fetcher)
{
	int			wait;
	int			host_wait;

	fetcher->now_ms = clock_ms();
	/* libcurl tells changes of its timer only: timer_ms stays until it does */
	if (fetcher->timer_ms >= 0 && fetcher->timer_ms <= fetcher->now_ms)
		socket_action(fetcher, CURL_SOCKET_TIMEOUT, 0);
	/* new handles get their first turn now: libcurl set its timer to 0 */
	if (start_ready(fetcher))
		socket_action(fetcher, CURL_SOCKET_TIMEOUT, 0);
	fetcher->now_ms = clock_ms();
	wait = fetcher->timer_ms < 0 ? -1 : fetcher->timer_ms <= fetcher->now_ms ? 0 :
		(int) (fetcher->timer_ms - fetcher->now_ms);
	if (fetcher->hosts.lists[WF_HOST_READY].head &&
		fetcher->running < fetcher->config.max_concurrency &&
		fetcher->body_bytes < WF_BODY_BUDGET)
		return 0;
	host_wait = wf_hosts_wait(&fetcher->hosts, fetcher->now_ms);
	return host_wait >= 0 && (wait < 0 || host_wait < wait) ? host_wait : wait;
}

static int
on_timer(CURLM *multi, long timeout_ms, void *arg)
{
	WfFetcher  *fetcher = arg;

	fetcher->timer_ms = timeout_ms < 0 ? -1 : clock_ms() + timeout_ms;
	return 0;
}

/* ---------- life ---------- */

/*
 * Open connections kept, idle ones included: room for several per transfer,
 * but never so many that descriptors run out.
 */
static long
max_connections(int concurrency)
{
	struct rlimit limit = {.rlim_cur = 1024};
	long		most = concurrency * 4L + 16;
	long		room;

	(void) getrlimit(RLIMIT_NOFILE, &limit);
	room = limit.rlim_cur > 65536 ? 32768 : (long) limit.rlim_cur / 2;
	return most < room ? most : room;
}

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
	fetcher->generation++;
	if (fetcher->config.max_concurrency > max_connections(INT_MAX / 8))
		fetcher->config.max_concurrency = (int) max_connections(INT_MAX / 8);

	fetcher->now_ms = clock_ms();
	wf_hosts_configure(&fetcher->hosts, config->max_concurrency_per_host,
					   config->host_delay, fetcher->now_ms);
	(void) curl_multi_setopt(fetcher->multi, CURLMOPT_MAXCONNECTS,
							 max_connections(config->max_concurrency));
	return WF_OK;
}

static bool
create_handles(WfFetcher *fetcher)
{
	struct curl_slist *list;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return false;
	fetcher->multi = curl_multi_init();
	fetcher->share = curl_share_init();
	fetcher->scratch = wf_arena_create(SCRATCH_LIMIT);
	list = curl_slist_append(NULL, "Accept: text/html,application/xhtml+xml,"
							 "application/xml;q=0.9,text/*;q=0.8,*/*;q=0.1");
	fetcher->headers = list;
	if (!fetcher->multi || !fetcher->share || !fetcher->scratch || !list)
		return false;
	if (curl_share_setopt(fetcher->share, CURLSHOPT_SHARE,
						  CURL_LOCK_DATA_SSL_SESSION) != CURLSHE_OK)
		return false;
#define SET(option, value) (curl_multi_setopt(fetcher->multi, option, value) == CURLM_OK)
	return SET(CURLMOPT_SOCKETFUNCTION, wf_fetch_on_socket) &&
		SET(CURLMOPT_SOCKETDATA, fetcher) &&
		SET(CURLMOPT_TIMERFUNCTION, on_timer) && SET(CURLMOPT_TIMERDATA, fetcher);
#undef SET
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
	fetcher->timer_ms = -1;
	if (!create_handles(fetcher))
	{
		wf_fetch_free(fetcher);
		return NULL;
	}
	wf_config_init(&defaults);
	status = wf_fetch_configure(fetcher, &defaults);
	wf_config_free(&defaults);
	if (status != WF_OK)
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

	for (int i = 0; i < WF_FETCH_BUCKETS; i++)
	{
		while (fetcher->by_seq[i])
			cancel_transfer(fetcher, fetcher->by_seq[i]);
	}
	for (WfSlot *slot = fetcher->free_slots; slot; slot = next)
	{
		next = slot->next;
		wf_slot_free(slot);
	}
	wf_lookup_free(fetcher->lookup);
	while (fetcher->spare_count > 0)
		free(fetcher->spare[--fetcher->spare_count].data);
	if (fetcher->multi)
		curl_multi_cleanup(fetcher->multi);
	if (fetcher->share)
		curl_share_cleanup(fetcher->share);
	curl_slist_free_all(fetcher->headers);
	wf_hosts_free(&fetcher->hosts);
	wf_netguard_free(fetcher->guard);
	wf_arena_free(fetcher->scratch);
	free(fetcher->sockets);
	free(fetcher->config.user_agent);
	free(fetcher);
	curl_global_cleanup();
}
