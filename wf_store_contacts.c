/*-------------------------------------------------------------------------
 *
 * wf_store_contacts.c
 *	  From findings to contacts: one for each address, better with every page.
 *
 * A contact gets better, never worse.  A field that is empty, or says nothing
 * ("Contact at <host>"), takes what a page has.  One that we stored takes what a
 * page ties to the address by stronger evidence, or what the page it came from
 * says now.  One that somebody edited stays: its value is no longer the one
 * whose hash wf_contact_origin has.
 *
 * For a group of results: look for the contacts, read where they came from,
 * decide here, update those that gain, insert the new ones, note where that came
 * from.  What somebody else inserted in between is met in a second round.  A
 * contact that gains nothing is not written.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/uuid.h"

#include "core/wf_text.h"
#include "core/wf_url.h"

#include "wf_encoding.h"
#include "wf_guc.h"
#include "wf_store_int.h"

#define ROUNDS 2
#define NOBODY "Contact at "	/* begins a name that says nothing */

/* Where a field came from, as wf_contact_origin has it. */
typedef struct Origin
{
	bool		is_ours;		/* else the rest is not set */
	pg_uuid_t	page;
	int			strength;
	int64		hash;			/* of the value as the table had it */
} Origin;

/* A contact of the group on its way into the table. */
typedef struct Candidate
{
	const WfResult *result;
	const WfContact *contact;
	bool		done;			/* known or inserted */
	bool		known;			/* was in the table */
	bool		changed;		/* its origin is to be written */
	pg_uuid_t	id;
	char	   *value[WF_FIELD_COUNT];	/* in the table now; NULL for none */
	char	   *wanted[WF_FIELD_COUNT]; /* in the server's encoding; NULL: no change */
	char	   *email;			/* in the server's encoding, or NULL */
	bool		has_page;
	pg_uuid_t	page;			/* where its address came from */
	Origin		origin[WF_FIELD_COUNT];
} Candidate;

typedef struct ContactGroup
{
	WfStage    *stage;
	Candidate  *items;
	int			n;
} ContactGroup;

static WfStatement read_stmt;
static WfStatement write_stmt;
static WfStatement advisory_stmt;

/* ------------------------------------------------------------------------
 * Contacts of one page
 * ------------------------------------------------------------------------
 */

static WfSlice
printf_slice(const char *format, ...) pg_attribute_printf(1, 2);

static WfSlice
printf_slice(const char *format, ...)
{
	char		buf[WF_MAX_VALUE];
	va_list		args;

	va_start(args, format);
	vsnprintf(buf, sizeof(buf), format, args);
	va_end(args);
	return (WfSlice) {pstrdup(buf), strlen(buf)};
}

/* Host of a URL without a leading "www."; "unknown" if it has none. */
static void
url_host(const char *url, char *host, size_t size)
{
	WfArena    *arena = wf_arena_create(64 * 1024);
	WfUrl		parsed;
	WfSlice		name = WF_SLICE("unknown");

	if (arena && wf_url_parse(arena, (WfSlice) {url, strlen(url)}, NULL, &parsed) == WF_OK)
		name = parsed.host;
	if (name.len > 4 && strncmp(name.data, "www.", 4) == 0)
		name = (WfSlice) {name.data + 4, name.len - 4};
	strlcpy(host, pnstrdup(name.data, name.len), size);
	wf_arena_free(arena);
}

/* How sure a part of a finding is: do structured data say it, or the text around? */
static WfStrength
strength_of(const WfFinding *finding, int part)
{
	return finding->told & part ? WF_STRENGTH_STRUCTURED : WF_STRENGTH_TEXT;
}

/* How good a number is as the page's own: more for structured data, then links. */
static int
main_phone_rank(const WfFinding *phone)
{
	if (phone->told & WF_TOLD_VALUE)
		return 2;
	return phone->source == WF_SOURCE_LINK ? 1 : 0;
}

/* Does the page tie the number to one of its addresses, or to a person? */
static bool
is_somebodys(const WfFindings *findings, const WfFinding *phone)
{
	if (phone->name.len > 0)
		return true;
	for (int i = 0; i < findings->count; i++)
		if (findings->items[i].kind == WF_KIND_EMAIL &&
			wf_text_equal(findings->items[i].phone, phone->value))
			return true;
	return false;
}

