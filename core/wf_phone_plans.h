/*-------------------------------------------------------------------------
 *
 * wf_phone_plans.h
 *	  Numbering plans of all countries: the form of the table that
 *	  tools/phone_metadata.py generates (wf_phone_plans_data.c).
 *
 * A number is looked up digit by digit: state = wf_phone_states[state][digit],
 * beginning with the state of its plan.  State 0 is left by no digit.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_PHONE_PLANS_H
#define WF_PHONE_PLANS_H

#include <stdint.h>

/* Bits of the verdict on a state. */
#define WF_PLAN_VALID			0x01	/* a number of one of the plan's types */
#define WF_PLAN_NEEDS_PREFIX	0x02	/* with its prefix, in national form */
#define WF_PLAN_PLAUSIBLE		0x04	/* has the form of the plan's numbers */

/*
 * Patterns are regular expressions over digits, matched at the start:
 * alternatives, classes, "\d", groups, "?", "{n}", "{n,m}", "$".
 */
typedef struct WfPhonePlan
{
	char		region[3];		/* ISO 3166 alpha-2; "01" of no country */
	uint16_t	code;			/* country calling code */
	uint16_t	state;			/* where the automaton starts */
	uint32_t	lengths;		/* bit n: numbers of n digits are possible */
	const char *abroad;			/* pattern: prefix of international calls */
	const char *prefix;			/* pattern: national prefix, carrier codes */
	const char *transform;		/* of the last group of prefix, "$n"; or NULL */
	const char *leading;		/* pattern: how the region's numbers begin */
} WfPhonePlan;

/* In the order of their codes; first of its code is the main region. */
extern const WfPhonePlan wf_phone_plans[];
extern const int wf_phone_plan_count;

extern const uint8_t wf_phone_verdicts[];
extern const uint16_t wf_phone_states[][10];

#endif							/* WF_PHONE_PLANS_H */
