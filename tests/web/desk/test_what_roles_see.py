"""What each role sees is what it may open: no door closed to it, and none it is not shown.

Somebody of each role follows every link from their first page on, over a desk with something of
everything in it. What a form would send is looked at, not sent.
"""

import re
import time
from collections import Counter
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Final
from urllib.parse import urljoin, urlsplit

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import resolve

from paifang.core.pricing import Channel, Quote, Wanted
from paifang.core.rules import Role
from paifang.services.desk import leases
from paifang.services.desk.context import DeskContext
from paifang.services.desk.demo import build_demo
from paifang.services.desk.door_lists import make_door_list
from paifang.services.desk.permissions import ALLOWED, Act
from paifang.services.desk.projector import project_all
from paifang.services.desk.selling.offers import quoted
from paifang.services.desk.selling.ordering import VISITOR, Buyer, OrderWish, place
from paifang.services.desk.staff import Account
from paifang.services.desk.staff_links import invite
from paifang.services.desk.tickets.company_quotas import set_company_quota
from paifang.store.models import Import, ImportStage, User
from tests.desk_fixtures import desk_at, sqlite_place
from tests.desk_makers import BOSS
from tests.web.desk.import_steps import csv_of, work
from tests.web.desk.test_every_address import BACKEND, EXPECTED, POSTS, For
from tests.web.desk.venue_host import NODE, let_join

LEADS: Final = {
    "scan-token/": "a script asks for it",
    "desk/today/figures": "a script asks for it",
    "desk/terminals/<slug:name>/pair/state": "a script asks for it",
    "desk/set-up/products/preview/": "a script asks for it",
    "desk/paper/preview.png": "a script asks for it",
    "desk/tickets/acts/<slug:act_id>/": "an act on many tickets leads there once it has begun",
    "desk/paper/prints/<uuid:made>/": "a print leads there once it has begun",
    "desk/paper/prints/<uuid:made>/<int:number>.pdf": "a print leads there once it has begun",
    "desk/set-up/sites/<uuid:pk>/plan/picture.webp": "the demonstration has no plan",
    "desk/set-up/sites/<uuid:pk>/plan/remove/": "the demonstration has no plan",
    "desk/tickets/<uuid:ticket>/link/": "no mail server is named",
    "desk/tickets/views/<uuid:view>/": "nobody has kept a view",
    "desk/staff/<str:username>/second-factor/": "nobody has one",
    "desk/account/confirm-code/": "nobody has a second factor",
    "desk/account/recovery-codes/": "nobody has a second factor",
    "desk/account/recovery-codes/new/": "nobody has a second factor",
    "desk/account/second-factor/off/": "nobody has a second factor",
    "desk/account/sessions/<int:session>/end/": "everybody has one session",
    "desk/tickets/views/": "only once filters are chosen",
    "desk/tickets/<uuid:ticket>/act/": "each act asks one more of the table",
    "desk/people/consent/": "nobody has written a text to agree to",
    "desk/set-up/<subject:key>/<uuid:pk>/remove/": "only what nothing refers to is taken away",
    "desk/set-up/products/<uuid:pk>/remove/": "only what nothing refers to is taken away",
    "desk/terminals/<slug:name>/pair/qr.svg": "only while a code is good",
    "desk/invitations/<uuid:link>/qr.svg": "only while a link is good",
    "desk/tickets/<uuid:ticket>/wish/": "an act leads there while a venue holds the ticket",
    "desk/venues/hosts/<uuid:node>/settle/": "no two machines speak as one host",
    "desk/venues/leases/<uuid:lease>/return/": "a lease is given back at its host",
    "desk/venues/leases/<uuid:lease>/break-glass/": "a sealed grant is used at its spare",
    "desk/venues/leases/<uuid:lease>/open/": "gates are written off at a host that takes over",
    "desk/venues/line/": "how good the line must be is set at a host",
    "desk/venues/hosts/<uuid:node>/write-off/": "no host is waited for after a restore",
}
"""Addresses that no link or form of this desk leads to, and what does."""
VISITS_MAX: Final = 2
"""How many pages of one kind are looked at."""

_LINK: Final = re.compile(r"<(?:a|img|link|iframe)\b[^>]*?\s(?:href|src)=\"([^\"]+)\"")
_FORM: Final = re.compile(r"<form\b[^>]*>")
_BUTTON: Final = re.compile(r"formaction=\"([^\"]+)\"")


def told(tag: str, name: str) -> str:
    found = re.search(rf"\s{name}=\"([^\"]*)\"", tag)
    return unescape(found[1]) if found else ""


