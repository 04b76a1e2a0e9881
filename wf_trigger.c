/*-------------------------------------------------------------------------
 *
 * wf_trigger.c
 *	  The row trigger that keeps the dual-status rule, in the transaction of
 *	  whoever writes the row.
 *
 * BEFORE INSERT OR UPDATE, FOR EACH ROW, first argument the part.  It reads and
 * changes NEW and does nothing else: no query, no other table, no lock.  Stale
 * claims are recognised when claiming and storing; what follows for a business
 * (wf_business.c) is left to an AFTER trigger.  On contacts, which have no
 * status, it keeps the suppression list (wf_suppress.c).
 *
 * Invariants that the queue stands on:
 *	1. Queued with error NULL is ready now, and its attempts start anew.
 *	2. Queued with an error waits for a retry; only the engine writes that.
 *	3. No row leaves here with a queueing curation label and processing NULL (or
 *	   its other spelling, "pending").
 *
 * What the trigger needs to know of a table is kept in a hash table in
 * CacheMemoryContext, keyed by the table's OID (a partition has its own), and
 * marked invalid by relcache, type and enum invalidation.  A table that no
 * longer has usable status columns raises an error on write: a trigger that
 * silently stopped queueing would lose pages unseen.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "wf_compat.h"

#include "access/htup_details.h"
#include "access/sysattr.h"
#include "commands/trigger.h"
#include "executor/tuptable.h"
#include "nodes/bitmapset.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/fmgrprotos.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/uuid.h"

#include "wf_business.h"
#include "wf_curation.h"
#include "wf_guc.h"
#include "wf_part.h"
#include "wf_shmem.h"
#include "wf_suppress.h"
#include "wf_trigger.h"

PG_FUNCTION_INFO_V1(wf_curation_trigger);

/* Value of a status column: index of a label, or one of these. */
#define LABEL_NULL		(-1)
#define LABEL_OTHER		(-2)

/* A status column as the trigger compares it. */
typedef struct StatusColumn
{
	AttrNumber	attnum;
	bool		is_enum;
	int			nlabels;
	Datum		label[WF_MAX_LABELS];	/* enum OID or text; 0 where the type has none */
} StatusColumn;

/* Cache entry of a table. */
typedef struct TableEntry
{
	Oid			relid;			/* hash key */
	Oid			trigger;		/* the trigger it was made for */
	bool		valid;
	const WfPart *part;
	StatusColumn curation;
	StatusColumn processing;
	AttrNumber	error;			/* 0: the table has none */
	AttrNumber	url;			/* 0: none, or generated */
	AttrNumber	id;				/* 0: none that serves */
	MemoryContext cxt;			/* owns the text labels */
} TableEntry;

/* What the trigger does to the row. */
typedef enum Verdict
{
	VERDICT_KEEP,
	VERDICT_QUEUE,				/* processing Queued, error NULL */
	VERDICT_CLEAR				/* processing NULL, error NULL */
} Verdict;

static HTAB *tables = NULL;
static bool engine_write = false;
static uint64 generation = 0;	/* of the catalogs, as the callbacks count */

/* See wf_trigger.h. */
void
wf_trigger_set_engine(bool on)
{
	engine_write = on;
}

/* Relcache callback: the table, or with InvalidOid all tables, may have changed. */
static void
invalidate_relation(Datum arg, Oid relid)
{
	HASH_SEQ_STATUS status;
	TableEntry *entry;

	generation++;
	if (OidIsValid(relid))
	{
		entry = hash_search(tables, &relid, HASH_FIND, NULL);
		if (entry)
			entry->valid = false;
		return;
	}
	hash_seq_init(&status, tables);
	while ((entry = hash_seq_search(&status)) != NULL)
		entry->valid = false;
}

/* Syscache callback: some type or label changed. */
static void
invalidate_types(Datum arg, int cacheid, uint32 hashvalue)
{
	invalidate_relation(arg, InvalidOid);
}

