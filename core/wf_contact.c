/*-------------------------------------------------------------------------
 *
 * wf_contact.c
 *	  E-mail addresses in text and in mailto: links.
 *
 * Every '@' is looked at once, in a window of WF_MAX_LOCAL_PART bytes before
 * it and WF_MAX_HOST behind; the pattern is anchored at the start of the local
 * part and all its repetitions are bounded.
 *
 *-------------------------------------------------------------------------
 */
#include "wf_contact.h"

#include <libpsl.h>
#include <stdlib.h>
#include <string.h>

#include "wf_pattern.h"
#include "wf_text.h"
#include "wf_url.h"

static const char address_pattern[] =
"[a-zA-Z0-9._%+-]{1,64}@[a-zA-Z0-9.-]{1,252}\\.[a-zA-Z]{2,63}";

struct WfContactMatcher
{
	Pattern		pattern;
	const psl_ctx_t *suffixes;	/* built into libpsl */
};

struct WfContactScan
{
	const WfContactMatcher *matcher;
	pcre2_match_data *match_data;
};

WfContactMatcher *
wf_contact_matcher_create(void)
{
	WfContactMatcher *matcher = calloc(1, sizeof(WfContactMatcher));

	if (matcher == NULL)
		return NULL;
	matcher->suffixes = psl_builtin();
	if (!pattern_compile(&matcher->pattern, address_pattern, PCRE2_ANCHORED) ||
		matcher->suffixes == NULL)
	{
		wf_contact_matcher_free(matcher);
		return NULL;
	}
	return matcher;
}

void
wf_contact_matcher_free(WfContactMatcher *matcher)
{
	if (matcher == NULL)
		return;
	pattern_free(&matcher->pattern);
	free(matcher);
}

WfContactScan *
wf_contact_scan_create(const WfContactMatcher *matcher, WfArena *arena)
{
	WfContactScan *scan = wf_arena_alloc(arena, sizeof(WfContactScan));

	if (scan == NULL)
		return NULL;
	scan->matcher = matcher;
	scan->match_data = pattern_match_data(arena);
	return scan->match_data != NULL ? scan : NULL;
}

/*-------------------------------------------------------------------------
 * Which addresses are kept
 *-------------------------------------------------------------------------
 */

static bool
separates_words(char c)
{
	return c == '.' || c == '-' || c == '_' || c == '+' || c == '%';
}

/*
 * True when word stands in text as a whole word.  A '-' inside word matches
 * '.' and '_' as well.
 */
static bool
has_word(WfSlice text, WfSlice word)
{
	size_t		start;

	for (start = 0; start + word.len <= text.len; start++)
	{
		size_t		end = start + word.len;
		size_t		i = 0;

		if (start > 0 && !separates_words(text.data[start - 1]))
			continue;
		if (end < text.len && !separates_words(text.data[end]))
			continue;
		while (i < word.len && (text.data[start + i] == word.data[i] ||
								(word.data[i] == '-' && separates_words(text.data[start + i]))))
			i++;
		if (i == word.len)
			return true;
	}
	return false;
}

/* True when one of the labels of domain is label. */
static bool
has_label(WfSlice domain, WfSlice label)
{
	while (domain.len >= label.len)
	{
		const char *dot = memchr(domain.data, '.', domain.len);
		WfSlice		first = {domain.data, dot != NULL ? (size_t) (dot - domain.data) : domain.len};

		if (wf_text_equal(first, label))
			return true;
		if (dot == NULL)
			return false;
		wf_advance(&domain, first.len + 1);
	}
	return false;
}

/* Addresses that lead nowhere, by the words of the old service. */
static bool
is_fake(WfSlice local, WfSlice domain)
{
	static const WfSlice words[] = {
		{"noreply", 7}, {"donotreply", 10}, {"no-reply", 8}, {"do-not-reply", 12}, {"dummy", 5}
	};
	static const WfSlice domains[] = {
		{"example.com", 11}, {"test.com", 8}
	};
	size_t		i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
	{
		if (has_word(local, words[i]) || has_label(domain, words[i]))
			return true;
	}
	for (i = 0; i < sizeof(domains) / sizeof(domains[0]); i++)
	{
		if (wf_url_host_in_domain(domain, domains[i]))
			return true;
	}
	return false;
}

static WfSlice
last_label(WfSlice domain)
{
	size_t		start = domain.len;

	while (start > 0 && domain.data[start - 1] != '.')
		start--;
	wf_advance(&domain, start);
	return domain;
}

/* Endings of files that pages name with an '@' ("logo@2x.png"). */
static bool
is_file_ending(WfSlice label, WfContactTrust trust)
{
	static const WfSlice endings[] = {
		{"png", 3}, {"jpg", 3}, {"jpeg", 4}, {"gif", 3}, {"webp", 4}, {"svg", 3}, {"avif", 4},
		{"ico", 3}, {"bmp", 3}, {"js", 2}, {"mjs", 3}, {"css", 3}, {"json", 4}, {"html", 4},
		{"pdf", 3}, {"mp4", 3}, {"woff", 4}, {"ttf", 3}
	};
	static const WfSlice also_suffixes[] = {{"zip", 3}, {"mov", 3}};
	size_t		i;

	for (i = 0; i < sizeof(endings) / sizeof(endings[0]); i++)
	{
		if (wf_text_equal(label, endings[i]))
			return true;
	}
	for (i = 0; i < sizeof(also_suffixes) / sizeof(also_suffixes[0]); i++)
	{
		if (trust == WF_TRUST_TEXT && wf_text_equal(label, also_suffixes[i]))
			return true;
	}
	return false;
}

