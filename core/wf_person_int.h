/*-------------------------------------------------------------------------
 *
 * wf_person_int.h
 *	  What the files of the search for persons share.
 *
 * wf_person.c finds the name beside an address, wf_person_far.c one far from it,
 * wf_person_title.c the job title beside the name; wf_person_read.c reads the words of
 * a text, wf_person_form.c tells names from other words, wf_person_agree.c compares them
 * with a local part, wf_person_words.c has the words that all ask for.
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

/* Words of the longest name. */
#define WF_PERSON_NAME_WORDS	5

/* Letters of a local part that are initials. */
#define WF_PERSON_INITIALS	3

/* The tables of wf_person_words.h. */
typedef enum WfPersonWords
{
	WF_WORDS_PARTICLES,
	WF_WORDS_HONORIFICS,
	WF_WORDS_LABELS,
	WF_WORDS_TITLES,
	WF_WORDS_OFFICES,
	WF_WORDS_INTRODUCTIONS,
	WF_WORDS_INSTITUTIONS,
	WF_WORDS_CREDENTIALS
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

/* A word of the text around an address. */
typedef struct WfPersonWord
{
	size_t		start;
	size_t		end;
	int			line;			/* from the address, negative in front of it */
	bool		is_capital;		/* begins with a capital letter */
	bool		is_initial;		/* one letter, with or without a dot */
	bool		is_initials;	/* "J.R." */
	bool		is_joined;		/* only a space stands in front of it */
	bool		is_clue;		/* a part of the local part */
	bool		is_named;		/* behind the label "Name", or in the line below it */
	/* of those that may be of a name; see wf_person_classify */
	bool		is_particle;	/* von, de, … */
	bool		is_honorific;	/* Dr., Frau, … */
	bool		is_given;		/* a given name in our list */
	/* see wf_person_find_labels */
	bool		is_label;		/* in no name */
	bool		is_loud;		/* in capital letters */
} WfPersonWord;

/* How a name agrees with a local part. */
typedef enum WfAgreement
{
	WF_AGREES_NOT,
	WF_AGREES_BY_PLACE,			/* stands where the one who is meant stands */
	WF_AGREES_IN_FORM,			/* is a name, whoever's */
	WF_AGREES_IN_PART,			/* one name is the local part */
	WF_AGREES_JOINED,			/* both are, in full */
	WF_AGREES
} WfAgreement;

static inline WfSlice
wf_person_slice(WfSlice text, const WfPersonWord *w)
{
	return (WfSlice) {text.data + w->start, w->end - w->start};
}

/* in wf_person_read.c */

/* Words of text[from, to), as many as there is room for; their lines count from "line". */
extern int	wf_person_read(WfSlice text, size_t from, size_t to, int line, WfPersonWord *words,
						   int room);

/* Look words up, as far as they stand beside others with which they may make a name. */
extern void wf_person_classify(WfSlice text, WfPersonWord *words, int count);

/* The rest, which is asked of few: words that are in no name. */
extern void wf_person_find_labels(WfSlice text, WfPersonWord *words, int count);

/* Is the word, dots included, a form of address? */
extern bool wf_person_is_honorific(WfSlice word);

/* Is the line at "from", which ends before "to", one that moves nothing further away? */
extern bool wf_person_is_number_line(WfSlice text, size_t from, size_t to);

/* in wf_person_form.c */

/* Is one of the words a known given name; in no name; in capital letters? */
extern bool wf_person_has_given_name(const WfPersonWord *words, int count);
extern bool wf_person_has_label(const WfPersonWord *words, int count);
extern bool wf_person_has_loud(const WfPersonWord *words, int count);

/* Could these words, which stand together, be a name? */
extern bool wf_person_has_form(const WfPersonWord *words, int count);

/* Is the word the label of a name: "Name", "Nom"? */
extern bool wf_person_is_name_label(WfSlice word);

/* May the word stand in front of that label: "Full Name"? */
extern bool wf_person_qualifies_name(WfSlice word);

/* Of the word at "start" behind a name: the "Mark Twain Library" is nobody. */
extern bool wf_person_is_institution(WfSlice text, size_t start);

/* Is it a building or a church that has the name: "Anna Example Hall", "St. Anna Example"? */
extern bool wf_person_is_named_after(WfSlice text, const WfPersonWord *words, int count);

/* in wf_person_agree.c */

/* The letters of a local part, with which names are compared. */
typedef struct WfPersonLocal
{
	WfSlice		letters;
	uint32_t	mask;			/* of the letters that are in it */
	size_t		split;			/* letters in front of the last dot, dash or underscore */
	char		bytes[WF_PERSON_FOLDED];
} WfPersonLocal;

extern void wf_person_set_local(WfPersonLocal *local, WfSlice text);

/* Is the word, or a half of one with a dash, a part of the local part? */
extern bool wf_person_is_clue(const WfPersonLocal *local, WfSlice word);

/* How the words, a name if anything, agree with the local part. */
extern WfAgreement wf_person_compare(WfSlice text, const WfPersonLocal *local,
									 const WfPersonWord *words, int count);

/* in wf_person_words.c */

/* Is the word, in any case, in the table? */
extern bool wf_person_is_in(WfSlice word, WfPersonWords table);

/*
 * Lower-case base letters of a word, those of Greek and Cyrillic transcribed, all others
 * left out, in out, which has room for WF_PERSON_FOLDED bytes; "other": in the other of two
 * spellings, such as an umlaut in two letters.
 */
extern WfSlice wf_person_fold(WfSlice word, bool other, char *out);

/* Is it a letter, and a capital one? */
extern bool wf_person_is_capital(uint32_t cp);

/* Is it a given name in our list: Anne, and Anne-Marie? */
extern bool wf_person_is_given_name(WfSlice word);

/* The word that begins at i; dots, dashes and apostrophes inside belong to it. */
extern size_t wf_person_word_end(WfSlice text, size_t i, size_t limit);

extern bool wf_person_contains(WfSlice text, WfSlice part);

/* in wf_person_title.c */

/* Is it the end of many titles: "Einkaufsleiterin", "Datenschutzbeauftragter"? */
extern bool wf_person_ends_in_title(WfSlice word);

/*
 * The job title beside text[name_start, name_end): behind the name in its line, in
 * front of it, in the next line, in the one before; all of it but the address, which
 * begins at "address".  Empty: there is none.
 */
extern WfSlice wf_person_find_title(WfSlice text, size_t name_start, size_t name_end,
									size_t address);

/* Does a text beside a name say what the local part says? */
extern bool wf_person_is_role(WfSlice title, WfSlice letters);

/*
 * The role that the local part names, of which "letters" are the letters, in front of or
 * behind a name in its line, "City Clerk" beside cityclerk@, or all of the line in front
 * or behind.
 */
extern WfSlice wf_person_find_role(WfSlice text, size_t name_start, size_t name_end,
								   size_t address, WfSlice letters);

/* Is it all of the line in front of or behind that of a name? */
extern bool wf_person_is_role_line(WfSlice text, size_t name_start, size_t name_end,
								   WfSlice letters);

#endif							/* WF_PERSON_INT_H */
