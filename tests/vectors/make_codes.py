"""Write tests/vectors/codes.json: what every implementation of the code formats must agree on.

Run from the root of the repository: ``python -m tests.vectors.make_codes``. Keys and random bytes
are fixed, so the file only changes when a format does. The tests do not trust this script: they
check the file with other libraries and with bytes written out by hand.
"""

import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

from nacl.signing import SigningKey

from paifang.core.codes import (
    CodeBody,
    Form,
    Kind,
    check,
    crockford_encode,
    group_serial,
    mac_message,
    normalise,
    random_code,
    recognise,
    rotating_code,
    serial,
    signature_message,
    signed_code,
    signed_rotating_code,
    step_at,
)

PATH = Path(__file__).with_name("codes.json")

# RFC 8032, 7.1, test 1.
SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
KEY = SigningKey(SEED)
KEY_ID = bytes.fromhex("4b455931")
ROTATION_KEY = bytes(range(32))
ROTATION_INFO = b"paifang rotation secret 1\x00"
TICKET = bytes.fromhex("0198a1b2c3d47e5f8a9b0c1d2e3f4051")
NOW_S = 1_790_000_000

BODY = CodeBody(
    ticket_id=TICKET,
    key_id=KEY_ID,
    product_no=7,
    session_no=0,
    valid_from_min=NOW_S // 60 - 600,
    valid_until_min=NOW_S // 60 + 600,
    people=1,
    generation=1,
)
GREATEST = CodeBody(
    ticket_id=b"\xff" * 16,
    key_id=KEY_ID,
    product_no=2**32 - 1,
    session_no=2**32 - 1,
    valid_from_min=2**32 - 2,
    valid_until_min=2**32 - 1,
    people=2**16 - 1,
    generation=255,
)
LEAST = CodeBody(ticket_id=bytes(16), key_id=KEY_ID, people=1)


def sign(message: bytes) -> bytes:
    """Sign with the key of RFC 8032's first test."""
    return KEY.sign(message).signature


def rotation_secret(ticket_id: bytes) -> bytes:
    """HKDF-SHA-256 (RFC 5869) without salt, 32 bytes."""
    key = hmac.digest(bytes(32), ROTATION_KEY, hashlib.sha256)
    return hmac.digest(key, ROTATION_INFO + ticket_id + b"\x01", hashlib.sha256)


def mac(ticket_id: bytes, message: bytes) -> bytes:
    """HMAC-SHA-256 under the ticket's rotation secret, cut to eight bytes."""
    return hmac.digest(rotation_secret(ticket_id), message, hashlib.sha256)[:8]


def rotating(step: int, ticket_id: bytes = TICKET) -> str:
    """Return the rotating code of a step."""
    return rotating_code(ticket_id, step, lambda message: mac(ticket_id, message))


def signed_rotating(step: int, body: CodeBody = BODY) -> str:
    """Return the signed + rotating code of a step."""
    return signed_rotating_code(body, step, sign, lambda message: mac(body.ticket_id, message))


def altered(code: str, place: int) -> str:
    """Return the code with another character in one place."""
    other = "0" if code[place] != "0" else "1"
    return code[:place] + other + code[place + 1 :]


def fields_of(body: CodeBody) -> dict[str, int | str]:
    """Return the fields of a body, byte strings in hexadecimal."""
    fields = body._asdict()
    return {name: f.hex() if isinstance(f, bytes) else f for name, f in fields.items()}


def vectors() -> dict[str, Any]:
    """Return the whole file."""
    return {
        "note": "Made by tests/vectors/make_codes.py. Bytes are hexadecimal, texts are JSON; "
        "`times` repeats a text. Layouts: docs/reference/codes.md.",
        "normalise": normalise_vectors(),
        "crockford": crockford_vectors(),
        "random": [
            {"entropy": entropy.hex(), "code": random_code(entropy)}
            for entropy in (bytes(10), b"\xff" * 10, bytes(range(10)), SEED[:10])
        ],
        "serial": serial_vectors(),
        "signed": signed_vectors(),
        "rotating": rotating_vectors(),
        "recognise": recognise_vectors(),
        "check": check_vectors(),
    }