/*
 * The page's main number, for addresses without one of their own: nobody's in
 * particular, by the best evidence, the first of several; or the only number
 * there is.  Never a fax.
 */
static const WfFinding *
main_phone(const WfFindings *findings)
{
	const WfFinding *best = NULL;
	const WfFinding *only = NULL;
	int			count = 0;

	for (int i = 0; i < findings->count; i++)
	{
		const WfFinding *phone = &findings->items[i];

		if (phone->kind != WF_KIND_PHONE)
			continue;
		if (only == NULL || !wf_text_equal(only->value, phone->value))
			count++;
		only = phone;
		if ((best == NULL || main_phone_rank(phone) > main_phone_rank(best)) &&
			!is_somebodys(findings, phone))
			best = phone;
	}
	return best ? best : count == 1 ? only : NULL;
}

static void
set_field(WfContact *contact, WfField field, WfSlice value, WfStrength strength)
{
	contact->field[field] = value;
	contact->strength[field] = value.len > 0 ? strength : WF_STRENGTH_NONE;
}

static void
add_contact(WfResult *result, const WfFinding *finding, const WfFinding *phone, const char *host)
{
	WfContact  *contact = &result->contacts[result->ncontacts++];

	contact->email = finding->value;
	contact->context = finding->context;
	if (finding->name.len > 0)
		set_field(contact, WF_FIELD_NAME, finding->name, strength_of(finding, WF_TOLD_NAME));
	else
		set_field(contact, WF_FIELD_NAME, printf_slice(NOBODY "%s", host), WF_STRENGTH_NONE);
	set_field(contact, WF_FIELD_TITLE, finding->job_title, strength_of(finding, WF_TOLD_NAME));
	if (finding->phone.len > 0)
		set_field(contact, WF_FIELD_PHONE, finding->phone, strength_of(finding, WF_TOLD_PHONE));
	else if (phone)
		set_field(contact, WF_FIELD_PHONE, phone->value, WF_STRENGTH_PAGE);
}

/*
 * A page without any address: a placeholder, or a contact that is only a
 * phone number, or nothing (wf_curation.placeholder_contacts).
 */
static void
add_substitute(WfResult *result, const WfFinding *phone, const char *host)
{
	WfContact  *contact;
	char	   *id;

	if (!wf_curation_placeholder_contacts && phone == NULL)
		return;
	contact = &result->contacts[result->ncontacts++];
	if (phone)
		set_field(contact, WF_FIELD_PHONE, phone->value, WF_STRENGTH_PAGE);
	if (wf_curation_placeholder_contacts)
	{
		id = DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(&result->item->id)));
		contact->email = printf_slice(WF_PLACEHOLDER "%s@%s", id, host);
		set_field(contact, WF_FIELD_NAME, printf_slice("No Contact Found - %s", host),
				  WF_STRENGTH_NONE);
	}
	else
	{
		set_field(contact, WF_FIELD_NAME, printf_slice(NOBODY "%s", host), WF_STRENGTH_NONE);
		contact->context = phone->context;
	}
}

static void
make_contacts(WfResult *result)
{
	const WfFindings *findings = &result->findings;
	const WfFinding *phone = main_phone(findings);
	char		host[WF_MAX_HOST + 1];

	result->ncontacts = result->naddresses = 0;
	if (!wf_outcome_is_success(result->outcome))
		return;
	url_host(result->item->url, host, sizeof(host));
	result->contacts = palloc0((findings->count + 1) * sizeof(WfContact));
	for (int i = 0; i < findings->count; i++)
		if (findings->items[i].kind == WF_KIND_EMAIL)
			add_contact(result, &findings->items[i], phone, host);
	result->naddresses = result->ncontacts;
	if (result->ncontacts == 0)
		add_substitute(result, phone, host);
}

/* ------------------------------------------------------------------------
 * Contacts of a group
 * ------------------------------------------------------------------------
 */

static int
compare_candidates(const void *a, const void *b)
{
	const Candidate *left = a;
	const Candidate *right = b;
	int			order = memcmp(&left->result->item->domain, &right->result->item->domain,
							   sizeof(WfDomainKey));

	if (order == 0)
		order = strcmp(left->email ? left->email : "", right->email ? right->email : "");
	if (order == 0)
		order = memcmp(&left->result->item->id, &right->result->item->id, sizeof(pg_uuid_t));
	return order;
}

