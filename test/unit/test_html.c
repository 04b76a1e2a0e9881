/*-------------------------------------------------------------------------
 *
 * test_html.c
 *	  core/wf_html.c
 *
 *-------------------------------------------------------------------------
 */
#include "test/unit/unit.h"

#include "core/wf_html.h"
#include "core/wf_html_elements.h"
#include "core/wf_text.h"

/*
 * The tokens of html in short: text as it is, <name attribute=value|...>,
 * </name>, {raw}; the input ends at the end of its memory.
 */
static void
tokens(const char *html, const char *expected)
{
	size_t		len = strlen(html);
	char	   *copy = malloc(len);
	static char got[4096];
	size_t		n = 0;
	WfHtml		it;
	WfHtmlToken token;

	memcpy(copy, html, len);
	wf_html_init(&it, (WfSlice) {copy, len});
	while (wf_html_next(&it, &token))
	{
		WfSlice		rest = token.attributes;
		WfHtmlAttribute a;
		char		decoded[1024];

		switch (token.type)
		{
			case WF_HTML_TEXT:
				n += sprintf(got + n, "%.*s", (int) wf_html_decode(token.text, false, decoded), decoded);
				break;
			case WF_HTML_RAW:
				n += sprintf(got + n, "{%.*s}", (int) token.text.len, token.text.data);
				break;
			case WF_HTML_END_TAG:
				n += sprintf(got + n, "</%.*s>", (int) token.name.len, token.name.data);
				break;
			default:
				n += sprintf(got + n, "<%.*s", (int) token.name.len, token.name.data);
				while (wf_html_next_attribute(&rest, &a))
					n += sprintf(got + n, "|%.*s=%.*s", (int) a.name.len, a.name.data,
								 (int) wf_html_decode(a.value, true, decoded), decoded);
				n += sprintf(got + n, ">");
		}
	}
	free(copy);
	is((WfSlice) {got, n}, expected, html);
}

static void
test_tags(void)
{
	tokens("", "");
	tokens("a", "a");
	tokens("<p>x</p>", "<p>x</p>");
	tokens("<P CLASS=X>y", "<P|CLASS=X>y");
	tokens("<a b='1' c=\"2\" d=3 e f = g>", "<a|b=1|c=2|d=3|e=|f=g>");
	tokens("<br/><hr / ><a b=c/>", "<br><hr><a|b=c/>");
	tokens("<a b=\"x>y\" c='<p>'>z", "<a|b=x>y|c=<p>>z");
	tokens("<a =\"x>y", "<a|=\"x=>y");
	tokens("<a \"b\" 'c'>", "<a|\"b\"=|'c'=>");
	tokens("<a b=>c", "<a|b=>c");
	tokens("<a b='1'c='2'>", "<a|b=1|c=2>");
	tokens("<a\n\tb\r\n=\n'c'\n>", "<a|b=c>");
	tokens("</p x='>'>y", "</p>y");
	tokens("<div<p>x", "<div<p>x");
	tokens("<a href='?a=1&amp;b&copy=2&copy;'>", "<a|href=?a=1&b&copy=2\xC2\xA9>");
	tokens("1 < 2 <3 <", "1 < 2 <3 <");
	tokens("<<p>>", "<<p>>");
	tokens("a</>b</ x>c", "abc");
}

static void
test_comments(void)
{
	tokens("a<!-- <p> -->b", "ab");
	tokens("a<!-->b", "ab");
	tokens("a<!--->b", "ab");
	tokens("a<!---->b", "ab");
	tokens("a<!-- x --!>b", "ab");
	tokens("a<!---!>b-->c", "ac");
	tokens("a<!-- x -- > y -->b", "ab");
	tokens("a<!-- x --->b", "ab");
	tokens("a<!doctype html>b<?xml x?>c<![CDATA[d]]>e<!x>f", "abcef");
	tokens("a<!-- no end > b", "a b");
	tokens("a<!-- no end", "a<!-- no end");
	tokens("a<!-- x -->b<!-- no end > c", "ab c");
	tokens("a<!no end", "a<!no end");
	tokens("a<!", "a<!");
	tokens("a</", "a</");
	tokens("a</b", "a</b");
}

