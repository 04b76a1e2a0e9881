/*-------------------------------------------------------------------------
 *
 * wf_clock.h
 *	  The time as processes measure it among themselves: it never jumps.
 *
 * Whoever waits for something, or says how long something has lasted, asks this
 * clock, which has nothing to do with the time of day; one for all processes of
 * the machine.  What stands in tables is the time of day, which may be set: a
 * time that is read from there, or written to there, goes through these
 * functions.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_CLOCK_H
#define WF_CLOCK_H

#include <time.h>

#include "utils/timestamp.h"

/* Microseconds since whenever, never 0; for the functions on timestamps. */
static inline TimestampTz
wf_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (TimestampTz) now.tv_sec * USECS_PER_SEC + now.tv_nsec / 1000 + 1;
}

/* A time of day on this clock; 0 stays 0. */
static inline TimestampTz
wf_clock_of(TimestampTz time_of_day)
{
	return time_of_day == 0 ? 0 : wf_clock() + (time_of_day - GetCurrentTimestamp());
}

/* The reverse. */
static inline TimestampTz
wf_clock_to_time(TimestampTz when)
{
	return when == 0 ? 0 : GetCurrentTimestamp() + (when - wf_clock());
}

#endif							/* WF_CLOCK_H */
