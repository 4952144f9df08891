"""What a text at a gate is made into for the ledger."""

from dataclasses import replace
from pathlib import Path

import pytest
from nacl.signing import SigningKey

from paifang.core import limits
from paifang.core.codes import (
    STEP_S,
    CodeBody,
    Kind,
    code_of_stem,
    recognise,
    rotating_code,
    rotating_stem,
    signed_code,
    step_at,
)
from paifang.core.rules import CentreRules, Event, Gate, Rules
from paifang.ledger.commands import SignedTicket
from paifang.services.live.foreign_keys import ForeignEvent, ForeignKeys, KeyRing
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


STEM = rotating_stem(CodeBody(TICKET))
SIGNED_STEM = rotating_stem(
    CodeBody(TICKET, key_id_of(bytes(KEYS.signing.verify_key)), product_no=1, people=2), KEYS.sign
)


def changing(stem: str, event: Event, steps_late: int = 0) -> str:
    """Return what a ticket of an event showed so many steps ago."""
    step = step_at(NOW_MS // 1000) - steps_late
    return code_of_stem(stem, step, lambda told: KEYS.rotation_mac(event, TICKET, told))


@pytest.mark.parametrize("event", [FAIR, SHOW], ids=lambda event: event.slug)
def test_a_code_that_changes_names_its_ticket_and_is_known_by_what_stays(event: Event) -> None:
    reading = CodeReader(KEYS).read(RULES, GATE, changing(STEM, event), "auto", NOW_MS)
    assert (reading.verdict, reading.ticket, reading.signed) == ("genuine", TICKET, None)
    assert reading.lookups == (KEYS.lookup(event, "code", STEM),)


def test_one_that_is_signed_too_tells_what_it_is_for() -> None:
    rules = replace(RULES, centre=replace(RULES.centre, issuing_keys=(KEYS.public_key,)))
    reading = CodeReader(KEYS).read(rules, GATE, changing(SIGNED_STEM, FAIR), "auto", NOW_MS)
    assert (reading.verdict, reading.ticket) == ("genuine", TICKET)
    assert reading.signed == SignedTicket(1, 0, 0, 0, 2)
    assert reading.lookups == (KEYS.lookup(FAIR, "code", SIGNED_STEM),)


@pytest.mark.parametrize("stem", [STEM, SIGNED_STEM], ids=["rotating", "signed_rotating"])
@pytest.mark.parametrize(
    ("late", "verdict"),
    [(0, "genuine"), (2, "genuine"), (3, "code_too_old"), (-1, "genuine"), (-2, "clock_off")],
)
def test_a_picture_of_it_is_too_old_soon(stem: str, late: int, verdict: str) -> None:
    assert read(changing(stem, FAIR, late))[1] == verdict
    assert STEP_S == 15


@pytest.mark.parametrize("stem", [STEM, SIGNED_STEM], ids=["rotating", "signed_rotating"])
def test_what_stays_of_it_is_no_code(stem: str) -> None:
    assert read(stem, "code")[1] == "malformed"


def test_made_with_another_key_it_is_forged() -> None:
    step = step_at(NOW_MS // 1000)
    assert read(rotating_code(TICKET, step, lambda _: bytes(32))) == ((), "forged")
    elsewhere = replace(FAIR, id="another-event")
    assert read(changing(STEM, elsewhere)) == ((), "forged")


def test_a_lessee_knows_it_by_the_event_key_it_was_given(tmp_path: Path) -> None:
    host = Keys(
        Secrets(master="33" * 32, signing_seed="44" * 32, node="1" * 32),
        ForeignKeys(tmp_path / "foreign.json"),
    )
    reader = CodeReader(host)
    assert reader.read(RULES, GATE, changing(STEM, FAIR), "auto", NOW_MS).verdict == "forged"
    host.foreign.add(KEYS.ring_of([FAIR]))
    assert reader.read(RULES, GATE, changing(STEM, FAIR), "auto", NOW_MS).verdict == "genuine"
    assert reader.read(RULES, GATE, changing(STEM, SHOW), "auto", NOW_MS).verdict == "forged"


def test_with_keys_from_before_codes_changed_it_knows_none(tmp_path: Path) -> None:
    given = KEYS.ring_of([FAIR]).events[FAIR.id]
    older = ForeignEvent(given.lookup, given.seal, given.page)
    host = Keys(
        Secrets(master="33" * 32, signing_seed="44" * 32, node="1" * 32),
        ForeignKeys(tmp_path / "foreign.json"),
    )
    host.foreign.add(KeyRing({FAIR.id: older}))
    reading = CodeReader(host).read(RULES, GATE, changing(STEM, FAIR), "auto", NOW_MS)
    assert (reading.verdict, reading.ticket) == ("forged", b"")
