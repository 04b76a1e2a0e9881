/*-------------------------------------------------------------------------
 *
 * test_robots.c
 *	  robots.txt: our own cases, and where the public test data are at hand
 *	  (beside this repository, or where WF_VECTORS says) Google's unit tests
 *	  and what Google's parser answers about real files.
 *
 *-------------------------------------------------------------------------
 */
#define _GNU_SOURCE
#include "unit.h"

#include "core/wf_robots.h"
#include "core/wf_text.h"

static WfArena *arena;

static bool
allowed(const char *file, const char *token, const char *target)
{
	WfRobots	robots;

	wf_arena_reset(arena);
	return wf_robots_parse(arena, slice(file), slice(token), &robots) == WF_OK &&
		wf_robots_allows(&robots, slice(target));
}

static void
test_groups(void)
{
	const char *file = "User-agent: wf_curation\nDisallow: /private\n\n"
		"User-agent: *\nDisallow: /\n";

	ok(allowed("", "wf_curation", "/"), "an empty file allows");
	ok(allowed(file, "wf_curation", "/"), "our own group counts");
	ok(!allowed(file, "wf_curation", "/private/x"), "and forbids");
	ok(!allowed(file, "other", "/"), "others get the group for all");
	ok(allowed(file, "wf_curation", "/robots.txt") && allowed(file, "other", "/robots.txt"),
	   "robots.txt itself is always allowed");
	ok(!allowed("User-Agent: WF_Curation\nDisallow: /", "wf_curation", "/"), "token in any case");
	ok(!allowed("user-agent: wf_curation/2.0 (x)\ndisallow: /", "wf_curation", "/"),
	   "a version behind the token");
	ok(allowed("user-agent: wf_curation2\ndisallow: /", "wf_cur", "/"), "no prefix of a token");
	ok(!allowed("user-agent: a\nuser-agent: wf_curation\ndisallow: /", "wf_curation", "/"),
	   "several tokens for one group");
	ok(!allowed("user-agent: wf_curation\nallow: /a\nuser-agent: b\ndisallow: /\n"
				"user-agent: wf_curation\ndisallow: /c", "wf_curation", "/c"),
	   "groups for one token are merged");
	ok(allowed("user-agent: *\ndisallow: /\nuser-agent: wf_curation\ncrawl-delay: 1", "wf_curation", "/"),
	   "a group without rules for us replaces that for all");
	ok(allowed("disallow: /\nuser-agent: x\n", "wf_curation", "/"), "rules outside groups do not count");
	ok(allowed("user-agent: *\nsitemap: /s\ndisallow:\n", "wf_curation", "/"), "empty disallow");
}

static void
test_rules(void)
{
	ok(!allowed("user-agent: *\ndisallow: /a", "x", "/a"), "exactly");
	ok(!allowed("user-agent: *\ndisallow: /a", "x", "/abc"), "as a prefix");
	ok(allowed("user-agent: *\ndisallow: /a", "x", "/b/a"), "not inside");
	ok(allowed("user-agent: *\ndisallow: /a", "x", "/A"), "paths mind case");
	ok(allowed("user-agent: *\ndisallow: /a\nallow: /a/b", "x", "/a/b/c"), "the longest wins");
	ok(!allowed("user-agent: *\nallow: /a\ndisallow: /a/b", "x", "/a/b/c"), "either way");
	ok(allowed("user-agent: *\ndisallow: /a\nallow: /a", "x", "/a"), "allow among equals");
	ok(!allowed("user-agent: *\ndisallow: /*.php", "x", "/d/index.php?x"), "star");
	ok(!allowed("user-agent: *\ndisallow: /*.php$", "x", "/index.php"), "star and end");
	ok(allowed("user-agent: *\ndisallow: /*.php$", "x", "/index.php?x"), "end means end");
	ok(!allowed("user-agent: *\ndisallow: /*.php$", "x", "/a.php/b.php"), "the last of several");
	ok(!allowed("user-agent: *\ndisallow: /a$", "x", "/a"), "end without star");
	ok(allowed("user-agent: *\ndisallow: /a$", "x", "/ab"), "end without star, longer");
	ok(allowed("user-agent: *\ndisallow: /a*aa$", "x", "/aa"), "pieces do not overlap");
	ok(!allowed("user-agent: *\ndisallow: /a$b", "x", "/a$b"), "$ inside is a dollar");
	ok(!allowed("user-agent: *\ndisallow: *", "x", "/"), "star alone");
	ok(!allowed("user-agent: *\ndisallow: /\xc3\xa4", "x", "/%c3%A4/x"), "bytes and escapes");
	ok(!allowed("user-agent: *\ndisallow: /%c3%a4", "x", "/%C3%A4/x"), "case of escapes");
	ok(allowed("user-agent: *\nallow: /d/index.html\ndisallow: /", "x", "/d/"), "index.html is its directory");
	ok(!allowed("user-agent: *\nallow: /d/index.html\ndisallow: /", "x", "/d/x"), "and not what is in it");
	ok(!allowed("user-agent: *\ndisallow: /q?", "x", "/q?a=1"), "query");
}

