/*-------------------------------------------------------------------------
 *
 * wf_sitemap_xml.c
 *	  The XML kinds of sitemaps, read with expat.
 *
 * Elements are told by their names without prefix and by their place, for
 * namespaces are wrong or missing in many files: the fields of an item are its
 * direct children with the prefix of the root, so image:loc and video:loc are
 * none.
 *
 * Memory of expat grows with the longest token, the depth and the number of
 * different names; all three are bounded here, and a document that brings
 * declarations (entities) of its own is refused.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "wf_sitemap_int.h"
#include "wf_text.h"

/* Where the parser is; the older names are deprecated since expat 2.9. */
#if XML_MAJOR_VERSION > 2 || XML_MINOR_VERSION >= 9
#define CURRENT_LINE XML_GetCurrentLineNumber64
#define CURRENT_BYTE XML_GetCurrentByteIndex64
#else
#define CURRENT_LINE XML_GetCurrentLineNumber
#define CURRENT_BYTE XML_GetCurrentByteIndex
#endif

static WfSlice
slice_of(const char *text)
{
	return (WfSlice) {text, strlen(text)};
}

/* The name without prefix; *prefix_len counts the colon. */
static WfSlice
local_name(const char *name, size_t *prefix_len)
{
	const char *colon = strchr(name, ':');

	*prefix_len = colon ? colon + 1 - name : 0;
	return slice_of(name + *prefix_len);
}

static bool
is_named(WfSlice name, const char *wanted)
{
	return wf_text_equal_nocase(name, slice_of(wanted));
}

/* Names are kept by expat for ever: not too many different ones. */
static void
count_name(WfSitemap *sitemap, const char *name)
{
	uint32_t	hash = 2166136261u;
	unsigned char *byte;
	unsigned char bit;

	for (; *name; name++)
		hash = (hash ^ (unsigned char) *name) * 16777619u;
	hash = (hash ^ hash >> 16) % WF_SITEMAP_NAME_BITS;
	byte = &sitemap->xml.name_bits[hash / 8];
	bit = (unsigned char) (1 << hash % 8);
	if (*byte & bit)
		return;
	*byte |= bit;
	if (++sitemap->xml.names > WF_SITEMAP_MAX_NAMES)
		wf_sitemap_fault(sitemap, WF_SITEMAP_TOO_LARGE,
						 "more than %d different names of elements", WF_SITEMAP_MAX_NAMES);
}

/* ---------- elements ---------- */

static void
begin_root(WfSitemap *sitemap, const char *full, WfSlice name, size_t prefix_len)
{
	static const struct
	{
		const char *name;
		WfSitemapType type;
		int			item_depth;
	}			roots[] = {
		{"urlset", WF_SITEMAP_URLSET, 2},
		{"sitemapindex", WF_SITEMAP_INDEX, 2},
		{"rss", WF_SITEMAP_RSS, 3},
		{"RDF", WF_SITEMAP_RSS, 2},
		{"feed", WF_SITEMAP_ATOM, 2},
	};

	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++)
	{
		if (!is_named(name, roots[i].name))
			continue;
		sitemap->report.counts.type = roots[i].type;
		sitemap->xml.item_depth = roots[i].item_depth;
		/* the items of RSS 1.0 are in another namespace than its root */
		if (strcmp(roots[i].name, "RDF") != 0 && prefix_len < sizeof(sitemap->xml.prefix))
			memcpy(sitemap->xml.prefix, full, prefix_len);
		return;
	}
	if (is_named(name, "html"))
		wf_sitemap_fault(sitemap, WF_SITEMAP_HTML, "a web page, not a sitemap");
	else
		wf_sitemap_fault(sitemap, WF_SITEMAP_OTHER, "XML, but not a sitemap or feed");
}

static void
begin_item(WfSitemap *sitemap, WfSlice name)
{
	WfSitemapXml *xml = &sitemap->xml;
	bool		is_sitemap = is_named(name, "sitemap");

	switch (sitemap->report.counts.type)
	{
		case WF_SITEMAP_URLSET:
		case WF_SITEMAP_INDEX:
			xml->in_item = is_sitemap || is_named(name, "url");
			break;
		case WF_SITEMAP_RSS:
			xml->in_item = is_named(name, "item");
			break;
		default:
			xml->in_item = is_named(name, "entry");
			break;
	}
	xml->item_is_sitemap = is_sitemap || sitemap->report.counts.type == WF_SITEMAP_INDEX;
	xml->loc_len = xml->date_len = 0;
	xml->loc_too_long = xml->loc_is_guid = xml->loc_ended = xml->date_ended = false;
}

static const char *
attribute(const XML_Char **attributes, const char *name)
{
	for (; attributes[0]; attributes += 2)
	{
		if (strcmp(attributes[0], name) == 0)
			return attributes[1];
	}
	return NULL;
}

