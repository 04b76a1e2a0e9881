/*-------------------------------------------------------------------------
 *
 * wf_page_find.c
 *	  The findings of one page: each value once, in page order.
 *
 *-------------------------------------------------------------------------
 */
#include "wf_page_int.h"

#include <stdlib.h>
#include <string.h>

#include "wf_disguise.h"
#include "wf_person.h"
#include "wf_text.h"

/* Addresses of one page whose names are looked for far away. */
#define FAR_SEARCHES	64

/*
 * Hash of a value.  The salt makes it hard to write a page whose values all
 * collide; it differs between processes, and nothing depends on it.
 */
static uint32_t
hash_value(const Extraction *x, WfFindingKind kind, WfSlice value)
{
	uint64_t	h = (uint64_t) (uintptr_t) x->extractor ^ kind;
	size_t		i;

	for (i = 0; i < value.len; i++)
	{
		h = (h ^ (unsigned char) value.data[i]) * UINT64_C(0x9E3779B97F4A7C15);
		h ^= h >> 32;
	}
	return (uint32_t) h;
}

/* The slot of a value: where it is, or a free one where it belongs. */
static uint16_t *
find_slot(Extraction *x, WfFindingKind kind, WfSlice value, uint32_t hash)
{
	uint32_t	slot = hash % TABLE_SLOTS;

	while (x->table[slot] != 0)
	{
		const Item *item = &x->items[x->table[slot] - 1];

		if (item->hash == hash && item->finding.kind == kind &&
			wf_text_equal(item->finding.value, value))
			break;
		slot = (slot + 1) % TABLE_SLOTS;
	}
	return &x->table[slot];
}

static WfStatus
grow_items(Extraction *x)
{
	int			room = x->room > 0 ? x->room * 2 : 32;
	Item	   *items = wf_arena_alloc(x->arena, room * sizeof(Item));

	if (items == NULL)
		return WF_ERR_NOMEM;
	if (x->count > 0)
		memcpy(items, x->items, x->count * sizeof(Item));
	x->items = items;
	x->room = room;
	return WF_OK;
}

WfStatus
wf_page_copy_field(Extraction *x, WfSlice bytes, WfSlice *out)
{
	WfSlice		clean;
	WfStatus	status;

	if (bytes.len > WF_MAX_VALUE)
		bytes.len = WF_MAX_VALUE;
	status = wf_text_sanitize(x->arena, bytes, NULL, &clean);
	if (status != WF_OK)
		return status;
	*out = wf_arena_copy(x->arena, wf_text_truncate(clean, WF_MAX_VALUE));
	return out->data != NULL ? WF_OK : WF_ERR_NOMEM;
}

WfStatus
wf_page_add_item(Extraction *x, WfFindingKind kind, WfFindingSource source, WfSlice value,
		 Item **item, bool *is_new)
{
	uint32_t	hash = hash_value(x, kind, value);
	uint16_t   *slot = find_slot(x, kind, value, hash);
	WfStatus	status;

	*item = NULL;
	*is_new = *slot == 0;
	if (*slot != 0)
	{
		*item = &x->items[*slot - 1];
		return WF_OK;
	}
	if (x->count == WF_MAX_FINDINGS)
	{
		x->truncated = true;
		return WF_OK;
	}
	if (x->count == x->room && (status = grow_items(x)) != WF_OK)
		return status;
	*item = &x->items[x->count];
	memset(*item, 0, sizeof(Item));
	(*item)->finding.kind = kind;
	(*item)->finding.source = source;
	(*item)->hash = hash;
	(*item)->number = x->count;
	status = wf_page_copy_field(x, value, &(*item)->finding.value);
	if (status == WF_OK)
		*slot = (uint16_t) ++x->count;
	return status;
}

WfStatus
wf_page_context(Extraction *x, WfSlice text, size_t at, WfSlice *context)
{
	size_t		start = wf_text_step_back(text, at, CONTEXT_BEFORE);
	size_t		end = wf_text_step_forth(text, start, WF_MAX_CONTEXT);

	while (start > 0 && start < at && !wf_is_space(text.data[start - 1]))
		start++;
	text.data += start;
	text.len = end - start;
	*context = wf_text_collapse(x->arena, text, text.len);
	return context->data != NULL ? WF_OK : WF_ERR_NOMEM;
}

