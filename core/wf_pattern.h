/*-------------------------------------------------------------------------
 *
 * wf_pattern.h
 *	  The little of PCRE2 that the recognisers use; for wf_contact.c and
 *	  wf_phone.c only, hence all static.
 *
 * Patterns are over bytes, not UTF: the text may hold anything.  Limits bound
 * the work at one position; a match that hits them is no match.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_PATTERN_H
#define WF_PATTERN_H

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "wf_arena.h"

#define PATTERN_MATCH_LIMIT	5000
#define PATTERN_HEAP_LIMIT	1024	/* KiB; of the interpreter, without JIT */

typedef struct Pattern
{
	pcre2_code *code;
	pcre2_match_context *context;
} Pattern;

static inline void
pattern_free(Pattern *pattern)
{
	pcre2_code_free(pattern->code);
	pcre2_match_context_free(pattern->context);
}

/* False when out of memory; pattern_free is to be called in any case. */
static inline bool
pattern_compile(Pattern *pattern, const char *source, uint32_t options)
{
	int			error;
	PCRE2_SIZE	offset;

	pattern->context = pcre2_match_context_create(NULL);
	pattern->code = pcre2_compile((PCRE2_SPTR) source, PCRE2_ZERO_TERMINATED, options,
								  &error, &offset, NULL);
	if (pattern->context == NULL || pattern->code == NULL)
		return false;
	pcre2_set_match_limit(pattern->context, PATTERN_MATCH_LIMIT);
	pcre2_set_heap_limit(pattern->context, PATTERN_HEAP_LIMIT);
	/* where there is no JIT the interpreter does, more slowly */
	(void) pcre2_jit_compile(pattern->code, PCRE2_JIT_COMPLETE);
	return true;
}

static void *
pattern_arena_malloc(PCRE2_SIZE size, void *arena)
{
	return wf_arena_alloc(arena, size);
}

static void
pattern_arena_free(void *block, void *arena)
{
	/* freed with the arena */
}

/* Room for one match, in the arena; NULL when that is full. */
static inline pcre2_match_data *
pattern_match_data(WfArena *arena)
{
	pcre2_general_context *memory;

	memory = pcre2_general_context_create(pattern_arena_malloc, pattern_arena_free, arena);
	if (memory == NULL)
		return NULL;
	return pcre2_match_data_create(1, memory);
}

/*
 * Match in text[0, end) from start on.  On true the match is
 * text[*match_start, *match_end).
 */
static inline bool
pattern_match(const Pattern *pattern, pcre2_match_data *match_data, const char *text,
			  size_t end, size_t start, size_t *match_start, size_t *match_end)
{
	PCRE2_SIZE *ovector;

	if (pcre2_match(pattern->code, (PCRE2_SPTR) text, end, start, 0,
					match_data, pattern->context) < 0)
		return false;
	ovector = pcre2_get_ovector_pointer(match_data);
	*match_start = ovector[0];
	*match_end = ovector[1];
	return true;
}

#endif							/* WF_PATTERN_H */
