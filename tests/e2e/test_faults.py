"""What surrounds the proxy fails and comes back: so does the service, by itself and without anything left behind."""

import contextlib
import fcntl
import itertools
import os
import re
import resource
import signal
import socket
import struct
import subprocess
import threading
from pathlib import Path

import psycopg2
import pytest

from support.fake_server import FakeServer, server_context
from support.network import Cable, with_resolver
from support.postgres import POSTGRESQL_15, Cluster, free_port
from support.process import DEADLINE
from support.proxy import BINARY, environment, is_sanitized, verified_upstream
from support.wire import AUTHENTICATION_OK, READY_FOR_QUERY, SSL_REQUEST, Client, query, split, startup_message

LOGIN = AUTHENTICATION_OK + READY_FOR_QUERY
MEGABYTE = 1 << 20

CLOSING = 2
"""Connections of this test to the admin server that the proxy may not have closed yet."""


def accept(dialogue):
    dialogue.accept_session()


def log_in(app):
    app.send(startup_message())
    assert app.read(len(LOGIN)) == LOGIN


def gets_in(address):
    with Client(address) as app:
        app.send(startup_message())
        return app.read(len(LOGIN)) == LOGIN


def fails_with(proxy):
    with Client(proxy.address()) as app:
        app.send(startup_message())
        return app.read_fatal()


def check_that_it_serves(proxy, connections):
    """One more session, and with it the gauge is back at zero."""
    with Client(proxy.address()) as app:
        log_in(app)
    proxy.closed(connections)
    assert proxy.metric("client_connections") == 0


def descriptors(proxy):
    return len(os.listdir(f"/proc/{proxy.pid}/fd"))


def resident_bytes(proxy):
    return int(Path(f"/proc/{proxy.pid}/statm").read_text(encoding="ascii").split()[1]) * resource.getpagesize()


def test_a_server_that_is_killed_and_comes_back(start_proxy, certificates):
    """Under load: sessions break, answers are never wrong, and without a restart of the proxy all goes on."""
    cluster = Cluster(POSTGRESQL_15, certificates.good)
    try:
        proxy = start_proxy(verified_upstream(cluster.port, certificates.root))
        host, port = proxy.address()
        who = {"user": cluster.login.user, "password": cluster.login.password, "dbname": cluster.login.database}
        broken, restarted = threading.Event(), threading.Event()
        served, wrong = [], []

        def query_until_restarted(session):
            cursor = session.cursor()
            for turn in itertools.count():
                was_restarted = restarted.is_set()
                cursor.execute("SELECT %s, repeat('x', 5000)", (turn,))
                if cursor.fetchone() != (turn, 5000 * "x"):
                    wrong.append(turn)
                if was_restarted:
                    return

        def work():
            while True:
                try:
                    with contextlib.closing(psycopg2.connect(host=host, port=port, **who)) as session:
                        query_until_restarted(session)
                    served.append(True)
                    return
                except psycopg2.Error:
                    broken.set()
                    restarted.wait(DEADLINE)

        workers = [threading.Thread(target=work, daemon=True) for _ in range(4)]
        for worker in workers:
            worker.start()
        proxy.wait_until(lambda _: proxy.metric("client_connections") == 4, "four sessions")
        cluster.crash()
        assert broken.wait(DEADLINE)
        cluster.start()
        restarted.set()
        for worker in workers:
            worker.join(DEADLINE)
        assert len(served) == 4 and not wrong
        proxy.wait_until(lambda _: proxy.metric("client_connections") == 0, "the gauge at zero")
    finally:
        cluster.stop()


@pytest.fixture
def cable():
    try:
        cable = Cable()
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no network namespaces here: {error}")
    yield cable
    cable.close()


def test_a_network_that_is_cut_and_mended(cable, certificates, start_proxy, tmp_path):
    """A session is told by the keepalives, a new one by connect_timeout; both work again on a network that does."""
    server = cable.far.run(FakeServer, server_context(certificates.good), accept, ("10.0.0.2", 0))
    upstream = verified_upstream(
        server.port,
        certificates.root,
        hostaddr="10.0.0.2",
        connect_timeout=2,
        keepalives_idle=1,
        keepalives_interval=1,
        keepalives_count=2,
        tcp_user_timeout=2000,
    )
    path = tmp_path / "proxy.sock"
    proxy = cable.near.run(start_proxy, upstream, listen=(f"unix:{path}",))
    with Client(path) as session:
        log_in(session)
        cable.cut()
        messages, rest = split(session.read_all())
        assert [tag for tag, _ in messages] == [b"E"] and b"C08006\0" in messages[0][1] and rest == b""
    with Client(path) as app:
        app.send(startup_message())
        assert app.read_fatal()["C"] == "08001"
    cable.mend()
    # The kernel takes a moment to see it, and tells until then that there is no way.
    attempts = next(number for number in range(1, 100) if gets_in(path))
    proxy.closed(2 + attempts)
    assert cable.near.run(proxy.metric, "client_connections") == 0
    # The connection that the proxy gave up may still be open on this side of the cut.
    with contextlib.suppress(OSError):
        server.dialogue().socket.shutdown(socket.SHUT_RDWR)
    server.stop()


