"""What the list of tickets is narrowed to, as it stands in an address and in a saved view."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from paifang.core import limits
from paifang.core.tickets import Status


class Used(StrEnum):
    """Whether anybody has entered by a ticket."""

    yes = "yes"
    no = "no"


class Filters(NamedTuple):
    """What tickets are asked for; 0, "" and None ask for all.

    `text` is searched for; everything else must fit exactly. `company` is a company's whole name.
    """

    text: str = ""
    event: int = 0
    product: int = 0
    session: int = 0
    status: Status | None = None
    used: Used | None = None
    company: str = ""

    def as_query(self) -> dict[str, str]:
        """Return the filters as an address carries them, without those that ask for all."""
        told = {
            "q": self.text,
            "event": str(self.event or ""),
            "product": str(self.product or ""),
            "session": str(self.session or ""),
            "status": "" if self.status is None else self.status.name,
            "used": self.used or "",
            "company": self.company,
        }
        return {name: value for name, value in told.items() if value}


NUMBER_DIGITS: Final = 10


def filters_of(query: Mapping[str, str]) -> Filters:
    """Return what an address asks for; what makes no sense asks for all."""
    status = query.get("status", "")
    used = query.get("used", "")
    return Filters(
        text=query.get("q", "").strip()[: limits.SEARCH_CHARS_MAX],
        event=_number(query.get("event", "")),
        product=_number(query.get("product", "")),
        session=_number(query.get("session", "")),
        status=Status[status] if status in Status.__members__ else None,
        used=Used(used) if used in list(Used) else None,
        company=query.get("company", "").strip()[: limits.FIELD_CHARS_MAX],
    )


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < NUMBER_DIGITS else 0
