"""Terminals, from the command line."""

from collections.abc import Sequence
from pathlib import Path

from paifang.core.rules import TerminalRole
from paifang.runtime.faults import CommandError
from paifang.runtime.words import _
from paifang.services.desk import pairing, terminal_copies, terminals
from paifang.services.desk.context import context
from paifang.services.desk.permissions import COMMAND_LINE
from paifang.services.desk.qr import qr_text
from paifang.services.live.files import write_file
from paifang.store.models import Terminal


def _words(fault: terminals.TerminalError) -> CommandError:
    words = {
        "name_malformed": _("“{name}” is no terminal's name: use a-z, 0-9 and -"),
        "name_taken": _("There is a terminal “{name}” already."),
        "terminal_unknown": _("There is no terminal “{name}”."),
        "gate_unknown": _("There is no gate “{name}”."),
        "terminal_revoked": _("The terminal “{name}” was revoked."),
        "copies_unreadable": _("This file holds no terminals: {name}"),
    }
    return CommandError(words[fault.code].format(name=fault.subject))


def add(name: str, *, role: TerminalRole, gates: Sequence[str]) -> str:
    """Make a terminal and return its token. Raises CommandError."""
    try:
        return terminals.add_terminal(name, role=role, gates=gates, by=COMMAND_LINE)[1]
    except terminals.TerminalError as fault:
        raise _words(fault) from None


def pair(name: str) -> dict[str, str | int]:
    """Return a fresh code for a terminal's device, with its link and QR. Raises CommandError."""
    try:
        code = pairing.new_code(name, by=COMMAND_LINE)
    except terminals.TerminalError as fault:
        raise _words(fault) from None
    reach = context().reach
    origin = reach.origin or reach.origin_by_address or reach.plain_by_address
    origin = origin or f"http://127.0.0.1:{reach.plain_port}"
    page = f"{origin}/terminal/"
    link = pairing.link_of(page, code)
    return {
        "code": code.typed,
        "page": page,
        "link": link,
        "until_ms": code.until_ms,
        "qr": qr_text(link),
    }


def export(path: Path) -> int:
    """Write all terminals to a file for a spare; return how many. Raises CommandError."""
    data = terminal_copies.copied(by=COMMAND_LINE)
    try:
        write_file(path, data)
    except OSError as error:
        raise CommandError(
            _("{path} cannot be written: {error}").format(path=path, error=error.strerror or error)
        ) from None
    return Terminal.objects.count()


def take_in(path: Path) -> int:
    """Take in the terminals of another machine; return how many. Raises CommandError."""
    try:
        return terminal_copies.take_copies(path.read_bytes(), by=COMMAND_LINE)
    except terminals.TerminalError as fault:
        raise _words(fault) from None
    except OSError as error:
        raise CommandError(
            _("{path} cannot be read: {error}").format(path=path, error=error.strerror or error)
        ) from None


def revoke(name: str) -> None:
    """Revoke a terminal and all its tokens. Raises CommandError."""
    try:
        terminals.revoke_terminal(name, by=COMMAND_LINE)
    except terminals.TerminalError as fault:
        raise _words(fault) from None


def listed() -> list[dict[str, str | bool | list[str]]]:
    """Return all terminals."""
    return [
        {
            "name": terminal.name,
            "role": terminal.role,
            "gates": sorted(gate.slug for gate in terminal.gates.all()),
            "revoked": terminal.revoked,
        }
        for terminal in Terminal.objects.prefetch_related("gates")
    ]
