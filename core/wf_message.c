/*-------------------------------------------------------------------------
 *
 * wf_message.c
 *	  The language between worker and crawler: frames on a socket pair.
 *
 * Writers compute a frame's size before they touch the buffer, so that a
 * failure leaves it as it was; texts over their limit are cut at a character
 * border.  Readers believe nothing: see wf_message.h.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "wf_message.h"
#include "wf_text.h"

#define FRAME_HEADER		5	/* length and type */
#define MAX_SETTINGS		256
#define MAX_SETTING_NAME	64
#define MAX_SETTING_VALUE	65536
#define MAX_HTTP_STATUS		999

/* seq, outcome, status, retry-after, elapsed, bytes, strings, flag, count, counts of entries,
   flag, credits */
#define RESULT_FIXED (8 + 2 + 2 + 4 + 4 + 8 + 7 * 4 + 1 + 4 + 1 + 4 * 4 + 1 + 4)
/* flags, type, place, date, number of URLs, string */
#define ENTRY_FIXED (1 + 1 + 1 + 8 + 4 + 4)
#define DAY_US (INT64_C(86400) * 1000000)
#define ENTRY_SITEMAP	0x01
#define ENTRY_LASTMOD	0x02
/* kind, source, position, six strings */
#define FINDING_FIXED (1 + 1 + 1 + 4 + 6 * 4)

/* ---------- writing ---------- */

static void
put_bytes(WfBuffer *buf, const void *data, size_t len)
{
	if (len > 0)
		memcpy(buf->data + buf->len, data, len);
	buf->len += len;
}

static void
put_u8(WfBuffer *buf, uint8_t value)
{
	buf->data[buf->len++] = (char) value;
}

static void
put_u16(WfBuffer *buf, uint16_t value)
{
	put_bytes(buf, &value, sizeof(value));
}

static void
put_u32(WfBuffer *buf, uint32_t value)
{
	put_bytes(buf, &value, sizeof(value));
}

static void
put_u64(WfBuffer *buf, uint64_t value)
{
	put_bytes(buf, &value, sizeof(value));
}

static void
put_string(WfBuffer *buf, WfSlice text)
{
	put_u32(buf, (uint32_t) text.len);
	put_bytes(buf, text.data, text.len);
}

static WfSlice
slice_of(const char *text)
{
	return (WfSlice) {text, strlen(text)};
}

/*
 * Make room for a frame with a payload of "size" bytes and write its header;
 * after WF_OK exactly that many bytes must be put.
 */
static WfStatus
begin_frame(WfBuffer *buf, WfMessageType type, size_t size)
{
	WfStatus	status;

	if (size + 1 > WF_MAX_MESSAGE)
		return WF_ERR_LIMIT;
	status = wf_buffer_reserve(buf, FRAME_HEADER + size);
	if (status != WF_OK)
		return status;
	put_u32(buf, (uint32_t) (size + 1));
	put_u8(buf, type);
	return WF_OK;
}

WfStatus
wf_message_write_config(WfBuffer *buf, const WfSetting *settings, int count)
{
	size_t		size = 4;
	WfStatus	status;

	if (count < 0 || count > MAX_SETTINGS)
		return WF_ERR_LIMIT;
	for (int i = 0; i < count; i++)
	{
		size_t		name = strlen(settings[i].name);
		size_t		value = strlen(settings[i].value);

		if (name > MAX_SETTING_NAME || value > MAX_SETTING_VALUE)
			return WF_ERR_LIMIT;
		size += 8 + name + value;
	}
	status = begin_frame(buf, WF_MSG_CONFIG, size);
	if (status != WF_OK)
		return status;
	put_u32(buf, (uint32_t) count);
	for (int i = 0; i < count; i++)
	{
		put_string(buf, slice_of(settings[i].name));
		put_string(buf, slice_of(settings[i].value));
	}
	return WF_OK;
}

