/*-------------------------------------------------------------------------
 *
 * test_website.c
 *	  core/wf_website.c: what people write into a field for a web site.
 *
 *-------------------------------------------------------------------------
 */
#include "test/unit/unit.h"

#include "core/wf_website.h"

static WfArena *arena;

static void
names(const char *text, const char *host)
{
	WfWebsite		site;
	char		name[400];

	snprintf(name, sizeof(name), "%.300s", text);
	if (wf_website_parse(arena, slice(text), &site) != WF_OK || site.kind != WF_WEBSITE_NAME)
		ok(false, "%s is a site", name);
	else
	{
		is(site.host, host, name);
		ok(site.host.data[site.host.len] == '\0', "%s: terminated", name);
	}
}

static void
is_kind(const char *text, WfWebsiteKind kind)
{
	WfWebsite		site;
	char		name[400];

	snprintf(name, sizeof(name), "%.300s", text);
	if (wf_website_parse(arena, slice(text), &site) != WF_OK)
		ok(false, "%s", name);
	else
		is_int(site.kind, kind, name);
}

static void
test_normal_form(void)
{
	names("example.org", "example.org");
	names("  HTTPS://WWW.Example.ORG/Path?q=1#f \n", "example.org");
	names("http://example.org.", "example.org");
	names("http://example.org.:8080/", "example.org");
	names("example.org:8080", "example.org");
	names("http://user:secret@www.example.org:443/", "example.org");
	names("//www.example.org/x", "example.org");
	names("example.org/contact@home", "example.org");
	names("http:\\\\www.example.org\\x", "example.org");
	names("http://b\xC3\x9C" "cher.example", "xn--bcher-kva.example");
	names("xn--bcher-kva.example", "xn--bcher-kva.example");
	names("www.stra\xC3\x9F" "e.example", "xn--strae-oqa.example");
	names("a_b.example.org", "a_b.example.org");
}

static void
test_repeated_schemes(void)
{
	names("https://https://example.org", "example.org");
	names("http://https://http://www.example.org/", "example.org");
	names("https://https//example.org", "example.org");
	names("https//example.org", "example.org");
	names("https:example.org", "example.org");
	names("https:/example.org", "example.org");
	names("http:://example.org", "example.org");
	names("https:// www.example.org", "example.org");
	names("http.example.org", "http.example.org");
	names("https.org", "https.org");
}

static void
test_www(void)
{
	names("awww.example.org", "awww.example.org");
	names("shop.www.example.org", "shop.www.example.org");
	names("www2.example.org", "www2.example.org");
	names("www.www.example.org", "example.org");
	names("www.com", "www.com");
	names("www.co.uk", "www.co.uk");
	names("www.www.com", "www.com");
	names("www.shop.example.co.uk", "shop.example.co.uk");
	names("http://www.example.co.uk", "example.co.uk");
	names("acme.github.io", "acme.github.io");
	names("printer.intranet", "printer.intranet");
}

static void
test_no_site(void)
{
	is_kind("", WF_WEBSITE_EMPTY);
	is_kind(" \t", WF_WEBSITE_EMPTY);
	is_kind("https://", WF_WEBSITE_EMPTY);
	is_kind("http://https://", WF_WEBSITE_EMPTY);
	is_kind("info@example.org", WF_WEBSITE_MAIL);
	is_kind("mailto:info@example.org", WF_WEBSITE_OTHER_SCHEME);
	is_kind("ftp://example.org", WF_WEBSITE_OTHER_SCHEME);
	is_kind("javascript:void(0)", WF_WEBSITE_OTHER_SCHEME);
	is_kind("Joe's Pizza & Grill", WF_WEBSITE_MALFORMED);
	is_kind("example.org, example.net", WF_WEBSITE_MALFORMED);
	is_kind("example.org,example.net", WF_WEBSITE_MALFORMED);
	is_kind("http://example..org/", WF_WEBSITE_MALFORMED);
	is_kind("http://.example.org/", WF_WEBSITE_MALFORMED);
	is_kind("http://-example.org/", WF_WEBSITE_MALFORMED);
	is_kind("http://example-.org/", WF_WEBSITE_MALFORMED);
	is_kind("http://example.org:port/", WF_WEBSITE_MALFORMED);
	is_kind("\xFF\xFE", WF_WEBSITE_MALFORMED);
	is_kind("localhost", WF_WEBSITE_SUFFIX);
	is_kind("localhost:8080", WF_WEBSITE_SUFFIX);
	is_kind("n/a", WF_WEBSITE_SUFFIX);
	is_kind("http://co.uk/", WF_WEBSITE_SUFFIX);
	is_kind("github.io", WF_WEBSITE_SUFFIX);
	is_kind("555-0142", WF_WEBSITE_SUFFIX);
	is_kind("https://www.facebook.com/somebody", WF_WEBSITE_SHARED);
	is_kind("m.facebook.com/somebody", WF_WEBSITE_SHARED);
	is_kind("http://192.0.2.7/", WF_WEBSITE_ADDRESS);
	is_kind("0x7f.1", WF_WEBSITE_ADDRESS);
	is_kind("http://[2001:db8::1]:80/", WF_WEBSITE_ADDRESS);
}

static void
test_ports(void)
{
	WfWebsite	site;

	is_int(wf_website_parse(arena, WF_SLICE("http://127.0.0.1:8080/x"), &site), WF_OK, "address");
	is_int(site.port, 8080, "its port");
	is_int(wf_website_parse(arena, WF_SLICE("127.0.0.1"), &site), WF_OK, "address alone");
	is_int(site.port, 0, "no port");
	is_int(wf_website_parse(arena, WF_SLICE("example.org:8080"), &site), WF_OK, "name");
	is_int(site.port, 0, "names have none");
}

static void
test_limits(void)
{
	static char text[20000];
	WfWebsite		site;
	WfArena    *small = wf_arena_create(64);

	memset(text, 'a', 64);
	strcpy(text + 64, ".example");
	is_kind(text, WF_WEBSITE_MALFORMED);
	memset(text, 'a', 63);
	strcpy(text + 63, ".example");
	names(text, text);
	memset(text, 'a', sizeof(text) - 1);
	is_kind(text, WF_WEBSITE_MALFORMED);
	for (size_t i = 0; i + 8 < sizeof(text); i += 8)
		memcpy(text + i, "https://", 8);
	text[sizeof(text) - 8] = '\0';
	is_kind(text, WF_WEBSITE_EMPTY);
	is_int(wf_website_parse(small, WF_SLICE("www.a-rather-long-name-of-a-site.example"), &site),
		   WF_ERR_NOMEM, "no memory");
	wf_arena_free(small);
	ok(wf_website_fault(WF_WEBSITE_NAME) == NULL, "a name has no fault");
	for (int kind = WF_WEBSITE_SHARED; kind <= WF_WEBSITE_SUFFIX; kind++)
		ok(wf_website_fault(kind) != NULL, "kind %d has a fault", kind);
}

int
main(void)
{
	arena = wf_arena_create(1024 * 1024);
	test_normal_form();
	test_repeated_schemes();
	test_www();
	test_no_site();
	test_ports();
	test_limits();
	wf_arena_free(arena);
	return done();
}