static void
append_loc(WfSitemapXml *xml, const char *text, size_t len)
{
	if (xml->loc_len + len > WF_MAX_URL)
	{
		xml->loc_too_long = true;
		return;
	}
	memcpy(xml->loc + xml->loc_len, text, len);
	xml->loc_len += len;
}

/* <link rel="alternate" href="…">, the first of an entry. */
static void
take_atom_link(WfSitemapXml *xml, const XML_Char **attributes)
{
	const char *rel = attribute(attributes, "rel");
	const char *href = attribute(attributes, "href");

	if (href == NULL || xml->loc_ended || (rel && !is_named(slice_of(rel), "alternate")))
		return;
	append_loc(xml, href, strlen(href));
	xml->loc_ended = true;
}

static WfSitemapField
feed_field(WfSitemap *sitemap, WfSlice name, const XML_Char **attributes)
{
	WfSitemapXml *xml = &sitemap->xml;
	const char *permalink = attribute(attributes, "isPermaLink");

	if (sitemap->report.counts.type == WF_SITEMAP_ATOM)
	{
		if (is_named(name, "link"))
			take_atom_link(xml, attributes);
		/* updated, which every entry has, is better than published */
		if (is_named(name, "updated"))
			xml->date_ended = false;
		return is_named(name, "updated") || is_named(name, "published") ?
			WF_FIELD_DATE : WF_FIELD_NONE;
	}
	if (is_named(name, "link"))
		return WF_FIELD_LOC;
	if (is_named(name, "guid") && !(permalink && is_named(slice_of(permalink), "false")))
		return WF_FIELD_GUID;
	return is_named(name, "pubDate") ? WF_FIELD_DATE : WF_FIELD_NONE;
}

static void
begin_field(WfSitemap *sitemap, WfSlice name, bool ours, const XML_Char **attributes)
{
	WfSitemapXml *xml = &sitemap->xml;
	WfSitemapField field = WF_FIELD_NONE;

	if (sitemap->report.counts.type == WF_SITEMAP_RSS && is_named(name, "date"))
		field = WF_FIELD_DATE;	/* Dublin Core's */
	else if (!ours)
		return;
	else if (sitemap->report.counts.type == WF_SITEMAP_RSS ||
			 sitemap->report.counts.type == WF_SITEMAP_ATOM)
		field = feed_field(sitemap, name, attributes);
	else if (is_named(name, "loc"))
		field = WF_FIELD_LOC;
	else if (is_named(name, "lastmod"))
		field = WF_FIELD_DATE;

	if (field == WF_FIELD_LOC && xml->loc_is_guid)
	{
		xml->loc_is_guid = xml->loc_ended = xml->loc_too_long = false;
		xml->loc_len = 0;
	}
	if (((field == WF_FIELD_LOC || field == WF_FIELD_GUID) && xml->loc_ended) ||
		(field == WF_FIELD_DATE && xml->date_ended))
		return;					/* the first one counts */
	if (field == WF_FIELD_DATE)
		xml->date_len = 0;
	xml->field = field;
	xml->field_depth = xml->depth;
	xml->loc_is_guid |= field == WF_FIELD_GUID;
}

static void XMLCALL
on_start(void *arg, const XML_Char *full, const XML_Char **attributes)
{
	WfSitemap  *sitemap = arg;
	WfSitemapXml *xml = &sitemap->xml;
	size_t		prefix_len;
	WfSlice		name = local_name(full, &prefix_len);
	bool		ours;

	if (sitemap->stopped)
		return;
	count_name(sitemap, full);
	for (const XML_Char **a = attributes; *a; a += 2)
		count_name(sitemap, *a);
	if (++xml->depth > WF_SITEMAP_MAX_DEPTH)
		wf_sitemap_fault(sitemap, WF_SITEMAP_TOO_LARGE, "elements more than %d deep",
						 WF_SITEMAP_MAX_DEPTH);
	else if (xml->depth == 1)
		begin_root(sitemap, full, name, prefix_len);
	ours = strlen(xml->prefix) == prefix_len && memcmp(full, xml->prefix, prefix_len) == 0;
	if (sitemap->stopped || xml->depth == 1)
		return;
	if (xml->depth == xml->item_depth && ours)
		begin_item(sitemap, name);
	else if (xml->in_item && xml->depth == xml->item_depth + 1)
		begin_field(sitemap, name, ours, attributes);
}

/* The item has its URL: hand it over. */
static void
end_item(WfSitemap *sitemap)
{
	WfSitemapXml *xml = &sitemap->xml;
	WfSlice		date = {xml->date, xml->date_len};

	xml->in_item = false;
	xml->field = WF_FIELD_NONE;
	if (xml->loc_too_long)
		sitemap->report.counts.invalid++;
	else if (xml->loc_ended)
		wf_sitemap_take(sitemap, (WfSlice) {xml->loc, xml->loc_len}, date, xml->item_is_sitemap);
}

