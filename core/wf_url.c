/*-------------------------------------------------------------------------
 *
 * wf_url.c
 *	  Parse, resolve and normalise http and https URLs.
 *
 * Comments name the states of the basic URL parser of the WHATWG URL Standard
 * (section 4.4).  The URL is built in one buffer of the arena; the slices of
 * the result are set when it no longer moves.
 *
 *-------------------------------------------------------------------------
 */
#include "wf_url.h"

#include <arpa/inet.h>
#include <idn2.h>
#include <stdio.h>
#include <string.h>

#include "wf_text.h"

#define IPV6_PIECES 8

/* Parts of the input, in the order they stand. */
typedef struct Parts
{
	bool		is_https;
	bool		from_base;		/* authority is that of the base */
	WfSlice		authority;
	WfSlice		path;
	WfSlice		query;
	bool		has_query;
} Parts;

typedef struct Host
{
	WfHostType	type;
	unsigned char address[16];
	char		text[WF_MAX_HOST + 1];	/* without brackets */
	size_t		len;
} Host;

/*-------------------------------------------------------------------------
 * Splitting
 *-------------------------------------------------------------------------
 */

static bool
is_slash(char c)
{
	return c == '/' || c == '\\';
}

/*
 * The input in valid UTF-8 without what the parser ignores: C0 controls and
 * spaces at the ends, tabs and line ends anywhere.
 */
static WfStatus
clean_input(WfArena *arena, WfSlice input, WfSlice *out)
{
	const char *p;
	const char *end;
	char	   *copy;
	size_t		len = 0;

	while (input.len > 0 && (unsigned char) input.data[0] <= ' ')
		wf_advance(&input, 1);
	while (input.len > 0 && (unsigned char) input.data[input.len - 1] <= ' ')
		input.len--;
	if (input.len > WF_MAX_URL)
		return WF_ERR_LIMIT;
	copy = wf_arena_alloc(arena, 3 * input.len + 1);
	if (copy == NULL)
		return WF_ERR_NOMEM;
	p = input.data;
	end = p + input.len;
	while (p < end)
	{
		uint32_t	cp;
		int			taken = wf_text_decode(p, end, &cp);

		if (cp != '\t' && cp != '\n' && cp != '\r')
			len += wf_text_encode(cp, copy + len);
		p += taken;
	}
	out->data = copy;
	out->len = len;
	return WF_OK;
}

/* Length of "scheme:" at the start of text; 0 when there is none. */
static size_t
scheme_length(WfSlice text)
{
	size_t		i;

	if (text.len == 0 || !wf_is_alpha(text.data[0]))
		return 0;
	for (i = 1; i < text.len; i++)
	{
		char		c = text.data[i];

		if (c == ':')
			return i + 1;
		if (!wf_is_alpha(c) && !wf_is_digit(c) && c != '+' && c != '-' && c != '.')
			return 0;
	}
	return 0;
}

/* Length of text up to a '?' or, if asked for, a slash. */
static size_t
length_until(WfSlice text, bool slash)
{
	size_t		i;

	for (i = 0; i < text.len; i++)
	{
		if (text.data[i] == '?' || (slash && is_slash(text.data[i])))
			break;
	}
	return i;
}

/*
 * Scheme start state down to the path states: what of text is which part.
 * Text has no fragment any more.
 */
static WfStatus
split(WfSlice text, const WfUrl *base, Parts *parts)
{
	size_t		scheme = scheme_length(text);
	bool		relative = false;
	size_t		slashes = 0;

	memset(parts, 0, sizeof(*parts));
	if (scheme > 0)
	{
		if (wf_text_equal_nocase((WfSlice) {text.data, scheme}, WF_SLICE("https:")))
			parts->is_https = true;
		else if (!wf_text_equal_nocase((WfSlice) {text.data, scheme}, WF_SLICE("http:")))
			return WF_ERR_SYNTAX;
		wf_advance(&text, scheme);
		/* special relative or authority state: "http:x" beside an http base */
		relative = base != NULL && base->is_https == parts->is_https &&
			!(text.len >= 2 && text.data[0] == '/' && text.data[1] == '/');
	}
	else
	{
		if (base == NULL)
			return WF_ERR_SYNTAX;
		parts->is_https = base->is_https;
		relative = true;
	}

	while (slashes < text.len && is_slash(text.data[slashes]))
		slashes++;
	if (!relative || slashes >= 2)
	{
		/* special authority ignore slashes state */
		wf_advance(&text, slashes);
		parts->authority.data = text.data;
		parts->authority.len = length_until(text, true);
		wf_advance(&text, parts->authority.len);
	}
	else
		parts->from_base = true;

	parts->path.data = text.data;
	parts->path.len = length_until(text, false);
	wf_advance(&text, parts->path.len);
	if (text.len > 0)
	{
		parts->has_query = true;
		wf_advance(&text, 1);
		parts->query = text;
	}
	return WF_OK;
}

