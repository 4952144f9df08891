"""Marked texts are found wherever they stand, and an incomplete catalogue is named in detail."""

import ast
import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from django.utils.translation.template import templatize

from check_translations import catalogue_faults, chinese_lines
from messages import (
    Found,
    MarkingError,
    Text,
    python_texts,
    template_texts,
    terminal_texts,
)

PLACE = "somewhere"

TEMPLATE = """
{% load i18n %}
<h1>{% translate "Scan" %}</h1> {% trans 'It is 100% sure' as sure %}
{# {% translate "not this" %} #}
{% translate "Used" context "ticket" %}
{% blocktranslate trimmed with gate=scan.gate %}
  Used at {{ gate }},
  by {{ who }}.
{% endblocktranslate %}
{% blocktranslate count people=n %}{{ people }} person inside{% plural %}{{ people }} inside{% endblocktranslate %}
"""  # noqa: E501 - a block keeps its line ends, so it stands on one line


def test_texts_of_python_are_found() -> None:
    source = """
_("Welcome"); gettext_lazy("Two " "parts"); N_("Later"); _(reason.word); _("")
ngettext("%(n)s person", "%(n)s people", n); pgettext("ticket", "Used")
"""
    assert {found.text for found in python_texts(source, PLACE)} == {
        Text("Welcome"),
        Text("Two parts"),
        Text("Later"),
        Text("%(n)s person", plural="%(n)s people"),
        Text("Used", context="ticket"),
    }


@pytest.mark.parametrize("call", ['_(f"{n} left")', '_("left: " + n)', '_("%s left" % n)'])
def test_a_text_built_at_run_time_is_refused(call: str) -> None:
    with pytest.raises(MarkingError, match="somewhere:1"):
        list(python_texts(call, PLACE))


def test_texts_of_templates_are_found() -> None:
    assert list(template_texts(TEMPLATE, PLACE)) == [
        Found(Text("Scan"), "somewhere:3"),
        Found(Text("It is 100%% sure"), "somewhere:3"),
        Found(Text("Used", context="ticket"), "somewhere:5"),
        Found(Text("Used at %(gate)s, by %(who)s."), "somewhere:6"),
        Found(Text("%(people)s person inside", plural="%(people)s inside"), "somewhere:10"),
    ]


def test_django_itself_finds_the_same_texts_in_templates() -> None:
    calls = re.findall(
        r"\b(?:n?p?n?gettext|_)\((?:[^()'\"]|'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")*\)",
        templatize(TEMPLATE),
    )
    texts = {
        node.value
        for call in calls
        for node in ast.walk(ast.parse(call))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    ours = {word for found in template_texts(TEMPLATE, PLACE) for word in found.text if word}
    assert ours == texts


def test_texts_of_the_terminal_are_found() -> None:
    source = """
const a = t("The host answers");
{t("Since {since}.", { since })} {translate("x")} {format("y")}
"""
    assert list(terminal_texts(source, PLACE)) == [
        Found(Text("The host answers"), "somewhere:2"),
        Found(Text("Since {since}."), "somewhere:3"),
    ]


def faults(*entries: tuple[str, str], fuzzy: bool = False) -> list[str]:
    catalogue = Catalog(locale="zh_Hans")
    for english, chinese in entries:
        catalogue.add(english, chinese, flags=["fuzzy"] if fuzzy else [])
    found = [Found(Text("At %(gate)s since {time}"), "page.html:7")]
    return list(catalogue_faults(catalogue, found))


GOOD = ("At %(gate)s since {time}", "{time} 起在 %(gate)s")


def test_a_complete_catalogue_has_no_faults() -> None:
    assert faults(GOOD) == []


def test_every_kind_of_incomplete_entry_is_named() -> None:
    assert faults() == ["missing: 'At %(gate)s since {time}' (page.html:7)"]
    assert faults((GOOD[0], "")) == ["empty: 'At %(gate)s since {time}' (page.html:7)"]
    assert faults(GOOD, fuzzy=True) == ["fuzzy: 'At %(gate)s since {time}'"]
    assert faults(GOOD, ("Gone", "不见")) == ["unused: 'Gone'"]
    [fault] = faults((GOOD[0], "{time} 起在 %(door)s"))
    assert fault.startswith("other placeholders")


def test_chinese_is_found_in_literals_and_left_alone_in_prose(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text('"""The arch (牌坊)."""\n# 注释\nword = "欢迎"\n', encoding="utf-8")
    assert list(chinese_lines(module)) == [3]
    page = tmp_path / "page.html"
    page.write_text("<p>Welcome</p>\n<p>欢迎</p>\n", encoding="utf-8")
    assert list(chinese_lines(page)) == [2]
