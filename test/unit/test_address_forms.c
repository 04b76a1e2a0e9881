/*-------------------------------------------------------------------------
 *
 * test_address_forms.c
 *	  The ways in which web sites write addresses, each as a small page of
 *	  our own: what is found, and what looks like one and is none.
 *
 *-------------------------------------------------------------------------
 */
#include "test/unit/unit.h"

#include "core/wf_page.h"
#include "core/wf_text.h"

#define ARENA_LIMIT ((size_t) 64 * 1024 * 1024)

/* A page, and the addresses on it in page order, separated by spaces. */
typedef struct Form
{
	const char *html;
	const char *addresses;
} Form;

static WfExtractor *extractor;
static WfArena *arena;

static void
check_form(const Form *form)
{
	WfPageInput in = {slice(form->html)};
	WfFindings	findings;
	char		got[2048] = "";
	size_t		n = 0;

	in.default_region = "US";
	wf_arena_reset(arena);
	if (wf_page_extract(extractor, arena, &in, &findings) != WF_OK)
	{
		ok(false, "%s", form->html);
		return;
	}
	for (int i = 0; i < findings.count; i++)
	{
		const WfFinding *f = &findings.items[i];

		if (f->kind == WF_KIND_EMAIL)
			n += sprintf(got + n, "%s%.*s", n > 0 ? " " : "", (int) f->value.len, f->value.data);
	}
	is((WfSlice) {got, n}, form->addresses, form->html);
}

static void
check_forms(const Form *forms, size_t count)
{
	for (size_t i = 0; i < count; i++)
		check_form(&forms[i]);
}

#define CHECK(forms) check_forms(forms, sizeof(forms) / sizeof((forms)[0]))

