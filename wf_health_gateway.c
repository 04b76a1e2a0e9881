/*-------------------------------------------------------------------------
 *
 * wf_health_gateway.c
 *	  Checks of wf_health() about the gateway: its key, its state, its credits.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "executor/spi.h"
#include "utils/builtins.h"

#include "wf_gateway.h"
#include "wf_guc.h"
#include "wf_health.h"

#define NEARLY_USED_UP 90		/* percent */

/* Without it nothing is fetched, or only less well? */
static WfHealthStatus
severity(void)
{
	return wf_gateway_mode() == WF_GATEWAY_ONLY ? WF_HEALTH_FAIL : WF_HEALTH_WARN;
}

/* True when no page of this database goes there; says so. */
static bool
is_unused(WfHealth *h)
{
	if (wf_gateway_mode() != WF_GATEWAY_DIRECT)
		return false;
	wf_health_ok(h, "Pages are fetched directly, without a gateway.");
	return true;
}

/* It failed or asked for less, and is left alone. */
static void
report_backoff(WfHealth *h)
{
	Oid			types[] = {INT8OID};
	Datum		values[1];

	values[0] = Int64GetDatum((int64) wf_gateway_site());
	wf_views_select(InvalidOid,
					psprintf("SELECT h.failures, " WF_HEALTH_TIME("h.not_before")
							 " FROM %s h WHERE h.key = $1 AND h.not_before > now()",
							 wf_health_own(h, "wf_host")), 1, types, values);
	if (SPI_processed > 0)
		wf_health_report(h, WF_HEALTH_WARN, NULL,
						 "The gateway is left alone until %s: it refuses calls or fails"
						 " (weight of failures: " INT64_FORMAT ").",
						 wf_views_text(0, 2), wf_views_int64(0, 1));
}

/* See wf_health.h. */
void
wf_health_gateway(WfHealth *h)
{
	const char *problem;

	if (is_unused(h))
		return;
	problem = wf_gateway_key_problem();
	if (problem)
		wf_health_report(h, severity(),
						 wf_health_set("wf_curation.gateway_key_file", "'/path/to/key'"),
						 "The gateway cannot be called, as its key file (\"%s\") cannot be used: %s.",
						 "wf_curation.gateway_key_file", problem);
	report_backoff(h);
}

/* See wf_health.h. */
void
wf_health_gateway_credits(WfHealth *h)
{
	int64		limit = wf_curation_gateway_credit_limit;
	int			cost = wf_gateway_cost(wf_curation_gateway_options ?
									   wf_curation_gateway_options : "");
	int64		spent = 0;
	char	   *remedy = wf_health_set("wf_curation.gateway_credit_limit",
									   psprintf(INT64_FORMAT,
												Min(Max(2 * limit, 100 * (int64) cost), INT_MAX)));

	if (is_unused(h))
		return;
	wf_views_select(InvalidOid,
					psprintf("SELECT c.spent FROM %s c WHERE c.month = %s",
							 wf_health_own(h, "wf_gateway_credits"), wf_gateway_month_sql()),
					0, NULL, NULL);
	if (SPI_processed > 0)
		spent = wf_views_int64(0, 1);
	if (limit - spent < cost)
		wf_health_report(h, severity(), remedy,
						 INT64_FORMAT " of " INT64_FORMAT " credits (\"%s\") are used up this month:"
						 " none is left for a call, which may cost %d.",
						 spent, limit, "wf_curation.gateway_credit_limit", cost);
	else if (spent >= limit * NEARLY_USED_UP / 100)
		wf_health_report(h, WF_HEALTH_WARN, remedy,
						 INT64_FORMAT " of " INT64_FORMAT " credits (\"%s\") are used up this month.",
						 spent, limit, "wf_curation.gateway_credit_limit");
}
