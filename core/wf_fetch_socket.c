/*-------------------------------------------------------------------------
 *
 * wf_fetch_socket.c
 *	  libcurl's sockets in the caller's epoll.
 *
 * When libcurl loses interest in a connection that stays open, the kernel is
 * not told: most often the next transfer wants the same events again.  If an
 * event does come meanwhile, the socket is removed then.  That is safe only
 * for sockets whose closing we see, so others (the resolver's) are removed at
 * once.
 *
 *-------------------------------------------------------------------------
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wf_fetch_int.h"

/* The entry of a descriptor; NULL when out of memory. */
static WfSocket *
entry_of(WfFetcher *fetcher, int fd)
{
	if (fd >= fetcher->socket_room)
	{
		int			room = fetcher->socket_room ? fetcher->socket_room : 256;
		WfSocket   *sockets;

		while (room <= fd)
			room *= 2;
		sockets = realloc(fetcher->sockets, room * sizeof(*sockets));
		if (sockets == NULL)
			return NULL;
		memset(sockets + fetcher->socket_room, 0,
			   (room - fetcher->socket_room) * sizeof(*sockets));
		fetcher->sockets = sockets;
		fetcher->socket_room = room;
	}
	return &fetcher->sockets[fd];
}

int
wf_fetch_open_socket(WfFetcher *fetcher, int family, int type, int protocol)
{
	int			fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
	WfSocket   *entry;

	if (fd < 0)
		return -1;
	entry = entry_of(fetcher, fd);
	if (entry == NULL)
	{
		close(fd);
		return -1;
	}
	memset(entry, 0, sizeof(*entry));
	entry->ours = true;
	return fd;
}

int
wf_fetch_close_socket(void *arg, curl_socket_t fd)
{
	WfFetcher  *fetcher = arg;

	if (fd >= 0 && fd < fetcher->socket_room)
		memset(&fetcher->sockets[fd], 0, sizeof(WfSocket));
	return close(fd);
}

static void
deregister(WfFetcher *fetcher, WfSocket *entry, int fd)
{
	if (entry->registered)
		(void) epoll_ctl(fetcher->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
	entry->registered = 0;
}

static int
reregister(WfFetcher *fetcher, WfSocket *entry, int fd)
{
	struct epoll_event event = {.events = entry->wanted, .data.fd = fd};
	int			op = entry->registered ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

	if (epoll_ctl(fetcher->epoll_fd, op, fd, &event) != 0)
	{
		if (errno != EEXIST && errno != ENOENT)
			return -1;
		op = op == EPOLL_CTL_ADD ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
		if (epoll_ctl(fetcher->epoll_fd, op, fd, &event) != 0)
			return -1;
	}
	entry->registered = entry->wanted;
	return 0;
}

int
wf_fetch_on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *unused)
{
	WfPool	   *pool = arg;
	WfFetcher  *fetcher = pool->fetcher;
	WfSocket   *entry = entry_of(fetcher, fd);
	WfSlot	   *slot = NULL;

	if (entry == NULL)
		return -1;
	if (what == CURL_POLL_REMOVE)
	{
		entry->wanted = 0;
		if (!entry->ours)
			deregister(fetcher, entry, fd);
		return 0;
	}
	(void) curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **) &slot);
	entry->seq = slot && slot->transfer ? slot->transfer->blame : 0;
	entry->pool = pool;
	entry->wanted = (what & CURL_POLL_IN ? EPOLLIN : 0) | (what & CURL_POLL_OUT ? EPOLLOUT : 0);
	if (entry->wanted == entry->registered)
		return 0;
	return reregister(fetcher, entry, fd);
}

int
wf_fetch_socket_event(WfFetcher *fetcher, int fd, uint32_t events, WfPool **pool)
{
	WfSocket   *entry;
	int			bits = 0;

	if (fd < 0 || fd >= fetcher->socket_room)
		return 0;
	entry = &fetcher->sockets[fd];
	if (entry->wanted == 0)
	{
		deregister(fetcher, entry, fd);
		return 0;
	}
	*pool = entry->pool;
	wf_fetch_announce(fetcher, entry->seq);
	if (events & EPOLLIN)
		bits |= CURL_CSELECT_IN;
	if (events & EPOLLOUT)
		bits |= CURL_CSELECT_OUT;
	if (events & (EPOLLERR | EPOLLHUP))
		bits |= CURL_CSELECT_ERR;
	return bits;
}

void
wf_fetch_forget_sockets(WfFetcher *fetcher, const WfPool *pool)
{
	for (int fd = 0; fd < fetcher->socket_room; fd++)
	{
		if (fetcher->sockets[fd].pool == pool)
			fetcher->sockets[fd].wanted = 0;
	}
}