def normalise_vectors() -> list[dict[str, Any]]:
    """Return texts with their one spelling; null where the text is refused."""
    texts = [
        "",
        "abc",
        " 0123 4567 89ab cdef \r\n",
        "０１２３４５６７８９ＡＢＣＤＥＦ",
        "ａｂｃ－ｄｅｆ",
        "4471–0093—1234‑56",
        "\ufeff4471\u200b0093\u30001234\u00a056\u2060",
        "\u202eabc\u202c",
        "ab\u00adcd",
        "a\tb\nc",
        "a\x00b",
        "e\u200b\u0301",
        "\u00e9",
        "straße",
        "ﬁﬀ",
        "①②③",
        "张三",
        "\ud800",
        "😀",
    ]
    return [{"text": text, "normalised": normalise(text)} for text in texts] + [
        {"text": "a", "times": 512, "normalised": "A" * 512},
        {"text": "a", "times": 513, "normalised": None},
        {"text": "a", "times": 100_000, "normalised": None},
        {"text": "\ufdfa", "times": 35, "normalised": None},
    ]


def crockford_vectors() -> dict[str, Any]:
    """Return encodings (RFC 4648's test strings among them) and what a decoder refuses."""
    strings = [b"foobar"[:size] for size in range(7)] + [bytes(5), b"\xff" * 8]
    return {
        "encode": [{"bytes": text.hex(), "text": crockford_encode(text)} for text in strings],
        "refuse": [
            "0",
            "000",
            "000000",
            "01",
            "0001",
            "CR1",
            "cr",
            "CU",
            "CI",
            "CL",
            "CO",
            "C-",
            "C R",
        ],
    }


