/*-------------------------------------------------------------------------
 *
 * test_person.c
 *	  core/wf_person.c: whose address it is.
 *
 *-------------------------------------------------------------------------
 */
#include "test/unit/unit.h"

#include "core/wf_person.h"

static void
put_person(const WfPerson *found, char got[512])
{
	snprintf(got, 512, "%.*s%s%.*s | %.*s", (int) found->given.len, found->given.data,
			 found->given.len > 0 ? " " : "", (int) found->name.len, found->name.data,
			 (int) found->job_title.len, found->job_title.data);
}

/* "name | job title" of the only address of a text, or "-". */
static void
person(const char *text, const char *expected)
{
	size_t		len = strlen(text);
	char	   *copy = memcpy(malloc(len + 1), text, len);
	const char *at = memchr(copy, '@', len);
	const char *start = at;
	const char *end = at;
	char		got[512] = "-";
	WfPerson	found;

	while (start > copy && strchr(" \n(:<", start[-1]) == NULL)
		start--;
	while (end < copy + len && strchr(" \n),>", *end) == NULL)
		end++;
	if (wf_person_find((WfSlice) {copy, len}, start - copy, end - copy, 0,
					   (WfSlice) {start, at - start}, &found))
		put_person(&found, got);
	is(slice(got), expected, text);
	free(copy);
}

/* The same of a link to the address, at '|' of the text, to the next '|' if there is one. */
static void
linked_person(const char *text, const char *local, const char *expected)
{
	size_t		at = strchr(text, '|') - text;
	size_t		len = strlen(text) - 1;
	size_t		link_end = len;
	char	   *copy = malloc(len + 1);
	char	   *bar;
	char		got[512] = "-";
	WfPerson	found;

	memcpy(copy, text, at);
	memcpy(copy + at, text + at + 1, len - at);
	bar = memchr(copy, '|', len);
	if (bar != NULL)
	{
		link_end = bar - copy;
		memmove(bar, bar + 1, --len - link_end);
	}
	if (wf_person_find((WfSlice) {copy, len}, at, at, link_end, slice(local), &found))
		put_person(&found, got);
	is(slice(got), expected, text);
	free(copy);
}

