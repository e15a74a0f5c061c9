"""The two sides of the comparison: psql on its way to a server, once by itself and once through the proxy."""

import signal
from dataclasses import dataclass

from support.postgres import psql
from support.process import Process
from support.proxy import BINARY, SANITIZER_REPORT, environment, parse_address, parse_event, verified_upstream
from support.trust_server import ANSWER


@dataclass(frozen=True)
class Verdict:
    accepted: bool
    words: str
    """Why not."""


def conninfo(lab, mode, port):
    """What both sides are told, word for word."""
    settings = {"sslmode": mode.sslmode, **lab.settings}
    return verified_upstream(port, lab.root_file if mode.has_root else None, **settings)


def ask_libpq(lab, mode, port):
    return ask_psql(environment(lab.home, **lab.variables), conninfo(lab, mode, port))


def ask_proxy(lab, mode, port):
    """A proxy with these settings alone: not to start, with exit code 2, is to refuse as well."""
    options = ["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--log-format", "json"]
    options += ["--upstream", conninfo(lab, mode, port)]
    proxy = Process([BINARY, "run", *options], env=environment(lab.home, **lab.variables))
    started = proxy.wait_for_line(r'^pg-tls-proxy: |"event": ?"ready"')
    if started[0].startswith("pg-tls-proxy"):
        assert proxy.wait() == 2, proxy.output
        return Verdict(False, proxy.output)
    try:
        events = map(parse_event, proxy.lines)
        address = next(event["address"] for event in events if event.get("event") == "listening")
        return ask_psql(environment("/nonexistent"), "host={} port={}".format(*parse_address(address)))
    finally:
        code = proxy.stop(signal.SIGTERM)
        assert code == 0 and not SANITIZER_REPORT.search(proxy.output), f"exit code {code}; it said:\n{proxy.output}"


def ask_psql(variables, upstream):
    """psql's exit code is 2 if there is no connection. That nobody answered in time is no verdict."""
    result = psql(variables, f"{upstream} user=app", "--command", "SELECT 'let in'")
    assert result.returncode in (0, 2) and "timeout" not in result.stderr, result.stderr
    assert result.stdout == ("" if result.returncode else ANSWER), result.stderr
    return Verdict(result.returncode == 0, result.stderr.strip())
