/*-------------------------------------------------------------------------
 *
 * test_phone.c
 *	  core/wf_phone*.c
 *
 * The numbers are ones set aside for fiction (555-01xx, 020 7946 0xxx,
 * 030 23125 xxx) or made up.
 *
 *-------------------------------------------------------------------------
 */
#include "unit.h"

#include "core/wf_phone.h"
#include "core/wf_phone_number.h"

static WfPhoneMatcher *matcher;

typedef struct Hint
{
	WfPhoneHint kind;
	const char *value;
} Hint;

/* The numbers of a text, each fax number with an 'F' in front. */
static void
find_hinted(const char *text, const char *region, Hint hint, const char *expected)
{
	WfArena    *arena = wf_arena_create(64 * 1024);
	WfPhoneScan *scan = wf_phone_scan_create(matcher, arena, region);
	size_t		len = strlen(text);
	char	   *copy = memcpy(malloc(len), text, len);
	char		got[1024] = "";
	size_t		n = 0;
	size_t		pos = 0;
	WfPhone		phone;

	if (hint.value != NULL)
		wf_phone_hint(scan, hint.kind, slice(hint.value));
	while (wf_phone_next(scan, (WfSlice) {copy, len}, &pos, &phone))
	{
		ok(phone.start < phone.end && phone.end <= len && pos >= phone.end, "places of %s", text);
		n += sprintf(got + n, "%s%s%.*s", n > 0 ? " " : "", phone.is_fax ? "F" : "",
					 (int) phone.len, phone.value);
	}
	is((WfSlice) {got, n}, expected, text);
	free(copy);
	wf_arena_free(arena);
}

static void
find(const char *text, const char *region, const char *expected)
{
	find_hinted(text, region, (Hint) {WF_HINT_URL, NULL}, expected);
}

static void
test_forms(void)
{
	find("+49 ( 0 ) 30 23125 012", "US", "+493023125012");
	find("+49 (0)30/23125-013", NULL, "+493023125013");
	find("0049(0) 30/231250-14", "US", "+493023125014");
	find("(+56 2) 2707 7777", "US", "+56227077777");
	find("(020) 7946 0123", "GB", "+442079460123");
	find("(0)20 7946 0123", "GB", "+442079460123");
	find("00-800-800-66666", "DE", "+80080066666");
	find("202-555- 0123", "US", "+12025550123");
	find("Tel. 202.555.0123 / 202.555.0124", "US", "+12025550123 +12025550124");
	find("(202) 555-0123 (202) 555-0124", "US", "+12025550123 +12025550124");
	find("030 23125012 030 23125013", "DE", "+493023125012 +493023125013");
	find("\xEF\xBC\x8B\xEF\xBC\x94\xEF\xBC\x99 30 23125\xE2\x80\x91" "012", "US", "+493023125012");
	find("202\xC2\xA0" "555\xE2\x80\x93" "0123", "US", "+12025550123");
	find("+39 06 1234 5678", "US", "+390612345678");
	find("Tel 912 345 678", "ES", "+34912345678");
	find("06 12 34 56 78", "FR", "+33612345678");
	find("Tel: (202)5550123Fax: (202)5550124", "US", "+12025550123 F+12025550124");
	find("49 (0)30 23125012", "DE", "+493023125012");
	find("+52 1 33 1234 5670, 01 800 212 0752", "MX", "+523312345670 +528002120752");
	find("1 202 555 0123", "MX", "+12025550123");
	find("021.239.37.66", "CH", "+41212393766");
	find("0800 1759 9737", "NG", "+23480017599737");
	find("(0xx11) 3374-4000, 0XX11 3374-4001", "BR", "+551133744000 +551133744001");
	find("1xx11 3374-4000", "BR", "");
	find("Tel. 1 (202) 5550123", "US", "+12025550123");
	find("03\xEF\xBD\xA5" "6374\xEF\xBD\xA5" "4000", "JP", "+81363744000");
	find("T:202-555-0123E:info@example.org", "US", "+12025550123");
	find("Model 202-555-0123E:5", "US", "");
	find("Tel. 030 23125012E-Mail: x Tel. 030 23125013Montag", "DE", "+493023125012 +493023125013");
	find("Tel. 030 23125012kg", "DE", "");
	find("030 23125013Montag", "DE", "");
	find("(852) 2572-1121 Tel (852) 2572-1121", "US", "+85225721121");
	find("(202) 555-0123|info@example.org(202) 555-0124", "US", "+12025550123 +12025550124");
}

