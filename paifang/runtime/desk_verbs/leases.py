"""Leases from the command line, at the centre and at a venue host, by line and by file."""

import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import msgspec

from paifang.core.leases import OPEN_STATES, LeaseState
from paifang.core.rules import Role
from paifang.ledger.rows import Lease
from paifang.runtime.desk_verbs.joining import line_words
from paifang.runtime.desk_verbs.nodes import problem_words
from paifang.runtime.faults import CommandError
from paifang.runtime.job_handlers import HANDLERS
from paifang.runtime.sync_line import HttpLine
from paifang.runtime.words import _
from paifang.services.desk import audit, failover, leases, line_limits, nodes
from paifang.services.desk.context import context
from paifang.services.desk.job_runner import run_next
from paifang.services.desk.permissions import COMMAND_LINE, Actor
from paifang.services.live.carried import CarriedFile, NotCarried, write_downs, write_up
from paifang.services.live.joined import AskedLease, Centre
from paifang.services.live.problems import Problem
from paifang.services.live.sync_centre import CentreSide
from paifang.services.live.sync_host import Hands, HostSide, LineFault, Progress
from paifang.store.models import User
from paifang.sync.envelope import NotGenuine

LOOK_S: Final = 0.2
"""How often to look for a file that another process's job makes and can tell nobody of."""

WAIT_S = 600.0
"""How long a snapshot is waited for that a running server makes."""


def now_ms() -> int:
    """Return the time, UTC milliseconds."""
    return time.time_ns() // 1_000_000


def _refused(fault: leases.LeaseError | nodes.NodeError) -> CommandError:
    words = {
        "lease_unknown": _("There is no lease “{name}”."),
        "period_unknown": _("There is no such site or period: {name}"),
        "node_unknown": _("There is no venue host “{name}”."),
        "frozen": _(
            "This centre was restored and waits for these hosts to report: {name}. One that will "
            "not is written off by “paifang node write-off”."
        ),
        "refused": _("The ledger refuses: {name}"),
        "spare_given_up": _("{name} is the host that is given up. Name another one."),
        "host_revoked": _("The venue host “{name}” was withdrawn."),
        "ends_past": _("The lease is over: give a new one."),
        "lease_broken_only": _(
            "The lease is broken, and could not be given to the other host: {name}. Give it as a "
            "new lease now."
        ),
        "not_collecting": _("This lease waits for no gate's journal."),
        "gate_unknown": _("There is no gate “{name}” whose journal is waited for."),
        "gate_told": _("The journal of {name} has come; it needs not be written off."),
        "gates_missing": _("The journals of these gates are missing, too: {name}"),
    }
    return CommandError(words[fault.code].format(name=fault.subject))


def _must_be_centre() -> None:
    if context().centre is not None:
        raise CommandError(_("This machine is a venue host; that is done at its centre."))


def _must_be_host() -> Centre:
    centre = context().centre
    if centre is None:
        raise CommandError(_("This machine has joined no centre. Run “paifang join” first."))
    return centre


def lease_of(name: str) -> Lease:
    """Return a lease by its id or how that begins; "" is the only one that runs.

    A sealed grant goes by its whole id. Raises CommandError.
    """
    return _the_one(
        name,
        [
            row
            for row in context().ledger.leases()
            if row.id.hex() == name.lower()
            or (row.state in OPEN_STATES if not name else row.state != LeaseState.sealed)
        ],
    )


def _the_one(name: str, leases: Sequence[Lease]) -> Lease:
    """Return the only one of leases whose id begins so. Raises CommandError."""
    found = [row for row in leases if row.id.hex().startswith(name.lower())]
    if len(found) != 1:
        words = _("There is no lease “{name}”.") if not found else _("Which lease? Say its id.")
        raise CommandError(words.format(name=name))
    return found[0]


def grant(wanted: leases.Wanted, why: str) -> dict[str, Any]:
    """Give a lease and see that its snapshot is made. Raises CommandError."""
    _must_be_centre()
    try:
        given = leases.grant(wanted, by=COMMAND_LINE, why=why)
    except (leases.LeaseError, nodes.NodeError) as fault:
        raise _refused(fault) from None
    return told(given, wanted.host)


