/*-------------------------------------------------------------------------
 *
 * wf_config.c
 *	  The crawler's settings: one table of names, types, limits, defaults.
 *
 *-------------------------------------------------------------------------
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "wf_config.h"
#include "wf_gateway_call.h"
#include "wf_netguard.h"
#include "wf_text.h"

#define MAX_TEXT 65536			/* longest list, in bytes */

typedef enum SettingType
{
	SETTING_INT,
	SETTING_INT64,
	SETTING_BOOL,
	SETTING_TEXT
} SettingType;

typedef struct SettingEntry
{
	const char *name;
	SettingType type;
	size_t		offset;			/* in WfConfig */
	int64_t		min;
	int64_t		max;
	const char *value;			/* default, as text */
	bool		(*valid) (const char *text);	/* of texts; NULL: printable */
} SettingEntry;

static bool is_region(const char *text);
static bool is_printable(const char *text);
static bool is_gateway_url(const char *text);
static bool is_gateway_options(const char *text);

#define HOUR_MS (60 * 60 * 1000)
#define AT(field) offsetof(WfConfig, field)

static const SettingEntry settings[] = {
	{"max_body_size", SETTING_INT64, AT(max_body_size), 1024, (int64_t) 1 << 30, "10485760"},
	{"max_redirects", SETTING_INT, AT(max_redirects), 0, 50, "5"},
	{"request_timeout", SETTING_INT, AT(request_timeout), 100, 24 * HOUR_MS, "70000"},
	{"connect_timeout", SETTING_INT, AT(connect_timeout), 100, HOUR_MS, "10000"},
	{"max_concurrency", SETTING_INT, AT(max_concurrency), 1, 10000, "64"},
	{"max_concurrency_per_host", SETTING_INT, AT(max_concurrency_per_host), 1, 1000, "2"},
	{"host_delay", SETTING_INT, AT(host_delay), 0, 24 * HOUR_MS, "0"},
	{"retry_delay", SETTING_INT, AT(retry_delay), 1, 24 * HOUR_MS, "30000"},
	{"verify_tls", SETTING_BOOL, AT(verify_tls), 0, 1, "on"},
	{"respect_robots", SETTING_BOOL, AT(respect_robots), 0, 1, "on"},
	{"require_domain_match", SETTING_BOOL, AT(require_domain_match), 0, 1, "off"},
	{"offsite_urls", SETTING_BOOL, AT(offsite_urls), 0, 1, "off"},
	{"user_agent", SETTING_TEXT, AT(user_agent), 1, 4096,
	"wf_curation/1.0 (contact page curation; PostgreSQL extension)", is_printable},
	{"allowed_networks", SETTING_TEXT, AT(allowed_networks), 0, MAX_TEXT, "",
	wf_netguard_networks_valid},
	{"allowed_ports", SETTING_TEXT, AT(allowed_ports), 0, MAX_TEXT, "80,443",
	wf_netguard_ports_valid},
	{"allowed_hosts", SETTING_TEXT, AT(allowed_hosts), 0, MAX_TEXT, "",
	wf_netguard_hosts_valid},
	{"denied_hosts", SETTING_TEXT, AT(denied_hosts), 0, MAX_TEXT, "",
	wf_netguard_hosts_valid},
	{"default_region", SETTING_TEXT, AT(default_region), 2, 2, "US", is_region},
	{"gateway_url", SETTING_TEXT, AT(gateway_url), 0, WF_MAX_GATEWAY_URL, "", is_gateway_url},
	{"gateway_options", SETTING_TEXT, AT(gateway_options), 0, WF_MAX_GATEWAY_OPTIONS, "",
	is_gateway_options},
	{"gateway_key", SETTING_TEXT, AT(gateway_key), 0, WF_MAX_GATEWAY_KEY, "", is_printable},
	{"gateway_timeout", SETTING_INT, AT(gateway_timeout), 100, HOUR_MS, "70000"},
};

