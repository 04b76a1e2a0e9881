/*-------------------------------------------------------------------------
 *
 * wf_fetch_slot.c
 *	  Easy handles, used again and again, and what libcurl calls back.
 *
 * Callbacks never end the process and never jump: they record a reason in the
 * slot and return the code that makes libcurl end the transfer.
 *
 * Memory of bodies: a chunk that arrives is always taken up to the limit of
 * one body, so a decoder never has to buffer; wf_fetch.c pauses readers when
 * the sum passes WF_BODY_BUDGET.  What may still arrive then (the first chunk
 * of each response) stops at WF_BODY_HARD_LIMIT: the transfer begins again
 * when others have ended.
 *
 *-------------------------------------------------------------------------
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "wf_fetch_int.h"
#include "wf_text.h"

#define MAX_HEADER_BYTES	(256 * 1024)	/* of all responses of one hop */
#define MAX_HEADER_LINES	1000
#define MAX_INFORMATIONAL	20		/* 1xx responses before the real one */
#define MAX_UNWANTED		(64 * 1024) /* read to keep the connection */
#define MAX_RETRY_AFTER		(7 * 24 * 3600) /* s */
#define LOW_SPEED_LIMIT		64L		/* bytes per second … */
#define LOW_SPEED_TIME		30		/* … over so many seconds at most */
#define DNS_CACHE_TIME		120L	/* s */
#define MAX_IDLE_AGE		60L		/* s that an unused connection is trusted */
#define BODY_FIRST_ROOM		(64 * 1024)
#define SPARE_MAX_ROOM		(256 * 1024)	/* larger ones would all be so in the end */

/* ---------- body buffers ---------- */

static void
body_acquire(WfSlot *slot)
{
	WfFetcher  *fetcher = slot->fetcher;

	if (fetcher->spare_count > 0)
		slot->body = fetcher->spare[--fetcher->spare_count];
	else
		memset(&slot->body, 0, sizeof(slot->body));
	slot->body.len = 0;
}

static void
body_release(WfSlot *slot)
{
	WfFetcher  *fetcher = slot->fetcher;
	int			max = (int) (sizeof(fetcher->spare) / sizeof(fetcher->spare[0]));

	fetcher->body_bytes -= slot->body.len;
	if (slot->body.data && slot->body.room <= SPARE_MAX_ROOM && fetcher->spare_count < max)
		fetcher->spare[fetcher->spare_count++] = slot->body;
	else
		free(slot->body.data);
	memset(&slot->body, 0, sizeof(slot->body));
}

/* Room for "need" bytes; more when the body grows without having said so. */
static bool
body_reserve(WfSlot *slot, size_t need)
{
	size_t		room = slot->body.room * 2;
	char	   *data;

	if (need <= slot->body.room)
		return true;
	if (room < BODY_FIRST_ROOM)
		room = BODY_FIRST_ROOM;
	if (room < need)
		room = need;
	data = realloc(slot->body.data, room);
	if (data == NULL)
		return false;
	slot->body.data = data;
	slot->body.room = room;
	return true;
}

/* ---------- callbacks ---------- */

/* Any value but the number of bytes offered ends the transfer. */
static size_t
abort_with(WfSlot *slot, WfAbort reason)
{
	slot->abort = reason;
	return CURL_WRITEFUNC_ERROR;
}

/* Does the body go on piece by piece?  Not that of an answer that tells what went wrong. */
static bool
is_streamed(const WfSlot *slot)
{
	return slot->transfer->stream && slot->status >= 200 && slot->status < 300;
}

