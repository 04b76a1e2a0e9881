/*-------------------------------------------------------------------------
 *
 * wf_worker_stage.c
 *	  A worker's transactions on its stages: whose rights, and why not.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "utils/timestamp.h"

#include "wf_encoding.h"
#include "wf_gateway.h"
#include "wf_guc.h"
#include "wf_shmem.h"
#include "wf_sweep.h"
#include "wf_worker_int.h"

typedef struct StageWork
{
	void		(*work) (WfStage *stage, void *arg);
	void	   *arg;
	WfStageId	id;
	Oid			owner;			/* whose rights the transaction has */
	Oid			wanted;			/* whose it should have; differs: try again */
	const char *problem;
} StageWork;

static void
do_stage_work(void *arg)
{
	StageWork  *work = arg;
	WfStage    *stage = wf_stage_get(work->id, &work->problem);

	work->wanted = stage ? stage->owner : InvalidOid;
	if (stage != NULL && work->owner == work->wanted)
		work->work(stage, work->arg);
}

/* Keep why in text; false when it says so already. */
static bool
note_reason(char *text, size_t size, const char *why)
{
	char		copy[sizeof(wf_worker.blocked)];

	wf_encoding_copy(copy, sizeof(copy), why);
	if (strcmp(text, copy) == 0)
		return false;
	strlcpy(text, copy, size);
	if (*why)
		wf_worker.next_poll = TimestampTzPlusMilliseconds(
			wf_clock(), Min(BLOCKED_POLL_MS, wf_curation_poll_interval));
	return true;
}

void
wf_worker_set_blocked(const char *why)
{
	if (!note_reason(wf_worker.blocked, sizeof(wf_worker.blocked), why))
		return;
	if (*why)
		ereport(LOG,
				(errmsg("wf_curation processes nothing in database %u: %s",
						MyDatabaseId, why)));
	else
		ereport(LOG,
				(errmsg("wf_curation processes again in database %u", MyDatabaseId)));
}

void
wf_worker_set_stage_blocked(WfStageId id, const char *why)
{
	WfWorkerStage *stage = &wf_worker.stage[id];

	if (!note_reason(stage->blocked, sizeof(stage->blocked), why))
		return;
	if (*why)
		ereport(LOG,
				(errmsg("stage \"%s\" of wf_curation processes nothing in database %u: %s",
						wf_stage_name(id), MyDatabaseId, why)));
	else
		ereport(LOG,
				(errmsg("stage \"%s\" of wf_curation processes again in database %u",
						wf_stage_name(id), MyDatabaseId)));
}

void
wf_worker_note_trouble(bool storing, const WfDbError *error)
{
	TimestampTz now = wf_clock();
	bool		is_new = wf_worker.trouble[0] == '\0';

	wf_encoding_copy(wf_worker.trouble, sizeof(wf_worker.trouble), error->message);
	wf_worker.trouble_storing = storing;
	if (!is_new && !TimestampDifferenceExceeds(wf_worker.trouble_logged, now, TROUBLE_LOG_MS))
		return;
	wf_worker.trouble_logged = now;
	ereport(LOG,
			(errcode(error->sqlstate),
			 errmsg("wf_curation cannot %s in database %u, and tries again: %s",
					storing ? "store results" : "claim items", MyDatabaseId, error->message)));
}

void
wf_worker_end_trouble(bool storing)
{
	if (wf_worker.trouble[0] == '\0' || wf_worker.trouble_storing != storing)
		return;
	wf_worker.trouble[0] = '\0';
	ereport(LOG,
			(errmsg("wf_curation processes again in database %u", MyDatabaseId)));
}

const char *
wf_worker_blocked(void)
{
	if (wf_worker.trouble[0])
		return wf_worker.trouble;
	if (wf_worker.blocked[0])
		return wf_worker.blocked;
	for (int id = 0; id < WF_STAGE_COUNT; id++)
		if (wf_worker.stage[id].blocked[0])
			return wf_worker.stage[id].blocked;
	return NULL;
}

void
wf_worker_look(bool look)
{
	for (int id = 0; id < WF_STAGE_COUNT; id++)
	{
		wf_worker.stage[id].look = look && wf_stage_specs[id].make_targets;
		wf_worker.stage[id].exhausted = true;	/* a few free slots are reason enough */
		wf_worker.stage[id].wishes.look |= look;
	}
}

/*
 * ALTER DATABASE … SET and the like are read at the start of a session: the worker
 * begins a new one.
 */
static void
look_for_settings(void)
{
	uint32		settings = wf_db_settings();

	wf_worker.renew |= wf_worker.settings_known && settings != wf_worker.settings;
	wf_worker.settings = settings;
	wf_worker.settings_known = true;
}

