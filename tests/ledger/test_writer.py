"""The writer: groups commits, bounds its queue, and harms nobody for another's fault."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import pytest

from paifang.core import limits
from paifang.core.tickets import Status
from paifang.ledger import tables as t
from paifang.ledger.batch import Outcome
from paifang.ledger.commands import Command, Issue, Preview, SetStatus
from paifang.ledger.disk import DiskState
from paifang.ledger.facts import AdmissionFact, Answer
from paifang.ledger.faults import NotFound, QueueFull, Stopping, Unexpected
from paifang.ledger.opening import open_engine
from paifang.ledger.writer import Port, Writer, collect, commit_through
from tests.ledger import world
from tests.ledger.chain import chain_faults
from tests.ledger.engines import NODE
from tests.ledger.venue import Venue, fact_of, fault_of, key, reasons

pytestmark = pytest.mark.timeout(120)


class Unheard(Command, frozen=True, tag="unheard", kw_only=True):
    """A command nobody has told the ledger how to carry out: a bug."""

    sells: ClassVar[bool] = False


@contextmanager
def writing(venue: Venue, **more: Any) -> Iterator[Writer]:
    """Run a writer on the venue's ledger, whose own connection is closed meanwhile."""
    venue.engine.close()
    writer = Writer(open_engine(venue.target, NODE), node=NODE, clock=venue.clock, **more)
    writer.start()
    try:
        yield writer
    finally:
        writer.stop()
        venue.engine = open_engine(venue.target, NODE)


class Gatekeeper:
    """Collects what is delivered; can hold the writer's thread up, so that a queue builds."""

    def __init__(self) -> None:
        self.batches: list[list[tuple[Any, Outcome]]] = []
        self.open = threading.Event()
        self.reached = threading.Event()
        self.open.set()

    def deliver(self, answered: list[tuple[Any, Outcome]]) -> None:
        self.batches.append(answered)
        self.reached.set()
        self.open.wait()

    def outcomes(self) -> dict[Any, Outcome]:
        return {slot: outcome for batch in self.batches for slot, outcome in batch}


def held_up(writer: Writer, first: Command) -> tuple[Gatekeeper, Port]:
    """Return a port whose first answer holds the writer up, and wait until it does."""
    keeper = Gatekeeper()
    keeper.open.clear()
    port = writer.port(keeper.deliver)
    port.submit(first, "first")
    assert keeper.reached.wait(30)
    return keeper, port


def test_what_queued_while_the_last_commit_ran_is_one_batch(venue: Venue) -> None:
    venue.batch(*(venue.issue_command(f"T{n}") for n in range(50)))
    commands = [venue.admit_command(f"T{n}") for n in range(50)]
    with writing(venue) as writer:
        keeper, port = held_up(writer, commands[0])
        for n, command in enumerate(commands):
            port.submit(command, n)
        assert writer.health().queue == 50
        keeper.open.set()
    assert [len(batch) for batch in keeper.batches] == [1, 50]
    assert set(reasons([outcome for _, outcome in keeper.batches[1]])) == {"ok"}
    assert (writer.health().batches, writer.health().commands) == (2, 51)
    assert venue.inside() == 50


def test_a_batch_is_bounded(venue: Venue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "BATCH_COMMANDS_MAX", 3)
    with writing(venue) as writer:
        keeper, port = held_up(writer, venue.admit_command("none"))
        for n in range(7):
            port.submit(venue.admit_command("none"), n)
        keeper.open.set()
    assert [len(batch) for batch in keeper.batches] == [1, 3, 3, 1]


def test_each_port_gets_its_own_answers(venue: Venue) -> None:
    keepers = [Gatekeeper(), Gatekeeper()]
    with writing(venue) as writer:
        blocker, _ = held_up(writer, venue.admit_command("none"))
        ports = [writer.port(keeper.deliver) for keeper in keepers]
        for n in range(6):
            ports[n % 2].submit(venue.admit_command(f"{n}"), n)
        blocker.open.set()
    assert [sorted(keeper.outcomes()) for keeper in keepers] == [[0, 2, 4], [1, 3, 5]]
    assert [len(keeper.batches) for keeper in keepers] == [1, 1]


def test_a_full_queue_refuses_at_once(venue: Venue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "QUEUE_COMMANDS_MAX", 4)
    with writing(venue) as writer:
        keeper, port = held_up(writer, venue.admit_command("none"))
        for n in range(4):
            port.submit(venue.admit_command("none"), n)
        with pytest.raises(QueueFull):
            port.submit(venue.admit_command("none"), "too many")
        keeper.open.set()
    assert set(keeper.outcomes()) == {"first", 0, 1, 2, 3}


def test_a_group_is_taken_whole_or_refused_whole(
    venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "QUEUE_COMMANDS_MAX", 4)
    with writing(venue) as writer:
        keeper, port = held_up(writer, venue.admit_command("none"))
        port.submit_all((venue.admit_command("none"), n) for n in range(3))
        with pytest.raises(QueueFull):
            port.submit_all((venue.admit_command("none"), f"late {n}") for n in range(2))
        port.submit_all([(venue.admit_command("none"), 3)])
        keeper.open.set()
    assert set(keeper.outcomes()) == {"first", 0, 1, 2, 3}


