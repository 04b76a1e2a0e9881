/*-------------------------------------------------------------------------
 *
 * test_cipher.c
 *	  core/wf_cipher.c and core/wf_literal.c: what scripts compose.
 *
 *-------------------------------------------------------------------------
 */
#include "test/unit/unit.h"

#include "core/wf_cipher.h"
#include "core/wf_literal.h"
#include "core/wf_text.h"

static WfCipher *cipher;

/* Is the line among those that the script writes? */
static void
writes(const char *script, const char *line)
{
	WfSlice		out = wf_cipher_script(cipher, slice(script));
	bool		found = false;

	while (out.len > 0)
	{
		const char *end = memchr(out.data, '\n', out.len);
		WfSlice		got = {out.data, end != NULL ? (size_t) (end - out.data) : out.len};

		found |= wf_text_equal(got, slice(line));
		wf_advance(&out, got.len + (end != NULL));
	}
	ok(found, "%s", script);
}

static void
test_literals(void)
{
	writes("document.write('a'+\"b\"+'c')", "abc");
	writes("var x='a';x=x+'b';x+='c';document.write(x)", "abc");
	writes("document.write('\\x61\\u0062\\'')", "ab'");
	writes("document.write(String.fromCharCode(97,0x62,99))", "abc");
	writes("document.write(String.fromCharCode.apply(null,[97,98]))", "ab");
	writes("var c=[97, 98];document.write(String.fromCharCode.apply(String, c))", "ab");
	writes("document.write(String.fromCharCode(...[97,98,8364]))", "ab\xE2\x82\xAC");
	writes("$('#x').html('a'+1)", "a1");
	writes("$('a.m').attr('href','mailto:kim@bageri-eg.dk')", "mailto:kim@bageri-eg.dk");
	writes("document.write(unescape('%61%62'))", "ab");
	writes("document.write(atob('YWJj'))", "abc");
	writes("document.write('cba'.split('').reverse().join(''))", "abc");
	writes("document.write(['a','b'].join('@'))", "a@b");
	writes("document.write('\\141\\142\\7')", "ab\007");
	writes("var a='x',b='y';var c='z';document.write(`<${a}-${c}>`)", "<x-z>");
	writes("var l=['a','b','c'];document.write(l[1]+l[2])", "bc");
	writes("el.innerHTML='a'+'b'", "ab");
}

/* What is not constant, not closed, or too much, is left alone. */
static void
test_hostile(void)
{
	WfSlice		long_text = repeat("'a'+", 20000);
	WfSlice		nested = repeat("(", 20000);
	WfSlice		many = repeat("var v='x';", 5000);

	ok(wf_cipher_script(cipher, slice("document.write('a")).len <= 16 * 1024, "open quote");
	ok(wf_cipher_script(cipher, slice("document.write(\\")).len <= 16 * 1024, "lone backslash");
	ok(wf_cipher_script(cipher, slice("String.fromCharCode(")).len <= 16 * 1024, "open list");
	ok(wf_cipher_script(cipher, slice("String.fromCharCode.apply(")).len <= 16 * 1024,
	   "no arguments");
	ok(wf_cipher_script(cipher, slice("document.write(String.fromCharCode(...")).len <= 16 * 1024,
	   "no list");
	ok(wf_cipher_script(cipher, slice("eval(unescape('%")).len <= 16 * 1024, "half a code");
	ok(wf_cipher_script(cipher, long_text).len <= 16 * 1024, "a very long sum");
	ok(wf_cipher_script(cipher, nested).len <= 16 * 1024, "deep brackets");
	ok(wf_cipher_script(cipher, many).len <= 16 * 1024, "more variables than room");
	ok(wf_cipher_script(cipher, slice("document.write(`${")).len <= 16 * 1024, "open template");
	ok(wf_cipher_script(cipher, slice("var l=['a'];document.write(l[9]+l[")).len <= 16 * 1024,
	   "no such item");
	is(wf_cipher_script(cipher, slice("")), "", "no script");
	free((char *) long_text.data);
	free((char *) nested.data);
	free((char *) many.data);
}

static void
test_suspects(void)
{
	ok(wf_cipher_is_suspect(slice("document.write('a@b')")), "writes an '@'");
	ok(wf_cipher_is_suspect(slice("e.textContent='a'+'@'+b")), "shows one");
	ok(wf_cipher_is_suspect(slice("eval(String.fromCharCode(1))")), "evaluates codes");
	ok(!wf_cipher_is_suspect(slice("var a = 1 + 2;")), "a program");
	ok(!wf_cipher_is_suspect(slice("")), "nothing");
	ok(!wf_cipher_is_suspect(slice("var email = 'a@b'")), "an address nobody is shown");
}

static void
test_shifts(void)
{
	WfSlice		out = wf_cipher_shifted(cipher, slice("nbjmup+ljnAcbhfsj.fh/el"));

	ok(wf_text_starts_nocase(out, WF_SLICE("mailto:kim@bageri-eg.dk\n")), "TYPO3, moved by one");
	out = wf_cipher_shifted(cipher, slice("jxfiql7hfjXyxdbof:bd+ah"));
	ok(wf_text_starts_nocase(out, WF_SLICE("mailto:kim@bageri-eg.dk\n")), "TYPO3, moved back by three");
	is(wf_cipher_shifted(cipher, slice("pdlowr-sudalvCelunh1gh")),
	   "mailto:praxis@birke.de\n", "moved by three, and nothing else is tried");
	is(wf_cipher_shifted(cipher, slice("short")), "", "too short to be one");
	is(wf_cipher_shifted(cipher, slice("")), "", "nothing");
}

static void
test_codes(void)
{
	char		out[64];
	char		text[] = "Xvz@Ontrev-rt.qx";
	size_t		len = 0;

	ok(wf_cipher_cloudflare(slice("563d3f3b1634373133243f7b333178323d"), out, &len),
	   "Cloudflare's form");
	is((WfSlice) {out, len}, "kim@bageri-eg.dk", "its address");
	ok(!wf_cipher_cloudflare(slice("563"), out, &len), "an odd number of digits");
	ok(!wf_cipher_cloudflare(slice("56zz"), out, &len), "no digits");
	ok(!wf_cipher_cloudflare(slice(""), out, &len), "nothing");
	wf_cipher_rot13(text, strlen(text));
	is(slice(text), "Kim@Bageri-eg.dk", "rot13");
	is((WfSlice) {out, wf_text_base64_decode(slice("a2lt"), out)}, "kim", "base64");
	is((WfSlice) {out, wf_text_base64_decode(slice("a2w="), out)}, "kl", "padded");
	is((WfSlice) {out, wf_text_base64_decode(slice("a2lt-rest"), out)}, "kim", "ends at a foreign byte");
	is((WfSlice) {out, wf_text_base64_decode(slice(""), out)}, "", "empty");
}

int
main(void)
{
	WfArena    *arena = wf_arena_create(4 * 1024 * 1024);

	cipher = wf_cipher_create(arena);
	if (cipher == NULL)
		return 1;
	test_literals();
	test_hostile();
	test_suspects();
	test_shifts();
	test_codes();
	wf_arena_free(arena);
	return done();
}
