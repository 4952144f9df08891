"""Which language a caller wants, and words in it."""

from pathlib import Path

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from paifang.services.live.problems import PROBLEMS
from paifang.web import language
from paifang.web.language import CHINESE, ENGLISH, LOCALE, language_of, translator


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("", ENGLISH),
        ("en", ENGLISH),
        ("de, fr;q=0.9", ENGLISH),
        ("*", ENGLISH),
        ("zh", CHINESE),
        ("zh-CN,zh;q=0.9,en;q=0.8", CHINESE),
        ("zh-Hant-TW", CHINESE),
        ("ZH_cn", CHINESE),
        ("en;q=0.5, zh;q=0.6", CHINESE),
        ("en, zh", ENGLISH),
        ("zh;q=0", ENGLISH),
        ("zh;q=2", ENGLISH),
        ("zh;q=nan", ENGLISH),
        ("zh;x=1", ENGLISH),
        ("zhx", ENGLISH),
        ("," * 10_000 + "zh", ENGLISH),
        (";;;=,,zh", CHINESE),
    ],
)
def test_the_best_of_our_languages_is_found(header: str, wanted: str) -> None:
    assert language_of(header) == wanted


def test_every_problem_speaks_chinese(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = LOCALE / CHINESE / "LC_MESSAGES" / "django.po"
    built = tmp_path / CHINESE / "LC_MESSAGES"
    built.mkdir(parents=True)
    with source.open("rb") as po, (built / "django.mo").open("wb") as mo:
        write_mo(mo, read_po(po))
    monkeypatch.setattr(language, "LOCALE", tmp_path)
    language.forget()
    say = translator(b"zh-CN")
    for kind in PROBLEMS.values():
        for text in (kind.title, kind.detail):
            assert any("\u4e00" <= char <= "\u9fff" for char in say(text)), text
    assert say("") == ""
    language.forget()


def test_without_a_catalogue_words_stay_english(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(language, "LOCALE", tmp_path)
    language.forget()
    assert translator(b"zh")("Not found") == "Not found"
    language.forget()
