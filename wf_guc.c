/*-------------------------------------------------------------------------
 *
 * wf_guc.c
 *	  The settings: definitions, limits and checks.
 *
 * Policy settings are PGC_SIGHUP (or PGC_POSTMASTER): no session can weaken
 * them.  Tuning settings are PGC_SUSET, so that a superuser may set them per
 * database; workers read them like everybody else.  Check hooks never raise.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <arpa/inet.h>
#include <limits.h>

#include "utils/guc.h"
#include "utils/varlena.h"

#include "core/wf_phone_number.h"

#include "wf_gateway.h"
#include "wf_guc.h"
#include "wf_part.h"
#include "wf_shmem.h"

bool		wf_curation_enabled = true;
char	   *wf_curation_databases = NULL;
int			wf_curation_workers = 1;
char	   *wf_curation_role = NULL;
char	   *wf_curation_queue_on = NULL;
char	   *wf_curation_allowed_networks = NULL;
char	   *wf_curation_allowed_ports = NULL;
char	   *wf_curation_allowed_hosts = NULL;
char	   *wf_curation_denied_hosts = NULL;
bool		wf_curation_require_domain_match = false;
bool		wf_curation_offsite_urls = false;
bool		wf_curation_auto_import = false;
bool		wf_curation_verify_tls = true;
bool		wf_curation_respect_robots = true;
int			wf_curation_max_body_size = 10 * 1024;
int			wf_curation_max_redirects = 5;
bool		wf_curation_process_replicated = false;
char	   *wf_curation_crawler_path = NULL;
char	   *wf_curation_gateway_url = NULL;
char	   *wf_curation_gateway_key_file = NULL;
char	   *wf_curation_gateway_options = NULL;
int			wf_curation_gateway_max_concurrency = 5;
int			wf_curation_gateway_credit_limit = 1000;
int			wf_curation_gateway_mode = WF_GATEWAY_DIRECT_FIRST;

int			wf_curation_batch_size = 10;
int			wf_curation_batch_timeout = 120000;
int			wf_curation_poll_interval = 60000;
int			wf_curation_max_concurrency = 64;
int			wf_curation_max_concurrency_per_host = 2;
int			wf_curation_host_delay = 0;
int			wf_curation_max_attempts = 5;
int			wf_curation_retry_delay = 30000;
int			wf_curation_request_timeout = 70000;
int			wf_curation_connect_timeout = 10000;
char	   *wf_curation_user_agent = NULL;
char	   *wf_curation_contact_url = NULL;
int			wf_curation_foreign_processing_grace = 600000;
bool		wf_curation_auto_select = false;
bool		wf_curation_placeholder_contacts = true;
char	   *wf_curation_default_region = NULL;
int			wf_curation_history_retention = 7 * 24 * 60;
char	   *wf_curation_notify_channel = NULL;
int			wf_curation_long_transaction = 15 * 60;

static const struct config_enum_entry gateway_modes[] = {
	{"direct", WF_GATEWAY_DIRECT, false},
	{"gateway", WF_GATEWAY_ONLY, false},
	{"direct_first", WF_GATEWAY_DIRECT_FIRST, false},
	{"gateway_first", WF_GATEWAY_FIRST, false},
	{NULL, 0, false}
};

static unsigned int queue_on_labels = 1 << WF_CURATION_SELECTED;

#define WF_DEFAULT_USER_AGENT "wf_curation/1.0"

/* characters; the crawler takes 4096 of both together */
#define WF_MAX_USER_AGENT	2048
#define WF_MAX_CONTACT_URL	1024
#define QUEUE_ON_HINT		"Use \"Selected\", \"Queued\" or both."

/*
 * Call item_ok for each element of a comma-separated list.  False, with the
 * offending element in the error detail, at the first that is not.  malloc
 * free by design: check hooks may run where palloc'd memory has no owner, so
 * elements are looked at in a local buffer.
 */
