"""The terminals as their manager sees them: what and how they are, and when they were last seen."""

import time
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

from paifang.core.rules import TerminalRole
from paifang.store.models import Gate, Pairing, Terminal, TerminalStatus, TerminalToken

SILENT_MS: Final = 60_000
"""A terminal tells how it is every 20 s; three times missed, it is silent."""
CLOCK_OFF_MS: Final = 30_000
"""How far a device's clock may be off before it is pointed out."""
BATTERY_LOW: Final = 20


class State(StrEnum):
    """How a terminal is."""

    working = "working"
    silent = "silent"
    waiting = "waiting"
    unpaired = "unpaired"
    program = "program"
    revoked = "revoked"


class TerminalRow(NamedTuple):
    """One terminal of the list. `seen_s` is how long ago it was heard of, -1 if it never was."""

    name: str
    role: str
    gates: tuple[Gate, ...]
    state: State
    seen_s: int = -1
    staff: str = ""
    version: str = ""
    unsent: int = 0
    battery: int | None = None
    charging: bool = False
    clock_offset_ms: int = 0

    @property
    def clock_off(self) -> bool:
        """Whether the device's clock is far off."""
        return abs(self.clock_offset_ms) > CLOCK_OFF_MS

    @property
    def battery_low(self) -> bool:
        """Whether the battery is nearly empty and nobody charges it."""
        return self.battery is not None and self.battery <= BATTERY_LOW and not self.charging


def terminal_rows() -> list[TerminalRow]:
    """Return all terminals: those in use by name, then the revoked ones."""
    now_ms = time.time_ns() // 1_000_000
    beside = _beside(now_ms)
    rows = [_row(one, beside, now_ms) for one in Terminal.objects.select_related("status")]
    return sorted(rows, key=lambda row: (row.state is State.revoked, row.name))


def terminal_row(terminal: Terminal) -> TerminalRow:
    """Return one terminal as it stands in the list."""
    now_ms = time.time_ns() // 1_000_000
    return _row(terminal, _beside(now_ms, terminal), now_ms)


def gates_to_choose() -> list[Gate]:
    """Return all gates with their zones and sites, by site and name."""
    return list(
        Gate.objects.select_related("zone__site").order_by("zone__site__name", "zone__name", "name")
    )


class _Beside(NamedTuple):
    """What stands beside terminals, by their ids: gates, and who has a pairing open or a token."""

    gates: dict[UUID, list[Gate]]
    waiting: set[UUID]
    programs: set[UUID]


def _beside(now_ms: int, *only: Terminal) -> _Beside:
    """Read it for all terminals, or for one: a gate once, whatever the number of its terminals."""
    which = {"terminal__in": only} if only else {}
    pairs = Terminal.gates.through._default_manager.filter(**which).values_list(
        "terminal_id", "gate_id"
    )
    open_now = Pairing.objects.filter(used_at_ms=0, until_ms__gt=now_ms, **which)
    by_id = Gate.objects.in_bulk() if not only else only[0].gates.in_bulk()
    gates: dict[UUID, list[Gate]] = {}
    for terminal, gate in pairs:
        if gate in by_id:
            gates.setdefault(terminal, []).append(by_id[gate])
    return _Beside(
        gates,
        set(open_now.values_list("terminal_id", flat=True)),
        set(TerminalToken.objects.filter(**which).values_list("terminal_id", flat=True)),
    )


def _row(terminal: Terminal, beside: _Beside, now_ms: int) -> TerminalRow:
    status = _status(terminal)
    plain = TerminalRow(
        terminal.name,
        TerminalRole(terminal.role).value,
        tuple(sorted(beside.gates.get(terminal.pk, ()), key=lambda gate: gate.name)),
        _state(terminal, status, beside, now_ms),
    )
    if status is None:
        return plain
    return plain._replace(
        seen_s=max(0, now_ms - status.seen_at_ms) // 1000,
        staff=status.staff,
        version=status.version,
        unsent=status.unsent,
        battery=status.battery,
        charging=bool(status.charging),
        clock_offset_ms=status.clock_offset_ms,
    )


def _status(terminal: Terminal) -> TerminalStatus | None:
    return getattr(terminal, "status", None)


def _state(
    terminal: Terminal, status: TerminalStatus | None, beside: _Beside, now_ms: int
) -> State:
    if terminal.revoked:
        return State.revoked
    if terminal.pk in beside.waiting:
        return State.waiting
    if status is not None:
        return State.working if now_ms - status.seen_at_ms <= SILENT_MS else State.silent
    if terminal.public_key:
        return State.silent
    return State.program if terminal.pk in beside.programs else State.unpaired
