"""Paired terminals sign on once per proof; shifts begin, go on and end, on both engines."""

from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from paifang.ledger.commands import Command, SignOff, SignOn, sign_off_id
from paifang.ledger.facts import SignOffFact, SignOnFact
from paifang.ledger.faults import IdConflict, LedgerFault, Misuse, NotAllowed, NotPossible
from tests.ledger import world
from tests.ledger.forging import codes, forge, versions
from tests.ledger.venue import Venue, fault_of


def sign_on(request_id: str, **more: Any) -> SignOn:
    """Return the command of a terminal that proved its key."""
    given = {"terminal": "p1", "public_key": "04aa", "how": "key", **more}
    return SignOn(request_id=request_id, **given)


def begin(request_id: str, **more: Any) -> SignOn:
    """Return the command that begins a shift."""
    return sign_on(
        request_id,
        **{"how": "pin", "staff": "li", "shift": request_id.removeprefix("sign-on:"), **more},
    )


def end(shift: str = "1", **more: Any) -> SignOff:
    """Return the command that ends a shift."""
    given = {"terminal": "p1", "staff": "li", "shift": shift, **more}
    return SignOff(**{"request_id": sign_off_id(shift), **given})


def refused(venue: Venue, command: Command) -> type[LedgerFault]:
    """Return the class of the fault a command meets."""
    (outcome,) = venue.batch(command)
    return fault_of(outcome)


def test_a_proof_is_accepted_once(venue: Venue) -> None:
    first = venue.do(sign_on("sign-on:1"))
    again = venue.do(sign_on("sign-on:1"))
    assert (first.new, again.new) == (True, False)
    assert refused(venue, sign_on("sign-on:1", how="pin", staff="li")) is IdConflict
    with closing(Venue(venue.target, venue.clock)) as restarted:
        assert restarted.do(sign_on("sign-on:1")).new is False


def test_two_proofs_of_one_challenge_in_one_batch_are_one(venue: Venue) -> None:
    first, again = venue.batch(begin("sign-on:1"), begin("sign-on:1"))
    assert not isinstance(first, Exception)
    assert not isinstance(again, Exception)
    assert (first.new, again.new) == (True, False)


def test_a_shift_begins_goes_on_and_ends(venue: Venue) -> None:
    fact = venue.fact(begin("sign-on:1"), SignOnFact)
    assert (fact.terminal, fact.how, fact.staff, fact.shift) == ("p1", "pin", "li", "1")
    venue.do(begin("sign-on:2", how="shift", shift="1"))
    ended = venue.fact(end(), SignOffFact)
    assert (ended.terminal, ended.staff, ended.shift) == ("p1", "li", "1")
    assert venue.do(end()).new is False
    assert refused(venue, begin("sign-on:3", how="shift", shift="1")) is NotPossible
    venue.do(begin("sign-on:4", how="card"))
    assert codes(venue) == set()


@pytest.mark.parametrize(
    "more",
    [
        {"how": "word"},
        {"how": "pin"},
        {"how": "key", "staff": "li", "shift": "s"},
        {"how": "pin", "staff": "li"},
        {"shift": "s"},
        {"how": "pin", "staff": "li", "shift": "another"},
    ],
    ids=str,
)
def test_nobody_signs_on_by_nothing(venue: Venue, more: dict[str, str]) -> None:
    assert refused(venue, sign_on("sign-on:1", **more)) is Misuse


@pytest.mark.parametrize(
    "more",
    [
        {"terminal": "nowhere"},
        {"terminal": "gone"},
        {"terminal": "t1"},
        {"public_key": "04bb"},
        {"how": "pin", "staff": "nobody", "shift": "1"},
        {"how": "pin", "staff": "gone", "shift": "1"},
    ],
    ids=str,
)
def test_who_may_not_is_stopped(venue: Venue, more: dict[str, str]) -> None:
    assert refused(venue, sign_on("sign-on:1", **more)) is NotAllowed