/* Names that do not agree with the local part, but stand where the owner stands. */
static void
test_places(void)
{
	person("Owner: Anna Example\nhello@example.org", "Anna Example | Owner");
	person("Anna Example, Owner\nhello@example.org", "Anna Example | Owner");
	person("Contact: Anna Example\noffice@example.org", "Anna Example | ");
	person("Ansprechpartnerin\nAnna Example\ninfo@example.org", "Anna Example | ");
	person("Court Clerk - Anna Example (ext. 12) courtclerk@example.org",
		   "Anna Example | Court Clerk");
	person("Zahntechnik-Laborleiterin: Anna Example labor@example.org",
		   "Anna Example | Zahntechnik-Laborleiterin");
	person("Street Supervisor - Anna Example roads@example.org", "Anna Example | Street Supervisor");
	person("1. Vorsitzende\nAnna Example\nvorsitz@example.org", "Anna Example | 1. Vorsitzende");
	person("Pastor Anna Example\npastor@example.org", "Anna Example | Pastor");
	/* without what the person is or is there for */
	person("Anna Example\ninfo@example.org", "-");
	person("Photo: Anna Example\ninfo@example.org", "-");
	person("Anna Example GmbH, Manager\ninfo@example.org", "-");
	person("Sales Director: Northern Europe\nsales@example.org", "-");
	/* of two nobody knows which; what is another's address is not asked */
	person("Managers: Anna Example, Peter Beispiel\ninfo@example.org", "-");
	person("Owner: Anna Example\nPeter Beispiel\ninfo@example.org", "-");
	/* far off, or the address of somebody else */
	person("Owner: Anna Example\nWeg\nOrt\nFax\ninfo@example.org", "-");
	person("Owner: Anna Example\nPeter Beispiel, Owner\nWeg\ninfo@example.org", "-");
	/* lines with numbers are the rest of one block */
	person("Owner: Anna Example\nWeg 1\n12345 Ort\nFax 1\ninfo@example.org", "Anna Example | Owner");
	person("Inh. Josef Example\nWeg 1\noffice@example.org", "Josef Example | Inh.");
	/* who said something */
	person("\"Great!\" \xE2\x80\x94 Anna Example, Manager\ninfo@example.org", "-");
	person("- Anna Example, Manager\ninfo@example.org", "-");
	person("\"Great!\"\nAnna Example, Manager\ninfo@example.org", "-");
	person("\xC2\xAB Great! \xC2\xBB\nAnna Example, Manager\ninfo@example.org", "-");
	person("\xE2\x80\x9EGut!\xE2\x80\x9C\nAnna Example, Managerin\ninfo@example.org", "-");
	person("Vertreten durch den Gesch\xC3\xA4" "ftsf\xC3\xBChrer Dr. Peter Beispiel\nTel. 1\ninfo@example.org",
		   "Peter Beispiel | Gesch\xC3\xA4" "ftsf\xC3\xBChrer");
	person("Richard J. Example Center\n1 Main Street\nxyz@example.org", "-");
	person("Anna Example, Owner\nzorblax@example.org", "-");
	person("Vertreten durch:\nAnna Example\nWeg 1\ninfo@example.org", "Anna Example | ");
	person("Umsetzung durch:\nAnna Example\nWeg 1\ninfo@example.org", "-");
	person("Building Inspector - R.D. Example inspector@example.org",
		   "R.D. Example | Building Inspector");
	person("Prof. Dr. med. Zorblax Example\nChefarzt\nchirurgie@example.org",
		   "Zorblax Example | Chefarzt");
	person("Treasurer\nZorblax Example\ntreasurer@example.org", "Zorblax Example | Treasurer");
	person("Anna Example\nBuchhaltung\n030 1\nbuchhaltung@example.org",
		   "Anna Example | Buchhaltung");
	person("Treasurer\nContact Form\ntreasurer@example.org", "-");
	person("Treasurer\nZorblax Example\nclerk@example.org", "-");
	person("Anna Example\nSales Manager\nsales-emea@example.org", "Anna Example | Sales Manager");
	person("Please contact Anna Example at press@example.org", "Anna Example | ");
	person("For press inquiries contact Anna Example at press@example.org", "Anna Example | ");
	person("Please contact Anna Example or somebody else at press@example.org", "-");
	person("Responsabile commerciale Anna Example\ncommerciale@example.org",
		   "Anna Example | Responsabile commerciale");
	person("Verantwortlich f\xC3\xBCr den Inhalt: Anna Example, Weg 1, info@example.org",
		   "Anna Example | ");
	person("Foto: Anna Example, Fotografin\ninfo@example.org", "-");
	person("Sydney Australia\nsydney@example.org", "-");
	person("Maria Example Krankenhaus\nmaria.example@example.org", "-");
	person("Zorblax Example <zq17@example.org>", "Zorblax Example | ");
	person("Support Team <zq17@example.org>", "-");
	linked_person("Treasurer: |Zorblax Example", "treasurer", "Zorblax Example | Treasurer");
	linked_person("Treasurer: |Contact Form", "treasurer", "-");
	linked_person("write to our CEO |Anna Example\nnext", "office", "Anna Example | write to our CEO");
	linked_person("|Anna Example", "x17", "Anna Example | ");
	linked_person("|Contact Anna", "office", "-");
	linked_person("|Anna Example| Jan Beispiel", "office", "Anna Example | ");
	linked_person("|Anna| Example", "anna.example", "Anna Example | ");
	linked_person("Anna Example |write", "office", "-");
}

