"""Terminals and their tokens: made and revoked. Each change reaches the gates at once."""

import re
import secrets
import time
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from django.db import transaction

from paifang.core import limits
from paifang.core.codes import crockford_encode
from paifang.core.rules import TerminalRole
from paifang.services.desk import audit
from paifang.services.desk.compile import publish
from paifang.services.desk.context import context
from paifang.services.desk.permissions import Act, Actor
from paifang.services.live.keys import STATIC_TOKEN_PREFIX, token_sha256
from paifang.services.live.proof import key_name
from paifang.store.models import Gate, Terminal, TerminalToken, User
from paifang.store.models.base import SLUG_CHARS_MAX, SLUG_PATTERN

TOKEN_BYTES: Final = 20
_NAME: Final = re.compile(SLUG_PATTERN)


class TerminalError(Exception):
    """A terminal could not be changed as asked.

    `code` is name_malformed, name_taken, terminal_unknown, gate_unknown or terminal_revoked.
    """

    def __init__(self, code: str, subject: str = "") -> None:
        """Keep the code and what it is about."""
        super().__init__(f"{code} {subject}".strip())
        self.code = code
        self.subject = subject


def add_terminal(
    name: str, *, role: TerminalRole, gates: Iterable[str] = (), by: Actor
) -> tuple[Terminal, str]:
    """Make a terminal with a token, which is returned in clear this once only.

    Raises:
        NotPermitted: `by` may not.
        TerminalError: The name or a gate is not acceptable; nothing was changed.
        LedgerFault: The terminal was made, but the gates could not be told yet.
    """
    by.require(Act.manage_terminals)
    with transaction.atomic():
        terminal = make_terminal(name, role=role, gates=gates)
        token = make_token(terminal, new_token())
        _written("terminal_added", f"{name} {role.value}", by)
    publish(by.name)
    return terminal, token


def open_terminal(
    name: str, *, role: TerminalRole, gates: Iterable[str] = (), by: Actor
) -> Terminal:
    """Make a terminal without a token: a device becomes it by pairing.

    Raises:
        NotPermitted: `by` may not.
        TerminalError: The name or a gate is not acceptable; nothing was changed.
        LedgerFault: The terminal was made, but the gates could not be told yet.
    """
    by.require(Act.manage_terminals)
    with transaction.atomic():
        terminal = make_terminal(name, role=role, gates=gates)
        _written("terminal_added", f"{name} {role.value}", by)
    publish(by.name)
    return terminal


def change_terminal(name: str, *, role: TerminalRole, gates: Iterable[str], by: Actor) -> Terminal:
    """Give a terminal another role or other gates; its next request is judged by them.

    Raises:
        NotPermitted: `by` may not.
        TerminalError: There is no such terminal or gate; nothing was changed.
        LedgerFault: It is changed here, but the gates could not be told yet: ask again.
    """
    by.require(Act.manage_terminals)
    with transaction.atomic():
        terminal = Terminal.objects.select_for_update().filter(name=name).first()
        if terminal is None:
            raise TerminalError("terminal_unknown", name)
        found = _gates(gates)
        terminal.role = role.value
        terminal.save(update_fields=["role"])
        terminal.gates.set(found)
        told = " ".join([name, role.value, *(gate.slug for gate in found)])
        _written("terminal_changed", told, by)
    publish(by.name)
    return terminal


def make_terminal(name: str, *, role: TerminalRole, gates: Iterable[str] = ()) -> Terminal:
    """Make the terminal alone, for callers that publish once for many. Raises TerminalError."""
    if len(name) > SLUG_CHARS_MAX or not _NAME.fullmatch(name):
        raise TerminalError("name_malformed", name)
    if Terminal.objects.filter(name=name).exists():
        raise TerminalError("name_taken", name)
    found = _gates(gates)
    terminal = Terminal.objects.create(name=name, role=role.value)
    terminal.gates.set(found)
    return terminal


def _gates(slugs: Iterable[str]) -> list[Gate]:
    """Return the gates of these names, by name. Raises TerminalError."""
    wanted = set(slugs)
    found = list(Gate.objects.filter(slug__in=wanted).order_by("slug"))
    missing = wanted - {gate.slug for gate in found}
    if missing:
        raise TerminalError("gate_unknown", min(missing))
    return found


def make_token(
    terminal: Terminal, token: str, *, not_after: datetime | None = None, by: User | None = None
) -> str:
    """Keep a token's hash for a terminal, and return the token."""
    TerminalToken.objects.create(
        terminal=terminal, sha256=token_sha256(token), not_after=not_after, created_by=by
    )
    return token


def new_token() -> str:
    """Return a fresh token of 160 random bits."""
    return token_of(secrets.token_bytes(TOKEN_BYTES))


def token_of(entropy: bytes) -> str:
    """Return the token made of 20 random bytes."""
    return STATIC_TOKEN_PREFIX + crockford_encode(entropy)


def revoke_terminal(name: str, *, by: Actor, why: str = "") -> None:
    """Revoke a terminal, its tokens and codes; from the next batch on it is refused.

    Raises:
        NotPermitted: `by` may not.
        TerminalError: There is no such terminal.
        LedgerFault: It is revoked here, but the gates could not be told yet: ask again.
    """
    by.require(Act.manage_terminals)
    with transaction.atomic():
        terminal = Terminal.objects.select_for_update().filter(name=name).first()
        if terminal is None:
            raise TerminalError("terminal_unknown", name)
        terminal.revoked = True
        terminal.save(update_fields=["revoked"])
        terminal.pairings.filter(used_at_ms=0).delete()
        _written("terminal_revoked", name, by, why)
    publish(by.name)


def scan_token(terminal_name: str, *, by: Actor) -> tuple[str, int]:
    """Return a short-lived token for the page of a gate, and until when it holds (UTC seconds).

    Raises:
        NotPermitted: `by` may not stand at gates.
        TerminalError: There is no such gate terminal, or it was revoked.
    """
    by.require(Act.stand_at_gates)
    terminal = Terminal.objects.filter(name=terminal_name, role=TerminalRole.gate.value).first()
    if terminal is None:
        raise TerminalError("terminal_unknown", terminal_name)
    if terminal.revoked:
        raise TerminalError("terminal_revoked", terminal_name)
    until_s = int(time.time()) + limits.SCAN_TOKEN_S
    _written("scan_token", terminal.name, by)
    key = key_name(terminal.public_key)
    return context().keys.scan_token(terminal.pk.hex, by.name, until_s, key), until_s


def _written(what: str, subject: str, by: Actor, why: str = "") -> None:
    audit.record(what, who=by.name, subject=subject, why=why, where=by.where)