/* Status and headers are complete: will anyone read the body? */
static bool
begin_body(WfSlot *slot)
{
	curl_off_t	announced = -1;
	bool		redirect = slot->location && slot->status >= 300 && slot->status < 400;

	slot->body_started = true;
	slot->body_wanted = !redirect &&
		(slot->transfer->keep_body ||
		 (slot->transfer->gateway && slot->status == 403) ||
		 (slot->status >= 200 && slot->status < 300 &&
		  (slot->transfer->stream || wf_fetch_is_text(slot->content_type))));
	(void) curl_easy_getinfo(slot->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &announced);
	if (!slot->body_wanted)
	{
		if (announced > MAX_UNWANTED)
			abort_with(slot, WF_ABORT_UNWANTED);
		return slot->abort == WF_ABORT_NONE;
	}
	if (is_streamed(slot))
		return true;
	if (announced > slot->fetcher->config.max_body_size && !slot->transfer->robots_for)
	{
		abort_with(slot, WF_ABORT_BODY_SIZE);
		return false;
	}
	body_acquire(slot);
	if (announced > BODY_FIRST_ROOM && announced <= slot->fetcher->config.max_body_size)
		(void) body_reserve(slot, (size_t) announced);
	return true;
}

/* Bytes of a streamed body go on at once. */
static size_t
pass_piece(WfSlot *slot, bool first, WfSlice bytes)
{
	const WfFetchCallbacks *callbacks = &slot->fetcher->callbacks;
	WfFetchPiece piece = {
		.seq = slot->transfer->seq,
		.first = first,
		.content_type = {slot->content_type, strlen(slot->content_type)},
		.url = {slot->transfer->url, strlen(slot->transfer->url)},
		.bytes = bytes,
	};

	if (!callbacks->piece(callbacks->arg, &piece))
		return abort_with(slot, WF_ABORT_UNWANTED);
	return bytes.len;
}

static size_t
on_body(char *data, size_t size, size_t count, void *arg)
{
	WfSlot	   *slot = arg;
	WfFetcher  *fetcher = slot->fetcher;
	size_t		len = size * count;
	bool		first = !slot->body_started;

	wf_fetch_announce(fetcher, slot->transfer->blame);
	if (first && !begin_body(slot))
		return CURL_WRITEFUNC_ERROR;
	slot->received += len;
	if (!slot->body_wanted)
		return slot->received > MAX_UNWANTED ? abort_with(slot, WF_ABORT_UNWANTED) : len;
	if (is_streamed(slot))
		return pass_piece(slot, first, (WfSlice) {data, len});
	if (slot->transfer->robots_for)
	{
		/* what is read of a long file counts */
		if (slot->body.len >= WF_ROBOTS_MAX_BYTES)
			return abort_with(slot, WF_ABORT_UNWANTED);
	}
	else if ((int64_t) (slot->body.len + len) > fetcher->config.max_body_size)
		return abort_with(slot, WF_ABORT_BODY_SIZE);
	if (fetcher->body_bytes + len > WF_BODY_HARD_LIMIT &&
		fetcher->body_bytes > slot->body.len && slot != fetcher->first_slot)
		return abort_with(slot, WF_ABORT_BUDGET);
	if (!body_reserve(slot, slot->body.len + len))
		return abort_with(slot, WF_ABORT_MEMORY);
	memcpy(slot->body.data + slot->body.len, data, len);
	slot->body.len += len;
	fetcher->body_bytes += len;
	if (fetcher->body_bytes > fetcher->stats.peak_bytes)
		fetcher->stats.peak_bytes = fetcher->body_bytes;
	return len;
}

/* A header that the version may be asked for by; one we could not send is none. */
static void
keep_validator(char *out, WfSlice value)
{
	out[0] = '\0';
	if (!wf_site_is_validator(value))
		return;
	memcpy(out, value.data, value.len);
	out[value.len] = '\0';
}

/* Value of a header line if its name matches; blanks around it removed. */
static bool
header_value(WfSlice line, WfSlice name, WfSlice *value)
{
	if (line.len <= name.len || line.data[name.len] != ':' ||
		!wf_text_starts_nocase(line, name))
		return false;
	*value = wf_text_trim((WfSlice) {line.data + name.len + 1, line.len - name.len - 1});
	return true;
}

