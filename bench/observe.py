"""What a program does while it works: system calls and instructions as perf counts them, and where its time goes."""

import re
import signal
import subprocess
import time
from collections import defaultdict
from contextlib import contextmanager

from measure import table

CALLS = (
    "epoll_wait", "epoll_pwait", "epoll_ctl", "poll", "read", "write", "writev", "recvfrom", "sendto", "recvmsg",
    "sendmsg", "accept4", "connect", "socket", "close", "shutdown", "setsockopt", "getsockopt", "ioctl", "futex",
    "timerfd_settime", "brk", "mmap", "munmap", "getpid", "getrandom", "newfstatat",
)  # fmt: skip
ALL_CALLS = "raw_syscalls:sys_enter"
INSTRUCTIONS = "instructions:u"
ATTACHED = 0.5  # seconds after which perf has surely found all threads


def perf_works():
    """Whether perf may count system calls here."""
    try:
        probe = ["perf", "stat", "-x,", "-e", ALL_CALLS, "true"]
        return "not supported" not in subprocess.run(probe, check=True, capture_output=True, text=True).stderr
    except (OSError, subprocess.CalledProcessError):
        return False


@contextmanager
def _perf(*command):
    process = subprocess.Popen(["perf", *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(ATTACHED)
        yield
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()


def count_calls(bench, program, work):
    """{what: how often for one unit of `work`}, most frequent first; EAGAIN counts the calls that found nothing."""
    output = bench.folder / "perf-stat"
    events = ",".join([INSTRUCTIONS, ALL_CALLS, *(f"syscalls:sys_enter_{name}" for name in CALLS)])
    options = ["-x,", "-o", str(output), "-p", str(program.pid)]
    with _perf("stat", *options, "-e", events, "-e", "raw_syscalls:sys_exit", "--filter", "ret == -11"):
        amount = work(program)
    counts = {}
    for line in output.read_text().splitlines():
        fields = line.split(",")
        if len(fields) > 2 and fields[0].isdigit() and int(fields[0]) > 0:
            counts[fields[2].removeprefix("syscalls:sys_enter_")] = int(fields[0]) / amount
    names = {ALL_CALLS: "all", "raw_syscalls:sys_exit": "EAGAIN", INSTRUCTIONS: "instructions"}
    named = {names.get(name, name): count for name, count in counts.items()}
    return dict(sorted(named.items(), key=lambda item: -item[1]))


def profile(bench, program, work):
    """Processor seconds for one unit of `work` by (library, symbol). Sampled by a timer: no hardware counter needed."""
    data = bench.folder / "perf-data"
    before = program.cpu()
    with _perf("record", "-e", "cpu-clock", "-F", "2999", "-p", str(program.pid), "-o", str(data)):
        amount = work(program)
    seconds = (program.cpu() - before) / amount
    options = ["--stdio", "--no-children", "--fields", "overhead,dso,symbol", "--field-separator", "\t"]
    report = subprocess.run(["perf", "report", "-i", str(data), *options], capture_output=True, text=True).stdout
    shares = defaultdict(float)
    for line in report.splitlines():
        fields = [field.strip() for field in line.split("\t")]
        if len(fields) == 3 and fields[0].endswith("%"):
            library = "its own code" if fields[1] == program.name else _library(fields[1])
            shares[library, _symbol(fields[2], library)] += float(fields[0][:-1]) / 100 * seconds
    return shares


def _library(name):
    return "kernel" if name.startswith("[kernel") else name.strip("[]").split(".so")[0]


def _symbol(name, library):
    """Without perf's marks, and without arguments, templates and what compilers and loaders append."""
    name = (name[4:] if name.startswith("[") else name).replace("(anonymous namespace)::", "")
    return f"{library} (no symbol)" if name.startswith("0x") else re.split(r"[(<@]|\.isra|\.part|\.cons", name)[0]


def system_calls(bench, programs, works):
    """A section of the report. `works`: {title: (work, unit)}."""
    text = "## System calls\n\n"
    for title, work in works.items():
        counts = [count_calls(bench, program, work) for program in programs]
        names = list(dict.fromkeys(name for count in counts for name, value in count.items() if value >= 0.005))
        rows = [[name, *(_number(count.get(name, 0)) for count in counts)] for name in names]
        text += table([title, *(program.title for program in programs)], rows) + "\n"
    return text


def profiles(bench, programs, works):
    """A section of the report. `works`: {title: (work, factor to the unit shown)}."""
    text = "## Where the time goes\n\n"
    for title, (work, factor) in works.items():
        found = [profile(bench, program, work) for program in programs]
        rows = [[name, *(f"{_total(shares, name) * factor:.2f}" for shares in found)] for name in _libraries(found)]
        text += table([title, *(program.title for program in programs)], rows) + "\n"
        for program, shares in zip(programs, found, strict=True):
            top = sorted(shares.items(), key=lambda item: -item[1])[:12]
            words = (f"`{symbol}` {value * factor:.2f}" for (_, symbol), value in top)
            text += f"{program.title}: " + ", ".join(words) + ".\n\n"
    return text


def _libraries(found):
    names = {library for shares in found for library, _ in shares}
    return sorted(names, key=lambda name: -max(_total(shares, name) for shares in found))


def _total(shares, name):
    return sum(value for (library, _), value in shares.items() if library == name)


def _number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"
