/*-------------------------------------------------------------------------
 *
 * test_scan.c
 *	  core/wf_scan.h against the plainest way to say the same.
 *
 *-------------------------------------------------------------------------
 */
#include "test/unit/unit.h"

#include "core/wf_scan.h"

/* Every byte value at every place of a block. */
static void
test_blocks(void)
{
	char		bytes[WF_BLOCK_BYTES];
	char		copy[WF_BLOCK_BYTES];
	bool		equal = true;
	bool		between = true;
	bool		high = true;
	int			value;
	int			at;

	for (value = 0; value < 256; value++)
	{
		for (at = 0; at < WF_BLOCK_BYTES; at++)
		{
			WfBits		bit = 1u << at;
			WfBlock		block;

			memset(bytes, value ^ 0x55, sizeof(bytes));
			bytes[at] = (char) value;
			block = wf_block_load(bytes);
			equal = equal && wf_block_equal(block, (char) value) == bit;
			between = between && wf_block_between(block, (unsigned char) value,
												  (unsigned char) value) == bit;
			memset(bytes, 'x', sizeof(bytes));
			bytes[at] = (char) value;
			block = wf_block_load(bytes);
			between = between && wf_block_between(block, '0', '9') ==
				(value >= '0' && value <= '9' ? bit : 0);
			high = high && wf_block_high(block) == (value >= 0x80 ? bit : 0);
			wf_block_store(copy, block);
			equal = equal && memcmp(copy, bytes, sizeof(bytes)) == 0;
		}
	}
	ok(equal, "equal bytes");
	ok(between, "bytes of a range");
	ok(high, "bytes beyond ASCII");
	is_int(wf_bits_first(0x8000), 15, "the last bit is found");
	is_int(wf_bits_before(16), 0xFFFF, "all bits");
	is_int(wf_bits_before(0), 0, "no bit");
}

static void
test_wide(void)
{
	char		bytes[WF_WIDE_BYTES];
	bool		clean = true;
	bool		equal = true;
	int			value;
	int			at;

	for (value = 0; value < 256; value++)
	{
		for (at = 0; at < WF_WIDE_BYTES; at++)
		{
			WfWide		wide;

			memset(bytes, 0x7F, sizeof(bytes));
			bytes[at] = (char) value;
			wide = wf_wide_load(bytes);
			clean = clean && wf_wide_is_clean_ascii(&wide) == (value > 0 && value < 0x80);
			equal = equal && (value == 0x7F || wf_wide_equal(&wide, (char) value) ==
							  UINT64_C(1) << at);
		}
	}
	ok(clean, "clean ASCII");
	ok(equal, "equal bytes of a wide block");
	is_int(wf_wide_first(UINT64_C(1) << 63), 63, "the last bit is found");
}

/* Inputs of every length end at the end of their memory. */
static void
test_searches(void)
{
	static const char needle[] = "a@b";
	bool		near = true;
	bool		find = true;
	size_t		len;
	size_t		at;

	for (len = 0; len < 150; len++)
	{
		char	   *bytes = malloc(len > 0 ? len : 1);
		const char *end = bytes + len;

		memset(bytes, 'a', len);
		near = near && wf_scan_near(bytes, end, 'x') == NULL;
		find = find && wf_scan_find(bytes, end, needle, 3) == NULL;
		for (at = 0; at < len; at++)
		{
			bytes[at] = 'x';
			bytes[len - 1] = 'x';
			near = near && wf_scan_near(bytes, end, 'x') == bytes + at;
			memset(bytes, 'a', len);
			if (at + 3 > len)
				continue;
			memcpy(bytes + at, needle, 3);
			find = find && wf_scan_find(bytes, end, needle, 3) == bytes + at;
			memset(bytes, 'a', len);
		}
		free(bytes);
	}
	ok(near, "a byte, near or far");
	ok(find, "a word");
}

/* What is looked for must be whole in front of the end, whatever may be read. */
static void
test_within(void)
{
	static const WfSlice needles[] = {{"a@b", 3}, {"cd", 2}};
	bool		within = true;
	size_t		len;
	size_t		at;

	for (len = 3; len < 150; len++)
	{
		char	   *bytes = malloc(len);

		for (at = 0; at + 3 <= len; at++)
		{
			size_t		end;

			memset(bytes, 'a', len);
			memcpy(bytes + at, needles[0].data, 3);
			for (end = 0; end <= len; end++)
				within = within && wf_scan_any_within(bytes, bytes + end, bytes + len, needles, 2) ==
					(at + 3 <= end ? bytes + at : NULL);
		}
		free(bytes);
	}
	ok(within, "one of two words");
}

int
main(void)
{
	test_blocks();
	test_wide();
	test_searches();
	test_within();
	return done();
}
