"""What paired terminals send and are told: pairing, signing on and off, their status."""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from paifang.core import limits
from paifang.core.rules import Role, TerminalRole
from paifang.services.live.bodies import Pin, RequestId, Username

COUNT_MAX: Final = 1_000_000
CLOCK_MS_MAX: Final = 1 << 53
COORDINATE_CHARS: Final = 43
SIGNATURE_CHARS: Final = 86
_B64URL: Final = r"^[A-Za-z0-9_-]+$"

Version = Annotated[
    str,
    Meta(
        max_length=limits.VERSION_CHARS_MAX,
        # "$" alone also matches before a line feed at the end.
        pattern=r"^[ -~]*(?!\n)$",
        description="Which version of the page the terminal runs.",
    ),
]
Coordinate = Annotated[
    str,
    Meta(
        min_length=COORDINATE_CHARS,
        max_length=COORDINATE_CHARS,
        description="32 bytes, base64url without padding.",
        extra_json_schema={"pattern": _B64URL},
    ),
]
TerminalId = Annotated[str, Meta(min_length=1, max_length=limits.REQUEST_ID_CHARS_MAX)]
Signed = Annotated[str, Meta(min_length=1, max_length=limits.TOKEN_CHARS_MAX)]


class KeyBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The public half of the terminal's key, as of RFC 7517: a point of P-256."""

    kty: Literal["EC"]
    crv: Literal["P-256"]
    x: Coordinate
    y: Coordinate


class PairBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A device shows the code from the manager's screen, and the key it has made."""

    code: Annotated[
        str, Meta(min_length=1, max_length=64, description="As scanned or typed, in any spelling.")
    ]
    key: KeyBody
    request_id: RequestId
    version: Version = ""


class GateShown(msgspec.Struct, frozen=True, kw_only=True):
    """A gate the terminal may stand at, with its zone."""

    slug: str
    name: str
    name_zh: str
    zone: str
    zone_name: str
    zone_name_zh: str
    directions: tuple[Literal["entry", "exit"], ...]


class TerminalShown(msgspec.Struct, frozen=True, kw_only=True):
    """What a terminal is told of itself. `staffed`: it works only with somebody signed on."""

    id: str
    name: str
    role: TerminalRole
    staffed: bool
    gates: tuple[GateShown, ...]


class PairedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The device is the terminal now. The same code with the same key gets the same answer."""

    terminal: TerminalShown
    node: str
    now_ms: int


class ChallengeBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which terminal wants to sign on."""

    terminal: TerminalId


class ChallengeAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What the terminal has to sign until then (UTC ms); also for terminals that do not exist."""

    challenge: str
    now_ms: int
    until_ms: int


class TokenBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A signed challenge, and who is on duty: `staff` with `pin`, `card`, `shift`, or nobody.

    `signature` is ECDSA with P-256 and SHA-256 as the 64 bytes r and s (IEEE P1363), base64url
    without padding, over the UTF-8 lines "paifang/terminal-token", terminal, challenge, staff,
    shift, each ended by one line feed; staff and shift are empty lines where they are not sent.
    """

    terminal: TerminalId
    challenge: Signed
    signature: Annotated[
        str,
        Meta(
            min_length=SIGNATURE_CHARS,
            max_length=SIGNATURE_CHARS,
            extra_json_schema={"pattern": _B64URL},
        ),
    ]
    staff: Username = ""
    pin: Pin | UnsetType = UNSET
    card: Annotated[str, Meta(min_length=1, max_length=limits.CARD_CHARS_MAX)] | UnsetType = UNSET
    shift: Annotated[str, Meta(max_length=limits.TOKEN_CHARS_MAX)] = ""
    version: Version = ""


class StaffShown(msgspec.Struct, frozen=True, kw_only=True):
    """Who is on duty."""

    username: str
    name: str
    role: Role


class TokenAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A bearer token and until when it holds (UTC ms). `shift` renews it without PIN or card."""

    token: str
    until_ms: int
    now_ms: int
    terminal: TerminalShown
    node: str
    centre_version: int
    node_version: int
    shift: str | UnsetType = UNSET
    shift_until_ms: int | UnsetType = UNSET
    staff: StaffShown | UnsetType = UNSET


class SignOffBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The shift of the token ends; a shift ends once, however often this is asked."""

    request_id: RequestId | UnsetType = UNSET


class SignOffAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The shift has ended."""

    ok: bool = True


class StatusBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a terminal is: `unsent` records wait in it, `clock_ms` is its own clock (UTC ms)."""

    version: Version
    unsent: Annotated[int, Meta(ge=0, le=COUNT_MAX)]
    clock_ms: Annotated[int, Meta(ge=0, le=CLOCK_MS_MAX)]
    battery: Annotated[int, Meta(ge=0, le=100, description="percent")] | UnsetType = UNSET
    charging: bool | UnsetType = UNSET


class StatusAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The server's time, and what the terminal is now: its gates or role may have changed."""

    now_ms: int
    terminal: TerminalShown
