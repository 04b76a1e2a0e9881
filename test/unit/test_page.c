/*-------------------------------------------------------------------------
 *
 * test_page.c
 *	  core/wf_page.c: whole pages.
 *
 *-------------------------------------------------------------------------
 */
#define _GNU_SOURCE				/* memmem */
#include "test/unit/unit.h"

#include "core/wf_page.h"
#include "core/wf_text.h"

#define ARENA_LIMIT ((size_t) 64 * 1024 * 1024)

static WfExtractor *extractor;
static WfArena *arena;

static WfStatus
extract(WfSlice body, WfFindings *findings)
{
	WfPageInput in = {body};

	in.default_region = "US";
	wf_arena_reset(arena);
	return wf_page_extract(extractor, arena, &in, findings);
}

/* Findings as "position source value", one a line. */
static void
finds(const char *html, const char *expected)
{
	WfFindings	findings;
	char		got[4096];
	size_t		n = 0;
	int			i;

	if (extract(slice(html), &findings) != WF_OK)
	{
		ok(false, "%s", html);
		return;
	}
	for (i = 0; i < findings.count; i++)
	{
		const WfFinding *f = &findings.items[i];

		n += sprintf(got + n, "%s%u %s %.*s", n > 0 ? "\n" : "", f->position,
					 wf_finding_source_name(f->source), (int) f->value.len, f->value.data);
	}
	is((WfSlice) {got, n}, expected, html);
}

static void
test_visible_text(void)
{
	finds("", "");
	finds("<p>a@example.org</p>", "3 text a@example.org");
	finds("in<b>fo</b>@exam<wbr>ple.org", "0 text info@example.org");
	finds("<td>Helga</td><td>anna@example.org</td>", "18 text anna@example.org");
	finds("Helga<br>anna@example.org", "9 text anna@example.org");
	finds("<li>a@example.org<li>b@example.org", "4 text a@example.org\n21 text b@example.org");
	finds("<a>a@example.org</a><a>Contact</a>", "3 text a@example.org");
	finds("info@<a href='http://example.org'>example.org</a>", "0 text info@example.org");
	finds("a@example.org<img>b", "0 text a@example.org");
	finds("<custom-x>a@example.org</custom-x>b", "10 text a@example.org");
	finds("<!-- a@example.org --><script>'b@example.org'</script><style>c@example.org</style>", "");
	finds("<input value='a@example.org' placeholder=b@example.org><p data-x=c@example.org>", "");
	finds("<p title='write to b@example.org'>", "0 attribute b@example.org");
	finds("<noscript>a@example.org</noscript><template>b@example.org</template>",
		  "10 text a@example.org\n44 text b@example.org");
	finds("<textarea>a@example.org</textarea>", "10 text a@example.org");
	finds("<xmp>a@example.org &amp;b</xmp>", "5 text a@example.org");
	finds("a&#64;example&period;org", "0 text a@example.org");
	finds("&nbsp;&nbsp;a@example.org", "12 text a@example.org");
	finds("  \n\t a@exam\xE2\x80\x8Bple.org", "5 text a@example.org");
	finds("a@example.org<", "0 text a@example.org");
	finds("<a href='x>a@example.org", "11 text a@example.org");
	finds("<!-- x >a@example.org", "8 text a@example.org");
	finds("<script>x <p>a@example.org", "13 text a@example.org");
}

static void
test_numbers(void)
{
	finds("<p>(202)&nbsp;555-0143", "3 text +12025550143");
	finds("<td>202</td><td>555-0143</td>", "");
	finds("<pre>202\n555-0143\n(202) 554-0144</pre>", "18 text +12025540144");
	finds("202\n555-0143", "0 text +12025550143");
	finds("<a href='tel:+1%20202%20555%200143'>202-555-0144</a>",
		  "0 link +12025550143\n36 text +12025550144");
	finds("<a href=tel:2025550143>202-555-0143</a>", "0 link +12025550143");
	finds("x.org?v=12025550143999", "");
	/* where the site says that it is */
	finds("<meta name=geo.region content=DE-BE><p>030 23125 012", "39 text +493023125012");
	finds("<meta property=og:locale content=de_DE><p>030 23125 012", "42 text +493023125012");
	finds("<meta content='de_DE' property='og:locale'><p>030 23125 012", "46 text +493023125012");
	finds("<meta property=og:locale content=en_US><p>030 23125 012", "");
	finds("<img src='/2025550143.jpg' width=2025550143>", "");
}

