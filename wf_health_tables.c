/*-------------------------------------------------------------------------
 *
 * wf_health_tables.c
 *	  Checks of wf_health() about the attached tables: what they are, their
 *	  triggers and indexes, and who feeds them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "wf_compat.h"

#include "access/relation.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type_d.h"
#include "commands/defrem.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "wf_attach.h"
#include "wf_curation.h"
#include "wf_guc.h"
#include "wf_health.h"
#include "wf_identity.h"
#include "wf_stage.h"

#define READY_LABEL		"wf_ready_idx"	/* as wf_attach() names the index */

/* May this table be looked at? */
static bool
is_open(const WfHealthTable *t)
{
	return OidIsValid(t->relid) && !t->locked_out;
}

/* See wf_health.h. */
Datum
wf_health_table_oids(const WfHealth *h)
{
	Datum		oids[WF_PART_COUNT];
	int			n = 0;

	for (int i = 0; i < WF_PART_COUNT; i++)
		if (OidIsValid(h->table[i].relid))
			oids[n++] = ObjectIdGetDatum(h->table[i].relid);
	return PointerGetDatum(construct_array(oids, n, OIDOID, sizeof(Oid), true, TYPALIGN_INT));
}

/* ------------------------------------------------------------------------
 * Attached, and fit
 * ------------------------------------------------------------------------
 */

/* A part without a table, and what follows: what could be attached. */
static void
report_missing(WfHealth *h, const WfPart *part, const char *consequence)
{
	List	   *others = NIL;
	List	   *fitting = wf_attach_candidates(part->name, part, &others);
	const char *table = fitting ? ((WfCandidate *) linitial(fitting))->relation : "schema.table";
	char	   *arguments = psprintf("%s => %s", part->name, quote_literal_cstr(table));

	if (list_length(fitting) > 1)
		wf_health_report(h, WF_HEALTH_FAIL, wf_health_call(h, "wf_attach", arguments),
						 "No table is attached as \"%s\", and several could be: %s.",
						 part->name, wf_attach_names(fitting));
	else
		wf_health_report(h, WF_HEALTH_FAIL, wf_health_call(h, "wf_attach", arguments),
						 "No table is attached as \"%s\", %s.", part->name, consequence);
}

/* Items that wait for a stage whose results have no table to go to. */
static void
check_targets(WfHealth *h)
{
	for (int id = 0; id < WF_STAGE_COUNT; id++)
	{
		const WfStageSpec *spec = &wf_stage_specs[id];
		const WfBinding *b = wf_health_whole(h, spec->items);
		int64		n;

		if (!spec->optional || b == NULL || OidIsValid(h->table[spec->targets].relid))
			continue;
		n = wf_health_count(b, wf_views_is(b, "p", WF_ITEM_PROCESSING, WF_PROCESSING_QUEUED),
							COUNTED);
		if (n > 0)
			report_missing(h, &wf_parts[spec->targets],
						   psprintf("and %s queued for it",
									wf_health_items_are(spec->items, n, COUNTED)));
	}
}

/* What is well, though some parts have no table. */
static void
report_unused(WfHealth *h)
{
	StringInfoData names;

	initStringInfo(&names);
	for (int i = 0; i < WF_PART_COUNT; i++)
		if (!OidIsValid(h->table[i].relid))
			appendStringInfo(&names, "%s\"%s\"", names.len > 0 ? ", " : "", wf_parts[i].name);
	if (names.len > 0)
		wf_health_ok(h, "A table is attached for each part that is needed; none as %s.",
					 names.data);
}

/* Tables with our trigger that are not the ones in use. */
static void
report_surplus(WfHealth *h)
{
	Oid			types[] = {OIDOID, OIDARRAYOID};
	Datum		values[2];

	values[0] = ObjectIdGetDatum(wf_part_trigger_function());
	values[1] = wf_health_table_oids(h);
	wf_views_select(InvalidOid,
					"SELECT t.tgrelid::pg_catalog.regclass::pg_catalog.text, pg_catalog.quote_ident(t.tgname)"
					" FROM pg_catalog.pg_trigger t WHERE t.tgfoid = $1 AND t.tgparentid = 0"
					" AND t.tgrelid <> ALL ($2) ORDER BY t.tgrelid LIMIT 20", 2, types, values);
	for (uint64 row = 0; row < SPI_processed; row++)
	{
		char	   *table = wf_views_text(row, 1);

		wf_health_report(h, WF_HEALTH_WARN,
						 psprintf("DROP TRIGGER %s ON %s;", wf_views_text(row, 2), table),
						 "Table %s has the trigger, too, but another table has its part: its items are queued and never processed.",
						 table);
	}
}

