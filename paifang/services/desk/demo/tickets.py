"""Tickets of the demonstration, issued through the ledger like any others."""

import time
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final, NamedTuple

from paifang.core import documents, limits
from paifang.core.rules import CentreRules, Event, Product
from paifang.core.tickets import Status
from paifang.ledger.facts import IssueFact
from paifang.ledger.faults import LedgerFault, Taken
from paifang.services.desk.context import context
from paifang.services.desk.demo.names import guest
from paifang.services.desk.demo.offers import PLAIN
from paifang.services.desk.demo.secret_draws import SecretDraws
from paifang.services.desk.issuing import Attendee, Issued, Issuer
from paifang.services.desk.segments import SegmentBook
from paifang.store import models

TOLD_MAX: Final = 5_000
"""How many tickets demo.json lists at most."""

ACTOR: Final = "demo"
_SHOWCASE_FIRST: Final = 90_000_001

Told = dict[str, str | None]


class _Wish(NamedTuple):
    """One ticket to be issued, and whether demo.json lists it."""

    number: int
    product: Product
    attendee: Attendee
    told: bool


def issue_plain(draws: SecretDraws, count: int, progress: Callable[[int, int], None]) -> list[Told]:
    """Issue the fair's plain tickets; return the first ones for demo.json."""
    centre = context().ledger.rules().centre
    by_name = {product.name: product for product in centre.products.values()}
    plain = [by_name[name] for name in PLAIN]
    wishes = (
        _Wish(n, plain[n % len(plain)], _guest(n), told=n <= TOLD_MAX) for n in range(1, count + 1)
    )
    return list(_issue(draws, centre, wishes, lambda done: progress(done, count)))


def issue_showcase(draws: SecretDraws) -> list[Told]:
    """Issue one ticket of every kind that is not plain, and some with something the matter."""
    centre = context().ledger.rules().centre
    wishes = list(_showcase(centre))
    return list(_issue(draws, centre, iter(wishes), lambda _: None))


def _showcase(centre: CentreRules) -> Iterator[_Wish]:
    number = _SHOWCASE_FIRST
    for product in centre.products.values():
        if product.name in PLAIN:
            continue
        yield _Wish(number, product, _special(number, product, centre), told=True)
        number += 1
    adult = next(product for product in centre.products.values() if product.name == PLAIN[0])
    for status in (Status.unpaid, Status.blocked, Status.void):
        attendee = _guest(number, status=status)
        yield _Wish(number, adult, attendee, told=True)
        number += 1


def _special(number: int, product: Product, centre: CentreRules) -> Attendee:
    """Return a guest with what the product needs: people, a document, the slot that is on now."""
    session, now_ms = 0, time.time_ns() // 1_000_000
    if any(rule.session_bound for rule in product.entitlements):
        session = next(
            (
                slot.number
                for slot in centre.sessions.values()
                if slot.event == product.event and slot.opens_ms <= now_ms < slot.closes_ms
            ),
            0,
        )
    document = documents.parse("passport", f"P{number:08d}") if product.identity != "none" else None
    people = models.Product.objects.get(number=product.number).people
    return _guest(number, session=session, document=document, people=people)


def _guest(
    number: int,
    *,
    session: int = 0,
    document: documents.Document | None = None,
    people: int = 1,
    status: Status = Status.valid,
) -> Attendee:
    person = guest(number)
    return Attendee(
        name=person.name,
        reference=f"DEMO-{number:08d}",
        company=person.company,
        email=person.email,
        phone=person.phone,
        document=document,
        session=session,
        people=people,
        status=status,
    )


def _issue(
    draws: SecretDraws,
    centre: CentreRules,
    wishes: Iterator[_Wish],
    progress: Callable[[int], None],
) -> Iterator[Told]:
    """Issue in batches, resumably: what the ledger has already is met again and left alone."""
    ledger, keys = context().ledger, context().keys
    book = SegmentBook(ledger, centre, ACTOR)
    issuers = {
        number: Issuer(centre.events[product.event], product, keys=keys, book=book, actor=ACTOR)
        for number, product in centre.products.items()
    }
    done = 0
    while batch := list(islice(wishes, limits.IMPORT_BATCH_ROWS)):
        issued = [
            issuers[wish.product.number].issue(wish.attendee, draws.source(f"ticket/{wish.number}"))
            for wish in batch
        ]
        answers = ledger.commit([one.command for one in issued])
        for wish, drawn, outcome in zip(batch, issued, answers, strict=True):
            one, answer = drawn, outcome
            if isinstance(answer, Taken) and answer.detail in one.drawn:
                # Among a million serials two are the same once in twenty demonstrations.
                again = draws.source(f"ticket/{wish.number}/again")
                one = issuers[wish.product.number].issue(wish.attendee, again)
                (answer,) = ledger.commit([one.command])
            if isinstance(answer, LedgerFault):
                raise answer
            if wish.told:
                fact = answer.decoded()
                assert isinstance(fact, IssueFact), "an issue is answered with its fact"
                yield _told(wish, one, fact.ticket, centre.events[wish.product.event])
        done += len(batch)
        progress(done)


def _told(wish: _Wish, issued: Issued, ticket: str, event: Event) -> Told:
    secret = context().keys.page_secret(event, bytes.fromhex(ticket), issued.code)
    return {
        "id": ticket,
        "code": issued.code,
        "serial": issued.serial,
        "holder": wish.attendee.name,
        "product": wish.product.name,
        "status": wish.attendee.status.name,
        "document": wish.attendee.document.number if wish.attendee.document else None,
        "page_url": f"/t/{secret}",
    }
