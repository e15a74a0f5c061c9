"""Run a command under a seccomp profile in Docker's format; a call that is not allowed ends it with SIGSYS.

    python3 under_seccomp.py PROFILE COMMAND...
"""

import ctypes
import json
import os
import re
import struct
import sys
from pathlib import Path

HEADER = Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")

PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 22, 38
SECCOMP_MODE_FILTER = 2
LOAD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
KILL_PROCESS, ALLOW = 0x80000000, 0x7FFF0000


def allowed(profile):
    """The numbers of the calls that the profile allows; names of other architectures are left out."""
    numbers = dict(re.findall(r"#define __NR_(\w+) (\d+)", HEADER.read_text(encoding="ascii")))
    names = {name for rule in profile["syscalls"] for name in rule["names"]}
    return sorted(int(numbers[name]) for name in names if name in numbers)


def compile_filter(numbers):
    """Load the number of the call; for each that is allowed jump to the end, which allows it."""
    program = [(LOAD, 0, 0, 0)]
    program += [(JUMP_IF_EQUAL, len(numbers) - index, 0, number) for index, number in enumerate(numbers)]
    program += [(RETURN, 0, 0, KILL_PROCESS), (RETURN, 0, 0, ALLOW)]
    return b"".join(struct.pack("HBBI", *instruction) for instruction in program)


def install(program):
    libc = ctypes.CDLL(None, use_errno=True)
    code = ctypes.create_string_buffer(program, len(program))
    header = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(code)))
    for arguments in ((PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, header, 0, 0)):
        if libc.prctl(*arguments) != 0:
            raise OSError(ctypes.get_errno(), "prctl")


if __name__ == "__main__":
    install(compile_filter(allowed(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))))
    os.execv(sys.argv[2], sys.argv[2:])
