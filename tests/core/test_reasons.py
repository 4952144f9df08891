"""The closed list of reasons: each has words, and says what the gate shows."""

import pytest

from paifang.core.reasons import ATTENTION, NEVER_OVERRIDDEN, WORDS, Reason, Verdict, verdict_of

# The contract's list: codes are added, never renamed.
CONTRACT = (
    "ok, re_entry, already_used, already_inside, not_inside, recorded_not_opened, unknown, forged, "
    "copied, code_too_old, void, refunded, unpaid, exchange_required, already_exchanged, sold_out, "
    "not_yet_valid, expired, wrong_gate, wrong_zone, wrong_session, limit_reached, "
    "capacity_reached, identity_mismatch, identity_required, needs_supervisor, blocked, "
    "held_elsewhere, not_ready, offline_not_allowed, clock_off, malformed"
)


def test_every_code_others_rely_on_is_there() -> None:
    assert set(CONTRACT.split(", ")) <= {reason.value for reason in Reason}


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_words_and_every_refusal_advice(reason: Reason) -> None:
    words = WORDS[reason]
    assert words.word
    assert words.sentence.endswith(".")
    if verdict_of(reason) is not Verdict.admit:
        assert words.advice.endswith(".")


def test_only_an_entry_or_its_repetition_admits() -> None:
    admits = {reason for reason in Reason if verdict_of(reason) is Verdict.admit}
    looks = {reason for reason in Reason if verdict_of(reason) is Verdict.attention}
    assert admits == {Reason.ok, Reason.re_entry}
    assert looks == ATTENTION


def test_what_admits_is_nothing_to_override() -> None:
    assert not NEVER_OVERRIDDEN & {Reason.ok, Reason.re_entry}
