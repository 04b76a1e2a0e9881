/*-------------------------------------------------------------------------
 *
 * wf_contact.c
 *	  E-mail addresses in text and in mailto: links.
 *
 * Every '@' is looked at once, in a window of WF_MAX_LOCAL_PART bytes before
 * it and WF_MAX_HOST behind.  The domain is taken as ASCII first and, where that
 * gives no real one, with the letters of other scripts (IDN).
 *
 *-------------------------------------------------------------------------
 */
#include "wf_contact.h"

#include <idn2.h>
#include <libpsl.h>
#include <stdlib.h>
#include <string.h>

#include "wf_text.h"
#include "wf_verdict.h"

/* How far back a URL around an '@' is looked for. */
#define URL_BYTES 128

/* Digits in groups in front of a local part that are a telephone number. */
#define MIN_GLUED_DIGITS 6

/* Bytes of one label of a domain name (RFC 1035 section 2.3.4). */
#define MAX_LABEL 63

struct WfContactMatcher
{
	const psl_ctx_t *suffixes;	/* built into libpsl */
};

struct WfContactScan
{
	const WfContactMatcher *matcher;
};

/* A candidate: text[start, at) '@' text[at + 1, end). */
typedef struct Candidate
{
	WfSlice		text;
	WfContactTrust trust;
	size_t		start;
	size_t		at;
	size_t		end;
} Candidate;

WfContactMatcher *
wf_contact_matcher_create(void)
{
	WfContactMatcher *matcher = calloc(1, sizeof(WfContactMatcher));

	if (matcher == NULL)
		return NULL;
	matcher->suffixes = psl_builtin();
	if (matcher->suffixes == NULL)
	{
		free(matcher);
		return NULL;
	}
	return matcher;
}

void
wf_contact_matcher_free(WfContactMatcher *matcher)
{
	free(matcher);
}

WfContactScan *
wf_contact_scan_create(const WfContactMatcher *matcher, WfArena *arena)
{
	WfContactScan *scan = wf_arena_alloc(arena, sizeof(WfContactScan));

	if (scan != NULL)
		scan->matcher = matcher;
	return scan;
}

/*-------------------------------------------------------------------------
 * Domains
 *-------------------------------------------------------------------------
 */

static WfSlice
last_label(WfSlice domain)
{
	size_t		start = domain.len;

	while (start > 0 && domain.data[start - 1] != '.')
		start--;
	wf_advance(&domain, start);
	return domain;
}

static bool
is_top_level_domain(const WfContactMatcher *matcher, WfSlice label)
{
	char		name[64];

	if (label.len < 2 || label.len >= sizeof(name))
		return false;
	memcpy(name, label.data, label.len);
	name[label.len] = '\0';
	/* the list knows South Africa only by what is below it: co.za, ac.za */
	return strcmp(name, "za") == 0 ||
		psl_is_public_suffix2(matcher->suffixes, name,
							  PSL_TYPE_ICANN | PSL_TYPE_NO_STAR_RULE) != 0;
}

/*
 * Length of the top-level domain that begins a label in lower case, which is
 * written as "shown": the whole label, or what stands before a digit, a dash or
 * a capital letter of what was glued to it ("comTel", "com0800").
 */
static size_t
top_level_length(const WfContactMatcher *matcher, WfSlice label, const char *shown)
{
	size_t		i;

	if (is_top_level_domain(matcher, label))
		return label.len;
	for (i = 2; i < label.len; i++)
	{
		bool		border = wf_is_digit(shown[i]) || shown[i] == '-' ||
			(shown[i] >= 'A' && shown[i] <= 'Z' && shown[i - 1] >= 'a' && shown[i - 1] <= 'z');

		if (!wf_is_alpha(shown[i - 1]))
			return 0;
		if (border)
			return is_top_level_domain(matcher, (WfSlice) {label.data, i}) ? i : 0;
	}
	return 0;
}

