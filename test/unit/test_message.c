/*-------------------------------------------------------------------------
 *
 * test_message.c
 *	  What is written is what is read; anything else is refused.
 *
 *-------------------------------------------------------------------------
 */
#include "unit.h"

#include "core/wf_message.h"
#include "core/wf_text.h"

static WfArena *arena;

static WfBuffer
new_buffer(void)
{
	return (WfBuffer) {.arena = arena};
}

/* Payload of the first frame of buf, whose type must be the given one. */
static WfSlice
payload_of(const WfBuffer *buf, WfMessageType expected)
{
	WfMessageType type = 0;
	WfSlice		payload = WF_SLICE_EMPTY;
	long		len = wf_message_frame(buf->data, buf->len, &type, &payload);

	ok(len == (long) buf->len && type == expected, "a whole frame of type %c", expected);
	return payload;
}

static WfFinding
sample_finding(const char *value)
{
	return (WfFinding) {
		.kind = WF_KIND_EMAIL, .source = WF_SOURCE_LINK, .told = WF_TOLD_NAME, .position = 77,
		.value = slice(value), .raw = slice("Info@Example.org"),
		.name = slice("J\xc3\xbcrgen"), .job_title = slice("CEO"),
		.phone = slice("+12125550100"), .context = slice("write to us")
	};
}

static WfResultMessage
sample_result(WfFinding *findings, int count)
{
	return (WfResultMessage) {
		.seq = 42, .outcome = WF_OUTCOME_OK, .http_status = 200, .retry_after_ms = 1000,
		.elapsed_ms = 12, .body_bytes = 12345, .effective_url = slice("http://example.org/"),
		.content_type = slice("text/html"), .body = {"a\0b", 3},
		.findings = {findings, count, true, slice("Title")},
		.by_gateway = true, .credits = WF_CREDITS_UNKNOWN
	};
}

static void
test_small_messages(void)
{
	WfBuffer	buf = new_buffer();
	WfFetchMessage fetch = {
		.seq = 7, .flags = WF_FETCH_WANT_BODY, .stage = 2,
		.url = slice("http://example.org/"), .domain = slice("example.org"),
		.version_url = slice("https://example.org/"), .etag = slice("\"v1\""),
		.last_modified = slice("Tue, 24 Nov 2026 08:00:00 GMT")
	};
	WfFetchMessage got;
	WfSlice		text;
	uint64_t	seq;
	uint32_t	version;

	ok(wf_message_write_fetch(&buf, &fetch) == WF_OK, "write FETCH");
	ok(wf_message_read_fetch(payload_of(&buf, WF_MSG_FETCH), &got) == WF_OK, "read FETCH");
	ok(got.seq == 7 && got.flags == WF_FETCH_WANT_BODY && got.stage == 2, "numbers of FETCH");
	is(got.url, "http://example.org/", "its URL");
	is(got.domain, "example.org", "its domain");
	is(got.version_url, "https://example.org/", "where its version is from");
	is(got.etag, "\"v1\"", "its ETag");
	is(got.last_modified, "Tue, 24 Nov 2026 08:00:00 GMT", "its date");
	buf = new_buffer();
	fetch.etag = slice("\"v1\"\r\nHost: other");
	ok(wf_message_write_fetch(&buf, &fetch) == WF_OK &&
	   wf_message_read_fetch(payload_of(&buf, WF_MSG_FETCH), &got) == WF_ERR_SYNTAX,
	   "no ETag ends a header line");

	buf = new_buffer();
	ok(wf_message_write_cancel(&buf, 9) == WF_OK, "write CANCEL");
	ok(wf_message_read_cancel(payload_of(&buf, WF_MSG_CANCEL), &seq) == WF_OK && seq == 9,
	   "read CANCEL");

	buf = new_buffer();
	ok(wf_message_write_ready(&buf) == WF_OK, "write READY");
	ok(wf_message_read_ready(payload_of(&buf, WF_MSG_READY), &version) == WF_OK &&
	   version == WF_PROTOCOL_VERSION, "read READY");

	buf = new_buffer();
	ok(wf_message_write_log(&buf, slice("hello")) == WF_OK, "write LOG");
	ok(wf_message_read_log(payload_of(&buf, WF_MSG_LOG), &text) == WF_OK, "read LOG");
	is(text, "hello", "its text");
}

