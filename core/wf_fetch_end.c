/*-------------------------------------------------------------------------
 *
 * wf_fetch_end.c
 *	  What the end of a transfer means: its outcome and a text for people.
 *
 * Texts name the setting that decides where one does.  They never contain
 * user info, bodies or what differs between refused addresses.
 *
 *-------------------------------------------------------------------------
 */
#include <stdio.h>
#include <string.h>

#include "wf_fetch_int.h"
#include "wf_text.h"

/* A header line longer than libcurl buffers: a code of its own since 8.6. */
#if LIBCURL_VERSION_NUM >= 0x080600
#define CODE_OF_LONG_HEADER CURLE_TOO_LARGE
#else
#define CODE_OF_LONG_HEADER CURLE_OUT_OF_MEMORY
#endif

/* A result of libcurl that needs no further look. */
typedef struct CodeMeaning
{
	CURLcode	code;
	WfOutcome	outcome;
	const char *text;
} CodeMeaning;

static const CodeMeaning meanings[] = {
	{CURLE_UNSUPPORTED_PROTOCOL, WF_OUTCOME_PROTOCOL, "response is not HTTP"},
	{CURLE_WEIRD_SERVER_REPLY, WF_OUTCOME_PROTOCOL, "response is not HTTP"},
	{CURLE_URL_MALFORMAT, WF_OUTCOME_BAD_URL, "not a valid URL"},
	{CURLE_COULDNT_RESOLVE_HOST, WF_OUTCOME_DNS_TEMPORARY, "could not resolve host"},
	{CURLE_GOT_NOTHING, WF_OUTCOME_RESET, "server closed the connection without a response"},
	{CURLE_SEND_ERROR, WF_OUTCOME_RESET, "connection was reset while sending the request"},
	{CURLE_RECV_ERROR, WF_OUTCOME_RESET, "connection was reset"},
	{CURLE_PARTIAL_FILE, WF_OUTCOME_RESET, "connection ended before the response was complete"},
	{CURLE_BAD_CONTENT_ENCODING, WF_OUTCOME_PROTOCOL, "content encoding is malformed or unknown"},
	{CURLE_WRITE_ERROR, WF_OUTCOME_PROTOCOL, "content encoding is malformed or unknown"},
	{CURLE_HTTP2, WF_OUTCOME_PROTOCOL, "malformed HTTP/2"},
	{CURLE_HTTP2_STREAM, WF_OUTCOME_RESET, "HTTP/2 stream was reset"},
	{CURLE_SSL_CONNECT_ERROR, WF_OUTCOME_TLS, "TLS handshake failed"},
	{CURLE_SSL_CIPHER, WF_OUTCOME_TLS, "TLS handshake failed"},
	{CURLE_SSL_SHUTDOWN_FAILED, WF_OUTCOME_RESET, "connection was reset"},
	{CURLE_SSL_CACERT_BADFILE, WF_OUTCOME_INTERNAL, "certificates of authorities are missing"},
	{CURLE_FILESIZE_EXCEEDED, WF_OUTCOME_TOO_LARGE, "response is too large"},
};

bool
wf_fetch_is_text(const char *content_type)
{
	static const char *const unknown[] = {"", "unknown/unknown", "application/unknown", "*/*"};
	WfSlice		type = {content_type, strcspn(content_type, ";,")};

	type = wf_text_trim(type);
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
	{
		if (wf_text_equal_nocase(type, (WfSlice) {unknown[i], strlen(unknown[i])}))
			return true;
	}
	if (memchr(type.data, '/', type.len) == NULL)
		return true;			/* malformed: as if absent */
	if (wf_text_starts_nocase(type, WF_SLICE("text/")))
		return true;
	if (!wf_text_starts_nocase(type, WF_SLICE("application/")))
		return false;
	if (wf_text_equal_nocase(type, WF_SLICE("application/xml")) ||
		wf_text_equal_nocase(type, WF_SLICE("application/json")))
		return true;
	return (type.len > 4 &&
			wf_text_equal_nocase((WfSlice) {type.data + type.len - 4, 4}, WF_SLICE("+xml"))) ||
		(type.len > 5 &&
		 wf_text_equal_nocase((WfSlice) {type.data + type.len - 5, 5}, WF_SLICE("+json")));
}

