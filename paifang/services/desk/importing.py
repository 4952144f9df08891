"""Importing a list of attendees: each row becomes a ticket, however often the list is imported.

A row is recognised by its reference, else its serial, else name, company and phone. Nothing else
is remembered of an import from the command line, so one that was interrupted is simply run again:
rows that are there already are found unchanged, which costs a look and no write. Gates go on
meanwhile, because the rows go through the ledger's queue in small groups.
"""

from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from paifang.core import limits
from paifang.services.desk.attendees import ErrorsFile, RowError, open_list
from paifang.services.desk.attendees.faults import Translate
from paifang.services.desk.context import context
from paifang.services.desk.import_run import DryRun, Outcome, Run, Settled, Waiting
from paifang.services.desk.import_targets import ImportFault, Resolver, Targets
from paifang.services.desk.imports.undone import undone_among

__all__ = ["ImportFault", "ImportOptions", "ImportReport", "import_attendees"]


class ImportReport(NamedTuple):
    """What came of an import; on a dry run, what would come of it."""

    rows: int
    created: int
    unchanged: int
    updated: int
    rejected: int
    encoding: str
    ignored_columns: tuple[str, ...]
    errors_file: Path | None
    dry_run: bool


class ImportOptions(NamedTuple):
    """How to import: into which event, as which product if the rows do not say, and for whom.

    `progress` is told rows passed and rows in all; `translate` is gettext for the errors file.
    """

    event: str
    product: str = ""
    dry_run: bool = False
    actor: str = ""
    progress: Callable[[int, int], None] = lambda _done, _total: None
    translate: Translate = str
    is_chinese: bool = False


class _Unremembered:
    """Keeps the rejected rows in a file, and nothing else."""

    def __init__(self, errors: ErrorsFile) -> None:
        self.reject: Callable[[RowError], None] = errors.add

    def plan(self, waiting: Sequence[Waiting]) -> None:
        """Nothing is remembered."""

    def made_before(self, tickets: Collection[bytes]) -> Collection[bytes]:
        """Nothing is remembered."""
        del tickets
        return ()

    def settle(self, settled: Sequence[Settled]) -> None:
        """Nothing is remembered."""


def import_attendees(path: Path, options: ImportOptions) -> ImportReport:
    """Import a CSV or XLSX list into an event.

    Good rows are taken, bad ones go to `FILE.errors.csv` with a reason each.

    Raises:
        ImportFault: There is no such event, or no such product.
        FileError: The list cannot be read.
        LedgerFault: The ledger could not be reached, or cannot write; run it again later.
        OSError: The file cannot be opened, or the errors file not written.
    """
    targets = Targets(options.event, options.product, actor=options.actor)
    resolver = Resolver(context().ledger.rules().centre, targets)
    today = datetime.now(UTC).date()
    with ExitStack() as stack:
        attendees = stack.enter_context(open_list(path, today=today))
        errors = stack.enter_context(
            ErrorsFile(path, attendees.columns, options.translate, is_chinese=options.is_chinese)
        )
        run = (DryRun if options.dry_run else Run)(_Unremembered(errors), undone_among)
        for row in attendees:
            run.take(row, attendees.cells, resolver)
            if attendees.rows % limits.IMPORT_BATCH_ROWS == 0:
                options.progress(attendees.position, attendees.total)
        run.commit()
        options.progress(attendees.total, attendees.total)
    return ImportReport(
        attendees.rows,
        run.counts[Outcome.created],
        run.counts[Outcome.unchanged],
        run.counts[Outcome.updated],
        errors.count,
        attendees.encoding,
        tuple(attendees.columns.unknown),
        errors.path if errors.count else None,
        options.dry_run,
    )
