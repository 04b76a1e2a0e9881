/*-------------------------------------------------------------------------
 *
 * bare_fetch.c
 *	  The yardstick: fetch a list of URLs with libcurl-multi, drop the bytes.
 *
 *		bare_fetch [-c CONCURRENCY] [-r ROUNDS] FILE
 *
 * FILE has one URL a line.  Nothing is parsed, checked or stored; bodies are
 * asked for as they are (identity encoding) and counted.  One epoll loop, one
 * long-lived multi handle with its connection cache, easy handles reused: what
 * the crawler does, without what the crawler is for.  Prints one line:
 *
 *		pages P failed F bytes B wall S user S system S pages_per_cpu_second N
 *
 * Exit status 1 when a page failed.
 *
 *-------------------------------------------------------------------------
 */
#include <curl/curl.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define MAX_EVENTS	64

typedef struct Fetch
{
	CURLM	   *multi;
	int			epoll_fd;
	char	  **urls;
	long		url_count;
	long		rounds;
	long		next;			/* number of the next transfer to start */
	long		running;
	long		pages;			/* ended with status 200 */
	long		failed;
	long long	bytes;			/* of bodies, as received */
	long		timeout_ms;		/* what libcurl asked for; -1 none */
} Fetch;

static void
die(const char *what)
{
	fprintf(stderr, "bare_fetch: %s\n", what);
	exit(2);
}

/* Read the lines of a file. */
static void
read_urls(Fetch *fetch, const char *path)
{
	FILE	   *file = fopen(path, "r");
	char	   *line = NULL;
	size_t		size = 0;
	ssize_t		len;
	long		room = 0;

	if (!file)
		die("cannot open the list of URLs");
	while ((len = getline(&line, &size, file)) >= 0)
	{
		while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r'))
			line[--len] = '\0';
		if (len == 0)
			continue;
		if (fetch->url_count == room)
		{
			room = room ? room * 2 : 1024;
			fetch->urls = realloc(fetch->urls, room * sizeof(char *));
			if (!fetch->urls)
				die("out of memory");
		}
		fetch->urls[fetch->url_count++] = strdup(line);
	}
	free(line);
	fclose(file);
	if (fetch->url_count == 0)
		die("the list of URLs is empty");
}

static size_t
on_body(char *data, size_t size, size_t count, void *arg)
{
	((Fetch *) arg)->bytes += (long long) (size * count);
	return size * count;
}

/* libcurl wants a socket watched, or no longer. */
static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
	Fetch	   *fetch = arg;
	struct epoll_event event = {0};

	if (what == CURL_POLL_REMOVE)
	{
		epoll_ctl(fetch->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
		curl_multi_assign(fetch->multi, fd, NULL);
		return 0;
	}
	event.data.fd = fd;
	event.events = (what & CURL_POLL_IN ? EPOLLIN : 0) | (what & CURL_POLL_OUT ? EPOLLOUT : 0);
	epoll_ctl(fetch->epoll_fd, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event);
	if (!known)
		curl_multi_assign(fetch->multi, fd, fetch);
	return 0;
}

static int
on_timer(CURLM *multi, long timeout_ms, void *arg)
{
	((Fetch *) arg)->timeout_ms = timeout_ms;
	return 0;
}

static CURL *
make_handle(Fetch *fetch)
{
	CURL	   *easy = curl_easy_init();

	if (!easy)
		die("out of memory");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, fetch);
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 70000L);
	return easy;
}

/* Give a free handle its next URL; false when there is none. */
static bool
start_next(Fetch *fetch, CURL *easy)
{
	if (fetch->next >= fetch->url_count * fetch->rounds)
		return false;
	curl_easy_setopt(easy, CURLOPT_URL, fetch->urls[fetch->next % fetch->url_count]);
	fetch->next++;
	if (curl_multi_add_handle(fetch->multi, easy) != CURLM_OK)
		die("cannot add a transfer");
	fetch->running++;
	return true;
}