/* The same address twice: the better evidence of both. */
static void
merge(Candidate *into, const Candidate *other)
{
	WfContact  *merged = palloc(sizeof(WfContact));

	*merged = *into->contact;
	for (int f = 0; f < WF_FIELD_COUNT; f++)
		if (other->contact->strength[f] > merged->strength[f])
			set_field(merged, f, other->contact->field[f], other->contact->strength[f]);
	into->contact = merged;
}

/* The group's contacts in the order in which they are locked, without doubles. */
static void
collect(ContactGroup *group, WfResult **results, int n)
{
	int			total = 0;
	int			kept = 0;

	for (int i = 0; i < n; i++)
		total += results[i]->ncontacts;
	group->items = palloc0(Max(total, 1) * sizeof(Candidate));
	for (int i = 0; i < n; i++)
		for (int c = 0; c < results[i]->ncontacts; c++)
		{
			Candidate  *item = &group->items[group->n++];

			item->result = results[i];
			item->contact = &results[i]->contacts[c];
			if (item->contact->email.len > 0)
				item->email = wf_encoding_from_utf8(item->contact->email);
		}
	qsort(group->items, group->n, sizeof(Candidate), compare_candidates);
	for (int i = 0; i < group->n; i++)
	{
		Candidate  *last = kept > 0 ? &group->items[kept - 1] : NULL;

		if (last && last->email && group->items[i].email &&
			strcmp(last->email, group->items[i].email) == 0 &&
			memcmp(&last->result->item->domain, &group->items[i].result->item->domain,
				   sizeof(WfDomainKey)) == 0)
			merge(last, &group->items[i]);
		else
			group->items[kept++] = group->items[i];
	}
	group->n = kept;
}

/*
 * Where no unique index serves (for contacts without a domain none does),
 * writers of one domain's contacts take turns: advisory locks of the
 * transaction, in ascending order.
 */
static void
lock_domains(const ContactGroup *group)
{
	static const Oid types[] = {INT8OID};
	WfArrays	keys;

	wf_store_arrays(&keys, types, 1, group->n);
	for (int i = 0; i < group->n; i++)
	{
		const WfDomainKey *domain = &group->items[i].result->item->domain;

		if (group->stage->targets_by_key && !domain->is_null)
			continue;
		wf_store_set(&keys, 0, Int64GetDatum((int64) DatumGetUInt64(
			hash_any_extended((const unsigned char *) domain, sizeof(*domain), 0))));
		keys.n++;
	}
	if (keys.n == 0)
		return;
	if (advisory_stmt.sql == NULL)
		wf_store_make(&advisory_stmt, "SELECT pg_advisory_xact_lock(k) FROM"
					  " (SELECT DISTINCT k FROM unnest($1) k ORDER BY k) s", types, 1);
	wf_store_execute(&advisory_stmt, WF_AS_SELF, &keys);
	SPI_freetuptable(SPI_tuptable);
}

/* A column of a row of the last result. */
static Datum
column(uint64 row, int n, bool *isnull)
{
	return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, n, isnull);
}

static char *
text_column(uint64 row, int n)
{
	return SPI_getvalue(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, n);
}

/* Values of the fields in the table, columns from "first" on. */
static void
read_values(Candidate *item, uint64 row, int first)
{
	for (int f = 0; f < WF_FIELD_COUNT; f++)
		item->value[f] = text_column(row, first + f);
}

/* Is lower() of it the same in every locale? */
static bool
is_own_key(WfSlice address)
{
	for (size_t i = 0; i < address.len; i++)
		if (IS_HIGHBIT_SET(address.data[i]) || (address.data[i] >= 'A' && address.data[i] <= 'Z'))
			return false;
	return true;
}

