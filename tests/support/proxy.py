"""The binary under test: started with a clean environment, listened to through its JSON log."""

import contextlib
import http.client
import json
import os
import re
import signal
import subprocess
from pathlib import Path

from support.process import DEADLINE, Process

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("PG_TLS_PROXY", ROOT / "build/release/pg-tls-proxy"))

REPORT_LENGTH = 6000
"""Characters of its words that are shown of a proxy that failed."""

SANITIZER_REPORT = re.compile(r"ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error:")


def environment(home, **variables):
    """What a child sees: no PG* variable of whoever runs the tests, no ~/.postgresql, the sanitizers' options."""
    kept = {name: value for name, value in os.environ.items() if name == "PATH" or name.endswith("SAN_OPTIONS")}
    return {**kept, "HOME": str(home), "LC_ALL": "C.UTF-8", **variables}


def verified_upstream(port, root, **settings):
    """Conninfo for a server on loopback whose certificate is for `localhost` and ends at `root`."""
    values = {"host": "localhost", "hostaddr": "127.0.0.1", "port": port, "sslrootcert": root, **settings}
    return " ".join(f"{name}='{value}'" for name, value in values.items() if value is not None)


def is_sanitized():
    """Whether the binary has a sanitizer in it: slower, larger, with memory and system calls of its own."""
    return re.search("lib[at]san", subprocess.check_output(["ldd", BINARY], text=True)) is not None


class Proxy(Process):
    """A running proxy. Fields of events are those of its JSON log lines.

    Without `warm`, a connection to the server is one that a session has asked for, which is what most tests count.
    """

    def __init__(self, folder, *arguments, settings="", variables=None, warm=0, launcher=()):
        self.configuration = folder / "pg-tls-proxy.toml"
        # Unless a test says otherwise, every connection has its line, and two workers share what is shared.
        for section, setting in {"log": "max_repeats = 0", "limits": "workers = 2"}.items():
            if f"[{section}]" not in settings:
                settings += f"\n[{section}]\n{setting}\n"
        self.configuration.write_text(settings)
        options = ["--config", self.configuration, "--admin", "127.0.0.1:0", "--warm", warm]
        options += ["--log-format", "json", "--log-level", "debug"]
        command = [*launcher, BINARY, "run", *options, *arguments]
        super().__init__(command, env=environment(folder, **(variables or {})))
        try:
            self.wait_for("ready")
        except BaseException:
            self.kill()
            raise

    def events(self, name, **fields):
        """The events so far that have this name and these fields."""
        return _matching(self.lines, name, fields)

    def wait_for(self, name, count=1, **fields):
        """The `count`-th event with this name and these fields."""
        return self.wait_until(lambda lines: _matching(lines, name, fields)[count - 1 : count], f"{name} {fields}")[0]

    def address(self, listener="main", index=0):
        """Where `listener` listens: (host, port), or the path of a Unix socket."""
        return parse_address(self.events("listening", listener=listener)[index]["address"])

    def closed(self, count=1, **fields):
        """The log entry at the end of the `count`-th connection."""
        return self.wait_for("connection closed", count, **fields)

    @property
    def admin(self):
        """Where the admin server listens: (host, port)."""
        return parse_address(self.events("admin listening")[0]["address"])

    def ask(self, method, path):
        """A connection to the admin server that has sent this request."""
        connection = http.client.HTTPConnection(*self.admin, timeout=DEADLINE)
        connection.request(method, path)
        return connection

    def get(self, path, method="GET"):
        """Status and body of a page of the admin server."""
        with contextlib.closing(self.ask(method, path)) as connection:
            response = connection.getresponse()
            return response.status, response.read().decode()

    def post(self, path):
        return self.get(path, "POST")

    def metric(self, name, **labels):
        """The sum over all series of pg_tls_proxy_`name` with these labels; None where there is no such series."""
        status, text = self.get("/metrics")
        assert status == 200, text
        found = [
            value
            for series, had, value in parse_metrics(text)
            if series == f"pg_tls_proxy_{name}" and labels.items() <= had.items()
        ]
        return sum(found) if found else None

    def end(self):
        """SIGTERM must end it in order, with nothing on standard error but its log."""
        code = self.stop(signal.SIGTERM)
        output = self.output
        if report := SANITIZER_REPORT.search(output):
            raise AssertionError(output[report.start() :][:REPORT_LENGTH])
        assert code == 0, f"exit code {code}; it said:\n{output[-REPORT_LENGTH:]}"


def parse_address(text):
    if text.startswith("unix:"):
        return Path(text.removeprefix("unix:"))
    host, port = text.rsplit(":", 1)
    return host.strip("[]"), int(port)


def parse_metrics(text):
    """(name, labels, value) of every sample in the Prometheus text format."""
    for line in text.splitlines():
        if sample := re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line):
            name, labels, value = sample.groups()
            yield name, dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', labels or "")), float(value)


def _matching(lines, name, fields):
    parsed = (parse_event(line) for line in lines)
    return [event for event in parsed if event.get("event") == name and fields.items() <= event.items()]


def parse_event(line):
    """A line of the log as a dictionary; what is no JSON (a sanitizer speaking) is no event."""
    try:
        return json.loads(line)
    except ValueError:
        return {}
