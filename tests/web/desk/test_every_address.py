"""Every address of the desk, asked as every role and as a visitor, against one table.

A page that is new stands in no table and fails here: say in `EXPECTED` whom it is for.
"""

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Final

import pytest
from django.http import HttpResponseBase
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern

from paifang.core.rules import Role
from paifang.services.desk.compile import publish
from paifang.services.desk.permissions import ALLOWED, Act
from paifang.store.models import User
from tests.desk_fixtures import desk_at, sqlite_place
from tests.desk_makers import make_venue

BACKEND: Final = "django.contrib.auth.backends.ModelBackend"


class For(StrEnum):
    """Addresses that ask no act of the table."""

    everybody = "everybody"
    staff = "staff"
    programs = "programs"
    superusers = "superusers"


EXPECTED: Final[dict[str, Act | For]] = {
    "": For.everybody,
    "sign-in/": For.everybody,
    "sign-out/": For.everybody,
    "enrol": For.everybody,
    "enrol/": For.everybody,
    "enrol/ca.crt": For.everybody,
    "enrol/ca.mobileconfig": For.everybody,
    "enrol/qr/<slug:which>.svg": For.everybody,
    "terminal/": For.everybody,
    "terminal/sw.js": For.everybody,
    "terminal/manifest.webmanifest": For.everybody,
    "language/": For.everybody,
    "scan/<slug:terminal>/": Act.stand_at_gates,
    "scan-token/": Act.stand_at_gates,
    "api/v1/": For.programs,
    "e/<slug:event>/": For.everybody,
    "o/<str:secret>": For.everybody,
    "t/<str:secret>": For.everybody,
    "t/<str:secret>/code.svg": For.everybody,
    "desk/tickets/": Act.find_tickets,
    "desk/tickets/<uuid:ticket>/": Act.find_tickets,
    "desk/tickets/<uuid:ticket>/code.svg": Act.print_tickets,
    "desk/sales/": Act.see_orders,
    "desk/sales/<uuid:order>/": Act.see_orders,
    "desk/sales/sell/<slug:event>/": Act.sell_tickets,
    "desk/sales/shift/": Act.sell_tickets,
    "desk/terminals/": Act.manage_terminals,
    "desk/new-terminal/": Act.manage_terminals,
    "desk/terminals/<slug:name>/": Act.manage_terminals,
    "desk/terminals/<slug:name>/revoke/": Act.manage_terminals,
    "desk/terminals/<slug:name>/pair/": Act.manage_terminals,
    "desk/terminals/<slug:name>/pair/qr.svg": Act.manage_terminals,
    "desk/terminals/<slug:name>/pair/state": Act.manage_terminals,
    "desk/venues/": Act.see_leases,
    "desk/venues/join/": Act.manage_nodes,
    "desk/venues/give/": Act.give_leases,
    "desk/venues/line/": Act.manage_nodes,
    "desk/venues/hosts/<uuid:node>/withdraw/": Act.manage_nodes,
    "desk/venues/hosts/<uuid:node>/settle/": Act.manage_nodes,
    "desk/venues/hosts/<uuid:node>/write-off/": Act.manage_nodes,
    "desk/venues/leases/<uuid:lease>/": Act.see_leases,
    "desk/venues/leases/<uuid:lease>/extend/": Act.give_leases,
    "desk/venues/leases/<uuid:lease>/break/": Act.give_leases,
    "desk/venues/leases/<uuid:lease>/open/": Act.give_leases,
    "desk/venues/leases/<uuid:lease>/break-glass/": Act.give_leases,
    "desk/venues/leases/<uuid:lease>/return/": Act.give_leases,
    "desk/set-up/": Act.see_set_up,
    "desk/set-up/products/": Act.see_set_up,
    "desk/set-up/products/new/": Act.set_up,
    "desk/set-up/products/preview/": Act.set_up,
    "desk/set-up/products/<uuid:pk>/": Act.set_up,
    "desk/set-up/products/<uuid:pk>/prices/": Act.set_up,
    "desk/set-up/products/<uuid:pk>/remove/": Act.set_up,
    "desk/set-up/many-sessions/": Act.set_up,
    "desk/set-up/events/<uuid:pk>/clone/": Act.set_up,
    "desk/set-up/sites/<uuid:pk>/plan/": Act.see_set_up,
    "desk/set-up/sites/<uuid:pk>/plan/picture.webp": Act.see_set_up,
    "desk/set-up/sites/<uuid:pk>/plan/upload/": Act.set_up,
    "desk/set-up/sites/<uuid:pk>/plan/remove/": Act.set_up,
    "desk/set-up/rules/": Act.see_set_up,
    "desk/set-up/rules/<slug:layer>/<int:number>/": Act.see_set_up,
    "desk/set-up/<subject:key>/": Act.see_set_up,
    "desk/set-up/<subject:key>/new/": Act.set_up,
    "desk/set-up/<subject:key>/<uuid:pk>/": Act.set_up,
    "desk/set-up/<subject:key>/<uuid:pk>/remove/": Act.set_up,
    "desk/import/": Act.import_people,
    "desk/import/<uuid:number>/": Act.import_people,
    "desk/import/<uuid:number>/<slug:act>/": Act.import_people,
    "desk/import/<uuid:number>/errors/": Act.import_people,
    "desk/paper/": Act.print_tickets,
    "desk/paper/<slug:ticket>.pdf": Act.print_tickets,
    "desk/paper/preview.png": Act.print_tickets,
    "desk/paper/prints/<uuid:made>/": Act.print_tickets,
    "desk/paper/prints/<uuid:made>/<int:number>.pdf": Act.print_tickets,
    "desk/people/": Act.see_contacts,
    "desk/people/consent/": Act.see_contacts,
    "desk/people/erase/": Act.erase_people,
    "desk/people/export/": Act.export_people,
    "desk/reports/": Act.see_reports,
    "desk/reports/<slug:name>.<slug:kind>": Act.see_reports,
    "desk/reports/report.pdf": Act.see_reports,
    "desk/tickets/<uuid:ticket>/act/": Act.find_tickets,
    "desk/tickets/<uuid:ticket>/wish/": Act.find_tickets,
    "desk/tickets/<uuid:ticket>/holder/": Act.reissue_tickets,
    "desk/tickets/<uuid:ticket>/link/": Act.send_links,
    "desk/tickets/acts/": Act.find_tickets,
    "desk/tickets/acts/<slug:act_id>/": Act.find_tickets,
    "desk/tickets/hand-out/": Act.hand_out_tickets,
    "desk/tickets/quotas/": Act.hand_out_tickets,
    "desk/tickets/links/": Act.export_people,
    "desk/tickets/views/": Act.find_tickets,
    "desk/tickets/views/<uuid:view>/": Act.find_tickets,
    "desk/today/": Act.see_today,
    "desk/today/figures": Act.see_today,
    "desk/doors/": Act.keep_door_lists,
    "desk/doors/<int:number>/": Act.keep_door_lists,
    "desk/doors/<slug:gate>/key-in/": Act.keep_door_lists,
    "desk/staff/": Act.see_staff,
    "desk/new-staff/": Act.manage_staff,
    "desk/staff/<str:username>/": Act.see_staff,
    "desk/staff/<str:username>/pin/": Act.manage_staff,
    "desk/staff/<str:username>/card/": Act.manage_staff,
    "desk/staff/<str:username>/active/": Act.manage_staff,
    "desk/staff/<str:username>/password-link/": Act.manage_staff,
    "desk/invitations/new/": Act.manage_staff,
    "desk/invitations/<uuid:link>/": Act.manage_staff,
    "desk/invitations/<uuid:link>/qr.svg": Act.manage_staff,
    "desk/invitations/<uuid:link>/withdraw/": Act.manage_staff,
    "first-run/": For.everybody,
    "join/<str:secret>/": For.everybody,
    "new-password/<str:secret>/": For.everybody,
    "desk/audit/": Act.see_audit,
    "desk/roles/": Act.see_staff,
    "desk/account/": For.staff,
    "desk/account/password/": For.staff,
    "desk/account/pin/": For.staff,
    "desk/account/sessions/<int:session>/end/": For.staff,
    "desk/account/confirm/": For.staff,
    "desk/account/confirm-code/": For.staff,
    "desk/account/second-factor/": For.staff,
    "desk/account/second-factor/off/": For.staff,
    "desk/account/recovery-codes/new/": For.staff,
    "desk/account/recovery-codes/": For.staff,
    "sign-in/code/": For.everybody,
    "desk/staff/<str:username>/second-factor/": Act.manage_staff,
    "desk/repair/login/": For.everybody,
    "desk/repair/logout/": For.everybody,
    "desk/repair/password_change/": For.everybody,
    "desk/repair/password_change/done/": For.everybody,
    "desk/repair/": For.superusers,
}
POSTS: Final[dict[str, Act]] = {
    "desk/staff/<str:username>/": Act.manage_staff,
    "desk/set-up/sites/<uuid:pk>/plan/": Act.set_up,
}
"""Where changing asks another act than looking."""