def prepare() -> None:
    """Make the snapshots that wait, where no server is up to do it. Raises CommandError."""
    only = {leases.SNAPSHOT: HANDLERS[leases.SNAPSHOT]}
    while run_next(only):
        pass


def wait_prepared(lease: bytes) -> None:
    """Wait until the snapshot of a lease can be fetched. Raises CommandError."""
    path = context().joined.grant_path(lease)
    until = time.monotonic() + WAIT_S
    while not path.exists():
        prepare()
        if path.exists():
            return
        if time.monotonic() > until:
            raise CommandError(
                _("The segment's file was not made in time. Look at the server's log.")
            )
        time.sleep(LOOK_S)


def told(lease: Lease, host: str = "", *, prepared: bool = False) -> dict[str, Any]:
    """Return a lease for a report."""
    return {
        "lease": lease.id.hex(),
        "host": host,
        "site": lease.site,
        "periods": lease.periods.split(),
        "rights": lease.rights.split(),
        "epoch": lease.epoch,
        "state": LeaseState(lease.state).name,
        "granted_ms": lease.granted_ms,
        "not_after_ms": lease.not_after_ms,
        "chunks": lease.chunks,
        "loaded": lease.loaded,
        "prepared": prepared,
        "spare": lease.spare,
    }


def status() -> dict[str, Any]:
    """Return leases, and at a host how the line is."""
    here = context()
    shown = [
        told(one.lease, one.host, prepared=one.prepared) for one in leases.listed(by=COMMAND_LINE)
    ]
    centre = here.centre
    if centre is None:
        asked = [
            {"host": node.peer.name, "asked": node.state.asked}
            for node in nodes.listed(by=COMMAND_LINE)
            if node.state is not None and node.state.asked
        ]
        return {"role": "centre", "leases": shown, "asked": asked}
    line = here.joined.line()
    return {
        "role": "host",
        "centre": centre.name,
        "url": centre.url,
        "host": centre.host,
        "line": msgspec.to_builtins(line),
        "leases": shown,
    }


def ask(site: str, periods: Sequence[str], until_ms: int) -> None:
    """Ask the centre for a lease with the next round. Raises CommandError."""
    _must_be_host()
    asked = AskedLease(site=site, periods=tuple(periods), until_ms=until_ms)
    joined = context().joined
    with joined.turn():
        text = msgspec.json.encode(asked).decode()
        joined.keep_line(msgspec.structs.replace(joined.line(), asked=text))


def extend(name: str, until_ms: int, why: str) -> dict[str, Any]:
    """Let a lease go on until later. Raises CommandError."""
    _must_be_centre()
    try:
        extended = leases.extend(lease_of(name).id, until_ms, by=COMMAND_LINE, why=why)
    except leases.LeaseError as fault:
        raise _refused(fault) from None
    return told(extended)


def break_(name: str, second: str, password: str, why: str, spare: str = "") -> dict[str, Any]:
    """Break a lease on the word of whoever is here and of a second person.

    With a spare, that host gets the same lease in the same act, and it is returned.
    Raises CommandError.
    """
    _must_be_centre()
    lease = lease_of(name)
    actor = _second(second, password)
    try:
        if spare:
            given = failover.hand_over(lease, spare, by=COMMAND_LINE, second=actor, why=why)
            return told(given, spare)
        return told(leases.break_(lease.id, by=COMMAND_LINE, second=actor, why=why))
    except (leases.LeaseError, nodes.NodeError) as fault:
        raise _refused(fault) from None


def open_without(name: str, gates: Sequence[str], why: str) -> dict[str, Any]:
    """Return the gates of a lease that waits for their journals; open without those named.

    Raises CommandError.
    """
    _must_be_host()
    lease = lease_of(name)
    try:
        if gates:
            if not why.strip():
                raise CommandError(_("Say why, by --reason."))
            written_off = failover.open_without(lease, gates, by=COMMAND_LINE, why=why)
            return {"opened": True, "written_off": written_off}
        if not failover.is_collecting(lease):
            raise leases.LeaseError("not_collecting")
        rows = failover.gates_of(lease, by=COMMAND_LINE)
    except leases.LeaseError as fault:
        raise _refused(fault) from None
    return {
        "opened": False,
        "gates": [
            {
                "name": row.name,
                "told": row.has_told,
                "taken": row.taken,
                "parts": row.parts,
                "seen_s": row.seen_s,
            }
            for row in rows
        ],
    }


