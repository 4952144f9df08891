"""Keys of leased events: sealed for one node, kept in a file, and used for that event alone."""

from pathlib import Path

import pytest

from paifang.core.rules import Event
from paifang.services.live.foreign_keys import ForeignKeys, open_ring, seal_ring
from paifang.services.live.keys import Keys, Secrets

FAIR = Event(number=1, id="0a" * 16, slug="fair", name="Fair", organiser="0b" * 16)
SHOW = Event(number=2, id="0c" * 16, slug="show", name="Show", organiser="0b" * 16)
CENTRE = Keys(Secrets("11" * 32, "22" * 32, "centre"))
HOST = Secrets("33" * 32, "44" * 32, "host")


def host(path: Path) -> Keys:
    return Keys(HOST, ForeignKeys(path / "event-keys"))


def test_the_keys_of_a_lease_open_codes_of_its_events_and_of_no_others(tmp_path: Path) -> None:
    keys = host(tmp_path)
    before = keys.lookup(FAIR, "code", "ABC")
    sealed = seal_ring(CENTRE.ring_of([FAIR]), keys.exchange_key)
    keys.foreign.add(open_ring(sealed, keys.exchange))
    assert keys.lookup(FAIR, "code", "ABC") == CENTRE.lookup(FAIR, "code", "ABC") != before
    assert keys.unseal(FAIR, CENTRE.seal(FAIR, "ABC")) == "ABC"
    assert keys.lookup(SHOW, "code", "ABC") != CENTRE.lookup(SHOW, "code", "ABC")


def test_the_file_is_the_owners_alone_and_found_at_the_next_start(tmp_path: Path) -> None:
    host(tmp_path).foreign.add(CENTRE.ring_of([FAIR]))
    assert (tmp_path / "event-keys").stat().st_mode & 0o777 == 0o600
    again = host(tmp_path)
    assert again.lookup(FAIR, "code", "ABC") == CENTRE.lookup(FAIR, "code", "ABC")


def test_another_process_learns_of_keys_that_came(tmp_path: Path) -> None:
    waiting = host(tmp_path)
    assert waiting.foreign.ring().events == {}
    host(tmp_path).foreign.add(CENTRE.ring_of([FAIR]))
    waiting.foreign.look()
    assert waiting.lookup(FAIR, "code", "ABC") == CENTRE.lookup(FAIR, "code", "ABC")


def test_keys_of_a_second_lease_stand_beside_the_first(tmp_path: Path) -> None:
    keys = host(tmp_path)
    keys.foreign.add(CENTRE.ring_of([FAIR]))
    keys.foreign.add(CENTRE.ring_of([SHOW]))
    generation = keys.foreign.generation
    keys.foreign.add(CENTRE.ring_of([SHOW]))
    assert keys.foreign.generation == generation
    for event in (FAIR, SHOW):
        assert keys.lookup(event, "code", "A") == CENTRE.lookup(event, "code", "A")


def test_keys_for_another_node_or_altered_ones_are_not_taken(tmp_path: Path) -> None:
    keys = host(tmp_path)
    for_other = seal_ring(CENTRE.ring_of([FAIR]), CENTRE.exchange_key)
    mine = seal_ring(CENTRE.ring_of([FAIR]), keys.exchange_key)
    for wrong in (for_other, mine[:-1], mine[:-1] + bytes((mine[-1] ^ 1,)), b""):
        with pytest.raises(ValueError, match="not sealed for this node"):
            open_ring(wrong, keys.exchange)


def test_a_file_that_is_damaged_leaves_what_was_known(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    keys = host(tmp_path)
    keys.foreign.add(CENTRE.ring_of([FAIR]))
    (tmp_path / "event-keys").write_bytes(b"{")
    keys.foreign.look()
    assert FAIR.id in keys.foreign.ring().events
    assert "cannot be read" in caplog.text
