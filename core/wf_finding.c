/*-------------------------------------------------------------------------
 *
 * wf_finding.c
 *	  Names of the kinds and sources of findings.
 *
 *-------------------------------------------------------------------------
 */
#include "wf_finding.h"

static const char *const kind_names[WF_KIND_LAST + 1] = {
	[WF_KIND_EMAIL] = "email",
	[WF_KIND_PHONE] = "phone",
	[WF_KIND_FAX] = "fax",
	[WF_KIND_LINKEDIN] = "linkedin",
	[WF_KIND_FACEBOOK] = "facebook",
	[WF_KIND_TWITTER] = "twitter",
	[WF_KIND_INSTAGRAM] = "instagram",
	[WF_KIND_YOUTUBE] = "youtube",
	[WF_KIND_TIKTOK] = "tiktok",
	[WF_KIND_GITHUB] = "github",
	[WF_KIND_XING] = "xing",
	[WF_KIND_PINTEREST] = "pinterest",
	[WF_KIND_TELEGRAM] = "telegram",
	[WF_KIND_ADDRESS] = "address"
};

static const char *const source_names[WF_SOURCE_LAST + 1] = {
	[WF_SOURCE_LINK] = "link",
	[WF_SOURCE_TEXT] = "text",
	[WF_SOURCE_JSONLD] = "jsonld",
	[WF_SOURCE_MICRODATA] = "microdata",
	[WF_SOURCE_HCARD] = "hcard",
	[WF_SOURCE_CLOUDFLARE] = "cloudflare",
	[WF_SOURCE_CIPHER] = "cipher",
	[WF_SOURCE_ATTRIBUTE] = "attribute"
};

const char *
wf_finding_kind_name(int kind)
{
	return kind >= 0 && kind <= WF_KIND_LAST ? kind_names[kind] : NULL;
}

const char *
wf_finding_source_name(int source)
{
	return source >= 0 && source <= WF_SOURCE_LAST ? source_names[source] : NULL;
}
