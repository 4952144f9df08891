"""Sessions: time slots people enter in."""

from django.db import transaction

from paifang.services.desk.compile import publish
from paifang.services.desk.permissions import Actor
from paifang.services.desk.selling.counters import bring_sessions
from paifang.services.desk.set_up import rows, usage
from paifang.services.desk.set_up.faults import Note, Refused
from paifang.store.models import Session

_TIMES = frozenset({"opens_at", "closes_at"})


def add_session(values: rows.Values, by: Actor) -> Session:
    """Keep a new time slot. Raises ValidationError, LedgerFault."""
    rows.require_set_up(by)
    with transaction.atomic():
        row = rows.added(Session(number=rows.next_number(Session)), values, by)
    bring_sessions(row.event, by.name)
    publish(by.name)
    return row


def change_session(row: Session, wish: rows.Wish, by: Actor) -> Session:
    """Change a time slot; with tickets only knowingly, and never to another event.

    Raises ValidationError, ChangedMeanwhile, Refused, AskFirst, LedgerFault.
    """
    rows.require_set_up(by)
    usage.catch_up()
    tickets, people = usage.tickets_of_session(row), usage.people_of_session(row)
    with transaction.atomic():
        now = rows.opened(row, wish.version)
        if tickets and wish.values.get("event", now.event) != now.event:
            raise Refused("session_moves", name="event")

        def notes(fields: set[str]) -> list[Note]:
            found = []
            if not fields.isdisjoint(_TIMES):
                found += usage.ticket_note(tickets, usage.gates_of_event(now.event))
            if "cap" in fields and 0 < now.cap < people:
                found.append(Note("cap_below_issued", {"cap": now.cap, "people": people}))
            return found

        rows.changed(now, wish, by, notes)
    bring_sessions(now.event, by.name)
    publish(by.name)
    return now


def remove_session(row: Session, by: Actor) -> None:
    """Take a time slot away that no ticket is for. Raises Refused, LedgerFault."""
    rows.require_set_up(by)
    usage.catch_up()
    with transaction.atomic():
        rows.removed(row, ["tickets"] if usage.tickets_of_session(row) else [], by)
    publish(by.name)