static const Form words_for_at[] = {
	{"info (at) hofladen-birke.de", "info@hofladen-birke.de"},
	{"info[at]hofladen-birke.de", "info@hofladen-birke.de"},
	{"info [at] hofladen-birke [dot] de", "info@hofladen-birke.de"},
	{"info{at}hofladen-birke{dot}de", "info@hofladen-birke.de"},
	{"info &lt;at&gt; hofladen-birke &lt;dot&gt; de", "info@hofladen-birke.de"},
	{"info(a)hofladen-birke.de", "info@hofladen-birke.de"},
	{"info[a]hofladen-birke.de", "info@hofladen-birke.de"},
	{"info(@)hofladen-birke.de", "info@hofladen-birke.de"},
	{"info (AT) hofladen-birke (PUNKT) de", "info@hofladen-birke.de"},
	{"info (\xC3\xA4t) hofladen-birke.de", "info@hofladen-birke.de"},
	{"E-Mail: info AT hofladen-birke DOT de", "info@hofladen-birke.de"},
	{"E-Mail: info at hofladen-birke punkt de", "info@hofladen-birke.de"},
	{"<p>contacto (arroba) panaderia-roble.es</p>", "contacto@panaderia-roble.es"},
	{"<p>contacto[arroba]panaderia-roble[punto]es</p>", "contacto@panaderia-roble.es"},
	{"<p>info (chiocciola) forno-quercia.it</p>", "info@forno-quercia.it"},
	{"<p>info [arobase] boulange-chene.fr</p>", "info@boulange-chene.fr"},
	{"<p>info (arobase) boulange-chene (point) fr</p>", "info@boulange-chene.fr"},
	{"<p>biuro [malpa] piekarnia-dab.pl</p>", "biuro@piekarnia-dab.pl"},
	{"<p>biuro (ma\xC5\x82pa) piekarnia-dab (kropka) pl</p>", "biuro@piekarnia-dab.pl"},
	{"<p>info (zavin\xC3\xA1\xC4\x8D) pekarna-dub.cz</p>", "info@pekarna-dub.cz"},
	{"<p>info (kukac) pekseg-tolgy.hu</p>", "info@pekseg-tolgy.hu"},
	{"<p>post (snabel-a) bageri-eg.dk</p>", "post@bageri-eg.dk"},
	{"<p>post [krullalfa] bakeri-eik.no</p>", "post@bakeri-eik.no"},
	{"<p>info (apestaart) bakkerij-eik.nl</p>", "info@bakkerij-eik.nl"},
	{"<p>info (apenstaartje) bakkerij-eik (punt) nl</p>", "info@bakkerij-eik.nl"},
	{"<p>info (\xD1\x81\xD0\xBE\xD0\xB1\xD0\xB0\xD0\xBA\xD0\xB0) pekarnya-dub.ru</p>",
	"info@pekarnya-dub.ru"},
	{"<p>info(\xC3\xA0)boulange-chene.fr</p>", "info@boulange-chene.fr"},
	{"<p>info -at- hofladen-birke.de</p>", "info@hofladen-birke.de"},
	{"<p>info_at_hofladen-birke.de</p>", "info@hofladen-birke.de"},
	{"<p>https://birke.de/bilder/kim_at_hofladen-birke.de</p>", ""},
	{"<p>info=at=hofladen-birke.de</p>", "info@hofladen-birke.de"},
	{"<p>info#at#hofladen-birke#dot#de</p>", "info@hofladen-birke.de"},
	{"<p>info~AT~hofladen-birke.de</p>", "info@hofladen-birke.de"},
	{"<p>info \"at\" hofladen-birke \"dot\" de</p>", "info@hofladen-birke.de"},
	{"<p>info 'at' hofladen-birke 'punkt' de</p>", "info@hofladen-birke.de"},
	{"<p>info_at_hofladen-birke_dot_de</p>", "info@hofladen-birke.de"},
	{"<p>we write \"at\" birke.de with a capital</p>", ""},
	{"<p>info@hofladen-birke dot de</p>", "info@hofladen-birke.de"},
	{"<p>info@hofladen-birke[.]de</p>", "info@hofladen-birke.de"},
	{"<p>info@hofladen dot</p>", ""},
	{"<p>E-Mail: info@<br>hofladen-birke.de</p>", "info@hofladen-birke.de"},
	{"<p>E-Mail: info@<br>hofladen-birke.de im Web</p>", ""},
	{"<p>E-Mail: info@</p><p>www.hofladen-birke.de</p>", ""},
	{"<p>info@hofladen&#8209;birke.de</p>", "info@hofladen-birke.de"},
	{"<p>info*at*hofladen-birke.de</p>", "info@hofladen-birke.de"},
	{"<p>info |at| hofladen-birke.de</p>", "info@hofladen-birke.de"},
	{"<p>info [\xC3\xA4] hofladen-birke.de</p>", "info@hofladen-birke.de"},
	{"<p>kim.lund [at] bageri-eg [dot] co [dot] uk</p>", "kim.lund@bageri-eg.co.uk"},
	{"<p>kim [dot] lund [at] bageri-eg [dot] dk</p>", "kim.lund@bageri-eg.dk"},
	{"<p>info[at]<b>hofladen-birke</b>.de</p>", "info@hofladen-birke.de"},
	{"<p>info<span>[at]</span>hofladen-birke<span>[dot]</span>de</p>", "info@hofladen-birke.de"},
	{"<p>E-Mail: info (a) hofladen-birke.de</p>", "info@hofladen-birke.de"},
	{"<p>unter rosa.birke (a) hofladen-birke.de zu haben</p>", "rosa.birke@hofladen-birke.de"},
	{"<p>contact (a) boulange-chene.fr</p>", "contact@boulange-chene.fr"},
	{"<p>info ( @ ) hofladen-birke.de</p>", "info@hofladen-birke.de"},
	{"<p>info\xEF\xBC\x88" "at\xEF\xBC\x89hofladen-birke.de</p>", "info@hofladen-birke.de"},
	{"<p>info\xEF\xBC\xBB" "at\xEF\xBC\xBDhofladen-birke.de</p>", "info@hofladen-birke.de"},
	{"<p>info(\xE3\x82\xA2\xE3\x83\x83\xE3\x83\x88\xE3\x83\x9E\xE3\x83\xBC\xE3\x82\xAF)birke-pan.jp</p>",
	"info@birke-pan.jp"},
	{"<p>info(\xEA\xB3\xA8\xEB\xB1\x85\xEC\x9D\xB4)birke-pan.kr</p>", "info@birke-pan.kr"},
	{"<p>info (\xD1\x81\xD0\xBE\xD0\xB1\xD0\xB0\xD0\xBA\xD0\xB0) pekarnya-dub (\xD1\x82\xD0\xBE\xD1\x87\xD0\xBA\xD0\xB0) ru</p>",
	"info@pekarnya-dub.ru"},
	{"<p>post (snabela) bageri-eg (punktum) dk</p>", "post@bageri-eg.dk"},
	{"<p>post (kr\xC3\xB8llalfa) bakeri-eik.no</p>", "post@bakeri-eik.no"},
	{"<p>Kim.Lund AT bageri-eg.dk</p>", "kim.lund@bageri-eg.dk"},
	{"<p>E-Mail: kim AT bageri-eg.dk</p>", "kim@bageri-eg.dk"},
	{"<p>e-mail: kim at bageri-eg.dk</p>", "kim@bageri-eg.dk"},
	/* prose */
	{"<p>We live at hofladen-birke.de and work there</p>", ""},
	{"<p>Look at birke.de (at noon)</p>", ""},
	{"<p>meet us at birke dot com</p>", ""},
	{"<p>Kim at bageri-eg.dk</p>", ""},
	{"<p>OPEN AT BIRKE.DE</p>", ""},
	{"<p>section 5(a)ii.com and 5 (a) birke.com</p>", ""},
	{"<p>Choose option (a) birke.com or (b) eiche.com</p>", ""},
	{"<p>Absatz drei (a) www.hofladen-birke.de</p>", ""},
	{"<p>Buy at birke dot com</p>", ""},
	{"<p>open (at) night</p>", ""},
};

