/*-------------------------------------------------------------------------
 *
 * wf_worker_entries.c
 *	  Entries of sitemaps and domains as they come from the crawler.
 *
 * Those of a sitemap file are stored at once, while the crawler waits: the
 * worker never holds more than one message of them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "wf_encoding.h"
#include "wf_guc.h"
#include "wf_store_entries.h"
#include "wf_worker_int.h"

#define MAX_DOMAIN_ENTRIES	1000
#define STORE_TRIES			3		/* of one message, when others are in the way */

typedef struct EntriesWork
{
	WfItem	   *item;
	const WfEntriesMessage *message;
	bool		ours;			/* the item still is */
	int			too_deep;		/* sitemaps that were left out for that */
} EntriesWork;

static void
do_store_entries(WfStage *stage, void *arg)
{
	EntriesWork *work = arg;

	wf_queue_fence(stage, &work->item, 1, &work->ours);
	if (work->ours)
		work->too_deep = wf_store_entries(stage, work->item, work->message->items,
										  work->message->count);
}

/* Nothing more is wanted of the item. */
static void
give_up(WfItem *item, const char *why)
{
	char		text[WF_MAX_ERROR] = "could not store its URLs: ";
	size_t		len = strlen(text);

	wf_encoding_copy_utf8(text + len, sizeof(text) - len, why);
	(void) wf_link_cancel(wf_worker.link, item->token);
	wf_worker_fail_item(item, WF_OUTCOME_STORE, text);
}

static void
store_now(WfItem *item, const WfEntriesMessage *message)
{
	EntriesWork work = {item, message};
	WfDbError	error;

	if (item->domain.is_null)
	{
		give_up(item, "the sitemap file belongs to no domain");
		return;
	}
	for (int tries = 1;; tries++)
	{
		if (wf_worker_run(item->stage, "wf_curation: storing URLs of a sitemap",
						  do_store_entries, &work, &error))
		{
			/* somebody else's by now: its result will be dropped, too */
			item->nentries += message->count;
			item->too_deep += work.ours ? work.too_deep : 0;
			wf_worker.stage[WF_STAGE_SITEMAP_FILE].look |= message->items[0].is_sitemap;
			wf_worker.stage[WF_STAGE_PAGE].look |= wf_curation_auto_select;
			return;
		}
		if (tries == STORE_TRIES || error.sqlstate == 0 || !wf_db_is_transient(error.sqlstate))
			break;
	}
	give_up(item, error.message);
}

/* Add to what waits for the domain's result, as one piece of memory. */
static void
keep(WfItem *item, const WfEntriesMessage *message)
{
	int			n = item->nentries + message->count;
	size_t		size = n * sizeof(WfEntry);
	WfEntry    *entries;
	char	   *text;

	if (n > MAX_DOMAIN_ENTRIES)
		return;
	for (int i = 0; i < n; i++)
		size += (i < item->nentries ? item->entries[i] :
				 message->items[i - item->nentries]).url.len;
	entries = MemoryContextAlloc(wf_worker.item_context, size);
	text = (char *) (entries + n);
	for (int i = 0; i < n; i++)
	{
		entries[i] = i < item->nentries ? item->entries[i] : message->items[i - item->nentries];
		memcpy(text, entries[i].url.data, entries[i].url.len);
		entries[i].url.data = text;
		text += entries[i].url.len;
	}
	if (item->entries)
		pfree(item->entries);
	item->entries = entries;
	item->nentries = n;
}

/* See wf_worker_int.h. */
void
wf_worker_handle_entries(const WfEntriesMessage *message, void *arg)
{
	WfInFlight *entry = hash_search(wf_worker.in_flight, &message->seq, HASH_FIND, NULL);

	if (entry == NULL || entry->item->ended)
		return;					/* cancelled, or something nobody asked for */
	switch (entry->item->stage)
	{
		case WF_STAGE_SITEMAP_FILE:
			if (entry->item->nentries + message->count <= WF_SITEMAP_MAX_URLS)
				store_now(entry->item, message);
			break;
		case WF_STAGE_DOMAIN:
			keep(entry->item, message);
			break;
		default:
			break;
	}
}
