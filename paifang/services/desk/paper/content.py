"""What the tickets of a print say, from their rows, the rules, and the codes the ledger keeps."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from paifang.core.codes import is_stem
from paifang.core.paper import PaperTicket, printable
from paifang.core.rules import Product, Rules, Site
from paifang.services.desk.paper.words import LANGUAGES
from paifang.services.desk.ticket_story import unsealed
from paifang.services.desk.tickets.condition import validity_of, zone_of
from paifang.store.models import ProjectedTicket

SPECIMEN_CODE: Final = "0" * 16
SPECIMEN_SERIAL: Final = "0" * 14
"""A preview shows these: what stands on a screen opens no gate."""
_MINUTE: Final = "%Y-%m-%d %H:%M"
_DAY: Final = "%Y-%m-%d"


class Writer:
    """Writes tickets in the languages of one print."""

    def __init__(self, rules: Rules, languages: str) -> None:
        """Take the bundle in force, and a key of `words.LANGUAGES`."""
        self._rules = rules
        self._chinese = [one.startswith("zh") for one in LANGUAGES[languages]]
        self._alike: dict[tuple[int, ...], _Alike] = {}

    def tickets(self, rows: Sequence[ProjectedTicket]) -> list[PaperTicket]:
        """Return the tickets of rows; one whose code cannot be read is left out.

        A code that changes cannot stand on paper: there the serial number is the code.

        Raises:
            LedgerFault: The ledger could not be read.
        """
        codes = unsealed(self._rules, rows, "code")
        serials = unsealed(self._rules, rows, "serial")
        return [
            self.ticket(row, serials[row.ticket] if is_stem(code) else code, serials[row.ticket])
            for row in rows
            if row.ticket in serials and (code := codes.get(row.ticket))
        ]

    def specimen(self, row: ProjectedTicket) -> PaperTicket:
        """Return a ticket as it will look, with a code that opens nothing."""
        return self.ticket(row, SPECIMEN_CODE, SPECIMEN_SERIAL)

    def ticket(self, row: ProjectedTicket, code: str, serial: str) -> PaperTicket:
        """Return one ticket."""
        # Most tickets of a print are alike but for their holder.
        key = (row.event, row.product, row.session, row.valid_from_ms, row.valid_until_ms)
        alike = self._alike.get(key) or self._alike.setdefault(key, self._alike_of(row))
        return PaperTicket(
            event=alike.event,
            product=alike.product,
            holder=printable(row.holder),
            company=printable(row.company),
            when=alike.when,
            where=alike.where,
            people=row.people,
            code=code,
            serial=serial,
        )

    def _alike_of(self, row: ProjectedTicket) -> "_Alike":
        event = self._rules.centre.events.get(row.event)
        product = self._rules.centre.products.get(row.product)
        return _Alike(
            event=self._both(event.name, event.name_zh) if event else (),
            product=self._both(product.name, product.name_zh) if product else (),
            when=self._when(row),
            where=self._where(product),
        )

    def _both(self, name: str, name_zh: str) -> tuple[str, ...]:
        """Return a name in the languages chosen; once, if it is the same in both."""
        names = [printable((name_zh or name) if chinese else name) for chinese in self._chinese]
        return tuple(dict.fromkeys(names))

    def _when(self, row: ProjectedTicket) -> tuple[str, ...]:
        validity = validity_of(self._rules, row)
        span = span_text(validity.from_ms, validity.until_ms, zone_of(self._rules, row))
        session = self._rules.centre.sessions.get(row.session)
        names = self._both(session.name, session.name_zh) if session else ()
        return (*names, span) if span else names

    def _where(self, product: Product | None) -> tuple[str, ...]:
        sites = self._sites_of(product)
        told = [self._both(site.name, site.name_zh) for site in sites.values()]
        return tuple(
            " · ".join(names[min(place, len(names) - 1)] for names in told)
            for place in range(max((len(names) for names in told), default=0))
        )

    def _sites_of(self, product: Product | None) -> dict[str, Site]:
        centre = self._rules.centre
        zones = [centre.zones.get(rule.zone) for rule in product.entitlements] if product else []
        return {zone.site: centre.sites[zone.site] for zone in zones if zone is not None}


class _Alike(NamedTuple):
    """What tickets of one type, session and validity say alike."""

    event: tuple[str, ...]
    product: tuple[str, ...]
    when: tuple[str, ...]
    where: tuple[str, ...]


def span_text(from_ms: int, until_ms: int, zone: ZoneInfo) -> str:
    """Return a span as anybody reads it, in the time of the place; "" if it has no bounds.

    Whole days are told as days; the day an end at midnight closes is the one before it.
    """
    start, end = _local(from_ms, zone), _local(until_ms, zone)
    if start is None or end is None:
        told = start or end
        return "" if told is None else f"{told:{_MINUTE}} –" if start else f"– {told:{_MINUTE}}"
    if _is_midnight(start) and _is_midnight(end):
        last = end - timedelta(days=1)
        return (
            f"{start:{_DAY}}" if start.date() == last.date() else f"{start:{_DAY}} – {last:{_DAY}}"
        )
    if start.date() == end.date():
        return f"{start:{_MINUTE}}–{end:%H:%M}"
    return f"{start:{_MINUTE}} – {end:{_MINUTE}}"


def _local(ms: int, zone: ZoneInfo) -> datetime | None:
    return datetime.fromtimestamp(ms / 1000, UTC).astimezone(zone) if ms else None


def _is_midnight(moment: datetime) -> bool:
    return (moment.hour, moment.minute) == (0, 0)
