/*-------------------------------------------------------------------------
 *
 * wf_phone_label.c
 *	  Words around phone numbers, and what names a country.
 *
 *-------------------------------------------------------------------------
 */
#include "wf_phone_int.h"

#include <string.h>

#include "wf_text.h"

#define LABEL_BYTES		48		/* how far back a label is looked for */
#define OTHER_WORDS		1		/* words between an id's label and the id */
#define REGION_BYTES	64		/* how far back the name of a country is */
#define MAX_WORD		24

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

typedef struct Word
{
	const char *text;			/* lower case */
	WfLabel		label;
	bool		is_prefix;		/* of the words meant */
} Word;

static const Word words[] = {
	{"tel", WF_LABEL_PHONE, true}, {"telefax", WF_LABEL_FAX, true},
	{"t\xc3\xa9l\xc3\xa9" "copie", WF_LABEL_FAX, true}, {"telecopie", WF_LABEL_FAX, true},
	{"telekopi", WF_LABEL_FAX, true}, {"t\xc3\xa9l", WF_LABEL_PHONE, true},
	{"phone", WF_LABEL_PHONE, true}, {"telef", WF_LABEL_PHONE, true},
	{"fon", WF_LABEL_PHONE, false}, {"fono", WF_LABEL_PHONE, true},
	{"fax", WF_LABEL_FAX, true}, {"efax", WF_LABEL_FAX, false}, {"faks", WF_LABEL_FAX, true},
	{"facsimile", WF_LABEL_FAX, false}, {"fx", WF_LABEL_FAX, false},
	{"mobil", WF_LABEL_PHONE, true}, {"mob", WF_LABEL_PHONE, false},
	{"mobiel", WF_LABEL_PHONE, false}, {"m\xc3\xb3vil", WF_LABEL_PHONE, false},
	{"movil", WF_LABEL_PHONE, false}, {"portable", WF_LABEL_PHONE, false},
	{"cell", WF_LABEL_PHONE, true}, {"celular", WF_LABEL_PHONE, false},
	{"cel", WF_LABEL_PHONE, false}, {"handy", WF_LABEL_PHONE, false},
	{"gsm", WF_LABEL_PHONE, false}, {"call", WF_LABEL_PHONE, false},
	{"calling", WF_LABEL_PHONE, false}, {"dial", WF_LABEL_PHONE, false},
	{"ring", WF_LABEL_PHONE, false}, {"appelez", WF_LABEL_PHONE, false},
	{"bel", WF_LABEL_PHONE, false}, {"whatsapp", WF_LABEL_PHONE, false},
	{"hotline", WF_LABEL_PHONE, true}, {"helpline", WF_LABEL_PHONE, false},
	{"infoline", WF_LABEL_PHONE, false}, {"toll", WF_LABEL_PHONE, false},
	{"tollfree", WF_LABEL_PHONE, false}, {"tfn", WF_LABEL_PHONE, false},
	{"tlf", WF_LABEL_PHONE, true}, {"tf", WF_LABEL_PHONE, false},
	{"tfno", WF_LABEL_PHONE, false}, {"puh", WF_LABEL_PHONE, true},
	{"ph", WF_LABEL_PHONE, false}, {"text", WF_LABEL_PHONE, false},
	{"sms", WF_LABEL_PHONE, false}, {"rufnummer", WF_LABEL_PHONE, false},
	{"durchwahl", WF_LABEL_PHONE, false}, {"zentrale", WF_LABEL_PHONE, false},
	{"kom", WF_LABEL_PHONE, false}, {"kontakt", WF_LABEL_PHONE, true},
	{"contact", WF_LABEL_PHONE, true}, {"cont\xc3\xa1" "ct", WF_LABEL_PHONE, true},
	{"voice", WF_LABEL_PHONE, false}, {"v\xc3\xa4xel", WF_LABEL_PHONE, false},
	{"sentralbord", WF_LABEL_PHONE, false}, {"reception", WF_LABEL_PHONE, false},
	{"office", WF_LABEL_PHONE, false}, {"direct", WF_LABEL_PHONE, false},
	{"\xd1\x82\xd0\xb5\xd0\xbb", WF_LABEL_PHONE, true},
	{"\xd0\xa2\xd0\xb5\xd0\xbb", WF_LABEL_PHONE, true},
	{"\xd1\x84\xd0\xb0\xd0\xba\xd1\x81", WF_LABEL_FAX, true},
	{"\xd0\xa4\xd0\xb0\xd0\xba\xd1\x81", WF_LABEL_FAX, true},
	{"\xcf\x84\xce\xb7\xce\xbb", WF_LABEL_PHONE, true},
	{"\xce\xa4\xce\xb7\xce\xbb", WF_LABEL_PHONE, true},
	{"\xcf\x86\xce\xb1\xce\xbe", WF_LABEL_FAX, true},
	{"\xce\xa6\xce\xb1\xce\xbe", WF_LABEL_FAX, true},
	{"\xe9\x9b\xbb\xe8\xa9\xb1", WF_LABEL_PHONE, true},
	{"\xe7\x94\xb5\xe8\xaf\x9d", WF_LABEL_PHONE, true},
	{"\xe4\xbc\xa0\xe7\x9c\x9f", WF_LABEL_FAX, true},
	{"\xec\xa0\x84\xed\x99\x94", WF_LABEL_PHONE, true},
	/* numbers of another kind */
	{"eur", WF_LABEL_OTHER, false}, {"usd", WF_LABEL_OTHER, false},
	{"gbp", WF_LABEL_OTHER, false}, {"chf", WF_LABEL_OTHER, false},
	{"isbn", WF_LABEL_OTHER, false}, {"issn", WF_LABEL_OTHER, false},
	{"iban", WF_LABEL_OTHER, false}, {"bic", WF_LABEL_OTHER, false},
	{"swift", WF_LABEL_OTHER, false}, {"vat", WF_LABEL_OTHER, false},
	{"ust", WF_LABEL_OTHER, false}, {"ustid", WF_LABEL_OTHER, true},
	{"mwst", WF_LABEL_OTHER, false}, {"steuernummer", WF_LABEL_OTHER, false},
	{"steuer", WF_LABEL_OTHER, false}, {"umsatzsteuer", WF_LABEL_OTHER, true},
	{"uid", WF_LABEL_OTHER, false}, {"hrb", WF_LABEL_OTHER, false},
	{"hra", WF_LABEL_OTHER, false}, {"handelsregister", WF_LABEL_OTHER, true},
	{"blz", WF_LABEL_OTHER, false}, {"bankleitzahl", WF_LABEL_OTHER, false},
	{"konto", WF_LABEL_OTHER, true}, {"kto", WF_LABEL_OTHER, false},
	{"iva", WF_LABEL_OTHER, false}, {"piva", WF_LABEL_OTHER, false},
	{"cf", WF_LABEL_OTHER, false}, {"fiscale", WF_LABEL_OTHER, false},
	{"kvk", WF_LABEL_OTHER, false}, {"btw", WF_LABEL_OTHER, false},
	{"cnpj", WF_LABEL_OTHER, false}, {"cpf", WF_LABEL_OTHER, false},
	{"cvr", WF_LABEL_OTHER, false}, {"siret", WF_LABEL_OTHER, false},
	{"siren", WF_LABEL_OTHER, false}, {"rcs", WF_LABEL_OTHER, false},
	{"abn", WF_LABEL_OTHER, false}, {"acn", WF_LABEL_OTHER, false},
	{"nip", WF_LABEL_OTHER, false}, {"regon", WF_LABEL_OTHER, false},
	{"krs", WF_LABEL_OTHER, false}, {"oib", WF_LABEL_OTHER, false},
	{"cif", WF_LABEL_OTHER, false}, {"nif", WF_LABEL_OTHER, false},
	{"ruc", WF_LABEL_OTHER, false}, {"rut", WF_LABEL_OTHER, false},
	{"tva", WF_LABEL_OTHER, false}, {"dph", WF_LABEL_OTHER, false},
	{"orgnr", WF_LABEL_OTHER, false}, {"orgnummer", WF_LABEL_OTHER, false},
	{"organisationsnummer", WF_LABEL_OTHER, false}, {"ytunnus", WF_LABEL_OTHER, false},
	{"bankgiro", WF_LABEL_OTHER, false}, {"plusgiro", WF_LABEL_OTHER, false},
	{"postgiro", WF_LABEL_OTHER, false}, {"bg", WF_LABEL_OTHER, false},
	{"order", WF_LABEL_OTHER, false}, {"item", WF_LABEL_OTHER, false},
	{"sku", WF_LABEL_OTHER, false}, {"ean", WF_LABEL_OTHER, false},
	{"upc", WF_LABEL_OTHER, false}, {"gtin", WF_LABEL_OTHER, false},
	{"asin", WF_LABEL_OTHER, false}, {"doi", WF_LABEL_OTHER, false},
	{"pmid", WF_LABEL_OTHER, false}, {"patent", WF_LABEL_OTHER, false},
	{"case", WF_LABEL_OTHER, false}, {"licen", WF_LABEL_OTHER, true},
	{"lic", WF_LABEL_OTHER, false}, {"ref", WF_LABEL_OTHER, false},
	{"reference", WF_LABEL_OTHER, false}, {"invoice", WF_LABEL_OTHER, false},
	{"account", WF_LABEL_OTHER, false}, {"acct", WF_LABEL_OTHER, false},
	{"id", WF_LABEL_OTHER, false}, {"serial", WF_LABEL_OTHER, false},
	{"version", WF_LABEL_OTHER, false}, {"model", WF_LABEL_OTHER, false},
	{"registration", WF_LABEL_OTHER, false}, {"registered", WF_LABEL_OTHER, false},
	{"reg", WF_LABEL_OTHER, false}, {"regnr", WF_LABEL_OTHER, false},
	{"charity", WF_LABEL_OTHER, false}, {"\xd0\xb8\xd0\xbd\xd0\xbd", WF_LABEL_OTHER, false},
	{"\xd0\x98\xd0\x9d\xd0\x9d", WF_LABEL_OTHER, false},
	{"\xd0\x9e\xd0\x93\xd0\xa0\xd0\x9d", WF_LABEL_OTHER, false},
	{"\xd0\x9a\xd0\x9f\xd0\x9f", WF_LABEL_OTHER, false}
};

