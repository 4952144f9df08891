"""A ledger with the venue of world.py published in it, and short words for what tests do to it."""

import hashlib
import itertools
from collections.abc import Sequence
from contextlib import closing, suppress
from typing import Any, TypeVar

from paifang.core.rules import CentreRules, NodeRules, Rules
from paifang.core.tickets import Passage
from paifang.ledger import tables as t
from paifang.ledger.batch import Outcome, run_batch
from paifang.ledger.commands import (
    Admit,
    Annul,
    Command,
    ConfirmPassage,
    Credential,
    Issue,
    OpenSegment,
    Override,
    Publish,
)
from paifang.ledger.engine import Engine
from paifang.ledger.facts import AdmissionFact, Answer, Fact, SegmentFact
from paifang.ledger.faults import LedgerFault
from paifang.ledger.opening import LedgerReader, Target, open_engine, open_reader
from tests.ledger import world
from tests.ledger.engines import NODE
from tests.ledger.world import SettableClock

F = TypeVar("F", bound=Fact)


def key(text: str) -> bytes:
    """Return the keyed hash of a credential; any 16 bytes do, if always the same."""
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


class Venue:
    """A ledger, its clock and its rules; every batch is committed as the writer would commit it."""

    def __init__(
        self, target: Target, clock: SettableClock | None = None, node: str = NODE
    ) -> None:
        """Open the ledger at `target`, as a node."""
        self.target = target
        self.node = node
        self.clock = clock or SettableClock()
        self.rules = Rules()
        self.engine: Engine = open_engine(target, node)
        self.home = 0
        self._numbers = itertools.count(1)

    def furnish(self) -> "Venue":
        """Publish the venue's rules and open its first segment."""
        self.publish(world.centre_rules())
        self.publish(world.node_rules())
        self.home = self.segment("")
        return self

    # Doing.

    def batch(self, *commands: Command) -> list[Outcome]:
        """Commit commands in one batch; return their outcomes."""
        try:
            outcomes, self.rules = run_batch(
                self.engine, commands, self.rules, self.node, self.clock.now_ms()
            )
        except BaseException:
            self.engine.rollback()
            raise
        return outcomes

    def do(self, command: Command) -> Answer:
        """Commit one command; return its answer or raise its fault."""
        (outcome,) = self.batch(command)
        if isinstance(outcome, LedgerFault):
            raise outcome
        return outcome

    def fact(self, command: Command, kind: type[F]) -> F:
        """Commit one command; return the fact it was answered with."""
        return fact_of(self.do(command), kind)

    def publish(self, layer: CentreRules | NodeRules) -> Answer:
        """Bring the next version of a layer into force."""
        name = "centre" if isinstance(layer, CentreRules) else "node"
        base = getattr(self.rules, name).version
        return self.do(Publish(layer=name, base=base, body=world.body_of(layer)))

    def segment(self, period: str) -> int:
        """Open a segment of the park; return its number."""
        return self.fact(OpenSegment(site="park", period=period), SegmentFact).segment

    def issue_command(self, code: str, product: int = world.SINGLE, **more: Any) -> Issue:
        """Return the command that issues a ticket with a code."""
        entitlements = self.rules.centre.products[product].entitlements
        return Issue(
            ticket=key("ticket " + code),
            event=self.rules.centre.products[product].event,
            product=product,
            home=more.pop("home", self.home),
            segments=more.pop("segments", (self.home,) * len(entitlements)),
            credentials=more.pop("credentials", (Credential("code", key(code), b"sealed"),)),
            **more,
        )

    def issue(self, code: str, product: int = world.SINGLE, **more: Any) -> bytes:
        """Issue a ticket with a code; return its id."""
        command = self.issue_command(code, product, **more)
        self.do(command)
        return command.ticket

    def admit_command(self, code: str, gate: str = "north", **more: Any) -> Admit:
        """Return the command of a scan, with a fresh request id unless one is given."""
        request_id = more.pop("request_id", None)
        return Admit(
            request_id=self._fresh_id() if request_id is None else request_id,
            terminal=more.pop("terminal", "t1"),
            gate=gate,
            lookups=more.pop("lookups", (key(code),)),
            **more,
        )

    def _fresh_id(self) -> str:
        # Of two nodes in one test no two requests are alike.
        return f"{'' if self.node == NODE else self.node[-2:]}r{next(self._numbers)}"

    def admit(self, code: str, gate: str = "north", **more: Any) -> AdmissionFact:
        """Scan a code at a gate; return what was decided."""
        return self.fact(self.admit_command(code, gate, **more), AdmissionFact)

    def says(self, code: str, gate: str = "north", **more: Any) -> str:
        """Scan a code at a gate; return the reason."""
        return self.admit(code, gate, **more).reason

    def leaves(self, code: str, gate: str = "north", **more: Any) -> str:
        """Scan a code on the way out; return the reason."""
        return self.admit(code, gate, direction="exit", **more).reason

    def override(self, code: str, gate: str = "north", **more: Any) -> AdmissionFact:
        """Let a supervisor admit; return what was decided."""
        text = more.pop("reason_text", "a regular guest")
        command = self.admit_command(code, gate, **more)
        return self.fact(
            Override(request_id=command.request_id, actor="han", admit=command, reason_text=text),
            AdmissionFact,
        )

    def passage(self, admission: str, passage: Passage, terminal: str = "t1") -> Answer:
        """Report what became of an admission."""
        return self.do(
            ConfirmPassage(
                request_id=f"passage:{admission}",
                admission=admission,
                terminal=terminal,
                passage=passage,
            )
        )

    def annul(self, admission: str, terminal: str = "t1", **more: Any) -> Answer:
        """Take an admission back."""
        return self.do(
            Annul(
                request_id=more.pop("request_id", f"annul:{admission}"),
                admission=admission,
                terminal=terminal,
                **more,
            )
        )

    # Looking.

    def rows(self, table: t.Table) -> list[Any]:
        """Return all rows of a table, on a connection of its own."""
        reader = self.reader()
        with closing(reader):
            return list(reader.raw.scan(table))

    def row(self, table: t.Table, *keys: Any) -> Any:
        """Return the one row with a key."""
        (found,) = [row for row in self.rows(table) if row[: table.key] == keys]
        return found

    def inside(self, zone: str = "hall") -> int:
        """Return how many people are inside a zone today."""
        reader = self.reader()
        with closing(reader):
            counts = {count.zone: count.inside for count in reader.occupancy(self.clock.now_ms())}
        return counts[zone]

    def kinds(self) -> list[str]:
        """Return the kinds of all journal rows, in order of their segments."""
        return [row.kind for row in self.rows(t.JOURNAL)]

    def reader(self) -> LedgerReader:
        """Return a fresh reading connection."""
        return open_reader(self.target)

    # Interfering.

    def lend(self, segment: int, authority: int) -> None:
        """Give a segment's authority away, which leases will do once there are leases."""
        self.engine.begin()
        (head,) = self.engine.get(t.HEAD, (segment,))
        self.engine.put(t.HEAD, (head._replace(authority=authority),))
        self.engine.commit()

    def reopen(self) -> None:
        """Close and open anew, as after a restart."""
        self.engine.close()
        self.engine = open_engine(self.target, self.node)
        self.rules = Rules()
        self.batch()

    def close(self) -> None:
        """Close the connection."""
        with suppress(Exception):
            self.engine.close()


def fact_of(outcome: Outcome, kind: type[F]) -> F:
    """Return the fact of an answer, which must be of a kind."""
    assert isinstance(outcome, Answer), outcome
    fact = outcome.decoded()
    assert isinstance(fact, kind), fact
    return fact


def reasons(outcomes: Sequence[Outcome]) -> list[str]:
    """Return the reasons of admissions."""
    return [fact_of(outcome, AdmissionFact).reason for outcome in outcomes]


def fault_of(outcome: Outcome) -> type[LedgerFault]:
    """Return the class of a fault; an answer is none."""
    assert isinstance(outcome, LedgerFault), outcome
    return type(outcome)