/* Which of those not done yet are in the table?  Returns how many. */
static int
find_known(ContactGroup *group)
{
	static const Oid types[] = {INT4OID, UUIDOID, TEXTOID, TEXTOID};
	WfArrays	arrays;
	bool		isnull;
	int			found = 0;

	wf_store_arrays(&arrays, types, lengthof(types), group->n);
	for (int i = 0; i < group->n; i++)
	{
		if (group->items[i].done)
			continue;
		wf_store_set(&arrays, 0, Int32GetDatum(i));
		wf_store_set(&arrays, 1, UUIDPGetDatum(&group->items[i].result->item->id));
		wf_store_set_text(&arrays, 2, group->items[i].contact->email);
		if (is_own_key(group->items[i].contact->email))
			wf_store_set_text(&arrays, 3, group->items[i].contact->email);
		arrays.n++;
	}
	if (arrays.n == 0)
		return 0;
	wf_store_execute(&group->stage->stmt[WF_STMT_CONTACTS_FIND], WF_AS_OWNER, &arrays);
	for (uint64 row = 0; row < SPI_processed; row++)
	{
		Candidate  *item = &group->items[DatumGetInt32(column(row, 1, &isnull))];
		Datum		id;

		/* a table without a unique index may have several: the first */
		if (item->done)
			continue;
		item->done = true;
		id = column(row, 2, &isnull);
		if (isnull)
			continue;			/* a row that cannot be bettered */
		item->known = true;
		item->id = *DatumGetUUIDP(id);
		read_values(item, row, 3);
		found++;
	}
	SPI_freetuptable(SPI_tuptable);
	return found;
}

/* ------------------------------------------------------------------------
 * Where fields came from
 * ------------------------------------------------------------------------
 */

#define ORIGIN_COLUMNS	"page_id, name_from, name_strength, name_hash," \
	" phone_from, phone_strength, phone_hash, title_from, title_strength, title_hash"

static const Oid write_types[] = {UUIDOID, UUIDOID, UUIDOID, INT4OID, INT8OID, UUIDOID, INT4OID,
INT8OID, UUIDOID, INT4OID, INT8OID};

static void
make_statements(void)
{
	static const Oid read_types[] = {INT4OID, UUIDOID};
	char	   *table;

	if (read_stmt.sql)
		return;
	table = wf_stage_own_table("wf_contact_origin");
	wf_store_make(&write_stmt,
				  psprintf("INSERT INTO %s AS o (stored_at, contact_id, " ORIGIN_COLUMNS ")"
						   " SELECT now(), u.* FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9,"
						   " $10, $11) u ON CONFLICT (contact_id) DO UPDATE SET"
						   " (stored_at, " ORIGIN_COLUMNS ") = ROW (EXCLUDED.stored_at,"
						   " EXCLUDED.page_id, EXCLUDED.name_from, EXCLUDED.name_strength,"
						   " EXCLUDED.name_hash, EXCLUDED.phone_from, EXCLUDED.phone_strength,"
						   " EXCLUDED.phone_hash, EXCLUDED.title_from, EXCLUDED.title_strength,"
						   " EXCLUDED.title_hash)", table),
				  write_types, lengthof(write_types));
	wf_store_make(&read_stmt,
				  psprintf("SELECT u.n, " ORIGIN_COLUMNS " FROM unnest($1, $2) u(n, id)"
						   " JOIN %s o ON o.contact_id = u.id", table),
				  read_types, lengthof(read_types));
}

static void
read_origin(Candidate *item, uint64 row)
{
	bool		isnull;
	Datum		value = column(row, 2, &isnull);

	item->has_page = !isnull;
	if (!isnull)
		item->page = *DatumGetUUIDP(value);
	for (int f = 0; f < WF_FIELD_COUNT; f++)
	{
		Origin	   *origin = &item->origin[f];

		value = column(row, 3 + 3 * f, &isnull);
		origin->page = isnull ? item->page : *DatumGetUUIDP(value);
		value = column(row, 4 + 3 * f, &isnull);
		origin->is_ours = !isnull;
		origin->strength = isnull ? 0 : DatumGetInt16(value);
		value = column(row, 5 + 3 * f, &isnull);
		origin->hash = isnull ? 0 : DatumGetInt64(value);
	}
}

/* Of the contacts just found. */
static void
read_origins(ContactGroup *group)
{
	static const Oid types[] = {INT4OID, UUIDOID};
	WfArrays	arrays;
	bool		isnull;

	make_statements();
	wf_store_arrays(&arrays, types, 2, group->n);
	for (int i = 0; i < group->n; i++)
	{
		if (!group->items[i].known || group->items[i].changed)
			continue;
		wf_store_set(&arrays, 0, Int32GetDatum(i));
		wf_store_set(&arrays, 1, UUIDPGetDatum(&group->items[i].id));
		arrays.n++;
	}
	wf_store_execute(&read_stmt, WF_AS_SELF, &arrays);
	for (uint64 row = 0; row < SPI_processed; row++)
		read_origin(&group->items[DatumGetInt32(column(row, 1, &isnull))], row);
	SPI_freetuptable(SPI_tuptable);
}

