/*-------------------------------------------------------------------------
 *
 * test_discovery.c
 *	  Finding sitemaps, on sites that are tables: which URLs are asked for, in
 *	  which order, and how the search ends.
 *
 *-------------------------------------------------------------------------
 */
#include "unit.h"

#include "core/wf_discovery.h"
#include "core/wf_text.h"

#define URLSET	"<urlset><url><loc>https://x.test/1</loc></url></urlset>"
#define INDEX	"<sitemapindex><sitemap><loc>https://x.test/1.xml</loc></sitemap></sitemapindex>"
#define SOFT404	"<!doctype html><title>Not here</title>"

typedef struct Answer
{
	const char *url;			/* NULL: any other, and the last one */
	WfOutcome	outcome;
	int			status;
	const char *body;
	const char *effective;		/* NULL: as asked for */
} Answer;

#define NOT_FOUND	{NULL, WF_OUTCOME_HTTP_CLIENT, 404, "", NULL}
#define PAGE(url, body) {url, WF_OUTCOME_OK, 200, body, NULL}

static WfDiscovery *discovery;
static WfDiscoveryResult result;
static char asked[8192];

static void
answer(const WfDiscoveryRequest *request, const Answer *site)
{
	WfSitemapOptions options = {.url = request->url};
	WfSitemap  *sitemap = wf_sitemap_create(&options);
	WfSitemapReport report;
	WfDiscoveryAnswer told = {.url = request->url, .report = &report};

	while (site->url && !wf_text_equal(request->url, slice(site->url)))
		site++;
	told.outcome = site->outcome;
	told.http_status = site->status;
	told.error = "the reason";
	told.body = slice(site->body);
	if (site->effective)
		told.url = slice(site->effective);
	(void) wf_sitemap_feed(sitemap, told.body);
	wf_sitemap_finish(sitemap, true, &report);
	wf_discovery_answer(discovery, &told);
	wf_sitemap_free(sitemap);
}

/* Search a site; what was asked for is then in asked, the result in result. */
static void
search(const char *domain, const Answer *site)
{
	WfDiscoveryRequest request;

	wf_discovery_free(discovery);
	discovery = wf_discovery_create(slice(domain), true, false);
	asked[0] = '\0';
	while (wf_discovery_next(discovery, &request))
	{
		size_t		len = strlen(asked);

		snprintf(asked + len, sizeof(asked) - len, "%s%.*s", len ? " " : "",
				 (int) request.url.len, request.url.data);
		answer(&request, site);
	}
	wf_discovery_result(discovery, &result);
}

static void
found(const char *domain, const Answer *site, const char *expected_asked, const char *url,
	  WfFoundBy by, const char *name)
{
	search(domain, site);
	is(slice(asked), expected_asked, name);
	if (ok(result.outcome == WF_OUTCOME_OK && result.count == 1, "one is found"))
	{
		is(result.items[0].url, url, "its URL");
		ok(result.items[0].found_by == by && result.items[0].is_sitemap, "where it was");
	}
}

static void
test_places(void)
{
	static const Answer named[] = {
		PAGE("https://x.test/robots.txt", "Sitemap: https://x.test/s.xml\nSitemap: /s.xml\n"),
		PAGE("https://x.test/s.xml", URLSET), NOT_FOUND
	};
	static const Answer several[] = {
		PAGE("https://x.test/robots.txt", "sitemap:a.xml\nsitemap: https://cdn.test/b.xml\nsitemap: /gone"),
		PAGE("https://x.test/a.xml", URLSET), PAGE("https://cdn.test/b.xml", INDEX), NOT_FOUND
	};
	static const Answer usual[] = {PAGE("https://x.test/sitemap.xml", INDEX), NOT_FOUND};
	static const Answer linked[] = {
		PAGE("https://x.test/", "<link rel='icon' href='/sitemap.xml.ico'><LINK href='/map?a=1&amp;b=2' "
			 "REL='alternate SiteMap'><a href='/sitemap'>Site map</a>"),
		PAGE("https://x.test/map?a=1&b=2", URLSET), NOT_FOUND
	};
	static const Answer anchored[] = {
		PAGE("https://x.test/", "<a href='/files/My-SiteMap.xml?x'>XML</a>"),
		PAGE("https://x.test/files/My-SiteMap.xml?x", URLSET), NOT_FOUND
	};
	static const Answer parts[] = {
		PAGE("https://x.test/page-sitemap.xml", URLSET), PAGE("https://x.test/post-sitemap.xml", URLSET),
		NOT_FOUND
	};

	found("x.test", named, "https://x.test/robots.txt https://x.test/s.xml", "https://x.test/s.xml",
		  WF_FOUND_ROBOTS, "robots.txt names it");
	ok(result.items[0].url_count == 1 && result.items[0].type == WF_SITEMAP_URLSET, "what it is");
	search("x.test", several);
	ok(result.count == 2 && result.items[1].type == WF_SITEMAP_INDEX, "several, one elsewhere");
	found("x.test", usual, "https://x.test/robots.txt https://x.test/sitemap.xml",
		  "https://x.test/sitemap.xml", WF_FOUND_PATH, "where it mostly is");
	found("x.test", linked, "https://x.test/robots.txt https://x.test/sitemap.xml "
		  "https://x.test/sitemap_index.xml https://x.test/wp-sitemap.xml https://x.test/ "
		  "https://x.test/map?a=1&b=2", "https://x.test/map?a=1&b=2", WF_FOUND_HTML,
		  "the home page links to it");
	search("x.test", anchored);
	ok(result.count == 1 && result.items[0].found_by == WF_FOUND_HTML, "an anchor");
	search("x.test", parts);
	is_int(result.count, 2, "parts of a site are all looked for");
}

