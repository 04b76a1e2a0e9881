/*-------------------------------------------------------------------------
 *
 * wf_fetch_lookup.c
 *	  Why a name could not be resolved: never existed, or not now?
 *
 * libcurl has one error for both, but only one of them is worth another
 * attempt.  A failed name is looked up once more, by a thread of ours that
 * sees the resolver's own answer.  The thread handles names one by one; when
 * many wait, the benefit of the doubt is given at once instead.
 *
 *-------------------------------------------------------------------------
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wf_fetch_int.h"

#define MAX_QUESTIONS 32

typedef struct Question
{
	uint64_t	seq;
	char		host[WF_MAX_HOST + 1];
} Question;

struct WfLookup
{
	pthread_mutex_t mutex;		/* protects all below but the pipe */
	pthread_cond_t changed;
	Question	questions[MAX_QUESTIONS];	/* a ring */
	int			first;
	int			count;
	bool		stop;
	pthread_t	thread;
	int			answers[2];		/* pipe of WfLookupAnswer */
};

static WfLookupVerdict
look_up(const char *host)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *list;
	int			code = getaddrinfo(host, NULL, &hints, &list);

	if (code == 0)
	{
		freeaddrinfo(list);
		return WF_LOOKUP_RESOLVES;
	}
	return code == EAI_NONAME || code == EAI_NODATA ? WF_LOOKUP_NO_NAME : WF_LOOKUP_NOT_NOW;
}

static void *
thread_main(void *arg)
{
	WfLookup   *lookup = arg;

	pthread_mutex_lock(&lookup->mutex);
	while (!lookup->stop)
	{
		Question	question;
		WfLookupAnswer answer;

		if (lookup->count == 0)
		{
			pthread_cond_wait(&lookup->changed, &lookup->mutex);
			continue;
		}
		question = lookup->questions[lookup->first];
		lookup->first = (lookup->first + 1) % MAX_QUESTIONS;
		lookup->count--;
		pthread_mutex_unlock(&lookup->mutex);
		answer = (WfLookupAnswer) {question.seq, look_up(question.host)};
		/* less than PIPE_BUF: all or nothing; a full pipe waits for the loop */
		if (write(lookup->answers[1], &answer, sizeof(answer)) < 0)
			return NULL;
		pthread_mutex_lock(&lookup->mutex);
	}
	pthread_mutex_unlock(&lookup->mutex);
	return NULL;
}

/* The thread must not run anybody's signal handlers. */
static bool
start_thread(WfLookup *lookup)
{
	sigset_t	all;
	sigset_t	old;
	int			bad;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	bad = pthread_create(&lookup->thread, NULL, thread_main, lookup);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return bad == 0;
}

WfLookup *
wf_lookup_create(void)
{
	WfLookup   *lookup = calloc(1, sizeof(*lookup));

	if (lookup == NULL)
		return NULL;
	if (pipe2(lookup->answers, O_CLOEXEC) != 0)
	{
		free(lookup);
		return NULL;
	}
	(void) fcntl(lookup->answers[0], F_SETFL, O_NONBLOCK);
	pthread_mutex_init(&lookup->mutex, NULL);
	pthread_cond_init(&lookup->changed, NULL);
	if (!start_thread(lookup))
	{
		close(lookup->answers[0]);
		close(lookup->answers[1]);
		free(lookup);
		return NULL;
	}
	return lookup;
}

void
wf_lookup_free(WfLookup *lookup)
{
	if (lookup == NULL)
		return;
	pthread_mutex_lock(&lookup->mutex);
	lookup->stop = true;
	pthread_cond_signal(&lookup->changed);
	pthread_mutex_unlock(&lookup->mutex);
	pthread_join(lookup->thread, NULL);
	pthread_cond_destroy(&lookup->changed);
	pthread_mutex_destroy(&lookup->mutex);
	close(lookup->answers[0]);
	close(lookup->answers[1]);
	free(lookup);
}

int
wf_lookup_fd(const WfLookup *lookup)
{
	return lookup->answers[0];
}

bool
wf_lookup_ask(WfLookup *lookup, uint64_t seq, WfSlice host)
{
	bool		room;

	if (host.len > WF_MAX_HOST)
		return false;
	pthread_mutex_lock(&lookup->mutex);
	room = lookup->count < MAX_QUESTIONS;
	if (room)
	{
		Question   *question =
			&lookup->questions[(lookup->first + lookup->count++) % MAX_QUESTIONS];

		question->seq = seq;
		memcpy(question->host, host.data, host.len);
		question->host[host.len] = '\0';
		pthread_cond_signal(&lookup->changed);
	}
	pthread_mutex_unlock(&lookup->mutex);
	return room;
}

bool
wf_lookup_answer(WfLookup *lookup, WfLookupAnswer *answer)
{
	return read(lookup->answers[0], answer, sizeof(*answer)) == (ssize_t) sizeof(*answer);
}