/* Count what has ended; its handle takes the next URL at once. */
static void
reap(Fetch *fetch)
{
	CURLMsg    *msg;
	int			left;

	while ((msg = curl_multi_info_read(fetch->multi, &left)))
	{
		CURL	   *easy = msg->easy_handle;
		CURLcode	result = msg->data.result;
		long		status = 0;

		if (msg->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
		if (result == CURLE_OK && status == 200)
			fetch->pages++;
		else
			fetch->failed++;
		curl_multi_remove_handle(fetch->multi, easy);
		fetch->running--;
		if (!start_next(fetch, easy))
			curl_easy_cleanup(easy);
	}
}

static void
run(Fetch *fetch, int concurrency)
{
	struct epoll_event events[MAX_EVENTS];
	int			running;
	int			i;

	for (i = 0; i < concurrency; i++)
	{
		CURL	   *easy = make_handle(fetch);

		if (!start_next(fetch, easy))
		{
			curl_easy_cleanup(easy);
			break;
		}
	}
	curl_multi_socket_action(fetch->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	while (fetch->running > 0)
	{
		long		wait = fetch->timeout_ms < 0 ? 1000 : fetch->timeout_ms;
		int			n = epoll_wait(fetch->epoll_fd, events, MAX_EVENTS, (int) wait);

		if (n < 0 && errno != EINTR)
			die("epoll_wait failed");
		for (i = 0; i < n; i++)
		{
			int			mask = (events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
				(events[i].events & ~EPOLLOUT ? CURL_CSELECT_IN : 0);

			curl_multi_socket_action(fetch->multi, events[i].data.fd, mask, &running);
		}
		if (n <= 0)
			curl_multi_socket_action(fetch->multi, CURL_SOCKET_TIMEOUT, 0, &running);
		reap(fetch);
	}
}

static double
seconds(struct timeval t)
{
	return t.tv_sec + t.tv_usec / 1e6;
}

static void
report(const Fetch *fetch, double wall)
{
	struct rusage usage;
	double		user;
	double		system;

	getrusage(RUSAGE_SELF, &usage);
	user = seconds(usage.ru_utime);
	system = seconds(usage.ru_stime);
	printf("pages %ld failed %ld bytes %lld wall %.3f user %.3f system %.3f "
		   "pages_per_cpu_second %.1f\n",
		   fetch->pages, fetch->failed, fetch->bytes, wall, user, system,
		   fetch->pages / (user + system));
}

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

int
main(int argc, char **argv)
{
	Fetch		fetch = {.rounds = 1,.timeout_ms = -1};
	int			concurrency = 64;
	double		start;
	int			option;

	while ((option = getopt(argc, argv, "c:r:")) != -1)
	{
		if (option == 'c')
			concurrency = atoi(optarg);
		else if (option == 'r')
			fetch.rounds = atol(optarg);
		else
			die("usage: bare_fetch [-c CONCURRENCY] [-r ROUNDS] FILE");
	}
	if (optind != argc - 1 || concurrency < 1 || fetch.rounds < 1)
		die("usage: bare_fetch [-c CONCURRENCY] [-r ROUNDS] FILE");
	read_urls(&fetch, argv[optind]);

	curl_global_init(CURL_GLOBAL_DEFAULT);
	fetch.multi = curl_multi_init();
	fetch.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (!fetch.multi || fetch.epoll_fd < 0)
		die("set-up failed");
	curl_multi_setopt(fetch.multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(fetch.multi, CURLMOPT_SOCKETDATA, &fetch);
	curl_multi_setopt(fetch.multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(fetch.multi, CURLMOPT_TIMERDATA, &fetch);
	curl_multi_setopt(fetch.multi, CURLMOPT_MAXCONNECTS, (long) concurrency * 2);

	start = now();
	run(&fetch, concurrency);
	report(&fetch, now() - start);
	curl_multi_cleanup(fetch.multi);
	curl_global_cleanup();
	return fetch.failed > 0;
}
