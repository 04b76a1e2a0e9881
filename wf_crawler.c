/*-------------------------------------------------------------------------
 *
 * wf_crawler.c
 *	  The crawler program: fetches pages and finds the contacts on them.
 *
 * Started by a worker of the server ("wf_crawler --worker") it speaks the
 * language of core/wf_message.h over a socket pair; started by hand with URLs
 * it prints what it found.  It knows no database.
 *
 * One thread, one epoll loop.  Whatever a page does to this process harms
 * this process only: the worker sees on the board which request was being
 * handled and starts another crawler.
 *
 *-------------------------------------------------------------------------
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "core/wf_config.h"
#include "core/wf_fetch.h"
#include "core/wf_message.h"
#include "core/wf_page.h"
#include "core/wf_sandbox.h"
#include "core/wf_survey.h"
#include "core/wf_text.h"

#ifndef WF_VERSION
#define WF_VERSION "1.0"
#endif

#define MAX_EVENTS			64
#define MAX_WAIT_MS			1000	/* so that the board's beat shows life */
#define READ_ROOM			(64 * 1024)
#define OUT_HIGH_WATER		(4 * 1024 * 1024)	/* unsent bytes that stop fetching */
#define OUT_ARENA_LIMIT		(6 * (size_t) WF_MAX_MESSAGE)
#define MAX_BODY_SENT		(WF_MAX_MESSAGE / 2)	/* of a body asked for */
#define ARENA_MAX			((size_t) 512 * 1024 * 1024)

typedef struct Crawler
{
	WfConfig	config;
	char		config_error[256];	/* not empty: nothing is fetched */
	WfOwnAddresses *own;
	WfExtractor *extractor;
	WfFetcher  *fetcher;
	WfSurveys  *surveys;
	WfArena    *page_arena;
	size_t		page_limit;
	int			epoll_fd;
	WfBoard    *board;
	WfBoard		own_board;		/* when nobody watches */

	/* worker mode */
	char	   *in;				/* bytes not yet a whole frame */
	size_t		in_len;
	size_t		in_room;
	WfArena    *in_arena;		/* of the frame being handled */
	WfArena    *out_arena;
	WfBuffer	out;			/* frames not yet sent */
	size_t		out_sent;
	bool		out_watched;	/* epoll tells when more can be sent */

	/* by hand */
	uint8_t		stage;			/* what the arguments are: WfMessageStage */
	int			failed;			/* URLs that did not end well */
} Crawler;

static const WfSetting no_settings[1];

/* ---------- examination ---------- */

#ifdef WF_FAULTS
/* What a hostile page or sitemap might do to its parser, for the tests. */
static void
inject_fault(WfSlice url)
{
	static volatile char *leak;

	if (memmem(url.data, url.len, "/wf-fault/crash", 15))
		raise(SIGSEGV);
	if (memmem(url.data, url.len, "/wf-fault/exit", 14))
		_exit(7);
	while (memmem(url.data, url.len, "/wf-fault/loop", 14))
		(void) *(volatile char *) url.data;
	while (memmem(url.data, url.len, "/wf-fault/leak", 14))
	{
		leak = malloc(1 << 20);
		if (leak == NULL)
			abort();
		memset((char *) leak, 1, 1 << 20);
	}
}
#endif

static int64_t
clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Find the contacts of a fetched page; a failure becomes the outcome. */
static void
examine(Crawler *crawler, const WfFetchResult *result, WfResultMessage *msg)
{
	WfPageInput input = {
		.body = result->body,
		.content_type = result->content_type,
		.url = result->effective_url,
		.default_region = crawler->config.default_region,
	};
	WfStatus	status;

#ifdef WF_FAULTS
	inject_fault(result->url);
#endif
	status = wf_page_extract(crawler->extractor, crawler->page_arena, &input, &msg->findings);
	if (status == WF_OK)
		return;
	memset(&msg->findings, 0, sizeof(msg->findings));
	msg->outcome = WF_OUTCOME_EXTRACT;
	msg->error = status == WF_ERR_NOMEM ?
		WF_SLICE("page could not be examined: too much memory needed") :
		WF_SLICE("page could not be examined");
}

