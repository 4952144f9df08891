"""Acts of tickets that a spare does not know yet: they wait until it is told of the ticket.

A spare that was cut off from the centre before its lessee was lacks what was sold in between, and
its gates may have let those tickets in. With the line, the delta comes, and the acts are followed.
"""

import msgspec

from paifang.ledger.facts import Fact
from paifang.ledger.recovered import original
from paifang.ledger.rows import Act, Fallback, JournalRow, Settled
from paifang.ledger.work import BROUGHT, Work

_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(tuple[bytes, ...]).decode


def _name(ticket: bytes) -> tuple[bytes, str]:
    return b"", f"waiting/{ticket.hex()}"


def acts_wait(work: Work, ticket: bytes) -> bool:
    """Whether acts of a ticket that is not known here wait for it."""
    kept = work.fallback.get(_name(ticket))
    return kept is not None and bool(kept.record)


def waits_for(work: Work, fact: Fact) -> bytes:
    """Return the ticket an act is about if it is not known here, b"" else."""
    ticket = bytes.fromhex(getattr(fact, "ticket", ""))
    return ticket if ticket and work.tickets.get(ticket) is None else b""


def let_wait(work: Work, ticket: bytes, act: Act) -> None:
    """Put an act aside until its ticket is known."""
    key = _name(ticket)
    kept = work.fallback.get(key)
    waiting = _unpack(kept.record) if kept is not None and kept.record else ()
    told = _pack((*waiting, _pack(tuple(act))))
    work.fallback.set(key, Fallback(*key, told))
    # Asked again meanwhile, it gets the answer it had.
    settle(work, act, (act.segment, act.epoch, act.seq))
    work.meta_changes[BROUGHT] = "1"
    work.brings = True


def settle(work: Work, act: Act, place: tuple[str, int, int]) -> None:
    """Remember an act as it was first answered, and where it stands by now."""
    first = original(
        JournalRow(
            0, act.epoch, act.seq, act.at_ms, act.node, act.kind, act.request_id, act.payload, b""
        )
    )
    moved = Settled(act.request_id, *place, first.at_ms, first.node, first.kind, first.payload)
    work.settled.set(act.request_id, moved)


def take_waiting(work: Work, ticket: bytes) -> list[Act]:
    """Return the acts that waited for a ticket, which wait no more."""
    if not acts_wait(work, ticket):
        return []
    key = _name(ticket)
    kept = work.fallback.get(key)
    assert kept is not None, "acts wait"
    work.fallback.set(key, Fallback(*key, b""))
    return [Act(*msgspec.msgpack.decode(each)) for each in _unpack(kept.record)]


__all__ = ["acts_wait", "let_wait", "settle", "take_waiting", "waits_for"]
