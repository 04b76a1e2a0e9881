/*-------------------------------------------------------------------------
 *
 * wf_literal.h
 *	  Constant text in JavaScript: literals, '+', variables and a handful of
 *	  functions.  For wf_cipher.c only.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_LITERAL_H
#define WF_LITERAL_H

#include "wf_core.h"

#define WF_LITERAL_MAX		1024	/* bytes of one value */
#define WF_LITERAL_NAME		40		/* bytes of a variable's name */
#define WF_LITERAL_VARIABLES 32

/* The value of an expression. */
typedef struct WfLiteral
{
	bool		is_known;		/* all of it is constant */
	bool		is_split;		/* split('') into characters */
	int			parts;			/* literals it was made from */
	size_t		len;
	char		data[WF_LITERAL_MAX];	/* items of a list end with '\\0' */
} WfLiteral;

typedef struct WfLiteralVariable
{
	char		name[WF_LITERAL_NAME];
	size_t		name_len;
	WfLiteral	value;
} WfLiteralVariable;

/* Texts that a script writes, collected by the evaluator. */
typedef struct WfLiteralScript
{
	const char *p;				/* where it is */
	const char *end;
	int			depth;			/* of the expression */
	int			variable_count;
	WfLiteralVariable variables[WF_LITERAL_VARIABLES];
	bool		is_writing;		/* the last text was written and is not ended */
	size_t		len;
	size_t		room;
	char	   *out;
} WfLiteralScript;

/* Evaluate the statements of script; appends lines to out. */
extern void wf_literal_run(WfLiteralScript *run, WfSlice script);

/* Evaluate the expression at run->p; leaves p behind it, always further on. */
extern void wf_literal_expression(WfLiteralScript *run, WfLiteral *value);

/* The value of a variable; NULL when unknown. */
extern const WfLiteral *wf_literal_variable(const WfLiteralScript *run, WfSlice name);

/* Append a line to out. */
extern void wf_literal_put(WfLiteralScript *run, WfSlice text);

/*
 * Read the string literal at *p (a quote), appending its text to out (at most
 * "room" bytes); moves *p behind it.  Returns the bytes appended.
 */
extern size_t wf_literal_string(const char **p, const char *end, char *out, size_t room);

#endif							/* WF_LITERAL_H */
