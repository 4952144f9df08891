"""Snapshots: every ticket once, in chunks that are taken in one by one."""

import io

import pytest
import zstandard

from paifang.core import limits
from paifang.ledger import tables as t
from paifang.sync import lessee, snapshot
from paifang.sync.snapshot import Unfit, read_chunk, split_snapshot, write_snapshot
from tests.ledger import world
from tests.sync.nodes import LEASE, Pair


def test_all_tickets_of_the_segments_and_no_others_are_in(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "CHUNK_TICKETS_MAX", 2)
    ledger = pair.centre.ledger
    other = ledger.segment("elsewhere")
    for n in range(5):
        ledger.issue(f"T{n}")
    ledger.issue("out", home=other, segments=(other,))
    ledger.issue("both", world.COMBINED, home=other, segments=(other, pair.period))
    ledger.says("T1")
    reader = ledger.reader()
    sink = io.BytesIO()
    made = write_snapshot(reader.raw, frozenset({pair.period}), sink)
    reader.close()
    assert (made.tickets, made.chunks, made.size) == (6, 3, len(sink.getvalue()))
    chunks = [read_chunk(frame) for frame in split_snapshot(sink.getvalue())]
    records = {record.id: record for chunk in chunks for record in chunk.records}
    tickets = {row.id: row for row in ledger.rows(t.TICKET)}
    assert set(records) == {id_ for id_, row in tickets.items() if row.home != other} | {
        id_ for id_, row in tickets.items() if row.product == world.COMBINED
    }
    assert [record.is_pristine for record in records.values()].count(False) == 1


def test_a_ticket_without_entitlements_and_one_of_two_places_travel_too(pair: Pair) -> None:
    ledger = pair.centre.ledger
    other = ledger.segment("elsewhere")
    ledger.issue("both", world.COMBINED, segments=(pair.period, other))
    pair.grant()
    pair.talk(2)
    host = pair.host.ledger
    assert host.says("both") == "ok"
    assert host.says("both", "hedge") == "held_elsewhere"
    assert ledger.says("both", "hedge") == "ok"
    pair.talk(2)
    assert pair.backlog() == 0
    assert pair.verified() == []


def test_what_is_cut_off_or_too_large_is_unfit(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = zstandard.ZstdCompressor().compress(b"\x92\x90\x90")
    data = len(frame).to_bytes(4, "big") + frame
    assert list(split_snapshot(data)) == [frame]
    assert read_chunk(frame).records == ()
    for cut in (data[:-1], data + b"\x00", data + b"\x00\x00\x00\x00"):
        with pytest.raises(Unfit):
            list(split_snapshot(cut))
    for odd in (b"no frame", zstandard.ZstdCompressor().compress(b"\x91\x90")):
        with pytest.raises(Unfit):
            read_chunk(odd)
    monkeypatch.setattr(snapshot, "CHUNK_BYTES_MAX", 1)
    with pytest.raises(Unfit):
        read_chunk(frame)


def test_a_snapshot_is_taken_up_where_it_stopped(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "CHUNK_TICKETS_MAX", 1)
    for n in range(3):
        pair.centre.ledger.issue(f"T{n}")
    pair.grant()
    pair.fetches = False
    pair.talk()
    host = pair.host.ledger

    steps = lessee.load(pair.commit, pair.leases("host")[0], pair.snapshots[LEASE])
    assert [next(steps), next(steps)] == [1, 2]
    (lease,) = pair.leases("host")
    assert lease.loaded == 2
    assert list(lessee.load(pair.commit, lease, pair.snapshots[LEASE])) == [1, 2, 3]
    assert host.says("T2") == "ok"
    pair.talk(2)
    assert pair.verified() == []