SAMPLES: Final = {
    "<slug:terminal>": "fair-1",
    "<slug:name>": "fair-1",
    "<slug:gate>": "fair-door",
    "<subject:key>": "sites",
    "<str:username>": "cashier",
}
BY_CONVERTER: Final = {
    "int": "1",
    "slug": "x",
    "str": "x",
    "path": "x",
    "uuid": "0197a000-0000-7000-8000-000000000000",
}


def routes(patterns: list[URLPattern | URLResolver], before: str = "") -> Iterator[str]:
    for one in patterns:
        route = before + str(one.pattern)
        if not isinstance(one.pattern, RoutePattern):
            continue  # a catch-all of Django's admin
        if isinstance(one, URLResolver):
            yield from routes(one.url_patterns, route)
        else:
            yield route


ALL: Final = sorted(set(routes(get_resolver().url_patterns)))
REPAIR: Final = [route for route in ALL if route.startswith("desk/repair/")]


def rule_of(route: str) -> Act | For | None:
    """What the table says of an address; programs' and repair's are one row each."""
    for prefix in ("api/v1/", "desk/repair/"):
        if route.startswith(prefix) and route not in EXPECTED:
            return EXPECTED[prefix]
    return EXPECTED.get(route)


def address(route: str) -> str:
    """An address of a route, with names that are there where they matter."""
    for parameter, sample in SAMPLES.items():
        route = route.replace(parameter, sample)
    while "<" in route:
        before, _, rest = route.partition("<")
        inside, _, after = rest.partition(">")
        converter = inside.partition(":")[0] if ":" in inside else "str"
        route = before + BY_CONVERTER[converter] + after
    return f"/{route}"


