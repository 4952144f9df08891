"""The rooms of the desk, by task: what stands in its menu, for whom."""

from typing import Any, Final, NamedTuple

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy as _

from paifang.services.desk.permissions import Act, Actor
from paifang.web.desk.visitor import actor_of


class Room(NamedTuple):
    """One entry of the menu: the name of its address, its word, the act it needs.

    Pages whose address begins with `path`, or with one of several, belong to it.
    """

    url: str
    word: Any
    act: Act
    path: str | tuple[str, ...]


STAFF_PATHS: Final = ("/desk/staff/", "/desk/new-staff/", "/desk/roles/", "/desk/invitations/")
ROOMS: Final = (
    Room("today", _("Today"), Act.see_today, "/desk/today/"),
    Room("start", _("Gates"), Act.stand_at_gates, "/scan/"),
    Room("tickets", _("People and tickets"), Act.find_tickets, "/desk/tickets/"),
    Room("imports", _("Import"), Act.import_people, "/desk/import/"),
    Room("paper", _("Paper"), Act.print_tickets, "/desk/paper/"),
    Room("reports", _("Reports"), Act.see_reports, "/desk/reports/"),
    Room("set-up", _("Set-up"), Act.see_set_up, "/desk/set-up/"),
    Room("terminals", _("Terminals"), Act.manage_terminals, "/desk/terminals/"),
    Room("doors", _("Door lists"), Act.keep_door_lists, "/desk/doors/"),
    Room("staff", _("Staff"), Act.see_staff, STAFF_PATHS),
    Room("audit", _("Audit"), Act.see_audit, "/desk/audit/"),
)
"""In the order of a day's work: watch, people, paper, devices, settings."""


def rooms(request: HttpRequest) -> dict[str, Any]:
    """Give templates `rooms`, what the visitor may open, each with whether they are there."""

    def allowed() -> list[tuple[Room, bool]]:
        by = actor_of(request)
        if by is None:
            return []
        return [(room, _is_here(room, request.path)) for room in ROOMS if by.may(room.act)]

    return {"rooms": SimpleLazyObject(allowed)}


def first_room(by: Actor) -> str:
    """Return the name of the first address of somebody's menu; their own account without one."""
    return next((room.url for room in ROOMS if by.may(room.act)), "account")


def _is_here(room: Room, path: str) -> bool:
    return path.startswith(room.path) or (room.url == "start" and path == "/")
