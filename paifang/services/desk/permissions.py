"""Who may do what at the desk: one table, enforced by the services and shown on a page.

Every verb of `services.desk` that a person can cause takes an `Actor` and asks it first, so that a
page, the JSON API and the command line stand before the same door. What is not in the table is not
allowed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from paifang.core.rules import Role


class Act(StrEnum):
    """What can be done at the desk. Names are stable: the audit and links carry them."""

    see_today = "see_today"
    see_reports = "see_reports"
    stand_at_gates = "stand_at_gates"
    find_tickets = "find_tickets"
    see_contacts = "see_contacts"
    block_tickets = "block_tickets"
    void_tickets = "void_tickets"
    reissue_tickets = "reissue_tickets"
    hand_out_tickets = "hand_out_tickets"
    sell_tickets = "sell_tickets"
    see_orders = "see_orders"
    refund_orders = "refund_orders"
    send_links = "send_links"
    print_tickets = "print_tickets"
    import_people = "import_people"
    export_people = "export_people"
    erase_people = "erase_people"
    keep_door_lists = "keep_door_lists"
    see_set_up = "see_set_up"
    set_up = "set_up"
    manage_terminals = "manage_terminals"
    see_leases = "see_leases"
    give_leases = "give_leases"
    manage_nodes = "manage_nodes"
    see_staff = "see_staff"
    manage_staff = "manage_staff"
    see_audit = "see_audit"


_MANAGER: Final = frozenset({Role.manager})
_WATCHING: Final = frozenset({Role.manager, Role.finance, Role.auditor, Role.regulator})
_COUNTER: Final = frozenset({Role.manager, Role.cashier})
_AT_GATES: Final = frozenset({Role.manager, Role.supervisor, Role.steward, Role.cashier})

ALLOWED: Final[Mapping[Act, frozenset[Role]]] = {
    Act.see_today: _WATCHING | {Role.supervisor},
    Act.see_reports: _WATCHING,
    Act.stand_at_gates: _AT_GATES,
    Act.find_tickets: _COUNTER | {Role.supervisor, Role.auditor},
    Act.see_contacts: _COUNTER,
    Act.block_tickets: _MANAGER | {Role.supervisor},
    Act.void_tickets: _MANAGER,
    Act.reissue_tickets: _COUNTER,
    Act.hand_out_tickets: _MANAGER,
    Act.sell_tickets: _COUNTER,
    Act.refund_orders: _MANAGER,
    Act.see_orders: _COUNTER | {Role.finance, Role.auditor},
    Act.send_links: _COUNTER,
    Act.print_tickets: _COUNTER,
    Act.import_people: _MANAGER,
    Act.export_people: _MANAGER,
    Act.erase_people: _MANAGER,
    Act.keep_door_lists: _MANAGER | {Role.supervisor},
    Act.see_set_up: _MANAGER | {Role.auditor, Role.regulator},
    Act.set_up: _MANAGER,
    Act.manage_terminals: _MANAGER,
    Act.see_leases: _MANAGER | {Role.supervisor, Role.auditor},
    Act.give_leases: _MANAGER,
    Act.manage_nodes: _MANAGER,
    Act.see_staff: _MANAGER | {Role.auditor},
    Act.manage_staff: _MANAGER,
    Act.see_audit: _MANAGER | {Role.auditor},
}
"""The table. An act that is missing here is nobody's."""


class NotPermitted(Exception):
    """Somebody may not do this in their role."""

    def __init__(self, act: Act) -> None:
        """Keep the act."""
        super().__init__(act.value)
        self.act = act


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, for the permission and for the audit.

    Attributes:
        name: The username, or a name such as `command line`.
        role: The role of a member of staff; None is whoever operates the machine itself (command
            line, jobs) and may do everything.
        where: The address the act came from, "" from the machine itself.
    """

    name: str
    role: Role | None = None
    where: str = ""

    def may(self, act: Act) -> bool:
        """Whether the table allows it."""
        return self.role is None or self.role in ALLOWED.get(act, frozenset())

    def require(self, act: Act) -> None:
        """Go on, or raise NotPermitted."""
        if not self.may(act):
            raise NotPermitted(act)


COMMAND_LINE: Final = Actor("command line")
"""Whoever may run commands on the data directory owns it."""
