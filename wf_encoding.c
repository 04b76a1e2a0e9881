/*-------------------------------------------------------------------------
 *
 * wf_encoding.c
 *	  Text from outside into the database's encoding, never failing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"

#include "core/wf_suppression.h"
#include "core/wf_text.h"

#include "wf_encoding.h"

/* Of a text, converted at once. */
#define PIECE_BYTES (64 * 1024)

/* One character through the conversion, or '?' and false. */
static bool
append_converted(StringInfo out, Oid conversion, const char *p, int len)
{
	unsigned char buf[MAX_CONVERSION_GROWTH * MAX_CONVERSION_INPUT_LENGTH + 1];
	unsigned char src[MAX_CONVERSION_INPUT_LENGTH + 1];
	int			used;

	memcpy(src, p, len);
	src[len] = '\0';
	used = pg_do_encoding_conversion_buf(conversion, PG_UTF8, GetDatabaseEncoding(),
										 src, len, buf, sizeof(buf), true);
	if (used == len && buf[0] != '\0')
	{
		appendStringInfoString(out, (char *) buf);
		return true;
	}
	appendStringInfoChar(out, '?');
	return false;
}

/* Is UTF-8 stored as it is? */
static bool
stores_utf8(void)
{
	return GetDatabaseEncoding() == PG_UTF8 || GetDatabaseEncoding() == PG_SQL_ASCII;
}

/* *complete: the encoding has all of its characters. */
static char *
from_utf8(WfSlice utf8, bool *complete)
{
	int			encoding = GetDatabaseEncoding();
	StringInfoData out;
	Oid			conversion;
	const char *p = utf8.data;
	const char *end = p + utf8.len;

	*complete = true;
	if (stores_utf8() || utf8.len == 0)
		return pnstrdup(utf8.len ? utf8.data : "", utf8.len);
	conversion = FindDefaultConversionProc(PG_UTF8, encoding);
	initStringInfo(&out);
	while (p < end)
	{
		int			len = pg_utf_mblen((const unsigned char *) p);

		if (len == 1)
			appendStringInfoChar(&out, *p);
		else if (len > end - p || !OidIsValid(conversion))
		{
			appendStringInfoChar(&out, '?');
			*complete = false;
		}
		else if (!append_converted(&out, conversion, p, len))
			*complete = false;
		p += len;
	}
	return out.data;
}

char *
wf_encoding_from_utf8(WfSlice utf8)
{
	bool		complete;

	return from_utf8(utf8, &complete);
}

WfSlice
wf_encoding_fit_address(WfSlice utf8)
{
	bool		complete;
	WfListing	address;

	if (stores_utf8())
		return utf8;
	pfree(from_utf8(utf8, &complete));
	if (complete)
		return utf8;
	if (wf_suppression_parse(utf8, &address) != WF_LISTING_ADDRESS)
		return WF_SLICE_EMPTY;
	pfree(from_utf8((WfSlice) {address.value, address.len}, &complete));
	if (!complete)
		return WF_SLICE_EMPTY;
	return (WfSlice) {pnstrdup(address.value, address.len), address.len};
}

char *
wf_encoding_from_utf8_cut(WfSlice utf8, int max_chars)
{
	size_t		len = 0;
	int			left = max_chars;

	while (len < utf8.len)
	{
		int			bytes = pg_utf_mblen((const unsigned char *) utf8.data + len);

		left -= GetDatabaseEncoding() == PG_SQL_ASCII ? bytes : 1;
		if (left < 0 || len + bytes > utf8.len)
			break;				/* no room, or not a whole character */
		len += bytes;
	}
	return wf_encoding_from_utf8((WfSlice) {utf8.data, len});
}

/* One character without equal: its bytes, or a '?'. */
static void
append_unknown(StringInfo out, const char *p, int len, bool escape)
{
	if (!escape)
		appendStringInfoChar(out, '?');
	for (int i = 0; i < len && escape; i++)
		appendStringInfo(out, "%%%02X", (unsigned char) p[i]);
}

/* Not for SQL_ASCII.  Characters without equal become '?', or percent-encoded bytes. */
static WfSlice
to_utf8(WfSlice text, bool escape)
{
	int			encoding = GetDatabaseEncoding();
	Oid			conversion = FindDefaultConversionProc(encoding, PG_UTF8);
	unsigned char *room = palloc(PIECE_BYTES * MAX_CONVERSION_GROWTH + 1);
	StringInfoData out;

	initStringInfo(&out);
	while (text.len > 0)
	{
		int			piece = pg_encoding_mbcliplen(encoding, text.data, (int) text.len, PIECE_BYTES);
		int			used = 0;

		CHECK_FOR_INTERRUPTS();
		if (OidIsValid(conversion) && piece > 0)
		{
			used = pg_do_encoding_conversion_buf(conversion, encoding, PG_UTF8,
												 (unsigned char *) text.data, piece, room,
												 PIECE_BYTES * MAX_CONVERSION_GROWTH + 1, true);
			appendStringInfoString(&out, (char *) room);
		}
		if (used < piece || piece == 0)
		{
			int			len = pg_encoding_mblen(encoding, text.data + used);

			len = Min(len, (int) text.len - used);
			append_unknown(&out, text.data + used, len, escape);
			used += len;
		}
		wf_advance(&text, Min((size_t) used, text.len));
	}
	pfree(room);
	return (WfSlice) {out.data, out.len};
}

WfSlice
wf_encoding_to_utf8_lossy(WfSlice text)
{
	return to_utf8(text, false);
}

char *
wf_encoding_to_utf8(const char *text)
{
	size_t		len = strlen(text);
	StringInfoData out;

	if (GetDatabaseEncoding() == PG_UTF8 ||
		wf_text_ascii_prefix((WfSlice) {text, len}) == len)
		return pstrdup(text);
	if (GetDatabaseEncoding() != PG_SQL_ASCII)
		return (char *) to_utf8((WfSlice) {text, len}, true).data;
	if (pg_verify_mbstr(PG_UTF8, text, len, true))
		return pstrdup(text);
	initStringInfo(&out);
	for (const char *p = text; *p; p++)
		if (IS_HIGHBIT_SET(*p))
			appendStringInfo(&out, "%%%02X", (unsigned char) *p);
		else
			appendStringInfoChar(&out, *p);
	return out.data;
}

void
wf_encoding_copy(char *dst, size_t size, const char *message)
{
	int			len = pg_mbcliplen(message, strlen(message), (int) size - 1);

	memcpy(dst, message, len);
	dst[len] = '\0';
}

void
wf_encoding_copy_utf8(char *dst, size_t size, const char *message)
{
	wf_encoding_copy(dst, size, message);
	if (GetDatabaseEncoding() != PG_UTF8)
		for (char *p = dst; *p; p++)
			if (IS_HIGHBIT_SET(*p))
				*p = '?';
}
