"""Whether what the server sends leads to a root that the client trusts."""

from cryptography import x509

from support.trust_lab import EVERYWHERE, ONLY_UNVERIFIED, Chapter
from support.trust_pki import alternatives, key_identifiers, make_key, root, self_signed

chains = Chapter("chains")


# What the server sends


@chains.situation(EVERYWHERE)
def an_intermediate(lab):
    intermediate = lab.root.issue_ca()
    lab.serve(intermediate.issue(), intermediate)


@chains.situation(EVERYWHERE)
def five_intermediates(lab):
    chain = [lab.root.issue_ca(name="1")]
    for name in "2345":
        chain.insert(0, chain[0].issue_ca(name=name))
    lab.serve(chain[0].issue(), *chain)


@chains.situation(ONLY_UNVERIFIED, because=r"was issued by \"CN=intermediate\", which is neither sent")
def a_missing_intermediate(lab):
    lab.serve(lab.root.issue_ca().issue())


@chains.situation(ONLY_UNVERIFIED, because=r"was issued by \"CN=1\", which is neither sent")
def a_missing_intermediate_further_up(lab):
    intermediate = lab.root.issue_ca(name="1").issue_ca(name="2")
    lab.serve(intermediate.issue(), intermediate)


@chains.situation(EVERYWHERE)
def a_missing_intermediate_that_the_root_file_has(lab):
    intermediate = lab.root.issue_ca()
    lab.trust(lab.root, intermediate)
    lab.serve(intermediate.issue())


@chains.situation(EVERYWHERE)
def intermediates_in_the_wrong_order(lab):
    upper = lab.root.issue_ca(name="upper")
    lower = upper.issue_ca(name="lower")
    lab.serve(lower.issue(), upper, lower)


@chains.situation(EVERYWHERE)
def certificates_that_do_not_belong(lab):
    lab.serve(lab.root.issue(), root(name="stranger"), lab.root.issue_ca())


@chains.situation(EVERYWHERE)
def the_root_sent_along(lab):
    lab.serve(lab.root.issue(), lab.root)


# Whom the client trusts


@chains.situation(ONLY_UNVERIFIED, because=r"was issued by \"CN=stranger\", which is neither sent")
def an_unknown_root(lab):
    lab.serve(root(name="stranger").issue())


@chains.situation(ONLY_UNVERIFIED, because=r"\"stranger\" is self-signed and not a trust anchor")
def an_unknown_root_sent_along(lab):
    stranger = root(name="stranger")
    lab.serve(stranger.issue(), stranger)


@chains.situation(ONLY_UNVERIFIED, because="signature")
def an_impostor_of_the_root(lab):
    """It has the root's name, but another key."""
    lab.serve(root().issue())


@chains.situation(ONLY_UNVERIFIED, because="signature")
def an_impostor_of_the_root_sent_along(lab):
    impostor = root()
    lab.serve(impostor.issue(), impostor)


@chains.situation(ONLY_UNVERIFIED, because="is self-signed and not a trust anchor")
def a_self_signed_server(lab):
    lab.serve(self_signed(*alternatives("localhost")))


@chains.situation(EVERYWHERE)
def a_self_signed_server_in_the_root_file(lab):
    server = self_signed(*alternatives("localhost"))
    lab.trust(server)
    lab.serve(server)


@chains.situation(EVERYWHERE)
def a_self_signed_server_in_the_root_file_that_is_no_ca(lab):
    server = self_signed(x509.BasicConstraints(ca=False, path_length=None), *alternatives("localhost"))
    lab.trust(server)
    lab.serve(server)


@chains.situation(ONLY_UNVERIFIED, because="which is neither sent")
def the_server_in_the_root_file_without_its_root(lab):
    server = lab.root.issue()
    lab.trust(server)
    lab.serve(server)


@chains.situation(ONLY_UNVERIFIED, because="which is neither sent")
def the_intermediate_in_the_root_file_without_its_root(lab):
    """OpenSSL ends a chain at nothing but a self-signed certificate."""
    intermediate = lab.root.issue_ca()
    lab.trust(intermediate)
    lab.serve(intermediate.issue(), intermediate)


@chains.situation(ONLY_UNVERIFIED, because="signature")
def two_roots_of_one_name_the_wrong_one_first(lab):
    """Without key identifiers OpenSSL takes the first."""
    lab.trust(root(), lab.root)
    lab.serve_well()


@chains.situation(EVERYWHERE)
def two_roots_of_one_name_the_right_one_first(lab):
    lab.trust(lab.root, root())
    lab.serve_well()


@chains.situation(EVERYWHERE)
def two_roots_of_one_name_told_apart_by_key_identifiers(lab):
    wrong_key, right_key = make_key(), make_key()
    wrong, right = (root(key_identifiers(key)[0], key=key) for key in (wrong_key, right_key))
    lab.trust(wrong, right)
    lab.serve(right.issue(key_identifiers(right_key)[1]))