#define SETTING_COUNT ((int) (sizeof(settings) / sizeof(settings[0])))

/* ISO 3166 alpha-2. */
static bool
is_region(const char *text)
{
	return wf_is_alpha(text[0]) && wf_is_alpha(text[1]) && text[2] == '\0';
}

static bool
is_gateway_url(const char *text)
{
	return wf_gateway_url_problem(text) == NULL;
}

static bool
is_gateway_options(const char *text)
{
	return wf_gateway_options_problem(text) == NULL;
}

/* Goes into a request header: no control characters, no bytes beyond ASCII. */
static bool
is_printable(const char *text)
{
	for (; *text; text++)
	{
		if (*text < ' ' || *text > '~')
			return false;
	}
	return true;
}

static WfStatus
parse_int(const SettingEntry *entry, const char *text, int64_t *out)
{
	char	   *end;
	long long	value;

	if ((*text < '0' || *text > '9') && *text != '-')
		return WF_ERR_SYNTAX;
	errno = 0;
	value = strtoll(text, &end, 10);
	if (errno != 0 || *end != '\0' || value < entry->min || value > entry->max)
		return WF_ERR_SYNTAX;
	*out = value;
	return WF_OK;
}

static WfStatus
parse_bool(const char *text, bool *out)
{
	static const char *const on[] = {"on", "true", "yes", "1"};
	static const char *const off[] = {"off", "false", "no", "0"};

	for (int i = 0; i < 4; i++)
	{
		if (strcasecmp(text, on[i]) == 0 || strcasecmp(text, off[i]) == 0)
		{
			*out = strcasecmp(text, on[i]) == 0;
			return WF_OK;
		}
	}
	return WF_ERR_SYNTAX;
}

static WfStatus
set_text(const SettingEntry *entry, char **field, const char *text)
{
	size_t		len = strnlen(text, (size_t) entry->max + 1);
	char	   *copy;

	if (len < (size_t) entry->min || len > (size_t) entry->max || !entry->valid(text))
		return WF_ERR_SYNTAX;
	copy = strdup(text);
	if (copy == NULL)
		return WF_ERR_NOMEM;
	if (entry->valid == is_region)
	{
		copy[0] &= ~('a' - 'A');
		copy[1] &= ~('a' - 'A');
	}
	free(*field);
	*field = copy;
	return WF_OK;
}

static WfStatus
set_entry(WfConfig *config, const SettingEntry *entry, const char *text)
{
	void	   *field = (char *) config + entry->offset;
	int64_t		number;
	WfStatus	status;

	switch (entry->type)
	{
		case SETTING_INT:
			status = parse_int(entry, text, &number);
			if (status == WF_OK)
				*(int *) field = (int) number;
			return status;
		case SETTING_INT64:
			status = parse_int(entry, text, &number);
			if (status == WF_OK)
				*(int64_t *) field = number;
			return status;
		case SETTING_BOOL:
			return parse_bool(text, field);
		case SETTING_TEXT:
			return set_text(entry, field, text);
	}
	return WF_ERR_SYNTAX;
}

void
wf_config_init(WfConfig *config)
{
	memset(config, 0, sizeof(*config));
	for (int i = 0; i < SETTING_COUNT; i++)
		(void) set_entry(config, &settings[i], settings[i].value);
}

void
wf_config_free(WfConfig *config)
{
	for (int i = 0; i < SETTING_COUNT; i++)
	{
		char	  **field = (char **) ((char *) config + settings[i].offset);

		if (settings[i].type != SETTING_TEXT)
			continue;
		free(*field);
		*field = NULL;
	}
}

WfStatus
wf_config_set(WfConfig *config, const char *name, const char *value)
{
	for (int i = 0; i < SETTING_COUNT; i++)
	{
		if (strcmp(settings[i].name, name) == 0)
			return set_entry(config, &settings[i], value);
	}
	return WF_ERR_SYNTAX;
}
