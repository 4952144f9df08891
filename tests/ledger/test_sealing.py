"""Seals of acts by hand: under the act's own id, once, and told to a check."""

from contextlib import closing
from typing import Any

import pytest

from paifang.ledger.commands import Seal
from paifang.ledger.facts import SealFact
from paifang.ledger.faults import IdConflict, Misuse
from paifang.ledger.verify import verify
from tests.ledger.forging import codes, forge, versions
from tests.ledger.venue import Venue, fault_of

ENTRY = bytes(range(16))
DIGEST = bytes(range(32))


def seal(**more: Any) -> Seal:
    given = {"request_id": ENTRY.hex(), "entry": ENTRY, "digest": DIGEST, "actor": "eve", **more}
    return Seal(**given)


def told(venue: Venue, entry: bytes = ENTRY) -> SealFact:
    return SealFact(rules=versions(venue), entry=entry.hex(), digest=DIGEST.hex())


def test_an_act_is_sealed_once(venue: Venue) -> None:
    fact = venue.fact(seal(), SealFact)
    assert (fact.actor, fact.entry, fact.digest) == ("eve", ENTRY.hex(), DIGEST.hex())
    assert venue.do(seal()).new is False
    (outcome,) = venue.batch(seal(digest=bytes(32)))
    assert fault_of(outcome) is IdConflict
    assert venue.kinds().count("seal") == 1
    assert codes(venue) == set()


@pytest.mark.parametrize(
    "more",
    [{"request_id": "other"}, {"entry": b"short"}, {"digest": b"short"}, {"request_id": ""}],
    ids=str,
)
def test_a_seal_under_another_id_or_of_another_form_is_refused(
    venue: Venue, more: dict[str, Any]
) -> None:
    (outcome,) = venue.batch(seal(**more))
    assert fault_of(outcome) is Misuse


def test_a_check_tells_the_seals(venue: Venue) -> None:
    venue.do(seal())
    seals: dict[str, str] = {}
    with closing(venue.reader()) as reader:
        assert verify(reader.raw, seals=seals).clean
    assert seals == {ENTRY.hex(): DIGEST.hex()}


def test_a_forged_seal_is_found(sqlite_venue: Venue) -> None:
    forge(sqlite_venue, told(sqlite_venue), 1)
    assert "seal_differs" in codes(sqlite_venue)


def test_a_seal_of_another_segment_is_found(sqlite_venue: Venue) -> None:
    segment = sqlite_venue.segment("day")
    forge(sqlite_venue, told(sqlite_venue), segment)
    assert "row_wrong_segment" in codes(sqlite_venue)
