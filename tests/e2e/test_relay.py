"""Bytes both ways in a session: half-close, and an end that reads more slowly than the other writes."""

import hashlib
import queue
import random
import re
import select
import socket
from pathlib import Path

from support.process import DEADLINE
from support.scram import log_in
from support.wire import AUTHENTICATION_OK, READY_FOR_QUERY, Client, message, query, split, startup_message

LOGIN = AUTHENTICATION_OK + READY_FOR_QUERY
MEGABYTE = 1 << 20
MORE_THAN_ALL_BUFFERS = 64 * MEGABYTE


def start_session(app):
    app.send(startup_message())
    assert app.read(len(LOGIN)) == LOGIN


def test_the_answer_comes_whole_after_the_app_has_ended_its_side(proxy, postgres):
    """A half-close is no close: a script that pipes queries and sends EOF still wants all of the rows."""
    with Client(proxy.address()) as app:
        app.send(startup_message(user=postgres.login.user))
        log_in(app, postgres.login.password)
        app.read_until(b"Z")
        app.send(query("SELECT repeat('x', 1000) FROM generate_series(1, 20000)"))
        app.end_sending()
        messages, rest = split(app.read_all())
    tags = [tag for tag, _ in messages]
    assert tags == [b"T"] + 20_000 * [b"D"] + [b"C", b"Z"] and rest == b""
    assert "error" not in proxy.closed()


def test_the_server_sees_the_half_close_and_may_go_on_talking(fake_behind_proxy):
    late = message(b"D", b"late")

    def script(dialogue):
        dialogue.accept_session()
        dialogue.heard = dialogue.read_all()
        # A FIN behind the close_notify: PostgreSQL's client_connection_check_interval looks for nothing else.
        assert dialogue.receive() == b""
        dialogue.write(late)
        dialogue.end_sending()

    server, proxy = fake_behind_proxy(script)
    with Client(proxy.address()) as app:
        start_session(app)
        app.send(query("last words"))
        app.end_sending()
        assert app.read_all().startswith(late)
    proxy.closed()
    assert server.dialogue().heard == query("last words")


def test_random_bytes_in_random_pieces(fake_behind_proxy):
    """Both directions at once, in pieces of every size: nothing is lost, doubled or moved."""
    source = random.Random(2)
    pieces = [message(b"d", source.randbytes(source.randrange(40_000))) for _ in range(300)]
    data = b"".join(pieces)

    def script(dialogue):
        dialogue.accept_session()
        for piece in pieces:
            dialogue.write(piece)
        dialogue.heard = dialogue.read(len(data))

    server, proxy = fake_behind_proxy(script)
    with Client(proxy.address()) as app:
        start_session(app)
        received, to_send = bytearray(), memoryview(data)
        app.socket.setblocking(False)
        while len(received) < len(data) or to_send:
            readable, writable, _ = select.select([app.socket], [app.socket] if to_send else [], [], 60)
            assert readable or writable, "the relay stands still"
            if readable:
                received += app.socket.recv(source.randrange(1, 100_000))
            if writable:
                to_send = to_send[app.socket.send(to_send[: source.randrange(1, 100_000)]) :]
        heard = server.dialogue().heard
    assert received == data
    assert heard == data


def fill(sock, write, piece):
    """Write until nobody has taken a byte for a second; returns how many went."""
    count = 0
    while count < MORE_THAN_ALL_BUFFERS and select.select([], [sock], [], 1)[1]:
        count += write(piece)
    return count


def test_a_server_that_reads_nothing_stops_the_app(fake_behind_proxy):
    """Backpressure: the proxy holds no more than its bound, the app's own send() is what waits."""

    def script(dialogue):
        dialogue.accept_session()
        dialogue.server.released.wait(60)
        dialogue.digest = hashlib.sha256(dialogue.read_all()).digest()

    server, proxy = fake_behind_proxy(script)
    sent = hashlib.sha256()
    with Client(proxy.address()) as app:
        start_session(app)
        app.socket.setblocking(False)

        def write(piece):
            count = app.socket.send(piece)
            sent.update(piece[:count])
            return count

        before = resident_bytes(proxy)
        count = fill(app.socket, write, message(b"d", bytes(MEGABYTE)))
        assert count < MORE_THAN_ALL_BUFFERS, "the proxy takes everything, and keeps it"
        assert resident_bytes(proxy) - before < 8 * MEGABYTE
        server.released.set()
        app.socket.setblocking(True)
        app.end_sending()
        app.read_all()
    assert server.dialogue().digest == sent.digest()


def test_an_app_that_reads_nothing_stops_the_server(fake_behind_proxy):
    piece = message(b"d", bytes(16379))
    counts = queue.Queue()

    def script(dialogue):
        dialogue.accept_session()
        dialogue.read_message()
        counts.put(fill(dialogue.socket, lambda data: dialogue.write(data) or len(data), piece))
        dialogue.end_sending()

    _, proxy = fake_behind_proxy(script)
    with Client(proxy.address()) as app:
        app.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        start_session(app)
        before = resident_bytes(proxy)
        app.send(query("SELECT everything"))
        count = counts.get(timeout=DEADLINE)
        assert resident_bytes(proxy) - before < 8 * MEGABYTE
        data = app.read_all()
    assert len(piece) < count < MORE_THAN_ALL_BUFFERS
    assert data[:count] == (count // len(piece)) * piece


def resident_bytes(proxy):
    with open(f"/proc/{proxy.pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * 4096


def test_the_event_loop_waits_for_bytes_alone(fake_behind_proxy):
    """A socket that is watched for room to write wakes its worker whenever the other side acknowledges something."""
    _, proxy = fake_behind_proxy(lambda dialogue: dialogue.accept_session())
    with Client(proxy.address()) as app:
        start_session(app)
        watched = [
            int(events, 16)
            for information in Path(f"/proc/{proxy.pid}/fdinfo").iterdir()
            for events in re.findall(r"^tfd: .* events: +(\w+)", information.read_text(), re.MULTILINE)
        ]
    assert len(watched) >= 4
    assert not [events for events in watched if events & select.EPOLLOUT]
