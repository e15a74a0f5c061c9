"""psycopg2, the driver of many an old Python application."""

import select

import psycopg2
import pytest

from support.postgres import psql
from support.process import DEADLINE


@pytest.fixture
def connection(connect):
    return connect()


def test_a_transaction_is_kept_and_a_rollback_is_not(connection):
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE kept (n int)")
        cursor.executemany("INSERT INTO kept VALUES (%s)", [(n,) for n in range(100)])
        connection.commit()
        cursor.execute("DELETE FROM kept")
        connection.rollback()
        cursor.execute("SELECT sum(n) FROM kept")
        assert cursor.fetchone() == (4950,)


def test_a_cursor_on_the_server_is_read_in_pieces(connection):
    with connection.cursor("pieces") as cursor:
        cursor.itersize = 7
        cursor.execute("SELECT generate_series(1, 1000)")
        assert sum(row[0] for row in cursor) == 500500


def test_an_error_keeps_sqlstate_and_detail(connection):
    with connection.cursor() as cursor, pytest.raises(psycopg2.errors.UniqueViolation) as caught:
        cursor.execute("CREATE TEMPORARY TABLE once (n int PRIMARY KEY)")
        cursor.execute("INSERT INTO once VALUES (1), (1)")
    assert caught.value.pgcode == "23505"
    assert caught.value.diag.message_detail == "Key (n)=(1) already exists."


def test_notices_arrive(connection):
    with connection.cursor() as cursor:
        cursor.execute("DO $$ BEGIN RAISE NOTICE 'seen through the proxy'; END $$")
    assert connection.notices == ["NOTICE:  seen through the proxy\n"]


def test_listen_and_notify(connection):
    """A notification comes when the server likes, not as an answer: nothing may hold it back."""
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("LISTEN news")
        cursor.execute("SELECT pg_notify('news', repeat('x', 7999))")
        while not connection.notifies:
            assert select.select([connection], [], [], DEADLINE)[0], "the notification never came"
            connection.poll()
    assert [(n.channel, len(n.payload)) for n in connection.notifies] == [("news", 7999)]


def test_a_notification_between_sessions(connection, client_environment):
    """The listener is idle in select() while another session notifies."""
    connection.autocommit = True
    connection.cursor().execute("LISTEN news")
    assert psql(client_environment, "--command", "NOTIFY news, 'from psql'").returncode == 0
    assert select.select([connection], [], [], DEADLINE)[0], "the notification never came"
    connection.poll()
    assert [n.payload for n in connection.notifies] == ["from psql"]


def test_a_parameter_of_the_startup_message_reaches_the_server(connect):
    with connect(application_name="an app", options="-c search_path=elsewhere").cursor() as cursor:
        cursor.execute("SELECT current_setting('application_name'), current_setting('search_path')")
        assert cursor.fetchone() == ("an app", "elsewhere")
