"""Pairing: a one-time code makes a device a terminal by the key the device has made itself.

The code is short-lived, works once and is kept as a keyed hash only: it follows from the pairing's
own id by the node's key, so that the manager's page can show it again. A device whose answer was
lost shows code and key again and is told the same.
"""

import hmac
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

from django.db import transaction

from paifang.core import limits
from paifang.core.rules import Rules
from paifang.core.rules import Terminal as TerminalRules
from paifang.services.desk import audit
from paifang.services.desk.compile import publish
from paifang.services.desk.context import context
from paifang.services.desk.one_time_codes import Tries, forget_old_tries, spelled, time_ms, typed
from paifang.services.desk.permissions import Act, Actor
from paifang.services.desk.terminals import TerminalError
from paifang.services.live.problems import Problem
from paifang.store.models import Pairing, Terminal, TerminalStatus

_KEPT_MS: Final = 24 * 60 * 60 * 1000


class PairingCode(NamedTuple):
    """A code in clear, the id of its pairing in hex, and until when it is good (UTC ms)."""

    code: str
    pairing: str
    until_ms: int

    @property
    def typed(self) -> str:
        """The code in two groups, as it is read out and typed."""
        return typed(self.code)


class PairingState(StrEnum):
    """What became of a code: it waits, was used, is too old, or another was made since."""

    waiting = "waiting"
    paired = "paired"
    late = "late"
    replaced = "replaced"


def new_code(name: str, *, by: Actor) -> PairingCode:
    """Make a code for a terminal; the one before it is no longer good.

    Raises:
        NotPermitted: `by` may not.
        TerminalError: There is no such terminal.
    """
    by.require(Act.manage_terminals)
    with transaction.atomic():
        terminal = Terminal.objects.select_for_update().filter(name=name).first()
        if terminal is None:
            raise TerminalError("terminal_unknown", name)
        terminal.pairings.filter(used_at_ms=0).delete()
        pairing = Pairing(
            terminal=terminal,
            until_ms=time_ms() + limits.PAIRING_CODE_S * 1000,
            created_by=by.name,
        )
        code = _code_of(pairing)
        pairing.code_hash = context().keys.pairing_hash(code.code)
        pairing.save(force_insert=True)
        audit.record("pairing_code", who=by.name, subject=name, where=by.where)
    return code


def link_of(page: str, code: PairingCode) -> str:
    """Return what the QR code says: the terminal page of the venue's one origin, and the code.

    The code stands in the fragment, which no browser sends to any server.
    """
    return f"{page}#pair={code.code}"


def open_code(terminal: Terminal) -> PairingCode | None:
    """Return the code that waits for a terminal's device, None if none is good now."""
    waiting = terminal.pairings.filter(used_at_ms=0, until_ms__gt=time_ms()).first()
    return None if waiting is None else _code_of(waiting)


def state_of(terminal: Terminal, pairing: str) -> PairingState:
    """Return what became of a terminal's code, by the id of its pairing in hex."""
    try:
        found = terminal.pairings.filter(pk=UUID(hex=pairing)).first()
    except ValueError:
        found = None
    if found is None:
        return PairingState.replaced
    if found.used_at_ms:
        return PairingState.paired
    return PairingState.late if time_ms() >= found.until_ms else PairingState.waiting


def _code_of(pairing: Pairing) -> PairingCode:
    code = context().keys.pairing_code(pairing.pk.bytes)
    return PairingCode(code, pairing.pk.hex, pairing.until_ms)


def pair(code: str, public_key: str, *, version: str = "", where: str = "") -> TerminalRules:
    """Make the device that shows a code the terminal the code was made for.

    Args:
        code: As scanned or typed.
        public_key: The device's, as `services.live.proof` keeps it.
        version: What the device runs.
        where: The address it came from.

    Returns:
        The terminal as the gates know it from now on; also when it was asked before.

    Raises:
        Problem: pairing_code_unknown, pairing_code_late, pairing_code_used, too_many_codes.
        LedgerFault: It is kept here, but the gates could not be told yet: ask again.
    """
    tries = Tries("pairing", where)
    tries.require_left()
    hashed = context().keys.pairing_hash(spelled(code))
    try:
        with transaction.atomic():
            terminal = _paired(hashed, public_key, version, where)
    except Problem:
        tries.failed()
        raise
    publish(f"terminal {terminal.name}")
    known = rules().node.terminals[terminal.pk.hex]
    if known.revoked or known.public_key != public_key:
        # Withdrawn or paired with another device since this one's answer was lost.
        raise Problem("pairing_code_used")
    return known


def rules() -> Rules:
    """Return the rules in force. Raises LedgerFault."""
    return context().ledger.rules()


def _paired(hashed: str, public_key: str, version: str, where: str) -> Terminal:
    """Use a code, or find that this key has used it; return its terminal. Raises Problem."""
    pairing = Pairing.objects.select_for_update().filter(code_hash=hashed).first()
    if pairing is None:
        raise Problem("pairing_code_unknown", "code")
    terminal = Terminal.objects.select_for_update().get(pk=pairing.terminal_id)
    if pairing.used_at_ms:
        if not hmac.compare_digest(pairing.public_key, public_key):
            raise Problem("pairing_code_used", "code")
        return terminal
    now_ms = time_ms()
    if now_ms >= pairing.until_ms:
        raise Problem("pairing_code_late", "code")
    pairing.used_at_ms, pairing.public_key = now_ms, public_key
    pairing.save(update_fields=["used_at_ms", "public_key"])
    if terminal.revoked:
        # What was withdrawn with it must not come back with it.
        terminal.tokens.all().delete()
    terminal.revoked, terminal.public_key = False, public_key
    terminal.save(update_fields=["revoked", "public_key"])
    TerminalStatus.objects.update_or_create(
        terminal=terminal, defaults={"seen_at_ms": now_ms, "version": version, "unsent": 0}
    )
    _forget_old(now_ms)
    audit.record("terminal_paired", who=pairing.created_by, subject=terminal.name, where=where)
    return terminal


def _forget_old(now_ms: int) -> None:
    """Drop codes nobody used, and the wrong tries of the day before."""
    Pairing.objects.filter(used_at_ms=0, until_ms__lt=now_ms - _KEPT_MS).delete()
    forget_old_tries()
