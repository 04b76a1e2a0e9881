/*-------------------------------------------------------------------------
 *
 * wf_survey.c
 *	  Items of the stages before pages, in the crawler.
 *
 * A survey has at most one request out.  Callbacks of the fetcher only note
 * what came; wf_surveys_turn sends what follows, for the fetcher must not be
 * called from its callbacks.
 *
 *-------------------------------------------------------------------------
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "wf_discovery.h"
#include "wf_gateway_call.h"
#include "wf_sitemap.h"
#include "wf_survey.h"
#include "wf_text.h"

#define CHUNK_ENTRIES	WF_MAX_ENTRIES
#define CHUNK_BYTES		(256 * 1024)	/* of URLs; one more may come on top */
#define CHUNK_ARENA		(CHUNK_BYTES + 8 * WF_MAX_URL)
#define URL_ARENA		(256 * 1024)
#define SEARCH_TIMEOUTS 2		/* a search lasts so many times request_timeout */
#define ROBOTS_VALID_MS (24 * 3600 * 1000)

typedef struct Survey Survey;

struct Survey
{
	Survey	   *next;
	WfSurveys  *surveys;
	const WfConfig *config;
	uint64_t	seq;			/* of the item */
	uint64_t	request;		/* number of the request that is out; 0 none */
	uint8_t		stage;
	bool		gateway;		/* it fetches the sitemap, or all of a search but robots.txt */
	int			calls;			/* of it, so far */
	int			credits;		/* that those cost */
	bool		by_gateway;		/* it decided how the last request ended */
	char	   *url;			/* malloc'ed; of DOMAIN its text */
	char	   *domain;
	int64_t		started_ms;
	uint64_t	received;
	WfSitemap  *sitemap;		/* of the present body */
	uint64_t	body_bytes;		/* of it */
	bool		cut;			/* not all of it was wanted */

	/* SITEMAP: entries not yet handed over */
	WfArena    *arena;
	WfEntry    *items;
	int			count;
	bool		unwanted;

	/* DOMAIN */
	WfDiscovery *discovery;
	WfDiscoveryStep step;
	char	   *robots;			/* to be told to the fetcher */
	size_t		robots_len;
	char	   *robots_url;		/* as asked for */
};

struct WfSurveys
{
	WfFetcher  *fetcher;
	WfSurveyCallbacks callbacks;
	Survey	   *first;
	int			pending;
	uint64_t	last_request;
};

static int64_t
clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static WfSlice
slice_of(const char *text)
{
	return (WfSlice) {text, text ? strlen(text) : 0};
}

/* ---------- life ---------- */

WfSurveys *
wf_surveys_create(WfFetcher *fetcher, const WfSurveyCallbacks *callbacks)
{
	WfSurveys  *surveys = calloc(1, sizeof(*surveys));

	if (surveys == NULL)
		return NULL;
	surveys->fetcher = fetcher;
	surveys->callbacks = *callbacks;
	return surveys;
}

static void
survey_free(Survey *survey)
{
	wf_sitemap_free(survey->sitemap);
	wf_discovery_free(survey->discovery);
	wf_arena_free(survey->arena);
	free(survey->items);
	free(survey->url);
	free(survey->domain);
	free(survey->robots);
	free(survey->robots_url);
	free(survey);
}

void
wf_surveys_free(WfSurveys *surveys)
{
	if (surveys == NULL)
		return;
	while (surveys->first)
	{
		Survey	   *next = surveys->first->next;

		survey_free(surveys->first);
		surveys->first = next;
	}
	free(surveys);
}

int
wf_surveys_pending(const WfSurveys *surveys)
{
	return surveys->pending;
}

static void
unlink_survey(WfSurveys *surveys, Survey *survey)
{
	Survey	  **link = &surveys->first;

	while (*link != survey)
		link = &(*link)->next;
	*link = survey->next;
	surveys->pending--;
}