/* Less than seven digits are a number where a label says so, and all are valid. */
static void
test_short(void)
{
	find("Call 13 12 50 now", "AU", "+61131250");
	find("Sentralbord: 03080", "NO", "+4703080");
	find("Tel: 71 20 23", "AD", "+376712023");
	find("13 12 50", "AU", "");
	find("Order no. 13 12 50", "AU", "");
	find("Tel: +61 13 12", "AU", "");
	find("Tel: 030 12", "DE", "");
	find("Tel: 13 12 50", "US", "");
}

/* Labels of many languages, in any case and with or without accents. */
static void
test_labels(void)
{
	static const char *const phones[] = {
		"Telefon", "T\xC3\xA9l\xC3\xA9phone", "TEL\xC3\x89" "FONO", "Telefone", "Tlf.", "Tlm:",
		"\xD0\xA2\xD0\xB5\xD0\xBB.:", "\xD0\xA2\xD0\x95\xD0\x9B\xD0\x95\xD0\xA4\xD0\x9E\xD0\x9D",
		"\xCE\xA4\xCE\xB7\xCE\xBB.:", "\xCE\xA4\xCE\x97\xCE\x9B", "\xE9\x9B\xBB\xE8\xA9\xB1\xEF\xBC\x9A",
		"\xE8\x81\xAF\xE7\xB5\xA1\xE9\x9B\xBB\xE8\xA9\xB1:", "\xED\x9C\xB4\xEB\x8C\x80\xED\x8F\xB0",
		"\xD9\x87\xD8\xA7\xD8\xAA\xD9\x81:", "\xE0\xA4\xAB\xE0\xA5\x8B\xE0\xA4\xA8",
		"\xD7\x98\xD7\x9C'", "Servicetelefon", "Ligue", "M\xC3\xB3vil", "Natel", "T.F."
	};
	static const char *const faxes[] = {
		"Fax", "Telefax", "T\xC3\xA9l\xC3\xA9" "copieur", "Faks", "\xD0\xA4\xD0\x90\xD0\x9A\xD0\xA1",
		"\xCE\xA6\xCE\xB1\xCE\xBE", "\xE4\xBC\xA0\xE7\x9C\x9F:", "\xE0\xB9\x82\xE0\xB8\x97\xE0\xB8\xA3\xE0\xB8\xAA\xE0\xB8\xB2\xE0\xB8\xA3"
	};
	static const char *const others[] = {
		"Kundennummer", "Org.nr", "C.I.F.", "VAT No: GB", "Rechnungsnr.", "Tracking",
		"KRS", "\xD0\x98\xD0\x9D\xD0\x9D", "Y-tunnus", "Steuer-Nr."
	};
	char		text[128];
	size_t		i;

	/* bare digits are nothing without a label */
	for (i = 0; i < sizeof(phones) / sizeof(phones[0]); i++)
	{
		sprintf(text, "%s 2025550123", phones[i]);
		find(text, "US", "+12025550123");
	}
	for (i = 0; i < sizeof(faxes) / sizeof(faxes[0]); i++)
	{
		sprintf(text, "%s 2025550123", faxes[i]);
		find(text, "US", "F+12025550123");
	}
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++)
	{
		sprintf(text, "%s 202-555-0123", others[i]);
		find(text, "US", "");
	}
	find("P/N 2025550123", "US", "");
	/* the id ends where its digits end */
	find("Order 4711 202-555-0123", "US", "+12025550123");
	find("Reg. Imp. 02 1234 567", "IT", "");
	find("Protocolo 11 3456-7890", "BR", "");
	find("Orders: 1-800-555-0123", "US", "+18005550123");
	find("Membership: (212) 555-0123", "US", "+12125550123");
	find("Registration 1 (212) 555-0123", "US", "+12125550123");
	find("Member 1-202-555-0123", "US", "");
}

/* Who answers, though the word begins as the label of an id does. */
static void
test_services(void)
{
	static const char *const words[] = {
		"Kundenservice:", "Kundendienst", "Kundenbetreuung\n", "Bestelltelefon",
		"Bestellannahme:", "Steuerberater\n", "Mitgliederverwaltung", "Klantenservice:",
		"Einwohnermeldeamt:"
	};
	size_t		i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
	{
		char		text[100];

		snprintf(text, sizeof(text), "%s 030 742014", words[i]);
		find(text, "DE", "+4930742014");
	}
	find("Kundennr. 030 742014", "DE", "");
	find("Einwohner 030 742014", "DE", "");
	find("Population 202-555-0123", "US", "");
}

