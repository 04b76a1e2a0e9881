/*-------------------------------------------------------------------------
 *
 * instant_crawler.c
 *	  A crawler that answers every request at once, without any network: what
 *	  is then measured is the queue (claim, hand-over, store).  Hosts whose names
 *	  begin with "pause" answer 503, and are in back-off for an hour.
 *
 * Speaks core/wf_message with its worker, as wf_crawler does.
 *
 *-------------------------------------------------------------------------
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/wf_message.h"

#define ARENA_LIMIT (64 * 1024 * 1024)
#define ROOM (4 * 1024 * 1024)

static void
send_all(const WfBuffer *out)
{
	size_t		sent = 0;

	while (sent < out->len)
	{
		ssize_t n = send(WF_CRAWLER_SOCKET_FD, out->data + sent, out->len - sent, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			exit(0);
		sent += (size_t) n;
	}
}

/* Tell of the back-off of the URL's host. */
static void
ask_for_pause(WfSlice url, WfBuffer *out)
{
	char		name[WF_MAX_SITE + 1];
	WfArena    *arena = wf_arena_create(ARENA_LIMIT);
	WfSiteState state = {.wait_ms = 3600 * 1000, .failures = 10, .openings = 1};

	state.site = (WfSlice) {name, wf_site_of_text(arena, url, name)};
	if (wf_message_write_site(out, &state) != WF_OK)
		exit(1);
	wf_arena_free(arena);
}

static void
answer(WfSlice payload, WfBuffer *out)
{
	static const char pausing[] = "https://pause";
	WfFetchMessage fetch;
	WfResultMessage result = {0};

	if (wf_message_read_fetch(payload, &fetch) != WF_OK)
		exit(1);
	result.seq = fetch.seq;
	result.outcome = WF_OUTCOME_OK;
	result.http_status = 200;
	result.effective_url = fetch.url;
	if (fetch.url.len > sizeof(pausing) &&
		memcmp(fetch.url.data, pausing, sizeof(pausing) - 1) == 0)
	{
		ask_for_pause(fetch.url, out);
		result.outcome = WF_OUTCOME_HTTP_SERVER;
		result.http_status = 503;
		result.error = WF_SLICE("HTTP status 503");
	}
	if (wf_message_write_result(out, &result) != WF_OK)
		exit(1);
}

static int
readable_within_a_second(void)
{
	struct pollfd pfd = {WF_CRAWLER_SOCKET_FD, POLLIN, 0};

	return poll(&pfd, 1, 1000) != 0;
}

int
main(void)
{
	WfArena    *arena = wf_arena_create(ARENA_LIMIT);
	char	   *in = malloc(ROOM);
	size_t		len = 0;
	WfBuffer	out = {.arena = arena};
	WfBoard    *board = mmap(NULL, WF_BOARD_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
							 WF_CRAWLER_BOARD_FD, 0);

	if (board == MAP_FAILED || !arena || !in || wf_message_write_ready(&out) != WF_OK)
		return 1;
	for (;;)
	{
		size_t		done = 0;
		ssize_t		n;
		WfMessageType type;
		WfSlice		payload;

		board->beat++;
		send_all(&out);
		wf_arena_reset(arena);
		out = (WfBuffer) {.arena = arena};
		while (!readable_within_a_second())
			board->beat++;
		n = recv(WF_CRAWLER_SOCKET_FD, in + len, ROOM - len, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return 0;
		len += (size_t) n;
		for (;;)
		{
			long		frame = wf_message_frame(in + done, len - done, &type, &payload);

			if (frame < 0)
				return 1;
			if (frame == 0)
				break;
			if (type == WF_MSG_FETCH)
				answer(payload, &out);
			done += (size_t) frame;
		}
		memmove(in, in + done, len - done);
		len -= done;
	}
}
