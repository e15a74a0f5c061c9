"""The forms in which a root file comes, and what else `sslrootcert` can be."""

from support.trust_lab import EVERYWHERE, NOWHERE, REQUIRE, WITH_ROOT, Chapter, Mode
from support.trust_pki import openssl, root

roots = Chapter("root file", WITH_ROOT)
weak_modes = Chapter("sslmode", [Mode("prefer", True)])


def arrange_file(*make_contents):
    """A server without fault; the root file is what `make_contents` makes of the root."""

    def arrange(lab):
        lab.serve_well()
        lab.root_file = lab.write("root.crt", *(make(lab.root) for make in make_contents))

    return arrange


def pem(identity):
    return identity.pem


def der(identity):
    return identity.der


def stranger(_):
    return root(name="stranger").pem


def text(content):
    return lambda _: content


def broken_block(identity):
    return identity.pem.replace(b"MII", b"!!!", 1)


def with_carriage_returns(identity):
    return identity.pem.replace(b"\n", b"\r\n")


def old_label(identity):
    return identity.pem.replace(b"CERTIFICATE", b"X509 CERTIFICATE")


NO_CERTIFICATE = "root.crt: no certificate in it"
BYTE_ORDER_MARK = "\ufeff".encode()

for title, verdict, because, contents in [
    ("one certificate", EVERYWHERE, "", [pem]),
    ("several certificates", EVERYWHERE, "", [stranger, pem, stranger]),
    ("the same certificate twice", EVERYWHERE, "", [pem, pem]),
    ("text around the certificate", EVERYWHERE, "", [text(b"Our root:\n"), pem, text(b"That was it.\n")]),
    ("lines that end with CR LF", EVERYWHERE, "", [with_carriage_returns]),
    ("the old label", EVERYWHERE, "", [old_label]),
    ("a private key ahead", EVERYWHERE, "", [lambda identity: identity.key_pem, pem]),
    ("nothing", NOWHERE, NO_CERTIFICATE, []),
    ("text", NOWHERE, "root.crt: neither PEM nor DER", [text(b"no certificate\n")]),
    ("a private key", NOWHERE, NO_CERTIFICATE, [lambda identity: identity.key_pem]),
    ("a revocation list", NOWHERE, NO_CERTIFICATE, [lambda identity: identity.revoke()]),
    ("a byte order mark", EVERYWHERE, "", [text(BYTE_ORDER_MARK), pem]),
    ("a broken block", NOWHERE, "root.crt: a PEM block does not parse", [broken_block]),
    ("a broken block behind a good one", NOWHERE, "root.crt: a PEM block does not parse", [pem, broken_block]),
    ("a block without its end", NOWHERE, "root.crt: ", [lambda identity: identity.pem[:-30]]),
    ("DER", NOWHERE, "", [der]),
    ("several certificates in DER", NOWHERE, "", [lambda _: root(name="stranger").der, der]),
]:
    roots.add(title, verdict, arrange_file(*contents), because)


# OpenSSL's TRUSTED CERTIFICATE: with a word on what for


def arrange_trusted(lab, identity, *options):
    path = lab.write("plain.crt", identity.pem)
    lab.root_file = lab.write("root.crt", openssl("x509", "-in", path, "-trustout", *options))


@roots.situation(EVERYWHERE)
def a_certificate_trusted_for_servers(lab):
    lab.serve_well()
    arrange_trusted(lab, lab.root, "-addtrust", "serverAuth")


@roots.situation(NOWHERE, because="rejected")
def a_certificate_rejected_for_servers(lab):
    lab.serve_well()
    arrange_trusted(lab, lab.root, "-addreject", "serverAuth")


@roots.situation(NOWHERE, because="not trusted|rejected|which is neither")
def a_certificate_trusted_for_clients(lab):
    lab.serve_well()
    arrange_trusted(lab, lab.root, "-addtrust", "clientAuth")


@roots.situation(EVERYWHERE)
def an_intermediate_trusted_for_servers(lab):
    intermediate = lab.root.issue_ca()
    lab.serve(intermediate.issue(), intermediate)
    arrange_trusted(lab, intermediate, "-addtrust", "serverAuth")


# Where there is no such file


@roots.situation({REQUIRE}, because="root.crt: cannot load sslrootcert")
def a_missing_file(lab):
    lab.serve_well()
    lab.root_file.unlink()


@roots.situation({REQUIRE}, because="sslrootcert=azure")
def no_file_asked_for(lab):
    lab.serve_well()
    lab.root_file = None


@roots.situation(EVERYWHERE)
def a_file_at_the_default_place(lab):
    lab.serve_well()
    lab.root_file = None
    lab.write_home("root.crt", lab.root.pem)


@roots.situation(NOWHERE, because="which is neither sent by the server nor a trust anchor")
def another_root_at_the_default_place(lab):
    """Then even `require` verifies."""
    lab.serve_well()
    lab.root_file = None
    lab.write_home("root.crt", stranger(lab.root))


@roots.situation(NOWHERE)
def a_directory(lab):
    lab.serve_well()
    lab.root_file = lab.write("roots/some name", lab.root.pem).parent


@roots.situation(NOWHERE)
def a_directory_with_hashes_and_dangling_links(lab):
    """Every distribution's directory has them: a removed package leaves links behind."""
    lab.serve_well()
    lab.root_file = lab.write("roots/root.pem", lab.root.pem).parent
    openssl("rehash", lab.root_file)
    for number in range(9):
        (lab.root_file / f"link-{number}").symlink_to("/nonexistent")


# Words that the proxy knows


@roots.situation({REQUIRE}, because="system")
def system(lab):
    lab.serve_well()
    lab.variables["SSL_CERT_FILE"] = str(lab.root_file)
    lab.root_file = "system"


@roots.situation({REQUIRE}, because="sslrootcert=azure")
def azure(lab):
    lab.serve_well()
    lab.root_file = "azure"


@roots.situation({REQUIRE}, because="sslrootcert=baltimore")
def baltimore(lab):
    lab.serve_well()
    lab.root_file = "baltimore"


@weak_modes.situation(set(weak_modes.modes), because="is refused: it lets a connection go out in clear")
def prefer(lab):
    lab.serve_well()
