"""A cancel request is a connection of its own, and the one that other proxies send in clear."""

import signal
import struct
import threading

import psycopg2
import pytest

from support.postgres import PSQL, sleep_that_says
from support.process import DEADLINE, Process
from support.wire import AUTHENTICATION_OK, Client, cancel_request, startup_message

KEY = cancel_request(4711, b"\x01\x02\x03\x04")


def test_control_c_in_psql(proxy, postgres, client_environment):
    """psql sends a CancelRequest on SIGINT and the query ends with 57014."""
    command = [PSQL, "--no-psqlrc", "--set", "VERBOSITY=sqlstate", "--command", sleep_that_says("psql sleeps")]
    psql = Process(command, env=client_environment)
    postgres.wait_for_log("LOG:  psql sleeps")
    psql.send_signal(signal.SIGINT)
    assert psql.wait() == 1
    assert "ERROR:  57014" in psql.output


def test_cancel_from_psycopg2(proxy, postgres, connect):
    sleeper = connect()
    errors = []

    def sleep():
        try:
            sleeper.cursor().execute(sleep_that_says("psycopg2 sleeps"))
        except psycopg2.Error as error:
            errors.append(error.pgcode)

    thread = threading.Thread(target=sleep, daemon=True)
    thread.start()
    postgres.wait_for_log("LOG:  psycopg2 sleeps")
    sleeper.cancel()
    thread.join(DEADLINE)
    assert errors == ["57014"]
    assert proxy.metric("cancel_requests_total", listener="main") == 1


@pytest.mark.parametrize("key_length", [4, 32, 256], ids=["protocol 3.0", "PostgreSQL 18", "longest in 3.2"])
def test_it_travels_in_tls(fake_behind_proxy, key_length):
    """The fake server sees nothing in clear but the SSLRequest, and inside TLS the app's very bytes."""
    request = cancel_request(4711, bytes(range(256))[:key_length])
    server, proxy = fake_behind_proxy(lambda dialogue: (dialogue.accept_startup(), dialogue.close()))
    with Client(proxy.address()) as app:
        app.send(request)
        assert app.read_all() == b""
    proxy.closed()
    assert [dialogue.startup for dialogue in server.dialogues] == [request]


def test_it_is_not_sent_to_a_server_that_fails_verification(fake_behind_proxy, certificates):
    """A key handed to an impostor lets it cancel queries; the app gets no answer to a cancel, only the end."""
    server, proxy = fake_behind_proxy(lambda dialogue: dialogue.accept_startup(), certificate=certificates.wrong_host)
    with Client(proxy.address()) as app:
        app.send(KEY)
        app.read_all()
    proxy.closed(reason="hostname")
    assert [dialogue.startup for dialogue in server.dialogues] == [b""]


@pytest.mark.parametrize("length", [12, 15, 10_005])
def test_a_key_of_impossible_length_is_refused(fake_behind_proxy, length):
    server, proxy = fake_behind_proxy(lambda dialogue: dialogue.accept_startup())
    with Client(proxy.address()) as app:
        app.send(struct.pack("!ihhi", length, 1234, 5678, 4711) + bytes(length - 12))
        app.read_all()
    proxy.closed(reason="startup_invalid")
    assert server.dialogues == []


def test_the_session_to_be_cancelled_is_untouched(fake_behind_proxy):
    """Two connections of one app: the cancel opens its own and leaves the first alone."""

    def script(dialogue):
        dialogue.accept_startup()
        if dialogue.startup == KEY:
            dialogue.close()
        else:
            dialogue.write(AUTHENTICATION_OK)

    server, proxy = fake_behind_proxy(script)
    with Client(proxy.address()) as session:
        session.send(startup_message())
        session.read_message()
        with Client(proxy.address()) as canceller:
            canceller.send(KEY)
            assert canceller.read_all() == b""
        proxy.closed()
        assert proxy.metric("client_connections", listener="main") == 1
    proxy.closed(2)
    assert len(server.dialogues) == 2
