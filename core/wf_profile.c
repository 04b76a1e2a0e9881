/*-------------------------------------------------------------------------
 *
 * wf_profile.c
 *	  Profiles in social networks.
 *
 *-------------------------------------------------------------------------
 */
#include "wf_profile.h"

#include <string.h>

#include "wf_text.h"
#include "wf_url.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MAX_NAME 100

/* How the path of a network tells a profile. */
typedef struct Network
{
	WfSlice		host;			/* without "www." and the like */
	WfFindingKind kind;
	const char *shown_host;		/* in the normalised URL */
	bool		keeps_case;		/* of names */
	const char *prefixes[6];	/* first segments in front of a name; none: the
								 * first segment is the name */
	bool		name_too;		/* the first segment may be a name, too */
} Network;

static const Network networks[] = {
	{{"facebook.com", 12}, WF_KIND_FACEBOOK, "www.facebook.com", true, {"pages", "people", "groups"}, true},
	{{"fb.com", 6}, WF_KIND_FACEBOOK, "www.facebook.com", true, {NULL}, true},
	{{"fb.me", 5}, WF_KIND_FACEBOOK, "fb.me", true, {NULL}, true},
	{{"twitter.com", 11}, WF_KIND_TWITTER, "twitter.com", true, {NULL}, true},
	{{"x.com", 5}, WF_KIND_TWITTER, "twitter.com", true, {NULL}, true},
	{{"linkedin.com", 12}, WF_KIND_LINKEDIN, "www.linkedin.com", true,
	{"in", "company", "school", "pub", "showcase"}, false},
	{{"instagram.com", 13}, WF_KIND_INSTAGRAM, "www.instagram.com", true, {NULL}, true},
	{{"instagr.am", 10}, WF_KIND_INSTAGRAM, "www.instagram.com", true, {NULL}, true},
	{{"youtube.com", 11}, WF_KIND_YOUTUBE, "www.youtube.com", true, {"channel", "user", "c"}, true},
	{{"tiktok.com", 10}, WF_KIND_TIKTOK, "www.tiktok.com", true, {NULL}, true},
	{{"github.com", 10}, WF_KIND_GITHUB, "github.com", true, {NULL}, true},
	{{"xing.com", 8}, WF_KIND_XING, "www.xing.com", true,
	{"profile", "companies", "company", "pages"}, false},
	{{"pinterest.com", 13}, WF_KIND_PINTEREST, "www.pinterest.com", true, {NULL}, true},
	{{"pinterest.de", 12}, WF_KIND_PINTEREST, "www.pinterest.com", true, {NULL}, true},
	{{"pinterest.fr", 12}, WF_KIND_PINTEREST, "www.pinterest.com", true, {NULL}, true},
	{{"pinterest.co.uk", 15}, WF_KIND_PINTEREST, "www.pinterest.com", true, {NULL}, true},
	{{"t.me", 4}, WF_KIND_TELEGRAM, "t.me", true, {NULL}, true}
};

/* First segments that are the network's own pages or buttons. */
static const char *const reserved[] = {
	"about", "ads", "api", "apps", "app", "business", "careers", "contact", "dialog", "directory",
	"embed", "events", "event", "explore", "feed", "feeds", "features", "hashtag", "hashtags",
	"help", "home", "i", "intent", "jobs", "js", "legal", "login", "logout", "marketplace", "media",
	"messages", "notes", "notifications", "oauth", "p", "photo", "photos", "photo.php", "pin",
	"pin-create", "plugins", "policies", "policy", "posts", "press", "privacy", "profile",
	"public", "reel", "reels", "results", "search", "security", "settings", "share",
	"share.php", "share_channel", "sharearticle", "sharer", "sharer.php", "signup", "site",
	"statuses", "stories", "story", "story.php", "support", "terms", "tos", "topics", "tr",
	"tv", "video", "videos", "watch", "widgets", "widgets.js", "playlist", "shorts", "gaming",
	"cws", "sharing", "join", "joinchat", "addstickers", "s", "iv", "discover", "tag", "tags",
	"trending", "music", "foryou", "following", "download", "get", "blog", "developers",
	"accounts", "yourpage", "yourusername", "username", "profile.php", "groups", "pages", "people",
	"permalink.php", "sponsors", "pricing", "enterprise", "orgs", "user", "channel", "c", "t", "wall",
	"2008", "2010", "fbml", "en_us", "connect", "platform", "l.php", "events.php", "ajax", "images"
};

