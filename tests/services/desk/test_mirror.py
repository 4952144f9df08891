"""A venue host's store says what the centre's rules say, and knows the tickets it was given."""

from dataclasses import replace
from datetime import timedelta

from paifang.core.rules import CentreRules
from paifang.ledger.commands import Command
from paifang.ledger.lease_commands import (
    ApplyDelta,
    LoadRecords,
    OpenLease,
    TakeLease,
    WireHead,
)
from paifang.ledger.records import CredentialRecord, SegmentName, TicketRecord, UseRecord
from paifang.services.desk.compile import centre_rules, publish
from paifang.services.desk.context import DeskContext
from paifang.services.desk.mirror import mirror
from paifang.services.desk.projector import project_all, rebuild
from paifang.store import models
from tests.desk_makers import NOW, Venue, commit, make_venue
from tests.projected import tables

LEASE = bytes(15) + b"1"
NAME = SegmentName("ab" * 16, "fair", "")


def furnish() -> Venue:
    """Write a venue with everything a bundle can say."""
    venue = make_venue()
    models.Period.objects.create(
        site=venue.site, key="may", starts_at=NOW, ends_at=NOW + timedelta(days=3)
    )
    models.Session.objects.create(
        event=venue.event,
        number=1,
        name="Morning",
        name_zh="上午",
        opens_at=NOW,
        closes_at=NOW + timedelta(hours=3),
        cap=9,
    )
    rule = models.EntitlementRule.objects.get(product=venue.product)
    rule.valid_from, rule.valid_until = NOW, NOW + timedelta(days=2)
    rule.session_bound = True
    rule.save()
    rule.gates.set([venue.gate])
    models.Product.objects.filter(pk=venue.product.pk).update(signed_codes=True)
    return venue


def empty() -> None:
    """Take all configuration away, as on a machine that was just set up."""
    for model in (
        models.EntitlementRule,
        models.Product,
        models.Session,
        models.Event,
        models.Gate,
        models.Zone,
        models.Period,
        models.Site,
        models.Organiser,
    ):
        model.objects.all().delete()


def compiled() -> CentreRules:
    """Return the rules the store compiles to."""
    return centre_rules(NOW)


def test_what_is_mirrored_compiles_to_the_same_rules(desk: DeskContext) -> None:
    furnish()
    before = compiled()
    empty()
    mirror(before, "Head office")
    assert compiled() == before
    mirror(before, "Head office")
    assert compiled() == before
    assert models.Organiser.objects.get().name == "Head office"


def test_a_change_at_the_centre_changes_the_rows_and_keeps_what_stands_on_them(
    desk: DeskContext,
) -> None:
    venue = furnish()
    before = compiled()
    empty()
    mirror(before, "Head office")
    gate = models.Gate.objects.get()
    zone = before.zones[venue.zone.slug]
    changed = replace(before, zones={**before.zones, zone.slug: replace(zone, cap=7)})
    mirror(changed, "Head office")
    assert compiled().zones[zone.slug].cap == 7
    assert models.Gate.objects.get().pk == gate.pk


def test_a_site_without_gates_or_days_is_somebodys_all_the_same(desk: DeskContext) -> None:
    furnish()
    before = compiled()
    empty()
    (site,) = before.sites.values()
    bare = CentreRules(sites={site.slug: replace(site, day_starts_ms=())})
    mirror(bare, "Head office")
    mirror(bare, "Head office")
    row = models.Site.objects.get()
    assert (row.day_start_hour, row.organiser.name) == (0, "Head office")


def record(n: int, holder: str, *, used: bool = False) -> TicketRecord:
    """Return a ticket as the centre tells of it."""
    state: tuple[int | str, ...] = (
        (1, 1, 5, 1, 1, 0, "hall", "", 5, "north", "t1", "", "r", 0) if used else ()
    )
    return TicketRecord(
        bytes(15) + bytes([n]),
        1,
        1,
        0,
        0,
        1,
        0,
        0,
        0,
        0,
        holder,
        b"",
        (UseRecord(0, state),),
        (CredentialRecord(bytes([n]) * 16, "code", 0, b"sealed"),),
    )


def given(desk: DeskContext) -> None:
    """Let this node take a lease with three tickets, then hear of a change and of an erasure."""
    furnish()
    publish("tester")
    steps: tuple[Command, ...] = (
        TakeLease(
            request_id="take",
            lease=LEASE,
            site="fair",
            periods=(),
            lessee="me",
            epoch=2,
            rights=("admit",),
            granted_ms=1,
            not_after_ms=int(NOW.timestamp() * 1000) * 2,
            chunks=1,
            cursor=0,
            heads=(WireHead(NAME, 2, 5, b"h" * 32, 0, 5, 0),),
            document=b"signed",
        ),
        LoadRecords(
            request_id="load",
            lease=LEASE,
            chunk=1,
            segments=(NAME,),
            records=(record(1, "王小明"), record(2, "Li Lei", used=True), record(3, "Gone")),
        ),
        OpenLease(request_id="open", lease=LEASE),
        ApplyDelta(
            lease=LEASE,
            cursor=9,
            segments=(NAME,),
            records=(record(1, "王大明"), record(4, "New")),
            erased=(bytes(15) + b"\x03", bytes(15) + b"\x09"),
        ),
    )
    commit(desk, *steps)


def test_tickets_a_host_was_given_are_listed_and_found(desk: DeskContext) -> None:
    given(desk)
    project_all()
    rows = {row.ticket.bytes[-1]: row for row in models.ProjectedTicket.objects.all()}
    assert {n: (row.holder, row.uses) for n, row in rows.items()} == {
        1: ("王大明", 0),
        2: ("Li Lei", 1),
        3: ("", 0),
        4: ("New", 0),
    }
    kinds = models.TicketFact.objects.filter(ticket=rows[1].ticket).values_list("kind", flat=True)
    assert list(kinds) == ["load", "load"]


def test_rebuilt_from_the_journal_they_are_the_same(desk: DeskContext) -> None:
    given(desk)
    project_all()
    before = tables()
    rebuild()
    assert tables() == before
