/*-------------------------------------------------------------------------
 *
 * wf_site.c
 *	  The site of a URL.
 *
 *-------------------------------------------------------------------------
 */
#include <stdio.h>
#include <string.h>

#include "wf_site.h"
#include "wf_text.h"

/* Without "www." where a name with a dot is left. */
static WfSlice
bare_host(WfSlice host)
{
	if (host.len > 4 && memcmp(host.data, "www.", 4) == 0 &&
		memchr(host.data + 4, '.', host.len - 4) != NULL)
		return (WfSlice) {host.data + 4, host.len - 4};
	return host;
}

size_t
wf_site_name(const WfUrl *url, char *out)
{
	WfSlice		host = bare_host(url->host);
	bool		six = url->host_type == WF_HOST_IPV6;
	int			len = snprintf(out, WF_MAX_SITE + 1, "%s%.*s%s", six ? "[" : "",
							   (int) host.len, host.data, six ? "]" : "");

	if (!url->has_default_port)
		len += snprintf(out + len, WF_MAX_SITE + 1 - len, ":%d", url->port);
	return (size_t) len;
}

/*
 * The host in "http://name/..." or "name" where it needs no parser: lower-case
 * labels without hyphens in a row (Punycode), the last one no number.  Empty
 * when it is anything else.
 */
static WfSlice
plain_host(WfSlice text)
{
	WfSlice		host = text;
	size_t		len = 0;
	char		before = '.';
	bool		named = false;	/* the present label begins with a letter */

	if (text.len > 7 && memcmp(text.data, "http://", 7) == 0)
		host = (WfSlice) {text.data + 7, text.len - 7};
	else if (text.len > 8 && memcmp(text.data, "https://", 8) == 0)
		host = (WfSlice) {text.data + 8, text.len - 8};
	for (; len < host.len; before = host.data[len++])
	{
		char		c = host.data[len];
		bool		letter = c >= 'a' && c <= 'z';

		if (!letter && c != '.' && c != '-' && !wf_is_digit(c))
			break;
		if ((c == '.' || c == '-') && c == before)
			return WF_SLICE_EMPTY;
		if (before == '.')
			named = letter;
	}
	if (len == 0 || len > WF_MAX_HOST || !named || (len < host.len && host.data[len] != '/'))
		return WF_SLICE_EMPTY;
	host.len = len;
	return host;
}

size_t
wf_site_of_text(WfArena *arena, WfSlice text, char *out)
{
	WfSlice		host = plain_host(text);
	char		with_scheme[WF_MAX_HOST + 16];
	WfUrl		url;

	out[0] = '\0';
	if (host.len > 0)
	{
		host = bare_host(host);
		memcpy(out, host.data, host.len);
		out[host.len] = '\0';
		return host.len;
	}
	wf_arena_reset(arena);
	if (wf_url_parse(arena, text, NULL, &url) == WF_OK)
		return wf_site_name(&url, out);
	if (text.len == 0 || text.len > WF_MAX_HOST || memchr(text.data, '/', text.len) != NULL)
		return 0;
	snprintf(with_scheme, sizeof(with_scheme), "http://%.*s/", (int) text.len, text.data);
	wf_arena_reset(arena);
	if (wf_url_parse(arena, (WfSlice) {with_scheme, strlen(with_scheme)}, NULL, &url) == WF_OK)
		return wf_site_name(&url, out);
	return 0;
}

uint64_t
wf_site_hash(WfSlice site)
{
	uint64_t	hash = UINT64_C(14695981039346656037);	/* FNV-1a */

	if (site.len == 0)
		return 0;
	for (size_t i = 0; i < site.len; i++)
		hash = (hash ^ (unsigned char) site.data[i]) * UINT64_C(1099511628211);
	hash ^= hash >> 32;
	return hash ? hash : 1;
}

bool
wf_site_is_validator(WfSlice value)
{
	if (value.len == 0 || value.len > WF_MAX_VALIDATOR)
		return false;
	for (size_t i = 0; i < value.len; i++)
	{
		if (value.data[i] < ' ' || value.data[i] > '~')
			return false;
	}
	return true;
}
