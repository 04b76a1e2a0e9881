/*-------------------------------------------------------------------------
 *
 * wf_survey.h
 *	  Items of the stages before pages, in the crawler: a sitemap is fetched
 *	  and parsed while it comes in, a domain is searched for sitemaps.
 *
 * Stands between a fetcher and its user: requests of its own go to the
 * fetcher, and what the fetcher reports about them comes back here.
 *
 *-------------------------------------------------------------------------
 */
#ifndef WF_SURVEY_H
#define WF_SURVEY_H

#include "wf_fetch.h"
#include "wf_message.h"

/*
 * Requests of surveys have numbers from here on; the worker's have 63 bits, the
 * fetcher's own begin at 1 << 63.
 */
#define WF_SURVEY_SEQ	((uint64_t) 3 << 62)

typedef struct WfSurveys WfSurveys;

typedef struct WfSurveyCallbacks
{
	/* Entries of an item; false: nobody wants them any more. */
	bool		(*entries) (void *arg, const WfEntriesMessage *msg);
	/* An item ended; memory is valid during the call. */
	void		(*done) (void *arg, const WfResultMessage *result);
	void	   *arg;
} WfSurveyCallbacks;

/* The fetcher must outlive it.  NULL when out of memory. */
extern WfSurveys *wf_surveys_create(WfFetcher *fetcher, const WfSurveyCallbacks *callbacks);
extern void wf_surveys_free(WfSurveys *surveys);

/*
 * Begin with an item of stage SITEMAP or DOMAIN.  config is that of the
 * fetcher and must live as long.
 */
extern WfStatus wf_surveys_add(WfSurveys *surveys, const WfFetchMessage *msg,
							   const WfConfig *config);

/* Forget an item: nothing follows.  False: there is none of that number. */
extern bool wf_surveys_cancel(WfSurveys *surveys, uint64_t seq);

/* For the callbacks of the fetcher, when the request's number is WF_SURVEY_SEQ or more. */
extern bool wf_surveys_piece(WfSurveys *surveys, const WfFetchPiece *piece);
extern void wf_surveys_done(WfSurveys *surveys, const WfFetchResult *result);

/* Send the requests that follow from answers; before each wf_fetch_turn. */
extern void wf_surveys_turn(WfSurveys *surveys);

/* Is there something to do for wf_surveys_turn, so that nobody should wait? */
extern bool wf_surveys_due(const WfSurveys *surveys);

/* Number of items that have not ended. */
extern int	wf_surveys_pending(const WfSurveys *surveys);

#endif							/* WF_SURVEY_H */