static void
test_lines(void)
{
	ok(!allowed("\xef\xbb\xbfuser-agent: *\ndisallow: /", "x", "/"), "BOM");
	ok(!allowed("user-agent: *\r\ndisallow: /\r\n", "x", "/"), "CRLF");
	ok(!allowed("user-agent: *\rdisallow: /\r", "x", "/"), "CR");
	ok(!allowed("  user-agent :  *  # all\n\tdisallow\t: / # nothing", "x", "/"), "blanks and comments");
	ok(!allowed("user-agent *\ndisallow /", "x", "/"), "missing colons");
	ok(!allowed("useragent: *\ndissallow: /", "x", "/"), "misspellings");
	ok(!allowed("user-agent: *\n\n\ndisallow: /", "x", "/"), "empty lines do not end a group");
	ok(allowed("<html><body>user-agent: *<br>disallow: /</body></html>", "x", "/"), "a web page");
}

static void
test_delay_and_token(void)
{
	WfRobots	robots;
	static const struct
	{
		const char *value;
		int			ms;
	}			delays[] =
	{
		{"10", 10000}, {"0.5", 500}, {"1.25", 1250}, {"0", 0}, {"-1", 0}, {"many", 0},
		{"86400", WF_ROBOTS_MAX_DELAY}, {"99999999999999999999", WF_ROBOTS_MAX_DELAY}, {"2 s", 2000},
	};

	for (size_t i = 0; i < sizeof(delays) / sizeof(delays[0]); i++)
	{
		char		file[100];

		snprintf(file, sizeof(file), "user-agent: *\ncrawl-delay: %s\n", delays[i].value);
		wf_arena_reset(arena);
		wf_robots_parse(arena, slice(file), slice("x"), &robots);
		ok(robots.crawl_delay_ms == delays[i].ms, "crawl-delay %s is %d ms", delays[i].value, delays[i].ms);
	}
	is(wf_robots_token(slice("wf_curation/1.0 (x)")), "wf_curation", "token of our header");
	is(wf_robots_token(slice("Mozilla/5.0 (compatible; MyBot/2.1; +http://x/)")), "MyBot",
	   "token of a header in browser style");
	is(wf_robots_token(slice("123")), "", "no token");
}

/* Time is linear: many rules, each with many stars, and a long path. */
static void
test_cost(void)
{
	WfSlice		stars = repeat("*a", 2000);
	WfSlice		target = repeat("a", 8000);
	WfSlice		rules = repeat("disallow: /*a*a*a*a*a*a*a*a*a*a*b\n", 15000);
	WfSlice		lines = repeat("user-agent: *\n", 36000);
	char	   *file = malloc(20 + rules.len + stars.len + 20);
	WfRobots	robots;
	double		start = cpu_seconds();

	sprintf(file, "user-agent: *\n%s", rules.data);
	((char *) target.data)[0] = '/';
	wf_robots_parse(arena, (WfSlice) {file, strlen(file)}, slice("x"), &robots);
	ok(wf_robots_allows(&robots, target), "no rule matches");
	sprintf(file, "user-agent: *\ndisallow: /%sb\n", stars.data);
	wf_robots_parse(arena, (WfSlice) {file, strlen(file)}, slice("x"), &robots);
	ok(wf_robots_allows(&robots, target), "a rule of many stars");
	wf_robots_parse(arena, lines, slice("x"), &robots);
	ok(robots.count == 0, "groups only");
	ok(cpu_seconds() - start < 5, "in %.2f s", cpu_seconds() - start);
	free(file);
	free((char *) stars.data);
	free((char *) target.data);
	free((char *) rules.data);
	free((char *) lines.data);
}

