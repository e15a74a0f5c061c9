"""docker/compose.yaml, brought up by a real docker-compose: the site answers through the proxy, Prometheus sees it."""

import json

import pytest

from support.containers import BUILD_DEADLINE, wait_until
from support.proxy import ROOT

pytestmark = pytest.mark.timeout(BUILD_DEADLINE)

COMPOSE = ["docker-compose", "--project-name", "pg-tls-proxy", "--file", ROOT / "docker/compose.yaml"]
COMPOSE += ["--file", ROOT / "tests/e2e/compose.loopback.yaml"]


@pytest.fixture(scope="module")
def compose(engine, image):
    """Run docker-compose, which must succeed; everything is up."""

    def run(*arguments):
        result = engine.run(*COMPOSE, *arguments, timeout=BUILD_DEADLINE)
        assert result.returncode == 0, result.stdout[-4000:] + result.stderr[-4000:]
        return result.stdout

    run("build")
    try:
        run("up", "--detach")
        yield run
    finally:
        run("down", "--volumes", "--timeout", "10")


@pytest.fixture
def fetch(compose):
    """A page, or nothing while it is not served; asked for from inside, because the network is closed."""

    def fetch(url, data=None):
        code = f"import urllib.request as u; print(u.urlopen({url!r}, {data!r}).read().decode())"
        return compose("exec", "-T", "site", "python3", "-c", f"try:\n {code}\nexcept OSError: pass").strip()

    return fetch


def test_the_site_keeps_its_notes_in_the_database(fetch):
    wait_until(lambda: fetch("http://127.0.0.1:8000/"), "the site")
    assert fetch("http://127.0.0.1:8000/", b"a note") == "<ul><li>a note</ul>"


def test_prometheus_scrapes_the_proxy(fetch):
    query = "http://127.0.0.1:9090/api/v1/query?query=pg_tls_proxy_tls_sessions_total"

    def sessions():
        answer = fetch(query)
        return answer and json.loads(answer)["data"]["result"]

    [series] = wait_until(sessions, "a scrape")
    assert series["metric"]["upstream"] == "database:5432"


def test_the_database_takes_nothing_in_clear(compose):
    code = "import psycopg2\ntry: psycopg2.connect('host=127.0.0.2 sslmode=disable')\nexcept Exception as e: print(e)"
    assert "no encryption" in compose("exec", "-T", "site", "python3", "-c", code)
