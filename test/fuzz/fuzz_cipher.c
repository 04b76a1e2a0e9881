/*-------------------------------------------------------------------------
 *
 * fuzz_cipher.c
 *	  libFuzzer: any bytes are a script, the code of a link, a shifted text, a
 *	  hexadecimal one and base64; what is written stays within its room.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "core/wf_cipher.h"
#include "core/wf_text.h"

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(bool condition)
{
	if (!condition)
		abort();
}

/* The bytes that were written can be read. */
static unsigned
read_all(WfSlice text)
{
	unsigned	sum = 0;

	check(text.len <= 16 * 1024);
	for (size_t i = 0; i < text.len; i++)
		sum += (unsigned char) text.data[i];
	return sum;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	WfArena    *arena = wf_arena_create(1024 * 1024);
	WfCipher   *cipher = arena != NULL ? wf_cipher_create(arena) : NULL;
	char	   *copy = malloc(size + 1);
	char	   *out = malloc(size + 1);
	WfSlice		text = {copy, size};
	unsigned	sum = 0;
	size_t		len;

	check(cipher != NULL && copy != NULL && out != NULL);
	memcpy(copy, data, size);
	wf_cipher_is_suspect(text);
	sum += read_all(wf_cipher_script(cipher, text));
	sum += read_all(wf_cipher_link(cipher, text));
	sum += read_all(wf_cipher_shifted(cipher, text));
	if (wf_cipher_cloudflare(text, out, &len))
		check(len < size / 2 + 1);
	check(wf_text_base64_decode(text, out) <= size);
	wf_cipher_rot13(copy, size);
	free(out);
	free(copy);
	wf_arena_free(arena);
	/* nothing of it may be optimised away */
	return sum == 0xFFFFFFFF ? -1 : 0;
}
