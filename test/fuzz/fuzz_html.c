/*-------------------------------------------------------------------------
 *
 * fuzz_html.c
 *	  libFuzzer: the tokenizer takes any bytes, goes forward with each token
 *	  and its tokens stay inside the input.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>
#include <string.h>

#include "core/wf_html.h"

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(bool condition)
{
	if (!condition)
		abort();
}

static void
check_inside(WfSlice part, WfSlice whole)
{
	if (part.len > 0)
		check(part.data >= whole.data && part.data + part.len <= whole.data + whole.len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	WfSlice		input = {(const char *) data, size};
	char	   *out = malloc(size + 1);
	WfHtml		html;
	WfHtmlToken token;
	size_t		last = 0;
	size_t		tokens = 0;

	wf_html_init(&html, input);
	while (wf_html_next(&html, &token))
	{
		WfSlice		rest = token.attributes;
		WfHtmlAttribute attribute;

		check(tokens == 0 || token.offset > last);
		last = token.offset;
		check(++tokens <= size);
		check_inside(token.text, input);
		check_inside(token.name, input);
		check_inside(token.attributes, input);
		if (token.type == WF_HTML_TEXT)
			check(wf_html_decode(token.text, false, out) <= token.text.len);
		while (wf_html_next_attribute(&rest, &attribute))
		{
			check_inside(attribute.name, token.attributes);
			check_inside(attribute.value, token.attributes);
			check(wf_html_decode(attribute.value, true, out) <= attribute.value.len);
		}
	}
	check(token.type == WF_HTML_EOF);
	free(out);
	return 0;
}
