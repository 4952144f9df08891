"""What desk and reports read of a ledger by its keys, on either engine."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from paifang.ledger.commands import Credential, Exchange, SetQuota
from paifang.ledger.facts import ExchangeFact
from paifang.ledger.opening import LedgerReader
from tests.ledger import world
from tests.ledger.venue import Venue, key


@pytest.fixture
def reader(venue: Venue) -> Iterator[LedgerReader]:
    """A reader of the venue's ledger, as of whenever it is asked."""
    with closing(venue.reader()) as made:
        yield made


def test_used_is_who_entered_and_what_was_exchanged_and_nothing_else(
    venue: Venue, reader: LedgerReader
) -> None:
    names = ("entered", "swapped", "refused", "kept")
    products = (world.SINGLE, world.VOUCHER, world.VOUCHER, world.SINGLE)
    ids = [venue.issue(*each) for each in zip(names, products, strict=True)]
    assert reader.used(ids) == frozenset()
    assert venue.says("entered") == "ok"
    assert venue.says("refused") == "exchange_required"
    exchange = Exchange(
        request_id="x",
        terminal="t1",
        lookups=(key("swapped"),),
        fresh=Credential("code", key("swapped 2"), b"sealed"),
    )
    assert venue.fact(exchange, ExchangeFact).reason == "ok"
    assert reader.used(ids) == frozenset(ids[:2])
    assert reader.used(ids[2:]) == frozenset()


def test_versions_of_a_layer_are_read_in_order_those_that_exist(
    venue: Venue, reader: LedgerReader
) -> None:
    venue.publish(world.centre_rules())
    found = reader.bundles("centre", (2, 1, 9))
    assert [(row.layer, row.version) for row in found] == [("centre", 1), ("centre", 2)]
    assert reader.bundles("centre", ()) == []


def test_counters_are_read_by_name_and_those_that_are_missing_left_out(
    venue: Venue, reader: LedgerReader
) -> None:
    for name, capacity in (("seats", 10), ("stands", 3)):
        venue.do(SetQuota(quota=name, segment=venue.home, capacity=capacity))
    found = reader.quotas(("stands", "none"))
    assert {name: row.capacity for name, row in found.items()} == {"stands": 3}
