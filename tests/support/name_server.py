"""A name server for one loopback address, for programs that can be told no other port than 53."""

import socket
import struct
import threading

TYPE_A = 1
SERVER_FAILURE = 2
NAME_ERROR = 3


class NameServer:
    """Answers questions for IPv4 addresses from `hosts`; what is not there does not exist.

    The value of a host is an address, a list of them, or one of the ways to have none: `SERVER_FAILURE`, or `SILENCE`.
    It may be changed at any time.
    """

    SILENCE = object()

    def __init__(self, hosts, address="127.0.0.99"):
        self.hosts = hosts
        self.address = address
        self._asked = []
        self._lock = threading.Lock()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def __enter__(self):
        self._socket.bind((self.address, 53))
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._socket.sendto(b"", (self.address, 53))  # the end
        self._thread.join()
        self._socket.close()

    def count(self, host):
        """How often the addresses of `host` were asked for."""
        with self._lock:
            return self._asked.count(host)

    def _serve(self):
        while True:
            packet, client = self._socket.recvfrom(512)
            if not packet:
                return
            if answer := self._answer(packet):
                self._socket.sendto(answer, client)

    def _answer(self, packet):
        """RFC 1035, 4.1: header, the question again, and for a known name its A records."""
        labels, end = [], 12
        while length := packet[end]:
            labels.append(packet[end + 1 : end + 1 + length].decode())
            end += 1 + length
        question = packet[12 : end + 5]
        name = ".".join(labels).lower()
        [kind] = struct.unpack("!H", question[-4:-2])
        known = self.hosts.get(name)
        if kind == TYPE_A:
            with self._lock:
                self._asked.append(name)
        if known is self.SILENCE:
            return None
        if known == SERVER_FAILURE:
            return self._reply(packet, question, SERVER_FAILURE, [])
        addresses = [known] if isinstance(known, str) else known or []
        return self._reply(packet, question, 0 if known else NAME_ERROR, addresses if kind == TYPE_A else [])

    def _reply(self, packet, question, code, addresses):
        records = b"".join(
            struct.pack("!HHHIH", 0xC00C, TYPE_A, 1, 60, 4) + socket.inet_aton(address) for address in addresses
        )
        return packet[:2] + struct.pack("!HHHHH", 0x8180 | code, 1, len(addresses), 0, 0) + question + records
