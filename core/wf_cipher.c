/*-------------------------------------------------------------------------
 *
 * wf_cipher.c
 *	  Addresses that a page's scripts compose.
 *
 *-------------------------------------------------------------------------
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE				/* memmem */
#endif

#include "wf_cipher.h"

#include <string.h>

#include "wf_literal.h"
#include "wf_scan.h"
#include "wf_text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define OUT_BYTES		(16 * 1024)
#define KODE_BYTES		(8 * 1024)

/* How often the text of an enkoder may be code again. */
#define KODE_ROUNDS		24

/* How often what is written may be a script again. */
#define SCRIPT_ROUNDS	2

struct WfCipher
{
	WfLiteralScript run;
	char		kode[2][KODE_BYTES];
	char		again[OUT_BYTES];
	char		out[OUT_BYTES];
};

WfCipher *
wf_cipher_create(WfArena *arena)
{
	WfCipher   *cipher = wf_arena_alloc(arena, sizeof(WfCipher));

	if (cipher != NULL)
	{
		cipher->run.out = cipher->out;
		cipher->run.room = OUT_BYTES;
	}
	return cipher;
}

static bool
has(WfSlice text, const char *word)
{
	return text.len > 0 &&
		wf_scan_find(text.data, text.data + text.len, word, strlen(word)) != NULL;
}

bool
wf_cipher_cloudflare(WfSlice hex, char *out, size_t *len)
{
	int			key;
	size_t		i;

	if (hex.len < 4 || hex.len % 2 != 0)
		return false;
	for (i = 0; i < hex.len; i++)
	{
		if (wf_text_hex_value(hex.data[i]) < 0)
			return false;
	}
	key = wf_text_hex_value(hex.data[0]) * 16 + wf_text_hex_value(hex.data[1]);
	for (i = 2; i < hex.len; i += 2)
		out[i / 2 - 1] = (char) (key ^ (wf_text_hex_value(hex.data[i]) * 16 +
										wf_text_hex_value(hex.data[i + 1])));
	*len = hex.len / 2 - 1;
	return true;
}

void
wf_cipher_rot13(char *data, size_t len)
{
	size_t		i;

	for (i = 0; i < len; i++)
	{
		char		base = data[i] >= 'a' ? 'a' : 'A';

		if (wf_is_alpha(data[i]))
			data[i] = (char) (base + (data[i] - base + 13) % 26);
	}
}

/*-------------------------------------------------------------------------
 * Enkoders
 *-------------------------------------------------------------------------
 */

/* The number behind "word" in code; 0 when there is none. */
static int
number_behind(WfSlice code, const char *word)
{
	const char *p = memmem(code.data, code.len, word, strlen(word));
	const char *end = code.data + code.len;
	int			number = 0;

	if (p == NULL)
		return 0;
	for (p += strlen(word); p < end && wf_is_digit(*p) && number < 1000; p++)
		number = number * 10 + (*p - '0');
	return number;
}

static void
reverse(const char *in, size_t len, char *out)
{
	size_t		i;

	for (i = 0; i < len; i++)
		out[i] = in[len - 1 - i];
}

/* Undo what "tail", the code behind a text, does to it; false when unknown. */
static bool
undo_step(WfSlice text, WfSlice tail, char *out, size_t *len)
{
	size_t		n = text.len;
	size_t		i;

	if (has(tail, "reverse"))
		reverse(text.data, n, out);
	else if (has(tail, "charCodeAt(i)-"))
	{
		int			shift = number_behind(tail, "charCodeAt(i)-");

		for (i = 0; i < n; i++)
			out[i] = (char) ((text.data[i] - shift + 1024) % 128);
	}
	else if (has(tail, "'%'+"))
	{
		for (i = 0, n /= 2; i < n; i++)
			out[i] = (char) ((wf_text_hex_value(text.data[2 * i]) & 15) * 16 +
							 (wf_text_hex_value(text.data[2 * i + 1]) & 15));
	}
	else if (has(tail, "Math.min"))
	{
		size_t		chunk = number_behind(tail, "length,i+");

		for (i = 0; chunk > 0 && i < n; i += chunk)
			reverse(text.data + i, n - i < chunk ? n - i : chunk, out + i);
		if (chunk == 0)
			return false;
	}
	else if (has(tail, "i+=2"))
	{
		for (i = 0; i + 1 < n; i += 2)
		{
			out[i] = text.data[i + 1];
			out[i + 1] = text.data[i];
		}
		if (n % 2 == 1)
			out[n - 1] = text.data[n - 1];
	}
	else
		return false;
	*len = n;
	return true;
}

