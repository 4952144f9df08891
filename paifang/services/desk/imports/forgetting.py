"""Erasing somebody from what imports keep: rejected rows, and lists that were not imported yet."""

import unicodedata
from collections.abc import Iterable
from contextlib import closing
from typing import NamedTuple

from paifang.services.desk.attendees import FileError
from paifang.services.desk.attendees.cells import clean
from paifang.services.desk.attendees.opening import open_source
from paifang.services.desk.imports.files import drop_file, path_of
from paifang.store.models import Import, ImportRow, ImportStage

_DIGITS_MIN = 5


class Person(NamedTuple):
    """Whom to forget: what is known of them; what is not known is empty."""

    name: str = ""
    email: str = ""
    phone: str = ""
    reference: str = ""


class Forgotten(NamedTuple):
    """What was found of somebody.

    Attributes:
        rows: Rejected rows that were deleted.
        lists: Lists that were deleted with all that was in them, before they were imported.
        running: Imports under way that hold them: erase again once these are over.
    """

    rows: int
    lists: int
    running: int


def forget_person_in_imports(event: int, person: Person) -> Forgotten:
    """Delete what uploaded lists and rejected rows of an event hold of somebody.

    Only the verb that erases a person calls this; it has asked for the permission and writes the
    audit. A namesake's rejected row may go too: rather one row too many than a trace that is left.

    Args:
        event: The event's number.
        person: Whom to forget.
    """
    traces = _traces(person)
    if not traces:
        return Forgotten(0, 0, 0)
    imports = list(Import.objects.filter(event__number=event))
    rows = [
        row.pk
        for row in ImportRow.objects.filter(of__in=imports).iterator()
        if _holds((*row.cells, row.text, *map(str, row.params.values())), traces)
    ]
    for start in range(0, len(rows), 500):
        ImportRow.objects.filter(pk__in=rows[start : start + 500]).delete()
    lists = running = 0
    for one in imports:
        if not _in_file(one, traces):
            continue
        if one.stage in (ImportStage.checking, ImportStage.importing):
            running += 1
            continue
        drop_file(one.pk)
        lists += 1
        waiting = (ImportStage.mapping, ImportStage.checked)
        Import.objects.filter(pk=one.pk, stage__in=waiting).update(stage=ImportStage.discarded)
    return Forgotten(len(rows), lists, running)


def _traces(person: Person) -> frozenset[str]:
    known = (person.name, person.email, person.reference, person.phone)
    digits = _digits(person.phone)
    return frozenset(
        [*(_spelled(text) for text in known if text), *([digits] if digits else [])]
    ) - {""}


def _in_file(one: Import, traces: frozenset[str]) -> bool:
    path = path_of(one.pk)
    try:
        with path.open("rb") as stream:
            source = open_source(stream)
            with closing(source), closing(source.rows()) as rows:
                return any(_holds((*raw.cells, raw.text), traces) for raw in rows)
    except FileNotFoundError:
        return False
    except (FileError, OSError):
        # Whatever it is, nobody can say that it is free of them.
        return True


def _holds(cells: Iterable[str], traces: frozenset[str]) -> bool:
    return any(_spelled(cell) in traces or _digits(cell) in traces for cell in cells)


def _spelled(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", clean(text)).casefold().split())


def _digits(text: str) -> str:
    digits = "".join(char for char in unicodedata.normalize("NFKC", text) if char.isdecimal())
    return digits if len(digits) >= _DIGITS_MIN else ""
