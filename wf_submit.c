/*-------------------------------------------------------------------------
 *
 * wf_submit.c
 *	  What people hand in, found or created in the attached tables:
 *	  wf_submit_domains(), wf_submit_pages(), wf_submit_sitemaps().
 *
 * Runs with the invoker's rights, set-based, each table's rows in one
 * statement; if that fails they are tried one by one, so that one bad row never
 * fails the others.  Selecting is the row trigger's business.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "wf_compat.h"

#include "access/relation.h"
#include "catalog/pg_type_d.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/tuplestore.h"
#include "utils/uuid.h"

#include "core/wf_entry.h"
#include "core/wf_url.h"

#include "wf_curation.h"
#include "wf_db.h"
#include "wf_domain.h"
#include "wf_encoding.h"
#include "wf_submit.h"

PG_FUNCTION_INFO_V1(wf_submit_domains);
PG_FUNCTION_INFO_V1(wf_submit_pages);
PG_FUNCTION_INFO_V1(wf_submit_sitemaps);

#define URL_MEMORY	(256 * 1024)	/* for one URL */

/* One thing that was handed in. */
typedef struct Entry
{
	const char *input;			/* or NULL */
	bool		select_now;
	char	   *url;			/* normalised; NULL for domains and where there is a fault */
	WfDomainWish wish;			/* its domain */
	const char *fault;			/* a sentence; NULL: none */
	bool		found;
	bool		created;
	pg_uuid_t	id;
} Entry;

/* One call, or a part of it. */
typedef struct Submission
{
	const WfBinding *items;		/* the table that things go to */
	const WfBinding *domains;
	WfDomains  *finder;
	int			n;
	Entry	   *entries;
} Submission;

/* A text as a URL, with https where it names no scheme; its fault, or NULL. */
static const char *
read_url(const char *text, WfArena *arena, WfUrl *url)
{
	char	   *utf8 = wf_encoding_to_utf8(text);
	WfSlice		input = {utf8, strlen(utf8)};
	WfStatus	status;

	wf_arena_reset(arena);
	if (strstr(utf8, "://") == NULL)
	{
		char	   *absolute = psprintf("https://%s", utf8 + strspn(utf8, " \t/"));

		input = (WfSlice) {absolute, strlen(absolute)};
	}
	status = wf_url_parse(arena, input, NULL, url);
	return status == WF_OK ? NULL : status == WF_ERR_LIMIT ? "is too long" :
		"is not an address with http or https";
}

/* Read what was handed in. */
static void
read_entry(const Submission *s, Entry *e, WfArena *arena)
{
	WfUrl		url;

	if (e->input == NULL || e->input[strspn(e->input, " \t\r\n")] == '\0')
		e->wish.fault = "is empty";
	else if (s->items == s->domains)
		wf_domain_read(&e->wish, e->input, WF_DOMAIN_ANY);
	else
	{
		/* without a scheme it may be an e-mail address, which as a URL is a user and a host */
		if (strstr(e->input, "://") == NULL)
			wf_domain_read(&e->wish, e->input, WF_DOMAIN_ANY);
		if (e->wish.fault == NULL)
			e->wish.fault = read_url(e->input, arena, &url);
		if (e->wish.fault == NULL)
		{
			e->url = wf_encoding_from_utf8(url.href);
			wf_domain_read(&e->wish, e->url, WF_DOMAIN_ANY);
		}
	}
}

static const char *
item_name(const Submission *s, int column)
{
	return quote_identifier(s->items->part->columns[column].name);
}

static char *
item_type(const Submission *s, int column)
{
	return format_type_be_qualified(s->items->column[column].type);
}

/* Order of entries by URL and domain. */
static int
compare_entries(const void *a, const void *b)
{
	const Entry *x = *(Entry *const *) a;
	const Entry *y = *(Entry *const *) b;
	int			order = strcmp(x->url, y->url);

	return order ? order : memcmp(&x->wish.id, &y->wish.id, sizeof(pg_uuid_t));
}

/* The entries that have a domain and still no row, in that order; returns how many. */
static int
missing_items(const Submission *s, Entry **missing)
{
	int			n = 0;

	for (int i = 0; i < s->n; i++)
	{
		Entry	   *e = &s->entries[i];

		if (!e->found && e->wish.found && e->url)
			missing[n++] = e;
	}
	qsort(missing, n, sizeof(Entry *), compare_entries);
	return n;
}

/* Give the row of that id to all entries for its URL and domain; the first created it. */
static void
note_item(Entry **missing, int n, Entry *key, bool created)
{
	Entry	  **at = bsearch(&key, missing, n, sizeof(Entry *), compare_entries);

	while (at && at > missing && compare_entries(at - 1, &key) == 0)
		at--;
	for (; at && at < missing + n && compare_entries(at, &key) == 0; at++)
	{
		(*at)->id = key->id;
		(*at)->found = true;
		(*at)->created = created;
		created = false;
	}
}

