"""Visitors, and the people who run the fair: what they want, and when they try again."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from paifang.ledger.commands import Credential, Issue
from paifang.ledger.lease_commands import MakeWish
from paifang.sync.lane import Verdict
from tests.ledger import world as venue
from tests.ledger.venue import key
from tests.sim.gate import Gate
from tests.sim.nodes import Centre
from tests.sim.world import HOUR, MINUTE, SECOND, World

TRIES_MAX: Final = 6
NOBODY_ANSWERED: Final = frozenset(
    {"offline_not_allowed", "unknown", "held_elsewhere", "not_ready"}
)


class Sold(NamedTuple):
    """A ticket as its buyers know it. `shared` means that more show it than are allowed."""

    code: str
    product: int
    people: int
    shared: bool


class Visitor:
    """Somebody with a code, who comes, and perhaps leaves and comes again."""

    def __init__(self, world: World, gates: Sequence[Gate], ticket: Sold, count: int) -> None:
        """Have a ticket."""
        self.world = world
        self.gates = gates
        self.ticket = ticket
        self.count = count
        self.tries = 0
        self.trips = 2 if ticket.product == venue.RE_ENTRY and world.chance(0.6) else 1
        self.inside = False

    def come(self) -> None:
        """Show the code at a gate: the nearest, mostly."""
        if self.world.closed:
            return
        self.tries += 1
        self.world.dice.choice(self.gates).show(
            self.ticket.code, "entry", self.count, self._entered
        )

    def _entered(self, verdict: Verdict | None) -> None:
        if verdict is not None and verdict.opens:
            self.inside = True
            self.trips -= 1
            if self.trips or self.world.chance(0.3):
                self.world.after(self.world.spread(40 * MINUTE), self.leave)
        elif self.tries < TRIES_MAX and (verdict is None or verdict.reason in NOBODY_ANSWERED):
            self.world.after(self.world.spread(90 * SECOND), self.come)

    def leave(self) -> None:
        """Show the code on the way out."""
        if self.world.closed:
            return
        self.world.dice.choice(self.gates).show(self.ticket.code, "exit", self.count, self._left)

    def _left(self, verdict: Verdict | None) -> None:
        if verdict is not None and verdict.opens:
            self.inside = False
            if self.trips:
                self.tries = 0
                self.world.after(self.world.spread(20 * MINUTE), self.come)


class Fair:
    """Selling tickets, sending visitors, wishing."""

    def __init__(self, world: World, centre: Centre, gates: Sequence[Gate], home: int) -> None:
        """Begin with nothing sold."""
        self.world = world
        self.centre = centre
        self.gates = gates
        self.home = home
        self.sold: list[Sold] = []

    def sell(self, hours: float) -> Issue:
        """Sell a ticket and send its visitors some time in the next hours."""
        dice = self.world.dice
        product = dice.choices(
            (venue.SINGLE, venue.RE_ENTRY, venue.SEASON), weights=(6, 3, 1), k=1
        )[0]
        people = dice.randint(2, 5) if dice.random() < 0.2 else 1
        shared = dice.random() < 0.3
        ticket = Sold(f"c{len(self.sold)}-{self.world.seed}", product, people, shared)
        self.sold.append(ticket)
        self._send(ticket, hours)
        entitlements = venue.centre_rules().products[product].entitlements
        return Issue(
            request_id=f"issue:{ticket.code}",
            ticket=key("ticket " + ticket.code),
            event=venue.EXPO,
            product=product,
            home=self.home,
            segments=(self.home,) * len(entitlements),
            credentials=(Credential("code", key(ticket.code), b"sealed"),),
            people=people,
            content=key("content " + ticket.code),
        )

    def _send(self, ticket: Sold, hours: float) -> None:
        """Send whoever has the code: a group together or one by one, and friends with a picture."""
        dice = self.world.dice
        arrives = dice.uniform(2 * MINUTE, hours * HOUR)
        together = ticket.people == 1 or dice.random() < 0.5
        parties = [ticket.people] if together else [1] * ticket.people
        if ticket.shared:
            parties += [1] * dice.randint(1, 3)
        for count in parties:
            late = dice.choice((0, dice.uniform(0, 30 * SECOND), self.world.spread(30 * MINUTE)))
            visitor = Visitor(self.world, self.gates, ticket, count)
            self.world.after(arrives + late, visitor.come)

    def wish(self, n: int) -> MakeWish:
        """Wish something of a ticket."""
        dice = self.world.dice
        ticket = dice.choice(self.sold)
        return MakeWish(
            request_id=f"wish:{n}",
            actor="wang",
            wish=n.to_bytes(16, "big"),
            ticket=key("ticket " + ticket.code),
            kind=dice.choice(("void", "block", "unblock")),
        )
