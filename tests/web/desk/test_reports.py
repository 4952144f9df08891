"""Reports: the site's own days, the same sums as everywhere, as tables, bars and files."""

import csv
import io
import re
import subprocess
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import openpyxl  # type: ignore[import-untyped]
import pytest
from django.test import Client
from msgspec import structs

from paifang.core import limits
from paifang.core.rules import Role
from paifang.ledger.commands import Annul, Erase, Override
from paifang.services.desk import projector
from paifang.services.desk.compile import publish
from paifang.services.desk.context import DeskContext
from paifang.services.desk.issuing import Attendee
from paifang.services.desk.permissions import ALLOWED, Act, Actor, NotPermitted
from paifang.services.desk.places_to_watch import Place, places
from paifang.services.desk.reports import Asked, Report, report, site_today
from paifang.services.desk.staff import make_staff
from paifang.store.models import AuditEntry, FlowTally
from tests.desk_makers import Venue, commit, issue, make_venue, shown

PASSWORD = "tea-leaf-42"
MANAGER = Actor("eve", Role.manager)
GUESTS = [
    Attendee(name="Ann Secret", reference="A", company="=1+1 <b>Tea</b>", phone="021-55551234"),
    Attendee(name="Bo Secret", reference="B", company="茶庄", phone="+852 2345 6789"),
    Attendee(name="Class Secret", reference="C", people=12),
]


def signed_in(role: Role, language: str = "en") -> Client:
    make_staff(role.value, name=role.value.title(), role=role, password=PASSWORD)
    client = Client(headers={"Accept-Language": language})
    client.post("/sign-in/", {"username": role.value, "password": PASSWORD})
    return client


def place_of(desk: DeskContext) -> Place:
    return places(desk.ledger.rules(), now_ms())[0]


def now_ms() -> int:
    return int(datetime.now(UTC).timestamp() * 1000)


def asked_of(desk: DeskContext, first: date, last: date) -> Report:
    return report(MANAGER, desk.ledger.rules(), Asked(place_of(desk), first, last))


def busy(desk: DeskContext) -> Venue:
    """One comes twice, one is undone, five of twelve come, one is let in by hand, one leaves."""
    venue = make_venue()
    ann, bo, group = issue(desk, venue, GUESTS)
    commit(desk, shown(desk, venue, ann.code, "a-1"), shown(desk, venue, ann.code, "a-2"))
    commit(desk, shown(desk, venue, bo.code, "b-1"))
    commit(desk, Annul(request_id="u", admission="b-1", terminal=venue.terminal.pk.hex))
    commit(desk, structs.replace(shown(desk, venue, group.code, "c-1"), count=5))
    over = shown(desk, venue, ann.code, "o-1")
    commit(desk, Override(request_id="o-1", admit=over, reason_text="<i>knows</i> the host"))
    commit(desk, shown(desk, venue, ann.code, "a-3", "exit"))
    commit(desk, shown(desk, venue, "0" * 16, "nobody"))
    projector.project_all()
    return venue


def test_a_report_tells_what_happened(desk: DeskContext) -> None:
    venue = busy(desk)
    day = site_today(place_of(desk), now_ms())
    told = asked_of(desk, day, day)
    (zone,) = desk.ledger.occupancy()
    assert (told.entries, told.exits) == (zone.entries, zone.exits) == (7, 1)
    assert (told.refused, told.overrides, told.annulled, told.conflicts) == (2, 1, 1, 0)
    assert {reason.value: n for reason, n in told.reasons} == {"already_used": 1, "unknown": 1}
    assert sum(span.entries for span in told.spans) == 7
    (gate,), (product,) = told.gates, told.products
    assert (gate.entries, gate.exits, gate.refused) == (7, 1, 2)
    assert (product.entries, product.refused) == (7, 1)
    (came,), (groups,) = told.by_product, told.groups
    assert (came.tickets, came.people, came.came_tickets, came.came_people) == (3, 14, 2, 6)
    assert (groups.people, groups.came_people, groups.missing) == (12, 5, 7)
    assert {(one.key, one.came_people) for one in told.phones} == {("+86 21", 1), ("+852", 0)}
    assert told.hand_made is not None
    assert [one.gate for one in told.hand_made] == [venue.gate.slug]


