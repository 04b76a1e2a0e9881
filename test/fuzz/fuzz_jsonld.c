/*-------------------------------------------------------------------------
 *
 * fuzz_jsonld.c
 *	  libFuzzer: any bytes are JSON-LD; what comes out are nodes within it.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "core/wf_arena.h"
#include "core/wf_jsonld.h"

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(bool condition)
{
	if (!condition)
		abort();
}

static void
check_list(const WfJsonldList *list)
{
	int			i;

	check(list->count >= 0 && list->count <= WF_JSONLD_VALUES);
	for (i = 0; i < list->count; i++)
		check(list->values[i].len > 0 && memchr(list->values[i].data, '\n',
												list->values[i].len) == NULL);
}

static WfStatus
take(void *context, const WfJsonldNode *node)
{
	check(node->offset < *(const size_t *) context);
	check_list(&node->emails);
	check_list(&node->telephones);
	check_list(&node->faxes);
	check(node->link_count >= 0 && node->link_count <= WF_JSONLD_LINKS);
	return WF_OK;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	WfArena    *arena = wf_arena_create(16 * 1024 * 1024);
	WfJsonld   *walk = wf_jsonld_create(arena);
	char	   *copy = malloc(size + 1);

	/* the second walk begins where the first left its state */
	memcpy(copy, data, size);
	check(wf_jsonld_walk(walk, (WfSlice) {copy, size}, NULL, take, &size) == WF_OK);
	check(wf_jsonld_walk(walk, (WfSlice) {copy, size}, NULL, take, &size) == WF_OK);
	free(copy);
	wf_arena_free(arena);
	return 0;
}
