"""The page of a ticket by its secret address: what it shows, to whom, and when it ends."""

import base64
import re
import time

import pytest
import zxingcpp
from django.test import Client

from paifang.core import limits
from paifang.core.codes import Form, group_serial, recognise, step_at
from paifang.core.tickets import Status
from paifang.ledger.commands import Bind, Credential, SetStatus
from paifang.services.desk.context import DeskContext
from paifang.services.desk.issuing import Attendee, Issued
from paifang.services.desk.paper.content import Writer
from paifang.services.desk.projector import project_all
from paifang.services.desk.tickets.pages import secret_of
from paifang.services.live.keys import PAGE_SECRET_CHARS
from paifang.store.models import Product, ProjectedTicket
from tests.desk_makers import Venue, commit, issue, make_venue, shown


@pytest.fixture
def venue(sqlite_desk: DeskContext) -> Venue:
    return make_venue()


@pytest.fixture
def guest(sqlite_desk: DeskContext, venue: Venue) -> Issued:
    person = Attendee(
        name="欧阳娜娜", email="nana@example.org", phone="13912345678", company="茶庄"
    )
    (issued,) = issue(sqlite_desk, venue, [person])
    project_all()
    return issued


def path_of(desk: DeskContext, issued: Issued) -> str:
    row = ProjectedTicket.objects.get(ticket=issued.command.ticket.hex())
    return "/t/" + secret_of(desk.ledger.rules(), row)