/* A name that is used inside a network only (RFC 6761, RFC 6762, RFC 8375). */
static bool
is_private_name(WfSlice label)
{
	return wf_text_equal_nocase(label, WF_SLICE("local")) ||
		wf_text_equal_nocase(label, WF_SLICE("localdomain")) ||
		wf_text_equal_nocase(label, WF_SLICE("internal")) ||
		wf_text_equal_nocase(label, WF_SLICE("invalid")) ||
		wf_text_equal_nocase(label, WF_SLICE("lan"));
}

/* "x.comwww.x.com": a host that was glued to a domain begins with "www.". */
static size_t
glued_host(WfSlice domain)
{
	size_t		i;

	for (i = 1; i + 4 < domain.len; i++)
	{
		if (domain.data[i] == 'w' && memcmp(domain.data + i, "www.", 4) == 0 &&
			wf_is_alpha(domain.data[i - 1]))
			return i;
	}
	return domain.len;
}

/*
 * Cut domain (lower case; "shown" is how it is written) to its longest beginning
 * that ends in a real top-level domain: "x.com.please" is x.com and the next
 * sentence.  False when there is none, or the labels are not those of a host.
 */
static bool
cut_domain(const WfContactMatcher *matcher, WfContactTrust trust, const char *shown,
		   WfSlice *domain)
{
	size_t		label = 0;
	size_t		i;

	if (domain->len == 0 || domain->data[0] == '.' || domain->data[0] == '-')
		return false;
	domain->len = glued_host(*domain);
	for (i = 1; i < domain->len; i++)
	{
		if (domain->data[i] == '.')
			label = i + 1;
		else if (i - label >= MAX_LABEL)
			return false;
		/* a label neither is empty nor begins or ends with '-' */
		if (domain->data[i] == '.' && (domain->data[i - 1] == '.' || domain->data[i - 1] == '-'))
			domain->len = i - 1;
		else if (domain->data[i] == '-' && domain->data[i - 1] == '.')
			domain->len = i - 1;
	}
	if (wf_verdict_is_file_ending(last_label(*domain), trust == WF_TRUST_TEXT) ||
		is_private_name(last_label(*domain)))
		return false;
	while (domain->len > 0)
	{
		WfSlice		last = last_label(*domain);
		size_t		before = domain->len - last.len;
		size_t		len;

		if (before == 0)
			return false;
		len = top_level_length(matcher, last, shown + before);
		if (len > 0)
		{
			domain->len = before + len;
			return true;
		}
		domain->len = before - 1;
	}
	return false;
}

/*
 * A domain with letters beyond ASCII: lower case as it would be shown.  Writes
 * to out (of WF_MAX_HOST bytes); 0 when there is no such domain.
 */
static size_t
international_domain(const WfContactMatcher *matcher, WfSlice domain, char *out)
{
	char		name[WF_MAX_HOST + 1];
	uint8_t    *ascii = NULL;
	char	   *shown = NULL;
	size_t		len = 0;

	if (domain.len > WF_MAX_HOST)
		return 0;
	memcpy(name, domain.data, domain.len);
	name[domain.len] = '\0';
	if (idn2_lookup_u8((const uint8_t *) name, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) !=
		IDN2_OK)
		return 0;
	if (strchr((char *) ascii, '.') != NULL &&
		is_top_level_domain(matcher,
							last_label((WfSlice){(char *) ascii, strlen((char *) ascii)})) &&
		idn2_to_unicode_8z8z((char *) ascii, &shown, 0) == IDN2_OK)
	{
		len = strlen(shown);
		if (len > WF_MAX_HOST)
			len = 0;
		memcpy(out, shown, len);
	}
	idn2_free(ascii);
	idn2_free(shown);
	return len;
}

/*-------------------------------------------------------------------------
 * Local parts
 *-------------------------------------------------------------------------
 */

static bool
is_local_char(char c)
{
	return wf_is_alpha(c) || wf_is_digit(c) ||
		c == '.' || c == '_' || c == '%' || c == '+' || c == '-';
}