def _second(name: str, password: str) -> Actor:
    """Return the second person, who has typed a password. Raises CommandError."""
    user = User.objects.filter(username=name, is_active=True).first()
    if user is None or not user.check_password(password):
        raise CommandError(_("Name and password do not belong together."))
    return Actor(user.username, Role(user.role))


def break_glass(name: str, second: str, password: str, why: str) -> dict[str, Any]:
    """Use a sealed grant on the word of whoever is here and of a second person.

    Raises CommandError.
    """
    _must_be_host()
    sealed = [row for row in context().ledger.leases() if row.state == LeaseState.sealed]
    lease = _the_one(name, sealed)
    actor = _second(second, password)
    try:
        return told(leases.break_glass(lease.id, by=COMMAND_LINE, second=actor, why=why))
    except leases.LeaseError as fault:
        raise _refused(fault) from None


def give_back(name: str, why: str) -> dict[str, Any]:
    """Give a lease back. Raises CommandError."""
    _must_be_host()
    try:
        return told(leases.give_back(lease_of(name).id, by=COMMAND_LINE, why=why))
    except leases.LeaseError as fault:
        raise _refused(fault) from None


def line(changes: dict[str, int], why: str) -> dict[str, Any]:
    """Set how good the line must be where that is wanted; return it, and how it is.

    Raises CommandError.
    """
    _must_be_host()
    limits = replace(line_limits.limits_here(by=COMMAND_LINE), **changes)
    if changes:
        try:
            line_limits.set_limits(limits, by=COMMAND_LINE, why=why)
        except line_limits.LimitsError as fault:
            words = _("{name} is too small or too big.")
            raise CommandError(words.format(name=fault.subject)) from None
    watch = context().joined.line().watch
    return {
        "limits": asdict(limits),
        "state": watch.state.value,
        "since_ms": watch.since_ms,
        "figures": msgspec.to_builtins(watch.figures),
    }


def _host_side() -> HostSide:
    here = context()
    if not here.joined.boot():
        here.joined.next_boot()
    return HostSide(here.keys, here.joined, now_ms, version("paifang"))


def sync(progress: Progress) -> dict[str, Any]:
    """Tell and hear until both sides know the same, and fetch what is granted.

    Raises CommandError.
    """
    centre = _must_be_host()
    side = _host_side()
    ledger = context().ledger
    rounds = 0
    try:
        line = HttpLine(centre.url, centre.certificate) if centre.url else None
        if line is None:
            raise LineFault("no_line")
        with ledger.reader() as reader:
            hands = Hands(reader, ledger.commit)
            more, left, before = True, 1, 2
            # What goes on at the gates meanwhile may keep it from ever being empty.
            while more or 0 < left < before:
                before = left if rounds else sys.maxsize
                more = side.round(hands, line, anyway=True)
                rounds += 1
                while side.wanted(reader):
                    side.fetch(hands, line, progress=progress)
                    more = True
                left = context().joined.line().backlog
        line.close()
    except LineFault as fault:
        raise line_words(fault) from None
    state = context().joined.line()
    return {"rounds": rounds, "backlog": state.backlog, "refused": list(state.refused)}


def export(path: Path, host: str) -> dict[str, Any]:
    """Write a file for the other side. Raises CommandError."""
    if context().centre is not None:
        return _export_up(path)
    return _export_downs(path, host)


def _export_up(path: Path) -> dict[str, Any]:
    with context().ledger.reader() as reader:
        document, left = _host_side().export(reader)
    write_up(path, document)
    audit.record("sync_exported", who=COMMAND_LINE.name, subject=path.name)
    return {"file": str(path), "bytes": path.stat().st_size, "left": left}


