"""Trust and key material: what is loaded is known by name, and what cannot be is named before anything is opened."""

import json
import os
import pwd
import re
import shutil
import subprocess
import tempfile
from datetime import datetime, timezone
from pathlib import Path

import pytest

from support.process import DEADLINE
from support.proxy import BINARY, environment, parse_metrics, verified_upstream
from support.trust_lab import Lab
from support.trust_pki import openssl, root
from support.wire import Client, startup_message

IS_ROOT = os.geteuid() == 0
SOMEBODY = {"user": 65534, "group": 65534, "extra_groups": []} if IS_ROOT else {}

BROKEN = b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


@pytest.fixture
def lab(tmp_path):
    return Lab(tmp_path, root(name="our root"))


def refuse(settings, binary=BINARY, variables={}, **options):
    """What `run` says instead of running with these settings."""
    command = [binary, "run", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]
    command += ["--upstream", verified_upstream(5432, **settings)]
    variables = environment("/nonexistent", **variables)
    result = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=DEADLINE, **options)
    assert result.returncode == 2, result.stderr
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1 and result.stderr.startswith("pg-tls-proxy: "), result.stderr
    return result.stderr


# What cannot be loaded

# setting, content of the file (none: it is missing), words
UNUSABLE = {
    "missing root": ("sslrootcert", None, "cannot load sslrootcert: No such file"),
    "empty root": ("sslrootcert", b"", "no certificate in it"),
    "garbage as root": ("sslrootcert", b"\x30\x82garbage", "neither PEM nor DER"),
    "text as root": ("sslrootcert", b"<html>Not found</html>\n", "neither PEM nor DER"),
    "broken block in root": ("sslrootcert", BROKEN, "a PEM block does not parse"),
    "missing CRL": ("sslcrl", None, "cannot load sslcrl: No such file"),
    "empty CRL": ("sslcrl", b"", "cannot load sslcrl"),
    "garbage as CRL": ("sslcrl", b"garbage\n", "cannot load sslcrl"),
    "missing directory of CRLs": ("sslcrldir", None, "sslcrldir is no directory"),
    "file as directory of CRLs": ("sslcrldir", b"", "sslcrldir is no directory"),
    "missing certificate": ("sslcert", None, "cannot load sslcert: No such file"),
    "empty certificate": ("sslcert", b"", "cannot load sslcert"),
    "garbage as certificate": ("sslcert", b"garbage\n", "cannot load sslcert"),
    "missing key": ("sslkey", None, "cannot read sslkey: No such file"),
    "empty key": ("sslkey", b"", "cannot read sslkey"),
    "garbage as key": ("sslkey", b"garbage\n", "cannot read sslkey"),
}


@pytest.mark.parametrize("setting, content, words", UNUSABLE.values(), ids=UNUSABLE.keys())
def test_what_cannot_be_loaded_is_named(lab, setting, content, words):
    client = lab.root.issue(name="app")
    sound = {
        "root": lab.root_file,
        "sslcert": lab.write("client.crt", client.pem),
        "sslkey": lab.write("client.key", client.key_pem),
    }
    unusable = lab.write("unusable", content or b"")
    if content is None:
        unusable.unlink()
    settings = {**sound, "root" if setting == "sslrootcert" else setting: unusable}
    assert f" {unusable}: {words}" in refuse(settings)


def test_an_empty_directory_is_named(lab):
    folder = lab.write("roots/x").parent
    (folder / "x").unlink()
    assert f" {folder}: no certificate in it" in refuse({"root": folder})


def test_what_is_no_certificate_in_a_directory_is_named(lab):
    lab.write("roots/root.pem", lab.root.pem)
    readme = lab.write("roots/README", b"Our roots\n")
    assert f" {readme}: neither PEM nor DER" in refuse({"root": readme.parent})


def test_a_broken_block_spoils_the_bundle(lab):
    """Half a bundle would hide what is missing until the server's root is the missing one."""
    bundle = lab.write("bundle.crt", lab.root.pem, BROKEN)
    assert f" {bundle}: a PEM block does not parse" in refuse({"root": bundle})


def test_every_mode_refuses_a_missing_root(lab):
    """Under `require` libpq would verify nothing, and say nothing."""
    for sslmode in ("verify-full", "verify-ca", "require"):
        assert " /nonexistent/root.crt: " in refuse({"root": "/nonexistent/root.crt", "sslmode": sslmode})


@pytest.fixture
def open_folder():
    """A folder that somebody else can enter, with the binary in it."""
    with tempfile.TemporaryDirectory(prefix="pg-tls-proxy-unreadable-") as folder:
        Path(folder).chmod(0o755)
        shutil.copy(BINARY, folder)
        yield Path(folder)