/* Execute with the missing items as arguments; result columns id, domain_id, url. */
static void
run_on_missing(Submission *s, const char *sql, int expected, bool created)
{
	static const Oid types[] = {UUIDARRAYOID, TEXTARRAYOID};
	Entry	  **missing = palloc(Max(s->n, 1) * sizeof(Entry *));
	int			n = missing_items(s, missing);
	Datum	   *domains = palloc(Max(n, 1) * sizeof(Datum));
	Datum	   *urls = palloc(Max(n, 1) * sizeof(Datum));
	Datum		args[2];

	if (n == 0)
		return;
	for (int i = 0; i < n; i++)
	{
		domains[i] = UUIDPGetDatum(&missing[i]->wish.id);
		urls[i] = CStringGetTextDatum(missing[i]->url);
	}
	args[0] = wf_db_array(domains, NULL, n, UUIDOID);
	args[1] = wf_db_array(urls, NULL, n, TEXTOID);
	if (SPI_execute_with_args(sql, 2, (Oid *) types, args, NULL, false, 0) != expected)
		elog(ERROR, "could not execute \"%s\"", sql);
	for (uint64 row = 0; row < SPI_processed; row++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[row];
		TupleDesc	desc = SPI_tuptable->tupdesc;
		bool		isnull;
		Entry		key = {0};
		Datum		id = SPI_getbinval(tuple, desc, 1, &isnull);

		if (isnull)
			continue;
		key.id = *DatumGetUUIDP(id);
		key.wish.id = *DatumGetUUIDP(SPI_getbinval(tuple, desc, 2, &isnull));
		key.url = SPI_getvalue(tuple, desc, 3);
		note_item(missing, n, &key, created);
	}
	SPI_freetuptable(SPI_tuptable);
}

/* Find the rows of pages or sitemap files. */
static void
find_items(Submission *s)
{
	run_on_missing(s, psprintf("SELECT DISTINCT ON (t.%s, t.%s::pg_catalog.text) t.%s, t.%s, "
							   "t.%s::pg_catalog.text FROM %s t JOIN ROWS FROM "
							   "(pg_catalog.unnest($1), pg_catalog.unnest($2)) u(domain_id, url) "
							   "ON t.%s OPERATOR(pg_catalog.=) u.domain_id AND "
							   "t.%s OPERATOR(pg_catalog.=) u.url ORDER BY 2, 3, 1",
							   item_name(s, WF_ITEM_DOMAIN_ID), item_name(s, WF_ITEM_URL),
							   item_name(s, WF_ITEM_ID), item_name(s, WF_ITEM_DOMAIN_ID),
							   item_name(s, WF_ITEM_URL), s->items->relation,
							   item_name(s, WF_ITEM_DOMAIN_ID), item_name(s, WF_ITEM_URL)),
				   SPI_OK_SELECT, false);
}

/* Create the rows that were not found; what they need besides comes from the domain. */
static void
create_items(Submission *s)
{
	const char *fresh = s->items->column[WF_ITEM_CURATION].label[WF_CURATION_NEW];
	StringInfoData names;
	StringInfoData values;

	initStringInfo(&names);
	initStringInfo(&values);
	if (s->items->column[WF_ITEM_CURATION].not_null && fresh &&
		!wf_part_has_default(s->items, WF_ITEM_CURATION))
	{
		appendStringInfo(&names, ", %s", item_name(s, WF_ITEM_CURATION));
		appendStringInfo(&values, ", CAST(%s AS %s)", quote_literal_cstr(fresh),
						 item_type(s, WF_ITEM_CURATION));
	}
	if (s->items->part->id == WF_PART_SITEMAP_FILES &&
		s->items->column[WF_SITEMAP_TYPE].not_null &&
		!wf_part_has_default(s->items, WF_SITEMAP_TYPE))
	{
		const WfBoundColumn *type = &s->items->column[WF_SITEMAP_TYPE];

		/* until its import shows what it is */
		appendStringInfo(&names, ", %s", item_name(s, WF_SITEMAP_TYPE));
		appendStringInfo(&values, ", CAST(%s AS %s)",
						 quote_literal_cstr(type->label[WF_SITEMAP_URLSET]),
						 item_type(s, WF_SITEMAP_TYPE));
	}
	wf_part_add_needed(s->items, s->domains->relid, &names, &values);
	run_on_missing(s, psprintf("INSERT INTO %s AS t (%s, %s%s) "
							   "SELECT u.domain_id, CAST(u.url AS %s)%s FROM (SELECT DISTINCT domain_id, url FROM "
							   "ROWS FROM "
							   "(pg_catalog.unnest($1), pg_catalog.unnest($2)) x(domain_id, url) "
							   "ORDER BY 1, 2) u JOIN %s p ON p.%s OPERATOR(pg_catalog.=) u.domain_id%s "
							   "RETURNING t.%s, t.%s, t.%s::pg_catalog.text",
							   s->items->relation, item_name(s, WF_ITEM_DOMAIN_ID),
							   item_name(s, WF_ITEM_URL), names.data, item_type(s, WF_ITEM_URL),
							   values.data, s->domains->relation,
							   quote_identifier(s->domains->part->columns[WF_ITEM_ID].name),
							   wf_part_on_conflict(s->items, ""),
							   item_name(s, WF_ITEM_ID), item_name(s, WF_ITEM_DOMAIN_ID),
							   item_name(s, WF_ITEM_URL)),
				   SPI_OK_INSERT_RETURNING, true);
}

