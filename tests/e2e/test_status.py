"""The status page: all of it in the first answer, nothing of it from elsewhere, and the same as JSON."""

import html.parser
import http.server
import json
import re
import shutil
import signal
import subprocess
import threading

import pytest

from support.postgres import psql
from support.wire import Client, startup_message

CHROMIUM = shutil.which("chromium")


def status_of(proxy):
    status, body = proxy.get("/status.json")
    assert status == 200
    return json.loads(body)


class Page(html.parser.HTMLParser):
    """The words of a page, and what it would load from elsewhere."""

    def __init__(self, text):
        super().__init__()
        self.words, self.loaded, self.tags = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.loaded += [value for name, value in attributes if name in ("src", "srcset") or tag == "link"]

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return " ".join("".join(self.words).split())


def page_of(proxy):
    status, body = proxy.get("/")
    assert status == 200
    return Page(body)


def test_an_idle_proxy(start_proxy):
    """Nobody has been dialled for it, and it says so."""
    proxy = start_proxy("host=db.invalid")
    status = status_of(proxy)
    assert status["state"] == "serving" and status["failures"] == []
    (listener,) = status["listeners"]
    assert listener["name"] == "main" and listener["sessions"] == listener["connections"] == 0
    assert listener["addresses"] == ["{}:{}".format(*proxy.address())]
    upstream = listener["upstream"]
    assert upstream["name"] == "db.invalid:5432" and upstream["sslmode"] == "verify-full"
    assert upstream["tls_version"] is upstream["cipher"] is upstream["seconds_since_handshake"] is None
    assert upstream["chain"] == []
    assert not proxy.metric("upstream_connect_failures_total")


def test_after_a_session(proxy, client_environment):
    psql(client_environment, "--command", "SELECT 1")
    closed = proxy.closed()
    (listener,) = status_of(proxy)["listeners"]
    assert (listener["connections"], listener["sessions"]) == (1, 0)
    assert listener["bytes_to_server"] == closed["bytes_to_server"]
    assert listener["bytes_to_app"] == closed["bytes_to_app"]
    upstream = listener["upstream"]
    assert (upstream["tls_version"], upstream["cipher"]) == (closed["tls_version"], closed["cipher"])
    assert upstream["seconds_since_handshake"] >= 0
    assert [certificate["position"] for certificate in upstream["chain"]] == ["leaf", "root"]
    for certificate in upstream["chain"]:
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", certificate["not_after"]) and certificate["days_left"] > 0


def test_an_open_session_is_counted(fake_behind_proxy):
    _, proxy = fake_behind_proxy(lambda dialogue: dialogue.accept_session())
    with Client(proxy.address()) as app:
        app.send(startup_message())
        app.read_message()
        assert status_of(proxy)["listeners"][0]["sessions"] == 1


def test_failures_with_reason_and_way_out(start_proxy):
    proxy = start_proxy("host=db.invalid")
    for _ in range(2):
        with Client(proxy.address()) as app:
            app.send(startup_message())
            error = app.read_fatal()
    proxy.closed(2)
    (failure,) = status_of(proxy)["failures"]
    assert failure["times"] == 2 and failure["reason"] == "dns" and failure["sqlstate"] == "08001" and failure["listener"] == "main"
    assert failure["message"] in error["M"] and failure["hint"] == error["H"]
    page = page_of(proxy).text
    assert failure["message"] in page and failure["hint"] in page


def test_the_page_says_what_the_json_says(proxy, client_environment):
    psql(client_environment, "--command", "SELECT 1")
    proxy.closed()
    status, page = status_of(proxy), page_of(proxy).text
    (listener,) = status["listeners"]
    upstream = listener["upstream"]
    for words in (listener["addresses"][0], upstream["name"], upstream["cipher"], upstream["verification"]):
        assert words in page
    for certificate in upstream["chain"]:
        assert certificate["subject"] in page and f"{certificate['days_left']} days left" in page


