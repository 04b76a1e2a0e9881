/*-------------------------------------------------------------------------
 *
 * test_url.c
 *	  core/wf_url.c; the bulk of cases is check_urls.py.
 *
 *-------------------------------------------------------------------------
 */
#include "test/unit/unit.h"

#include "core/wf_url.h"

static WfArena *arena;

static void
parses(const char *input, const char *base, const char *expected)
{
	WfUrl		base_url;
	WfUrl		url;
	char		name[512];

	snprintf(name, sizeof(name), "%s (%s)", input, base != NULL ? base : "absolute");
	if (base != NULL && wf_url_parse(arena, slice(base), NULL, &base_url) != WF_OK)
		ok(false, "base of %s", name);
	else if (wf_url_parse(arena, slice(input), base != NULL ? &base_url : NULL, &url) != WF_OK)
		is(slice("!"), expected, name);
	else
		is(url.href, expected, name);
}

static void
test_absolute(void)
{
	parses(" HTTP://Example.ORG:80\t/a b\n#f ", NULL, "http://example.org/a%20b");
	parses("https://example.org:443", NULL, "https://example.org/");
	parses("https://example.org:80", NULL, "https://example.org:80/");
	parses("http:\\\\example.org\\a\\b?c\\d", NULL, "http://example.org/a/b?c\\d");
	parses("http:example.org", NULL, "http://example.org/");
	parses("http://user:pw@example.org@example.net/", NULL, "http://example.net/");
	parses("http://example.org/a/./b/../c/%2E%2e/d/.", NULL, "http://example.org/a/d/");
	parses("http://example.org/../..", NULL, "http://example.org/");
	parses("http://example.org?q='\"<>\xC3\xA4", NULL, "http://example.org/?q=%27%22%3C%3E%C3%A4");
	parses("http://example.org/\xFF%zz%41", NULL, "http://example.org/%EF%BF%BD%zz%41");
	parses("http://b\xC3\xBC" "cher.de/", NULL, "http://xn--bcher-kva.de/");
	parses("http://B%C3%9C" "CHER.de/", NULL, "http://xn--bcher-kva.de/");
	parses("http://b\xC3\xBC" "cher\xE3\x80\x82" "de", NULL, "http://xn--bcher-kva.de/");
	parses("http://example.org./", NULL, "http://example.org./");
}

static void
test_addresses(void)
{
	parses("http://0x7f.1/", NULL, "http://127.0.0.1/");
	parses("http://2130706433/", NULL, "http://127.0.0.1/");
	parses("http://0177.0.0.01/", NULL, "http://127.0.0.1/");
	parses("http://127.1./", NULL, "http://127.0.0.1/");
	parses("http://%31%32%37.0.0.1/", NULL, "http://127.0.0.1/");
	parses("http://\xEF\xBC\x91\xEF\xBC\x92\xEF\xBC\x97\xEF\xBC\x8E\xEF\xBC\x91/", NULL,
		   "http://127.0.0.1/");
	parses("http://\xE2\x91\xA0.\xE2\x91\xA0/", NULL, "http://1.0.0.1/");
	parses("http://0x/", NULL, "http://0.0.0.0/");
	parses("http://4294967296/", NULL, "!");
	parses("http://256.0.0.1/", NULL, "!");
	parses("http://1.2.3.4.5/", NULL, "!");
	parses("http://1.2.3.08/", NULL, "!");
	parses("http://[::FFFF:1.2.3.4]:81/", NULL, "http://[::ffff:102:304]:81/");
	parses("http://[1:0:0:2:0:0:0:3]/", NULL, "http://[1:0:0:2::3]/");
	parses("http://[::]/", NULL, "http://[::]/");
	parses("http://[0:0:1:0:0:0:0:0]/", NULL, "http://[0:0:1::]/");
	parses("http://[1:0:2:3:4:5:6:7]/", NULL, "http://[1:0:2:3:4:5:6:7]/");
	parses("http://[::1%25eth0]/", NULL, "!");
	parses("http://[::1/", NULL, "!");
	parses("http://[1::2::3]/", NULL, "!");
}

