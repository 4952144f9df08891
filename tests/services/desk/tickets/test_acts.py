"""Acts on tickets: permitted, with a reason, done once, seen at the gate, and in the audit."""

import msgspec
import pytest

from paifang.core import documents, limits
from paifang.core.rules import Role
from paifang.core.tickets import Status
from paifang.ledger.commands import SetQuota
from paifang.ledger.facts import AdmissionFact, Answer
from paifang.services.desk.context import DeskContext
from paifang.services.desk.issuing import Attendee
from paifang.services.desk.job_runner import Handler, run_next
from paifang.services.desk.jobs import RunningJob, repeat
from paifang.services.desk.permissions import Actor, NotPermitted
from paifang.services.desk.projector import project_all
from paifang.services.desk.tickets import acts, bulk
from paifang.services.desk.tickets.acts import (
    Outcome,
    ReasonMissing,
    TicketAct,
    act_on_one,
    change_holder,
)
from paifang.services.desk.tickets.filters import Filters
from paifang.services.desk.tickets.handing_out import HandOut, HandOutError, hand_out
from paifang.services.desk.tickets.story import code_of
from paifang.store.models import AuditEntry, Job, ProjectedTicket, TicketFact
from tests.desk_makers import Venue, commit, issue, make_venue, shown
from tests.projected import project_at_once

MANAGER = Actor("eve", Role.manager)
SUPERVISOR = Actor("bob", Role.supervisor)
CASHIER = Actor("cas", Role.cashier)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    project_at_once(monkeypatch)


def row_of(ticket: bytes) -> ProjectedTicket:
    return ProjectedTicket.objects.get(ticket=ticket.hex())


def reason_at_gate(desk: DeskContext, venue: Venue, code: str, request: str) -> str:
    (answer,) = commit(desk, shown(desk, venue, code, request))
    fact = answer.decoded()
    assert isinstance(fact, AdmissionFact)
    return fact.reason


def guest(desk: DeskContext, **more: object) -> tuple[Venue, bytes, str]:
    venue = make_venue()
    person = Attendee(name="欧阳娜娜", reference="A-1", **more)  # type: ignore[arg-type]
    (issued,) = issue(desk, venue, [person])
    project_all()
    return venue, issued.command.ticket, issued.code


def do(
    ticket: bytes, what: TicketAct, by: Actor = MANAGER, why: str = "lost", act: str = "a"
) -> Outcome:
    return act_on_one(row_of(ticket).ticket, what, act_id=act, why=why, by=by)


def test_a_blocked_ticket_opens_no_gate_until_it_is_unblocked(desk: DeskContext) -> None:
    venue, ticket, code = guest(desk)
    assert do(ticket, TicketAct.block, SUPERVISOR) is Outcome.done
    assert reason_at_gate(desk, venue, code, "in-1") == "blocked"
    assert do(ticket, TicketAct.unblock, SUPERVISOR, act="b") is Outcome.done
    assert reason_at_gate(desk, venue, code, "in-2") == "ok"
    told = AuditEntry.objects.filter(what__startswith="ticket_").order_by("pk")
    assert [(one.what, one.who, one.subject, one.why) for one in told] == [
        ("ticket_block", "bob", ticket.hex(), "lost"),
        ("ticket_unblock", "bob", ticket.hex(), "lost"),
    ]


def test_an_act_sent_twice_is_done_once(desk: DeskContext) -> None:
    _, ticket, _ = guest(desk)
    for _ in range(2):
        do(ticket, TicketAct.block)
    assert TicketFact.objects.filter(kind="status").count() == 1
    for _ in range(2):
        assert do(ticket, TicketAct.reissue, act="c") is Outcome.done
    assert TicketFact.objects.filter(kind="replace").count() == 1


def test_unblocking_does_not_pay_for_a_ticket(sqlite_desk: DeskContext) -> None:
    _, ticket, _ = guest(sqlite_desk, status=Status.unpaid)
    assert do(ticket, TicketAct.unblock) is Outcome.unchanged
    assert row_of(ticket).status == Status.unpaid


def test_a_new_code_ends_the_old_one(sqlite_desk: DeskContext) -> None:
    venue, ticket, old = guest(sqlite_desk)
    assert do(ticket, TicketAct.reissue, CASHIER) is Outcome.done
    fresh = code_of(sqlite_desk.ledger.rules(), row_of(ticket))
    assert fresh != old
    assert reason_at_gate(sqlite_desk, venue, old, "in-1") == "void"
    assert reason_at_gate(sqlite_desk, venue, fresh, "in-2") == "ok"


@pytest.mark.parametrize(
    ("by", "what"),
    [
        (CASHIER, TicketAct.block),
        (SUPERVISOR, TicketAct.void),
        (SUPERVISOR, TicketAct.reissue),
        (Actor("s", Role.steward), TicketAct.block),
    ],
)
def test_acts_are_refused_to_who_may_not(
    sqlite_desk: DeskContext, by: Actor, what: TicketAct
) -> None:
    _, ticket, _ = guest(sqlite_desk)
    with pytest.raises(NotPermitted):
        do(ticket, what, by)
    assert row_of(ticket).status == Status.valid


def test_an_act_needs_its_reason(sqlite_desk: DeskContext) -> None:
    _, ticket, _ = guest(sqlite_desk)
    with pytest.raises(ReasonMissing):
        do(ticket, TicketAct.block, why="  ")


