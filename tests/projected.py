"""What the projector writes: at once where nobody runs it, and every row of it to be compared."""

import pytest
from django.apps import apps
from django.db.models import Model, QuerySet

from paifang.services.desk import projection_sql
from paifang.services.desk.projector import project_all
from paifang.services.desk.selling import counter, ordering, refunding
from paifang.services.desk.tickets import acts, issuing_many, people

Table = list[dict[str, object]]

EMPTIED = {statement.removeprefix("DELETE FROM ") for statement in projection_sql.EMPTY}
PROJECTED: list[type[Model]] = [
    model for model in apps.get_app_config("store").get_models() if model._meta.db_table in EMPTIED
]


def tables() -> dict[str, Table]:
    """Return all rows by table, without the numbers the database gives."""
    return {model.__name__: rows_of(model) for model in PROJECTED}


def rows_of(model: type[Model]) -> Table:
    """Return the rows of a table in an order of their content."""
    rows = [
        {
            name: bytes(value) if isinstance(value, memoryview) else value
            for name, value in row.items()
            if name != "id" or model not in PROJECTED
        }
        for row in QuerySet(model).values()
    ]
    return sorted(rows, key=repr)


def project_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No projector runs beside a test: what is waited for is projected then and there."""

    def project(_answers: object, _timeout_s: float) -> bool:
        project_all()
        return True

    for module in (acts, issuing_many, people, ordering, counter, refunding):
        monkeypatch.setattr(module, "wait_until", project)
