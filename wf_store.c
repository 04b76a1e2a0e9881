/*-------------------------------------------------------------------------
 *
 * wf_store.c
 *	  Results into the database: contacts, final status, history.
 *
 * One transaction for a group of results.  Order: fence (rows locked by
 * ascending id, tokens checked), contacts, status, claims, history.  A status
 * is never visible before what it promises.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "common/pg_prng.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "core/wf_url.h"

#include "wf_guc.h"
#include "wf_store.h"
#include "wf_encoding.h"

#define MAX_RETRY_DELAY_MS	((int64) 6 * 3600 * 1000)
#define MAX_RETRY_AFTER_MS	((int64) 24 * 3600 * 1000)

static WfStatement history_stmt;
static WfStatement advisory_stmt;

static WfSlice
copy_slice(WfSlice src)
{
	WfSlice		copy = {NULL, src.len};

	if (src.len > 0)
	{
		copy.data = palloc(src.len);
		memcpy((char *) copy.data, src.data, src.len);
	}
	return copy;
}

static WfSlice
printf_slice(const char *format, ...) pg_attribute_printf(1, 2);

static WfSlice
printf_slice(const char *format, ...)
{
	char		buf[WF_MAX_VALUE];
	va_list		args;
	int			n;

	va_start(args, format);
	n = vsnprintf(buf, sizeof(buf), format, args);
	va_end(args);
	return copy_slice((WfSlice) {buf, Min((size_t) n, sizeof(buf) - 1)});
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

static const WfFinding *
first_phone(const WfFindings *findings)
{
	for (int i = 0; i < findings->count; i++)
		if (findings->items[i].kind == WF_KIND_PHONE)
			return &findings->items[i];
	return NULL;
}

static void
add_contact(WfResult *result, const WfFinding *finding, const WfFinding *phone, const char *host)
{
	WfContact  *contact = &result->contacts[result->ncontacts++];

	contact->email = copy_slice(finding->value);
	contact->name = finding->name.len ? copy_slice(finding->name)
		: printf_slice("Contact at %s", host);
	contact->phone = finding->phone.len ? copy_slice(finding->phone)
		: phone ? copy_slice(phone->value) : WF_SLICE_EMPTY;
	contact->job_title = copy_slice(finding->job_title);
	contact->context = copy_slice(finding->context);
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
	contact->phone = phone ? copy_slice(phone->value) : WF_SLICE_EMPTY;
	if (wf_curation_placeholder_contacts)
	{
		id = DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(&result->item->id)));
		contact->email = printf_slice("notfound_%s@%s", id, host);
		contact->name = printf_slice("No Contact Found - %s", host);
		contact->placeholder = true;
	}
	else
	{
		contact->name = printf_slice("Contact at %s", host);
		contact->context = copy_slice(phone->context);
	}
}

static void
make_contacts(WfResult *result, const WfFindings *findings)
{
	char		host[WF_MAX_HOST + 1];
	const WfFinding *phone = first_phone(findings);

	url_host(result->item->url, host, sizeof(host));
	result->contacts = palloc0((findings->count + 1) * sizeof(WfContact));
	for (int i = 0; i < findings->count; i++)
		if (findings->items[i].kind == WF_KIND_EMAIL)
			add_contact(result, &findings->items[i], phone, host);
	result->naddresses = result->ncontacts;
	if (result->ncontacts == 0)
		add_substitute(result, phone, host);
}

static void
read_page(WfResult *result, const WfResultMessage *message)
{
	make_contacts(result, &message->findings);
}

static void store_contacts(WfStage *stage, WfResult **results, int n);

static const WfStoreHooks page_hooks = {read_page, store_contacts};

/* NULL where wf_stage_specs has no statements either */
static const WfStoreHooks *const hooks[WF_STAGE_COUNT] = {
	[WF_STAGE_PAGE] = &page_hooks,
};

