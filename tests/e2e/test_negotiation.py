"""What an app may ask before its StartupMessage; libpq's defaults ask for GSS encryption, then TLS."""

import pytest

from support.wire import (
    AUTHENTICATION_OK,
    GSSENC_REQUEST,
    READY_FOR_QUERY,
    SSL_REQUEST,
    Client,
    parse_error,
    split,
    startup_message,
)

REQUESTS = {"ssl": SSL_REQUEST, "gss": GSSENC_REQUEST}


@pytest.mark.parametrize(
    "order",
    [
        ["ssl"],
        ["gss"],
        ["ssl", "gss"],
        ["gss", "ssl"],
        ["ssl", "ssl"],
        ["gss", "gss"],
        ["gss", "ssl", "gss", "ssl"],
    ],
    ids="-".join,
)
def test_each_request_is_declined_and_the_app_goes_on(fake_behind_proxy, order):
    server, proxy = fake_behind_proxy(lambda dialogue: dialogue.accept_session())
    with Client(proxy.address()) as app:
        for name in order:
            app.send(REQUESTS[name])
            assert app.read(1) == b"N"
        app.send(startup_message())
        assert app.read(len(AUTHENTICATION_OK)) == AUTHENTICATION_OK
    proxy.closed()
    assert server.dialogue().startup == startup_message()


def test_all_of_it_in_one_segment(fake_behind_proxy):
    """An app may be impatient; since the answer is 'N' the bytes behind a request are plain startup bytes."""
    server, proxy = fake_behind_proxy(lambda dialogue: dialogue.accept_session())
    with Client(proxy.address()) as app:
        app.send(GSSENC_REQUEST + SSL_REQUEST + startup_message())
        expected = b"NN" + AUTHENTICATION_OK + READY_FOR_QUERY
        assert app.read(len(expected)) == expected
    proxy.closed()
    assert server.dialogue().startup == startup_message()


def test_a_startup_message_one_byte_at_a_time(fake_behind_proxy):
    server, proxy = fake_behind_proxy(lambda dialogue: dialogue.accept_session())
    with Client(proxy.address()) as app:
        for byte in SSL_REQUEST + startup_message():
            app.send(bytes((byte,)))
        expected = b"N" + AUTHENTICATION_OK + READY_FOR_QUERY
        assert app.read(len(expected)) == expected
    proxy.closed()
    assert server.dialogue().startup == startup_message()


@pytest.mark.parametrize("name", REQUESTS)
def test_who_keeps_asking_is_sent_away(fake_behind_proxy, name):
    """Once each is all that a client needs; who asks for ever must not hold a connection for ever."""
    server, proxy = fake_behind_proxy(lambda dialogue: dialogue.accept_session())
    with Client(proxy.address()) as app:
        app.send(10 * REQUESTS[name])
        messages, rest = split(app.read_all().lstrip(b"N"))
    assert [parse_error(body)["C"] for _, body in messages] == ["08P01"] and rest == b""
    proxy.closed(reason="startup_invalid")
    assert server.dialogues == []


@pytest.mark.parametrize("minor", [0, 2, 9999])
def test_every_minor_version_is_passed_on(fake_behind_proxy, minor):
    """The server negotiates minor versions; libpq 19 asks for one that does not exist, to see who chokes."""
    packet = startup_message(minor=minor, _pq_=f"option {minor}")
    server, proxy = fake_behind_proxy(lambda dialogue: dialogue.accept_session())
    with Client(proxy.address()) as app:
        app.send(packet)
        assert app.read(len(AUTHENTICATION_OK)) == AUTHENTICATION_OK
    proxy.closed()
    assert server.dialogue().startup == packet


def test_what_the_app_sends_behind_its_startup_message_is_kept(fake_behind_proxy):
    """A client that knows it needs no password may send its first query at once."""

    def script(dialogue):
        dialogue.accept_startup()
        dialogue.query = dialogue.read(5)
        dialogue.write(AUTHENTICATION_OK)

    server, proxy = fake_behind_proxy(script)
    with Client(proxy.address()) as app:
        app.send(startup_message() + b"S\0\0\0\x04")
        assert app.read_message() == (b"R", bytes(4))
    assert server.dialogue().query == b"S\0\0\0\x04"
