/*-------------------------------------------------------------------------
 *
 * wf_part.c
 *	  How a table's columns and labels fill a part (wf_part_spec.c).
 *
 * Runs in whatever process asks; reads catalogs only, takes no lock beyond the
 * caller's.  Everything returned is allocated in the current memory context.
 *
 * Types are taken by OID from pg_attribute, never by name.  A label is found
 * first by its exact spellings, in order, then by a spelling that differs
 * only in case, blanks, '-' and '_' ("Not Found" for NotFound).  Columns of
 * type text carry our own spelling.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "wf_compat.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_am_d.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_enum.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "commands/trigger.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "optimizer/prep.h"
#include "parser/analyze.h"
#include "tcop/tcopprot.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/catcache.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "wf_curation.h"
#include "wf_guc.h"
#include "wf_part.h"

/* A trigger on a user table that makes it a part. */
typedef struct Attachment
{
	Oid			trigger;
	Oid			relid;
	bool		enabled;
	char	   *arg;
} Attachment;

/* Quoted, schema-qualified name of a relation. */
static char *
relation_name(Relation rel)
{
	return quote_qualified_identifier(get_namespace_name(RelationGetNamespace(rel)),
									  RelationGetRelationName(rel));
}

static WfProblem *
add_problem(List **problems, int sqlstate, const char *column, char *message)
{
	WfProblem  *p = palloc0(sizeof(WfProblem));

	p->sqlstate = sqlstate;
	p->column = column;
	p->message = message;
	*problems = lappend(*problems, p);
	return p;
}

/* Do two labels differ in case, blanks, '-' and '_' at most? */
static bool
labels_alike(const char *a, const char *b)
{
	for (;;)
	{
		a += strspn(a, " -_");
		b += strspn(b, " -_");
		if (pg_ascii_tolower((unsigned char) *a) != pg_ascii_tolower((unsigned char) *b))
			return false;
		if (*a == '\0')
			return true;
		a++;
		b++;
	}
}

/* The first of the type's labels that a spelling names; NULL if none does. */
static CatCTup *
find_label(CatCList *labels, const WfLabelSpec *spec)
{
	int			exact;

	for (exact = 1; exact >= 0; exact--)
	{
		int			s;

		for (s = 0; s < (int) lengthof(spec->spelling) && spec->spelling[s]; s++)
		{
			int			i;

			for (i = 0; i < labels->n_members; i++)
			{
				CatCTup    *member = labels->members[i];
				const char *name = NameStr(((Form_pg_enum) GETSTRUCT(&member->tuple))->enumlabel);

				if (exact ? strcmp(name, spec->spelling[s]) == 0
					: labels_alike(name, spec->spelling[s]))
					return member;
			}
		}
	}
	return NULL;
}

/* The accepted spellings of a label, for messages. */
static char *
spellings_text(const WfLabelSpec *spec)
{
	StringInfoData buf;
	int			s;

	initStringInfo(&buf);
	for (s = 0; s < (int) lengthof(spec->spelling) && spec->spelling[s]; s++)
		appendStringInfo(&buf, "%s\"%s\"", s ? ", " : "", spec->spelling[s]);
	return buf.data;
}

/* Fill in the labels of an enum column. */
static void
bind_enum_labels(const WfColumnSpec *spec, WfBoundColumn *col, List **problems)
{
	CatCList   *labels = SearchSysCacheList1(ENUMTYPOIDNAME, ObjectIdGetDatum(col->base_type));
	int			i;

	for (i = 0; i < spec->nlabels; i++)
	{
		CatCTup    *member = find_label(labels, &spec->labels[i]);
		WfProblem  *p;

		if (member)
		{
			Form_pg_enum form = (Form_pg_enum) GETSTRUCT(&member->tuple);

			col->label[i] = pstrdup(NameStr(form->enumlabel));
			col->label_oid[i] = form->oid;
			continue;
		}
		if (!spec->labels[i].required)
			continue;
		p = add_problem(problems, ERRCODE_INVALID_TEXT_REPRESENTATION, spec->name,
						psprintf("type %s of column \"%s\" has no label for \"%s\"",
								 format_type_be(col->base_type), spec->name,
								 spec->labels[i].spelling[0]));
		p->detail = psprintf("Accepted spellings: %s.", spellings_text(&spec->labels[i]));
		p->hint = psprintf("Run: ALTER TYPE %s ADD VALUE %s;",
						   format_type_be_qualified(col->base_type),
						   quote_literal_cstr(spec->labels[i].spelling[0]));
	}
	ReleaseCatCacheList(labels);
}

