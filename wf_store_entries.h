/*-------------------------------------------------------------------------
 *
 * wf_store_entries.h
 *	  What the stages before pages bring home, into the database.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_STORE_ENTRIES_H
#define WF_STORE_ENTRIES_H

#include "wf_store.h"

/*
 * Entries of a sitemap file or a domain: those that are known gain what is
 * newer, the others come to be.  Doing it again changes nothing.  Must be
 * called inside wf_db_run, the item's row being locked and its claim ours.
 * Returns how many sitemaps lie deeper than indexes are followed: not stored.
 */
extern int	wf_store_entries(WfStage *stage, WfItem *item, const WfEntry *entries, int n);

extern const WfStoreHooks wf_store_sitemap_file_hooks;
extern const WfStoreHooks wf_store_domain_hooks;

#endif							/* WF_STORE_ENTRIES_H */
