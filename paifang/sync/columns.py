"""Journal rows as they travel: in columns, with ids as bytes, so that what repeats costs nothing.

A row is mostly ids nobody can foretell, written as hexadecimal digits between words that are always
the same. Ids are taken out of the words and put one behind the other as bytes, their beginnings
(which are a time, in ids of version 7) apart from their ends; what is left compresses to little.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from typing import Final, overload
from uuid import UUID

import msgspec

from paifang.ledger.lease_commands import WireRow

ID_BYTES: Final = 16
HEAD_BYTES: Final = 6
"""The milliseconds that an id of version 7 begins with (RFC 9562, section 5.7)."""
_PLAIN, _HEX, _DASHED = b"\x00", b"\x01", b"\x02"
"""Bytes no row has in its words: what follows is as it is; an id; an id with dashes."""
_IDS: Final = re.compile(
    rb"(?<![0-9a-f])(?:[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?![0-9a-f])"
)
_MARKS: Final = re.compile(rb"[\x01\x02]")
_OWN: Final = re.compile(rb"[\x00-\x02]")
_HEAD, _TAIL = slice(HEAD_BYTES), slice(HEAD_BYTES, None)
_NUMBER_END: Final = 1 << 62


class _Ids(msgspec.Struct, array_like=True):
    """Ids taken out of texts: their first six bytes one behind the other, then the rest."""

    heads: bytes
    tails: bytes


class _Columns(msgspec.Struct, array_like=True):
    """Rows, a column each; seqs and times as steps from the row before."""

    epochs: list[int]
    seqs: list[int]
    times: list[int]
    names: list[str]
    nodes: list[int]
    kinds: list[int]
    requests: list[bytes]
    request_ids: _Ids
    payloads: list[bytes]
    payload_ids: _Ids
    digests: list[bytes]


_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(_Columns).decode


class Rows(Sequence[WireRow]):
    """Rows of a page. Between nodes they travel as `packed` returns them."""

    __slots__ = ("_rows",)

    def __init__(self, rows: Iterable[WireRow] = ()) -> None:
        """Take the rows, in their order."""
        self._rows = tuple(rows)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._rows)

    @overload
    def __getitem__(self, place: int) -> WireRow: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[WireRow, ...]: ...
    def __getitem__(self, place: int | slice) -> WireRow | tuple[WireRow, ...]:
        """Return one of them, or some."""
        return self._rows[place]

    def __eq__(self, other: object) -> bool:
        """Whether these are the same rows."""
        return isinstance(other, Rows) and self._rows == other._rows

    def __hash__(self) -> int:
        """Return a number that is the same for the same rows."""
        return hash(self._rows)


def packed(rows: Rows) -> bytes:
    """Return rows as they travel, before they are compressed."""
    names = list(dict.fromkeys(name for row in rows for name in (row.node, row.kind)))
    places = {name: place for place, name in enumerate(names)}
    requests, payloads = _Taker(), _Taker()
    return _encode(
        _Columns(
            [row.epoch for row in rows],
            _steps([row.seq for row in rows]),
            _steps([row.at_ms for row in rows]),
            names,
            [places[row.node] for row in rows],
            [places[row.kind] for row in rows],
            [requests.take(row.request_id.encode()) for row in rows],
            requests.ids(),
            [payloads.take(row.payload) for row in rows],
            payloads.ids(),
            [row.digest for row in rows],
        )
    )


def unpacked(data: bytes) -> Rows:
    """Return rows from the bytes they travelled as.

    Raises:
        ValueError: These are no rows.
    """
    columns = _decode(data)
    requests, payloads = _Putter(columns.request_ids), _Putter(columns.payload_ids)
    names = dict(enumerate(columns.names))
    told = zip(
        columns.epochs,
        accumulate(columns.seqs),
        accumulate(columns.times),
        columns.nodes,
        columns.kinds,
        columns.requests,
        columns.payloads,
        columns.digests,
        strict=True,
    )
    rows = []
    for epoch, seq, at_ms, node, kind, request, payload, digest in told:
        if max(epoch, seq, at_ms) >= _NUMBER_END or node not in names or kind not in names:
            raise ValueError("a number does not fit")
        rows.append(
            WireRow(
                epoch,
                seq,
                at_ms,
                names[node],
                names[kind],
                requests.put(request).decode(),
                payloads.put(payload),
                digest,
            )
        )
    return Rows(rows)


def _steps(numbers: Sequence[int]) -> list[int]:
    return [*numbers[:1], *(after - before for before, after in pairwise(numbers))]


class _Taker:
    """Takes ids out of texts, in order."""

    def __init__(self) -> None:
        self._ids: list[bytes] = []

    def take(self, text: bytes) -> bytes:
        """Return a text with marks where its ids were."""
        if _OWN.search(text):
            return _PLAIN + text
        return _IDS.sub(self._mark, text)

    def _mark(self, found: re.Match[bytes]) -> bytes:
        digits = found[0]
        self._ids.append(bytes.fromhex(digits.replace(b"-", b"").decode()))
        return _HEX if len(digits) == 2 * ID_BYTES else _DASHED

    def ids(self) -> _Ids:
        """Return what was taken out so far."""
        heads, tails = (b"".join(one[part] for one in self._ids) for part in (_HEAD, _TAIL))
        return _Ids(heads, tails)


class _Putter:
    """Puts ids back into texts, in order."""

    def __init__(self, ids: _Ids) -> None:
        self._ids = ids
        self._place = 0

    def put(self, text: bytes) -> bytes:
        """Return a text with its ids. Raises ValueError if there are too few."""
        return text[1:] if text[:1] == _PLAIN else _MARKS.sub(self._id, text)

    def _id(self, found: re.Match[bytes]) -> bytes:
        n, tail_bytes = self._place, ID_BYTES - HEAD_BYTES
        self._place += 1
        head = self._ids.heads[n * HEAD_BYTES : (n + 1) * HEAD_BYTES]
        tail = self._ids.tails[n * tail_bytes : (n + 1) * tail_bytes]
        # Raises ValueError for fewer bytes.
        told = UUID(bytes=head + tail)
        return (told.hex if found[0] == _HEX else str(told)).encode()
