/*-------------------------------------------------------------------------
 *
 * fuzz_suppression.c
 *	  libFuzzer: any bytes are an entry of the suppression list; what is one has
 *	  a form that is its own form, and its domains end at a top-level one.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "core/wf_suppression.h"
#include "core/wf_text.h"

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(bool condition)
{
	if (!condition)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	WfListing	entry;
	WfListing	again;
	WfSlice		domain;
	char	   *copy = malloc(size + 1);
	int			labels = 0;

	check(copy != NULL);
	memcpy(copy, data, size);
	if (wf_suppression_parse((WfSlice) {copy, size}, &entry) != WF_LISTING_NONE)
	{
		check(entry.len > 0 && entry.len <= WF_MAX_ADDRESS && entry.value[entry.len] == '\0');
		check(entry.shown_len <= WF_MAX_ADDRESS && entry.shown[entry.shown_len] == '\0');
		check(wf_suppression_parse((WfSlice) {entry.value, entry.len}, &again) == entry.kind);
		check(again.len == entry.len && memcmp(again.value, entry.value, entry.len) == 0);
		if (entry.kind != WF_LISTING_HASH)
		{
			domain = wf_suppression_domain(&entry);
			while (wf_suppression_parent(&domain))
				check(domain.len > 0 && ++labels < 128);
		}
	}
	free(copy);
	return 0;
}