def told(page: str) -> str:
    text = re.sub(r"<(script|svg|title).*?</\1>|<[^>]+>", " ", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", text)


def code_on(page: str) -> str:
    """Decode the QR of a page from its squares, as a camera would see them."""
    found = re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', page)
    assert found
    svg = base64.b64decode(found[1]).decode()
    size = int(re.search(r'viewBox="0 0 (\d+)', svg)[1])  # type: ignore[index]
    scale, side = 4, 4 * size
    picture = bytearray(b"\xff" * side * side)
    for at in re.findall(r"M(\d+) (\d+)h(\d+)v(\d+)", svg):
        x, y, width, height = (scale * int(number) for number in at)
        for line in range(y, y + height):
            picture[line * side + x : line * side + x + width] = bytes(width)
    read = zxingcpp.read_barcode(memoryview(picture).cast("B", (side, side)))
    assert read
    return read.text


def test_the_page_shows_the_ticket_and_no_more_of_the_person(
    sqlite_desk: DeskContext, guest: Issued
) -> None:
    path = path_of(sqlite_desk, guest)
    assert len(path) == len("/t/") + PAGE_SECRET_CHARS
    answer = Client().get(path)
    page = told(answer.text)
    for word in ("欧阳娜娜", "Adult", "Fair", "Valid", group_serial(guest.serial)):
        assert word in page
    for word in ("nana@example.org", "13912345678", "5678", "茶庄"):
        assert word not in answer.text
    assert "欧阳娜娜" not in re.search(r"<title>(.*?)</title>", answer.text, re.DOTALL)[1]  # type: ignore[index]
    assert code_on(answer.text) == guest.code
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert "no-store" in answer.headers["Cache-Control"]


def test_it_speaks_the_browsers_language_or_the_one_asked_for(
    sqlite_desk: DeskContext, guest: Issued
) -> None:
    path = path_of(sqlite_desk, guest)
    chinese = Client(headers={"Accept-Language": "zh-CN"})
    assert "有效" in told(chinese.get(path).text)
    english = chinese.get(path + "?lang=en").text
    assert '<html lang="en">' in english
    assert "Show this code at the gate" in english
    assert '<html lang="zh-hans">' in Client().get(path + "?lang=zh-hans").text
    words = set(re.findall(r"[A-Za-z]{4,}", told(chinese.get(path).text)))
    assert words <= {"English", "Adult", "Site"}


@pytest.mark.parametrize(
    ("status", "word"),
    [(Status.void, "Void"), (Status.refunded, "Refunded"), (Status.blocked, "Blocked")],
)
def test_what_opens_nothing_says_so_and_shows_no_code(
    sqlite_desk: DeskContext, guest: Issued, status: Status, word: str
) -> None:
    path = path_of(sqlite_desk, guest)
    commit(sqlite_desk, SetStatus(ticket=guest.command.ticket, status=status))
    project_all()
    page = Client().get(path).text
    assert word in told(page)
    assert "data:image" not in page
    assert guest.code not in page


def test_a_used_ticket_says_when_and_where(
    sqlite_desk: DeskContext, venue: Venue, guest: Issued
) -> None:
    commit(sqlite_desk, shown(sqlite_desk, venue, guest.code, "in-1"))
    project_all()
    page = told(Client().get(path_of(sqlite_desk, guest)).text)
    assert re.search(r"Used \d{4}-\d\d-\d\d \d\d:\d\d Door", page)


def test_another_code_ends_the_page_of_the_old_one(
    sqlite_desk: DeskContext, venue: Venue, guest: Issued
) -> None:
    old, ticket = path_of(sqlite_desk, guest), guest.command.ticket
    event = sqlite_desk.ledger.rules().centre.events[venue.event.number]
    keys, fresh = sqlite_desk.keys, "0123456789ABCDEF"
    credential = Credential("code", keys.lookup(event, "code", fresh), keys.seal(event, fresh))
    commit(sqlite_desk, Bind(ticket=ticket, credential=credential, replaces=True))
    gone = Client().get(old)
    assert gone.status_code == 404
    assert "欧阳娜娜" not in gone.text
    new = path_of(sqlite_desk, guest)
    assert new != old
    assert code_on(Client().get(new).text) == fresh


def test_any_other_secret_opens_nothing(sqlite_desk: DeskContext, guest: Issued) -> None:
    path = path_of(sqlite_desk, guest)
    last = "A" if path[-2] != "A" else "B"
    for wrong in (path[:-2] + last + path[-1], path[:-1], path + "A", "/t/x", "/t/" + "é" * 43):
        answer = Client().get(wrong)
        assert answer.status_code == 404, wrong
        assert "This link opens no ticket" in answer.text
    assert Client().post(path).status_code == 405


def test_misses_are_limited_and_pages_that_exist_stay_open(
    sqlite_desk: DeskContext, guest: Issued, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PAGE_MISSES_MAX", 3)
    path, wrong = path_of(sqlite_desk, guest), "/t/" + "A" * PAGE_SECRET_CHARS
    here = Client(headers={"X-Forwarded-For": "10.0.0.9"})
    assert [here.get(wrong).status_code for _ in range(5)] == [404, 404, 404, 429, 429]
    assert int(here.get(wrong).headers["Retry-After"]) > 0
    assert here.get(path).status_code == 200
    assert Client(headers={"X-Forwarded-For": "10.0.0.8"}).get(wrong).status_code == 404


@pytest.fixture
def changing(sqlite_desk: DeskContext, venue: Venue) -> Issued:
    Product.objects.filter(pk=venue.product.pk).update(rotating_codes=True)
    (issued,) = issue(sqlite_desk, venue, [Attendee(name="欧阳娜娜")])
    project_all()
    return issued


def test_a_code_that_changes_is_shown_as_it_is_now_and_nothing_else_that_opens(
    sqlite_desk: DeskContext, changing: Issued
) -> None:
    path = path_of(sqlite_desk, changing)
    page = Client().get(path).text
    (read,) = recognise(code_on(page))
    assert read.form is Form.rotating
    assert read.body is not None
    assert read.body.ticket_id == changing.command.ticket
    assert abs(read.body.step - step_at(int(time.time()))) <= 1
    assert group_serial(changing.serial) not in page
    assert f'data-changes="{path}/code.svg"' in page
    picture = Client().get(f"{path}/code.svg")
    assert picture.headers["Content-Type"] == "image/svg+xml"
    assert "no-store" in picture.headers["Cache-Control"]
    assert picture.text.startswith("<svg")


def test_only_a_code_that_changes_has_a_picture_of_its_own(
    sqlite_desk: DeskContext, guest: Issued, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Client().get(path_of(sqlite_desk, guest) + "/code.svg").status_code == 404
    monkeypatch.setattr(limits, "PAGE_MISSES_MAX", 1)
    wrong = "/t/" + "A" * PAGE_SECRET_CHARS + "/code.svg"
    assert [Client().get(wrong).status_code for _ in range(2)] == [404, 429]


def test_a_void_ticket_shows_no_changing_code(sqlite_desk: DeskContext, changing: Issued) -> None:
    path = path_of(sqlite_desk, changing)
    commit(sqlite_desk, SetStatus(ticket=changing.command.ticket, status=Status.void))
    project_all()
    assert "data-changes" not in Client().get(path).text
    assert Client().get(path + "/code.svg").status_code == 404


def test_on_paper_the_serial_number_stands_for_a_code_that_changes(
    sqlite_desk: DeskContext, changing: Issued
) -> None:
    row = ProjectedTicket.objects.get(ticket=changing.command.ticket.hex())
    (paper,) = Writer(sqlite_desk.ledger.rules(), "en").tickets([row])
    assert (paper.code, paper.serial) == (changing.serial, changing.serial)
