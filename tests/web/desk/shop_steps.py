"""What the tests of shop and box office do on the pages, step by step."""

import re
import secrets
from collections.abc import Mapping
from html import unescape
from typing import cast

import pytest
from django.http import HttpResponse
from django.test import Client

from paifang.core.rules import Role
from paifang.services.desk.context import DeskContext
from paifang.services.desk.set_up.prices import Costs, ForSale, set_sale
from paifang.services.desk.staff import make_staff
from paifang.store.models import ProjectedOrder
from tests.desk_makers import BOSS, Venue
from tests.projected import project_at_once
from tests.web.desk.import_steps import PASSWORD, prepared, signed_in

SHOP = "/e/fair/"
SHIFT = "/desk/sales/shift/"
SELL = "/desk/sales/sell/fair/"
ADULT = "n-1-0"
"""The field of how many adults' tickets."""
EIGHTY = Costs(amount_minor=8000, currency="CNY", tax_bp=600)
MEI = {"name": "王美", "email": "mei@example.org", "phone": ""}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    project_at_once(monkeypatch)


@pytest.fixture
def selling(sqlite_desk: DeskContext) -> Venue:
    """Ten tickets for sale at 80 yuan, four in an order; a cashier `cai`, a steward `ste`."""
    venue = prepared()
    make_staff("ste", name="Ste Li", role=Role.steward, password=PASSWORD)
    set_sale(venue.product, 1, ForSale((EIGHTY,), order_max=4, quota=10), BOSS)
    return venue


def visitor(language: str = "en", address: str = "192.0.2.7") -> Client:
    """Somebody without an account, as the live process passes them on."""
    return Client(headers={"Accept-Language": language, "X-Forwarded-For": address})


def told(page: str) -> str:
    """Return the words of a page, as they are read."""
    shown = re.sub(r"<(script|style)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", shown)).replace("\xa0", " ").split())


def value_of(page: str, name: str) -> str:
    """Return what a field of a page holds, "" if it has none of this name."""
    field = re.search(rf"<input\b[^>]*\sname=\"{name}\"[^>]*>", page)
    value = re.search(r"\svalue=\"([^\"]*)\"", field[0]) if field else None
    return unescape(value[1]) if value else ""


def wish(count: object = 2, **more: object) -> dict[str, object]:
    """Return what the shop's form posts."""
    return {ADULT: count, "act_id": secrets.token_hex(16), **MEI, **more}


def buy(client: Client, count: object = 2, *, where: str = SHOP, **more: object) -> HttpResponse:
    """Look at the total, then order; what the second answer was."""
    form = wish(count, **more)
    page = client.post(where, form)
    total = value_of(page.text, "total")
    return cast("HttpResponse", client.post(where, form | {"total": total}))


def newest() -> ProjectedOrder:
    """Return the order that was placed last."""
    return ProjectedOrder.objects.order_by("-placed_at_ms")[0]


def cashier(language: str = "en", *, change: str = "200") -> Client:
    """Return the cashier with a shift of theirs open."""
    client = signed_in("cai", language)
    answer = post(client, SHIFT, do="open", currency="CNY", amount=change)
    assert answer.status_code == 302
    return client


def post(client: Client, where: str, **form: object) -> HttpResponse:
    """Send a form with an act of its own."""
    fields: Mapping[str, object] = {"act_id": secrets.token_hex(16), **form}
    return cast("HttpResponse", client.post(where, fields))