/* Numbers in front of what tells their country. */
static void
test_late_numbers(void)
{
	/* a post code, a number with its code, the place at the foot of the page */
	finds("<a href=tel:02079460123>call</a><p>London W1A 1AA", "0 link +442079460123");
	finds("<a href=tel:02079460123>020 7946 0123</a><p>+44 20 7946 0124",
		  "0 link +442079460123\n44 text +442079460124");
	finds("<a href='tel:%28020%29%207946%200123'>call</a><p>Road 1, London",
		  "0 link +442079460123");
	finds("<a href=tel:7735353282>call</a><p>Road 1, Mumbai 400026", "0 link +917735353282");
	finds("<p>Road 1, Mumbai 400026</p><a href=tel:7735353282>call</a>", "28 link +917735353282");
	/* one finding with the same number in the text, of the place that comes first */
	finds("<a href=tel:02079460123>Call 020 7946 0123</a><p>Road 1, London",
		  "0 link +442079460123");
	finds("<p>020 7946 0123, <a href=tel:02079460123>call</a><p>W1A 1AA", "3 link +442079460123");
	finds("<p>+44 20 7946 0123 <a href=tel:2079460123>call</a>", "3 link +442079460123");
	finds("<a href=tel:02079460123>call</a><p>+49 30 23125012, +44 20 7946 0123",
		  "0 link +442079460123\n35 text +493023125012");
	/* its country is told, and its number in structured data, too */
	finds("<div class=vcard><a class=tel href=tel:02079460123>020 7946 0123</a></div>"
		  "<p>Road 1, London", "17 link +442079460123");
	finds("<div class=vcard><p class=tel><b class=type>fax</b> <b class=value>2025550143</b></p></div>"
		  "<a href=tel:2025550143>call</a>", "17 hcard +12025550143\n91 link +12025550143");
	/* what nothing tells anything of is kept */
	finds("<a href=tel:02079460123>call</a><p>Road 1", "0 link 02079460123");
	finds("<a href=tel:02079460123>call</a><p>1 rue X, Paris<p>Road 1, London",
		  "0 link 02079460123");
	finds("<a href=tel:7735353282>call</a><p>Chicago, IL 60601", "0 link +17735353282");
	finds("<a href='tel:+1-773-535-3282'>call</a><p>Road 1, Mumbai 400026",
		  "0 link +17735353282");
}

static void
test_links(void)
{
	finds("<a href='mailto:a@example.org'>write</a>", "0 link a@example.org");
	finds("<a href=\"&#109;ailto&colon;a&#64;example.org?subject=b@example.org\">a@example.org</a>",
		  "0 link a@example.org");
	finds("<link rel=author href=mailto:a@example.org><area href=mailto:b@example.org>",
		  "0 link a@example.org\n43 link b@example.org");
	finds("<p href=mailto:a@example.org>", "");
	finds("<a href='https://www.tiktok.com/@firm?x=1'>", "0 link https://www.tiktok.com/@firm");
	finds("a@example.org <a href=mailto:A@EXAMPLE.ORG>", "0 link a@example.org");
	finds("a@example.org b@example.net a@example.org", "0 text a@example.org\n14 text b@example.net");
	finds("<a href='mailto:a@example.org,b@example.org'>", "0 link a@example.org\n0 link b@example.org");
}

/* "value | name | job title | phone" of each address, what else is found alone. */
static void
ties(const char *html, const char *expected)
{
	WfFindings	findings;
	char		got[4096];
	size_t		n = 0;
	int			i;

	if (extract(slice(html), &findings) != WF_OK)
	{
		ok(false, "%s", html);
		return;
	}
	for (i = 0; i < findings.count; i++)
	{
		const WfFinding *f = &findings.items[i];

		n += sprintf(got + n, "%s%.*s", n > 0 ? "\n" : "", (int) f->value.len, f->value.data);
		if (f->kind == WF_KIND_EMAIL)
			n += sprintf(got + n, " | %.*s | %.*s | %.*s", (int) f->name.len, f->name.data,
						 (int) f->job_title.len, f->job_title.data,
						 (int) f->phone.len, f->phone.data);
	}
	is((WfSlice) {got, n}, expected, html);
}

