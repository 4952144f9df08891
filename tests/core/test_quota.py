"""Quota: capacity is always what is free, held, sold and allotted together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paifang.core.quota import Quota, confirm, give_back, hold, release, resize

TEN = Quota("product:1", 1, 10)


def test_what_is_held_is_no_longer_free() -> None:
    held = hold(TEN, 7)
    assert held is not None
    assert (held.free, held.held) == (3, 7)
    assert hold(held, 4) is None
    assert hold(held, 3) == held._replace(held=10)


def test_held_units_are_sold_or_let_go() -> None:
    held = TEN._replace(held=7)
    assert confirm(held, 7) == TEN._replace(sold=7)
    assert release(held, 7) == TEN


def test_sold_units_given_back_are_free_again() -> None:
    assert give_back(TEN._replace(sold=4), 3).free == 9


def test_a_capacity_never_falls_below_what_is_taken() -> None:
    taken = TEN._replace(allotted=2, held=3, sold=4)
    assert resize(taken, 8) is None
    resized = resize(taken, 9)
    assert resized is not None
    assert resized.free == 0


@pytest.mark.parametrize("move", [confirm, release, give_back])
def test_moving_more_than_there_is_is_a_bug(move: object) -> None:
    assert callable(move)
    with pytest.raises(AssertionError):
        move(TEN, 1)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["hold", "confirm", "release", "give", "resize"]), st.integers(1, 15)
        )
    )
)
def test_whatever_is_done_nothing_is_oversold(steps: list[tuple[str, int]]) -> None:
    quota = TEN._replace(allotted=2)
    for step, units in steps:
        match step:
            case "hold":
                quota = hold(quota, units) or quota
            case "resize":
                quota = resize(quota, units) or quota
            case "give":
                quota = give_back(quota, min(units, quota.sold))
            case "confirm":
                quota = confirm(quota, min(units, quota.held))
            case _:
                quota = release(quota, min(units, quota.held))
        assert min(quota.free, quota.held, quota.sold) >= 0
        assert quota.allotted + quota.free + quota.held + quota.sold == quota.capacity
