"""Every reason code at the centre, at a host that is cut off, and at a lane agent of that host.

A code that cannot come up somewhere says why in words; a reason without a cell fails.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from nacl.signing import SigningKey

from paifang.core.codes import CodeBody, signed_code
from paifang.core.reasons import Reason
from paifang.core.tickets import Status
from paifang.ledger.commands import Credential, Exchange, Hold, SetQuota, SetStatus
from paifang.ledger.facts import HoldFact
from paifang.services.live.readings import key_id_of
from tests.ledger import world
from tests.ledger.venue import key
from tests.services.live import places as p
from tests.services.live.places import PLACES, Place, Scene


def sold(number: int = world.SINGLE, *shows: dict[str, Any], **more: Any) -> Scene:
    """Return a scene: a ticket sold, the line cut, the ticket shown so often."""

    def scene(place: Place) -> str:
        code = place.sell(number, **more)
        _leave_alone(place)
        told = ""
        for how in shows or ({},):
            told = place.show(code, **how)
        return told

    return scene


def _leave_alone(place: Place) -> None:
    if place.name != "centre":
        place.cut_off()


def with_status(*statuses: Status) -> Scene:
    """Return a scene in which whoever decides has changed what a ticket is."""

    def scene(place: Place) -> str:
        code = place.sell()
        _leave_alone(place)
        place.do(*(SetStatus(ticket=key("ticket 1"), status=status) for status in statuses))
        return place.show(code)

    return scene


def not_passed(place: Place) -> str:
    """A gate reported that nobody passed; shown again."""
    code = place.sell()
    _leave_alone(place)
    place.admitted_and_nobody_passed(code)
    return place.show(code)


def exchanged(place: Place) -> str:
    """A voucher was exchanged, and is shown."""
    code = place.sell(world.VOUCHER)
    _leave_alone(place)
    event = place.event(world.VOUCHER)
    fresh = Credential("code", place.keys.lookup(event, "code", "fresh"), b"sealed")
    place.do(Exchange(lookups=(place.keys.lookup(event, "code", code),), fresh=fresh))
    return place.show(code)


def by_another_key(place: Place) -> str:
    """A code somebody else signed."""
    _leave_alone(place)
    other = SigningKey.generate()
    body = CodeBody(key("ticket 1"), key_id_of(bytes(other.verify_key)), product_no=1, people=1)
    return place.show(signed_code(body, lambda message: other.sign(message).signature))


def changing(steps_late: int) -> Scene:
    """Return a scene: a code that changes, as it was so many steps ago."""

    def scene(place: Place) -> str:
        stem = place.sell(p.SIGNED_CHANGING)
        _leave_alone(place)
        return place.show(place.now_shown(stem, p.SIGNED_CHANGING, 1, steps_late))

    return scene


def shows(text: str, **how: Any) -> Scene:
    """Return a scene: a text that is no ticket's."""

    def scene(place: Place) -> str:
        _leave_alone(place)
        return place.show(text, **how)

    return scene


def nothing_left(place: Place) -> str:
    """More is wanted than there is."""
    seats = SetQuota(quota="seats", segment=place.fair, capacity=1)
    place.pair.centre.ledger.do(seats)
    _leave_alone(place)
    hold = Hold(request_id="h", hold="h", quota="seats", units=2, for_ms=60_000)
    return place.ledger.fact(hold, HoldFact).reason


def leased_away(place: Place) -> str:
    """The centre is asked about what it gave away."""
    code = place.sell()
    place.cut_off()
    return place.show(code)


def of_another_period(place: Place) -> str:
    """A ticket whose second part is in a period that was not leased."""
    code = place.sell(p.TWO_PERIODS)
    _leave_alone(place)
    return place.show(code, "hedge")


def nobody_answers(place: Place) -> str:
    """The lane's host is silent."""
    place.cut_off()
    request_id = place.lane.scan("north", "7K3M9QX2TB4HVN8C", place.clock.now_ms())
    verdict = place.lane.give_up(request_id, place.clock.now_ms())
    assert verdict is not None
    return verdict.reason


