"""Making a print: who asked for which tickets is written down first, then its files are made.

Drawing happens outside transactions. A print of a few tickets is made while the page waits; a
larger one by a job that goes on, killed or not, at the file it was at.
"""

import logging
from collections.abc import Callable, Collection
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db import transaction

from paifang.core import limits
from paifang.core.paper import LAYOUTS, pages_of
from paifang.core.rules import Rules
from paifang.core.tickets import Status
from paifang.ledger.faults import LedgerFault
from paifang.services.desk import audit
from paifang.services.desk.context import context
from paifang.services.desk.door_lists import name_order
from paifang.services.desk.jobs import JobFault, RunningJob, ask_for, cancel, repeat
from paifang.services.desk.paper import files
from paifang.services.desk.paper.choosing import Chosen, Overview, overview, tickets_of
from paifang.services.desk.paper.content import Writer
from paifang.services.desk.paper.fonts import FontsMissing, fonts_of
from paifang.services.desk.paper.rendering import DrawingFailed, pdf_of, png_of
from paifang.services.desk.paper.words import LANGUAGES, words_of
from paifang.services.desk.permissions import Act, Actor
from paifang.store.models import PaperPrint, PaperTicketPrinted, ProjectedTicket

log = logging.getLogger(__name__)

PRINT: Final = "paper_print"
FORGET: Final = "paper_forget"
PREVIEW_PPI: Final = 144.0
_BATCH: Final = 2_000


class PaperError(Exception):
    """A print cannot be made.

    `code` is layout_unknown, nobody, too_many, glyphs, ledger or drawing.
    """

    def __init__(self, code: str, told: Overview | None = None) -> None:
        """Keep the code, and what was found."""
        super().__init__(code)
        self.code = code
        self.told = told


class Asked(NamedTuple):
    """What to print, and how. `substitute`: also where a font lacks characters."""

    chosen: Chosen
    layout: str
    languages: str
    substitute: bool = False


def print_tickets(rules: Rules, asked: Asked, *, by: Actor) -> PaperPrint:
    """Make a print, or ask a job for it if it is large.

    Args:
        rules: The bundle in force.
        asked: Which tickets and how.
        by: Who prints.

    Raises:
        NotPermitted: They may not print.
        PaperError: It cannot be printed so.
        FontsMissing: There is no font.
    """
    by.require(Act.print_tickets)
    if asked.layout not in LAYOUTS or asked.languages not in LANGUAGES:
        raise PaperError("layout_unknown")
    told = overview(rules, asked.chosen, fonts_of(context().data))
    if not told.tickets:
        raise PaperError("nobody", told)
    if told.tickets > limits.PAPER_TICKETS_MAX:
        raise PaperError("too_many", told)
    if told.missing_count and not asked.substitute:
        raise PaperError("glyphs", told)
    made = _write_down(asked, substituted=bool(told.missing_count), by=by)
    if made.tickets <= limits.PAPER_DIRECT_TICKETS_MAX:
        try:
            make_files(rules, made)
        except LedgerFault as fault:
            raise PaperError("ledger") from fault
        except DrawingFailed as fault:
            raise PaperError("drawing") from fault
        made.refresh_from_db()
    return made


def preview(rules: Rules, asked: Asked, ticket: UUID, *, by: Actor) -> bytes | None:
    """Return one ticket of a layout as a picture whose codes open nothing; None if there is none.

    Raises:
        NotPermitted: They may not print.
    """
    by.require(Act.print_tickets)
    row = ProjectedTicket.objects.filter(ticket=ticket).first()
    layout = LAYOUTS.get(asked.layout)
    if row is None or layout is None or asked.languages not in LANGUAGES:
        return None
    ticket_alone = layout.alone()
    shown = Writer(rules, asked.languages).specimen(row)
    page = next(pages_of(ticket_alone, [shown], words_of(asked.languages)))
    try:
        return png_of(ticket_alone, page, fonts_of(context().data), ppi=PREVIEW_PPI)
    except (DrawingFailed, FontsMissing):
        log.exception("a preview could not be drawn")
        return None


def run_print(job: RunningJob) -> None:
    """Make the files of a large print. For the runner of jobs."""
    made = PaperPrint.objects.get(pk=UUID(job.payload["print"]))

    def came_to(tickets: int) -> None:
        job.save(done=tickets)
        job.check()

    job.check()
    try:
        make_files(context().ledger.rules(), made, came_to)
    except (DrawingFailed, FontsMissing) as fault:
        log.exception("a print could not be drawn")
        raise JobFault("drawing") from fault


