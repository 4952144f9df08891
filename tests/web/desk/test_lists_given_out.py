"""Every list of the desk can be had as a file, by whom it is for, with nothing a sheet computes."""

from typing import Final

import pytest
from django.http import HttpResponseBase
from django.test import Client

from paifang.core.rules import Role
from paifang.services.desk.compile import publish
from paifang.services.desk.context import DeskContext
from paifang.services.desk.issuing import Attendee
from paifang.services.desk.projector import project_all
from paifang.services.desk.staff import make_staff
from paifang.services.desk.tickets.people import add_consent_text, take_consent
from paifang.store.models import AuditEntry, Gate, Organiser, ProjectedTicket, User
from tests.desk_makers import BOSS, Venue, issue, make_venue

SUBJECTS: Final = ("organisers", "sites", "zones", "gates", "lanes", "events", "sessions")
LISTS: Final = (
    "/desk/tickets/",
    "/desk/tickets/quotas/",
    "/desk/import/",
    "/desk/staff/",
    "/desk/terminals/",
    "/desk/audit/",
    *(f"/desk/set-up/{subject}/" for subject in SUBJECTS),
)


@pytest.fixture
def venue(sqlite_desk: DeskContext) -> Venue:
    made = make_venue()
    make_staff("eve", name="=Eve", role=Role.manager, password="tea-leaf-42", pin="4711")
    make_staff("aud", name="Aud", role=Role.auditor, password="tea-leaf-42")
    Gate.objects.filter(pk=made.gate.pk).update(name="=1+1")
    Organiser.objects.update(name="@Host")
    publish()
    return made


def signed_in(username: str = "eve", language: str = "en") -> Client:
    client = Client(headers={"Accept-Language": language})
    client.force_login(User.objects.get(username=username))
    return client


def csv_of(answer: HttpResponseBase) -> str:
    return b"".join(answer).decode("utf-8-sig")


@pytest.mark.parametrize("where", LISTS)
def test_a_list_is_given_out_in_both_forms_and_that_is_written_down(
    venue: Venue, where: str
) -> None:
    client = signed_in()
    assert csv_of(client.get(where, {"format": "csv"})).count(",") > 1
    assert b"".join(client.get(where, {"format": "xlsx"}))[:2] == b"PK"
    assert AuditEntry.objects.filter(what="export", who="eve").count() == 2


def test_names_are_no_formulas_and_columns_are_in_the_readers_language(venue: Venue) -> None:
    client = signed_in(language="zh-hans")
    staff = csv_of(client.get("/desk/staff/?format=csv"))
    assert staff.splitlines()[0].startswith("姓名,")
    assert "'=Eve,eve," in staff
    gates = csv_of(client.get("/desk/set-up/gates/?format=csv"))
    assert gates.splitlines()[0].startswith("名称,")
    assert "'=1+1," in gates
    assert "fair-1," in csv_of(client.get("/desk/terminals/?format=csv"))


def test_what_a_role_may_see_it_may_take_and_no_more(venue: Venue) -> None:
    auditor = signed_in("aud")
    assert auditor.get("/desk/staff/?format=csv").status_code == 200
    assert auditor.get("/desk/set-up/gates/?format=csv").status_code == 200
    for where in ("/desk/tickets/", "/desk/terminals/", "/desk/people/", "/desk/tickets/quotas/"):
        assert auditor.get(where, {"format": "csv"}).status_code == 403, where


def test_who_agreed_to_be_remembered_is_given_out_with_the_text(
    venue: Venue, sqlite_desk: DeskContext
) -> None:
    issue(sqlite_desk, venue, [Attendee(name="=娜娜", email="n@example.org", reference="1")])
    project_all()
    text = add_consent_text(venue.event.organiser_id.hex, "en", "I agree", by=BOSS)
    row = ProjectedTicket.objects.get()
    client = signed_in()
    assert "0 people have agreed" in client.get("/desk/people/").text
    take_consent(sqlite_desk.ledger.rules(), row.ticket, text.pk, by=BOSS)
    page = client.get("/desk/people/").text
    assert "1 person has agreed to be remembered" in page
    assert "format=csv" in page
    told = csv_of(client.get("/desk/people/?format=csv"))
    assert "'=娜娜,,n@example.org,,'@Host," in told
    assert told.splitlines()[1].endswith(",1 (en),I agree,boss")
