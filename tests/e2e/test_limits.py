"""More connections than are allowed."""

import signal

import pytest

from support.proxy import verified_upstream
from support.wire import AUTHENTICATION_OK, READY_FOR_QUERY, Client, message, query, startup_message

LOGIN = AUTHENTICATION_OK + READY_FOR_QUERY


def log_in(app):
    app.send(startup_message())
    return app.read(len(LOGIN)) == LOGIN


def test_one_too_many_is_told_and_a_place_that_is_free_is_given(fake_behind_proxy):
    server, proxy = fake_behind_proxy(
        lambda dialogue: dialogue.accept_session(), settings="[limits]\nmax_connections = 1\n"
    )

    with Client(proxy.address()) as first:
        assert log_in(first)
        with Client(proxy.address()) as second:
            second.send(startup_message())
            assert second.read_fatal()["C"] == "53300"
        closed = proxy.closed(reason="too_many_connections")
        assert "max_connections" in closed["error"]
        assert proxy.metric("client_connections_closed_total", reason="too_many_connections") == 1
    proxy.closed(2)
    with Client(proxy.address()) as third:
        assert log_in(third)
    assert len(server.dialogues) == 2


def test_an_idle_session_ends(fake_behind_proxy):
    _, proxy = fake_behind_proxy(
        lambda dialogue: dialogue.accept_session(), settings='[limits]\nidle_timeout = "200ms"\n'
    )
    with Client(proxy.address()) as app:
        assert log_in(app)
        error = app.read_fatal()
    assert error["C"] == "57P05" and "idle_timeout" in error["H"]
    assert proxy.closed()["reason"] == "idle_timeout"


def test_an_app_that_waits_for_its_answer_is_not_idle(fake_behind_proxy):
    def script(dialogue):
        dialogue.accept_session()
        dialogue.read_message()
        server.released.wait()
        dialogue.write(READY_FOR_QUERY)

    server, proxy = fake_behind_proxy(script, settings='[limits]\nidle_timeout = "40ms"\n')
    with Client(proxy.address()) as waiting:
        assert log_in(waiting)
        waiting.send(query("SELECT pg_sleep(1)"))
        with Client(proxy.address()) as idle:
            assert log_in(idle)
            assert idle.read_fatal()["C"] == "57P05"
        proxy.closed(reason="idle_timeout")
        server.released.set()
        assert waiting.read(len(READY_FOR_QUERY)) == READY_FOR_QUERY


def test_a_question_right_behind_the_startup_packet_counts(fake_behind_proxy):
    def script(dialogue):
        dialogue.accept_session()
        if dialogue is server.dialogues[0]:
            server.released.wait()
            dialogue.write(READY_FOR_QUERY)

    server, proxy = fake_behind_proxy(script, settings='[limits]\nidle_timeout = "40ms"\n')
    with Client(proxy.address()) as waiting:
        waiting.send(startup_message() + query("SELECT pg_sleep(1)"))
        waiting.read_until(b"Z")
        with Client(proxy.address()) as idle:
            assert log_in(idle)
            assert b"57P05" in idle.read_all()
        server.released.set()
        assert waiting.read(len(READY_FOR_QUERY)) == READY_FOR_QUERY


def test_an_app_that_has_asked_twice_waits_for_two_answers(fake_behind_proxy):
    """The first ReadyForQuery is not the last word, nor is a notice behind one a question."""

    def script(dialogue):
        dialogue.accept_session()
        if dialogue is server.dialogues[0]:
            dialogue.read_message()
            dialogue.read_message()
            dialogue.write(READY_FOR_QUERY)
            server.released.wait()
        dialogue.write(READY_FOR_QUERY + message(b"N", b"\0"))

    server, proxy = fake_behind_proxy(script, settings='[limits]\nidle_timeout = "40ms"\n')
    with Client(proxy.address()) as waiting:
        assert log_in(waiting)
        waiting.send(query("SELECT 1") + query("SELECT pg_sleep(1)"))
        assert waiting.read(len(READY_FOR_QUERY)) == READY_FOR_QUERY
        with Client(proxy.address()) as idle:
            assert log_in(idle)
            assert b"57P05" in idle.read_all()
        server.released.set()
        assert waiting.read(len(READY_FOR_QUERY)) == READY_FOR_QUERY


@pytest.fixture
def two_listeners(start_proxy, start_fake, certificates):
    """`small` takes one session, `large` as many as the proxy has places: `total`."""

    def start(total):
        server = start_fake(lambda dialogue: dialogue.accept_session())
        upstream = f'upstream = "{verified_upstream(server.port, certificates.root)}"\n'
        settings = f"[limits]\nmax_connections = {total}\n"
        settings += f'[[listener]]\nname = "small"\naddress = "127.0.0.1:0"\nmax_connections = 1\n{upstream}'
        settings += f'[[listener]]\nname = "large"\naddress = "localhost:0"\n{upstream}'
        return start_proxy(listen=[], settings=settings)

    return start


def test_a_listener_has_a_limit_of_its_own(two_listeners):
    """What is full there is not full elsewhere; the message says which limit it is."""
    proxy = two_listeners(total=10)
    with Client(proxy.address("small")) as first, Client(proxy.address("small")) as second:
        assert log_in(first)
        second.send(startup_message())
        error = second.read_fatal()
        assert error["C"] == "53300" and "max_connections of listener small is 1" in error["M"]
        with Client(proxy.address("large")) as third:
            assert log_in(third)


def test_the_limit_of_the_proxy_is_over_all_listeners(two_listeners):
    proxy = two_listeners(total=1)
    with Client(proxy.address("large")) as first, Client(proxy.address("small")) as second:
        assert log_in(first)
        second.send(startup_message())
        assert "limits.max_connections is 1" in second.read_fatal()["M"]


def test_a_place_that_the_proxy_had_not_is_not_kept_in_the_listener(two_listeners):
    """Refused by one limit, a session must not count for the other."""
    proxy = two_listeners(total=1)
    with Client(proxy.address("large")) as first:
        assert log_in(first)
        with Client(proxy.address("small")) as second:
            second.send(startup_message())
            second.read_fatal()
        proxy.closed(listener="small")
    proxy.closed(listener="large")
    with Client(proxy.address("small")) as third:
        assert log_in(third)


def test_a_reload_changes_the_limit_and_forgets_no_session(two_listeners):
    proxy = two_listeners(total=10)
    with Client(proxy.address("small")) as first, Client(proxy.address("small")) as second:
        assert log_in(first)
        text = proxy.configuration.read_text()
        proxy.configuration.write_text(text.replace("max_connections = 1\n", "max_connections = 2\n"))
        proxy.send_signal(signal.SIGHUP)
        proxy.wait_for("reloaded")
        assert log_in(second)
        with Client(proxy.address("small")) as third:
            third.send(startup_message())
            assert "is 2" in third.read_fatal()["M"]
