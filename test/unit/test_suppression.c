/*-------------------------------------------------------------------------
 *
 * test_suppression.c
 *	  core/wf_suppression.c: the form in which entries are compared.
 *
 *-------------------------------------------------------------------------
 */
#include "test/unit/unit.h"

#include "core/wf_suppression.h"

#define HASH "0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef"

static void
parses(const char *text, WfListingKind kind, const char *value, const char *shown)
{
	WfListing		entry;

	ok(wf_suppression_parse(slice(text), &entry) == kind, "kind of \"%s\"", text);
	is((WfSlice) {entry.value, entry.len}, value, text);
	is((WfSlice) {entry.shown, entry.shown_len}, shown, text);
}

static void
refuses(const char *text)
{
	WfListing		entry;

	ok(wf_suppression_parse(slice(text), &entry) == WF_LISTING_NONE, "no entry: \"%.40s\"", text);
}

static void
test_forms(void)
{
	parses(" Ann.Lee@Acme-Widgets.COM ", WF_LISTING_ADDRESS, "ann.lee@acme-widgets.com",
		   "ann.lee@acme-widgets.com");
	parses("a@b@acme-widgets.com.", WF_LISTING_ADDRESS, "a@b@acme-widgets.com",
		   "a@b@acme-widgets.com");
	parses("info@B\xC3\x9C" "CHER.de", WF_LISTING_ADDRESS, "info@xn--bcher-kva.de",
		   "info@b\xC3\xBC" "cher.de");
	parses("info@xn--bcher-kva.de", WF_LISTING_ADDRESS, "info@xn--bcher-kva.de",
		   "info@b\xC3\xBC" "cher.de");
	parses("Acme-Widgets.com", WF_LISTING_DOMAIN, "acme-widgets.com", "acme-widgets.com");
	parses("@acme-widgets.com", WF_LISTING_DOMAIN, "acme-widgets.com", "acme-widgets.com");
	parses("*.acme-widgets.com", WF_LISTING_DOMAIN, "acme-widgets.com", "acme-widgets.com");
	parses("a_b.acme-widgets.com", WF_LISTING_DOMAIN, "a_b.acme-widgets.com",
		   "a_b.acme-widgets.com");
	parses(HASH, WF_LISTING_HASH, "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		   "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
}

static void
test_refused(void)
{
	char		longest[400];

	refuses("");
	refuses("  ");
	refuses("@");
	refuses("com");
	refuses("a@");
	refuses("a@com");
	refuses("a..b");
	refuses(".acme-widgets.com");
	refuses("Ann <ann@acme-widgets.com>");
	refuses("ann lee@acme-widgets.com");
	refuses("acme widgets.com");
	refuses("https://acme-widgets.com/");
	refuses("a@acme-widgets.com, b@acme-widgets.com");
	refuses(HASH "0");
	memset(longest, 'a', sizeof(longest));
	memcpy(longest + sizeof(longest) - 7, "@b.com", 7);
	refuses(longest);
	refuses(longest + sizeof(longest) - 7 - 65);
	memset(longest, '.', sizeof(longest) - 1);
	refuses(longest);
}

static void
test_parents(void)
{
	WfListing		entry;
	WfSlice		domain;

	wf_suppression_parse(slice("ann@mail.eu.acme-widgets.com"), &entry);
	domain = wf_suppression_domain(&entry);
	is(domain, "mail.eu.acme-widgets.com", "domain of an address");
	ok(wf_suppression_parent(&domain), "has a parent");
	is(domain, "eu.acme-widgets.com", "one label less");
	ok(wf_suppression_parent(&domain), "has a parent again");
	ok(!wf_suppression_parent(&domain), "a top-level domain is no entry");
	wf_suppression_parse(slice(HASH), &entry);
	domain = wf_suppression_domain(&entry);
	is(domain, "", "a hash has no domain");
	ok(!wf_suppression_parent(&domain), "and no parent");
}

int
main(void)
{
	test_forms();
	test_refused();
	test_parents();
	return done();
}
