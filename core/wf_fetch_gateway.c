/*-------------------------------------------------------------------------
 *
 * wf_fetch_gateway.c
 *	  Transfers that a gateway makes for us (wf_gateway_call.h).
 *
 * Such a transfer waits in the queue of the page's host, whose limits and
 * robots.txt hold, but its connection is one to the gateway.  What its end
 * says about a host it says about the gateway: that one is slowed down by 429
 * and left alone when it fails, while the page's host has done nothing wrong.
 *
 * The target was checked by wf_netguard_check_target: no socket of ours shows
 * the address it leads to.  Redirects are the gateway's business; one that it
 * hands to us is not followed, since it would be another call, for which no
 * credits were set aside.
 *
 * Nothing here puts the URL of a call, which has the key, into a text.
 *
 *-------------------------------------------------------------------------
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wf_fetch_int.h"

#define REFUSED_MS		(5 * 60 * 1000) /* pause when it refuses us, not a page */
#define PROBE_MS		2000	/* wait for the one call that is let through */

/* ---------- settings ---------- */

static void
forget_text(char **text)
{
	if (*text)
		explicit_bzero(*text, strlen(*text));
	free(*text);
	*text = NULL;
}

static void
forget_gateway(WfGateway *gateway)
{
	forget_text(&gateway->url);
	forget_text(&gateway->options);
	forget_text(&gateway->key);
}

/* The host of the URL without its placeholders, which begin behind the host. */
static WfHost *
find_host(WfFetcher *fetcher, const char *url)
{
	char		site[WF_MAX_SITE + 1];
	WfSlice		origin = {url, strcspn(url, "{")};
	size_t		len = wf_site_of_text(fetcher->scratch, origin, site);

	return len == 0 ? NULL : wf_hosts_get(&fetcher->hosts, site, len);
}

bool
wf_gateway_configure(WfFetcher *fetcher, const WfConfig *config)
{
	WfGateway	next = {NULL, NULL, NULL, NULL};

	if (*config->gateway_url)
	{
		next.url = strdup(config->gateway_url);
		next.options = strdup(config->gateway_options);
		next.key = strdup(config->gateway_key);
		next.host = find_host(fetcher, config->gateway_url);
		if (!next.url || !next.options || !next.key || !next.host)
		{
			forget_gateway(&next);
			return false;
		}
		wf_hosts_hold(&fetcher->hosts, next.host, 1, fetcher->now_ms);
	}
	if (fetcher->gateway.host)
	{
		/* transfers that run there keep using it */
		fetcher->gateway.host->held--;
		wf_hosts_refresh(&fetcher->hosts, fetcher->gateway.host, fetcher->now_ms);
	}
	forget_gateway(&fetcher->gateway);
	fetcher->gateway = next;
	return true;
}

void
wf_gateway_free(WfFetcher *fetcher)
{
	forget_gateway(&fetcher->gateway);
}

WfHost *
wf_gateway_peer(const WfFetcher *fetcher, const WfTransfer *transfer)
{
	return transfer->gateway && fetcher->gateway.host ? fetcher->gateway.host : transfer->host;
}

/* ---------- starts ---------- */

static bool
call_runs(const WfFetcher *fetcher)
{
	for (const WfSlot *slot = fetcher->first_slot; slot; slot = slot->next)
	{
		if (slot->transfer && slot->transfer->gateway)
			return true;
	}
	return false;
}

/* How long the gateway is left alone. */
static uint32_t
pause_of(const WfFetcher *fetcher)
{
	int64_t		left = fetcher->gateway.host->until_ms - fetcher->now_ms;

	return left <= 0 ? 0 : left > UINT32_MAX ? UINT32_MAX : (uint32_t) left;
}

bool
wf_gateway_admits(const WfFetcher *fetcher, uint32_t *wait_ms, char *why)
{
	const WfGateway *gateway = &fetcher->gateway;

	*wait_ms = REFUSED_MS;
	if (gateway->url == NULL || gateway->key[0] == '\0')
	{
		snprintf(why, WF_MAX_ERROR, gateway->url ?
				 "the gateway's key could not be read (wf_curation.gateway_key_file)" :
				 "there is no gateway (wf_curation.gateway_url)");
		return false;
	}
	*wait_ms = pause_of(fetcher);
	if (*wait_ms > 0)
	{
		snprintf(why, WF_MAX_ERROR, "the gateway is in back-off");
		return false;
	}
	if (!wf_hosts_half_open(gateway->host) || !call_runs(fetcher))
		return true;
	*wait_ms = PROBE_MS;
	snprintf(why, WF_MAX_ERROR, "the gateway is in back-off: one call is tried at a time");
	return false;
}

CURLcode
wf_gateway_prepare(WfSlot *slot)
{
	const WfGateway *gateway = &slot->fetcher->gateway;
	const WfTransfer *transfer = slot->transfer;
	char	   *url = wf_gateway_call_url(gateway->url, gateway->options, gateway->key,
										  (WfSlice) {transfer->url, strlen(transfer->url)});
	CURLcode	code = CURLE_OUT_OF_MEMORY;

	if (url)
		code = curl_easy_setopt(slot->easy, CURLOPT_URL, url);
	forget_text(&url);
	return code;
}

/* ---------- ends ---------- */

