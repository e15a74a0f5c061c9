"""New settings and files are for new connections; what does not load leaves everything as it was."""

import errno
import os
import re
import shutil
import signal
import socket
import subprocess

import psycopg2
import pytest

from support.postgres import PGBENCH, psql
from support.process import DEADLINE, Process
from support.proxy import BINARY, Proxy, environment, parse_event, parse_metrics, verified_upstream

LISTENER = """
[[listener]]
name = "main"
address = ["{address}"]
upstream = "{upstream}"
"""

# Starts a program where no inotify instance is to be had.
WITHOUT_INOTIFY = ["unshare", "-Ur", "sh", "-c", 'echo 0 > /proc/sys/user/max_inotify_instances && exec "$@"', "sh"]


@pytest.fixture
def configured(tmp_path, postgres, certificates):
    """A proxy that has everything from its file, with a root certificate that the test may replace."""
    root = tmp_path / "root.crt"
    shutil.copy(certificates.root, root)
    settings = LISTENER.format(address="127.0.0.1:0", upstream=verified_upstream(postgres.port, root))
    proxy = Proxy(tmp_path, settings=settings)
    proxy.root, proxy.file = root, tmp_path / "pg-tls-proxy.toml"
    yield proxy
    proxy.end()


@pytest.fixture
def login(configured, postgres):
    def login():
        host, port = configured.address()
        who = postgres.login
        return psycopg2.connect(host=host, port=port, user=who.user, password=who.password, dbname=who.database)

    return login


def replace(path, content):
    """As editors do it, and certificate managers."""
    fresh = path.with_suffix(".fresh")
    fresh.write_bytes(content)
    os.replace(fresh, path)


def answers(connection):
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return cursor.fetchone() == (1,)


def test_a_root_that_is_replaced_counts_for_new_connections(configured, login, certificates):
    before = login()
    replace(configured.root, certificates.other_root.read_bytes())
    configured.wait_for("reloaded")
    with pytest.raises(psycopg2.OperationalError, match="trust anchor"):
        login()
    assert answers(before), "a session lives on with what it began with"
    replace(configured.root, certificates.root.read_bytes())
    configured.wait_for("reloaded", 2)
    assert answers(login())
    assert configured.metric("config_reloads_total", result="success") == 2


def test_a_bad_file_keeps_the_last_good_state(configured, login, certificates):
    replace(configured.root, b"garbage")
    failed = configured.wait_for("reload failed, the last good configuration stays")
    assert str(configured.root) in failed["error"]
    assert answers(login())
    assert configured.metric("config_reloads_total", result="failure") == 1
    assert configured.metric("config_last_reload_successful") == 0
    replace(configured.root, certificates.root.read_bytes())
    configured.wait_for("reloaded")
    assert configured.metric("config_last_reload_successful") == 1