/* ---------- public test data ---------- */

static const char *
vector_path(const char *name)
{
	static char path[1024];
	const char *dir = getenv("WF_VECTORS");

	snprintf(path, sizeof(path), "%s/robots/%s", dir ? dir : "../shared/vectors", name);
	return path;
}

static WfSlice
read_whole(const char *path)
{
	FILE	   *file = fopen(path, "rb");
	char	   *data = malloc(4 * 1024 * 1024);
	size_t		len = file ? fread(data, 1, 4 * 1024 * 1024, file) : 0;

	if (file)
		fclose(file);
	return (WfSlice) {data, file ? len : 0};
}

/* Path and query of a URL as the reference takes them; "/" when there is none. */
static WfSlice
target_of(WfSlice url)
{
	const char *start = memmem(url.data, url.len, "://", 3);
	const char *end = url.data + url.len;
	const char *p = start ? start + 3 : url.data;
	const char *hash;

	while (p < end && *p != '/' && *p != '?' && *p != ';' && *p != '#')
		p++;
	hash = memchr(p, '#', end - p);
	if (hash)
		end = hash;
	if (p == end || *p != '/')
	{
		char	   *copy = wf_arena_alloc(arena, end - p + 1);

		copy[0] = '/';
		memcpy(copy + 1, p, end - p);
		return (WfSlice) {copy, (p == end ? 0 : end - p) + 1};
	}
	return (WfSlice) {p, end - p};
}

/* Value of a string field of a flat JSON object; bytes beyond ASCII as \u00XX. */
static WfSlice
json_string(const char *line, const char *name)
{
	char		key[32];
	const char *p;
	char	   *out;
	size_t		len = 0;

	snprintf(key, sizeof(key), "\"%s\":\"", name);
	p = strstr(line, key);
	if (p == NULL)
		return WF_SLICE_EMPTY;
	out = wf_arena_alloc(arena, strlen(p) + 1);
	for (p += strlen(key); *p && *p != '"'; p++)
	{
		if (*p != '\\')
			out[len++] = *p;
		else if (*++p == 'u')
		{
			out[len++] = (char) (wf_text_hex_value(p[3]) << 4 | wf_text_hex_value(p[4]));
			p += 4;
		}
		else
			out[len++] = *p == 'n' ? '\n' : *p == 'r' ? '\r' : *p == 't' ? '\t' : *p;
	}
	return (WfSlice) {out, len};
}

static void
test_google_unit(void)
{
	static char line[1024 * 1024];
	FILE	   *file = fopen(vector_path("google_robotstxt_unit.jsonl"), "r");
	int			total = 0;
	int			passed = 0;

	if (file == NULL)
	{
		printf("# SKIP Google's unit tests are not at hand\n");
		return;
	}
	while (fgets(line, sizeof(line), file))
	{
		WfRobots	robots;
		bool		expected = strstr(line, "\"allowed\":true") != NULL;
		WfSlice		agent;
		WfSlice		url;

		wf_arena_reset(arena);
		agent = json_string(line, "agent");
		url = json_string(line, "url");
		if (url.len > WF_MAX_URL)
			continue;			/* never fetched */
		wf_robots_parse(arena, json_string(line, "robots"), agent, &robots);
		total++;
		if (wf_robots_allows(&robots, target_of(url)) == expected)
			passed++;
		else
			printf("# differs: %.300s\n", line);
	}
	fclose(file);
	ok(passed == total, "Google's unit tests: %d of %d", passed, total);
}

