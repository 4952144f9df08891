"""Door lists: who is on the paper, in which order, and what keying in afterwards records."""

import re
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from paifang.core import limits
from paifang.core.rules import Role
from paifang.core.tickets import Status
from paifang.ledger.commands import Annul, SetStatus
from paifang.services.desk import projector
from paifang.services.desk.context import DeskContext
from paifang.services.desk.door_lists import name_order
from paifang.services.desk.issuing import Attendee
from paifang.store import models
from paifang.store.models import AuditEntry, DoorList, ProjectedAdmission
from tests.desk_makers import commit, issue, make_venue, shown

PEOPLE = [
    Attendee(name="张伟", company="茶庄", reference="1"),
    Attendee(name="李小明", reference="2", people=3),
    Attendee(name="<b>Anna</b>", reference="3"),
    Attendee(name="blocked", reference="4"),
]
ZONE = ZoneInfo("Asia/Shanghai")


class Place:
    """A venue with four guests, one of them blocked, and somebody signed in."""

    def __init__(self, desk: DeskContext, role: Role = Role.supervisor) -> None:
        self.desk = desk
        self.venue = make_venue()
        self.issued = issue(desk, self.venue, PEOPLE)
        ticket = self.issued[3].command.ticket
        commit(desk, SetStatus(ticket=ticket, status=Status.blocked))
        projector.project_all()
        self.client = client_of(role)
        self.key_in = f"/desk/doors/{self.venue.gate.slug}/key-in/"

    def make(self, **more: str) -> Any:
        return self.client.post("/desk/doors/", {"gate": self.venue.gate.slug, **more})

    def send(self, *rows: tuple[str, str, str, str], **more: str) -> str:
        """Send lines of (number, serial, people, time) and return the page as plain text."""
        form: dict[str, Any] = {"form": "a" * 32, "list": "1", **more}
        for n, name in enumerate(("number", "serial", "count", "at")):
            form[name] = [row[n] for row in rows]
        form["way"] = [more.get("way", "entry")] * len(rows)
        answered = self.client.post(self.key_in, form)
        page = answered.content.decode()
        assert answered.status_code == int(more.get("status", "200")), page
        return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page.partition("<form class")[0]))


def client_of(role: Role) -> Client:
    user = models.User.objects.create_user(f"a-{role.value}", name="Ann", role=role.value)
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(user)
    return client


@pytest.fixture
def place(desk: DeskContext) -> Place:
    return Place(desk)


@pytest.fixture
def sqlite_place(sqlite_desk: DeskContext) -> Place:
    return Place(sqlite_desk)


def test_the_valid_tickets_of_a_gate_are_printed_by_name(place: Place) -> None:
    made = place.make()
    assert (made.status_code, made.headers["Location"]) == (302, "/desk/doors/1/")
    page = place.client.get("/desk/doors/1/").content.decode()
    names = re.findall(r"<td><b>(.*?)</b>", page)
    assert names == ["&lt;b&gt;Anna&lt;/b&gt;", "李小明", "张伟"]
    assert "茶庄" in page
    tails = re.findall(r'<td class="n num">(\d{4})</td>', page)
    assert tails == [place.issued[n].serial[-4:] for n in (2, 1, 0)]
    assert not any(one.serial in page or one.code in page for one in place.issued)
    assert (
        page.count('<i aria-hidden="true"></i>') == 1 + 3 + 1 + 3
    )  # boxes for each person, and a line for each time
    entry = AuditEntry.objects.get(what="door_list_made")
    assert (entry.who, entry.subject) == ("a-supervisor", "1 fair-door")


def test_numbers_stay_those_of_the_print(place: Place) -> None:
    place.make()
    issue(place.desk, place.venue, [Attendee(name="Aaron", reference="5")])
    projector.project_all()
    page = place.client.get("/desk/doors/1/").content.decode()
    assert "Aaron" not in page
    place.make()
    assert "Aaron" in place.client.get("/desk/doors/2/").content.decode()


def test_too_many_for_a_list_is_said(sqlite_place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "DOOR_LIST_ROWS_MAX", 2)
    answered = sqlite_place.make()
    assert answered.status_code == 422
    assert "3 tickets are more than one list holds" in answered.content.decode()
    assert not DoorList.objects.exists()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"gate": "moon"}, "Choose a gate."),
        ({"session": "9"}, "There is no such session."),
        ({"session": "x"}, "There is no such session."),
    ],
)
def test_what_cannot_be_listed_is_said(
    sqlite_place: Place, more: dict[str, str], words: str
) -> None:
    answered = sqlite_place.make(**more)
    assert answered.status_code == 422
    assert words in answered.content.decode()


