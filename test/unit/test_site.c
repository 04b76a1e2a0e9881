/*-------------------------------------------------------------------------
 *
 * test_site.c
 *	  The site of a URL, and that the short way to it agrees with the long one.
 *
 *-------------------------------------------------------------------------
 */
#include "unit.h"

#include "core/wf_site.h"

static WfArena *arena;

static void
site_is(const char *text, const char *expected)
{
	char		site[WF_MAX_SITE + 1];
	char		name[256];
	size_t		len = wf_site_of_text(arena, slice(text), site);

	snprintf(name, sizeof(name), "site of \"%s\"", text);
	is((WfSlice) {site, len}, expected, name);
}

static void
test_names(void)
{
	site_is("http://example.org/a?b#c", "example.org");
	site_is("https://example.org", "example.org");
	site_is("https://www.example.org/", "example.org");
	site_is("HTTP://WWW.Example.ORG:80/", "example.org");
	site_is("https://example.org:443/", "example.org");
	site_is("http://example.org:443/", "example.org:443");
	site_is("http://example.org:8080/", "example.org:8080");
	site_is("http://www2.example.org/", "www2.example.org");
	site_is("http://www.org/", "www.org");
	site_is("example.org", "example.org");
	site_is("www.example.org", "example.org");
	site_is("Example.org", "example.org");
	site_is("http://user:secret@example.org/", "example.org");
	site_is("http://example.org?x", "example.org");
	site_is("http://xn--mnchen-3ya.de/", "xn--mnchen-3ya.de");
	site_is("http://m\xc3\xbcnchen.de/", "xn--mnchen-3ya.de");
}

static void
test_addresses(void)
{
	site_is("http://127.0.0.1/", "127.0.0.1");
	site_is("http://2130706433:8080/", "127.0.0.1:8080");
	site_is("http://0x7f.1/", "127.0.0.1");
	site_is("http://example.0x7f/", "");
	site_is("http://[::1]:81/", "[::1]:81");
	site_is("http://[0:0::1]/", "[::1]");
}

static void
test_nonsense(void)
{
	site_is("", "");
	site_is("ftp://example.org/", "");
	site_is("http://", "");
	site_is("http://a..b/", "a..b");
	site_is("two words", "");
	is_int(wf_site_hash(slice("")) == 0, 1, "no site, no key");
	ok(wf_site_hash(slice("a.org")) != wf_site_hash(slice("b.org")), "keys differ");
}

static void
test_validators(void)
{
	char		line[WF_MAX_VALIDATOR + 2];

	memset(line, 'a', sizeof(line));
	ok(wf_site_is_validator(slice("\"abc\"")), "an entity tag");
	ok(!wf_site_is_validator(slice("\"abc\"\r\nX: y")), "nothing that ends a header line");
	ok(!wf_site_is_validator(slice("")) && !wf_site_is_validator(slice("\xe9")), "nor bytes beyond ASCII");
	ok(!wf_site_is_validator((WfSlice) {line, sizeof(line)}), "nor a long one");
}

int
main(void)
{
	arena = wf_arena_create(1024 * 1024);
	test_names();
	test_addresses();
	test_nonsense();
	test_validators();
	wf_arena_free(arena);
	return done();
}
