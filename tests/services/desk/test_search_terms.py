"""What a ticket is found by: the spelling of names, places in them, tails of numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paifang.core import limits
from paifang.services.desk.search_terms import (
    INNER,
    PHONE,
    START,
    fold,
    is_long_enough,
    phone_range,
    ranges_of,
    tail_of_phone,
    terms_of,
)

NAMES = st.text(
    st.one_of(
        st.sampled_from("李小明欧阳娜カタ한글 ·-'’éÅß㈱"),
        st.characters(exclude_categories=("Cs", "Cc")),
    ),
    max_size=40,
)


@pytest.mark.parametrize(
    ("name", "folded"),
    [
        ("李 小明", "李小明"),
        ("阿卜杜拉·买买提", "阿卜杜拉买买提"),
        ("Ｏ’Brien，　Séan", "obrien sean"),
        ("ŁUKASZ Straße", "lukasz strasse"),
        ("Nguyễn Thị Mai", "nguyen thi mai"),
        ("Jean-Luc  O'Neil", "jean luc oneil"),
        ("3M 中国", "3m 中国"),
        ("한 글", "한글"),
        ("…", ""),
        ("Oʼbrien", "obrien"),
        ("D`Arcy", "darcy"),
        ("a_b", "a b"),
    ],
)
def test_names_have_one_spelling(name: str, folded: str) -> None:
    assert fold(name) == folded


@given(NAMES)
def test_folding_twice_changes_nothing(name: str) -> None:
    assert fold(fold(name)) == fold(name)


def test_terms_begin_at_words_and_at_every_ideograph() -> None:
    found = terms_of("欧阳娜娜", "Blue Door 茶庄", "+86 138-1234-5678; 0571 88")
    assert found == {
        START + "欧阳娜娜".encode(),
        INNER + "阳娜娜".encode(),
        INNER + "娜娜".encode(),
        START + "blue door 茶庄".encode(),
        INNER + "door 茶庄".encode(),
        INNER + "茶庄".encode(),
        PHONE + b"8765432183168",
        PHONE + b"881750",
    }


def test_terms_are_bounded_and_those_of_the_holder_stay() -> None:
    company = "".join(chr(0x4E00 + n) for n in range(400))
    found = terms_of("Ann", company, "138")
    assert len(found) == limits.SEARCH_TERMS_MAX
    assert START + b"ann" in found
    assert max(map(len, found)) <= 1 + 4 * limits.SEARCH_TERM_CHARS_MAX


@given(NAMES, st.data())
def test_two_ideographs_anywhere_in_a_name_are_the_beginning_of_a_term(
    name: str, data: st.DataObject
) -> None:
    folded = fold(name)
    wide = [n for n in range(len(folded) - 1) if "\u4e00" <= folded[n] <= "\u9fff"]
    if not wide:
        return
    start = data.draw(st.sampled_from(wide))
    asked = folded[start : start + 2].rstrip()
    terms = terms_of(name, "", "")
    if len(asked) == 2:
        ranges = ranges_of(asked)
        assert any(low <= term < high for low, high in ranges for term in terms)


def test_short_questions_are_not_worth_asking() -> None:
    told = {text: is_long_enough(fold(text)) for text in ("李", "李小", "a李", "ab", "abc", "  a ")}
    assert told == {"李": False, "李小": True, "a李": True, "ab": False, "abc": True, "  a ": False}


def test_only_numbers_are_phones_and_only_tails_of_four() -> None:
    assert phone_range("138") is None
    assert phone_range("hall 2026") is None
    low, high = phone_range("５６-78") or (b"", b"")
    assert low <= PHONE + b"8765432183168" < high
    assert not low <= PHONE + b"9765" < high
    assert tail_of_phone("+86 138-1234-5678; 0571 88") == "5678"
    assert tail_of_phone("") == ""