static void
test_sites(void)
{
	WfBuffer	buf = new_buffer();
	WfAskMessage ask = {5, 7, slice("example.org")};
	WfSiteState state = {slice("example.org:8080"), 1, 2, 3, 4, 5};
	WfRobotsFile file = {slice("a.org"), slice("https://a.org"), 9, {"a\0b", 3}};
	uint64_t	id;
	bool		granted;

	ok(wf_message_write_ask(&buf, &ask) == WF_OK &&
	   wf_message_read_ask(payload_of(&buf, WF_MSG_ASK), &ask) == WF_OK &&
	   ask.id == 5 && ask.seq == 7, "ASK");
	is(ask.site, "example.org", "its site");

	buf = new_buffer();
	ok(wf_message_write_grant(&buf, 5, true) == WF_OK &&
	   wf_message_read_grant(payload_of(&buf, WF_MSG_GRANT), &id, &granted) == WF_OK &&
	   id == 5 && granted, "GRANT");

	buf = new_buffer();
	ok(wf_message_write_site(&buf, &state) == WF_OK &&
	   wf_message_read_site(payload_of(&buf, WF_MSG_SITE), &state) == WF_OK &&
	   state.wait_ms == 1 && state.delay_ms == 2 && state.slow_ms == 3 && state.failures == 4 &&
	   state.openings == 5, "SITE");
	is(state.site, "example.org:8080", "its name");

	buf = new_buffer();
	ok(wf_message_write_robots(&buf, &file) == WF_OK &&
	   wf_message_read_robots(payload_of(&buf, WF_MSG_ROBOTS), &file) == WF_OK &&
	   file.valid_ms == 9, "ROBOTS");
	ok(file.body.len == 3 && memcmp(file.body.data, "a\0b", 3) == 0, "its body may hold NUL");
	is(file.origin, "https://a.org", "its origin");

	buf = new_buffer();
	state.site = WF_SLICE_EMPTY;
	ok(wf_message_write_site(&buf, &state) == WF_OK &&
	   wf_message_read_site(payload_of(&buf, WF_MSG_SITE), &state) == WF_ERR_SYNTAX,
	   "a site has a name");
}

static void
test_config(void)
{
	static const WfSetting settings[] = {{"max_redirects", "5"}, {"user_agent", "x y"}, {"e", ""}};
	WfBuffer	buf = new_buffer();
	WfSetting  *got;
	int			count;

	ok(wf_message_write_config(&buf, settings, 3) == WF_OK, "write CONFIG");
	ok(wf_message_read_config(payload_of(&buf, WF_MSG_CONFIG), arena, &got, &count) == WF_OK &&
	   count == 3, "read CONFIG");
	ok(strcmp(got[1].name, "user_agent") == 0 && strcmp(got[1].value, "x y") == 0 &&
	   strcmp(got[2].value, "") == 0, "its settings");

	buf = new_buffer();
	ok(wf_message_write_config(&buf, NULL, 0) == WF_OK &&
	   wf_message_read_config(payload_of(&buf, WF_MSG_CONFIG), arena, &got, &count) == WF_OK &&
	   count == 0, "CONFIG without settings");
}

static void
test_result(void)
{
	WfFinding	findings[3] = {sample_finding("a@b.org"), sample_finding("c@d.org"),
	sample_finding("e@f.org")};
	WfResultMessage msg = sample_result(findings, 3);
	WfResultMessage got;
	WfBuffer	buf = new_buffer();
	WfFinding  *last;

	ok(wf_message_write_result(&buf, &msg) == WF_OK, "write RESULT");
	ok(wf_message_read_result(payload_of(&buf, WF_MSG_RESULT), arena, &got) == WF_OK,
	   "read RESULT");
	ok(got.seq == 42 && got.outcome == WF_OUTCOME_OK && got.http_status == 200 &&
	   got.retry_after_ms == 1000 && got.elapsed_ms == 12 && got.body_bytes == 12345,
	   "numbers of RESULT");
	ok(got.by_gateway && got.credits == WF_CREDITS_UNKNOWN, "what a gateway had to do with it");
	is(got.effective_url, "http://example.org/", "effective URL");
	is(got.content_type, "text/html", "content type");
	is(got.findings.title, "Title", "title");
	ok(got.body.len == 3 && memcmp(got.body.data, "a\0b", 3) == 0, "body may hold NUL");
	ok(got.findings.count == 3 && got.findings.truncated, "findings");
	last = &got.findings.items[2];
	ok(last->kind == WF_KIND_EMAIL && last->source == WF_SOURCE_LINK &&
	   last->told == WF_TOLD_NAME && last->position == 77,
	   "numbers of a finding");
	is(last->value, "e@f.org", "value");
	is(last->raw, "Info@Example.org", "raw");
	is(last->name, "J\xc3\xbcrgen", "name");
	is(last->job_title, "CEO", "job title");
	is(last->phone, "+12125550100", "phone");
	is(last->context, "write to us", "context");
}

