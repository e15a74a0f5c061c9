"""A real Prometheus with the project's own configuration, asked through its HTTP API."""

import json
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

from support.postgres import free_port
from support.process import DEADLINE, Process
from support.proxy import ROOT

CONFIGURATION = ROOT / "docker/prometheus/prometheus.yml"
RULES = ROOT / "docker/prometheus/pg-tls-proxy.rules.yml"
RULE_TESTS = ROOT / "docker/prometheus/pg-tls-proxy.rules.test.yml"


class Prometheus(Process):
    """Scrapes `target` every second instead of what the configuration says, and changes nothing else of it."""

    def __init__(self, folder, target):
        text = CONFIGURATION.read_text()
        for ours, tests in (("127.0.0.1:9432", target), ("_interval: 15s", "_interval: 1s")):
            assert ours in text
            text = text.replace(ours, tests)
        (folder / "prometheus.yml").write_text(text)
        (folder / RULES.name).write_text(RULES.read_text())
        self._address = f"127.0.0.1:{free_port()}"
        super().__init__(
            ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
            + [f"--web.listen-address={self._address}"]
        )
        self.wait_for_line("Server is ready to receive web requests")

    def query(self, expression):
        """The samples of an instant query, as a list of (labels, value)."""
        return [(one["metric"], float(one["value"][1])) for one in self._get("query", query=expression)["result"]]

    def wait_for(self, expression):
        """The samples of an instant query, once there are any."""
        deadline = time.monotonic() + DEADLINE
        while not (samples := self.query(expression)):
            assert time.monotonic() < deadline, f"no sample of {expression}"
            time.sleep(0.2)  # it scrapes by the clock and tells nobody
        return samples

    def rules(self):
        """Its alert rules as it has loaded them."""
        return [rule for group in self._get("rules")["groups"] for rule in group["rules"]]

    def _get(self, endpoint, **parameters):
        url = f"http://{self._address}/api/v1/{endpoint}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(url, timeout=DEADLINE) as response:
                return json.load(response)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{parameters}: {error.read().decode()}") from None


def promtool(*arguments):
    """Run promtool, which must have no complaint; returns what it said."""
    result = subprocess.run(["promtool", *arguments], capture_output=True, text=True, timeout=DEADLINE)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout
