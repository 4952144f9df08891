"""Paper: what is chosen and previewed, what is printed, who may, and what is written down of it."""

import re
import stat
import subprocess
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from paifang.core import limits
from paifang.core.rules import Role
from paifang.core.tickets import Status
from paifang.ledger.commands import SetStatus
from paifang.runtime.job_handlers import HANDLERS
from paifang.services.desk import projector
from paifang.services.desk.context import DeskContext
from paifang.services.desk.issuing import Attendee, Issued
from paifang.services.desk.job_runner import run_next
from paifang.services.desk.paper import printing
from paifang.services.desk.paper.choosing import Chosen
from paifang.services.desk.paper.words import words_of
from paifang.services.desk.permissions import Actor, NotPermitted
from paifang.services.desk.tickets.people import erase_person
from paifang.store import models
from paifang.store.models import AuditEntry, Job, JobState, PaperPrint, PaperTicketPrinted
from tests.desk_makers import commit, issue, make_venue
from tests.paper_pictures import codes_in, picture_at, pictures_of

INJECTED = '#eval("1+1") $x^2$ \\ *b* _i_ `c` @ref <l> //'
PEOPLE = [
    Attendee(name="张伟", company="茶庄", reference="1"),
    Attendee(name="阿卜杜热西提·买买提", reference="2", people=3),
    Attendee(name=INJECTED, reference="3"),
    Attendee(name="blocked", reference="4"),
]
NOWHERE = "\U00031350"
"""An ideograph so young that no font here has it."""


class Place:
    """A venue with guests, and a cashier signed in."""

    def __init__(self, desk: DeskContext, people: list[Attendee] | None = None) -> None:
        self.desk = desk
        self.venue = make_venue()
        self.issued = issue(desk, self.venue, PEOPLE if people is None else people)
        if people is None:
            blocked = self.issued[3].command.ticket
            commit(desk, SetStatus(ticket=blocked, status=Status.blocked))
        projector.project_all()
        self.client = client_of(Role.cashier)

    def send(self, **form: str) -> Any:
        return self.client.post("/desk/paper/", {"do": "print", "event": "1", **form})

    def made(self, **form: str) -> PaperPrint:
        answered = self.send(**form)
        assert answered.status_code == 302, answered.content.decode()
        return PaperPrint.objects.get(pk=answered.headers["Location"].split("/")[-2])

    def pdf(self, made: PaperPrint, number: int = 1) -> bytes:
        answered = self.client.get(f"/desk/paper/prints/{made.pk}/{number}.pdf")
        assert answered.status_code == 200
        assert answered.headers["Content-Type"] == "application/pdf"
        return bytes(answered.content)


def client_of(role: Role) -> Client:
    user = models.User.objects.create_user(f"a-{role.value}", name="Ann", role=role.value)
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(user)
    return client


def text_of(answered: Any) -> str:
    page = re.sub(r"<(script|style).*?</\1>", "", answered.content.decode(), flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page))


def ticket_of(issued: Issued) -> UUID:
    return UUID(bytes=issued.command.ticket)


@pytest.fixture
def place(desk: DeskContext) -> Place:
    return Place(desk)


@pytest.fixture
def sqlite_place(sqlite_desk: DeskContext) -> Place:
    return Place(sqlite_desk)


def test_the_valid_tickets_of_an_event_are_printed_and_scan(place: Place, tmp_path: Path) -> None:
    made = place.made(layout="a4-sheet", languages="zh-en")
    assert (made.tickets, made.left_out, made.files, made.is_ready) == (3, 0, 1, True)
    found = codes_in(pictures_of(place.pdf(made), tmp_path))
    valid = place.issued[:3]
    assert found == {one.code for one in valid} | {one.serial for one in valid}


@pytest.mark.parametrize("languages", ["zh", "en"])
@pytest.mark.parametrize("layout", ["a4-sheet", "a6", "roll-80", "wristband", "a4-home"])
def test_every_layout_scans(
    sqlite_place: Place, tmp_path: Path, layout: str, languages: str
) -> None:
    ticked = ",".join(ticket_of(one).hex for one in sqlite_place.issued[:2])
    made = sqlite_place.made(layout=layout, languages=languages, tickets=ticked)
    pictures = pictures_of(sqlite_place.pdf(made), tmp_path)
    assert len(pictures) == (1 if layout == "a4-sheet" else 2)
    assert codes_in(pictures) == {
        text for one in sqlite_place.issued[:2] for text in (one.code, one.serial)
    }


