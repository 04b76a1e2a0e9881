/*-------------------------------------------------------------------------
 *
 * wf_phone_words.h
 *	  Words in front of numbers that say what they are; for wf_phone_label.c
 *	  only.
 *
 * In the form that fold_word() gives them: lower case, Latin and Greek letters
 * without accents.  In the order of their bytes.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_PHONE_WORDS_H
#define WF_PHONE_WORDS_H

#include "wf_phone_int.h"

typedef struct Word
{
	const char *text;
	size_t		len;
	WfLabel		label;
	bool		is_prefix;		/* of the words meant */
} Word;

#define WORD(text, label, is_prefix) {text, sizeof(text) - 1, label, is_prefix}
#define PHONE(text)			WORD(text, WF_LABEL_PHONE, false)
#define PHONE_BEGIN(text)	WORD(text, WF_LABEL_PHONE, true)
#define FAX(text)			WORD(text, WF_LABEL_FAX, false)
#define FAX_BEGIN(text)		WORD(text, WF_LABEL_FAX, true)
#define NONE(text)			WORD(text, WF_LABEL_NONE, false)	/* begins as others do */
#define OTHER(text)			WORD(text, WF_LABEL_OTHER, false)
#define OTHER_BEGIN(text)	WORD(text, WF_LABEL_OTHER, true)

