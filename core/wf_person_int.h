/*-------------------------------------------------------------------------
 *
 * wf_person_int.h
 *	  What the files of the search for persons share.
 *
 * wf_person.c finds the name beside an address, wf_person_title.c the job title
 * beside the name, wf_person_words.c has the words that both ask for.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_PERSON_INT_H
#define WF_PERSON_INT_H

#include <string.h>

#include "wf_text.h"

/* How far from the address a name may stand, and a line goes on: bytes. */
#define WF_PERSON_BEFORE	600
#define WF_PERSON_BEHIND	250

/* Bytes of a word folded. */
#define WF_PERSON_FOLDED	48

/* The tables of wf_person_words.h. */
typedef enum WfPersonWords
{
	WF_WORDS_PARTICLES,
	WF_WORDS_HONORIFICS,
	WF_WORDS_LABELS,
	WF_WORDS_TITLES,
	WF_WORDS_GIVEN_NAMES,
	WF_WORDS_OFFICES,
	WF_WORDS_INTRODUCTIONS
} WfPersonWords;

static inline bool
wf_person_is_letter(char c)
{
	return wf_is_alpha(c) || (unsigned char) c >= 0xC3 ||
		((unsigned char) c >= 0x80 && (unsigned char) c < 0xC0);
}

/* A dash, quote or bullet beyond ASCII, but no apostrophe (U+2018, U+2019). */
static inline bool
wf_person_is_mark(WfSlice text, size_t i, size_t limit)
{
	return i + 2 < limit && (unsigned char) text.data[i] == 0xE2 &&
		(unsigned char) text.data[i + 1] == 0x80 &&
		(unsigned char) text.data[i + 2] != 0x98 && (unsigned char) text.data[i + 2] != 0x99;
}

static inline bool
wf_person_begins(WfSlice text, WfSlice head)
{
	return text.len >= head.len && memcmp(text.data, head.data, head.len) == 0;
}

/* in wf_person_words.c */

/* Is the word, in any case, in the table? */
extern bool wf_person_is_in(WfSlice word, WfPersonWords table);

/*
 * Lower-case base letters of a word, all others left out, in out, which has room for
 * WF_PERSON_FOLDED bytes; "german": an umlaut is two letters.
 */
extern WfSlice wf_person_fold(WfSlice word, bool german, char *out);

/* The word that begins at i; dots, dashes and apostrophes inside belong to it. */
extern size_t wf_person_word_end(WfSlice text, size_t i, size_t limit);

extern bool wf_person_contains(WfSlice text, WfSlice part);

/* in wf_person_title.c */

/*
 * The job title beside text[name_start, name_end): behind the name in its line, in
 * front of it, in the next line, in the one before; all of it but the address, which
 * begins at "address".  Empty: there is none.
 */
extern WfSlice wf_person_find_title(WfSlice text, size_t name_start, size_t name_end,
									size_t address);

/*
 * The role that the local part names, of which "letters" are the letters, in front of or
 * behind a name in its line: "City Clerk" beside cityclerk@.
 */
extern WfSlice wf_person_find_role(WfSlice text, size_t name_start, size_t name_end,
								   size_t address, WfSlice letters);

#endif							/* WF_PERSON_INT_H */