static int64
hash_of(const char *value)
{
	return (int64) DatumGetUInt64(hash_any_extended((const unsigned char *) value,
													strlen(value), 0));
}

/* The page that was just stored gave the field the value that it has now. */
static void
note_origin(Candidate *item, WfField f)
{
	Origin	   *origin = &item->origin[f];

	origin->is_ours = item->value[f] != NULL && item->contact->strength[f] > WF_STRENGTH_NONE;
	if (!origin->is_ours)
		return;
	origin->page = item->result->item->id;
	origin->strength = item->contact->strength[f];
	origin->hash = hash_of(item->value[f]);
}

static void
write_origins(ContactGroup *group)
{
	WfArrays	arrays;

	make_statements();
	wf_store_arrays(&arrays, write_types, lengthof(write_types), group->n);
	for (int i = 0; i < group->n; i++)
	{
		Candidate  *item = &group->items[i];

		if (!item->changed)
			continue;
		wf_store_set(&arrays, 0, UUIDPGetDatum(&item->id));
		if (item->has_page)
			wf_store_set(&arrays, 1, UUIDPGetDatum(&item->page));
		for (int f = 0; f < WF_FIELD_COUNT; f++)
		{
			Origin	   *origin = &item->origin[f];

			if (!origin->is_ours)
				continue;
			if (!item->has_page ||
				memcmp(&origin->page, &item->page, sizeof(pg_uuid_t)) != 0)
				wf_store_set(&arrays, 2 + 3 * f, UUIDPGetDatum(&origin->page));
			wf_store_set(&arrays, 3 + 3 * f, Int32GetDatum(origin->strength));
			wf_store_set(&arrays, 4 + 3 * f, Int64GetDatum(origin->hash));
		}
		arrays.n++;
	}
	if (arrays.n > 0)
		wf_store_execute(&write_stmt, WF_AS_SELF, &arrays);
}

/* ------------------------------------------------------------------------
 * Better, never worse
 * ------------------------------------------------------------------------
 */

/* Empty, or one of the texts that stand for "unknown". */
static bool
says_nothing(WfField f, const char *value)
{
	if (value == NULL || *value == '\0')
		return true;
	if (f == WF_FIELD_NAME)
		return strncmp(value, NOBODY, strlen(NOBODY)) == 0 &&
			strchr(value + strlen(NOBODY), ' ') == NULL;
	return f == WF_FIELD_PHONE && strcmp(value, "Phone not found") == 0;	/* the old service's */
}

/* Does the field gain by what the page has? */
static bool
gains(const Candidate *item, WfField f, const char *offer)
{
	const Origin *origin = &item->origin[f];
	int			strength = item->contact->strength[f];

	if (says_nothing(f, item->value[f]))
		return strength > WF_STRENGTH_NONE || item->value[f] == NULL;
	if (strength == WF_STRENGTH_NONE || !origin->is_ours ||
		origin->hash != hash_of(item->value[f]))
		return false;
	if (strcmp(offer, item->value[f]) == 0)
		return false;
	return strength > origin->strength ||
		(strength == origin->strength &&
		 memcmp(&origin->page, &item->result->item->id, sizeof(pg_uuid_t)) == 0);
}

/* Evidence of the value that is there already has become stronger. */
static bool
is_confirmed(const Candidate *item, WfField f, const char *offer)
{
	const Origin *origin = &item->origin[f];

	return origin->is_ours && (int) item->contact->strength[f] > origin->strength &&
		item->value[f] != NULL && strcmp(offer, item->value[f]) == 0;
}

static const WfBoundColumn *
field_column(const WfStage *stage, WfField f)
{
	static const WfContactColumn columns[WF_FIELD_COUNT] = {
		[WF_FIELD_NAME] = WF_CONTACT_NAME,
		[WF_FIELD_PHONE] = WF_CONTACT_PHONE_NUMBER,
		[WF_FIELD_TITLE] = WF_CONTACT_JOB_TITLE,
	};

	return &stage->targets->column[columns[f]];
}

/* A field of the page as the table takes it. */
static char *
offered(const WfStage *stage, const Candidate *item, WfField f)
{
	return wf_store_text_for(field_column(stage, f), item->contact->field[f]);
}