static void
test_cards(void)
{
	/* hCard, with a part that alone counts, and h-card */
	ties("<div class='vcard'><b class=fn>Anna Example</b><i class=title>Buyer</i>"
		 "<p class=tel><span class=type>Work</span> <span class=value>+1 202 555 0143</span></p>"
		 "<a class=email href='mailto:x@example.org?subject=hi'>write</a></div>",
		 "+12025550143\nx@example.org | Anna Example | Buyer | +12025550143");
	ties("<li class='u-x h-card'><div><p class=p-name>Anna Example</p></div><p class='p-job-title'>"
		 "Buyer<p class=p-tel>+1 202 555 0143</p><p class=u-email>x@example.org</p></li>",
		 "+12025550143\nx@example.org | Anna Example | Buyer | +12025550143");
	ties("<div class=vcard><b class=given-name>Anna</b> <b class=family-name>Example</b>"
		 "<p class=email>x@example.org</p></div>", "x@example.org | Anna Example |  | ");
	/* two cards do not mix; what is outside belongs to none */
	ties("<div class=vcard><div class=fn>Anna Example</div><div class=tel>+1 202 555 0143</div></div>"
		 "<div class=vcard><div class=email>y@example.org</div></div>",
		 "+12025550143\ny@example.org |  |  | ");
	/* an organisation is no person; its fax no number to call */
	ties("<div class=vcard><b class='fn org'>Anna Example</b><p class=email>x@example.org</p>"
		 "<p class=tel><i class=type>Fax</i> <i class=value>+1 202 555 0143</i></p></div>",
		 "x@example.org |  |  | \n+12025550143");
	/* microdata and RDFa */
	ties("<div itemscope itemtype='https://schema.org/Person'><p itemprop=name>Anna Example</p>"
		 "<meta itemprop=email content='x@example.org'><p itemprop=telephone>+1 202 555 0143</div>",
		 "x@example.org | Anna Example |  | +12025550143\n+12025550143");
	ties("<body vocab='http://schema.org/'><div typeof=Person><p property=name>Anna Example</p>"
		 "<p property='jobTitle'>Buyer</p><p property=email>x@example.org</p></div>"
		 "<p property=email>y@example.org</p>",
		 "x@example.org | Anna Example | Buyer | \ny@example.org |  |  | ");
	/* never closed, and closed by what is around it */
	ties("<div><p class=vcard><b class=fn>Anna Example</b><br><b class=email>x@example.org</div>"
		 "<b class=tel>+1 202 555 0143</b>",
		 "x@example.org | Anna Example |  | \n+12025550143");
	/* several numbers of a firm are nobody's in particular */
	ties("<div itemscope itemtype='http://schema.org/Store'><p itemprop=telephone>+1 202 555 0143</p>"
		 "<p itemprop=telephone>+1 202 555 0144</p><p itemprop=email>x@example.org</p>"
		 "<p itemprop=email>y@example.org</p></div>",
		 "+12025550143\n+12025550144\nx@example.org |  |  | \ny@example.org |  |  | ");
	/* the same in JSON-LD */
	ties("<script type=application/ld+json>{\"@type\":\"Person\",\"name\":\"Anna Example\","
		 "\"jobTitle\":\"Buyer &amp; &amp; seller\",\"email\":\"x@example.org\","
		 "\"telephone\":\"+1 202 555 0143\"}</script>",
		 "+12025550143\nx@example.org | Anna Example | Buyer & & seller | +12025550143");
}

/* The values of hCard's properties, in parts, attributes and links. */
static void
test_card_values(void)
{
	ties("<div class=vcard><b class=fn>Anna Example</b><p class=tel><b class=type>work</b> "
		 "<b class=value>+1</b> (<b class=value>202</b>) <b class=value>5550143</b></p>"
		 "<p class=email><b class=type>work</b>: <b class=value>x@example.org</b></p></div>",
		 "+12025550143\nx@example.org | Anna Example |  | +12025550143");
	/* two whole numbers are not one */
	ties("<div class=vcard><p class=tel><b class=value>+1 202 555 0143</b> "
		 "<b class=value>+1 202 555 0144</b></p></div>", "+12025550143\n+12025550144");
	ties("<div class=vcard><b class=fn>Anna Example</b><abbr class=tel title='+1-202-555-0143'>0143</abbr>"
		 "<p class=email><b class=value-title title='x@example.org'> </b>write</p></div>",
		 "+12025550143\nx@example.org | Anna Example |  | +12025550143");
	ties("<div class=h-card><data class=p-tel value='+1 202 555 0143'>call</data>"
		 "<a class='p-name u-email' href='mailto:x@example.org'>Anna Example</a></div>",
		 "+12025550143\nx@example.org | Anna Example |  | +12025550143");
	/* a link inside the property */
	ties("<div class=vcard><b class=fn>Anna Example</b><p class=tel><a href='tel:+1-202-555-0143'>call</a>"
		 "<p class=email><a class=value href='mailto:x@example.org'>write</a></div>",
		 "+12025550143\nx@example.org | Anna Example |  | +12025550143");
	/* "tel fax" is one of them */
	ties("<div class=vcard><p class=fn>Anna Example</p><p class=email>x@example.org</p>"
		 "<p class='tel fax'>Fax: +1 202 555 0143</p><p class=tel>+1 202 555 0144</p></div>",
		 "x@example.org | Anna Example |  | +12025550144\n+12025550143\n+12025550144");
	/* a number inside an adr is the card's; so is one inside a PostalAddress */
	ties("<div class=vcard><b class=fn>Anna Example</b><p class=adr><b class=locality>Ort</b> "
		 "<b class=tel>+1 202 555 0143</b></p><b class=email>x@example.org</b></div>",
		 "+12025550143\nx@example.org | Anna Example |  | +12025550143");
	ties("<div itemscope itemtype='http://schema.org/Store'><div itemprop=address itemscope "
		 "itemtype='http://schema.org/PostalAddress'><b itemprop=telephone>+1 202 555 0143</b></div>"
		 "<b itemprop=email>x@example.org</b></div>",
		 "+12025550143\nx@example.org |  |  | +12025550143");
}

