/*-------------------------------------------------------------------------
 *
 * wf_literal.c
 *	  Constant text in JavaScript.
 *
 * Every function leaves p further on than it was, or at the end, and values are
 * bounded, so the time is linear in the script.
 *
 *-------------------------------------------------------------------------
 */
#include "wf_literal.h"

#include <string.h>

#include "wf_text.h"

#define MAX_DEPTH		6		/* of expressions inside each other */

static void term(WfLiteralScript *run, WfLiteral *value);

static bool
is_name_char(char c)
{
	return wf_is_alpha(c) || wf_is_digit(c) || c == '_' || c == '$';
}

static void
skip_space(WfLiteralScript *run)
{
	while (run->p < run->end && wf_is_space(*run->p))
		run->p++;
}

static bool
take_char(WfLiteralScript *run, char c)
{
	skip_space(run);
	if (run->p >= run->end || *run->p != c)
		return false;
	run->p++;
	return true;
}

static WfSlice
take_name(WfLiteralScript *run)
{
	WfSlice		name = {run->p, 0};

	while (run->p < run->end && is_name_char(*run->p))
		run->p++;
	name.len = run->p - name.data;
	return name;
}

static void
append(WfLiteral *value, const char *data, size_t len)
{
	if (len > sizeof(value->data) - value->len)
		len = sizeof(value->data) - value->len;
	memcpy(value->data + value->len, data, len);
	value->len += len;
}

static void
clear(WfLiteral *value)
{
	value->is_known = true;
	value->is_split = false;
	value->parts = 0;
	value->len = 0;
}

/*-------------------------------------------------------------------------
 * Literals and variables
 *-------------------------------------------------------------------------
 */

/* An escape; *p is behind the '\'. */
static size_t
decode_escape(const char **p, const char *end, char out[4])
{
	static const char letters[] = "nrtbfv";
	char		c = *(*p)++;
	int			digits = c == 'x' ? 2 : c == 'u' ? 4 : 0;
	uint32_t	cp = 0;
	int			i;

	if (c >= '0' && c <= '7')
	{
		cp = c - '0';
		for (i = 1; i < 3 && *p < end && **p >= '0' && **p <= '7'; i++)
			cp = cp * 8 + (*(*p)++ - '0');
		return cp > 0 ? wf_text_encode(cp, out) : 0;
	}
	if (digits == 0 || end - *p < digits)
	{
		out[0] = c != '\0' && strchr(letters, c) != NULL ? ' ' : c;
		return c == '\n' ? 0 : 1;
	}
	for (i = 0; i < digits; i++)
	{
		int			digit = wf_text_hex_value((*p)[i]);

		if (digit < 0)
			break;
		cp = cp * 16 + digit;
	}
	if (i < digits)
	{
		out[0] = c;
		return 1;
	}
	*p += digits;
	return cp > 0 ? wf_text_encode(cp, out) : 0;
}

size_t
wf_literal_string(const char **p, const char *end, char *out, size_t room)
{
	char		quote = *(*p)++;
	size_t		len = 0;

	while (*p < end && **p != quote)
	{
		char		decoded[4] = {**p};
		size_t		n = 1;

		/* only templates go over several lines */
		if (**p == '\n' && quote != '`')
			return len;
		(*p)++;
		if (decoded[0] == '\\' && *p < end)
			n = decode_escape(p, end, decoded);
		if (n <= room - len)
		{
			memcpy(out + len, decoded, n);
			len += n;
		}
	}
	if (*p < end)
		(*p)++;
	return len;
}

const WfLiteral *
wf_literal_variable(const WfLiteralScript *run, WfSlice name)
{
	int			i;

	for (i = 0; i < run->variable_count; i++)
	{
		const WfLiteralVariable *v = &run->variables[i];

		if (v->name_len == name.len && memcmp(v->name, name.data, name.len) == 0)
			return &v->value;
	}
	return NULL;
}

