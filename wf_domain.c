/*-------------------------------------------------------------------------
 *
 * wf_domain.c
 *	  Domains: what people mean by one, and finding or creating its row.
 *
 * Set-based, whatever the number of domains.  New rows are written in normal
 * form; old ones may be spelled in any way ("https://WWW.Example.org/"), which
 * no index can find, so these are looked for, by one pass over the table, for
 * hosts that have no row in normal form.
 *
 * Runs in sessions of users, with their rights; statements qualify everything
 * and leave search_path alone, since triggers of the user's tables run in them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "wf_compat.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/xact.h"
#include "catalog/pg_type_d.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/uuid.h"

#include "core/wf_website.h"

#include "wf_db.h"
#include "wf_domain.h"
#include "wf_encoding.h"
#include "wf_guc.h"

#define READ_MEMORY	(256 * 1024)	/* for one text */
#define NOT_NORMAL	"[^a-z0-9._-]|^www[.]|[.]$"	/* what a spelling needs to be looked at */

struct WfDomains
{
	const WfBinding *table;
	const WfBinding *parents;	/* or NULL */
	bool		has_key;		/* a unique index on the name */
	bool		links;			/* there is a column for the business, and parents are some */
};

/* A host that is wanted, once. */
typedef struct Host
{
	char		name[WF_MAX_HOST + 1];	/* hash key */
	Datum		parent;			/* the first one's; 0: none */
	bool		found;
	bool		created;
	bool		linked;
	pg_uuid_t	id;
} Host;

/*-------------------------------------------------------------------------
 * Reading
 *-------------------------------------------------------------------------
 */

/* Is the address in one of the networks that an operator has opened? */
static bool
is_allowed_address(const char *address)
{
	char	   *networks = pstrdup(wf_curation_allowed_networks ? wf_curation_allowed_networks : "");
	char	   *save = NULL;

	for (char *net = strtok_r(networks, ", \t", &save); net; net = strtok_r(NULL, ", \t", &save))
	{
		if (DatumGetBool(DirectFunctionCall2(network_subeq,
											 DirectFunctionCall1(inet_in, CStringGetDatum(address)),
											 DirectFunctionCall1(inet_in, CStringGetDatum(net)))))
			return true;
	}
	return false;
}

/* The site that a text names; lives until the next call. */
static WfWebsite
read_site(const char *text)
{
	static WfArena *arena = NULL;
	WfWebsite	site = {WF_WEBSITE_MALFORMED};
	char	   *utf8 = wf_encoding_to_utf8(text);

	if (arena == NULL)
		arena = wf_arena_create(READ_MEMORY);
	else
		wf_arena_reset(arena);
	if (arena == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory")));
	if (wf_website_parse(arena, (WfSlice) {utf8, strlen(utf8)}, &site) != WF_OK)
		site.kind = WF_WEBSITE_MALFORMED;	/* beyond the longest URL */
	return site;
}

/*
 * The name of a site's domain.  An address within an opened network, where any
 * port may be fetched from, is another site on each port.
 */
static char *
domain_name(const WfWebsite *site)
{
	if (site->port == 0)
		return pstrdup(site->host.data);
	return psprintf(strchr(site->host.data, ':') ? "[%s]:%d" : "%s:%d", site->host.data,
					site->port);
}

/* See wf_domain.h. */
void
wf_domain_read(WfDomainWish *wish, const char *text, WfDomainUse use)
{
	WfWebsite	site = read_site(text);

	if (site.kind == WF_WEBSITE_NAME ||
		(site.kind == WF_WEBSITE_SHARED && use == WF_DOMAIN_ANY) ||
		(site.kind == WF_WEBSITE_ADDRESS && is_allowed_address(site.host.data)))
		wish->host = domain_name(&site);
	else
		wish->fault = wf_website_fault(site.kind);
}

/* See wf_domain.h. */
void
wf_domain_reset(WfDomainWish *wish)
{
	wish->found = false;
	wish->created = false;
	if (wish->host)
		wish->fault = NULL;
}

/* Is an error of that number one that another row would not have? */
static bool
lies_in_row(int sqlstate)
{
	switch (ERRCODE_TO_CATEGORY(sqlstate))
	{
		case ERRCODE_TO_CATEGORY(ERRCODE_T_R_SERIALIZATION_FAILURE):
		case ERRCODE_TO_CATEGORY(ERRCODE_QUERY_CANCELED):
		case ERRCODE_TO_CATEGORY(ERRCODE_INSUFFICIENT_RESOURCES):
		case ERRCODE_TO_CATEGORY(ERRCODE_LOCK_NOT_AVAILABLE):
		case ERRCODE_TO_CATEGORY(ERRCODE_READ_ONLY_SQL_TRANSACTION):
			return false;
	}
	return true;
}

/* See wf_domain.h. */
bool
wf_domain_attempt(void (*step) (void *), void *arg, WfDbError *error)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	volatile bool ok = true;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		step(arg);
		ReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(context);
		CurrentResourceOwner = owner;
	}
	PG_CATCH();
	{
		ErrorData  *data;

		MemoryContextSwitchTo(context);
		data = CopyErrorData();
		FlushErrorState();
		/* first: an error from inside it would leave the session in an aborted one */
		RollbackAndReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(context);
		CurrentResourceOwner = owner;
		if (!lies_in_row(data->sqlerrcode))
			ReThrowError(data);
		error->sqlstate = data->sqlerrcode;
		error->message = data->message;
		ok = false;
	}
	PG_END_TRY();
	return ok;
}

