/*-------------------------------------------------------------------------
 *
 * wf_page_column.c
 *	  Tables in which a column is a person: a row of names, one of addresses,
 *	  and perhaps one of job titles and one of numbers.
 *
 * The rows around one with several addresses are read again, which few pages have.
 *
 *-------------------------------------------------------------------------
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE				/* memmem */
#endif

#include "wf_page_int.h"

#include <string.h>

#include "wf_person.h"
#include "wf_text.h"

#define MAX_COLUMNS		12
#define MAX_ROW			4096	/* bytes of a row that is read */
#define MAX_CELL		96		/* of the text of a cell */
#define ROWS_AROUND		3		/* above and below the addresses */

typedef struct Cell
{
	size_t		start;			/* in the page */
	size_t		end;
	size_t		len;
	bool		is_long;
	char		text[MAX_CELL];
} Cell;

typedef struct Row
{
	int			index;			/* in x->rows */
	int			count;
	Cell		cells[MAX_COLUMNS];
} Row;

/* What is known of the columns; by columns. */
typedef struct Columns
{
	int			count;
	WfFinding  *addresses[MAX_COLUMNS];	/* NULL: the column has none */
	WfSlice		names[MAX_COLUMNS];
	WfSlice		titles[MAX_COLUMNS];
	WfSlice		phones[MAX_COLUMNS];
	bool		has_names;
	bool		all_known;
	bool		has_titles;
	bool		has_phones;
} Columns;

static void
add_text(Cell *cell, const WfHtmlToken *token)
{
	char		decoded[MAX_CELL];
	size_t		len;

	if (token->is_blank || cell->is_long)
		return;
	if (token->text.len > MAX_CELL - 1)
	{
		cell->is_long = true;
		return;
	}
	len = wf_html_decode(token->text, false, decoded);
	cell->is_long = cell->len + len + 1 > MAX_CELL;
	if (cell->is_long)
		return;
	memcpy(cell->text + cell->len, decoded, len);
	cell->len += len;
}

/* The cells of a row; false when they are too many, or none. */
static bool
read_row(const Extraction *x, int index, Row *row)
{
	size_t		start = x->rows[index].offset;
	size_t		end = x->rows[index + 1].offset;
	WfHtml		html;
	WfHtmlToken token;
	Cell	   *cell = NULL;

	row->index = index;
	row->count = 0;
	if (end - start > MAX_ROW)
		return false;
	wf_html_init(&html, (WfSlice) {x->page.data + start, end - start});
	while (wf_html_next(&html, &token))
	{
		bool		is_tag = token.type == WF_HTML_START_TAG;

		if (is_tag && token.name.len == 2 && wf_lower_char(token.name.data[0]) == 't' &&
			memchr("dhDH", token.name.data[1], 4) != NULL)
		{
			if (row->count == MAX_COLUMNS)
				return false;
			if (cell != NULL)
				cell->end = start + token.offset;
			cell = &row->cells[row->count++];
			cell->start = start + token.offset;
			cell->end = end;
			cell->len = 0;
			cell->is_long = false;
		}
		else if (cell != NULL && token.type == WF_HTML_TEXT)
			add_text(cell, &token);
		else if (cell != NULL && is_tag && cell->len > 0 && cell->len < MAX_CELL)
			cell->text[cell->len++] = ' ';
	}
	return row->count >= 2;
}

static WfSlice
cell_text(const Cell *cell)
{
	return cell->is_long ? WF_SLICE_EMPTY :
		wf_text_trim((WfSlice) {cell->text, cell->len});
}

/* The only finding of a kind in a cell; NULL: none, or several. */
static WfFinding *
only_finding(WfFindings *findings, const Cell *cell, WfFindingKind kind)
{
	WfFinding  *found = NULL;
	int			low = 0;
	int			high = findings->count;

	while (low < high)
	{
		int			mid = (low + high) / 2;

		if (findings->items[mid].position < cell->start)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < findings->count && findings->items[low].position < cell->end; low++)
	{
		if (findings->items[low].kind != kind)
			continue;
		if (found != NULL)
			return NULL;
		found = &findings->items[low];
	}
	return found;
}

/* The row next to another one in its table, above or below; false: none that is alike. */
static bool
next_row(const Extraction *x, const Columns *columns, int index, int step, Row *row)
{
	int			next = index + step;
	size_t		from;
	size_t		to;
	WfSlice		between;

	while (next >= 0 && next + 1 < x->row_count && !x->rows[next].begins)
		next += step;
	if (next < 0 || next + 1 >= x->row_count)
		return false;
	from = x->rows[step < 0 ? next : index].offset;
	to = x->rows[step < 0 ? index : next].offset;
	between = (WfSlice) {x->page.data + from, to - from};
	return between.len <= 2 * MAX_ROW && memmem(between.data, between.len, "table", 5) == NULL &&
		read_row(x, next, row) && row->count == columns->count;
}

