"""Ids: version 7 UUIDs that only grow, whatever clock and threads do."""

import threading
from uuid import UUID

import pytest

from paifang.core.ids import ENTROPY_BYTES, ID_BYTES, IdSource, made_at_ms, uuid7

# RFC 9562, appendix A.6: its time, and its chance as the bits behind version and variant.
RFC_TIME_MS = 0x017F22E279B0
RFC_CHANCE = (0xCC3 << 62 | 0x18C4DC0C0C07398F).to_bytes(ENTROPY_BYTES, "big")


def test_the_layout_is_that_of_the_standards_example() -> None:
    made = uuid7(RFC_TIME_MS, RFC_CHANCE)
    assert UUID(bytes=made) == UUID("017F22E2-79B0-7CC3-98C4-DC0C0C07398F")
    assert made_at_ms(made) == RFC_TIME_MS


def test_version_and_variant_are_right_for_any_chance() -> None:
    for chance in (bytes(ENTROPY_BYTES), b"\xff" * ENTROPY_BYTES):
        made = UUID(bytes=uuid7(1, chance))
        assert (made.version, made.variant) == (7, "specified in RFC 4122")


@pytest.mark.parametrize("count", [0, ENTROPY_BYTES - 1, ENTROPY_BYTES + 1])
def test_too_little_or_too_much_chance_is_refused(count: int) -> None:
    with pytest.raises(ValueError, match="random bytes"):
        uuid7(0, bytes(count))


@pytest.mark.parametrize("unix_ms", [-1, 1 << 48])
def test_a_time_outside_48_bits_is_refused(unix_ms: int) -> None:
    with pytest.raises(ValueError, match="48 bits"):
        uuid7(unix_ms, bytes(ENTROPY_BYTES))


def test_ids_grow_while_the_clock_stands_still_or_steps_back() -> None:
    times = iter([1_000, 1_000, 1_000, 400, 400, 2_000])
    chance = iter(
        [b"\x00" * 10, b"\x00" * 10, b"\xff" * 10, b"\x00" * 10, b"\xff" * 10, b"\x01" * 10]
    )
    source = IdSource(lambda: next(times), lambda count: next(chance)[:count])
    made = [source.next_id() for _ in range(6)]
    assert made == sorted(set(made))
    assert all(len(each) == ID_BYTES for each in made)
    assert made_at_ms(made[-1]) == 2_000


def test_a_millisecond_whose_ids_are_used_up_borrows_from_the_next() -> None:
    source = IdSource(lambda: 1_000, lambda count: b"\xff" * count)
    first, second = source.next_id(), source.next_id()
    assert (made_at_ms(first), made_at_ms(second)) == (1_000, 1_001)


def test_threads_never_get_the_same_id() -> None:
    source = IdSource(lambda: 1_000, bytes)
    made: list[bytes] = []

    def make() -> None:
        made.extend([source.next_id() for _ in range(500)])

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 2_000