/* See wf_health.h. */
void
wf_health_attached(WfHealth *h)
{
	/* a database may do without the stages before pages */
	for (int i = 0; i <= WF_PART_CONTACTS; i++)
		if (!OidIsValid(h->table[i].relid))
			report_missing(h, &wf_parts[i], "so nothing can be processed");
	if (OidIsValid(h->table[WF_PART_PAGES].relid))
		check_targets(h);
	report_surplus(h);
	if (h->reported == 0)
		report_unused(h);
}

/* The name of a type that serves for a column of a part. */
static const char *
serving_type(const WfPart *part, const char *column)
{
	static const char *const names[] = {
		[WF_COLUMN_UUID] = "uuid",
		[WF_COLUMN_TEXT] = "text",
		[WF_COLUMN_STATUS] = "text",
		[WF_COLUMN_LABEL] = "text",
		[WF_COLUMN_TIMESTAMP] = "timestamp with time zone",
		[WF_COLUMN_INTEGER] = "integer",
		[WF_COLUMN_NUMBER] = "double precision",
		[WF_COLUMN_JSON] = "jsonb",
	};

	for (int i = 0; i < part->ncolumns; i++)
		if (part->columns[i].name && strcmp(part->columns[i].name, column) == 0)
			return names[part->columns[i].kind];
	return "text";
}

/* A statement that repairs a problem of the table. */
static char *
problem_remedy(const WfHealth *h, const WfPart *part, const char *relation, const WfProblem *p)
{
	const char *column = p->column ? quote_identifier(p->column) : NULL;

	if (p->hint && strncmp(p->hint, "Run: ", 5) == 0)
		return p->hint + 5;
	if (column == NULL)
		return wf_health_call(h, "wf_detach", "");
	switch (p->sqlstate)
	{
		case ERRCODE_UNDEFINED_COLUMN:
			return psprintf("ALTER TABLE %s ADD COLUMN %s %s;", relation, column,
							serving_type(part, p->column));
		case ERRCODE_GENERATED_ALWAYS:
			return psprintf("ALTER TABLE %s ALTER COLUMN %s DROP EXPRESSION;", relation, column);
		default:
			return psprintf("ALTER TABLE %s ALTER COLUMN %s TYPE %s USING %s::text::%s;", relation,
							column, serving_type(part, p->column), column,
							serving_type(part, p->column));
	}
}

/* Does no label of the table queue, as wf_curation.queue_on stands? */
static void
check_queue_on(WfHealth *h, const WfBinding *b)
{
	const WfBoundColumn *column = &b->column[WF_ITEM_CURATION];

	for (int i = 0; i < b->part->columns[WF_ITEM_CURATION].nlabels; i++)
		if (column->label[i] && (wf_guc_queue_on_labels() & (1U << i)))
			return;
	wf_health_report(h, WF_HEALTH_FAIL,
					 wf_health_set("wf_curation.queue_on", "'Selected,Queued'"),
					 "No label of column \"%s\" of table %s queues, as \"%s\" stands.",
					 b->part->columns[WF_ITEM_CURATION].name, b->relation, "wf_curation.queue_on");
}

/* See wf_health.h. */
void
wf_health_columns(WfHealth *h)
{
	for (int i = 0; i < WF_PART_COUNT; i++)
	{
		const WfHealthTable *t = &h->table[i];
		ListCell   *lc;

		foreach(lc, t->problems)
		{
			const WfProblem *p = lfirst(lc);

			if (p->sqlstate != ERRCODE_INSUFFICIENT_PRIVILEGE)
				wf_health_report(h, WF_HEALTH_FAIL,
								 problem_remedy(h, &wf_parts[i], t->relation, p),
								 "Table %s cannot be used as \"%s\": %s.%s%s", t->relation,
								 wf_parts[i].name, p->message, p->detail ? " " : "",
								 p->detail ? p->detail : "");
		}
		if (t->binding && wf_parts[i].is_stage)
			check_queue_on(h, t->binding);
	}
}