static bool
is_top_level_domain(const WfContactMatcher *matcher, WfSlice label)
{
	char		name[64];

	if (label.len == 0 || label.len >= sizeof(name))
		return false;
	memcpy(name, label.data, label.len);
	name[label.len] = '\0';
	return psl_is_public_suffix2(matcher->suffixes, name,
								 PSL_TYPE_ICANN | PSL_TYPE_NO_STAR_RULE) != 0;
}

/*
 * Cut domain (lower case) to its longest beginning that ends in a real
 * top-level domain: "x.com.please" is x.com and the next sentence.  False when
 * there is none, or the labels are not those of a host name.
 */
static bool
cut_domain(const WfContactMatcher *matcher, WfContactTrust trust, WfSlice *domain)
{
	size_t		i;

	if (domain->len == 0 || domain->data[0] == '.' || domain->data[0] == '-')
		return false;
	for (i = 1; i < domain->len; i++)
	{
		/* a label neither is empty nor begins or ends with '-' */
		if (domain->data[i] == '.' && (domain->data[i - 1] == '.' || domain->data[i - 1] == '-'))
			domain->len = i - 1;
		else if (domain->data[i] == '-' && domain->data[i - 1] == '.')
			domain->len = i - 1;
	}
	if (is_file_ending(last_label(*domain), trust))
		return false;
	while (domain->len > 0)
	{
		WfSlice		last = last_label(*domain);

		if (last.len == domain->len)
			return false;
		if (is_top_level_domain(matcher, last))
			return true;
		domain->len -= last.len + 1;
	}
	return false;
}

/*
 * Judge the candidate text[start, end) with its '@' at "at"; fill *address and
 * return true when it is kept.
 */
static bool
accept_address(const WfContactMatcher *matcher, WfSlice text, WfContactTrust trust,
			   size_t start, size_t at, size_t end, WfAddress *address)
{
	WfSlice		local;
	WfSlice		domain;

	/* what URL encoding or a list dash left in front of it */
	while (start < at)
	{
		if (at - start >= 3 && text.data[start] == '%' &&
			wf_text_hex_value(text.data[start + 1]) >= 0 &&
			wf_text_hex_value(text.data[start + 2]) >= 0)
			start += 3;
		else if (separates_words(text.data[start]) && text.data[start] != '_')
			start++;
		else
			break;
	}
	if (start == at || text.data[at - 1] == '.' || end - start > WF_MAX_ADDRESS)
		return false;

	memcpy(address->value, text.data + start, end - start);
	wf_text_lower(address->value, end - start);
	local.data = address->value;
	local.len = at - start;
	domain.data = address->value + local.len + 1;
	domain.len = end - at - 1;
	if (!cut_domain(matcher, trust, &domain) || is_fake(local, domain))
		return false;
	address->start = start;
	address->len = local.len + 1 + domain.len;
	address->end = start + address->len;
	return true;
}

static bool
is_local_char(char c)
{
	return wf_is_alpha(c) || wf_is_digit(c) ||
		c == '.' || c == '_' || c == '%' || c == '+' || c == '-';
}

bool
wf_contact_next(WfContactScan *scan, WfSlice text, WfContactTrust trust,
				size_t *pos, WfAddress *address)
{
	const WfContactMatcher *matcher = scan->matcher;

	while (*pos < text.len)
	{
		const char *found = memchr(text.data + *pos, '@', text.len - *pos);
		size_t		floor = *pos;
		size_t		at;
		size_t		start;
		size_t		end;
		size_t		window_end;

		if (found == NULL)
			break;
		at = found - text.data;
		*pos = at + 1;
		start = at;
		while (start > floor && at - start <= WF_MAX_LOCAL_PART &&
			   is_local_char(text.data[start - 1]))
			start--;
		if (start == at || at - start > WF_MAX_LOCAL_PART)
			continue;
		window_end = text.len - at - 1 > WF_MAX_HOST ? at + 1 + WF_MAX_HOST : text.len;
		if (!pattern_match(&matcher->pattern, scan->match_data, text.data, window_end,
						   start, &start, &end))
			continue;
		if (!accept_address(matcher, text, trust, start, at, end, address))
			continue;
		*pos = address->end;
		return true;
	}
	*pos = text.len;
	return false;
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

/* Append the percent-decoded piece and a line end to out. */
static size_t
append_decoded(WfSlice piece, char *out)
{
	size_t		len = wf_text_percent_decode(piece, out);
	size_t		i;

	for (i = 0; i < len; i++)
	{
		if (out[i] == ',' || out[i] == ';')
			out[i] = '\n';
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