def test_stopping_commits_what_is_queued_and_takes_nothing_more(venue: Venue) -> None:
    with writing(venue) as writer:
        keeper, port = held_up(writer, venue.admit_command("none"))
        for n in range(20):
            port.submit(venue.admit_command("none"), n)
        stopper = threading.Thread(target=writer.stop)
        stopper.start()
        while True:
            try:
                port.submit(venue.admit_command("none"), "late")
            except Stopping:
                break
        keeper.open.set()
        stopper.join()
        assert not writer.health().running
    assert set(range(20)) <= set(keeper.outcomes())
    assert len(venue.kinds()) == 3 + len(keeper.outcomes())


def test_a_writer_that_was_never_started_can_be_stopped(venue: Venue) -> None:
    venue.engine.close()
    Writer(open_engine(venue.target, NODE), node=NODE, clock=venue.clock).stop()
    venue.engine = open_engine(venue.target, NODE)


def test_the_rules_are_known_from_the_start_and_follow_each_batch(venue: Venue) -> None:
    with writing(venue) as writer:
        assert writer.rules.centre.version == 1
        issue = Issue(ticket=key("x"), event=1, product=1, home=venue.home, segments=(venue.home,))
        (outcome,) = commit_through(writer.port(collect), [issue])
        assert isinstance(outcome, Answer)
        assert writer.rules.node.terminals.keys() == {"t1", "t2", "p1", "gone"}


# Poison: a command that meets a bug, each in another place.


def unheard(_venue: Venue) -> Command:
    return Unheard(request_id="u1")


def broken_letter(venue: Venue) -> Command:
    return venue.issue_command("X", holder="half a letter: \ud800")


def endless_id(venue: Venue) -> Command:
    return venue.admit_command("X", request_id="x" * 70_000)


def nul_in_text(venue: Venue) -> Command:
    return venue.issue_command("X", holder="nul \0")


def nul_in_look_up(venue: Venue) -> Command:
    return venue.admit_command("X", request_id="nul \0")


def one_bad_among_six(venue: Venue, poison: Command) -> Outcome:
    """Commit six good commands and a bad one as one batch; return the bad one's outcome."""
    codes = [f"T{n}" for n in range(6)]
    venue.batch(*(venue.issue_command(code) for code in codes))
    with writing(venue) as writer:
        keeper, port = held_up(writer, venue.admit_command("none"))
        for code in codes[:3]:
            port.submit(venue.admit_command(code), code)
        port.submit(poison, "poison")
        for code in codes[3:]:
            port.submit(venue.admit_command(code), code)
        keeper.open.set()
    assert [len(batch) for batch in keeper.batches] == [1, 7]
    found = keeper.outcomes()
    assert reasons([found[code] for code in codes]) == ["ok"] * 6
    assert venue.inside() == 6
    assert chain_faults(venue) == []
    return found["poison"]


@pytest.mark.parametrize("poison", [unheard, broken_letter, endless_id])
def test_a_poison_command_harms_nobody_else(
    venue: Venue, poison: Callable[[Venue], Command]
) -> None:
    assert fault_of(one_bad_among_six(venue, poison(venue))) is Unexpected
    assert venue.says("X") == "unknown"


@pytest.mark.postgres
@pytest.mark.parametrize("poison", [nul_in_text, nul_in_look_up])
def test_what_postgresql_refuses_harms_nobody_else(
    postgres_venue: Venue, poison: Callable[[Venue], Command]
) -> None:
    assert fault_of(one_bad_among_six(postgres_venue, poison(postgres_venue))) is Unexpected


def test_a_misused_command_is_answered_and_its_batch_goes_through(venue: Venue) -> None:
    status = SetStatus(ticket=key("none"), status=Status.void)
    assert fault_of(one_bad_among_six(venue, status)) is NotFound


def test_a_port_that_fails_to_take_its_answers_stops_nobody(venue: Venue) -> None:
    def failing(_answered: list[tuple[Any, Outcome]]) -> None:
        raise RuntimeError("the listener is gone")

    told: list[int] = []

    def follow() -> None:
        told.append(1)
        raise RuntimeError("the follower is gone")

    with writing(venue, on_commit=follow) as writer:
        writer.port(failing).submit(venue.admit_command("none"), 1)
        (outcome,) = commit_through(writer.port(collect), [venue.admit_command("none")])
        assert reasons([outcome]) == ["unknown"]
    assert told


def test_a_preview_alone_leaves_no_trace(venue: Venue) -> None:
    venue.issue("A")
    before = venue.kinds()
    with writing(venue) as writer:
        preview = Preview(admit=venue.admit_command("A"))
        (outcome,) = commit_through(writer.port(collect), [preview])
    assert fact_of(outcome, AdmissionFact).reason == "ok"
    assert venue.kinds() == before


def test_health_tells_how_the_writer_is_doing(venue: Venue) -> None:
    venue.clock.steps = 3
    with writing(venue) as writer:
        commit_through(writer.port(collect), [venue.admit_command("none")])
        health = writer.health()
    assert (health.queue, health.batches, health.commands) == (0, 1, 1)
    assert (health.at_ms, health.clock_steps) == (world.NOW_MS, 3)
    assert (health.disk, health.failing, health.running) == (DiskState.ok, False, True)
    assert health.commit_ms > 0


def test_the_clock_is_read_once_for_each_batch(venue: Venue) -> None:
    with writing(venue) as writer:
        keeper, port = held_up(writer, venue.admit_command("none"))
        venue.clock.forward(minutes=1)
        for n in range(2):
            port.submit(venue.admit_command("none"), n)
        keeper.open.set()
    rows = [row.at_ms for row in venue.rows(t.JOURNAL)][-3:]
    assert rows == [world.NOW_MS, world.NOW_MS + 60_000, world.NOW_MS + 60_000]