/* The whole answer to a request; its memory lives until the next one. */
static void
make_result(Crawler *crawler, const WfFetchResult *result, WfResultMessage *msg)
{
	wf_arena_reset(crawler->page_arena);
	memset(msg, 0, sizeof(*msg));
	msg->seq = result->seq;
	msg->outcome = result->outcome;
	msg->http_status = (uint16_t) result->http_status;
	msg->retry_after_ms = result->retry_after_ms;
	msg->body_bytes = result->body_bytes;
	msg->error = (WfSlice) {result->error, strlen(result->error)};
	msg->by_gateway = result->by_gateway;
	msg->credits = result->credits;
	msg->effective_url = result->effective_url;
	msg->content_type = result->content_type;
	msg->etag = result->etag;
	msg->last_modified = result->last_modified;
	if (result->outcome == WF_OUTCOME_OK)
		examine(crawler, result, msg);
	if (result->keep_body)
	{
		msg->body = result->body;
		if (msg->body.len > MAX_BODY_SENT)
			msg->body.len = MAX_BODY_SENT;
	}
	if (result->started_ms > 0)
		msg->elapsed_ms = (uint32_t) (clock_ms() - result->started_ms);
}

static void
on_working(void *arg, uint64_t seq)
{
	Crawler    *crawler = arg;

	crawler->board->current = seq;
}

static bool
on_piece(void *arg, const WfFetchPiece *piece)
{
#ifdef WF_FAULTS
	inject_fault(piece->url);
#endif
	return wf_surveys_piece(((Crawler *) arg)->surveys, piece);
}

/* ---------- life ---------- */

/* Take over crawler->config, after it changed. */
static bool
apply_config(Crawler *crawler)
{
	size_t		limit = wf_page_memory(crawler->config.max_body_size);

	if (limit > ARENA_MAX)
		limit = ARENA_MAX;
	if (limit != crawler->page_limit)
	{
		WfArena    *arena = wf_arena_create(limit);

		if (arena == NULL)
			return false;
		wf_arena_free(crawler->page_arena);
		crawler->page_arena = arena;
		crawler->page_limit = limit;
	}
	return wf_fetch_configure(crawler->fetcher, &crawler->config) == WF_OK;
}

static bool
crawler_init(Crawler *crawler, WfFetchCallbacks callbacks, WfSurveyCallbacks survey_callbacks)
{
	callbacks.working = on_working;
	callbacks.arg = crawler;
	crawler->board = &crawler->own_board;
	crawler->own = wf_netguard_own_addresses();
	crawler->extractor = wf_extractor_create();
	crawler->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	crawler->in_arena = wf_arena_create(WF_MAX_MESSAGE);
	crawler->out_arena = wf_arena_create(OUT_ARENA_LIMIT);
	crawler->out.arena = crawler->out_arena;
	if (!crawler->extractor || crawler->epoll_fd < 0 || !crawler->in_arena ||
		!crawler->out_arena)
		return false;
	callbacks.piece = on_piece;
	survey_callbacks.arg = crawler;
	crawler->fetcher = wf_fetch_create(crawler->epoll_fd, crawler->own, &callbacks);
	crawler->surveys = wf_surveys_create(crawler->fetcher, &survey_callbacks);
	return crawler->fetcher && crawler->surveys && apply_config(crawler);
}

static void
crawler_free(Crawler *crawler)
{
	wf_surveys_free(crawler->surveys);
	if (crawler->fetcher)
		wf_fetch_free(crawler->fetcher);
	if (crawler->extractor)
		wf_extractor_free(crawler->extractor);
	wf_arena_free(crawler->page_arena);
	wf_arena_free(crawler->in_arena);
	wf_arena_free(crawler->out_arena);
	wf_netguard_own_addresses_free(crawler->own);
	wf_config_free(&crawler->config);
	free(crawler->in);
	if (crawler->epoll_fd >= 0)
		close(crawler->epoll_fd);
}

