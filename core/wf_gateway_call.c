/*-------------------------------------------------------------------------
 *
 * wf_gateway_call.c
 *	  What is asked of a gateway: URL, options, price, key.
 *
 *-------------------------------------------------------------------------
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wf_gateway_call.h"
#include "wf_text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* One "name=value" of the options. */
typedef struct Option
{
	WfSlice		name;
	WfSlice		value;
} Option;

/* Where a template has its values. */
static const char *const placeholders[] = {"{key}", "{url}", "{options}", "{max_cost}"};

/* ---------- options ---------- */

static bool
is_made_of(WfSlice text, const char *also)
{
	for (size_t i = 0; i < text.len; i++)
	{
		if (!wf_is_alpha(text.data[i]) && !wf_is_digit(text.data[i]) &&
			strchr(also, text.data[i]) == NULL)
			return false;
	}
	return text.len > 0;
}

/*
 * The next option; false at the end.  One that is malformed has an empty name.
 * Advances *p.
 */
static bool
next_option(const char **p, Option *option)
{
	size_t		len = strcspn(*p, ",");
	WfSlice		item = wf_text_trim((WfSlice) {*p, len});
	const char *equals = item.len > 0 ? memchr(item.data, '=', item.len) : NULL;

	if (**p == '\0')
		return false;
	*p += len + ((*p)[len] == ',');
	*option = (Option) {WF_SLICE_EMPTY, WF_SLICE_EMPTY};
	if (equals == NULL)
		return true;
	option->name = (WfSlice) {item.data, equals - item.data};
	option->value = (WfSlice) {equals + 1, item.data + item.len - equals - 1};
	if (!is_made_of(option->name, "_") || !is_made_of(option->value, "_.-"))
		option->name = WF_SLICE_EMPTY;
	return true;
}

static bool
is_named(const Option *option, const char *name)
{
	return wf_text_equal(option->name, (WfSlice) {name, strlen(name)});
}

/* A number of credits; 0 when it is none. */
static int
credits_of(WfSlice value)
{
	long		number = 0;

	for (size_t i = 0; i < value.len; i++)
	{
		if (!wf_is_digit(value.data[i]) || number > WF_MAX_CREDITS)
			return 0;
		number = number * 10 + (value.data[i] - '0');
	}
	return number > WF_MAX_CREDITS ? 0 : (int) number;
}

const char *
wf_gateway_options_problem(const char *options)
{
	Option		option;

	if (strlen(options) > WF_MAX_GATEWAY_OPTIONS)
		return "The options are too long.";
	while (next_option(&options, &option))
	{
		if (option.name.len == 0)
			return "Options are a list of name=value, of letters, digits, \"_\", \".\" and \"-\".";
		if (is_named(&option, "api_key") || is_named(&option, "url"))
			return "The key comes from the key file and the URL from the page; neither is an option.";
		if (is_named(&option, "max_cost") && credits_of(option.value) == 0)
			return "The option \"max_cost\" must be a number of credits.";
	}
	return NULL;
}

int
wf_gateway_cost(const char *options)
{
	bool		render = false;
	bool		premium = false;
	bool		ultra = false;
	Option		option;

	while (next_option(&options, &option))
	{
		bool		on = wf_text_equal(option.value, WF_SLICE("true"));

		if (is_named(&option, "max_cost") && credits_of(option.value) > 0)
			return credits_of(option.value);
		render |= on && (is_named(&option, "render") || is_named(&option, "screenshot"));
		premium |= on && is_named(&option, "premium");
		ultra |= on && is_named(&option, "ultra_premium");
	}
	if (ultra)
		return render ? 75 : 30;
	if (premium)
		return render ? 25 : 10;
	return render ? 10 : 1;
}

/* ---------- URLs ---------- */

static const char *
find_placeholder(const char *text, const char **name)
{
	const char *brace = strchr(text, '{');

	*name = NULL;
	for (size_t i = 0; brace && i < COUNT(placeholders); i++)
	{
		if (strncmp(brace, placeholders[i], strlen(placeholders[i])) == 0)
			*name = placeholders[i];
	}
	return brace;
}

const char *
wf_gateway_url_problem(const char *url)
{
	const char *host = strstr(url, "://");
	const char *key = strcasestr(url, "api_key=");
	const char *name;
	bool		template = false;

	if (*url == '\0')
		return NULL;
	if (strlen(url) > WF_MAX_GATEWAY_URL)
		return "The URL is too long.";
	for (const char *p = url; *p; p++)
	{
		if (*p <= ' ' || *p > '~' || *p == '#')
			return "The URL may have no blanks, no fragment and ASCII characters only.";
	}
	if (strncmp(url, "https://", 8) != 0 && strncmp(url, "http://", 7) != 0)
		return "The URL must begin with https:// or http://.";
	host += 3;
	if (strcspn(host, "/?{") == 0 || memchr(host, '@', strcspn(host, "/?")) != NULL)
		return "The URL must have a host, and neither a user name nor a password.";
	if (memchr(host, '{', strcspn(host, "/?")) != NULL)
		return "The URL's host must not be a placeholder.";
	if (key && strncmp(key + strlen("api_key="), "{key}", 5) != 0)
		return "The key must not be part of the URL: it comes from the key file, in place of {key}.";
	for (const char *p = url; (p = find_placeholder(p, &name)) != NULL; p++)
	{
		if (name == NULL)
			return "Only {key}, {url}, {options} and {max_cost} are replaced.";
		template = true;
	}
	if (template && strstr(url, "{url}") == NULL)
		return "A template must have {url} in it, in place of which the page's URL comes.";
	return NULL;
}