WfStatus
wf_message_write_fetch(WfBuffer *buf, const WfFetchMessage *msg)
{
	WfStatus	status;

	if (msg->url.len > WF_MAX_URL || msg->domain.len > WF_MAX_URL ||
		msg->version_url.len > WF_MAX_URL || msg->etag.len > WF_MAX_VALIDATOR ||
		msg->last_modified.len > WF_MAX_VALIDATOR)
		return WF_ERR_LIMIT;
	status = begin_frame(buf, WF_MSG_FETCH, 8 + 4 + 1 + 5 * 4 + msg->url.len + msg->domain.len +
						 msg->version_url.len + msg->etag.len + msg->last_modified.len);
	if (status != WF_OK)
		return status;
	put_u64(buf, msg->seq);
	put_u32(buf, msg->flags);
	put_u8(buf, msg->stage);
	put_string(buf, msg->url);
	put_string(buf, msg->domain);
	put_string(buf, msg->version_url);
	put_string(buf, msg->etag);
	put_string(buf, msg->last_modified);
	return WF_OK;
}

WfStatus
wf_message_write_cancel(WfBuffer *buf, uint64_t seq)
{
	WfStatus	status = begin_frame(buf, WF_MSG_CANCEL, 8);

	if (status == WF_OK)
		put_u64(buf, seq);
	return status;
}

WfStatus
wf_message_write_ready(WfBuffer *buf)
{
	WfStatus	status = begin_frame(buf, WF_MSG_READY, 4);

	if (status == WF_OK)
		put_u32(buf, WF_PROTOCOL_VERSION);
	return status;
}

WfStatus
wf_message_write_ask(WfBuffer *buf, const WfAskMessage *msg)
{
	WfStatus	status;

	if (msg->site.len > WF_MAX_SITE)
		return WF_ERR_LIMIT;
	status = begin_frame(buf, WF_MSG_ASK, 8 + 8 + 4 + msg->site.len);
	if (status != WF_OK)
		return status;
	put_u64(buf, msg->id);
	put_u64(buf, msg->seq);
	put_string(buf, msg->site);
	return WF_OK;
}

WfStatus
wf_message_write_grant(WfBuffer *buf, uint64_t id, bool granted)
{
	WfStatus	status = begin_frame(buf, WF_MSG_GRANT, 8 + 1);

	if (status != WF_OK)
		return status;
	put_u64(buf, id);
	put_u8(buf, granted);
	return WF_OK;
}

WfStatus
wf_message_write_site(WfBuffer *buf, const WfSiteState *state)
{
	WfStatus	status;

	if (state->site.len > WF_MAX_SITE)
		return WF_ERR_LIMIT;
	status = begin_frame(buf, WF_MSG_SITE, 4 + state->site.len + 5 * 4);
	if (status != WF_OK)
		return status;
	put_string(buf, state->site);
	put_u32(buf, state->wait_ms);
	put_u32(buf, state->delay_ms);
	put_u32(buf, state->slow_ms);
	put_u32(buf, state->failures);
	put_u32(buf, state->openings);
	return WF_OK;
}

WfStatus
wf_message_write_robots(WfBuffer *buf, const WfRobotsFile *file)
{
	WfStatus	status;

	if (file->site.len > WF_MAX_SITE || file->origin.len > WF_MAX_ORIGIN ||
		file->body.len > WF_MAX_MESSAGE)
		return WF_ERR_LIMIT;
	status = begin_frame(buf, WF_MSG_ROBOTS,
						 3 * 4 + file->site.len + file->origin.len + file->body.len + 4);
	if (status != WF_OK)
		return status;
	put_string(buf, file->site);
	put_string(buf, file->origin);
	put_u32(buf, file->valid_ms);
	put_string(buf, file->body);
	return WF_OK;
}

WfStatus
wf_message_write_log(WfBuffer *buf, WfSlice text)
{
	WfSlice		cut = wf_text_truncate(text, WF_MAX_ERROR);
	WfStatus	status = begin_frame(buf, WF_MSG_LOG, 4 + cut.len);

	if (status == WF_OK)
		put_string(buf, cut);
	return status;
}