/* Words that stand between a label and its number and say nothing. */
static const char *const fillers[] = {
	"no", "nr", "nro", "num", "number", "nummer", "numero", "n", "is", "us", "de", "of",
	"at", "the", "and", "or", "und", "et", "free", "on"
};

/*
 * Labels of one letter, in front of ':' or '.' or '/' or '-'; capitals also
 * right in front of the number.
 */
static WfLabel
letter_label(char letter, char behind, bool is_next)
{
	if (memchr(":./-)|", behind, 6) == NULL &&
		!(behind == ' ' && is_next && letter >= 'A' && letter <= 'Z'))
		return WF_LABEL_NONE;
	switch (wf_lower_char(letter))
	{
		case 't': case 'p': case 'm': case 'c': case 'h': case 'o':
			return WF_LABEL_PHONE;
		case 'f':
			return WF_LABEL_FAX;
	}
	return WF_LABEL_NONE;
}

static WfLabel
word_label(WfSlice word)
{
	WfLabel		label = WF_LABEL_NONE;
	size_t		longest = 0;
	size_t		i;

	if (word.len == 0)
		return label;
	for (i = 0; i < COUNT_OF(words); i++)
	{
		WfSlice		known = {words[i].text, 0};

		if (known.data[0] != wf_lower_char(word.data[0]))
			continue;
		known.len = strlen(known.data);
		if (known.len > longest && known.len <= word.len &&
			(words[i].is_prefix || known.len == word.len) &&
			wf_text_starts_nocase(word, known))
		{
			longest = known.len;
			label = words[i].label;
		}
	}
	/* compounds: Faxnummer and Telefaxnummer are above, but "Servicetelefon" */
	if (label == WF_LABEL_NONE && word.len > 7)
	{
		if (wf_text_equal_nocase((WfSlice) {word.data + word.len - 7, 7}, WF_SLICE("telefon")))
			return WF_LABEL_PHONE;
		if (wf_text_equal_nocase((WfSlice) {word.data + word.len - 7, 7}, WF_SLICE("hotline")))
			return WF_LABEL_PHONE;
	}
	return label;
}

