"""A server, or somebody on the way to it, that does its worst. What is merely broken stands in test_upstream_failures.

Every fake server fails its test if it was sent a byte in clear besides the SSLRequest.
"""

import contextlib
import random
import ssl
import struct

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from support.certs import Certificate
from support.fake_server import server_context
from support.openssl import ask_for_renegotiation, update_keys
from support.trust_pki import root
from support.wire import AUTHENTICATION_OK, READY_FOR_QUERY, Client, message, parse_error, query, split, startup_message

LOGIN = AUTHENTICATION_OK + READY_FOR_QUERY
WARNING_ALERT = bytes.fromhex("15030300020100")
HALF, LAST_BYTE, WHOLE = "half", "last byte", "whole"


def context_of(certificate, version):
    context = server_context(certificate)
    context.minimum_version = context.maximum_version = version
    return context


def first_flight(dialogue):
    """The server's answer to the ClientHello, not sent yet."""
    dialogue.read_ssl_request()
    dialogue.send_clear(b"S")
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = dialogue.context.wrap_bio(incoming, outgoing, server_side=True)
    while not outgoing.pending:
        incoming.write(dialogue.receive())
        with contextlib.suppress(ssl.SSLWantReadError):
            tls.do_handshake()
    return outgoing.read()


def cut(flight, where):
    return flight[: {HALF: len(flight) // 2, LAST_BYTE: len(flight) - 1, WHOLE: len(flight)}.get(where, where)]


# The whole flight makes TLS 1.3 complete for the client, but not TLS 1.2.
CUTS = [(ssl.TLSVersion.TLSv1_3, where) for where in (1, 5, 40, HALF, LAST_BYTE)]
CUTS += [(ssl.TLSVersion.TLSv1_2, where) for where in (1, 5, 40, HALF, LAST_BYTE, WHOLE)]


def log_in(app):
    app.send(startup_message())
    assert app.read(len(LOGIN)) == LOGIN


def told_by(proxy):
    with Client(proxy.address()) as app:
        app.send(startup_message())
        return app.read_fatal()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["TLS 1.2", "TLS 1.3"])
def test_a_handshake_that_stalls_anywhere(fake_behind_proxy, certificates, version):
    """All of them at once: one server that stalls is waited for as long as ten."""
    cuts = [where for cut_version, where in CUTS if cut_version == version]

    def script(dialogue):
        where = cuts[dialogue.server.dialogues.index(dialogue)]
        dialogue.send_clear(cut(first_flight(dialogue), where))

    context = context_of(certificates.good, version)
    server, proxy = fake_behind_proxy(script, context=context, connect_timeout=2)
    with contextlib.ExitStack() as apps:
        waiting = [apps.enter_context(Client(proxy.address())) for _ in cuts]
        for app in waiting:
            app.send(startup_message())
        for app in waiting:
            fields = app.read_fatal()
            assert fields["C"] == "08001" and "TLS handshake" in fields["M"]
    proxy.closed(len(cuts), reason="timeout")
    assert proxy.metric("upstream_connect_failures_total", reason="timeout") == len(cuts)
    assert proxy.metric("client_connections") == 0
    assert len(server.dialogues) == len(cuts)


def test_a_certificate_with_names_without_end(fake_behind_proxy, tmp_path):
    """libpq takes no error of more than 30,000 bytes before the login, and would tell the app nothing."""
    units = [x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "\u00fc" * 60) for _ in range(500)]
    issuer = root(name=x509.Name(units))
    leaf = issuer.issue(name=x509.Name(units[:100]), names=[f"{number}.example.com" for number in range(1000)])
    files = Certificate(tmp_path / "leaf.crt", tmp_path / "leaf.key")
    files.cert.write_bytes(leaf.pem)
    files.key.write_bytes(leaf.key_pem)
    _, proxy = fake_behind_proxy(lambda dialogue: dialogue.accept_tls(), certificate=files)
    words = told_by(proxy)["M"]
    assert len(words.encode()) < 1000 and words.count("\u2026") == 2
    proxy.closed(reason="certificate")
    assert max(map(len, proxy.lines)) < 2000