/* ---------- worker mode: output ---------- */

static size_t
out_pending(const Crawler *crawler)
{
	return crawler->out.len - crawler->out_sent;
}

static void
send_log(Crawler *crawler, const char *text)
{
	(void) wf_message_write_log(&crawler->out, (WfSlice) {text, strlen(text)});
}

/* Have the room of what was sent used again. */
static void
compact_output(Crawler *crawler)
{
	size_t		pending = out_pending(crawler);

	if (pending == 0)
	{
		wf_arena_reset(crawler->out_arena);
		memset(&crawler->out, 0, sizeof(crawler->out));
		crawler->out.arena = crawler->out_arena;
		crawler->out_sent = 0;
	}
	else if (crawler->out_sent >= pending)
	{
		memcpy(crawler->out.data, crawler->out.data + crawler->out_sent, pending);
		crawler->out.len = pending;
		crawler->out_sent = 0;
	}
}

/* Send what the worker takes now.  False: it is gone. */
static bool
flush_output(Crawler *crawler)
{
	bool		blocked = false;

	while (out_pending(crawler) > 0)
	{
		ssize_t		sent = send(WF_CRAWLER_SOCKET_FD, crawler->out.data + crawler->out_sent,
								out_pending(crawler), MSG_DONTWAIT | MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && errno != EAGAIN)
			return false;
		if (sent < 0)
		{
			blocked = true;
			break;
		}
		crawler->out_sent += sent;
	}
	if (blocked != crawler->out_watched)
	{
		struct epoll_event event = {
			.events = EPOLLIN | (blocked ? EPOLLOUT : 0), .data.fd = WF_CRAWLER_SOCKET_FD
		};

		(void) epoll_ctl(crawler->epoll_fd, EPOLL_CTL_MOD, WF_CRAWLER_SOCKET_FD, &event);
		crawler->out_watched = blocked;
	}
	compact_output(crawler);
	return true;
}

static void
send_result(void *arg, const WfFetchResult *result)
{
	Crawler    *crawler = arg;
	WfResultMessage msg;
	WfStatus	status;

	if (result->seq >= WF_SURVEY_SEQ)
	{
		wf_surveys_done(crawler->surveys, result);
		return;
	}
	make_result(crawler, result, &msg);
	status = wf_message_write_result(&crawler->out, &msg);
	if (status == WF_OK)
		return;
	/* without what made it too large or unclean there is always room */
	memset(&msg.findings, 0, sizeof(msg.findings));
	msg.body = WF_SLICE_EMPTY;
	msg.outcome = WF_OUTCOME_EXTRACT;
	msg.error = WF_SLICE("findings of the page could not be sent");
	if (wf_message_write_result(&crawler->out, &msg) != WF_OK)
		exit(1);				/* the worker sends its requests to another one */
}

/*
 * Entries of one sitemap could fill the memory while it comes in: the network
 * waits, here, until the worker has taken most of what there is.
 */
static bool
send_entries(void *arg, const WfEntriesMessage *msg)
{
	Crawler    *crawler = arg;

	if (wf_message_write_entries(&crawler->out, msg) != WF_OK)
		exit(1);				/* as above */
	while (out_pending(crawler) > OUT_HIGH_WATER)
	{
		struct pollfd worker = {.fd = WF_CRAWLER_SOCKET_FD, .events = POLLOUT};

		crawler->board->beat++;
		(void) poll(&worker, 1, MAX_WAIT_MS);
		if (!flush_output(crawler) || (worker.revents & (POLLERR | POLLHUP)))
			exit(1);			/* nobody is left to hear from us */
	}
	return true;
}

static void
send_survey_result(void *arg, const WfResultMessage *result)
{
	if (wf_message_write_result(&((Crawler *) arg)->out, result) != WF_OK)
		exit(1);
}

/* What these three do not say now is said again, or found out by others. */
static void
send_ask(void *arg, uint64_t id, uint64_t seq, WfSlice site)
{
	WfAskMessage msg = {id, seq, site};

	(void) wf_message_write_ask(&((Crawler *) arg)->out, &msg);
}

