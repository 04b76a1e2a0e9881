/*-------------------------------------------------------------------------
 *
 * test_category.c
 *	  core/wf_category.c: forms of patterns, folding, precedence.  The rules
 *	  that come with the extension are tested in test/sql/category.sql.
 *
 *-------------------------------------------------------------------------
 */
#include "test/unit/unit.h"

#include "core/wf_category.h"

static WfCategories *rules;

static void
rule(const char *pattern, const char *name, WfCategoryAction action)
{
	is_int(wf_categories_add(rules, slice(pattern), slice(name), action, false), WF_OK, pattern);
}

static void
category(const char *url, const char *expected)
{
	WfCategory	got = wf_categories_match(rules, slice(url));

	is(slice(got.name ? got.name : "-"), expected, url);
}

static void
add_rules(void)
{
	rule("contact", "contact", WF_CATEGORY_SELECT);
	rule("contact us", "contact", WF_CATEGORY_SELECT);
	rule("kontakt *", "contact", WF_CATEGORY_SELECT);
	rule("* kontaktieren", "contact", WF_CATEGORY_SELECT);
	rule("\xC3\xBC" "ber uns", "about", WF_CATEGORY_KEEP);
	rule("\xD0\xBA\xD0\xBE\xD0\xBD\xD1\x82\xD0\xB0\xD0\xBA\xD1\x82\xD1\x8B", "contact",
		 WF_CATEGORY_SELECT);
	rule("\xCE\xB5\xCF\x80\xCE\xB9\xCE\xBA\xCE\xBF\xCE\xB9\xCE\xBD\xCF\x89\xCE\xBD\xCE\xB9\xCE\xB1",
		 "contact", WF_CATEGORY_SELECT);
	rule("\xE8\x81\x94\xE7\xB3\xBB\xE6\x88\x91\xE4\xBB\xAC", "contact", WF_CATEGORY_SELECT);
	rule("li\xC3\xAAn h\xE1\xBB\x87", "contact", WF_CATEGORY_SELECT);
	rule("careers", "career", WF_CATEGORY_KEEP);
	rule("<career>/<contact>", "career_contact", WF_CATEGORY_SELECT);
	rule("team", "team", WF_CATEGORY_KEEP);
	rule("team/*", "person", WF_CATEGORY_KEEP);
	rule("tag/**", "archive", WF_CATEGORY_FILTER);
	rule(".pdf", "file", WF_CATEGORY_FILTER);
	rule("?replytocom", "archive", WF_CATEGORY_FILTER);
	rule("/", "home", WF_CATEGORY_KEEP);
}

static void
test_segments(void)
{
	category("https://example.org/contact", "contact");
	category("https://example.org/Contact/", "contact");
	category("https://example.org/de/contact.html?x=1#y", "contact");
	category("https://example.org/contact/index.php", "contact");
	category("https://example.org/contact_us", "contact");
	category("https://example.org/ContactUs.aspx", "contact");
	category("https://example.org/contact+us", "contact");
	category("https://example.org/contact%20us", "contact");
	category("https://example.org/contact-2", "contact");
	category("/contact", "contact");
	category("example.org/contact", "contact");
	category("https://example.org/contact-lenses", "-");
	category("https://example.org/contacts-and-glasses", "-");
	category("https://example.org/mycontact", "-");
	category("https://contact/", "home");
	category("https://contact.example.org/x", "-");
	category("https://example.org/contact/x", "-");
	category("https://example.org/shop/contact-lenses/contact", "contact");
}

static void
test_words(void)
{
	category("https://example.org/kontakt", "contact");
	category("https://example.org/kontakt-und-anfahrt", "contact");
	category("https://example.org/Kontakt_Anfahrt.htm", "contact");
	category("https://example.org/kontaktlinsen", "-");
	category("https://example.org/uns-kontaktieren", "contact");
	category("https://example.org/anfahrt-kontakt", "-");
	category("https://example.org/%C3%BCber-uns", "about");
	category("https://example.org/%C3%9CBER-UNS", "about");
	category("https://example.org/u%CC%88ber-uns", "about");
	category("https://example.org/uber-uns", "about");
	category("https://example.org/%D0%9A%D0%BE%D0%BD%D1%82%D0%B0%D0%BA%D1%82%D1%8B/", "contact");
	category("https://example.org/\xD0\xBA\xD0\xBE\xD0\xBD\xD1\x82\xD0\xB0\xD0\xBA\xD1\x82\xD1\x8B",
			 "contact");
	category("https://example.org/%CE%95%CF%80%CE%B9%CE%BA%CE%BF%CE%B9%CE%BD%CF%89%CE%BD%CE%AF%CE%B1",
			 "contact");
	category("https://example.org/%E8%81%94%E7%B3%BB%E6%88%91%E4%BB%AC", "contact");
	category("https://example.org/lien-he", "contact");
	category("https://example.org/%FF%FE/x", "-");
}