static const Form signs[] = {
	{"info\xEF\xBC\xA0hofladen-birke.de", "info@hofladen-birke.de"},
	{"info\xEF\xB9\xABhofladen-birke.de", "info@hofladen-birke.de"},
	{"info&commat;hofladen-birke&period;de", "info@hofladen-birke.de"},
	{"max&lowbar;m&commat;hofladen-birke.de", "max_m@hofladen-birke.de"},
	{"info@hof\xC2\xADladen-birke.de", "info@hofladen-birke.de"},
	{"info\xE2\x80\x8B@hofladen-birke.de", "info@hofladen-birke.de"},
	{"info\xE2\x81\xA0@\xE2\x81\xA0hofladen-birke.de", "info@hofladen-birke.de"},
	{"info@<wbr>hofladen-birke<wbr>.de", "info@hofladen-birke.de"},
	{"info<img src=at.gif alt='@'>hofladen-birke.de", "info@hofladen-birke.de"},
	{"info<img src=at.gif alt='(at)'>hofladen-birke.de", "info@hofladen-birke.de"},
	{"info<img src=at.gif alt=at>hofladen-birke.de", "info@hofladen-birke.de"},
	{"<p><img src=at.gif alt='@'>bageri.eg", ""},
	{"info<span>@</span>hofladen-birke<span>.</span>de", "info@hofladen-birke.de"},
	{"info @ hofladen-birke.de", "info@hofladen-birke.de"},
	{"E-Mail: info @hofladen-birke.de", "info@hofladen-birke.de"},
	{"E-Mail: info@ hofladen-birke.de", "info@hofladen-birke.de"},
	{"info<!-- x -->@<!-- y -->hofladen-birke.de", "info@hofladen-birke.de"},
	{"info<span style='display:none'>nospam</span>@hofladen-birke.de", "info@hofladen-birke.de"},
	{"info@<span style=\"display: none;\">null</span>hofladen-birke.de", "info@hofladen-birke.de"},
	{"0171<span style='display:none'>5551234</span>", ""},
	{"see <span style='display:none'>kim@bageri-eg.dk</span>", "kim@bageri-eg.dk"},
	{"info<b style='display:block'>x</b>@hofladen-birke.de", "infox@hofladen-birke.de"},
	{"info@hofladen-birke.de.", "info@hofladen-birke.de"},
	{"(info@hofladen-birke.de)", "info@hofladen-birke.de"},
	{"\"info@hofladen-birke.de\",", "info@hofladen-birke.de"},
	{"&lt;info@hofladen-birke.de&gt;;", "info@hofladen-birke.de"},
	{"info@hofladen-birke.de/kim@hofladen-birke.de",
	"info@hofladen-birke.de kim@hofladen-birke.de"},
	{"info@hofladen-birke.de,kim@hofladen-birke.de",
	"info@hofladen-birke.de kim@hofladen-birke.de"},
	{"Mail:info@hofladen-birke.de", "info@hofladen-birke.de"},
	{"email=info@hofladen-birke.de", "info@hofladen-birke.de"},
	{"info@hofladen-birke.deTel", "info@hofladen-birke.de"},
	{"info@hofladen-birke.comPhone: 1", "info@hofladen-birke.com"},
	{"info@hofladen-birke.comwww.hofladen-birke.com", "info@hofladen-birke.com"},
	{"INFO@HOFLADEN-BIRKE.DE", "info@hofladen-birke.de"},
	{"j\xC3\xBCrgen@hofladen-birke.de", "j\xC3\xBCrgen@hofladen-birke.de"},
	{"info@b\xC3\xA4" "ckerei-birke.de", "info@b\xC3\xA4" "ckerei-birke.de"},
	{"o'brien@ridge-roofing.ie", "o'brien@ridge-roofing.ie"},
	{"a+b@ridge-roofing.ie", "a+b@ridge-roofing.ie"},
};

