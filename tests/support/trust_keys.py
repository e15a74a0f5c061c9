"""Kinds and strengths of keys and signatures."""

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa

from support.trust_lab import EVERYWHERE, NOWHERE, ONLY_UNVERIFIED, Chapter
from support.trust_pki import openssl, root

keys = Chapter("keys")


def rsa_key(bits):
    return rsa.generate_private_key(65537, bits)


KINDS = {
    "RSA": lambda: rsa_key(2048),
    "ECDSA P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "ECDSA P-521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "Ed25519": ed25519.Ed25519PrivateKey.generate,
    "Ed448": ed448.Ed448PrivateKey.generate,
}


def arrange_server_with(make_key):
    return lambda lab: lab.serve(lab.root.issue(key=make_key()))


def arrange_root_with(make_key):
    def arrange(lab):
        other = root(key=make_key())
        lab.trust(other)
        lab.serve(other.issue())

    return arrange


for title, make_key in KINDS.items():
    keys.add(f"{title} of a server", EVERYWHERE, arrange_server_with(make_key))
    keys.add(f"{title} of a root", EVERYWHERE, arrange_root_with(make_key))


@keys.situation(NOWHERE, because="no shared cipher|handshake failure|alert")
def a_curve_that_tls_1_3_does_not_know(lab):
    lab.serve(lab.root.issue(key=ec.generate_private_key(ec.SECP256K1())))


@keys.situation(ONLY_UNVERIFIED, because="too weak|too small")
def a_weak_key(lab):
    lab.serve(lab.root.issue(key=rsa_key(1024)))


@keys.situation(ONLY_UNVERIFIED, because="too weak|too small")
def a_weak_key_of_an_intermediate(lab):
    intermediate = lab.root.issue_ca(key=rsa_key(1024))
    lab.serve(intermediate.issue(), intermediate)


@keys.situation(ONLY_UNVERIFIED, because="too weak|too small")
def a_weak_key_of_a_root(lab):
    arrange_root_with(lambda: rsa_key(1024))(lab)


@keys.situation(ONLY_UNVERIFIED, because="too weak")
def a_sha_1_signature(lab):
    lab.serve(lab.root.issue(digest=hashes.SHA1()))


@keys.situation(ONLY_UNVERIFIED, because="too weak")
def a_sha_1_signature_of_an_intermediate(lab):
    intermediate = lab.root.issue_ca(digest=hashes.SHA1())
    lab.serve(intermediate.issue(), intermediate)


@keys.situation(EVERYWHERE)
def a_sha_1_signature_of_a_root(lab):
    """Nobody needs the word of a root for itself."""
    other = root(digest=hashes.SHA1())
    lab.trust(other)
    lab.serve(other.issue())


@keys.situation(EVERYWHERE)
def a_weak_key_and_openssl_configured_to_take_it(lab):
    lab.configure_openssl("CipherString = DEFAULT:@SECLEVEL=0")
    lab.serve(lab.root.issue(key=rsa_key(1024)))


# RSA-PSS, as a kind of key and as a way to sign


@keys.situation(EVERYWHERE)
def an_rsa_pss_key(lab):
    serve_from_openssl(lab, lab.root, "-newkey", "rsa-pss", "-pkeyopt", "rsa_keygen_bits:2048")


@keys.situation(EVERYWHERE)
def an_rsa_pss_signature(lab):
    other = root(key=rsa_key(2048))
    lab.trust(other)
    serve_from_openssl(lab, other, "-newkey", "rsa", "-sigopt", "rsa_padding_mode:pss")


def serve_from_openssl(lab, issuer, *options):
    """A server with a key and a certificate that OpenSSL's own program has made."""
    key, certificate = lab.write("pss.key"), lab.write("pss.crt")
    configuration = lab.write("req.cnf", b"[req]\ndistinguished_name = empty\n[empty]\n")
    signer = ["-CA", lab.write("issuer.crt", issuer.pem), "-CAkey", lab.write("issuer.key", issuer.key_pem)]
    subject = ["-subj", "/CN=server", "-addext", "subjectAltName=DNS:localhost"]
    files = ["-config", configuration, "-keyout", key, "-out", certificate, "-nodes"]
    openssl("req", "-x509", *signer, *subject, *files, *options)
    lab.serve().load_cert_chain(certificate, key)