static bool
is_filler(WfSlice word)
{
	size_t		i;

	for (i = 0; i < COUNT_OF(fillers); i++)
	{
		if (fillers[i][0] == wf_lower_char(word.data[0]) &&
			wf_text_equal_nocase(word, (WfSlice) {fillers[i], strlen(fillers[i])}))
			return true;
	}
	return false;
}

bool
wf_label_is_phone_word(WfSlice word)
{
	WfLabel		label = word_label(word);

	return label == WF_LABEL_PHONE || label == WF_LABEL_FAX ||
		(word.len >= 3 && wf_text_starts_nocase(word, WF_SLICE("ext"))) ||
		wf_text_starts_nocase(word, WF_SLICE("email"));
}

static bool
is_word_byte(char c)
{
	return wf_is_alpha(c) || (unsigned char) c >= 0x80;
}

/* Cut characters that are no letters (nbsp, dashes) off a word of UTF-8. */
static WfSlice
trim_word(WfSlice word)
{
	while (word.len >= 2 && (memcmp(word.data, "\xc2\xa0", 2) == 0))
		wf_advance(&word, 2);
	while (word.len >= 2 && memcmp(word.data + word.len - 2, "\xc2\xa0", 2) == 0)
		word.len -= 2;
	while (word.len >= 3 && memcmp(word.data + word.len - 3, "\xef\xbc\x9a", 3) == 0)
		word.len -= 3;			/* a full-width colon */
	while (word.len >= 3 && (unsigned char) word.data[word.len - 3] == 0xE2)
		word.len -= 3;			/* dashes, bullets */
	while (word.len >= 3 && (unsigned char) word.data[0] == 0xE2)
		wf_advance(&word, 3);
	return word;
}

