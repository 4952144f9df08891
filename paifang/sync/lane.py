"""A gate: what it asks, what it keeps, and whose answers it may act on.

This is the logic of the lane agent and of the simulator's gates alike: clock, chance, storage and
line are handed in. Three rules carry everything else. A request id stands for one intent (this
ticket, here, now), is written down before it is asked and kept until it is answered. An answer is
acted on only if the host holds the segment under no lower epoch than was ever seen, and only after
it was written down. What was answered is kept until the centre has it, whatever the host says, so
that a host that takes over can be told everything.
"""

import hashlib
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple, Protocol

import msgspec

from paifang.core import limits
from paifang.core.leases import passes_fence
from paifang.core.reasons import Basis, Reason
from paifang.core.tickets import Passage
from paifang.ledger.facts import AdmissionFact, Fact, fact_of
from paifang.ledger.faults import FAULTS, Unavailable
from paifang.ledger.lease_commands import WireAnswer
from paifang.sync.lane_messages import Fence, JournalPart, LaneAnswer, LaneAsk, LaneDown, LaneUp

ASKS_AT_ONCE: Final = 32
DIGEST_BYTES: Final = 16

_PASSING: Final = frozenset({"opening", "provisional"})
"""States of an intent for which the gate has opened: who shows the code again is somebody else."""

_UNCLEAR: Final = frozenset({"withdrawing", "provisional"})
"""States of an intent that the gate has decided alone, so that the host may have done otherwise."""

log = logging.getLogger(__name__)

_pack = msgspec.msgpack.Encoder().encode


class StoreFault(Exception):
    """What was to be kept could not be written; nothing of it was done."""


class LaneStore(Protocol):
    """Where a gate keeps what it must not forget: texts by names, changed all or none."""

    def load(self) -> Mapping[str, bytes]:
        """Return everything. Raises StoreFault."""

    def save(self, changes: Mapping[str, bytes | None]) -> None:
        """Change what is kept (None: forget it); durable when this returns. Raises StoreFault."""


class Policy(NamedTuple):
    """What a gate may do that no host answers.

    Strict gates refuse who wants in; whoever wants out is let out by every gate. A `permissive` one
    lets in who shows a genuine code that it has not let in before: at most `provisional_max` people
    who were not told yet, and for `cut_off_ms_max` after the last answer of a host.

    What a gate does alone counts as done from when it was written down. If it ends before it opens,
    whoever stood there counts as let in: nobody could tell those from others who did pass.
    """

    permissive: bool = False
    provisional_max: int = 0
    cut_off_ms_max: int = 0
    genuine: Callable[[str], bool] = lambda _code: False


class Intent(msgspec.Struct, frozen=True, array_like=True):
    """Somebody wants to pass: what was shown, since when (UTC ms), and how far it has come.

    `state` is asking, withdrawing (refused meanwhile, so only what became of it matters),
    provisional (let in on the gate's own word, at `at_ms`) or opening (answered, and not told yet
    whether they passed).
    """

    request_id: str
    gate: str
    code: str
    direction: str
    count: int
    begun_ms: int
    state: str = "asking"
    at_ms: int = 0


class Kept(msgspec.Struct, frozen=True, array_like=True):
    """An act as it was answered, where its row stands by now, and a digest of what was shown."""

    row: WireAnswer
    digest: bytes = b""


class Verdict(NamedTuple):
    """What the gate shows of a request: whether it opens, why, on what ground, and the fact."""

    request_id: str
    opens: bool
    reason: str
    basis: str = Basis.lease.value
    fact: AdmissionFact | None = None