static bool
is_complete(const WfSlot *slot, CURLcode code)
{
	return code == CURLE_OK || slot->abort == WF_ABORT_UNWANTED;
}

bool
wf_fetch_is_redirect(const WfSlot *slot, CURLcode code)
{
	switch (slot->status)
	{
		case 301:
		case 302:
		case 303:
		case 307:
		case 308:
			return is_complete(slot, code) && slot->location && slot->location[0];
		default:
			return false;
	}
}

static WfOutcome
judge_status(const WfSlot *slot, char *error)
{
	int			status = slot->status;

	if (status >= 200 && status < 300)
	{
		if (slot->transfer->stream && slot->received > 0)
			return WF_OUTCOME_OK;
		if (!slot->transfer->stream && !wf_fetch_is_text(slot->content_type) &&
			status != 204 && status != 205)
		{
			snprintf(error, WF_MAX_ERROR, "content type \"%.100s\" is not text",
					 slot->content_type);
			return WF_OUTCOME_CONTENT_TYPE;
		}
		if (slot->body.len > 0)
			return WF_OUTCOME_OK;
		snprintf(error, WF_MAX_ERROR, "response is empty (HTTP status %d)", status);
		return WF_OUTCOME_HTTP_EMPTY;
	}
	snprintf(error, WF_MAX_ERROR, "HTTP status %d", status);
	if (status == 408 || status == 425 || status == 429)
		return WF_OUTCOME_HTTP_THROTTLED;
	if (status >= 400 && status < 500)
		return WF_OUTCOME_HTTP_CLIENT;
	if (status >= 500 && status < 600)
		return WF_OUTCOME_HTTP_SERVER;
	if (status == 304 && slot->conditional)
		return WF_OUTCOME_NOT_MODIFIED;
	if (status == 304 || status < 300 || status >= 600)
	{
		snprintf(error, WF_MAX_ERROR, "unexpected HTTP status %d", status);
		return WF_OUTCOME_PROTOCOL;
	}
	snprintf(error, WF_MAX_ERROR, "HTTP status %d without a target", status);
	return WF_OUTCOME_REDIRECT;
}

static WfOutcome
judge_abort(const WfSlot *slot, char *error)
{
	switch (slot->abort)
	{
		case WF_ABORT_BODY_SIZE:
			snprintf(error, WF_MAX_ERROR, "response is larger than %lld bytes (%s)",
					 (long long) slot->fetcher->config.max_body_size,
					 "wf_curation.max_body_size");
			return WF_OUTCOME_TOO_LARGE;
		case WF_ABORT_HEADER_SIZE:
			snprintf(error, WF_MAX_ERROR, "response headers are too large");
			return WF_OUTCOME_TOO_LARGE;
		case WF_ABORT_INFORMATIONAL:
			snprintf(error, WF_MAX_ERROR, "too many informational (1xx) responses");
			return WF_OUTCOME_PROTOCOL;
		case WF_ABORT_ADDRESS:
			snprintf(error, WF_MAX_ERROR, "%s", WF_ADDRESS_REFUSED);
			return WF_OUTCOME_POLICY;
		default:
			snprintf(error, WF_MAX_ERROR, "crawler is short of memory");
			return WF_OUTCOME_INTERNAL;
	}
}

