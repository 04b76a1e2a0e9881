/*-------------------------------------------------------------------------
 *
 * wf_sitemap.c
 *	  Sitemaps: what a file is, its limits, its URLs without doubles.
 *
 *-------------------------------------------------------------------------
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wf_lastmod.h"
#include "wf_sitemap_int.h"
#include "wf_text.h"

#define BASE_ARENA		(64 * 1024)
#define URL_ARENA		(256 * 1024)
#define PIECE_ARENA		((size_t) 64 * WF_SITEMAP_CARRY)	/* decoded, and repaired */
#define SEEN_FIRST_ROOM 1024

WfSitemapType
wf_sitemap_type(const WfSitemap *sitemap)
{
	return sitemap->report.counts.type;
}

void
wf_sitemap_fault(WfSitemap *sitemap, WfSitemapFault fault, const char *format,...)
{
	va_list		args;

	sitemap->stopped = true;
	if (sitemap->report.fault != WF_SITEMAP_SOUND)
		return;
	sitemap->report.fault = fault;
	va_start(args, format);
	vsnprintf(sitemap->report.reason, sizeof(sitemap->report.reason), format, args);
	va_end(args);
}

/* ---------- URLs ---------- */

static uint64_t
hash_of(WfSlice text)
{
	uint64_t	hash = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < text.len; i++)
		hash = (hash ^ (unsigned char) text.data[i]) * UINT64_C(1099511628211);
	hash ^= hash >> 32;
	return hash ? hash : 1;
}

static bool
grow_seen(WfSitemap *sitemap)
{
	size_t		room = sitemap->seen_room ? sitemap->seen_room * 2 : SEEN_FIRST_ROOM;
	uint64_t   *seen = calloc(room, sizeof(*seen));

	if (seen == NULL)
		return false;
	for (size_t i = 0; i < sitemap->seen_room; i++)
	{
		size_t		at = sitemap->seen[i] & (room - 1);

		if (sitemap->seen[i] == 0)
			continue;
		while (seen[at] != 0)
			at = (at + 1) & (room - 1);
		seen[at] = sitemap->seen[i];
	}
	free(sitemap->seen);
	sitemap->seen = seen;
	sitemap->seen_room = room;
	return true;
}

/* True when the URL is new; remembers it. */
static bool
is_new(WfSitemap *sitemap, WfSlice url)
{
	uint64_t	hash = hash_of(url);
	size_t		at;

	if (sitemap->seen_count * 2 >= sitemap->seen_room && !grow_seen(sitemap))
	{
		wf_sitemap_fault(sitemap, WF_SITEMAP_NO_MEMORY, "memory is short");
		return false;
	}
	at = hash & (sitemap->seen_room - 1);
	while (sitemap->seen[at] != 0 && sitemap->seen[at] != hash)
		at = (at + 1) & (sitemap->seen_room - 1);
	if (sitemap->seen[at] == hash)
		return false;
	sitemap->seen[at] = hash;
	sitemap->seen_count++;
	return true;
}

void
wf_sitemap_take(WfSitemap *sitemap, WfSlice text, WfSlice date, bool is_sitemap)
{
	WfSitemapReport *report = &sitemap->report;
	WfEntry		entry = {.is_sitemap = is_sitemap, .url_count = -1};
	WfUrl		url;

	wf_arena_reset(sitemap->url_arena);
	if (wf_url_parse(sitemap->url_arena, text, sitemap->has_base ? &sitemap->base : NULL,
					 &url) != WF_OK || url.has_credentials)
		report->counts.invalid++;
	else if (sitemap->options.domain.len > 0 &&
			 !wf_url_host_in_domain(url.host, sitemap->options.domain))
		report->counts.refused++;
	else if (!is_new(sitemap, url.href))
		report->counts.doubles++;
	else if (report->counts.entries == WF_SITEMAP_MAX_URLS)
		wf_sitemap_fault(sitemap, WF_SITEMAP_TOO_LARGE, "more than %d URLs", WF_SITEMAP_MAX_URLS);
	else
	{
		report->counts.entries++;
		entry.url = url.href;
		entry.has_lastmod = wf_lastmod_parse(date, &entry.lastmod_us);
		if (sitemap->options.entry && !sitemap->options.entry(sitemap->options.arg, &entry))
			sitemap->stopped = true;
	}
}

/* ---------- kinds ---------- */

static bool
is_web_url(WfSlice text)
{
	return wf_text_starts_nocase(text, WF_SLICE("http://")) ||
		wf_text_starts_nocase(text, WF_SLICE("https://"));
}

