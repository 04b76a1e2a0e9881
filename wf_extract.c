/*-------------------------------------------------------------------------
 *
 * wf_extract.c
 *	  wf_extract_contacts(): extraction as a SQL function, no network.
 *
 * A thin face of core/wf_page.h.  The extractor (compiled patterns) is made
 * once per process; each call has an arena of its own, freed by a reset
 * callback of the query's memory context on every way out.  Malformed input
 * never raises.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "wf_compat.h"

#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "core/wf_page.h"

#include "wf_encoding.h"
#include "wf_guc.h"

#define COLUMNS 7

PG_FUNCTION_INFO_V1(wf_extract_contacts_text);
PG_FUNCTION_INFO_V1(wf_extract_contacts_bytea);

static WfExtractor *
get_extractor(void)
{
	static WfExtractor *extractor = NULL;

	if (extractor == NULL)
		extractor = wf_extractor_create();
	if (extractor == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_EXTERNAL_ROUTINE_EXCEPTION),
				 errmsg("could not set up the contact extractor"),
				 errdetail("A library could not be initialised, or memory is short.")));
	return extractor;
}

static void
free_arena(void *arg)
{
	wf_arena_free(arg);
}

/* An arena that dies with the current memory context. */
static WfArena *
create_arena(size_t limit)
{
	MemoryContextCallback *callback = palloc(sizeof(MemoryContextCallback));
	WfArena    *arena = wf_arena_create(limit);

	if (arena == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory")));
	callback->func = free_arena;
	callback->arg = arena;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, callback);
	return arena;
}

/* An address that the database cannot hold is left out. */
static void
put_finding(ReturnSetInfo *rsinfo, const WfFinding *finding)
{
	Datum		values[COLUMNS];
	bool		nulls[COLUMNS] = {0};
	WfSlice		texts[5] = {finding->value, finding->raw, finding->name,
	finding->job_title, finding->context};

	if (finding->kind == WF_KIND_EMAIL)
	{
		texts[0] = wf_encoding_fit_address(finding->value);
		if (texts[0].len == 0)
			return;
	}
	values[0] = CStringGetTextDatum(wf_finding_kind_name(finding->kind));
	for (int i = 0; i < 5; i++)
	{
		nulls[i + 1] = texts[i].len == 0;
		if (!nulls[i + 1])
			values[i + 1] = CStringGetTextDatum(wf_encoding_from_utf8(texts[i]));
	}
	values[6] = CStringGetTextDatum(wf_finding_source_name(finding->source));
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/*
 * What stops a run, in this order: any interrupt; then, since one that did not end
 * the query (a barrier, a look at the client) must not start it anew for ever,
 * only a cancellation; at last, with cancellation held off, nothing.
 */
static const WfStop stops[] = {&InterruptPending, &QueryCancelPending, NULL};

/* Run the extractor; interrupts are served whenever it stops for one. */
static void
extract(FunctionCallInfo fcinfo, WfPageInput *in)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	WfArena    *arena;
	WfFindings	findings;
	WfStatus	status;

	/* not from the catalog each time: that took as long as a small page */
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	in->default_region = wf_curation_default_region;
	arena = create_arena(wf_page_memory(in->body.len));
	for (int run = 0;; run++)
	{
		CHECK_FOR_INTERRUPTS();
		in->stop = stops[run];
		status = wf_page_extract(get_extractor(), arena, in, &findings);
		if (status != WF_ERR_STOPPED)
			break;
		wf_arena_reset(arena);
	}
	if (status == WF_ERR_NOMEM)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory"),
				 errdetail("Failed while extracting contacts from %zu bytes.", in->body.len)));
	if (status != WF_OK)
		return;
	for (int i = 0; i < findings.count; i++)
		put_finding(rsinfo, &findings.items[i]);
}

static WfSlice
text_slice(const text *t)
{
	return (WfSlice) {VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t)};
}

/* Argument as UTF-8; empty for NULL. */
static WfSlice
utf8_argument(FunctionCallInfo fcinfo, int n)
{
	WfSlice		s;

	if (PG_ARGISNULL(n))
		return WF_SLICE_EMPTY;
	s = text_slice(PG_GETARG_TEXT_PP(n));
	if (GetDatabaseEncoding() != PG_UTF8 && GetDatabaseEncoding() != PG_SQL_ASCII)
		s = wf_encoding_to_utf8_lossy(s);
	return s;
}

/* wf_extract_contacts(html text, url text) */
Datum
wf_extract_contacts_text(PG_FUNCTION_ARGS)
{
	WfPageInput in = {0};

	in.body = utf8_argument(fcinfo, 0);
	in.url = utf8_argument(fcinfo, 1);
	in.body_is_utf8 = GetDatabaseEncoding() != PG_SQL_ASCII;
	extract(fcinfo, &in);
	return (Datum) 0;
}

/* wf_extract_contacts(body bytea, content_type text, url text) */
Datum
wf_extract_contacts_bytea(PG_FUNCTION_ARGS)
{
	WfPageInput in = {0};

	if (!PG_ARGISNULL(0))
		in.body = text_slice((text *) PG_GETARG_BYTEA_PP(0));
	in.content_type = utf8_argument(fcinfo, 1);
	in.url = utf8_argument(fcinfo, 2);
	extract(fcinfo, &in);
	return (Datum) 0;
}
