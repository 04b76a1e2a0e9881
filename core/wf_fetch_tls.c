/*-------------------------------------------------------------------------
 *
 * wf_fetch_tls.c
 *	  TLS sessions that survive the connections they came from.
 *
 * OpenSSL marks sessions as never to be resumed, and what libcurl keeps are
 * those very objects:
 *
 * - that of a connection which is freed without a closing alert of ours.
 *	 libcurl 7.88 sends none when it closes one of HTTP/2.  So it is handed a
 *	 copy of each session, which no connection knows of.
 * - with TLS 1.3 the one that was just resumed, although the next one comes
 *	 only with the response.  So that a second connection need not begin anew
 *	 meanwhile, a copy from before takes its place.  One whose handshake fails
 *	 stays marked.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include <openssl/ssl.h>

#include "wf_fetch_int.h"

typedef int (*SessionCallback) (SSL *ssl, SSL_SESSION *session);

/* libcurl's own callback, the same for all of its contexts. */
static SessionCallback keep_session;

/* Where a connection has its copy of the session that it offers. */
static int	offered_index = -1;

/* Hand a session to libcurl; our reference is gone then. */
static void
keep(SSL *ssl, SSL_SESSION *session)
{
	if (session && keep_session(ssl, session) == 0)
		SSL_SESSION_free(session);
}

/* OpenSSL's callback for new sessions: we take no reference of this one. */
static int
on_session(SSL *ssl, SSL_SESSION *session)
{
	keep(ssl, SSL_SESSION_dup(session));
	return 0;
}

/* Callback of OpenSSL: a connection is freed, with what we noted of it. */
static void
free_offered(void *parent, void *session, CRYPTO_EX_DATA *data, int index, long argl, void *argp)
{
	SSL_SESSION_free(session);
}

/* OpenSSL's callback for what happens to a connection. */
static void
on_state(const SSL *connection, int where, int value)
{
	SSL		   *ssl = (SSL *) connection;	/* it is, and ours to change */
	SSL_SESSION *offered = SSL_get_ex_data(ssl, offered_index);

	if ((where & SSL_CB_HANDSHAKE_START) && offered == NULL)
	{
		SSL_SESSION *session = SSL_get_session(ssl);

		offered = session ? SSL_SESSION_dup(session) : NULL;
		if (offered && SSL_set_ex_data(ssl, offered_index, offered) == 0)
			SSL_SESSION_free(offered);
	}
	else if ((where & SSL_CB_HANDSHAKE_DONE) && offered)
	{
		(void) SSL_set_ex_data(ssl, offered_index, NULL);
		if (SSL_session_reused(ssl) && SSL_version(ssl) == TLS1_3_VERSION)
			keep(ssl, offered);
		else
			SSL_SESSION_free(offered);
	}
}

/* Callback of libcurl, with a context that is ready but for what we change. */
static CURLcode
on_context(CURL *easy, void *context, void *unused)
{
	SessionCallback callback = SSL_CTX_sess_get_new_cb(context);

	if (callback == NULL || callback == on_session)
		return CURLE_OK;
	keep_session = callback;
	SSL_CTX_sess_set_new_cb(context, on_session);
	SSL_CTX_set_info_callback(context, on_state);
	return CURLE_OK;
}

CURLcode
wf_fetch_keep_sessions(CURL *easy)
{
	const curl_version_info_data *library = curl_version_info(CURLVERSION_NOW);

	/* another library than ours would have contexts of another kind */
	if (library->ssl_version == NULL || strncmp(library->ssl_version, "OpenSSL/3", 9) != 0)
		return CURLE_OK;
	if (offered_index < 0)
		offered_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, free_offered);
	return offered_index < 0 ? CURLE_OUT_OF_MEMORY :
		curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_context);
}
