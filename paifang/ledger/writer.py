"""The one writer: a queue, a thread, and grouped commits without a timer.

A batch is what queued while the last commit ran. Nobody is answered before the COMMIT that holds
their fact has returned. No ticket is remembered between batches: kill -9, a standby and a repair by
hand are all safe.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from paifang.core import limits
from paifang.core.rules import Rules
from paifang.ledger.batch import Outcome, run_batch
from paifang.ledger.clock import Clock
from paifang.ledger.commands import Command, Erase
from paifang.ledger.disk import DiskGuard, DiskState
from paifang.ledger.engine import Engine, EngineConflict, EngineError, EngineFull
from paifang.ledger.faults import (
    DiskFull,
    QueueFull,
    Stopping,
    StorageFault,
    Unavailable,
    Unexpected,
)

log = logging.getLogger(__name__)

Deliver = Callable[[list[tuple[Any, Outcome]]], None]

RECOVER_S = 1.0
"""How often a writer that nobody sends anything to looks whether storage and disk are well."""

SCRUB_WITHIN_S = 30.0
"""How long after an erasure a writer that is never idle goes on before it scrubs all the same."""

_DISK_FULL = "the disk is nearly full: selling and imports stop so that the gates can go on"
_CONTENDED = "other processes were faster, again and again; ask again in a moment"
_BROKEN = "the disk or the database failed; ask again with the same request_id to learn the outcome"


class WriterHealth(NamedTuple):
    """How the writer is doing. `commit_ms` is how long the last batch took, `at_ms` its time."""

    queue: int
    batches: int
    commands: int
    commit_ms: float
    at_ms: int
    disk: DiskState
    failing: bool
    clock_steps: int
    running: bool


class _Waiting(NamedTuple):
    command: Command
    slot: object
    port: "Port"


class Port:
    """One way into the writer. Outcomes come back by its `deliver`, once per batch."""

    def __init__(self, writer: "Writer", deliver: Deliver) -> None:
        """Made by `Writer.port`."""
        self._writer = writer
        self.deliver = deliver

    def submit(self, command: Command, slot: object) -> None:
        """Queue a command; its outcome is delivered with `slot`. Raises QueueFull or Stopping."""
        self._writer.enqueue((_Waiting(command, slot, self),))

    def submit_all(self, commands: Iterable[tuple[Command, object]]) -> None:
        """Queue several commands, each with its slot, all or none. Raises as `submit` does."""
        self._writer.enqueue([_Waiting(command, slot, self) for command, slot in commands])


class Writer:
    """Takes commands from any thread and commits them in groups in its own."""

    def __init__(
        self,
        engine: Engine,
        *,
        node: str,
        clock: Clock,
        disk: DiskGuard | None = None,
        on_commit: Callable[[], None] | None = None,
    ) -> None:
        """Take an open engine, the writer's own from now on; `node` is recorded in each row."""
        self._engine = engine
        self._node = node
        self._clock = clock
        self._disk = disk
        self._on_commit = on_commit
        self._queue: deque[_Waiting] = deque()
        self._wake = threading.Condition()
        self._stopping = False
        self._failing = False
        # Also at the start: the process before may have ended between an erasure and its scrubbing.
        self._scrub_by_s: float | None = time.monotonic()
        self._batches = 0
        self._commands = 0
        self._commit_ms = 0.0
        self._at_ms = 0
        self._thread = threading.Thread(target=self._run, name="ledger-writer", daemon=True)
        self.rules = Rules()

    def start(self) -> None:
        """Read the rules in force and start the thread. Raises EngineError."""
        _, self.rules = run_batch(self._engine, (), self.rules, self._node, self._clock.now_ms())
        if self._disk is not None:
            self._disk.check(self._clock.now_ms())
        self._thread.start()

    def port(self, deliver: Deliver) -> Port:
        """Return a way in; `deliver` is called in the writer's thread and must not block."""
        return Port(self, deliver)

    def enqueue(self, waiting: Sequence[_Waiting]) -> None:
        """Queue all, or refuse all at once. Raises QueueFull or Stopping."""
        with self._wake:
            if self._stopping:
                msg = "the server is stopping; ask again in a moment"
                raise Stopping(msg)
            if len(self._queue) + len(waiting) > limits.QUEUE_COMMANDS_MAX:
                msg = "too much is waiting; ask again in a moment"
                raise QueueFull(msg)
            if not self._queue:
                self._wake.notify()
            self._queue.extend(waiting)

    def stop(self) -> None:
        """Commit what is queued, then end the thread and close the engine."""
        with self._wake:
            self._stopping = True
            self._wake.notify()
        if self._thread.is_alive():
            self._thread.join()
        self._engine.close()

    def health(self) -> WriterHealth:
        """Return how the writer is doing."""
        return WriterHealth(
            len(self._queue),
            self._batches,
            self._commands,
            self._commit_ms,
            self._at_ms,
            self._disk.state if self._disk else DiskState.ok,
            self._failing,
            self._clock.steps,
            self._thread.is_alive(),
        )

    def _run(self) -> None:
        """Commit batch after batch until stopped and drained."""
        while True:
            with self._wake:
                while not self._queue and not self._stopping:
                    if not self._wake.wait(RECOVER_S if self._has_chores() else None):
                        break
                if not self._queue and self._stopping:
                    return
                count = min(len(self._queue), limits.BATCH_COMMANDS_MAX)
                batch = [self._queue.popleft() for _ in range(count)]
            if not batch:
                self._recover()
                self._scrub()
                continue
            outcomes = self.commit([waiting.command for waiting in batch])
            self._deliver(batch, outcomes)
            if self._scrub_by_s is not None and time.monotonic() > self._scrub_by_s:
                self._scrub()

    def _deliver(self, batch: list[_Waiting], outcomes: list[Outcome]) -> None:
        """Give every port its outcomes at once."""
        by_port: dict[Port, list[tuple[Any, Outcome]]] = {}
        for waiting, outcome in zip(batch, outcomes, strict=True):
            by_port.setdefault(waiting.port, []).append((waiting.slot, outcome))
        for port, answered in by_port.items():
            try:
                port.deliver(answered)
            except Exception:
                # A port that fails to take its answers must not stop everybody else's.
                log.exception("a port did not take its answers")
        if self._on_commit is not None:
            try:
                self._on_commit()
            except Exception:
                log.exception("whoever follows the commits failed")

    def commit(self, commands: Sequence[Command]) -> list[Outcome]:
        """Commit one batch whatever happens; each command has its outcome. Writer's thread only."""
        started = time.perf_counter()
        self._at_ms = self._clock.now_ms()
        if self._disk is not None and self._disk.check(self._at_ms) is not DiskState.ok:
            outcomes = self._commit_gatework(commands)
        else:
            outcomes = self._commit_all(commands)
        self._batches += 1
        self._commands += len(commands)
        self._commit_ms = (time.perf_counter() - started) * 1000
        return outcomes

    def _has_chores(self) -> bool:
        """Whether there is something to be done while nobody asks for anything."""
        return self._ails() or self._scrub_by_s is not None

    def _ails(self) -> bool:
        """Whether storage or disk were not well when last looked at."""
        return self._failing or (self._disk is not None and self._disk.state is not DiskState.ok)

    def _recover(self) -> None:
        """Look again without being asked: a server that is not ready is sent nothing."""
        self._at_ms = self._clock.now_ms()
        if self._disk is not None:
            self._disk.check(self._at_ms)
        if self._failing:
            self._commit_all(())

    def _scrub(self) -> None:
        """Let no file keep what was erased; what stands in the way now is tried again later.

        Between batches and without waiting: it costs what one carrying over of the log costs.
        """
        if self._scrub_by_s is None or self._failing:
            return
        self._scrub_by_s = time.monotonic() + SCRUB_WITHIN_S
        try:
            self._scrub_by_s = None if self._engine.scrub() else self._scrub_by_s
        except EngineConflict:
            return
        except EngineError:
            log.exception("the ledger's storage failed while scrubbing")
            self._failing = True

    def _commit_gatework(self, commands: Sequence[Command]) -> list[Outcome]:
        """With little room left commit only what goes on at the gates."""
        kept = [command for command in commands if not command.sells]
        done = iter(self._commit_all(kept) if kept else ())
        return [DiskFull(_DISK_FULL) if command.sells else next(done) for command in commands]

    def _commit_all(self, commands: Sequence[Command]) -> list[Outcome]:
        """Commit a batch; on failure find out which kind, and harm nobody who is not to blame."""
        for attempt in range(limits.RETRY_CONFLICTS_MAX):
            try:
                return self._attempt(commands)
            except EngineConflict:
                self._engine.rollback()
                time.sleep(0.002 * attempt)
            except EngineFull:
                self._engine.rollback()
                return self._without_room(commands)
            except EngineError:
                if not self._failing:
                    log.exception("the ledger's storage failed")
                return self._broken(commands)
            except Exception as error:
                # A bug met by one command: undo all, then give each its own transaction.
                self._engine.rollback()
                if len(commands) == 1:
                    log.exception("a command met a bug", extra={"command": type(commands[0])})
                    return [Unexpected(type(error).__name__)]
                return [self._commit_all([command])[0] for command in commands]
        return [Unavailable(_CONTENDED) for _ in commands]

    def _attempt(self, commands: Sequence[Command]) -> list[Outcome]:
        if self._failing:
            self._engine.reopen()
            self._failing = False
        outcomes, self.rules = run_batch(
            self._engine, commands, self.rules, self._node, self._at_ms
        )
        if Erase in map(type, commands) and self._scrub_by_s is None:
            self._scrub_by_s = time.monotonic() + SCRUB_WITHIN_S
        return outcomes

    def _without_room(self, commands: Sequence[Command]) -> list[Outcome]:
        """Give up the reserve once and go on with the gates; without one, say that it is full."""
        if self._disk is not None and self._disk.give_up_reserve():
            log.error("the disk is full: the reserve was given up")
            return self._commit_gatework(commands)
        return [DiskFull(_DISK_FULL) for _ in commands]

    def _broken(self, commands: Sequence[Command]) -> list[Outcome]:
        """After a failed flush or a lost connection nothing in memory is trusted: open anew."""
        self._engine.rollback()
        self._failing = True
        return [StorageFault(_BROKEN) for _ in commands]


class _Collected(NamedTuple):
    outcomes: list[Outcome | None]
    done: threading.Semaphore


def commit_through(port: Port, commands: Sequence[Command]) -> list[Outcome]:
    """Queue commands and wait for all of their outcomes; the port must deliver with `collect`."""
    collected = _Collected([None] * len(commands), threading.Semaphore(0))
    for place, command in enumerate(commands):
        port.submit(command, (collected, place))
    for _ in commands:
        collected.done.acquire()
    return [outcome for outcome in collected.outcomes if outcome is not None]


def collect(answered: list[tuple[Any, Outcome]]) -> None:
    """Deliver outcomes to whoever waits in `commit_through`."""
    for (collected, place), outcome in answered:
        collected.outcomes[place] = outcome
        collected.done.release()