/* Lists of numbers of which only the end is said. */
static void
test_other_ends(void)
{
	find("Tel. 030 23125-012, -013", "DE", "+493023125012 +493023125013");
	find("030 23125-012 bis -015", "DE", "+493023125012 +493023125015");
	find("202-555-0123 or -0124", "US", "+12025550123 +12025550124");
	find("202-555-0123 / -0124 / \xE2\x80\x93" "25", "US", "+12025550123 +12025550124 +12025550125");
	find("Fax 030 23125-012 und -013", "DE", "F+493023125012 F+493023125013");
	find("202-555-0123, 10-12", "US", "+12025550123");
	find("202-555-0123 ext. 40, -012", "US", "+12025550123;ext=40");
	find("+49 (0) 30 2312 01 3x40;-013", "DE", "+49302312013;ext=40");
	find("202-555-0123, -5", "US", "+12025550123");
	find("202-555-0123, -12345", "US", "+12025550123");
	find("202-555-0123 or -20.50", "US", "+12025550123");
	find("202-555-0123 or -20-30", "US", "+12025550123");
	find("202-555-0123 - 0124", "US", "+12025550123");
	find("202-555-0123 or -", "US", "+12025550123");
	/* an extension of another length */
	find("Tel. 030 231250-0, -123 od. -12", "DE",
		 "+49302312500 +4930231250123 +493023125012");
	find("Tel. 030/231250-0  Fax: -99", "DE", "+49302312500 F+493023125099");
	find("Fax 030 231250-99 (Tel. -12)", "DE", "F+493023125099 +493023125012");
	find("Tel. 01/23125-0, FAX DW 15", "AT", "+431231250 F+4312312515");
	find("Tel. 030 2312500, Fax: -99", "DE", "+49302312500");
	find("Tel. 030 231250-0, Zimmer -12", "DE", "+49302312500");
	/* without a dash: what follows soon */
	find("Tel. 02 9374 4000/1/2", "AU", "+61293744000 +61293744001 +61293744002");
	find("Tel. 03-7956 4230 / 4231", "MY", "+60379564230 +60379564231");
	find("Tel. (02) 8123-4567 to 69; 24/7", "PH", "+63281234567 +63281234569");
	find("Tel. 042-35761284-5", "PK", "+924235761284 +924235761285");
	find("Tel. 202-555-0117 / 24 / 7", "US", "+12025550117");
	find("Tel. 202-555-0117 to 20 people", "US", "+12025550117");
	find("Tel. 202-555-0123 / 22 / 99", "US", "+12025550123");
	find("Tel. 202-555-0123 / 24h", "US", "+12025550123");
	find("202-555-0123-4", "US", "");
}

/* Numbers behind another one, without the code of its area. */
static void
test_local_numbers(void)
{
	find("(011) 4374-4000 / 4374-4001 - 4374-4002", "AR",
		 "+541143744000 +541143744001 +541143744002");
	find("Tel. 011-23744000, 23744001", "IN", "+911123744000 +911123744001");
	find("Fax (212) 26.12.34 y 26.12.35", "US", "");
	find("Fax (55) 5374-4000 y 5374-4001", "MX", "F+525553744000 F+525553744001");
	find("(812) 374-40-00, 374-40-01", "RU", "+78123744000 +78123744001");
	find("\xE7\x94\xB5\xE8\xAF\x9D\xEF\xBC\x9A" "021-63744000\xE3\x80\x81" "63744001", "CN",
		 "+862163744000 +862163744001");
	find("202-555-0123 or 555-0124", "US", "+12025550123 +12025550124");
	find("202-555-0123 555-0124", "US", "+12025550123");
	find("202-555-0123, 5550-124", "US", "+12025550123");
	find("Tel. 0551 41283, 37073 G\xC3\xB6ttingen", "DE", "+4955141283");
	find("Tel. 0551 41283, 41284", "DE", "+4955141283 +4955141284");
	find("Tel. (11) 3374 4000, 1999 2004", "BR", "+551133744000");
}

