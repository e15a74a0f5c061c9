"""Prometheus, the alert rules and the dashboard that are shipped, against what the binary really exports."""

import json
import re

import psycopg2
import pytest

from support.fake_server import FakeServer, server_context
from support.prometheus import CONFIGURATION, RULE_TESTS, RULES, Prometheus, promtool
from support.proxy import ROOT, Proxy, parse_address, verified_upstream
from support.wire import Client, startup_message

DASHBOARD = json.loads((ROOT / "docker/grafana/dashboard.json").read_text())
QUERIES = {
    f"{panel['title']} {query['refId']}": query["expr"] for panel in DASHBOARD["panels"] for query in panel["targets"]
}
# What Grafana puts in; the scrape interval of the tests is a second.
VARIABLES = {"$instance": ".*", "$__rate_interval": "15s", "$__range": "1m"}


def families(expression):
    """The metrics that a query reads, without what a histogram's series append."""
    names = re.findall(r"\b(?:pg_tls_proxy|process)_\w+", expression)
    return {re.sub(r"_(bucket|sum|count)$", "", name) for name in names}


def exported_by(proxy):
    return set(re.findall(r"^# TYPE (\w+)", proxy.get("/metrics")[1], re.MULTILINE))


@pytest.fixture(scope="module")
def servers(postgres, certificates):
    """Listener → port of its server: one that works, one not to be trusted, one whose certificate soon ends."""
    stranger = FakeServer(server_context(certificates.wrong_host), lambda dialogue: dialogue.accept_tls())
    ending = FakeServer(server_context(certificates.ending), lambda dialogue: dialogue.accept_session())
    yield {"main": postgres.port, "stranger": stranger.port, "ending": ending.port}
    stranger.stop()
    ending.stop()


@pytest.fixture(scope="module")
def proxy(tmp_path_factory, servers, certificates):
    settings = "".join(
        f'[[listener]]\nname = "{name}"\naddress = "127.0.0.1:0"\n'
        f'upstream = "{verified_upstream(port, certificates.root)}"\n'
        for name, port in servers.items()
    )
    proxy = Proxy(tmp_path_factory.mktemp("proxy"), settings=settings)
    yield proxy
    proxy.end()


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory, proxy):
    host, port = parse_address(proxy.events("admin listening")[0]["address"])
    server = Prometheus(tmp_path_factory.mktemp("prometheus"), f"{host}:{port}")
    server.wait_for("up == 1")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def traffic(proxy, postgres, prometheus):
    """Work, a cancel request and a failure, between two scrapes: rates need a before and an after."""
    host, port = proxy.address()
    login = postgres.login
    connection = psycopg2.connect(
        host=host, port=port, user=login.user, password=login.password, dbname=login.database
    )
    connection.cancel()
    connection.close()
    for listener in ("stranger", "ending"):
        with Client(proxy.address(listener)) as app:
            app.send(startup_message())
            app.read_message()
    proxy.closed(reason="hostname")


def test_configuration_and_rules_are_valid():
    promtool("check", "config", CONFIGURATION)
    promtool("check", "rules", RULES)


def test_alerts_fire_when_they_should_and_only_then():
    promtool("test", "rules", RULE_TESTS)


def test_every_alert_has_a_test():
    alerts = re.findall(r"- alert: (\w+)", RULES.read_text())
    fired = re.findall(r"- alertname: (\w+)", RULE_TESTS.read_text())
    assert set(alerts) == set(fired)


def test_alerts_read_what_the_binary_exports(proxy, traffic):
    read = families(RULES.read_text())
    assert read and read <= exported_by(proxy)


def test_prometheus_evaluates_the_rules(prometheus, traffic, servers):
    """What the certificates and servers of the tests are there for, and nothing else."""
    expected = {
        ("PgTlsProxyServerNotTrusted", f"localhost:{servers['stranger']}"),
        ("PgTlsProxyServerCertificateExpires", f"localhost:{servers['ending']}"),
    }
    for alert, _ in expected:
        prometheus.wait_for(f'ALERTS{{alertname="{alert}", alertstate="firing"}}')
    firing = [labels for labels, _ in prometheus.query('ALERTS{alertstate="firing"}')]
    assert {(labels["alertname"], labels["upstream"]) for labels in firing} == expected
    assert {rule["health"] for rule in prometheus.rules()} == {"ok"}


@pytest.mark.parametrize("title", QUERIES)
def test_dashboard_query_has_data(prometheus, proxy, traffic, title):
    expression = QUERIES[title]
    assert families(expression) and families(expression) <= exported_by(proxy)
    for variable, value in VARIABLES.items():
        expression = expression.replace(variable, value)
    assert "$" not in expression
    prometheus.wait_for(expression)


def test_dashboard_panels_have_a_place_and_a_word():
    """Grafana takes anything: overlapping panels and equal ids too."""
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in panels)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(set(cells)) == len(cells) and max(x for x, _ in cells) < 24
    assert all(panel["title"] and panel["description"] for panel in panels)