static void
send_site(void *arg, const WfSiteState *state)
{
	(void) wf_message_write_site(&((Crawler *) arg)->out, state);
}

static void
send_robots(void *arg, const WfRobotsFile *file)
{
	(void) wf_message_write_robots(&((Crawler *) arg)->out, file);
}

/* ---------- worker mode: input ---------- */

static void
take_config(Crawler *crawler, WfSlice payload)
{
	WfSetting  *settings = (WfSetting *) no_settings;
	int			count = 0;

	crawler->config_error[0] = '\0';
	if (wf_message_read_config(payload, crawler->in_arena, &settings, &count) != WF_OK)
		snprintf(crawler->config_error, sizeof(crawler->config_error),
				 "crawler could not read its settings");
	for (int i = 0; i < count; i++)
	{
		if (wf_config_set(&crawler->config, settings[i].name, settings[i].value) != WF_OK)
			snprintf(crawler->config_error, sizeof(crawler->config_error),
					 "crawler refused the setting \"wf_curation.%.64s\"", settings[i].name);
	}
	if (crawler->config_error[0] == '\0' && !apply_config(crawler))
		snprintf(crawler->config_error, sizeof(crawler->config_error),
				 "crawler could not take over its settings");
	if (crawler->config_error[0] != '\0')
		send_log(crawler, crawler->config_error);
}

static bool
take_fetch(Crawler *crawler, WfSlice payload)
{
	WfFetchMessage msg;
	WfFetchRequest request;

	if (wf_message_read_fetch(payload, &msg) != WF_OK)
		return false;
	if (crawler->config_error[0] != '\0')
	{
		WfFetchResult refused = {
			.seq = msg.seq, .outcome = WF_OUTCOME_INTERNAL, .error = crawler->config_error
		};

		send_result(crawler, &refused);
		return true;
	}
	if (msg.stage != WF_STAGE_MSG_PAGE)
		return wf_surveys_add(crawler->surveys, &msg, &crawler->config) == WF_OK;
	request = (WfFetchRequest) {
		.seq = msg.seq,
		.keep_body = (msg.flags & WF_FETCH_WANT_BODY) != 0,
		.gateway = (msg.flags & WF_FETCH_GATEWAY) != 0,
		.url = msg.url,
		.domain = msg.domain,
		.version_url = msg.version_url,
		.etag = msg.etag,
		.last_modified = msg.last_modified,
	};
	return wf_fetch_add(crawler->fetcher, &request) == WF_OK;
}

/* What is known of a site; an answer about one. */
static bool
take_site_frame(Crawler *crawler, WfMessageType type, WfSlice payload)
{
	WfSiteState state;
	WfRobotsFile file;
	uint64_t	id;
	bool		granted;

	switch (type)
	{
		case WF_MSG_SITE:
			if (wf_message_read_site(payload, &state) != WF_OK)
				return false;
			wf_fetch_know_site(crawler->fetcher, &state);
			return true;
		case WF_MSG_ROBOTS:
			if (wf_message_read_robots(payload, &file) != WF_OK)
				return false;
			wf_fetch_know_robots(crawler->fetcher, &file);
			return true;
		case WF_MSG_GRANT:
			if (wf_message_read_grant(payload, &id, &granted) != WF_OK)
				return false;
			wf_fetch_grant(crawler->fetcher, id, granted);
			return true;
		default:
			return false;
	}
}

static bool
take_frame(Crawler *crawler, WfMessageType type, WfSlice payload)
{
	uint64_t	seq;

	wf_arena_reset(crawler->in_arena);
	switch (type)
	{
		case WF_MSG_CONFIG:
			take_config(crawler, payload);
			return true;
		case WF_MSG_FETCH:
			return take_fetch(crawler, payload);
		case WF_MSG_CANCEL:
			if (wf_message_read_cancel(payload, &seq) != WF_OK)
				return false;
			if (!wf_surveys_cancel(crawler->surveys, seq))
				wf_fetch_cancel(crawler->fetcher, seq);
			return true;
		default:
			return take_site_frame(crawler, type, payload);
	}
}

