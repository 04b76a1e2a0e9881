/*-------------------------------------------------------------------------
 *
 * wf_store_int.h
 *	  What the files of the store share: wf_store*.c only.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_STORE_INT_H
#define WF_STORE_INT_H

#include "wf_store.h"

/* How well a page ties a value to an address; kept in wf_contact_origin. */
typedef enum WfStrength
{
	WF_STRENGTH_NONE = 0,		/* no value, or one that says nothing */
	WF_STRENGTH_PAGE = 1,		/* the page has it somewhere */
	WF_STRENGTH_TEXT = 2,		/* in the text beside the address */
	WF_STRENGTH_STRUCTURED = 3	/* in structured data with it */
} WfStrength;

/* Fields of a contact that later pages may better. */
typedef enum WfField
{
	WF_FIELD_NAME = 0,
	WF_FIELD_PHONE,
	WF_FIELD_TITLE,
	WF_FIELD_COUNT
} WfField;

/* One contact of a page; UTF-8. */
struct WfContact
{
	WfSlice		email;			/* empty: a page with only a phone */
	WfSlice		field[WF_FIELD_COUNT];
	WfStrength	strength[WF_FIELD_COUNT];
	WfSlice		context;
};

/* Arrays that become the arguments of a statement: unnest($1, $2, …). */
typedef struct WfArrays
{
	int			nargs;
	int			n;				/* rows filled */
	const Oid  *types;			/* of the elements */
	Datum	   *elems[WF_MAX_ARGS];
	bool	   *nulls[WF_MAX_ARGS];
} WfArrays;

/* in wf_store.c */

/* A copy in the current memory context. */
extern WfSlice wf_store_copy(WfSlice src);

/* Room for so many rows, all NULL, in the current memory context. */
extern void wf_store_arrays(WfArrays *arrays, const Oid *types, int nargs, int room);

/* Set a value of the row being filled; the text is UTF-8 and empty for NULL. */
extern void wf_store_set(WfArrays *arrays, int arg, Datum value);
extern void wf_store_set_text(WfArrays *arrays, int arg, WfSlice value);

/*
 * A text (UTF-8) as a column of a user's table takes it: in the database's
 * encoding, cut between characters where the column is too narrow.  The column may
 * be one that the table does not have.
 */
extern char *wf_store_text_for(const WfBoundColumn *column, WfSlice value);

/* Set such a value of the row being filled; empty for NULL. */
extern void wf_store_set_text_for(WfArrays *arrays, int arg, const WfBoundColumn *column,
								  WfSlice value);

/* Execute a statement with them. */
extern void wf_store_execute(WfStatement *stmt, WfDbRights rights, WfArrays *arrays);

/* Is a row of the last result, whose first column is an id, of that item? */
extern bool wf_store_is_row_of(uint64 row, const WfItem *item);

/* wf_db_make for a statement whose arguments are arrays of these types. */
extern void wf_store_make(WfStatement *stmt, const char *sql, const Oid *types, int nargs);

/* in wf_store_contacts.c */

/* What becomes of pages. */
extern const WfStoreHooks wf_store_page_hooks;

extern void wf_store_contacts_reset(void);

/* in wf_store_findings.c */

/*
 * Take off the results what the suppression list forbids to store; where that is
 * evidence that was recalled, it is to be stored anew.
 */
extern void wf_store_suppress(WfResult **results, int n);

/* Make the evidence of the pages of a group what was found this time. */
extern void wf_store_findings(WfResult **results, int n);
extern void wf_store_findings_reset(void);

/* What becomes of an item that ended this way. */
extern WfFinishAction wf_store_action(const WfResult *result);

/* in wf_store_validators.c */

/*
 * Of the results that are 304: the evidence that is stored, as if it had just
 * been found; in the current memory context.
 */
extern void wf_store_recall_evidence(WfResult **results, int n);

/*
 * Keep what the pages of a group are asked for by next time, or forget it: of
 * those that have none, or failed for good.
 */
extern void wf_store_validators(WfResult **results, int n);
extern void wf_store_validators_reset(void);

/* in wf_store_prune.c */
extern void wf_store_prune_reset(void);

#endif							/* WF_STORE_INT_H */
