"""What certificate revocation lists say, and when they say nothing."""

from cryptography import x509
from cryptography.x509.oid import ObjectIdentifier

from support.trust_lab import EVERYWHERE, ONLY_UNVERIFIED, Chapter
from support.trust_pki import DAY, EXPIRED, NOT_YET_VALID, NOW, key_usage, make_key, root

UNKNOWN = x509.UnrecognizedExtension(ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00")

crls = Chapter("revocation")


def publish(lab, *lists):
    """A file of lists, and the client told of it."""
    lab.settings["sslcrl"] = lab.write("root.crl", *lists)


# What a list says


@crls.situation(EVERYWHERE)
def an_empty_list(lab):
    lab.serve_well()
    publish(lab, lab.root.revoke())


@crls.situation(EVERYWHERE)
def somebody_else_is_revoked(lab):
    lab.serve_well()
    publish(lab, lab.root.revoke(lab.root.issue()))


@crls.situation(ONLY_UNVERIFIED, because="the server's certificate .* has been revoked")
def a_revoked_server(lab):
    server = lab.root.issue()
    lab.serve(server)
    publish(lab, lab.root.revoke(server))


@crls.situation(ONLY_UNVERIFIED, because="the CA certificate .* has been revoked")
def a_revoked_intermediate(lab):
    intermediate = lab.root.issue_ca()
    lab.serve(intermediate.issue(), intermediate)
    publish(lab, lab.root.revoke(intermediate), intermediate.revoke())


@crls.situation(ONLY_UNVERIFIED, because="the server's certificate .* has been revoked")
def a_server_revoked_by_an_intermediate(lab):
    intermediate = lab.root.issue_ca()
    server = intermediate.issue()
    lab.serve(server, intermediate)
    publish(lab, lab.root.revoke(), intermediate.revoke(server))


@crls.situation(EVERYWHERE)
def a_list_for_everybody_in_the_chain(lab):
    intermediate = lab.root.issue_ca()
    lab.serve(intermediate.issue(), intermediate)
    publish(lab, lab.root.revoke(), intermediate.revoke())


@crls.situation(EVERYWHERE)
def a_revocation_taken_back_in_a_newer_list(lab):
    server = lab.root.issue()
    lab.serve(server)
    publish(lab, lab.root.revoke(server, issued=(NOW - 2 * DAY, NOW + DAY)), lab.root.revoke())


# Lists that say nothing


@crls.situation(ONLY_UNVERIFIED, because="CRL has expired")
def an_expired_list(lab):
    lab.serve_well()
    publish(lab, lab.root.revoke(issued=EXPIRED))


@crls.situation(ONLY_UNVERIFIED, because="CRL is not yet valid")
def a_list_that_is_not_yet_valid(lab):
    lab.serve_well()
    publish(lab, lab.root.revoke(issued=NOT_YET_VALID))


@crls.situation(ONLY_UNVERIFIED, because="no CRL of its issuer")
def no_list_of_an_intermediate(lab):
    intermediate = lab.root.issue_ca()
    lab.serve(intermediate.issue(), intermediate)
    publish(lab, lab.root.revoke())


@crls.situation(ONLY_UNVERIFIED, because="no CRL of its issuer")
def no_list_of_the_root(lab):
    intermediate = lab.root.issue_ca()
    lab.serve(intermediate.issue(), intermediate)
    publish(lab, intermediate.revoke())


@crls.situation(ONLY_UNVERIFIED, because="no CRL of its issuer")
def a_list_of_somebody_else(lab):
    lab.serve_well()
    publish(lab, root(name="stranger").revoke())


@crls.situation(ONLY_UNVERIFIED, because="CRL signature failure")
def a_list_signed_with_another_key(lab):
    lab.serve_well()
    publish(lab, lab.root.revoke(key=make_key()))


@crls.situation(ONLY_UNVERIFIED, because="CRL signing")
def a_list_of_an_issuer_that_may_not_sign_it(lab):
    strict = root(key_usage("key_cert_sign"))
    lab.trust(strict)
    lab.serve(strict.issue())
    publish(lab, strict.revoke())


@crls.situation(ONLY_UNVERIFIED, because="unhandled critical CRL extension")
def a_list_with_an_unknown_critical_extension(lab):
    lab.serve_well()
    publish(lab, lab.root.revoke(extensions=[(UNKNOWN, True)]))
