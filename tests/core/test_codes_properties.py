"""What holds for every code, serial and text."""

import hashlib
import hmac

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey

from paifang.core.codes import (
    CodeBody,
    Form,
    Kind,
    Verdict,
    check,
    crockford_decode,
    crockford_encode,
    is_serial,
    normalise,
    random_code,
    recognise,
    rotating_code,
    serial,
    signed_code,
    signed_rotating_code,
    step_at,
)
from paifang.core.limits import CODE_CHARS_MAX, LOOKUPS_MAX

KEY = SigningKey(bytes(range(32)))
KEY_ID = b"key1"
NOW_S = 1_790_000_000
CHARACTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
U32 = st.integers(0, 2**32 - 1)

BODIES = st.builds(
    lambda ticket_id, start, length, **fields: CodeBody(
        ticket_id, KEY_ID, valid_from_min=start, valid_until_min=start + length, **fields
    ),
    st.binary(min_size=16, max_size=16),
    st.integers(0, 2**31),
    st.integers(1, 2**30),
    product_no=U32,
    session_no=U32,
    people=st.integers(1, 2**16 - 1),
    generation=st.integers(0, 255),
)
TYPED = st.text(max_size=CODE_CHARS_MAX) | st.text(
    "0123456789OILUXabz-–.:@+_< \t\r\n\u3000\u200b\ufeff\u0301０ａß\x00", max_size=200
)


def sign(message: bytes) -> bytes:
    return KEY.sign(message).signature


def mac(ticket_id: bytes, message: bytes) -> bytes:
    return hmac.digest(b"secret of " + ticket_id, message, hashlib.sha256)[:8]


def verify_signature(key_id: bytes, message: bytes, signature: bytes) -> bool:
    try:
        KEY.verify_key.verify(message, signature)
    except BadSignatureError:
        return False
    return key_id == KEY_ID


def verify_mac(ticket_id: bytes, message: bytes, tag: bytes) -> bool:
    return hmac.compare_digest(mac(ticket_id, message), tag)


def verdicts(code: str, now_s: int = NOW_S) -> set[Verdict]:
    """Say what is said of a code, whatever readings it has; nothing for a malformed one."""
    return {
        check(found, verify_signature=verify_signature, verify_mac=verify_mac, now_s=now_s)
        for found in recognise(code, Kind.code)
    }


def code_of(form: Form, body: CodeBody) -> str:
    if form is Form.signed:
        return signed_code(body, sign)

    def tag(message: bytes) -> bytes:
        return mac(body.ticket_id, message)

    if form is Form.rotating:
        return rotating_code(body.ticket_id, step_at(NOW_S), tag)
    return signed_rotating_code(body, step_at(NOW_S), sign, tag)


PROVEN = st.sampled_from([Form.signed, Form.rotating, Form.signed_rotating])


@given(st.binary(max_size=200))
def test_crockford_comes_back(octets: bytes) -> None:
    assert crockford_decode(crockford_encode(octets)) == octets


@given(st.text(CHARACTERS, max_size=40))
def test_crockford_reads_only_what_it_writes(text: str) -> None:
    try:
        octets = crockford_decode(text)
    except ValueError:
        return
    assert crockford_encode(octets) == text


@given(st.binary(min_size=10, max_size=10))
def test_random_code_is_recognised_as_itself(entropy: bytes) -> None:
    code = random_code(entropy)
    assert recognise(code, Kind.code) == ((Kind.code, Form.random, code, None),)
    assert verdicts(code) == {Verdict.genuine}


@given(BODIES)
def test_signed_codes_come_back_whole(body: CodeBody) -> None:
    for form in (Form.signed, Form.signed_rotating):
        code = code_of(form, body)
        (found,) = recognise(code)
        assert found.form is form
        assert found.body is not None
        assert found.body._replace(signature=b"", step=0, mac=b"") == body
        assert verdicts(code) == {Verdict.genuine}


@given(PROVEN, BODIES, st.data())
def test_no_code_with_a_wrong_character_is_genuine(
    form: Form, body: CodeBody, data: st.DataObject
) -> None:
    code = code_of(form, body)
    place = data.draw(st.integers(0, len(code) - 1))
    wrong = data.draw(st.sampled_from(CHARACTERS + "U-@"))
    assume(wrong != code[place])
    altered = code[:place] + wrong + code[place + 1 :]
    assert verdicts(altered) <= {Verdict.forged}


