/*-------------------------------------------------------------------------
 *
 * work.c
 *	  Extraction does work in proportion to its input, whatever that is.
 *
 * Work is counted, not timed: core/ is compiled so that every basic block calls
 * __sanitizer_cov_trace_pc, and the functions of the C library that walk memory
 * are replaced by ones that add the bytes they walked (see unit.mk).  A page
 * made of a repeated text and its double are compared: twice the input must not
 * take much more than twice the work, and no byte more than WORK_PER_BYTE.
 *
 *-------------------------------------------------------------------------
 */
#define _GNU_SOURCE				/* memmem */
#include "test/unit/unit.h"

#include "core/wf_page.h"

#define ARENA_LIMIT		((size_t) 64 * 1024 * 1024)
#define PAGE_BYTES		(128 * 1024)	/* two windows of text, so that both halves search one */
#define WORK_PER_BYTE	600
#define MAX_GROWTH		2.2

/* A page is head, body as often as needed, tail. */
typedef struct Trap
{
	const char *head;
	const char *body;
	const char *tail;
} Trap;

static const Trap traps[] = {
	/* the tokenizer: what is never closed, what looks like an end */
	{"", "<", ""}, {"", "<!--", ""}, {"", "<!-- -", ""}, {"", "<a ", ""}, {"", "<a b=\"", ""},
	{"", "<a b='>' ", ""}, {"", "<a b=\">\"", ""}, {"", "<a b=\">\" c='<p>", ""},
	{"", "</a b='", ""}, {"<a", " b", ""}, {"<a", " b=", ""}, {"<a", " b=''", ""},
	{"<a", " b=\"\"", ">"}, {"<a b=", "=", ">"}, {"<a ", "/", ">"}, {"<a href=\"", "x", ""},
	{"<", "a", ">"}, {"", "<p", ""}, {"", "<p/", ""}, {"", "<p =", ""}, {"", "</", ""},
	{"", "<?", ""}, {"", "<!", ""}, {"", "<!-->", ""},
	{"", "=\"", ""}, {"", ">", ""}, {"", "-->", ""}, {"", "--!", ""},
	{"<!--", "-", ""}, {"<!--", "->", ""}, {"<!--", "--!", ""}, {"", "<x>", ""},
	{"", "<script>", ""}, {"", "<script></script", ""}, {"", "<script><!--<script>", ""},
	{"", "<script><!--<script></script>", ""}, {"<script><!--", "<script></script>", ""},
	{"", "<style>", ""}, {"", "<style></styl", ""}, {"", "<title>", ""},
	{"", "<textarea></", ""}, {"", "<xmp><", ""}, {"", "<pre>", ""}, {"", "<meta charset=x>", ""},
	/* text and references */
	{"", "&", ""}, {"", "&#", ""}, {"", "&#1", ""}, {"&#", "1", ""}, {"", "&a", ""},
	{"&", "a", ""}, {"", "&notin", ""}, {"", "&#64;", ""}, {"", "&#49;", ""}, {"", "&nbsp;", ""},
	{"", "\xC2\xA0", ""}, {"", "\xE2\x80\x8B", ""}, {"", "\xE2", ""}, {"", "x\xFF", ""},
	{"", " ", ""}, {"", "\n", ""}, {"", "<b>1</b>", ""}, {"", "<td>1", ""},
	/* addresses */
	{"x", ".a", "@"}, {"a@", "a-", ""}, {"a@", "a.", ""}, {"", "@", ""}, {"", "a@", ""},
	{"", ".@", ""}, {"", "a@b.", ""}, {"", "a@example.org ", ""}, {"", "a@example.org", ""},
	{"", "<b>a@example.org</b>x", ""}, {"", "<a>a@example.org</a>", ""}, {"", "moc.x@y", ""},
	{"", "\xC3\xA4@", ""}, {"a@", "\xC3\xA4", ""}, {"", "\xE4\xB8\xAD@", ""},
	{"", "http://", "a@example.org"}, {"", "<img alt=@>", ""},
	/* disguises */
	{"", "(at)", ""}, {"", "a(at)", ""}, {"", " at ", ""}, {"", "a at b dot ", ""},
	{"", "a (at) b (dot) ", ""}, {"", "(", ""}, {"", "[ ", ""}, {"", "%40", ""}, {"", "a @ ", ""},
	{"x at ", "a dot ", ""}, {"", "dot", "@"}, {"a(at)", "dot", ""},
	/* links */
	{"", "<a href='mailto:", ""}, {"<a href='mailto:", "a@example.org,", "'>"},
	{"", "<a href='mailto:a@example.org,", ""}, {"<a href='mailto:", "%40", "'>"},
	{"<a href='", "mailto:", "'>"}, {"<a href='mailto:a@example.org?", "cc=", "'>"},
	{"", "<p class=vcard>", ""}, {"<p class=vcard>", "<b>", ""}, {"", "<b class='vcard adr'></b>", ""},
	{"", "<b class=vcard itemref='i j'></b>", ""}, {"<b class=vcard itemref=i></b>", "<b i=i>", ""},
	{"<p class=vcard>", "<b class='fn email tel'>x", ""}, {"<p class=vcard>", "<b class=email>x</b>", ""},
	{"@", "schema.org ", ""}, {"@", "<b class=cards>", ""}, {"@", "<li>", ""}, {"", "<tr>a@example.org", ""},
	{"", "<a href=tel:1>", ""}, {"<a href=tel:", "1", ">"},
	{"", "<a href='&#109;ailto:%40%40'>", ""}, {"", "<a href=https://x.com/a>", ""},
	{"", "<a data-cfemail=00112233>[", ""}, {"", "<a href=/email-protection#0011>", ""},
	/* numbers */
	{"", "1", ""}, {"", "1 ", ""}, {"", "1-", ""}, {"", "+1", ""}, {"", "+1 ", ""}, {"", "(1", ""},
	{"", "(1)", ""}, {"", "1/1 ", ""}, {"", "12 34 ", ""}, {"", "202-555-0143 ", ""},
	{"", "Tel 202-555-0143 ", ""}, {"", "+44 20 7946 0018 ", ""}, {"", "1-800-FLOWERS ", ""},
	{"", "12345 Town ", ""}, {"", "2020-01-01 ", ""}, {"", "\xD9\xA1", ""}, {"tel", " tel", " 1"},
	/* names beside addresses */
	{"", "John Smith, ", "a@example.org"}, {"", "John Smith a@example.org ", ""},
	{"", "<tr><td>Anna Example<td>Peter Example<tr><td>a@example.org<td>b@example.org</tr>", ""},
	{"", "<i class=fa-phone></i> 2025550143 ", ""}, {"", "2025550143 ", ""},
	{"(202) 555-0123 ", "\n555-0124", ""}, {"", "Name\n", "info@example.org"},
	{"", "202-555-0123<br>Ext. 1<br>", ""},
	{"", "<td>John Smith<td>j.smith@example.org<tr>", ""}, {"", "A. ", "a@example.org"},
	/* scripts */
	{"<script type=application/ld+json>", "[", "</script>"},
	{"<script type=application/ld+json>", "{\"a\":", "</script>"},
	{"<script type=application/ld+json>", "{\"email\":\"a@example.org\"},", "</script>"},
	{"<script type=application/ld+json>", "\"\\\\", "</script>"},
	{"<script type=application/ld+json>", "/*", "</script>"},
	{"<script>document.write(", "'a@'+", ")</script>"},
	{"<script>document.write('@');", "eval(", "</script>"},
	{"<script>document.write('@');", "(", "</script>"},
	{"<script>document.write(String.fromCharCode(", "64,", "))</script>"},
	{"<script>document.write('@');", "var a='b';", "</script>"},
	{"<script>document.write('@');", "a+=a;", "</script>"},
	{"<script>eval(unescape('", "%40", "'))</script>"}
};

