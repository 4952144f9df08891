"""Puts the demonstration together and writes DATA/demo.json."""

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from django.db import transaction

from paifang.services.desk.compile import publish
from paifang.services.desk.context import context
from paifang.services.desk.demo.crew import GATES, make_crew, staff_told, terminals_told
from paifang.services.desk.demo.offers import make_fair_offers, make_scenery_offers
from paifang.services.desk.demo.places import make_fair, make_scenery
from paifang.services.desk.demo.secret_draws import SecretDraws
from paifang.services.desk.demo.tickets import ACTOR, issue_plain, issue_showcase
from paifang.services.desk.selling.counters import bring, bring_sessions, product_counter
from paifang.store.models import Event, Product

FAIR: Final = "tea-expo"
FILE: Final = "demo.json"
QUOTA: Final = 5_000
"""How many of each product of the fair are for sale."""


def build_demo(
    *, base_url: str, tickets: int, progress: Callable[[int, int], None]
) -> dict[str, Any]:
    """Make the demonstration in an empty data directory, or find the one that is there.

    What was interrupted is finished: the same tickets, passwords and tokens.

    Args:
        base_url: Where the server will be, for demo.json.
        tickets: How many plain tickets the fair has sold.
        progress: Called with tickets issued so far and in all.

    Returns:
        What stands in demo.json; its `tickets` are all plain and unused when they are issued.

    Raises:
        LedgerFault: The ledger could not be reached or refused.
    """
    path = context().data / FILE
    if path.is_file():
        told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        _name_base(told, base_url)
        _write(path, told)
        return told
    draws = SecretDraws(context().keys)
    if not Event.objects.filter(slug=FAIR).exists():
        _configure(draws, tickets)
    publish(ACTOR)
    for event in Event.objects.all():
        bring_sessions(event, ACTOR)
    bring({product_counter(number): QUOTA for number in _for_sale()}, ACTOR)
    showcase = issue_showcase(draws)
    told = {
        "base_url": "",
        "event": FAIR,
        "shop_url": "",
        "staff": staff_told(draws),
        "terminals": terminals_told(draws),
        "gates": list(GATES),
        "products": _products(),
        "tickets": issue_plain(draws, tickets, progress),
        "partners": [],
        "showcase": showcase,
    }
    _name_base(told, base_url)
    _write(path, told)
    return told


def _name_base(told: dict[str, Any], base_url: str) -> None:
    """Put the server's present address before the pages of tickets."""
    before, told["base_url"] = told["base_url"], base_url
    told["shop_url"] = f"{base_url}/e/{FAIR}/"
    for ticket in (*told["tickets"], *told["showcase"]):
        path = (ticket.get("page_url") or "").removeprefix(before)
        ticket["page_url"] = base_url + path if path else None


def _configure(draws: SecretDraws, guests: int) -> None:
    """Make all configuration at once or not at all."""
    now = datetime.now(UTC)
    with transaction.atomic():
        fair, scenery = make_fair(now, guests), make_scenery(now)
        make_fair_offers(fair)
        make_scenery_offers(scenery)
        make_crew(draws)


def _for_sale() -> list[int]:
    """Return the numbers of the fair's products that are for sale."""
    found = Product.objects.filter(event__slug=FAIR, prices__isnull=False)
    return list(found.values_list("number", flat=True).distinct())


def _products() -> list[dict[str, str | int | None]]:
    """Return the fair's products with what they cost, if they are for sale."""
    found = []
    for product in Product.objects.filter(event__slug=FAIR).prefetch_related("prices"):
        price = next(iter(product.prices.all()), None)
        found.append(
            {
                "id": product.pk.hex,
                "name": product.name,
                "name_zh": product.name_zh,
                "price_minor": price.amount_minor if price else None,
                "currency": price.currency if price else None,
                "quota": QUOTA if price else None,
            }
        )
    return found


def _write(path: Path, told: dict[str, Any]) -> None:
    """Write whole or not at all, readable by the owner only: it holds passwords."""
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(told, file, ensure_ascii=False, indent=1)
    part.replace(path)
