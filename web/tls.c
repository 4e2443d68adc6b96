// SPDX-License-Identifier: Apache-2.0
#include "web/tls.h"

#include <gnutls/x509.h>
#include <string.h>

static gnutls_datum_t datum(const char *pem)
{
	return (gnutls_datum_t){ .data = (unsigned char *)(uintptr_t)pem, .size = (unsigned int)strlen(pem) };
}

static const char *fault_of(gnutls_certificate_credentials_t credentials, const struct web_settings *s)
{
	gnutls_datum_t certificate = datum(s->certificate), key = datum(s->private_key), ca = datum(s->client_ca);
	int r;

	r = gnutls_certificate_set_x509_key_mem(credentials, &certificate, &key, GNUTLS_X509_FMT_PEM);
	if (r < 0)
		return gnutls_strerror(r);
	if (ca.size == 0)
		return NULL;
	r = gnutls_certificate_set_x509_trust_mem(credentials, &ca, GNUTLS_X509_FMT_PEM);
	if (r < 0)
		return gnutls_strerror(r);
	return r == 0 ? "there is no certificate in the client CA" : NULL;
}

const char *web_tls_fault(const struct web_settings *s)
{
	gnutls_certificate_credentials_t credentials;
	const char *fault;

	if (!s->certificate[0])
		return NULL;
	if (gnutls_certificate_allocate_credentials(&credentials) < 0)
		return "out of memory";
	fault = fault_of(credentials, s);
	gnutls_certificate_free_credentials(credentials);
	return fault;
}

static int verify_client(gnutls_session_t session)
{
	gnutls_typed_vdata_st purpose = {
		.type = GNUTLS_DT_KEY_PURPOSE_OID,
		.data = (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_CLIENT,
	};
	unsigned int status;
	int r = gnutls_certificate_verify_peers(session, &purpose, 1, &status);

	return r < 0 || status != 0 ? GNUTLS_E_CERTIFICATE_ERROR : 0;
}

void web_tls_require_client(gnutls_session_t session)
{
	gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUIRE);
	gnutls_session_set_verify_function(session, verify_client);
}
