/*-------------------------------------------------------------------------
 *
 * wf_gate_int.h
 *	  Shared by wf_gate.c (sites in memory, locks) and wf_gate_store.c (in
 *	  tables).  Included by those only.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_GATE_INT_H
#define WF_GATE_INT_H

#include "nodes/pg_list.h"
#include "utils/hsearch.h"

#include "wf_gate.h"

/* A site as this worker knows it. */
typedef struct WfSite
{
	uint64		key;			/* hash key; must be first */
	char	   *name;			/* in the gate's context; NULL while clean */
	int			in_flight;		/* items of ours */
	int			holds;			/* items of ours that redirects led here */
	bool		owned;			/* we have its lock */
	bool		shared;			/* used without one, as the others do */
	bool		unread;			/* taken, but its state was not read yet */
	bool		dirty;			/* state to be written */
	TimestampTz until;			/* no request before; 0 none */
	TimestampTz retry;			/* another worker had it: ask again then */
	TimestampTz robots_until;	/* the crawler knows its robots.txt so long */
	WfSiteState state;			/* numbers; its wait_ms is in until */
} WfSite;

struct WfGate
{
	MemoryContext context;
	HTAB	   *sites;
	int			owned;
	List	   *unread;			/* of WfSite: those taken and not read yet */
	List	   *dirty;			/* of WfSite: those to be written */
	WfArena    *out_arena;		/* messages for the crawler, as frames */
	WfBuffer	out;
	MemoryContext robots_context;
	List	   *robots;			/* of WfRobotsFile to be written, in that context */
	size_t		robots_bytes;
	TimestampTz wake;
};

/* Is there nothing that others would have to know? */
extern bool wf_gate_is_clean(const WfSite *site);

/* Remember a site's name. */
extern void wf_gate_set_name(WfGate *gate, WfSite *site, WfSlice name);

#endif							/* WF_GATE_INT_H */
