"""Staff and terminals of the demonstration."""

from typing import Final

from paifang.core.rules import Role, TerminalRole
from paifang.services.desk.demo.secret_draws import SecretDraws
from paifang.services.desk.staff import make_staff
from paifang.services.desk.terminals import make_terminal, make_token

STAFF: Final = (
    ("manager", "Lin Yue", Role.manager),
    ("supervisor", "Zhou Min", Role.supervisor),
    ("steward", "Li Lei", Role.steward),
    ("cashier", "Chen Jing", Role.cashier),
    ("finance", "Maria Rossi", Role.finance),
    ("auditor", "Tom Fischer", Role.auditor),
    ("regulator", "Wang Fang", Role.regulator),
)
GATE_TERMINALS: Final = (
    ("north-1", "north"),
    ("north-2", "north"),
    ("south-1", "south"),
    ("south-2", "south"),
)
"""With tokens for other programs; each may admit every product of the fair."""

PAGE_TERMINALS: Final = (
    ("pavilion-1", "pavilion"),
    ("forum-1", "forum-door"),
    ("mountain-1", "mountain-gate"),
    ("cave-1", "cave-gate"),
    ("lake-1", "lake-gate"),
)
"""Used from the start page only."""

OTHER_TERMINALS: Final = (
    ("badge-1", TerminalRole.badge),
    ("box-1", TerminalRole.box_office),
    ("exchange-1", TerminalRole.exchange),
    ("kiosk-1", TerminalRole.kiosk),
    ("monitor-1", TerminalRole.monitor),
)
GATES: Final = ("north", "south")


def make_crew(draws: SecretDraws) -> None:
    """Make everybody and everything that may act."""
    for username, name, role in STAFF:
        make_staff(
            username,
            name=name,
            role=role,
            password=draws.password(username),
            pin=draws.pin(username),
            superuser=role is Role.manager,
        )
    for name, gate in GATE_TERMINALS:
        # Any of them may be carried to the other gate.
        own_first = sorted(GATES, key=lambda slug: slug != gate)
        terminal = make_terminal(name, role=TerminalRole.gate, gates=own_first)
        make_token(terminal, draws.token(name))
    for name, gate in PAGE_TERMINALS:
        make_terminal(name, role=TerminalRole.gate, gates=[gate])
    for name, use in OTHER_TERMINALS:
        make_token(make_terminal(name, role=use, gates=GATES), draws.token(name))


def staff_told(draws: SecretDraws) -> list[dict[str, str]]:
    """Return the staff for demo.json."""
    return [
        {
            "role": role.value,
            "username": username,
            "password": draws.password(username),
            "pin": draws.pin(username),
        }
        for username, _, role in STAFF
    ]


def terminals_told(draws: SecretDraws) -> list[dict[str, str]]:
    """Return the terminals that have a token for demo.json."""
    told = [(name, TerminalRole.gate, gate) for name, gate in GATE_TERMINALS]
    told += [(name, role, "") for name, role in OTHER_TERMINALS]
    return [
        {"name": name, "role": role.value, "gate": gate, "token": draws.token(name)}
        for name, role, gate in told
    ]
