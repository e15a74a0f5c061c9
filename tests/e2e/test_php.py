"""PHP with PDO_pgsql: a connection per request, the way Drupal lives."""

import json
import shutil
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from support.postgres import free_port
from support.process import DEADLINE, Process

REQUESTS = 40


@pytest.fixture
def site(client_environment):
    """The base address of PHP's own web server."""
    port = free_port()
    folder = Path(__file__).parent / "php"
    server = Process([shutil.which("php"), "-S", f"127.0.0.1:{port}", "-t", folder], env=client_environment)
    server.wait_for_line("Development Server .* started")
    yield f"http://127.0.0.1:{port}"
    server.stop()


def test_every_request_has_its_connection(proxy, site):
    def ask(number):
        with urllib.request.urlopen(f"{site}/?n={number}", timeout=DEADLINE) as response:
            return json.load(response)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(ask, range(REQUESTS)))
    assert answers == [[True, 2 * number] for number in range(REQUESTS)]
    proxy.closed(REQUESTS)
    assert proxy.metric("client_connections_total", listener="main") == REQUESTS
    assert not any("error" in event for event in proxy.events("connection closed"))