def test_a_print_is_written_down_with_who_and_which(place: Place) -> None:
    made = place.made(layout="a6", languages="zh")
    entry = AuditEntry.objects.get(what="tickets_printed")
    assert entry.who == made.made_by == "a-cashier"
    assert entry.subject == f"{made.pk.hex} tickets=3 layout=a6 event=1"
    printed = PaperTicketPrinted.objects.filter(print=made, done=True)
    assert {one.ticket for one in printed} == {ticket_of(one) for one in place.issued[:3]}
    # By name: letters first, then by pinyin.
    first = printed.order_by("place")[0]
    assert first.ticket == ticket_of(place.issued[2])


def test_ticked_tickets_alone_are_printed_and_named_in_the_audit(place: Place) -> None:
    ids = [ticket_of(place.issued[n]).hex for n in (1, 3)]
    listed = place.client.get("/desk/tickets/").content.decode()
    assert 'formaction="/desk/paper/"' in listed
    assert f'name="ticket" value="{ids[0]}"' in re.sub(r"\s+", " ", listed)
    page = place.client.get(f"/desk/paper/?event=1&ticket={ids[0]}&ticket={ids[1]}")
    same = place.client.get(f"/desk/paper/?tickets={ids[0]},{ids[1]}")
    assert text_of(page) == text_of(same)
    assert "2 tickets from the list" in text_of(page)
    assert "1 ticket is left out" in text_of(page)
    made = place.made(tickets=",".join(ids), layout="a6")
    assert made.tickets == 1
    assert ids[0] in AuditEntry.objects.get(what="tickets_printed").subject


def test_one_ticket_comes_as_a_pdf_at_its_own_address(place: Place, tmp_path: Path) -> None:
    ticket = ticket_of(place.issued[1])
    answered = place.client.get(f"/desk/paper/{ticket.hex}.pdf?layout=roll-80")
    assert answered.headers["Content-Type"] == "application/pdf"
    assert answered.headers["Cache-Control"].startswith("max-age=0")
    found = codes_in(pictures_of(answered.content, tmp_path))
    assert found == {place.issued[1].code, place.issued[1].serial}
    assert PaperTicketPrinted.objects.get(done=True).ticket == ticket
    story = place.client.get(f"/desk/tickets/{ticket}/")
    assert f"/desk/paper/{ticket.hex}.pdf" in story.content.decode()
    assert "Printed on paper" in text_of(story)
    assert "Ticket roll" in text_of(story)
    assert AuditEntry.objects.filter(what="tickets_printed").count() == 1


def test_a_ticket_that_is_not_valid_has_no_pdf(place: Place) -> None:
    blocked = ticket_of(place.issued[3])
    answered = place.client.get(f"/desk/paper/{blocked.hex}.pdf")
    assert answered.status_code == 422
    assert "There is no valid ticket among these" in text_of(answered)
    assert place.client.get("/desk/paper/none.pdf").status_code == 404
    assert not PaperPrint.objects.exists()


def test_a_choice_is_shown_before_it_is_printed(place: Place) -> None:
    shown = place.client.post("/desk/paper/", {"event": "1", "layout": "a6", "languages": "en"})
    assert shown.status_code == 302
    assert not PaperPrint.objects.exists()
    page = place.client.get(shown.headers["Location"])
    assert "3 tickets" in text_of(page)
    assert "1 ticket is left out: void, blocked, or not paid." in text_of(page)
    pictures = re.findall(r'<img src="([^"]+)"', page.content.decode())
    assert len(pictures) == 2
    for picture in pictures:
        answered = place.client.get(picture.replace("&amp;", "&"))
        assert answered.headers["Content-Type"] == "image/png"
        assert answered.content.startswith(b"\x89PNG")


def test_a_preview_opens_no_gate(sqlite_place: Place, tmp_path: Path) -> None:
    ticket = ticket_of(sqlite_place.issued[0]).hex
    answered = sqlite_place.client.get(f"/desk/paper/preview.png?ticket={ticket}&layout=a4-home")
    picture = tmp_path / "preview.png"
    picture.write_bytes(answered.content)
    assert codes_in([picture_at(picture)]) == {"0" * 16, "0" * 14}
    for wrong in ("", "?ticket=x", f"?ticket={UUID(int=7).hex}"):
        assert sqlite_place.client.get(f"/desk/paper/preview.png{wrong}").status_code == 404


def test_what_was_printed_can_be_left_out_of_the_next_print(place: Place) -> None:
    place.made(tickets=ticket_of(place.issued[0]).hex)
    assert place.made(event="1", unprinted="1").tickets == 2
    answered = place.send(event="1", unprinted="1")
    assert answered.status_code == 422
    assert "nothing to print" in text_of(answered)


