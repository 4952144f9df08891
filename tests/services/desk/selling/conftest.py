"""The desk's surroundings, with a venue that sells."""

import pytest

from paifang.services.desk.projector import project_all
from tests.desk_fixtures import desk, migrated_file, migrated_server, sqlite_desk, store

__all__ = ["desk", "migrated_file", "migrated_server", "sqlite_desk", "store"]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No projector runs beside the tests: what is waited for is projected then and there."""

    def project(_answers: object, _timeout_s: float) -> bool:
        project_all()
        return True

    for module in ("selling.ordering", "selling.counter", "tickets.issuing_many", "tickets.acts"):
        monkeypatch.setattr(f"paifang.services.desk.{module}.wait_until", project)
