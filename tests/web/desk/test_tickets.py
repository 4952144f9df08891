"""The pages of tickets: who sees what of a person, and the story with every fact in it."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from paifang.core import limits
from paifang.core.rules import Role
from paifang.core.tickets import Status
from paifang.ledger.commands import Annul, Bind, Credential, Erase, SetStatus
from paifang.services.desk.context import DeskContext
from paifang.services.desk.issuing import Attendee, Issued
from paifang.services.desk.projector import project_all
from paifang.services.desk.staff import make_staff
from tests.desk_makers import Venue, commit, issue, make_venue, shown

PASSWORD = "tea-leaf-42"
GUEST = Attendee(
    name="欧阳<b>娜娜", company="茶庄 & Söhne", email="nana@example.org", phone="13912345678"
)


@pytest.fixture
def venue(sqlite_desk: DeskContext) -> Venue:
    made = make_venue()
    for name, role in (
        ("eve", Role.manager),
        ("cas", Role.cashier),
        ("bob", Role.supervisor),
        ("ann", Role.steward),
    ):
        make_staff(name, name=name.title(), role=role, password=PASSWORD)
    return made


@pytest.fixture
def guest(sqlite_desk: DeskContext, venue: Venue) -> Issued:
    (issued,) = issue(sqlite_desk, venue, [GUEST])
    project_all()
    return issued


def signed_in(username: str = "eve", language: str = "en") -> Client:
    client = Client(headers={"Accept-Language": language})
    client.post("/sign-in/", {"username": username, "password": PASSWORD})
    return client


def page_of(issued: Issued) -> str:
    return (
        f"/desk/tickets/{issued.command.ticket.hex()[:8]}-"
        + "-".join(
            issued.command.ticket.hex()[a:b] for a, b in ((8, 12), (12, 16), (16, 20), (20, 32))
        )
        + "/"
    )


def told(page: str) -> str:
    text = re.sub(r"<(script|svg|title|option).*?</\1>|<[^>]+>", " ", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", text)


def test_the_list_shows_names_as_they_are_written(guest: Issued) -> None:
    page = signed_in().get("/desk/tickets/").text
    assert "欧阳&lt;b&gt;娜娜" in page
    assert "茶庄 &amp; Söhne" in page
    assert page_of(guest) in page
    assert "1 ticket" in told(page)


def test_contacts_are_shown_to_those_who_may_see_them(guest: Issued) -> None:
    for name, sees in (("eve", True), ("cas", True), ("bob", False)):
        page = signed_in(name).get(page_of(guest)).text
        assert ("nana@example.org" in page) == sees
        assert ("13912345678" in page) == sees
        assert "5678" in page


def test_the_code_is_shown_to_those_who_may_print_it(guest: Issued) -> None:
    for name, status in (("eve", 200), ("cas", 200), ("bob", 403), ("ann", 403)):
        client = signed_in(name)
        assert client.get(page_of(guest) + "code.svg").status_code == status
        shows = "code.svg" in client.get(page_of(guest)).text
        assert shows == (status == 200)
        assert guest.code not in client.get(page_of(guest)).text


def test_strangers_and_stewards_see_no_ticket(guest: Issued) -> None:
    for path in ("/desk/tickets/", page_of(guest), page_of(guest) + "code.svg"):
        assert Client().get(path).status_code == 302
        assert signed_in("ann").get(path).status_code == 403
    assert signed_in().get("/desk/tickets/00000000-0000-0000-0000-000000000000/").status_code == 404


def test_the_story_tells_every_fact_with_who_where_and_why(
    sqlite_desk: DeskContext, venue: Venue, guest: Issued
) -> None:
    ticket, terminal = guest.command.ticket, venue.terminal.pk.hex
    commit(sqlite_desk, shown(sqlite_desk, venue, guest.code, "in-1"))
    undo = Annul(request_id="u", admission="in-1", terminal=terminal, reason_text="fell over")
    commit(sqlite_desk, undo)
    commit(sqlite_desk, SetStatus(ticket=ticket, status=Status.blocked, reason_text="lost phone"))
    commit(sqlite_desk, shown(sqlite_desk, venue, guest.code, "in-2"))
    commit(sqlite_desk, SetStatus(ticket=ticket, status=Status.valid, actor="bob"))
    fresh = Credential("code", bytes(16), b"sealed")
    commit(sqlite_desk, Bind(ticket=ticket, credential=fresh, replaces=True, actor="cas"))
    commit(sqlite_desk, shown(sqlite_desk, venue, guest.code, "in-3"))
    commit(sqlite_desk, Erase(ticket=ticket, reason_text="asked"))
    project_all()
    story = told(signed_in().get(page_of(guest)).text)
    words = (
        "Issued",
        "Entry Undone Door · fair-1",
        "Entry undone",
        "Reason: fell over",
        "Status changed Blocked Reason: lost phone",
        "Entry refused Blocked",
        "Status changed Valid by Bob",
        "Credential replaced, the old one has ended Code by Cas",
        "Entry refused Void",
        "Personal data erased Reason: asked",
    )
    for word in words:
        assert word in story, word
    # Facts of two segments within one millisecond may stand either way round.
    assert story.index("Personal data erased") < story.index("Entry undone")
    assert story.index("Entry refused") < story.index("Entry undone") < story.rindex("Issued")


def test_the_list_goes_on_where_it_ended(
    sqlite_desk: DeskContext, venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    issue(sqlite_desk, venue, [Attendee(name=f"Guest {n}", reference=str(n)) for n in range(5)])
    project_all()
    monkeypatch.setattr(limits, "LIST_ROWS", 2)
    client, seen, query = signed_in(), [], ""
    for _ in range(3):
        page = client.get(f"/desk/tickets/{query}").text
        seen += re.findall(r"Guest \d", told(page))
        further = re.search(r'href="(\?[^"]*after=[^"]*)" rel="next"', page)
        query = further[1].replace("&amp;", "&") if further else ""
    assert seen == [f"Guest {n}" for n in (4, 3, 2, 1, 0)]
    assert not query


def test_filters_are_kept_on_the_way_to_older_ones(
    sqlite_desk: DeskContext, venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    issue(sqlite_desk, venue, [Attendee(name=f"Guest {n}", reference=str(n)) for n in range(3)])
    project_all()
    monkeypatch.setattr(limits, "LIST_ROWS", 2)
    page = signed_in().get("/desk/tickets/?event=1&used=no").text
    further = re.search(r'href="(\?[^"]*after=[^"]*)"', page)
    assert further
    query = parse_qs(urlsplit(further[1].replace("&amp;", "&")).query)
    assert query["event"] == ["1"]
    assert query["used"] == ["no"]


def test_a_question_too_short_is_said_at_the_field(guest: Issued) -> None:
    answer = signed_in().get("/desk/tickets/?q=a")
    assert answer.status_code == 422
    assert 'aria-describedby="wrong-q"' in answer.text
    assert "three of any other" in answer.text


@pytest.mark.parametrize("query", ["", "?q=nobody", "?used=yes", "?q=a", "?company=x"])
def test_the_pages_are_complete_in_chinese(guest: Issued, query: str) -> None:
    client = signed_in(language="zh-hans")
    pages = [client.get(f"/desk/tickets/{query}").text, client.get(page_of(guest)).text]
    for page in pages:
        english = set(re.findall(r"[A-Za-z]{4,}", told(page)))
        assert english <= {
            "English",
            "Excel",
            "Adult",
            "nana",
            "example",
            "hne",
            "Asia",
            "Shanghai",
            "Site",
        }