static void
test_forms(void)
{
	person("Anna Example\nae@example.org", "Anna Example | ");
	person("Anna van der Example\na.vanderexample@example.org", "Anna van der Example | ");
	person("Anna Example-Beispiel\na.example@example.org", "Anna Example-Beispiel | ");
	person("Zorblax Example, CEO\nzorblax@example.org", "Zorblax Example | CEO");
	person("Ing. Zorblax Example\nexample@example.org", "Zorblax Example | ");
}

/* The surname first. */
static void
test_turned_names(void)
{
	person("Example, Anna\nLecturer\naexample@example.org", "Anna Example | Lecturer");
	person("Example, Zorblax Q.\nzorblax.example@example.org", "Zorblax Q. Example | ");
	person("van der Example, Anna\na.vanderexample@example.org", "Anna van der Example | ");
	person("Kov\xC3\xA1" "cs J\xC3\xA1nos\nkovacsj@example.org",
		   "Kov\xC3\xA1" "cs J\xC3\xA1nos | ");
	person("EXAMPLE Zorblax\nzorblax.example@example.org", "EXAMPLE Zorblax | ");
	person("Austin, Texas\naustin@example.org", "-");
	person("Berlin, Germany\nberlin@example.org", "-");
	person("Anna, Peter\nanna@example.org", "-");
	person("Example, Buyer\nexample@example.org", "-");
	person("Ristorante Rosa\nrosa@example.org", "-");
}

/* Letters beyond ASCII, and alphabets beyond Latin. */
static void
test_letters(void)
{
	/* Иван Петров */
	person("\xD0\x98\xD0\xB2\xD0\xB0\xD0\xBD \xD0\x9F\xD0\xB5\xD1\x82\xD1\x80\xD0\xBE\xD0\xB2\n"
		   "i.petrov@example.org",
		   "\xD0\x98\xD0\xB2\xD0\xB0\xD0\xBD \xD0\x9F\xD0\xB5\xD1\x82\xD1\x80\xD0\xBE\xD0\xB2 | ");
	/* Γιώργος Παπάς, Διευθυντής */
	person("\xCE\x93\xCE\xB9\xCF\x8E\xCF\x81\xCE\xB3\xCE\xBF\xCF\x82 \xCE\xA0\xCE\xB1\xCF\x80\xCE\xAC\xCF\x82, "
		   "\xCE\x94\xCE\xB9\xCE\xB5\xCF\x85\xCE\xB8\xCF\x85\xCE\xBD\xCF\x84\xCE\xAE\xCF\x82\ngpapas@example.org",
		   "\xCE\x93\xCE\xB9\xCF\x8E\xCF\x81\xCE\xB3\xCE\xBF\xCF\x82 \xCE\xA0\xCE\xB1\xCF\x80\xCE\xAC\xCF\x82 | "
		   "\xCE\x94\xCE\xB9\xCE\xB5\xCF\x85\xCE\xB8\xCF\x85\xCE\xBD\xCF\x84\xCE\xAE\xCF\x82");
	/* Öznur Şahin, Ștefan Example */
	person("\xC3\x96znur \xC5\x9E" "ahin\noznur@example.org", "\xC3\x96znur \xC5\x9E" "ahin | ");
	person("\xC8\x98tefan Example\nstefan.example@example.org", "\xC8\x98tefan Example | ");
	person("Anna Example\n\xC3\x84rztin\nanna@example.org", "Anna Example | \xC3\x84rztin");
	person("ANNA EXAMPLE\nGESCH\xC3\x84" "FTSF\xC3\x9CHRERIN\nanna@example.org",
		   "ANNA EXAMPLE | GESCH\xC3\x84" "FTSF\xC3\x9CHRERIN");
	person("\xC2\xABZorblax Example\xC2\xBB zorblax.example@example.org", "Zorblax Example | ");
}

/* Names far from their addresses. */
static void
far_person(const char *text, const char *local, const char *expected)
{
	char		got[512] = "-";
	WfPerson	found;

	if (wf_person_find_far(slice(text), slice(local), &found))
		put_person(&found, got);
	is(slice(got), expected, text);
}