/* See wf_health.h. */
void
wf_health_row_security(WfHealth *h)
{
	bool		other_role = wf_curation_role && *wf_curation_role;

	for (int i = 0; i < WF_PART_COUNT; i++)
	{
		const WfHealthTable *t = &h->table[i];
		ListCell   *lc;

		foreach(lc, t->problems)
		{
			const WfProblem *p = lfirst(lc);
			char	   *remedy;

			if (p->sqlstate != ERRCODE_INSUFFICIENT_PRIVILEGE)
				continue;
			remedy = other_role
				? psprintf("ALTER ROLE %s BYPASSRLS;", quote_identifier(wf_curation_role))
				: psprintf("ALTER TABLE %s NO FORCE ROW LEVEL SECURITY;", t->relation);
			wf_health_report(h, WF_HEALTH_FAIL, remedy,
							 "Table %s cannot be used as \"%s\": %s. %s", t->relation,
							 wf_parts[i].name, p->message, p->detail);
		}
	}
}

/* ------------------------------------------------------------------------
 * Triggers
 * ------------------------------------------------------------------------
 */

static bool
fires_for_users(const Trigger *trigger)
{
	return trigger->tgenabled == TRIGGER_FIRES_ON_ORIGIN ||
		trigger->tgenabled == TRIGGER_FIRES_ALWAYS;
}

/* Is our trigger enabled, and as wf_attach() creates it? */
static void
check_own_trigger(WfHealth *h, const WfHealthTable *t, const Trigger *trigger)
{
	if (!fires_for_users(trigger))
		wf_health_report(h, WF_HEALTH_FAIL,
						 psprintf("ALTER TABLE %s ENABLE TRIGGER %s;", t->relation,
								  quote_identifier(trigger->tgname)),
						 "Trigger \"%s\" on table %s is disabled: only the sweep, once a minute, queues what is selected.",
						 trigger->tgname, t->relation);
	if (trigger->tgtype != (TRIGGER_TYPE_ROW | TRIGGER_TYPE_BEFORE |
							TRIGGER_TYPE_INSERT | TRIGGER_TYPE_UPDATE) ||
		trigger->tgnattr != 0 || trigger->tgqual != NULL)
		wf_health_report(h, WF_HEALTH_FAIL, wf_health_call(h, "wf_attach", ""),
						 "Trigger \"%s\" on table %s was changed and does not see every write.",
						 trigger->tgname, t->relation);
}

/* Can another trigger change the row after ours? */
static bool
can_overrule(const Trigger *other, const Trigger *own)
{
	return !other->tgisinternal && fires_for_users(other) &&
		TRIGGER_FOR_ROW(other->tgtype) && TRIGGER_FOR_BEFORE(other->tgtype) &&
		(TRIGGER_FOR_INSERT(other->tgtype) || TRIGGER_FOR_UPDATE(other->tgtype)) &&
		other->tgfoid != own->tgfoid && strcmp(other->tgname, own->tgname) > 0;
}

static void
check_triggers_of(WfHealth *h, const WfHealthTable *t)
{
	Relation	rel = relation_open(t->relid, NoLock);
	TriggerDesc *desc = rel->trigdesc;
	Oid			function = wf_part_trigger_function();
	const Trigger *own = NULL;

	for (int i = 0; desc && i < desc->numtriggers; i++)
	{
		if (desc->triggers[i].tgfoid != function)
			continue;
		own = &desc->triggers[i];
		check_own_trigger(h, t, own);
	}
	for (int i = 0; own && i < desc->numtriggers; i++)
	{
		const Trigger *other = &desc->triggers[i];

		if (can_overrule(other, own))
			wf_health_report(h, WF_HEALTH_WARN,
							 psprintf("ALTER TRIGGER %s ON %s RENAME TO %s;",
									  quote_identifier(other->tgname), t->relation,
									  quote_identifier(psprintf("a_%.60s", other->tgname))),
							 "Trigger \"%s\" on table %s runs after \"%s\" and can overrule it.",
							 other->tgname, t->relation, own->tgname);
	}
	relation_close(rel, NoLock);
}

