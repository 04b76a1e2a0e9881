/*-------------------------------------------------------------------------
 *
 * wf_jsonld.c
 *	  Contacts in JSON-LD.
 *
 *-------------------------------------------------------------------------
 */
#include "wf_jsonld.h"

#include <string.h>

#include "wf_html.h"
#include "wf_text.h"

/* Objects and arrays inside each other; deeper ones are passed over. */
#define JSONLD_DEPTH	32

/* Spaces looked over to tell the end of a string from a quote in it. */
#define QUOTE_SPACES	32

/* Values of interest in one page. */
#define MAX_VALUES		10000

/* Text between two looks at the stop flag. */
#define STOP_BYTES		(16 * 1024)

/* An open '{' or '['. */
typedef struct Level
{
	bool		is_array;
	bool		has_key;		/* of an object: its key was read, its value not */
	WfProperty	key;			/* the key whose value it is, or is read in it */
	WfProperty	parent_key;
	int			node;			/* index of the object it belongs to */
	int			target;			/* of the object that the value is of */
} Level;

struct WfJsonld
{
	WfArena    *arena;
	const char *start;
	const char *p;
	const char *end;
	int			depth;			/* may be more than JSONLD_DEPTH */
	Level		levels[JSONLD_DEPTH];
	int			node_count;
	WfJsonldNode nodes[JSONLD_DEPTH];
	bool		no_string_end;	/* a string ran to the end of the text */
	bool		no_comment_end; /* so did a comment */
	int			value_count;	/* decoded so far, in all texts */
};

typedef struct WfJsonld Walk;

/*-------------------------------------------------------------------------
 * Strings
 *-------------------------------------------------------------------------
 */

/* Does the quote at p end the string: is it followed by what may follow one? */
static bool
ends_string(const Walk *w, const char *p)
{
	const char *q = p + 1;
	const char *limit = w->end - q > QUOTE_SPACES ? q + QUOTE_SPACES : w->end;

	while (q < limit && wf_is_space(*q))
		q++;
	return q >= limit || strchr(",:}]\"/<", *q) != NULL;
}

/* The string whose opening quote is at w->p; its escapes are kept. */
static WfSlice
read_string(Walk *w)
{
	const char *start = ++w->p;
	const char *first = NULL;	/* a quote that may have been the end */
	WfSlice		string;

	while (w->p < w->end)
	{
		if (*w->p == '\\' && w->end - w->p > 1)
			w->p++;
		else if (*w->p == '"')
		{
			if (w->no_string_end || ends_string(w, w->p))
				break;
			if (first == NULL)
				first = w->p;
		}
		w->p++;
	}
	/* never closed: better one quote too early than all the rest */
	if (w->p >= w->end)
	{
		w->p = first != NULL ? first : w->end;
		w->no_string_end = true;
	}
	string.data = start;
	string.len = w->p - start;
	if (w->p < w->end)
		w->p++;
	return string;
}

/* Four hexadecimal digits; -1 when they are none. */
static int32_t
read_unit(const char *p, const char *end)
{
	int32_t		unit = 0;
	int			i;

	if (end - p < 4)
		return -1;
	for (i = 0; i < 4; i++)
	{
		int			digit = wf_text_hex_value(p[i]);

		if (digit < 0)
			return -1;
		unit = unit * 16 + digit;
	}
	return unit;
}

/* An escape (p is behind the '\'); returns where it ends. */
static const char *
decode_escape(const char *p, const char *end, char **out)
{
	int32_t		unit;
	int32_t		low;

	if (*p != 'u')
	{
		*(*out)++ = strchr("nrtbf", *p) != NULL && *p != '\0' ? ' ' : *p;
		return p + 1;
	}
	unit = read_unit(++p, end);
	if (unit < 0)
		return p;
	p += 4;
	if (unit >= 0xD800 && unit < 0xDC00 && end - p >= 6 && p[0] == '\\' && p[1] == 'u' &&
		(low = read_unit(p + 2, end)) >= 0xDC00 && low < 0xE000)
	{
		unit = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
		p += 6;
	}
	if (unit > 0)
		*out += wf_text_encode((uint32_t) unit, *out);
	return p;
}

