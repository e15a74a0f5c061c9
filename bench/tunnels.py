"""Many tunnels at once: what an idle one keeps in memory, and whether the idle ones are in the way of the busy ones."""

import time
from contextlib import ExitStack, contextmanager
from statistics import median

from measure import interleave, ratios, summary, table
from programs import TUNNELS, Program, cold, floor, haproxy, pgbouncer, proxy, stunnel
from servers import Fake
from support.wire import Client, query, startup_message

AT_A_TIME = 50  # handshakes under way
SETTLED = 0.5  # seconds after which a program has put away what it needed for the last handshake


@contextmanager
def idle_tunnels(program, count):
    """Tunnels that have logged in and made one query, and do nothing any more."""
    with ExitStack() as stack:
        for start in range(0, count, AT_A_TIME):
            size = min(AT_A_TIME, count - start)
            clients = [stack.enter_context(Client(("127.0.0.1", program.port))) for _ in range(size)]
            for message in (startup_message(user="bench"), query("SELECT 1")):
                for client in clients:
                    client.send(message)
                for client in clients:
                    client.read_until(b"Z")
        time.sleep(SETTLED)
        yield


def memory_per_tunnel(program, count):
    """KiB of private dirty memory for each of `count` idle tunnels."""
    before = program.private_dirty()
    with idle_tunnels(program, count):
        return (program.private_dirty() - before) / count


def memory(bench, certificates, quick):
    """A section of the report."""
    counts = [1000] if quick else [1000, TUNNELS]
    rows = []
    for title, command in {
        "floor": floor,
        "pg-tls-proxy": proxy,
        "HAProxy": haproxy,
        "PgBouncer": pgbouncer,
        "stunnel": stunnel,
    }.items():
        row = [title]
        for count in counts:
            with ExitStack() as stack:
                # A thread for each tunnel is more than a machine may allow.
                if command is stunnel and count > 1000:
                    row.append("–")
                    continue
                fake = Fake(bench.build, certificates)
                stack.callback(fake.stop)
                server = fake.in_direct_tls() if command is haproxy else fake
                program = Program(title, command, bench, server, extra=cold(command))
                stack.callback(program.stop)
                row.append(f"{memory_per_tunnel(program, count):.1f}")
        rows.append(row)
    headers = ["KiB private dirty", *(f"{count:,} tunnels" for count in counts)]
    return "## Memory of an idle tunnel\n\n" + table(headers, rows)


def busy_among_idle(bench, certificates, works, quick):
    """A section of the report: two proxies do the same work, and one of them holds idle tunnels as well."""
    count = 1000 if quick else TUNNELS
    with ExitStack() as stack:
        programs = []
        for title in ("alone", "among idle tunnels"):
            fake = Fake(bench.build, certificates)
            stack.callback(fake.stop)
            programs.append(Program(title, proxy, bench, fake, extra=cold(proxy)))
            stack.callback(programs[-1].stop)
        stack.enter_context(idle_tunnels(programs[1], count))
        speeds = interleave(3 if quick else 15, programs, works.busy)
    alone, among = speeds["alone"], speeds["among idle tunnels"]
    rows = [
        ["100 busy tunnels", f"{median(alone):.0f}", ""],
        [f"100 busy and {count:,} idle tunnels", f"{median(among):.0f}", summary(ratios(among, alone))],
    ]
    return "## Busy tunnels among idle ones\n\n" + table(["pg-tls-proxy", "SELECT 1 per second", "ratio"], rows)
