"""Every row of everything the projector writes, for tests that compare two states of it."""

from django.apps import apps
from django.db.models import Model, QuerySet

from paifang.services.desk import projection_sql

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