WfResult *
wf_store_result(WfItem *item, const WfResultMessage *message)
{
	WfResult   *result = palloc0(sizeof(WfResult));

	result->item = item;
	result->outcome = message->outcome;
	result->http_status = message->http_status;
	result->retry_after_ms = message->retry_after_ms;
	result->body_bytes = message->body_bytes;
	result->effective_url = copy_slice(message->effective_url);
	result->finished_at = GetCurrentTimestamp();
	if (message->outcome == WF_OUTCOME_OK)
		hooks[item->stage]->read(result, message);
	else if (message->error.len > 0)
		result->error = copy_slice(message->error);
	else
		result->error = printf_slice("%s", wf_outcome_name(message->outcome));
	return result;
}

WfResult *
wf_store_failure(WfItem *item, WfOutcome outcome, const char *error)
{
	WfResult   *result = palloc0(sizeof(WfResult));

	result->item = item;
	result->outcome = outcome;
	result->error = printf_slice("%s", error);
	result->finished_at = GetCurrentTimestamp();
	return result;
}

static WfFinishAction
action_of(const WfResult *result)
{
	if (wf_outcome_is_success(result->outcome))
		return WF_FINISH_COMPLETE;
	if (result->outcome == WF_OUTCOME_DEFERRED)
		return WF_FINISH_RETRY;
	if (wf_outcome_is_retryable(result->outcome) &&
		result->item->attempt < wf_curation_max_attempts)
		return WF_FINISH_RETRY;
	return WF_FINISH_ERROR;
}

/* Exponential back-off with jitter; what the server asked for wins. */
static TimestampTz
retry_at(const WfResult *result)
{
	int			doublings = Min(result->item->attempt - 1, 20);
	double		jitter = 0.75 + 0.5 * pg_prng_double(&pg_global_prng_state);
	int64		delay = (int64) (wf_curation_retry_delay * pow(2, doublings) * jitter);

	delay = Min(delay, MAX_RETRY_DELAY_MS);
	if (result->retry_after_ms > 0)
		delay = Max(delay, Min((int64) result->retry_after_ms, MAX_RETRY_AFTER_MS));
	return TimestampTzPlusMilliseconds(GetCurrentTimestamp(), delay);
}

/* ------------------------------------------------------------------------
 * Contacts
 * ------------------------------------------------------------------------
 */

/* Parallel arrays for the contact statements, being filled. */
typedef struct ContactArrays
{
	int			n;
	Datum	   *elems[WF_CONTACT_ARGS];
	bool	   *nulls[WF_CONTACT_ARGS];
} ContactArrays;

static void
set_text(ContactArrays *arrays, int which, WfSlice value)
{
	arrays->nulls[which][arrays->n] = value.len == 0;
	if (value.len > 0)
		arrays->elems[which][arrays->n] = CStringGetTextDatum(wf_encoding_from_utf8(value));
}

static void
append_contact(ContactArrays *arrays, const WfResult *result, const WfContact *contact)
{
	const char *url = result->item->url;

	arrays->elems[0][arrays->n] = UUIDPGetDatum(&result->item->id);
	set_text(arrays, 1, contact->email);
	set_text(arrays, 2, contact->name);
	set_text(arrays, 3, contact->phone);
	set_text(arrays, 4, contact->job_title);
	set_text(arrays, 5, (WfSlice) {url, strlen(url)});
	set_text(arrays, 6, contact->context);
	arrays->n++;
}

/* A contact of the group, by domain and address, to store each only once. */
typedef struct ContactKey
{
	WfDomainKey domain;
	uint32		hash1;
	uint32		hash2;
} ContactKey;

typedef struct ContactEntry
{
	ContactKey	key;
	WfContact  *contact;
} ContactEntry;