/* Fill in the labels of a text column; those of a column that must be have to fit in. */
static void
bind_text_labels(const WfColumnSpec *spec, WfBoundColumn *col, List **problems)
{
	const char *longest = "";
	WfProblem  *p;

	for (int i = 0; i < spec->nlabels; i++)
	{
		col->label[i] = spec->labels[i].spelling[0];
		if (spec->labels[i].required && strlen(col->label[i]) > strlen(longest))
			longest = col->label[i];
	}
	if (!spec->required || col->typmod < VARHDRSZ ||
		strlen(longest) <= (size_t) (col->typmod - VARHDRSZ))
		return;
	p = add_problem(problems, ERRCODE_STRING_DATA_RIGHT_TRUNCATION, spec->name,
					psprintf("column \"%s\" has no room for \"%s\"", spec->name, longest));
	p->detail = psprintf("Its type is %s.", format_type_with_typemod(col->base_type, col->typmod));
	p->hint = "Change the type with ALTER TABLE, or attach another table with wf_attach().";
}

/* See wf_part.h. */
bool
wf_part_type_serves(WfColumnKind kind, Oid base_type)
{
	char		category;
	bool		preferred;

	switch (kind)
	{
		case WF_COLUMN_UUID:
			return base_type == UUIDOID;
		case WF_COLUMN_TEXT:
			get_type_category_preferred(base_type, &category, &preferred);
			return category == TYPCATEGORY_STRING;
		case WF_COLUMN_STATUS:
			return base_type == TEXTOID || base_type == VARCHAROID || type_is_enum(base_type);
		case WF_COLUMN_LABEL:
			return type_is_enum(base_type) || wf_part_type_serves(WF_COLUMN_TEXT, base_type);
		case WF_COLUMN_TIMESTAMP:
			return base_type == TIMESTAMPTZOID || base_type == TIMESTAMPOID;
		case WF_COLUMN_INTEGER:
			return base_type == INT4OID || base_type == INT8OID || base_type == INT2OID;
		case WF_COLUMN_NUMBER:
			return wf_part_type_serves(WF_COLUMN_INTEGER, base_type) || base_type == NUMERICOID ||
				base_type == FLOAT8OID || base_type == FLOAT4OID;
		case WF_COLUMN_JSON:
			return base_type == JSONBOID || base_type == JSONOID;
	}
	return false;
}

static void
add_type_problem(const WfColumnSpec *spec, Oid type, List **problems)
{
	static const char *const wanted[] = {
		[WF_COLUMN_UUID] = "uuid",
		[WF_COLUMN_TEXT] = "text",
		[WF_COLUMN_STATUS] = "an enum, text or varchar",
		[WF_COLUMN_LABEL] = "an enum or text",
		[WF_COLUMN_TIMESTAMP] = "timestamp with time zone",
		[WF_COLUMN_INTEGER] = "integer",
		[WF_COLUMN_NUMBER] = "a number",
		[WF_COLUMN_JSON] = "json or jsonb",
	};
	WfProblem  *p;

	p = add_problem(problems, ERRCODE_DATATYPE_MISMATCH, spec->name,
					psprintf("column \"%s\" has type %s", spec->name, format_type_be(type)));
	p->detail = psprintf("It must be %s, or a domain over that.", wanted[spec->kind]);
	p->hint = "Change the type with ALTER TABLE, or attach another table with wf_attach().";
}

/* What a column must also be so that we can write it. */
static void
check_writable(const WfColumnSpec *spec, Form_pg_attribute att, bool must_be_null,
			   const char *relation, List **problems)
{
	WfProblem  *p;

	if (att->attgenerated)
	{
		p = add_problem(problems, ERRCODE_GENERATED_ALWAYS, spec->name,
						psprintf("column \"%s\" is a generated column", spec->name));
		p->detail = "The status of an item must be a column that can be written.";
		p->hint = "Make it an ordinary column, or attach another table with wf_attach().";
	}
	else if (must_be_null && att->attnotnull)
	{
		p = add_problem(problems, ERRCODE_NOT_NULL_VIOLATION, spec->name,
						psprintf("column \"%s\" does not allow NULL", spec->name));
		p->detail = "NULL is how an item without a request, or a request without an error, is stored.";
		p->hint = psprintf("Run: ALTER TABLE %s ALTER COLUMN %s DROP NOT NULL;", relation,
						   quote_identifier(spec->name));
	}
}

