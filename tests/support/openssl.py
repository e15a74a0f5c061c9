"""What a TLS server may do and Python's ssl module does not offer: asked of the OpenSSL that it uses."""

import ctypes

_libssl = ctypes.CDLL("libssl.so.3")

_SSL_KEY_UPDATE_REQUESTED = 1

_SSL_AT = object.__basicsize__ + ctypes.sizeof(ctypes.c_void_p)
"""Where CPython's `PySSLSocket` has its SSL*: behind the object's head and a reference."""


def _native(tls):
    return ctypes.c_void_p.from_address(id(tls._sslobj) + _SSL_AT)


def update_keys(tls):
    """Change the sending key of an `ssl.SSLObject` and demand the same of the peer (RFC 8446, 4.6.3)."""
    assert _libssl.SSL_key_update(_native(tls), _SSL_KEY_UPDATE_REQUESTED) == 1
    tls.do_handshake()


def ask_for_renegotiation(tls):
    """HelloRequest (RFC 5246, 7.4.1.1), as a server of TLS 1.2 sends it."""
    assert _libssl.SSL_renegotiate(_native(tls)) == 1
    tls.do_handshake()
