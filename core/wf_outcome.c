/*-------------------------------------------------------------------------
 *
 * wf_outcome.c
 *	  Names of the outcomes of a fetch, and which of them are retried.
 *
 *-------------------------------------------------------------------------
 */
#include "wf_outcome.h"

typedef struct OutcomeInfo
{
	const char *name;
	bool		retryable;
} OutcomeInfo;

static const OutcomeInfo outcomes[WF_OUTCOME_COUNT] = {
	[WF_OUTCOME_OK] = {"ok", false},
	[WF_OUTCOME_BAD_URL] = {"bad_url", false},
	[WF_OUTCOME_POLICY] = {"policy", false},
	[WF_OUTCOME_ROBOTS] = {"robots", false},
	[WF_OUTCOME_DNS] = {"dns", false},
	[WF_OUTCOME_DNS_TEMPORARY] = {"dns_temporary", true},
	[WF_OUTCOME_CONNECT] = {"connect", true},
	[WF_OUTCOME_TIMEOUT] = {"timeout", true},
	[WF_OUTCOME_RESET] = {"reset", true},
	[WF_OUTCOME_TLS] = {"tls", true},
	[WF_OUTCOME_TLS_CERTIFICATE] = {"tls_certificate", false},
	[WF_OUTCOME_REDIRECT] = {"redirect", false},
	[WF_OUTCOME_TOO_LARGE] = {"too_large", false},
	[WF_OUTCOME_PROTOCOL] = {"protocol", false},
	[WF_OUTCOME_HTTP_CLIENT] = {"http_client", false},
	[WF_OUTCOME_HTTP_THROTTLED] = {"http_throttled", true},
	[WF_OUTCOME_HTTP_SERVER] = {"http_server", true},
	[WF_OUTCOME_HTTP_EMPTY] = {"http_empty", false},
	[WF_OUTCOME_CONTENT_TYPE] = {"content_type", false},
	[WF_OUTCOME_EXTRACT] = {"extract", false},
	[WF_OUTCOME_CRASH] = {"crash", true},
	[WF_OUTCOME_WORKER] = {"worker", true},
	[WF_OUTCOME_STORE] = {"store", true},
	[WF_OUTCOME_INTERNAL] = {"internal", true},
	[WF_OUTCOME_NOT_MODIFIED] = {"not_modified", false},
	[WF_OUTCOME_DEFERRED] = {"deferred", true},
	[WF_OUTCOME_NOT_SITEMAP] = {"not_sitemap", false},
	[WF_OUTCOME_PARTIAL] = {"partial", false},
	[WF_OUTCOME_NONE_FOUND] = {"none_found", false},
};

const char *
wf_outcome_name(int outcome)
{
	if (outcome < 0 || outcome >= WF_OUTCOME_COUNT)
		return "unknown";
	return outcomes[outcome].name;
}

bool
wf_outcome_is_success(int outcome)
{
	return outcome == WF_OUTCOME_OK || outcome == WF_OUTCOME_NOT_MODIFIED;
}

bool
wf_outcome_is_retryable(int outcome)
{
	if (outcome < 0 || outcome >= WF_OUTCOME_COUNT)
		return false;
	return outcomes[outcome].retryable;
}
