"""A server that goes away in a session: the app is told, but only where a message may stand."""

import pytest

from support.wire import (
    AUTHENTICATION_OK,
    READY_FOR_QUERY,
    Client,
    error_response,
    message,
    parse_error,
    query,
    split,
    startup_message,
)

LOGIN = AUTHENTICATION_OK + READY_FOR_QUERY
ROW = message(b"D", b"a row that is long enough to be cut")


def answer_and(ending, answer):
    """A script that answers the first query with `answer` and then goes away."""

    def script(dialogue):
        dialogue.accept_session()
        dialogue.read_message()
        dialogue.write(answer)
        ending(dialogue)

    return script


def close(dialogue):
    dialogue.close()


def reset(dialogue):
    dialogue.reset()


def close_notify(dialogue):
    dialogue.end_sending()


def app_gets(proxy):
    """All that comes back for one query."""
    with Client(proxy.address()) as app:
        app.send(startup_message())
        assert app.read(len(LOGIN)) == LOGIN
        app.send(query("SELECT 1"))
        return app.read_all()


@pytest.mark.parametrize("ending", [close, close_notify])
@pytest.mark.parametrize("answer", [b"", ROW, 3 * ROW], ids=["no answer", "a row", "rows"])
def test_between_messages_the_app_is_told(fake_behind_proxy, ending, answer):
    _, proxy = fake_behind_proxy(answer_and(ending, answer))
    data = app_gets(proxy)
    assert data.startswith(answer)
    messages, rest = split(data[len(answer) :])
    assert [tag for tag, _ in messages] == [b"E"] and rest == b""
    fields = parse_error(messages[0][1])
    assert (fields["V"], fields["C"]) == ("FATAL", "08006")
    assert proxy.closed(reason="upstream_lost")["error"] in fields["M"]
    assert proxy.metric("client_connections_closed_total", reason="upstream_lost") == 1


@pytest.mark.parametrize("cut", [1, 4, 5, len(ROW) - 1])
@pytest.mark.parametrize("ending", [close, close_notify])
def test_inside_a_message_the_stream_just_ends(fake_behind_proxy, ending, cut):
    answer = ROW + ROW[:cut]
    _, proxy = fake_behind_proxy(answer_and(ending, answer))
    assert app_gets(proxy) == answer
    proxy.closed(reason="upstream_lost")


def test_a_reset_is_a_loss_too(fake_behind_proxy):
    """RST throws away what is in flight, so all that is sure is the end, and a whole message if there is one."""
    _, proxy = fake_behind_proxy(answer_and(reset, b""))
    messages, rest = split(app_gets(proxy))
    assert [tag for tag, _ in messages] == [b"E"] and rest == b""
    proxy.closed(reason="upstream_lost")


def test_the_servers_own_last_word_stays_the_last(fake_behind_proxy):
    """57P01 from an administrator, say: one FATAL is enough."""
    farewell = ROW + error_response("FATAL", "57P01", "terminating connection due to administrator command")
    _, proxy = fake_behind_proxy(answer_and(close, farewell))
    assert app_gets(proxy) == farewell


def test_an_error_that_the_session_outlived_is_not_the_last_word(fake_behind_proxy):
    answer = error_response("ERROR", "22012", "division by zero") + READY_FOR_QUERY
    _, proxy = fake_behind_proxy(answer_and(close, answer))
    data = app_gets(proxy)
    assert data.startswith(answer) and b"C08006\0" in data[len(answer) :]


def test_an_app_that_said_goodbye_is_told_nothing(fake_behind_proxy):
    """After Terminate the server's end is what was asked for."""

    def script(dialogue):
        dialogue.accept_session()
        assert dialogue.read_message() == (b"X", b"")
        dialogue.close()

    _, proxy = fake_behind_proxy(script)
    with Client(proxy.address()) as app:
        app.send(startup_message())
        assert app.read(len(LOGIN)) == LOGIN
        app.send(message(b"X"))
        assert app.read_all() == b""
    assert "error" not in proxy.closed()
