"""A new proxy beside the old one, then SIGTERM to the old: under load, no transaction that had begun is lost."""

import re
import subprocess

import pytest

from support.postgres import PGBENCH, psql
from support.process import Process
from support.proxy import verified_upstream

CLIENTS = 8
SESSIONS = 25
"""Connections that each client makes one after the other, with a transaction in each."""

TRANSACTIONS = 100
"""What each client does over one connection."""


@pytest.fixture
def old_and_new(start_proxy, postgres, certificates):
    """Two proxies in front of one server; draining lasts as long as it has to."""
    upstream = verified_upstream(postgres.port, certificates.root)
    return [start_proxy(upstream, settings='[limits]\ndrain_timeout = "1h"\n') for _ in range(2)]


@pytest.fixture
def start_pgbench(old_and_new, postgres):
    """Start pgbench with libpq's list of hosts: the old proxy first, the new one when the old is gone."""
    environment = postgres.login.environment(old_and_new[0].address())
    subprocess.run([PGBENCH, "--initialize", "--quiet"], env=environment, check=True, capture_output=True, timeout=60)
    addresses = [proxy.address() for proxy in old_and_new]
    environment["PGHOST"] = ",".join(host for host, _ in addresses)
    environment["PGPORT"] = ",".join(str(port) for _, port in addresses)
    started = []

    def start(*arguments):
        command = ["sh", "-c", 'exec "$@" >&2', "pgbench", PGBENCH, f"--client={CLIENTS}", *arguments]
        started.append(Process(command, env=environment))
        return started[-1]

    yield start
    for pgbench in started:
        if pgbench.is_running():
            pgbench.kill()


def assert_all_succeeded(pgbench, transactions):
    assert pgbench.wait() == 0, pgbench.output
    assert f"number of transactions actually processed: {transactions}/{transactions}" in pgbench.output
    assert re.search(r"number of failed transactions: 0 ", pgbench.output)


def rows_of_history(postgres, proxy):
    """Each transaction of pgbench leaves one row."""
    result = psql(postgres.login.environment(proxy.address()), "--command", "SELECT count(*) FROM pgbench_history")
    return int(result.stdout)


def test_no_transaction_is_lost(old_and_new, start_pgbench, postgres):
    """Clients with short sessions move on to the new proxy, those with long ones finish with the old."""
    old, new = old_and_new
    long = start_pgbench(f"--transactions={TRANSACTIONS}")
    short = start_pgbench("--connect", f"--transactions={SESSIONS}")
    old.closed(count=2 * CLIENTS)

    assert old.stop() == 0
    assert old.events("shutting down")[0]["sessions"] >= CLIENTS, "the long sessions had ended before"
    assert_all_succeeded(long, CLIENTS * TRANSACTIONS)
    assert_all_succeeded(short, CLIENTS * SESSIONS)
    assert rows_of_history(postgres, new) == CLIENTS * (TRANSACTIONS + SESSIONS)
    assert new.metric("client_connections_total", listener="main") > CLIENTS
    reasons = {event["reason"] for event in old.events("connection closed") + new.events("connection closed")}
    assert reasons <= {"client_closed", "draining"}