/* The longest prefix of a context that the reader accepts. */
static WfSlice
cut_context(WfSlice text)
{
	const char *p = text.data;
	const char *end = text.data + text.len;
	uint32_t	cp;

	if (text.len <= WF_MAX_CONTEXT)
		return text;
	for (int i = 0; i < WF_MAX_CONTEXT && p < end; i++)
		p += wf_text_decode(p, end, &cp);
	return (WfSlice) {text.data, p - text.data};
}

/* The six texts of a finding in the order they are sent, within limits. */
static size_t
finding_texts(const WfFinding *finding, WfSlice texts[6])
{
	const WfSlice all[6] = {
		finding->value, finding->raw, finding->name,
		finding->job_title, finding->phone, finding->context
	};
	size_t		size = 0;

	for (int i = 0; i < 6; i++)
	{
		texts[i] = i == 5 ? cut_context(all[i]) : wf_text_truncate(all[i], WF_MAX_VALUE);
		size += texts[i].len;
	}
	return size;
}

static bool
texts_clean(const WfFindings *findings)
{
	WfSlice		texts[6];

	for (int i = 0; i < findings->count; i++)
	{
		finding_texts(&findings->items[i], texts);
		for (int k = 0; k < 6; k++)
		{
			if (wf_text_clean_prefix(texts[k]) != texts[k].len)
				return false;
		}
	}
	return wf_text_clean_prefix(findings->title) == findings->title.len;
}

static void
put_finding(WfBuffer *buf, const WfFinding *finding)
{
	WfSlice		texts[6];

	finding_texts(finding, texts);
	put_u8(buf, finding->kind);
	put_u8(buf, finding->source);
	put_u8(buf, finding->told);
	put_u32(buf, finding->position);
	for (int i = 0; i < 6; i++)
		put_string(buf, texts[i]);
}

/* What the reader accepts; anything else is none. */
static WfSlice
validator_of(WfSlice value)
{
	return wf_site_is_validator(value) ? value : WF_SLICE_EMPTY;
}

WfStatus
wf_message_write_result(WfBuffer *buf, const WfResultMessage *msg)
{
	WfSlice		error = wf_text_truncate(msg->error, WF_MAX_ERROR);
	WfSlice		url = wf_text_truncate(msg->effective_url, WF_MAX_URL);
	WfSlice		type = wf_text_truncate(msg->content_type, WF_MAX_VALUE);
	WfSlice		title = wf_text_truncate(msg->findings.title, WF_MAX_VALUE);
	WfSlice		etag = validator_of(msg->etag);
	WfSlice		modified = validator_of(msg->last_modified);
	size_t		size = RESULT_FIXED + error.len + url.len + type.len + title.len +
		etag.len + modified.len;
	WfSlice		texts[6];
	WfStatus	status;

	if (msg->findings.count < 0 || msg->findings.count > WF_MAX_FINDINGS ||
		msg->body.len > WF_MAX_MESSAGE)
		return WF_ERR_LIMIT;
	if (!texts_clean(&msg->findings))
		return WF_ERR_SYNTAX;
	size += msg->body.len;
	for (int i = 0; i < msg->findings.count; i++)
		size += FINDING_FIXED + finding_texts(&msg->findings.items[i], texts);
	status = begin_frame(buf, WF_MSG_RESULT, size);
	if (status != WF_OK)
		return status;

	put_u64(buf, msg->seq);
	put_u16(buf, msg->outcome);
	put_u16(buf, msg->http_status);
	put_u32(buf, msg->retry_after_ms);
	put_u32(buf, msg->elapsed_ms);
	put_u64(buf, msg->body_bytes);
	put_string(buf, error);
	put_string(buf, url);
	put_string(buf, type);
	put_string(buf, etag);
	put_string(buf, modified);
	put_string(buf, msg->body);
	put_string(buf, title);
	put_u8(buf, msg->findings.truncated);
	put_u32(buf, (uint32_t) msg->findings.count);
	for (int i = 0; i < msg->findings.count; i++)
		put_finding(buf, &msg->findings.items[i]);
	put_u8(buf, msg->counts.type);
	put_u32(buf, msg->counts.entries);
	put_u32(buf, msg->counts.refused);
	put_u32(buf, msg->counts.doubles);
	put_u32(buf, msg->counts.invalid);
	put_u8(buf, msg->by_gateway);
	put_u32(buf, (uint32_t) msg->credits);
	return WF_OK;
}