@given(PROVEN, BODIES, st.data())
def test_no_code_with_a_flipped_bit_is_genuine(
    form: Form, body: CodeBody, data: st.DataObject
) -> None:
    octets = bytearray(crockford_decode(code_of(form, body)))
    bit = data.draw(st.integers(0, 8 * len(octets) - 1))
    octets[bit // 8] ^= 1 << bit % 8
    assert verdicts(crockford_encode(bytes(octets))) <= {Verdict.forged}


@given(BODIES, BODIES)
def test_proof_of_one_code_is_no_proof_of_another(one: CodeBody, other: CodeBody) -> None:
    assume(one != other)
    (found,) = recognise(code_of(Form.signed_rotating, one))
    proof = found.body
    assert proof is not None
    stolen = (
        signed_code(other, lambda _message: proof.signature),
        signed_code(one, lambda _message: proof.signature),  # the same body in a weaker form
        rotating_code(one.ticket_id, step_at(NOW_S), lambda _message: proof.mac),
        signed_rotating_code(other, step_at(NOW_S), sign, lambda _message: proof.mac),
        signed_rotating_code(one, step_at(NOW_S) + 1, sign, lambda _message: proof.mac),
    )
    for code in stolen:
        assert verdicts(code) == {Verdict.forged}


@pytest.mark.parametrize("form", [Form.rotating, Form.signed_rotating])
@given(BODIES, st.integers(-200, 200))
def test_age_of_a_rotating_code_decides(form: Form, body: CodeBody, late_s: int) -> None:
    steps = step_at(NOW_S + late_s) - step_at(NOW_S)
    expected = Verdict.genuine
    if steps > 2:
        expected = Verdict.code_too_old
    elif steps < -1:
        expected = Verdict.clock_off
    assert verdicts(code_of(form, body), NOW_S + late_s) == {expected}


@given(st.integers(0, 10**13 - 1))
def test_every_wrong_digit_in_a_serial_is_caught(number: int) -> None:
    good = serial(number)
    assert is_serial(good)
    for place, digit in enumerate(good):
        for wrong in set("0123456789") - {digit}:
            assert not is_serial(good[:place] + wrong + good[place + 1 :])


@given(st.integers(0, 10**13 - 1))
def test_neighbour_swaps_in_a_serial_are_caught_but_for_digits_that_differ_by_one(
    number: int,
) -> None:
    good = serial(number)
    for place in range(13):
        left, right = good[place], good[place + 1]
        swapped = good[:place] + right + left + good[place + 2 :]
        if is_serial(swapped):
            assert left == right or (int(left) - int(right)) % 10 in {1, 9}


def test_one_neighbour_swap_in_forty_five_goes_unseen() -> None:
    # All pairs of digits in all states: the digits before a pair set the state of the check.
    tried = unseen = 0
    for head in range(10):
        for pair in range(100):
            left, right = divmod(pair, 10)
            if left != right:
                good = serial(int(f"{head}{left}{right}".ljust(13, "0")))
                tried += 1
                unseen += is_serial(good[0] + good[2] + good[1] + good[3:])
    assert (tried, unseen) == (900, 20)


@given(st.binary(min_size=32, max_size=64))
def test_serial_of_bytes_is_a_serial(entropy: bytes) -> None:
    assert is_serial(serial(entropy))


@given(TYPED)
def test_normalising_twice_changes_nothing(text: str) -> None:
    try:
        once = normalise(text)
    except ValueError:
        return  # too long once spelled out
    assert normalise(once) == once


@given(TYPED, st.sampled_from(Kind))
def test_recognising_never_raises_and_stays_bounded(text: str, kind: Kind) -> None:
    found = recognise(text, kind)
    assert len(found) <= LOOKUPS_MAX
    assert Kind.auto not in {reading.kind for reading in found}
    assert all((reading.value == "") == (reading.body is not None) for reading in found)


@given(TYPED)
def test_auto_finds_what_each_kind_finds_unless_the_code_names_itself(text: str) -> None:
    kinds = [kind for kind in Kind if kind is not Kind.auto]
    apart = tuple(reading for kind in kinds for reading in recognise(text, kind))
    found = recognise(text)
    assert found == apart[:LOOKUPS_MAX] or found[0].body is not None