def test_a_product_or_session_narrows_the_choice(sqlite_desk: DeskContext) -> None:
    place = Place(sqlite_desk)
    assert "3 tickets" in text_of(place.client.get("/desk/paper/?event=1&product=1"))
    # What is not of this event is as good as not chosen.
    assert "3 tickets" in text_of(place.client.get("/desk/paper/?event=1&product=9&session=4"))
    assert "3 tickets" in text_of(place.client.get("/desk/paper/?event=77&layout=x&languages=x"))


def test_characters_no_font_has_are_named_and_printed_only_on_demand(
    sqlite_desk: DeskContext, tmp_path: Path
) -> None:
    place = Place(sqlite_desk, [Attendee(name=f"张{NOWHERE}", reference="1")])
    answered = place.send(layout="a6")
    assert answered.status_code == 422
    told = text_of(answered)
    assert "Nothing was printed" in told
    assert f"张{NOWHERE}" in told
    assert "U+31350" in told
    assert not PaperPrint.objects.exists()
    made = place.made(layout="a6", substitute="1")
    assert made.substituted
    assert codes_in(pictures_of(place.pdf(made), tmp_path)) >= {place.issued[0].code}
    assert "〓 stands where no font has a character" in text_of(
        place.client.get(f"/desk/paper/prints/{made.pk}/")
    )


