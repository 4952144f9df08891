"""The venue host's side of the exchange: a round of telling and hearing, and fetching a snapshot.

Blocking, and never in the way of a gate: it has a reading connection of its own, and what it
commits queues beside the scans in small commands. The ledger says how far everything is, so a round
may break off at any moment and the next one goes on; a snapshot goes on at the byte it stopped at.
"""

import hashlib
import logging
import mmap
import os
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Final, NamedTuple, Protocol

import msgspec

from paifang.core import limits
from paifang.core.leases import LeaseState
from paifang.core.link import BULK_BYTES, UNKNOWN, Exchange, LinkTold, observe
from paifang.ledger.faults import LedgerFault
from paifang.ledger.opening import LedgerReader
from paifang.ledger.rows import Lease
from paifang.services.live.foreign_keys import open_ring
from paifang.services.live.joined import Centre, Joined, LineState
from paifang.services.live.keys import Keys
from paifang.services.live.signed_requests import HEADER, signed_header, verified
from paifang.sync import gates, lessee
from paifang.sync.envelope import NotGenuine, seal, take_apart, unseal
from paifang.sync.lessee import Boot, Commit, leases_of
from paifang.sync.messages import Down, Grant, LinkStatus, Up
from paifang.sync.snapshot import Unfit
from paifang.sync.telling import ROW_BYTES_ABOUT

log = logging.getLogger(__name__)

PATH: Final = "/api/v1/sync"
DIGEST: Final = "paifang-digest"
NONCE_BYTES: Final = 16
QUICK_S: Final = 1.0
SLOW_S: Final = 5.0
MANY_ROWS: Final = 200
"""With more than so many rows waiting the next round follows at once."""
_HASH_BYTES: Final = 1024 * 1024
_NO_ANSWER: Final = frozenset({"unreachable", "timeout", "certificate", "answer_wrong"})
"""Faults by which no centre answered, so that they tell of the line."""


class LineFault(Exception):
    """A round did not go through. `code` is stable.

    It is `unreachable`, `timeout`, `certificate`, `answer_wrong`, `snapshot_altered`, `disk`, the
    code of the centre's problem, or that of the ledger's fault. `centre_ms` is the centre's time
    (UTC ms) where it told it, 0 else.
    """

    def __init__(self, code: str, centre_ms: int = 0) -> None:
        """Keep the code, which is also the message."""
        super().__init__(code)
        self.code = code
        self.centre_ms = centre_ms


class Measured(NamedTuple):
    """How an exchange was under way, until the last byte of the answer; the connection was there.

    `sent` packets, of which so many were `resent`, and how long one takes there and back, as far as
    the system tells.
    """

    size: int
    taken_ms: int
    rtt_ms: int = UNKNOWN
    sent: int = 0
    resent: int = 0


NOTHING: Final = Measured(0, 0)


class Line(Protocol):
    """A way to the centre. Each method raises LineFault."""

    @property
    def measured(self) -> Measured:
        """How the last `post` was under way."""

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> bytes:
        """Return what the centre answers to a body of bytes."""

    def get(self, path: str, headers: Mapping[str, str]) -> Iterator[bytes]:
        """Yield the bytes of what stands at a path, as they come."""


class Hands(NamedTuple):
    """What a round works with: a reading connection nobody else uses, and what commits."""

    reader: LedgerReader
    commit: Commit


Progress = Callable[[int, int], None]


def _silent(_done: int, _total: int) -> None:
    return


