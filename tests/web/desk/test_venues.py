"""The pages of venue hosts and leases, at a centre and at a host: who may, what is said, done."""

import html
import re
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import pytest
from django.test import Client

from paifang.core import limits
from paifang.core.leases import LeaseState
from paifang.core.rules import Role
from paifang.ledger.lease_commands import (
    LoadRecords,
    OpenLease,
    TakeLease,
    WireHead,
)
from paifang.ledger.records import SegmentName
from paifang.ledger.rows import Lease
from paifang.runtime.job_handlers import HANDLERS
from paifang.services.desk import leases
from paifang.services.desk.compile import publish
from paifang.services.desk.context import DeskContext
from paifang.services.desk.issuing import Attendee
from paifang.services.desk.job_runner import run_next
from paifang.services.desk.projector import project_all
from paifang.services.desk.staff import make_staff
from paifang.services.live.joined import AskedLease, Centre, LineState
from paifang.store import models
from tests.desk_makers import BOSS, NOW, Venue, commit, issue, make_venue
from tests.web.desk.venue_host import NODE, PASSWORD, hear, let_join, now_ms, signed_in, told

TAKEN = bytes(15) + b"1"
GIVE = {"host": NODE, "period": "fair-site/days", "right": "exchange", "until": "", "why": "fair"}
PEOPLE = (
    ("eve", Role.manager),
    ("mo", Role.manager),
    ("bob", Role.supervisor),
    ("aud", Role.auditor),
    ("cas", Role.cashier),
)


@pytest.fixture
def venue(sqlite_desk: DeskContext) -> Venue:
    """A centre: a site with a period and two tickets sold in it, and a host that joined."""
    made = make_venue()
    for name, role in PEOPLE:
        make_staff(name, name=name.title(), role=role, password=PASSWORD)
    models.Period.objects.create(
        site=made.site,
        key="days",
        starts_at=NOW - timedelta(days=1),
        ends_at=NOW + timedelta(days=1),
    )
    rule = made.product.entitlements.get()
    rule.valid_from, rule.valid_until = NOW - timedelta(hours=1), NOW + timedelta(hours=1)
    rule.save()
    issue(sqlite_desk, made, [Attendee(name="Wang"), Attendee(name="Li")])
    project_all()
    let_join()
    return made


@pytest.fixture
def lease(venue: Venue) -> Lease:
    """The lease of its fair, whose tickets are packed."""
    given = leases.grant(leases.Wanted(NODE, "fair-site", ("days",)), by=BOSS, why="fair")
    assert run_next({leases.SNAPSHOT: HANDLERS[leases.SNAPSHOT]})
    return given


def path_of(lease: Lease, *rest: str) -> str:
    return "/".join(["/desk/venues/leases", str(UUID(bytes=lease.id)), *rest, ""])


def newest() -> Lease:
    return leases.listed(by=BOSS)[-1].lease


def by_the_site(moment: datetime, between: str = " ") -> str:
    """A moment as the site's clocks show it, whose time zone is not the machine's."""
    return f"{moment.astimezone(ZoneInfo('Asia/Shanghai')):%Y-%m-%d{between}%H:%M}"


# Who may.


def test_roles_see_or_act_as_the_table_says(venue: Venue, lease: Lease) -> None:
    acts = ("/desk/venues/join/", "/desk/venues/give/", path_of(lease, "break"))
    for name in ("bob", "aud"):
        client = signed_in(name)
        assert client.get("/desk/venues/").status_code == 200
        page = client.get(path_of(lease))
        assert "/break/" not in page.text
        assert "/extend/" not in page.text
        for act in acts:
            assert client.get(act).status_code == 403
            assert client.post(act, GIVE).status_code == 403
        assert client.post(path_of(lease, "extend"), {"until": "", "why": "x"}).status_code == 403
    assert signed_in("cas").get("/desk/venues/").status_code == 403
    assert Client().get("/desk/venues/")["Location"] == "/"
    assert newest().state == LeaseState.granted


def test_the_menu_has_the_room_for_those_who_may_see_it(venue: Venue) -> None:
    assert 'href="/desk/venues/"' in signed_in("aud").get("/desk/venues/").text
    assert 'href="/desk/venues/"' not in signed_in("cas").get("/desk/tickets/").text


@pytest.mark.parametrize("path", ["", "join/", "give/", f"hosts/{NODE}/withdraw/"])
def test_the_pages_are_complete_in_chinese(venue: Venue, lease: Lease, path: str) -> None:
    client = signed_in(language="zh-hans")
    for page in (client.get(f"/desk/venues/{path}"), client.get(path_of(lease, "break"))):
        assert page.status_code == 200
        english = set(re.findall(r"[A-Za-z]{4,}", told(page.text)))
        assert english <= {"English", "Site", "hall", "days", "paifang", "init", "Asia", "Shanghai"}


