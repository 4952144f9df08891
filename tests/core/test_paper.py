"""What stands where on paper: nothing touches a code, nothing leaves its page, no name is split."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paifang.core.paper import (
    LAYOUTS,
    Bar,
    Code,
    Element,
    PaperTicket,
    Symbol,
    Text,
    Words,
    clusters,
    is_right_to_left,
    lines_of,
    longest_named,
    pages_of,
    printable,
)
from tests.fixtures.awkward_names import AWKWARD_NAMES

NAMES = list(dict.fromkeys(one.kept for one in AWKWARD_NAMES if one.kept))
WORDS = {
    "en": Words("Serial", "{count} people", "How to come in", ("Print it.", "Fold it.")),
    "zh": Words("票号", "{count} 人", "如何入场", ("请打印。", "请对折。")),
}
BOTH = (WORDS["zh"], WORDS["en"])


def ticket(holder: str = "王小明", people: int = 1, *, languages: int = 2) -> PaperTicket:
    return PaperTicket(
        ("茶叶博览会", "Tea Fair")[:languages],
        ("专业观众", "Visitor")[:languages],
        holder,
        "东湖科技有限公司",
        ("上午场", "2026-10-01 09:00–12:00"),
        ("会展中心", "Exhibition Centre")[:languages],
        people,
        "ABCDEFGHJKMNPQRS",
        "44710093123456",
    )


BARE = PaperTicket((), (), "", "", (), (), 1, "ABCDEFGHJKMNPQRS", "44710093123456")


def quiet(code: Code) -> tuple[float, float, float, float]:
    """The box of a code with the white its standard asks for around it."""
    if code.symbol is Symbol.qr:
        side = code.width / 21 * 4
        return (code.x - side, code.y - side, code.width + 2 * side, code.height + 2 * side)
    side = code.width / 112 * 10
    return (code.x - side, code.y, code.width + 2 * side, code.height)


def overlap(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return (
        one[0] + one[2] > other[0] + 1e-6
        and other[0] + other[2] > one[0] + 1e-6
        and one[1] + one[3] > other[1] + 1e-6
        and other[1] + other[3] > one[1] + 1e-6
    )


def box(element: Element) -> tuple[float, ...]:
    return tuple(element[:4])


@pytest.mark.parametrize("slug", LAYOUTS)
@pytest.mark.parametrize("shown", [ticket(), ticket(people=12), ticket(languages=1), BARE])
def test_a_face_keeps_inside_its_ticket_and_off_its_codes(slug: str, shown: PaperTicket) -> None:
    layout = LAYOUTS[slug]
    elements = list(layout.face(shown, BOTH))
    codes = [one for one in elements if isinstance(one, Code)]
    assert {(one.symbol, one.value) for one in codes} == {
        (Symbol.qr, shown.code),
        (Symbol.code128, shown.serial),
    }
    for element in elements:
        x, y, width, height = element[:4]
        assert x >= 0
        assert y >= 0
        assert x + width <= layout.ticket_width
        assert y + height <= layout.ticket_height
    for code in codes:
        x, y, width, height = quiet(code)
        assert x >= 0
        assert x + width <= layout.ticket_width
        assert y >= 0
        assert y + height <= layout.ticket_height
        for other in elements:
            if other is not code:
                assert not overlap((x, y, width, height), box(other)), other
    texts = [one for one in elements if isinstance(one, Text) and any(one.lines[0])]
    for one, two in itertools.combinations(texts, 2):
        assert not overlap(box(one), box(two)), (one, two)


@pytest.mark.parametrize("slug", LAYOUTS)
def test_codes_are_large_enough_for_a_phone(slug: str) -> None:
    for code in LAYOUTS[slug].face(ticket(), BOTH):
        if isinstance(code, Code):
            module = code.width / (21 if code.symbol is Symbol.qr else 112)
            # 0.33 mm is the nominal bar of retail (GS1), read by every scanner there is.
            assert module >= 0.33


def test_a_sheet_fills_page_after_page_in_order() -> None:
    layout = LAYOUTS["a4-sheet"]
    tickets = [ticket(f"{number}") for number in range(19)]
    pages = list(pages_of(layout, tickets, BOTH))
    assert [(page.first, page.tickets) for page in pages] == [(0, 8), (8, 8), (16, 3)]
    drawn = [
        one.lines[0][0]
        for page in pages
        for one in page.elements
        if isinstance(one, Text) and one.size == 22
    ]
    assert drawn == [f"{number}" for number in range(19)]
    assert list(pages_of(layout, [], BOTH)) == []


def test_a_sheet_is_cut_along_its_marks() -> None:
    layout = LAYOUTS["a4-sheet"]
    page = next(pages_of(layout, [ticket()] * 8, BOTH))
    texts = [box(one) for one in page.elements if not isinstance(one, Bar)]
    bars = [one for one in page.elements if isinstance(one, Bar)]
    marks = [
        one for one in bars if min(one.width, one.height) == 0.2 and one.height + one.width < 6
    ]
    upright = {round(one.x + 0.1, 3) for one in marks if one.height > one.width}
    level = {round(one.y + 0.1, 3) for one in marks if one.width > one.height}
    assert upright == {10, 105, 200}
    assert level == {16.5, 82.5, 148.5, 214.5, 280.5}
    for x in upright:
        assert not any(left < x < left + width for left, _, width, _ in texts)
    for y in level:
        assert not any(top < y < top + height for _, top, _, height in texts)


def test_one_ticket_of_a_sheet_stands_alone_without_marks() -> None:
    alone = LAYOUTS["a4-sheet"].alone()
    assert (alone.width, alone.height, alone.per_page) == (95, 66, 1)
    page = next(pages_of(alone, [ticket()], BOTH))
    assert page.elements == tuple(alone.face(ticket(), BOTH))
    assert LAYOUTS["a6"].alone() is LAYOUTS["a6"]


def test_a_wristband_is_laid_out_along_its_length() -> None:
    layout = LAYOUTS["wristband"]
    assert (layout.turned, layout.width, layout.height) == (True, 25, 254)
    page = next(pages_of(layout, [ticket()], BOTH))
    assert max(one.x + one.width for one in page.elements) > 200
    assert max(one.y + one.height for one in page.elements) <= 25


def test_only_a_group_says_for_how_many_it_is() -> None:
    def told(people: int) -> list[str]:
        return [
            one.lines[0][0]
            for one in LAYOUTS["a6"].face(ticket(people=people), BOTH)
            if isinstance(one, Text) and one.light
        ]

    assert told(1) == []
    assert told(30) == ["30 人 · 30 people"]


def test_a_roll_has_no_grey() -> None:
    for element in LAYOUTS["roll-80"].face(ticket(), BOTH):
        assert isinstance(element, Code) or not element.grey


@pytest.mark.parametrize(
    ("name", "two"),
    [
        ("古丽努尔·阿布都热合曼·买买提艾力江麦提", ("古丽努尔·阿布都热合曼·", "买买提艾力江麦提")),
        (
            "Wolfeschlegelsteinhausenbergerdorff Senr",
            ("Wolfeschlegelsteinhausenbergerdorff", "Senr"),
        ),
        ("محمد بن عبد الله", ("محمد بن", "عبد الله")),
        ("Jürgen Groß-Weißenböck", ("Jürgen Groß-", "Weißenböck")),
        ("北京市东湖科技有限公司", ("北京市东湖科", "技有限公司")),
    ],
)
def test_a_name_is_broken_where_a_reader_would(name: str, two: tuple[str, str]) -> None:
    assert lines_of(name)[0] == (name,)
    assert lines_of(name)[1] == two


@pytest.mark.parametrize(
    "name", ["王小明", "阿卜杜热西提", "欧阳文博", "X", "", "👨‍👩‍👧", "김민수"]
)
def test_a_short_name_is_never_broken(name: str) -> None:
    assert lines_of(name) == ((name,),)


def test_punctuation_begins_no_line_and_brackets_end_none() -> None:
    for way in lines_of("东湖（武汉）国际会议、展览与活动“远望”文化传媒有限责任公司第二分公司"):
        for line in way:
            assert line[0] not in "）、”"
            assert line[-1] not in "（“"


def test_what_runs_on_beyond_all_words_is_broken_anywhere() -> None:
    assert len(lines_of("x" * 120)) > 4
    assert lines_of("x" * 40) == (("x" * 40,),)


@pytest.mark.parametrize("name", NAMES)
def test_breaking_loses_nothing_and_splits_no_character(name: str) -> None:
    whole = clusters(name.replace(" ", "").replace("\u3000", ""))
    for count, way in enumerate(lines_of(name), 1):
        assert len(way) <= max(count, 1) + 1
        assert all(way) or not name
        parts = [one for line in way for one in clusters(line) if one not in " \u3000"]
        assert parts == whole


@given(st.text(max_size=60))
def test_any_text_is_broken_without_loss(text: str) -> None:
    clean = printable(text)
    for way in lines_of(clean):
        assert "".join("".join(way).split()) == "".join(clean.split())


@given(st.text())
def test_what_is_printable_steers_nothing_and_stays_so(text: str) -> None:
    clean = printable(text)
    assert not any(ord(char) < 32 or 0x7F <= ord(char) < 0xA0 for char in clean)
    assert not set(clean) & set(
        "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\ufeff"
    )
    assert printable(clean) == clean


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("\x1b@王\x00小\t明\r\n", "@王小 明"),
        ("Wang\u202eieW", "WangieW"),
        ("ع\u200cا", "ع\u200cا"),
        ("  a \u2028 b  ", "a b"),
        ("张\U00031350", "张\U00031350"),
        ("\U0002ffff\ue000x", "x"),
        ("Jose\u0301", "José"),
    ],
)
def test_what_cannot_be_seen_is_taken_away(written: str, kept: str) -> None:
    assert printable(written) == kept


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("e\u0337x", ["e\u0337", "x"]),
        ("👨‍👩‍👧a", ["👨‍👩‍👧", "a"]),
        ("🇨🇳🇫🇷", ["🇨🇳", "🇫🇷"]),
        ("👍🏽", ["👍🏽"]),
        ("葛\U000e0100城", ["葛\U000e0100", "城"]),
        ("", []),
    ],
)
def test_marks_stay_with_their_letter(text: str, parts: list[str]) -> None:
    assert clusters(text) == parts


def test_the_first_letter_says_which_way_a_text_runs() -> None:
    assert is_right_to_left("… محمد Ltd.")
    assert not is_right_to_left("Ltd. محمد")
    assert not is_right_to_left("123")


def test_the_widest_name_is_the_longest_to_set() -> None:
    names = [("a", "iiiiiiii"), ("b", "古丽努尔买"), ("c", "Anna")]
    assert longest_named(names) == "b"
    assert longest_named([]) == ""