/*
 * The host that a domain's text stands for; without one, that of the sitemap
 * itself.  malloc'ed; NULL when out of memory.
 */
static char *
host_of(WfSlice domain, WfSlice url)
{
	WfArena    *arena = wf_arena_create(URL_ARENA);
	char		text[WF_MAX_URL + 16];
	char	   *host = NULL;
	WfUrl		parsed;
	bool		has_scheme;

	if (domain.len == 0)
		domain = url;
	has_scheme = wf_text_starts_nocase(domain, WF_SLICE("http://")) ||
		wf_text_starts_nocase(domain, WF_SLICE("https://"));
	snprintf(text, sizeof(text), "%s%.*s", has_scheme ? "" : "http://", (int) domain.len,
			 domain.len ? domain.data : "");
	if (arena && wf_url_parse(arena, slice_of(text), NULL, &parsed) == WF_OK)
		host = strndup(parsed.host.data, parsed.host.len);
	else if (arena)
		host = strdup("");
	wf_arena_free(arena);
	return host;
}

WfStatus
wf_surveys_add(WfSurveys *surveys, const WfFetchMessage *msg, const WfConfig *config)
{
	Survey	   *survey = calloc(1, sizeof(*survey));

	if (survey == NULL)
		return WF_ERR_NOMEM;
	survey->surveys = surveys;
	survey->config = config;
	survey->seq = msg->seq;
	survey->stage = msg->stage;
	survey->gateway = (msg->flags & WF_FETCH_GATEWAY) != 0;
	survey->url = msg->url.len > 0 ? strndup(msg->url.data, msg->url.len) :
		strndup(msg->domain.len > 0 ? msg->domain.data : "", msg->domain.len);
	survey->domain = host_of(msg->domain, msg->url);
	survey->started_ms = clock_ms();
	survey->arena = wf_arena_create(CHUNK_ARENA);
	survey->items = calloc(CHUNK_ENTRIES, sizeof(WfEntry));
	if (msg->stage == WF_STAGE_MSG_DOMAIN)
		survey->discovery = wf_discovery_create(msg->domain.len > 0 ? msg->domain : msg->url,
												config->respect_robots, survey->gateway);
	if (!survey->url || !survey->domain || !survey->arena || !survey->items ||
		(msg->stage == WF_STAGE_MSG_DOMAIN && !survey->discovery))
	{
		survey_free(survey);
		return WF_ERR_NOMEM;
	}
	survey->next = surveys->first;
	surveys->first = survey;
	surveys->pending++;
	return WF_OK;
}

bool
wf_surveys_cancel(WfSurveys *surveys, uint64_t seq)
{
	for (Survey *survey = surveys->first; survey; survey = survey->next)
	{
		if (survey->seq != seq)
			continue;
		if (survey->request != 0)
			wf_fetch_cancel(surveys->fetcher, survey->request);
		unlink_survey(surveys, survey);
		survey_free(survey);
		return true;
	}
	return false;
}

static Survey *
find_request(WfSurveys *surveys, uint64_t request)
{
	Survey	   *survey = surveys->first;

	while (survey && survey->request != request)
		survey = survey->next;
	return survey;
}

/* Report the end of an item, which is then no more. */
static void
end_survey(Survey *survey, WfResultMessage *result)
{
	WfSurveys  *surveys = survey->surveys;

	result->seq = survey->seq;
	result->by_gateway = survey->by_gateway;
	result->credits = survey->credits;
	result->body_bytes = survey->received;
	result->elapsed_ms = (uint32_t) (clock_ms() - survey->started_ms);
	surveys->callbacks.done(surveys->callbacks.arg, result);
	unlink_survey(surveys, survey);
	survey_free(survey);
}

/* ---------- entries ---------- */