/* What a card says by reference to another element, before or behind it. */
static void
test_references(void)
{
	ties("<p id=tel itemprop=telephone>+1 202 555 0143</p>"
		 "<div itemscope itemtype='http://schema.org/Person' itemref='who tel none'>"
		 "<b itemprop=email>x@example.org</b></div><div title=who></div>"
		 "<div id='who'><p>By <b itemprop=name>Anna <i>Example</i></b>, <b itemprop=jobTitle>Buyer</b>"
		 "</div><b itemprop=jobTitle>no</b>",
		 "+12025550143\nx@example.org | Anna Example | Buyer | +12025550143");
	/* another item in there is somebody else */
	ties("<div itemscope itemtype='http://schema.org/Person' itemref=a><b itemprop=email>x@example.org</b>"
		 "</div><div id=a><div itemprop=knows itemscope><div><b itemprop=name>Peter Beispiel</b></div></div>"
		 "<meta itemprop=name content='Anna Example'></div>",
		 "x@example.org | Anna Example |  | ");
	ties("<div class=vcard><b class=email>x@example.org</b><a class=include href='#n'>more</a></div>"
		 "<p id=n class=fn>Anna Example",
		 "x@example.org | Anna Example |  | ");
	ties("<div class=vcard><b class=email>x@example.org</b><object data='#n' class=include></object>"
		 "</div><p id=n><b class=fn>Anna Example</b>",
		 "x@example.org | Anna Example |  | ");
	finds("<p>1234567<div class=vcard itemref=a><b class=fn>Firma</b></div><p>text</p>"
		  "<div id=a><p class=adr><b class=street-address>Weg 1</b>, <b class=locality>Ort</b></p></div>",
		  "10 hcard Weg 1, Ort");
}

/* One number and one address in a row of a table or an item of a list. */
static void
test_rows(void)
{
	ties("<table><tr><td>(202) 555-0143<td>x@example.org<tr><td>(202) 555-0144</td>"
		 "<td><a href=mailto:y@example.org>write</a></tr></table>",
		 "+12025550143\nx@example.org |  |  | +12025550143\n"
		 "+12025550144\ny@example.org |  |  | +12025550144");
	ties("<ul><li>x@example.org<br>Tel (202) 555-0143<br>Fax (202) 555-0144</li></ul>",
		 "x@example.org |  |  | +12025550143\n+12025550143\n+12025550144");
	/* two of either, side by side, outside */
	ties("<li>(202) 555-0143, (202) 555-0144, x@example.org</li>",
		 "+12025550143\n+12025550144\nx@example.org |  |  | ");
	ties("<li>Dr. Anna Example, (202) 555-0143: x@example.org, y@example.org</li>",
		 "+12025550143\nx@example.org | Anna Example |  | \ny@example.org |  |  | ");
	ties("<ul><li>(202) 555-0143<li>x@example.org</ul>", "+12025550143\nx@example.org |  |  | ");
	ties("<li>(202) 555-0143</li><p>x@example.org", "+12025550143\nx@example.org |  |  | ");
}

/* Findings of a kind. */
static int
count_of_kind(const char *html, WfFindingKind kind)
{
	WfFindings	findings;
	int			count = 0;
	int			i;

	if (extract(slice(html), &findings) != WF_OK)
		return -1;
	for (i = 0; i < findings.count; i++)
		count += findings.items[i].kind == kind;
	return count;
}