/* RFC 9110 section 10.2.3: seconds or a date. */
static uint32_t
parse_retry_after(WfSlice value)
{
	char		text[64];
	int64_t		seconds = 0;
	size_t		i = 0;

	if (value.len == 0 || value.len >= sizeof(text))
		return 0;
	while (i < value.len && wf_is_digit(value.data[i]) && seconds < MAX_RETRY_AFTER)
		seconds = seconds * 10 + (value.data[i++] - '0');
	if (i == 0)
	{
		time_t		when;

		memcpy(text, value.data, value.len);
		text[value.len] = '\0';
		when = curl_getdate(text, NULL);
		seconds = when == -1 ? 0 : (int64_t) when - (int64_t) time(NULL);
	}
	if (seconds < 0)
		seconds = 0;
	if (seconds > MAX_RETRY_AFTER)
		seconds = MAX_RETRY_AFTER;
	return (uint32_t) seconds * 1000;
}

/* What a gateway says its call cost. */
static int
parse_credits(WfSlice value)
{
	int			credits = 0;

	for (size_t i = 0; i < value.len; i++)
	{
		if (!wf_is_digit(value.data[i]) || credits > WF_MAX_CREDITS)
			return WF_CREDITS_UNKNOWN;
		credits = credits * 10 + (value.data[i] - '0');
	}
	return value.len == 0 || credits > WF_MAX_CREDITS ? WF_CREDITS_UNKNOWN : credits;
}

static void
keep_content_type(WfSlot *slot, WfSlice value)
{
	size_t		len = value.len < sizeof(slot->content_type) - 1 ? value.len :
		sizeof(slot->content_type) - 1;

	for (size_t i = 0; i < len; i++)
	{
		char		c = value.data[i];

		slot->content_type[i] = c >= ' ' && c <= '~' ? c : '?';
	}
	slot->content_type[len] = '\0';
}

/* "HTTP/1.1 200 OK": a new response begins; what the last one said is void. */
static void
begin_response(WfSlot *slot, WfSlice line)
{
	const char *blank = memchr(line.data, ' ', line.len);
	int			status = 0;

	for (int i = 1; blank && blank + i < line.data + line.len && i <= 3; i++)
	{
		if (!wf_is_digit(blank[i]))
			break;
		status = status * 10 + (blank[i] - '0');
	}
	slot->status = status;
	slot->informational += status >= 100 && status < 200;
	slot->retry_after_ms = 0;
	slot->content_type[0] = '\0';
	slot->etag[0] = slot->last_modified[0] = '\0';
	slot->credit_cost = WF_CREDITS_UNKNOWN;
	free(slot->location);
	slot->location = NULL;
}

/* The fields that matter; false when out of memory. */
static bool
take_field(WfSlot *slot, WfSlice line)
{
	WfSlice		value;

	if (header_value(line, WF_SLICE("content-type"), &value))
		keep_content_type(slot, value);
	else if (header_value(line, WF_SLICE("retry-after"), &value))
		slot->retry_after_ms = parse_retry_after(value);
	else if (header_value(line, WF_SLICE("etag"), &value))
		keep_validator(slot->etag, value);
	else if (header_value(line, WF_SLICE("last-modified"), &value))
		keep_validator(slot->last_modified, value);
	else if (header_value(line, WF_SLICE("sa-credit-cost"), &value))
		slot->credit_cost = parse_credits(value);
	else if (header_value(line, WF_SLICE("location"), &value) && slot->location == NULL)
	{
		slot->location = strndup(value.data, value.len);
		return slot->location != NULL;
	}
	return true;
}

static size_t
on_header(char *data, size_t size, size_t count, void *arg)
{
	WfSlot	   *slot = arg;
	size_t		len = size * count;
	WfSlice		line = {data, len};

	wf_fetch_announce(slot->fetcher, slot->transfer->blame);
	slot->header_bytes += len;
	slot->header_lines++;
	if (slot->header_bytes > MAX_HEADER_BYTES || slot->header_lines > MAX_HEADER_LINES)
		return abort_with(slot, WF_ABORT_HEADER_SIZE);
	if (slot->body_started)		/* trailers */
		return len;
	if (len > 5 && memcmp(data, "HTTP/", 5) == 0)
	{
		begin_response(slot, line);
		if (slot->informational > MAX_INFORMATIONAL)
			return abort_with(slot, WF_ABORT_INFORMATIONAL);
	}
	else if (!take_field(slot, line))
		return abort_with(slot, WF_ABORT_MEMORY);
	return len;
}