/* Bind one column; adds to problems if it does not serve. */
static void
bind_column(Relation rel, const WfPart *part, int slot, const char *relation,
			WfBoundColumn *col, List **problems)
{
	const WfColumnSpec *spec = &part->columns[slot];
	AttrNumber	attnum = spec->name ? get_attnum(RelationGetRelid(rel), spec->name) : 0;
	bool		has_labels = spec->kind == WF_COLUMN_STATUS || spec->kind == WF_COLUMN_LABEL;
	Form_pg_attribute att;

	memset(col, 0, sizeof(*col));
	if (attnum <= 0)
	{
		if (spec->required)
			add_problem(problems, ERRCODE_UNDEFINED_COLUMN, spec->name,
						psprintf("column \"%s\" does not exist", spec->name))->hint =
				psprintf("The part \"%s\" needs it: add it, or attach another table with wf_attach().",
						 part->name);
		return;
	}
	att = TupleDescAttr(RelationGetDescr(rel), attnum - 1);
	col->type = att->atttypid;
	col->typmod = att->atttypmod;
	col->base_type = getBaseTypeAndTypmod(att->atttypid, &col->typmod);
	col->is_enum = has_labels && type_is_enum(col->base_type);
	col->by_value = get_typbyval(col->base_type);
	col->not_null = att->attnotnull;
	if (!wf_part_type_serves(spec->kind, col->base_type))
	{
		if (spec->required)
			add_type_problem(spec, att->atttypid, problems);
		return;
	}
	if (!spec->required && att->attgenerated)
		return;					/* cannot be written: as if absent */
	col->attnum = attnum;
	if (part->is_stage)
	{
		if (slot == WF_ITEM_CURATION)
			check_writable(spec, att, false, relation, problems);
		if (slot == WF_ITEM_PROCESSING || slot == WF_ITEM_ERROR)
			check_writable(spec, att, true, relation, problems);
	}
	if (col->is_enum)
		bind_enum_labels(spec, col, problems);
	else if (has_labels)
		bind_text_labels(spec, col, problems);
}

/* May the table take the part at all? */
static void
check_relation(Relation rel, const char *relation, List **problems)
{
	char		relkind = rel->rd_rel->relkind;
	WfProblem  *p;

	if (relkind != RELKIND_RELATION && relkind != RELKIND_PARTITIONED_TABLE)
	{
		p = add_problem(problems, ERRCODE_WRONG_OBJECT_TYPE, NULL, pstrdup("it is not a table"));
		p->detail = "Only ordinary and partitioned tables can be attached.";
		p->hint = "Attach the table itself with wf_attach().";
	}
	else if (rel->rd_rel->relpersistence == RELPERSISTENCE_TEMP)
	{
		p = add_problem(problems, ERRCODE_WRONG_OBJECT_TYPE, NULL, pstrdup("it is a temporary table"));
		p->detail = "Workers cannot see the temporary tables of a session.";
		p->hint = "Attach a permanent table with wf_attach().";
	}
}

/* Would row level security hide rows from the role that workers use? */
static void
check_row_security(Relation rel, const char *relation, List **problems)
{
	Oid			owner = rel->rd_rel->relowner;
	Oid			role = owner;
	bool		applies;
	WfProblem  *p;

	if (!rel->rd_rel->relrowsecurity)
		return;
	if (wf_curation_role && *wf_curation_role)
		role = get_role_oid(wf_curation_role, true);
	if (!OidIsValid(role))
		role = owner;
	applies = rel->rd_rel->relforcerowsecurity || !has_privs_of_role(role, owner);
	if (!applies || has_bypassrls_privilege(role))
		return;
	p = add_problem(problems, ERRCODE_INSUFFICIENT_PRIVILEGE, NULL,
					psprintf("row level security may hide its rows from the role of the workers, \"%s\"",
							 GetUserNameFromId(role, false)));
	p->detail = "Hidden rows would wait in the queue for ever.";
	p->hint = psprintf("Run: ALTER TABLE %s NO FORCE ROW LEVEL SECURITY; "
					   "or set \"wf_curation.role\" to a role with BYPASSRLS.", relation);
}

