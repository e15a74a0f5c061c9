"""Every way to fail between the app's StartupMessage and a TLS session upstream.

Each says the same in four places: the ErrorResponse, the log, and the two metrics with their reason.
"""

import re
import socket
import ssl

import pytest

from support.fake_server import server_context
from support.proxy import verified_upstream
from support.wire import Client, error_response, startup_message

ALERT_HANDSHAKE_FAILURE = bytes.fromhex("15030300020228")


def check_failure(proxy, reason, sqlstate, words):
    """Connect as an app does and compare what it is told with the log and the metrics."""
    with Client(proxy.address()) as app:
        app.send(startup_message())
        fields = app.read_fatal()
    assert fields["C"] == sqlstate
    assert re.search(words, f"{fields['M']}; {fields['D']}", re.IGNORECASE), fields
    closed = proxy.closed(reason=reason)
    assert closed["error"] in fields["M"]
    assert proxy.metric("upstream_connect_failures_total", reason=reason) == 1
    assert proxy.metric("client_connections_closed_total", listener="main", reason=reason) == 1
    assert proxy.metric("client_connections", listener="main") == 0
    printable = "".join(fields.values()) + proxy.output.replace("\n", "")
    assert printable.isprintable(), "a control byte from the wire reached a terminal"
    return fields


# TCP and names


def test_a_name_that_does_not_resolve(start_proxy):
    """RFC 6761 keeps .invalid from ever resolving."""
    proxy = start_proxy("host=db.invalid connect_timeout=30")
    check_failure(proxy, "dns", "08001", r"db\.invalid")


def test_a_closed_port(start_proxy):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    proxy = start_proxy(f"host=127.0.0.1 port={port}")
    check_failure(proxy, "connect", "08001", rf"127\.0\.0\.1.*{port}.*refused")


def test_a_server_that_never_accepts(start_proxy):
    """A full backlog answers no SYN: the address looks dead."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            proxy = start_proxy(f"host=127.0.0.1 port={port} connect_timeout=2")
            check_failure(proxy, "timeout", "08001", "while connecting")


def test_a_second_target_is_tried(start_proxy, start_fake, certificates):
    """As libpq does: a target list is gone through until one answers."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        dead = closed.getsockname()[1]
    server = start_fake(lambda dialogue: dialogue.accept_session())
    targets = f"host=localhost,localhost hostaddr=127.0.0.1,127.0.0.1 port={dead},{server.port}"
    proxy = start_proxy(f"{targets} sslrootcert='{certificates.root}'")
    with Client(proxy.address()) as app:
        app.send(startup_message())
        assert app.read_message() == (b"R", bytes(4))
    proxy.closed()


# The answer to SSLRequest


def answer(data):
    """A script that answers the SSLRequest with `data` and waits to see what the proxy does."""

    def script(dialogue):
        dialogue.read_ssl_request()
        dialogue.send_clear(data)

    return script


def close(dialogue):
    dialogue.read_ssl_request()
    dialogue.close()


def reset(dialogue):
    dialogue.read_ssl_request()
    dialogue.reset()


def test_a_server_without_tls(fake_behind_proxy):
    _, proxy = fake_behind_proxy(answer(b"N"))
    check_failure(proxy, "tls_refused", "08004", "TLS")


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"x", id="garbage"),
        pytest.param(b"\0", id="NUL"),
        pytest.param(b"S" + b"R\0\0\0\x08\0\0\0\0", id="S with plaintext behind it (CVE-2021-23222)"),
        pytest.param(b"E", id="E alone"),
        pytest.param(error_response(text="\x1b[2Jlies"), id="ErrorResponse in clear (CVE-2024-10977)"),
    ],
)
def test_an_answer_that_is_none(fake_behind_proxy, data):
    _, proxy = fake_behind_proxy(answer(data))
    fields = check_failure(proxy, "tls_protocol", "08001", "SSLRequest|TLS")
    assert "lies" not in str(fields) + proxy.output, "unauthenticated text must go nowhere"


def test_no_answer(fake_behind_proxy):
    _, proxy = fake_behind_proxy(lambda dialogue: dialogue.read_ssl_request(), connect_timeout=2)
    check_failure(proxy, "timeout", "08001", "SSLRequest")


@pytest.mark.parametrize("ending", [close, reset])
def test_the_end_instead_of_an_answer(fake_behind_proxy, ending):
    _, proxy = fake_behind_proxy(ending)
    check_failure(proxy, "tls_protocol", "08001", "closed|reset|ended")


def test_the_end_before_the_request_was_read(fake_behind_proxy):
    _, proxy = fake_behind_proxy(lambda dialogue: dialogue.close())
    check_failure(proxy, "tls_protocol", "08001", "closed|reset|ended")


# The handshake


