"""A small venue in the store, and tickets for it, for tests of the desk."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from paifang.core.rules import Role, TerminalRole
from paifang.ledger.commands import Admit, Command
from paifang.ledger.facts import Answer
from paifang.services.desk.compile import publish
from paifang.services.desk.context import DeskContext
from paifang.services.desk.issuing import Attendee, Issued, Issuer
from paifang.services.desk.permissions import Actor
from paifang.services.desk.segments import SegmentBook
from paifang.services.desk.terminals import make_terminal
from paifang.store import models

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
BOSS = Actor("boss", Role.manager)


class Venue(NamedTuple):
    """One site with a hall, its gate and a terminal there; an event with one product."""

    site: models.Site
    zone: models.Zone
    gate: models.Gate
    event: models.Event
    product: models.Product
    terminal: models.Terminal


def make_venue(slug: str = "fair", number: int = 1) -> Venue:
    organiser = models.Organiser.objects.create(slug=f"{slug}-host", name="Host")
    site = models.Site.objects.create(organiser=organiser, slug=f"{slug}-site", name="Site")
    zone = models.Zone.objects.create(site=site, slug=f"{slug}-hall", name="Hall", name_zh="展馆")
    gate = models.Gate.objects.create(zone=zone, slug=f"{slug}-door", name="Door")
    event = models.Event.objects.create(
        organiser=organiser, number=number, slug=slug, name="Fair", name_zh="展会"
    )
    event.sites.set([site])
    product = models.Product.objects.create(event=event, number=number, name="Adult")
    models.EntitlementRule.objects.create(product=product, position=0, zone=zone)
    terminal = make_terminal(f"{slug}-1", role=TerminalRole.gate, gates=[gate.slug])
    return Venue(site, zone, gate, event, product, terminal)


def commit(desk: DeskContext, *commands: Command) -> list[Answer]:
    answers = desk.ledger.commit(commands)
    assert all(isinstance(answer, Answer) for answer in answers), answers
    return [answer for answer in answers if isinstance(answer, Answer)]


def issue(desk: DeskContext, venue: Venue, attendees: Sequence[Attendee]) -> list[Issued]:
    """Publish, then issue; returns what was issued with codes in clear."""
    publish()
    issued = [issuer(desk, venue).issue(attendee) for attendee in attendees]
    commit(desk, *(one.command for one in issued))
    return issued


def issuer(desk: DeskContext, venue: Venue) -> Issuer:
    centre = desk.ledger.rules().centre
    book = SegmentBook(desk.ledger, centre)
    product = centre.products[venue.product.number]
    return Issuer(centre.events[venue.event.number], product, keys=desk.keys, book=book)


def shown(desk: DeskContext, venue: Venue, code: str, request_id: str, way: str = "entry") -> Admit:
    """What a gate asks when a code is shown."""
    event = desk.ledger.rules().centre.events[venue.event.number]
    return Admit(
        request_id=request_id,
        terminal=venue.terminal.pk.hex,
        gate=venue.gate.slug,
        direction=way,
        lookups=(desk.keys.lookup(event, "code", code),),
    )