/* Handle the whole frames received.  False: the worker does not make sense. */
static bool
take_frames(Crawler *crawler)
{
	size_t		done = 0;
	WfMessageType type;
	WfSlice		payload;
	long		len;

	while ((len = wf_message_frame(crawler->in + done, crawler->in_len - done,
								   &type, &payload)) > 0)
	{
		if (!take_frame(crawler, type, payload))
			return false;
		done += len;
	}
	if (done > 0)
		memmove(crawler->in, crawler->in + done, crawler->in_len - done);
	crawler->in_len -= done;
	return len == 0;
}

/* Read what is there.  False: end of file or nonsense, time to go. */
static bool
read_input(Crawler *crawler)
{
	for (;;)
	{
		ssize_t		got;

		if (crawler->in_room - crawler->in_len < READ_ROOM)
		{
			size_t		room = crawler->in_room ? crawler->in_room * 2 : 2 * READ_ROOM;
			char	   *in = realloc(crawler->in, room);

			if (in == NULL)
				return false;
			crawler->in = in;
			crawler->in_room = room;
		}
		got = recv(WF_CRAWLER_SOCKET_FD, crawler->in + crawler->in_len, READ_ROOM,
				   MSG_DONTWAIT);
		if (got < 0)
			return errno == EAGAIN || errno == EINTR;
		if (got == 0)
			return false;
		crawler->in_len += got;
		if (!take_frames(crawler))
			return false;
		if (got < READ_ROOM)
			return true;
	}
}

/* ---------- the loop ---------- */

/*
 * The worker does not read: leave the network alone until it does, or is gone
 * (false).
 */
static bool
wait_for_worker(Crawler *crawler)
{
	while (out_pending(crawler) > OUT_HIGH_WATER)
	{
		struct pollfd worker = {.fd = WF_CRAWLER_SOCKET_FD, .events = POLLIN | POLLOUT};

		crawler->board->beat++;
		(void) poll(&worker, 1, MAX_WAIT_MS);
		if (!flush_output(crawler) || ((worker.revents & POLLIN) && !read_input(crawler)) ||
			(worker.revents & (POLLERR | POLLHUP)))
			return false;
	}
	return true;
}

/* Wait for and handle events once.  False: the worker is gone. */
static bool
turn(Crawler *crawler, bool worker)
{
	struct epoll_event events[MAX_EVENTS];
	int			wait;
	int			count;

	wf_surveys_turn(crawler->surveys);
	wait = wf_fetch_turn(crawler->fetcher);
	if (wf_surveys_due(crawler->surveys))
		wait = 0;
	crawler->board->beat++;
	if (worker && (!flush_output(crawler) || !wait_for_worker(crawler)))
		return false;
	if (!worker && wf_fetch_pending(crawler->fetcher) == 0)
		return true;
	if (wf_fetch_pending(crawler->fetcher) > 0 && (wait < 0 || wait > MAX_WAIT_MS))
		wait = MAX_WAIT_MS;
	count = epoll_wait(crawler->epoll_fd, events, MAX_EVENTS, wait);
	for (int i = 0; i < count; i++)
	{
		if (!worker || events[i].data.fd != WF_CRAWLER_SOCKET_FD)
			wf_fetch_event(crawler->fetcher, events[i].data.fd, events[i].events);
		else if ((events[i].events & ~EPOLLOUT) != 0 && !read_input(crawler))
			return false;
	}
	return true;
}

static bool
map_board(Crawler *crawler)
{
	void	   *map = mmap(NULL, WF_BOARD_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
						   WF_CRAWLER_BOARD_FD, 0);

	if (map == MAP_FAILED)
		return false;
	crawler->board = map;
	close(WF_CRAWLER_BOARD_FD);
	return true;
}

