"""A minute of everything at once; bench/soak.py does it for as long as wanted."""

import os
import subprocess
import sys

import pytest

from support.proxy import BINARY, ROOT


@pytest.mark.timeout(300)
def test_a_minute_of_everything_at_once():
    command = [sys.executable, ROOT / "bench/soak.py", "--seconds", "60"]
    variables = {**os.environ, "PG_TLS_PROXY": str(BINARY)}
    soak = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=240)
    assert soak.returncode == 0, soak.stdout + soak.stderr
