"""A bulk COPY each way: not a byte may be lost, doubled or changed."""

import hashlib
import os
import random
import subprocess

import pytest

from support.postgres import PSQL

MEGABYTES = int(os.environ.get("COPY_MEGABYTES", "200"))
CHUNK = 1 << 20
COLUMN_WIDTH = 1023


@pytest.fixture
def copy(client_environment):
    """Start psql in the middle of a COPY, with pipes to and from it."""

    def start(command, **pipes):
        return subprocess.Popen(
            [PSQL, "--no-psqlrc", "--quiet", "--command", command], env=client_environment, **pipes
        )

    return start


def rows():
    """MEGABYTES of rows that do not repeat: 1023 hexadecimal digits and a newline each."""
    source = random.Random(1)
    for _ in range(MEGABYTES):
        digits = source.randbytes(CHUNK // 2).hex().encode()
        yield b"".join(digits[i : i + COLUMN_WIDTH] + b"\n" for i in range(0, CHUNK, COLUMN_WIDTH + 1))


def test_what_goes_in_comes_out(copy):
    """COPY in through the proxy, have the server sum it up, COPY out through the proxy; three checksums agree."""
    copy("DROP TABLE IF EXISTS bulk; CREATE UNLOGGED TABLE bulk (line text)").wait(60)
    try:
        sent = hashlib.sha256()
        writer = copy("COPY bulk FROM STDIN", stdin=subprocess.PIPE)
        for chunk in rows():
            sent.update(chunk)
            writer.stdin.write(chunk)
        writer.stdin.close()
        assert writer.wait(100) == 0

        received, count = hashlib.sha256(), 0
        reader = copy("COPY bulk TO STDOUT", stdout=subprocess.PIPE)
        while chunk := reader.stdout.read(CHUNK):
            received.update(chunk)
            count += len(chunk)
        assert reader.wait(100) == 0

        assert count == MEGABYTES * CHUNK
        assert received.hexdigest() == sent.hexdigest()
    finally:
        copy("DROP TABLE bulk").wait(60)


def test_bytes_are_counted(proxy, copy):
    """What the log and the metrics say has passed covers what passed, and they say the same."""
    command = "COPY (SELECT repeat('x', 1023) FROM generate_series(1, 1024)) TO STDOUT"
    copy(command, stdout=subprocess.DEVNULL).wait(60)
    closed = proxy.closed()
    assert CHUNK < closed["bytes_to_app"] < CHUNK + CHUNK // 50
    assert proxy.metric("bytes_total", listener="main", direction="to_app") == closed["bytes_to_app"]
    assert proxy.metric("bytes_total", listener="main", direction="to_server") == closed["bytes_to_server"]
