/*-------------------------------------------------------------------------
 *
 * wf_worker_stage.c
 *	  A worker's transactions on its stage: whose rights, and why not.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/timestamp.h"

#include "wf_encoding.h"
#include "wf_guc.h"
#include "wf_shmem.h"
#include "wf_sweep.h"
#include "wf_worker_int.h"

typedef struct StageWork
{
	void		(*work) (WfStage *stage, void *arg);
	void	   *arg;
	Oid			owner;			/* whose rights the transaction has */
	Oid			wanted;			/* whose it should have; differs: try again */
	const char *problem;
} StageWork;

static void
do_stage_work(void *arg)
{
	StageWork  *work = arg;
	WfStage    *stage = wf_stage_get(&work->problem);

	work->wanted = stage ? stage->owner : InvalidOid;
	if (stage != NULL && work->owner == work->wanted)
		work->work(stage, work->arg);
}

void
wf_worker_set_blocked(const char *why)
{
	char		text[sizeof(wf_worker.blocked)];

	wf_encoding_copy(text, sizeof(text), why);
	if (strcmp(wf_worker.blocked, text) == 0)
		return;
	strcpy(wf_worker.blocked, text);
	if (*why)
	{
		wf_worker.next_poll = TimestampTzPlusMilliseconds(
			GetCurrentTimestamp(), Min(BLOCKED_POLL_MS, wf_curation_poll_interval));
		ereport(LOG,
				(errmsg("wf_curation processes nothing in database %u: %s",
						MyDatabaseId, why)));
	}
	else
		ereport(LOG,
				(errmsg("wf_curation processes again in database %u", MyDatabaseId)));
}

/* Start picking anew; only what is in flight counts against its domain. */
void
wf_worker_reset_picker(void)
{
	HASH_SEQ_STATUS seq;
	WfInFlight   *entry;

	wf_pick_reset(wf_worker.picker);
	hash_seq_init(&seq, wf_worker.in_flight);
	while ((entry = hash_seq_search(&seq)) != NULL)
		wf_pick_reserve(wf_worker.picker, entry->item->domain);
}

/* The tables or whose rights changed: nothing planned or picked is valid. */
static void
forget_plans(void)
{
	wf_queue_reset();
	wf_store_reset();
	wf_sweep_reset();
	wf_worker_reset_picker();
}

/*
 * Run work on the stage in a transaction with the rights it needs.  False if
 * that failed (*error) or the stage cannot run (wf_worker.blocked; error->sqlstate
 * is 0 then).
 */
bool
wf_worker_run(const char *activity, void (*work) (WfStage *stage, void *arg), void *arg,
			 WfDbError *error)
{
	StageWork	stage_work = {work, arg};

	for (int tries = 0; tries < 3; tries++)
	{
		bool		ok;

		stage_work.owner = wf_worker.owner;
		wf_worker_in_transaction = true;
		ok = wf_db_run(activity, wf_worker.owner, do_stage_work, &stage_work, error);
		wf_worker_in_transaction = false;
		if (!ok)
		{
			/* something may have been renamed or made anew under us */
			wf_stage_reset();
			if (!wf_db_is_transient(error->sqlstate))
				forget_plans();
			return false;
		}
		if (stage_work.wanted == wf_worker.owner && OidIsValid(wf_worker.owner))
			return true;
		if (!OidIsValid(wf_worker.owner))
			wf_worker.next_sweep = 0;	/* who knows what happened meanwhile */
		wf_worker.owner = stage_work.wanted;
		forget_plans();
		if (!OidIsValid(wf_worker.owner))
			break;
	}
	error->sqlstate = 0;
	error->message = (char *) (stage_work.problem ? stage_work.problem : "the tables keep changing");
	return false;
}

void
wf_worker_report_state(void)
{
	WfWorkerState state = wf_worker.blocked[0] ? WF_WORKER_BLOCKED :
		hash_get_num_entries(wf_worker.in_flight) > 0 ? WF_WORKER_BUSY : WF_WORKER_IDLE;

	wf_shmem_report(state, (int) hash_get_num_entries(wf_worker.in_flight),
					wf_link_pid(wf_worker.link), wf_worker.pages);
}