/* Decide which fields a known contact takes; true if there are any. */
static bool
decide(const WfStage *stage, Candidate *item)
{
	bool		any = false;
	const char *name;

	for (int f = 0; f < WF_FIELD_COUNT; f++)
	{
		char	   *offer;

		item->wanted[f] = NULL;
		if (item->contact->field[f].len == 0)
			continue;
		offer = offered(stage, item, f);
		/* a title goes with its holder's name */
		name = item->wanted[WF_FIELD_NAME] ? item->wanted[WF_FIELD_NAME] :
			item->value[WF_FIELD_NAME];
		if (f == WF_FIELD_TITLE && item->contact->strength[WF_FIELD_NAME] > WF_STRENGTH_NONE &&
			name != NULL &&
			strcmp(name, offered(stage, item, WF_FIELD_NAME)) != 0)
			continue;
		if (gains(item, f, offer))
		{
			item->wanted[f] = offer;
			any = true;
		}
		else if (is_confirmed(item, f, offer))
		{
			note_origin(item, f);
			item->changed = true;
		}
	}
	return any;
}

static const Oid update_types[] = {INT4OID, UUIDOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID,
TEXTOID};

static void
append_update(WfArrays *arrays, Candidate *item, int n)
{
	wf_store_set(arrays, 0, Int32GetDatum(n));
	wf_store_set(arrays, 1, UUIDPGetDatum(&item->id));
	for (int f = 0; f < WF_FIELD_COUNT; f++)
	{
		if (item->wanted[f])
			wf_store_set(arrays, 2 + f, CStringGetTextDatum(item->wanted[f]));
		if (item->value[f])
			wf_store_set(arrays, 2 + WF_FIELD_COUNT + f, CStringGetTextDatum(item->value[f]));
	}
	arrays->n++;
}

/* Update the known contacts that gain, unless somebody edits them meanwhile. */
static void
update_known(ContactGroup *group)
{
	WfArrays	arrays;
	bool		isnull;

	wf_store_arrays(&arrays, update_types, lengthof(update_types), group->n);
	for (int i = 0; i < group->n; i++)
		if (group->items[i].known && !group->items[i].changed &&
			decide(group->stage, &group->items[i]))
			append_update(&arrays, &group->items[i], i);
	if (arrays.n == 0 || group->stage->stmt[WF_STMT_CONTACTS_UPDATE].sql == NULL)
		return;
	wf_store_execute(&group->stage->stmt[WF_STMT_CONTACTS_UPDATE], WF_AS_OWNER, &arrays);
	for (uint64 row = 0; row < SPI_processed; row++)
	{
		Candidate  *item = &group->items[DatumGetInt32(column(row, 1, &isnull))];

		read_values(item, row, 2);
		for (int f = 0; f < WF_FIELD_COUNT; f++)
			if (item->wanted[f])
				note_origin(item, f);
		item->changed = true;
	}
	SPI_freetuptable(SPI_tuptable);
}

static const Oid insert_types[] = {UUIDOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID};

static void
append_insert(const WfStage *stage, WfArrays *arrays, const Candidate *item)
{
	const WfBoundColumn *columns = stage->targets->column;
	const char *url = item->result->item->url;

	wf_store_set(arrays, 0, UUIDPGetDatum(&item->result->item->id));
	wf_store_set_text(arrays, 1, item->contact->email);
	for (int f = 0; f < WF_FIELD_COUNT; f++)
		wf_store_set_text_for(arrays, 2 + f, field_column(stage, f), item->contact->field[f]);
	wf_store_set_text_for(arrays, 5, &columns[WF_CONTACT_SOURCE_URL], (WfSlice) {url, strlen(url)});
	wf_store_set_text_for(arrays, 6, &columns[WF_CONTACT_CONTEXT], item->contact->context);
	arrays->n++;
}

/* Which candidate became this row?  Rows come back in the order of candidates. */
static Candidate *
inserted_candidate(ContactGroup *group, int *at, uint64 row)
{
	bool		isnull;
	Datum		page = column(row, 2, &isnull);
	char	   *email = text_column(row, 3);

	for (int tries = 0; tries < group->n; tries++)
	{
		Candidate  *item = &group->items[*at];

		*at = (*at + 1) % group->n;
		if (!item->done && !isnull &&
			memcmp(DatumGetUUIDP(page), &item->result->item->id, sizeof(pg_uuid_t)) == 0 &&
			(email && item->email ? pg_strcasecmp(email, item->email) == 0 :
			 email == NULL && item->email == NULL))
			return item;
	}
	return NULL;				/* a trigger of the table made something else of it */
}