WfStatus
wf_message_write_entries(WfBuffer *buf, const WfEntriesMessage *msg)
{
	size_t		size = 8 + 4;
	WfStatus	status;

	if (msg->count < 1 || msg->count > WF_MAX_ENTRIES)
		return WF_ERR_LIMIT;
	for (int i = 0; i < msg->count; i++)
	{
		if (msg->items[i].url.len > WF_MAX_URL)
			return WF_ERR_LIMIT;
		size += ENTRY_FIXED + msg->items[i].url.len;
	}
	status = begin_frame(buf, WF_MSG_ENTRIES, size);
	if (status != WF_OK)
		return status;
	put_u64(buf, msg->seq);
	put_u32(buf, (uint32_t) msg->count);
	for (int i = 0; i < msg->count; i++)
	{
		const WfEntry *entry = &msg->items[i];

		put_u8(buf, (entry->is_sitemap ? ENTRY_SITEMAP : 0) |
			   (entry->has_lastmod ? ENTRY_LASTMOD : 0));
		put_u8(buf, entry->type);
		put_u8(buf, entry->found_by);
		put_u64(buf, (uint64_t) entry->lastmod_us);
		put_u32(buf, (uint32_t) entry->url_count);
		put_string(buf, entry->url);
	}
	return WF_OK;
}

/* ---------- reading ---------- */

/* What is left of a payload; "bad" once anything was missing or refused. */
typedef struct Reader
{
	const char *p;
	const char *end;
	bool		bad;
} Reader;

static Reader
reader_of(WfSlice payload)
{
	return (Reader) {payload.data, payload.data ? payload.data + payload.len : NULL, false};
}

static bool
take(Reader *reader, void *out, size_t len)
{
	if (reader->bad || (size_t) (reader->end - reader->p) < len)
	{
		reader->bad = true;
		memset(out, 0, len);
		return false;
	}
	memcpy(out, reader->p, len);
	reader->p += len;
	return true;
}

static uint8_t
take_u8(Reader *reader)
{
	uint8_t		value;

	take(reader, &value, sizeof(value));
	return value;
}

static uint16_t
take_u16(Reader *reader)
{
	uint16_t	value;

	take(reader, &value, sizeof(value));
	return value;
}

static uint32_t
take_u32(Reader *reader)
{
	uint32_t	value;

	take(reader, &value, sizeof(value));
	return value;
}

static uint64_t
take_u64(Reader *reader)
{
	uint64_t	value;

	take(reader, &value, sizeof(value));
	return value;
}

static WfSlice
take_bytes(Reader *reader, size_t max)
{
	uint32_t	len = take_u32(reader);
	WfSlice		text = {reader->p, len};

	if (reader->bad || len > max || (size_t) (reader->end - reader->p) < len)
	{
		reader->bad = true;
		return WF_SLICE_EMPTY;
	}
	reader->p += len;
	return text;
}

/* Valid UTF-8 without NUL of at most "max" bytes. */
static WfSlice
take_text(Reader *reader, size_t max)
{
	WfSlice		text = take_bytes(reader, max);

	if (text.len > 0 && wf_text_clean_prefix(text) != text.len)
	{
		reader->bad = true;
		return WF_SLICE_EMPTY;
	}
	return text;
}

