"""The journal as a stream of news for screens: positions, and rows made into events.

News carries no holder's name and no code, because it goes to screens that anybody may look at.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

import msgspec

from paifang.core.reasons import Reason, Verdict
from paifang.core.rules import Rules
from paifang.ledger.facts import AdmissionFact, SegmentFact, fact_of
from paifang.ledger.faults import LedgerFault
from paifang.services.live.answers import REASONS, VERDICTS, rfc3339
from paifang.services.live.ports import Cursor, JournalRow, LiveLedger
from paifang.services.live.problems import Problem, problem_of

LAST_EVENT_ID_CHARS_MAX: Final = 8_192
NEWS_ROWS_MAX: Final = 500


class AdmissionNews(msgspec.Struct, frozen=True, kw_only=True):
    """One decision at a gate, as the stream tells it."""

    request_id: str
    at: str
    gate: str
    gate_name: str
    gate_zh: str
    zone: str
    terminal: str
    direction: str
    decision: Verdict
    reason: Reason
    basis: str
    kind: str
    people: int
    product: str
    product_zh: str


class News(NamedTuple):
    """An event for the screens of one site, and where in the journal it stands."""

    site: str
    segment: int
    cursor: Cursor
    body: bytes


_encode: Final = msgspec.json.Encoder().encode


def news_of(row: JournalRow, rules: Rules) -> News | None:
    """Return what a journal row is to screens, None if it is nothing to them."""
    if row.kind != "admission":
        return None
    fact = fact_of(row.kind, row.payload)
    assert isinstance(fact, AdmissionFact), "an admission's row holds an admission"
    gate = rules.centre.gates.get(fact.gate)
    if gate is None:  # a gate that was taken out of the bundle has no screen
        return None
    product = rules.centre.products.get(fact.product)
    terminal = rules.node.terminals.get(fact.terminal)
    body = AdmissionNews(
        request_id=row.request_id,
        at=rfc3339(row.at_ms),
        gate=fact.gate,
        gate_name=gate.name,
        gate_zh=gate.name_zh,
        zone=fact.zone,
        terminal=terminal.name if terminal else fact.terminal,
        direction=fact.direction,
        decision=VERDICTS[fact.reason],
        reason=REASONS[fact.reason],
        basis=fact.basis,
        kind=fact.kind,
        people=fact.people,
        product=product.name if product else "",
        product_zh=product.name_zh if product else "",
    )
    return News(rules.site_of_gate(gate).slug, row.segment, (row.epoch, row.seq), _encode(body))


def opened_segment(row: JournalRow) -> tuple[int, str] | None:
    """Return number and site of the segment that a row opened, None for any other row."""
    if row.kind != "segment":
        return None
    fact = fact_of(row.kind, row.payload)
    assert isinstance(fact, SegmentFact), "a segment's row holds a segment"
    return fact.segment, fact.site


def write_cursors(cursors: Mapping[int, Cursor]) -> str:
    """Write positions as an event id; `3:2.118;4:2.97` begins with segment 3, epoch 2, row 118."""
    return ";".join(f"{n}:{epoch}.{seq}" for n, (epoch, seq) in sorted(cursors.items()))


def read_cursors(text: str) -> dict[int, Cursor]:
    """Read what `write_cursors` wrote. Raises Problem for anything else."""
    cursors: dict[int, Cursor] = {}
    try:
        if len(text) > LAST_EVENT_ID_CHARS_MAX or not text.isascii():
            raise ValueError
        for part in text.split(";"):
            segment, _, place = part.partition(":")
            epoch, _, seq = place.partition(".")
            if not (segment.isdigit() and epoch.isdigit() and seq.isdigit()):
                raise ValueError
            if max(len(segment), len(epoch), len(seq)) > 18:  # beyond what the ledger can count
                raise ValueError
            cursors[int(segment)] = (int(epoch), int(seq))
    except ValueError:
        raise Problem("member_wrong", "last_event_id") from None
    return cursors


class Journal:
    """The journal as the stream reads it. Every method raises Problem for the ledger's faults."""

    def __init__(self, ledger: LiveLedger) -> None:
        """Take the ledger."""
        self._ledger = ledger

    @property
    def rules(self) -> Rules:
        """The newest rules known."""
        return self._ledger.rules

    async def rows_after(self, cursors: Mapping[int, Cursor]) -> list[JournalRow]:
        """Return up to `NEWS_ROWS_MAX` rows behind positions that name every segment."""
        try:
            return await self._ledger.journal_after(cursors, NEWS_ROWS_MAX)
        except LedgerFault as fault:
            raise problem_of(fault) from fault

    async def places(self) -> tuple[dict[int, Cursor], dict[int, str]]:
        """Return the newest position of every segment, and the site of every segment."""
        try:
            segments = await self._ledger.segments()
            cursors = await self._ledger.cursors()
        except LedgerFault as fault:
            raise problem_of(fault) from fault
        sites = {row.number: row.site for row in segments}
        return {n: cursors.get(n, (0, 0)) for n in {*sites, *cursors}}, sites