@pytest.fixture
def taken():
    """An address that somebody else listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield "127.0.0.1:{}".format(server.getsockname()[1])


def expiry_metrics(proxy):
    """The certificates that /metrics shows: (metric, upstream, subject)."""
    metrics = parse_metrics(proxy.get("/metrics")[1])
    return {(name, l["upstream"], l["subject"]) for name, l, _ in metrics if name.endswith("_not_after_seconds")}


def test_metrics_show_no_root_that_was_not_taken_over(configured, certificates, taken):
    before = expiry_metrics(configured)
    text = configured.file.read_text().replace('"127.0.0.1:0"', f'"127.0.0.1:0", "{taken}"')
    replace(configured.file, text.replace(str(configured.root), str(certificates.other_root)).encode())
    failed = configured.wait_for("reload failed, the last good configuration stays")
    assert taken in failed["error"]
    assert before and expiry_metrics(configured) == before


def test_metrics_show_no_certificate_of_an_upstream_that_is_gone(configured, login, certificates):
    login()
    before = expiry_metrics(configured)
    assert {name for name, _, _ in before} == {
        "pg_tls_proxy_peer_certificate_not_after_seconds",
        "pg_tls_proxy_trust_anchor_not_after_seconds",
    }
    settings = LISTENER.format(address="127.0.0.1:0", upstream=verified_upstream(1, certificates.other_root))
    replace(configured.file, settings.encode())
    configured.wait_for("reloaded")
    after = expiry_metrics(configured)
    assert {name for name, _, _ in after} == {"pg_tls_proxy_trust_anchor_not_after_seconds"}
    assert not after & before and {upstream for _, upstream, _ in after} == {"localhost:1"}


def test_the_admin_address_follows_a_reload(start_proxy, certificates):
    listener = LISTENER.format(address="127.0.0.1:0", upstream=verified_upstream(1, certificates.root))
    admin = '[admin]\nready_probe = "0"\nquitquitquit = true\n'
    proxy = start_proxy(listen=(), settings=admin + listener)
    text = proxy.configuration.read_text()
    assert proxy.get("/readyz")[0] == 200
    replace(proxy.configuration, text.removeprefix(admin).encode())
    proxy.wait_for("reloaded")
    assert proxy.get("/readyz")[0] == 503, "now it dials, and nobody is there"
    assert proxy.post("/quitquitquit")[0] == 405 and proxy.is_running()
    replace(proxy.configuration, text.encode())
    proxy.wait_for("reloaded", 2)
    assert proxy.get("/readyz")[0] == 200
    assert proxy.post("/quitquitquit")[0] == 202 and proxy.wait() == 0


def test_what_takes_a_restart_is_named(tmp_path, certificates):
    file = tmp_path / "pg-tls-proxy.toml"
    fixed = 'admin.listen = "127.0.0.1:0"\nlimits.workers = 1\nlog.format = "json"\n'
    listener = LISTENER.format(address="127.0.0.1:0", upstream=verified_upstream(1, certificates.root))
    file.write_text(fixed + listener)
    proxy = Process([BINARY, "run", "--config", file], env=environment(tmp_path))
    proxy.wait_for_line('"event":"ready"')
    other = fixed.replace("127.0.0.1:0", "off").replace("workers = 1", "workers = 2")
    for count, settings in enumerate([other, fixed], 1):
        replace(file, (settings + listener).encode())
        proxy.wait_until(lambda lines: sum('"event":"reloaded"' in line for line in lines) == count, "reloaded")
    warned = [event["setting"] for event in map(parse_event, proxy.lines) if event["event"] == "takes a restart"]
    assert warned == ["admin.listen", "limits.workers"], "and none where it is as it was at the start"
    assert proxy.stop() == 0


def test_the_log_keeps_its_format_until_a_reload_succeeds(tmp_path, certificates, taken):
    file = tmp_path / "pg-tls-proxy.toml"
    upstream = verified_upstream(1, certificates.root)
    json_text, text = (
        f'admin.listen = "off"\nlog.format = "{format}"\n' + LISTENER.format(address="127.0.0.1:0", upstream=upstream)
        for format in ("json", "text")
    )
    file.write_text(json_text)
    proxy = Process([BINARY, "run", "--config", file], env=environment(tmp_path))
    proxy.wait_for_line(r'"event":"ready"')
    replace(file, text.replace("127.0.0.1:0", taken).encode())
    proxy.wait_for_line(r"reload failed")
    assert parse_event(proxy.lines[-1])["event"].startswith("reload failed")
    replace(file, text.encode())
    proxy.wait_for_line(r"info reloaded$")
    assert proxy.stop() == 0


def test_a_bad_configuration_is_named_with_its_place(configured, login):
    replace(configured.file, b"[limits]\nmax_conections = 1\n")
    failed = configured.wait_for("reload failed, the last good configuration stays")
    assert "pg-tls-proxy.toml:2:1" in failed["error"] and "max_connections" in failed["error"]
    assert answers(login())


def test_hangup_reloads_too(configured, login):
    configured.send_signal(signal.SIGHUP)
    configured.wait_for("reloaded")
    assert answers(login())


def may_go_without_inotify():
    return subprocess.run([*WITHOUT_INOTIFY, "true"], capture_output=True).returncode == 0


@pytest.mark.skipif(not may_go_without_inotify(), reason="no user namespace can be made here")
def test_without_inotify_a_hangup_still_reloads(start_proxy, postgres, certificates):
    settings = LISTENER.format(address="127.0.0.1:0", upstream=verified_upstream(postgres.port, certificates.root))
    proxy = start_proxy(listen=(), settings=settings, launcher=WITHOUT_INOTIFY)
    (warning,) = proxy.events("files are not watched", level="warn")
    assert warning["error"] == os.strerror(errno.EMFILE) and "SIGHUP" in warning["hint"]
    proxy.send_signal(signal.SIGHUP)
    proxy.wait_for("reloaded")
    assert psql(postgres.login.environment(proxy.address()), "--command", "SELECT 1").returncode == 0
    assert len(proxy.events("files are not watched")) == 1


def test_listeners_come_and_go(configured, login, postgres, certificates, tmp_path):
    """The address that stays keeps its socket, so that no connection is refused meanwhile."""
    before = login()
    path = tmp_path / ".s.PGSQL.5432"
    text = configured.file.read_text()
    replace(configured.file, text.replace('"127.0.0.1:0"', f'"127.0.0.1:0", "unix:{path}"').encode())
    configured.wait_for("reloaded")
    who = postgres.login
    local = psycopg2.connect(host=str(tmp_path), port=5432, user=who.user, password=who.password, dbname=who.database)
    assert answers(local) and answers(login())
    replace(configured.file, text.encode())
    configured.wait_for("reloaded", 2)
    assert not path.exists()
    assert answers(local) and answers(before) and answers(login())


def test_a_port_that_the_kernel_chose_stays_with_its_listener(start_proxy, certificates):
    upstream = verified_upstream(1, certificates.root)
    first = LISTENER.format(address="127.0.0.1:0", upstream=upstream)
    second = first.replace("main", "second")
    proxy = start_proxy(listen=(), settings=first + second)
    replace(proxy.configuration, second.encode())
    proxy.wait_for("reloaded")
    socket.create_connection(proxy.address("second"), DEADLINE).close()
    proxy.closed(listener="second")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(proxy.address("main"), DEADLINE)


def test_an_address_by_another_name_keeps_its_socket(configured, login):
    host, port = configured.address()
    for name in (f"localhost:{port}", f"127.0.0.1:{port}"):
        text = re.sub(r'^address = .*', f'address = ["{name}"]', configured.file.read_text(), flags=re.MULTILINE)
        replace(configured.file, text.encode())
        configured.wait_for("reloaded", 1 + len(configured.events("reloaded")))
        assert answers(login())
    assert not [event for event in configured.events("listening")[1:] if event["address"] == f"{host}:{port}"]


def test_a_wildcard_of_an_own_address_is_refused_by_name(configured, login):
    """The old socket could only be closed first, and then a reload that fails would have lost it."""
    host, port = configured.address()
    text = configured.file.read_text().replace("127.0.0.1:0", f"0.0.0.0:{port}")
    replace(configured.file, (text + "\n").replace("[[listener]]", "[[listener]]\nallow_remote_clients = true").encode())
    failed = configured.wait_for("reload failed, the last good configuration stays")
    assert f"in use, by listener main on {host}:{port}" in failed["error"]
    assert answers(login())


def test_a_symbolic_link_that_is_swapped(tmp_path, postgres, certificates):
    """Kubernetes mounts a Secret as links into a directory that is itself a link, which it swaps."""
    for name, root in (("old", certificates.other_root), ("new", certificates.root)):
        (tmp_path / name).mkdir()
        shutil.copy(root, tmp_path / name / "ca.crt")
    (tmp_path / "..data").symlink_to("old")
    (tmp_path / "ca.crt").symlink_to("..data/ca.crt")
    settings = LISTENER.format(address="127.0.0.1:0", upstream=verified_upstream(postgres.port, tmp_path / "ca.crt"))
    proxy = Proxy(tmp_path, settings=settings)
    try:
        (tmp_path / "..fresh").symlink_to("new")
        os.replace(tmp_path / "..fresh", tmp_path / "..data")
        proxy.wait_for("reloaded")
        host, port = proxy.address()
        who = postgres.login
        session = psycopg2.connect(host=host, port=port, user=who.user, password=who.password, dbname=who.database)
        assert answers(session)
        session.close()
    finally:
        proxy.end()


def test_no_connection_is_lost_under_load(configured, postgres):
    """A connect for each transaction, so that old and new state take turns under it."""
    host, port = configured.address()
    environment = postgres.login.environment((host, port))
    subprocess.run(
        [PGBENCH, "--initialize", "--quiet"], env=environment, check=True, capture_output=True, timeout=DEADLINE
    )
    load = subprocess.Popen(
        [PGBENCH, "--no-vacuum", "--select-only", "--connect", "--client=4", "--transactions=100"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    reloads = 0
    while load.poll() is None:
        configured.send_signal(signal.SIGHUP)
        reloads += 1
        configured.wait_for("reloaded", reloads)
    output = load.communicate(timeout=DEADLINE)[0]
    assert load.returncode == 0, output
    assert "transactions actually processed: 400/400" in output and reloads > 1
