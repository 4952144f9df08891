"""Sealed grants in the corners: what is refused, repeated, late, and what goes back."""

from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from paifang.core.leases import LeaseState, WishState, partner_of
from paifang.core.tickets import Passage, Status
from paifang.ledger import tables as t
from paifang.ledger.commands import SetStatus
from paifang.ledger.conflicts import late_conflicts
from paifang.ledger.faults import Gap, LedgerFault, Misuse, NotAllowed, NotPossible
from paifang.ledger.lease_commands import (
    BreakLease,
    HearSpare,
    KeepActs,
    LoadRecords,
    MakeWish,
    OpenLease,
    ReturnLease,
    TakeLease,
)
from paifang.ledger.records import SegmentName
from paifang.sync import lessee, spares
from paifang.sync.lane import Policy
from paifang.sync.messages import Down, Up
from tests.ledger import world
from tests.ledger.venue import key
from tests.ledger.world import SettableClock, at
from tests.sync.failover import FIRST, SECOND, SPARE
from tests.sync.nodes import CENTRE, HOST
from tests.sync.spares import SEALED, Guarded, breaks
from tests.sync.test_failover import clean
from tests.sync.test_importing import command_of


def take_over(guarded: Guarded, *lanes: str) -> None:
    """Break the glass, and let these gates tell what they keep."""
    guarded.break_glass()
    for name in lanes:
        guarded.ask(guarded.lane(name), guarded.new, 2)


def healed(guarded: Guarded) -> None:
    """Let everything flow back, and find nothing wrong."""
    guarded.talk(guarded.new, 3)
    guarded.talk(guarded.old, 2)
    guarded.talk(guarded.new)
    assert not guarded.differences()
    for node in (guarded.centre, guarded.old, guarded.new):
        clean(node)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"spare": "nobody"}, NotAllowed),
        ({"spare": HOST}, Misuse),
        ({"spare": SPARE, "rights": ("admit", "exchange")}, Misuse),
    ],
)
def test_not_every_host_stands_behind_every_lease(
    guarded: Guarded, changes: dict[str, object], fault: type[LedgerFault]
) -> None:
    guarded.old.ledger.do(ReturnLease(lease=FIRST, actor="wang"))
    guarded.talk(guarded.old, 2)
    wanted = guarded.granted(SECOND, HOST)
    with pytest.raises(fault):
        guarded.centre.ledger.do(msgspec.structs.replace(wanted, **changes))


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"second": "wang"}, NotAllowed),
        ({"actor": ""}, NotAllowed),
        ({"reason_text": " "}, Misuse),
        ({"lease": FIRST}, LedgerFault),
    ],
)
def test_glass_is_broken_by_two_persons_for_a_reason(
    guarded: Guarded, changes: dict[str, object], fault: type[LedgerFault]
) -> None:
    with pytest.raises(fault):
        guarded.break_glass(**changes)
    guarded.break_glass()
    with pytest.raises(NotPossible, match="in use"):
        guarded.break_glass(request_id="again")


def test_glass_is_not_broken_after_the_end(guarded: Guarded) -> None:
    guarded.clock.time_ms = at(12, day=4)
    with pytest.raises(NotPossible, match="over"):
        guarded.break_glass()


def test_glass_is_not_broken_on_half_a_list(guarded: Guarded) -> None:
    kept = guarded.lease(guarded.new, SEALED)
    assert kept is not None
    (head,) = [row for row in guarded.new.ledger.rows(t.HEAD) if row.period == "fair"]
    assert head.epoch == kept.epoch
    other = partner_of(SECOND)
    half = TakeLease(
        lease=other,
        site="other",
        periods=(),
        lessee=SPARE,
        epoch=3,
        rights=("admit",),
        granted_ms=0,
        not_after_ms=at(12, day=3),
        chunks=2,
        cursor=0,
        heads=(),
        sealed=True,
    )
    guarded.new.ledger.do(half)
    guarded.new.ledger.do(LoadRecords(lease=other, chunk=1, segments=(), records=()))
    with pytest.raises(Gap, match="1 of 2"):
        guarded.new.ledger.do(breaks(lease=other, request_id="half"))


