"""Committing through the socket, and without it: the same answers."""

import socket
import stat
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from paifang.core import limits
from paifang.ledger.commands import Command, Hold, OpenSegment, SetQuota
from paifang.ledger.facts import Answer
from paifang.ledger.faults import IdConflict, LedgerFault, NotFound, Unavailable
from paifang.runtime.frames import FrameError, Request, frame, read_hello, request
from paifang.runtime.ledger_client import LedgerClient, _receive_frame
from paifang.runtime.local_ledger import LocalLedger
from tests.runtime.ledger_server import NODE, LedgerServer, ledger_server

Ledger = LedgerClient | LocalLedger


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LedgerServer]:
    with ledger_server(tmp_path) as running:
        yield running


def client_of(server: LedgerServer, *, node: str = NODE, wait_s: float = 20) -> LedgerClient:
    return LedgerClient(lambda: server.data.socket("ledger"), server.target, node, wait_s=wait_s)


@pytest.fixture
def client(server: LedgerServer) -> Iterator[LedgerClient]:
    one = client_of(server)
    yield one
    one.close()


@pytest.fixture(params=["socket", "local"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    if request.param == "local":
        local = LocalLedger(tmp_path / "ledger.db", tmp_path, NODE)
        yield local
        local.close()
        return
    with ledger_server(tmp_path) as running:
        one = client_of(running)
        yield one
        one.close()


def answer(outcome: Answer | LedgerFault) -> Answer:
    assert isinstance(outcome, Answer), repr(outcome)
    return outcome


def holds(count: int, *, first: int = 0) -> list[Command]:
    return [
        Hold(hold=f"h{n}", quota="q", units=1, for_ms=60_000, request_id=f"r{n}")
        for n in range(first, first + count)
    ]


def make_quota(ledger: Ledger, capacity: int) -> None:
    (segment,) = ledger.commit([OpenSegment(site="park", period="2026")])
    number = answer(segment).decoded().segment  # type: ignore[attr-defined]
    answer(ledger.commit([SetQuota(quota="q", segment=number, capacity=capacity)])[0])


def test_commands_are_answered_in_order(ledger: Ledger) -> None:
    make_quota(ledger, 3)
    reasons = [answer(outcome).decoded() for outcome in ledger.commit(holds(5))]
    assert [fact.reason for fact in reasons] == [  # type: ignore[attr-defined]
        *("ok", "ok", "ok"),
        *("sold_out", "sold_out"),
    ]


def test_a_fault_keeps_its_kind_and_words(ledger: Ledger) -> None:
    make_quota(ledger, 3)
    missing, good = ledger.commit(
        [Hold(hold="x", quota="none", units=1, for_ms=1_000, request_id="x"), *holds(1)]
    )
    assert type(missing) is NotFound
    answer(good)
    (conflict,) = ledger.commit([Hold(hold="z", quota="q", units=1, for_ms=9, request_id="r0")])
    assert type(conflict) is IdConflict


def test_more_commands_than_a_frame_takes_are_committed(ledger: Ledger) -> None:
    count = 2 * limits.SOCKET_COMMANDS_MAX + 7
    make_quota(ledger, count)
    assert {answer(outcome).new for outcome in ledger.commit(holds(count))} == {True}


def test_what_was_committed_can_be_read(ledger: Ledger) -> None:
    make_quota(ledger, 3)
    ledger.commit(holds(2))
    numbers = {segment.site: segment.number for segment in ledger.segments()}
    rows = ledger.journal_after(dict.fromkeys(numbers.values(), (0, 0)), 100)
    assert [row.kind for row in rows].count("hold") == 2
    places = {number: ledger.cursors()[number] for number in numbers.values()}
    assert ledger.journal_after(places, 100) == []
    assert ledger.enclosures([row[:3] for row in rows]) == [[] for _ in rows]
    assert ledger.rules().centre.version == 0
    assert ledger.occupancy() == []


def test_threads_commit_beside_each_other(ledger: Ledger) -> None:
    make_quota(ledger, 1_000)
    with ThreadPoolExecutor(8) as threads:
        batches = threads.map(lambda n: ledger.commit(holds(10, first=10 * n)), range(50))
        outcomes = [outcome for batch in batches for outcome in batch]
    places = [(answer(outcome).segment, answer(outcome).seq) for outcome in outcomes]
    assert len(set(places)) == 500


def test_a_lost_connection_is_met_by_asking_again(
    server: LedgerServer, client: LedgerClient
) -> None:
    make_quota(client, 10)
    first = client.commit(holds(3))
    server.hang_up()

    def come_back() -> None:
        time.sleep(0.5)
        server.listen()

    thread = threading.Thread(target=come_back)
    thread.start()
    again = client.commit(holds(4))
    thread.join()
    assert [answer(outcome).seq for outcome in again[:3]] == [answer(o).seq for o in first]
    assert [answer(outcome).new for outcome in again] == [False, False, False, True]


def test_without_a_server_the_caller_is_told_in_time(server: LedgerServer) -> None:
    server.hang_up()
    impatient = client_of(server, wait_s=0.2)
    with pytest.raises(Unavailable):
        impatient.commit(holds(1))
    assert not impatient.answers()
    impatient.close()
    server.listen()


def test_another_ledger_on_the_socket_is_not_written_to(server: LedgerServer) -> None:
    lost = client_of(server, node="another", wait_s=0.2)
    with pytest.raises(Unavailable, match="another ledger"):
        lost.commit(holds(1))
    lost.close()


def test_the_socket_is_for_its_owner_only(server: LedgerServer) -> None:
    path = server.data.socket("ledger")
    assert path is not None
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def connected(server: LedgerServer) -> socket.socket:
    line = socket.socket(socket.AF_UNIX)
    line.settimeout(10)
    line.connect(str(server.data.socket("ledger")))
    assert read_hello(_receive_frame(line)).node == NODE
    return line


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", id="another protocol"),
        pytest.param((limits.SOCKET_FRAME_BYTES_MAX + 1).to_bytes(4), id="too long a frame"),
        pytest.param(bytes(4), id="an empty frame"),
        pytest.param(b"\0\0\0\x01\xc1", id="no msgpack"),
        pytest.param(b"\0\0\0\x03\x92\x01\x80", id="another type"),
        pytest.param(
            frame(Request(1, [OpenSegment(site="s")] * (limits.SOCKET_COMMANDS_MAX + 1))),
            id="too many commands",
        ),
    ],
)
def test_whoever_speaks_something_else_is_hung_up_on(server: LedgerServer, sent: bytes) -> None:
    with connected(server) as line:
        line.sendall(sent)
        assert line.recv(1) == b""
    with connected(server):
        pass


def test_a_caller_that_hangs_up_harms_nobody(server: LedgerServer, client: LedgerClient) -> None:
    make_quota(client, 100)
    for n in range(20):
        line = connected(server)
        line.sendall(frame(request(1, holds(1, first=n))))
        line.close()
    again = client.commit(holds(20))
    assert len({answer(outcome).seq for outcome in again}) == 20


def test_too_large_a_frame_is_never_sent() -> None:
    body = b"x" * (limits.SOCKET_FRAME_BYTES_MAX + 1)
    with pytest.raises(FrameError):
        frame(Request(1, [OpenSegment(site=body.decode())]))


def test_a_stopping_writer_is_waited_for(server: LedgerServer) -> None:
    patient = client_of(server, wait_s=0.2)
    make_quota(patient, 1)
    server.writer.stop()
    with pytest.raises(Unavailable, match="stopping"):
        patient.commit(holds(1))
    patient.close()