static const Word words[] = {
	OTHER("aba"), OTHER("abn"), OTHER("acc"), OTHER("account"), OTHER("acct"), OTHER("acn"),
	OTHER("adeli"), OTHER("adoszam"), OTHER("aktenzeichen"), OTHER("albo"), PHONE_BEGIN("anruf"),
	OTHER("ape"),
	PHONE("apelati"), OTHER("apn"), PHONE("appel"), PHONE("appelez"), OTHER("art"),
	OTHER("article"), OTHER("articolo"), OTHER("articulo"), OTHER_BEGIN("artikel"),
	OTHER("arxiv"), OTHER("asin"), OTHER_BEGIN("auftrag"), OTHER("az"), OTHER("bankgiro"),
	OTHER("bankleitzahl"), OTHER_BEGIN("bankszaml"), OTHER("batch"), OTHER("bce"), PHONE("bel"),
	PHONE("bellen"), OTHER_BEGIN("bestel"), OTHER_BEGIN("bestell"), NONE("bestellung"),
	NONE("bestellungen"), OTHER_BEGIN("bestil"), OTHER("bg"), OTHER("bic"), OTHER("blz"),
	OTHER("box"), OTHER("bsb"), OTHER("bsnr"), OTHER("btw"), OTHER("bug"), OTHER("cage"),
	PHONE("call"),
	PHONE("calling"), OTHER("case"), OTHER_BEGIN("catalog"), OTHER("catalogue"), OTHER("cciaa"),
	OTHER("cedula"), OTHER_BEGIN("cegjegyz"), PHONE("cel"), PHONE_BEGIN("cell"),
	PHONE_BEGIN("celular"), PHONE("central"), PHONE("centrale"), PHONE("centralino"),
	PHONE("centralita"), PHONE("cep"), OTHER("cf"), OTHER("charity"), OTHER("chf"),
	PHONE_BEGIN("chiama"), OTHER("cif"), OTHER("cin"), OTHER("claim"), OTHER("clearing"),
	OTHER("cnpj"), OTHER("code"), OTHER("codice"), OTHER("codigo"), OTHER_BEGIN("colegiad"),
	OTHER_BEGIN("commande"), OTHER("company"), PHONE("conmutador"), PHONE_BEGIN("contact"),
	PHONE("contacte"), PHONE_BEGIN("contat"), OTHER("contribuinte"), OTHER("coords"),
	OTHER("coupon"), OTHER("cpf"), OTHER("cuenta"), OTHER("cui"), OTHER("cuil"), OTHER("cuit"),
	OTHER("cvr"), OTHER("ddv"), PHONE("dial"), OTHER("dic"), PHONE("direct"),
	PHONE_BEGIN("direkt"), OTHER("dni"), OTHER("docket"), OTHER("doi"), OTHER("dph"),
	OTHER("duns"), PHONE_BEGIN("durchwahl"), OTHER("dvr"), PHONE("dzwon"), OTHER("ean"),
	FAX("efax"), OTHER("ein"), OTHER_BEGIN("einwohner"), OTHER("eori"), OTHER("eur"),
	OTHER_BEGIN("expedient"), FAX_BEGIN("facsimil"), OTHER_BEGIN("facture"),
	OTHER_BEGIN("factuur"), FAX_BEGIN("faks"), OTHER_BEGIN("faktura"), PHONE("farsimi"),
	OTHER_BEGIN("fattura"), FAX_BEGIN("fax"), OTHER("fein"), PHONE_BEGIN("festnetz"),
	PHONE("fijo"), OTHER("finess"), OTHER("fiscal"), OTHER("fiscale"), PHONE("fisso"),
	PHONE("fixe"), OTHER("folio"), PHONE("fon"), PHONE_BEGIN("fone"), PHONE_BEGIN("fono"),
	PHONE("freecall"), PHONE("freefone"), PHONE("freephone"), FAX("fx"), OTHER("gbp"),
	OTHER("giro"), OTHER("gln"), OTHER("gpkd"), OTHER("gps"), PHONE("gsm"), OTHER("gst"),
	OTHER("gstin"), OTHER("gtin"), PHONE("guardia"), PHONE_BEGIN("guasap"),
	OTHER_BEGIN("gutschein"), OTHER_BEGIN("handelsregister"), PHONE("handy"), PHONE("handynr"),
	PHONE("handynummer"), PHONE("helista"), PHONE("helpdesk"), PHONE_BEGIN("helpline"),
	PHONE("hivjon"), PHONE_BEGIN("hotline"), PHONE("hp"), OTHER("hra"), OTHER("hrb"),
	OTHER("iban"), OTHER("ic"), OTHER("ico"), OTHER("id"), OTHER("imei"), OTHER("imp"),
	OTHER("imprese"), PHONE_BEGIN("infolin"), PHONE("infonummer"), PHONE_BEGIN("infotel"),
	OTHER_BEGIN("invoice"), OTHER("isbn"), OTHER("isin"), OTHER("isni"), OTHER("issn"),
	OTHER("issue"), OTHER("item"), OTHER("iva"), OTHER_BEGIN("katalog"), OTHER("kbo"),
	OTHER_BEGIN("klant"), OTHER("kmkr"), OTHER("kodas"), PHONE("kom"), PHONE_BEGIN("komork"),
	PHONE_BEGIN("kontakt"), OTHER_BEGIN("konto"), OTHER("kontonr"), OTHER("kood"),
	OTHER("koordinaten"), OTHER("krs"), OTHER("kto"), OTHER("kund"), OTHER_BEGIN("kunde"),
	OTHER_BEGIN("kunden"), OTHER("kvk"), PHONE("landline"), OTHER("lanr"), OTHER("lat"),
	OTHER("latitude"),
	OTHER("lccn"), OTHER("lei"), OTHER("lic"), OTHER_BEGIN("licen"), PHONE("ligue"),
	PHONE_BEGIN("llama"), PHONE_BEGIN("llame"), OTHER("lng"), OTHER("longitude"), OTHER("lot"),
	OTHER("lottery"), OTHER("lotto"), OTHER("maticna"), OTHER("maticni"),
	OTHER_BEGIN("matricul"), OTHER("member"), OTHER("membership"), OTHER("mersis"),
	OTHER_BEGIN("mitglied"), OTHER("mls"), PHONE("mob"), PHONE_BEGIN("mobiel"),
	PHONE_BEGIN("mobil"), PHONE("mobitel"), OTHER("model"), OTHER("modell"),
	PHONE_BEGIN("movil"), OTHER("mst"), OTHER("mwst"), OTHER("naf"), OTHER("naics"),
	PHONE("natel"), PHONE("nazovite"), OTHER("nhs"), OTHER("nib"), OTHER("nie"), OTHER("nif"),
	OTHER("nip"), OTHER("nipc"), OTHER("nit"), OTHER("nmls"), PHONE("notdienst"),
	PHONE_BEGIN("notruf"), OTHER("npi"), OTHER("npwp"), OTHER("nuit"), PHONE("nummertelefon"),
	OTHER_BEGIN("objednav"), OTHER("oclc"), PHONE("office"), OTHER("oib"),
	OTHER_BEGIN("ondernemin"), OTHER("orcid"), OTHER_BEGIN("order"), NONE("ordering"),
	NONE("orders"), OTHER_BEGIN("ordre"), OTHER("org"), OTHER("organisasjonsnummer"),
	OTHER("organisationsnummer"), OTHER("orgnr"), OTHER("orgnummer"), OTHER("orias"),
	PHONE("pager"), OTHER("pan"), OTHER("parcel"), OTHER("part"), OTHER("patent"),
	OTHER_BEGIN("pedido"), NONE("pedidos"), OTHER("pg"), PHONE("ph"), PHONE_BEGIN("phone"),
	OTHER("pib"), OTHER("pin"), OTHER("pincode"), OTHER("piva"), OTHER("plusgiro"),
	OTHER("plz"), OTHER("pmcid"), OTHER("pmid"), OTHER("pobox"), PHONE("poklicite"),
	OTHER("population"), PHONE("portable"), OTHER("postcode"), OTHER("postfach"),
	OTHER("postgiro"), OTHER("postnr"), OTHER("postnummer"), PHONE("pozovite"),
	OTHER_BEGIN("product"), OTHER_BEGIN("produkt"), OTHER("promo"), OTHER("protocolo"),
	PHONE_BEGIN("puh"), PHONE_BEGIN("puhelin"), OTHER("pvm"), OTHER("pvn"), OTHER("rcs"),
	OTHER("rea"), PHONE("recepcion"), PHONE("reception"), OTHER_BEGIN("rechnung"), OTHER("ref"),
	OTHER("reference"), OTHER_BEGIN("referentie"), OTHER_BEGIN("referenz"), OTHER("refno"),
	OTHER("refnr"), OTHER("reg"), OTHER("registered"), OTHER("registernummer"),
	OTHER("registration"), OTHER("regno"), OTHER("regnr"), OTHER("regon"),
	OTHER_BEGIN("rekening"), PHONE("rezeption"), OTHER("rfc"), PHONE("ring"), PHONE("ringer"),
	OTHER("rnc"), OTHER("routing"), OTHER("rpm"), OTHER("rpps"), OTHER("rpr"), OTHER("rsin"),
	OTHER("rtn"), OTHER("ruc"), PHONE("ruf"), PHONE("rufen"), PHONE("rufnr"),
	PHONE_BEGIN("rufnummer"), OTHER("rut"), PHONE("santral"), OTHER("score"),
	OTHER_BEGIN("sendung"), PHONE("sentralbord"), OTHER("serial"), OTHER_BEGIN("serien"),
	PHONE("servicenummer"),
	OTHER("sicil"), PHONE("simi"), OTHER("siren"), OTHER("siret"), PHONE("skambinkite"),
	OTHER("sku"), PHONE("sms"), PHONE("soita"), OTHER("ssn"), OTHER_BEGIN("steuer"),
	OTHER("stnr"), PHONE("sunati"), OTHER("swift"), PHONE("switchboard"), OTHER("szamlaszam"),
	PHONE("talr"), PHONE_BEGIN("talrun"), OTHER("taxid"), PHONE("tdd"), PHONE("tel"),
	PHONE("telc"), FAX_BEGIN("telecop"), PHONE_BEGIN("telef"), FAX_BEGIN("telefaks"),
	FAX_BEGIN("telefax"), FAX_BEGIN("telekop"), PHONE_BEGIN("telemov"), PHONE_BEGIN("teleph"),
	PHONE("telf"), PHONE_BEGIN("telmob"), PHONE("telno"), PHONE("telnr"), PHONE("telnum"),
	PHONE("telp"), PHONE("text"), PHONE("tf"), PHONE("tfn"), PHONE("tfno"), PHONE("tfnr"),
	PHONE("tho\xe1\xba\xa1i"), OTHER("thu\xe1\xba\xbf"), OTHER("ticket"), PHONE_BEGIN("tlf"),
	PHONE("tlfn"), PHONE("tlm"), PHONE("tlp"), PHONE("tlph"), PHONE("toll"), PHONE("tollfree"),
	OTHER("tracking"), OTHER("trr"), PHONE("tty"), OTHER("tunnus"), OTHER("tva"),
	OTHER("tvanr"), OTHER("uen"), OTHER("uid"), OTHER_BEGIN("umsatzsteuer"), OTHER("upc"),
	OTHER("usd"), OTHER("usdot"), OTHER("user"), OTHER("userid"), OTHER("ust"),
	OTHER_BEGIN("ustid"), OTHER("ustidnr"), PHONE("vaihde"), OTHER("vat"), OTHER("vatid"),
	PHONE("vaxel"), OTHER("vergi"), OTHER("version"), PHONE("viber"), PHONE("voice"),
	PHONE("voicemail"), PHONE("volajte"), PHONE("volejte"), OTHER("voucher"),
	PHONE_BEGIN("wasap"), PHONE("whats"), PHONE_BEGIN("whatsap"), PHONE_BEGIN("whatsapp"),
	OTHER("wkn"), OTHER("ytunnus"), PHONE("zadzwon"), OTHER_BEGIN("zamowien"), PHONE("zap"),
	PHONE("zavolajte"), PHONE("zavolejte"), PHONE_BEGIN("zentral"), OTHER("zip"),
	OTHER("zipcode"), PHONE("zovite"), PHONE("zvani"), PHONE("zvaniet"), OTHER("zvr"),
	OTHER("\xce\xb1\xcf\x86\xce\xbc"), OTHER("\xce\xb3\xce\xb5\xce\xbc\xce\xb7"),
	PHONE("\xce\xba\xce\xb1\xce\xbb\xce\xb5\xcf\x83\xcf\x84\xce\xb5"),
	PHONE("\xce\xba\xce\xb9\xce\xbd"), PHONE_BEGIN("\xce\xba\xce\xb9\xce\xbd\xce\xb7\xcf\x84"),
	PHONE_BEGIN("\xcf\x84\xce\xb7\xce\xbb"), FAX_BEGIN("\xcf\x86\xce\xb1\xce\xbe"),
	OTHER("\xd0\xb1\xd0\xb8\xd0\xba"),
	OTHER("\xd0\xb1\xd1\x83\xd0\xbb\xd1\x81\xd1\x82\xd0\xb0\xd1\x82"),
	PHONE_BEGIN("\xd0\xb2\xd0\xb0\xd0\xb9\xd0\xb1\xd0\xb5\xd1\x80"),
	OTHER("\xd0\xb4\xd0\xb4\xd1\x81"), PHONE_BEGIN("\xd0\xb4\xd0\xb7\xd0\xb2\xd0\xbe\xd0\xbd"),
	OTHER("\xd0\xb5\xd0\xb3\xd1\x80\xd0\xbf\xd0\xbe\xd1\x83"),
	OTHER("\xd0\xb5\xd0\xb8\xd0\xba"), PHONE_BEGIN("\xd0\xb7\xd0\xb2\xd0\xbe\xd0\xbd"),
	OTHER("\xd0\xb8\xd0\xbd\xd0\xbd"), OTHER("\xd0\xba\xd0\xbf\xd0\xbf"),
	OTHER_BEGIN("\xd0\xbb\xd0\xb8\xd1\x86\xd0\xb5\xd0\xbd\xd0\xb7"),
	OTHER_BEGIN("\xd0\xbc\xd0\xb0\xd1\x82\xd0\xb8\xd1\x87\xd0\xbd"),
	PHONE_BEGIN("\xd0\xbc\xd0\xbe\xd0\xb1"), OTHER("\xd0\xbe\xd0\xb3\xd1\x80\xd0\xbd"),
	OTHER("\xd0\xbe\xd0\xb3\xd1\x80\xd0\xbd\xd0\xb8\xd0\xbf"),
	OTHER("\xd0\xbe\xd0\xba\xd0\xb0\xd1\x82\xd0\xbe"),
	OTHER("\xd0\xbe\xd0\xba\xd0\xb2\xd1\x8d\xd0\xb4"),
	OTHER("\xd0\xbe\xd0\xba\xd0\xbf\xd0\xbe"),
	OTHER("\xd0\xbe\xd0\xba\xd1\x82\xd0\xbc\xd0\xbe"), OTHER("\xd0\xbf\xd0\xb8\xd0\xb1"),
	OTHER("\xd1\x81\xd0\xbd\xd0\xb8\xd0\xbb\xd1\x81"),
	OTHER("\xd1\x81\xd1\x87\xd0\xb5\xd1\x82"), OTHER("\xd1\x81\xd1\x87\xd1\x91\xd1\x82"),
	PHONE_BEGIN("\xd1\x82\xd0\xb5\xd0\xbb"), PHONE("\xd1\x82\xd1\x84"),
	FAX_BEGIN("\xd1\x84\xd0\xb0\xd0\xba\xd1\x81"),
	OTHER("\xd1\x94\xd0\xb4\xd1\x80\xd0\xbf\xd0\xbe\xd1\x83"),
	PHONE("\xd7\x94\xd7\x98\xd7\x9c\xd7\xa4\xd7\x95\xd7\x9f"),
	OTHER("\xd7\x97\xd7\xb4\xd7\xa4"), PHONE("\xd7\x98\xd7\x9c"),
	PHONE_BEGIN("\xd7\x98\xd7\x9c\xd7\xa4\xd7\x95\xd7\x9f"),
	PHONE_BEGIN("\xd7\xa0\xd7\x99\xd7\x99\xd7\x93"), OTHER("\xd7\xa2\xd7\xb4\xd7\x9e"),
	FAX_BEGIN("\xd7\xa4\xd7\xa7\xd7\xa1")
};