NO_READER: Final = "codes bound to one phone come with the e-ticket; the decision knows them"
EVERYWHERE: Final[dict[Reason, Scene]] = {
    Reason.ok: sold(),
    Reason.re_entry: sold(world.RE_ENTRY, {}, {"direction": "exit"}, {}),
    Reason.already_used: sold(world.SINGLE, {}, {}),
    Reason.already_inside: sold(p.PASSBACK, {}, {}),
    Reason.not_inside: sold(world.SINGLE, {"direction": "exit"}),
    Reason.recorded_not_opened: not_passed,
    Reason.unknown: shows("7K3M9QX2TB4HVN8C"),
    Reason.forged: by_another_key,
    Reason.code_too_old: changing(4),
    Reason.clock_off: changing(-4),
    Reason.void: with_status(Status.void),
    Reason.refunded: with_status(Status.void, Status.refunded),
    Reason.unpaid: with_status(Status.unpaid),
    Reason.blocked: with_status(Status.blocked),
    Reason.exchange_required: sold(world.VOUCHER),
    Reason.already_exchanged: exchanged,
    Reason.not_yet_valid: sold(p.TOMORROW),
    Reason.expired: sold(p.OVER),
    Reason.wrong_gate: sold(p.SOUTH),
    Reason.wrong_zone: sold(world.SINGLE, {"gate": "hedge"}),
    Reason.wrong_session: sold(p.MORNING, session=2),
    Reason.limit_reached: sold(world.SEASON, {}, {}),
    Reason.capacity_reached: sold(world.CHAMBER, {"gate": "hatch", "count": 6}, people=6),
    Reason.identity_required: sold(p.DOCUMENT),
    Reason.needs_supervisor: sold(p.SUPERVISED),
    Reason.malformed: shows("https://example.org/7K3M9QX2TB4HVN8C"),
}
"""What comes about in the same way wherever a ticket is shown."""

CELLS: Final[dict[tuple[Reason, str], Scene | str]] = {
    **{(reason, place): scene for reason, scene in EVERYWHERE.items() for place in PLACES},
    (Reason.copied, "centre"): shows("7K3M9QX2TB4HVN8C", verdict="copied"),
    (Reason.copied, "host"): shows("7K3M9QX2TB4HVN8C", verdict="copied"),
    (Reason.copied, "agent"): NO_READER,
    (Reason.sold_out, "centre"): nothing_left,
    (Reason.sold_out, "host"): nothing_left,
    (Reason.sold_out, "agent"): "a lane sells nothing",
    (Reason.identity_mismatch, "centre"): sold(p.FACE, {"face_check": "mismatch"}),
    (Reason.identity_mismatch, "host"): sold(p.FACE, {"face_check": "mismatch"}),
    (Reason.identity_mismatch, "agent"): "nobody stands at a lane to compare faces",
    (Reason.held_elsewhere, "centre"): leased_away,
    (Reason.held_elsewhere, "host"): of_another_period,
    (Reason.held_elsewhere, "agent"): of_another_period,
    (Reason.not_ready, "centre"): "a centre waits for nobody's list",
    (Reason.not_ready, "host"): leased_away,
    (Reason.not_ready, "agent"): "a host that still loads answers no lane: offline_not_allowed",
    (Reason.offline_not_allowed, "centre"): shows("7K3M9QX2TB4HVN8C", verdict="withdrawn"),
    (Reason.offline_not_allowed, "host"): shows("7K3M9QX2TB4HVN8C", verdict="withdrawn"),
    (Reason.offline_not_allowed, "agent"): nobody_answers,
}


@pytest.fixture
def at_place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Yield the place of a cell; where nothing is ready, the host has not loaded its list."""
    reason, name = request.param
    place = Place(name, tmp_path, loads=reason is not Reason.not_ready)
    yield place
    place.close()


def test_every_reason_has_a_cell_at_every_place() -> None:
    assert set(CELLS) == {(reason, place) for reason in Reason for place in PLACES}


LIVED: Final = [cell for cell, scene in CELLS.items() if not isinstance(scene, str)]


@pytest.mark.parametrize(
    ("cell", "at_place"),
    [(cell, cell) for cell in LIVED],
    indirect=["at_place"],
    ids=[f"{reason}-{place}" for reason, place in LIVED],
)
def test_the_reason_comes_about_here(cell: tuple[Reason, str], at_place: Place) -> None:
    scene = CELLS[cell]
    assert not isinstance(scene, str)
    assert scene(at_place) == cell[0].value
