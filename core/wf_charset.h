/*-------------------------------------------------------------------------
 *
 * wf_charset.h
 *	  Bytes of a page to UTF-8.
 *
 * The encoding is, first that applies (WHATWG Encoding and HTML standards):
 * byte order mark, charset of the Content-Type header, <meta> or XML
 * declaration, UTF-8 when the bytes are valid UTF-8, else windows-1252.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_CHARSET_H
#define WF_CHARSET_H

#include "wf_arena.h"

/*
 * Name of the encoding that a label ("latin1", "UTF8", "x-sjis") stands for,
 * in the spelling of the WHATWG Encoding standard; NULL when unknown.
 */
extern const char *wf_charset_name(WfSlice label);

/* Encoding of a page as by the rules above; never NULL. */
extern const char *wf_charset_detect(WfSlice body, WfSlice content_type);

/*
 * Decode a page.  *utf8 is valid UTF-8 without NUL and without byte order mark;
 * it points into body where that needs no change, else into the arena.  Bytes
 * that mean nothing become U+FFFD.  WF_ERR_NOMEM or WF_ERR_STOPPED; no input is
 * an error.
 */
extern WfStatus wf_charset_decode(WfArena *arena, WfSlice body, WfSlice content_type,
								  WfStop stop, WfSlice *utf8);

#endif							/* WF_CHARSET_H */