/* The text of a string: escapes and HTML's references decoded, collapsed. */
static WfStatus
decode_string(Walk *w, WfSlice raw, WfSlice *out)
{
	char	   *plain;
	char	   *p;
	const char *in;
	const char *end;
	WfSlice		text;

	raw = wf_text_truncate(raw, 2 * WF_MAX_VALUE);
	in = raw.data;
	end = in + raw.len;
	plain = wf_arena_alloc(w->arena, raw.len + 8);
	if (plain == NULL)
		return WF_ERR_NOMEM;
	p = plain;
	while (in < end)
	{
		if (*in == '\\' && end - in > 1)
			in = decode_escape(in + 1, end, &p);
		else
			*p++ = *in++;
	}
	text.data = plain;
	text.len = wf_html_decode((WfSlice) {plain, p - plain}, false, plain);
	*out = wf_text_collapse(w->arena, text, text.len);
	return out->data != NULL ? WF_OK : WF_ERR_NOMEM;
}

/*-------------------------------------------------------------------------
 * Nodes
 *-------------------------------------------------------------------------
 */

static void
add_value(WfJsonldList *list, WfSlice value)
{
	if (list->count < WF_JSONLD_VALUES && value.len > 0)
		list->values[list->count++] = value;
}

static void
set_type(WfJsonldNode *node, WfSlice type)
{
	type = wf_vocabulary_local_name(type);
	if (wf_text_equal_nocase(type, WF_SLICE("Person")))
		node->is_person = true;
	else if (wf_text_equal_nocase(type, WF_SLICE("ContactPoint")))
		node->is_contact_point = true;
}

static void
set_once(WfSlice *field, WfSlice value)
{
	if (field->len == 0)
		*field = value;
}

/* A string that is a value. */
static WfStatus
take_value(Walk *w, WfSlice raw)
{
	const Level *level = &w->levels[w->depth - 1];
	WfJsonldNode *node = &w->nodes[level->target];
	WfSlice		text;
	WfStatus	status;

	if (level->key == WF_PROPERTY_OTHER || raw.len == 0 ||
		w->value_count >= MAX_VALUES)
		return WF_OK;
	w->value_count++;
	status = decode_string(w, raw, &text);
	if (status != WF_OK)
		return status;
	switch (level->key)
	{
		case WF_PROPERTY_TYPE:
			set_type(node, text);
			break;
		case WF_PROPERTY_NAME:
			set_once(&node->name, text);
			break;
		case WF_PROPERTY_GIVEN_NAME:
			set_once(&node->given_name, text);
			break;
		case WF_PROPERTY_FAMILY_NAME:
			set_once(&node->family_name, text);
			break;
		case WF_PROPERTY_JOB_TITLE:
			set_once(&node->job_title, text);
			break;
		case WF_PROPERTY_EMAIL:
			add_value(&node->emails, text);
			break;
		case WF_PROPERTY_TELEPHONE:
			add_value(&node->telephones, text);
			break;
		case WF_PROPERTY_FAX:
			add_value(&node->faxes, text);
			break;
		case WF_PROPERTY_LINK:
			if (node->link_count < WF_JSONLD_LINKS)
				node->links[node->link_count++] = text;
			break;
		default:
			wf_postal_address_set(&node->postal, level->key, text);
			break;
	}
	return WF_OK;
}

