"""Leases at the centre: given to venue hosts, extended, broken; and what is wished of tickets.

Giving one takes effect at once: from then on nothing of it is decided here. Its snapshot is made by
a job, and the host fetches it, or it is carried there. Each verb asks the table of permissions
first and is written in the audit.
"""

import os
import secrets
import shutil
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from django.db import transaction

from paifang.core.ids import uuid7
from paifang.core.leases import (
    LIVE_STATES,
    OPEN_STATES,
    LeaseState,
    Right,
    WishKind,
    partner_of,
)
from paifang.core.rules import CentreRules, Event, Rules
from paifang.ledger import freeze
from paifang.ledger import tables as t
from paifang.ledger.commands import Command
from paifang.ledger.facts import Answer
from paifang.ledger.faults import LedgerFault, Misuse
from paifang.ledger.lease_commands import (
    BreakGlass,
    BreakLease,
    ExtendLease,
    GrantLease,
    MakeWish,
    ReturnLease,
)
from paifang.ledger.opening import LedgerReader
from paifang.ledger.rows import Lease, Wish
from paifang.services.desk import audit
from paifang.services.desk.context import context
from paifang.services.desk.jobs import JobFault, RunningJob, ask_for
from paifang.services.desk.nodes import peer_of
from paifang.services.desk.one_time_codes import time_ms
from paifang.services.desk.permissions import Act, Actor
from paifang.services.live.files import sync_directory, write_file
from paifang.services.live.foreign_keys import seal_ring
from paifang.services.live.signed_requests import verified
from paifang.store.models import Peer
from paifang.sync import spares
from paifang.sync.centre import Prepared, make_grant, own_cursor, segments_of
from paifang.sync.envelope import seal, take_apart, unseal
from paifang.sync.messages import Grant
from paifang.sync.snapshot import write_snapshot

SNAPSHOT: Final = "lease.snapshot"
AFTER_MS: Final = 12 * 60 * 60 * 1000
"""A lease goes on for so long behind the end of its last period unless somebody says otherwise."""
_WISH_ACTS: Final = {
    WishKind.void: Act.void_tickets,
    WishKind.block: Act.block_tickets,
    WishKind.unblock: Act.block_tickets,
}


class LeaseError(Exception):
    """A lease cannot be what was asked for.

    `code` is lease_unknown, period_unknown, frozen (this centre was restored) or refused. `subject`
    is what it is about: of `frozen` the hosts that are waited for, of `refused` the ledger's words.
    """

    def __init__(self, code: str, subject: str = "") -> None:
        """Keep the code and what it is about."""
        super().__init__(f"{code} {subject}".strip())
        self.code = code
        self.subject = subject


class Wanted(NamedTuple):
    """A lease to be given: to whom, on which periods of a site, for what, until when (UTC ms).

    `until_ms` is 0 for the usual end, 12 hours behind the last period. `spare` is the host that
    gets a sealed grant behind it, "" for none.
    """

    host: str
    site: str
    periods: Sequence[str]
    rights: Sequence[Right] = (Right.admit, Right.exchange)
    until_ms: int = 0
    spare: str = ""


class Shown(NamedTuple):
    """A lease, the host that holds it, whether its snapshot can be fetched, and its spare."""

    lease: Lease
    host: str
    prepared: bool
    spare: str = ""


def grant(wanted: Wanted, *, by: Actor, why: str = "") -> Lease:
    """Give a lease; from now on nothing of it is decided here, and its snapshot is made.

    Raises:
        NotPermitted: `by` may not.
        NodeError: There is no such host.
        LeaseError: There is no such period, or the ledger refuses.
        LedgerFault: The ledger cannot be written now.
    """
    by.require(Act.give_leases)
    peer = peer_of(wanted.host)
    spare = peer_of(wanted.spare) if wanted.spare else None
    lease = uuid7(time_ms(), secrets.token_bytes(10))
    _done(
        GrantLease(
            request_id=f"grant:{lease.hex()}",
            actor=by.name,
            lease=lease,
            site=wanted.site,
            periods=tuple(wanted.periods),
            lessee=peer.node,
            rights=tuple(right.value for right in wanted.rights),
            not_after_ms=wanted.until_ms or _usual_end(wanted),
            reason_text=why,
            spare=spare.node if spare is not None else "",
        )
    )
    with transaction.atomic():
        _ask_for_snapshot(lease, by)
        periods = " ".join(wanted.periods)
        behind = f", {spare.name}" if spare is not None else ""
        _written("lease_granted", f"{peer.name} {wanted.site} {periods}{behind}", by, why)
    return _lease(lease)