/* Insert those that are not known; false if some were not inserted. */
static bool
insert_new(ContactGroup *group)
{
	WfArrays	arrays;
	bool		isnull;
	int			at = 0;
	bool		all;

	wf_store_arrays(&arrays, insert_types, lengthof(insert_types), group->n);
	for (int i = 0; i < group->n; i++)
		if (!group->items[i].done)
			append_insert(group->stage, &arrays, &group->items[i]);
	if (arrays.n == 0)
		return true;
	wf_store_execute(&group->stage->stmt[WF_STMT_CONTACTS_INSERT], WF_AS_OWNER, &arrays);
	all = SPI_processed == (uint64) arrays.n;
	for (uint64 row = 0; row < SPI_processed; row++)
	{
		Candidate  *item = inserted_candidate(group, &at, row);
		Datum		id = column(row, 1, &isnull);

		if (item == NULL)
			continue;
		item->done = true;
		if (isnull)
			continue;			/* a trigger of the table took it away */
		item->changed = item->has_page = true;
		item->id = *DatumGetUUIDP(id);
		item->page = item->result->item->id;
		read_values(item, row, 4);
		for (int f = 0; f < WF_FIELD_COUNT; f++)
			note_origin(item, f);
	}
	SPI_freetuptable(SPI_tuptable);
	return all;
}

static void
store_contacts(WfStage *stage, WfResult **results, int n)
{
	ContactGroup		group = {stage};

	collect(&group, results, n);
	if (group.n == 0)
		return;
	lock_domains(&group);
	for (int round = 0; round < ROUNDS; round++)
	{
		if (find_known(&group) > 0)
		{
			read_origins(&group);
			update_known(&group);
		}
		if (insert_new(&group))
			break;
	}
	write_origins(&group);
}

/* ------------------------------------------------------------------------
 * The page stage
 * ------------------------------------------------------------------------
 */

static void
copy_findings(WfFindings *copy, const WfFindings *findings)
{
	copy->count = findings->count;
	copy->title = wf_store_copy(findings->title);
	copy->items = palloc(Max(findings->count, 1) * sizeof(WfFinding));
	for (int i = 0; i < findings->count; i++)
	{
		const WfFinding *from = &findings->items[i];
		WfFinding  *to = &copy->items[i];

		*to = *from;
		to->value = wf_store_copy(from->value);
		to->raw = wf_store_copy(from->raw);
		to->name = wf_store_copy(from->name);
		to->job_title = wf_store_copy(from->job_title);
		to->phone = wf_store_copy(from->phone);
		to->context = wf_store_copy(from->context);
	}
}

static void
read_page(WfResult *result, const WfResultMessage *message)
{
	copy_findings(&result->findings, &message->findings);
}

/*
 * Addresses as the database can hold them; those that it cannot are left out.  What
 * is new lives as long as the findings, which a second try to store may need.
 */
static void
fit_addresses(WfFindings *findings)
{
	int			kept = 0;
	MemoryContext old;

	if (findings->count == 0)
		return;
	old = MemoryContextSwitchTo(GetMemoryChunkContext(findings->items));
	for (int i = 0; i < findings->count; i++)
	{
		WfFinding  *f = &findings->items[i];

		if (f->kind == WF_KIND_EMAIL && f->value.len > 0)
		{
			f->value = wf_encoding_fit_address(f->value);
			if (f->value.len == 0)
				continue;
		}
		findings->items[kept++] = *f;
	}
	findings->count = kept;
	MemoryContextSwitchTo(old);
}

static void
store_pages(WfStage *stage, WfResult **results, int n)
{
	wf_store_recall_evidence(results, n);
	wf_store_suppress(results, n);
	for (int i = 0; i < n; i++)
		fit_addresses(&results[i]->findings);
	for (int i = 0; i < n; i++)
		make_contacts(results[i]);
	store_contacts(stage, results, n);
	wf_store_findings(results, n);
	wf_store_validators(results, n);
}

const WfStoreHooks wf_store_page_hooks = {read_page, store_pages};

void
wf_store_contacts_reset(void)
{
	wf_db_unmake(&read_stmt);
	wf_db_unmake(&write_stmt);
	wf_db_unmake(&advisory_stmt);
}
