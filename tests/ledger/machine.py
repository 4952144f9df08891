"""The ledger under Hypothesis: a real writer on a real engine, with trouble between any two calls.

A machine collects commands, commits them as one batch, and compares every outcome with its model.
Trouble is a fault of the storage at the n-th call of the engine, at COMMIT before or after it went
through; the machine then looks which of the two it was, starts anew and asks again.
"""

import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import msgspec
import psycopg
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from paifang.core import limits
from paifang.ledger import tables as t
from paifang.ledger.batch import Outcome
from paifang.ledger.commands import Admit, Command, Issue, Override, Preview, Record
from paifang.ledger.engine import Engine, EngineBroken, EngineConflict, EngineError, EngineFull
from paifang.ledger.facts import Answer, Fact
from paifang.ledger.faults import DiskFull, IdConflict, LedgerFault, StorageFault, Unexpected
from paifang.ledger.opening import LedgerReader, Target, open_engine, open_reader
from paifang.ledger.verify import verify
from paifang.ledger.writer import Writer
from tests.ledger.engines import NODE
from tests.ledger.machine_model import Refused
from tests.ledger.world import SettableClock

PAGE_ROWS = 7
"""Pages close after so few rows here, so that every run closes some."""


class Violation(AssertionError):
    """The ledger did what it must never do."""


class Stumble(Exception):
    """A command met a bug; nothing is known about right or wrong."""


def must(condition: object, words: str) -> None:
    """Raise Violation unless something holds."""
    if not condition:
        raise Violation(words)


class Trouble(NamedTuple):
    """What fails: the n-th call from now on (0: the COMMIT), how, and whether after it was done."""

    call: int
    error: type[EngineError]
    after: bool = False


class TroubledEngine:
    """An engine whose calls fail on demand. Everything else is the real one's."""

    def __init__(self, engine: Engine) -> None:
        """Take the real engine."""
        self._engine = engine
        self._trouble: Trouble | None = None
        self._calls = 0
        self.committed = False

    def expect(self, trouble: Trouble | None) -> None:
        """Fail so once, from now on."""
        self._trouble, self._calls, self.committed = trouble, 0, False

    def __getattr__(self, name: str) -> Any:
        """Return a call of the real engine, or one that fails."""
        real = getattr(self._engine, name)
        if not callable(real) or name in {"rollback", "close"}:
            return real

        def call(*args: Any, **more: Any) -> Any:
            self._calls += 1
            trouble = self._trouble
            due = trouble and (self._calls == trouble.call or (name, trouble.call) == ("commit", 0))
            if trouble is None or not due:
                result = real(*args, **more)
                self.committed = self.committed or name == "commit"
                return result
            self._trouble = None
            if trouble.after:
                real(*args, **more)
                self.committed = self.committed or name == "commit"
            raise trouble.error("trouble")

        return call


class Place(Protocol):
    """Where a machine finds an empty ledger."""

    def fresh(self) -> Target:
        """Return the target of an empty ledger."""

    def close(self) -> None:
        """Clean up."""


class SqlitePlace:
    """Files in a temporary directory."""

    def __init__(self) -> None:
        """Make the directory."""
        self._folder = tempfile.TemporaryDirectory(prefix="paifang-machine-")
        self._number = 0

    def fresh(self) -> Target:
        """Return the path of a new file."""
        for old in Path(self._folder.name).iterdir():
            old.unlink()
        self._number += 1
        return Path(self._folder.name) / f"ledger-{self._number}.db"

    def close(self) -> None:
        """Remove the directory."""
        self._folder.cleanup()


class PostgresPlace:
    """One database, emptied again and again."""

    def __init__(self, url: str) -> None:
        """Take a database of one's own."""
        self._url = url
        open_engine(url, NODE).close()
        self._connection = psycopg.connect(url, autocommit=True)

    def fresh(self) -> Target:
        """Empty the tables and return the URL."""
        names = [f"DELETE FROM ledger.{table.name}" for table in t.TABLES]
        statement = ";".join([*names, "DELETE FROM ledger.meta WHERE name <> 'schema'"])
        self._connection.execute(statement.encode())
        return self._url

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class How(NamedTuple):
    """When what is waiting is committed, and what fails then."""

    commit: bool = True
    trouble: Trouble | None = None
    ask_again: bool = True


