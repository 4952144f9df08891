"""Every vector of tests/vectors/codes.json holds, judged by libraries that did not make it."""

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from paifang.core.codes import (
    CodeBody,
    Form,
    Kind,
    check,
    crockford_decode,
    crockford_encode,
    group_serial,
    is_serial,
    normalise,
    random_code,
    recognise,
    rotating_code,
    serial,
    signed_code,
    signed_rotating_code,
)
from tests.vectors import make_codes

VECTORS: dict[str, Any] = json.loads(
    Path(make_codes.__file__).with_name("codes.json").read_text(encoding="ascii")
)
BYTE_FIELDS = frozenset({"ticket_id", "key_id", "signature", "mac"})
ROTATING = VECTORS["rotating"]


def text_of(row: dict[str, Any]) -> str:
    return str(row["text"]) * int(row.get("times", 1))


def body_of(fields: dict[str, Any]) -> CodeBody:
    decoded: dict[str, Any] = {
        name: bytes.fromhex(field) if name in BYTE_FIELDS else field
        for name, field in fields.items()
    }
    return CodeBody(**decoded)


def verify_signature(key_id: bytes, message: bytes, signature: bytes) -> bool:
    known = VECTORS["signed"][0]
    if key_id.hex() != known["fields"]["key_id"]:
        return False
    try:
        VerifyKey(bytes.fromhex(known["public_key"])).verify(message, signature)
    except BadSignatureError:
        return False
    return True


def secret_of(ticket_id: bytes) -> bytes:
    info = b"paifang rotation secret 1\x00" + ticket_id
    derivation = HKDF(algorithm=SHA256(), length=32, salt=None, info=info)
    return derivation.derive(bytes.fromhex(ROTATING["rotation_key"]))


def mac(ticket_id: bytes, message: bytes) -> bytes:
    return hmac.new(secret_of(ticket_id), message, hashlib.sha256).digest()


def verify_mac(ticket_id: bytes, message: bytes, tag: bytes) -> bool:
    return hmac.compare_digest(mac(ticket_id, message)[:8], tag)


def test_the_file_is_what_its_maker_writes() -> None:
    assert json.loads(json.dumps(make_codes.vectors())) == VECTORS


@pytest.mark.parametrize("row", VECTORS["normalise"])
def test_normalise_vectors(row: dict[str, Any]) -> None:
    if row["normalised"] is None:
        with pytest.raises(ValueError, match="more characters"):
            normalise(text_of(row))
    else:
        assert normalise(text_of(row)) == row["normalised"]


@pytest.mark.parametrize("row", VECTORS["crockford"]["encode"])
def test_crockford_vectors(row: dict[str, str]) -> None:
    assert crockford_encode(bytes.fromhex(row["bytes"])) == row["text"]
    assert crockford_decode(row["text"]).hex() == row["bytes"]


@pytest.mark.parametrize("text", VECTORS["crockford"]["refuse"])
def test_crockford_has_one_spelling(text: str) -> None:
    with pytest.raises(ValueError, match=r"Crockford|whole number|left-over"):
        crockford_decode(text)


@pytest.mark.parametrize("row", VECTORS["random"])
def test_random_code_vectors(row: dict[str, str]) -> None:
    # Written a second way: five bits a character, by arithmetic instead of base64.
    number, digits = int(row["entropy"], 16), "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    by_hand = "".join(digits[number >> 5 * place & 31] for place in reversed(range(16)))
    assert random_code(bytes.fromhex(row["entropy"])) == row["code"] == by_hand


@pytest.mark.parametrize("row", VECTORS["serial"]["of_number"])
def test_serial_of_number_vectors(row: dict[str, Any]) -> None:
    assert serial(row["number"]) == row["serial"]
    assert is_serial(row["serial"])


@pytest.mark.parametrize("row", VECTORS["serial"]["of_bytes"])
def test_serial_of_bytes_vectors(row: dict[str, Any]) -> None:
    if row["serial"] is None:
        with pytest.raises(ValueError, match="fair draw"):
            serial(bytes.fromhex(row["bytes"]))
    else:
        assert serial(bytes.fromhex(row["bytes"])) == row["serial"]


def test_serial_form_vectors() -> None:
    for row in VECTORS["serial"]["grouped"]:
        assert group_serial(row["serial"]) == row["grouped"]
    assert all(is_serial(text) for text in VECTORS["serial"]["valid"])
    assert not any(is_serial(text) for text in VECTORS["serial"]["invalid"])


