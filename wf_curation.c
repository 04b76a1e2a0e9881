/*-------------------------------------------------------------------------
 *
 * wf_curation.c
 *	  Module magic and initialisation.  Nothing else.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "wf_compat.h"

#include "miscadmin.h"
#include "utils/builtins.h"

#include "wf_curation.h"
#include "wf_guc.h"
#include "wf_launcher.h"
#include "wf_shmem.h"

WF_MODULE_MAGIC(WF_EXTENSION_NAME, WF_VERSION);

PGDLLEXPORT void _PG_init(void);

PG_FUNCTION_INFO_V1(wf_version);

/*
 * Define the settings; when preloaded also reserve shared memory and register
 * the launcher.  Never raises when not preloaded.
 */
void
_PG_init(void)
{
	wf_guc_init();
	if (process_shared_preload_libraries_in_progress)
	{
		wf_shmem_init();
		wf_launcher_register();
	}
}

/* wf_version() → text: version of the loaded library. */
Datum
wf_version(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(WF_VERSION));
}