void
wf_slot_sent(WfSlot *slot)
{
	if (!slot->unsent)
		return;
	slot->unsent = false;
	wf_hosts_sent(&slot->fetcher->hosts, slot->transfer->host, wf_fetch_clock());
}

/* Before the request is written, on new and on reused connections alike. */
static int
on_prereq(void *arg, char *remote, char *local, int remote_port, int local_port)
{
	WfSlot	   *slot = arg;
	WfFetcher  *fetcher = slot->fetcher;

	if (!wf_netguard_allows_text(fetcher->guard, remote, remote_port))
	{
		slot->abort = WF_ABORT_ADDRESS;
		fetcher->stats.refused++;
		return CURL_PREREQFUNC_ABORT;
	}
	slot->address_refused = false;
	slot->connected = true;
	if (slot->transfer->gateway)
		slot->transfer->credits = WF_CREDITS_UNKNOWN;	/* from here on it may cost */
	wf_hosts_reached(&fetcher->hosts, wf_gateway_peer(fetcher, slot->transfer), fetcher->now_ms);
	wf_slot_sent(slot);
	return CURL_PREREQFUNC_OK;
}

/* The address a new socket will be connected to. */
static curl_socket_t
on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	WfSlot	   *slot = arg;
	WfFetcher  *fetcher = slot->fetcher;

	if (!wf_netguard_allows_address(fetcher->guard, &address->addr, address->addrlen))
	{
		slot->address_refused = true;
		fetcher->stats.refused++;
		return CURL_SOCKET_BAD;
	}
	fetcher->stats.connections++;
	return wf_fetch_open_socket(fetcher, address->family, address->socktype,
								address->protocol);
}

/* ---------- handles ---------- */

/* Options that never change. */
static CURLcode
set_constant_options(WfSlot *slot)
{
	WfFetcher  *fetcher = slot->fetcher;
	CURL	   *easy = slot->easy;
	CURLcode	bad = CURLE_OK;

#define SET(option, value) \
	(bad = bad != CURLE_OK ? bad : curl_easy_setopt(easy, option, value))

	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_NOPROXY, "*");
	SET(CURLOPT_NETRC, (long) CURL_NETRC_IGNORED);
	SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	SET(CURLOPT_PATH_AS_IS, 1L);
	SET(CURLOPT_HTTP09_ALLOWED, 0L);
	SET(CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_2TLS);
	SET(CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2);
	/* one file only: libcurl then parses it once and keeps the result */
	SET(CURLOPT_CAPATH, NULL);
	SET(CURLOPT_ACCEPT_ENCODING, "");
	SET(CURLOPT_HTTPHEADER, fetcher->headers);
	SET(CURLOPT_DNS_CACHE_TIMEOUT, DNS_CACHE_TIME);
	SET(CURLOPT_MAXAGE_CONN, MAX_IDLE_AGE);
	/* a look-up that hangs must not hold up the loop when its time is over */
	SET(CURLOPT_QUICK_EXIT, 1L);
	SET(CURLOPT_ERRORBUFFER, slot->error);
	SET(CURLOPT_PRIVATE, slot);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, slot);
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, slot);
	SET(CURLOPT_PREREQFUNCTION, on_prereq);
	SET(CURLOPT_PREREQDATA, slot);
	SET(CURLOPT_OPENSOCKETFUNCTION, on_open);
	SET(CURLOPT_OPENSOCKETDATA, slot);
	SET(CURLOPT_CLOSESOCKETFUNCTION, wf_fetch_close_socket);
	SET(CURLOPT_CLOSESOCKETDATA, fetcher);
	return bad != CURLE_OK ? bad : wf_fetch_keep_sessions(easy);
}