def test_what_was_ticked_is_recorded_once_with_who_keyed_it_in(place: Place) -> None:
    place.make()
    serial = place.issued[0].serial
    rows = [("2", "", "2", "00:00"), ("", serial, "1", "0000"), ("", "", "1", "")]
    said = place.send(*rows)
    assert said.count("Recorded.") == 2
    assert "李小明" in said
    place.send(*rows)
    projector.project_all()
    told = ProjectedAdmission.objects.order_by("seq").values_list("people", "basis", "reason")
    assert sorted(told) == [(1, "provisional", "ok"), (2, "provisional", "ok")]
    midnight = datetime.now(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    assert {row.at_ms for row in ProjectedAdmission.objects.all()} == {
        int(midnight.timestamp() * 1000)
    }
    entry = AuditEntry.objects.filter(what="door_list_keyed_in")[0]
    assert (entry.who, entry.subject) == ("a-supervisor", "1 fair-door: 2 accepted")


def test_a_conflict_is_recorded_and_shown(place: Place) -> None:
    place.make()
    commit(place.desk, shown(place.desk, place.venue, place.issued[0].code, "in-1"))
    said = place.send(("3", place.issued[0].serial[-4:], "1", "00:00"))
    assert "Recorded, in conflict. This ticket has been used." in said
    projector.project_all()
    contested = ProjectedAdmission.objects.get(basis="provisional")
    assert contested.conflict in said


def test_lines_that_are_wrong_are_said_and_stay_in_the_form(sqlite_place: Place) -> None:
    place = sqlite_place
    place.make()
    serial = place.issued[0].serial
    wrong = serial[:-1] + str((int(serial[-1]) + 1) % 10)
    other = "0000" if serial[-4:] != "0000" else "1111"
    said = place.send(
        ("9", "", "1", "00:00"),
        ("x", "", "1", "00:00"),
        ("3", other, "1", "00:00"),
        ("", wrong, "1", "00:00"),
        ("3", "", "0", "00:00"),
        ("3", "", "1", "25:00"),
        ("3", "", "1", "00:00"),
    )
    for words, times in (
        ("This number is not on the list.", 2),
        ("Number and last four digits do not belong together.", 1),
        ("This is no serial", 1),
        ("Give the number of people", 1),
        ("Give the time as hours and minutes", 1),
        ("Recorded.", 1),
    ):
        assert said.count(words) == times, words


def test_an_unknown_serial_counts_nobody(sqlite_place: Place) -> None:
    said = sqlite_place.send(("", "44710093123456", "1", "00:00"), list="")
    assert ("This is no serial" in said) or ("counted nobody" in said)
    from_other = issue(
        sqlite_place.desk, make_venue("show", 2), [Attendee(name="X", reference="1")]
    )
    said = sqlite_place.send(("", from_other[0].serial, "1", "00:00"), list="")
    assert "Written down, counted nobody." in said


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"list": "7"}, "There is no list 7 of this gate."),
        ({"day": "2999-01-01"}, "Give the day the guests passed"),
        ({"day": "x"}, "Give the day the guests passed"),
    ],
)
def test_a_form_that_is_wrong_as_a_whole_is_sent_back(
    sqlite_place: Place, more: dict[str, str], words: str
) -> None:
    sqlite_place.make()
    said = sqlite_place.send(("1", "", "1", "00:00"), status="422", **more)
    assert words in said


def test_exits_are_keyed_in_too(sqlite_place: Place) -> None:
    place = sqlite_place
    place.make()
    place.send(("3", "", "1", "00:00"))
    assert "Recorded." in place.send(("3", "", "1", "00:00"), form="b" * 32, way="exit")
    assert "This gate is not passed" in place.send(("3", "", "1", "00:00"), way="up")


@pytest.mark.parametrize("role", [role for role in Role if role not in {"manager", "supervisor"}])
def test_lists_are_for_managers_and_supervisors(sqlite_place: Place, role: Role) -> None:
    sqlite_place.make()
    client = client_of(role)
    for path in ("/desk/doors/", "/desk/doors/1/", sqlite_place.key_in):
        assert client.get(path).status_code == 403
        assert Client().get(path).headers["Location"] == "/"
    assert client_of(Role.manager).get("/desk/doors/1/").status_code == 200


def test_pages_that_are_not_there(sqlite_place: Place) -> None:
    for path in ("/desk/doors/9/", "/desk/doors/moon/key-in/"):
        assert sqlite_place.client.get(path).status_code == 404


def test_a_late_record_keyed_in_is_not_taken_back_at_a_gate(sqlite_place: Place) -> None:
    place = sqlite_place
    place.make()
    place.send(("3", "", "1", "00:00"))
    undo = Annul(
        request_id="u", admission=f"door:{'a' * 32}:0", terminal=place.venue.terminal.pk.hex
    )
    (outcome,) = place.desk.ledger.commit([undo])
    assert getattr(outcome, "code", "") == "not_found"


def test_names_are_ordered_by_letters_then_pinyin() -> None:
    names = ["张伟", "Zoe", "李小明", "阿里", "王芳", "anna", "𠮷野", "Ölger"]
    assert sorted(names, key=name_order) == [
        *("anna", "Ölger", "Zoe"),
        *("阿里", "李小明", "王芳", "张伟"),
        "𠮷野",
    ]


def test_times_on_paper_are_those_of_the_place(sqlite_place: Place) -> None:
    before = datetime.now(ZONE).replace(second=0, microsecond=0)
    sqlite_place.make()
    page = sqlite_place.client.get("/desk/doors/1/").content.decode()
    told = re.search(r"As of ([0-9: -]+[0-9])\s*<", page)
    assert told is not None
    at = datetime.strptime(told[1], "%Y-%m-%d %H:%M").replace(tzinfo=ZONE)
    assert before <= at <= datetime.now(ZONE)
    assert f"{at:%Y-%m-%d}" in sqlite_place.client.get("/desk/doors/").content.decode()
