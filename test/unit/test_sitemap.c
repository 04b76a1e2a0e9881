/*-------------------------------------------------------------------------
 *
 * test_sitemap.c
 *	  The sitemap parser: kinds, encodings, faults, limits, time.
 *
 *-------------------------------------------------------------------------
 */
#define _GNU_SOURCE
#include <zlib.h>

#include "unit.h"

#include "core/wf_sitemap.h"

#define URLSET	"<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">"
#define MAX_TEXT 4096

static char text[MAX_TEXT];		/* entries: "URL" or "[URL]" for a sitemap, "@" lastmod */
static WfSitemapReport report;
static uint32_t stop_after;

static bool
note_entry(void *arg, const WfEntry *entry)
{
	size_t		len = strlen(text);

	if (len + entry->url.len + 40 < MAX_TEXT)
	{
		len += snprintf(text + len, MAX_TEXT - len, "%s%s%.*s%s", len ? " " : "",
						entry->is_sitemap ? "[" : "", (int) entry->url.len, entry->url.data,
						entry->is_sitemap ? "]" : "");
		if (entry->has_lastmod)
			snprintf(text + len, MAX_TEXT - len, "@%lld", (long long) entry->lastmod_us / 1000000);
	}
	return stop_after == 0 || --stop_after > 0;
}

/* Parse in pieces of that many bytes; the entries are then in text. */
static void
parse_with(WfSlice file, const char *type, const char *domain, size_t piece)
{
	WfSitemapOptions options = {
		.url = slice("https://x.test/dir/sitemap.xml"),
		.content_type = slice(type), .domain = slice(domain), .entry = note_entry,
	};
	WfSitemap  *sitemap = wf_sitemap_create(&options);

	text[0] = '\0';
	for (size_t at = 0; at < file.len; at += piece)
	{
		WfSlice		part = {file.data + at, file.len - at < piece ? file.len - at : piece};
		/* a copy of its own, so that the sanitizer sees any read beyond it */
		char	   *copy = malloc(part.len);

		memcpy(copy, part.data, part.len);
		(void) wf_sitemap_feed(sitemap, (WfSlice) {copy, part.len});
		free(copy);
	}
	wf_sitemap_finish(sitemap, true, &report);
	wf_sitemap_free(sitemap);
}

/* Whole, by bytes and by three: the same, and this. */
static void
check_bytes(WfSlice file, const char *type, const char *expected, WfSitemapFault fault,
			const char *name)
{
	static const size_t pieces[] = {1 << 20, 1, 3};

	for (int i = 0; i < 3; i++)
	{
		parse_with(file, type, "", pieces[i]);
		if (!ok(strcmp(text, expected) == 0 && report.fault == fault,
				"%s, pieces of %zu", name, pieces[i]))
			printf("# got \"%s\", fault %d (%s), expected \"%s\", fault %d\n",
				   text, report.fault, report.reason, expected, fault);
	}
}

static void
check(const char *file, const char *expected, WfSitemapFault fault, const char *name)
{
	check_bytes(slice(file), "", expected, fault, name);
}

static WfSlice
compress_bytes(WfSlice bytes)
{
	z_stream	stream = {0};
	size_t		room = bytes.len + bytes.len / 1000 + 100;
	char	   *out = malloc(room);

	deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
	stream.next_in = (Bytef *) bytes.data;
	stream.avail_in = bytes.len;
	stream.next_out = (Bytef *) out;
	stream.avail_out = room;
	deflate(&stream, Z_FINISH);
	deflateEnd(&stream);
	return (WfSlice) {out, stream.total_out};
}

