"""A child process whose words are read as they come: tests wait for what it says, never for time to pass."""

import re
import signal
import subprocess
import threading
import time
from pathlib import Path

DEADLINE = 30
"""Seconds after which a wait has failed. Far above what any step takes, so that only a hang meets it."""


class Process:
    """A child with its standard error (and output, when asked) gathered line by line in a thread."""

    def __init__(self, command, *, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, **options):
        self.name = Path(command[0]).name
        self.lines = []
        self._changed = threading.Condition()
        self._ended = False
        self._child = subprocess.Popen(
            [str(part) for part in command],
            stdin=stdin,
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            errors="surrogateescape",
            **options,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self):
        return self._child.pid

    @property
    def output(self):
        """All that it has said so far."""
        with self._changed:
            return "\n".join(self.lines)

    def wait_until(self, condition, what):
        """Wait for `condition(lines)` to be something, and return that."""
        deadline = time.monotonic() + DEADLINE
        with self._changed:
            while not (found := condition(self.lines)):
                left = deadline - time.monotonic()
                if self._ended or left <= 0:
                    ending = "ended" if self._ended else f"was silent for {DEADLINE} s"
                    raise AssertionError(f"{self.name} {ending} before {what}; it said:\n" + "\n".join(self.lines))
                self._changed.wait(left)
        return found

    def wait_for_line(self, pattern):
        """The first match of `pattern` in what it says."""
        return self.wait_until(lambda lines: next(filter(None, (re.search(pattern, l) for l in lines)), None), pattern)

    def is_running(self):
        return self._child.poll() is None

    def send_signal(self, number):
        self._child.send_signal(number)

    def wait(self):
        """Its exit code, once it has ended and been read to the end."""
        code = self._child.wait(DEADLINE)
        self._reader.join(DEADLINE)
        return code

    def stop(self, number=signal.SIGTERM):
        """Ask it to end and return its exit code; killed when it does not, which is a failure."""
        self.send_signal(number)
        try:
            return self.wait()
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not end within {DEADLINE} s; it said:\n{self.output}") from None

    def kill(self):
        self._child.kill()
        self._child.wait()

    def _read(self):
        for line in self._child.stderr:
            with self._changed:
                self.lines.append(line.rstrip("\n"))
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()
