"""Whether the certificate is for the host that was asked for."""

from cryptography import x509
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID

from support.trust_lab import BUT_VERIFY_FULL, EVERYWHERE, WITH_ROOT, Chapter
from support.trust_pki import alternatives, certify, common_names, dns, email, ip

NUL = dns("db.example.org\0.evil.example")
FIVE_BYTES = ip(b"\x7f\0\0\1\0")

names = Chapter("names", WITH_ROOT)

MATCH, NO_MATCH = EVERYWHERE, BUT_VERIFY_FULL

# host, common names, subject alternative names, verdict
TABLE = {
    "the name": ("db.example.org", [], ["db.example.org"], MATCH),
    "another name": ("db.example.org", [], ["db.example.net"], NO_MATCH),
    "a longer name": ("example.org", [], ["db.example.org"], NO_MATCH),
    "the name in other case": ("DB.example.org", [], ["db.EXAMPLE.org"], MATCH),
    "the last of several names": ("db.example.org", [], ["a.example.org", "b.example.org", "db.example.org"], MATCH),
    "none of several names": ("db.example.org", [], ["a.example.org", "b.example.org"], NO_MATCH),
    "more names than fit in a line": ("db.example.org", [], [f"{i}.example.org" for i in range(99)], NO_MATCH),
    "a dot behind the host": ("db.example.org.", [], ["db.example.org"], NO_MATCH),
    "a dot behind the name": ("db.example.org", [], ["db.example.org."], NO_MATCH),
    "an internationalized name": ("xn--db-xka.example.org", [], ["xn--db-xka.example.org"], MATCH),
    # Wildcards
    "wildcard for one label": ("db.example.org", [], ["*.example.org"], MATCH),
    "wildcard in other case": ("db.example.org", [], ["*.EXAMPLE.org"], MATCH),
    "wildcard for two labels": ("a.db.example.org", [], ["*.example.org"], NO_MATCH),
    "wildcard for no label": ("example.org", [], ["*.example.org"], NO_MATCH),
    "wildcard for an empty label": ("db..example.org", [], ["*.example.org"], MATCH),
    "wildcard for another domain": ("db.example.org", [], ["*.example.net"], NO_MATCH),
    "wildcard as the end of a label": ("db.example.org", [], ["d*.example.org"], NO_MATCH),
    "wildcard as the start of a label": ("db.example.org", [], ["*b.example.org"], NO_MATCH),
    "wildcard in the middle": ("db.example.org", [], ["db.*.org"], NO_MATCH),
    "two wildcards": ("db.example.org", [], ["*.*.org"], NO_MATCH),
    "wildcard for a top level": ("example.org", [], ["*.org"], MATCH),
    "nothing but a wildcard": ("localhost", [], ["*"], NO_MATCH),
    "wildcard in the common name": ("db.example.org", ["*.example.org"], [], MATCH),
    "wildcard over an address": ("127.0.0.1", [], ["*.0.0.1"], MATCH),
    # The common name
    "the common name": ("db.example.org", ["db.example.org"], [], MATCH),
    "another common name": ("db.example.org", ["db.example.net"], [], NO_MATCH),
    "the common name beside another DNS name": ("db.example.org", ["db.example.org"], ["db.example.net"], NO_MATCH),
    "the common name beside an empty DNS name": ("db.example.org", ["db.example.org"], [""], NO_MATCH),
    "the common name beside an address": ("db.example.org", ["db.example.org"], [ip("10.0.0.1")], MATCH),
    "the common name beside a mail address": ("db.example.org", ["db.example.org"], [email("a@b.example")], MATCH),
    "another common name beside the DNS name": ("db.example.org", ["other"], ["db.example.org"], MATCH),
    "the first of two common names": ("db.example.org", ["db.example.org", "other"], [], MATCH),
    "the second of two common names": ("db.example.org", ["other", "db.example.org"], [], NO_MATCH),
    "no name at all": ("db.example.org", [], [], NO_MATCH),
    # Addresses
    "the address": ("127.0.0.1", [], [ip("127.0.0.1")], MATCH),
    "another address": ("127.0.0.1", [], [ip("127.0.0.2")], NO_MATCH),
    "the second of two addresses": ("127.0.0.1", [], [ip("10.0.0.1"), ip("127.0.0.1")], MATCH),
    "the address as a DNS name": ("127.0.0.1", [], ["127.0.0.1"], MATCH),
    "the address as the common name": ("127.0.0.1", ["127.0.0.1"], [], MATCH),
    "the address as the common name beside a DNS name": ("127.0.0.1", ["127.0.0.1"], ["db.example.org"], MATCH),
    "the address as the common name beside another": ("127.0.0.1", ["127.0.0.1"], [ip("10.0.0.1")], NO_MATCH),
    "an abbreviated address": ("127.1", [], [ip("127.0.0.1")], MATCH),
    "an abbreviated address as the common name beside another": ("127.1", ["127.1"], [ip("10.0.0.1")], NO_MATCH),
    "an IPv6 address": ("::1", [], [ip("::1")], MATCH),
    "an IPv6 address spelled out": ("0:0:0:0:0:0:0:1", [], [ip("::1")], MATCH),
    "another IPv6 address": ("::1", [], [ip("::2")], NO_MATCH),
    "an IPv4 address mapped into IPv6": ("127.0.0.1", [], [ip("::ffff:127.0.0.1")], NO_MATCH),
    "an address of five bytes": ("127.0.0.1", [], [FIVE_BYTES], NO_MATCH),
    "an address of five bytes ahead of the match": ("db.example.org", [], [FIVE_BYTES, "db.example.org"], NO_MATCH),
    "an address of five bytes behind the match": ("db.example.org", [], ["db.example.org", FIVE_BYTES], MATCH),
    "an address of five bytes ahead of the common name": ("db.example.org", ["db.example.org"], [FIVE_BYTES], NO_MATCH),
    # NUL bytes: CVE-2009-4034
    "NUL in the name": ("db.example.org", [], [NUL], NO_MATCH),
    "NUL ahead of the match": ("db.example.org", [], [NUL, "db.example.org"], NO_MATCH),
    "NUL behind the match": ("db.example.org", [], ["db.example.org", NUL], MATCH),
    "NUL in a DNS name ahead of the address": ("127.0.0.1", [], [NUL, ip("127.0.0.1")], NO_MATCH),
    "NUL in the common name": ("db.example.org", ["db.example.org\0.evil.example"], [], NO_MATCH),
    "NUL in the common name beside the match": ("db.example.org", ["db\0"], ["db.example.org"], MATCH),
}