/* Raise the first problem; the others are counted in its detail. */
static void
raise_problem(Relation rel, const char *relation, const char *part, List *problems)
{
	WfProblem  *p = linitial(problems);
	int			more = list_length(problems) - 1;

	ereport(ERROR,
			(errcode(p->sqlstate),
			 errmsg("cannot use table %s as \"%s\": %s", relation, part, p->message),
			 more ? errdetail_plural("%s%sThere is %d further problem; see wf_check().",
									 "%s%sThere are %d further problems; see wf_check().",
									 more, p->detail ? p->detail : "", p->detail ? " " : "", more)
			 : p->detail ? errdetail("%s", p->detail) : 0,
			 p->hint ? errhint("%s", p->hint) : 0,
			 p->column ? errtablecolname(rel, p->column) : errtable(rel)));
}

/* Bind the columns of a part whose bit is set in columns. */
static WfBinding *
bind_columns(Relation rel, const WfPart *part, uint32 columns, List **problems)
{
	WfBinding  *binding = palloc0(sizeof(WfBinding));
	int			i;

	binding->part = part;
	binding->relid = RelationGetRelid(rel);
	binding->owner = rel->rd_rel->relowner;
	binding->partitioned = rel->rd_rel->relkind == RELKIND_PARTITIONED_TABLE;
	binding->relation = relation_name(rel);
	for (i = 0; i < part->ncolumns; i++)
	{
		if (columns & ((uint32) 1 << i))
			bind_column(rel, part, i, binding->relation, &binding->column[i], problems);
	}
	return binding;
}

/* See wf_part.h. */
WfBinding *
wf_part_bind(Relation rel, const WfPart *part, List **problems)
{
	List	   *found = NIL;
	char	   *relation = relation_name(rel);
	WfBinding  *binding = NULL;

	check_relation(rel, relation, &found);
	if (found == NIL)
	{
		binding = bind_columns(rel, part, ~(uint32) 0, &found);
		check_row_security(rel, relation, &found);
	}
	if (problems)
		*problems = found;
	else if (found)
		raise_problem(rel, relation, part->name, found);
	return found ? NULL : binding;
}

/* See wf_part.h. */
WfBinding *
wf_part_bind_status(Relation rel, const WfPart *part, List **problems)
{
	List	   *found = NIL;
	List	   *ignored = NIL;
	WfBinding  *binding;
	WfBinding  *extra;

	Assert(part->is_stage);
	binding = bind_columns(rel, part, (1 << WF_ITEM_CURATION) | (1 << WF_ITEM_PROCESSING), &found);
	extra = bind_columns(rel, part, (1 << WF_ITEM_ERROR) | (1 << WF_ITEM_URL) | (1 << WF_ITEM_ID),
						 &ignored);
	binding->column[WF_ITEM_ID] = extra->column[WF_ITEM_ID];
	binding->column[WF_ITEM_ERROR] = extra->column[WF_ITEM_ERROR];
	binding->column[WF_ITEM_URL] = extra->column[WF_ITEM_URL];
	*problems = found;
	return found ? NULL : binding;
}

/* See wf_part.h. */
char *
wf_part_status_sql(const WfBinding *binding, int column, const char *alias)
{
	const WfBoundColumn *bound = &binding->column[column];
	char	   *name = psprintf("%s%s%s", alias ? alias : "", alias ? "." : "",
								quote_identifier(binding->part->columns[column].name));

	if (bound->is_enum && bound->type != bound->base_type)
		return psprintf("(%s)::%s", name, format_type_be_qualified(bound->base_type));
	return name;
}

/* See wf_part.h. */
char *
wf_part_ready_key(const WfBinding *binding)
{
	const WfColumnSpec *spec = binding->part->columns;
	const char *id = quote_identifier(spec[WF_ITEM_ID].name);

	if (spec[WF_ITEM_DOMAIN_ID].name == NULL)
		return pstrdup(id);
	return psprintf("%s, %s", quote_identifier(spec[WF_ITEM_DOMAIN_ID].name), id);
}

/* See wf_part.h. */
char *
wf_part_ready_condition(const WfBinding *binding)
{
	const WfColumnSpec *spec = binding->part->columns;
	const WfBoundColumn *processing = &binding->column[WF_ITEM_PROCESSING];
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfo(&buf, "%s OPERATOR(pg_catalog.=) %s",
					 wf_part_status_sql(binding, WF_ITEM_PROCESSING, NULL),
					 quote_literal_cstr(processing->label[WF_PROCESSING_QUEUED]));
	if (binding->column[WF_ITEM_ERROR].attnum)
		appendStringInfo(&buf, " AND %s IS NULL", quote_identifier(spec[WF_ITEM_ERROR].name));
	return buf.data;
}