static void
test_far_names(void)
{
	far_person("\nBy Anna Example, Reporter\ntext", "anna.example", "Anna Example | Reporter");
	far_person("\nBy Anna Example\ntext", "anna_example", "Anna Example | ");
	far_person("\ntext\nBy Anna Example\nmore text", "anna", "Anna Example | ");
	far_person("\ntext by Anna Example\nmore text", "anna", "-");
	far_person("\nBy Joanna Example\n", "anna", "-");
	far_person("\nAnna Examples", "anna.example", "-");
	far_person("\nAnna Example School", "anna.example", "-");
	far_person("\nZorblax Example", "zorblax.example", "-");
	far_person("\nCustomer Service", "customer.service", "-");
	far_person("", "", "-");
}

static void
test_agrees(void)
{
	ok(wf_person_agrees(slice("Anna Example"), slice("anna")), "a given name");
	ok(wf_person_agrees(slice("Zorblax Example"), slice("zexample")), "initial and surname");
	ok(!wf_person_agrees(slice("Zorblax Example"), slice("zorblax")), "a name that is not known");
	ok(!wf_person_agrees(slice("Anna Example"), slice("info")), "an office");
	ok(!wf_person_agrees(slice("Anna"), slice("anna")), "one word");
}

static void
test_names(void)
{
	person("Anna M. Example\nanna.example@example.org", "Anna M. Example | ");
	person("Mar\xC3\xAD" "a Garc\xC3\xAD" "a Example\nmgarcia@example.org",
		   "Mar\xC3\xAD" "a Garc\xC3\xAD" "a Example | ");
	person("Anna Example Vertrieb\naexample@example.org", "Anna Example | ");
	person("J.R. Example, Owner\njrexample@example.org", "J.R. Example | Owner");
	person("ZORBLAX EXAMPLE\nzorblax.example@example.org", "ZORBLAX EXAMPLE | ");
	person("Bob Example\nrobert.example@example.org", "Bob Example | ");
	person("Michael Example\nmike.example@example.org", "Michael Example | ");
	person("Zorblax R Example at zorblaxexample@example.org", "Zorblax R Example | ");
	person("Mark Example Library\nmark.example@example.org", "-");
	person("Rose Garden\nrose@example.org", "-");
	person("Anna z@example.net Example anna.example@example.org", "-");
	person("Anna Example anna.example@example.org", "Anna Example | ");
	person("Anna Example\na.example@example.org", "Anna Example | ");
	person("example@example.org\nAnna Example", "Anna Example | ");
	person("example@example.org\nZorblax Example", "-");
	person("anna@example.org\nAnna Example", "Anna Example | ");
	person("J\xC3\xBCrgen M\xC3\xBCller\nmueller.j@example.org", "J\xC3\xBCrgen M\xC3\xBCller | ");
	person("J\xC3\xBCrgen M\xC3\xBCller\njmuller@example.org", "J\xC3\xBCrgen M\xC3\xBCller | ");
	person("Ludwig van Beispiel\nl.beispiel@example.org", "Ludwig van Beispiel | ");
	person("Zorblax Q. Example zq@example.org", "Zorblax Q. Example | ");
	person("Dr. Zorblax Example: praxis@example.org", "Zorblax Example | ");
	person("Anna Example Lang anna@example.org", "Anna Example Lang | ");
	person("Anna Example Lang Main Street 7 anna@example.org", "Anna Example | ");
}