static void
set_variable(WfLiteralScript *run, WfSlice name, const WfLiteral *value)
{
	WfLiteral  *known = (WfLiteral *) wf_literal_variable(run, name);

	if (known == NULL)
	{
		WfLiteralVariable *v;

		if (run->variable_count == WF_LITERAL_VARIABLES || name.len > WF_LITERAL_NAME)
			return;
		v = &run->variables[run->variable_count++];
		memcpy(v->name, name.data, name.len);
		v->name_len = name.len;
		known = &v->value;
	}
	memcpy(known, value, offsetof(WfLiteral, data) + value->len);
}

/*-------------------------------------------------------------------------
 * Functions and methods
 *-------------------------------------------------------------------------
 */

/* "112\0114\0": the characters of a list of numbers. */
static void
apply_char_codes(WfLiteral *value)
{
	size_t		len = 0;
	uint32_t	number = 0;
	size_t		i;

	for (i = 0; i < value->len; i++)
	{
		if (wf_is_digit(value->data[i]) && number < 0x110000)
			number = number * 10 + (value->data[i] - '0');
		else
		{
			/* no character is longer than its number and the '\0' */
			len += wf_text_encode(number, value->data + len);
			number = 0;
		}
	}
	value->len = len;
	value->parts = 2;
}

/* "String.fromCharCode.apply(null, list)" or "(...list)", "(" is read. */
static bool
take_code_list(WfLiteralScript *run, WfLiteral *value)
{
	skip_space(run);
	if (wf_text_starts_nocase((WfSlice) {run->p, run->end - run->p}, WF_SLICE("...")))
		run->p += 3;
	else
	{
		take_name(run);
		if (!take_char(run, ','))
			return false;
	}
	wf_literal_expression(run, value);
	take_char(run, ')');
	apply_char_codes(value);
	return true;
}

/* The numbers of String.fromCharCode( …, "(" is read. */
static void
take_char_codes(WfLiteralScript *run, WfLiteral *value)
{
	value->parts = 2;
	while (run->p < run->end && *run->p != ')')
	{
		uint32_t	number = 0;
		char		c = *run->p++;
		char		out[4];

		if (wf_is_digit(c))
		{
			bool		hex = c == '0' && run->p < run->end && wf_lower_char(*run->p) == 'x';

			if (hex)
				run->p++;
			else
				number = c - '0';
			while (run->p < run->end && wf_text_hex_value(*run->p) >= 0 &&
				   (hex || wf_is_digit(*run->p)) && number < 0x110000)
				number = number * (hex ? 16 : 10) + wf_text_hex_value(*run->p++);
			append(value, out, wf_text_encode(number, out));
		}
		else if (c != ',' && !wf_is_space(c))
		{
			value->is_known = false;
			return;
		}
	}
	take_char(run, ')');
}

static void
apply_function(WfSlice name, WfLiteral *value)
{
	value->parts = 2;
	if (wf_text_equal(name, WF_SLICE("atob")))
		value->len = wf_text_base64_decode((WfSlice) {value->data, value->len}, value->data);
	else
		value->len = wf_text_percent_decode((WfSlice) {value->data, value->len}, value->data);
}

/* Turn characters or the items of a list round. */
static void
reverse(WfLiteral *value)
{
	char		turned[WF_LITERAL_MAX];
	size_t		len = 0;
	size_t		end = value->len;

	while (end > 0)
	{
		size_t		start = end - 1;

		while (!value->is_split && start > 0 && value->data[start - 1] != '\0')
			start--;
		memcpy(turned + len, value->data + start, end - start);
		len += end - start;
		end = start;
	}
	memcpy(value->data, turned, len);
}

/* Put the separator between the items of a list. */
static void
join(WfLiteral *value, const WfLiteral *separator)
{
	WfLiteral	joined;
	size_t		i;

	clear(&joined);
	for (i = 0; i < value->len; i++)
	{
		if (value->data[i] != '\0')
			append(&joined, value->data + i, 1);
		else if (i + 1 < value->len)
			append(&joined, separator->data, separator->len);
	}
	joined.is_known = value->is_known;
	joined.parts = 2;
	memcpy(value, &joined, offsetof(WfLiteral, data) + joined.len);
}

