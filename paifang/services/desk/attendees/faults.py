"""What can be wrong with a list or one of its rows: stable codes first, words for people last."""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

Translate = Callable[[str], str]
"""gettext, handed in: English message to the reader's language."""


def N_(message: str) -> str:  # noqa: N802 - the mark by which message extraction finds the text
    """Mark a message for translation without translating it yet."""
    return message


FILE_FAULTS: Final[dict[str, str]] = {
    "empty": N_("The file is empty."),
    "too_large": N_("The file has %(size)s bytes; at most %(limit)s are read."),
    "not_a_list": N_("The file is neither a CSV list nor an XLSX workbook."),
    "not_a_workbook": N_("The file is not an XLSX workbook (%(detail)s)."),
    "old_workbook": N_(
        "This is a workbook of the old XLS format. Open it and save it as XLSX or as CSV."
    ),
    "password_protected": N_("The workbook is protected by a password. Save it without one."),
    "damaged_workbook": N_("The workbook is damaged (%(detail)s)."),
    "too_large_unpacked": N_(
        "Unpacked, the workbook has %(size)s bytes; at most %(limit)s are read."
    ),
    "encoding": N_(
        "Line %(line)s is not readable as %(encoding)s. Save the list as UTF-8 and try again."
    ),
    "mixed_encodings": N_(
        "Line %(line)s is not written in %(encoding)s like the lines before it. "
        "Save the whole list as UTF-8 and try again."
    ),
    "no_header": N_("No header row was found: none of the first rows names a known column."),
    "no_name_or_reference": N_("The header row has neither a name nor a reference column."),
    "duplicate_column": N_("The columns “%(first)s” and “%(second)s” mean the same."),
    "too_many_columns": N_("The header row has more than %(limit)s columns."),
    "too_many_rows": N_("The list has %(rows)s rows; at most %(limit)s are read."),
    "passwords": N_(
        "The column “%(column)s” looks like passwords. They have no place in a list of people: "
        "delete that column and upload the list again. Nothing of this file was kept."
    ),
    "changed": N_("The file was changed while it was being read."),
}

ROW_FAULTS: Final[dict[str, str]] = {
    "quoting": N_("The quotation marks in this row do not match."),
    "unclosed": N_("A quotation mark is opened in this row and never closed."),
    "after_quoting": N_("This row follows a row whose quotation marks do not match."),
    "row_too_long": N_("The row has more than %(limit)s characters."),
    "too_many_cells": N_(
        "The row has more cells than the header. A comma inside a text needs quotation marks."
    ),
    "unreadable": N_("The cell holds nothing that can be read as text."),
    "formula": N_("The cell holds a formula (%(text)s). Put the value in its place."),
    "cell_error": N_("The cell holds the error value %(text)s."),
    "number_shortened": N_(
        "The spreadsheet program has shortened this number (%(text)s). "
        "Format the column as text and enter the number again."
    ),
    "damaged": N_("Characters of this text were lost before (%(text)s)."),
    "too_long": N_("The text has more than %(limit)s characters."),
    "no_name_or_reference": N_("The row has neither a name nor a reference."),
    "email": N_("This is not an e-mail address: %(text)s."),
    "phone": N_("This is not a phone number: %(text)s."),
    "serial": N_("This is not a serial: %(text)s. A serial has 14 digits, the last one checks."),
    "card": N_(
        "This is not the number of a card: %(text)s. "
        "Readers type 8, 14 or 20 hexadecimal digits, or 8 to 10 decimal ones."
    ),
    "document_kind": N_(
        "The number does not belong to this kind of document, or no kind is given."
    ),
    "document_length": N_("The document number has too few or too many characters."),
    "document_characters": N_("The document number has characters that do not belong in it."),
    "document_check_digit": N_("The check digit of the document number does not fit."),
    "document_date": N_("The date of birth in the document number is not possible."),
    "duplicate_reference": N_("Row %(first)s has the same reference and says something else."),
    "duplicate_serial": N_("Row %(first)s has the same serial and says something else."),
    "duplicate_person": N_(
        "Row %(first)s has the same name, company and phone and says something else. "
        "Give both rows a reference."
    ),
    "product_unknown": N_("The event has no ticket type called %(text)s."),
    "product_needed": N_(
        "The event has several ticket types; the row, or the command, must name one."
    ),
    "session_unknown": N_("The event has no session called %(text)s."),
    "session_needed": N_("This ticket type is for one session; the row must name it."),
    "zone_unknown": N_("The ticket type does not open an area called %(text)s."),
    "serial_taken": N_("The serial belongs to another ticket."),
    "document_taken": N_("The document belongs to another ticket of this event."),
    "card_taken": N_("The card belongs to another ticket of this event."),
    "differs": N_(
        "This row has a ticket already, of another type or session. "
        "Void that ticket first, or give the row another reference."
    ),
    "not_taken": N_("The row could not be recorded (%(detail)s)."),
}


class FileError(Exception):
    """The file as a whole cannot be imported; nothing of it was.

    Attributes:
        code: A key of `FILE_FAULTS`, stable.
        params: What the message names, as text.
    """

    def __init__(self, code: str, **params: object) -> None:
        self.code = code
        self.params = {name: str(value) for name, value in params.items()}
        super().__init__(self.words(str))

    def words(self, translate: Translate) -> str:
        """Say what is wrong in the reader's language."""
        return translate(FILE_FAULTS[self.code]) % self.params


class RowError(NamedTuple):
    """One row that was not taken.

    Attributes:
        line: The row as a spreadsheet program numbers it, from 1; the line, where no cell has a
            line break in it.
        code: A key of `ROW_FAULTS`, stable.
        field: The column's name in the contract, or empty if the row as a whole is meant.
        params: What the message names, as text.
        raw: The cells as they stood in the file.
        text: The row as it stood in the file, if it could not be split into cells; else empty.
    """

    line: int
    code: str
    field: str
    params: Mapping[str, str]
    raw: tuple[str, ...]
    text: str = ""

    @property
    def message(self) -> str:
        """The English message, to be translated and filled with `params`."""
        return ROW_FAULTS[self.code]

    def words(self, translate: Translate, column: str = "") -> str:
        """Say what is wrong in the reader's language, with the column before it.

        Args:
            translate: gettext of that language.
            column: What the list calls the column; without it the contract's name stands.
        """
        words = translate(self.message) % self.params
        return f"{column or self.field}: {words}" if self.field else words