def test_what_is_relayed_comes_in_order_and_once(guarded: Guarded) -> None:
    reader = guarded.new.ledger.reader()
    (cursor, *_) = spares.cursors(reader.raw, lessee.leases_of(reader.raw))
    reader.close()
    uuid, epoch, seq = cursor
    told = KeepActs(lease=SEALED, segment=uuid, epoch=epoch, since=seq, until=seq + 2)
    for since, until, fault in ((seq + 1, seq + 3, Gap), (seq, seq, NotPossible)):
        with pytest.raises(fault):
            guarded.new.ledger.do(msgspec.structs.replace(told, since=since, until=until))
    for changes in ({"lease": FIRST}, {"segment": "00" * 16}):
        with pytest.raises(LedgerFault):
            guarded.new.ledger.do(msgspec.structs.replace(told, **changes))
    guarded.new.ledger.do(told)
    with pytest.raises(NotPossible):
        guarded.new.ledger.do(told)
    guarded.new.ledger.do(msgspec.structs.replace(told, until=seq + 3))
    guarded.break_glass()
    with pytest.raises(NotPossible, match="only a sealed grant"):
        guarded.new.ledger.do(msgspec.structs.replace(told, until=seq + 4))


def test_a_position_never_goes_back_and_an_answer_holds_once(guarded: Guarded) -> None:
    uuid = "ab" * 16
    ledger = guarded.old.ledger
    ledger.do(HearSpare(cursors=((uuid, 2, 7),)))
    ledger.do(HearSpare(cursors=((uuid, 2, 5),), wishes=(bytes(16),)))
    assert [row for row in ledger.rows(t.SPARED) if row.segment == uuid] == [(uuid, 2, 7)]


def test_what_became_of_people_goes_back_too(guarded: Guarded) -> None:
    """The gate is gone; what it had told of people counts no more, at the centre neither."""
    one = guarded.lane("g1")
    first = one.scan("north", "A", guarded.clock.now_ms())
    guarded.ask(one, guarded.old)
    second = one.scan("north", "B", guarded.clock.now_ms())
    guarded.ask(one, guarded.old)
    one.not_passed(first, annul=True)
    one.not_passed(second)
    guarded.ask(one, guarded.old)
    guarded.talk(guarded.old)
    aftermaths = guarded.centre.ledger.rows(t.AFTERMATH)
    assert {row.admission: (row.passage, row.annulled) for row in aftermaths} == {
        first: (0, 1),
        second: (Passage.not_shown, 0),
    }
    take_over(guarded, "g2")
    guarded.new.ledger.do(OpenLease(lease=SEALED, written_off=("g1",), actor="wang"))
    healed(guarded)
    assert not any(any(row[1:]) for row in guarded.centre.ledger.rows(t.AFTERMATH))
    assert not [row for row in guarded.centre.ledger.rows(t.USE) if row.uses]
    reader = guarded.centre.ledger.reader()
    # Nobody is in twice by it: what was let in there alone was allowed.
    assert not list(late_conflicts(reader.raw, reader.rules().centre))
    reader.close()


def test_what_the_spare_decided_anew_answers_though_all_is_told_in_one_batch(
    guarded: Guarded,
) -> None:
    """The lessee admitted under this id, and its gate never heard; the spare knows the ticket."""
    one, two = guarded.lane("g1"), guarded.lane("g2")
    asked = one.scan("north", "A", guarded.clock.now_ms())
    guarded.answer(guarded.old, one.up())
    guarded.talk(guarded.old)
    before = guarded.centre.ledger.row(t.REQUEST, asked)
    guarded.break_glass()
    guarded.ask(two, guarded.new, 2)
    verdicts = guarded.ask(one, guarded.new, 2)
    assert [(each.request_id, each.opens) for each in verdicts] == [(asked, True)]
    assert guarded.scan(two, "A", guarded.new) == "already_used"
    with closing(guarded.new.ledger.reader()) as reader:
        up = lessee.tell(reader.raw, SPARE, lessee.Boot(1, b"n"), 1_000_000)
    own = SegmentName(SPARE.replace("-", ""), "", SPARE)
    told = [
        command_of(page, node=SPARE, segment=page.segment if page.lease else own)
        for page in up.pages
    ]
    outcomes = guarded.centre.ledger.batch(*told)
    assert not [each for each in outcomes if isinstance(each, LedgerFault)]
    after = guarded.centre.ledger.row(t.REQUEST, asked)
    assert (before.epoch % 2, after.epoch % 2) == (0, 1)
    assert guarded.centre.ledger.row(t.USE, key("ticket A"), 0).uses == 1
    healed(guarded)


def test_a_session_is_counted_by_the_spare_alone(tmp_path: Path, clock: SettableClock) -> None:
    with closing(Guarded(tmp_path / "c.db", tmp_path / "s.db", tmp_path, clock)) as guarded:
        guarded.centre.ledger.issue("S", world.GALA, session=3)
        guarded.relay()
        lane = guarded.lane("g1")
        assert guarded.scan(lane, "S", guarded.old) == "ok"
        guarded.talk(guarded.old)
        assert [row.admitted for row in guarded.centre.ledger.rows(t.SESSION_COUNT)] == [1]
        take_over(guarded, "g1", "g2")
        healed(guarded)
        assert [row.admitted for row in guarded.centre.ledger.rows(t.SESSION_COUNT)] == [1]