/*-------------------------------------------------------------------------
 * Finding and creating
 *-------------------------------------------------------------------------
 */

/* Is there a unique index on the name alone? */
static bool
has_name_key(const WfBinding *table)
{
	Relation	rel = relation_open(table->relid, AccessShareLock);
	List	   *indexes = RelationGetIndexList(rel);
	bool		result = false;
	ListCell   *lc;

	foreach(lc, indexes)
	{
		Relation	index = index_open(lfirst_oid(lc), AccessShareLock);
		Form_pg_index form = index->rd_index;

		result |= form->indisunique && form->indimmediate && form->indisvalid &&
			form->indnkeyatts == 1 && RelationGetIndexPredicate(index) == NIL &&
			form->indkey.values[0] == table->column[WF_ITEM_URL].attnum;
		index_close(index, AccessShareLock);
	}
	relation_close(rel, AccessShareLock);
	return result;
}

/* See wf_domain.h. */
WfDomains *
wf_domains_open(const WfBinding *table, const WfBinding *parents)
{
	WfDomains  *d = palloc0(sizeof(WfDomains));

	d->table = table;
	d->parents = parents;
	d->has_key = has_name_key(table);
	d->links = parents && parents->part->id == WF_PART_LOCAL_BUSINESSES &&
		table->column[WF_DOMAIN_LOCAL_BUSINESS_ID].attnum > 0;
	return d;
}

/* Quoted name of a column of the table. */
static const char *
name_of(const WfDomains *d, int column)
{
	return quote_identifier(d->table->part->columns[column].name);
}

static char *
type_of(const WfDomains *d, int column)
{
	return format_type_be_qualified(d->table->column[column].type);
}

/* "id, name, is linked" of a row, for note_rows. */
static char *
row_columns(const WfDomains *d)
{
	return psprintf("t.%s, t.%s::pg_catalog.text, %s%s%s", name_of(d, WF_ITEM_ID),
					name_of(d, WF_ITEM_URL), d->links ? "t." : "true",
					d->links ? name_of(d, WF_DOMAIN_LOCAL_BUSINESS_ID) : "",
					d->links ? " IS NOT NULL" : "");
}

/* The hosts without a row, in the order of their names, as a text[]; with parents, if asked for. */
static Datum
missing_hosts(HTAB *hosts, int *n, Datum *parents)
{
	long		room = Max(hash_get_num_entries(hosts), 1);
	Datum	   *names = palloc(room * sizeof(Datum));
	Datum	   *ids = palloc(room * sizeof(Datum));
	bool	   *nulls = palloc(room * sizeof(bool));
	HASH_SEQ_STATUS status;
	Host	   *host;

	*n = 0;
	hash_seq_init(&status, hosts);
	while ((host = hash_seq_search(&status)) != NULL)
	{
		if (host->found)
			continue;
		names[*n] = CStringGetTextDatum(host->name);
		ids[*n] = host->parent;
		nulls[*n] = host->parent == 0;
		(*n)++;
	}
	if (parents)
		*parents = wf_db_array(ids, nulls, *n, UUIDOID);
	return wf_db_array(names, NULL, *n, TEXTOID);
}

