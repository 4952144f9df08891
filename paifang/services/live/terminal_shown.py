"""What a terminal is told of itself, from the rules in force."""

from paifang.core.rules import Gate, Rules, Terminal
from paifang.services.live.bodies_terminals import GateShown, TerminalShown
from paifang.services.live.callers import STAFFED


def terminal_shown(rules: Rules, terminal: Terminal) -> TerminalShown:
    """Return a terminal with its gates; those the bundle does not know are left out."""
    gates = rules.centre.gates
    return TerminalShown(
        id=terminal.id,
        name=terminal.name,
        role=terminal.role,
        staffed=terminal.role in STAFFED,
        gates=tuple(_gate(rules, gates[slug]) for slug in terminal.gates if slug in gates),
    )


def _gate(rules: Rules, gate: Gate) -> GateShown:
    zone = rules.centre.zones[gate.zone]
    return GateShown(
        slug=gate.slug,
        name=gate.name,
        name_zh=gate.name_zh,
        zone=zone.slug,
        zone_name=zone.name,
        zone_name_zh=zone.name_zh,
        directions=tuple("exit" if way == "exit" else "entry" for way in gate.directions),
    )
