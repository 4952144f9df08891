"""What a ledger keeps about having been brought back from a copy, among its small settings.

`generation` is how often that was, or more, and `heard_generation` that of the centre, at a lessee;
`awaited` are the nodes that have not told yet what they hold; `written_off` those nobody waits for;
`positions` where its own journal went on each time; `regain/<lease>` how far it was told of a
lease; `asks` (at a lessee) what its centre wants to know; `regained_rules` the version of its own
rules that a centre was told again.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from paifang.ledger.restore_commands import DONE, Ask

GENERATION: Final = "generation"
HEARD: Final = "heard_generation"
AWAITED: Final = "awaited"
WRITTEN_OFF: Final = "written_off"
POSITIONS: Final = "positions"
ASKS: Final = "asks"
REGAINED_RULES: Final = "regained_rules"

Settings = Mapping[str, str]

_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(tuple[Ask, ...]).decode


def generation(settings: Settings) -> int:
    """Return the restore generation, 0 for a ledger that was never brought back."""
    return int(settings.get(GENERATION, "0"))


def heard(settings: Settings) -> int:
    """Return the restore generation of its centre that a lessee heard of, 0 for none."""
    return int(settings.get(HEARD, "0"))


def awaited(settings: Settings) -> tuple[str, ...]:
    """Return the nodes that are waited for; while there are any, this node is frozen."""
    return tuple(settings.get(AWAITED, "").split())


def written_off(settings: Settings) -> tuple[str, ...]:
    """Return the nodes nobody waits for, since the last restore."""
    return tuple(settings.get(WRITTEN_OFF, "").split())


def position_after(settings: Settings, heard: int) -> int | None:
    """Return the place in the own journal (seq) from which nothing that was told still holds.

    Args:
        settings: Of the ledger that was brought back.
        heard: The newest generation that was heard of by whoever was told.

    Returns:
        None if nothing was forgotten since.
    """
    pairs = (pair.split(":") for pair in settings.get(POSITIONS, "").split())
    return min((int(seq) for number, seq in pairs if int(number) > heard), default=None)


def position_of(settings: Settings) -> int:
    """Return where the own journal went on after the last restore."""
    newest = settings.get(POSITIONS, "").rpartition(":")[2]
    return int(newest or 0)


def told_of(lease: bytes) -> str:
    """Return the name of the setting that says how far this node was told of a lease."""
    return f"regain/{lease.hex()}"


def is_told(settings: Settings, lease: bytes) -> bool:
    """Whether everything of a lease was told since the last restore."""
    return settings.get(told_of(lease), DONE) == DONE


def asks(settings: Settings) -> tuple[Ask, ...]:
    """Return what the centre wants to be told, as a lessee keeps it."""
    text = settings.get(ASKS, "")
    return _unpack(bytes.fromhex(text)) if text else ()


def packed(wanted: Sequence[Ask]) -> str:
    """Return what is wanted as a setting's value."""
    return _pack(tuple(wanted)).hex() if wanted else ""