/* Take the rows of the last statement as those of their hosts. */
static void
note_rows(HTAB *hosts, bool created)
{
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[i];
		TupleDesc	desc = SPI_tuptable->tupdesc;
		char	   *text = SPI_getvalue(tuple, desc, 2);
		WfWebsite	site = read_site(text ? text : "");
		Host	   *host = site.host.len > 0
			? hash_search(hosts, domain_name(&site), HASH_FIND, NULL) : NULL;
		bool		isnull;
		Datum		id = SPI_getbinval(tuple, desc, 1, &isnull);

		if (host == NULL || host->found || isnull)
			continue;
		host->id = *DatumGetUUIDP(id);
		host->found = true;
		host->created = created;
		host->linked = DatumGetBool(SPI_getbinval(tuple, desc, 3, &isnull));
	}
	SPI_freetuptable(SPI_tuptable);
}

static void
execute(const char *sql, int nargs, const Oid *types, Datum *args, int expected)
{
	int			rc = SPI_execute_with_args(sql, nargs, (Oid *) types, args, NULL, false, 0);

	if (rc != expected)
		elog(ERROR, "could not execute \"%s\": %s", sql, SPI_result_code_string(rc));
}

/* Look for rows in normal form or, if "odd" is set, in any other. */
static void
find_rows(const WfDomains *d, HTAB *hosts, bool odd)
{
	static const Oid types[] = {TEXTARRAYOID};
	int			n;
	Datum		names = missing_hosts(hosts, &n, NULL);

	if (n == 0)
		return;
	if (odd)
		execute(psprintf("SELECT %s FROM %s t WHERE t.%s::pg_catalog.text OPERATOR(pg_catalog.~) %s "
						 "ORDER BY 1", row_columns(d), d->table->relation, name_of(d, WF_ITEM_URL),
						 quote_literal_cstr(NOT_NORMAL)), 0, NULL, NULL, SPI_OK_SELECT);
	else
		execute(psprintf("SELECT %s FROM %s t WHERE t.%s OPERATOR(pg_catalog.=) ANY ($1) ORDER BY 1",
						 row_columns(d), d->table->relation, name_of(d, WF_ITEM_URL)),
				1, types, &names, SPI_OK_SELECT);
	note_rows(hosts, false);
}

/*
 * Add a column that the table insists on (NOT NULL, no default) to an INSERT,
 * with a literal value.
 */
static void
add_insisted(const WfDomains *d, int column, const char *value, StringInfo names,
			 StringInfo values)
{
	const WfBoundColumn *bound = &d->table->column[column];

	if (bound->attnum == 0 || !bound->not_null || value == NULL ||
		wf_part_has_default(d->table, column))
		return;
	appendStringInfo(names, ", %s", name_of(d, column));
	appendStringInfo(values, ", CAST(%s AS %s)", quote_literal_cstr(value), type_of(d, column));
}

/* Create the rows of the hosts that have none. */
static void
create_rows(const WfDomains *d, HTAB *hosts)
{
	static const Oid types[] = {TEXTARRAYOID, UUIDARRAYOID};
	StringInfoData names;
	StringInfoData values;
	Datum		args[2];
	char	   *source = "";
	int			n;

	args[0] = missing_hosts(hosts, &n, &args[1]);
	if (n == 0)
		return;
	initStringInfo(&names);
	initStringInfo(&values);
	appendStringInfoString(&names, name_of(d, WF_ITEM_URL));
	appendStringInfo(&values, "CAST(u.host AS %s)", type_of(d, WF_ITEM_URL));
	if (d->links)
	{
		appendStringInfo(&names, ", %s", name_of(d, WF_DOMAIN_LOCAL_BUSINESS_ID));
		appendStringInfoString(&values, ", u.parent");
	}
	add_insisted(d, WF_DOMAIN_STATUS, "pending", &names, &values);
	add_insisted(d, WF_ITEM_CURATION, d->table->column[WF_ITEM_CURATION].label[WF_CURATION_NEW],
				 &names, &values);
	wf_part_add_needed(d->table, d->parents ? d->parents->relid : InvalidOid, &names, &values);
	if (d->parents)
		source = psprintf(" LEFT JOIN %s p ON p.%s OPERATOR(pg_catalog.=) u.parent",
						  d->parents->relation,
						  quote_identifier(d->parents->part->columns[WF_ITEM_ID].name));
	execute(psprintf("INSERT INTO %s AS t (%s) SELECT %s FROM ROWS FROM "
					 "(pg_catalog.unnest($1), pg_catalog.unnest($2)) u(host, parent)%s "
					 "ORDER BY u.host%s RETURNING %s",
					 d->table->relation, names.data, values.data, source,
					 wf_part_on_conflict(d->table, ""), row_columns(d)),
			2, types, args, SPI_OK_INSERT_RETURNING);
	note_rows(hosts, true);
}

