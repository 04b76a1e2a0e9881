/*-------------------------------------------------------------------------
 *
 * test_text.c
 *	  core/wf_text.c, and the names of core/wf_finding.c and wf_outcome.c
 *
 *-------------------------------------------------------------------------
 */
#include "test/unit/unit.h"

#include "core/wf_finding.h"
#include "core/wf_outcome.h"
#include "core/wf_text.h"

static void
test_words(void)
{
	static const WfSlice words[] = {{"tel", 3}, {"phone", 5}};

	ok(wf_text_is_one_of(WF_SLICE("Phone"), words, 2), "one of some words, in any case");
	ok(!wf_text_is_one_of(WF_SLICE("phones"), words, 2), "but no longer one");
	ok(!wf_text_is_one_of(WF_SLICE("phone"), words, 1) && !wf_text_is_one_of(WF_SLICE(""), words, 2),
	   "and none that is not there");
}

static void
test_characters(void)
{
	uint32_t	cp;
	bool		all = true;

	/* every scalar value survives encoding and decoding */
	for (cp = 1; cp <= 0x10FFFF; cp++)
	{
		char		s[4];
		uint32_t	back;
		int			len;

		if (cp >= 0xD800 && cp <= 0xDFFF)
			continue;
		len = wf_text_encode(cp, s);
		all = all && wf_text_decode(s, s + len, &back) == len && back == cp &&
			wf_text_clean_prefix((WfSlice) {s, len}) == (size_t) len;
	}
	ok(all, "every character survives");
	{
		char		s[4];

		ok(wf_text_encode(0xD800, s) == 3 && memcmp(s, "\xEF\xBF\xBD", 3) == 0,
		   "a surrogate is replaced");
		ok(wf_text_encode(0x110000, s) == 3, "as is what is beyond Unicode");
	}
}

static void
sanitized(const char *bytes, size_t len, const char *expected, const char *name)
{
	WfArena    *arena = wf_arena_create(1024 * 1024);
	char	   *copy = malloc(len);	/* exact, for AddressSanitizer */
	WfSlice		out;

	memcpy(copy, bytes, len);
	if (wf_text_sanitize(arena, (WfSlice) {copy, len}, NULL, &out) == WF_OK)
		is(out, expected, name);
	else
		ok(false, "%s", name);
	free(copy);
	wf_arena_free(arena);
}

#define SANITIZED(bytes, expected) sanitized(bytes, sizeof(bytes) - 1, expected, #bytes)

/* Replacement of maximal subparts: the examples of Unicode 15, table 3-8 ff. */
static void
test_sanitize(void)
{
	WfArena    *arena = wf_arena_create(1024);
	WfSlice		text = slice("plain");
	WfSlice		out;
	sig_atomic_t stop = 1;
	WfSlice		large = repeat("a\xFF", 100000);

	SANITIZED("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41",
			  "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD" "A");
	SANITIZED("\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41",
			  "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD" "A");
	SANITIZED("\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42",
			  "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD" "A\uFFFD\uFFFD" "B");
	SANITIZED("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41", "\uFFFD\uFFFD\uFFFD\uFFFD" "A");
	SANITIZED("a\0b\0", "ab");
	SANITIZED("0123456789012345678901234567890123456789\0x", "0123456789012345678901234567890123456789x");
	SANITIZED("\xE2\x82", "\uFFFD");
	SANITIZED("\xF0\x9F\x98\x80", "\U0001F600");

	ok(wf_text_sanitize(arena, text, NULL, &out) == WF_OK && out.data == text.data,
	   "clean text is not copied");
	ok(wf_text_sanitize(arena, large, NULL, &out) == WF_ERR_NOMEM, "a small arena is full");
	ok(wf_text_sanitize(arena, large, &stop, &out) == WF_ERR_STOPPED, "it can be stopped");
	free((void *) large.data);
	wf_arena_free(arena);
}

