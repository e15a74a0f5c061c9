"""`healthcheck`: what a container runtime runs to learn whether the proxy is ready."""

import subprocess

import pytest

from support.process import DEADLINE, Process
from support.proxy import BINARY, environment, verified_upstream


def healthcheck(folder, *arguments, **variables):
    command = [BINARY, "healthcheck", *arguments]
    return subprocess.run(
        command, env=environment(folder, **variables), capture_output=True, text=True, timeout=DEADLINE
    )


def admin_of(proxy):
    return "{}:{}".format(*proxy.admin)


@pytest.fixture
def ready(proxy):
    """The admin address of a proxy that is ready."""
    return admin_of(proxy)


@pytest.fixture
def unready(fake_behind_proxy, certificates):
    """The admin address of a proxy that is not: the server has a certificate for somebody else."""
    _, proxy = fake_behind_proxy(lambda dialogue: dialogue.accept_tls(), certificate=certificates.wrong_host)
    return admin_of(proxy)


def test_ready(tmp_path, ready):
    result = healthcheck(tmp_path, "--admin", ready)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_the_environment_names_the_address_too(tmp_path, ready):
    assert healthcheck(tmp_path, PG_TLS_PROXY_ADMIN=ready).returncode == 0


def test_not_ready_says_why(tmp_path, unready):
    result = healthcheck(tmp_path, "--admin", unready)
    assert result.returncode == 1
    assert "not ready" in result.stderr and "certificate is not for host" in result.stderr


def test_waiting_has_an_end(tmp_path, unready):
    assert healthcheck(tmp_path, "--admin", unready, "--wait", "1").returncode == 1


def test_nobody_there(tmp_path):
    result = healthcheck(tmp_path, "--admin", f"unix:{tmp_path}/nobody")
    assert result.returncode == 1 and "cannot reach the admin server" in result.stderr


def test_an_admin_server_that_is_off_cannot_be_asked(tmp_path):
    assert healthcheck(tmp_path, "--admin", "off").returncode == 2


def test_wait_until_it_has_started(tmp_path, postgres, certificates):
    """The order in which containers start is anybody's guess."""
    admin = tmp_path / "admin"
    command = [BINARY, "healthcheck", "--admin", f"unix:{admin}", "--wait", DEADLINE]
    waiting = Process(command, env=environment(tmp_path))
    upstream = verified_upstream(postgres.port, certificates.root)
    arguments = ["--listen", "127.0.0.1:0", "--upstream", upstream, "--admin", f"unix:{admin}"]
    proxy = Process([BINARY, "run", *arguments], env=environment(tmp_path))
    try:
        assert waiting.wait() == 0, waiting.output
    finally:
        proxy.stop()
