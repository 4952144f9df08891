"""A person typed into a form, checked as a row of a list is: the same rules, the same words."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from paifang.services.desk.attendees.columns import read_header
from paifang.services.desk.attendees.raw import RawRow
from paifang.services.desk.attendees.rows import AttendeeRow, read_row

FIELDS: Final = ("name", "company", "email", "phone", "document_type", "document_number", "card")
_COLUMNS: Final = read_header(("reference", *FIELDS))


class PersonError(Exception):
    """A field of the form is wrong; `message` is an English message with `params`."""

    def __init__(self, field: str, message: str, params: Mapping[str, str]) -> None:
        """Keep which, what, and what the message names."""
        super().__init__(field)
        self.field = field
        self.message = message
        self.params = dict(params)


def read_person(form: Mapping[str, str]) -> AttendeeRow:
    """Return who was typed. Raises PersonError at the first field that is wrong."""
    # With something to recognise it by, a row needs no name: an exhibitor's tickets have none.
    cells = ("-", *(form.get(field, "") for field in FIELDS))
    row = read_row(RawRow(1, cells), _COLUMNS, datetime.now(UTC).date())
    if isinstance(row, AttendeeRow):
        return row
    raise PersonError(row.field or "name", row.message, row.params)
