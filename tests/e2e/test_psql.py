"""psql as a user types it: no option is set for the proxy's sake."""

import re

from support.postgres import psql

OWN_TLS = "SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()"


def test_default_settings_reach_a_server_that_takes_tls_only(client_environment):
    """libpq asks for TLS first (`sslmode=prefer`), is told 'N', and goes on; the server sees TLS all the same."""
    result = psql(client_environment, "--command", OWN_TLS)
    assert result.stdout == "t|TLSv1.3\n", result.stderr


def test_sslmode_disable_works_too(client_environment):
    """Then libpq refuses an offer of SCRAM-SHA-256-PLUS outright: the proxy must have taken it out."""
    result = psql(client_environment | {"PGSSLMODE": "disable"}, "--command", OWN_TLS)
    assert result.stdout == "t|TLSv1.3\n", result.stderr


def test_an_app_that_insists_on_tls_is_told_that_there_is_none(client_environment):
    result = psql(client_environment | {"PGSSLMODE": "require"}, "--command", "SELECT 1")
    assert result.returncode == 2
    assert "server does not support SSL, but SSL was required" in result.stderr


def test_an_app_that_insists_on_channel_binding_is_refused_by_its_own_libpq(client_environment):
    """The app's leg has no TLS channel to bind to; pretending one would be a man in the middle."""
    result = psql(client_environment | {"PGCHANNELBINDING": "require"}, "--command", "SELECT 1")
    assert result.returncode == 2
    assert "channel binding" in result.stderr


def test_a_wrong_password_is_answered_by_the_server(client_environment):
    result = psql(client_environment | {"PGPASSWORD": "wrong"}, "--command", "SELECT 1")
    assert result.returncode == 2
    assert 'password authentication failed for user "app"' in result.stderr
    assert "pg-tls-proxy" not in result.stderr


def test_an_error_keeps_its_sqlstate(client_environment):
    result = psql(client_environment, "--set", "VERBOSITY=verbose", "--command", "SELECT 1/0")
    assert result.returncode == 1
    assert re.match(r"ERROR:  22012: division by zero\nLOCATION: ", result.stderr)


def test_a_database_that_does_not_exist_is_named_by_the_server(client_environment):
    result = psql(client_environment, "--dbname", "nowhere", "--command", "SELECT 1")
    assert result.returncode == 2
    assert 'FATAL:  database "nowhere" does not exist' in result.stderr


def test_a_session_that_ends_is_one_line_of_log(proxy, client_environment):
    psql(client_environment, "--command", OWN_TLS)
    closed = proxy.closed()
    assert closed["listener"] == "main"
    assert closed["client"].startswith("127.0.0.1:")
    assert closed["tls_version"] == "TLSv1.3"
    assert closed["cipher"].startswith("TLS_")
    assert closed["bytes_to_server"] > 0 and closed["bytes_to_app"] > 0
    assert closed["duration_ms"] >= 0
    assert "error" not in closed
