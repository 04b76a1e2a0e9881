/*-------------------------------------------------------------------------
 *
 * wf_robots.c
 *	  robots.txt (RFC 9309): which URLs of an authority we may fetch.
 *
 * Two collections of rules are filled while reading: those of groups naming
 * us and those of groups for "*".  The second counts only if no group names
 * us.  Groups of one kind are merged, wherever they stand (section 2.2.1).
 *
 *-------------------------------------------------------------------------
 */
#define _GNU_SOURCE
#include <string.h>

#include "wf_charset.h"
#include "wf_robots.h"
#include "wf_text.h"

#define MAX_LINE 16384			/* longer lines are cut */

typedef enum Key
{
	KEY_UNKNOWN,
	KEY_USER_AGENT,
	KEY_ALLOW,
	KEY_DISALLOW,
	KEY_CRAWL_DELAY,
	KEY_SITEMAP
} Key;

typedef struct Rules
{
	WfRobotsRule *items;
	int			count;
	int			room;
	int			delay_ms;
} Rules;

typedef struct Parser
{
	WfArena    *arena;
	WfSlice		token;
	Rules		ours;
	Rules		global;
	bool		named;			/* some group names us */
	bool		in_ours;		/* the present group does */
	bool		in_global;
	bool		in_rules;		/* a rule was seen since the last user-agent */
} Parser;

/* Keys as they are met; compared as prefixes, as Google does. */
static const struct
{
	const char *name;
	Key			key;
}			keys[] =
{
	{"user-agent", KEY_USER_AGENT}, {"useragent", KEY_USER_AGENT},
	{"user agent", KEY_USER_AGENT},
	{"disallow", KEY_DISALLOW}, {"dissallow", KEY_DISALLOW}, {"dissalow", KEY_DISALLOW},
	{"disalow", KEY_DISALLOW}, {"diasllow", KEY_DISALLOW}, {"disallaw", KEY_DISALLOW},
	{"allow", KEY_ALLOW},
	{"crawl-delay", KEY_CRAWL_DELAY}, {"crawldelay", KEY_CRAWL_DELAY},
	{"sitemap", KEY_SITEMAP}, {"site-map", KEY_SITEMAP},
};

static Key
key_of(WfSlice name)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
	{
		if (wf_text_starts_nocase(name, (WfSlice) {keys[i].name, strlen(keys[i].name)}))
			return keys[i].key;
	}
	return KEY_UNKNOWN;
}

/* Next line without its end; CR, LF and CRLF end lines. */
static bool
next_line(WfSlice *rest, WfSlice *line)
{
	size_t		i = 0;

	if (rest->len == 0)
		return false;
	while (i < rest->len && rest->data[i] != '\n' && rest->data[i] != '\r')
		i++;
	*line = (WfSlice) {rest->data, i < MAX_LINE ? i : MAX_LINE};
	if (i + 1 < rest->len && rest->data[i] == '\r' && rest->data[i + 1] == '\n')
		i++;
	if (i < rest->len)
		i++;
	rest->data += i;
	rest->len -= i;
	return true;
}

/* "key: value # comment"; without a colon, two words will do. */
static bool
split_line(WfSlice line, WfSlice *name, WfSlice *value)
{
	const char *hash = line.len ? memchr(line.data, '#', line.len) : NULL;
	const char *colon;
	size_t		at = 0;

	if (hash)
		line.len = hash - line.data;
	line = wf_text_trim(line);
	if (line.len == 0)
		return false;
	colon = memchr(line.data, ':', line.len);
	if (colon)
		at = colon - line.data;
	else
	{
		while (at < line.len && line.data[at] != ' ' && line.data[at] != '\t')
			at++;
		*value = wf_text_trim((WfSlice) {line.data + at, line.len - at});
		if (value->len == 0 || memchr(value->data, ' ', value->len) ||
			memchr(value->data, '\t', value->len))
			return false;
		*name = (WfSlice) {line.data, at};
		return true;
	}
	*name = wf_text_trim((WfSlice) {line.data, at});
	*value = wf_text_trim((WfSlice) {line.data + at + 1, line.len - at - 1});
	return name->len > 0;
}

