"""Statements sent to PostgreSQL together and answered together, straight over libpq.

psycopg's own pipeline asks the socket before and after each statement and keeps a cursor for each:
of an admission alone with its server that was half the processor's time. Here each statement is
prepared once per connection, all of a way there and back are put into one buffer, and the socket is
waited for until the last of them is answered.
"""

import select
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import psycopg
from psycopg import errors
from psycopg.adapt import Transformer
from psycopg.pq import DiagnosticField, ExecStatus, Format
from psycopg.pq.abc import PGconn, PGresult

from paifang.ledger.postgres_arrays import columns, oids

_DONE: Final = frozenset({ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK})


class Statement(NamedTuple):
    """One statement: `types` holds a letter per array it takes, `make` makes its rows."""

    sql: str
    types: str = ""
    make: Callable[[Sequence[Any]], Any] = tuple

    def ending(self, tail: str) -> "Statement":
        """Return the statement with more behind it."""
        return self._replace(sql=self.sql + tail)


Asked = tuple[Statement, Sequence[Sequence[Any]]]
"""A statement and its columns of values, one per letter."""


class Pipeline:
    """The way of one connection's statements. Its cursors may be used between two calls."""

    def __init__(self, connection: "psycopg.Connection[Any]") -> None:
        """Take an open connection; nothing is prepared on it yet."""
        # psycopg forgets all prepared statements, not only its own, behind each ROLLBACK.
        connection.prepare_threshold = None
        self._pgconn: PGconn = connection.pgconn
        self._rows = Transformer(connection)
        self._names: dict[str, bytes] = {}
        self._prepared = 0
        self._socket = select.poll()

    def ask(self, *asked: Asked) -> list[list[Any]]:
        """Return the rows of each statement; behind one that fails nothing is done.

        Raises:
            psycopg.Error: A statement's own, or OperationalError if the connection is gone.
        """
        # Before anything is sent: half a letter cannot be said, and must not leave half a pipeline.
        dumped = [columns(statement.types, values) for statement, values in asked]
        pgconn = self._pgconn
        pgconn.enter_pipeline_mode()
        fresh: dict[int, tuple[str, bytes]] = {}
        sent = 0
        for (statement, _), arrays in zip(asked, dumped, strict=True):
            name = self._names.get(statement.sql)
            if name is None:
                self._prepared += 1
                name = b"paifang_%d" % self._prepared
                pgconn.send_prepare(name, statement.sql.encode(), oids(statement.types))
                fresh[sent] = statement.sql, name
                sent += 1
            pgconn.send_query_prepared(
                name,
                arrays,
                [Format.BINARY] * len(statement.types),
                Format.BINARY,
            )
            sent += 1
        pgconn.pipeline_sync()
        results = self._results()
        pgconn.exit_pipeline_mode()
        answered = []
        for place, result in enumerate(results):
            if result.status not in _DONE:
                error = _error_of(result)
                if isinstance(error, errors.InvalidSqlStatementName):
                    # A pooler has put another server's connection behind ours: prepare anew.
                    self._names.clear()
                raise error
            if place in fresh:
                # Known only now: behind a failure a statement is not even read.
                self._names.update((fresh[place],))
            else:
                answered.append(result)
        return [self._made(one[0], result) for one, result in zip(asked, answered, strict=True)]

    def _made(self, statement: Statement, result: PGresult) -> list[Any]:
        count = result.ntuples
        if not count:
            return []
        self._rows.set_pgresult(result, format=Format.BINARY)
        return self._rows.load_rows(0, count, statement.make)

    def _results(self) -> list[PGresult]:
        """Send what is buffered, and take in every result up to the end of the pipeline."""
        pgconn = self._pgconn
        results: list[PGresult] = []
        unsent = pgconn.flush()
        while True:
            if unsent or pgconn.is_busy():
                # While there is more to send, the server's answers must be taken in as well, or
                # each side would wait for the other.
                self._wait(select.POLLIN | select.POLLOUT if unsent else select.POLLIN)
                pgconn.consume_input()
                unsent = pgconn.flush()
                continue
            result = pgconn.get_result()
            if result is None:
                continue
            if result.status == ExecStatus.PIPELINE_SYNC:
                return results
            results.append(result)

    def _wait(self, events: int) -> None:
        self._socket.register(self._pgconn.socket, events)
        self._socket.poll()


def _error_of(result: PGresult) -> psycopg.Error:
    """Return a failure as the exception of its class; one without a known class is the server's."""
    state = result.error_field(DiagnosticField.SQLSTATE) or b""
    try:
        return errors.lookup(state.decode())(result.get_error_message())
    except KeyError:
        return psycopg.OperationalError(result.get_error_message())
