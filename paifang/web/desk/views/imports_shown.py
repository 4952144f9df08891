"""Imports as their pages show them."""

from collections.abc import Iterable, Mapping
from datetime import tzinfo
from typing import Any, NamedTuple

from django.http import QueryDict
from django.utils.translation import get_language, gettext

from paifang.core import limits
from paifang.services.desk.imports.correcting import error_of
from paifang.services.desk.imports.uploading import columns_of
from paifang.store.models import Import, ImportRow, ImportTicket, ProjectedTicket
from paifang.web.desk.import_words import job_trouble, stage_words


class ImportShown(NamedTuple):
    """One import in a list, or at the head of its page."""

    one: Import
    sign: str
    state: str
    event: str
    at: str
    done: int
    total: int
    trouble: str


class CellShown(NamedTuple):
    """A cell of a rejected row that can be corrected."""

    name: str
    header: str
    text: str
    wrong: bool


class RejectShown(NamedTuple):
    """A rejected row: why, and its cells; the wrong one and who it is about come first."""

    line: int
    words: str
    text: str
    first: list[CellShown]
    others: list[CellShown]


def one_shown(one: Import, zone: tzinfo) -> ImportShown:
    """Return an import as it is shown."""
    sign, state = stage_words(one)
    job = one.job
    return ImportShown(
        one=one,
        sign=sign,
        state=state,
        event=_local(one.event.name, one.event.name_zh),
        at=f"{one.created_at.astimezone(zone):%Y-%m-%d %H:%M}",
        done=job.done if job else 0,
        total=(job.total if job else 0) or one.rows,
        trouble=job_trouble(job),
    )


def rejects_shown(one: Import, rows: Iterable[ImportRow]) -> list[RejectShown]:
    """Return rejected rows with the cells that are read, each to be corrected."""
    columns = columns_of(one)
    places = sorted(set(columns.places.values()))
    name = columns.places.get("name")
    shown = []
    for row in rows:
        error = error_of(row)
        wrong = columns.places.get(row.field)
        cells = [
            CellShown(
                f"cell-{row.line}-{place}",
                columns.header[place],
                row.cells[place] if place < len(row.cells) else "",
                place == wrong,
            )
            for place in places
        ]
        column = "" if wrong is None else columns.header[wrong]
        words = error.words(gettext, column)
        first, others = cells, []
        if wrong is not None:
            first = [
                one for place, one in zip(places, cells, strict=True) if place in {name, wrong}
            ]
            others = [one for one in cells if one not in first]
        shown.append(RejectShown(row.line, words, row.text, first, others))
    return shown


def corrections_of(form: QueryDict) -> dict[int, dict[int, str]]:
    """Return what was typed into the cells of rejected rows: line to place to text."""
    corrections: dict[int, dict[int, str]] = {}
    for name, text in form.items():
        parts = name.split("-")
        if len(parts) == 3 and parts[0] == "cell" and parts[1].isdecimal() and parts[2].isdecimal():
            cells = corrections.setdefault(int(parts[1]), {})
            cells[int(parts[2])] = str(text)
    return corrections


def blocked_shown(one: Import) -> list[tuple[int, str]]:
    """Return line and holder of the first tickets that stand in the way of an undo."""
    tickets = ImportTicket.objects.filter(of=one, blocked=True).order_by("line")
    lines = dict(tickets.values_list("ticket", "line")[: limits.IMPORT_PAGE_ROWS])
    holders = dict(
        ProjectedTicket.objects.filter(ticket__in=list(lines)).values_list("ticket", "holder")
    )
    return [(line, holders.get(ticket, "")) for ticket, line in lines.items()]


def defaults_of(one: Import) -> Mapping[str, Any]:
    """Return the ticket types and sessions a list's rows can get if they name none."""
    event = one.event
    return {
        "products": [
            (str(product.number), _local(product.name, product.name_zh))
            for product in event.products.all()
        ],
        "sessions": [
            (str(session.number), _local(session.name, session.name_zh))
            for session in event.sessions.all()
        ],
    }


def _local(name: str, name_zh: str) -> str:
    return name_zh if name_zh and get_language() == "zh-hans" else name
