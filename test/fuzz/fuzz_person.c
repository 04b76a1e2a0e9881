/*-------------------------------------------------------------------------
 *
 * fuzz_person.c
 *	  libFuzzer: any bytes are a text around an address; a name lies in it.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "core/wf_arena.h"
#include "core/wf_person.h"

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(bool condition)
{
	if (!condition)
		abort();
}

static void
check_within(WfSlice text, WfSlice part)
{
	check(part.len == 0 ||
		  (part.data >= text.data && part.data + part.len <= text.data + text.len));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *at = memchr(data, '@', size);
	char	   *copy = malloc(size + 1);
	WfSlice		text = {copy, size};
	WfPerson	person;

	memcpy(copy, data, size);
	wf_person_is_name(text);
	if (at != NULL)
	{
		size_t		end = at - data;
		size_t		start = end;

		/* the address is the word before the first '@', and that */
		while (start > 0 && data[start - 1] > ' ')
			start--;
		if (wf_person_find_far(text, (WfSlice) {copy + start, end - start}, &person))
			check_within(text, person.name);
		if (wf_person_find(text, start, end + 1, end % 2 ? end + 1 + end % 23 : 0,
						   (WfSlice) {copy + start, end - start}, &person))
		{
			check(person.name.len > 0);
			check_within(text, person.name);
			check_within(text, person.given);
			check_within(text, person.job_title);
		}
	}
	free(copy);
	return 0;
}
