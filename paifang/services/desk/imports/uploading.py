"""A list comes in, is looked at, and somebody says what its columns mean."""

import hashlib
from collections.abc import Iterable, Sequence
from string import ascii_uppercase
from typing import Final

from django.db import transaction

from paifang.core import limits
from paifang.services.desk import audit
from paifang.services.desk.attendees import Chosen, Columns, FileError, Preview, preview_list
from paifang.services.desk.attendees.columns import FIELDS, ID_CARD, chosen_columns
from paifang.services.desk.imports.files import drop_file, keep_file, path_of
from paifang.services.desk.permissions import Act, Actor
from paifang.store.ids import new_uuid
from paifang.store.models import Event, Import, ImportMapping, ImportStage

MEANINGS: Final = (*FIELDS, ID_CARD)
"""What a column can mean; "" is one that is not read."""


def upload(event: Event, name: str, chunks: Iterable[bytes], *, by: Actor) -> Import:
    """Keep an uploaded list, with a first guess of what its columns mean.

    Raises:
        NotPermitted: They may not.
        FileError: It cannot be imported as a whole; its code says why, and nothing was kept.
    """
    by.require(Act.import_people)
    import_id = new_uuid()
    size = keep_file(import_id, chunks)
    try:
        preview = preview_list(path_of(import_id), rows=limits.IMPORT_PREVIEW_ROWS)
        if preview.secret:
            raise FileError("passwords", column=preview.secret[0])
        with transaction.atomic():
            made = Import.objects.create(
                id=import_id,
                event=event,
                file_name=_base_name(name),
                file_bytes=size,
                kind=preview.kind,
                encoding=preview.encoding,
                header_line=preview.header_line if any(preview.recognised) else 0,
                header=list(preview.header),
                meanings=_remembered(event, preview.header) or list(preview.recognised),
                rows=preview.rows_at_most,
                who=by.name,
                where=by.where[:64],
            )
            audit.record("upload_list", who=by.name, subject=made.id.hex, where=by.where)
    except BaseException:
        drop_file(import_id)
        raise
    return made


def preview_of(one: Import) -> Preview:
    """Look at an import's list again. Raises FileError, or OSError if the file is gone."""
    return preview_list(path_of(one.pk), rows=limits.IMPORT_PREVIEW_ROWS)


def choose_columns(
    one: Import,
    *,
    meanings: Sequence[str],
    has_header: bool,
    product: str = "",
    session: str = "",
    by: Actor,
) -> None:
    """Say what the columns mean, and what rows get that do not say it themselves.

    Raises:
        NotPermitted: They may not.
        FileError: Two columns mean the same, or none tells who somebody is.
    """
    by.require(Act.import_people)
    preview = preview_of(one)
    header = preview.header if has_header else column_letters(len(preview.header))
    told = [meaning if meaning in MEANINGS else "" for meaning in meanings]
    told = [*told, *[""] * len(header)][: len(header)]
    line = preview.header_line if has_header else 0
    chosen_columns(Chosen(line, header, tuple(told)))
    one.header, one.header_line, one.meanings = list(header), line, told
    one.product, one.session = product, session
    one.error, one.error_params = "", {}
    with transaction.atomic():
        one.save()
        if has_header:
            ImportMapping.objects.update_or_create(
                event=one.event, fingerprint=fingerprint(header), defaults={"meanings": told}
            )


def chosen_of(one: Import) -> Chosen:
    """Return what was said of an import's columns."""
    return Chosen(one.header_line, tuple(one.header), tuple(one.meanings))


def columns_of(one: Import) -> Columns:
    """Return the columns of an import, as its rows are read by them."""
    return chosen_columns(chosen_of(one))


def fingerprint(header: Sequence[str]) -> str:
    """Return by what a list of the same form is known again."""
    spelled = "\x1f".join(cell.casefold() for cell in header)
    return hashlib.sha256(spelled.encode("utf-8", "surrogatepass")).hexdigest()


def column_letters(count: int) -> tuple[str, ...]:
    """Return names for columns without a header, as a spreadsheet program has them."""
    letters = ascii_uppercase
    pairs = [*letters, *(first + second for first in letters for second in letters)]
    return tuple(pairs[:count])


def discard(one: Import, *, by: Actor) -> bool:
    """Throw a list away that is not being worked on; False if it is."""
    by.require(Act.import_people)
    still = (ImportStage.mapping, ImportStage.checked)
    with transaction.atomic():
        if not Import.objects.filter(pk=one.pk, stage__in=still).update(
            stage=ImportStage.discarded
        ):
            return False
        one.rejects.all().delete()
        audit.record("discard_list", who=by.name, subject=one.pk.hex, where=by.where)
    drop_file(one.pk)
    return True


def _remembered(event: Event, header: Sequence[str]) -> list[str]:
    known = ImportMapping.objects.filter(event=event, fingerprint=fingerprint(header)).first()
    return list(known.meanings) if known else []


def _base_name(name: str) -> str:
    """Return a file's name as it may be shown and given out again."""
    base = name.replace("\\", "/").rpartition("/")[2]
    plain = "".join(char for char in base if char.isprintable()).strip(". ")
    return plain[-limits.NAME_CHARS_MAX :] or "list"
