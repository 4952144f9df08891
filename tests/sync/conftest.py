"""Every test that asks for `pair` runs with the centre on either engine; a host is on SQLite."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from paifang.ledger.opening import Target
from tests.ledger.conftest import clock, server, target  # noqa: F401 - fixtures
from tests.ledger.world import SettableClock
from tests.sync.nodes import Pair


@pytest.fixture
def pair(target: Target, clock: SettableClock, tmp_path: Path) -> Iterator[Pair]:  # noqa: F811
    """A centre and a host that joined it."""
    with closing(Pair(target, tmp_path / "host.db", clock)) as made:
        yield made
