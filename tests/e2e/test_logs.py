"""The log: one line for a connection's end, text or JSON, nothing that a stranger or a password put there raw."""

import datetime
import json

import pytest

from support.postgres import psql
from support.process import Process
from support.proxy import BINARY, environment, parse_event, verified_upstream
from support.wire import Client, startup_message


def test_every_line_is_json_with_time_level_and_event(proxy, client_environment):
    psql(client_environment, "--command", "SELECT 1")
    proxy.closed()
    for line in proxy.lines:
        event = json.loads(line)
        assert datetime.datetime.fromisoformat(event["time"]).tzinfo is not None
        assert event["level"] in ("debug", "info", "warn", "error")
        assert event["event"]


def test_a_good_session_is_one_line_at_info(proxy, client_environment):
    """No noise for normal events: start-up apart, a connection is one line."""
    before = len(proxy.lines)
    psql(client_environment, "--command", "SELECT 1")
    proxy.closed()
    events = [parse_event(line) for line in proxy.lines[before:]]
    assert [event["event"] for event in events if event["level"] != "debug"] == ["connection closed"]


def test_sessions_are_told_apart(proxy, client_environment):
    for _ in range(3):
        psql(client_environment, "--command", "SELECT 1")
    proxy.closed(3)
    assert len({event["id"] for event in proxy.events("connection closed")}) == 3


def test_no_secret_at_any_level(proxy, postgres, client_environment):
    """Neither the password nor SQL nor what comes back, not even at debug."""
    psql(client_environment, "--command", "SELECT 'a secret in SQL'")
    psql(client_environment | {"PGPASSWORD": "a wrong password"}, "--command", "SELECT 1")
    proxy.closed(2)
    for secret in (postgres.login.password, "a secret in SQL", "a wrong password", "SCRAM-SHA-256$"):
        assert secret not in proxy.output


def test_control_bytes_of_an_app_are_not_logged_raw(fake_behind_proxy):
    """A user name with an escape code must not reach a terminal."""
    _, proxy = fake_behind_proxy(lambda dialogue: dialogue.accept_session())
    with Client(proxy.address()) as app:
        app.send(startup_message(user="\x1b]0;owned\x07\nfake line"))
        app.read_message()
    proxy.closed()
    assert all(line.isprintable() for line in proxy.lines)


@pytest.fixture
def text_proxy(tmp_path, postgres, certificates):
    """A proxy with the log for people, which is the default."""
    arguments = ["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]
    upstream = verified_upstream(postgres.port, certificates.root)
    proxy = Process([BINARY, "run", *arguments, "--upstream", upstream], env=environment(tmp_path))
    yield proxy
    assert proxy.stop() == 0, proxy.output


def test_text(text_proxy, postgres):
    """Time, level, event, and the same fields as name=value."""
    address = text_proxy.wait_for_line(r"info +listening .*address=127\.0\.0\.1:(\d+)")
    psql(postgres.login.environment(("127.0.0.1", address[1])), "--command", "SELECT 1")
    closed = text_proxy.wait_for_line(r"^\d{4}-\d\d-\d\dT[\d:.]+Z info +connection closed .*tls_version=TLSv1\.3")
    for field in ("listener=main", "client=127.0.0.1:", "duration_ms=", "bytes_to_server=", "cipher=TLS_", "reason="):
        assert field in closed.string
    assert "\x1b" not in text_proxy.output, "no colours where there is no terminal"