static void
test_raw(void)
{
	tokens("<script>a<b</script>c", "<script>{a<b}</script>c");
	tokens("<SCRIPT>a</Script >c", "<SCRIPT>{a}</Script>c");
	tokens("<script></script>", "<script></script>");
	tokens("<script>a</scripts>b</script>c", "<script>{a</scripts>b}</script>c");
	tokens("<script><!-- <script> </script> --></script>d",
		   "<script>{<!-- <script> </script> -->}</script>d");
	tokens("<script><!-- </script>d-->", "<script>{<!-- }</script>d-->");
	tokens("<script><!--><script></script>d", "<script>{<!--><script>}</script>d");
	tokens("<script><!-- <script></script>d", "<script>{<!-- <script>}</script>d");
	tokens("<style>a>b{}</style>c", "<style>{a>b{}}</style>c");
	tokens("<iframe><p></iframe>", "<iframe>{<p>}</iframe>");
	tokens("<noframes><p></noframes><noembed><p></noembed><xmp><p></xmp>",
		   "<noframes>{<p>}</noframes><noembed>{<p>}</noembed><xmp>{<p>}</xmp>");
	tokens("<title>a<b>&amp;</title>c", "<title>a<b>&</title>c");
	tokens("<textarea><p></textarea>c", "<textarea><p></textarea>c");
	tokens("<noscript><p>a</noscript><template><p>b</template>",
		   "<noscript><p>a</noscript><template><p>b</template>");
	tokens("<script>var a<0; b <p>c</p>", "<script>{var a<0; b }<p>c</p>");
	tokens("<style>a{} no end", "<style>{a{} no end}");
	tokens("<title>a<p>b", "<title>a<p>b");
	tokens("<script>a</script", "<script>{a</script}");
}

static void
test_broken_tags(void)
{
	tokens("<a href='x>y <p>z", "<a|href=x>y <p>z");
	tokens("a<b c", "a<b c");
	tokens("<a b=\"c>d<p title='>'>e", "<a|b=c>d<p|title=>'>e");
	tokens("<a b='x'><p c=\"", "<a|b=x><p c=\"");
}

static void
decoded(const char *text, const char *expected)
{
	char		out[256];
	WfSlice		copy;
	size_t		len = strlen(text);

	copy.data = memcpy(malloc(len), text, len);
	copy.len = len;
	is((WfSlice) {out, wf_html_decode(copy, false, out)}, expected, text);
	free((void *) copy.data);
}

static void
test_references(void)
{
	decoded("&amp;&lt;&gt;&quot;&apos;", "&<>\"'");
	decoded("&AMP;&amp&AMPx", "&&&x");
	decoded("&commat;&period;&num;&lpar;&plus;&NewLine;", "@.#(+\n");
	decoded("&#64;&#x40;&#X40;&#064;&#64x", "@@@@@x");
	decoded("&#;&#x;&#", "&#;&#x;&#");
	decoded("&#0;&#xD800;&#x110000;&#99999999999999;", "\uFFFD\uFFFD\uFFFD\uFFFD");
	decoded("&#128;&#x99;&#x81;", "\u20AC\u2122\xC2\x81");
	decoded("&notit;&notin;&not;", "\u00ACit;\u2209\u00AC");
	decoded("&eacute;&eacute&Eacute;&hellip&hellip;", "\u00E9\u00E9\u00C9&hellip\u2026");
	decoded("&nosuch;&;&&a", "&nosuch;&;&&a");
	decoded("&thetasym;&bogusnamethatisverylongindeed;", "\u03D1&bogusnamethatisverylongindeed;");
	decoded("&a&lt&", "&a<&");
	decoded("&gt", ">");
	decoded("&g", "&g");
}

static void
test_elements(void)
{
	size_t		count = sizeof(elements) / sizeof(elements[0]);
	size_t		i;
	bool		all = true;
	WfHtml		it;
	WfHtmlToken token;
	char		tag[32];

	for (i = 0; i < count; i++)
	{
		sprintf(tag, "<%s>", elements[i].name);
		wf_html_init(&it, slice(tag));
		all = all && wf_html_next(&it, &token) && token.flags == elements[i].flags &&
			token.element == elements[i].element && (token.flags & WF_HTML_KNOWN);
	}
	ok(all, "every element is found");
	wf_html_init(&it, slice("<blink-182>"));
	ok(wf_html_next(&it, &token) && token.flags == 0 && token.element == WF_ELEMENT_OTHER,
	   "no other is");
	wf_html_init(&it, slice("<TD ID=a id=b>"));
	ok(wf_html_next(&it, &token) && (token.flags & WF_HTML_BLOCK), "in any case");
	{
		WfSlice		value;

		ok(wf_html_find_attribute(&token, slice("id"), &value), "an attribute is found");
		is(value, "a", "the first of its name");
		ok(!wf_html_find_attribute(&token, slice("name"), &value), "or not");
	}
}

/* The text made of in, by pieces of "step" bytes; returns its length. */
static size_t
make_text(WfSlice in, size_t step, bool preformatted, char *out)
{
	WfHtmlText	maker = {in.data, in.data, in.data + in.len, in.data + in.len, out + 1};

	out[0] = '\n';
	maker.out_end = out + 1 + in.len;
	maker.has_references = true;
	maker.preformatted = preformatted;
	while (maker.in < maker.in_end)
	{
		size_t		left = maker.in_end - maker.in;

		maker.in_pause = maker.in + (left < step ? left : step);
		wf_html_make_text(&maker);
	}
	return maker.out - out;
}