static void
test_kinds(void)
{
	check(URLSET "<url><loc>http://a.test/</loc></url><url><loc> http://a.test/b\n</loc>"
		  "<lastmod>1970-01-02</lastmod><changefreq>daily</changefreq></url></urlset>",
		  "http://a.test/ http://a.test/b@86400", WF_SITEMAP_SOUND, "urlset");
	is_int(report.counts.type, WF_SITEMAP_URLSET, "its type");
	check("<sitemapindex><sitemap><lastmod>1970-01-01</lastmod><loc>http://a.test/1.xml.gz</loc>"
		  "</sitemap></sitemapindex>", "[http://a.test/1.xml.gz]@0", WF_SITEMAP_SOUND, "index");
	is_int(report.counts.type, WF_SITEMAP_INDEX, "its type");
	check("http://a.test/1\r\nhttps://b.test/2\rHTTP://c.test\n\n", "http://a.test/1 "
		  "https://b.test/2 http://c.test/", WF_SITEMAP_SOUND, "text");
	is_int(report.counts.type, WF_SITEMAP_TEXT, "its type");
	check("\xEF\xBB\xBF\nhttp://a.test/1\nnonsense\nhttp://a.test/2", "http://a.test/1 http://a.test/2",
		  WF_SITEMAP_SOUND, "text with a mark and a bad line");
	is_int(report.counts.invalid, 1, "which is counted");
	check("<rss version='2.0'><channel><link>http://a.test/home</link><item><link>http://a.test/1"
		  "</link><pubDate>Fri, 02 Jan 1970 00:00:00 GMT</pubDate></item><item><guid>http://a.test/2"
		  "</guid></item><item><guid isPermaLink='false'>http://a.test/3</guid></item><item><guid>"
		  "http://a.test/g</guid><link>http://a.test/4</link></item></channel></rss>",
		  "http://a.test/1@86400 http://a.test/2 http://a.test/4", WF_SITEMAP_SOUND, "RSS 2.0");
	is_int(report.counts.type, WF_SITEMAP_RSS, "its type");
	check("<rdf:RDF xmlns:rdf='r' xmlns='http://purl.org/rss/1.0/' xmlns:dc='d'><channel><link>"
		  "http://a.test/</link></channel><item><link>http://a.test/1</link><dc:date>1970-01-01"
		  "</dc:date></item></rdf:RDF>", "http://a.test/1@0", WF_SITEMAP_SOUND, "RSS 1.0");
	check("<feed xmlns='http://www.w3.org/2005/Atom'><link href='http://a.test/'/><entry>"
		  "<link rel='self' href='http://a.test/x'/><link rel='alternate' href='http://a.test/1'/>"
		  "<link href='http://a.test/2'/><published>1970-01-05</published><updated>1970-01-01"
		  "</updated></entry></feed>", "http://a.test/1@0", WF_SITEMAP_SOUND, "Atom");
	is_int(report.counts.type, WF_SITEMAP_ATOM, "its type");
	check(URLSET "</urlset>", "", WF_SITEMAP_SOUND, "a sitemap of nothing is one");
	is_int(report.counts.type, WF_SITEMAP_URLSET, "its type");
}

static void
test_names(void)
{
	check("<urlset><url><loc>http://a.test/1</loc></url></urlset>", "http://a.test/1",
		  WF_SITEMAP_SOUND, "no namespace");
	check("<urlset xmlns='http://wrong'><url><loc>http://a.test/1</loc></url></urlset>",
		  "http://a.test/1", WF_SITEMAP_SOUND, "a wrong one");
	check("<s:urlset xmlns:s='x'><s:url><s:loc>http://a.test/1</s:loc></s:url></s:urlset>",
		  "http://a.test/1", WF_SITEMAP_SOUND, "with prefix");
	check("<s:urlset><s:url><s:loc>http://a.test/1</s:loc></s:url></s:urlset>",
		  "http://a.test/1", WF_SITEMAP_SOUND, "a prefix that is not declared");
	check("<urlset><url><loc>http://a.test/1</loc><image:image><image:loc>http://a.test/i"
		  "</image:loc></image:image><image:loc>http://a.test/j</image:loc><video:video><loc>"
		  "http://a.test/v</loc></video:video><xhtml:link href='http://a.test/h'/></url></urlset>",
		  "http://a.test/1", WF_SITEMAP_SOUND, "extensions are not followed");
	check("<urlset><url><image:loc>http://a.test/i</image:loc></url><url/><loc>http://a.test/o</loc>"
		  "</urlset>", "", WF_SITEMAP_SOUND, "a loc only where it belongs");
	check("<urlset><url><loc>http://a.test/1</loc><loc>http://a.test/2</loc></url></urlset>",
		  "http://a.test/1", WF_SITEMAP_SOUND, "the first loc counts");
	check("<urlset><sitemap><loc>http://a.test/s.xml</loc></sitemap></urlset>",
		  "[http://a.test/s.xml]", WF_SITEMAP_SOUND, "a sitemap among pages");
}