/* Select the rows of the entries that ask for it, where they are not selected. */
static void
select_items(const Submission *s)
{
	static const Oid types[] = {UUIDARRAYOID};
	const WfBoundColumn *curation = &s->items->column[WF_ITEM_CURATION];
	const char *selected = quote_literal_cstr(curation->label[WF_CURATION_SELECTED]);
	Datum	   *ids = palloc(s->n * sizeof(Datum));
	Datum		args[1];
	char	   *sql;
	int			n = 0;

	for (int i = 0; i < s->n; i++)
		if (s->entries[i].found && s->entries[i].select_now)
			ids[n++] = UUIDPGetDatum(&s->entries[i].id);
	if (n == 0)
		return;
	args[0] = wf_db_array(ids, NULL, n, UUIDOID);
	sql = psprintf("WITH due AS (SELECT t.%s AS wf_id FROM %s t "
				   "WHERE t.%s OPERATOR(pg_catalog.=) ANY ($1) "
				   "AND (%s OPERATOR(pg_catalog.=) %s) IS NOT TRUE ORDER BY 1 FOR NO KEY UPDATE) "
				   "UPDATE %s t SET %s = CAST(%s AS %s) FROM due "
				   "WHERE t.%s OPERATOR(pg_catalog.=) due.wf_id",
				   item_name(s, WF_ITEM_ID), s->items->relation, item_name(s, WF_ITEM_ID),
				   wf_part_status_sql(s->items, WF_ITEM_CURATION, "t"), selected,
				   s->items->relation, item_name(s, WF_ITEM_CURATION), selected,
				   item_type(s, WF_ITEM_CURATION), item_name(s, WF_ITEM_ID));
	if (SPI_execute_with_args(sql, 1, (Oid *) types, args, NULL, false, 0) != SPI_OK_UPDATE)
		elog(ERROR, "could not execute \"%s\"", sql);
}

/* A trigger, a rule or a policy is in the way of what is still missing. */
static void
note_unstored(const Submission *s)
{
	for (int i = 0; i < s->n; i++)
	{
		Entry	   *e = &s->entries[i];

		if (e->wish.found && !e->found)
			e->fault = psprintf("URL could neither be found nor created in table %s",
								s->items->relation);
	}
}

/* Find or create what a submission names. */
static void
store(void *arg)
{
	Submission *s = arg;
	WfDomainWish *wishes = palloc(s->n * sizeof(WfDomainWish));

	for (int i = 0; i < s->n; i++)
	{
		s->entries[i].found = s->entries[i].created = false;
		wishes[i] = s->entries[i].wish;
		wf_domain_reset(&wishes[i]);
	}
	wf_domains_ensure(s->finder, wishes, s->n);
	for (int i = 0; i < s->n; i++)
	{
		Entry	   *e = &s->entries[i];

		e->wish = wishes[i];
		if (s->items != s->domains)
			continue;
		e->found = e->wish.found;
		e->created = e->wish.created;
		e->id = e->wish.id;
	}
	if (s->items != s->domains)
	{
		find_items(s);
		create_items(s);
		find_items(s);			/* another session was faster */
		note_unstored(s);
	}
	select_items(s);
}

/*
 * Pass an error on that is the caller's lack of rights on one of the tables: no row has
 * a part in it.  What a policy or a trigger refuses has the same SQLSTATE.
 */
static void
check_rights(const Submission *s, const WfDbError *error)
{
	const Oid	tables[] = {s->domains->relid, s->items->relid};

	for (size_t i = 0; i < lengthof(tables); i++)
	{
		char	   *name = get_rel_name(tables[i]);

		if (name && error->sqlstate == ERRCODE_INSUFFICIENT_PRIVILEGE &&
			strcmp(error->message, psprintf(_("permission denied for table %s"), name)) == 0)
			aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE, name);
	}
}