/* Empty, or fit to be a header. */
static WfSlice
take_validator(Reader *reader)
{
	WfSlice		value = take_bytes(reader, WF_MAX_VALIDATOR);

	reader->bad |= value.len > 0 && !wf_site_is_validator(value);
	return value;
}

static WfStatus
finish(const Reader *reader)
{
	return reader->bad || reader->p != reader->end ? WF_ERR_SYNTAX : WF_OK;
}

long
wf_message_frame(const char *data, size_t len, WfMessageType *type, WfSlice *payload)
{
	uint32_t	size;

	if (len < sizeof(size))
		return 0;
	memcpy(&size, data, sizeof(size));
	if (size < 1 || size > WF_MAX_MESSAGE)
		return -1;
	if (len < sizeof(size) + size)
		return 0;
	*type = (WfMessageType) (unsigned char) data[sizeof(size)];
	*payload = (WfSlice) {data + FRAME_HEADER, size - 1};
	return (long) (sizeof(size) + size);
}

WfStatus
wf_message_read_config(WfSlice payload, WfArena *arena, WfSetting **settings, int *count)
{
	Reader		reader = reader_of(payload);
	uint32_t	n = take_u32(&reader);
	WfSetting  *list;

	if (reader.bad || n > MAX_SETTINGS)
		return WF_ERR_SYNTAX;
	list = wf_arena_zalloc(arena, (n + 1) * sizeof(*list));
	if (list == NULL)
		return WF_ERR_NOMEM;
	for (uint32_t i = 0; i < n; i++)
	{
		WfSlice		name = take_text(&reader, MAX_SETTING_NAME);
		WfSlice		value = take_text(&reader, MAX_SETTING_VALUE);

		if (reader.bad)
			return WF_ERR_SYNTAX;
		list[i].name = wf_arena_copy(arena, name).data;
		list[i].value = wf_arena_copy(arena, value).data;
		if (list[i].name == NULL || list[i].value == NULL)
			return WF_ERR_NOMEM;
	}
	*settings = list;
	*count = (int) n;
	return finish(&reader);
}

WfStatus
wf_message_read_fetch(WfSlice payload, WfFetchMessage *msg)
{
	Reader		reader = reader_of(payload);

	msg->seq = take_u64(&reader);
	msg->flags = take_u32(&reader);
	msg->stage = take_u8(&reader);
	msg->url = take_bytes(&reader, WF_MAX_URL);
	msg->domain = take_bytes(&reader, WF_MAX_URL);
	msg->version_url = take_bytes(&reader, WF_MAX_URL);
	msg->etag = take_validator(&reader);
	msg->last_modified = take_validator(&reader);
	if (msg->seq == 0 || msg->stage >= WF_STAGE_MSG_COUNT ||
		(msg->flags & ~(WF_FETCH_WANT_BODY | WF_FETCH_GATEWAY)) != 0)
		return WF_ERR_SYNTAX;
	return finish(&reader);
}

WfStatus
wf_message_read_cancel(WfSlice payload, uint64_t *seq)
{
	Reader		reader = reader_of(payload);

	*seq = take_u64(&reader);
	return finish(&reader);
}

WfStatus
wf_message_read_ready(WfSlice payload, uint32_t *version)
{
	Reader		reader = reader_of(payload);

	*version = take_u32(&reader);
	return finish(&reader);
}

/* A site has a name. */
static WfSlice
take_site(Reader *reader)
{
	WfSlice		site = take_text(reader, WF_MAX_SITE);

	reader->bad |= site.len == 0;
	return site;
}

WfStatus
wf_message_read_ask(WfSlice payload, WfAskMessage *msg)
{
	Reader		reader = reader_of(payload);

	msg->id = take_u64(&reader);
	msg->seq = take_u64(&reader);
	msg->site = take_site(&reader);
	return finish(&reader);
}

