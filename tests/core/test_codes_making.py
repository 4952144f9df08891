"""What a code is made of is checked when it is made, not at the gate."""

from typing import Any

import pytest

from paifang.core.codes import (
    CodeBody,
    Form,
    Kind,
    code_of_stem,
    crockford_encode,
    is_stem,
    mac_message,
    random_code,
    recognise,
    rotating_code,
    rotating_stem,
    serial,
    signature_message,
    signed_code,
    signed_rotating_code,
)

TICKET = bytes(range(16))
BODY = CodeBody(TICKET, people=1)


def no_signature(_message: bytes) -> bytes:
    return bytes(64)


def no_mac(_message: bytes) -> bytes:
    return bytes(32)


@pytest.mark.parametrize("size", [0, 9, 11])
def test_random_code_wants_exactly_ten_bytes(size: int) -> None:
    with pytest.raises(ValueError, match="10 bytes"):
        random_code(bytes(size))


@pytest.mark.parametrize("number", [-1, 10**13])
def test_serial_wants_thirteen_digits(number: int) -> None:
    with pytest.raises(ValueError, match="13 digits"):
        serial(number)


@pytest.mark.parametrize(
    "wrong",
    [
        {"people": 0},
        {"people": 65_536},
        {"people": -1},
        {"generation": 256},
        {"product_no": -1},
        {"session_no": 2**32},
        {"valid_until_min": 2**32},
        {"valid_from_min": 100, "valid_until_min": 100},
        {"valid_from_min": 100, "valid_until_min": 99},
        {"ticket_id": bytes(15)},
        {"ticket_id": bytes(17)},
        {"key_id": bytes(3)},
    ],
    ids=str,
)
def test_signed_code_refuses_a_field_that_does_not_fit(wrong: dict[str, Any]) -> None:
    body = BODY._replace(**wrong)
    with pytest.raises(ValueError, match=r"fit|bytes|person|validity"):
        signed_code(body, no_signature)
    with pytest.raises(ValueError, match=r"fit|bytes|person|validity"):
        signed_rotating_code(body, 1, no_signature, no_mac)


def test_open_ends_of_validity_are_allowed() -> None:
    open_ends: tuple[dict[str, Any], ...] = ({"valid_from_min": 100}, {"valid_until_min": 100})
    for ends in open_ends:
        (found,) = recognise(signed_code(BODY._replace(**ends), no_signature))
        assert found.body == BODY._replace(**ends, signature=bytes(64))


@pytest.mark.parametrize("size", [0, 63, 65])
def test_signature_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="64 bytes"):
        signed_code(BODY, lambda _message: bytes(size))


def test_mac_is_cut_to_eight_bytes_and_no_shorter() -> None:
    code = rotating_code(TICKET, 5, lambda _message: bytes(range(32)))
    (found,) = recognise(code)
    assert found.body == CodeBody(TICKET, step=5, mac=bytes(range(8)))
    with pytest.raises(ValueError, match="8 bytes"):
        rotating_code(TICKET, 5, lambda _message: bytes(7))


@pytest.mark.parametrize("step", [-1, 2**32])
def test_step_must_fit_its_place(step: int) -> None:
    with pytest.raises(ValueError, match="32 bits"):
        rotating_code(TICKET, step, no_mac)


def test_ticket_of_a_rotating_code_has_sixteen_bytes() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        rotating_code(bytes(15), 1, no_mac)


def test_forms_without_a_proof_have_no_message() -> None:
    for form in (Form.random, Form.rotating, Form.plain):
        with pytest.raises(ValueError, match="no signature"):
            signature_message(form, BODY)
    for form in (Form.random, Form.signed, Form.plain):
        with pytest.raises(ValueError, match="no MAC"):
            mac_message(form, BODY)


def test_messages_of_all_forms_differ_for_one_body() -> None:
    body = BODY._replace(signature=bytes(64), step=1)
    messages = {
        signature_message(Form.signed, body),
        signature_message(Form.signed_rotating, body),
        mac_message(Form.rotating, body),
        mac_message(Form.signed_rotating, body),
    }
    assert len(messages) == 4
    assert not any(a.startswith(b) for a in messages for b in messages if a is not b)


def test_code_of_an_implausible_body_is_malformed() -> None:
    whole = b"\x11" + bytes(4) + TICKET + bytes(16) + b"\x00\x01\x00" + bytes(64)
    nobody = b"\x11" + bytes(4) + TICKET + bytes(16) + b"\x00\x00\x00" + bytes(64)
    assert recognise(crockford_encode(whole), Kind.code)
    assert not recognise(crockford_encode(nobody), Kind.code)


def test_code_of_an_unknown_version_is_malformed() -> None:
    code = rotating_code(TICKET, 1, no_mac)
    later = crockford_encode(b"\x22" + bytes(28))
    assert len(later) == len(code)
    assert not recognise(later, Kind.code)


@pytest.mark.parametrize("text", ["", "7K3M9QX2TB4HVN8C", "U" * 28, "0" * 28, "0" * 167])
def test_what_does_not_rotate_is_no_stem(text: str) -> None:
    assert not is_stem(text)
    with pytest.raises(ValueError, match="does not rotate"):
        code_of_stem(text, 1, no_mac)


def test_a_signed_code_is_no_stem_and_the_stems_are() -> None:
    assert not is_stem(signed_code(BODY, no_signature))
    assert is_stem(rotating_stem(BODY))
    assert is_stem(rotating_stem(BODY, no_signature))
