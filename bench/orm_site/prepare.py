"""Makes and fills the comparison's tables: `python -m bench.orm_site.prepare CODES`."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import django
from django.core.management import call_command
from django.db import connection, transaction

CODE_CHARS: Final = 16
_ROWS: Final = 10_000
_INSERT: Final = "INSERT INTO orm_site_ticket (code, holder, product) VALUES (%s, %s, %s)"


def _rows(codes: str) -> Iterator[list[tuple[str, str, str]]]:
    for start in range(0, len(codes), _ROWS * CODE_CHARS):
        part = codes[start : start + _ROWS * CODE_CHARS]
        yield [
            (part[n : n + CODE_CHARS], f"访客 {start + n}", "Adult ticket")
            for n in range(0, len(part), CODE_CHARS)
        ]


def main(codes: str) -> None:
    """Create the tables and one ticket per code."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "bench.orm_site.settings"
    django.setup()
    call_command("migrate", run_syncdb=True, verbosity=0, interactive=False)
    with transaction.atomic(), connection.cursor() as cursor:
        for rows in _rows(Path(codes).read_text()):
            cursor.executemany(_INSERT, rows)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


if __name__ == "__main__":
    main(sys.argv[1])
