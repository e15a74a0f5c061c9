"""A name server for one loopback address, for programs that can be told no other port than 53."""

import socket
import struct
import threading

TYPE_A = 1
NAME_ERROR = 3


class NameServer:
    """Answers questions for IPv4 addresses from `hosts`; what is not there does not exist."""

    address = "127.0.0.99"

    def __init__(self, hosts):
        self._hosts = hosts
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

    def _serve(self):
        while True:
            packet, client = self._socket.recvfrom(512)
            if not packet:
                return
            self._socket.sendto(self._answer(packet), client)

    def _answer(self, packet):
        """RFC 1035, 4.1: header, the question again, and for a known name one A record."""
        labels, end = [], 12
        while length := packet[end]:
            labels.append(packet[end + 1 : end + 1 + length].decode())
            end += 1 + length
        question = packet[12 : end + 5]
        address = self._hosts.get(".".join(labels).lower())
        [kind] = struct.unpack("!H", question[-4:-2])
        records = b""
        if address and kind == TYPE_A:
            records = struct.pack("!HHHIH", 0xC00C, TYPE_A, 1, 60, 4) + socket.inet_aton(address)
        flags = 0x8180 | (0 if address else NAME_ERROR)
        return packet[:2] + struct.pack("!HHHHH", flags, 1, bool(records), 0, 0) + question + records
