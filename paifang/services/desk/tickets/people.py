"""A person across tickets: what is known of them, given out or erased when they ask for it.

Tickets of one organiser with the same e-mail address or phone number are put before the eyes of
whoever asks, who ticks those that are the person's: one secretary's address may stand on the
tickets of a whole company.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet

from paifang.core import limits
from paifang.core.rules import Rules
from paifang.ledger.commands import Erase
from paifang.ledger.facts import Answer
from paifang.ledger.faults import LedgerFault
from paifang.services.desk import audit
from paifang.services.desk.context import context
from paifang.services.desk.imports.forgetting import Person as Traces
from paifang.services.desk.imports.forgetting import forget_person_in_imports
from paifang.services.desk.paper.printing import forget_files_with
from paifang.services.desk.permissions import Act, Actor
from paifang.services.desk.projector import wait_until
from paifang.services.desk.scrubbing import scrub_store
from paifang.services.desk.search_terms import fold, phone_range
from paifang.services.desk.tickets.acts import SEEN_WITHIN_S, reason_of, request_of
from paifang.services.desk.tickets.link_mail import links_sent
from paifang.services.desk.tickets.story import story_of
from paifang.store.models import ConsentText, Customer, CustomerKey, Organiser, ProjectedTicket

_OF_PHONE = """
SELECT ticket FROM store_searchterm
WHERE event = %s AND term >= %s AND term < %s ORDER BY term, ticket LIMIT %s
"""


class ImportRunningError(Exception):
    """A list that holds the person is being imported; erase them once it is over."""


class Person(NamedTuple):
    """Who may be one person, by the tickets of one organiser.

    `own` are those of the same name as the first; the others share an address or a number only.
    """

    organiser: str
    name: str
    rows: list[ProjectedTicket]
    own: frozenset[UUID]
    customers: list[Customer]


def person_of(rules: Rules, asked: str, *, by: Actor) -> Person | None:
    """Return who a ticket's id, an e-mail address or a phone number stands for; None for nobody.

    Raises:
        NotPermitted: They may not see contacts.
    """
    by.require(Act.see_contacts)
    first = _first_row(rules, asked.strip())
    event = rules.centre.events.get(first.event) if first else None
    if first is None or event is None:
        return None
    events = [
        one.number for one in rules.centre.events.values() if one.organiser == event.organiser
    ]
    rows = {first.ticket: first}
    if first.email:
        same = ProjectedTicket.objects.filter(email=first.email, event__in=events)
        rows |= {row.ticket: row for row in same[: limits.PERSON_TICKETS_MAX]}
    if first.phone:
        rows |= {row.ticket: row for row in _of_phone(first.phone, events)}
    told = list(rows.values())[: limits.PERSON_TICKETS_MAX]
    own = frozenset(row.ticket for row in told if fold(row.holder) == fold(first.holder))
    keys = _hashes(event.organiser, first.email, first.phone)
    customers = Customer.objects.filter(
        organiser_id=UUID(event.organiser), keys__hash__in=keys
    ).distinct()
    return Person(event.organiser, first.holder, told, own, list(customers))


def told_of(rules: Rules, tickets: Sequence[UUID], *, by: Actor) -> dict[str, Any]:
    """Return all that is kept of a person by their tickets, to be given to them.

    Raises:
        NotPermitted: They may not give out people's data.
        LedgerFault: The ledger could not be read.
    """
    by.require(Act.export_people)
    now_ms = int(datetime.now(UTC).timestamp() * 1000)
    told = [story_of(rules, one, now_ms, by=by) for one in tickets[: limits.PERSON_TICKETS_MAX]]
    audit.record("person_given_out", who=by.name, subject=f"{len(tickets)}", where=by.where)
    customers = _customers_of(rules, [one.row for one in told if one])
    return {
        "tickets": [
            {
                "id": one.row.ticket.hex,
                "event": rules.centre.events[one.row.event].name,
                "product": rules.centre.products[one.row.product].name,
                "name": one.row.holder,
                "company": one.row.company,
                "email": one.row.email,
                "phone": one.row.phone,
                "reference": one.row.reference,
                "serial": one.serial,
                "state": one.condition.value,
                "facts": [
                    {
                        "at": datetime.fromtimestamp(fact.at_ms / 1000, UTC).isoformat(),
                        "what": fact.kind,
                        "detail": fact.detail,
                        "gate": fact.gate_slug,
                    }
                    for fact in one.chapters
                ],
                "links_sent": [
                    {"at": sent.link.asked_at.isoformat(), "state": sent.state}
                    for sent in links_sent(one.row.ticket)
                ],
            }
            for one in told
            if one
        ],
        "consents": [
            {
                "name": one.name,
                "at": one.consented_at.isoformat(),
                "version": one.consent.version,
                "language": one.consent.language,
                "text": one.consent.text,
            }
            for one in customers
        ],
    }


def erase_person(rules: Rules, tickets: Sequence[UUID], *, act_id: str, why: str, by: Actor) -> int:
    """Erase who stands behind tickets: particulars, documents' ends, search terms, consents.

    The tickets themselves stay, with their code, what was decided about them, and no name; the
    chain of the journal stays whole. Asked again with the same id, what was left undone is done.

    Returns:
        How many tickets were erased.

    Raises:
        NotPermitted: They may not.
        ReasonMissing: No reason was given.
        ImportRunningError: A list that holds them is being imported.
        LedgerFault: The ledger could not be reached or cannot write; ask again with the same id.
    """
    by.require(Act.erase_people)
    why = reason_of(why)
    rows = list(ProjectedTicket.objects.filter(ticket__in=tickets[: limits.PERSON_TICKETS_MAX]))
    customers = _customers_of(rules, rows)
    # Before their rows are empty: what lists hold of them is found by what the rows tell.
    _forget_in_imports(rows)
    forget_files_with([row.ticket for row in rows])
    with transaction.atomic():
        Customer.objects.filter(pk__in=[one.pk for one in customers]).delete()
        audit.record(
            "person_erased",
            who=by.name,
            subject=f"{len(rows)} {act_id}",
            why=why,
            where=by.where,
        )
    answers = context().ledger.commit(
        [
            Erase(
                request_id=request_of(act_id, "erase", row.ticket),
                actor=by.name,
                ticket=row.ticket.bytes,
                reason_text=why,
            )
            for row in rows
        ]
    )
    for answer in answers:
        if isinstance(answer, LedgerFault):
            raise answer
    forget_files_with([row.ticket for row in rows])
    wait_until([one for one in answers if isinstance(one, Answer)], SEEN_WITHIN_S)
    scrub_store()
    return len(rows)


def consent_texts(organiser: str) -> list[ConsentText]:
    """Return the texts people of an organiser may agree to, the newest first."""
    return list(ConsentText.objects.filter(organiser_id=UUID(organiser)))


def add_consent_text(organiser: str, language: str, text: str, *, by: Actor) -> ConsentText:
    """Keep a new version of what people are asked to agree to. Raises NotPermitted."""
    by.require(Act.set_up)
    with transaction.atomic():
        # Two that add a text at once get a version each.
        Organiser.objects.select_for_update().get(pk=UUID(organiser))
        newest = ConsentText.objects.filter(organiser_id=UUID(organiser), language=language).first()
        row = ConsentText.objects.create(
            organiser_id=UUID(organiser),
            version=newest.version + 1 if newest else 1,
            language=language,
            text=text[: limits.CONSENT_CHARS_MAX],
        )
        audit.record("consent_text_added", who=by.name, subject=row.pk.hex, where=by.where)
    return row


def take_consent(rules: Rules, ticket: UUID, text: UUID, *, by: Actor) -> Customer | None:
    """Write down that a ticket's holder agreed to a text; None if there is nobody to remember.

    Whoever agreed before, by the same address or number, has the newer consent then.

    Raises:
        NotPermitted: They may not see contacts.
    """
    by.require(Act.see_contacts)
    row = ProjectedTicket.objects.filter(ticket=ticket).first()
    event = rules.centre.events.get(row.event) if row else None
    consent = ConsentText.objects.filter(pk=text).first()
    if row is None or event is None or consent is None or not (row.email or row.phone):
        return None
    if consent.organiser_id != UUID(event.organiser):
        return None
    hashes = _hashes(event.organiser, row.email, row.phone)
    with transaction.atomic():
        Customer.objects.filter(organiser=consent.organiser, keys__hash__in=hashes).delete()
        customer = Customer.objects.create(
            organiser=consent.organiser,
            name=row.holder,
            company=row.company,
            email=row.email,
            phone=row.phone,
            consent=consent,
            consented_at=datetime.now(UTC),
            who=by.name,
        )
        for one in hashes:
            CustomerKey.objects.create(hash=one, customer=customer)
        audit.record("consent_taken", who=by.name, subject=customer.pk.hex, where=by.where)
    return customer


def customers(*, by: Actor) -> QuerySet[Customer]:
    """Return everybody who agreed to be remembered, the newest first. Raises NotPermitted."""
    by.require(Act.see_contacts)
    return Customer.objects.select_related("consent", "organiser")


def _first_row(rules: Rules, asked: str) -> ProjectedTicket | None:
    try:
        return ProjectedTicket.objects.filter(ticket=UUID(asked)).first()
    except ValueError:
        pass
    if "@" in asked:
        return ProjectedTicket.objects.filter(email=asked).exclude(email="").first()
    return next(iter(_of_phone(asked, list(rules.centre.events))), None)


def _of_phone(phone: str, events: Iterable[int]) -> list[ProjectedTicket]:
    """Return the tickets with a phone number, by the term they are found by."""
    asked = phone_range(phone)
    if asked is None:
        return []
    ids: list[bytes] = []
    with connection.cursor() as cursor:
        for event in events:
            cursor.execute(_OF_PHONE, [event, *asked, limits.PERSON_TICKETS_MAX])
            ids += [bytes(ticket) for (ticket,) in cursor.fetchall()]
    rows = ProjectedTicket.objects.in_bulk(
        [UUID(bytes=one) for one in ids[: limits.PERSON_TICKETS_MAX]]
    )
    return list(rows.values())


def _customers_of(rules: Rules, rows: Iterable[ProjectedTicket]) -> list[Customer]:
    found: dict[UUID, Customer] = {}
    for row in rows:
        event = rules.centre.events.get(row.event)
        if event is None:
            continue
        keys = _hashes(event.organiser, row.email, row.phone)
        same = Customer.objects.filter(organiser_id=UUID(event.organiser), keys__hash__in=keys)
        found |= {one.pk: one for one in same.select_related("consent")}
    return list(found.values())


def _forget_in_imports(rows: Iterable[ProjectedTicket]) -> None:
    """Take people out of the lists that were uploaded and the rows that were not taken.

    Raises:
        ImportRunningError: A list that holds them is being imported.
    """
    for row in rows:
        told = Traces(row.holder, row.email, row.phone, row.reference)
        if forget_person_in_imports(row.event, told).running:
            raise ImportRunningError


def _hashes(organiser: str, email: str, phone: str) -> list[str]:
    """Return the keyed hashes by which a person is recognised, one per address and number."""
    digits = phone_range(phone) if phone else None
    told = [f"email|{email.casefold()}"] if email else []
    told += [f"phone|{digits[0].hex()}"] if digits else []
    return [context().keys.person_hash(organiser, one) for one in told]