static void
replace(WfLiteral *value, const WfLiteral *from, const WfLiteral *to)
{
	WfLiteral	replaced;
	size_t		i = 0;

	if (from->len == 0)
		return;
	clear(&replaced);
	while (i < value->len)
	{
		if (value->len - i >= from->len && memcmp(value->data + i, from->data, from->len) == 0)
		{
			append(&replaced, to->data, to->len);
			i += from->len;
		}
		else
			append(&replaced, value->data + i++, 1);
	}
	replaced.is_known = value->is_known;
	replaced.parts = 2;
	memcpy(value, &replaced, offsetof(WfLiteral, data) + replaced.len);
}

/* The first argument of replace: a literal, or a pattern that is plain text. */
static void
take_pattern(WfLiteralScript *run, WfLiteral *value)
{
	clear(value);
	if (!take_char(run, '/'))
	{
		wf_literal_expression(run, value);
		return;
	}
	while (run->p < run->end && *run->p != '/' && *run->p != '\n')
	{
		if (*run->p == '\\' && run->end - run->p > 1)
			run->p++;
		else if (strchr("[](){}*+?|^$.", *run->p) != NULL)
			value->is_known = false;
		append(value, run->p++, 1);
	}
	take_char(run, '/');
	take_name(run);				/* flags */
}

/* ".name(arguments)" of a value. */
static void
method(WfLiteralScript *run, WfLiteral *value)
{
	WfLiteral	first;
	WfSlice		name;

	skip_space(run);
	name = take_name(run);
	if (!take_char(run, '('))
	{
		value->is_known = false;
		return;
	}
	clear(&first);
	if (wf_text_equal(name, WF_SLICE("replace")))
	{
		WfLiteral	second;

		take_pattern(run, &first);
		clear(&second);
		if (take_char(run, ','))
			wf_literal_expression(run, &second);
		if (first.is_known && second.is_known)
			replace(value, &first, &second);
		else
			value->is_known = false;
	}
	else
	{
		skip_space(run);
		if (run->p < run->end && *run->p != ')')
			wf_literal_expression(run, &first);
		if (wf_text_equal(name, WF_SLICE("split")) && first.is_known && first.len == 0)
			value->is_split = true;
		else if (wf_text_equal(name, WF_SLICE("reverse")))
			reverse(value);
		else if (wf_text_equal(name, WF_SLICE("join")) && value->is_split)
			value->is_split = false;
		else if (wf_text_equal(name, WF_SLICE("join")))
			join(value, &first);
		else if (wf_text_equal(name, WF_SLICE("concat")))
			append(value, first.data, first.len);
		else if (!wf_text_equal(name, WF_SLICE("toString")))
			value->is_known = false;
	}
	take_char(run, ')');
}

/*-------------------------------------------------------------------------
 * Expressions
 *-------------------------------------------------------------------------
 */

/* "[2]" behind a list: its third item. */
static void
take_item(WfLiteralScript *run, WfLiteral *value)
{
	size_t		from = 0;
	size_t		number = 0;
	size_t		i;

	skip_space(run);
	if (run->p >= run->end || !wf_is_digit(*run->p))
	{
		value->is_known = false;
		return;
	}
	while (run->p < run->end && wf_is_digit(*run->p) && number < WF_LITERAL_MAX)
		number = number * 10 + (*run->p++ - '0');
	for (i = 0; i < value->len; i++)
	{
		if (value->data[i] != '\0')
			continue;
		if (number-- == 0)
		{
			value->len = i - from;
			memmove(value->data, value->data + from, value->len);
			value->is_known = take_char(run, ']');
			return;
		}
		from = i + 1;
	}
	value->is_known = false;
}

/* "`${user}@${host}`": a text with variables in it. */
static void
template_term(WfLiteralScript *run, WfLiteral *value)
{
	value->parts = 1;
	run->p++;
	while (run->p < run->end && *run->p != '`')
	{
		const WfLiteral *variable;
		char		decoded[4] = {*run->p};
		size_t		n = 1;

		if (run->end - run->p > 2 && run->p[0] == '$' && run->p[1] == '{')
		{
			run->p += 2;
			variable = wf_literal_variable(run, take_name(run));
			value->is_known = value->is_known && variable != NULL && take_char(run, '}');
			if (variable == NULL)
				continue;
			append(value, variable->data, variable->len);
			value->is_known = value->is_known && variable->is_known;
			value->parts++;
			continue;
		}
		if (*run->p++ == '\\' && run->p < run->end)
			n = decode_escape(&run->p, run->end, decoded);
		append(value, decoded, n);
	}
	if (run->p < run->end)
		run->p++;
}

