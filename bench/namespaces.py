"""Machines of their own on a network that can be cut and slowed down: Linux network namespaces.

A `Town` is a switch with machines on it. Each machine is a namespace with its own loopback and one
cable, so that nothing of the computer's own network is touched, and all of it is gone at the end.
Needs root and iproute2; `why_not` says what is missing.

    with town("centre", "host", "gate") as machines:
        centre, host, gate = machines
        process = subprocess.Popen(host.command("paifang", "serve", "--bind", "0.0.0.0:8000"))
        host.slow_down(kbit=512)  # each direction of its cable, by a token bucket
        centre.cut()  # as if its cable were pulled; `heal` plugs it in again
        host.part(gate)  # these two do not hear each other, everybody else does; `join` ends it
        with gate.entered():  # sockets this thread opens now stand in that machine
            httpx.get(f"http://{host.address}:8000/healthz")

A command keeps its process id under `command`, so a signal to it reaches the program itself.
"""

import ctypes
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

_CLONE_NEWNET: Final = 0x40000000
_NAMED: Final = Path("/run/netns")
_NOBODY: Final = "02:00:00:00:00:00"
_BURST_BYTES: Final = 16 * 1024
_WAIT_MS: Final = 400
"""How long a shaped cable lets bytes queue up before it drops them: as a cheap router does."""


class NamespaceError(Exception):
    """The system refused; the message holds what it was asked, and what it said."""


def why_not() -> str:
    """Return why no machines can be made here, "" if they can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    missing = [tool for tool in ("ip", "tc") if shutil.which(tool) is None]
    if missing:
        return f"iproute2 is missing: {' '.join(missing)}"
    name = f"pf{os.getpid()}try"
    try:
        _run("ip", "netns", "add", name)
    except NamespaceError as error:
        return f"this system lets nobody make network namespaces: {error}"
    _run("ip", "netns", "del", name)
    return ""


class Machine:
    """A namespace (`space`) with one cable to the switch; others find it at `address`."""

    def __init__(self, town: str, switch: str, number: int, name: str) -> None:
        """Make it and plug it in. Raises NamespaceError."""
        self.name = name
        self.address = f"10.77.0.{number}"
        self.space = f"{town}{number}"
        self._switch = switch
        self._port = f"p{number}"
        _run("ip", "netns", "add", self.space)
        _run("ip", "-n", self.space, "link", "set", "lo", "up")
        ends = ("eth0", "netns", self.space, "type", "veth", "peer", "name", self._port)
        _run("ip", "link", "add", *ends, "netns", switch)
        _run("ip", "-n", switch, "link", "set", self._port, "master", "br0", "up")
        _run("ip", "-n", self.space, "address", "add", f"{self.address}/24", "dev", "eth0")
        _run("ip", "-n", self.space, "link", "set", "eth0", "up")

    def command(self, *words: str) -> list[str]:
        """Return words that run a command in this machine, under the process id they get."""
        return ["ip", "netns", "exec", self.space, *words]

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Let the calling thread stand in this machine: sockets it opens meanwhile stay there."""
        with Path("/proc/thread-self/ns/net").open("rb") as home:
            with (_NAMED / self.space).open("rb") as space:
                _enter(space.fileno())
            try:
                yield
            finally:
                _enter(home.fileno())

    def cut(self) -> None:
        """Pull its cable: nothing comes or goes, and no connection is told."""
        _run("ip", "-n", self._switch, "link", "set", self._port, "nomaster")

    def heal(self) -> None:
        """Plug it in again."""
        _run("ip", "-n", self._switch, "link", "set", self._port, "master", "br0")

    def part(self, other: "Machine") -> None:
        """Let the two not hear each other any more; everybody else goes on hearing both."""
        for one, two in ((self, other), (other, self)):
            # To an address of hardware that nobody has: packets vanish, and nobody is told.
            known = ("neigh", "replace", two.address, "lladdr", _NOBODY, "nud", "permanent")
            _run("ip", "-n", one.space, *known, "dev", "eth0")

    def join(self, other: "Machine") -> None:
        """End a `part`."""
        for one, two in ((self, other), (other, self)):
            with suppress(NamespaceError):
                _run("ip", "-n", one.space, "neigh", "del", two.address, "dev", "eth0")

    def slow_down(self, kbit: int) -> None:
        """Let its cable carry so many kbit/s in each direction; 0 makes it as good as new."""
        for space, device in ((self.space, "eth0"), (self._switch, self._port)):
            with suppress(NamespaceError):
                _run("tc", "-n", space, "qdisc", "del", "dev", device, "root")
            if kbit:
                slow = ["rate", f"{kbit}kbit", "burst", str(_BURST_BYTES), "latency"]
                place = ["qdisc", "add", "dev", device, "root", "tbf"]
                _run("tc", "-n", space, *place, *slow, f"{_WAIT_MS}ms")

    def sent_bytes(self) -> int:
        """Return how many bytes went into its cable so far, headers included."""
        # `ip netns exec` mounts a /sys that is this machine's.
        return int(_run(*self.command("cat", "/sys/class/net/eth0/statistics/tx_bytes")))

    def remove(self) -> None:
        """Take it away; harmless if it is gone."""
        with suppress(NamespaceError):
            _run("ip", "netns", "del", self.space)


@contextmanager
def town(*names: str) -> Iterator[list[Machine]]:
    """Yield machines on one switch, in the order of their names; all are gone afterwards.

    Processes in them are the caller's to end. Raises NamespaceError.
    """
    prefix = f"pf{os.getpid()}n"
    switch = f"{prefix}0"
    with ExitStack() as stack:
        _run("ip", "netns", "add", switch)
        stack.callback(_run, "ip", "netns", "del", switch)
        _run("ip", "-n", switch, "link", "add", "br0", "type", "bridge")
        _run("ip", "-n", switch, "link", "set", "br0", "up")
        machines = []
        for number, name in enumerate(names, 1):
            machine = Machine(prefix, switch, number, name)
            stack.callback(machine.remove)
            machines.append(machine)
        yield machines


def _enter(descriptor: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, _CLONE_NEWNET) != 0:
        raise NamespaceError(f"setns: {os.strerror(ctypes.get_errno())}")


def _run(*words: str) -> str:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NamespaceError(f"{' '.join(words)}: {done.stderr.strip()}")
    return done.stdout
