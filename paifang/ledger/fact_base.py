"""What every fact of the journal has in common."""

import msgspec


class Fact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The common part: versions of the centre's and the node's rules, and who acted."""

    rules: tuple[int, int] = (0, 0)
    actor: str = ""