def _usual_end(wanted: Wanted) -> int:
    site = context().ledger.rules().centre.sites.get(wanted.site)
    ends = {period.key: period.until_ms for period in site.periods} if site else {}
    missing = [period for period in wanted.periods if period not in ends]
    if missing or not wanted.periods:
        raise LeaseError("period_unknown", " ".join([wanted.site, *missing]))
    return max(ends[period] for period in wanted.periods) + AFTER_MS


def extend(lease: bytes, until_ms: int, *, by: Actor, why: str = "") -> Lease:
    """Let a lease go on until later (UTC ms); its host hears of it with the next round.

    Raises:
        NotPermitted: `by` may not.
        LeaseError: There is no such lease, or the ledger refuses.
        LedgerFault: The ledger cannot be written now.
    """
    by.require(Act.give_leases)
    known = _lease(lease)
    _done(
        ExtendLease(
            request_id=f"extend:{lease.hex()}:{until_ms}",
            actor=by.name,
            lease=lease,
            not_after_ms=until_ms,
            reason_text=why,
        )
    )
    _written("lease_extended", f"{_host(known)} {known.site} {known.periods}", by, why)
    return _lease(lease)


def break_(lease: bytes, *, by: Actor, second: Actor, why: str) -> Lease:
    """Take a lease back without its host, on the word of two persons.

    Args:
        lease: Its id.
        by: Who does it.
        second: Who else stands behind it; the caller has made sure that it is they.
        why: The reason in words.

    Raises:
        NotPermitted: One of them may not.
        LeaseError: There is no such lease, or the ledger refuses.
        LedgerFault: The ledger cannot be written now.
    """
    command = BreakLease(
        request_id=f"break:{lease.hex()}",
        actor=by.name,
        lease=lease,
        second=second.name,
        reason_text=why,
    )
    known = _by_two(command, by, second)
    subject = f"{_host(known)} {known.site} {known.periods}, {second.name}"
    _written("lease_broken", subject, by, why)
    return _lease(lease)


def _by_two(command: BreakLease | BreakGlass, by: Actor, second: Actor) -> Lease:
    """Do what two persons stand behind; return the lease as it was before."""
    by.require(Act.give_leases)
    second.require(Act.give_leases)
    known = _lease(command.lease)
    _done(command)
    return known


def give_back(lease: bytes, *, by: Actor, why: str = "") -> Lease:
    """At a venue host: end a lease. The centre decides once it has everything of before.

    Raises:
        NotPermitted: `by` may not.
        LeaseError: There is no such lease, or it has ended.
        LedgerFault: The ledger cannot be written now.
    """
    by.require(Act.give_leases)
    known = _lease(lease)
    _done(
        ReturnLease(request_id=f"return:{lease.hex()}", actor=by.name, lease=lease, reason_text=why)
    )
    _written("lease_returned", f"{known.site} {known.periods}", by, why)
    return _lease(lease)


