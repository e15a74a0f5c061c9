"""Whether everybody in the chain may do what they do: path length, name constraints, usage, unknown extensions."""

import ipaddress

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from support.trust_lab import EVERYWHERE, ONLY_UNVERIFIED, Chapter
from support.trust_pki import certify, ip, key_usage, openssl, root

NO_CA = x509.BasicConstraints(ca=False, path_length=None)
UNKNOWN = x509.UnrecognizedExtension(ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00")

SERVER = ExtendedKeyUsageOID.SERVER_AUTH
CLIENT = ExtendedKeyUsageOID.CLIENT_AUTH
ANY = ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE

constraints = Chapter("constraints")


def serve_below(lab, intermediate, *extensions, **options):
    lab.serve(intermediate.issue(*extensions, **options), intermediate)


# Who is a CA


@constraints.situation(ONLY_UNVERIFIED, because="path length")
def more_intermediates_than_the_root_allows(lab):
    strict = root(path_length=0)
    lab.trust(strict)
    serve_below(lab, strict.issue_ca())


@constraints.situation(EVERYWHERE)
def as_many_intermediates_as_the_root_allows(lab):
    strict = root(path_length=1)
    lab.trust(strict)
    serve_below(lab, strict.issue_ca(path_length=0))


@constraints.situation(ONLY_UNVERIFIED, because="path length")
def more_intermediates_than_an_intermediate_allows(lab):
    upper = lab.root.issue_ca(name="upper", path_length=0)
    lower = upper.issue_ca(name="lower")
    lab.serve(lower.issue(), lower, upper)


@constraints.situation(ONLY_UNVERIFIED, because="invalid CA certificate")
def an_intermediate_that_is_no_ca(lab):
    serve_below(lab, lab.root.issue(NO_CA, name="another server"))


@constraints.situation(ONLY_UNVERIFIED, because="invalid CA certificate")
def an_intermediate_that_does_not_say_whether_it_is_a_ca(lab):
    serve_below(lab, lab.root.issue(name="another server"))


@constraints.situation(ONLY_UNVERIFIED, because="invalid CA certificate")
def a_root_that_is_no_ca(lab):
    no_ca = certify(NO_CA, name="root")
    lab.trust(no_ca)
    lab.serve(no_ca.issue())


@constraints.situation(EVERYWHERE)
def a_root_of_x509_version_1(lab):
    """It has no extensions to say that it is a CA; a self-signed one may be all the same."""
    key = lab.write("old.key", lab.root.key_pem)
    request = lab.write("old.csr", openssl("req", "-new", "-key", key, "-subj", "/CN=root"))
    lab.root_file = lab.write("old.crt", openssl("x509", "-req", "-in", request, "-signkey", key))
    lab.serve_well()


# Name constraints


def limit(permitted=None, excluded=None):
    return x509.NameConstraints(permitted, excluded)


@constraints.situation(EVERYWHERE)
def a_name_that_is_permitted(lab):
    serve_below(lab, lab.root.issue_ca(limit([x509.DNSName("localhost")])))


@constraints.situation(ONLY_UNVERIFIED, because="permitted subtree violation")
def a_name_that_is_not_permitted(lab):
    serve_below(lab, lab.root.issue_ca(limit([x509.DNSName("example.org")])))


@constraints.situation(ONLY_UNVERIFIED, because="excluded subtree violation")
def a_name_that_is_excluded(lab):
    serve_below(lab, lab.root.issue_ca(limit(excluded=[x509.DNSName("localhost")])))


@constraints.situation(ONLY_UNVERIFIED, because="permitted subtree violation")
def a_second_name_that_is_not_permitted(lab):
    serve_below(lab, lab.root.issue_ca(limit([x509.DNSName("localhost")])), names=["localhost", "example.org"])


@constraints.situation(ONLY_UNVERIFIED, because="permitted subtree violation")
def a_name_that_the_root_does_not_permit(lab):
    strict = root(limit([x509.DNSName("example.org")]))
    lab.trust(strict)
    lab.serve(strict.issue())


@constraints.situation(ONLY_UNVERIFIED, because="permitted subtree violation")
def an_address_that_is_not_permitted(lab):
    network = x509.IPAddress(ipaddress.ip_network("10.0.0.0/8"))
    serve_below(lab, lab.root.issue_ca(limit([network])), names=["localhost", ip("127.0.0.1")])


@constraints.situation(ONLY_UNVERIFIED, because="permitted subtree violation")
def a_common_name_that_is_not_permitted(lab):
    serve_below(lab, lab.root.issue_ca(limit([x509.DNSName("example.net")])), name="db.example.org", names=[])
    lab.settings["host"] = "db.example.org"


# Key usage


@constraints.situation(ONLY_UNVERIFIED, because="key usage does not include certificate signing|invalid CA certificate")
def an_intermediate_that_may_not_sign(lab):
    serve_below(lab, lab.root.issue_ca(key_usage("crl_sign", "digital_signature")))


@constraints.situation(ONLY_UNVERIFIED, because="key usage does not include certificate signing|invalid CA certificate")
def a_root_that_may_not_sign(lab):
    strict = root(key_usage("crl_sign"))
    lab.trust(strict)
    lab.serve(strict.issue())


@constraints.situation(EVERYWHERE)
def a_server_that_may_sign_handshakes(lab):
    lab.serve(lab.root.issue(key_usage("digital_signature")))


@constraints.situation(ONLY_UNVERIFIED, because="purpose")
def a_server_that_may_only_sign_certificates(lab):
    lab.serve(lab.root.issue(key_usage("key_cert_sign")))


# Extended key usage


@constraints.situation(EVERYWHERE)
def a_certificate_for_servers(lab):
    lab.serve(lab.root.issue(x509.ExtendedKeyUsage([SERVER])))


@constraints.situation(EVERYWHERE)
def a_certificate_for_servers_and_clients(lab):
    lab.serve(lab.root.issue(x509.ExtendedKeyUsage([CLIENT, SERVER])))


@constraints.situation(ONLY_UNVERIFIED, because="purpose")
def a_certificate_for_clients(lab):
    lab.serve(lab.root.issue(x509.ExtendedKeyUsage([CLIENT])))


@constraints.situation(ONLY_UNVERIFIED, because="purpose")
def a_certificate_for_anything(lab):
    """OpenSSL 3.0 does not take that for servers."""
    lab.serve(lab.root.issue(x509.ExtendedKeyUsage([ANY])))


@constraints.situation(ONLY_UNVERIFIED, because="purpose|invalid CA certificate")
def an_intermediate_for_clients(lab):
    serve_below(lab, lab.root.issue_ca(x509.ExtendedKeyUsage([CLIENT])))


# Extensions that nobody knows


@constraints.situation(EVERYWHERE)
def an_unknown_extension(lab):
    lab.serve(lab.root.issue(UNKNOWN))


@constraints.situation(ONLY_UNVERIFIED, because="unhandled critical extension")
def an_unknown_critical_extension(lab):
    lab.serve(lab.root.issue((UNKNOWN, True)))


@constraints.situation(ONLY_UNVERIFIED, because="unhandled critical extension")
def an_unknown_critical_extension_in_an_intermediate(lab):
    serve_below(lab, lab.root.issue_ca((UNKNOWN, True)))