static int
serve_worker(void)
{
	Crawler		crawler = {.epoll_fd = -1};
	struct epoll_event event = {.events = EPOLLIN, .data.fd = WF_CRAWLER_SOCKET_FD};
	WfFetchCallbacks callbacks = {
		.done = send_result, .ask = send_ask, .site = send_site, .robots = send_robots
	};
	WfSurveyCallbacks surveys = {.entries = send_entries, .done = send_survey_result};
	const char *missing;

	if (!wf_sandbox_prepare(true, WF_CRAWLER_BOARD_FD))
		return 1;
	wf_config_init(&crawler.config);
	if (!crawler_init(&crawler, callbacks, surveys) || !map_board(&crawler) ||
		epoll_ctl(crawler.epoll_fd, EPOLL_CTL_ADD, WF_CRAWLER_SOCKET_FD, &event) != 0)
		return 1;
	missing = wf_sandbox_enter();
	if (missing)
	{
		char		text[128];

		snprintf(text, sizeof(text), "crawler runs without %s, which this system refused",
				 missing);
		send_log(&crawler, text);
	}
	if (wf_message_write_ready(&crawler.out) != WF_OK)
		return 1;
	while (turn(&crawler, true))
		;
	/* nobody is left to hear from us: the kernel cleans up faster */
	_exit(0);
}

/* ---------- by hand ---------- */

/* Text from the network must not command the terminal. */
static void
print_text(const char *label, WfSlice text)
{
	if (text.len == 0)
		return;
	fputs(label, stdout);
	for (size_t i = 0; i < text.len; i++)
	{
		unsigned char c = text.data[i];
		bool		c1 = c == 0xc2 && i + 1 < text.len && (unsigned char) text.data[i + 1] < 0xa0;

		if (c1)
			i++;
		putchar(c1 || c < 0x20 || c == 0x7f ? ' ' : c);
	}
}

static void
print_finding(const WfFinding *finding)
{
	const char *kind = wf_finding_kind_name(finding->kind);
	const char *source = wf_finding_source_name(finding->source);

	printf("  %-9s ", kind ? kind : "?");
	print_text("", finding->value);
	print_text("  name: ", finding->name);
	print_text("  title: ", finding->job_title);
	print_text("  phone: ", finding->phone);
	printf("  (%s)\n", source ? source : "?");
}

static void
print_result(void *arg, const WfFetchResult *result)
{
	Crawler    *crawler = arg;
	WfResultMessage msg;

	if (result->seq >= WF_SURVEY_SEQ)
	{
		wf_surveys_done(crawler->surveys, result);
		return;
	}
	make_result(crawler, result, &msg);
	print_text("", result->url);
	printf("\n  outcome   %s", wf_outcome_name(msg.outcome));
	print_text(": ", msg.error);
	if (msg.http_status)
		printf("\n  status    %d", msg.http_status);
	if (msg.retry_after_ms)
		printf("\n  retry     after %u s", msg.retry_after_ms / 1000);
	print_text("\n  url       ", msg.effective_url);
	print_text("\n  type      ", msg.content_type);
	printf("\n  received  %llu bytes in %u ms\n", (unsigned long long) msg.body_bytes,
		   msg.elapsed_ms);
	print_text("  page      ", msg.findings.title);
	if (msg.findings.title.len > 0)
		putchar('\n');
	for (int i = 0; i < msg.findings.count; i++)
		print_finding(&msg.findings.items[i]);
	if (msg.findings.truncated)
		printf("  (only the first %d findings)\n", WF_MAX_FINDINGS);
	putchar('\n');
	fflush(stdout);
	if (!wf_outcome_is_success(msg.outcome))
		crawler->failed++;
}