/* "Given Family" is the name of a person without one. */
static WfStatus
join_name(Walk *w, WfJsonldNode *node)
{
	size_t		len = node->given_name.len;
	char	   *joined;

	if (!node->is_person || node->name.len > 0 || len == 0 || node->family_name.len == 0)
		return WF_OK;
	joined = wf_arena_alloc(w->arena, len + 1 + node->family_name.len);
	if (joined == NULL)
		return WF_ERR_NOMEM;
	memcpy(joined, node->given_name.data, len);
	joined[len++] = ' ';
	memcpy(joined + len, node->family_name.data, node->family_name.len);
	node->name = (WfSlice) {joined, len + node->family_name.len};
	return WF_OK;
}

static bool
is_worth_taking(const WfJsonldNode *node)
{
	return node->emails.count > 0 || node->telephones.count > 0 || node->faxes.count > 0 ||
		node->link_count > 0 || node->postal.street.len > 0 || node->postal.city.len > 0 ||
		node->postal.text.len > 0 || (node->is_person && node->name.len > 0);
}

/* The value of the current key was read, whatever it was. */
static void
end_value(Walk *w)
{
	if (w->depth > 0 && w->depth <= JSONLD_DEPTH)
	{
		Level	   *level = &w->levels[w->depth - 1];

		if (!level->is_array)
			level->has_key = false;
	}
}

static void
push(Walk *w, bool is_array)
{
	Level	   *level;
	const Level *outer = NULL;

	if (w->depth > 0 && w->depth <= JSONLD_DEPTH)
		outer = &w->levels[w->depth - 1];
	if (++w->depth > JSONLD_DEPTH)
		return;
	level = &w->levels[w->depth - 1];
	level->is_array = is_array;
	level->has_key = false;
	level->parent_key = outer != NULL ? outer->key : WF_PROPERTY_OTHER;
	level->key = is_array ? level->parent_key : WF_PROPERTY_OTHER;
	level->node = outer != NULL ? outer->node : 0;
	if (!is_array || outer == NULL)
	{
		level->node = w->node_count++;
		memset(&w->nodes[level->node], 0, sizeof(WfJsonldNode));
		w->nodes[level->node].offset = w->p - w->start;
	}
	level->target = is_array && outer != NULL ? outer->target : level->node;
}

static WfStatus
pop(Walk *w, WfJsonldTaker take, void *context)
{
	const Level *level;
	WfJsonldNode *node;
	WfStatus	status = WF_OK;

	if (w->depth == 0)
		return WF_OK;
	if (w->depth-- > JSONLD_DEPTH)
		return WF_OK;
	level = &w->levels[w->depth];
	if (level->node == w->node_count - 1 &&
		(!level->is_array || w->depth == 0))
	{
		node = &w->nodes[level->node];
		w->node_count--;
		/* the country belongs to whoever has the address */
		if (level->parent_key == WF_PROPERTY_ADDRESS && level->node > 0)
			set_once(&w->nodes[level->node - 1].postal.country, node->postal.country);
		if (level->parent_key == WF_PROPERTY_COUNTRY && level->node > 0)
			set_once(&w->nodes[level->node - 1].postal.country, node->name);
		status = join_name(w, node);
		if (status == WF_OK && !level->is_array && is_worth_taking(node))
			status = take(context, node);
	}
	end_value(w);
	return status;
}

/* A closing bracket: of the innermost of its kind; stray ones do nothing. */
static WfStatus
close_bracket(Walk *w, bool is_array, WfJsonldTaker take, void *context)
{
	WfStatus	status = WF_OK;

	if (w->depth > JSONLD_DEPTH || w->depth == 0)
		return pop(w, take, context);
	if (w->levels[w->depth - 1].is_array == is_array)
		return pop(w, take, context);
	if (w->depth >= 2 && w->levels[w->depth - 2].is_array == is_array)
	{
		status = pop(w, take, context);
		if (status == WF_OK)
			status = pop(w, take, context);
	}
	return status;
}

/*-------------------------------------------------------------------------
 * The walk
 *-------------------------------------------------------------------------
 */

