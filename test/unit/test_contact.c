/*-------------------------------------------------------------------------
 *
 * test_contact.c
 *	  core/wf_contact.c and core/wf_phone.c
 *
 *-------------------------------------------------------------------------
 */
#include "test/unit/unit.h"

#include "core/wf_contact.h"
#include "core/wf_phone.h"

static WfContactMatcher *contacts;
static WfPhoneMatcher *phones;

/* The addresses of a text, separated by spaces. */
static void
addresses(const char *text, WfContactTrust trust, const char *expected)
{
	WfArena    *arena = wf_arena_create(64 * 1024);
	WfContactScan *scan = wf_contact_scan_create(contacts, arena);
	size_t		len = strlen(text);
	char	   *copy = memcpy(malloc(len), text, len);
	char		got[1024];
	size_t		n = 0;
	size_t		pos = 0;
	WfAddress	address;

	while (wf_contact_next(scan, (WfSlice) {copy, len}, trust, &pos, &address))
		n += sprintf(got + n, "%s%.*s", n > 0 ? " " : "", (int) address.len, address.value);
	is((WfSlice) {got, n}, expected, text);
	free(copy);
	wf_arena_free(arena);
}

static void
test_addresses(void)
{
	addresses("Info@Example.ORG", WF_TRUST_TEXT, "info@example.org");
	addresses("a.b-c_d+e%f@sub.example.org.", WF_TRUST_TEXT, "a.b-c_d+e%f@sub.example.org");
	addresses("<a@example.org>,(b@example.net)", WF_TRUST_TEXT, "a@example.org b@example.net");
	addresses("a@example.org-b@example.net", WF_TRUST_TEXT, "a@example.org b@example.net");
	addresses("a@example.org(202) 555-0143", WF_TRUST_TEXT, "a@example.org");
	addresses("-a@example.org ..b@example.org %20c@example.org", WF_TRUST_TEXT,
			  "a@example.org b@example.org c@example.org");
	addresses("a@example.org.Please write", WF_TRUST_TEXT, "a@example.org");
	addresses("a@example.org--x", WF_TRUST_TEXT, "a@example.org");
	addresses("@ a@ @b.com a@b a@.com a@-b.com a.@b.com a@b.c", WF_TRUST_TEXT, "");
	addresses("a@b@example.org @name@example.org", WF_TRUST_TEXT, "");
	addresses("a@example.nosuchdomain", WF_TRUST_TEXT, "");
	addresses("a@firm.co.za, b@firm.ac.za", WF_TRUST_TEXT, "a@firm.co.za b@firm.ac.za");
	addresses("a@aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.org "
			  "a@aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.org", WF_TRUST_TEXT,
			  "a@aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.org");
	addresses("logo@2x.png image@1280.jpg lib@1.2.3.js x@y.zip", WF_TRUST_TEXT, "");
	addresses("x@firm.zip", WF_TRUST_LINK, "x@firm.zip");
	addresses("\xE3\x80\x81" "a@example.org\xE3\x80\x82", WF_TRUST_TEXT, "a@example.org");
}

static void
test_filter(void)
{
	addresses("noreply@example.org no-reply@example.org NoReply@example.org", WF_TRUST_TEXT, "");
	addresses("no_reply@example.org donotreply@example.org dummy@example.org", WF_TRUST_TEXT, "");
	addresses("noreply-team@example.org shop.noreply@example.org", WF_TRUST_TEXT, "");
	addresses("a@noreply.example.org a@dummy.org", WF_TRUST_TEXT, "");
	addresses("a@example.com a@mail.example.com a@test.com a@x.test.com", WF_TRUST_TEXT, "");
	addresses("noreplying@example.org dummyrun@example.org", WF_TRUST_TEXT,
			  "noreplying@example.org dummyrun@example.org");
	addresses("a@my-example.com a@besttest.com a@dummyshop.org", WF_TRUST_TEXT,
			  "a@my-example.com a@besttest.com a@dummyshop.org");
}

