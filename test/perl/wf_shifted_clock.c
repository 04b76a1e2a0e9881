/*-------------------------------------------------------------------------
 *
 * wf_shifted_clock.c
 *	  LD_PRELOAD: a server whose time of day can be set while it runs.
 *
 * The file that WF_CLOCK_OFFSET names has a 64-bit number of seconds, by which the
 * time of day is ahead.  It is mapped, so whoever writes to it sets the clock of the
 * postmaster and all that it has started, at once.  The monotonic clock stays.
 *
 *-------------------------------------------------------------------------
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const int64_t zero = 0;
static const volatile int64_t *offset = &zero;

static void __attribute__((constructor))
map_offset(void)
{
	const char *file = getenv("WF_CLOCK_OFFSET");
	int			fd = file ? open(file, O_RDONLY | O_CLOEXEC) : -1;
	void	   *map = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, fd, 0);

	if (map != MAP_FAILED)
		offset = map;
	if (fd >= 0)
		(void) close(fd);
}

int
clock_gettime(clockid_t clock, struct timespec *now)
{
	int			result = (int) syscall(SYS_clock_gettime, clock, now);

	if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
		now->tv_sec += *offset;
	return result;
}

int
gettimeofday(struct timeval *now, void *zone)
{
	struct timespec exact;

	(void) zone;
	(void) clock_gettime(CLOCK_REALTIME, &exact);
	now->tv_sec = exact.tv_sec;
	now->tv_usec = exact.tv_nsec / 1000;
	return 0;
}

time_t
time(time_t *result)
{
	struct timespec now;

	(void) clock_gettime(CLOCK_REALTIME, &now);
	if (result)
		*result = now.tv_sec;
	return now.tv_sec;
}
