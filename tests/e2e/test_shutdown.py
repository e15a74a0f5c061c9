"""SIGTERM: no new apps, those that wait are told, those at work may finish, and nobody may hold it up for ever."""

import signal
import threading

import pytest

from support.process import DEADLINE
from support.wire import (
    AUTHENTICATION_OK,
    READY_FOR_QUERY,
    SSL_REQUEST,
    Client,
    message,
    parse_error,
    query,
    startup_message,
)

LOGIN = AUTHENTICATION_OK + READY_FOR_QUERY
DRAIN_AT_ONCE = '[limits]\ndrain_timeout = "100ms"\n'
DRAIN_FOR_EVER = '[limits]\ndrain_timeout = "1h"\n'


def start_session(app):
    app.send(startup_message())
    assert app.read(len(LOGIN)) == LOGIN


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_proxy_ends_at_once(fake_behind_proxy, number):
    _, proxy = fake_behind_proxy(lambda dialogue: dialogue.accept_session(), settings=DRAIN_FOR_EVER)
    assert proxy.stop(number) == 0


def test_an_app_that_waits_for_the_server_is_told(fake_behind_proxy):
    """It has no session yet, so nothing is lost by sending it elsewhere."""

    def script(dialogue):
        dialogue.read_ssl_request()
        asked.set()

    asked = threading.Event()
    _, proxy = fake_behind_proxy(script, settings=DRAIN_FOR_EVER, connect_timeout=60)
    with Client(proxy.address()) as app:
        app.send(startup_message())
        assert asked.wait(DEADLINE)
        proxy.send_signal(signal.SIGTERM)
        assert app.read_fatal()["C"] == "57P03"
    assert proxy.wait() == 0
    proxy.closed(reason="draining")


def test_an_app_that_has_not_spoken_does_not_hold_it_up(fake_behind_proxy):
    _, proxy = fake_behind_proxy(lambda dialogue: dialogue.accept_session(), settings=DRAIN_FOR_EVER)
    with Client(proxy.address()) as app:
        app.send(startup_message()[:4])
        with Client(proxy.address()) as later:
            start_session(later)
        proxy.closed()
        proxy.send_signal(signal.SIGTERM)
        assert app.read_fatal()["C"] == "57P03"
    assert proxy.wait() == 0


def test_an_app_that_asks_for_ssl_is_told_after_its_startup_packet(fake_behind_proxy):
    """In answer to SSLRequest libpq believes no error, and would not go on to the next of its hosts."""
    _, proxy = fake_behind_proxy(lambda dialogue: dialogue.accept_session(), settings=DRAIN_FOR_EVER)
    with Client(proxy.address()) as app, Client(proxy.address()) as later:
        start_session(later)
        proxy.send_signal(signal.SIGTERM)
        proxy.wait_for("shutting down")
        app.send(SSL_REQUEST)
        assert app.read(1) == b"N"
        app.send(startup_message())
        assert app.read_fatal()["C"] == "57P03"
    assert proxy.wait() == 0


def test_a_session_may_finish(fake_behind_proxy):
    """After SIGTERM nobody new comes in, and the query under way gets its answer."""
    answer = message(b"C", b"SELECT 1\0") + READY_FOR_QUERY

    def script(dialogue):
        dialogue.accept_session()
        dialogue.read_message()
        dialogue.server.released.wait(DEADLINE)
        dialogue.write(answer)
        dialogue.read_all()

    server, proxy = fake_behind_proxy(script, settings=DRAIN_FOR_EVER)
    with Client(proxy.address()) as app:
        start_session(app)
        app.send(query("SELECT 1"))
        proxy.send_signal(signal.SIGTERM)
        proxy.wait_for("shutting down")
        with pytest.raises(ConnectionRefusedError):
            Client(proxy.address())
        server.released.set()
        assert app.read(len(answer)) == answer
    assert proxy.wait() == 0


def test_after_the_drain_timeout_an_app_between_messages_is_told(fake_behind_proxy):
    _, proxy = fake_behind_proxy(lambda dialogue: dialogue.accept_session(), settings=DRAIN_AT_ONCE)
    with Client(proxy.address()) as app:
        start_session(app)
        proxy.send_signal(signal.SIGTERM)
        assert app.read_fatal()["C"] == "57P01"
    assert proxy.wait() == 0


def test_after_the_drain_timeout_a_message_is_not_cut_by_another(fake_behind_proxy):
    """The server stands in the middle of a row: the stream ends there, with nothing glued behind it."""
    half = message(b"D", b"half a row")[:-4]

    def script(dialogue):
        dialogue.accept_session()
        dialogue.write(half)

    _, proxy = fake_behind_proxy(script, settings=DRAIN_AT_ONCE)
    with Client(proxy.address()) as app:
        start_session(app)
        assert app.read(len(half)) == half
        proxy.send_signal(signal.SIGTERM)
        assert app.read_all() == b""
    assert proxy.wait() == 0


def test_a_second_signal_ends_at_once(fake_behind_proxy):
    _, proxy = fake_behind_proxy(lambda dialogue: dialogue.accept_session(), settings=DRAIN_FOR_EVER)
    with Client(proxy.address()) as app:
        start_session(app)
        proxy.send_signal(signal.SIGTERM)
        proxy.wait_for("shutting down")
        proxy.send_signal(signal.SIGTERM)
        proxy.wait()
        assert parse_error(app.read_all()[5:]).get("C", "57P01") == "57P01"


