/*-------------------------------------------------------------------------
 *
 * wf_compat.h
 *	  Differences between PostgreSQL 15 and 18, in one place.
 *
 * Included from .c files only, after postgres.h.  No other file of ours tests
 * PG_VERSION_NUM (tools/check_layers counts them).
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_COMPAT_H
#define WF_COMPAT_H

#include "fmgr.h"
#include "pgstat.h"
#include "storage/latch.h"
#include "storage/lock.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif
#if PG_VERSION_NUM >= 170000
#include "utils/wait_event.h"
#endif

#if PG_VERSION_NUM < 150000
#error "wf_curation needs PostgreSQL 15 or later"
#endif

#ifdef PG_MODULE_MAGIC_EXT
#define WF_MODULE_MAGIC(modname, modversion) \
	PG_MODULE_MAGIC_EXT(.name = (modname), .version = (modversion))
#else
#define WF_MODULE_MAGIC(modname, modversion) \
	extern int wf_module_magic_dummy; \
	PG_MODULE_MAGIC
#endif

/* 18 writes pg_noreturn before the declaration; earlier ones a suffix. */
#ifndef pg_noreturn
#define pg_noreturn __attribute__((noreturn))
#endif

/* A WaitEventSet that lives as long as the process. */
static inline WaitEventSet *
wf_create_wait_event_set(int nevents)
{
#if PG_VERSION_NUM >= 170000
	return CreateWaitEventSet(NULL, nevents);
#else
	return CreateWaitEventSet(TopMemoryContext, nevents);
#endif
}

/* Wait event with a name of our own where the server can (17 on). */
static inline uint32
wf_wait_event(uint32 *cache, const char *name)
{
#if PG_VERSION_NUM >= 170000
	if (*cache == 0)
		*cache = WaitEventExtensionNew(name);
	return *cache;
#else
	return PG_WAIT_EXTENSION;
#endif
}

/* A lock of the session, if that can be had at once (and has room). */
static inline bool
wf_try_session_lock(const LOCKTAG *tag, LOCKMODE mode)
{
#if PG_VERSION_NUM >= 180000
	return LockAcquireExtended(tag, mode, true, true, false, NULL, false) != LOCKACQUIRE_NOT_AVAIL;
#else
	return LockAcquireExtended(tag, mode, true, true, false, NULL) != LOCKACQUIRE_NOT_AVAIL;
#endif
}

static inline bool
wf_lock_held(const LOCKTAG *tag, LOCKMODE mode)
{
#if PG_VERSION_NUM >= 170000
	return LockHeldByMe(tag, mode, false);
#else
	return LockHeldByMe(tag, mode);
#endif
}

#endif							/* WF_COMPAT_H */