static const Form links[] = {
	{"<a href='mailto:info@hofladen-birke.de'>x</a>", "info@hofladen-birke.de"},
	{"<a href='MAILTO:Info@Hofladen-Birke.de'>x</a>", "info@hofladen-birke.de"},
	{"<a href='mailto:mailto:info@hofladen-birke.de'>x</a>", "info@hofladen-birke.de"},
	{"<a href='mailto: info@hofladen-birke.de'>x</a>", "info@hofladen-birke.de"},
	{"<a href='mailto:%20info@hofladen-birke.de'>x</a>", "info@hofladen-birke.de"},
	{"<a href='mailto:info%40hofladen-birke.de'>x</a>", "info@hofladen-birke.de"},
	{"<a href='mailto://info@hofladen-birke.de'>x</a>", "info@hofladen-birke.de"},
	{"<a href='mailto:Kim%20Lund%20%3Ckim@bageri-eg.dk%3E'>x</a>", "kim@bageri-eg.dk"},
	{"<a href='mailto:Kim Lund &lt;kim@bageri-eg.dk&gt;'>x</a>", "kim@bageri-eg.dk"},
	{"<a href='mailto:kim@bageri-eg.dk;info@bageri-eg.dk'>x</a>",
	"kim@bageri-eg.dk info@bageri-eg.dk"},
	{"<a href='mailto:kim@bageri-eg.dk?cc=info@bageri-eg.dk&amp;bcc=post@bageri-eg.dk'>x</a>",
	"kim@bageri-eg.dk info@bageri-eg.dk post@bageri-eg.dk"},
	{"<a href='mailto:?to=kim@bageri-eg.dk'>x</a>", "kim@bageri-eg.dk"},
	{"<a href='mailto:?subject=Hi&body=see%20kim@bageri-eg.dk'>x</a>", ""},
	{"<a href='mailto:kim(at)bageri-eg.dk'>x</a>", "kim@bageri-eg.dk"},
	{"<a href='mailto:kim[at]bageri-eg[dot]dk'>x</a>", "kim@bageri-eg.dk"},
	{"<a href='&#109;&#97;&#105;&#108;&#116;&#111;&#58;kim&#64;bageri-eg&#46;dk'>x</a>",
	"kim@bageri-eg.dk"},
	{"<a href='&#x6d;&#x61;ilto:kim@bageri-eg.dk'>x</a>", "kim@bageri-eg.dk"},
	{"<a href='mailto&#58;kim@bageri-eg.dk'>x</a>", "kim@bageri-eg.dk"},
	{"<a href='http://mailto:kim@bageri-eg.dk'>x</a>", "kim@bageri-eg.dk"},
	{"<a href='https://mailto:kim@bageri-eg.dk/'>x</a>", "kim@bageri-eg.dk"},
	{"<a href='/mailto:kim@bageri-eg.dk'>x</a>", "kim@bageri-eg.dk"},
	{"<a href='malto:kim@bageri-eg.dk'>x</a>", "kim@bageri-eg.dk"},
	{"<a href='mailto;kim@bageri-eg.dk'>x</a>", "kim@bageri-eg.dk"},
	{"<a href='email:kim@bageri-eg.dk'>x</a>", "kim@bageri-eg.dk"},
	{"<a href='kim@bageri-eg.dk'>x</a>", "kim@bageri-eg.dk"},
	{"<a href='http://kim@bageri-eg.dk'>x</a>", "kim@bageri-eg.dk"},
	{"<a href='mailto:kim at bageri-eg.dk'>x</a>", "kim@bageri-eg.dk"},
	{"<a href='mailto:&#8203;kim@bageri-eg.dk&#8203;'>x</a>", "kim@bageri-eg.dk"},
	{"<a href='mailto:kim&shy;@bageri-eg.dk'>x</a>", "kim@bageri-eg.dk"},
	{"<a href='mailito:kim@bageri-eg.dk'>x</a>", "kim@bageri-eg.dk"},
	{"<a href='maito:kim@bageri-eg.dk'>x</a>", "kim@bageri-eg.dk"},
	{"<a href='tel:kim@bageri-eg.dk'>x</a>", "kim@bageri-eg.dk"},
	{"<a href='https://bageri-eg.dk/mailto:kim@bageri-eg.dk'>x</a>", "kim@bageri-eg.dk"},
	{"<a href='https://bageri-eg.dk/?u=/mailto:kim@bageri-eg.dk'>x</a>", ""},
	{"<a href='#' onmouseover=\"this.href='mailto:kim@bageri-eg.dk'\">x</a>", "kim@bageri-eg.dk"},
	{"<area href='mailto:kim@bageri-eg.dk'>", "kim@bageri-eg.dk"},
	{"<form action='mailto:kim@bageri-eg.dk'></form>", "kim@bageri-eg.dk"},
	{"<form action='https://formsubmit.co/kim@bageri-eg.dk'></form>", "kim@bageri-eg.dk"},
	{"<form action='https://formspree.io/f/abcdefgh?@'></form>", ""},
	{"<form action='https://bageri-eg.dk/@kim/kim@bageri-eg.dk'></form>", ""},
	{"<link rel=author href='mailto:kim@bageri-eg.dk'>", "kim@bageri-eg.dk"},
	{"<button onclick=\"location.href='mailto:kim@bageri-eg.dk'\">x</button>", "kim@bageri-eg.dk"},
	{"<a href=\"javascript:window.location='mailto:kim@bageri-eg.dk'\">x</a>", "kim@bageri-eg.dk"},
	{"<a href=\"javascript:location='mailto:'+'kim'+'@'+'bageri-eg.dk'\">x</a>",
	"kim@bageri-eg.dk"},
	{"<a href='#' onclick=\"window.open('mailto:'+'kim'+'@'+'bageri-eg.dk')\">x</a>",
	"kim@bageri-eg.dk"},
	{"<a href='https://mail.google.com/mail/?view=cm&to=kim@bageri-eg.dk'>x</a>",
	"kim@bageri-eg.dk"},
	{"<a href='/x' title='kim@bageri-eg.dk'>x</a>", "kim@bageri-eg.dk"},
	{"<a href='/x' aria-label='E-Mail kim@bageri-eg.dk'>x</a>", "kim@bageri-eg.dk"},
	{"<a href='/x' data-tooltip='kim@bageri-eg.dk'>x</a>", "kim@bageri-eg.dk"},
	{"<a href='/cdn-cgi/l/email-protection#1a717377587a'>x</a>", ""},
	{"<a href='/cdn-cgi/l/email-protection#563d3f3b1634373133243f7b333178323d'>x</a>",
	"kim@bageri-eg.dk"},
	{"<span class=__cf_email__ data-cfemail='563d3f3b1634373133243f7b333178323d'>[email&#160;protected]</span>",
	"kim@bageri-eg.dk"},
};

