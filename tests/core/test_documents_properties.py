"""What holds for every document number."""

from datetime import date
from string import ascii_uppercase, digits

from hypothesis import given
from hypothesis import strategies as st

from paifang.core import documents
from paifang.core.documents import DocumentError, DocumentKind
from paifang.core.limits import CODE_CHARS_MAX

TODAY = date(2026, 1, 1)
SCHEMED = frozenset(
    {DocumentKind.resident_id, DocumentKind.hmt_residence, DocumentKind.foreigner_residence}
)
CITIZENS = st.builds(
    lambda district, born, order: f"{district:06d}{born:%Y%m%d}{order:03d}",
    st.integers(110_000, 999_999),
    st.dates(date(1880, 1, 1), TODAY),
    st.integers(0, 999),
).map(lambda head: head + documents.citizen_check_digit(head))
FIELDS = st.text(digits + ascii_uppercase + "<", min_size=1, max_size=30)


@given(CITIZENS)
def test_number_with_its_check_digit_is_read(number: str) -> None:
    found = documents.read(number, TODAY)
    assert [document.number for document in found] == [number]
    assert found[0].kind in SCHEMED
    assert documents.parse("id", number, TODAY) == found[0]


@given(CITIZENS)
def test_every_wrong_digit_is_caught(number: str) -> None:
    for place, right in enumerate(number):
        for wrong in set("0123456789X") - {right}:
            assert not documents.read(number[:place] + wrong + number[place + 1 :])


@given(CITIZENS)
def test_every_neighbour_swap_is_caught(number: str) -> None:
    for place in range(17):
        left, right = number[place], number[place + 1]
        if left != right:
            assert not documents.read(number[:place] + right + left + number[place + 2 :])


@given(FIELDS, st.data())
def test_icao_check_digit_catches_a_wrong_digit(field: str, data: st.DataObject) -> None:
    places = [place for place, character in enumerate(field) if character in digits]
    if places:
        place = data.draw(st.sampled_from(places))
        wrong = data.draw(st.sampled_from(sorted(set(digits) - {field[place]})))
        altered = field[:place] + wrong + field[place + 1 :]
        assert documents.icao_check_digit(altered) != documents.icao_check_digit(field)


NUMBERS = st.from_regex(r"[A-Za-z0-9]{6,11}|[HM][0-9]{8}([0-9]{2})?", fullmatch=True) | CITIZENS


@given(NUMBERS)
def test_number_of_a_reading_reads_as_itself(text: str) -> None:
    for document in documents.read(text, TODAY):
        assert document in documents.read(document.number, TODAY)


@given(st.text(max_size=CODE_CHARS_MAX) | st.text("0123456789XHM<PICAUTO\n-", max_size=90))
def test_reading_never_raises(text: str) -> None:
    kinds = [document.kind for document in documents.read(text, TODAY)]
    assert len(kinds) == len(set(kinds))


@given(st.sampled_from(["id", "passport", "回乡证", "外国人永久居留证"]), st.text(max_size=600))
def test_parsing_answers_or_names_what_is_wrong(kind_text: str, number: str) -> None:
    try:
        document = documents.parse(kind_text, number, TODAY)
    except DocumentError as refused:
        codes = {"kind", "length", "characters", "check_digit", "date"}
        assert refused.code in codes  # noqa: PT017
    else:
        assert document.number in documents.canonical(document)


@given(st.text(digits + ascii_uppercase, max_size=30))
def test_mask_shows_at_most_five_characters_and_hides_at_least_three(number: str) -> None:
    masked = documents.mask(number)
    shown = len(masked) - masked.count("*")
    assert len(masked) == len(number)
    assert shown <= 5
    assert masked.count("*") >= min(3, len(number))
