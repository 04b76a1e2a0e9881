/*-------------------------------------------------------------------------
 *
 * wf_encoding.h
 *	  Text from outside into the database's encoding, never failing.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_ENCODING_H
#define WF_ENCODING_H

#include "core/wf_core.h"

/*
 * UTF-8 (verified by the caller, without NUL) as a NUL-terminated string in
 * the server encoding, in the current memory context.  Characters that the
 * encoding does not have become '?'.  Needs a transaction.
 */
extern char *wf_encoding_from_utf8(WfSlice utf8);

/* As above, cut to at most max_chars characters. */
extern char *wf_encoding_from_utf8_cut(WfSlice utf8, int max_chars);

#endif							/* WF_ENCODING_H */
