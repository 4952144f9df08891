"""Which segment an entitlement belongs to, and what an issued ticket leaves behind."""

from paifang.core import documents
from paifang.core.codes import recognise, serial
from paifang.ledger.facts import IssueFact
from paifang.services.desk.compile import publish
from paifang.services.desk.context import DeskContext
from paifang.services.desk.issuing import Attendee
from paifang.services.desk.segments import SegmentBook
from paifang.store import models
from tests.desk_makers import DAY, NOW, Venue, commit, issue, issuer, make_venue


def place_of(desk: DeskContext, venue: Venue, **ticket: int) -> tuple[str, str]:
    publish()
    centre = desk.ledger.rules().centre
    book = SegmentBook(desk.ledger, centre)
    (number,) = book.numbers_of(centre.products[venue.product.number], **ticket)
    return next((row.site, row.period) for row in desk.ledger.segments() if row.number == number)


def with_period(venue: Venue) -> None:
    models.Period.objects.create(site=venue.site, key="may", starts_at=NOW, ends_at=NOW + 2 * DAY)


def test_what_is_valid_within_one_period_belongs_to_it(desk: DeskContext) -> None:
    venue = make_venue()
    with_period(venue)
    models.EntitlementRule.objects.update(valid_from=NOW, valid_until=NOW + DAY)
    assert place_of(desk, venue) == (venue.site.slug, "may")


def test_what_crosses_periods_is_standing(desk: DeskContext) -> None:
    venue = make_venue()
    with_period(venue)
    models.EntitlementRule.objects.update(valid_from=NOW, valid_until=NOW + 3 * DAY)
    assert place_of(desk, venue) == (venue.site.slug, "")


def test_what_has_no_end_is_standing(desk: DeskContext) -> None:
    venue = make_venue()
    with_period(venue)
    models.EntitlementRule.objects.update(valid_from=NOW)
    assert place_of(desk, venue) == (venue.site.slug, "")


def test_the_tickets_own_validity_and_its_session_narrow_the_choice(desk: DeskContext) -> None:
    venue = make_venue()
    with_period(venue)
    begin = int(NOW.timestamp() * 1000)
    assert place_of(desk, venue, from_ms=begin, until_ms=begin + 1000)[1] == "may"
    models.EntitlementRule.objects.update(session_bound=True)
    models.Session.objects.create(
        event=venue.event, number=5, name="Slot", opens_at=NOW, closes_at=NOW + DAY
    )
    assert place_of(desk, venue, session=5)[1] == "may"


def test_a_segment_is_opened_once(desk: DeskContext) -> None:
    venue = make_venue()
    place_of(desk, venue)
    before = desk.ledger.segments()
    place_of(desk, venue)
    assert desk.ledger.segments() == before


def test_the_same_row_again_is_the_same_ticket_and_another_row_another(desk: DeskContext) -> None:
    venue = make_venue()
    row = Attendee(name="欧阳娜娜", reference="A-1", phone="19900000001")
    issue(desk, venue, [row])
    again = commit(desk, issuer(desk, venue).issue(row).command)[0]
    other = commit(
        desk, issuer(desk, venue).issue(Attendee(name="欧阳娜娜", reference="A-2")).command
    )
    assert not again.new
    assert other[0].new
    renamed = Attendee(name="欧阳娜", reference="A-1", phone="19900000001")
    amended = commit(desk, issuer(desk, venue).issue(renamed).command)[0]
    fact = amended.decoded()
    assert isinstance(fact, IssueFact)
    assert fact.amended
    assert amended.ticket is not None
    assert amended.ticket.holder == "欧阳娜"


def test_nothing_readable_but_the_name_leaves_the_desk(desk: DeskContext) -> None:
    venue = make_venue()
    document = documents.parse("passport", "E12345678")
    row = Attendee(
        name="Ann", company="Leaf & Kettle", email="a@example.org", phone="199", document=document
    )
    (issued,) = issue(desk, venue, [row])
    (answer,) = commit(desk, issuer(desk, venue).issue(row).command)
    told = answer.fact.decode()
    secrets = ("E12345678", issued.code, issued.serial, row.company, row.email, "Ann")
    assert not [secret for secret in secrets if secret in told]
    event = desk.ledger.rules().centre.events[venue.event.number]
    sealed = {c.kind: c.sealed for c in issued.command.credentials}
    assert desk.keys.unseal(event, sealed["code"]) == issued.code
    assert desk.keys.unseal(event, sealed["serial"]) == issued.serial
    assert sealed["document"] == b""


def test_a_document_is_found_by_what_a_gate_reads(desk: DeskContext) -> None:
    venue = make_venue()
    document = documents.parse("passport", "E12345678")
    (issued,) = issue(desk, venue, [Attendee(name="Ann", document=document)])
    event = desk.ledger.rules().centre.events[venue.event.number]
    shown = {
        desk.keys.lookup(event, reading.kind.value, reading.value)
        for reading in recognise("e1234 5678")
    }
    assert {c.hash for c in issued.command.credentials if c.kind == "document"} <= shown


def test_a_row_that_is_recognised_opens_no_gate_by_its_reference(desk: DeskContext) -> None:
    venue = make_venue()
    given = serial(1_234_567_890_123)
    (issued,) = issue(desk, venue, [Attendee(name="Ann", serial=given)])
    assert issued.serial == given
    hashes = {credential.hash for credential in issued.command.credentials}
    assert issued.command.identity not in hashes
