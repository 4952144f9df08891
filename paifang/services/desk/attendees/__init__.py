"""Reading lists of attendees: a file in, checked rows out; knows no ledger and no database."""

from paifang.services.desk.attendees.cells import export_safe
from paifang.services.desk.attendees.errors_file import ErrorsFile, errors_path
from paifang.services.desk.attendees.faults import FILE_FAULTS, ROW_FAULTS, FileError, RowError
from paifang.services.desk.attendees.reading import AttendeeList, open_list
from paifang.services.desk.attendees.rows import AttendeeRow, identity

__all__ = [
    "FILE_FAULTS",
    "ROW_FAULTS",
    "AttendeeList",
    "AttendeeRow",
    "ErrorsFile",
    "FileError",
    "RowError",
    "errors_path",
    "export_safe",
    "identity",
    "open_list",
]