static bool
send_entries(Survey *survey)
{
	const WfSurveyCallbacks *callbacks = &survey->surveys->callbacks;
	WfEntriesMessage msg = {survey->seq, survey->count, survey->items};

	if (survey->count > 0 && !callbacks->entries(callbacks->arg, &msg))
		survey->unwanted = true;
	survey->count = 0;
	wf_arena_reset(survey->arena);
	return !survey->unwanted;
}

static bool
take_entry(void *arg, const WfEntry *entry)
{
	Survey	   *survey = arg;
	WfEntry    *copy = &survey->items[survey->count];

	*copy = *entry;
	copy->url = wf_arena_copy(survey->arena, entry->url);
	if (entry->is_sitemap)
		copy->found_by = WF_FOUND_INDEX;
	if (copy->url.data == NULL)
		return false;
	survey->count++;
	if (survey->count == CHUNK_ENTRIES || wf_arena_used(survey->arena) > CHUNK_BYTES)
		return send_entries(survey);
	return true;
}

/* ---------- a sitemap ---------- */

/* What the end of a file that was received means. */
static void
judge_sitemap(const WfSitemapReport *report, WfResultMessage *result, char *error)
{
	const WfEntryCounts *counts = &report->counts;

	result->outcome = WF_OUTCOME_NOT_SITEMAP;
	if (report->fault == WF_SITEMAP_NO_MEMORY)
	{
		result->outcome = WF_OUTCOME_EXTRACT;
		snprintf(error, WF_MAX_ERROR, "sitemap could not be examined: too much memory needed");
	}
	else if (counts->type == WF_SITEMAP_UNKNOWN)
		snprintf(error, WF_MAX_ERROR, "not a sitemap: %s", report->reason);
	else if (report->fault != WF_SITEMAP_SOUND && counts->entries > 0)
	{
		result->outcome = WF_OUTCOME_PARTIAL;
		snprintf(error, WF_MAX_ERROR, "only the first %u URLs could be taken: %s",
				 counts->entries, report->reason);
	}
	else if (report->fault != WF_SITEMAP_SOUND)
		snprintf(error, WF_MAX_ERROR, "no URL could be taken: %s", report->reason);
	else if (counts->entries == 0 && counts->refused > 0)
		snprintf(error, WF_MAX_ERROR, "all %u URLs are on other sites", counts->refused);
	else if (counts->entries == 0)
		snprintf(error, WF_MAX_ERROR, "sitemap lists no URLs");
	else
		result->outcome = WF_OUTCOME_OK;
}

/* What a call of the gateway cost, if the request was one. */
static void
count_credits(Survey *survey, const WfFetchResult *fetched)
{
	survey->by_gateway = fetched->by_gateway;
	survey->credits += fetched->credits != WF_CREDITS_UNKNOWN ? fetched->credits :
		wf_gateway_cost(survey->config->gateway_options);
	if (survey->credits > WF_MAX_CREDITS)
		survey->credits = WF_MAX_CREDITS;
}

static void
end_sitemap(Survey *survey, const WfFetchResult *fetched)
{
	char		error[WF_MAX_ERROR] = "";
	WfSitemapReport report = {.counts = {0}};
	WfResultMessage result = {
		.outcome = fetched->outcome,
		.http_status = (uint16_t) fetched->http_status,
		.retry_after_ms = fetched->retry_after_ms,
		.effective_url = fetched->effective_url,
		.content_type = fetched->content_type,
		.error = slice_of(fetched->error),
	};

	count_credits(survey, fetched);
	survey->received += fetched->body_bytes;
	if (survey->sitemap)
		wf_sitemap_finish(survey->sitemap, fetched->outcome == WF_OUTCOME_OK, &report);
	if (fetched->outcome == WF_OUTCOME_OK)
	{
		judge_sitemap(&report, &result, error);
		result.error = slice_of(error);
	}
	(void) send_entries(survey);
	result.counts = report.counts;
	end_survey(survey, &result);
}

/* ---------- a domain ---------- */

