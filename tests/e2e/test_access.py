"""Who may connect: this machine alone unless told otherwise, and on Unix sockets those whom file and list let in."""

import os
import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from support.process import DEADLINE
from support.proxy import BINARY, environment, verified_upstream
from support.wire import AUTHENTICATION_OK, READY_FOR_QUERY, Client, cancel_request, startup_message

LOGIN = AUTHENTICATION_OK + READY_FOR_QUERY
SOMEBODY_ELSE = 54321

needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")


@pytest.fixture
def folder():
    """Short enough for a socket address, and open to other users."""
    with tempfile.TemporaryDirectory(prefix="pg-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def start(start_proxy, start_fake, certificates, folder):
    """A proxy on a Unix socket (or `address`) with more lines about its listener; a server that lets in everybody."""
    server = start_fake(lambda dialogue: dialogue.accept_session())
    upstream = verified_upstream(server.port, certificates.root)

    def text(lines, address=None):
        address = address or f"unix:{folder}/.s.PGSQL.5432"
        return f'[[listener]]\naddress = ["{address}"]\nupstream = "{upstream}"\n{lines}\n'

    def start(lines="", address=None):
        proxy = start_proxy(listen=[], settings=text(lines, address))
        proxy.server, proxy.text = server, text
        return proxy

    return start


def log_in(address):
    with Client(address) as app:
        app.send(startup_message())
        return app.read(len(LOGIN)) == LOGIN


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


def run_to_its_end(tmp_path, *arguments):
    command = [BINARY, "run", "--admin", "off", *arguments]
    return subprocess.run(command, env=environment(tmp_path), capture_output=True, text=True, timeout=DEADLINE)


@pytest.mark.parametrize("address", ["0.0.0.0:5432", "[::]:5432", "192.0.2.1:5432"])
def test_other_machines_only_on_demand(tmp_path, address):
    """Exit code 2 and nothing opened; the message has the place and both ways out."""
    result = run_to_its_end(tmp_path, "--listen", address, "--upstream", "host=db.invalid")
    assert result.returncode == 2
    for part in ("--listen", address, "plaintext", "127.0.0.1", "allow_remote_clients = true"):
        assert part in result.stderr


def test_other_machines_on_demand_with_a_warning(start):
    proxy = start("allow_remote_clients = true", "0.0.0.0:0")
    warning = proxy.wait_for("other machines can connect, and what they send to the proxy is plaintext")
    assert warning["level"] == "warn" and warning["address"].startswith("0.0.0.0:")
    assert log_in(("127.0.0.1", proxy.address()[1]))


def test_a_reload_that_fails_leaves_every_socket_open_to_whom_it_was(start, folder):
    first, second = folder / "first", folder / "second"
    both = f'unix:{first}", "unix:{second}'
    proxy = start("unix_socket_permissions = '0750'", both)
    second.unlink()
    proxy.configuration.write_text(proxy.text("unix_socket_permissions = '0777'", both))
    proxy.wait_for("reload failed, the last good configuration stays")
    assert mode_of(first) == 0o750


def test_no_warning_where_only_this_machine_can_connect(start):
    assert '"warn"' not in start("allow_remote_clients = true").output


def test_a_flag_for_those_without_a_file(start_proxy):
    proxy = start_proxy("host=db.invalid", "--allow-remote-clients", listen=["0.0.0.0:0"])
    assert proxy.address()[0] == "0.0.0.0"


def test_a_socket_is_open_to_all_by_default_as_postgresqls(start):
    assert mode_of(start().address()) == 0o777


def test_a_socket_with_a_mode_and_a_group(start):
    group = os.getgroups()[-1] if os.getuid() != 0 else SOMEBODY_ELSE
    proxy = start(f'unix_socket_permissions = "0660"\nunix_socket_group = {group}')
    assert mode_of(proxy.address()) == 0o660
    assert proxy.address().stat().st_gid == group
    assert log_in(proxy.address())


@needs_root
def test_a_socket_with_an_owner(start):
    path = start(f"unix_socket_owner = {SOMEBODY_ELSE}").address()
    assert (path.stat().st_uid, path.stat().st_gid) == (SOMEBODY_ELSE, os.getgid())


@pytest.mark.skipif(os.getuid() == 0, reason="root may give away everything")
def test_an_owner_that_cannot_be_set_is_an_error(tmp_path, folder):
    settings = tmp_path / "proxy.toml"
    path = folder / "socket"
    settings.write_text(f'[[listener]]\naddress = "unix:{path}"\nunix_socket_owner = 0\nupstream = "host=db.invalid"\n')
    result = run_to_its_end(tmp_path, "--config", settings)
    assert result.returncode == 1 and f"cannot set the owner of unix:{path} to 0" in result.stderr
    assert not path.exists()


@needs_root
def test_the_mode_keeps_others_out(start):
    """The kernel does, before the proxy hears of it."""
    path = start('unix_socket_permissions = "0600"').address()
    connect = "import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])"
    command = [sys.executable, "-c", connect, path]
    result = subprocess.run(command, user=SOMEBODY_ELSE, capture_output=True, text=True, timeout=DEADLINE)
    assert "PermissionError" in result.stderr


def test_a_reload_changes_the_mode(start):
    """The socket stays, so that nobody is refused meanwhile."""
    proxy = start('unix_socket_permissions = "0660"')
    path = proxy.address()
    before = path.stat().st_ino
    proxy.configuration.write_text(proxy.text('unix_socket_permissions = "0600"'))
    proxy.send_signal(signal.SIGHUP)
    proxy.wait_for("reloaded")
    assert (mode_of(path), path.stat().st_ino) == (0o600, before)
    assert log_in(path)


def test_a_user_on_the_list_comes_in(start):
    assert log_in(start(f"allow_users = [{SOMEBODY_ELSE}, {os.getuid()}]").address())


def test_a_user_who_is_not_on_the_list_is_told(start):
    proxy = start(f"allow_users = [{SOMEBODY_ELSE}]")
    with Client(proxy.address()) as app:
        app.send(startup_message())
        error = app.read_fatal()
    assert error["C"] == "28000"
    assert f"uid {os.getuid()} may not connect" in error["M"] and "allow_users" in error["H"]
    assert proxy.closed()["reason"] == "user_refused"
    assert proxy.metric("client_connections_closed_total", reason="user_refused") == 1
    assert not proxy.server.dialogues, "the server hears nothing of it"


def test_a_user_who_is_not_on_the_list_cannot_cancel(start):
    proxy = start(f"allow_users = [{SOMEBODY_ELSE}]")
    with Client(proxy.address()) as app:
        app.send(cancel_request(1, b"\0\0\0\1"))
        app.read_all()
    assert proxy.closed()["reason"] == "user_refused"
    assert not proxy.server.dialogues


def test_allow_users_needs_a_unix_socket(tmp_path):
    settings = tmp_path / "proxy.toml"
    settings.write_text('[[listener]]\nupstream = "host=db.invalid"\nallow_users = ["root"]\n')
    result = run_to_its_end(tmp_path, "--config", settings)
    assert result.returncode == 2 and "127.0.0.1:5432" in result.stderr and "Unix sockets" in result.stderr