@pytest.mark.parametrize("ending", ["close", "reset"])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["TLS 1.2", "TLS 1.3"])
def test_a_handshake_that_ends_anywhere(fake_behind_proxy, certificates, version, ending):
    cuts = [where for cut_version, where in CUTS if cut_version == version]

    def script(dialogue):
        where = cuts[dialogue.server.dialogues.index(dialogue)]
        dialogue.send_clear(cut(first_flight(dialogue), where))
        getattr(dialogue, ending)()

    _, proxy = fake_behind_proxy(script, context=context_of(certificates.good, version))
    for _ in cuts:
        fields = told_by(proxy)
        assert fields["C"] == "08001" and "during the TLS handshake" in fields["M"]
    proxy.closed(len(cuts), reason="tls_handshake")


@pytest.mark.parametrize(
    "records",
    [
        pytest.param(b"\x16\x03\x03\xff\xff" + bytes(65535), id="a record longer than TLS has"),
        pytest.param(b"\x16\x03\x03\x00\x04\x02\xff\xff\xff", id="a ServerHello of 16 MB"),
        pytest.param(b"\x16\x03\x03\x00\x00" * 1000, id="empty records"),
        pytest.param(1000 * WARNING_ALERT, id="a thousand warnings"),
        pytest.param(b"\x17\x03\x03\x00\x10" + bytes(16), id="data before the handshake"),
        pytest.param(b"HTTP/1.1 400 Bad Request\r\n\r\n", id="HTTP"),
        pytest.param(random.Random(7).randbytes(5000), id="noise"),
    ],
)
def test_a_flight_that_is_none(fake_behind_proxy, records):
    def script(dialogue):
        dialogue.read_ssl_request()
        dialogue.send_clear(b"S")
        dialogue.receive()
        dialogue.send_clear(records)

    _, proxy = fake_behind_proxy(script)
    assert told_by(proxy)["C"] == "08001"
    proxy.closed(reason="tls_handshake")
    assert proxy.output.replace("\n", "").isprintable()


def test_a_chain_without_end(fake_behind_proxy, certificates, tmp_path):
    """A verified chain is short; what one that is not may cost is bounded."""
    chain = tmp_path / "long.crt"
    chain.write_bytes(certificates.good.cert.read_bytes() + 500 * certificates.root.read_bytes())
    _, proxy = fake_behind_proxy(
        lambda dialogue: dialogue.accept_startup(), certificate=Certificate(chain, certificates.good.key)
    )
    assert "excessive message size" in told_by(proxy)["D"]
    proxy.closed(reason="tls_handshake")


@pytest.mark.parametrize("ending", ["close", "reset", "end_sending"])
def test_the_end_right_behind_the_handshake(fake_behind_proxy, ending):
    def script(dialogue):
        dialogue.accept_tls()
        getattr(dialogue, ending)()

    _, proxy = fake_behind_proxy(script)
    assert told_by(proxy)["C"] == "08006"
    proxy.closed(reason="upstream_lost")
    assert proxy.metric("client_connections") == 0


def test_an_alert_behind_the_handshake(fake_behind_proxy, certificates):
    """In TLS 1.3 a server that misses the client's certificate says so when the handshake is over for the client."""
    context = context_of(certificates.good, ssl.TLSVersion.TLSv1_3)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(certificates.root)

    def script(dialogue):
        with contextlib.suppress(ssl.SSLError):
            dialogue.accept_tls()
        dialogue.tls = None

    _, proxy = fake_behind_proxy(script, context=context)
    fields = told_by(proxy)
    assert fields["C"] == "08001" and "certificate required" in fields["D"] and "set sslcert" in fields["H"]
    proxy.closed(reason="tls_handshake")


@pytest.mark.parametrize("behind", [False, True], ids=["before AuthenticationOk", "behind it"])
def test_a_hundred_thousand_parameters(fake_behind_proxy, behind):
    flood = b"".join(message(b"S", b"name\0%d\0" % number) for number in range(100_000))
    data = AUTHENTICATION_OK + flood if behind else flood + AUTHENTICATION_OK

    def script(dialogue):
        dialogue.accept_startup()
        dialogue.write(data + READY_FOR_QUERY)

    _, proxy = fake_behind_proxy(script)
    with Client(proxy.address()) as app:
        app.send(startup_message())
        assert app.read(len(data) + len(READY_FOR_QUERY)) == data + READY_FOR_QUERY


