/*-------------------------------------------------------------------------
 *
 * wf_control.h
 *	  SQL functions with which people steer the queue.  No C interface: the
 *	  install script binds wf_set_page_status(), wf_retry(), wf_retry_errors(),
 *	  wf_cancel(), wf_pause() and wf_resume().
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_CONTROL_H
#define WF_CONTROL_H

#include "fmgr.h"

extern Datum wf_set_page_status(PG_FUNCTION_ARGS);
extern Datum wf_retry(PG_FUNCTION_ARGS);
extern Datum wf_retry_errors(PG_FUNCTION_ARGS);
extern Datum wf_cancel(PG_FUNCTION_ARGS);
extern Datum wf_pause(PG_FUNCTION_ARGS);
extern Datum wf_resume(PG_FUNCTION_ARGS);

#endif							/* WF_CONTROL_H */
