/*-------------------------------------------------------------------------
 *
 * wf_website.c
 *	  The web site that a text names.
 *
 * What people add to an address by mistake is taken off first (schemes, once
 * or several times, with or without their punctuation); the rest is for the
 * URL parser, so that there is one idea of what a host is.
 *
 *-------------------------------------------------------------------------
 */
#include "wf_website.h"

#include <libpsl.h>
#include <string.h>

#include "wf_profile.h"
#include "wf_text.h"
#include "wf_url.h"

#define MAX_LABEL 63			/* RFC 1035 section 2.3.4 */

/* See wf_website.h. */
const char *
wf_website_fault(WfWebsiteKind kind)
{
	switch (kind)
	{
		case WF_WEBSITE_NAME:
			return NULL;
		case WF_WEBSITE_SHARED:
			return "is a page in a social network, not a web site of its own";
		case WF_WEBSITE_ADDRESS:
			return "is an IP address, not a domain";
		case WF_WEBSITE_EMPTY:
			return "is empty";
		case WF_WEBSITE_MAIL:
			return "is an e-mail address, not a web site";
		case WF_WEBSITE_OTHER_SCHEME:
			return "is not an address with http or https";
		case WF_WEBSITE_MALFORMED:
			return "is not the address of a web site";
		case WF_WEBSITE_SUFFIX:
			return "has no domain that anybody can register";
	}
	return NULL;
}

static size_t
slashes(WfSlice text, size_t from)
{
	size_t		n = from;

	while (n < text.len && (text.data[n] == '/' || text.data[n] == '\\'))
		n++;
	return n - from;
}

/*
 * Length of "http:", "https://", "http//" and the like at the start; 0 if there
 * is none.  Without a colon there must be two slashes: "http/" may be a host.
 */
static size_t
web_scheme_length(WfSlice text)
{
	size_t		len = wf_text_starts_nocase(text, WF_SLICE("https")) ? 5
		: wf_text_starts_nocase(text, WF_SLICE("http")) ? 4 : 0;
	size_t		colons = 0;

	if (len == 0)
		return 0;
	while (len + colons < text.len && text.data[len + colons] == ':')
		colons++;
	len += colons;
	if (colons == 0 && slashes(text, len) < 2)
		return 0;
	return len + slashes(text, len);
}

/* Does text without a web scheme begin with another one, as in "mailto:x"? */
static bool
has_other_scheme(WfSlice text)
{
	size_t		i = 0;

	while (i < text.len && (wf_is_alpha(text.data[i]) || text.data[i] == '+' ||
							text.data[i] == '-' || wf_is_digit(text.data[i])))
		i++;
	if (i == 0 || !wf_is_alpha(text.data[0]) || i >= text.len || text.data[i] != ':')
		return false;
	/* a port may follow a host of one label */
	return i + 1 >= text.len || !wf_is_digit(text.data[i + 1]);
}

/* Is there an '@' in front of the path? */
static bool
has_at(WfSlice text)
{
	size_t		i;

	for (i = 0; i < text.len; i++)
	{
		char		c = text.data[i];

		if (c == '@')
			return true;
		if (c == '/' || c == '\\' || c == '?' || c == '#')
			return false;
	}
	return false;
}

/*
 * Is it a host name as DNS has them?  The URL parser allows more.  Underscores
 * occur below registered names.
 */
static bool
is_host_name(WfSlice host)
{
	size_t		label = 0;
	size_t		i;

	if (host.len > WF_MAX_HOST)
		return false;
	for (i = 0; i <= host.len; i++)
	{
		char		c = i < host.len ? host.data[i] : '.';

		if (c == '.')
		{
			if (label == 0 || label > MAX_LABEL || host.data[i - 1] == '-' ||
				host.data[i - label] == '-')
				return false;
			label = 0;
			continue;
		}
		if (!wf_is_alpha(c) && !wf_is_digit(c) && c != '-' && c != '_')
			return false;
		label++;
	}
	return true;
}

/* Is the name, which is NUL-terminated, below a public suffix? */
static bool
is_registrable(const char *name)
{
	return psl_registrable_domain(psl_builtin(), name) != NULL;
}

/* See wf_website.h. */
WfStatus
wf_website_of_host(WfArena *arena, WfSlice host, WfWebsite *out)
{
	static const WfSlice www = {"www.", 4};
	WfSlice		name;

	out->host = WF_SLICE_EMPTY;
	if (host.len > 0 && host.data[host.len - 1] == '.')
		host.len--;
	if (!is_host_name(host))
	{
		out->kind = WF_WEBSITE_MALFORMED;
		return WF_OK;
	}
	name = wf_arena_copy(arena, host);
	if (name.data == NULL)
		return WF_ERR_NOMEM;
	if (!is_registrable(name.data))
	{
		out->kind = WF_WEBSITE_SUFFIX;
		return WF_OK;
	}
	while (wf_text_starts_nocase(name, www) && is_registrable(name.data + www.len))
		wf_advance(&name, www.len);
	out->host = name;
	out->kind = wf_profile_is_network(name) ? WF_WEBSITE_SHARED : WF_WEBSITE_NAME;
	return WF_OK;
}

/* Parse what is left behind the schemes; out->kind is MALFORMED if that fails. */
static WfStatus
parse_rest(WfArena *arena, WfSlice text, WfWebsite *out)
{
	static const char scheme[] = "http://";
	WfBuffer	buf = {.arena = arena};
	WfStatus	status;
	WfUrl		url;

	out->kind = WF_WEBSITE_MALFORMED;
	if (text.len > WF_MAX_URL)
		return WF_OK;
	if (wf_buffer_append(&buf, scheme, strlen(scheme)) != WF_OK ||
		wf_buffer_append(&buf, text.data, text.len) != WF_OK)
		return WF_ERR_NOMEM;
	status = wf_url_parse(arena, (WfSlice) {buf.data, buf.len}, NULL, &url);
	if (status != WF_OK)
		return status == WF_ERR_NOMEM ? status : WF_OK;
	if (url.host_type == WF_HOST_NAME)
		return wf_website_of_host(arena, url.host, out);
	out->kind = WF_WEBSITE_ADDRESS;
	out->port = url.has_default_port ? 0 : url.port;
	out->host = wf_arena_copy(arena, url.host);
	return out->host.data ? WF_OK : WF_ERR_NOMEM;
}

/* See wf_website.h. */
WfStatus
wf_website_parse(WfArena *arena, WfSlice text, WfWebsite *out)
{
	bool		has_scheme = false;
	size_t		len;

	out->host = WF_SLICE_EMPTY;
	out->port = 0;
	text = wf_text_trim(text);
	while ((len = web_scheme_length(text)) > 0)
	{
		has_scheme = true;
		wf_advance(&text, len);
		text = wf_text_trim(text);
	}
	wf_advance(&text, slashes(text, 0));
	if (text.len == 0)
		out->kind = WF_WEBSITE_EMPTY;
	else if (!has_scheme && has_other_scheme(text))
		out->kind = WF_WEBSITE_OTHER_SCHEME;
	else if (!has_scheme && has_at(text))
		out->kind = WF_WEBSITE_MAIL;
	else
		return parse_rest(arena, text, out);
	return WF_OK;
}
