/*-------------------------------------------------------------------------
 *
 * wf_page_tag.c
 *	  What the attributes and scripts of a page hold.
 *
 *-------------------------------------------------------------------------
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE				/* memmem */
#endif

#include "wf_page_int.h"

#include <string.h>

#include "wf_person.h"
#include "wf_profile.h"
#include "wf_text.h"

/* Time that a page's scripts may take: bytes of those looked at. */
#define CIPHER_BYTES (512 * 1024)

/*-------------------------------------------------------------------------
 * Links
 *-------------------------------------------------------------------------
 */

/*
 * What an address's link may begin with.  Cheap, for the many that are others:
 * those begin with one of these letters, noise, or are encoded.
 */
static bool
may_be_contact_link(WfSlice href)
{
	if (href.len == 0)
		return false;
	if (href.data[0] == '/')
		return href.len > 1 &&
			(wf_lower_char(href.data[1]) == 'm' || wf_phone_may_be_link(href));
	return (unsigned char) href.data[0] <= ' ' ||
		memchr("mtpcswfvjix&%", wf_lower_char(href.data[0]), 13) != NULL ||
		wf_phone_may_be_link(href);
}

/* ".../email-protection#hex" */
static bool
protected_part(WfSlice href, WfSlice *hex)
{
	static const WfSlice name = {"email-protection", 16};
	const char *hash;

	if (href.len < name.len + 6 || (href.data[0] != '/' && wf_lower_char(href.data[0]) != 'h' &&
									href.data[0] != '.'))
		return false;
	hash = memchr(href.data, '#', href.len);
	if (hash == NULL || (size_t) (hash - href.data) < name.len ||
		memcmp(hash - name.len, name.data, name.len) != 0)
		return false;
	hex->data = hash + 1;
	hex->len = href.data + href.len - hex->data;
	return true;
}

/*
 * What Cloudflare hides: all that stood behind "mailto:", often the text of a
 * button without any receiver.
 */
static WfStatus
take_cloudflare(Extraction *x, WfSlice hex, size_t position)
{
	static const WfSlice scheme = {"mailto:", 7};
	char	   *href = x->link[0];
	WfSlice		text = {x->link[1], 0};
	size_t		len;

	hex = wf_text_trim(hex);
	if (hex.len / 2 + scheme.len >= WF_MAX_URL ||
		!wf_cipher_cloudflare(hex, href + scheme.len, &len))
		return WF_OK;
	memcpy(href, scheme.data, scheme.len);
	if (!wf_contact_mailto((WfSlice) {href, scheme.len + len}, x->link[1], &text.len))
		return WF_OK;
	return wf_page_add_addresses(x, WF_SOURCE_CLOUDFLARE, text, WF_TRUST_LINK, position);
}

WfStatus
wf_page_take_protected(Extraction *x)
{
	WfSlice		hex;

	if (!wf_html_find_attribute(&x->opened, WF_SLICE("data-cfemail"), &hex))
		return WF_OK;
	return take_cloudflare(x, hex, x->opened.offset);
}

static WfStatus
take_profile(Extraction *x, WfFindingSource source, WfSlice href, size_t position)
{
	char		value[WF_MAX_PROFILE];
	WfFindingKind kind;
	size_t		len;

	if (href.len > WF_MAX_VALUE || !wf_profile_parse(href, &kind, value, &len))
		return WF_OK;
	return wf_page_add_hidden(x, kind, source, (WfSlice) {value, len}, href, position);
}

/*
 * A link to some host.  Most are to one that is no network's and that the link
 * before was to, too.
 */
static WfStatus
take_web_link(Extraction *x, WfSlice href, size_t position)
{
	size_t		site_len = x->plain_site.len;

	if (site_len > 0 && href.len > site_len && href.data[site_len] == '/' &&
		memcmp(href.data, x->plain_site.data, site_len) == 0)
		return WF_OK;
	if (wf_profile_links_to_network(href, &site_len))
		return take_profile(x, WF_SOURCE_LINK, href, position);
	x->plain_site = (WfSlice) {href.data, site_len};
	return WF_OK;
}

WfCipher *
wf_page_cipher(Extraction *x)
{
	if (x->cipher == NULL)
		x->cipher = wf_cipher_create(x->arena);
	return x->cipher;
}

WfStatus
wf_page_take_code(Extraction *x, WfSlice code, size_t position)
{
	WfSlice		text;

	if (wf_page_cipher(x) == NULL)
		return WF_ERR_NOMEM;
	code.len = wf_text_percent_decode(code, x->link[1]);
	code.data = x->link[1];
	text = wf_cipher_link(x->cipher, code);
	return wf_page_add_addresses(x, WF_SOURCE_CIPHER, text, WF_TRUST_LINK, position);
}

