/*-------------------------------------------------------------------------
 *
 * wf_finding.c
 *	  Names of the kinds and sources of findings.
 *
 *-------------------------------------------------------------------------
 */
#include "wf_finding.h"

const char *
wf_finding_kind_name(int kind)
{
	switch (kind)
	{
		case WF_KIND_EMAIL:
			return "email";
		case WF_KIND_PHONE:
			return "phone";
		case WF_KIND_FAX:
			return "fax";
	}
	return NULL;
}

const char *
wf_finding_source_name(int source)
{
	switch (source)
	{
		case WF_SOURCE_LINK:
			return "link";
		case WF_SOURCE_TEXT:
			return "text";
	}
	return NULL;
}