static void
test_job_titles(void)
{
	person("Anna Example, Managing Director\nanna.example@example.org",
		   "Anna Example | Managing Director");
	person("Gesch\xC3\xA4" "ftsf\xC3\xBChrerin: Anna Example anna.example@example.org",
		   "Anna Example | Gesch\xC3\xA4" "ftsf\xC3\xBChrerin");
	person("Anna Example\nDirectrice\nanna.example@example.org", "Anna Example | Directrice");
	person("Anna Example Einkaufsleiterin anna.example@example.org",
		   "Anna Example | Einkaufsleiterin");
	person("Treasurer\nAnna Example\nanna.example@example.org", "Anna Example | Treasurer");
	person("Peter Beispiel\nTreasurer\nAnna Example\nanna.example@example.org", "Anna Example | ");
	person("Anna Example\nCEO: Peter Beispiel\nanna.example@example.org", "Anna Example | ");
	person("Anna Example, Ph.D., MBA, Director of Sales\nanna.example@example.org",
		   "Anna Example | Director of Sales");
	person("Anna Example | Head of Sales | anna.example@example.org",
		   "Anna Example | Head of Sales");
	person("Anna Example\nClick here for our consultant\nanna.example@example.org",
		   "Anna Example | ");
	person("Anna Example is a writer and editor. anna.example@example.org", "Anna Example | ");
	person("City Clerk \xE2\x80\x93 Anna Example cityclerk@example.org", "Anna Example | City Clerk");
	person("Anna Example\nCoach Email View Bio\nanna.example@example.org", "Anna Example | Coach");
	person("Anna Example, Director Email: anna.example@example.org", "Anna Example | Director");
	person("Anna Example\nSenior Email Marketing Manager\nanna.example@example.org",
		   "Anna Example | Senior Email Marketing Manager");
}

static void
test_no_names(void)
{
	person("info@example.org", "-");
	person("Contact Us info@example.org", "-");
	person("Fair Housing fairhousing@example.org", "-");
	person("Anna Example\ninfo@example.org", "-");
	person("Anna Example anna.other@example.org", "-");
	person("anna example anna.example@example.org", "-");
	person("City Clerk - Anna Example\nroads@example.org", "-");
	person("City Clerk - Main Office cityclerk@example.org", "-");
	/* two of whom neither is meant */
	person("Mr. Jan Beispiel\nMrs. Eva Muster\noffice@example.org", "-");
	person("Practice of Dr. Jan Beispiel & Dr. Eva Muster\ninfo@example.org", "-");
	/* of the address below */
	person("office@example.org\nRev. Jan Beispiel, Pastor\nx17@example.org", "-");
	person("pec@example.org\nRegistry\nDirector: Dr. Jan Beispiel", "-");
	person("Largo D. Jan Beispiel\noffice@example.org", "-");
	person("Registrar\nJan Peter Hall\nregistrar@example.org", "-");
	person("Parish \xC5\x9Bw. Anna Example\nparish@example.org", "-");
	person("Keynote Speaker: Anna Example, Professor\nevents@example.org", "-");
	person("Fixtures Peter Example - fixtures@example.org", "-");
	person("Dr. Jan Peter Example Blvd\ninfo@example.org", "-");
	person("Charlotte Motor Speedway\ncharlotte@example.org", "-");
	person("Contact:\nRosa Boulangerie\ncontact@example.org", "-");
	person("Contact\nAnna Example\ncontact@example.org", "Anna Example | ");
	/* too far away */
	person("Anna Example\n\n\n\n\n\n\n\n\n\n\n\nanna.example@example.org", "-");
}

static void
test_guesses(void)
{
	ok(wf_person_is_guess(slice("Anna Example"), slice("Owner"), slice("info")), "an office's");
	ok(!wf_person_is_guess(slice("Anna Example"), slice("Town Clerk"), slice("clerk")),
	   "the one of the position");
	ok(!wf_person_is_guess(slice("Anna Office"), slice(""), slice("office")), "one's own name");
	ok(!wf_person_is_guess(slice("Anna Example"), slice(""), slice("x17")), "no office");
}

/* Names of plants, dishes and places. */
static void
test_things(void)
{
	person("Stella Alpina\nstellaalpina@example.org", "-");
	person("Daisy Chain, Owner: the team\ninfo@example.org", "-");
	person("Contact: Rosa Gallica\ninfo@example.org", "-");
	linked_person("|Stella Maris", "info", "-");
	linked_person("|Stella Example", "info", "Stella Example | ");
}

