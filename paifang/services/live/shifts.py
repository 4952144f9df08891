"""Signing on: a terminal proves its key, somebody begins or continues a shift, a token comes of it.

The challenge keeps no state: a MAC by the node's own key tells that it is genuine, and the ledger
that it was not used before, on whichever process.
"""

import secrets
from typing import NamedTuple

from msgspec import UNSET

from paifang.core import limits
from paifang.core.rules import Rules, Staff, Terminal
from paifang.ledger.commands import SignOff, SignOn, sign_off_id, sign_on_id
from paifang.ledger.facts import Answer
from paifang.ledger.faults import IdConflict, LedgerFault, NotAllowed, NotPossible
from paifang.services.live.bodies_terminals import (
    ChallengeAnswer,
    StaffShown,
    TokenAnswer,
    TokenBody,
)
from paifang.services.live.callers import Caller
from paifang.services.live.cards import card_number
from paifang.services.live.keys import NONCE_BYTES, Challenge, Keys, Shift
from paifang.services.live.ports import LiveLedger
from paifang.services.live.problems import Problem, problem_of
from paifang.services.live.proof import key_name, proves, signed_text
from paifang.services.live.terminal_shown import terminal_shown


class Proof(NamedTuple):
    """A terminal that signed a challenge, and the challenge's nonce, in hex."""

    terminal: Terminal
    nonce: str


class Duty(NamedTuple):
    """Who is on duty: nobody by `key`, or somebody by pin, card or shift, until then (UTC s)."""

    how: str = "key"
    staff: Staff | None = None
    shift: str = ""
    until_s: int = 0


NOBODY = Duty()


def new_challenge(keys: Keys, terminal: str, now_ms: int) -> ChallengeAnswer:
    """Return a fresh challenge, alike for terminals there are and terminals there are not."""
    until_ms = now_ms + limits.CHALLENGE_S * 1000
    challenge = Challenge(terminal, secrets.token_hex(NONCE_BYTES), until_ms)
    return ChallengeAnswer(
        challenge=keys.challenge(challenge), now_ms=now_ms, until_ms=challenge.until_ms
    )


def proven(keys: Keys, rules: Rules, body: TokenBody, now_ms: int) -> Proof:
    """Return the terminal that signed a challenge.

    Raises:
        Problem: proof_wrong for everything that does not fit; challenge_late and token_revoked only
            for who holds the terminal's key.
    """
    challenge = keys.read_challenge(body.challenge)
    terminal = rules.node.terminals.get(body.terminal)
    message = signed_text(body.terminal, body.challenge, body.staff, body.shift)
    if (
        challenge is None
        or challenge.terminal != body.terminal
        or terminal is None
        or not terminal.public_key
        or not proves(terminal.public_key, message, body.signature)
    ):
        raise Problem("proof_wrong")
    if terminal.revoked:
        raise Problem("token_revoked")
    if now_ms >= challenge.until_ms:
        raise Problem("challenge_late")
    return Proof(terminal, challenge.nonce)


def check_way(body: TokenBody) -> None:
    """Check that staff sign on in one way: PIN, card or shift. Raises Problem."""
    has_pin, has_card = isinstance(body.pin, str), isinstance(body.card, str)
    if has_pin and not body.staff:
        raise Problem("member_missing", "staff")
    if body.staff and not has_pin:
        raise Problem("member_missing", "pin")
    if has_pin + has_card + bool(body.shift) > 1:
        raise Problem("member_wrong", "shift", expected="one of staff with pin, card, shift")


def staff_of_card(keys: Keys, rules: Rules, card: str) -> Staff | None:
    """Return who signs on with a card, None for nobody. Raises Problem for no card's number."""
    try:
        number_hash = keys.card_hash(card_number(card))
    except ValueError:
        raise Problem("member_wrong", "card", expected="a card's number") from None
    found = (
        staff for staff in rules.node.staff.values() if staff.active and number_hash in staff.cards
    )
    return next(found, None)


def begun(how: str, staff: Staff, proof: Proof, now_ms: int) -> Duty:
    """Return a shift that begins with this proof."""
    return Duty(how, staff, proof.nonce, now_ms // 1000 + limits.SHIFT_S)


def continued(keys: Keys, rules: Rules, proof: Proof, text: str, now_ms: int) -> Duty:
    """Return a shift begun before, which must be this terminal's. Raises Problem shift_over."""
    shift = keys.read_shift(text)
    staff = rules.node.staff.get(shift.staff) if shift is not None else None
    key = key_name(proof.terminal.public_key)
    if (
        shift is None
        or (shift.terminal, shift.key) != (proof.terminal.id, key)
        or staff is None
        or not staff.active
        or now_ms >= shift.until_s * 1000
    ):
        raise Problem("shift_over")
    return Duty("shift", staff, shift.shift, shift.until_s)


async def sign_on(ledger: LiveLedger, proof: Proof, duty: Duty, version: str) -> None:
    """Record a sign-on durably.

    Raises:
        Problem: proof_used, token_revoked (from the batch on that heard of it), shift_over once the
            shift was ended, or what the ledger meets.
    """
    command = SignOn(
        request_id=sign_on_id(proof.nonce),
        actor=duty.staff.username if duty.staff else "",
        terminal=proof.terminal.id,
        public_key=proof.terminal.public_key,
        how=duty.how,
        staff=duty.staff.username if duty.staff else "",
        shift=duty.shift,
        version=version,
    )
    try:
        answer = await ledger.commit(command)
    except IdConflict as fault:
        raise Problem("proof_used") from fault
    except NotAllowed as fault:
        raise Problem("token_revoked") from fault
    except NotPossible as fault:
        raise Problem("shift_over") from fault
    except LedgerFault as fault:
        raise problem_of(fault) from fault
    if not answer.new:
        raise Problem("proof_used")


def token_answer(keys: Keys, rules: Rules, proof: Proof, duty: Duty, now_ms: int) -> TokenAnswer:
    """Return the token of a terminal that signed on, with what it has to know."""
    terminal, staff = proof.terminal, duty.staff
    key = key_name(terminal.public_key)
    until_s = now_ms // 1000 + limits.TERMINAL_TOKEN_S
    if staff is not None:
        until_s = min(until_s, duty.until_s)
    username = staff.username if staff else ""
    shift = Shift(terminal.id, key, username, duty.shift, duty.until_s)
    return TokenAnswer(
        token=keys.scan_token(terminal.id, username, until_s, key, duty.shift),
        until_ms=until_s * 1000,
        now_ms=now_ms,
        terminal=terminal_shown(rules, terminal),
        node=rules.node.node,
        centre_version=rules.centre.version,
        node_version=rules.node.version,
        shift=keys.shift(shift) if staff else UNSET,
        shift_until_ms=duty.until_s * 1000 if staff else UNSET,
        staff=StaffShown(username=staff.username, name=staff.name, role=staff.role)
        if staff
        else UNSET,
    )


async def sign_off(ledger: LiveLedger, caller: Caller) -> Answer:
    """End the shift of a token; asked again, the same answer.

    Raises:
        Problem: not_possible if the token has no shift; token_revoked; what the ledger meets.
    """
    if not caller.shift:
        raise Problem("not_possible")
    command = SignOff(
        request_id=sign_off_id(caller.shift),
        actor=caller.staff,
        terminal=caller.terminal.id,
        staff=caller.staff,
        shift=caller.shift,
    )
    try:
        return await ledger.commit(command)
    except NotAllowed as fault:
        raise Problem("token_revoked") from fault
    except LedgerFault as fault:
        raise problem_of(fault) from fault