WfStatus
wf_message_read_grant(WfSlice payload, uint64_t *id, bool *granted)
{
	Reader		reader = reader_of(payload);
	uint8_t		flag;

	*id = take_u64(&reader);
	flag = take_u8(&reader);
	reader.bad |= flag > 1;
	*granted = flag == 1;
	return finish(&reader);
}

WfStatus
wf_message_read_site(WfSlice payload, WfSiteState *state)
{
	Reader		reader = reader_of(payload);

	state->site = take_site(&reader);
	state->wait_ms = take_u32(&reader);
	state->delay_ms = take_u32(&reader);
	state->slow_ms = take_u32(&reader);
	state->failures = take_u32(&reader);
	state->openings = take_u32(&reader);
	return finish(&reader);
}

WfStatus
wf_message_read_robots(WfSlice payload, WfRobotsFile *file)
{
	Reader		reader = reader_of(payload);

	file->site = take_site(&reader);
	file->origin = take_text(&reader, WF_MAX_ORIGIN);
	file->valid_ms = take_u32(&reader);
	file->body = take_bytes(&reader, WF_MAX_MESSAGE);
	reader.bad |= file->origin.len == 0;
	return finish(&reader);
}

WfStatus
wf_message_read_log(WfSlice payload, WfSlice *text)
{
	Reader		reader = reader_of(payload);

	*text = take_text(&reader, WF_MAX_ERROR);
	return finish(&reader);
}

static void
take_finding(Reader *reader, WfFinding *finding)
{
	uint8_t		kind = take_u8(reader);
	uint8_t		source = take_u8(reader);

	finding->told = take_u8(reader);
	finding->position = take_u32(reader);
	finding->value = take_text(reader, WF_MAX_VALUE);
	finding->raw = take_text(reader, WF_MAX_VALUE);
	finding->name = take_text(reader, WF_MAX_VALUE);
	finding->job_title = take_text(reader, WF_MAX_VALUE);
	finding->phone = take_text(reader, WF_MAX_VALUE);
	finding->context = take_text(reader, 4 * WF_MAX_CONTEXT);
	if (kind < 1 || kind > WF_KIND_LAST || source < 1 || source > WF_SOURCE_LAST ||
		finding->told > WF_TOLD_ALL || finding->value.len == 0 ||
		wf_text_char_count(finding->context) > WF_MAX_CONTEXT)
		reader->bad = true;
	finding->kind = (WfFindingKind) kind;
	finding->source = (WfFindingSource) source;
}

static WfStatus
take_findings(Reader *reader, WfArena *arena, WfFindings *findings)
{
	uint8_t		truncated;
	uint32_t	count;

	findings->title = take_text(reader, WF_MAX_VALUE);
	truncated = take_u8(reader);
	count = take_u32(reader);
	if (reader->bad || truncated > 1 || count > WF_MAX_FINDINGS ||
		(size_t) (reader->end - reader->p) < (size_t) count * FINDING_FIXED)
		return WF_ERR_SYNTAX;
	findings->truncated = truncated;
	findings->count = (int) count;
	findings->items = NULL;
	if (count == 0)
		return WF_OK;
	findings->items = wf_arena_zalloc(arena, count * sizeof(WfFinding));
	if (findings->items == NULL)
		return WF_ERR_NOMEM;
	for (uint32_t i = 0; i < count && !reader->bad; i++)
		take_finding(reader, &findings->items[i]);
	return WF_OK;
}

/* Years 1970 to 2199, as core/wf_lastmod.c finds them, and the zones around. */
static bool
is_sane_time(int64_t us)
{
	return us >= -DAY_US && us <= INT64_C(84006) * DAY_US + DAY_US;
}

