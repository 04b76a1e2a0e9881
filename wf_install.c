/*-------------------------------------------------------------------------
 *
 * wf_install.c
 *	  What CREATE EXTENSION does for the user's tables: create the absent ones,
 *	  attach those that are there, leave alone what is unclear.
 *
 * Created tables and their enum types are made in the schema of the extension
 * and then taken out of it (ALTER EXTENSION … DROP), so that they are the
 * user's own: dumped with their data, free to change, left by DROP EXTENSION.
 * Hence no object of the extension may depend on them.
 *
 * While a dump is being restored nothing is created or attached: the dump's
 * own statements do it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "wf_compat.h"

#include "access/relation.h"
#include "catalog/pg_enum.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "wf_attach.h"
#include "wf_curation.h"
#include "wf_install.h"
#include "wf_part.h"
#include "wf_shmem.h"

PG_FUNCTION_INFO_V1(wf_install);

#define MAX_TYPE_LABELS 8

/* An enum type of fresh tables. */
typedef struct FreshType
{
	const char *name;
	const char *comment;
	const char *labels[MAX_TYPE_LABELS];
} FreshType;

/* A table that is created when there is none of its name. */
typedef struct FreshTable
{
	const char *name;
	const char *comment;
	const char *statements;		/* {s}: schema; {type}: the enum's qualified name */
} FreshTable;

/* A foreign key between two tables, made only when both are fresh. */
typedef struct FreshLink
{
	const char *table;
	const char *target;
	const char *statement;
} FreshLink;

static const FreshType fresh_types[] = {
	{"page_curation_status", "what a person decided about a page",
	{"New", "Selected", "Queued", "Archived"}},
	{"page_processing_status", "where a page is in the queue; NULL: nowhere",
	{"Queued", "Processing", "Complete", "Error", "Filtered"}},
	{"contact_scrape_status", "what was found on a page",
	{"New", "ContactFound", "NoContactFound", "Error"}},
	{"sitemap_curation_status", "what a person decided about a domain, sitemap file or business",
	{"New", "Selected", "Maybe", "Not a Fit", "Archived", "Completed"}},
	{"sitemap_analysis_status", "where a domain is in the discovery of its sitemaps",
	{"pending", "queued", "processing", "submitted", "failed"}},
	{"sitemap_import_status", "where a sitemap file is in the import of its pages",
	{"Queued", "Processing", "Complete", "Error"}},
	{"domain_extraction_status", "where a business is in the extraction of its domain",
	{"Queued", "Processing", "Complete", "Error"}},
};

#define N_TYPES ((int) lengthof(fresh_types))

