"""A server can staple to its certificate what the CA says of it (OCSP). The servers are OpenSSL's own, by direct TLS."""

import datetime
import re
import signal
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp

from support.certs import NOW, Authority
from support.process import DEADLINE
from support.proxy import BINARY, environment, verified_upstream


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("stapling"), "stapling root")


@pytest.fixture
def identity(authority):
    return authority.issue("stapled", ["localhost"])


def staple(authority, identity, status, signer=None):
    """The file of an OCSP response about `identity`, signed by `signer`."""
    signer = signer or authority
    revoked = status is ocsp.OCSPCertStatus.REVOKED
    response = (
        ocsp.OCSPResponseBuilder()
        .add_response(
            cert=x509.load_pem_x509_certificate(identity.cert.read_bytes()),
            issuer=authority.certificate,
            algorithm=hashes.SHA256(),
            cert_status=status,
            this_update=NOW,
            next_update=NOW + datetime.timedelta(days=1),
            revocation_time=NOW if revoked else None,
            revocation_reason=None,
        )
        .responder_id(ocsp.OCSPResponderEncoding.NAME, signer.certificate)
        .sign(signer.key, hashes.SHA256())
    )
    path = identity.cert.with_suffix(".ocsp")
    path.write_bytes(response.public_bytes(serialization.Encoding.DER))
    return path


@pytest.fixture
def check(authority, identity, tmp_path):
    """The exit code and output of `check` against a server that staples the file given."""
    servers = []

    def check(stapled=None, **settings):
        command = ["openssl", "s_server", "-accept", "127.0.0.1:0", "-alpn", "postgresql"]
        command += ["-cert", identity.cert, "-key", identity.key]
        command += ["-status_file", stapled] if stapled else []
        servers.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        line = next(line for line in servers[-1].stdout if line.startswith("ACCEPT"))
        port = re.search(r":(\d+)\s*$", line)[1]
        upstream = verified_upstream(port, authority.root, sslnegotiation="direct", **settings)
        result = subprocess.run(
            [BINARY, "check", "--upstream", upstream],
            env=environment(tmp_path),
            capture_output=True,
            text=True,
            timeout=DEADLINE,
        )
        return result.returncode, result.stdout

    yield check
    for server in servers:
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=DEADLINE)


def test_no_staple_is_no_failure(check):
    code, output = check()
    assert code == 0, output


def test_a_good_staple(check, authority, identity):
    code, output = check(staple(authority, identity, ocsp.OCSPCertStatus.GOOD))
    assert code == 0, output


def test_a_revoked_certificate(check, authority, identity):
    code, output = check(staple(authority, identity, ocsp.OCSPCertStatus.REVOKED))
    assert code == 1 and "has been revoked" in output and "stapled" in output


def test_it_can_be_switched_off(check, authority, identity):
    code, output = check(staple(authority, identity, ocsp.OCSPCertStatus.REVOKED), ocsp_stapling=0)
    assert code == 0, output


def test_what_a_stranger_signed_proves_nothing(check, authority, identity, tmp_path):
    stranger = Authority(tmp_path, "stapling root")
    code, output = check(staple(authority, identity, ocsp.OCSPCertStatus.REVOKED, stranger))
    assert code == 0, output