static bool
check_list(const char *list, bool (*item_ok) (const char *item), const char *what,
		   const char *hint)
{
	const char *p = list;
	char		item[256];

	while (*p)
	{
		size_t		n = strcspn(p, ",");
		const char *next = p[n] == ',' ? p + n + 1 : p + n;

		while (n > 0 && isspace((unsigned char) *p))
			p++, n--;
		while (n > 0 && isspace((unsigned char) p[n - 1]))
			n--;
		if (n == 0 || n >= sizeof(item))
		{
			GUC_check_errdetail("The list has an empty or overlong element.");
			GUC_check_errhint("%s", hint);
			return false;
		}
		memcpy(item, p, n);
		item[n] = '\0';
		if (!item_ok(item))
		{
			GUC_check_errdetail("\"%s\" is not %s.", item, what);
			GUC_check_errhint("%s", hint);
			return false;
		}
		p = next;
	}
	return true;
}

/* Is item an address or an address/prefix length? */
static bool
network_ok(const char *item)
{
	char		text[256];
	char	   *slash;
	unsigned char bin[16];
	int			bits;
	int			len = -1;

	strlcpy(text, item, sizeof(text));
	slash = strchr(text, '/');
	if (slash)
	{
		char	   *end;
		long		value;

		*slash = '\0';
		errno = 0;
		value = strtol(slash + 1, &end, 10);
		if (errno || end == slash + 1 || *end || value < 0 || value > 128)
			return false;
		len = (int) value;
	}
	if (inet_pton(AF_INET, text, bin) == 1)
		bits = 32;
	else if (inet_pton(AF_INET6, text, bin) == 1)
		bits = 128;
	else
		return false;
	return len <= bits;
}

static bool
port_ok(const char *item)
{
	char	   *end;
	long		value;

	errno = 0;
	value = strtol(item, &end, 10);
	return !errno && end != item && *end == '\0' && value >= 1 && value <= 65535;
}

