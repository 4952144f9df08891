"""Which segment each entitlement of a ticket belongs to, and making sure that it exists."""

from collections.abc import Iterable

from paifang.core.rules import CentreRules, EntitlementRule, Product, Session
from paifang.ledger.commands import OpenSegment
from paifang.ledger.facts import SegmentFact
from paifang.ledger.faults import LedgerFault
from paifang.services.live.ports import DeskLedger


class SegmentBook:
    """The numbers of the ledger's segments by site and period, opened when first asked for."""

    def __init__(self, ledger: DeskLedger, centre: CentreRules, actor: str = "") -> None:
        """Take the ledger, the rules it decides by, and who is acting. Raises LedgerFault."""
        self._ledger = ledger
        self._centre = centre
        self._actor = actor
        self._numbers = {(row.site, row.period): row.number for row in ledger.segments()}

    def numbers_of(
        self, product: Product, *, session: int = 0, from_ms: int = 0, until_ms: int = 0
    ) -> tuple[int, ...]:
        """Return the segment of each entitlement of a ticket, in the product's order.

        Args:
            product: As in the bundle.
            session: Number of the ticket's session, 0 = none.
            from_ms: Start of the ticket's own validity, UTC milliseconds, 0 = open.
            until_ms: Its end.

        Raises:
            LedgerFault: A segment could not be opened.
        """
        slot = self._centre.sessions.get(session)
        return tuple(
            self._number(*self._place(rule, slot, from_ms, until_ms))
            for rule in product.entitlements
        )

    def _place(
        self, rule: EntitlementRule, slot: Session | None, from_ms: int, until_ms: int
    ) -> tuple[str, str]:
        """Return site and period of an entitlement; what crosses periods has none."""
        starts, ends = [rule.valid_from_ms, from_ms], [rule.valid_until_ms, until_ms]
        if rule.session_bound and slot is not None:
            starts.append(slot.opens_ms)
            ends.append(slot.closes_ms)
        site = self._centre.sites[self._centre.zones[rule.zone].site]
        return site.slug, site.period_of(max(starts), _earliest(ends))

    def _number(self, site: str, period: str) -> int:
        number = self._numbers.get((site, period))
        if number is None:
            number = self._numbers[site, period] = self._open(site, period)
        return number

    def _open(self, site: str, period: str) -> int:
        command = OpenSegment(site=site, period=period, actor=self._actor)
        (answer,) = self._ledger.commit([command])
        if isinstance(answer, LedgerFault):
            raise answer
        fact = answer.decoded()
        assert isinstance(fact, SegmentFact), "opening a segment is answered with its number"
        return fact.segment


def _earliest(ends_ms: Iterable[int]) -> int:
    """Return the earliest end of those that are set, 0 if none is."""
    return min((end for end in ends_ms if end), default=0)