static void
take_entry(Reader *reader, WfEntry *entry)
{
	uint8_t		flags = take_u8(reader);
	uint8_t		type = take_u8(reader);
	uint8_t		found_by = take_u8(reader);

	entry->lastmod_us = (int64_t) take_u64(reader);
	entry->url_count = (int32_t) take_u32(reader);
	entry->url = take_bytes(reader, WF_MAX_URL);
	entry->is_sitemap = (flags & ENTRY_SITEMAP) != 0;
	entry->has_lastmod = (flags & ENTRY_LASTMOD) != 0;
	entry->type = (WfSitemapType) type;
	entry->found_by = (WfFoundBy) found_by;
	if ((flags & ~(ENTRY_SITEMAP | ENTRY_LASTMOD)) != 0 || type >= WF_SITEMAP_TYPE_COUNT ||
		found_by >= WF_FOUND_COUNT || entry->url_count < -1 || entry->url.len == 0 ||
		wf_text_ascii_prefix(entry->url) != entry->url.len ||
		(entry->has_lastmod ? !is_sane_time(entry->lastmod_us) : entry->lastmod_us != 0))
		reader->bad = true;
}

WfStatus
wf_message_read_entries(WfSlice payload, WfArena *arena, WfEntriesMessage *msg)
{
	Reader		reader = reader_of(payload);
	uint32_t	count;

	msg->seq = take_u64(&reader);
	count = take_u32(&reader);
	if (reader.bad || msg->seq == 0 || count < 1 || count > WF_MAX_ENTRIES ||
		(size_t) (reader.end - reader.p) < (size_t) count * ENTRY_FIXED)
		return WF_ERR_SYNTAX;
	msg->count = (int) count;
	msg->items = wf_arena_zalloc(arena, count * sizeof(WfEntry));
	if (msg->items == NULL)
		return WF_ERR_NOMEM;
	for (uint32_t i = 0; i < count && !reader.bad; i++)
		take_entry(&reader, &msg->items[i]);
	return finish(&reader);
}

/* What the result ends with: counts of entries, and what a gateway had to do with it. */
static WfStatus
take_end(Reader *reader, WfResultMessage *msg)
{
	WfEntryCounts *counts = &msg->counts;
	uint8_t		type = take_u8(reader);
	uint8_t		by_gateway;

	counts->type = (WfSitemapType) type;
	counts->entries = take_u32(reader);
	counts->refused = take_u32(reader);
	counts->doubles = take_u32(reader);
	counts->invalid = take_u32(reader);
	by_gateway = take_u8(reader);
	msg->by_gateway = by_gateway != 0;
	msg->credits = (int32_t) take_u32(reader);
	if (type >= WF_SITEMAP_TYPE_COUNT || counts->entries > INT32_MAX || by_gateway > 1 ||
		msg->credits < WF_CREDITS_UNKNOWN || msg->credits > WF_MAX_CREDITS)
		return WF_ERR_SYNTAX;
	return finish(reader);
}

WfStatus
wf_message_read_result(WfSlice payload, WfArena *arena, WfResultMessage *msg)
{
	Reader		reader = reader_of(payload);
	uint16_t	outcome;
	WfStatus	status;

	msg->seq = take_u64(&reader);
	outcome = take_u16(&reader);
	msg->http_status = take_u16(&reader);
	msg->retry_after_ms = take_u32(&reader);
	msg->elapsed_ms = take_u32(&reader);
	msg->body_bytes = take_u64(&reader);
	msg->error = take_text(&reader, WF_MAX_ERROR);
	msg->effective_url = take_text(&reader, WF_MAX_URL);
	msg->content_type = take_text(&reader, WF_MAX_VALUE);
	msg->etag = take_validator(&reader);
	msg->last_modified = take_validator(&reader);
	msg->body = take_bytes(&reader, WF_MAX_MESSAGE);
	if (reader.bad || msg->seq == 0 || outcome >= WF_OUTCOME_COUNT ||
		msg->http_status > MAX_HTTP_STATUS || msg->body_bytes > INT64_MAX)
		return WF_ERR_SYNTAX;
	msg->outcome = (WfOutcome) outcome;
	status = take_findings(&reader, arena, &msg->findings);
	return status != WF_OK ? status : take_end(&reader, msg);
}