/*-------------------------------------------------------------------------
 * Host
 *-------------------------------------------------------------------------
 */

static bool
is_forbidden_in_domain(unsigned char c)
{
	return c <= ' ' || c >= 0x7F || strchr("#/:<>?@[\\]^|%", c) != NULL;
}

/* IPv4 number parser: false when text is none, or too large for 32 bits. */
static bool
ipv4_number(WfSlice text, uint64_t *number)
{
	int			radix = 10;
	size_t		i;

	if (text.len == 0)
		return false;
	if (text.len >= 2 && text.data[0] == '0' && (text.data[1] | 0x20) == 'x')
	{
		radix = 16;
		wf_advance(&text, 2);
	}
	else if (text.len >= 2 && text.data[0] == '0')
	{
		radix = 8;
		wf_advance(&text, 1);
	}
	*number = 0;
	for (i = 0; i < text.len; i++)
	{
		int			digit = wf_text_hex_value(text.data[i]);

		if (digit < 0 || digit >= radix)
			return false;
		if (*number <= UINT32_MAX)
			*number = *number * radix + digit;
	}
	return true;
}

/* "Ends in a number checker": such a host is an IPv4 address or nothing. */
static bool
ends_in_number(WfSlice host)
{
	size_t		start;
	uint64_t	number;
	size_t		i;

	if (host.len > 0 && host.data[host.len - 1] == '.')
		host.len--;
	start = host.len;
	while (start > 0 && host.data[start - 1] != '.')
		start--;
	wf_advance(&host, start);
	if (host.len == 0)
		return false;
	for (i = 0; i < host.len && wf_is_digit(host.data[i]); i++)
		;
	return i == host.len || ipv4_number(host, &number);
}

/* IPv4 parser */
static WfStatus
parse_ipv4(WfSlice text, Host *host)
{
	uint64_t	numbers[4];
	int			count = 0;
	uint64_t	address;
	int			i;

	if (text.len > 0 && text.data[text.len - 1] == '.')
		text.len--;
	for (;;)
	{
		const char *dot = memchr(text.data, '.', text.len);
		WfSlice		part = {text.data, dot != NULL ? (size_t) (dot - text.data) : text.len};

		if (count == 4 || !ipv4_number(part, &numbers[count]))
			return WF_ERR_SYNTAX;
		count++;
		if (dot == NULL)
			break;
		wf_advance(&text, part.len + 1);
	}
	for (i = 0; i < count - 1; i++)
	{
		if (numbers[i] > 255)
			return WF_ERR_SYNTAX;
	}
	if (numbers[count - 1] >= UINT64_C(1) << (8 * (5 - count)))
		return WF_ERR_SYNTAX;
	address = numbers[count - 1];
	for (i = 0; i < count - 1; i++)
		address |= numbers[i] << (8 * (3 - i));

	host->type = WF_HOST_IPV4;
	for (i = 0; i < 4; i++)
		host->address[i] = (unsigned char) (address >> (8 * (3 - i)));
	host->len = snprintf(host->text, sizeof(host->text), "%d.%d.%d.%d", host->address[0],
						 host->address[1], host->address[2], host->address[3]);
	return WF_OK;
}

/* IPv6 serializer: the first longest run of zeros becomes "::". */
static void
write_ipv6(const unsigned pieces[IPV6_PIECES], Host *host)
{
	int			best = -1;
	int			best_len = 1;
	int			i;

	for (i = 0; i < IPV6_PIECES; i++)
	{
		int			len = 0;

		while (i + len < IPV6_PIECES && pieces[i + len] == 0)
			len++;
		if (len > best_len)
		{
			best = i;
			best_len = len;
		}
		if (len > 0)
			i += len - 1;
	}
	host->len = 0;
	for (i = 0; i < IPV6_PIECES; i++)
	{
		if (i == best)
		{
			host->len += snprintf(host->text + host->len, 3, i == 0 ? "::" : ":");
			i += best_len - 1;
			continue;
		}
		host->len += snprintf(host->text + host->len, 6, i < IPV6_PIECES - 1 ? "%x:" : "%x",
							  pieces[i]);
	}
}

