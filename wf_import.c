/*-------------------------------------------------------------------------
 *
 * wf_import.c
 *	  wf_import_domains, wf_import_pages, wf_import_sitemaps: views to COPY into.
 *
 * The INSTEAD OF trigger of a row only takes it down; WF_IMPORT_CHUNK rows at a
 * time, and the rest at the statement's end, are handed to wf_submit(), so that
 * memory is bounded and an import costs what wf_submit_*() cost.  One bad row
 * fails no other: it is named in a WARNING.
 *
 * What was taken down belongs to a statement, which is known by its view and its
 * subtransaction: where one ends in an error its memory goes, and its rows with it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_type_d.h"
#include "commands/trigger.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "wf_curation.h"
#include "wf_submit.h"

PG_FUNCTION_INFO_V1(wf_import_trigger);

#define WF_IMPORT_CHUNK		1000	/* rows handed over at once */
#define WF_IMPORT_WARNINGS	100		/* of one statement */

/* Rows taken down, in a context of their own. */
typedef struct Chunk
{
	MemoryContext context;
	int			n;
	WfSubmitInput inputs[WF_IMPORT_CHUNK];
} Chunk;

/* A statement that writes into one of the views. */
typedef struct Import
{
	struct Import *outer;		/* a statement that this one runs in; or NULL */
	MemoryContext context;		/* of this and all its chunks */
	Oid			view;
	SubTransactionId subid;
	WfPartId	part;
	bool		busy;			/* in wf_submit(): what comes meanwhile is another statement's */
	Chunk	   *chunk;			/* being filled; NULL: none */
	uint64		rows;			/* handed over */
	uint64		count[WF_SUBMIT_INVALID + 1];
} Import;

/* The innermost one; NULL: none. */
static Import *current = NULL;

/* Its context goes: on success, or with its (sub)transaction. */
static void
forget_import(void *arg)
{
	for (Import *import = current; import; import = import->outer)
		if (import == arg)
		{
			/* those within it are no more, either */
			current = import->outer;
			return;
		}
}

static Import *
begin_import(Oid view, WfPartId part)
{
	MemoryContext context = AllocSetContextCreate(CurTransactionContext, "wf_curation import",
												  ALLOCSET_DEFAULT_SIZES);
	Import	   *import = MemoryContextAllocZero(context, sizeof(Import));
	MemoryContextCallback *callback = MemoryContextAlloc(context, sizeof(MemoryContextCallback));

	import->outer = current;
	import->context = context;
	import->view = view;
	import->subid = GetCurrentSubTransactionId();
	import->part = part;
	callback->func = forget_import;
	callback->arg = import;
	MemoryContextRegisterResetCallback(context, callback);
	current = import;
	return import;
}

/* The import that a trigger of the view was called for; NULL: none yet. */
static Import *
running_import(Oid view)
{
	if (current == NULL || current->busy || current->view != view ||
		current->subid != GetCurrentSubTransactionId())
		return NULL;
	return current;
}

/* Take a row down. */
static void
take_down(Import *import, HeapTuple row, TupleDesc desc)
{
	Chunk	   *chunk = import->chunk;
	MemoryContext old;
	WfSubmitInput *input;
	bool		isnull;
	Datum		value;

	if (chunk == NULL)
	{
		MemoryContext context = AllocSetContextCreate(import->context, "wf_curation import chunk",
													  ALLOCSET_DEFAULT_SIZES);

		chunk = MemoryContextAllocZero(context, sizeof(Chunk));
		chunk->context = context;
		import->chunk = chunk;
	}
	input = &chunk->inputs[chunk->n];
	old = MemoryContextSwitchTo(chunk->context);
	value = heap_getattr(row, 1, desc, &isnull);
	input->text = isnull ? NULL : TextDatumGetCString(value);
	value = heap_getattr(row, 2, desc, &isnull);
	input->select_now = !isnull && DatumGetBool(value);
	MemoryContextSwitchTo(old);
	chunk->n++;
}

