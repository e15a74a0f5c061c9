"""pgbench in the three shapes that load a proxy differently."""

import re
import subprocess

import pytest

from support.postgres import PGBENCH


@pytest.fixture
def pgbench(client_environment):
    def run(*arguments):
        result = subprocess.run(
            [PGBENCH, *arguments], env=client_environment, capture_output=True, text=True, timeout=100
        )
        assert result.returncode == 0, result.stderr
        return result.stdout

    run("--initialize", "--quiet")
    return run


@pytest.mark.parametrize(
    "shape, transactions",
    [
        pytest.param(["--select-only"], 200, id="select only"),
        pytest.param(["--connect", "--select-only"], 25, id="a connection per transaction"),
        pytest.param(["--protocol=prepared"], 50, id="prepared statements"),
    ],
)
def test_every_transaction_succeeds(pgbench, shape, transactions):
    output = pgbench(*shape, "--client=8", "--jobs=2", f"--transactions={transactions}")
    assert f"number of transactions actually processed: {8 * transactions}/{8 * transactions}" in output
    assert re.search(r"number of failed transactions: 0 ", output)