/* The word that ends at or before *at; *at is set to its start. */
static WfSlice
previous_word(WfSlice text, size_t floor, size_t *at)
{
	size_t		end = *at;
	size_t		start;

	while (end > floor && !is_word_byte(text.data[end - 1]))
		end--;
	start = end;
	while (start > floor && is_word_byte(text.data[start - 1]))
		start--;
	*at = start;
	return trim_word((WfSlice) {text.data + start, end - start});
}

/* Is the word at "at" a part of the name of a host? */
static bool
is_in_name(WfSlice text, size_t at)
{
	return at > 2 && (text.data[at - 1] == '@' ||
					  (text.data[at - 1] == '.' && is_word_byte(text.data[at - 2]) &&
					   is_word_byte(text.data[at - 3])));
}

WfLabel
wf_label_before(WfSlice text, size_t floor, size_t at)
{
	size_t		limit = at > LABEL_BYTES ? at - LABEL_BYTES : 0;
	const char *number = text.data + at;
	int			others = 0;

	if (floor < limit)
		floor = limit;
	while (at > floor)
	{
		WfSlice		word = previous_word(text, floor, &at);
		WfLabel		label;

		if (word.len == 0)
			break;
		if (word.len == 1)
			label = letter_label(word.data[0], word.data[1], word.data + 2 == number);
		else
			label = word_label(word);
		if (label == WF_LABEL_PHONE || label == WF_LABEL_FAX)
		{
			size_t		before = at;

			/* "Tel/Fax:" is a phone */
			if (label == WF_LABEL_FAX && floor < at &&
				memchr("/&+|", text.data[at - 1] == ' ' && at - 1 > floor ?
					   text.data[at - 2] : text.data[at - 1], 4) != NULL &&
				word_label(previous_word(text, floor, &before)) == WF_LABEL_PHONE)
				return WF_LABEL_PHONE;
			return label;
		}
		if (label == WF_LABEL_OTHER && is_in_name(text, at))
			label = WF_LABEL_NONE;
		if (label == WF_LABEL_OTHER && others <= OTHER_WORDS - 1)
			return label;
		if (word.len > 1 && !is_filler(word))
			others++;
	}
	return WF_LABEL_NONE;
}

