/*-------------------------------------------------------------------------
 *
 * test_jsonld.c
 *	  core/wf_jsonld.c: nodes of JSON-LD, however it is written.
 *
 *-------------------------------------------------------------------------
 */
#include "test/unit/unit.h"

#include <signal.h>

#include "core/wf_jsonld.h"

static WfArena *arena;
static char got[4096];
static size_t got_len;

static void
put_list(const char *name, const WfJsonldList *list)
{
	int			i;

	for (i = 0; i < list->count; i++)
		got_len += snprintf(got + got_len, sizeof(got) - got_len, " %s=%.*s", name,
							(int) list->values[i].len, list->values[i].data);
}

static void
put(const char *name, WfSlice value)
{
	WfJsonldList list = {value.len > 0, {value}};

	put_list(name, &list);
}

/* "[@offset person field=value …]" of each node */
static WfStatus
take(void *context, const WfJsonldNode *node)
{
	if (got_len > sizeof(got) / 2)
		return WF_OK;
	got_len += sprintf(got + got_len, "[@%d%s", (int) node->offset, node->is_person ? " person" : "");
	put("name", node->name);
	put("given", node->given_name);
	put("family", node->family_name);
	put("job", node->job_title);
	put_list("email", &node->emails);
	put_list("tel", &node->telephones);
	put_list("fax", &node->faxes);
	put_list("link", &(WfJsonldList) {node->link_count > WF_JSONLD_VALUES ? WF_JSONLD_VALUES :
			 node->link_count, {node->links[0], node->links[1], node->links[2]}});
	put("street", node->postal.street);
	put("city", node->postal.city);
	put("country", node->postal.country);
	got_len += sprintf(got + got_len, "]");
	return WF_OK;
}

static void
nodes(const char *text, const char *expected)
{
	size_t		len = strlen(text);
	char	   *copy = memcpy(malloc(len + 1), text, len);

	wf_arena_reset(arena);
	got_len = 0;
	is_int(wf_jsonld_walk(wf_jsonld_create(arena), (WfSlice) {copy, len}, NULL, take, NULL), WF_OK,
		   "it ends well");
	is((WfSlice) {got, got_len}, expected, text);
	free(copy);
}

static void
test_nodes(void)
{
	nodes("", "");
	nodes("{\"email\":\"a@example.org\"}", "[@0 email=a@example.org]");
	nodes("{\"@type\":\"http://schema.org/Person\",\"schema:name\":\"Anna\",\"jobTitle\":\"Buyer\","
		  "\"telephone\":[\"1\",\"2\"],\"faxNumber\":\"3\"}",
		  "[@0 person name=Anna job=Buyer tel=1 tel=2 fax=3]");
	nodes("{\"@type\":[\"Thing\",\"Person\"],\"givenName\":\"A\",\"familyName\":\"B\",\"email\":\"c\"}",
		  "[@0 person name=A B given=A family=B email=c]");
	/* inner nodes first, and nothing of theirs in the outer ones */
	nodes("{\"@graph\":[[{\"name\":\"x\",\"email\":\"a\"}],{\"founder\":{\"email\":\"b\"},\"email\":\"c\"}]}",
		  "[@12 name=x email=a][@49 email=b][@38 email=c]");
	nodes("{\"email\":\"a\",\"address\":{\"streetAddress\":\"Weg 1\",\"addressLocality\":\"Ort\","
		  "\"addressCountry\":{\"@type\":\"Country\",\"name\":\"DE\"}}}",
		  "[@23 street=Weg 1 city=Ort country=DE][@0 email=a country=DE]");
	nodes("{\"@type\":\"Person\",\"email\":[{\"@type\":\"Text\",\"@value\":\"a\"},{\"@value\":[\"b\"]}],"
		  "\"name\":{\"@value\":\"c\",\"@language\":\"de\"}}", "[@0 person name=c email=a email=b]");
	nodes("{\"@value\":\"a\"}{\"email\":{\"name\":\"b\"}}", "");
	nodes("{\"name\":\"nothing of interest\"}", "");
	nodes("{\"emails\":\"a\",\"x\":\"email\",\"y\":{\"email\":null,\"telephone\":true}}", "");
	nodes("{\"sameAs\":[\"http://a.example/\",\"http://b.example/\"]}",
		  "[@0 link=http://a.example/ link=http://b.example/]");
}

static void
test_tolerance(void)
{
	nodes("<!-- //<![CDATA[\n{\"email\":\"a\"}\n//]]> -->", "[@17 email=a]");
	nodes("{/* \"email\":\"x\" */\"email\":\"a\", // \"email\":\"y\"\n\"telephone\":\"1\",}",
		  "[@0 email=a tel=1]");
	nodes("{\"name\":\"a\tb\nc\",\"email\":\"a\"}", "[@0 name=a b c email=a]");
	nodes("{\"name\":\"the \"best\" of\",\"email\":\"a\"}", "[@0 name=the \"best\" of email=a]");
	nodes("{\"name\":\"a\" \"email\":\"b\"", "[@0 name=a email=b]");
	nodes("{\"email\":\"a\"]}}}{\"email\":\"b\"}", "[@0 email=a][@16 email=b]");
	nodes("{\"email\":\"a", "[@0 email=a]");
	nodes("{\"name\":\"\\u00e4\\ud83d\\ude00\\/\\\"&amp;&amp;\",\"email\":\"a\"}",
		  "[@0 name=\xC3\xA4\xF0\x9F\x98\x80/\"&& email=a]");
	nodes("{\"name\":\"\\ud83d\\u\\u12\\", "");
}

static void
test_hostile(void)
{
	static const char *const patterns[] = {
		"{", "[", "{\"a\":", "{\"email\":[", "\"", "\\", "/*", "//", "/", "{\"email\":\"a\"},", "]}", "\"\\",
		"{\"email\":{\"email\":\"a\"", ",", ":", "\"email\":\"a\" ", "\"&#"
	};
	size_t		i;

	for (i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
	{
		size_t		len = strlen(patterns[i]);
		size_t		count = 400000 / len;
		char	   *text = malloc(len * count);
		size_t		n;

		for (n = 0; n < count; n++)
			memcpy(text + n * len, patterns[i], len);
		wf_arena_reset(arena);
		got_len = 0;
		ok(wf_jsonld_walk(wf_jsonld_create(arena), (WfSlice) {text, len * count}, NULL, take,
						  NULL) == WF_OK, "%s again and again", patterns[i]);
		free(text);
	}
}

static void
test_stop(void)
{
	sig_atomic_t stop = 1;

	wf_arena_reset(arena);
	is_int(wf_jsonld_walk(wf_jsonld_create(arena), slice("{\"email\":\"a\"}"), &stop, take, NULL),
		   WF_ERR_STOPPED, "it can be stopped");
}

int
main(void)
{
	arena = wf_arena_create(64 * 1024 * 1024);
	test_nodes();
	test_tolerance();
	test_hostile();
	test_stop();
	wf_arena_free(arena);
	return done();
}