static void
test_extensions(void)
{
	find("(202) 555-0123 ext. 230", "US", "+12025550123;ext=230");
	find("(202) 555-0123 x230", "US", "+12025550123;ext=230");
	find("202-555-0123, Extension 12", "US", "+12025550123;ext=12");
	find("202-555-0123 #12", "US", "+12025550123;ext=12");
	find("+43 (1) 545 82 30 DW 13", "US", "+4315458230;ext=13");
	find("+33 6 12 34 56 78 poste 12", "US", "+33612345678;ext=12");
	find("02-29320212\xE8\xBD\x89\xE5\x88\x86\xE6\xA9\x9F" "341", "TW", "+886229320212;ext=341");
	find("0212 412 83 21 dahili 12", "TR", "+902124128321;ext=12");
	/* in the line or cell below, but for those of a list */
	find("202-555-0123\nExt. 12", "US", "+12025550123;ext=12");
	find("202-555-0123\next 12\n202-555-0124\next 13", "US",
		 "+12025550123;ext=12 +12025550124;ext=13");
	find("202-555-0123\nExt. 12 Anna Example\nExt. 13 Peter Beispiel", "US", "+12025550123");
	find("202-555-0123\nExt. 12\nAnna Example\nExt. 13\nPeter Beispiel", "US", "+12025550123");
	find("202-555-0123\nx 12", "US", "+12025550123");
}

/* Of North America, without the code of their area. */
static void
test_area_of_page(void)
{
	find("Tel. 555-0124\n(202) 555-0123", "US", "+12025550124 +12025550123");
	find("(202) 555-0123\nFax: 556-0124", "US", "+12025550123 F+12025560124");
	find("(202) 555-0123\nOlin 12\n555-0124\nHall", "US", "+12025550123 +12025550124");
	find("(202) 555-0123\nDesk: 555-0124, Item 555-0125", "US", "+12025550123 +12025550124");
	find("800-555-0123\nTel. 555-0124\n202-555-0125", "US",
		 "+18005550123 +12025550124 +12025550125");
	/* of two areas, of none, of none that is likely */
	find("202-555-0123\n312-555-0123\nTel. 555-0124", "US", "+12025550123 +13125550123");
	find("Tel. 555-0124", "US", "");
	find("202-555-0123\n556-0124", "US", "+12025550123");
	find("202-555-0123\nModel 555-0124", "US", "+12025550123");
	find("+1 202-555-0123\nTel. 555-0124", "DE", "+12025550123 +495550124");
}

static void
test_vanity(void)
{
	find("1-800-FLOWERS", "US", "+18003569377");
	find("Call 1-800-GO-DEPOT now", "US", "+18004633768");
	find("(212) NEW-YORK (639-9675)", "US", "+12126399675");
	find("(212) NEW-YORK", "US", "");
	find("now at 202.555.HAUS.", "US", "+12025554287");
	find("(202) 555-HAUS", "US", "+12025554287");
	find("202555HAUS 202-555-HAUSE 202-55-HAUS", "US", "");
	find("1-200-FLOWERS 800 PEOPLE 1-800-flowers", "US", "");
}

static void
test_rejected(void)
{
	static const char *const texts[] = {
		"2015-06-12 12.06.2015 12/06/2015 06/21/84", "on 2015-06-12 08:30", "20150612 08:30",
		"1999-2004 2010 2011", "08:00-17:00 8.30 - 17.00", "192.168.100.200", "3.14159265",
		"1.234.567 12,345,678", "$2025550123 EUR 1.234.567,89", "20175-1234 62704-1234",
		"1234567890123456789012345678901234567890", "ISBN 978-3-16-148410-0",
		"Code: 202-555-0123", "Claim # 202-555-0123",
		"VAT No. 020 7946 0123", "Order no: 202-555-0123", "IBAN DE02 1203 0000 0000 2020 51",
		"52.520008, 13.404954", "img202-555-0123x", "2025550123", "0000000000 1111111",
		"211-227 (2003)", "1024x768 100x200x300", "12345678", "2 3 4 5 6 7 8 9 10 11 12",
		"+0 123 456 789", "+1 234 567 890", "=202-555-0123", "202-555-0123@example.org"
	};
	size_t		i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
	{
		find(texts[i], "US", "");
		find_hinted(texts[i], "US", (Hint) {WF_HINT_LANG, "en-US"}, "");
	}
	find("12.06.2015 08.30 - 12.00 Uhr", "DE", "");
	find("21 22 23 24", "DK", "");
	find("01 02 03 04 05", "FR", "");
	find("21 22 23 25", "DK", "+4521222325");
	find("+91 98765 43210", "IN", "");
	find("06/11/20230 Kommentare", "BE", "");
	find("0800-1700 Uhr", "DE", "");
	find("Seriennr. 0176 23232320, BSNR 030231259", "DE", "");
	find("Iscr. Albo 0651234321", "IT", "");
	find("600 123 456 EUR, \xE2\x82\xAC 600 123 456, 600 123 456 views", "PL", "");
	find("PL12 6001 2345 6600 1234", "PL", "");
	find("Boston, MA 02108-1792", "DE", "");
	find("S\xC3\xA3o Paulo - SP 04571-000", "IT", "");
	find("see x.030.23125012", "DE", "");
	find("Tel. 081.8795350, 081.8795351", "IT", "+390818795350 +390818795351");
	find("Tel. 912.345.678", "ES", "+34912345678");
}

