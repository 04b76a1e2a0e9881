/*-------------------------------------------------------------------------
 *
 * wf_message.h
 *	  The language between worker and crawler: frames on a socket pair.
 *
 * A frame is a 32-bit length (of what follows it), an 8-bit type and fields
 * in host byte order; a string is a 32-bit length and its bytes.  Both ends
 * run on one machine from one build, so there is no version negotiation but
 * the number in READY.  Neither side trusts the other: a reader that runs off
 * a frame, or finds bytes left over, reports WF_ERR_SYNTAX.
 *
 * Order: worker sends CONFIG first (again after a reload), then FETCH and
 * CANCEL; crawler sends READY once, then one RESULT for each FETCH that was
 * not cancelled, in any order.  What a sitemap or a site yields can be far more
 * than one message holds: any number of ENTRIES goes before such a RESULT, and
 * the crawler stops reading from the network while the worker does not read.
 * EOF in either direction ends both.
 *
 * Sites (wf_site.h) are used by one worker at a time.  The worker sends SITE
 * and ROBOTS, what is known of a site, before the first FETCH there; each
 * FETCH allows requests to its site until its RESULT.  Before a redirect to
 * another site the crawler sends ASK, again and again, until GRANT says yes;
 * that site may then be used until the same RESULT.  The crawler sends SITE
 * and ROBOTS itself when there is something that others should know.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_MESSAGE_H
#define WF_MESSAGE_H

#include "wf_arena.h"
#include "wf_entry.h"
#include "wf_finding.h"
#include "wf_gateway_call.h"
#include "wf_outcome.h"
#include "wf_site.h"

#define WF_PROTOCOL_VERSION 5

/* Descriptors the crawler finds open when it is started with --worker. */
#define WF_CRAWLER_SOCKET_FD	3
#define WF_CRAWLER_BOARD_FD		4

typedef enum WfMessageType
{
	WF_MSG_CONFIG = 'C',
	WF_MSG_FETCH = 'F',
	WF_MSG_CANCEL = 'X',
	WF_MSG_GRANT = 'G',
	WF_MSG_SITE = 'S',			/* this and the next in both directions */
	WF_MSG_ROBOTS = 'B',
	WF_MSG_ASK = 'A',
	WF_MSG_READY = 'R',
	WF_MSG_ENTRIES = 'N',
	WF_MSG_RESULT = 'E',
	WF_MSG_LOG = 'L'
} WfMessageType;

/*
 * The board: one page of memory shared by a worker and its crawler, so that
 * the worker knows after a crash which item to blame and sees a hang, at the
 * price of two stores per event and no system call.
 */
typedef struct WfBoard
{
	volatile uint64_t current;	/* seq whose bytes are being handled; 0 none */
	volatile uint64_t beat;		/* changes with every turn of the crawler's loop */
} WfBoard;

#define WF_BOARD_SIZE 4096

/* FETCH */
#define WF_FETCH_WANT_BODY	0x01	/* send the decoded body back (wf_fetch) */
#define WF_FETCH_GATEWAY	0x02	/* by the gateway of the settings; of a page */

typedef enum WfMessageStage
{
	WF_STAGE_MSG_PAGE = 0,		/* findings of the page at url */
	WF_STAGE_MSG_SITEMAP,		/* entries of the sitemap at url, those of domain */
	WF_STAGE_MSG_DOMAIN,		/* sitemaps of domain; url is not looked at */
	WF_STAGE_MSG_COUNT
} WfMessageStage;

typedef struct WfFetchMessage
{
	uint64_t	seq;			/* worker's number for the item, never 0 or reused */
	uint32_t	flags;
	uint8_t		stage;			/* WfMessageStage */
	WfSlice		url;
	WfSlice		domain;			/* expected host, for require_domain_match; may be empty */
	WfSlice		version_url;	/* the version known came from here; empty: none is */
	WfSlice		etag;			/* what it is asked for by; each may be empty */
	WfSlice		last_modified;
} WfFetchMessage;

/* ASK, and GRANT with the same id */
typedef struct WfAskMessage
{
	uint64_t	id;				/* crawler's number of the question */
	uint64_t	seq;			/* of the FETCH that led there */
	WfSlice		site;
} WfAskMessage;

