"""A gate by itself: what it asks, what it keeps, whose answers it acts on, what it may do alone."""

from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from paifang.core import limits
from paifang.core.tickets import Passage
from paifang.ledger import tables as t
from paifang.ledger.commands import Admit, Annul, ConfirmPassage, Record
from paifang.ledger.facts import AdmissionFact, payload_of
from paifang.ledger.lease_commands import WireAnswer
from paifang.sync import gates
from paifang.sync.lane import Lane, Policy, StoreFault
from paifang.sync.lane_messages import Fence, LaneAnswer, LaneAsk, LaneDown
from paifang.sync.lane_store import SqliteLaneStore
from tests.ledger.world import at
from tests.sync.failover import Failover

HOST, OTHER = "host", "other"
SEGMENT = "5" * 32
NOW = at(10)
MINUTE = 60_000


class MemoryStore:
    """What a gate keeps, for tests of its logic; it can be told to fail."""

    def __init__(self) -> None:
        self.texts: dict[str, bytes] = {}
        self.fails = False

    def load(self) -> Mapping[str, bytes]:
        return dict(self.texts)

    def save(self, changes: Mapping[str, bytes | None]) -> None:
        if self.fails:
            raise StoreFault("no room")
        for name, value in changes.items():
            if value is None:
                self.texts.pop(name, None)
            else:
                self.texts[name] = value


class Bench:
    """A gate and its store."""

    def __init__(self, policy: Policy = Policy()) -> None:  # noqa: B008 - a value
        self.store = MemoryStore()
        self.policy = policy
        self.count = 0
        self.start()

    def start(self) -> None:
        self.lane = Lane("g1", self.store, self.policy, self.token)

    def token(self) -> str:
        self.count += 1
        return f"t{self.count}"

    def scan(self, code: str = "A", direction: str = "entry", count: int = 1) -> str:
        return self.lane.scan("north", code, NOW, direction, count)

    def hear(self, *answers: LaneAnswer, **more: object) -> list[tuple[str, bool, str]]:
        down = LaneDown(node=HOST, answers=answers, **more)  # type: ignore[arg-type]
        return [(each.request_id, each.opens, each.reason) for each in self.lane.hear(down, NOW)]

    @property
    def acts(self) -> list[tuple[str, str]]:
        return [(ask.act, ask.request_id) for ask in self.lane.up().asks]


def permissive(genuine: Callable[[str], bool]) -> Policy:
    return Policy(permissive=True, provisional_max=3, cut_off_ms_max=5 * MINUTE, genuine=genuine)


def answer(
    request_id: str, reason: str = "ok", *, epoch: int = 2, seq: int = 1, node: str = HOST
) -> LaneAnswer:
    fact = AdmissionFact(
        terminal="g1", gate="north", zone="hall", reason=reason, people=int(reason == "ok")
    )
    row = WireAnswer(request_id, SEGMENT, epoch, seq, NOW, node, "admission", payload_of(fact))
    return LaneAnswer(row, epoch)


def fence(epoch: int, **more: object) -> Fence:
    return Fence(b"lease", epoch, (SEGMENT,), **more)  # type: ignore[arg-type]


def test_an_intent_keeps_its_request_until_it_is_answered() -> None:
    bench = Bench()
    first = bench.scan()
    assert bench.scan() == first
    assert bench.scan("B") != first
    assert bench.scan(count=2) != first
    assert bench.hear(answer(first, "already_used")) == [(first, False, "already_used")]
    assert bench.scan() != first


def test_an_answer_opens_once_and_is_kept_until_the_centre_has_it() -> None:
    bench = Bench()
    request = bench.scan()
    assert bench.hear(answer(request, seq=7)) == [(request, True, "ok")]
    assert bench.hear(answer(request, seq=7)) == []
    bench.lane.passed(request)
    bench.lane.passed(request)
    assert bench.hear(acks=((SEGMENT, 2, 6), (SEGMENT, 4, 9))) == []
    assert list(bench.lane.kept) == [request]
    assert bench.lane.waits
    bench.hear(acks=((SEGMENT, 2, 7),))
    assert not bench.lane.waits


