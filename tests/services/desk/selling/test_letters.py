"""The letter of an order, with a real mail server: one letter whose link opens all its tickets."""

import email
import email.policy

import pytest

from paifang.services.desk.context import DeskContext
from paifang.services.desk.projector import project_all
from paifang.services.desk.selling import counter
from paifang.services.desk.selling.numbers import LETTER, order_number
from paifang.services.desk.selling.orders import open_order
from paifang.store.models import Job, ProjectedOrder
from tests.desk_makers import Venue
from tests.services.desk.selling.test_selling import CASHIER, ordered, shop
from tests.services.desk.tickets.test_link_mail import Post, post_office, work

__all__ = ["shop"]

pytestmark = pytest.mark.http


def paid(desk: DeskContext, venue: Venue) -> bytes:
    order = ordered(desk, venue)
    if counter.open_shift_of("cas") is None:
        counter.begin("1" * 32, "CNY", 0, by=CASHIER)
    counter.take(order.hex(), order, "card", 16_000, by=CASHIER)
    project_all()
    return order


def letter_jobs() -> list[tuple[str, str]]:
    return sorted(Job.objects.filter(kind=LETTER).values_list("state", "error"))


def test_a_paid_order_brings_one_letter_with_a_link_to_its_tickets(
    shop: tuple[DeskContext, Venue],
) -> None:
    desk, venue = shop
    post = Post()
    with post_office(post):
        order = paid(desk, venue)
        work()
        work()
    ((to, raw),) = post.letters
    assert to == "mei@example.org"
    letter = email.message_from_bytes(raw, policy=email.policy.default)
    assert letter["Subject"].strip() == "您的 展会 门票 / Your tickets for Fair"
    body = letter.get_body(("plain",))
    assert body is not None
    text = body.get_content()
    number = order_number(order.hex())
    for words in ("王美", f"{number[:3]} {number[3:6]} {number[6:]}", "Tickets: 2", "2 张"):
        assert words in text
    secret = text.strip().rpartition("/o/")[2]
    assert len(open_order(secret, "192.0.2.1").tickets) == 2
    assert letter_jobs() == [("done", "")]


def test_an_order_without_an_address_or_long_ago_brings_none(
    shop: tuple[DeskContext, Venue],
) -> None:
    desk, venue = shop
    post = Post()
    with post_office(post):
        first, second = paid(desk, venue), paid(desk, venue)
        ProjectedOrder.objects.filter(order=first.hex()).update(email="")
        ProjectedOrder.objects.filter(order=second.hex()).update(placed_at_ms=1)
        work()
    assert post.letters == []
    assert letter_jobs() == [("failed", "no_address"), ("failed", "too_old")]


def test_without_a_mail_server_the_letter_waits(shop: tuple[DeskContext, Venue]) -> None:
    desk, venue = shop
    paid(desk, venue)
    work()
    assert letter_jobs() == [("queued", "not_set_up")]