static bool
print_entries(void *arg, const WfEntriesMessage *msg)
{
	for (int i = 0; i < msg->count; i++)
	{
		const WfEntry *entry = &msg->items[i];
		const char *type = wf_sitemap_type_name(entry->type);
		const char *place = wf_found_by_name(entry->found_by);
		time_t		seconds = (time_t) (entry->lastmod_us / 1000000);
		char		date[32] = "";

		if (entry->has_lastmod)
			strftime(date, sizeof(date), "  %Y-%m-%dT%H:%M:%SZ", gmtime(&seconds));
		printf("  %-8s %.*s%s", entry->is_sitemap ? "sitemap" : "page", (int) entry->url.len,
			   entry->url.data, date);
		if (type && place)
			printf("  (%s, %s)", type, place);
		putchar('\n');
	}
	return true;
}

static void
print_survey_result(void *arg, const WfResultMessage *msg)
{
	Crawler    *crawler = arg;
	const char *type = wf_sitemap_type_name(msg->counts.type);

	printf("  outcome   %s", wf_outcome_name(msg->outcome));
	print_text(": ", msg->error);
	if (msg->http_status)
		printf("\n  status    %d", msg->http_status);
	print_text("\n  url       ", msg->effective_url);
	if (type)
		printf("\n  type      %s", type);
	printf("\n  received  %llu bytes in %u ms, %u URLs; %u on other sites, %u doubles, "
		   "%u invalid\n\n", (unsigned long long) msg->body_bytes, msg->elapsed_ms,
		   msg->counts.entries, msg->counts.refused, msg->counts.doubles, msg->counts.invalid);
	fflush(stdout);
	if (!wf_outcome_is_success(msg->outcome))
		crawler->failed++;
}

/* An argument becomes a page, a sitemap or a domain to be looked at. */
static WfStatus
add_by_hand(Crawler *crawler, uint64_t seq, WfSlice text)
{
	WfFetchRequest request = {
		.seq = seq, .url = text, .gateway = crawler->config.gateway_url[0] != '\0'
	};
	WfFetchMessage msg = {.seq = seq, .stage = crawler->stage, .url = text};

	if (crawler->stage == WF_STAGE_MSG_PAGE)
		return wf_fetch_add(crawler->fetcher, &request);
	return wf_surveys_add(crawler->surveys, &msg, &crawler->config);
}

static int
fetch_by_hand(Crawler *crawler, char **urls, int count, bool sandbox)
{
	const char *missing;
	WfSurveyCallbacks surveys = {.entries = print_entries, .done = print_survey_result};

	if (!crawler_init(crawler, (WfFetchCallbacks) {.done = print_result}, surveys))
	{
		fprintf(stderr, "wf_crawler: could not set up its libraries\n");
		return 2;
	}
	missing = sandbox ? wf_sandbox_enter() : NULL;
	if (missing)
		fprintf(stderr, "wf_crawler: running without %s, which this system refused\n", missing);
	for (int i = 0; i < count; i++)
	{
		if (add_by_hand(crawler, (uint64_t) i + 1,
						(WfSlice) {urls[i], strlen(urls[i])}) != WF_OK)
		{
			fprintf(stderr, "wf_crawler: out of memory\n");
			return 2;
		}
	}
	while (wf_fetch_pending(crawler->fetcher) > 0 || wf_surveys_pending(crawler->surveys) > 0)
		(void) turn(crawler, false);
	return crawler->failed > 0 ? 1 : 0;
}

static void
print_help(void)
{
	puts("wf_crawler fetches web pages and prints the contacts found on them.\n"
		 "\n"
		 "Usage:\n"
		 "  wf_crawler [--SETTING=VALUE]... URL...\n"
		 "  wf_crawler [--SETTING=VALUE]... --sitemap URL...     (lists its URLs)\n"
		 "  wf_crawler [--SETTING=VALUE]... --domain DOMAIN...   (looks for sitemaps)\n"
		 "  wf_crawler --worker      (started by a PostgreSQL server)\n"
		 "  wf_crawler --help | --version\n"
		 "\n"
		 "Settings, as in the server without \"wf_curation.\"; times in ms, sizes in bytes:\n"
		 "  --max-body-size=10485760     --max-redirects=5\n"
		 "  --request-timeout=70000      --connect-timeout=10000\n"
		 "  --max-concurrency=64         --max-concurrency-per-host=2\n"
		 "  --host-delay=0               --retry-delay=30000\n"
		 "  --verify-tls=on              --respect-robots=on\n"
		 "  --allowed-networks=CIDR,...  --allowed-ports=80,443\n"
		 "  --allowed-hosts=NAME,...     --denied-hosts=NAME,...\n"
		 "  --default-region=US          --user-agent=TEXT\n"
		 "  --offsite-urls=off\n"
		 "  --gateway-url=URL            --gateway-options=NAME=VALUE,...\n"
		 "  --gateway-key-file=PATH      --gateway-timeout=70000\n"
		 "\n"
		 "  --no-sandbox                 for debuggers only\n"
		 "\n"
		 "Exit status: 0 all pages were fetched and examined, 1 some were not,\n"
		 "2 wrong usage or no memory.");
}