/* The entries one by one, since together they failed. */
static void
store_singly(const Submission *s)
{
	for (int i = 0; i < s->n; i++)
	{
		Submission	one = *s;
		WfDbError	error;

		one.n = 1;
		one.entries = &s->entries[i];
		if (wf_domain_attempt(store, &one, &error))
			continue;
		one.entries->found = false;
		one.entries->fault = error.message;
	}
}

/* What became of an entry. */
static void
read_outcome(const Entry *e, WfSubmitOutcome *outcome)
{
	const char *fault = e->found ? NULL : e->fault ? e->fault : e->wish.fault;

	outcome->input = e->input;
	outcome->id = e->found ? &e->id : NULL;
	outcome->kind = !e->found ? WF_SUBMIT_INVALID :
		e->created ? WF_SUBMIT_CREATED : WF_SUBMIT_EXISTS;
	outcome->detail = fault ? fault : e->url ? e->url : e->wish.host;
	if (fault && fault == e->wish.fault && !e->wish.is_message)
		outcome->detail = psprintf("it %s", fault);
}

/* Read what was handed in as entries. */
static void
read_entries(Submission *s, const WfSubmitInput *inputs, int n)
{
	WfArena    *arena = wf_arena_create(URL_MEMORY);

	if (arena == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory")));
	s->n = n;
	s->entries = palloc0(Max(n, 1) * sizeof(Entry));
	PG_TRY();
	{
		for (int i = 0; i < n; i++)
		{
			s->entries[i].input = inputs[i].text;
			s->entries[i].select_now = inputs[i].select_now;
			read_entry(s, &s->entries[i], arena);
		}
	}
	PG_FINALLY();
	{
		wf_arena_free(arena);
	}
	PG_END_TRY();
}

/* See wf_submit.h. */
void
wf_submit(WfPartId part, const WfSubmitInput *inputs, int n, WfSubmitReceiver put, void *arg)
{
	Submission	s = {0};
	WfDbError	error;

	SPI_connect();
	s.domains = wf_part_bind_required(WF_PART_DOMAINS);
	s.items = part == WF_PART_DOMAINS ? s.domains : wf_part_bind_required(part);
	s.finder = wf_domains_open(s.domains, NULL);
	read_entries(&s, inputs, n);
	if (!wf_domain_attempt(store, &s, &error))
	{
		check_rights(&s, &error);
		store_singly(&s);
	}
	for (int i = 0; i < s.n; i++)
	{
		WfSubmitOutcome outcome;

		read_outcome(&s.entries[i], &outcome);
		put(&outcome, arg);
	}
	SPI_finish();
}

/* An outcome as a row of the functions' result. */
static void
put_row(const WfSubmitOutcome *outcome, void *arg)
{
	static const char *const names[] = {"created", "exists", "invalid"};
	ReturnSetInfo *rsinfo = arg;
	Datum		values[4] = {0};
	bool		nulls[4] = {0};

	nulls[0] = outcome->input == NULL;
	if (outcome->input)
		values[0] = CStringGetTextDatum(outcome->input);
	nulls[1] = outcome->id == NULL;
	if (outcome->id)
		values[1] = UUIDPGetDatum(outcome->id);
	values[2] = CStringGetTextDatum(names[outcome->kind]);
	nulls[3] = outcome->detail == NULL;
	if (outcome->detail)
		values[3] = CStringGetTextDatum(outcome->detail);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/* The three functions: (text[], boolean) */
static Datum
submit(FunctionCallInfo fcinfo, WfPartId part)
{
	WfSubmitInput *inputs;
	Datum	   *texts;
	bool	   *nulls;
	int			n;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	deconstruct_array_builtin(PG_GETARG_ARRAYTYPE_P(0), TEXTOID, &texts, &nulls, &n);
	inputs = palloc0(Max(n, 1) * sizeof(WfSubmitInput));
	for (int i = 0; i < n; i++)
	{
		inputs[i].text = nulls[i] ? NULL : TextDatumGetCString(texts[i]);
		inputs[i].select_now = !PG_ARGISNULL(1) && PG_GETARG_BOOL(1);
	}
	wf_submit(part, inputs, n, put_row, fcinfo->resultinfo);
	return (Datum) 0;
}

/* wf_submit_domains(domains, select_now) */
Datum
wf_submit_domains(PG_FUNCTION_ARGS)
{
	return submit(fcinfo, WF_PART_DOMAINS);
}

/* wf_submit_pages(urls, select_now) */
Datum
wf_submit_pages(PG_FUNCTION_ARGS)
{
	return submit(fcinfo, WF_PART_PAGES);
}

/* wf_submit_sitemaps(urls, select_now) */
Datum
wf_submit_sitemaps(PG_FUNCTION_ARGS)
{
	return submit(fcinfo, WF_PART_SITEMAP_FILES);
}
