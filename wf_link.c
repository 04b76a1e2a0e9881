/*-------------------------------------------------------------------------
 *
 * wf_link.c
 *	  A worker's crawler process.
 *
 * The crawler is forked and executed with two descriptors and nothing else:
 * its end of a socket pair and the board, one page of shared memory.  It has
 * no environment, no signal dispositions, no descriptors of the server, and
 * no mapping of shared memory survives the exec.  It dies with its worker
 * (EOF, PR_SET_PDEATHSIG); the worker kills it at process exit as well.
 *
 * Blame.  The crawler writes to the board whose bytes it is handling, so that
 * after a crash or a hang exactly one item has had its attempt; all others in
 * flight are sent again.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libpq/pqsignal.h"
#include "miscadmin.h"
#include "port.h"
#include "storage/fd.h"
#include "storage/ipc.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "wf_guc.h"
#include "wf_link.h"

#define HANG_LIMIT_MS	10000	/* one item may keep the crawler this long */
#define READ_CHUNK		(64 * 1024)
#define ARENA_LIMIT		(4 * (size_t) WF_MAX_MESSAGE)

struct WfLink
{
	WfLinkHandlers handlers;
	pid_t		pid;			/* 0: no process */
	bool		ready;			/* it has said so */
	int			fd;				/* our end of the socket pair, or -1 */
	WfBoard    *board;
	WfArena    *out_arena;		/* holds out */
	WfBuffer	out;			/* messages not yet sent */
	size_t		out_sent;
	char	   *in;				/* malloc'ed: bytes not yet a whole frame */
	size_t		in_len;
	size_t		in_room;
	WfArena    *result_arena;	/* reset for each message */
	uint64		seen_beat;		/* for wf_link_is_hung */
	uint64		seen_current;
	TimestampTz seen_since;
	char		last_end[64];
	char		key[WF_MAX_GATEWAY_KEY + 1];	/* that the crawler was given */
};

static WfLink *the_link = NULL;

static void
kill_at_exit(int code, Datum arg)
{
	if (the_link && the_link->pid > 0)
		kill(the_link->pid, SIGKILL);
}

WfLink *
wf_link_create(const WfLinkHandlers *handlers)
{
	WfLink	   *link = MemoryContextAllocZero(TopMemoryContext, sizeof(WfLink));

	link->handlers = *handlers;
	link->fd = -1;
	link->out_arena = wf_arena_create(ARENA_LIMIT);
	link->result_arena = wf_arena_create(ARENA_LIMIT);
	if (!link->out_arena || !link->result_arena)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory"),
				 errdetail("Failed while preparing to start the crawler.")));
	link->out.arena = link->out_arena;
	the_link = link;
	on_proc_exit(kill_at_exit, (Datum) 0);
	return link;
}

/* Path of the crawler program: the setting, or beside the server's binary. */
static const char *
crawler_path(void)
{
	static char path[MAXPGPATH];

	if (wf_curation_crawler_path && *wf_curation_crawler_path)
		strlcpy(path, wf_curation_crawler_path, sizeof(path));
	else
	{
		strlcpy(path, my_exec_path, sizeof(path));
		get_parent_directory(path);
		strlcat(path, "/wf_crawler", sizeof(path));
	}
	return path;
}

/*
 * In the child, between fork and exec: async-signal-safe calls only.
 */
static void
run_crawler(const char *path, int socket_fd, int board_fd, pid_t parent)
{
	char	   *const argv[] = {(char *) "wf_crawler", (char *) "--worker", NULL};
	char	   *const envp[] = {NULL};
	int			high_socket = fcntl(socket_fd, F_DUPFD, 10);
	int			high_board = fcntl(board_fd, F_DUPFD, 10);
	int			null = open("/dev/null", O_RDWR);
	sigset_t	none;

	if (high_socket < 0 || high_board < 0 || null < 0)
		_exit(126);
	if (dup2(null, 0) < 0 || dup2(null, 1) < 0 ||
		dup2(high_socket, WF_CRAWLER_SOCKET_FD) < 0 ||
		dup2(high_board, WF_CRAWLER_BOARD_FD) < 0)
		_exit(126);
	/* stderr stays: it is the server's log */
	if (close_range(WF_CRAWLER_BOARD_FD + 1, ~0U, 0) != 0)
	{
		/* an old kernel: files of the server must not cross the wall either */
		long		max = sysconf(_SC_OPEN_MAX);

		for (int fd = WF_CRAWLER_BOARD_FD + 1; fd < (max > 0 ? max : 65536); fd++)
			(void) close(fd);
	}
	for (int sig = 1; sig < NSIG; sig++)
		(void) signal(sig, SIG_DFL);
	sigemptyset(&none);
	(void) sigprocmask(SIG_SETMASK, &none, NULL);
	(void) setsid();
	(void) prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(126);
	execve(path, argv, envp);
	_exit(127);
}