static void
test_urls(void)
{
	check("<urlset><url><loc>http://A.test:80/x/../y?a=1&amp;b=2#f</loc></url></urlset>",
		  "http://a.test/y?a=1&b=2", WF_SITEMAP_SOUND, "decoded and normalised");
	check("<urlset><url><loc><![CDATA[http://a.test/?a=1&b=2]]></loc></url></urlset>",
		  "http://a.test/?a=1&b=2", WF_SITEMAP_SOUND, "CDATA");
	check("<urlset><url><loc>http://a.test/?a=1&b=2&amp;c=3&nbsp;&#38;d&#x26;e&#0;</loc></url></urlset>",
		  "http://a.test/?a=1&b=2&c=3&nbsp;&d&e&", WF_SITEMAP_SOUND, "stray ampersands");
	check("<urlset><url><loc>/rel</loc></url><url><loc>page</loc></url></urlset>",
		  "https://x.test/rel https://x.test/dir/page", WF_SITEMAP_SOUND, "relative URLs");
	check("<urlset><url><loc>mailto:a@b.test</loc></url><url><loc>http://u:p@a.test/</loc></url>"
		  "<url><loc>http://</loc></url><url><loc></loc></url></urlset>", "", WF_SITEMAP_SOUND,
		  "what is no URL");
	is_int(report.counts.invalid, 3, "is counted");
	check("<urlset><url><loc>http://a.test/1</loc></url><url><loc>http://a.test/1#x</loc></url>"
		  "</urlset>", "http://a.test/1", WF_SITEMAP_SOUND, "no URL twice");
	is_int(report.counts.doubles, 1, "doubles are counted");
	parse_with(slice("<urlset><url><loc>http://a.test/1</loc></url><url><loc>http://www.a.test/2</loc>"
					 "</url><url><loc>http://b.a.test/3</loc></url><url><loc>http://ba.test/4</loc></url>"
					 "<url><loc>http://a.test.evil/5</loc></url></urlset>"), "", "www.a.test", 1 << 20);
	is(slice(text), "http://a.test/1 http://www.a.test/2 http://b.a.test/3", "sites");
	is_int(report.counts.refused, 2, "refused URLs are counted");
}

