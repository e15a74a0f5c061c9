"""The Debian package on a machine that systemd has booted: installed, configured, run, reloaded, upgraded, removed."""

import re
import shutil
import subprocess

import pytest

from support.containers import BUILD_DEADLINE, LOGIN_OPTIONS
from support.process import DEADLINE
from support.proxy import BINARY

pytestmark = pytest.mark.timeout(BUILD_DEADLINE)

# What systemd wants for the sandbox of a service, and a container does not have.
PRIVILEGES = ["--cap-add=SYS_ADMIN", "--cap-add=SYS_PTRACE", "--security-opt=seccomp=unconfined"]
PRIVILEGES += ["--security-opt=apparmor=unconfined", "--cgroupns=private", "--tmpfs=/run", "--env=container=docker"]

FILE = "/etc/pg-tls-proxy/pg-tls-proxy.toml"
CONFIGURATION = """
[[listener]]
address  = ["127.0.0.1:5432", "unix:/run/pg-tls-proxy/.s.PGSQL.5432"]
upstream = { host = "database", sslrootcert = "/certificates/ca.crt" }
"""
QUERY = """
import psycopg2
with psycopg2.connect("") as connection, connection.cursor() as cursor:
    cursor.execute("SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
    print(cursor.fetchone()[0])
"""


@pytest.fixture(scope="module")
def machine_image(engine, tmp_path_factory):
    """The machine before the package is installed."""
    configuration = BINARY.parent / "CPackConfig.cmake"
    if not configuration.exists():
        pytest.skip(f"{BINARY} is in no build folder that a package could be made from")
    folder = tmp_path_factory.mktemp("package")
    command = ["cpack", "--config", configuration, "-B", folder]
    result = subprocess.run(command, capture_output=True, text=True, timeout=BUILD_DEADLINE)
    assert result.returncode == 0, result.stdout + result.stderr
    shutil.rmtree(folder / "_CPack_Packages")
    engine.build("pg-tls-proxy-machine", "tests/e2e/machine.Dockerfile", context=folder)
    return "pg-tls-proxy-machine"


class Machine:
    """A container whose first process is systemd, asked as root would ask it at a terminal."""

    def __init__(self, engine, container):
        self._engine = engine
        self.container = container
        self.shell("until systemctl is-system-running 2>&1 | grep -qE 'running|degraded'; do sleep 0.1; done")

    def run(self, script):
        return self._engine.run("docker", "exec", self.container, "sh", "-euc", script)

    def shell(self, script):
        """What a script that must succeed says."""
        return self._engine.docker("exec", self.container, "sh", "-euc", script, timeout=4 * DEADLINE)

    def install(self):
        self.shell("DEBIAN_FRONTEND=noninteractive apt-get install --yes --reinstall /root/*.deb")

    def configure(self, text):
        self.shell(f"cat >{FILE} <<'END'\n{text}END")

    def property(self, name):
        return self.shell(f"systemctl show --property {name} --value pg-tls-proxy")


@pytest.fixture
def machine(engine, machine_image, database):
    """With the package, fresh for each test."""
    container, volume = database
    options = [f"--network=container:{container}", f"--volume={volume}:/certificates:ro"]
    with engine.start(*options, *PRIVILEGES, machine_image) as container:
        machine = Machine(engine, container)
        machine.install()
        yield machine


@pytest.fixture
def ask_as_an_app(engine, machine, site):
    """The TLS version that the server sees of a client that uses none."""

    def ask():
        network = f"--network=container:{machine.container}"
        return engine.docker("run", "--rm", network, *LOGIN_OPTIONS, site, "python3", "-c", QUERY)

    return ask


def test_installation_starts_nothing(machine):
    """There is no server to name yet."""
    assert machine.property("ActiveState") == "inactive"
    assert machine.property("UnitFileState") == "disabled"


