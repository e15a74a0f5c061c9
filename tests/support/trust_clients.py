"""Certificates of the client, for servers that ask for one."""

import ssl

from cryptography.hazmat.primitives.asymmetric import rsa

from support.trust_lab import EVERYWHERE, NOWHERE, Chapter
from support.trust_pki import EXPIRED, root

REFUSED_BY_SERVER = "certificate required|unknown ca|certificate expired|handshake failure"

clients = Chapter("client certificates")


def demand(lab):
    """A server that demands a certificate; returns one that it takes."""
    context = lab.serve_well()
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=lab.root.pem.decode())
    return lab.root.issue(name="app", names=[])


def present(lab, *chain, key=None, mode=0o600, **settings):
    """Give the client the chain, and a key: `key`, or the one that belongs to it."""
    certificate = lab.write("client.crt", *(identity.pem for identity in chain))
    key_file = lab.write("client.key", key or chain[0].key_pem, mode=mode)
    lab.settings |= {"sslcert": certificate, "sslkey": key_file, **settings}
    return key_file


# The certificate


@clients.situation(EVERYWHERE)
def a_certificate(lab):
    present(lab, demand(lab))


@clients.situation(NOWHERE, because=REFUSED_BY_SERVER)
def none_where_one_is_demanded(lab):
    demand(lab)


@clients.situation(EVERYWHERE)
def none_where_one_is_asked_for(lab):
    demand(lab)
    lab.context.verify_mode = ssl.CERT_OPTIONAL


@clients.situation(EVERYWHERE)
def one_where_none_is_asked_for(lab):
    lab.serve_well()
    present(lab, lab.root.issue(name="app"))


@clients.situation(EVERYWHERE)
def a_certificate_over_tls_1_2(lab):
    present(lab, demand(lab))
    lab.context.maximum_version = ssl.TLSVersion.TLSv1_2


@clients.situation(NOWHERE, because=REFUSED_BY_SERVER)
def none_where_one_is_demanded_over_tls_1_2(lab):
    demand(lab)
    lab.context.maximum_version = ssl.TLSVersion.TLSv1_2


@clients.situation(EVERYWHERE)
def a_certificate_with_its_intermediate(lab):
    demand(lab)
    intermediate = lab.root.issue_ca()
    present(lab, intermediate.issue(name="app"), intermediate)


@clients.situation(NOWHERE, because=REFUSED_BY_SERVER)
def a_certificate_without_its_intermediate(lab):
    demand(lab)
    present(lab, lab.root.issue_ca().issue(name="app"))


@clients.situation(NOWHERE, because=REFUSED_BY_SERVER)
def a_certificate_that_the_server_does_not_trust(lab):
    demand(lab)
    present(lab, root(name="stranger").issue(name="app"))


@clients.situation(NOWHERE, because=REFUSED_BY_SERVER)
def an_expired_certificate(lab):
    demand(lab)
    present(lab, lab.root.issue(name="app", valid=EXPIRED))


@clients.situation(NOWHERE, because="client.crt: cannot load sslcert.*too small")
def a_weak_certificate(lab):
    demand(lab)
    present(lab, lab.root.issue(name="app", key=rsa.generate_private_key(65537, 1024)))


@clients.situation(NOWHERE, because="client.crt: cannot load sslcert")
def garbage_as_a_certificate(lab):
    present(lab, demand(lab))
    lab.write("client.crt", b"no certificate\n")


@clients.situation(NOWHERE, because="client.crt: cannot load sslcert")
def a_certificate_in_der(lab):
    client = demand(lab)
    present(lab, client)
    lab.write("client.crt", client.der)


@clients.situation(EVERYWHERE, because="client.crt: cannot load sslcert")
def a_missing_certificate(lab):
    present(lab, demand(lab)).with_name("client.crt").unlink()
    lab.context.verify_mode = ssl.CERT_OPTIONAL


@clients.situation(EVERYWHERE)
def certificate_and_key_in_one_file(lab):
    client = demand(lab)
    lab.settings["sslcert"] = lab.settings["sslkey"] = lab.write("client.pem", client.pem, client.key_pem)


@clients.situation(EVERYWHERE)
def certificate_and_key_at_the_default_place(lab):
    client = demand(lab)
    lab.write_home("postgresql.crt", client.pem)
    lab.write_home("postgresql.key", client.key_pem)


@clients.situation(NOWHERE, because="postgresql.key")
def a_certificate_at_the_default_place_without_a_key(lab):
    lab.write_home("postgresql.crt", demand(lab).pem)