static void
create_cache(void)
{
	HASHCTL		ctl;

	memset(&ctl, 0, sizeof(ctl));
	ctl.keysize = sizeof(Oid);
	ctl.entrysize = sizeof(TableEntry);
	ctl.hcxt = CacheMemoryContext;
	tables = hash_create("wf_curation trigger tables", 16, &ctl,
						 HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	CacheRegisterRelcacheCallback(invalidate_relation, (Datum) 0);
	CacheRegisterSyscacheCallback(ENUMOID, invalidate_types, (Datum) 0);
	CacheRegisterSyscacheCallback(TYPEOID, invalidate_types, (Datum) 0);
}

/* Raise what makes the status columns of a table unusable. */
static void
raise_unusable(Relation rel, const WfProblem *p)
{
	ereport(ERROR,
			(errcode(p->sqlstate),
			 errmsg("table \"%s\" can no longer be curated: %s",
					RelationGetRelationName(rel), p->message),
			 errdetail("%s%sItems selected now would never be processed.",
					   p->detail ? p->detail : "", p->detail ? " " : ""),
			 errhint("%s%sOr take the trigger off with wf_detach().",
					 p->hint ? p->hint : "", p->hint ? " " : ""),
			 p->column ? errtablecolname(rel, p->column) : errtable(rel)));
}

/* Make a StatusColumn of a bound column; text labels go to cxt. */
static void
keep_column(StatusColumn *c, const WfBoundColumn *bound, int nlabels, MemoryContext cxt)
{
	MemoryContext old = MemoryContextSwitchTo(cxt);
	int			i;

	memset(c, 0, sizeof(*c));
	c->attnum = bound->attnum;
	c->is_enum = bound->is_enum;
	c->nlabels = nlabels;
	for (i = 0; i < nlabels; i++)
	{
		if (bound->label[i] == NULL)
			continue;
		c->label[i] = bound->is_enum ? ObjectIdGetDatum(bound->label_oid[i])
			: CStringGetTextDatum(bound->label[i]);
	}
	MemoryContextSwitchTo(old);
}

/* Read the catalogs for a table.  The entry is valid if nothing changed meanwhile. */
static void
fill_entry(TableEntry *entry, Relation rel, const Trigger *trigger, const WfPart *part)
{
	uint64		started = generation;
	List	   *problems = NIL;
	WfBinding  *binding = wf_part_bind_status(rel, part, &problems);
	AttrNumber	url;

	if (binding == NULL)
		raise_unusable(rel, linitial(problems));
	if (entry->cxt == NULL)
		entry->cxt = AllocSetContextCreate(CacheMemoryContext, "wf_curation trigger table",
										   ALLOCSET_SMALL_SIZES);
	MemoryContextReset(entry->cxt);
	keep_column(&entry->curation, &binding->column[WF_ITEM_CURATION],
				part->columns[WF_ITEM_CURATION].nlabels, entry->cxt);
	keep_column(&entry->processing, &binding->column[WF_ITEM_PROCESSING],
				part->columns[WF_ITEM_PROCESSING].nlabels, entry->cxt);
	entry->error = binding->column[WF_ITEM_ERROR].attnum;

	/* A generated url is not computed yet when BEFORE triggers run. */
	url = binding->column[WF_ITEM_URL].attnum;
	if (url > 0 && TupleDescAttr(RelationGetDescr(rel), url - 1)->attgenerated)
		url = 0;
	entry->url = url;
	entry->id = binding->column[WF_ITEM_ID].attnum;
	entry->part = part;
	entry->trigger = trigger->tgoid;
	entry->valid = generation == started;
}

/* The entry of the trigger's table, up to date. */
static TableEntry *
get_entry(TriggerData *trigdata, const WfPart *part)
{
	Oid			relid = RelationGetRelid(trigdata->tg_relation);
	TableEntry *entry;
	bool		found;

	if (tables == NULL)
		create_cache();
	entry = hash_search(tables, &relid, HASH_ENTER, &found);
	if (!found)
	{
		entry->valid = false;
		entry->cxt = NULL;
	}
	if (!entry->valid || entry->trigger != trigdata->tg_trigger->tgoid || entry->part != part)
	{
		entry->valid = false;
		fill_entry(entry, trigdata->tg_relation, trigdata->tg_trigger, part);
	}
	return entry;
}

/* Which label a row has in a status column. */
static int
row_label(TupleTableSlot *slot, const StatusColumn *c)
{
	bool		isnull;
	Datum		value = slot_getattr(slot, c->attnum, &isnull);
	struct varlena *text;
	int			i;

	if (isnull)
		return LABEL_NULL;
	if (c->is_enum)
	{
		for (i = 0; i < c->nlabels; i++)
		{
			if (DatumGetObjectId(c->label[i]) == DatumGetObjectId(value))
				return i;
		}
		return LABEL_OTHER;
	}
	text = PG_DETOAST_DATUM_PACKED(value);
	for (i = 0; i < c->nlabels; i++)
	{
		struct varlena *label = (struct varlena *) DatumGetPointer(c->label[i]);

		if (label != NULL &&	/* not every part has every label */
			VARSIZE_ANY_EXHDR(text) == VARSIZE_ANY_EXHDR(label) &&
			memcmp(VARDATA_ANY(text), VARDATA_ANY(label), VARSIZE_ANY_EXHDR(label)) == 0)
			return i;
	}
	return LABEL_OTHER;
}

/* Does the curation column of a row hold a label that queues? */
static bool
row_queues(TupleTableSlot *slot, const TableEntry *entry)
{
	int			label = row_label(slot, &entry->curation);

	return label >= 0 && (wf_guc_queue_on_labels() & (1U << label)) != 0;
}

static bool
row_has_error(TupleTableSlot *slot, const TableEntry *entry)
{
	return entry->error > 0 && !slot_attisnull(slot, entry->error);
}

/* Do two rows differ in a column?  Not if there is none (0). */
static bool
column_changed(TupleTableSlot *a, TupleTableSlot *b, AttrNumber column)
{
	bool		a_null;
	bool		b_null;
	Datum		a_value;
	Datum		b_value;
	Form_pg_attribute attribute;

	if (column == 0)
		return false;
	a_value = slot_getattr(a, column, &a_null);
	b_value = slot_getattr(b, column, &b_null);
	if (a_null || b_null)
		return a_null != b_null;
	attribute = TupleDescAttr(a->tts_tupleDescriptor, column - 1);
	return !datum_image_eq(a_value, b_value, attribute->attbyval, attribute->attlen);
}

/* Does the statement's SET list name the processing column?  (MERGE: any action's.) */
static bool
statement_sets_processing(const TriggerData *trigdata, const TableEntry *entry)
{
	return bms_is_member(entry->processing.attnum - FirstLowInvalidHeapAttributeNumber,
						 trigdata->tg_updatedcols);
}

static Verdict
judge_insert(const TriggerData *trigdata, const TableEntry *entry)
{
	TupleTableSlot *slot = trigdata->tg_trigslot;

	switch (row_label(slot, &entry->processing))
	{
		case WF_PROCESSING_QUEUED:
			return VERDICT_QUEUE;
		case LABEL_NULL:
		case WF_PROCESSING_PENDING:
			return row_queues(slot, entry) ? VERDICT_QUEUE : VERDICT_KEEP;
		default:
			return VERDICT_KEEP;	/* data migration */
	}
}

static Verdict
judge_update(const TriggerData *trigdata, const TableEntry *entry)
{
	TupleTableSlot *oldslot = trigdata->tg_trigslot;
	TupleTableSlot *newslot = trigdata->tg_newslot;
	int			was = row_label(oldslot, &entry->processing);
	int			is = row_label(newslot, &entry->processing);
	bool		queued_before = row_queues(oldslot, entry);
	bool		queues = row_queues(newslot, entry);

	if (queues && !queued_before)
		return VERDICT_QUEUE;	/* becomes selected */
	if (is == WF_PROCESSING_QUEUED && was != WF_PROCESSING_QUEUED)
		return VERDICT_QUEUE;	/* requested by hand */
	if (queued_before && !queues && is == was &&
		(is == WF_PROCESSING_QUEUED || is == WF_PROCESSING_PROCESSING))
		return VERDICT_CLEAR;	/* leaves selection while due or in flight */
	if (queues && (is == LABEL_NULL || is == WF_PROCESSING_PENDING))
		return VERDICT_QUEUE;	/* no orphans: invariant 3 */
	if (is == WF_PROCESSING_QUEUED)
	{
		bool		had_error = row_has_error(oldslot, entry);
		bool		has_error = row_has_error(newslot, entry);

		/*
		 * a request while waiting for a retry; an erased error is one, too, and
		 * so is another id, for which no retry is noted
		 */
		if ((had_error && !has_error) ||
			(has_error && column_changed(oldslot, newslot, entry->id)) ||
			((had_error || has_error) && statement_sets_processing(trigdata, entry)))
			return VERDICT_QUEUE;
	}
	else if (is == WF_PROCESSING_PROCESSING && was == WF_PROCESSING_PROCESSING &&
			 (column_changed(oldslot, newslot, entry->url) ||
			  column_changed(oldslot, newslot, entry->id)))
		return VERDICT_QUEUE;	/* the running fetch is of another page, or item */
	return VERDICT_KEEP;
}

/* NEW with the verdict carried out; NEW itself when it already agrees. */
static HeapTuple
carry_out(Verdict verdict, const TriggerData *trigdata, const TableEntry *entry,
		  TupleTableSlot *slot, HeapTuple tuple)
{
	int			wanted = verdict == VERDICT_QUEUE ? WF_PROCESSING_QUEUED : LABEL_NULL;
	int			column[2];
	Datum		value[2];
	bool		isnull[2];
	int			n = 0;

	if (row_label(slot, &entry->processing) != wanted)
	{
		column[n] = entry->processing.attnum;
		isnull[n] = wanted == LABEL_NULL;
		value[n] = isnull[n] ? (Datum) 0 : entry->processing.label[wanted];
		n++;
	}
	if (row_has_error(slot, entry))
	{
		column[n] = entry->error;
		isnull[n] = true;
		value[n] = (Datum) 0;
		n++;
	}
	if (n == 0)
		return tuple;
	return heap_modify_tuple_by_cols(tuple, RelationGetDescr(trigdata->tg_relation),
									 n, column, value, isnull);
}

/*
 * The part that the trigger gives its table, after checking that it was
 * created as it must be.
 */
static const WfPart *
check_call(FunctionCallInfo fcinfo)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	const WfPart *part = NULL;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("trigger function of \"%s\" must be called as trigger", WF_EXTENSION_NAME),
				 errhint("Let wf_attach() create the trigger.")));
	if (!TRIGGER_FIRED_BEFORE(trigdata->tg_event) ||
		!TRIGGER_FIRED_FOR_ROW(trigdata->tg_event) ||
		!(TRIGGER_FIRED_BY_INSERT(trigdata->tg_event) ||
		  TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event)))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("trigger \"%s\" must be BEFORE INSERT OR UPDATE, FOR EACH ROW",
						trigdata->tg_trigger->tgname),
				 errhint("Drop it and let wf_attach() create it."),
				 errtable(trigdata->tg_relation)));
	if (trigdata->tg_trigger->tgnargs > 0)
		part = wf_part_by_name(trigdata->tg_trigger->tgargs[0]);
	if (part == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("trigger \"%s\" does not name a part", trigdata->tg_trigger->tgname),
				 errdetail("Its first argument must be \"pages\", \"contacts\", \"domains\", \"sitemap_files\" or \"local_businesses\"."),
				 errhint("Drop it and let wf_attach() create it."),
				 errtable(trigdata->tg_relation)));
	return part;
}

