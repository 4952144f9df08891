"""Rejected rows corrected in place and tried again, on the way every row goes."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import F

from paifang.core import limits
from paifang.ledger.faults import LedgerFault
from paifang.services.desk import audit
from paifang.services.desk.attendees import Columns, RowError, errors_header, errors_row
from paifang.services.desk.attendees.faults import Translate
from paifang.services.desk.attendees.raw import RawRow
from paifang.services.desk.attendees.rows import AttendeeRow, identity, read_row
from paifang.services.desk.context import context
from paifang.services.desk.import_run import Outcome, Run, Settled
from paifang.services.desk.import_targets import Refused, Resolver, Targets
from paifang.services.desk.imports.keeping import ImportKeeper, row_of
from paifang.services.desk.imports.undone import undone_among
from paifang.services.desk.imports.uploading import columns_of
from paifang.services.desk.permissions import Act, Actor
from paifang.store.models import Import, ImportRow, ImportStage, ImportTicket

Corrections = Mapping[int, Mapping[int, str]]
"""Line to what its cells are to be, by their place."""


class TryLater(Exception):
    """The ledger cannot write now; nothing that was typed is lost. `code` is stable."""

    def __init__(self, code: str) -> None:
        """Keep the code."""
        super().__init__(code)
        self.code = code


class Corrected(NamedTuple):
    """What came of rows that were tried again."""

    taken: int
    rejected: int


class _Again(ImportKeeper):
    """Keeps what came of rows that were rejected before."""

    def __init__(self, one: Import) -> None:
        super().__init__(one)
        self.lines: list[int] = []
        self.errors: list[RowError] = []

    def reject(self, error: RowError) -> None:
        self.errors.append(error)

    def settle(self, settled: Sequence[Settled]) -> None:
        super().settle(settled)
        self.lines.extend(row.line for row in settled)


def correct_rows(one: Import, corrections: Corrections, *, by: Actor) -> Corrected:
    """Try rejected rows again with other cells; those that are taken are gone from the list.

    Args:
        one: An import that is over.
        corrections: At most one page of rows; cells that are not named stay as they are.
        by: Who corrects.

    Raises:
        NotPermitted: They may not.
        ImportFault: The event is not there any more.
        TryLater: The ledger cannot write now; what was typed is kept.
    """
    by.require(Act.import_people)
    columns = columns_of(one)
    lines = list(corrections)[: limits.IMPORT_PAGE_ROWS]
    rows = list(ImportRow.objects.filter(of=one, line__in=lines))
    if one.stage != ImportStage.done:
        return Corrected(0, len(rows))
    for row in rows:
        row.cells = _corrected(row.cells, corrections[row.line], columns)
        row.text = ""
        row.save(update_fields=("cells", "text"))
    targets = Targets(one.event.slug, one.product, one.session, by.name)
    resolver = Resolver(context().ledger.rules().centre, targets)
    keeper = _Again(one)
    run = Run(keeper, undone_among)
    audit.record("correct_import", who=by.name, subject=one.pk.hex, where=by.where)
    today = datetime.now(UTC).date()
    try:
        for row in rows:
            read = read_row(RawRow(row.line, tuple(row.cells)), columns, today)
            if isinstance(read, AttendeeRow):
                read = _unless_repeated(one, read, resolver, tuple(row.cells))
            # One by one, since two of them may be the same person.
            run.take(read, tuple(row.cells), resolver)
            run.commit()
    except LedgerFault as fault:
        raise TryLater(fault.code) from fault
    finally:
        _keep(one, run, keeper)
    return Corrected(len(keeper.lines), len(keeper.errors))


def drop_rows(one: Import, lines: Collection[int], *, by: Actor) -> int:
    """Give rejected rows up; they were not taken, and are not kept any longer."""
    by.require(Act.import_people)
    dropped, _ = ImportRow.objects.filter(of=one, line__in=list(lines)).delete()
    audit.record("drop_import_rows", who=by.name, subject=one.pk.hex, where=by.where)
    return dropped


def errors_table(
    one: Import, translate: Translate, *, is_chinese: bool
) -> tuple[list[str], "Sequence[Sequence[str]]"]:
    """Return header and rows of FILE.errors.csv: what can be corrected there and imported again."""
    columns = columns_of(one)
    header = errors_header(columns, is_chinese=is_chinese)
    rows = [
        errors_row(error_of(row), columns, translate) for row in ImportRow.objects.filter(of=one)
    ]
    return header, rows


def error_of(row: ImportRow) -> RowError:
    """Return a kept row as the reading of the list gave it out."""
    return RowError(row.line, row.code, row.field, row.params, tuple(row.cells), row.text)


def _corrected(cells: Sequence[str], told: Mapping[int, str], columns: Columns) -> list[str]:
    width = len(columns.header)
    merged = [*cells, *[""] * (width - len(cells))]
    for place, text in told.items():
        if 0 <= place < width and place not in columns.secret:
            merged[place] = text
    # What stood beyond the header made the row wrong; it goes once somebody has seen to it.
    return merged[:width]


def _unless_repeated(
    one: Import, row: AttendeeRow, resolver: Resolver, cells: tuple[str, ...]
) -> AttendeeRow | RowError:
    """Return the row, or why not: its like was taken by this import already, from another row.

    Taken all the same, it would change the ticket of the other row.
    """
    try:
        issuer, attendee = resolver.resolve(row)
    except Refused:
        return row
    owner = context().ledger.tickets_of([issuer.identity_of(attendee)])
    made = ImportTicket.objects.filter(
        of=one, ticket__in=[UUID(bytes=id_) for id_ in owner.values()], undone=False
    ).first()
    if made is None or made.line == row.line:
        return row
    shared = identity(row)[0]
    field = "name" if shared == "person" else shared
    return RowError(row.line, f"duplicate_{shared}", field, {"first": str(made.line)}, cells)


def _keep(one: Import, run: Run, keeper: _Again) -> None:
    counts = run.counts
    with transaction.atomic():
        ImportRow.objects.filter(of=one, line__in=keeper.lines).delete()
        for error in keeper.errors:
            kept = row_of(one, error, columns_of(one).secret)
            ImportRow.objects.filter(of=one, line=error.line).update(
                code=kept.code, field=kept.field, params=kept.params
            )
        Import.objects.filter(pk=one.pk).update(
            created=F("created") + counts[Outcome.created],
            unchanged=F("unchanged") + counts[Outcome.unchanged],
            updated=F("updated") + counts[Outcome.updated],
            rejected=F("rejected") - len(keeper.lines),
        )