static void
mailto(const char *href, const char *expected)
{
	size_t		len = strlen(href);
	char	   *copy = memcpy(malloc(len), href, len);
	char	   *out = malloc(len + 1);
	size_t		out_len = 0;

	if (!wf_contact_mailto((WfSlice) {copy, len}, out, &out_len))
		is(slice("!"), expected, href);
	else
	{
		WfArena    *arena = wf_arena_create(64 * 1024);
		WfContactScan *scan = wf_contact_scan_create(contacts, arena);
		char		got[1024];
		size_t		n = 0;
		size_t		pos = 0;
		WfAddress	address;

		ok(out_len <= len + 1, "room for %s", href);
		while (wf_contact_next(scan, (WfSlice) {out, out_len}, WF_TRUST_LINK, &pos, &address))
			n += sprintf(got + n, "%s%.*s", n > 0 ? " " : "", (int) address.len, address.value);
		is((WfSlice) {got, n}, expected, href);
		wf_arena_free(arena);
	}
	free(copy);
	free(out);
}

static void
test_mailto(void)
{
	mailto("mailto:a@example.org", "a@example.org");
	mailto("MAILTO: a@example.org ", "a@example.org");
	mailto(" mailto:Mailto:a@example.org", "a@example.org");
	mailto("mailto:%20a@example.org", "a@example.org");
	mailto("mailto://a@example.org", "a@example.org");
	mailto("mailto:a%40example.org", "a@example.org");
	mailto("mailto:%61%40example%2Eorg", "a@example.org");
	mailto("mailto:a@example.org,b@example.org;c@example.org%2C%20d@example.org",
		   "a@example.org b@example.org c@example.org d@example.org");
	mailto("mailto:Anna%20Example%20%3Ca@example.org%3E", "a@example.org");
	mailto("mailto:a@example.org?subject=x@example.net&cc=b@example.org&body=y@example.net",
		   "a@example.org b@example.org");
	mailto("mailto:?to=a@example.org&amp;BCC=b@example.org,c@example.org",
		   "a@example.org b@example.org c@example.org");
	mailto("mailto:", "");
	mailto("mailto:?", "");
	mailto("mailto", "!");
	mailto("", "!");
	mailto("http://example.org/?mailto:a@example.org", "!");
}

static void
numbers(const char *text, const char *region, const char *expected)
{
	WfArena    *arena = wf_arena_create(64 * 1024);
	WfPhoneScan *scan = wf_phone_scan_create(phones, arena, region);
	size_t		len = strlen(text);
	char	   *copy = memcpy(malloc(len), text, len);
	char		got[1024];
	size_t		n = 0;
	size_t		pos = 0;
	WfPhone		phone;

	while (wf_phone_next(scan, (WfSlice) {copy, len}, &pos, &phone))
		n += sprintf(got + n, "%s%.*s", n > 0 ? " " : "", (int) phone.len, phone.value);
	is((WfSlice) {got, n}, expected, text);
	free(copy);
	wf_arena_free(arena);
}

static void
test_numbers(void)
{
	numbers("(202) 555-0143", "US", "+12025550143");
	numbers("Tel. 202.555.0143, 202-555-0144; 2025550145", "US", "+12025550143 +12025550144 +12025550145");
	numbers("1-202-555-0143 +1 202 555 0144 +12025550145", NULL,
			"+12025550143 +12025550144 +12025550145");
	numbers("202-555-0143", "DE", "2025550143");
	numbers("202-555-0143", "ca", "+12025550143");
	numbers("012-345-6789", "US", "");
	numbers("1-012-345-6789", "US", "");
	numbers("120255501434 20255501430 1600000000000", "US", "");
	numbers("0.2025550143 1-2-202-555-0143", "US", "");
	numbers("202-555-0143-9", "US", "");
	numbers("202\n555\n0143", "US", "");
	numbers("(202) 555-0143|info@example.org", "US", "+12025550143");
}

