"""The venue's name on its network, such as paifang-1a2b.local, the same for the life of its keys.

It is made of the node's id, unless the certificate was brought here from another machine: a spare
answers to the name of the machine it stands in for, so that phones need not be set up anew.
"""

import re
from pathlib import Path
from typing import Final

NAME: Final = re.compile(r"paifang-[0-9a-z]{4}\.local")
NAME_FILE: Final = "name"


def own_name(node: str) -> str:
    """Return the name made of a node's id."""
    return f"paifang-{node.replace('-', '')[-4:]}.local"


def venue_name(directory: Path, node: str) -> str:
    """Return the name this machine answers to.

    Args:
        directory: Where the certificates are kept.
        node: The node's id.

    Raises:
        OSError: The file with the name that was brought here cannot be read.
        ValueError: It holds no name of ours.
    """
    try:
        brought = (directory / NAME_FILE).read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return own_name(node)
    if not NAME.fullmatch(brought):
        raise ValueError(f"{directory / NAME_FILE}: {brought[:80]!r}")
    return brought
