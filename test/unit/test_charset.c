/*-------------------------------------------------------------------------
 *
 * test_charset.c
 *	  core/wf_charset.c
 *
 *-------------------------------------------------------------------------
 */
#include "test/unit/unit.h"

#include "core/wf_charset.h"
#include "core/wf_text.h"

static void
decodes(const char *type, const char *body, size_t len, const char *expected, const char *name)
{
	WfArena    *arena = wf_arena_create(1024 * 1024);
	char	   *copy = memcpy(malloc(len), body, len);
	WfSlice		utf8 = WF_SLICE_EMPTY;

	if (wf_charset_decode(arena, (WfSlice) {copy, len}, slice(type), NULL, &utf8) == WF_OK)
		is(utf8, expected, name);
	else
		ok(false, "%s", name);
	free(copy);
	wf_arena_free(arena);
}

#define DECODES(type, body, expected) decodes(type, body, sizeof(body) - 1, expected, type " " #body)

static void
test_labels(void)
{
	is(slice(wf_charset_name(slice(" Latin1\n"))), "windows-1252", "latin1 is windows-1252");
	is(slice(wf_charset_name(slice("UTF8"))), "UTF-8", "utf8");
	is(slice(wf_charset_name(slice("x-sjis"))), "Shift_JIS", "x-sjis");
	is(slice(wf_charset_name(slice("x-x-big5"))), "Big5", "the last label of a group");
	is(slice(wf_charset_name(slice("866"))), "IBM866", "the first label of all");
	ok(wf_charset_name(slice("utf-7")) == NULL, "no utf-7");
	ok(wf_charset_name(slice("")) == NULL, "no empty label");
}

static void
test_header(void)
{
	DECODES("text/html; charset=utf-8", "a\xC3\xA4", "a\xC3\xA4");
	DECODES("text/html; charset=\"ISO-8859-1\"", "a\xE4\x80", "a\xC3\xA4\xE2\x82\xAC");
	DECODES("text/html;charset = 'iso-8859-2'; x", "\xB1", "\xC4\x85");
	DECODES("text/html; charset=windows-1251", "\xCF\xF0", "\xD0\x9F\xD1\x80");
	DECODES("text/html; charset=koi8-r", "\xF0", "\xD0\x9F");
	DECODES("text/html; charset=shift_jis", "\x83\x65<", "\xE3\x83\x86<");
	DECODES("text/html; charset=shift_jis", "\x83<b>", "\uFFFD<b>");
	DECODES("text/html; charset=euc-jp", "\xA5\xC6", "\xE3\x83\x86");
	DECODES("text/html; charset=iso-2022-jp", "\x1B$B%F\x1B(Ba", "\xE3\x83\x86" "a");
	DECODES("text/html; charset=gb2312", "\xD6\xD0\xFF", "\xE4\xB8\xAD\uFFFD");
	DECODES("text/html; charset=big5", "\xA4\xA4", "\xE4\xB8\xAD");
	DECODES("text/html; charset=euc-kr", "\xC7\xD1", "\xED\x95\x9C");
	DECODES("text/html; charset=utf-16le", "a\0\x3D\xD8\x00\xDE", "a\U0001F600");
	DECODES("text/html; charset=utf-16be", "\0a\xD8\x3D\0b\xDC\x00\0", "a\uFFFD" "b\uFFFD\uFFFD");
	DECODES("text/html; charset=nonsense", "\xE4", "\xC3\xA4");
	DECODES("text/html; charset", "\xE4", "\xC3\xA4");
	DECODES("text/html; charset=\"utf-8", "\xE4", "\xC3\xA4");
}