/* A list of URLs, one a line; the first line decides whether it is one. */
static void
take_lines(WfSitemap *sitemap, WfSlice text)
{
	while (text.len > 0 && !sitemap->stopped)
	{
		size_t		len = 0;
		WfSlice		line;

		while (len < text.len && text.data[len] != '\n' && text.data[len] != '\r')
			len++;
		line = wf_text_trim((WfSlice) {text.data, len});
		wf_advance(&text, len < text.len ? len + 1 : len);
		if (line.len == 0)
			continue;
		if (is_web_url(line))
		{
			sitemap->report.counts.type = WF_SITEMAP_TEXT;
			wf_sitemap_take(sitemap, line, WF_SLICE_EMPTY, false);
		}
		else if (sitemap->report.counts.type == WF_SITEMAP_TEXT)
			sitemap->report.counts.invalid++;
		else
			wf_sitemap_fault(sitemap, WF_SITEMAP_OTHER, "neither XML nor a list of URLs");
	}
}

/* Does a document that begins so mean to be a web page? */
static bool
begins_as_html(WfSlice text)
{
	static const WfSlice starts[] = {
		WF_SLICE("<!doctype html"), WF_SLICE("<html"), WF_SLICE("<head"), WF_SLICE("<body"),
		WF_SLICE("<script"), WF_SLICE("<meta"), WF_SLICE("<title"), WF_SLICE("<br"),
		WF_SLICE("<div"), WF_SLICE("<p>"), WF_SLICE("<h1"), WF_SLICE("<b>"), WF_SLICE("<center")
	};

	for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
	{
		if (wf_text_starts_nocase(text, starts[i]))
			return true;
	}
	return false;
}

/* Whitespace and byte order marks in front are nobody's intention. */
static WfSlice
trim_front(WfSlice text)
{
	for (;;)
	{
		if (text.len > 0 && wf_is_space(*text.data))
			wf_advance(&text, 1);
		else if (text.len >= 3 && memcmp(text.data, "\xEF\xBB\xBF", 3) == 0)
			wf_advance(&text, 3);
		else
			return text;
	}
}

static void
short_of_memory(WfSitemap *sitemap)
{
	wf_sitemap_fault(sitemap, WF_SITEMAP_NO_MEMORY, "memory is short");
}

static void
take_piece(WfSitemap *sitemap, WfSlice piece)
{
	WfSlice		text;
	bool		first = sitemap->report.counts.type == WF_SITEMAP_UNKNOWN && sitemap->xml.fed == 0;

	wf_arena_reset(sitemap->arena);
	if (wf_sitemap_decode(sitemap, piece, &text) != WF_OK)
	{
		short_of_memory(sitemap);
		return;
	}
	if (first)
		text = trim_front(text);
	if (text.len == 0)
		return;
	if (sitemap->is_text)
		take_lines(sitemap, text);
	else if (first && begins_as_html(text))
		wf_sitemap_fault(sitemap, WF_SITEMAP_HTML, "a web page, not a sitemap");
	else if (wf_sitemap_repair(sitemap, text, &text) != WF_OK)
		short_of_memory(sitemap);
	else
		wf_sitemap_xml_feed(sitemap, text, false);
}

/* Encoding and kind, from the first bytes. */
static void
start(WfSitemap *sitemap)
{
	WfSlice		bytes = {sitemap->carry, sitemap->carry_len};
	WfSlice		text;

	wf_sitemap_choose_encoding(sitemap, bytes);
	wf_arena_reset(sitemap->arena);
	bytes.len -= bytes.len % sitemap->unit;
	if (wf_sitemap_decode(sitemap, bytes, &text) != WF_OK)
	{
		short_of_memory(sitemap);
		return;
	}
	text = trim_front(text);
	sitemap->is_text = text.len > 0 && *text.data != '<';
	sitemap->started = true;
}

/* Hand over what is whole of the carry; all of it at the end. */
static void
take_carry(WfSitemap *sitemap, bool last)
{
	WfSlice		bytes = {sitemap->carry, sitemap->carry_len};
	size_t		len;

	if (!sitemap->started)
	{
		if (!last && bytes.len < WF_SITEMAP_PRESCAN)
			return;
		start(sitemap);
	}
	len = last ? bytes.len : wf_sitemap_piece(sitemap, bytes);
	if (len > 0 && !sitemap->stopped)
		take_piece(sitemap, (WfSlice) {bytes.data, len});
	else if (bytes.len == WF_SITEMAP_CARRY)
		wf_sitemap_fault(sitemap, WF_SITEMAP_TOO_LARGE, "markup of more than %d bytes",
						 WF_SITEMAP_CARRY);
	memmove(sitemap->carry, sitemap->carry + len, bytes.len - len);
	sitemap->carry_len = bytes.len - len;
}