/* Tables in which a row is a field and a column a person. */
static void
test_columns(void)
{
	ties("<table><tr><th>Treasurer<th>Secretary<tr><td>Anna Example<td>Dr. Peter Beispiel"
		 "<tr><td>x@example.org<td><a href=mailto:y@example.org>write</a>"
		 "<tr><td>(202) 555-0143<td>(202) 555-0144</tr></table>",
		 "x@example.org | Anna Example | Treasurer | +12025550143\n"
		 "y@example.org | Peter Beispiel | Secretary | +12025550144\n"
		 "+12025550143\n+12025550144");
	/* with a column of labels, and one without an address */
	ties("<table><tr><td>Name<td>Anna Example<td>To be named<td>Peter Beispiel<tr><td>Mail"
		 "<td>x@example.org<td>-<td>y@example.org</tr></table>",
		 "x@example.org | Anna Example |  | \ny@example.org | Peter Beispiel |  | ");
	ties("<table><tr><td>Rosa Spumante<td>Riesling Kabinett<tr><td>x@example.org<td>y@example.org"
		 "</tr></table>", "x@example.org |  |  | \ny@example.org |  |  | ");
	/* not alike, not names, of another table */
	ties("<table><tr><td>Anna Example<tr><td>x@example.org<td>y@example.org</tr></table>",
		 "x@example.org |  |  | \ny@example.org |  |  | ");
	ties("<table><tr><td>North Office<td>South Office<tr><td>x@example.org<td>y@example.org</tr>"
		 "</table>", "x@example.org |  |  | \ny@example.org |  |  | ");
	ties("<table><tr><td>Anna Example<td>Peter Beispiel</tr></table><table><tr><td>x@example.org"
		 "<td>y@example.org</tr></table>", "x@example.org |  |  | \ny@example.org |  |  | ");
	/* a cell is a person */
	ties("<table><tr><td>Anna Example<td>Peter Beispiel<tr><td>x@example.org (202) 555-0143"
		 "<td>y@example.org (202) 555-0144</tr></table>",
		 "x@example.org |  |  | \n+12025550143\ny@example.org |  |  | \n+12025550144");
}

/* A line is a label, and the next one says what it is. */
static void
test_labelled_lines(void)
{
	ties("<dl><dt>Name<dd>Anna Example<dt>Position<dd>Keeper of the Bees<dt>Phone"
		 "<dd>(202) 555-0143<dt>E-mail<dd>bees@example.org</dl>",
		 "+12025550143\nbees@example.org | Anna Example | Keeper of the Bees | ");
	ties("<p>Name: Anna Example<p>Mail: bees@example.org",
		 "bees@example.org | Anna Example |  | ");
	ties("<dl><dt>Name:<dd>Anna Example<dt>Age<dd>3 years</dl><p>dogs@example.org",
		 "dogs@example.org |  |  | ");
	ties("<label>Name</label><p>Garden Tools</p><p>bees@example.org", "bees@example.org |  |  | ");
}

/* Who praises a firm is not its owner. */
static void
test_quotes(void)
{
	ties("<blockquote>They know me by now.</blockquote><p>Anna Example, Teacher</p>"
		 "<p>info@example.org", "info@example.org |  |  | ");
	ties("<div class=testimonials><p>They know me.<p>Anna Example, Teacher</div>"
		 "<p>info@example.org", "info@example.org |  |  | ");
	ties("<a href=/quote class=get-quote>Get a quote</a><p class=preview>Anna Example, Teacher"
		 "<p>info@example.org", "info@example.org | Anna Example | Teacher | ");
	ties("<p>They know me.<p>Anna Example, Teacher<p>info@example.org",
		 "info@example.org | Anna Example | Teacher | ");
}

/* Pictures in front of numbers, which only the markup names. */
static void
test_pictures(void)
{
	ties("<p><i class='fas fa-phone'></i> 2025550143", "+12025550143");
	ties("<p><span class=icon-phone></span><span>2025550143</span>", "+12025550143");
	ties("<div><svg class='icon icon--tel'></svg></div><div>&nbsp;2025550143", "+12025550143");
	ties("<p><img src='/img/mobile.png'> 2025550143", "");
	ties("<html lang=fr><p><i class=fa-phone></i> 4 99 00 12 34", "+33499001234");
	ties("<html lang=fr><p>4 99 00 12 34", "");
	ties("<p><i class='bi bi-telephone'></i> 2025550143 <i class='fa fa-mobile'></i> 2025550144",
		 "+12025550143\n+12025550144");
	ties("<div class=mobile-menu> 2025550143", "");
	ties("<p><i class=fa-phone></i> order 2025550143", "");
	ties("<p>2025550143 <i class='fa fa-phone'></i>", "");
	is_int(count_of_kind("<i class='fa fa-fax'></i> 202-555-0143", WF_KIND_FAX), 1, "a fax");
}

/* What structured data say of the first finding. */
static void
told(const char *html, int expected)
{
	WfFindings	findings;

	is_int(extract(slice(html), &findings) == WF_OK && findings.count > 0 ?
		   findings.items[0].told : -1, expected, html);
}

static void
test_told(void)
{
	told("<a href='mailto:a@example.org'>Anna Example</a>", 0);
	told("<script type='application/ld+json'>{\"@type\":\"Person\",\"name\":\"Anna Example\","
		 "\"email\":\"a@example.org\",\"telephone\":\"2025550143\"}</script>"
		 "<a href='tel:2025550143'>call</a>", WF_TOLD_VALUE);
	told("<script type='application/ld+json'>{\"@type\":\"Person\",\"name\":\"Anna Example\","
		 "\"email\":\"a@example.org\"}</script><a href='mailto:a@example.org'>mail</a>",
		 WF_TOLD_VALUE | WF_TOLD_NAME);
	told("<div class=vcard><b class=fn>Anna Example</b> <a class=email href='mailto:a@example.org'>x</a>"
		 "<b class=tel>202-555-0143</b></div>", WF_TOLD_VALUE | WF_TOLD_NAME | WF_TOLD_PHONE);
	told("<p>a@example.org<div class=vcard><b class=email>a@example.org</b></div>", WF_TOLD_VALUE);
}

