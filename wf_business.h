/*-------------------------------------------------------------------------
 *
 * wf_business.h
 *	  From businesses to domains (WF3): no network, hence done in the
 *	  transaction that selects a business.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_BUSINESS_H
#define WF_BUSINESS_H

#include "utils/uuid.h"

/* Name of the trigger that does it, beside the one that attaches the table. */
#define WF_BUSINESS_TRIGGER "zz_wf_curation_domain"

/*
 * Remember that the row of that id is about to be queued.  A hint: what is
 * really queued says the table, when the trigger above fires.
 */
extern void wf_business_remember(const pg_uuid_t *id);

#endif							/* WF_BUSINESS_H */