static bool
is_number(WfSlice name)
{
	size_t		i;

	for (i = 0; i < name.len; i++)
	{
		if (!wf_is_digit(name.data[i]))
			return false;
	}
	return name.len > 0;
}

/* A name: a function that is known, or a variable. */
static void
named_term(WfLiteralScript *run, WfLiteral *value)
{
	WfSlice		name = take_name(run);
	const WfLiteral *variable;

	/* "String.fromCharCode", "window.atob" */
	while (run->end - run->p > 1 && *run->p == '.' && is_name_char(run->p[1]) &&
		   (wf_text_equal(name, WF_SLICE("String")) || wf_text_equal(name, WF_SLICE("window"))))
	{
		run->p++;
		name = take_name(run);
	}
	if (wf_text_equal(name, WF_SLICE("fromCharCode")))
	{
		bool		applies = take_char(run, '.');

		if (applies)
			take_name(run);
		if (!take_char(run, '('))
			value->is_known = false;
		else if (applies || (run->p < run->end && *run->p == '.'))
			value->is_known = take_code_list(run, value) && value->is_known;
		else
			take_char_codes(run, value);
	}
	else if (is_number(name))
		append(value, name.data, name.len);
	else if (wf_text_equal(name, WF_SLICE("atob")) || wf_text_equal(name, WF_SLICE("unescape")) ||
			 wf_text_equal(name, WF_SLICE("decodeURIComponent")) ||
			 wf_text_equal(name, WF_SLICE("decodeURI")))
	{
		if (take_char(run, '('))
			wf_literal_expression(run, value);
		take_char(run, ')');
		apply_function(name, value);
	}
	else if ((variable = wf_literal_variable(run, name)) != NULL)
	{
		int			parts = value->parts + variable->parts;

		memcpy(value, variable, offsetof(WfLiteral, data) + variable->len);
		value->parts = parts;
		if (take_char(run, '['))
			take_item(run, value);
	}
	else
		value->is_known = false;
}

/* "['a', 'b']", the bracket is read. */
static void
list_term(WfLiteralScript *run, WfLiteral *value)
{
	WfLiteral	item;

	while (!take_char(run, ']'))
	{
		const char *before = run->p;

		if (run->p >= run->end)
			return;
		wf_literal_expression(run, &item);
		value->is_known = value->is_known && item.is_known;
		append(value, item.data, item.len);
		append(value, "", 1);
		if (!take_char(run, ',') && run->p == before)
			return;
		if (!value->is_known)
			return;
	}
}

/* A term with its methods; value is cleared first. */
static void
term(WfLiteralScript *run, WfLiteral *value)
{
	clear(value);
	skip_space(run);
	if (run->p >= run->end)
	{
		value->is_known = false;
		return;
	}
	if (*run->p == '`')
		template_term(run, value);
	else if (*run->p == '"' || *run->p == '\'')
	{
		value->parts = 1;
		value->len = wf_literal_string(&run->p, run->end, value->data, sizeof(value->data));
	}
	else if (take_char(run, '('))
	{
		wf_literal_expression(run, value);
		take_char(run, ')');
	}
	else if (take_char(run, '['))
		list_term(run, value);
	else if (is_name_char(*run->p))
		named_term(run, value);
	else
		value->is_known = false;
	while (value->is_known && take_char(run, '.'))
		method(run, value);
}

void
wf_literal_expression(WfLiteralScript *run, WfLiteral *value)
{
	WfLiteral	next;

	if (run->depth >= MAX_DEPTH)
	{
		clear(value);
		value->is_known = false;
		return;
	}
	run->depth++;
	term(run, value);
	while (value->is_known && take_char(run, '+'))
	{
		term(run, &next);
		append(value, next.data, next.len);
		value->parts += next.parts;
		value->is_known = next.is_known;
	}
	run->depth--;
}

