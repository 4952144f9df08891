"""When storage fails: an honest error, nothing acknowledged lost, and work goes on afterwards."""

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
import psycopg
import pytest

from paifang.core import limits
from paifang.ledger import tables as t
from paifang.ledger.batch import Outcome
from paifang.ledger.commands import Command
from paifang.ledger.disk import DiskGuard, DiskState
from paifang.ledger.engine import EngineBroken, EngineConflict, EngineFull
from paifang.ledger.facts import IssueFact
from paifang.ledger.faults import DiskFull, StorageFault, Unavailable
from paifang.ledger.opening import make_own_segment, open_engine, open_reader
from paifang.ledger.postgres import SCHEMA, PostgresEngine
from paifang.ledger.sqlite import SqliteEngine
from paifang.ledger.writer import Writer
from tests.ledger.chain import chain_faults
from tests.ledger.engines import NODE, bare_database, postgres_database, with_setting
from tests.ledger.venue import Venue, fact_of, fault_of, reasons
from tests.ledger.world import SINGLE, SettableClock

postgres = pytest.mark.postgres
pytestmark = pytest.mark.timeout(120)


def writer_of(venue: Venue, disk: DiskGuard | None = None) -> Writer:
    """Return a writer whose batches the test commits itself, on the venue's own connection."""
    return Writer(venue.engine, node=NODE, clock=venue.clock, disk=disk)


def one(writer: Writer, command: Command) -> Outcome:
    (outcome,) = writer.commit([command])
    return outcome


# A flush that fails.


class FailingSync(apsw.VFS):
    """SQLite's own file system layer, whose flushes can be made to fail."""

    def __init__(self) -> None:
        super().__init__("failing-sync", "")
        self.broken = False

    def xOpen(self, name: Any, flags: list[int]) -> "FailingFile":  # noqa: N802 - SQLite's name
        return FailingFile(self, name, flags)


class FailingFile(apsw.VFSFile):
    """A file of it."""

    def __init__(self, vfs: FailingSync, name: Any, flags: list[int]) -> None:
        super().__init__("", name, flags)
        self.vfs = vfs

    def xSync(self, flags: int) -> None:  # noqa: N802 - SQLite's name
        if self.vfs.broken:
            raise apsw.IOError
        super().xSync(flags)


@pytest.fixture
def disk_layer(sqlite_venue: Venue) -> Iterator[FailingSync]:
    """The layer, registered for as long as the venue may use it."""
    layer = FailingSync()
    yield layer
    sqlite_venue.close()
    layer.unregister()


def test_after_a_failed_flush_the_outcome_is_unknown_and_asking_again_tells_it(
    sqlite_venue: Venue, disk_layer: FailingSync
) -> None:
    venue = sqlite_venue
    venue.issue("A")
    venue.engine.close()
    venue.engine = SqliteEngine(Path(venue.target), vfs="failing-sync")
    writer = writer_of(venue)
    command = venue.admit_command("A")
    disk_layer.broken = True
    assert fault_of(one(writer, command)) is StorageFault
    assert writer.health().failing
    disk_layer.broken = False
    assert reasons([one(writer, command)]) == ["ok"]
    assert not writer.health().failing
    venue.reopen()
    assert reasons(venue.batch(command, venue.admit_command("A"))) == ["ok", "already_used"]
    assert chain_faults(venue) == []


# A connection that is lost.


@postgres
def test_a_lost_connection_is_made_anew_at_the_next_batch(
    postgres_venue: Venue, server: str
) -> None:
    venue = postgres_venue
    venue.issue("A")
    writer = writer_of(venue)
    command = venue.admit_command("A")
    assert isinstance(venue.engine, PostgresEngine)
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(%s, 5000)", (venue.engine.connection.info.backend_pid,)
        )
    assert fault_of(one(writer, command)) is StorageFault
    assert reasons([one(writer, command)]) == ["ok"]


@postgres
def test_while_the_server_is_away_every_batch_is_told_so(postgres_venue: Venue) -> None:
    venue = postgres_venue
    venue.engine.close()
    writer = writer_of(venue)
    assert fault_of(one(writer, venue.admit_command("A"))) is StorageFault
    assert isinstance(venue.engine, PostgresEngine)
    venue.engine._url = "postgresql://postgres@/nowhere?host=/nonexistent"  # noqa: SLF001 - moved away
    for _ in range(2):
        assert fault_of(one(writer, venue.admit_command("A"))) is StorageFault
    assert writer.health().failing


