"""What both engines promise those above them, row by row."""

from collections.abc import Iterator

import pytest

from paifang.core.tickets import Ticket, Use
from paifang.ledger import tables as t
from paifang.ledger.engine import Engine
from paifang.ledger.opening import Target, is_postgres, open_engine, open_reader
from paifang.ledger.rows import CredentialRow, Quota, Request, SessionCount, ZoneDay
from tests.ledger.engines import NODE
from tests.ledger.world import NOW_MS


@pytest.fixture
def engine(target: Target) -> Iterator[Engine]:
    """An empty ledger, in a transaction."""
    made = open_engine(target, NODE)
    made.begin()
    yield made
    made.rollback()
    made.close()


REQUESTS = [Request(name, name.encode(), 1, 0, n) for n, name in enumerate("abc")]


def test_rows_come_back_as_they_were_and_missing_ones_are_left_out(engine: Engine) -> None:
    engine.add(t.REQUEST, REQUESTS)
    assert engine.get(t.REQUEST, ("a", "none", "c")) == [REQUESTS[0], REQUESTS[2]]
    assert engine.get(t.REQUEST, ()) == []


def test_several_tables_are_read_at_once_in_order(engine: Engine) -> None:
    engine.add(t.REQUEST, REQUESTS)
    engine.add(t.QUOTA, [Quota("q", 1, 10)])
    found = engine.prefetch(((t.QUOTA, ("q",), 1), (t.TICKET, (), 1), (t.REQUEST, ("b",), 1)))
    assert found == [[Quota("q", 1, 10)], [], [REQUESTS[1]]]


@pytest.mark.parametrize("many", [1, 5, 23, 90])
def test_however_many_rows_are_written_and_asked_for_at_once_none_is_missed(
    engine: Engine, many: int
) -> None:
    rows = [Request(f"{n:03d}", bytes([n]), 1, 0, n) for n in range(many)]
    engine.add(t.REQUEST, rows)
    assert engine.get(t.REQUEST, [row.request_id for row in rows]) == rows
    changed = [row._replace(seq=row.seq + 1) for row in rows]
    engine.put(t.REQUEST, changed)
    assert engine.get(t.REQUEST, [*(row.request_id for row in rows), "none"]) == changed


@pytest.mark.parametrize("many", [1, 7, 40])
def test_credentials_lead_to_their_tickets_with_all_their_entitlements(
    engine: Engine, many: int
) -> None:
    tickets = [Ticket(bytes([n]) * 16, event=1, product=1, home=1) for n in range(many)]
    # The first ticket has two entitlements, the last of several has none.
    uses = [Use(ticket.id, 0, 1) for ticket in tickets[: max(1, many - 1)]]
    uses.insert(1, Use(tickets[0].id, 1, 1))
    rows = [CredentialRow(bytes([n, 1]), "code", ticket.id) for n, ticket in enumerate(tickets)]
    second = CredentialRow(b"other", "serial", tickets[0].id)
    engine.add(t.TICKET, tickets)
    engine.add(t.USE, uses)
    engine.add(t.CREDENTIAL, [*rows, second])
    shown = engine.shown([*(row.hash for row in rows), b"other", b"none"])
    assert sorted(shown.credentials) == sorted([*rows, second])
    assert sorted(shown.tickets) == tickets
    assert sorted(shown.uses) == uses
    assert engine.shown([]) == ([], [], [])


def test_a_row_is_replaced_by_its_key(engine: Engine) -> None:
    engine.put(t.SESSION_COUNT, [SessionCount(3, 1), SessionCount(4, 9)])
    engine.put(t.SESSION_COUNT, [SessionCount(3, 2)])
    assert engine.get(t.SESSION_COUNT, (3, 4)) == [SessionCount(3, 2), SessionCount(4, 9)]


def test_a_counter_that_is_not_there_counts_nothing(engine: Engine) -> None:
    found = engine.get(t.ZONE_DAY, (("hall", 5),)) + engine.get(t.SESSION_COUNT, (7,))
    assert [row for row in found if row not in {ZoneDay("hall", 5), SessionCount(7)}] == []


def test_what_is_rolled_back_was_never_there(engine: Engine) -> None:
    engine.add(t.REQUEST, REQUESTS)
    engine.rollback()
    engine.rollback()
    engine.begin()
    assert engine.get(t.REQUEST, ("a",)) == []


def test_small_settings_are_kept(engine: Engine) -> None:
    engine.set_meta("bundle.centre", "3")
    engine.set_meta("bundle.centre", "4")
    assert engine.meta()["bundle.centre"] == "4"


@pytest.mark.parametrize("text", ["", "牌坊", "🀄", "a'b\"c", "\u202e\u0301", "x" * 10_000])
def test_any_text_and_any_bytes_come_back_as_they_were(engine: Engine, text: str) -> None:
    row = Request(f"id {text}", text.encode() + bytes(range(256)), 2**62, 0, -(2**62))
    engine.add(t.REQUEST, [row])
    assert engine.get(t.REQUEST, (row.request_id,)) == [row]


def test_an_empty_ledger_can_be_read(target: Target) -> None:
    open_engine(target, NODE).close()
    reader = open_reader(target)
    assert reader.occupancy(NOW_MS) == []
    assert reader.rules().centre.version == 0
    assert reader.raw.rows(t.REQUEST, ("none",)) == []
    reader.close()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://host/db", True),
        ("postgres:///db", True),
        ("ledger.db", False),
        ("postgresql", False),
    ],
)
def test_a_target_is_a_file_or_a_servers_url(url: str, *, expected: bool) -> None:
    assert is_postgres(url) is expected
