"""What a text at a gate is made into for the ledger."""

from dataclasses import replace

import pytest
from nacl.signing import SigningKey

from paifang.core import limits
from paifang.core.codes import CodeBody, Kind, recognise, rotating_code, signed_code, step_at
from paifang.core.rules import CentreRules, Event, Gate, Rules
from paifang.ledger.commands import SignedTicket
from paifang.services.live.keys import Keys, Secrets
from paifang.services.live.readings import CodeReader, LookupKey, key_id_of

KEYS = Keys(Secrets(master="11" * 32, signing_seed="22" * 32, node="0" * 32))
FAIR = Event(1, "fair-2026", "fair", "Fair", organiser="org")
SHOW = Event(2, "show-2026", "show", "Show", organiser="org")
GATE = Gate("north", "hall", "North", events=(2, 1, 99))
RULES = Rules(CentreRules(events={1: FAIR, 2: SHOW}, gates={"north": GATE}))
CODE = "7K3M9QX2TB4HVN8C"
NOW_MS = 1_795_341_600_000
TICKET = bytes(range(16))


def read(text: str, kind: str = "auto", rules: Rules = RULES) -> tuple[tuple[bytes, ...], str]:
    """Return the look-ups and the verdict of a text shown at the gate."""
    reading = CodeReader(KEYS).read(rules, rules.centre.gates["north"], text, kind, NOW_MS)
    return reading.lookups, reading.verdict


@pytest.mark.parametrize("value", ["", CODE, "码" * 300])
def test_a_prepared_key_hashes_like_the_keys_themselves(value: str) -> None:
    key = LookupKey(KEYS.event(FAIR).lookup)
    assert key.hash(f"code|{value}".encode()) == KEYS.lookup(FAIR, "code", value)


def test_each_reading_is_looked_up_in_each_event_of_the_gate() -> None:
    lookups, verdict = read(CODE, "code")
    assert verdict == "genuine"
    assert lookups == (KEYS.lookup(SHOW, "code", CODE), KEYS.lookup(FAIR, "code", CODE))


@pytest.mark.parametrize("text", [CODE, "4471009312345", "11010519491231002X", "A1B2C3D4", "zhang"])
def test_readings_come_in_order_with_their_events_together(text: str) -> None:
    lookups, _ = read(text)
    assert lookups == tuple(
        KEYS.lookup(event, reading.kind.value, reading.value)
        for reading in recognise(text)
        for event in (SHOW, FAIR)
    )


def test_the_first_reading_names_the_kind() -> None:
    reading = CodeReader(KEYS).read(RULES, GATE, "11010519491231002X", "auto", NOW_MS)
    assert reading.kind == "document"


def test_look_ups_are_bounded_whatever_is_typed() -> None:
    events = {n: replace(FAIR, number=n, id=f"e{n}") for n in range(100)}
    gate = replace(GATE, events=tuple(events))
    rules = Rules(CentreRules(events=events, gates={"north": gate}))
    for text in (CODE, "11010519491231002X", "1234567890", "E12345678"):
        lookups, _ = read(text, rules=rules)
        assert 0 < len(lookups) <= limits.LOOKUPS_MAX * limits.EVENTS_PER_GATE_MAX


def test_a_new_bundle_changes_which_events_a_gate_knows() -> None:
    reader = CodeReader(KEYS)
    assert len(reader.read(RULES, GATE, CODE, "code", NOW_MS).lookups) == 2
    gate = replace(GATE, events=(1,))
    later = Rules(CentreRules(2, events={1: FAIR}, gates={"north": gate}))
    assert len(reader.read(later, gate, CODE, "code", NOW_MS).lookups) == 1


@pytest.mark.parametrize("text", ["", "\x00", "x" * 513, "https://example.org/" + CODE])
def test_what_is_no_code_is_malformed(text: str) -> None:
    assert read(text) == ((), "malformed")


def signed(key_id: bytes) -> str:
    """Return a code of the ticket signed by the node's key under some key id."""
    return signed_code(CodeBody(TICKET, key_id, product_no=1, people=1), KEYS.sign)


def test_a_code_of_this_nodes_key_names_its_ticket() -> None:
    own = key_id_of(bytes(KEYS.signing.verify_key))
    reading = CodeReader(KEYS).read(RULES, GATE, signed(own), "auto", NOW_MS)
    assert reading[1:4] == (TICKET, "genuine", Kind.code.value)
    assert reading.signed == SignedTicket(1, 0, 0, 0, 1)


def test_a_code_of_a_key_the_bundle_names_is_genuine_here_too() -> None:
    other = SigningKey(bytes(31) + b"1")
    public = bytes(other.verify_key)
    code = signed_code(
        CodeBody(TICKET, key_id_of(public), product_no=1, people=3),
        lambda message: other.sign(message).signature,
    )
    assert CodeReader(KEYS).read(RULES, GATE, code, "auto", NOW_MS).verdict == "forged"
    rules = replace(RULES, centre=replace(RULES.centre, issuing_keys=(public.hex(),)))
    reading = CodeReader(KEYS).read(rules, GATE, code, "auto", NOW_MS)
    assert (reading.verdict, reading.ticket) == ("genuine", TICKET)
    assert reading.signed == SignedTicket(1, 0, 0, 0, 3)


def test_a_code_of_an_unknown_key_is_forged_and_names_no_ticket() -> None:
    reading = CodeReader(KEYS).read(RULES, GATE, signed(b"none"), "auto", NOW_MS)
    assert (reading.ticket, reading.verdict) == (b"", "forged")


def test_a_rotating_code_is_forged_where_no_segment_rotates() -> None:
    code = rotating_code(TICKET, step_at(NOW_MS // 1000), lambda _: bytes(32))
    assert read(code) == ((), "forged")