static size_t
token_length(WfSlice text)
{
	size_t		len = 0;

	while (len < text.len && (wf_is_alpha(text.data[len]) || text.data[len] == '-' ||
							  text.data[len] == '_'))
		len++;
	return len;
}

/* Bytes beyond ASCII percent-encoded, hexadecimal digits in capitals. */
static WfSlice
normalise(WfArena *arena, WfSlice text)
{
	static const char digits[] = "0123456789ABCDEF";
	WfSlice		out = WF_SLICE_EMPTY;
	char	   *p = wf_arena_alloc(arena, text.len * 3 + 1);

	if (p == NULL)
		return out;
	out.data = p;
	for (size_t i = 0; i < text.len; i++)
	{
		unsigned char c = text.data[i];

		if (c == '%' && i + 2 < text.len && wf_text_hex_value(text.data[i + 1]) >= 0 &&
			wf_text_hex_value(text.data[i + 2]) >= 0)
		{
			*p++ = '%';
			*p++ = digits[wf_text_hex_value(text.data[++i])];
			*p++ = digits[wf_text_hex_value(text.data[++i])];
		}
		else if (c >= 0x80)
		{
			*p++ = '%';
			*p++ = digits[c >> 4];
			*p++ = digits[c & 15];
		}
		else
			*p++ = c;
	}
	out.len = p - out.data;
	return out;
}

static WfStatus
append_rule(Parser *parser, Rules *rules, WfSlice pattern, bool allow)
{
	if (rules->count == WF_ROBOTS_MAX_RULES)
		return WF_OK;
	if (rules->count == rules->room)
	{
		int			room = rules->room ? rules->room * 2 : 16;
		WfRobotsRule *items = wf_arena_alloc(parser->arena, room * sizeof(*items));

		if (items == NULL)
			return WF_ERR_NOMEM;
		if (rules->count > 0)
			memcpy(items, rules->items, rules->count * sizeof(*items));
		rules->items = items;
		rules->room = room;
	}
	rules->items[rules->count++] = (WfRobotsRule) {pattern, allow};
	return WF_OK;
}

static WfStatus
add_to_groups(Parser *parser, WfSlice pattern, bool allow)
{
	WfStatus	status = WF_OK;

	if (parser->in_ours)
		status = append_rule(parser, &parser->ours, pattern, allow);
	if (status == WF_OK && parser->in_global)
		status = append_rule(parser, &parser->global, pattern, allow);
	return status;
}

static WfStatus
take_pattern(Parser *parser, WfSlice value, bool allow)
{
	WfSlice		pattern = normalise(parser->arena, value);
	WfSlice		directory;
	WfStatus	status;
	const char *slash;

	if (pattern.data == NULL)
		return WF_ERR_NOMEM;
	status = add_to_groups(parser, pattern, allow);
	slash = memrchr(pattern.data, '/', pattern.len);
	if (status != WF_OK || !allow || slash == NULL)
		return status;

	/* who allows dir/index.html allows dir/ */
	directory = (WfSlice) {slash, pattern.data + pattern.len - slash};
	if (!wf_text_starts_nocase(directory, WF_SLICE("/index.htm")))
		return WF_OK;
	directory.len = slash + 2 - pattern.data;
	directory.data = wf_arena_copy(parser->arena, (WfSlice) {pattern.data, directory.len}).data;
	if (directory.data == NULL)
		return WF_ERR_NOMEM;
	((char *) directory.data)[directory.len - 1] = '$';
	return add_to_groups(parser, directory, allow);
}