static uint64_t work;

/* Called by every basic block of core/. */
extern void __sanitizer_cov_trace_pc(void);

void
__sanitizer_cov_trace_pc(void)
{
	work++;
}

/*
 * The linker gives the calls of core/ to these (--wrap); __real_… are the C
 * library's.  A word walked by the library counts about as much as a block.
 */
#define BYTES_PER_BLOCK 8

extern void *__real_memchr(const void *s, int c, size_t n);
extern void *__wrap_memchr(const void *s, int c, size_t n);
extern void *__real_memmem(const void *s, size_t n, const void *needle, size_t len);
extern void *__wrap_memmem(const void *s, size_t n, const void *needle, size_t len);
extern void *__real_memcpy(void *to, const void *from, size_t n);
extern void *__wrap_memcpy(void *to, const void *from, size_t n);
extern void *__real_memmove(void *to, const void *from, size_t n);
extern void *__wrap_memmove(void *to, const void *from, size_t n);
extern void *__real_memset(void *to, int c, size_t n);
extern void *__wrap_memset(void *to, int c, size_t n);

void *
__wrap_memchr(const void *s, int c, size_t n)
{
	char	   *found = __real_memchr(s, c, n);

	work += (found != NULL ? (size_t) (found - (const char *) s) : n) / BYTES_PER_BLOCK;
	return found;
}

