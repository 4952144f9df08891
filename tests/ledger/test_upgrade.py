"""A ledger of an older program is brought up to date when it is opened, on both engines."""

from contextlib import closing

import apsw
import psycopg
import pytest

from paifang.ledger import tables as t
from paifang.ledger.engine import EngineBroken
from paifang.ledger.opening import Target, is_postgres, open_engine
from paifang.ledger.postgres import SCHEMA
from tests.ledger.engines import NODE
from tests.ledger.venue import Venue

OF_SELLING = ("sale", "sold", "shift", "money")
OF_SPARES = ("spared", "fallback", *OF_SELLING)
NEW_TABLES = (
    *("lease", "base", "base_ticket", "loaded", "wish", "ack", "late", "peer"),
    *("gathered", "act", "settled", *OF_SPARES),
)


def take_back(target: Target, version: int) -> None:
    """Make a ledger what an older program left, or call it another version."""
    gone = {1: NEW_TABLES, 2: OF_SPARES, 3: OF_SELLING}
    drops = [f"DROP TABLE {table}" for table in gone.get(version, ())]
    if version == 2:
        drops.append("ALTER TABLE lease DROP COLUMN spare")
        drops.append("ALTER TABLE peer DROP COLUMN link")
    if version == 1:
        drops += [
            f"ALTER TABLE head DROP COLUMN {name}" for name in ("until_ms", "doubt", "rights")
        ]
    if is_postgres(target):
        with psycopg.connect(str(target), autocommit=True) as connection:
            connection.execute(f"SET search_path={SCHEMA}".encode())
            for drop in (*drops, f"UPDATE meta SET value='{version}' WHERE name='schema'"):
                connection.execute(drop.encode())
        return
    with closing(apsw.Connection(str(target))) as connection:
        for drop in (*drops, f"PRAGMA user_version={version}"):
            connection.execute(drop)


@pytest.mark.parametrize("version", [1, 2, 3])
def test_an_older_ledger_goes_on_where_it_was(target: Target, version: int) -> None:
    with closing(Venue(target)) as venue:
        venue.furnish()
        venue.issue("A")
        assert venue.says("A") == "ok"
    take_back(target, version)
    with closing(Venue(target)) as venue:
        venue.batch()
        assert venue.says("A", request_id="again") == "already_used"
        assert venue.rows(t.LEASE) == []
        assert {head.until_ms for head in venue.rows(t.HEAD)} == {0}


def test_a_newer_ledger_is_left_alone(target: Target) -> None:
    open_engine(target, NODE).close()
    take_back(target, 99)
    with pytest.raises(EngineBroken):
        open_engine(target, NODE)