static void
test_encodings(void)
{
	static const char latin[] = "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><urlset><url><loc>"
		"http://a.test/\xe4</loc></url></urlset>";
	static const char lying[] = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><urlset><url><loc>"
		"http://a.test/\xe4\x80</loc></url></urlset>";
	static const char utf8[] = "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><urlset><url><loc>"
		"http://a.test/\xc3\xa4</loc></url></urlset>";
	static const char sjis[] = "<?xml version=\"1.0\" encoding=\"Shift_JIS\"?><urlset><url><loc>"
		"http://a.test/\x83\x5c</loc></url></urlset>";
	static const char ascii[] = "<urlset><url><loc>http://a.test/1</loc></url></urlset>";
	char		wide[2 * sizeof(ascii) + 2];
	size_t		len = 0;

	check(latin, "http://a.test/%C3%A4", WF_SITEMAP_SOUND, "latin-1");
	check(lying, "http://a.test/%C3%A4%E2%82%AC", WF_SITEMAP_SOUND, "no UTF-8, whatever it says");
	check(utf8, "http://a.test/%C3%A4", WF_SITEMAP_SOUND, "UTF-8, whatever it says");
	check(sjis, "http://a.test/%E3%82%BD", WF_SITEMAP_SOUND, "Shift_JIS");
	check_bytes(slice(ascii), "text/xml; charset=koi8-r", "http://a.test/1", WF_SITEMAP_SOUND,
				"another charset in the header");
	for (int big = 0; big <= 1; big++)
	{
		len = 0;
		wide[len++] = big ? '\xFE' : '\xFF';
		wide[len++] = big ? '\xFF' : '\xFE';
		for (const char *p = ascii; *p; p++)
		{
			wide[len++] = big ? 0 : *p;
			wide[len++] = big ? *p : 0;
		}
		check_bytes((WfSlice) {wide, len}, "", "http://a.test/1", WF_SITEMAP_SOUND,
					big ? "UTF-16BE" : "UTF-16LE");
	}
	check("\xEF\xBB\xBF\n <?xml version='1.0'?><urlset><url><loc>http://a.test/1</loc></url></urlset>",
		  "http://a.test/1", WF_SITEMAP_SOUND, "a mark and blanks in front");
	check("<urlset><url><loc>http://a.test/\x01\x1f""1</loc></url></urlset>", "http://a.test/%20%201",
		  WF_SITEMAP_SOUND, "control characters");
	check("<?xml version='1.0' encoding='x-unheard-of'?><urlset><url><loc>http://a.test/1</loc></url>"
		  "</urlset>", "http://a.test/1", WF_SITEMAP_SOUND, "an unknown encoding");
}

static void
test_gzip(void)
{
	WfSlice		plain = slice("<urlset><url><loc>http://a.test/1</loc></url></urlset>");
	WfSlice		once = compress_bytes(plain);
	WfSlice		twice = compress_bytes(once);
	WfSlice		half = compress_bytes(slice("<urlset><url><loc>http://a.test/1</loc></url>"));
	WfSlice		rest = compress_bytes(slice("<url><loc>http://a.test/2</loc></url></urlset>"));
	char		joined[1000];

	check_bytes(once, "text/plain", "http://a.test/1", WF_SITEMAP_SOUND, "gzip");
	is_int(report.bytes, plain.len, "decompressed bytes are counted");
	check_bytes(twice, "", "http://a.test/1", WF_SITEMAP_SOUND, "gzip twice");
	memcpy(joined, half.data, half.len);
	memcpy(joined + half.len, rest.data, rest.len);
	memset(joined + half.len + rest.len, 0, 16);
	check_bytes((WfSlice) {joined, half.len + rest.len + 16}, "", "http://a.test/1 http://a.test/2",
				WF_SITEMAP_SOUND, "two members and padding");
	check_bytes((WfSlice) {joined, half.len}, "", "http://a.test/1", WF_SITEMAP_MALFORMED,
				"whole gzip of half a file");
	check_bytes((WfSlice) {rest.data, 12}, "", "", WF_SITEMAP_GZIP, "gzip that ends early");
	memset(joined, 0x55, 200);
	memcpy(joined, "\x1f\x8b\x08\0\0\0\0\0\0\3", 10);
	parse_with((WfSlice) {joined, 200}, "", "", 50);
	ok(report.fault == WF_SITEMAP_GZIP || report.fault == WF_SITEMAP_OTHER, "damaged gzip");
	free((char *) once.data);
	free((char *) twice.data);
	free((char *) half.data);
	free((char *) rest.data);
}

