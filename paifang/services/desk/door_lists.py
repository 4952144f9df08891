"""Door lists: who may pass a gate, on paper for a power cut; and which ticket a line of it is."""

from typing import Final, NamedTuple
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Max, Q, QuerySet

from paifang.core import limits
from paifang.core.rules import Gate, Product, Rules
from paifang.core.tickets import Status
from paifang.services.desk import audit
from paifang.services.desk.flow import projected_until
from paifang.services.desk.permissions import Act, Actor
from paifang.services.desk.search_terms import fold
from paifang.services.desk.ticket_story import serials_of
from paifang.store.models import DoorList, DoorListLine, ProjectedTicket

TRIES_MAX: Final = 5
_COMMON: Final = range(0xB0, 0xD8)
"""First bytes of GB 2312's first level: 3,755 characters in the order of their pinyin."""


class DoorListError(Exception):
    """A list cannot be printed. `code` is gate_unknown, session_unknown, too_long or nobody."""

    def __init__(self, code: str, count: int = 0) -> None:
        """Keep the code, and how many tickets there are."""
        super().__init__(code)
        self.code = code
        self.count = count


class Line(NamedTuple):
    """One line on the paper. `entered` is how many of the ticket's people were counted in."""

    number: int
    ticket: UUID
    holder: str
    company: str
    product: Product | None
    people: int
    serial_tail: str
    entered: int


class Printed(NamedTuple):
    """A list as it is printed; everything up to `as_of_ms` (UTC ms) is in its columns."""

    door_list: DoorList
    as_of_ms: int
    lines: list[Line]


def make_door_list(
    rules: Rules, gate_slug: str, session: int, *, by: Actor, now_ms: int
) -> DoorList:
    """Number the tickets that may pass a gate, for print, and write that down in the audit.

    Args:
        rules: The bundle in force.
        gate_slug: Which gate.
        session: Number of a session, whose tickets and those without one are listed; 0: all.
        by: Who prints it.
        now_ms: UTC milliseconds.

    Raises:
        NotPermitted: `by` may not.
        DoorListError: There is no such gate or session, nobody to list, or too many.
        LedgerFault: The ledger could not be read.
    """
    by.require(Act.keep_door_lists)
    gate = rules.centre.gates.get(gate_slug)
    if gate is None:
        raise DoorListError("gate_unknown")
    if session and session not in rules.centre.sessions:
        raise DoorListError("session_unknown")
    rows = _tickets(rules, gate, session)
    count = rows.count()
    if count > limits.DOOR_LIST_ROWS_MAX:
        raise DoorListError("too_long", count)
    if not count:
        raise DoorListError("nobody")
    as_of_ms = projected_until(now_ms)
    ordered = sorted(rows, key=lambda row: (name_order(row.holder), row.ticket))
    for _ in range(TRIES_MAX):
        try:
            with transaction.atomic():
                number = (DoorList.objects.aggregate(last=Max("number"))["last"] or 0) + 1
                made = DoorList.objects.create(
                    number=number,
                    gate=gate.slug,
                    session=session,
                    as_of_ms=as_of_ms,
                    made_by=by.name,
                )
                DoorListLine.objects.bulk_create(
                    DoorListLine(list=made, number=place, ticket=row.ticket)
                    for place, row in enumerate(ordered, 1)
                )
                audit.record(
                    "door_list_made",
                    who=by.name,
                    subject=f"{number} {gate.slug}",
                    where=by.where,
                )
        except IntegrityError:
            # Somebody else's list has just taken this number.
            continue
        return made
    raise DoorListError("too_busy")


def printed(rules: Rules, door_list: DoorList, now_ms: int) -> Printed:
    """Return a list with its lines as they are now. Raises LedgerFault."""
    as_of_ms = projected_until(now_ms)
    lines = list(door_list.lines.all())
    rows = ProjectedTicket.objects.in_bulk([line.ticket for line in lines])
    serials = serials_of(rules, rows.values())
    return Printed(
        door_list,
        as_of_ms,
        [
            _line(rules, line.number, rows[line.ticket], serials.get(line.ticket, ""))
            for line in lines
            if line.ticket in rows
        ],
    )


def line_of(rules: Rules, door_list: DoorList, number: int) -> Line | None:
    """Return one line of a print, None if it has no such number. Raises LedgerFault."""
    line = door_list.lines.filter(number=number).first()
    row = line and ProjectedTicket.objects.filter(ticket=line.ticket).first()
    if not line or not row:
        return None
    return _line(rules, number, row, serials_of(rules, [row]).get(row.ticket, ""))


def name_order(name: str) -> tuple[object, ...]:
    """Return what names are sorted by: letters first, then common characters by their pinyin.

    GB 2312 lists its 3,755 common characters so (and polyphones once); rarer ones follow, by code.
    """
    return tuple(_char_order(char) for char in fold(name))


def _char_order(char: str) -> tuple[int, int]:
    if char.isascii():
        return 0, ord(char)
    try:
        code = char.encode("gb2312")
    except UnicodeEncodeError:
        return 2, ord(char)
    if len(code) == 2 and code[0] in _COMMON:
        return 1, int.from_bytes(code)
    return 2, ord(char)


def _tickets(rules: Rules, gate: Gate, session: int) -> QuerySet[ProjectedTicket]:
    """Return the valid tickets with a right to pass a gate."""
    products = [
        product.number
        for product in rules.centre.products.values()
        if product.event in rules.events_at(gate)
        and any(
            rule.zone == gate.zone and (not rule.gates or gate.slug in rule.gates)
            for rule in product.entitlements
        )
    ]
    rows = ProjectedTicket.objects.filter(product__in=products, status=Status.valid)
    vouchers = [number for number in products if rules.centre.products[number].exchange_required]
    rows = rows.exclude(Q(product__in=vouchers) & Q(exchanged=False))
    return rows.filter(session__in=(session, 0)) if session else rows


def _line(rules: Rules, number: int, row: ProjectedTicket, serial: str) -> Line:
    return Line(
        number,
        row.ticket,
        row.holder,
        row.company,
        rules.centre.products.get(row.product),
        row.people,
        serial[-4:],
        row.uses,
    )