static bool
is_name_char(char c)
{
	return wf_is_alpha(c) || wf_is_digit(c) || c == '.' || c == '_' || c == '-' || c == '%' ||
		(unsigned char) c >= 0x80;
}

/* The next segment of a path; the '/' in front of it is taken, too. */
static WfSlice
next_segment(WfSlice *path)
{
	WfSlice		segment;

	while (path->len > 0 && (*path->data == '/' || *path->data == '!' || *path->data == '#'))
		wf_advance(path, 1);
	segment = (WfSlice) {path->data, 0};
	while (segment.len < path->len && strchr("/?#&", segment.data[segment.len]) == NULL)
		segment.len++;
	wf_advance(path, segment.len);
	return wf_text_trim(segment);
}

static bool
is_profile_name(WfSlice name)
{
	char		first;
	size_t		i;

	if (name.len > 0 && name.data[0] == '@')
		wf_advance(&name, 1);
	if (name.len == 0 || name.len > MAX_NAME)
		return false;
	for (i = 0; i < name.len; i++)
	{
		if (!is_name_char(name.data[i]))
			return false;
	}
	first = wf_lower_char(name.data[0]);
	for (i = 0; i < COUNT(reserved); i++)
	{
		if (reserved[i][0] == first &&
			wf_text_equal_nocase(name, (WfSlice) {reserved[i], strlen(reserved[i])}))
			return false;
	}
	return true;
}

/* Take the scheme and the host off href; empty when it has none. */
static WfSlice
take_host(WfSlice *href)
{
	static const WfSlice fronts[] = {
		{"www.", 4}, {"m.", 2}, {"mobile.", 7}, {"web.", 4}, {"de-de.", 6}, {"en-gb.", 6}
	};
	WfSlice		host = WF_SLICE_EMPTY;
	size_t		i;

	*href = wf_text_trim(*href);
	if (href->len > 6 && wf_lower_char(href->data[0]) == 'h')
	{
		if (href->data[5] == ':' && wf_text_starts_nocase(*href, WF_SLICE("https")))
			wf_advance(href, 6);
		else if (href->data[4] == ':' && wf_text_starts_nocase(*href, WF_SLICE("http")))
			wf_advance(href, 5);
	}
	if (href->len < 8 || href->data[0] != '/' || href->data[1] != '/')
		return host;
	wf_advance(href, 2);
	for (i = 0; i < COUNT(fronts); i++)
	{
		if (wf_lower_char(href->data[0]) == fronts[i].data[0] &&
			wf_text_starts_nocase(*href, fronts[i]))
		{
			wf_advance(href, fronts[i].len);
			break;
		}
	}
	host.data = href->data;
	while (host.len < href->len && host.data[host.len] != '/' && host.data[host.len] != '?' &&
		   host.data[host.len] != '#' && host.data[host.len] != ':')
		host.len++;
	wf_advance(href, host.len);
	return host;
}

static const Network *
find_network(WfSlice host)
{
	char		first;
	size_t		i;

	/* "de.linkedin.com", "de.facebook.com" */
	if (host.len == 15 && host.data[2] == '.')
	{
		WfSlice		rest = {host.data + 3, 12};

		if (wf_text_equal_nocase(rest, WF_SLICE("linkedin.com")) ||
			wf_text_equal_nocase(rest, WF_SLICE("facebook.com")))
			host = rest;
	}
	first = wf_lower_char(host.data[0]);
	for (i = 0; i < COUNT(networks); i++)
	{
		if (first == networks[i].host.data[0] && host.len == networks[i].host.len &&
			wf_text_equal_nocase(host, networks[i].host))
			return &networks[i];
	}
	return NULL;
}

static size_t
put(char *out, size_t len, WfSlice text)
{
	size_t		i;

	if (len + text.len > WF_MAX_PROFILE)
		return WF_MAX_PROFILE + 1;
	for (i = 0; i < text.len; i++)
		out[len + i] = text.data[i];
	return len + text.len;
}