/* Sections of laws, which are numbered as phones are. */
static void
test_clauses(void)
{
	find("Sec. 301-234-5671(b)", "US", "");
	find("\xC2\xA7 301-234-5671", "US", "");
	find("by section 301-234-5671", "US", "");
	find("301-234-5671(c), 301-234-5672 (b)", "US", "+13012345671 +13012345672");
	find("Tel. 301-234-5671(a)", "US", "+13012345671");
	/* the code of an area in brackets, without what stands in front of it at home */
	find("(88) 412-633", "HU", "+3688412633");
	find("(88) 412 633", "HU", "");
}

static void
test_regions(void)
{
	find_hinted("Tel: (49 30) 23125 012", "US", (Hint) {WF_HINT_LOCALE, "de_DE"}, "+493023125012");
	find_hinted("030 23125 012", "US", (Hint) {WF_HINT_LOCALE, "de_DE"}, "+493023125012");
	find_hinted("Tel. 022 123 45 60", "PL", (Hint) {WF_HINT_URL, NULL}, "+48221234560");

	find_hinted("Tel. 912 34 56 78", "US", (Hint) {WF_HINT_LANG, "es"}, "+34912345678");
	find_hinted("Tel. 912 34 56 78", "US", (Hint) {WF_HINT_LANG, "es-419"}, "");
	/* a code that no country has: as shown, behind a label */
	find("Tel: (+944 12) 492 65 00", "US", "944124926500");
	find("(+944 12) 492 65 00", "US", "");
	find("Telephone: +0 123 456 789", "US", "");
	find_hinted("020 7946 0123", "US", (Hint) {WF_HINT_URL, "https://www.example.co.uk/a"},
				"+442079460123");
	find_hinted("030 23125 012", "US", (Hint) {WF_HINT_URL, "https://example.de:8080/?x=.fr"},
				"+493023125012");
	find_hinted("030 23125 012", "US", (Hint) {WF_HINT_LANG, "de"}, "+493023125012");
	find_hinted("0316 123456", "US", (Hint) {WF_HINT_LANG, "de-AT"}, "+43316123456");
	find_hinted("030 23125 012", "US", (Hint) {WF_HINT_COUNTRY, "Germany"}, "+493023125012");
	find_hinted("030 23125 012", "US", (Hint) {WF_HINT_EMAIL, "info@example.de"}, "+493023125012");
	find_hinted("030 23125 012", "US", (Hint) {WF_HINT_URL, "https://example.io/"}, "");
	find("+49 30 23125 012 or 030 23125 013", "US", "+493023125012 +493023125013");
	find("D-10117 Berlin, 030 23125 013", "US", "+493023125013");
	find("London W1A 1AA, 020 7946 0123", "US", "+442079460123");
	find("Australia: 1-800-065-521, USA: 202-555-0123", "US", "+611800065521 +12025550123");
	find_hinted("UK: 020 7946 0123", "US", (Hint) {WF_HINT_LANG, "de"}, "+442079460123");
	find_hinted("(202) 555-0123", "US", (Hint) {WF_HINT_LANG, "en-GB"}, "+12025550123");
	find("Tel: 020 7946 0123", "US", "02079460123");
	find("(202) 555-0123", "DE", "2025550123");
	/* the country's code alone in front, without '+' */
	find("49 30 23125 012", "DE", "+493023125012");
	find("49 3 30 23125", "DE", "+4933023125");
}