/* Given names and surname in one, wherever the text has them. */
static WfStatus
join_name(Extraction *x, const WfPerson *person, WfSlice *name)
{
	char		joined[WF_MAX_VALUE];
	size_t		len = person->given.len;

	if (len == 0 || len + 1 + person->name.len > sizeof(joined))
		*name = wf_text_collapse(x->arena, person->name, WF_MAX_VALUE);
	else
	{
		memcpy(joined, person->given.data, len);
		joined[len++] = ' ';
		memcpy(joined + len, person->name.data, person->name.len);
		*name = wf_text_collapse(x->arena, (WfSlice) {joined, len + person->name.len},
								 WF_MAX_VALUE);
	}
	return name->data != NULL ? WF_OK : WF_ERR_NOMEM;
}

WfStatus
wf_page_find_owner(Extraction *x, Item *item, WfSlice text, size_t start, size_t end)
{
	WfSlice		local = item->finding.value;
	const char *at = memchr(local.data, '@', local.len);
	bool		is_link = start == end && item->finding.source == WF_SOURCE_LINK;
	size_t		link_end = !is_link ? 0 : item->link_end > 0 ? item->link_end : text.len;
	WfPerson	person;
	WfStatus	status;

	if (item->finding.kind != WF_KIND_EMAIL || item->has_owner || at == NULL)
		return WF_OK;
	local.len = at - local.data;
	if (!wf_person_find(text, start, end, link_end, local, &person) &&
		(x->far_searches++ >= FAR_SEARCHES || !wf_person_find_far(text, local, &person)))
		return WF_OK;
	if (person.is_guess && wf_page_is_quoted(x, person.name.data - text.data))
		return WF_OK;
	status = join_name(x, &person, &item->finding.name);
	if (status != WF_OK)
		return status;
	item->finding.job_title = wf_text_collapse(x->arena, person.job_title, WF_MAX_VALUE);
	item->has_owner = item->finding.name.len > 0;
	return item->finding.job_title.data != NULL ? WF_OK : WF_ERR_NOMEM;
}

WfStatus
wf_page_settle(Extraction *x)
{
	WfSlice		text = {x->window.data, x->window.len};
	int			i;

	for (i = x->pending; i < x->count; i++)
	{
		Item	   *item = &x->items[i];
		WfStatus	status;

		if (item->finding.context.data != NULL)
			continue;
		status = wf_page_context(x, text, item->text_at, &item->finding.context);
		if (status == WF_OK)
			status = wf_page_find_owner(x, item, text, item->text_at, item->text_at);
		if (status != WF_OK)
			return status;
	}
	x->pending = x->count;
	return WF_OK;
}

WfStatus
wf_page_add_hidden(Extraction *x, WfFindingKind kind, WfFindingSource source, WfSlice value,
				   WfSlice raw, size_t position)
{
	Item	   *item;
	bool		is_new;
	WfStatus	status = wf_page_add_item(x, kind, source, value, &item, &is_new);

	if (status != WF_OK || item == NULL)
		return status;
	x->touched = (int) (item - x->items);
	if (source == WF_SOURCE_LINK)
		item->finding.source = WF_SOURCE_LINK;
	else if (source == WF_SOURCE_JSONLD || source == WF_SOURCE_MICRODATA ||
			 source == WF_SOURCE_HCARD)
		item->finding.told |= WF_TOLD_VALUE;
	if (!is_new)
		return WF_OK;
	item->finding.position = (uint32_t) position;
	item->text_at = x->window.len;
	return wf_page_copy_field(x, raw, &item->finding.raw);
}

WfStatus
wf_page_add_addresses(Extraction *x, WfFindingSource source, WfSlice text, WfContactTrust trust,
					  size_t position)
{
	WfAddress	address;
	WfDisguise	search;
	size_t		pos = 0;
	WfStatus	status = WF_OK;

	while (status == WF_OK && !x->truncated &&
		   wf_contact_next(x->contacts, text, trust, &pos, &address))
	{
		if (!address.is_reversed)
			status = wf_page_add_hidden(x, WF_KIND_EMAIL, source,
										(WfSlice) {address.value, address.len},
										(WfSlice) {text.data + address.start,
										address.end - address.start}, position);
	}
	search = wf_disguise_begin(text, trust);
	while (status == WF_OK && !x->truncated &&
		   wf_disguise_next(x->contacts, &search, &address))
		status = wf_page_add_hidden(x, WF_KIND_EMAIL, source,
									(WfSlice) {address.value, address.len},
									(WfSlice) {text.data + address.start,
									address.end - address.start}, position);
	return status;
}

