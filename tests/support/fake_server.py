"""A PostgreSQL server that follows a script over real TLS and keeps every byte it was sent.

TLS runs over memory buffers, so that what arrived on the wire stays apart from what it decrypts to: only that can
prove that nothing but the SSLRequest came in clear.
"""

import socket
import ssl
import struct
import threading
from dataclasses import dataclass, field

from support.process import DEADLINE
from support.wire import AUTHENTICATION_OK, READY_FOR_QUERY, SSL_REQUEST

TLS_RECORD_TYPES = {20, 21, 22, 23}


def server_context(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.cert, certificate.key)
    return context


@dataclass
class Dialogue:
    """One connection, seen from the server: a script calls these in the order of the protocol."""

    socket: socket.socket
    context: ssl.SSLContext
    server: "FakeServer"
    received: bytearray = field(default_factory=bytearray)
    """Every byte as it arrived on the wire."""
    startup: bytes = b""
    """The first packet that came through TLS."""
    script_ended: threading.Event = field(default_factory=threading.Event)
    tls: ssl.SSLObject | None = None

    def receive(self):
        data = self.socket.recv(65536)
        self.received += data
        return data

    def read_ssl_request(self):
        while len(self.received) < len(SSL_REQUEST):
            assert self.receive(), "the proxy left before its SSLRequest was whole"
        assert self.received == SSL_REQUEST, bytes(self.received)

    def send_clear(self, data):
        self.socket.sendall(data)

    def handshake(self):
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = self.context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._run(self.tls.do_handshake)

    def accept_tls(self):
        """Everything up to the end of the handshake, as a good server does it."""
        self.read_ssl_request()
        self.send_clear(b"S")
        self.handshake()

    def accept_startup(self):
        """`accept_tls`, and the packet that the app sent."""
        self.accept_tls()
        self.startup = self.read_packet()

    def accept_session(self):
        """A whole login that asks for no password."""
        self.accept_startup()
        self.write(AUTHENTICATION_OK + READY_FOR_QUERY)

    def read(self, count):
        """Exactly `count` decrypted bytes, fewer only at the end of the stream."""
        data = bytearray()
        while len(data) < count and (more := self._read_some(count - len(data))):
            data += more
        return bytes(data)

    def read_packet(self):
        """A packet without a tag: its length, and all of it."""
        header = self._read_whole(4)
        return header + self._read_whole(struct.unpack("!i", header)[0] - 4)

    def read_message(self):
        tag, length = struct.unpack("!ci", self._read_whole(5))
        return tag, self._read_whole(length - 4)

    def read_all(self):
        data = bytearray()
        while more := self._read_some(65536):
            data += more
        return bytes(data)

    def write(self, data):
        """Send `data`, in TLS records as large as they come."""
        view = memoryview(data)
        while view:
            view = view[self._run(self.tls.write, view[:16384]) :]

    def write_through(self, operation):
        """What `operation` makes the `ssl.SSLObject` say."""
        self._run(operation, self.tls)

    def write_each_byte(self, data):
        """One TLS record for every byte: each boundary a reader can meet."""
        for byte in data:
            self.write(bytes((byte,)))

    def end_sending(self):
        """close_notify and FIN; what the other side still sends can be read."""
        try:
            self.tls.unwrap()
        except ssl.SSLError:
            pass  # it is sent all the same, and the other side has not ended yet, or has sent data meanwhile
        self._flush()
        self.socket.shutdown(socket.SHUT_WR)

    def close(self):
        """FIN without close_notify, which is what PostgreSQL does."""
        self.socket.close()

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def part(self):
        """Wait for the proxy to end its side of TLS, and end the other."""
        if self.tls:
            self.read_all()
            self.end_sending()

    def drain(self):
        """Keep what still comes until the proxy leaves: a byte in clear would show up here too."""
        while self.socket.fileno() != -1 and self.receive():
            pass

    def in_clear(self):
        """The bytes on the wire that are no TLS record."""
        rest = bytes(self.received)
        clear = rest[: len(SSL_REQUEST)] if rest.startswith(SSL_REQUEST[: len(rest)]) else b""
        rest = rest[len(clear) :]
        while len(rest) >= 5 and rest[0] in TLS_RECORD_TYPES and rest[1] == 3:
            rest = rest[5 + struct.unpack_from("!H", rest, 3)[0] :]
        is_header_cut_short = 0 < len(rest) < 5 and rest[0] in TLS_RECORD_TYPES
        return clear if is_header_cut_short else clear + rest

    def _read_whole(self, count):
        data = self.read(count)
        if len(data) < count:
            raise ConnectionError("the proxy left in the middle of a message")
        return data

    def _read_some(self, count):
        try:
            return self._run(self.tls.read, count)
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""

    def _run(self, operation, *arguments):
        while True:
            try:
                result = operation(*arguments)
                self._flush()
                return result
            except ssl.SSLWantReadError:
                self._flush()
                if data := self.receive():
                    self._incoming.write(data)
                else:
                    self._incoming.write_eof()
            except ssl.SSLError:
                self._flush()
                raise

    def _flush(self):
        if data := self._outgoing.read():
            self.socket.sendall(data)


class FakeServer:
    """Listens, on loopback by default, and runs `script(dialogue)` in a thread for each connection."""

    def __init__(self, context, script, address=("127.0.0.1", 0)):
        self._context = context
        self._script = script
        self._threads = []
        self._errors = []
        self._listener = socket.create_server(address)
        self.port = self._listener.getsockname()[1]
        self.dialogues = []
        self.released = threading.Event()
        """Set by a test to let a script that waits go on; set anyway when the server ends."""
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    def stop(self):
        """End, and fail if a script did, or if anything but an SSLRequest came in clear."""
        self.released.set()
        if self._acceptor.is_alive():
            self._listener.shutdown(socket.SHUT_RDWR)
            self._acceptor.join(DEADLINE)
            self._listener.close()
        for thread in self._threads:
            thread.join(DEADLINE)
            assert not thread.is_alive(), "a script of the fake server hangs"
        if self._errors:
            raise self._errors[0]
        for dialogue in self.dialogues:
            assert dialogue.in_clear() in (b"", SSL_REQUEST), dialogue.in_clear()

    def dialogue(self, number=0):
        """A connection whose script must have begun, once that script has ended."""
        dialogue = self.dialogues[number]
        assert dialogue.script_ended.wait(DEADLINE), "the script of the fake server hangs"
        return dialogue

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.settimeout(DEADLINE)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            dialogue = Dialogue(connection, self._context, self)
            self.dialogues.append(dialogue)
            self._threads.append(threading.Thread(target=self._converse, args=(dialogue,), daemon=True))
            self._threads[-1].start()

    def _converse(self, dialogue):
        with dialogue.socket:
            try:
                self._follow_script(dialogue)
                dialogue.part()
            except OSError as error:
                # That the proxy left is what a script asks for that misbehaves; what the app was told is the test.
                self._note_hang(error)
            except Exception as error:
                self._errors.append(error)
            try:
                dialogue.drain()
            except OSError as error:
                self._note_hang(error)

    def _follow_script(self, dialogue):
        try:
            self._script(dialogue)
        finally:
            dialogue.script_ended.set()

    def _note_hang(self, error):
        if isinstance(error, TimeoutError):
            self._errors.append(error)
