"""Connections that are made before they are needed: taken when alive, never missed when dead."""

import signal
import threading

import pytest

from support.process import DEADLINE
from support.proxy import verified_upstream
from support.wire import Client, startup_message

def log_in(proxy):
    """A client that has been let in."""
    app = Client(proxy.address())
    app.send(startup_message())
    assert app.read_message() == (b"R", bytes(4))
    return app


def held(proxy):
    return proxy.metric("warm_connections")


def taken(proxy):
    hits, misses = (proxy.metric("warm_connections_taken_total", result=result) for result in ("hit", "miss"))
    return hits, misses


@pytest.fixture
def start_warm(start_proxy, start_fake, certificates):
    """A fake server with the script given for each connection, and a proxy with a warm pool in front of it."""

    proxies = []

    def start(script, warm=1):
        server = start_fake(lambda dialogue: script(dialogue, server.dialogues.index(dialogue)))
        upstream = verified_upstream(server.port, certificates.root, connect_timeout=2)
        proxies.append(start_proxy(upstream, warm=warm, settings="[limits]\nworkers = 1\n"))
        return server, proxies[-1]

    yield start
    for proxy in proxies:
        if proxy.is_running():
            proxy.end()  # which closes the warm connections, for which the server waits


def serve(dialogue, _number):
    dialogue.accept_session()


def test_the_second_session_finds_a_connection_ready(proxy, connect):
    connect().close()
    proxy.wait_for("warm connection made")
    assert held(proxy) >= 1 and taken(proxy) == (0, 1)
    with connect().cursor() as cursor:
        cursor.execute("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
        assert cursor.fetchone() == (True,)


def test_a_warm_connection_has_said_nothing_but_tls(start_warm):
    server, proxy = start_warm(serve)
    first = log_in(proxy)
    proxy.wait_for("warm connection made")
    second = log_in(proxy)
    assert taken(proxy) == (1, 1)
    assert server.dialogues[1].startup == startup_message()
    for app in (first, second):
        app.socket.close()
    closed = proxy.closed(count=2)
    assert closed["bytes_to_server"] == len(startup_message())


def test_nobody_comes_and_nothing_is_dialled(start_warm):
    server, proxy = start_warm(serve, warm=8)
    proxy.end()
    assert server.dialogues == []


def test_a_pool_of_zero_makes_no_connection_of_its_own(start_warm):
    server, proxy = start_warm(serve, warm=0)
    for _ in range(3):
        log_in(proxy).socket.close()
    proxy.closed(count=3)
    assert len(server.dialogues) == 3
    assert taken(proxy) == (0, 0)


def test_a_burst_is_prepared_for_up_to_the_limit(start_warm):
    server, proxy = start_warm(serve, warm=3)
    apps = [Client(proxy.address()) for _ in range(6)]
    for app in apps:
        app.send(startup_message())
    for app in apps:
        assert app.read_message() == (b"R", bytes(4))
    proxy.wait_until(lambda _: held(proxy) == 3, "3 warm connections")
    assert len(server.dialogues) == len(apps) + 3
    for app in apps:
        app.socket.close()


def test_what_the_server_closes_is_not_taken(start_warm):
    def script(dialogue, number):
        if number == 1:
            dialogue.accept_tls()
            server.released.wait()
            dialogue.close()
        else:
            serve(dialogue, number)

    server, proxy = start_warm(script)
    first = log_in(proxy)
    proxy.wait_for("warm connection made")
    server.released.set()
    proxy.wait_for("warm connection closed", expired=False)
    assert held(proxy) == 0
    second = log_in(proxy)
    assert taken(proxy) == (0, 2)
    for app in (first, second):
        app.socket.close()


def test_a_connection_that_has_died_unnoticed_costs_the_app_nothing(start_warm):
    def script(dialogue, number):
        if number == 1:
            dialogue.accept_startup()
            dialogue.reset()
        else:
            serve(dialogue, number)

    server, proxy = start_warm(script)
    first = log_in(proxy)
    proxy.wait_for("warm connection made")
    second = log_in(proxy)
    proxy.wait_for("a warm connection was dead")
    assert taken(proxy) == (0, 2)
    assert server.dialogues[2].startup == startup_message()
    for app in (first, second):
        app.socket.close()


@pytest.fixture
def start_unresponsive(start_warm):
    """As `start_warm`, with a server that leaves the first warm connection unanswered; an event says it was asked."""

    def start():
        asked = threading.Event()

        def script(dialogue, number):
            if number == 1:
                dialogue.accept_startup()
                asked.set()
                server.released.wait()
            else:
                serve(dialogue, number)

        server, proxy = start_warm(script)
        return server, proxy, asked

    return start


def test_a_server_that_does_not_answer_is_waited_for_once(start_unresponsive):
    """It is alive, so what would be made for the next app would keep that one waiting too."""
    server, proxy, _ = start_unresponsive()
    first = log_in(proxy)
    proxy.wait_for("warm connection made")
    apps = [first] + [log_in(proxy) for _ in range(3)]
    assert proxy.wait_for("a warm connection was not answered")["error"] == "no answer within 2000 ms"
    assert taken(proxy) == (0, 4) and held(proxy) == 0
    assert len(server.dialogues) == 1 + 1 + 3
    for app in apps:
        app.socket.close()


def test_an_app_that_waits_for_a_warm_connection_is_told_of_the_shutdown(start_unresponsive):
    server, proxy, asked = start_unresponsive()
    with log_in(proxy):
        proxy.wait_for("warm connection made")
        with Client(proxy.address()) as app:
            app.send(startup_message())
            assert asked.wait(DEADLINE)
            proxy.send_signal(signal.SIGTERM)
            assert app.read_fatal()["C"] == "57P03"
    assert proxy.wait() == 0
    assert len(server.dialogues) == 2


def test_an_app_that_leaves_while_it_waits_for_a_warm_connection(start_unresponsive):
    server, proxy, asked = start_unresponsive()
    with log_in(proxy):
        proxy.wait_for("warm connection made")
        app = Client(proxy.address())
        app.send(startup_message())
        assert asked.wait(DEADLINE)
        app.reset()
        proxy.closed(reason="client_lost")
        assert len(server.dialogues) == 2


def test_a_reload_leaves_no_connection_of_before(start_warm):
    server, proxy = start_warm(serve)
    first = log_in(proxy)
    proxy.wait_for("warm connection made")
    proxy.send_signal(signal.SIGHUP)
    proxy.wait_for("reloaded")
    second = log_in(proxy)
    assert taken(proxy) == (0, 2)
    for app in (first, second):
        app.socket.close()


def test_a_server_in_trouble_is_not_asked_twice(start_warm):
    def script(dialogue, number):
        if number == 0:
            serve(dialogue, number)
        else:
            dialogue.read_ssl_request()
            dialogue.send_clear(b"N")

    server, proxy = start_warm(script, warm=8)
    first = log_in(proxy)
    for _ in range(3):
        with Client(proxy.address()) as app:
            app.send(startup_message())
            assert app.read_fatal()["C"] == "08004"
    # One for each session, and the one that was to be kept after the first had come through.
    assert len(server.dialogues) == 1 + 1 + 3
    first.socket.close()
