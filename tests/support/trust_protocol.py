"""TLS itself: versions, ciphers, groups, and the name that the client asks for (SNI)."""

import ssl
import warnings

from support.trust_lab import BUT_VERIFY_FULL, EVERYWHERE, NOWHERE, Chapter
from support.trust_pki import ip

TLS_1_0, TLS_1_1 = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
TLS_1_2, TLS_1_3 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3

LENIENT = "CipherString = DEFAULT:@SECLEVEL=0"
"""TLS below 1.2 signs with SHA-1 and MD5, which OpenSSL refuses by default."""

VERSION_REFUSED = "version|unsupported protocol|no protocols available"

protocol = Chapter("protocol")


def speak_only(lab, version):
    context = lab.serve_well()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = version


# Versions

# versions that the server speaks, minimum and maximum that the client wants, OpenSSL's configuration, verdict
VERSIONS = {
    "TLS 1.3 only": (TLS_1_3, None, None, "", EVERYWHERE),
    "TLS 1.2 only": (TLS_1_2, None, None, "", EVERYWHERE),
    "TLS 1.1 only": (TLS_1_1, None, None, "", NOWHERE),
    "TLS 1.0 only": (TLS_1_0, None, None, "", NOWHERE),
    "TLS 1.1 only and it is allowed": (TLS_1_1, "TLSv1.1", None, "", NOWHERE),
    "TLS 1.1 only and it is allowed by OpenSSL only": (TLS_1_1, None, None, LENIENT, NOWHERE),
    "TLS 1.1 only and it is allowed by OpenSSL too": (TLS_1_1, "TLSv1.1", None, LENIENT, EVERYWHERE),
    "TLS 1.0 only and it is allowed by OpenSSL too": (TLS_1_0, "TLSv1", None, LENIENT, EVERYWHERE),
    "TLS 1.0 only and any minimum is allowed": (TLS_1_0, "", None, LENIENT, EVERYWHERE),
    "TLS 1.2 only and any minimum is allowed": (TLS_1_2, "", None, "", EVERYWHERE),
    "TLS 1.2 below the minimum": (TLS_1_2, "TLSv1.3", None, "", NOWHERE),
    "TLS 1.3 at the minimum": (TLS_1_3, "TLSv1.3", None, "", EVERYWHERE),
    "TLS 1.3 above the maximum": (TLS_1_3, None, "TLSv1.2", "", NOWHERE),
    "TLS 1.2 at the maximum": (TLS_1_2, None, "TLSv1.2", "", EVERYWHERE),
    "TLS 1.3 as the only version": (TLS_1_3, "TLSv1.3", "TLSv1.3", "", EVERYWHERE),
    "a minimum above the maximum": (TLS_1_3, "TLSv1.3", "TLSv1.2", "", NOWHERE),
    "a maximum below the default minimum": (TLS_1_1, None, "TLSv1.1", LENIENT, NOWHERE),
    "a version in small letters": (TLS_1_2, "tlsv1.2", "TLSV1.2", "", EVERYWHERE),
    "an unknown version": (TLS_1_3, "TLSv1.4", None, "", NOWHERE),
    "a minimum of OpenSSL's configuration": (TLS_1_2, None, None, "MinProtocol = TLSv1.3", EVERYWHERE),
    "a maximum of OpenSSL's configuration": (TLS_1_3, None, None, "MaxProtocol = TLSv1.2", NOWHERE),
}


def arrange_versions(version, minimum, maximum, configuration):
    def arrange(lab):
        speak_only(lab, version)
        lab.settings |= {"ssl_min_protocol_version": minimum, "ssl_max_protocol_version": maximum}
        if configuration:
            lab.configure_openssl(configuration)

    return arrange


for title, (*arrangement, verdict) in VERSIONS.items():
    protocol.add(title, verdict, arrange_versions(*arrangement), because=f"(?i){VERSION_REFUSED}")


# Ciphers and groups


@protocol.situation(EVERYWHERE)
def an_old_cipher(lab):
    speak_only(lab, TLS_1_2)
    lab.context.set_ciphers("ECDHE-ECDSA-AES128-SHA")


@protocol.situation(NOWHERE, because="handshake failure")
def no_cipher_in_common(lab):
    speak_only(lab, TLS_1_2)
    lab.context.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256")
    lab.configure_openssl("CipherString = ECDHE-ECDSA-AES256-GCM-SHA384\nMaxProtocol = TLSv1.2")


@protocol.situation(NOWHERE, because="certificate")
def no_certificate_at_all(lab):
    """Encryption with whoever is there; OpenSSL must have been configured to do that."""
    lab.serve_well()
    lab.context = lab.make_context()
    lab.context.maximum_version = TLS_1_2
    lab.context.set_ciphers("aNULL:@SECLEVEL=0")
    lab.configure_openssl("CipherString = ALL:aNULL:@SECLEVEL=0")


def arrange_group(name):
    return lambda lab: lab.serve_well().set_ecdh_curve(name)


for group in ("prime256v1", "secp384r1", "secp521r1"):
    protocol.add(f"the group {group} only", EVERYWHERE, arrange_group(group))


@protocol.situation(NOWHERE)
def no_group_in_common_with_openssls_configuration(lab):
    lab.serve_well().set_ecdh_curve("prime256v1")
    lab.configure_openssl("Groups = secp384r1")


@protocol.situation(NOWHERE, because="server does not support SSL, but SSL was required")
def a_server_without_tls(lab):
    def refuse(dialogue):
        dialogue.read_ssl_request()
        dialogue.send_clear(b"N")

    lab.serve_well()
    lab.script = refuse


# Server name indication


@protocol.situation(EVERYWHERE)
def a_certificate_shown_to_those_who_name_the_host(lab):
    show_by_name(lab)


@protocol.situation(BUT_VERIFY_FULL, because="is not for host")
def a_certificate_shown_to_those_who_name_the_host_and_sslsni_is_off(lab):
    show_by_name(lab)
    lab.settings["sslsni"] = 0


@protocol.situation(BUT_VERIFY_FULL, because="sslsni")
def sslsni_is_neither_on_nor_off(lab):
    show_by_name(lab)
    lab.settings["sslsni"] = 2


def show_by_name(lab):
    by_name = lab.make_context(lab.root.issue())

    def choose(connection, name, _):
        if name == "localhost":
            connection.context = by_name

    lab.serve(lab.root.issue(names=["default.example.org"])).sni_callback = choose


# An address must not be asked for (RFC 6066, section 3): host, verdict
NAMELESS = {
    "an address": ("127.0.0.1", EVERYWHERE),
    "an IPv6 address": ("::1", EVERYWHERE),
    "an abbreviated address": ("127.1", EVERYWHERE),
    "a host of digits and dots": ("1.2.3.4.5", EVERYWHERE),
    "no host": (None, BUT_VERIFY_FULL),
    "a host": ("localhost", NOWHERE),
}


def refuse_names(host):
    def refuse(connection, name, context):
        return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME if name else None

    def arrange(lab):
        server = lab.root.issue(names=["localhost", "1.2.3.4.5", ip("127.0.0.1"), ip("::1")])
        lab.serve(server).sni_callback = refuse
        lab.settings["host"] = host

    return arrange


for title, (host, verdict) in NAMELESS.items():
    protocol.add(f"{title} for a server that takes no name", verdict, refuse_names(host), "unrecognized name|host=NAME")
