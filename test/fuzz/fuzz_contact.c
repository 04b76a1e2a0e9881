/*-------------------------------------------------------------------------
 *
 * fuzz_contact.c
 *	  libFuzzer: any bytes are a text, a link and a candidate; addresses, plain
 *	  and in disguise, lie within the text and are of sane form.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "core/wf_disguise.h"
#include "core/wf_text.h"
#include "core/wf_verdict.h"

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(bool condition)
{
	if (!condition)
		abort();
}

static void
check_address(const WfAddress *address, size_t text_len)
{
	WfSlice		value = {address->value, address->len};
	const char *at = memchr(address->value, '@', address->len);

	check(address->start < address->end && address->end <= text_len);
	check(address->len <= sizeof(address->value) && at != NULL && at != address->value);
	check(at + 1 < address->value + address->len);
	check(wf_text_clean_prefix(value) == value.len);
	check(memchr(at, '.', address->value + address->len - at) != NULL ||
		  memchr(at, '\xE3', address->value + address->len - at) != NULL);
}

static void
search(WfContactScan *scan, WfSlice text, WfContactTrust trust)
{
	WfDisguise	disguise = wf_disguise_begin(text, trust);
	WfAddress	address;
	size_t		pos = 0;

	while (wf_contact_next(scan, text, trust, &pos, &address))
	{
		check_address(&address, text.len);
		check(pos >= address.end);
	}
	while (wf_disguise_next(scan, &disguise, &address))
	{
		check_address(&address, text.len);
		check(disguise.pos >= address.end);
	}
	if (wf_contact_judge(scan, text, trust, &address))
		check(address.start == 0 && address.end == text.len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static WfContactMatcher *matcher;
	WfArena    *arena = wf_arena_create(1024 * 1024);
	WfContactScan *scan;
	WfSlice		text;
	char	   *copy = malloc(size + 1);
	char	   *list = malloc(size + 1);
	size_t		len;

	if (matcher == NULL)
		matcher = wf_contact_matcher_create();
	check(matcher != NULL && arena != NULL && copy != NULL && list != NULL);
	scan = wf_contact_scan_create(matcher, arena);
	memcpy(copy, data, size);
	text = (WfSlice) {copy, size};
	text.len = wf_text_clean_prefix(text);
	search(scan, text, WF_TRUST_TEXT);
	search(scan, text, WF_TRUST_LINK);
	if (wf_contact_mailto((WfSlice) {copy, size}, list, &len))
	{
		check(len <= size + 1);
		search(scan, (WfSlice) {list, wf_text_clean_prefix((WfSlice) {list, len})},
			   WF_TRUST_LINK);
	}
	free(list);
	free(copy);
	wf_arena_free(arena);
	return 0;
}
