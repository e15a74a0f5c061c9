"""The programs that are compared, all used the same way: plaintext in at `port`, verified TLS out to a server."""

import os
import resource
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from support.postgres import free_port
from support.process import DEADLINE, Process
from support.proxy import BINARY, verified_upstream

TUNNELS = min(10_000, (resource.getrlimit(resource.RLIMIT_NOFILE)[1] - 400) // 2)
"""How many idle tunnels a program can hold here, each with two descriptors; room is left for the busy ones."""

CONNECTIONS = TUNNELS + 120

STUNNEL = """
foreground = yes
syslog = no
pid =
[postgresql]
client = yes
protocol = pgsql
accept = 127.0.0.1:{port}
connect = 127.0.0.1:{server}
CAfile = {root}
verifyChain = yes
checkHost = localhost
"""

PGBOUNCER = """
[databases]
* = host=localhost port={server} user=bench
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = session
max_client_conn = {connections}
default_pool_size = {connections}
server_tls_sslmode = verify-full
server_tls_ca_file = {root}
"""

HAPROXY = """
global
    maxconn {connections}
defaults
    mode tcp
    timeout connect 10s
    timeout client 1h
    timeout server 1h
listen postgresql
    bind 127.0.0.1:{port}
    default-server ssl verify required ca-file "{root}" sni str(localhost) verifyhost localhost alpn postgresql
    server postgresql 127.0.0.1:{server}
"""

PROXY = """
[limits]
max_connections = {connections}
workers = {workers}
"""


@dataclass(frozen=True)
class Bench:
    """Where the benchmark keeps its things."""

    build: Path  # the programs of bench/
    folder: Path  # to write to; everybody may read it
    root: Path  # the certificate that all servers end at


@dataclass(frozen=True)
class Place:
    """What a program has to know to be started."""

    bench: Bench
    folder: Path
    port: int
    server: object
    workers: int

    def write(self, name, text):
        path = self.folder / name
        values = {"port": self.port, "server": self.server.port, "root": self.bench.root}
        path.write_text(text.format(connections=CONNECTIONS, workers=self.workers, **values))
        return path


def floor(place):
    addresses = ["--listen", f"127.0.0.1:{place.port}", "--upstream", f"127.0.0.1:{place.server.port}"]
    negotiation = ["--direct"] if place.server.direct else []
    return [place.bench.build / "floor", *addresses, "--root", place.bench.root, *negotiation]


def proxy(place):
    negotiation = "direct" if place.server.direct else "postgres"
    upstream = verified_upstream(place.server.port, place.bench.root, sslnegotiation=negotiation)
    settings = ["--config", place.write("pg-tls-proxy.toml", PROXY), "--admin", f"127.0.0.1:{free_port()}"]
    return [BINARY, "run", *settings, "--listen", f"127.0.0.1:{place.port}", "--upstream", upstream]


def stunnel(place):
    return ["/usr/bin/stunnel4", place.write("stunnel.conf", STUNNEL)]


def pgbouncer(place):
    return ["/usr/sbin/pgbouncer", place.write("pgbouncer.ini", PGBOUNCER)]


def haproxy(place):
    return ["/usr/sbin/haproxy", "-db", "-f", place.write("haproxy.cfg", HAPROXY)]


def cold(command):
    """Options that make a program dial the server only when a client has come."""
    return ["--warm", "0"] if command is proxy else []


class Program(Process):
    """A running program in front of `server`. `command` is one of the functions above; `extra` goes behind it."""

    def __init__(self, name, command, bench, server, extra=(), workers=0):
        self.title = name
        self.server = server
        folder = Path(tempfile.mkdtemp(dir=bench.folder))
        folder.chmod(0o755)
        self.port = free_port()
        place = Place(bench, folder, self.port, server, workers)
        started = time.monotonic()
        environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}
        # In a session of its own: with autogroups, the scheduler shares the processors out by session.
        super().__init__([*command(place), *extra], env=environment, start_new_session=True, **_user(command))
        self._wait_for_port()
        self.start_up = time.monotonic() - started

    def environment(self, login):
        """libpq's variables for a client in clear. Byte pipes want it to ask for nothing else."""
        return {**login.environment(("127.0.0.1", self.port)), "PGSSLMODE": "disable", "PGGSSENCMODE": "disable"}

    def cpu(self):
        """Seconds of processor time, user and system, of all its threads, also those that have ended."""
        return time.clock_gettime(~self.pid << 3 | 2)  # what clock_getcpuclockid(3) returns for the process

    def private_dirty(self):
        """KiB of memory that nobody shares."""
        rollup = Path(f"/proc/{self.pid}/smaps_rollup").read_text()
        return int(rollup.split("Private_Dirty:")[1].split()[0])

    def _wait_for_port(self):
        deadline = time.monotonic() + DEADLINE
        while self.is_running() and time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except ConnectionRefusedError:
                time.sleep(0.0002)
        raise RuntimeError(f"{self.title} does not listen; it said:\n{self.output}")


class Direct:
    """No program at all: the client speaks TLS to the server itself."""

    def __init__(self, server):
        self.title = "direct TLS to 18" if server.direct else "direct TLS to 15"
        self.server = server

    def environment(self, login):
        return self.server.environment(login)


def _user(command):
    """PgBouncer refuses to be root."""
    if command is pgbouncer and os.geteuid() == 0:
        return {"user": "postgres", "group": "postgres", "extra_groups": []}
    return {}
