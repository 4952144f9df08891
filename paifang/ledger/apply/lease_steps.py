"""What the steps of leases have in common, whoever takes them."""

from paifang.ledger.commands import Command
from paifang.ledger.facts import LeaseFact
from paifang.ledger.faults import Misuse, NotAllowed
from paifang.ledger.journal import Tail
from paifang.ledger.rows import Lease
from paifang.ledger.work import Work


def lease_fact(
    work: Work, command: Command, what: str, lease: Lease, tails: list[Tail]
) -> LeaseFact:
    """Return a step of a lease as a fact, with its segments' heads at this moment."""
    return LeaseFact(
        rules=work.versions,
        actor=command.actor,
        what=what,
        lease=lease.id.hex(),
        site=lease.site,
        lessee=lease.lessee,
        epoch=lease.epoch,
        not_after_ms=lease.not_after_ms,
        periods=tuple(lease.periods.split()),
        rights=lease.rights,
        heads=tuple((tail.head.uuid, tail.epoch, tail.seq, tail.hash.hex()) for tail in tails),
        second=getattr(command, "second", ""),
        reason_text=getattr(command, "reason_text", ""),
        written_off=getattr(command, "written_off", ()),
        spare=lease.spare,
    )


def held_tails(work: Work, lease: Lease) -> list[Tail]:
    """Return the growing ends of a lease's segments that are still under its epoch."""
    found = (work.tail_of(lease.site, period) for period in (*lease.periods.split(), ""))
    return [tail for tail in found if tail is not None and tail.epoch == lease.epoch]


def check_two(what: str, actor: str, second: str, reason_text: str) -> None:
    """Make sure that two persons and a reason stand behind a step.

    Raises NotAllowed without two different persons, Misuse without a reason.
    """
    if not actor or not second or actor == second:
        msg = f"two persons must stand behind {what}"
        raise NotAllowed(msg)
    if not reason_text.strip():
        msg = f"{what} needs a reason in words"
        raise Misuse(msg)
