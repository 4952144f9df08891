"""What is told of tickets that were searched for, and of their story."""

from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from paifang.core.reasons import Basis, Reason, Verdict
from paifang.services.live.bodies import Instant

State = Literal["valid", "void", "refunded", "unpaid", "blocked", "voucher"]


class LastDecision(msgspec.Struct, frozen=True, kw_only=True):
    """The newest decision about a ticket."""

    at: Instant
    gate: str
    gate_zh: str
    direction: Literal["entry", "exit"]
    decision: Verdict
    reason: Reason


class TicketFound(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket as a steward may see it; the full `serial` is for supervisors and managers only.

    `exact`: the whole name, company or code is what was asked for. `voucher`: to be exchanged.
    """

    id: str
    holder: str
    company: str
    product: str
    product_zh: str
    people: int
    state: State
    uses: int
    phone_tail: str
    serial_tail: str
    exact: bool
    serial: str | UnsetType = UNSET
    last: LastDecision | UnsetType = UNSET


class TicketsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Tickets that were found, the best first; `more` says that there are others."""

    tickets: tuple[TicketFound, ...]
    more: bool


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """One decision about a ticket, or a passage told afterwards (`basis` provisional).

    `annulled`: taken back later. `conflict` names the conflict a passage told afterwards made.
    """

    at: Instant
    gate: str
    gate_zh: str
    terminal: str
    direction: Literal["entry", "exit"]
    decision: Verdict
    reason: Reason
    basis: Basis
    people: int
    by: str
    reason_text: str
    annulled: bool
    conflict: str


class TicketStory(TicketFound, frozen=True, kw_only=True):
    """A ticket and everything that was decided about it, newest first."""

    history: tuple[Decided, ...]


class GateFlow(msgspec.Struct, frozen=True, kw_only=True):
    """One gate's flow: people in and out and refusals, minute by minute, oldest first.

    `silent`: neither a terminal nor an admission of this gate was heard of for 30 seconds.
    """

    gate: str
    name: str
    name_zh: str
    zone: str
    silent: bool
    entries: tuple[int, ...]
    exits: tuple[int, ...]
    refusals: tuple[int, ...]
    seen_at: Instant | UnsetType = UNSET


class ReasonCount(msgspec.Struct, frozen=True, kw_only=True):
    """How often people were turned away for a reason today."""

    reason: Reason
    count: int


class FlowAnswer(msgspec.Struct, frozen=True, kw_only=True, rename={"from_": "from"}):
    """The flow at the gates a terminal may watch. Everything up to `as_of` is in it.

    The minutes begin at `from`; the last one is not over yet. Admissions taken back later stay in
    the minute they were decided in; the count of people inside is that of the occupancy.
    """

    as_of: Instant
    from_: Instant
    minutes: int
    gates: tuple[GateFlow, ...]
    reasons: tuple[ReasonCount, ...]
