"""How long a new connection takes over a wire of a settable length, how long a start, and how big a program is."""

import shutil
import subprocess
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median

import psycopg2

from measure import percentile, table
from programs import BINARY, Program, cold, floor, haproxy, pgbouncer, proxy, stunnel
from servers import Wire

INTERVAL = 1 / 20  # seconds between two connects
UNCOUNTED = 10  # connects until a pool has seen what it is asked for


class DirectOverWire:
    """A client that speaks TLS to the server itself, over the wire."""

    title = "direct TLS"

    def __init__(self, server, wire):
        self._server = server
        self._wire = wire

    def environment(self, login):
        return self._server.environment(login, self._wire.port)


def connect_milliseconds(program, login, count):
    """From connect() to ReadyForQuery, each time; one connection after the other, at a steady pace."""
    names = {name.lower().removeprefix("pg"): value for name, value in program.environment(login).items()}
    known = ("host", "hostaddr", "port", "user", "password", "sslmode", "sslrootcert", "gssencmode")
    arguments = {name: names[name] for name in known if names.get(name)}
    taken = []
    for _ in range(UNCOUNTED + count):
        begin = time.monotonic()
        connection = psycopg2.connect(dbname=login.database, **arguments)
        taken.append(time.monotonic() - begin)
        connection.close()
        time.sleep(max(0, begin + INTERVAL - time.monotonic()))
    return [seconds * 1000 for seconds in taken[UNCOUNTED:]]


def connect_latency(bench, server, quick, round_trip=1):
    """A section of the report."""
    rounds, count = (1, 20) if quick else (5, 40)
    with ExitStack() as stack:
        wire = Wire(bench.build, server, round_trip)
        stack.callback(wire.stop)
        programs = [DirectOverWire(server, wire)]
        for title, command, extra in (
            ("floor", floor, []),
            ("stunnel", stunnel, []),
            ("pg-tls-proxy", proxy, cold(proxy)),
            ("pg-tls-proxy, warm pool", proxy, []),
        ):
            programs.append(Program(title, command, bench, wire, extra))
            stack.callback(programs[-1].stop)
        filters = {"direct TLS", "pg-tls-proxy", "pg-tls-proxy, warm pool"}
        rows = []
        for login, among in (
            (server.user, programs),
            (server.app, [program for program in programs if program.title in filters]),
        ):
            taken = {program.title: [] for program in among}
            for _ in range(rounds):
                for program in among:
                    taken[program.title] += connect_milliseconds(program, login, count)
            rows += _connect_rows("SCRAM" if login.password else "no password", taken)
    headers = [f"login over {round_trip} ms", "connect", "p50 ms", "p99 ms", "× direct TLS (p50)"]
    text = "From `connect()` to ReadyForQuery, 20 connects a second.\n\n"
    return "## Connecting over a long wire\n\n" + text + table(headers, rows)


def _connect_rows(login, taken):
    direct = median(taken["direct TLS"])
    for title, values in taken.items():
        middle = median(values)
        yield [title, login, f"{middle:.1f}", f"{percentile(values, 0.99):.1f}", f"{middle / direct:.2f}"]


def start_up(bench, server, quick):
    """A section of the report."""
    direct = server["18"]
    rows = []
    for title, command, behind, binary in (
        ("floor", floor, server["15"], bench.build / "floor"),
        ("pg-tls-proxy", proxy, server["15"], BINARY),
        ("HAProxy", haproxy, direct, Path("/usr/sbin/haproxy")),
        ("PgBouncer", pgbouncer, server["15"], Path("/usr/sbin/pgbouncer")),
        ("stunnel", stunnel, server["15"], Path("/usr/bin/stunnel4")),
    ):
        taken = []
        for _ in range(5 if quick else 21):
            program = Program(title, command, bench, behind)
            program.stop()
            taken.append(program.start_up * 1000)
        rows.append([title, f"{median(taken):.1f}", f"{min(taken):.1f}", f"{stripped_size(binary) / 2**20:.2f}"])
    text = "From fork() to the first connection that is accepted; the size of the binary without symbols.\n\n"
    return "## Start and size\n\n" + text + table(["", "median ms", "least ms", "MiB stripped"], rows)


def stripped_size(binary):
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        shutil.copy(binary, copy)
        subprocess.run(["strip", copy], check=True)
        return copy.stat().st_size
