"""What the programs are given to do. Each work takes a program, uses real clients, and returns how much was done."""

import re
import subprocess
from pathlib import Path

from measure import percentile
from support.postgres import PGBENCH, PSQL

ROWS = "pgbench_accounts"  # a million rows of 96 bytes as text
SELECT_1 = "SELECT 1;\n"


class Works:
    """The works, sized for rounds of about a second. `server` gives the rows that COPY carries."""

    def __init__(self, folder, server):
        self._user = server.user
        self._folder = Path(folder)
        self._rows = self._folder / "rows"
        with self._rows.open("wb") as file:
            self._psql(server.environment(self._user), f"COPY {ROWS} TO STDOUT", stdout=file)
        self._gigabytes = self._rows.stat().st_size / 1e9
        self._script = self._folder / "select-1.sql"
        self._script.write_text(SELECT_1)

    def copy_out(self, program):
        """Gigabytes of COPY TO."""
        self._psql(program.environment(self._user), f"COPY {ROWS} TO STDOUT", stdout=subprocess.DEVNULL)
        return self._gigabytes

    def copy_in(self, program):
        """Gigabytes of COPY FROM; the server reads every row and keeps none."""
        with self._rows.open("rb") as file:
            self._psql(program.environment(self._user), f"COPY {ROWS} FROM STDIN WHERE false", stdin=file)
        return self._gigabytes

    def select(self, program, clients=8):
        """Transactions of pgbench -S."""
        return self._pgbench(program, "--select-only", f"--client={clients}", "--jobs=2", "--transactions=1000")

    def connect(self, program):
        """Connections, each with one transaction of pgbench -S."""
        return self._pgbench(program, "--select-only", "--connect", "--client=4", "--jobs=2", "--transactions=25")

    def busy(self, program, clients=100):
        """SELECT 1 from many clients; the fake upstream understands it too. Transactions per second."""
        script = f"--file={self._script}"
        output = self._run_pgbench(program, script, f"--client={clients}", "--jobs=2", "--transactions=200")
        return float(re.search(r"tps = ([\d.]+)", output)[1])

    def latencies(self, program, count=500):
        """Microseconds that each SELECT 1 of a single client took: the median, and the 99th percentile."""
        prefix = self._folder / "latencies"
        options = [f"--file={self._script}", f"--transactions={count}", "--log", f"--log-prefix={prefix}"]
        self._run_pgbench(program, *options)
        (log,) = self._folder.glob("latencies.*")
        values = [int(line.split()[2]) for line in log.read_text().splitlines()]
        log.unlink()
        return percentile(values, 0.5), percentile(values, 0.99)

    def counted(self):
        """{title: work} for which system calls are counted. A single client shows what a query really needs."""
        return {
            "pgbench -S -c 1, per transaction": lambda program: self.select(program, clients=1),
            "pgbench -S -c 8, per transaction": self.select,
            "pgbench -S -C, per connection": self.connect,
            "COPY out, per GB": self.copy_out,
            "COPY in, per GB": self.copy_in,
        }

    def profiled(self):
        """{title: (work, factor from seconds to the unit of the title)}."""
        return {
            "COPY out, s/GB": (self.copy_out, 1),
            "COPY in, s/GB": (self.copy_in, 1),
            "pgbench -S -c 8, µs/transaction": (self.select, 1e6),
            "pgbench -S -C, µs/connection": (self.connect, 1e6),
        }

    def _psql(self, environment, command, **files):
        arguments = [PSQL, "--no-psqlrc", "--quiet", "--command", command]
        subprocess.run(arguments, env=environment, check=True, **files)

    def _pgbench(self, program, *options):
        return int(re.search(r"actually processed: (\d+)", self._run_pgbench(program, *options))[1])

    def _run_pgbench(self, program, *options):
        command = [PGBENCH, "--no-vacuum", *options]
        environment = program.environment(self._user)
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"pgbench through {program.title}: {done.stderr}")
        return done.stdout
