/*-------------------------------------------------------------------------
 *
 * test_lastmod.c
 *	  Dates of sitemaps and feeds.
 *
 *-------------------------------------------------------------------------
 */
#include "unit.h"

#include "core/wf_lastmod.h"

#define NONE INT64_MIN

static void
check(const char *text, int64_t expected)
{
	int64_t		us = NONE;
	bool		found = wf_lastmod_parse(slice(text), &us);

	if (!ok(found == (expected != NONE) && us == expected, "\"%s\"", text))
		printf("# got %s %lld\n", found ? "date" : "nothing", (long long) us);
}

int
main(void)
{
	const int64_t s = 1000000;

	/* every form of the W3C's note */
	check("1997", 852076800 * s);
	check("1997-07", 867715200 * s);
	check("1997-07-16", 869011200 * s);
	check("1997-07-16T19:20+01:00", 869077200 * s);
	check("1997-07-16T19:20:30+01:00", 869077230 * s);
	check("1997-07-16T19:20:30.45+01:00", 869077230 * s + 450000);
	check("1994-11-05T08:15:30-05:00", 784041330 * s);
	check("1994-11-05T13:15:30Z", 784041330 * s);

	/* what people write */
	check("1994-11-05t13:15:30z", 784041330 * s);
	check(" \n 1994-11-05T13:15:30Z\t", 784041330 * s);
	check("1994-11-05 13:15:30", 784041330 * s);
	check("1994-11-05T13:15:30", 784041330 * s);
	check("1994-11-05 13:15:30 +0000", 784041330 * s);
	check("1994-11-05 13:15:30 UTC", 784041330 * s);
	check("1994-11-05T15:15:30+0200", 784041330 * s);
	check("1994-11-05T15:15:30+02", 784041330 * s);
	check("1994-11-05T13:15:30.123456789Z", 784041330 * s + 123456);
	check("1994-11-5", 783993600 * s);
	check("1970-01-01T00:00:00Z", 0);
	check("2000-02-29", 951782400 * s);
	check("2024-02-29T23:59:60Z", 1709251200 * s);
	check("2199-12-31", INT64_C(7258032000) * s);

	/* feeds */
	check("Sat, 05 Nov 1994 13:15:30 GMT", 784041330 * s);
	check("05 Nov 94 08:15:30 EST", 784041330 * s);
	check("Sat,  5 NOV 1994 14:15:30 +0100", 784041330 * s);
	check("5 Nov 1994", 783993600 * s);

	/* nonsense */
	check("", NONE);
	check("   ", NONE);
	check("yesterday", NONE);
	check("0000-00-00", NONE);
	check("0000-00-00T00:00:00+00:00", NONE);
	check("0001-01-01T00:00:00", NONE);
	check("1969-12-31", NONE);
	check("2200-01-01", NONE);
	check("9999-12-31", NONE);
	check("2023-02-29", NONE);
	check("1900-02-29", NONE);
	check("2024-13-01", NONE);
	check("2024-00-01", NONE);
	check("2024-04-31", NONE);
	check("2024-04-00", NONE);
	check("2024-04-01T24:00:00Z", NONE);
	check("2024-04-01T10:60:00Z", NONE);
	check("2024-04-01T10:00:00.Z", NONE);
	check("2024-04-01T10:00:00+99:00", NONE);
	check("2024-04-01T10:00:00X", NONE);
	check("2024-04-01T", NONE);
	check("2024-04-01Tten", NONE);
	check("2024-04-01 and later", NONE);
	check("20240401", NONE);
	check("01/04/2024", NONE);
	check("2024-", NONE);
	check("-2024-01-01", NONE);
	check("99999999999999999999", NONE);
	check("2024-01-01T10:00:00+", NONE);
	check("Sat, 05 Foo 1994", NONE);
	return done();
}
