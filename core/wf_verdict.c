/*-------------------------------------------------------------------------
 *
 * wf_verdict.c
 *	  Is what looks like an address one that reaches somebody?
 *
 *-------------------------------------------------------------------------
 */
#include "wf_verdict.h"

#include <string.h>

#include "wf_text.h"
#include "wf_url.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Hexadecimal digits in the key of an error tracker. */
#define MIN_KEY 24

bool
wf_verdict_separates_words(char c)
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

		if (start > 0 && !wf_verdict_separates_words(text.data[start - 1]))
			continue;
		if (end < text.len && !wf_verdict_separates_words(text.data[end]))
			continue;
		while (i < word.len && (text.data[start + i] == word.data[i] ||
								(word.data[i] == '-' &&
								 wf_verdict_separates_words(text.data[start + i]))))
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

static bool
is_one_of(WfSlice text, const char *const *list, size_t count)
{
	size_t		i;

	for (i = 0; i < count; i++)
	{
		if (strlen(list[i]) == text.len && memcmp(list[i], text.data, text.len) == 0)
			return true;
	}
	return false;
}

/* Copy without what separates words; at most size bytes. */
static WfSlice
squeeze(WfSlice text, char *out, size_t size)
{
	WfSlice		squeezed = {out, 0};
	size_t		i;

	for (i = 0; i < text.len && squeezed.len < size; i++)
	{
		if (!wf_verdict_separates_words(text.data[i]))
			out[squeezed.len++] = text.data[i];
	}
	return squeezed;
}

/* "Your name" and the like, as forms and manuals write it. */
static bool
is_placeholder_local(WfSlice local)
{
	static const char *const words[] = {
		"youremail", "yourmail", "yourname", "youremailaddress", "youraddress", "yourusername",
		"youremailhere", "enteryouremail", "emailaddress", "myemail", "myemailaddress",
		"firstnamelastname", "firstlast", "firstname", "lastname", "namesurname",
		"firstinitiallastname", "johndoe", "janedoe", "maxmustermann", "erikamustermann",
		"vornamename", "vornamenachname", "vorname", "nachname", "ihreemail", "ihremail",
		"ihrname", "deineemail", "deinemail", "deinname", "emailadresse", "prenomnom",
		"nomprenom", "votreemail", "votremail", "votreadresse", "votrenom", "adresseemail",
		"nombreapellido", "tucorreo", "tuemail", "tunombre", "sucorreo", "suemail",
		"seuemail", "seunome", "nomesobrenome", "nomecognome", "latuaemail", "tuaemail",
		"tuamail", "voornaamachternaam", "uwemail", "jouwemail", "uwnaam", "etunimisukunimi",
		"fornavnetternavn", "fornavnefternavn", "fornamnefternamn", "imienazwisko"
	};
	char		squeezed[32];

	return is_one_of(squeeze(local, squeezed, sizeof(squeezed)), words, COUNT(words));
}

/* The label in front of the suffix is one that manuals use. */
static bool
is_placeholder_domain(WfSlice domain)
{
	static const char *const labels[] = {
		"exemple", "beispiel", "ejemplo", "esempio", "exemplo", "voorbeeld", "exempel",
		"eksempel", "esimerkki", "przyklad", "priklad", "pelda", "ornek", "beispieldomain",
		"beispielfirma", "musterfirma", "mustermann", "exampledomain", "yourdomain", "yourdomainname",
		"yourcompany", "yoursite", "yourwebsite", "yourbusiness", "yourhost", "youremail",
		"yourmail", "mydomain", "mysite", "mycompany", "somedomain", "domainname",
		"deinedomain", "deinefirma", "ihredomain", "ihrefirma", "meinedomain", "votredomaine",
		"votresite", "mondomaine", "tudominio", "sudominio", "tuempresa", "midominio",
		"seudominio", "suaempresa", "tuodominio", "iltuodominio", "uwdomein", "jouwdomein"
	};
	static const char *const domains[] = {
		"site.com", "domain.com", "domain.de", "domain.tld", "domain.net", "domain.org", "domaine.com",
		"domaine.fr", "dominio.com", "dominio.it", "dominio.es", "domein.nl", "email.com",
		"company.com", "website.com", "address.com", "mail.example", "correo.com", "firma.tld",
		"provider.tld", "emailaddress.com", "server.com", "host.com", "xyz.tld", "abc.xyz"
	};
	const char *dot = memchr(domain.data, '.', domain.len);
	WfSlice		first = {domain.data, dot != NULL ? (size_t) (dot - domain.data) : domain.len};
	char		squeezed[32];

	return is_one_of(squeeze(first, squeezed, sizeof(squeezed)), labels, COUNT(labels)) ||
		is_one_of(domain, domains, COUNT(domains));
}