bool
wf_label_fax_behind(WfSlice text, size_t at)
{
	size_t		end = at;

	while (end < text.len && end - at < 4 && memchr(" ([-,", text.data[end], 5) != NULL)
		end++;
	if (end == at || text.len - end < 3 ||
		!wf_text_starts_nocase((WfSlice) {text.data + end, text.len - end}, WF_SLICE("fax")))
		return false;
	end += 3;
	/* not the label of the next number */
	while (end < text.len && memchr(" .:)]", text.data[end], 5) != NULL)
	{
		if (memchr(")]", text.data[end], 2) != NULL)
			return true;
		if (text.data[end] == ':')
			return false;
		end++;
	}
	return end == text.len || !(wf_is_digit(text.data[end]) ||
								memchr("+(", text.data[end], 2) != NULL);
}

/*-------------------------------------------------------------------------
 * Countries
 *-------------------------------------------------------------------------
 */

typedef struct Name
{
	const char *name;
	size_t		len;
	char		region[3];
} Name;

#define NAME(text, region) {text, sizeof(text) - 1, region}

static const Name countries[] = {
	NAME("USA", "US"), NAME("United States", "US"), NAME("U.S.", "US"), NAME("U.S.A.", "US"),
	NAME("North America", "US"), NAME("Canada", "CA"), NAME("Kanada", "CA"), NAME("UK", "GB"),
	NAME("United Kingdom", "GB"), NAME("Great Britain", "GB"), NAME("England", "GB"),
	NAME("Scotland", "GB"), NAME("Wales", "GB"), NAME("Ireland", "IE"), NAME("Irland", "IE"),
	NAME("Australia", "AU"), NAME("Australien", "AU"), NAME("New Zealand", "NZ"),
	NAME("Germany", "DE"), NAME("Deutschland", "DE"), NAME("Allemagne", "DE"), NAME("Duitsland", "DE"),
	NAME("Austria", "AT"), NAME("\xc3\x96sterreich", "AT"), NAME("Autriche", "AT"),
	NAME("Switzerland", "CH"), NAME("Schweiz", "CH"), NAME("Suisse", "CH"), NAME("Svizzera", "CH"),
	NAME("France", "FR"), NAME("Frankreich", "FR"), NAME("Belgium", "BE"), NAME("Belgien", "BE"),
	NAME("Belgique", "BE"), NAME("Belgi\xc3\xab", "BE"), NAME("Netherlands", "NL"),
	NAME("Nederland", "NL"), NAME("Niederlande", "NL"), NAME("Holland", "NL"),
	NAME("Luxembourg", "LU"), NAME("Luxemburg", "LU"), NAME("Italy", "IT"), NAME("Italia", "IT"),
	NAME("Italien", "IT"), NAME("Spain", "ES"), NAME("Espa\xc3\xb1" "a", "ES"), NAME("Spanien", "ES"),
	NAME("Portugal", "PT"), NAME("Denmark", "DK"), NAME("Danmark", "DK"), NAME("D\xc3\xa4nemark", "DK"),
	NAME("Sweden", "SE"), NAME("Sverige", "SE"), NAME("Schweden", "SE"), NAME("Norway", "NO"),
	NAME("Norge", "NO"), NAME("Norwegen", "NO"), NAME("Finland", "FI"), NAME("Suomi", "FI"),
	NAME("Finnland", "FI"), NAME("Poland", "PL"), NAME("Polska", "PL"), NAME("Polen", "PL"),
	NAME("Czech Republic", "CZ"), NAME("Tschechien", "CZ"), NAME("Slovakia", "SK"),
	NAME("Hungary", "HU"), NAME("Ungarn", "HU"), NAME("Romania", "RO"), NAME("Bulgaria", "BG"),
	NAME("Greece", "GR"), NAME("Turkey", "TR"), NAME("Russia", "RU"), NAME("Ukraine", "UA"),
	NAME("Japan", "JP"), NAME("China", "CN"), NAME("Hong Kong", "HK"), NAME("Taiwan", "TW"),
	NAME("Korea", "KR"), NAME("South Korea", "KR"), NAME("Singapore", "SG"), NAME("Malaysia", "MY"),
	NAME("Thailand", "TH"), NAME("Indonesia", "ID"), NAME("Philippines", "PH"), NAME("Vietnam", "VN"),
	NAME("India", "IN"), NAME("Pakistan", "PK"), NAME("Israel", "IL"), NAME("South Africa", "ZA"),
	NAME("Egypt", "EG"), NAME("Brazil", "BR"), NAME("Brasil", "BR"), NAME("Mexico", "MX"),
	NAME("M\xc3\xa9xico", "MX"), NAME("Argentina", "AR"), NAME("Chile", "CL"), NAME("Colombia", "CO"),
	NAME("Peru", "PE"), NAME("Per\xc3\xba", "PE"), NAME("Venezuela", "VE"), NAME("Uruguay", "UY")
};

