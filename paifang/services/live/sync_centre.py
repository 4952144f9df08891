"""The centre's side of the exchange: opens what a venue host sent, and seals what it is answered.

Blocking: the runtime calls it in a thread of its own, with a reading connection nobody else uses.
Rows are committed page by page, so that a gate's scan waits for one page at most.
"""

import logging
import re
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from msgspec.structs import replace

from paifang.core.rules import Peer
from paifang.ledger import freeze
from paifang.ledger.facts import PeerFact
from paifang.ledger.faults import LedgerFault
from paifang.ledger.lease_commands import HearPeer
from paifang.ledger.opening import LedgerReader
from paifang.services.live.joined import Joined
from paifang.services.live.keys import Keys
from paifang.services.live.problems import Problem, faults_as_problems
from paifang.services.live.signed_requests import known_peer, verified
from paifang.sync.centre import Here, answer
from paifang.sync.envelope import NotGenuine, Sealed, seal, take_apart, unseal
from paifang.sync.lessee import Commit
from paifang.sync.messages import Down, Grant, Up
from paifang.sync.restored import Own

log = logging.getLogger(__name__)

ACTOR: Final = "sync"
DOCUMENTS_MAX: Final = 9_999
"""In one file: ten million rows of the centre's own journal."""
_PROBLEMS: Final = {
    "altered": "document_forged",
    "too_new": "document_too_new",
}
_RANGE: Final = re.compile(r"bytes=(\d{1,15})-(\d{0,15})")


class Part(NamedTuple):
    """A part of a file: where it lies, its first byte, how many bytes, and the file's size."""

    path: Path
    start: int
    size: int
    whole: int


class Heard(NamedTuple):
    """What a file told: by whom, how many rows, which were not taken in, and the answers."""

    node: str
    rows: int
    refused: tuple[str, ...]
    documents: tuple[bytes, ...]