def serial_vectors() -> dict[str, Any]:
    """Return serials made of numbers and of bytes, and texts that are serials or not."""
    numbers = [0, 1, 10**13 - 1, 4_471_009_312_345, 1_234_567_890_123]
    unfair = (2**64 // 10**13 * 10**13).to_bytes(8, "big")
    draws = [SEED, bytes(8), (10**13).to_bytes(8, "big"), unfair + bytes(7) + b"\x05"]
    good = serial(4_471_009_312_345)
    wrong = f"{(int(good[-1]) + 1) % 10}"
    return {
        "of_number": [{"number": number, "serial": serial(number)} for number in numbers],
        "of_bytes": [{"bytes": draw.hex(), "serial": serial(draw)} for draw in draws]
        + [{"bytes": refused.hex(), "serial": None} for refused in (b"", bytes(7), unfair)],
        "grouped": [{"serial": good, "grouped": group_serial(good)}],
        "valid": [good, serial(79_431_213_015), serial(0)],
        "invalid": [
            good[:-1] + wrong,
            good[:-1],
            good + "0",
            "",
            "1234567890123X",
            "４" + good[1:],
        ],
    }


def signed_vectors() -> list[dict[str, Any]]:
    """Return signed codes with everything that goes into them."""
    return [
        {
            "seed": SEED.hex(),
            "public_key": KEY.verify_key.encode().hex(),
            "fields": fields_of(body),
            "message": signature_message(Form.signed, body).hex(),
            "signature": sign(signature_message(Form.signed, body)).hex(),
            "code": signed_code(body, sign),
        }
        for body in (BODY, LEAST, GREATEST)
    ]


def rotating_vectors() -> dict[str, Any]:
    """Return the derivation of a secret, and codes of several steps in both rotating forms."""
    steps = [0, step_at(NOW_S), 2**32 - 1]
    plain = [CodeBody(TICKET, step=step) for step in steps]
    signature = sign(signature_message(Form.signed_rotating, BODY))
    bodies = [BODY._replace(signature=signature, step=step) for step in steps]
    return {
        "rotation_key": ROTATION_KEY.hex(),
        "hkdf_info": (ROTATION_INFO + TICKET).hex(),
        "ticket_id": TICKET.hex(),
        "secret": rotation_secret(TICKET).hex(),
        "codes": [
            {
                "form": form,
                "fields": fields_of(body),
                "message": mac_message(form, body).hex(),
                "mac": mac(TICKET, mac_message(form, body)).hex(),
                "code": code(body.step),
            }
            for form, group, code in (
                (Form.rotating, plain, rotating),
                (Form.signed_rotating, bodies, signed_rotating),
            )
            for body in group
        ],
    }


def recognise_vectors() -> list[dict[str, Any]]:
    """Return texts with all their readings; no readings means malformed."""
    good = serial(4_471_009_312_345)
    mistyped = good[:-1] + str((int(good[-1]) + 1) % 10)
    signed, now = signed_code(BODY, sign), step_at(NOW_S)
    grouped_code = "-".join(signed[start : start + 4] for start in range(0, len(signed), 4))
    zone = (
        "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\r\n"
        "L898902C36UTO7408122F1204159ZE184226B<<<<<10\r\n"
    )
    auto = [
        "0123456789ABCDEF", "0123-4567-89ab-cdef", "o123 4567 89ab cdeI", "0123456789ABCDEU",
        "０１２３４５６７８９ＡＢＣＤＥＦ", "0123456789ABCDE", "01234567-89ABCDEF-",
        "0123456789ABCDEF\r", "01234567\n89ABCDEF", "01234567\x0089ABCDEF",
        "https://example.org/t/0123456789ABCDEF", "https://example.org/?c=0123456789ABCDEF",
        signed, signed.lower(), grouped_code, rotating(now), signed_rotating(now),
        altered(signed, 0), "0" * 47, signed[:-1],
        good, group_serial(good), "4471-0093-1234-5" + good[-1], mistyped,
        "11010519491231002X", "11010519491231002x", "110105 19491231 002Ｘ", "110105194912310021",
        "E12345678", "H12345678", "H1234567801", "ABC123456789012", zone,
        "04DE5F1EACC040", "04:de:5f:1e:ac:c0:40", "04:DE-5F:1E", "12345678", "1234567890",
        "9999999999", "0123456789ABCDEF0123",
        "anna.maria@example.org", "anna maria", "ab", "a" * 64, "a" * 65,
        "", " ", "张三", "\ud800", "<", "'; DROP TABLE ticket; --",
    ]  # fmt: skip
    asked = [(text, Kind.auto) for text in auto]
    asked += [("0123456789ABCDEF", kind) for kind in Kind]
    asked += [(good, kind) for kind in Kind] + [("E12345678", kind) for kind in Kind]
    rows: list[dict[str, Any]] = [
        {"text": text, "kind": kind, "readings": readings_of(text, kind)} for text, kind in asked
    ]
    return [*rows, {"text": "0", "times": 100_000, "kind": Kind.auto, "readings": []}]


def readings_of(text: str, kind: Kind) -> list[dict[str, Any]]:
    """Return the readings of a text, with the fields of a body where there is one."""
    return [
        {
            "kind": reading.kind,
            "form": reading.form,
            "value": reading.value,
            "body": None if reading.body is None else fields_of(reading.body),
        }
        for reading in recognise(text, kind)
    ]


def check_vectors() -> list[dict[str, Any]]:
    """Return codes with what is to be said of them at a time."""
    now = step_at(NOW_S)
    signed, turning, both = signed_code(BODY, sign), rotating(now), signed_rotating(now)
    unknown_key = signed_code(BODY._replace(key_id=b"none"), sign)
    # Cut down to a signed code, form byte exchanged: the signature is over the form byte.
    body = recognise(both)[0].body
    assert body is not None
    cut_down = signed_code(body, lambda _message: body.signature)
    at_seconds = [
        (code, NOW_S + 15 * steps, f"{form}, shown {steps} steps ago")
        for form, code in ((Form.rotating, turning), (Form.signed_rotating, both))
        for steps in (-2, -1, 0, 2, 3)
    ]
    at_seconds += [
        ("0123456789ABCDEF", NOW_S, "a random code proves nothing: its look-up decides"),
        (signed, NOW_S, "signed"),
        (signed, NOW_S + 10**9, "validity is not looked at here"),
        (altered(signed, 60), NOW_S, "body altered"),
        (altered(signed, 120), NOW_S, "signature altered"),
        (unknown_key, NOW_S, "unknown key"),
        (cut_down, NOW_S, "signed + rotating cut down to signed"),
        (altered(turning, 10), NOW_S, "ticket altered"),
        (altered(turning, 33), NOW_S, "step altered"),
        (altered(turning, 45), NOW_S, "MAC altered"),
        (altered(turning, 45), NOW_S + 10**6, "forged is said before too old"),
        (altered(both, 100), NOW_S, "signature altered, MAC over it wrong too"),
        (altered(both, 180), NOW_S, "MAC altered, signature intact"),
    ]
    return [
        {"code": code, "now_s": now_s, "note": note, "verdict": verdict_of(code, now_s)}
        for code, now_s, note in at_seconds
    ]


def verdict_of(code: str, now_s: int) -> str:
    """Check a code against the keys of this file."""
    return check(
        recognise(code, Kind.code)[0],
        verify_signature=lambda key_id, message, signature: (
            key_id == KEY_ID and sign(message) == signature
        ),
        verify_mac=lambda ticket_id, message, tag: mac(ticket_id, message) == tag,
        now_s=now_s,
    )


if __name__ == "__main__":
    PATH.write_text(json.dumps(vectors(), indent=1) + "\n", encoding="ascii")