static void
do_look_for_changes(void *arg)
{
	look_for_settings();
	for (int id = 0; id < WF_STAGE_COUNT; id++)
	{
		WfWorkerStage *stage = &wf_worker.stage[id];
		uint64		changes = wf_stage_changes(id);

		stage->wishes.look = true;
		if (changes == stage->changes && !stage->blocked[0])
			continue;
		stage->changes = changes;
		stage->look = stage->exhausted = true;
	}
}

void
wf_worker_look_for_changes(void)
{
	WfDbError	error;
	bool		ok;

	/* where nobody can announce anything, statistics would come late */
	if (wf_worker.blocked[0] || !wf_shmem_available())
	{
		wf_worker_look(true);
		return;
	}
	wf_worker_enter_transactions();
	ok = wf_db_run("wf_curation: looking for changes", InvalidOid, do_look_for_changes, NULL,
				   &error);
	wf_worker_leave_transactions();
	if (!ok)
		wf_worker_look(true);
}

bool
wf_worker_looks(void)
{
	for (int id = 0; id < WF_STAGE_COUNT; id++)
		if (wf_worker.stage[id].look)
			return true;
	return false;
}

void
wf_worker_reset_picker(WfStageId id)
{
	HASH_SEQ_STATUS seq;
	WfInFlight   *entry;

	wf_pick_reset(wf_worker.picker, id);
	wf_gate_forget_places(wf_worker.gate);
	hash_seq_init(&seq, wf_worker.in_flight);
	while ((entry = hash_seq_search(&seq)) != NULL)
	{
		const WfItem *item = entry->item;

		wf_pick_reserve(wf_worker.picker, item->domain);
		wf_gate_count_place(wf_worker.gate, item->site);
		for (int i = 0; i < item->nholds; i++)
			wf_gate_count_hold(wf_worker.gate, item->holds[i]);
	}
	wf_gate_give_up_idle(wf_worker.gate);
}

/* The tables or whose rights changed: nothing planned or picked is valid. */
static void
forget_plans(WfStageId id)
{
	wf_queue_reset();
	wf_gate_reset();
	wf_gateway_reset();
	wf_store_reset();
	wf_sweep_reset();
	wf_wish_reset();
	wf_worker_reset_picker(id);
}

bool
wf_worker_run_own(const char *activity, void (*work) (void *arg), void *arg, WfDbError *error)
{
	bool		ok;

	wf_worker_enter_transactions();
	ok = wf_db_run(activity, InvalidOid, work, arg, error);
	wf_worker_leave_transactions();
	return ok;
}

bool
wf_worker_run(WfStageId id, const char *activity, void (*work) (WfStage *stage, void *arg),
			  void *arg, WfDbError *error)
{
	WfWorkerStage *stage = &wf_worker.stage[id];
	StageWork	stage_work = {work, arg, id};

	for (int tries = 0; tries < 3; tries++)
	{
		bool		ok;

		stage_work.owner = stage->owner;
		wf_worker_enter_transactions();
		ok = wf_db_run(activity, stage->owner, do_stage_work, &stage_work, error);
		wf_worker_leave_transactions();
		if (!ok)
		{
			/* something may have been renamed or made anew under us */
			wf_stage_reset(id);
			if (!wf_db_is_transient(error->sqlstate))
				forget_plans(id);
			return false;
		}
		if (stage_work.wanted == stage->owner && OidIsValid(stage->owner))
			return true;
		if (stage_work.wanted != stage->owner)
		{
			if (!OidIsValid(stage->owner))
				wf_worker.next_sweep = 0;	/* who knows what happened meanwhile */
			stage->owner = stage_work.wanted;
			forget_plans(id);
		}
		if (!OidIsValid(stage->owner))
			break;
	}
	error->sqlstate = 0;
	error->message = (char *) (stage_work.problem ? stage_work.problem :
							   OidIsValid(stage->owner) ? "the tables keep changing" : "");
	return false;
}

void
wf_worker_report_state(void)
{
	static const char *const activity[] = {
		[WF_WORKER_IDLE] = "wf_curation: idle",
		[WF_WORKER_BUSY] = "wf_curation: waiting for the crawler",
		[WF_WORKER_BLOCKED] = "wf_curation: blocked, see wf_health()",
	};
	WfWorkerState state = wf_worker_blocked() ? WF_WORKER_BLOCKED :
		hash_get_num_entries(wf_worker.in_flight) > 0 ? WF_WORKER_BUSY : WF_WORKER_IDLE;

	pgstat_report_activity(STATE_IDLE, activity[state]);
	wf_shmem_report(state, (int) hash_get_num_entries(wf_worker.in_flight),
					wf_link_pid(wf_worker.link), wf_worker.pages);
	wf_shmem_report_trouble(wf_worker.trouble);
}