# Hosts.


def test_joining_gives_a_code_and_what_to_type(venue: Venue) -> None:
    client = signed_in()
    page = client.post("/desk/venues/join/", {"name": " "})
    assert page.status_code == 422
    assert "Give the host a name" in page.text
    page = client.post("/desk/venues/join/", {"name": "hall <4>"})
    found = re.search(r"paifang join http://testserver ([0-9A-Z]{5}-[0-9A-Z]{5})", page.text)
    assert found
    assert "hall &lt;4&gt;" in page.text
    assert "Good for 10 minutes, and once." in told(page.text)
    assert models.JoinCode.objects.get(name="hall <4>").used_at_ms == 0


def test_a_host_is_shown_as_it_was_last_heard(sqlite_desk: DeskContext, venue: Venue) -> None:
    client = signed_in()
    assert "Joined, not heard of yet" in client.get("/desk/venues/").text
    asked = AskedLease(site="fair-site", periods=("days",))
    hear(
        sqlite_desk,
        1,
        now_ms=now_ms() - 150_000,
        backlog=1,
        oldest_ms=now_ms() - 2 * 3_600_000,
        version="7.7.7",
        asked=msgspec.json.encode(asked).decode(),
    )
    page = client.get("/desk/venues/")
    words = told(page.text)
    for part in (
        "In touch",
        "1 record waits there",
        "the oldest of 2 hours ago",
        "Its clock is 3 minutes slow",
        "7.7.7",
        "Asks for a lease: fair-site days",
    ):
        assert part in words, part
    (query,) = re.findall(r"/desk/venues/give/\?([^\"]+)", page.text)
    form = client.get("/desk/venues/give/?" + html.unescape(query)).text
    assert re.search(r'value="fair-site/days"\s+checked', form)


def test_a_doubled_host_is_settled_with_a_reason(sqlite_desk: DeskContext, venue: Venue) -> None:
    client, path = signed_in(), f"/desk/venues/hosts/{NODE}/settle/"
    assert client.get(path).status_code == 404
    hear(sqlite_desk, 1)
    hear(sqlite_desk, 2, 1)
    hear(sqlite_desk, 9, 7)
    page = client.get("/desk/venues/").text
    assert "Two machines speak as this host" in page
    assert path in page
    assert client.post(path, {"why": " "}).status_code == 422
    assert "Two machines speak as this host" in client.get("/desk/venues/").text
    page = client.post(path, {"why": "the old one is off"}, follow=True).text
    assert "The warning is gone." in page
    assert "Two machines speak as this host" not in page
    entry = models.AuditEntry.objects.get(what="node_settled")
    assert (entry.who, entry.why) == ("eve", "the old one is off")


def test_a_host_is_withdrawn_with_a_reason(venue: Venue) -> None:
    client, path = signed_in(), f"/desk/venues/hosts/{NODE}/withdraw/"
    assert "Withdraw hall-3?" in client.get(path).text
    assert client.post(path, {"why": ""}).status_code == 422
    assert not models.Peer.objects.get().revoked
    seen = client.post(path, {"why": "stolen"}, follow=True).text
    assert 'data-host="revoked"' in seen
    assert models.AuditEntry.objects.get(what="node_revoked").why == "stolen"
    assert client.get(path).status_code == 404
    page = client.post("/desk/venues/give/", GIVE)
    assert (page.status_code, "This host is withdrawn" in page.text) == (422, True)


# Leases.


def test_a_lease_is_given_from_its_form(venue: Venue) -> None:
    client = signed_in()
    form = client.get("/desk/venues/give/").text
    assert "Periods of Site" in form
    assert by_the_site(NOW - timedelta(days=1)) in form
    page = client.post("/desk/venues/give/", GIVE, follow=True)
    given = newest()
    assert page.redirect_chain[-1][0] == path_of(given)
    assert (given.rights, given.lessee) == ("admit exchange", NODE)
    end = NOW + timedelta(days=1, hours=12)
    assert given.not_after_ms == int(end.timestamp() * 1000)
    assert f"{by_the_site(end)} (Asia/Shanghai)" in told(page.text)
    assert models.AuditEntry.objects.get(what="lease_granted").why == "fair"
    page = client.post("/desk/venues/give/", GIVE)
    assert (page.status_code, "leased already" in page.text) == (422, True)
    assert len(leases.listed(by=BOSS)) == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"host": ""}, "Choose the venue host"),
        ({"host": "nobody"}, "no such venue host"),
        ({"period": []}, "Choose at least one period"),
        ({"period": ["fair-site/days", "other/days"]}, "Choose periods of one site"),
        ({"period": "fair-site/night"}, "periods does not exist"),
        ({"period": "moon/days"}, "periods does not exist"),
        ({"until": "soon"}, "a day and a time"),
        ({"until": "2001-01-01T08:00"}, "must lie ahead"),
        ({"until": "2999-01-01T08:00"}, "within 400 days"),
        ({"why": " "}, "Say why"),
    ],
)
def test_a_lease_is_refused_in_words(venue: Venue, change: dict[str, Any], words: str) -> None:
    page = signed_in().post("/desk/venues/give/", GIVE | change)
    assert page.status_code == 422
    assert words in page.text
    assert leases.listed(by=BOSS) == []


