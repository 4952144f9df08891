"""A snapshot: every ticket of a lease's segments, in chunks that are compressed one by one.

A chunk can be fetched and taken in by itself, so neither side starts anew when the line breaks.
Form of the file: chunks one behind the other, each its length in four bytes (big-endian) and a
zstd frame with a packed `Chunk`. The grant names the SHA-256 of all of it.
"""

import hashlib
import struct
from collections.abc import Iterator, Sequence
from itertools import groupby, islice
from typing import Final, NamedTuple, Protocol

import msgspec
import zstandard

from paifang.core import limits
from paifang.core.tickets import Ticket, Use
from paifang.ledger import tables as t
from paifang.ledger.engine import Reader
from paifang.ledger.lease_commands import WireAnswer
from paifang.ledger.records import SegmentName, record_of
from paifang.ledger.rows import CredentialRow, Head
from paifang.sync.messages import Chunk

LEVEL: Final = 9
CHUNK_BYTES_MAX: Final = 16 * 1024 * 1024
LENGTH_BYTES: Final = 4

_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(Chunk).decode
_length = struct.Struct(">I")


class Sink(Protocol):
    """Where a snapshot is written to, as a file opened for writing bytes is."""

    def write(self, data: bytes, /) -> object:
        """Take the next bytes."""


class Made(NamedTuple):
    """What was written: SHA-256 of all bytes, their number, chunks, and tickets."""

    digest: bytes
    size: int
    chunks: int
    tickets: int


class Names:
    """Segment names in the order they are met, by the numbers they have here."""

    def __init__(self, heads: Sequence[Head]) -> None:
        """Take all segments there are."""
        self._known = {
            head.number: SegmentName(head.uuid, head.site, head.period) for head in heads
        }
        self.places: dict[int, int] = {}
        self.names: list[SegmentName] = []

    def meet(self, numbers: Sequence[int]) -> None:
        """Give numbers that were not met yet a place."""
        for number in numbers:
            if number not in self.places:
                self.places[number] = len(self.names)
                self.names.append(self._known[number])


def write_snapshot(reader: Reader, segments: frozenset[int], sink: Sink) -> Made:
    """Write all tickets of segments, in one state of the ledger.

    Args:
        reader: A connection nobody else uses meanwhile.
        segments: Their numbers here. A ticket belongs if its home or an entitlement is there.
        sink: Takes the bytes.
    """
    digest, size, chunks, tickets = hashlib.sha256(), 0, 0, 0
    compressor = zstandard.ZstdCompressor(level=LEVEL)
    with reader.snapshot():
        heads = list(reader.scan(t.HEAD))
        found = _tickets(reader, segments)
        while batch := list(islice(found, limits.CHUNK_TICKETS_MAX)):
            frame = compressor.compress(_pack(_chunk(reader, heads, batch)))
            for data in (_length.pack(len(frame)), frame):
                sink.write(data)
                digest.update(data)
                size += len(data)
            chunks += 1
            tickets += len(batch)
        answered = _answers(reader, [head for head in heads if head.number in segments])
        while answers := tuple(islice(answered, limits.CHUNK_TICKETS_MAX)):
            frame = compressor.compress(_pack(Chunk((), (), answers)))
            for data in (_length.pack(len(frame)), frame):
                sink.write(data)
                digest.update(data)
                size += len(data)
            chunks += 1
    return Made(digest.digest(), size, chunks, tickets)


def _tickets(reader: Reader, segments: frozenset[int]) -> Iterator[tuple[Ticket, list[Use]]]:
    """Yield tickets with their entitlements, in the order of their ids."""
    grouped = groupby(reader.scan(t.USE), key=lambda use: use.ticket)
    ahead: tuple[bytes, list[Use]] | None = None
    for ticket in reader.scan(t.TICKET):
        while ahead is None or ahead[0] < ticket.id:
            following = next(grouped, None)
            if following is None:
                break
            ahead = (following[0], list(following[1]))
        uses = ahead[1] if ahead is not None and ahead[0] == ticket.id else []
        if ticket.home in segments or any(use.segment in segments for use in uses):
            yield ticket, uses


