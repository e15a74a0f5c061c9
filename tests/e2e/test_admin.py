"""The admin server: metrics that Prometheus takes, and the two questions that an orchestrator asks."""

import subprocess
import threading

import pytest

from support.postgres import psql
from support.process import DEADLINE
from support.proxy import parse_metrics, verified_upstream
from support.wire import Client, startup_message


@pytest.fixture
def proxy(start_proxy, postgres, certificates):
    """Without warm connections, which would be counted too."""
    return start_proxy(verified_upstream(postgres.port, certificates.root))


def check_with_promtool(text):
    result = subprocess.run(
        ["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=DEADLINE
    )
    assert result.returncode == 0, result.stderr + text
    assert result.stderr == "", "promtool only has praise or words"


def test_metrics_are_valid_before_and_after_traffic(proxy, client_environment):
    check_with_promtool(proxy.get("/metrics")[1])
    psql(client_environment, "--command", "SELECT 1")
    proxy.closed()
    check_with_promtool(proxy.get("/metrics")[1])


def test_metrics_of_a_session(proxy, client_environment):
    psql(client_environment, "--command", "SELECT 1")
    closed = proxy.closed()
    assert proxy.metric("client_connections_total", listener="main") == 1
    assert proxy.metric("client_connections", listener="main") == 0
    assert proxy.metric("client_connections_closed_total", listener="main", reason=closed["reason"]) == 1
    assert proxy.metric("tls_sessions_total", version=closed["tls_version"], cipher=closed["cipher"]) == 1
    assert proxy.metric("session_ready_duration_seconds_count", listener="main") == 1
    for phase in ("dns", "tcp", "ssl_request", "tls"):
        assert proxy.metric("upstream_connect_duration_seconds_count", phase=phase) == 1, phase


def test_metrics_of_the_process(proxy):
    names = {name for name, _, _ in parse_metrics(proxy.get("/metrics")[1])}
    assert {"pg_tls_proxy_build_info", "process_resident_memory_bytes", "process_open_fds"} <= names
    assert {"process_cpu_seconds_total", "process_start_time_seconds"} <= names


def test_the_peers_certificate_and_its_anchor_can_be_watched(proxy, client_environment):
    """An alert on expiry needs the dates; those of the test certificates are all the same."""
    psql(client_environment, "--command", "SELECT 1")
    proxy.closed()
    leaf = proxy.metric("peer_certificate_not_after_seconds", position="leaf")
    root = proxy.metric("peer_certificate_not_after_seconds", position="root")
    anchor = proxy.metric("trust_anchor_not_after_seconds")
    assert leaf and leaf == root == anchor


def test_labels_come_from_fixed_sets(proxy):
    """Whatever strangers send, no series is born of it."""
    before = len(list(parse_metrics(proxy.get("/metrics")[1])))
    for user in ("alice", "bob", "carol"):
        with Client(proxy.address()) as app:
            app.send(startup_message(user=user, database=user))
            app.read_message()
    proxy.closed(3)
    text = proxy.get("/metrics")[1]
    assert "alice" not in text
    for user in ("dave", "eve"):
        with Client(proxy.address()) as app:
            app.send(startup_message(user=user, database=user))
            app.read_message()
    proxy.closed(5)
    assert before <= len(list(parse_metrics(text))) == len(list(parse_metrics(proxy.get("/metrics")[1])))


def test_healthz_needs_no_server(start_proxy):
    """Alive is alive: a database that is down must not get the sidecar killed."""
    proxy = start_proxy("host=db.invalid")
    assert proxy.get("/healthz")[0] == 200


def test_readyz_asks_the_server(proxy):
    assert proxy.get("/readyz")[0] == 200


def test_readyz_says_why_not(fake_behind_proxy, certificates):
    _, proxy = fake_behind_proxy(lambda dialogue: dialogue.accept_tls(), certificate=certificates.wrong_host)
    status, body = proxy.get("/readyz")
    assert status == 503
    assert 'certificate is not for host "localhost"' in body


def test_many_ask_and_one_handshake_answers(fake_behind_proxy):
    """A server must not pay for the number of those who ask."""
    asked = threading.Event()

    def script(dialogue):
        dialogue.read_ssl_request()
        asked.set()
        dialogue.server.released.wait(DEADLINE)
        dialogue.send_clear(b"S")
        dialogue.handshake()

    server, proxy = fake_behind_proxy(script)
    waiting = [proxy.ask("GET", "/readyz") for _ in range(4)]
    assert asked.wait(DEADLINE)
    for _ in range(2):  # one thread answers in turn: after this it has read what came before
        assert proxy.get("/healthz")[0] == 200
    server.released.set()
    assert [connection.getresponse().status for connection in waiting] == [200] * 4
    assert len(server.dialogues) == 1


def test_an_app_that_got_through_is_proof_enough(fake_behind_proxy):
    """Real traffic spares the server the question."""
    server, proxy = fake_behind_proxy(lambda dialogue: dialogue.accept_session())
    with Client(proxy.address()) as app:
        app.send(startup_message())
        app.read_message()
        assert proxy.get("/readyz")[0] == 200
    assert len(server.dialogues) == 1


def test_an_old_handshake_is_no_proof(start_proxy, start_fake, certificates):
    server = start_fake(lambda dialogue: dialogue.accept_tls())
    proxy = start_proxy(verified_upstream(server.port, certificates.root), "--ready-probe", "1ms")
    while len(server.dialogues) < 2:
        assert proxy.get("/readyz")[0] == 200


def test_readyz_that_may_not_dial(start_proxy):
    """With --ready-probe 0 an idle proxy dials nobody."""
    proxy = start_proxy("host=db.invalid", "--ready-probe", "0")
    assert proxy.get("/readyz")[0] == 200
    assert not proxy.metric("upstream_connect_failures_total")


@pytest.mark.parametrize("path", ["/nowhere", "/metrics/more", "/../etc/passwd"])
def test_other_pages_are_not_found(proxy, path):
    assert proxy.get(path)[0] == 404


def test_admin_can_be_asked_while_sessions_wait(fake_behind_proxy):
    """Metrics are wanted most when the server does not answer."""
    asked = threading.Event()

    def script(dialogue):
        dialogue.read_ssl_request()
        asked.set()
        dialogue.server.released.wait(DEADLINE)
        dialogue.close()

    _, proxy = fake_behind_proxy(script, connect_timeout=60)
    with Client(proxy.address()) as app:
        app.send(startup_message())
        assert asked.wait(DEADLINE)
        assert proxy.metric("client_connections", listener="main") == 1