void
wf_sitemap_plain(WfSitemap *sitemap, WfSlice bytes)
{
	uint64_t	left = WF_SITEMAP_MAX_BYTES - sitemap->report.bytes;
	bool		over = bytes.len > left;

	if (over)
		bytes.len = left;
	sitemap->report.bytes += bytes.len;
	while (bytes.len > 0 && !sitemap->stopped)
	{
		size_t		room = WF_SITEMAP_CARRY - sitemap->carry_len;
		size_t		len = bytes.len < room ? bytes.len : room;

		memcpy(sitemap->carry + sitemap->carry_len, bytes.data, len);
		sitemap->carry_len += len;
		wf_advance(&bytes, len);
		take_carry(sitemap, false);
	}
	if (over && !sitemap->stopped)
		wf_sitemap_fault(sitemap, WF_SITEMAP_TOO_LARGE, "larger than %d bytes",
						 WF_SITEMAP_MAX_BYTES);
}

/* ---------- life ---------- */

static WfSlice
keep_text(char **room, WfSlice text)
{
	char	   *copy = *room;

	if (text.len > 0)
		memcpy(copy, text.data, text.len);
	*room += text.len;
	return (WfSlice) {copy, text.len};
}

static bool
keep_options(WfSitemap *sitemap, const WfSitemapOptions *options)
{
	WfSlice		domain = options->domain;
	char	   *room;

	/* the site is known by its name without "www" */
	if (wf_text_starts_nocase(domain, WF_SLICE("www.")))
		wf_advance(&domain, 4);
	room = sitemap->texts = malloc(options->url.len + options->content_type.len + domain.len + 1);
	if (room == NULL)
		return false;
	sitemap->options = *options;
	sitemap->options.url = keep_text(&room, options->url);
	sitemap->options.content_type = keep_text(&room, options->content_type);
	sitemap->options.domain = keep_text(&room, domain);
	return true;
}

WfSitemap *
wf_sitemap_create(const WfSitemapOptions *options)
{
	WfSitemap  *sitemap = calloc(1, sizeof(*sitemap));

	if (sitemap == NULL)
		return NULL;
	sitemap->base_arena = wf_arena_create(BASE_ARENA);
	sitemap->url_arena = wf_arena_create(URL_ARENA);
	sitemap->arena = wf_arena_create(PIECE_ARENA);
	sitemap->carry = malloc(WF_SITEMAP_CARRY);
	if (!sitemap->base_arena || !sitemap->url_arena || !sitemap->arena || !sitemap->carry ||
		!keep_options(sitemap, options) || !wf_sitemap_xml_create(sitemap))
	{
		wf_sitemap_free(sitemap);
		return NULL;
	}
	sitemap->has_base = wf_url_parse(sitemap->base_arena, sitemap->options.url, NULL,
									 &sitemap->base) == WF_OK;
	return sitemap;
}

void
wf_sitemap_free(WfSitemap *sitemap)
{
	if (sitemap == NULL)
		return;
	wf_sitemap_xml_free(sitemap);
	wf_sitemap_gunzip_free(sitemap);
	wf_arena_free(sitemap->base_arena);
	wf_arena_free(sitemap->url_arena);
	wf_arena_free(sitemap->arena);
	free(sitemap->carry);
	free(sitemap->texts);
	free(sitemap->seen);
	free(sitemap);
}

bool
wf_sitemap_feed(WfSitemap *sitemap, WfSlice bytes)
{
	if (!sitemap->stopped && bytes.len > 0)
		wf_sitemap_gunzip(sitemap, 0, bytes);
	return !sitemap->stopped;
}

/* The file ended where it should: is there something wrong with that end? */
static void
end_complete(WfSitemap *sitemap)
{
	WfSitemapReport *report = &sitemap->report;
	bool		cut = wf_sitemap_gunzip_is_cut(sitemap);

	if (cut && !sitemap->xml.root_ended)
		wf_sitemap_fault(sitemap, WF_SITEMAP_GZIP, "compressed data end early");
	else if (report->bytes == 0)
		wf_sitemap_fault(sitemap, WF_SITEMAP_EMPTY, "empty file");
	else if (!sitemap->is_text && sitemap->xml.fed > 0)
		wf_sitemap_xml_feed(sitemap, WF_SLICE_EMPTY, true);
	if (!sitemap->stopped && report->counts.type == WF_SITEMAP_UNKNOWN)
		wf_sitemap_fault(sitemap, WF_SITEMAP_EMPTY, "empty file");
}

void
wf_sitemap_finish(WfSitemap *sitemap, bool complete, WfSitemapReport *report)
{
	if (!sitemap->stopped)
		wf_sitemap_gunzip_end(sitemap);
	if (!sitemap->stopped && sitemap->carry_len > 0)
		take_carry(sitemap, true);
	if (!sitemap->stopped && complete)
		end_complete(sitemap);
	sitemap->stopped = true;
	*report = sitemap->report;
}