def test_a_lease_says_who_decides_now(venue: Venue, lease: Lease) -> None:
    client = signed_in("aud")
    for path in ("/desk/venues/", path_of(lease)):
        words = told(client.get(path).text)
        assert "The venue fetches its tickets" in words
        assert "Nobody is admitted there now" in words
    assert client.get(f"/desk/venues/leases/{UUID(int=7)}/").status_code == 404


def test_a_lease_is_extended_and_never_shortened(venue: Venue, lease: Lease) -> None:
    client, path = signed_in(), path_of(lease, "extend")
    for until, why, words in (
        (NOW, "more", "must lie ahead"),
        (NOW + timedelta(hours=2), "more", "until later than it does now"),
        (NOW + timedelta(days=500), "more", "within 400 days"),
        (NOW + timedelta(days=5), "", "Say why"),
    ):
        page = client.post(path, {"until": by_the_site(until, "T"), "why": why})
        assert (page.status_code, words in page.text) == (422, True), words
    assert newest().not_after_ms == lease.not_after_ms
    later = (NOW + timedelta(days=5)).replace(second=0)
    page = client.post(path, {"until": by_the_site(later, "T"), "why": "rain"}, follow=True)
    assert f"{by_the_site(later)} (Asia/Shanghai)" in told(page.text)
    assert newest().not_after_ms == int(later.timestamp() * 1000)


def test_two_persons_break_a_lease(venue: Venue, lease: Lease) -> None:
    client, path = signed_in(), path_of(lease, "break")
    assert "What can go wrong" in client.get(path).text
    for second, password, why, words in (
        ("mo", PASSWORD, " ", "Say why"),
        ("eve", PASSWORD, "burnt", "That is you"),
        ("EVE ", PASSWORD, "burnt", "That is you"),
        ("mo", "wrong", "burnt", "do not belong together"),
        ("bob", PASSWORD, "burnt", "may not give leases"),
        ("nobody", PASSWORD, "burnt", "do not belong together"),
    ):
        form = {"second": second, "password": password, "why": why}
        page = client.post(path, form)
        assert (page.status_code, words in page.text) == (422, True), words
        assert PASSWORD not in page.text
    models.User.objects.filter(username="mo").update(is_active=False)
    form = {"second": "mo", "password": PASSWORD, "why": "burnt"}
    assert client.post(path, form).status_code == 422
    assert newest().state == LeaseState.granted
    models.User.objects.filter(username="mo").update(is_active=True)
    seen = client.post(path, form, follow=True).text
    assert "This centre decides again" in seen
    assert newest().state == LeaseState.broken
    entry = models.AuditEntry.objects.get(what="lease_broken")
    assert (entry.who, entry.why) == ("eve", "burnt")
    assert "mo" in entry.subject
    assert client.get(path).status_code == 404