/* Count an outcome; name a row that is not valid. */
static void
note_outcome(const WfSubmitOutcome *outcome, void *arg)
{
	Import	   *import = arg;

	import->rows++;
	import->count[outcome->kind]++;
	if (outcome->kind != WF_SUBMIT_INVALID ||
		import->count[WF_SUBMIT_INVALID] > WF_IMPORT_WARNINGS)
		return;
	ereport(WARNING,
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			 errmsg("row " UINT64_FORMAT " was not imported: %s", import->rows,
					outcome->detail ? outcome->detail : "unknown reason"),
			 outcome->input ? errdetail("Its text is \"%.200s\".", outcome->input) : 0));
}

/* Hand over what was taken down. */
static void
hand_over(Import *import)
{
	Chunk	   *chunk = import->chunk;
	MemoryContext old;

	if (chunk == NULL)
		return;
	import->chunk = NULL;
	import->busy = true;
	old = MemoryContextSwitchTo(chunk->context);
	wf_submit(import->part, chunk->inputs, chunk->n, note_outcome, import);
	MemoryContextSwitchTo(old);
	import->busy = false;
	MemoryContextDelete(chunk->context);
}

/* The statement is over. */
static void
end_import(Import *import)
{
	hand_over(import);
	ereport(NOTICE,
			(errmsg("import into \"%s\": " UINT64_FORMAT " created, " UINT64_FORMAT " there before, "
					UINT64_FORMAT " not valid", wf_parts[import->part].name,
					import->count[WF_SUBMIT_CREATED], import->count[WF_SUBMIT_EXISTS],
					import->count[WF_SUBMIT_INVALID]),
			 import->count[WF_SUBMIT_INVALID] > WF_IMPORT_WARNINGS ?
			 errdetail("The first %d of these were named.", WF_IMPORT_WARNINGS) : 0));
	MemoryContextDelete(import->context);
}

/* Has the relation the columns of our views: a text, and whether to select? */
static bool
is_import_view(Relation rel)
{
	TupleDesc	desc = RelationGetDescr(rel);

	return rel->rd_rel->relkind == RELKIND_VIEW && desc->natts == 2 &&
		TupleDescAttr(desc, 0)->atttypid == TEXTOID && TupleDescAttr(desc, 1)->atttypid == BOOLOID;
}

/*
 * wf_import_trigger(part): INSTEAD OF INSERT, FOR EACH ROW, and AFTER INSERT, FOR
 * EACH STATEMENT, of a view with the columns (text, boolean).
 */
Datum
wf_import_trigger(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	const WfPart *part;
	Import	   *import;
	bool		for_row;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_BY_INSERT(trigdata->tg_event) ||
		TRIGGER_FIRED_BEFORE(trigdata->tg_event) || trigdata->tg_trigger->tgnargs != 1 ||
		(part = wf_part_by_name(trigdata->tg_trigger->tgargs[0])) == NULL ||
		!part->has_queue || !is_import_view(trigdata->tg_relation))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("trigger function of \"%s\" belongs to its own views to import into",
						WF_EXTENSION_NAME),
				 errhint("Insert into wf_import_domains, wf_import_pages or wf_import_sitemaps.")));
	for_row = TRIGGER_FIRED_FOR_ROW(trigdata->tg_event);
	import = running_import(RelationGetRelid(trigdata->tg_relation));
	if (for_row)
	{
		if (import == NULL)
			import = begin_import(RelationGetRelid(trigdata->tg_relation), part->id);
		take_down(import, trigdata->tg_trigtuple, RelationGetDescr(trigdata->tg_relation));
		if (import->chunk->n == WF_IMPORT_CHUNK)
			hand_over(import);
	}
	else if (import)
		end_import(import);
	return PointerGetDatum(for_row ? trigdata->tg_trigtuple : NULL);
}