static void
test_precedence(void)
{
	category("https://example.org/careers/contact", "career_contact");
	category("https://example.org/careers/germany/contact-us", "career_contact");
	category("https://example.org/contact/careers", "career");
	category("https://example.org/team/ann-example", "person");
	category("https://example.org/team", "team");
	category("https://example.org/team/ann/more", "-");
	category("https://example.org/team/contact", "contact");
	category("https://example.org/tag/contact", "archive");
	category("https://example.org/blog/tag/a/b/c", "archive");
	category("https://example.org/tag", "archive");
	category("https://example.org/contact/form.PDF", "file");
	category("https://example.org/.pdf", "-");
	category("https://example.org/contact?replytocom=3", "archive");
	category("https://example.org/contact?x=replytocom", "contact");
}

static void
test_home_and_parameters(void)
{
	category("https://example.org", "home");
	category("https://example.org/", "home");
	category("https://example.org/index.html", "home");
	category("https://example.org?", "home");
	category("https://example.org/?page=contact", "contact");
	category("https://example.org/index.php?id=7&page=contact-us", "contact");
	category("https://example.org/index.php?page=contact-lenses", "-");
	category("https://example.org/?utm_source=x", "-");
	category("", "home");
	category("https://example.org/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/contact", "contact");
}

static void
test_rules(void)
{
	static const char *const bad[] = {
		"", "  ", "*", "/*", "**", "a*b", "a/b", "<a>", "<a>/b", "<a>/<b>/<c>", ".", "?", "-", "<>/<>"
	};
	char		name[100];
	char		path[3000];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		is_int(wf_categories_add(rules, slice(bad[i]), WF_SLICE("x"), WF_CATEGORY_KEEP, false),
			   WF_ERR_SYNTAX, bad[i]);
	is_int(wf_categories_add(rules, WF_SLICE("x"), WF_SLICE_EMPTY, WF_CATEGORY_KEEP, false),
		   WF_ERR_SYNTAX, "no name");

	is_int(wf_categories_add(rules, WF_SLICE("Contact-Us"), WF_SLICE("mine"),
							 WF_CATEGORY_FILTER, true), WF_OK, "own rule");
	category("https://example.org/contact-us", "mine");
	is_int(wf_categories_match(rules, WF_SLICE("/contact-us")).action, WF_CATEGORY_FILTER,
		   "its action");
	is_int(wf_categories_add(rules, WF_SLICE("contact us"), WF_SLICE("contact"),
							 WF_CATEGORY_SELECT, false), WF_OK, "built-in rule behind it");
	category("https://example.org/contact-us", "mine");
	is_int(wf_categories_match(rules, WF_SLICE("/nothing")).action, WF_CATEGORY_KEEP, "no rule");

	for (int i = 0; i < 5000; i++)
	{
		snprintf(name, sizeof(name), "word%c%c%c", 'a' + i % 26, 'a' + i / 26 % 26, 'a' + i / 676);
		if (wf_categories_add(rules, slice(name), slice(name), WF_CATEGORY_KEEP, false) != WF_OK)
			ok(false, "%s", name);
	}
	category("/wordaaa", "wordaaa");
	category("/wordzzd", "wordzzd");
	category("/contact", "contact");
	memset(path, 'a', sizeof(path) - 1);
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	is(slice(wf_categories_match(rules, slice(path)).name ? "?" : "-"), "-", "a long segment");
	memset(path, '-', sizeof(path) - 1);
	path[0] = '/';
	for (size_t i = 1; i < sizeof(path) - 1; i += 2)
		path[i] = 'b';
	is(slice(wf_categories_match(rules, slice(path)).name ? "?" : "-"), "-", "many words");
}

int
main(void)
{
	rules = wf_categories_create();
	add_rules();
	test_segments();
	test_words();
	test_precedence();
	test_home_and_parameters();
	test_rules();
	wf_categories_free(rules);
	return done();
}