def test_answers_of_a_host_that_was_fenced_off_are_dropped_and_asked_again() -> None:
    bench = Bench()
    request, other = bench.scan(), bench.scan("B")
    bench.hear(fences=(fence(4),))
    assert bench.hear(answer(request, epoch=2)) == []
    own = WireAnswer(other, "0" * 32, 0, 1, NOW, HOST, "admission", answer(other).row.payload)
    assert bench.hear(LaneAnswer(own, 0), fences=(fence(2),)) == []
    assert [name for _, name in bench.acts] == [request, other]
    bench.start()
    assert bench.hear(answer(request, epoch=2)) == []
    assert bench.lane.fences == {SEGMENT: 4}


def test_a_newer_epoch_in_an_answer_is_a_fence_as_well() -> None:
    bench = Bench()
    request = bench.scan()
    bench.hear(answer(request, epoch=6))
    assert bench.lane.fences == {SEGMENT: 6}


def test_a_fenced_gate_tells_its_whole_journal_in_parts() -> None:
    bench = Bench()
    many = limits.RECOVER_ACTS_MAX + 1
    for n in range(many):
        request = bench.scan(f"c{n}")
        bench.hear(answer(request, "already_used", seq=n + 1))
    assert bench.lane.up().part is None
    bench.hear(fences=(fence(4, collects=True),))
    first = bench.lane.up().part
    assert first is not None
    assert (first.part, first.parts, len(first.acts)) == (1, 2, limits.RECOVER_ACTS_MAX)
    bench.hear(fences=(fence(4, collects=True, tag=first.tag, taken=1),))
    second = bench.lane.up().part
    assert second is not None
    assert {act.seq for act in (*first.acts, *second.acts)} == set(range(1, many + 1))
    bench.hear(fences=(fence(4, collects=True, tag=first.tag, taken=2),))
    assert bench.lane.up().part is None
    bench.start()
    bench.hear(fences=(fence(4, collects=True, tag=first.tag, taken=1),))
    again = bench.lane.up().part
    assert again is not None
    assert (again.part, again.tag == first.tag) == (1, False)


def test_acts_move_to_where_the_next_host_wrote_them() -> None:
    bench = Bench()
    request = bench.scan()
    bench.hear(answer(request, "already_used", seq=7, node=OTHER))
    assert bench.lane.up().unsettled == (request,)
    bench.hear(settled=((request, SEGMENT, 4, 20), ("nobody's", SEGMENT, 4, 21)))
    assert bench.lane.kept[request].row.seq == 20
    bench.hear(settled=((request, SEGMENT, 4, 20),))
    bench.hear(settled=((request, SEGMENT, 1, 3),))
    bench.hear(fences=(fence(6),))
    bench.hear(settled=((request, SEGMENT, 4, 19),))
    assert bench.lane.kept[request].row.seq == 20


def test_a_strict_gate_refuses_when_cut_off_and_asks_what_became_of_it() -> None:
    bench = Bench()
    request = bench.scan()
    verdict = bench.lane.give_up(request, NOW)
    assert verdict is not None
    assert (verdict.opens, verdict.reason) == (False, "offline_not_allowed")
    assert bench.lane.give_up(request, NOW) is None
    assert bench.lane.give_up("nobody's", NOW) is None
    assert bench.acts == [("withdraw", request)]
    assert bench.scan() == request
    assert bench.acts == [("admit", request)]
    bench.lane.give_up(request, NOW)
    assert bench.hear(answer(request)) == []
    assert bench.acts == [("passage", f"passage:{request}")]
    assert bench.hear(answer(f"passage:{request}", "already_used")) == []
    assert bench.acts == []
    other = bench.scan("B")
    bench.lane.give_up(other, NOW)
    bench.hear(answer(other, "offline_not_allowed"))
    assert bench.acts == []


def test_whoever_leaves_is_let_out_by_every_gate() -> None:
    bench = Bench()
    request = bench.scan(direction="exit")
    verdict = bench.lane.give_up(request, NOW)
    assert verdict is not None
    assert (verdict.opens, verdict.basis) == (True, "provisional")
    bench.hear(answer(request, "offline_not_allowed"))
    (record,) = bench.lane.up().asks
    assert (record.act, record.direction, record.at_ms) == ("record", "exit", NOW)


