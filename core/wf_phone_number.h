/*-------------------------------------------------------------------------
 *
 * wf_phone_number.h
 *	  Digits as dialled to a number of a country.
 *
 * The rules are those of libphonenumber: the same prefixes are taken off, and
 * the same numbers are valid.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_PHONE_NUMBER_H
#define WF_PHONE_NUMBER_H

#include "wf_core.h"
#include "wf_phone_plans.h"

#define WF_PHONE_DIGITS 20		/* more are never one number */

typedef struct WfPhoneNumber
{
	const WfPhonePlan *plan;	/* of the region it belongs to */
	bool		valid;
	bool		national;		/* written without the code of its country */
	bool		bare;			/* without the national prefix it needs */
	bool		uncertain;		/* the caller's: the plan is a guess */
	int			len;
	char		digits[WF_PHONE_DIGITS];	/* behind the country's code */
} WfPhoneNumber;

/* The plan of a region (two letters, any case); NULL for an unknown one. */
extern const WfPhonePlan *wf_phone_plan(const char *region);

/*
 * Take digits, which were written with a '+' or not, as a number dialled in
 * home (NULL: nowhere known).  False when they name no country; otherwise
 * number->valid tells whether it is one.
 */
extern bool wf_phone_parse(WfSlice digits, bool plus, const WfPhonePlan *home,
						   WfPhoneNumber *number);

#endif							/* WF_PHONE_NUMBER_H */
