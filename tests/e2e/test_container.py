"""The image, really built and run: a PostgreSQL, the proxy, and an app that shares the proxy's network."""

import re
import tarfile
from pathlib import Path

import pytest

from support.containers import BUILD_DEADLINE, IMAGE, LOGIN_OPTIONS, REVISION, wait_until
from support.name_server import NameServer
from support.process import Process
from support.proxy import ROOT

pytestmark = pytest.mark.timeout(BUILD_DEADLINE)

MEGABYTE = 10**6


@pytest.fixture
def proxy(engine, image, database):
    """The image as an orchestrator that allows nothing runs it."""
    container, volume = database
    options = [f"--network=container:{container}", f"--volume={volume}:/certificates:ro"]
    nothing = ["--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges"]
    nothing += [f"--security-opt=seccomp={ROOT / 'docker/seccomp.json'}"]
    arguments = ["--listen=127.0.0.1:5432", "--upstream=host=database sslrootcert=/certificates/ca.crt"]
    with engine.start(*options, *nothing, IMAGE, *arguments) as proxy:
        engine.docker("exec", proxy, "/pg-tls-proxy", "healthcheck", "--wait", "20")
        yield proxy


@pytest.fixture
def start_app(engine, proxy, site):
    """Start Python code in a container of its own beside the proxy; nothing but libpq's variables says where."""
    apps = []

    def start(code):
        command = ["docker", "run", "--rm", f"--network=container:{proxy}", *LOGIN_OPTIONS, site, "python3", "-c"]
        apps.append(Process([*command, CONNECT + code], env=engine.environment))
        return apps[-1]

    yield start
    for app in apps:
        assert app.wait() == 0, app.output


CONNECT = """
import psycopg2, socket, sys, time
connection = psycopg2.connect("")
cursor = connection.cursor()
def say(word): print(word, file=sys.stderr, flush=True)
"""


def test_image_is_small(image):
    assert image["Size"] <= 12 * MEGABYTE


def test_image_holds_one_program_and_the_c_library(engine, image, tmp_path):
    """No shell, nothing that can be run but the proxy, and nothing that may be written."""
    container = engine.docker("create", IMAGE)
    engine.docker("export", "--output", tmp_path / "image.tar", container)
    engine.docker("rm", container)
    with tarfile.open(tmp_path / "image.tar") as archive:
        files = [member for member in archive if member.size]  # Docker's own are empty
    executable = {Path(file.name).name for file in files if file.mode & 0o111}
    assert executable - {"pg-tls-proxy"} <= {"ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1", "libc.so.6", "libm.so.6"}
    assert all(file.uid == 0 and not file.mode & 0o022 for file in files)


def test_image_says_what_it_is_and_how_to_run_it(engine, image):
    settings = image["Config"]
    assert settings["User"] == "65532:65532"
    assert settings["StopSignal"] == "SIGTERM"
    assert settings["Healthcheck"]["Test"] == ["CMD", "/pg-tls-proxy", "healthcheck"]
    labels = settings["Labels"]
    assert labels["org.opencontainers.image.title"] == "pg-tls-proxy"
    assert labels["org.opencontainers.image.revision"] == REVISION
    version = engine.docker("run", "--rm", "--network=none", IMAGE, "--version")
    assert f"pg-tls-proxy {labels['org.opencontainers.image.version']} ({REVISION[:12]}," in version


def test_an_app_on_localhost_talks_tls_to_the_server(start_app):
    app = start_app(
        "cursor.execute('SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()'); say(cursor.fetchone())"
    )
    app.wait_for_line(re.escape("(True, 'TLSv1.3')"))


def test_it_runs_as_nobody_with_no_capability(engine, proxy):
    status = Path(f"/proc/{engine.inspect(proxy)['State']['Pid']}/status").read_text()
    fields = dict(line.split(":\t", 1) for line in status.splitlines())
    assert fields["Uid"].split() == fields["Gid"].split() == ["65532"] * 4
    assert int(fields["CapEff"], 16) == int(fields["CapBnd"], 16) == 0
    assert fields["NoNewPrivs"] == "1"


def test_health_becomes_healthy(engine, proxy):
    wait_until(lambda: engine.inspect(proxy)["State"]["Health"]["Status"] == "healthy", "the health status")


def test_stop_lets_a_transaction_finish(engine, proxy, start_app):
    app = start_app(
        """
cursor.execute("CREATE TEMPORARY TABLE work AS SELECT 1 AS done"); say("in a transaction")
while True:
    try: socket.create_connection(("127.0.0.1", 5432)).close()
    except ConnectionRefusedError: break
    time.sleep(0.05)
cursor.execute("SELECT * FROM work"); connection.commit(); say(f"committed {cursor.fetchone()}")
connection.close()
"""
    )
    app.wait_for_line("in a transaction")
    engine.docker("stop", "-t", "40", proxy, timeout=60)
    app.wait_for_line(re.escape("committed (1,)"))
    assert engine.inspect(proxy)["State"]["ExitCode"] == 0


def test_system_roots_are_in_the_image(engine, image):
    """With none it would stop before it dialled."""
    upstream = "host=127.0.0.1 port=1 sslrootcert=system"
    result = engine.run("docker", "run", "--rm", "--network=none", IMAGE, "check", "--upstream", upstream)
    assert result.returncode == 1
    assert "connect" in result.stdout + result.stderr
    assert "sslrootcert" not in result.stderr


def test_names_are_resolved_by_dns(engine, image, postgres, certificates):
    """The C library reads resolv.conf and asks; nothing of that is linked into the program."""
    with NameServer({"database.test": "127.0.0.1"}) as server:
        upstream = f"host=database.test port={postgres.port} sslmode=verify-ca sslrootcert=/root.crt"
        options = ["--network=host", f"--dns={server.address}", f"--volume={certificates.root}:/root.crt:ro"]
        result = engine.run("docker", "run", "--rm", *options, IMAGE, "check", "--upstream", upstream)
    assert result.returncode == 0, result.stdout + result.stderr
