/*-------------------------------------------------------------------------
 *
 * wf_gateway.h
 *	  What a gateway fetches, and what that may cost.
 *
 * A page or a sitemap file is one call; a search of a domain up to
 * WF_GATEWAY_SEARCH_CALLS of them, one after the other.
 *
 * The worker decides it when it claims: in the same transaction credits are
 * set aside for each call, and a slot is taken, of which the database has
 * gateway_max_concurrency.  What a call did cost is settled in the transaction
 * that stores its result.  Credits whose calls nobody heard of again stay
 * spent: so the budget holds whatever crashes.
 *
 * What was fetched the one way and failed may be tried the other way
 * (gateway_mode); wf_claim.fallback remembers that it is to be.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_GATEWAY_H
#define WF_GATEWAY_H

#include "core/wf_gateway_call.h"
#include "core/wf_outcome.h"

#include "wf_gate.h"
#include "wf_queue.h"

/* Values of wf_curation.gateway_mode. */
typedef enum WfGatewayMode
{
	WF_GATEWAY_DIRECT = 0,		/* nothing by the gateway */
	WF_GATEWAY_ONLY,			/* everything */
	WF_GATEWAY_DIRECT_FIRST,	/* what could not be fetched directly */
	WF_GATEWAY_FIRST			/* everything; directly when that fails */
} WfGatewayMode;

/* The mode that is in force: DIRECT where there is no gateway. */
extern WfGatewayMode wf_gateway_mode(void);

/* The key of the gateway's site at the gate; 0 when there is no gateway. */
extern uint64 wf_gateway_site(void);

/*
 * What keeps this process from reading the key, or NULL; a static text that
 * names neither the file nor the key.
 */
extern const char *wf_gateway_key_problem(void);

/*
 * Before a claim, inside wf_db_run: reads what is known of the gateway, takes
 * slots and may lower request->n to what can be fetched.  False when nothing can
 * for now; *wake then says when to look again.  Raises an error when the only way
 * is the gateway and it cannot be used: no key, or no credits.
 */
extern bool wf_gateway_plan(WfClaimRequest *request, TimestampTz *wake);

/*
 * After the claim, in its transaction: gives items to the gateway and sets
 * credits aside.  Those that must wait for it get item->put_off.
 */
extern void wf_gateway_assign(WfClaimRequest *request);

/* A claim failed or ended: slots taken for it that no item got are free. */
extern void wf_gateway_forget_plan(void);

/* The item is no longer in flight: its slot is free. */
extern void wf_gateway_leave(WfItem *item);

/*
 * Give back what was set aside for calls and not spent.  Inside wf_db_run, in
 * the transaction that ends the items; item->credits_used says what was spent.
 */
extern void wf_gateway_settle(WfItem **items, int n);

/*
 * Is an item that ended like this to be fetched the other way, at once and
 * whatever its number of attempts?  "by_gateway": the gateway decided it.  Not
 * when the other way is the gateway and the last claim could not use it.
 */
extern bool wf_gateway_switches(const WfItem *item, WfOutcome outcome, int http_status,
								bool by_gateway);

/* SQL of the present month, as wf_gateway_credits has it. */
extern const char *wf_gateway_month_sql(void);

/* The extension was perhaps created anew: make our statements again. */
extern void wf_gateway_reset(void);

#endif							/* WF_GATEWAY_H */
