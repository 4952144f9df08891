"""Makes and fills the comparison's tables: `python -m bench.orm_site.prepare CODES GATE`."""

import hashlib
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import django
from django.apps import apps
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import Model

CODE_CHARS: Final = 16
_ROWS: Final = 10_000
_CAP: Final = 2_000_000
_INSERT: Final = (
    "INSERT INTO orm_site_ticket (code, holder, product_id, blocked, uses, first_gate, "
    "first_terminal) VALUES (%s, %s, %s, %s, 0, '', '')"
)


def _rows(codes: str, product: int) -> Iterator[list[tuple[str, str, int, bool]]]:
    for start in range(0, len(codes), _ROWS * CODE_CHARS):
        part = codes[start : start + _ROWS * CODE_CHARS]
        yield [
            (part[n : n + CODE_CHARS], f"访客 {start + n}", product, False)
            for n in range(0, len(part), CODE_CHARS)
        ]


def _make(model: str, /, **fields: object) -> Model:
    # By name, because models can be imported only after setup.
    made: Model = apps.get_model("orm_site", model)(**fields)
    made.save()
    return made


def _make_places(gate: str) -> int:
    """Make a zone with one gate and its terminal; return the key of a product that is valid."""
    now = datetime.now(UTC)
    zone = _make("Zone", slug="hall", cap=_CAP)
    _make(
        "Terminal",
        name=f"{gate}-1",
        gate=_make("Gate", slug=gate, zone=zone),
        token_sha256=hashlib.sha256(os.environ["ORM_SITE_TOKEN"].encode()).hexdigest(),
    )
    _make("Head")
    product = _make(
        "Product",
        name="Adult ticket",
        zone=zone,
        valid_from=now - timedelta(days=1),
        valid_until=now + timedelta(days=30),
    )
    return int(product.pk)


def main(codes: str, gate: str) -> None:
    """Create the tables, one gate with its terminal, and one ticket per code."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "bench.orm_site.settings"
    django.setup()
    call_command("migrate", run_syncdb=True, verbosity=0, interactive=False)
    with transaction.atomic(), connection.cursor() as cursor:
        product = _make_places(gate)
        for rows in _rows(Path(codes).read_text(), product):
            cursor.executemany(_INSERT, rows)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
