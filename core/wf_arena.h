/*-------------------------------------------------------------------------
 *
 * wf_arena.h
 *	  Bounded bump allocator: all memory of one piece of work, freed at once.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_ARENA_H
#define WF_ARENA_H

#include "wf_core.h"

typedef struct WfArena WfArena;

/*
 * Create an arena that hands out at most "limit" bytes in total.  NULL when
 * out of memory.  The caller frees it with wf_arena_free.
 */
extern WfArena *wf_arena_create(size_t limit);

/* Free the arena and all it handed out.  NULL is allowed. */
extern void wf_arena_free(WfArena *arena);

/* Forget all allocations but keep (one block of) the memory for reuse. */
extern void wf_arena_reset(WfArena *arena);

/*
 * "size" bytes, aligned for any type, contents undefined; NULL when the limit
 * would be exceeded or malloc fails.
 */
extern void *wf_arena_alloc(WfArena *arena, size_t size);

/* As wf_arena_alloc, filled with zeros. */
extern void *wf_arena_zalloc(WfArena *arena, size_t size);

/* Copy of a slice, NUL-terminated behind its length; data NULL on failure. */
extern WfSlice wf_arena_copy(WfArena *arena, WfSlice src);

/* Bytes handed out since creation or reset. */
extern size_t wf_arena_used(const WfArena *arena);

/*
 * Growable byte buffer in an arena (growth doubles; the old room is lost to
 * the arena until its reset).  Zero-initialise, then set arena.
 */
typedef struct WfBuffer
{
	WfArena    *arena;
	char	   *data;
	size_t		len;
	size_t		room;
} WfBuffer;

/* Make room for "more" bytes, so that as many can be appended without growth. */
extern WfStatus wf_buffer_reserve(WfBuffer *buf, size_t more);

extern WfStatus wf_buffer_append(WfBuffer *buf, const char *data, size_t len);
extern WfStatus wf_buffer_append_char(WfBuffer *buf, char c);

#endif							/* WF_ARENA_H */
