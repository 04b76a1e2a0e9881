/*-------------------------------------------------------------------------
 *
 * wf_discovery.c
 *	  Finding the sitemaps of a domain.
 *
 * What is not an answer of the site (no connection, a failing server) must not
 * be taken for "has none": the search then ends with that outcome, which is
 * tried again later, unless sitemaps were found all the same.
 *
 *-------------------------------------------------------------------------
 */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wf_discovery.h"
#include "wf_html.h"
#include "wf_lastmod.h"
#include "wf_robots.h"
#include "wf_text.h"
#include "wf_url.h"

#define ARENA_LIMIT		((size_t) 8 * 1024 * 1024)	/* all texts of one search */
#define PARSE_LIMIT		(256 * 1024)	/* of one URL */
#define MAX_TROUBLES	2		/* failures in a row that end the search */

/* Where sitemaps mostly are, the best guesses first … */
static const char *const first_paths[] = {
	"/sitemap.xml", "/sitemap_index.xml", "/wp-sitemap.xml"
};

/* … those that stand for a whole site … */
static const char *const other_paths[] = {
	"/sitemap-index.xml", "/sitemapindex.xml", "/sitemap/sitemap.xml", "/sitemap/index.xml",
	"/wp-sitemap-index.xml", "/sitemap.php", "/sitemap.txt"
};

/* … and those that stand for a part of one: none of them is enough. */
static const char *const part_paths[] = {
	"/wp-sitemap-posts-post-1.xml", "/sitemap-posts-post-1.xml", "/sitemap-pages-post-1.xml",
	"/sitemap-categories-1.xml", "/post-sitemap.xml", "/page-sitemap.xml",
	"/product-sitemap.xml", "/category-sitemap.xml"
};

typedef enum Phase
{
	PHASE_ROBOTS,
	PHASE_NAMED,				/* what robots.txt names */
	PHASE_FIRST_PATHS,
	PHASE_HOME,
	PHASE_LINKED,				/* what the home page links to */
	PHASE_OTHER_PATHS,
	PHASE_PART_PATHS,
	PHASE_OVER
} Phase;

struct WfDiscovery
{
	WfArena    *arena;
	WfArena    *scratch;		/* for parsing URLs */
	bool		require_robots;
	bool		by_gateway;
	Phase		phase;
	WfSlice		host;			/* of the domain, without "www." */
	WfSlice		origin;			/* where paths are asked for */
	WfSlice		other_origin;	/* of the other scheme; empty when tried */
	WfSlice		candidates[WF_DISCOVERY_MAX_CANDIDATES];
	int			candidate_count;
	int			next_candidate;
	WfDiscoveryStep step;		/* of the request that is out */
	int			requests;
	int			troubles;		/* failures in a row */
	int			forbidden;		/* places that robots.txt closes */
	WfEntry		found[WF_DISCOVERY_MAX_CANDIDATES];
	int			found_count;

	WfOutcome	outcome;		/* of the failure that matters; OK none */
	int			http_status;
	uint32_t	retry_after_ms;
	char		error[WF_MAX_ERROR];
};

/* ---------- texts ---------- */

static WfSlice
slice_of(const char *text)
{
	return (WfSlice) {text, strlen(text)};
}

/* Both in the discovery's memory; data NULL when there is none left. */
static WfSlice
concat(WfDiscovery *discovery, WfSlice a, WfSlice b)
{
	char	   *text = wf_arena_alloc(discovery->arena, a.len + b.len + 1);

	if (text == NULL)
		return WF_SLICE_EMPTY;
	if (a.len > 0)
		memcpy(text, a.data, a.len);
	if (b.len > 0)
		memcpy(text + a.len, b.data, b.len);
	text[a.len + b.len] = '\0';
	return (WfSlice) {text, a.len + b.len};
}

static bool
parse_url(WfDiscovery *discovery, WfSlice text, WfSlice base_text, WfUrl *url)
{
	WfUrl		base;

	wf_arena_reset(discovery->scratch);
	if (base_text.len > 0 &&
		wf_url_parse(discovery->scratch, base_text, NULL, &base) != WF_OK)
		return false;
	return wf_url_parse(discovery->scratch, text, base_text.len > 0 ? &base : NULL,
						url) == WF_OK && !url->has_credentials;
}