/* facebook.com/profile.php?id=1: the number is the name. */
static WfSlice
profile_number(WfSlice path)
{
	WfSlice		number = WF_SLICE_EMPTY;
	size_t		i;

	for (i = 0; i + 3 < path.len; i++)
	{
		if ((path.data[i] == '?' || path.data[i] == '&') &&
			memcmp(path.data + i + 1, "id=", 3) == 0)
		{
			number.data = path.data + i + 4;
			while (number.data + number.len < path.data + path.len &&
				   wf_is_digit(number.data[number.len]))
				number.len++;
			break;
		}
	}
	return number;
}

/* Segments that a profile's URL may have behind the name. */
static bool
ends_profile(const Network *network, WfSlice rest)
{
	static const char *const tails[] = {
		"", "about", "info", "videos", "featured", "profile", "timeline", "boards", "photos",
		"community", "playlists", "streams", "shorts", "mycompany", "posts", "home"
	};
	WfSlice		segment = next_segment(&rest);
	size_t		i;

	/* linkedin.com/in/name/de, /pub/name/1/2/3 */
	if (network->kind == WF_KIND_LINKEDIN || network->kind == WF_KIND_XING)
		return true;
	for (i = 0; i < COUNT(tails); i++)
	{
		if (wf_text_equal_nocase(segment, (WfSlice) {tails[i], strlen(tails[i])}))
			return true;
	}
	return false;
}

bool
wf_profile_links_to_network(WfSlice href, size_t *site_len)
{
	WfSlice		rest = href;
	WfSlice		host = take_host(&rest);

	*site_len = host.len > 0 ? (size_t) (rest.data - href.data) : 0;
	return host.len > 0 && find_network(host) != NULL;
}

bool
wf_profile_parse(WfSlice href, WfFindingKind *kind, char *out, size_t *len)
{
	WfSlice		host = take_host(&href);
	const Network *network = host.len > 0 ? find_network(host) : NULL;
	WfSlice		prefix = WF_SLICE_EMPTY;
	WfSlice		name;
	size_t		n;
	int			i;

	if (network == NULL)
		return false;
	name = next_segment(&href);
	for (i = 0; i < 6 && network->prefixes[i] != NULL; i++)
	{
		if (wf_text_equal_nocase(name,
								 (WfSlice){network->prefixes[i], strlen(network->prefixes[i])}))
		{
			prefix = name;
			name = next_segment(&href);
			break;
		}
	}
	if (prefix.len == 0 && network->kind == WF_KIND_FACEBOOK &&
		wf_text_equal_nocase(name, WF_SLICE("profile.php")))
		name = profile_number(href);
	else if (prefix.len == 0 && !network->name_too)
		return false;
	/* without "@" it is a video, a tag or a page of the network */
	if (network->kind == WF_KIND_TIKTOK && (name.len < 2 || name.data[0] != '@'))
		return false;
	if (!is_profile_name(name) || (prefix.len == 0 && !ends_profile(network, href)))
		return false;
	if (network->kind == WF_KIND_TWITTER && name.data[0] == '@')
		wf_advance(&name, 1);
	n = put(out, 0, WF_SLICE("https://"));
	n = put(out, n, (WfSlice) {network->shown_host, strlen(network->shown_host)});
	n = put(out, n, WF_SLICE("/"));
	if (prefix.len > 0)
	{
		n = put(out, n, prefix);
		wf_text_lower(out + n - prefix.len, prefix.len);
		n = n <= WF_MAX_PROFILE ? put(out, n, WF_SLICE("/")) : n;
	}
	/* pages/Name/123: the number is what counts, but both are shown */
	n = n <= WF_MAX_PROFILE ? put(out, n, name) : n;
	if (prefix.len > 0 && network->kind == WF_KIND_FACEBOOK && n < WF_MAX_PROFILE)
	{
		WfSlice		number = next_segment(&href);

		if (number.len > 0 && number.len < 24 && wf_is_digit(number.data[0]))
		{
			n = put(out, n, WF_SLICE("/"));
			n = n <= WF_MAX_PROFILE ? put(out, n, number) : n;
		}
	}
	if (n > WF_MAX_PROFILE)
		return false;
	*kind = network->kind;
	*len = n;
	return true;
}

/* See wf_profile.h. */
bool
wf_profile_is_network(WfSlice host)
{
	size_t		i;

	for (i = 0; i < COUNT(networks); i++)
	{
		if (wf_url_host_in_domain(host, networks[i].host))
			return true;
	}
	return false;
}
