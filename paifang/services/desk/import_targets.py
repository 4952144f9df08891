"""What the rows of a list name: event, product, session and zone, found in the rules in force."""

from collections.abc import Sequence
from typing import NamedTuple

from paifang.core.rules import CentreRules, Event, Product, Session
from paifang.services.desk.attendees import AttendeeRow
from paifang.services.desk.context import context
from paifang.services.desk.issuing import Attendee, Issuer
from paifang.services.desk.segments import SegmentBook


class ImportFault(Exception):
    """The import as a whole is not possible. `code` is stable; `text` is what was asked for."""

    def __init__(self, code: str, text: str = "", choices: Sequence[str] = ()) -> None:
        """Keep the code, what was asked for, and what there is to choose from."""
        super().__init__(code)
        self.code = code
        self.text = text
        self.choices = tuple(choices)


class Refused(Exception):
    """A row's refusal on its way to becoming a RowError."""

    def __init__(self, code: str, field: str = "", **params: str) -> None:
        """Keep the code, the column, and what its words name."""
        super().__init__(code)
        self.code, self.field, self.params = code, field, params


class Targets(NamedTuple):
    """Where the rows go: into which event, and as what, if they do not say it themselves.

    `product` and `session` are names, slugs, numbers or ids; `actor` is who imports.
    """

    event: str
    product: str = ""
    session: str = ""
    actor: str = ""


class Resolver:
    """Finds what a row names: product, session, zone."""

    def __init__(self, centre: CentreRules, options: Targets) -> None:
        """Look up what the options name. Raises ImportFault."""
        self._centre = centre
        self._event = _find_event(centre, options.event)
        self._products = [p for p in centre.products.values() if p.event == self._event.number]
        self._sessions = [s for s in centre.sessions.values() if s.event == self._event.number]
        self._default = self._find_default(options.product)
        self._by_name = {
            _spelled(name): product for product in self._products for name in _names(product)
        }
        self._sessions_by_name = {
            _spelled(name): session
            for session in self._sessions
            for name in (session.name, session.name_zh, session.id, str(session.number))
            if name
        }
        self._session = self._find_session(options.session)
        self._book = SegmentBook(context().ledger, centre, options.actor)
        self._issuers: dict[int, Issuer] = {}
        self._actor = options.actor

    def resolve(self, row: AttendeeRow) -> tuple[Issuer, Attendee]:
        """Return who issues a row's ticket, and for whom. Raises Refused."""
        product = self._product_of(row)
        session = self._session_of(row, product)
        if row.zone and not self._opens(product, row.zone):
            raise Refused("zone_unknown", "zone", text=row.zone)
        issuer = self._issuers.get(product.number)
        if issuer is None:
            issuer = self._issuers[product.number] = Issuer(
                self._event,
                product,
                keys=context().keys,
                book=self._book,
                actor=self._actor,
            )
        return issuer, Attendee(
            name=row.name,
            reference=row.reference,
            company=row.company,
            email=row.email,
            phone=row.phone,
            document=row.document,
            serial=row.serial,
            card=row.card,
            session=session.number if session else 0,
            zone=row.zone,
        )

    def _find_default(self, asked: str) -> Product | None:
        if asked:
            wanted = _spelled(asked)
            for product in self._products:
                if wanted in map(_spelled, _names(product)):
                    return product
            raise ImportFault("product_unknown", asked, [p.name for p in self._products])
        return self._products[0] if len(self._products) == 1 else None

    def _product_of(self, row: AttendeeRow) -> Product:
        if row.product:
            product = self._by_name.get(_spelled(row.product))
            if product is None:
                raise Refused("product_unknown", "product", text=row.product)
            return product
        if self._default is None:
            raise Refused("product_needed")
        return self._default

    def _session_of(self, row: AttendeeRow, product: Product) -> Session | None:
        if row.session:
            session = self._sessions_by_name.get(_spelled(row.session))
            if session is None:
                raise Refused("session_unknown", "session", text=row.session)
            return session
        if not any(rule.session_bound for rule in product.entitlements):
            return None
        if self._session is None:
            raise Refused("session_needed")
        return self._session

    def _find_session(self, asked: str) -> Session | None:
        if not asked:
            return None
        session = self._sessions_by_name.get(_spelled(asked))
        if session is None:
            raise ImportFault("session_unknown", asked, [one.name for one in self._sessions])
        return session

    def _opens(self, product: Product, named: str) -> bool:
        wanted = _spelled(named)
        zones = (self._centre.zones[rule.zone] for rule in product.entitlements)
        return any(
            wanted in (_spelled(zone.slug), _spelled(zone.name), _spelled(zone.name_zh))
            for zone in zones
        )


def _find_event(centre: CentreRules, slug: str) -> Event:
    for event in centre.events.values():
        if event.slug == slug:
            return event
    raise ImportFault("event_unknown", slug, [event.slug for event in centre.events.values()])


def _names(product: Product) -> list[str]:
    names = (product.name, product.name_zh, product.id, str(product.number))
    return [name for name in names if name]


def _spelled(name: str) -> str:
    return " ".join(name.casefold().split())
