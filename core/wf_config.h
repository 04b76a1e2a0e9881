/*-------------------------------------------------------------------------
 *
 * wf_config.h
 *	  The crawler's settings: one table for the CONFIG message, for the
 *	  command line (--max-body-size=…) and for their limits.
 *
 * Names are those of the server settings without the prefix, so that there is
 * one name for one thing; values are plain numbers in the unit given here.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_CONFIG_H
#define WF_CONFIG_H

#include "wf_core.h"

typedef struct WfConfig
{
	int64_t		max_body_size;	/* bytes, decoded */
	int			max_redirects;
	int			request_timeout;	/* ms, whole transfer */
	int			connect_timeout;	/* ms */
	int			max_concurrency;	/* transfers at once */
	int			max_concurrency_per_host;
	int			host_delay;		/* ms between starts on one host; 0 none */
	int			retry_delay;	/* ms, first pause of a host that fails */
	bool		verify_tls;
	bool		respect_robots;
	bool		require_domain_match;
	bool		offsite_urls;	/* sitemaps may name pages of other sites */
	char	   *user_agent;		/* malloc'ed strings, never NULL */
	char	   *allowed_networks;	/* CIDR list, comma separated; empty: public only */
	char	   *allowed_ports;	/* "80,443" */
	char	   *allowed_hosts;	/* names, "*.name" for subdomains; empty: all */
	char	   *denied_hosts;
	char	   *default_region;
	char	   *gateway_url;	/* empty: there is none */
	char	   *gateway_options;	/* "name=value, …" */
	char	   *gateway_key;
	int			gateway_timeout;	/* ms, of one call */
} WfConfig;

extern void wf_config_init(WfConfig *config);	/* defaults */
extern void wf_config_free(WfConfig *config);

/*
 * Set one value from text ("on"/"off"/"1"/"0" for booleans).  WF_ERR_SYNTAX
 * for an unknown name or an unacceptable value, the config unchanged.
 */
extern WfStatus wf_config_set(WfConfig *config, const char *name, const char *value);

#endif							/* WF_CONFIG_H */
