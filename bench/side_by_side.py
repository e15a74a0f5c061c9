"""Measures pg-tls-proxy beside the floor program and its peers, and writes RESULTS.md. Started by run.sh."""

import argparse
import datetime
import os
import platform
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))

from connects import connect_latency, start_up  # noqa: E402
from costs import costs, latency, workers  # noqa: E402
from observe import perf_works, profiles, system_calls  # noqa: E402
from programs import BINARY, Bench, Direct, Program, cold  # noqa: E402
from programs import floor, haproxy, pgbouncer, proxy, stunnel  # noqa: E402
from servers import PostgreSQL15, PostgreSQL18  # noqa: E402
from support.certs import Certificates  # noqa: E402
from tunnels import busy_among_idle, memory  # noqa: E402
from works import Works  # noqa: E402

SECTIONS = ("costs", "latency", "workers", "memory", "busy", "connect", "start", "calls", "profile")

PROGRAMS = (
    ("floor", floor, "15"),
    ("pg-tls-proxy", proxy, "15"),
    ("stunnel", stunnel, "15"),
    ("PgBouncer", pgbouncer, "15"),
    ("floor, direct TLS", floor, "18"),
    ("HAProxy, direct TLS", haproxy, "18"),
    ("pg-tls-proxy, direct TLS", proxy, "18"),
)
"""All of them, each in front of the server that it can speak to: HAProxy knows no SSLRequest."""


def main():
    arguments = parse_arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started is stopped then too
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pg-tls-proxy-bench-")))
        folder.chmod(0o755)
        certificates = Certificates(folder)
        bench = Bench(arguments.build, folder, certificates.root)
        servers = {"15": PostgreSQL15(certificates)}
        stack.callback(servers["15"].stop)
        servers["18"] = PostgreSQL18(certificates)
        stack.callback(servers["18"].stop)

        measure = sections(stack, bench, certificates, servers, arguments)
        text = []
        for name in arguments.only or SECTIONS:
            text.append(measure[name]())
            print(text[-1], flush=True)
        if not arguments.only:
            results = HERE / "RESULTS.md"
            results.write_text("\n".join(["# Side by side\n\n" + circumstances(servers, arguments.quick), *text]))
            print(f"Written to {results}")


def parse_arguments():
    parser = argparse.ArgumentParser(prog="bench/run.sh", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds: under 3 minutes instead of 15")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, help="measure these alone, and write no file")
    parser.add_argument("--build", type=Path, required=True, help=argparse.SUPPRESS)
    return parser.parse_args()


def sections(stack, bench, certificates, servers, arguments):
    """{name: what measures a section of the report and returns it in Markdown}."""
    quick = arguments.quick
    works = Works(bench.folder, servers["15"])
    programs = []
    for title, command, server in PROGRAMS:
        programs.append(Program(title, command, bench, servers[server], cold(command)))
        stack.callback(programs[-1].stop)
    direct = [Direct(server) for server in servers.values()]
    observed = [program for program in programs if program.title in ("floor", "pg-tls-proxy")]
    plots = bench.folder if arguments.only else HERE
    return {
        "costs": lambda: costs(programs, works, quick, plots),
        "latency": lambda: latency([*direct, *programs], works, quick),
        "workers": lambda: workers(stack, bench, servers["15"], works, quick),
        "memory": lambda: memory(bench, certificates, quick),
        "busy": lambda: busy_among_idle(bench, certificates, works, quick),
        "connect": lambda: connect_latency(bench, servers["15"], quick),
        "start": lambda: start_up(bench, servers, quick),
        "calls": lambda: system_calls(bench, observed, works.counted()) if perf_works() else "",
        "profile": lambda: profiles(bench, observed, works.profiled()) if perf_works() else "",
    }


def circumstances(servers, quick):
    """Everything that a reader needs to doubt the numbers."""
    information = Path("/proc/cpuinfo").read_text()
    known = "model name\t: " in information
    processor = information.split("model name\t: ")[1].splitlines()[0] if known else platform.machine()
    congestion = Path("/proc/sys/net/ipv4/tcp_congestion_control").read_text().strip()
    load = " ".join(f"{load:.1f}" for load in os.getloadavg())
    lines = [
        f"{os.cpu_count()} × {processor}, Linux {platform.release()}, TCP {congestion}, load {load} at the end",
        output(BINARY, "--version"),
        *(f"{name} {output('dpkg-query', '-Wf${Version}', name)}" for name in ("haproxy", "pgbouncer", "stunnel4")),
        *(f"PostgreSQL {server.version()}" for server in servers.values()),
    ]
    command = "bash bench/run.sh --quick" if quick else "bash bench/run.sh"
    return f"{datetime.date.today()}, by `{command}`.\n\n" + "".join(f"- {line}\n" for line in lines)


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    main()
