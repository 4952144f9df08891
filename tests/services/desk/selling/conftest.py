"""The desk's surroundings, with a venue that sells."""

import pytest

from tests.desk_fixtures import desk, migrated_file, migrated_server, sqlite_desk, store
from tests.projected import project_at_once

__all__ = ["desk", "migrated_file", "migrated_server", "sqlite_desk", "store"]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    project_at_once(monkeypatch)
