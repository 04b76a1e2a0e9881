/*-------------------------------------------------------------------------
 *
 * wf_vocabulary.h
 *	  What structured data say of people and organisations: the properties of
 *	  schema.org (JSON-LD, microdata, RDFa) and of hCard, h-card and h-adr.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_VOCABULARY_H
#define WF_VOCABULARY_H

#include "wf_core.h"

typedef enum WfProperty
{
	WF_PROPERTY_OTHER,
	WF_PROPERTY_TYPE,			/* @type */
	WF_PROPERTY_NAME,
	WF_PROPERTY_GIVEN_NAME,
	WF_PROPERTY_FAMILY_NAME,
	WF_PROPERTY_JOB_TITLE,
	WF_PROPERTY_ORGANISATION,	/* of hCard: beside the name of a person */
	WF_PROPERTY_EMAIL,
	WF_PROPERTY_TELEPHONE,
	WF_PROPERTY_FAX,
	WF_PROPERTY_LINK,			/* sameAs */
	WF_PROPERTY_ADDRESS,		/* an item of its own, or all of it as text */
	WF_PROPERTY_STREET,
	WF_PROPERTY_STREET_MORE,	/* building, floor, suite */
	WF_PROPERTY_POSTAL_CODE,
	WF_PROPERTY_CITY,
	WF_PROPERTY_REGION,
	WF_PROPERTY_COUNTRY,
	WF_PROPERTY_VALUE			/* of hCard: the part of another that counts */
} WfProperty;

/* A name of schema.org in any case, as "email", "schema:email" or a URL. */
extern WfProperty wf_property_of_schema(WfSlice name);

/* A class name of hCard, or of h-card with its "p-" or "u-". */
extern WfProperty wf_property_of_class(WfSlice name);

/* The last part of a type's name: "Person" of "https://schema.org/Person". */
extern WfSlice wf_vocabulary_local_name(WfSlice name);

/* A postal address; parts may be empty. */
typedef struct WfPostalAddress
{
	WfSlice		street;
	WfSlice		street_more;
	WfSlice		postal_code;
	WfSlice		city;
	WfSlice		region;
	WfSlice		country;
	WfSlice		text;			/* all of it, where there are no parts */
} WfPostalAddress;

/* Set the part that the property is, unless it has a value; false: it is none. */
extern bool wf_postal_address_set(WfPostalAddress *address, WfProperty property, WfSlice value);

/*
 * The address in one line, "street, postal code city, region, country", written
 * to out (of WF_MAX_VALUE bytes).  Returns its length; 0 when a letter would not
 * arrive there: two of street, postal code and city are needed, or a text with as many
 * words as they have, one of them with a digit.
 */
extern size_t wf_postal_address_line(const WfPostalAddress *address, char *out);

#endif							/* WF_VOCABULARY_H */
