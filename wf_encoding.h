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

/*
 * A URL or host name of the database as UTF-8, in the current memory context.
 * Where the database does not know its encoding (SQL_ASCII), bytes that are not
 * UTF-8 are percent-encoded.
 */
extern char *wf_encoding_to_utf8(const char *text);

/*
 * Text of any length in the server encoding as UTF-8, in the current memory
 * context; characters without equal become '?'.  Not for SQL_ASCII.
 */
extern WfSlice wf_encoding_to_utf8_lossy(WfSlice text);

/*
 * Copy a message of the server, cut between characters if it is too long.  The
 * result of _utf8 is UTF-8; needs no transaction, so that characters beyond
 * ASCII become '?' in other encodings.
 */
extern void wf_encoding_copy(char *dst, size_t size, const char *message);
extern void wf_encoding_copy_utf8(char *dst, size_t size, const char *message);

#endif							/* WF_ENCODING_H */