/* IPv6 parser; its grammar is that of inet_pton. */
static WfStatus
parse_ipv6(WfSlice text, Host *host)
{
	char		copy[INET6_ADDRSTRLEN];
	unsigned	pieces[IPV6_PIECES];
	int			i;

	if (text.len >= sizeof(copy) || memchr(text.data, '\0', text.len) != NULL)
		return WF_ERR_SYNTAX;
	memcpy(copy, text.data, text.len);
	copy[text.len] = '\0';
	if (inet_pton(AF_INET6, copy, host->address) != 1)
		return WF_ERR_SYNTAX;
	host->type = WF_HOST_IPV6;
	for (i = 0; i < IPV6_PIECES; i++)
		pieces[i] = (unsigned) host->address[2 * i] << 8 | host->address[2 * i + 1];
	write_ipv6(pieces, host);
	return WF_OK;
}

/*
 * Domain to ASCII (UTS #46, non-transitional).  The name is NUL-terminated and
 * in lower case as far as it is ASCII; if it is all ASCII it stays, and what
 * it has of Punycode is not looked into.
 */
static WfStatus
domain_to_ascii(WfSlice name, Host *host)
{
	uint8_t    *ascii = NULL;
	int			rc;

	if (wf_text_ascii_prefix(name) == name.len)
	{
		if (name.len > WF_MAX_HOST)
			return WF_ERR_LIMIT;
		memcpy(host->text, name.data, name.len);
		host->len = name.len;
		return WF_OK;
	}
	rc = idn2_lookup_u8((const uint8_t *) name.data, &ascii,
						IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
	if (rc != IDN2_OK)
	{
		if (rc == IDN2_MALLOC)
			return WF_ERR_NOMEM;
		return rc == IDN2_TOO_BIG_DOMAIN ? WF_ERR_LIMIT : WF_ERR_SYNTAX;
	}
	host->len = strlen((char *) ascii);
	if (host->len > WF_MAX_HOST)
	{
		idn2_free(ascii);
		return WF_ERR_LIMIT;
	}
	memcpy(host->text, ascii, host->len);
	idn2_free(ascii);
	return WF_OK;
}

/* Host parser */
static WfStatus
parse_host(WfArena *arena, WfSlice text, Host *host)
{
	char	   *decoded;
	WfSlice		name;
	WfStatus	status;
	size_t		i;

	memset(host, 0, sizeof(*host));
	if (text.len == 0)
		return WF_ERR_SYNTAX;
	if (text.data[0] == '[')
	{
		if (text.data[text.len - 1] != ']')
			return WF_ERR_SYNTAX;
		return parse_ipv6((WfSlice) {text.data + 1, text.len - 2}, host);
	}

	decoded = wf_arena_alloc(arena, text.len + 1);
	if (decoded == NULL)
		return WF_ERR_NOMEM;
	name.data = decoded;
	name.len = wf_text_percent_decode(text, decoded);
	if (wf_text_clean_prefix(name) < name.len)
		return WF_ERR_SYNTAX;
	wf_text_lower(decoded, name.len);
	decoded[name.len] = '\0';
	status = domain_to_ascii(name, host);
	if (status != WF_OK)
		return status;
	host->type = WF_HOST_NAME;
	wf_text_lower(host->text, host->len);
	for (i = 0; i < host->len; i++)
	{
		if (is_forbidden_in_domain((unsigned char) host->text[i]))
			return WF_ERR_SYNTAX;
	}
	name.data = host->text;
	name.len = host->len;
	if (name.len == 0)
		return WF_ERR_SYNTAX;
	return ends_in_number(name) ? parse_ipv4(name, host) : WF_OK;
}

/*-------------------------------------------------------------------------
 * Building
 *-------------------------------------------------------------------------
 */

/* Path and query percent-encode sets; C0 controls and non-ASCII are in both. */
static bool
must_encode(unsigned char c, bool in_query)
{
	if (c <= ' ' || c >= 0x7F)
		return true;
	return strchr(in_query ? "\"#<>'" : "\"#<>?^`{}", c) != NULL;
}

static WfStatus
append_encoded(WfBuffer *buf, WfSlice text, bool in_query)
{
	static const char hex[] = "0123456789ABCDEF";
	WfStatus	status = WF_OK;
	size_t		i;

	for (i = 0; i < text.len && status == WF_OK; i++)
	{
		unsigned char c = (unsigned char) text.data[i];
		char		code[3] = {'%', hex[c >> 4], hex[c & 15]};

		if (must_encode(c, in_query))
			status = wf_buffer_append(buf, code, 3);
		else
			status = wf_buffer_append_char(buf, (char) c);
	}
	return status;
}

/* Number of dots of a (coded) dot segment, 0 for any other. */
static int
dot_count(WfSlice segment)
{
	int			dots = 0;

	while (segment.len > 0)
	{
		if (segment.data[0] == '.')
			wf_advance(&segment, 1);
		else if (wf_text_starts_nocase(segment, WF_SLICE("%2e")))
			wf_advance(&segment, 3);
		else
			return 0;
		if (++dots > 2)
			return 0;
	}
	return dots;
}

/* Shorten: remove the last segment of the path that begins at path_start. */
static void
remove_segment(WfBuffer *buf, size_t path_start)
{
	while (buf->len > path_start && buf->data[--buf->len] != '/')
		;
}

/*
 * Path state: append the segments of path, behind what the path that begins at
 * path_start has already.
 */
static WfStatus
append_path(WfBuffer *buf, size_t path_start, WfSlice path)
{
	WfStatus	status = WF_OK;

	if (path.len > 0 && is_slash(path.data[0]))
		wf_advance(&path, 1);
	for (;;)
	{
		WfSlice		segment = {path.data, 0};
		bool		is_last;
		int			dots;

		while (segment.len < path.len && !is_slash(path.data[segment.len]))
			segment.len++;
		is_last = segment.len == path.len;
		dots = dot_count(segment);
		if (dots == 2)
			remove_segment(buf, path_start);
		if (dots == 0)
		{
			status = wf_buffer_append_char(buf, '/');
			if (status == WF_OK)
				status = append_encoded(buf, segment, false);
		}
		else if (is_last)
			status = wf_buffer_append_char(buf, '/');
		if (status != WF_OK || is_last)
			return status;
		wf_advance(&path, segment.len + 1);
	}
}

/* Port state: digits up to 65535; nothing means the default. */
static bool
parse_port(WfSlice text, int default_port, int *port)
{
	size_t		i;
	int			value = 0;

	*port = default_port;
	for (i = 0; i < text.len; i++)
	{
		if (!wf_is_digit(text.data[i]))
			return false;
		value = value * 10 + (text.data[i] - '0');
		if (value > 65535)
			return false;
	}
	if (text.len > 0)
		*port = value;
	return true;
}

/* Authority and host states. */
static WfStatus
parse_authority(WfArena *arena, WfSlice authority, Host *host, WfUrl *out)
{
	size_t		at;
	size_t		colon;
	bool		in_brackets = false;

	for (at = authority.len; at > 0 && authority.data[at - 1] != '@'; at--)
		;
	out->has_credentials = at > 1;
	wf_advance(&authority, at);
	for (colon = 0; colon < authority.len; colon++)
	{
		if (authority.data[colon] == '[')
			in_brackets = true;
		else if (authority.data[colon] == ']')
			in_brackets = false;
		else if (authority.data[colon] == ':' && !in_brackets)
			break;
	}
	out->port = out->is_https ? 443 : 80;
	if (colon < authority.len &&
		!parse_port((WfSlice) {authority.data + colon + 1, authority.len - colon - 1},
					out->port, &out->port))
		return WF_ERR_SYNTAX;
	authority.len = colon;
	return parse_host(arena, authority, host);
}

static void
host_of_base(const WfUrl *base, Host *host, WfUrl *out)
{
	memset(host, 0, sizeof(*host));
	host->type = base->host_type;
	memcpy(host->address, base->address, sizeof(host->address));
	memcpy(host->text, base->host.data, base->host.len);
	host->len = base->host.len;
	out->port = base->port;
	out->has_credentials = base->has_credentials;
}

/* "scheme://host:port" */
static WfStatus
append_origin(WfBuffer *buf, const Host *host, WfUrl *out)
{
	char		text[WF_MAX_HOST + 32];
	int			len;

	out->has_default_port = out->port == (out->is_https ? 443 : 80);
	len = snprintf(text, sizeof(text), "%s://%s%s%s", out->is_https ? "https" : "http",
				   host->type == WF_HOST_IPV6 ? "[" : "", host->text,
				   host->type == WF_HOST_IPV6 ? "]" : "");
	if (!out->has_default_port)
		len += snprintf(text + len, sizeof(text) - len, ":%d", out->port);
	return wf_buffer_append(buf, text, len);
}

/* The path of the result, which begins at the end of buf. */
static WfStatus
append_resolved_path(WfBuffer *buf, const Parts *parts, const WfUrl *base)
{
	size_t		path_start = buf->len;
	bool		is_absolute = parts->path.len > 0 && is_slash(parts->path.data[0]);

	if (parts->from_base && !is_absolute)
	{
		WfStatus	status = wf_buffer_append(buf, base->path.data, base->path.len);

		if (status != WF_OK || parts->path.len == 0)
			return status;
		remove_segment(buf, path_start);
	}
	return append_path(buf, path_start, parts->path);
}

static WfStatus
append_resolved_query(WfBuffer *buf, const Parts *parts, const WfUrl *base, WfUrl *out)
{
	bool		of_base = parts->from_base && parts->path.len == 0 && !parts->has_query;
	WfSlice		query = of_base ? base->query : parts->query;
	WfStatus	status;

	out->has_query = of_base ? base->has_query : parts->has_query;
	if (!out->has_query)
		return WF_OK;
	status = wf_buffer_append_char(buf, '?');
	if (status == WF_OK)
		status = append_encoded(buf, query, true);
	return status;
}

WfStatus
wf_url_parse(WfArena *arena, WfSlice input, const WfUrl *base, WfUrl *out)
{
	WfBuffer	buf = {arena};
	Parts		parts;
	Host		host;
	const char *hash;
	size_t		path_start;
	size_t		query_start;
	WfStatus	status;

	memset(out, 0, sizeof(*out));
	status = clean_input(arena, input, &input);
	if (status != WF_OK)
		return status;
	hash = input.len > 0 ? memchr(input.data, '#', input.len) : NULL;
	if (hash != NULL)
		input.len = hash - input.data;
	status = split(input, base, &parts);
	if (status != WF_OK)
		return status;
	out->is_https = parts.is_https;
	if (parts.from_base)
		host_of_base(base, &host, out);
	else
		status = parse_authority(arena, parts.authority, &host, out);
	if (status != WF_OK ||
		(status = append_origin(&buf, &host, out)) != WF_OK)
		return status;
	path_start = buf.len;
	if ((status = append_resolved_path(&buf, &parts, base)) != WF_OK)
		return status;
	query_start = buf.len;
	if ((status = append_resolved_query(&buf, &parts, base, out)) != WF_OK ||
		(status = wf_buffer_append_char(&buf, '\0')) != WF_OK)
		return status;
	if (buf.len - 1 > WF_MAX_URL)
		return WF_ERR_LIMIT;

	out->href = (WfSlice) {buf.data, buf.len - 1};
	out->scheme = (WfSlice) {buf.data, out->is_https ? 5 : 4};
	out->host_type = host.type;
	memcpy(out->address, host.address, sizeof(out->address));
	out->host = (WfSlice) {buf.data + out->scheme.len + 3 + (host.type == WF_HOST_IPV6), host.len};
	out->path = (WfSlice) {buf.data + path_start, query_start - path_start};
	out->target = (WfSlice) {buf.data + path_start, out->href.len - path_start};
	if (out->has_query)
		out->query = (WfSlice) {buf.data + query_start + 1, out->href.len - query_start - 1};
	return WF_OK;
}

bool
wf_url_same_origin(const WfUrl *a, const WfUrl *b)
{
	return a->is_https == b->is_https && a->port == b->port && wf_text_equal(a->host, b->host);
}

static WfSlice
without_trailing_dot(WfSlice name)
{
	if (name.len > 0 && name.data[name.len - 1] == '.')
		name.len--;
	return name;
}

bool
wf_url_host_in_domain(WfSlice host, WfSlice domain)
{
	WfSlice		tail;

	host = without_trailing_dot(host);
	domain = without_trailing_dot(domain);
	if (domain.len == 0 || host.len < domain.len)
		return false;
	tail.data = host.data + (host.len - domain.len);
	tail.len = domain.len;
	return wf_text_equal_nocase(tail, domain) &&
		(host.len == domain.len || tail.data[-1] == '.');
}
