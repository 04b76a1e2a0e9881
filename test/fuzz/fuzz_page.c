/*-------------------------------------------------------------------------
 *
 * fuzz_page.c
 *	  libFuzzer: any bytes are a page, and all that comes out of it is clean
 *	  text within its limits, in page order and without doubles.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "core/wf_page.h"
#include "core/wf_text.h"

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(bool condition)
{
	if (!condition)
		abort();
}

static void
check_field(WfSlice field)
{
	check(field.len <= WF_MAX_VALUE);
	check(wf_text_clean_prefix(field) == field.len);
}

static void
check_findings(const WfFindings *findings)
{
	int			i;

	check(findings->count >= 0 && findings->count <= WF_MAX_FINDINGS);
	check_field(findings->title);
	for (i = 0; i < findings->count; i++)
	{
		const WfFinding *f = &findings->items[i];

		check(wf_finding_kind_name(f->kind) != NULL);
		check(wf_finding_source_name(f->source) != NULL);
		check(f->value.len > 0 && f->raw.len > 0);
		check_field(f->value);
		check_field(f->raw);
		check_field(f->name);
		check_field(f->job_title);
		check_field(f->phone);
		check_field(f->context);
		check(wf_text_char_count(f->context) <= WF_MAX_CONTEXT);
		if (i > 0)
			check(f[-1].position <= f->position);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static WfExtractor *extractor;
	WfArena    *arena = wf_arena_create(16 * 1024 * 1024);
	WfPageInput in = {{(const char *) data, size}};
	WfFindings	findings;

	if (extractor == NULL)
		extractor = wf_extractor_create();
	check(extractor != NULL && arena != NULL);
	/* the first byte chooses what is known about the page */
	in.default_region = "US";
	if (size > 0 && data[0] % 3 == 1)
		in.default_region = NULL;
	in.body_is_utf8 = size > 0 && data[0] % 5 == 1;
	check(wf_page_extract(extractor, arena, &in, &findings) == WF_OK);
	check_findings(&findings);
	wf_arena_free(arena);
	return 0;
}
