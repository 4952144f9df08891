"""Where a ticket is shown: a gate of the centre, of a host that is cut off, of its lane agent.

Each has real ledgers and real keys, and reads codes as a gate's text is read. The host holds the
fair on a lease; the line is cut, because nothing carries documents unless a scene asks for it.
"""

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from paifang.core.codes import CodeBody, code_of_stem, rotating_stem, signed_code, step_at
from paifang.core.rules import (
    CentreRules,
    EntitlementRule,
    Event,
    Identity,
    NodeRules,
    Period,
    Product,
)
from paifang.core.tickets import Passage
from paifang.ledger.commands import Admit, Command, Credential, Issue
from paifang.ledger.facts import AdmissionFact, Answer
from paifang.services.live.callers import Caller
from paifang.services.live.foreign_keys import ForeignKeys
from paifang.services.live.keys import Keys, Secrets
from paifang.services.live.lanes import LaneSide
from paifang.services.live.readings import CodeReader, key_id_of
from paifang.sync.gates import Host
from paifang.sync.lane import Lane, Policy
from paifang.sync.lane_store import SqliteLaneStore
from tests.ledger import world
from tests.ledger.venue import Venue, key
from tests.ledger.world import HALL, SettableClock, at, product
from tests.sync.nodes import CENTRE, FAIR, HOST, Pair

LATER: Final = Period("later", at(0, day=3), at(0, day=6))
"""A period that is not leased."""
PLACES: Final = ("centre", "host", "agent")

(PASSBACK, MORNING, TOMORROW, OVER, SOUTH, DOCUMENT, FACE, SUPERVISED, TWO_PERIODS) = range(11, 20)
STATIC, SIGNED, CHANGING, SIGNED_CHANGING = range(21, 25)
_FAIR_HALL: Final = replace(HALL, valid_from_ms=at(0), valid_until_ms=at(0, day=3))

PRODUCTS: Final[tuple[Product, ...]] = (
    *world.PRODUCTS,
    product(PASSBACK, replace(HALL, uses_max=0, anti_passback=True)),
    product(MORNING, replace(HALL, session_bound=True)),
    product(TOMORROW, replace(HALL, valid_from_ms=at(0, day=1))),
    product(OVER, replace(HALL, valid_until_ms=at(9))),
    product(SOUTH, replace(HALL, gates=("south",))),
    product(DOCUMENT, HALL, identity=Identity.document),
    product(FACE, HALL, identity=Identity.face),
    product(SUPERVISED, HALL, supervised=True),
    product(TWO_PERIODS, HALL, EntitlementRule("garden", valid_from_ms=at(0))),
    product(STATIC, _FAIR_HALL),
    product(SIGNED, _FAIR_HALL, signed_codes=True),
    product(CHANGING, _FAIR_HALL, rotating_codes=True),
    product(SIGNED_CHANGING, _FAIR_HALL, signed_codes=True, rotating_codes=True),
)


