-- Settings: levels, limits, and what a bad value says.

LOAD 'wf_curation';

-- every setting with its level, unit and default
SELECT name, context, unit, vartype, boot_val, min_val, max_val
FROM pg_settings WHERE name LIKE 'wf\_curation.%' ORDER BY name;

-- no setting without a description
SELECT name FROM pg_settings WHERE name LIKE 'wf\_curation.%' AND short_desc = '';

-- policy cannot be weakened by a session, not even a superuser's
SET wf_curation.allowed_networks = '127.0.0.0/8';
SET wf_curation.verify_tls = off;
SET wf_curation.max_body_size = '1GB';

-- an unknown name is refused, not remembered
SET wf_curation.no_such_setting = 1;

-- bad values: one error with detail and hint
SET wf_curation.user_agent = '';
SET wf_curation.user_agent = E'a\nX-Header: b';
SET wf_curation.contact_url = 'bots.example.org';
SET wf_curation.contact_url = E'https://example.org/\nX-Header: b';
SET wf_curation.contact_url = 'https://example.org/ (bot)';
SET wf_curation.default_region = 'Germany';
SET wf_curation.default_region = 'UK';
SET wf_curation.notify_channel = 'a_name_that_is_longer_than_the_sixty_three_bytes_that_an_identifier_has';
\set VERBOSITY sqlstate
DO $$ BEGIN PERFORM set_config('wf_curation.contact_url', 'https://' || repeat('a', 2000), false); END $$;
DO $$ BEGIN PERFORM set_config('wf_curation.user_agent', repeat('a', 3000), false); END $$;
SET wf_curation.batch_size = 0;
SET wf_curation.request_timeout = '1us';
SET wf_curation.max_concurrency = 100000;
\set VERBOSITY default

-- good ones, with units
SET wf_curation.contact_url = 'https://example.org/bot';
SHOW wf_curation.contact_url;
SET wf_curation.contact_url = 'mailto:bot@example.org';
SHOW wf_curation.contact_url;
RESET wf_curation.contact_url;
SHOW wf_curation.contact_url;
SET wf_curation.host_delay = '1s';
SHOW wf_curation.host_delay;
SET wf_curation.history_retention = '2d';
SHOW wf_curation.history_retention;

-- SIGHUP settings are checked as well
ALTER SYSTEM SET wf_curation.allowed_networks = '10.0.0.0/33';
ALTER SYSTEM SET wf_curation.allowed_networks = 'localhost';
ALTER SYSTEM SET wf_curation.allowed_ports = '80,99999';
ALTER SYSTEM SET wf_curation.gateway_url = 'https://api.scraperapi.com/?api_key=0123456789';
ALTER SYSTEM SET wf_curation.gateway_url = 'api.scraperapi.com';
ALTER SYSTEM SET wf_curation.gateway_url = 'https://gateway.example/?token={key}';
ALTER SYSTEM SET wf_curation.databases = '"mydb';
ALTER SYSTEM SET wf_curation.databases = 'mydb,,other';
ALTER SYSTEM SET wf_curation.gateway_options = 'render';
ALTER SYSTEM SET wf_curation.gateway_options = 'api_key=0123456789';
ALTER SYSTEM SET wf_curation.gateway_key_file = '0123456789';
SET wf_curation.gateway_credit_limit = 1000000;
SET wf_curation.gateway_mode = 'both';
ALTER SYSTEM SET wf_curation.denied_hosts = 'a b';
ALTER SYSTEM SET wf_curation.queue_on = 'New';
ALTER SYSTEM SET wf_curation.queue_on = '';

-- what was set before the library was loaded is checked when it is, too
\c -
SET wf_curation.contact_url = 'https://example.org/early';
SET wf_curation.user_agent = E'a\nb';
LOAD 'wf_curation';
SHOW wf_curation.contact_url;
SHOW wf_curation.user_agent;

-- an ordinary user may change none of them
CREATE ROLE regress_wf_user;
SET ROLE regress_wf_user;
\set VERBOSITY sqlstate
SET wf_curation.batch_size = 5;
SHOW wf_curation.allowed_networks;
\set VERBOSITY default
RESET ROLE;
DROP ROLE regress_wf_user;