static void
test_real_files(void)
{
	static char line[65536];
	FILE	   *oracle = fopen(vector_path("real_oracle.tsv"), "r");
	WfSlice		text = WF_SLICE_EMPTY;
	char		last[256] = "";
	int			total = 0;
	int			passed = 0;

	if (oracle == NULL)
	{
		printf("# SKIP real files are not at hand\n");
		return;
	}
	while (fgets(line, sizeof(line), oracle))
	{
		char	   *fields[5] = {line};
		WfRobots	robots;

		for (int i = 1; i < 5 && fields[i - 1]; i++)
		{
			fields[i] = strchr(fields[i - 1], '\t');
			if (fields[i])
				*fields[i]++ = '\0';
		}
		if (line[0] == '#' || fields[4] == NULL)
			continue;
		if (strcmp(last, fields[0]) != 0)
		{
			char		name[300];

			snprintf(name, sizeof(name), "real/%s", fields[0]);
			snprintf(last, sizeof(last), "%s", fields[0]);
			free((char *) text.data);
			text = read_whole(vector_path(name));
		}
		wf_arena_reset(arena);
		wf_robots_parse(arena, text, slice(fields[1]), &robots);
		total++;
		if (wf_robots_allows(&robots, target_of(slice(fields[2]))) == (fields[3][0] == '1'))
			passed++;
		else if (total - passed < 20)
			printf("# differs: %s %s %s, expected %s\n", fields[0], fields[1], fields[2], fields[3]);
	}
	fclose(oracle);
	free((char *) text.data);
	ok(passed == total, "real files: %d of %d answers as Google's parser", passed, total);
}

static void
test_sitemaps(void)
{
	WfSlice		text;
	WfSlice		file = slice("\xef\xbb\xbfSitemap: http://a.test/1.xml # main\nUser-agent: *\n"
							 "Disallow: /\nSITE-MAP :/2.xml\r\nsitemap:\nsitemaps: x y\n  sitemap 3.xml");
	WfSlice		url;

	ok(wf_robots_text(arena, file, &text) == WF_OK, "the text");
	file = text;
	ok(wf_robots_next_sitemap(&file, &url), "a sitemap");
	is(url, "http://a.test/1.xml", "its URL");
	ok(wf_robots_next_sitemap(&file, &url), "another, within a group");
	is(url, "/2.xml", "relative");
	ok(wf_robots_next_sitemap(&file, &url), "a misspelt one");
	is(url, "x y", "as it stands there");
	ok(wf_robots_next_sitemap(&file, &url), "without a colon");
	is(url, "3.xml", "its URL");
	ok(!wf_robots_next_sitemap(&file, &url), "no more");
}

/* Twice as many bytes, the low one of each character first or last. */
static WfSlice
utf16(const char *latin1, bool big_endian)
{
	size_t		len = strlen(latin1);
	char	   *bytes = calloc(len + 1, 2);

	memcpy(bytes, big_endian ? "\xfe\xff" : "\xff\xfe", 2);
	for (size_t i = 0; i < len; i++)
		bytes[2 + 2 * i + big_endian] = latin1[i];
	return (WfSlice) {bytes, 2 * len + 2};
}

static void
test_charsets(void)
{
	static const char rules[] = "User-agent: *\nDisallow: /caf\xe9/\nSitemap: /m.xml\n";
	WfSlice		text;
	WfSlice		url;
	WfRobots	robots;

	for (int big = 0; big <= 1; big++)
	{
		WfSlice		file = utf16(rules, big == 1);

		ok(wf_robots_parse(arena, file, slice("wf_curation"), &robots) == WF_OK, "UTF-16");
		ok(!wf_robots_allows(&robots, slice("/caf%C3%A9/x")), "UTF-16: its rules");
		ok(wf_robots_allows(&robots, slice("/caf%E9/x")), "UTF-16: and no others");
		ok(wf_robots_text(arena, file, &text) == WF_OK && wf_robots_next_sitemap(&text, &url),
		   "UTF-16: a sitemap");
		is(url, "/m.xml", "its URL");
		free((char *) file.data);
	}
	wf_robots_parse(arena, slice(rules), slice("wf_curation"), &robots);
	ok(!wf_robots_allows(&robots, slice("/caf%E9/x")), "windows-1252: as the bytes stand");
	ok(!wf_robots_allows(&robots, slice("/caf%c3%a9/x")), "windows-1252: and as links have them");
	ok(wf_robots_allows(&robots, slice("/caf%C3/x")), "windows-1252: nothing else");
}

int
main(void)
{
	arena = wf_arena_create((size_t) 256 * 1024 * 1024);
	test_groups();
	test_rules();
	test_lines();
	test_delay_and_token();
	test_cost();
	test_google_unit();
	test_real_files();
	test_sitemaps();
	test_charsets();
	wf_arena_free(arena);
	return done();
}