class Place:
    """One of `PLACES`, with both nodes and all keys behind it."""

    def __init__(self, name: str, folder: Path, *, loads: bool = True) -> None:
        """Open the nodes; unless it is the centre's, the fair is leased once something is shown.

        Args:
            name: One of `PLACES`.
            folder: For the ledgers; nobody else uses it.
            loads: Whether the host takes in the list of its lease.
        """
        self.name = name
        self.keys = Keys(Secrets("11" * 32, "22" * 32, CENTRE))
        self.clock = SettableClock(at(10))
        self.pair = Pair(folder / "centre.db", folder / "host.db", self.clock)
        self.pair.fetches = loads
        self._requests = itertools.count(1)
        self._tickets = itertools.count(1)
        centre = self.pair.centre.ledger
        park = replace(world.PARK, periods=(FAIR, LATER))
        rules = world.centre_rules(PRODUCTS)
        centre.publish(replace(rules, sites={"park": park}, issuing_keys=(self.keys.public_key,)))
        self.fair, self.later = centre.segment("fair"), centre.segment("later")
        foreign = ForeignKeys(folder / "foreign.json")
        foreign.add(self.keys.ring_of(rules.events.values()))
        self._host_keys = Keys(Secrets("33" * 32, "44" * 32, HOST), foreign)
        self._readers = {"centre": CodeReader(self.keys), "host": CodeReader(self._host_keys)}
        self.lane = Lane(
            "t1",
            SqliteLaneStore(folder / "lane.db"),
            Policy(),
            lambda: f"lane-{next(self._requests)}",
        )

    @property
    def side(self) -> str:
        """Which node answers here."""
        return "centre" if self.name == "centre" else "host"

    @property
    def ledger(self) -> Venue:
        """The ledger of the node that answers here."""
        ledger: Venue = getattr(self.pair, self.side).ledger
        return ledger

    def event(self, number: int) -> Event:
        """Return the event of a product."""
        rules: CentreRules = self.pair.centre.ledger.rules.centre
        return rules.events[rules.products[number].event]

    # What people do at the centre.

    def sell(self, number: int = world.SINGLE, *, document: str = "", **more: Any) -> str:
        """Sell a ticket of a product at the centre; return what is kept as its code."""
        n = next(self._tickets)
        ticket = key(f"ticket {n}")
        code = self._code(number, ticket, n)
        event, keys = self.event(number), self.keys
        shown = [("code", code)] + ([("document", document)] if document else [])
        product = self.pair.centre.ledger.rules.centre.products[number]
        segments = [self.fair] * len(product.entitlements)
        if number == TWO_PERIODS:
            segments[1] = self.later
        issue = Issue(
            ticket=ticket,
            event=event.number,
            product=number,
            home=self.fair,
            segments=tuple(segments),
            credentials=tuple(
                Credential(kind, keys.lookup(event, kind, value), keys.seal(event, value))
                for kind, value in shown
            ),
            **more,
        )
        self.pair.centre.ledger.do(issue)
        return code

    def _code(self, number: int, ticket: bytes, n: int) -> str:
        body = CodeBody(
            ticket, key_id_of(bytes.fromhex(self.keys.public_key)), product_no=number, people=1
        )
        if number == SIGNED:
            return signed_code(body, self.keys.sign)
        if number == CHANGING:
            return rotating_stem(CodeBody(ticket))
        if number == SIGNED_CHANGING:
            return rotating_stem(body, self.keys.sign)
        return f"7K3M9QX2TB4H{n:04}"

    def now_shown(self, stem: str, number: int, ticket: int, steps_late: int = 0) -> str:
        """Return what a page shows of the n-th ticket now, or showed so many steps ago."""
        step = step_at(self.clock.now_ms() // 1000) - steps_late
        event, named = self.event(number), key(f"ticket {ticket}")
        return code_of_stem(stem, step, lambda told: self.keys.rotation_mac(event, named, told))

    def cut_off(self) -> None:
        """Lease the fair to the host, let it fetch everything, and cut the line."""
        self.pair.grant()
        self.pair.talk(2)

    def heal(self) -> None:
        """Let the nodes talk until they know the same."""
        self.pair.talk(3)

    # What people do where the ticket is shown.

    def do(self, *commands: Command) -> list[Answer]:
        """Commit commands at the node that answers here."""
        return [self.ledger.do(command) for command in commands]

    def show(self, text: str, gate: str = "north", **more: Any) -> str:
        """Show a text at a gate; return the reason that comes back."""
        return self.ask(text, gate, **more)[1]

    def ask(self, text: str, gate: str = "north", **more: Any) -> tuple[str, str]:
        """Show a text at a gate; return the request's id and the reason that comes back."""
        if self.name == "agent":
            return self._ask_lane(text, gate, **more)
        rules = self.ledger.rules
        kind = more.pop("kind", "auto")
        reading = self._readers[self.side].read(
            rules, rules.centre.gates[gate], text, kind, self.clock.now_ms()
        )
        admit = Admit(
            request_id=f"{self.side}-{next(self._requests)}",
            terminal="t1",
            gate=gate,
            lookups=reading.lookups,
            ticket=reading.ticket,
            signed=reading.signed,
            verdict=more.pop("verdict", reading.verdict),
            kind=reading.kind,
            **more,
        )
        return admit.request_id, self.ledger.fact(admit, AdmissionFact).reason

    def _ask_lane(
        self, text: str, gate: str, direction: str = "entry", count: int = 1
    ) -> tuple[str, str]:
        request_id = self.lane.scan(gate, text, self.clock.now_ms(), direction, count)
        for verdict in self._exchange():
            if verdict.request_id == request_id:
                if verdict.opens:
                    self.lane.passed(request_id)
                return request_id, verdict.reason
        given_up = self.lane.give_up(request_id, self.clock.now_ms())
        assert given_up is not None, "it was neither answered nor is it asked"
        return request_id, given_up.reason

    def _exchange(self) -> list[Any]:
        """Let the lane tell its host, and hear it."""
        rules: NodeRules = self.ledger.rules.node
        caller = Caller(rules.terminals["t1"], "", frozenset(), 0, unstaffed=True)
        side = LaneSide(self._readers["host"], Host(HOST))
        reader = self.ledger.reader()
        down = side.answer(
            reader,
            lambda commands: self.ledger.batch(*commands),
            self.lane.up(),
            caller,
            self.clock.now_ms(),
        )
        reader.close()
        return self.lane.hear(down, self.clock.now_ms())

    def admitted_and_nobody_passed(self, text: str) -> None:
        """Show a text, be let in, and turn round before the gate."""
        if self.name == "agent":
            self.lane.scan("north", text, self.clock.now_ms())
            (verdict,) = self._exchange()
            self.lane.not_passed(verdict.request_id)
            self._exchange()
            return
        request_id, reason = self.ask(text)
        assert reason == "ok"
        self.ledger.passage(request_id, Passage.no_passage)

    def close(self) -> None:
        """Close everything."""
        self.pair.close()


Scene = Callable[[Place], str]
"""What happens at a place; returns the reason told last."""
