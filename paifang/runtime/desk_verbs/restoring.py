"""A restored node, from the command line."""

from typing import Any

from paifang.ledger.faults import Misuse
from paifang.runtime.faults import CommandError
from paifang.runtime.words import _
from paifang.services.desk import nodes, restoring
from paifang.services.desk.permissions import COMMAND_LINE


def restored(floor: int, why: str) -> dict[str, Any]:
    """Say that this node was brought back from a backup; return how it stands."""
    return _told(restoring.restored(by=COMMAND_LINE, floor=floor, why=why))


def write_off(name: str, why: str) -> dict[str, Any]:
    """Say that a host will not report; return who is still waited for. Raises CommandError."""
    try:
        return _told(restoring.write_off(name, by=COMMAND_LINE, why=why))
    except nodes.NodeError as fault:
        words = {
            "node_unknown": _("There is no venue host “{name}”."),
            "not_awaited": _("Nobody waits for {name}."),
        }
        raise CommandError(words[fault.code].format(name=fault.subject)) from None
    except Misuse as fault:
        raise CommandError(_("The ledger refuses: {name}").format(name=fault.detail)) from None


def _told(state: restoring.Restored) -> dict[str, Any]:
    return {
        "generation": state.generation,
        "awaited": [host.name for host in state.awaited],
        "lost": [lease.hex() for lease in state.lost],
    }