/*
 * Are the cells above or below the addresses names, at least one of them a known one?
 * Without job titles all have to be known, or to agree with the address: "Rosa Spumante".
 */
static bool
take_names(Extraction *x, Columns *columns, const Row *row)
{
	WfSlice		names[MAX_COLUMNS];
	bool		any_known = false;
	bool		all_known = true;
	int			i;

	for (i = 0; i < columns->count; i++)
	{
		bool		is_known;

		if (columns->addresses[i] == NULL)
			continue;
		if (!wf_person_read_name(cell_text(&row->cells[i]), &names[i], &is_known))
			return false;
		is_known = is_known ||
			wf_person_agrees(names[i], wf_page_local_part(columns->addresses[i]->value));
		any_known = any_known || is_known;
		all_known = all_known && is_known;
	}
	for (i = 0; any_known && i < columns->count; i++)
	{
		if (columns->addresses[i] != NULL)
			columns->names[i] = wf_text_collapse(x->arena, names[i], WF_MAX_VALUE);
	}
	columns->all_known = all_known;
	return any_known;
}

/* Are they job titles? */
static bool
take_titles(Extraction *x, Columns *columns, const Row *row)
{
	int			i;

	for (i = 0; i < columns->count; i++)
	{
		if (columns->addresses[i] != NULL &&
			!wf_person_is_job_title(cell_text(&row->cells[i])))
			return false;
	}
	for (i = 0; i < columns->count; i++)
	{
		if (columns->addresses[i] != NULL)
			columns->titles[i] = wf_text_collapse(x->arena, cell_text(&row->cells[i]),
												  WF_MAX_VALUE);
	}
	return true;
}

/* Has each a number? */
static bool
take_phones(WfFindings *findings, Columns *columns, const Row *row)
{
	int			i;

	for (i = 0; i < columns->count; i++)
	{
		const WfFinding *phone = only_finding(findings, &row->cells[i], WF_KIND_PHONE);

		if (columns->addresses[i] != NULL && phone == NULL)
			return false;
		columns->phones[i] = phone != NULL ? phone->value : WF_SLICE_EMPTY;
	}
	return true;
}

static void
take_row(Extraction *x, WfFindings *findings, Columns *columns, const Row *row)
{
	if (!columns->has_phones && take_phones(findings, columns, row))
		columns->has_phones = true;
	else if (!columns->has_names && take_names(x, columns, row))
		columns->has_names = true;
	else if (!columns->has_titles && take_titles(x, columns, row))
		columns->has_titles = true;
}

/* What the columns tell of their addresses. */
static void
tie_columns(const Columns *columns)
{
	int			i;

	for (i = 0; i < columns->count; i++)
	{
		WfFinding  *address = columns->addresses[i];

		if (address == NULL)
			continue;
		if (address->phone.len == 0 && columns->has_phones)
			address->phone = columns->phones[i];
		if ((address->told & WF_TOLD_NAME) || columns->names[i].len == 0)
			continue;
		if (columns->has_titles)
			address->job_title = columns->titles[i];
		else if (!wf_text_equal(address->name, columns->names[i]))
			address->job_title = WF_SLICE_EMPTY;
		address->name = columns->names[i];
	}
}

/*
 * The addresses of a row, each in a cell of its own without a number; false when they are
 * not two or more.
 */
static bool
find_addresses(const Extraction *x, WfFindings *findings, int index, Row *row, Columns *columns)
{
	int			found = 0;
	int			i;

	if (!read_row(x, index, row))
		return false;
	memset(columns, 0, sizeof(*columns));
	columns->count = row->count;
	for (i = 0; i < row->count; i++)
	{
		columns->addresses[i] = only_finding(findings, &row->cells[i], WF_KIND_EMAIL);
		found += columns->addresses[i] != NULL;
		if (only_finding(findings, &row->cells[i], WF_KIND_PHONE) != NULL)
			return false;
	}
	return found >= 2;
}

void
wf_page_tie_columns(Extraction *x, WfFindings *findings, int index)
{
	Columns		columns;
	Row			row;
	int			step;

	if (!find_addresses(x, findings, index, &row, &columns))
		return;
	for (step = -1; step <= 1; step += 2)
	{
		int			at = index;
		int			i;

		for (i = 0; i < ROWS_AROUND && next_row(x, &columns, at, step, &row); i++)
		{
			take_row(x, findings, &columns, &row);
			at = row.index;
		}
	}
	if (columns.has_names && (columns.has_titles || columns.all_known))
		tie_columns(&columns);
}