class Lane:
    """One gate, from what its store kept."""

    def __init__(
        self, terminal: str, store: LaneStore, policy: Policy, token: Callable[[], str]
    ) -> None:
        """Load what was kept; of passages that were in the air nobody knows, so none is assumed.

        Args:
            terminal: The gate's name at the host.
            store: Where it keeps things.
            policy: What it may do alone.
            token: Returns a fresh text that nobody can guess or has had before.

        Raises:
            StoreFault: It cannot be read or written.
        """
        self.terminal = terminal
        self._store = store
        self._policy = policy
        self._token = token
        self.fences: dict[str, int] = {}
        self.intents: dict[str, Intent] = {}
        self.chores: dict[str, LaneAsk] = {}
        self.kept: dict[str, Kept] = {}
        self._seen: set[bytes] = set()
        self._parts: dict[bytes, tuple[str, list[tuple[WireAnswer, ...]]]] = {}
        self._wanted: Fence | None = None
        self._host = ""
        self._heard_ms = 0
        loaded = store.load()
        salt = loaded.get("salt")
        self._salt = salt or token().encode()
        changes: dict[str, bytes | None] = {} if salt else {"salt": self._salt}
        for name, value in loaded.items():
            self._learn(name, value)
        for intent in self.intents.values():
            if intent.state == "opening":
                changes |= self._not_shown(intent)
            elif intent.state == "asking":
                # Whoever stood there may have gone; shown again, it is asked again.
                gone = msgspec.structs.replace(intent, state="withdrawing")
                changes[f"intent/{intent.request_id}"] = _pack(gone)
        self._save(changes)

    # What is kept.

    def _learn(self, name: str, value: bytes) -> None:
        kind, _, key = name.partition("/")
        if kind == "fence":
            self.fences[key] = int(value)
        elif kind == "intent":
            self.intents[key] = msgspec.msgpack.decode(value, type=Intent)
        elif kind == "chore":
            self.chores[key] = msgspec.msgpack.decode(value, type=LaneAsk)
        elif kind == "kept":
            self.kept[key] = msgspec.msgpack.decode(value, type=Kept)
        elif kind == "seen":
            self._seen.add(bytes.fromhex(key))

    def _save(self, changes: Mapping[str, bytes | None]) -> None:
        """Write changes down, and only then believe them."""
        if not changes:
            return
        self._store.save(changes)
        for name, value in changes.items():
            if value is not None:
                self._learn(name, value)
                continue
            kind, _, key = name.partition("/")
            tables: dict[str, dict[str, Any]]
            tables = {"intent": self.intents, "chore": self.chores, "kept": self.kept}
            tables[kind].pop(key, None)

    def _digest(self, code: str) -> bytes:
        return hashlib.blake2b(code.encode(), digest_size=DIGEST_BYTES, key=self._salt).digest()

    # Somebody shows a ticket.

    def scan(
        self, gate: str, code: str, now_ms: int, direction: str = "entry", count: int = 1
    ) -> str:
        """Take in that somebody shows a code; return the request id it is asked under.

        Shown again before it was answered, it is the same request. Raises StoreFault.
        """
        for intent in self.intents.values():
            shown = (intent.gate, intent.code, intent.direction, intent.count)
            if shown != (gate, code, direction, count) or intent.state in _PASSING:
                continue
            if intent.state == "withdrawing":
                again = msgspec.structs.replace(intent, state="asking")
                self._save({f"intent/{intent.request_id}": _pack(again)})
            return intent.request_id
        request_id = f"{self.terminal}.{self._token()}"
        intent = Intent(request_id, gate, code, direction, count, now_ms)
        self._save({f"intent/{request_id}": _pack(intent)})
        return request_id

    def give_up(self, request_id: str, now_ms: int) -> Verdict | None:
        """Decide alone about a request nobody answered in time; None if that is not the case.

        Raises StoreFault.
        """
        intent = self.intents.get(request_id)
        if intent is None or intent.state != "asking":
            return None
        name = f"intent/{request_id}"
        if intent.direction == "exit":
            # Nobody is kept in because a line is down.
            left = msgspec.structs.replace(intent, state="provisional", at_ms=now_ms)
            self._save({name: _pack(left)})
            return Verdict(
                request_id, opens=True, reason=Reason.ok.value, basis=Basis.provisional.value
            )
        if self._may_open(intent, now_ms):
            opened = msgspec.structs.replace(intent, state="provisional", at_ms=now_ms)
            seen = {f"seen/{self._digest(intent.code).hex()}": b"1"}
            self._save({name: _pack(opened), **seen})
            return Verdict(
                request_id, opens=True, reason=Reason.ok.value, basis=Basis.provisional.value
            )
        self._save({name: _pack(msgspec.structs.replace(intent, state="withdrawing"))})
        return Verdict(request_id, opens=False, reason=Reason.offline_not_allowed.value)

    def _may_open(self, intent: Intent, now_ms: int) -> bool:
        policy = self._policy
        if not policy.permissive:
            return False
        untold = sum(each.count for each in self.intents.values() if each.state == "provisional")
        untold += sum(chore.count for chore in self.chores.values() if chore.act == "record")
        if untold + intent.count > policy.provisional_max:
            return False
        if now_ms - self._heard_ms > policy.cut_off_ms_max:
            return False
        return policy.genuine(intent.code) and self._digest(intent.code) not in self._seen

    def passed(self, request_id: str) -> None:
        """Take in that they passed, as a permission said they may. Raises StoreFault."""
        if request_id in self.intents and self.intents[request_id].state == "opening":
            self._save({f"intent/{request_id}": None})

    def not_passed(self, request_id: str, *, annul: bool = False) -> None:
        """Take in that nobody passed; with `annul` their use is given back. Raises StoreFault."""
        intent = self.intents.get(request_id)
        if intent is None or intent.state != "opening":
            return
        if annul:
            chore = LaneAsk(f"annul:{request_id}", "annul", admission=request_id)
            self._save({f"chore/{chore.request_id}": _pack(chore), f"intent/{request_id}": None})
        else:
            self._save(self._not_shown(intent))

    def _not_shown(self, intent: Intent) -> dict[str, bytes | None]:
        """Return the changes that end an intent with nobody having passed."""
        ended: dict[str, bytes | None] = {f"intent/{intent.request_id}": None}
        if intent.direction == "entry":
            name = f"passage:{intent.request_id}"
            chore = LaneAsk(
                name, "passage", admission=intent.request_id, result=int(Passage.not_shown)
            )
            ended[f"chore/{name}"] = _pack(chore)
        return ended

    # The host.

    def up(self) -> LaneUp:
        """Return what is to be told to the host now."""
        # What became of people first: who shows a ticket again may be the one who did not pass.
        asks = [*self.chores.values(), *self._questions()]
        return LaneUp(
            terminal=self.terminal,
            asks=tuple(asks[:ASKS_AT_ONCE]),
            part=self._next_part(),
            unsettled=tuple(self._unsettled()),
        )

    @property
    def asks(self) -> bool:
        """Whether something is asked of the host, or it wants something, so that it is urgent."""
        waiting = any(each.state != "opening" for each in self.intents.values())
        return bool(waiting or self.chores or self._wanted)

    @property
    def waits(self) -> bool:
        """Whether there is anything to tell or to hear: the centre lacks something, too."""
        return bool(self.asks or self.kept)

    def _questions(self) -> Iterable[LaneAsk]:
        """Yield what is asked about people who stand here, or stood here and got no answer.

        As long as it is not known what became of an entry by a code, nobody else is let in by it:
        the host would refuse them for people who may never have passed, or not know of others who
        did. What became of it is told first, then they are asked for.
        """
        unclear = {
            intent.code
            for intent in self.intents.values()
            if intent.direction == "entry" and intent.state in _UNCLEAR
        }
        for intent in self.intents.values():
            waits = intent.state == "asking" and intent.direction == "entry"
            if intent.state != "opening" and not (waits and intent.code in unclear):
                yield self._ask(intent)

    def _ask(self, intent: Intent) -> LaneAsk:
        act = "admit" if intent.state == "asking" else "withdraw"
        return LaneAsk(
            intent.request_id,
            act,
            intent.gate,
            intent.code,
            direction=intent.direction,
            count=intent.count,
        )

    def _unsettled(self) -> Iterable[str]:
        """Return requests that another host answered than the one last heard of."""
        other = [name for name, kept in self.kept.items() if kept.row.node != self._host]
        return other[: limits.RECOVER_ACTS_MAX]

    def _next_part(self) -> JournalPart | None:
        """Return the part of the journal that the host wants next, complete as of its fence."""
        fence = self._wanted
        if fence is None:
            return None
        tag, parts = self._parts.get(fence.lease) or self._split(fence.lease)
        taken = fence.taken if fence.tag == tag else 0
        if taken >= len(parts):
            return None
        return JournalPart(fence.lease, tag, taken + 1, len(parts), parts[taken])

    def _split(self, lease: bytes) -> tuple[str, list[tuple[WireAnswer, ...]]]:
        acts = [kept.row for kept in self.kept.values()]
        size = limits.RECOVER_ACTS_MAX
        parts = [tuple(acts[n : n + size]) for n in range(0, len(acts), size)] or [()]
        self._parts[lease] = (self._token(), parts)
        return self._parts[lease]

    def hear(self, down: LaneDown, now_ms: int) -> list[Verdict]:
        """Act on what a host answered; return what is to be shown, in the order of the answers.

        What is to be shown was written down before this returns. What could not be written down is
        as if it had not been heard, and is asked again.
        """
        verdicts: list[Verdict] = []
        try:
            if self._hear_fences(down.fences):
                for answer in down.answers:
                    verdicts += self._hear_answer(answer)
                for request_id, code in down.faults:
                    verdicts += self._hear_fault(request_id, code)
                self._host, self._heard_ms = down.node, now_ms
            self._hear_settled(down)
            self._forget(down.acks)
        except StoreFault:
            log.exception("the gate's store failed")
        return verdicts

    def _hear_fences(self, fences: Iterable[Fence]) -> bool:
        """Remember what a host holds; False if another one has taken over from it.

        Then nothing it answers counts, its refusals neither: they stand in its own journal, which
        nobody collects any more.
        """
        wanted = None
        for fence in fences:
            known = [self.fences.get(uuid, 0) for uuid in fence.segments]
            if not all(passes_fence(newest, fence.epoch) for newest in known):
                return False
            self._save(
                {
                    f"fence/{uuid}": str(fence.epoch).encode()
                    for uuid in fence.segments
                    if self.fences.get(uuid, 0) != fence.epoch
                }
            )
            if fence.collects:
                wanted = fence
        self._wanted = wanted
        return True

    def _hear_answer(self, answer: LaneAnswer) -> list[Verdict]:
        row = answer.row
        if not passes_fence(self.fences.get(row.segment, 0), answer.under):
            # From a host that holds the lease no more; it is asked again, of whoever does.
            return []
        changes: dict[str, bytes | None] = {}
        if answer.under > self.fences.get(row.segment, 0):
            changes[f"fence/{row.segment}"] = str(answer.under).encode()
        if row.request_id in self.chores:
            changes[f"chore/{row.request_id}"] = None
            changes[f"kept/{row.request_id}"] = _pack(Kept(row))
            self._save(changes)
            return []
        intent = self.intents.get(row.request_id)
        if intent is None or intent.state == "opening":
            return []
        fact = fact_of(row.kind, row.payload)
        digest = self._digest(intent.code)
        changes[f"kept/{row.request_id}"] = _pack(Kept(row, digest))
        opens = isinstance(fact, AdmissionFact) and fact.people > 0
        if opens and intent.direction == "entry" and self._policy.permissive:
            changes[f"seen/{digest.hex()}"] = b"1"
        changes |= self._after(intent, opens=opens)
        self._save(changes)
        return [_verdict(intent, fact)] if intent.state == "asking" else []

    def _after(self, intent: Intent, *, opens: bool) -> dict[str, bytes | None]:
        """Return what becomes of an intent that was answered."""
        name = f"intent/{intent.request_id}"
        if intent.state == "asking":
            return {
                name: _pack(msgspec.structs.replace(intent, state="opening")) if opens else None
            }
        if intent.state == "withdrawing":
            # Admitted, and nobody stands there any more.
            return self._not_shown(intent) if opens else {name: None}
        if opens:
            # Let in on the gate's own word, and the host had said the same.
            return {name: None}
        record = LaneAsk(
            f"{intent.request_id}.late",
            "record",
            intent.gate,
            intent.code,
            direction=intent.direction,
            count=intent.count,
            at_ms=intent.at_ms,
        )
        return {name: None, f"chore/{record.request_id}": _pack(record)}

    def _hear_fault(self, request_id: str, code: str) -> list[Verdict]:
        """Take in that something cannot be done, unless it may be later."""
        if issubclass(FAULTS.get(code, Unavailable), Unavailable):
            return []
        chore = self.chores.get(request_id)
        if chore is not None:
            # Who passed has passed: that is told again until it is taken, or a person looks.
            if chore.act != "record":
                self._save({f"chore/{request_id}": None})
            return []
        intent = self.intents.get(request_id)
        if intent is None or intent.state == "opening":
            return []
        self._save({f"intent/{request_id}": None})
        return [Verdict(request_id, opens=False, reason=code)] if intent.state == "asking" else []

    def _hear_settled(self, down: LaneDown) -> None:
        """Take in where acts stand by now that another host had answered."""
        changes: dict[str, bytes | None] = {}
        for request_id, segment, epoch, seq in down.settled:
            kept = self.kept.get(request_id)
            place = (segment, epoch, seq)
            if kept is None or (kept.row.segment, kept.row.epoch, kept.row.seq) == place:
                continue
            if passes_fence(self.fences.get(segment, 0), epoch):
                moved = msgspec.structs.replace(kept.row, segment=segment, epoch=epoch, seq=seq)
                changes[f"kept/{request_id}"] = _pack(Kept(moved, kept.digest))
        self._save(changes)

    def _forget(self, acks: Iterable[tuple[str, int, int]]) -> None:
        """Forget what the centre has, and nothing else."""
        known = {(uuid, epoch): seq for uuid, epoch, seq in acks}
        self._save(
            {
                f"kept/{name}": None
                for name, kept in self.kept.items()
                if kept.row.seq <= known.get((kept.row.segment, kept.row.epoch), 0)
            }
        )


def _verdict(intent: Intent, fact: Fact) -> Verdict:
    assert isinstance(fact, AdmissionFact), "an admission is answered by one"
    return Verdict(intent.request_id, fact.people > 0, fact.reason, fact.basis, fact)
