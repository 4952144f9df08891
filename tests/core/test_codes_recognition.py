"""What people type and readers send is recognised, or named malformed; nothing raises."""

import pytest

from paifang.core.codes import CodeBody, Form, Kind, Presented, recognise, signed_code
from paifang.core.limits import CODE_CHARS_MAX, LOOKUPS_MAX
from paifang.core.typed_text import ungroup

CODE = "7ZQK4M2X9TCBH3RD"
SIGNED = signed_code(CodeBody(bytes(16), people=1), lambda _message: bytes(64))


@pytest.mark.parametrize(
    "typed",
    [
        CODE,
        CODE.lower(),
        "７ＺＱＫ４Ｍ２Ｘ９ＴＣＢＨ３ＲＤ",
        "７ｚｑｋ４ｍ２ｘ９ｔｃｂｈ３ｒｄ",
        f"  {CODE}\r\n",
        f"\ufeff{CODE}",
        f"\t{CODE}\t",
        "7ZQK 4M2X 9TCB H3RD",
        "7ZQK-4M2X-9TCB-H3RD",
        "7zqk–4m2x–9tcb–h3rd",
        "7ZQK\u30004M2X\u30009TCB\u3000H3RD",
        "7ZQK4M2X\u200b9TCBH3RD",
    ],
)
def test_code_is_the_same_however_it_was_typed(typed: str) -> None:
    assert recognise(typed, Kind.code) == (Presented(Kind.code, Form.random, CODE),)
    assert recognise(typed)[0] == Presented(Kind.code, Form.random, CODE)


def test_letters_taken_for_digits_are_read_as_digits_in_codes_only() -> None:
    code, account = recognise("OIL0-1111-2222-3333".replace("-", ""))
    assert code.value == "0110111122223333"
    assert account.value == "OIL0111122223333"


def test_u_is_in_no_code() -> None:
    assert recognise("7ZQK4M2X9TCBH3RU", Kind.code) == ()


@pytest.mark.parametrize("control", [chr(number) for number in (*range(32), 127, 0x85, 0x9B)])
@pytest.mark.parametrize("kind", Kind)
def test_control_characters_inside_are_malformed(control: str, kind: Kind) -> None:
    for text in (CODE, "44710093123450", "E12345678", "04DE5F1EACC040", "anna@example.org"):
        assert recognise(text[:5] + control + text[5:], kind) == ()


@pytest.mark.parametrize("kind", Kind)
def test_text_beyond_the_limit_is_malformed(kind: Kind) -> None:
    for text in (
        "0" * (CODE_CHARS_MAX + 1),
        "7" * 100_000,
        " " * 100_000 + CODE,
        "７" * 100_000,
        "\ufdfa" * CODE_CHARS_MAX,  # 512 characters that stand for 9,216
    ):
        assert recognise(text, kind) == ()


@pytest.mark.parametrize(
    "address",
    [
        f"https://tickets.example/t/{CODE}",
        f"https://tickets.example/?c={CODE}",
        f"HTTPS://TICKETS.EXAMPLE/{SIGNED}",
        f"tickets.example/{CODE}",
    ],
)
@pytest.mark.parametrize("kind", Kind)
def test_address_that_holds_a_code_is_no_code(address: str, kind: Kind) -> None:
    assert recognise(address, kind) == ()


@pytest.mark.parametrize("typed", [SIGNED, SIGNED.lower(), SIGNED.replace("0", "O")])
def test_code_that_names_itself_has_no_other_reading(typed: str) -> None:
    (found,) = recognise(typed)
    assert (found.kind, found.form, found.value) == (Kind.code, Form.signed, "")


@pytest.mark.parametrize(
    ("typed", "uids"),
    [
        ("04de5f1e", ["04DE5F1E"]),
        ("04:DE:5F:1E", ["04DE5F1E"]),
        ("04-de-5f-1e-ac-c0-40", ["04DE5F1EACC040"]),
        ("0081657630", ["04DDFF1E"]),
        ("12345678", ["12345678", "00BC614E"]),
        ("4294967295", ["FFFFFFFF"]),
        ("4294967296", []),
        ("04DE5F1EA", []),
        ("04:DE-5F:1E", []),
    ],
)
def test_card_is_looked_up_by_its_uid_in_hexadecimal(typed: str, uids: list[str]) -> None:
    assert [found.value for found in recognise(typed, Kind.card)] == uids


def test_document_is_looked_up_by_kind_and_number() -> None:
    found = recognise("11010519491231002x", Kind.document)
    assert [reading.value for reading in found] == ["ID:11010519491231002X"]


def test_mistyped_document_is_malformed_when_a_document_was_asked_for() -> None:
    assert recognise("110105194912310029", Kind.document) == ()


def test_readings_come_in_the_order_of_the_contract() -> None:
    for text in ("44710093123450", "12345678", "H12345678", CODE):
        order = [list(Kind).index(found.kind) for found in recognise(text)]
        assert order == sorted(order)
        assert 0 < len(order) <= LOOKUPS_MAX


@pytest.mark.parametrize("text", ["-12-34", "12--34", "12-34-", "12-Ü4", "1234", ""])
def test_hyphens_go_only_between_groups(text: str) -> None:
    assert ungroup(text) == text