def test_it_is_narrowed_to_gate_product_and_session(desk: DeskContext) -> None:
    venue = busy(desk)
    rules, place = desk.ledger.rules(), place_of(desk)
    day = site_today(place, now_ms())
    asked = Asked(place, day, day, product=venue.product.number, gate=venue.gate.slug)
    assert report(MANAGER, rules, asked).refused == 1
    elsewhere = Asked(place, day, day, gate="nowhere")
    assert report(MANAGER, rules, elsewhere).entries == 0
    other = Asked(place, day, day, session=99)
    assert (report(MANAGER, rules, other).entries, report(MANAGER, rules, other).by_product) == (
        0,
        (),
    )


def local(text: str, zone: str, fold: int = 0) -> int:
    """Return the quarter of an hour that a clock on the wall shows."""
    at = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)
    return int(at.timestamp()) // 900


def entries(venue: Venue, *quarters: int) -> None:
    for quarter in quarters:
        FlowTally.objects.create(
            quarter=quarter,
            gate=venue.gate.slug,
            product=venue.product.number,
            session=0,
            direction="entry",
            decision="admit",
            reason="ok",
            basis="lease",
            decisions=1,
            people=1,
            off_people=0,
            annulled=0,
            conflicts=0,
        )


def venue_in(zone: str, hour: int) -> Venue:
    venue = make_venue()
    venue.site.time_zone, venue.site.day_start_hour = zone, hour
    venue.site.save()
    publish()
    return venue


def test_a_day_goes_on_past_midnight_until_the_sites_hour(sqlite_desk: DeskContext) -> None:
    venue = venue_in("Asia/Kolkata", 4)
    zone = "Asia/Kolkata"
    entries(
        venue,
        local("2026-11-10 03:45", zone),
        local("2026-11-10 04:00", zone),
        local("2026-11-11 00:15", zone),
        local("2026-11-11 03:45", zone),
        local("2026-11-11 04:00", zone),
    )
    told = asked_of(sqlite_desk, date(2026, 11, 10), date(2026, 11, 10))
    assert told.entries == 3
    assert [span.entries for span in told.spans if span.entries] == [1, 1, 1]
    assert len(told.spans) == 24
    week = asked_of(sqlite_desk, date(2026, 11, 1), date(2026, 11, 11))
    assert not week.by_hours
    assert [span.entries for span in week.spans] == [*[0] * 8, 1, 3, 1]


@pytest.mark.parametrize(
    ("day", "hours", "twice"), [(date(2026, 10, 25), 25, True), (date(2026, 3, 29), 23, False)]
)
def test_the_day_on_which_clocks_change_has_its_own_length(
    sqlite_desk: DeskContext, day: date, hours: int, *, twice: bool
) -> None:
    zone = "Europe/Berlin"
    venue = venue_in(zone, 0)
    if twice:
        first, second = (local("2026-10-25 02:30", zone, fold) for fold in (0, 1))
        assert second - first == 4
        entries(venue, first, second, second + 1, local("2026-10-25 23:45", zone))
        entries(venue, local("2026-10-26 00:00", zone), local("2026-10-24 23:45", zone))
    told = asked_of(sqlite_desk, day, day)
    assert len(told.spans) == hours
    if twice:
        assert told.entries == 4
        assert [span.entries for span in told.spans[1:5]] == [0, 1, 2, 0]
        page = signed_in(Role.manager).get(f"/desk/reports/?from={day}&to={day}").text
        assert "02:00 (+0200)" in page
        assert "02:00 (+0100)" in page


@pytest.mark.parametrize("role", list(Role))
def test_each_role_sees_reports_as_the_table_says(sqlite_desk: DeskContext, role: Role) -> None:
    busy(sqlite_desk)
    expected = 200 if role in ALLOWED[Act.see_reports] else 403
    client = signed_in(role)
    page = client.get("/desk/reports/")
    assert page.status_code == expected
    assert client.get("/desk/reports/gates.csv").status_code == expected
    if expected == 403:
        assert client.get("/desk/reports/report.pdf").status_code == 403
    if expected == 200:
        # Why somebody was let in by hand may name people: for those who look after the audit.
        assert ("knows" in page.text) == (role in ALLOWED[Act.see_audit])
        assert "Secret" not in page.text
    else:
        place, day = place_of(sqlite_desk), date(2026, 11, 30)
        with pytest.raises(NotPermitted):
            report(Actor("x", role), sqlite_desk.ledger.rules(), Asked(place, day, day))


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("from=yesterday", "This is no day"),
        ("from=0001-01-01", "This is no day"),
        ("to=9999-12-31", "This is no day"),
        ("from=2026-05-02&to=2026-05-01", "The last day comes before the first"),
        ("from=2026-01-01&to=2026-12-31", f"A report spans {limits.REPORT_DAYS_MAX} days at most"),
        ("product=77", "There is none like this here"),
        ("gate=%3Cscript%3E", "There is none like this here"),
        ("session=x", "There is none like this here"),
    ],
)
def test_what_cannot_be_asked_is_told_at_its_field(
    sqlite_desk: DeskContext, query: str, words: str
) -> None:
    busy(sqlite_desk)
    client = signed_in(Role.manager)
    answer = client.get(f"/desk/reports/?{query}")
    assert answer.status_code == 422
    assert words in answer.text
    assert "<script>" not in answer.text.replace("</script>", "")
    assert client.get(f"/desk/reports/gates.csv?{query}").status_code == 404


