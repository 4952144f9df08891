"""What the desk's services work with besides the store: the ledger, the keys, the data directory.

The runtime installs it once per process, in the desk and in every command line run.
"""

from dataclasses import dataclass, field
from pathlib import Path

from paifang.services.desk.reach import Reach
from paifang.services.live.joined import Centre, Joined
from paifang.services.live.keys import Keys
from paifang.services.live.ports import DeskLedger


@dataclass(frozen=True, slots=True)
class DeskContext:
    """The ledger as the desk sees it, the node's keys, where its files are, how it is reached."""

    ledger: DeskLedger
    keys: Keys
    data: Path
    reach: Reach = field(default_factory=Reach)

    @property
    def joined(self) -> Joined:
        """The files about other nodes."""
        return Joined(self.data)

    @property
    def centre(self) -> Centre | None:
        """The centre this node joined as a venue host, None if it is nobody's."""
        return self.joined.centre()


class _Installed:
    """The one context of this process."""

    context: DeskContext | None = None


def install(context: DeskContext | None) -> None:
    """Make a context the one of this process; None takes it away again."""
    _Installed.context = context


def context() -> DeskContext:
    """Return the context of this process. Raises RuntimeError before one was installed."""
    if _Installed.context is None:
        raise RuntimeError("no ledger is open in this process")
    return _Installed.context
