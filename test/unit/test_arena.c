/*-------------------------------------------------------------------------
 *
 * test_arena.c
 *	  core/wf_arena.c
 *
 *-------------------------------------------------------------------------
 */
#include "test/unit/unit.h"

static void
test_limit(void)
{
	WfArena    *arena = wf_arena_create(1024 * 1024);
	char	   *p = wf_arena_alloc(arena, 1);
	size_t		used;
	int			i;

	ok(p != NULL && (uintptr_t) p % 16 == 0, "allocations are aligned");
	ok(wf_arena_alloc(arena, 0) != NULL, "nothing is something");
	ok(wf_arena_alloc(arena, 2 * 1024 * 1024) == NULL, "more than the limit is refused");
	ok(wf_arena_alloc(arena, SIZE_MAX) == NULL, "as is all there is");
	used = wf_arena_used(arena);
	ok(wf_arena_alloc(arena, 500 * 1024) != NULL, "a large block");
	ok(wf_arena_used(arena) == used + 500 * 1024, "is counted");
	for (i = 0; i < 100000 && wf_arena_alloc(arena, 100) != NULL; i++)
		;
	ok(i > 4000 && i < 5000, "small ones fill the rest (%d)", i);
	wf_arena_reset(arena);
	is_int((long) wf_arena_used(arena), 0, "reset forgets all");
	p = wf_arena_zalloc(arena, 300 * 1024);
	ok(p != NULL && p[0] == 0 && p[300 * 1024 - 1] == 0, "zalloc zeroes");
	wf_arena_free(arena);
	wf_arena_free(NULL);
}

static void
test_buffer(void)
{
	WfArena    *arena = wf_arena_create(64 * 1024);
	WfBuffer	buf = {arena};
	int			i;

	for (i = 0; i < 5000; i++)
		wf_buffer_append_char(&buf, (char) ('a' + i % 26));
	ok(buf.len == 5000 && buf.data[4999] == 'a' + 4999 % 26, "a buffer grows");
	ok(wf_buffer_append(&buf, NULL, 0) == WF_OK, "nothing can be appended");
	while (wf_buffer_append(&buf, "0123456789", 10) == WF_OK)
		;
	ok(buf.len > 5000 && buf.len % 10 == 0 && buf.data[buf.len - 1] == '9',
	   "a full arena leaves it as it was");
	is(wf_arena_copy(arena, slice("")), "", "the empty slice can be copied");
	ok(wf_arena_copy(arena, (WfSlice) {buf.data, SIZE_MAX}).data == NULL, "too much cannot");
	wf_arena_free(arena);
}

int
main(void)
{
	test_limit();
	test_buffer();
	return done();
}
