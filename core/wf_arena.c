/*-------------------------------------------------------------------------
 *
 * wf_arena.c
 *	  Bounded bump allocator and growable buffers.
 *
 * An arena is a list of blocks, newest first.  Small requests are cut from
 * the newest block; a request larger than a block gets one of its own behind
 * the newest, so that the room left there stays usable.  Under AddressSanitizer
 * every request gets a block of its own: an overrun then hits a red zone.
 *
 *-------------------------------------------------------------------------
 */
#include "wf_arena.h"

#include <stdlib.h>
#include <string.h>

#define ALIGNMENT	16
#define BLOCK_ROOM	(64 * 1024 - 64)

#if defined(__SANITIZE_ADDRESS__)
#define SEPARATE_BLOCKS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SEPARATE_BLOCKS 1
#endif
#endif
#ifndef SEPARATE_BLOCKS
#define SEPARATE_BLOCKS 0
#endif

typedef struct Block
{
	struct Block *next;
	size_t		room;			/* bytes behind the header */
	size_t		used;
	size_t		pad;			/* keeps the header a multiple of ALIGNMENT */
} Block;

struct WfArena
{
	Block	   *newest;			/* NULL before the first request */
	size_t		limit;
	size_t		used;
};

static Block *
block_create(size_t room)
{
	Block	   *block = malloc(sizeof(Block) + room);

	if (block == NULL)
		return NULL;
	block->next = NULL;
	block->room = room;
	block->used = 0;
	return block;
}

WfArena *
wf_arena_create(size_t limit)
{
	WfArena    *arena = malloc(sizeof(WfArena));

	if (arena == NULL)
		return NULL;
	arena->newest = NULL;
	arena->limit = limit;
	arena->used = 0;
	return arena;
}

void
wf_arena_free(WfArena *arena)
{
	if (arena == NULL)
		return;
	wf_arena_reset(arena);
	free(arena->newest);
	free(arena);
}

void
wf_arena_reset(WfArena *arena)
{
	Block	   *keep = NULL;
	Block	   *block = arena->newest;

	while (block != NULL)
	{
		Block	   *next = block->next;

		if (keep == NULL && block->room == BLOCK_ROOM && !SEPARATE_BLOCKS)
			keep = block;
		else
			free(block);
		block = next;
	}
	if (keep != NULL)
	{
		keep->next = NULL;
		keep->used = 0;
	}
	arena->newest = keep;
	arena->used = 0;
}

/* Put a block of its own for a large request into the list. */
static void *
alloc_separate(WfArena *arena, size_t size)
{
	Block	   *block = block_create(size);

	if (block == NULL)
		return NULL;
	block->used = size;
	if (arena->newest == NULL)
		arena->newest = block;
	else
	{
		block->next = arena->newest->next;
		arena->newest->next = block;
	}
	arena->used += size;
	return block + 1;
}

void *
wf_arena_alloc(WfArena *arena, size_t size)
{
	size_t		rounded;
	Block	   *block = arena->newest;
	void	   *result;

	if (size > arena->limit)
		return NULL;
	rounded = (size + ALIGNMENT - 1) & ~(size_t) (ALIGNMENT - 1);
	if (rounded == 0)
		rounded = ALIGNMENT;
	if (rounded < size || rounded > arena->limit - arena->used)
		return NULL;

	if (SEPARATE_BLOCKS)
	{
		/* the exact size, so that the red zone begins at its end */
		result = alloc_separate(arena, size > 0 ? size : 1);
		if (result != NULL)
			arena->used += rounded - (size > 0 ? size : 1);
		return result;
	}
	if (rounded > BLOCK_ROOM / 4)
		return alloc_separate(arena, rounded);
	if (block == NULL || block->room - block->used < rounded)
	{
		block = block_create(BLOCK_ROOM);
		if (block == NULL)
			return NULL;
		block->next = arena->newest;
		arena->newest = block;
	}
	result = (char *) (block + 1) + block->used;
	block->used += rounded;
	arena->used += rounded;
	return result;
}

void *
wf_arena_zalloc(WfArena *arena, size_t size)
{
	void	   *result = wf_arena_alloc(arena, size);

	if (result != NULL)
		memset(result, 0, size);
	return result;
}

WfSlice
wf_arena_copy(WfArena *arena, WfSlice src)
{
	char	   *copy;
	WfSlice		result = WF_SLICE_EMPTY;

	if (src.len == SIZE_MAX)
		return result;
	copy = wf_arena_alloc(arena, src.len + 1);
	if (copy == NULL)
		return result;
	if (src.len > 0)
		memcpy(copy, src.data, src.len);
	copy[src.len] = '\0';
	result.data = copy;
	result.len = src.len;
	return result;
}

size_t
wf_arena_used(const WfArena *arena)
{
	return arena->used;
}

WfStatus
wf_buffer_reserve(WfBuffer *buf, size_t more)
{
	size_t		room = buf->room;
	char	   *data;

	if (more <= buf->room - buf->len)
		return WF_OK;
	if (more > SIZE_MAX / 2 - buf->len)
		return WF_ERR_NOMEM;
	if (room < 64)
		room = 64;
	while (room < buf->len + more)
		room *= 2;
	data = wf_arena_alloc(buf->arena, room);
	if (data == NULL)
	{
		/* doubling did not fit; exactly what is needed still may */
		room = buf->len + more;
		data = wf_arena_alloc(buf->arena, room);
		if (data == NULL)
			return WF_ERR_NOMEM;
	}
	if (buf->len > 0)
		memcpy(data, buf->data, buf->len);
	buf->data = data;
	buf->room = room;
	return WF_OK;
}

WfStatus
wf_buffer_append(WfBuffer *buf, const char *data, size_t len)
{
	WfStatus	status = wf_buffer_reserve(buf, len);

	if (status != WF_OK)
		return status;
	if (len > 0)
		memcpy(buf->data + buf->len, data, len);
	buf->len += len;
	return WF_OK;
}

WfStatus
wf_buffer_append_char(WfBuffer *buf, char c)
{
	return wf_buffer_append(buf, &c, 1);
}