/* The same as an expression tree, prepared like an index predicate. */
static List *
ready_condition_tree(const WfBinding *binding)
{
	char	   *sql = psprintf("SELECT FROM %s WHERE %s", binding->relation,
							   wf_part_ready_condition(binding));
	RawStmt    *raw = linitial_node(RawStmt, pg_parse_query(sql));
	Query	   *query = parse_analyze_fixedparams(raw, sql, NULL, 0, NULL);
	Node	   *quals = eval_const_expressions(NULL, query->jointree->quals);
	List	   *result;

	quals = (Node *) canonicalize_qual((Expr *) quals, false);
	result = make_ands_implicit((Expr *) quals);
	fix_opfuncids((Node *) result);
	return result;
}

/* Is an open index the one that ready items are found through? */
static bool
is_ready_index(Relation index, const WfBinding *binding, List *condition)
{
	Form_pg_index form = index->rd_index;
	AttrNumber	key[] = {binding->column[WF_ITEM_DOMAIN_ID].attnum,
		binding->column[WF_ITEM_ID].attnum};
	int			skip = key[0] == 0 ? 1 : 0;
	List	   *predicate;

	if (index->rd_rel->relam != BTREE_AM_OID || !form->indisvalid || !form->indisready ||
		form->indnkeyatts != 2 - skip || form->indkey.values[0] != key[skip] ||
		(skip == 0 && form->indkey.values[1] != key[1]))
		return false;
	predicate = RelationGetIndexPredicate(index);
	return predicate != NIL &&
		predicate_implied_by(predicate, condition, false) &&
		predicate_implied_by(condition, predicate, false);
}

/* See wf_part.h. */
Oid
wf_part_ready_index(Relation rel, const WfBinding *binding)
{
	List	   *condition = ready_condition_tree(binding);
	List	   *indexes = RelationGetIndexList(rel);
	Oid			result = InvalidOid;
	ListCell   *lc;

	foreach(lc, indexes)
	{
		Relation	index = index_open(lfirst_oid(lc), AccessShareLock);

		if (is_ready_index(index, binding, condition))
			result = lfirst_oid(lc);
		index_close(index, AccessShareLock);
		if (OidIsValid(result))
			break;
	}
	list_free(indexes);
	return result;
}

/* The labels of a status column, as a List of strings. */
static List *
all_labels(const WfBoundColumn *column, const WfColumnSpec *spec)
{
	List	   *result = NIL;
	int			i;

	if (column->is_enum)
	{
		CatCList   *labels = SearchSysCacheList1(ENUMTYPOIDNAME,
												 ObjectIdGetDatum(column->base_type));

		for (i = 0; i < labels->n_members; i++)
		{
			Form_pg_enum form = (Form_pg_enum) GETSTRUCT(&labels->members[i]->tuple);

			result = lappend(result, pstrdup(NameStr(form->enumlabel)));
		}
		ReleaseCatCacheList(labels);
	}
	else
	{
		for (i = 0; i < spec->nlabels; i++)
			if (column->label[i])
				result = lappend(result, pstrdup(column->label[i]));
	}
	return result;
}

/* See wf_part.h. */
char *
wf_part_find_label(const WfBoundColumn *column, const WfColumnSpec *spec, const char *text,
				   char **known)
{
	List	   *labels = all_labels(column, spec);
	StringInfoData buf;
	ListCell   *lc;

	foreach(lc, labels)
	{
		if (strcmp(lfirst(lc), text) == 0)
			return lfirst(lc);
	}
	foreach(lc, labels)
	{
		if (labels_alike(lfirst(lc), text))
			return lfirst(lc);
	}
	initStringInfo(&buf);
	foreach(lc, labels)
		appendStringInfo(&buf, "%s\"%s\"", buf.len ? ", " : "", (char *) lfirst(lc));
	*known = buf.data;
	return NULL;
}

/* See wf_part.h. */
Oid
wf_part_extension_schema(void)
{
	Oid			extension = get_extension_oid(WF_EXTENSION_NAME, true);
	Oid			schema = InvalidOid;
	Relation	rel;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	if (!OidIsValid(extension))
		return InvalidOid;
	rel = table_open(ExtensionRelationId, AccessShareLock);
	ScanKeyInit(&key, Anum_pg_extension_oid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(extension));
	scan = systable_beginscan(rel, ExtensionOidIndexId, true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
		schema = ((Form_pg_extension) GETSTRUCT(tuple))->extnamespace;
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return schema;
}

/* See wf_part.h. */
Oid
wf_part_function(const char *name)
{
	Oid			schema = wf_part_extension_schema();
	oidvector  *no_args;

	if (!OidIsValid(schema))
		return InvalidOid;
	no_args = buildoidvector(NULL, 0);
	return GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid, CStringGetDatum(name),
						   PointerGetDatum(no_args), ObjectIdGetDatum(schema));
}