def test_plaintext_where_a_handshake_is_due(fake_behind_proxy):
    def script(dialogue):
        dialogue.read_ssl_request()
        dialogue.send_clear(b"S")
        dialogue.receive()
        dialogue.send_clear(b"R\0\0\0\x08\0\0\0\0")

    _, proxy = fake_behind_proxy(script)
    check_failure(proxy, "tls_handshake", "08001", "TLS")


def test_the_end_where_a_handshake_is_due(fake_behind_proxy):
    def script(dialogue):
        dialogue.read_ssl_request()
        dialogue.send_clear(b"S")
        dialogue.receive()
        dialogue.close()

    _, proxy = fake_behind_proxy(script)
    check_failure(proxy, "tls_handshake", "08001", "TLS")


def test_silence_where_a_handshake_is_due(fake_behind_proxy):
    _, proxy = fake_behind_proxy(answer(b"S"), connect_timeout=2)
    check_failure(proxy, "timeout", "08001", "TLS")


def test_an_alert(fake_behind_proxy):
    def script(dialogue):
        dialogue.read_ssl_request()
        dialogue.send_clear(b"S")
        dialogue.receive()
        dialogue.send_clear(ALERT_HANDSHAKE_FAILURE)

    _, proxy = fake_behind_proxy(script)
    check_failure(proxy, "tls_handshake", "08001", "handshake failure")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
def test_a_tls_version_that_is_too_low(fake_behind_proxy, certificates):
    context = server_context(certificates.good)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    _, proxy = fake_behind_proxy(lambda dialogue: dialogue.accept_session(), context=context)
    check_failure(proxy, "tls_handshake", "08001", "version")


def test_a_version_that_the_settings_exclude(fake_behind_proxy, certificates):
    context = server_context(certificates.good)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    _, proxy = fake_behind_proxy(
        lambda dialogue: dialogue.accept_session(), context=context, ssl_min_protocol_version="TLSv1.3"
    )
    check_failure(proxy, "tls_handshake", "08001", "version")


# The certificate


@pytest.mark.parametrize(
    "name, words",
    [
        pytest.param("unknown_root", "unknown root", id="unknown root"),
        pytest.param("expired", "expired", id="expired"),
    ],
)
def test_a_chain_that_does_not_verify(fake_behind_proxy, certificates, name, words):
    server, proxy = fake_behind_proxy(
        lambda dialogue: dialogue.accept_startup(), certificate=getattr(certificates, name)
    )
    check_failure(proxy, "certificate", "08001", words)
    assert server.dialogue().startup == b"", "nothing of the app's may reach a server that was not verified"


def test_a_name_that_is_another(fake_behind_proxy, certificates):
    server, proxy = fake_behind_proxy(
        lambda dialogue: dialogue.accept_startup(), certificate=certificates.wrong_host
    )
    fields = check_failure(proxy, "hostname", "08001", "localhost")
    assert "db.example.com" in "".join(fields.values()), "the names that the certificate offers"
    assert server.dialogue().startup == b""


def test_verify_ca_does_not_look_at_the_name(fake_behind_proxy, certificates):
    _, proxy = fake_behind_proxy(
        lambda dialogue: dialogue.accept_session(), certificate=certificates.wrong_host, sslmode="verify-ca"
    )
    with Client(proxy.address()) as app:
        app.send(startup_message())
        assert app.read_message() == (b"R", bytes(4))


def test_verify_ca_looks_at_the_chain(fake_behind_proxy, certificates):
    _, proxy = fake_behind_proxy(
        lambda dialogue: dialogue.accept_startup(), certificate=certificates.unknown_root, sslmode="verify-ca"
    )
    check_failure(proxy, "certificate", "08001", "unknown root")


# A certificate of the client


def test_a_client_certificate_that_the_server_refuses(fake_behind_proxy, refused_client):
    context, own = refused_client
    _, proxy = fake_behind_proxy(lambda dialogue: dialogue.accept_tls(), context=context, **own)
    fields = check_failure(proxy, "tls_handshake", "08001", "unknown ca")
    assert "sslcert" in fields["H"]


def test_a_refused_warm_connection_is_no_proof_of_readiness(start_fake, start_proxy, certificates, refused_client):
    context, own = refused_client
    server = start_fake(lambda dialogue: dialogue.accept_tls(), context=context)
    proxy = start_proxy(verified_upstream(server.port, certificates.root, **own), warm=8)
    with Client(proxy.address()) as app:
        app.send(startup_message())
        assert app.read_fatal()["C"] == "08001"
    proxy.wait_for("warm connection closed")
    assert proxy.get("/readyz")[0] == 503


def test_readiness_waits_for_the_verdict_on_the_client_certificate(fake_behind_proxy, refused_client):
    context, own = refused_client
    _, proxy = fake_behind_proxy(lambda dialogue: dialogue.accept_tls(), context=context, **own)
    status, body = proxy.get("/readyz")
    assert status == 503 and "TLS handshake failed" in body
    assert proxy.metric("upstream_connect_failures_total", reason="tls_handshake") == 1
