/*-------------------------------------------------------------------------
 *
 * test_scan_portable.c
 *	  The same as test_scan.c, for processors without SSE2.
 *
 *-------------------------------------------------------------------------
 */
#define WF_SCAN_PORTABLE

#include "test/unit/test_scan.c"