static void
test_faults(void)
{
	check("", "", WF_SITEMAP_EMPTY, "empty");
	check(" \n\t", "", WF_SITEMAP_EMPTY, "blanks");
	check("\xEF\xBB\xBF", "", WF_SITEMAP_EMPTY, "a mark alone");
	check("x", "", WF_SITEMAP_OTHER, "one byte");
	check("<!doctype html><html><body>Not found", "", WF_SITEMAP_HTML, "HTML");
	check("\n<HTML><body>http://a.test/</body></HTML>", "", WF_SITEMAP_HTML, "HTML without doctype");
	check("<?xml version='1.0'?><!DOCTYPE html PUBLIC 'a' 'b'><html xmlns='x'><body/></html>", "",
		  WF_SITEMAP_HTML, "XHTML");
	is_int(report.counts.type, WF_SITEMAP_UNKNOWN, "is no sitemap");
	check("Not Found", "", WF_SITEMAP_OTHER, "text that is no list");
	check("{\"a\": \"http://a.test/\"}", "", WF_SITEMAP_OTHER, "JSON");
	check("<opml><loc>http://a.test/</loc></opml>", "", WF_SITEMAP_OTHER, "other XML");
	check("<<<", "", WF_SITEMAP_OTHER, "no XML");
	check("<urlset><url><loc>http://a.test/1</loc></url><url><loc>http://a.test/2</loc><lastm",
		  "http://a.test/1 http://a.test/2", WF_SITEMAP_MALFORMED, "cut off behind a URL");
	check("<urlset><url><loc>http://a.test/1</loc></url><url><loc>http://a.te",
		  "http://a.test/1", WF_SITEMAP_MALFORMED, "cut off in a URL");
	check("<urlset><url><loc>http://a.test/1</loc></url><url></urlset>", "http://a.test/1",
		  WF_SITEMAP_MALFORMED, "wrong end tag");
	check("<urlset><url><loc>http://a.test/1</loc></url></urlset>\n<b>cached</b> & rubbish",
		  "http://a.test/1", WF_SITEMAP_SOUND, "rubbish behind the end");
	check("<!DOCTYPE urlset [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]><urlset><url><loc>http://a.test/&b;"
		  "</loc></url></urlset>", "", WF_SITEMAP_DTD, "entities of its own");
	check("<!DOCTYPE urlset [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><urlset><url><loc>http://a.test/&x;"
		  "</loc></url></urlset>", "", WF_SITEMAP_DTD, "external entities");
	check("<!DOCTYPE urlset SYSTEM 'http://a.test/x.dtd'><urlset><url><loc>http://a.test/1</loc></url>"
		  "</urlset>", "http://a.test/1", WF_SITEMAP_SOUND, "a DTD elsewhere is not fetched");
	stop_after = 1;
	parse_with(slice("<urlset><url><loc>http://a.test/1</loc></url><url><loc>http://a.test/2</loc>"
					 "</url></urlset>"), "", "", 10);
	is(slice(text), "http://a.test/1", "the caller has enough");
	is_int(report.fault, WF_SITEMAP_SOUND, "which is no fault");
	stop_after = 0;
}

/* A urlset of that many URLs. */
static WfSlice
big_sitemap(int urls, int padding)
{
	size_t		room = (size_t) urls * (100 + padding) + 200;
	char	   *data = malloc(room);
	size_t		len = sprintf(data, URLSET "\n");

	for (int i = 0; i < urls; i++)
		len += sprintf(data + len, "<url><loc>https://x.test/%0*d</loc><lastmod>2024-01-01"
					   "</lastmod></url>\n", padding, i);
	len += sprintf(data + len, "</urlset>\n");
	return (WfSlice) {data, len};
}

/* CPU seconds to parse it. */
static double
time_of(WfSlice file)
{
	double		start = cpu_seconds();

	parse_with(file, "", "", 16384);
	return cpu_seconds() - start;
}

static void
check_hostile(WfSlice file, WfSitemapFault fault, const char *name)
{
	double		took = time_of(file);

	if (!ok(report.fault == fault && took < 10, "%s, %.1f s", name, took))
		printf("# fault %d (%s)\n", report.fault, report.reason);
	free((char *) file.data);
}