NOW, LATER = How(), How(commit=False)
_TROUBLE = st.one_of(
    st.just(Trouble(0, EngineBroken, after=True)),
    st.tuples(
        st.integers(0, 25),
        st.sampled_from((EngineBroken, EngineFull, EngineConflict)),
    ).map(lambda drawn: Trouble(*drawn)),
)
_TROUBLED = st.tuples(_TROUBLE, st.booleans()).map(
    lambda drawn: How(trouble=drawn[0], ask_again=drawn[1])
)
HOW = st.one_of(st.just(NOW), st.just(LATER), st.just(NOW), _TROUBLED)
"""How a rule's commands are carried out; Hypothesis shrinks towards at once and without trouble."""

PICK = st.integers(0, 1_000_000)
"""Picks one of what there is."""


class LedgerMachine(RuleBasedStateMachine):
    """What all machines do: commit, compare, crash, ask again, restart, let time pass."""

    place: Place
    check: Callable[[Command, Outcome], None]

    def __init__(self) -> None:
        """Start with an empty ledger and its rules in force."""
        super().__init__()
        self._page_rows = limits.PAGE_ROWS_MAX
        set_page_rows(PAGE_ROWS)
        self.clock = SettableClock()
        self.target = self.place.fresh()
        self.waiting: list[Command] = []
        self.batch: list[Command] = []
        self.answers: dict[str, tuple[Command, Answer]] = {}
        self._ids = 0
        self.start()
        self.reader: LedgerReader = open_reader(self.target)

    def start(self) -> None:
        """Open engine and writer, with nothing in memory."""
        self.engine = TroubledEngine(open_engine(self.target, NODE))
        # The thread is not started: the machine commits in its own, so that examples repeat.
        engine: Any = self.engine
        self.writer = Writer(engine, node=NODE, clock=self.clock)
        self.writer.commit(())

    def next_id(self, prefix: str) -> str:
        """Return a name that was not used before."""
        self._ids += 1
        return f"{prefix}{self._ids}"

    # Committing.

    def do(self, how: How, *commands: Command) -> None:
        """Put commands in the queue and, unless later, commit all that wait there as one batch."""
        self.waiting += commands
        if how.commit and self.waiting:
            batch, self.waiting = self.waiting, []
            self._commit(batch, how)

    def _commit(self, batch: list[Command], how: How) -> None:
        self.batch = batch
        before = self.reader.cursors()
        self.engine.expect(how.trouble)
        outcomes = self.writer.commit(batch)
        committed = self.engine.committed
        self.engine.expect(None)
        for outcome in outcomes:
            if isinstance(outcome, Unexpected):
                raise Stumble(outcome.detail)
        kinds = {type(outcome) for outcome in outcomes}
        if kinds == {StorageFault}:
            self._after_crash(batch, how, committed=committed)
        elif kinds == {DiskFull}:
            must(not committed, "refused for want of room, and recorded")
        else:
            self._compare(batch, outcomes)
            return
        must(committed or before == self.reader.cursors(), "undone, and yet in the journal")
        if how.ask_again:
            self._commit(batch, NOW)

    def _compare(self, batch: list[Command], outcomes: list[Outcome]) -> None:
        for command, outcome in zip(batch, outcomes, strict=True):
            must(not isinstance(outcome, StorageFault | DiskFull), "a batch failed for some of it")
            known = self.answers.get(command.request_id) if command.request_id else None
            if known is not None:
                self._repeated(known, command, outcome)
                continue
            self.check(command, outcome)
            if isinstance(outcome, Answer) and outcome.new and command.request_id:
                self.answers[command.request_id] = (command, outcome)

    def _repeated(self, known: tuple[Command, Answer], command: Command, outcome: Outcome) -> None:
        """A request_id asked again has its first answer; with other content it is refused."""
        asked, answer = known
        if asked != command:
            must(isinstance(outcome, IdConflict), f"an id was taken again: {outcome!r}")
            return
        must(isinstance(outcome, Answer), f"asked again, refused: {outcome!r}")
        assert isinstance(outcome, Answer)
        first = (answer.fact, answer.segment, answer.epoch, answer.seq)
        again = (outcome.fact, outcome.segment, outcome.epoch, outcome.seq)
        must(first == again and not outcome.new, "asked again, answered otherwise")

    def _after_crash(self, batch: list[Command], how: How, *, committed: bool) -> None:
        """Look at what is recorded: all of a batch whose COMMIT went through, else nothing."""
        if not how.ask_again:
            self.engine.close()
            self.start()
        for command in batch if committed else ():
            if command.request_id in self.answers or isinstance(command, Preview):
                continue
            recorded = self._recorded(command)
            self.check(command, recorded or LedgerFault("not recorded"))
            if recorded is not None:
                self.answers[command.request_id] = (command, recorded)

    def _recorded(self, command: Command) -> Answer | None:
        """Return the answer that stands in the ledger for a command."""
        raw = self.reader.raw
        for request in raw.rows(t.REQUEST, (command.request_id,)):
            if request.digest == command.content_digest():
                for row in raw.rows(t.JOURNAL, (request[2:],)):
                    return Answer(fact=row.payload, kind=row.kind, **_place(row))
        return None

    # Rules of every machine.

    @rule(pick=PICK, how=HOW)
    def ask_again(self, pick: int, how: How) -> None:
        """Ask what was answered before."""
        if self.answers:
            command, _ = list(self.answers.values())[pick % len(self.answers)]
            self.do(how, command)

    @rule(pick=PICK, how=HOW)
    def ask_otherwise(self, pick: int, how: How) -> None:
        """Ask something else under an id that was answered before."""
        if self.answers:
            command, _ = list(self.answers.values())[pick % len(self.answers)]
            self.do(how, otherwise(command))

    @rule(minutes=st.sampled_from((1, 16, 60, 24 * 60)))
    def time_passes(self, minutes: int) -> None:
        """Let time pass."""
        self.clock.forward(minutes=minutes)

    @rule()
    def restart(self) -> None:
        """Stop and start: nothing lives in memory."""
        self.do(NOW)
        self.engine.close()
        self.start()
        self.verify()

    @rule(how=HOW)
    def commit_waiting(self, how: How) -> None:
        """Commit what waits."""
        self.do(how._replace(commit=True))

    # The end.

    def verify(self) -> None:
        """Let `paifang verify` look at everything."""
        report = verify(self.reader.raw)
        must(report.clean, "; ".join(f"{f.where}: {f.code} {f.text}" for f in report.findings))

    def compare_state(self) -> None:
        """Compare the model with the tables."""

    def teardown(self) -> None:
        """Commit what waits, and look at everything once more."""
        try:
            self.do(NOW)
            self.verify()
            self.compare_state()
        finally:
            set_page_rows(self._page_rows)
            self.engine.close()
            with suppress(psycopg.Error):
                self.reader.close()


