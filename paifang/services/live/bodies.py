"""What comes in and goes out at the hot endpoints, as types: decoded strictly, shown in OpenAPI.

Unknown members are refused, so that a misspelt `count` never admits one person instead of thirty.
"""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from paifang.core import limits
from paifang.core.reasons import Basis, Reason, Verdict

REQUEST_ID_PATTERN: Final = r"^[A-Za-z0-9._:-]+$"
SLUG_CHARS_MAX: Final = 100
PIN_CHARS_MAX: Final = 64

RequestId = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=limits.REQUEST_ID_CHARS_MAX,
        description="Minted once per terminal, ticket and intent, and kept until answered; "
        "may stand in the Idempotency-Key header instead.",
        extra_json_schema={"pattern": REQUEST_ID_PATTERN},
    ),
]
Slug = Annotated[str, Meta(min_length=1, max_length=SLUG_CHARS_MAX)]
Pin = Annotated[str, Meta(min_length=1, max_length=PIN_CHARS_MAX)]
Username = Annotated[str, Meta(max_length=SLUG_CHARS_MAX)]
# No control characters: the text goes into reports, and one engine cannot keep U+0000.
ReasonText = Annotated[
    str,
    Meta(
        max_length=limits.REASON_TEXT_CHARS_MAX,
        extra_json_schema={"pattern": r"^[^\u0000-\u001f\u007f]*$"},
    ),
]
Instant = Annotated[
    str, Meta(description="RFC 3339, UTC, milliseconds", extra_json_schema={"format": "date-time"})
]


class AdmissionBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A ticket shown at a gate."""

    code: Annotated[
        str,
        Meta(max_length=limits.CODE_CHARS_MAX, description="As scanned or typed, in any spelling."),
    ]
    gate: Slug
    request_id: RequestId | UnsetType = UNSET
    direction: Literal["entry", "exit"] = "entry"
    kind: Literal["auto", "code", "serial", "document", "card", "account"] = "auto"
    count: Annotated[int, Meta(ge=1, le=limits.GROUP_PEOPLE_MAX)] = 1
    face_check: Literal["", "match", "staff", "mismatch"] = ""
    staff: Username = ""


class OverrideBody(AdmissionBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A ticket admitted against a refusal by a supervisor or manager, who signs with a PIN."""

    pin: Pin
    reason_text: Annotated[ReasonText, Meta(min_length=1)]
    staff: Annotated[Username, Meta(min_length=1)]


class PassageBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What became of a permission."""

    result: Literal["passed", "not_shown", "no_passage"]
    request_id: RequestId | UnsetType = UNSET


class AnnulBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The person did not pass. With `staff` and `pin` a supervisor stands behind it."""

    reason_text: ReasonText = ""
    request_id: RequestId | UnsetType = UNSET
    staff: Username = ""
    pin: Pin | UnsetType = UNSET


class TicketShown(msgspec.Struct, frozen=True, kw_only=True):
    """The ticket as the steward may see it. `uses_left` is null where nothing limits the uses."""

    id: str
    product: str
    product_zh: str
    product_id: str
    holder: str
    people: int
    uses_left: int | None


class FirstEntry(msgspec.Struct, frozen=True, kw_only=True):
    """The earlier entry that uses the ticket up."""

    at: Instant
    gate: str
    gate_zh: str
    terminal: str
    by: str


class AdmissionAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The decision. The same request id gets the same one for as long as the journal is kept."""

    decision: Verdict
    reason: Reason
    request_id: str
    direction: Literal["entry", "exit"]
    zone: str
    people: int
    basis: Basis
    node: str
    epoch: int
    seq: int
    ticket: TicketShown | UnsetType = UNSET
    first: FirstEntry | UnsetType = UNSET


class PassageAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A passage recorded; `off` people were taken off the count inside."""

    admission: str
    result: Literal["passed", "not_shown", "no_passage"]
    request_id: str
    off: int
    node: str
    epoch: int
    seq: int


class AnnulAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An admission taken back: so many uses given back, so many people off the count inside."""

    admission: str
    request_id: str
    uses_back: int
    off: int
    node: str
    epoch: int
    seq: int


class ZoneShown(msgspec.Struct, frozen=True, kw_only=True):
    """People of one zone today. `cap` 0 is without limit; `alarm`: the set level is met."""

    zone: str
    name: str
    name_zh: str
    entries: int
    exits: int
    inside: int
    cap: int
    alarm: bool


class OccupancyAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The counts of every zone the terminal may see, and how old they are."""

    as_of: Instant
    age_ms: int
    zones: tuple[ZoneShown, ...]


class ProblemDocument(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A problem as of RFC 9457. `code` is stable; the words are in the caller's language."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    field: str = ""
    expected: str = ""
    retry_after: int = 0


class CheckShown(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that must be well before this process may serve."""

    name: str
    ok: bool
    detail: str


class ReadinessAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Whether this process may be sent requests."""

    ready: bool
    checks: tuple[CheckShown, ...]


class HealthAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The process runs."""

    status: Literal["ok"] = "ok"


class NullAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The constant answer of the benchmark's null endpoint."""

    decision: Literal["admit"] = "admit"