/* "@value" of an object is the value of what the object stands for. */
static void
set_key(Level *level, WfSlice name)
{
	bool		is_value = level->node > 0 && wf_text_equal(name, WF_SLICE("@value"));

	level->key = is_value ? level->parent_key : wf_property_of_schema(name);
	level->target = is_value ? level->node - 1 : level->node;
	level->has_key = true;
}

static WfStatus
take_string(Walk *w)
{
	WfSlice		raw = read_string(w);
	Level	   *level;
	const char *q = w->p;
	const char *limit = w->end - q > QUOTE_SPACES ? q + QUOTE_SPACES : w->end;
	WfStatus	status;

	if (w->depth == 0 || w->depth > JSONLD_DEPTH)
		return WF_OK;
	level = &w->levels[w->depth - 1];
	while (q < limit && wf_is_space(*q))
		q++;
	if (!level->is_array && q < limit && *q == ':')
	{
		set_key(level, raw);
		w->p = q + 1;
		return WF_OK;
	}
	if (!level->is_array && !level->has_key)
		return WF_OK;
	status = take_value(w, raw);
	end_value(w);
	return status;
}

/* Past a comment of JavaScript or one of its marks, which is at p. */
static void
skip_comment(Walk *w)
{
	const char *end = NULL;

	if (w->end - w->p > 1 && w->p[1] == '/')
		end = memchr(w->p, '\n', w->end - w->p);
	else if (w->end - w->p > 1 && w->p[1] == '*')
	{
		const char *p = w->p + 2;

		while (p < w->end && (p = memchr(p, '*', w->end - p)) != NULL)
		{
			if (++p < w->end && *p == '/')
			{
				end = p;
				break;
			}
		}
	}
	/* one that never ends, and any other '/', is passed over as such */
	w->p = end != NULL ? end + 1 : w->p + 2;
	if (w->p > w->end)
		w->p = w->end;
}

static WfStatus
walk_one(Walk *w, WfJsonldTaker take, void *context)
{
	const char *before = w->p;
	WfStatus	status = WF_OK;

	switch (*w->p)
	{
		case '{':
			push(w, false);
			w->p++;
			break;
		case '[':
			/* "<![CDATA[" is no array */
			if (w->p > w->start && w->p[-1] == '!')
				w->p += w->end - w->p > 7 ? 7 : 1;
			else
			{
				push(w, true);
				w->p++;
			}
			break;
		case '}':
		case ']':
			w->p++;
			status = close_bracket(w, w->p[-1] == ']', take, context);
			break;
		case '"':
			status = take_string(w);
			break;
		case '/':
			if (!w->no_comment_end)
			{
				skip_comment(w);
				w->no_comment_end = w->p == before + 2;
			}
			else
				w->p++;
			break;
		case ',':
			end_value(w);
			w->p++;
			break;
		default:
			w->p++;
	}
	return status;
}

WfJsonld *
wf_jsonld_create(WfArena *arena)
{
	WfJsonld   *w = wf_arena_alloc(arena, sizeof(WfJsonld));

	if (w == NULL)
		return NULL;
	w->arena = arena;
	w->value_count = 0;
	return w;
}

WfStatus
wf_jsonld_walk(WfJsonld *w, WfSlice text, WfStop stop, WfJsonldTaker take, void *context)
{
	const char *next_look = text.data;
	WfStatus	status = WF_OK;

	w->start = w->p = text.data;
	w->end = text.data + text.len;
	w->depth = 0;
	w->node_count = 0;
	w->no_string_end = false;
	w->no_comment_end = false;
	while (status == WF_OK && w->p < w->end)
	{
		if (w->p >= next_look)
		{
			if (stop != NULL && *stop)
				return WF_ERR_STOPPED;
			next_look = w->end - w->p > STOP_BYTES ? w->p + STOP_BYTES : w->end;
		}
		status = walk_one(w, take, context);
	}
	/* what was never closed counts, too */
	while (status == WF_OK && w->depth > 0)
		status = pop(w, take, context);
	return status;
}