/*
 * What the call cost.  Vendors charge for what they delivered, 200 and 404,
 * and say how much; a call that ended before its status was here may have
 * been charged as well.
 */
static int
cost_of(const WfSlot *slot)
{
	if (!slot->connected)
		return 0;
	if (slot->status == 0)
		return WF_CREDITS_UNKNOWN;
	if ((slot->status >= 200 && slot->status < 300) || slot->status == 404)
		return slot->credit_cost;
	return 0;
}

/* Over max_cost, by the words or the price in the answer. */
static bool
is_too_expensive(const WfSlot *slot)
{
	static const char word[] = "max_cost";

	return slot->status == 403 &&
		((slot->body.len > 0 && memmem(slot->body.data, slot->body.len, word, strlen(word))) ||
		 slot->credit_cost > wf_gateway_cost(slot->fetcher->gateway.options ?
											 slot->fetcher->gateway.options : ""));
}

/* The page is not to blame: it waits, and no attempt is counted. */
static WfOutcome
wait_for_gateway(WfFetcher *fetcher, WfTransfer *transfer, const char *why, int status,
				 char *error)
{
	transfer->wait_ms = pause_of(fetcher);
	if (transfer->wait_ms == 0)
		transfer->wait_ms = PROBE_MS;
	if (status > 0)
		snprintf(error, WF_MAX_ERROR, "%s (HTTP status %d)", why, status);
	else
		snprintf(error, WF_MAX_ERROR, "%s", why);
	return WF_OUTCOME_DEFERRED;
}

/* It answered with a status that is about us, not about the page. */
static WfOutcome
judge_refusal(WfFetcher *fetcher, WfSlot *slot, char *error)
{
	int			status = slot->status;

	if (is_too_expensive(slot))
	{
		snprintf(error, WF_MAX_ERROR, "the page costs more credits than max_cost of %s allows",
				 "wf_curation.gateway_options");
		return WF_OUTCOME_HTTP_CLIENT;
	}
	if (status != 429)
		wf_hosts_close(fetcher->gateway.host, REFUSED_MS, fetcher->now_ms);
	return wait_for_gateway(fetcher, slot->transfer, status == 429 ?
							"the gateway takes no more calls for now" : status == 401 ?
							"the gateway refuses the key" :
							"the gateway refuses calls: no credits are left, or the key is not valid",
							status, error);
}

static WfOutcome
judge_answer(WfFetcher *fetcher, WfSlot *slot, WfOutcome outcome, char *error)
{
	int			status = slot->status;

	switch (status)
	{
		case 401:
		case 402:
		case 403:
		case 429:
			return judge_refusal(fetcher, slot, error);
		default:
			break;
	}
	if (status >= 300 && status < 400)
	{
		snprintf(error, WF_MAX_ERROR, "the gateway hands on a redirect (HTTP status %d)", status);
		return WF_OUTCOME_REDIRECT;
	}
	if (status >= 500)
		snprintf(error, WF_MAX_ERROR, "the gateway could not fetch the page (HTTP status %d)",
				 status);
	return outcome;
}

/* It did not answer, or not as it should. */
static WfOutcome
judge_failure(WfFetcher *fetcher, WfSlot *slot, WfOutcome outcome, char *error)
{
	char		text[WF_MAX_ERROR];

	if (outcome == WF_OUTCOME_TIMEOUT && slot->connected)
		snprintf(text, sizeof(text), "no complete answer within %.6g s",
				 slot->timeout_ms / 1000.0);
	else
		snprintf(text, sizeof(text), "%.900s", error);
	snprintf(error, WF_MAX_ERROR, "gateway: %.1000s", text);
	if (slot->connected)
		return outcome;
	/* what no second try will mend is not tried at once */
	if (!wf_outcome_is_retryable(outcome))
		wf_hosts_close(fetcher->gateway.host, REFUSED_MS, fetcher->now_ms);
	snprintf(text, sizeof(text), "%.900s", error);
	return wait_for_gateway(fetcher, slot->transfer, text, 0, error);
}

WfOutcome
wf_gateway_judge(WfFetcher *fetcher, WfSlot *slot, CURLcode code, char *error)
{
	WfTransfer *transfer = slot->transfer;
	WfHost	   *host = wf_gateway_peer(fetcher, transfer);
	WfOutcome	outcome = wf_fetch_judge(slot, code, error);
	bool		answered = slot->status >= 200 && (code == CURLE_OK ||
												   slot->abort == WF_ABORT_UNWANTED);

	transfer->by_gateway = true;
	transfer->credits = cost_of(slot);
	wf_hosts_learn(&fetcher->hosts, host, slot, outcome, fetcher->now_ms);
	if (fetcher->gateway.host == NULL)
	{
		snprintf(error, WF_MAX_ERROR, "the gateway was taken away during the call");
		transfer->wait_ms = PROBE_MS;
		return WF_OUTCOME_DEFERRED;
	}
	if (answered && slot->status < 300)
		wf_hosts_reached(&fetcher->hosts, transfer->host, fetcher->now_ms);
	if (answered)
		return judge_answer(fetcher, slot, outcome, error);
	if (slot->abort == WF_ABORT_BODY_SIZE || slot->abort == WF_ABORT_MEMORY ||
		slot->abort == WF_ABORT_BUDGET)
		return outcome;
	return judge_failure(fetcher, slot, outcome, error);
}
