"""Clients that do their worst. First bytes that are no startup packet stand in test_startup, and an app that stops
reading in test_relay.
"""

import contextlib
import socket
import struct

from support.process import DEADLINE
from support.wire import AUTHENTICATION_OK, READY_FOR_QUERY, Client, cancel_request, message, startup_message

LOGIN = AUTHENTICATION_OK + READY_FOR_QUERY


def log_in(app):
    app.send(startup_message())
    assert app.read(len(LOGIN)) == LOGIN


def reset(app):
    app.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    app.socket.close()


def test_a_packet_cut_at_every_length_never_reaches_the_server(fake_behind_proxy):
    server, proxy = fake_behind_proxy(lambda dialogue: dialogue.accept_session())
    packet = startup_message()
    for length in range(1, len(packet)):
        with Client(proxy.address()) as app:
            app.send(packet[:length])
            app.end_sending()
            assert app.read_fatal()["C"] == "08P01"
    assert proxy.metric("client_connections_closed_total", reason="startup_invalid") == len(packet) - 1
    assert server.dialogues == []


def test_a_good_client_gets_in_among_two_hundred_slow_ones(fake_behind_proxy):
    """Whoever has not said who he is holds no place, and is not waited for longer than startup_timeout."""
    server, proxy = fake_behind_proxy(
        lambda dialogue: dialogue.accept_session(),
        settings='[limits]\nmax_connections = 1\nstartup_timeout = "2s"\n',
    )
    with contextlib.ExitStack() as connections:
        slow = [connections.enter_context(Client(proxy.address())) for _ in range(200)]
        for app in slow:
            app.send(startup_message()[:7])
        with Client(proxy.address()) as good:
            log_in(good)
        for app in slow:
            assert app.read_fatal()["C"] == "08P01"
    proxy.closed(200, reason="startup_timeout")
    assert len(server.dialogues) == 1


def test_five_thousand_probes_never_reach_the_server(fake_behind_proxy):
    server, proxy = fake_behind_proxy(lambda dialogue: dialogue.accept_session())
    address = proxy.address()
    for _ in range(5000):
        socket.create_connection(address, DEADLINE).close()
    proxy.wait_until(lambda lines: len(lines) >= 5000 and sum("no_request" in line for line in lines) == 5000, "the end")
    assert server.dialogues == []
    assert proxy.metric("client_connections") == 0


def test_a_reset_in_the_middle_of_a_copy(fake_behind_proxy):
    """The server must notice at once: half a COPY is to be rolled back, not waited for."""

    def script(dialogue):
        dialogue.accept_session()
        dialogue.heard = dialogue.read_all()

    server, proxy = fake_behind_proxy(script)
    data = 100 * message(b"d", bytes(8192)) + message(b"d", bytes(8192))[:-1]
    app = Client(proxy.address())
    log_in(app)
    app.send(data)
    reset(app)
    assert data.startswith(server.dialogue().heard)
    proxy.closed(reason="client_lost")
    assert proxy.metric("client_connections") == 0


def test_a_cancel_with_a_wrong_key_cancels_nothing(connect, proxy, postgres):
    session = connect()
    cursor = session.cursor()
    for key in (b"\0\0\0\0", bytes(32), bytes(256)):
        with Client(proxy.address()) as canceller:
            canceller.send(cancel_request(session.info.backend_pid, key))
            assert canceller.read_all() == b""
    cursor.execute("SELECT 1")
    assert cursor.fetchone() == (1,)
    proxy.closed(3, reason="cancel_request")


def test_a_flood_of_cancels(fake_behind_proxy):
    """Each is a TLS connection; the flood ends with everything back where it was, and a session goes on meanwhile."""

    def script(dialogue):
        dialogue.accept_startup()
        if dialogue.startup == startup_message():
            dialogue.write(LOGIN)
            dialogue.write(dialogue.read(5))
        else:
            dialogue.close()

    server, proxy = fake_behind_proxy(script)
    with Client(proxy.address()) as session:
        log_in(session)
        with contextlib.ExitStack() as connections:
            flood = [connections.enter_context(Client(proxy.address())) for _ in range(200)]
            for number, canceller in enumerate(flood):
                canceller.send(cancel_request(number, b"wrong"))
            for canceller in flood:
                assert canceller.read_all() == b""
        session.send(message(b"S"))
        assert session.read(5) == message(b"S")
    proxy.closed(201)
    assert proxy.metric("cancel_requests_total") == 200
    assert proxy.metric("client_connections") == 0
    assert len(server.dialogues) == 201