def test_a_terminal_revoked_in_the_same_batch_is_stopped(venue: Venue) -> None:
    venue.do(begin("sign-on:1"))
    node = venue.rules.node
    revoked = {**node.terminals, "p1": replace(node.terminals["p1"], revoked=True)}
    venue.publish(replace(world.node_rules(), terminals=revoked))
    assert refused(venue, begin("sign-on:2", how="shift", shift="1")) is NotAllowed
    assert refused(venue, end()) is NotAllowed


@pytest.mark.parametrize(
    "more", [{"shift": "never"}, {"staff": "han"}, {"terminal": "p2"}, {"shift": "key"}], ids=str
)
def test_only_a_shift_begun_here_goes_on_and_ends(venue: Venue, more: dict[str, str]) -> None:
    second = replace(venue.rules.node.terminals["p1"], id="p2")
    terminals = {**venue.rules.node.terminals, "p2": second}
    venue.publish(replace(world.node_rules(), terminals=terminals))
    venue.do(begin("sign-on:1"))
    venue.do(sign_on("sign-on:key"))
    asked = {"how": "shift", "shift": "1", **more}
    assert refused(venue, begin("sign-on:2", **asked)) is NotPossible
    assert refused(venue, end(**{"shift": "1", **more})) is NotPossible


def test_a_shift_ends_under_its_own_id_only(venue: Venue) -> None:
    assert refused(venue, end(request_id="other")) is Misuse


def forged(venue: Venue, *facts: SignOnFact | SignOffFact, segment: int = 1) -> set[str]:
    """Return what is found once facts stand in the journal."""
    for fact in facts:
        forge(venue, fact, segment)
    return codes(venue)


def told(venue: Venue, **more: Any) -> SignOnFact:
    """Return the fact that a shift began, changed."""
    given = {"terminal": "p1", "how": "pin", "staff": "li", "shift": "s1", **more}
    return SignOnFact(rules=versions(venue), **given)


def test_sign_ons_that_were_right_are_not_found(sqlite_venue: Venue) -> None:
    venue = sqlite_venue
    off = SignOffFact(rules=versions(venue), terminal="p1", staff="li", shift="s1")
    key = told(venue, how="key", staff="", shift="")
    assert forged(venue, key, told(venue), told(venue, how="shift"), off) == set()


@pytest.mark.parametrize(
    "more",
    [
        {"terminal": "nowhere"},
        {"terminal": "gone"},
        {"terminal": "t1"},
        {"staff": "nobody"},
        {"staff": "gone"},
    ],
    ids=str,
)
def test_a_sign_on_that_was_not_allowed_is_found(sqlite_venue: Venue, more: dict[str, str]) -> None:
    assert forged(sqlite_venue, told(sqlite_venue, **more)) == {"sign_on_not_allowed"}


def test_shifts_that_were_not_open_are_found(sqlite_venue: Venue) -> None:
    venue = sqlite_venue
    off = SignOffFact(rules=versions(venue), terminal="p1", staff="li", shift="s9")
    assert forged(venue, off) == {"shift_differs"}


@pytest.mark.parametrize("more", [{"how": "shift"}, {"how": "shift", "staff": "han"}], ids=str)
def test_a_shift_continued_by_another_or_out_of_nothing_is_found(
    sqlite_venue: Venue, more: dict[str, str]
) -> None:
    venue = sqlite_venue
    begun = [told(venue)] if "staff" in more else []
    assert forged(venue, *begun, told(venue, **more)) == {"shift_differs"}


def test_a_shift_begun_twice_is_found(sqlite_venue: Venue) -> None:
    assert forged(sqlite_venue, told(sqlite_venue), told(sqlite_venue)) == {"shift_differs"}


def test_a_sign_on_of_another_segment_is_found(sqlite_venue: Venue) -> None:
    venue = sqlite_venue
    assert forged(venue, told(venue), segment=venue.home) == {"row_wrong_segment"}