/* Options that follow the settings. */
static CURLcode
set_configured_options(WfSlot *slot)
{
	const WfConfig *config = &slot->fetcher->config;
	CURL	   *easy = slot->easy;
	CURLcode	bad = CURLE_OK;
	SET(CURLOPT_USERAGENT, config->user_agent);
	SET(CURLOPT_SSL_VERIFYPEER, config->verify_tls ? 1L : 0L);
	SET(CURLOPT_SSL_VERIFYHOST, config->verify_tls ? 2L : 0L);
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long) config->connect_timeout);
	SET(CURLOPT_LOW_SPEED_LIMIT, LOW_SPEED_LIMIT);
	SET(CURLOPT_BUFFERSIZE, config->max_concurrency > 256 ? 16384L : 65536L);
	slot->generation = slot->fetcher->generation;
	return bad;
}

WfSlot *
wf_slot_acquire(WfFetcher *fetcher)
{
	WfSlot	   *slot = fetcher->free_slots;

	if (slot)
	{
		fetcher->free_slots = slot->next;
		fetcher->free_count--;
	}
	else
	{
		slot = calloc(1, sizeof(*slot));
		if (slot == NULL)
			return NULL;
		slot->fetcher = fetcher;
		slot->easy = curl_easy_init();
		if (slot->easy == NULL || set_constant_options(slot) != CURLE_OK)
		{
			wf_slot_free(slot);
			return NULL;
		}
	}
	slot->next = NULL;
	slot->prev = fetcher->last_slot;
	if (slot->prev)
		slot->prev->next = slot;
	else
		fetcher->first_slot = slot;
	fetcher->last_slot = slot;
	fetcher->running++;
	return slot;
}

void
wf_slot_release(WfSlot *slot)
{
	WfFetcher  *fetcher = slot->fetcher;

	body_release(slot);
	free(slot->location);
	slot->location = NULL;
	if (slot->headers)
		(void) curl_easy_setopt(slot->easy, CURLOPT_HTTPHEADER, fetcher->headers);
	curl_slist_free_all(slot->headers);
	slot->headers = NULL;
	if (slot->paused)
		fetcher->paused--;
	slot->paused = false;
	if (slot->prev)
		slot->prev->next = slot->next;
	else
		fetcher->first_slot = slot->next;
	if (slot->next)
		slot->next->prev = slot->prev;
	else
		fetcher->last_slot = slot->prev;
	slot->transfer = NULL;
	fetcher->running--;
	if (fetcher->free_count >= fetcher->config.max_concurrency)
	{
		wf_slot_free(slot);
		return;
	}
	slot->next = fetcher->free_slots;
	fetcher->free_slots = slot;
	fetcher->free_count++;
}

void
wf_slot_free(WfSlot *slot)
{
	if (slot->easy)
		curl_easy_cleanup(slot->easy);
	free(slot->location);
	free(slot->body.data);
	curl_slist_free_all(slot->headers);
#ifdef WF_FAULTS
	curl_slist_free_all(slot->connect_to);
#endif
	free(slot);
}

/* One line more; false when out of memory. */
static bool
add_header(struct curl_slist **list, const char *name, const char *value)
{
	char		line[WF_MAX_VALIDATOR + 64];
	struct curl_slist *longer;

	snprintf(line, sizeof(line), "%s: %s", name, value);
	longer = curl_slist_append(*list, line);
	if (longer)
		*list = longer;
	return longer != NULL;
}

/*
 * Ask only for another version than the one we know, where it came from
 * (RFC 9110 section 13.1).
 */