def test_a_ledger_file_that_is_gone_is_not_replaced_by_an_empty_one(
    sqlite_venue: Venue, disk_layer: FailingSync
) -> None:
    venue = sqlite_venue
    venue.issue("A")
    venue.engine.close()
    here, there = Path(venue.target), Path(venue.target).with_name("moved")
    venue.engine = SqliteEngine(here, vfs="failing-sync")
    writer = writer_of(venue)
    disk_layer.broken = True
    assert fault_of(one(writer, venue.admit_command("A"))) is StorageFault
    disk_layer.broken = False
    here.rename(there)
    for _ in range(2):
        assert fault_of(one(writer, venue.admit_command("A"))) is StorageFault
    assert not here.exists()
    there.rename(here)
    assert reasons([one(writer, venue.admit_command("A"))]) == ["ok"]


def test_a_file_that_can_only_be_read_is_a_failed_disk(sqlite_venue: Venue) -> None:
    venue = sqlite_venue
    assert isinstance(venue.engine, SqliteEngine)
    venue.engine.connection.pragma("query_only", 1)
    writer = writer_of(venue)
    assert fault_of(one(writer, venue.admit_command("A"))) is StorageFault
    assert reasons([one(writer, venue.admit_command("A"))]) == ["unknown"]


# Conflicts.


def test_a_writer_that_is_locked_out_says_so_and_goes_on_when_it_is_let_in(
    sqlite_venue: Venue,
) -> None:
    venue = sqlite_venue
    assert isinstance(venue.engine, SqliteEngine)
    venue.engine.connection.set_busy_timeout(1)
    writer = writer_of(venue)
    with closing(apsw.Connection(str(venue.target))) as intruder:
        intruder.execute("BEGIN IMMEDIATE")
        assert fault_of(one(writer, venue.admit_command("A"))) is Unavailable
        assert not writer.health().failing
        intruder.execute("ROLLBACK")
    assert reasons([one(writer, venue.admit_command("A"))]) == ["unknown"]


def raising(code: str, times: int) -> list[str]:
    """Return statements that make the server refuse the next journal rows with an error code.

    A sequence counts, because it is not rolled back.
    """
    return [
        "CREATE SEQUENCE refusals",
        f"""CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF nextval('refusals') <= {times} THEN RAISE 'refused' USING ERRCODE = '{code}'; END IF;
          RETURN NULL;
        END $$""",
        """CREATE TRIGGER refuse AFTER INSERT ON journal
        FOR EACH STATEMENT EXECUTE FUNCTION refuse()""",
    ]


def refuse(venue: Venue, code: str, times: int) -> None:
    with psycopg.connect(
        with_setting(str(venue.target), "search_path", SCHEMA), autocommit=True
    ) as admin:
        for statement in raising(code, times):
            admin.execute(statement.encode())


@postgres
@pytest.mark.parametrize("code", ["40001", "40P01", "55P03", "23505"])
def test_a_conflict_is_tried_again_unseen(postgres_venue: Venue, code: str) -> None:
    postgres_venue.issue("A")
    refuse(postgres_venue, code, times=limits.RETRY_CONFLICTS_MAX - 1)
    assert reasons([one(writer_of(postgres_venue), postgres_venue.admit_command("A"))]) == ["ok"]


@postgres
def test_a_conflict_that_does_not_end_is_told(postgres_venue: Venue) -> None:
    refuse(postgres_venue, "40001", times=limits.RETRY_CONFLICTS_MAX)
    writer = writer_of(postgres_venue)
    assert fault_of(one(writer, postgres_venue.admit_command("A"))) is Unavailable
    assert reasons([one(writer, postgres_venue.admit_command("A"))]) == ["unknown"]