/* A host name, optionally with a leading "*." for its subdomains. */
static bool
host_ok(const char *item)
{
	if (strncmp(item, "*.", 2) == 0)
		item += 2;
	return *item != '\0' &&
		   strspn(item, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.:[]_") ==
			   strlen(item);
}

static bool
curation_label_ok(const char *item)
{
	return pg_strcasecmp(item, "Selected") == 0 || pg_strcasecmp(item, "Queued") == 0;
}

static bool
check_networks(char **newval, void **extra, GucSource source)
{
	return *newval == NULL ||
		check_list(*newval, network_ok, "a network in CIDR notation",
				   "Write networks as in \"10.1.0.0/16, fd00::/8\".");
}

static bool
check_ports(char **newval, void **extra, GucSource source)
{
	return *newval == NULL ||
		check_list(*newval, port_ok, "a port number between 1 and 65535",
				   "Write ports as in \"80,443\".");
}

static bool
check_hosts(char **newval, void **extra, GucSource source)
{
	return *newval == NULL ||
		check_list(*newval, host_ok, "a host name",
				   "Write hosts as in \"example.org, *.example.org\".");
}

static bool
check_queue_on(char **newval, void **extra, GucSource source)
{
	if (*newval == NULL || **newval == '\0')
	{
		GUC_check_errdetail("At least one label must queue.");
		GUC_check_errhint(QUEUE_ON_HINT);
		return false;
	}
	return check_list(*newval, curation_label_ok, "a label that can queue", QUEUE_ON_HINT);
}

static void
assign_queue_on(const char *newval, void *extra)
{
	unsigned int labels = 0;

	if (newval && strcasestr(newval, "Selected"))
		labels |= 1 << WF_CURATION_SELECTED;
	if (newval && strcasestr(newval, "Queued"))
		labels |= 1 << WF_CURATION_QUEUED;
	queue_on_labels = labels;
}

static bool
is_printable_ascii(const char *s)
{
	while (*s)
	{
		if ((unsigned char) *s < 0x20 || (unsigned char) *s > 0x7e)
			return false;
		s++;
	}
	return true;
}

/* Header values must not smuggle further header lines. */
static bool
check_user_agent(char **newval, void **extra, GucSource source)
{
	if (*newval == NULL || **newval == '\0')
		GUC_check_errdetail("The user agent must not be empty.");
	else if (strlen(*newval) > WF_MAX_USER_AGENT)
		GUC_check_errdetail("The user agent is longer than %d characters.", WF_MAX_USER_AGENT);
	else if (!is_printable_ascii(*newval))
		GUC_check_errdetail("The user agent may contain printable ASCII characters only.");
	else
		return true;
	GUC_check_errhint("Name yourself; \"wf_curation.contact_url\" says where you can be reached.");
	return false;
}

/* It becomes part of a header, in a comment: "(+URL)". */
static bool
check_contact_url(char **newval, void **extra, GucSource source)
{
	const char *url = *newval;

	if (url == NULL || *url == '\0')
		return true;
	if (strlen(url) > WF_MAX_CONTACT_URL)
		GUC_check_errdetail("The URL is longer than %d characters.", WF_MAX_CONTACT_URL);
	else if (!is_printable_ascii(url) || strpbrk(url, " ()<>\"\\"))
		GUC_check_errdetail("The URL has a blank, bracket, quote, backslash or a character beyond ASCII.");
	else if ((strncmp(url, "https://", 8) == 0 && url[8]) ||
			 (strncmp(url, "http://", 7) == 0 && url[7]) ||
			 (strncmp(url, "mailto:", 7) == 0 && url[7]))
		return true;
	else
		GUC_check_errdetail("The URL must begin with \"https://\", \"http://\" or \"mailto:\".");
	GUC_check_errhint("Name a page that says who fetches and how to reach you.");
	return false;
}

static bool
check_region(char **newval, void **extra, GucSource source)
{
	const char *r = *newval;

	if (r == NULL || strlen(r) != 2 || !isalpha((unsigned char) r[0]) ||
		!isalpha((unsigned char) r[1]))
		GUC_check_errdetail("The region must be an ISO 3166 code of two letters.");
	else if (wf_phone_plan(r) == NULL)
		GUC_check_errdetail("No country with the code \"%s\" has a numbering plan.", r);
	else
		return true;
	GUC_check_errhint("Use for example \"US\", \"DE\" or \"GB\".");
	return false;
}

/* As the launcher reads it. */
static bool
check_databases(char **newval, void **extra, GucSource source)
{
	char	   *names = pstrdup(*newval ? *newval : "");
	List	   *list = NIL;
	bool		ok = SplitGUCList(names, ',', &list);

	list_free(list);
	pfree(names);
	if (!ok)
	{
		GUC_check_errdetail("List syntax is invalid.");
		GUC_check_errhint("Write names as in \"mydb, other\".");
	}
	return ok;
}

/* What LISTEN takes as a name. */
static bool
check_notify_channel(char **newval, void **extra, GucSource source)
{
	if (*newval == NULL || strlen(*newval) < NAMEDATALEN)
		return true;
	GUC_check_errdetail("The name of a channel has at most %d bytes.", NAMEDATALEN - 1);
	GUC_check_errhint("Use a short name, such as \"wf_done\".");
	return false;
}

static bool
check_gateway_url(char **newval, void **extra, GucSource source)
{
	const char *problem = wf_gateway_url_problem(*newval ? *newval : "");

	if (problem == NULL)
		return true;
	GUC_check_errdetail("%s", problem);
	GUC_check_errhint("Write for example \"https://api.scraperapi.com/\", or a template with {key} and {url}.");
	return false;
}

static bool
check_gateway_options(char **newval, void **extra, GucSource source)
{
	const char *problem = wf_gateway_options_problem(*newval ? *newval : "");

	if (problem == NULL)
		return true;
	GUC_check_errdetail("%s", problem);
	GUC_check_errhint("Write options as in \"render=true, country_code=us\".");
	return false;
}

static bool
check_gateway_key_file(char **newval, void **extra, GucSource source)
{
	if (*newval == NULL || **newval == '\0' || **newval == '/')
		return true;
	GUC_check_errdetail("The key file must be given by an absolute path.");
	GUC_check_errhint("The setting is the name of a file; the key itself is never a setting.");
	return false;
}

static void
define_gateway(void)
{
	DefineCustomStringVariable("wf_curation.gateway_url",
							   "URL of a gateway that fetches pages for credits, or a template of it.",
							   "Empty: none.  Without {url} in it, as ScraperAPI has it.",
							   &wf_curation_gateway_url, "", PGC_SIGHUP, GUC_SUPERUSER_ONLY,
							   check_gateway_url, NULL, NULL);
	DefineCustomStringVariable("wf_curation.gateway_key_file",
							   "File with the key of the gateway.",
							   "Readable by the server's user only.",
							   &wf_curation_gateway_key_file, "", PGC_SIGHUP,
							   GUC_SUPERUSER_ONLY, check_gateway_key_file, NULL, NULL);
	DefineCustomStringVariable("wf_curation.gateway_options",
							   "Options of each call of the gateway.",
							   "A list such as \"render=true, country_code=us\"; max_cost bounds its price.",
							   &wf_curation_gateway_options, "", PGC_SIGHUP, GUC_LIST_INPUT,
							   check_gateway_options, NULL, NULL);
	DefineCustomIntVariable("wf_curation.gateway_max_concurrency",
							"Calls of the gateway at once, over all workers of a database.", NULL,
							&wf_curation_gateway_max_concurrency, 5, 1, WF_MAX_GATEWAY_CONCURRENCY,
							PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("wf_curation.gateway_credit_limit",
							"Credits that the gateway may cost each database in a calendar month (UTC).",
							"0: it is not called.",
							&wf_curation_gateway_credit_limit, 1000, 0, INT_MAX, PGC_SIGHUP, 0,
							NULL, NULL, NULL);
	DefineCustomEnumVariable("wf_curation.gateway_mode",
							 "Which pages the gateway fetches, where there is one.",
							 "direct, gateway, or one first and the other where that fails.",
							 &wf_curation_gateway_mode, WF_GATEWAY_DIRECT_FIRST, gateway_modes,
							 PGC_SUSET, 0, NULL, NULL, NULL);
}

static void
define_policy(void)
{
	DefineCustomBoolVariable("wf_curation.enabled",
							 "Lets workers fetch.",
							 "Off on staging clones: triggers queue, nothing is fetched.",
							 &wf_curation_enabled, true, PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomStringVariable("wf_curation.role",
							   "Role whose rights workers use on user tables.",
							   "Empty: the owner of the pages table, if that is no superuser.",
							   &wf_curation_role, "", PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomStringVariable("wf_curation.queue_on",
							   "Curation labels that queue a page.", NULL,
							   &wf_curation_queue_on, "Selected,Queued", PGC_SIGHUP,
							   GUC_LIST_INPUT, check_queue_on, assign_queue_on, NULL);
	DefineCustomStringVariable("wf_curation.allowed_networks",
							   "Networks that may be fetched from, on any port.",
							   "CIDR list; empty: public addresses only.",
							   &wf_curation_allowed_networks, "", PGC_SIGHUP,
							   GUC_LIST_INPUT | GUC_SUPERUSER_ONLY, check_networks, NULL, NULL);
	DefineCustomStringVariable("wf_curation.allowed_ports",
							   "Ports that may be fetched from outside allowed_networks.", NULL,
							   &wf_curation_allowed_ports, "80,443", PGC_SIGHUP,
							   GUC_LIST_INPUT, check_ports, NULL, NULL);
	DefineCustomStringVariable("wf_curation.allowed_hosts",
							   "Hosts that may be fetched from; empty: all.", NULL,
							   &wf_curation_allowed_hosts, "", PGC_SIGHUP,
							   GUC_LIST_INPUT, check_hosts, NULL, NULL);
	DefineCustomStringVariable("wf_curation.denied_hosts",
							   "Hosts that are never fetched from.", NULL,
							   &wf_curation_denied_hosts, "", PGC_SIGHUP,
							   GUC_LIST_INPUT, check_hosts, NULL, NULL);
	DefineCustomBoolVariable("wf_curation.require_domain_match",
							 "Refuses pages whose host is not their domain or below it.", NULL,
							 &wf_curation_require_domain_match, false, PGC_SIGHUP, 0,
							 NULL, NULL, NULL);
	DefineCustomBoolVariable("wf_curation.offsite_urls",
							 "Imports URLs of other sites that a sitemap lists, too.", NULL,
							 &wf_curation_offsite_urls, false, PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomBoolVariable("wf_curation.verify_tls",
							 "Verifies the certificates of web servers.", NULL,
							 &wf_curation_verify_tls, true, PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomBoolVariable("wf_curation.respect_robots",
							 "Honours robots.txt (RFC 9309).", NULL,
							 &wf_curation_respect_robots, true, PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomBoolVariable("wf_curation.process_replicated",
							 "Processes tables that a logical subscription feeds.", NULL,
							 &wf_curation_process_replicated, false, PGC_SIGHUP, 0,
							 NULL, NULL, NULL);
}

static void
define_limits(void)
{
	DefineCustomIntVariable("wf_curation.max_body_size",
							"Largest response that is examined, decoded.", NULL,
							&wf_curation_max_body_size, 10 * 1024, 1, 1024 * 1024, PGC_SIGHUP,
							GUC_UNIT_KB, NULL, NULL, NULL);
	DefineCustomIntVariable("wf_curation.max_redirects",
							"Redirects followed for one page.", NULL,
							&wf_curation_max_redirects, 5, 0, 20, PGC_SIGHUP, 0,
							NULL, NULL, NULL);
	DefineCustomIntVariable("wf_curation.max_concurrency",
							"Transfers of one worker at once.", NULL,
							&wf_curation_max_concurrency, 64, 1, 2000, PGC_SUSET, 0,
							NULL, NULL, NULL);
	DefineCustomIntVariable("wf_curation.max_concurrency_per_host",
							"Transfers from one host at once.", NULL,
							&wf_curation_max_concurrency_per_host, 2, 1, 100, PGC_SUSET, 0,
							NULL, NULL, NULL);
	DefineCustomIntVariable("wf_curation.host_delay",
							"Time between the starts of two requests to one host; 0: none.", NULL,
							&wf_curation_host_delay, 0, 0, 3600000, PGC_SUSET,
							GUC_UNIT_MS, NULL, NULL, NULL);
	DefineCustomIntVariable("wf_curation.request_timeout",
							"Time limit of one page, redirects included.", NULL,
							&wf_curation_request_timeout, 70000, 100, 3600000, PGC_SUSET,
							GUC_UNIT_MS, NULL, NULL, NULL);
	DefineCustomIntVariable("wf_curation.connect_timeout",
							"Time limit of establishing a connection.", NULL,
							&wf_curation_connect_timeout, 10000, 100, 600000, PGC_SUSET,
							GUC_UNIT_MS, NULL, NULL, NULL);
	DefineCustomStringVariable("wf_curation.user_agent",
							   "User-Agent header of requests.", NULL,
							   &wf_curation_user_agent, WF_DEFAULT_USER_AGENT, PGC_SUSET, 0,
							   check_user_agent, NULL, NULL);
	DefineCustomStringVariable("wf_curation.contact_url",
							   "Where site owners can reach you; added to the User-Agent header.",
							   "An http, https or mailto URL; empty: none.",
							   &wf_curation_contact_url, "", PGC_SUSET, 0,
							   check_contact_url, NULL, NULL);
}

static void
define_processing(void)
{
	DefineCustomIntVariable("wf_curation.batch_size",
							"Items of wf_process_batch(NULL) and wf_process(NULL).",
							"Standing workers take as many items as there are free slots.",
							&wf_curation_batch_size, 10, 1, 10000, PGC_SUSET, 0,
							NULL, NULL, NULL);
	DefineCustomIntVariable("wf_curation.batch_timeout",
							"Time limit of one wf_process_batch() call.", NULL,
							&wf_curation_batch_timeout, 120000, 100, 86400000, PGC_SUSET,
							GUC_UNIT_MS, NULL, NULL, NULL);
	DefineCustomIntVariable("wf_curation.poll_interval",
							"Time between two looks for work that nobody announced.", NULL,
							&wf_curation_poll_interval, 60000, 100, 3600000, PGC_SUSET,
							GUC_UNIT_MS, NULL, NULL, NULL);
	DefineCustomIntVariable("wf_curation.max_attempts",
							"Attempts before an item ends in Error.", NULL,
							&wf_curation_max_attempts, 5, 1, 100, PGC_SUSET, 0,
							NULL, NULL, NULL);
	DefineCustomIntVariable("wf_curation.retry_delay",
							"Wait before the second attempt; doubles with each further one.", NULL,
							&wf_curation_retry_delay, 30000, 0, 86400000, PGC_SUSET,
							GUC_UNIT_MS, NULL, NULL, NULL);
	DefineCustomIntVariable("wf_curation.foreign_processing_grace",
							"Time a Processing status written by another service is left alone.", NULL,
							&wf_curation_foreign_processing_grace, 600000, 0, INT_MAX, PGC_SUSET,
							GUC_UNIT_MS, NULL, NULL, NULL);
	DefineCustomBoolVariable("wf_curation.auto_import",
							 "Selects the sitemaps found for a domain, so that they are imported.",
							 NULL, &wf_curation_auto_import, false, PGC_SUSET, 0,
							 NULL, NULL, NULL);
	DefineCustomBoolVariable("wf_curation.auto_select",
							 "Selects the pages of an import that are likely to name contacts.",
							 "Which those are say the rules in wf_category_rule.",
							 &wf_curation_auto_select, false, PGC_SUSET, 0,
							 NULL, NULL, NULL);
	DefineCustomBoolVariable("wf_curation.placeholder_contacts",
							 "Stores notfound_<page id>@<domain> for a page without any address.", NULL,
							 &wf_curation_placeholder_contacts, true, PGC_SUSET, 0,
							 NULL, NULL, NULL);
	DefineCustomStringVariable("wf_curation.default_region",
							   "Country whose telephone numbers are written without country code.", NULL,
							   &wf_curation_default_region, "US", PGC_SUSET, 0,
							   check_region, NULL, NULL);
	DefineCustomIntVariable("wf_curation.long_transaction",
							"Age of a transaction from which wf_health() reports it.", NULL,
							&wf_curation_long_transaction, 15 * 60, 1, INT_MAX, PGC_SUSET,
							GUC_UNIT_S, NULL, NULL, NULL);
	DefineCustomIntVariable("wf_curation.history_retention",
							"Time for which attempts are kept.", NULL,
							&wf_curation_history_retention, 7 * 24 * 60, 0, INT_MAX, PGC_SUSET,
							GUC_UNIT_MIN, NULL, NULL, NULL);
	DefineCustomStringVariable("wf_curation.notify_channel",
							   "Channel on which workers notify of what they have stored.",
							   "Empty: none.  One notification for each commit in which items ended.",
							   &wf_curation_notify_channel, "", PGC_SUSET, 0,
							   check_notify_channel, NULL, NULL);
}

static void
define_workers(void)
{
	DefineCustomStringVariable("wf_curation.databases",
							   "Databases that get standing workers.", NULL,
							   &wf_curation_databases, "", PGC_SIGHUP, GUC_LIST_INPUT,
							   check_databases, NULL, NULL);
	DefineCustomIntVariable("wf_curation.workers",
							"Standing workers of each database.", NULL,
							&wf_curation_workers, 1, 0, 16, PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomStringVariable("wf_curation.crawler_path",
							   "Path of the crawler program.",
							   "Empty: wf_crawler beside the server's own programs.",
							   &wf_curation_crawler_path, "", PGC_SIGHUP,
							   GUC_SUPERUSER_ONLY | GUC_NOT_IN_SAMPLE, NULL, NULL, NULL);
}

/* Define all settings.  Called once, by _PG_init. */
void
wf_guc_init(void)
{
	define_policy();
	define_limits();
	define_processing();
	define_workers();
	define_gateway();
	MarkGUCPrefixReserved("wf_curation");
}

/* See wf_guc.h. */
unsigned int
wf_guc_queue_on_labels(void)
{
	return queue_on_labels;
}
