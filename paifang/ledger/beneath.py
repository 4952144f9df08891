"""Rows that belong beneath a lease which was taken back: history that the lease began with.

A restored centre that is told of a newer lease knows what its tickets were when it began, and not
the rows that led there. A host that wrote them tells them all the same: they are chained where
they belong and change nothing. Where that chain stands is kept among the ledger's settings.
"""

from collections.abc import Iterator
from typing import NamedTuple

from paifang.ledger.freeze import Settings

_PREFIX = "end/"


class LooseEnd(NamedTuple):
    """Where a segment's rows under an epoch stand, whose lease another one followed.

    Rows behind `first` are told beneath the newer lease, up to `limit`: so many it began with.
    """

    first: int
    limit: int
    seq: int
    hash: bytes
    page: int
    page_rows: int
    last_at_ms: int


def name_of(segment: int, epoch: int) -> str:
    """Return the name of the setting of a segment's end under an epoch."""
    return f"{_PREFIX}{segment}/{epoch}"


def packed(end: LooseEnd) -> str:
    """Return an end as a setting's value."""
    numbers = (end.first, end.limit, end.seq, end.page, end.page_rows, end.last_at_ms)
    return " ".join([*map(str, numbers), end.hash.hex()])


def loose_end(settings: Settings, segment: int, epoch: int) -> LooseEnd | None:
    """Return where a segment's rows under an epoch stand, None if nothing goes beneath."""
    text = settings.get(name_of(segment, epoch), "")
    return _read(text) if text else None


def _read(text: str) -> LooseEnd:
    *numbers, hash_ = text.split()
    first, limit, seq, page, page_rows, last_at_ms = map(int, numbers)
    return LooseEnd(first, limit, seq, bytes.fromhex(hash_), page, page_rows, last_at_ms)


def loose_ends(settings: Settings) -> Iterator[tuple[int, int, LooseEnd]]:
    """Yield segment, epoch and end of everything that may be told beneath a newer lease."""
    for name, text in settings.items():
        if name.startswith(_PREFIX):
            _, segment, epoch = name.split("/")
            yield int(segment), int(epoch), _read(text)