static void
test_refused(void)
{
	WfSlice		label = repeat("a.", 127);
	WfSlice		path = repeat("a/", WF_MAX_URL / 2);
	char		text[WF_MAX_URL + 100];
	WfUrl		url;

	parses("", NULL, "!");
	parses("example.org", NULL, "!");
	parses("//example.org/", NULL, "!");
	parses("ftp://example.org/", NULL, "!");
	parses("file:///etc/passwd", NULL, "!");
	parses("javascript:alert(1)", "http://example.org/", "!");
	parses("mailto:a@example.org", "http://example.org/", "!");
	parses("http://", NULL, "!");
	parses("http:///", NULL, "!");
	parses("http://:80/", NULL, "!");
	parses("http://a b/", NULL, "!");
	parses("http://a%00b/", NULL, "!");
	parses("http://a%2fb/", NULL, "!");
	parses("http://a<b/", NULL, "!");
	parses("http://example.org:99999/", NULL, "!");
	parses("http://example.org:8a/", NULL, "!");
	parses("http://example.org:-1/", NULL, "!");
	parses("http://\xC2\xAD/", NULL, "!");
	ok(wf_url_parse(arena, (WfSlice) {"http://a\0b/", 11}, NULL, &url) == WF_ERR_SYNTAX,
	   "a NUL in a host");
	ok(wf_url_parse(arena, (WfSlice) {"http://a/\0", 10}, NULL, &url) == WF_OK, "or at the end");
	sprintf(text, "http://%s/", label.data);
	ok(wf_url_parse(arena, slice(text), NULL, &url) == WF_ERR_LIMIT, "a host of 254 bytes");
	sprintf(text, "http://%.253s/", label.data);
	ok(wf_url_parse(arena, slice(text), NULL, &url) == WF_OK, "one of 253");
	sprintf(text, "http://x/%s", path.data);
	ok(wf_url_parse(arena, slice(text), NULL, &url) == WF_ERR_LIMIT, "a long URL");
	text[WF_MAX_URL - 1] = '\0';
	ok(wf_url_parse(arena, slice(text), NULL, &url) == WF_OK, "one just not too long");
	memset(text + 10, ' ', 3000);
	ok(wf_url_parse(arena, slice(text), NULL, &url) == WF_ERR_LIMIT, "or too long when encoded");
	free((void *) label.data);
	free((void *) path.data);
}

static void
test_relative(void)
{
	const char *base = "https://example.org:8443/a/b/c?d#e";

	parses("", base, "https://example.org:8443/a/b/c?d");
	parses("#x", base, "https://example.org:8443/a/b/c?d");
	parses("?x", base, "https://example.org:8443/a/b/c?x");
	parses("?", base, "https://example.org:8443/a/b/c?");
	parses("x", base, "https://example.org:8443/a/b/x");
	parses("../x/./y", base, "https://example.org:8443/a/x/y");
	parses("../../../x", base, "https://example.org:8443/x");
	parses("..", base, "https://example.org:8443/a/");
	parses("/x", base, "https://example.org:8443/x");
	parses("\\x", base, "https://example.org:8443/x");
	parses("//example.net/x", base, "https://example.net/x");
	parses("/\\example.net/x", base, "https://example.net/x");
	parses("https:x", base, "https://example.org:8443/a/b/x");
	parses("https:/x", base, "https://example.org:8443/x");
	parses("http:x", base, "http://x/");
	parses("http://example.net", base, "http://example.net/");
	parses("x:y", base, "!");
	parses("/x:y", base, "https://example.org:8443/x:y");
	parses("x", "http://[::1]:81/", "http://[::1]:81/x");
}

static void
test_parts(void)
{
	WfUrl		url;
	WfUrl		other;

	wf_url_parse(arena, slice("https://u@Example.org:8443/a/b?c=d#e"), NULL, &url);
	is(url.scheme, "https", "scheme");
	is(url.host, "example.org", "host");
	is(url.path, "/a/b", "path");
	is(url.query, "c=d", "query");
	is(url.target, "/a/b?c=d", "target");
	is_int(url.port, 8443, "port");
	ok(url.is_https && !url.has_default_port && url.has_query && url.has_credentials &&
	   url.host_type == WF_HOST_NAME, "flags");
	wf_url_parse(arena, slice("http://[::1]"), NULL, &other);
	is(other.host, "::1", "an address is without brackets");
	ok(other.host_type == WF_HOST_IPV6 && other.address[15] == 1 && other.address[0] == 0 &&
	   other.port == 80 && other.has_default_port && !other.has_query && !other.has_credentials,
	   "flags of another");
	ok(!wf_url_same_origin(&url, &other), "two origins");
	wf_url_parse(arena, slice("https://example.org:8443/"), NULL, &other);
	ok(wf_url_same_origin(&url, &other), "one origin");
	ok(wf_url_host_in_domain(slice("www.Example.org."), slice("example.ORG")), "in a domain");
	ok(wf_url_host_in_domain(slice("example.org"), slice("example.org")), "the domain itself");
	ok(!wf_url_host_in_domain(slice("badexample.org"), slice("example.org")), "not in it");
	ok(!wf_url_host_in_domain(slice("example.org"), slice("")), "nothing is in none");
}

int
main(void)
{
	arena = wf_arena_create(16 * 1024 * 1024);
	test_absolute();
	test_addresses();
	test_refused();
	test_relative();
	test_parts();
	wf_arena_free(arena);
	return done();
}