/* The text of the literals at *p, joined by '+'. */
static size_t
read_text(const char **p, const char *end, char *out, size_t room)
{
	size_t		len = 0;

	for (;;)
	{
		const char *q;

		len += wf_literal_string(p, end, out + len, room - len);
		q = *p;
		while (q < end && (wf_is_space(*q) || *q == '+'))
			q++;
		if (q >= end || q == *p || *q != '"')
			return len;
		*p = q;
	}
}

/* Hivelogic's and Hiveware's enkoder: code that is the text of code. */
static void
undo_enkoder(WfCipher *cipher, WfSlice script)
{
	WfSlice		code;
	int			round;

	code.data = memmem(script.data, script.len, "_enkoder", 8);
	if (code.data == NULL)
		return;
	code.len = script.data + script.len - code.data;
	for (round = 0; round < KODE_ROUNDS; round++)
	{
		const char *end = code.data + code.len;
		const char *p = code.len > 0 ? memchr(code.data, '"', code.len) : NULL;
		WfSlice		text = {cipher->kode[0], 0};
		size_t		len;

		if (p == NULL)
			return;
		if (round > 0 && has((WfSlice) {code.data, p - code.data}, "document.write"))
		{
			text.len = read_text(&p, end, cipher->kode[0], KODE_BYTES);
			wf_literal_put(&cipher->run, text);
			return;
		}
		text.len = read_text(&p, end, cipher->kode[0], KODE_BYTES);
		if (round == 0)
		{
			len = text.len;
			memcpy(cipher->kode[1], text.data, len);
		}
		else if (!undo_step(text, (WfSlice) {p, end - p}, cipher->kode[1], &len))
			return;
		code = (WfSlice) {cipher->kode[1], len};
	}
}

/* OT += ML.charAt(MI.charCodeAt(j) - 48): a text spelt by places of another. */
static void
undo_alphabet(WfCipher *cipher, WfSlice script)
{
	static const char call[] = ".charAt(";
	const char *end = script.data + script.len;
	const char *p = memmem(script.data, script.len, call, sizeof(call) - 1);
	const WfLiteral *letters;
	const WfLiteral *places;
	WfSlice		name = {p, 0};
	char		text[WF_LITERAL_MAX];
	int			base;
	size_t		i;

	if (p == NULL)
		return;
	while (name.data > script.data && (wf_is_alpha(name.data[-1]) || wf_is_digit(name.data[-1]) ||
									   name.data[-1] == '_'))
	{
		name.data--;
		name.len++;
	}
	letters = wf_literal_variable(&cipher->run, name);
	name.data = p + sizeof(call) - 1;
	name.len = 0;
	while (name.data + name.len < end && name.data[name.len] != '.' && name.len < WF_LITERAL_NAME)
		name.len++;
	places = wf_literal_variable(&cipher->run, name);
	base = number_behind((WfSlice) {p, end - p}, ")-");
	if (letters == NULL || places == NULL || base == 0)
		return;
	for (i = 0; i < places->len; i++)
	{
		int			place = (unsigned char) places->data[i] - base;

		if (place < 0 || (size_t) place >= letters->len)
			return;
		text[i] = letters->data[place];
	}
	wf_literal_put(&cipher->run, (WfSlice) {text, places->len});
}

