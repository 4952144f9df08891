"""Whether a code is what it claims to be, before any look-up."""

from collections.abc import Callable
from enum import StrEnum
from typing import Final

from paifang.core.codes.formats import (
    ROTATES,
    SIGNED,
    mac_message,
    signature_message,
    step_at,
)
from paifang.core.codes.recognition import Presented

STEPS_BACK_MAX: Final = 2
STEPS_AHEAD_MAX: Final = 1


class Verdict(StrEnum):
    """What the code itself shows; the values of refusal are reason codes of the contract."""

    genuine = "genuine"
    forged = "forged"
    code_too_old = "code_too_old"
    clock_off = "clock_off"


def check(
    presented: Presented,
    *,
    verify_signature: Callable[[bytes, bytes, bytes], bool],
    verify_mac: Callable[[bytes, bytes, bytes], bool],
    now_s: int,
) -> Verdict:
    """Say whether a presented code is what it claims to be, before any look-up.

    What carries no proof of itself (random codes, serials, documents, cards, accounts) is genuine
    as far as this goes: its look-up decides. Whether a rotating code is stale is said only of
    genuine ones, so that a forger learns nothing about the clock.

    Args:
        presented: A reading of `recognise`.
        verify_signature: Called with key id, message, signature; False for a key it does not know.
        verify_mac: Called with ticket id, message, MAC of 8 bytes; False for a ticket whose secret
            it cannot derive. It compares in constant time.
        now_s: Unix time in seconds.
    """
    form, body = presented.form, presented.body
    if body is None:
        return Verdict.genuine
    # The MAC first: it costs a tenth of a signature.
    if form in ROTATES and not verify_mac(body.ticket_id, mac_message(form, body), body.mac):
        return Verdict.forged
    if form in SIGNED and not verify_signature(
        body.key_id, signature_message(form, body), body.signature
    ):
        return Verdict.forged
    if form in ROTATES:
        age_steps = step_at(now_s) - body.step
        if age_steps > STEPS_BACK_MAX:
            return Verdict.code_too_old
        if age_steps < -STEPS_AHEAD_MAX:
            return Verdict.clock_off
    return Verdict.genuine