def test_a_large_print_is_a_job_that_can_be_cancelled_and_goes_on(
    desk: DeskContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PAPER_DIRECT_TICKETS_MAX", 1)
    monkeypatch.setattr(limits, "PAPER_FILE_TICKETS", 2)
    place = Place(desk)
    made = place.made(layout="a4-sheet")
    address = f"/desk/paper/prints/{made.pk}/"
    assert (made.files, made.files_made) == (2, 0)
    assert "0 of 3 tickets are drawn" in text_of(place.client.get(address))
    assert "paper/progress.js" in place.client.get(address).content.decode()
    place.client.post(address, {"do": "stop"})
    assert "has ended before it was complete" in text_of(place.client.get(address))
    place.client.post(address, {"do": "again"})
    assert run_next(HANDLERS)
    job = Job.objects.get(kind=printing.PRINT)
    assert (job.state, job.done, job.total) == (JobState.done, 3, 3)
    page = text_of(place.client.get(address))
    assert "Open file 2 of 2" in page
    assert place.pdf(made, 2).startswith(b"%PDF")
    assert PaperTicketPrinted.objects.filter(done=True).count() == 3


def test_markup_in_a_name_is_printed_as_it_is_written(
    sqlite_desk: DeskContext, tmp_path: Path
) -> None:
    place = Place(sqlite_desk, [Attendee(name=INJECTED, company='"#panic()', reference="1")])
    pdf = tmp_path / "injected.pdf"
    pdf.write_bytes(place.pdf(place.made(layout="a4-home", languages="en")))
    program = ["pdftotext", "-layout", str(pdf), "-"]
    told = subprocess.run(program, check=True, capture_output=True, text=True).stdout
    assert INJECTED.replace(" ", "") in re.sub(r"\s", "", told)
    assert '"#panic()' in told


def test_a_print_that_cannot_be_drawn_says_so_and_can_be_made_later(
    sqlite_place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as hurried:
        hurried.setattr(limits, "PAPER_DRAW_S", 0.001)
        answered = sqlite_place.send(layout="a6")
        ticket = ticket_of(sqlite_place.issued[0]).hex
        preview = sqlite_place.client.get(f"/desk/paper/preview.png?ticket={ticket}")
    assert answered.status_code == 422
    assert "could not be drawn" in text_of(answered)
    assert preview.status_code == 404
    made = PaperPrint.objects.get()
    address = f"/desk/paper/prints/{made.pk}/"
    assert "has ended before it was complete" in text_of(sqlite_place.client.get(address))
    sqlite_place.client.post(address, {"do": "again"})
    assert run_next(HANDLERS)
    assert sqlite_place.pdf(made).startswith(b"%PDF")


def test_a_print_goes_on_at_the_file_it_was_at(
    sqlite_desk: DeskContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(Exception):
        pass

    def killed(_: int) -> None:
        if not seen:
            seen.append(1)
            return
        raise Killed

    monkeypatch.setattr(limits, "PAPER_DIRECT_TICKETS_MAX", 1)
    monkeypatch.setattr(limits, "PAPER_FILE_TICKETS", 1)
    place, seen = Place(sqlite_desk), list[int]()
    made = place.made(layout="a6")
    rules = sqlite_desk.ledger.rules()
    with pytest.raises(Killed):
        printing.make_files(rules, made, killed)
    made.refresh_from_db()
    assert made.files_made == 1
    assert PaperTicketPrinted.objects.filter(done=True).count() == 1
    assert run_next(HANDLERS)
    made.refresh_from_db()
    assert (made.files_made, made.is_ready) == (3, True)


def test_a_ticket_voided_before_its_file_is_made_is_left_out(
    sqlite_desk: DeskContext, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(limits, "PAPER_DIRECT_TICKETS_MAX", 1)
    place = Place(sqlite_desk)
    made = place.made(layout="a6")
    commit(sqlite_desk, SetStatus(ticket=place.issued[0].command.ticket, status=Status.void))
    projector.project_all()
    assert run_next(HANDLERS)
    made.refresh_from_db()
    assert (made.tickets, made.left_out) == (3, 1)
    assert place.issued[0].code not in codes_in(pictures_of(place.pdf(made), tmp_path))
    page = place.client.get(f"/desk/paper/prints/{made.pk}/")
    assert "1 ticket was left out" in text_of(page)


def test_files_are_private_and_are_deleted_when_their_time_is_over(place: Place) -> None:
    made = place.made(layout="a6")
    path = place.desk.data / "files" / "paper" / made.pk.hex / "1.pdf"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    job = Job.objects.get(kind=printing.FORGET)
    hours = (job.not_before - made.made_at).total_seconds() / 3600
    assert round(hours) == limits.PAPER_KEEP_H
    Job.objects.update(not_before=made.made_at)
    assert run_next(HANDLERS)
    assert not path.parent.exists()
    assert place.client.get(f"/desk/paper/prints/{made.pk}/1.pdf").status_code == 404
    assert "were deleted" in text_of(place.client.get(f"/desk/paper/prints/{made.pk}/"))
    assert PaperTicketPrinted.objects.count() == 3, "that they were printed stays written down"


def test_who_is_erased_is_in_no_file_of_a_print(
    sqlite_desk: DeskContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(sqlite_desk)
    made, ticket = place.made(layout="a6"), ticket_of(place.issued[0])
    folder = sqlite_desk.data / "files" / "paper" / made.pk.hex
    assert folder.is_dir()
    rules = sqlite_desk.ledger.rules()
    assert erase_person(rules, [ticket], act_id="e", why="asked", by=Actor("boss")) == 1
    assert not folder.exists()
    # Erased while a job draws: its file does not outlive that either.
    monkeypatch.setattr(limits, "PAPER_DIRECT_TICKETS_MAX", 1)
    second = place.made(layout="a6")
    printing.forget_files_with([ticket])
    printing.make_files(sqlite_desk.ledger.rules(), second)
    assert not (folder.parent / second.pk.hex).exists()


def test_too_many_tickets_are_refused_before_anything_is_made(
    sqlite_desk: DeskContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PAPER_TICKETS_MAX", 2)
    place = Place(sqlite_desk)
    answered = place.send()
    assert answered.status_code == 422
    assert "3 tickets are more than one print holds" in text_of(answered)
    assert not PaperPrint.objects.exists()


@pytest.mark.parametrize(
    "role", [role for role in Role if role not in {Role.manager, Role.cashier}]
)
def test_who_may_not_print_sees_no_paper(sqlite_desk: DeskContext, role: Role) -> None:
    place = Place(sqlite_desk)
    made, ticket = place.made(layout="a6"), ticket_of(place.issued[0]).hex
    other = client_of(role)
    for address in (
        "/desk/paper/",
        f"/desk/paper/{ticket}.pdf",
        f"/desk/paper/preview.png?ticket={ticket}",
        f"/desk/paper/prints/{made.pk}/",
        f"/desk/paper/prints/{made.pk}/1.pdf",
    ):
        assert other.get(address).status_code == 403
    assert other.post("/desk/paper/", {"do": "print"}).status_code == 403
    with pytest.raises(NotPermitted):
        printing.print_tickets(
            sqlite_desk.ledger.rules(),
            printing.Asked(Chosen(1), "a6", "zh"),
            by=Actor("x", role),
        )
    assert Client().get("/desk/paper/").status_code == 302


def test_the_words_on_paper_are_in_its_language_not_the_readers(sqlite_place: Place) -> None:
    sqlite_place.client.defaults["HTTP_ACCEPT_LANGUAGE"] = "zh-hans"
    page = sqlite_place.client.get("/desk/paper/?languages=en")
    assert "纸质票" in text_of(page)
    words = words_of("en")
    assert words[0].heading == "How to come in"
