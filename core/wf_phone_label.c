/*-------------------------------------------------------------------------
 *
 * wf_phone_label.c
 *	  Words around phone numbers, and what names a country.
 *
 *-------------------------------------------------------------------------
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE				/* memmem */
#endif

#include "wf_phone_int.h"

#include <string.h>

#include "wf_phone_words.h"
#include "wf_text.h"

#define LABEL_BYTES		48		/* how far back a label is looked for */
#define REGISTER_WORDS	2		/* between the name of a register and an id of it */
#define REGION_BYTES	64		/* how far back the name of a country is */
#define MAX_WORD		40		/* bytes of a word that count */
#define FAX_BYTES		20		/* of what tells whether "fax" is the next label */

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Words that stand between a label and its number and say nothing. */
static const char *const fillers[] = {
	"no", "nr", "nro", "num", "number", "nummer", "numero", "n", "is", "us", "de", "of",
	"at", "the", "and", "or", "und", "et", "free", "on", "broj", "nomor", "numer", "szama",
	"\xC4\x8D\xC3\xADslo", "s\xE1\xBB\x91", "\xD0\xB1\xD1\x80\xD0\xBE\xD1\x98",
	"\xD0\xBD\xD0\xBE\xD0\xBC\xD0\xB5\xD1\x80"
};

/*
 * Labels of one letter, in front of ':' or '.' or '/' or '-'; capitals also
 * right in front of the number.
 */
