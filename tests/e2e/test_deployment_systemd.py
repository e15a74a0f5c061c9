"""The systemd unit: valid, tightly confined, and in step with the binary that it starts."""

import re
import socket
import subprocess
import tomllib

from support.process import DEADLINE
from support.proxy import BINARY, ROOT, environment, verified_upstream

UNIT = ROOT / "docker/systemd/pg-tls-proxy.service"


def setting(name):
    return re.search(rf"^{name}=(.*)$", UNIT.read_text(), re.MULTILINE)[1]


def run(*command):
    return subprocess.run(
        command, env=environment("/nonexistent"), capture_output=True, text=True, timeout=DEADLINE
    )


def test_unit_is_valid(tmp_path):
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text().replace("/usr/bin/pg-tls-proxy", str(BINARY)))
    result = run("systemd-analyze", "verify", "--man=no", copy)
    assert result.returncode == 0 and result.stdout + result.stderr == ""


def test_unit_confines_the_service():
    """systemd's own measure, from 0 (nothing is exposed) to 100."""
    result = run("systemd-analyze", "security", "--offline=true", "--threshold=15", UNIT)
    assert result.returncode == 0, result.stdout


def test_systemd_waits_longer_than_draining_takes():
    result = run(BINARY, "config", "--listen", "127.0.0.1:5432", "--upstream", "host=localhost")
    assert tomllib.loads(result.stdout)["limits"]["drain_timeout"] == "30s", result.stderr
    assert int(setting("TimeoutStopSec")) > 30


def test_systemd_is_told_of_start_and_stop(start_proxy, postgres, certificates, tmp_path):
    """sd_notify(3): what Type=notify waits for."""
    assert setting("Type") == "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.settimeout(DEADLINE)
        manager.bind(str(tmp_path / "notify"))
        upstream = verified_upstream(postgres.port, certificates.root)
        proxy = start_proxy(upstream, variables={"NOTIFY_SOCKET": str(tmp_path / "notify")})
        assert manager.recv(256) == b"READY=1"
        proxy.end()
        assert manager.recv(256) == b"STOPPING=1"