/* Is the statement that fired us one of the engine's own? */
static bool
is_engine_statement(void)
{
	return engine_write && DatumGetInt32(DirectFunctionCall1(pg_trigger_depth, (Datum) 0)) <= 1;
}

/*
 * A business that will be queued is dealt with by an AFTER trigger, which needs
 * to know its id.  So is one that still is queued: whatever writes it, it moves.
 */
static void
remember_business(Verdict verdict, const TableEntry *entry, TupleTableSlot *slot)
{
	bool		isnull;
	Datum		id;

	if (entry->id == 0 || (verdict != VERDICT_QUEUE &&
						   (verdict == VERDICT_CLEAR ||
							row_label(slot, &entry->processing) != WF_PROCESSING_QUEUED)))
		return;
	id = slot_getattr(slot, entry->id, &isnull);
	if (!isnull)
		wf_business_remember(DatumGetUUIDP(id));
}

/* wf_curation_trigger(part [, strategy]): the row trigger. */
Datum
wf_curation_trigger(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	const WfPart *part = check_call(fcinfo);
	bool		is_insert = TRIGGER_FIRED_BY_INSERT(trigdata->tg_event);
	HeapTuple	tuple = is_insert ? trigdata->tg_trigtuple : trigdata->tg_newtuple;
	TupleTableSlot *slot = is_insert ? trigdata->tg_trigslot : trigdata->tg_newslot;
	TableEntry *entry;
	Verdict		verdict;

	/* businesses have no engine but this trigger */
	if (part->id != WF_PART_LOCAL_BUSINESSES && is_engine_statement())
		return PointerGetDatum(tuple);
	if (part->id == WF_PART_CONTACTS)
		return PointerGetDatum(wf_suppress_check_row(trigdata));
	if (!part->is_stage)
		return PointerGetDatum(tuple);
	entry = get_entry(trigdata, part);
	verdict = is_insert ? judge_insert(trigdata, entry) : judge_update(trigdata, entry);
	if (part->id == WF_PART_LOCAL_BUSINESSES)
		remember_business(verdict, entry, slot);
	if (verdict == VERDICT_KEEP)
		return PointerGetDatum(tuple);
	if (verdict == VERDICT_QUEUE && part->has_queue)
		wf_shmem_wake_at_commit();
	return PointerGetDatum(carry_out(verdict, trigdata, entry, slot, tuple));
}
