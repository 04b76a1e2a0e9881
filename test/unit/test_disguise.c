/*-------------------------------------------------------------------------
 *
 * test_disguise.c
 *	  core/wf_disguise.c and core/wf_verdict.c: what is written for people
 *	  only, and what is no address however it looks.
 *
 *-------------------------------------------------------------------------
 */
#include "test/unit/unit.h"

#include "core/wf_disguise.h"
#include "core/wf_verdict.h"

static WfContactScan *scan;

/* The addresses in disguise of a text as "start-end value", one a line. */
static void
finds(const char *text, WfContactTrust trust, const char *expected)
{
	WfDisguise	search = wf_disguise_begin(slice(text), trust);
	WfAddress	address;
	char		got[1024];
	size_t		n = 0;

	while (wf_disguise_next(scan, &search, &address))
		n += sprintf(got + n, "%s%zu-%zu %.*s", n > 0 ? "\n" : "", address.start, address.end,
					 (int) address.len, address.value);
	is((WfSlice) {got, n}, expected, text);
}

static void
test_places(void)
{
	finds("", WF_TRUST_TEXT, "");
	finds("x kim (at) bageri-eg.dk, y", WF_TRUST_TEXT, "2-23 kim@bageri-eg.dk");
	finds("kim[at]bageri-eg[dot]dk", WF_TRUST_TEXT, "0-23 kim@bageri-eg.dk");
	finds("a(at)birke.de b(at)birke.de", WF_TRUST_TEXT, "0-13 a@birke.de\n14-27 b@birke.de");
	finds("kim(at)bageri-eg.dk (at work)", WF_TRUST_TEXT, "0-19 kim@bageri-eg.dk");
	finds("kim%40bageri-eg.dk", WF_TRUST_LINK, "0-18 kim@bageri-eg.dk");
	finds("?mail=kim%40bageri-eg.dk", WF_TRUST_TEXT, "");
	finds("kim at bageri-eg dot dk", WF_TRUST_TEXT, "0-23 kim@bageri-eg.dk");
	finds("we are at bageri-eg.dk today", WF_TRUST_TEXT, "");
	finds("kontakt: kim AT bageri-eg.dk", WF_TRUST_TEXT, "9-28 kim@bageri-eg.dk");
	finds("(KIM AT bageri-eg.dk)", WF_TRUST_TEXT, "");
	finds("e-mail (add @bageri-eg.dk)", WF_TRUST_TEXT, "");
	finds("kim(at)yahoodotcom", WF_TRUST_TEXT, "0-18 kim@yahoo.com");
	finds("** at **", WF_TRUST_TEXT, "");
	finds("((((at))))", WF_TRUST_TEXT, "");
	finds("(at)bageri-eg.dk", WF_TRUST_TEXT, "");
	finds("kim(at)", WF_TRUST_TEXT, "");
	finds("kim (at", WF_TRUST_TEXT, "");
	finds("5 * a * b", WF_TRUST_TEXT, "");
}

static bool
is_fake(const char *local, const char *domain)
{
	return wf_verdict_is_fake(slice(local), slice(domain));
}

static void
test_verdicts(void)
{
	ok(is_fake("noreply", "bageri-eg.dk"), "nobody reads noreply");
	ok(is_fake("you", "example.com") && is_fake("a", "x.example"), "RFC 2606");
	ok(is_fake("0123456789abcdef0123456789abcdef", "o1.ingest.sentry.io"), "a DSN");
	ok(is_fake("max.mustermann", "firma-birke.de"), "the German John Doe");
	ok(is_fake("kim", "yourdomain.com"), "a form's domain");
	ok(is_fake("name", "firma.de") && is_fake("jane", "doe.com"), "two names for any");
	ok(!is_fake("name", "bageri-eg.dk") && !is_fake("kim", "firma.de"), "one of them");
	ok(is_fake("info", "nospam.bageri-eg.dk"), "a word to be removed");
	ok(!is_fake("kim", "bageri-eg.dk"), "somebody");
	ok(!is_fake("info", "beispielhaft.de"), "a word that begins like one");
	ok(!is_fake("reply", "bageri-eg.dk"), "reply");
	ok(!is_fake("decade", "bageri-eg.dk"), "letters that are digits, too");
	ok(wf_verdict_is_file_ending(slice("png"), true), "a picture");
	ok(wf_verdict_is_file_ending(slice("zip"), true), "an archive in text");
	ok(!wf_verdict_is_file_ending(slice("zip"), false), "a domain in a link");
	ok(!wf_verdict_is_file_ending(slice("dk"), true), "a country");
}

int
main(void)
{
	WfArena    *arena = wf_arena_create(1024 * 1024);
	WfContactMatcher *matcher = wf_contact_matcher_create();

	if (arena == NULL || matcher == NULL)
		return 1;
	scan = wf_contact_scan_create(matcher, arena);
	test_places();
	test_verdicts();
	wf_contact_matcher_free(matcher);
	wf_arena_free(arena);
	return done();
}
