"""A raw PostgreSQL client over plaintext: the bytes, and nothing that a library would decide for us.

Messages: https://www.postgresql.org/docs/current/protocol-message-formats.html
"""

import socket
import struct

from support.process import DEADLINE

SSL_REQUEST = struct.pack("!ihh", 8, 1234, 5679)
GSSENC_REQUEST = struct.pack("!ihh", 8, 1234, 5680)

AUTHENTICATION_OK = struct.pack("!cii", b"R", 8, 0)
READY_FOR_QUERY = b"Z\x00\x00\x00\x05I"


def message(tag, body=b""):
    return tag + struct.pack("!i", len(body) + 4) + body


def startup_message(user="app", database="postgres", minor=0, **parameters):
    pairs = {"user": user, "database": database, **parameters}
    body = b"".join(f"{name}\0{value}\0".encode() for name, value in pairs.items()) + b"\0"
    return struct.pack("!ihh", len(body) + 8, 3, minor) + body


def cancel_request(process_id, key):
    return struct.pack("!ihhi", 12 + len(key), 1234, 5678, process_id) + key


def authentication_sasl(*mechanisms):
    body = b"".join(name.encode() + b"\0" for name in mechanisms) + b"\0"
    return message(b"R", struct.pack("!i", 10) + body)


def error_response(severity="FATAL", sqlstate="57P01", text="bye"):
    fields = {"S": severity, "V": severity, "C": sqlstate, "M": text}
    return message(b"E", b"".join(f"{tag}{value}\0".encode() for tag, value in fields.items()) + b"\0")


def query(text):
    return message(b"Q", text.encode() + b"\0")


def parse_error(body):
    """The fields of an ErrorResponse by their one-letter tags."""
    fields = body.rstrip(b"\0").split(b"\0")
    return {field[:1].decode(): field[1:].decode() for field in fields}


def split(data):
    """Whole messages in `data` as (tag, body) pairs, and the bytes behind the last one."""
    messages, begin = [], 0
    while len(data) >= begin + 5:
        end = begin + 1 + struct.unpack_from("!i", data, begin + 1)[0]
        if len(data) < end:
            break
        messages.append((data[begin : begin + 1], data[begin + 5 : end]))
        begin = end
    return messages, data[begin:]


class Client:
    """A connection to `address`: a (host, port) pair, or the path of a Unix socket."""

    def __init__(self, address):
        if isinstance(address, tuple):
            self.socket = socket.create_connection(address, DEADLINE)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        else:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(DEADLINE)
            self.socket.connect(str(address))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def end_sending(self):
        self.socket.shutdown(socket.SHUT_WR)

    def reset(self):
        """Leave without a word, as a program does that is killed with bytes unread."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def read(self, count):
        """Exactly `count` bytes, fewer only at the end of the stream."""
        data = bytearray()
        while len(data) < count and (more := self.socket.recv(count - len(data))):
            data += more
        return bytes(data)

    def read_all(self):
        """All there is until the other side ends the stream."""
        data = bytearray()
        while more := self.socket.recv(1 << 20):
            data += more
        return bytes(data)

    def read_message(self):
        header = self.read(5)
        assert len(header) == 5, f"the stream ended where a message was due: {header}"
        return header[:1], self.read(struct.unpack("!i", header[1:])[0] - 4)

    def read_until(self, tag):
        """The messages up to and with the first `tag`."""
        messages = [self.read_message()]
        while messages[-1][0] != tag:
            messages.append(self.read_message())
        return messages

    def read_fatal(self):
        """The fields of the ErrorResponse that must be all that is left, the end of the stream behind it."""
        messages, rest = split(self.read_all())
        assert [tag for tag, _ in messages] == [b"E"] and not rest, (messages, rest)
        fields = parse_error(messages[0][1])
        assert fields["S"] == fields["V"] == "FATAL", fields
        return fields