/* Every shortened and lengthened payload is refused, without a crash. */
static void
test_wrong_lengths(void)
{
	WfFinding	findings[2] = {sample_finding("a@b.org"), sample_finding("c@d.org")};
	WfResultMessage msg = sample_result(findings, 2);
	WfResultMessage got;
	WfBuffer	buf = new_buffer();
	WfSlice		payload;
	int			accepted = 0;
	char	   *longer;

	wf_message_write_result(&buf, &msg);
	payload = payload_of(&buf, WF_MSG_RESULT);
	for (size_t len = 0; len < payload.len; len++)
	{
		/* an allocation of its own, so that a sanitizer sees one byte too far */
		char	   *copy = malloc(len + 1);

		memcpy(copy, payload.data, len);
		accepted += wf_message_read_result((WfSlice) {copy, len}, arena, &got) == WF_OK;
		free(copy);
	}
	is_int(accepted, 0, "shortened payloads accepted");
	longer = malloc(payload.len + 1);
	memcpy(longer, payload.data, payload.len);
	longer[payload.len] = 0;
	ok(wf_message_read_result((WfSlice) {longer, payload.len + 1}, arena, &got) == WF_ERR_SYNTAX,
	   "a byte left over is refused");
	free(longer);
}

/* Each byte of a frame set to each of some values: never a crash. */
static void
test_changed_bytes(void)
{
	static const unsigned char values[] = {0, 1, 0x7f, 0x80, 0xff};
	WfFinding	findings[2] = {sample_finding("a@b.org"), sample_finding("c@d.org")};
	WfResultMessage msg = sample_result(findings, 2);
	WfResultMessage got;
	WfBuffer	buf = new_buffer();
	WfSlice		payload;
	char	   *copy;
	int			refused = 0;

	wf_message_write_result(&buf, &msg);
	payload = payload_of(&buf, WF_MSG_RESULT);
	copy = malloc(payload.len);
	for (size_t i = 0; i < payload.len; i++)
	{
		for (size_t v = 0; v < sizeof(values); v++)
		{
			WfArena    *own = wf_arena_create(1024 * 1024);

			memcpy(copy, payload.data, payload.len);
			copy[i] = (char) values[v];
			refused += wf_message_read_result((WfSlice) {copy, payload.len}, own, &got) != WF_OK;
			wf_arena_free(own);
		}
	}
	free(copy);
	ok(refused > 0, "changed bytes: %d frames refused, none crashed", refused);
}

/* Write a result after a change and see whether it is read. */
static bool
accepted(const WfResultMessage *msg)
{
	WfBuffer	buf = new_buffer();
	WfMessageType type;
	WfSlice		payload;
	WfResultMessage got;

	return wf_message_write_result(&buf, msg) == WF_OK &&
		wf_message_frame(buf.data, buf.len, &type, &payload) > 0 &&
		wf_message_read_result(payload, arena, &got) == WF_OK;
}

static void
test_hostile_values(void)
{
	WfFinding	finding = sample_finding("a@b.org");
	WfResultMessage msg = sample_result(&finding, 1);

	ok(accepted(&msg), "the sample is accepted");
	finding.kind = 0;
	ok(!accepted(&msg), "kind 0");
	finding.kind = WF_KIND_LAST + 1;
	ok(!accepted(&msg), "unknown kind");
	finding = sample_finding("a@b.org");
	finding.source = WF_SOURCE_LAST + 1;
	ok(!accepted(&msg), "unknown source");
	finding = sample_finding("a@b.org");
	finding.told = WF_TOLD_ALL + 1;
	ok(!accepted(&msg), "unknown bits");
	finding = sample_finding("");
	ok(!accepted(&msg), "empty value");
	finding = sample_finding("a\xff@b.org");
	ok(!accepted(&msg), "invalid UTF-8 in a value");
	finding = sample_finding("a@b.org");
	finding.name = (WfSlice) {"a\0b", 3};
	ok(!accepted(&msg), "NUL in a name");
	finding = sample_finding("a@b.org");
	finding.context = slice("\xed\xa0\x80");
	ok(!accepted(&msg), "surrogate in a context");
	finding = sample_finding("a@b.org");

	msg.seq = 0;
	ok(!accepted(&msg), "seq 0");
	msg = sample_result(&finding, 1);
	msg.outcome = WF_OUTCOME_COUNT;
	ok(!accepted(&msg), "unknown outcome");
	msg = sample_result(&finding, 1);
	msg.http_status = 1000;
	ok(!accepted(&msg), "HTTP status 1000");
	msg = sample_result(&finding, 1);
	msg.error = slice("caf\xe9");
	ok(!accepted(&msg), "Latin-1 in an error");
	msg = sample_result(&finding, 1);
	msg.effective_url = (WfSlice) {"http://a/\0", 10};
	ok(!accepted(&msg), "NUL in a URL");
	msg = sample_result(&finding, 1);
	msg.body_bytes = UINT64_MAX;
	ok(!accepted(&msg), "more bytes than there are");
}

