/*-------------------------------------------------------------------------
 *
 * test_profile.c
 *	  core/wf_profile.c: which links are profiles.
 *
 *-------------------------------------------------------------------------
 */
#include "test/unit/unit.h"

#include "core/wf_profile.h"

/* "kind URL", or "-" for a link that is no profile. */
static void
profile(const char *href, const char *expected)
{
	size_t		href_len = strlen(href);
	char	   *copy = memcpy(malloc(href_len + 1), href, href_len);
	char		url[WF_MAX_PROFILE];
	char		got[WF_MAX_PROFILE + 32] = "-";
	WfFindingKind kind;
	size_t		len;

	if (wf_profile_parse((WfSlice) {copy, href_len}, &kind, url, &len))
		snprintf(got, sizeof(got), "%s %.*s", wf_finding_kind_name(kind), (int) len, url);
	is(slice(got), expected, href);
	free(copy);
}

static void
test_profiles(void)
{
	profile("https://www.facebook.com/firm", "facebook https://www.facebook.com/firm");
	profile("http://de-de.facebook.com/firm/?ref=x#y", "facebook https://www.facebook.com/firm");
	profile("//m.facebook.com/firm/about", "facebook https://www.facebook.com/firm");
	profile("https://facebook.com/pages/Firm/1234", "facebook https://www.facebook.com/pages/Firm/1234");
	profile("https://x.com/firm", "twitter https://twitter.com/firm");
	profile("https://twitter.com/#!/@firm", "twitter https://twitter.com/firm");
	profile("HTTPS://de.linkedin.com/in/anna-example-1a/en",
			"linkedin https://www.linkedin.com/in/anna-example-1a");
	profile("https://linkedin.com/Company/firm", "linkedin https://www.linkedin.com/company/firm");
	profile("https://www.youtube.com/@firm", "youtube https://www.youtube.com/@firm");
	profile("https://youtube.com/channel/UC1", "youtube https://www.youtube.com/channel/UC1");
	profile("https://www.tiktok.com/@firm?lang=de", "tiktok https://www.tiktok.com/@firm");
	profile("https://t.me/firm", "telegram https://t.me/firm");
	profile("https://github.com/firm", "github https://github.com/firm");
	profile("https://www.xing.com/profile/Anna_Example", "xing https://www.xing.com/profile/Anna_Example");
}

static void
test_others(void)
{
	profile("", "-");
	profile("https://example.org/firm", "-");
	profile("https://notfacebook.com/firm", "-");
	profile("https://facebook.com.example.org/firm", "-");
	profile("https://www.facebook.com/", "-");
	profile("https://www.facebook.com", "-");
	profile("https://www.facebook.com/sharer/sharer.php?u=x", "-");
	profile("https://twitter.com/intent/tweet?text=x", "-");
	profile("https://twitter.com/firm/status/123", "-");
	profile("https://twitter.com/hashtag/x", "-");
	profile("https://www.linkedin.com/shareArticle?mini=true", "-");
	profile("https://www.linkedin.com/firm", "-");
	profile("https://www.youtube.com/watch?v=1", "-");
	profile("https://www.tiktok.com/tag/x", "-");
	profile("https://github.com/firm/project", "-");
	profile("https://twitter.com/a b", "-");
	profile("https://twitter.com/@@firm", "-");
	profile("/firm", "-");
	profile("javascript:void(0)//x.com/firm", "-");
}

static void
test_long(void)
{
	char		href[1000] = "https://x.com/";

	memset(href + 14, 'a', 900);
	profile(href, "-");
	href[14 + 101] = '\0';
	profile(href, "-");
}

static void
test_networks(void)
{
	size_t		len;

	ok(wf_profile_is_network(slice("m.facebook.com")), "a host below a network's");
	ok(!wf_profile_is_network(slice("myfacebook.com")), "another's");
	ok(wf_profile_links_to_network(slice("https://x.com/a"), &len) && len == 13, "its site's length");
	ok(!wf_profile_links_to_network(slice("https://example.org/a"), &len) && len == 19, "another's");
	ok(!wf_profile_links_to_network(slice("a"), &len) && len == 0, "no site");
}

int
main(void)
{
	test_profiles();
	test_others();
	test_long();
	test_networks();
	return done();
}
