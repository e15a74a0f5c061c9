"""Whether everything in the chain is valid today, and what becomes of it while roots are rotated."""

from support.trust_lab import EVERYWHERE, ONLY_UNVERIFIED, Chapter
from support.trust_pki import EXPIRED, NOT_YET_VALID, VALID, root

validity = Chapter("validity")


# Validity, at every depth


@validity.situation(ONLY_UNVERIFIED, because=r"the server's certificate .* expired on")
def an_expired_server(lab):
    lab.serve(lab.root.issue(valid=EXPIRED))


@validity.situation(ONLY_UNVERIFIED, because=r"the server's certificate .* is not valid before")
def a_server_that_is_not_yet_valid(lab):
    lab.serve(lab.root.issue(valid=NOT_YET_VALID))


@validity.situation(ONLY_UNVERIFIED, because=r"the CA certificate \"intermediate\" expired on")
def an_expired_intermediate(lab):
    intermediate = lab.root.issue_ca(valid=EXPIRED)
    lab.serve(intermediate.issue(), intermediate)


@validity.situation(ONLY_UNVERIFIED, because=r"the CA certificate \"intermediate\" is not valid before")
def an_intermediate_that_is_not_yet_valid(lab):
    intermediate = lab.root.issue_ca(valid=NOT_YET_VALID)
    lab.serve(intermediate.issue(), intermediate)


@validity.situation(ONLY_UNVERIFIED, because=r"the trust anchor \"old root\" expired on")
def an_expired_root(lab):
    expired = root(name="old root", valid=EXPIRED)
    lab.trust(expired)
    lab.serve(expired.issue())


@validity.situation(ONLY_UNVERIFIED, because=r"the trust anchor \"new root\" is not valid before")
def a_root_that_is_not_yet_valid(lab):
    future = root(name="new root", valid=NOT_YET_VALID)
    lab.trust(future)
    lab.serve(future.issue())


# Renewal: one name and key, and more than one certificate


@validity.situation(EVERYWHERE)
def an_expired_intermediate_beside_its_renewal(lab):
    renewed = lab.root.issue_ca()
    lab.serve(renewed.issue(), lab.root.issue_ca(key=renewed.key, valid=EXPIRED), renewed)


@validity.situation(EVERYWHERE)
def two_roots_of_one_name_and_key_of_which_one_has_expired(lab):
    lab.trust(root(key=lab.root.key, valid=EXPIRED), lab.root)
    lab.serve(lab.root.issue())


# Rotation: a new root, signed by an old one as well


def arrange_rotation(lab, trusts_old=True, trusts_new=True, old=VALID, new=VALID):
    """A server below the new root, which sends the new root as the old one has signed it."""
    old_root, new_root = root(name="old root", valid=old), root(name="new root", valid=new)
    lab.trust(*[old_root] * trusts_old, *[new_root] * trusts_new)
    lab.serve(new_root.issue(), old_root.issue_ca(name="new root", key=new_root.key))


@validity.situation(EVERYWHERE)
def a_cross_signed_root_and_only_the_old_one_is_trusted(lab):
    arrange_rotation(lab, trusts_new=False)


@validity.situation(EVERYWHERE)
def a_cross_signed_root_and_only_the_new_one_is_trusted(lab):
    arrange_rotation(lab, trusts_old=False)


@validity.situation(EVERYWHERE)
def a_cross_signed_root_and_the_old_one_has_expired(lab):
    arrange_rotation(lab, old=EXPIRED)


@validity.situation(ONLY_UNVERIFIED, because=r"the trust anchor \"old root\" expired on")
def a_cross_signed_root_and_the_old_one_alone_is_trusted_but_has_expired(lab):
    arrange_rotation(lab, trusts_new=False, old=EXPIRED)


@validity.situation(ONLY_UNVERIFIED, because=r"the trust anchor \"new root\" expired on")
def a_cross_signed_root_and_the_new_one_has_expired(lab):
    """OpenSSL looks among the trusted first, and does not come back to what was sent."""
    arrange_rotation(lab, new=EXPIRED)