/* The file counts for our own requests: the fetcher need not ask for it again. */
static void
keep_robots(Survey *survey, const WfFetchResult *fetched)
{
	bool		none = fetched->http_status >= 400 && fetched->http_status < 500 &&
		!wf_outcome_is_retryable(fetched->outcome);

	if (!none && fetched->outcome != WF_OUTCOME_OK)
		return;
	survey->robots_len = none ? 0 : fetched->body.len;
	survey->robots = malloc(survey->robots_len + 1);
	survey->robots_url = strndup(fetched->url.data, fetched->url.len);
	if (survey->robots && survey->robots_len > 0)
		memcpy(survey->robots, fetched->body.data, survey->robots_len);
}

static void
answer_domain(Survey *survey, const WfFetchResult *fetched)
{
	WfSitemapReport report = {.counts = {0}};
	WfDiscoveryAnswer answer = {
		.outcome = fetched->outcome,
		.http_status = fetched->http_status,
		.retry_after_ms = fetched->retry_after_ms,
		.error = fetched->error,
		.url = fetched->effective_url,
		.body = fetched->body,
		.last_modified = fetched->last_modified,
		.report = &report,
	};

	count_credits(survey, fetched);
	survey->received += fetched->body_bytes;
	if (survey->sitemap)
	{
		wf_sitemap_finish(survey->sitemap, fetched->outcome == WF_OUTCOME_OK && !survey->cut,
						  &report);
		if (survey->cut && report.fault == WF_SITEMAP_SOUND)
			report.fault = WF_SITEMAP_TOO_LARGE;	/* its URLs are not counted */
		wf_sitemap_free(survey->sitemap);
		survey->sitemap = NULL;
	}
	if (survey->step == WF_DISCOVERY_ROBOTS)
		keep_robots(survey, fetched);
	wf_discovery_answer(survey->discovery, &answer);
}

static void
tell_robots(Survey *survey)
{
	WfArena    *arena = wf_arena_create(URL_ARENA);
	char		site[WF_MAX_SITE + 1];
	size_t		len = arena && survey->robots && survey->robots_url ?
		wf_site_of_text(arena, slice_of(survey->robots_url), site) : 0;
	static const char name[] = "/robots.txt";

	if (len > 0)
	{
		WfRobotsFile file = {
			.site = {site, len},
			.origin = {survey->robots_url, strlen(survey->robots_url) - strlen(name)},
			.valid_ms = ROBOTS_VALID_MS,
			.body = {survey->robots, survey->robots_len},
		};

		wf_fetch_know_robots(survey->surveys->fetcher, &file);
	}
	wf_arena_free(arena);
	free(survey->robots);
	free(survey->robots_url);
	survey->robots = survey->robots_url = NULL;
}

static void
end_domain(Survey *survey)
{
	WfDiscoveryResult found;
	WfResultMessage result = {0};

	wf_discovery_result(survey->discovery, &found);
	result.outcome = found.outcome;
	result.http_status = (uint16_t) found.http_status;
	result.retry_after_ms = found.retry_after_ms;
	result.error = slice_of(found.error);
	result.counts.entries = (uint32_t) found.count;
	if (found.count > 0)
	{
		const WfSurveyCallbacks *callbacks = &survey->surveys->callbacks;
		WfEntriesMessage msg = {survey->seq, found.count, (WfEntry *) found.items};

		(void) callbacks->entries(callbacks->arg, &msg);
	}
	end_survey(survey, &result);
}

/* ---------- the fetcher's side ---------- */

static WfSitemap *
begin_body(Survey *survey, const WfFetchPiece *piece)
{
	WfSitemapOptions options = {
		.url = piece->url, .content_type = piece->content_type, .arg = survey,
	};

	survey->body_bytes = 0;
	survey->cut = false;
	if (survey->stage == WF_STAGE_MSG_SITEMAP)
	{
		options.entry = take_entry;
		if (!survey->config->offsite_urls)
			options.domain = slice_of(survey->domain);
	}
	wf_sitemap_free(survey->sitemap);
	return wf_sitemap_create(&options);
}