/*-------------------------------------------------------------------------
 * Statements
 *-------------------------------------------------------------------------
 */

static void
put_raw(WfLiteralScript *run, const char *data, size_t len)
{
	if (len > run->room - run->len)
		len = run->room - run->len;
	if (len > 0)
		memcpy(run->out + run->len, data, len);
	run->len += len;
}

void
wf_literal_put(WfLiteralScript *run, WfSlice text)
{
	if (run->is_writing)
		put_raw(run, "\n", 1);
	run->is_writing = false;
	put_raw(run, text.data, text.len);
	put_raw(run, "\n", 1);
}

/* What the page shows: texts written one after the other are one. */
static void
write_value(WfLiteralScript *run, const WfLiteral *value)
{
	if (value->len == 0)
		return;
	put_raw(run, value->data, value->len);
	run->is_writing = true;
}

static bool
is_shown_property(WfSlice name)
{
	static const WfSlice names[] = {
		{"innerHTML", 9}, {"innerText", 9}, {"textContent", 11}, {"href", 4}, {"outerHTML", 9}
	};
	size_t		i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
	{
		if (wf_text_equal(name, names[i]))
			return true;
	}
	return false;
}

/* "name = …" or "name += …"; p is at the operator. */
static void
assignment(WfLiteralScript *run, WfSlice name)
{
	bool		appends = *run->p == '+';
	const WfLiteral *old = wf_literal_variable(run, name);
	WfLiteral	value;
	WfLiteral	sum;

	run->p += appends ? 2 : 1;
	wf_literal_expression(run, &value);
	if (is_shown_property(name))
	{
		write_value(run, &value);
		return;
	}
	if (appends)
	{
		clear(&sum);
		if (old != NULL)
			memcpy(&sum, old, offsetof(WfLiteral, data) + old->len);
		append(&sum, value.data, value.len);
		sum.is_known = sum.is_known && value.is_known;
		sum.parts += value.parts;
		set_variable(run, name, &sum);
	}
	else
		set_variable(run, name, &value);
	/* composed on purpose */
	old = wf_literal_variable(run, name);
	if (old != NULL && old->is_known && old->parts > 1)
		wf_literal_put(run, (WfSlice) {old->data, old->len});
}

/* A name in a statement, and what is done with it. */
static void
statement(WfLiteralScript *run)
{
	WfSlice		name = take_name(run);
	WfLiteral	value;

	skip_space(run);
	if (run->end - run->p < 2)
		return;
	if ((wf_text_equal(name, WF_SLICE("write")) || wf_text_equal(name, WF_SLICE("writeln")) ||
		 wf_text_equal(name, WF_SLICE("eval")) || wf_text_equal(name, WF_SLICE("html")) ||
		 wf_text_equal(name, WF_SLICE("append"))) && take_char(run, '('))
	{
		wf_literal_expression(run, &value);
		write_value(run, &value);
	}
	else if ((*run->p == '=' && run->p[1] != '=') || (*run->p == '+' && run->p[1] == '='))
		assignment(run, name);
}

/* A text that becomes some link. */
static bool
is_mail_link(const WfLiteral *value)
{
	return wf_text_starts_nocase((WfSlice) {value->data, value->len}, WF_SLICE("mailto:"));
}

void
wf_literal_run(WfLiteralScript *run, WfSlice script)
{
	run->p = script.data;
	run->end = script.data + script.len;
	run->depth = 0;
	run->variable_count = 0;
	run->is_writing = false;
	while (run->p < run->end)
	{
		WfLiteral	value;

		if (is_name_char(*run->p))
			statement(run);
		else if (*run->p == '"' || *run->p == '\'')
		{
			wf_literal_expression(run, &value);
			if (value.is_known && (value.parts > 1 || is_mail_link(&value)))
				wf_literal_put(run, (WfSlice) {value.data, value.len});
		}
		else
			run->p++;
	}
	if (run->is_writing)
		wf_literal_put(run, WF_SLICE_EMPTY);
}
