"""The pages on which tickets are acted upon: one, many, handed out, and views of the list."""

import re

import pytest
from django.test import Client

from paifang.core.rules import Role
from paifang.core.tickets import Status
from paifang.runtime.job_handlers import HANDLERS
from paifang.services.desk.context import DeskContext
from paifang.services.desk.issuing import Attendee
from paifang.services.desk.job_runner import run_next
from paifang.services.desk.projector import project_all
from paifang.services.desk.staff import make_staff
from paifang.store.models import AuditEntry, Customer, ProjectedTicket, TicketView
from tests.desk_makers import Venue, issue, make_venue
from tests.projected import project_at_once
from tests.web.desk.import_steps import csv_of, send

PASSWORD = "tea-leaf-42"


@pytest.fixture
def venue(sqlite_desk: DeskContext, monkeypatch: pytest.MonkeyPatch) -> Venue:
    made = make_venue()
    for name, role in (
        ("eve", Role.manager),
        ("cas", Role.cashier),
        ("bob", Role.supervisor),
        ("aud", Role.auditor),
    ):
        make_staff(name, name=name.title(), role=role, password=PASSWORD)
    names = ("欧阳<i>娜娜", "Séan", "=1+1")
    issue(
        sqlite_desk,
        made,
        [
            Attendee(name=name, reference=str(n), email=f"g{n}@example.org", company="Oak")
            for n, name in enumerate(names)
        ],
    )
    project_all()

    project_at_once(monkeypatch)
    return made


def signed_in(username: str = "eve", language: str = "en") -> Client:
    client = Client(headers={"Accept-Language": language})
    client.post("/sign-in/", {"username": username, "password": PASSWORD})
    return client


def first() -> ProjectedTicket:
    return ProjectedTicket.objects.order_by("ticket")[0]


def told(page: str) -> str:
    text = re.sub(r"<(script|svg|title).*?</\1>|<[^>]+>", " ", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", text)


def test_each_role_is_offered_its_acts(venue: Venue) -> None:
    offers = {
        "eve": {"block", "void", "reissue"},
        "cas": {"reissue"},
        "bob": {"block"},
        "aud": set(),
    }
    for name, offered in offers.items():
        page = signed_in(name).get(f"/desk/tickets/{first().ticket}/").text
        assert set(re.findall(r'name="what"\s+value="(\w+)"', page)) == offered, name


def test_an_act_is_done_with_its_reason_and_refused_without(venue: Venue) -> None:
    path, client = f"/desk/tickets/{first().ticket}/act/", signed_in()
    page = client.post(path, {"what": "block", "why": " "}, follow=True).text
    assert "Say why" in page
    assert first().status == Status.valid
    page = client.post(path, {"what": "block", "why": "lost <b>"}, follow=True).text
    assert "The ticket is blocked." in page
    assert "lost &lt;b&gt;" in page
    assert first().status == Status.blocked
    assert client.post(path, {"what": "burn", "why": "x"}).status_code == 404


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("cas", "act/"),
        ("aud", "act/"),
        ("bob", "holder/"),
        ("aud", "link/"),
    ],
)
def test_acts_by_address_are_refused_to_who_may_not(venue: Venue, name: str, path: str) -> None:
    form = {"what": "void", "why": "x", "name": "Thief"}
    answer = signed_in(name).post(f"/desk/tickets/{first().ticket}/{path}", form)
    assert answer.status_code == 403
    assert first().status == Status.valid
    assert first().holder != "Thief"


def test_a_wrong_field_of_a_new_holder_is_said_and_nothing_lost(venue: Venue) -> None:
    client, path = signed_in("cas"), f"/desk/tickets/{first().ticket}/holder/"
    form = {"name": "Heir", "email": "not an address", "why": "ill"}
    answer = client.post(path, form)
    assert answer.status_code == 422
    assert 'value="Heir"' in answer.text
    assert first().holder != "Heir"
    page = client.post(path, form | {"email": "heir@example.org"}, follow=True).text
    assert "another person’s now" in page
    assert first().holder == "Heir"
    assert "Heir" not in "".join(AuditEntry.objects.values_list("subject", flat=True))


def test_those_ticked_are_acted_upon_and_progress_is_shown(venue: Venue) -> None:
    client = signed_in()
    ids = [row.ticket.hex for row in ProjectedTicket.objects.order_by("ticket")[:2]]
    page = client.get("/desk/tickets/acts/", {"ticket": ids}).text
    assert "2 tickets" in told(page)
    act = re.search(r'name="act_id" value="(\w+)"', page)
    assert act
    form = {"ticket": ids, "what": "block", "why": "late", "act_id": act[1]}
    under_way = client.post("/desk/tickets/acts/", form, follow=True)
    assert "Under way" in under_way.text
    assert under_way.headers["Refresh"] == "2"
    assert run_next(HANDLERS)
    done = client.get(f"/desk/tickets/acts/{act[1]}/")
    assert "2 of 2" in told(done.text)
    assert "Refresh" not in done.headers
    assert ProjectedTicket.objects.filter(status=Status.blocked).count() == 2


def test_all_that_fit_are_chosen_by_the_filters(venue: Venue) -> None:
    client = signed_in()
    page = client.get("/desk/tickets/acts/?all=1&company=oak").text
    assert "3 tickets" in told(page)
    assert client.get("/desk/tickets/acts/").status_code == 422
    assert client.get("/desk/tickets/acts/?all=1&company=nobody").status_code == 200
    answer = client.post(
        "/desk/tickets/acts/", {"all": "1", "company": "x", "what": "void", "why": "x"}
    )
    assert answer.status_code == 422
    assert "Tick at least one" in answer.text


