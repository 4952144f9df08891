"""Which segment each entitlement of a ticket belongs to, and making sure that it exists."""

from paifang.core.rules import CentreRules, Product, Rules
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
        place_of = Rules(self._centre).place_of
        return tuple(
            self._number(*place_of(rule, session, from_ms, until_ms))
            for rule in product.entitlements
        )

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