def test_keepalives_towards_another_machine(cable, certificates, start_proxy):
    """An app that vanishes together with its machine says nothing, and would keep its session for ever."""
    upstream = verified_upstream(1, certificates.root)
    settings = '[[listener]]\nname = "main"\naddress = "10.0.0.1:0"\nallow_remote_clients = true\n'
    proxy = cable.near.run(start_proxy, settings=f'{settings}upstream = "{upstream}"\n', listen=())
    with cable.far.run(Client, proxy.address()) as app:
        app.send(SSL_REQUEST)
        assert app.read(1) == b"N"
        assert cable.near.run(timers_of_established) == [KEEPALIVE]


KEEPALIVE = 2


def timers_of_established():
    """The kinds of the timers that run for connections, as in /proc/net/tcp."""
    established = "01"
    rows = [row.split() for row in Path("/proc/thread-self/net/tcp").read_text().splitlines()[1:]]
    return [int(row[5].partition(":")[0], 16) for row in rows if row[3] == established]


class Resolver:
    """A DNS server that knows one address, and says nothing while it is silent."""

    address = "127.54.0.1"

    def __init__(self):
        self.silent = threading.Event()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((self.address, 53))
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self):
        self._socket.close()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                request, sender = self._socket.recvfrom(512)
                if not self.silent.is_set():
                    self._socket.sendto(self._answer(request), sender)

    @staticmethod
    def _answer(request):
        end = request.index(b"\0", 12) + 5
        wants_address = request[end - 4 : end - 2] == b"\0\x01"
        record = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 0, 4) + socket.inet_aton("127.0.0.1")
        header = request[:2] + struct.pack("!HHHHH", 0x8180, 1, int(wants_address), 0, 0)
        return header + request[12:end] + (record if wants_address else b"")


def test_a_resolver_that_stops_answering(start_fake, start_proxy, certificates, tmp_path):
    try:
        resolver = Resolver()
    except PermissionError as error:
        pytest.skip(f"no port 53 here: {error}")
    configuration = tmp_path / "resolv.conf"
    configuration.write_text(f"nameserver {resolver.address}\noptions timeout:1 attempts:1\n")
    resolver.silent.set()
    server = start_fake(accept)
    upstream = verified_upstream(
        server.port, certificates.root, host="db.test", hostaddr=None, sslmode="verify-ca", connect_timeout=2
    )
    with contextlib.closing(resolver):
        try:
            proxy = with_resolver(configuration, start_proxy, upstream)
        except (OSError, subprocess.CalledProcessError) as error:
            pytest.skip(f"no mount namespaces here: {error}")
        fields = fails_with(proxy)
        assert fields["C"] == "08001" and re.search("resolving|db.test", fields["M"])
        resolver.silent.clear()
        check_that_it_serves(proxy, 2)
        # What is known already may be used again, but nobody is left waiting.
        resolver.silent.set()
        with Client(proxy.address()) as app:
            app.send(startup_message())
            assert app.read(1) in (b"R", b"E")


def test_no_descriptors_left(fake_behind_proxy):
    """Connections wait or are refused with a reason; once descriptors are free, all is as before."""
    settings = '[limits]\nworkers = 1\nstartup_timeout = "2s"\n[log]\nmax_repeats = 0\n'
    _, proxy = fake_behind_proxy(accept, connect_timeout=2, settings=settings)
    check_that_it_serves(proxy, 1)
    before = descriptors(proxy)
    resource.prlimit(proxy.pid, resource.RLIMIT_NOFILE, (before + 20, before + 20))
    with contextlib.ExitStack() as connections:
        apps = [connections.enter_context(Client(proxy.address())) for _ in range(60)]
        for app in apps:
            app.send(startup_message())
        assert proxy.wait_for("cannot accept connections for now")["error"] == "Too many open files"
        answers = [app.socket.recv(1) for app in apps[:5]]
        assert set(answers) <= {b"R", b"E"}
        assert "open files" in proxy.wait_for("connection closed", reason="too_many_connections")["error"]
    proxy.wait_until(lambda lines: sum("connection closed" in line for line in lines) == 61, "all the ends")
    assert proxy.metric("upstream_connect_failures_total", reason="connect") == 0, "the server is not to blame"
    check_that_it_serves(proxy, 62)
    assert descriptors(proxy) <= before + CLOSING