def test_more_tickets_than_a_form_may_have_fields_are_acted_upon_by_their_filters(
    venue: Venue, sqlite_desk: DeskContext
) -> None:
    issue(
        sqlite_desk,
        venue,
        [Attendee(name=f"G{n}", reference=f"G-{n}", company="Elm") for n in range(1_100)],
    )
    project_all()
    client = signed_in()
    page = client.get("/desk/tickets/acts/?all=1&event=1").text
    form = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
    assert form["all"] == "1"
    client.post("/desk/tickets/acts/", form | {"what": "block", "why": "late"})
    assert run_next(HANDLERS)
    assert ProjectedTicket.objects.filter(status=Status.blocked).count() == 1_103


def test_a_guest_and_an_exhibitor_are_handed_tickets(venue: Venue) -> None:
    client, path = signed_in(), "/desk/tickets/hand-out/"
    form = {"product": "1", "count": "1", "name": "特邀嘉宾", "why": "speaker"}
    assert client.post(path, form | {"product": ""}).status_code == 422
    assert client.post(path, form | {"count": "5000"}).status_code == 422
    assert client.post(path, form | {"why": ""}).status_code == 422
    assert ProjectedTicket.objects.count() == 3
    assert "特邀嘉宾" in client.post(path, form, follow=True).text
    client.post(path, {"product": "1", "count": "4", "company": "Elm & Co", "why": "booth 7"})
    assert ProjectedTicket.objects.filter(company="Elm & Co").count() == 4
    assert signed_in("cas").get(path).status_code == 403


def test_a_view_is_kept_without_what_was_searched_for(venue: Venue) -> None:
    client = signed_in()
    form = {"name": "Blocked ones", "status": "blocked", "q": "欧阳", "shared": "1"}
    client.post("/desk/tickets/views/", form)
    view = TicketView.objects.get()
    assert view.query == {"status": "blocked"}
    assert "Blocked ones" in signed_in("bob").get("/desk/tickets/").text
    assert "name already" in client.post("/desk/tickets/views/", form, follow=True).text
    path = f"/desk/tickets/views/{view.pk}/"
    signed_in("bob").post(path)
    assert TicketView.objects.exists()
    client.post(path)
    assert not TicketView.objects.exists()


def test_links_are_given_out_as_a_list_that_a_spreadsheet_does_not_compute(venue: Venue) -> None:
    answer = signed_in().get("/desk/tickets/links/?format=csv")
    assert answer.status_code == 200
    rows = answer.content.decode("utf-8-sig").splitlines()
    assert len(rows) == 4
    assert any(row.startswith("'=1+1") for row in rows)
    links = re.findall(r"http://testserver(/t/\S{43})", "\n".join(rows))
    assert [Client().get(link).status_code for link in links] == [200] * 3
    assert signed_in().get("/desk/tickets/links/?format=xlsx").content[:2] == b"PK"
    assert signed_in("cas").get("/desk/tickets/links/").status_code == 403


def test_a_person_is_given_out_and_erased_from_their_page(venue: Venue) -> None:
    client, row = signed_in(), first()
    page = client.get(f"/desk/people/?ticket={row.ticket}").text
    assert "欧阳&lt;i&gt;娜娜" in page
    told_file = client.post("/desk/people/export/", {"ticket": row.ticket.hex})
    assert told_file.json()["tickets"][0]["email"] == "g0@example.org"
    text = {"first": row.ticket, "organiser": venue.event.organiser_id.hex, "text": "I agree"}
    client.post("/desk/people/consent/", text | {"language": "en"})
    found = re.search(
        r'name="consent">\s*<option value="([^"]+)"',
        client.get(f"/desk/people/?ticket={row.ticket}").text,
    )
    assert found
    client.post("/desk/people/consent/", {"first": row.ticket, "consent": found[1]})
    assert "Agreed to text 1" in told(client.get(f"/desk/people/?ticket={row.ticket}").text)
    form = {"ticket": row.ticket.hex, "first": row.ticket}
    assert "Say why" in client.post("/desk/people/erase/", form, follow=True).text
    assert (
        "is erased" in client.post("/desk/people/erase/", form | {"why": "asked"}, follow=True).text
    )
    assert first().holder == ""
    assert not Customer.objects.exists()
    assert signed_in("cas").post("/desk/people/erase/", form).status_code == 403
    assert signed_in("bob").get("/desk/people/").status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "/desk/tickets/hand-out/",
        "/desk/tickets/acts/?all=1",
        "/desk/people/?q=g1@example.org",
        "/desk/people/?q=x@y",
    ],
)
def test_the_pages_are_complete_in_chinese(venue: Venue, path: str) -> None:
    page = told(signed_in(language="zh-hans").get(path).text)
    english = set(re.findall(r"[A-Za-z]{4,}", page))
    assert english <= {"English", "Adult", "example", "Chinese"}


def test_an_erased_person_is_gone_from_lists_that_wait_too(
    venue: Venue, sqlite_desk: DeskContext
) -> None:
    client, row = signed_in(), first()
    send(client, csv_of("name,email", "Somebody,g0@example.org"))
    kept = [path for path in sqlite_desk.data.rglob("*") if path.is_file()]
    assert any(b"g0@example.org" in path.read_bytes() for path in kept if path.suffix != ".db")
    form = {"ticket": row.ticket.hex, "first": row.ticket, "why": "asked"}
    client.post("/desk/people/erase/", form)
    kept = [path for path in sqlite_desk.data.rglob("*") if path.is_file()]
    lists = [path for path in kept if ".db" not in path.name]
    assert not any(b"g0@example.org" in path.read_bytes() for path in lists)
    assert first().holder == ""
