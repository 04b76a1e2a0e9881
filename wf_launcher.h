/*-------------------------------------------------------------------------
 *
 * wf_launcher.h
 *	  The launcher: keeps the standing workers of wf_curation.databases.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_LAUNCHER_H
#define WF_LAUNCHER_H

/* Register the launcher with the postmaster; only during preload. */
extern void wf_launcher_register(void);

#endif							/* WF_LAUNCHER_H */
