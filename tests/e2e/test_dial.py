"""How the proxy finds its server: names and what is kept of them, addresses that are dead, waiting for a server."""

import os
import re
import socket
import subprocess
import threading
from contextlib import contextmanager

import pytest

from support.fake_server import Dialogue
from support.name_server import SERVER_FAILURE, NameServer
from support.process import DEADLINE
from support.proxy import BINARY, environment, verified_upstream
from support.wire import AUTHENTICATION_OK, Client, startup_message

HOST = "db.example.com"
FIRST, SECOND, SILENT = "127.0.0.1", "127.0.0.2", "127.0.0.3"
STALE = "the name cannot be looked up, its last addresses are used"


@pytest.fixture
def names():
    """A name server of this process alone."""
    pid = os.getpid()
    with NameServer({HOST: FIRST}, f"127.53.{pid >> 8 & 255}.{pid & 255}") as server:
        yield server


@pytest.fixture
def start_server(start_fake, certificates):
    """Servers that let everybody in, with a certificate for `HOST`."""

    def start(address=FIRST, port=0):
        return start_fake(lambda dialogue: dialogue.accept_session(), certificates.wrong_host, address=(address, port))

    return start


@pytest.fixture
def start_named(start_proxy, names, certificates, tmp_path):
    """Start a proxy that reaches `HOST` through the name server; it waits for that one for `patience` seconds."""

    def start(port, patience=1, **upstream):
        resolv_conf = tmp_path / "resolv.conf"
        resolv_conf.write_text(f"nameserver {names.address}\noptions timeout:{patience} attempts:1\n")
        launcher = ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/resolv.conf && exec "$@"', resolv_conf]
        if subprocess.run([*launcher, "true"], capture_output=True).returncode:
            pytest.skip("needs the right to mount, for a resolv.conf of its own")
        conninfo = verified_upstream(port, certificates.root, host=HOST, hostaddr=None, **upstream)
        return start_proxy(conninfo, launcher=launcher)

    return start


@contextmanager
def silence(address, port=0):
    """An address that answers no SYN, because its backlog is full; the port."""
    with socket.create_server((address, port), backlog=0) as server:
        with socket.create_connection(server.getsockname()):
            yield server.getsockname()[1]


def unused_port():
    with socket.create_server((FIRST, 0)) as server:
        return server.getsockname()[1]


def say_yes(dialogue):
    """To the SSLRequest, and no more."""
    dialogue.read_ssl_request()
    dialogue.send_clear(b"S")


def connect(proxy):
    """Get through to the server."""
    with Client(proxy.address()) as app:
        app.send(startup_message())
        assert app.read_message() == (b"R", bytes(4)), proxy.output


def wait_for_metric(proxy, name, least=1, **labels):
    while proxy.is_running() and proxy.metric(name, **labels) < least:
        pass


# Names


def test_an_answer_is_kept(start_server, start_named, names):
    proxy = start_named(start_server().port)
    connect(proxy)
    connect(proxy)
    assert names.count(HOST) == 1
    assert proxy.metric("name_resolutions_total", result="answered") == 1
    assert proxy.metric("name_resolutions_total", result="cached") == 1


def test_or_not(start_server, start_named, names):
    proxy = start_named(start_server().port, dns_ttl=0)
    connect(proxy)
    connect(proxy)
    assert names.count(HOST) == 2


@pytest.mark.parametrize("old_address", ["refuses", "is silent"])
def test_a_server_that_moves_is_found_again(start_server, start_named, names, old_address):
    """Long before the answer that is kept runs out."""
    server = start_server(FIRST)
    proxy = start_named(server.port, dns_ttl=3600)
    connect(proxy)
    server.stop()
    start_server(SECOND, server.port)
    names.hosts[HOST] = SECOND
    if old_address == "refuses":
        connect(proxy)
    else:
        with silence(FIRST, server.port):
            connect(proxy)
    assert proxy.metric("upstream_connect_failures_total") == 0


@pytest.mark.parametrize("patience, trouble", [(1, SERVER_FAILURE), (30, NameServer.SILENCE)])
def test_name_servers_that_fail_do_no_harm(start_server, start_named, names, patience, trouble):
    """Nor if they do not even say so: nobody waits for them longer than a moment."""
    proxy = start_named(start_server().port, patience, dns_ttl=1)
    connect(proxy)
    names.hosts[HOST] = trouble
    while not proxy.events(STALE, host=HOST):
        connect(proxy)
    assert proxy.metric("name_resolutions_total", result="stale") == 1
    connect(proxy)
    assert len(proxy.events(STALE)) == 1, "one warning is enough"


def test_a_name_that_is_gone_is_believed(start_server, start_named, names):
    proxy = start_named(start_server().port, dns_ttl=1)
    connect(proxy)
    del names.hosts[HOST]
    while not proxy.events("connection closed", reason="dns"):
        with Client(proxy.address()) as app:
            app.send(startup_message())
            app.read(1)


# Addresses


def test_a_dead_address_does_not_stand_in_the_way(start_server, start_named, names):
    server = start_server()
    names.hosts[HOST] = [SILENT, SECOND, FIRST]
    with silence(SILENT, server.port):
        connect(start_named(server.port, connect_timeout=0))


def test_a_dead_host_leaves_time_for_the_next(start_fake, start_proxy, certificates):
    server = start_fake(lambda dialogue: dialogue.accept_session())
    with silence(SILENT) as dead:
        targets = f"host=localhost,localhost hostaddr={SILENT},{FIRST} port={dead},{server.port} connect_timeout=4"
        connect(start_proxy(f"{targets} sslrootcert='{certificates.root}'"))