/* Names that are told elsewhere than beside the address. */
static void
test_owners(void)
{
	ties("<a href='mailto:Anna%20Example%20%3Cx17@example.org%3E'>write</a>"
		 "<a href='mailto:&quot;Support Team&quot; &lt;y@example.org>'>write</a>",
		 "x17@example.org | Anna Example |  | \ny@example.org |  |  | ");
	ties("<p>Example, Anna<td>aexample@example.org", "aexample@example.org | Anna Example |  | ");
	/* of people in structured data the one who agrees, if it is one */
	ties("<script type=application/ld+json>{\"@type\":\"Person\",\"givenName\":\"Anna\","
		 "\"familyName\":\"Example\",\"jobTitle\":\"Buyer\"}</script><p>anna@example.org, "
		 "office@example.org", "anna@example.org | Anna Example | Buyer | \noffice@example.org |  |  | ");
	ties("<div class=vcard><b class=fn>Anna Example</b></div><div class=vcard><b class=fn>Anna Beispiel"
		 "</b></div><p>One<p>Two<p>Three<p>Four: anna@example.org", "anna@example.org |  |  | ");
	ties("<script type=application/ld+json>[{\"@type\":\"Person\",\"name\":\"Anna Example\"},"
		 "{\"@type\":\"Person\",\"name\":\"Anna Beispiel\"}]</script><p>anna@example.org",
		 "anna@example.org |  |  | ");
	ties("<p>By Anna Example<p>One<p>Two<p>Three<p>Four<p>Five<p>Six<p>Seven<p>Eight<p>Nine<p>Ten"
		 "<p>Eleven: anna.example@example.org", "anna.example@example.org | Anna Example |  | ");
}

/* A name beside the position that the local part names. */
static void
test_roles(void)
{
	/* who has an address of their own is not tied to the office's, too */
	ties("<p>office@example.org<p>Rev. Anna Example, Pastor<br>anna@example.org",
		 "office@example.org |  |  | \nanna@example.org | Anna Example | Pastor | ");
	/* one link's text ends where the link ends */
	ties("<p><a href='mailto:sales@example.org'>Anna Example</a> <b>Jan</b> Beispiel",
		 "sales@example.org | Anna Example |  | ");
	ties("<p>City Clerk &ndash;&nbsp;Anna Example, MBA (ext. 207) "
		 "<a href='mailto:cityclerk@example.org'>cityclerk@example.org</a>",
		 "cityclerk@example.org | Anna Example | City Clerk | ");
	ties("<p>Anna Example, Gesch\xC3\xA4" "ftsf\xC3\xBChrung: geschaeftsfuehrung@example.org",
		 "geschaeftsfuehrung@example.org | Anna Example | Gesch\xC3\xA4" "ftsf\xC3\xBChrung | ");
	ties("<p>City Clerk - Anna Example: roads@example.org",
		 "roads@example.org | Anna Example | City Clerk | ");
	/* another's line, no name */
	ties("<p>City Clerk - Anna Example: a@example.net, cityclerk@example.org",
		 "a@example.net |  |  | \ncityclerk@example.org |  |  | ");
	ties("<p>City Clerk - Main Office: cityclerk@example.org", "cityclerk@example.org |  |  | ");
}

