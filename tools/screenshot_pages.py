"""Which pages of the desk are photographed, as whom: one line each.

A page that wants an id is reached from another by `follow`: a selector that is clicked there. What
must be done on a page before it is worth a picture is `act`.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from playwright.sync_api import Page, expect

Act = Callable[[Page, dict[str, Any]], None]
"""Done on an open page, with one fresh ticket of the demonstration."""


THEN: Final = " then "
"""Between two selectors that are clicked one after the other."""


class Shot(NamedTuple):
    """One page: its name in the pictures' names, its address, the role of who looks ("" nobody)."""

    name: str
    url: str
    role: str
    follow: str = ""
    act: Act | None = None


def scan(page: Page, code: str, face: str) -> None:
    """Type a code as a scanner does, on the page of a browser's own gate."""
    expect(page.locator("[data-link]")).to_have_attribute("data-state", "connected")
    page.keyboard.type(code)
    page.keyboard.press("Enter")
    expect(page.locator("[data-verdict]")).to_have_attribute("data-state", face)


def _admitted(page: Page, ticket: dict[str, Any]) -> None:
    scan(page, ticket["code"], "admit")


def _used(page: Page, ticket: dict[str, Any]) -> None:
    scan(page, ticket["code"], "admit")
    scan(page, ticket["code"], "warn")


def _unknown(page: Page, _ticket: dict[str, Any]) -> None:
    scan(page, "ZZZZZZZZZZZZZZZZ", "refuse")


SHOTS: Final = (
    Shot("enrol", "/enrol", ""),
    Shot("sign-in", "/", ""),
    Shot("not-found", "/desk/nowhere/", "manager"),
    Shot("start", "/", "manager"),
    Shot("today", "/desk/today/", "manager"),
    Shot("today-finance", "/desk/today/", "finance"),
    Shot("tickets", "/desk/tickets/", "manager"),
    Shot("tickets-cashier", "/desk/tickets/", "cashier"),
    Shot("ticket", "/desk/tickets/", "manager", follow="main table a"),
    Shot("tickets-hand-out", "/desk/tickets/hand-out/", "manager"),
    Shot("people", "/desk/people/", "manager"),
    Shot("import", "/desk/import/", "manager"),
    Shot("paper", "/desk/paper/", "manager"),
    Shot("reports", "/desk/reports/", "manager"),
    Shot("set-up", "/desk/set-up/", "manager"),
    Shot("set-up-organisers", "/desk/set-up/organisers/", "manager"),
    Shot("set-up-sites", "/desk/set-up/sites/", "manager"),
    Shot("set-up-site-new", "/desk/set-up/sites/new/", "manager"),
    Shot(
        "set-up-plan",
        "/desk/set-up/sites/",
        "manager",
        follow=f"main table a{THEN}main a[href$='/plan/']",
    ),
    Shot("set-up-zones", "/desk/set-up/zones/", "manager"),
    Shot("set-up-events", "/desk/set-up/events/", "manager"),
    Shot("set-up-sessions", "/desk/set-up/sessions/", "manager"),
    Shot("set-up-many-sessions", "/desk/set-up/many-sessions/", "manager"),
    Shot("set-up-rules", "/desk/set-up/rules/", "manager"),
    Shot("set-up-rules-regulator", "/desk/set-up/rules/", "regulator"),
    Shot("set-up-gates", "/desk/set-up/gates/", "manager"),
    Shot("set-up-gate", "/desk/set-up/gates/", "manager", follow="main table a"),
    Shot("set-up-products", "/desk/set-up/products/", "manager"),
    Shot(
        "set-up-product",
        "/desk/set-up/products/",
        "manager",
        follow="main .box a, main h3 a, main h2 a",
    ),
    Shot("set-up-product-new", "/desk/set-up/products/new/", "manager"),
    Shot("terminals", "/desk/terminals/", "manager"),
    Shot("terminal-new", "/desk/new-terminal/", "manager"),
    Shot("terminal-one", "/desk/terminals/north-1/", "manager"),
    Shot("terminal-revoke", "/desk/terminals/north-2/revoke/", "manager"),
    Shot("terminal-pair", "/desk/terminals/cave-1/pair/", "manager"),
    Shot("doors", "/desk/doors/", "manager"),
    Shot("door-key-in", "/desk/doors/north/key-in/", "manager"),
    Shot("staff", "/desk/staff/", "manager"),
    Shot("staff-new", "/desk/new-staff/", "manager"),
    Shot("staff-one", "/desk/staff/steward/", "manager"),
    Shot("invite", "/desk/invitations/new/", "manager"),
    Shot("roles", "/desk/roles/", "manager"),
    Shot("account", "/desk/account/", "cashier"),
    Shot("audit", "/desk/audit/", "manager"),
    Shot("no-gates", "/", "regulator"),
    Shot("scan", "/scan/north-1/", "steward"),
    Shot("scan-admitted", "/scan/north-1/", "steward", act=_admitted),
    Shot("scan-used", "/scan/north-1/", "steward", act=_used),
    Shot("scan-unknown", "/scan/north-1/", "steward", act=_unknown),
)