static WfLabel
letter_label(WfSlice word, bool is_next)
{
	char		letter = word.data[0];
	char		behind = word.data[1];

	if (memchr(":./-)|", behind, 6) == NULL &&
		!(behind == ' ' && is_next && letter >= 'A' && letter <= 'Z'))
		return WF_LABEL_NONE;
	/* "T/F" are two of them, "P/N" is not */
	if (behind == '/' && wf_is_alpha(word.data[2]) &&
		memchr("tpmchof", wf_lower_char(word.data[2]), 7) == NULL)
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

/* Lower-case form of a letter: Latin and Greek without accents, Cyrillic. */
static uint32_t
fold_letter(uint32_t cp)
{
	/* Greek letters with an accent, from U+0386 and from U+03AC on */
	static const uint16_t capitals[] = {
		0x3B1, 0xB7, 0x3B5, 0x3B7, 0x3B9, 0, 0x3BF, 0, 0x3C5, 0x3C9
	};
	static const uint16_t accented[] = {0x3B1, 0x3B5, 0x3B7, 0x3B9};

	if (cp < 0x180)
	{
		char		base = wf_text_base_letter(cp);

		return base != '?' ? (uint32_t) (unsigned char) wf_lower_char(base) : cp;
	}
	if (cp >= 0x386 && cp <= 0x38F && capitals[cp - 0x386] != 0)
		return capitals[cp - 0x386];
	if (cp >= 0x391 && cp <= 0x3A9)
		return cp + 0x20;
	if (cp >= 0x3AC && cp <= 0x3AF)
		return accented[cp - 0x3AC];
	if (cp >= 0x3CC && cp <= 0x3CE)
		return cp == 0x3CC ? 0x3BF : cp == 0x3CD ? 0x3C5 : 0x3C9;
	if (cp >= 0x410 && cp <= 0x42F)
		return cp + 0x20;
	if (cp >= 0x400 && cp <= 0x40F)
		return cp + 0x50;
	return cp;
}

/* The form of words.h; of a long word its begin. */
static WfSlice
fold_word(WfSlice word, char out[MAX_WORD + 4])
{
	const char *p = word.data;
	const char *end = p + word.len;
	WfSlice		folded = {out, 0};

	while (p < end && folded.len < MAX_WORD)
	{
		uint32_t	cp;

		p += wf_text_decode(p, end, &cp);
		folded.len += wf_text_encode(fold_letter(cp), out + folded.len);
	}
	return folded;
}

static bool
ends_with(WfSlice word, WfSlice end)
{
	return word.len > end.len && memcmp(word.data + word.len - end.len, end.data, end.len) == 0;
}

/* Compounds: "Servicetelefon" is a phone, "Kundennummer" is not. */
static WfLabel
compound_label(WfSlice folded)
{
	if (ends_with(folded, WF_SLICE("telefax")))
		return WF_LABEL_FAX;
	if (ends_with(folded, WF_SLICE("telefon")) || ends_with(folded, WF_SLICE("hotline")) ||
		ends_with(folded, WF_SLICE("rufnummer")))
		return WF_LABEL_PHONE;
	if (ends_with(folded, WF_SLICE("nummer")) || ends_with(folded, WF_SLICE("nummern")))
		return WF_LABEL_OTHER;
	return WF_LABEL_NONE;
}

/* Who answers the phone, not what has an id: "Kundenservice", "Steuerberater". */
static bool
is_service(WfSlice folded)
{
	static const WfSlice endings[] = {
		{"service", 7}, {"dienst", 6}, {"center", 6}, {"zentrum", 7}, {"betreuung", 9},
		{"hotline", 7}, {"telefon", 7}, {"berater", 7}, {"beraterin", 9}, {"beratung", 8},
		{"annahme", 7}, {"verwaltung", 10}, {"wesen", 5}, {"abteilung", 9}, {"meldeamt", 8},
		{"buro", 4}, {"tion", 4}
	};
	size_t		i;

	for (i = 0; i < COUNT_OF(endings); i++)
	{
		if (ends_with(folded, endings[i]))
			return true;
	}
	return false;
}

static WfLabel
word_label(WfSlice word)
{
	char		buffer[MAX_WORD + 4];
	WfSlice		folded = fold_word(word, buffer);
	WfLabel		label = WF_LABEL_NONE;
	size_t		low = 0;
	size_t		high = COUNT_OF(words);

	if (word.len == 0)
		return WF_LABEL_NONE;
	/* the first word of that letter */
	while (low < high)
	{
		size_t		mid = (low + high) / 2;

		if ((unsigned char) words[mid].text[0] < (unsigned char) folded.data[0])
			low = mid + 1;
		else
			high = mid;
	}
	/* the longest comes last */
	for (; low < COUNT_OF(words) && words[low].text[0] == folded.data[0]; low++)
	{
		const Word *known = &words[low];

		/* a word of one byte ends in NUL, as all of them do */
		if (folded.len > 1 && (unsigned char) known->text[1] > (unsigned char) folded.data[1])
			break;
		if (known->len <= folded.len && (known->is_prefix || known->len == folded.len) &&
			memcmp(known->text, folded.data, known->len) == 0)
			label = known->label;
	}
	if (label == WF_LABEL_OTHER && is_service(folded) &&
		!wf_text_equal(folded, WF_SLICE("registration")) &&
		!wf_text_equal(folded, WF_SLICE("population")))
		return compound_label(folded);
	if (label != WF_LABEL_NONE)
		return label;
	for (low = 0; (unsigned char) folded.data[0] >= 0xD7 && low < COUNT_OF(parts); low++)
	{
		if (memmem(word.data, word.len, parts[low].text, parts[low].len) != NULL)
			return parts[low].label;
	}
	return compound_label(folded);
}

/* The list is in lower case. */
static bool
is_one_of(WfSlice word, const char *const list[], size_t count)
{
	size_t		i;

	for (i = 0; i < count; i++)
	{
		if (list[i][0] == wf_lower_char(word.data[0]) &&
			wf_text_equal_nocase(word, (WfSlice) {list[i], strlen(list[i])}))
			return true;
	}
	return false;
}

static bool
is_filler(WfSlice word)
{
	return is_one_of(word, fillers, COUNT_OF(fillers));
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

/* Punctuation and pictures: no letters, though they are beyond ASCII. */
static bool
is_mark(uint32_t cp)
{
	/* but pictures of phones are words */
	if (cp == 0x260E || cp == 0x260F || cp == 0x2706 || cp == 0x1F4DE || cp == 0x1F4F1 ||
		cp == 0x1F4E0)
		return false;
	return (cp < 0xC0 && cp != 0xAA && cp != 0xB5 && cp != 0xBA) ||
		(cp >= 0x2000 && cp < 0x2C00) || (cp >= 0x3000 && cp <= 0x3004) ||
		(cp >= 0x3008 && cp <= 0x3020) || cp == 0x30FB || (cp >= 0xFF00 && cp <= 0xFF0F) ||
		(cp >= 0xFF1A && cp <= 0xFF20) || (cp >= 0xFF3B && cp <= 0xFF40) ||
		(cp >= 0xFF5B && cp <= 0xFF65) || cp >= 0x1F000;
}

/* Bytes of the character beyond ASCII that ends at "at"; is it a letter? */
static size_t
char_before(WfSlice text, size_t floor, size_t at, bool *is_letter)
{
	size_t		start = at - 1;
	uint32_t	cp;

	while (start > floor && at - start < 4 && ((unsigned char) text.data[start] & 0xC0) == 0x80)
		start--;
	wf_text_decode(text.data + start, text.data + at, &cp);
	*is_letter = !is_mark(cp);
	return at - start;
}

/*
 * Step over characters that end at or before "at" as long as they are letters, or
 * as long as they are not.
 */
static size_t
skip_back(WfSlice text, size_t floor, size_t at, bool letters)
{
	while (at > floor)
	{
		char		c = text.data[at - 1];
		bool		is_letter = wf_is_alpha(c);
		size_t		len = (unsigned char) c < 0x80 ? 1 : char_before(text, floor, at, &is_letter);

		if (is_letter != letters)
			break;
		at -= len;
	}
	return at;
}

/* The word that ends at or before *at; *at is set to its start. */
static WfSlice
previous_word(WfSlice text, size_t floor, size_t *at)
{
	size_t		end = skip_back(text, floor, *at, false);

	*at = skip_back(text, floor, end, true);
	return (WfSlice) {text.data + *at, end - *at};
}

/* Is the word at "at" a part of the name of a host? */
static bool
is_in_name(WfSlice text, size_t at)
{
	return at > 2 && (text.data[at - 1] == '@' ||
					  (text.data[at - 1] == '.' && wf_is_alpha(text.data[at - 2]) &&
					   is_word_byte(text.data[at - 3])));
}

static bool
is_capital(WfSlice text, size_t at)
{
	return at < text.len && text.data[at] >= 'A' && text.data[at] <= 'Z';
}

/* "C.I.F." in front of the letter at "at": all of its letters; or 0. */
static size_t
read_abbreviation(WfSlice text, size_t floor, size_t *at, char out[8])
{
	size_t		start = *at;
	size_t		len;
	size_t		i;

	while (start >= floor + 2 && *at - start < 12 && text.data[start - 1] == '.' &&
		   wf_is_alpha(text.data[start - 2]))
		start -= 2;
	len = (*at - start) / 2 + 1;
	if (len < 2 || (start > floor && is_word_byte(text.data[start - 1])))
		return 0;
	for (i = 0; i < len; i++)
		out[i] = text.data[start + 2 * i];
	*at = start;
	return len;
}

/* Is what the FAX label at "at" is joined with a phone's: "Tel/Fax", "Tel. und Fax"? */
static bool
is_joined_with_phone(WfSlice text, size_t floor, size_t at)
{
	static const char joiners[] = " und and et y e en og och i ";
	size_t		before = at;
	WfSlice		word;

	if (at <= floor)
		return false;
	if (memchr("/&+|", text.data[at - 1] == ' ' && at - 1 > floor ?
			   text.data[at - 2] : text.data[at - 1], 4) != NULL ||
		(at >= floor + 3 && (memcmp(text.data + at - 3, "\xEF\xBC\x8F", 3) == 0 ||
							 memcmp(text.data + at - 3, "\xE3\x83\xBB", 3) == 0)))
		return word_label(previous_word(text, floor, &before)) == WF_LABEL_PHONE;
	word = previous_word(text, floor, &before);
	if (word.len == 0 || word.len > 3 || word.data + word.len + 1 != text.data + at ||
		memmem(joiners, sizeof(joiners) - 1, word.data, word.len) == NULL ||
		before <= floor || text.data[before - 1] != ' ')
		return false;
	return word_label(previous_word(text, floor, &before)) == WF_LABEL_PHONE;
}

/* A register, whose place may stand in front of the id: "RPR Brussel 0123.456.789". */
static bool
is_register(WfSlice word)
{
	static const char *const registers[] = {"rpr", "rpm", "rcs", "imprese", "hrb"};

	return is_one_of(word, registers, COUNT_OF(registers));
}

/* Abbreviations that are an id's label in one form only. */
static bool
is_short_id(WfSlice word, WfSlice text, size_t floor, size_t at, const char *number)
{
	const char *behind = word.data + word.len;

	/* Hebrew, with a mark between the two letters */
	if (word.len == 2 && (unsigned char) word.data[0] == 0xD7)
		return at > floor && memchr(".\"'", text.data[at - 1], 3) != NULL;
	/* "St.-Nr.", of a tax office */
	if (word.len != 2 || !wf_text_equal_nocase(word, WF_SLICE("st")))
		return false;
	while (behind < number && memchr(".- ", *behind, 3) != NULL)
		behind++;
	return behind + 2 < number && wf_text_starts_nocase((WfSlice) {behind, 2}, WF_SLICE("nr"));
}

/*
 * Is the id's label at "word" but the end of a name, as of "School of Art, 030 123456"
 * or "Smith & Company"?
 */
static bool
ends_name(WfSlice word, const char *number)
{
	static const char *const names[] = {
		"company", "art", "member", "members", "case", "part", "charity", "model", "lot", "box"
	};
	const char *behind = word.data + word.len;

	return behind < number && (*behind == ',' || *behind == '\n') &&
		is_one_of(word, names, COUNT_OF(names));
}

static bool
has_digit(const char *p, const char *end)
{
	while (p < end && !wf_is_digit(*p))
		p++;
	return p < end;
}

/* Sets *is_pair: it is the label of a phone and of a fax, "Tel/Fax". */
static WfLabel
read_label(WfSlice text, size_t floor, size_t at, bool *is_pair)
{
	size_t		limit = at > LABEL_BYTES ? at - LABEL_BYTES : 0;
	const char *number = text.data + at;
	int			others = 0;

	if (floor < limit)
		floor = limit;
	while (at > floor)
	{
		WfSlice		word = previous_word(text, floor, &at);
		char		letters[8];
		size_t		count = 0;
		WfLabel		label;

		if (word.len == 0)
			break;
		if (word.len == 1)
			count = read_abbreviation(text, floor, &at, letters);
		if (count > 0)
			label = word_label((WfSlice) {letters, count});
		else if (word.len == 1)
			label = letter_label(word, word.data + 2 == number);
		else if (others == 0 && is_short_id(word, text, floor, at, number))
			label = WF_LABEL_OTHER;
		else
			label = word_label(word);
		/* a maker of printers, if it does not stand right in front */
		if (others > 0 && word.len == 2 && wf_text_equal_nocase(word, WF_SLICE("hp")))
			label = WF_LABEL_NONE;
		*is_pair = label == WF_LABEL_FAX && is_joined_with_phone(text, floor, at);
		if (*is_pair)
			return WF_LABEL_PHONE;
		if (label == WF_LABEL_PHONE || label == WF_LABEL_FAX)
			return label;
		/* what an id's label is of comes next, but for a country in front of it */
		if (label == WF_LABEL_OTHER && !is_in_name(text, at) &&
			others <= (is_register(word) ? REGISTER_WORDS : 0) &&
			!has_digit(word.data + word.len, number) && !ends_name(word, number))
			return label;
		if (word.len > 1 && !is_filler(word) && !(word.len == 2 && is_capital(text, at)))
			others++;
	}
	return WF_LABEL_NONE;
}

WfLabel
wf_label_before(WfSlice text, size_t floor, size_t at)
{
	bool		is_pair;

	return read_label(text, floor, at, &is_pair);
}

bool
wf_label_is_pair(WfSlice text, size_t floor, size_t at)
{
	bool		is_pair = false;

	read_label(text, floor, at, &is_pair);
	return is_pair;
}

bool
wf_label_fax_behind(WfSlice text, size_t at)
{
	size_t		end = at;
	size_t		limit;

	while (end < text.len && end - at < 4 && memchr(" ([-,", text.data[end], 5) != NULL)
		end++;
	if (end == at || text.len - end < 3 ||
		!wf_text_starts_nocase((WfSlice) {text.data + end, text.len - end}, WF_SLICE("fax")))
		return false;
	end += 3;
	limit = text.len - end > FAX_BYTES ? end + FAX_BYTES : text.len;
	/* not the label of the next number: "Fax 0123", "Fax no.: 0123", "Fax -12" */
	for (; end < limit && memchr(")],;|@\n", text.data[end], 7) == NULL; end++)
	{
		if (text.data[end] == ':' || wf_is_digit(text.data[end]) ||
			wf_text_starts_nocase((WfSlice) {text.data + end, text.len - end},
								  WF_SLICE("\xEF\xBC\x9A")))
			return false;
	}
	return true;
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
	NAME("Argentina", "AR"), NAME("Bangladesh", "BD"), NAME("Chile", "CL"), NAME("Colombia", "CO"),
	NAME("Costa Rica", "CR"), NAME("Croatia", "HR"), NAME("Hrvatska", "HR"), NAME("Cyprus", "CY"),
	NAME("Ecuador", "EC"), NAME("Estonia", "EE"), NAME("Eesti", "EE"), NAME("Ghana", "GH"),
	NAME("Iceland", "IS"), NAME("Kenya", "KE"), NAME("Kuwait", "KW"), NAME("Latvia", "LV"),
	NAME("Latvija", "LV"), NAME("Lebanon", "LB"), NAME("Lithuania", "LT"), NAME("Lietuva", "LT"),
	NAME("Malta", "MT"), NAME("Morocco", "MA"), NAME("Maroc", "MA"), NAME("Nepal", "NP"),
	NAME("Nigeria", "NG"), NAME("Peru", "PE"), NAME("Per\xc3\xba", "PE"), NAME("Qatar", "QA"),
	NAME("Saudi Arabia", "SA"), NAME("Serbia", "RS"), NAME("Srbija", "RS"), NAME("Slovenia", "SI"),
	NAME("Slovenija", "SI"), NAME("Slovensko", "SK"), NAME("Sri Lanka", "LK"), NAME("Tanzania", "TZ"),
	NAME("Tunisia", "TN"), NAME("Tunisie", "TN"), NAME("Uganda", "UG"), NAME("Uruguay", "UY"),
	NAME("United Arab Emirates", "AE"), NAME("UAE", "AE"), NAME("Venezuela", "VE"),
	NAME("Magyarorsz\xc3\xa1g", "HU"), NAME("Rom\xc3\xa2nia", "RO"), NAME("M\xc3\xa9xico", "MX"),
	NAME("T\xc3\xbcrkiye", "TR"), NAME("\xc4\x8c" "esk\xc3\xa1 republika", "CZ"),
	NAME("\xd0\xa0\xd0\xbe\xd1\x81\xd1\x81\xd0\xb8\xd1\x8f", "RU"),
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
	/* Latin America as a whole */
	if (tag.len >= 6 && memcmp(tag.data + 3, "419", 3) == 0)
		return NULL;
	memcpy(language, tag.data, 2);
	wf_text_lower(language, 2);
	for (i = 0; i < COUNT_OF(languages) && (tag.len == 2 || tag.data[2] == '-'); i++)
	{
		if (memcmp(languages[i], language, 2) == 0)
			return wf_phone_plan(languages[i] + 3);
	}
	return NULL;
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

/* "NSW 2000": at is the code, behind a state of Australia. */
static bool
is_australian(WfSlice text, size_t at)
{
	static const char *const states[] = {"nsw", "vic", "qld", "tas", "act", "wa", "sa", "nt"};
	size_t		start = at - 1;
	size_t		i;

	for (i = 0; i < 4 && at + i < text.len && wf_is_digit(text.data[at + i]); i++)
		;
	if (i < 4 || !(at + 4 == text.len || memchr(" ,.\n", text.data[at + 4], 4) != NULL))
		return false;
	while (start > 0 && at - start < 5 && is_capital(text, start - 1))
		start--;
	return (start == 0 || memchr(" ,\n", text.data[start - 1], 3) != NULL) &&
		start < at - 1 &&
		is_one_of((WfSlice) {text.data + start, at - 1 - start}, states, COUNT_OF(states));
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
	if (text.data[at - 1] == ' ' && at > 2 && is_capital(text, at - 2) && is_australian(text, at))
		return wf_phone_plan("AU");
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
