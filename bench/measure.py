"""Rounds that take turns, and what can be said of their numbers.

Wall time on a shared machine says little. So every program does a little in every round, in another order each time,
and is compared with the one that stands beside it in the same round; a disturbance then meets all of them alike.
"""

from statistics import median, quantiles


def interleave(rounds, programs, measure):
    """{title: [what `measure(program)` returned in each round]}"""
    values = {program.title: [] for program in programs}
    for turn in range(rounds):
        first = turn % len(programs)
        for program in programs[first:] + programs[:first]:
            values[program.title].append(measure(program))
    return values


def cost(program, work):
    """Processor seconds that `program` spends on one unit of `work`, which returns how many units it did."""
    before = program.cpu()
    amount = work(program)
    return (program.cpu() - before) / amount


def ratios(values, base):
    return [value / other for value, other in zip(values, base, strict=True)]


def differences(values, base):
    return [value - other for value, other in zip(values, base, strict=True)]


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def summary(values, digits=2):
    """The median, and between which values the middle half lies."""
    low, _, high = quantiles(values, n=4) if len(values) > 1 else values * 3
    return f"{median(values):.{digits}f} ({low:.{digits}f}–{high:.{digits}f})"


def table(headers, rows):
    """A table in Markdown; the first column is words, the others are numbers."""
    lines = [headers, ["---"] + ["---:"] * (len(headers) - 1), *rows]
    return "".join("| " + " | ".join(str(cell) for cell in line) + " |\n" for line in lines)
