"""Namespaces for tests that break the network: a cable that can be cut, a resolver that can fall silent.

Nothing of the machine's own network moves.
"""

import ctypes
import os
import subprocess
import threading

CLONE_NEWNS = 0x00020000
CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


class Namespace:
    """A network namespace that lasts as long as its descriptor is open."""

    def __init__(self):
        self.descriptor = _in_thread(_unshare)

    def run(self, function, *arguments, **options):
        """Call `function` there: sockets it opens and children it starts belong to this namespace."""

        def enter():
            _check(_libc.setns(self.descriptor, CLONE_NEWNET))
            return function(*arguments, **options)

        return _in_thread(enter)

    def ip(self, command, **options):
        self.run(subprocess.run, ["ip", *command.split()], check=True, capture_output=True, **options)

    def close(self):
        os.close(self.descriptor)


class Cable:
    """`near` and `far`, 10.0.0.1 and 10.0.0.2. Raises PermissionError where namespaces are not allowed."""

    def __init__(self):
        self.near, self.far = Namespace(), Namespace()
        self.near.ip("link set lo up")
        far = f"/proc/self/fd/{self.far.descriptor}"
        self.near.ip(f"link add near type veth peer name far netns {far}", pass_fds=[self.far.descriptor])
        self.near.ip("address add 10.0.0.1/24 dev near")
        self.far.ip("address add 10.0.0.2/24 dev far")
        self.near.ip("link set near up")
        self.mend()

    def cut(self):
        self.far.ip("link set far down")

    def mend(self):
        self.far.ip("link set far up")

    def close(self):
        self.near.close()
        self.far.close()


def _check(result):
    if result != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))


def _unshare():
    _check(_libc.unshare(CLONE_NEWNET))
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY)


def _in_thread(function):
    """The result of `function`, called in a thread of its own: a namespace is a thread's."""
    outcome = {}

    def call():
        try:
            outcome["result"] = function()
        except BaseException as error:
            outcome["error"] = error

    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    if "error" in outcome:
        raise outcome["error"]
    return outcome["result"]


def with_resolver(configuration, function, *arguments, **options):
    """Call `function` where `configuration` stands for /etc/resolv.conf, for itself and the children it starts."""

    def call():
        _check(_libc.unshare(CLONE_NEWNS))
        for command in (["--make-rprivate", "/"], ["--bind", str(configuration), "/etc/resolv.conf"]):
            subprocess.run(["mount", *command], check=True, capture_output=True)
        return function(*arguments, **options)

    return _in_thread(call)
