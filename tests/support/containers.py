"""A private Docker engine, and the images that the project describes, really built."""

import json
import os
import subprocess
import tempfile
import time
from contextlib import contextmanager

from support.process import DEADLINE
from support.proxy import ROOT

BASE = "debian:bookworm-slim"
IMAGE = "pg-tls-proxy"
REVISION = "0123456789abcdef0123456789abcdef01234567"
"""Always the same: a commit that changes no source does not compile everything again."""

# Where apps find the proxy; user and password are the database's.
LOGIN = {"PGHOST": "127.0.0.1", "PGPORT": "5432", "PGUSER": "app", "PGPASSWORD": "secret", "PGDATABASE": "postgres"}
LOGIN_OPTIONS = [part for name, value in LOGIN.items() for part in ("--env", f"{name}={value}")]

BUILD_DEADLINE = 1800
"""Seconds for a test that finds nothing built: the first on a machine makes a Debian and compiles everything."""


class NoEngine(Exception):
    """This machine cannot run containers; says why."""


class Engine:
    """A Docker engine that `docker/with-docker.sh` keeps for as long as its command's standard input is open."""

    def __init__(self):
        tell_and_wait = ["sh", "-c", 'echo "$DOCKER_HOST"; exec cat']
        with tempfile.TemporaryFile("w+") as complaints:
            self._script = subprocess.Popen(
                ["bash", ROOT / "docker/with-docker.sh", *tell_and_wait],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=complaints,
                text=True,
                start_new_session=True,  # Ctrl-C ends the tests, and they end it
            )
            host = self._script.stdout.readline().strip()
            if not host:
                self._script.wait(BUILD_DEADLINE)
                complaints.seek(0)
                raise NoEngine(complaints.read()[-1000:].strip())
        self.environment = {**os.environ, "DOCKER_HOST": host, "DOCKER_BUILDKIT": "0", "REVISION": REVISION}
        attempt = self.run("docker", "run", "--rm", "--network=none", BASE, "true")
        if attempt.returncode != 0:
            self.stop()
            raise NoEngine(attempt.stderr.strip())

    def stop(self):
        self._script.stdin.close()
        assert self._script.wait(BUILD_DEADLINE) == 0

    def run(self, *command, timeout=DEADLINE):
        """Run a program against this engine; the result has text output and is not checked."""
        return subprocess.run(
            [str(part) for part in command],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            start_new_session=True,  # docker-compose would ask a terminal that it finds
        )

    def docker(self, *arguments, timeout=DEADLINE):
        """What a docker command that must succeed says on standard output."""
        result = self.run("docker", *arguments, timeout=timeout)
        assert result.returncode == 0, f"docker {arguments}: {result.stdout[-4000:]}{result.stderr[-4000:]}"
        return result.stdout.strip()

    def inspect(self, name):
        return json.loads(self.docker("inspect", name))[0]

    def start(self, *arguments):
        """Start a container that is removed at the end of the context; its id."""
        return _removed_at_the_end(self, self.docker("run", "--detach", *arguments))

    def build(self, tag, file, *arguments, context=ROOT):
        options = ["--network", "host", "--file", ROOT / file, "--tag", tag]
        self.docker("build", *options, *arguments, context, timeout=BUILD_DEADLINE)

    def build_proxy(self):
        """The image of the proxy. The stage that compiles is kept, as the cache of the next build."""
        self.build(f"{IMAGE}-build", "docker/Dockerfile", "--target=build", "--build-arg=REVISION")
        self.build(IMAGE, "docker/Dockerfile", "--build-arg=REVISION")
        self.docker("image", "prune", "--force", timeout=BUILD_DEADLINE)

    def build_demo(self, target):
        tag = f"{IMAGE}-demo-{target}"
        self.build(tag, "docker/demo/Dockerfile", f"--target={target}")
        return tag


@contextmanager
def _removed_at_the_end(engine, container):
    try:
        yield container
    finally:
        engine.docker("rm", "--force", "--volumes", container)


def wait_until(condition, what):
    """Poll `condition` until it is true and return that; Docker tells nobody when a container's state changes."""
    deadline = time.monotonic() + DEADLINE
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited {DEADLINE} s for {what}"
        time.sleep(0.2)
    return found