/* Languages that are spoken, above all, in one country. */
static const char languages[][6] = {
	"bg BG", "ca ES", "cs CZ", "da DK", "de DE", "el GR", "es ES", "et EE", "eu ES",
	"fi FI", "fr FR", "ga IE", "gl ES", "he IL", "hr HR", "hu HU", "id ID", "is IS",
	"it IT", "ja JP", "ko KR", "lt LT", "lv LV", "nb NO", "nl NL", "nn NO", "no NO",
	"pl PL", "pt PT", "ro RO", "ru RU", "sk SK", "sl SI", "sr RS", "sv SE", "th TH",
	"tr TR", "uk UA", "vi VN", "zh CN"
};

/* Top levels of countries that are used by everyone. */
static const char open_domains[] =
"ac ag ai am cc cd dj fm gg gl im io la ly me ms nu pw sc sh st sx tk to tv vc vg ws";

const WfPhonePlan *
wf_label_country(WfSlice name)
{
	char		region[3] = {0};
	size_t		i;

	name = wf_text_trim(name);
	if (name.len == 2)
	{
		memcpy(region, name.data, 2);
		if (wf_text_equal_nocase(name, WF_SLICE("uk")))
			memcpy(region, "GB", 2);
		return wf_phone_plan(region);
	}
	for (i = 0; i < COUNT_OF(countries); i++)
	{
		if (wf_text_equal_nocase(name, (WfSlice) {countries[i].name, countries[i].len}))
			return wf_phone_plan(countries[i].region);
	}
	return NULL;
}

/* Is "at" no inside of a word? */
static bool
is_word_end(WfSlice text, size_t at)
{
	return at == 0 || at >= text.len || !is_word_byte(text.data[at]) ||
		!is_word_byte(text.data[at - 1]);
}

const WfPhonePlan *
wf_label_region(WfSlice text, size_t floor, size_t at)
{
	size_t		start = at;
	size_t		i;

	while (start > floor && at - start < REGION_BYTES && text.data[start - 1] != '\n')
		start--;
	/* the name that ends last */
	for (; at > start + 1; at--)
	{
		if (!is_word_byte(text.data[at - 1]) && text.data[at - 1] != '.')
			continue;
		if (!is_word_end(text, at))
			continue;
		for (i = 0; i < COUNT_OF(countries); i++)
		{
			size_t		len = countries[i].len;

			if (at - start >= len && text.data[at - len] == countries[i].name[0] &&
				is_word_end(text, at - len) &&
				memcmp(text.data + at - len, countries[i].name, len) == 0)
				return wf_phone_plan(countries[i].region);
		}
		/* "(DE)": a code in brackets */
		if (at - start >= 3 && text.data[at - 3] == '(' && at < text.len && text.data[at] == ')')
		{
			const WfPhonePlan *plan =
				wf_label_country((WfSlice) {text.data + at - 2, 2});

			if (plan != NULL)
				return plan;
		}
	}
	return NULL;
}

const WfPhonePlan *
wf_label_host(WfSlice host)
{
	size_t		dot = host.len;
	size_t		second;
	char		top[4] = {0};

	while (host.len > 0 && host.data[host.len - 1] == '.')
		host.len--;
	dot = host.len;
	while (dot > 0 && host.data[dot - 1] != '.')
		dot--;
	if (dot == 0)
		return NULL;
	if (host.len - dot == 3)
	{
		memcpy(top, host.data + dot, 3);
		wf_text_lower(top, 3);
		if (strcmp(top, "gov") == 0 || strcmp(top, "mil") == 0 || strcmp(top, "edu") == 0)
			return wf_phone_plan("US");
	}
	if (host.len - dot != 2)
		return NULL;
	memcpy(top, host.data + dot, 2);
	wf_text_lower(top, 2);
	for (second = dot - 1; second > 0 && host.data[second - 1] != '.'; second--)
		;
	/* "co" is Colombia's under com.co only */
	if ((strcmp(top, "co") == 0 || strstr(open_domains, top) != NULL) &&
		!(dot - 1 - second == 3 && second > 0))
		return NULL;
	if (strcmp(top, "su") == 0)
		return wf_phone_plan("RU");
	return wf_label_country((WfSlice) {top, 2});
}