bool
wf_surveys_piece(WfSurveys *surveys, const WfFetchPiece *piece)
{
	Survey	   *survey = find_request(surveys, piece->seq);

	if (survey == NULL)
		return false;
	if (piece->first)
		survey->sitemap = begin_body(survey, piece);
	if (survey->sitemap == NULL)
		return false;
	survey->body_bytes += piece->bytes.len;
	/* for a domain only the kind is needed; URLs are counted as far as that is cheap */
	if (survey->stage == WF_STAGE_MSG_DOMAIN &&
		(int64_t) survey->body_bytes > survey->config->max_body_size)
	{
		survey->cut = true;
		return false;
	}
	return wf_sitemap_feed(survey->sitemap, piece->bytes) && !survey->unwanted;
}

void
wf_surveys_done(WfSurveys *surveys, const WfFetchResult *result)
{
	Survey	   *survey = find_request(surveys, result->seq);

	if (survey == NULL)
		return;
	survey->request = 0;
	if (survey->stage == WF_STAGE_MSG_SITEMAP)
		end_sitemap(survey, result);
	else
		answer_domain(survey, result);
}

/* ---------- requests ---------- */

static void
send_request(Survey *survey, WfSlice url, bool stream, bool keep_body, bool gateway)
{
	WfSurveys  *surveys = survey->surveys;
	WfFetchRequest request = {
		.seq = survey->request = WF_SURVEY_SEQ + ++surveys->last_request,
		.blame = survey->seq,
		.keep_body = keep_body,
		.stream = stream,
		.gateway = gateway,
		.patient = survey->stage == WF_STAGE_MSG_DOMAIN,
		.url = url,
		.domain = slice_of(survey->domain),
		.home = slice_of(survey->url),
	};
	WfResultMessage failed = {
		.outcome = WF_OUTCOME_INTERNAL, .error = WF_SLICE("crawler is short of memory")
	};

	survey->calls += gateway;

	/* an immediate end comes by callback, and survey may be gone then */
	if (wf_fetch_add(surveys->fetcher, &request) != WF_OK)
		end_survey(survey, &failed);
}

/* The next request of a search; ends it when there is none. */
static void
search_on(Survey *survey)
{
	WfDiscoveryRequest request;

	if (survey->robots_url || survey->robots)
		tell_robots(survey);
	if (clock_ms() - survey->started_ms >
		(int64_t) SEARCH_TIMEOUTS * survey->config->request_timeout)
		wf_discovery_give_up(survey->discovery);
	if (survey->calls == WF_GATEWAY_SEARCH_CALLS)
		wf_discovery_stop(survey->discovery);	/* no credits were set aside for more */
	if (!wf_discovery_next(survey->discovery, &request))
	{
		end_domain(survey);
		return;
	}
	survey->step = request.step;
	/* robots.txt is read under our own name */
	send_request(survey, request.url, request.step == WF_DISCOVERY_SITEMAP,
				 request.step == WF_DISCOVERY_ROBOTS,
				 survey->gateway && request.step != WF_DISCOVERY_ROBOTS);
}

void
wf_surveys_turn(WfSurveys *surveys)
{
	Survey	   *next;

	for (Survey *survey = surveys->first; survey; survey = next)
	{
		next = survey->next;
		if (survey->request != 0)
			continue;
		if (survey->stage == WF_STAGE_MSG_DOMAIN)
			search_on(survey);
		else
			send_request(survey, slice_of(survey->url), true, false, survey->gateway);
	}
}

bool
wf_surveys_due(const WfSurveys *surveys)
{
	for (const Survey *survey = surveys->first; survey; survey = survey->next)
	{
		if (survey->request == 0)
			return true;
	}
	return false;
}
