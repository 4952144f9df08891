"""PINs are slow to guess, tell nothing about who exists, and wrong ones are counted."""

from dataclasses import replace

import pytest

from paifang.core import limits
from paifang.core.rules import Role, Staff
from paifang.services.live.pins import (
    TRIES_KEPT_MAX,
    PinTries,
    check_pin,
    hash_pin,
    new_pin_salt,
)
from paifang.services.live.problems import Problem

SALT = new_pin_salt()
SUN = Staff("sun", "Sun", Role.supervisor, SALT, hash_pin("135790", SALT))


def test_a_pin_is_known_again_and_no_other_is() -> None:
    assert check_pin("135790", SUN)
    assert not check_pin("135791", SUN)
    assert not check_pin("", SUN)


def test_the_same_pin_of_two_people_has_two_hashes() -> None:
    assert hash_pin("135790", SALT) != hash_pin("135790", new_pin_salt())


def test_nobody_and_who_has_no_pin_or_left_cannot_sign_on() -> None:
    assert not check_pin("135790", None)
    assert not check_pin("", Staff("new", "New", Role.supervisor))
    assert not check_pin("135790", replace(SUN, active=False))


def test_tries_are_counted_per_person_and_terminal() -> None:
    tries = PinTries()
    for n in range(limits.PIN_TRIES_MAX):
        tries.take("t1", "sun", n)
    with pytest.raises(Problem, match="too_many_tries") as refused:
        tries.take("t1", "sun", 10)
    assert refused.value.retry_after_s <= limits.PIN_WINDOW_S
    tries.take("t2", "sun", 10)
    tries.take("t1", "li", 10)
    tries.take("t1", "sun", limits.PIN_WINDOW_S * 1000)


def test_a_flood_of_names_takes_bounded_memory_and_locks_nobody_for_long() -> None:
    tries = PinTries()
    for n in range(TRIES_KEPT_MAX):
        tries.take("t1", f"name-{n}", 0)
    with pytest.raises(Problem, match="too_many_tries"):
        tries.take("t1", "sun", 1)
    tries.take("t1", "sun", limits.PIN_WINDOW_S * 1000)
