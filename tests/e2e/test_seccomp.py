"""docker/seccomp.json allows what the proxy does, and not much more: here anything else would kill it."""

import platform
import signal
import subprocess
import sys

import psycopg2
import pytest

from support import proxy as support
from support.process import DEADLINE
from support.proxy import BINARY, ROOT, environment, is_sanitized, verified_upstream
from support.wire import Client, cancel_request

PROFILE = ROOT / "docker/seccomp.json"

pytestmark = pytest.mark.skipif(platform.machine() != "x86_64", reason="knows the numbers of x86-64 only")


@pytest.fixture
def confined(tmp_path, monkeypatch):
    """The binary under the profile, for `start_proxy` too."""
    if is_sanitized():
        pytest.skip("sanitizers do more than the proxy")
    wrapper = tmp_path / "pg-tls-proxy"
    launcher = ROOT / "tests/support/under_seccomp.py"
    wrapper.write_text(f'#!/bin/sh\nexec {sys.executable} {launcher} {PROFILE} {BINARY} "$@"\n')
    wrapper.chmod(0o755)
    monkeypatch.setattr(support, "BINARY", wrapper)
    return wrapper


def test_the_proxy_lives_under_it(confined, start_proxy, postgres, certificates, tmp_path):
    """Names, sessions, COPY, cancel, reload, metrics, both kinds of listeners, and the end."""
    path = tmp_path / "proxy.sock"
    upstream = verified_upstream(postgres.port, certificates.root, hostaddr=None)
    proxy = start_proxy(upstream, listen=("127.0.0.1:0", f"unix:{path}"))
    who = {"user": postgres.login.user, "password": postgres.login.password, "dbname": postgres.login.database}
    host, port = proxy.address()
    for _ in range(5):
        session = psycopg2.connect(host=host, port=port, **who)
        session.cursor().execute("SELECT repeat('x', 1000) FROM generate_series(1, 10000)")
        session.close()
    with Client(path) as canceller:
        canceller.send(cancel_request(1, b"none"))
        assert canceller.read_all() == b""
    proxy.send_signal(signal.SIGHUP)
    proxy.wait_for("reloaded")
    assert proxy.get("/readyz")[0] == 200
    assert proxy.metric("client_connections_total") == 6
    proxy.end()
    assert not path.exists()


def test_a_name_that_needs_the_resolver(confined, start_proxy):
    proxy = start_proxy("host=db.invalid")
    with Client(proxy.address()) as app:
        app.send(bytes.fromhex("00000008") + b"\0\3\0\0")
        assert app.read_fatal()["C"] == "08001"


@pytest.mark.parametrize("command", [["roots"], ["config", "--upstream", "host=db"], ["--version"]])
def test_the_other_commands_live_under_it(confined, command, tmp_path):
    subprocess.run([confined, *command], env=environment(tmp_path), check=True, capture_output=True, timeout=DEADLINE)


def test_check_lives_under_it(confined, postgres, certificates, tmp_path):
    command = [confined, "check", "--upstream", verified_upstream(postgres.port, certificates.root)]
    subprocess.run(command, env=environment(tmp_path), check=True, capture_output=True, timeout=DEADLINE)


def test_what_is_not_allowed_is_noticed(confined, tmp_path):
    """Or all of the above would pass without a profile: nothing in the proxy makes a directory."""
    command = [sys.executable, ROOT / "tests/support/under_seccomp.py", PROFILE, "/usr/bin/mkdir", tmp_path / "new"]
    assert subprocess.run(command, timeout=DEADLINE).returncode == -signal.SIGSYS
