/*-------------------------------------------------------------------------
 *
 * fuzz_profile.c
 *	  libFuzzer: any bytes are a link; the URL of a profile is one of the same profile.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "core/wf_arena.h"
#include "core/wf_profile.h"

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
	char	   *copy = malloc(size + 1);
	char		url[WF_MAX_PROFILE];
	char		again[WF_MAX_PROFILE];
	WfFindingKind kind;
	WfFindingKind same;
	size_t		len;
	size_t		again_len;
	size_t		site_len;

	memcpy(copy, data, size);
	wf_profile_links_to_network((WfSlice) {copy, size}, &site_len);
	check(site_len <= size);
	if (wf_profile_parse((WfSlice) {copy, size}, &kind, url, &len))
	{
		check(len <= WF_MAX_PROFILE && memcmp(url, "https://", 8) == 0);
		check(wf_finding_kind_name(kind) != NULL);
		if (wf_profile_parse((WfSlice) {url, len}, &same, again, &again_len))
			check(same == kind && again_len == len && memcmp(url, again, len) == 0);
	}
	free(copy);
	return 0;
}