static WfSlice
origin_of(const WfUrl *url)
{
	return (WfSlice) {url->href.data, url->path.data - url->href.data};
}

static void
end_with(WfDiscovery *discovery, WfOutcome outcome, int http_status, const char *format,...)
{
	va_list		args;

	discovery->phase = PHASE_OVER;
	discovery->outcome = outcome;
	discovery->http_status = http_status;
	va_start(args, format);
	vsnprintf(discovery->error, sizeof(discovery->error), format, args);
	va_end(args);
}

/* ---------- life ---------- */

/* Host and the two origins of a domain's text. */
static void
take_domain(WfDiscovery *discovery, WfSlice text)
{
	WfUrl		url;
	WfSlice		rest;

	text = wf_text_trim(text);
	if (!wf_text_starts_nocase(text, WF_SLICE("http://")) &&
		!wf_text_starts_nocase(text, WF_SLICE("https://")))
		text = concat(discovery, WF_SLICE("https://"), text);
	if (!parse_url(discovery, text, WF_SLICE_EMPTY, &url))
	{
		end_with(discovery, WF_OUTCOME_BAD_URL, 0, "not a domain name");
		return;
	}
	discovery->host = url.host;
	if (wf_text_starts_nocase(url.host, WF_SLICE("www.")))
		wf_advance(&discovery->host, 4);
	discovery->host = wf_arena_copy(discovery->arena, discovery->host);
	discovery->origin = wf_arena_copy(discovery->arena, origin_of(&url));
	rest = discovery->origin;
	wf_advance(&rest, url.scheme.len);
	discovery->other_origin = concat(discovery, url.is_https ? WF_SLICE("http") :
									 WF_SLICE("https"), rest);
}

WfDiscovery *
wf_discovery_create(WfSlice domain, bool require_robots, bool by_gateway)
{
	WfDiscovery *discovery = calloc(1, sizeof(*discovery));

	if (discovery == NULL)
		return NULL;
	discovery->arena = wf_arena_create(ARENA_LIMIT);
	discovery->scratch = wf_arena_create(PARSE_LIMIT);
	discovery->require_robots = require_robots;
	discovery->by_gateway = by_gateway;
	if (discovery->arena == NULL || discovery->scratch == NULL)
	{
		wf_discovery_free(discovery);
		return NULL;
	}
	take_domain(discovery, domain);
	return discovery;
}

void
wf_discovery_free(WfDiscovery *discovery)
{
	if (discovery == NULL)
		return;
	wf_arena_free(discovery->arena);
	wf_arena_free(discovery->scratch);
	free(discovery);
}

/* ---------- candidates ---------- */

static void
add_candidate(WfDiscovery *discovery, WfSlice text, WfSlice base)
{
	WfUrl		url;

	if (discovery->candidate_count == WF_DISCOVERY_MAX_CANDIDATES ||
		!parse_url(discovery, text, base, &url))
		return;
	for (int i = 0; i < discovery->candidate_count; i++)
	{
		if (wf_text_equal(discovery->candidates[i], url.href))
			return;
	}
	url.href = wf_arena_copy(discovery->arena, url.href);
	if (url.href.data)
		discovery->candidates[discovery->candidate_count++] = url.href;
}

static void
add_paths(WfDiscovery *discovery, const char *const *paths, size_t count)
{
	WfSlice		home = concat(discovery, discovery->origin, WF_SLICE("/"));

	for (size_t i = 0; i < count; i++)
		add_candidate(discovery, slice_of(paths[i]), home);
}

static void
take_robots(WfDiscovery *discovery, WfSlice file, WfSlice url)
{
	WfSlice		text;
	WfSlice		sitemap;

	if (wf_robots_text(discovery->arena, file, &text) != WF_OK)
		return;
	while (wf_robots_next_sitemap(&text, &sitemap))
		add_candidate(discovery, sitemap, url);
}