static CURLcode
set_condition(WfSlot *slot)
{
	const WfTransfer *transfer = slot->transfer;
	bool		good = true;

	slot->conditional = transfer->version_url && !transfer->robots_for && !transfer->gateway &&
		strcmp(transfer->version_url, transfer->url) == 0 &&
		(transfer->etag[0] || transfer->last_modified[0]);
	if (!slot->conditional)
		return CURLE_OK;
	for (struct curl_slist *line = slot->fetcher->headers; line && good; line = line->next)
	{
		struct curl_slist *longer = curl_slist_append(slot->headers, line->data);

		good = longer != NULL;
		if (good)
			slot->headers = longer;
	}
	if (good && transfer->etag[0])
		good = add_header(&slot->headers, "If-None-Match", transfer->etag);
	if (good && transfer->last_modified[0])
		good = add_header(&slot->headers, "If-Modified-Since", transfer->last_modified);
	return good ? curl_easy_setopt(slot->easy, CURLOPT_HTTPHEADER, slot->headers) :
		CURLE_OUT_OF_MEMORY;
}

/* TLS sessions of a host are always in the same share. */
static CURLcode
set_share(WfSlot *slot)
{
	WfHost	   *peer = wf_gateway_peer(slot->fetcher, slot->transfer);
	CURLSH	   *share = slot->fetcher->shares[peer->hash % WF_FETCH_SHARES];
	CURLcode	code;

	if (slot->share == share)
		return CURLE_OK;
	code = curl_easy_setopt(slot->easy, CURLOPT_SHARE, share);
	slot->share = code == CURLE_OK ? share : NULL;
	return code;
}

#ifdef WF_FAULTS
/*
 * For the tests: hosts named "pPORT.…" are on this machine at that port, so that
 * public names can be had without a network.
 */
static CURLcode
set_connect_to(WfSlot *slot)
{
	const WfTransfer *transfer = slot->transfer;
	char		line[64];
	int			port = 0;

	curl_slist_free_all(slot->connect_to);
	slot->connect_to = NULL;
	if (!transfer->gateway && transfer->host_name.len > 2 && transfer->host_name.data[0] == 'p')
		port = atoi(transfer->host_name.data + 1);
	if (port > 0)
	{
		snprintf(line, sizeof(line), "::127.0.0.1:%d", port);
		slot->connect_to = curl_slist_append(NULL, line);
	}
	return curl_easy_setopt(slot->easy, CURLOPT_CONNECT_TO, slot->connect_to);
}
#endif

/* For so many seconds a server may stall. */
static long
low_speed_time(const WfConfig *config)
{
	long		slow = config->request_timeout / 2000;

	return slow < 2 ? 2 : slow > LOW_SPEED_TIME ? LOW_SPEED_TIME : slow;
}

CURLcode
wf_slot_prepare(WfSlot *slot)
{
	CURL	   *easy = slot->easy;
	CURLcode	bad = CURLE_OK;

	slot->abort = WF_ABORT_NONE;
	slot->address_refused = false;
	slot->connected = false;
	slot->body_started = false;
	slot->body_wanted = false;
	slot->informational = 0;
	slot->header_lines = 0;
	slot->header_bytes = 0;
	slot->status = 0;
	slot->retry_after_ms = 0;
	slot->received = 0;
	slot->content_type[0] = '\0';
	slot->etag[0] = slot->last_modified[0] = '\0';
	slot->credit_cost = WF_CREDITS_UNKNOWN;
	slot->error[0] = '\0';
	if (slot->generation != slot->fetcher->generation)
		bad = set_configured_options(slot);
	bad = bad != CURLE_OK ? bad : set_share(slot);
	bad = bad != CURLE_OK ? bad : set_condition(slot);
#ifdef WF_FAULTS
	bad = bad != CURLE_OK ? bad : set_connect_to(slot);
#endif
	if (slot->transfer->gateway)
	{
		/* it says nothing while it tries */
		SET(CURLOPT_LOW_SPEED_TIME, 0L);
		bad = bad != CURLE_OK ? bad : wf_gateway_prepare(slot);
	}
	else
	{
		SET(CURLOPT_LOW_SPEED_TIME, low_speed_time(&slot->fetcher->config));
		SET(CURLOPT_URL, slot->transfer->url);
	}
	SET(CURLOPT_TIMEOUT_MS, slot->timeout_ms);
	return bad;
#undef SET
}
