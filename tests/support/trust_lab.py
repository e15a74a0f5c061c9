"""A situation of trust: a server, what a client is told about it, and in which modes libpq lets the client in."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from support.trust_server import answer_queries


class Mode(NamedTuple):
    sslmode: str
    has_root: bool

    def __str__(self):
        return self.sslmode if self.has_root else f"{self.sslmode} without a root file"


WITH_ROOT = tuple(Mode(sslmode, True) for sslmode in ("verify-full", "verify-ca", "require"))
VERIFY_FULL, VERIFY_CA, REQUIRE = WITH_ROOT

UNVERIFIED = Mode("require", False)
"""The one mode in which anybody's certificate will do."""

MODES = (*WITH_ROOT, UNVERIFIED)

EVERYWHERE = frozenset(MODES)
BUT_VERIFY_FULL = EVERYWHERE - {VERIFY_FULL}
ONLY_UNVERIFIED = frozenset({UNVERIFIED})
NOWHERE = frozenset()


@dataclass(frozen=True)
class Situation:
    name: str
    accepted: frozenset
    """The modes in which libpq lets the client in."""
    arrange: Callable[["Lab"], None]
    because: str = ""
    """A pattern for the proxy's words wherever it refuses what can be verified at all."""
    modes: tuple = MODES


class Chapter:
    """Situations that belong together. `modes` are those that mean something in them."""

    def __init__(self, title, modes=MODES):
        self._title = title
        self.modes = tuple(modes)
        self.situations = []

    def situation(self, accepted, because=""):
        """Declares a function that arranges a lab; its name is the situation's."""

        def declare(arrange):
            self.add(arrange.__name__.replace("_", " "), accepted, arrange, because)
            return arrange

        return declare

    def add(self, name, accepted, arrange, because=""):
        accepted = frozenset(self.modes) & accepted
        self.situations.append(Situation(f"{self._title}: {name}", accepted, arrange, because, self.modes))


class Lab:
    """Where a situation is arranged. As it comes, all is well but that nobody serves."""

    def __init__(self, folder, root):
        self._folder = folder
        self.root = root
        self.root_file = self.write("root.crt", root.pem)
        self.context = None
        self.script = answer_queries
        self.settings = {"host": "localhost", "hostaddr": "127.0.0.1", "connect_timeout": 10}
        self.variables = {}
        self.home = folder / "home"

    def write(self, name, *contents, mode=0o600):
        """A file with the contents one after the other."""
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"".join(contents))
        path.chmod(mode)
        return path

    def write_home(self, name, *contents):
        """A file where libpq looks unless it is told otherwise."""
        return self.write(f"home/.postgresql/{name}", *contents)

    def trust(self, *identities):
        """The root file holds these and nothing else."""
        self.root_file = self.write("root.crt", *(identity.pem for identity in identities))

    def serve(self, *chain):
        """A server that shows `chain`, its own certificate first."""
        self.context = self.make_context(*chain)
        return self.context

    def make_context(self, *chain):
        """Without OpenSSL's minimum of security, so that the client is the one who refuses weak keys."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        if chain:
            name = f"server-{chain[0].certificate.serial_number}"
            certificates = self.write(f"{name}.crt", *(identity.pem for identity in chain))
            context.load_cert_chain(certificates, self.write(f"{name}.key", chain[0].key_pem))
        return context

    def serve_well(self):
        """A server without fault."""
        return self.serve(self.root.issue())

    def configure_openssl(self, settings):
        """OpenSSL's own configuration for whoever connects; both sides read it."""
        text = f"openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\n{settings}\n"
        self.variables["OPENSSL_CONF"] = self.write("openssl.cnf", text.encode())
