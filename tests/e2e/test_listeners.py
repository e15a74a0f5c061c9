"""Where apps come in: TCP over IPv4 and IPv6, Unix sockets, and several listeners with a server each."""

import socket
import stat
import tempfile
from pathlib import Path

import pytest

from support.postgres import psql
from support.process import Process
from support.proxy import BINARY, environment, verified_upstream
from support.wire import AUTHENTICATION_OK, READY_FOR_QUERY, Client, startup_message

LOGIN = AUTHENTICATION_OK + READY_FOR_QUERY


def has_ipv6_loopback():
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


@pytest.fixture
def socket_path():
    """As PostgreSQL names it, in a folder whose path is short enough for a socket address."""
    with tempfile.TemporaryDirectory(prefix="pg-") as folder:
        yield Path(folder) / ".s.PGSQL.5432"


@pytest.fixture
def upstream(postgres, certificates):
    return verified_upstream(postgres.port, certificates.root)


def query_one(environment):
    result = psql(environment, "--command", "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
    assert result.stdout == "t\n", result.stderr


@pytest.mark.skipif(not has_ipv6_loopback(), reason="this machine has no ::1")
def test_ipv6(start_proxy, postgres, upstream):
    proxy = start_proxy(upstream, listen=["[::1]:0"])
    host, port = proxy.address()
    assert host == "::1"
    query_one(postgres.login.environment((host, port)))
    assert proxy.closed()["client"].startswith("[::1]:")


def test_localhost(start_proxy, postgres, upstream):
    proxy = start_proxy(upstream, listen=["localhost:0"])
    query_one(postgres.login.environment(("127.0.0.1", proxy.address()[1])))


def test_unix_socket(start_proxy, postgres, upstream, socket_path):
    """psql finds it by its folder; libpq asks for no TLS on a Unix socket."""
    proxy = start_proxy(upstream, listen=[f"unix:{socket_path}"])
    assert proxy.address() == socket_path
    query_one(postgres.login.environment((socket_path.parent, 5432)))
    assert stat.S_ISSOCK(socket_path.stat().st_mode)
    proxy.end()
    assert not socket_path.exists(), "a socket file that nobody listens on misleads"


def test_a_socket_file_that_was_left_behind_is_replaced(start_proxy, postgres, upstream, socket_path):
    """After a crash the file is still there, with nobody behind it."""
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(socket_path))
    start_proxy(upstream, listen=[f"unix:{socket_path}"])
    query_one(postgres.login.environment((socket_path.parent, 5432)))


def test_one_listener_on_several_addresses(start_proxy, postgres, upstream, socket_path):
    proxy = start_proxy(upstream, listen=["127.0.0.1:0", f"unix:{socket_path}"])
    query_one(postgres.login.environment(proxy.address(index=0)))
    query_one(postgres.login.environment((socket_path.parent, 5432)))
    proxy.closed(2)
    assert proxy.metric("client_connections_total", listener="main") == 2


def test_several_listeners_have_their_own_server(start_proxy, start_fake, certificates):
    """Each app meets the server of the listener that it came to, and is counted there."""

    def upstream_that_says(name):
        def script(dialogue):
            dialogue.accept_startup()
            dialogue.write(LOGIN + name.encode())

        return verified_upstream(start_fake(script).port, certificates.root)

    names = ["orders", "people"]
    settings = "".join(
        f"""
        [[listener]]
        name = "{name}"
        address = "127.0.0.1:0"
        upstream = "{upstream_that_says(name)}"
        """
        for name in names
    )
    proxy = start_proxy(settings=settings, listen=[])
    for name in names:
        with Client(proxy.address(name)) as app:
            app.send(startup_message())
            assert app.read(len(LOGIN) + len(name)) == LOGIN + name.encode()
        proxy.closed(listener=name)
        assert proxy.metric("client_connections_total", listener=name) == 1


def test_an_address_that_is_taken_is_an_error(tmp_path, upstream):
    """It must not come up half, and says what is wrong."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        command = [BINARY, "run", "--listen", address, "--admin", "127.0.0.1:0", "--upstream", upstream]
        proxy = Process(command, env=environment(tmp_path))
        assert proxy.wait() == 1
    assert address in proxy.output and "in use" in proxy.output