/* A letter of the Latin script beyond ASCII. */
static bool
is_latin_letter(uint32_t cp)
{
	return cp >= 0xC0 && cp < 0x370 && cp != 0xD7 && cp != 0xF7;
}

/* Letters of scripts that no address mixes with ASCII. */
static bool
is_far_letter(uint32_t cp)
{
	return cp >= 0x370 && (cp < 0x2000 || cp >= 0x3040) && cp != WF_REPLACEMENT_CHAR &&
		(cp < 0xFF00 || cp > 0xFF0F);
}

/* Where the character that ends at "at" begins, at most 4 bytes back. */
static size_t
character_start(WfSlice text, size_t floor, size_t at)
{
	size_t		start = at - 1;

	while (start > floor && at - start < 4 && ((unsigned char) text.data[start] & 0xC0) == 0x80)
		start--;
	return start;
}

/* Characters that a local part may have between letters. */
static bool
joins_local(WfSlice text, size_t floor, size_t i, WfContactTrust trust)
{
	char		c = text.data[i];
	char		before;

	if (i == floor || !wf_is_alpha(text.data[i + 1]))
		return false;
	before = text.data[i - 1];
	if (!wf_is_alpha(before))
		return false;
	if (trust == WF_TRUST_LINK)
		return c == '\'' || c == '&' || c == '!';
	if (c == '&')
		return true;
	/* o'brien, d'angelo; but not l'info */
	before = wf_lower_char(before);
	return c == '\'' && (before == 'o' || before == 'd') &&
		(i - 1 == floor || !is_local_char(text.data[i - 2]));
}

/*
 * Start of the local part that ends at "at".  Letters of other scripts count
 * only when there are no others: text in Chinese often touches the address.
 */
static size_t
local_start(WfSlice text, size_t floor, size_t at, WfContactTrust trust)
{
	size_t		start = at;
	bool		any_ascii = false;

	while (start > floor && at - start <= WF_MAX_LOCAL_PART)
	{
		char		c = text.data[start - 1];
		size_t		previous;
		uint32_t	cp;

		if (is_local_char(c))
		{
			any_ascii = any_ascii || wf_is_alpha(c) || wf_is_digit(c);
			start--;
			continue;
		}
		if ((unsigned char) c < 0x80)
		{
			if (start == at || !joins_local(text, floor, start - 1, trust))
				break;
			start--;
			continue;
		}
		previous = character_start(text, floor, start);
		if ((size_t) wf_text_decode(text.data + previous, text.data + start, &cp) !=
			start - previous)
			break;
		if (!is_latin_letter(cp) && !(is_far_letter(cp) && !any_ascii))
			break;
		start = previous;
	}
	return start;
}

/* Digits in groups ("459-5382") that were glued to the front. */
static size_t
skip_glued_number(const Candidate *c)
{
	size_t		i = c->start;
	int			digits = 0;
	int			groups = 0;

	while (i < c->at && wf_is_digit(c->text.data[i]))
	{
		while (i < c->at && wf_is_digit(c->text.data[i]))
		{
			i++;
			digits++;
		}
		groups++;
		if (i + 1 < c->at && (c->text.data[i] == '-' || c->text.data[i] == '.') &&
			wf_is_digit(c->text.data[i + 1]))
			i++;
	}
	if (groups < 2 || digits < MIN_GLUED_DIGITS || i == c->at || !wf_is_alpha(c->text.data[i]))
		return c->start;
	return i;
}

/* What URL encoding, an escape or a list dash left in front. */
static void
skip_leading_noise(Candidate *c)
{
	const char *data = c->text.data;

	while (c->start < c->at)
	{
		WfSlice		rest = {data + c->start, c->at - c->start};

		if (rest.len >= 3 && rest.data[0] == '%' && wf_text_hex_value(rest.data[1]) >= 0 &&
			wf_text_hex_value(rest.data[2]) >= 0)
			c->start += 3;
		else if (rest.len > 5 && (wf_text_starts_nocase(rest, WF_SLICE("u003e")) ||
								  wf_text_starts_nocase(rest, WF_SLICE("u003c"))))
			c->start += 5;
		else if (wf_verdict_separates_words(rest.data[0]) && rest.data[0] != '_')
			c->start++;
		else
			break;
	}
	if (c->trust == WF_TRUST_TEXT)
		c->start = skip_glued_number(c);
}