static void
test_postal(void)
{
	finds("<p>1234567<div class=vcard><p class='adr'><b class=street-address>1 Main Rd.</b>, "
		  "<b class=extended-address>Suite 2</b>, <b class=locality>Springfield</b>, "
		  "<b class=region>XY</b> <b class=postal-code>12345</b> <b class=country-name>USA</b></div>",
		  "27 hcard 1 Main Rd., Suite 2, 12345 Springfield, XY, USA");
	finds("<p>1234567<div itemscope itemtype='http://schema.org/PostalAddress'>"
		  "<p itemprop=streetAddress>Weg 1</p><p itemprop=addressLocality>Musterstadt</div>",
		  "10 microdata Weg 1, Musterstadt");
	finds("<p>1234567<script type=application/ld+json>{\"address\":{\"streetAddress\":\"Weg 1,\","
		  "\"postalCode\":\"12345\",\"addressLocality\":\"Musterstadt\","
		  "\"addressCountry\":{\"name\":\"DE\"}}}</script>",
		  "54 jsonld Weg 1, 12345 Musterstadt, DE");
	/* no card around it */
	finds("<p>1234567<p class=adr><b class=street-address>Weg 1</b> <b class=postal-code>12345</b> "
		  "<b class=locality>Musterstadt</b></p>", "10 hcard Weg 1, 12345 Musterstadt");
	finds("<p>1234567<div typeof='schema:PostalAddress' prefix='schema: http://schema.org/'>"
		  "<b property='schema:streetAddress'>Weg 1</b><b property='schema:addressLocality'>Ort</b></div>",
		  "10 microdata Weg 1, Ort");
	/* all of it as text */
	finds("<p>1234567<p class=h-adr>Weg 1<br>12345 Musterstadt</p>", "10 hcard Weg 1 12345 Musterstadt");
	finds("<p>1234567<div itemscope itemtype='http://schema.org/Store'><p itemprop=address>Weg 1, 12345 "
		  "Musterstadt</div>", "10 microdata Weg 1, 12345 Musterstadt");
	finds("<p>1234567<script type=application/ld+json>{\"address\":\"Weg 1, 12345 Musterstadt\"}</script>",
		  "43 jsonld Weg 1, 12345 Musterstadt");
	finds("<p>1234567<p class=adr>Musterstadt 1</p><p class=adr>Our offices are here</p>", "");
	/* a city alone is no address */
	finds("<p>1234567<div class=vcard><b class=locality>Springfield</b><b class=region>XY</b></div>",
		  "");
}

static void
test_fields(void)
{
	WfFindings	findings;
	const WfFinding *f;

	extract(slice("<title> A &amp;\n <b> </title><h1>Our team</h1><p>Anna Example, sales:\n"
				  "<a href='mailto:Anna@Example.org'>write&nbsp;me</a> or call (202) 555-0143."), &findings);
	is(findings.title, "A & <b>", "title");
	is_int(findings.count, 2, "two findings");
	f = &findings.items[0];
	ok(f->kind == WF_KIND_EMAIL && f->source == WF_SOURCE_LINK, "an address in a link");
	is(f->raw, "Anna@Example.org", "raw of a link");
	is(f->context, "A & <b> Our team Anna Example, sales: write me or call (202) 555-0143.",
	   "context of a link");
	is(f->name, "Anna Example", "name beside it");
	ok(f->job_title.len == 0 && f->phone.len == 0, "no more is known");
	f = &findings.items[1];
	ok(f->kind == WF_KIND_PHONE && f->source == WF_SOURCE_TEXT, "a number in text");
	is(f->raw, "(202) 555-0143", "raw of text");
	is(f->context, "Anna Example, sales: write me or call (202) 555-0143.", "context of text");

	extract(slice("<meta charset=iso-8859-1>M\xFCller a@example.org"), &findings);
	is_int(findings.count, 1, "latin-1");
	is(findings.items[0].context, "M\xC3\xBCller a@example.org", "is decoded");
	is_int(findings.items[0].position, 33, "and positions count the UTF-8 form");
	extract(slice("<a href='tel:%FF+1 (202) 555%000143'>"), &findings);
	is_int(findings.count, 1, "a strange link");
	is(findings.items[0].value, "+12025550143", "has a number");
	extract(slice("<p>office (at) example-site.org</p>"), &findings);
	is(findings.count > 0 ? findings.items[0].value : slice(""), "office@example-site.org",
	   "an address on a page without any other sign of one");
	extract(slice("<title>no candidates</title>"), &findings);
	is(findings.title, "no candidates", "title of a page without candidates");
}

/* Text far longer than the window, with and without places to cut it. */
static void
test_windows(void)
{
	static const char *const pieces[] = {
		"<p>word <b>word</b></p>", "word &amp; ", "<b>x</b>", "<i></i>", "x", " ", "\xC3\xA4<u>\xC2\xA0</u>"
	};
	size_t		i;

	for (i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++)
	{
		WfSlice		filler = repeat(pieces[i], 300000 / strlen(pieces[i]));
		char	   *html = malloc(3 * filler.len + 1000);
		WfFindings	findings;
		bool		good = true;
		int			f;

		sprintf(html, "%s a@example.org %s (202) 555-0143 %s <a href=mailto:b@example.org>b</a> "
				"c@example.org", filler.data, filler.data, filler.data);
		ok(extract(slice(html), &findings) == WF_OK && findings.count == 4,
		   "a megabyte of \"%s\" hides nothing", pieces[i]);
		for (f = 0; f < findings.count; f++)
		{
			const char *at = html + findings.items[f].position;
			WfSlice		raw = findings.items[f].raw;

			good = good && (*at == '<' || memcmp(at, raw.data, raw.len) == 0) &&
				memmem(findings.items[f].context.data, findings.items[f].context.len,
					   *at == '<' ? "b c" : raw.data, *at == '<' ? 3 : raw.len) != NULL;
		}
		if (!good)
			for (f = 0; f < findings.count; f++)
				printf("# %.20s: %.*s\n", html + findings.items[f].position,
					   (int) findings.items[f].context.len, findings.items[f].context.data);
		ok(good, "and places and contexts are right");
		free(html);
		free((void *) filler.data);
	}
}

