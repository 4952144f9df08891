"""Lists imported into a demonstration, and what its store shows of them."""

import csv
import sqlite3
import time
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final, NamedTuple

import psycopg

from paifang.ledger import tables
from paifang.ledger.opening import open_reader
from tests.http.evidence import paifang, told_by
from tests.http.server import ServerTree
from tests.http.snippets import at_the_desk

EVENT: Final = "tea-expo"
PROJECTED_S: Final = 120
NAMED_AS_IN_LISTS: Final = """
for name, name_zh, listed, listed_zh in (
    ("Adult ticket", "成人票", "Visitor", "成人票"),
    ("Student ticket", "学生票", "VIP", "学生票"),
    ("Trade visitor", "专业观众票", "Trade visitor", "专业观众"),
):
    found = models.Product.objects.filter(name=name, name_zh=name_zh)
    assert found.update(name=listed, name_zh=listed_zh) == 1
""".strip()


class Guest(NamedTuple):
    """A ticket as the desk finds it."""

    ticket: str
    holder: str
    reference: str
    company: str
    phone: str


class Imported(NamedTuple):
    """What an import reported, and the rows of its errors file as (line, code)."""

    rows: int
    created: int
    unchanged: int
    updated: int
    rejected: int
    errors: tuple[tuple[int, str], ...]


def name_products_as_lists_do(data: Path, database: str = "") -> None:
    """Give three products of the demonstration the names that tests/fixtures' lists use."""
    at_the_desk(data, NAMED_AS_IN_LISTS, database)


def options(data: Path, *more: str) -> tuple[str | Path, ...]:
    """Return the options of an import into the demonstration's fair."""
    return ("--event", EVENT, "--data", data, "--json", *more)


def import_list(path: Path, data: Path, *more: str, database: str = "") -> Imported:
    """Import a list to its end; fails if the command does."""
    told = told_by(paifang("import", "attendees", path, *options(data, *more), database=database))
    errors = errors_of(path)
    assert told["errors_file"] == (str(errors_path(path)) if errors else "")
    return Imported(
        **{name: told[name] for name in ("rows", "created", "unchanged", "updated", "rejected")},
        errors=tuple((int(row["error line"]), row["error code"]) for row in errors),
    )


def errors_path(path: Path) -> Path:
    """Return where the rejected rows of a list stand."""
    return path.with_name(path.name + ".errors.csv")


def errors_of(path: Path) -> list[dict[str, str]]:
    """Return the rows of a list's errors file, none if there is no such file."""
    if not errors_path(path).exists():
        return []
    with errors_path(path).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def write_rows(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> Path:
    """Write a list as CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
    return path


def tickets_in(data: Path) -> int:
    """Return how many tickets a ledger on SQLite has issued."""
    reader = open_reader(data / "ledger.db")
    try:
        return sum(1 for _ in reader.raw.scan(tables.TICKET))
    finally:
        reader.close()


def guests(server: ServerTree, database: str = "") -> set[Guest]:
    """Return every ticket the store shows, by whichever engine."""
    sql = (
        "SELECT ticket, holder, reference, company, phone FROM store_projectedticket "
        "WHERE created_at_ms>0"
    )
    found: list[Any]
    if database:
        with psycopg.connect(database) as connection:
            found = connection.execute(sql.encode()).fetchall()
    else:
        with closing(sqlite3.connect(f"file:{server.data}/store.db?mode=ro", uri=True)) as store:
            found = store.execute(sql).fetchall()
    return {Guest(str(row[0]), *row[1:]) for row in found}


def guests_once_shown(server: ServerTree, count: int, database: str = "") -> set[Guest]:
    """Return what the store shows once the projector has caught up with so many tickets."""
    deadline = time.monotonic() + PROJECTED_S
    while len(found := guests(server, database)) < count:
        assert time.monotonic() < deadline, f"the store shows {len(found)} of {count} tickets"
        time.sleep(0.1)
    return found
