"""Processor time for a unit of work, latency added to a query, and how the work spreads over workers."""

import os
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import plot
from measure import cost, differences, interleave, ratios, summary, table
from programs import Program, cold, proxy


@dataclass(frozen=True)
class Column:
    title: str
    work: object
    factor: float  # from seconds to the unit of the title


def costs(programs, works, quick, folder):
    """A section of the report, and its plot into `folder`."""
    columns = [
        Column("COPY out, s/GB", works.copy_out, 1),
        Column("COPY in, s/GB", works.copy_in, 1),
        Column("pgbench -S -c 8, µs/transaction", works.select, 1e6),
        Column("pgbench -S -C, µs/connection", works.connect, 1e6),
    ]
    rounds = 2 if quick else 25
    rows = {program.title: [program.title] for program in programs}
    bars = {}
    for column in columns:
        values = interleave(rounds, programs, lambda program: cost(program, column.work) * column.factor)
        compared = {title: ratios(values[title], values[floor_of(title)]) for title in values}
        for title, row in rows.items():
            digits = 2 if column.factor == 1 else 0 if median(values[title]) >= 100 else 1
            row += [f"{median(values[title]):.{digits}f}", summary(compared[title])]
        others = {title: median(found) for title, found in compared.items() if "floor" not in title}
        bars[column.title.split(", ")[0]] = others
    Path(folder, "costs.svg").write_text(plot.bars("Processor time, × the floor", bars, "pg-tls-proxy"))
    headers = ["processor time", *(part for column in columns for part in (column.title, "× floor"))]
    text = (
        f"Medians of {rounds} interleaved rounds; × floor is the median of the ratios within a round, with the middle "
        "half of them in brackets. PgBouncer pools, so its -C makes no connection to the server.\n\n"
    )
    return "## Processor time\n\n" + text + table(headers, rows.values())


def floor_of(title):
    """The floor program before the same server."""
    return "floor, direct TLS" if title.endswith(", direct TLS") else "floor"


def latency(subjects, works, quick):
    """A section of the report."""
    count = 200 if quick else 1000
    measured = interleave(3 if quick else 25, subjects, lambda subject: works.latencies(subject, count))
    rows = []
    for title, pairs in measured.items():
        base = measured["direct TLS to 18" if title.endswith(", direct TLS") else "direct TLS to 15"]
        row = [title]
        for values, others in zip(zip(*pairs), zip(*base)):
            row += [f"{median(values):.0f}", summary(differences(values, others), 0)]
        rows.append(row)
    headers = ["SELECT 1, one client, µs", "p50", "p50 added", "p99", "p99 added"]
    return "## Latency against direct TLS\n\n" + table(headers, rows)


def workers(stack, bench, server, works, quick):
    """A section of the report: the same eight clients on one worker and on two."""
    programs = []
    for title, count in (("1 worker", 1), ("2 workers", 2)):
        programs.append(Program(title, proxy, bench, server, cold(proxy), workers=count))
        stack.callback(programs[-1].stop)
    values = interleave(3 if quick else 25, programs, lambda program: cost(program, works.select) * 1e6)
    compared = {title: ratios(spent, values["1 worker"]) for title, spent in values.items()}
    rows = [[title, f"{median(spent):.1f}", summary(compared[title])] for title, spent in values.items()]
    shares = ", ".join(f"{share:.0%}" for share in thread_shares(programs[1].pid))
    text = f"The threads of the second took {shares} of its time.\n\n"
    return "## Workers\n\n" + text + table(["pgbench -S -c 8", "µs/transaction", "× one worker"], rows)


def thread_shares(pid):
    """Each thread's part of the processor time of a process, the largest first."""
    ticks = []
    for thread in os.listdir(f"/proc/{pid}/task"):
        fields = Path(f"/proc/{pid}/task/{thread}/stat").read_text().rpartition(")")[2].split()
        ticks.append(int(fields[11]) + int(fields[12]))
    return sorted((tick / sum(ticks) for tick in ticks), reverse=True)
