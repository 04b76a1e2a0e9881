/*-------------------------------------------------------------------------
 *
 * unit.h
 *	  The least a test program needs: TAP on stdout, exit status 1 when a
 *	  check failed.  One test program is one file.
 *
 *-------------------------------------------------------------------------
 */
#ifndef UNIT_H
#define UNIT_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/wf_arena.h"

static int	unit_checks;
static int	unit_failures;

/* One check.  Returns the condition. */
static inline bool __attribute__((format(printf, 2, 3)))
ok(bool condition, const char *name,...)
{
	va_list		args;

	printf("%sok %d - ", condition ? "" : "not ", ++unit_checks);
	va_start(args, name);
	vprintf(name, args);
	va_end(args);
	putchar('\n');
	if (!condition)
		unit_failures++;
	return condition;
}

/* The slice is the text. */
static inline bool
is(WfSlice got, const char *expected, const char *name)
{
	bool		equal = got.len == strlen(expected) &&
		(got.len == 0 || memcmp(got.data, expected, got.len) == 0);

	if (!ok(equal, "%s", name))
		printf("# got \"%.*s\", expected \"%s\"\n", (int) got.len, got.data, expected);
	return equal;
}

static inline bool
is_int(long got, long expected, const char *name)
{
	if (!ok(got == expected, "%s", name))
		printf("# got %ld, expected %ld\n", got, expected);
	return got == expected;
}

static inline WfSlice
slice(const char *text)
{
	return (WfSlice) {text, strlen(text)};
}

/* "count" copies of text, malloc'ed. */
static inline WfSlice
repeat(const char *text, size_t count)
{
	size_t		len = strlen(text);
	char	   *data = malloc(len * count + 1);
	size_t		i;

	for (i = 0; i < count; i++)
		memcpy(data + i * len, text, len);
	data[len * count] = '\0';
	return (WfSlice) {data, len * count};
}

/* CPU seconds of this process. */
static inline double
cpu_seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* To be returned from main. */
static inline int
done(void)
{
	printf("1..%d\n", unit_checks);
	return unit_failures > 0 ? 1 : 0;
}

#endif							/* UNIT_H */
