"""The kinds of tickets an organiser thinks in, each as what the gates are to be told of it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from paifang.core.rules import Identity, Reentry
from paifang.services.desk.set_up.local_clock import day_begins, day_of
from paifang.services.desk.set_up.products import Gives
from paifang.store.models import Event, Zone

_YEAR_DAYS = 365
_AGAIN = Reentry.after_exit.value


class Kind(StrEnum):
    """Where a new product starts from; everything can be adjusted afterwards."""

    single = "single"
    group = "group"
    multi_entry = "multi_entry"
    multi_day = "multi_day"
    session = "session"
    combined = "combined"
    annual = "annual"
    named = "named"
    voucher = "voucher"
    staff = "staff"


_PRODUCT: dict[Kind, dict[str, Any]] = {
    Kind.group: {"people": 20},
    Kind.annual: {"identity": Identity.document.value},
    Kind.named: {"identity": Identity.document.value},
    Kind.voucher: {"exchange_required": True},
}
_GIVES: dict[Kind, dict[str, Any]] = {
    Kind.multi_entry: {"uses_max": 5},
    Kind.multi_day: {"uses_max": 0, "day_uses_max": 1, "days_max": 2, "reentry": _AGAIN},
    Kind.session: {"session_bound": True},
    Kind.annual: {"uses_max": 0, "day_uses_max": 1, "reentry": _AGAIN},
    Kind.staff: {"uses_max": 0, "reentry": _AGAIN, "anti_passback": True},
}


def preset(
    kind: Kind, event: Event, zones: Sequence[Zone], now: datetime
) -> tuple[dict[str, Any], list[Gives]]:
    """Return the fields of a product of a kind, and what it gives to begin with.

    Args:
        kind: Which.
        event: Whose product it will be; its days are the days of the ticket.
        zones: The zones of the event's sites; one is opened, of a combined ticket all.
        now: An annual ticket begins today.
    """
    span: dict[str, Any] = {"valid_from": event.starts_at, "valid_until": event.ends_at}
    if kind is Kind.annual and zones:
        site = zones[0].site
        today = day_of(site, now)
        span = {
            "valid_from": day_begins(site, today),
            "valid_until": day_begins(site, today + timedelta(days=_YEAR_DAYS)),
        }
    if kind is Kind.session:
        span = {}
    opened = zones if kind is Kind.combined else zones[:1]
    gives = [Gives(zone=zone, **span, **_GIVES.get(kind, {})) for zone in opened]
    return dict(_PRODUCT.get(kind, {})), gives