/* One of the words of rel is "sitemap". */
static bool
is_sitemap_rel(WfSlice rel)
{
	while (rel.len > 0)
	{
		size_t		len = 0;

		while (len < rel.len && !wf_is_space(rel.data[len]))
			len++;
		if (wf_text_equal_nocase((WfSlice) {rel.data, len}, WF_SLICE("sitemap")))
			return true;
		wf_advance(&rel, len < rel.len ? len + 1 : len);
	}
	return false;
}

/* An anchor to "sitemap….xml" and the like: page listings for people are not meant. */
static bool
looks_like_sitemap(WfSlice href)
{
	static const WfSlice ends[] = {
		WF_SLICE(".xml"), WF_SLICE(".xml.gz"), WF_SLICE(".txt"), WF_SLICE(".php")
	};
	const char *mark = memchr(href.data, '?', href.len);
	bool		named = false;

	if (mark)
		href.len = mark - href.data;
	for (size_t i = 0; i + 7 <= href.len && !named; i++)
		named = wf_text_equal_nocase((WfSlice) {href.data + i, 7}, WF_SLICE("sitemap"));
	for (size_t i = 0; named && i < sizeof(ends) / sizeof(ends[0]); i++)
	{
		if (href.len > ends[i].len &&
			wf_text_equal_nocase((WfSlice) {href.data + href.len - ends[i].len, ends[i].len},
								 ends[i]))
			return true;
	}
	return false;
}

static void
take_home(WfDiscovery *discovery, WfSlice body, WfSlice url)
{
	WfHtml		html;
	WfHtmlToken token;
	WfSlice		rel;

	wf_html_init(&html, body);
	while (wf_html_next(&html, &token) &&
		   discovery->candidate_count < WF_DISCOVERY_MAX_CANDIDATES)
	{
		WfSlice		href = wf_text_trim(token.href);
		bool		link = token.element == WF_ELEMENT_LINK;
		char		text[WF_MAX_URL];

		if (token.type != WF_HTML_START_TAG || href.len == 0 || href.len > sizeof(text) ||
			(!link && token.element != WF_ELEMENT_A))
			continue;
		if (link && wf_html_find_attribute(&token, WF_SLICE("rel"), &rel) ?
			!is_sitemap_rel(rel) : !looks_like_sitemap(href))
			continue;
		add_candidate(discovery, (WfSlice) {text, wf_html_decode(href, true, text)}, url);
	}
}

/* ---------- the next request ---------- */

static void
clear_candidates(WfDiscovery *discovery)
{
	discovery->candidate_count = discovery->next_candidate = 0;
}

/* All candidates of a phase have been looked at: which one comes now? */
static void
next_phase(WfDiscovery *discovery)
{
	if (discovery->found_count > 0)
		discovery->phase = PHASE_OVER;
	else
		discovery->phase++;
	clear_candidates(discovery);
	switch (discovery->phase)
	{
		case PHASE_FIRST_PATHS:
			add_paths(discovery, first_paths, sizeof(first_paths) / sizeof(first_paths[0]));
			break;
		case PHASE_OTHER_PATHS:
			add_paths(discovery, other_paths, sizeof(other_paths) / sizeof(other_paths[0]));
			break;
		case PHASE_PART_PATHS:
			add_paths(discovery, part_paths, sizeof(part_paths) / sizeof(part_paths[0]));
			break;
		default:
			break;
	}
}

static bool
ask(WfDiscovery *discovery, WfDiscoveryStep step, WfSlice url, WfDiscoveryRequest *request)
{
	discovery->step = step;
	discovery->requests++;
	*request = (WfDiscoveryRequest) {step, url};
	return true;
}

