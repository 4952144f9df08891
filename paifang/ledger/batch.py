"""One batch: read what its commands need, apply them in order, write and commit at once."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from paifang.core.rules import Rules
from paifang.ledger import tables as t
from paifang.ledger.apply import apply
from paifang.ledger.bundle import current_rules
from paifang.ledger.commands import (
    Admit,
    Annul,
    Bind,
    Command,
    Confirm,
    ConfirmPassage,
    Erase,
    Exchange,
    Hold,
    Issue,
    Override,
    Preview,
    Record,
    Release,
    SetStatus,
)
from paifang.ledger.engine import Engine, Reached
from paifang.ledger.facts import Answer
from paifang.ledger.faults import LedgerFault, Misuse
from paifang.ledger.rows import BundleRow
from paifang.ledger.work import BROUGHT, OWN_SEGMENT, Work

Outcome = Answer | LedgerFault


def run_batch(
    engine: Engine, commands: Sequence[Command], rules: Rules, node: str, now_ms: int
) -> tuple[list[Outcome], Rules]:
    """Carry out commands in one transaction; return their outcomes and the rules now in force.

    When this returns, every answer is durable. Raises EngineError, or whatever bug a command meets;
    then nothing of the batch was done (the transaction is the caller's to roll back).
    """
    asked = _asked(engine, commands)
    meta, led = engine.begin(asked.hashes, list(asked.tickets))

    def read_bundle(layer: str, version: int) -> BundleRow:
        found: BundleRow = engine.get(t.BUNDLE, ((layer, version),))[0]
        return found

    rules = current_rules(rules, meta, read_bundle)
    work = Work(engine, rules, node, now_ms)
    work.settings = dict(meta)
    work.brings = BROUGHT in meta
    if engine.concurrent:
        _prefetch_locked(work, asked, _zone_days(work, commands), led)
    else:
        _prefetch(work, asked, _zone_days(work, commands))
    outcomes: list[Outcome] = []
    for command in commands:
        try:
            outcomes.append(apply(work, command))
        except Misuse as fault:
            outcomes.append(fault)
    if work.wrote:
        with engine.together():
            work.flush()
            engine.commit()
    else:
        engine.rollback()
    return outcomes, work.rules


class Asked(NamedTuple):
    """Keys a batch asks for, each once, in the order they were met.

    `shown` are the keys of each ticket shown if nothing but gates ask, else None.
    """

    requests: list[str]
    hashes: list[bytes]
    tickets: dict[bytes, None]
    holds: list[str]
    shown: list[tuple[bytes, ...]] | None


def _asked(engine: Engine, commands: Sequence[Command]) -> Asked:
    """Return what most commands need; what is missed is read when it is met."""
    requests: dict[str, None] = {}
    hashes: dict[bytes, None] = {}
    tickets: dict[bytes, None] = {}
    holds: dict[str, None] = {}
    at_gates = True
    shown: list[tuple[bytes, ...]] = []
    for command in commands:
        if command.request_id:
            requests[command.request_id] = None
        ask: Any = command
        if isinstance(command, Preview | Override | Record):
            ask = command.admit
        if isinstance(ask, Admit):
            shown.append(ask.lookups or (ask.ticket,))
            # One file is asked again at no cost; most tickets are met by their first look-up.
            hashes.update(dict.fromkeys(ask.lookups if engine.concurrent else ask.lookups[:1]))
            if ask.ticket:
                tickets[ask.ticket] = None
            continue
        at_gates = False
        if isinstance(ask, Exchange):
            hashes.update(dict.fromkeys(ask.lookups))
        elif isinstance(ask, Issue):
            hashes.update(dict.fromkeys(c.hash for c in ask.credentials))
            if ask.identity:
                hashes[ask.identity] = None
            tickets[ask.ticket] = None
        elif isinstance(ask, SetStatus | Bind | Erase):
            tickets[ask.ticket] = None
        elif isinstance(ask, ConfirmPassage | Annul):
            requests[ask.admission] = None
        elif isinstance(ask, Hold | Confirm | Release):
            holds[ask.hold] = None
    return Asked(list(requests), list(hashes), tickets, list(holds), shown if at_gates else None)


def _zone_days(work: Work, commands: Sequence[Command]) -> list[tuple[str, int]]:
    """Return the counters of the gates that are asked, sorted, so that locks never cross."""
    asked = {(command.gate, work.now_ms) for command in commands if isinstance(command, Admit)}
    asked |= {
        (command.admit.gate, command.at_ms) for command in commands if isinstance(command, Record)
    }
    found = set()
    for gate_slug, at_ms in asked:
        gate = work.rules.centre.gates.get(gate_slug)
        if gate is not None:
            found.add((gate.zone, work.rules.site_of_gate(gate).day_at(at_ms)))
    return sorted(found)


def _prefetch(work: Work, asked: Asked, zone_days: list[tuple[str, int]]) -> None:
    """Read by key, in the order one thing leads to the next; one lock covers the whole file."""
    get = work.engine.get
    requests, hashes, tickets, holds, _ = asked
    work.requests.learn(requests, get(t.REQUEST, requests))
    if work.brings:
        work.settled.learn(requests, get(t.SETTLED, requests))
    rows, cards, uses = work.engine.shown(hashes)
    work.credentials.learn(hashes, rows)
    met = {row.ticket: None for row in rows}
    keys = [key for key in tickets if key not in met]
    cards += get(t.TICKET, keys)
    uses += get(t.USE, keys, width=1)
    keys += met
    work.tickets.learn(keys, cards)
    work.learn_uses(keys, uses)
    work.learn_heads(get(t.HEAD, sorted({OWN_SEGMENT, *(use.segment for use in uses)})))
    work.zone_days.learn(zone_days, get(t.ZONE_DAY, zone_days))
    work.holds.learn(holds, get(t.HOLD, holds))


def _prefetch_locked(
    work: Work, asked: Asked, zone_days: list[tuple[str, int]], led: Reached
) -> None:
    """Lock the heads of the segments found, in order, then read: nothing changes after that.

    The node's own segment, which all processes share, is locked at gates only if one of the tickets
    shown leads nowhere, because its refusal stands there.
    """
    requests, hashes, tickets, holds, shown = asked
    keys = list({**tickets, **dict.fromkeys(sorted(led.tickets))})
    segments = set(led.segments)
    if shown is None or any(led.found.isdisjoint(keys_shown) for keys_shown in shown):
        segments.add(OWN_SEGMENT)
    heads, answered, rows, cards, uses, days, held = work.engine.prefetch(
        (
            (t.HEAD, sorted(segments), 1),
            (t.REQUEST, requests, 1),
            (t.CREDENTIAL, hashes, 1),
            (t.TICKET, keys, 1),
            (t.USE, keys, 1),
            (t.ZONE_DAY, zone_days, 2),
            (t.HOLD, holds, 1),
        )
    )
    work.learn_heads(heads)
    work.requests.learn(requests, answered)
    if work.brings:
        work.settled.learn(requests, work.engine.get(t.SETTLED, requests))
    work.credentials.learn(hashes, rows)
    work.zone_days.learn(zone_days, days)
    work.holds.learn(holds, held)
    # Issued by another process since we looked, so their segments are not locked: met later.
    late = {use.ticket for use in uses if use.segment not in work.tails}
    late |= {card.id for card in cards if card.home not in work.tails}
    keys = [key for key in keys if key not in late]
    work.tickets.learn(keys, [card for card in cards if card.id not in late])
    work.learn_uses(keys, [use for use in uses if use.ticket not in late])
