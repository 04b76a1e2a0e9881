/*-------------------------------------------------------------------------
 *
 * fuzz_phone.c
 *	  libFuzzer: any bytes are a text, a value and a link; what comes out is a
 *	  number of sane form that lies within the text, and numbers do not overlap.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "core/wf_phone.h"
#include "core/wf_text.h"

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const regions[] = {
	"US", "DE", "GB", "FR", "IT", "AR", "BR", "MX", "JP", "AU", "RU", "AG", "SM", NULL
};

static void
check(bool condition)
{
	if (!condition)
		abort();
}

static void
check_number(const WfPhone *phone, size_t len)
{
	size_t		i = phone->value[0] == '+';

	check(phone->start <= phone->end && phone->end <= len);
	check(phone->len > 0 && phone->len <= WF_MAX_PHONE);
	while (i < phone->len && wf_is_digit(phone->value[i]))
		i++;
	check(i > 5 && i <= 21);
	if (i < phone->len)
	{
		check(phone->len - i > 5 && memcmp(phone->value + i, ";ext=", 5) == 0);
		for (i += 5; i < phone->len; i++)
			check(wf_is_digit(phone->value[i]));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static WfPhoneMatcher *matcher;
	WfArena    *arena = wf_arena_create(1024 * 1024);
	WfPhoneScan *scan;
	WfPhone		phone;
	WfSlice		text;
	char	   *copy;
	size_t		pos = 0;
	size_t		last = 0;

	if (matcher == NULL)
		matcher = wf_phone_matcher_create();
	check(matcher != NULL && arena != NULL);
	if (size > 0)
	{
		/* the first byte chooses what is known of the country */
		scan = wf_phone_scan_create(matcher, arena, regions[data[0] % 14]);
		copy = malloc(size);
		memcpy(copy, data + 1, size - 1);
		text = (WfSlice) {copy, size - 1};
		if (data[0] & 0x40)
			wf_phone_hint(scan, (WfPhoneHint) (data[0] % WF_HINT_COUNT), text);
		text.len = wf_text_clean_prefix(text);
		while (wf_phone_next(scan, text, &pos, &phone))
		{
			check_number(&phone, text.len);
			check(phone.start >= last && phone.end > phone.start && pos >= phone.end);
			last = phone.end;
		}
		if (wf_phone_value(scan, text, &phone))
			check_number(&phone, text.len);
		if (wf_phone_tel(scan, text, &phone))
			check_number(&phone, text.len);
		free(copy);
	}
	wf_arena_free(arena);
	return 0;
}