/*
 * A link whose scheme is wrong in one of the usual ways: "malto:", "mailto;",
 * "email:", "http://mailto:", none at all, or "http://info@firm.com" with nothing
 * behind; or the form of a mail service that writes to the address.
 */
static WfSlice
strip_wrong_scheme(WfSlice href)
{
	static const WfSlice schemes[] = {
		{"https://", 8}, {"http://", 7}, {"//", 2}, {"mailto:", 7}, {"malto:", 6}, {"mailto;", 7},
		{"mailto/", 7}, {"mail:", 5}, {"mailo:", 6}, {"mailt:", 6}, {"mailto", 6}, {"mailito:", 8},
		{"maito:", 6}, {"maitlo:", 7}, {"email:", 6}, {"e-mail:", 7}, {"tel:", 4}
	};
	const char *to;
	size_t		i;

	/* an editor took it for a page of the site: "https://firm.com/mailto:info@firm.com" */
	if (href.len > 0 && (to = memmem(href.data, href.len, "/mailto:", 8)) != NULL &&
		memchr(href.data, '?', to - href.data) == NULL)
		wf_advance(&href, to + 1 - href.data);
	for (i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
	{
		if (wf_text_starts_nocase(href, schemes[i]))
			wf_advance(&href, schemes[i].len);
	}
	if (wf_text_starts_nocase(href, WF_SLICE("mail.google.com/")) &&
		(to = memmem(href.data, href.len, "to=", 3)) != NULL)
	{
		wf_advance(&href, to + 3 - href.data);
		if ((to = memchr(href.data, '&', href.len)) != NULL)
			href.len = to - href.data;
	}
	if (href.len > 0 && href.data[href.len - 1] == '/')
		href.len--;
	return wf_text_trim(href);
}

/* Addresses of a mailto link, with the name of "Anna Example <x@example.org>". */
static WfStatus
take_mailto(Extraction *x, WfSlice text, size_t position)
{
	const char *bracket = memchr(text.data, '<', text.len);
	WfSlice		name = WF_SLICE_EMPTY;
	Item	   *item;
	WfStatus	status;

	x->touched = -1;
	status = wf_page_add_addresses(x, WF_SOURCE_LINK, text, WF_TRUST_LINK, position);
	if (status != WF_OK || x->touched < 0 || bracket == NULL ||
		memchr(text.data, '@', bracket - text.data) != NULL)
		return status;
	item = &x->items[x->touched];
	name = wf_text_trim((WfSlice) {text.data, bracket - text.data});
	if (name.len > 2 && name.data[0] == '"' && name.data[name.len - 1] == '"')
		name = (WfSlice) {name.data + 1, name.len - 2};
	if (item->has_owner || item->finding.name.len > 0 || !wf_person_is_name(name))
		return WF_OK;
	return wf_page_copy_field(x, name, &item->finding.name);
}

/* A link of whatever kind, its references decoded. */
static WfStatus
take_contact_link(Extraction *x, WfSlice href, size_t position)
{
	WfSlice		text = {x->link[1], 0};
	WfStatus	status;
	WfPhone		phone;
	WfAddress	address;

	if (wf_contact_mailto(href, x->link[1], &text.len))
	{
		x->in_mailto = true;
		if (x->window.len > 1)
			wf_page_gap(&x->window);
		status = take_mailto(x, text, position);
		x->mailto_item = x->touched;
		return status;
	}
	if (wf_text_starts_nocase(href, WF_SLICE("javascript:")))
		return wf_page_take_code(x, href, position);
	if (wf_phone_tel(x->phones, href, &phone))
		return wf_page_add_hidden(x, phone.is_fax ? WF_KIND_FAX : WF_KIND_PHONE, WF_SOURCE_LINK,
								  (WfSlice) {phone.value, phone.len},
								  (WfSlice) {href.data + phone.start, phone.end - phone.start},
								  position);
	if (href.len <= WF_MAX_URL && wf_contact_judge(x->contacts, strip_wrong_scheme(href),
												   WF_TRUST_LINK, &address))
		return wf_page_add_hidden(x, WF_KIND_EMAIL, WF_SOURCE_LINK,
								  (WfSlice) {address.value, address.len}, href, position);
	return WF_OK;
}

static WfStatus
take_link(Extraction *x, const WfHtmlToken *token, bool has_at)
{
	WfSlice		value = token->href;
	WfSlice		hex;
	WfSlice		href = {x->link[0], 0};
	size_t		site_len;

	if (value.len == 0)
		return WF_OK;
	if (protected_part(value, &hex))
		return take_cloudflare(x, hex, token->offset);
	if ((wf_lower_char(value.data[0]) == 'h' ||
		 (value.data[0] == '/' && value.len > 1 && value.data[1] == '/')) &&
		!wf_phone_may_be_link(value) &&
		(!has_at || wf_profile_links_to_network(value, &site_len)))
		return take_web_link(x, value, token->offset);
	if (!has_at && !may_be_contact_link(value))
		return WF_OK;
	if (value.len > WF_MAX_URL)
		value.len = WF_MAX_URL;
	href.len = wf_html_decode(value, true, x->link[0]);
	return take_contact_link(x, href, token->offset);
}

/*-------------------------------------------------------------------------
 * Other attributes
 *-------------------------------------------------------------------------
 */

/* An attribute's value as a text that holds addresses. */
static WfStatus
take_value(Extraction *x, WfFindingSource source, WfSlice value, WfContactTrust trust,
		   size_t position)
{
	WfSlice		text = {x->link[0], 0};

	value = wf_text_truncate(value, WF_MAX_URL);
	text.len = wf_html_decode(value, true, x->link[0]);
	return wf_page_add_addresses(x, source, text, trust, position);
}

/* Do the words of value (of itemprop, property) say that it is an address? */
static bool
says_email(WfSlice value)
{
	static const WfSlice word = {"email", 5};
	size_t		i;

	for (i = 0; i + word.len <= value.len; i++)
	{
		if ((i == 0 || value.data[i - 1] == ':' || value.data[i - 1] == '/' ||
			 wf_is_space(value.data[i - 1])) &&
			(i + word.len == value.len || wf_is_space(value.data[i + word.len])) &&
			wf_text_equal_nocase((WfSlice) {value.data + i, word.len}, word))
			return true;
	}
	return false;
}

/*
 * Where a form or a click goes: "mailto:", or a service that sends the form to
 * the address at the end of its URL ("https://formsubmit.co/info@firm.com").
 */
static WfStatus
take_action(Extraction *x, WfSlice action, size_t position)
{
	const char *slash = memrchr(action.data, '/', action.len);

	if (memmem(action.data, action.len, "mailto:", 7) != NULL)
		return take_value(x, WF_SOURCE_LINK, action, WF_TRUST_TEXT, position);
	if (slash == NULL || !(wf_text_starts_nocase(action, WF_SLICE("https://form")) ||
						   wf_text_starts_nocase(action, WF_SLICE("//form"))))
		return WF_OK;
	wf_advance(&action, slash + 1 - action.data);
	return take_value(x, WF_SOURCE_LINK, action, WF_TRUST_TEXT, position);
}

/* A tag with an '@' in its attributes: the few places that a reader gets. */
static WfStatus
take_other_attributes(Extraction *x, const WfHtmlToken *token)
{
	WfSlice		rest = token->attributes;
	WfHtmlAttribute attribute;
	WfSlice		content = WF_SLICE_EMPTY;
	WfSlice		title = WF_SLICE_EMPTY;
	WfSlice		action = WF_SLICE_EMPTY;
	bool		is_email = false;
	WfStatus	status = WF_OK;

	while (wf_html_next_attribute(&rest, &attribute))
	{
		if (wf_text_equal_nocase(attribute.name, WF_SLICE("content")))
			content = attribute.value;
		else if (wf_text_equal_nocase(attribute.name, WF_SLICE("title")) ||
				 (title.len == 0 &&
				  (wf_text_equal_nocase(attribute.name, WF_SLICE("aria-label")) ||
				   wf_text_equal_nocase(attribute.name, WF_SLICE("data-tooltip")) ||
				   wf_text_equal_nocase(attribute.name, WF_SLICE("data-clipboard-text")))))
			title = attribute.value;
		else if (wf_text_equal_nocase(attribute.name, WF_SLICE("itemprop")) ||
				 wf_text_equal_nocase(attribute.name, WF_SLICE("property")))
			is_email = is_email || says_email(attribute.value);
		else if (wf_text_equal_nocase(attribute.name, WF_SLICE("action")) ||
				 wf_text_equal_nocase(attribute.name, WF_SLICE("onclick")))
			action = attribute.value;
	}
	if (title.len > 0)
		status = take_value(x, WF_SOURCE_ATTRIBUTE, title, WF_TRUST_TEXT, token->offset);
	if (status == WF_OK && is_email && content.len > 0)
		status = take_value(x, WF_SOURCE_MICRODATA, content, WF_TRUST_LINK, token->offset);
	if (status == WF_OK && action.len > 0)
		status = take_action(x, action, token->offset);
	return status;
}

WfStatus
wf_page_take_attributes(Extraction *x, const WfHtmlToken *token, bool has_at)
{
	WfStatus	status = WF_OK;

	if (token->flags & WF_HTML_LINKS)
		status = take_link(x, token, has_at);
	if (status == WF_OK && has_at)
		status = take_other_attributes(x, token);
	return status;
}

/*-------------------------------------------------------------------------
 * Scripts
 *-------------------------------------------------------------------------
 */

/* What a node of JSON-LD says goes to the findings. */
typedef struct NodeContext
{
	Extraction *x;
	size_t		position;
} NodeContext;

static WfStatus
take_number(Extraction *x, WfFindingKind kind, WfSlice text, size_t position, WfSlice *value)
{
	WfPhone		phone;
	WfStatus	status;

	if (text.len > WF_MAX_VALUE || !wf_phone_value(x->phones, text, &phone))
		return WF_OK;
	status = wf_page_add_hidden(x, kind, WF_SOURCE_JSONLD, (WfSlice) {phone.value, phone.len},
								text, position);
	if (status == WF_OK && value != NULL && value->len == 0)
		status = wf_page_copy_field(x, (WfSlice) {phone.value, phone.len}, value);
	return status;
}

/* A node's address, with what the node says about who it is. */
static WfStatus
take_node_address(Extraction *x, const WfJsonldNode *node, WfSlice text, WfSlice number,
				  size_t position)
{
	WfFinding  *finding;
	WfStatus	status;

	x->touched = -1;
	status = wf_page_add_addresses(x, WF_SOURCE_JSONLD, text, WF_TRUST_LINK, position);
	if (status != WF_OK || x->touched < 0)
		return status;
	finding = &x->items[x->touched].finding;
	if (finding->phone.len == 0 && number.len > 0)
	{
		finding->phone = number;
		finding->told |= WF_TOLD_PHONE;
	}
	if (!node->is_person || !wf_person_is_name(node->name))
		return WF_OK;
	x->items[x->touched].has_owner = true;
	finding->told |= WF_TOLD_NAME;
	status = wf_page_copy_field(x, node->job_title, &finding->job_title);
	if (status == WF_OK)
		status = wf_page_copy_field(x, node->name, &finding->name);
	return status;
}

static WfStatus
take_node(void *context, const WfJsonldNode *node)
{
	NodeContext *c = context;
	Extraction *x = c->x;
	size_t		position = c->position + node->offset;
	WfSlice		number = WF_SLICE_EMPTY;
	WfStatus	status = WF_OK;
	int			i;

	if (node->postal.country.len > 0)
		wf_phone_hint(x->phones, WF_HINT_COUNTRY, node->postal.country);
	status = wf_page_add_postal(x, WF_SOURCE_JSONLD, &node->postal, position);
	if (status == WF_OK && node->is_person && node->emails.count == 0)
		status = wf_page_add_person(x, node->name, node->job_title);
	for (i = 0; status == WF_OK && i < node->telephones.count; i++)
		status = take_number(x, WF_KIND_PHONE, node->telephones.values[i], position, &number);
	for (i = 0; status == WF_OK && i < node->faxes.count; i++)
		status = take_number(x, WF_KIND_FAX, node->faxes.values[i], position, NULL);
	for (i = 0; status == WF_OK && i < node->emails.count; i++)
		status = take_node_address(x, node, node->emails.values[i], number, position);
	for (i = 0; status == WF_OK && i < node->link_count; i++)
		status = take_profile(x, WF_SOURCE_JSONLD, node->links[i], position);
	return status;
}

/* Search what scripts write. */
static WfStatus
take_cipher(Extraction *x, const WfHtmlToken *token)
{
	WfSlice		text;
	char	   *decoded = x->link[0];
	size_t		len;

	if (x->cipher_bytes > CIPHER_BYTES || !wf_cipher_is_suspect(token->text))
		return WF_OK;
	if (wf_page_cipher(x) == NULL)
		return WF_ERR_NOMEM;
	x->cipher_bytes += token->text.len;
	text = wf_cipher_script(x->cipher, token->text);
	if (text.len > WF_MAX_URL)
		text.len = WF_MAX_URL;
	len = wf_html_decode(text, false, decoded);
	len = wf_text_percent_decode((WfSlice) {decoded, len}, decoded);
	return wf_page_add_addresses(x, WF_SOURCE_CIPHER, (WfSlice) {decoded, len}, WF_TRUST_TEXT,
								 token->offset);
}

WfStatus
wf_page_take_script(Extraction *x, const WfHtmlToken *token)
{
	WfSlice		type = WF_SLICE_EMPTY;
	NodeContext context = {x, token->offset};

	if (x->opened.element == WF_ELEMENT_SCRIPT)
		wf_html_find_attribute(&x->opened, WF_SLICE("type"), &type);
	if (type.len == 0 || memmem(type.data, type.len, "javascript", 10) != NULL)
		return take_cipher(x, token);
	type = wf_text_trim(type);
	if (!wf_text_starts_nocase(type, WF_SLICE("application/ld+json")))
		return WF_OK;
	if (x->jsonld == NULL && (x->jsonld = wf_jsonld_create(x->arena)) == NULL)
		return WF_ERR_NOMEM;
	return wf_jsonld_walk(x->jsonld, token->text, x->in->stop, take_node, &context);
}