/* Text is the same whether made byte by byte or in blocks. */
static void
test_text_in_blocks(void)
{
	static const char *const pieces[] = {
		"a", "bc", " ", "  ", "\n", "\t", "\f", "\v", "&amp;", "&", "&nbsp;", "\xC2\xA0", "\xC2\xAD",
		"\xE2\x80\x8B", "\xC3\xA4", "\xE3\x80\x80", "\xEF\xBB\xBF", "\xE2", "\xFF", "sixteen letters.",
		" one two three four five six"
	};
	uint32_t	seed = 1;
	bool		same = true;
	int			round;

	for (round = 0; round < 4000; round++)
	{
		char		in[300];
		char		bytewise[310];
		char		in_blocks[310];
		size_t		len = 0;
		char	   *copy;
		size_t		n;
		size_t		m;

		while (len < 10 + (size_t) round % 200)
		{
			const char *piece;

			seed = seed * 1103515245 + 12345;
			piece = pieces[(seed >> 16) % (sizeof(pieces) / sizeof(pieces[0]))];
			memcpy(in + len, piece, strlen(piece));
			len += strlen(piece);
		}
		copy = memcpy(malloc(len), in, len);
		n = make_text((WfSlice) {copy, len}, 1, round % 2, bytewise);
		m = make_text((WfSlice) {copy, len}, len, round % 2, in_blocks);
		same = same && n == m && memcmp(bytewise, in_blocks, n) == 0;
		free(copy);
	}
	ok(same, "text made in blocks is that made byte by byte");
}

/* The href of a tag; "-" for none. */
static void
has_href(const char *html, const char *expected)
{
	WfHtml		it;
	WfHtmlToken token;
	size_t		len = strlen(html);
	char	   *copy = memcpy(malloc(len), html, len);

	wf_html_init(&it, (WfSlice) {copy, len});
	ok(wf_html_next(&it, &token), "a tag");
	is(token.href.len > 0 ? token.href : slice("-"), expected, html);
	free(copy);
}

static void
test_href(void)
{
#define LONG " class=\"a long value that fills the block of bytes which is looked at at once\""
	has_href("<a>", "-");
	has_href("<a" LONG ">", "-");
	has_href("<a href=x>", "x");
	has_href("<a href=x" LONG ">", "x");
	has_href("<a" LONG " href=x>", "x");
	has_href("<a href='x' href='y'>", "x");
	has_href("<a HREF=\"x\"" LONG ">", "x");
	has_href("<a" LONG "href='x'" LONG ">", "x");
	has_href("<a/href='x'" LONG ">", "x");
	has_href("<a data-href='x'" LONG ">", "-");
	has_href("<a xhref='x'" LONG ">", "-");
	has_href("<a href=''" LONG ">", "-");
	has_href("<a href" LONG " href=x>", "x");
	has_href("<a href = 'x'" LONG ">", "x");
	has_href("<a b=href='x'" LONG ">", "-");
	has_href("<a b= href='x'" LONG ">", "-");
	has_href("<a b='href=x'" LONG ">", "-");
	has_href("<a =href='x'" LONG ">", "-");
	has_href("<a href='a>b' c=\"<d\"" LONG ">", "a>b");
	has_href("<a b=c d='>' href=\"'\"" LONG ">", "'");
	has_href("<a href='x> and no end of it" LONG, "x");
#undef LONG
}

/* Once stopped, it comes to an end whatever lies ahead. */
static void
test_stop(void)
{
	static const char *const patterns[] = {
		"x", "<p>x", "<a b=\"", "<a b=\"c\" ", "<a b ", "<!-- ", "<script>", "<title>", "<style>x"
	};
	sig_atomic_t stop = 1;
	size_t		i;

	for (i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
	{
		WfSlice		input = repeat(patterns[i], 100000);
		WfHtml		it;
		WfHtmlToken token;
		int			tokens = 0;

		wf_html_init(&it, input);
		it.stop = &stop;
		while (tokens < 200000 && wf_html_next(&it, &token))
			tokens++;
		ok(token.type == WF_HTML_EOF && token.text.len == 0, "stopped in %s", patterns[i]);
		free((void *) input.data);
	}
}

/* Space between tags, and what is none. */
static void
test_blank(void)
{
	static const struct
	{
		const char *text;
		bool		is_blank;
	}			cases[] = {
		{" ", true}, {"\n\t\t \r\n", true}, {"                    ", true}, {"\v", false},
		{"                    x", false}, {"&nbsp;", false}, {"\xC2\xA0", false}, {"< ", false}
	};
	size_t		i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		WfHtml		it;
		WfHtmlToken token;

		wf_html_init(&it, slice(cases[i].text));
		ok(wf_html_next(&it, &token) && token.is_blank == cases[i].is_blank, "\"%s\" is %s",
		   cases[i].text, cases[i].is_blank ? "blank" : "not");
	}
}

int
main(void)
{
	test_tags();
	test_comments();
	test_raw();
	test_broken_tags();
	test_references();
	test_elements();
	test_text_in_blocks();
	test_href();
	test_blank();
	test_stop();
	return done();
}