def break_glass(lease: bytes, *, by: Actor, second: Actor, why: str) -> Lease:
    """At a spare that reaches neither its lessee nor the centre: use a sealed grant.

    It opens once every gate has told its journal, or was written off.

    Args:
        lease: The sealed grant's id.
        by: Who does it.
        second: Who else stands behind it; the caller has made sure that it is they.
        why: The reason in words.

    Raises:
        NotPermitted: One of them may not.
        LeaseError: There is no such grant, or the ledger refuses.
        LedgerFault: The ledger cannot be written now.
    """
    command = BreakGlass(
        request_id=f"glass:{lease.hex()}",
        actor=by.name,
        lease=lease,
        second=second.name,
        reason_text=why,
    )
    known = _by_two(command, by, second)
    subject = f"{known.site} {known.periods}, {second.name}"
    _written("glass_broken", subject, by, why)
    return _lease(lease)


def wish(ticket: bytes, kind: WishKind, *, by: Actor, refund: bool = False, why: str = "") -> bytes:
    """Ask the host that holds a ticket to void, block or unblock it; return the wish's id.

    Raises:
        NotPermitted: `by` may not do that to a ticket.
        LeaseError: The ledger refuses: there is no such ticket, or it is decided here.
        LedgerFault: The ledger cannot be written now.
    """
    by.require(_WISH_ACTS[kind])
    made = uuid7(time_ms(), secrets.token_bytes(10))
    _done(
        MakeWish(
            request_id=f"make-wish:{made.hex()}",
            actor=by.name,
            wish=made,
            ticket=ticket,
            kind=kind.value,
            refund=refund,
            reason_text=why,
        )
    )
    _written("wish_made", f"{kind.value} {ticket.hex()}", by, why)
    return made


def wishes(*, by: Actor) -> list[Wish]:
    """Return all wishes, the oldest first. Raises NotPermitted, LedgerFault."""
    by.require(Act.see_leases)
    with context().ledger.reader() as reader:
        return list(reader.raw.scan(t.WISH))


def listed(*, by: Actor) -> list[Shown]:
    """Return all leases, the oldest first. Raises NotPermitted, LedgerFault."""
    by.require(Act.see_leases)
    names = dict(Peer.objects.values_list("node", "name"))
    joined = context().joined
    return [
        Shown(
            row,
            names.get(row.lessee, row.lessee),
            joined.grant_path(row.id).exists(),
            names.get(row.spare, row.spare),
        )
        for row in context().ledger.leases()
    ]


def _lease(lease: bytes) -> Lease:
    found = next((row for row in context().ledger.leases() if row.id == lease), None)
    if found is None:
        raise LeaseError("lease_unknown", lease.hex())
    return found


def _host(lease: Lease) -> str:
    peer = Peer.objects.filter(node=lease.lessee).first()
    return peer.name if peer else lease.lessee


def _done(command: Command) -> Answer:
    """Commit a command. Raises LeaseError for what the ledger refuses, LedgerFault."""
    (answer,) = context().ledger.commit([command])
    if isinstance(answer, LedgerFault):
        if isinstance(answer, Misuse):
            waits = _waited_for()
            raise LeaseError("frozen" if waits else "refused", waits or answer.detail) from answer
        raise answer
    return answer


def _waited_for() -> str:
    """Return the names of the hosts that a restored centre waits for."""
    with context().ledger.reader() as reader:
        awaited = freeze.awaited(reader.raw.meta())
    names = dict(Peer.objects.values_list("node", "name"))
    return ", ".join(names.get(node, node) for node in awaited)


def _written(what: str, subject: str, by: Actor, why: str) -> None:
    audit.record(what, who=by.name, subject=subject, why=why, where=by.where)


# The snapshot.


def _ask_for_snapshot(lease: bytes, by: Actor | None = None) -> None:
    ask_for(SNAPSHOT, lease.hex(), {"lease": lease.hex()}, by=by)


def ask_for_missing() -> None:
    """Ask for snapshots of leases that have none: a process may have died in between."""
    if context().centre is not None:
        return
    joined = context().joined
    for lease in context().ledger.leases():
        if joined.grant_path(lease.id).exists():
            continue
        # Of one that was forgotten and taken back its host has everything.
        if lease.state == LeaseState.granted and not lease.document:
            _ask_for_snapshot(lease.id)
        elif lease.state == LeaseState.sealed:
            _ask_for_snapshot(partner_of(lease.id))