static void
test_fax(void)
{
	find("TEL 03-1234-5670 FAX\xEF\xBC\x9A" "03-1234-5671", "JP", "+81312345670 F+81312345671");

	find("Tel. 202-555-0123, Fax 202-555-0124", "US", "+12025550123 F+12025550124");
	find("202-555-0123 (fax)", "US", "F+12025550123");
	find("202-555-0123 tel | 202-555-0124 fax", "US", "+12025550123 F+12025550124");
	find("T 202-555-0123 F 202-555-0124", "US", "+12025550123 F+12025550124");
	find("Tel/Fax: 202-555-0123", "US", "+12025550123");
	find("Tel. und Fax: 030 23125 012", "DE", "+493023125012");
	find("T\xC3\xA9l et fax : 01 99 00 12 34", "FR", "+33199001234");
	find("Telefax: 030 23125 012", "DE", "F+493023125012");
	find("T\xC3\xA9l\xC3\xA9" "copie : 01 99 00 12 34", "FR", "F+33199001234");
	find("Fax\n202-555-0123", "US", "F+12025550123");
	find("TEL 03-1234-5670\xEF\xBC\x8F" "FAX 03-1234-5671", "JP", "+81312345670 F+81312345671");
	find("TEL\xEF\xBC\x8F" "FAX 03-1234-5670", "JP", "+81312345670");
	find("202-555-0123 Fax number: 202-555-0124", "US", "+12025550123 F+12025550124");
	find("202-555-0123 fax info@example.com", "US", "F+12025550123");
	/* behind a word that is not known it is a phone, behind a joiner it is not */
	find("Fax: 6374 4000 Desk: 9374 4000", "SG", "F+6563744000 +6593744000");
	find("Fax: 6374 4000 or 6374 4001", "SG", "F+6563744000 F+6563744001");
	find("Fax: 6374 4000 HP: 9374 4000", "SG", "F+6563744000 +6593744000");
	/* the second of two */
	find("Tel/Fax 0464 431772 / 431773", "IT", "+390464431772 F+390464431773");
	find("Tel./Fax: 0821 344561 / 344562", "DE", "+49821344561 F+49821344562");
	find("tel. i fax: 12 421 63 40 / 12 421 63 41", "PL", "+48124216340 F+48124216341");
	find("Tel. 0821 344561 / 344562", "DE", "+49821344561 +49821344562");
	find("\xF0\x9F\x93\xA0 202-555-0123 \xE2\x98\x8E 2025550124", "US", "F+12025550123 +12025550124");
	find("\xEF\x82\x95 2025550123", "US", "+12025550123");
	find("\xE2\x9C\x93 2025550123", "US", "");
	find("Tel/Fax 0464 431772, 431773", "IT", "+390464431772 +390464431773");
	find("Tel. 0821 / 344561", "DE", "+49821344561");
}

/* Ids that look like numbers, by the words in front of them. */
static void
test_ids(void)
{
	static const char *const german[] = {
		"St.-Nr.: 030/231/25012", "St. Nr. 030/231/25012", "StNr. 030/231/25012",
		"DE02 1203 0000 0302 3125 01", "ZVR 030231250", "DE 02 1203 0000 0302 3125 01",
		"NL02 RABO 0302 3125 01"
	};
	size_t		i;

	for (i = 0; i < sizeof(german) / sizeof(german[0]); i++)
		find(german[i], "DE", "");
	find("Tel. St. Paul 030/23125012", "DE", "+493023125012");
	find("Bestellung: 030 742014", "DE", "+4930742014");
	find("RPR Brussel 0477.472.701", "BE", "");
	find("MST: 0304128321, thu\xE1\xBA\xBF 0304128321", "VN", "");
	find("Mati\xC4\x8Dni broj: 04128321", "RS", "");
	find("\xD0\xBB\xD0\xB8\xD1\x86\xD0\xB5\xD0\xBD\xD0\xB7\xD0\xB8\xD1\x8F "
		 "\xE2\x84\x96 7812-41-28321", "RU", "");
	find("\xD7\xA2.\xD7\x9E 041283210, \xD7\x97\xD7\xB4\xD7\xA4 041283210", "IL", "");
	find("\xD7\x98\xD7\x9C 03-6412832 \xD7\x97.\xD7\xA4. 512345679", "IL", "+97236412832");
	find("APN 202-555-0123, NHS 202 555 0123", "US", "");
	/* the end of a name is no label */
	find("Smith & Company, 020 7946 0123", "GB", "+442079460123");
	find("School of Art\n020 7946 0123", "GB", "+442079460123");
	find("Company No. 020 7946 0123", "GB", "");
	find("HP 2037 44, HP 6374 4000", "SG", "+6563744000");
	find("HP LaserJet 63744000", "SG", "");
}

