// The one place that sees libpq's protocol headers: our constants must be theirs.
extern "C" {
#include <c.h>
#include <libpq/pqcomm.h>
}

#include "protocol/authentication.h"
#include "protocol/startup.h"

static_assert(protocol::cancel_request_code == CANCEL_REQUEST_CODE);
static_assert(protocol::ssl_request_code == NEGOTIATE_SSL_CODE);
static_assert(protocol::gssenc_request_code == NEGOTIATE_GSS_CODE);
static_assert(protocol::max_startup_packet == MAX_STARTUP_PACKET_LENGTH);
static_assert(protocol::authentication_ok == AUTH_REQ_OK);
static_assert(protocol::authentication_sasl == AUTH_REQ_SASL);
