"""What a venue host sends to join, and what it is told."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from paifang.core import limits
from paifang.services.live.bodies_terminals import Version

NODE_PATTERN: Final = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?!\n)$"
DOMAIN: Final = "paifang join 1"

Node = Annotated[
    str, Meta(pattern=NODE_PATTERN, description="The node's own name, a UUID with hyphens.")
]
Key = Annotated[
    str, Meta(pattern=r"^[0-9a-f]{64}(?!\n)$", description="32 bytes in hexadecimal digits.")
]
Signature = Annotated[
    str, Meta(pattern=r"^[0-9a-f]{128}(?!\n)$", description="64 bytes in hexadecimal digits.")
]


class JoinBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A machine shows a manager's code, its keys, and that it holds the one that signs."""

    code: Annotated[
        str,
        Meta(max_length=64, description="As printed or typed; empty in a file carried by hand."),
    ]
    node: Node
    public_key: Key
    exchange_key: Key
    signature: Signature
    version: Version = ""

    def signed(self) -> bytes:
        """Return what the signature is of."""
        lines = (DOMAIN, self.code, self.node, self.public_key, self.exchange_key)
        return "".join(f"{line}\n" for line in lines).encode()


class JoinedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The machine is a venue host of this centre now; asked again, it is told the same."""

    node: Node
    name: Annotated[str, Meta(max_length=limits.NAME_CHARS_MAX)]
    public_key: Key
    host: Annotated[str, Meta(max_length=limits.NAME_CHARS_MAX)]
    now_ms: int