class HostSide:
    """A node that joined a centre."""

    def __init__(
        self, keys: Keys, joined: Joined, now_ms: Callable[[], int], version: str = ""
    ) -> None:
        """Take the node's keys, its files, the clock (UTC ms), and what program it runs."""
        self._keys = keys
        self._joined = joined
        self._now_ms = now_ms
        self._version = version[: limits.VERSION_CHARS_MAX]
        self.tell_bytes = limits.SYNC_TELL_BYTES_FIRST
        """About how much journal is told at once; it grows while the line is quick."""

    @property
    def is_suspended(self) -> bool:
        """Whether the line is too bad, so that rounds only look whether it is better."""
        return self._joined.line().watch.is_suspended

    def round(self, hands: Hands, line: Line, *, anyway: bool = False) -> bool:
        """Tell the centre what it lacks, and do what it says; only look while that is suspended.

        Args:
            hands: Reading and committing.
            line: To the centre.
            anyway: A person wants it told over a line that is too bad, too.

        Returns:
            Whether there is more to tell or to hear, so that the next round should follow at once.

        Raises:
            LineFault: It did not go through. Nothing is lost.
        """
        with self._joined.turn(), self._noted() as centre:
            is_probe = not anyway and self.is_suspended
            try:
                return self._round(hands, line, centre, is_probe=is_probe)
            except LineFault as fault:
                if fault.code != "request_stale" or not fault.centre_ms:
                    raise
                # Our clock is another than the centre's: say the time as it is there.
                self._note(ahead_ms=self._now_ms() - fault.centre_ms)
            return self._round(hands, line, centre, is_probe=is_probe)

    @contextmanager
    def _noted(self) -> Iterator[Centre]:
        """Hand out the centre; write down how the line was found, whatever comes of it."""
        centre = self._joined.centre()
        if centre is None:
            raise LineFault("not_joined")
        if not centre.url:
            raise LineFault("no_line")
        self._note(tried_ms=self._now_ms())
        try:
            yield centre
        except LineFault as fault:
            self._failed(fault.code)
            raise
        except NotGenuine as error:
            raise self._failed("answer_wrong") from error
        except LedgerFault as error:
            raise self._failed(error.code) from error
        except OSError as error:
            log.warning("a lease could not be kept: %s", error.strerror)
            raise self._failed("disk") from error

    def _failed(self, code: str) -> LineFault:
        self.tell_bytes = max(limits.SYNC_TELL_BYTES_MIN, self.tell_bytes // 4)
        if code in _NO_ANSWER:
            self._observe(Exchange(self._now_ms(), came=False))
        self._note(up=False, error=code)
        return LineFault(code)

    def _note(self, **changes: object) -> LineState:
        state = msgspec.structs.replace(self._joined.line(), **changes)
        self._joined.keep_line(state)
        return state

    def _observe(self, seen: Exchange) -> None:
        """Write down what an exchange was like; log it if the line is suspended, or goes on."""
        before = self._joined.line().watch
        watch = observe(before, self._joined.limits(), seen)
        self._note(watch=watch)
        if watch.state is not before.state:
            told = watch.figures
            log.log(
                logging.WARNING if watch.is_suspended else logging.INFO,
                "the line to the centre is %s: %d %% lost, %d ms, %d kbit/s",
                *(watch.state.value, told.loss_percent, told.latency_ms, told.kbit),
            )

    def _seen(self, measured: Measured, worked_ms: int) -> Exchange:
        """Return what an answered exchange was like, without what the centre worked on it."""
        under_way_ms = max(0, measured.taken_ms - worked_ms)
        rtt_ms = measured.rtt_ms
        if rtt_ms == UNKNOWN and measured.size < BULK_BYTES:
            rtt_ms = under_way_ms
        taken_ms = under_way_ms - max(0, rtt_ms)
        return Exchange(
            self._now_ms(),
            came=True,
            rtt_ms=rtt_ms,
            size=measured.size,
            taken_ms=taken_ms,
            sent=measured.sent,
            resent=measured.resent,
        )

    def _round(self, hands: Hands, line: Line, centre: Centre, *, is_probe: bool) -> bool:
        state = self._joined.line()
        boot = self._joined.boot()
        last = bytes.fromhex(state.last) if state.boot == boot else b""
        this = Boot(boot, secrets.token_bytes(NONCE_BYTES), last)
        up = (
            self._probe(hands.reader, state, this)
            if is_probe
            else self._up(hands.reader, state, this)
        )
        body = seal(up, self._keys.node, self._keys.sign)
        digest = hashlib.sha256(body).hexdigest()
        signed = signed_header(self._keys, PATH, digest, self._now_ms() - state.ahead_ms)
        started = time.monotonic()
        answer = line.post(PATH, body, {HEADER: signed, DIGEST: digest})
        taken_s = time.monotonic() - started
        down = self.open_down(centre, answer)
        if down.reply_to != up.nonce:
            raise LineFault("answer_wrong")
        heard_ms = self._now_ms()
        self._note(boot=boot, last=up.nonce.hex(), ahead_ms=heard_ms - down.at_ms)
        self._observe(self._seen(line.measured, down.worked_ms))
        fresh = self.hear(hands, centre, down)
        if not is_probe:
            self._fit(up, taken_s)
        left = lessee.backlog(hands.reader.raw)
        refused = tuple(dict.fromkeys(code for _, code in down.faults))
        self._note(
            up=True,
            success_ms=heard_ms,
            error="",
            backlog=left.rows,
            oldest_ms=left.oldest_ms,
            refused=refused,
            asked="" if fresh else self._joined.line().asked,
        )
        if refused:
            log.warning("the centre did not take everything: %s", " ".join(refused))
        if is_probe:
            return not self.is_suspended
        return down.more or (left.rows > MANY_ROWS and not refused)

    def _probe(self, reader: LedgerReader, state: LineState, boot: Boot) -> Up:
        """Return what asks for nothing, and is big enough to see how much gets through."""
        pad = secrets.token_bytes(BULK_BYTES) if self._joined.limits().kbit else b""
        return msgspec.structs.replace(self._up(reader, state, boot, 0), probe=True, pad=pad)

    def _up(
        self, reader: LedgerReader, state: LineState, boot: Boot, size: int | None = None
    ) -> Up:
        left = lessee.backlog(reader.raw)
        watch = state.watch
        link = LinkTold(state=watch.state, since_ms=watch.since_ms, figures=watch.figures)
        status = LinkStatus(
            left.rows,
            left.oldest_ms,
            self._now_ms(),
            self._version,
            state.asked,
            msgspec.json.encode(link).decode(),
        )
        size = self.tell_bytes if size is None else size
        return lessee.tell(reader.raw, self._keys.node, boot, size, status)

    def _fit(self, up: Up, taken_s: float) -> None:
        """Tell more at once over a line that is quick, and less over one that is slow."""
        told = sum(len(row.payload) + ROW_BYTES_ABOUT for page in up.pages for row in page.rows)
        if taken_s > SLOW_S:
            self.tell_bytes = max(limits.SYNC_TELL_BYTES_MIN, self.tell_bytes // 2)
        elif taken_s < QUICK_S and 2 * told >= self.tell_bytes:
            self.tell_bytes = min(limits.SYNC_TELL_BYTES_MAX, 2 * self.tell_bytes)

    def export(self, reader: LedgerReader) -> tuple[bytes, int]:
        """Return what the centre lacks as a sealed document, and how many rows did not fit."""
        with self._joined.turn():
            boot = Boot(self._joined.boot(), secrets.token_bytes(NONCE_BYTES))
            state = self._joined.line()
            up = self._up(reader, state, boot, limits.SYNC_EXPORT_BYTES_MAX)
        told = sum(len(page.rows) for page in up.pages)
        left = lessee.backlog(reader.raw).rows - told
        return seal(up, self._keys.node, self._keys.sign), max(0, left)

    def open_down(self, centre: Centre, data: bytes) -> Down:
        """Return what the centre says. Raises NotGenuine."""
        sealed = take_apart(data)
        if sealed.node != centre.node:
            raise NotGenuine("altered")
        return unseal(sealed, partial(verified, centre.public_key), Down)

    def hear(self, hands: Hands, centre: Centre, down: Down) -> list[Grant]:
        """Do what the centre says; return new grants. Raises NotGenuine, LedgerFault."""

        def open_grant(document: bytes) -> Grant:
            return self.open_grant(centre, document)

        fresh = lessee.hear(hands.reader.raw, hands.commit, down, open_grant)
        for grant in fresh:
            if grant.keys:
                self._keys.foreign.add(open_ring(grant.keys, self._keys.exchange))
        return fresh

    def open_grant(self, centre: Centre, document: bytes) -> Grant:
        """Return a grant that the centre gave this node. Raises NotGenuine."""
        sealed = take_apart(document)
        grant = unseal(sealed, partial(verified, centre.public_key), Grant)
        if (sealed.node, grant.centre, grant.lessee) != (centre.node, centre.node, self._keys.node):
            raise NotGenuine("altered")
        return grant

    def heard_by_file(self, reader: LedgerReader, at_ms: int) -> None:
        """Write down that what the centre wrote at a moment (its clock, UTC ms) was taken in."""
        left = lessee.backlog(reader.raw)
        carried_ms = max(at_ms, self._joined.line().carried_ms)
        self._note(carried_ms=carried_ms, backlog=left.rows, oldest_ms=left.oldest_ms, asked="")

    def wanted(self, reader: LedgerReader) -> list[Lease]:
        """Return the leases that were taken and whose tickets are not here yet."""
        return [
            row
            for row in leases_of(reader.raw)
            if row.state in {LeaseState.granted, LeaseState.sealed}
            # One of an empty site has nothing to be fetched, and is opened by looking.
            and (row.loaded != row.chunks or not (row.chunks or row.collect))
        ]

    def open_complete(self, hands: Hands) -> None:
        """Open the leases that lack nothing any more; a process may have died just before."""
        gates.open_if_complete(hands.reader.raw, hands.commit)

    def fetch(
        self, hands: Hands, line: Line, slice_s: float = 10.0, progress: Progress = _silent
    ) -> bool:
        """Fetch what leases still lack, for a while at most, and open those that are complete.

        Args:
            hands: Reading and committing.
            line: To the centre.
            slice_s: After how many seconds to let a round come between.
            progress: Told how many bytes of how many are here.

        Returns:
            Whether something is still to be fetched.

        Raises:
            LineFault: It did not go through; what has come stays.
        """
        until = time.monotonic() + slice_s
        for lease in self.wanted(hands.reader):
            with self._noted() as centre:
                grant = self.open_grant(centre, lease.document)
                if not self._fetched(line, lease.id, grant, until, progress):
                    return True
                self.load(hands, lease, grant)
        return False

    def _fetched(
        self, line: Line, lease: bytes, grant: Grant, until: float, progress: Progress
    ) -> bool:
        """Fetch a snapshot from where it stands; whether it is complete now."""
        if self._joined.snapshot(lease).exists():
            return True
        part = self._joined.part(lease)
        have = part.stat().st_size if part.exists() else 0
        first, started = have, time.monotonic()
        if have > grant.snapshot_bytes:
            part.unlink()
            have = 0
        with part.open("ab") as file:
            if have < grant.snapshot_bytes:
                for piece in self._pieces(line, lease, have):
                    file.write(piece)
                    have += len(piece)
                    progress(have, grant.snapshot_bytes)
                    if time.monotonic() >= until or have > grant.snapshot_bytes:
                        break
            taken_ms = round((time.monotonic() - started) * 1000)
            file.flush()
            os.fsync(file.fileno())
        seen = Exchange(self._now_ms(), came=True, size=max(0, have - first), taken_ms=taken_ms)
        self._observe(seen)
        self._note(fetched=have, fetching=grant.snapshot_bytes)
        if have < grant.snapshot_bytes:
            return False
        self.accept_snapshot(lease, grant)
        return True

    def _pieces(self, line: Line, lease: bytes, start: int) -> Iterator[bytes]:
        path = f"{PATH}/leases/{lease.hex()}/snapshot"
        range_ = f"bytes={start}-"
        at_ms = self._now_ms() - self._joined.line().ahead_ms
        signed = signed_header(self._keys, path, range_, at_ms)
        return line.get(path, {HEADER: signed, "range": range_})

    def accept_snapshot(self, lease: bytes, grant: Grant) -> None:
        """Compare a snapshot that has come with its grant, and give it its name.

        Raises LineFault snapshot_altered; what had come is thrown away.
        """
        part = self._joined.part(lease)
        with part.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").digest()
        if digest != grant.snapshot or part.stat().st_size != grant.snapshot_bytes:
            part.unlink()
            self._note(fetched=0)
            raise LineFault("snapshot_altered")
        part.replace(self._joined.snapshot(lease))

    def load(self, hands: Hands, lease: Lease, grant: Grant, progress: Progress = _silent) -> None:
        """Take a snapshot in chunk by chunk and open the lease; the file is deleted then.

        Raises LineFault snapshot_altered, LedgerFault, NotGenuine.
        """
        path = self._joined.snapshot(lease.id)
        try:
            if grant.keys:
                self._keys.foreign.add(open_ring(grant.keys, self._keys.exchange))
            with path.open("rb") as file:
                data = (
                    mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
                    if grant.snapshot_bytes
                    else b""
                )
                for chunk in lessee.load(hands.commit, lease, data):
                    progress(chunk, grant.chunks)
                if isinstance(data, mmap.mmap):
                    data.close()
        except (Unfit, ValueError) as error:
            path.unlink(missing_ok=True)
            log.exception("the snapshot of a lease cannot be read")
            raise LineFault("snapshot_altered") from error
        path.unlink(missing_ok=True)
        self._note(fetched=0, fetching=0)
