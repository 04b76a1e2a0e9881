/*-------------------------------------------------------------------------
 *
 * wf_category.h
 *	  What kind of page a URL leads to, told from its words by rules.
 *
 * A rule is a pattern with a category and an action.  Patterns speak of the
 * segments of the path (between slashes) and of their words (between '-', '_',
 * '.', '+' and blanks), never of parts of words:
 *
 *		contact us		a segment of these words, written together or apart
 *		kontakt *		a segment that begins with these words
 *		* kontakt		a segment that ends with them
 *		team / *		a page directly below such a segment (written without blanks)
 *		tag / **		such a segment and everything below it (likewise)
 *		<career>/<contact>	a page of the second category below a segment of the first
 *		.pdf			the ending of a file name
 *		?replytocom		the name of a parameter
 *		/				the home page
 *
 * Words are compared after percent-decoding, without regard to case, accents
 * and a number at the end ("Kontakt-2").  Endings of page files (.html, .php …)
 * and "index" are left out; where nothing else is left, the values of the
 * parameters stand for the page ("index.php?page=contact").
 *
 * Of several rules that match, this decides: ending; parameter; "**" of the
 * segments from the left; two categories; the last segment (whole, then the
 * longest beginning, then the longest end); "*" of the segment before it.
 * Of two rules with one pattern, the user's own.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_CATEGORY_H
#define WF_CATEGORY_H

#include "wf_arena.h"

/* What an import does with a page of a category. */
typedef enum WfCategoryAction
{
	WF_CATEGORY_KEEP = 0,		/* import it, for people to decide */
	WF_CATEGORY_SELECT,			/* likely to name contacts: select it, if so configured */
	WF_CATEGORY_FILTER			/* of low value: import it as Filtered */
} WfCategoryAction;

typedef struct WfCategory
{
	const char *name;			/* NULL: no rule matches; lives as long as the rules */
	WfCategoryAction action;
} WfCategory;

/* Rules, ready for look-up. */
typedef struct WfCategories WfCategories;

/* No rules yet; NULL when out of memory.  Freed with wf_categories_free. */
extern WfCategories *wf_categories_create(void);

/* NULL is allowed. */
extern void wf_categories_free(WfCategories *rules);

/*
 * Add a rule; "own": the user's, which replaces a built-in one of the same
 * pattern in whatever order they come.  The name is copied.  WF_ERR_SYNTAX for
 * a pattern that could match nothing, WF_ERR_NOMEM.
 */
extern WfStatus wf_categories_add(WfCategories *rules, WfSlice pattern, WfSlice name,
								  WfCategoryAction action, bool own);

/*
 * The category of a URL (UTF-8; a path alone will do).  Never fails, takes no
 * memory, time linear in the URL: a few look-ups in a hash table, however many
 * rules there are.
 */
extern WfCategory wf_categories_match(const WfCategories *rules, WfSlice url);

#endif							/* WF_CATEGORY_H */
