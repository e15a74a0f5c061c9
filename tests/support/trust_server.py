"""What the server of a situation says once TLS has let somebody in."""

import struct

from support.wire import READY_FOR_QUERY, message

ANSWER = "let in\n"
COLUMN = b"verdict\0" + struct.pack("!ihihih", 0, 0, 25, -1, -1, 0)
ROW = struct.pack("!i", len(ANSWER) - 1) + ANSWER.rstrip().encode()
RESULT = (
    message(b"T", struct.pack("!h", 1) + COLUMN)
    + message(b"D", struct.pack("!h", 1) + ROW)
    + message(b"C", b"SELECT 1\0")
    + READY_FOR_QUERY
)


def answer_queries(dialogue):
    """The script of a server that lets everybody in whom TLS has let in."""
    dialogue.accept_session()
    while dialogue.read_message()[0] == b"Q":
        dialogue.write(RESULT)