/* Partitions on which our trigger is disabled. */
static void
check_partitions(WfHealth *h)
{
	Oid			types[] = {OIDOID};
	Datum		values[1];

	values[0] = ObjectIdGetDatum(wf_part_trigger_function());
	wf_views_select(InvalidOid,
					"SELECT t.tgrelid::pg_catalog.regclass::pg_catalog.text, pg_catalog.quote_ident(t.tgname)"
					" FROM pg_catalog.pg_trigger t WHERE t.tgfoid = $1 AND t.tgparentid <> 0"
					" AND t.tgenabled IN ('D', 'R') ORDER BY t.tgrelid LIMIT 20", 1, types, values);
	for (uint64 row = 0; row < SPI_processed; row++)
	{
		char	   *table = wf_views_text(row, 1);
		char	   *name = wf_views_text(row, 2);

		wf_health_report(h, WF_HEALTH_FAIL,
						 psprintf("ALTER TABLE %s ENABLE TRIGGER %s;", table, name),
						 "Trigger %s on partition %s is disabled.", name, table);
	}
}

/* Roles or databases for which no ordinary trigger fires. */
static void
check_replication_role(WfHealth *h)
{
	Oid			types[] = {OIDOID};
	Datum		values[1];

	values[0] = ObjectIdGetDatum(MyDatabaseId);
	wf_views_select(InvalidOid,
					"SELECT CASE WHEN s.setrole = 0 THEN 'DATABASE ' ELSE 'ROLE ' END ||"
					" pg_catalog.quote_ident(CASE WHEN s.setrole = 0 THEN d.datname"
					" ELSE pg_catalog.pg_get_userbyid(s.setrole) END),"
					" CASE WHEN s.setrole <> 0 AND s.setdatabase <> 0"
					" THEN ' IN DATABASE ' || pg_catalog.quote_ident(d.datname) ELSE '' END"
					" FROM pg_catalog.pg_db_role_setting s"
					" LEFT JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase"
					" CROSS JOIN pg_catalog.unnest(s.setconfig) u(setting)"
					" WHERE u.setting ~ '^session_replication_role=[\"'']?replica'"
					" AND s.setdatabase IN (0, $1) ORDER BY 1 LIMIT 20", 1, types, values);
	for (uint64 row = 0; row < SPI_processed; row++)
	{
		char	   *subject = wf_views_text(row, 1);
		char	   *where = wf_views_text(row, 2);

		wf_health_report(h, WF_HEALTH_FAIL,
						 psprintf("ALTER %s%s RESET session_replication_role;", subject, where),
						 "\"%s\" is set to replica for %s%s: its sessions fire no trigger.",
						 "session_replication_role", subject, where);
	}
}

/* See wf_health.h. */
void
wf_health_triggers(WfHealth *h)
{
	for (int i = 0; i < WF_PART_COUNT; i++)
		if (is_open(&h->table[i]))
			check_triggers_of(h, &h->table[i]);
	check_partitions(h);
	check_replication_role(h);
}

/* ------------------------------------------------------------------------
 * Indexes
 * ------------------------------------------------------------------------
 */

/* An invalid index with a name of ours: its quoted name, or NULL. */
static char *
invalid_ready_index(const WfBinding *b)
{
	Oid			types[] = {OIDOID};
	Datum		values[1];

	values[0] = ObjectIdGetDatum(b->relid);
	wf_views_select(InvalidOid,
					"SELECT i.indexrelid::pg_catalog.regclass::pg_catalog.text FROM pg_catalog.pg_index i"
					" JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = $1"
					" AND NOT (i.indisvalid AND i.indisready) AND c.relname LIKE '%\\_" READY_LABEL "%'"
					" ORDER BY 1 LIMIT 1", 1, types, values);
	return SPI_processed > 0 ? wf_views_text(0, 1) : NULL;
}

