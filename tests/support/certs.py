"""A throw-away certificate authority and the server certificates, good and bad, that tests need."""

import datetime
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NOW = datetime.datetime.utcnow()
DAY = datetime.timedelta(days=1)
YEAR = 365 * DAY


@dataclass(frozen=True)
class Certificate:
    """Paths of a certificate and its key, both PEM."""

    cert: Path
    key: Path


class Authority:
    """A self-signed root that lives in `folder` as `<name>.crt`."""

    def __init__(self, folder, name):
        self._folder = folder
        self._name = name
        self.key = ec.generate_private_key(ec.SECP256R1())
        constraints = x509.BasicConstraints(ca=True, path_length=None)
        self.certificate = self._sign(name, self.key, name, constraints, NOW - DAY, NOW + YEAR)
        self.root = folder / f"{name}.crt"
        self.root.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def issue(self, name, hosts, not_before=NOW - DAY, not_after=NOW + YEAR):
        """A server certificate for `hosts` (names or IP addresses)."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([_general_name(host) for host in hosts])
        certificate = self._sign(name, key, self._name, names, not_before, not_after)
        issued = Certificate(self._folder / f"{name}.crt", self._folder / f"{name}.key")
        issued.cert.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        issued.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return issued

    def _sign(self, subject, key, issuer, extension, not_before, not_after):
        return (
            x509.CertificateBuilder()
            .subject_name(_common_name(subject))
            .issuer_name(_common_name(issuer))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(not_before)
            .not_valid_after(not_after)
            .add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
            .sign(self.key, hashes.SHA256())
        )


class Certificates:
    """The set that every test draws from: one trusted root, and one certificate for each verdict."""

    def __init__(self, folder):
        trusted = Authority(folder, "trusted root")
        stranger = Authority(folder, "unknown root")
        self.root = trusted.root
        self.other_root = stranger.root
        self.good = trusted.issue("good", ["localhost", "127.0.0.1"])
        self.wrong_host = trusted.issue("wrong host", ["db.example.com"])
        self.expired = trusted.issue("expired", ["localhost"], NOW - 9 * DAY, NOW - 2 * DAY)
        self.ending = trusted.issue("ending", ["localhost"], NOW - 81 * DAY, NOW + 9 * DAY)
        self.unknown_root = stranger.issue("stranger", ["localhost"])


def _common_name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _general_name(host):
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