/* In the order of their foreign keys. */
static const FreshTable fresh_tables[] = {
	{"local_businesses", "businesses whose web sites become domains",
		"CREATE TABLE {s}.local_businesses ("
		" id uuid PRIMARY KEY DEFAULT gen_random_uuid(),"
		" business_name text,"
		" website_url text,"
		" phone text,"
		" status {sitemap_curation_status} NOT NULL DEFAULT 'New',"
		" domain_extraction_status {domain_extraction_status},"
		" domain_extraction_error text,"
		" created_at timestamp with time zone NOT NULL DEFAULT now(),"
		" updated_at timestamp with time zone NOT NULL DEFAULT now())"},
	{"domains", "web domains whose sitemaps are looked for",
		"CREATE TABLE {s}.domains ("
		" id uuid PRIMARY KEY DEFAULT gen_random_uuid(),"
		" domain text NOT NULL UNIQUE,"
		" status text NOT NULL DEFAULT 'pending',"
		" sitemap_curation_status {sitemap_curation_status} NOT NULL DEFAULT 'New',"
		" sitemap_analysis_status {sitemap_analysis_status},"
		" sitemap_analysis_error text,"
		" local_business_id uuid,"
		" created_at timestamp with time zone NOT NULL DEFAULT now(),"
		" updated_at timestamp with time zone NOT NULL DEFAULT now());"
		"CREATE INDEX domains_local_business_id_idx ON {s}.domains (local_business_id)"
		" WHERE local_business_id IS NOT NULL"},
	{"sitemap_files", "sitemap files whose pages are imported",
		"CREATE TABLE {s}.sitemap_files ("
		" id uuid PRIMARY KEY DEFAULT gen_random_uuid(),"
		" domain_id uuid,"
		" url text NOT NULL,"
		" sitemap_type text,"
		" discovery_method text,"
		" lastmod timestamp with time zone,"
		" url_count integer,"
		" deep_scrape_curation_status {sitemap_curation_status} NOT NULL DEFAULT 'New',"
		" sitemap_import_status {sitemap_import_status},"
		" sitemap_import_error text,"
		" created_at timestamp with time zone NOT NULL DEFAULT now(),"
		" updated_at timestamp with time zone NOT NULL DEFAULT now(),"
		" UNIQUE (domain_id, url))"},
	{"pages", "web pages; selecting one (page_curation_status) queues it",
		"CREATE TABLE {s}.pages ("
		" id uuid PRIMARY KEY DEFAULT gen_random_uuid(),"
		" domain_id uuid,"
		" url text NOT NULL,"
		" title text,"
		" page_type text,"
		" priority integer,"
		" last_modified timestamp with time zone,"
		" sitemap_file_id uuid,"
		" page_curation_status {page_curation_status} NOT NULL DEFAULT 'New',"
		" page_processing_status {page_processing_status},"
		" page_processing_error text,"
		" contact_scrape_status {contact_scrape_status},"
		" created_at timestamp with time zone NOT NULL DEFAULT now(),"
		" updated_at timestamp with time zone NOT NULL DEFAULT now(),"
		" UNIQUE (domain_id, url));"
		"CREATE INDEX pages_sitemap_file_id_idx ON {s}.pages (sitemap_file_id)"
		" WHERE sitemap_file_id IS NOT NULL;"
		"COMMENT ON COLUMN {s}.pages.page_curation_status IS 'yours: Selected queues the page';"
		"COMMENT ON COLUMN {s}.pages.page_processing_status IS"
		" 'the queue: NULL, Queued, Processing, Complete or Error';"
		"COMMENT ON COLUMN {s}.pages.page_processing_error IS"
		" 'why the page is in Error or, while Queued, why the last attempt failed'"},
	{"contacts", "contacts found on pages",
		"CREATE TABLE {s}.contacts ("
		" id uuid PRIMARY KEY DEFAULT gen_random_uuid(),"
		" domain_id uuid,"
		" page_id uuid,"
		" name text,"
		" email text,"
		" phone_number text,"
		" job_title text,"
		" source_url text,"
		" context text,"
		" created_at timestamp with time zone NOT NULL DEFAULT now(),"
		" updated_at timestamp with time zone NOT NULL DEFAULT now());"
		"CREATE UNIQUE INDEX contacts_domain_id_email_key ON {s}.contacts (domain_id, lower(email));"
		"CREATE INDEX contacts_page_id_idx ON {s}.contacts (page_id);"
		"COMMENT ON INDEX {s}.contacts_domain_id_email_key IS"
		" 'one contact per address and domain, whatever the case of its letters'"},
};

#define N_TABLES ((int) lengthof(fresh_tables))

static const FreshLink fresh_links[] = {
	{"domains", "local_businesses",
		"ALTER TABLE {s}.domains ADD FOREIGN KEY (local_business_id)"
		" REFERENCES {s}.local_businesses ON DELETE SET NULL"},
	{"sitemap_files", "domains",
		"ALTER TABLE {s}.sitemap_files ADD FOREIGN KEY (domain_id)"
		" REFERENCES {s}.domains ON DELETE CASCADE"},
	{"pages", "domains",
		"ALTER TABLE {s}.pages ADD FOREIGN KEY (domain_id)"
		" REFERENCES {s}.domains ON DELETE CASCADE"},
	{"pages", "sitemap_files",
		"ALTER TABLE {s}.pages ADD FOREIGN KEY (sitemap_file_id)"
		" REFERENCES {s}.sitemap_files ON DELETE SET NULL"},
	{"contacts", "domains",
		"ALTER TABLE {s}.contacts ADD FOREIGN KEY (domain_id)"
		" REFERENCES {s}.domains ON DELETE CASCADE"},
	{"contacts", "pages",
		"ALTER TABLE {s}.contacts ADD FOREIGN KEY (page_id)"
		" REFERENCES {s}.pages ON DELETE CASCADE"},
};

