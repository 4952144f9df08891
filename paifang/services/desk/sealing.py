"""Acts by hand are chained with the journal: each entry's digest becomes a fact of this node.

An entry is written in the transaction of its act, and sealed right after by a thread of the desk.
A crash in between delays that; the next pass takes up what is not sealed yet. Asked twice, the
ledger answers the same.
"""

import hashlib
import json
import logging
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC
from typing import Final, NamedTuple

from django.db import Error, close_old_connections, connection

from paifang.core import limits
from paifang.ledger.commands import Seal
from paifang.ledger.facts import Answer
from paifang.ledger.faults import LedgerFault, Misuse
from paifang.services.desk.context import context
from paifang.store.models import AuditEntry

log = logging.getLogger(__name__)

PASS_S: Final = 30
"""How often entries of other processes are looked for."""
FAILED_S: Final = 5
_WRITTEN: Final = ("who", "what", "subject", "why", "where")
_wake = threading.Event()


class Difference(NamedTuple):
    """An act that store and journal tell differently: a code of the ledger's findings, its id."""

    code: str
    entry: str


def wake() -> None:
    """Let the sealer look for new entries at once."""
    _wake.set()


def digest_of(entry: AuditEntry) -> bytes:
    """Return the SHA-256 of everything that was written of an act."""
    told = {name: getattr(entry, name) for name in _WRITTEN}
    told |= {"id": entry.pk.hex, "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds")}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).digest()


def seal_page() -> int:
    """Seal the oldest entries that are not yet, in order; return how many were looked at.

    An entry the ledger knows otherwise was altered after it was sealed. It is marked so, once, for
    everybody who reads the audit, and never asked again: the journal keeps what it knew.

    Raises:
        LedgerFault: The ledger could not be reached or is busy; what is left stays to be sealed.
    """
    waiting = list(
        AuditEntry.objects.filter(sealed=False, altered=False).order_by("id")[
            : limits.SEALS_AT_ONCE_MAX
        ]
    )
    if not waiting:
        return 0
    outcomes = context().ledger.commit([_seal(entry) for entry in waiting])
    done, altered = [], []
    later: LedgerFault | None = None
    for entry, outcome in zip(waiting, outcomes, strict=True):
        if isinstance(outcome, Answer):
            done.append(entry.pk)
        elif isinstance(outcome, Misuse):
            altered.append(entry.pk)
            log.error("an act was altered after it was sealed: %s %s", entry.pk, outcome.code)
        else:
            later = outcome
    AuditEntry.objects.filter(pk__in=done).update(sealed=True)
    AuditEntry.objects.filter(pk__in=altered).update(altered=True)
    if later is not None:
        raise later
    return len(waiting)


def seal_all() -> int:
    """Seal everything that waits; return how many entries that were. Raises LedgerFault."""
    total = 0
    while count := seal_page():
        total += count
    return total


def seal_now() -> None:
    """Seal everything that waits, should the ledger be there; else the server does it later."""
    try:
        seal_all()
    except LedgerFault as fault:
        log.warning("acts could not be sealed yet: %s", type(fault).__name__)


def sealed_entries() -> set[str]:
    """Return the ids, in hex, of the entries that the store takes for sealed."""
    return {pk.hex for pk in AuditEntry.objects.filter(sealed=True).values_list("pk", flat=True)}


def differences(seals: Mapping[str, str], sealed: set[str]) -> Iterator[Difference]:
    """Yield where the store's audit differs from what the journal knows.

    Nothing is found that a running server merely did meanwhile: an entry is kept before it is
    sealed, and sealed before the store says so.

    Args:
        seals: Digests by entry, in hex, as the journal has them; read after `sealed`, and before
            the store's entries are read here.
        sealed: `sealed_entries` of before.
    """
    missing = dict(seals)
    for entry in AuditEntry.objects.order_by("id").iterator():
        name = entry.pk.hex
        known = missing.pop(name, None)
        if known is None:
            if name in sealed:
                yield Difference("audit_unsealed", name)
        elif known != digest_of(entry).hex():
            yield Difference("audit_altered", name)
    for name in missing:
        yield Difference("audit_missing", name)


def start_sealer(stop: threading.Event) -> threading.Thread:
    """Seal what is written from now on, in a thread that ends soon after `stop` is set."""
    thread = threading.Thread(target=_run, args=(stop,), name="sealer", daemon=True)
    thread.start()
    return thread


def _seal(entry: AuditEntry) -> Seal:
    return Seal(
        request_id=entry.pk.hex, actor=entry.who, entry=entry.pk.bytes, digest=digest_of(entry)
    )


def _run(stop: threading.Event) -> None:
    try:
        while not stop.is_set():
            _wake.clear()
            pause_s = PASS_S
            try:
                close_old_connections()
                seal_all()
            except (LedgerFault, Error) as fault:
                # Both come back by themselves: a server that restarts, a store that is locked.
                log.warning("acts could not be sealed yet: %s", type(fault).__name__)
                pause_s = FAILED_S
            except Exception:
                # A bug here must be seen, and must not end the thread without a word.
                log.exception("the sealer met a bug")
            _wait(stop, pause_s)
    finally:
        connection.close()


def _wait(stop: threading.Event, pause_s: float) -> None:
    """Wait for an act, for the next pass, or for the end."""
    waited = 0.0
    while waited < pause_s and not stop.is_set() and not _wake.wait(1):
        waited += 1
