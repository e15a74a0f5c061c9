#!/usr/bin/python3
"""Everything at once for a long time: queries, COPY both ways, cancels, connects, reloads and drains.

    /usr/bin/python3 bench/soak.py [--seconds 1800] [--connects N]

Every byte is compared with what was sent. Fails on a wrong one, on a session that broke, on memory or descriptors that
grow, or on a gauge that does not come back to zero. With --connects it does nothing but that many connects.
PG_TLS_PROXY names the binary, build/release/pg-tls-proxy by default; the server is a PostgreSQL 15 of its own.
"""

import argparse
import contextlib
import hashlib
import io
import os
import random
import resource
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

import psycopg2
import psycopg2.errors

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support.certs import Certificates  # noqa: E402
from support.postgres import POSTGRESQL_15, Cluster  # noqa: E402
from support.process import DEADLINE  # noqa: E402
from support.proxy import Proxy, is_sanitized, verified_upstream  # noqa: E402

MEGABYTE = 1 << 20
MAX_GROWTH = 16 * MEGABYTE
WARM_UP = 0.25
"""The share of the time after which memory may grow no more: by then every kind of work has been done."""


class Soak:
    def __init__(self, folder, options):
        self.folder = folder
        self.connects_left = options.connects
        self.seconds = options.seconds
        self.ending = threading.Event()
        self.counts = {}
        self.failures = []
        self._lock = threading.Lock()
        certificates = Certificates(folder)
        self.cluster = Cluster(POSTGRESQL_15, certificates.good)
        self.upstream = verified_upstream(self.cluster.port, certificates.root)
        self.proxy = self.start_proxy("long")

    def start_proxy(self, name):
        folder = self.folder / name
        folder.mkdir()
        flags = ["--listen", "127.0.0.1:0", "--upstream", self.upstream]
        return Proxy(folder, *flags)

    def connect(self, address):
        host, port = address
        login = self.cluster.login
        session = psycopg2.connect(
            host=host, port=port, user=login.user, password=login.password, dbname=login.database
        )
        session.autocommit = True
        return contextlib.closing(session)

    def count(self, what):
        with self._lock:
            self.counts[what] = self.counts.get(what, 0) + 1

    def expect(self, holds, what):
        if not holds:
            self.failures.append(f"wrong: {what}")
            self.ending.set()

    # What is done, again and again, until the time is over

    def query(self, session, source):
        text = source.randbytes(source.randrange(20_000)).hex()
        cursor = session.cursor()
        cursor.execute("SELECT %s, md5(%s)", (text, text))
        self.expect(cursor.fetchone() == (text, hashlib.md5(text.encode()).hexdigest()), "the answer to a query")
        self.count("queries")

    def copy(self, session, source):
        rows = "".join(f"{number}\t{source.randbytes(200).hex()}\n" for number in range(5000))
        cursor = session.cursor()
        cursor.execute("CREATE TEMPORARY TABLE IF NOT EXISTS copied (number int, word text); TRUNCATE copied")
        cursor.copy_expert("COPY copied FROM STDIN", io.StringIO(rows))
        back = io.StringIO()
        cursor.copy_expert("COPY (SELECT * FROM copied ORDER BY number) TO STDOUT", back)
        self.expect(back.getvalue() == rows, "what came back from COPY")
        self.count("copies")

    def cancel(self, session, _):
        """A cancel that comes before its query cancels nothing, so it is sent until the query has ended."""
        ended = threading.Event()

        def cancel_until_it_ends():
            while not ended.wait(0.05):
                session.cancel()

        canceller = threading.Thread(target=cancel_until_it_ends)
        canceller.start()
        try:
            session.cursor().execute("SELECT pg_sleep(600)")
        except psycopg2.errors.QueryCanceled:
            self.count("cancels")
        else:
            self.expect(False, "a query that was to be cancelled")
        finally:
            ended.set()
            canceller.join()

    def keep_doing(self, work, seed):
        source = random.Random(seed)
        address = self.proxy.address()
        with self.guard(work.__name__), self.connect(address) as session:
            while not self.ending.is_set():
                work(session, source)

    def keep_connecting(self):
        address = self.proxy.address()
        with self.guard("connect"):
            while not self.ending.is_set() and self.take_connect():
                with self.connect(address) as session:
                    cursor = session.cursor()
                    cursor.execute("SELECT 1")
                    self.expect(cursor.fetchone() == (1,), "the first answer")
                self.count("connects")

    def keep_reloading(self):
        while not self.ending.wait(1):
            self.proxy.send_signal(signal.SIGHUP)
            self.count("reloads")

    def keep_draining(self):
        """A proxy that is told to go lets its sessions finish."""
        with self.guard("drain"):
            for number in range(sys.maxsize):
                if self.ending.wait(2):
                    return
                proxy = self.start_proxy(f"short-{number}")
                with self.connect(proxy.address()) as session:
                    proxy.send_signal(signal.SIGTERM)
                    for _ in range(20):
                        self.query(session, random.Random(number))
                self.expect(proxy.wait() == 0, "the exit code of a drained proxy")
                self.count("drains")

    def take_connect(self):
        if self.connects_left is None:
            return True
        with self._lock:
            self.connects_left -= 1
            return self.connects_left >= 0

    @contextlib.contextmanager
    def guard(self, what):
        try:
            yield
        except Exception as error:
            self.failures.append(f"{what}: {type(error).__name__}: {error}")
            self.ending.set()

    # Watching

    def resident(self):
        statm = Path(f"/proc/{self.proxy.pid}/statm").read_text(encoding="ascii")
        return int(statm.split()[1]) * resource.getpagesize()

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.proxy.pid}/fd"))

    def workers(self):
        targets = [(self.keep_connecting, ())] * 2
        if self.connects_left is None:
            targets += [(self.keep_doing, (self.query, seed)) for seed in (1, 2)]
            targets += [(self.keep_doing, (self.copy, 3)), (self.keep_doing, (self.cancel, 4))]
            targets += [(self.keep_reloading, ()), (self.keep_draining, ())]
        return [threading.Thread(target=target, args=arguments) for target, arguments in targets]

    def progress(self, began):
        if self.connects_left is None:
            return (time.monotonic() - began) / self.seconds
        return self.counts.get("connects", 0) / (self.counts.get("connects", 0) + max(self.connects_left, 0) + 1)

    def run(self):
        workers = self.workers()
        for worker in workers:
            worker.start()
        began, warm = time.monotonic(), None
        while not self.ending.wait(1) and workers[0].is_alive() and self.progress(began) < 1:
            if warm is None and self.progress(began) >= WARM_UP:
                warm = self.resident()
        self.ending.set()
        for worker in workers:
            worker.join()
        self.report(began, warm or self.resident())

    def is_quiet(self):
        """Whether all sessions end now that their apps have: the last servers to be told may still be closing."""
        deadline = time.monotonic() + DEADLINE
        while (left := self.proxy.metric("client_connections")) and time.monotonic() < deadline:
            pass
        return left == 0

    def report(self, began, warm):
        grown = self.resident() - warm
        print(f"{time.monotonic() - began:.0f} s:", ", ".join(f"{n} {what}" for what, n in sorted(self.counts.items())))
        print(f"memory {self.resident() / MEGABYTE:.1f} MB, {grown / MEGABYTE:+.1f} MB; {self.descriptors()} descriptors")
        if grown > MAX_GROWTH and not is_sanitized():
            self.failures.append("memory grows")
        if self.descriptors() > 60:
            self.failures.append("descriptors are left open")
        if not self.is_quiet():
            self.failures.append("a session is left")

    def close(self):
        try:
            self.proxy.end()
        finally:
            self.cluster.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=1800)
    parser.add_argument("--connects", type=int)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pg-tls-proxy-soak-") as folder:
        Path(folder).chmod(0o755)
        soak = Soak(Path(folder), options)
        with contextlib.closing(soak):
            soak.run()
    for failure in soak.failures:
        print("FAILED", failure)
    sys.exit(1 if soak.failures else 0)


if __name__ == "__main__":
    main()