/* The '@' is part of a URL ("https://user@host/", "https://x.org/@a@b"). */
static bool
is_in_url(const Candidate *c)
{
	size_t		i = c->start;
	size_t		floor = i > URL_BYTES ? i - URL_BYTES : 0;

	while (i > floor)
	{
		char		b = c->text.data[--i];

		if (wf_is_space(b) || strchr("<>\"'()|,;", b) != NULL)
			return false;
		if (b == ':' && i + 2 < c->start && c->text.data[i + 1] == '/' &&
			c->text.data[i + 2] == '/')
			return true;
		/* a label glued to it: "www.x.org/E-Mail:info@x.org" */
		if (b == ':' && i >= 4 && wf_text_equal_nocase((WfSlice) {c->text.data + i - 4, 4},
													   WF_SLICE("mail")))
			return false;
	}
	return false;
}

/*-------------------------------------------------------------------------
 * Candidates
 *-------------------------------------------------------------------------
 */

static bool
is_ascii(const char *data, size_t len)
{
	return wf_text_ascii_prefix((WfSlice) {data, len}) == len;
}

/* A local part in another script. */
static bool
is_far_local(const Candidate *c)
{
	const char *p = c->text.data + c->start;
	uint32_t	cp;

	wf_text_decode(p, c->text.data + c->at, &cp);
	return is_far_letter(cp);
}

/* A repository or a file on a host ("git@host:", "root@host:/tmp"), not a person. */
static bool
is_place(const Candidate *c, WfSlice local, size_t end)
{
	char		next = end < c->text.len ? c->text.data[end] : '\0';
	char		behind = end + 1 < c->text.len ? c->text.data[end + 1] : '\0';

	if (wf_text_equal(local, WF_SLICE("git")))
		return next == ':' || next == '/';
	return next == ':' && (behind == '/' || behind == '~');
}

/*
 * Judge the candidate; fill *address and return true when it is kept.
 */
static bool
accept_address(const WfContactMatcher *matcher, Candidate c, WfAddress *address)
{
	WfSlice		local = {address->value, 0};
	WfSlice		domain;
	const char *shown = c.text.data + c.at + 1;

	skip_leading_noise(&c);
	if (c.start >= c.at || c.text.data[c.at - 1] == '.' || c.at - c.start > WF_MAX_LOCAL_PART)
		return false;
	local.len = c.at - c.start;
	memcpy(address->value, c.text.data + c.start, local.len + 1);
	domain.data = address->value + local.len + 1;
	domain.len = c.end - c.at - 1;
	if (domain.len > WF_MAX_HOST)
		domain.len = WF_MAX_HOST;
	if (domain.len == 0)
		return false;
	if (is_ascii(shown, domain.len))
	{
		memcpy(address->value + local.len + 1, shown, domain.len);
		wf_text_lower(address->value, local.len + 1 + domain.len);
		if (!cut_domain(matcher, c.trust, shown, &domain) ||
			(c.trust == WF_TRUST_TEXT && is_far_local(&c)))
			return false;
		address->end = c.at + 1 + domain.len;
	}
	else
	{
		domain.len = international_domain(matcher, (WfSlice) {shown, domain.len},
										  address->value + local.len + 1);
		wf_text_lower(address->value, local.len);
		if (domain.len == 0)
			return false;
		address->end = c.end;
	}
	if (wf_verdict_is_fake(local, domain))
		return false;
	if (c.trust == WF_TRUST_TEXT && is_in_url(&c))
		return false;
	if (is_place(&c, local, address->end))
		return false;
	address->start = c.start;
	address->is_reversed = false;
	address->len = local.len + 1 + domain.len;
	return true;
}