def test_guessing_a_second_persons_password_is_stopped(
    venue: Venue, lease: Lease, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PAIRING_TRIES_MAX", 2)
    client, path = signed_in(), path_of(lease, "break")
    form = {"second": "mo", "password": "wrong", "why": "burnt"}
    assert [client.post(path, form).status_code for _ in range(3)] == [422, 422, 429]
    page = client.post(path, form | {"password": PASSWORD})
    assert (page.status_code, "too many wrong tries" in page.text) == (429, True)
    assert newest().state == LeaseState.granted


# Wishes.


def test_a_ticket_a_venue_holds_is_asked_for_and_the_wish_is_listed(
    venue: Venue, lease: Lease
) -> None:
    row = models.ProjectedTicket.objects.order_by("ticket")[0]
    client, act = signed_in(), f"/desk/tickets/{row.ticket}/act/"
    page = client.post(act, {"what": "void", "why": "paid <twice>"})
    assert page.status_code == 409
    assert "A venue host decides about this ticket" in page.text
    assert "paid &lt;twice&gt;" in page.text
    wish = f"/desk/tickets/{row.ticket}/wish/"
    assert wish in page.text
    assert client.post(wish, {"what": "void", "why": " "}).status_code == 422
    assert client.post(wish, {"what": "burn", "why": "x"}).status_code == 404
    assert leases.wishes(by=BOSS) == []
    seen = client.post(wish, {"what": "void", "why": "twice", "refund": "1"}, follow=True).text
    assert "The venue is asked." in seen
    (made,) = leases.wishes(by=BOSS)
    assert (made.ticket, made.kind, made.refund) == (row.ticket.bytes, "void", 1)
    words = told(client.get("/desk/venues/").text)
    assert "Make void" in words
    assert "the venue has not answered yet" in words
    seen = client.post(act, {"what": "reissue", "why": "lost"}, follow=True).text
    assert "a new code must wait" in seen
    # A supervisor may block, and not void.
    assert signed_in("bob").post(wish, {"what": "void", "why": "x"}).status_code == 403
    assert signed_in("bob").post(wish, {"what": "block", "why": "x"}).status_code == 302


def test_a_ticket_decided_here_needs_no_wish(venue: Venue) -> None:
    row = models.ProjectedTicket.objects.order_by("ticket")[0]
    wish = f"/desk/tickets/{row.ticket}/wish/"
    page = signed_in().post(wish, {"what": "block", "why": "lost"}, follow=True).text
    assert "No venue holds this ticket any more" in page
    assert leases.wishes(by=BOSS) == []


# At a venue host.


@pytest.fixture
def hall(sqlite_desk: DeskContext) -> DeskContext:
    """A venue host that decides about three days, its line down for an hour."""
    make_venue()
    make_staff("eve", name="Eve", role=Role.manager, password=PASSWORD)
    make_staff("bob", name="Bob", role=Role.supervisor, password=PASSWORD)
    publish()
    name = SegmentName("ab" * 16, "fair-site", "")
    take = TakeLease(
        request_id="take",
        lease=TAKEN,
        site="fair-site",
        periods=(),
        lessee=sqlite_desk.keys.node,
        epoch=2,
        rights=("admit", "exchange"),
        granted_ms=1,
        not_after_ms=now_ms() + 86_400_000,
        chunks=1,
        cursor=0,
        heads=(WireHead(name, 2, 5, b"h" * 32, 0, 5, 0),),
        document=b"signed",
    )
    load = LoadRecords(request_id="load", lease=TAKEN, chunk=1, segments=(name,), records=())
    commit(sqlite_desk, take, load, OpenLease(request_id="open", lease=TAKEN))
    joined = sqlite_desk.joined
    joined.keep_centre(
        Centre(url="https://c", node="n", name="Head office", public_key="", host="hall-3")
    )
    hour_ago = now_ms() - 3_600_000
    joined.keep_line(
        LineState(
            success_ms=hour_ago,
            tried_ms=now_ms(),
            error="unreachable",
            backlog=1200,
            oldest_ms=hour_ago,
            fetched=3 * 1024 * 1024,
            fetching=4 * 1024 * 1024,
        )
    )
    return sqlite_desk


def test_a_host_shows_its_line_and_what_it_may_do(hall: DeskContext) -> None:
    client = signed_in("bob")
    words = told(client.get("/desk/venues/").text)
    for part in (
        "The line is down; the gates go on",
        "hall-3, venue host of Head office",
        "The centre does not answer.",
        "Last went through 1 hour ago",
        "1200 records wait to be told",
        "3.0 MB of 4.0 MB fetched",
        "This machine decides",
        "Scans, exits, undo, overrides, blocking and voiding are decided here",
    ):
        assert part in words, part
    page = client.get(f"/desk/venues/leases/{UUID(bytes=TAKEN)}/").text
    assert "Admit · Exchange vouchers" in page
    assert "Register people · Sell" in page
    assert "/return/" not in page
    for path in ("join/", "give/"):
        assert signed_in().get(f"/desk/venues/{path}").status_code == 404


def test_a_host_gives_its_lease_back_with_a_reason(hall: DeskContext) -> None:
    path = f"/desk/venues/leases/{UUID(bytes=TAKEN)}/return/"
    client = signed_in()
    assert "gates refuse everybody" in client.get(path).text
    assert signed_in("bob").get(path).status_code == 403
    assert client.post(path, {"why": ""}).status_code == 422
    page = client.post(path, {"why": "over"}, follow=True).text
    assert "The lease is given back." in page
    assert newest().state == LeaseState.returned
    assert client.get(path).status_code == 404
    assert models.AuditEntry.objects.get(what="lease_returned").why == "over"


def test_a_centre_gives_nothing_back(venue: Venue, lease: Lease) -> None:
    assert signed_in().post(path_of(lease, "return"), {"why": "x"}).status_code == 404