static void
test_limits(void)
{
	WfFinding  *many = calloc(WF_MAX_FINDINGS + 1, sizeof(WfFinding));
	WfSlice		long_text = repeat("\xc3\xa4", WF_MAX_VALUE);
	WfSlice		huge = repeat("0123456789abcdef", WF_MAX_MESSAGE / 16);
	WfResultMessage msg;
	WfResultMessage got;
	WfBuffer	buf = new_buffer();
	size_t		before;

	for (int i = 0; i <= WF_MAX_FINDINGS; i++)
		many[i] = sample_finding("a@b.org");
	msg = sample_result(many, WF_MAX_FINDINGS);
	ok(accepted(&msg), "%d findings", WF_MAX_FINDINGS);
	msg.findings.count++;
	ok(wf_message_write_result(&buf, &msg) == WF_ERR_LIMIT, "one more finding");

	many[0].name = many[0].context = long_text;
	msg = sample_result(many, 1);
	msg.error = msg.content_type = long_text;
	ok(wf_message_write_result(&buf, &msg) == WF_OK, "texts that are too long are cut");
	ok(wf_message_read_result(payload_of(&buf, WF_MSG_RESULT), arena, &got) == WF_OK,
	   "and accepted then");
	is_int((long) got.findings.items[0].name.len, WF_MAX_VALUE, "cut at the limit");
	is_int((long) wf_text_char_count(got.findings.items[0].context), WF_MAX_CONTEXT,
		   "context is cut in characters");

	before = buf.len;
	msg.body = huge;
	ok(wf_message_write_result(&buf, &msg) == WF_ERR_LIMIT && buf.len == before,
	   "a frame over the limit leaves the buffer as it was");
	buf = (WfBuffer) {.arena = wf_arena_create(1000)};
	ok(wf_message_write_ready(&buf) == WF_OK, "small arena: small frame");
	before = buf.len;
	msg.body = (WfSlice) {huge.data, 10000};
	ok(wf_message_write_result(&buf, &msg) == WF_ERR_NOMEM && buf.len == before,
	   "small arena: large frame leaves the buffer as it was");
	wf_arena_free(buf.arena);
	free(many);
	free((char *) long_text.data);
	free((char *) huge.data);
}

static void
test_frames(void)
{
	WfBuffer	buf = new_buffer();
	WfMessageType type;
	WfSlice		payload;
	uint32_t	size;
	char		raw[5] = {0};
	int			early = 0;
	long		first;

	wf_message_write_cancel(&buf, 1);
	first = (long) buf.len;
	wf_message_write_ready(&buf);
	for (long len = 0; len < first; len++)
		early += wf_message_frame(buf.data, len, &type, &payload) != 0;
	is_int(early, 0, "incomplete frames taken for whole ones");
	ok(wf_message_frame(buf.data, buf.len, &type, &payload) == first && type == WF_MSG_CANCEL,
	   "first of two frames");
	ok(wf_message_frame(buf.data + first, buf.len - first, &type, &payload) > 0 &&
	   type == WF_MSG_READY, "second of two frames");
	ok(wf_message_frame(raw, 5, &type, &payload) == -1, "length 0 is impossible");
	size = WF_MAX_MESSAGE + 1;
	memcpy(raw, &size, 4);
	ok(wf_message_frame(raw, 5, &type, &payload) == -1, "length over the limit is impossible");
	size = UINT32_MAX;
	memcpy(raw, &size, 4);
	ok(wf_message_frame(raw, 5, &type, &payload) == -1, "largest length is impossible");
}