def otherwise(command: Command) -> Command:
    """Return a command changed in what counts when its request_id is met again."""
    if isinstance(command, Issue):
        return msgspec.structs.replace(command, content=command.content + b"x")
    if isinstance(command, Admit):
        return msgspec.structs.replace(command, count=command.count + 1)
    if isinstance(command, Record):
        return msgspec.structs.replace(command, at_ms=command.at_ms + 1)
    if isinstance(command, Override):
        return msgspec.structs.replace(command, reason_text="another reason")
    return msgspec.structs.replace(command, actor="somebody else")


def set_page_rows(rows: int) -> None:
    """Set how many rows a page of the journal has."""
    vars(limits)["PAGE_ROWS_MAX"] = rows


def _place(row: Any) -> dict[str, Any]:
    return {"segment": row.segment, "epoch": row.epoch, "seq": row.seq, "at_ms": row.at_ms}


def expected_fault(decide: Callable[[], Any]) -> tuple[type[LedgerFault] | None, Any]:
    """Return the fault the model expects and None, or None and what it expects instead."""
    try:
        return None, decide()
    except Refused as refused:
        return refused.fault, None


def told(outcome: Outcome, kind: type[Fact]) -> Any:
    """Return the fact of an outcome that must be an answer of a kind."""
    must(isinstance(outcome, Answer), f"refused what the model allows: {outcome!r}")
    assert isinstance(outcome, Answer)
    fact = outcome.decoded()
    must(isinstance(fact, kind), f"answered with {fact}")
    return fact


def must_be(outcome: Outcome, fault: type[LedgerFault]) -> None:
    """Raise Violation unless an outcome is this fault (or, after a crash, nothing recorded)."""
    fits = isinstance(outcome, fault) or type(outcome) is LedgerFault
    must(fits, f"{fault.__name__} expected, not {outcome!r}")