def test_a_permissive_gate_lets_in_within_its_caps_and_tells_it_later() -> None:
    bench = Bench(permissive(lambda code: code != "forged"))
    bench.hear()
    ids = {code: bench.scan(code) for code in ("A", "forged", "B", "C")}
    alone = {
        code: (bench.lane.give_up(request, NOW) or pytest.fail("no verdict")).opens
        for code, request in ids.items()
    }
    assert alone == {"A": True, "forged": False, "B": True, "C": True}
    more = bench.scan("D")
    assert bench.lane.give_up(more, NOW + MINUTE).opens is False  # type: ignore[union-attr]
    assert bench.hear(answer(ids["A"])) == []
    assert bench.hear(answer(ids["B"], "offline_not_allowed")) == []
    assert ("record", f"{ids['B']}.late") in bench.acts
    assert bench.hear(faults=((f"{ids['B']}.late", "in_future"),)) == []
    assert ("record", f"{ids['B']}.late") in bench.acts
    bench.hear(answer(f"{ids['B']}.late"))
    again = bench.scan("A")
    assert again != ids["A"]
    assert bench.lane.give_up(again, NOW).opens is False  # type: ignore[union-attr]
    last = bench.scan("E")
    assert bench.lane.give_up(last, NOW + 6 * MINUTE).opens is False  # type: ignore[union-attr]


def test_a_gate_that_restarts_tells_whom_it_let_in_by_itself() -> None:
    bench = Bench(permissive(lambda _code: True))
    bench.hear()
    request = bench.scan()
    assert bench.lane.give_up(request, NOW) is not None
    bench.start()
    assert bench.lane.intents[request].state == "provisional"
    assert bench.hear(answer(request, "offline_not_allowed")) == []
    assert bench.acts == [("record", f"{request}.late")]


def test_a_permissive_gate_knows_whom_a_host_let_in_there() -> None:
    bench = Bench(permissive(lambda _code: True))
    request = bench.scan()
    bench.hear(answer(request))
    bench.lane.passed(request)
    bench.start()
    bench.hear()
    again = bench.scan()
    assert bench.lane.give_up(again, NOW).opens is False  # type: ignore[union-attr]


def test_after_a_restart_nobody_is_assumed_to_stand_there_or_to_have_passed() -> None:
    bench = Bench()
    opened, asked, left = bench.scan(), bench.scan("B"), bench.scan("C", "exit")
    bench.hear(answer(opened), answer(left, seq=2))
    bench.start()
    assert bench.acts == [("passage", f"passage:{opened}"), ("withdraw", asked)]


def test_people_who_did_not_pass_are_told_of_before_others_are_asked_for() -> None:
    bench = Bench()
    one, two = bench.scan(), bench.scan("B")
    bench.hear(answer(one), answer(two, seq=2))
    again = bench.scan("C")
    bench.lane.not_passed(one, annul=True)
    bench.lane.not_passed(two)
    bench.lane.not_passed("nobody's")
    assert bench.acts == [
        ("annul", f"annul:{one}"),
        ("passage", f"passage:{two}"),
        ("admit", again),
    ]
    bench.hear(faults=((f"annul:{one}", "too_late"), (f"passage:{two}", "unavailable")))
    assert bench.acts == [("passage", f"passage:{two}"), ("admit", again)]


def test_one_of_a_party_is_asked_for_once_it_is_known_what_became_of_the_party() -> None:
    """The host had let the party in, and nobody stood there any more when its answer came."""
    bench = Bench()
    party = bench.scan(count=3)
    bench.lane.give_up(party, NOW)
    one, leaving, other = bench.scan(), bench.scan(direction="exit"), bench.scan("B")
    assert bench.acts == [("withdraw", party), ("admit", leaving), ("admit", other)]
    bench.hear(answer(party), answer(leaving, seq=2), answer(other, seq=3))
    assert bench.acts == [("passage", f"passage:{party}"), ("admit", one)]


def test_whom_a_gate_let_in_alone_is_told_before_the_next_with_that_code_is_asked_for() -> None:
    bench = Bench(permissive(lambda _code: True))
    bench.hear()
    first = bench.scan()
    assert bench.lane.give_up(first, NOW) is not None
    second = bench.scan()
    assert bench.acts == [("withdraw", first)]
    bench.hear(answer(first, "offline_not_allowed"))
    assert bench.acts == [("record", f"{first}.late"), ("admit", second)]


def test_a_fault_ends_an_intent_unless_it_may_pass() -> None:
    bench = Bench()
    one, two = bench.scan(), bench.scan("B")
    assert bench.hear(faults=((one, "storage_fault"), ("nobody's", "misuse"))) == []
    assert bench.hear(faults=((one, "not_allowed"),)) == [(one, False, "not_allowed")]
    bench.lane.give_up(two, NOW)
    assert bench.hear(faults=((two, "not_allowed"),)) == []
    assert bench.acts == []


