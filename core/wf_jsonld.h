/*-------------------------------------------------------------------------
 *
 * wf_jsonld.h
 *	  Contacts in JSON-LD (<script type="application/ld+json">).
 *
 * A tolerant walker over the text, not a parser: comments, control characters,
 * CDATA and HTML comments around it, trailing commas, missing commas, stray or
 * missing brackets and quotes inside strings are no errors.  What is nested
 * deeper than JSONLD_DEPTH is passed over, and what is behind so many values.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_JSONLD_H
#define WF_JSONLD_H

#include "wf_arena.h"
#include "wf_vocabulary.h"

#define WF_JSONLD_VALUES	8	/* of one property that are kept */
#define WF_JSONLD_LINKS		24

typedef struct WfJsonldList
{
	int			count;
	WfSlice		values[WF_JSONLD_VALUES];
} WfJsonldList;

/* One object; all slices are clean text in the arena, trimmed. */
typedef struct WfJsonldNode
{
	bool		is_person;		/* @type Person */
	bool		is_contact_point;
	size_t		offset;			/* of its '{' in the text */
	WfSlice		name;			/* of a person, if need be "given family" */
	WfSlice		given_name;
	WfSlice		family_name;
	WfSlice		job_title;
	WfPostalAddress postal;		/* its parts, or the country of its address */
	WfJsonldList emails;
	WfJsonldList telephones;
	WfJsonldList faxes;
	int			link_count;
	WfSlice		links[WF_JSONLD_LINKS]; /* sameAs, url */
} WfJsonldNode;

/*
 * Called at the end of each object that has a contact, links or a place, or is a person
 * with a name, the inner ones first; what is not WF_OK ends the walk.
 */
typedef WfStatus (*WfJsonldTaker) (void *context, const WfJsonldNode *node);

/* What the walks over one page need; lives in its arena. */
typedef struct WfJsonld WfJsonld;

extern WfJsonld *wf_jsonld_create(WfArena *arena);

extern WfStatus wf_jsonld_walk(WfJsonld *walk, WfSlice text, WfStop stop,
							   WfJsonldTaker take, void *context);

#endif							/* WF_JSONLD_H */
