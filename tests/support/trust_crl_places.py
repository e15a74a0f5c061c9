"""Where certificate revocation lists are: a file, a directory, the default place, the root file, or nowhere."""

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from support.trust_crls import publish
from support.trust_lab import EVERYWHERE, ONLY_UNVERIFIED, Chapter
from support.trust_pki import DAY, NOW, openssl, root

OLDER = (NOW - 2 * DAY, NOW + DAY)

places = Chapter("revocation lists")


def publish_folder(lab, *lists, hashed=True):
    """A directory of lists, and the client told of it."""
    for number, content in enumerate(lists):
        lab.write(f"crls/{number}.crl", content)
    lab.settings["sslcrldir"] = lab.write("crls/README").parent
    if hashed:
        openssl("rehash", lab.settings["sslcrldir"])


# Files that hold no list: libpq goes on as if nothing had been asked for


@places.situation(EVERYWHERE, because="cannot load sslcrl")
def a_missing_file(lab):
    lab.serve_well()
    lab.settings["sslcrl"] = "/nonexistent/root.crl"


@places.situation(EVERYWHERE, because="cannot load sslcrl")
def a_missing_file_beside_a_directory(lab):
    server = lab.root.issue()
    lab.serve(server)
    publish_folder(lab, lab.root.revoke(server))
    lab.settings["sslcrl"] = "/nonexistent/root.crl"


@places.situation(EVERYWHERE, because="cannot load sslcrl")
def an_empty_file(lab):
    lab.serve_well()
    publish(lab)


@places.situation(EVERYWHERE, because="cannot load sslcrl")
def a_file_of_garbage(lab):
    lab.serve_well()
    publish(lab, b"no list\n")


@places.situation(EVERYWHERE, because="cannot load sslcrl")
def a_file_in_der(lab):
    server = lab.root.issue()
    lab.serve(server)
    revoked = x509.load_pem_x509_crl(lab.root.revoke(server))
    publish(lab, revoked.public_bytes(serialization.Encoding.DER))


@places.situation(EVERYWHERE, because="cannot load sslcrl")
def a_directory_given_as_a_file(lab):
    lab.serve_well()
    lab.settings["sslcrl"] = lab.write("crls/README").parent


# Other places


@places.situation(EVERYWHERE)
def a_directory(lab):
    lab.serve_well()
    publish_folder(lab, lab.root.revoke())


@places.situation(ONLY_UNVERIFIED, because="has been revoked")
def a_server_revoked_in_a_directory(lab):
    server = lab.root.issue()
    lab.serve(server)
    publish_folder(lab, lab.root.revoke(server))


@places.situation(ONLY_UNVERIFIED, because="no CRL of its issuer")
def a_directory_without_hashes(lab):
    lab.serve_well()
    publish_folder(lab, lab.root.revoke(), hashed=False)


@places.situation(ONLY_UNVERIFIED, because="no CRL of its issuer")
def an_empty_directory(lab):
    lab.serve_well()
    publish_folder(lab)


@places.situation(ONLY_UNVERIFIED, because="sslcrldir is no directory")
def a_missing_directory(lab):
    lab.serve_well()
    lab.settings["sslcrldir"] = "/nonexistent/crls"


@places.situation(EVERYWHERE)
def a_file_and_a_directory_that_complete_each_other(lab):
    intermediate = lab.root.issue_ca()
    lab.serve(intermediate.issue(), intermediate)
    publish(lab, lab.root.revoke())
    publish_folder(lab, intermediate.revoke())


@places.situation(ONLY_UNVERIFIED, because="has been revoked")
def a_list_at_the_default_place(lab):
    server = lab.root.issue()
    lab.serve(server)
    lab.write_home("root.crl", lab.root.revoke(server))


@places.situation(EVERYWHERE, because="cannot load sslcrl")
def garbage_at_the_default_place(lab):
    lab.serve_well()
    lab.write_home("root.crl", b"no list\n")


@places.situation(EVERYWHERE)
def a_list_at_the_default_place_and_another_file_asked_for(lab):
    server = lab.root.issue()
    lab.serve(server)
    publish(lab, lab.root.revoke())
    lab.write_home("root.crl", lab.root.revoke(server))


@places.situation(EVERYWHERE)
def a_list_at_the_default_place_and_a_directory_asked_for(lab):
    server = lab.root.issue()
    lab.serve(server)
    publish_folder(lab, lab.root.revoke(issued=OLDER))
    lab.write_home("root.crl", lab.root.revoke(server))


@places.situation(ONLY_UNVERIFIED, because="has been revoked")
def a_newer_list_at_the_default_place_and_a_directory_asked_for(lab):
    """The newest list of an issuer counts; this one was not asked for."""
    server = lab.root.issue()
    lab.serve(server)
    publish_folder(lab, lab.root.revoke(server, issued=OLDER))
    lab.write_home("root.crl", lab.root.revoke())


@places.situation(EVERYWHERE)
def a_list_in_the_root_file(lab):
    intermediate = lab.root.issue_ca()
    lab.serve(intermediate.issue(), intermediate)
    lab.root_file = lab.write("root.crt", lab.root.pem, intermediate.revoke())
    publish(lab, lab.root.revoke())


@places.situation(ONLY_UNVERIFIED, because="has been revoked")
def a_server_revoked_in_the_root_file(lab):
    """Of two lists the newer counts."""
    server = lab.root.issue()
    lab.serve(server)
    lab.root_file = lab.write("root.crt", lab.root.pem, lab.root.revoke(server))
    publish(lab, lab.root.revoke(issued=OLDER))


@places.situation(EVERYWHERE)
def a_server_revoked_in_the_root_file_and_no_list_asked_for(lab):
    server = lab.root.issue()
    lab.serve(server)
    lab.root_file = lab.write("root.crt", lab.root.pem, lab.root.revoke(server))


@places.situation(EVERYWHERE)
def a_root_in_the_file_of_lists(lab):
    """OpenSSL trusts every certificate that it is given in such a file."""
    other = root(name="another root")
    lab.serve(other.issue())
    publish(lab, other.pem, other.revoke())