/* Which of the time limits it was follows from how far the transfer came. */
static WfOutcome
judge_timeout(const WfSlot *slot, char *error)
{
	const WfConfig *config = &slot->fetcher->config;
	int64_t		took = slot->fetcher->now_ms - slot->start_ms;
	bool		https = strncmp(slot->transfer->url, "https:", 6) == 0;
	double		connect_s = config->connect_timeout / 1000.0;
	curl_off_t	lookup_time = 0;
	double		request_s = (slot->transfer->robots_for ? slot->timeout_ms :
							 config->request_timeout) / 1000.0;

	(void) curl_easy_getinfo(slot->easy, CURLINFO_NAMELOOKUP_TIME_T, &lookup_time);
	if (!slot->connected && lookup_time == 0)
	{
		snprintf(error, WF_MAX_ERROR, "name resolution timed out after %.6g s", took / 1000.0);
		return WF_OUTCOME_DNS_TEMPORARY;
	}
	if (!slot->connected)
		snprintf(error, WF_MAX_ERROR, "%s timed out after %.6g s (%s)",
				 https ? "connection or TLS handshake" : "connection", connect_s,
				 "wf_curation.connect_timeout");
	else if (took + 20 < slot->timeout_ms)
		snprintf(error, WF_MAX_ERROR, slot->received > 0 ? "response is too slow" :
				 "server stalled without a response");
	else
		snprintf(error, WF_MAX_ERROR, "%s within %.6g s (%s)",
				 slot->received > 0 ? "response did not end" : "no response",
				 request_s, "wf_curation.request_timeout");
	return WF_OUTCOME_TIMEOUT;
}

/* The library's words, cut to one printable line, behind ours. */
static void
add_library_text(const WfSlot *slot, char *error)
{
	size_t		len = strlen(error);
	const char *text = slot->error;
	const char *colon = strstr(text, "problem: ");

	if (colon)
		text = colon + strlen("problem: ");
	if (*text == '\0')
		return;
	error[len++] = ':';
	error[len++] = ' ';
	for (; *text && len < WF_MAX_ERROR - 1; text++)
		error[len++] = *text >= ' ' && *text <= '~' ? *text : '?';
	error[len] = '\0';
}

static WfOutcome
judge_connect(const WfSlot *slot, char *error)
{
	long		number = 0;

	(void) curl_easy_getinfo(slot->easy, CURLINFO_OS_ERRNO, &number);
	if (number != 0)
		snprintf(error, WF_MAX_ERROR, "could not connect: %s", strerror((int) number));
	else
		snprintf(error, WF_MAX_ERROR, "could not connect");
	return WF_OUTCOME_CONNECT;
}

static WfOutcome
judge_code(const WfSlot *slot, CURLcode code, char *error)
{
	bool		headers_only = slot->status == 0 || !slot->body_started;

	if (code == CURLE_OPERATION_TIMEDOUT)
		return judge_timeout(slot, error);
	if (code == CURLE_COULDNT_CONNECT)
		return judge_connect(slot, error);
	if (code == CURLE_PEER_FAILED_VERIFICATION)
	{
		snprintf(error, WF_MAX_ERROR, "TLS certificate is not acceptable");
		add_library_text(slot, error);
		return WF_OUTCOME_TLS_CERTIFICATE;
	}
	if (code == CODE_OF_LONG_HEADER && headers_only && slot->start_ms > 0)
	{
		snprintf(error, WF_MAX_ERROR, "response headers are too large");
		return WF_OUTCOME_TOO_LARGE;
	}
	if (code == CURLE_RECV_ERROR && strstr(slot->error, "chunk") != NULL)
	{
		snprintf(error, WF_MAX_ERROR, "malformed chunked encoding");
		return WF_OUTCOME_PROTOCOL;
	}
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
	{
		if (meanings[i].code != code)
			continue;
		snprintf(error, WF_MAX_ERROR, "%s", meanings[i].text);
		if (meanings[i].outcome == WF_OUTCOME_TLS)
			add_library_text(slot, error);
		return meanings[i].outcome;
	}
	snprintf(error, WF_MAX_ERROR, "transfer failed: %s", curl_easy_strerror(code));
	return WF_OUTCOME_INTERNAL;
}

WfOutcome
wf_fetch_judge(const WfSlot *slot, CURLcode code, char *error)
{
	error[0] = '\0';
	if (is_complete(slot, code))
		return judge_status(slot, error);
	if (slot->abort != WF_ABORT_NONE)
		return judge_abort(slot, error);
	if (slot->address_refused && code == CURLE_COULDNT_CONNECT)
	{
		snprintf(error, WF_MAX_ERROR, "%s", WF_ADDRESS_REFUSED);
		return WF_OUTCOME_POLICY;
	}
	return judge_code(slot, code, error);
}
