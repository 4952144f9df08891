"""What was erased is in no file either, soon after, while the server goes on."""

import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from paifang.ledger import writer as writer_module
from paifang.ledger.commands import Enclosure, Erase
from paifang.ledger.engine import EngineBroken, EngineConflict, EngineError
from paifang.ledger.opening import open_reader
from paifang.ledger.writer import Writer, collect, commit_through
from tests.ledger.chain import chain_faults
from tests.ledger.engines import NODE
from tests.ledger.venue import Venue

NAME = "欧阳娜娜"
PERSON = (Enclosure("person", b"s" * 32, f'{{"name": "{NAME}"}}'.encode()),)
NEVER_S = 1000.0


def traces(venue: Venue) -> list[str]:
    """Return which of the ledger's files hold the name."""
    files = Path(venue.target).parent.glob("ledger.db*")
    return sorted(file.name for file in files if NAME.encode() in file.read_bytes())


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def erased_while_it_ran(venue: Venue) -> None:
    """Erase a ticket without scrubbing: what a process leaves that is killed right then."""
    ticket = venue.issue("A", holder=NAME, enclosures=PERSON)
    venue.do(Erase(ticket=ticket))
    assert traces(venue), "the log still tells of the time before"


def test_an_idle_writer_scrubs_after_an_erasure(
    sqlite_venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "RECOVER_S", 0.05)
    venue = sqlite_venue
    writer = Writer(venue.engine, node=NODE, clock=venue.clock)
    writer.start()
    with closing(open_reader(venue.target)) as reader:
        port = writer.port(collect)
        issue = venue.issue_command("A", holder=NAME, enclosures=PERSON)
        commit_through(port, [issue])
        until(lambda: traces(venue) != [])
        commit_through(port, [Erase(ticket=issue.ticket), venue.admit_command("A")])
        until(lambda: traces(venue) == [])
        assert reader.tickets([issue.ticket])[issue.ticket].holder == ""
    writer.stop()
    venue.reopen()
    assert chain_faults(venue) == []


def test_what_was_erased_just_before_a_kill_is_scrubbed_at_the_next_start(
    sqlite_venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "RECOVER_S", 0.05)
    venue = sqlite_venue
    erased_while_it_ran(venue)
    writer = Writer(venue.engine, node=NODE, clock=venue.clock)
    writer.start()
    until(lambda: traces(venue) == [])
    writer.stop()


def test_a_writer_that_is_never_idle_scrubs_between_two_batches(
    sqlite_venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "RECOVER_S", NEVER_S)
    monkeypatch.setattr(writer_module, "SCRUB_WITHIN_S", 0.0)
    venue = sqlite_venue
    erased_while_it_ran(venue)
    writer = Writer(venue.engine, node=NODE, clock=venue.clock)
    writer.start()
    commit_through(writer.port(collect), [venue.admit_command("A")])
    until(lambda: traces(venue) == [])
    writer.stop()


def test_a_reader_of_the_past_is_not_waited_for(sqlite_venue: Venue) -> None:
    venue = sqlite_venue
    reader = venue.reader()
    with reader.raw.snapshot():
        reader.rules()
        erased_while_it_ran(venue)
        started = time.monotonic()
        assert not venue.engine.scrub()
        assert time.monotonic() - started < 4, "nobody was waited for"
        assert traces(venue)
    assert venue.engine.scrub()
    assert traces(venue) == []
    reader.close()


@pytest.mark.parametrize("error", [EngineConflict, EngineBroken])
def test_what_could_not_be_scrubbed_is_scrubbed_later(
    sqlite_venue: Venue, monkeypatch: pytest.MonkeyPatch, error: type[EngineError]
) -> None:
    monkeypatch.setattr(writer_module, "RECOVER_S", 0.05)
    venue = sqlite_venue
    erased_while_it_ran(venue)
    real, fails = venue.engine.scrub, iter([True, False])

    def scrub() -> Any:
        if next(fails, False):
            raise error
        return real()

    monkeypatch.setattr(venue.engine, "scrub", scrub)
    writer = Writer(venue.engine, node=NODE, clock=venue.clock)
    writer.start()
    until(lambda: traces(venue) == [] and not writer.health().failing)
    writer.stop()


def test_a_server_of_postgresql_looks_after_its_own_files(venue: Venue) -> None:
    assert venue.engine.scrub()
