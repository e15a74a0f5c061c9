"""`check` makes one real connect, explains each step, and says what to change when one fails."""

import json
import socket
import subprocess

import pytest

from support.process import DEADLINE
from support.fake_server import SSL_REQUEST
from support.proxy import BINARY, environment, verified_upstream



@pytest.fixture
def check(tmp_path):
    """Run it for an upstream; returns the exit code and the report, parsed."""

    def check(upstream, *arguments):
        command = [BINARY, "check", "--json", "--upstream", upstream, *arguments]
        result = subprocess.run(
            command, env=environment(tmp_path), capture_output=True, text=True, timeout=DEADLINE
        )
        assert not result.stderr, result.stderr
        document = json.loads(result.stdout)
        assert document["ok"] == (result.returncode == 0)
        return result.returncode, document["upstreams"][0]

    return check


def test_a_good_server(check, postgres, certificates):
    code, report = check(verified_upstream(postgres.port, certificates.root))
    assert code == 0
    outcomes = [step["outcome"] for step in report["steps"]]
    assert outcomes[0] == outcomes[1] == f"127.0.0.1:{postgres.port}"
    assert outcomes[2].startswith("'S'")
    assert all(step["duration_ms"] >= 0 for step in report["steps"])
    assert report["session"]["psql"].startswith("SSL connection (protocol: TLSv1.3, cipher: TLS_")
    assert report["chain"][0]["names"] == ["localhost", "127.0.0.1"]
    assert report["chain"][0]["days_left"] in (364, 365)
    assert report["anchor"]["subject"] == "CN=trusted root"
    assert report["sslmodes"] == {"verify-full": "accepted", "verify-ca": "accepted", "require": "accepted"}
    assert not any(root["verifies"] for root in report["rotation"]) and len(report["rotation"]) == 5


def test_direct_tls_is_found_where_the_server_has_it(check, postgres_18, certificates):
    _, report = check(verified_upstream(postgres_18.port, certificates.root))
    assert report["direct_tls"] == "accepted"


def test_an_unknown_root_is_explained_with_the_chain_that_was_seen(check, postgres, certificates):
    code, report = check(verified_upstream(postgres.port, "azure"))
    assert code == 1
    assert report["failure"]["reason"] == "certificate"
    assert "CN=trusted root" in report["failure"]["message"]
    assert "Baltimore CyberTrust Root" in report["failure"]["detail"]
    assert "sslrootcert" in report["failure"]["hint"]
    assert report["chain"][0]["subject"] == "CN=good"


def test_a_wrong_host_is_a_matter_of_the_mode(check, postgres, certificates):
    code, report = check(verified_upstream(postgres.port, certificates.root, host="db.example.org"))
    assert code == 1 and report["failure"]["reason"] == "hostname"
    assert "db.example.org" in report["sslmodes"]["verify-full"]
    assert report["sslmodes"]["verify-ca"] == "accepted"


def speak_tls_after_an_ssl_request(dialogue):
    """And not to the ClientHello by which direct TLS is tried."""
    dialogue.receive()
    if dialogue.received == SSL_REQUEST:
        dialogue.send_clear(b"S")
        dialogue.handshake()


@pytest.mark.parametrize(
    "certificate, words",
    [("expired", "expired on "), ("unknown_root", "neither sent by the server nor a trust anchor")],
)
def test_a_bad_certificate(check, start_fake, certificates, certificate, words):
    server = start_fake(speak_tls_after_an_ssl_request, getattr(certificates, certificate))
    code, report = check(verified_upstream(server.port, certificates.root, connect_timeout=2))
    assert code == 1 and words in report["failure"]["message"]


def test_a_client_certificate_that_the_server_refuses(check, start_fake, refused_client, certificates):
    context, own = refused_client
    server = start_fake(speak_tls_after_an_ssl_request, context=context)
    code, report = check(verified_upstream(server.port, certificates.root, **own))
    assert code == 1 and report["failure"]["reason"] == "tls_handshake"
    assert "unknown ca" in report["failure"]["detail"] and "sslcert" in report["failure"]["hint"]


def test_a_server_without_ssl(check, start_fake, certificates):
    def refuse(dialogue):
        dialogue.read_ssl_request()
        dialogue.send_clear(b"N")

    code, report = check(verified_upstream(start_fake(refuse).port, certificates.root))
    assert code == 1 and report["failure"]["reason"] == "tls_refused"
    assert "ssl = on" in report["failure"]["hint"]
    assert "chain" not in report


def test_nobody_there(check, certificates):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    code, report = check(verified_upstream(port, certificates.root))
    assert code == 1 and report["failure"]["reason"] == "connect"
    assert "Connection refused" in report["steps"][-1]["outcome"]


def test_a_name_that_does_not_resolve(check):
    code, report = check("host=nosuch.invalid")
    assert code == 1 and report["failure"]["reason"] == "dns"


def test_nothing_is_sent_in_clear_unless_asked_for(check, postgres, certificates):
    """The fake server of the other tests fails if it sees such a byte; here the report must not speak of it either."""
    _, report = check(verified_upstream(postgres.port, certificates.root))
    assert "enforcement" not in report


def test_enforcement_is_probed_on_request(check, postgres, certificates):
    _, report = check(verified_upstream(postgres.port, certificates.root), "--probe-enforcement")
    assert report["enforcement"].startswith("enforced")


def test_for_people_it_is_text(postgres, certificates, tmp_path):
    command = [BINARY, "check", "--upstream", verified_upstream(postgres.port, certificates.root)]
    result = subprocess.run(command, env=environment(tmp_path), capture_output=True, text=True, timeout=DEADLINE)
    assert result.returncode == 0
    assert "SSL connection (protocol: TLSv1.3" in result.stdout
    assert result.stdout.endswith("An application gets through.\n")