/* ENTRIES: the next ones of an item, in the order they were found */
typedef struct WfEntriesMessage
{
	uint64_t	seq;
	int			count;			/* 1 .. WF_MAX_ENTRIES */
	WfEntry    *items;
} WfEntriesMessage;

/* RESULT */
typedef struct WfResultMessage
{
	uint64_t	seq;
	WfOutcome	outcome;
	uint16_t	http_status;	/* of the last response; 0 when none */
	uint32_t	retry_after_ms; /* from Retry-After; 0 when none */
	uint32_t	elapsed_ms;		/* from start of transfer to end of examination */
	uint64_t	body_bytes;		/* decoded */
	WfSlice		error;			/* empty when outcome is OK; <= WF_MAX_ERROR */
	WfSlice		effective_url;
	WfSlice		content_type;
	WfSlice		etag;			/* of the response; empty, or wf_site_is_validator */
	WfSlice		last_modified;
	WfSlice		body;			/* only with WF_FETCH_WANT_BODY */
	WfFindings	findings;		/* of a page */
	WfEntryCounts counts;		/* of the other stages */
	bool		by_gateway;		/* the gateway decided how it ended */
	int32_t		credits;		/* its call cost; WF_CREDITS_UNKNOWN: perhaps all set aside */
} WfResultMessage;

/* One setting of a CONFIG message: a name of core/wf_config.h and its text. */
typedef struct WfSetting
{
	const char *name;
	const char *value;
} WfSetting;

/*
 * Writers append one whole frame to buf.  WF_ERR_NOMEM, or WF_ERR_LIMIT when
 * the frame would exceed WF_MAX_MESSAGE (buf is then unchanged in length).
 */
extern WfStatus wf_message_write_config(WfBuffer *buf, const WfSetting *settings, int count);
extern WfStatus wf_message_write_fetch(WfBuffer *buf, const WfFetchMessage *msg);
extern WfStatus wf_message_write_cancel(WfBuffer *buf, uint64_t seq);
extern WfStatus wf_message_write_ready(WfBuffer *buf);
extern WfStatus wf_message_write_ask(WfBuffer *buf, const WfAskMessage *msg);
extern WfStatus wf_message_write_grant(WfBuffer *buf, uint64_t id, bool granted);
extern WfStatus wf_message_write_site(WfBuffer *buf, const WfSiteState *state);
extern WfStatus wf_message_write_robots(WfBuffer *buf, const WfRobotsFile *file);
extern WfStatus wf_message_write_entries(WfBuffer *buf, const WfEntriesMessage *msg);
extern WfStatus wf_message_write_result(WfBuffer *buf, const WfResultMessage *msg);
extern WfStatus wf_message_write_log(WfBuffer *buf, WfSlice text);

/*
 * Look for a whole frame at data: returns its total length (header included)
 * and sets *type and *payload (pointing into data); 0 when more bytes are
 * needed; -1 when the length is impossible.
 */
extern long wf_message_frame(const char *data, size_t len, WfMessageType *type,
							 WfSlice *payload);

/*
 * Readers decode a payload; slices point into it, arrays are the arena's.
 * wf_message_read_result checks numbers against their enums, counts against
 * limits, every text for UTF-8 without NUL.
 */
extern WfStatus wf_message_read_config(WfSlice payload, WfArena *arena,
									   WfSetting **settings, int *count);
extern WfStatus wf_message_read_fetch(WfSlice payload, WfFetchMessage *msg);
extern WfStatus wf_message_read_cancel(WfSlice payload, uint64_t *seq);
extern WfStatus wf_message_read_ready(WfSlice payload, uint32_t *version);
extern WfStatus wf_message_read_ask(WfSlice payload, WfAskMessage *msg);
extern WfStatus wf_message_read_grant(WfSlice payload, uint64_t *id, bool *granted);
extern WfStatus wf_message_read_site(WfSlice payload, WfSiteState *state);
extern WfStatus wf_message_read_robots(WfSlice payload, WfRobotsFile *file);
extern WfStatus wf_message_read_result(WfSlice payload, WfArena *arena,
									   WfResultMessage *msg);
extern WfStatus wf_message_read_entries(WfSlice payload, WfArena *arena,
										WfEntriesMessage *msg);
extern WfStatus wf_message_read_log(WfSlice payload, WfSlice *text);

#endif							/* WF_MESSAGE_H */
