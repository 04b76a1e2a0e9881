/*-------------------------------------------------------------------------
 *
 * extract_functions.c
 *	  What bench/extract.sh compares extraction with, as SQL functions, so that
 *	  all of it runs in one backend over the same values.
 *
 *	  bench_cpu()               seconds of CPU this process has used
 *	  bench_keep(bytea)         keeps a value in this process' memory, returns its number
 *	  bench_kept(int)           the value, where it lies
 *	  bench_regexes(bytea)      matches of the old service's two expressions,
 *	                            by PCRE2 with JIT
 *	  bench_tokens(bytea)       tokens of core/wf_html
 *
 * Linked so that its copy of the tokenizer is its own.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/memutils.h"

#include <time.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "core/wf_html.h"

#define MAX_KEPT 100000

PG_MODULE_MAGIC;

PG_FUNCTION_INFO_V1(bench_cpu);
PG_FUNCTION_INFO_V1(bench_keep);
PG_FUNCTION_INFO_V1(bench_kept);
PG_FUNCTION_INFO_V1(bench_regexes);
PG_FUNCTION_INFO_V1(bench_tokens);

/* The expressions of the old service, as they were. */
static const char *const old_patterns[2] = {
	"[a-zA-Z0-9._%+-]+@[a-zA-Z0-9.-]+\\.[a-zA-Z]{2,}",
	"\\+?1?\\s*\\(?[0-9]{3}\\)?[-.\\s]?[0-9]{3}[-.\\s]?[0-9]{4}"
};

Datum
bench_cpu(PG_FUNCTION_ARGS)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	PG_RETURN_FLOAT8(ts.tv_sec + ts.tv_nsec / 1e9);
}

static bytea **kept;
static int	nkept = 0;

Datum
bench_keep(PG_FUNCTION_ARGS)
{
	MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);

	if (nkept == 0)
		kept = palloc(MAX_KEPT * sizeof(bytea *));
	if (nkept == MAX_KEPT)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("cannot keep more than %d values", MAX_KEPT)));
	kept[nkept] = PG_GETARG_BYTEA_P_COPY(0);
	MemoryContextSwitchTo(old);
	PG_RETURN_INT32(nkept++);
}

Datum
bench_kept(PG_FUNCTION_ARGS)
{
	int			n = PG_GETARG_INT32(0);

	if (n < 0 || n >= nkept)
		PG_RETURN_NULL();
	PG_RETURN_BYTEA_P(kept[n]);
}

static pcre2_code *
compile(const char *pattern)
{
	int			error;
	PCRE2_SIZE	offset;
	pcre2_code *code = pcre2_compile((PCRE2_SPTR) pattern, PCRE2_ZERO_TERMINATED, 0,
									 &error, &offset, NULL);

	if (code == NULL || pcre2_jit_compile(code, PCRE2_JIT_COMPLETE) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION),
				 errmsg("could not compile \"%s\"", pattern)));
	return code;
}

static int64
count_matches(const pcre2_code *code, pcre2_match_data *match, PCRE2_SPTR data, size_t len)
{
	const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(match);
	PCRE2_SIZE	pos = 0;
	int64		count = 0;

	while (pcre2_jit_match(code, data, len, pos, 0, match, NULL) > 0)
	{
		pos = ends[1];
		count++;
	}
	return count;
}

Datum
bench_regexes(PG_FUNCTION_ARGS)
{
	static pcre2_code *codes[2];
	static pcre2_match_data *match;
	bytea	   *page = PG_GETARG_BYTEA_PP(0);
	int64		count = 0;

	if (match == NULL)
	{
		codes[0] = compile(old_patterns[0]);
		codes[1] = compile(old_patterns[1]);
		match = pcre2_match_data_create(1, NULL);
	}
	for (int i = 0; i < 2; i++)
		count += count_matches(codes[i], match, (PCRE2_SPTR) VARDATA_ANY(page),
							   VARSIZE_ANY_EXHDR(page));
	PG_RETURN_INT64(count);
}

Datum
bench_tokens(PG_FUNCTION_ARGS)
{
	bytea	   *page = PG_GETARG_BYTEA_PP(0);
	WfHtml		html;
	WfHtmlToken token;
	int64		count = 0;

	wf_html_init(&html, (WfSlice) {VARDATA_ANY(page), VARSIZE_ANY_EXHDR(page)});
	while (wf_html_next(&html, &token))
		count++;
	PG_RETURN_INT64(count);
}