@postgres
def test_two_processes_that_really_conflict_on_one_ticket_admit_it_once(
    postgres_venue: Venue,
) -> None:
    venue = postgres_venue
    venue.issue("A")
    engines = [open_engine(str(venue.target), NODE) for _ in range(2)]
    writers = [Writer(engine, node=NODE, clock=SettableClock()) for engine in engines]
    found: list[str] = []
    barrier = threading.Barrier(2)

    def scan(writer: Writer, gate: str) -> None:
        for n in range(20):
            barrier.wait()
            outcome = one(writer, venue.admit_command("A", gate, request_id=f"{gate}{n}"))
            found.extend(reasons([outcome]))

    threads = [
        threading.Thread(target=scan, args=pair)
        for pair in zip(writers, ("north", "south"), strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for engine in engines:
        engine.close()
    assert found.count("ok") == 1
    assert len(found) == 40
    assert chain_faults(venue) == []


@postgres
def test_a_lock_waited_for_too_long_is_a_conflict(server: str) -> None:
    with (
        postgres_database(server) as url,
        closing(Venue(url)) as venue,
        closing(Venue(with_setting(url, "lock_timeout", "50"))) as late,
    ):
        venue.furnish()
        venue.issue("A")
        late.batch()
        command = venue.admit_command("A")
        venue.engine.begin()
        assert len(venue.engine.get(t.HEAD, (venue.home,))) == 1
        with pytest.raises(EngineConflict):
            late.do(command)
        venue.engine.rollback()
        assert reasons(late.batch(command)) == ["ok"]


# A full disk.


def fill_up(venue: Venue) -> None:
    """Let the database file grow no further."""
    assert isinstance(venue.engine, SqliteEngine)
    connection = venue.engine.connection
    pages = connection.pragma("page_count")
    connection.pragma("max_page_count", pages)


def bulky(venue: Venue) -> list[Command]:
    return [venue.issue_command(f"bulk {n}", holder="x" * 200) for n in range(200)]


def test_a_full_disk_is_told_and_nothing_of_the_batch_is_done(sqlite_venue: Venue) -> None:
    venue = sqlite_venue
    writer = writer_of(venue)
    fill_up(venue)
    before = venue.kinds()
    assert {fault_of(outcome) for outcome in writer.commit(bulky(venue))} == {DiskFull}
    assert venue.kinds() == before
    assert isinstance(venue.engine, SqliteEngine)
    venue.engine.connection.pragma("max_page_count", 1_000_000)
    assert fact_of(writer.commit(bulky(venue))[-1], IssueFact).product == SINGLE


def test_on_a_full_disk_the_reserve_goes_and_selling_stops(
    sqlite_venue: Venue, tmp_path: Path
) -> None:
    venue = sqlite_venue
    guard = DiskGuard(tmp_path, free_bytes=lambda _: 900, reserve_bytes=100, floor_bytes=500)
    writer = writer_of(venue, guard)
    guard.check(venue.clock.now_ms())
    assert guard.state is DiskState.ok
    fill_up(venue)
    selling = bulky(venue)
    outcomes = writer.commit([*selling[:100], venue.admit_command("A"), *selling[100:]])
    assert [fault_of(each) for each in (*outcomes[:100], *outcomes[101:])] == [DiskFull] * 200
    assert reasons([outcomes[100]]) == ["unknown"], "a gate's few bytes still found room"
    assert not guard.reserve.exists()
    assert writer.health().disk is DiskState.spent


def test_with_little_room_gates_go_on_and_selling_waits(
    sqlite_venue: Venue, tmp_path: Path
) -> None:
    venue = sqlite_venue
    free = [10_000]
    guard = DiskGuard(tmp_path, free_bytes=lambda _: free[0], reserve_bytes=100, floor_bytes=500)
    writer = writer_of(venue, guard)
    assert fact_of(one(writer, venue.issue_command("A")), IssueFact).product == SINGLE
    free[0] = 100
    venue.clock.forward(minutes=1)
    refused, admitted = writer.commit([venue.issue_command("B"), venue.admit_command("A")])
    assert fault_of(refused) is DiskFull
    assert reasons([admitted]) == ["ok"]
    assert fault_of(one(writer, venue.issue_command("B"))) is DiskFull
    free[0] = 10_000
    venue.clock.forward(minutes=1)
    assert fact_of(one(writer, venue.issue_command("B")), IssueFact).product == SINGLE


def test_the_reserve_is_kept_from_the_start(sqlite_venue: Venue, tmp_path: Path) -> None:
    guard = DiskGuard(tmp_path, free_bytes=lambda _: 900, reserve_bytes=100, floor_bytes=500)
    writer = writer_of(sqlite_venue, guard)
    writer.start()
    assert guard.reserve.stat().st_size == 100
    writer.stop()


@postgres
def test_a_full_disk_of_the_server_is_told(postgres_venue: Venue) -> None:
    refuse(postgres_venue, "53100", times=1)
    writer = writer_of(postgres_venue)
    assert fault_of(one(writer, postgres_venue.admit_command("A"))) is DiskFull
    assert reasons([one(writer, postgres_venue.admit_command("A"))]) == ["unknown"]


@pytest.fixture
def venue_on_small_disk(small_disk: Path, clock: SettableClock) -> Iterator[Venue]:
    with closing(Venue(small_disk / "ledger.db", clock)) as made:
        yield made.furnish()


def test_on_a_disk_that_is_really_full_gates_outlive_selling(venue_on_small_disk: Venue) -> None:
    venue = venue_on_small_disk
    data = Path(venue.target).parent
    guard = DiskGuard(data, reserve_bytes=256 * 1024, floor_bytes=0)
    writer = writer_of(venue, guard)
    sold = 0
    outcomes: list[Outcome] = []
    while guard.state is DiskState.ok:
        outcomes = writer.commit(
            [
                venue.issue_command(f"{sold}.{n}", holder="x" * 200, content=bytes(500))
                for n in range(100)
            ]
        )
        if guard.state is DiskState.ok:
            sold += 1
        venue.clock.forward(ms=limits.DISK_CHECK_EVERY_MS + 1)
    assert sold > 0
    assert {fault_of(outcome) for outcome in outcomes} == {DiskFull}
    assert not guard.reserve.exists()
    scans: list[Command] = [venue.admit_command(f"0.{n}") for n in range(50)]
    assert reasons(writer.commit(scans)) == ["ok"] * 50
    assert chain_faults(venue) == []


# Opening.


def test_a_ledger_of_a_newer_program_is_left_alone(sqlite_venue: Venue) -> None:
    venue = sqlite_venue
    venue.engine.close()
    with closing(apsw.Connection(str(venue.target))) as connection:
        connection.pragma("user_version", 99)
    with pytest.raises(EngineBroken, match="newer"):
        open_engine(venue.target, NODE)


@postgres
def test_a_ledger_of_another_program_on_the_server_is_left_alone(postgres_venue: Venue) -> None:
    venue = postgres_venue
    with psycopg.connect(
        with_setting(str(venue.target), "search_path", SCHEMA), autocommit=True
    ) as admin:
        admin.execute("UPDATE meta SET value='99' WHERE name='schema'")
    with pytest.raises(EngineBroken, match="99"):
        open_engine(venue.target, NODE)


def test_a_file_that_is_no_ledger_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    path.write_bytes(b"this is a letter, not a database" * 100)
    with pytest.raises(EngineBroken):
        open_engine(path, NODE)


def test_there_is_nothing_to_read_where_no_ledger_is(tmp_path: Path) -> None:
    with pytest.raises(EngineBroken):
        open_reader(tmp_path / "ledger.db")


@postgres
def test_a_server_that_is_not_there_is_a_fault() -> None:
    with pytest.raises(EngineBroken):
        open_engine("postgresql://postgres@/ledger?host=/nonexistent", NODE)


def test_a_disk_too_small_for_the_tables_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(EngineFull):
        Tiny(tmp_path / "ledger.db")


class Tiny(SqliteEngine):
    """An engine whose file may have three pages."""

    def _create(self) -> None:
        self.connection.pragma("max_page_count", 3)
        super()._create()


@postgres
def test_two_processes_make_the_tables_at_once(server: str) -> None:
    with bare_database(server) as url:
        faults: list[BaseException] = []

        def make() -> None:
            try:
                open_engine(url, NODE).close()
            except BaseException as error:  # noqa: BLE001 - whatever it is, the test shall say so
                faults.append(error)

        threads = [threading.Thread(target=make) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert faults == []
        with closing(Venue(url)) as venue:
            venue.furnish()
            assert chain_faults(venue) == []


def test_an_opened_ledger_has_its_own_segment_once(venue: Venue) -> None:
    before = venue.reader()
    segments = before.segments()
    before.close()
    make_own_segment(venue.engine, "another-name")
    after = venue.reader()
    assert after.segments() == segments
    after.close()
