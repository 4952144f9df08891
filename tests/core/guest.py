"""A guest with a ticket, for tests of `decide`: each opening changes what the next one meets."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from paifang.core.admission import Ask, Decision, Known, decide, decide_override
from paifang.core.rules import EntitlementRule, Rules
from paifang.core.tickets import CredentialState, Ticket, Use
from tests.ledger import world
from tests.ledger.world import NOW_MS

TICKET = bytes(16)
HOME = 7


@dataclass(frozen=True)
class Scan:
    """What a gate asks."""

    request_id: str = "r"
    terminal: str = "t1"
    gate: str = "north"
    direction: str = "entry"
    count: int = 1
    kind: str = "code"
    verdict: str = "genuine"
    face_check: str = ""
    staff: str = "li"
    actor: str = ""


class Guest:
    """One ticket and what is known of it. Segment `HOME + n` holds the nth entitlement."""

    def __init__(self, *entitlements: EntitlementRule, **more: Any) -> None:
        """Take the entitlements; `ticket` has fields of the ticket, the rest the product's."""
        ticket = more.pop("ticket", {})
        self.ticket: Ticket | None = Ticket(TICKET, world.EXPO, 1, HOME, **ticket)
        self.uses = [Use(TICKET, n, HOME + n) for n in range(len(entitlements))]
        self.rules: Rules = world.rules(world.product(1, *entitlements, **more))
        self.credential = CredentialState.live
        self.inside_zone = 0
        self.admitted_to_session = 0
        self.authorities: dict[int, int] = {}
        self.now_ms = NOW_MS
        self.number = 0

    def known(self) -> Known:
        """Return what the ledger would know."""
        return Known(
            self.ticket,
            tuple(self.uses),
            self.credential,
            self.inside_zone,
            self.admitted_to_session,
            self.authorities,
        )

    def ask(
        self, gate: str, more: dict[str, Any], by: Callable[[Ask, Known, Rules, int], Decision]
    ) -> Decision:
        """Ask, and keep the state the gate's opening leads to."""
        self.number += 1
        known = self.known()._replace(kind=more.pop("kind", "code"))
        scan = Scan(request_id=f"r{self.number}", gate=gate, **more)
        decision = by(scan, known, self.rules, self.now_ms)
        if decision.opens:
            assert decision.use is not None
            self.uses[decision.use.n] = decision.use
        return decision

    def shows(self, gate: str = "north", **more: Any) -> Decision:
        """Show the ticket at a gate."""
        return self.ask(gate, more, decide)

    def says(self, gate: str = "north", **more: Any) -> str:
        """Show the ticket at a gate; return the reason."""
        return self.shows(gate, **more).reason.value

    def leaves(self, gate: str = "north", **more: Any) -> str:
        """Show the ticket on the way out; return the reason."""
        return self.says(gate, direction="exit", **more)

    def override(self, gate: str = "north", **more: Any) -> Decision:
        """Let a supervisor admit."""
        return self.ask(gate, more, decide_override)

    def on(self, now_ms: int) -> "Guest":
        """Go on at another time, UTC milliseconds."""
        self.now_ms = now_ms
        return self