/* End of the domain behind the '@': of its ASCII characters, or of all. */
static size_t
domain_end(WfSlice text, size_t at, bool ascii)
{
	size_t		end = at + 1;
	size_t		limit = text.len - end > WF_MAX_HOST ? end + WF_MAX_HOST : text.len;

	while (end < limit)
	{
		char		c = text.data[end];
		uint32_t	cp;
		int			len;

		if (wf_is_alpha(c) || wf_is_digit(c) || c == '.' || c == '-')
		{
			end++;
			continue;
		}
		if (ascii || (unsigned char) c < 0x80)
			break;
		len = wf_text_decode(text.data + end, text.data + text.len, &cp);
		if ((!is_latin_letter(cp) && !is_far_letter(cp)) || end + len > limit)
			break;
		end += len;
	}
	return end;
}

/* The same characters from the last to the first; ASCII only. */
static bool
accept_reversed(const WfContactMatcher *matcher, const Candidate *c, WfAddress *address)
{
	char		turned[WF_MAX_ADDRESS];
	Candidate	candidate = {{turned, c->end - c->start}, WF_TRUST_TEXT};
	size_t		i;

	if (candidate.text.len > sizeof(turned) || c->end - c->at - 1 > WF_MAX_LOCAL_PART ||
		!is_ascii(c->text.data + c->start, candidate.text.len))
		return false;
	for (i = 0; i < candidate.text.len; i++)
		turned[i] = c->text.data[c->end - 1 - i];
	candidate.at = c->end - 1 - c->at;
	candidate.end = candidate.text.len;
	if (!accept_address(matcher, candidate, address) || address->len != candidate.text.len)
		return false;
	address->start = c->start;
	address->end = c->end;
	address->is_reversed = true;
	return true;
}

/*
 * "info@", and the domain alone in the next line: a narrow column was broken
 * behind the '@'.
 */
static bool
accept_broken(const WfContactMatcher *matcher, const Candidate *c, WfAddress *address)
{
	char		joined[WF_MAX_ADDRESS];
	WfSlice		local = {c->text.data + c->start, c->at + 1 - c->start};
	Candidate	candidate = {{joined, 0}, WF_TRUST_TEXT};
	size_t		end;

	if (c->text.len - c->at < 5 || c->text.data[c->at + 1] != '\n' ||
		c->text.data[c->at + 2] == 'w')
		return false;
	end = domain_end(c->text, c->at + 1, true);
	if (end < c->text.len && c->text.data[end] != '\n')
		return false;
	memcpy(joined, local.data, local.len);
	memcpy(joined + local.len, c->text.data + c->at + 2, end - c->at - 2);
	candidate.at = local.len - 1;
	candidate.text.len = candidate.end = local.len + end - c->at - 2;
	if (!accept_address(matcher, candidate, address) || address->len != candidate.text.len)
		return false;
	address->start = c->start;
	address->end = end;
	return true;
}

static bool
accept_at(const WfContactMatcher *matcher, WfSlice text, WfContactTrust trust,
		  size_t floor, size_t at, WfAddress *address)
{
	Candidate	c = {text, trust};

	c.at = at;
	c.start = local_start(text, floor, at, trust);
	if (c.start == at || at - c.start > WF_MAX_LOCAL_PART)
		return false;
	/* "@name@host" is an account of another kind */
	if (c.start > floor && text.data[c.start - 1] == '@')
		return false;
	if (trust == WF_TRUST_TEXT && accept_broken(matcher, &c, address))
		return true;
	c.end = domain_end(text, at, true);
	if (c.end > at + 1 && accept_address(matcher, c, address))
		return true;
	if (c.end < text.len && (unsigned char) text.data[c.end] >= 0x80)
	{
		c.end = domain_end(text, at, false);
		return c.end > at + 1 && accept_address(matcher, c, address);
	}
	return trust == WF_TRUST_TEXT && c.end > at + 1 && accept_reversed(matcher, &c, address);
}