static WfSlice
join(WfSlice a, WfSlice b)
{
	char	   *data = malloc(a.len + b.len);

	memcpy(data, a.data, a.len);
	memcpy(data + a.len, b.data, b.len);
	free((char *) b.data);
	return (WfSlice) {data, a.len + b.len};
}

/* 40 MB of elements with different names. */
static WfSlice
many_names(void)
{
	char	   *data = malloc(2000000 * 12 + 100);
	size_t		len = sprintf(data, "<urlset>");

	for (int i = 0; i < 2000000; i++)
		len += sprintf(data + len, "<a%d/>", i);
	return (WfSlice) {data, len};
}

static void
test_limits(void)
{
	WfSlice		legal = big_sitemap(WF_SITEMAP_MAX_URLS, 20);
	WfSlice		more = big_sitemap(WF_SITEMAP_MAX_URLS + 1, 20);
	WfSlice		large = big_sitemap(WF_SITEMAP_MAX_URLS + 1000, 1000);
	WfSlice		bomb;
	double		took = time_of(legal);

	is_int(report.counts.entries, WF_SITEMAP_MAX_URLS, "50,000 URLs are legal");
	is_int(report.fault, WF_SITEMAP_SOUND, "and no fault");
	ok(took < 5, "they took %.2f s under the sanitizers", took);
	time_of(more);
	is_int(report.counts.entries, WF_SITEMAP_MAX_URLS, "the first 50,000 of more");
	is_int(report.fault, WF_SITEMAP_TOO_LARGE, "reported");
	time_of(large);
	ok(report.bytes == WF_SITEMAP_MAX_BYTES && report.counts.entries > 40000 &&
	   report.fault == WF_SITEMAP_TOO_LARGE, "50 MB of a larger file");
	bomb = compress_bytes(large);
	time_of(bomb);
	ok(report.bytes == WF_SITEMAP_MAX_BYTES && report.fault == WF_SITEMAP_TOO_LARGE,
	   "50 MB of %zu compressed bytes", bomb.len);
	free((char *) legal.data);
	free((char *) more.data);
	free((char *) large.data);
	free((char *) bomb.data);

	check_hostile(join(slice("<urlset><!-- "), repeat("a>", 10 * 1000 * 1000)),
				  WF_SITEMAP_TOO_LARGE, "an endless comment");
	check_hostile(join(slice("<urlset><a b='"), repeat("a", 10 * 1000 * 1000)),
				  WF_SITEMAP_TOO_LARGE, "an endless attribute");
	check_hostile(join(slice("<urlset><url><loc>"), repeat("<a>", 5 * 1000 * 1000)),
				  WF_SITEMAP_TOO_LARGE, "endless depth");
	check_hostile(many_names(), WF_SITEMAP_TOO_LARGE, "endless names");
	check_hostile(join(slice("<urlset><url><loc>"), repeat("&>", 10 * 1000 * 1000)),
				  WF_SITEMAP_MALFORMED, "endless ampersands");
	check_hostile(join(slice("<urlset>\xe4"), repeat("\x80>", 10 * 1000 * 1000)),
				  WF_SITEMAP_MALFORMED, "bytes that are no UTF-8");
	check_hostile(join(slice("http://a.test/\n"), repeat("x", 10 * 1000 * 1000)),
				  WF_SITEMAP_TOO_LARGE, "an endless line");
}

int
main(void)
{
	test_kinds();
	test_names();
	test_urls();
	test_encodings();
	test_gzip();
	test_faults();
	test_limits();
	is(slice(wf_sitemap_type_name(WF_SITEMAP_INDEX)), "index", "a type's name");
	ok(wf_sitemap_type_name(WF_SITEMAP_UNKNOWN) == NULL && wf_sitemap_type_name(99) == NULL,
	   "what has none");
	return done();
}
