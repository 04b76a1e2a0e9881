/*-------------------------------------------------------------------------
 *
 * wf_netguard.h
 *	  Which hosts, addresses and ports the crawler may talk to.
 *
 * The decision that counts is wf_netguard_allows_address, made on the address
 * a socket is about to be connected to: names, spellings, redirects and
 * changing DNS answers all end there.  The checks of names and literals save
 * a look-up and serve callers that never see the address.
 *
 * Rule: an address inside a listed network is allowed, with any port; any
 * other address must be global unicast and its port be listed.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_NETGUARD_H
#define WF_NETGUARD_H

#include <sys/socket.h>

#include "wf_core.h"

typedef struct WfNetguard WfNetguard;

typedef struct WfNetguardLists
{
	const char *allowed_networks;	/* CIDR list; empty: public addresses only */
	const char *allowed_ports;	/* "80,443" */
	const char *allowed_hosts;	/* names or "*.name"; empty: all */
	const char *denied_hosts;
} WfNetguardLists;

/* Why a URL's host and port are refused before any look-up. */
typedef enum WfNetguardVerdict
{
	WF_NETGUARD_ALLOWED = 0,
	WF_NETGUARD_HOST,			/* by allowed_hosts or denied_hosts */
	WF_NETGUARD_ADDRESS,		/* a literal or a local name that is not public */
	WF_NETGUARD_PORT
} WfNetguardVerdict;

/* NULL when a list does not parse or memory is short. */
extern WfNetguard *wf_netguard_create(const WfNetguardLists *lists);
extern void wf_netguard_free(WfNetguard *guard);

/* Syntax checks of the lists above; an empty list is acceptable. */
extern bool wf_netguard_networks_valid(const char *list);
extern bool wf_netguard_ports_valid(const char *list);
extern bool wf_netguard_hosts_valid(const char *list);

/*
 * True when a connection to this address and port may be opened.  Any family
 * but IPv4 and IPv6 is refused.
 */
extern bool wf_netguard_allows_address(const WfNetguard *guard,
									   const struct sockaddr *address, socklen_t len);

/* The same for an address in text form, as libcurl reports it. */
extern bool wf_netguard_allows_text(const WfNetguard *guard, const char *address, int port);

/*
 * Check host (lower case, without brackets) and port of a URL before it is
 * resolved.  Allowed here says nothing about the address behind a name.
 */
extern WfNetguardVerdict wf_netguard_check_host(const WfNetguard *guard, WfSlice host,
												int port);

/*
 * The same for the target of a request that a gateway makes for us.  No socket
 * of ours will show the address behind the name, and allowed_networks means
 * our networks, not the gateway's: it opens nothing here.  Literals must be
 * public, names must have a meaning on the Internet, ports must be listed.
 */
extern WfNetguardVerdict wf_netguard_check_target(const WfNetguard *guard, WfSlice host,
												  int port);

/* True when host is domain, the domain without its "www.", or below that. */
extern bool wf_netguard_host_in_domain(WfSlice host, WfSlice domain);

/* True for global unicast: may be reached from anywhere on the Internet. */
extern bool wf_netguard_is_public(const struct sockaddr *address, socklen_t len);

/*
 * Remember the addresses of this machine's interfaces: they are refused like
 * private ones.  Called once, before the sandbox; no effect when they cannot
 * be read.
 */
typedef struct WfOwnAddresses WfOwnAddresses;

extern WfOwnAddresses *wf_netguard_own_addresses(void);
extern void wf_netguard_own_addresses_free(WfOwnAddresses *own);

/* The guard borrows "own", which must outlive it; NULL for none. */
extern void wf_netguard_refuse_own(WfNetguard *guard, const WfOwnAddresses *own);

#endif							/* WF_NETGUARD_H */