static void
test_body(void)
{
	DECODES("", "", "");
	DECODES("", "plain", "plain");
	DECODES("", "a\0b", "ab");
	DECODES("", "\0\xE4\xB8\xAD", "\xE4\xB8\xAD");
	DECODES("", "\xE4\0\xB8", "\xC3\xA4\xC2\xB8");
	DECODES("", "\xE4\xB8\xAD", "\xE4\xB8\xAD");
	DECODES("", "\xE4 \x93x\x94\x81", "\xC3\xA4 \u201Cx\u201D\xC2\x81");
	DECODES("text/html; charset=iso-8859-1", "\xEF\xBB\xBF\xC3\xA4", "\xC3\xA4");
	DECODES("", "\xFF\xFE" "a\0", "a");
	DECODES("", "\xFE\xFF\0a", "a");
	DECODES("", "<\0p\0>\0\xE4\0", "<p>\xC3\xA4");
	DECODES("", "<meta charset=iso-8859-2>\xB1", "<meta charset=iso-8859-2>\xC4\x85");
	DECODES("", "<!-- <meta charset=koi8-r> --><META http-equiv=Content-Type "
			"content='text/html; charset=&#107;oi8-r'>\xF0",
			"<!-- <meta charset=koi8-r> --><META http-equiv=Content-Type "
			"content='text/html; charset=&#107;oi8-r'>\xD0\x9F");
	DECODES("", "<meta name=x content='charset=koi8-r'>\xE4",
			"<meta name=x content='charset=koi8-r'>\xC3\xA4");
	DECODES("", "<meta charset=utf-16>\xC3\xA4", "<meta charset=utf-16>\xC3\xA4");
	DECODES("", "<meta charset=x-user-defined>\xE4", "<meta charset=x-user-defined>\xC3\xA4");
	DECODES("", "<?xml version='1.0' encoding='iso-8859-2'?>\xB1",
			"<?xml version='1.0' encoding='iso-8859-2'?>\xC4\x85");
	DECODES("text/html; charset=utf-8", "<meta charset=koi8-r>\xC3\xA4\xFF",
			"<meta charset=koi8-r>\xC3\xA4\uFFFD");
}

/* Every label decodes every byte, and to what every ASCII byte is. */
static void
test_all_labels(void)
{
	static const char *const labels[] = {
		"utf-8", "windows-1252", "866", "latin2", "latin3", "latin4", "iso-8859-5", "iso-8859-6",
		"iso-8859-7", "iso-8859-8", "iso-8859-10", "iso-8859-13", "iso-8859-14", "iso-8859-15",
		"iso-8859-16", "koi8-r", "koi8-u", "macintosh", "windows-874", "windows-1250",
		"windows-1251", "windows-1253", "windows-1254", "windows-1255", "windows-1256",
		"windows-1257", "windows-1258", "x-mac-cyrillic", "gbk", "big5", "euc-jp", "shift_jis",
		"euc-kr"
	};
	char		body[2 * 128 + 255];
	size_t		i;
	int			b;

	/* each high byte before a line end, then all the bytes */
	for (b = 0; b < 128; b++)
	{
		body[2 * b] = (char) (128 + b);
		body[2 * b + 1] = '\n';
	}
	for (b = 1; b < 256; b++)
		body[255 + b] = (char) b;
	for (i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
	{
		WfArena    *arena = wf_arena_create(1024 * 1024);
		char		type[64];
		WfSlice		utf8;
		size_t		lines = 0;
		size_t		at;

		snprintf(type, sizeof(type), "text/html; charset=%s", labels[i]);
		ok(wf_charset_decode(arena, (WfSlice) {body, sizeof(body)}, slice(type), NULL, &utf8) == WF_OK &&
		   wf_text_clean_prefix(utf8) == utf8.len, "%s decodes any byte", labels[i]);
		for (at = 0; at < utf8.len; at++)
			lines += utf8.data[at] == '\n';
		is_int((long) lines, 129, "and no line end is lost");
		wf_arena_free(arena);
	}
}

static void
test_limits(void)
{
	WfArena    *arena = wf_arena_create(100 * 1024);
	WfSlice		body = repeat("abc\xE4", 50000);
	WfSlice		utf8;
	sig_atomic_t stop = 1;
	WfSlice		latin1 = slice("text/html; charset=latin1");
	WfSlice		gbk = slice("text/html; charset=gbk");
	WfSlice		utf16 = slice("text/html; charset=utf-16");

	ok(wf_charset_decode(arena, slice("abc"), latin1, NULL, &utf8) == WF_OK &&
	   wf_arena_used(arena) == 0, "ASCII is not copied");
	ok(wf_charset_decode(arena, body, latin1, NULL, &utf8) == WF_ERR_NOMEM &&
	   wf_charset_decode(arena, body, gbk, NULL, &utf8) == WF_ERR_NOMEM &&
	   wf_charset_decode(arena, body, utf16, NULL, &utf8) == WF_ERR_NOMEM, "the arena is full");
	wf_arena_free(arena);
	arena = wf_arena_create(1024 * 1024);
	ok(wf_charset_decode(arena, body, latin1, &stop, &utf8) == WF_ERR_STOPPED &&
	   wf_charset_decode(arena, body, gbk, &stop, &utf8) == WF_ERR_STOPPED &&
	   wf_charset_decode(arena, body, utf16, &stop, &utf8) == WF_ERR_STOPPED, "it can be stopped");
	wf_arena_free(arena);
	free((void *) body.data);
}

int
main(void)
{
	test_labels();
	test_header();
	test_body();
	test_all_labels();
	test_limits();
	return done();
}