def test_a_block_at_the_host_is_relayed(guarded: Guarded) -> None:
    block = SetStatus(
        request_id="block", ticket=key("ticket A"), status=Status.blocked, actor="wang"
    )
    guarded.old.ledger.do(block)
    guarded.relay()
    take_over(guarded, "g1", "g2")
    assert guarded.scan(guarded.lane("g1"), "A", guarded.new) == "blocked"
    healed(guarded)


def test_several_acts_wait_for_one_ticket(guarded: Guarded) -> None:
    one = guarded.lane("g1")
    guarded.centre.ledger.issue("C", world.RE_ENTRY)
    guarded.talk(guarded.old, 2)
    assert guarded.scan(one, "C", guarded.old) == "ok"
    assert guarded.scan(one, "C", guarded.old, "exit") == "ok"
    take_over(guarded, "g1", "g2")
    guarded.talk(guarded.new, 3)
    assert guarded.scan(guarded.lane("g2"), "C", guarded.new) == "re_entry"
    healed(guarded)


def test_what_the_lessee_had_recovered_itself_is_relayed_as_that(guarded: Guarded) -> None:
    """The host with a spare had taken over from another one before."""
    guarded.old.ledger.do(ReturnLease(lease=FIRST, actor="wang"))
    guarded.talk(guarded.old, 2)
    guarded.talk(guarded.new)
    guarded.grant(SECOND, HOST)
    guarded.talk(guarded.old, 2)
    guarded.talk(guarded.new, 2)
    assert guarded.state(guarded.new, partner_of(SECOND)) == LeaseState.sealed
    assert guarded.scan(guarded.lane("g1"), "A", guarded.old) == "ok"
    guarded.relay()
    guarded.new.ledger.do(breaks(lease=partner_of(SECOND)))
    for name in ("g1", "g2"):
        guarded.ask(guarded.lane(name), guarded.new, 2)
    assert guarded.scan(guarded.lane("g2"), "A", guarded.new) == "already_used"
    healed(guarded)


def test_a_wish_refused_is_told_and_holds_too(guarded: Guarded) -> None:
    assert guarded.scan(guarded.lane("g1"), "A", guarded.old) == "ok"
    guarded.centre.ledger.do(
        MakeWish(wish=bytes(16), ticket=key("ticket A"), kind="void", actor="wang")
    )
    guarded.talk(guarded.old, 2)
    states = [(WishState.told, "already_used"), (WishState.refused, "already_used")]
    (row,) = guarded.centre.ledger.rows(t.WISH)
    assert (row.state, row.reason) == states[0]
    guarded.relay()
    (row,) = guarded.centre.ledger.rows(t.WISH)
    assert (row.state, row.reason) == states[1]
    clean(guarded.centre)


def test_an_answer_holds_once_no_spare_stands_behind_the_lease(guarded: Guarded) -> None:
    guarded.centre.ledger.do(
        MakeWish(wish=bytes(16), ticket=key("ticket A"), kind="void", actor="wang")
    )
    guarded.talk(guarded.old, 2)
    gone = BreakLease(lease=FIRST, actor="wang", second="han", reason_text="gone")
    guarded.centre.ledger.do(gone)
    guarded.talk(guarded.new)
    (row,) = guarded.centre.ledger.rows(t.WISH)
    assert row.state == WishState.granted
    clean(guarded.centre)


def test_people_let_in_by_a_gate_alone_are_told_to_the_spare(guarded: Guarded) -> None:
    policy = Policy(permissive=True, provisional_max=5, cut_off_ms_max=1 << 40, genuine=bool)
    lane = guarded.lane("g1", policy)
    guarded.ask(lane, guarded.old)
    shown = lane.scan("north", "A", guarded.clock.now_ms())
    assert lane.give_up(shown, guarded.clock.now_ms()) is not None
    take_over(guarded, "g2")
    guarded.ask(lane, guarded.new, 4)
    assert guarded.scan(guarded.lane("g2"), "A", guarded.new) == "already_used"
    healed(guarded)


def test_a_node_without_spares_tells_nothing_of_them(guarded: Guarded) -> None:
    reader = guarded.old.ledger.reader()
    assert spares.cursors(reader.raw, lessee.leases_of(reader.raw)) == ()
    quiet = Down(node=CENTRE, reply_to=b"", at_ms=0)
    assert list(spares.commands_of(reader.raw, quiet, "sync")) == []
    up = Up(node=HOST, boot=1, nonce=b"", spared=(("ab" * 16, 2, 5),))
    assert spares.heard(reader.raw, up) is None
    reader.close()
