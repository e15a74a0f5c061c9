"""Azure's Single Server wanted `user@server`, which an app that cannot be changed does not say."""

import pytest

from support.proxy import Proxy, verified_upstream
from support.wire import Client, startup_message

LISTENER = """
[[listener]]
address = "127.0.0.1:0"
user_suffix = "@mydemoserver"
upstream = "{upstream}"
"""


@pytest.mark.parametrize("user, arrives", [("app", "app@mydemoserver"), ("app@other", "app@other")])
def test_the_server_name_is_appended_where_there_is_none(tmp_path, start_fake, certificates, user, arrives):
    server = start_fake(lambda dialogue: dialogue.accept_session())
    proxy = Proxy(tmp_path, settings=LISTENER.format(upstream=verified_upstream(server.port, certificates.root)))
    with Client(proxy.address()) as app:
        app.send(startup_message(user=user))
        assert app.read_message() == (b"R", bytes(4))
    assert server.dialogue().startup == startup_message(user=arrives)
    proxy.end()