def _chunk(
    reader: Reader, heads: Sequence[Head], batch: Sequence[tuple[Ticket, list[Use]]]
) -> Chunk:
    names = Names(heads)
    credentials = credentials_by_ticket(reader, [ticket.id for ticket, _ in batch])
    records = []
    for ticket, uses in batch:
        names.meet([ticket.home, *(use.segment for use in uses)])
        records.append(record_of(ticket, uses, credentials.get(ticket.id, ()), names.places))
    return Chunk(tuple(names.names), tuple(records))


_ASKED_AT_GATES: Final = frozenset({"admission", "record", "passage", "annul", "exchange"})


def _answers(reader: Reader, heads: Sequence[Head]) -> Iterator[WireAnswer]:
    """Yield answers given lately, and all that a host took in from gates.

    A gate that never heard the answer asks the next host again, and must be told the same.
    """
    for settled in reader.scan(t.SETTLED):
        yield WireAnswer(*settled)
    for head in heads:
        newest = reader.last_of_epochs(head.number)
        start = newest[-1][1] - limits.ANSWERS_CARRIED_MAX if newest else 0
        epoch = next((epoch for epoch, seq in newest if seq > start), 0)
        cursor = (epoch, max(start, 0))
        while rows := reader.journal_after({head.number: cursor}, limits.IMPORT_ROWS_AT_ONCE_MAX):
            cursor = rows[-1][1:3]
            for row in rows:
                if row.request_id and row.kind in _ASKED_AT_GATES:
                    place = (head.uuid, row.epoch, row.seq, row.at_ms, row.node)
                    yield WireAnswer(row.request_id, *place, row.kind, row.payload)


def credentials_by_ticket(
    reader: Reader, tickets: Sequence[bytes]
) -> dict[bytes, list[CredentialRow]]:
    """Return all credentials of tickets, ended ones too."""
    found: dict[bytes, list[CredentialRow]] = {}
    for row in reader.credentials(tickets):
        found.setdefault(row.ticket, []).append(row)
    return found


def records_by_id(reader: Reader, tickets: Sequence[bytes]) -> Chunk:
    """Return tickets as they stand now; those that are not there are left out."""
    heads = list(reader.scan(t.HEAD))
    uses: dict[bytes, list[Use]] = {}
    for use in reader.rows(t.USE, list(tickets), width=1):
        uses.setdefault(use.ticket, []).append(use)
    rows = {row.id: row for row in reader.rows(t.TICKET, list(tickets))}
    batch = [(rows[key], uses.get(key, [])) for key in tickets if key in rows]
    return _chunk(reader, heads, batch)


class Unfit(Exception):
    """Bytes that are no chunk of a snapshot."""


def read_chunk(frame: bytes) -> Chunk:
    """Return a chunk from its frame, without the length before it. Raises Unfit."""
    try:
        if not 0 <= zstandard.frame_content_size(frame) <= CHUNK_BYTES_MAX:
            raise Unfit("too large")
        return _unpack(zstandard.ZstdDecompressor().decompress(frame))
    except (zstandard.ZstdError, msgspec.MsgspecError, ValueError) as error:
        raise Unfit(str(error)) from error


def frame_bytes(length: bytes) -> int:
    """Return how many bytes a frame has, from the length before it. Raises Unfit."""
    (size,) = _length.unpack(length)
    if not 0 < size <= CHUNK_BYTES_MAX:
        raise Unfit("too large")
    return int(size)


class Bytes(Protocol):
    """Bytes in memory, or a file mapped there."""

    def __len__(self) -> int:
        """Return how many there are."""

    def __getitem__(self, part: slice, /) -> bytes:
        """Return some of them."""


def split_snapshot(data: Bytes) -> Iterator[bytes]:
    """Yield the frames of a whole snapshot. Raises Unfit if it is cut off."""
    place = 0
    while place < len(data):
        if len(data) - place < LENGTH_BYTES:
            raise Unfit("cut off")
        size = frame_bytes(data[place : place + LENGTH_BYTES])
        place += LENGTH_BYTES
        if len(data) - place < size:
            raise Unfit("cut off")
        yield data[place : place + size]
        place += size