void *
__wrap_memmem(const void *s, size_t n, const void *needle, size_t len)
{
	char	   *found = __real_memmem(s, n, needle, len);

	work += (found != NULL ? (size_t) (found - (const char *) s) : n) / BYTES_PER_BLOCK;
	return found;
}

void *
__wrap_memcpy(void *to, const void *from, size_t n)
{
	work += n / BYTES_PER_BLOCK;
	return __real_memcpy(to, from, n);
}

void *
__wrap_memmove(void *to, const void *from, size_t n)
{
	work += n / BYTES_PER_BLOCK;
	return __real_memmove(to, from, n);
}

void *
__wrap_memset(void *to, int c, size_t n)
{
	work += n / BYTES_PER_BLOCK;
	return __real_memset(to, c, n);
}

static WfExtractor *extractor;
static WfArena *arena;

/* The trap with about so many bytes of its body. */
static WfSlice
make_page(const Trap *trap, size_t bytes)
{
	size_t		head = strlen(trap->head);
	size_t		body = strlen(trap->body);
	size_t		tail = strlen(trap->tail);
	size_t		count = bytes / body;
	char	   *page = malloc(head + count * body + tail);
	size_t		i;

	memcpy(page, trap->head, head);
	for (i = 0; i < count; i++)
		memcpy(page + head + i * body, trap->body, body);
	memcpy(page + head + count * body, trap->tail, tail);
	return (WfSlice) {page, head + count * body + tail};
}

static uint64_t
work_of(const Trap *trap, size_t bytes)
{
	WfPageInput in = {make_page(trap, bytes)};
	WfFindings	findings;
	uint64_t	done;
	WfStatus	status;

	in.default_region = "US";
	wf_arena_reset(arena);
	work = 0;
	status = wf_page_extract(extractor, arena, &in, &findings);
	done = work;
	free((void *) in.body.data);
	return status == WF_OK ? done : UINT64_MAX;
}

int
main(void)
{
	size_t		i;

	extractor = wf_extractor_create();
	arena = wf_arena_create(ARENA_LIMIT);
	ok(work_of(&traps[0], PAGE_BYTES) > PAGE_BYTES / 16, "work is counted");
	for (i = 0; i < sizeof(traps) / sizeof(traps[0]); i++)
	{
		uint64_t	once = work_of(&traps[i], PAGE_BYTES);
		uint64_t	twice = work_of(&traps[i], 2 * PAGE_BYTES);
		double		per_byte = (double) twice / (2 * PAGE_BYTES);
		double		growth = (double) twice / (double) once;

		ok(per_byte <= WORK_PER_BYTE && growth <= MAX_GROWTH,
		   "%s%s...%s: %.1f blocks a byte, twice the input takes %.2f of the work",
		   traps[i].head, traps[i].body, traps[i].tail, per_byte, growth);
	}
	wf_arena_free(arena);
	wf_extractor_free(extractor);
	return done();
}