static void
value(const char *text, const char *region, const char *expected)
{
	WfArena    *arena = wf_arena_create(64 * 1024);
	WfPhoneScan *scan = wf_phone_scan_create(matcher, arena, region);
	WfPhone		phone;

	if (wf_phone_value(scan, slice(text), &phone))
		is((WfSlice) {phone.value, phone.len}, expected, text);
	else
		is(slice("!"), expected, text);
	wf_arena_free(arena);
}

static void
test_values(void)
{
	value("+1-202-555-0123", NULL, "+12025550123");
	value("2025550123", "US", "+12025550123");
	value("(49 30) 23 12 50 12", "DE", "+493023125012");
	value("(49 30) 23 12 50 12", "US", "+493023125012");
	value("+31800-0305", "US", "+318000305");
	value("Tel.: 030/23125-012", "DE", "+493023125012");
	value("202-555-0123 ext. 7", "US", "+12025550123;ext=7");
	value("1-800-FLOWERS", "US", "+18003569377");
	value("030 23125012", NULL, "03023125012");
	value("0000000000", "US", "!");
	value("123456789", "US", "!");
	value("112", "DE", "!");
	value("13 12 50", "AU", "+61131250");
	value("131250", "US", "!");
	value("none", "DE", "!");
	value("", "DE", "!");
}

static void
tel(const char *href, const char *expected)
{
	WfArena    *arena = wf_arena_create(64 * 1024);
	WfPhoneScan *scan = wf_phone_scan_create(matcher, arena, "US");
	WfPhone		phone;

	if (wf_phone_tel(scan, slice(href), &phone))
		is((WfSlice) {phone.value, phone.len}, expected, href);
	else
		is(slice("!"), expected, href);
	wf_arena_free(arena);
}

static void
test_links(void)
{
	tel("tel:00493023125012", "+493023125012");
	tel("tel:493023125012", "+493023125012");
	tel("tel:+49(0)30-23125012", "+493023125012");
	tel("tel:1-800-FLOWERS", "+18003569377");
	tel("sms:+12025550123?body=hi", "+12025550123");
	tel("https://wa.me/12025550123?text=Hi", "+12025550123");
	tel("https://api.whatsapp.com/send?phone=493023125012&text=1", "+493023125012");
	tel("whatsapp://send?text=780 new, see 2021/01/07", "!");
	tel("https://api.whatsapp.com/send/?text=1&phone=493023125012", "+493023125012");
	tel("https://web.whatsapp.com/send?l=de&amp;phone=493023125012", "+493023125012");
	tel("whatsapp://send?phone=+493023125012", "+493023125012");
	tel("https://api.whatsapp.com/send?xphone=493023125012", "!");
	tel("https://wa.me/?text=2025550123", "!");
	/* as at home, where the code belongs */
	tel("https://wa.me/2025550123", "+12025550123");
	tel("https://wa.me/02079460123", "02079460123");
	tel("viber://chat?number=%2B493023125012", "+493023125012");
	tel("viber://chat?number=493023125012", "+493023125012");
	tel("tel:+12025550123;ext=12", "+12025550123;ext=12");
	tel("tel:0000000000", "!");
	tel("tel:123456789", "!");
	tel("https://example.org/tel:2025550123", "!");
}

/* Regions, prefixes and validity of digits as dialled. */
static void
parse(const char *digits, const char *region, const char *expected_region, const char *expected)
{
	WfPhoneNumber number;
	bool		plus = digits[0] == '+';

	if (ok(wf_phone_parse(slice(digits + plus), plus, wf_phone_plan(region), &number) &&
		   number.valid, "%s in %s is valid", digits, region))
	{
		is((WfSlice) {number.digits, number.len}, expected, digits);
		is(slice(number.plan->region), expected_region, digits);
	}
}

static void
test_plans(void)
{
	WfPhoneNumber number;

	parse("+12025550123", "DE", "US", "2025550123");
	parse("+14165550123", "DE", "CA", "4165550123");
	parse("12025550123", "US", "US", "2025550123");
	parse("011493023125012", "US", "DE", "3023125012");
	parse("03023125012", "DE", "DE", "3023125012");
	parse("0612345678", "IT", "IT", "0612345678");
	parse("+77172123456", "RU", "KZ", "7172123456");
	parse("89161234567", "RU", "RU", "9161234567");
	parse("0111523456789", "AR", "AR", "91123456789");
	ok(!wf_phone_parse(slice("0"), true, NULL, &number), "no code");
	ok(!wf_phone_parse(slice("03023125012"), false, NULL, &number), "no region");
	ok(wf_phone_parse(slice("12345"), false, wf_phone_plan("US"), &number) && !number.valid,
	   "too short");
	ok(wf_phone_plan("us") != NULL && wf_phone_plan("XX") == NULL && wf_phone_plan("01") == NULL &&
	   wf_phone_plan(NULL) == NULL && wf_phone_plan("DEU") == NULL, "plans by region");
}