static void XMLCALL
on_end(void *arg, const XML_Char *name)
{
	WfSitemap  *sitemap = arg;
	WfSitemapXml *xml = &sitemap->xml;

	if (sitemap->stopped)
		return;
	if (xml->field != WF_FIELD_NONE && xml->depth == xml->field_depth)
	{
		/* an empty <link/> leaves room for another */
		if (xml->field == WF_FIELD_DATE)
			xml->date_ended = xml->date_len > 0;
		else
			xml->loc_ended = xml->loc_len > 0 || xml->loc_too_long;
		xml->field = WF_FIELD_NONE;
	}
	if (xml->in_item && xml->depth == xml->item_depth)
		end_item(sitemap);
	if (--xml->depth == 0)
		xml->root_ended = true;
}

static void XMLCALL
on_text(void *arg, const XML_Char *text, int len)
{
	WfSitemap  *sitemap = arg;
	WfSitemapXml *xml = &sitemap->xml;

	if (sitemap->stopped || xml->field == WF_FIELD_NONE || xml->depth != xml->field_depth)
		return;
	if (xml->field == WF_FIELD_DATE)
	{
		if (xml->date_len + len <= sizeof(xml->date))
		{
			memcpy(xml->date + xml->date_len, text, len);
			xml->date_len += len;
		}
		return;
	}
	/* blanks in front must not use up the room of a URL */
	while (xml->loc_len == 0 && len > 0 && wf_is_space(*text))
	{
		text++;
		len--;
	}
	append_loc(xml, text, len);
}

static void XMLCALL
on_doctype(void *arg, const XML_Char *name, const XML_Char *system, const XML_Char *public,
		   int has_internal_subset)
{
	WfSitemap  *sitemap = arg;

	if (!has_internal_subset)
		return;
	wf_sitemap_fault(sitemap, WF_SITEMAP_DTD, "document type with declarations of its own");
	(void) XML_StopParser(sitemap->xml.parser, XML_FALSE);
}

/* ---------- the parser ---------- */

bool
wf_sitemap_xml_create(WfSitemap *sitemap)
{
	XML_Parser	parser = XML_ParserCreate("UTF-8");

	if (parser == NULL)
		return false;
	sitemap->xml.parser = parser;
	XML_SetUserData(parser, sitemap);
	XML_SetElementHandler(parser, on_start, on_end);
	XML_SetCharacterDataHandler(parser, on_text);
	XML_SetStartDoctypeDeclHandler(parser, on_doctype);
	return true;
}

void
wf_sitemap_xml_free(WfSitemap *sitemap)
{
	if (sitemap->xml.parser)
		XML_ParserFree(sitemap->xml.parser);
}

/* It ends, or breaks: the item it ends in counts if its URL was whole. */
static void
note_error(WfSitemap *sitemap, bool last)
{
	WfSitemapXml *xml = &sitemap->xml;
	enum XML_Error code = XML_GetErrorCode(xml->parser);
	unsigned long line = CURRENT_LINE(xml->parser);

	if (sitemap->report.counts.type == WF_SITEMAP_UNKNOWN)
	{
		wf_sitemap_fault(sitemap, code == XML_ERROR_NO_MEMORY ? WF_SITEMAP_NO_MEMORY :
						 WF_SITEMAP_OTHER, "not XML: %s in line %lu",
						 XML_ErrorString(code), line);
		return;
	}
	if (xml->in_item && xml->loc_ended)
		end_item(sitemap);
	if (code == XML_ERROR_NO_MEMORY)
		wf_sitemap_fault(sitemap, WF_SITEMAP_NO_MEMORY, "memory is short");
	else if (last)
		wf_sitemap_fault(sitemap, WF_SITEMAP_MALFORMED, "XML breaks off in line %lu", line);
	else
		wf_sitemap_fault(sitemap, WF_SITEMAP_MALFORMED, "XML is malformed in line %lu: %s",
						 line, XML_ErrorString(code));
}

void
wf_sitemap_xml_feed(WfSitemap *sitemap, WfSlice text, bool last)
{
	WfSitemapXml *xml = &sitemap->xml;
	XML_Index	at;

	/* what follows the root is of no interest, well-formed or not */
	if (sitemap->stopped || xml->root_ended)
		return;
	xml->fed += text.len;
	if (XML_Parse(xml->parser, text.data, (int) text.len, last) != XML_STATUS_OK)
	{
		if (!sitemap->stopped && !xml->root_ended)
			note_error(sitemap, last);
		return;
	}
	/* an unfinished token is read again with every piece: not a long one */
	at = CURRENT_BYTE(xml->parser);
	if (at >= 0 && xml->fed - (uint64_t) at > WF_SITEMAP_CARRY && !xml->root_ended)
		wf_sitemap_fault(sitemap, WF_SITEMAP_TOO_LARGE, "markup of more than %d bytes",
						 WF_SITEMAP_CARRY);
}
