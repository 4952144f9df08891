"""The machines that benchmarks and tests of the line put on a network of their own."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing

import pytest

from bench.namespaces import Machine, NamespaceError, town, why_not

pytestmark = pytest.mark.http
PORT = 9000


@pytest.fixture
def machines() -> Iterator[list[Machine]]:
    if why := why_not():
        pytest.skip(why)
    with town("a", "b", "c") as made:
        yield made


def listening(machine: Machine) -> socket.socket:
    with machine.entered():
        return socket.create_server((machine.address, PORT))


def reaches(one: Machine, other: Machine) -> bool:
    try:
        with one.entered(), socket.create_connection((other.address, PORT), timeout=0.5):
            return True
    except OSError:
        return False


def test_machines_hear_each_other_unless_a_cable_is_pulled_or_two_are_parted(
    machines: list[Machine],
) -> None:
    a, b, c = machines
    with closing(listening(b)), closing(listening(c)):
        assert reaches(a, b)
        b.cut()
        assert not reaches(a, b)
        b.heal()
        a.part(b)
        assert (reaches(a, b), reaches(a, c), reaches(c, b)) == (False, True, True)
        a.join(b)
        assert reaches(a, b)


def test_a_thread_stands_in_a_machine_only_inside_the_block(machines: list[Machine]) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as outside:
        with machines[0].entered(), socket.socket() as inside:
            assert inside.connect_ex(outside.getsockname()) != 0
        with socket.socket() as again:
            assert again.connect_ex(outside.getsockname()) == 0


def test_a_slow_cable_counts_what_goes_over_it(machines: list[Machine]) -> None:
    a, b, _ = machines
    a.slow_down(kbit=8_000)
    with closing(listening(b)) as server:
        with a.entered():
            line = socket.create_connection((b.address, PORT))
        taken, _ = server.accept()
        with closing(line), closing(taken):
            line.sendall(bytes(20_000))
            got = 0
            while got < 20_000:
                got += len(taken.recv(65_536))
    assert a.sent_bytes() >= 20_000
    a.slow_down(kbit=0)


def test_a_command_keeps_its_process_id_and_what_is_refused_is_told(
    machines: list[Machine],
) -> None:
    a, *_ = machines
    process = subprocess.Popen(a.command("sleep", "60"))
    process.terminate()
    assert process.wait(10) == -15
    with pytest.raises(NamespaceError, match="netns"), town("again"):
        pass
