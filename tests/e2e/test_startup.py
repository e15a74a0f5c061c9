"""First bytes that are no startup packet, and connections that send none."""

import struct

import pytest

from support.wire import Client, startup_message

NOT_A_STARTUP_PACKET = {
    "length 0": struct.pack("!ii", 0, 3 << 16),
    "length 3": struct.pack("!ii", 3, 3 << 16),
    "length 4": struct.pack("!ii", 4, 3 << 16),
    "length 7": struct.pack("!ii", 7, 3 << 16),
    "length 10005": struct.pack("!ii", 10_005, 3 << 16),
    "negative length": struct.pack("!ii", -1, 3 << 16),
    "length 2^31-1": struct.pack("!ii", 2**31 - 1, 3 << 16),
    "protocol 2": struct.pack("!ihh", 8, 2, 0),
    "protocol 4": struct.pack("!ihh", 8, 4, 0),
    "a query": b"Q\0\0\0\x0dSELECT 1\0",
    "HTTP": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a TLS ClientHello": bytes.fromhex("160301007e0100007a0303") + bytes(120),
}


@pytest.fixture
def untouched_server(fake_behind_proxy):
    """A proxy whose server must not be dialled at all."""
    server, proxy = fake_behind_proxy(lambda dialogue: dialogue.accept_session())
    yield proxy
    assert server.dialogues == []


@pytest.mark.parametrize("packet", NOT_A_STARTUP_PACKET.values(), ids=NOT_A_STARTUP_PACKET)
def test_it_is_answered_with_a_protocol_violation(untouched_server, packet):
    with Client(untouched_server.address()) as app:
        app.send(packet)
        fields = app.read_fatal()
    assert fields["C"] == "08P01"
    closed = untouched_server.closed(reason="startup_invalid")
    assert closed["error"] in fields["M"]
    assert untouched_server.metric("client_connections_closed_total", reason="startup_invalid") == 1


@pytest.mark.parametrize(
    "packet, hint",
    [pytest.param("HTTP", "HTTP", id="HTTP"), pytest.param("a TLS ClientHello", "TLS", id="TLS")],
)
def test_a_stranger_is_told_what_he_seems_to_speak(untouched_server, packet, hint):
    with Client(untouched_server.address()) as app:
        app.send(NOT_A_STARTUP_PACKET[packet])
        assert hint in app.read_fatal()["M"]


def test_the_longest_packet_is_passed_on(fake_behind_proxy):
    """PostgreSQL's own bound: 10,000 bytes and the length word in front."""
    packet = startup_message(options="x" * (10_004 - len(startup_message(options=""))))
    assert len(packet) == 10_004
    server, proxy = fake_behind_proxy(lambda dialogue: dialogue.accept_session())
    with Client(proxy.address()) as app:
        app.send(packet)
        assert app.read_message() == (b"R", bytes(4))
    proxy.closed()
    assert server.dialogue().startup == packet


def test_a_probe_without_a_byte_is_no_event(untouched_server):
    """A TCP health check connects and leaves: the database is not dialled and the log says so at debug only."""
    with Client(untouched_server.address()):
        pass
    assert untouched_server.closed()["level"] == "debug"


def test_an_app_that_leaves_in_the_middle_of_its_packet(untouched_server):
    with Client(untouched_server.address()) as app:
        app.send(startup_message()[:-1])
    untouched_server.closed()


def test_an_app_that_never_finishes_its_packet_is_not_waited_for(fake_behind_proxy):
    server, proxy = fake_behind_proxy(
        lambda dialogue: dialogue.accept_session(), settings='[limits]\nstartup_timeout = "100ms"\n'
    )
    with Client(proxy.address()) as app:
        app.send(startup_message()[:-1])
        app.read_all()
    proxy.closed(reason="startup_timeout")
    assert server.dialogues == []
