"""Between StartupMessage and AuthenticationOk the proxy reads along, to take channel binding out of the offer."""

import struct

import pytest

from support.wire import (
    AUTHENTICATION_OK,
    READY_FOR_QUERY,
    Client,
    authentication_sasl,
    error_response,
    message,
    split,
    startup_message,
)

PLAIN, PLUS = "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"
MANY = [f"MECHANISM-{number}" for number in range(500)]


def app_reads(proxy, count):
    """What an app gets in answer to its StartupMessage: `count` bytes."""
    with Client(proxy.address()) as app:
        app.send(startup_message())
        return app.read(count)


def server_writes(data, each_byte=False):
    def script(dialogue):
        dialogue.accept_startup()
        (dialogue.write_each_byte if each_byte else dialogue.write)(data)

    return script


@pytest.mark.parametrize("each_byte", [False, True], ids=["one record", "a record per byte"])
@pytest.mark.parametrize(
    "offered, left",
    [
        pytest.param([PLUS, PLAIN], [PLAIN], id="first"),
        pytest.param([PLAIN, PLUS], [PLAIN], id="last"),
        pytest.param(["OAUTHBEARER", PLUS, PLAIN], ["OAUTHBEARER", PLAIN], id="in the middle"),
        pytest.param([PLAIN], [PLAIN], id="not at all"),
        pytest.param([PLUS, PLUS, PLAIN], [PLAIN], id="twice"),
        pytest.param(MANY[:250] + [PLUS] + MANY[250:], MANY, id="among many"),
    ],
)
def test_channel_binding_is_taken_out_of_the_offer(fake_behind_proxy, offered, left, each_byte):
    expected = authentication_sasl(*left) + AUTHENTICATION_OK + READY_FOR_QUERY
    script = server_writes(authentication_sasl(*offered) + AUTHENTICATION_OK + READY_FOR_QUERY, each_byte)
    _, proxy = fake_behind_proxy(script)
    assert app_reads(proxy, len(expected)) == expected


def test_nothing_is_left_of_the_offer(fake_behind_proxy):
    """The app could only answer with channel binding, which its plaintext leg has not."""
    _, proxy = fake_behind_proxy(server_writes(authentication_sasl(PLUS)))
    with Client(proxy.address()) as app:
        app.send(startup_message())
        fields = app.read_fatal()
    assert "channel binding" in fields["M"]
    assert proxy.closed()["error"] in fields["M"]


@pytest.mark.parametrize("each_byte", [False, True], ids=["one record", "a record per byte"])
def test_all_behind_authentication_ok_is_opaque(fake_behind_proxy, each_byte):
    """What would be an offer before AuthenticationOk is data behind it."""
    data = AUTHENTICATION_OK + message(b"D", b"row") + authentication_sasl(PLUS, PLAIN) + READY_FOR_QUERY
    _, proxy = fake_behind_proxy(server_writes(data, each_byte))
    assert app_reads(proxy, len(data)) == data


@pytest.mark.parametrize(
    "exchange",
    [
        pytest.param([message(b"R", struct.pack("!i", 3))], id="cleartext password"),
        pytest.param([message(b"R", struct.pack("!i4s", 5, b"salt"))], id="md5"),
        pytest.param([message(b"R", struct.pack("!i", 11) + b"challenge")], id="SASL continue"),
        pytest.param([message(b"v", struct.pack("!ii", 0, 1) + b"_pq_.x\0")], id="NegotiateProtocolVersion"),
        pytest.param([message(b"N", b"SNOTICE\0Mhello\0\0")], id="a notice first"),
    ],
)
def test_other_ways_to_log_in_pass_through(fake_behind_proxy, exchange):
    """Requests of the server and answers of the app, byte for byte, either way."""
    answer = message(b"p", b"secret\0")

    def script(dialogue):
        dialogue.accept_startup()
        for request in exchange:
            dialogue.write(request)
            dialogue.answer = dialogue.read(len(answer))
        dialogue.write(AUTHENTICATION_OK)

    server, proxy = fake_behind_proxy(script)
    with Client(proxy.address()) as app:
        app.send(startup_message())
        for request in exchange:
            assert app.read(len(request)) == request
            app.send(answer)
        assert app.read(len(AUTHENTICATION_OK)) == AUTHENTICATION_OK
    assert server.dialogue().answer == answer
    assert "secret" not in proxy.output


def test_a_long_token_passes(fake_behind_proxy):
    """An Entra ID token in place of a password has about 6,900 characters."""
    token = message(b"p", b"x" * 100_000 + b"\0")

    def script(dialogue):
        dialogue.accept_startup()
        dialogue.write(message(b"R", struct.pack("!i", 3)))
        dialogue.answer = dialogue.read(len(token))
        dialogue.write(AUTHENTICATION_OK)

    server, proxy = fake_behind_proxy(script)
    with Client(proxy.address()) as app:
        app.send(startup_message())
        app.read_message()
        app.send(token)
        assert app.read(len(AUTHENTICATION_OK)) == AUTHENTICATION_OK
    assert server.dialogue().answer == token


@pytest.mark.parametrize("length", [0, 3, 4, -1, 2**31 - 1])
def test_a_length_that_cannot_be(fake_behind_proxy, length):
    """Before AuthenticationOk nothing is long; a lie about it ends the session with a reason."""
    _, proxy = fake_behind_proxy(server_writes(struct.pack("!cii", b"R", length, 10)))
    with Client(proxy.address()) as app:
        app.send(startup_message())
        fields = app.read_fatal()
    assert fields["C"].startswith("08")
    assert proxy.closed()["error"] in fields["M"]


def test_the_servers_own_refusal_is_the_last_word(fake_behind_proxy):
    """What came through TLS is relayed byte for byte, and nothing is added to it."""
    refusal = error_response(sqlstate="28P01", text="password authentication failed")

    def script(dialogue):
        dialogue.accept_startup()
        dialogue.write(refusal)
        dialogue.close()

    _, proxy = fake_behind_proxy(script)
    with Client(proxy.address()) as app:
        app.send(startup_message())
        assert app.read_all() == refusal


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"", id="before a message"),
        pytest.param(authentication_sasl(PLAIN), id="between messages"),
        pytest.param(authentication_sasl(PLAIN, PLUS)[:-3], id="in the middle of an offer"),
    ],
)
def test_a_server_that_leaves_during_authentication(fake_behind_proxy, sent):
    def script(dialogue):
        dialogue.accept_startup()
        dialogue.write(sent)
        dialogue.close()

    _, proxy = fake_behind_proxy(script)
    with Client(proxy.address()) as app:
        app.send(startup_message())
        messages, rest = split(app.read_all())
    assert messages[-1][0] == b"E" and rest == b""
    assert b"C08006\0" in messages[-1][1]
    proxy.closed(reason="upstream_lost")
    assert proxy.metric("client_connections_closed_total", reason="upstream_lost") == 1


def test_a_server_that_leaves_in_the_middle_of_a_message_that_is_passed_on(fake_behind_proxy):
    """The app has half a message already: an ErrorResponse would be read as its other half."""
    half = message(b"N", b"SNOTICE\0Mhello\0\0")[:-4]

    def script(dialogue):
        dialogue.accept_startup()
        dialogue.write(half)
        dialogue.close()

    _, proxy = fake_behind_proxy(script)
    with Client(proxy.address()) as app:
        app.send(startup_message())
        assert app.read_all() == half
    proxy.closed(reason="upstream_lost")