/* A page of memory that survives the exec in the child as a descriptor. */
static int
create_board(WfLink *link)
{
	int			fd = memfd_create("wf_curation board", MFD_CLOEXEC);

	if (fd < 0)
		return -1;
	if (ftruncate(fd, WF_BOARD_SIZE) != 0)
	{
		close(fd);
		return -1;
	}
	link->board = mmap(NULL, WF_BOARD_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (link->board == MAP_FAILED)
	{
		link->board = NULL;
		close(fd);
		return -1;
	}
	return fd;
}

static void
drop_board(WfLink *link)
{
	if (link->board)
		munmap(link->board, WF_BOARD_SIZE);
	link->board = NULL;
}

static pid_t
spawn(WfLink *link, int child_end, int board_fd)
{
	const char *path = crawler_path();
	pid_t		parent = getpid();
	pid_t		pid;
	sigset_t	all;
	sigset_t	old;

	/* no handler of ours may run in the child */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	pid = fork();
	if (pid == 0)
		run_crawler(path, child_end, board_fd, parent);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return pid;
}

static void
reset_buffers(WfLink *link)
{
	wf_arena_reset(link->out_arena);
	memset(&link->out, 0, sizeof(link->out));
	link->out.arena = link->out_arena;
	link->out_sent = 0;
	link->in_len = 0;
}

bool
wf_link_can_start(const char **problem)
{
	static char text[MAXPGPATH + 64];

	if (access(crawler_path(), X_OK) == 0)
		return true;
	snprintf(text, sizeof(text), "could not execute crawler program \"%s\": %m", crawler_path());
	*problem = text;
	return false;
}

bool
wf_link_start(WfLink *link, const char **problem)
{
	static char text[256];
	int			ends[2];
	int			board_fd;

	if (link->pid > 0)
		return true;
	if (!wf_link_can_start(problem))
		return false;
	*problem = text;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
	{
		snprintf(text, sizeof(text), "could not create a socket pair: %m");
		return false;
	}
	board_fd = create_board(link);
	if (board_fd >= 0)
		link->pid = spawn(link, ends[1], board_fd);
	else
		link->pid = -1;
	if (link->pid < 0)
		snprintf(text, sizeof(text), "could not start the crawler: %m");
	if (board_fd >= 0)
		close(board_fd);
	close(ends[1]);
	if (link->pid < 0)
	{
		link->pid = 0;
		drop_board(link);
		close(ends[0]);
		return false;
	}
	(void) fcntl(ends[0], F_SETFL, O_NONBLOCK);
	link->fd = ends[0];
	ReserveExternalFD();
	reset_buffers(link);
	link->ready = false;
	link->seen_since = 0;
	wf_link_configure(link);
	return true;
}

/* The gateway's key; empty where it cannot be had, and why. */
static const char *
read_key(WfLink *link)
{
	link->key[0] = '\0';
	if (wf_curation_gateway_url == NULL || *wf_curation_gateway_url == '\0')
		return NULL;
	return wf_gateway_read_key(wf_curation_gateway_key_file ? wf_curation_gateway_key_file : "",
							   link->key);
}

/* The User-Agent header: who we are and, where it is set, how to reach us. */
static char *
user_agent(void)
{
	if (wf_curation_contact_url[0] == '\0')
		return pstrdup(wf_curation_user_agent);
	return psprintf("%s (+%s)", wf_curation_user_agent, wf_curation_contact_url);
}

/* Settings as the crawler knows them: core/wf_config.h. */
static void
send_settings(WfLink *link)
{
	char	   *agent = user_agent();
	char		number[8][32];
#define NUMBER(n, value) \
	(snprintf(number[n], sizeof(number[n]), INT64_FORMAT, (int64) (value)), number[n])
	WfSetting	settings[] = {
		{"max_body_size", NUMBER(0, (int64) wf_curation_max_body_size * 1024)},
		{"max_redirects", NUMBER(1, wf_curation_max_redirects)},
		{"request_timeout", NUMBER(2, wf_curation_request_timeout)},
		{"connect_timeout", NUMBER(3, wf_curation_connect_timeout)},
		{"max_concurrency", NUMBER(4, wf_curation_max_concurrency)},
		{"max_concurrency_per_host", NUMBER(5, wf_curation_max_concurrency_per_host)},
		{"host_delay", NUMBER(6, wf_curation_host_delay)},
		{"retry_delay", NUMBER(7, wf_curation_retry_delay)},
		{"verify_tls", wf_curation_verify_tls ? "on" : "off"},
		{"respect_robots", wf_curation_respect_robots ? "on" : "off"},
		{"require_domain_match", wf_curation_require_domain_match ? "on" : "off"},
		{"offsite_urls", wf_curation_offsite_urls ? "on" : "off"},
		{"user_agent", agent},
		{"allowed_networks", wf_curation_allowed_networks},
		{"allowed_ports", wf_curation_allowed_ports},
		{"allowed_hosts", wf_curation_allowed_hosts},
		{"denied_hosts", wf_curation_denied_hosts},
		{"default_region", wf_curation_default_region},
		{"gateway_url", wf_curation_gateway_url},
		{"gateway_options", wf_curation_gateway_options},
		{"gateway_key", link->key},
	};
#undef NUMBER

	if (link->pid > 0)
		(void) wf_message_write_config(&link->out, settings, lengthof(settings));
	pfree(agent);
}

void
wf_link_configure(WfLink *link)
{
	(void) read_key(link);
	send_settings(link);
}

const char *
wf_link_renew_key(WfLink *link)
{
	char		before[WF_MAX_GATEWAY_KEY + 1];
	const char *problem;

	strlcpy(before, link->key, sizeof(before));
	problem = read_key(link);
	if (strcmp(before, link->key) != 0)
		send_settings(link);
	explicit_bzero(before, sizeof(before));
	return problem;
}

bool
wf_link_running(const WfLink *link)
{
	return link->pid > 0;
}

bool
wf_link_ready(const WfLink *link)
{
	return link->pid > 0 && link->ready;
}

int
wf_link_pid(const WfLink *link)
{
	return (int) link->pid;
}

int
wf_link_socket(const WfLink *link)
{
	return link->fd;
}

bool
wf_link_fetch(WfLink *link, const WfFetchMessage *fetch)
{
	return wf_message_write_fetch(&link->out, fetch) == WF_OK;
}

bool
wf_link_cancel(WfLink *link, uint64 seq)
{
	return wf_message_write_cancel(&link->out, seq) == WF_OK;
}

bool
wf_link_grant(WfLink *link, uint64 id, bool granted)
{
	return wf_message_write_grant(&link->out, id, granted) == WF_OK;
}

bool
wf_link_append(WfLink *link, const WfBuffer *frames)
{
	return wf_buffer_append(&link->out, frames->data, frames->len) == WF_OK;
}

bool
wf_link_wants_write(const WfLink *link)
{
	return link->out_sent < link->out.len;
}

bool
wf_link_write(WfLink *link)
{
	while (link->out_sent < link->out.len)
	{
		ssize_t		n = send(link->fd, link->out.data + link->out_sent,
							 link->out.len - link->out_sent, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN || errno == EWOULDBLOCK;
		link->out_sent += n;
	}
	/* all sent: start over with an empty buffer */
	wf_arena_reset(link->out_arena);
	memset(&link->out, 0, sizeof(link->out));
	link->out.arena = link->out_arena;
	link->out_sent = 0;
	return true;
}

/* Room for another chunk behind the bytes we have. */
static bool
make_room(WfLink *link)
{
	size_t		room = Max(link->in_room, READ_CHUNK);
	char	   *data;

	if (link->in_room - link->in_len >= READ_CHUNK)
		return true;
	while (room - link->in_len < READ_CHUNK)
		room *= 2;
	data = realloc(link->in, room);
	if (data == NULL)
		return false;
	link->in = data;
	link->in_room = room;
	return true;
}

/* Messages about sites; false when malformed. */
static bool
handle_site_message(WfLink *link, WfMessageType type, WfSlice payload)
{
	const WfLinkHandlers *handlers = &link->handlers;
	WfAskMessage ask;
	WfSiteState state;
	WfRobotsFile file;

	switch (type)
	{
		case WF_MSG_ASK:
			if (wf_message_read_ask(payload, &ask) != WF_OK)
				return false;
			if (handlers->ask == NULL)
				return wf_link_grant(link, ask.id, true);
			handlers->ask(&ask, handlers->arg);
			return true;
		case WF_MSG_SITE:
			if (wf_message_read_site(payload, &state) != WF_OK)
				return false;
			if (handlers->site)
				handlers->site(&state, handlers->arg);
			return true;
		case WF_MSG_ROBOTS:
			if (wf_message_read_robots(payload, &file) != WF_OK)
				return false;
			if (handlers->robots)
				handlers->robots(&file, handlers->arg);
			return true;
		default:
			return false;
	}
}

static bool
handle_message(WfLink *link, WfMessageType type, WfSlice payload)
{
	WfResultMessage result;
	WfSlice		text;
	uint32_t	version;
	WfEntriesMessage entries;

	switch (type)
	{
		case WF_MSG_READY:
			link->ready = wf_message_read_ready(payload, &version) == WF_OK &&
				version == WF_PROTOCOL_VERSION;
			return link->ready;
		case WF_MSG_LOG:
			if (wf_message_read_log(payload, &text) != WF_OK)
				return false;
			ereport(LOG,
					(errmsg("crawler: %s", pnstrdup(text.data, Min(text.len, 1024)))));
			return true;
		case WF_MSG_ENTRIES:
			wf_arena_reset(link->result_arena);
			if (link->handlers.entries == NULL ||
				wf_message_read_entries(payload, link->result_arena, &entries) != WF_OK)
				return false;
			link->handlers.entries(&entries, link->handlers.arg);
			return true;
		case WF_MSG_RESULT:
			wf_arena_reset(link->result_arena);
			if (wf_message_read_result(payload, link->result_arena, &result) != WF_OK)
				return false;
			link->handlers.result(&result, link->handlers.arg);
			return true;
		default:
			return handle_site_message(link, type, payload);
	}
}

/* Handle all whole frames; false when the crawler speaks nonsense. */
static bool
handle_frames(WfLink *link)
{
	size_t		done = 0;

	for (;;)
	{
		WfMessageType type;
		WfSlice		payload;
		long		n = wf_message_frame(link->in + done, link->in_len - done, &type, &payload);

		if (n < 0 || (n > 0 && !handle_message(link, type, payload)))
		{
			ereport(LOG, (errmsg("crawler sent a malformed message")));
			return false;
		}
		if (n == 0)
			break;
		done += n;
	}
	memmove(link->in, link->in + done, link->in_len - done);
	link->in_len -= done;
	return true;
}

bool
wf_link_read(WfLink *link)
{
	/* bounded: one call handles what one socket buffer holds, then returns */
	for (int i = 0; i < 16; i++)
	{
		ssize_t		n;

		if (!make_room(link))
			return false;
		n = recv(link->fd, link->in + link->in_len, READ_CHUNK, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN || errno == EWOULDBLOCK;
		if (n == 0)
			return false;
		link->in_len += n;
		if (!handle_frames(link))
			return false;
		if (n < READ_CHUNK)
			break;
	}
	return true;
}

bool
wf_link_is_hung(WfLink *link, TimestampTz now)
{
	uint64		beat;
	uint64		item;

	if (link->pid <= 0)
		return false;
	beat = link->board->beat;
	item = link->board->current;
	if (link->seen_since == 0 || beat != link->seen_beat || item != link->seen_current)
	{
		link->seen_beat = beat;
		link->seen_current = item;
		link->seen_since = now;
		return false;
	}
	return TimestampDifferenceExceeds(link->seen_since, now, HANG_LIMIT_MS);
}

uint64
wf_link_stop(WfLink *link)
{
	uint64		blamed = 0;
	int			status = 0;

	if (link->pid <= 0)
		return 0;
	blamed = link->board->current;
	(void) kill(link->pid, SIGKILL);
	while (waitpid(link->pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status))
		snprintf(link->last_end, sizeof(link->last_end), "signal %d", WTERMSIG(status));
	else
		snprintf(link->last_end, sizeof(link->last_end), "exit code %d", WEXITSTATUS(status));
	link->pid = 0;
	close(link->fd);
	ReleaseExternalFD();
	link->fd = -1;
	drop_board(link);
	reset_buffers(link);
	return blamed;
}

const char *
wf_link_last_end(const WfLink *link)
{
	return link->last_end;
}
