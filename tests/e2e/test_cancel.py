"""A cancel request is a connection of its own, and the one that other proxies send in clear."""

import signal
import struct
import threading

import psycopg2
import pytest

from support.postgres import PSQL, free_port, sleep_that_says
from support.process import DEADLINE, Process
from support.proxy import verified_upstream
from support.wire import AUTHENTICATION_OK, READY_FOR_QUERY, Client, cancel_request, message, startup_message

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


def accept_session_or_cancel(dialogue):
    """The session may be cancelled with `KEY`."""
    dialogue.accept_startup()
    if dialogue.startup == KEY:
        dialogue.close()
    else:
        dialogue.write(AUTHENTICATION_OK + message(b"K", KEY[8:]) + READY_FOR_QUERY)


def cancel_a_session(proxy, before=lambda: None):
    """Log in, call `before`, and cancel the session over a connection of its own."""
    with Client(proxy.address()) as session:
        session.send(startup_message())
        session.read_until(b"Z")
        before()
        with Client(proxy.address()) as canceller:
            canceller.send(KEY)
            assert canceller.read_all() == b""
        proxy.closed(reason="cancel_request")
    proxy.closed(2)


def test_it_goes_to_the_server_of_the_session(start_fake, start_proxy, certificates):
    """Another one of the list, though it comes first, knows nothing of the key."""
    port = free_port()
    second = start_fake(accept_session_or_cancel)
    targets = f"host=localhost,localhost hostaddr=127.0.0.1,127.0.0.1 port={port},{second.port}"
    proxy = start_proxy(f"{targets} sslrootcert='{certificates.root}'")
    cancel_a_session(proxy, lambda: start_fake(accept_session_or_cancel, address=("127.0.0.1", port)))
    assert [dialogue.startup for dialogue in second.dialogues] == [startup_message(), KEY]


def test_it_goes_to_the_server_of_the_session_after_a_reload(start_fake, start_proxy, certificates):
    server, other = start_fake(accept_session_or_cancel), start_fake(accept_session_or_cancel)

    def settings(upstream):
        conninfo = verified_upstream(upstream.port, certificates.root)
        return f'[[listener]]\nname = "main"\naddress = "127.0.0.1:0"\nupstream = "{conninfo}"\n'

    proxy = start_proxy(settings=settings(server), listen=())

    def reload():
        proxy.configuration.write_text(settings(other))
        proxy.send_signal(signal.SIGHUP)
        proxy.wait_for("reloaded")

    cancel_a_session(proxy, reload)
    assert [dialogue.startup for dialogue in server.dialogues] == [startup_message(), KEY]


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
