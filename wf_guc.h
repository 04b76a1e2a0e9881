/*-------------------------------------------------------------------------
 *
 * wf_guc.h
 *	  The settings.  C name = setting name with '.' replaced by '_'.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_GUC_H
#define WF_GUC_H

/* server level: no session can weaken them */
extern bool wf_curation_enabled;
extern char *wf_curation_databases;
extern int	wf_curation_workers;
extern char *wf_curation_role;
extern char *wf_curation_queue_on;
extern char *wf_curation_allowed_networks;
extern char *wf_curation_allowed_ports;
extern char *wf_curation_allowed_hosts;
extern char *wf_curation_denied_hosts;
extern bool wf_curation_require_domain_match;
extern bool wf_curation_offsite_urls;
extern bool wf_curation_verify_tls;
extern bool wf_curation_respect_robots;
extern int	wf_curation_max_body_size;	/* kB */
extern int	wf_curation_max_redirects;
extern bool wf_curation_process_replicated;
extern char *wf_curation_crawler_path;
extern char *wf_curation_gateway_url;
extern char *wf_curation_gateway_key_file;
extern char *wf_curation_gateway_options;
extern int	wf_curation_gateway_max_concurrency;
extern int	wf_curation_gateway_credit_limit;

#define WF_MAX_GATEWAY_CONCURRENCY 200

/* also per database */
extern int	wf_curation_gateway_mode;	/* WfGatewayMode */
extern int	wf_curation_batch_size;
extern int	wf_curation_batch_timeout;	/* ms */
extern int	wf_curation_poll_interval;	/* ms */
extern int	wf_curation_max_concurrency;
extern int	wf_curation_max_concurrency_per_host;
extern int	wf_curation_host_delay; /* ms */
extern int	wf_curation_max_attempts;
extern int	wf_curation_retry_delay;	/* ms */
extern int	wf_curation_request_timeout;	/* ms */
extern int	wf_curation_connect_timeout;	/* ms */
extern char *wf_curation_user_agent;
extern char *wf_curation_contact_url;
extern int	wf_curation_foreign_processing_grace;	/* ms */
extern bool wf_curation_auto_select;
extern bool wf_curation_placeholder_contacts;
extern char *wf_curation_default_region;
extern char *wf_curation_notify_channel;	/* empty: none */
extern bool wf_curation_auto_import;
extern int	wf_curation_history_retention;	/* minutes */
extern int	wf_curation_long_transaction;	/* seconds */

extern void wf_guc_init(void);

/*
 * Bitmask of WfCurationLabel values that queue an item (wf_curation.queue_on);
 * bit 1 << WF_CURATION_SELECTED is always meaningful.  Parsed once per change.
 */
extern unsigned int wf_guc_queue_on_labels(void);

#endif							/* WF_GUC_H */