bool
wf_contact_next(WfContactScan *scan, WfSlice text, WfContactTrust trust,
				size_t *pos, WfAddress *address)
{
	while (*pos < text.len)
	{
		const char *found = memchr(text.data + *pos, '@', text.len - *pos);
		size_t		floor = *pos;
		size_t		at;

		if (found == NULL)
			break;
		at = found - text.data;
		*pos = at + 1;
		/* the '@' before the first that is looked at */
		if (floor > 0 && text.data[floor - 1] == '@')
			floor--;
		if (!accept_at(scan->matcher, text, trust, floor, at, address))
			continue;
		*pos = address->end;
		return true;
	}
	*pos = text.len;
	return false;
}

bool
wf_contact_judge(const WfContactScan *scan, WfSlice candidate, WfContactTrust trust,
				 WfAddress *address)
{
	const char *at = candidate.len > 0 ? memchr(candidate.data, '@', candidate.len) : NULL;

	return at != NULL &&
		accept_at(scan->matcher, candidate, trust, 0, at - candidate.data, address) &&
		!address->is_reversed && address->start == 0 && address->end == candidate.len;
}

/*-------------------------------------------------------------------------
 * mailto: links
 *-------------------------------------------------------------------------
 */

/* What may stand in front of a scheme by mistake: spaces, coded or not, '/'. */
static bool
skip_noise(WfSlice *href)
{
	size_t		len = 0;

	if (href->len > 0 && ((unsigned char) href->data[0] <= ' ' || href->data[0] == '/'))
		len = 1;
	else if (href->len >= 3 && memcmp(href->data, "%20", 3) == 0)
		len = 3;
	wf_advance(href, len);
	return len > 0;
}

/* Append the percent-decoded piece, without marks nobody sees, and a line end to out. */
static size_t
append_decoded(WfSlice piece, char *out)
{
	size_t		decoded = wf_text_percent_decode(piece, out);
	size_t		len = 0;
	size_t		i = 0;

	while (i < decoded)
	{
		uint32_t	cp;
		int			size = wf_text_decode(out + i, out + decoded, &cp);

		if (out[i] == ',' || out[i] == ';')
			out[len++] = '\n';
		else if (!wf_text_is_invisible(cp))
		{
			memmove(out + len, out + i, size);
			len += size;
		}
		i += size;
	}
	out[len] = '\n';
	return len + 1;
}

/* True when parameter ("key=value") names receivers; strips the key. */
static bool
is_receiver_parameter(WfSlice *parameter)
{
	static const WfSlice keys[] = {{"to=", 3}, {"cc=", 3}, {"bcc=", 4}};
	size_t		i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
	{
		if (wf_text_starts_nocase(*parameter, keys[i]))
		{
			wf_advance(parameter, keys[i].len);
			return true;
		}
	}
	return false;
}

bool
wf_contact_mailto(WfSlice href, char *out, size_t *len)
{
	WfSlice		scheme = WF_SLICE("mailto:");
	const char *end = href.data + href.len;
	const char *query;
	bool		is_mailto = false;

	for (;;)
	{
		if (wf_text_starts_nocase(href, scheme))
		{
			is_mailto = true;
			wf_advance(&href, scheme.len);
		}
		else if (!skip_noise(&href))
			break;
	}
	if (!is_mailto)
		return false;

	query = href.len > 0 ? memchr(href.data, '?', href.len) : NULL;
	*len = append_decoded((WfSlice) {href.data, (query != NULL ? query : end) - href.data}, out);
	while (query != NULL && query < end)
	{
		WfSlice		parameter = {query + 1, 0};

		while (parameter.data + parameter.len < end &&
			   parameter.data[parameter.len] != '&' && parameter.data[parameter.len] != '?')
			parameter.len++;
		query = parameter.data + parameter.len;
		/* some pages write "&amp;" twice over */
		if (wf_text_starts_nocase(parameter, WF_SLICE("amp;")))
			wf_advance(&parameter, 4);
		if (is_receiver_parameter(&parameter))
			*len += append_decoded(parameter, out + *len);
	}
	return true;
}