/* Link the rows that were there and belong to no business. */
static void
link_rows(const WfDomains *d, HTAB *hosts)
{
	static const Oid types[] = {UUIDARRAYOID, UUIDARRAYOID};
	long		room = Max(hash_get_num_entries(hosts), 1);
	Datum	   *ids = palloc(room * sizeof(Datum));
	Datum	   *parents = palloc(room * sizeof(Datum));
	const char *id = name_of(d, WF_ITEM_ID);
	const char *link = name_of(d, WF_DOMAIN_LOCAL_BUSINESS_ID);
	HASH_SEQ_STATUS status;
	Datum		args[2];
	Host	   *host;
	int			n = 0;

	hash_seq_init(&status, hosts);
	while ((host = hash_seq_search(&status)) != NULL)
	{
		if (!host->found || host->linked || host->parent == 0)
			continue;
		ids[n] = UUIDPGetDatum(&host->id);
		parents[n++] = host->parent;
	}
	if (n == 0)
		return;
	args[0] = wf_db_array(ids, NULL, n, UUIDOID);
	args[1] = wf_db_array(parents, NULL, n, UUIDOID);
	execute(psprintf("WITH due AS (SELECT t.%s AS wf_id FROM %s t WHERE t.%s OPERATOR(pg_catalog.=) "
					 "ANY ($1) AND t.%s IS NULL ORDER BY 1 FOR NO KEY UPDATE) "
					 "UPDATE %s t SET %s = u.parent FROM due, ROWS FROM "
					 "(pg_catalog.unnest($1), pg_catalog.unnest($2)) u(id, parent) "
					 "WHERE t.%s OPERATOR(pg_catalog.=) due.wf_id AND u.id OPERATOR(pg_catalog.=) due.wf_id",
					 id, d->table->relation, id, link, d->table->relation, link, id),
			2, types, args, SPI_OK_UPDATE);
}

/* The wished hosts, each once. */
static HTAB *
collect_hosts(const WfDomainWish *wishes, int n)
{
	HASHCTL		ctl = {0};
	HTAB	   *hosts;

	ctl.keysize = WF_MAX_HOST + 1;
	ctl.entrysize = sizeof(Host);
	ctl.hcxt = CurrentMemoryContext;
	hosts = hash_create("wf_curation domains", Max(n, 16), &ctl,
						HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
	for (int i = 0; i < n; i++)
	{
		bool		found;
		Host	   *host;

		if (wishes[i].host == NULL)
			continue;
		host = hash_search(hosts, wishes[i].host, HASH_ENTER, &found);
		if (!found)
		{
			memset((char *) host + ctl.keysize, 0, sizeof(Host) - ctl.keysize);
			host->parent = wishes[i].parent;
		}
	}
	return hosts;
}

/* See wf_domain.h. */
void
wf_domains_ensure(WfDomains *d, WfDomainWish *wishes, int n)
{
	HTAB	   *hosts = collect_hosts(wishes, n);

	find_rows(d, hosts, false);
	find_rows(d, hosts, true);
	if (!d->has_key)
	{
		/* nothing but this lock keeps two sessions from creating one twice */
		int			missing;

		(void) missing_hosts(hosts, &missing, NULL);
		if (missing > 0)
			DirectFunctionCall2(pg_advisory_xact_lock_int4, Int32GetDatum(0x77666431),
								Int32GetDatum((int32) d->table->relid));
		find_rows(d, hosts, false);
	}
	create_rows(d, hosts);
	find_rows(d, hosts, false);	/* another session was faster */
	if (d->links)
		link_rows(d, hosts);
	for (int i = 0; i < n; i++)
	{
		Host	   *host = wishes[i].host
			? hash_search(hosts, wishes[i].host, HASH_FIND, NULL) : NULL;

		if (host == NULL)
			continue;
		wishes[i].found = host->found;
		wishes[i].created = host->created;
		wishes[i].id = host->id;
		host->created = false;	/* of several wishes for one host, the first created it */
		if (!host->found)
		{
			wishes[i].fault = psprintf("domain \"%s\" could neither be found nor created in table %s",
									   wishes[i].host, d->table->relation);
			wishes[i].is_message = true;
		}
	}
	hash_destroy(hosts);
}
