"""Writes sent to PostgreSQL all at once: one that fails undoes all, and the connection goes on."""

from contextlib import closing

import pytest

from paifang.ledger import tables as t
from paifang.ledger.engine import EngineConflict
from paifang.ledger.postgres import PostgresEngine
from paifang.ledger.rows import Request
from tests.ledger.engines import bare_database

pytestmark = pytest.mark.postgres

ROUNDS = 12
"""More often than psycopg sends a statement before it prepares it."""


def request(name: str) -> Request:
    return Request(name, b"digest", 1, 0, 1)


def add_together(engine: PostgresEngine, *names: str) -> None:
    engine.begin()
    with engine.together():
        for name in names:
            engine.add(t.REQUEST, [request(name)])
        engine.commit()


def test_nothing_is_done_behind_a_write_that_fails(server: str) -> None:
    with bare_database(server) as url, closing(PostgresEngine(url)) as engine:
        add_together(engine, "first")
        with pytest.raises(EngineConflict):
            add_together(engine, "before", "first", "behind")
        engine.rollback()
        found = engine.get(t.REQUEST, ("first", "before", "behind"))
        assert found == [request("first")]


def test_a_failure_spoils_no_statement_that_was_being_prepared(server: str) -> None:
    with bare_database(server) as url, closing(PostgresEngine(url)) as engine:
        add_together(engine, "taken")
        names = []
        for turn in range(ROUNDS):
            with pytest.raises(EngineConflict):
                add_together(engine, "taken", f"lost-{turn}")
            engine.rollback()
            engine.set_meta("turn", str(turn))
            add_together(engine, f"kept-{turn}")
            names.append(f"kept-{turn}")
        assert len(engine.get(t.REQUEST, names)) == ROUNDS
        assert not engine.get(t.REQUEST, [f"lost-{turn}" for turn in range(ROUNDS)])
