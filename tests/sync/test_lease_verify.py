"""Tampering with what leases leave behind is found, on either side."""

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
import pytest

from paifang.core.leases import LeaseState
from paifang.ledger import tables as t
from paifang.ledger.lease_commands import MakeWish
from paifang.ledger.records import TicketRecord
from paifang.ledger.rows import BaseTicket
from tests.ledger.venue import Venue, key
from tests.sync.nodes import LEASE, Pair

WISH = bytes(15) + b"1"


@pytest.fixture
def leased(pair: Pair) -> Pair:
    """A pair whose fair is leased, one ticket used, one wish answered, everything told."""
    pair.centre.ledger.issue("A")
    pair.centre.ledger.issue("B")
    pair.grant()
    pair.talk(2)
    assert pair.host.ledger.says("A") == "ok"
    pair.centre.ledger.do(MakeWish(request_id="w", wish=WISH, ticket=key("ticket B"), kind="block"))
    pair.talk(3)
    assert pair.verified() == []
    return pair


def change(ledger: Venue, table: t.Table, pick: Callable[[Any], bool], **more: Any) -> None:
    """Change the first row that is picked, behind the ledger's back."""
    row = next(row for row in ledger.rows(table) if pick(row))
    ledger.engine.begin()
    ledger.engine.put(table, (row._replace(**more),))
    ledger.engine.commit()


def anything(_row: Any) -> bool:
    """Pick the first row."""
    return True


class Change(NamedTuple):
    """What is changed where, and what verify says to it."""

    side: str
    table: t.Table
    found: str
    more: dict[str, Any]
    pick: Callable[[Any], bool] = anything


CHANGES = (
    Change("centre", t.LEASE, "lease_differs", {"state": LeaseState.broken}),
    Change("host", t.LEASE, "lease_differs", {"not_after_ms": 5}),
    Change("host", t.LEASE, "lease_differs", {"id": b"other" + bytes(11)}),
    Change("centre", t.WISH, "wish_differs", {"reason": "void"}),
    Change("centre", t.WISH, "wish_differs", {"id": bytes(16)}),
    Change("host", t.LOADED, "loaded_differs", {"tickets": b"x" * 32}),
    Change("host", t.LOADED, "loaded_stray", {"seq": 9_999}),
    Change("host", t.BASE, "head_differs", {"hash": b"x" * 32}, lambda row: row.seq > 1),
    Change("host", t.BASE, "seq_gap", {"seq": 1}, lambda row: row.seq > 1),
    Change(
        "centre",
        t.JOURNAL,
        "row_wrong_node",
        {"node": "stranger"},
        lambda row: row.kind == "admission",
    ),
    Change("centre", t.HEAD, "head_differs", {"epoch": 8}, lambda row: row.period == "fair"),
    Change("host", t.USE, "use_differs", {"uses": 0}, lambda row: row.uses),
    Change(
        "host",
        t.TICKET,
        "ticket_differs",
        {"status": 0},
        lambda row: row.id == key("ticket B"),
    ),
)


@pytest.mark.parametrize("made", CHANGES, ids=[f"{n}" for n in range(len(CHANGES))])
def test_what_was_changed_behind_the_ledgers_back_is_named(leased: Pair, made: Change) -> None:
    change(getattr(leased, made.side).ledger, made.table, made.pick, **made.more)
    found = {" ".join(one.split()[:2]) for one in leased.verified()}
    assert f"{made.side} {made.found}" in found


def test_a_row_moved_to_another_epoch_is_named(leased: Pair) -> None:
    ledger = leased.centre.ledger
    row = next(row for row in ledger.rows(t.JOURNAL) if row.kind == "admission")
    ledger.engine.begin()
    ledger.engine.add(t.JOURNAL, (row._replace(epoch=row.epoch + 2, seq=row.seq + 50),))
    ledger.engine.commit()
    found = {one.split()[1] for one in leased.verified()}
    assert "epoch_differs" in found


def test_rules_of_a_host_that_were_never_told_are_named(leased: Pair) -> None:
    ledger = leased.centre.ledger
    row = next(row for row in ledger.rows(t.JOURNAL) if row.kind == "admission")
    payload = row.payload.replace(b'"rules":[1,1]', b'"rules":[1,9]')
    change(ledger, t.JOURNAL, lambda each: each == row, payload=payload)
    assert "version_unknown" in {one.split()[1] for one in leased.verified()}


def test_a_lease_that_is_gone_from_the_table_is_named(leased: Pair) -> None:
    ledger: Any = leased.host.ledger
    ledger.engine.connection.execute("DELETE FROM lease")
    assert "host lease_differs" in {" ".join(one.split()[:2]) for one in leased.verified()}


def test_what_is_kept_of_a_ticket_that_is_not_there_harms_nothing(leased: Pair) -> None:
    ledger = leased.host.ledger
    (known, *_) = ledger.rows(t.TICKET)
    record = TicketRecord(b"x" * 16, 1, 1, 0, 0, 1, 0, 0, 0, 0, "", b"", (), ())
    ledger.engine.begin()
    packed = msgspec.msgpack.encode(record)
    ledger.engine.add(t.BASE_TICKET, [BaseTicket(record.id, packed)])
    ledger.engine.commit()
    assert known
    assert leased.verified() == []


def test_the_lease_itself_is_unharmed_by_looking(leased: Pair) -> None:
    assert leased.leases("centre")[0].id == LEASE
    assert leased.verified() == []