def test_a_second_signal_ends_a_connect_under_way(fake_behind_proxy):
    """Its session must last as long as what is left of it in the event loop, for which a sanitizer looks."""
    reached = threading.Event()
    settings = '[limits]\ndrain_delay = "1h"\n'
    _, proxy = fake_behind_proxy(lambda dialogue: (dialogue.read_ssl_request(), reached.set()), settings=settings)
    with Client(proxy.address()) as app:
        app.send(startup_message())
        assert reached.wait(DEADLINE)
        proxy.send_signal(signal.SIGTERM)
        proxy.wait_for("no longer ready, still listening")
        proxy.send_signal(signal.SIGTERM)
        assert proxy.wait() == 0


def test_no_reload_after_sigterm(fake_behind_proxy):
    """It would open the listeners again."""
    _, proxy = fake_behind_proxy(lambda dialogue: dialogue.accept_session(), settings=DRAIN_FOR_EVER)
    with Client(proxy.address()) as app:
        start_session(app)
        proxy.send_signal(signal.SIGTERM)
        proxy.wait_for("shutting down")
        proxy.send_signal(signal.SIGHUP)
        proxy.wait_for("not reloaded: shutting down")
        with pytest.raises(ConnectionRefusedError):
            Client(proxy.address())
    assert proxy.wait() == 0


def test_a_delay_before_the_listeners_close(fake_behind_proxy):
    """A load balancer has to see /readyz first: until it has, apps still come in and are served."""
    settings = '[limits]\ndrain_delay = "1h"\n'
    _, proxy = fake_behind_proxy(lambda dialogue: dialogue.accept_session(), settings=settings)
    proxy.send_signal(signal.SIGTERM)
    proxy.wait_for("no longer ready, still listening")
    assert proxy.get("/readyz")[0] == 503
    with Client(proxy.address()) as app:
        start_session(app)
    proxy.closed()
    proxy.send_signal(signal.SIGTERM)
    assert proxy.wait() == 0, "the second signal does not wait"


def test_the_delay_ends(fake_behind_proxy):
    settings = '[limits]\ndrain_delay = "10ms"\n'
    _, proxy = fake_behind_proxy(lambda dialogue: dialogue.accept_session(), settings=settings)
    assert proxy.stop(signal.SIGTERM) == 0
    assert proxy.events("no longer ready, still listening") and proxy.events("shutting down")


def test_sigint_waits_for_no_delay(fake_behind_proxy):
    settings = '[limits]\ndrain_delay = "1h"\n'
    _, proxy = fake_behind_proxy(lambda dialogue: dialogue.accept_session(), settings=settings)
    assert proxy.stop(signal.SIGINT) == 0


def test_quitquitquit_is_sigterm(fake_behind_proxy):
    """For the main container of a job, which cannot signal its sidecar."""
    settings = DRAIN_FOR_EVER + "[admin]\nquitquitquit = true\n"
    _, proxy = fake_behind_proxy(lambda dialogue: dialogue.accept_session(), settings=settings)
    assert proxy.get("/quitquitquit")[0] == 405, "a crawler must not end it"
    with Client(proxy.address()) as app:
        start_session(app)
        assert proxy.post("/quitquitquit")[0] == 202
        proxy.wait_for("shutting down")
        assert proxy.get("/readyz")[0] == 503
    assert proxy.wait() == 0


def test_sigterm_after_quitquitquit_lets_sessions_finish_too(fake_behind_proxy):
    """Kubernetes sends SIGTERM after its preStop hook: that is no second signal."""
    settings = DRAIN_FOR_EVER + "[admin]\nquitquitquit = true\n"
    _, proxy = fake_behind_proxy(lambda dialogue: dialogue.accept_session(), settings=settings)
    with Client(proxy.address()) as app:
        start_session(app)
        proxy.post("/quitquitquit")
        proxy.wait_for("shutting down")
        proxy.send_signal(signal.SIGTERM)
        proxy.wait_for("already shutting down")
        assert proxy.get("/healthz")[0] == 200
    assert proxy.wait() == 0


def test_quitquitquit_is_off_by_default(fake_behind_proxy):
    _, proxy = fake_behind_proxy(lambda dialogue: dialogue.accept_session())
    assert proxy.post("/quitquitquit")[0] == 405
    assert proxy.get("/quitquitquit")[0] == 404
    assert proxy.get("/readyz")[0] == 200


def test_readyz_says_that_it_drains(fake_behind_proxy):
    """An orchestrator takes it out of service while /healthz keeps it from being killed."""
    _, proxy = fake_behind_proxy(lambda dialogue: dialogue.accept_session(), settings=DRAIN_FOR_EVER)
    with Client(proxy.address()) as app:
        start_session(app)
        proxy.send_signal(signal.SIGTERM)
        proxy.wait_for("shutting down")
        assert proxy.get("/readyz")[0] == 503
        assert proxy.get("/healthz")[0] == 200
    assert proxy.wait() == 0
