/*-------------------------------------------------------------------------
 *
 * wf_page_late.c
 *	  Numbers without the code of a country that came before what tells it.
 *
 * A link in the head of a page, "tel:02079460123", is read long before the
 * address at its foot.  At the end of the page such numbers are looked at again;
 * those that turn out to be another finding become one with it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE				/* memmem */
#endif

#include "wf_page_int.h"

#include <string.h>

#include "wf_text.h"

#define MAX_LATE		64		/* numbers of one page that are looked at again */

static bool
is_number(const Item *item)
{
	return item->finding.kind == WF_KIND_PHONE || item->finding.kind == WF_KIND_FAX;
}

/* Was the number taken without the code of its country? */
static bool
is_without_code(const Item *item)
{
	const WfFinding *f = &item->finding;

	if (!is_number(item) || f->value.len == 0)
		return false;
	if (f->value.data[0] != '+')
		return true;
	return !item->is_in_text && f->raw.len > 0 && memchr(f->raw.data, '+', f->raw.len) == NULL &&
		memmem(f->raw.data, f->raw.len, "%2", 2) == NULL;
}

/* Another finding that is the number, or (is_end) whose value ends in it. */
static Item *
find_other(Extraction *x, const Item *item, WfSlice number, bool is_end)
{
	int			i;

	for (i = 0; i < x->count; i++)
	{
		WfSlice		value = x->items[i].finding.value;

		if (&x->items[i] == item || !is_number(&x->items[i]) || value.len < number.len ||
			(is_end ? value.data[0] != '+' : value.len != number.len) ||
			wf_text_equal(value, item->finding.value))	/* a fax of that number */
			continue;
		if (memcmp(value.data + value.len - number.len, number.data, number.len) == 0)
			return &x->items[i];
	}
	return NULL;
}

/* What is known of a number counts for the finding that is the same number. */
static void
merge(Item *item, Item *same)
{
	if (item->finding.source != WF_SOURCE_TEXT)
		same->finding.source = item->finding.source;
	same->finding.told |= item->finding.told;
	if (item->finding.position < same->finding.position)
	{
		same->finding.position = item->finding.position;
		same->finding.raw = item->finding.raw;
		same->finding.context = item->finding.context;
	}
	item->finding.value.len = 0;
}

/* Its value is another; also where it is the number of an address. */
static void
set_value(Extraction *x, Item *item, WfSlice value)
{
	WfSlice		old = item->finding.value;
	int			i;

	for (i = 0; i < x->count; i++)
	{
		if (x->items[i].finding.phone.len > 0 && wf_text_equal(x->items[i].finding.phone, old))
			x->items[i].finding.phone = value;
	}
	item->finding.value = value;
}

/* The digits of the number as it was taken: without zeros in front, or North America's 1. */
static WfSlice
bare_digits(WfSlice value)
{
	if (value.len > 2 && value.data[0] == '+' && value.data[1] == '1')
		wf_advance(&value, 2);
	while (value.len > 0 && value.data[0] == '0')
		wf_advance(&value, 1);
	return value;
}

static WfStatus
look_again(Extraction *x, Item *item)
{
	WfSlice		digits = bare_digits(item->finding.value);
	WfSlice		value;
	WfPhone		phone;
	Item	   *same = NULL;

	if (digits.len >= WF_MIN_PHONE && digits.data[0] != '+')
		same = find_other(x, item, digits, true);
	if (same != NULL)
		set_value(x, item, same->finding.value);
	else if (wf_phone_again(x->phones, item->finding.raw, &phone))
	{
		value = wf_arena_copy(x->arena, (WfSlice) {phone.value, phone.len});
		if (value.data == NULL)
			return WF_ERR_NOMEM;
		if (wf_text_equal(value, item->finding.value))
			return WF_OK;
		set_value(x, item, value);
		same = find_other(x, item, value, false);
	}
	if (same != NULL)
		merge(item, same);
	return WF_OK;
}

WfStatus
wf_page_look_again(Extraction *x)
{
	int			late = 0;
	int			kept = 0;
	int			i;

	for (i = 0; i < x->count && late < MAX_LATE; i++)
	{
		WfStatus	status = WF_OK;

		if (is_without_code(&x->items[i]))
		{
			status = look_again(x, &x->items[i]);
			late++;
		}
		if (status != WF_OK)
			return status;
	}
	for (i = 0; late > 0 && i < x->count; i++)
	{
		if (x->items[i].finding.value.len > 0)
			x->items[kept++] = x->items[i];
	}
	if (late > 0)
		x->count = kept;
	return WF_OK;
}
