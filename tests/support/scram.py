"""SCRAM-SHA-256 (RFC 5802, 7677) without channel binding, for the raw client."""

import base64
import hashlib
import hmac
import secrets
import struct

from support.wire import message

MECHANISM = b"SCRAM-SHA-256"


def log_in(client, password):
    """Answer AuthenticationSASL and what follows, up to AuthenticationOk. Returns the mechanisms that were offered."""
    tag, offer = client.read_message()
    assert tag == b"R" and offer[:4] == struct.pack("!i", 10), (tag, offer)
    mechanisms = offer[4:].rstrip(b"\0").split(b"\0")

    first = f"n=,r={secrets.token_hex(9)}".encode()
    initial = b"n,," + first
    client.send(message(b"p", MECHANISM + b"\0" + struct.pack("!i", len(initial)) + initial))
    challenge = _read(client, 11)
    client.send(message(b"p", _final(first, challenge, password)))
    _read(client, 12)
    _read(client, 0)
    return mechanisms


def _final(first, challenge, password):
    nonce, salt, rounds = (part[2:] for part in challenge.split(b",")[:3])
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(salt), int(rounds))
    client_key = _hmac(salted, b"Client Key")
    without_proof = b"c=biws,r=" + nonce
    signature = _hmac(hashlib.sha256(client_key).digest(), b",".join((first, challenge, without_proof)))
    proof = bytes(a ^ b for a, b in zip(client_key, signature))
    return without_proof + b",p=" + base64.b64encode(proof)


def _read(client, code):
    tag, body = client.read_message()
    assert tag == b"R" and body[:4] == struct.pack("!i", code), (tag, body)
    return body[4:]


def _hmac(key, data):
    return hmac.digest(key, data, "sha256")