class Walk:
    """Everything somebody of a role comes by."""

    def __init__(self, role: Role) -> None:
        self.client = Client(headers={"Accept-Language": "en"})
        user = User.objects.filter(role=role.value).first()
        assert user is not None
        self.client.force_login(user, backend=BACKEND)
        self.links: set[str] = set()
        self.forms: set[str] = set()
        self.closed: list[str] = []
        self._visits: Counter[str] = Counter()
        self._waiting = ["/", "/desk/account/"]
        self._known = set(self._waiting)

    def go(self) -> "Walk":
        while self._waiting:
            self._visit(self._waiting.pop(0))
        return self

    def _visit(self, where: str) -> None:
        found = resolve(urlsplit(where).path)
        route, kind = found.route, f"{found.route} {found.kwargs.get('key')}"
        if route.startswith(("static", "desk/repair/")) or self._visits[kind] >= VISITS_MAX:
            return
        self._visits[kind] += 1
        self.links.add(route)
        answer = self.client.get(where)
        # A form sent empty says what it wants.
        if answer.status_code not in (200, 302, 422):
            self.closed.append(f"{answer.status_code} {where}")
        if answer.status_code == 302:
            self._meet(urljoin(where, answer["Location"]))
        elif answer.streaming:
            assert b"".join(answer)
        elif answer["Content-Type"].startswith("text/html"):
            self._read(where, answer.text)
        answer.close()

    def _read(self, where: str, page: str) -> None:
        for link in _LINK.findall(page):
            self._meet(urljoin(where, unescape(link)))
        for tag in _FORM.findall(page):
            address = urljoin(where, told(tag, "action"))
            if told(tag, "method") == "post":
                self.forms.add(resolve(urlsplit(address).path).route)
            else:
                self._meet(address)
        for address in _BUTTON.findall(page):
            self.forms.add(resolve(urlsplit(urljoin(where, unescape(address))).path).route)

    def _meet(self, address: str) -> None:
        parts = urlsplit(address)
        if parts.scheme or parts.path.startswith("/static/") or address in self._known:
            return
        self._known.add(address)
        self._waiting.append(parts._replace(fragment="").geturl())


def furnish(desk: DeskContext) -> None:
    """Put one of everything into the desk."""
    build_demo(base_url="http://127.0.0.1:8000", tickets=40, progress=lambda _done, _of: None)
    project_all()
    import_lists()
    project_all()
    rules = desk.ledger.rules()
    number = next(iter(rules.centre.products))
    set_company_quota(rules, "Oak", number, 5, act_id="a", by=BOSS)
    make_door_list(rules, "north", 0, by=BOSS, now_ms=1)
    invite(Account("Nia", Role.steward), by=BOSS)
    let_order(desk)
    let_join()
    leases.grant(leases.Wanted(NODE, "expo-centre", ("tea-expo",)), by=BOSS, why="fair")


def let_order(desk: DeskContext) -> None:
    """Let a visitor order two tickets."""
    centre = desk.ledger.rules().centre
    event = next(each for each in centre.events.values() if each.slug == "tea-expo")
    wanted = (Wanted(next(iter(centre.products)), 0, 2),)
    priced = quoted(centre, event, list(wanted), Channel.web, time.time_ns() // 1_000_000)
    assert isinstance(priced, Quote)
    place(OrderWish(bytes(16), event, wanted, priced, Buyer("Mei")), by=VISITOR)
    project_all()


def import_lists() -> None:
    """Leave one list half way, and one imported with a row that was not taken."""
    client = Client()
    client.force_login(User.objects.get(username="manager"), backend=BACKEND)
    for _ in range(2):
        file = SimpleUploadedFile(
            "guests.csv", csv_of("reference,name,phone", "X-1,Ann,", "X-2,Ben,nonsense")
        )
        client.post("/desk/import/", {"event": "tea-expo", "list": file})
    one = Import.objects.order_by("id")[0]
    columns = {"column": one.meanings, "header": "1", "product": "Adult ticket"}
    for act, form in (("check", columns), ("run", {})):
        client.post(f"/desk/import/{one.pk}/{act}/", form)
        work()
    one.refresh_from_db()
    assert (one.stage, one.rejected) == (ImportStage.done, 1)


@pytest.fixture(scope="module")
def walks(
    migrated_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[Role, Walk]]:
    folder = tmp_path_factory.mktemp("seen")
    with sqlite_place(migrated_file, folder) as place, desk_at(place) as desk:
        furnish(desk)
        yield {role: Walk(role).go() for role in Role}


@pytest.mark.parametrize("role", list(Role))
def test_no_link_leads_to_a_closed_door(walks: dict[Role, Walk], role: Role) -> None:
    assert not walks[role].closed, "\n".join(walks[role].closed)


@pytest.mark.parametrize("role", list(Role))
def test_no_form_asks_for_what_the_role_may_not_do(walks: dict[Role, Walk], role: Role) -> None:
    for route in walks[role].forms:
        rule = POSTS.get(route, EXPECTED.get(route))
        if isinstance(rule, Act):
            assert role in ALLOWED[rule], route


@pytest.mark.parametrize("role", list(Role))
def test_what_a_role_may_open_it_is_led_to(walks: dict[Role, Walk], role: Role) -> None:
    seen = walks[role].links | walks[role].forms
    may = {
        route
        for route, rule in EXPECTED.items()
        if rule is For.staff or (isinstance(rule, Act) and role in ALLOWED[rule])
    }
    missing = sorted(may - seen - set(LEADS))
    assert not missing, "\n".join(missing)
