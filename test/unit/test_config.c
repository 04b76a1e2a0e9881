/*-------------------------------------------------------------------------
 *
 * test_config.c
 *	  Defaults, limits and refused values of the crawler's settings.
 *
 *-------------------------------------------------------------------------
 */
#include "unit.h"

#include "core/wf_config.h"

static void
test_defaults(void)
{
	WfConfig	config;

	wf_config_init(&config);
	is_int(config.max_body_size, 10 * 1024 * 1024, "max_body_size");
	is_int(config.max_redirects, 5, "max_redirects");
	is_int(config.request_timeout, 70000, "request_timeout");
	is_int(config.connect_timeout, 10000, "connect_timeout");
	is_int(config.max_concurrency, 64, "max_concurrency");
	is_int(config.max_concurrency_per_host, 2, "max_concurrency_per_host");
	is_int(config.host_delay, 0, "host_delay");
	ok(config.verify_tls && config.respect_robots && !config.require_domain_match, "booleans");
	is(slice(config.allowed_ports), "80,443", "allowed_ports");
	is(slice(config.allowed_networks), "", "allowed_networks");
	is(slice(config.default_region), "US", "default_region");
	ok(strncmp(config.user_agent, "wf_curation/", 12) == 0, "user_agent says who we are");
	wf_config_free(&config);
}

static void
test_values(void)
{
	static const struct
	{
		const char *name;
		const char *value;
		WfStatus	expected;
	}			cases[] =
	{
		{"max_redirects", "0", WF_OK},
		{"max_redirects", "-1", WF_ERR_SYNTAX},
		{"max_redirects", "51", WF_ERR_SYNTAX},
		{"max_redirects", "", WF_ERR_SYNTAX},
		{"max_redirects", " 5", WF_ERR_SYNTAX},
		{"max_redirects", "5 ", WF_ERR_SYNTAX},
		{"max_redirects", "5x", WF_ERR_SYNTAX},
		{"max_redirects", "+5", WF_ERR_SYNTAX},
		{"max_redirects", "0x5", WF_ERR_SYNTAX},
		{"max_redirects", "99999999999999999999999", WF_ERR_SYNTAX},
		{"max_body_size", "1073741824", WF_OK},
		{"max_body_size", "1073741825", WF_ERR_SYNTAX},
		{"max_body_size", "10MB", WF_ERR_SYNTAX},
		{"verify_tls", "on", WF_OK},
		{"verify_tls", "OFF", WF_OK},
		{"verify_tls", "1", WF_OK},
		{"verify_tls", "2", WF_ERR_SYNTAX},
		{"verify_tls", "", WF_ERR_SYNTAX},
		{"user_agent", "", WF_ERR_SYNTAX},
		{"user_agent", "me\r\nX-Injected: yes", WF_ERR_SYNTAX},
		{"user_agent", "m\xc3\xbc", WF_ERR_SYNTAX},
		{"user_agent", "Mozilla/5.0 (compatible; me; +https://example.org/)", WF_OK},
		{"allowed_networks", "", WF_OK},
		{"allowed_networks", "10.0.0.0/8, fd00::/8", WF_OK},
		{"allowed_networks", "10.0.0.0/33", WF_ERR_SYNTAX},
		{"allowed_networks", "fd00::/129", WF_ERR_SYNTAX},
		{"allowed_networks", "10.0.0/8", WF_ERR_SYNTAX},
		{"allowed_networks", "localhost", WF_ERR_SYNTAX},
		{"allowed_networks", "10.0.0.0/", WF_ERR_SYNTAX},
		{"allowed_networks", "10.0.0.0/-1", WF_ERR_SYNTAX},
		{"allowed_networks", "10.0.0.0/8 fd00::/8", WF_ERR_SYNTAX},
		{"allowed_ports", "80,443,8080", WF_OK},
		{"allowed_ports", "0", WF_ERR_SYNTAX},
		{"allowed_ports", "65536", WF_ERR_SYNTAX},
		{"allowed_ports", "http", WF_ERR_SYNTAX},
		{"allowed_hosts", "example.org,*.example.org", WF_OK},
		{"allowed_hosts", "http://example.org/", WF_ERR_SYNTAX},
		{"allowed_hosts", "*example.org", WF_ERR_SYNTAX},
		{"denied_hosts", "a b", WF_ERR_SYNTAX},
		{"denied_hosts", "\"example.org\"", WF_ERR_SYNTAX},
		{"default_region", "DE", WF_OK},
		{"default_region", "de", WF_OK},
		{"default_region", "DEU", WF_ERR_SYNTAX},
		{"default_region", "D1", WF_ERR_SYNTAX},
		{"no_such_setting", "1", WF_ERR_SYNTAX},
		{"", "1", WF_ERR_SYNTAX},
	};
	WfConfig	config;

	wf_config_init(&config);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ok(wf_config_set(&config, cases[i].name, cases[i].value) == cases[i].expected,
		   "%s = \"%s\" is %s", cases[i].name, i == 19 ? "(two lines)" : cases[i].value,
		   cases[i].expected == WF_OK ? "accepted" : "refused");
	is(slice(config.default_region), "DE", "a region is kept in capitals");
	wf_config_free(&config);
}

static void
test_unchanged(void)
{
	WfConfig	config;

	wf_config_init(&config);
	wf_config_set(&config, "max_redirects", "7");
	wf_config_set(&config, "max_redirects", "many");
	is_int(config.max_redirects, 7, "a refused number changes nothing");
	wf_config_set(&config, "allowed_ports", "8080");
	wf_config_set(&config, "allowed_ports", "none");
	is(slice(config.allowed_ports), "8080", "a refused text changes nothing");
	wf_config_free(&config);
}

int
main(void)
{
	test_defaults();
	test_values();
	test_unchanged();
	return done();
}
