"""Direct TLS, `sslnegotiation=direct`: no SSLRequest, and ALPN instead. libpq 18, which has it, is the oracle."""

import socket
import ssl

import pytest

from support.postgres import POSTGRESQL_18, psql
from support.proxy import verified_upstream
from support.wire import AUTHENTICATION_OK, READY_FOR_QUERY, Client, startup_message

LIBPQ_18 = {"LD_LIBRARY_PATH": str(POSTGRESQL_18.parent / "lib")}

SQL = "SELECT 'let in'"
ANSWER = "let in\n"


@pytest.fixture
def ask_both(start_proxy):
    """What psql with libpq 18 and what psql through the proxy gets from a server, with the same settings."""

    def ask(cluster, root, variables={}, **settings):
        upstream = verified_upstream(cluster.port, root, **{"sslmode": "verify-full", **settings})
        login = cluster.login.environment(("", ""))
        by_libpq = psql({**login, **LIBPQ_18, **variables}, upstream, "--command", SQL)
        proxy = start_proxy(upstream, variables=variables)
        by_proxy = psql(cluster.login.environment(proxy.address()), "--command", SQL)
        return by_libpq, by_proxy

    return ask


def check_accepted(*results):
    for result in results:
        assert (result.returncode, result.stdout) == (0, ANSWER), result.stderr


def check_refused(*results):
    for result in results:
        assert result.returncode == 2 and "timeout" not in result.stderr, result.stderr


# PostgreSQL 18


@pytest.mark.parametrize("sslmode", ["verify-full", "verify-ca", "require"])
def test_a_good_server(ask_both, postgres_18, certificates, sslmode):
    check_accepted(*ask_both(postgres_18, certificates.root, sslnegotiation="direct", sslmode=sslmode))


def test_the_wrong_host(ask_both, postgres_18, certificates):
    libpq, proxy = ask_both(postgres_18, certificates.root, sslnegotiation="direct", host="db.example.com")
    check_refused(libpq, proxy)
    assert 'is not for host "db.example.com"' in proxy.stderr


def test_an_unknown_root(ask_both, postgres_18, certificates):
    libpq, proxy = ask_both(postgres_18, certificates.unknown_root.cert, sslnegotiation="direct")
    check_refused(libpq, proxy)
    assert "which is neither sent by the server nor a trust anchor" in proxy.stderr


def test_the_server_demands_alpn(postgres_18):
    """Whoever gets through directly has offered it."""
    with socket.create_connection(("127.0.0.1", postgres_18.port)) as connection:
        with ssl._create_unverified_context().wrap_socket(connection) as tls:
            assert tls.recv(1) == b""
    postgres_18.wait_for_log("received direct SSL connection request without ALPN")


@pytest.mark.parametrize("sslnegotiation", ["postgres", "direct"])
def test_a_group_that_only_modern_servers_have(ask_both, postgres_18, certificates, sslnegotiation):
    """The server's `ssl_groups` may name any group that OpenSSL offers by default."""
    configure(postgres_18, certificates, "ALTER SYSTEM SET ssl_groups = 'X448'", '"ssl_groups" changed to "X448"')
    try:
        check_accepted(*ask_both(postgres_18, certificates.root, sslnegotiation=sslnegotiation))
    finally:
        configure(postgres_18, certificates, "ALTER SYSTEM RESET ssl_groups", '"ssl_groups" removed from configuration')


def configure(cluster, certificates, sql, said):
    """Change a setting and wait for the server to say so; connections accepted after that have it."""
    variables = {**cluster.login.environment(("", "")), **LIBPQ_18}
    upstream = verified_upstream(cluster.port, certificates.root)
    result = psql(variables, upstream, "--command", sql, "--command", "SELECT pg_reload_conf()")
    assert result.returncode == 0, result.stderr
    cluster.wait_for_log(said)


# `sslrootcert=system`, which libpq has since 16


def test_the_roots_of_the_system(ask_both, postgres_18, certificates):
    variables = {"SSL_CERT_FILE": str(certificates.root)}
    check_accepted(*ask_both(postgres_18, "system", variables))


def test_the_roots_of_the_system_do_not_include_ours(ask_both, postgres_18, certificates):
    variables = {"SSL_CERT_FILE": str(certificates.unknown_root.cert), "SSL_CERT_DIR": "/nonexistent"}
    check_refused(*ask_both(postgres_18, "system", variables))


# Servers without ALPN


def serve_directly(dialogue):
    dialogue.handshake()
    dialogue.startup = dialogue.read_packet()
    dialogue.write(AUTHENTICATION_OK + READY_FOR_QUERY)


def direct_context(certificate, *protocols):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.cert, certificate.key)
    if protocols:
        context.set_alpn_protocols(protocols)
    return context


def test_nothing_goes_in_clear_and_alpn_is_offered(fake_behind_proxy, certificates):
    context = direct_context(certificates.good, "h2", "postgresql")
    server, proxy = fake_behind_proxy(serve_directly, context=context, sslnegotiation="direct")
    with Client(proxy.address()) as app:
        app.send(startup_message())
        assert app.read_message() == (b"R", bytes(4))
    dialogue = server.dialogue()
    assert dialogue.tls.selected_alpn_protocol() == "postgresql"
    assert dialogue.startup == startup_message()
    proxy.closed()
    assert dialogue.in_clear() == b""


@pytest.mark.parametrize("protocols", [(), ("h2",)], ids=["no ALPN", "another protocol"])
def test_a_server_that_does_not_choose_postgresql(fake_behind_proxy, certificates, protocols):
    """It may be no PostgreSQL server at all (ALPACA): no StartupMessage for it."""
    context = direct_context(certificates.good, *protocols)
    server, proxy = fake_behind_proxy(serve_directly, context=context, sslnegotiation="direct")
    settings = {"sslmode": "verify-full", "sslnegotiation": "direct"}
    oracle = psql(LIBPQ_18, verified_upstream(server.port, certificates.root, **settings), "--command", SQL)
    check_refused(oracle)
    assert "ALPN" in oracle.stderr
    with Client(proxy.address()) as app:
        app.send(startup_message())
        fields = app.read_fatal()
    assert 'without the ALPN protocol "postgresql"' in fields["M"]
    assert "sslnegotiation=postgres" in fields["H"]
    assert [server.dialogue(number).startup for number in range(2)] == [b"", b""]
