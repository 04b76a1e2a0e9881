/*-------------------------------------------------------------------------
 *
 * wf_fetch_backoff.c
 *	  Hosts that ask for less, and hosts that are down.
 *
 * Slowing down.  A 429 or 503 makes the delay between two starts one second,
 * each further one doubles it, each good answer halves it.  What Retry-After
 * says is waited for by the whole host.
 *
 * Circuit breaker.  Failures that say something about the host add up until a
 * good answer comes; one without even a connection weighs double.  At
 * OPEN_WEIGHT the breaker opens: no request for retry_delay, doubled with each
 * opening, with jitter.  Then it is half open: one request at a time, until
 * one is answered (closed, all forgotten) or fails (open again).
 *
 * A page's own retries are another matter: wf_outcome.h and the worker.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "wf_fetch_int.h"

#define OPEN_WEIGHT			10
#define MAX_WEIGHT			1000
#define MAX_OPEN_MS			(15 * 60 * 1000)
#define MAX_OPENINGS		16
#define MAX_ASKED_MS		(60 * 60 * 1000)	/* of Retry-After, for the whole host */
#define SLOW_FIRST_MS		1000
#define SLOW_LEAST_MS		250		/* less is nothing */
#define SLOW_MAX_MS			60000

/* A factor between 3/4 and 5/4, so that hosts (and crawlers) do not march in step. */
static int64_t
jitter(WfHosts *hosts, int64_t ms)
{
	/* xorshift64 */
	hosts->random ^= hosts->random << 13;
	hosts->random ^= hosts->random >> 7;
	hosts->random ^= hosts->random << 17;
	return ms * 3 / 4 + (int64_t) (hosts->random % 1024) * ms / 2048;
}

static void
wait_until(WfHost *host, int64_t until)
{
	if (host->until_ms < until)
		host->until_ms = until;
}

static void
slow_down(WfHosts *hosts, WfHost *host, uint32_t retry_after_ms, int64_t now)
{
	int64_t		asked = retry_after_ms < MAX_ASKED_MS ? retry_after_ms : MAX_ASKED_MS;

	host->slow_ms = host->slow_ms == 0 ? SLOW_FIRST_MS : host->slow_ms * 2;
	if (host->slow_ms > SLOW_MAX_MS)
		host->slow_ms = SLOW_MAX_MS;
	wait_until(host, now + (asked > 0 ? asked : jitter(hosts, host->slow_ms)));
}

static void
open_breaker(WfHosts *hosts, WfHost *host, int64_t now)
{
	int64_t		pause = hosts->retry_ms;

	if (host->failures < OPEN_WEIGHT || host->until_ms > now)
		return;					/* or others in flight have opened it already */
	for (int i = 0; i < host->openings && pause < MAX_OPEN_MS; i++)
		pause *= 2;
	if (pause > MAX_OPEN_MS)
		pause = MAX_OPEN_MS;
	if (host->openings < MAX_OPENINGS)
		host->openings++;
	wait_until(host, now + jitter(hosts, pause));
}

static void
answered(WfHost *host)
{
	host->failures = 0;
	host->openings = 0;
	host->slow_ms /= 2;
	if (host->slow_ms < SLOW_LEAST_MS)
		host->slow_ms = 0;
}

/* What a failure weighs; 0 when it says nothing about the host. */
static int
weight_of(const WfSlot *slot, WfOutcome outcome)
{
	switch (outcome)
	{
		case WF_OUTCOME_DNS_TEMPORARY:
		case WF_OUTCOME_CONNECT:
			return 2;
		case WF_OUTCOME_TIMEOUT:
			return slot->connected ? 1 : 2;
		case WF_OUTCOME_RESET:
			return slot->status == 0 ? 1 : 0;
		case WF_OUTCOME_TLS:
		case WF_OUTCOME_HTTP_SERVER:
			return 1;
		default:
			return 0;
	}
}

void
wf_hosts_learn(WfHosts *hosts, WfHost *host, const WfSlot *slot, WfOutcome outcome, int64_t now)
{
	int			weight = weight_of(slot, outcome);

	if (slot->status == 429 || slot->status == 503)
		slow_down(hosts, host, slot->retry_after_ms, now);
	else if (weight == 0 && slot->status >= 200)
		answered(host);
	if (weight > 0 && host->failures < MAX_WEIGHT)
		host->failures += weight;
	open_breaker(hosts, host, now);
}

void
wf_hosts_close(WfHost *host, int pause_ms, int64_t now)
{
	if (host->failures < OPEN_WEIGHT)
		host->failures = OPEN_WEIGHT;
	wait_until(host, now + pause_ms);
}

bool
wf_hosts_half_open(const WfHost *host)
{
	return host->failures >= OPEN_WEIGHT;
}

int
wf_hosts_delay(const WfHosts *hosts, const WfHost *host)
{
	int			delay = host->delay_ms > hosts->delay_ms ? host->delay_ms : hosts->delay_ms;

	return host->slow_ms > delay ? host->slow_ms : delay;
}

int
wf_hosts_limit(const WfHosts *hosts, const WfHost *host)
{
	return host->reached && !wf_hosts_half_open(host) ? hosts->per_host : 1;
}

/* Milliseconds from now, as a message has them. */
static uint32_t
from_now(int64_t when, int64_t now)
{
	return when <= now ? 0 : when - now > UINT32_MAX ? UINT32_MAX : (uint32_t) (when - now);
}

void
wf_hosts_state(const WfHosts *hosts, const WfHost *host, int64_t now, WfSiteState *state)
{
	int64_t		until = host->until_ms > host->next_start_ms ? host->until_ms : host->next_start_ms;

	*state = (WfSiteState) {
		.site = {host->name, strlen(host->name)},
		.wait_ms = from_now(until, now),
		.delay_ms = (uint32_t) wf_hosts_delay(hosts, host),
		.slow_ms = (uint32_t) host->slow_ms,
		.failures = (uint32_t) host->failures,
		.openings = (uint32_t) host->openings,
	};
}

/* Numbers from elsewhere count within our own limits. */
static int
at_most(uint32_t value, int limit)
{
	return value > (uint32_t) limit ? limit : (int) value;
}

void
wf_hosts_restore(WfHosts *hosts, WfHost *host, const WfSiteState *state, int64_t now)
{
	host->until_ms = state->wait_ms == 0 ? 0 : now + state->wait_ms;
	host->slow_ms = at_most(state->slow_ms, SLOW_MAX_MS);
	host->failures = at_most(state->failures, MAX_WEIGHT);
	host->openings = at_most(state->openings, MAX_OPENINGS);
	host->reported = state->slow_ms > 0 || state->failures > 0;
	wf_hosts_refresh(hosts, host, now);
}