/* The key's file, as the server's setting has it. */
static bool
take_key_file(WfConfig *config, const char *path)
{
	char		key[WF_MAX_GATEWAY_KEY + 1];
	const char *problem = wf_gateway_read_key(path, key);
	bool		good;

	if (problem)
		fprintf(stderr, "wf_crawler: the key file cannot be used: %s\n", problem);
	good = problem == NULL && wf_config_set(config, "gateway_key", key) == WF_OK;
	explicit_bzero(key, sizeof(key));
	return good;
}

static bool
take_option(WfConfig *config, const char *option)
{
	char		name[64];
	const char *value = strchr(option, '=');
	size_t		len = value ? (size_t) (value - option) : 0;

	if (value == NULL || len >= sizeof(name))
		return false;
	for (size_t i = 0; i < len; i++)
		name[i] = option[i] == '-' ? '_' : option[i];
	name[len] = '\0';
	if (strcmp(name, "gateway_key_file") == 0)
		return take_key_file(config, value + 1);
	if (strcmp(name, "gateway_key") == 0)
		return false;			/* every user of the machine could read it */
	return wf_config_set(config, name, value + 1) == WF_OK;
}

/*
 * Take the options in front of the URLs.  Returns the index of the first URL,
 * or minus the exit status less one when there is nothing to fetch.
 */
static int
take_options(Crawler *crawler, int argc, char **argv, bool *sandbox)
{
	int			i;

	for (i = 1; i < argc && strncmp(argv[i], "--", 2) == 0; i++)
	{
		if (strcmp(argv[i], "--help") == 0)
		{
			print_help();
			return -1;
		}
		if (strcmp(argv[i], "--version") == 0)
		{
			printf("wf_crawler (wf_curation) %s, %s\n", WF_VERSION, wf_fetch_library());
			return -1;
		}
		if (strcmp(argv[i], "--no-sandbox") == 0)
			*sandbox = false;
		else if (strcmp(argv[i], "--sitemap") == 0)
			crawler->stage = WF_STAGE_MSG_SITEMAP;
		else if (strcmp(argv[i], "--domain") == 0)
			crawler->stage = WF_STAGE_MSG_DOMAIN;
		else if (!take_option(&crawler->config, argv[i] + 2))
		{
			fprintf(stderr, "wf_crawler: unknown setting or bad value: %s\n"
					"Try \"wf_crawler --help\".\n", argv[i]);
			return -3;
		}
	}
	if (i < argc)
		return i;
	fprintf(stderr, "wf_crawler: no URL given\nTry \"wf_crawler --help\".\n");
	return -3;
}

int
main(int argc, char **argv)
{
	Crawler		crawler = {.epoll_fd = -1};
	bool		sandbox = true;
	int			first;
	int			result;

	if (argc == 2 && strcmp(argv[1], "--worker") == 0)
		return serve_worker();

	wf_config_init(&crawler.config);
	first = take_options(&crawler, argc, argv, &sandbox);
	if (first < 0)
		result = -first - 1;
	else if (sandbox && !wf_sandbox_prepare(false, STDERR_FILENO))
		result = 2;
	else
		result = fetch_by_hand(&crawler, argv + first, argc - first, sandbox);
	crawler_free(&crawler);
	return result;
}
