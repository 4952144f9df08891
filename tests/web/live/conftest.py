"""A venue for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.live.venue import Venue


@pytest.fixture
def venue(tmp_path: Path) -> Iterator[Venue]:
    """Return a venue with a ledger of its own."""
    opened = Venue(tmp_path / "ledger.db")
    yield opened
    opened.close()