static void
test_limits(void)
{
	WfPageInput in = {WF_SLICE_EMPTY};
	WfFindings	findings;
	char	   *html = malloc(4 * 1024 * 1024);
	size_t		len = 0;
	sig_atomic_t stop = 1;
	WfArena    *small;
	size_t		limit;
	int			i;
	bool		good = true;

	for (i = 0; i < WF_MAX_FINDINGS + 500; i++)
		len += sprintf(html + len, "<a href='mailto:a%d@example.org'>x</a> b%d@example.org ", i, i);
	ok(extract((WfSlice) {html, len}, &findings) == WF_OK && findings.truncated &&
	   findings.count == WF_MAX_FINDINGS, "not more than so many findings");
	for (i = 1; i < findings.count; i++)
		good = good && findings.items[i - 1].position <= findings.items[i].position;
	ok(good, "in page order");

	in.body = (WfSlice) {html, len};
	in.stop = &stop;
	ok(wf_page_extract(extractor, arena, &in, &findings) == WF_ERR_STOPPED, "it can be stopped");

	/* memory may run out anywhere */
	in.stop = NULL;
	in.body.len = len / 10;
	for (limit = 0, good = true; limit < 1024 * 1024; limit += 4096)
	{
		WfStatus	status;

		small = wf_arena_create(limit);
		status = wf_page_extract(extractor, small, &in, &findings);
		good = good && (status == WF_OK || status == WF_ERR_NOMEM);
		wf_arena_free(small);
	}
	ok(good, "every limit of memory is kept");

	/* three times the body, and what every page costs */
	len = 3 * 1024 * 1024;
	memset(html, 0x80, len);
	small = wf_arena_create(3 * len + 512 * 1024);
	in.body.len = len;
	ok(wf_page_extract(extractor, small, &in, &findings) == WF_OK, "three bytes for one are enough");
	wf_arena_free(small);
	free(html);
}

/* Hostile pages, longer than a window; what work they make is counted in work.c. */
static void
test_hostile(void)
{
	static const char *const patterns[] = {
		"<a href='mailto:", "<a href='mailto:a@example.org,", "<a href=tel:1>", "<pre>", "<b>1</b>",
		"a@example.org ", "<a>a@example.org</a>", "&#64;", "&#49;", "<b>a@example.org</b>x",
		"<title>", "<td>1", "\xC2\xA0", "\xE2\x80\x8B", "x\xFF", "&", "<x>", "202-555-0143 ",
		"<a href='&#109;ailto:%40%40'>", "<meta charset=x>", "\xE2", "<img alt=@>",
		"<", "<!--", "<!-- -", "<a ", "<a b=\"", "<a b='>' ", "<script>", "<script><!--<script>",
		"<script><!--<script></script>", "<style>", "<textarea></", "</", "<?", "&#", "&#1", "&a",
		"&notin", "<a b=\">\"", "<xmp><", "<p", "<p/", "<p =", ">", "-->", "--!", "=\"",
		"<style></styl", "<script></script",
		"<p class=vcard>", "<p class=vcard><b class=email>x", "<b itemscope itemtype=//schema.org><b itemprop=name>",
		"<b class='vcard adr email tel fn'></b>", "<b id=i class=vcard itemref='i j'><b class='include' data=#i>",
		"<p class=adr><b class='tel value'>", "<b class=vcard itemref=i></b><b id=i itemprop=x>", "<a b=\">\" c='<p>", "<!-->", "<!", "</a b='"
	};
	size_t		i;

	for (i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
	{
		WfSlice		body = repeat(patterns[i], 300000 / strlen(patterns[i]));
		WfFindings	findings;

		ok(extract(body, &findings) == WF_OK, "a page of %s", patterns[i]);
		free((void *) body.data);
	}
}

int
main(void)
{
	extractor = wf_extractor_create();
	arena = wf_arena_create(ARENA_LIMIT);
	test_visible_text();
	test_numbers();
	test_late_numbers();
	test_links();
	test_cards();
	test_card_values();
	test_references();
	test_rows();
	test_columns();
	test_labelled_lines();
	test_quotes();
	test_pictures();
	test_told();
	test_roles();
	test_owners();
	test_postal();
	test_fields();
	test_windows();
	test_limits();
	test_hostile();
	wf_arena_free(arena);
	wf_extractor_free(extractor);
	return done();
}