typedef struct Text
{
	char	   *data;
	size_t		len;
	size_t		room;
	bool		failed;
} Text;

/* Append; what grows is never left behind with a key in it. */
static void
add_bytes(Text *text, const char *data, size_t len)
{
	if (text->failed)
		return;
	if (text->len + len + 1 > text->room)
	{
		size_t		room = (text->len + len + 1) * 2;
		char	   *larger = malloc(room);

		if (larger == NULL)
		{
			text->failed = true;
			return;
		}
		if (text->len > 0)
		{
			memcpy(larger, text->data, text->len);
			explicit_bzero(text->data, text->len);
		}
		free(text->data);
		text->data = larger;
		text->room = room;
	}
	if (len > 0)
		memcpy(text->data + text->len, data, len);
	text->len += len;
	text->data[text->len] = '\0';
}

static void
add_text(Text *text, const char *data)
{
	add_bytes(text, data, strlen(data));
}

/* RFC 3986 section 2.3: all but unreserved characters become %XX. */
static void
add_encoded(Text *text, WfSlice value)
{
	for (size_t i = 0; i < value.len; i++)
	{
		unsigned char c = (unsigned char) value.data[i];
		char		code[4];

		if (is_made_of((WfSlice) {value.data + i, 1}, "-._~"))
			add_bytes(text, value.data + i, 1);
		else
		{
			snprintf(code, sizeof(code), "%%%02X", c);
			add_text(text, code);
		}
	}
}

/* "&name=value" of each option; max_cost has a place of its own. */
static void
add_options(Text *text, const char *options)
{
	Option		option;

	while (next_option(&options, &option))
	{
		if (option.name.len == 0 || is_named(&option, "max_cost"))
			continue;
		add_text(text, "&");
		add_bytes(text, option.name.data, option.name.len);
		add_text(text, "=");
		add_bytes(text, option.value.data, option.value.len);
	}
}

static void
add_value(Text *text, const char *placeholder, const char *options, const char *key,
		  WfSlice target)
{
	char		number[16];

	if (strcmp(placeholder, "{key}") == 0)
		add_encoded(text, (WfSlice) {key, strlen(key)});
	else if (strcmp(placeholder, "{url}") == 0)
		add_encoded(text, target);
	else if (strcmp(placeholder, "{options}") == 0)
		add_options(text, options);
	else
	{
		snprintf(number, sizeof(number), "%d", wf_gateway_cost(options));
		add_text(text, number);
	}
}

char *
wf_gateway_call_url(const char *url, const char *options, const char *key, WfSlice target)
{
	Text		text = {NULL, 0, 0, false};
	const char *rest = url;
	const char *name;
	const char *brace;

	while ((brace = find_placeholder(rest, &name)) != NULL && name)
	{
		add_bytes(&text, rest, brace - rest);
		add_value(&text, name, options, key, target);
		rest = brace + strlen(name);
	}
	add_text(&text, rest);
	if (strstr(url, "{url}") == NULL)
	{
		add_text(&text, strchr(url, '?') ? "&api_key=" : "?api_key=");
		add_value(&text, "{key}", options, key, target);
		add_text(&text, "&url=");
		add_encoded(&text, target);
		add_options(&text, options);
		add_text(&text, "&max_cost=");
		add_value(&text, "{max_cost}", options, key, target);
	}
	if (!text.failed)
		return text.data;
	if (text.data)
		explicit_bzero(text.data, text.len);
	free(text.data);
	return NULL;
}

/* ---------- the key ---------- */

/* What is wrong with the open file, or NULL. */
static const char *
file_problem(int fd)
{
	struct stat st;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return "it is not a regular file";
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return "it belongs to another user";
	if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return "group or others have permissions on it (mode 0600 or less is needed)";
	return NULL;
}

static const char *
take_key(const char *data, size_t len, char *key)
{
	WfSlice		line = wf_text_trim((WfSlice) {data, len});

	if (line.len == 0)
		return "it is empty";
	if (line.len > WF_MAX_GATEWAY_KEY)
		return "the key is too long";
	for (size_t i = 0; i < line.len; i++)
	{
		if (line.data[i] <= ' ' || line.data[i] > '~')
			return "it is not one line of printable characters without blanks";
	}
	memcpy(key, line.data, line.len);
	key[line.len] = '\0';
	return NULL;
}

const char *
wf_gateway_read_key(const char *path, char *key)
{
	static char text[160];
	char		data[WF_MAX_GATEWAY_KEY + 64];
	const char *problem;
	ssize_t		len;
	int			fd;

	key[0] = '\0';
	if (*path == '\0')
		return "none is set";
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
	{
		snprintf(text, sizeof(text), "it could not be opened: %s", strerror(errno));
		return text;
	}
	problem = file_problem(fd);
	if (problem == NULL)
	{
		len = read(fd, data, sizeof(data));
		problem = len < 0 ? "it could not be read" : take_key(data, (size_t) len, key);
		explicit_bzero(data, sizeof(data));
	}
	close(fd);
	return problem;
}
