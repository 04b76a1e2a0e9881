/*-------------------------------------------------------------------------
 *
 * wf_rules.h
 *	  Categories of pages by the rules in wf_category_rule.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_RULES_H
#define WF_RULES_H

#include "core/wf_category.h"

#define WF_CATEGORY_UNKNOWN "unknown"	/* what SQL says when no rule matches */

/*
 * The category of a URL (UTF-8) and what an import does with it: select (where
 * wf_curation.auto_select is on), keep or filter.  For imports: call it for
 * each URL; the rules are read once and kept until somebody changes them.  The
 * name lives until the next call.  Needs a transaction and the extension, no
 * privilege on the table; takes about a microsecond.
 */
extern WfCategory wf_rules_match(WfSlice url);

#endif							/* WF_RULES_H */
