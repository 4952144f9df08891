"""Links by e-mail, with a real mail server: written down first, sent once, honest if unsure."""

import email
import email.policy
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from aiosmtpd import smtp
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import Envelope, Session
from django.test import override_settings

from paifang.core.rules import Role
from paifang.runtime.job_handlers import HANDLERS
from paifang.services.desk.context import DeskContext
from paifang.services.desk.issuing import Attendee
from paifang.services.desk.job_runner import run_next
from paifang.services.desk.permissions import Actor, NotPermitted
from paifang.services.desk.projector import project_all
from paifang.services.desk.tickets.acts import Outcome
from paifang.services.desk.tickets.link_mail import ask_for_links, links_sent, send_again
from paifang.services.desk.tickets.pages import open_page
from paifang.store.models import Job, ProjectedTicket
from tests.desk_makers import issue, make_venue
from tests.http.server import free_port

pytestmark = pytest.mark.http

CASHIER = Actor("cas", Role.cashier)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


class Post:
    """A mail server's manners: keeps letters, refuses addresses, hangs up after a letter."""

    def __init__(self) -> None:
        self.letters: list[tuple[str, bytes]] = []
        self.refuses: dict[str, str] = {}
        self.hangs_up = False

    async def handle_RCPT(  # noqa: N802 - the server's own name
        self,
        _server: smtp.SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        if address in self.refuses:
            return self.refuses[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - the server's own name
        self, server: smtp.SMTP, _session: Session, envelope: Envelope
    ) -> str:
        self.letters.append((envelope.rcpt_tos[0], envelope.original_content or b""))
        if self.hangs_up:
            server.transport.abort()  # type: ignore[union-attr]
        return "250 OK"


@contextmanager
def post_office(post: Post) -> Iterator[None]:
    """Run a mail server and let the desk know it."""
    port = free_port()
    controller = Controller(post, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        with set_up(port):
            yield
    finally:
        controller.stop()


def set_up(port: int) -> override_settings:
    return override_settings(
        EMAIL_HOST="127.0.0.1",
        EMAIL_PORT=port,
        EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend",
        EMAIL_USE_TLS=False,
        DEFAULT_FROM_EMAIL="tickets@example.org",
        PUBLIC_URL="https://tickets.example.org",
    )


def guests(desk: DeskContext, *addresses: str) -> list[ProjectedTicket]:
    venue = make_venue()
    people = [
        Attendee(name=f"欧阳 {n}\r\nBcc: x@evil.example", reference=str(n), email=address)
        for n, address in enumerate(addresses)
    ]
    issued = issue(desk, venue, people)
    project_all()
    return [ProjectedTicket.objects.get(ticket=one.command.ticket.hex()) for one in issued]


def work() -> None:
    """Run all jobs there are, pauses over."""
    Job.objects.update(not_before=LONG_AGO)
    while run_next(HANDLERS):
        pass


def states() -> list[tuple[str, str]]:
    return list(Job.objects.order_by("pk").values_list("state", "error"))


def parts_of(letter: bytes) -> tuple[email.message.EmailMessage, str, str]:
    told = email.message_from_bytes(letter, policy=email.policy.default)
    assert isinstance(told, email.message.EmailMessage)
    text, html = told.get_body(("plain",)), told.get_body(("html",))
    assert text is not None
    assert html is not None
    return told, text.get_content(), html.get_content()


def test_a_holder_is_sent_the_link_once_in_both_languages(desk: DeskContext) -> None:
    (row,) = guests(desk, "nana@example.org")
    post = Post()
    with post_office(post):
        assert ask_for_links([row.ticket], by=CASHIER) == [Outcome.done]
        assert ask_for_links([row.ticket], by=CASHIER) == [Outcome.unchanged]
        work()
        work()
    ((to, letter),) = post.letters
    assert to == "nana@example.org"
    assert states() == [("done", "")]
    told, text, html = parts_of(letter)
    assert told["To"] == "nana@example.org"
    assert told["Bcc"] is None
    assert told["From"] == "tickets@example.org"
    assert told["Auto-Submitted"] == "auto-generated"
    for body in (text, html):
        assert "您好" in body
        assert "Hello" in body
        assert "https://tickets.example.org/t/" in body
    secret = text.strip().rpartition("/t/")[2]
    assert open_page(secret, "10.0.0.1").row.ticket == row.ticket
    assert [(one.state, one.link.who) for one in links_sent(row.ticket)] == [("done", "cas")]


def test_sending_once_more_is_a_wish_of_its_own(sqlite_desk: DeskContext) -> None:
    (row,) = guests(sqlite_desk, "nana@example.org")
    post = Post()
    with post_office(post):
        ask_for_links([row.ticket], by=CASHIER)
        for _ in range(2):
            send_again(row.ticket, act_id="a1", by=CASHIER)
        work()
    assert len(post.letters) == 2


def test_a_server_that_is_away_is_asked_again_later(sqlite_desk: DeskContext) -> None:
    (row,) = guests(sqlite_desk, "nana@example.org")
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        with set_up(nobody.getsockname()[1]):
            ask_for_links([row.ticket], by=CASHIER)
            run_next(HANDLERS)
    assert states() == [("queued", "server_away")]
    assert not run_next(HANDLERS)
    post = Post()
    with post_office(post):
        work()
    assert len(post.letters) == 1


def test_one_refused_address_does_not_hold_up_the_others(sqlite_desk: DeskContext) -> None:
    rows = guests(sqlite_desk, "gone@example.org", "busy@example.org", "nana@example.org", "")
    post = Post()
    post.refuses = {"gone@example.org": "550 no such box", "busy@example.org": "451 later"}
    with post_office(post):
        asked = ask_for_links([row.ticket for row in rows], by=CASHIER)
        assert asked == [Outcome.done] * 3 + [Outcome.failed]
        for _ in range(3):
            run_next(HANDLERS)
        told = {one.payload["ticket"]: (one.state, one.error) for one in Job.objects.all()}
        assert told[rows[0].ticket.hex] == ("failed", "address_refused")
        assert told[rows[1].ticket.hex] == ("queued", "server_busy")
        post.refuses = {}
        work()
    assert sorted(to for to, _ in post.letters) == ["busy@example.org", "nana@example.org"]


def test_a_server_that_dies_with_the_letter_leaves_it_unknown(sqlite_desk: DeskContext) -> None:
    (row,) = guests(sqlite_desk, "nana@example.org")
    post = Post()
    post.hangs_up = True
    with post_office(post):
        ask_for_links([row.ticket], by=CASHIER)
        work()
        work()
    assert len(post.letters) == 1
    assert states() == [("unknown", "no_answer")]


def test_nothing_is_sent_for_a_link_that_has_ended_or_a_person_erased(
    sqlite_desk: DeskContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    (row,) = guests(sqlite_desk, "nana@example.org")
    post = Post()
    with post_office(post):
        ask_for_links([row.ticket], by=CASHIER)
        ProjectedTicket.objects.filter(ticket=row.ticket).update(email="")
        work()
    assert post.letters == []
    assert states() == [("failed", "no_address")]


def test_only_who_may_send_links_does(sqlite_desk: DeskContext) -> None:
    (row,) = guests(sqlite_desk, "nana@example.org")
    with pytest.raises(NotPermitted):
        ask_for_links([row.ticket], by=Actor("bob", Role.supervisor))
    assert not Job.objects.exists()


def test_without_a_mail_server_it_waits(sqlite_desk: DeskContext) -> None:
    (row,) = guests(sqlite_desk, "nana@example.org")
    ask_for_links([row.ticket], by=CASHIER)
    run_next(HANDLERS)
    assert states() == [("queued", "not_set_up")]
