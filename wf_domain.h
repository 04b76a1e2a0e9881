/*-------------------------------------------------------------------------
 *
 * wf_domain.h
 *	  Domains: what people mean by one, and finding or creating its row.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_DOMAIN_H
#define WF_DOMAIN_H

#include "utils/uuid.h"

#include "wf_db.h"
#include "wf_part.h"

/* For what a text is read as a domain. */
typedef enum WfDomainUse
{
	WF_DOMAIN_ANY,				/* somebody asks for that very domain */
	WF_DOMAIN_OWN_SITE			/* the web site of somebody: not a page in a social network */
} WfDomainUse;

/* A domain that is wanted for a parent row, and what became of it. */
typedef struct WfDomainWish
{
	Datum		parent;			/* uuid of the row to copy from and to link; 0: none */
	char	   *host;			/* normal form (core/wf_website.h), NULL if there is a fault */
	const char *fault;			/* what is wrong, as the end of "it …"; NULL: nothing */
	bool		is_message;		/* fault is a sentence of its own */
	bool		found;			/* id is set */
	bool		created;
	pg_uuid_t	id;
} WfDomainWish;

typedef struct WfDomains WfDomains;

/*
 * Read text (in the database's encoding) as a domain: sets host or fault, in the
 * current memory context.  IP addresses are domains only where
 * wf_curation.allowed_networks names them.
 */
extern void wf_domain_read(WfDomainWish *wish, const char *text, WfDomainUse use);

/* Forget what wf_domains_ensure found, to try again. */
extern void wf_domain_reset(WfDomainWish *wish);

/*
 * Run step(arg) in a subtransaction of a user's transaction.  True if it went
 * well.  False, with the error, if it failed for a reason that lies in the rows;
 * other errors pass through (cancel, deadlock, serialization, resources, read only).
 */
extern bool wf_domain_attempt(void (*step) (void *), void *arg, WfDbError *error);

/*
 * The attached table of domains, ready for the calls below; "parents" is the
 * table that parent rows are in, or NULL.  In the current memory context.
 */
extern WfDomains *wf_domains_open(const WfBinding *domains, const WfBinding *parents);

/*
 * Find the row of each wished host, in its normal form or as old data may spell
 * it, or create it; two sessions never create one twice.  A domain that is not
 * linked to a business is linked to the first parent that wishes for it, where
 * parents are businesses.  Sets id, found and created, or fault.
 * Runs with the invoker's rights, through SPI, which must be connected.
 */
extern void wf_domains_ensure(WfDomains *domains, WfDomainWish *wishes, int n);

#endif							/* WF_DOMAIN_H */
