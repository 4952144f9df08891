"""The journal: gapless in each segment, chained, in pages, and read from any cursor on."""

import pytest

from paifang.core import limits
from paifang.ledger import tables as t
from paifang.ledger.commands import Enclosure
from paifang.ledger.facts import FACTS, IssueFact, fact_of, payload_of
from paifang.ledger.journal import chained, enclosures_digest, first_hash
from paifang.ledger.rows import JournalRow
from tests.ledger import world
from tests.ledger.chain import chain_faults
from tests.ledger.engines import NODE
from tests.ledger.venue import Venue


@pytest.fixture
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PAGE_ROWS_MAX", 3)


@pytest.mark.usefixtures("_small_pages")
def test_pages_close_when_full_and_the_chain_recomputes(venue: Venue) -> None:
    june = venue.segment("june")
    for n in range(10):
        venue.issue(f"A{n}", segments=((venue.home, june)[n % 2],))
    venue.batch(*(venue.admit_command(f"A{n}") for n in range(10)))
    assert chain_faults(venue) == []
    pages = [row for row in venue.rows(t.PAGE) if row.segment == venue.home]
    assert [(page.page, page.seq, page.rows) for page in pages] == [
        (1, 3, 3),
        (2, 6, 3),
        (3, 9, 3),
        (4, 12, 3),
        (5, 15, 3),
    ]


@pytest.mark.usefixtures("_small_pages")
def test_a_page_may_close_in_the_middle_of_a_batch(venue: Venue) -> None:
    venue.batch(*(venue.issue_command(f"A{n}") for n in range(7)))
    venue.reopen()
    venue.batch(*(venue.issue_command(f"B{n}") for n in range(2)))
    assert chain_faults(venue) == []


def test_a_changed_row_breaks_the_chain(venue: Venue) -> None:
    venue.issue("A")
    venue.admit("A")
    assert chain_faults(venue) == []
    row = venue.row(t.JOURNAL, venue.home, 0, 1)
    venue.engine.begin()
    venue.engine.put(t.JOURNAL, [row._replace(at_ms=row.at_ms + 1)])
    venue.engine.commit()
    assert chain_faults(venue) == [f"head of segment {venue.home}"]


def test_every_part_of_a_row_is_part_of_its_hash() -> None:
    row = JournalRow(2, 0, 1, 5, "node", "issue", "r1", b"{}", b"d" * 32)
    before = first_hash("u")
    others = (
        row._replace(epoch=2),
        row._replace(seq=2),
        row._replace(at_ms=6),
        row._replace(node="nod"),
        row._replace(kind="bind"),
        row._replace(request_id="r2"),
        row._replace(payload=b"[]"),
        row._replace(digest=b""),
    )
    hashes = {chained(before, other) for other in (row, *others)}
    assert len(hashes | {chained(first_hash("v"), row)}) == len(others) + 2
    assert chained(before, row._replace(segment=9)) == chained(before, row)


def test_letters_cannot_wander_from_one_field_to_the_next() -> None:
    one = JournalRow(2, 0, 1, 5, "ab", "c", "", b"", b"")
    other = one._replace(node="a", kind="bc")
    assert chained(b"", one) != chained(b"", other)


def test_a_row_keeps_a_digest_only_of_what_rides_on_it() -> None:
    assert enclosures_digest(()) == b""
    salted = {
        enclosures_digest((Enclosure("person", salt, b"Wu"),)) for salt in (b"s" * 32, b"t" * 32)
    }
    assert len(salted) == 2, "the same body under another salt cannot be recognised"


def test_a_row_says_who_wrote_it_and_when(venue: Venue) -> None:
    venue.issue("A", request_id="i1")
    row = venue.row(t.JOURNAL, venue.home, 0, 1)
    assert (row.node, row.at_ms, row.request_id) == (NODE, world.NOW_MS, "i1")


def test_every_kind_of_fact_comes_back_as_it_was(venue: Venue) -> None:
    venue.issue("A")
    (row,) = [row for row in venue.rows(t.JOURNAL) if row.kind == "issue"]
    fact = fact_of(row.kind, row.payload)
    assert isinstance(fact, IssueFact)
    assert fact_of(row.kind, payload_of(fact)) == fact
    assert FACTS[row.kind] is IssueFact
    with pytest.raises(KeyError):
        fact_of("moon", b"{}")


def test_a_reader_goes_on_from_its_cursors(venue: Venue) -> None:
    june = venue.segment("june")
    venue.issue("A")
    venue.issue("B", segments=(june,), home=june)
    reader = venue.reader()
    every = reader.journal_after({}, 100)
    assert [(row.segment, row.seq) for row in every] == [
        *((1, n) for n in range(1, 5)),
        (venue.home, 1),
        (june, 1),
    ]
    assert reader.cursors() == {1: (0, 4), venue.home: (0, 1), june: (0, 1)}
    assert reader.journal_after(reader.cursors(), 100) == []
    assert reader.journal_after({1: (0, 2)}, 100) == every[2:]
    assert reader.journal_after({1: (0, 2)}, 3) == every[2:5]
    assert reader.journal_after({1: (0, 3)}, 1) == every[3:4]
    venue.issue("C")
    assert [row.kind for row in reader.journal_after({1: (0, 4), june: (0, 1)}, 100)] == [
        "issue"
    ] * 2
    reader.close()


def test_a_reader_counts_every_zone_also_an_empty_one(venue: Venue) -> None:
    venue.issue("A", people=3)
    venue.admit("A", count=3)
    reader = venue.reader()
    found = {row.zone: (row.entries, row.inside) for row in reader.occupancy(world.NOW_MS)}
    reader.close()
    assert found == {"hall": (3, 3), "garden": (0, 0), "chamber": (0, 0)}


def test_a_reader_sees_one_state_for_as_long_as_it_wants(venue: Venue) -> None:
    venue.issue("A")
    reader = venue.reader()
    with reader.raw.snapshot():
        before = len(list(reader.raw.scan(t.JOURNAL)))
        venue.admit("A")
        assert len(list(reader.raw.scan(t.JOURNAL))) == before
        assert reader.cursors()[venue.home] == (0, 1)
    assert reader.cursors()[venue.home] == (0, 2)
    reader.close()


def test_a_scan_reads_all_rows_of_a_large_table_in_order(venue: Venue) -> None:
    venue.batch(*(venue.admit_command(f"none {n}") for n in range(2_500)))
    rows = venue.rows(t.JOURNAL)
    assert [row.seq for row in rows if row.segment == 1] == list(range(1, 2_504))
