/*-------------------------------------------------------------------------
 *
 * test_gateway_call.c
 *	  What is asked of a gateway: URLs, options, prices, and the key's file.
 *
 *-------------------------------------------------------------------------
 */
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

#include "core/wf_gateway_call.h"

static void
call_is(const char *url, const char *options, const char *key, const char *target,
		const char *expected)
{
	char	   *call = wf_gateway_call_url(url, options, key, slice(target));

	is(slice(call), expected, url);
	free(call);
}

static void
test_calls(void)
{
	call_is("https://api.scraperapi.com/", "", "k1", "http://example.org/a?b=c&d#e",
			"https://api.scraperapi.com/?api_key=k1&url=http%3A%2F%2Fexample.org%2Fa%3Fb%3Dc%26d%23e"
			"&max_cost=1");
	call_is("https://api.scraperapi.com/?x=1", " render=true , country_code=us,", "k", "http://e.org/",
			"https://api.scraperapi.com/?x=1&api_key=k&url=http%3A%2F%2Fe.org%2F"
			"&render=true&country_code=us&max_cost=10");
	call_is("https://gw.example/v1?token={key}&target={url}{options}&cost={max_cost}",
			"premium=true,max_cost=42", "a&b=c/", "http://e.org/{key}",
			"https://gw.example/v1?token=a%26b%3Dc%2F&target=http%3A%2F%2Fe.org%2F%7Bkey%7D"
			"&premium=true&cost=42");
	call_is("https://gw.example/{url}", "", "k", "http://e.org/\xc3\xa9",
			"https://gw.example/http%3A%2F%2Fe.org%2F%C3%A9");
}

static void
test_prices(void)
{
	is_int(wf_gateway_cost(""), 1, "a plain call");
	is_int(wf_gateway_cost("country_code=us, device_type=desktop"), 1, "what costs nothing more");
	is_int(wf_gateway_cost("render=true"), 10, "render");
	is_int(wf_gateway_cost("render=false"), 1, "render=false");
	is_int(wf_gateway_cost("premium=true"), 10, "premium");
	is_int(wf_gateway_cost("premium=true,render=true"), 25, "premium and render");
	is_int(wf_gateway_cost("screenshot=true"), 10, "a screenshot is rendered");
	is_int(wf_gateway_cost("ultra_premium=true"), 30, "ultra_premium");
	is_int(wf_gateway_cost("ultra_premium=true,render=true"), 75, "ultra_premium and render");
	is_int(wf_gateway_cost("ultra_premium=true,max_cost=5"), 5, "max_cost decides");
}

static void
test_settings(void)
{
	static const char *const good_urls[] = {
		"", "https://api.scraperapi.com/", "http://127.0.0.1:8080", "https://x.example/?k={key}&u={url}",
		"https://x.example/?api_key={key}&url={url}{options}&m={max_cost}"
	};
	static const char *const bad_urls[] = {
		"api.scraperapi.com", "ftp://x.example/", "https://", "https:///x", "https://u:p@x.example/",
		"https://x.example/a b", "https://x.example/#x", "https://x.example/?api_key=12345",
		"https://x.example/?API_KEY=1", "https://x.example/{nonsense}", "https://x.example/{",
		"https://{url}/", "https://{key}.x.example/", "https://x.example/?k={key}",
		"https://x.example/\xc3\xa9"
	};
	static const char *const good_options[] = {
		"", "render=true", " render=true, premium=true ,country_code=us,device_type=desktop",
		"max_cost=30", "session_number=1.2-3_4"
	};
	static const char *const bad_options[] = {
		"render", "=x", "a=", "a=b&c=d", "a=b c", "api_key=x", "url=http", "max_cost=no", "max_cost=0",
		"max_cost=99999999999", "a=\xc3\xa9", ",render=true", "a=b=c", "a b=c"
	};

	for (size_t i = 0; i < sizeof(good_urls) / sizeof(good_urls[0]); i++)
		ok(wf_gateway_url_problem(good_urls[i]) == NULL, "URL is good: %s", good_urls[i]);
	for (size_t i = 0; i < sizeof(bad_urls) / sizeof(bad_urls[0]); i++)
		ok(wf_gateway_url_problem(bad_urls[i]) != NULL, "URL is refused: %s", bad_urls[i]);
	for (size_t i = 0; i < sizeof(good_options) / sizeof(good_options[0]); i++)
		ok(wf_gateway_options_problem(good_options[i]) == NULL, "options are good: %s",
		   good_options[i]);
	for (size_t i = 0; i < sizeof(bad_options) / sizeof(bad_options[0]); i++)
		ok(wf_gateway_options_problem(bad_options[i]) != NULL, "options are refused: %s",
		   bad_options[i]);
}

/* What is wrong with a key file of that content and mode; "" when nothing is. */
static const char *
problem_of(const char *path, const char *content, mode_t mode, char *key)
{
	FILE	   *file;
	const char *problem;

	chmod(path, 0600);
	file = fopen(path, "w");
	fputs(content, file);
	fclose(file);
	chmod(path, mode);
	problem = wf_gateway_read_key(path, key);
	return problem ? problem : "";
}

static void
test_key_file(void)
{
	char		path[] = "/tmp/wf_key_XXXXXX";
	char		long_key[WF_MAX_GATEWAY_KEY + 8];
	char		key[WF_MAX_GATEWAY_KEY + 1];

	close(mkstemp(path));
	memset(long_key, 'x', sizeof(long_key));
	long_key[sizeof(long_key) - 1] = '\0';
	ok(*problem_of(path, "secret\n", 0600, key) == '\0', "a key file");
	is(slice(key), "secret", "its key, without the end of the line");
	ok(*problem_of(path, "  secret  ", 0400, key) == '\0', "one that is only read");
	ok(*problem_of(path, "secret", 0640, key), "refused: readable by its group");
	ok(*problem_of(path, "secret", 0604, key), "refused: readable by all");
	ok(*problem_of(path, "secret", 0620, key), "refused: writable by its group");
	is(slice(key), "", "no key then");
	ok(*problem_of(path, "", 0600, key), "refused: empty");
	ok(*problem_of(path, "\n\n", 0600, key), "refused: blank");
	ok(*problem_of(path, "a\nb\n", 0600, key), "refused: two lines");
	ok(*problem_of(path, "a b", 0600, key), "refused: a blank in the key");
	ok(*problem_of(path, long_key, 0600, key), "refused: too long");
	unlink(path);
	ok(wf_gateway_read_key(path, key) != NULL, "refused: not there");
	ok(strstr(wf_gateway_read_key(path, key), path) == NULL, "its name is not told");
	ok(wf_gateway_read_key("/tmp", key) != NULL, "refused: a directory");
	ok(wf_gateway_read_key("", key) != NULL, "refused: none set");
}

int
main(void)
{
	test_calls();
	test_prices();
	test_settings();
	test_key_file();
	return done();
}