static void
test_helpers(void)
{
	WfArena    *arena = wf_arena_create(64 * 1024);
	char		lower[] = "ABCxyz\xC3\x84@[`{";
	char		out[64];

	is(wf_text_trim(slice(" \t\r\n a b \f")), "a b", "trim");
	is(wf_text_trim(slice("  ")), "", "trim of nothing");
	is(wf_text_collapse(arena, slice("  a \n\t b  c "), 100), "a b c", "collapse");
	is(wf_text_collapse(arena, slice(" \n "), 100), "", "collapse of nothing");
	is(wf_text_collapse(arena, slice("ab\xC3\xA4"), 3), "ab", "collapse cuts at a character");
	is(wf_text_collapse(arena, slice("ab\xC3\xA4z"), 4), "ab\xC3\xA4", "and only there");
	is(wf_text_collapse(arena, slice("\xF0\x9F\x98\x80z"), 3), "", "even if nothing is left");
	is(wf_text_truncate(slice("a\xC3\xA4"), 2), "a", "truncate at a character");
	is(wf_text_truncate(slice("a\xC3\xA4"), 3), "a\xC3\xA4", "truncate nothing");
	is(wf_text_truncate(slice("\xE2\x82\xAC"), 2), "", "truncate all");
	is_int(wf_text_char_count(slice("a\xC3\xA4\xF0\x9F\x98\x80")), 3, "characters are counted");
	is_int(wf_text_step_back(slice("a\xC3\xA4z"), 3, 1), 1, "a step back");
	is_int(wf_text_step_back(slice("a\xC3\xA4z"), 3, 9), 0, "as far as it goes");
	is_int(wf_text_step_forth(slice("a\xC3\xA4z"), 1, 1), 3, "a step forth");
	wf_text_lower(lower, strlen(lower));
	is(slice(lower), "abcxyz\xC3\x84@[`{", "only ASCII letters are folded");
	ok(wf_text_equal_nocase(slice("MailTo"), slice("mAILtO")), "equal but for case");
	ok(!wf_text_equal_nocase(slice("a"), slice("ab")), "not equal");
	ok(wf_text_starts_nocase(slice("TEL:1"), slice("tel:")), "starts with");
	ok(!wf_text_starts_nocase(slice("te"), slice("tel:")), "too short to start with");
	ok(wf_text_equal(WF_SLICE_EMPTY, slice("")), "empty slices are equal");
	is((WfSlice) {out, wf_text_percent_decode(slice("%20a%4x%4"), out)}, " a%4x%4", "percent-decode");
	is((WfSlice) {out, wf_text_percent_decode(slice("%4a%"), out)}, "J%", "percent at the end");
	wf_arena_free(arena);
}

static void
test_names(void)
{
	bool		all = true;
	int			i;

	is(slice(wf_finding_kind_name(WF_KIND_FAX)), "fax", "a kind");
	is(slice(wf_finding_source_name(WF_SOURCE_LINK)), "link", "a source");
	ok(wf_finding_kind_name(0) == NULL && wf_finding_kind_name(WF_KIND_LAST + 1) == NULL &&
	   wf_finding_source_name(-1) == NULL, "no other kinds and sources");
	for (i = 0; i < WF_OUTCOME_COUNT; i++)
		all = all && wf_outcome_name(i) != NULL && strcmp(wf_outcome_name(i), "unknown") != 0;
	ok(all, "every outcome has a name");
	is(slice(wf_outcome_name(WF_OUTCOME_COUNT)), "unknown", "no other has");
	ok(wf_outcome_is_retryable(WF_OUTCOME_TIMEOUT) && wf_outcome_is_retryable(WF_OUTCOME_INTERNAL) &&
	   !wf_outcome_is_retryable(WF_OUTCOME_OK) && !wf_outcome_is_retryable(WF_OUTCOME_PROTOCOL) &&
	   !wf_outcome_is_retryable(-1), "some are retried");
}

/* Texts that are looked at in pieces. */
static void
test_long_text(void)
{
	WfSlice		text = repeat("a\xE2\x82\xAC", 100000);
	sig_atomic_t stop = 1;

	is_int((long) wf_text_long_clean_prefix(text, NULL), (long) text.len, "a long clean text");
	((char *) text.data)[300001] = '\xFF';
	is_int((long) wf_text_long_clean_prefix(text, NULL), 300001, "up to what is not clean");
	ok(wf_text_long_clean_prefix(text, &stop) < text.len, "or until stopped");
	free((void *) text.data);
}

int
main(void)
{
	test_words();
	test_characters();
	test_sanitize();
	test_helpers();
	test_names();
	test_long_text();
	return done();
}