class CentreSide:
    """A centre that answers venue hosts."""

    def __init__(self, keys: Keys, joined: Joined, now_ms: Callable[[], int]) -> None:
        """Take the node's keys, its files about leases, and the clock (UTC ms)."""
        self._keys = keys
        self._joined = joined
        self._now_ms = now_ms

    def answer(
        self, reader: LedgerReader, commit: Commit, data: bytes, *, node: str, came_s: float = 0.0
    ) -> bytes:
        """Take in what a host tells, and return what it is answered, sealed.

        Args:
            reader: A connection nobody else uses meanwhile.
            commit: Commits commands.
            data: The sealed document.
            node: Who asks.
            came_s: When the document came, by `time.monotonic`; 0: just now.

        Raises:
            Problem: It is not genuine, of a node that may not talk, or the ledger cannot be
                written now.
        """
        came_s = came_s or time.monotonic()
        sealed = _apart(data)
        if sealed.node != node:
            raise Problem("document_forged")
        peer = known_peer(reader.rules(), node)
        up = self.open(peer, sealed)
        with faults_as_problems():
            self._hear(commit, peer, up)
            down = self._down(reader, commit, up)
        for segment, code in down.faults:
            log.warning("rows of %s were not taken in: %s (segment %s)", peer.name, code, segment)
        # So the host knows how much of the time its line took.
        worked_ms = round((time.monotonic() - came_s) * 1000)
        return self._sealed(replace(down, worked_ms=worked_ms))

    def _down(self, reader: LedgerReader, commit: Commit, up: Up) -> Down:
        own = Own(self._own_grant, self._is_ours)
        here = Here(self._keys.node, self._joined.grant, self._now_ms(), own)
        return answer(reader.raw, commit, up, here)

    def _own_grant(self, document: bytes) -> Grant:
        """Open a grant that this centre signed once. Raises ValueError."""
        try:
            sealed = take_apart(document)
            if sealed.node != self._keys.node:
                raise ValueError("another node's grant")
            return unseal(sealed, partial(verified, self._keys.public_key), Grant)
        except NotGenuine as fault:
            raise ValueError("not a grant of this centre") from fault

    def _is_ours(self, body: bytes, signature: bytes) -> bool:
        """Whether this node signed a version of the rules."""
        return verified(self._keys.public_key, body, signature)

    def _sealed(self, down: Down) -> bytes:
        return seal(down, self._keys.node, self._keys.sign)

    def heard(self, reader: LedgerReader, commit: Commit, data: bytes) -> Heard:
        """Take in what was carried here in a file, which may be late and out of its order.

        Raises:
            Problem: As `answer`.
        """
        sealed = _apart(data)
        up = self.open(known_peer(reader.rules(), sealed.node), sealed)
        with faults_as_problems():
            downs = self._downs(reader, commit, up)
        refused = tuple(dict.fromkeys(code for _, code in downs[0].faults))
        rows = sum(len(page.rows) for page in up.pages)
        return Heard(up.node, rows, refused, tuple(map(self._sealed, downs)))

    def first_words(self, reader: LedgerReader, commit: Commit, node: str) -> tuple[bytes, ...]:
        """Return what a node that has told nothing yet is to know. Raises Problem."""
        with faults_as_problems():
            generation = freeze.generation(reader.raw.meta())
            nothing = Up(node=node, boot=0, nonce=b"", generation=generation)
            downs = self._downs(reader, commit, nothing)
        return tuple(map(self._sealed, downs))

    def _downs(self, reader: LedgerReader, commit: Commit, up: Up) -> list[Down]:
        """Return answers until nothing is missing: a file is not asked a second time."""
        downs = [self._down(reader, commit, up)]
        while downs[-1].more and downs[-1].deltas and len(downs) < DOCUMENTS_MAX:
            until = {delta.lease: delta.until for delta in downs[-1].deltas}
            have = tuple(
                replace(have, cursor=until.get(have.lease, have.cursor)) for have in up.have
            )
            up = replace(up, pages=(), told=(), bundles=(), have=have)
            downs.append(self._down(reader, commit, up))
        return downs

    def part(self, reader: LedgerReader, node: str, lease: str, range_: str) -> Part:
        """Return which part of which file holds a lease's snapshot for its lessee.

        Raises:
            Problem: not_found (also for another node's lease, or while it is being made), or
                range_not_there.
        """
        try:
            key = bytes.fromhex(lease)
        except ValueError:
            raise Problem("not_found") from None
        if not any(row.id == key and row.lessee == node for row in reader.leases()):
            raise Problem("not_found")
        return part_of(self._joined.snapshot(key), range_)

    def open(self, peer: Peer, sealed: Sealed) -> Up:
        """Return what a host tells. Raises Problem."""
        try:
            up = unseal(sealed, partial(verified, peer.public_key), Up)
        except NotGenuine as fault:
            raise problem_of_document(fault) from None
        if up.node != sealed.node:
            raise Problem("document_forged")
        return up

    def _hear(self, commit: Commit, peer: Peer, up: Up) -> None:
        """Remember where this host's messages stand; log it if two machines speak as it."""
        status = up.status
        (outcome,) = commit(
            [
                HearPeer(
                    actor=ACTOR,
                    node=up.node,
                    boot=up.boot,
                    nonce=up.nonce,
                    last=up.last,
                    now_ms=status.now_ms,
                    backlog=status.backlog,
                    oldest_ms=status.oldest_ms,
                    version=status.version,
                    asked=status.asked,
                    link=status.link,
                )
            ]
        )
        if isinstance(outcome, LedgerFault):
            raise outcome
        fact = outcome.decoded()
        assert isinstance(fact, PeerFact), "hearing a peer is answered with what was heard"
        if fact.what == "doubled":
            log.error(
                "two machines speak as %s: start %d after %d was known",
                peer.name,
                fact.boot,
                fact.before,
            )


def _apart(data: bytes) -> Sealed:
    try:
        return take_apart(data)
    except NotGenuine as fault:
        raise problem_of_document(fault) from None


def problem_of_document(fault: NotGenuine) -> Problem:
    """Return what the writer of a document that is not genuine is told."""
    return Problem(_PROBLEMS.get(fault.code, "document_unreadable"))


def part_of(path: Path, range_: str) -> Part:
    """Return which bytes of a file are asked for.

    Args:
        path: The file.
        range_: The value of the Range header; what is no single range of bytes is all of it.

    Raises:
        Problem: not_found, range_not_there.
    """
    try:
        whole = path.stat().st_size
    except FileNotFoundError:
        raise Problem("not_found") from None
    asked = _RANGE.fullmatch(range_)
    if asked is None:
        return Part(path, 0, whole, whole)
    start = int(asked[1])
    last = min(int(asked[2]), whole - 1) if asked[2] else whole - 1
    if start >= whole or last < start:
        raise Problem("range_not_there")
    return Part(path, start, last - start + 1, whole)