@pytest.mark.parametrize("row", VECTORS["signed"])
def test_signed_code_vectors(row: dict[str, Any]) -> None:
    key = SigningKey(bytes.fromhex(row["seed"]))
    assert key.verify_key.encode().hex() == row["public_key"]
    VerifyKey(bytes.fromhex(row["public_key"])).verify(
        bytes.fromhex(row["message"]), bytes.fromhex(row["signature"])
    )
    body = body_of(row["fields"])
    code = signed_code(body, lambda message: key.sign(message).signature)
    assert code == row["code"]
    (found,) = recognise(code)
    assert found == (
        Kind.code,
        Form.signed,
        "",
        body._replace(signature=bytes.fromhex(row["signature"])),
    )


def test_signed_code_layout_is_the_documented_one() -> None:
    row = VECTORS["signed"][0]
    by_hand = (
        "11"  # version 1, signed
        "4b455931"  # key
        "0198a1b2c3d47e5f8a9b0c1d2e3f4051"  # ticket
        "00000007"  # product
        "00000000"  # no session
        "01c7361d"  # from: minute 29,832,733
        "01c73acd"  # until: minute 29,833,933
        "0001"  # people
        "01"  # generation
    )
    assert bytes.fromhex(row["message"]) == b"paifang code signature 1\0" + bytes.fromhex(by_hand)
    assert crockford_decode(row["code"]).hex() == by_hand + row["signature"]


def test_rotation_secret_is_hkdf_of_key_and_ticket() -> None:
    assert secret_of(bytes.fromhex(ROTATING["ticket_id"])).hex() == ROTATING["secret"]
    assert bytes.fromhex(ROTATING["hkdf_info"]).endswith(bytes.fromhex(ROTATING["ticket_id"]))


@pytest.mark.parametrize("row", ROTATING["codes"])
def test_rotating_code_vectors(row: dict[str, Any]) -> None:
    body = body_of(row["fields"])
    tag = mac(body.ticket_id, bytes.fromhex(row["message"]))
    assert tag[:8].hex() == row["mac"]
    key = SigningKey(bytes.fromhex(VECTORS["signed"][0]["seed"]))
    if row["form"] == Form.rotating:
        code = rotating_code(
            body.ticket_id, body.step, lambda message: mac(body.ticket_id, message)
        )
    else:
        code = signed_rotating_code(
            body,
            body.step,
            lambda message: key.sign(message).signature,
            lambda message: mac(body.ticket_id, message),
        )
    assert code == row["code"]
    # The MAC covers everything before it.
    covered = bytes.fromhex(row["message"]).removeprefix(b"paifang code rotation 1\0")
    assert crockford_decode(code) == covered + tag[:8]
    (found,) = recognise(code)
    assert found.form == row["form"]
    assert found.body == body._replace(mac=tag[:8])


@pytest.mark.parametrize("row", VECTORS["recognise"])
def test_recognise_vectors(row: dict[str, Any]) -> None:
    found = recognise(text_of(row), Kind(row["kind"]))
    expected = [
        (
            reading["kind"],
            reading["form"],
            reading["value"],
            None if reading["body"] is None else body_of(reading["body"]),
        )
        for reading in row["readings"]
    ]
    assert list(found) == expected


@pytest.mark.parametrize("row", VECTORS["check"], ids=lambda row: row["note"])
def test_check_vectors(row: dict[str, Any]) -> None:
    (presented,) = recognise(row["code"], Kind.code)
    verdict = check(
        presented,
        verify_signature=verify_signature,
        verify_mac=verify_mac,
        now_s=row["now_s"],
    )
    assert verdict == row["verdict"]


def test_every_verdict_and_form_has_a_vector() -> None:
    assert {row["verdict"] for row in VECTORS["check"]} == {
        "genuine",
        "forged",
        "code_too_old",
        "clock_off",
    }
    seen = {(r["kind"], r["form"]) for row in VECTORS["recognise"] for r in row["readings"]}
    codes = {(Kind.code, form) for form in Form if form is not Form.plain}
    others = {(kind, Form.plain) for kind in Kind if kind not in {Kind.auto, Kind.code}}
    assert seen == codes | others
