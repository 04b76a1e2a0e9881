/*-------------------------------------------------------------------------
 *
 * test_html_portable.c
 *	  The same as test_html.c, with the tokenizer as it is for processors
 *	  without SSE2.
 *
 *-------------------------------------------------------------------------
 */
#define WF_SCAN_PORTABLE

#include "core/wf_html.c"
#include "core/wf_html_text.c"
#include "core/wf_text.c"

#include "test/unit/test_html.c"
