/*-------------------------------------------------------------------------
 *
 * fuzz_message.c
 *	  libFuzzer: no bytes on the socket harm their reader, and what a reader
 *	  accepts can be written and is read as the same again.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "core/wf_message.h"
#include "core/wf_text.h"

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(bool condition)
{
	if (!condition)
		abort();
}

static void
check_result(WfArena *arena, WfSlice payload)
{
	WfResultMessage msg;
	WfBuffer	buf = {.arena = arena};

	if (wf_message_read_result(payload, arena, &msg) != WF_OK)
		return;
	check(msg.seq != 0 && msg.outcome < WF_OUTCOME_COUNT);
	check(msg.findings.count >= 0 && msg.findings.count <= WF_MAX_FINDINGS);
	check(wf_text_clean_prefix(msg.error) == msg.error.len);
	for (int i = 0; i < msg.findings.count; i++)
		check(wf_text_clean_prefix(msg.findings.items[i].value) ==
			  msg.findings.items[i].value.len);
	check(wf_message_write_result(&buf, &msg) == WF_OK);
	check(buf.len == payload.len + 5 && memcmp(buf.data + 5, payload.data, payload.len) == 0);
}

/* What is accepted of the messages about sites is written as it was read. */
static void
check_site_payload(WfArena *arena, WfMessageType type, WfSlice payload)
{
	WfBuffer	buf = {.arena = arena};
	WfAskMessage ask;
	WfSiteState state;
	WfRobotsFile file;
	uint64_t	id;
	bool		granted;
	bool		accepted = false;

	if (type == WF_MSG_ASK && wf_message_read_ask(payload, &ask) == WF_OK)
		accepted = wf_message_write_ask(&buf, &ask) == WF_OK;
	else if (type == WF_MSG_GRANT && wf_message_read_grant(payload, &id, &granted) == WF_OK)
		accepted = wf_message_write_grant(&buf, id, granted) == WF_OK;
	else if (type == WF_MSG_SITE && wf_message_read_site(payload, &state) == WF_OK)
		accepted = wf_message_write_site(&buf, &state) == WF_OK;
	else if (type == WF_MSG_ROBOTS && wf_message_read_robots(payload, &file) == WF_OK)
		accepted = wf_message_write_robots(&buf, &file) == WF_OK;
	if (accepted)
		check(buf.len == payload.len + 5 && memcmp(buf.data + 5, payload.data, payload.len) == 0);
}

static void
check_payload(WfArena *arena, WfMessageType type, WfSlice payload)
{
	WfSetting  *settings;
	WfFetchMessage fetch;
	WfSlice		text;
	uint64_t	seq;
	uint32_t	version;
	int			count;
	WfEntriesMessage entries;

	switch (type)
	{
		case WF_MSG_CONFIG:
			if (wf_message_read_config(payload, arena, &settings, &count) == WF_OK)
			{
				for (int i = 0; i < count; i++)
					check(settings[i].name && settings[i].value);
			}
			break;
		case WF_MSG_FETCH:
			if (wf_message_read_fetch(payload, &fetch) == WF_OK)
				check(fetch.seq != 0 && fetch.url.len <= WF_MAX_URL);
			break;
		case WF_MSG_CANCEL:
			(void) wf_message_read_cancel(payload, &seq);
			break;
		case WF_MSG_READY:
			(void) wf_message_read_ready(payload, &version);
			break;
		case WF_MSG_LOG:
			if (wf_message_read_log(payload, &text) == WF_OK)
				check(wf_text_clean_prefix(text) == text.len);
			break;
		case WF_MSG_RESULT:
			check_result(arena, payload);
			break;
		case WF_MSG_ENTRIES:
			if (wf_message_read_entries(payload, arena, &entries) == WF_OK)
			{
				check(entries.seq != 0 && entries.count >= 1 && entries.count <= WF_MAX_ENTRIES);
				for (int i = 0; i < entries.count; i++)
					check(wf_text_ascii_prefix(entries.items[i].url) == entries.items[i].url.len &&
						  entries.items[i].type < WF_SITEMAP_TYPE_COUNT &&
						  entries.items[i].found_by < WF_FOUND_COUNT);
			}
			break;
		case WF_MSG_ASK:
		case WF_MSG_GRANT:
		case WF_MSG_SITE:
		case WF_MSG_ROBOTS:
			check_site_payload(arena, type, payload);
			break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	WfArena    *arena = wf_arena_create(16 * 1024 * 1024);
	size_t		done = 0;
	WfMessageType type;
	WfSlice		payload;
	long		len;

	while ((len = wf_message_frame((const char *) data + done, size - done,
								   &type, &payload)) > 0)
	{
		check((size_t) len <= size - done);
		check_payload(arena, type, payload);
		done += len;
	}
	/* the same bytes as a payload of each type */
	payload = (WfSlice) {(const char *) data, size};
	for (const char *t = "CFXRLEN"; *t; t++)
		check_payload(arena, (WfMessageType) *t, payload);
	wf_arena_free(arena);
	return 0;
}
