/*-------------------------------------------------------------------------
 *
 * wf_person.h
 *	  Whose address is it?  The name and job title in the text around it.
 *
 * Precision before recall: a name counts when it agrees with the local part
 * ("j.smith", "smithj", "john.s" for John Smith), or has the unmistakable form
 * of one (a middle initial, a title) and stands right beside the address, or stands
 * beside a position that the local part names ("City Clerk - Anna Example, cityclerk@").
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_PERSON_H
#define WF_PERSON_H

#include "wf_core.h"

typedef struct WfPerson
{
	WfSlice		name;			/* in the text; may have line ends in it */
	WfSlice		given;			/* in the text, to be put in front of the name: the given
								 * names of "Example, Anna"; mostly empty */
	WfSlice		job_title;		/* in the text; may be empty */
	bool		is_guess;		/* tied to the address by its place or form alone */
} WfPerson;

/*
 * Look around text[start, end), the place of an address with that local part
 * (lower case); lines of the text are what belongs together on the screen.
 * link_end: where the text of a link to the address ends that begins at "end"; 0: none does.
 * Takes bounded time.
 */
extern bool wf_person_find(WfSlice text, size_t start, size_t end, size_t link_end,
						   WfSlice local, WfPerson *person);

/*
 * The same of an address "anna.example@" beside which nobody is named: where "Anna
 * Example", with a given name in our list, stands anywhere in the text; of "anna@" where
 * a line "By Anna Example" does.
 */
extern bool wf_person_find_far(WfSlice text, WfSlice local, WfPerson *person);

/* Does a name agree with a local part so well that the address is that person's? */
extern bool wf_person_agrees(WfSlice name, WfSlice local);

/*
 * Is it by its place alone that the name is tied to an office's address ("info@")?  Then
 * it is somebody else's if the person has an address of their own.
 */
extern bool wf_person_is_guess(WfSlice name, WfSlice job_title, WfSlice local);

/*
 * The name in such a text, without forms of address and degrees; is_known: it begins
 * with a given name in our list.
 */
extern bool wf_person_read_name(WfSlice text, WfSlice *name, bool *is_known);

/* Is a short text by itself a job title? */
extern bool wf_person_is_job_title(WfSlice text);

/* Is a short text that is known to be about the owner a name, perhaps with degrees? */
extern bool wf_person_is_name(WfSlice text);

#endif							/* WF_PERSON_H */
