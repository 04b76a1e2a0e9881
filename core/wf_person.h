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
	WfSlice		job_title;		/* in the text; may be empty */
} WfPerson;

/*
 * Look around text[start, end), the place of an address with that local part
 * (lower case); lines of the text are what belongs together on the screen.
 * is_link: what begins at "end" is the text of a link to the address.
 * Takes bounded time.
 */
extern bool wf_person_find(WfSlice text, size_t start, size_t end, bool is_link, WfSlice local,
						   WfPerson *person);

/* The same of a short text that is known to be about the address's owner. */
extern bool wf_person_is_name(WfSlice text);

#endif							/* WF_PERSON_H */