const WfPhonePlan *
wf_label_language(WfSlice tag)
{
	size_t		i;
	char		language[3] = {0};

	tag = wf_text_trim(tag);
	if (tag.len < 2)
		return NULL;
	for (i = 2; i < tag.len; i++)
	{
		if ((tag.data[i] == '-' || tag.data[i] == '_') && tag.len - i >= 3 &&
			(tag.len - i == 3 || tag.data[i + 3] == '-'))
			return wf_label_country((WfSlice) {tag.data + i + 1, 2});
	}
	memcpy(language, tag.data, 2);
	wf_text_lower(language, 2);
	for (i = 0; i < COUNT_OF(languages) && (tag.len == 2 || tag.data[2] == '-'); i++)
	{
		if (memcmp(languages[i], language, 2) == 0)
			return wf_phone_plan(languages[i] + 3);
	}
	return NULL;
}

static bool
is_capital(WfSlice text, size_t at)
{
	return at < text.len && text.data[at] >= 'A' && text.data[at] <= 'Z';
}

/* "W1A 1AA": at is the second part, behind one of letters and digits. */
static bool
is_british(WfSlice text, size_t at)
{
	size_t		start = at > 0 ? at - 1 : 0;
	int			letters = 0;

	if (at < 3 || text.data[at - 1] != ' ' || !is_capital(text, at + 1) ||
		!is_capital(text, at + 2) ||
		(at + 3 < text.len && (is_word_byte(text.data[at + 3]) || wf_is_digit(text.data[at + 3]))))
		return false;
	if (is_capital(text, start - 1) && start > 2)
		start--;
	if (start < 2 || !wf_is_digit(text.data[start - 1]))
		return false;
	start--;
	if (start > 1 && wf_is_digit(text.data[start - 1]))
		start--;
	for (; start > 0 && is_capital(text, start - 1); start--)
		letters++;
	return letters >= 1 && letters <= 2 && (start == 0 || !is_word_byte(text.data[start - 1]));
}

const WfPhonePlan *
wf_label_postal(WfSlice text, size_t at)
{
	static const struct
	{
		const char *letters;
		int			digits;
		const char *region;
	}			codes[] = {
		{"D-", 5, "DE"}, {"DE-", 5, "DE"}, {"A-", 4, "AT"}, {"AT-", 4, "AT"},
		{"CH-", 4, "CH"}, {"F-", 5, "FR"}, {"FR-", 5, "FR"}, {"I-", 5, "IT"},
		{"B-", 4, "BE"}, {"BE-", 4, "BE"}, {"NL-", 4, "NL"}, {"DK-", 4, "DK"},
		{"L-", 4, "LU"}, {"FL-", 4, "LI"}, {"E-", 5, "ES"}
	};
	size_t		end = at;
	size_t		i;

	if (at == 0)
		return NULL;
	if (text.data[at - 1] == ' ' && is_british(text, at))
		return wf_phone_plan("GB");
	if (text.data[at - 1] != '-')
		return NULL;
	while (end < text.len && wf_is_digit(text.data[end]))
		end++;
	if (end + 1 >= text.len || text.data[end] != ' ' || !is_capital(text, end + 1))
		return NULL;
	for (i = 0; i < COUNT_OF(codes); i++)
	{
		size_t		len = strlen(codes[i].letters);

		if (end - at == (size_t) codes[i].digits && at >= len &&
			memcmp(text.data + at - len, codes[i].letters, len) == 0 &&
			(at == len || wf_is_space(text.data[at - len - 1])))
			return wf_phone_plan(codes[i].region);
	}
	return NULL;
}
