"""The rooms of the desk, by task: what stands in its menu, for whom."""

from functools import lru_cache
from typing import Any, Final, NamedTuple

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from paifang.core.rules import Role
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
    Room("sales", _("Sales"), Act.see_orders, "/desk/sales/"),
    Room("imports", _("Import"), Act.import_people, "/desk/import/"),
    Room("paper", _("Paper"), Act.print_tickets, "/desk/paper/"),
    Room("reports", _("Reports"), Act.see_reports, "/desk/reports/"),
    Room("set-up", _("Set-up"), Act.see_set_up, "/desk/set-up/"),
    Room("terminals", _("Terminals"), Act.manage_terminals, "/desk/terminals/"),
    Room("venues", _("Venues"), Act.see_leases, "/desk/venues/"),
    Room("doors", _("Door lists"), Act.keep_door_lists, "/desk/doors/"),
    Room("staff", _("Staff"), Act.see_staff, STAFF_PATHS),
    Room("audit", _("Audit"), Act.see_audit, "/desk/audit/"),
)
"""In the order of a day's work: watch, people, paper, devices, settings."""


def rooms(request: HttpRequest) -> dict[str, Any]:
    """Give templates `rooms`, the menu of what the visitor may open, with where they are in it."""

    def menu() -> str:
        by = actor_of(request)
        if by is None:
            return ""
        here = next((place for place, room in enumerate(ROOMS) if _is_here(room, request.path)), -1)
        return _menu(by.role, here, get_language())

    return {"rooms": SimpleLazyObject(menu)}


@lru_cache
def _menu(role: Role | None, here: int, language: str | None) -> str:
    """Return the menu of a role in the language that is on: every page shows one, twice."""
    del language  # for which it is remembered
    by = Actor("", role)
    entries = [
        (reverse(room.url), room.word, place == here)
        for place, room in enumerate(ROOMS)
        if by.may(room.act)
    ]
    return render_to_string("desk/rooms.html", {"rooms": entries})


def first_room(by: Actor) -> str:
    """Return the name of the first address of somebody's menu; their own account without one."""
    return next((room.url for room in ROOMS if by.may(room.act)), "account")


def _is_here(room: Room, path: str) -> bool:
    return path.startswith(room.path) or (room.url == "start" and path == "/")
