"""The file with the client's key: its format, its permissions, its password."""

import os

from support.trust_clients import demand, present
from support.trust_lab import EVERYWHERE, NOWHERE, Chapter

IS_ROOT = os.geteuid() == 0
SOMEBODY = 65534

client_keys = Chapter("client keys")


@client_keys.situation(EVERYWHERE)
def a_key_without_a_certificate(lab):
    lab.serve_well()
    lab.settings["sslkey"] = "/nonexistent/client.key"


@client_keys.situation(NOWHERE, because="client.key: cannot read sslkey")
def a_missing_key(lab):
    present(lab, demand(lab)).unlink()


@client_keys.situation(NOWHERE, because="client.key: does not fit .*client.crt")
def a_key_of_another_certificate(lab):
    present(lab, demand(lab), key=lab.root.key_pem)


@client_keys.situation(NOWHERE, because="client.key: cannot read sslkey")
def garbage_as_a_key(lab):
    present(lab, demand(lab), key=b"no key\n")


@client_keys.situation(EVERYWHERE)
def a_key_in_der(lab):
    client = demand(lab)
    present(lab, client, key=client.encode_key("DER"))


@client_keys.situation(EVERYWHERE)
def a_key_in_openssls_own_format(lab):
    client = demand(lab)
    present(lab, client, key=client.encode_key(form="TraditionalOpenSSL"))


@client_keys.situation(NOWHERE, because="client.key.d: sslkey must be a regular file")
def a_directory_as_a_key(lab):
    present(lab, demand(lab))
    lab.settings["sslkey"] = lab.write("client.key.d/client.key").parent


# Its permissions


def arrange_key(mode, owner=None):
    def arrange(lab):
        key_file = present(lab, demand(lab), mode=mode)
        if owner:
            os.chown(key_file, owner, owner)

    return arrange


PERMISSIONS = {0o400: EVERYWHERE, 0o700: EVERYWHERE, 0o604: NOWHERE, 0o602: NOWHERE, 0o601: NOWHERE}
READABLE_BY_GROUP = {0o640: EVERYWHERE, 0o440: EVERYWHERE, 0o660: NOWHERE, 0o650: NOWHERE}

for permissions, verdict in PERMISSIONS.items():
    client_keys.add(f"a key with mode {permissions:o}", verdict, arrange_key(permissions), "client.key: sslkey must be")

for permissions, verdict in READABLE_BY_GROUP.items() if IS_ROOT else ():
    title = f"a key of root with mode {permissions:o}"
    client_keys.add(title, verdict, arrange_key(permissions), "client.key: sslkey must be")

for permissions, verdict in {0o600: EVERYWHERE, 0o640: NOWHERE}.items():
    owner = SOMEBODY if IS_ROOT else None
    title = f"a key of somebody with mode {permissions:o}"
    client_keys.add(title, verdict, arrange_key(permissions, owner), "client.key: sslkey must be")


# Its password


def arrange_password(form="PKCS8", **settings):
    def arrange(lab):
        client = demand(lab)
        present(lab, client, key=client.encode_key(form=form, password=b"secret"), **settings)

    return arrange


WRONG_PASSWORD = "client.key: cannot read sslkey .is sslpassword right"

client_keys.add("an encrypted key", EVERYWHERE, arrange_password(sslpassword="secret"))
client_keys.add("a traditional encrypted key", EVERYWHERE, arrange_password("TraditionalOpenSSL", sslpassword="secret"))
client_keys.add("an encrypted key and a wrong password", NOWHERE, arrange_password(sslpassword="guess"), WRONG_PASSWORD)
client_keys.add("an encrypted key and no password", NOWHERE, arrange_password(), WRONG_PASSWORD)


@client_keys.situation(EVERYWHERE)
def a_password_for_a_key_that_needs_none(lab):
    present(lab, demand(lab), sslpassword="secret")