class World:
    """A small venue, and one window of each role and a visitor, made once."""

    def __init__(self) -> None:
        make_venue()
        self.windows: dict[Role | None, Client] = {None: Client(raise_request_exception=False)}
        for role in Role:
            User(username=role.value, name=role.value, role=role.value).save(force_insert=True)
            self.windows[role] = self.window(role)
        publish()

    def window(self, role: Role) -> Client:
        client = Client(raise_request_exception=False)
        client.force_login(User.objects.get(username=role.value), backend=BACKEND)
        return client

    def asked(self, role: Role | None, method: str, where: str) -> HttpResponseBase:
        client = self.windows[role]
        if role is not None and where == "/sign-out/":
            client = self.window(role)
        return client.post(where) if method == "POST" else client.get(where)


@pytest.fixture(scope="module")
def world(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("world")
    with sqlite_place(migrated_file, folder) as place, desk_at(place):
        yield World()


def refused(answer: HttpResponseBase) -> bool:
    return answer.status_code in (401, 403)


def sent_to_sign_in(answer: HttpResponseBase) -> bool:
    return answer.status_code == 401 or (
        answer.status_code == 302 and answer.headers["Location"] in ("/", "/sign-in/")
    )


def test_the_table_and_the_addresses_are_the_same() -> None:
    assert [route for route in ALL if rule_of(route) is None] == []
    folded = {rule for rule in ("api/v1/", "desk/repair/") if any(r.startswith(rule) for r in ALL)}
    assert set(EXPECTED) <= set(ALL) | folded
    assert set(POSTS) <= set(EXPECTED)


def test_repair_opens_for_nobody_without_its_right(world: World) -> None:
    for route in REPAIR:
        for role in (None, Role.manager):
            for method in ("GET", "POST"):
                answer = world.asked(role, method, address(route))
                assert answer.status_code in (302, 404, 405), (route, method)
                away = answer.headers.get("Location", "").partition("?")[0]
                assert away in ("", "/", "/desk/account/", "/desk/repair/login/"), (route, method)


@pytest.mark.parametrize("route", sorted(set(ALL) - set(REPAIR)))
def test_an_address_opens_for_whom_the_table_names_and_for_nobody_else(
    world: World, route: str
) -> None:
    rule, where = rule_of(route), address(route)
    for method in ("GET", "POST"):
        act = POSTS.get(route, rule) if method == "POST" else rule
        visitor = world.asked(None, method, where)
        assert visitor.status_code < 500
        if act is For.programs:
            assert visitor.status_code >= 400
        elif act is For.everybody:
            assert not refused(visitor) or where == "/sign-in/"
        else:
            assert sent_to_sign_in(visitor) or visitor.status_code == 405, (method, where)
        for role in Role:
            answer = world.asked(role, method, where)
            told = (method, where, role, answer.status_code)
            assert answer.status_code < 500, told
            if isinstance(act, Act):
                may = role in ALLOWED[act]
                assert (answer.status_code == 405) or refused(answer) is not may, told
            elif act is For.programs:
                assert answer.status_code >= 400, told
            elif act is For.staff:
                assert not refused(answer), told
