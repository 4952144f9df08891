"""The journal of a node that was itself brought back from a copy: a branch of what is known here.

Rows it wrote after the copy was made are here and not there. It goes on under a new epoch from an
earlier number; both stay, and the chain of the new rows starts where the copy ended.
"""

import msgspec

from paifang.ledger import tables as t
from paifang.ledger.facts import HandoverFact, fact_of
from paifang.ledger.faults import Diverged, Gap
from paifang.ledger.journal import Tail, chained, first_hash
from paifang.ledger.lease_commands import ImportRows, WireRow
from paifang.ledger.rows import Base, JournalRow, PageRow
from paifang.ledger.work import Work


def up_to_branch(work: Work, tail: Tail, command: ImportRows) -> ImportRows:
    """Return the rows of a node's own segment that come before a branch, or move to it.

    If the first row begins a branch, the segment's growing end is put there, so that it comes next.

    Raises:
        Gap: The row begins no branch, or one behind rows that are missing here.
        Diverged: It branches off where nothing is known any more.
        Misuse: It cannot be read.
    """
    at = next((n for n, row in enumerate(command.rows) if row.epoch > tail.epoch), None)
    if at is None:
        return command
    if at:
        return msgspec.structs.replace(command, rows=command.rows[:at])
    first = command.rows[0]
    if first.seq > tail.seq + 1 or not _is_branch(command.node, first):
        msg = f"row {tail.epoch}/{tail.seq + 1} comes next"
        raise Gap(msg)
    before = tail.epoch
    if first.seq <= tail.seq:
        tail.hash = _hash_at(work, tail, first.seq - 1)
        tail.seq, tail.page_rows = first.seq - 1, 0
        work.bases.append(
            Base(
                tail.head.number,
                first.epoch,
                before,
                tail.seq,
                tail.hash,
                tail.page,
                0,
                tail.last_at_ms,
            )
        )
    tail.epoch = first.epoch
    tail.grown = True
    return command


def _is_branch(node: str, row: WireRow) -> bool:
    try:
        fact = fact_of(row.kind, row.payload)
    except (KeyError, ValueError, msgspec.MsgspecError):
        return False
    return isinstance(fact, HandoverFact) and (fact.to, fact.epoch) == (node, row.epoch)


def _hash_at(work: Work, tail: Tail, seq: int) -> bytes:
    """Return the chain's hash after a row of the newest epoch. Raises Diverged."""
    number, epoch = tail.head.number, tail.epoch
    pages: list[PageRow] = work.engine.get(t.PAGE, (number,), width=1)
    bases: list[Base] = work.engine.get(t.BASE, (number,), width=1)
    known = [(page.seq, page.hash) for page in pages if page.epoch == epoch and page.seq <= seq]
    known += [(base.seq, base.hash) for base in bases if base.epoch == epoch and base.seq <= seq]
    if not epoch:
        known.append((0, first_hash(tail.head.uuid)))
    if not known:
        msg = "this node was restored from before its journal was last known to branch"
        raise Diverged(msg)
    start, hash_ = max(known)
    rows: list[JournalRow] = work.engine.get(
        t.JOURNAL, [(number, epoch, n) for n in range(start + 1, seq + 1)]
    )
    for row in sorted(rows):
        hash_ = chained(hash_, row)
    return hash_