/* Bytes that are not UTF-8 are in links as they stand here, or as UTF-8. */
static WfStatus
take_rule(Parser *parser, WfSlice value, bool allow)
{
	WfSlice		decoded;
	WfStatus	status;

	parser->in_rules = true;
	if ((!parser->in_ours && !parser->in_global) || value.len == 0)
		return WF_OK;
	status = take_pattern(parser, value, allow);
	if (status != WF_OK || wf_text_clean_prefix(value) == value.len)
		return status;
	status = wf_charset_decode(parser->arena, value, WF_SLICE_EMPTY, NULL, &decoded);
	return status == WF_OK ? take_pattern(parser, decoded, allow) : status;
}

static void
take_user_agent(Parser *parser, WfSlice value)
{
	WfSlice		token = {value.data, token_length(value)};

	if (parser->in_rules)
		parser->in_ours = parser->in_global = parser->in_rules = false;
	if (value.len > 0 && value.data[0] == '*' && (value.len == 1 || wf_is_space(value.data[1])))
		parser->in_global = true;
	else if (token.len > 0 && wf_text_equal_nocase(token, parser->token))
		parser->in_ours = parser->named = true;
}

/* Seconds, perhaps with a fraction, to at most WF_ROBOTS_MAX_DELAY ms. */
static int
parse_delay(WfSlice value)
{
	int64_t		ms = 0;
	int			unit = 1000;
	bool		fraction = false;

	for (size_t i = 0; i < value.len; i++)
	{
		char		c = value.data[i];

		if (c == '.' && !fraction)
			fraction = true;
		else if (!wf_is_digit(c))
			return i == 0 ? 0 : (int) ms;
		else if (fraction)
			ms += (c - '0') * (unit /= 10);
		else
			ms = ms * 10 + (c - '0') * 1000;
		if (ms > WF_ROBOTS_MAX_DELAY)
			return WF_ROBOTS_MAX_DELAY;
	}
	return (int) ms;
}

WfStatus
wf_robots_text(WfArena *arena, WfSlice file, WfSlice *text)
{
	*text = file;
	if (text->len > WF_ROBOTS_MAX_BYTES)
		text->len = WF_ROBOTS_MAX_BYTES;
	if (text->len >= 2 && (memcmp(text->data, "\xff\xfe", 2) == 0 ||
						   memcmp(text->data, "\xfe\xff", 2) == 0))
		return wf_charset_decode(arena, *text, WF_SLICE_EMPTY, NULL, text);
	if (text->len >= 3 && memcmp(text->data, "\xef\xbb\xbf", 3) == 0)
		wf_advance(text, 3);
	return WF_OK;
}

static WfStatus
take_line(Parser *parser, WfSlice name, WfSlice value)
{
	Key			key = key_of(name);

	switch (key)
	{
		case KEY_USER_AGENT:
			take_user_agent(parser, value);
			return WF_OK;
		case KEY_ALLOW:
		case KEY_DISALLOW:
			return take_rule(parser, value, key == KEY_ALLOW);
		case KEY_CRAWL_DELAY:
			if (parser->in_ours)
				parser->ours.delay_ms = parse_delay(value);
			if (parser->in_global)
				parser->global.delay_ms = parse_delay(value);
			return WF_OK;
		case KEY_SITEMAP:		/* whatever the group: wf_robots_next_sitemap */
		case KEY_UNKNOWN:
			break;
	}
	return WF_OK;
}

bool
wf_robots_next_sitemap(WfSlice *text, WfSlice *url)
{
	WfSlice		line;
	WfSlice		name;

	while (next_line(text, &line))
	{
		if (split_line(line, &name, url) && key_of(name) == KEY_SITEMAP && url->len > 0)
			return true;
	}
	return false;
}