static void
test_requests_refused(void)
{
	WfFetchMessage fetch = {.seq = 1, .url = slice("http://a/")};
	WfFetchMessage got;
	WfSlice		long_url = repeat("a", WF_MAX_URL + 1);
	WfBuffer	buf = new_buffer();

	fetch.stage = 3;
	wf_message_write_fetch(&buf, &fetch);
	ok(wf_message_read_fetch(payload_of(&buf, WF_MSG_FETCH), &got) == WF_ERR_SYNTAX,
	   "unknown stage");
	buf = new_buffer();
	fetch.stage = 0;
	fetch.flags = 0x80;
	wf_message_write_fetch(&buf, &fetch);
	ok(wf_message_read_fetch(payload_of(&buf, WF_MSG_FETCH), &got) == WF_ERR_SYNTAX,
	   "unknown flag");
	buf = new_buffer();
	fetch.flags = 0;
	fetch.seq = 0;
	wf_message_write_fetch(&buf, &fetch);
	ok(wf_message_read_fetch(payload_of(&buf, WF_MSG_FETCH), &got) == WF_ERR_SYNTAX, "seq 0");
	fetch.url = long_url;
	ok(wf_message_write_fetch(&buf, &fetch) == WF_ERR_LIMIT, "URL over the limit");
	free((char *) long_url.data);
}

static void
test_entries(void)
{
	static const WfEntry items[] = {
		{.url = WF_SLICE("http://a.test/"), .has_lastmod = true, .lastmod_us = 86400000000,
		.url_count = -1},
		{.url = WF_SLICE("http://a.test/s.xml"), .is_sitemap = true, .type = WF_SITEMAP_INDEX,
		.found_by = WF_FOUND_ROBOTS, .url_count = 7},
	};
	WfEntriesMessage msg = {.seq = 9, .count = 2, .items = (WfEntry *) items};
	WfEntriesMessage read;
	WfBuffer	buf = {.arena = arena};
	WfMessageType type;
	WfSlice		payload;

	is_int(wf_message_write_entries(&buf, &msg), WF_OK, "entries are written");
	ok(wf_message_frame(buf.data, buf.len, &type, &payload) == (long) buf.len &&
	   type == WF_MSG_ENTRIES, "one frame");
	is_int(wf_message_read_entries(payload, arena, &read), WF_OK, "and read");
	ok(read.seq == 9 && read.count == 2, "number and count");
	is(read.items[0].url, "http://a.test/", "a URL");
	ok(read.items[0].has_lastmod && read.items[0].lastmod_us == 86400000000 &&
	   read.items[0].url_count == -1 && !read.items[0].is_sitemap, "its date");
	ok(read.items[1].is_sitemap && read.items[1].type == WF_SITEMAP_INDEX &&
	   read.items[1].found_by == WF_FOUND_ROBOTS && read.items[1].url_count == 7 &&
	   !read.items[1].has_lastmod, "a sitemap");
	for (size_t len = 0; len < payload.len; len++)
	{
		if (wf_message_read_entries((WfSlice) {payload.data, len}, arena, &read) != WF_ERR_SYNTAX)
			ok(false, "cut at %zu", len);
	}
	ok(true, "no prefix of it is read");
	msg.count = 0;
	is_int(wf_message_write_entries(&buf, &msg), WF_ERR_LIMIT, "none");
	msg.count = WF_MAX_ENTRIES + 1;
	is_int(wf_message_write_entries(&buf, &msg), WF_ERR_LIMIT, "too many");
	/* the URL of the first one, and what is not ASCII */
	((char *) payload.data)[8 + 4 + 1 + 1 + 1 + 8 + 4 + 4 + 3] = '\xe4';
	is_int(wf_message_read_entries(payload, arena, &read), WF_ERR_SYNTAX, "not normalised");
	((char *) payload.data)[8 + 4 + 1 + 1 + 1 + 8 + 4 + 4 + 3] = 'p';
	is_int(wf_message_read_entries(payload, arena, &read), WF_OK, "as it was");
	((char *) payload.data)[8 + 4] = 0x04;
	is_int(wf_message_read_entries(payload, arena, &read), WF_ERR_SYNTAX, "an unknown flag");
	((char *) payload.data)[8 + 4] = 0x00;
	is_int(wf_message_read_entries(payload, arena, &read), WF_ERR_SYNTAX, "a date without its flag");
	((char *) payload.data)[8 + 4] = 0x02;
	((char *) payload.data)[8 + 4 + 1 + 1 + 1 + 7] = 0x7f;
	is_int(wf_message_read_entries(payload, arena, &read), WF_ERR_SYNTAX, "a date far away");
}

int
main(void)
{
	arena = wf_arena_create((size_t) 256 * 1024 * 1024);
	test_small_messages();
	test_sites();
	test_config();
	test_result();
	test_wrong_lengths();
	test_changed_bytes();
	test_hostile_values();
	test_limits();
	test_frames();
	test_requests_refused();
	test_entries();
	wf_arena_free(arena);
	return done();
}