def go_on(made: PaperPrint, *, by: Actor) -> bool:
    """Let a large print go on that has failed or was cancelled; False if it needs no help.

    Raises:
        NotPermitted: They may not print.
    """
    by.require(Act.print_tickets)
    if not made.kept or made.is_ready:
        return False
    payload = {"print": made.pk.hex}
    # One that was to be made at once and could not has no job yet.
    asked = ask_for(PRINT, made.pk.hex, payload, by=by, total=made.tickets)
    return asked or repeat(PRINT, made.pk.hex)


def stop(made: PaperPrint, *, by: Actor) -> bool:
    """Cancel a large print; False if it has ended. Raises NotPermitted."""
    by.require(Act.print_tickets)
    return cancel(PRINT, made.pk.hex)


def run_forget(job: RunningJob) -> None:
    """Delete the files of a print whose time is over. For the runner of jobs."""
    forget(UUID(job.payload["print"]))


def forget(print_id: UUID) -> None:
    """Delete the files of a print; that it was made stays written down."""
    PaperPrint.objects.filter(pk=print_id).update(kept=False)
    files.remove(context().data, print_id)


def forget_files_with(tickets: Collection[UUID]) -> None:
    """Delete the files of every print that one of these tickets is on. For who erases a person.

    Files that a job is drawing now go as soon as they are there.
    """
    on = PaperTicketPrinted.objects.filter(ticket__in=tickets).values("print")
    for made in PaperPrint.objects.filter(kept=True, pk__in=on):
        forget(made.pk)


def make_files(
    rules: Rules, made: PaperPrint, came_to: Callable[[int], None] = lambda _: None
) -> None:
    """Make the files of a print that are not made yet, one after another.

    Raises:
        LedgerFault: The ledger could not be read.
        DrawingFailed: A file could not be drawn, or not be kept.
    """
    layout, words = LAYOUTS[made.layout], words_of(made.languages)
    writer, fonts = Writer(rules, made.languages), fonts_of(context().data)
    for number in range(made.files_made, made.files):
        first = number * limits.PAPER_FILE_TICKETS
        span = PaperTicketPrinted.objects.filter(
            print=made, place__gte=first, place__lt=first + limits.PAPER_FILE_TICKETS
        )
        ids = list(span.values_list("ticket", flat=True))
        found = ProjectedTicket.objects.filter(status=Status.valid).in_bulk(ids)
        tickets = writer.tickets([found[one] for one in ids if one in found])
        drawn = pdf_of(layout, list(pages_of(layout, tickets, words)), fonts)
        try:
            files.keep(context().data, made.pk, number + 1, drawn)
        except OSError as fault:
            raise DrawingFailed(f"the file cannot be kept: {fault.strerror}") from None
        if not PaperPrint.objects.filter(pk=made.pk, kept=True).exists():
            # Somebody on it was erased meanwhile: the file must not outlive that.
            files.remove(context().data, made.pk)
            return
        with transaction.atomic():
            span.update(done=True)
            made.files_made = number + 1
            made.left_out += len(ids) - len(tickets)
            made.save(update_fields=["files_made", "left_out"])
            came_to(first + len(ids))


def _write_down(asked: Asked, *, substituted: bool, by: Actor) -> PaperPrint:
    """Keep who prints what, and ask for the work that comes later."""
    rows = tickets_of(asked.chosen).values_list("ticket", "holder")
    ordered = sorted(rows, key=lambda row: (name_order(row[1]), row[0]))
    count = len(ordered)
    with transaction.atomic():
        made = PaperPrint.objects.create(
            layout=asked.layout,
            languages=asked.languages,
            chosen=asked.chosen.as_told(),
            tickets=count,
            files=-(-count // limits.PAPER_FILE_TICKETS),
            substituted=substituted,
            made_by=by.name,
        )
        PaperTicketPrinted.objects.bulk_create(
            (
                PaperTicketPrinted(print=made, place=place, ticket=ticket)
                for place, (ticket, _) in enumerate(ordered)
            ),
            batch_size=_BATCH,
        )
        audit.record(
            "tickets_printed",
            who=by.name,
            subject=_subject(made, [ticket for ticket, _ in ordered]),
            where=by.where,
        )
        payload: dict[str, Any] = {"print": made.pk.hex}
        if count > limits.PAPER_DIRECT_TICKETS_MAX:
            ask_for(PRINT, made.pk.hex, payload, by=by, total=count)
        ask_for(FORGET, made.pk.hex, payload, after_s=limits.PAPER_KEEP_H * 3_600)
    return made


def _subject(made: PaperPrint, tickets: list[UUID]) -> str:
    """Return what the audit keeps: the print, how many, how, and which."""
    told = [f"{name}={value}" for name, value in made.chosen.items() if name != "ticked"]
    if "ticked" in made.chosen:
        told = [ticket.hex for ticket in tickets]
    return " ".join([made.pk.hex, f"tickets={made.tickets}", f"layout={made.layout}", *told])