def test_what_cannot_be_written_down_is_not_acted_on() -> None:
    bench = Bench()
    request = bench.scan()
    bench.store.fails = True
    with pytest.raises(StoreFault):
        bench.scan("B")
    assert bench.hear(answer(request)) == []
    bench.store.fails = False
    assert bench.acts == [("admit", request)]
    assert bench.hear(answer(request)) == [(request, True, "ok")]


def test_the_store_keeps_all_or_nothing_over_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "gate.db"
    store = SqliteLaneStore(path)
    store.save({"a": b"1", "b": b"2"})
    store.save({"a": None, "b": b"3", "c": b"4"})
    store._connection.execute(  # noqa: SLF001 - a disk that fails on purpose
        "CREATE TRIGGER full BEFORE INSERT ON kept WHEN NEW.name='d'"
        " BEGIN SELECT RAISE(ABORT, 'no room'); END"
    )
    with pytest.raises(StoreFault):
        store.save({"b": None, "d": b"5"})
    store.close()
    assert dict(SqliteLaneStore(path).load()) == {"b": b"3", "c": b"4"}
    with pytest.raises(StoreFault):
        SqliteLaneStore(tmp_path / "nowhere" / "gate.db")
    broken = SqliteLaneStore(path)
    broken.close()
    with pytest.raises(StoreFault):
        broken.save({"a": b"1"})


def test_a_store_that_another_process_holds_keeps_nothing_until_it_is_let_in(
    tmp_path: Path,
) -> None:
    path = tmp_path / "gate.db"
    store = SqliteLaneStore(path)
    with closing(apsw.Connection(str(path))) as intruder:
        intruder.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreFault):
            store.save({"a": b"1"})
        assert store.load() == {}
        intruder.execute("ROLLBACK")
    store.save({"a": b"1"})
    assert store.load() == {"a": b"1"}
    store.close()


# The host's side.


def test_what_a_gate_asks_becomes_a_command() -> None:
    shown = gates.Shown(lookups=(b"h",))
    ask = LaneAsk("r", "admit", "north", "A")
    admit = gates.command_of(ask, "g1", shown, "li")
    assert isinstance(admit, Admit)
    assert (admit.verdict, admit.staff) == ("genuine", "li")
    withdrawn = gates.command_of(LaneAsk("r", "withdraw", "north", "A"), "g1", shown, "li")
    assert isinstance(withdrawn, Admit)
    assert withdrawn.verdict == "withdrawn"
    assert withdrawn.content_digest() == admit.content_digest()
    record = gates.command_of(LaneAsk("r", "record", "north", "A", at_ms=5), "g1", shown)
    assert isinstance(record, Record)
    assert record.at_ms == 5
    passage = LaneAsk("r", "passage", admission="a", result=int(Passage.passed))
    assert isinstance(gates.command_of(passage, "g1", shown), ConfirmPassage)
    annul = gates.command_of(LaneAsk("r", "annul", admission="a"), "g1", shown)
    assert isinstance(annul, Annul)
    for wrong in (LaneAsk("r", "passage", result=9), LaneAsk("r", "passage"), LaneAsk("r", "eat")):
        assert gates.command_of(wrong, "g1", shown) == "misuse"


def test_the_centre_confirms_what_it_decided_itself(failover: Failover) -> None:
    lane = failover.lane("t1")
    assert failover.scan(lane, "nobody's", failover.centre) == "unknown"
    failover.ask(lane, failover.centre)
    assert not lane.kept


def test_a_host_without_a_lease_answers_no_gate(failover: Failover) -> None:
    lane = failover.lane("g1")
    lane.scan("north", "A", failover.clock.now_ms())
    down = failover.answer(failover.new, lane.up())
    assert [code for _, code in down.faults] == ["unavailable"]
    odd = lane.up().__class__(terminal="g1", asks=(LaneAsk("r", "eat"),))
    assert failover.answer(failover.old, odd).faults == (("r", "misuse"),)


def test_late_history_is_no_confirmation(failover: Failover) -> None:
    one, two = failover.lane("g1"), failover.lane("g2")
    assert failover.scan(one, "A", failover.old) == "ok"
    failover.give_up_old()
    failover.talk(failover.old, 2)
    down = failover.answer(failover.old, two.up())
    (kept,) = one.kept.values()
    assert (kept.row.segment, kept.row.epoch) not in {
        (uuid, epoch) for uuid, epoch, seq in down.acks if seq >= kept.row.seq
    }
    assert len(failover.centre.ledger.rows(t.LATE)) == 1
