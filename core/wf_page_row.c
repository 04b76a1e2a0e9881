/*-------------------------------------------------------------------------
 *
 * wf_page_row.c
 *	  Rows of tables and items of lists: one number and one address in a row
 *	  belong together.
 *
 *-------------------------------------------------------------------------
 */
#include "wf_page_int.h"

#include "wf_text.h"

#define MAX_TABLES		16		/* in which a column may be a person */

/* tr, li */
static bool
is_row(WfSlice name)
{
	char		first = wf_lower_char(name.data[0]);

	return name.len == 2 && ((first == 't' && wf_lower_char(name.data[1]) == 'r') ||
							 (first == 'l' && wf_lower_char(name.data[1]) == 'i'));
}

void
wf_page_note_row(Extraction *x, const WfHtmlToken *token)
{
	RowBorder  *border = &x->rows[x->row_count];

	if (!is_row(token->name) || x->row_count == MAX_ROW_BORDERS)
		return;
	border->offset = (uint32_t) token->offset;
	border->begins = token->type == WF_HTML_START_TAG;
	x->row_count++;
}

/* The findings from "from" to "to" are those of one row.  Has it two addresses? */
static bool
tie_row(WfFinding *items, int from, int to)
{
	WfFinding  *address = NULL;
	const WfFinding *phone = NULL;
	int			i;

	for (i = from; i < to; i++)
	{
		if (items[i].kind == WF_KIND_EMAIL)
		{
			if (address != NULL)
				return true;
			address = &items[i];
		}
		else if (items[i].kind == WF_KIND_PHONE)
		{
			if (phone != NULL)
				return false;
			phone = &items[i];
		}
	}
	if (address != NULL && phone != NULL && address->phone.len == 0)
		address->phone = phone->value;
	return false;
}

void
wf_page_tie_rows(Extraction *x, WfFindings *findings)
{
	int			from = 0;
	int			tables = 0;
	int			row;

	for (row = 0; row < x->row_count; row++)
	{
		size_t		end = row + 1 < x->row_count ? x->rows[row + 1].offset : x->page.len;
		int			to;

		while (from < findings->count && findings->items[from].position < x->rows[row].offset)
			from++;
		for (to = from; to < findings->count && findings->items[to].position < end; to++)
			;
		/* what was never closed has no end that is known */
		if (x->rows[row].begins && row + 1 < x->row_count)
		{
			if (tie_row(findings->items, from, to) && tables++ < MAX_TABLES)
				wf_page_tie_columns(x, findings, row);
		}
		from = to;
	}
}