/* See wf_part.h. */
Oid
wf_part_trigger_function(void)
{
	return wf_part_function("wf_curation_trigger");
}

/*
 * If the trigger of that OID is an attachment of the part (and not a clone on
 * a partition), describe it and return true.
 */
static bool
read_attachment(Relation pg_trigger, Oid trigger, const WfPart *part, Attachment *a)
{
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		found = false;

	ScanKeyInit(&key, Anum_pg_trigger_oid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(trigger));
	scan = systable_beginscan(pg_trigger, TriggerOidIndexId, true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		Form_pg_trigger form = (Form_pg_trigger) GETSTRUCT(tuple);
		bool		isnull;
		Datum		value = fastgetattr(tuple, Anum_pg_trigger_tgargs,
										RelationGetDescr(pg_trigger), &isnull);

		if (!isnull && form->tgnargs >= 1 && !OidIsValid(form->tgparentid))
		{
			const char *args = VARDATA_ANY(DatumGetByteaPP(value));

			found = strcmp(args, part->name) == 0;
			a->trigger = trigger;
			a->relid = form->tgrelid;
			a->enabled = form->tgenabled != TRIGGER_DISABLED;
			a->arg = pstrdup(form->tgnargs >= 2 ? args + strlen(args) + 1 : "");
		}
	}
	systable_endscan(scan);
	return found;
}

/* All attachments of a part, as a List of Attachment. */
static List *
attachments(const WfPart *part)
{
	List	   *result = NIL;
	Oid			function = wf_part_trigger_function();
	Relation	pg_depend;
	Relation	pg_trigger;
	ScanKeyData key[2];
	SysScanDesc scan;
	HeapTuple	tuple;

	if (!OidIsValid(function))
		return NIL;
	pg_depend = table_open(DependRelationId, AccessShareLock);
	pg_trigger = table_open(TriggerRelationId, AccessShareLock);
	ScanKeyInit(&key[0], Anum_pg_depend_refclassid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(ProcedureRelationId));
	ScanKeyInit(&key[1], Anum_pg_depend_refobjid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(function));
	scan = systable_beginscan(pg_depend, DependReferenceIndexId, true, NULL, 2, key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_depend dep = (Form_pg_depend) GETSTRUCT(tuple);
		Attachment	a;

		if (dep->classid == TriggerRelationId &&
			read_attachment(pg_trigger, dep->objid, part, &a))
			result = lappend(result, memcpy(palloc(sizeof(a)), &a, sizeof(a)));
	}
	systable_endscan(scan);
	table_close(pg_trigger, AccessShareLock);
	table_close(pg_depend, AccessShareLock);
	return result;
}

/* See wf_part.h. */
Oid
wf_part_table(WfPartId part, char **trigger_arg)
{
	List	   *all = attachments(&wf_parts[part]);
	Attachment *best = NULL;
	ListCell   *lc;

	foreach(lc, all)
	{
		Attachment *a = lfirst(lc);

		if (best == NULL || (a->enabled && !best->enabled) ||
			(a->enabled == best->enabled && a->trigger < best->trigger))
			best = a;
	}
	if (trigger_arg)
		*trigger_arg = best ? best->arg : pstrdup("");
	return best ? best->relid : InvalidOid;
}

/* The attached table of a part, open and locked; NULL when there is none. */
static Relation
open_attached(WfPartId part)
{
	Oid			relid = wf_part_table(part, NULL);

	return OidIsValid(relid) ? try_relation_open(relid, RowExclusiveLock) : NULL;
}

WfBinding *
wf_part_bind_attached(WfPartId part)
{
	Relation	rel = open_attached(part);
	List	   *problems = NIL;
	WfBinding  *binding;

	if (rel == NULL)
		return NULL;
	binding = wf_part_bind(rel, &wf_parts[part], &problems);
	relation_close(rel, NoLock);
	return binding;
}

WfBinding *
wf_part_bind_required(WfPartId part)
{
	Relation	rel = open_attached(part);
	WfBinding  *binding;

	if (rel == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("no table is attached as \"%s\"", wf_parts[part].name),
				 errhint("Attach one with wf_attach().")));
	binding = wf_part_bind(rel, &wf_parts[part], NULL);
	relation_close(rel, NoLock);
	return binding;
}
