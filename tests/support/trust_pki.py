"""Certificates of every shape, sound and unsound, made as a situation asks for them."""

import datetime
import ipaddress
import subprocess
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519
from cryptography.x509.oid import ExtensionOID, NameOID

NOW = datetime.datetime.utcnow()
DAY = datetime.timedelta(days=1)

VALID = (NOW - DAY, NOW + 30 * DAY)
EXPIRED = (NOW - 9 * DAY, NOW - DAY)
NOT_YET_VALID = (NOW + DAY, NOW + 9 * DAY)

CRITICAL = (x509.BasicConstraints, x509.KeyUsage, x509.NameConstraints)
SIGNED_WITHOUT_DIGEST = (ed25519.Ed25519PrivateKey, ed448.Ed448PrivateKey)


@dataclass(frozen=True)
class Identity:
    """A certificate and its key: of an authority, a server or a client."""

    certificate: x509.Certificate
    key: object

    @property
    def pem(self):
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def der(self):
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def key_pem(self):
        return self.encode_key()

    def encode_key(self, encoding="PEM", form="PKCS8", password=None):
        cipher = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
        return self.key.private_bytes(serialization.Encoding[encoding], serialization.PrivateFormat[form], cipher)

    def issue(self, *extensions, name="server", names=("localhost",), **options):
        """A certificate for a server that is called `names`."""
        return certify(*extensions, *alternatives(*names), name=name, issuer=self, **options)

    def issue_ca(self, *extensions, name="intermediate", path_length=None, **options):
        constraints = x509.BasicConstraints(ca=True, path_length=path_length)
        return certify(constraints, *extensions, name=name, issuer=self, **options)

    def revoke(self, *identities, issued=VALID, extensions=(), key=None):
        """A certificate revocation list, as PEM, that holds `identities`."""
        last, following = issued
        builder = x509.CertificateRevocationListBuilder().issuer_name(self.certificate.subject)
        builder = builder.last_update(last).next_update(following)
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        for identity in identities:
            revoked = x509.RevokedCertificateBuilder().serial_number(identity.certificate.serial_number)
            builder = builder.add_revoked_certificate(revoked.revocation_date(NOW - DAY).build())
        return builder.sign(key or self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def make_key():
    return ec.generate_private_key(ec.SECP256R1())


def self_signed(*extensions, name="server", **options):
    return certify(*extensions, name=name, **options)


def root(*extensions, name="root", path_length=None, **options):
    return certify(x509.BasicConstraints(ca=True, path_length=path_length), *extensions, name=name, **options)


def certify(*extensions, name, issuer=None, valid=VALID, key=None, digest=hashes.SHA256()):
    """A certificate for `name`, text or an x509.Name, signed by `issuer` or by itself.

    An extension is critical as RFC 5280 has it, unless it comes as a pair with its own word on that.
    """
    key = key or make_key()
    subject = common_names(name) if isinstance(name, str) else name
    signing_key = issuer.key if issuer else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(valid[0])
        .not_valid_after(valid[1])
    )
    for entry in extensions:
        extension, critical = entry if isinstance(entry, tuple) else (entry, isinstance(entry, CRITICAL))
        builder = builder.add_extension(extension, critical)
    digest = None if isinstance(signing_key, SIGNED_WITHOUT_DIGEST) else digest
    return Identity(builder.sign(signing_key, digest), key)


def common_names(*texts):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text) for text in texts])


def alternatives(*names):
    """The subject alternative name extension, none for no names; text is a dNSName.

    Encoded here, because no library agrees to write the names that an attacker would.
    """
    if not names:
        return []
    encoded = b"".join(_element(*(dns(name) if isinstance(name, str) else name)) for name in names)
    return [x509.UnrecognizedExtension(ExtensionOID.SUBJECT_ALTERNATIVE_NAME, _element(0x30, encoded))]


def key_identifiers(key):
    """What a certificate for `key` says of it, and what those say that are issued with it."""
    public = key.public_key()
    return x509.SubjectKeyIdentifier.from_public_key(public), x509.AuthorityKeyIdentifier.from_issuer_public_key(public)


def dns(text):
    return 0x82, text.encode()


def email(text):
    return 0x81, text.encode()


def ip(address):
    """An iPAddress: text, or bytes that are perhaps none."""
    return 0x87, address if isinstance(address, bytes) else ipaddress.ip_address(address).packed


def key_usage(*allowed):
    """The KeyUsage extension that allows this and nothing else."""
    every = ["digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"]
    every += ["key_cert_sign", "crl_sign", "encipher_only", "decipher_only"]
    return x509.KeyUsage(**{usage: usage in allowed for usage in every})


def openssl(*arguments):
    """Run OpenSSL's own program, for what the library in use here refuses to make."""
    command = ["openssl", *map(str, arguments)]
    result = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL)
    assert result.returncode == 0, result.stderr.decode()
    return result.stdout


def _element(tag, content):
    """A DER element: one-byte tag, length, content."""
    size = len(content)
    length = bytes((size,)) if size < 128 else b"\x82" + size.to_bytes(2, "big")
    return bytes((tag,)) + length + content
