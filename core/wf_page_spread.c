/*-------------------------------------------------------------------------
 *
 * wf_page_spread.c
 *	  Addresses that the attributes of one tag hold in parts or disguised, for
 *	  a script of the site to put together.
 *
 * Known are the attributes of site systems (Joomla's joomla-hidden-mail, TYPO3's
 * data-mailto-token, the e-mail encoders of WordPress) and the names that hand-made
 * scripts use.  Nothing is run: the parts are joined and judged like any link.
 *
 *-------------------------------------------------------------------------
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE				/* memmem */
#endif

#include "wf_page_int.h"

#include <string.h>

#include "wf_text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What an attribute is to an address. */
typedef enum Role
{
	ROLE_NONE,
	ROLE_USER,
	ROLE_DOMAIN,
	ROLE_SUFFIX,				/* the top-level domain */
	ROLE_WHOLE,					/* all of it, plain or base64 */
	ROLE_ROT13,
	ROLE_TOKEN,					/* TYPO3: shifted "mailto:…" */
	ROLE_FIRST,					/* Joomla: both in base64 */
	ROLE_LAST,
	ROLE_CODE,					/* what a click does */
	ROLE_COUNT
} Role;

typedef struct RoleName
{
	WfSlice		name;
	Role		role;
} RoleName;

/* Names of attributes, without "data-" where they have it. */
static const RoleName data_names[] = {
	{{"user", 4}, ROLE_USER}, {{"username", 8}, ROLE_USER}, {{"name", 4}, ROLE_USER},
	{{"local", 5}, ROLE_USER}, {{"account", 7}, ROLE_USER}, {{"mailbox", 7}, ROLE_USER},
	{{"email-user", 10}, ROLE_USER}, {{"mail-user", 9}, ROLE_USER},
	{{"email-name", 10}, ROLE_USER}, {{"domain", 6}, ROLE_DOMAIN}, {{"host", 4}, ROLE_DOMAIN},
	{{"email-domain", 12}, ROLE_DOMAIN}, {{"mail-domain", 11}, ROLE_DOMAIN},
	{{"part1", 5}, ROLE_USER}, {{"part2", 5}, ROLE_DOMAIN}, {{"part3", 5}, ROLE_SUFFIX},
	{{"tld", 3}, ROLE_SUFFIX}, {{"suffix", 6}, ROLE_SUFFIX}, {{"email-tld", 9}, ROLE_SUFFIX},
	{{"email", 5}, ROLE_WHOLE}, {{"e-mail", 6}, ROLE_WHOLE}, {{"mail", 4}, ROLE_WHOLE},
	{{"mailto", 6}, ROLE_WHOLE}, {{"href", 4}, ROLE_WHOLE}, {{"email-address", 13}, ROLE_WHOLE},
	{{"enc-email", 9}, ROLE_ROT13}, {{"enc-mail", 8}, ROLE_ROT13},
	{{"mailto-token", 12}, ROLE_TOKEN}
};

static Role
role_of(const WfHtmlToken *token, WfSlice name)
{
	size_t		i;

	if (wf_text_equal_nocase(name, WF_SLICE("onclick")) ||
		wf_text_equal_nocase(name, WF_SLICE("onmouseover")) ||
		wf_text_equal_nocase(name, WF_SLICE("onfocus")))
		return ROLE_CODE;
	if (wf_text_equal_nocase(token->name, WF_SLICE("joomla-hidden-mail")))
		return wf_text_equal_nocase(name, WF_SLICE("first")) ? ROLE_FIRST :
			wf_text_equal_nocase(name, WF_SLICE("last")) ? ROLE_LAST : ROLE_NONE;
	if (!wf_text_starts_nocase(name, WF_SLICE("data-")))
		return ROLE_NONE;
	wf_advance(&name, 5);
	for (i = 0; i < COUNT(data_names); i++)
	{
		if (wf_text_equal_nocase(name, data_names[i].name))
			return data_names[i].role;
	}
	/* "data-author-email" */
	if (name.len > 5 && wf_text_equal_nocase((WfSlice) {name.data + name.len - 5, 5},
											 WF_SLICE("email")))
		return ROLE_WHOLE;
	return ROLE_NONE;
}

/* Append at most "max" bytes of a part to text. */
static void
append(WfSlice part, size_t max, char *text, size_t *len)
{
	part = wf_text_truncate(part, max);
	memcpy(text + *len, part.data, part.len);
	*len += part.len;
}

