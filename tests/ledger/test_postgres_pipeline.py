"""Statements straight over libpq: much at once both ways, failures by class, a lost server."""

from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest
from psycopg import errors

from paifang.ledger.engine import EngineConflict
from paifang.ledger.postgres import PostgresEngine
from paifang.ledger.postgres_pipeline import Pipeline, Statement
from tests.ledger.engines import bare_database

pytestmark = pytest.mark.postgres

ECHO = Statement("SELECT x FROM unnest($1::bytea[]) AS x", "b")
MEGABYTE = bytes(1_000_000)


@pytest.fixture
def connection(server: str) -> "Iterator[psycopg.Connection]":
    with bare_database(server) as url, closing(psycopg.connect(url, autocommit=True)) as opened:
        yield opened


def test_more_goes_both_ways_than_sockets_hold(connection: psycopg.Connection) -> None:
    pipeline = Pipeline(connection)
    answered = pipeline.ask(*[(ECHO, ([MEGABYTE] * 4,))] * 4)
    assert answered == [[(MEGABYTE,)] * 4] * 4


def test_rows_are_made_by_the_statement(connection: psycopg.Connection) -> None:
    numbers = Statement("SELECT x, 'n'::text FROM unnest($1::bigint[]) AS x", "i", list)
    answered = Pipeline(connection).ask((numbers, ([-1, 2**62],)), (numbers, ([],)))
    assert answered == [[[-1, "n"], [2**62, "n"]], []]


def test_a_failure_has_its_class_and_the_connection_goes_on(
    connection: psycopg.Connection,
) -> None:
    pipeline = Pipeline(connection)
    nought = Statement("SELECT 1 / x FROM unnest($1::bigint[]) AS x", "i")
    for _ in range(3):
        with pytest.raises(errors.DivisionByZero):
            pipeline.ask((ECHO, ([b"a"],)), (nought, ([0],)), (nought, ([1],)))
        assert pipeline.ask((nought, ([1],)), (ECHO, ([b"b"],))) == [[(1,)], [(b"b",)]]
        assert connection.execute("SELECT 1").fetchall() == [(1,)]


def test_a_failure_of_no_known_class_is_the_servers(connection: psycopg.Connection) -> None:
    odd = Statement("DO $$ BEGIN RAISE EXCEPTION SQLSTATE 'ZZ001'; END $$")
    with pytest.raises(psycopg.OperationalError):
        Pipeline(connection).ask((odd, ()))


def test_a_server_that_ends_the_connection_is_noticed(
    server: str, connection: psycopg.Connection
) -> None:
    pipeline = Pipeline(connection)
    assert pipeline.ask((ECHO, ([b"a"],))) == [[(b"a",)]]
    with psycopg.connect(server, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s)", (connection.info.backend_pid,)).fetchall()
    for _ in range(2):
        with pytest.raises(psycopg.OperationalError):
            pipeline.ask((ECHO, ([b"a"],)))


def test_statements_outlive_a_rollback_by_psycopg(connection: psycopg.Connection) -> None:
    pipeline = Pipeline(connection)
    begin, text = Statement("BEGIN"), "SELECT 1"
    for _ in range(8):
        pipeline.ask((begin, ()), (ECHO, ([b"a"],)))
        connection.execute(text).fetchall()
        connection.execute("ROLLBACK")
    assert pipeline.ask((ECHO, ([b"a"],))) == [[(b"a",)]]


def test_a_connection_that_forgot_its_statements_is_a_conflict_once(server: str) -> None:
    with bare_database(server) as url, closing(PostgresEngine(url)) as engine:
        engine.begin()
        engine.commit()
        engine.connection.execute("DEALLOCATE ALL")
        with pytest.raises(EngineConflict):
            engine.begin()
        engine.rollback()
        engine.begin()
        engine.commit()


def test_what_cannot_be_said_leaves_the_connection_as_it_was(
    connection: psycopg.Connection,
) -> None:
    pipeline = Pipeline(connection)
    text = Statement("SELECT x FROM unnest($1::text[]) AS x", "t")
    for _ in range(2):
        with pytest.raises(UnicodeEncodeError):
            pipeline.ask((ECHO, ([b"a"],)), (text, (["half a letter: \ud800"],)))
        assert pipeline.ask((text, (["whole"],))) == [[("whole",)]]