WfStatus
wf_page_add_postal(Extraction *x, WfFindingSource source, const WfPostalAddress *address,
				   size_t position)
{
	char		line[WF_MAX_VALUE];
	WfSlice		value = {line, wf_postal_address_line(address, line)};

	if (value.len == 0)
		return WF_OK;
	return wf_page_add_hidden(x, WF_KIND_ADDRESS, source, value, value, position);
}

WfStatus
wf_page_add_person(Extraction *x, WfSlice name, WfSlice job_title)
{
	Owner	   *person = &x->people[x->person_count];
	WfStatus	status;

	if (x->person_count == MAX_PEOPLE || !wf_person_is_name(name))
		return WF_OK;
	status = wf_page_copy_field(x, name, &person->name);
	if (status == WF_OK)
		status = wf_page_copy_field(x, job_title, &person->job_title);
	x->person_count += status == WF_OK;
	return status;
}

/* The one of the page's people who has the address; NULL: none, or more than one. */
static const Owner *
find_person(const Extraction *x, WfSlice address)
{
	const char *at = memchr(address.data, '@', address.len);
	const Owner *found = NULL;
	int			i;

	for (i = 0; at != NULL && i < x->person_count; i++)
	{
		const Owner *person = &x->people[i];

		if (!wf_person_agrees(person->name, (WfSlice) {address.data, at - address.data}))
			continue;
		if (found != NULL && !wf_text_equal(found->name, person->name))
			return NULL;
		found = person;
	}
	return found;
}

/* Addresses that nobody is known to have, of the people that structured data name. */
static void
name_people(Extraction *x)
{
	int			searches = 0;
	int			i;

	for (i = 0; i < x->count && x->person_count > 0 && searches < FAR_SEARCHES; i++)
	{
		WfFinding  *finding = &x->items[i].finding;
		const Owner *person;

		if (finding->kind != WF_KIND_EMAIL || finding->name.len > 0)
			continue;
		searches++;
		person = find_person(x, finding->value);
		if (person != NULL)
		{
			finding->name = person->name;
			finding->job_title = person->job_title;
		}
	}
}

/* An office's address is not that of a person who has another one on the page. */
static void
free_offices(Extraction *x)
{
	int			searches = 0;
	int			i;
	int			j;

	for (i = 0; i < x->count; i++)
	{
		WfFinding  *f = &x->items[i].finding;

		if (f->kind != WF_KIND_EMAIL || f->name.len == 0 || f->told != 0 ||
			!wf_person_is_guess(f->name, f->job_title, wf_page_local_part(f->value)) ||
			searches++ >= FAR_SEARCHES)
			continue;
		for (j = 0; j < x->count; j++)
		{
			const WfFinding *other = &x->items[j].finding;

			if (j == i || other->kind != WF_KIND_EMAIL ||
				!wf_text_equal(other->name, f->name) ||
				!wf_person_agrees(other->name, wf_page_local_part(other->value)))
				continue;
			f->name = f->job_title = WF_SLICE_EMPTY;
			break;
		}
	}
}

static int
compare_items(const void *a, const void *b)
{
	const Item *left = a;
	const Item *right = b;

	if (left->finding.position != right->finding.position)
		return left->finding.position < right->finding.position ? -1 : 1;
	return left->number - right->number;
}

WfStatus
wf_page_finish(Extraction *x, WfFindings *out)
{
	int			i;

	name_people(x);
	free_offices(x);
	if (x->count > 0)
	{
		out->items = wf_arena_alloc(x->arena, x->count * sizeof(WfFinding));
		if (out->items == NULL)
			return WF_ERR_NOMEM;
		qsort(x->items, x->count, sizeof(Item), compare_items);
	}
	for (i = 0; i < x->count; i++)
		out->items[i] = x->items[i].finding;
	out->count = x->count;
	out->truncated = x->truncated;
	out->title = x->title;
	wf_page_tie_rows(x, out);
	return WF_OK;
}
