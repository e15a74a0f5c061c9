"""The log: one line for a connection's end, text or JSON, nothing that a stranger or a password put there raw."""

import datetime
import json
import resource
from pathlib import Path

import pytest

from support.postgres import psql
from support.process import Process
from support.proxy import BINARY, environment, is_sanitized, parse_event, verified_upstream
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


ONE_LINE = "[log]\nmax_repeats = 1\n"


def test_a_storm_is_summed_up(start_proxy):
    """The first of many identical warnings is a line, the others a number; metrics have them all."""
    proxy = start_proxy("host=db.invalid", settings=ONE_LINE)
    for _ in range(5):
        with Client(proxy.address()) as app:
            app.send(startup_message())
            assert app.read_fatal()["C"] == "08001"
    proxy.wait_for("connection closed", reason="dns")
    proxy.end()
    lines = proxy.events("connection closed", reason="dns")
    repeats = proxy.events("repeated", of="connection closed", reason="dns", listener="main")
    assert repeats and repeats[0]["level"] == "warn"
    assert len(lines) + sum(event["times"] for event in repeats) == 5


def test_other_reasons_are_told_meanwhile(start_proxy):
    proxy = start_proxy("host=db.invalid", settings=ONE_LINE)
    for first_bytes in (startup_message(), startup_message(), b"GET / HTTP/1.1\r\n\r\n"):
        with Client(proxy.address()) as app:
            app.send(first_bytes)
            app.read_fatal()
    proxy.wait_for("connection closed", reason="startup_invalid")
    assert len(proxy.events("connection closed", reason="dns")) <= 1


def test_without_a_limit_every_one_is_told(start_proxy):
    proxy = start_proxy("host=db.invalid", settings="[log]\nmax_repeats = 0\n")
    for _ in range(12):
        with Client(proxy.address()) as app:
            app.send(startup_message())
            app.read_fatal()
    proxy.closed(12)


def test_good_sessions_are_never_held_back(start_proxy, postgres, certificates):
    proxy = start_proxy(verified_upstream(postgres.port, certificates.root), settings=ONE_LINE)
    for _ in range(3):
        psql(postgres.login.environment(proxy.address()), "--command", "SELECT 1")
    proxy.closed(3)


@pytest.mark.skipif(is_sanitized(), reason="a sanitizer looks at objects through a pipe, which takes descriptors")
def test_out_of_descriptors_is_summed_up_while_it_lasts(start_proxy):
    """It is tried ten times a second, and nobody wants to read that."""
    proxy = start_proxy("host=db.invalid", settings=ONE_LINE)
    opened = max(int(entry.name) for entry in Path(f"/proc/{proxy.pid}/fd").iterdir())
    soft, hard = resource.prlimit(proxy.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(proxy.pid, resource.RLIMIT_NOFILE, (opened + 1, hard))
    for app in [Client(proxy.address()) for _ in range(4)]:
        with app:
            app.send(startup_message())
            assert app.read_fatal()["C"] == "53300", "each is told in its turn"
    failed = proxy.wait_for("cannot accept connections for now")
    repeated = proxy.wait_for("repeated", of=failed["event"], address=failed["address"], level="error")
    assert repeated["times"] > 1
    resource.prlimit(proxy.pid, resource.RLIMIT_NOFILE, (soft, hard))
    with Client(proxy.address()) as app:
        app.send(startup_message())
        assert app.read_fatal()["C"] == "08001", "it goes on where it was"


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