def _export_downs(path: Path, host: str) -> dict[str, Any]:
    here = context()
    try:
        peer = nodes.peer_of(host)
    except nodes.NodeError as fault:
        raise _refused(fault) from None
    if peer.revoked:
        raise CommandError(_("The venue host “{name}” was withdrawn.").format(name=peer.name))
    for row in here.ledger.leases():
        if row.lessee == peer.node and row.state == LeaseState.granted:
            wait_prepared(row.id)
    side = CentreSide(here.keys, here.joined, now_ms)
    with here.ledger.reader() as reader:
        documents = side.first_words(reader, here.ledger.commit, peer.node)
    return _write_downs(path, documents, peer.node)


def _write_downs(path: Path, documents: Sequence[bytes], node: str) -> dict[str, Any]:
    here = context()
    snapshots = [
        (row.id, here.joined.snapshot(row.id))
        for row in here.ledger.leases()
        if row.lessee == node
        and row.state == LeaseState.granted
        and here.joined.snapshot(row.id).exists()
    ]
    write_downs(path, documents, snapshots)
    audit.record("sync_exported", who=COMMAND_LINE.name, subject=path.name)
    size = path.stat().st_size
    return {"file": str(path), "bytes": size, "left": 0, "snapshots": len(snapshots)}


def take_in(path: Path, answer: Path | None, progress: Progress) -> dict[str, Any]:
    """Take in a file of the other side; at a centre write the answer. Raises CommandError."""
    try:
        carried = CarriedFile(path)
    except NotCarried:
        raise CommandError(_("{path} was written by no node of ours.").format(path=path)) from None
    except OSError as error:
        raise CommandError(
            _("{path} cannot be read: {error}").format(path=path, error=error.strerror or error)
        ) from None
    try:
        centre = context().centre
        if centre is None:
            report = _take_up(carried, answer)
        else:
            report = _take_downs(carried, centre, progress)
    except NotCarried:
        raise CommandError(_("{path} is cut off or was altered.").format(path=path)) from None
    except NotGenuine as fault:
        words = _("{path} is not genuine ({code}). Nothing of it was taken in.")
        raise CommandError(words.format(path=path, code=fault.code)) from None
    except Problem as problem:
        raise problem_words(problem) from None
    except LineFault as fault:
        raise line_words(fault) from None
    finally:
        carried.close()
    audit.record("sync_imported", who=COMMAND_LINE.name, subject=path.name)
    return report


def _take_up(carried: CarriedFile, answer: Path | None) -> dict[str, Any]:
    here = context()
    cargo = carried.cargo()
    if not cargo.up:
        raise CommandError(_("This file is for a venue host, and this machine is the centre."))
    side = CentreSide(here.keys, here.joined, now_ms)
    with here.ledger.reader() as reader:
        heard = side.heard(reader, here.ledger.commit, cargo.up)
    report: dict[str, Any] = {"rows": heard.rows, "refused": list(heard.refused)}
    if answer is not None:
        for row in here.ledger.leases():
            if row.lessee == heard.node and row.state == LeaseState.granted:
                wait_prepared(row.id)
        report |= _write_downs(answer, heard.documents, heard.node)
    return report


def _take_downs(carried: CarriedFile, centre: Centre, progress: Progress) -> dict[str, Any]:
    here = context()
    cargo = carried.cargo()
    if not cargo.downs:
        raise CommandError(_("This file is for the centre, and this machine is a venue host."))
    side = _host_side()
    opened = 0
    with here.joined.turn(), here.ledger.reader() as reader:
        hands = Hands(reader, here.ledger.commit)
        # All are looked at before the first is heeded: a file is taken in whole or not at all.
        downs = [side.open_down(centre, document) for document in cargo.downs]
        for down in downs:
            side.hear(hands, centre, down)
        for lease in side.wanted(reader):
            if lease.id not in cargo.snapshots:
                continue
            document = side.open_grant(centre, lease.document)
            with here.joined.part(lease.id).open("wb") as file:
                carried.copy_snapshot(lease.id, file, document.snapshot_bytes)
                file.flush()
                os.fsync(file.fileno())
            side.accept_snapshot(lease.id, document)
            side.load(hands, lease, document, progress)
            opened += 1
        heard_ms = max(down.at_ms for down in downs)
        side.heard_by_file(reader, heard_ms)
    return {"documents": len(downs), "opened": opened}
