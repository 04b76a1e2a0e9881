/*-------------------------------------------------------------------------
 *
 * wf_store_children.h
 *	  How far a request for an index of sitemaps reaches.
 *
 * Everything here must be called inside wf_db_run.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_STORE_CHILDREN_H
#define WF_STORE_CHILDREN_H

#include "wf_store.h"

/* Where an index stands in the request that it is part of. */
typedef struct WfDescent
{
	int			depth;			/* 0: somebody asked for it by itself */
	int64		request;		/* numbers the request */
} WfDescent;

/*
 * The index whose sitemaps are about to be stored: part of a request that goes on,
 * or one of its own.
 */
extern void wf_children_begin(const WfItem *item, WfDescent *descent);

/*
 * Store and queue the sitemaps that an index lists, once for each request: new ones,
 * and known ones that people did not put aside and that are not under way.  values
 * are the arguments of the stage's entry statements.  Locks rows of sitemap_files.
 */
extern void wf_children_queue(WfStage *stage, const WfDescent *descent, Datum *values);

/*
 * Of so many sitemaps that an index on the deepest level lists: how many this request
 * would have to queue and does not.  values as above.  Stores nothing.
 */
extern int	wf_children_left_out(WfStage *stage, const WfDescent *descent, Datum *values,
								 int listed);

/* These results end their items: who asks for one of them again makes a new request. */
extern void wf_children_end(WfResult **results, int n);

/* The extension was perhaps created anew: make the statements again. */
extern void wf_children_reset(void);

#endif							/* WF_STORE_CHILDREN_H */
