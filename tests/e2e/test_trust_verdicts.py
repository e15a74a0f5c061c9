"""The proxy lets an app in to exactly the servers that libpq would let it in to, with the same settings.

Each situation runs psql twice in every mode: by itself, and through the proxy. libpq is the oracle; where the proxy
means to differ, the table says why.
"""

import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import pytest

from support.fake_server import FakeServer
from support.trust_chains import chains
from support.trust_client_keys import client_keys
from support.trust_clients import clients
from support.trust_constraints import constraints
from support.trust_crl_places import places
from support.trust_crls import crls
from support.trust_keys import keys
from support.trust_lab import BUT_VERIFY_FULL, EVERYWHERE, NOWHERE, ONLY_UNVERIFIED, VERIFY_FULL, Lab
from support.trust_names import names
from support.trust_pki import root
from support.trust_protocol import protocol
from support.trust_roots import roots, weak_modes
from support.trust_validity import validity
from support.trust_verdicts import ask_libpq, ask_proxy

CHAPTERS = [
    *(names, chains, validity, constraints, keys, crls, places),
    *(protocol, clients, client_keys, roots, weak_modes),
]
SITUATIONS = [situation for chapter in CHAPTERS for situation in chapter.situations]


class Difference(NamedTuple):
    accepted: frozenset
    """The modes in which the proxy lets the app in."""
    reason: str


NO_LIST = "a list that was asked for and cannot be loaded would revoke nobody"
OWN_GROUPS = "P-256 first saves a round trip with PostgreSQL, and OpenSSL's list cannot be reordered"
NO_ROOT = "a root that was asked for and cannot be loaded would verify nobody"

DIFFERENCES = {
    "names: wildcard for an empty label": Difference(BUT_VERIFY_FULL, "a host name has no empty label"),
    "revocation lists: a missing file": Difference(ONLY_UNVERIFIED, NO_LIST),
    "revocation lists: a missing file beside a directory": Difference(ONLY_UNVERIFIED, NO_LIST),
    "revocation lists: an empty file": Difference(ONLY_UNVERIFIED, NO_LIST),
    "revocation lists: a file of garbage": Difference(ONLY_UNVERIFIED, NO_LIST),
    "revocation lists: a file in der": Difference(ONLY_UNVERIFIED, NO_LIST),
    "revocation lists: a directory given as a file": Difference(ONLY_UNVERIFIED, NO_LIST),
    "revocation lists: garbage at the default place": Difference(ONLY_UNVERIFIED, NO_LIST),
    "protocol: TLS 1.0 only and any minimum is allowed": Difference(NOWHERE, "no minimum is no wish for TLS 1.0"),
    "protocol: no group in common with openssls configuration": Difference(EVERYWHERE, OWN_GROUPS),
    "protocol: sslsni is neither on nor off": Difference(NOWHERE, "libpq takes anything but 1 for off"),
    "client certificates: a missing certificate": Difference(NOWHERE, "a certificate that was asked for is missed"),
    "root file: DER": Difference(EVERYWHERE, "Azure's pages lead to a root in DER"),
    "root file: several certificates in DER": Difference(EVERYWHERE, "Azure's pages lead to a root in DER"),
    "root file: a missing file": Difference(NOWHERE, NO_ROOT),
    "root file: a directory": Difference(EVERYWHERE, "a directory of roots is what distributions have"),
    "root file: a directory with hashes and dangling links": Difference(EVERYWHERE, "as above"),
    "root file: system": Difference({VERIFY_FULL}, "as libpq has it from version 16 on"),
    "root file: azure": Difference(NOWHERE, "a word that names the roots built in, not a file"),
    "root file: baltimore": Difference(NOWHERE, "a word that names a root built in, not a file"),
    "sslmode: prefer": Difference(NOWHERE, "no connection may go out in clear"),
}


pytestmark = pytest.mark.filterwarnings("ignore:SHA1 signatures are deprecated")


@pytest.fixture(scope="module")
def trusted_root():
    return root()


@pytest.fixture(scope="module")
def workers():
    with ThreadPoolExecutor(3) as executor:
        yield executor


@pytest.fixture(scope="module")
def tally(request):
    """Counts verdicts by what became of them, and says so in the end."""
    counts = Counter()
    yield counts
    words = ", ".join(f"{count} {what}" for what, count in counts.items())
    capture = request.config.pluginmanager.get_plugin("capturemanager")
    with capture.global_and_fixture_disabled():
        request.config.pluginmanager.get_plugin("terminalreporter").write_line(f"\ntrust: {words}")


@pytest.fixture
def lab(tmp_path, trusted_root):
    return Lab(tmp_path, trusted_root)


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.name)
def test_verdict(situation, lab, workers, tally):
    situation.arrange(lab)
    server = FakeServer(lab.context, lab.script)

    def judge(mode):
        return mode, ask_libpq(lab, mode, server.port), ask_proxy(lab, mode, server.port)

    try:
        verdicts = list(workers.map(judge, situation.modes))
    finally:
        server.stop()
    words = "".join(f"\n{mode}:\n  libpq: {libpq}\n  proxy: {proxy}" for mode, libpq, proxy in verdicts)
    by_libpq = {mode for mode, libpq, _ in verdicts if libpq.accepted}
    by_proxy = {mode for mode, _, proxy in verdicts if proxy.accepted}
    difference = DIFFERENCES.get(situation.name)
    tally["situations"] += 1
    tally["verdicts as libpq's"] += len(verdicts) - len(by_libpq ^ by_proxy)
    tally["different, and the table says why" if difference else "different"] += len(by_libpq ^ by_proxy)

    assert by_libpq == situation.accepted, f"libpq does not what the situation says{words}"
    expected = difference.accepted & frozenset(situation.modes) if difference else by_libpq
    assert by_proxy == expected, f"an unexplained difference{words}"
    assert not difference or by_proxy != by_libpq, f"a difference that is none{words}"
    for mode, _, proxy in verdicts:
        if mode.has_root and not proxy.accepted:
            assert re.search(situation.because, proxy.words), proxy.words


def test_every_difference_is_one_of_a_situation():
    assert DIFFERENCES.keys() <= {situation.name for situation in SITUATIONS}
