"""PostgreSQL 18: longer cancel keys (protocol 3.2), and TLS from the first byte."""

import signal
import struct

import pytest

from support.postgres import PSQL, psql, sleep_that_says
from support.process import Process
from support.proxy import verified_upstream
from support.scram import log_in
from support.wire import Client, cancel_request, parse_error, query, startup_message

pytestmark = pytest.mark.parametrize("sslnegotiation", ["postgres", "direct"])


@pytest.fixture
def proxy(start_proxy, postgres_18, certificates, sslnegotiation):
    return start_proxy(verified_upstream(postgres_18.port, certificates.root, sslnegotiation=sslnegotiation))


@pytest.fixture
def psql_environment(proxy, postgres_18):
    return postgres_18.login.environment(proxy.address())


def test_psql_with_default_settings(psql_environment):
    sql = "SELECT ssl, current_setting('server_version_num')::int / 10000 FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
    result = psql(psql_environment, "--command", sql)
    assert result.stdout == "t|18\n", result.stderr


def test_control_c_in_psql(psql_environment, postgres_18, sslnegotiation):
    word = f"psql sleeps, {sslnegotiation}"
    command = [PSQL, "--no-psqlrc", "--set", "VERBOSITY=sqlstate", "--command", sleep_that_says(word)]
    process = Process(command, env=psql_environment)
    postgres_18.wait_for_log(f"LOG:  {word}")
    process.send_signal(signal.SIGINT)
    assert process.wait() == 1
    assert "ERROR:  57014" in process.output


def test_a_cancel_with_the_long_key_of_protocol_3_2(proxy, postgres_18, sslnegotiation):
    """libpq 18 asks for 3.2 when told to, and gets a key of 32 bytes instead of 4."""
    word = f"3.2 sleeps, {sslnegotiation}"
    with Client(proxy.address()) as app:
        app.send(startup_message(user=postgres_18.login.user, minor=2))
        mechanisms = log_in(app, postgres_18.login.password)
        assert mechanisms == [b"SCRAM-SHA-256"]
        key_data = dict(app.read_until(b"Z"))[b"K"]
        process_id, key = struct.unpack_from("!i", key_data)[0], key_data[4:]
        assert len(key) == 32
        app.send(query(sleep_that_says(word)))
        postgres_18.wait_for_log(f"LOG:  {word}")
        with Client(proxy.address()) as canceller:
            canceller.send(cancel_request(process_id, key))
            assert canceller.read_all() == b""
        assert parse_error(app.read_until(b"E")[-1][1])["C"] == "57014"