/*
 * The statements that build the index of ready items without blocking writers,
 * and make it ours.  Those for a partitioned table wf_attach() prints.
 */
static char *
build_ready_index(const WfHealth *h, const WfBinding *b)
{
	const WfColumnSpec *spec = b->part->columns;
	char	   *attach = wf_health_call(h, "wf_attach", "");

	if (b->partitioned)
		return attach;
	return psprintf("CREATE INDEX CONCURRENTLY %s ON %s (%s, %s) WHERE %s; %s",
					quote_identifier(makeObjectName(get_rel_name(b->relid), NULL, READY_LABEL)),
					b->relation, quote_identifier(spec[WF_ITEM_DOMAIN_ID].name),
					quote_identifier(spec[WF_ITEM_ID].name), wf_part_ready_condition(b), attach);
}

static void
check_ready_index(WfHealth *h, const WfBinding *b)
{
	Relation	rel = relation_open(b->relid, NoLock);
	Oid			index = wf_part_ready_index(rel, b);
	char	   *invalid;

	relation_close(rel, NoLock);
	if (OidIsValid(index))
		return;
	invalid = invalid_ready_index(b);
	if (invalid)
		wf_health_report(h, WF_HEALTH_FAIL, psprintf("REINDEX INDEX CONCURRENTLY %s;", invalid),
						 "Index %s of ready items is invalid, so each claim reads all of table %s.",
						 invalid, b->relation);
	else
		wf_health_report(h, WF_HEALTH_FAIL, build_ready_index(h, b),
						 "The index of ready items is missing, so each claim reads all of table %s.",
						 b->relation);
}

/* The unique index that contacts are matched by, if they were attached so. */
static void
check_contact_index(WfHealth *h, const WfHealthTable *t)
{
	const WfColumnSpec *spec = wf_parts[WF_PART_CONTACTS].columns;
	Relation	rel;
	bool		found;

	if (strcmp(t->strategy, WF_CONTACTS_BY_KEY) != 0)
		return;
	rel = relation_open(t->relid, NoLock);
	found = wf_attach_has_email_key(rel, t->binding);
	relation_close(rel, NoLock);
	if (!found)
		wf_health_report(h, WF_HEALTH_FAIL,
						 psprintf("CREATE UNIQUE INDEX CONCURRENTLY ON %s (%s, lower(%s));",
								  t->relation, quote_identifier(spec[WF_CONTACT_DOMAIN_ID].name),
								  quote_identifier(spec[WF_CONTACT_EMAIL].name)),
						 "The unique index on table %s that contacts are matched by is missing or invalid, so nothing is processed.",
						 t->relation);
}

/* See wf_health.h. */
void
wf_health_index(WfHealth *h)
{
	check_ready_index(h, h->table[WF_PART_PAGES].binding);
	check_contact_index(h, &h->table[WF_PART_CONTACTS]);
}

/* ------------------------------------------------------------------------
 * Replication
 * ------------------------------------------------------------------------
 */

/* See wf_health.h. */
void
wf_health_replicated(WfHealth *h)
{
	Oid			types[] = {OIDARRAYOID};
	Datum		values[1];

	if (wf_curation_process_replicated)
		return;
	values[0] = wf_health_table_oids(h);
	wf_views_select(InvalidOid,
					"SELECT r.srrelid::pg_catalog.regclass::pg_catalog.text, s.subname"
					" FROM pg_catalog.pg_subscription_rel r"
					" JOIN pg_catalog.pg_subscription s ON s.oid = r.srsubid WHERE r.srrelid = ANY ($1)"
					" OR r.srrelid IN (SELECT p.relid FROM pg_catalog.unnest($1) u(oid),"
					" pg_catalog.pg_partition_tree(u.oid) p) ORDER BY 1 LIMIT 20",
					1, types, values);
	for (uint64 row = 0; row < SPI_processed; row++)
		wf_health_report(h, WF_HEALTH_WARN,
						 wf_health_set("wf_curation.process_replicated", "on"),
						 "Table %s is fed by subscription \"%s\": its publisher processes it, this server does not.",
						 wf_views_text(row, 1), wf_views_text(row, 2));
}
