"""Terminals carried from one machine of a venue to its spare: the same names, keys and tokens.

A gate that talks to whichever machine goes by the venue's name must be known to both. What travels
are hashes of tokens and public keys: nobody can stand in for a gate with them.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import msgspec
from django.db import transaction

from paifang.core.rules import TerminalRole
from paifang.services.desk import audit
from paifang.services.desk.compile import publish
from paifang.services.desk.permissions import Act, Actor
from paifang.services.desk.terminals import TerminalError
from paifang.store.models import Gate, Terminal, TerminalToken

FORMAT: Final = 1
COPIES_MAX: Final = 1_000


class TokenCopy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A token by its SHA-256 (hex), and until when it holds (UTC ms, 0 without end)."""

    sha256: str
    not_after_ms: int = 0


class TerminalCopy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A terminal as another machine has it."""

    id: UUID
    name: str
    role: TerminalRole
    gates: tuple[str, ...] = ()
    tokens: tuple[TokenCopy, ...] = ()
    public_key: str = ""
    revoked: bool = False


class Copies(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All terminals of a machine."""

    format: int
    terminals: tuple[TerminalCopy, ...]


def copied(*, by: Actor) -> bytes:
    """Return all terminals of this machine as JSON. Raises NotPermitted."""
    by.require(Act.manage_terminals)
    found = Terminal.objects.prefetch_related("gates", "tokens")
    copies = tuple(
        TerminalCopy(
            id=terminal.pk,
            name=terminal.name,
            role=TerminalRole(terminal.role),
            gates=tuple(sorted(gate.slug for gate in terminal.gates.all())),
            tokens=tuple(
                TokenCopy(token.sha256, _as_ms(token.not_after)) for token in terminal.tokens.all()
            ),
            public_key=terminal.public_key,
            revoked=terminal.revoked,
        )
        for terminal in found
    )
    audit.record("terminals_copied", who=by.name, subject=str(len(copies)), where=by.where)
    return msgspec.json.format(msgspec.json.encode(Copies(FORMAT, copies)), indent=1)


def take_copies(data: bytes, *, by: Actor) -> int:
    """Take in the terminals of another machine; return how many there were.

    Those of the same id are changed to what they are there; nothing is taken away.

    Raises:
        NotPermitted: `by` may not.
        TerminalError: copies_unreadable; name_taken or gate_unknown: nothing was changed.
        LedgerFault: It is kept here, but the gates could not be told yet: do it again.
    """
    by.require(Act.manage_terminals)
    try:
        copies = msgspec.json.decode(data, type=Copies)
    except msgspec.MsgspecError as error:
        raise TerminalError("copies_unreadable", str(error)) from error
    if copies.format != FORMAT or len(copies.terminals) > COPIES_MAX:
        raise TerminalError("copies_unreadable", f"format {copies.format}")
    with transaction.atomic():
        gates = {gate.slug: gate for gate in Gate.objects.all()}
        for copy in copies.terminals:
            _take(copy, [_gate(gates, slug) for slug in copy.gates])
        told = str(len(copies.terminals))
        audit.record("terminals_taken_over", who=by.name, subject=told, where=by.where)
    publish(by.name)
    return len(copies.terminals)


def _gate(gates: dict[str, Gate], slug: str) -> Gate:
    if slug not in gates:
        raise TerminalError("gate_unknown", slug)
    return gates[slug]


def _take(copy: TerminalCopy, gates: Sequence[Gate]) -> None:
    if Terminal.objects.filter(name=copy.name).exclude(pk=copy.id).exists():
        raise TerminalError("name_taken", copy.name)
    terminal, _ = Terminal.objects.update_or_create(
        pk=copy.id,
        defaults={
            "name": copy.name,
            "role": copy.role.value,
            "public_key": copy.public_key,
            "revoked": copy.revoked,
        },
    )
    terminal.gates.set(gates)
    for token in copy.tokens:
        TerminalToken.objects.update_or_create(
            sha256=token.sha256,
            defaults={"terminal": terminal, "not_after": _as_time(token.not_after_ms)},
        )


def _as_ms(moment: datetime | None) -> int:
    return int(moment.timestamp() * 1000) if moment is not None else 0


def _as_time(at_ms: int) -> datetime | None:
    return datetime.fromtimestamp(at_ms / 1000, UTC) if at_ms else None