/* Local parts that stand for any. */
static bool
is_general_local(WfSlice local)
{
	static const char *const locals[] = {
		"you", "name", "user", "username", "email", "mail", "someone", "somebody", "me", "your",
		"john", "jane", "example", "test", "nobody", "address", "foo", "bar", "xyz", "abc",
		"ihre", "ihr", "deine", "dein", "votre", "nom", "nombre", "nome", "naam", "navn", "namn",
		"mein", "meine", "moi", "demo", "sample", "beispiel", "exemple", "ejemplo", "esempio",
		"exemplo", "tu", "tucorreo", "correo", "usuario", "seu", "sua", "tuo", "tua", "utente",
		"adresse", "prenom", "jouw", "uw", "gebruiker", "din", "dit", "vas", "vase", "tvuj",
		"jmeno", "meno", "uzivatel", "twoj", "twoja", "imie", "adres", "nev", "neved", "nume",
		"ime", "ornek", "eposta", "epost", "nimi", "sinu", "onoma", "vards", "vardas"
	};

	return is_one_of(local, locals, COUNT(locals));
}

/* "example@gmail.com": a name that stands for any, where everybody has one. */
static bool
is_general_account(WfSlice local, WfSlice domain)
{
	static const char *const locals[] = {
		"you", "your", "user", "username", "email", "mail", "someone", "somebody", "example",
		"abc", "xyz", "foo", "demo", "sample", "name"
	};
	static const char *const domains[] = {
		"gmail.com", "yahoo.com", "hotmail.com", "outlook.com", "mail.com", "mail.ru", "gmx.de"
	};

	return is_one_of(domain, domains, COUNT(domains)) && is_one_of(local, locals, COUNT(locals));
}

/* Both names stand for any: "name@firma.de", "john@doe.com". */
static bool
has_general_name(WfSlice local, WfSlice domain)
{
	static const char *const labels[] = {
		"domain", "company", "email", "mail", "website", "site", "firma", "firm", "business",
		"unternehmen", "provider", "anbieter", "server", "host", "doe", "smith",
		"epost", "eposta", "posta", "poczta", "domena", "domaine", "domein", "domeniu",
		"abc", "xyz", "test", "empresa", "entreprise", "azienda", "bedrijf", "dominio", "correo"
	};
	const char *dot = memchr(domain.data, '.', domain.len);

	/* glued to its label */
	if (local.len > 7 && memcmp(local.data, "e-mail", 6) == 0)
		wf_advance(&local, 6);
	/* "you@youruniversity.edu" too */
	return dot != NULL &&
		((domain.len > 4 && memcmp(domain.data, "your", 4) == 0) ||
		 is_one_of((WfSlice) {domain.data, dot - domain.data}, labels, COUNT(labels))) &&
		is_general_local(local);
}

/*
 * Domains named "example": RFC 2606 keeps some of them free.  Under .org and
 * .net only locals that nobody has are told to be placeholders.
 */
static bool
is_example(WfSlice local, WfSlice domain)
{
	WfSlice		example = WF_SLICE("example");

	if (!has_label(domain, example))
		return has_general_name(local, domain);
	if (wf_url_host_in_domain(domain, WF_SLICE("example.org")) ||
		wf_url_host_in_domain(domain, WF_SLICE("example.net")))
		return is_general_local(local);
	return true;
}

/* A local part of hexadecimal digits and dashes: the key of a DSN, a hash, a UUID. */
static bool
is_key(WfSlice local)
{
	size_t		digits = 0;
	size_t		i;

	for (i = 0; i < local.len; i++)
	{
		if (wf_text_hex_value(local.data[i]) < 0 && local.data[i] != '-')
			return false;
		digits += wf_is_digit(local.data[i]);
	}
	return local.len >= MIN_KEY && digits > 0;
}

bool
wf_verdict_is_fake(WfSlice local, WfSlice domain)
{
	static const WfSlice words[] = {
		{"noreply", 7}, {"nospam", 6}, {"no-spam", 7}, {"donotreply", 10}, {"no-reply", 8}, {"do-not-reply", 12}, {"dummy", 5}
	};
	static const WfSlice domains[] = {
		{"test.com", 8}, {"test.de", 7}, {"test.test", 9}, {"test.tld", 8}, {"sentry.io", 9},
		{"sentry.wixpress.com", 19}, {"sentry-next.wixpress.com", 24}
	};
	size_t		i;

	for (i = 0; i < COUNT(words); i++)
	{
		if (has_word(local, words[i]) || has_label(domain, words[i]))
			return true;
	}
	for (i = 0; i < COUNT(domains); i++)
	{
		if (wf_url_host_in_domain(domain, domains[i]))
			return true;
	}
	return is_example(local, domain) || is_general_account(local, domain) ||
		is_placeholder_domain(domain) ||
		is_placeholder_local(local) || is_key(local);
}

bool
wf_verdict_is_file_ending(WfSlice label, bool in_text)
{
	static const char *const endings[] = {
		"png", "jpg", "jpeg", "gif", "webp", "svg", "avif", "ico", "bmp", "js", "mjs", "css",
		"json", "html", "pdf", "mp4", "woff", "ttf", "tiff", "webm", "woff2", "php", "aspx"
	};
	static const char *const also_suffixes[] = {"zip", "mov"};

	return is_one_of(label, endings, COUNT(endings)) ||
		(in_text && is_one_of(label, also_suffixes, COUNT(also_suffixes)));
}
