"""Rows for a statement on PostgreSQL as one array per column, whatever their number.

A statement with a place for every value grows with its rows, and the driver takes longer to read it
than the server to carry it out. With one array per column the statement stays the same and short.
"""

import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Final

from django.apps import apps
from django.db import connection

Value = int | str | bytes | None

_INSERT: Final = re.compile(
    r"\s*INSERT INTO (\w+)\s*\(([^)]*)\)\s*VALUES \(([^)]*)\)(.*)", re.DOTALL
)
_PLACE: Final = "%s"


@cache
def unnested(statement: str) -> str:
    """Return `INSERT INTO table (columns) VALUES (…) …` with an array for each `%s` of the row.

    The types are those of the tables' models. Other words between the brackets stay as they are.
    """
    parts = _INSERT.fullmatch(statement)
    assert parts is not None, "an INSERT of one row"
    table, columns, values, rest = parts.groups()
    types = _types_of(table)
    names = [name.strip() for name in columns.split(",")]
    words = [word.strip() for word in values.split(",")]
    filled = [name for name, word in zip(names, words, strict=True) if word == _PLACE]
    taken = ", ".join(
        f"filled.{name}" if word == _PLACE else word
        for name, word in zip(names, words, strict=True)
    )
    arrays = ", ".join(f"%s::{types[name]}[]" for name in filled)
    return (
        f"INSERT INTO {table} ({', '.join(names)}) SELECT {taken} "  # noqa: S608 - our own words
        f"FROM unnest({arrays}) AS filled ({', '.join(filled)}) {rest}"
    )


def columns_of(rows: Iterable[Sequence[Value]]) -> list[str]:
    """Return rows, all of the same length, as one array per column in the server's notation."""
    return [array_of(column) for column in zip(*rows, strict=True)]


def array_of(values: Sequence[Value]) -> str:
    """Return values as an array in the server's notation: texts in quotes, bytes in hex digits."""
    return "{" + ",".join(map(_element, values)) + "}"


def _element(value: Value) -> str:
    if isinstance(value, str):
        if "\\" in value or '"' in value:
            value = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{value}"'
    if isinstance(value, bytes):
        return f'"\\\\x{value.hex()}"'
    return "NULL" if value is None else str(value)


def _types_of(table: str) -> dict[str, str]:
    """Return the type of each column of a model's table, of texts without their length."""
    model = next(one for one in apps.get_models() if one._meta.db_table == table)
    fields = model._meta.local_concrete_fields
    return {str(one.column): str(one.db_type(connection)).partition("(")[0] for one in fields}
