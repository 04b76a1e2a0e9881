/*-------------------------------------------------------------------------
 *
 * wf_sitemap_int.h
 *	  Shared by the files of the sitemap parser only (wf_sitemap*.c).
 *
 *	bytes → gunzip (wf_sitemap_gzip.c) → pieces that end where markup or a
 *	line does → UTF-8, repaired (wf_sitemap_text.c) → expat (wf_sitemap_xml.c)
 *	or lines → entries (wf_sitemap.c)
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_SITEMAP_INT_H
#define WF_SITEMAP_INT_H

#include <expat.h>
#include <zlib.h>

#include "wf_arena.h"
#include "wf_sitemap.h"
#include "wf_url.h"

#define WF_SITEMAP_GZIP_LAYERS	2	/* a compressed file sent compressed */
#define WF_SITEMAP_CARRY		(128 * 1024)	/* longest piece, and longest tag */
#define WF_SITEMAP_PRESCAN		4096	/* bytes that decide on the encoding */
#define WF_SITEMAP_MAX_NAMES	2000	/* different names of elements and attributes */
#define WF_SITEMAP_NAME_BITS	(64 * 1024)
#define WF_SITEMAP_MAX_DEPTH	64
#define WF_SITEMAP_MAX_FIELD	256		/* a date */

typedef struct WfSitemapGzip
{
	unsigned char head[2];		/* until it is known whether this is gzip */
	int			head_len;
	bool		decided;
	bool		is_gzip;
	bool		ended;			/* a member is complete */
	z_stream	stream;
} WfSitemapGzip;

/* What the text of the present element is good for. */
typedef enum WfSitemapField
{
	WF_FIELD_NONE = 0,
	WF_FIELD_LOC,
	WF_FIELD_GUID,				/* RSS: a link when nothing better is there */
	WF_FIELD_DATE
} WfSitemapField;

typedef struct WfSitemapXml
{
	XML_Parser	parser;
	int			depth;
	int			item_depth;		/* of url, sitemap, item, entry */
	bool		in_item;
	bool		root_ended;
	bool		in_cdata;		/* at the end of the last piece */
	uint64_t	fed;			/* bytes given to expat */
	char		prefix[32];		/* of the root, with colon; "" when none */
	WfSitemapField field;
	int			field_depth;
	char		loc[WF_MAX_URL + 1];
	size_t		loc_len;
	bool		loc_too_long;
	bool		loc_is_guid;
	bool		loc_ended;
	char		date[WF_SITEMAP_MAX_FIELD];
	size_t		date_len;
	bool		date_ended;
	bool		item_is_sitemap;
	int			names;
	unsigned char name_bits[WF_SITEMAP_NAME_BITS / 8];
} WfSitemapXml;

struct WfSitemap
{
	WfSitemapOptions options;	/* texts in own memory */
	char	   *texts;
	WfSitemapReport report;
	bool		stopped;		/* nothing more is read */
	bool		has_base;
	WfUrl		base;
	WfArena    *base_arena;
	WfArena    *arena;			/* of one piece */
	WfArena    *url_arena;		/* of one URL */

	WfSitemapGzip gzip[WF_SITEMAP_GZIP_LAYERS];

	char	   *carry;			/* bytes not yet a whole piece */
	size_t		carry_len;
	bool		started;		/* encoding and kind are known */
	bool		is_text;
	int			unit;			/* bytes of a code unit: 1 or 2 */
	bool		big_endian;
	const char *encoding;		/* as wf_charset names it */
	bool		valid_wins;		/* pieces that are UTF-8 are taken as such */
	char		high[128][4];	/* windows-1252, for bytes that are no UTF-8 */
	unsigned char high_len[128];

	WfSitemapXml xml;

	uint64_t   *seen;			/* hashes of URLs, open addressing; 0 free */
	size_t		seen_room;		/* a power of two */
	size_t		seen_count;
};

/* wf_sitemap.c */

/* Note the first fault and read no more. */
extern void wf_sitemap_fault(WfSitemap *sitemap, WfSitemapFault fault, const char *format,...)
			__attribute__((format(printf, 3, 4)));

/* One URL as it stands in the file, and its date, empty when none. */
extern void wf_sitemap_take(WfSitemap *sitemap, WfSlice url, WfSlice date, bool is_sitemap);

/* Decompressed bytes. */
extern void wf_sitemap_plain(WfSitemap *sitemap, WfSlice bytes);

/* wf_sitemap_gzip.c */
extern void wf_sitemap_gunzip(WfSitemap *sitemap, int layer, WfSlice bytes);
extern void wf_sitemap_gunzip_end(WfSitemap *sitemap);

/* True when compressed data have begun and not ended. */
extern bool wf_sitemap_gunzip_is_cut(const WfSitemap *sitemap);

extern void wf_sitemap_gunzip_free(WfSitemap *sitemap);

/* wf_sitemap_text.c */

/* Prepare for the encoding that these first bytes are in. */
extern void wf_sitemap_choose_encoding(WfSitemap *sitemap, WfSlice bytes);

/* Length of the longest prefix that ends behind a '>' or, in text, a line end. */
extern size_t wf_sitemap_piece(const WfSitemap *sitemap, WfSlice bytes);

/* Valid UTF-8 without NUL, in sitemap->arena or as it is. */
extern WfStatus wf_sitemap_decode(WfSitemap *sitemap, WfSlice piece, WfSlice *text);

/* Stray '&' and characters that XML has not: what they were meant to be. */
extern WfStatus wf_sitemap_repair(WfSitemap *sitemap, WfSlice text, WfSlice *repaired);

/* wf_sitemap_xml.c */
extern bool wf_sitemap_xml_create(WfSitemap *sitemap);
extern void wf_sitemap_xml_feed(WfSitemap *sitemap, WfSlice text, bool last);
extern void wf_sitemap_xml_free(WfSitemap *sitemap);

#endif							/* WF_SITEMAP_INT_H */