@pytest.mark.parametrize("silent_after", [Dialogue.read_ssl_request, say_yes], ids=["SSLRequest", "ClientHello"])
def test_a_frozen_host_leaves_time_for_the_next(start_fake, start_proxy, certificates, silent_after):
    """The system below it still accepts connections: stopped processes, a load balancer without servers."""
    frozen = start_fake(silent_after)
    server = start_fake(lambda dialogue: dialogue.accept_session())
    targets = f"host=localhost,localhost port={frozen.port},{server.port} connect_timeout=4"
    connect(start_proxy(f"{targets} sslrootcert='{certificates.root}'"))
    assert len(frozen.dialogues) == 1


def test_a_timeout_names_who_did_not_answer(start_proxy):
    with silence(SILENT) as port:
        proxy = start_proxy(f"host=localhost hostaddr={SILENT} port={port} connect_timeout=1")
        with Client(proxy.address()) as app:
            app.send(startup_message())
            assert f"no answer from {SILENT}:{port}" in app.read_fatal()["D"]


def test_check_shows_each_attempt(certificates, tmp_path):
    refusing = unused_port()
    command = [BINARY, "check", "--upstream"]
    targets = f"host=localhost,localhost hostaddr={SILENT},{FIRST} connect_timeout=2"
    with silence(SILENT) as dead:
        conninfo = f"{targets} port={dead},{refusing} sslrootcert='{certificates.root}'"
        result = subprocess.run(
            [*command, conninfo], env=environment(tmp_path), capture_output=True, text=True, timeout=DEADLINE
        )
    assert result.returncode == 1
    assert f"connecting: {SILENT}:{dead}: no answer\n" in result.stdout
    assert f"connecting: {FIRST}:{refusing}: Connection refused\n" in result.stdout


# Waiting for a server


def test_a_server_that_comes_late(start_proxy, start_fake, certificates):
    port = unused_port()
    proxy = start_proxy(verified_upstream(port, certificates.root, connect_timeout=60, connect_retry=60))
    with Client(proxy.address()) as app:
        app.send(startup_message())
        wait_for_metric(proxy, "upstream_connect_failures_total", 2, reason="connect")
        start_fake(lambda dialogue: dialogue.accept_session(), address=(FIRST, port))
        assert app.read_message() == (b"R", bytes(4))


def test_a_server_that_does_not_come(start_proxy, certificates):
    proxy = start_proxy(verified_upstream(unused_port(), certificates.root, connect_retry=1))
    with Client(proxy.address()) as app:
        app.send(startup_message())
        assert re.search(r": Connection refused, the last of \d+ tries", app.read_fatal()["D"])
    assert proxy.closed()["reason"] == "connect"
    assert proxy.metric("upstream_connect_failures_total", reason="connect") > 1


def test_a_server_that_is_not_trusted_is_not_tried_again(fake_behind_proxy, certificates):
    server, proxy = fake_behind_proxy(
        lambda dialogue: dialogue.accept_startup(), certificate=certificates.unknown_root, connect_retry=60
    )
    with Client(proxy.address()) as app:
        app.send(startup_message())
        app.read_fatal()
    assert len(server.dialogues) == 1


def test_check_does_not_wait(certificates, tmp_path):
    upstream = verified_upstream(unused_port(), certificates.root, connect_timeout=0, connect_retry=3600)
    command = [BINARY, "check", "--upstream", upstream]
    assert subprocess.run(command, env=environment(tmp_path), capture_output=True, timeout=DEADLINE).returncode == 1


# An app that does not wait


@pytest.fixture
def waiting_app(start_proxy, tmp_path):
    """An app whose server does not answer, over TCP or a Unix socket; and the proxy."""
    with silence(SILENT) as port:
        path = tmp_path / "socket"
        upstream = f"host=localhost hostaddr={SILENT} port={port} connect_timeout=0"
        proxy = start_proxy(upstream, listen=("127.0.0.1:0", f"unix:{path}"))

        def start(family):
            app = Client(path if family == "unix" else proxy.address())
            app.send(startup_message())
            return app, proxy

        yield start


def test_an_app_that_leaves_is_noticed(waiting_app):
    app, proxy = waiting_app("unix")
    with app:
        app.send(b"more than the startup packet")
    assert proxy.closed()["reason"] == "client_lost"


def test_an_app_that_is_killed_is_noticed(waiting_app):
    app, proxy = waiting_app("tcp")
    app.reset()
    assert proxy.closed()["reason"] == "client_lost"


@pytest.mark.parametrize("family", ["tcp", "unix"])
def test_an_app_that_has_said_everything_is_still_there(start_proxy, start_fake, certificates, tmp_path, family):
    """It has closed its sending side, and waits for an answer."""

    def script(dialogue):
        dialogue.read_ssl_request()
        requested.set()
        assert dialogue.server.released.wait(DEADLINE)
        dialogue.send_clear(b"S")
        dialogue.handshake()
        dialogue.read_packet()
        dialogue.write(AUTHENTICATION_OK)

    requested = threading.Event()
    server = start_fake(script)
    path = tmp_path / "socket"
    proxy = start_proxy(verified_upstream(server.port, certificates.root), listen=("127.0.0.1:0", f"unix:{path}"))
    with Client(path if family == "unix" else proxy.address()) as app:
        app.send(startup_message())
        app.end_sending()
        assert requested.wait(DEADLINE)
        server.released.set()
        assert app.read_message() == (b"R", bytes(4))