/*
 * Of scripts that write words without spaces, or with articles in front: they
 * count anywhere in a word.  Fax comes first, where its word holds the other.
 */
static const Word parts[] = {
	/* pictures, and those of two fonts of icons */
	FAX("\xf0\x9f\x93\xa0"), FAX("\xef\x86\xac"), PHONE("\xe2\x98\x8e"), PHONE("\xe2\x98\x8f"),
	PHONE("\xe2\x9c\x86"), PHONE("\xf0\x9f\x93\x9e"), PHONE("\xf0\x9f\x93\xb1"),
	PHONE("\xef\x82\x95"), PHONE("\xef\x82\x98"), PHONE("\xee\x82\x90"),
	FAX("\xe4\xbc\xa0\xe7\x9c\x9f"), FAX("\xe5\x82\xb3\xe7\x9c\x9f"),
	FAX("\xe3\x83\x95\xe3\x82\xa1\xe3\x83\x83\xe3\x82\xaf\xe3\x82\xb9"),
	FAX("\xe3\x83\x95\xe3\x82\xa1\xe3\x82\xaf\xe3\x82\xb9"),
	FAX("\xef\xbc\xa6\xef\xbc\xa1\xef\xbc\xb8"), FAX("\xed\x8c\xa9\xec\x8a\xa4"),
	FAX("\xe0\xb9\x82\xe0\xb8\x97\xe0\xb8\xa3\xe0\xb8\xaa\xe0\xb8\xb2\xe0\xb8\xa3"),
	FAX("\xe0\xb9\x81\xe0\xb8\x9f\xe0\xb8\x81\xe0\xb8\x8b\xe0\xb9\x8c"),
	FAX("\xe0\xb9\x81\xe0\xb8\x9f\xe0\xb9\x87\xe0\xb8\x81\xe0\xb8\x8b\xe0\xb9\x8c"),
	FAX("\xd9\x81\xd8\xa7\xd9\x83\xd8\xb3"), FAX("\xd9\x81\xda\xa9\xd8\xb3"),
	FAX("\xd9\x86\xd9\x85\xd8\xa7\xd8\xa8\xd8\xb1"),
	FAX("\xe0\xa4\xab\xe0\xa5\x88\xe0\xa4\x95\xe0\xa5\x8d\xe0\xa4\xb8"),
	FAX("\xe0\xa6\xab\xe0\xa7\x8d\xe0\xa6\xaf\xe0\xa6\xbe\xe0\xa6\x95\xe0\xa7\x8d\xe0\xa6\xb8"),
	PHONE("\xe9\x9b\xbb\xe8\xa9\xb1"), PHONE("\xe7\x94\xb5\xe8\xaf\x9d"),
	PHONE("\xef\xbc\xb4\xef\xbc\xa5\xef\xbc\xac"), PHONE("\xe6\x89\x8b\xe6\x9c\xba"),
	PHONE("\xe6\x89\x8b\xe6\xa9\x9f"), PHONE("\xe6\x90\xba\xe5\xb8\xaf"),
	PHONE("\xe7\x83\xad\xe7\xba\xbf"), PHONE("\xe7\x86\xb1\xe7\xb7\x9a"),
	PHONE("\xe5\xae\xa2\xe6\x9c\x8d"), PHONE("\xec\xa0\x84\xed\x99\x94"),
	PHONE("\xed\x9c\xb4\xeb\x8c\x80\xed\x8f\xb0"), PHONE("\xec\x97\xb0\xeb\x9d\xbd\xec\xb2\x98"),
	PHONE("\xeb\x8c\x80\xed\x91\x9c\xeb\xb2\x88\xed\x98\xb8"),
	PHONE("\xe0\xb9\x82\xe0\xb8\x97\xe0\xb8\xa3"),
	PHONE("\xe0\xb8\xa1\xe0\xb8\xb7\xe0\xb8\xad\xe0\xb8\x96\xe0\xb8\xb7\xe0\xb8\xad"),
	PHONE("\xd9\x87\xd8\xa7\xd8\xaa\xd9\x81"),
	PHONE("\xd8\xaa\xd9\x84\xd9\x8a\xd9\x81\xd9\x88\xd9\x86"),
	PHONE("\xd8\xaa\xd9\x84\xd9\x81\xd9\x88\xd9\x86"), PHONE("\xd8\xaa\xd9\x84\xd9\x81\xd9\x86"),
	PHONE("\xd8\xac\xd9\x88\xd8\xa7\xd9\x84"),
	PHONE("\xd9\x85\xd9\x88\xd8\xa8\xd8\xa7\xd9\x8a\xd9\x84"),
	PHONE("\xd9\x85\xd9\x88\xd8\xa8\xd8\xa7\xdb\x8c\xd9\x84"),
	PHONE("\xd8\xa7\xd8\xaa\xd8\xb5\xd9\x84"), PHONE("\xe0\xa4\xab\xe0\xa5\x8b\xe0\xa4\xa8"),
	PHONE("\xe0\xa4\xab\xe0\xa4\xbc\xe0\xa5\x8b\xe0\xa4\xa8"),
	PHONE("\xe0\xa4\xa6\xe0\xa5\x82\xe0\xa4\xb0\xe0\xa4\xad\xe0\xa4\xbe\xe0\xa4\xb7"),
	PHONE("\xe0\xa4\xae\xe0\xa5\x8b\xe0\xa4\xac\xe0\xa4\xbe\xe0\xa4\x87\xe0\xa4\xb2"),
	PHONE("\xe0\xa6\xab\xe0\xa7\x8b\xe0\xa6\xa8"),
	PHONE("\xe0\xa6\xae\xe0\xa7\x8b\xe0\xa6\xac\xe0\xa6\xbe\xe0\xa6\x87\xe0\xa6\xb2"),
	PHONE("\xe1\x83\xa2\xe1\x83\x94\xe1\x83\x9a")
};

#undef PHONE
#undef PHONE_BEGIN
#undef FAX
#undef FAX_BEGIN
#undef OTHER
#undef NONE
#undef OTHER_BEGIN
#undef WORD

#endif							/* WF_PHONE_WORDS_H */
