/*-------------------------------------------------------------------------
 *
 * wf_sandbox.h
 *	  What the crawler takes from itself before it reads a hostile byte.
 *
 * Two steps, because libraries must be set up in between: they read files and
 * compile code.  Layers that this kernel does not have are left out; each of
 * the others holds by itself.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_SANDBOX_H
#define WF_SANDBOX_H

#include "wf_core.h"

/*
 * First step, at the start of main: descriptors above "last_fd" closed,
 * environment emptied, limits set.  With "worker", also: die with the parent
 * and write to no file.  False when the parent is gone already.
 */
extern bool wf_sandbox_prepare(bool worker, int last_fd);

/*
 * Second step, before the first request: no new privileges, read-only view of
 * a few directories (Landlock), allow-list of system calls (seccomp).  NULL,
 * or the name of what failed although the kernel has it.
 */
extern const char *wf_sandbox_enter(void);

#endif							/* WF_SANDBOX_H */
