/*-------------------------------------------------------------------------
 *
 * wf_core.h
 *	  What every module of core/ shares: status codes, slices, limits.
 *
 * core/ knows no PostgreSQL: it is compiled into the server library and into
 * the crawler program alike.  Its contract (core/README.md): functions return
 * a WfStatus, never longjmp, never exit; memory comes from a WfArena that the
 * caller owns and bounds; every loop is bounded by its input or by a limit
 * named here; there is no global mutable state.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_CORE_H
#define WF_CORE_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Result of a core/ function. */
typedef enum WfStatus
{
	WF_OK = 0,
	WF_ERR_NOMEM,				/* the arena's limit, or malloc failed */
	WF_ERR_SYNTAX,				/* the input is not of the expected form */
	WF_ERR_LIMIT,				/* a limit below was exceeded */
	WF_ERR_STOPPED,				/* *stop became true */
	WF_ERR_LIBRARY				/* a library could not be set up */
} WfStatus;

/* A counted string, not NUL-terminated; data may be NULL when len is 0. */
typedef struct WfSlice
{
	const char *data;
	size_t		len;
} WfSlice;

#define WF_SLICE(lit)	((WfSlice) {(lit), sizeof(lit) - 1})
#define WF_SLICE_EMPTY	((WfSlice) {NULL, 0})

/*
 * Address of a flag that asks a long-running function to give up; polled at
 * least every 64 KiB of input.  May be NULL.
 */
typedef const volatile sig_atomic_t *WfStop;

/* Limits, in bytes unless said otherwise. */
#define WF_MAX_URL				8192	/* longest URL handled */
#define WF_MAX_HOST				253		/* RFC 1035 section 2.3.4 */
#define WF_MAX_ERROR			1024	/* page_processing_error */
#define WF_MAX_FINDINGS			2000	/* findings of one page (count) */
#define WF_MAX_VALUE			1024	/* one text field of a finding */
#define WF_MAX_CONTEXT			100		/* context of a finding, in characters */
#define WF_MAX_MESSAGE			(16 * 1024 * 1024)	/* one message on the wire */

#endif							/* WF_CORE_H */