/* user "@" domain ["." suffix] */
static WfStatus
take_parts(Extraction *x, WfSlice user, WfSlice domain, WfSlice suffix, size_t position)
{
	char	   *text = x->link[0];
	size_t		len = 0;

	append(user, WF_MAX_LOCAL_PART + 1, text, &len);
	text[len++] = '@';
	append(domain, WF_MAX_HOST, text, &len);
	if (suffix.len > 0)
	{
		if (suffix.data[0] != '.')
			text[len++] = '.';
		append(suffix, WF_MAX_HOST, text, &len);
	}
	return wf_page_add_addresses(x, WF_SOURCE_CIPHER, (WfSlice) {text, len}, WF_TRUST_LINK,
								 position);
}

/* An address as a whole: a link, the bare address, or either in base64. */
static WfStatus
take_whole(Extraction *x, WfSlice value, bool rot13, size_t position)
{
	WfSlice		text = {x->link[0], 0};
	WfSlice		list = {x->link[1], 0};

	value = wf_text_truncate(value, WF_MAX_URL);
	text.len = wf_html_decode(value, true, x->link[0]);
	if (rot13)
	{
		char	   *at = memmem(x->link[0], text.len, "[at]", 4);

		/* the '@' was replaced behind the letters */
		if (at != NULL)
			memcpy(at, "  @ ", 4);
		wf_cipher_rot13(x->link[0], text.len);
	}
	else if (text.len > 0 && memchr(text.data, '@', text.len) == NULL)
	{
		list.len = wf_text_clean_prefix((WfSlice) {list.data,
										wf_text_base64_decode(text, x->link[1])});
		if (memchr(list.data, '@', list.len) != NULL)
		{
			memcpy(x->link[0], list.data, list.len);
			text.len = list.len;
		}
	}
	if (wf_contact_mailto(text, x->link[1], &list.len))
		text = list;
	return wf_page_add_addresses(x, WF_SOURCE_CIPHER, text, WF_TRUST_LINK, position);
}

/* Joomla: user and domain, each in base64. */
static WfStatus
take_joomla(Extraction *x, WfSlice first, WfSlice last, size_t position)
{
	WfSlice		user = {x->link[1], 0};
	WfSlice		domain;

	if (first.len > WF_MAX_URL / 2 || last.len > WF_MAX_URL / 2)
		return WF_OK;
	user.len = wf_text_clean_prefix((WfSlice) {x->link[1],
									wf_text_base64_decode(first, x->link[1])});
	domain.data = x->link[1] + user.len;
	domain.len = wf_text_clean_prefix((WfSlice) {domain.data,
									  wf_text_base64_decode(last, x->link[1] + user.len)});
	return take_parts(x, user, domain, WF_SLICE_EMPTY, position);
}

static WfStatus
take_token(Extraction *x, WfSlice value, size_t position)
{
	WfSlice		text = {x->link[0], 0};

	if (wf_page_cipher(x) == NULL)
		return WF_ERR_NOMEM;
	text.len = wf_html_decode(wf_text_truncate(value, WF_MAX_URL), true, x->link[0]);
	return wf_page_add_addresses(x, WF_SOURCE_CIPHER, wf_cipher_shifted(x->cipher, text),
								 WF_TRUST_LINK, position);
}

/* "window.open('mailto:' + …)" */
static WfStatus
take_click(Extraction *x, WfSlice value, size_t position)
{
	WfSlice		code = {x->link[0], 0};

	code.len = wf_html_decode(wf_text_truncate(value, WF_MAX_URL), true, x->link[0]);
	return wf_page_take_code(x, code, position);
}

WfStatus
wf_page_take_spread(Extraction *x, const WfHtmlToken *token)
{
	WfSlice		rest = token->attributes;
	WfSlice		values[ROLE_COUNT] = {{NULL, 0}};
	WfHtmlAttribute attribute;
	WfStatus	status = WF_OK;

	while (wf_html_next_attribute(&rest, &attribute))
	{
		Role		role = role_of(token, attribute.name);

		if (attribute.value.len > 0 && values[role].len == 0)
			values[role] = attribute.value;
	}
	if (values[ROLE_WHOLE].len > 0)
		status = take_whole(x, values[ROLE_WHOLE], false, token->offset);
	if (status == WF_OK && values[ROLE_ROT13].len > 0)
		status = take_whole(x, values[ROLE_ROT13], true, token->offset);
	if (status == WF_OK && values[ROLE_TOKEN].len > 0)
		status = take_token(x, values[ROLE_TOKEN], token->offset);
	if (status == WF_OK && values[ROLE_FIRST].len > 0 && values[ROLE_LAST].len > 0)
		status = take_joomla(x, values[ROLE_FIRST], values[ROLE_LAST], token->offset);
	if (status == WF_OK && values[ROLE_USER].len > 0 && values[ROLE_DOMAIN].len > 0)
		status = take_parts(x, values[ROLE_USER], values[ROLE_DOMAIN], values[ROLE_SUFFIX],
							token->offset);
	if (status == WF_OK && values[ROLE_CODE].len > 0)
		status = take_click(x, values[ROLE_CODE], token->offset);
	return status;
}
