/*-------------------------------------------------------------------------
 *
 * wf_vocabulary.c
 *	  The properties of structured data.
 *
 *-------------------------------------------------------------------------
 */
#include "wf_vocabulary.h"

#include <string.h>

#include "wf_text.h"

#define MIN_WORDS	3			/* of an address as text */
#define MAX_WHOLE	200			/* bytes of one */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

typedef struct Entry
{
	WfSlice		name;
	WfProperty	property;
} Entry;

static const Entry schema_names[] = {
	{{"@type", 5}, WF_PROPERTY_TYPE}, {{"name", 4}, WF_PROPERTY_NAME},
	{{"givenName", 9}, WF_PROPERTY_GIVEN_NAME}, {{"familyName", 10}, WF_PROPERTY_FAMILY_NAME},
	{{"jobTitle", 8}, WF_PROPERTY_JOB_TITLE}, {{"email", 5}, WF_PROPERTY_EMAIL},
	{{"telephone", 9}, WF_PROPERTY_TELEPHONE}, {{"phone", 5}, WF_PROPERTY_TELEPHONE},
	{{"faxNumber", 9}, WF_PROPERTY_FAX}, {{"fax", 3}, WF_PROPERTY_FAX},
	{{"sameAs", 6}, WF_PROPERTY_LINK}, {{"address", 7}, WF_PROPERTY_ADDRESS},
	{{"streetAddress", 13}, WF_PROPERTY_STREET}, {{"postalCode", 10}, WF_PROPERTY_POSTAL_CODE},
	{{"addressLocality", 15}, WF_PROPERTY_CITY}, {{"addressRegion", 13}, WF_PROPERTY_REGION},
	{{"addressCountry", 14}, WF_PROPERTY_COUNTRY}
};

static const Entry class_names[] = {
	{{"fn", 2}, WF_PROPERTY_NAME}, {{"name", 4}, WF_PROPERTY_NAME},
	{{"given-name", 10}, WF_PROPERTY_GIVEN_NAME}, {{"family-name", 11}, WF_PROPERTY_FAMILY_NAME},
	{{"title", 5}, WF_PROPERTY_JOB_TITLE}, {{"job-title", 9}, WF_PROPERTY_JOB_TITLE},
	{{"role", 4}, WF_PROPERTY_JOB_TITLE}, {{"org", 3}, WF_PROPERTY_ORGANISATION},
	{{"email", 5}, WF_PROPERTY_EMAIL}, {{"tel", 3}, WF_PROPERTY_TELEPHONE},
	{{"fax", 3}, WF_PROPERTY_FAX},
	{{"street-address", 14}, WF_PROPERTY_STREET},
	{{"extended-address", 16}, WF_PROPERTY_STREET_MORE},
	{{"postal-code", 11}, WF_PROPERTY_POSTAL_CODE}, {{"locality", 8}, WF_PROPERTY_CITY},
	{{"region", 6}, WF_PROPERTY_REGION}, {{"country-name", 12}, WF_PROPERTY_COUNTRY},
	{{"value", 5}, WF_PROPERTY_VALUE}
};

static WfProperty
find(const Entry *entries, size_t count, WfSlice name)
{
	size_t		i;

	for (i = 0; i < count; i++)
	{
		if (name.len == entries[i].name.len && wf_text_equal_nocase(name, entries[i].name))
			return entries[i].property;
	}
	return WF_PROPERTY_OTHER;
}

WfSlice
wf_vocabulary_local_name(WfSlice name)
{
	size_t		i;

	for (i = name.len; i > 0; i--)
	{
		if (strchr("/:#", name.data[i - 1]) != NULL && name.data[i - 1] != '\0')
		{
			wf_advance(&name, i);
			break;
		}
	}
	return name;
}

WfProperty
wf_property_of_schema(WfSlice name)
{
	return find(schema_names, COUNT(schema_names), wf_vocabulary_local_name(name));
}

WfProperty
wf_property_of_class(WfSlice name)
{
	if (name.len > 2 && name.data[1] == '-' && (name.data[0] == 'p' || name.data[0] == 'u'))
		wf_advance(&name, 2);
	return find(class_names, COUNT(class_names), name);
}

bool
wf_postal_address_set(WfPostalAddress *address, WfProperty property, WfSlice value)
{
	WfSlice    *part;

	switch (property)
	{
		case WF_PROPERTY_ADDRESS:
			part = &address->text;
			break;
		case WF_PROPERTY_STREET:
			part = &address->street;
			break;
		case WF_PROPERTY_STREET_MORE:
			part = &address->street_more;
			break;
		case WF_PROPERTY_POSTAL_CODE:
			part = &address->postal_code;
			break;
		case WF_PROPERTY_CITY:
			part = &address->city;
			break;
		case WF_PROPERTY_REGION:
			part = &address->region;
			break;
		case WF_PROPERTY_COUNTRY:
			part = &address->country;
			break;
		default:
			return false;
	}
	if (part->len == 0)
		*part = value;
	return true;
}

/* Append a part without the commas and spaces at its ends; 0: no room. */
static bool
put_part(char *out, size_t *len, const char *separator, WfSlice part)
{
	size_t		gap;

	while (part.len > 0 && strchr(", ", part.data[0]) != NULL)
		wf_advance(&part, 1);
	while (part.len > 0 && strchr(", ", part.data[part.len - 1]) != NULL)
		part.len--;
	gap = *len > 0 && part.len > 0 ? strlen(separator) : 0;
	if (*len + gap + part.len > WF_MAX_VALUE)
		return false;
	memcpy(out + *len, separator, gap);
	if (part.len > 0)
		memcpy(out + *len + gap, part.data, part.len);
	*len += gap + part.len;
	return true;
}

/* Is it a text that may be a whole address? */
static bool
is_whole_address(WfSlice text)
{
	bool		has_digit = false;
	int			words = 1;
	size_t		i;

	for (i = 0; i < text.len; i++)
	{
		if (text.data[i] == '@')
			return false;
		has_digit = has_digit || wf_is_digit(text.data[i]);
		words += text.data[i] == ' ';
	}
	return has_digit && words >= MIN_WORDS && text.len <= MAX_WHOLE;
}

size_t
wf_postal_address_line(const WfPostalAddress *address, char *out)
{
	size_t		len = 0;

	int			parts = (address->street.len > 0) + (address->postal_code.len > 0) +
		(address->city.len > 0);

	if (parts == 0 && is_whole_address(address->text) && put_part(out, &len, "", address->text))
		return len;
	if (parts < 2)
		return 0;
	if (put_part(out, &len, "", address->street) &&
		put_part(out, &len, ", ", address->street_more) &&
		put_part(out, &len, ", ", address->postal_code) &&
		put_part(out, &len, address->postal_code.len > 0 ? " " : ", ", address->city) &&
		put_part(out, &len, ", ", address->region) &&
		put_part(out, &len, ", ", address->country))
		return len;
	return 0;
}
