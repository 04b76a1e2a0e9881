/*-------------------------------------------------------------------------
 *
 * wf_phone_int.h
 *	  Shared by the files of the phone recogniser: runs of digits with what
 *	  is between them, and the words around them.  For wf_phone*.c only.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_PHONE_INT_H
#define WF_PHONE_INT_H

#include "wf_phone.h"
#include "wf_phone_number.h"

#define WF_RUN_MAX		96		/* characters of a run */
#define WF_RUN_DIGITS	64		/* of one run; a longer one is no number */

/* Digits of the shortest numbers, "13 12 50"; only with a label. */
#define WF_MIN_SHORT	5

/*
 * Digits and the punctuation between them, each character as its ASCII
 * likeness: '0'..'9', '+', '-', '_' (a wide dash), ' ', '.', '/', '(', ')',
 * '[', ']', '~'.  at[i] is where character i is in the text, at[count] the end.
 */
typedef struct WfRun
{
	int			count;
	int			digits;
	bool		too_long;
	char		c[WF_RUN_MAX];
	size_t		at[WF_RUN_MAX + 1];
} WfRun;

/* What a word near a number says of it. */
typedef enum WfLabel
{
	WF_LABEL_NONE,
	WF_LABEL_PHONE,
	WF_LABEL_FAX,
	WF_LABEL_OTHER				/* an order number, a bank account, ... */
} WfLabel;

#define WF_MAX_GROUPS		8
#define WF_MAX_EXCHANGES	8		/* digits behind an area's code on the page */
#define WF_MAX_VOTES		8		/* countries told from numbers on the page */
typedef struct WfVote
{
	const WfPhonePlan *plan;
	int			count;
} WfVote;

struct WfPhoneScan
{
	const WfPhonePlan *hints[WF_HINT_COUNT];
	const WfPhonePlan *last_resort;
	char		language[3];	/* of the page, lower case; "" where it is not told */
	WfVote		votes[WF_MAX_VOTES];
	const WfPhonePlan *place;	/* of the addresses of this text */
	bool		place_known;
	const WfPhonePlan *page_place;	/* of those of all texts so far */
	bool		places_differ;
	bool		area_known;		/* of the text: the next two are set */
	char		area[3];		/* the one North American area's code; 0 none */
	int			exchange_count;
	char		exchanges[WF_MAX_EXCHANGES][3]; /* of its numbers */
	WfPhoneMarkup markup;		/* NULL: the text is of no page */
	void	   *markup_arg;
	size_t		marked_at;		/* where it was asked for last */
	bool		has_guess;		/* a value was taken of which nothing told the country */
	size_t		last_end;		/* of the last number in this text */
	WfLabel		last_label;
	size_t		last_start;		/* of the last number that is written in full */
	size_t		last_stop;
	size_t		last_len;		/* of last_value; 0 when no list may follow */
	char		last_value[20];	/* of the last number: '+' and its digits */
	int			last_tail;		/* digits of its last group as written; 0: not known */
};

/* A part of a run as a number. */
typedef struct WfAttempt
{
	const char *c;				/* the characters, from a digit or lead on */
	int			count;
	bool		plus;
	bool		is_value;		/* said to be a number, by its place */
	WfLabel		label;
	WfSlice		text;			/* around it, whose lines may name a country */
	size_t		start;			/* in text */
	int			groups[WF_MAX_GROUPS];
	int			group_count;
	WfSlice		digits;
	char		buffer[WF_PHONE_DIGITS];
} WfAttempt;

/*
 * wf_phone_resolve.c
 */

/* Set what follows from c and count; false when they cannot be a number. */
extern bool wf_attempt_set(WfAttempt *a);

/* The number of an attempt; false when it is none, or not likely to be one. */
extern bool wf_attempt_resolve(WfPhoneScan *scan, const WfAttempt *a, WfPhoneNumber *number);

/* Does the page tell its country by more than a language? */
extern bool wf_phone_knows_country(const WfPhoneScan *scan);

/* The plan of the place of a text, which counts for the page, too; or NULL. */
extern const WfPhonePlan *wf_phone_note_place(WfPhoneScan *scan, WfSlice text);

/* The plan of the country that numbers without code are most likely of; or NULL. */
extern const WfPhonePlan *wf_phone_home(const WfPhoneScan *scan);

/* Is what labels the number right in front of it?  For one that nothing else supports. */
extern bool wf_attempt_is_labelled(const WfAttempt *a);

/* A number with the code of its country was found. */
extern void wf_phone_vote(WfPhoneScan *scan, const WfPhonePlan *plan);

/* Is it a number people put where they have none? */
extern bool wf_phone_is_placeholder(WfSlice digits);