bool
wf_discovery_next(WfDiscovery *discovery, WfDiscoveryRequest *request)
{
	while (discovery->phase != PHASE_OVER &&
		   discovery->requests < WF_DISCOVERY_MAX_REQUESTS)
	{
		if (discovery->phase == PHASE_ROBOTS)
			return ask(discovery, WF_DISCOVERY_ROBOTS,
					   concat(discovery, discovery->origin, WF_SLICE("/robots.txt")), request);
		if (discovery->phase == PHASE_HOME)
			return ask(discovery, WF_DISCOVERY_HOME,
					   concat(discovery, discovery->origin, WF_SLICE("/")), request);
		if (discovery->next_candidate < discovery->candidate_count)
			return ask(discovery, WF_DISCOVERY_SITEMAP,
					   discovery->candidates[discovery->next_candidate++], request);
		next_phase(discovery);
	}
	return false;
}

/* ---------- answers ---------- */

/* Did the site say something, be it no? */
static bool
is_answer(const WfDiscoveryAnswer *answer)
{
	return answer->outcome == WF_OUTCOME_ROBOTS ||
		(answer->http_status > 0 && !wf_outcome_is_retryable(answer->outcome));
}

static void
note_trouble(WfDiscovery *discovery, const WfDiscoveryAnswer *answer)
{
	discovery->outcome = answer->outcome;
	discovery->http_status = answer->http_status;
	discovery->retry_after_ms = answer->retry_after_ms;
	snprintf(discovery->error, sizeof(discovery->error), "%s", answer->error);
	if (++discovery->troubles >= MAX_TROUBLES || answer->outcome == WF_OUTCOME_DEFERRED)
		discovery->phase = PHASE_OVER;
}

/* Nobody is there that speaks this scheme: perhaps the other one. */
static bool
try_other_scheme(WfDiscovery *discovery, const WfDiscoveryAnswer *answer)
{
	switch (answer->outcome)
	{
		case WF_OUTCOME_CONNECT:
		case WF_OUTCOME_TIMEOUT:
		case WF_OUTCOME_TLS:
		case WF_OUTCOME_TLS_CERTIFICATE:
		case WF_OUTCOME_RESET:
		case WF_OUTCOME_PROTOCOL:
			break;
		default:
			return false;
	}
	if (answer->http_status > 0 || discovery->other_origin.len == 0)
		return false;
	discovery->origin = discovery->other_origin;
	discovery->other_origin = WF_SLICE_EMPTY;
	return true;
}

/* Later requests go where the site sends everybody, within the domain. */
static void
follow_origin(WfDiscovery *discovery, WfSlice text)
{
	WfUrl		url;
	WfSlice		origin;

	if (!parse_url(discovery, text, WF_SLICE_EMPTY, &url) ||
		!wf_url_host_in_domain(url.host, discovery->host))
		return;
	origin = wf_arena_copy(discovery->arena, origin_of(&url));
	if (origin.data)
		discovery->origin = origin;
}

static bool
is_robots_url(WfSlice url)
{
	static const WfSlice name = WF_SLICE("/robots.txt");

	return url.len > name.len &&
		memcmp(url.data + url.len - name.len, name.data, name.len) == 0;
}

static void
answer_robots(WfDiscovery *discovery, const WfDiscoveryAnswer *answer)
{
	if (answer->outcome != WF_OUTCOME_OK && try_other_scheme(discovery, answer))
		return;
	if (answer->outcome == WF_OUTCOME_OK || is_answer(answer))
	{
		if (is_robots_url(answer->url))
			follow_origin(discovery, answer->url);
		if (answer->http_status >= 200 && answer->http_status < 300)
			take_robots(discovery, answer->body, answer->url);
		discovery->phase = PHASE_NAMED;
	}
	else if ((answer->http_status == 0 && !discovery->by_gateway) || discovery->require_robots)
	{
		note_trouble(discovery, answer);
		discovery->phase = PHASE_OVER;
		if (answer->http_status > 0)
			snprintf(discovery->error, sizeof(discovery->error),
					 "robots.txt could not be fetched: %.900s", answer->error);
	}
	else
		discovery->phase = PHASE_NAMED;
}

static WfFoundBy
found_by(const WfDiscovery *discovery)
{
	switch (discovery->phase)
	{
		case PHASE_NAMED:
			return WF_FOUND_ROBOTS;
		case PHASE_LINKED:
			return WF_FOUND_HTML;
		default:
			return WF_FOUND_PATH;
	}
}

