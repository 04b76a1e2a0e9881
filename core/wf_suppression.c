/*-------------------------------------------------------------------------
 *
 * wf_suppression.c
 *	  What a suppression list can name, in the one form in which it is compared.
 *
 *-------------------------------------------------------------------------
 */
#include <idn2.h>
#include <stdlib.h>
#include <string.h>

#include "wf_suppression.h"
#include "wf_text.h"

static WfSlice
trim(WfSlice text)
{
	while (text.len > 0 && wf_is_space(text.data[0]))
		wf_advance(&text, 1);
	while (text.len > 0 && wf_is_space(text.data[text.len - 1]))
		text.len--;
	return text;
}

static bool
is_hash(WfSlice text)
{
	if (text.len != WF_HASH_DIGITS)
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (wf_text_hex_value(text.data[i]) < 0)
			return false;
	return true;
}

/* Letters, digits, '-' and '_' between dots, two labels at least. */
static bool
is_ascii_domain(WfSlice domain)
{
	size_t		label = 0;
	size_t		dots = 0;

	for (size_t i = 0; i < domain.len; i++)
	{
		char		c = domain.data[i];

		if (c == '.' && label > 0)
		{
			dots++;
			label = 0;
		}
		else if (wf_is_alpha(c) || wf_is_digit(c) || c == '-' || c == '_')
			label++;
		else
			return false;
	}
	return dots > 0 && label > 0;
}

/* Append to a text of an entry; false when there is no room. */
static bool
append(char *text, size_t *len, const char *data, size_t n)
{
	if (*len + n > WF_MAX_ADDRESS)
		return false;
	memcpy(text + *len, data, n);
	*len += n;
	text[*len] = '\0';
	return true;
}

static bool
append_domain(WfListing *entry, WfSlice domain)
{
	char		name[WF_MAX_HOST + 1];
	char	   *ascii = NULL;
	char	   *shown = NULL;
	bool		ok = false;

	if (domain.len > 0 && domain.data[domain.len - 1] == '.')
		domain.len--;
	if (domain.len == 0 || domain.len > WF_MAX_HOST)
		return false;
	memcpy(name, domain.data, domain.len);
	name[domain.len] = '\0';
	wf_text_lower(name, domain.len);
	if (idn2_lookup_u8((const uint8_t *) name, (uint8_t **) &ascii,
					   IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) == IDN2_OK)
	{
		if (idn2_to_unicode_8z8z(ascii, &shown, 0) != IDN2_OK)
			shown = NULL;
		ok = is_ascii_domain((WfSlice) {ascii, strlen(ascii)}) &&
			append(entry->value, &entry->len, ascii, strlen(ascii)) &&
			append(entry->shown, &entry->shown_len, shown ? shown : ascii,
				   strlen(shown ? shown : ascii));
	}
	/* names that IDNA refuses exist all the same: "a_b.example" */
	else if (is_ascii_domain((WfSlice) {name, domain.len}))
		ok = append(entry->value, &entry->len, name, domain.len) &&
			append(entry->shown, &entry->shown_len, name, domain.len);
	idn2_free(ascii);
	idn2_free(shown);
	return ok;
}

static bool
append_local_part(WfListing *entry, WfSlice local)
{
	char		lower[WF_MAX_LOCAL_PART + 1];

	if (local.len == 0 || local.len > WF_MAX_LOCAL_PART)
		return false;
	for (size_t i = 0; i < local.len; i++)
		if ((unsigned char) local.data[i] <= ' ' || strchr("<>,;", local.data[i]) != NULL)
			return false;
	memcpy(lower, local.data, local.len);
	wf_text_lower(lower, local.len);
	lower[local.len] = '@';
	return append(entry->value, &entry->len, lower, local.len + 1) &&
		append(entry->shown, &entry->shown_len, lower, local.len + 1);
}

/* The last '@'; text.len when there is none. */
static size_t
find_at(WfSlice text)
{
	for (size_t i = text.len; i > 0; i--)
		if (text.data[i - 1] == '@')
			return i - 1;
	return text.len;
}

WfListingKind
wf_suppression_parse(WfSlice text, WfListing *entry)
{
	size_t		at;

	entry->kind = WF_LISTING_NONE;
	entry->len = entry->shown_len = 0;
	entry->value[0] = entry->shown[0] = '\0';
	text = trim(text);
	if (text.len > 2 * WF_MAX_ADDRESS)
		return WF_LISTING_NONE;
	if (is_hash(text))
	{
		append(entry->value, &entry->len, text.data, text.len);
		wf_text_lower(entry->value, entry->len);
		append(entry->shown, &entry->shown_len, entry->value, entry->len);
		return entry->kind = WF_LISTING_HASH;
	}
	at = find_at(text);
	if (at > 0 && at < text.len)
	{
		if (append_local_part(entry, (WfSlice) {text.data, at}) &&
			append_domain(entry, (WfSlice) {text.data + at + 1, text.len - at - 1}))
			entry->kind = WF_LISTING_ADDRESS;
		return entry->kind;
	}
	if (at == 0 && text.len > 0)
		wf_advance(&text, 1);
	else if (text.len > 2 && text.data[0] == '*' && text.data[1] == '.')
		wf_advance(&text, 2);
	if (append_domain(entry, text))
		entry->kind = WF_LISTING_DOMAIN;
	return entry->kind;
}

WfSlice
wf_suppression_domain(const WfListing *entry)
{
	WfSlice		value = {entry->value, entry->len};
	size_t		at = find_at(value);

	if (entry->kind != WF_LISTING_ADDRESS && entry->kind != WF_LISTING_DOMAIN)
		return WF_SLICE_EMPTY;
	if (at < value.len)
		wf_advance(&value, at + 1);
	return value;
}

bool
wf_suppression_parent(WfSlice *domain)
{
	const char *dot = domain->len > 0 ? memchr(domain->data, '.', domain->len) : NULL;

	if (dot == NULL)
		return false;
	wf_advance(domain, dot + 1 - domain->data);
	return memchr(domain->data, '.', domain->len) != NULL;
}