extern void wf_phone_set_value(const WfPhoneNumber *number, WfSlice extension, WfPhone *phone);

/*
 * wf_phone_run.c
 */

/* Where the next digit is, at or behind pos; text.len when there is none. */
extern size_t wf_run_find(WfSlice text, size_t pos);

/* The run around the digit at "at", which does not reach before floor. */
extern void wf_run_read(WfSlice text, size_t floor, size_t at, WfRun *run);

/* Shape of a number that cannot be one: a date, a time, unmatched brackets. */
extern bool wf_run_is_date(WfSlice text, const WfRun *run);
extern bool wf_run_is_account(WfSlice text, const WfRun *run);
extern bool wf_run_is_pages(const char *c, int count);
extern bool wf_run_has_matching_brackets(const char *c, int count);
extern bool wf_run_is_numeric(const char *c, int count);	/* an amount, years, ... */

/* Lengths of the groups of digits; returns their number, at most max. */
extern int	wf_run_groups(const char *c, int count, int lengths[], int max);

/*
 * An extension behind the number that ends at "at": its digits, and the end of
 * it; 0 when there is none.
 */
extern size_t wf_run_extension(WfSlice text, size_t at, WfSlice *digits);

/* Is it the end of a post code, "MA 02108-1792", or inside of a name, "j.cell.2019"? */
extern bool wf_run_is_postal(WfSlice text, size_t start, const int groups[], int count);
extern bool wf_run_is_in_name(WfSlice text, size_t start);

/* May a number stand between these neighbours? */
extern bool wf_run_may_follow(WfSlice text, size_t at, bool has_lead);
extern bool wf_run_may_precede(WfSlice text, size_t at);

/* Does a word begin with a capital right at "at", where texts were joined? */
extern bool wf_run_is_glued(WfSlice text, size_t at);

/* Do the neighbours make it an amount of something, or a section of a law? */
extern bool wf_run_is_counted(WfSlice text, size_t start, size_t end);

/*
 * wf_phone_place.c
 */

/*
 * The plan of the country that addresses of the text end in: behind the last comma of
 * a line or in a line of its own, with a digit in that line or the one before.  NULL
 * when there is none, or more than one.
 */
extern const WfPhonePlan *wf_phone_place(WfSlice text);

/*
 * wf_phone_local.c
 */

/*
 * A number of seven digits of North America on a page whose numbers all have one area's
 * code: "Tel. 555-0124", or one of the same exchange alone in its line or behind a colon.
 */
extern bool wf_phone_local(WfPhoneScan *scan, const WfAttempt *a, WfPhoneNumber *number);

/*
 * wf_phone_markup.c
 */

/* What the tags that end the markup, without text behind them, say: "fa-phone". */
extern WfLabel wf_markup_label(WfSlice markup);

/*
 * wf_phone_list.c
 */

/* Remember a number that was found, for those of which only the end is said. */
extern void wf_list_keep(WfPhoneScan *scan, const WfPhone *phone);

/* The number behind the last one, which ends at "at", of which only the end is said. */
extern bool wf_list_next(WfPhoneScan *scan, WfSlice text, size_t at, WfPhone *phone);

/* Is there nothing but "/", "or" and the like between? */
extern bool wf_list_is_joined(WfSlice text, size_t from, size_t to);

/* The label of the number at "to" that is joined with the last one, which ends at "from". */
extern WfLabel wf_list_label(const WfPhoneScan *scan, WfSlice text, size_t from, size_t to);

/*
 * wf_phone_label.c
 */

/* What the words in front of "at" (but not before floor) say. */
extern WfLabel wf_label_before(WfSlice text, size_t floor, size_t at);

/* Is it the label of a phone and of a fax, "Tel/Fax"? */
extern bool wf_label_is_pair(WfSlice text, size_t floor, size_t at);

/* True when the words behind a number make it a fax: "(fax)". */
extern bool wf_label_fax_behind(WfSlice text, size_t at);

/* The country that the line of "at" names in front of it; or NULL. */
extern const WfPhonePlan *wf_label_region(WfSlice text, size_t floor, size_t at);

/* The word (letters only) is one that belongs to numbers. */
extern bool wf_label_is_phone_word(WfSlice word);

/* The plan of a country by its name, or by its code of two letters. */
extern const WfPhonePlan *wf_label_country(WfSlice name);

/* The plan of the country whose post code has its first digit at "at"; or NULL. */
extern const WfPhonePlan *wf_label_postal(WfSlice text, size_t at);

/* The plan of a host's top level, and of a language tag; or NULL. */
extern const WfPhonePlan *wf_label_host(WfSlice host);
extern const WfPhonePlan *wf_label_language(WfSlice tag);

#endif							/* WF_PHONE_INT_H */
