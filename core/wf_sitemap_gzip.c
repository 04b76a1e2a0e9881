/*-------------------------------------------------------------------------
 *
 * wf_sitemap_gzip.c
 *	  gzip in sitemaps: known by its first two bytes, whatever the name or the
 *	  content type says; several members, and a second layer where a server
 *	  compressed what was compressed already.
 *
 * Output goes on in small pieces and stops with the parser, so a bomb costs
 * WF_SITEMAP_MAX_BYTES of output and no memory.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "wf_sitemap_int.h"

#define OUT_ROOM	(32 * 1024)
#define ANY_GZIP	(15 + 16)	/* largest window, gzip header */

static bool
is_gzip(const unsigned char head[2])
{
	return head[0] == 0x1f && head[1] == 0x8b;
}

/* What a layer gave goes to the next one. */
static void
pass_on(WfSitemap *sitemap, int layer, WfSlice bytes)
{
	if (bytes.len == 0 || sitemap->stopped)
		return;
	if (layer + 1 < WF_SITEMAP_GZIP_LAYERS)
		wf_sitemap_gunzip(sitemap, layer + 1, bytes);
	else
		wf_sitemap_plain(sitemap, bytes);
}

static void
plain(WfSitemap *sitemap, WfSlice bytes)
{
	if (bytes.len > 0 && !sitemap->stopped)
		wf_sitemap_plain(sitemap, bytes);
}

static void
inflate_bytes(WfSitemap *sitemap, int layer, WfSlice bytes)
{
	WfSitemapGzip *gzip = &sitemap->gzip[layer];
	char		out[OUT_ROOM];

	gzip->stream.next_in = (Bytef *) bytes.data;
	gzip->stream.avail_in = (uInt) bytes.len;
	while (!sitemap->stopped)
	{
		int			code;

		if (gzip->ended)
		{
			/* another member, or padding that means nothing */
			if (gzip->stream.avail_in == 0 || *gzip->stream.next_in != 0x1f)
				return;
			(void) inflateReset(&gzip->stream);
			gzip->ended = false;
		}
		gzip->stream.next_out = (Bytef *) out;
		gzip->stream.avail_out = sizeof(out);
		code = inflate(&gzip->stream, Z_NO_FLUSH);
		pass_on(sitemap, layer, (WfSlice) {out, sizeof(out) - gzip->stream.avail_out});
		if (code == Z_STREAM_END)
			gzip->ended = true;
		else if (code == Z_BUF_ERROR)
			return;				/* more input is needed */
		else if (code == Z_MEM_ERROR)
			wf_sitemap_fault(sitemap, WF_SITEMAP_NO_MEMORY, "memory is short");
		else if (code != Z_OK)
			wf_sitemap_fault(sitemap, WF_SITEMAP_GZIP, "compressed data are damaged");
		else if (gzip->stream.avail_in == 0 && gzip->stream.avail_out > 0)
			return;
	}
}

/* The first two bytes are there, or all of fewer: what is it? */
static void
decide(WfSitemap *sitemap, int layer)
{
	WfSitemapGzip *gzip = &sitemap->gzip[layer];
	WfSlice		head = {(const char *) gzip->head, gzip->head_len};

	gzip->decided = true;
	gzip->is_gzip = gzip->head_len == 2 && is_gzip(gzip->head);
	if (!gzip->is_gzip)
		plain(sitemap, head);
	else if (inflateInit2(&gzip->stream, ANY_GZIP) != Z_OK)
	{
		gzip->is_gzip = false;
		wf_sitemap_fault(sitemap, WF_SITEMAP_NO_MEMORY, "memory is short");
	}
	else
		inflate_bytes(sitemap, layer, head);
}

void
wf_sitemap_gunzip(WfSitemap *sitemap, int layer, WfSlice bytes)
{
	WfSitemapGzip *gzip = &sitemap->gzip[layer];

	while (!gzip->decided && bytes.len > 0)
	{
		gzip->head[gzip->head_len++] = (unsigned char) bytes.data[0];
		bytes.data++;
		bytes.len--;
		if (gzip->head_len == 2)
			decide(sitemap, layer);
	}
	if (bytes.len == 0 || sitemap->stopped)
		return;
	if (gzip->is_gzip)
		inflate_bytes(sitemap, layer, bytes);
	else
		plain(sitemap, bytes);
}

void
wf_sitemap_gunzip_end(WfSitemap *sitemap)
{
	for (int layer = 0; layer < WF_SITEMAP_GZIP_LAYERS && !sitemap->stopped; layer++)
	{
		/* a file of less than two bytes, or plain text behind the first layer */
		if (!sitemap->gzip[layer].decided)
			decide(sitemap, layer);
	}
}

bool
wf_sitemap_gunzip_is_cut(const WfSitemap *sitemap)
{
	for (int layer = 0; layer < WF_SITEMAP_GZIP_LAYERS; layer++)
	{
		if (sitemap->gzip[layer].is_gzip && !sitemap->gzip[layer].ended)
			return true;
	}
	return false;
}

void
wf_sitemap_gunzip_free(WfSitemap *sitemap)
{
	for (int layer = 0; layer < WF_SITEMAP_GZIP_LAYERS; layer++)
	{
		if (sitemap->gzip[layer].is_gzip)
			(void) inflateEnd(&sitemap->gzip[layer].stream);
	}
}