def arrange_named(host, subject, alternative_names):
    def arrange(lab):
        subject_name = common_names(*subject)
        lab.serve(certify(*alternatives(*alternative_names), name=subject_name, issuer=lab.root))
        lab.settings["host"] = host

    return arrange


for title, (asked, subject, alternative_names, verdict) in TABLE.items():
    names.add(title, verdict, arrange_named(asked, subject, alternative_names), because="is not for host")


@names.situation(NO_MATCH, because="is not for host")
def a_common_name_of_two_byte_characters(lab):
    """Every other byte of it is NUL."""
    attribute = x509.NameAttribute(NameOID.COMMON_NAME, "localhost", _ASN1Type.BMPString)
    lab.serve(certify(name=x509.Name([attribute]), issuer=lab.root))


@names.situation(MATCH)
def a_common_name_in_utf_8(lab):
    lab.serve(certify(name="bücher.example", issuer=lab.root))
    lab.settings["host"] = "bücher.example"


@names.situation(NO_MATCH, because="is not for host")
def the_address_dialled_instead_of_the_host(lab):
    """`hostaddr` says where to go, `host` who must be there."""
    lab.serve(lab.root.issue(names=[ip("127.0.0.1")]))


@names.situation(NO_MATCH, because="verify-full needs the name")
def an_address_to_dial_and_no_host(lab):
    lab.serve(lab.root.issue(names=[ip("127.0.0.1")]))
    lab.settings["host"] = None