def test_a_configured_service_serves_apps(machine, ask_as_an_app):
    machine.configure(CONFIGURATION)
    machine.shell("systemctl enable --now pg-tls-proxy")
    assert ask_as_an_app() == "TLSv1.3"
    assert machine.shell("stat --format %F /run/pg-tls-proxy/.s.PGSQL.5432") == "socket"


def test_the_service_is_confined(machine):
    """As the unit says: no user of this machine, no capability, system calls filtered."""
    machine.configure(CONFIGURATION)
    machine.shell("systemctl start pg-tls-proxy")
    lines = machine.shell(f"cat /proc/{machine.property('MainPID')}/status").splitlines()
    status = dict(line.split(":", 1) for line in lines)
    assert int(status["Uid"].split()[0]) >= 61184, "systemd's range of dynamic users"
    assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0
    assert (status["NoNewPrivs"].strip(), status["Seccomp"].strip()) == ("1", "2")


def test_a_client_key_that_only_root_may_read_is_handed_over(machine):
    """By the lines that the unit recommends. What the key is good for is no matter here: it has to load."""
    key = "/run/credentials/pg-tls-proxy.service/client.key"
    settings = f'sslcert = "/certificates/server.crt", sslkey = "{key}", sslrootcert'
    machine.configure(CONFIGURATION.replace("sslrootcert", settings))
    unit = machine.shell("cat /lib/systemd/system/pg-tls-proxy.service")
    advice = "\n".join(re.findall(r"^#   (.*)$", unit, re.MULTILINE))
    drop_in = "/etc/systemd/system/pg-tls-proxy.service.d"
    machine.shell("install --mode 600 /certificates/server.key /etc/pg-tls-proxy/client.key")
    machine.shell(f"mkdir {drop_in}; echo '{advice}' >{drop_in}/key.conf; systemctl daemon-reload")
    machine.shell("systemctl start pg-tls-proxy")


def test_reload_takes_a_change(machine, ask_as_an_app):
    machine.configure(CONFIGURATION.replace("5432", "5433"))
    machine.shell("systemctl start pg-tls-proxy")
    before = machine.property("MainPID")
    machine.configure(CONFIGURATION)
    machine.shell("systemctl reload pg-tls-proxy; pg-tls-proxy healthcheck --wait 20")
    machine.shell("until journalctl --unit pg-tls-proxy | grep -q reloaded; do sleep 0.1; done")
    assert ask_as_an_app() == "TLSv1.3"
    assert machine.property("MainPID") == before


def test_a_mistake_is_not_tried_again(machine):
    machine.configure("[limit]\n")
    assert machine.run("systemctl start pg-tls-proxy").returncode != 0
    assert machine.property("ExecMainStatus") == "2"
    assert machine.property("NRestarts") == "0"
    assert f"{FILE}:1" in machine.shell("journalctl --unit pg-tls-proxy")


def test_an_upgrade_restarts_the_service_and_keeps_its_configuration(machine, ask_as_an_app):
    machine.configure(CONFIGURATION)
    machine.shell("systemctl enable --now pg-tls-proxy")
    before = machine.property("MainPID")
    machine.install()
    assert machine.property("ActiveState") == "active" and machine.property("UnitFileState") == "enabled"
    assert machine.property("MainPID") != before
    assert ask_as_an_app() == "TLSv1.3"


def test_removal_stops_it_and_purge_leaves_nothing(machine):
    machine.configure(CONFIGURATION)
    machine.shell("systemctl enable --now pg-tls-proxy")
    machine.shell("apt-get remove --yes pg-tls-proxy")
    assert machine.property("ActiveState") == "inactive"
    assert machine.shell(f"cat {FILE}").strip() == CONFIGURATION.strip()
    machine.shell("apt-get purge --yes pg-tls-proxy")
    assert machine.shell("find / -xdev -name '*pg-tls-proxy*' ! -path '/root/*' ! -path '/var/cache/apt/*'") == ""
