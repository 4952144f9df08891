"""Acts by hand, written down in the desk's audit, get a place in the node's chain."""

from typing import Final

from paifang.ledger.commands import Seal
from paifang.ledger.facts import Answer, SealFact
from paifang.ledger.faults import Misuse
from paifang.ledger.work import OWN_SEGMENT, Work

ENTRY_BYTES: Final = 16
DIGEST_BYTES: Final = 32


def seal(work: Work, command: Seal) -> Answer:
    """Record what an act's digest was. Raises Misuse if it is not asked under the act's own id."""
    fits = (len(command.entry), len(command.digest)) == (ENTRY_BYTES, DIGEST_BYTES)
    if not fits or command.request_id != command.entry.hex():
        msg = "an act is sealed once, under its own id"
        raise Misuse(msg)
    fact = SealFact(
        rules=(work.rules.centre.version, work.rules.node.version),
        actor=command.actor,
        entry=command.entry.hex(),
        digest=command.digest.hex(),
    )
    return work.write(OWN_SEGMENT, fact, command)