def forget_ended() -> None:
    """Delete snapshots nobody will fetch any more: they name people."""
    joined = context().joined
    for lease in context().ledger.leases():
        if lease.state not in {LeaseState.granted, LeaseState.sealed}:
            joined.snapshot(lease.id).unlink(missing_ok=True)
        if lease.state not in LIVE_STATES:
            joined.grant_path(lease.id).unlink(missing_ok=True)


def prepare(job: RunningJob) -> None:
    """Make the snapshot of a lease and the signed grant beside it; the grant comes last.

    The sealed grant behind it is made of the same snapshot, which lies there a second time.
    """
    lease = bytes.fromhex(str(job.payload["lease"]))
    joined = context().joined
    with context().ledger.reader() as reader:
        known = next((row for row in reader.leases() if row.id == lease), None)
        if known is None or known.state not in OPEN_STATES:
            raise JobFault("lease_ended")
        if not joined.grant_path(lease).exists():
            part = joined.part(lease)
            document = _prepared(reader, known, part)
            part.replace(joined.snapshot(lease))
            if known.spare:
                _put_twice(joined.snapshot(lease), joined.snapshot(partner_of(lease)))
            sync_directory(part.parent)
            write_file(joined.grant_path(lease), document)
        sealed = next((row for row in reader.leases() if row.id == partner_of(lease)), None)
        if sealed is not None and not joined.grant_path(sealed.id).exists():
            write_file(joined.grant_path(sealed.id), _behind(reader, lease, sealed))


def _put_twice(path: Path, other: Path) -> None:
    other.unlink(missing_ok=True)
    try:
        os.link(path, other)
    except OSError:
        # A file system that has no links.
        shutil.copyfile(path, other)


def _behind(reader: LedgerReader, lease: bytes, sealed: Lease) -> bytes:
    """Return the sealed grant behind a lease whose grant is there already."""
    keys, rules = context().keys, reader.rules()
    document = take_apart(context().joined.grant_path(lease).read_bytes())
    grant = unseal(document, partial(verified, keys.public_key), Grant)
    ring = _ring_for(rules, sealed)
    return seal(spares.behind(grant, sealed.lessee, sealed.epoch, ring), keys.node, keys.sign)


def _prepared(reader: LedgerReader, lease: Lease, part: Path) -> bytes:
    """Write a snapshot to a file; return the sealed grant."""
    keys = context().keys
    rules = reader.rules()
    # Read before the snapshot: what is issued meanwhile comes by a delta, perhaps a second time.
    cursor = own_cursor(reader.raw)
    segments = frozenset(head.number for head in segments_of(reader.raw, lease))
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        made = write_snapshot(reader.raw, segments, file)
        file.flush()
        os.fsync(file.fileno())
    sealed = _ring_for(rules, lease)
    prepared = Prepared(made, cursor, keys.node)
    grant = make_grant(reader.raw, lease, prepared, rules.centre, sealed)
    return seal(grant, keys.node, keys.sign)


def _ring_for(rules: Rules, lease: Lease) -> bytes:
    """Return the keys of a lease's events, sealed for its lessee. Raises JobFault."""
    peer = rules.node.peers.get(lease.lessee)
    if peer is None or peer.revoked:
        raise JobFault("host_revoked")
    ring = context().keys.ring_of(events_at(rules.centre, lease.site))
    return seal_ring(ring, peer.exchange_key)


def events_at(rules: CentreRules, site: str) -> list[Event]:
    """Return the events whose tickets are shown at a site."""
    zones = {zone.slug for zone in rules.zones.values() if zone.site == site}
    numbers = {
        number for gate in rules.gates.values() if gate.zone in zones for number in gate.events
    }
    numbers |= {
        product.event
        for product in rules.products.values()
        if any(rule.zone in zones for rule in product.entitlements)
    }
    return [rules.events[number] for number in sorted(numbers) if number in rules.events]