/*
 * The well-known line that turns letters by 13 places: every text of the script
 * may be one of those turned.
 */
static void
undo_rot13(WfCipher *cipher, WfSlice script)
{
	const char *end = script.data + script.len;
	const char *p = script.data;
	char		text[WF_LITERAL_MAX];

	while (p < end && cipher->run.len + WF_LITERAL_MAX < cipher->run.room)
	{
		size_t		len;

		if (*p != '"' && *p != '\'')
		{
			p++;
			continue;
		}
		len = wf_literal_string(&p, end, text, sizeof(text));
		wf_cipher_rot13(text, len);
		wf_literal_put(&cipher->run, (WfSlice) {text, len});
	}
}

/*-------------------------------------------------------------------------
 * Shifts
 *-------------------------------------------------------------------------
 */

/* TYPO3's decryptCharcode: c moved by n within its range. */
static char
shift_typo3(char c, int n)
{
	static const char ranges[3][2] = {{0x2B, 0x3A}, {0x40, 0x5A}, {0x61, 0x7A}};
	int			i;

	for (i = 0; i < 3; i++)
	{
		int			size = ranges[i][1] - ranges[i][0] + 1;

		if (c >= ranges[i][0] && c <= ranges[i][1])
			return (char) (ranges[i][0] + (c - ranges[i][0] + n + 4 * size) % size);
	}
	return c;
}

/* Try all shifts of a text that should begin with "mailto:". */
static void
undo_shift(WfCipher *cipher, WfSlice text)
{
	char		moved[WF_LITERAL_MAX];
	size_t		i;
	int			n;

	if (text.len < 10 || text.len > sizeof(moved))
		return;
	for (n = -26; n <= 26; n++)
	{
		if (shift_typo3(text.data[0], n) != 'm' || shift_typo3(text.data[1], n) != 'a' ||
			shift_typo3(text.data[6], n) != ':')
			continue;
		for (i = 0; i < text.len; i++)
			moved[i] = shift_typo3(text.data[i], n);
		wf_literal_put(&cipher->run, (WfSlice) {moved, text.len});
		return;
	}
	/* CryptX: the next character of ASCII, or pairs of digit and character */
	for (n = -3; n <= 3; n++)
	{
		if (n == 0 || memchr(text.data, '@' - n, text.len) == NULL)
			continue;
		for (i = 0; i < text.len; i++)
			moved[i] = (char) (text.data[i] + n);
		wf_literal_put(&cipher->run, (WfSlice) {moved, text.len});
	}
	for (i = 0; i + 1 < text.len && wf_is_digit(text.data[i]); i += 2)
		moved[i / 2] = (char) (text.data[i + 1] - (text.data[i] - '0'));
	if (i + 1 >= text.len)
		wf_literal_put(&cipher->run, (WfSlice) {moved, i / 2});
}

/* user, host[, suffix]: the arguments of some function about mail. */
static void
compose_arguments(WfCipher *cipher, const WfSlice *arguments, int count)
{
	char		text[3 * WF_LITERAL_MAX + 2];
	size_t		len = 0;
	int			i;

	for (i = 0; i < count && i < 3; i++)
	{
		if (i > 0)
			text[len++] = i == 1 ? '@' : '.';
		memcpy(text + len, arguments[i].data, arguments[i].len);
		len += arguments[i].len;
	}
	wf_literal_put(&cipher->run, (WfSlice) {text, len});
}

/* Nothing known, nothing written. */
static void
begin(WfCipher *cipher, WfSlice code)
{
	cipher->run.len = 0;
	cipher->run.is_writing = false;
	cipher->run.variable_count = 0;
	cipher->run.depth = 0;
	cipher->run.p = code.data;
	cipher->run.end = code.data + code.len;
}