def test_keys_of_every_length(fake_behind_proxy):
    """BackendKeyData has 4 bytes of key up to protocol 3.1, and up to 256 in 3.2."""
    keys = [message(b"K", struct.pack("!i", 4711) + bytes(length)) for length in range(4, 257)]
    data = AUTHENTICATION_OK + b"".join(keys) + READY_FOR_QUERY

    def script(dialogue):
        dialogue.accept_startup()
        dialogue.write(data)

    _, proxy = fake_behind_proxy(script)
    with Client(proxy.address()) as app:
        app.send(startup_message())
        assert app.read(len(data)) == data


@pytest.mark.parametrize("length", [0, 3, -1, -(2**31), 2**31 - 1])
def test_a_length_that_lies_in_a_session(fake_behind_proxy, length):
    """The stream has no boundaries any more: the bytes go through, and nothing is glued to them."""
    lie = struct.pack("!ci", b"D", length) + b"words"

    def script(dialogue):
        dialogue.accept_session()
        dialogue.read_message()
        dialogue.write(lie)
        dialogue.close()

    _, proxy = fake_behind_proxy(script)
    with Client(proxy.address()) as app:
        log_in(app)
        app.send(query("SELECT 1"))
        assert app.read_all() == lie
    proxy.closed(reason="upstream_lost")


def test_a_reset_in_the_middle_of_a_result(fake_behind_proxy):
    """RST destroys what is in flight: what arrives is the beginning, with a word of the proxy's only between messages."""
    rows = 5000 * message(b"D", bytes(range(200)))

    def script(dialogue):
        dialogue.accept_session()
        dialogue.read_message()
        dialogue.write(rows)
        dialogue.reset()

    _, proxy = fake_behind_proxy(script)
    with Client(proxy.address()) as app:
        log_in(app)
        app.send(query("SELECT rows"))
        data = app.read_all()
    messages, rest = split(data)
    if messages and messages[-1][0] == b"E":
        assert parse_error(messages.pop()[1])["C"] == "08006" and rest == b""
    arrived = b"".join(message(tag, body) for tag, body in messages) + rest
    assert rows.startswith(arrived)
    proxy.closed(reason="upstream_lost")


def test_a_flood_of_key_updates(fake_behind_proxy, certificates):
    """Each demands an answer, and the server reads none before it has sent them all and its rows."""
    rows = 100 * message(b"D", bytes(5000))
    updates = 3000

    def script(dialogue):
        dialogue.accept_session()
        dialogue.read_message()
        dialogue.write_through(lambda tls: [update_keys(tls) for _ in range(updates)])
        dialogue.write(rows)

    _, proxy = fake_behind_proxy(script, context=context_of(certificates.good, ssl.TLSVersion.TLSv1_3))
    with Client(proxy.address()) as app:
        log_in(app)
        app.send(query("SELECT rows"))
        assert app.read(len(rows)) == rows
    assert proxy.closed()["reason"] == "client_closed"


def test_a_renegotiation_is_refused(fake_behind_proxy, certificates):
    """It would let the server change its certificate behind our back. What it sends before it gives up arrives."""
    row = message(b"D", b"row")

    def script(dialogue):
        dialogue.accept_session()
        dialogue.read_message()
        dialogue.write_through(ask_for_renegotiation)
        dialogue.write(row)
        with pytest.raises(ssl.SSLError, match="NO_RENEGOTIATION"):
            dialogue.read_message()
        dialogue.tls = None

    server, proxy = fake_behind_proxy(script, context=context_of(certificates.good, ssl.TLSVersion.TLSv1_2))
    with Client(proxy.address()) as app:
        log_in(app)
        app.send(query("SELECT row"))
        assert app.read(len(row)) == row
        server.dialogue()
    proxy.closed()
