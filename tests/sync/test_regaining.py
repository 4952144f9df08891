"""What a restored centre takes from a lessee part by part, and what it does not take."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from paifang.core.leases import LeaseState
from paifang.core.rules import Peer
from paifang.ledger import freeze
from paifang.ledger import tables as t
from paifang.ledger.commands import OpenSegment
from paifang.ledger.faults import NotAllowed, NotFound, NotPossible
from paifang.ledger.lease_commands import (
    ApplyDelta,
    Counts,
    HearPeer,
    ReturnLease,
    WireAnswer,
)
from paifang.ledger.restore_commands import (
    DONE,
    Ask,
    HearRestored,
    LeaseTold,
    Regain,
    Reported,
)
from paifang.sync import centre, restored
from paifang.sync.envelope import seal, take_apart, unseal
from paifang.sync.messages import Up
from tests.ledger import world
from tests.ledger.venue import key
from tests.ledger.world import at
from tests.sync.copies import Copy, copied, put_back, restore
from tests.sync.failover import SPARE
from tests.sync.nodes import CENTRE, HOST, LEASE, Pair


@pytest.fixture
def selling(pair: Pair) -> Pair:
    """A centre that sold some tickets, and knows two hosts of which one was withdrawn."""
    ledger = pair.centre.ledger
    node = world.node_rules()
    spare = Peer(SPARE, "Spare", "ab" * 32)
    gone = Peer("gone", "Gone", "cd" * 32, revoked=True)
    peers = {HOST: pair.host.peer("Host"), SPARE: spare, "gone": gone}
    ledger.publish(replace(node, peers=peers))
    for code in ("A", "B"):
        ledger.issue(code)
    return pair


@pytest.fixture
def forgotten(selling: Pair) -> Pair:
    """A centre that gave a lease after the backup it was brought back from."""
    copy = copied(selling.centre.ledger)
    selling.grant()
    selling.talk(2)
    restore(selling.centre.ledger, copy)
    return selling


def told(pair: Pair, **more: Any) -> Regain:
    """Return the first part of what the host tells of its lease."""
    grant = pair.open_grant(pair.grants[LEASE])
    forgotten = LeaseTold(
        grant.site,
        grant.periods,
        grant.epoch,
        grant.rights,
        grant.granted_ms,
        grant.not_after_ms,
        grant.heads,
        more.pop("counts", grant.counts),
        pair.grants[LEASE],
        LeaseState.ready,
    )
    fields = {"node": HOST, "lease": LEASE, "after": "", "until": DONE, "told": forgotten}
    return Regain(**{**fields, **more})


def test_only_its_own_host_tells_of_a_lease(forgotten: Pair) -> None:
    do = forgotten.centre.ledger.do
    for node in ("stranger", "gone"):
        with pytest.raises(NotAllowed):
            do(told(forgotten, node=node))
    with pytest.raises(NotFound):
        do(told(forgotten, told=None))
    with pytest.raises(NotPossible, match="beginning"):
        do(told(forgotten, after="0:1"))
    do(told(forgotten, until="0:1"))
    with pytest.raises(NotAllowed):
        do(told(forgotten, node=SPARE, after="0:1"))
    with pytest.raises(NotPossible, match="already"):
        do(told(forgotten))
    do(told(forgotten, after="0:1", told=None))
    with pytest.raises(NotPossible, match="already"):
        do(told(forgotten, after="0:1"))
    assert forgotten.verified() == []


def test_counts_of_places_and_sessions_that_are_not_its_own_are_left_alone(
    forgotten: Pair,
) -> None:
    ledger = forgotten.centre.ledger
    counts = Counts((("hall", at(0), 5, 2),), ((99, 4), (3, 2), (2, 0)))
    ledger.do(told(forgotten, counts=counts, closes=(bytes(16), LEASE)))
    assert ledger.inside() == 3
    assert [tuple(row) for row in ledger.rows(t.SESSION_COUNT) if row.admitted] == [(3, 2)]
    assert forgotten.verified() == []


def test_who_entered_a_session_before_the_lease_is_counted_again(selling: Pair) -> None:
    ledger = selling.centre.ledger
    copy = copied(ledger)
    ledger.issue("S", product=world.GALA, session=3)
    ledger.issue("R", product=world.RE_ENTRY)
    assert ledger.says("S") == "ok"
    assert ledger.says("R") == "ok"
    assert ledger.says("R", direction="exit") == "ok"
    selling.grant()
    selling.talk(2)
    assert selling.host.ledger.says("R") == "re_entry"
    restore(ledger, copy)
    report_of_the_spare(selling)
    selling.talk(5)
    assert selling.differences() == []
    assert selling.verified() == []


def report_of_the_spare(pair: Pair) -> None:
    """Let nobody wait for the second host."""
    pair.centre.ledger.do(Reported(node=SPARE))
    with pytest.raises(NotPossible):
        pair.centre.ledger.do(Reported(node=SPARE))


def test_answers_and_people_known_already_are_passed_over(forgotten: Pair) -> None:
    ledger = forgotten.centre.ledger
    ledger.do(OpenSegment(request_id="known", site="park", period="other"))
    heads = forgotten.open_grant(forgotten.grants[LEASE]).heads
    known = WireAnswer(
        "known",
        heads[0].name.uuid,
        0,
        1,
        at(9),
        CENTRE,
        "issue",
        b"{}",
    )
    fresh = msgspec.structs.replace(known, request_id="asked at a gate")
    ledger.do(told(forgotten, answers=(known, fresh), erased=(bytes(16), key("ticket A"))))
    assert [row.request_id for row in ledger.rows(t.SETTLED)] == ["asked at a gate"]
    assert ledger.kinds().count("erase") == 1


def test_a_lease_that_ran_on_the_site_ends_with_the_later_one(selling: Pair) -> None:
    ledger = selling.centre.ledger
    selling.grant()
    selling.talk(2)
    copy = copied(ledger)
    selling.host.ledger.do(ReturnLease(request_id="r", lease=LEASE))
    selling.talk(2)
    second = bytes(15) + b"2"
    selling.grant(second)
    selling.talk(2)
    assert selling.host.ledger.says("A") == "ok"
    restore(ledger, copy)
    report_of_the_spare(selling)
    selling.talk(6)
    states = {lease.id: lease.state for lease in ledger.rows(t.LEASE)}
    assert states == {LEASE: LeaseState.broken, second: LeaseState.ready}
    assert ledger.inside() == 1
    assert selling.verified() == []


# Between the nodes.


def answered(pair: Pair, up: Up, own: restored.Own) -> tuple[tuple[str, str], ...]:
    reader = pair.centre.ledger.reader()
    ledger = pair.centre.ledger
    here = centre.Here(CENTRE, pair.grants.get, at(10), own)
    down = centre.answer(reader.raw, lambda commands: ledger.batch(*commands), up, here)
    reader.close()
    return down.faults


def test_a_grant_the_centre_did_not_sign_is_not_taken_back(forgotten: Pair) -> None:
    forgotten.talk(2)
    up = unseal(take_apart(forgotten.up()), forgotten.host.checks, Up)
    assert up.told
    assert answered(forgotten, up, restored.NOTHING)[:1] == ((LEASE.hex(), "altered"),)
    other = msgspec.structs.replace(
        up, told=(msgspec.structs.replace(up.told[0], lease=bytes(16)),)
    )
    assert answered(forgotten, other, forgotten.own()) == ((bytes(16).hex(), "altered"),)
    assert forgotten.centre.ledger.rows(t.LEASE) == []
    # Told to a centre that has gone on meanwhile, it counts for nothing.
    late = msgspec.structs.replace(up, generation=0)
    assert answered(forgotten, late, forgotten.own()) == ()


def test_rules_the_centre_did_not_sign_are_not_taken_back(selling: Pair) -> None:
    ledger = selling.centre.ledger
    selling.grant()
    selling.talk(2)
    copy = copied(ledger)
    ledger.publish(replace(ledger.rules.centre, issuing_keys=("ab",)))
    selling.talk(2)
    restore(ledger, copy)
    report_of_the_spare(selling)
    selling.talk(2)
    up = unseal(take_apart(selling.up()), selling.host.checks, Up)
    assert [bundle.version for bundle in up.bundles] == [2]
    answered(selling, up, restored.NOTHING)
    assert ledger.rules.centre.version == 1
    selling.talk(2)
    assert ledger.rules.centre.version == 2


def test_a_lessee_is_asked_of_its_own_leases_and_of_none_it_does_not_know(selling: Pair) -> None:
    selling.grant()
    selling.talk(2)
    reader = selling.centre.ledger.reader()
    restore(selling.centre.ledger, copied(selling.centre.ledger))
    up = unseal(take_apart(selling.up()), selling.host.checks, Up)
    generation = freeze.generation(reader.raw.meta())
    stranger = msgspec.structs.replace(up, node=SPARE, generation=generation)
    ledger = selling.centre.ledger
    assert restored.asks_of(reader.raw, lambda commands: ledger.batch(*commands), stranger) == ()
    reader.close()
    host = selling.host.ledger
    host.do(HearRestored(generation=generation, asks=(Ask(bytes(16)), Ask(LEASE, DONE))))
    theirs = host.reader()
    assert restored.tell_asked(theirs.raw, theirs.raw.meta(), 1_000) == ((), ())
    theirs.close()


def test_what_the_centre_said_before_a_restore_is_not_heard_after_it(selling: Pair) -> None:
    selling.grant()
    late = selling.down(selling.up())
    host = selling.host.ledger
    host.do(HearRestored(generation=3))
    selling.hear(late)
    assert selling.leases("host") == []
    with pytest.raises(NotPossible):
        host.do(HearRestored(generation=2))
    host.do(HearRestored(generation=3))
    assert host.kinds().count("restore") == 1


def test_an_empty_part_is_passed_over(selling: Pair) -> None:
    ledger = selling.centre.ledger
    selling.grant()
    selling.talk(2)
    copy: Copy = copied(ledger)
    ledger.issue("late")
    selling.talk(2)
    cursor = selling.leases("host")[0].cursor
    selling.host.ledger.do(ApplyDelta(lease=LEASE, cursor=cursor))
    restore(ledger, copy)
    report_of_the_spare(selling)
    selling.talk(5)
    assert key("ticket late") in {row.id for row in ledger.rows(t.TICKET)}
    assert selling.differences() == []
    assert selling.verified() == []


def test_its_messages_are_no_other_machines_after_a_restore(selling: Pair) -> None:
    ledger = selling.centre.ledger
    ledger.do(HearPeer(node=HOST, boot=1, nonce=b"one"))
    copy = copied(ledger)
    ledger.do(HearPeer(node=HOST, boot=1, nonce=b"two", last=b"one"))
    ledger.do(HearPeer(node=HOST, boot=1, nonce=b"three", last=b"two"))
    put_back(ledger, copy)
    ledger.do(HearPeer(node=HOST, boot=1, nonce=b"four", last=b"three"))
    assert ledger.kinds().count("peer") == 1
    restore(ledger, copy)
    ledger.do(HearPeer(node=HOST, boot=1, nonce=b"four", last=b"three"))
    assert ledger.kinds().count("peer") == 0
    ledger.do(HearPeer(node=HOST, boot=1, nonce=b"six", last=b"five"))
    assert ledger.kinds().count("peer") == 1


def test_a_first_lease_after_a_restore_is_heard_of_at_once(selling: Pair) -> None:
    ledger = selling.centre.ledger
    restore(ledger, copied(ledger))
    report_of_the_spare(selling)
    reader = ledger.reader()
    generation = freeze.generation(reader.raw.meta())
    nothing = Up(node=HOST, boot=0, nonce=b"", generation=generation)
    here = centre.Here(CENTRE, selling.grants.get, at(10), selling.own())

    def answer() -> bytes:
        down = centre.answer(reader.raw, lambda commands: ledger.batch(*commands), nothing, here)
        return seal(down, CENTRE, selling.centre.sign)

    # Written down for a host that has not spoken: nobody takes that for its report.
    answer()
    assert freeze.awaited(reader.raw.meta()) == (HOST,)
    ledger.do(Reported(node=HOST))
    selling.grant()
    selling.hear(answer())
    reader.close()
    assert [lease.state for lease in selling.leases("host")] == [LeaseState.ready]