WfSlice
wf_cipher_shifted(WfCipher *cipher, WfSlice text)
{
	begin(cipher, text);
	undo_shift(cipher, text);
	return (WfSlice) {cipher->out, cipher->run.len};
}

/* The code in front of the first text: the name of the function that gets it. */
static WfSlice
before_text(WfSlice code)
{
	size_t		len = 0;

	while (len < code.len && code.data[len] != '\'' && code.data[len] != '"')
		len++;
	return (WfSlice) {code.data, len};
}

WfSlice
wf_cipher_link(WfCipher *cipher, WfSlice href)
{
	WfLiteral	values[3];
	WfSlice		arguments[3];
	int			count = 0;
	bool		about_mail = has(href, "ail");
	bool		mails_parts = has(before_text(href), "ail");
	bool		about_crypt = has(href, "rypt") || has(href, "ecode");

	begin(cipher, href);
	while (cipher->run.p < cipher->run.end && count < 3 && (about_mail || about_crypt))
	{
		char		c = *cipher->run.p;

		if (c != '\'' && c != '"')
		{
			cipher->run.p++;
			continue;
		}
		wf_literal_expression(&cipher->run, &values[count]);
		arguments[count] = (WfSlice) {values[count].data, values[count].len};
		wf_literal_put(&cipher->run, arguments[count]);
		count++;
	}
	if (about_crypt && count > 0)
		undo_shift(cipher, arguments[0]);
	if (mails_parts && count >= 2)
		compose_arguments(cipher, arguments, count);
	return (WfSlice) {cipher->out, cipher->run.len};
}

/*-------------------------------------------------------------------------
 * Scripts
 *-------------------------------------------------------------------------
 */

bool
wf_cipher_is_suspect(WfSlice script)
{
	/* what puts markup into the page, and how an '@' is spelt or computed */
	static const WfSlice writers[] = {
		{"write(", 6}, {"HTML", 4}, {"html(", 5}, {"eval(", 5}, {"ilto", 4}
	};
	static const WfSlice at_signs[] = {
		{"harCode", 7}, {"&#64", 4}, {"%40", 3}, {"atob(", 5}, {"_enkoder", 8}, {"\\x40", 4},
		{"\\u0040", 6}, {"\\100", 4}
	};
	const char *end;
	bool		has_at;

	if (script.len == 0 || script.len > WF_MAX_CIPHER)
		return false;
	end = script.data + script.len;
	has_at = memchr(script.data, '@', script.len) != NULL;
	if (wf_scan_any(script.data, end, writers, COUNT(writers)) == NULL)
		return has_at && (has(script, ".innerText") || has(script, ".textContent"));
	return has_at || wf_scan_any(script.data, end, at_signs, COUNT(at_signs)) != NULL;
}

WfSlice
wf_cipher_script(WfCipher *cipher, WfSlice script)
{
	int			round;
	size_t		done = 0;

	if (script.len > WF_MAX_CIPHER)
		script.len = WF_MAX_CIPHER;
	cipher->run.len = 0;
	wf_literal_run(&cipher->run, script);
	if (has(script, "_enkoder"))
		undo_enkoder(cipher, script);
	if (has(script, ".charAt("))
		undo_alphabet(cipher, script);
	if (has(script, "?90:122") || has(script, "? 90 : 122") || has(script, "+13)") ||
		has(script, "+ 13)"))
		undo_rot13(cipher, script);
	/* eval(unescape(…)): what was written is a script */
	for (round = 0; round < SCRIPT_ROUNDS; round++)
	{
		WfSlice		written = {cipher->out + done, cipher->run.len - done};

		if (!has(written, "document.write") && !has(written, "innerHTML"))
			break;
		memcpy(cipher->again, written.data, written.len);
		done = cipher->run.len;
		wf_literal_run(&cipher->run, (WfSlice) {cipher->again, written.len});
	}
	return (WfSlice) {cipher->out, cipher->run.len};
}
