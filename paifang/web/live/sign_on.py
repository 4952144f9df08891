"""Endpoints by which a paired terminal signs on and off."""

from typing import Final

import msgspec

from paifang.core.rules import Rules, Staff
from paifang.services.live.admission import request_id_of
from paifang.services.live.bodies_terminals import (
    ChallengeBody,
    SignOffAnswer,
    SignOffBody,
    TokenBody,
)
from paifang.services.live.callers import STATUS, require
from paifang.services.live.problems import Problem
from paifang.services.live.shifts import (
    NOBODY,
    Duty,
    Proof,
    begun,
    check_way,
    continued,
    new_challenge,
    proven,
    sign_off,
    sign_on,
    staff_of_card,
    token_answer,
)
from paifang.web.live.http import Call, Reply, decode, json_reply, read_body
from paifang.web.live.state import Live

TERMINALS: Final = "/api/v1/terminals"
BY_CARD: Final = "|card"
"""What tries with cards are counted under; no username has this character."""

_challenge: Final = msgspec.json.Decoder(ChallengeBody)
_token: Final = msgspec.json.Decoder(TokenBody)
_sign_off: Final = msgspec.json.Decoder(SignOffBody)


async def terminal_challenge(live: Live, call: Call) -> Reply:
    """Give a terminal something fresh to sign."""
    body = decode(_challenge, await read_body(call))
    return json_reply(new_challenge(live.ports.keys, body.terminal, live.now_ms()))


async def terminal_token(live: Live, call: Call) -> Reply:
    """Give a terminal that signed its challenge a token, with or without staff on duty."""
    body = decode(_token, await read_body(call))
    check_way(body)
    # Paired, promoted or given a new PIN a moment ago, by whichever process.
    await live.newest.looked_up(live.ledger.rules)
    rules, keys = live.ledger.rules, live.ports.keys
    proof = proven(keys, rules, body, live.now_ms())
    duty = await _duty(live, rules, proof, body)
    await sign_on(live.ledger, proof, duty, body.version)
    return json_reply(token_answer(keys, live.ledger.rules, proof, duty, live.now_ms()))


async def _duty(live: Live, rules: Rules, proof: Proof, body: TokenBody) -> Duty:
    """Return who is on duty, after checking PIN, card or shift. Raises Problem."""
    terminal = proof.terminal.id
    if isinstance(body.pin, str):
        staff = await live.staff_by_pin(rules, terminal, body.staff, body.pin)
        return begun("pin", staff, proof, live.now_ms())
    if isinstance(body.card, str):
        return begun("card", _by_card(live, rules, terminal, body.card), proof, live.now_ms())
    if body.shift:
        return continued(live.ports.keys, rules, proof, body.shift, live.now_ms())
    return NOBODY


def _by_card(live: Live, rules: Rules, terminal: str, card: str) -> Staff:
    live.tries.take(terminal, BY_CARD, live.now_ms())
    staff = staff_of_card(live.ports.keys, rules, card)
    if staff is None:
        raise Problem("card_unknown", "card")
    live.tries.succeeded(terminal, BY_CARD)
    return staff


async def terminal_sign_off(live: Live, call: Call) -> Reply:
    """End the shift of whoever is signed on."""
    authorization = call.headers.get(b"authorization", b"")
    caller = live.callers.signing_off(live.ledger.rules, authorization, live.now_ms())
    require(caller, STATUS)
    body = decode(_sign_off, await read_body(call))
    key = call.headers.get(b"idempotency-key")
    # A shift ends once, so what the request is called makes no difference.
    request_id_of(body.request_id, None if key is None else key.decode("latin-1"), "sign-off")
    await sign_off(live.ledger, caller)
    live.callers.shift_ended(caller.shift, live.now_ms())
    return json_reply(SignOffAnswer())