@pytest.mark.parametrize("setting", ["root", "sslcrl", "sslcert", "sslkey"])
def test_a_file_that_may_not_be_read_is_named(lab, open_folder, setting):
    client = lab.root.issue(name="app")
    contents = {"root": lab.root.pem, "sslcrl": lab.root.revoke(), "sslcert": client.pem, "sslkey": client.key_pem}
    settings = {}
    for name, content in contents.items():
        settings[name] = open_folder / name
        settings[name].write_bytes(content)
        settings[name].chmod(0o644 if name != "sslkey" else 0o600)
        if IS_ROOT:
            shutil.chown(settings[name], SOMEBODY["user"])
    settings[setting].chmod(0)
    words = refuse(settings, open_folder / BINARY.name, cwd="/", **SOMEBODY)
    assert f" {settings[setting]}: " in words and "Permission denied" in words


# What is loaded


@pytest.mark.parametrize("home", [None, "", "."])
def test_the_current_directory_is_no_home(lab, home):
    """Whoever can write where the proxy is started is not to say whom it trusts: like libpq it asks the system."""
    for name in ("root.crt", "root.crl", "postgresql.crt", "postgresql.key"):
        folder = lab.write(f".postgresql/{name}", lab.root.pem).parents[1]
    variables = environment(home)
    if home is None:
        del variables["HOME"]
    command = [BINARY, "check", "--json", "--upstream", "host=localhost hostaddr=127.0.0.1 port=1"]
    result = subprocess.run(command, env=variables, cwd=folder, capture_output=True, text=True, timeout=DEADLINE)
    assert not result.stderr, result.stderr
    own = Path(pwd.getpwuid(os.geteuid()).pw_dir, ".postgresql/root.crt")
    assert json.loads(result.stdout)["upstreams"][0]["trust"] in ("azure", str(own))


def anchors(proxy):
    """The anchors that the proxy knows: name and the second at which each expires."""
    status, text = proxy.get("/metrics")
    assert status == 200
    name = "pg_tls_proxy_trust_anchor_not_after_seconds"
    found = ((labels["subject"], value) for series, labels, value in parse_metrics(text) if series == name)
    return {re.search("CN=([^,]+)", subject)[1]: value for subject, value in found}


def expiry(identity):
    return identity.certificate.not_valid_after.replace(tzinfo=timezone.utc).timestamp()


@pytest.fixture
def two_roots(lab):
    return lab.root, root(name="other root")


@pytest.fixture
def known(start_proxy, two_roots):
    """Start a proxy with this root setting and check that it knows both roots, by name and expiry."""

    def known(setting, **variables):
        proxy = start_proxy(verified_upstream(5432, setting), variables=variables)
        assert anchors(proxy) == {"our root": expiry(two_roots[0]), "other root": expiry(two_roots[1])}

    return known


def test_a_bundle(known, lab, two_roots):
    known(lab.write("bundle.crt", *(identity.pem for identity in two_roots)))


def test_der(known, lab, two_roots):
    known(lab.write("bundle.der", *(identity.der for identity in two_roots)))


@pytest.mark.parametrize("hashed", [False, True])
def test_a_directory(known, lab, two_roots, hashed):
    lab.write("roots/first.pem", two_roots[0].pem)
    folder = lab.write("roots/second.cer", two_roots[1].der if not hashed else two_roots[1].pem).parent
    if hashed:
        openssl("rehash", folder)
    known(folder)


def test_system(known, lab, two_roots):
    """OpenSSL's own variables move its default places; nothing of this machine is trusted then."""
    file, folder = lab.write("file.pem", two_roots[0].pem), lab.write("certs/root.pem", two_roots[1].pem).parent
    known("system", SSL_CERT_FILE=str(file), SSL_CERT_DIR=str(folder))


def test_a_system_without_certificates(lab):
    variables = {"SSL_CERT_FILE": "/nonexistent/file", "SSL_CERT_DIR": "/nonexistent/folder"}
    words = refuse({"root": "system"}, variables=variables)
    assert all(place in words for place in variables.values()) and "ca-certificates" in words


def test_azure(start_proxy):
    proxy = start_proxy("host=localhost port=5432 sslrootcert=azure")
    azure = {"Baltimore CyberTrust Root", "DigiCert Global Root G2", "Microsoft RSA Root Certificate Authority 2017"}
    assert azure <= anchors(proxy).keys()


def test_baltimore(start_proxy):
    proxy = start_proxy("host=localhost port=5432 sslrootcert=baltimore")
    expired = datetime(2025, 5, 12, 23, 59, tzinfo=timezone.utc)
    assert anchors(proxy) == {"Baltimore CyberTrust Root": expired.timestamp()}


@pytest.mark.parametrize("copies", ["bundle", "directory"])
def test_duplicates_are_folded(start_proxy, start_fake, lab, copies):
    """The app is told which anchors were tried: each of them once."""
    if copies == "bundle":
        place = lab.write("bundle.crt", lab.root.pem * 3)
    else:
        place = lab.write("roots/root.pem", lab.root.pem).parent
        lab.write("roots/copy.pem", lab.root.pem)
        openssl("rehash", place)
    server = start_fake(lambda dialogue: dialogue.accept_tls())
    proxy = start_proxy(verified_upstream(server.port, place))
    with Client(proxy.address()) as app:
        app.send(startup_message())
        detail = app.read_fatal()["D"]
    assert f'trust anchors of sslrootcert={place}: "our root" (' in detail
