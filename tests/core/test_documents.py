"""Documents are told apart by what their issuers publish, and mistyped ones are named."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from paifang.core import documents
from paifang.core.documents import Document, DocumentError, DocumentKind
from paifang.core.limits import CODE_CHARS_MAX

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "documents.json").read_text(encoding="utf-8")
)
TODAY = date(2026, 1, 1)
SAMPLE = "11010519491231002X"
TD3, TD1, TD2 = VECTORS["zones"][:3]


def code_of(kind_text: str, number: str, today: date | None = TODAY) -> str:
    with pytest.raises(DocumentError) as refused:
        documents.parse(kind_text, number, today)
    return refused.value.code


def with_digits(first: str, second: str) -> str:
    """Give a two-line zone of which fields were altered the check digits it now needs."""
    digit = documents.icao_check_digit
    second = second[:9] + digit(second[:9]) + second[10:]
    if len(second) == 44:
        second = second[:42] + digit(second[28:42]) + second[43:]
    return first + second[:-1] + digit(second[:10] + second[13:20] + second[21:-1])


@pytest.mark.parametrize("row", VECTORS["citizen"], ids=lambda row: row["number"])
def test_number_of_gb_11643_is_accepted_and_classified(row: dict[str, str]) -> None:
    expected = Document(DocumentKind(row["kind"]), row["number"], "CHN")
    assert documents.parse("身份证", row["number"], TODAY) == expected
    assert documents.parse(row["kind"], row["number"], TODAY) == expected
    assert documents.read(row["number"].lower(), TODAY) == (expected,)
    assert documents.canonical(expected) == f"ID:{row['number']}"


@pytest.mark.parametrize("row", VECTORS["citizen_refused"], ids=lambda row: row["number"])
def test_wrong_number_of_gb_11643_is_refused_with_its_reason(row: dict[str, str]) -> None:
    assert code_of("id", row["number"]) == row["code"]
    assert documents.read(row["number"], TODAY) == ()


def test_birth_date_is_compared_with_the_day_handed_in() -> None:
    assert documents.parse("id", SAMPLE, date(1949, 12, 31)).number == SAMPLE
    assert code_of("id", SAMPLE, date(1949, 12, 30)) == "date"
    assert documents.read(SAMPLE, date(1949, 12, 30)) == ()
    assert documents.parse("id", "110105299912310012").number == "110105299912310012"


@pytest.mark.parametrize("row", VECTORS["by_format"], ids=lambda row: row["text"])
def test_number_known_by_format_is_read_as_the_kind_it_is_said_to_be(row: dict[str, str]) -> None:
    document = documents.parse(row["kind"], row["text"], TODAY)
    assert document == Document(DocumentKind(row["kind"]), row["number"], "")
    assert documents.canonical(document) == row["canonical"]
    # A foreign identity card is never guessed: nearly every text would be one.
    guessed = row["kind"] != DocumentKind.identity_card
    assert (document in documents.read(row["text"])) is guessed


@pytest.mark.parametrize(
    ("kind_text", "number", "code"),
    [
        ("passport", "E1234", "length"),
        ("passport", "E123456789", "length"),
        ("passport", "ABCDEFGH", "characters"),
        ("passport", "E1234.678", "characters"),
        ("passport", "E1234\x00678", "characters"),
        ("回乡证", "X12345678", "characters"),
        ("回乡证", "H123456780", "length"),
        ("台胞证", "1234567A", "characters"),
        ("台胞证", "123456789", "length"),
        ("foreigner_residence_2017", "AB1234567890123", "characters"),
        ("外国人永久居留身份证", "AB1234567890123", "characters"),
        ("外国人永久居留身份证", "9111241981080300", "length"),
        ("外国人永久居留身份证", SAMPLE, "kind"),
        ("港澳台居民居住证", SAMPLE, "kind"),
        ("resident_id", "810000199408230021", "kind"),
        ("identity card", "<<<<<<", "characters"),
        ("identity card", "123", "length"),
        ("library card", "12345678", "kind"),
        ("", SAMPLE, "kind"),
        ("id", "1" * (CODE_CHARS_MAX + 1), "length"),
        ("passport", "1" * 100_000, "length"),
    ],
)
def test_number_that_is_not_what_a_list_says_is_refused(
    kind_text: str, number: str, code: str
) -> None:
    assert code_of(kind_text, number) == code


def test_refusal_does_not_repeat_the_number() -> None:
    with pytest.raises(DocumentError) as refused:
        documents.parse("id", "110105194912310021")
    assert "1101" not in repr(refused.value)


@pytest.mark.parametrize("kind", DocumentKind)
def test_every_kind_can_be_named_by_its_value(kind: DocumentKind) -> None:
    with pytest.raises(DocumentError) as refused:
        documents.parse(kind.value, "")
    assert refused.value.code == "length"


@pytest.mark.parametrize(
    ("name", "number", "kind"),
    [
        ("身份证", SAMPLE, DocumentKind.resident_id),
        (" Id_Card ", SAMPLE, DocumentKind.resident_id),
        ("护照", "E12345678", DocumentKind.passport),
        ("Passport", "E12345678", DocumentKind.passport),
        ("港澳居民来往内地通行证", "H12345678", DocumentKind.hk_macao_permit),
        ("台湾居民来往大陆通行证", "12345678", DocumentKind.taiwan_permit),
        ("港澳台居民居住证", "810000199408230021", DocumentKind.hmt_residence),
        ("外国人永久居留身份证", "911124198108030024", DocumentKind.foreigner_residence),
        ("外国人永久居留身份证", "ABC123456789012", DocumentKind.foreigner_residence_2017),
    ],
)
def test_kinds_are_known_by_chinese_and_english_names(
    name: str, number: str, kind: DocumentKind
) -> None:
    assert documents.parse(name, number, TODAY).kind is kind


@pytest.mark.parametrize(
    "typed",
    ["110105-19491231-002X", "110105 19491231 002x", "１１０１０５１９４９１２３１００２Ｘ"],
)
def test_number_is_the_same_however_it_was_typed(typed: str) -> None:
    assert documents.parse("id", typed) == documents.read(SAMPLE)[0]


@pytest.mark.parametrize("row", VECTORS["zones"], ids=lambda row: row["source"])
@pytest.mark.parametrize("line_end", ["", "\n", "\r\n", "\r"])
def test_zone_of_the_standard_is_read_whole(row: dict[str, Any], line_end: str) -> None:
    text = "".join(line + line_end for line in row["lines"])
    assert documents.read_zone(text)._asdict() == row["zone"]
    found = documents.read(text.lower())
    assert [documents.canonical(document) for document in found] == row["canonical"]
    assert {document.issuer for document in found} == {row["zone"]["issuer"]}


@pytest.mark.parametrize("row", VECTORS["icao_check_digits"], ids=lambda row: row["field"])
def test_icao_check_digits_of_the_standard(row: dict[str, str]) -> None:
    assert documents.icao_check_digit(row["field"]) == row["digit"]


@pytest.mark.parametrize("row", VECTORS["zones"], ids=lambda row: row["source"])
def test_wrong_digit_in_a_zone_is_refused(row: dict[str, Any]) -> None:
    text = "".join(row["lines"])
    refused = 0
    for place, digit in enumerate(text):
        if digit.isdigit():
            wrong = text[:place] + str((int(digit) + 1) % 10) + text[place + 1 :]
            with pytest.raises(DocumentError, match="check_digit"):
                documents.read_zone(wrong)
            assert documents.read(wrong) == ()
            refused += 1
    assert refused >= 20


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "length"),
        ("<" * 89, "length"),
        ("<" * 100_000, "length"),
        ("*" * 90, "characters"),
        ("P<UTO\x00" + "<" * 82, "characters"),
        ("V" + "".join(TD3["lines"])[1:], "kind"),
        ("P" + "".join(TD1["lines"])[1:], "kind"),
        ("V" + "".join(TD2["lines"])[1:], "kind"),
    ],
)
def test_text_that_is_no_zone_is_refused(text: str, code: str) -> None:
    with pytest.raises(DocumentError) as refused:
        documents.read_zone(text)
    assert refused.value.code == code


def test_letters_in_a_date_of_a_zone_are_refused() -> None:
    first, second = TD3["lines"]
    for at in (13, 21):
        wrong = second[:at] + "7408AB" + second[at + 6 :]
        with pytest.raises(DocumentError) as refused:
            documents.read_zone(with_digits(first, wrong))
        assert refused.value.code == "date"


def test_unknown_birth_day_and_sex_are_allowed() -> None:
    first, second = TD2["lines"]
    birth = "7408<<"
    second = second[:13] + birth + documents.icao_check_digit(birth) + "<" + second[21:]
    zone = documents.read_zone(with_digits(first, second))
    assert (zone.birth, zone.sex) == (birth, "")


@pytest.mark.parametrize("digit", ["<", "0"])
def test_empty_personal_number_may_have_an_empty_check_digit(digit: str) -> None:
    first, second = TD3["lines"]
    second = second[:28] + "<" * 14 + digit
    second += documents.icao_check_digit(second[:10] + second[13:20] + second[21:])
    assert documents.read_zone(first + second).optional == ""


def test_empty_personal_number_with_a_wrong_check_digit_is_refused() -> None:
    first, second = TD3["lines"]
    second = second[:28] + "<" * 14 + "1"
    second += documents.icao_check_digit(second[:10] + second[13:20] + second[21:])
    with pytest.raises(DocumentError, match="check_digit"):
        documents.read_zone(first + second)


def test_number_that_runs_over_needs_its_digit() -> None:
    # Nine characters, "<" for the digit, and nothing in the optional field.
    first, second = TD2["lines"]
    second = second[:9] + "<" + second[10:-1]
    second += documents.icao_check_digit(second[:10] + second[13:20] + second[21:])
    with pytest.raises(DocumentError, match="check_digit"):
        documents.read_zone(first + second)


@pytest.mark.parametrize(
    ("printed", "also"),
    [("H12345678", ["HM:H12345678"]), ("12345678<", ["TW:12345678"]), ("D23145890", [])],
)
def test_card_of_a_chinese_issuer_is_also_found_by_its_permit_number(
    printed: str, also: list[str]
) -> None:
    first, second = TD2["lines"]
    text = with_digits("C<CHN" + first[5:], printed + second[9:])
    found = [documents.canonical(document) for document in documents.read(text)]
    assert found == [f"IC:{printed.rstrip('<')}", *also]


@pytest.mark.parametrize("text", ["", "abc", "张三", "\ud800", "1" * 100_000, "<", "a\x00b12345"])
def test_text_that_is_no_document_has_no_reading(text: str) -> None:
    assert documents.read(text, TODAY) == ()


@pytest.mark.parametrize("row", VECTORS["masks"], ids=lambda row: row["number"])
def test_mask_and_last_four(row: dict[str, str]) -> None:
    assert documents.mask(row["number"]) == row["mask"]
    assert documents.last_four(row["number"]) == row["last_four"]
