"""Epochs only grow, and a gate obeys none but the newest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paifang.core.leases import (
    EPOCH_MAX,
    GENERATION_SHIFT,
    Right,
    may,
    next_epoch,
    passes_fence,
)

NEWEST = st.integers(0, EPOCH_MAX - 4)


@given(NEWEST, st.integers(0, 1_000), st.sampled_from([0, 1]))
def test_a_next_epoch_is_above_all_before_and_tells_who_granted_it(
    newest: int, generation: int, odd: int
) -> None:
    epoch = next_epoch(newest, generation, break_glass=bool(odd))
    assert epoch > newest
    assert epoch >> GENERATION_SHIFT >= generation
    assert epoch % 2 == odd


def test_there_is_no_epoch_above_the_last() -> None:
    with pytest.raises(ValueError, match="no epoch"):
        next_epoch(EPOCH_MAX)


@given(NEWEST, NEWEST)
def test_a_gate_acts_on_the_newest_epoch_and_on_none_below(seen: int, told: int) -> None:
    assert passes_fence(seen, told) is (told >= seen)


def test_a_right_is_held_only_if_it_was_given() -> None:
    assert may("admit exchange", Right.exchange)
    assert not may("admit exchange", Right.sell)
    assert not may("", Right.admit)
