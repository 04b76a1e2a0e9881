/*-------------------------------------------------------------------------
 *
 * wf_curation.h
 *	  What every module of the server side shares.  No module's own API.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_CURATION_H
#define WF_CURATION_H

#define WF_EXTENSION_NAME	"wf_curation"
#define WF_VERSION			"1.0"	/* of the library; equals the SQL version */
#define WF_APPLICATION_NAME	WF_EXTENSION_NAME " " WF_VERSION	/* of workers */
#define WF_TRIGGER_NAME		"zz_wf_curation"

#endif							/* WF_CURATION_H */
