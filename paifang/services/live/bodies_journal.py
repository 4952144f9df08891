"""What was written down while no host could be asked, and what became of it."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from paifang.core import limits
from paifang.services.live.bodies import ReasonText, RequestId, Slug, Username


class RecordBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """People who passed a gate at a time that is over. `staff` is who stood there."""

    request_id: RequestId
    at: Annotated[datetime, Meta(tz=True, description="When they passed, RFC 3339")]
    code: Annotated[
        str,
        Meta(max_length=limits.CODE_CHARS_MAX, description="As scanned or typed, in any spelling."),
    ]
    gate: Slug
    kind: Literal["auto", "code", "serial", "document", "card", "account"] = "auto"
    direction: Literal["entry", "exit"] = "entry"
    count: Annotated[int, Meta(ge=1, le=limits.GROUP_PEOPLE_MAX)] = 1
    staff: Username = ""
    reason_text: ReasonText = ""


class JournalBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Passages in the order they happened."""

    records: Annotated[list[RecordBody], Meta(min_length=1, max_length=limits.RECORDS_MAX)]


class RecordAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one record.

    `accepted`: counted, or, of people who left, counted out. `conflict`: written down and counted
    although the ticket did not allow it; `reason` says why not, `conflict` names it in reports, and
    `against` is the request id of the admission it stands against, if there is one. `unknown`:
    written down, but no ticket has this code. `refused`: not written down, `reason` says why.
    """

    request_id: str
    result: Literal["accepted", "conflict", "unknown", "refused"]
    reason: str
    conflict: str | UnsetType = UNSET
    against: str | UnsetType = UNSET


class JournalAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One answer for each record, in their order."""

    results: tuple[RecordAnswer, ...]