def test_another_holder_gets_the_ticket_and_the_former_keeps_nothing(desk: DeskContext) -> None:
    old_document = documents.parse("passport", "P1234567")
    venue, ticket, old = guest(desk, document=old_document, email="nana@example.org")
    heir = Attendee(name="Séan O’Brien", email="sean@example.org", recognised=False)
    for _ in range(2):
        done = change_holder(row_of(ticket).ticket, heir, act_id="h", why="ill", by=CASHIER)
        assert done is Outcome.done
    row = row_of(ticket)
    assert (row.holder, row.email) == ("Séan O’Brien", "sean@example.org")
    assert reason_at_gate(desk, venue, old, "in-1") == "void"
    event = desk.ledger.rules().centre.events[1]
    lookup = desk.keys.lookup(event, "document", documents.canonical(old_document))
    ask = shown(desk, venue, "x", "in-2")
    (answer,) = commit(desk, msgspec.structs.replace(ask, lookups=(lookup,), kind="document"))
    assert isinstance(answer, Answer)
    fact = answer.decoded()
    assert isinstance(fact, AdmissionFact)
    assert fact.people == 0
    assert reason_at_gate(desk, venue, code_of(desk.ledger.rules(), row), "in-3") == "ok"
    # The same list once more does not bring the former holder back.
    issue(
        desk,
        venue,
        [
            Attendee(
                name="欧阳娜娜", reference="A-1", document=old_document, email="nana@example.org"
            )
        ],
    )
    project_all()
    assert row_of(ticket).holder == "Séan O’Brien"


def test_tickets_are_handed_out_once_however_often_the_form_is_sent(desk: DeskContext) -> None:
    venue = make_venue()
    issue(desk, venue, [])
    wish = HandOut(venue.product.number, 3, Attendee(company="Oak & Co", recognised=False))
    for _ in range(2):
        made = hand_out(desk.ledger.rules(), wish, act_id="q", why="exhibitor", by=MANAGER)
        assert len(set(made)) == 3
    assert ProjectedTicket.objects.filter(company="Oak & Co").count() == 3
    with pytest.raises(NotPermitted):
        hand_out(desk.ledger.rules(), wish, act_id="q", why="exhibitor", by=CASHIER)


def test_a_quota_is_sold_by_what_is_handed_out_and_never_beyond(desk: DeskContext) -> None:
    venue = make_venue()
    issue(desk, venue, [])
    segment = desk.ledger.segments()[0].number
    commit(desk, SetQuota(quota=f"product:{venue.product.number}", segment=segment, capacity=4))
    guest_of = Attendee(company="Oak & Co", recognised=False)
    rules = desk.ledger.rules()
    for _ in range(2):
        hand_out(rules, HandOut(1, 3, guest_of), act_id="q1", why="x", by=MANAGER)
    with pytest.raises(HandOutError, match="sold_out"):
        hand_out(rules, HandOut(1, 2, guest_of), act_id="q2", why="x", by=MANAGER)
    hand_out(rules, HandOut(1, 1, guest_of), act_id="q3", why="x", by=MANAGER)
    project_all()
    assert ProjectedTicket.objects.count() == 4


@pytest.mark.parametrize("count", [0, limits.HAND_OUT_MAX + 1])
def test_a_wrong_number_is_refused(sqlite_desk: DeskContext, count: int) -> None:
    venue = make_venue()
    issue(sqlite_desk, venue, [])
    wish = HandOut(venue.product.number, count, Attendee(company="x", recognised=False))
    with pytest.raises(HandOutError, match="count_wrong"):
        hand_out(sqlite_desk.ledger.rules(), wish, act_id="q", why="x", by=MANAGER)


def test_an_act_on_many_goes_on_where_it_was_stopped(
    desk: DeskContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "IMPORT_BATCH_ROWS", 2)
    venue = make_venue()
    issue(desk, venue, [Attendee(name=f"G {n}", reference=str(n)) for n in range(7)])
    project_all()
    tickets = bulk.chosen(desk.ledger.rules(), Filters(event=1), by=MANAGER)
    for _ in range(2):
        bulk.begin(tickets, bulk.BulkAct.block, act_id="m", why="late", by=MANAGER)
    assert Job.objects.count() == 1

    steps = 0

    def dies(job: RunningJob) -> None:
        nonlocal steps
        real = acts.act_on

        def act_on(*args: object, **named: object) -> list[Outcome]:
            nonlocal steps
            steps += 1
            done = real(*args, **named)  # type: ignore[arg-type]
            if steps == 2:
                raise RuntimeError("the machine stopped after the ledger had it")
            return done

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(bulk, "act_on", act_on)
            bulk.run(job)

    run_next({bulk.KIND: Handler(dies)})
    assert ProjectedTicket.objects.filter(status=Status.blocked).count() == 4
    assert repeat(bulk.KIND, "m")
    run_next({bulk.KIND: Handler(bulk.run)})
    assert set(ProjectedTicket.objects.values_list("status", flat=True)) == {Status.blocked}
    assert TicketFact.objects.filter(kind="status").count() == 7
    assert bulk.job_of("m").state == "done"  # type: ignore[union-attr]
    assert AuditEntry.objects.filter(what="tickets_block").count() == 1


def test_no_more_tickets_than_the_limit_are_touched_at_once(
    sqlite_desk: DeskContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    venue = make_venue()
    issue(sqlite_desk, venue, [Attendee(name=f"G {n}", reference=str(n)) for n in range(5)])
    project_all()
    monkeypatch.setattr(limits, "BULK_TICKETS_MAX", 4)
    monkeypatch.setattr(limits, "LIST_ROWS", 2)
    with pytest.raises(bulk.TooManyTickets):
        bulk.chosen(sqlite_desk.ledger.rules(), Filters(), by=MANAGER)
    with pytest.raises(bulk.NoTickets):
        bulk.begin([], bulk.BulkAct.block, act_id="m", why="x", by=MANAGER)