static HTAB *
create_contact_hash(void)
{
	HASHCTL		ctl = {0};

	ctl.keysize = sizeof(ContactKey);
	ctl.entrysize = sizeof(ContactEntry);
	ctl.hcxt = CurrentMemoryContext;
	return hash_create("wf_curation contacts of a group", 128, &ctl,
					   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

/*
 * Is this contact new in the group?  If not, the one seen first gains its
 * phone.  Values are in lower case already (WfFinding).
 */
static bool
is_new_contact(HTAB *seen, const WfResult *result, WfContact *contact)
{
	ContactKey	key;
	ContactEntry *entry;
	bool		found;

	if (contact->email.len == 0)
		return true;
	memset(&key, 0, sizeof(key));
	key.domain = result->item->domain;
	key.hash1 = hash_bytes((const unsigned char *) contact->email.data, contact->email.len);
	key.hash2 = DatumGetUInt32(hash_any_extended((const unsigned char *) contact->email.data,
												 contact->email.len, 0x5f5f));
	entry = hash_search(seen, &key, HASH_ENTER, &found);
	if (!found)
		entry->contact = contact;
	else if (entry->contact->phone.len == 0)
		entry->contact->phone = contact->phone;
	return !found;
}

/* The group's contacts without doubles; returns how many. */
static int
collect_contacts(WfResult **results, int n, ContactArrays *arrays)
{
	HTAB	   *seen = create_contact_hash();
	int			total = 0;
	bool	   *is_new;
	int			at = 0;

	for (int i = 0; i < n; i++)
		total += results[i]->ncontacts;
	is_new = palloc0(Max(total, 1) * sizeof(bool));
	for (int i = 0; i < n; i++)
		for (int c = 0; c < results[i]->ncontacts; c++)
			is_new[at++] = is_new_contact(seen, results[i], &results[i]->contacts[c]);
	for (int a = 0; a < WF_CONTACT_ARGS; a++)
	{
		arrays->elems[a] = palloc0(Max(total, 1) * sizeof(Datum));
		arrays->nulls[a] = palloc0(Max(total, 1) * sizeof(bool));
	}
	arrays->n = at = 0;
	for (int i = 0; i < n; i++)
		for (int c = 0; c < results[i]->ncontacts; c++)
			if (is_new[at++])
				append_contact(arrays, results[i], &results[i]->contacts[c]);
	hash_destroy(seen);
	return arrays->n;
}

/*
 * Where no unique index serves (for contacts without a domain none does),
 * writers of one domain's contacts take turns: advisory locks of the
 * transaction, in ascending order.  Returns whether there was one to take.
 */
static bool
lock_domains(const WfStage *stage, WfResult **results, int n)
{
	Datum	   *elems = palloc(n * sizeof(Datum));
	Datum		values[1];
	int			nlocks = 0;

	for (int i = 0; i < n; i++)
	{
		const WfDomainKey *domain = &results[i]->item->domain;

		if (!stage->targets_by_key || domain->is_null)
			elems[nlocks++] = Int64GetDatum((int64) DatumGetUInt64(
				hash_any_extended((const unsigned char *) domain, sizeof(*domain), 0)));
	}
	if (nlocks == 0)
		return false;
	values[0] = wf_db_array(elems, NULL, nlocks, INT8OID);
	if (advisory_stmt.sql == NULL)
	{
		advisory_stmt.sql = "SELECT pg_advisory_xact_lock(k) FROM"
			" (SELECT DISTINCT k FROM unnest($1) k ORDER BY k) s";
		advisory_stmt.nargs = 1;
		advisory_stmt.argtypes[0] = INT8ARRAYOID;
	}
	wf_db_execute(&advisory_stmt, WF_AS_SELF, values, NULL);
	SPI_freetuptable(SPI_tuptable);
	return true;
}

static void
store_contacts(WfStage *stage, WfResult **results, int n)
{
	ContactArrays arrays;
	Datum		values[WF_CONTACT_ARGS];

	if (n == 0 || collect_contacts(results, n, &arrays) == 0)
		return;
	for (int a = 0; a < WF_CONTACT_ARGS; a++)
		values[a] = wf_db_array(arrays.elems[a], arrays.nulls[a], arrays.n,
							   a == 0 ? UUIDOID : TEXTOID);
	if (lock_domains(stage, results, n) && stage->stmt[WF_STMT_CONTACTS_UPDATE].sql)
		wf_db_execute(&stage->stmt[WF_STMT_CONTACTS_UPDATE], WF_AS_OWNER, values, NULL);
	wf_db_execute(&stage->stmt[WF_STMT_CONTACTS_INSERT], WF_AS_OWNER, values, NULL);
}

/* ------------------------------------------------------------------------
 * Status and history
 * ------------------------------------------------------------------------
 */

/* Label of the result column for an item that ended this way; -1: keep. */
static int
result_label(const WfResult *result, WfFinishAction action)
{
	if (action == WF_FINISH_RETRY)
		return -1;
	if (action == WF_FINISH_ERROR)
		return WF_RESULT_ERROR;
	return result->naddresses > 0 ? WF_RESULT_FOUND : WF_RESULT_NOT_FOUND;
}

static void
finish_items(WfStage *stage, WfResult **results, int n)
{
	Datum	   *elems[4];
	bool	   *null_error = palloc0(n * sizeof(bool));
	Datum		values[4];

	for (int a = 0; a < 4; a++)
		elems[a] = palloc0(n * sizeof(Datum));
	for (int i = 0; i < n; i++)
	{
		WfFinishAction action = action_of(results[i]);

		elems[0][i] = UUIDPGetDatum(&results[i]->item->id);
		elems[1][i] = Int32GetDatum(action);
		null_error[i] = action == WF_FINISH_COMPLETE;
		if (!null_error[i])
			elems[2][i] =
				CStringGetTextDatum(wf_encoding_from_utf8_cut(results[i]->error, WF_MAX_ERROR));
		elems[3][i] = Int32GetDatum(result_label(results[i], action));
	}
	values[0] = wf_db_array(elems[0], NULL, n, UUIDOID);
	values[1] = wf_db_array(elems[1], NULL, n, INT4OID);
	values[2] = wf_db_array(elems[2], null_error, n, TEXTOID);
	values[3] = wf_db_array(elems[3], NULL, n, INT4OID);
	wf_db_execute(&stage->stmt[WF_STMT_FINISH], WF_AS_OWNER, values, NULL);
}

static void
settle_claims(WfResult **results, int n, WfStoreCounts *counts)
{
	WfItem	  **ended = palloc(n * sizeof(WfItem *));
	WfItem	  **waiting = palloc(n * sizeof(WfItem *));
	TimestampTz *times = palloc(n * sizeof(TimestampTz));
	int			nended = 0;
	int			nwaiting = 0;

	for (int i = 0; i < n; i++)
	{
		if (action_of(results[i]) != WF_FINISH_RETRY)
		{
			ended[nended++] = results[i]->item;
			continue;
		}
		times[nwaiting] = retry_at(results[i]);
		if (counts->next_due == 0 || times[nwaiting] < counts->next_due)
			counts->next_due = times[nwaiting];
		waiting[nwaiting++] = results[i]->item;
	}
	wf_queue_forget(ended, nended);
	wf_queue_wait(waiting, times, nwaiting);
}

#define HISTORY_ARGS 10			/* arrays; the stage follows */

static void
make_history_statement(void)
{
	static const Oid types[HISTORY_ARGS] = {UUIDARRAYOID, INT4ARRAYOID, TEXTARRAYOID,
		TIMESTAMPTZARRAYOID, TIMESTAMPTZARRAYOID, TEXTARRAYOID, INT4ARRAYOID, INT8ARRAYOID,
	INT4ARRAYOID, TEXTARRAYOID};

	if (history_stmt.sql)
		return;
	history_stmt.sql = MemoryContextStrdup(TopMemoryContext,
		psprintf("INSERT INTO %s (stage, item, attempt, url, started_at, finished_at,"
				 " worker_pid, outcome, http_status, bytes, contacts, error) "
				 "SELECT $11, u.item, u.attempt, u.url, u.started, u.finished,"
				 " pg_backend_pid(), u.outcome, u.http, u.bytes, u.contacts, u.error"
				 " FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
				 " u(item, attempt, url, started, finished, outcome, http, bytes, contacts, error)",
				 wf_stage_own_table("wf_attempt")));
	history_stmt.nargs = HISTORY_ARGS;
	memcpy(history_stmt.argtypes, types, sizeof(types));
	history_stmt.argtypes[history_stmt.nargs++] = TEXTOID;
}

static void
write_history(const WfStage *stage, WfResult **results, int n)
{
	static const Oid types[HISTORY_ARGS] = {UUIDOID, INT4OID, TEXTOID, TIMESTAMPTZOID,
		TIMESTAMPTZOID, TEXTOID, INT4OID, INT8OID, INT4OID, TEXTOID};
	Datum	   *elems[HISTORY_ARGS];
	bool	   *nulls[HISTORY_ARGS];
	Datum		values[HISTORY_ARGS + 1];

	for (int a = 0; a < HISTORY_ARGS; a++)
	{
		elems[a] = palloc0(n * sizeof(Datum));
		nulls[a] = palloc0(n * sizeof(bool));
	}
	for (int i = 0; i < n; i++)
	{
		const WfResult *r = results[i];

		elems[0][i] = UUIDPGetDatum(&r->item->id);
		elems[1][i] = Int32GetDatum(r->item->attempt);
		elems[2][i] = CStringGetTextDatum(
			wf_encoding_from_utf8((WfSlice){r->item->url, strlen(r->item->url)}));
		elems[3][i] = TimestampTzGetDatum(r->item->claimed_at);
		elems[4][i] = TimestampTzGetDatum(r->finished_at);
		elems[5][i] = CStringGetTextDatum(wf_outcome_name(r->outcome));
		elems[6][i] = Int32GetDatum(r->http_status);
		nulls[6][i] = r->http_status == 0;
		elems[7][i] = Int64GetDatum((int64) r->body_bytes);
		elems[8][i] = Int32GetDatum(r->naddresses);
		nulls[9][i] = r->error.len == 0;
		if (!nulls[9][i])
			elems[9][i] = CStringGetTextDatum(wf_encoding_from_utf8_cut(r->error, WF_MAX_ERROR));
	}
	for (int a = 0; a < HISTORY_ARGS; a++)
		values[a] = wf_db_array(elems[a], nulls[a], n, types[a]);
	values[HISTORY_ARGS] = CStringGetTextDatum(stage->name);
	make_history_statement();
	wf_db_execute(&history_stmt, WF_AS_SELF, values, NULL);
}

void
wf_store_reset(void)
{
	wf_db_forget(&history_stmt);
	if (history_stmt.sql)
		pfree((char *) history_stmt.sql);
	history_stmt.sql = NULL;
}

static void
count_result(const WfResult *result, WfStoreCounts *counts)
{
	switch (action_of(result))
	{
		case WF_FINISH_COMPLETE:
			counts->completed++;
			counts->contacts += result->naddresses;
			break;
		case WF_FINISH_ERROR:
			counts->failed++;
			break;
		case WF_FINISH_RETRY:
			counts->retried++;
			break;
	}
}

void
wf_store_group(WfStage *stage, WfResult **results, int n, WfStoreCounts *counts)
{
	WfItem	  **items = palloc(n * sizeof(WfItem *));
	bool	   *valid = palloc(n * sizeof(bool));
	WfResult  **ours = palloc(n * sizeof(WfResult *));
	int			nours = 0;

	memset(counts, 0, sizeof(*counts));
	for (int i = 0; i < n; i++)
		items[i] = results[i]->item;
	wf_queue_fence(stage, items, n, valid);
	for (int i = 0; i < n; i++)
	{
		if (valid[i])
			ours[nours++] = results[i];
		else
			counts->dropped++;
	}
	if (nours == 0)
		return;
	hooks[stage->id]->store(stage, ours, nours);
	finish_items(stage, ours, nours);
	settle_claims(ours, nours, counts);
	write_history(stage, ours, nours);
	for (int i = 0; i < nours; i++)
		count_result(ours[i], counts);
}