/* It is a sitemap.  One elsewhere counts only when the site itself names it. */
static void
add_found(WfDiscovery *discovery, const WfDiscoveryAnswer *answer)
{
	const WfSitemapReport *report = answer->report;
	WfEntry    *entry = &discovery->found[discovery->found_count];
	WfUrl		url;

	if (discovery->found_count == WF_DISCOVERY_MAX_CANDIDATES ||
		!parse_url(discovery, answer->url, WF_SLICE_EMPTY, &url) ||
		(found_by(discovery) == WF_FOUND_PATH &&
		 !wf_url_host_in_domain(url.host, discovery->host)))
		return;
	for (int i = 0; i < discovery->found_count; i++)
	{
		if (wf_text_equal(discovery->found[i].url, url.href))
			return;
	}
	*entry = (WfEntry) {
		.url = wf_arena_copy(discovery->arena, url.href),
		.is_sitemap = true,
		.type = report->counts.type,
		.found_by = found_by(discovery),
		.url_count = report->fault == WF_SITEMAP_SOUND ? (int32_t) report->counts.entries : -1,
	};
	entry->has_lastmod = wf_lastmod_parse(answer->last_modified, &entry->lastmod_us);
	if (entry->url.data == NULL)
		return;
	discovery->found_count++;
	/* one that stands for the whole site is enough */
	if (discovery->phase == PHASE_FIRST_PATHS || discovery->phase == PHASE_OTHER_PATHS)
		discovery->phase = PHASE_OVER;
}

void
wf_discovery_answer(WfDiscovery *discovery, const WfDiscoveryAnswer *answer)
{
	if (discovery->step == WF_DISCOVERY_ROBOTS)
	{
		answer_robots(discovery, answer);
		return;
	}
	if (answer->outcome == WF_OUTCOME_ROBOTS)
		discovery->forbidden++;
	else if (answer->outcome != WF_OUTCOME_OK && !is_answer(answer))
		note_trouble(discovery, answer);
	else
	{
		discovery->troubles = 0;
		if (answer->outcome == WF_OUTCOME_OK && discovery->step == WF_DISCOVERY_SITEMAP &&
			answer->report->counts.type != WF_SITEMAP_UNKNOWN)
			add_found(discovery, answer);
	}
	if (discovery->step == WF_DISCOVERY_HOME && discovery->phase != PHASE_OVER)
	{
		if (answer->outcome == WF_OUTCOME_OK)
		{
			follow_origin(discovery, answer->url);
			take_home(discovery, answer->body, answer->url);
		}
		discovery->phase = PHASE_LINKED;
	}
}

void
wf_discovery_give_up(WfDiscovery *discovery)
{
	if (discovery->phase != PHASE_OVER)
		end_with(discovery, WF_OUTCOME_TIMEOUT, 0, "search for sitemaps took too long");
}

void
wf_discovery_stop(WfDiscovery *discovery)
{
	discovery->phase = PHASE_OVER;
}

void
wf_discovery_result(const WfDiscovery *discovery, WfDiscoveryResult *result)
{
	memset(result, 0, sizeof(*result));
	result->requests = discovery->requests;
	result->items = discovery->found;
	result->count = discovery->found_count;
	if (discovery->found_count > 0)
		return;					/* OK */
	result->outcome = discovery->outcome;
	result->http_status = discovery->http_status;
	result->retry_after_ms = discovery->retry_after_ms;
	if (discovery->outcome != WF_OUTCOME_OK)
		snprintf(result->error, sizeof(result->error), "%s", discovery->error);
	else
	{
		result->outcome = WF_OUTCOME_NONE_FOUND;
		if (discovery->forbidden > 0)
			snprintf(result->error, sizeof(result->error),
					 "no sitemap found (robots.txt forbids looking in %d places)",
					 discovery->forbidden);
		else
			snprintf(result->error, sizeof(result->error), "no sitemap found");
	}
}