def test_a_table_is_given_out_as_csv_and_as_workbook(sqlite_desk: DeskContext) -> None:
    busy(sqlite_desk)
    client = signed_in(Role.finance)
    answer = client.get("/desk/reports/companies.csv")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0][1:] == ["Tickets", "People", "Tickets used", "People who came", "Not come"]
    assert ["'=1+1 <b>Tea</b>", "1", "1", "1", "1", "0"] in rows
    assert 'filename="fair-companies-' in answer["Content-Disposition"]
    book = openpyxl.load_workbook(
        io.BytesIO(client.get("/desk/reports/gates.xlsx").content), read_only=True
    )
    assert list(book.worksheets[0].values)[1] == ("Door", 7, 1, 2)
    taken = AuditEntry.objects.filter(what="export", who="finance")
    assert [row.subject.split()[0] for row in taken] == ["report_companies", "report_gates"]
    assert client.get("/desk/reports/secrets.csv").status_code == 404
    assert client.get("/desk/reports/gates.exe").status_code == 404


@pytest.mark.parametrize(("language", "word"), [("en", "By hour"), ("zh-hans", "按小时")])
def test_the_whole_report_is_given_out_as_pdf(
    sqlite_desk: DeskContext, tmp_path: Path, language: str, word: str
) -> None:
    busy(sqlite_desk)
    client = signed_in(Role.manager, language)
    answer = client.get("/desk/reports/report.pdf")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf")
    (tmp_path / "report.pdf").write_bytes(answer.content)
    text = subprocess.run(
        ["pdftotext", "-layout", str(tmp_path / "report.pdf"), "-"],
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    for told in (word, "=1+1 <b>Tea</b>", "茶庄", "<i>knows</i> the host"):
        assert told in text
    assert "Secret" not in text
    assert AuditEntry.objects.filter(what="export", subject__endswith="pdf").count() == 1
    assert client.get("/desk/reports/report.pdf?from=never").status_code == 404


@pytest.mark.parametrize(
    ("language", "words"), [("en", ["By hour", "Groups"]), ("zh-hans", ["按小时", "团队"])]
)
def test_nothing_on_it_is_inline_and_every_text_is_harmless(
    sqlite_desk: DeskContext, language: str, words: list[str]
) -> None:
    busy(sqlite_desk)
    page = signed_in(Role.manager, language).get("/desk/reports/").text
    for text in (*words, "&lt;b&gt;Tea&lt;/b&gt;", "&lt;i&gt;knows&lt;/i&gt;"):
        assert text in page
    assert not re.search(r"\s(?:style|on\w+)=", page)
    for script in re.findall(r"<script[^>]*>", page):
        assert "src=" in script or 'type="application/json"' in script


def test_an_erased_company_is_in_no_report(sqlite_desk: DeskContext) -> None:
    venue = make_venue()
    issued = issue(sqlite_desk, venue, GUESTS)
    projector.project_all()
    client = signed_in(Role.manager)
    assert "茶庄" in client.get("/desk/reports/").text
    commit(sqlite_desk, Erase(ticket=issued[1].command.ticket))
    projector.project_all()
    assert "茶庄" not in client.get("/desk/reports/").text


def test_without_an_event_it_says_so(sqlite_desk: DeskContext) -> None:
    client = signed_in(Role.manager)
    assert "There is no event yet" in client.get("/desk/reports/").text
    assert client.get("/desk/reports/gates.csv").status_code == 404