def test_a_log_without_room(start_fake, certificates, tmp_path):
    """What cannot be logged is lost, and nothing else is."""
    server = start_fake(accept)
    path, port = tmp_path / "proxy.sock", free_port()
    options = ["--listen", f"unix:{path}", "--admin", f"127.0.0.1:{port}", "--log-level", "debug"]
    command = [str(BINARY), "run", *options, "--upstream", verified_upstream(server.port, certificates.root)]
    with open("/dev/full", "wb") as full:
        proxy = subprocess.Popen(command, env=environment(tmp_path), stdin=subprocess.DEVNULL, stderr=full)
    try:
        wait = [str(BINARY), "healthcheck", "--admin", f"127.0.0.1:{port}", "--wait", "20"]
        subprocess.run(wait, env=environment(tmp_path), check=True, capture_output=True, timeout=DEADLINE)
        for _ in range(20):
            with Client(path) as app:
                log_in(app)
    finally:
        proxy.terminate()
    assert proxy.wait(DEADLINE) == 0


def test_a_log_that_nobody_reads(start_fake, certificates, tmp_path):
    """Sessions do not wait for the reader of a pipe; when it reads again, it hears how many lines it has missed."""
    server = start_fake(accept)
    path = tmp_path / "proxy.sock"
    options = ["--listen", f"unix:{path}", "--admin", "off", "--log-level", "debug"]
    command = [str(BINARY), "run", *options, "--upstream", verified_upstream(server.port, certificates.root)]
    proxy = subprocess.Popen(command, env=environment(tmp_path), stderr=subprocess.PIPE, text=True)
    try:
        while " ready " not in (line := proxy.stderr.readline()):
            assert line, "the proxy has ended"
        fcntl.fcntl(proxy.stderr, fcntl.F_SETPIPE_SZ, 4096)
        for _ in range(50):
            with Client(path) as app:
                log_in(app)
        assert any(re.search("log lines lost since_start=[1-9]", line) for line in proxy.stderr)
    finally:
        proxy.terminate()
        proxy.stderr.close()
    assert proxy.wait(DEADLINE) == 0


def test_a_storm_of_reloads(fake_behind_proxy):
    _, proxy = fake_behind_proxy(accept, settings="[limits]\nworkers = 1\n")
    check_that_it_serves(proxy, 1)
    before = descriptors(proxy)
    for _ in range(50):
        for _ in range(10):
            proxy.send_signal(signal.SIGHUP)
        with Client(proxy.address()) as app:
            log_in(app)
    proxy.wait_for("reloaded")
    check_that_it_serves(proxy, 52)
    assert proxy.metric("config_reloads_total", result="failure") in (None, 0)
    assert descriptors(proxy) <= before + CLOSING


def test_a_clock_that_jumps(start_fake, start_proxy, certificates, tmp_path):
    """Certificates are judged by the time there is; sessions, timers and what comes afterwards are not touched by it."""
    if is_sanitized():
        pytest.skip("a sanitizer must be loaded first, and so must the clock")
    clock = tmp_path / "clock"

    def jump(offset):
        (tmp_path / "next").write_text(offset)
        (tmp_path / "next").rename(clock)

    def answer_one_query(dialogue):
        dialogue.accept_session()
        dialogue.read_message()
        dialogue.write(READY_FOR_QUERY)

    jump("+0")
    proxy = start_proxy(
        verified_upstream(start_fake(answer_one_query).port, certificates.root),
        variables={
            "LD_PRELOAD": next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")),
            "FAKETIME_TIMESTAMP_FILE": clock,
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        },
    )
    with Client(proxy.address()) as session:
        log_in(session)
        jump("+20y")
        fields = fails_with(proxy)
        assert fields["C"] == "08001" and "expired" in fields["M"] + fields["D"]
        jump("-20y")
        fields = fails_with(proxy)
        assert fields["C"] == "08001" and "is not valid before" in fields["M"] + fields["D"]
        jump("+0")
        with Client(proxy.address()) as late:
            log_in(late)
            for app in (session, late):
                app.send(query("SELECT 1"))
                assert app.read(len(READY_FOR_QUERY)) == READY_FOR_QUERY
    proxy.closed(4)
    assert proxy.metric("client_connections") == 0


def test_two_thousand_sessions_leave_nothing_behind(fake_behind_proxy):
    """bench/soak.py --connects takes as many as wanted."""

    def connect(count):
        address = proxy.address()
        for _ in range(count):
            with Client(address) as app:
                log_in(app)
        total = proxy.metric("client_connections_total")
        proxy.wait_until(
            lambda lines: len(lines) > total and sum("connection closed" in line for line in lines) == total, "the ends"
        )

    _, proxy = fake_behind_proxy(accept)
    connect(300)
    before, open_before = resident_bytes(proxy), descriptors(proxy)
    connect(1700)
    assert descriptors(proxy) <= open_before + CLOSING
    assert proxy.metric("client_connections") == 0
    assert is_sanitized() or resident_bytes(proxy) - before < 2 * MEGABYTE