def test_it_needs_nothing_from_elsewhere(proxy):
    """Neither networks without Internet nor a policy of the browser are in its way."""
    page = page_of(proxy)
    assert page.loaded == []
    with proxy.ask("GET", "/").getresponse() as response:
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
        assert response.headers["Content-Type"] == "text/html; charset=utf-8"


def test_it_leads_to_the_other_pages(proxy):
    body = proxy.get("/")[1]
    assert all(f'href="{path}"' in body for path in ("/metrics", "/healthz", "/readyz", "/status.json"))


def test_markup_in_names_is_text(start_proxy):
    """What a configuration or a stranger says must not become part of the page."""
    name = "<img src=x onerror=alert(1)>&\\\"'"
    settings = f'[[listener]]\nname = "{name}"\naddress = "127.0.0.1:0"\nupstream = "host=db.invalid"\n'
    page = page_of(start_proxy(settings=settings, listen=[]))
    assert "img" not in page.tags and page.loaded == []
    assert "<img src=x onerror=alert(1)>&\"'" in page.text


def test_it_tells_that_the_proxy_is_shutting_down(fake_behind_proxy):
    settings = '[limits]\ndrain_timeout = "1h"\n'
    _, proxy = fake_behind_proxy(lambda dialogue: dialogue.accept_session(), settings=settings)
    with Client(proxy.address()) as app:
        app.send(startup_message())
        app.read_message()
        proxy.send_signal(signal.SIGTERM)
        proxy.wait_for("shutting down")
        status = status_of(proxy)
        assert status["state"] == "shutting down"
        assert status["listeners"][0]["sessions"] == 1 and status["listeners"][0]["addresses"] == []
        assert "shutting down" in page_of(proxy).text
    assert proxy.wait() == 0


@pytest.fixture
def browse(tmp_path):
    """Headless Chromium with a home of its own; returns what it wrote."""

    def browse(address, *options):
        command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        command += [f"--user-data-dir={tmp_path}/chromium", "--window-size=1100,1000", "--enable-logging=stderr"]
        return subprocess.run(
            [*command, *options, "http://{}:{}/".format(*address)], capture_output=True, text=True, timeout=100
        )

    return browse


@pytest.fixture
def serve_pages():
    """An HTTP server that answers with one page after the other, the last again and again; None is no answer."""
    servers = []

    def serve(policy, *pages):
        left = list(pages)

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                page = None if self.path != "/" else left.pop(0) if len(left) > 1 else left[0]
                if page is None:
                    return
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Security-Policy", policy)
                self.end_headers()
                self.wfile.write(page.encode())

            def log_message(self, *_):
                pass

        servers.append(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler))
        threading.Thread(target=servers[-1].serve_forever, daemon=True).start()
        return servers[-1].server_address

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.skipif(not CHROMIUM, reason="chromium is not installed")
class TestInABrowser:
    def test_it_is_drawn(self, browse, proxy, client_environment, tmp_path):
        psql(client_environment, "--command", "SELECT 1")
        proxy.closed()
        picture = tmp_path / "status.png"
        result = browse(proxy.admin, f"--screenshot={picture}")
        assert picture.exists() and picture.read_bytes().startswith(b"\x89PNG"), result.stderr

    def test_it_renews_itself(self, browse, proxy, serve_pages):
        """Under its own policy, and without a word from the user."""
        with proxy.ask("GET", "/").getresponse() as response:
            page, policy = response.read().decode(), response.headers["Content-Security-Policy"]
        fresh = page.replace(">serving<", ">renewed<")
        assert fresh != page
        result = browse(serve_pages(policy, page, fresh), "--virtual-time-budget=10000", "--dump-dom")
        assert ">renewed<" in result.stdout, result.stderr

    def test_it_says_when_the_proxy_has_gone(self, browse, proxy, serve_pages):
        with proxy.ask("GET", "/").getresponse() as response:
            page, policy = response.read().decode(), response.headers["Content-Security-Policy"]
        result = browse(serve_pages(policy, page, None), "--virtual-time-budget=10000", "--dump-dom")
        assert "no answer: the proxy may have ended" in Page(result.stdout).text, result.stderr
