"""More connections than are allowed."""

from support.wire import AUTHENTICATION_OK, READY_FOR_QUERY, Client, startup_message

LOGIN = AUTHENTICATION_OK + READY_FOR_QUERY


def test_one_too_many_is_told_and_a_place_that_is_free_is_given(fake_behind_proxy):
    server, proxy = fake_behind_proxy(
        lambda dialogue: dialogue.accept_session(), settings="[limits]\nmax_connections = 1\n"
    )

    def log_in(app):
        app.send(startup_message())
        return app.read(len(LOGIN)) == LOGIN

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