/* Titles above a name with a form of address, with a number, and their new words. */
static void
test_title_places(void)
{
	person("Amtsleiterin\nMag. Anna Example\nanna.example@example.org",
		   "Anna Example | Amtsleiterin");
	person("Questions: City Clerk Anna Example, clerk@example.org", "Anna Example | City Clerk");
	person("Anna Example QC\nBarrister\naexample@example.org", "Anna Example | Barrister");
	person("D\xC2\xAA Anna Example\nDirectora\ndireccion@example.org", "Anna Example | Directora");
	person("Imi\xC4\x99 i nazwisko\nAnna Example\nMail\nxq@example.org", "Anna Example | ");
	person("Principal Dentist: Dr Anna Example (GDC 7)\ninfo@example.org",
		   "Anna Example | Principal Dentist");
	person("Dra. Anna Example\nDermatologista - CRM 52.1\ncontato@example.org",
		   "Anna Example | Dermatologista");
	person("Inhaberin: Anna Example e.K.\ninfo@example.org", "Anna Example | Inhaberin");
	person("Principal: Anna Example\nSecretariat: tel. 1\nsecretariat@example.org", "-");
	person("Principal: Dr. Anna Example\nSecretariat: tel. 1\nsecretariat@example.org", "-");
	person("Dr. Anna Example\nSurgery: 8 to 12\nsurgery@example.org", "Anna Example | ");
	person("Principal: Anna Example\nContact: tel. 1\ncontact@example.org",
		   "Anna Example | Principal");
	person("Company Name\nAnna Example\nMail\nxq@example.org", "-");
	person("Mme Anna Example\n1\xC3\xA8re adjointe\nanna.example@example.org",
		   "Anna Example | 1\xC3\xA8re adjointe");
	person("Anna Example\n2nd Vice President\nanna.example@example.org",
		   "Anna Example | 2nd Vice President");
	person("Anna Example\nKommunedirekt\xC3\xB8r\nanna.example@example.org",
		   "Anna Example | Kommunedirekt\xC3\xB8r");
	person("Lic. Anna Example Beispiel\nSocio\naexample@example.org",
		   "Anna Example Beispiel | Socio");
}

static void
test_is_name(void)
{
	ok(wf_person_is_name(slice("Anna Example")), "a name");
	ok(wf_person_is_name(slice("Anna van der Example")), "with particles");
	ok(wf_person_is_name(slice("Dr. Zorblax Example, MBA")), "with degrees");
	ok(!wf_person_is_name(slice("ZORBLAX EXAMPLE")), "capitals of no known name");
	ok(!wf_person_is_name(slice("")), "nothing");
	ok(!wf_person_is_name(slice("Anna")), "one word");
	ok(!wf_person_is_name(slice("Anna Example, Buyer")), "more than a name");
	ok(!wf_person_is_name(slice("Customer Service")), "a label");
}

/* Any text around; what is found lies in it. */
static void
test_hostile(void)
{
	static const char *const patterns[] = {
		"Anna ", "A. ", "\xC3\xA4", "\xE2\x80\x93", "\n", "Dr. ", "x@", "\xFF", "-", "Director ", "\xE2\x80"
	};
	size_t		i;

	for (i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
	{
		char		text[8000];
		size_t		len = strlen(patterns[i]);
		size_t		n;
		WfPerson	found;

		for (n = 0; n + len <= sizeof(text); n += len)
			memcpy(text + n, patterns[i], len);
		ok(!wf_person_find((WfSlice) {text, n}, n / 2, n / 2 + 10, 0, slice("anna.anna"), &found) ||
		   (found.name.data >= text && found.name.data + found.name.len <= text + n),
		   "%s again and again", patterns[i]);
	}
}

int
main(void)
{
	test_names();
	test_turned_names();
	test_letters();
	test_far_names();
	test_agrees();
	test_places();
	test_forms();
	test_job_titles();
	test_no_names();
	test_guesses();
	test_things();
	test_title_places();
	test_is_name();
	test_hostile();
	return done();
}