static const Form scripts[] = {
	{"<script>document.write('kim'+'@'+'bageri-eg.dk')</script>", "kim@bageri-eg.dk"},
	{"<script>var a='kim';var b=\"bageri-eg.dk\";document.write('<a href=\"mailto:'+a+'@'+b+'\">')</script>",
	"kim@bageri-eg.dk"},
	{"<script>document.write(String.fromCharCode(107,105,109,64,98,97,103,101,114,105,45,101,103,46,100,107))</script>",
	"kim@bageri-eg.dk"},
	{"<script>document.write(atob('a2ltQGJhZ2VyaS1lZy5kaw=='))</script>", "kim@bageri-eg.dk"},
	{"<script>document.write(unescape('%6B%69%6D%40%62%61%67%65%72%69%2D%65%67%2E%64%6B'))</script>",
	"kim@bageri-eg.dk"},
	{"<script>document.write(decodeURIComponent('kim%40bageri-eg.dk'))</script>",
	"kim@bageri-eg.dk"},
	{"<script>eval(unescape('%64%6f%63%75%6d%65%6e%74%2e%77%72%69%74%65%28%27%6B%69%6D%40%62%61%67%65%72%69%2D%65%67%2E%64%6B%27%29'))</script>",
	"kim@bageri-eg.dk"},
	{"<script>document.write('\\x6b\\x69\\x6d\\x40bageri-eg.dk')</script>", "kim@bageri-eg.dk"},
	{"<script>document.write('\\u006bim\\u0040bageri-eg.dk')</script>", "kim@bageri-eg.dk"},
	{"<script>document.write('\\153\\151\\155\\100bageri-eg.dk')</script>", "kim@bageri-eg.dk"},
	{"<script>const u=`kim`,d=`x`;const e=`bageri-eg.dk`;document.write(`${u}@${e}`)</script>",
	"kim@bageri-eg.dk"},
	{"<script>var p=['kim','bageri-eg','dk'];document.write(p[0]+'@'+p[1]+'.'+p[2])</script>",
	"kim@bageri-eg.dk"},
	{"<script>$('#m').html('kim'+'@'+'bageri-eg.dk')</script>", "kim@bageri-eg.dk"},
	{"<script>document.write('kd.ge-iregab@mik'.split('').reverse().join(''))</script>",
	"kim@bageri-eg.dk"},
	{"<script>document.write(\"<n uers=\\\"znvygb:xvz@ontrev-rt.qx\\\">\".replace(/[a-zA-Z]/g,"
	"function(c){return String.fromCharCode((c<=\"Z\"?90:122)>=(c=c.charCodeAt(0)+13)?c:c-26);}));</script>",
	"kim@bageri-eg.dk"},
	{"<script>var addy5='kim'+'&#64;';addy5=addy5+'bageri-eg'+'&#46;'+'dk';"
	"document.getElementById('cloak5').innerHTML+='<a href=\"mailto:'+addy5+'\">'+addy5+'</a>';</script>",
	"kim@bageri-eg.dk"},
	{"<script>var prefix='&#109;a'+'i&#108;'+'&#116;o';var path='hr'+'ef'+'=';var addy1='k&#105;m'+'&#64;';"
	"addy1=addy1+'b&#97;g&#101;r&#105;-&#101;g'+'&#46;'+'dk';document.write('<a '+path+'\\''+prefix+':'+addy1+'\\'>');</script>",
	"kim@bageri-eg.dk"},
	{"<joomla-hidden-mail is-link='1' is-email='1' first='a2lt' last='YmFnZXJpLWVnLmRr' text='a2ltQGJhZ2VyaS1lZy5kaw==' base=''>x</joomla-hidden-mail>",
	"kim@bageri-eg.dk"},
	{"<a href=\"javascript:linkTo_UnCryptMailto('nbjmup+ljnAcbhfsj.fh/el');\">x</a>",
	"kim@bageri-eg.dk"},
	{"<a href=\"javascript:linkTo_UnCryptMailto(%27jxfiql7hfjXyxdbof:bd+ah%27);\">x</a>",
	"kim@bageri-eg.dk"},
	{"<a href='#' data-mailto-token='rfnqyt/pnrEgfljwn2jl3ip' data-mailto-vector='5'>x</a>",
	"kim@bageri-eg.dk"},
	{"<a href=\"javascript:DeCryptX('nbjmup;ljnAcbhfsj.fh/el')\">x</a>", "kim@bageri-eg.dk"},
	{"<a href='#' data-enc-email='xvz[at]ontrev-rt.qx' class=mail-link>x</a>", "kim@bageri-eg.dk"},
	{"<a href='javascript:;' data-enc-email='xvz@ontrev-rt.qx' class='mail-link'>x</a>",
	"kim@bageri-eg.dk"},
	{"<span class=spamspan><span class=u>kim</span> [at] <span class=d>bageri-eg [dot] dk</span></span>",
	"kim@bageri-eg.dk"},
	{"<span class='spamspan'><span class='u'>kim</span> [ at ] <span class='d'>bageri-eg [ dot ] dk</span></span>",
	"kim@bageri-eg.dk"},
	{"<span style='unicode-bidi:bidi-override; direction: rtl'>kd.ge-iregab@mik</span>",
	"kim@bageri-eg.dk"},
	{"<a class=mail data-user='kim' data-domain='bageri-eg.dk' href='#'>x</a>", "kim@bageri-eg.dk"},
	{"<a data-name='kim' data-domain='bageri-eg' data-tld='dk' href='#' onclick=\"x('mailto:')\">x</a>",
	"kim@bageri-eg.dk"},
	{"<span data-email='a2ltQGJhZ2VyaS1lZy5kaw=='></span>", "kim@bageri-eg.dk"},
	{"<a href='#' data-email='kim@bageri-eg.dk'>write to us</a>", "kim@bageri-eg.dk"},
	{"<a href='#' data-email='kim(at)bageri-eg.dk'>write to us</a>", "kim@bageri-eg.dk"},
	{"<i class=email data-part1=kim data-part2=bageri-eg data-part3=dk></i>", "kim@bageri-eg.dk"},
	{"<button data-clipboard-text='kim@bageri-eg.dk'>copy</button>", "kim@bageri-eg.dk"},
	{"<script>$('#m').html('<a href=\"mailto:kim@bageri-eg.dk\">x</a>')</script>",
	"kim@bageri-eg.dk"},
	{"<script>e.textContent='kim'+'@'+'bageri-eg.dk'</script>", "kim@bageri-eg.dk"},
	{"<script type='application/LD+JSON'>{\"email\":{\"@value\":\"kim@bageri-eg.dk\"}}</script>",
	"kim@bageri-eg.dk"},
	{"<a href='#' data-author-email='Kim@bageri-eg.dk'>write to Kim</a>", "kim@bageri-eg.dk"},
	{"<a href='#' data-mail='mailto:kim@bageri-eg.dk'>write to us</a>", "kim@bageri-eg.dk"},
	{"<a href='mailto:' data-href='mailto:kim@bageri-eg.dk'>write to us</a>", "kim@bageri-eg.dk"},
	{"<noscript>kim [at] bageri-eg.dk</noscript>", "kim@bageri-eg.dk"},
	{"<script type='application/ld+json'>{\"@type\":\"Organization\",\"email\":\"mailto:kim@bageri-eg.dk\"}</script>",
	"kim@bageri-eg.dk"},
	{"<script type='text/template'><a href='mailto:kim@bageri-eg.dk'>x</a></script>", ""},
	{"<script>sendMail('kim','bageri-eg.dk')</script>", ""},
	{"<a href=\"javascript:sendMail('kim','bageri-eg.dk')\">x</a>", "kim@bageri-eg.dk"},
	{"<a href='#' onclick=\"sendMail('kim','bageri-eg','dk')\">x</a>", "kim@bageri-eg.dk"},
};

