"""Tickets sold at the centre after the line was cut, shown in each way; and voids wished then.

What each way of showing a ticket comes to is told in docs/reference/sync.md.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from paifang.core.leases import WishState
from paifang.core.tickets import Status
from paifang.ledger import tables as t
from paifang.ledger.lease_commands import MakeWish
from tests.ledger import world
from tests.ledger.venue import key
from tests.services.live import places as p
from tests.services.live.places import Place

DOCUMENT = "11010519491231002X"


@pytest.fixture(params=["host", "agent"])
def cut(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Yield a place whose line was cut before anything was sold."""
    place = Place(request.param, tmp_path)
    place.cut_off()
    yield place
    place.close()


def test_a_static_code_enters_once_the_line_is_back(cut: Place) -> None:
    code = cut.sell(p.STATIC)
    assert cut.show(code) == "unknown"
    cut.heal()
    assert [cut.show(code) for _ in range(2)] == ["ok", "already_used"]


def test_a_signed_code_enters_at_once_and_once(cut: Place) -> None:
    code = cut.sell(p.SIGNED)
    assert [cut.show(code) for _ in range(2)] == ["ok", "already_used"]
    cut.heal()
    assert cut.show(code) == "already_used"
    assert cut.pair.differences() == []


def test_a_changing_code_alone_is_genuine_and_its_ticket_not_known_yet(cut: Place) -> None:
    stem = cut.sell(p.CHANGING)
    assert cut.show(cut.now_shown(stem, p.CHANGING, 1)) == "unknown"
    assert cut.show(cut.now_shown(stem, p.CHANGING, 1, 4)) == "code_too_old"
    cut.heal()
    assert cut.show(cut.now_shown(stem, p.CHANGING, 1)) == "ok"


def test_a_changing_code_that_is_signed_enters_at_once_and_not_by_a_picture(cut: Place) -> None:
    stem = cut.sell(p.SIGNED_CHANGING)
    assert cut.show(cut.now_shown(stem, p.SIGNED_CHANGING, 1, 4)) == "code_too_old"
    assert cut.show(cut.now_shown(stem, p.SIGNED_CHANGING, 1)) == "ok"
    assert cut.show(cut.now_shown(stem, p.SIGNED_CHANGING, 1)) == "already_used"
    cut.heal()
    assert cut.pair.differences() == []


@pytest.mark.parametrize("number", [p.STATIC, p.SIGNED], ids=["static", "signed"])
def test_by_document_alone_it_enters_once_the_line_is_back(cut: Place, number: int) -> None:
    cut.sell(number, document=f"ID:{DOCUMENT}")
    assert cut.show(DOCUMENT) == "unknown"
    cut.heal()
    assert [cut.show(DOCUMENT) for _ in range(2)] == ["ok", "already_used"]


# Wishes of the centre about what the host decides.


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Place]:
    """Yield a host that knows one ticket, shown as `7K3M9QX2TB4H0001`."""
    place = Place("host", tmp_path)
    place.sell(world.RE_ENTRY)
    place.cut_off()
    yield place
    place.close()


def wish(place: Place, n: int) -> None:
    """Let the centre wish the ticket void, for the n-th time."""
    place.pair.centre.ledger.do(
        MakeWish(
            request_id=f"wish-{n}",
            actor="wang",
            wish=bytes([n]) * 16,
            ticket=key("ticket 1"),
            kind="void",
            refund=True,
        )
    )


def wishes(place: Place) -> dict[int, WishState]:
    """Return what became of each wish, at the centre."""
    rows = place.pair.centre.ledger.rows(t.WISH)
    return {row.id[0]: WishState(row.state) for row in rows}


def status(place: Place, side: str) -> Status:
    """Return what one side says of the ticket."""
    row = getattr(place.pair, side).ledger.row(t.TICKET, key("ticket 1"))
    return Status(row.status)


def test_a_void_asked_during_the_cut_waits_for_the_host_and_is_granted_unused(
    told: Place,
) -> None:
    wish(told, 1)
    assert wishes(told) == {1: WishState.asked}
    assert status(told, "centre") is Status.valid
    told.heal()
    assert wishes(told) == {1: WishState.granted}
    assert told.show("7K3M9QX2TB4H0001") == "void"
    assert status(told, "centre") is Status.void


def test_a_void_is_refused_once_somebody_has_entered(told: Place) -> None:
    wish(told, 1)
    assert told.show("7K3M9QX2TB4H0001") == "ok"
    told.heal()
    assert wishes(told) == {1: WishState.refused}
    assert status(told, "host") is status(told, "centre") is Status.valid


def test_a_double_wish_is_granted_once(told: Place) -> None:
    wish(told, 1)
    wish(told, 2)
    told.heal()
    assert wishes(told) == {1: WishState.granted, 2: WishState.refused}
    assert told.pair.verified() == []
    assert told.pair.differences() == []