static void
test_schemes(void)
{
	static const Answer plain[] = {
		{"https://x.test/robots.txt", WF_OUTCOME_CONNECT, 0, "", NULL},
		PAGE("http://x.test/robots.txt", "Sitemap: /s.xml"), PAGE("http://x.test/s.xml", URLSET),
		NOT_FOUND
	};
	static const Answer moved[] = {
		{"https://x.test/robots.txt", WF_OUTCOME_OK, 200, "#", "https://www.x.test/robots.txt"},
		PAGE("https://www.x.test/sitemap.xml", URLSET), NOT_FOUND
	};
	static const Answer parked[] = {
		{"https://x.test/robots.txt", WF_OUTCOME_OK, 200, "", "https://parked.test/robots.txt"},
		{"https://x.test/sitemap.xml", WF_OUTCOME_OK, 200, URLSET, "https://parked.test/sitemap.xml"},
		NOT_FOUND
	};
	static const Answer nobody[] = {{NULL, WF_OUTCOME_CONNECT, 0, "", NULL}};

	found("x.test", plain, "https://x.test/robots.txt http://x.test/robots.txt http://x.test/s.xml",
		  "http://x.test/s.xml", WF_FOUND_ROBOTS, "http when there is no https");
	found(" HTTP://www.X.test/a/b ", (Answer[]) {PAGE("http://www.x.test/sitemap.xml", URLSET), NOT_FOUND},
		  "http://www.x.test/robots.txt http://www.x.test/sitemap.xml",
		  "http://www.x.test/sitemap.xml", WF_FOUND_PATH, "as the domain says");
	found("x.test", moved, "https://x.test/robots.txt https://www.x.test/sitemap.xml",
		  "https://www.x.test/sitemap.xml", WF_FOUND_PATH, "where redirects lead");
	search("x.test", parked);
	is_int(result.outcome, WF_OUTCOME_NONE_FOUND, "but not to another site");
	search("x.test", nobody);
	ok(result.outcome == WF_OUTCOME_CONNECT && result.requests == 2, "nobody there");
	is(slice(result.error), "the reason", "and why");
	search("not a domain", nobody);
	ok(result.outcome == WF_OUTCOME_BAD_URL && result.requests == 0, "no domain");
	search("", nobody);
	is_int(result.outcome, WF_OUTCOME_BAD_URL, "nothing");
}

static void
test_none(void)
{
	static const Answer none[] = {NOT_FOUND};
	static const Answer soft[] = {{NULL, WF_OUTCOME_OK, 200, SOFT404, NULL}};
	static const Answer closed[] = {
		PAGE("https://x.test/robots.txt", "User-agent: *\nDisallow: /"),
		{NULL, WF_OUTCOME_ROBOTS, 0, "", NULL}
	};
	static const Answer dns[] = {{NULL, WF_OUTCOME_DNS, 0, "", NULL}};
	static const Answer down[] = {{NULL, WF_OUTCOME_HTTP_SERVER, 503, "", NULL}};
	static const Answer later[] = {
		PAGE("https://x.test/robots.txt", "Sitemap: /s.xml"), {NULL, WF_OUTCOME_TIMEOUT, 0, "", NULL}
	};
	static const Answer deferred[] = {
		PAGE("https://x.test/robots.txt", ""), {NULL, WF_OUTCOME_DEFERRED, 0, "", NULL}
	};

	search("x.test", none);
	ok(result.outcome == WF_OUTCOME_NONE_FOUND && result.requests == 20, "nothing in 20 requests");
	is(slice(result.error), "no sitemap found", "is the reason");
	search("x.test", soft);
	ok(result.outcome == WF_OUTCOME_NONE_FOUND && result.count == 0, "soft 404 are no sitemaps");
	search("x.test", closed);
	ok(result.outcome == WF_OUTCOME_NONE_FOUND && strstr(result.error, "robots.txt forbids") != NULL,
	   "a closed site");
	search("x.test", dns);
	ok(result.outcome == WF_OUTCOME_DNS && result.requests == 1, "no name");
	search("x.test", down);
	ok(result.outcome == WF_OUTCOME_HTTP_SERVER && result.requests == 1 && result.http_status == 503,
	   "no robots.txt, nothing else");
	search("x.test", later);
	ok(result.outcome == WF_OUTCOME_TIMEOUT && result.requests == 3, "failures are not \"none\"");
	search("x.test", deferred);
	ok(result.outcome == WF_OUTCOME_DEFERRED && result.requests == 2, "later");
}

static void
test_limits(void)
{
	Answer		site[] = {PAGE("https://x.test/robots.txt", NULL), NOT_FOUND};
	char	   *robots = malloc(200000);
	size_t		len = 0;

	for (int i = 0; i < 5000; i++)
		len += sprintf(robots + len, "Sitemap: /%d.xml\n", i);
	site[0].body = robots;
	search("x.test", site);
	ok(result.outcome == WF_OUTCOME_NONE_FOUND &&
	   result.requests <= WF_DISCOVERY_MAX_REQUESTS, "%d requests at most", result.requests);
	free(robots);
}

int
main(void)
{
	test_places();
	test_schemes();
	test_none();
	test_limits();
	wf_discovery_free(discovery);
	return done();
}
