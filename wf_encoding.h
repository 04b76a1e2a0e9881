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

/*
 * As above, cut to at most max_chars characters; of SQL_ASCII, whose characters
 * are bytes, to as many bytes as make whole characters of UTF-8.
 */
extern char *wf_encoding_from_utf8_cut(WfSlice utf8, int max_chars);

/*
 * An e-mail address (UTF-8 as above) in a form that the database can hold: as it
 * is, or in lower case with its domain in ASCII.  Empty where the local part has a
 * character that the encoding does not have: a '?' in its place would make it
 * somebody else's address.  In the current memory context; needs a transaction.
 */
extern WfSlice wf_encoding_fit_address(WfSlice utf8);

/*
 * A URL or host name of the database as UTF-8, in the current memory context.
 * Bytes without a meaning there are percent-encoded: those that are not UTF-8 in a
 * database that does not know its encoding (SQL_ASCII), those of no character
 * elsewhere.  Needs a transaction.
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
