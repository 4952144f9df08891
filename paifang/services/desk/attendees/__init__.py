"""Reading lists of attendees: a file in, checked rows out; knows no ledger and no database."""

from paifang.services.desk.attendees.cells import export_safe
from paifang.services.desk.attendees.columns import Chosen, Columns
from paifang.services.desk.attendees.errors_file import (
    ErrorsFile,
    errors_header,
    errors_path,
    errors_row,
)
from paifang.services.desk.attendees.faults import FILE_FAULTS, ROW_FAULTS, FileError, RowError
from paifang.services.desk.attendees.preview import Preview, preview_list
from paifang.services.desk.attendees.reading import AttendeeList, open_list
from paifang.services.desk.attendees.rows import AttendeeRow, identity

__all__ = [
    "FILE_FAULTS",
    "ROW_FAULTS",
    "AttendeeList",
    "AttendeeRow",
    "Chosen",
    "Columns",
    "ErrorsFile",
    "FileError",
    "Preview",
    "RowError",
    "errors_header",
    "errors_path",
    "errors_row",
    "export_safe",
    "identity",
    "open_list",
    "preview_list",
]