WfStatus
wf_robots_parse(WfArena *arena, WfSlice file, WfSlice token, WfRobots *out)
{
	Parser		parser = {.arena = arena, .token = token};
	const Rules *rules;
	WfSlice		line;
	WfSlice		name;
	WfSlice		value;

	memset(out, 0, sizeof(*out));
	if (wf_robots_text(arena, file, &file) != WF_OK)
		return WF_ERR_NOMEM;
	while (next_line(&file, &line))
	{
		if (split_line(line, &name, &value) && take_line(&parser, name, value) != WF_OK)
			return WF_ERR_NOMEM;
	}
	rules = parser.named ? &parser.ours : &parser.global;
	*out = (WfRobots) {rules->items, rules->count, rules->delay_ms};
	return WF_OK;
}

/* ---------- matching ---------- */

/* First occurrence of part in text, NULL when there is none. */
static const char *
find(const char *text, const char *end, WfSlice part)
{
	return part.len == 0 ? text : memmem(text, end - text, part.data, part.len);
}

/*
 * Does the pattern match the start of text?  Parts between stars are looked
 * for from left to right; the leftmost place is always as good as any other.
 */
static bool
matches(WfSlice pattern, WfSlice text)
{
	const char *end = text.data + text.len;
	const char *p = text.data;
	bool		anchored = pattern.len > 0 && pattern.data[pattern.len - 1] == '$';
	const char *pattern_end = pattern.data + pattern.len - anchored;
	const char *part = pattern.data;
	bool		first = true;

	for (;;)
	{
		const char *star = memchr(part, '*', pattern_end - part);
		WfSlice		piece = {part, (star ? star : pattern_end) - part};

		if ((size_t) (end - p) < piece.len)
			return false;
		if (first && memcmp(p, piece.data, piece.len) != 0)
			return false;
		if (star == NULL && anchored)
		{
			/* the last piece stands at the end; after no star it is the whole text */
			if (first)
				return (size_t) (end - p) == piece.len;
			return memcmp(end - piece.len, piece.data, piece.len) == 0;
		}
		if (!first && (p = find(p, end, piece)) == NULL)
			return false;
		p += piece.len;
		if (star == NULL)
			return true;
		part = star + 1;
		first = false;
	}
}

/* Hexadecimal digits of escapes in capitals, as patterns have them. */
static WfSlice
capital_escapes(WfSlice text, char *out)
{
	memcpy(out, text.data, text.len);
	for (size_t i = 0; i + 2 < text.len; i++)
	{
		if (out[i] != '%' || wf_text_hex_value(out[i + 1]) < 0 || wf_text_hex_value(out[i + 2]) < 0)
			continue;
		for (int k = 1; k <= 2; k++)
		{
			if (wf_is_alpha(out[i + k]))
				out[i + k] &= ~('a' - 'A');
		}
	}
	return (WfSlice) {out, text.len};
}

bool
wf_robots_allows(const WfRobots *robots, WfSlice target)
{
	char		room[WF_MAX_URL];
	size_t		best = 0;
	bool		allowed = true;

	if (robots->count == 0 || wf_text_equal(target, WF_SLICE("/robots.txt")))
		return true;
	if (target.len > sizeof(room))
		target.len = sizeof(room);
	target = capital_escapes(target, room);
	for (int i = 0; i < robots->count; i++)
	{
		const WfRobotsRule *rule = &robots->rules[i];

		/* the longest pattern decides, allow among equals */
		if (rule->pattern.len < best || (rule->pattern.len == best && !rule->allow))
			continue;
		if (matches(rule->pattern, target))
		{
			best = rule->pattern.len;
			allowed = rule->allow;
		}
	}
	return allowed;
}

WfSlice
wf_robots_token(WfSlice user_agent)
{
	static const char compatible[] = "compatible;";
	const char *at = user_agent.len ? memmem(user_agent.data, user_agent.len, compatible,
											 sizeof(compatible) - 1) : NULL;
	WfSlice		text = user_agent;

	if (at)
		text = (WfSlice) {at + sizeof(compatible) - 1,
		user_agent.data + user_agent.len - at - (sizeof(compatible) - 1)};
	text = wf_text_trim(text);
	text.len = token_length(text);
	return text;
}