/* State of one installation. */
typedef struct Install
{
	Oid			schema;
	const char *schema_name;	/* quoted */
	char	   *type[N_TYPES];	/* quoted, qualified name, once known */
	bool		fresh[N_TABLES];	/* created just now */
} Install;

/* Has the session itself set both settings that every dump script sets? */
static bool
dump_is_being_restored(void)
{
	static const char query[] =
		"SELECT FROM pg_catalog.pg_settings WHERE source OPERATOR(pg_catalog.=) 'session' "
		"AND name OPERATOR(pg_catalog.=) ANY ('{row_security,xmloption}')";

	if (SPI_execute(query, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read settings");
	return SPI_processed == 2;
}

/*
 * Say what a restore skips.  Scripts of extensions run with
 * client_min_messages raised to WARNING, which would swallow the notice.
 */
static void
notice_restore(void)
{
	int			level = NewGUCNestLevel();

	(void) set_config_option("client_min_messages", "notice", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	ereport(NOTICE,
			(errmsg("a dump is being restored: no table was created or attached"),
			 errdetail("The dump itself brings the tables, their triggers and indexes."),
			 errhint("If this is no restore, run: SELECT * FROM wf_attach();")));
	AtEOXact_GUC(false, level);
}

/* Is the type an enum that has all of these labels? */
static bool
type_has_labels(Oid type, const FreshType *spec)
{
	int			i;

	if (!type_is_enum(type))
		return false;
	for (i = 0; i < MAX_TYPE_LABELS && spec->labels[i]; i++)
	{
		if (!SearchSysCacheExists2(ENUMTYPOIDNAME, ObjectIdGetDatum(type),
								   CStringGetDatum(spec->labels[i])))
			return false;
	}
	return true;
}

/* OID of the type of that name in a schema, or InvalidOid. */
static Oid
type_in_schema(const char *name, Oid schema)
{
	return GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum(name),
						   ObjectIdGetDatum(schema));
}

/* An enum of that name with the labels in another user schema: its name, or NULL. */
static char *
type_elsewhere(const FreshType *spec)
{
	static const char query[] =
		"SELECT t.oid FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace "
		"WHERE t.typname = $1 AND t.typtype = 'e' AND n.nspname !~ '^pg_' "
		"ORDER BY n.nspname";
	int			level = wf_attach_begin_settings();
	Oid			argtypes[] = {NAMEOID};
	Datum		args[1];
	char	   *result = NULL;
	uint64		row;

	args[0] = DirectFunctionCall1(namein, CStringGetDatum(spec->name));
	if (SPI_execute_with_args(query, 1, argtypes, args, NULL, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not look for type \"%s\"", spec->name);
	for (row = 0; row < SPI_processed && result == NULL; row++)
	{
		bool		isnull;
		Oid			type = DatumGetObjectId(SPI_getbinval(SPI_tuptable->vals[row],
														  SPI_tuptable->tupdesc, 1, &isnull));

		if (type_has_labels(type, spec))
			result = format_type_be_qualified(type);
	}
	AtEOXact_GUC(false, level);
	return result;
}

/* Create an enum in the schema of the extension, as the user's own. */
static char *
create_type(const Install *install, const FreshType *spec, const char *name)
{
	char	   *qualified = psprintf("%s.%s", install->schema_name, quote_identifier(name));
	StringInfoData sql;
	int			i;

	initStringInfo(&sql);
	appendStringInfo(&sql, "CREATE TYPE %s AS ENUM (", qualified);
	for (i = 0; i < MAX_TYPE_LABELS && spec->labels[i]; i++)
		appendStringInfo(&sql, "%s%s", i ? ", " : "", quote_literal_cstr(spec->labels[i]));
	appendStringInfo(&sql, "); COMMENT ON TYPE %s IS %s; "
					 "ALTER EXTENSION " WF_EXTENSION_NAME " DROP TYPE %s",
					 qualified, quote_literal_cstr(spec->comment), qualified);
	wf_attach_run(sql.data);
	return qualified;
}

/*
 * Qualified name of an enum for fresh tables: one with the labels that is
 * there, in the schema of the extension or elsewhere, or a new one.  Where the
 * name is taken by something else, ours gets the prefix "wf_".
 */
static char *
resolve_type(Install *install, const FreshType *spec)
{
	int			prefixed;
	char	   *elsewhere = NULL;

	for (prefixed = 0; prefixed < 2; prefixed++)
	{
		char	   *name = psprintf("%s%s", prefixed ? "wf_" : "", spec->name);
		Oid			type = type_in_schema(name, install->schema);

		if (OidIsValid(type) && type_has_labels(type, spec))
			return format_type_be_qualified(type);
		if (!prefixed)
			elsewhere = type_elsewhere(spec);
		if (elsewhere)
			return elsewhere;
		if (!OidIsValid(type))
			return create_type(install, spec, name);
	}
	ereport(ERROR,
			(errcode(ERRCODE_DUPLICATE_OBJECT),
			 errmsg("type \"%s\" exists already and lacks labels", spec->name),
			 errdetail("So does \"wf_%s\".", spec->name),
			 errhint("Create the extension in another schema: CREATE EXTENSION %s SCHEMA other;",
					 WF_EXTENSION_NAME)));
}

/* The template with {s} and {type} filled in; resolves types on first use. */
static char *
expand(Install *install, const char *template)
{
	StringInfoData sql;
	const char *p = template;

	initStringInfo(&sql);
	while (*p)
	{
		size_t		n = strcspn(p, "{");
		const char *name = p + n + 1;
		size_t		len;
		int			i;

		appendBinaryStringInfo(&sql, p, n);
		if (p[n] == '\0')
			break;
		len = strcspn(name, "}");
		p = name + len + 1;
		if (len == 1 && *name == 's')
		{
			appendStringInfoString(&sql, install->schema_name);
			continue;
		}
		for (i = 0; i < N_TYPES; i++)
		{
			if (strlen(fresh_types[i].name) != len || strncmp(fresh_types[i].name, name, len) != 0)
				continue;
			if (install->type[i] == NULL)
				install->type[i] = resolve_type(install, &fresh_types[i]);
			appendStringInfoString(&sql, install->type[i]);
		}
	}
	return sql.data;
}

/* Create a table as the user's own; returns its OID. */
static Oid
create_table(Install *install, const FreshTable *table)
{
	char	   *qualified = psprintf("%s.%s", install->schema_name, table->name);

	wf_attach_run(expand(install, table->statements));
	wf_attach_run(psprintf("COMMENT ON TABLE %s IS %s", qualified,
						   quote_literal_cstr(table->comment)));
	wf_attach_run(psprintf("ALTER EXTENSION " WF_EXTENSION_NAME " DROP TABLE %s", qualified));
	return get_relname_relid(table->name, install->schema);
}

/* Attach a table that has the required columns, or say why not. */
static void
attach_existing(const WfPart *part, const WfCandidate *candidate)
{
	Relation	rel = relation_open(candidate->relid, AccessShareLock);
	List	   *problems = NIL;
	WfBinding  *binding = wf_part_bind(rel, part, &problems);

	relation_close(rel, AccessShareLock);
	if (binding)
		(void) wf_attach_table(part, candidate->relid);
	else
	{
		WfProblem  *p = linitial(problems);

		ereport(WARNING,
				(errcode(p->sqlstate),
				 errmsg("table %s was left alone: %s", candidate->relation, p->message),
				 p->detail ? errdetail("%s", p->detail) : 0,
				 errhint("%s%sThen run: SELECT * FROM wf_attach(%s => %s);",
						 p->hint ? p->hint : "", p->hint ? " " : "", part->name,
						 quote_literal_cstr(candidate->relation))));
	}
}

/* Say that there is no telling which table is meant. */
static void
warn_several(const WfPart *part, List *fitting)
{
	ereport(WARNING,
			(errmsg("several tables are named \"%s\"; none was attached", part->name),
			 errdetail("These have the required columns: %s.", wf_attach_names(fitting)),
			 errhint("Name the right one, as in: SELECT * FROM wf_attach(%s => %s);", part->name,
					 quote_literal_cstr(((WfCandidate *) linitial(fitting))->relation))));
}

/* Say that the name is taken by something else. */
static void
warn_taken(const char *name, const WfPart *part, char *detail)
{
	ereport(WARNING,
			(errmsg("no table was created or attached as \"%s\"", name),
			 errdetail("%s", detail),
			 part ? errhint("Name the table to attach, as in: SELECT * FROM wf_attach(%s => 'my_table');",
							part->name) : 0));
}

/* Create, attach or leave alone one of the tables. */
static void
install_table(Install *install, int i)
{
	const FreshTable *table = &fresh_tables[i];
	const WfPart *part = wf_part_by_name(table->name);
	List	   *others = NIL;
	List	   *fitting = wf_attach_candidates(table->name, part, &others);

	if (list_length(fitting) == 1)
	{
		if (part)
			attach_existing(part, linitial(fitting));
	}
	else if (fitting != NIL)
	{
		if (part)
			warn_several(part, fitting);
	}
	else if (others != NIL)
		warn_taken(table->name, part,
				   psprintf("This has the name, but not the required columns: %s.",
							wf_attach_names(others)));
	else if (OidIsValid(type_in_schema(table->name, install->schema)) ||
			 OidIsValid(get_relname_relid(table->name, install->schema)))
		warn_taken(table->name, part,
				   psprintf("Schema %s has another object of that name.", install->schema_name));
	else
	{
		Oid			relid = create_table(install, table);

		install->fresh[i] = true;
		if (part)
			(void) wf_attach_table(part, relid);
	}
}

/* Where the old service has a table of jobs, it is told about searches, too. */
static void
install_jobs(void)
{
	const WfPart *part = &wf_parts[WF_PART_JOBS];
	List	   *others = NIL;
	List	   *fitting = wf_attach_candidates(part->name, part, &others);

	if (list_length(fitting) == 1)
		attach_existing(part, linitial(fitting));
	else if (fitting != NIL)
		warn_several(part, fitting);
}

/* Was the table of that name created just now? */
static bool
is_fresh(const Install *install, const char *name)
{
	int			i;

	for (i = 0; i < N_TABLES; i++)
	{
		if (strcmp(fresh_tables[i].name, name) == 0)
			return install->fresh[i];
	}
	return false;
}

/* wf_install(): called once by the install script. */
Datum
wf_install(PG_FUNCTION_ARGS)
{
	Install		install = {0};
	int			level;
	int			i;

	if (!creating_extension)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("tables are installed by CREATE EXTENSION only"),
				 errhint("Use wf_attach().")));
	SPI_connect();
	if (dump_is_being_restored())
	{
		notice_restore();
		SPI_finish();
		PG_RETURN_VOID();
	}
	install.schema = wf_part_extension_schema();
	install.schema_name = quote_identifier(get_namespace_name(install.schema));
	level = wf_attach_begin_settings();
	for (i = 0; i < N_TABLES; i++)
		install_table(&install, i);
	install_jobs();
	for (i = 0; i < (int) lengthof(fresh_links); i++)
	{
		if (is_fresh(&install, fresh_links[i].table) && is_fresh(&install, fresh_links[i].target))
			wf_attach_run(expand(&install, fresh_links[i].statement));
	}
	AtEOXact_GUC(false, level);
	SPI_finish();
	wf_shmem_wake_launcher_at_commit();
	PG_RETURN_VOID();
}