static void
tel(const char *href, const char *expected)
{
	WfArena    *arena = wf_arena_create(64 * 1024);
	WfPhoneScan *scan = wf_phone_scan_create(phones, arena, "US");
	size_t		len = strlen(href);
	char	   *copy = memcpy(malloc(len), href, len);
	WfPhone		phone;

	if (wf_phone_tel(scan, (WfSlice) {copy, len}, &phone))
		is((WfSlice) {phone.value, phone.len}, expected, href);
	else
		is(slice("!"), expected, href);
	free(copy);
	wf_arena_free(arena);
}

static void
test_tel(void)
{
	tel("tel:+1-202-555-0143", "+12025550143");
	tel("TEL:%28202%29%20555-0143", "+12025550143");
	tel(" tel://+49 30 23125000", "+493023125000");
	tel("callto:2025550143", "+12025550143");
	tel("tel:202-555-0143;ext=12", "+12025550143;ext=12");
	tel("tel:202-555-0143 ext. 12", "+12025550143");
	tel("tel:12025550143", "+12025550143");
	tel("tel:0301234567", "0301234567");
	tel("tel:911", "!");
	tel("tel:", "!");
	tel("tel:12345678901234567", "!");
	tel("telly:2025550143", "!");
}

/* Texts that make a careless pattern quadratic. */
static void
test_time(void)
{
	static const struct
	{
		const char *head;
		const char *repeated;
		size_t		count;
		const char *tail;
	}			cases[] = {
		{"x", ".a", 50000, "@"}, {"a@", "a-", 50000, ""}, {"", "@", 1000000, ""},
		{"", "a", 1000000, ""}, {"", "a@", 500000, ""}, {"", "a@a.", 250000, ""},
		{"a@", "a.", 500000, ""}, {"", "a@b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t.", 20000, ""},
		{"", "1", 1000000, ""}, {"", "1 ", 500000, ""}, {"", "(1", 500000, ""}, {"1", " ", 1000000, ""},
		{"", "+1", 500000, ""}, {"", "123-", 250000, ""}, {"", "123 456 ", 125000, ""},
		{"", "%20", 300000, "a@example.org"}, {"", "a@example.org", 80000, ""},
		{"", "noreply-", 120000, "@example.org"}
	};
	WfArena    *arena = wf_arena_create(1024 * 1024);
	WfContactScan *contact_scan = wf_contact_scan_create(contacts, arena);
	WfPhoneScan *phone_scan = wf_phone_scan_create(phones, arena, "US");
	size_t		i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		WfSlice		middle = repeat(cases[i].repeated, cases[i].count);
		char	   *text = malloc(middle.len + 100);
		size_t		len = sprintf(text, "%s%s%s", cases[i].head, middle.data, cases[i].tail);
		double		start = cpu_seconds();
		size_t		pos = 0;
		WfAddress	address;
		WfPhone		phone;

		while (wf_contact_next(contact_scan, (WfSlice) {text, len}, WF_TRUST_TEXT, &pos, &address))
			;
		pos = 0;
		while (wf_phone_next(phone_scan, (WfSlice) {text, len}, &pos, &phone))
			;
		ok(cpu_seconds() - start < 5, "%s%s...%s takes %.2f s", cases[i].head, cases[i].repeated,
		   cases[i].tail, cpu_seconds() - start);
		free(text);
		free((void *) middle.data);
	}
	wf_arena_free(arena);
}

int
main(void)
{
	contacts = wf_contact_matcher_create();
	phones = wf_phone_matcher_create();
	test_addresses();
	test_filter();
	test_mailto();
	test_numbers();
	test_tel();
	test_time();
	wf_contact_matcher_free(contacts);
	wf_phone_matcher_free(phones);
	return done();
}
