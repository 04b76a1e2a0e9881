/*-------------------------------------------------------------------------
 *
 * wf_page_card_int.h
 *	  What the files that read structured data in the markup share.
 *
 * wf_page_marks.c reads the attributes of one element, wf_page_card.c knows which
 * cards are open, wf_page_reference.c adds what stands elsewhere in the page.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_PAGE_CARD_INT_H
#define WF_PAGE_CARD_INT_H

#include "wf_page_int.h"

#define WF_CARD_EMAILS		8
#define WF_CARD_REFERENCES	4

/* What the attributes of an element make it. */
typedef struct WfPageMarks
{
	bool		is_card;
	bool		is_person;
	bool		is_address;		/* a card that is an adr */
	bool		is_include;		/* it stands for another element */
	bool		is_in_title;	/* its value is its title */
	WfFindingSource source;
	WfProperty	property;
	WfProperty	other_property; /* "fn org" */
	WfSlice		content;		/* its value, if not its text */
	WfSlice		references;		/* ids of elements that belong to it, too */
	WfSlice		title;
	WfSlice		value;
	WfSlice		data;
} WfPageMarks;

typedef struct WfPageCard
{
	WfFindingSource source;
	bool		is_person;
	bool		is_address;
	WfSlice		name;
	WfSlice		given_name;
	WfSlice		family_name;
	WfSlice		organisation;
	WfSlice		job_title;
	WfSlice		phone;			/* the first, normalised */
	int			phone_count;
	int			email_count;
	int			emails[WF_CARD_EMAILS]; /* indexes of items */
	int			reference_count;
	WfSlice		references[WF_CARD_REFERENCES]; /* lists of ids */
	WfPostalAddress postal;
} WfPageCard;

/* in wf_page_marks.c */

/* The next word of a list; false when there is none. */
extern bool wf_page_next_word(WfSlice *list, WfSlice *word);

extern void wf_page_read_marks(const WfHtmlToken *token, WfPageMarks *marks);

/* Is it one whose value a link may have? */
extern bool wf_page_is_contact_property(WfProperty property);

extern bool wf_page_is_contact_href(WfSlice href);

/* in wf_page_card.c */

/* The clean value, in the arena, of an attribute or link. */
extern WfStatus wf_page_decode_value(Extraction *x, WfSlice raw, WfSlice *value);

/*
 * A property's value, clean and in the arena, goes to the card; "all" is the text it was
 * found in, "position" its place.
 */
extern WfStatus wf_page_take_property(Extraction *x, WfPageCard *card, WfProperty property,
									  WfSlice value, WfSlice all, size_t position);

/* in wf_page_reference.c */

/* The properties in the elements to which the card refers. */
extern WfStatus wf_page_take_references(Extraction *x, WfPageCard *card);

#endif							/* WF_PAGE_CARD_INT_H */
