/*-------------------------------------------------------------------------
 *
 * wf_cipher.h
 *	  Addresses that a page's scripts compose: the small disguises that site
 *	  systems and editors put around addresses.
 *
 * No JavaScript is run.  An evaluator of constant text follows string literals,
 * '+', variables and a handful of functions; the loops of the known ciphers are
 * recognised by their words and undone here.  All results are candidates: the
 * caller searches them for addresses, which have to be real.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_CIPHER_H
#define WF_CIPHER_H

#include "wf_arena.h"

/* Longer scripts are programs, not disguises. */
#define WF_MAX_CIPHER	(8 * 1024)

/* What the scripts of one page need; lives in its arena. */
typedef struct WfCipher WfCipher;

extern WfCipher *wf_cipher_create(WfArena *arena);

/* Quickly: can the script hold a disguised address? */
extern bool wf_cipher_is_suspect(WfSlice script);

/*
 * The texts that the script writes, one a line: clean or not, HTML or not, and
 * valid until the next call.  What is longer than the room for it is cut.
 */
extern WfSlice wf_cipher_script(WfCipher *cipher, WfSlice script);

/*
 * The same for a link, "javascript:…": TYPO3's linkTo_UnCryptMailto and its
 * relatives, whatever the shift is.
 */
extern WfSlice wf_cipher_link(WfCipher *cipher, WfSlice href);

/* The same for the text alone, as newer TYPO3 has it in an attribute. */
extern WfSlice wf_cipher_shifted(WfCipher *cipher, WfSlice text);

/*
 * Decode Cloudflare's hexadecimal form into out, which has room for hex.len / 2
 * bytes; false when it is none.
 */
extern bool wf_cipher_cloudflare(WfSlice hex, char *out, size_t *len);

/* rot13 of the letters, in place. */
extern void wf_cipher_rot13(char *data, size_t len);

#endif							/* WF_CIPHER_H */
