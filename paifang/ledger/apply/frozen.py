"""Whether this node may decide what a restore has frozen."""

from paifang.ledger import freeze
from paifang.ledger.faults import NotPossible
from paifang.ledger.work import OWN_SEGMENT, Work


def check_thawed(work: Work) -> None:
    """Raise NotPossible, naming the hosts that are waited for, while this node is frozen."""
    work.head_tail(OWN_SEGMENT)
    awaited = freeze.awaited(work.settings)
    if awaited:
        peers = work.rules.node.peers
        names = [peers[node].name if node in peers else node for node in awaited]
        msg = (
            "this centre was restored from a backup and decides nothing until these hosts have"
            f" reported or were written off: {', '.join(names)}"
        )
        raise NotPossible(msg)