static const Form none[] = {
	{"<img src='logo@2x.png' srcset='logo@3x.png 3x'> logo@2x.png photo@1280.jpg", ""},
	{"npm i react@18.2.0 @types/node@20 lodash@4.17.21", ""},
	{"https://0123456789abcdef0123456789abcdef@o12.ingest.sentry.io/34", ""},
	{"git@github.com:birke/hof.git", ""},
	{"git clone ssh://git@bageri-eg.dk/x.git", ""},
	{"scp file root@bageri-eg.dk:/tmp", ""},
	{"postgres://app:secret@db.bageri-eg.dk/app", ""},
	{"ftp://anonymous@ftp.bageri-eg.dk/", ""},
	{"<a href='ftp://kim@ftp.bageri-eg.dk/'>x</a>", ""},
	{"<a href='sip:kim@bageri-eg.dk'>x</a>", ""},
	{"<a href='xmpp:kim@bageri-eg.dk'>x</a>", ""},
	{"<input type=email placeholder='name@firma.de' value='kim@bageri-eg.dk'>", ""},
	{"<p>name@example.com you@yourdomain.com john.doe@example.org</p>", ""},
	{"<p>tu@correo.es nombre@dominio.com vas@email.cz twoj@email.pl seu@email.com.br</p>", ""},
	{"<label>E-mail</label><span>vas@email.cz</span><p>ornek@eposta.com din@epost.se</p>", ""},
	{"<p>vas@birke.cz kim@email.cz</p>", "vas@birke.cz kim@email.cz"},
	{"<p>example@gmail.com name@yahoo.com kim@gmail.com</p>", "kim@gmail.com"},
	{"<p>you@youruniversity.org kim@youruniversity.org</p>", "kim@youruniversity.org"},
	{"<!-- kim@bageri-eg.dk -->", ""},
	{"<style>@media print{a@b.de{}} @import url(x@y.css)</style>", ""},
	{"@bageri_eg on Twitter, follow @bageri.eg", ""},
	{"<a href='https://medium.com/@kim.bageri/post'>x</a>", ""},
	{"<a href='https://www.tiktok.com/@bageri.eg'>x</a>", ""},
	{"3 kg @ 4.50 each, 10 @ birke", ""},
	{"Message-ID: &lt;20240102.123456@mail.bageri-eg.dk.local&gt;", ""},
	{"noreply@bageri-eg.dk no-reply@bageri-eg.dk", ""},
	{"<option value='kim@bageri-eg.dk'>Kim</option>", ""},
	{"<script>var state={\"user\":\"kim@bageri-eg.dk\"}</script>", ""},
	{"a@b", ""},
	{"kim@bageri-eg", ""},
	{"kim@@bageri-eg.dk", ""},
	{"kim@bageri-eg.invalidtld", ""},
	{"kim@192.168.1.1 kim@[192.168.1.1]", ""},
	{"@kim@mastodon.bageri-eg.dk", ""},
	{"<a href='/x' onclick=\"_gaq.push(['_trackEvent','Contact','Email','click'])\">x</a>", ""},
	{"<a href='/x' onclick=\"ga('send','event','mail','click.today')\">x</a>", ""},
	{"<a href='/search?q=kim@bageri-eg.dk'>x</a>", ""},
	{"<a href='https://bageri-eg.dk/unsub?e=kim%40bageri-eg.dk'>x</a>", ""},
	{"<a href='https://www.google.com/maps/@52.5,13.4,15z'>x</a>", ""},
	{"550e8400-e29b-41d4-a716-446655440000@bageri-eg.dk", ""},
	{"user@site.com max@mustermann.de", ""},
	{"user@firefox.mobile.js style@main.css", ""},
};

int
main(void)
{
	extractor = wf_extractor_create();
	arena = wf_arena_create(ARENA_LIMIT);
	if (extractor == NULL || arena == NULL)
		return 1;
	CHECK(words_for_at);
	CHECK(signs);
	CHECK(links);
	CHECK(scripts);
	CHECK(none);
	wf_arena_free(arena);
	wf_extractor_free(extractor);
	return done();
}