/* The country at the end of an address, where nothing better is known. */
static void
test_places(void)
{
	Hint		english = {WF_HINT_LANG, "en-US"};

	find("Office: 0141-2744571\nHill Road 7, Jaipur, India", NULL, "+911412744571");
	find_hinted("Phone: 93322 26500\nNadia 741126\nIndia.", "US", english, "+919332226500");
	find("Phone: 9332226500/8670569446\nPin-741126, WB, India", "US",
		 "+919332226500 +918670569446");
	/* of one country only, at the end of an address, and behind a label */
	find("Office: 0141-2744571\nHill Road 7, Jaipur, India\n21 Main Road, Lahore, Pakistan", NULL,
		 "01412744571");
	find("Office: 0141-2744571\nTours of India, and more", NULL, "01412744571");
	find("Office: 0141-2744571\nIndia", NULL, "+911412744571");
	find("No. 93322 26500\nHill Road 7, Jaipur, India", NULL, "");

	/* a city or a province, with or without a post code, before what a language tells */
	find("Park Road\nMumbai 400 026\nPhone: (22) 2363-3611 Mob: 7735353282", "US",
		 "+912223633611 +917735353282");
	find("Begur Main Road,\nBengaluru\n560068.\nTel 080-41283210", "US", "+918041283210");
	find("Sahargaon, Maharashtra, 400099\nPhone: 7735353282", "US", "+917735353282");
	find("12 Way, Lekki, Lagos\nPhone: 09087187401\n08125690717", "US",
		 "+2349087187401 +2348125690717");
	find_hinted("Calle 93 # 11-26, Bogot\xC3\xA1\nCel: 310 412 8321", "US",
				(Hint) {WF_HINT_LANG, "es"}, "+573104128321");
	find_hinted("Larco 1301, Lima, Per\xC3\xBA\nCel: 999 128 321", "US",
				(Hint) {WF_HINT_LANG, "es"}, "+51999128321");
	find_hinted("Calle 93 # 11-26, Bogot\xC3\xA1\nTel: 91 270 16 99", "US",
				(Hint) {WF_HINT_URL, "https://example.es/"}, "+34912701699");
	/* of another country than those that the language is spoken in */
	find_hinted("12.5.2019, Milano\nTel. 0211 4128321", "US", (Hint) {WF_HINT_LANG, "de"},
				"+492114128321");
	find_hinted("12.5.2019, Wien\nTel. 01 4128321", "US", (Hint) {WF_HINT_LANG, "de-DE"},
				"+4314128321");
	find_hinted("12 High Street, London\nTel. 020 7946 0123", "US",
				(Hint) {WF_HINT_LANG, "en-US"}, "+442079460123");
	find("12 rue Rivoli, 75004 Paris\n10 High Street, London\nTel 020 7412 8321", "US",
		 "02074128321");
	find("5 Park Road, Mumbai 400026\nUS Phone: (408) 541-8321", "US", "+14085418321");
	find("London\nPhone: 020 7412 8321", "US", "02074128321");
	/* states of Australia */
	find("Seven Hills, NSW 2147\nPhone: 02 9674 3005", "US", "+61296743005");
	find("Seattle, WA 98101\nPhone: 02 9674 3005", "US", "0296743005");
	find("Sydney NSW 21471, 02 9674 3005", "US", "");

	/* of no country at all: as shown, behind a label right in front */
	find("Phone: 9332226500", "US", "9332226500");
	find("Cell. 346 090 28 88", "US", "3460902888");
	find_hinted("Phone: 9332226500", "US", english, "");
	find("Phone: (155) 023-4567", "US", "");
	find("Order 9332226500", "US", "");
	find("Phone of the shop in the street: 93322265001", NULL, "");
}

int
main(void)
{
	matcher = wf_phone_matcher_create();
	test_forms();
	test_short();
	test_labels();
	test_services();
	test_other_ends();
	test_local_numbers();
	test_ids();
	test_extensions();
	test_area_of_page();
	test_vanity();
	test_rejected();
	test_clauses();
	test_regions();
	test_places();
	test_fax();
	test_values();
	test_links();
	test_plans();
	wf_phone_matcher_free(matcher);
	return done();
}
