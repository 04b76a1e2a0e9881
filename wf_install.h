/*-------------------------------------------------------------------------
 *
 * wf_install.h
 *	  What CREATE EXTENSION does for the user's tables.  Its only entry point
 *	  is the SQL function wf_install(), which the install script calls once and
 *	  drops.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_INSTALL_H
#define WF_INSTALL_H

#include "fmgr.h"

extern Datum wf_install(PG_FUNCTION_ARGS);

#endif							/* WF_INSTALL_H */
