"""An event made once more: the same offers so many days later, by the clock on the wall."""

from datetime import UTC, datetime, timedelta

from paifang.core.rules import Role
from paifang.services.desk.context import DeskContext
from paifang.services.desk.issuing import Attendee
from paifang.services.desk.permissions import Actor
from paifang.services.desk.projector import project_all
from paifang.services.desk.set_up.cloning import clone_event
from paifang.store import models
from tests.desk_makers import issue, make_venue

EVE = Actor("eve", Role.manager)
# Two days before the clocks of Berlin are put forward.
OPENS = datetime(2027, 3, 26, 8, tzinfo=UTC)


def test_offers_come_along_shifted_and_tickets_do_not(desk: DeskContext) -> None:
    venue = make_venue()
    models.Site.objects.update(time_zone="Europe/Berlin")
    models.Event.objects.update(starts_at=OPENS, ends_at=OPENS + timedelta(days=1))
    rule = venue.product.entitlements.get()
    rule.gates.set([venue.gate])
    models.EntitlementRule.objects.update(valid_from=OPENS, uses_max=3)
    models.Session.objects.create(
        event=venue.event,
        number=7,
        name="Boat 03-26 09:00",
        name_zh="游船",
        opens_at=OPENS,
        closes_at=OPENS + timedelta(hours=2),
        cap=60,
    )
    issue(desk, venue, [Attendee(name="A")])
    source = models.Event.objects.get(pk=venue.event.pk)
    event = clone_event(source, name="Fair", name_zh="", days=7, by=EVE)
    later = datetime(2027, 4, 2, 7, tzinfo=UTC)
    assert (event.slug, event.starts_at) == ("fair-2", later)
    assert list(event.sites.all()) == [venue.site]
    session = event.sessions.get()
    assert (session.name, session.opens_at, session.cap) == ("Boat 04-02 09:00", later, 60)
    assert session.closes_at - session.opens_at == timedelta(hours=2)
    product = event.products.get()
    assert product.number not in {0, venue.product.number}
    copy = product.entitlements.get()
    assert (copy.valid_from, copy.valid_until, copy.uses_max) == (later, None, 3)
    assert list(copy.gates.all()) == [venue.gate]
    project_all()
    assert not models.ProjectedTicket.objects.filter(event=event.number).exists()
    centre = desk.ledger.rules().centre
    assert set(centre.gates["fair-door"].events) == {venue.event.number, event.number}
    told = models.AuditEntry.objects.get(what="event_cloned")
    assert told.subject == "fair-2: of fair, 7 days later, 1 products, 1 sessions"
